/* matrix_text.h - repr() and str(). */
#ifndef BOC_PYTHON_MATRIX_TEXT_H
#define BOC_PYTHON_MATRIX_TEXT_H

#include "python_matrix/matrix_type.h"

/* Matrix(R, C, [v, ...]), which evaluates to the same elements. */
PyObject *matrix_repr(PyObject *self);

/* A table with six digits; the middle of long rows and columns is left out. */
PyObject *matrix_str(PyObject *self);

#endif
