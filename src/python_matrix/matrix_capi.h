/* matrix_capi.h - the table of <bocpy/matrix.h>. */
#ifndef BOC_PYTHON_MATRIX_CAPI_H
#define BOC_PYTHON_MATRIX_CAPI_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Add the capsule to the module. */
int matrix_capi_add(PyObject *module);

#endif
