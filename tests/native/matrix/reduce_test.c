/* Reductions against loops that follow the order reduce.h promises, one element at a time. */
#include "fixture.h"

#include "matrix/reduce.h"

typedef struct group {
    double *values;
    double *masks; /* NULL: all count */
    size_t count;
} group_t;

static size_t groups_of(boc__axis_t axis, boc__matrix_t a) {
    return axis == BOC__AXIS_NONE ? 1 : axis == BOC__AXIS_COLUMNS ? a.columns : a.rows;
}

/* Copy out what group `g` reduces. */
static group_t gather(boc__axis_t axis, boc__matrix_t a, const boc__matrix_t *where, size_t g) {
    size_t size = a.rows * a.columns;
    group_t group = {malloc(size * sizeof(double) + 1), NULL, 0};
    CHECK(group.values != NULL);
    if (where != NULL) {
        group.masks = malloc(size * sizeof(double) + 1);
        CHECK(group.masks != NULL);
    }
    for (size_t r = 0; r < a.rows; r++)
        for (size_t c = 0; c < a.columns; c++) {
            if ((axis == BOC__AXIS_COLUMNS && c != g) || (axis == BOC__AXIS_ROWS && r != g))
                continue;
            group.values[group.count] = at(a, r, c);
            if (where != NULL)
                group.masks[group.count] = at(*where, r, c);
            group.count++;
        }
    return group;
}

static void release(group_t group) {
    free(group.values);
    free(group.masks);
}

static bool counts(group_t group, size_t i) { return group.masks == NULL || group.masks[i] != 0.0; }

