/* matrix_fuzz.c - any sequence of calls that the headers of src/matrix allow.
 *
 * Goal: no byte outside a matrix is read or written, and no arithmetic on sizes goes wrong.
 * Method: two matrices of random shapes, each in an allocation of its own; random calls whose
 * arguments go through the same checks as a caller's; the sanitizers watch.  What a read gives is
 * compared with the elements it was to give. */
#define BOC_TEST_OWN_MAIN
#include "fuzz.h"

#include "../matrix/fixture.h"
#include "matrix/compare.h"
#include "matrix/elementwise.h"
#include "matrix/index.h"
#include "matrix/matmul.h"
#include "matrix/random.h"
#include "matrix/reduce.h"
#include "matrix/topk.h"
#include "matrix/transpose.h"
#include "matrix/vector.h"

static boc__axis_t any_axis(boc_fuzz_t *fuzz) {
    return (boc__axis_t)((int)fuzz_below(fuzz, 3) - 1);
}

/* Mostly small, often one dimension of 1, now and then beyond every block. */
static boc__shape_t any_shape(boc_fuzz_t *fuzz) {
    static const size_t LIMITS[] = {1, 2, 4, 9, 20, 140};
    boc__shape_t shape = {1 + fuzz_below(fuzz, LIMITS[fuzz_below(fuzz, 6)]),
                          1 + fuzz_below(fuzz, LIMITS[fuzz_below(fuzz, 6)])};
    return shape;
}

