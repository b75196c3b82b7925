#include "python/py_behavior.h"

#include "python/py_acquire.h"
#include "python/py_failure.h"
#include "python/py_functions.h"
#include "python/py_live.h"
#include "python/py_owner.h"
#include "python/py_snapshot.h"
#include "python/py_state.h"
#include "python/py_turn.h"
#include "python/py_worker.h"

#include <assert.h>

/* Behaviors with few cowns and captures run without allocating, and most have very few. */
#define SMALL 16
#define TINY 8

/* The behavior that runs in an interpreter, and the handles through which it owns. */
struct py_activation {
    py_activation_t *outer;
    py_cown_t **handles; /* owned; one per request, the same one for duplicates */
    size_t count;
    PyObject *snapshot; /* owned; of the noticeboard, NULL until the body looks at it */
};

/* -- layout ----------------------------------------------------------------------------- */

static void behavior_run(boc_behavior_t *behavior, void *data);
static void behavior_drop(boc_behavior_t *behavior, void *data);
static void behavior_deinit(boc_behavior_t *behavior, void *data);

static const boc_behavior_ops_t behavior_ops = {behavior_run, behavior_drop, behavior_deinit};

boc_status_t py_behavior_new(uint32_t template_id, size_t requests, size_t arguments,
                             size_t captures, bool has_groups, boc_behavior_t **p_behavior) {
    if (captures > BOC_REQUESTS_MAX || arguments > BOC_REQUESTS_MAX)
        return BOC_EFULL;
    size_t bytes = sizeof(py_call_t) + captures * sizeof(boc_payload_t) +
                   (has_groups ? arguments * sizeof(uint32_t) : 0);
    boc_status_t status =
        boc_behavior_new(&behavior_ops, requests, bytes, BOC_BEHAVIOR_RESULT, p_behavior);
    if (status != BOC_OK)
        return status;
    py_call_t *call = boc_behavior_data(*p_behavior);
    call->template_id = template_id;
    call->capture_count = (uint32_t)captures;
    call->argument_count = (uint32_t)arguments;
    call->has_groups = has_groups;
    return BOC_OK;
}

static uint32_t *lengths_of(py_call_t *call) {
    return call->has_groups ? (uint32_t *)(void *)&call->captures[call->capture_count] : NULL;
}

uint32_t *py_behavior_lengths(boc_behavior_t *behavior) {
    return lengths_of(boc_behavior_data(behavior));
}

static void behavior_deinit(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    py_call_t *call = data;
    for (uint32_t i = 0; i < call->capture_count; i++)
        boc_payload_drop(&call->captures[i]);
}

/* -- handles and arguments -------------------------------------------------------------- */

static py_cown_t *find_in(const py_activation_t *frame, boc_cown_t *native) {
    for (size_t i = 0; i < frame->count; i++)
        if (frame->handles[i] != NULL && frame->handles[i]->native == native)
            return frame->handles[i];
    return NULL;
}

py_cown_t *py_behavior_find_handle(core_state_t *state, boc_cown_t *native) {
    for (py_activation_t *frame = state->frame; frame != NULL; frame = frame->outer) {
        py_cown_t *handle = find_in(frame, native);
        if (handle != NULL && handle->access == PY_GRANTED)
            return handle;
    }
    return NULL;
}

PyObject *py_behavior_snapshot(core_state_t *state) {
    py_activation_t *frame = state->frame;
    if (frame == NULL)
        return py_snapshot_take(state);
    if (frame->snapshot == NULL)
        frame->snapshot = py_snapshot_take(state);
    return Py_XNewRef(frame->snapshot);
}

static int make_handles(core_state_t *state, boc_behavior_t *behavior, py_activation_t *frame) {
    bool has_duplicates = false;
    for (size_t i = 0; i < frame->count; i++) {
        if (boc_behavior_is_duplicate(behavior, i)) {
            has_duplicates = true;
            continue;
        }
        boc_cown_t *native = boc_behavior_cown(behavior, i);
        py_live_fetch(state, native);
        frame->handles[i] = py_cown_lend(state, native);
        if (frame->handles[i] == NULL)
            return -1;
        if (boc_behavior_access(behavior, i) == BOC_READ)
            py_owner_begin_reading(frame->handles[i]);
        else
            py_owner_begin(state, frame->handles[i], PY_GRANTED);
    }
    for (size_t i = 0; has_duplicates && i < frame->count; i++)
        if (frame->handles[i] == NULL)
            frame->handles[i] =
                (py_cown_t *)Py_NewRef(find_in(frame, boc_behavior_cown(behavior, i)));
    return 0;
}

