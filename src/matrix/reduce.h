/* reduce.h - many elements to one: sums, extremes and where they are.
 *
 * `out` is an array, not a matrix: 1 element for BOC__AXIS_NONE, one per column for
 * BOC__AXIS_COLUMNS, one per row for BOC__AXIS_ROWS.  It must not overlap the operands.
 * `where` is NULL, or a mask of the shape of `a`: elements under 0.0 do not count (NaN does).
 * `a` may be empty (0 rows or columns): every group is then one of which nothing counts.
 *
 * Order of sums: along a row, and over all elements, element i goes to partial sum i mod 16, but
 * for the last (count mod 8), which go to two sums of their own, those at even and at odd places.
 * Of the sixteen, k takes in k+8, then of eight k takes in k+4, and so on to one, to which the sum
 * of the other two is added.  Down a column the rows follow one another.
 * An element that does not count adds 0.0.  Partial sums begin at 0.0.
 */
#ifndef BOC_MATRIX_REDUCE_H
#define BOC_MATRIX_REDUCE_H

#include "matrix/matrix.h"

typedef enum boc__reduce_op {
    BOC__SUM,               /* of nothing: 0 */
    BOC__MEAN, /* of nothing: NaN.  Finite where the mean is, even if the sum is not */
    BOC__MAGNITUDE, /* sqrt(sum of squares); of nothing: 0 */
    BOC__MAGNITUDE_SQUARED, /* of nothing: 0 */
    BOC__MIN, /* NaN if any element that counts is; of nothing: NaN */
    BOC__MAX,
} boc__reduce_op_t;

void boc__reduce(boc__reduce_op_t op, boc__axis_t axis, double *out, boc__matrix_t a,
                 const boc__matrix_t *where);

/* The root of the sum of `count` squares: what BOC__MAGNITUDE of everything gives, without the
 * way there, for those who have many small matrices. */
double boc__reduce_length(const double *data, size_t count);

/* Where the smallest (largest) element is: the place along the axis, or in row-major order over
 * all.  The first of equals.  NaN is passed over, but a NaN that is the first element to count
 * stays the answer.  -1 where nothing counts. */
void boc__reduce_arg(bool largest, boc__axis_t axis, double *out, boc__matrix_t a,
                     const boc__matrix_t *where);

/* Dot products, summed like `SUM` of the products (each rounded).  `a` and `b` spread over
 * `shape` (boc__vecdot_shape), which `axis` is about. */
void boc__reduce_vecdot(boc__axis_t axis, double *out, boc__shape_t shape, boc__matrix_t a,
                        boc__matrix_t b);

/* The shape over which vecdot takes its products: the same shape; equal rows and one of the two
 * a single column; equal columns and one a single row; two vectors of as many elements (then
 * `a`'s shape, and *p_turn_b: give `b` to boc__reduce_vecdot in the shape of `a`).  ESHAPE. */
boc__matrix_status_t boc__vecdot_shape(boc__shape_t a, boc__shape_t b, boc__shape_t *p_shape,
                                       bool *p_turn_b);

#endif
