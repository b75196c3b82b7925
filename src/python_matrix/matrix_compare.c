/* matrix_compare.c - see matrix_compare.h; also the masks and allclose. */
#include "python_matrix/matrix_compare.h"

#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_operand.h"
#include "python_matrix/matrix_ops.h"

#include "matrix/compare.h"

/* ---- one bool ---- */

/* 1 with the other side open; 0 if there is nothing to compare with; -1 with an exception. */
static int open_other(matrix_operand_t *operand, PyTypeObject *type, PyObject *other) {
    int status = matrix_operand_init_plain(operand, other);
    if (status == 0 && (PyList_Check(other) || PyTuple_Check(other)))
        status = matrix_operand_init(operand, type, other);
    if (status > 0 && matrix_operand_open(operand) < 0)
        status = -1;
    return status;
}

/* An ordering needs numbers; for equality what has none is just different. */
static bool is_just_different(const matrix_operand_t *operand, int op) {
    if ((op != Py_EQ && op != Py_NE) || operand->matrix != NULL)
        return false;
    return PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError) ||
           PyErr_ExceptionMatches(PyExc_OverflowError);
}

static PyObject *compare(PyTypeObject *type, matrix_block_t *block, const matrix_operand_t *other,
                         int op) {
    boc__matrix_t a = matrix_view(block), b = other->view;
    if (!other->is_number && !boc__shape_equal(boc__matrix_shape(a), boc__matrix_shape(b))) {
        if (op == Py_EQ || op == Py_NE)
            return PyBool_FromLong(op == Py_NE);
        return matrix_fail(type, MATRIX_SHAPE_ERROR,
                           "a %zux%zu matrix has no order with a %zux%zu one", a.rows, a.columns,
                           b.rows, b.columns);
    }
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, other->block, NULL, NULL);
    int order = boc__compare_order(a, b);
    matrix_away_end(&away);
    Py_RETURN_RICHCOMPARE(order, 0, op);
}

PyObject *matrix_richcompare(PyObject *self, PyObject *other, int op) {
    PyTypeObject *type = matrix_type_of(self);
    matrix_operand_t operand;
    PyObject *result = NULL;
    int status = open_other(&operand, type, other);
    matrix_block_t *block = status >= 0 ? matrix_block_of(self) : NULL;
    if (status < 0 && is_just_different(&operand, op)) {
        PyErr_Clear();
        if (matrix_block_of(self) != NULL)
            result = PyBool_FromLong(op == Py_NE);
    } else if (block != NULL) {
        result = status == 0 ? Py_NewRef(Py_NotImplemented) : compare(type, block, &operand, op);
    }
    matrix_operand_deinit(&operand);
    return result;
}

/* ---- masks ---- */

#define MASK(name, op)                                                                             \
    static PyObject *matrix_##name(PyObject *self, PyObject *const *args, Py_ssize_t count,        \
                                   PyObject *keywords) {                                           \
        return matrix_binary_method(op, #name, self, args, count, keywords);                       \
    }

MASK(less, BOC__LESS)
MASK(less_equal, BOC__LESS_EQUAL)
MASK(greater, BOC__GREATER)
MASK(greater_equal, BOC__GREATER_EQUAL)
MASK(equal, BOC__EQUAL)
MASK(not_equal, BOC__NOT_EQUAL)

/* ---- allclose ---- */

static int read_tolerance(PyObject *value, double *p_tolerance) {
    if (value == NULL)
        return 0;
    *p_tolerance = PyFloat_AsDouble(value);
    return *p_tolerance == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *matrix_allclose(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                                 PyObject *keywords) {
    static const matrix_signature_t signature = {
        "allclose", {"", "", "rtol", "atol", "equal_nan"}, 2, 5};
    PyObject *values[5];
    double rtol = 1e-05, atol = 1e-08;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        read_tolerance(values[2], &rtol) < 0 || read_tolerance(values[3], &atol) < 0)
        return NULL;
    int equal_nan = matrix_arg_flag(values[4]);
    if (equal_nan < 0)
        return NULL;
    for (int i = 0; i < 2; i++) {
        if (!matrix_check(values[i])) {
            PyErr_Format(PyExc_TypeError, "allclose: argument %d must be a Matrix, not '%.200s'",
                         i + 1, Py_TYPE(values[i])->tp_name);
            return NULL;
        }
    }
    matrix_block_t *a = matrix_block_of(values[0]);
    matrix_block_t *b = a != NULL ? matrix_block_of(values[1]) : NULL;
    if (b == NULL)
        return NULL;
    bool is_close = false;
    if (boc__shape_equal(matrix_shape_of(a), matrix_shape_of(b))) {
        matrix_away_t away;
        matrix_away_begin(&away, (double)a->count, a, b, NULL, NULL);
        is_close = boc__compare_close(matrix_view(a), matrix_view(b), rtol, atol, equal_nan != 0);
        matrix_away_end(&away);
    }
    return PyBool_FromLong(is_close);
}

#define MASK_DOC(name, op)                                                                         \
    {#name, MATRIX_METHOD(matrix_##name), MATRIX_KEYWORDS,                                         \
     #name "($self, other, /, *, out=None)\n--\n\n"                                                \
           "Return a mask: 1.0 where self " op " other, else 0.0.\n\n"                             \
           "Shapes, operands, *out* and errors are those of add(); NaN is not equal to anything."}

PyMethodDef matrix_compare_methods[] = {
    MASK_DOC(less, "<"),
    MASK_DOC(less_equal, "<="),
    MASK_DOC(greater, ">"),
    MASK_DOC(greater_equal, ">="),
    MASK_DOC(equal, "=="),
    MASK_DOC(not_equal, "!="),
    {"allclose", MATRIX_METHOD(matrix_allclose), MATRIX_KEYWORDS | METH_CLASS,
     "allclose($type, lhs, rhs, /, rtol=1e-05, atol=1e-08, equal_nan=False)\n--\n\n"
     "Whether two matrices have one shape and elements that are equal or differ by at most\n"
     "atol + rtol * abs(rhs).\n\n"
     "Infinities are close to themselves only, NaN to NaN with *equal_nan*.\n\n"
     "Raises:\n"
     "    TypeError: one of the two is no Matrix.\n"
     "    RuntimeError: a matrix is not acquired."},
    {NULL, NULL, 0, NULL},
};
