/* py_interp.h - sub-interpreters for workers, and every difference between CPython versions
 * that the rest of the binding needs.
 *
 * Threads   create, destroy   the worker's own thread; create without a thread state
 */
#ifndef BOC_PY_INTERP_H
#define BOC_PY_INTERP_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

/* A new interpreter with its own GIL (PEP 684), attached to this thread; NULL when
 * CPython refuses, with its reason in `reason`. */
PyThreadState *py_interp_create(char *reason, size_t reason_bytes);

/* End the interpreter that is attached to this thread with the state it was created with. */
void py_interp_destroy(PyThreadState *thread_state);

bool py_interp_is_main(void);

/* Whether this thread may run Python code now. */
bool py_interp_is_attached(void);

#endif
