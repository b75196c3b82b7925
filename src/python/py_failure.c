#include "python/py_failure.h"

#include "platform/atomic.h"
#include "python/py_interp.h"
#include "python/py_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct failure {
    boc_payload_t pair; /* (exception, traceback text), encoded */
    _Atomic bool is_seen;
    char text[]; /* of the traceback, UTF-8 */
} failure_t;

/* Python code for the rest: bocpy._failures, imported when something first fails. */
static PyObject *helper(core_state_t *state, const char *name) {
    if (state->failures == NULL)
        state->failures = PyImport_ImportModule("bocpy._failures");
    return state->failures != NULL ? PyObject_GetAttrString(state->failures, name) : NULL;
}

static int log_unseen(const char *text) {
    PyObject *module = PyImport_ImportModule("bocpy._failures"); /* owned */
    if (module == NULL)
        return -1;
    PyObject *done = PyObject_CallMethod(module, "log_unhandled", "s", text); /* owned */
    Py_DECREF(module);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

static void report_unseen(const char *text) {
    if (!py_interp_is_attached()) {
        fprintf(stderr, "unhandled exception in a behavior:\n%s\n", text);
        return;
    }
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    if (log_unseen(text) < 0)
        PyErr_WriteUnraisable(NULL);
    PyErr_SetRaisedException(raised);
}

static void failure_drop(void *data) {
    failure_t *failure = data;
    /* relaxed: whoever looked gave its reference back before. */
    if (!atomic_load_explicit(&failure->is_seen, memory_order_relaxed))
        report_unseen(failure->text);
    boc_payload_drop(&failure->pair);
    free(failure);
}

const boc_payload_ops_t py_failure_ops = {failure_drop};

/* Encode (error, text) if the error can be decoded again, or else a BehaviorError. */
static int encode_pair(core_state_t *state, PyObject *error, bool is_stranded,
                       boc_payload_t *p_pair, PyObject **p_text) {
    PyObject *describe = NULL; /* owned */
    PyObject *pair = NULL;     /* owned */
    PyObject *again = NULL;    /* owned */
    int result = -1;

    describe = helper(state, "describe");
    if (describe == NULL)
        goto done;
    if (!is_stranded)
        pair = PyObject_CallFunctionObjArgs(describe, error, Py_False, NULL);
    if (pair != NULL && py_transfer_encode(state, pair, p_pair) == 0) {
        again = py_transfer_decode(state, p_pair);
        if (again != NULL && PyExceptionInstance_Check(PyTuple_GET_ITEM(again, 0))) {
            result = 0;
            goto done;
        }
        boc_payload_drop(p_pair);
    }
    PyErr_Clear();
    Py_XSETREF(pair, PyObject_CallFunctionObjArgs(describe, error, Py_True, NULL));
    if (pair != NULL)
        result = py_transfer_encode(state, pair, p_pair);
done:
    if (result == 0)
        *p_text = Py_NewRef(PyTuple_GET_ITEM(pair, 1));
    Py_XDECREF(again);
    Py_XDECREF(pair);
    Py_XDECREF(describe);
    return result;
}

static boc_payload_t new_failure(core_state_t *state, PyObject *error, bool is_stranded) {
    boc_payload_t pair = {NULL, NULL};
    PyObject *text = NULL; /* owned */
    failure_t *failure = NULL;
    if (encode_pair(state, error, is_stranded, &pair, &text) == 0) {
        Py_ssize_t size;
        const char *utf8 = PyUnicode_AsUTF8AndSize(text, &size);
        if (utf8 == NULL) {
            PyErr_Clear(); /* lone surrogates */
            utf8 = "(the traceback is not printable)";
            size = (Py_ssize_t)strlen(utf8);
        }
        failure = malloc(sizeof *failure + (size_t)size + 1);
        if (failure != NULL)
            memcpy(failure->text, utf8, (size_t)size + 1);
    }
    Py_XDECREF(text);
    if (failure == NULL) {
        PyErr_WriteUnraisable(error);
        boc_payload_drop(&pair);
        return (boc_payload_t){NULL, &py_payload_none};
    }
    failure->pair = pair;
    atomic_init(&failure->is_seen, false);
    return (boc_payload_t){failure, &py_failure_ops};
}

boc_payload_t py_failure_new(core_state_t *state, PyObject *error) {
    return new_failure(state, error, false);
}

static boc_payload_t take_raised(core_state_t *state, bool is_stranded) {
    PyObject *error = PyErr_GetRaisedException(); /* owned */
    boc_payload_t payload = new_failure(state, error, is_stranded);
    Py_DECREF(error);
    return payload;
}

boc_payload_t py_failure_of_raised(core_state_t *state) { return take_raised(state, false); }

boc_payload_t py_failure_stranded(core_state_t *state) { return take_raised(state, true); }

PyObject *py_failure_decode(core_state_t *state, const boc_payload_t *payload) {
    failure_t *failure = payload->data;
    PyObject *restore = NULL; /* owned */
    PyObject *result = NULL;  /* owned */
    py_failure_mark_seen(payload);
    PyObject *pair = py_transfer_decode(state, &failure->pair); /* owned */
    if (pair != NULL && (restore = helper(state, "restore")) != NULL)
        result = PyObject_Call(restore, pair, NULL);
    Py_XDECREF(restore);
    Py_XDECREF(pair);
    return result;
}

void py_failure_mark_seen(const boc_payload_t *payload) {
    failure_t *failure = payload->data;
    /* relaxed: see failure_drop. */
    atomic_store_explicit(&failure->is_seen, true, memory_order_relaxed);
}
