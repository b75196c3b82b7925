/* py_snapshot.h - a snapshot of the noticeboard as a read-only mapping.
 *
 * A value is decoded when its key is first read, and is the same object at each read of this
 * mapping; no other mapping has it, so changes to it show nowhere else.
 *
 * Threads   attached to the interpreter of `state`.
 */
#ifndef BOC_PY_SNAPSHOT_H
#define BOC_PY_SNAPSHOT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct core_state core_state_t;

int py_snapshot_add_type(PyObject *module, core_state_t *state);

/* The present state of the board. */
PyObject *py_snapshot_take(core_state_t *state);

/* The value of `key`, a new reference; NULL without an exception when it is not there. */
PyObject *py_snapshot_read(PyObject *snapshot, PyObject *key);

/* A new dict of all keys and values. */
PyObject *py_snapshot_dict(PyObject *snapshot);

#endif