/* `arguments` gets owned references, one per argument of `when`. */
static int make_arguments(py_call_t *call, const py_activation_t *frame, PyObject **arguments) {
    const uint32_t *lengths = lengths_of(call);
    size_t at = 0;
    for (uint32_t i = 0; i < call->argument_count; i++) {
        if (lengths == NULL || lengths[i] == PY_SINGLE) {
            arguments[i] = Py_NewRef((PyObject *)frame->handles[at++]);
            continue;
        }
        arguments[i] = PyList_New((Py_ssize_t)lengths[i]);
        if (arguments[i] == NULL)
            return -1;
        for (uint32_t k = 0; k < lengths[i]; k++)
            PyList_SET_ITEM(arguments[i], (Py_ssize_t)k,
                            Py_NewRef((PyObject *)frame->handles[at++]));
    }
    return 0;
}

/* A body in C, as what a behavior captured. */
typedef struct native {
    bocpy_call_fn call;
    void *context;
    bocpy_drop_fn drop;
} native_t;

static void native_drop(void *data) {
    native_t *native = data;
    if (native->drop != NULL)
        native->drop(native->context);
    PyMem_RawFree(native);
}

static const boc_payload_ops_t native_ops = {native_drop};

boc_status_t py_behavior_new_native(bocpy_call_fn run, void *context, bocpy_drop_fn drop,
                                    size_t requests, size_t arguments, bool has_groups,
                                    boc_behavior_t **p_behavior) {
    native_t *native = PyMem_RawMalloc(sizeof *native);
    boc_status_t status = BOC_ENOMEM;
    if (native == NULL) {
        if (drop != NULL)
            drop(context);
        return status;
    }
    *native = (native_t){run, context, drop};
    boc_payload_t captured = {native, &native_ops};
    status = py_behavior_new(PY_NATIVE, requests, arguments, 1, has_groups, p_behavior);
    if (status != BOC_OK)
        boc_payload_drop(&captured);
    else
        ((py_call_t *)boc_behavior_data(*p_behavior))->captures[0] = captured;
    return status;
}

static int decode_captures(core_state_t *state, py_call_t *call, PyObject **captures) {
    for (uint32_t i = 0; i < call->capture_count; i++) {
        captures[i] = py_transfer_take(state, &call->captures[i]);
        if (captures[i] == NULL)
            return -1;
    }
    return 0;
}

/* Values whose decoding runs user code are decoded before the body, which does not run
 * when that fails; all others when they are first read. */
static int decode_early(const py_activation_t *frame) {
    for (size_t i = 0; i < frame->count; i++)
        if (py_cown_decode_early(frame->handles[i]) < 0)
            return -1;
    return 0;
}

/* -- the body ---------------------------------------------------------------------------- */

/* Everything a body's call needs; zeroed, then filled in order. */
typedef struct room {
    py_cown_t **handles;
    PyObject **arguments; /* one place before them is free */
    PyObject **captures;
    void *block; /* of the three, when they are many */
    void *small[3 * SMALL + 1];
} room_t;

