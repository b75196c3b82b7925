/* Every operation against one line of C, over all ways to spread and to alias. */
#include "fixture.h"

#include "matrix/elementwise.h"

static double binary_of(boc__binary_op_t op, double x, double y) {
    switch (op) {
    case BOC__ADD:
        return x + y;
    case BOC__SUBTRACT:
        return x - y;
    case BOC__MULTIPLY:
        return x * y;
    case BOC__DIVIDE:
        return x / y;
    case BOC__LESS:
        return x < y;
    case BOC__LESS_EQUAL:
        return x <= y;
    case BOC__GREATER:
        return x > y;
    case BOC__GREATER_EQUAL:
        return x >= y;
    case BOC__EQUAL:
        return x == y;
    case BOC__NOT_EQUAL:
        return x != y;
    }
    return 0.0;
}

static double unary_of(boc__unary_op_t op, double x) {
    switch (op) {
    case BOC__NEGATE:
        return -x;
    case BOC__ABS:
        return fabs(x);
    case BOC__CEIL:
        return ceil(x);
    case BOC__FLOOR:
        return floor(x);
    case BOC__ROUND:
        return nearbyint(x);
    case BOC__SQRT:
        return sqrt(x);
    case BOC__SIGN:
        return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0;
    case BOC__COS:
        return cos(x);
    case BOC__SIN:
        return sin(x);
    }
    return 0.0;
}

static void check_binary(boc__binary_op_t op, boc__shape_t shape, boc__shape_t a_shape,
                         boc__shape_t b_shape) {
    boc__matrix_t a = make_with(a_shape, odd);
    boc__matrix_t b = make_with(b_shape, odd);
    boc__matrix_t expected = make(shape.rows, shape.columns);
    boc__matrix_t out = make(shape.rows, shape.columns);
    size_t count = shape.rows * shape.columns;
    for (size_t r = 0; r < shape.rows; r++)
        for (size_t c = 0; c < shape.columns; c++)
            expected.data[r * shape.columns + c] = binary_of(op, spread(a, r, c), spread(b, r, c));
    boc__elementwise_binary(op, out, a, b);
    check_same(out.data, expected.data, count);
    if (boc__shape_equal(b_shape, shape)) { /* out is the right operand */
        boc__matrix_t in_place = copy_of(b);
        boc__elementwise_binary(op, in_place, a, in_place);
        check_same(in_place.data, expected.data, count);
        drop(in_place);
    }
    if (boc__shape_equal(a_shape, shape)) { /* out is the left operand */
        boc__elementwise_binary(op, a, a, b);
        check_same(a.data, expected.data, count);
    }
    drop(a);
    drop(b);
    drop(expected);
    drop(out);
}

BOC_TEST(binary_agrees_with_c_however_operands_spread) {
    EACH_SHAPE(shape) {
        for (boc__binary_op_t op = BOC__ADD; op <= BOC__NOT_EQUAL; op++)
            for (unsigned left = 0; left < 4; left++)
                for (unsigned right = 0; right < 4; right++)
                    if ((left | right) == 3)
                        check_binary(op, *shape, spreading(*shape, left), spreading(*shape, right));
    }
}

BOC_TEST(binary_with_itself_three_times) {
    EACH_SHAPE(shape) {
        boc__matrix_t a = make_with(*shape, odd);
        boc__matrix_t before = copy_of(a);
        boc__elementwise_binary(BOC__ADD, a, a, a);
        for (size_t i = 0; i < shape->rows * shape->columns; i++)
            CHECK(same_number(a.data[i], before.data[i] + before.data[i]));
        drop(a);
        drop(before);
    }
}

BOC_TEST(unary_agrees_with_c_also_in_place) {
    EACH_SHAPE(shape) {
        for (boc__unary_op_t op = BOC__NEGATE; op <= BOC__SIN; op++) {
            boc__matrix_t a = make_with(*shape, odd);
            boc__matrix_t out = make(shape->rows, shape->columns);
            size_t count = shape->rows * shape->columns;
            boc__elementwise_unary(op, out, a);
            for (size_t i = 0; i < count; i++)
                CHECK(same_number(out.data[i], unary_of(op, a.data[i])));
            boc__elementwise_unary(op, a, a);
            check_same(a.data, out.data, count);
            drop(a);
            drop(out);
        }
    }
}

