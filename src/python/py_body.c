#include "python/py_body.h"

#include "python/py_cown.h"
#include "python/py_failure.h"
#include "python/py_foreign.h"
#include "python/py_moves.h"
#include "python/py_payload.h"
#include "python/py_worker.h"

#include <assert.h>
#include <boc/behavior.h>
#include <boc/message.h>
#include <stdlib.h>
#include <string.h>

static_assert((int)BOCPY_ENOMEM == (int)BOC_ENOMEM && (int)BOCPY_ECLOSED == (int)BOC_ECLOSED &&
                  (int)BOCPY_EFULL == (int)BOC_EFULL && (int)BOCPY_EINVALID == (int)BOC_EINVALID &&
                  (int)BOCPY_ESTATE == (int)BOC_ESTATE && (int)BOCPY_ETIMEOUT == (int)BOC_ETIMEOUT,
              "a status crosses the table as it is");
static_assert((int)BOCPY_WRITE == (int)BOC_WRITE && (int)BOCPY_READ == (int)BOC_READ,
              "an access crosses the table as it is");

/* Host data of the behavior. */
typedef struct c_body {
    bocpy_run_fn run;
    void *context;
    bocpy_drop_fn drop;
    char *message; /* owned; of the exception, NULL without one */
    int kind;
    bool has_failed;
} c_body_t;

static boc_behavior_t *behavior_of(const bocpy_body_t *body) {
    return (boc_behavior_t *)(void *)(uintptr_t)body;
}

static boc_cown_t *native_of(bocpy_cown_t *cown) { return (boc_cown_t *)(void *)cown; }

/* -- values ---------------------------------------------------------------------------------- */

/* The move of a value that is one foreign object with these ops, and nobody else's. */
static py_move_t *move_of(const boc_payload_t *value, const bocpy_type_ops_t *ops) {
    if (value->ops != &py_payload_blob)
        return NULL;
    py_blob_t *blob = value->data;
    if (!blob->is_move || !py_blob_is_sole(blob))
        return NULL;
    py_move_t *move = py_blob_moves(blob)[0];
    return move->foreign->key == ops ? move : NULL;
}

/* `data` is taken, on failure too: then the payload is empty. */
static boc_payload_t payload_of_data(const bocpy_type_ops_t *ops, void *data) {
    const py_foreign_t *foreign = py_foreign_known(ops);
    py_blob_t *blob = foreign != NULL ? py_blob_of_move(foreign, data) : NULL;
    if (blob != NULL)
        return py_payload_of_blob(blob);
    ops->drop(data);
    return (boc_payload_t){NULL, NULL};
}

/* The value of a request, or of the result; NULL: there is none. */
static boc_payload_t *value_of(bocpy_body_t *body, size_t index) {
    boc_behavior_t *behavior = behavior_of(body);
    boc_cown_t *cown = index == BOCPY_RESULT ? boc_behavior_result(behavior)
                       : index < boc_behavior_request_count(behavior)
                           ? boc_behavior_cown(behavior, index)
                           : NULL;
    return cown != NULL ? boc_cown_value(cown) : NULL;
}

static bool may_write(bocpy_body_t *body, size_t index) {
    boc_behavior_t *behavior = behavior_of(body);
    if (index == BOCPY_RESULT)
        return true;
    boc_cown_t *cown = boc_behavior_cown(behavior, index);
    if (!boc_behavior_is_duplicate(behavior, index))
        return boc_behavior_access(behavior, index) == BOC_WRITE;
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++)
        if (boc_behavior_cown(behavior, i) == cown && !boc_behavior_is_duplicate(behavior, i))
            return boc_behavior_access(behavior, i) == BOC_WRITE;
    return false;
}

/* Replace a value; the payload is taken, on failure too. */
static int store(bocpy_body_t *body, size_t index, boc_payload_t payload) {
    boc_payload_t *value = value_of(body, index);
    int status = value == NULL ? BOCPY_EINVALID : may_write(body, index) ? BOCPY_OK : BOCPY_ESTATE;
    if (status != BOCPY_OK) {
        boc_payload_drop(&payload);
        return status;
    }
    boc_payload_t old = *value;
    *value = payload;
    boc_payload_drop(&old);
    return BOCPY_OK;
}

