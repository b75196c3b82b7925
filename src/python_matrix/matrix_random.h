/* matrix_random.h - the generator of this interpreter. */
#ifndef BOC_PYTHON_MATRIX_RANDOM_H
#define BOC_PYTHON_MATRIX_RANDOM_H

#include "python_matrix/matrix_state.h"

/* Make it and seed it from the system's entropy; -1 with an exception. */
int matrix_random_add(matrix_state_t *state);
void matrix_random_clear(matrix_state_t *state);

#endif
