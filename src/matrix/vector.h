/* vector.h - matrices read as one vector, or as a batch of vectors of two or three components. */
#ifndef BOC_MATRIX_VECTOR_H
#define BOC_MATRIX_VECTOR_H

#include "matrix/matrix.h"

/* Where the vectors of a matrix lie: component k of vector i is
 * data[i * vector_step + k * component_step]. */
typedef struct boc__vectors {
    size_t count;
    size_t vector_step;
    size_t component_step;
} boc__vectors_t;

/* How to read a shape as vectors (x, y): 1x2 and 2x1 one, Nx2 its rows, 2xN its columns; 2x2 by
 * rows unless the axis is BOC__AXIS_COLUMNS.  The axis is the one along which a vector's
 * components follow each other; BOC__AXIS_NONE decides nothing.
 * ESHAPE: another shape.  EAXIS: not this shape's only reading. */
boc__matrix_status_t boc__vectors_of_two(boc__shape_t shape, boc__axis_t axis,
                                         boc__vectors_t *p_vectors);

/* out = (-y, x) for each vector (x, y) of a; out has a's shape. */
void boc__vector_perpendicular(boc__matrix_t out, boc__matrix_t a, boc__vectors_t vectors);

/* out[i] = atan2(y, x), `vectors.count` elements; no overlap. */
void boc__vector_angle(double *out, boc__matrix_t a, boc__vectors_t vectors);

/* out = a, each group (all, column, row) divided by its magnitude (see reduce.h); a group of
 * magnitude 0 stays as it is.  out has a's shape.  `magnitudes` is scratch: one element per
 * group; no overlap. */
void boc__vector_normalize(boc__axis_t axis, boc__matrix_t out, boc__matrix_t a,
                           double *magnitudes);

/* How to take cross products of two shapes; filled in by boc__cross_plan. */
typedef struct boc__cross {
    unsigned dimensions;  /* 2: one number per vector; 3: one vector per vector */
    bool is_single;       /* one vector, not a batch: two dimensions give a bare number */
    const char *reading; /* how `a` was read: "2D vector", "Nx3 batch", ...; set for EOTHER too */
    boc__shape_t result; /* of boc__cross */
    boc__vectors_t left; /* of a, and of the result if it has three components */
    boc__vectors_t right; /* of b; vector_step 0 where one vector goes with all of a's */
} boc__cross_t;

/* `a` decides: 1x2, 2x1, 1x3, 3x1 one vector; Nx2, Nx3 the rows, 2xN, 3xN the columns; 2x2 and
 * 3x3 the rows unless the axis is BOC__AXIS_COLUMNS; 3x2 rows and 2x3 columns of two components,
 * whatever the axis.  `b` has a's shape or is one vector; the orientation of a vector that goes
 * with one vector does not matter.
 * ESHAPE: `a` is none of these.  EAXIS: contradicts it.  EOTHER: `b` does not go with it. */
boc__matrix_status_t boc__cross_plan(boc__shape_t a, boc__shape_t b, boc__axis_t axis,
                                     boc__cross_t *p_plan);

/* x1*y2 - y1*x2, or the three components, each product and difference rounded.  `out` has
 * plan->result elements and overlaps neither operand. */
void boc__cross_apply(const boc__cross_t *plan, double *out, boc__matrix_t a, boc__matrix_t b);

#endif
