/* py_types.h - how the instances of a class are encoded. */
#ifndef BOC_PY_TYPES_H
#define BOC_PY_TYPES_H

#include "python/py_transfer.h"

#include <stdbool.h>

typedef enum py_type_kind {
    PY_TYPE_REDUCE, /* ask __reduce_ex__ */
    PY_TYPE_PLAIN,  /* __dict__ and slots, nothing else */
    PY_TYPE_ENUM,
    PY_TYPE_CLASS, /* the instances are classes */
    PY_TYPE_ARRAY, /* array.array itself */
} py_type_kind_t;

typedef struct py_type_info {
#ifdef Py_GIL_DISABLED
    _Atomic(Py_ssize_t) refs;
#else
    Py_ssize_t refs; /* guarded by the GIL */
#endif
    PyTypeObject *type;   /* compared, never followed */
    unsigned int version; /* tp_version_tag when this was written; 0 never matches */
    py_type_kind_t kind;
    bool has_dict;
    bool has_setters; /* a data descriptor may stand in the way of an attribute */
    bool has_reducer;         /* in copyreg.dispatch_table ... */
    Py_ssize_t reducer_count; /* ... when it had this many entries */
    Py_ssize_t slot_count;
    PyObject *slots[]; /* owned; member descriptors */
} py_type_info_t;

/* Look at `type`; a new reference, NULL with an exception. */
py_type_info_t *py_type_info_new(core_state_t *state, PyTypeObject *type);
void py_type_info_unref(py_type_info_t *info);

static inline py_type_info_t *py_type_info_ref(py_type_info_t *info) {
    info->refs++;
    return info;
}

/* Whether `info` still says what `type` is. */
bool py_type_info_is_current(core_state_t *state, const py_type_info_t *info, PyTypeObject *type);

/* The info of a class that has the name `id`, kept there; a new reference. */
py_type_info_t *py_type_info_of_name(core_state_t *state, uint32_t id, PyTypeObject *type);

/* A new reference, NULL without an exception when the slot is empty. */
PyObject *py_type_slot_get(PyObject *object, PyObject *slot);
int py_type_slot_set(PyObject *object, PyObject *slot, PyObject *value);

#endif
