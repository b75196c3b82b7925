/* matrix_pickle.h - matrices as bytes, for pickle and copy. */
#ifndef BOC_PYTHON_MATRIX_PICKLE_H
#define BOC_PYTHON_MATRIX_PICKLE_H

#include "python_matrix/matrix_state.h"

/* Add the functions that pickles name. */
int matrix_pickle_add(PyObject *module, matrix_state_t *state);

#endif
