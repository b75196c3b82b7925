#include "python/py_arguments.h"

int py_arguments_parse(const char *call, const char *const *names, Py_ssize_t count,
                       Py_ssize_t required, Py_ssize_t positional, PyObject *const *args,
                       Py_ssize_t given, PyObject *keywords, PyObject **found) {
    if (given > positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional arguments (%zd given)",
                     call, positional, given);
        return -1;
    }
    for (Py_ssize_t i = 0; i < given; i++)
        found[i] = args[i];
    for (Py_ssize_t k = 0; keywords != NULL && k < PyTuple_GET_SIZE(keywords); k++) {
        PyObject *keyword = PyTuple_GET_ITEM(keywords, k); /* borrowed */
        Py_ssize_t i = 0;
        while (i < count && PyUnicode_CompareWithASCIIString(keyword, names[i]) != 0)
            i++;
        if (i == count || found[i] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got %s argument '%U'", call,
                         i == count ? "an unexpected keyword" : "multiple values for", keyword);
            return -1;
        }
        found[i] = args[given + k];
    }
    for (Py_ssize_t i = 0; i < required; i++)
        if (found[i] == NULL) {
            PyErr_Format(PyExc_TypeError, "%s() misses the argument '%s'", call, names[i]);
            return -1;
        }
    return 0;
}
