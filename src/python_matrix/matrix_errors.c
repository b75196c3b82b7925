/* matrix_errors.c - the exceptions of bocpy._matrix. */
#include "python_matrix/matrix_state.h"

#include <stdarg.h>

PyObject *matrix_fail(PyTypeObject *matrix_type, matrix_error_t error, const char *format, ...) {
    matrix_state_t *state = matrix_state_of_type(matrix_type);
    /* NULL when the interpreter ends and has taken the module apart. */
    PyObject *kind = state != NULL ? state->errors[error] : NULL; /* borrowed */
    if (kind == NULL)
        kind = error == MATRIX_KEY_ERROR ? PyExc_IndexError : PyExc_ValueError;
    va_list arguments;
    va_start(arguments, format);
    PyErr_FormatV(kind, format, arguments);
    va_end(arguments);
    return NULL;
}

/* A subclass of all `bases`, which ends with NULL. */
static PyObject *new_error(const char *name, const char *doc, PyObject *const *bases) {
    Py_ssize_t count = 0;
    while (bases[count] != NULL)
        count++;
    PyObject *error = NULL;
    PyObject *tuple = PyTuple_New(count); /* owned */
    PyObject *names = PyDict_New();       /* owned */
    PyObject *text = PyObject_GetAttrString(PyExc_BaseException, "__str__"); /* owned */
    if (tuple == NULL || names == NULL || text == NULL)
        goto done;
    for (Py_ssize_t i = 0; i < count; i++)
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(bases[i]));
    /* KeyError would show the repr of the message. */
    if (PyDict_SetItemString(names, "__str__", text) == 0)
        error = PyErr_NewExceptionWithDoc(name, doc, tuple, names);
done:
    Py_XDECREF(text);
    Py_XDECREF(names);
    Py_XDECREF(tuple);
    return error;
}

int matrix_errors_add(PyObject *module, matrix_state_t *state) {
    PyObject *const shape[] = {PyExc_ValueError, PyExc_NotImplementedError, PyExc_AssertionError,
                               NULL};
    PyObject *const axis[] = {PyExc_ValueError, PyExc_NotImplementedError, PyExc_KeyError, NULL};
    PyObject *const bounds[] = {PyExc_ValueError, PyExc_AssertionError, NULL};
    PyObject *const key[] = {PyExc_IndexError, PyExc_KeyError, NULL};
    const struct {
        const char *name;
        const char *doc;
        PyObject *const *bases;
    } errors[MATRIX_ERROR_COUNT] = {
        [MATRIX_SHAPE_ERROR] = {"bocpy._matrix.ShapeError", "Shapes that do not fit.", shape},
        [MATRIX_AXIS_ERROR] = {"bocpy._matrix.AxisError", "A matrix has no such axis.", axis},
        [MATRIX_BOUNDS_ERROR] = {"bocpy._matrix.BoundsError", "Limits in the wrong order.", bounds},
        [MATRIX_KEY_ERROR] = {"bocpy._matrix.KeyShapeError",
                              "An index with the wrong number of parts.", key},
    };
    for (int i = 0; i < MATRIX_ERROR_COUNT; i++) {
        state->errors[i] = new_error(errors[i].name, errors[i].doc, errors[i].bases);
        if (state->errors[i] == NULL ||
            PyModule_AddObjectRef(module, strrchr(errors[i].name, '.') + 1, state->errors[i]) < 0)
            return -1;
    }
    return 0;
}
