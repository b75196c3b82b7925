#include "python/py_messages.h"

#include "python/py_arguments.h"
#include "python/py_blocking.h"
#include "python/py_errors.h"
#include "python/py_interp.h"
#include "python/py_state.h"
#include "python/py_transfer.h"

#include <boc/message.h>
#include <boc/runtime.h>
#include <math.h>

/* -- timeouts ------------------------------------------------------------------------------ */

/* Seconds to nanoseconds; a negative number is no limit.  -1 with TypeError or ValueError. */
static int timeout_of(PyObject *number, int64_t *p_timeout_ns) {
    *p_timeout_ns = BOC_NO_TIMEOUT;
    double seconds = PyFloat_AsDouble(number);
    if (seconds == -1.0 && PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError))
            return -1;
        PyErr_Clear(); /* an int beyond all floats is no limit either */
        return 0;
    }
    if (isnan(seconds)) {
        PyErr_SetString(PyExc_ValueError, "timeout must not be NaN");
        return -1;
    }
    if (seconds >= 0 && seconds < 9e9) /* two centuries; more does not fit */
        *p_timeout_ns = (int64_t)ceil(seconds * 1e9);
    return 0;
}

/* -- tags ------------------------------------------------------------------------------- */

enum { TAGS_ON_STACK = 8 };

typedef struct tags {
    PyObject *names; /* owned; a tuple, or the one tag itself; keeps the bytes alive */
    boc_tag_t *list; /* `on_stack` or allocated */
    Py_ssize_t count;
    boc_tag_t on_stack[TAGS_ON_STACK];
} tags_t;

/* The bytes belong to `name`.  -1 with TypeError or UnicodeEncodeError. */
static int tag_of(PyObject *name, const char *call, boc_tag_t *p_tag) {
    if (!PyUnicode_CheckExact(name)) {
        PyErr_Format(PyExc_TypeError, "%s: a tag must be a str, not %.100s", call,
                     Py_TYPE(name)->tp_name);
        return -1;
    }
    Py_ssize_t size;
    p_tag->bytes = PyUnicode_AsUTF8AndSize(name, &size);
    p_tag->size = p_tag->bytes != NULL ? (size_t)size : 0;
    return p_tag->bytes != NULL ? 0 : -1;
}

static void tags_deinit(tags_t *tags) {
    if (tags->list != tags->on_stack)
        PyMem_Free(tags->list);
    Py_CLEAR(tags->names);
}

static PyObject *tags_name(const tags_t *tags, size_t index) {
    return PyTuple_Check(tags->names) ? PyTuple_GET_ITEM(tags->names, (Py_ssize_t)index)
                                      : tags->names;
}

