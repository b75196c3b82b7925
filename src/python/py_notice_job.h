/* py_notice_job.h - a mutation of the noticeboard that has to wait, and its result cown.
 *
 * The result is a promise: None, or the error.  It is settled once: when the mutation is over,
 * or earlier, when the runtime is stopped and does not wait for it.
 *
 * Owns      A job is counted: by the mutation, until it is over, and by whoever works on it.
 * Threads   any thread; settling needs an attached thread state to say what went wrong.
 */
#ifndef BOC_PY_NOTICE_JOB_H
#define BOC_PY_NOTICE_JOB_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "platform/atomic.h"

#include <boc/noticeboard.h>
#include <boc/promise.h>

typedef struct core_state core_state_t;

typedef enum py_mutation { PY_NOTICE_WRITE, PY_NOTICE_DELETE, PY_NOTICE_UPDATE } py_mutation_t;

typedef struct py_notice_job {
    atomic_size_t refs;
    py_mutation_t kind;
    boc_promise_t *promise;  /* one reference */
    boc_payload_t function;  /* of an update: encoded, as the next */
    boc_payload_t fallback;
    boc_update_t *update;    /* once its turn has come */
    boc_payload_t failure;   /* what the function raised, or empty; the updating thread's */
    struct py_notice_job *next; /* in the line of the updating thread */
    char key[BOC_NOTICE_KEY_BYTES_MAX + 1];
} py_notice_job_t;

/* With two references, one of them for the mutation.  NULL with an exception. */
py_notice_job_t *py_notice_job_new(py_mutation_t kind, boc_key_t key);
void py_notice_job_ref(py_notice_job_t *job);
void py_notice_job_unref(py_notice_job_t *job);

/* The handle of the result cown; a new reference. */
PyObject *py_notice_job_result(core_state_t *state, py_notice_job_t *job);

/* For boc/noticeboard.h: settle the result of the job, and give back the mutation's
 * reference. */
void py_notice_job_done(void *job, boc_status_t status);

/* Settle it now, with an error that says that the runtime was stopped meanwhile.  `is_running`:
 * the function was called already. */
void py_notice_job_abandon(core_state_t *state, py_notice_job_t *job, bool is_running);

/* What `status` of a mutation of `key` means, as an exception. */
void py_notice_raise(boc_status_t status, py_mutation_t kind, const char *key);

/* Between these two the calling thread is attached to the interpreter of `state`, and jobs that
 * are over may say so.  Returns what to give to `leave`. */
core_state_t *py_notice_enter(core_state_t *state);
void py_notice_leave(core_state_t *before);

/* That state; NULL outside. */
core_state_t *py_notice_state(void);

#endif
