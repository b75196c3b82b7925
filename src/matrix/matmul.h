/* matmul.h - the matrix product.
 *
 * Products for one cell are added in ascending k starting from 0.0, each product and each sum
 * rounded by itself: the bits of the three plain loops.
 */
#ifndef BOC_MATRIX_MATMUL_H
#define BOC_MATRIX_MATMUL_H

#include "matrix/matrix.h"

/* out = a @ b.  a is MxK, b KxN, out MxN; out overlaps neither.  Uses 32 KiB of stack. */
void boc__matmul(boc__matrix_t out, boc__matrix_t a, boc__matrix_t b);

#endif
