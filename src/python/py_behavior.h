/* py_behavior.h - a behavior of the runtime whose body is a Python function.
 *
 * Host data of the behavior: a py_call_t, the encoded captures, and, when an argument
 * is a group, how the requests form arguments.
 *
 * Threads   new, set_*   attached to the scheduling interpreter
 *           run          the runtime, on a worker, attached to its interpreter
 */
#ifndef BOC_PY_BEHAVIOR_H
#define BOC_PY_BEHAVIOR_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "python/py_cown.h"

#include <boc/behavior.h>
#include <bocpy/bocpy.h>

typedef struct py_call {
    uint32_t template_id;
    uint32_t capture_count;
    uint32_t argument_count;
    uint32_t has_groups;
    boc_payload_t captures[];
} py_call_t;

/* `template_id` of a body in C; captures[0] is its own. */
#define PY_NATIVE UINT32_MAX

/* Length of a group argument, or PY_SINGLE for one cown. */
#define PY_SINGLE UINT32_MAX

/* A behavior with `requests` requests to be filled in and a result cown. */
BOC_MUST_CHECK boc_status_t py_behavior_new(uint32_t template_id, size_t requests, size_t arguments,
                                            size_t captures, bool has_groups,
                                            boc_behavior_t **p_behavior);

/* The same whose body is C code; `context` is taken, on failure too. */
BOC_MUST_CHECK boc_status_t py_behavior_new_native(bocpy_call_fn run, void *context,
                                                   bocpy_drop_fn drop, size_t requests,
                                                   size_t arguments, bool has_groups,
                                                   boc_behavior_t **p_behavior);

/* The places of the lengths of the arguments; NULL without groups. */
uint32_t *py_behavior_lengths(boc_behavior_t *behavior);

/* The handle of `native` in the behavior that runs here; borrowed, NULL without. */
py_cown_t *py_behavior_find_handle(core_state_t *state, boc_cown_t *native);

/* The snapshot of the noticeboard: one for all of the behavior that runs here, a new one
 * each time where none does.  A new reference. */
PyObject *py_behavior_snapshot(core_state_t *state);

/* What takes the place of a value that `error` kept from leaving its interpreter. */
boc_payload_t py_behavior_stranded(core_state_t *state, PyObject *value, PyObject *error);

#endif
