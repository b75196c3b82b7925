/* index.h - reading and writing parts: blocks of slices, lists of rows or columns, and one
 * element per row or column.
 *
 * Every index has passed boc__index_wrap, or a slice its bounds, before it comes here: the
 * kernels assert it and write nothing outside the matrix.  So a caller that wraps all of its
 * indices first has changed nothing when one is wrong.
 * Values that overlap the matrix written must be copied first (boc__index_overlaps).
 */
#ifndef BOC_MATRIX_INDEX_H
#define BOC_MATRIX_INDEX_H

#include "matrix/matrix.h"

/* start, start + step, ..., `count` of them, all inside the dimension.  step may be negative,
 * and 0 where count is 1. */
typedef struct boc__span {
    size_t start;
    ptrdiff_t step;
    size_t count;
} boc__span_t;

/* Turn a Python index into a place: -1 is the last.  EINDEX outside -length .. length-1. */
boc__matrix_status_t boc__index_wrap(ptrdiff_t index, size_t length, size_t *p_place);

/* Whether any byte is shared. */
bool boc__index_overlaps(boc__matrix_t a, boc__matrix_t b);

/* out (rows.count x columns.count) = that block of a; no overlap. */
void boc__index_read(boc__matrix_t out, boc__matrix_t a, boc__span_t rows, boc__span_t columns);

/* That block of a = value, which spreads over it; no overlap. */
void boc__index_write(boc__matrix_t a, boc__span_t rows, boc__span_t columns, boc__matrix_t value);

/* out = those rows (BOC__AXIS_COLUMNS, Python's axis 0: out is count x columns) or columns
 * (BOC__AXIS_ROWS, axis 1: rows x count) of a, in the order listed, repeats and all; no overlap. */
void boc__index_take(boc__axis_t axis, boc__matrix_t out, boc__matrix_t a, const size_t *places,
                     size_t count);

/* Those rows or columns of a = value, or += value, which has the selection's shape or is 1x1, in
 * the order listed: the last of several writes stays, sums add one after the other.  No overlap. */
void boc__index_put(boc__axis_t axis, boc__matrix_t a, const size_t *places, size_t count,
                    boc__matrix_t value, bool accumulate);

/* One element of each column (axis 0; places has `columns` rows in it) or of each row (axis 1;
 * `rows` columns): out is 1 x columns or rows x 1; no overlap. */
void boc__index_take_along(boc__axis_t axis, boc__matrix_t out, boc__matrix_t a,
                           const size_t *places);

/* The same elements of a = value, or += value, which has that shape or is 1x1; no overlap. */
void boc__index_put_along(boc__axis_t axis, boc__matrix_t a, const size_t *places,
                          boc__matrix_t value, bool accumulate);

/* out = a with each row (axis 0), each column (axis 1) or each element of the row-major order
 * (BOC__AXIS_NONE; out is one row) `repeats` times in succession; no overlap. */
void boc__index_repeat(boc__axis_t axis, boc__matrix_t out, boc__matrix_t a, size_t repeats);

#endif
