/* matrix_key.h - what m[...] selects. */
#ifndef BOC_PYTHON_MATRIX_KEY_H
#define BOC_PYTHON_MATRIX_KEY_H

#include "python_matrix/matrix_type.h"

#include "matrix/index.h"

typedef enum matrix_part_kind {
    MATRIX_PART_INT,
    MATRIX_PART_SLICE,
    MATRIX_PART_LIST,
} matrix_part_kind_t;

/* The number behind a plain small int, which costs no call; false for everything else. */
static inline bool matrix_read_small(PyObject *value, Py_ssize_t *p_number) {
    if (!PyLong_CheckExact(value) || !PyUnstable_Long_IsCompact((PyLongObject *)value))
        return false;
    *p_number = PyUnstable_Long_CompactValue((PyLongObject *)value);
    return true;
}

/* The element that m[i, j] means where i and j are small ints inside; NULL without an exception
 * for all other keys, right or wrong.  Runs no code of users. */
static inline double *matrix_key_element(PyObject *written, const matrix_block_t *block) {
    Py_ssize_t row, column;
    if (!PyTuple_CheckExact(written) || PyTuple_GET_SIZE(written) != 2 ||
        !matrix_read_small(PyTuple_GET_ITEM(written, 0), &row) ||
        !matrix_read_small(PyTuple_GET_ITEM(written, 1), &column))
        return NULL;
    row += row < 0 ? block->extents[0] : 0;
    column += column < 0 ? block->extents[1] : 0;
    if ((size_t)row >= (size_t)block->extents[0] || (size_t)column >= (size_t)block->extents[1])
        return NULL;
    return block->data + row * block->extents[1] + column;
}

/* What an index says about one dimension.  First as it was written: `start` and `step` (and
 * `stop`) are Python's; matrix_part_fit makes the places of it. */
typedef struct matrix_part {
    matrix_part_kind_t kind;
    bool is_all;                  /* the bare ":" */
    Py_ssize_t start, stop, step; /* of a slice; start of an int */
    Py_ssize_t *indices;          /* owned; of a list, as written */
    Py_ssize_t index_count;
    boc__span_t span; /* after _fit, of an int or slice */
    size_t *places;   /* after _fit, of a list: the same memory as `indices` */
} matrix_part_t;

typedef struct matrix_key {
    matrix_part_t rows;
    matrix_part_t columns;
    bool is_pair; /* two parts were written */
} matrix_key_t;

/* Read what was written; runs __index__ of users.  -1 with an exception. */
int matrix_key_init(matrix_key_t *key, PyTypeObject *type, PyObject *written);

/* Find the places in a matrix of this shape; runs no code of users.  IndexError for an index
 * outside, and for a selection of nothing. */
int matrix_key_fit(matrix_key_t *key, boc__shape_t shape);

void matrix_key_deinit(matrix_key_t *key);

/* Read a list of indices; IndexError if it is empty. */
int matrix_part_init_list(matrix_part_t *part, PyObject *iterable);

/* For one dimension of `length`, called `name` in messages. */
int matrix_part_fit(matrix_part_t *part, size_t length, const char *name);

void matrix_part_deinit(matrix_part_t *part);

static inline size_t matrix_part_count(const matrix_part_t *part) {
    return part->kind == MATRIX_PART_LIST ? (size_t)part->index_count : part->span.count;
}

#endif