void *py_body_data(bocpy_body_t *body, size_t index, const bocpy_type_ops_t *ops) {
    const boc_payload_t *value = value_of(body, index);
    py_move_t *move = value != NULL ? move_of(value, ops) : NULL;
    /* relaxed: the behavior owns the value. */
    return move != NULL ? atomic_load_explicit(&move->data, memory_order_relaxed) : NULL;
}

int py_body_store(bocpy_body_t *body, size_t index, const bocpy_type_ops_t *ops, void *data) {
    boc_payload_t *value = value_of(body, index);
    py_move_t *move = value != NULL && may_write(body, index) ? move_of(value, ops) : NULL;
    if (move != NULL) {
        /* relaxed: the behavior owns the value. */
        void *old = atomic_exchange_explicit(&move->data, data, memory_order_relaxed);
        if (old != NULL && old != data)
            ops->drop(old);
        return BOCPY_OK;
    }
    boc_payload_t payload = payload_of_data(ops, data);
    return payload.ops != NULL ? store(body, index, payload) : BOCPY_ENOMEM;
}

int py_body_load_int(bocpy_body_t *body, size_t index, int64_t *p_value) {
    const boc_payload_t *value = value_of(body, index);
    if (value == NULL || value->ops != &py_payload_integer)
        return BOCPY_EINVALID;
    *p_value = py_payload_as_integer(value);
    return BOCPY_OK;
}

int py_body_load_real(bocpy_body_t *body, size_t index, double *p_value) {
    const boc_payload_t *value = value_of(body, index);
    if (value == NULL || value->ops != &py_payload_real)
        return BOCPY_EINVALID;
    *p_value = py_payload_as_real(value);
    return BOCPY_OK;
}

int py_body_store_int(bocpy_body_t *body, size_t index, int64_t value) {
    if (!py_payload_fits(value))
        return BOCPY_EINVALID;
    return store(body, index, py_payload_of_integer(value));
}

int py_body_store_real(bocpy_body_t *body, size_t index, double value) {
    if (sizeof(void *) != sizeof(double))
        return BOCPY_EINVALID;
    return store(body, index, py_payload_of_real(value));
}

size_t py_body_count(const bocpy_body_t *body) {
    return boc_behavior_request_count(behavior_of(body));
}

bocpy_cown_t *py_body_cown(bocpy_body_t *body, size_t index) {
    boc_behavior_t *behavior = behavior_of(body);
    boc_cown_t *cown =
        index == BOCPY_RESULT ? boc_behavior_result(behavior) : boc_behavior_cown(behavior, index);
    return (bocpy_cown_t *)(void *)cown;
}

/* -- failing --------------------------------------------------------------------------------- */

void py_body_fail(bocpy_body_t *body, int kind, const char *message) {
    c_body_t *call = boc_behavior_data(behavior_of(body));
    if (call->has_failed)
        return;
    size_t size = strlen(message) + 1;
    call->has_failed = true;
    call->kind = kind;
    call->message = malloc(size);
    if (call->message != NULL)
        memcpy(call->message, message, size);
    else
        call->kind = BOCPY_MEMORY_ERROR;
}

static PyObject *exception_of(int kind) {
    switch (kind) {
    case BOCPY_VALUE_ERROR:
        return PyExc_ValueError;
    case BOCPY_TYPE_ERROR:
        return PyExc_TypeError;
    case BOCPY_MEMORY_ERROR:
        return PyExc_MemoryError;
    case BOCPY_OS_ERROR:
        return PyExc_OSError;
    case BOCPY_OVERFLOW_ERROR:
        return PyExc_OverflowError;
    default:
        return PyExc_RuntimeError;
    }
}

/* Attached.  The exception that is set becomes the result, or is logged as its own cown's. */
static void store_failure(boc_behavior_t *behavior, bool is_expected) {
    boc_cown_t *result = boc_behavior_result(behavior);
    boc_payload_t failure = py_failure_of_raised(py_worker_state());
    if (is_expected && py_failure_is(&failure))
        py_failure_mark_seen(&failure);
    if (result != NULL) {
        boc_payload_t old = *boc_cown_value(result);
        *boc_cown_value(result) = failure;
        boc_payload_drop(&old);
    } else {
        boc_payload_drop(&failure);
    }
}

