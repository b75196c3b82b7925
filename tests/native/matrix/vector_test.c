/* Vectors of two and three components in every reading of a shape. */
#include "fixture.h"

#include "matrix/reduce.h"
#include "matrix/vector.h"

BOC_TEST(vectors_of_two_are_rows_unless_only_columns_fit) {
    boc__vectors_t v;
    CHECK_EQ(boc__vectors_of_two((boc__shape_t){5, 2}, BOC__AXIS_NONE, &v), BOC__MATRIX_OK);
    CHECK(v.count == 5 && v.vector_step == 2 && v.component_step == 1);
    CHECK_EQ(boc__vectors_of_two((boc__shape_t){2, 5}, BOC__AXIS_NONE, &v), BOC__MATRIX_OK);
    CHECK(v.count == 5 && v.vector_step == 1 && v.component_step == 5);
    CHECK_EQ(boc__vectors_of_two((boc__shape_t){2, 2}, BOC__AXIS_NONE, &v), BOC__MATRIX_OK);
    CHECK(v.component_step == 1);
    CHECK_EQ(boc__vectors_of_two((boc__shape_t){2, 2}, BOC__AXIS_COLUMNS, &v), BOC__MATRIX_OK);
    CHECK(v.component_step == 2);
    CHECK_EQ(boc__vectors_of_two((boc__shape_t){1, 2}, BOC__AXIS_COLUMNS, &v), BOC__MATRIX_EAXIS);
    CHECK_EQ(boc__vectors_of_two((boc__shape_t){2, 1}, BOC__AXIS_ROWS, &v), BOC__MATRIX_EAXIS);
    CHECK_EQ(boc__vectors_of_two((boc__shape_t){3, 3}, BOC__AXIS_NONE, &v), BOC__MATRIX_ESHAPE);
    CHECK_EQ(boc__vectors_of_two((boc__shape_t){1, 1}, BOC__AXIS_ROWS, &v), BOC__MATRIX_ESHAPE);
}

static void check_two(boc__shape_t shape, boc__axis_t axis) {
    boc__vectors_t v;
    if (boc__vectors_of_two(shape, axis, &v) != BOC__MATRIX_OK)
        return;
    boc__matrix_t a = make_with(shape, odd);
    boc__matrix_t out = make(shape.rows, shape.columns);
    boc__matrix_t angles = make(1, v.count);
    boc__vector_perpendicular(out, a, v);
    boc__vector_angle(angles.data, a, v);
    for (size_t i = 0; i < v.count; i++) {
        size_t x = i * v.vector_step, y = x + v.component_step;
        CHECK(same_number(out.data[x], -a.data[y]) && same_number(out.data[y], a.data[x]));
        CHECK(same_number(angles.data[i], atan2(a.data[y], a.data[x])));
    }
    boc__vector_perpendicular(a, a, v);
    check_same(a.data, out.data, shape.rows * shape.columns);
    drop(a);
    drop(out);
    drop(angles);
}

BOC_TEST(perpendicular_and_angle_of_every_reading) {
    const boc__shape_t shapes[] = {{1, 2}, {2, 1}, {2, 2}, {3, 2}, {2, 3}, {17, 2}, {2, 17}};
    for (size_t i = 0; i < 7; i++)
        for (int axis = BOC__AXIS_NONE; axis <= BOC__AXIS_ROWS; axis++)
            check_two(shapes[i], (boc__axis_t)axis);
}

