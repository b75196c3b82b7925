/* py_capi_python.h - entries of the table that do what the Python API does.
 *
 * Each is a call of the method or function of this name, see <bocpy/bocpy.h>.
 *
 * Threads   attached.
 */
#ifndef BOC_PY_CAPI_PYTHON_H
#define BOC_PY_CAPI_PYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <bocpy/bocpy.h>

/* Fill in the entries of cowns, the runtime and messages. */
void py_capi_python_fill(bocpy_api_t *table);

#endif
