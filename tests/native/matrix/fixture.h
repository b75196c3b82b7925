/* fixture.h - matrices for the tests: odd shapes, odd values, comparison by bits. */
#ifndef BOC_TESTS_NATIVE_MATRIX_FIXTURE_H
#define BOC_TESTS_NATIVE_MATRIX_FIXTURE_H

#include "boc_test.h"
#include "matrix/matrix.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* 1x1, rows, columns, squares, sizes around the lanes and the blocks of every kernel. */
static const boc__shape_t SHAPES[] = {
    {1, 1},   {1, 2},   {1, 3},  {1, 7},  {1, 8},  {1, 9},  {1, 100}, {2, 1},   {3, 1}, {8, 1},
    {65, 1},  {2, 2},   {3, 3},  {2, 3},  {3, 2},  {4, 7},  {7, 4},   {5, 8},   {8, 5}, {9, 17},
    {16, 16}, {17, 33}, {64, 3}, {3, 64}, {3, 65}, {65, 3}, {4, 129}, {129, 4},
};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof SHAPES[0] };

#define EACH_SHAPE(name)                                                                           \
    for (const boc__shape_t *name = SHAPES; name < SHAPES + SHAPE_COUNT; name++)

/* A small generator of its own, so that inputs never change with random.c. */
static uint64_t fixture_state = 1;

static inline uint64_t draw(void) {
    fixture_state ^= fixture_state << 13;
    fixture_state ^= fixture_state >> 7;
    fixture_state ^= fixture_state << 17;
    return fixture_state;
}

/* A number of about unit size whose digits do not end early. */
static inline double plain(void) { return ((double)(draw() >> 11) - 0x1.0p52) * 0x1.1p-52; }

/* Now and then one of the values that arithmetic treats apart. */
static inline double odd(void) {
    static const double SPECIAL[] = {NAN,  INFINITY, -INFINITY, 0.0,    -0.0, 0.5,  -0.5,   1.5,
                                     -2.5, 1e308,    -1e308,    5e-324, 1.0,  -1.0, 1e-200, 2.0};
    return draw() % 3 == 0 ? SPECIAL[draw() % (sizeof SPECIAL / sizeof SPECIAL[0])] : plain();
}

/* Its own allocation, so that the address sanitizer sees every byte outside. */
static inline boc__matrix_t make(size_t rows, size_t columns) {
    boc__matrix_t a = {malloc(rows * columns * sizeof(double) + (rows * columns == 0)), rows,
                       columns};
    CHECK(a.data != NULL);
    for (size_t i = 0; i < rows * columns; i++)
        a.data[i] = 12345.0;
    return a;
}

static inline boc__matrix_t make_with(boc__shape_t shape, double (*value)(void)) {
    boc__matrix_t a = make(shape.rows, shape.columns);
    for (size_t i = 0; i < shape.rows * shape.columns; i++)
        a.data[i] = value();
    return a;
}

static inline boc__matrix_t make_of(size_t rows, size_t columns, const double *values) {
    boc__matrix_t a = make(rows, columns);
    memcpy(a.data, values, rows * columns * sizeof(double));
    return a;
}

static inline boc__matrix_t copy_of(boc__matrix_t a) { return make_of(a.rows, a.columns, a.data); }

static inline void drop(boc__matrix_t a) { free(a.data); }

/* The same bits; all NaNs are one, because which operand's NaN survives is not arithmetic. */
static inline bool same_number(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

static inline void check_same(const double *actual, const double *expected, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!same_number(actual[i], expected[i])) {
            fprintf(stderr, "%s: element %zu of %zu is %a, expected %a\n", boc_tests.running, i,
                    count, actual[i], expected[i]);
            abort();
        }
}

static inline double at(boc__matrix_t a, size_t r, size_t c) { return a.data[r * a.columns + c]; }

/* The element that stands at (r, c) when `a` spreads. */
static inline double spread(boc__matrix_t a, size_t r, size_t c) {
    return at(a, a.rows == 1 ? 0 : r, a.columns == 1 ? 0 : c);
}

/* Every shape that spreads over `shape`: 1x1, row, column and itself. */
static inline boc__shape_t spreading(boc__shape_t shape, unsigned which) {
    return (boc__shape_t){(which & 1) != 0 ? shape.rows : 1, (which & 2) != 0 ? shape.columns : 1};
}

#endif
