/* matrix_new.h - making matrices from numbers. */
#ifndef BOC_PYTHON_MATRIX_NEW_H
#define BOC_PYTHON_MATRIX_NEW_H

#include "python_matrix/matrix_type.h"

int matrix_init(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *matrix_vectorcall(PyObject *type, PyObject *const *args, size_t count,
                            PyObject *keywords);

/* A tuple or list of two positive integers; -1 with TypeError, OverflowError, or ValueError
 * kind. */
int matrix_read_size(PyTypeObject *type, PyObject *size, Py_ssize_t *p_rows, Py_ssize_t *p_columns);

#endif
