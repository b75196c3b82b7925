/* matrix_index.h - m[key], m[key] = value, len(m). */
#ifndef BOC_PYTHON_MATRIX_INDEX_H
#define BOC_PYTHON_MATRIX_INDEX_H

#include "python_matrix/matrix_type.h"

Py_ssize_t matrix_length(PyObject *self);
PyObject *matrix_iter(PyObject *self); /* over the rows, as m[0], m[1], ... */
PyObject *matrix_item(PyObject *self, Py_ssize_t index);
PyObject *matrix_subscript(PyObject *self, PyObject *written);
int matrix_assign(PyObject *self, PyObject *written, PyObject *value);

#endif
