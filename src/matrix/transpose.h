/* transpose.h - rows become columns. */
#ifndef BOC_MATRIX_TRANSPOSE_H
#define BOC_MATRIX_TRANSPOSE_H

#include "matrix/matrix.h"

/* out (columns x rows) = a transposed; no overlap. */
void boc__transpose(boc__matrix_t out, boc__matrix_t a);

/* Elements of scratch that boc__transpose_in_place needs: 0 for squares and vectors. */
size_t boc__transpose_scratch(boc__shape_t shape);

/* Transpose where it lies and exchange the dimensions.  `scratch` may be NULL if none is
 * needed. */
void boc__transpose_in_place(boc__matrix_t *a, double *scratch);

#endif
