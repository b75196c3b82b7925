/* matrix_values.h - the type of what Matrix.values() returns. */
#ifndef BOC_PYTHON_MATRIX_VALUES_H
#define BOC_PYTHON_MATRIX_VALUES_H

#include "python_matrix/matrix_state.h"

int matrix_values_add(PyObject *module, matrix_state_t *state);

#endif
