/* py_blocking.h - what the binding does around calls of the runtime that block: without the
 * GIL, and with a look at signals now and then.
 *
 * Threads   any thread with an attached thread state.
 */
#ifndef BOC_PY_BLOCKING_H
#define BOC_PY_BLOCKING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <boc/blocking.h>

typedef struct core_state core_state_t;

typedef struct py_blocked {
    PyThreadState *thread_state;
    core_state_t *worker; /* state of the worker that this is, or NULL */
} py_blocked_t;

/* For one call, during which `blocked` must last.  The call ends with BOC_EINTERRUPTED when
 * a signal handler, or an exception left for the thread, raised: the exception is set. */
boc_blocking_t py_blocking_for(core_state_t *state, py_blocked_t *blocked);

#endif
