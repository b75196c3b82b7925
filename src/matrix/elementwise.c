/* elementwise.c - loops over places; each operand is a vector, or one number, along a row. */
#include "matrix/elementwise.h"

#include "matrix/lanes.h"
#include "matrix/walk.h"

#include <assert.h>
#include <math.h>

/* Make rows as long as possible: a column is a row, its elements follow each other; and many rows
 * are one where each operand has the result's shape or is a single number. */
static boc__shape_t lengthen(boc__shape_t shape, size_t count, boc__walk_t *const walks[]) {
    if (shape.rows == 1)
        return shape;
    if (shape.columns != 1) {
        for (size_t i = 0; i < count; i++)
            if (walks[i]->row_step != walks[i]->step * shape.columns)
                return shape;
    } else {
        for (size_t i = 0; i < count; i++)
            walks[i]->step = walks[i]->row_step;
    }
    for (size_t i = 0; i < count; i++)
        walks[i]->row_step = 0;
    return (boc__shape_t){1, shape.rows * shape.columns};
}

/* Along each row: both vectors, then a vector with a number on either side.  Both are numbers
 * only where the row has one element. */
#define EACH(EXPRESSION)                                                                           \
    for (size_t r = 0; r < shape.rows; r++) {                                                      \
        double *to = out + r * columns;                                                            \
        const double *left = a.data + r * a.row_step;                                              \
        const double *right = b.data + r * b.row_step;                                             \
        if (a.step != 0 && b.step != 0) {                                                          \
            BOC__INDEPENDENT                                                                       \
            for (size_t c = 0; c < columns; c++) {                                                 \
                double x = left[c], y = right[c];                                                  \
                to[c] = (EXPRESSION);                                                              \
            }                                                                                      \
        } else if (b.step == 0) {                                                                  \
            double y = right[0];                                                                   \
            BOC__INDEPENDENT                                                                       \
            for (size_t c = 0; c < columns; c++) {                                                 \
                double x = left[c];                                                                \
                to[c] = (EXPRESSION);                                                              \
            }                                                                                      \
        } else {                                                                                   \
            double x = left[0];                                                                    \
            BOC__INDEPENDENT                                                                       \
            for (size_t c = 0; c < columns; c++) {                                                 \
                double y = right[c];                                                               \
                to[c] = (EXPRESSION);                                                              \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    break

BOC__CLONES static void binary(boc__binary_op_t op, double *out, boc__shape_t shape, boc__walk_t a,
                               boc__walk_t b) {
    const size_t columns = shape.columns;
    switch (op) {
    case BOC__ADD:
        EACH(x + y);
    case BOC__SUBTRACT:
        EACH(x - y);
    case BOC__MULTIPLY:
        EACH(x * y);
    case BOC__DIVIDE:
        EACH(x / y);
    case BOC__LESS:
        EACH(x < y ? 1.0 : 0.0);
    case BOC__LESS_EQUAL:
        EACH(x <= y ? 1.0 : 0.0);
    case BOC__GREATER:
        EACH(x > y ? 1.0 : 0.0);
    case BOC__GREATER_EQUAL:
        EACH(x >= y ? 1.0 : 0.0);
    case BOC__EQUAL:
        EACH(x == y ? 1.0 : 0.0);
    case BOC__NOT_EQUAL:
        EACH(x != y ? 1.0 : 0.0);
    }
}

#undef EACH

void boc__elementwise_binary(boc__binary_op_t op, boc__matrix_t out, boc__matrix_t a,
                             boc__matrix_t b) {
    boc__shape_t shape = boc__matrix_shape(out);
    assert(!boc__matrix_clobbers(out, a) && !boc__matrix_clobbers(out, b));
    boc__walk_t left = boc__walk_over(a, shape);
    boc__walk_t right = boc__walk_over(b, shape);
    shape = lengthen(shape, 2, (boc__walk_t *const[]){&left, &right});
    binary(op, out.data, shape, left, right);
}

#define EACH(EXPRESSION)                                                                           \
    BOC__INDEPENDENT                                                                               \
    for (size_t i = 0; i < count; i++) {                                                           \
        double x = a[i];                                                                           \
        out[i] = (EXPRESSION);                                                                     \
    }                                                                                              \
    break

BOC__CLONES static void unary(boc__unary_op_t op, double *out, const double *a, size_t count) {
    switch (op) {
    case BOC__NEGATE:
        EACH(-x);
    case BOC__ABS:
        EACH(fabs(x));
    case BOC__CEIL:
        EACH(ceil(x));
    case BOC__FLOOR:
        EACH(floor(x));
    case BOC__ROUND:
        EACH(rint(x));
    case BOC__SQRT:
        EACH(sqrt(x));
    case BOC__SIGN:
        EACH((x > 0.0 ? 1.0 : 0.0) - (x < 0.0 ? 1.0 : 0.0));
    case BOC__COS:
        EACH(cos(x));
    case BOC__SIN:
        EACH(sin(x));
    }
}

#undef EACH

void boc__elementwise_unary(boc__unary_op_t op, boc__matrix_t out, boc__matrix_t a) {
    assert(boc__shape_equal(boc__matrix_shape(out), boc__matrix_shape(a)));
    assert(!boc__matrix_clobbers(out, a));
    unary(op, out.data, a.data, out.rows * out.columns);
}

BOC__CLONES static void clip(double *out, const double *a, size_t count, double low, double high) {
    BOC__INDEPENDENT
    for (size_t i = 0; i < count; i++) {
        double x = a[i];
        x = x < low ? low : x; /* false for NaN on either side */
        out[i] = x > high ? high : x;
    }
}

void boc__elementwise_clip(boc__matrix_t out, boc__matrix_t a, double low, double high) {
    assert(boc__shape_equal(boc__matrix_shape(out), boc__matrix_shape(a)));
    assert(!boc__matrix_clobbers(out, a));
    clip(out.data, a.data, out.rows * out.columns, low, high);
}

/* The first operand is a vector along each row, the other two a vector or a number. */
#define EACH(EXPRESSION)                                                                           \
    for (size_t r = 0; r < shape.rows; r++) {                                                      \
        double *to = out + r * shape.columns;                                                      \
        const double *first = a.data + r * a.row_step;                                             \
        const double *second = b.data + r * b.row_step;                                            \
        const double *third = c.data + r * c.row_step;                                             \
        if (b.step != 0 && c.step != 0) {                                                          \
            BOC__INDEPENDENT                                                                       \
            for (size_t i = 0; i < shape.columns; i++) {                                           \
                double x = first[i], y = second[i], z = third[i];                                  \
                to[i] = (EXPRESSION);                                                              \
            }                                                                                      \
        } else if (b.step != 0) {                                                                  \
            double z = third[0];                                                                   \
            BOC__INDEPENDENT                                                                       \
            for (size_t i = 0; i < shape.columns; i++) {                                           \
                double x = first[i], y = second[i];                                                \
                to[i] = (EXPRESSION);                                                              \
            }                                                                                      \
        } else if (c.step != 0) {                                                                  \
            double y = second[0];                                                                  \
            BOC__INDEPENDENT                                                                       \
            for (size_t i = 0; i < shape.columns; i++) {                                           \
                double x = first[i], z = third[i];                                                 \
                to[i] = (EXPRESSION);                                                              \
            }                                                                                      \
        } else {                                                                                   \
            double y = second[0], z = third[0];                                                    \
            BOC__INDEPENDENT                                                                       \
            for (size_t i = 0; i < shape.columns; i++) {                                           \
                double x = first[i];                                                               \
                to[i] = (EXPRESSION);                                                              \
            }                                                                                      \
        }                                                                                          \
    }

BOC__CLONES_FMA static void fused(double *out, boc__shape_t shape, boc__walk_t a, boc__walk_t b,
                                  boc__walk_t c){EACH(fma(x, y, z))}

BOC__CLONES static void scaled_add(double *out, boc__shape_t shape, boc__walk_t a, boc__walk_t b,
                                   boc__walk_t c){EACH(x + y * z)}

BOC__CLONES static void choose(double *out, boc__shape_t shape, boc__walk_t a, boc__walk_t b,
                               boc__walk_t c) {
    EACH(x != 0.0 ? y : z)
}

#undef EACH

typedef void (*ternary_fn)(double *out, boc__shape_t shape, boc__walk_t a, boc__walk_t b,
                           boc__walk_t c);

static void ternary(ternary_fn run, boc__matrix_t out, boc__matrix_t a, boc__matrix_t b,
                    boc__matrix_t c) {
    boc__shape_t shape = boc__matrix_shape(out);
    assert(boc__shape_equal(shape, boc__matrix_shape(a)));
    assert(!boc__matrix_clobbers(out, a) && !boc__matrix_clobbers(out, b) &&
           !boc__matrix_clobbers(out, c));
    boc__walk_t first = boc__walk_over(a, shape);
    boc__walk_t second = boc__walk_over(b, shape);
    boc__walk_t third = boc__walk_over(c, shape);
    shape = lengthen(shape, 3, (boc__walk_t *const[]){&first, &second, &third});
    run(out.data, shape, first, second, third);
}

void boc__elementwise_fma(boc__matrix_t out, boc__matrix_t a, boc__matrix_t b, boc__matrix_t c) {
    ternary(fused, out, a, b, c);
}

void boc__elementwise_scaled_add(boc__matrix_t out, boc__matrix_t a, boc__matrix_t s,
                                 boc__matrix_t x) {
    ternary(scaled_add, out, a, s, x);
}

void boc__elementwise_where(boc__matrix_t out, boc__matrix_t mask, boc__matrix_t a,
                            boc__matrix_t b) {
    ternary(choose, out, mask, a, b);
}
