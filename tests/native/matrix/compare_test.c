/* Order and closeness, with the values that spoil them. */
#include "fixture.h"

#include "matrix/compare.h"

static int order(size_t count, const double *a, const double *b) {
    boc__matrix_t left = make_of(1, count, a), right = make_of(1, count, b);
    int result = boc__compare_order(left, right);
    CHECK_EQ(boc__compare_order(right, left), -result);
    drop(left);
    drop(right);
    return result;
}

BOC_TEST(order_is_decided_by_the_first_pair_that_differs) {
    CHECK_EQ(order(3, (double[]){1, 2, 3}, (double[]){1, 2, 3}), 0);
    CHECK_EQ(order(3, (double[]){1, 2, 3}, (double[]){1, 3, 0}), -1);
    CHECK_EQ(order(3, (double[]){1, 3, 0}, (double[]){1, 2, 9}), 1);
    CHECK_EQ(order(2, (double[]){NAN, 1}, (double[]){5, 2}), -1);
    CHECK_EQ(order(2, (double[]){NAN, NAN}, (double[]){NAN, 1}), 0);
    CHECK_EQ(order(1, (double[]){-0.0}, (double[]){0.0}), 0);
}

BOC_TEST(order_with_a_number_compares_every_element) {
    boc__matrix_t a = make_of(2, 2, (double[]){4, 4, 4, 4});
    boc__matrix_t four = make_of(1, 1, (double[]){4});
    CHECK_EQ(boc__compare_order(a, four), 0);
    a.data[3] = 3;
    CHECK_EQ(boc__compare_order(a, four), -1);
    a.data[1] = 5;
    CHECK_EQ(boc__compare_order(a, four), 1);
    drop(a);
    drop(four);
}

static bool close_by_rule(double a, double b, double rtol, double atol, bool equal_nan) {
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) && equal_nan;
    if (isinf(a) || isinf(b))
        return a == b;
    return fabs(a - b) <= atol + rtol * fabs(b) || a == b;
}

BOC_TEST(close_agrees_with_the_rule_for_every_pair_of_odd_values) {
    for (int i = 0; i < 20000; i++) {
        double x = odd(), y = draw() % 4 == 0 ? x : odd();
        boc__matrix_t a = make_of(1, 1, &x), b = make_of(1, 1, &y);
        for (int nan = 0; nan <= 1; nan++) {
            CHECK_EQ(boc__compare_close(a, b, 1e-5, 1e-8, nan),
                     close_by_rule(x, y, 1e-5, 1e-8, nan));
            CHECK_EQ(boc__compare_close(a, b, 0.0, 0.5, nan), close_by_rule(x, y, 0.0, 0.5, nan));
        }
        drop(a);
        drop(b);
    }
}

BOC_TEST(close_finds_one_bad_pair_wherever_it_is) {
    boc__matrix_t a = make_with((boc__shape_t){101, 99}, plain);
    boc__matrix_t b = copy_of(a);
    CHECK(boc__compare_close(a, b, 0.0, 0.0, false));
    for (size_t i = 0; i < 101 * 99; i += 97) {
        double before = b.data[i];
        b.data[i] = before + 1.0;
        CHECK(!boc__compare_close(a, b, 1e-5, 1e-8, true));
        b.data[i] = before;
    }
    drop(a);
    drop(b);
}
