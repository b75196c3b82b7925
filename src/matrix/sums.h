/* sums.h - the three sums that everything else in reduce.h is made of.  Private.
 *
 * A mask is NULL or of the summed shape; what it does not let count adds 0.0.  See reduce.h for
 * the order of additions.
 */
#ifndef BOC_MATRIX_SUMS_H
#define BOC_MATRIX_SUMS_H

#include "matrix/walk.h"

/* What is summed. */
typedef enum boc__term {
    BOC__TERM_ITSELF,
    BOC__TERM_SQUARE,
    BOC__TERM_PRODUCT, /* with the element of the second operand */
} boc__term_t;

/* Columns that boc__sums_columns takes at a time. */
enum { BOC__SUMS_BLOCK = 64 };

/* out[r] = the sum along row r.  `b` is for products only, which take no mask. */
void boc__sums_rows(boc__term_t term, double *out, boc__shape_t shape, boc__walk_t a, boc__walk_t b,
                    const double *mask);

/* out[c - first] = the sum down column c, for `count` columns from `first`. */
void boc__sums_columns(boc__term_t term, double *out, boc__shape_t shape, size_t first,
                       size_t count, boc__walk_t a, boc__walk_t b, const double *mask);

/* The sum of the squares of `count` elements in a row. */
double boc__sums_squares(const double *data, size_t count);

/* The sum of all products in row-major order, whatever spreads. */
double boc__sums_products(boc__shape_t shape, boc__walk_t a, boc__walk_t b);

#endif
