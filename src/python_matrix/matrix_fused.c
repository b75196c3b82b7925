/* matrix_fused.c - operations of three operands: fma, scaled_add and where. */
#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_ops.h"
#include "python_matrix/matrix_target.h"

/* A matrix or a number; -1 with TypeError for anything else. */
static int init_plain(matrix_operand_t *operand, const char *function, const char *name,
                      PyObject *value) {
    int status = matrix_operand_init_plain(operand, value);
    if (status == 0)
        PyErr_Format(PyExc_TypeError, "%s: %s must be a Matrix or a real number, not '%.200s'",
                     function, name, Py_TYPE(value)->tp_name);
    return status > 0 ? 0 : -1;
}

static int check_spread(PyTypeObject *type, const char *function, const char *name,
                        const matrix_operand_t *operand, boc__shape_t shape) {
    boc__shape_t own = boc__matrix_shape(operand->view);
    if (boc__shape_spreads(own, shape))
        return 0;
    matrix_fail(type, MATRIX_SHAPE_ERROR, "%s: %s shape %zux%zu incompatible with self %zux%zu",
                function, name, own.rows, own.columns, shape.rows, shape.columns);
    return -1;
}

typedef void (*fused_fn)(boc__matrix_t, boc__matrix_t, boc__matrix_t, boc__matrix_t);

/* All are open, and have been checked. */
static PyObject *run_fused(fused_fn kernel, PyTypeObject *type, matrix_target_t *target,
                           boc__shape_t shape, matrix_operand_t *a, matrix_operand_t *b,
                           matrix_operand_t *c) {
    if (matrix_target_open(target, type, shape) < 0)
        return NULL;
    if (matrix_operand_untangle(a, target->view) < 0 ||
        matrix_operand_untangle(b, target->view) < 0 ||
        matrix_operand_untangle(c, target->view) < 0) {
        Py_DECREF(target->result);
        return NULL;
    }
    matrix_away_t away;
    matrix_away_begin(&away, (double)target->block->count, target->block, a->block, b->block,
                      c->block);
    kernel(target->view, a->view, b->view, c->view);
    matrix_away_end(&away);
    return target->result;
}

static PyObject *matrix_fma(PyObject *self, PyObject *const *args, Py_ssize_t count,
                            PyObject *keywords) {
    static const matrix_signature_t signature = {"fma", {"", "", "in_place"}, 2, 3};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[3];
    PyObject *result = NULL;
    matrix_operand_t a = {.matrix = self}, b = {.owned = NULL}, c = {.owned = NULL};
    matrix_target_t target;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        init_plain(&b, "fma", "b", values[0]) < 0 || init_plain(&c, "fma", "c", values[1]) < 0 ||
        matrix_target_init(&target, self, NULL, values[2]) < 0)
        goto done;
    if (matrix_operand_open(&a) < 0 || matrix_operand_open(&b) < 0 || matrix_operand_open(&c) < 0)
        goto done;
    boc__shape_t shape = matrix_shape_of(a.block);
    if (check_spread(type, "fma", "b", &b, shape) < 0 ||
        check_spread(type, "fma", "c", &c, shape) < 0)
        goto done;
    result = run_fused(boc__elementwise_fma, type, &target, shape, &a, &b, &c);
done:
    matrix_operand_deinit(&a);
    matrix_operand_deinit(&b);
    matrix_operand_deinit(&c);
    return result;
}

static int init_any(matrix_operand_t *operand, PyTypeObject *type, const char *function,
                    const char *name, PyObject *value) {
    int status = matrix_operand_init(operand, type, value);
    if (status == 0)
        PyErr_Format(PyExc_TypeError,
                     "%s: %s must be a Matrix, a real number or an iterable of numbers, not "
                     "'%.200s'",
                     function, name, Py_TYPE(value)->tp_name);
    return status > 0 ? 0 : -1;
}

static PyObject *matrix_scaled_add(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                   PyObject *keywords) {
    static const matrix_signature_t signature = {"scaled_add", {"", "", "in_place"}, 2, 3};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[3];
    PyObject *result = NULL;
    matrix_operand_t a = {.matrix = self}, s = {.owned = NULL}, x = {.owned = NULL};
    matrix_target_t target;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        init_plain(&s, "scaled_add", "s", values[0]) < 0 ||
        init_any(&x, type, "scaled_add", "x", values[1]) < 0 ||
        matrix_target_init(&target, self, NULL, values[2]) < 0)
        goto done;
    if (x.is_number) {
        PyErr_SetString(PyExc_TypeError, "scaled_add: x must be a Matrix, not a number");
        goto done;
    }
    if (matrix_operand_open(&a) < 0 || matrix_operand_open(&s) < 0 || matrix_operand_open(&x) < 0)
        goto done;
    boc__shape_t shape = matrix_shape_of(a.block);
    if (!boc__shape_equal(boc__matrix_shape(x.view), shape)) {
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "scaled_add: x shape %zux%zu does not match self %zux%zu", x.view.rows,
                    x.view.columns, shape.rows, shape.columns);
        goto done;
    }
    if (check_spread(type, "scaled_add", "s", &s, shape) == 0)
        result = run_fused(boc__elementwise_scaled_add, type, &target, shape, &a, &s, &x);
