/* _bocpy_probe.c - an extension that takes part in bocpy, ready to copy.
 *
 *     Counter     a type that moves between interpreters by pointer
 *     fill        schedules bodies in C that run without the GIL
 *     the rest    one function for each other part of <bocpy/bocpy.h>
 *
 * To make it yours: rename the module here, in pyproject.toml, setup.py and CMakeLists.txt,
 * put your data into counter_data_t, and delete what you do not need. */
#include <bocpy/bocpy.h> /* first: it includes <Python.h> */

#ifdef Py_BUILD_CORE
#error "Py_BUILD_CORE leaked out of <bocpy/bocpy.h>"
#endif

#include <stdlib.h>
#include <string.h>

/* What an interpreter keeps.  It belongs to the module; never keep it in a thread-local
 * alone, because every thread of an interpreter may call into the extension. */
typedef struct probe_state {
    const bocpy_api_t *api;
    PyTypeObject *counter_type; /* owned */
} probe_state_t;

static probe_state_t *state_of(PyObject *module) {
    return (probe_state_t *)PyModule_GetState(module);
}

/* ---- the data: plain memory, nothing of Python ---- */

typedef struct counter_data {
    int64_t count;    /* incremented by bodies */
    int64_t received; /* how many objects had this data, one after the other */
} counter_data_t;

/* How many exist in the process, for the tests. */
static atomic_int_least64_t live;

static counter_data_t *data_new(int64_t count) {
    counter_data_t *data = (counter_data_t *)malloc(sizeof *data);
    if (data == NULL)
        return NULL;
    data->count = count;
    data->received = 0;
    atomic_fetch_add(&live, 1);
    return data;
}

/* Any thread, perhaps without a thread state: no Python here. */
static void data_drop(void *data) {
    free(data);
    atomic_fetch_add(&live, -1);
}

static void *data_copy(const void *data) { return data_new(((const counter_data_t *)data)->count); }

/* ---- moving it ---- */

/* bocpy_box_t does the owning: `data` is NULL in an object whose data moved away. */
typedef struct counter {
    bocpy_box_t box;
} counter_t;

/* As bocpy_box_move_in, and counts. */
static PyObject *counter_move_in(PyTypeObject *type, void *data) {
    PyObject *counter = bocpy_box_move_in(type, data);
    if (counter != NULL)
        ((counter_data_t *)data)->received++;
    return counter;
}

/* Its address is what tells bocpy that the types of all interpreters are one. */
static const bocpy_type_ops_t counter_ops = {
    sizeof(bocpy_type_ops_t), /* size */
    0,                        /* flags */
    NULL,                     /* module: the type's __module__ */
    bocpy_box_move_out,       /* refuses with BufferError while `pins` is not 0 */
    counter_move_in,
    bocpy_box_rollback,
    data_drop,
    data_copy, /* leave it NULL if the data cannot be copied */
};

/* ---- the type ---- */

/* The data for a method; NULL with RuntimeError when it moved away. */
static counter_data_t *data_of(PyObject *op) { return (counter_data_t *)bocpy_box_data(op); }

static PyObject *counter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char *keywords[] = {"count", NULL};
    long long count = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|L:Counter", (char **)(uintptr_t)keywords,
                                     &count))
        return NULL;
    counter_data_t *data = data_new(count);
    if (data == NULL)
        return PyErr_NoMemory();
    PyObject *counter = bocpy_box_move_in(type, data);
    if (counter == NULL)
        data_drop(data);
    return counter;
}

static int counter_traverse(PyObject *op, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(op)); /* instances of a heap type own a reference of it */
    return 0;
}

