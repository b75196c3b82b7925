/* py_result.h - the methods of Cown that say what came of a behavior.
 *
 * Threads   any thread with an attached thread state of the handle's interpreter.
 */
#ifndef BOC_PY_RESULT_H
#define BOC_PY_RESULT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *py_result_done(PyObject *op, PyObject *unused);
PyObject *py_result_wait(PyObject *op, PyObject *args, PyObject *kwargs);
PyObject *py_result_unwrap(PyObject *op, PyObject *unused);

#endif