static int tags_init_many(tags_t *tags, PyObject *names, const char *call) {
    tags->names = PySequence_Tuple(names);
    if (tags->names == NULL)
        return -1;
    tags->count = PyTuple_GET_SIZE(tags->names);
    if (tags->count > TAGS_ON_STACK) {
        tags->list = PyMem_Calloc((size_t)tags->count, sizeof *tags->list);
        if (tags->list == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    for (Py_ssize_t i = 0; i < tags->count; i++)
        if (tag_of(PyTuple_GET_ITEM(tags->names, i), call, &tags->list[i]) < 0)
            return -1;
    return 0;
}

/* `names`: a str is one tag, anything else is iterated over.  -1 with an exception. */
static int tags_init(tags_t *tags, PyObject *names, const char *call) {
    tags->list = tags->on_stack;
    tags->count = 1;
    if (PyUnicode_Check(names)) {
        tags->names = Py_NewRef(names);
        if (tag_of(names, call, &tags->list[0]) == 0)
            return 0;
    } else if (tags_init_many(tags, names, call) == 0) {
        return 0;
    }
    tags_deinit(tags);
    return -1;
}

/* -- send ------------------------------------------------------------------------------- */

static PyObject *core_send(PyObject *module, PyObject *const *args, Py_ssize_t given,
                           PyObject *keywords) {
    static const char *const names[] = {"tag", "contents", "timeout"};
    core_state_t *state = py_state_of(module);
    PyObject *found[3] = {NULL}; /* borrowed */
    boc_tag_t tag;
    int64_t timeout_ns = 0;
    boc_payload_t payload = {NULL, NULL};
    if (py_arguments_parse("send", names, 3, 2, 2, args, given, keywords, found) < 0 ||
        tag_of(found[0], "send", &tag) < 0)
        return NULL;
    if (found[2] != NULL && found[2] != Py_None && timeout_of(found[2], &timeout_ns) < 0)
        return NULL;
    py_moves_t moves;
    py_moves_init(&moves, BOCPY_INTO_MESSAGE);
    if (py_transfer_encode_moving(state, found[1], &payload, &moves) < 0) {
        py_moves_end(&moves, false);
        return NULL;
    }
    boc_status_t status;
    if (timeout_ns <= 0) { /* it does not block */
        status = boc_message_send(tag, payload, 0, NULL);
    } else {
        py_blocked_t blocked;
        boc_blocking_t blocking = py_blocking_for(state, &blocked);
        status = boc_message_send(tag, payload, timeout_ns, &blocking);
    }
    py_moves_end(&moves, status == BOC_OK);
    if (status == BOC_OK)
        Py_RETURN_NONE;
    if (status == BOC_EFULL)
        return PyErr_Format(PyExc_RuntimeError,
                            "send: the queue of tag %R is full; set_queue_capacity() makes it "
                            "longer, timeout= waits for room",
                            found[0]);
    return status == BOC_EINTERRUPTED ? NULL : py_errors_raise(status, "send");
}

/* -- receive ---------------------------------------------------------------------------- */

static PyObject *message(core_state_t *state, PyObject *tag, boc_payload_t *payload) {
    PyObject *contents = py_transfer_take(state, payload); /* owned */
    boc_payload_drop(payload);
    PyObject *pair = contents != NULL ? PyTuple_New(2) : NULL;
    if (pair == NULL) {
        Py_XDECREF(contents);
        return NULL;
    }
    PyTuple_SET_ITEM(pair, 0, Py_NewRef(tag));
    PyTuple_SET_ITEM(pair, 1, contents);
    return pair;
}

/* What is there already needs no preparation, and of one tag nothing can come in between. */
static boc_status_t receive(core_state_t *state, const tags_t *tags, int64_t timeout_ns,
                            size_t *p_index, boc_payload_t *p_payload) {
    size_t count = (size_t)tags->count;
    boc_status_t status = BOC_ETIMEOUT;
    if (count == 1 || timeout_ns <= 0)
        status = boc_message_receive(tags->list, count, 0, NULL, p_index, p_payload);
    if (status != BOC_ETIMEOUT || timeout_ns <= 0)
        return status;
    py_blocked_t blocked;
    boc_blocking_t blocking = py_blocking_for(state, &blocked);
    return boc_message_receive(tags->list, count, timeout_ns, &blocking, p_index, p_payload);
}

static PyObject *expired(PyObject *after) {
    if (after != NULL && after != Py_None)
        return PyObject_CallNoArgs(after);
    PyObject *tag = PyUnicode_InternFromString("__timeout__"); /* owned */
    PyObject *pair = tag != NULL ? PyTuple_Pack(2, tag, Py_None) : NULL;
    Py_XDECREF(tag);
    return pair;
}

static PyObject *core_receive(PyObject *module, PyObject *const *args, Py_ssize_t given,
                              PyObject *keywords) {
    static const char *const names[] = {"tags", "timeout", "after"};
    core_state_t *state = py_state_of(module);
    PyObject *found[3] = {NULL}; /* borrowed */
    int64_t timeout_ns = BOC_NO_TIMEOUT;
    if (py_arguments_parse("receive", names, 3, 1, 3, args, given, keywords, found) < 0 ||
        (found[1] != NULL && timeout_of(found[1], &timeout_ns) < 0))
        return NULL;
    PyObject *after = found[2];
    if (after != NULL && after != Py_None && !PyCallable_Check(after))
        return PyErr_Format(PyExc_TypeError, "receive: after must be callable, not %.100s",
                            Py_TYPE(after)->tp_name);
    tags_t tags;
    if (tags_init(&tags, found[0], "receive") < 0)
        return NULL;
    PyObject *result = NULL; /* owned */
    boc_payload_t payload = {NULL, NULL};
    size_t index = 0;
    boc_status_t status = receive(state, &tags, timeout_ns, &index, &payload);
    if (status == BOC_OK)
        result = message(state, tags_name(&tags, index), &payload);
    else if (status == BOC_ETIMEOUT)
        result = expired(after);
    else if (status == BOC_EINVALID)
        PyErr_SetString(PyExc_RuntimeError, "receive: no tags to receive from");
    else if (status != BOC_EINTERRUPTED)
        py_errors_raise(status, "receive");
    tags_deinit(&tags);
    return result;
}

/* -- the rest --------------------------------------------------------------------------- */

static PyObject *core_drain(PyObject *module, PyObject *names) {
    (void)module;
    tags_t tags;
    if (tags_init(&tags, names, "drain") < 0)
        return NULL;
    for (Py_ssize_t i = 0; i < tags.count; i++)
        boc_message_drain(tags.list[i]);
    tags_deinit(&tags);
    Py_RETURN_NONE;
}

static PyObject *core_set_tags(PyObject *module, PyObject *names) {
    (void)module;
    if (!py_interp_is_main()) {
        PyErr_SetString(PyExc_RuntimeError, "set_tags: only in the main interpreter");
        return NULL;
    }
    tags_t tags = {.list = tags.on_stack};
    if (PyObject_Size(names) < 0) /* an iterator that is used up here would surprise */
        return NULL;
    if (tags_init_many(&tags, names, "set_tags") < 0) {
        tags_deinit(&tags);
        return NULL;
    }
    boc_status_t status = boc_message_set_tags(tags.list, (size_t)tags.count);
    tags_deinit(&tags);
    return status == BOC_OK ? Py_NewRef(Py_None) : py_errors_raise(status, "set_tags");
}

static PyObject *core_set_queue_capacity(PyObject *module, PyObject *const *args, Py_ssize_t given,
                                         PyObject *keywords) {
    static const char *const names[] = {"capacity", "tag"};
    (void)module;
    PyObject *found[2] = {NULL}; /* borrowed */
    if (py_arguments_parse("set_queue_capacity", names, 2, 1, 2, args, given, keywords, found) < 0)
        return NULL;
    int overflow;
    long long capacity = PyLong_AsLongLongAndOverflow(found[0], &overflow);
    if (capacity == -1 && PyErr_Occurred())
        return NULL;
    if (overflow != 0 || capacity < 1 || capacity > (long long)BOC_QUEUE_CAPACITY_MAX)
        return PyErr_Format(PyExc_ValueError,
                            "set_queue_capacity: the capacity must be 1 to %u, not %R",
                            BOC_QUEUE_CAPACITY_MAX, found[0]);
    boc_tag_t tag;
    bool is_for_all = found[1] == NULL || found[1] == Py_None;
    if (!is_for_all && tag_of(found[1], "set_queue_capacity", &tag) < 0)
        return NULL;
    boc_status_t status = boc_message_set_capacity((size_t)capacity, is_for_all ? NULL : &tag);
    return status == BOC_OK ? Py_NewRef(Py_None) : py_errors_raise(status, "set_queue_capacity");
}

/* Append to the list `*context`; on failure it becomes NULL, with an exception. */
static void append_stats(void *context, const boc_tag_stats_t *stats) {
    PyObject **p_list = context;
    if (*p_list == NULL)
        return;
    PyObject *tag = PyUnicode_DecodeUTF8(stats->tag.bytes, (Py_ssize_t)stats->tag.size, NULL);
    PyObject *dict = NULL; /* owned, as is tag */
    if (tag != NULL)
        dict = Py_BuildValue("{sn sO sK sK sK sK}", "queue_index", (Py_ssize_t)stats->index, "tag",
                             tag, "enqueue_cas_retries", (unsigned long long)stats->push_retries,
                             "dequeue_cas_retries", (unsigned long long)stats->pop_retries,
                             "pushed_total", (unsigned long long)stats->pushed, "popped_total",
                             (unsigned long long)stats->popped);
    if (dict == NULL || PyList_Append(*p_list, dict) < 0)
        Py_CLEAR(*p_list);
    Py_XDECREF(dict);
    Py_XDECREF(tag);
}

static PyObject *core_queue_stats(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    PyObject *list = PyList_New(0); /* owned */
    if (list == NULL)
        return NULL;
    boc_status_t status = boc_message_stats(append_stats, &list);
    if (status == BOC_OK)
        return list;
    Py_XDECREF(list);
    return py_errors_raise(status, "queue_stats");
}

static PyObject *core_forget_messages(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    boc_message_forget_all();
    Py_RETURN_NONE;
}

#define FAST(function) ((PyCFunction)(void (*)(void))(function))

PyMethodDef py_message_functions[] = {
    {"send", FAST(core_send), METH_FASTCALL | METH_KEYWORDS,
     "send($module, tag, contents, *, timeout=None)\n--\n\n"
     "Send contents, as if pickled, to whoever receives from the tag first.\n\n"
     "Messages of one sender under one tag arrive in order, each at one receiver. When the\n"
     "queue of the tag is full the call fails, or waits for room if a timeout in seconds is\n"
     "given; a negative one is no limit. Any thread of any interpreter; no runtime is needed.\n\n"
     "Raises:\n"
     "    TypeError: if the tag is not exactly a str.\n"
     "    UnicodeEncodeError: if the tag has a lone surrogate.\n"
     "    RuntimeError: if the queue is full and no timeout was given.\n"
     "    TimeoutError: if there is no room in time.\n"
     "    Exception: what pickle raises, if the contents cannot be sent."},
    {"receive", FAST(core_receive), METH_FASTCALL | METH_KEYWORDS,
     "receive($module, tags, timeout=-1, after=None)\n--\n\n"
     "Receive the next message under any of the tags, as (tag, contents).\n\n"
     "The tags are one str or several; when messages wait under more than one, the first tag\n"
     "comes first. A negative timeout, in seconds, is no limit; 0 looks once. When it expires\n"
     "the result is what after() returns, or (TIMEOUT, None) without it. Ctrl-C interrupts.\n"
     "Any thread of any interpreter; no runtime is needed.\n\n"
     "Raises:\n"
     "    TypeError: if a tag is not exactly a str, or the timeout is no number.\n"
     "    RuntimeError: if there are no tags.\n"
     "    ValueError: if the timeout is NaN."},
    {"drain", core_drain, METH_O,
     "drain($module, tags, /)\n--\n\n"
     "Discard the messages that wait under the tags, one str or several.\n\n"
     "An unknown tag is ignored. Any thread of any interpreter.\n\n"
     "Raises:\n"
     "    TypeError: if a tag is not exactly a str; nothing is discarded then."},
    {"set_tags", core_set_tags, METH_O,
     "set_tags($module, tags, /)\n--\n\n"
     "Make these the assigned tags and discard all messages of all tags.\n\n"
     "Other tags are assigned again when they are used. Threads that wait go on waiting.\n\n"
     "Raises:\n"
     "    RuntimeError: outside the main interpreter.\n"
     "    TypeError: if the tags have no length, or one is not exactly a str.\n"
     "    UnicodeEncodeError: if a tag has a lone surrogate."},
    {"set_queue_capacity", FAST(core_set_queue_capacity), METH_FASTCALL | METH_KEYWORDS,
     "set_queue_capacity($module, capacity, tag=None)\n--\n\n"
     "Limit the messages that may wait under a tag, or under each without a limit of its own.\n\n"
     "Messages beyond a lower limit stay. Any thread of any interpreter.\n\n"
     "Raises:\n"
     "    ValueError: unless the capacity is at least 1 and at most 2**30.\n"
     "    TypeError: if the tag is not exactly a str, or the capacity is no int."},
    {"queue_stats", core_queue_stats, METH_NOARGS,
     "queue_stats($module, /)\n--\n\n"
     "One dict of counters per assigned tag, in the order of assignment.\n\n"
     "pushed_total and popped_total count messages sent and received, the retries those that\n"
     "found the queue full or the receiver served. Recent values, not one instant."},
    {"_forget_messages", core_forget_messages, METH_NOARGS,
     "_forget_messages($module, /)\n--\n\nStart anew in the child of a fork."},
    {NULL, NULL, 0, NULL},
};
