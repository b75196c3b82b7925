/* walk.h - how a kernel goes over an operand that spreads over a larger shape.  Private. */
#ifndef BOC_MATRIX_WALK_H
#define BOC_MATRIX_WALK_H

#include "matrix/matrix.h"

#include <assert.h>

typedef struct boc__walk {
    const double *data;
    size_t row_step; /* elements to the next row; 0 where one row stands for all */
    size_t step;     /* to the next column: 1, or 0 where one element stands for the row */
} boc__walk_t;

static inline boc__walk_t boc__walk_over(boc__matrix_t operand, boc__shape_t shape) {
    assert(boc__shape_spreads(boc__matrix_shape(operand), shape));
    return (boc__walk_t){
        .data = operand.data,
        .row_step = operand.rows == 1 ? 0 : operand.columns,
        .step = operand.columns == 1 && shape.columns != 1 ? 0 : 1,
    };
}

#endif
