/* compare.c - one answer about two matrices. */
#include "matrix/compare.h"

#include "matrix/lanes.h"

#include <assert.h>
#include <math.h>

int boc__compare_order(boc__matrix_t a, boc__matrix_t b) {
    size_t count = a.rows * a.columns;
    size_t step = b.rows == 1 && b.columns == 1 ? 0 : 1;
    assert(step == 0 || boc__shape_equal(boc__matrix_shape(a), boc__matrix_shape(b)));
    for (size_t i = 0; i < count; i++) {
        double x = a.data[i];
        double y = b.data[i * step];
        if (x < y)
            return -1;
        if (x > y)
            return 1;
    }
    return 0;
}

/* How many of a run of pairs are not close.  Counting has no early exit, so it is vectors. */
BOC__CLONES static size_t distant(const double *a, const double *b, size_t count, double rtol,
                                  double atol, bool equal_nan) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        double x = a[i], y = b[i];
        bool is_near = (fabs(x - y) <= atol + rtol * fabs(y)) & (fabs(y) < INFINITY);
        bool are_nan = (x != x) & (y != y) & equal_nan;
        found += !(is_near | (x == y) | are_nan);
    }
    return found;
}

bool boc__compare_close(boc__matrix_t a, boc__matrix_t b, double rtol, double atol,
                        bool equal_nan) {
    enum { RUN = 4096 }; /* after so many pairs, look whether one was found */
    assert(boc__shape_equal(boc__matrix_shape(a), boc__matrix_shape(b)));
    size_t count = a.rows * a.columns;
    for (size_t i = 0; i < count; i += RUN)
        if (distant(a.data + i, b.data + i, count - i < RUN ? count - i : RUN, rtol, atol,
                    equal_nan) != 0)
            return false;
    return true;
}
