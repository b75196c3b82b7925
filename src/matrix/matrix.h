/* matrix.h - what the kernels work on: a block of doubles with two dimensions.
 *
 * A boc__matrix_t is a description, passed by value, and owns nothing: element (r, c) is
 * data[r * columns + c].  Both dimensions are at least 1 unless a function says otherwise, and
 * their product has passed boc__matrix_count.  A function that writes takes the matrix to write
 * first, as `out`, of the shape it documents; it never allocates.
 *
 * Threads     any.  No function of this folder has state of its own; two calls may overlap in
 *             time unless one writes what the other reads or writes.
 * Overlap     `out` may be the very storage of an operand of its shape.  Any other overlap is
 *             the caller's to undo with a copy; boc__matrix_clobbers tells.
 * Results     are the same bits on every machine: each product, quotient and sum is rounded by
 *             itself in the order the headers give, whatever the width of the vectors.
 */
#ifndef BOC_MATRIX_MATRIX_H
#define BOC_MATRIX_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

typedef enum boc__matrix_status {
    BOC__MATRIX_OK = 0,
    BOC__MATRIX_EOVERFLOW, /* rows * columns * sizeof(double) does not fit in a ptrdiff_t */
    BOC__MATRIX_ESHAPE,    /* this operand, or these two together, are not accepted */
    BOC__MATRIX_EOTHER,    /* the first operand is accepted, the second does not go with it */
    BOC__MATRIX_ESCALAR,   /* in place: a 1x1 matrix cannot hold the larger result */
    BOC__MATRIX_EINPLACE,  /* in place: the result is larger than the left operand */
    BOC__MATRIX_EAXIS,     /* the axis contradicts the only reading of the shape */
    BOC__MATRIX_EINDEX,    /* an index is outside -length .. length-1 */
} boc__matrix_status_t;

/* Along what a reduction runs; the values are Python's axis numbers. */
typedef enum boc__axis {
    BOC__AXIS_NONE = -1,   /* all elements: one result */
    BOC__AXIS_COLUMNS = 0, /* down each column: 1 x columns results */
    BOC__AXIS_ROWS = 1,    /* along each row: rows x 1 results */
} boc__axis_t;

typedef struct boc__shape {
    size_t rows;
    size_t columns;
} boc__shape_t;

typedef struct boc__matrix {
    double *data; /* borrowed; an operand is only read */
    size_t rows;
    size_t columns;
} boc__matrix_t;

/* Check that a matrix of this shape can exist, and count its elements. */
boc__matrix_status_t boc__matrix_count(size_t rows, size_t columns, size_t *p_count);

static inline boc__shape_t boc__matrix_shape(boc__matrix_t a) {
    return (boc__shape_t){a.rows, a.columns};
}

static inline bool boc__shape_equal(boc__shape_t a, boc__shape_t b) {
    return a.rows == b.rows && a.columns == b.columns;
}

/* Whether writing `out` element by element could change an element of `in` before it was read:
 * their memory overlaps, and they are not the same storage in the same shape. */
bool boc__matrix_clobbers(boc__matrix_t out, boc__matrix_t in);

/* out = in, of as many elements; the shapes may differ.  Any overlap. */
void boc__matrix_copy(boc__matrix_t out, boc__matrix_t in);

void boc__matrix_fill(boc__matrix_t out, double value);

/* The shape that `a op b` has: along each dimension the two are equal or one of them is 1.  So
 * same shapes, a row or column with a matrix, 1x1 with anything, and a column with a row.
 * ESHAPE otherwise. */
boc__matrix_status_t boc__shape_broadcast(boc__shape_t a, boc__shape_t b, boc__shape_t *p_result);

/* Whether `a op= b` is possible: the result has the shape of `a`.
 * ESHAPE: no result at all.  ESCALAR, EINPLACE: the result does not fit in `a`. */
boc__matrix_status_t boc__shape_broadcast_in_place(boc__shape_t a, boc__shape_t b);

/* Whether `operand` spreads over `target`: 1x1, a row, a column or the same shape. */
bool boc__shape_spreads(boc__shape_t operand, boc__shape_t target);

#endif
