/* Parts read and written, element by element. */
#include "fixture.h"

#include "matrix/index.h"

BOC_TEST(wrap_accepts_exactly_what_python_does) {
    for (size_t length = 1; length <= 4; length++) {
        ptrdiff_t end = (ptrdiff_t)length;
        for (ptrdiff_t index = -3 * end; index <= 3 * end; index++) {
            size_t place = 99;
            boc__matrix_status_t status = boc__index_wrap(index, length, &place);
            bool is_valid = index >= -end && index < end;
            CHECK_EQ(status, is_valid ? BOC__MATRIX_OK : BOC__MATRIX_EINDEX);
            CHECK_EQ(place, is_valid ? (index < 0 ? index + end : index) : 99);
        }
    }
    size_t place = 0;
    CHECK_EQ(boc__index_wrap(PTRDIFF_MIN, 5, &place), BOC__MATRIX_EINDEX);
    CHECK_EQ(boc__index_wrap(PTRDIFF_MAX, 5, &place), BOC__MATRIX_EINDEX);
    CHECK_EQ(boc__index_wrap(0, 0, &place), BOC__MATRIX_EINDEX);
}

static const boc__span_t SPANS[] = {
    {0, 1, 1}, {0, 1, 2}, {0, 1, 7}, {2, 1, 3}, {6, -1, 7}, {5, -2, 3},
    {0, 3, 3}, {1, 5, 2}, {3, 0, 1}, {4, 1, 0}, {6, 1, 1},  {1, 1, 6},
};
enum { SPAN_COUNT = sizeof SPANS / sizeof SPANS[0] };

static size_t place_of(boc__span_t span, size_t i) {
    return (size_t)((ptrdiff_t)span.start + (ptrdiff_t)i * span.step);
}

BOC_TEST(read_takes_every_block_of_slices) {
    boc__matrix_t a = make_with((boc__shape_t){7, 7}, odd);
    for (size_t i = 0; i < SPAN_COUNT; i++)
        for (size_t j = 0; j < SPAN_COUNT; j++) {
            boc__matrix_t out = make(SPANS[i].count, SPANS[j].count);
            boc__index_read(out, a, SPANS[i], SPANS[j]);
            for (size_t r = 0; r < out.rows; r++)
                for (size_t c = 0; c < out.columns; c++)
                    CHECK(same_number(at(out, r, c),
                                      at(a, place_of(SPANS[i], r), place_of(SPANS[j], c))));
            drop(out);
        }
    drop(a);
}

static void check_write(boc__span_t rows, boc__span_t columns, boc__shape_t value_shape) {
    boc__matrix_t a = make_with((boc__shape_t){7, 7}, plain);
    boc__matrix_t value = make_with(value_shape, odd);
    boc__matrix_t expected = copy_of(a);
    for (size_t r = 0; r < rows.count; r++)
        for (size_t c = 0; c < columns.count; c++)
            expected.data[place_of(rows, r) * 7 + place_of(columns, c)] = spread(value, r, c);
    boc__index_write(a, rows, columns, value);
    check_same(a.data, expected.data, 49);
    drop(a);
    drop(value);
    drop(expected);
}

BOC_TEST(write_spreads_over_every_block_and_leaves_the_rest) {
    for (size_t i = 0; i < SPAN_COUNT; i++)
        for (size_t j = 0; j < SPAN_COUNT; j++)
            for (unsigned which = 0; which < 4; which++) {
                boc__shape_t block = {SPANS[i].count, SPANS[j].count};
                if (block.rows * block.columns != 0)
                    check_write(SPANS[i], SPANS[j], spreading(block, which));
            }
    check_write((boc__span_t){3, 1, 0}, (boc__span_t){0, 1, 7}, (boc__shape_t){1, 1});
}

static size_t *places_below(size_t limit, size_t count) {
    size_t *places = malloc(count * sizeof *places);
    CHECK(places != NULL);
    for (size_t i = 0; i < count; i++)
        places[i] = draw() % limit;
    return places;
}

BOC_TEST(take_repeats_and_reorders) {
    EACH_SHAPE(shape) {
        boc__matrix_t a = make_with(*shape, odd);
        for (int axis = 0; axis <= 1; axis++) {
            bool by_row = axis == BOC__AXIS_COLUMNS;
            size_t limit = by_row ? shape->rows : shape->columns;
            for (size_t count = 1; count <= 70; count += 23) {
                size_t *places = places_below(limit, count);
                boc__matrix_t out = by_row ? make(count, shape->columns) : make(shape->rows, count);
                boc__index_take((boc__axis_t)axis, out, a, places, count);
                for (size_t r = 0; r < out.rows; r++)
                    for (size_t c = 0; c < out.columns; c++)
                        CHECK(same_number(at(out, r, c),
                                          by_row ? at(a, places[r], c) : at(a, r, places[c])));
                free(places);
                drop(out);
            }
        }
        drop(a);
    }
}

