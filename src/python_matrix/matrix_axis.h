/* matrix_axis.h - the argument `axis`.
 *
 * -2 and 0 mean along the columns, -1 and 1 along the rows.  TypeError for what is no int (bool
 * included), OverflowError beyond an int of C, ValueError kind for another number.
 */
#ifndef BOC_PYTHON_MATRIX_AXIS_H
#define BOC_PYTHON_MATRIX_AXIS_H

#include "python_matrix/matrix_state.h"

#include "matrix/matrix.h"

/* NULL and None give BOC__AXIS_NONE. */
int matrix_read_axis(PyTypeObject *type, PyObject *value, boc__axis_t *p_axis);

/* One axis: NULL leaves *p_axis as it is, None is refused. */
int matrix_read_one_axis(PyTypeObject *type, PyObject *value, boc__axis_t *p_axis);

#endif
