/* py_failure.h - an exception as the value of a cown: the payload behind `.exception`.
 *
 * Carries the encoded exception and the text of its traceback.  When it is dropped
 * although nobody ever looked at it, the text goes to the logger `bocpy`.
 *
 * Threads   new, decode   attached to the interpreter of `state`
 *           the rest      any thread
 */
#ifndef BOC_PY_FAILURE_H
#define BOC_PY_FAILURE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <boc/payload.h>
#include <stdbool.h>

typedef struct core_state core_state_t;

extern const boc_payload_ops_t py_failure_ops;

/* A payload for `error`.  What cannot make the round trip becomes a BehaviorError;
 * only when memory is out is the payload a plain one for None (and flagged no more). */
boc_payload_t py_failure_new(core_state_t *state, PyObject *error);

/* The same for the exception that is set, which is cleared. */
boc_payload_t py_failure_of_raised(core_state_t *state);

/* The same as a BehaviorError, whatever the exception is. */
boc_payload_t py_failure_stranded(core_state_t *state);

/* The exception, with the worker's traceback as its cause.  Counts as seen. */
PyObject *py_failure_decode(core_state_t *state, const boc_payload_t *payload);

static inline bool py_failure_is(const boc_payload_t *payload) {
    return payload->ops == &py_failure_ops;
}

/* Somebody looked: do not log. */
void py_failure_mark_seen(const boc_payload_t *payload);

/* _core._take_failures(): the exceptions that nobody looked at, those of dead cowns
 * (up to 64 since the last call) included; now they count as seen. */
PyObject *core_take_failures(PyObject *module, PyObject *unused);

/* _core._forget_failures(): drop those of dead cowns. */
PyObject *core_forget_failures(PyObject *module, PyObject *unused);

#endif
