/* matrix_reduce.c - sums, extremes and where they are, dot products, the k largest. */
#include "matrix/reduce.h"

#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_axis.h"
#include "python_matrix/matrix_mask.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_pair.h"
#include "python_matrix/matrix_target.h"

/* ---- masks ---- */

int matrix_mask_init(matrix_operand_t *mask, PyTypeObject *type, PyObject *value) {
    *mask = (matrix_operand_t){.owned = NULL};
    if (matrix_arg_is_none(value))
        return 0;
    int status = matrix_operand_init(mask, type, value);
    if (status == 0)
        PyErr_Format(PyExc_TypeError, "where must be a Matrix, not '%.200s'",
                     Py_TYPE(value)->tp_name);
    return status > 0 ? 0 : -1;
}

int matrix_mask_open(matrix_operand_t *mask, PyTypeObject *type, matrix_block_t *self,
                     const boc__matrix_t **p_mask) {
    boc__shape_t shape = matrix_shape_of(self);
    *p_mask = NULL;
    if (mask->matrix == NULL && mask->owned == NULL && !mask->is_number)
        return 0;
    if (matrix_operand_open(mask) < 0)
        return -1;
    boc__shape_t own = boc__matrix_shape(mask->view);
    *p_mask = &mask->view;
    if (boc__shape_equal(own, shape))
        return 0;
    if (!boc__shape_spreads(own, shape)) {
        matrix_fail(type, MATRIX_SHAPE_ERROR, "where shape %zux%zu incompatible with self %zux%zu",
                    own.rows, own.columns, shape.rows, shape.columns);
        return -1;
    }
    return matrix_operand_spread(mask, shape, self);
}

/* ---- one value per group ---- */

static boc__shape_t groups_of(boc__axis_t axis, boc__shape_t shape) {
    return axis == BOC__AXIS_COLUMNS ? (boc__shape_t){1, shape.columns}
                                     : (boc__shape_t){shape.rows, 1};
}

typedef struct reduction {
    boc__axis_t axis;
    matrix_operand_t mask;
    matrix_block_t *block;
    const boc__matrix_t *where;
    double total;           /* where the result goes without an axis */
    matrix_target_t target; /* with one */
    double *out;
} reduction_t;

/* Read `axis` and `where` and find the memory; afterwards no Python code may run. */
static int open_reduction(reduction_t *reduction, PyObject *self, PyObject *axis, PyObject *where) {
    PyTypeObject *type = matrix_type_of(self);
    *reduction = (reduction_t){.axis = BOC__AXIS_NONE};
    if (matrix_read_axis(type, axis, &reduction->axis) < 0 ||
        matrix_mask_init(&reduction->mask, type, where) < 0)
        return -1;
    reduction->block = matrix_block_of(self);
    if (reduction->block == NULL)
        return -1;
    boc__shape_t shape = matrix_shape_of(reduction->block);
    if (matrix_mask_open(&reduction->mask, type, reduction->block, &reduction->where) < 0)
        return -1;
    reduction->out = &reduction->total;
    if (reduction->axis == BOC__AXIS_NONE)
        return 0;
    if (matrix_target_open(&reduction->target, type, groups_of(reduction->axis, shape)) < 0)
        return -1;
    reduction->out = reduction->target.view.data;
    return 0;
}

/* The result, if `status` is 0. */
static PyObject *close_reduction(reduction_t *reduction, int status) {
    matrix_operand_deinit(&reduction->mask);
    if (status < 0) {
        Py_XDECREF(reduction->target.result);
        return NULL;
    }
    return reduction->axis == BOC__AXIS_NONE ? PyFloat_FromDouble(reduction->total)
                                             : reduction->target.result;
}

/* Of all elements, without a mask: most calls, of small matrices too, and simple enough. */
static PyObject *reduce_all(boc__reduce_op_t op, PyObject *self) {
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    double total;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, NULL, NULL, NULL);
    boc__reduce(op, BOC__AXIS_NONE, &total, matrix_view(block), NULL);
    matrix_away_end(&away);
    return PyFloat_FromDouble(total);
}

