/* py_capi.h - the table that other extensions fetch, see <bocpy/bocpy.h>.
 *
 * Threads   attached, each function with the state of the calling interpreter.
 */
#ifndef BOC_PY_CAPI_H
#define BOC_PY_CAPI_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <bocpy/bocpy.h>

typedef struct core_state core_state_t;

/* Put the capsule into the module, and `state` where the table's functions find it. */
int py_capi_add(PyObject *module, core_state_t *state);

/* The module of `state` goes away. */
void py_capi_forget(const core_state_t *state);

/* The state of the calling interpreter; NULL with RuntimeError when it has no bocpy._core. */
core_state_t *py_capi_state(void);

#endif
