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