static double any_value(boc_fuzz_t *fuzz) {
    uint64_t word = fuzz_word(fuzz);
    double value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static boc__matrix_t any_matrix(boc_fuzz_t *fuzz, boc__shape_t shape) {
    boc__matrix_t a = make(shape.rows, shape.columns);
    boc__random_t random;
    boc__random_seed(&random, fuzz_word(fuzz));
    boc__random_normal(&random, a.data, shape.rows * shape.columns, 0.0, 10.0);
    for (size_t i = fuzz_below(fuzz, 4); i > 0; i--)
        a.data[fuzz_below(fuzz, shape.rows * shape.columns)] = any_value(fuzz);
    return a;
}

/* A slice as Python would hand it on: clamped to the dimension, never empty. */
static boc__span_t any_span(boc_fuzz_t *fuzz, size_t length) {
    boc__span_t span = {fuzz_below(fuzz, length), (ptrdiff_t)fuzz_below(fuzz, 9) - 4, 1};
    size_t room = span.step > 0 ? length - 1 - span.start : span.start;
    if (span.step != 0)
        span.count += fuzz_below(fuzz, room / (size_t)(span.step > 0 ? span.step : -span.step) + 1);
    return span;
}

/* Indices as a caller gets them, of which those that wrap are kept. */
static size_t *any_places(boc_fuzz_t *fuzz, size_t length, size_t count) {
    size_t *places = malloc(count * sizeof *places);
    CHECK(places != NULL);
    for (size_t i = 0; i < count; i++) {
        ptrdiff_t index = (ptrdiff_t)fuzz_word(fuzz) >> fuzz_below(fuzz, 64);
        if (boc__index_wrap(index, length, &places[i]) != BOC__MATRIX_OK)
            places[i] = fuzz_below(fuzz, length);
        CHECK(places[i] < length);
    }
    return places;
}

static void blocks(boc_fuzz_t *fuzz, boc__matrix_t a) {
    boc__span_t rows = any_span(fuzz, a.rows), columns = any_span(fuzz, a.columns);
    boc__matrix_t out = make(rows.count, columns.count);
    boc__index_read(out, a, rows, columns);
    for (size_t r = 0; r < out.rows; r++)
        for (size_t c = 0; c < out.columns; c++)
            CHECK(
                same_number(at(out, r, c),
                            at(a, (size_t)((ptrdiff_t)rows.start + (ptrdiff_t)r * rows.step),
                               (size_t)((ptrdiff_t)columns.start + (ptrdiff_t)c * columns.step))));
    boc__matrix_t value =
        any_matrix(fuzz, spreading(boc__matrix_shape(out), (unsigned)fuzz_below(fuzz, 4)));
    boc__index_write(a, rows, columns, value);
    boc__index_read(out, a, rows, columns);
    for (size_t r = 0; r < out.rows; r++)
        for (size_t c = 0; c < out.columns; c++)
            CHECK(same_number(at(out, r, c), spread(value, r, c)));
    drop(out);
    drop(value);
}

static void lists(boc_fuzz_t *fuzz, boc__matrix_t a) {
    boc__axis_t axis = fuzz_below(fuzz, 2) == 0 ? BOC__AXIS_COLUMNS : BOC__AXIS_ROWS;
    bool by_row = axis == BOC__AXIS_COLUMNS;
    size_t count = 1 + fuzz_below(fuzz, 80);
    size_t *places = any_places(fuzz, by_row ? a.rows : a.columns, count);
    boc__matrix_t out = by_row ? make(count, a.columns) : make(a.rows, count);
    boc__index_take(axis, out, a, places, count);
    boc__matrix_t one = any_matrix(fuzz, (boc__shape_t){1, 1});
    boc__index_put(axis, a, places, count, fuzz_below(fuzz, 2) == 0 ? out : one,
                   fuzz_below(fuzz, 2) == 0);
    free(places);
    drop(out);
    size_t groups = by_row ? a.columns : a.rows;
    places = any_places(fuzz, by_row ? a.rows : a.columns, groups);
    out = by_row ? make(1, groups) : make(groups, 1);
    boc__index_take_along(axis, out, a, places);
    boc__index_put_along(axis, a, places, fuzz_below(fuzz, 2) == 0 ? out : one,
                         fuzz_below(fuzz, 2) == 0);
    free(places);
    drop(out);
    drop(one);
}

static void repeats(boc_fuzz_t *fuzz, boc__matrix_t a) {
    boc__axis_t axis = any_axis(fuzz);
    size_t n = 1 + fuzz_below(fuzz, 5);
    boc__matrix_t out = axis == BOC__AXIS_NONE      ? make(1, a.rows * a.columns * n)
                        : axis == BOC__AXIS_COLUMNS ? make(a.rows * n, a.columns)
                                                    : make(a.rows, a.columns * n);
    boc__index_repeat(axis, out, a, n);
    drop(out);
}

static void reductions(boc_fuzz_t *fuzz, boc__matrix_t a) {
    boc__axis_t axis = any_axis(fuzz);
    size_t groups = axis == BOC__AXIS_NONE ? 1 : axis == BOC__AXIS_COLUMNS ? a.columns : a.rows;
    boc__matrix_t out = make(1, groups);
    boc__matrix_t mask = any_matrix(fuzz, boc__matrix_shape(a));
    boc__elementwise_binary(BOC__LESS, mask, mask, (boc__matrix_t){(double[]){0.0}, 1, 1});
    const boc__matrix_t *where = fuzz_below(fuzz, 2) == 0 ? &mask : NULL;
    boc__reduce((boc__reduce_op_t)fuzz_below(fuzz, 6), axis, out.data, a, where);
    boc__reduce_arg(fuzz_below(fuzz, 2) == 0, axis, out.data, a, where);
    size_t length = a.rows * a.columns / groups;
    size_t k = 1 + fuzz_below(fuzz, length);
    boc__matrix_t values = make(groups, k), places = make(groups, k);
    boc__topk_entry_t *scratch = malloc(k * sizeof *scratch);
    CHECK(scratch != NULL);
    boc__topk(fuzz_below(fuzz, 2) == 0, axis, k, values.data, places.data, a, where, scratch);
    for (size_t i = 0; i < groups * k; i++)
        CHECK(places.data[i] >= -1.0 && places.data[i] < (double)length);
    free(scratch);
    boc__vector_normalize(axis, a, a, out.data);
    drop(out);
    drop(mask);
    drop(values);
    drop(places);
}

static void pairs(boc_fuzz_t *fuzz, boc__matrix_t a, boc__matrix_t b) {
    boc__shape_t shape;
    bool turn = false;
    boc__binary_op_t op = (boc__binary_op_t)fuzz_below(fuzz, 10);
    if (boc__shape_broadcast(boc__matrix_shape(a), boc__matrix_shape(b), &shape) ==
        BOC__MATRIX_OK) {
        boc__matrix_t out = make(shape.rows, shape.columns);
        boc__elementwise_binary(op, out, a, b);
        if (boc__shape_spreads(boc__matrix_shape(b), boc__matrix_shape(a))) {
            boc__elementwise_binary(op, a, a, b);
            boc__elementwise_fma(a, a, b, b);
            boc__elementwise_scaled_add(a, a, b, b);
            boc__elementwise_where(a, a, b, b);
        }
        drop(out);
    }
    if (boc__shape_equal(boc__matrix_shape(a), boc__matrix_shape(b))) {
        (void)boc__compare_order(a, b);
        (void)boc__compare_close(a, b, any_value(fuzz), any_value(fuzz), true);
    }
    if (a.columns == b.rows) {
        boc__matrix_t out = make(a.rows, b.columns);
        boc__matmul(out, a, b);
        drop(out);
    }
    if (boc__vecdot_shape(boc__matrix_shape(a), boc__matrix_shape(b), &shape, &turn) ==
        BOC__MATRIX_OK) {
        boc__matrix_t other = turn ? (boc__matrix_t){b.data, a.rows, a.columns} : b;
        boc__matrix_t out = make(shape.rows, shape.columns);
        boc__reduce_vecdot(any_axis(fuzz), out.data, shape, a, other);
        drop(out);
    }
}

static void vectors(boc_fuzz_t *fuzz, boc__matrix_t a, boc__matrix_t b) {
    boc__vectors_t plan;
    boc__cross_t cross;
    boc__axis_t axis = any_axis(fuzz);
    if (boc__vectors_of_two(boc__matrix_shape(a), axis, &plan) == BOC__MATRIX_OK) {
        boc__matrix_t out = make(1, plan.count);
        boc__vector_angle(out.data, a, plan);
        boc__vector_perpendicular(a, a, plan);
        drop(out);
    }
    if (boc__cross_plan(boc__matrix_shape(a), boc__matrix_shape(b), axis, &cross) ==
        BOC__MATRIX_OK) {
        boc__matrix_t out = make(cross.result.rows, cross.result.columns);
        boc__cross_apply(&cross, out.data, a, b);
        drop(out);
    }
}

static void alone(boc_fuzz_t *fuzz, boc__matrix_t *a) {
    boc__elementwise_unary((boc__unary_op_t)fuzz_below(fuzz, 9), *a, *a);
    boc__elementwise_clip(*a, *a, any_value(fuzz), any_value(fuzz));
    size_t room = boc__transpose_scratch(boc__matrix_shape(*a));
    double *scratch = malloc((room + 1) * sizeof *scratch);
    CHECK(scratch != NULL);
    boc__transpose_in_place(a, scratch);
    free(scratch);
    size_t count = 0;
    size_t rows = (size_t)fuzz_word(fuzz), columns = (size_t)fuzz_word(fuzz);
    if (boc__matrix_count(rows, columns, &count) == BOC__MATRIX_OK)
        CHECK(columns == 0 || count / columns == rows);
}

/* Draws of all sizes and bounds; finite bounds hold what comes out. */
static void numbers(boc_fuzz_t *fuzz, boc__matrix_t a) {
    boc__random_t random;
    boc__random_seed(&random, fuzz_word(fuzz));
    for (size_t i = fuzz_below(fuzz, 40); i > 0; i--)
        (void)boc__random_next(&random);
    for (int round = 0; round < 3; round++) {
        size_t count = 1 + fuzz_below(fuzz, a.rows * a.columns);
        double low = any_value(fuzz), high = any_value(fuzz);
        boc__random_uniform(&random, a.data, count, low, high);
        for (size_t i = 0; i < count && isfinite(low) && isfinite(high); i++)
            CHECK(low < high ? a.data[i] >= low && a.data[i] < high
                             : a.data[i] <= low && (a.data[i] > high || low == high));
        boc__random_normal(&random, a.data, count, low, high);
    }
    double length = boc__reduce_length(a.data, a.rows * a.columns), other;
    boc__reduce(BOC__MAGNITUDE, BOC__AXIS_NONE, &other, a, NULL);
    CHECK(same_number(length, other));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    boc_fuzz_t fuzz = {bytes, size};
    boc__matrix_t a = any_matrix(&fuzz, any_shape(&fuzz));
    boc__shape_t b_shape = fuzz_below(&fuzz, 2) == 0
                               ? any_shape(&fuzz)
                               : spreading(boc__matrix_shape(a), (unsigned)fuzz_below(&fuzz, 4));
    boc__matrix_t b = any_matrix(&fuzz, b_shape);
    for (int calls = 0; calls < 8; calls++) {
        switch (fuzz_below(&fuzz, 8)) {
        case 0:
            blocks(&fuzz, a);
            break;
        case 1:
            lists(&fuzz, a);
            break;
        case 2:
            repeats(&fuzz, a);
            break;
        case 3:
            reductions(&fuzz, a);
            break;
        case 4:
            pairs(&fuzz, a, b);
            break;
        case 5:
            vectors(&fuzz, a, b);
            break;
        case 6:
            numbers(&fuzz, a);
            break;
        default:
            alone(&fuzz, &a);
        }
    }
    drop(a);
    drop(b);
    return 0;
}
