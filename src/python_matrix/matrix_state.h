/* matrix_state.h - what one interpreter's copy of bocpy._matrix keeps, and its exceptions.
 *
 * Threads   any attached thread of that interpreter.
 */
#ifndef BOC_PYTHON_MATRIX_STATE_H
#define BOC_PYTHON_MATRIX_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Each is a ValueError or an IndexError, and also what older versions raised in its place. */
typedef enum matrix_error {
    MATRIX_SHAPE_ERROR,  /* shapes that do not fit */
    MATRIX_AXIS_ERROR,   /* no such axis */
    MATRIX_BOUNDS_ERROR, /* limits in the wrong order */
    MATRIX_KEY_ERROR,    /* an index with the wrong number of parts */
    MATRIX_ERROR_COUNT,
} matrix_error_t;

typedef struct matrix_random matrix_random_t;

typedef struct matrix_state {
    PyTypeObject *matrix_type;
    PyTypeObject *values_type; /* what Matrix.values() returns */
    PyObject *errors[MATRIX_ERROR_COUNT];
    PyObject *unpickle; /* functions of the module that pickles name */
    PyObject *rebuild;
    matrix_random_t *random; /* owned; the generator of this interpreter */
} matrix_state_t;

/* The state behind the type Matrix itself, which is not a subclass. */
static inline matrix_state_t *matrix_state_of_type(PyTypeObject *matrix_type) {
    return PyType_GetModuleState(matrix_type);
}

matrix_state_t *matrix_state_of_module(PyObject *module);

/* Raise the exception; always NULL. */
PyObject *matrix_fail(PyTypeObject *matrix_type, matrix_error_t error, const char *format, ...);

int matrix_errors_add(PyObject *module, matrix_state_t *state);

#endif
