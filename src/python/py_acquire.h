/* py_acquire.h - the methods of Cown by which a program takes one: acquire, release, with.
 *
 * Threads   any thread with an attached thread state of the handle's interpreter.
 */
#ifndef BOC_PY_ACQUIRE_H
#define BOC_PY_ACQUIRE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

typedef struct core_state core_state_t;

PyObject *py_acquire_cown(PyObject *op, PyObject *unused);
PyObject *py_acquire_release(PyObject *op, PyObject *unused);
PyObject *py_acquire_enter(PyObject *op, PyObject *unused);
PyObject *py_acquire_exit(PyObject *op, PyObject *args);

/* Give back what was acquired and not released, by the calling thread or by all. */
void py_acquire_release_all(core_state_t *state, bool by_all_threads);

#endif