static PyObject *reduce(boc__reduce_op_t op, const char *name, PyObject *self,
                        PyObject *const *args, Py_ssize_t count, PyObject *keywords) {
    if (count == 0 && keywords == NULL)
        return reduce_all(op, self);
    const matrix_signature_t signature = {name, {"axis", "where"}, 0, 2};
    PyObject *values[2];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    reduction_t reduction;
    int status = open_reduction(&reduction, self, values[0], values[1]);
    if (status == 0) {
        matrix_away_t away;
        matrix_away_begin(&away, (double)reduction.block->count, reduction.block,
                          reduction.mask.block, reduction.target.block, NULL);
        boc__reduce(op, reduction.axis, reduction.out, matrix_view(reduction.block),
                    reduction.where);
        matrix_away_end(&away);
    }
    return close_reduction(&reduction, status);
}

#define REDUCE(name, op)                                                                           \
    static PyObject *matrix_##name(PyObject *self, PyObject *const *args, Py_ssize_t count,        \
                                   PyObject *keywords) {                                           \
        return reduce(op, #name, self, args, count, keywords);                                     \
    }

REDUCE(sum, BOC__SUM)
REDUCE(mean, BOC__MEAN)
REDUCE(magnitude, BOC__MAGNITUDE)
REDUCE(magnitude_squared, BOC__MAGNITUDE_SQUARED)
REDUCE(min, BOC__MIN)
REDUCE(max, BOC__MAX)

/* ---- where the extremes are ---- */

/* The elements of a matrix of places as a list of ints. */
static PyObject *list_of_places(PyObject *places) {
    const matrix_block_t *block = matrix_block_of(places);
    PyObject *list = block != NULL ? PyList_New(block->count) : NULL;
    for (Py_ssize_t i = 0; list != NULL && i < block->count; i++) {
        PyObject *place = PyLong_FromDouble(block->data[i]); /* owned */
        if (place == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, place); /* steals */
    }
    return list;
}

static PyObject *reduce_arg(bool largest, const char *name, PyObject *self, PyObject *const *args,
                            Py_ssize_t count, PyObject *keywords) {
    const matrix_signature_t signature = {name, {"axis", "where", "as_matrix"}, 0, 3};
    PyObject *values[3];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    int as_matrix = matrix_arg_flag(values[2]);
    if (as_matrix < 0)
        return NULL;
    reduction_t reduction;
    int status = open_reduction(&reduction, self, values[0], values[1]);
    if (status == 0) {
        matrix_away_t away;
        matrix_away_begin(&away, (double)reduction.block->count, reduction.block,
                          reduction.mask.block, reduction.target.block, NULL);
        boc__reduce_arg(largest, reduction.axis, reduction.out, matrix_view(reduction.block),
                        reduction.where);
        matrix_away_end(&away);
    }
    boc__axis_t axis = reduction.axis;
    double total = reduction.total;
    PyObject *places = close_reduction(&reduction, status); /* owned */
    if (places == NULL || (axis != BOC__AXIS_NONE && as_matrix))
        return places;
    PyObject *result = axis == BOC__AXIS_NONE ? PyLong_FromDouble(total) : list_of_places(places);
    Py_DECREF(places);
    return result;
}

static PyObject *matrix_argmin(PyObject *self, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords) {
    return reduce_arg(false, "argmin", self, args, count, keywords);
}

static PyObject *matrix_argmax(PyObject *self, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords) {
    return reduce_arg(true, "argmax", self, args, count, keywords);
}

/* ---- dot products ---- */

static int run_vecdot(matrix_pair_t *pair) {
    boc__matrix_t a = pair->a.view, b = pair->b.view;
    boc__shape_t shape;
    bool is_turned = false;
    if (boc__vecdot_shape(boc__matrix_shape(a), boc__matrix_shape(b), &shape, &is_turned) !=
        BOC__MATRIX_OK) {
        matrix_fail(pair->type, MATRIX_SHAPE_ERROR,
                    "vecdot: lhs %zux%zu incompatible with rhs %zux%zu", a.rows, a.columns, b.rows,
                    b.columns);
        return -1;
    }
    if (is_turned)
        b = (boc__matrix_t){b.data, a.rows, a.columns};
    double *out = &pair->total;
    if (pair->axis != BOC__AXIS_NONE) {
        if (matrix_target_open(&pair->target, pair->type, groups_of(pair->axis, shape)) < 0)
            return -1;
        out = pair->target.view.data;
    }
    matrix_away_t away;
    matrix_away_begin(&away, (double)shape.rows * (double)shape.columns, pair->a.block,
                      pair->b.block, pair->target.block, NULL);
    boc__reduce_vecdot(pair->axis, out, shape, a, b);
    matrix_away_end(&away);
    return 0;
}

static PyObject *matrix_vecdot(PyObject *self, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords) {
    return matrix_pair_call("vecdot", run_vecdot, self, args, count, keywords);
}

/* ---- the table ---- */

#define REDUCE_DOC(name, what)                                                                     \
    {#name, MATRIX_METHOD(matrix_##name), MATRIX_KEYWORDS,                                         \
     #name "($self, /, axis=None, where=None)\n--\n\n" what "\n\n"                                 \
           "Over all elements: a float. Axis 0 (or -2): 1xC, of each column. Axis 1 (or -1):\n"    \
           "Rx1, of each row. Only elements count under which the mask *where*, of the same\n"     \
           "shape, a row, a column or 1x1, is not 0.\n\n"                                          \
           "Raises:\n"                                                                             \
           "    ValueError: another axis, or a mask of another shape.\n"                           \
           "    TypeError: *axis* is no int (or a bool), or *where* no Matrix.\n"                  \
           "    RuntimeError: a matrix is not acquired."}

#define ARG_DOC(name, what)                                                                        \
    {#name, MATRIX_METHOD(matrix_##name), MATRIX_KEYWORDS,                                         \
     #name                                                                                         \
     "($self, /, axis=None, where=None, as_matrix=False)\n--\n\n" what "\n\n"                      \
     "Over all elements: an int, the position in row-major order. With an axis: a list of\n"       \
     "ints, or with *as_matrix* a Matrix, the place in each column (0) or row (1). The\n"          \
     "first of equals counts; NaN only where it comes first. -1 where nothing counts under\n"      \
     "the mask *where*.\n\n"                                                                       \
     "Errors as in sum()."}

PyMethodDef matrix_reduce_methods[] = {
    REDUCE_DOC(sum, "Add up; 0.0 for no elements."),
    REDUCE_DOC(mean, "Take the mean; NaN of no elements."),
    REDUCE_DOC(magnitude, "Take the root of the sum of squares; 0.0 of no elements."),
    REDUCE_DOC(magnitude_squared, "Add up the squares; 0.0 for no elements."),
    REDUCE_DOC(min, "Find the smallest element; NaN if there is a NaN, or of no elements."),
    REDUCE_DOC(max, "Find the largest element; NaN if there is a NaN, or of no elements."),
    ARG_DOC(argmin, "Find where the smallest element is."),
    ARG_DOC(argmax, "Find where the largest element is."),
    {"vecdot", MATRIX_METHOD(matrix_vecdot), MATRIX_KEYWORDS,
     "vecdot($self, other, /, axis=None)\n--\n\n"
     "Return the sum of the products of elements: a float, 1xC (axis 0) or Rx1 (axis 1).\n\n"
     "*other* has the same shape, or one of the two is a row or a column of it, or both are\n"
     "vectors of as many elements. This is not the matrix product.\n\n"
     "Raises:\n"
     "    ValueError: other shapes, or another axis.\n"
     "    TypeError: *other* is a number or nothing of the kind.\n"
     "    RuntimeError: a matrix is not acquired."},
    {NULL, NULL, 0, NULL},
};
