/* vector.c - perpendiculars, angles and unit vectors. */
#include "matrix/vector.h"

#include "matrix/lanes.h"
#include "matrix/reduce.h"

#include <assert.h>
#include <math.h>

static boc__vectors_t in_rows(boc__shape_t shape) {
    return (boc__vectors_t){shape.rows, shape.columns, 1};
}

static boc__vectors_t in_columns(boc__shape_t shape) {
    return (boc__vectors_t){shape.columns, 1, shape.columns};
}

boc__matrix_status_t boc__vectors_of_two(boc__shape_t shape, boc__axis_t axis,
                                         boc__vectors_t *p_vectors) {
    bool rows_fit = shape.columns == 2;
    bool columns_fit = shape.rows == 2;
    if (!rows_fit && !columns_fit)
        return BOC__MATRIX_ESHAPE;
    if ((axis == BOC__AXIS_ROWS && !rows_fit) || (axis == BOC__AXIS_COLUMNS && !columns_fit))
        return BOC__MATRIX_EAXIS;
    bool by_rows = rows_fit && axis != BOC__AXIS_COLUMNS;
    *p_vectors = by_rows ? in_rows(shape) : in_columns(shape);
    return BOC__MATRIX_OK;
}

BOC__CLONES static void turn_rows(double *out, const double *a, size_t count) {
    BOC__INDEPENDENT
    for (size_t i = 0; i < count; i++) {
        double x = a[2 * i], y = a[2 * i + 1];
        out[2 * i] = -y;
        out[2 * i + 1] = x;
    }
}

BOC__CLONES static void turn_columns(double *out, const double *a, size_t count) {
    BOC__INDEPENDENT
    for (size_t i = 0; i < count; i++) {
        double x = a[i], y = a[count + i];
        out[i] = -y;
        out[count + i] = x;
    }
}

void boc__vector_perpendicular(boc__matrix_t out, boc__matrix_t a, boc__vectors_t vectors) {
    assert(boc__shape_equal(boc__matrix_shape(out), boc__matrix_shape(a)));
    assert(!boc__matrix_clobbers(out, a));
    if (vectors.component_step == 1)
        turn_rows(out.data, a.data, vectors.count);
    else
        turn_columns(out.data, a.data, vectors.count);
}

void boc__vector_angle(double *out, boc__matrix_t a, boc__vectors_t vectors) {
    for (size_t i = 0; i < vectors.count; i++) {
        const double *vector = a.data + i * vectors.vector_step;
        out[i] = atan2(vector[vectors.component_step], vector[0]);
    }
}

BOC__CLONES static void divide_columns(double *out, boc__shape_t shape, const double *a,
                                       const double *magnitudes) {
    for (size_t r = 0; r < shape.rows; r++) {
        BOC__INDEPENDENT
        for (size_t c = 0; c < shape.columns; c++) {
            double x = a[r * shape.columns + c];
            double divisor = magnitudes[c] != 0.0 ? magnitudes[c] : 1.0;
            out[r * shape.columns + c] = x / divisor;
        }
    }
}

/* Many short rows: their divisors are spread out, a buffer at a time, and divide one long row. */
BOC__CLONES static void divide_short_rows(double *out, boc__shape_t shape, const double *a,
                                          const double *magnitudes) {
    enum { ROWS = 64 };
    double divisors[ROWS * 4];
    size_t columns = shape.columns;
    assert(columns <= 4);
    for (size_t row = 0; row < shape.rows; row += ROWS) {
        size_t rows = shape.rows - row < ROWS ? shape.rows - row : ROWS;
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                divisors[r * columns + c] = magnitudes[row + r] != 0.0 ? magnitudes[row + r] : 1.0;
        BOC__INDEPENDENT
        for (size_t i = 0; i < rows * columns; i++)
            out[row * columns + i] = a[row * columns + i] / divisors[i];
    }
}

BOC__CLONES static void divide_rows(double *out, boc__shape_t shape, const double *a,
                                    const double *magnitudes) {
    for (size_t r = 0; r < shape.rows; r++) {
        double divisor = magnitudes[r] != 0.0 ? magnitudes[r] : 1.0;
        BOC__INDEPENDENT
        for (size_t c = 0; c < shape.columns; c++)
            out[r * shape.columns + c] = a[r * shape.columns + c] / divisor;
    }
}

void boc__vector_normalize(boc__axis_t axis, boc__matrix_t out, boc__matrix_t a,
                           double *magnitudes) {
    assert(boc__shape_equal(boc__matrix_shape(out), boc__matrix_shape(a)));
    assert(!boc__matrix_clobbers(out, a));
    boc__shape_t shape = boc__matrix_shape(a);
    boc__reduce(BOC__MAGNITUDE, axis, magnitudes, a, NULL);
    if (axis == BOC__AXIS_NONE)
        shape = (boc__shape_t){1, shape.rows * shape.columns};
    if (axis == BOC__AXIS_COLUMNS)
        divide_columns(out.data, shape, a.data, magnitudes);
    else if (shape.columns <= 4)
        divide_short_rows(out.data, shape, a.data, magnitudes);
    else
        divide_rows(out.data, shape, a.data, magnitudes);
}
