/* matrix_mask.h - the argument `where` of reductions. */
#ifndef BOC_PYTHON_MATRIX_MASK_H
#define BOC_PYTHON_MATRIX_MASK_H

#include "python_matrix/matrix_operand.h"

/* NULL and None are no mask.  May run code of users; -1 with TypeError. */
int matrix_mask_init(matrix_operand_t *mask, PyTypeObject *type, PyObject *value);

/* Give the mask the shape of `self`.  *p_mask points into `mask`, or is NULL without one. */
int matrix_mask_open(matrix_operand_t *mask, PyTypeObject *type, matrix_block_t *self,
                     const boc__matrix_t **p_mask);

#endif
