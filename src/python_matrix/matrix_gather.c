/* matrix_gather.c - take, put and repeat_interleave: whole rows or columns by number. */
#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_axis.h"
#include "python_matrix/matrix_key.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_target.h"

static const char *name_of(boc__axis_t axis) {
    return axis == BOC__AXIS_COLUMNS ? "row" : "column";
}

static size_t length_along(boc__axis_t axis, boc__shape_t shape) {
    return axis == BOC__AXIS_COLUMNS ? shape.rows : shape.columns;
}

/* The shape with `count` rows (axis 0) or columns (axis 1). */
static boc__shape_t with_length(boc__axis_t axis, boc__shape_t shape, size_t count) {
    return axis == BOC__AXIS_COLUMNS ? (boc__shape_t){count, shape.columns}
                                     : (boc__shape_t){shape.rows, count};
}

static int read_indices(matrix_part_t *part, const char *function, PyObject *value) {
    *part = (matrix_part_t){.kind = MATRIX_PART_LIST};
    if (Py_TYPE(value)->tp_iter != NULL || PySequence_Check(value))
        return matrix_part_init_list(part, value);
    PyErr_Format(PyExc_TypeError, "%s: indices must be an iterable of ints, not '%.200s'", function,
                 Py_TYPE(value)->tp_name);
    return -1;
}

/* ---- take ---- */

/* The places are known. */
static int take(matrix_target_t *target, matrix_operand_t *self, boc__axis_t axis,
                const matrix_part_t *part) {
    matrix_block_t *copy = NULL; /* owned; the target is what we take from */
    boc__matrix_t in = self->view;
    if (boc__index_overlaps(target->view, in)) {
        copy = matrix_block_copy(self->block);
        if (copy == NULL)
            return -1;
        in.data = copy->data;
    }
    matrix_away_t away;
    matrix_away_begin(&away, (double)target->block->count, target->block, self->block, NULL, NULL);
    boc__index_take(axis, target->view, in, part->places, (size_t)part->index_count);
    matrix_away_end(&away);
    matrix_block_unref(copy);
    return 0;
}

static PyObject *matrix_take(PyObject *self, PyObject *const *args, Py_ssize_t count,
                             PyObject *keywords) {
    static const matrix_signature_t signature = {
        "take", {"indices", "axis", "out", "in_place"}, 1, 2};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[4];
    boc__axis_t axis = BOC__AXIS_COLUMNS;
    matrix_part_t part = {.indices = NULL};
    matrix_operand_t operand = {.matrix = self};
    matrix_target_t target = {.out = NULL};
    int status = -1;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_read_one_axis(type, values[1], &axis) < 0 ||
        matrix_target_init(&target, self, values[2], values[3]) < 0)
        return NULL;
    if (read_indices(&part, "take", values[0]) == 0 && matrix_operand_open(&operand) == 0) {
        boc__shape_t shape = matrix_shape_of(operand.block);
        if (matrix_part_fit(&part, length_along(axis, shape), name_of(axis)) == 0 &&
            matrix_target_open(&target, type, with_length(axis, shape, (size_t)part.index_count)) ==
                0)
            status = take(&target, &operand, axis, &part);
    }
    matrix_part_deinit(&part);
    if (status == 0)
        return target.result;
    Py_XDECREF(target.result);
    return NULL;
}

/* ---- put ---- */

static int put(PyTypeObject *type, matrix_block_t *block, boc__axis_t axis,
               const matrix_part_t *part, matrix_operand_t *value, bool is_adding) {
    boc__matrix_t target = matrix_view(block);
    boc__shape_t selection = with_length(axis, matrix_shape_of(block), (size_t)part->index_count);
    boc__shape_t shape = boc__matrix_shape(value->view);
    if (!boc__shape_spreads(shape, selection)) {
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "put: a %zux%zu value does not fit into a %zux%zu selection", shape.rows,
                    shape.columns, selection.rows, selection.columns);
        return -1;
    }
    bool is_one = shape.rows == 1 && shape.columns == 1;
    if (!is_one &&
        (!boc__shape_equal(shape, selection) || boc__index_overlaps(target, value->view)) &&
        matrix_operand_spread(value, selection, block) < 0)
        return -1;
    double one = value->view.data[0]; /* it may be an element of the target */
    if (is_one)
        value->view.data = &one;
    matrix_away_t away;
    matrix_away_begin(&away, (double)selection.rows * (double)selection.columns, block,
                      value->block, NULL, NULL);
    boc__index_put(axis, target, part->places, (size_t)part->index_count, value->view, is_adding);
    matrix_away_end(&away);
    return 0;
}