BOC_TEST(normalize_divides_by_the_magnitude_and_leaves_zeros) {
    EACH_SHAPE(shape) {
        for (int axis = BOC__AXIS_NONE; axis <= BOC__AXIS_ROWS; axis++) {
            boc__matrix_t a = make_with(*shape, plain);
            for (size_t c = 0; c < shape->columns; c++)
                a.data[c] = shape->rows > 1 ? 0.0 : a.data[c]; /* a group of zeros */
            size_t groups = axis == BOC__AXIS_NONE      ? 1
                            : axis == BOC__AXIS_COLUMNS ? shape->columns
                                                        : shape->rows;
            boc__matrix_t out = make(shape->rows, shape->columns), scratch = make(1, groups);
            boc__matrix_t magnitudes = make(1, groups);
            boc__reduce(BOC__MAGNITUDE, (boc__axis_t)axis, magnitudes.data, a, NULL);
            boc__vector_normalize((boc__axis_t)axis, out, a, scratch.data);
            for (size_t r = 0; r < shape->rows; r++)
                for (size_t c = 0; c < shape->columns; c++) {
                    size_t g = axis == BOC__AXIS_NONE ? 0 : axis == BOC__AXIS_COLUMNS ? c : r;
                    double m = magnitudes.data[g];
                    CHECK(same_number(at(out, r, c), m == 0.0 ? at(a, r, c) : at(a, r, c) / m));
                }
            boc__vector_normalize((boc__axis_t)axis, a, a, scratch.data);
            check_same(a.data, out.data, shape->rows * shape->columns);
            drop(a);
            drop(out);
            drop(scratch);
            drop(magnitudes);
        }
    }
}

/* shape, axis, expected status, dimensions, result */
static const struct {
    boc__shape_t shape;
    boc__axis_t axis;
    boc__matrix_status_t status;
    unsigned dimensions;
    boc__shape_t result;
} READINGS[] = {
    {{1, 2}, BOC__AXIS_NONE, BOC__MATRIX_OK, 2, {1, 1}},
    {{1, 2}, BOC__AXIS_COLUMNS, BOC__MATRIX_EAXIS, 2, {1, 1}},
    {{2, 1}, BOC__AXIS_COLUMNS, BOC__MATRIX_OK, 2, {1, 1}},
    {{2, 1}, BOC__AXIS_ROWS, BOC__MATRIX_EAXIS, 2, {1, 1}},
    {{1, 3}, BOC__AXIS_ROWS, BOC__MATRIX_OK, 3, {1, 3}},
    {{1, 3}, BOC__AXIS_COLUMNS, BOC__MATRIX_EAXIS, 3, {1, 3}},
    {{3, 1}, BOC__AXIS_NONE, BOC__MATRIX_OK, 3, {3, 1}},
    {{3, 1}, BOC__AXIS_ROWS, BOC__MATRIX_EAXIS, 3, {3, 1}},
    {{2, 2}, BOC__AXIS_NONE, BOC__MATRIX_OK, 2, {2, 1}},
    {{2, 2}, BOC__AXIS_ROWS, BOC__MATRIX_OK, 2, {2, 1}},
    {{2, 2}, BOC__AXIS_COLUMNS, BOC__MATRIX_OK, 2, {1, 2}},
    {{3, 3}, BOC__AXIS_NONE, BOC__MATRIX_OK, 3, {3, 3}},
    {{3, 3}, BOC__AXIS_COLUMNS, BOC__MATRIX_OK, 3, {3, 3}},
    {{3, 2}, BOC__AXIS_COLUMNS, BOC__MATRIX_OK, 2, {3, 1}},
    {{3, 2}, BOC__AXIS_ROWS, BOC__MATRIX_OK, 2, {3, 1}},
    {{2, 3}, BOC__AXIS_COLUMNS, BOC__MATRIX_OK, 2, {1, 3}},
    {{2, 3}, BOC__AXIS_ROWS, BOC__MATRIX_OK, 2, {1, 3}},
    {{4, 2}, BOC__AXIS_NONE, BOC__MATRIX_OK, 2, {4, 1}},
    {{4, 2}, BOC__AXIS_COLUMNS, BOC__MATRIX_EAXIS, 2, {4, 1}},
    {{2, 4}, BOC__AXIS_COLUMNS, BOC__MATRIX_OK, 2, {1, 4}},
    {{2, 4}, BOC__AXIS_ROWS, BOC__MATRIX_EAXIS, 2, {1, 4}},
    {{17, 3}, BOC__AXIS_ROWS, BOC__MATRIX_OK, 3, {17, 3}},
    {{17, 3}, BOC__AXIS_COLUMNS, BOC__MATRIX_EAXIS, 3, {17, 3}},
    {{3, 17}, BOC__AXIS_NONE, BOC__MATRIX_OK, 3, {3, 17}},
    {{3, 17}, BOC__AXIS_ROWS, BOC__MATRIX_EAXIS, 3, {3, 17}},
    {{1, 1}, BOC__AXIS_NONE, BOC__MATRIX_ESHAPE, 0, {0, 0}},
    {{1, 4}, BOC__AXIS_NONE, BOC__MATRIX_ESHAPE, 0, {0, 0}},
    {{4, 1}, BOC__AXIS_NONE, BOC__MATRIX_ESHAPE, 0, {0, 0}},
    {{4, 4}, BOC__AXIS_NONE, BOC__MATRIX_ESHAPE, 0, {0, 0}},
};
enum { READING_COUNT = sizeof READINGS / sizeof READINGS[0] };

