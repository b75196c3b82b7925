/* matrix_ops.h - arithmetic of two operands. */
#ifndef BOC_PYTHON_MATRIX_OPS_H
#define BOC_PYTHON_MATRIX_OPS_H

#include "python_matrix/matrix_type.h"

#include "matrix/elementwise.h"

PyObject *matrix_nb_add(PyObject *left, PyObject *right);
PyObject *matrix_nb_subtract(PyObject *left, PyObject *right);
PyObject *matrix_nb_multiply(PyObject *left, PyObject *right);
PyObject *matrix_nb_divide(PyObject *left, PyObject *right);
PyObject *matrix_nb_matmul(PyObject *left, PyObject *right);
PyObject *matrix_nb_inplace_add(PyObject *self, PyObject *other);
PyObject *matrix_nb_inplace_subtract(PyObject *self, PyObject *other);
PyObject *matrix_nb_inplace_multiply(PyObject *self, PyObject *other);
PyObject *matrix_nb_inplace_divide(PyObject *self, PyObject *other);
PyObject *matrix_nb_negative(PyObject *self);
PyObject *matrix_nb_absolute(PyObject *self);

/* left op right into `out` (NULL or None: a new matrix); NotImplemented if an operand is
 * nothing that has elements. */
PyObject *matrix_binary(PyTypeObject *type, boc__binary_op_t op, PyObject *left, PyObject *right,
                        PyObject *out);

/* The method `name` of Matrix that does the same: one operand, and `out` by keyword. */
PyObject *matrix_binary_method(boc__binary_op_t op, const char *name, PyObject *self,
                               PyObject *const *args, Py_ssize_t count, PyObject *keywords);

#endif
