#include "python/py_capi_python.h"

#include "python/py_capi.h"
#include "python/py_cown.h"
#include "python/py_state.h"
#include "python/py_when.h"

#include <math.h>
#include <stdarg.h>

/* -- calling ------------------------------------------------------------------------------- */

/* 0 and no object, or -1. */
static int done(PyObject *taken) {
    Py_XDECREF(taken);
    return taken != NULL ? 0 : -1;
}

/* 1, 0, or -1. */
static int truth(PyObject *taken) {
    int result = taken != NULL ? PyObject_IsTrue(taken) : -1;
    Py_XDECREF(taken);
    return result;
}

/* None for a negative number: no limit. */
static PyObject *limit(double timeout_s) {
    return timeout_s < 0 ? Py_NewRef(Py_None) : PyFloat_FromDouble(timeout_s);
}

/* `bocpy.name`, a new reference. */
static PyObject *function(const char *name) {
    PyObject *module = PyImport_ImportModule("bocpy"); /* owned */
    PyObject *found = module != NULL ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    return found;
}

/* Call it with what Py_BuildValue makes of the format, which gives a tuple. */
static PyObject *call(const char *name, const char *format, ...) {
    va_list values;
    va_start(values, format);
    PyObject *arguments = Py_VaBuildValue(format, values); /* owned */
    va_end(values);
    PyObject *callable = arguments != NULL ? function(name) : NULL; /* owned */
    PyObject *result = callable != NULL ? PyObject_CallObject(callable, arguments) : NULL;
    Py_XDECREF(callable);
    Py_XDECREF(arguments);
    return result;
}

/* -- cowns --------------------------------------------------------------------------------- */

/* The state, or NULL with TypeError when the object is no Cown. */
static core_state_t *check(PyObject *object) {
    core_state_t *state = py_capi_state();
    if (state == NULL || py_cown_check(state, object))
        return state;
    PyErr_Format(PyExc_TypeError, "expected a Cown, not a %.100s", Py_TYPE(object)->tp_name);
    return NULL;
}

static PyObject *cown_get(PyObject *cown, const char *name) {
    return check(cown) != NULL ? PyObject_GetAttrString(cown, name) : NULL;
}

static PyObject *cown_call(PyObject *cown, const char *name) {
    return check(cown) != NULL ? PyObject_CallMethod(cown, name, NULL) : NULL;
}

static PyObject *cown_new(PyObject *value) {
    core_state_t *state = py_capi_state();
    return state != NULL ? PyObject_CallOneArg((PyObject *)state->cown_type, value) : NULL;
}

static int cown_check(PyObject *object) {
    core_state_t *state = py_capi_state();
    if (state == NULL)
        PyErr_Clear();
    return state != NULL && py_cown_check(state, object);
}

static PyObject *cown_value(PyObject *cown) { return cown_get(cown, "value"); }

static int cown_set_value(PyObject *cown, PyObject *value) {
    return check(cown) != NULL ? PyObject_SetAttrString(cown, "value", value) : -1;
}

static int cown_exception(PyObject *cown) { return truth(cown_get(cown, "exception")); }

static int cown_set_exception(PyObject *cown, int flag) {
    if (check(cown) == NULL)
        return -1;
    return PyObject_SetAttrString(cown, "exception", flag ? Py_True : Py_False);
}

static int cown_acquired(PyObject *cown) { return truth(cown_get(cown, "acquired")); }
static int cown_acquire(PyObject *cown) { return done(cown_call(cown, "acquire")); }
static int cown_release(PyObject *cown) { return done(cown_call(cown, "release")); }
static PyObject *cown_enter(PyObject *cown) { return cown_call(cown, "__enter__"); }
static int cown_exit(PyObject *cown) { return done(cown_call(cown, "__exit__")); }
static int cown_done(PyObject *cown) { return truth(cown_call(cown, "done")); }
static PyObject *cown_unwrap(PyObject *cown) { return cown_call(cown, "unwrap"); }

static PyObject *cown_result(PyObject *cown, double timeout_s) {
    PyObject *timeout = check(cown) != NULL ? limit(timeout_s) : NULL; /* owned */
    PyObject *result = timeout != NULL ? PyObject_CallMethod(cown, "result", "O", timeout) : NULL;
    Py_XDECREF(timeout);
    return result;
}

static bocpy_cown_t *cown_native(PyObject *cown) {
    return check(cown) != NULL ? (bocpy_cown_t *)(void *)py_cown_native(cown) : NULL;
}

static PyObject *cown_wrap(bocpy_cown_t *cown) {
    core_state_t *state = py_capi_state();
    boc_cown_t *native = (boc_cown_t *)(void *)cown;
    if (state == NULL)
        return NULL;
    boc_cown_ref(native);
    return py_cown_wrap(state, native);
}

/* -- behaviors ------------------------------------------------------------------------------- */

static PyObject *when(const bocpy_argument_t *arguments, size_t count, PyObject *callable) {
    core_state_t *state = py_capi_state();
    if (state == NULL)
        return NULL;
    if (PyFunction_Check(callable))
        return py_when_schedule(state, arguments, count, callable);
    PyObject *module = PyImport_ImportModule("bocpy._c_abi"); /* owned */
    PyObject *body =
        module != NULL ? PyObject_CallMethod(module, "calling", "O", callable) : NULL; /* owned */
    PyObject *result = body != NULL ? py_when_schedule(state, arguments, count, body) : NULL;
    Py_XDECREF(body);
    Py_XDECREF(module);
    return result;
}

