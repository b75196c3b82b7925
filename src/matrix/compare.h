/* compare.h - two matrices, one answer. */
#ifndef BOC_MATRIX_COMPARE_H
#define BOC_MATRIX_COMPARE_H

#include "matrix/matrix.h"

/* Lexicographic over the row-major elements: -1, 0 or 1 by the first pair of which one is
 * smaller; pairs with a NaN are passed over, so 0 does not say that all pairs are equal numbers.
 * `b` has the shape of `a`, or is 1x1 and stands for every element. */
int boc__compare_order(boc__matrix_t a, boc__matrix_t b);

/* Whether each pair is close: equal, or a finite difference of at most
 * atol + rtol * |b| with b finite, or, with `equal_nan`, both NaN.  Same shapes. */
bool boc__compare_close(boc__matrix_t a, boc__matrix_t b, double rtol, double atol, bool equal_nan);

#endif
