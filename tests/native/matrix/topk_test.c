/* The k best against picking the best of the rest again and again. */
#include "fixture.h"

#include "matrix/topk.h"

static bool beats(bool largest, double x, double best) {
    if (x != x)
        return false;
    return best != best || (largest ? x > best : x < best);
}

/* The first of the best that counts and was not yet taken; the length if there is none. */
static size_t pick(bool largest, const double *values, const double *masks, const bool *taken,
                   size_t length, size_t step) {
    size_t best = length;
    for (size_t i = 0; i < length; i++) {
        if (taken[i] || (masks != NULL && masks[i * step] == 0.0))
            continue;
        if (best == length || beats(largest, values[i * step], values[best * step]))
            best = i;
    }
    return best;
}

static void check_topk(bool largest, boc__axis_t axis, size_t k, boc__matrix_t a,
                       const boc__matrix_t *where) {
    bool by_column = axis == BOC__AXIS_COLUMNS;
    size_t all = a.rows * a.columns;
    size_t groups = axis == BOC__AXIS_NONE ? 1 : by_column ? a.columns : a.rows;
    size_t length = all / groups;
    size_t step = by_column ? a.columns : 1;
    boc__matrix_t values = make(groups, k), places = make(groups, k);
    boc__topk_entry_t *scratch = malloc(k * sizeof *scratch);
    bool *taken = malloc(length);
    CHECK(scratch != NULL && taken != NULL);
    boc__topk(largest, axis, k, values.data, places.data, a, where, scratch);
    for (size_t g = 0; g < groups; g++) {
        size_t start = by_column ? g : g * length;
        memset(taken, 0, length);
        for (size_t i = 0; i < k; i++) {
            size_t from = pick(largest, a.data + start, where == NULL ? NULL : where->data + start,
                               taken, length, step);
            size_t to = by_column ? i * groups + g : g * k + i;
            if (from == length) {
                CHECK(isnan(values.data[to]) && places.data[to] == -1.0);
                continue;
            }
            taken[from] = true;
            CHECK_EQ(places.data[to], from);
            CHECK(same_number(values.data[to], a.data[start + from * step]));
        }
    }
    free(scratch);
    free(taken);
    drop(values);
    drop(places);
}

static double few_values(void) { return draw() % 9 == 0 ? NAN : (double)(draw() % 5); }

BOC_TEST(topk_agrees_with_selection_by_hand) {
    EACH_SHAPE(shape) {
        boc__matrix_t a = make_with(*shape, few_values);
        boc__matrix_t where = make_with(*shape, few_values);
        for (int axis = BOC__AXIS_NONE; axis <= BOC__AXIS_ROWS; axis++) {
            size_t length = axis == BOC__AXIS_NONE      ? shape->rows * shape->columns
                            : axis == BOC__AXIS_COLUMNS ? shape->rows
                                                        : shape->columns;
            for (size_t k = 1; k <= length; k += 1 + k / 2) {
                check_topk(true, (boc__axis_t)axis, k, a, NULL);
                check_topk(false, (boc__axis_t)axis, k, a, &where);
            }
            check_topk(false, (boc__axis_t)axis, length, a, NULL);
            check_topk(true, (boc__axis_t)axis, length, a, &where);
        }
        drop(a);
        drop(where);
    }
}
