/* matrix_axis.c - see matrix_axis.h. */
#include "python_matrix/matrix_axis.h"

#include <limits.h>

static int read_number(PyTypeObject *type, PyObject *value, boc__axis_t *p_axis) {
    if (PyBool_Check(value) || !PyIndex_Check(value)) {
        PyErr_Format(PyExc_TypeError, "axis must be an int or None, not '%.200s'",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    PyObject *integer = PyNumber_Index(value); /* owned */
    if (integer == NULL)
        return -1;
    int overflow;
    long axis = PyLong_AsLongAndOverflow(integer, &overflow);
    Py_DECREF(integer);
    if (axis == -1 && PyErr_Occurred())
        return -1;
    if (overflow != 0 || axis > INT_MAX || axis < INT_MIN) {
        PyErr_SetString(PyExc_OverflowError, "axis is out of int range");
        return -1;
    }
    if (axis < -2 || axis > 1) {
        matrix_fail(type, MATRIX_AXIS_ERROR, "axis must be -2, -1, 0, or 1, not %ld", axis);
        return -1;
    }
    *p_axis = axis == 0 || axis == -2 ? BOC__AXIS_COLUMNS : BOC__AXIS_ROWS;
    return 0;
}

int matrix_read_axis(PyTypeObject *type, PyObject *value, boc__axis_t *p_axis) {
    if (value == NULL || value == Py_None) {
        *p_axis = BOC__AXIS_NONE;
        return 0;
    }
    return read_number(type, value, p_axis);
}

int matrix_read_one_axis(PyTypeObject *type, PyObject *value, boc__axis_t *p_axis) {
    return value != NULL ? read_number(type, value, p_axis) : 0;
}
