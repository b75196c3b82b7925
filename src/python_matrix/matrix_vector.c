/* matrix_vector.c - cross, normalize, perpendicular and angle: matrices as vectors. */
#include "matrix/vector.h"

#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_axis.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_pair.h"
#include "python_matrix/matrix_target.h"

/* ---- cross ---- */

static int refuse_cross(PyTypeObject *type, boc__matrix_status_t status, const boc__cross_t *plan,
                        boc__matrix_t a, boc__matrix_t b, boc__axis_t axis) {
    if (status == BOC__MATRIX_ESHAPE)
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "cross requires a 2D or 3D vector or Nx2 or 2xN or Nx3 or 3xN matrix, not "
                    "%zux%zu",
                    a.rows, a.columns);
    else if (status == BOC__MATRIX_EAXIS)
        matrix_fail(type, MATRIX_AXIS_ERROR, "cross: axis %d does not go with a %zux%zu matrix",
                    (int)axis, a.rows, a.columns);
    else
        matrix_fail(type, MATRIX_SHAPE_ERROR, "cross: %s lhs %zux%zu incompatible with rhs %zux%zu",
                    plan->reading, a.rows, a.columns, b.rows, b.columns);
    return -1;
}

/* A number for two components of a single vector, else a matrix. */
static int run_cross(matrix_pair_t *pair) {
    matrix_operand_t *a = &pair->a, *b = &pair->b;
    boc__cross_t plan = {.reading = ""};
    boc__matrix_status_t status =
        boc__cross_plan(boc__matrix_shape(a->view), boc__matrix_shape(b->view), pair->axis, &plan);
    if (status != BOC__MATRIX_OK)
        return refuse_cross(pair->type, status, &plan, a->view, b->view, pair->axis);
    if (plan.is_single && plan.dimensions == 2) {
        boc__cross_apply(&plan, &pair->total, a->view, b->view);
        return 0;
    }
    matrix_target_t *target = &pair->target;
    if (matrix_target_open(target, pair->type, plan.result) < 0)
        return -1;
    matrix_away_t away;
    matrix_away_begin(&away, (double)target->block->count, a->block, b->block, target->block, NULL);
    boc__cross_apply(&plan, target->view.data, a->view, b->view);
    matrix_away_end(&away);
    return 0;
}

static PyObject *matrix_cross(PyObject *self, PyObject *const *args, Py_ssize_t count,
                              PyObject *keywords) {
    return matrix_pair_call("cross", run_cross, self, args, count, keywords);
}

/* ---- normalize ---- */

static PyObject *matrix_normalize(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                  PyObject *keywords) {
    static const matrix_signature_t signature = {"normalize", {"axis", "in_place"}, 0, 2};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[2];
    boc__axis_t axis;
    matrix_target_t target;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_read_axis(type, values[0], &axis) < 0 ||
        matrix_target_init(&target, self, NULL, values[1]) < 0)
        return NULL;
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    boc__matrix_t view = matrix_view(block);
    size_t groups = axis == BOC__AXIS_NONE      ? 1
                    : axis == BOC__AXIS_COLUMNS ? view.columns
                                                : view.rows;
    double *magnitudes = PyMem_RawMalloc(groups * sizeof(double)); /* owned */
    if (magnitudes == NULL)
        return PyErr_NoMemory();
    if (matrix_target_open(&target, type, matrix_shape_of(block)) == 0) {
        matrix_away_t away;
        matrix_away_begin(&away, (double)block->count, block, target.block, NULL, NULL);
        boc__vector_normalize(axis, target.view, view, magnitudes);
        matrix_away_end(&away);
    }
    PyMem_RawFree(magnitudes);
    return target.result;
}

/* ---- vectors of two components ---- */

static int read_vectors(PyTypeObject *type, const char *name, boc__matrix_t view, boc__axis_t axis,
                        boc__vectors_t *p_vectors) {
    switch (boc__vectors_of_two(boc__matrix_shape(view), axis, p_vectors)) {
    case BOC__MATRIX_OK:
        return 0;
    case BOC__MATRIX_EAXIS:
        matrix_fail(type, MATRIX_AXIS_ERROR, "%s: axis %d does not go with a %zux%zu matrix", name,
                    (int)axis, view.rows, view.columns);
        return -1;
    default:
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "%s requires a 2D vector or Nx2 or 2xN matrix, not %zux%zu", name, view.rows,
                    view.columns);
        return -1;
    }
}

