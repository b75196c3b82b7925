#include "python/py_notice_job.h"

#include "python/py_cown.h"
#include "python/py_errors.h"
#include "python/py_failure.h"
#include "python/py_payload.h"
#include "python/py_state.h"

#include <assert.h>

/* The interpreter in which jobs that are over can make exceptions; NULL outside ours. */
static _Thread_local core_state_t *tl_state;

core_state_t *py_notice_enter(core_state_t *state) {
    core_state_t *before = tl_state;
    tl_state = state;
    return before;
}

void py_notice_leave(core_state_t *before) { tl_state = before; }

core_state_t *py_notice_state(void) { return tl_state; }

/* -- errors ----------------------------------------------------------------------------- */

static const char *const names[] = {"notice_write", "notice_delete", "notice_update"};
static const char *const verbs[] = {"write to", "delete from", "update"};

/* The key as Python shows it. */
static PyObject *shown(const char *key) {
    PyObject *text = PyUnicode_FromString(key);                         /* owned */
    PyObject *shown_text = text != NULL ? PyObject_Repr(text) : NULL; /* owned */
    Py_XDECREF(text);
    return shown_text;
}

void py_notice_raise(boc_status_t status, py_mutation_t kind, const char *key) {
    PyObject *text = shown(key); /* owned */
    if (text == NULL)
        return;
    if (status == BOC_ENOMEM)
        PyErr_NoMemory();
    else if (status == BOC_EFULL)
        PyErr_Format(PyExc_RuntimeError, "%s: no room for key %U: the noticeboard has %d keys",
                     names[kind], text, BOC_NOTICE_KEYS_MAX);
    else if (status == BOC_ECLOSED)
        PyErr_Format(PyExc_RuntimeError,
                     "%s: cannot %s the noticeboard: no runtime is up; call start() first, or "
                     "schedule a behavior",
                     names[kind], verbs[kind]);
    else
        PyErr_Format(PyExc_RuntimeError, "%s: key %U: %s", names[kind], text,
                     boc_status_name(status));
    Py_DECREF(text);
}

/* -- jobs ------------------------------------------------------------------------------- */

py_notice_job_t *py_notice_job_new(py_mutation_t kind, boc_key_t key) {
    py_notice_job_t *job = PyMem_RawCalloc(1, sizeof *job);
    if (job == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    boc_status_t status = boc_promise_new(&job->promise);
    if (status != BOC_OK) {
        PyMem_RawFree(job);
        py_notice_raise(status, kind, "");
        return NULL;
    }
    boc_cown_set_holder(boc_promise_cown(job->promise), PY_HOLDER_PRODUCER);
    atomic_init(&job->refs, 2);
    job->kind = kind;
    if (key.size > 0)
        memcpy(job->key, key.bytes, key.size);
    return job;
}

void py_notice_job_ref(py_notice_job_t *job) {
    /* relaxed: the caller has a reference. */
    atomic_fetch_add_explicit(&job->refs, 1, memory_order_relaxed);
}

void py_notice_job_unref(py_notice_job_t *job) {
    /* acq_rel: every last access comes before the free. */
    if (atomic_fetch_sub_explicit(&job->refs, 1, memory_order_acq_rel) != 1)
        return;
    boc_payload_drop(&job->function);
    boc_payload_drop(&job->fallback);
    boc_payload_drop(&job->failure);
    boc_promise_unref(job->promise);
    PyMem_RawFree(job);
}

PyObject *py_notice_job_result(core_state_t *state, py_notice_job_t *job) {
    boc_cown_t *cown = boc_promise_cown(job->promise);
    boc_cown_ref(cown);
    return py_cown_wrap(state, cown);
}

/* The holder word goes first: whoever waits for the cown may own it as soon as it is settled. */
static bool settle(py_notice_job_t *job, boc_payload_t value) {
    boc_cown_set_holder(boc_promise_cown(job->promise), 0);
    return boc_promise_fulfill(job->promise, value) == BOC_OK;
}

/* The exception that is set, as a value that nobody need look at. */
static boc_payload_t stopped(core_state_t *state) {
    boc_payload_t value = py_failure_of_raised(state);
    if (py_failure_is(&value))
        py_failure_mark_seen(&value); /* the caller of stop decided it */
    return value;
}

void py_notice_job_abandon(core_state_t *state, py_notice_job_t *job, bool is_running) {
    PyObject *text = shown(job->key); /* owned */
    if (text != NULL)
        PyErr_Format(PyExc_RuntimeError,
                     is_running
                         ? "%s: key %U: the runtime was stopped (stop()) while the function ran"
                         : "%s: key %U: dropped, the runtime was stopped (stop()) before its turn",
                     names[job->kind], text);
    Py_XDECREF(text);
    (void)settle(job, stopped(state));
}

void py_notice_job_done(void *context, boc_status_t status) {
    py_notice_job_t *job = context;
    core_state_t *state = tl_state;
    boc_payload_t failure = job->failure;
    job->failure = (boc_payload_t){NULL, NULL};
    if (failure.ops != NULL) {
        (void)settle(job, failure);
    } else if (status == BOC_OK) {
        (void)settle(job, (boc_payload_t){NULL, &py_payload_none});
    } else if (state == NULL) {
        /* A thread without Python made way for it: nothing but the status can be said. */
        boc_cown_set_holder(boc_promise_cown(job->promise), 0);
        if (boc_promise_fail(job->promise, status, (boc_payload_t){NULL, NULL}) != BOC_OK)
            status = BOC_OK; /* settled before */
    } else {
        PyObject *raised = PyErr_GetRaisedException(); /* owned */
        if (status == BOC_ECLOSED) {
            py_notice_job_abandon(state, job, false);
        } else {
            py_notice_raise(status, job->kind, job->key);
            (void)settle(job, py_failure_of_raised(state));
        }
        PyErr_SetRaisedException(raised);
    }
    py_notice_job_unref(job);
}