/* Component k of vector i, read without the plan: by rows if the result has the rows of a. */
static double component(boc__matrix_t m, bool by_rows, size_t i, size_t k) {
    if (m.rows == 1 || m.columns == 1)
        return m.data[k];
    return by_rows ? at(m, i, k) : at(m, k, i);
}

static void check_cross(size_t which, boc__shape_t b_shape) {
    boc__cross_t plan;
    boc__shape_t shape = READINGS[which].shape;
    CHECK_EQ(boc__cross_plan(shape, b_shape, READINGS[which].axis, &plan), BOC__MATRIX_OK);
    boc__matrix_t a = make_with(shape, plain), b = make_with(b_shape, plain);
    boc__matrix_t out = make(plan.result.rows, plan.result.columns);
    bool single = plan.is_single;
    bool by_rows = shape.columns == plan.dimensions &&
                   !(shape.rows == shape.columns && READINGS[which].axis == BOC__AXIS_COLUMNS);
    boc__cross_apply(&plan, out.data, a, b);
    for (size_t i = 0; i < plan.left.count; i++) {
        double p[3] = {0}, q[3] = {0};
        for (size_t k = 0; k < plan.dimensions; k++) {
            p[k] = component(a, by_rows, i, k);
            q[k] = component(b, by_rows, i, k);
        }
        double expected[3] = {p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2],
                              p[0] * q[1] - p[1] * q[0]};
        if (plan.dimensions == 2)
            CHECK(fabs(out.data[i] - expected[2]) <= 1e-15);
        for (size_t k = 0; k < 3 && plan.dimensions == 3; k++)
            CHECK(fabs(component(out, by_rows, i, k) - expected[k]) <= 1e-15);
    }
    CHECK(!single || plan.left.count == 1);
    drop(a);
    drop(b);
    drop(out);
}

BOC_TEST(cross_reads_every_shape_as_documented) {
    for (size_t i = 0; i < READING_COUNT; i++) {
        boc__cross_t plan = {0};
        boc__shape_t shape = READINGS[i].shape;
        CHECK_EQ(boc__cross_plan(shape, shape, READINGS[i].axis, &plan), READINGS[i].status);
        if (READINGS[i].status != BOC__MATRIX_OK)
            continue;
        CHECK_EQ(plan.dimensions, READINGS[i].dimensions);
        CHECK(boc__shape_equal(plan.result, READINGS[i].result));
        check_cross(i, shape);
        check_cross(i, (boc__shape_t){1, plan.dimensions});
        check_cross(i, (boc__shape_t){plan.dimensions, 1});
    }
}

BOC_TEST(cross_with_an_operand_that_does_not_go_names_the_reading) {
    boc__cross_t plan;
    boc__shape_t pair = {1, 2}, batch = {5, 3};
    CHECK_EQ(boc__cross_plan(pair, (boc__shape_t){1, 3}, BOC__AXIS_NONE, &plan),
             BOC__MATRIX_EOTHER);
    CHECK(strcmp(plan.reading, "2D vector") == 0);
    CHECK_EQ(boc__cross_plan(batch, (boc__shape_t){4, 3}, BOC__AXIS_NONE, &plan),
             BOC__MATRIX_EOTHER);
    CHECK(strcmp(plan.reading, "Nx3 batch") == 0);
    CHECK_EQ(boc__cross_plan(pair, (boc__shape_t){5, 2}, BOC__AXIS_NONE, &plan),
             BOC__MATRIX_EOTHER);
}
