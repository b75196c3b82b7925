/* reduce.c - sums, means and magnitudes of groups, and dot products. */
#include "matrix/reduce.h"

#include "matrix/extremes.h"
#include "matrix/lanes.h"
#include "matrix/sums.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

static const boc__walk_t NOTHING = {NULL, 0, 0};

/* All elements are one long row. */
static boc__shape_t groups_of(boc__axis_t axis, boc__shape_t shape) {
    return axis == BOC__AXIS_NONE ? (boc__shape_t){1, shape.rows * shape.columns} : shape;
}

static boc__walk_t over(const double *data, boc__shape_t shape) {
    return (boc__walk_t){data, shape.columns, 1};
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static void sums(boc__term_t term, boc__axis_t axis, double *out, boc__shape_t shape,
                 const double *data, const double *mask) {
    if (axis != BOC__AXIS_COLUMNS) {
        boc__sums_rows(term, out, shape, over(data, shape), NOTHING, mask);
        return;
    }
    for (size_t c = 0; c < shape.columns; c += BOC__SUMS_BLOCK)
        boc__sums_columns(term, out + c, shape, c, smaller(BOC__SUMS_BLOCK, shape.columns - c),
                          over(data, shape), NOTHING, mask);
}

/* Of a single group that may be a short vector, the direct way. */
static void squares(boc__axis_t axis, double *out, boc__shape_t shape, const double *data,
                    const double *mask) {
    if (axis == BOC__AXIS_NONE && mask == NULL)
        *out = boc__sums_squares(data, shape.columns);
    else
        sums(BOC__TERM_SQUARE, axis, out, shape, data, mask);
}

/* A group, as a run of `length` elements `step` apart. */
typedef struct group {
    const double *data;
    const double *mask; /* NULL, or as `data` */
    size_t length;
    size_t step;
} group_t;

static group_t group_at(boc__axis_t axis, boc__shape_t shape, const double *data,
                        const double *mask, size_t index) {
    bool is_column = axis == BOC__AXIS_COLUMNS;
    size_t start = is_column ? index : index * shape.columns;
    return (group_t){
        .data = data + start,
        .mask = mask == NULL ? NULL : mask + start,
        .length = is_column ? shape.rows : shape.columns,
        .step = is_column ? shape.columns : 1,
    };
}

static size_t counting(group_t group) {
    if (group.mask == NULL)
        return group.length;
    size_t count = 0;
    for (size_t i = 0; i < group.length; i++)
        count += group.mask[i * group.step] != 0.0;
    return count;
}

/* The mean of a group whose sum is not finite, from elements so much smaller that theirs is if
 * they are.  Powers of two lose nothing next to a sum that large. */
static double mean_of_large(group_t group, size_t count) {
    int exponent = 0;
    (void)frexp((double)count, &exponent);
    double sum = 0.0;
    for (size_t i = 0; i < group.length; i++)
        if (group.mask == NULL || group.mask[i * group.step] != 0.0)
            sum += ldexp(group.data[i * group.step], -exponent);
    return sum / ldexp((double)count, -exponent);
}

/* Divide all, unless one of them is not finite. */
BOC__CLONES static bool divide_finite(double *numbers, size_t count, double divisor) {
    uint64_t strange = 0;
    for (size_t i = 0; i < count; i++)
        strange |= fabs(numbers[i]) <= DBL_MAX ? 0 : 1;
    if (strange != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        numbers[i] /= divisor;
    return true;
}

static void means(boc__axis_t axis, double *out, boc__shape_t shape, const double *data,
                  const double *mask) {
    size_t groups = axis == BOC__AXIS_COLUMNS ? shape.columns : shape.rows;
    size_t length = axis == BOC__AXIS_COLUMNS ? shape.rows : shape.columns;
    sums(BOC__TERM_ITSELF, axis, out, shape, data, mask);
    if (mask == NULL && length != 0 && divide_finite(out, groups, (double)length))
        return;
    for (size_t i = 0; i < groups; i++) {
        group_t group = group_at(axis, shape, data, mask, i);
        size_t count = counting(group);
        if (isfinite(out[i]) || count == 0)
            out[i] /= (double)count; /* 0/0 is the mean of nothing */
        else
            out[i] = mean_of_large(group, count);
    }
}

void boc__reduce(boc__reduce_op_t op, boc__axis_t axis, double *out, boc__matrix_t a,
                 const boc__matrix_t *where) {
    assert(where == NULL || boc__shape_equal(boc__matrix_shape(a), boc__matrix_shape(*where)));
    boc__shape_t shape = groups_of(axis, boc__matrix_shape(a));
    const double *mask = where == NULL ? NULL : where->data;
    size_t groups = axis == BOC__AXIS_COLUMNS ? shape.columns : shape.rows;
    switch (op) {
    case BOC__SUM:
        sums(BOC__TERM_ITSELF, axis, out, shape, a.data, mask);
        break;
    case BOC__MEAN:
        means(axis, out, shape, a.data, mask);
        break;
    case BOC__MAGNITUDE_SQUARED:
        squares(axis, out, shape, a.data, mask);
        break;
    case BOC__MAGNITUDE:
        squares(axis, out, shape, a.data, mask);
        for (size_t i = 0; i < groups; i++)
            out[i] = sqrt(out[i]);
        break;
    case BOC__MIN:
    case BOC__MAX:
        boc__extremes(op == BOC__MAX, axis == BOC__AXIS_COLUMNS, out, shape, a.data, mask);
        break;
    }
}

double boc__reduce_length(const double *data, size_t count) {
    return sqrt(boc__sums_squares(data, count));
}

void boc__reduce_arg(bool largest, boc__axis_t axis, double *out, boc__matrix_t a,
                     const boc__matrix_t *where) {
    assert(where == NULL || boc__shape_equal(boc__matrix_shape(a), boc__matrix_shape(*where)));
    boc__shape_t shape = groups_of(axis, boc__matrix_shape(a));
    boc__extremes_places(largest, axis == BOC__AXIS_COLUMNS, out, shape, a.data,
                         where == NULL ? NULL : where->data);
}

void boc__reduce_vecdot(boc__axis_t axis, double *out, boc__shape_t shape, boc__matrix_t a,
                        boc__matrix_t b) {
    boc__walk_t left = boc__walk_over(a, shape);
    boc__walk_t right = boc__walk_over(b, shape);
    if (axis == BOC__AXIS_NONE) {
        *out = boc__sums_products(shape, left, right);
    } else if (axis == BOC__AXIS_ROWS) {
        boc__sums_rows(BOC__TERM_PRODUCT, out, shape, left, right, NULL);
    } else {
        for (size_t c = 0; c < shape.columns; c += BOC__SUMS_BLOCK)
            boc__sums_columns(BOC__TERM_PRODUCT, out + c, shape, c,
                              smaller(BOC__SUMS_BLOCK, shape.columns - c), left, right, NULL);
    }
}

static bool is_vector(boc__shape_t shape) { return shape.rows == 1 || shape.columns == 1; }

boc__matrix_status_t boc__vecdot_shape(boc__shape_t a, boc__shape_t b, boc__shape_t *p_shape,
                                       bool *p_turn_b) {
    *p_turn_b = false;
    bool rows_match = a.rows == b.rows && (a.columns == 1 || b.columns == 1);
    bool columns_match = a.columns == b.columns && (a.rows == 1 || b.rows == 1);
    if (boc__shape_equal(a, b) || rows_match || columns_match)
        return boc__shape_broadcast(a, b, p_shape);
    if (!is_vector(a) || !is_vector(b) || a.rows * a.columns != b.rows * b.columns)
        return BOC__MATRIX_ESHAPE;
    *p_shape = a;
    *p_turn_b = true;
    return BOC__MATRIX_OK;
}