BOC_TEST(round_takes_halves_to_even) {
    const double in[] = {
        -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 0x1.fffffffffffffp+51, 4503599627370497.5};
    const double expected[] = {-2.0, -2.0, -0.0, 0.0, 2.0, 2.0, 4.0, 0x1.0p+52, 4503599627370498.0};
    boc__matrix_t a = make_of(1, 9, in);
    boc__elementwise_unary(BOC__ROUND, a, a);
    check_same(a.data, expected, 9);
    drop(a);
}

static double clipped(double x, double low, double high) {
    if (x < low)
        x = low;
    if (x > high)
        x = high;
    return x;
}

BOC_TEST(clip_keeps_nan_and_leaves_a_nan_bound_open) {
    const double bounds[][2] = {{-0.5, 0.5}, {NAN, 0.0},       {0.0, NAN},     {NAN, NAN},
                                {0.0, 0.0},  {-INFINITY, 1.0}, {1.0, INFINITY}};
    EACH_SHAPE(shape) {
        for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
            boc__matrix_t a = make_with(*shape, odd);
            boc__matrix_t out = make(shape->rows, shape->columns);
            boc__elementwise_clip(out, a, bounds[b][0], bounds[b][1]);
            for (size_t i = 0; i < shape->rows * shape->columns; i++)
                CHECK(same_number(out.data[i], clipped(a.data[i], bounds[b][0], bounds[b][1])));
            boc__elementwise_clip(a, a, bounds[b][0], bounds[b][1]);
            check_same(a.data, out.data, shape->rows * shape->columns);
            drop(a);
            drop(out);
        }
    }
}

typedef void (*ternary_fn)(boc__matrix_t out, boc__matrix_t a, boc__matrix_t b, boc__matrix_t c);

static double fma_of(double x, double y, double z) { return fma(x, y, z); }

/* Through a variable the compiler may not see through, so that nothing is contracted here. */
static double scaled_of(double x, double y, double z) {
    volatile double product = y * z;
    return x + product;
}

static double where_of(double x, double y, double z) { return x != 0.0 ? y : z; }

static void check_ternary(ternary_fn run, double (*of)(double, double, double),
                          double (*value)(void)) {
    EACH_SHAPE(shape) {
        for (unsigned which = 0; which < 16; which++) {
            boc__matrix_t a = make_with(*shape, value);
            boc__matrix_t b = make_with(spreading(*shape, which & 3), value);
            boc__matrix_t c = make_with(spreading(*shape, which >> 2), value);
            boc__matrix_t out = make(shape->rows, shape->columns);
            run(out, a, b, c);
            for (size_t r = 0; r < shape->rows; r++)
                for (size_t col = 0; col < shape->columns; col++)
                    CHECK(same_number(at(out, r, col),
                                      of(at(a, r, col), spread(b, r, col), spread(c, r, col))));
            size_t count = shape->rows * shape->columns;
            if ((which >> 2) == 3) {
                boc__matrix_t in_place = copy_of(c);
                run(in_place, a, b, in_place);
                check_same(in_place.data, out.data, count);
                drop(in_place);
            }
            run(a, a, b, c);
            check_same(a.data, out.data, count);
            drop(a);
            drop(b);
            drop(c);
            drop(out);
        }
    }
}

BOC_TEST(fma_rounds_once) {
    check_ternary(boc__elementwise_fma, fma_of, odd);
    double x = 1.0 + 0x1.0p-27;
    boc__matrix_t a = make_of(1, 1, &x);
    boc__matrix_t b = make_of(1, 1, (double[]){1.0 + 0x1.0p-27});
    boc__matrix_t c = make_of(1, 1, (double[]){-1.0});
    boc__elementwise_fma(a, a, b, c);
    CHECK(a.data[0] == 0x1.0p-26 + 0x1.0p-54);
    drop(a);
    drop(b);
    drop(c);
}

BOC_TEST(scaled_add_rounds_twice) {
    check_ternary(boc__elementwise_scaled_add, scaled_of, odd);
    boc__matrix_t a = make_of(1, 1, (double[]){-1.0});
    boc__matrix_t s = make_of(1, 1, (double[]){1.0 + 0x1.0p-27});
    boc__elementwise_scaled_add(a, a, s, s);
    CHECK(a.data[0] == 0x1.0p-26);
    drop(a);
    drop(s);
}

static double mask_or_odd(void) { return draw() % 2 == 0 ? 0.0 : odd(); }

BOC_TEST(where_takes_nan_for_true) { check_ternary(boc__elementwise_where, where_of, mask_or_odd); }
