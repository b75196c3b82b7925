/* cross.c - cross products of two and three components, one or a batch. */
#include "matrix/lanes.h"
#include "matrix/vector.h"

#include <assert.h>

/* How the first shape is read, all but the second. */
typedef struct reading {
    unsigned dimensions;
    bool is_single;
    bool by_rows;
    bool takes_any_axis;
} reading_t;

static bool is_batch_of(size_t components, size_t count) {
    return (components == 2 || components == 3) && count >= 2;
}

static boc__matrix_status_t read_shape(boc__shape_t shape, boc__axis_t axis, reading_t *p_reading) {
    size_t count = shape.rows * shape.columns;
    if ((shape.rows == 1 || shape.columns == 1) && (count == 2 || count == 3)) {
        *p_reading = (reading_t){(unsigned)count, true, shape.rows == 1, false};
    } else if (shape.rows == shape.columns && is_batch_of(shape.rows, shape.rows)) {
        *p_reading = (reading_t){(unsigned)shape.rows, false, axis != BOC__AXIS_COLUMNS, true};
    } else if (shape.rows == 3 && shape.columns == 2) {
        *p_reading = (reading_t){2, false, true, true};
    } else if (shape.rows == 2 && shape.columns == 3) {
        *p_reading = (reading_t){2, false, false, true};
    } else if (is_batch_of(shape.columns, shape.rows)) {
        *p_reading = (reading_t){(unsigned)shape.columns, false, true, false};
    } else if (is_batch_of(shape.rows, shape.columns)) {
        *p_reading = (reading_t){(unsigned)shape.rows, false, false, false};
    } else {
        return BOC__MATRIX_ESHAPE;
    }
    boc__axis_t wrong = p_reading->by_rows ? BOC__AXIS_COLUMNS : BOC__AXIS_ROWS;
    return axis == wrong && !p_reading->takes_any_axis ? BOC__MATRIX_EAXIS : BOC__MATRIX_OK;
}

static const char *name_of(reading_t reading) {
    if (reading.is_single)
        return reading.dimensions == 2 ? "2D vector" : "3D vector";
    if (reading.by_rows)
        return reading.dimensions == 2 ? "Nx2 batch" : "Nx3 batch";
    return reading.dimensions == 2 ? "2xN batch" : "3xN batch";
}

static boc__shape_t result_of(reading_t reading, boc__shape_t shape) {
    if (reading.dimensions == 3)
        return shape;
    if (reading.is_single)
        return (boc__shape_t){1, 1};
    return reading.by_rows ? (boc__shape_t){shape.rows, 1} : (boc__shape_t){1, shape.columns};
}

boc__matrix_status_t boc__cross_plan(boc__shape_t a, boc__shape_t b, boc__axis_t axis,
                                     boc__cross_t *p_plan) {
    reading_t reading;
    boc__matrix_status_t status = read_shape(a, axis, &reading);
    if (status != BOC__MATRIX_OK)
        return status;
    boc__vectors_t vectors = {1, 0, 1};
    if (!reading.is_single)
        vectors = reading.by_rows ? (boc__vectors_t){a.rows, a.columns, 1}
                                  : (boc__vectors_t){a.columns, 1, a.columns};
    *p_plan = (boc__cross_t){
        .dimensions = reading.dimensions,
        .is_single = reading.is_single,
        .reading = name_of(reading),
        .result = result_of(reading, a),
        .left = vectors,
        .right = vectors,
    };
    bool is_vector = (b.rows == 1 || b.columns == 1) && b.rows * b.columns == reading.dimensions;
    if (is_vector)
        p_plan->right = (boc__vectors_t){vectors.count, 0, 1};
    else if (reading.is_single || !boc__shape_equal(a, b))
        return BOC__MATRIX_EOTHER;
    return BOC__MATRIX_OK;
}

static void cross_two(const boc__cross_t *plan, double *restrict out, const double *a,
                      const double *b) {
    boc__vectors_t left = plan->left;
    boc__vectors_t right = plan->right;
    for (size_t i = 0; i < left.count; i++) {
        const double *p = a + i * left.vector_step;
        const double *q = b + i * right.vector_step;
        out[i] = p[0] * q[right.component_step] - p[left.component_step] * q[0];
    }
}

static void cross_three(const boc__cross_t *plan, double *restrict out, const double *a,
                        const double *b) {
    boc__vectors_t left = plan->left;
    boc__vectors_t right = plan->right;
    for (size_t i = 0; i < left.count; i++) {
        double *to = out + i * left.vector_step;
        const double *p = a + i * left.vector_step;
        const double *q = b + i * right.vector_step;
        double px = p[0], py = p[left.component_step], pz = p[2 * left.component_step];
        double qx = q[0], qy = q[right.component_step], qz = q[2 * right.component_step];
        to[0] = py * qz - pz * qy;
        to[left.component_step] = pz * qx - px * qz;
        to[2 * left.component_step] = px * qy - py * qx;
    }
}

void boc__cross_apply(const boc__cross_t *plan, double *out, boc__matrix_t a, boc__matrix_t b) {
    assert(plan->dimensions == 2 || plan->dimensions == 3);
    if (plan->dimensions == 2)
        cross_two(plan, out, a.data, b.data);
    else
        cross_three(plan, out, a.data, b.data);
}