/* Arguments need room for the captures behind them. */
static int reserve(room_t *room, size_t handles, size_t arguments, size_t captures) {
    size_t places = handles + 1 + arguments + 2 * captures;
    void **block = room->small;
    room->block = NULL;
    if (places > Py_ARRAY_LENGTH(room->small)) {
        block = room->block = PyMem_Calloc(places, sizeof(void *));
        if (block == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    } else {
        memset(block, 0, TINY * sizeof(void *)); /* of known size: a few stores */
        if (places > TINY)
            memset(block + TINY, 0, (places - TINY) * sizeof(void *));
    }
    room->handles = (py_cown_t **)block;
    room->captures = (PyObject **)(block + handles);
    room->arguments = (PyObject **)(block + handles + captures + 1);
    return 0;
}

static PyObject *call_native(const py_call_t *call, PyObject *const *arguments) {
    const native_t *native = call->captures[0].data;
    PyObject *result = native->call(arguments, call->argument_count, native->context);
    if (result == NULL && !PyErr_Occurred())
        PyErr_SetString(PyExc_SystemError, "a C body failed without an exception");
    if (result == NULL || !PyErr_Occurred())
        return result;
    Py_DECREF(result); /* an exception and a result: the exception counts */
    return NULL;
}

static PyObject *call_body(core_state_t *state, boc_behavior_t *behavior, py_call_t *call,
                           py_activation_t *frame, room_t *room) {
    if (make_handles(state, behavior, frame) < 0 ||
        make_arguments(call, frame, room->arguments) < 0)
        return NULL;
    if (call->template_id == PY_NATIVE)
        return decode_early(frame) == 0 ? call_native(call, room->arguments) : NULL;
    if (decode_captures(state, call, room->captures) < 0 || decode_early(frame) < 0)
        return NULL;
    return py_functions_call(state, call->template_id, room->arguments, call->argument_count,
                             room->captures, call->capture_count);
}

static void clear_references(PyObject **references, size_t count) {
    for (size_t i = 0; i < count; i++)
        Py_CLEAR(references[i]);
}

/* The payload for the result cown; `value` is NULL when an exception is set. */
static boc_payload_t encode_result(core_state_t *state, PyObject *value, py_moves_t *moves) {
    boc_payload_t payload = {NULL, NULL};
    if (value == NULL || py_transfer_encode_moving(state, value, &payload, moves) < 0)
        return py_failure_of_raised(state);
    return payload;
}

/* End ownership of every cown; each on its own, so that one that cannot be written back
 * keeps no other. The first error becomes the result, unless that is one already. */
static void give_back(core_state_t *state, boc_behavior_t *behavior, py_activation_t *frame,
                      boc_payload_t *result) {
    for (size_t i = 0; i < frame->count; i++) {
        py_cown_t *handle = frame->handles[i];
        if (handle == NULL) { /* the body never ran */
            py_live_settle(state, boc_behavior_cown(behavior, i));
            continue;
        }
        if (handle->access != PY_GRANTED)
            continue;
        if (!handle->is_reader)
            py_live_leave(state, behavior, i, handle, &behavior_ops);
        int ended;
        PY_BEGIN_TURN(state->cown_type); /* the body may have left threads behind */
        ended = py_owner_end(state, handle);
        PY_END_TURN();
        if (ended == 0)
            continue;
        if (py_failure_is(result)) {
            PyErr_Clear(); /* the cown itself says what happened to its value */
            continue;
        }
        boc_payload_drop(result);
        *result = py_failure_of_raised(state);
    }
}

/* Whoever comes next may not know live values. */
static void settle_all(core_state_t *state, boc_behavior_t *behavior) {
    size_t count = boc_behavior_request_count(behavior);
    for (size_t i = 0; i < count; i++)
        if (boc_behavior_access(behavior, i) == BOC_WRITE)
            py_live_settle(state, boc_behavior_cown(behavior, i));
}

static void store_result(boc_behavior_t *behavior, boc_payload_t payload) {
    boc_cown_t *result = boc_behavior_result(behavior);
    *boc_cown_value(result) = payload;
    boc_cown_set_holder(result, 0);
}

static void behavior_run(boc_behavior_t *behavior, void *data) {
    py_call_t *call = data;
    core_state_t *state = py_worker_begin();
    py_activation_t frame = {.outer = state->frame, .count = boc_behavior_request_count(behavior)};
    room_t room;
    if (reserve(&room, frame.count, call->argument_count, call->capture_count) < 0) {
        settle_all(state, behavior);
        store_result(behavior, py_failure_of_raised(state));
        return;
    }
    frame.handles = room.handles;
    state->frame = &frame;
    PyObject *value = call_body(state, behavior, call, &frame, &room); /* owned */
    bool was_interrupted = py_worker_forget_interrupt();
    if (value == NULL && call->template_id != PY_NATIVE)
        py_functions_note_site(state, call->template_id);
    /* The result and the cowns leave together: what is in more than one of them is copied. */
    py_moves_t moves;
    py_moves_init(&moves, BOCPY_INTO_RESULT);
    boc_payload_t result = encode_result(state, value, &moves);
    if (was_interrupted && py_failure_is(&result))
        py_failure_mark_seen(&result); /* whoever interrupted it knows */
    Py_XDECREF(value);
    /* A capture that the body put into a cown is then the cown's alone. */
    clear_references(room.captures, call->capture_count);
    moves.reason = BOCPY_AFTER_BODY;
    state->ending = &moves;
    give_back(state, behavior, &frame, &result);
    state->ending = NULL;
    py_moves_end(&moves, true);
    py_acquire_release_all(state, false);
    store_result(behavior, result);
    clear_references(room.arguments, call->argument_count);
    state->frame = frame.outer;
    for (size_t i = 0; i < frame.count; i++)
        if (frame.handles[i] != NULL)
            py_cown_let_go(frame.handles[i]);
    py_home_sweep(state->home);
    Py_CLEAR(frame.snapshot);
    if (room.block != NULL)
        PyMem_Free(room.block);
    assert(!PyErr_Occurred());
}

/* The runtime is stopped before the body could run. */
static void behavior_drop(boc_behavior_t *behavior, void *data) {
    (void)data;
    core_state_t *state = py_worker_begin();
    settle_all(state, behavior);
    PyErr_SetString(PyExc_RuntimeError,
                    "the behavior was dropped: the runtime was stopped (stop()) before it ran");
    boc_payload_t result = py_failure_of_raised(state);
    py_failure_mark_seen(&result); /* the caller of stop decided it */
    store_result(behavior, result);
}

boc_payload_t py_behavior_stranded(core_state_t *state, PyObject *value, PyObject *error) {
    PyErr_Format(PyExc_RuntimeError, "a value of type %.200s could not leave its interpreter: %S",
                 Py_TYPE(value)->tp_name, error);
    return py_failure_stranded(state);
}
