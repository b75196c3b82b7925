/* py_main_source.h - what main tells workers of its module once, when somebody first needs it.
 *
 * Threads   tell   attached to main
 *           told   a worker's thread, attached to its interpreter
 */
#ifndef BOC_PY_MAIN_SOURCE_H
#define BOC_PY_MAIN_SOURCE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* `_tell_main(described)`: keep it, encoded, for every worker that there is or will be. */
PyObject *core_tell_main(PyObject *module, PyObject *described);

/* `_main_told()`: what main told; lets main tell if it has not.  None if it cannot. */
PyObject *core_main_told(PyObject *module, PyObject *unused);

#endif
