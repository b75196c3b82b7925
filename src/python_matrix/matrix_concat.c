/* matrix_concat.c - matrices side by side. */
#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_axis.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_new.h"
#include "python_matrix/matrix_operand.h"

#include "matrix/index.h"

/* Fill `pieces`, all of which can then be freed; -1 with an exception. */
static int init_pieces(PyTypeObject *type, PyObject *items, boc__axis_t axis, Py_ssize_t count,
                       matrix_operand_t *pieces) {
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GET_ITEM(items, i); /* borrowed */
        int status = matrix_operand_init(&pieces[i], type, item);
        if (status < 0)
            return -1;
        if (status == 0 || pieces[i].is_number) {
            PyErr_Format(PyExc_TypeError,
                         "concat: item %zd must be a Matrix or a sequence of numbers, not "
                         "'%.200s'",
                         i, Py_TYPE(item)->tp_name);
            return -1;
        }
        if (pieces[i].is_flat && axis == BOC__AXIS_ROWS)
            matrix_block_reshape(pieces[i].owned, pieces[i].owned->count, 1);
    }
    return 0;
}

/* Open all pieces and add up their extents; -1 with an exception. */
static int measure(PyTypeObject *type, boc__axis_t axis, Py_ssize_t count, matrix_operand_t *pieces,
                   boc__shape_t *p_shape) {
    boc__shape_t sum = {0, 0};
    for (Py_ssize_t i = 0; i < count; i++) {
        if (matrix_operand_open(&pieces[i]) < 0)
            return -1;
        boc__shape_t piece = boc__matrix_shape(pieces[i].view);
        if (i == 0) {
            sum = piece;
            continue;
        }
        bool is_fitting =
            axis == BOC__AXIS_ROWS ? piece.rows == sum.rows : piece.columns == sum.columns;
        if (!is_fitting) {
            matrix_fail(type, MATRIX_SHAPE_ERROR,
                        "concat: item %zd is %zux%zu and does not go beside %zux%zu along axis %d",
                        i, piece.rows, piece.columns, sum.rows, sum.columns, (int)axis);
            return -1;
        }
        if (axis == BOC__AXIS_ROWS)
            sum.columns += piece.columns;
        else
            sum.rows += piece.rows;
    }
    *p_shape = sum;
    return 0;
}

/* Pin what the pieces are made of, or let it go again: more than matrix_away_begin takes. */
static void hold_pieces(Py_ssize_t count, const matrix_operand_t *pieces, bool is_held) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (is_held) {
            (void)matrix_block_pin(matrix_block_ref(pieces[i].block));
        } else {
            matrix_block_unpin(pieces[i].block);
            matrix_block_unref(pieces[i].block);
        }
}

static void place_pieces(boc__axis_t axis, matrix_block_t *block, Py_ssize_t count,
                         const matrix_operand_t *pieces) {
    boc__matrix_t out = matrix_view(block);
    bool is_long = (double)block->count >= MATRIX_AWAY_WORK;
    matrix_away_t away;
    size_t row = 0, column = 0;
    if (is_long)
        hold_pieces(count, pieces, true);
    matrix_away_begin(&away, (double)block->count, block, NULL, NULL, NULL);
    for (Py_ssize_t i = 0; i < count; i++) {
        boc__matrix_t piece = pieces[i].view;
        boc__index_write(out, (boc__span_t){row, 1, piece.rows},
                         (boc__span_t){column, 1, piece.columns}, piece);
        if (axis == BOC__AXIS_ROWS)
            column += piece.columns;
        else
            row += piece.rows;
    }
    matrix_away_end(&away);
    if (is_long)
        hold_pieces(count, pieces, false);
}

static matrix_block_t *concat(PyTypeObject *type, PyObject *items, boc__axis_t axis) {
    Py_ssize_t count = PyTuple_GET_SIZE(items);
    matrix_block_t *block = NULL;
    boc__shape_t shape;
    if (count == 0) {
        matrix_fail(type, MATRIX_SHAPE_ERROR, "concat: there is nothing to put together");
        return NULL;
    }
    matrix_operand_t *pieces = PyMem_Calloc((size_t)count, sizeof *pieces); /* owned */
    if (pieces == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (init_pieces(type, items, axis, count, pieces) == 0 &&
        measure(type, axis, count, pieces, &shape) == 0)
        block = matrix_block_new((Py_ssize_t)shape.rows, (Py_ssize_t)shape.columns, false);
    if (block != NULL)
        place_pieces(axis, block, count, pieces);
    for (Py_ssize_t i = 0; i < count; i++)
        matrix_operand_deinit(&pieces[i]);
    PyMem_Free(pieces);
    return block;
}

static PyObject *matrix_concat(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords) {
    static const matrix_signature_t signature = {"concat", {"values", "axis"}, 1, 2};
    PyObject *values[2];
    boc__axis_t axis = BOC__AXIS_COLUMNS;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_read_one_axis(matrix_type_of_class(cls), values[1], &axis) < 0)
        return NULL;
    PyObject *items = PySequence_Tuple(values[0]); /* owned; nobody else changes it */
    if (items == NULL)
        return NULL;
    matrix_block_t *block = concat(matrix_type_of_class(cls), items, axis);
    Py_DECREF(items);
    return matrix_wrap((PyTypeObject *)cls, block);
}

PyMethodDef matrix_concat_methods[] = {
    {"concat", MATRIX_METHOD(matrix_concat), MATRIX_KEYWORDS | METH_CLASS,
     "concat($type, /, values, axis=0)\n--\n\n"
     "Put matrices below each other (axis 0) or beside each other (axis 1).\n\n"
     "A sequence of numbers among the *values* is a row for axis 0, a column for axis 1.\n\n"
     "Raises:\n"
     "    ValueError: no values, another axis, or column (row) counts that differ.\n"
     "    TypeError: an item is neither a Matrix nor a sequence of numbers.\n"
     "    RuntimeError: a matrix is not acquired."},
    {NULL, NULL, 0, NULL},
};
