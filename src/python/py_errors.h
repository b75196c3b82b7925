/* py_errors.h - where a status of the runtime becomes an exception, and nowhere else. */
#ifndef BOC_PY_ERRORS_H
#define BOC_PY_ERRORS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <boc/status.h>

/* Raise what `status` means; `what` is the call, for the message.  Returns NULL. */
PyObject *py_errors_raise(boc_status_t status, const char *what);

/* Add a note to the exception that is set. */
void py_errors_add_note(const char *format, ...);

#endif