static void check_put(boc__axis_t axis, boc__shape_t shape, size_t count, bool is_number,
                      bool accumulate) {
    bool by_row = axis == BOC__AXIS_COLUMNS;
    boc__matrix_t a = make_with(shape, plain);
    boc__matrix_t expected = copy_of(a);
    boc__shape_t selection =
        by_row ? (boc__shape_t){count, shape.columns} : (boc__shape_t){shape.rows, count};
    boc__matrix_t value = make_with(is_number ? (boc__shape_t){1, 1} : selection, plain);
    size_t *places = places_below(by_row ? shape.rows : shape.columns, count);
    for (size_t i = 0; i < count; i++)
        for (size_t other = 0; other < (by_row ? shape.columns : shape.rows); other++) {
            size_t r = by_row ? places[i] : other;
            size_t c = by_row ? other : places[i];
            double x = is_number ? value.data[0]
                       : by_row  ? at(value, i, other)
                                 : at(value, other, i);
            double *to = expected.data + r * shape.columns + c;
            *to = accumulate ? *to + x : x;
        }
    boc__index_put(axis, a, places, count, value, accumulate);
    check_same(a.data, expected.data, shape.rows * shape.columns);
    free(places);
    drop(a);
    drop(expected);
    drop(value);
}

BOC_TEST(put_writes_or_adds_in_the_order_listed) {
    EACH_SHAPE(shape) {
        for (size_t count = 1; count <= 70; count += 23)
            for (unsigned which = 0; which < 8; which++)
                check_put((which & 1) != 0 ? BOC__AXIS_ROWS : BOC__AXIS_COLUMNS, *shape, count,
                          (which & 2) != 0, (which & 4) != 0);
    }
}

BOC_TEST(along_reaches_one_element_of_each_group) {
    EACH_SHAPE(shape) {
        for (int axis = 0; axis <= 1; axis++) {
            bool by_column = axis == BOC__AXIS_COLUMNS;
            size_t groups = by_column ? shape->columns : shape->rows;
            size_t *places = places_below(by_column ? shape->rows : shape->columns, groups);
            boc__matrix_t a = make_with(*shape, plain);
            boc__matrix_t expected = copy_of(a);
            boc__matrix_t out = by_column ? make(1, groups) : make(groups, 1);
            boc__index_take_along((boc__axis_t)axis, out, a, places);
            for (size_t i = 0; i < groups; i++) {
                size_t cell = by_column ? places[i] * groups + i : i * shape->columns + places[i];
                CHECK(same_number(out.data[i], a.data[cell]));
                expected.data[cell] = (a.data[cell] + out.data[i]) + 1.0;
            }
            boc__index_put_along((boc__axis_t)axis, a, places, out, true);
            boc__index_put_along((boc__axis_t)axis, a, places,
                                 (boc__matrix_t){(double[]){1.0}, 1, 1}, true);
            check_same(a.data, expected.data, shape->rows * shape->columns);
            boc__index_put_along((boc__axis_t)axis, a, places, out, false);
            for (size_t i = 0; i < groups; i++) {
                size_t cell = by_column ? places[i] * groups + i : i * shape->columns + places[i];
                CHECK(same_number(a.data[cell], out.data[i]));
            }
            free(places);
            drop(a);
            drop(expected);
            drop(out);
        }
    }
}

BOC_TEST(repeat_keeps_copies_together) {
    EACH_SHAPE(shape) {
        boc__matrix_t a = make_with(*shape, odd);
        for (size_t n = 1; n <= 3; n++) {
            boc__matrix_t rows = make(shape->rows * n, shape->columns);
            boc__matrix_t columns = make(shape->rows, shape->columns * n);
            boc__matrix_t flat = make(1, shape->rows * shape->columns * n);
            boc__index_repeat(BOC__AXIS_COLUMNS, rows, a, n);
            boc__index_repeat(BOC__AXIS_ROWS, columns, a, n);
            boc__index_repeat(BOC__AXIS_NONE, flat, a, n);
            for (size_t r = 0; r < rows.rows; r++)
                for (size_t c = 0; c < rows.columns; c++)
                    CHECK(same_number(at(rows, r, c), at(a, r / n, c)));
            for (size_t r = 0; r < columns.rows; r++)
                for (size_t c = 0; c < columns.columns; c++)
                    CHECK(same_number(at(columns, r, c), at(a, r, c / n)));
            for (size_t i = 0; i < flat.columns; i++)
                CHECK(same_number(flat.data[i], a.data[i / n]));
            drop(rows);
            drop(columns);
            drop(flat);
        }
        drop(a);
    }
}

BOC_TEST(overlaps_sees_one_shared_element) {
    double data[6] = {0};
    CHECK(boc__index_overlaps((boc__matrix_t){data, 2, 2}, (boc__matrix_t){data + 3, 1, 3}));
    CHECK(!boc__index_overlaps((boc__matrix_t){data, 1, 3}, (boc__matrix_t){data + 3, 1, 3}));
    CHECK(!boc__index_overlaps((boc__matrix_t){data + 3, 1, 3}, (boc__matrix_t){data, 1, 3}));
}