done:
    matrix_operand_deinit(&a);
    matrix_operand_deinit(&s);
    matrix_operand_deinit(&x);
    return result;
}

/* ---- where ---- */

static int check_choice(PyTypeObject *type, const char *name, const matrix_operand_t *choice,
                        boc__shape_t shape) {
    boc__shape_t own = boc__matrix_shape(choice->view);
    if (choice->is_number || boc__shape_equal(own, shape))
        return 0;
    matrix_fail(type, MATRIX_SHAPE_ERROR, "where: %s shape %zux%zu does not match mask %zux%zu",
                name, own.rows, own.columns, shape.rows, shape.columns);
    return -1;
}

static PyObject *matrix_where(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                              PyObject *keywords) {
    static const matrix_signature_t signature = {"where", {"mask", "a", "b", "out"}, 3, 3};
    PyTypeObject *type = NULL;
    PyObject *values[4];
    PyObject *result = NULL;
    matrix_operand_t mask = {.owned = NULL}, a = {.owned = NULL}, b = {.owned = NULL};
    matrix_target_t target = {.out = NULL};
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    if (!matrix_check(values[0])) {
        PyErr_Format(PyExc_TypeError, "where: mask must be a Matrix, not '%.200s'",
                     Py_TYPE(values[0])->tp_name);
        return NULL;
    }
    if (matrix_target_init(&target, NULL, values[3], NULL) < 0)
        return NULL;
    type = matrix_type_of(values[0]);
    mask.matrix = values[0];
    if (init_any(&a, type, "where", "a", values[1]) < 0 ||
        init_any(&b, type, "where", "b", values[2]) < 0)
        goto done;
    if (matrix_operand_open(&mask) < 0 || matrix_operand_open(&a) < 0 ||
        matrix_operand_open(&b) < 0)
        goto done;
    boc__shape_t shape = matrix_shape_of(mask.block);
    if (check_choice(type, "a", &a, shape) == 0 && check_choice(type, "b", &b, shape) == 0)
        result = run_fused(boc__elementwise_where, type, &target, shape, &mask, &a, &b);
done:
    matrix_operand_deinit(&mask);
    matrix_operand_deinit(&a);
    matrix_operand_deinit(&b);
    return result;
}

PyMethodDef matrix_fused_methods[] = {
    {"fma", MATRIX_METHOD(matrix_fma), MATRIX_KEYWORDS,
     "fma($self, b, c, /, in_place=False)\n--\n\n"
     "Return self * b + c, each element rounded once.\n\n"
     "*b* and *c* are numbers or matrices that are 1x1, a row, a column, or of the shape RxC\n"
     "of the matrix, which is also the result's. Either may be the matrix itself.\n\n"
     "Raises:\n"
     "    ValueError: a shape does not fit; nothing is written.\n"
     "    TypeError: *b* or *c* is neither a Matrix nor a real number.\n"
     "    RuntimeError: a matrix is not acquired."},
    {"scaled_add", MATRIX_METHOD(matrix_scaled_add), MATRIX_KEYWORDS,
     "scaled_add($self, s, x, /, in_place=False)\n--\n\n"
     "Return self + s * x, product and sum rounded separately.\n\n"
     "*x* has the shape RxC of the matrix; *s* is a number or a matrix that is 1x1, a row, a\n"
     "column or RxC. Either may be the matrix itself.\n\n"
     "Raises:\n"
     "    ValueError: a shape does not fit; nothing is written.\n"
     "    TypeError: *s* or *x* is nothing of the kind.\n"
     "    RuntimeError: a matrix is not acquired."},
    {"where", MATRIX_METHOD(matrix_where), MATRIX_KEYWORDS | METH_CLASS,
     "where($type, /, mask, a, b, *, out=None)\n--\n\n"
     "Return a matrix with the element of *a* where *mask* is not 0, else that of *b*.\n\n"
     "*a* and *b* are numbers, or of the shape RxC of *mask*. NaN in the mask is not 0. The\n"
     "result is written into *out*, a Matrix of that shape, if that is given; it may be one of\n"
     "the others.\n\n"
     "Raises:\n"
     "    ValueError: a shape does not match the mask's.\n"
     "    TypeError: *mask* or *out* is no Matrix, or *a* or *b* nothing of the kind.\n"
     "    RuntimeError: a matrix is not acquired."},
    {NULL, NULL, 0, NULL},
};
