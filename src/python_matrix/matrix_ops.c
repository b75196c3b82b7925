/* matrix_ops.c - + - * / and @, their in-place forms and their names. */
#include "python_matrix/matrix_ops.h"

#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_target.h"

#include "matrix/matmul.h"

static const char *const op_names[] = {
    [BOC__ADD] = "+",           [BOC__SUBTRACT] = "-",
    [BOC__MULTIPLY] = "*",      [BOC__DIVIDE] = "/",
    [BOC__LESS] = "less",       [BOC__LESS_EQUAL] = "less_equal",
    [BOC__GREATER] = "greater", [BOC__GREATER_EQUAL] = "greater_equal",
    [BOC__EQUAL] = "equal",     [BOC__NOT_EQUAL] = "not_equal",
};

static int refuse_shapes(PyTypeObject *type, const char *op, boc__matrix_t a, boc__matrix_t b) {
    matrix_fail(type, MATRIX_SHAPE_ERROR, "%s: lhs %zux%zu incompatible with rhs %zux%zu", op,
                a.rows, a.columns, b.rows, b.columns);
    return -1;
}

/* Both are open, and the result has the shape of the target. */
static int run_binary(boc__binary_op_t op, matrix_target_t *target, matrix_operand_t *left,
                      matrix_operand_t *right) {
    if (matrix_operand_untangle(left, target->view) < 0 ||
        matrix_operand_untangle(right, target->view) < 0)
        return -1;
    matrix_away_t away;
    matrix_away_begin(&away, (double)target->block->count, target->block, left->block, right->block,
                      NULL);
    boc__elementwise_binary(op, target->view, left->view, right->view);
    matrix_away_end(&away);
    return 0;
}

/* 1 with both open, 0 if one is no operand, -1 with an exception. */
static int open_both(PyTypeObject *type, matrix_operand_t *left, PyObject *left_value,
                     matrix_operand_t *right, PyObject *right_value) {
    right->owned = NULL;
    int status = matrix_operand_init(left, type, left_value);
    if (status <= 0)
        return status;
    status = matrix_operand_init(right, type, right_value);
    if (status <= 0)
        return status;
    return matrix_operand_open(left) < 0 || matrix_operand_open(right) < 0 ? -1 : 1;
}

PyObject *matrix_binary(PyTypeObject *type, boc__binary_op_t op, PyObject *left_value,
                        PyObject *right_value, PyObject *out) {
    matrix_operand_t left, right;
    matrix_target_t target;
    if (matrix_target_init(&target, NULL, out, NULL) < 0)
        return NULL;
    int status = open_both(type, &left, left_value, &right, right_value);
    boc__shape_t shape;
    if (status == 1 &&
        boc__shape_broadcast(boc__matrix_shape(left.view), boc__matrix_shape(right.view), &shape) !=
            BOC__MATRIX_OK)
        status = refuse_shapes(type, op_names[op], left.view, right.view);
    if (status == 1 && (matrix_target_open(&target, type, shape) < 0 ||
                        run_binary(op, &target, &left, &right) < 0))
        status = -1;
    matrix_operand_deinit(&left);
    matrix_operand_deinit(&right);
    if (status == 1)
        return target.result;
    Py_XDECREF(target.result);
    return status == 0 ? Py_NewRef(Py_NotImplemented) : NULL;
}

PyObject *matrix_binary_method(boc__binary_op_t op, const char *name, PyObject *self,
                               PyObject *const *args, Py_ssize_t count, PyObject *keywords) {
    const matrix_signature_t signature = {name, {"", "out"}, 1, 1};
    PyObject *values[2];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    PyObject *result = matrix_binary(matrix_type_of(self), op, self, values[0], values[1]);
    if (result != Py_NotImplemented)
        return result;
    Py_DECREF(result);
    PyErr_Format(PyExc_TypeError,
                 "%s() takes a Matrix, a number or an iterable of numbers, not "
                 "'%.200s'",
                 name, Py_TYPE(values[0])->tp_name);
    return NULL;
}

/* ---- operators ---- */

static PyObject *binary_slot(boc__binary_op_t op, PyObject *left, PyObject *right) {
    PyTypeObject *type = matrix_type_of(matrix_check(left) ? left : right);
    return matrix_binary(type, op, left, right, NULL);
}

PyObject *matrix_nb_add(PyObject *left, PyObject *right) {
    return binary_slot(BOC__ADD, left, right);
}

PyObject *matrix_nb_subtract(PyObject *left, PyObject *right) {
    return binary_slot(BOC__SUBTRACT, left, right);
}

PyObject *matrix_nb_multiply(PyObject *left, PyObject *right) {
    return binary_slot(BOC__MULTIPLY, left, right);
}

PyObject *matrix_nb_divide(PyObject *left, PyObject *right) {
    return binary_slot(BOC__DIVIDE, left, right);
}

