/* matrix_new.c - the constructor, zeros, ones, full and vector. */
#include "python_matrix/matrix_new.h"

#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_operand.h"

/* ---- sizes ---- */

static int read_extent(PyObject *value, Py_ssize_t *p_extent) {
    *p_extent = PyNumber_AsSsize_t(value, PyExc_OverflowError);
    return *p_extent == -1 && PyErr_Occurred() ? -1 : 0;
}

static int check_extents(PyTypeObject *type, Py_ssize_t rows, Py_ssize_t columns) {
    if (rows > 0 && columns > 0)
        return 0;
    matrix_fail(type, MATRIX_SHAPE_ERROR, "a matrix has at least 1 row and 1 column, not %zdx%zd",
                rows, columns);
    return -1;
}

int matrix_read_size(PyTypeObject *type, PyObject *size, Py_ssize_t *p_rows,
                     Py_ssize_t *p_columns) {
    if ((!PyTuple_Check(size) && !PyList_Check(size)) || PySequence_Fast_GET_SIZE(size) != 2) {
        PyErr_Format(PyExc_TypeError, "size must be (rows, columns), not %R", size);
        return -1;
    }
    PyObject *rows = Py_NewRef(PySequence_Fast_GET_ITEM(size, 0));    /* owned */
    PyObject *columns = Py_NewRef(PySequence_Fast_GET_ITEM(size, 1)); /* owned */
    int status = 0;
    if (read_extent(rows, p_rows) < 0 || read_extent(columns, p_columns) < 0)
        status = -1;
    Py_DECREF(columns);
    Py_DECREF(rows);
    return status < 0 ? -1 : check_extents(type, *p_rows, *p_columns);
}

/* ---- the constructor ---- */

static int refuse_count(Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t count) {
    PyErr_Format(PyExc_TypeError, "a %zdx%zd matrix takes that many values, not %zd", rows, columns,
                 count);
    return -1;
}

static bool fits(Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t count) {
    return count % rows == 0 && count / rows == columns;
}

/* All elements the same; NULL with an exception. */
static matrix_block_t *block_of_number(Py_ssize_t rows, Py_ssize_t columns, double number) {
    bool is_zero = number == 0.0 && !signbit(number);
    matrix_block_t *block = matrix_block_new(rows, columns, is_zero);
    if (block == NULL || is_zero)
        return block;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, NULL, NULL, NULL);
    boc__matrix_fill(matrix_view(block), number);
    matrix_away_end(&away);
    return block;
}

/* The elements of another block in as many places; NULL with an exception. */
static matrix_block_t *block_of_elements(Py_ssize_t rows, Py_ssize_t columns,
                                         matrix_block_t *source) {
    matrix_block_t *block = matrix_block_new(rows, columns, false);
    if (block == NULL)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, source, NULL, NULL);
    memcpy(block->data, source->data, (size_t)block->count * sizeof(double));
    matrix_away_end(&away);
    return block;
}

static matrix_block_t *block_of_operand(PyTypeObject *type, Py_ssize_t rows, Py_ssize_t columns,
                                        PyObject *values) {
    matrix_operand_t operand;
    matrix_block_t *block = NULL;
    int status = matrix_operand_init(&operand, type, values);
    if (status == 1 && matrix_operand_open(&operand) == 0) {
        if (operand.is_number) {
            block = block_of_number(rows, columns, operand.number);
        } else if (!fits(rows, columns, operand.block->count)) {
            refuse_count(rows, columns, operand.block->count);
        } else {
            block = block_of_elements(rows, columns, operand.block);
        }
    }
    if (status == 0)
        PyErr_Format(PyExc_TypeError,
                     "values must be a number or a sequence of numbers, not "
                     "'%.200s'",
                     Py_TYPE(values)->tp_name);
    matrix_operand_deinit(&operand);
    return block;
}

/* Lists and tuples need no second copy. */
static matrix_block_t *block_of_items(Py_ssize_t rows, Py_ssize_t columns, PyObject *items) {
    Py_ssize_t count = PySequence_Fast_GET_SIZE(items);
    if (!fits(rows, columns, count)) {
        refuse_count(rows, columns, count);
        return NULL;
    }
    matrix_block_t *block = matrix_block_new(rows, columns, false);
    if (block != NULL && matrix_read_numbers(items, block->data, count) < 0) {
        matrix_block_unref(block);
        return NULL;
    }
    return block;
}

static const matrix_signature_t constructor = {"Matrix", {"rows", "columns", "values"}, 2, 3};

/* From the arguments of the constructor; NULL with an exception. */
static matrix_block_t *block_of_arguments(PyTypeObject *type, PyObject *const *arguments) {
    Py_ssize_t rows, columns;
    PyObject *values = arguments[2];
    if (read_extent(arguments[0], &rows) < 0 || read_extent(arguments[1], &columns) < 0 ||
        check_extents(type, rows, columns) < 0)
        return NULL;
    if (matrix_arg_is_none(values))
        return matrix_block_new(rows, columns, true);
    if (PyList_CheckExact(values) || PyTuple_CheckExact(values))
        return block_of_items(rows, columns, values);
    if (!matrix_is_number(values) && !PySequence_Check(values)) {
        PyErr_Format(PyExc_TypeError,
                     "values must be a number or a sequence of numbers, not "
                     "'%.200s'",
                     Py_TYPE(values)->tp_name);
        return NULL;
    }
    return block_of_operand(type, rows, columns, values);
}

