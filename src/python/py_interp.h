/* py_interp.h - sub-interpreters for workers, and every difference between CPython versions
 * that the rest of the binding needs.
 *
 * Threads   create, destroy   the worker's own thread; create without a thread state
 *           call_main         a worker's thread, attached to its interpreter
 */
#ifndef BOC_PY_INTERP_H
#define BOC_PY_INTERP_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

/* A new interpreter with its own GIL (PEP 684), attached to this thread; NULL when
 * CPython refuses, with its reason in `reason`. */
PyThreadState *py_interp_create(char *reason, size_t reason_bytes);

/* From the audit hook: an import of `name` begins.  The last step of a creation is to import
 * site, a third of its time, which is an import like those of a running interpreter: then the
 * next creation may begin.  Any thread. */
void py_interp_notice_import(PyObject *name);

/* End the interpreter that is attached to this thread with the state it was created with. */
void py_interp_destroy(PyThreadState *thread_state);

bool py_interp_is_main(void);

/* In the main interpreter, on this thread: call `function` of `module` with two strings.  What
 * it raises is dropped.  Waits for main's GIL. */
void py_interp_call_main(const char *module, const char *function, const char *first,
                         const char *second);

/* Whether this thread may run Python code now. */
bool py_interp_is_attached(void);

#endif
