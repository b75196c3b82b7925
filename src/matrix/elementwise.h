/* elementwise.h - one result element from the elements at the same place.
 *
 * With two operands both spread over the shape of `out`, which boc__shape_broadcast gives; with
 * three the first has the shape of `out` and the others spread over it (boc__shape_spreads).  A
 * scalar is a 1x1 matrix around it.
 * For overlap with `out` see matrix.h.
 */
#ifndef BOC_MATRIX_ELEMENTWISE_H
#define BOC_MATRIX_ELEMENTWISE_H

#include "matrix/matrix.h"

typedef enum boc__binary_op {
    BOC__ADD,
    BOC__SUBTRACT,
    BOC__MULTIPLY,
    BOC__DIVIDE, /* by IEEE: x/0 is an infinity or NaN */
    /* Masks of exactly 0.0 and 1.0.  With a NaN on either side all are 0.0, but NOT_EQUAL. */
    BOC__LESS,
    BOC__LESS_EQUAL,
    BOC__GREATER,
    BOC__GREATER_EQUAL,
    BOC__EQUAL,
    BOC__NOT_EQUAL,
} boc__binary_op_t;

typedef enum boc__unary_op {
    BOC__NEGATE,
    BOC__ABS,
    BOC__CEIL,
    BOC__FLOOR,
    BOC__ROUND, /* to the nearest integer, halves to the even one */
    BOC__SQRT,  /* NaN for negatives */
    BOC__SIGN,  /* -1, 0 or 1; 0 for NaN */
    BOC__COS,   /* both as the C library has them */
    BOC__SIN,
} boc__unary_op_t;

void boc__elementwise_binary(boc__binary_op_t op, boc__matrix_t out, boc__matrix_t a,
                             boc__matrix_t b);

/* `a` has the shape of `out`. */
void boc__elementwise_unary(boc__unary_op_t op, boc__matrix_t out, boc__matrix_t a);

/* Clamp to [low, high]; a NaN bound leaves its side open, NaN elements stay.  `a` has the shape
 * of `out`. */
void boc__elementwise_clip(boc__matrix_t out, boc__matrix_t a, double low, double high);

/* out = a * b + c, rounded once. */
void boc__elementwise_fma(boc__matrix_t out, boc__matrix_t a, boc__matrix_t b, boc__matrix_t c);

/* out = a + s * x, product and sum rounded separately. */
void boc__elementwise_scaled_add(boc__matrix_t out, boc__matrix_t a, boc__matrix_t s,
                                 boc__matrix_t x);

/* out = mask != 0 ? a : b; NaN is not 0. */
void boc__elementwise_where(boc__matrix_t out, boc__matrix_t mask, boc__matrix_t a,
                            boc__matrix_t b);

#endif
