/* py_live.h - values that stay objects from one behavior to the next.
 *
 * When a body has ended, the value of a cown need not leave the interpreter if the behavior
 * that gets the cown next is known, is one of ours, and runs next on the same worker
 * (boc_behavior_heir).  If nothing else can reach what is mutable in it (py_isolation.h),
 * the object itself goes into the cown, as a payload of the kind py_payload_live.
 *
 * So a live value is always between two behaviors that follow each other on its cown: nobody
 * else meets one, and when nothing is in flight there is none.  Should the second one
 * run elsewhere after all, it attaches to the value's interpreter and encodes it there.
 * docs/design/live.md shows why.
 *
 * Threads   drop                   any thread
 *           mode, counts           any thread
 *           the rest               on a worker, attached to its interpreter
 */
#ifndef BOC_PY_LIVE_H
#define BOC_PY_LIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "python/py_cown.h"

#include <boc/behavior.h>
#include <boc/payload.h>
#include <stdbool.h>

extern const boc_payload_ops_t py_payload_live;

static inline bool py_live_is(const boc_payload_t *payload) {
    return payload->ops == &py_payload_live;
}

/* The body of `behavior` has ended, and `cown` is its handle for request `index`, which it still
 * owns and may write.  Move the value from the handle to the cown if it may stay live; otherwise
 * see to it that the cown holds no live value. `ours`: the ops of behaviors that know those. */
void py_live_keep(core_state_t *state, boc_behavior_t *behavior, size_t index, py_cown_t *cown,
                  const boc_behavior_ops_t *ours);

/* Encode a value that is live, wherever that is.  May release the GIL. */
void py_live_encode(core_state_t *state, boc_payload_t *payload);

/* Whether the value is live in the interpreter of `state`. */
bool py_live_is_here(core_state_t *state, const boc_payload_t *payload);

/* The cown, which the caller holds, goes to somebody who knows no live values. */
static inline void py_live_settle(core_state_t *state, boc_cown_t *cown) {
    if (py_live_is(boc_cown_value(cown)))
        py_live_encode(state, boc_cown_value(cown));
}

/* A behavior of `state` is about to own the cown: its value must not be live elsewhere. */
static inline void py_live_fetch(core_state_t *state, boc_cown_t *cown) {
    boc_payload_t *payload = boc_cown_value(cown);
    if (py_live_is(payload) && !py_live_is_here(state, payload))
        py_live_encode(state, payload);
}

/* py_live_keep, but for what is cheaper than the call. */
static inline void py_live_leave(core_state_t *state, boc_behavior_t *behavior, size_t index,
                                 py_cown_t *cown, const boc_behavior_ops_t *ours) {
    PyObject *value = cown->value;
    bool stays_out = value != NULL ? PyLong_CheckExact(value) || value == Py_None ||
                                         PyFloat_CheckExact(value) || PyBool_Check(value)
                                   : !py_live_is(boc_cown_value(cown->native));
    if (!stays_out)
        py_live_keep(state, behavior, index, cown, ours);
}

/* The value of a cown that py_live_fetch was called for; the payload is empty then. */
PyObject *py_live_take(boc_payload_t *payload);

/* Free what other threads dropped. */
void py_live_sweep(core_state_t *state);

/* _core._set_transfer(mode, /): "live"; "encode", which keeps nothing live; or "eager", for
 * tests, which does so for every successor, wherever it runs. */
PyObject *core_set_transfer(PyObject *module, PyObject *name);

/* _core._transfer_mode() */
PyObject *core_transfer_mode(PyObject *module, PyObject *unused);

/* _core._live_values(): how many values stayed live, and what became of them.  Exact while no
 * worker runs a body. */
PyObject *core_live_values(PyObject *module, PyObject *unused);

#endif
