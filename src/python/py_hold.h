/* py_hold.h - `with hold(a, b)`: several cowns held by a thread at once.
 *
 * Threads   any thread with an attached thread state.
 */
#ifndef BOC_PY_HOLD_H
#define BOC_PY_HOLD_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct core_state core_state_t;

int py_hold_add_type(PyObject *module, core_state_t *state);

#endif
