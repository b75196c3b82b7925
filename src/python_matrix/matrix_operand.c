/* matrix_operand.c - see matrix_operand.h. */
#include "python_matrix/matrix_operand.h"

#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_buffer.h"

#include "matrix/index.h"

bool matrix_is_number(PyObject *value) {
    if (PyFloat_Check(value) || PyLong_Check(value))
        return true;
    if (matrix_check(value)) /* it has nb_float, to refuse */
        return false;
    PyNumberMethods *methods = Py_TYPE(value)->tp_as_number;
    return methods != NULL && (methods->nb_float != NULL || methods->nb_index != NULL);
}

int matrix_read_numbers(PyObject *items, double *out, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        if (i >= PySequence_Fast_GET_SIZE(items)) {
            PyErr_SetString(PyExc_RuntimeError, "the values changed while they were read");
            return -1;
        }
        PyObject *item = PySequence_Fast_GET_ITEM(items, i); /* borrowed */
        if (PyFloat_CheckExact(item)) {
            out[i] = PyFloat_AS_DOUBLE(item);
            continue;
        }
        Py_INCREF(item); /* its code may take it out of the list */
        out[i] = PyFloat_AsDouble(item);
        Py_DECREF(item);
        if (out[i] == -1.0 && PyErr_Occurred())
            return -1;
    }
    return 0;
}

matrix_block_t *matrix_row_of(PyTypeObject *type, PyObject *iterable) {
    PyObject *items = PySequence_Fast(iterable, "expected an iterable of numbers"); /* owned */
    if (items == NULL)
        return NULL;
    matrix_block_t *row = NULL;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(items);
    if (count == 0)
        matrix_fail(type, MATRIX_SHAPE_ERROR, "an empty iterable is no matrix");
    else
        row = matrix_block_new(1, count, false);
    if (row != NULL && matrix_read_numbers(items, row->data, count) < 0) {
        matrix_block_unref(row);
        row = NULL;
    }
    Py_DECREF(items);
    return row;
}

static int init_number(matrix_operand_t *operand, PyObject *value) {
    operand->number = PyFloat_AsDouble(value);
    if (operand->number == -1.0 && PyErr_Occurred())
        return -1;
    operand->is_number = true;
    return 1;
}

int matrix_operand_init_plain(matrix_operand_t *operand, PyObject *value) {
    *operand = (matrix_operand_t){.matrix = NULL};
    if (matrix_check(value)) {
        operand->matrix = value;
        return 1;
    }
    if (PyFloat_Check(value) || PyLong_Check(value) ||
        (matrix_is_number(value) && !matrix_buffer_has_elements(value)))
        return init_number(operand, value);
    return 0;
}

int matrix_operand_init(matrix_operand_t *operand, PyTypeObject *type, PyObject *value) {
    int status = matrix_operand_init_plain(operand, value);
    if (status != 0 || PyUnicode_Check(value))
        return status;
    if (matrix_buffer_has_elements(value)) {
        status = matrix_buffer_read(type, value, &operand->owned, &operand->is_flat);
        if (status != 0)
            return status;
    }
    if (Py_TYPE(value)->tp_iter == NULL && !PySequence_Check(value))
        return 0;
    operand->owned = matrix_row_of(type, value);
    operand->is_flat = true;
    return operand->owned != NULL ? 1 : -1;
}

int matrix_operand_open(matrix_operand_t *operand) {
    if (operand->is_number) {
        operand->view = (boc__matrix_t){&operand->number, 1, 1};
        return 0;
    }
    operand->block = operand->matrix != NULL ? matrix_block_of(operand->matrix) : operand->owned;
    if (operand->block == NULL)
        return -1;
    operand->view = matrix_view(operand->block);
    return 0;
}

int matrix_operand_untangle(matrix_operand_t *operand, boc__matrix_t out) {
    if (!boc__matrix_clobbers(out, operand->view))
        return 0;
    matrix_block_t *copy = matrix_block_copy(operand->block);
    if (copy == NULL)
        return -1;
    matrix_block_unref(operand->owned);
    operand->block = operand->owned = copy;
    operand->view = matrix_view(copy);
    return 0;
}

int matrix_operand_spread(matrix_operand_t *operand, boc__shape_t shape, matrix_block_t *kept) {
    matrix_block_t *spread =
        matrix_block_new((Py_ssize_t)shape.rows, (Py_ssize_t)shape.columns, false);
    if (spread == NULL)
        return -1;
    boc__matrix_t all = matrix_view(spread);
    matrix_away_t away;
    matrix_away_begin(&away, (double)spread->count, spread, operand->block, kept, NULL);
    boc__index_write(all, (boc__span_t){0, 1, all.rows}, (boc__span_t){0, 1, all.columns},
                     operand->view);
    matrix_away_end(&away);
    matrix_block_unref(operand->owned);
    operand->owned = operand->block = spread;
    operand->view = all;
    return 0;
}

void matrix_operand_deinit(matrix_operand_t *operand) { matrix_block_unref(operand->owned); }
