/* matrix_unary.c - methods that make one element from one: and clip, copy and transpose. */
#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_ops.h"
#include "python_matrix/matrix_target.h"

#include "matrix/transpose.h"

static PyObject *apply(boc__unary_op_t op, PyObject *self, PyObject *out, PyObject *in_place) {
    matrix_target_t target;
    if (matrix_target_init(&target, self, out, in_place) < 0)
        return NULL;
    matrix_operand_t operand = {.matrix = self};
    if (matrix_operand_open(&operand) < 0 ||
        matrix_target_open(&target, matrix_type_of(self), matrix_shape_of(operand.block)) < 0)
        return NULL;
    if (matrix_operand_untangle(&operand, target.view) < 0) {
        Py_DECREF(target.result);
        return NULL;
    }
    double cost = op == BOC__COS || op == BOC__SIN ? 16.0 : 1.0;
    matrix_away_t away;
    matrix_away_begin(&away, cost * (double)operand.block->count, operand.block, target.block, NULL,
                      NULL);
    boc__elementwise_unary(op, target.view, operand.view);
    matrix_away_end(&away);
    matrix_operand_deinit(&operand);
    return target.result;
}

static PyObject *unary(boc__unary_op_t op, const char *name, PyObject *self, PyObject *const *args,
                       Py_ssize_t count, PyObject *keywords) {
    const matrix_signature_t signature = {name, {"in_place", "out"}, 0, 0};
    PyObject *values[2];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    return apply(op, self, values[1], values[0]);
}

PyObject *matrix_nb_negative(PyObject *self) { return apply(BOC__NEGATE, self, NULL, NULL); }

PyObject *matrix_nb_absolute(PyObject *self) { return apply(BOC__ABS, self, NULL, NULL); }