int matrix_init(PyObject *self, PyObject *args, PyObject *keywords) {
    PyObject *values[3];
    if (matrix_args_of_tuple(&constructor, args, keywords, values) < 0)
        return -1;
    matrix_block_t *block = block_of_arguments(matrix_type_of(self), values);
    if (block == NULL)
        return -1;
    matrix_object_t *object = (matrix_object_t *)(void *)self;
    matrix_block_t *old = object->block;
    if (old != NULL && matrix_block_is_mine(old) && matrix_block_is_shared(old)) {
        matrix_block_unref(block);
        PyErr_SetString(PyExc_BufferError, "the matrix is exported and cannot be made anew");
        return -1;
    }
    matrix_set_block(object, block);
    Py_CLEAR(object->plain);
    matrix_block_unref(old);
    return 0;
}

PyObject *matrix_vectorcall(PyObject *type, PyObject *const *args, size_t count,
                            PyObject *keywords) {
    PyObject *values[3];
    if (matrix_args(&constructor, args, PyVectorcall_NARGS(count), keywords, values) < 0)
        return NULL;
    return matrix_wrap((PyTypeObject *)type, block_of_arguments((PyTypeObject *)type, values));
}

/* ---- factories ---- */

static PyObject *filled(PyObject *cls, PyObject *size, double value) {
    Py_ssize_t rows, columns;
    if (matrix_read_size(matrix_type_of_class(cls), size, &rows, &columns) < 0)
        return NULL;
    return matrix_wrap((PyTypeObject *)cls, block_of_number(rows, columns, value));
}

static PyObject *constant(const char *name, PyObject *cls, double value, PyObject *const *args,
                          Py_ssize_t count, PyObject *keywords) {
    const matrix_signature_t signature = {name, {"size"}, 1, 1};
    PyObject *values[1];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    return filled(cls, values[0], value);
}

static PyObject *matrix_zeros(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                              PyObject *keywords) {
    return constant("zeros", cls, 0.0, args, count, keywords);
}

static PyObject *matrix_ones(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                             PyObject *keywords) {
    return constant("ones", cls, 1.0, args, count, keywords);
}

static PyObject *matrix_full(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                             PyObject *keywords) {
    static const matrix_signature_t signature = {"full", {"size", "value"}, 2, 2};
    PyObject *values[2];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    double value = PyFloat_AsDouble(values[1]);
    if (value == -1.0 && PyErr_Occurred())
        return NULL;
    return filled(cls, values[0], value);
}

static PyObject *matrix_vector(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords) {
    static const matrix_signature_t signature = {"vector", {"values", "as_column"}, 1, 2};
    PyObject *values[2];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    int as_column = matrix_arg_flag(values[1]);
    if (as_column < 0)
        return NULL;
    matrix_operand_t operand;
    matrix_block_t *block = NULL;
    int status = matrix_operand_init(&operand, matrix_type_of_class(cls), values[0]);
    if (status == 0 || (status > 0 && operand.is_number))
        PyErr_Format(PyExc_TypeError,
                     "vector: values must be an iterable of numbers, not "
                     "'%.200s'",
                     Py_TYPE(values[0])->tp_name);
    else if (status > 0 && matrix_operand_open(&operand) == 0) {
        Py_ssize_t length = operand.block->count;
        block = block_of_elements(as_column ? length : 1, as_column ? 1 : length, operand.block);
    }
    matrix_operand_deinit(&operand);
    return matrix_wrap((PyTypeObject *)cls, block);
}

PyMethodDef matrix_new_methods[] = {
    {"zeros", MATRIX_METHOD(matrix_zeros), MATRIX_KEYWORDS | METH_CLASS,
     "zeros($type, /, size)\n--\n\n"
     "Return a matrix of zeros; *size* is (rows, columns).\n\n"
     "ValueError if one is below 1, TypeError if *size* is anything else, OverflowError if the\n"
     "matrix cannot exist."},
    {"ones", MATRIX_METHOD(matrix_ones), MATRIX_KEYWORDS | METH_CLASS,
     "ones($type, /, size)\n--\n\n"
     "Return a matrix of ones; errors as in zeros()."},
    {"full", MATRIX_METHOD(matrix_full), MATRIX_KEYWORDS | METH_CLASS,
     "full($type, /, size, value)\n--\n\n"
     "Return a matrix in which each element is *value*; errors as in zeros()."},
    {"vector", MATRIX_METHOD(matrix_vector), MATRIX_KEYWORDS | METH_CLASS,
     "vector($type, /, values, as_column=False)\n--\n\n"
     "Return the N numbers of an iterable as a row, 1xN, or as a column, Nx1.\n\n"
     "ValueError if there are none; TypeError if one is no number."},
    {NULL, NULL, 0, NULL},
};
