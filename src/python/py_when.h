/* py_when.h - `when(...)` and the decorator it returns.
 *
 * Threads   any thread of main or of a worker's interpreter.
 */
#ifndef BOC_PY_WHEN_H
#define BOC_PY_WHEN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct core_state core_state_t;

extern PyMethodDef py_when_functions[];

int py_when_add_type(PyObject *module, core_state_t *state);

#endif
