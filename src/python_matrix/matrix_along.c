/* matrix_along.c - topk, and one element of each row or column by number. */
#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_axis.h"
#include "python_matrix/matrix_mask.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_target.h"

#include "matrix/index.h"
#include "matrix/topk.h"

#include <math.h>

/* ---- topk ---- */

typedef struct topk {
    boc__axis_t axis;
    Py_ssize_t k;
    bool is_largest;
    matrix_operand_t mask;
} topk_t;

static int run_topk(topk_t *topk, PyObject *self, matrix_target_t *values,
                    matrix_target_t *places) {
    PyTypeObject *type = matrix_type_of(self);
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return -1;
    boc__shape_t shape = matrix_shape_of(block);
    const boc__matrix_t *where;
    if (matrix_mask_open(&topk->mask, type, block, &where) < 0)
        return -1;
    size_t length = topk->axis == BOC__AXIS_NONE      ? (size_t)block->count
                    : topk->axis == BOC__AXIS_COLUMNS ? shape.rows
                                                      : shape.columns;
    if (topk->k < 1 || (size_t)topk->k > length) {
        PyErr_Format(PyExc_ValueError, "topk: k must be from 1 to %zu, not %zd", length, topk->k);
        return -1;
    }
    size_t k = (size_t)topk->k;
    shape = topk->axis == BOC__AXIS_NONE      ? (boc__shape_t){1, k}
            : topk->axis == BOC__AXIS_COLUMNS ? (boc__shape_t){k, shape.columns}
                                              : (boc__shape_t){shape.rows, k};
    boc__topk_entry_t *scratch = PyMem_RawCalloc(k, sizeof *scratch); /* owned */
    if (scratch == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int status = -1;
    if (matrix_target_open(values, type, shape) == 0 &&
        matrix_target_open(places, type, shape) == 0) {
        matrix_away_t away;
        matrix_away_begin(&away, 8.0 * (double)block->count, block, topk->mask.block, values->block,
                          places->block);
        boc__topk(topk->is_largest, topk->axis, k, values->view.data, places->view.data,
                  matrix_view(block), where, scratch);
        matrix_away_end(&away);
        status = 0;
    }
    PyMem_RawFree(scratch);
    return status;
}

/* One of the lists of places: of everything, of a column or of a row. */
static PyObject *list_of_group(boc__matrix_t places, boc__axis_t axis, size_t group) {
    bool by_column = axis == BOC__AXIS_COLUMNS;
    size_t k = by_column ? places.rows : places.columns;
    PyObject *list = PyList_New((Py_ssize_t)k); /* owned */
    for (size_t i = 0; list != NULL && i < k; i++) {
        size_t at = by_column ? i * places.columns + group : group * k + i;
        PyObject *place = PyLong_FromDouble(places.data[at]); /* owned */
        if (place == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, place); /* steals */
    }
    return list;
}

/* A flat list without an axis, otherwise a list for each column or row. */
static PyObject *lists_of_places(boc__matrix_t places, boc__axis_t axis) {
    if (axis == BOC__AXIS_NONE)
        return list_of_group(places, axis, 0);
    size_t groups = axis == BOC__AXIS_COLUMNS ? places.columns : places.rows;
    PyObject *lists = PyList_New((Py_ssize_t)groups); /* owned */
    for (size_t g = 0; lists != NULL && g < groups; g++) {
        PyObject *list = list_of_group(places, axis, g); /* owned */
        if (list == NULL)
            Py_CLEAR(lists);
        else
            PyList_SET_ITEM(lists, (Py_ssize_t)g, list); /* steals */
    }
    return lists;
}

static PyObject *matrix_topk(PyObject *self, PyObject *const *args, Py_ssize_t count,
                             PyObject *keywords) {
    static const matrix_signature_t signature = {
        "topk", {"k", "axis", "largest", "where", "as_matrix"}, 1, 5};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *arguments[5];
    topk_t topk = {.is_largest = true};
    if (matrix_args(&signature, args, count, keywords, arguments) < 0 ||
        matrix_read_axis(type, arguments[1], &topk.axis) < 0)
        return NULL;
    topk.k = PyNumber_AsSsize_t(arguments[0], PyExc_OverflowError);
    if (topk.k == -1 && PyErr_Occurred())
        return NULL;
    if (arguments[2] != NULL) {
        int is_largest = PyObject_IsTrue(arguments[2]);
        if (is_largest < 0)
            return NULL;
        topk.is_largest = is_largest != 0;
    }
    int as_matrix = matrix_arg_flag(arguments[4]);
    if (as_matrix < 0)
        return NULL;
    matrix_target_t values = {.out = NULL}, places = {.out = NULL};
    PyObject *result = NULL;
    PyObject *found = NULL; /* owned: the places as they are returned */
    if (matrix_mask_init(&topk.mask, type, arguments[3]) == 0 &&
        run_topk(&topk, self, &values, &places) == 0)
        found = as_matrix ? Py_NewRef(places.result) : lists_of_places(places.view, topk.axis);
    if (found != NULL)
        result = PyTuple_Pack(2, values.result, found);
    Py_XDECREF(found);
    matrix_operand_deinit(&topk.mask);
    Py_XDECREF(values.result);
    Py_XDECREF(places.result);
    return result;
}

/* ---- indices, one for each row or column ---- */

/* Whole numbers, a matrix Kx(columns) for axis 0, (rows)xK for axis 1; places[i] belongs to
 * element i of it. */
typedef struct along {
    boc__axis_t axis;
    matrix_operand_t indices;
    size_t *places; /* owned */
} along_t;

static int init_along(along_t *along, const char *function, PyTypeObject *type, PyObject *indices,
                      PyObject *axis) {
    *along = (along_t){.axis = BOC__AXIS_COLUMNS};
    if (matrix_read_one_axis(type, axis, &along->axis) < 0)
        return -1;
    int status = matrix_operand_init(&along->indices, type, indices);
    if (status == 0 || (status > 0 && along->indices.is_number)) {
        PyErr_Format(PyExc_TypeError,
                     "%s: indices must be a Matrix or an iterable of ints, not '%.200s'", function,
                     Py_TYPE(indices)->tp_name);
        return -1;
    }
    if (status > 0 && along->indices.is_flat && along->axis == BOC__AXIS_ROWS)
        matrix_block_reshape(along->indices.owned, along->indices.owned->count, 1);
    return status > 0 ? 0 : -1;
}

static int fit_place(double index, size_t length, const char *name, size_t *p_place) {
    if (!(fabs(index) < 9007199254740992.0) || index != floor(index)) {
        PyErr_SetString(PyExc_TypeError, "an index must be a whole number");
        return -1;
    }
    if (boc__index_wrap((ptrdiff_t)index, length, p_place) == BOC__MATRIX_OK)
        return 0;
    PyErr_Format(PyExc_IndexError, "%s index %zd is out of range for %zu %s%s", name,
                 (Py_ssize_t)index, length, name, length == 1 ? "" : "s");
    return -1;
}

/* Find the places in a matrix of this shape; runs no code of users. */
static int open_along(along_t *along, const char *function, PyTypeObject *type,
                      boc__shape_t shape) {
    if (matrix_operand_open(&along->indices) < 0)
        return -1;
    boc__matrix_t indices = along->indices.view;
    bool is_rows = along->axis == BOC__AXIS_ROWS;
    if (is_rows ? indices.rows != shape.rows : indices.columns != shape.columns) {
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "%s: indices %zux%zu do not go with a %zux%zu matrix along axis %d", function,
                    indices.rows, indices.columns, shape.rows, shape.columns, (int)along->axis);
        return -1;
    }
    size_t count = indices.rows * indices.columns;
    along->places = PyMem_New(size_t, count);
    if (along->places == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    size_t length = is_rows ? shape.columns : shape.rows;
    for (size_t i = 0; i < count; i++)
        if (fit_place(indices.data[i], length, is_rows ? "column" : "row", &along->places[i]) < 0)
            return -1;
    return 0;
}

static void deinit_along(along_t *along) {
    PyMem_Free(along->places);
    matrix_operand_deinit(&along->indices);
}

/* The kernels take one place for each column (row).  `line` is a row of the indices (axis 0), or
 * a column of them, which is gathered into `buffer`. */
static const size_t *line_of(const along_t *along, size_t line, size_t *buffer) {
    boc__matrix_t indices = along->indices.view;
    if (along->axis == BOC__AXIS_COLUMNS)
        return along->places + line * indices.columns;
    for (size_t row = 0; row < indices.rows; row++)
        buffer[row] = along->places[row * indices.columns + line];
    return buffer;
}

static size_t line_count(const along_t *along) {
    return along->axis == BOC__AXIS_COLUMNS ? along->indices.view.rows
                                            : along->indices.view.columns;
}

/* Where line `line` is in a matrix of the shape of the indices. */
static void spans_of(const along_t *along, size_t line, boc__span_t *p_rows,
                     boc__span_t *p_columns) {
    boc__matrix_t indices = along->indices.view;
    bool is_rows = along->axis == BOC__AXIS_ROWS;
    *p_rows = is_rows ? (boc__span_t){0, 1, indices.rows} : (boc__span_t){line, 0, 1};
    *p_columns = is_rows ? (boc__span_t){line, 0, 1} : (boc__span_t){0, 1, indices.columns};
}

/* Scratch for one line: its elements and its places; the first is what must be freed. */
static double *new_line(const along_t *along, size_t **p_places) {
    boc__matrix_t indices = along->indices.view;
    size_t length = along->axis == BOC__AXIS_ROWS ? indices.rows : indices.columns;
    double *line = PyMem_RawCalloc(length, sizeof(double) + sizeof(size_t));
    if (line == NULL)
        PyErr_NoMemory();
    *p_places = (size_t *)(void *)(line + length);
    return line;
}

static boc__matrix_t line_view(const along_t *along, double *line) {
    boc__matrix_t indices = along->indices.view;
    return along->axis == BOC__AXIS_ROWS ? (boc__matrix_t){line, indices.rows, 1}
                                         : (boc__matrix_t){line, 1, indices.columns};
}

/* `block` may be what is written. */
static int take_along(const along_t *along, matrix_target_t *target, matrix_block_t *block) {
    boc__matrix_t in = matrix_view(block);
    matrix_block_t *copy = NULL; /* owned */
    if (boc__index_overlaps(target->view, in)) {
        copy = matrix_block_copy(block);
        if (copy == NULL)
            return -1;
        in.data = copy->data;
    }
    size_t *buffer;
    double *line = new_line(along, &buffer); /* owned */
    if (line == NULL) {
        matrix_block_unref(copy);
        return -1;
    }
    matrix_away_t away;
    matrix_away_begin(&away, (double)target->block->count, target->block, block, NULL, NULL);
    for (size_t i = 0; i < line_count(along); i++) {
        boc__span_t rows, columns;
        spans_of(along, i, &rows, &columns);
        boc__index_take_along(along->axis, line_view(along, line), in, line_of(along, i, buffer));
        boc__index_write(target->view, rows, columns, line_view(along, line));
    }
    matrix_away_end(&away);
    PyMem_RawFree(line);
    matrix_block_unref(copy);
    return 0;
}

static int put_along(const along_t *along, matrix_block_t *block, const matrix_operand_t *value,
                     bool is_adding) {
    size_t *buffer;
    double *line = new_line(along, &buffer); /* owned */
    if (line == NULL)
        return -1;
    matrix_away_t away;
    matrix_away_begin(&away, (double)value->block->count, block, value->block, NULL, NULL);
    for (size_t i = 0; i < line_count(along); i++) {
        boc__span_t rows, columns;
        spans_of(along, i, &rows, &columns);
        boc__index_read(line_view(along, line), value->view, rows, columns);
        boc__index_put_along(along->axis, matrix_view(block), line_of(along, i, buffer),
                             line_view(along, line), is_adding);
    }
    matrix_away_end(&away);
    PyMem_RawFree(line);
    return 0;
}

/* ---- methods ---- */

static PyObject *matrix_take_along_axis(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                        PyObject *keywords) {
    static const matrix_signature_t signature = {
        "take_along_axis", {"indices", "axis", "out"}, 1, 2};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[3];
    matrix_target_t target;
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_target_init(&target, NULL, values[2], NULL) < 0)
        return NULL;
    along_t along;
    matrix_block_t *block;
    int status = -1;
    if (init_along(&along, "take_along_axis", type, values[0], values[1]) == 0 &&
        (block = matrix_block_of(self)) != NULL &&
        open_along(&along, "take_along_axis", type, matrix_shape_of(block)) == 0 &&
        matrix_target_open(&target, type, boc__matrix_shape(along.indices.view)) == 0)
        status = take_along(&along, &target, block);
    deinit_along(&along);
    if (status == 0)
        return target.result;
    Py_XDECREF(target.result);
    return NULL;
}

