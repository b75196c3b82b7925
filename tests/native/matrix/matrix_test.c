/* Sizes, overlap and broadcasting. */
#include "fixture.h"

BOC_TEST(count_at_the_limit_is_exact_and_above_it_overflows) {
    size_t count = 0;
    size_t most = (size_t)PTRDIFF_MAX / sizeof(double);
    CHECK_EQ(boc__matrix_count(3, 5, &count), BOC__MATRIX_OK);
    CHECK_EQ(count, 15);
    CHECK_EQ(boc__matrix_count(1, most, &count), BOC__MATRIX_OK);
    CHECK(count == most);
    count = 7;
    CHECK_EQ(boc__matrix_count(1, most + 1, &count), BOC__MATRIX_EOVERFLOW);
    CHECK_EQ(boc__matrix_count(most + 1, 1, &count), BOC__MATRIX_EOVERFLOW);
    CHECK_EQ(boc__matrix_count(SIZE_MAX, SIZE_MAX, &count), BOC__MATRIX_EOVERFLOW);
    CHECK_EQ(boc__matrix_count((size_t)1 << 33, (size_t)1 << 33, &count), BOC__MATRIX_EOVERFLOW);
    CHECK_EQ(count, 7);
    CHECK_EQ(boc__matrix_count(0, SIZE_MAX, &count), BOC__MATRIX_OK);
    CHECK_EQ(count, 0);
}

BOC_TEST(clobbers_is_false_for_the_same_matrix_and_for_neighbors_only) {
    double data[12] = {0};
    boc__matrix_t whole = {data, 3, 4};
    CHECK(!boc__matrix_clobbers(whole, whole));
    CHECK(boc__matrix_clobbers(whole, (boc__matrix_t){data, 4, 3}));
    CHECK(boc__matrix_clobbers(whole, (boc__matrix_t){data, 1, 4}));
    CHECK(boc__matrix_clobbers(whole, (boc__matrix_t){data + 11, 1, 1}));
    CHECK(!boc__matrix_clobbers((boc__matrix_t){data, 1, 6}, (boc__matrix_t){data + 6, 1, 6}));
    CHECK(!boc__matrix_clobbers((boc__matrix_t){data + 6, 1, 6}, (boc__matrix_t){data, 1, 6}));
}

BOC_TEST(broadcast_accepts_equal_dimensions_and_ones) {
    EACH_SHAPE(a) EACH_SHAPE(b) {
        boc__shape_t result = {99, 99};
        bool fits = (a->rows == b->rows || a->rows == 1 || b->rows == 1) &&
                    (a->columns == b->columns || a->columns == 1 || b->columns == 1);
        boc__matrix_status_t status = boc__shape_broadcast(*a, *b, &result);
        CHECK_EQ(status, fits ? BOC__MATRIX_OK : BOC__MATRIX_ESHAPE);
        if (fits) {
            CHECK_EQ(result.rows, a->rows > b->rows ? a->rows : b->rows);
            CHECK_EQ(result.columns, a->columns > b->columns ? a->columns : b->columns);
        } else {
            CHECK_EQ(result.rows, 99);
        }
        bool spreads = fits && boc__shape_equal(result, *a);
        CHECK_EQ(boc__shape_spreads(*b, *a), spreads);
        CHECK_EQ(boc__shape_broadcast_in_place(*a, *b) == BOC__MATRIX_OK, spreads);
    }
}

BOC_TEST(broadcast_in_place_says_why_not) {
    boc__shape_t one = {1, 1}, row = {1, 3}, column = {3, 1}, block = {3, 3}, other = {2, 2};
    CHECK_EQ(boc__shape_broadcast_in_place(one, block), BOC__MATRIX_ESCALAR);
    CHECK_EQ(boc__shape_broadcast_in_place(row, block), BOC__MATRIX_EINPLACE);
    CHECK_EQ(boc__shape_broadcast_in_place(column, row), BOC__MATRIX_EINPLACE);
    CHECK_EQ(boc__shape_broadcast_in_place(block, other), BOC__MATRIX_ESHAPE);
    CHECK_EQ(boc__shape_broadcast_in_place(block, row), BOC__MATRIX_OK);
}

BOC_TEST(copy_and_fill_reach_every_element) {
    EACH_SHAPE(shape) {
        boc__matrix_t a = make_with(*shape, odd);
        boc__matrix_t b = make(shape->columns, shape->rows);
        boc__matrix_copy(b, a);
        check_same(b.data, a.data, shape->rows * shape->columns);
        boc__matrix_fill(b, -0.0);
        for (size_t i = 0; i < shape->rows * shape->columns; i++)
            CHECK(same_number(b.data[i], -0.0));
        drop(a);
        drop(b);
    }
}
