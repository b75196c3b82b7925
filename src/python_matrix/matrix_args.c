/* matrix_args.c - see matrix_args.h. */
#include "python_matrix/matrix_args.h"

static int count_names(const matrix_signature_t *signature) {
    int count = 0;
    while (count < MATRIX_ARGS_MAX && signature->names[count] != NULL)
        count++;
    return count;
}

static int take_keyword(const matrix_signature_t *signature, int count, PyObject *name,
                        PyObject *value, PyObject **values) {
    for (int i = 0; i < count; i++) {
        if (signature->names[i][0] == '\0' ||
            PyUnicode_CompareWithASCIIString(name, signature->names[i]) != 0)
            continue;
        if (values[i] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'",
                         signature->function, name);
            return -1;
        }
        values[i] = value;
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'",
                 signature->function, name);
    return -1;
}

static int take_positional(const matrix_signature_t *signature, int names, PyObject *const *args,
                           Py_ssize_t count, PyObject **values) {
    if (count > signature->positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional argument%s (%zd given)",
                     signature->function, signature->positional,
                     signature->positional == 1 ? "" : "s", count);
        return -1;
    }
    for (int i = 0; i < names; i++)
        values[i] = i < count ? args[i] : NULL;
    return 0;
}

static int check_required(const matrix_signature_t *signature, PyObject **values) {
    for (int i = 0; i < signature->required; i++) {
        if (values[i] != NULL)
            continue;
        if (signature->names[i][0] == '\0')
            PyErr_Format(PyExc_TypeError, "%s() missing argument %d", signature->function, i + 1);
        else
            PyErr_Format(PyExc_TypeError, "%s() missing argument '%s'", signature->function,
                         signature->names[i]);
        return -1;
    }
    return 0;
}

int matrix_args(const matrix_signature_t *signature, PyObject *const *args, Py_ssize_t count,
                PyObject *keywords, PyObject **values) {
    int names = count_names(signature);
    if (take_positional(signature, names, args, count, values) < 0)
        return -1;
    Py_ssize_t named = keywords != NULL ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < named; i++)
        if (take_keyword(signature, names, PyTuple_GET_ITEM(keywords, i), args[count + i], values) <
            0)
            return -1;
    return check_required(signature, values);
}

int matrix_args_of_tuple(const matrix_signature_t *signature, PyObject *args, PyObject *keywords,
                         PyObject **values) {
    int names = count_names(signature);
    PyObject *first[MATRIX_ARGS_MAX];
    Py_ssize_t count = PyTuple_GET_SIZE(args);
    for (Py_ssize_t i = 0; i < count && i < MATRIX_ARGS_MAX; i++)
        first[i] = PyTuple_GET_ITEM(args, i);
    if (take_positional(signature, names, first, count, values) < 0)
        return -1;
    PyObject *name, *value; /* borrowed */
    Py_ssize_t position = 0;
    while (keywords != NULL && PyDict_Next(keywords, &position, &name, &value))
        if (take_keyword(signature, names, name, value, values) < 0)
            return -1;
    return check_required(signature, values);
}

int matrix_arg_flag(PyObject *value) { return value != NULL ? PyObject_IsTrue(value) : 0; }