static PyObject *matrix_put_along_axis(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                       PyObject *keywords) {
    static const matrix_signature_t signature = {
        "put_along_axis", {"indices", "value", "axis", "accumulate"}, 2, 4};
    PyTypeObject *type = matrix_type_of(self);
    PyObject *values[4];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    int is_adding = matrix_arg_flag(values[3]);
    if (is_adding < 0)
        return NULL;
    along_t along;
    matrix_operand_t value = {.owned = NULL};
    matrix_block_t *block;
    int status = -1;
    if (init_along(&along, "put_along_axis", type, values[0], values[2]) < 0)
        goto done;
    int kind = matrix_operand_init(&value, type, values[1]);
    if (kind == 0)
        PyErr_Format(PyExc_TypeError, "put_along_axis: value must be numbers, not '%.200s'",
                     Py_TYPE(values[1])->tp_name);
    if (kind <= 0 || matrix_operand_open(&value) < 0 || (block = matrix_block_of(self)) == NULL ||
        open_along(&along, "put_along_axis", type, matrix_shape_of(block)) < 0)
        goto done;
    boc__shape_t shape = boc__matrix_shape(along.indices.view);
    boc__shape_t own = boc__matrix_shape(value.view);
    if (value.is_flat && shape.columns == 1 && own.columns == shape.rows)
        value.view = (boc__matrix_t){value.view.data, own.columns, 1};
    if (!boc__shape_spreads(boc__matrix_shape(value.view), shape))
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "put_along_axis: value %zux%zu does not go with indices %zux%zu", own.rows,
                    own.columns, shape.rows, shape.columns);
    else if (matrix_operand_spread(&value, shape, block) == 0)
        status = put_along(&along, block, &value, is_adding != 0);
