/* matrix.c - sizes, overlap and broadcasting of shapes. */
#include "matrix/matrix.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

boc__matrix_status_t boc__matrix_count(size_t rows, size_t columns, size_t *p_count) {
    const size_t elements_max = (size_t)PTRDIFF_MAX / sizeof(double);
    if (rows != 0 && columns > elements_max / rows)
        return BOC__MATRIX_EOVERFLOW;
    *p_count = rows * columns;
    return BOC__MATRIX_OK;
}

bool boc__matrix_clobbers(boc__matrix_t out, boc__matrix_t in) {
    if (out.data == in.data && boc__shape_equal(boc__matrix_shape(out), boc__matrix_shape(in)))
        return false;
    uintptr_t out_start = (uintptr_t)out.data;
    uintptr_t in_start = (uintptr_t)in.data;
    uintptr_t out_end = out_start + out.rows * out.columns * sizeof(double);
    uintptr_t in_end = in_start + in.rows * in.columns * sizeof(double);
    return out_start < in_end && in_start < out_end;
}

void boc__matrix_copy(boc__matrix_t out, boc__matrix_t in) {
    assert(out.rows * out.columns == in.rows * in.columns);
    memmove(out.data, in.data, in.rows * in.columns * sizeof(double));
}

void boc__matrix_fill(boc__matrix_t out, double value) {
    size_t count = out.rows * out.columns;
    for (size_t i = 0; i < count; i++)
        out.data[i] = value;
}

static bool broadcast_dimension(size_t a, size_t b, size_t *p_result) {
    *p_result = a == 1 ? b : a;
    return a == b || a == 1 || b == 1;
}

boc__matrix_status_t boc__shape_broadcast(boc__shape_t a, boc__shape_t b, boc__shape_t *p_result) {
    boc__shape_t result;
    if (!broadcast_dimension(a.rows, b.rows, &result.rows) ||
        !broadcast_dimension(a.columns, b.columns, &result.columns))
        return BOC__MATRIX_ESHAPE;
    *p_result = result;
    return BOC__MATRIX_OK;
}

boc__matrix_status_t boc__shape_broadcast_in_place(boc__shape_t a, boc__shape_t b) {
    boc__shape_t result;
    boc__matrix_status_t status = boc__shape_broadcast(a, b, &result);
    if (status != BOC__MATRIX_OK || boc__shape_equal(a, result))
        return status;
    return a.rows == 1 && a.columns == 1 ? BOC__MATRIX_ESCALAR : BOC__MATRIX_EINPLACE;
}

bool boc__shape_spreads(boc__shape_t operand, boc__shape_t target) {
    return (operand.rows == target.rows || operand.rows == 1) &&
           (operand.columns == target.columns || operand.columns == 1);
}
