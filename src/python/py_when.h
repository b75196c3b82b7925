/* py_when.h - `when(...)` and the decorator it returns.
 *
 * Threads   any thread of main or of a worker's interpreter.
 */
#ifndef BOC_PY_WHEN_H
#define BOC_PY_WHEN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <bocpy/bocpy.h>

typedef struct core_state core_state_t;

extern PyMethodDef py_when_functions[];

/* bocpy_api_t.when for a function, and when_call. */
PyObject *py_when_schedule(core_state_t *state, const bocpy_argument_t *arguments, size_t count,
                           PyObject *func);
PyObject *py_when_schedule_native(core_state_t *state, const bocpy_argument_t *arguments,
                                  size_t count, bocpy_call_fn call, void *context,
                                  bocpy_drop_fn drop);

int py_when_add_type(PyObject *module, core_state_t *state);

#endif
