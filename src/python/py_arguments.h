/* py_arguments.h - arguments of functions that are called often.
 *
 * Threads   any thread with an attached thread state.
 */
#ifndef BOC_PY_ARGUMENTS_H
#define BOC_PY_ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Arguments by position, then by keyword, into `found` (borrowed; NULL before); the first
 * `required` of the `count` must be there, at most `positional` without a keyword.  -1 with
 * TypeError. */
int py_arguments_parse(const char *call, const char *const *names, Py_ssize_t count,
                       Py_ssize_t required, Py_ssize_t positional, PyObject *const *args,
                       Py_ssize_t given, PyObject *keywords, PyObject **found);

#endif
