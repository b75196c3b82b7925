/* matrix_target.h - where a result goes: a new matrix, `out`, or the matrix itself.
 *
 * Threads as in matrix_type.h.
 */
#ifndef BOC_PYTHON_MATRIX_TARGET_H
#define BOC_PYTHON_MATRIX_TARGET_H

#include "python_matrix/matrix_operand.h"

typedef struct matrix_target {
    PyObject *out;    /* borrowed; NULL for a new matrix */
    PyObject *result; /* a new reference, after _open */
    matrix_block_t *block;
    boc__matrix_t view;
} matrix_target_t;

/* What the arguments `out` and `in_place` (either may be NULL) ask for.  May run code of users.
 * TypeError unless `out` is a Matrix, ValueError for both. */
int matrix_target_init(matrix_target_t *target, PyObject *self, PyObject *out, PyObject *in_place);

/* Make the new matrix, or check that the one given is acquired and has the shape (ValueError
 * kind).  Runs no code of users.  Nothing is written, so a failure changes nothing. */
int matrix_target_open(matrix_target_t *target, PyTypeObject *type, boc__shape_t shape);

#endif
