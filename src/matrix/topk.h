/* topk.h - the k largest or smallest elements of each group, in order. */
#ifndef BOC_MATRIX_TOPK_H
#define BOC_MATRIX_TOPK_H

#include "matrix/matrix.h"

/* A candidate, in the scratch memory that the caller provides. */
typedef struct boc__topk_entry {
    double value;
    size_t place;
} boc__topk_entry_t;

/* The k largest elements of each group descending (smallest: ascending).  The first of equals
 * comes first, NaN after everything else.  `values` and `places` (row-major positions for
 * BOC__AXIS_NONE, otherwise positions along the axis) have the same shape: 1 x k, k x columns
 * or rows x k.  A group of which fewer than k elements count under `where` (see reduce.h) ends
 * in NaN and -1.
 * 1 <= k <= length of a group; `scratch` has k entries; no overlap anywhere. */
void boc__topk(bool largest, boc__axis_t axis, size_t k, double *values, double *places,
               boc__matrix_t a, const boc__matrix_t *where, boc__topk_entry_t *scratch);

#endif
