/* matrix_operand.h - what stands beside a matrix: a number, a matrix, or an iterable of numbers,
 * which is a row.  A buffer of numbers with one or two dimensions counts as a row or a matrix.
 *
 * Two steps: _init may run code of users, so it is called for all operands first; _open runs
 * none and finds the elements.  Between _open and the end of the use, no Python code may run.
 *
 * Owns the elements of an iterable.  Threads as in matrix_type.h.
 */
#ifndef BOC_PYTHON_MATRIX_OPERAND_H
#define BOC_PYTHON_MATRIX_OPERAND_H

#include "python_matrix/matrix_type.h"

typedef struct matrix_operand {
    boc__matrix_t view;    /* after _open; of `number` if it is one */
    double number;
    bool is_number;
    bool is_flat;          /* an iterable or buffer of one dimension, here one row */
    PyObject *matrix;      /* borrowed, or NULL */
    matrix_block_t *block; /* where the elements are; NULL for a number */
    matrix_block_t *owned; /* the same, if we made it */
} matrix_operand_t;

/* 1, or 0 without an exception if `value` is nothing of the kind, or -1 with one.  `type` is
 * the type Matrix.  Even after a failure _deinit may be called. */
int matrix_operand_init(matrix_operand_t *operand, PyTypeObject *type, PyObject *value);

/* The same, but a matrix or a number only. */
int matrix_operand_init_plain(matrix_operand_t *operand, PyObject *value);

/* -1 with RuntimeError if a matrix is not acquired. */
int matrix_operand_open(matrix_operand_t *operand);

/* See to it that writing `out` changes no element of the operand; -1 with MemoryError. */
int matrix_operand_untangle(matrix_operand_t *operand, boc__matrix_t out);

/* Repeat the elements of an open operand until it has this shape, over which it spreads; -1 with
 * MemoryError.  May be away from the GIL, while `kept` is pinned too. */
int matrix_operand_spread(matrix_operand_t *operand, boc__shape_t shape, matrix_block_t *kept);

void matrix_operand_deinit(matrix_operand_t *operand);

/* A new block with the numbers of an iterable as one row; NULL with an exception, of ValueError
 * kind if there are none. */
matrix_block_t *matrix_row_of(PyTypeObject *type, PyObject *iterable);

/* Fill `out` from a list or tuple of `count` items; -1 with an exception. */
int matrix_read_numbers(PyObject *items, double *out, Py_ssize_t count);

/* Whether PyFloat_AsDouble may be tried. */
bool matrix_is_number(PyObject *value);

#endif
