/* matrix_index.c - see matrix_index.h. */
#include "python_matrix/matrix_index.h"

#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_key.h"
#include "python_matrix/matrix_operand.h"

/* ---- reading ---- */

Py_ssize_t matrix_length(PyObject *self) {
    matrix_block_t *block = matrix_block_of(self);
    return block != NULL ? block->extents[0] : -1;
}

/* A row: the element of a column, else a matrix. */
static PyObject *read_row(PyObject *self, const matrix_block_t *block, size_t row) {
    Py_ssize_t columns = block->extents[1];
    const double *first = block->data + row * (size_t)columns;
    if (columns == 1)
        return PyFloat_FromDouble(*first);
    matrix_block_t *copy = matrix_block_new(1, columns, false);
    if (copy != NULL)
        memcpy(copy->data, first, (size_t)columns * sizeof(double));
    return matrix_wrap(matrix_type_of(self), copy);
}

PyObject *matrix_iter(PyObject *self) { return PySeqIter_New(self); }

/* Of iteration: what is negative here was below -length there. */
PyObject *matrix_item(PyObject *self, Py_ssize_t index) {
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    if (index < 0 || index >= block->extents[0]) {
        PyErr_Format(PyExc_IndexError, "row index %zd is out of range for %zd rows", index,
                     block->extents[0]);
        return NULL;
    }
    return read_row(self, block, (size_t)index);
}

/* `key` fits. */
static PyObject *read_selection(PyObject *self, matrix_block_t *block, const matrix_key_t *key) {
    matrix_block_t *copy = matrix_block_new((Py_ssize_t)matrix_part_count(&key->rows),
                                            (Py_ssize_t)matrix_part_count(&key->columns), false);
    if (copy == NULL)
        return NULL;
    boc__matrix_t out = matrix_view(copy), in = matrix_view(block);
    matrix_away_t away;
    matrix_away_begin(&away, (double)copy->count, block, copy, NULL, NULL);
    if (key->rows.kind == MATRIX_PART_LIST)
        boc__index_take(BOC__AXIS_COLUMNS, out, in, key->rows.places, out.rows);
    else if (key->columns.kind == MATRIX_PART_LIST)
        boc__index_take(BOC__AXIS_ROWS, out, in, key->columns.places, out.columns);
    else
        boc__index_read(out, in, key->rows.span, key->columns.span);
    matrix_away_end(&away);
    return matrix_wrap(matrix_type_of(self), copy);
}

static PyObject *read_key(PyObject *self, PyObject *written) {
    matrix_key_t key;
    PyObject *result = NULL;
    matrix_block_t *block;
    if (matrix_key_init(&key, matrix_type_of(self), written) == 0 &&
        (block = matrix_block_of(self)) != NULL &&
        matrix_key_fit(&key, matrix_shape_of(block)) == 0) {
        size_t row = key.rows.span.start, column = key.columns.span.start;
        if (key.rows.kind != MATRIX_PART_INT)
            result = read_selection(self, block, &key);
        else if (!key.is_pair)
            result = read_row(self, block, row);
        else if (key.columns.kind == MATRIX_PART_INT)
            result = PyFloat_FromDouble(block->data[row * (size_t)block->extents[1] + column]);
        else
            result = read_selection(self, block, &key);
    }
    matrix_key_deinit(&key);
    return result;
}

PyObject *matrix_subscript(PyObject *self, PyObject *written) {
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    const double *element = matrix_key_element(written, block);
    return element != NULL ? PyFloat_FromDouble(*element) : read_key(self, written);
}

/* ---- writing ---- */

/* See to it that the value spreads over the selection: a flat iterable fills a single column
 * from top to bottom. */
static int fit_value(PyTypeObject *type, matrix_operand_t *value, boc__shape_t selection) {
    boc__shape_t shape = boc__matrix_shape(value->view);
    if (value->is_flat && selection.columns == 1 && shape.columns == selection.rows)
        value->view = (boc__matrix_t){value->view.data, selection.rows, 1};
    if (boc__shape_spreads(boc__matrix_shape(value->view), selection))
        return 0;
    matrix_fail(type, MATRIX_SHAPE_ERROR, "a %zux%zu value does not fit into a %zux%zu selection",
                shape.rows, shape.columns, selection.rows, selection.columns);
    return -1;
}

/* Lists take values of their own shape only, and numbers: spread what is smaller. */
static int spread_value(matrix_operand_t *value, boc__shape_t selection, matrix_block_t *target) {
    boc__shape_t shape = boc__matrix_shape(value->view);
    if (boc__shape_equal(shape, selection) || (shape.rows == 1 && shape.columns == 1))
        return 0;
    return matrix_operand_spread(value, selection, target);
}

static int write_selection(PyTypeObject *type, matrix_block_t *block, const matrix_key_t *key,
                           matrix_operand_t *value) {
    boc__matrix_t target = matrix_view(block);
    boc__shape_t selection = {matrix_part_count(&key->rows), matrix_part_count(&key->columns)};
    bool is_row_list = key->rows.kind == MATRIX_PART_LIST;
    bool is_list = is_row_list || key->columns.kind == MATRIX_PART_LIST;
    matrix_block_t *copy = NULL; /* owned */
    if (fit_value(type, value, selection) < 0 ||
        (is_list && spread_value(value, selection, block) < 0))
        return -1;
    if (!value->is_number && boc__index_overlaps(target, value->view)) {
        copy = matrix_block_copy(value->block);
        if (copy == NULL)
            return -1;
        value->view.data = copy->data;
    }
    matrix_away_t away;
    matrix_away_begin(&away, (double)selection.rows * (double)selection.columns, block,
                      value->block, copy, NULL);
    if (is_list) {
        const matrix_part_t *list = is_row_list ? &key->rows : &key->columns;
        boc__index_put(is_row_list ? BOC__AXIS_COLUMNS : BOC__AXIS_ROWS, target, list->places,
                       (size_t)list->index_count, value->view, false);
    } else {
        boc__index_write(target, key->rows.span, key->columns.span, value->view);
    }
    matrix_away_end(&away);
    matrix_block_unref(copy);
    return 0;
}

static int write_key(PyObject *self, PyObject *written, PyObject *value) {
    PyTypeObject *type = matrix_type_of(self);
    matrix_key_t key;
    matrix_operand_t operand = {.owned = NULL};
    matrix_block_t *block;
    int status = -1;
    if (matrix_key_init(&key, type, written) < 0)
        goto done;
    int kind = matrix_operand_init(&operand, type, value);
    if (kind == 0)
        PyErr_Format(PyExc_TypeError,
                     "elements of a matrix are set to a number, a Matrix or an iterable of "
                     "numbers, not '%.200s'",
                     Py_TYPE(value)->tp_name);
    if (kind > 0 && matrix_operand_open(&operand) == 0 && (block = matrix_block_of(self)) != NULL &&
        matrix_key_fit(&key, matrix_shape_of(block)) == 0)
        status = write_selection(type, block, &key, &operand);
done:
    matrix_operand_deinit(&operand);
    matrix_key_deinit(&key);
    return status;
}

int matrix_assign(PyObject *self, PyObject *written, PyObject *value) {
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "elements of a matrix cannot be deleted");
        return -1;
    }
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return -1;
    double *element = PyFloat_CheckExact(value) ? matrix_key_element(written, block) : NULL;
    if (element == NULL)
        return write_key(self, written, value);
    *element = PyFloat_AS_DOUBLE(value);
    return 0;
}
