/* index.c - moving blocks, rows, columns and single elements. */
#include "matrix/index.h"

#include "matrix/lanes.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

boc__matrix_status_t boc__index_wrap(ptrdiff_t index, size_t length, size_t *p_place) {
    assert(length <= PTRDIFF_MAX);
    ptrdiff_t end = (ptrdiff_t)length;
    if (index < -end || index >= end)
        return BOC__MATRIX_EINDEX;
    *p_place = (size_t)(index < 0 ? index + end : index);
    return BOC__MATRIX_OK;
}

bool boc__index_overlaps(boc__matrix_t a, boc__matrix_t b) {
    uintptr_t a_start = (uintptr_t)a.data;
    uintptr_t b_start = (uintptr_t)b.data;
    return a_start < b_start + b.rows * b.columns * sizeof(double) &&
           b_start < a_start + a.rows * a.columns * sizeof(double);
}

/* The place of element `i` of a span. */
static size_t at(boc__span_t span, size_t i) {
    return (size_t)((ptrdiff_t)span.start + (ptrdiff_t)i * span.step);
}

static inline bool is_inside(boc__span_t span, size_t length) {
    return span.count == 0 || (span.start < length && at(span, span.count - 1) < length);
}

static void copy_row(double *out, const double *in, size_t count) {
    if (count <= 4)
        for (size_t i = 0; i < count; i++)
            out[i] = in[i];
    else
        memcpy(out, in, count * sizeof(double));
}

void boc__index_read(boc__matrix_t out, boc__matrix_t a, boc__span_t rows, boc__span_t columns) {
    assert(out.rows == rows.count && out.columns == columns.count);
    assert(is_inside(rows, a.rows) && is_inside(columns, a.columns));
    for (size_t r = 0; r < rows.count; r++) {
        double *to = out.data + r * out.columns;
        const double *from = a.data + at(rows, r) * a.columns;
        if (columns.step == 1)
            copy_row(to, from + columns.start, columns.count);
        else
            for (size_t c = 0; c < columns.count; c++)
                to[c] = from[at(columns, c)];
    }
}

void boc__index_write(boc__matrix_t a, boc__span_t rows, boc__span_t columns, boc__matrix_t value) {
    assert(is_inside(rows, a.rows) && is_inside(columns, a.columns));
    assert(rows.count == 0 || columns.count == 0 ||
           boc__shape_spreads(boc__matrix_shape(value), (boc__shape_t){rows.count, columns.count}));
    size_t row_step = value.rows == 1 ? 0 : value.columns;
    size_t step = value.columns == 1 ? 0 : 1;
    for (size_t r = 0; r < rows.count; r++) {
        double *to = a.data + at(rows, r) * a.columns;
        const double *from = value.data + r * row_step;
        if (columns.step == 1 && step == 1)
            copy_row(to + columns.start, from, columns.count);
        else
            for (size_t c = 0; c < columns.count; c++)
                to[at(columns, c)] = from[c * step];
    }
}

static inline bool are_inside(const size_t *places, size_t count, size_t length) {
    for (size_t i = 0; i < count; i++)
        if (places[i] >= length)
            return false;
    return true;
}

void boc__index_take(boc__axis_t axis, boc__matrix_t out, boc__matrix_t a, const size_t *places,
                     size_t count) {
    assert(axis != BOC__AXIS_NONE);
    assert(are_inside(places, count, axis == BOC__AXIS_COLUMNS ? a.rows : a.columns));
    if (axis == BOC__AXIS_COLUMNS) {
        assert(out.rows == count && out.columns == a.columns);
        for (size_t i = 0; i < count; i++)
            copy_row(out.data + i * a.columns, a.data + places[i] * a.columns, a.columns);
        return;
    }
    assert(out.rows == a.rows && out.columns == count);
    for (size_t r = 0; r < a.rows; r++)
        for (size_t i = 0; i < count; i++)
            out.data[r * count + i] = a.data[r * a.columns + places[i]];
}

/* Write or add one row of values, `step` apart: 1, or 0 for a single number. */
static void put_row(double *to, const double *from, size_t step, size_t count, bool accumulate) {
    double value = *from;
    if (accumulate)
        for (size_t i = 0; i < count; i++)
            to[i] += from[i * step];
    else if (step == 1)
        copy_row(to, from, count);
    else
        for (size_t i = 0; i < count; i++)
            to[i] = value;
}