/* -- running --------------------------------------------------------------------------------- */

static void end(boc_behavior_t *behavior) {
    boc_cown_t *result = boc_behavior_result(behavior);
    if (result == NULL)
        return;
    boc_payload_t *value = boc_cown_value(result);
    if (value->ops == NULL)
        *value = (boc_payload_t){NULL, &py_payload_none};
    boc_cown_set_holder(result, 0);
}

static void body_run(boc_behavior_t *behavior, void *data) {
    c_body_t *call = data;
    py_worker_begin_detached();
    call->run((bocpy_body_t *)(void *)behavior, call->context);
    if (call->has_failed) {
        (void)py_worker_attach();
        PyErr_SetString(exception_of(call->kind), call->message != NULL ? call->message : "");
        store_failure(behavior, false);
    }
    end(behavior);
}

/* The runtime is stopped before the body could run. */
static void body_drop(boc_behavior_t *behavior, void *data) {
    (void)data;
    if (boc_behavior_result(behavior) == NULL)
        return;
    (void)py_worker_attach();
    PyErr_SetString(PyExc_RuntimeError,
                    "the behavior was dropped: the runtime was stopped (stop()) before it ran");
    store_failure(behavior, true); /* the caller of stop decided it */
    end(behavior);
}

static void body_deinit(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    c_body_t *call = data;
    if (call->drop != NULL)
        call->drop(call->context);
    free(call->message);
}

static const boc_behavior_ops_t body_ops = {body_run, body_drop, body_deinit};

static bool are_valid(const bocpy_request_t *requests, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (requests[i].cown == NULL ||
            (requests[i].access != BOCPY_WRITE && requests[i].access != BOCPY_READ))
            return false;
    return true;
}

int py_body_schedule(const bocpy_request_t *requests, size_t count, bocpy_run_fn run, void *context,
                     bocpy_drop_fn drop, bocpy_cown_t **p_result) {
    boc_behavior_t *behavior = NULL;
    boc_status_t status =
        !are_valid(requests, count)
            ? BOC_EINVALID
            : boc_behavior_new(&body_ops, count, sizeof(c_body_t),
                               p_result != NULL ? BOC_BEHAVIOR_RESULT : 0, &behavior);
    if (status != BOC_OK) {
        if (drop != NULL)
            drop(context);
        return (int)status;
    }
    c_body_t *call = boc_behavior_data(behavior);
    call->run = run;
    call->context = context;
    call->drop = drop;
    for (size_t i = 0; i < count; i++) {
        boc_cown_ref(native_of(requests[i].cown));
        boc_behavior_request(behavior, i, native_of(requests[i].cown),
                             (boc_access_t)requests[i].access);
    }
    boc_cown_t *result = boc_behavior_result(behavior);
    if (result != NULL) {
        boc_cown_set_holder(result, PY_HOLDER_PRODUCER);
        boc_cown_ref(result);
    }
    status = boc_behavior_schedule(behavior);
    if (result != NULL && status != BOC_OK)
        boc_cown_unref(result);
    else if (result != NULL)
        *p_result = (bocpy_cown_t *)(void *)result;
    return (int)status;
}

/* -- the rest -------------------------------------------------------------------------------- */

bocpy_cown_t *py_body_cown_of_data(const bocpy_type_ops_t *ops, void *data) {
    boc_payload_t payload = payload_of_data(ops, data);
    boc_cown_t *cown = NULL;
    if (payload.ops == NULL || boc_cown_new(payload, &cown) != BOC_OK)
        return NULL;
    return (bocpy_cown_t *)(void *)cown;
}

int py_body_send_data(const char *tag, const bocpy_type_ops_t *ops, void *data) {
    boc_payload_t payload = payload_of_data(ops, data);
    if (payload.ops == NULL)
        return BOCPY_ENOMEM;
    boc_tag_t named = {.bytes = tag, .size = strlen(tag)};
    return (int)boc_message_send(named, payload, 0, NULL);
}
