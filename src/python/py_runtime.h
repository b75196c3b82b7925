/* py_runtime.h - start, wait and stop, as functions of the module.
 *
 * bocpy._runtime builds the public API on them.
 *
 * Threads   any thread of the main interpreter, except where said.
 */
#ifndef BOC_PY_RUNTIME_H
#define BOC_PY_RUNTIME_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

extern PyMethodDef py_runtime_functions[];

/* The calling interpreter is main and no runtime is up. */
bool py_runtime_main_owns_all(void);

/* Start the runtime if none is up.  -1 with an exception. */
int py_runtime_ensure(void);

#endif