static PyObject *when_call(const bocpy_argument_t *arguments, size_t count, bocpy_call_fn body,
                           void *context, bocpy_drop_fn drop) {
    core_state_t *state = py_capi_state();
    if (state != NULL)
        return py_when_schedule_native(state, arguments, count, body, context, drop);
    if (drop != NULL)
        drop(context);
    return NULL;
}

/* -- the runtime ------------------------------------------------------------------------------- */

static int start(int worker_count) {
    return done(worker_count != 0 ? call("start", "(i)", worker_count) : call("start", "()"));
}

static int wait_for(double timeout_s) { return done(call("wait", "(N)", limit(timeout_s))); }
static int quiesce(double timeout_s) { return done(call("quiesce", "(N)", limit(timeout_s))); }
static PyObject *scheduler_stats(void) { return call("scheduler_stats", "()"); }

/* -- messages ---------------------------------------------------------------------------------- */

static int send(const char *tag, PyObject *contents, double timeout_s) {
    if (timeout_s == 0)
        return done(call("send", "(sO)", tag, contents));
    PyObject *callable = function("send"); /* owned */
    PyObject *arguments = Py_BuildValue("(sO)", tag, contents); /* owned */
    PyObject *keywords = Py_BuildValue("{s:d}", "timeout", timeout_s); /* owned */
    PyObject *result = NULL;
    if (callable != NULL && arguments != NULL && keywords != NULL)
        result = PyObject_Call(callable, arguments, keywords);
    Py_XDECREF(keywords);
    Py_XDECREF(arguments);
    Py_XDECREF(callable);
    return done(result);
}

static PyObject *tuple_of(const char *const *tags, size_t count) {
    PyObject *tuple = PyTuple_New((Py_ssize_t)count); /* owned */
    for (size_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *tag = PyUnicode_FromString(tags[i]);
        if (tag != NULL)
            PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, tag);
        else
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* Whether the pair of a message is the one that says that the time is over. */
static int is_timeout(PyObject *pair) {
    PyObject *timeout = function("TIMEOUT"); /* owned */
    if (timeout == NULL)
        return -1;
    int result = PyObject_RichCompareBool(PyTuple_GET_ITEM(pair, 0), timeout, Py_EQ);
    Py_DECREF(timeout);
    return result;
}

static PyObject *contents_of(PyObject *pair, PyObject *tags, size_t *p_index) {
    int is_over = is_timeout(pair);
    Py_ssize_t index = PySequence_Index(tags, PyTuple_GET_ITEM(pair, 0));
    if (index < 0)
        PyErr_Clear(); /* nobody uses that tag: it is the timeout's */
    if (is_over > 0 && index < 0)
        PyErr_SetString(PyExc_TimeoutError, "receive: the timeout expired");
    if (is_over < 0 || index < 0)
        return NULL;
    if (p_index != NULL)
        *p_index = (size_t)index;
    return Py_NewRef(PyTuple_GET_ITEM(pair, 1));
}

static PyObject *receive(const char *const *tags, size_t count, double timeout_s, size_t *p_index) {
    PyObject *tuple = tuple_of(tags, count); /* owned */
    PyObject *pair = tuple != NULL ? call("receive", "(Od)", tuple, timeout_s) : NULL; /* owned */
    PyObject *contents = pair != NULL ? contents_of(pair, tuple, p_index) : NULL;
    Py_XDECREF(pair);
    Py_XDECREF(tuple);
    return contents;
}

static int drain(const char *tag) { return done(call("drain", "(s)", tag)); }

/* -- the noticeboard --------------------------------------------------------------------------- */

static PyObject *notice_write(const char *key, PyObject *value) {
    return call("notice_write", "(sO)", key, value);
}

static PyObject *notice_delete(const char *key) { return call("notice_delete", "(s)", key); }

static PyObject *notice_update(const char *key, PyObject *body, PyObject *fallback) {
    return call("notice_update", "(sOO)", key, body, fallback);
}

static int notice_sync(double timeout_s) {
    return done(call("notice_sync", "(N)", limit(timeout_s)));
}

static int notice_seed(const char *key, PyObject *value) {
    return done(call("notice_seed", "(sO)", key, value));
}

static PyObject *notice_read(const char *key, PyObject *fallback) {
    return call("notice_read", "(sO)", key, fallback);
}

static PyObject *noticeboard(void) { return call("noticeboard", "()"); }

/* -- the table --------------------------------------------------------------------------------- */

void py_capi_python_fill(bocpy_api_t *table) {
    table->cown_new = cown_new;
    table->cown_check = cown_check;
    table->cown_value = cown_value;
    table->cown_set_value = cown_set_value;
    table->cown_exception = cown_exception;
    table->cown_set_exception = cown_set_exception;
    table->cown_acquired = cown_acquired;
    table->cown_acquire = cown_acquire;
    table->cown_release = cown_release;
    table->cown_enter = cown_enter;
    table->cown_exit = cown_exit;
    table->cown_done = cown_done;
    table->cown_result = cown_result;
    table->cown_unwrap = cown_unwrap;
    table->cown_native = cown_native;
    table->cown_wrap = cown_wrap;
    table->when = when;
    table->when_call = when_call;
    table->start = start;
    table->wait = wait_for;
    table->quiesce = quiesce;
    table->scheduler_stats = scheduler_stats;
    table->send = send;
    table->receive = receive;
    table->drain = drain;
    table->notice_write = notice_write;
    table->notice_delete = notice_delete;
    table->notice_update = notice_update;
    table->notice_sync = notice_sync;
    table->notice_seed = notice_seed;
    table->notice_read = notice_read;
    table->noticeboard = noticeboard;
}