done:
    matrix_operand_deinit(&value);
    deinit_along(&along);
    return status == 0 ? Py_NewRef(self) : NULL;
}

PyMethodDef matrix_along_methods[] = {
    {"topk", MATRIX_METHOD(matrix_topk), MATRIX_KEYWORDS,
     "topk($self, /, k, axis=None, largest=True, where=None, as_matrix=False)\n--\n\n"
     "Return the *k* largest (or smallest) elements, in order, and their places.\n\n"
     "Over all elements: 1xk, and a list of ints, places in row-major order. Of each column\n"
     "(axis 0): kxC, and a list of k ints for each column; of each row (axis 1): Rxk, and one for\n"
     "each row. With *as_matrix* the places are a Matrix of the shape of the elements, as\n"
     "take_along_axis() takes it. The first of equals comes first, NaN last. Where fewer\n"
     "than *k* count under the mask *where*, NaN and -1 fill the rest.\n\n"
     "Raises:\n"
     "    ValueError: *k* is below 1 or above the number of elements, or another axis or mask.\n"
     "    TypeError: *k* or *axis* is no int.\n"
     "    RuntimeError: a matrix is not acquired."},
    {"take_along_axis", MATRIX_METHOD(matrix_take_along_axis), MATRIX_KEYWORDS,
     "take_along_axis($self, /, indices, axis=0, *, out=None)\n--\n\n"
     "Return elements by their row number in each column (axis 0) or column number in each row.\n\n"
     "*indices* is KxC for axis 0, RxK for axis 1, or a list of C (or R) ints as argmin()\n"
     "returns it; the result has the same shape, and is written into *out* if that is given.\n\n"
     "Raises:\n"
     "    IndexError: an index is out of range.\n"
     "    ValueError: *indices* or *out* has another shape, or another axis.\n"
     "    TypeError: an index is no whole number, or *out* no Matrix.\n"
     "    RuntimeError: a matrix is not acquired."},
    {"put_along_axis", MATRIX_METHOD(matrix_put_along_axis), MATRIX_KEYWORDS,
     "put_along_axis($self, /, indices, value, axis=0, accumulate=False)\n--\n\n"
     "Set the elements that take_along_axis() returns, or add to them; return the matrix.\n\n"
     "*value* is a number or spreads over the shape of *indices*. Nothing is written if there\n"
     "is an error; errors as in take_along_axis()."},
    {NULL, NULL, 0, NULL},
};
