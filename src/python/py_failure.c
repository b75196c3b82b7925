#include "python/py_failure.h"

#include "platform/thread.h"
#include "python/py_interp.h"
#include "python/py_state.h"
#include "python/py_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct failure {
    struct failure *next, *previous; /* guarded by globals.mutex; ring of the unseen */
    boc_payload_t pair;              /* (exception, traceback text), encoded */
    bool is_seen;                    /* guarded by globals.mutex */
    char text[];                     /* of the traceback, UTF-8 */
} failure_t;

/* What wait(raise_errors=True) raises although its cown is dead. */
#define LOST_MAX 64

static struct {
    boc__mutex_t mutex;
    failure_t unseen;              /* guarded by mutex; the ring's anchor */
    size_t unseen_count;           /* guarded by mutex */
    boc_payload_t lost[LOST_MAX];  /* guarded by mutex; pairs of dead failures */
    size_t lost_count;             /* guarded by mutex */
} globals = {.mutex = BOC_MUTEX_INITIALIZER,
             .unseen = {.next = &globals.unseen, .previous = &globals.unseen}};

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

static void print_unseen(const char *text) {
    fprintf(stderr, "unhandled exception in a behavior:\n%s\n", text);
}

static void report_unseen(const char *text) {
    bool was_detached = py_worker_attach();
    if (!py_interp_is_attached()) {
        print_unseen(text);
        return;
    }
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    if (log_unseen(text) < 0) {
        if (PyErr_ExceptionMatches(PyExc_ImportError)) { /* the interpreter ends */
            PyErr_Clear();
            print_unseen(text);
        } else {
            PyErr_WriteUnraisable(NULL);
        }
    }
    PyErr_SetRaisedException(raised);
    if (was_detached)
        py_worker_detach();
}

/* Take the failure out of the ring; guarded by the mutex.  False if it was seen. */
static bool unlink_unseen(failure_t *failure) {
    if (failure->is_seen)
        return false;
    failure->is_seen = true;
    failure->next->previous = failure->previous;
    failure->previous->next = failure->next;
    globals.unseen_count--;
    return true;
}

static void link_unseen(failure_t *failure) {
    boc__mutex_lock(&globals.mutex);
    failure->is_seen = false;
    failure->next = &globals.unseen;
    failure->previous = globals.unseen.previous;
    failure->previous->next = failure;
    globals.unseen.previous = failure;
    globals.unseen_count++;
    boc__mutex_unlock(&globals.mutex);
}

static void failure_drop(void *data) {
    failure_t *failure = data;
    boc__mutex_lock(&globals.mutex);
    bool was_unseen = unlink_unseen(failure);
    if (was_unseen && globals.lost_count < LOST_MAX) {
        globals.lost[globals.lost_count++] = failure->pair;
        failure->pair = (boc_payload_t){NULL, NULL};
    }
    boc__mutex_unlock(&globals.mutex);
    if (was_unseen)
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
    if (pair != NULL && py_transfer_encode_copies(state, pair, p_pair) == 0) {
        again = py_transfer_decode(state, p_pair);
        /* Users may flag any value; but an exception must arrive as one. */
        if (again != NULL && (PyExceptionInstance_Check(PyTuple_GET_ITEM(again, 0)) ||
                              !PyExceptionInstance_Check(error))) {
            result = 0;
            goto done;
        }
        boc_payload_drop(p_pair);
    }
    PyErr_Clear();
    Py_XSETREF(pair, PyObject_CallFunctionObjArgs(describe, error, Py_True, NULL));
    if (pair != NULL)
        result = py_transfer_encode_copies(state, pair, p_pair);
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
    link_unseen(failure);
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

static PyObject *decode_pair(core_state_t *state, const boc_payload_t *payload) {
    PyObject *restore = NULL;                            /* owned */
    PyObject *result = NULL;                             /* owned */
    PyObject *pair = py_transfer_decode(state, payload); /* owned */
    if (pair != NULL && (restore = helper(state, "restore")) != NULL)
        result = PyObject_Call(restore, pair, NULL);
    Py_XDECREF(restore);
    Py_XDECREF(pair);
    return result;
}

PyObject *py_failure_decode(core_state_t *state, const boc_payload_t *payload) {
    py_failure_mark_seen(payload);
    return decode_pair(state, &((failure_t *)payload->data)->pair);
}

void py_failure_mark_seen(const boc_payload_t *payload) {
    boc__mutex_lock(&globals.mutex);
    (void)unlink_unseen(payload->data);
    boc__mutex_unlock(&globals.mutex);
}

/* Move what nobody looked at into `pairs`, which has room for `capacity`. */
static size_t take_unseen(boc_payload_t *pairs, size_t capacity) {
    size_t count = 0;
    boc__mutex_lock(&globals.mutex);
    while (count < capacity && globals.lost_count > 0)
        pairs[count++] = globals.lost[--globals.lost_count];
    while (count < capacity && globals.unseen.next != &globals.unseen) {
        failure_t *failure = globals.unseen.next;
        py_payload_copy(&pairs[count++], &failure->pair);
        (void)unlink_unseen(failure);
    }
    boc__mutex_unlock(&globals.mutex);
    return count;
}

static size_t count_unseen(void) {
    boc__mutex_lock(&globals.mutex);
    size_t count = globals.unseen_count + globals.lost_count;
    boc__mutex_unlock(&globals.mutex);
    return count;
}

PyObject *core_take_failures(PyObject *module, PyObject *unused) {
    (void)unused;
    core_state_t *state = py_state_of(module);
    size_t capacity = count_unseen();
    boc_payload_t *pairs = PyMem_Calloc(capacity + 1, sizeof *pairs);
    PyObject *errors = pairs != NULL ? PyList_New(0) : PyErr_NoMemory(); /* owned */
    size_t count = errors != NULL ? take_unseen(pairs, capacity) : 0;
    for (size_t i = 0; i < count; i++) {
        PyObject *error = errors != NULL ? decode_pair(state, &pairs[i]) : NULL; /* owned */
        if (error == NULL || PyList_Append(errors, error) < 0)
            Py_CLEAR(errors);
        Py_XDECREF(error);
        boc_payload_drop(&pairs[i]);
    }
    PyMem_Free(pairs);
    return errors;
}

PyObject *core_forget_failures(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    boc_payload_t pairs[LOST_MAX];
    boc__mutex_lock(&globals.mutex);
    size_t count = globals.lost_count;
    memcpy(pairs, globals.lost, count * sizeof *pairs);
    globals.lost_count = 0;
    boc__mutex_unlock(&globals.mutex);
    for (size_t i = 0; i < count; i++)
        boc_payload_drop(&pairs[i]);
    Py_RETURN_NONE;
}
