/* The product is bit for bit what three loops give. */
#include "fixture.h"

#include "matrix/matmul.h"
#include "matrix/transpose.h"

static void check_product(size_t rows, size_t inner, size_t columns, double (*value)(void)) {
    boc__matrix_t a = make_with((boc__shape_t){rows, inner}, value);
    boc__matrix_t b = make_with((boc__shape_t){inner, columns}, value);
    boc__matrix_t out = make(rows, columns);
    boc__matrix_t expected = make(rows, columns);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            double sum = 0.0;
            for (size_t k = 0; k < inner; k++) {
                volatile double product = at(a, r, k) * at(b, k, c);
                sum += product;
            }
            expected.data[r * columns + c] = sum;
        }
    boc__matmul(out, a, b);
    check_same(out.data, expected.data, rows * columns);
    drop(a);
    drop(b);
    drop(out);
    drop(expected);
}

BOC_TEST(product_is_the_three_loops_for_small_shapes) {
    for (size_t rows = 1; rows <= 18; rows += 1 + rows / 5)
        for (size_t inner = 1; inner <= 17; inner += 3)
            for (size_t columns = 1; columns <= 18; columns++)
                check_product(rows, inner, columns, plain);
}

BOC_TEST(product_is_the_three_loops_with_odd_values) {
    for (int round = 0; round < 10; round++) {
        check_product(1, 1, 1, odd);
        check_product(9, 3, 11, odd);
        check_product(5, 2, 8, odd);
        check_product(16, 16, 16, odd);
    }
}

/* Goal: sums that go on from one block of k to the next, and rows beyond the first block. */
BOC_TEST(product_is_the_three_loops_across_blocks) {
    check_product(130, 515, 9, plain);
    check_product(3, 1030, 17, plain);
    check_product(257, 3, 2, plain);
    check_product(1, 600, 1, plain);
}

BOC_TEST(product_over_nothing_is_zero) {
    boc__matrix_t a = make(2, 0), b = make(0, 3), out = make(2, 3);
    boc__matmul(out, a, b);
    for (size_t i = 0; i < 6; i++)
        CHECK(same_number(out.data[i], 0.0));
    drop(a);
    drop(b);
    drop(out);
}

BOC_TEST(transpose_moves_every_element_also_in_place) {
    EACH_SHAPE(shape) {
        boc__matrix_t a = make_with(*shape, odd);
        boc__matrix_t out = make(shape->columns, shape->rows);
        boc__transpose(out, a);
        for (size_t r = 0; r < shape->rows; r++)
            for (size_t c = 0; c < shape->columns; c++)
                CHECK(same_number(at(out, c, r), at(a, r, c)));
        size_t scratch_count = boc__transpose_scratch(*shape);
        double *scratch = scratch_count == 0 ? NULL : malloc(scratch_count * sizeof(double));
        CHECK(scratch_count == 0 || scratch != NULL);
        boc__transpose_in_place(&a, scratch);
        CHECK_EQ(a.rows, shape->columns);
        CHECK_EQ(a.columns, shape->rows);
        check_same(a.data, out.data, shape->rows * shape->columns);
        free(scratch);
        drop(a);
        drop(out);
    }
}

BOC_TEST(transpose_in_place_of_large_squares) {
    for (size_t size = 15; size <= 49; size += 17) {
        boc__matrix_t a = make_with((boc__shape_t){size, size}, plain);
        boc__matrix_t out = make(size, size);
        boc__transpose(out, a);
        boc__transpose_in_place(&a, NULL);
        check_same(a.data, out.data, size * size);
        drop(a);
        drop(out);
    }
}
