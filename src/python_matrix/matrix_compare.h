/* matrix_compare.h - == < and the like: one bool for two matrices. */
#ifndef BOC_PYTHON_MATRIX_COMPARE_H
#define BOC_PYTHON_MATRIX_COMPARE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *matrix_richcompare(PyObject *self, PyObject *other, int op);

#endif