#define UNARY(name, op)                                                                            \
    static PyObject *matrix_##name(PyObject *self, PyObject *const *args, Py_ssize_t count,        \
                                   PyObject *keywords) {                                           \
        return unary(op, #name, self, args, count, keywords);                                      \
    }

UNARY(negate, BOC__NEGATE)
UNARY(abs, BOC__ABS)
UNARY(ceil, BOC__CEIL)
UNARY(floor, BOC__FLOOR)
UNARY(round, BOC__ROUND)
UNARY(sqrt, BOC__SQRT)
UNARY(sign, BOC__SIGN)
UNARY(cos, BOC__COS)
UNARY(sin, BOC__SIN)

/* ---- clip ---- */

/* NaN leaves the side open. */
static int read_bound(PyObject *value, const char *name, double *p_bound) {
    *p_bound = Py_NAN;
    if (matrix_arg_is_none(value))
        return 0;
    if (matrix_check(value) || !matrix_is_number(value)) {
        PyErr_Format(PyExc_TypeError, "clip: %s must be a number or None, not '%.200s'", name,
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    *p_bound = PyFloat_AsDouble(value);
    return *p_bound == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *matrix_clip(PyObject *self, PyObject *const *args, Py_ssize_t count,
                             PyObject *keywords) {
    static const matrix_signature_t signature = {"clip", {"min", "max", "out", "in_place"}, 0, 2};
    PyObject *values[4];
    double low, high;
    matrix_target_t target;
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    if (matrix_arg_is_none(values[0]) && matrix_arg_is_none(values[1])) {
        PyErr_SetString(PyExc_ValueError, "clip: min or max must be given");
        return NULL;
    }
    if (read_bound(values[0], "min", &low) < 0 || read_bound(values[1], "max", &high) < 0 ||
        matrix_target_init(&target, self, values[2], values[3]) < 0)
        return NULL;
    if (high < low)
        return matrix_fail(matrix_type_of(self), MATRIX_BOUNDS_ERROR, "clip: max is below min");
    matrix_operand_t operand = {.matrix = self};
    if (matrix_operand_open(&operand) < 0 ||
        matrix_target_open(&target, matrix_type_of(self), matrix_shape_of(operand.block)) < 0)
        return NULL;
    if (matrix_operand_untangle(&operand, target.view) < 0) {
        Py_DECREF(target.result);
        return NULL;
    }
    matrix_away_t away;
    matrix_away_begin(&away, (double)operand.block->count, operand.block, target.block, NULL, NULL);
    boc__elementwise_clip(target.view, operand.view, low, high);
    matrix_away_end(&away);
    matrix_operand_deinit(&operand);
    return target.result;
}

/* ---- copy and transpose ---- */

static PyObject *matrix_copy(PyObject *self, PyObject *ignored) {
    matrix_target_t target = {.out = NULL};
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL ||
        matrix_target_open(&target, matrix_type_of(self), matrix_shape_of(block)) < 0)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, target.block, NULL, NULL);
    memcpy(target.view.data, block->data, (size_t)block->count * sizeof(double));
    matrix_away_end(&away);
    return target.result;
}

static PyObject *transpose_in_place(PyObject *self) {
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    boc__matrix_t view = matrix_view(block);
    /* Whoever has the address knows the shape: only squares keep it. */
    if (view.rows != view.columns && matrix_block_is_shared(block)) {
        PyErr_SetString(PyExc_BufferError,
                        "the matrix cannot change its shape while its memory is exported");
        return NULL;
    }
    size_t scratch_count = boc__transpose_scratch(matrix_shape_of(block));
    double *scratch = NULL; /* owned */
    if (scratch_count > 0 && (scratch = PyMem_RawMalloc(scratch_count * sizeof(double))) == NULL)
        return PyErr_NoMemory();
    /* With the GIL: the shape changes at the end, and nobody may see the time between. */
    boc__transpose_in_place(&view, scratch);
    PyMem_RawFree(scratch);
    if (block->extents[0] != (Py_ssize_t)view.rows)
        matrix_block_reshape(block, (Py_ssize_t)view.rows, (Py_ssize_t)view.columns);
    return Py_NewRef(self);
}

PyObject *matrix_transpose(PyObject *self, PyObject *const *args, Py_ssize_t count,
                           PyObject *keywords) {
    static const matrix_signature_t signature = {"transpose", {"in_place"}, 0, 1};
    PyObject *values[1];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    int is_in_place = matrix_arg_flag(values[0]);
    if (is_in_place != 0)
        return is_in_place > 0 ? transpose_in_place(self) : NULL;
    matrix_target_t target = {.out = NULL};
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    boc__matrix_t view = matrix_view(block);
    if (matrix_target_open(&target, matrix_type_of(self), (boc__shape_t){view.columns, view.rows}) <
        0)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, target.block, NULL, NULL);
    boc__transpose(target.view, view);
    matrix_away_end(&away);
    return target.result;
}

/* ---- the table ---- */

#define UNARY_DOC(name, what)                                                                      \
    {#name, MATRIX_METHOD(matrix_##name), MATRIX_KEYWORDS,                                         \
     #name "($self, /, *, in_place=False, out=None)\n--\n\n" what "\n\n"                           \
           "RxC to RxC: a new matrix, the matrix itself with *in_place*, or *out*, a Matrix of\n"  \
           "the same shape.\n\n"                                                                   \
           "Raises:\n"                                                                             \
           "    ValueError: *out* has another shape, or was given with *in_place*.\n"              \
           "    TypeError: *out* is no Matrix.\n"                                                  \
           "    RuntimeError: a matrix is not acquired."}

PyMethodDef matrix_unary_methods[] = {
    UNARY_DOC(negate, "Change the sign of each element."),
    UNARY_DOC(abs, "Take each element without its sign."),
    UNARY_DOC(ceil, "Round each element up to a whole number."),
    UNARY_DOC(floor, "Round each element down to a whole number."),
    UNARY_DOC(round, "Round each element to the nearest whole number, halves to the even one."),
    UNARY_DOC(sqrt, "Take the square root of each element; NaN for negative ones."),
    UNARY_DOC(sign, "Take -1.0, 0.0 or 1.0 for each element."),
    UNARY_DOC(cos, "Take the cosine of each element, in radians."),
    UNARY_DOC(sin, "Take the sine of each element, in radians."),
    {"clip", MATRIX_METHOD(matrix_clip), MATRIX_KEYWORDS,
     "clip($self, /, min=None, max=None, *, out=None, in_place=False)\n--\n\n"
     "Replace elements below *min* and above *max* by these.\n\n"
     "A bound that is None, or NaN, leaves its side open. NaN elements stay. The result goes\n"
     "where sqrt() and the like put it.\n\n"
     "Raises:\n"
     "    ValueError: neither bound is given, *max* is below *min*, or *out* does not fit.\n"
     "    TypeError: a bound is no number.\n"
     "    RuntimeError: a matrix is not acquired."},
    {"copy", matrix_copy, METH_NOARGS,
     "copy($self, /)\n--\n\n"
     "Return an independent matrix with the same elements.\n\n"
     "RuntimeError if the matrix is not acquired."},
    {"transpose", MATRIX_METHOD(matrix_transpose), MATRIX_KEYWORDS,
     "transpose($self, /, in_place=False)\n--\n\n"
     "Make rows of the columns: RxC to CxR, a new matrix or the matrix itself.\n\n"
     "Raises:\n"
     "    BufferError: *in_place*, not square, and the memory is exported.\n"
     "    RuntimeError: the matrix is not acquired."},
    {NULL, NULL, 0, NULL},
};