/* Rows that share the places go together: a place is read once for all of them. */
#define ROWS_TOGETHER 4

BOC__INLINE void put_columns(double *to, size_t width, const size_t *places, size_t count,
                             const double *from, const size_t rows) {
    for (size_t i = 0; i < count; i++) {
        size_t place = places[i];
        for (size_t r = 0; r < rows; r++)
            to[r * width + place] = from[r * count + i];
    }
}

void boc__index_put(boc__axis_t axis, boc__matrix_t a, const size_t *places, size_t count,
                    boc__matrix_t value, bool accumulate) {
    assert(axis != BOC__AXIS_NONE);
    assert(are_inside(places, count, axis == BOC__AXIS_COLUMNS ? a.rows : a.columns));
    bool is_number = value.rows == 1 && value.columns == 1;
    size_t step = is_number ? 0 : 1;
    if (axis == BOC__AXIS_COLUMNS) {
        assert(is_number || (value.rows == count && value.columns == a.columns));
        for (size_t i = 0; i < count; i++)
            put_row(a.data + places[i] * a.columns, value.data + i * a.columns * step, step,
                    a.columns, accumulate);
        return;
    }
    assert(is_number || (value.rows == a.rows && value.columns == count));
    size_t r = 0;
    for (; !is_number && !accumulate && a.rows - r >= ROWS_TOGETHER; r += ROWS_TOGETHER)
        put_columns(a.data + r * a.columns, a.columns, places, count, value.data + r * count,
                    ROWS_TOGETHER);
    for (; r < a.rows; r++) {
        double *to = a.data + r * a.columns;
        const double *from = value.data + r * count * step;
        if (accumulate)
            for (size_t i = 0; i < count; i++)
                to[places[i]] += from[i * step];
        else if (is_number)
            for (size_t i = 0; i < count; i++)
                to[places[i]] = value.data[0];
        else
            put_columns(to, a.columns, places, count, from, 1);
    }
}

/* The position in the storage of the one element of group `i`. */
static size_t along(boc__axis_t axis, boc__matrix_t a, const size_t *places, size_t i) {
    return axis == BOC__AXIS_COLUMNS ? places[i] * a.columns + i : i * a.columns + places[i];
}

void boc__index_take_along(boc__axis_t axis, boc__matrix_t out, boc__matrix_t a,
                           const size_t *places) {
    assert(axis != BOC__AXIS_NONE);
    size_t count = axis == BOC__AXIS_COLUMNS ? a.columns : a.rows;
    assert(are_inside(places, count, axis == BOC__AXIS_COLUMNS ? a.rows : a.columns));
    assert(out.rows * out.columns == count);
    for (size_t i = 0; i < count; i++)
        out.data[i] = a.data[along(axis, a, places, i)];
}

void boc__index_put_along(boc__axis_t axis, boc__matrix_t a, const size_t *places,
                          boc__matrix_t value, bool accumulate) {
    assert(axis != BOC__AXIS_NONE);
    size_t count = axis == BOC__AXIS_COLUMNS ? a.columns : a.rows;
    assert(are_inside(places, count, axis == BOC__AXIS_COLUMNS ? a.rows : a.columns));
    assert(value.rows * value.columns == count || value.rows * value.columns == 1);
    size_t step = value.rows * value.columns == 1 ? 0 : 1;
    for (size_t i = 0; i < count; i++) {
        double *to = a.data + along(axis, a, places, i);
        *to = accumulate ? *to + value.data[i * step] : value.data[i * step];
    }
}

void boc__index_repeat(boc__axis_t axis, boc__matrix_t out, boc__matrix_t a, size_t repeats) {
    assert(out.rows * out.columns == a.rows * a.columns * repeats);
    if (axis == BOC__AXIS_COLUMNS) {
        for (size_t r = 0; r < out.rows; r++)
            copy_row(out.data + r * a.columns, a.data + r / repeats * a.columns, a.columns);
        return;
    }
    double *to = out.data;
    for (size_t i = 0; i < a.rows * a.columns; i++)
        for (size_t n = 0; n < repeats; n++)
            *to++ = a.data[i];
}
