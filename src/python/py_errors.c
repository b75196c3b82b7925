#include "python/py_errors.h"

#include <stdarg.h>

PyObject *py_errors_raise(boc_status_t status, const char *what) {
    switch (status) {
    case BOC_ENOMEM:
        return PyErr_NoMemory();
    case BOC_ETIMEOUT:
        PyErr_Format(PyExc_TimeoutError, "%s: the timeout expired", what);
        return NULL;
    case BOC_ECLOSED:
        PyErr_Format(PyExc_RuntimeError, "%s: the runtime is not running or is shutting down",
                     what);
        return NULL;
    case BOC_EINVALID:
        PyErr_Format(PyExc_ValueError, "%s: %s", what, boc_status_name(status));
        return NULL;
    default:
        PyErr_Format(PyExc_RuntimeError, "%s: %s", what, boc_status_name(status));
        return NULL;
    }
}

void py_errors_add_note(const char *format, ...) {
    PyObject *error = PyErr_GetRaisedException(); /* owned */
    va_list values;
    va_start(values, format);
    PyObject *note = PyUnicode_FromFormatV(format, values); /* owned */
    va_end(values);
    PyObject *done = note != NULL ? PyObject_CallMethod(error, "add_note", "O", note) : NULL;
    if (done == NULL)
        PyErr_Clear(); /* the error itself matters more */
    Py_XDECREF(done);
    Py_XDECREF(note);
    PyErr_SetRaisedException(error);
}