static PyObject *matrix_perpendicular(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                      PyObject *keywords) {
    static const matrix_signature_t signature = {"perpendicular", {"axis", "in_place"}, 0, 2};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[2];
    boc__axis_t axis;
    boc__vectors_t vectors;
    matrix_target_t target;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_read_axis(type, values[0], &axis) < 0 ||
        matrix_target_init(&target, self, NULL, values[1]) < 0)
        return NULL;
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL ||
        read_vectors(type, "perpendicular", matrix_view(block), axis, &vectors) < 0 ||
        matrix_target_open(&target, type, matrix_shape_of(block)) < 0)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, target.block, NULL, NULL);
    boc__vector_perpendicular(target.view, matrix_view(block), vectors);
    matrix_away_end(&away);
    return target.result;
}

static PyObject *matrix_angle(PyObject *self, PyObject *const *args, Py_ssize_t count,
                              PyObject *keywords) {
    static const matrix_signature_t signature = {"angle", {"axis"}, 0, 1};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[1];
    boc__axis_t axis;
    boc__vectors_t vectors;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_read_axis(type, values[0], &axis) < 0)
        return NULL;
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL || read_vectors(type, "angle", matrix_view(block), axis, &vectors) < 0)
        return NULL;
    if (block->count == 2) {
        double angle;
        boc__vector_angle(&angle, matrix_view(block), vectors);
        return PyFloat_FromDouble(angle);
    }
    bool is_by_row = vectors.component_step == 1; /* each row is a vector */
    boc__shape_t shape =
        is_by_row ? (boc__shape_t){vectors.count, 1} : (boc__shape_t){1, vectors.count};
    matrix_target_t target = {.out = NULL};
    if (matrix_target_open(&target, type, shape) < 0)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, 16.0 * (double)vectors.count, block, target.block, NULL, NULL);
    boc__vector_angle(target.view.data, matrix_view(block), vectors);
    matrix_away_end(&away);
    return target.result;
}

PyMethodDef matrix_vector_methods[] = {
    {"cross", MATRIX_METHOD(matrix_cross), MATRIX_KEYWORDS,
     "cross($self, other, /, axis=None)\n--\n\n"
     "Return cross products of vectors with two or three components.\n\n"
     "1x2 and 2x1: a float. 1x3 and 3x1: a matrix of that shape. Nx2: Nx1. 2xN: 1xN. Nx3 and\n"
     "3xN: that shape. 2x2 and 3x3 hold rows, with axis 0 columns; 3x2 holds rows, 2x3 columns.\n"
     "*other* has the same shape or is one vector, which then goes with all.\n\n"
     "Raises:\n"
     "    ValueError: another shape, or an axis that contradicts it.\n"
     "    TypeError: *other* is a number or nothing of the kind.\n"
     "    RuntimeError: a matrix is not acquired."},
    {"normalize", MATRIX_METHOD(matrix_normalize), MATRIX_KEYWORDS,
     "normalize($self, /, axis=None, in_place=False)\n--\n\n"
     "Divide by the magnitude of all elements, of each column (axis 0) or of each row (1).\n\n"
     "RxC to RxC; what has no magnitude stays 0.\n\n"
     "ValueError for another axis; RuntimeError if the matrix is not acquired."},
    {"perpendicular", MATRIX_METHOD(matrix_perpendicular), MATRIX_KEYWORDS,
     "perpendicular($self, /, axis=None, in_place=False)\n--\n\n"
     "Turn vectors of two components by 90 degrees: (x, y) to (-y, x).\n\n"
     "1x2, 2x1, the rows of Nx2, the columns of 2xN; 2x2 holds rows, with axis 0 columns.\n\n"
     "ValueError for another shape, or an axis that contradicts it; RuntimeError if the matrix\n"
     "is not acquired."},
    {"angle", MATRIX_METHOD(matrix_angle), MATRIX_KEYWORDS,
     "angle($self, /, axis=None)\n--\n\n"
     "Return atan2(y, x) of vectors of two components.\n\n"
     "1x2 and 2x1: a float. Nx2: Nx1. 2xN: 1xN. 2x2 holds rows, with axis 0 columns.\n\n"
     "ValueError for another shape, or an axis that contradicts it; RuntimeError if the matrix\n"
     "is not acquired."},
    {NULL, NULL, 0, NULL},
};
