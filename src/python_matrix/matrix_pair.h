/* matrix_pair.h - methods of a matrix that take another one, and an axis: cross, vecdot.
 *
 * Threads as in matrix_type.h.
 */
#ifndef BOC_PYTHON_MATRIX_PAIR_H
#define BOC_PYTHON_MATRIX_PAIR_H

#include "python_matrix/matrix_axis.h"
#include "python_matrix/matrix_operand.h"
#include "python_matrix/matrix_target.h"

typedef struct matrix_pair {
    PyTypeObject *type; /* the type Matrix */
    boc__axis_t axis;
    matrix_operand_t a, b;
    double total;           /* the result, unless the target is opened */
    matrix_target_t target; /* to be opened last, so that nothing can fail after it */
} matrix_pair_t;

/* Compute the result of two operands that are open; -1 with an exception.  Runs no Python code. */
typedef int (*matrix_pair_fn)(matrix_pair_t *pair);

/* Call `run` with `self` and the arguments `other` and `axis` of the method called `name`.  The
 * result is a new reference to a float or a matrix, or NULL with an exception. */
PyObject *matrix_pair_call(const char *name, matrix_pair_fn run, PyObject *self,
                           PyObject *const *args, Py_ssize_t count, PyObject *keywords);

#endif
