/* py_walk.h - the walk through a value that py_isolation.h describes, over its parts.
 *
 * Belongs to the call that walks.  All objects in it are borrowed: nothing runs while it
 * lasts, so they stay, and containers keep their sizes. */
#ifndef BOC_PY_WALK_H
#define BOC_PY_WALK_H

#include "python/py_cown.h"
#include "python/py_types.h"

#ifndef Py_GIL_DISABLED

enum {
    PY_WALK_FRAMES = 16,
    PY_WALK_FRAMES_MAX = 1 << 20,
    PY_WALK_TABLE = 16, /* a power of two, as the next */
    PY_WALK_TABLE_MAX = 1 << 20,
    PY_WALK_SHORT = 16, /* items of a tuple that are looked at again each time it is met */
};

/* No tuple or frozenset around. */
#define PY_WALK_ROOT UINT32_MAX

typedef enum py_walk_kind {
    PY_WALK_UNOPENED, /* not looked at yet */
    PY_WALK_OPENED,   /* its parts are above it */
    PY_WALK_LIST,     /* at `index` */
    PY_WALK_TUPLE,
    PY_WALK_DICT,
} py_walk_kind_t;

typedef struct py_walk_frame {
    PyObject *object;
    Py_ssize_t index;
    uint32_t parent; /* frame of the tuple or frozenset that this is a part of */
    uint8_t kind;    /* py_walk_kind_t */
    bool is_tainted; /* of a tuple or frozenset: something mutable is in it */
    bool is_counted; /* the same, and it is in the table */
} py_walk_frame_t;

typedef struct py_walk_entry {
    PyObject *object;
    Py_ssize_t seen; /* references, so far */
    bool is_mutable;
    bool is_open; /* a tuple or frozenset whose parts are being looked at */
} py_walk_entry_t;

typedef struct py_walk {
    core_state_t *state;
    bool keeps_instances; /* CPython shows all references of instances */

    PyTypeObject *type;         /* of the last instance */
    const py_type_info_t *info; /* its info, good while the walk lasts */

    py_walk_frame_t *frames;
    uint32_t depth;
    uint32_t capacity;

    py_walk_entry_t *table; /* open addressing; NULL until needed */
    size_t table_mask;
    size_t table_used;

    py_cown_t **cowns; /* the handles in the value; NULL until needed */
    size_t cown_count;
    size_t cown_capacity;

    py_walk_frame_t first_frames[PY_WALK_FRAMES];
    py_walk_entry_t first_table[PY_WALK_TABLE];
} py_walk_t;

void py_walk_init(py_walk_t *walk, core_state_t *state, bool keeps_instances);
void py_walk_deinit(py_walk_t *walk);

/* Whether `value` is alone with what it holds, see py_isolation_check. */
bool py_walk_run(py_walk_t *walk, PyObject *value, Py_ssize_t references);

#endif
#endif
