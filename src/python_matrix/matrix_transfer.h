/* matrix_transfer.h - matrices in cowns, captures, results, messages and noticeboard entries. */
#ifndef BOC_PYTHON_MATRIX_TRANSFER_H
#define BOC_PYTHON_MATRIX_TRANSFER_H

#include "python_matrix/matrix_state.h"

#include <bocpy/bocpy.h>

/* What travels is a matrix_block_t without an owner, and one reference of it. */
extern const bocpy_type_ops_t matrix_transfer_ops;

/* Register the type in this interpreter. */
int matrix_transfer_add(matrix_state_t *state);

#endif
