#include "python/py_live.h"

#include "platform/atomic.h"
#include "platform/track.h"
#include "python/py_behavior.h"
#include "python/py_failure.h"
#include "python/py_interp.h"
#include "python/py_isolation.h"
#include "python/py_owner.h"
#include "python/py_state.h"
#include "python/py_transfer.h"

#include <assert.h>
#include <boc/limits.h>

typedef struct live {
    PyObject *value;     /* owned, of the interpreter of `owner` */
    core_state_t *owner; /* exists: its worker does not leave while a behavior is in flight */
    PyInterpreterState *interpreter;
    struct live *next; /* among those that were dropped */
} live_t;

typedef enum count { KEPT, PASSED, TAKEN, ENCODED, EXPORTED, DROPPED, COUNTS } count_t;

static const char *const count_names[COUNTS] = {"kept",    "passed",   "taken",
                                                "encoded", "exported", "dropped"};

typedef enum mode { LIVE, ENCODE, EAGER, MODES } live_mode_t;

static const char *const mode_names[MODES] = {"live", "encode", "eager"};

/* One per worker: the home of its live values. */
typedef struct home {
    _Atomic(live_t *) dropped; /* by any thread; freed in the worker's interpreter */
    bool is_sweeping;                 /* guarded by the worker's GIL, as are writes below */
    _Atomic(uint64_t) counts[COUNTS];
} home_t;

static struct {
    _Atomic(live_mode_t) mode;
    home_t homes[BOC_WORKERS_MAX];
} globals;

static home_t *home_of(const core_state_t *owner) {
    assert(owner->worker >= 0);
    return &globals.homes[owner->worker];
}

