/* py_names.h - objects that travel by name: classes, functions, enum members, modules.
 *
 * A pair (module, qualified name) has one number for the whole process.  Each
 * interpreter keeps, per number, the object that the name gives there.
 *
 * An object has a name if sys.modules[module].qualname is that very object, which
 * is looked up again whenever user code may have run since the last look.
 */
#ifndef BOC_PY_NAMES_H
#define BOC_PY_NAMES_H

#include "python/py_transfer.h"

#include <stdbool.h>

typedef struct py_type_info py_type_info_t; /* see py_types.h */

struct py_name {
    PyObject *object;      /* owned; NULL until it was looked up; guarded, as all of it */
    PyObject *module_name; /* owned */
    PyObject *path;        /* owned; attribute names with dots, empty for the module */
    PyObject *module;      /* owned; what sys.modules held then */
    bool is_dotted;
    uint64_t epoch;       /* of the last look */
    py_type_info_t *info; /* owned; of `object` if it is a class and was asked for */
};

/* Find the number of `object`, whose qualified name is `path` (NULL: ask the object).
 * 1 found, 0 it has no name, -1 error. */
int py_names_find(core_state_t *state, PyObject *object, PyObject *path, uint32_t *p_id);

/* Only if it was found before and still is so: 1 or 0. */
int py_names_find_known(core_state_t *state, PyObject *object, uint32_t *p_id);

/* The same without running any code and without an exception: false also where it would
 * take code to tell. */
bool py_names_is_known(core_state_t *state, PyObject *object, uint32_t *p_id);

/* As py_names_find, for a module object. */
int py_names_find_module(core_state_t *state, PyObject *module, uint32_t *p_id);

/* What the name `id` gives here: a new reference, NULL with an exception. */
PyObject *py_names_load(core_state_t *state, uint32_t id);

/* The entry of an `id` that was found or loaded here.  It stays where it is. */
py_name_t *py_names_entry(py_transfer_state_t *transfer, uint32_t id);

int py_names_traverse(py_transfer_state_t *transfer, visitproc visit, void *arg);
void py_names_clear(py_transfer_state_t *transfer);

#endif