static void counter_dealloc(PyObject *op) {
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    void *data = ((counter_t *)(void *)op)->box.data;
    if (data != NULL)
        data_drop(data);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *counter_count(PyObject *op, void *closure) {
    (void)closure;
    counter_data_t *data = data_of(op);
    return data != NULL ? PyLong_FromLongLong(data->count) : NULL;
}

static PyObject *counter_received(PyObject *op, void *closure) {
    (void)closure;
    counter_data_t *data = data_of(op);
    return data != NULL ? PyLong_FromLongLong(data->received) : NULL;
}

static PyObject *counter_address(PyObject *op, void *closure) {
    (void)closure;
    counter_data_t *data = data_of(op);
    return data != NULL ? PyLong_FromVoidPtr(data) : NULL;
}

static PyObject *counter_increment(PyObject *op, PyObject *unused) {
    (void)unused;
    counter_data_t *data = data_of(op);
    return data != NULL ? PyLong_FromLongLong(++data->count) : NULL;
}

/* An exported pointer: the data cannot move meanwhile. */
static int counter_getbuffer(PyObject *op, Py_buffer *view, int flags) {
    counter_data_t *data = data_of(op);
    if (data == NULL || PyBuffer_FillInfo(view, op, data, (Py_ssize_t)sizeof *data, 0, flags) < 0)
        return -1;
    ((counter_t *)(void *)op)->box.pins++;
    return 0;
}

static void counter_releasebuffer(PyObject *op, Py_buffer *view) {
    (void)view;
    ((counter_t *)(void *)op)->box.pins--;
}

static PyGetSetDef counter_getset[] = {
    {"count", counter_count, NULL, "What bodies have counted.", NULL},
    {"received", counter_received, NULL, "How often the data moved into an object.", NULL},
    {"address", counter_address, NULL, "Where the data is; stays the same as it moves.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef counter_methods[] = {
    {"increment", counter_increment, METH_NOARGS, "Add 1; returns the new count."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot counter_slots[] = {
    {Py_tp_doc, (void *)(uintptr_t)"Counter(count=0)\n--\n\nA number that moves by pointer."},
    {Py_tp_new, (void *)counter_new},
    {Py_tp_traverse, (void *)counter_traverse},
    {Py_tp_dealloc, (void *)counter_dealloc},
    {Py_tp_methods, counter_methods},
    {Py_tp_getset, counter_getset},
    {Py_bf_getbuffer, (void *)counter_getbuffer},
    {Py_bf_releasebuffer, (void *)counter_releasebuffer},
    {0, NULL},
};

static PyType_Spec counter_spec = {
    "_bocpy_probe.Counter",
    (int)sizeof(counter_t),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    counter_slots,
};

/* ---- bodies without the GIL ---- */

/* A chain: each body adds 1 to every cown and schedules the next one.  A behavior owns its
 * context until `drop` was called for it, so each behavior of the chain has a reference. */
typedef struct chain {
    const bocpy_api_t *api; /* from the capsule: good in every thread */
    atomic_int_least64_t refs;
    int64_t left;
} chain_t;

static void chain_unref(void *context) {
    if (atomic_fetch_add(&((chain_t *)context)->refs, -1) == 1)
        free(context);
}

static void chain_run(bocpy_body_t *body, void *context) {
    chain_t *chain = (chain_t *)context;
    const bocpy_api_t *api = chain->api;
    bocpy_request_t requests[8];
    size_t count = api->body_count(body);
    for (size_t i = 0; i < count; i++) {
        counter_data_t *data = (counter_data_t *)api->body_data(body, i, &counter_ops);
        if (data == NULL) {
            api->body_fail(body, BOCPY_TYPE_ERROR, "the chain needs cowns of Counter");
            return;
        }
        data->count++;
        requests[i].cown = api->body_cown(body, i);
        requests[i].access = BOCPY_WRITE;
    }
    api->body_store_int(body, BOCPY_RESULT, chain->left);
    if (--chain->left == 0)
        return;
    atomic_fetch_add(&chain->refs, 1);
    (void)api->body_schedule(requests, count, chain_run, chain, chain_unref, NULL);
}

/* Cowns of a sequence into requests; their number, or -1 with an exception. */
static Py_ssize_t requests_of(const bocpy_api_t *api, PyObject *cowns, int access,
                              bocpy_request_t *requests, Py_ssize_t limit) {
    Py_ssize_t count = PySequence_Size(cowns);
    if (count > limit) {
        PyErr_SetString(PyExc_ValueError, "too many cowns");
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *cown = PySequence_GetItem(cowns, i); /* owned */
        requests[i].cown = cown != NULL ? api->cown_native(cown) : NULL;
        requests[i].access = access;
        Py_XDECREF(cown); /* the sequence keeps it */
        if (requests[i].cown == NULL)
            return -1;
    }
    return count;
}

/* Schedule a body; a Cown of its result, or NULL with an exception. */
static PyObject *submit(const bocpy_api_t *api, const bocpy_request_t *requests, Py_ssize_t count,
                        bocpy_run_fn run, void *context, bocpy_drop_fn drop) {
    bocpy_cown_t *result = NULL;
    int status = api->body_schedule(requests, (size_t)count, run, context, drop, &result);
    if (status != BOCPY_OK) {
        api->status_raise(status, "body_schedule");
        return NULL;
    }
    PyObject *cown = api->cown_wrap(result);
    api->cown_unref(result); /* the handle has a reference of its own */
    return cown;
}

static PyObject *probe_chain(PyObject *module, PyObject *args) {
    const bocpy_api_t *api = state_of(module)->api;
    PyObject *cowns; /* borrowed */
    long long left;
    bocpy_request_t requests[8];
    if (!PyArg_ParseTuple(args, "OL:chain", &cowns, &left))
        return NULL;
    Py_ssize_t count = requests_of(api, cowns, BOCPY_WRITE, requests, 8);
    if (count < 0)
        return NULL;
    chain_t *chain = (chain_t *)malloc(sizeof *chain);
    if (chain == NULL)
        return PyErr_NoMemory();
    chain->api = api;
    chain->left = left;
    atomic_store(&chain->refs, 1);
    return submit(api, requests, count, chain_run, chain, chain_unref);
}

static void sum_run(bocpy_body_t *body, void *context) {
    const bocpy_api_t *api = (const bocpy_api_t *)context;
    int64_t sum = 0;
    for (size_t i = 0; i < api->body_count(body); i++) {
        const counter_data_t *data = (const counter_data_t *)api->body_data(body, i, &counter_ops);
        int64_t number = 0;
        if (data != NULL)
            sum += data->count;
        else if (api->body_load_int(body, i, &number) == BOCPY_OK)
            sum += number;
        else
            api->body_fail(body, BOCPY_VALUE_ERROR, "neither a Counter nor an int");
    }
    counter_data_t *total = data_new(sum);
    if (total == NULL)
        api->body_fail(body, BOCPY_MEMORY_ERROR, "no memory for the sum");
    else
        (void)api->body_store(body, BOCPY_RESULT, &counter_ops, total);
}

static PyObject *probe_sum(PyObject *module, PyObject *cowns) {
    const bocpy_api_t *api = state_of(module)->api;
    bocpy_request_t requests[64];
    Py_ssize_t count = requests_of(api, cowns, BOCPY_READ, requests, 64);
    return count >= 0 ? submit(api, requests, count, sum_run, (void *)(uintptr_t)api, NULL) : NULL;
}

static void meddle_run(bocpy_body_t *body, void *context) {
    const bocpy_api_t *api = (const bocpy_api_t *)context;
    int status = api->body_store_real(body, 0, 1.5);
    double real = 0;
    if (status == BOCPY_OK)
        status = api->body_load_real(body, 0, &real);
    (void)api->body_store_int(body, BOCPY_RESULT,
                              status != BOCPY_OK ? -status : (int64_t)(real * 2));
}

/* meddle(cown, access): a body that stores; the status is the result. */
static PyObject *probe_meddle(PyObject *module, PyObject *args) {
    const bocpy_api_t *api = state_of(module)->api;
    bocpy_request_t request;
    PyObject *cown; /* borrowed */
    if (!PyArg_ParseTuple(args, "Oi:meddle", &cown, &request.access))
        return NULL;
    request.cown = api->cown_native(cown);
    return request.cown != NULL ? submit(api, &request, 1, meddle_run, (void *)(uintptr_t)api, NULL)
                                : NULL;
}

static PyObject *probe_cown_of_data(PyObject *module, PyObject *count) {
    const bocpy_api_t *api = state_of(module)->api;
    long long number = PyLong_AsLongLong(count);
    if (number == -1 && PyErr_Occurred())
        return NULL;
    counter_data_t *data = data_new(number);
    bocpy_cown_t *cown = data != NULL ? api->cown_of_data(&counter_ops, data) : NULL;
    if (cown == NULL)
        return PyErr_NoMemory();
    api->cown_ref(cown);
    PyObject *handle = api->cown_wrap(cown);
    api->cown_unref(cown);
    api->cown_unref(cown);
    return handle;
}

/* ---- behaviors with Python ---- */

/* when(callable, cowns, access): one argument per item of `cowns`. */
static PyObject *probe_when(PyObject *module, PyObject *args) {
    const bocpy_api_t *api = state_of(module)->api;
    PyObject *callable, *cowns; /* borrowed */
    bocpy_argument_t arguments[8];
    int access;
    if (!PyArg_ParseTuple(args, "OO!i:when", &callable, &PyTuple_Type, &cowns, &access))
        return NULL;
    Py_ssize_t count = PyTuple_Size(cowns);
    for (Py_ssize_t i = 0; i < count && i < 8; i++) {
        arguments[i].cowns = PyTuple_GetItem(cowns, i);
        arguments[i].access = access;
    }
    return api->when(arguments, (size_t)count, callable);
}

/* On a worker, attached: the arguments are Cowns, or lists of them. */
static PyObject *call_run(PyObject *const *arguments, size_t count, void *context) {
    const bocpy_api_t *api = (const bocpy_api_t *)context;
    PyObject *sum = PyLong_FromLong(0); /* owned */
    for (size_t i = 0; sum != NULL && i < count; i++) {
        PyObject *value = api->cown_value(arguments[i]); /* owned */
        PyObject *more = value != NULL ? PyNumber_Add(sum, value) : NULL;
        if (more != NULL && api->cown_set_value(arguments[i], more) < 0)
            Py_CLEAR(more);
        Py_XDECREF(value);
        Py_DECREF(sum);
        sum = more;
    }
    return sum;
}

static atomic_int_least64_t dropped;

static void call_drop(void *context) {
    (void)context;
    atomic_fetch_add(&dropped, 1);
}

/* when_call(cowns): running sums, by a body in C that uses Python. */
static PyObject *probe_when_call(PyObject *module, PyObject *cowns) {
    const bocpy_api_t *api = state_of(module)->api;
    bocpy_argument_t arguments[8];
    Py_ssize_t count = PyTuple_Size(cowns);
    for (Py_ssize_t i = 0; i < count && i < 8; i++) {
        arguments[i].cowns = PyTuple_GetItem(cowns, i);
        arguments[i].access = BOCPY_WRITE;
    }
    if (count < 0)
        return NULL;
    return api->when_call(arguments, (size_t)count, call_run, (void *)(uintptr_t)api, call_drop);
}

static PyObject *probe_dropped(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyLong_FromLongLong(atomic_load(&dropped));
}

/* ---- cowns by their handles ---- */

/* cown(value): what every entry for cowns says of a new one. */
static PyObject *probe_cown(PyObject *module, PyObject *value) {
    const bocpy_api_t *api = state_of(module)->api;
    PyObject *entered = NULL;           /* owned */
    PyObject *read = NULL;              /* owned */
    PyObject *cown = api->cown_new(value); /* owned */
    int is_acquired, is_exception, is_done;
    if (cown == NULL || api->cown_acquire(cown) < 0 ||
        (is_acquired = api->cown_acquired(cown)) < 0 || (read = api->cown_value(cown)) == NULL ||
        (is_exception = api->cown_exception(cown)) < 0 || api->cown_release(cown) < 0 ||
        (is_done = api->cown_done(cown)) < 0 || (entered = api->cown_enter(cown)) == NULL ||
        api->cown_set_exception(cown, 0) < 0 || api->cown_exit(cown) < 0) {
        Py_XDECREF(read);
        Py_XDECREF(cown);
        return NULL;
    }
    return Py_BuildValue("{sNsNsNsisisisisK}", "cown", cown, "value", read, "entered", entered,
                         "acquired", is_acquired, "exception", is_exception, "done", is_done,
                         "check", api->cown_check(cown) && !api->cown_check(value), "id",
                         (unsigned long long)api->cown_id(api->cown_native(cown)));
}

static PyObject *probe_result(PyObject *module, PyObject *args) {
    const bocpy_api_t *api = state_of(module)->api;
    PyObject *cown; /* borrowed */
    double timeout;
    if (!PyArg_ParseTuple(args, "Od:result", &cown, &timeout))
        return NULL;
    return api->cown_result(cown, timeout);
}

static PyObject *probe_unwrap(PyObject *module, PyObject *cown) {
    return state_of(module)->api->cown_unwrap(cown);
}

/* ---- the runtime ---- */

static PyObject *none_or_error(int status) {
    if (status < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *probe_start(PyObject *module, PyObject *args) {
    int workers = 0;
    if (!PyArg_ParseTuple(args, "|i:start", &workers))
        return NULL;
    return none_or_error(state_of(module)->api->start(workers));
}

static PyObject *probe_wait(PyObject *module, PyObject *args) {
    double timeout = -1;
    if (!PyArg_ParseTuple(args, "|d:wait", &timeout))
        return NULL;
    return none_or_error(state_of(module)->api->wait(timeout));
}

static PyObject *probe_quiesce(PyObject *module, PyObject *args) {
    double timeout = -1;
    if (!PyArg_ParseTuple(args, "|d:quiesce", &timeout))
        return NULL;
    return none_or_error(state_of(module)->api->quiesce(timeout));
}

static PyObject *probe_about(PyObject *module, PyObject *unused) {
    const bocpy_api_t *api = state_of(module)->api;
    (void)unused;
    PyObject *stats = api->scheduler_stats(); /* owned */
    if (stats == NULL)
        return NULL;
    return Py_BuildValue("{sIsIsKsIsssisisisLsLsN}", "abi", (unsigned)api->abi, "size",
                         (unsigned)api->size, "features", (unsigned long long)api->features,
                         "version_hex", (unsigned)api->version_hex, "version", api->version,
                         "running", api->is_running(), "workers", api->worker_count(), "worker",
                         api->worker_index(), "interpreter", (long long)bocpy_interpid(), "main",
                         (long long)bocpy_main_interpid(), "stats", stats);
}

static atomic_int_least64_t workers_started, workers_stopped;

static int worker_start(void *context, int worker) {
    (void)context, (void)worker;
    atomic_fetch_add(&workers_started, 1);
    return 0;
}

static void worker_stop(void *context, int worker) {
    (void)context, (void)worker;
    atomic_fetch_add(&workers_stopped, 1);
}

static const bocpy_worker_hooks_t hooks = {worker_start, worker_stop, NULL};

static PyObject *probe_hook(PyObject *module, PyObject *unused) {
    const bocpy_api_t *api = state_of(module)->api;
    (void)unused;
    int status = api->worker_hooks(&hooks);
    if (status != BOCPY_OK)
        return none_or_error(api->status_raise(status, "worker_hooks"));
    return Py_BuildValue("LL", (long long)atomic_load(&workers_started),
                         (long long)atomic_load(&workers_stopped));
}

/* ---- messages ---- */

static PyObject *probe_send(PyObject *module, PyObject *args) {
    const char *tag;
    PyObject *contents; /* borrowed */
    double timeout = 0;
    if (!PyArg_ParseTuple(args, "sO|d:send", &tag, &contents, &timeout))
        return NULL;
    return none_or_error(state_of(module)->api->send(tag, contents, timeout));
}

static PyObject *probe_send_counter(PyObject *module, PyObject *args) {
    const bocpy_api_t *api = state_of(module)->api;
    const char *tag;
    long long count;
    if (!PyArg_ParseTuple(args, "sL:send_counter", &tag, &count))
        return NULL;
    counter_data_t *data = data_new(count);
    if (data == NULL)
        return PyErr_NoMemory();
    int status = api->send_data(tag, &counter_ops, data);
    if (status != BOCPY_OK)
        return none_or_error(api->status_raise(status, "send_data"));
    Py_RETURN_NONE;
}

static PyObject *probe_receive(PyObject *module, PyObject *args) {
    const char *tags[2] = {NULL, NULL};
    double timeout = -1;
    size_t index = 0;
    if (!PyArg_ParseTuple(args, "ss|d:receive", &tags[0], &tags[1], &timeout))
        return NULL;
    PyObject *contents = state_of(module)->api->receive(tags, 2, timeout, &index); /* owned */
    return contents != NULL ? Py_BuildValue("sN", tags[index], contents) : NULL;
}

static PyObject *probe_drain(PyObject *module, PyObject *args) {
    const char *tag;
    if (!PyArg_ParseTuple(args, "s:drain", &tag))
        return NULL;
    return none_or_error(state_of(module)->api->drain(tag));
}

/* ---- the noticeboard ---- */

/* board(key, value): what every entry for the noticeboard gives, with `value` written last. */
static PyObject *probe_board(PyObject *module, PyObject *args) {
    const bocpy_api_t *api = state_of(module)->api;
    const char *key;
    PyObject *value, *add; /* borrowed */
    if (!PyArg_ParseTuple(args, "sOO:board", &key, &value, &add))
        return NULL;
    PyObject *number = PyLong_FromLong(1); /* owned */
    PyObject *updated = number != NULL ? api->notice_update(key, add, number) : NULL; /* owned */
    PyObject *before = NULL, *written = NULL, *deleted = NULL, *read = NULL, *all = NULL;
    if (updated != NULL && api->notice_sync(60) == 0 &&
        (before = api->notice_read(key, Py_None)) != NULL &&
        (deleted = api->notice_delete(key)) != NULL &&
        (written = api->notice_write(key, value)) != NULL && api->notice_sync(60) == 0)
        read = api->notice_read(key, Py_None);
    if (read != NULL)
        all = api->noticeboard();
    PyObject *result = all != NULL ? Py_BuildValue("OOO", before, read, all) : NULL;
    Py_XDECREF(all);
    Py_XDECREF(read);
    Py_XDECREF(written);
    Py_XDECREF(deleted);
    Py_XDECREF(before);
    Py_XDECREF(updated);
    Py_XDECREF(number);
    return result;
}

static PyObject *probe_seed(PyObject *module, PyObject *args) {
    const char *key;
    PyObject *value; /* borrowed */
    if (!PyArg_ParseTuple(args, "sO:seed", &key, &value))
        return NULL;
    return none_or_error(state_of(module)->api->notice_seed(key, value));
}

/* ---- help for C ---- */

static PyObject *probe_clock(PyObject *module, PyObject *unused) {
    const bocpy_api_t *api = state_of(module)->api;
    (void)unused;
    bocpy_mutex_t *mutex = api->mutex_new();
    if (mutex == NULL)
        return PyErr_NoMemory();
    api->mutex_lock(mutex);
    int64_t now = api->clock_ns();
    api->mutex_unlock(mutex);
    api->mutex_free(mutex);
    return PyLong_FromLongLong(now);
}

/* The four portable atomics, and storage per thread: a cache only, the truth is elsewhere. */
static thread_local int calls_of_this_thread;

static PyObject *probe_atomics(PyObject *module, PyObject *unused) {
    static atomic_int_least64_t word;
    (void)module, (void)unused;
    calls_of_this_thread++;
    atomic_store(&word, 1);
    int_least64_t before = atomic_fetch_add(&word, 2);
    int_least64_t expected = 3;
    bool swapped = atomic_compare_exchange_strong(&word, &expected, 7);
    bool again = atomic_compare_exchange_strong(&word, &expected, 9);
    return Py_BuildValue("LiiLLi", (long long)before, swapped, again, (long long)expected,
                         (long long)atomic_load(&word), calls_of_this_thread);
}

static PyObject *probe_live(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyLong_FromLongLong(atomic_load(&live));
}

/* ---- the module ---- */

static PyMethodDef probe_functions[] = {
    {"chain", probe_chain, METH_VARARGS, "chain(cowns, n): n bodies, one after the other."},
    {"sum", probe_sum, METH_O, "sum(cowns): a Counter with the sum, by a body that reads."},
    {"meddle", probe_meddle, METH_VARARGS, "meddle(cown, access): a body that stores 1.5."},
    {"cown_of_data", probe_cown_of_data, METH_O, "A Cown of a Counter, made without one."},
    {"when", probe_when, METH_VARARGS, "when(callable, cowns, access): schedule it."},
    {"when_call", probe_when_call, METH_O, "when_call(cowns): running sums, in C with Python."},
    {"dropped", probe_dropped, METH_NOARGS, "How many contexts of when_call were freed."},
    {"cown", probe_cown, METH_O, "cown(value): a new Cown, and what the table says of it."},
    {"result", probe_result, METH_VARARGS, "result(cown, timeout)."},
    {"unwrap", probe_unwrap, METH_O, "unwrap(cown)."},
    {"start", probe_start, METH_VARARGS, "start(workers=0)."},
    {"wait", probe_wait, METH_VARARGS, "wait(timeout=-1)."},
    {"quiesce", probe_quiesce, METH_VARARGS, "quiesce(timeout=-1)."},
    {"about", probe_about, METH_NOARGS, "What the table says of itself and the runtime."},
    {"hook", probe_hook, METH_NOARGS, "Register worker hooks; how often both were called."},
    {"send", probe_send, METH_VARARGS, "send(tag, contents, timeout=0)."},
    {"send_counter", probe_send_counter, METH_VARARGS, "send_counter(tag, count), without one."},
    {"receive", probe_receive, METH_VARARGS, "receive(tag, tag, timeout=-1)."},
    {"drain", probe_drain, METH_VARARGS, "drain(tag)."},
    {"board", probe_board, METH_VARARGS, "board(key, value, add): update, delete, write, read."},
    {"seed", probe_seed, METH_VARARGS, "seed(key, value)."},
    {"clock", probe_clock, METH_NOARGS, "The monotonic clock, read under a mutex."},
    {"atomics", probe_atomics, METH_NOARGS, "What the four atomics do."},
    {"live", probe_live, METH_NOARGS, "Data of counters that exist in the process."},
    {NULL, NULL, 0, NULL},
};

/* Runs once in each interpreter that imports the module. */
static int probe_exec(PyObject *module) {
    probe_state_t *state = state_of(module);
    state->api = bocpy_import();
    if (state->api == NULL)
        return -1;
    state->counter_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &counter_spec, NULL);
    if (state->counter_type == NULL || PyModule_AddType(module, state->counter_type) < 0)
        return -1;
    return state->api->type_register(state->counter_type, &counter_ops);
}

static int probe_traverse(PyObject *module, visitproc visit, void *arg) {
    Py_VISIT(state_of(module)->counter_type);
    return 0;
}

static int probe_clear(PyObject *module) {
    Py_CLEAR(state_of(module)->counter_type);
    return 0;
}

static void probe_free(void *module) { (void)probe_clear((PyObject *)module); }

static PyModuleDef_Slot probe_slots[] = {
    {Py_mod_exec, (void *)probe_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef probe_module = {
    PyModuleDef_HEAD_INIT,
    "_bocpy_probe",
    "A type that moves, and one function for each part of the C ABI of bocpy.",
    (Py_ssize_t)sizeof(probe_state_t),
    probe_functions,
    probe_slots,
    probe_traverse,
    probe_clear,
    probe_free,
};

PyMODINIT_FUNC PyInit__bocpy_probe(void) { return PyModuleDef_Init(&probe_module); }