static void count(const core_state_t *owner, count_t what) {
    _Atomic(uint64_t) *counter = &home_of(owner)->counts[what];
    /* relaxed: one writer at a time, by the GIL; readers want a recent value only. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* -- life -------------------------------------------------------------------------------- */

/* Attached to its interpreter: the end of the record, whose value the caller takes. */
static PyObject *unwrap(live_t *live) {
    PyObject *value = live->value;
    BOC_TRACK_END(live);
    PyMem_RawFree(live);
    return value;
}

/* A value that holds a cown can be the last to do so.  What that one held is freed by the blobs'
 * own list, or put into this one: the list gets longer, the stack does not. */
void py_live_sweep(core_state_t *state) {
    home_t *home = home_of(state);
    /* relaxed: a hint; the exchange looks again. */
    while (!home->is_sweeping &&
           atomic_load_explicit(&home->dropped, memory_order_relaxed) != NULL) {
        home->is_sweeping = true;
        /* acquire: the entries. */
        live_t *live = atomic_exchange_explicit(&home->dropped, NULL, memory_order_acquire);
        while (live != NULL) {
            live_t *next = live->next;
            count(state, DROPPED);
            Py_DECREF(unwrap(live));
            live = next;
        }
        home->is_sweeping = false;
    }
}

static void drop_live(void *data) {
    live_t *live = data;
    core_state_t *owner = live->owner;
    bool is_here = py_interp_is_attached() && PyInterpreterState_Get() == live->interpreter;
    _Atomic(live_t *) *list = &home_of(owner)->dropped;
    /* relaxed: what it points at is not read here. */
    live->next = atomic_load_explicit(list, memory_order_relaxed);
    /* release: the entry, to py_live_sweep; relaxed on failure, which tries again. */
    while (!atomic_compare_exchange_weak_explicit(list, &live->next, live, memory_order_release,
                                                  memory_order_relaxed))
        continue;
    if (is_here)
        py_live_sweep(owner);
}

const boc_payload_ops_t py_payload_live = {drop_live};

static live_t *new_live(core_state_t *state, PyObject *taken) {
    live_t *live = PyMem_RawMalloc(sizeof *live);
    if (live == NULL)
        return NULL;
    *live = (live_t){.value = taken, .owner = state, .interpreter = PyInterpreterState_Get()};
    BOC_TRACK("payload", live);
    return live;
}

PyObject *py_live_take(boc_payload_t *payload) {
    live_t *live = payload->data;
    *payload = (boc_payload_t){NULL, NULL};
    count(live->owner, TAKEN);
    return unwrap(live);
}

/* -- encoding after all -------------------------------------------------------------------- */

/* Attached to the interpreter of the value, on whatever thread. */
static boc_payload_t encode(live_t *live) {
    boc_payload_t encoded = {NULL, NULL};
    core_state_t *owner = live->owner;
    PyObject *value = unwrap(live); /* owned */
    if (py_transfer_encode_for(owner, value, &encoded, BOCPY_AFTER_BODY) < 0) {
        PyObject *error = PyErr_GetRaisedException(); /* owned */
        encoded = py_behavior_stranded(owner, value, error);
        Py_DECREF(error);
    }
    Py_DECREF(value);
    return encoded;
}

/* Without any GIL, so that whoever waits for ours can have it: nobody waits for us. */
static bool encode_there(live_t *live, boc_payload_t *p_encoded) {
    PyThreadState *visitor = PyThreadState_New(live->interpreter);
    if (visitor == NULL)
        return false;
    PyEval_AcquireThread(visitor);
    count(live->owner, EXPORTED);
    *p_encoded = encode(live);
    PyThreadState_Clear(visitor);
    PyThreadState_DeleteCurrent();
    return true;
}

static boc_payload_t export(core_state_t *state, live_t *live) {
    boc_payload_t encoded = {NULL, NULL};
    bool is_done;
    Py_BEGIN_ALLOW_THREADS is_done = encode_there(live, &encoded);
    Py_END_ALLOW_THREADS if (is_done) return encoded;
    drop_live(live);
    PyErr_NoMemory();
    return py_failure_of_raised(state);
}

bool py_live_is_here(core_state_t *state, const boc_payload_t *payload) {
    return ((const live_t *)payload->data)->owner == state;
}

void py_live_encode(core_state_t *state, boc_payload_t *payload) {
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    live_t *live = payload->data;
    if (live->owner == state) {
        count(state, ENCODED);
        *payload = encode(live);
    } else {
        *payload = export(state, live);
    }
    PyErr_SetRaisedException(raised);
}

/* -- keeping --------------------------------------------------------------------------------- */

static bool heir_takes_it(boc_behavior_t *behavior, size_t index, const boc_behavior_ops_t *ours) {
    /* relaxed: nothing depends on it. */
    live_mode_t mode = atomic_load_explicit(&globals.mode, memory_order_relaxed);
    bool runs_here = false;
    return mode != ENCODE && boc_behavior_heir(behavior, index, &runs_here) == ours &&
           (runs_here || mode == EAGER);
}

void py_live_keep(core_state_t *state, boc_behavior_t *behavior, size_t index, py_cown_t *cown,
                  const boc_behavior_ops_t *ours) {
    assert(cown->access == PY_GRANTED && !cown->is_reader);
    if (cown->value == NULL) {
        if (heir_takes_it(behavior, index, ours))
            count(state, PASSED);
        else
            py_live_settle(state, cown->native);
        return;
    }
    /* Extensions move their values by pointer already. */
    if (cown->is_exception || !heir_takes_it(behavior, index, ours) ||
        py_foreign_find_in(&state->foreign, Py_TYPE(cown->value)) != NULL ||
        !py_isolation_check(state, cown->value, 1))
        return;
    live_t *live = new_live(state, cown->value);
    if (live == NULL)
        return;
    count(state, KEPT);
    cown->value = NULL;
    py_owner_store(cown, (boc_payload_t){live, &py_payload_live});
}

/* -- for Python ------------------------------------------------------------------------------- */

PyObject *core_set_transfer(PyObject *module, PyObject *name) {
    (void)module;
    for (int i = 0; i < MODES; i++) {
        if (!PyUnicode_Check(name) || PyUnicode_CompareWithASCIIString(name, mode_names[i]) != 0)
            continue;
        /* relaxed: see heir_takes_it. */
        atomic_store_explicit(&globals.mode, (live_mode_t)i, memory_order_relaxed);
        Py_RETURN_NONE;
    }
    return PyErr_Format(PyExc_ValueError, "BOCPY_TRANSFER: expected 'live' or 'encode', not %R",
                        name);
}

PyObject *core_transfer_mode(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    /* relaxed: see heir_takes_it. */
    return PyUnicode_FromString(
        mode_names[atomic_load_explicit(&globals.mode, memory_order_relaxed)]);
}

PyObject *core_live_values(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    PyObject *counts = PyDict_New(); /* owned */
    for (int what = 0; counts != NULL && what < COUNTS; what++) {
        unsigned long long sum = 0;
        for (unsigned i = 0; i < BOC_WORKERS_MAX; i++) /* relaxed: a recent value. */
            sum += atomic_load_explicit(&globals.homes[i].counts[what], memory_order_relaxed);
        PyObject *number = PyLong_FromUnsignedLongLong(sum); /* owned */
        if (number == NULL || PyDict_SetItemString(counts, count_names[what], number) < 0)
            Py_CLEAR(counts);
        Py_XDECREF(number);
    }
    return counts;
}