static int check_in_place(PyTypeObject *type, boc__binary_op_t op, boc__matrix_t left,
                          boc__matrix_t right) {
    switch (boc__shape_broadcast_in_place(boc__matrix_shape(left), boc__matrix_shape(right))) {
    case BOC__MATRIX_OK:
        return 1;
    case BOC__MATRIX_ESCALAR:
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "in-place scalar broadcast: a 1x1 matrix cannot hold the %zux%zu result of %s=",
                    right.rows, right.columns, op_names[op]);
        return -1;
    case BOC__MATRIX_EINPLACE:
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "%s=: the result with rhs %zux%zu does not fit in place into lhs %zux%zu",
                    op_names[op], right.rows, right.columns, left.rows, left.columns);
        return -1;
    default:
        return refuse_shapes(type, op_names[op], left, right);
    }
}

static PyObject *in_place_slot(boc__binary_op_t op, PyObject *self, PyObject *other) {
    PyTypeObject *type = matrix_type_of(self);
    matrix_operand_t left, right;
    int status = open_both(type, &left, self, &right, other);
    if (status == 1)
        status = check_in_place(type, op, left.view, right.view);
    if (status == 1) {
        matrix_target_t target = {.block = left.block, .view = left.view};
        if (run_binary(op, &target, &left, &right) < 0)
            status = -1;
    }
    matrix_operand_deinit(&left);
    matrix_operand_deinit(&right);
    if (status < 0)
        return NULL;
    return Py_NewRef(status == 1 ? self : Py_NotImplemented);
}

PyObject *matrix_nb_inplace_add(PyObject *self, PyObject *other) {
    return in_place_slot(BOC__ADD, self, other);
}

PyObject *matrix_nb_inplace_subtract(PyObject *self, PyObject *other) {
    return in_place_slot(BOC__SUBTRACT, self, other);
}

PyObject *matrix_nb_inplace_multiply(PyObject *self, PyObject *other) {
    return in_place_slot(BOC__MULTIPLY, self, other);
}

PyObject *matrix_nb_inplace_divide(PyObject *self, PyObject *other) {
    return in_place_slot(BOC__DIVIDE, self, other);
}

/* ---- the product of matrices ---- */

static int multiply(PyTypeObject *type, matrix_target_t *target, matrix_operand_t *left,
                    matrix_operand_t *right) {
    boc__matrix_t a = left->view, b = right->view;
    if (a.columns != b.rows)
        return refuse_shapes(type, "@", a, b);
    if (matrix_target_open(target, type, (boc__shape_t){a.rows, b.columns}) < 0)
        return -1;
    matrix_away_t away;
    matrix_away_begin(&away, (double)target->block->count * (double)a.columns, target->block,
                      left->block, right->block, NULL);
    boc__matmul(target->view, a, b);
    matrix_away_end(&away);
    return 1;
}

PyObject *matrix_nb_matmul(PyObject *left_value, PyObject *right_value) {
    PyTypeObject *type = matrix_type_of(matrix_check(left_value) ? left_value : right_value);
    matrix_operand_t left, right;
    matrix_target_t target = {.out = NULL};
    int status = open_both(type, &left, left_value, &right, right_value);
    if (status == 1)
        status = left.is_number || right.is_number ? 0 : multiply(type, &target, &left, &right);
    matrix_operand_deinit(&left);
    matrix_operand_deinit(&right);
    if (status == 1)
        return target.result;
    Py_XDECREF(target.result);
    return status == 0 ? Py_NewRef(Py_NotImplemented) : NULL;
}

/* ---- the operators' names ---- */

#define NAMED(name, op)                                                                            \
    static PyObject *matrix_##name(PyObject *self, PyObject *const *args, Py_ssize_t count,        \
                                   PyObject *keywords) {                                           \
        return matrix_binary_method(op, #name, self, args, count, keywords);                       \
    }

NAMED(add, BOC__ADD)
NAMED(subtract, BOC__SUBTRACT)
NAMED(multiply, BOC__MULTIPLY)
NAMED(divide, BOC__DIVIDE)

#define NAMED_DOC(name, op)                                                                        \
    {#name, MATRIX_METHOD(matrix_##name), MATRIX_KEYWORDS,                                         \
     #name "($self, other, /, *, out=None)\n--\n\n"                                                \
           "Return self " op " other, bit for bit as the operator does.\n\n"                       \
           "*other* is a number, a Matrix or an iterable of numbers (a row). Along each\n"         \
           "dimension the two are equal or one of them is 1. The result is written into *out*,\n"  \
           "a Matrix of its shape, if that is given.\n\n"                                          \
           "Raises:\n"                                                                             \
           "    ValueError: the shapes do not fit; *out* keeps its elements.\n"                    \
           "    TypeError: *other* is nothing of the kind, or *out* no Matrix.\n"                  \
           "    RuntimeError: a matrix is not acquired."}

PyMethodDef matrix_ops_methods[] = {
    NAMED_DOC(add, "+"),    NAMED_DOC(subtract, "-"), NAMED_DOC(multiply, "*"),
    NAMED_DOC(divide, "/"), {NULL, NULL, 0, NULL},
};