static double sum_of(group_t group, boc__axis_t axis, bool squared) {
    double lane[16] = {0.0}, rest[2] = {0.0};
    size_t whole = group.count - group.count % 8;
    for (size_t i = 0; i < group.count; i++) {
        volatile double term = squared ? group.values[i] * group.values[i] : group.values[i];
        double *sum = i < whole ? &lane[i % 16] : &rest[i % 2];
        *(axis == BOC__AXIS_COLUMNS ? lane : sum) += counts(group, i) ? term : 0.0;
    }
    for (size_t half = 8; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            lane[k] += lane[k + half];
    return lane[0] + (rest[0] + rest[1]);
}

static size_t counted(group_t group) {
    size_t count = 0;
    for (size_t i = 0; i < group.count; i++)
        count += counts(group, i);
    return count;
}

static double extreme_of(group_t group, bool largest) {
    double best = NAN;
    bool found = false;
    for (size_t i = 0; i < group.count; i++) {
        double x = group.values[i];
        if (!counts(group, i))
            continue;
        if (x != x)
            return NAN;
        if (!found || (largest ? x > best : x < best))
            best = x;
        found = true;
    }
    return best;
}

static double place_of(group_t group, bool largest) {
    double place = -1.0;
    double best = 0.0;
    for (size_t i = 0; i < group.count; i++) {
        double x = group.values[i];
        if (counts(group, i) && (place < 0.0 || (largest ? x > best : x < best))) {
            best = x;
            place = (double)i;
        }
    }
    return place;
}

/* Zeros of either sign are the same extreme. */
static bool same_extreme(double a, double b) { return a == b || same_number(a, b); }

static void check_group(boc__axis_t axis, boc__matrix_t a, const boc__matrix_t *where, size_t g,
                        double *const results[8]) {
    group_t group = gather(axis, a, where, g);
    double sum = sum_of(group, axis, false);
    double squares = sum_of(group, axis, true);
    CHECK(same_number(results[BOC__SUM][g], sum));
    CHECK(same_number(results[BOC__MAGNITUDE_SQUARED][g], squares));
    CHECK(same_number(results[BOC__MAGNITUDE][g], sqrt(squares)));
    if (isfinite(sum))
        CHECK(same_number(results[BOC__MEAN][g], sum / (double)counted(group)));
    CHECK(same_extreme(results[BOC__MIN][g], extreme_of(group, false)));
    CHECK(same_extreme(results[BOC__MAX][g], extreme_of(group, true)));
    CHECK(same_number(results[6][g], place_of(group, false)));
    CHECK(same_number(results[7][g], place_of(group, true)));
    release(group);
}

static void check_reductions(boc__matrix_t a, const boc__matrix_t *where) {
    for (int axis = BOC__AXIS_NONE; axis <= BOC__AXIS_ROWS; axis++) {
        size_t groups = groups_of((boc__axis_t)axis, a);
        double *results[8];
        for (size_t i = 0; i < 8; i++) {
            results[i] = malloc(groups * sizeof(double) + (groups == 0));
            CHECK(results[i] != NULL);
        }
        for (boc__reduce_op_t op = BOC__SUM; op <= BOC__MAX; op++)
            boc__reduce(op, (boc__axis_t)axis, results[op], a, where);
        boc__reduce_arg(false, (boc__axis_t)axis, results[6], a, where);
        boc__reduce_arg(true, (boc__axis_t)axis, results[7], a, where);
        for (size_t g = 0; g < groups; g++)
            check_group((boc__axis_t)axis, a, where, g, results);
        for (size_t i = 0; i < 8; i++)
            free(results[i]);
    }
}

BOC_TEST(reductions_follow_the_promised_order) {
    EACH_SHAPE(shape) {
        boc__matrix_t a = make_with(*shape, plain);
        check_reductions(a, NULL);
        drop(a);
    }
}

BOC_TEST(reductions_of_odd_values) {
    for (int round = 0; round < 20; round++) {
        EACH_SHAPE(shape) {
            boc__matrix_t a = make_with(*shape, odd);
            check_reductions(a, NULL);
            drop(a);
        }
    }
}

static double zero_or_odd(void) { return draw() % 2 == 0 ? 0.0 : odd(); }

BOC_TEST(reductions_under_a_mask) {
    for (int round = 0; round < 20; round++) {
        EACH_SHAPE(shape) {
            boc__matrix_t a = make_with(*shape, odd);
            boc__matrix_t where = make_with(*shape, zero_or_odd);
            check_reductions(a, &where);
            drop(a);
            drop(where);
        }
    }
}

BOC_TEST(reductions_of_nothing_give_what_the_header_says) {
    const boc__shape_t empty[] = {{0, 0}, {0, 3}, {3, 0}};
    for (size_t i = 0; i < 3; i++) {
        boc__matrix_t a = make(empty[i].rows, empty[i].columns);
        check_reductions(a, NULL);
        drop(a);
    }
    double result = 0.0;
    boc__matrix_t a = make_of(1, 2, (double[]){NAN, 4.0});
    boc__matrix_t none = make_of(1, 2, (double[]){0.0, -0.0});
    boc__reduce(BOC__MEAN, BOC__AXIS_NONE, &result, a, &none);
    CHECK(isnan(result));
    boc__reduce(BOC__MAX, BOC__AXIS_NONE, &result, a, &none);
    CHECK(isnan(result));
    boc__reduce(BOC__SUM, BOC__AXIS_NONE, &result, a, &none);
    CHECK(result == 0.0);
    boc__reduce_arg(true, BOC__AXIS_NONE, &result, a, &none);
    CHECK(result == -1.0);
    drop(a);
    drop(none);
}

static double mean_of(size_t count, const double *values) {
    double result = 0.0;
    boc__matrix_t a = make_of(1, count, values);
    boc__reduce(BOC__MEAN, BOC__AXIS_NONE, &result, a, NULL);
    double by_row = 0.0;
    boc__reduce(BOC__MEAN, BOC__AXIS_ROWS, &by_row, a, NULL);
    CHECK(same_number(result, by_row));
    drop(a);
    return result;
}

BOC_TEST(mean_is_finite_where_the_sum_is_not) {
    CHECK(mean_of(2, (double[]){1e308, 1e308}) == 1e308);
    CHECK(mean_of(4, (double[]){1e308, 1e308, -1e308, -1e308}) == 0.0);
    CHECK(mean_of(3, (double[]){1.5e308, 1.5e308, 1.5e308}) == 1.5e308);
    CHECK(mean_of(2, (double[]){INFINITY, 1.0}) == INFINITY);
    CHECK(isnan(mean_of(2, (double[]){INFINITY, -INFINITY})));
    CHECK(isnan(mean_of(3, (double[]){1e308, NAN, 1e308})));
    boc__matrix_t a = make_of(3, 1, (double[]){1e308, -1.0, 1e308});
    boc__matrix_t where = make_of(3, 1, (double[]){1.0, 0.0, 2.0});
    double result = 0.0;
    boc__reduce(BOC__MEAN, BOC__AXIS_COLUMNS, &result, a, &where);
    CHECK(result == 1e308);
    drop(a);
    drop(where);
}

BOC_TEST(extremes_of_infinities_are_infinities) {
    double result = 0.0;
    boc__matrix_t a = make(3, 5);
    boc__matrix_fill(a, INFINITY);
    boc__reduce(BOC__MIN, BOC__AXIS_NONE, &result, a, NULL);
    CHECK(result == INFINITY);
    boc__matrix_fill(a, -INFINITY);
    boc__reduce(BOC__MAX, BOC__AXIS_NONE, &result, a, NULL);
    CHECK(result == -INFINITY);
    drop(a);
}

/* Goal: dot products are the sums of the products matrix, bit for bit. */
static void check_vecdot(boc__shape_t a_shape, boc__shape_t b_shape) {
    boc__shape_t shape;
    bool turn = false;
    if (boc__vecdot_shape(a_shape, b_shape, &shape, &turn) != BOC__MATRIX_OK)
        return;
    boc__matrix_t a = make_with(a_shape, plain);
    boc__matrix_t b = make_with(b_shape, plain);
    if (turn) {
        b.rows = shape.rows;
        b.columns = shape.columns;
    }
    boc__matrix_t products = make(shape.rows, shape.columns);
    for (size_t r = 0; r < shape.rows; r++)
        for (size_t c = 0; c < shape.columns; c++)
            products.data[r * shape.columns + c] = spread(a, r, c) * spread(b, r, c);
    for (int axis = BOC__AXIS_NONE; axis <= BOC__AXIS_ROWS; axis++) {
        size_t groups = groups_of((boc__axis_t)axis, products);
        boc__matrix_t expected = make(1, groups);
        boc__matrix_t actual = make(1, groups);
        boc__reduce(BOC__SUM, (boc__axis_t)axis, expected.data, products, NULL);
        boc__reduce_vecdot((boc__axis_t)axis, actual.data, shape, a, b);
        check_same(actual.data, expected.data, groups);
        boc__reduce_vecdot((boc__axis_t)axis, actual.data, shape, b, a);
        check_same(actual.data, expected.data, groups);
        drop(expected);
        drop(actual);
    }
    drop(a);
    drop(b);
    drop(products);
}

BOC_TEST(vecdot_is_the_sum_of_products) { EACH_SHAPE(a) EACH_SHAPE(b) check_vecdot(*a, *b); }

BOC_TEST(vecdot_accepts_the_documented_pairs) {
    boc__shape_t shape;
    bool turn = false;
    CHECK_EQ(boc__vecdot_shape((boc__shape_t){4, 3}, (boc__shape_t){4, 3}, &shape, &turn), 0);
    CHECK_EQ(boc__vecdot_shape((boc__shape_t){4, 3}, (boc__shape_t){1, 3}, &shape, &turn), 0);
    CHECK_EQ(boc__vecdot_shape((boc__shape_t){4, 1}, (boc__shape_t){4, 3}, &shape, &turn), 0);
    CHECK(!turn && shape.rows == 4 && shape.columns == 3);
    CHECK_EQ(boc__vecdot_shape((boc__shape_t){1, 3}, (boc__shape_t){3, 1}, &shape, &turn), 0);
    CHECK(turn && shape.rows == 1 && shape.columns == 3);
    CHECK_EQ(boc__vecdot_shape((boc__shape_t){4, 3}, (boc__shape_t){1, 1}, &shape, &turn),
             BOC__MATRIX_ESHAPE);
    CHECK_EQ(boc__vecdot_shape((boc__shape_t){4, 1}, (boc__shape_t){1, 3}, &shape, &turn),
             BOC__MATRIX_ESHAPE);
    CHECK_EQ(boc__vecdot_shape((boc__shape_t){4, 3}, (boc__shape_t){3, 4}, &shape, &turn),
             BOC__MATRIX_ESHAPE);
}