static PyObject *matrix_put(PyObject *self, PyObject *const *args, Py_ssize_t count,
                            PyObject *keywords) {
    static const matrix_signature_t signature = {
        "put", {"indices", "value", "axis", "accumulate"}, 2, 4};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[4];
    boc__axis_t axis = BOC__AXIS_COLUMNS;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_read_one_axis(type, values[2], &axis) < 0)
        return NULL;
    int is_adding = matrix_arg_flag(values[3]);
    if (is_adding < 0)
        return NULL;
    matrix_part_t part = {.indices = NULL};
    matrix_operand_t value = {.owned = NULL};
    matrix_block_t *block;
    int status = -1;
    if (read_indices(&part, "put", values[0]) < 0)
        goto done;
    int kind = matrix_operand_init(&value, type, values[1]);
    if (kind == 0)
        PyErr_Format(PyExc_TypeError,
                     "put: value must be a number, a Matrix or an iterable of numbers, not "
                     "'%.200s'",
                     Py_TYPE(values[1])->tp_name);
    if (kind > 0 && matrix_operand_open(&value) == 0 && (block = matrix_block_of(self)) != NULL &&
        matrix_part_fit(&part, length_along(axis, matrix_shape_of(block)), name_of(axis)) == 0)
        status = put(type, block, axis, &part, &value, is_adding != 0);
done:
    matrix_operand_deinit(&value);
    matrix_part_deinit(&part);
    return status == 0 ? Py_NewRef(self) : NULL;
}

/* ---- repeat_interleave ---- */

static PyObject *matrix_repeat_interleave(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                          PyObject *keywords) {
    static const matrix_signature_t signature = {"repeat_interleave", {"repeats", "axis"}, 1, 2};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[2];
    boc__axis_t axis;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_read_axis(type, values[1], &axis) < 0)
        return NULL;
    Py_ssize_t repeats = PyNumber_AsSsize_t(values[0], PyExc_OverflowError);
    if (repeats == -1 && PyErr_Occurred())
        return NULL;
    if (repeats < 1) {
        PyErr_SetString(PyExc_ValueError, "repeat_interleave: repeats must be at least 1");
        return NULL;
    }
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    boc__matrix_t in = matrix_view(block);
    boc__shape_t shape = matrix_shape_of(block);
    size_t length = axis == BOC__AXIS_NONE ? (size_t)block->count : length_along(axis, shape);
    if ((size_t)repeats > (size_t)PY_SSIZE_T_MAX / length) {
        PyErr_SetString(PyExc_OverflowError, "repeat_interleave: the result is too large");
        return NULL;
    }
    matrix_target_t target = {.out = NULL};
    shape = axis == BOC__AXIS_NONE ? (boc__shape_t){1, length * (size_t)repeats}
                                   : with_length(axis, shape, length * (size_t)repeats);
    if (matrix_target_open(&target, type, shape) < 0)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, (double)target.block->count, target.block, block, NULL, NULL);
    boc__index_repeat(axis, target.view, in, (size_t)repeats);
    matrix_away_end(&away);
    return target.result;
}

PyMethodDef matrix_gather_methods[] = {
    {"take", MATRIX_METHOD(matrix_take), MATRIX_KEYWORDS,
     "take($self, /, indices, axis=0, *, out=None, in_place=False)\n--\n\n"
     "Return the rows (axis 0: KxC) or columns (axis 1: RxK) with these K numbers, in order.\n\n"
     "Negative ones count from the end; numbers may repeat. The result goes where sqrt() and\n"
     "the like put it; *in_place* needs as many indices as there are rows or columns.\n\n"
     "Raises:\n"
     "    IndexError: an index is out of range, or there is none.\n"
     "    ValueError: another axis, or *out* has another shape.\n"
     "    TypeError: an index is no int.\n"
     "    RuntimeError: a matrix is not acquired."},
    {"put", MATRIX_METHOD(matrix_put), MATRIX_KEYWORDS,
     "put($self, /, indices, value, axis=0, accumulate=False)\n--\n\n"
     "Set the rows or columns with these numbers, or add to them; return the matrix.\n\n"
     "*value* is a number, or spreads over what take() returns. Where numbers repeat, the last\n"
     "value stays, or all are added in order. Nothing is written if there is an error.\n\n"
     "Raises:\n"
     "    IndexError: an index is out of range, or there is none.\n"
     "    ValueError: another axis, or *value* has another shape.\n"
     "    TypeError: an index or a value is no number.\n"
     "    RuntimeError: a matrix is not acquired."},
    {"repeat_interleave", MATRIX_METHOD(matrix_repeat_interleave), MATRIX_KEYWORDS,
     "repeat_interleave($self, /, repeats, axis=None)\n--\n\n"
     "Return each row (axis 0), column (axis 1) or element *repeats* times in succession.\n\n"
     "Without an axis the result is one row of all elements.\n\n"
     "Raises:\n"
     "    ValueError: *repeats* is below 1, or another axis.\n"
     "    OverflowError: the result cannot exist.\n"
     "    RuntimeError: the matrix is not acquired."},
    {NULL, NULL, 0, NULL},
};
