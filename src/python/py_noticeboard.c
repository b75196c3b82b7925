#include "python/py_noticeboard.h"

#include "platform/clock.h"
#include "python/py_arguments.h"
#include "python/py_behavior.h"
#include "python/py_blocking.h"
#include "python/py_cown.h"
#include "python/py_errors.h"
#include "python/py_failure.h"
#include "python/py_interp.h"
#include "python/py_moves.h"
#include "python/py_notice_job.h"
#include "python/py_notice_thread.h"
#include "python/py_payload.h"
#include "python/py_runtime.h"
#include "python/py_snapshot.h"
#include "python/py_state.h"
#include "python/py_transfer.h"
#include "python/py_wait.h"

#include <boc/noticeboard.h>
#include <boc/runtime.h>
#include <string.h>

/* -- checks ----------------------------------------------------------------------------- */

/* The bytes belong to `name`.  -1 with TypeError, ValueError or UnicodeEncodeError. */
static int key_of(PyObject *name, const char *call, boc_key_t *p_key) {
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "%s: a noticeboard key must be a str, not %.100s", call,
                     Py_TYPE(name)->tp_name);
        return -1;
    }
    Py_ssize_t size;
    p_key->bytes = PyUnicode_AsUTF8AndSize(name, &size);
    if (p_key->bytes == NULL)
        return -1;
    p_key->size = (size_t)size;
    if (p_key->size > BOC_NOTICE_KEY_BYTES_MAX) {
        PyErr_Format(PyExc_ValueError, "%s: a noticeboard key has at most %d bytes, not %zd", call,
                     BOC_NOTICE_KEY_BYTES_MAX, size);
        return -1;
    }
    if (memchr(p_key->bytes, '\0', p_key->size) != NULL) {
        PyErr_Format(PyExc_ValueError, "%s: a noticeboard key must not contain NUL", call);
        return -1;
    }
    return 0;
}

/* A fork took the runtime down for a moment: that does not count. */
static int restart_after_fork(void) {
    PyObject *module = PyImport_ImportModule("bocpy._runtime"); /* owned */
    PyObject *done =
        module != NULL ? PyObject_CallMethod(module, "restart_after_fork", NULL) : NULL; /* owned */
    Py_XDECREF(module);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* -1 with RuntimeError when no runtime is up. */
static int check_running(py_mutation_t kind) {
    if (boc_runtime_is_running())
        return 0;
    if (py_interp_is_main() && restart_after_fork() < 0)
        return -1;
    if (boc_runtime_is_running())
        return 0;
    py_notice_raise(BOC_ECLOSED, kind, "");
    return -1;
}

/* -- mutations -------------------------------------------------------------------------- */

/* A result cown that has its value already. */
static PyObject *ready_result(core_state_t *state, boc_payload_t value) {
    boc_cown_t *cown = NULL;
    boc_status_t status = boc_cown_new(value, &cown);
    return status == BOC_OK ? py_cown_wrap(state, cown) : py_errors_raise(status, "noticeboard");
}

/* What the caller gets for a mutation that took effect, or failed, in the call. */
static PyObject *answer(core_state_t *state, boc_status_t status, py_mutation_t kind,
                        boc_key_t key) {
    char text[BOC_NOTICE_KEY_BYTES_MAX + 1] = {0};
    if (status == BOC_OK)
        return ready_result(state, (boc_payload_t){NULL, &py_payload_none});
    if (key.size > 0)
        memcpy(text, key.bytes, key.size);
    py_notice_raise(status, kind, text);
    return status == BOC_EFULL ? ready_result(state, py_failure_of_raised(state)) : NULL;
}

/* Put a job in line; gives its result.  Takes one reference of the job, on failure too. */
static PyObject *post(core_state_t *state, py_notice_job_t *job, boc_key_t key,
                      boc_payload_t value) {
    PyObject *result = py_notice_job_result(state, job); /* owned */
    core_state_t *before = py_notice_enter(state);
    boc_status_t status = BOC_ENOMEM;
    if (result == NULL)
        boc_payload_drop(&value);
    else if (job->kind == PY_NOTICE_WRITE)
        status = boc_notice_write(key, value, py_notice_job_done, job);
    else if (job->kind == PY_NOTICE_DELETE)
        status = boc_notice_delete(key, py_notice_job_done, job);
    else
        status = boc_notice_update(key, py_notice_thread_push, py_notice_job_done, job);
    py_notice_leave(before);
    if (status != BOC_OK) {
        if (result != NULL)
            py_notice_raise(status, job->kind, job->key);
        Py_CLEAR(result);
        py_notice_job_unref(job); /* the mutation's */
    }
    py_notice_job_unref(job);
    return result;
}

static PyObject *post_new(core_state_t *state, py_mutation_t kind, boc_key_t key,
                          boc_payload_t value) {
    py_notice_job_t *job = py_notice_job_new(kind, key);
    if (job != NULL)
        return post(state, job, key, value);
    boc_payload_drop(&value);
    return NULL;
}

static boc_status_t try_write(core_state_t *state, boc_key_t key, boc_payload_t value) {
    core_state_t *before = py_notice_enter(state); /* dropping the old value runs code */
    boc_status_t status = boc_notice_try_write(key, value);
    py_notice_leave(before);
    return status;
}

static PyObject *core_notice_write(PyObject *module, PyObject *const *args, Py_ssize_t given,
                                   PyObject *keywords) {
    static const char *const names[] = {"key", "value"};
    core_state_t *state = py_state_of(module);
    PyObject *found[2] = {NULL}; /* borrowed */
    boc_key_t key;
    boc_payload_t value = {NULL, NULL};
    if (py_arguments_parse("notice_write", names, 2, 2, 2, args, given, keywords, found) < 0 ||
        check_running(PY_NOTICE_WRITE) < 0 || key_of(found[0], "notice_write", &key) < 0)
        return NULL;
    py_moves_t moves;
    py_moves_init(&moves, BOCPY_INTO_BOARD);
    PyObject *result = NULL; /* owned */
    boc_status_t status = BOC_ENOMEM;
    if (py_transfer_encode_moving(state, found[1], &value, &moves) < 0) {
        py_errors_add_note("while writing noticeboard key %R", found[0]);
    } else if ((status = try_write(state, key, value)) == BOC_EBUSY) {
        result = post_new(state, PY_NOTICE_WRITE, key, value);
    } else {
        result = answer(state, status, PY_NOTICE_WRITE, key);
    }
    py_moves_end(&moves, status == BOC_OK || (status == BOC_EBUSY && result != NULL));
    return result;
}

static PyObject *core_notice_delete(PyObject *module, PyObject *const *args, Py_ssize_t given,
                                    PyObject *keywords) {
    static const char *const names[] = {"key"};
    core_state_t *state = py_state_of(module);
    PyObject *found[1] = {NULL}; /* borrowed */
    boc_key_t key;
    if (py_arguments_parse("notice_delete", names, 1, 1, 1, args, given, keywords, found) < 0 ||
        check_running(PY_NOTICE_DELETE) < 0 || key_of(found[0], "notice_delete", &key) < 0)
        return NULL;
    core_state_t *before = py_notice_enter(state);
    boc_status_t status = boc_notice_try_delete(key);
    py_notice_leave(before);
    if (status == BOC_EBUSY)
        return post_new(state, PY_NOTICE_DELETE, key, (boc_payload_t){NULL, NULL});
    return answer(state, status, PY_NOTICE_DELETE, key);
}

static PyObject *core_notice_update(PyObject *module, PyObject *const *args, Py_ssize_t given,
                                    PyObject *keywords) {
    static const char *const names[] = {"key", "fn", "default"};
    core_state_t *state = py_state_of(module);
    PyObject *found[3] = {NULL}; /* borrowed */
    boc_key_t key;
    if (py_arguments_parse("notice_update", names, 3, 2, 3, args, given, keywords, found) < 0 ||
        check_running(PY_NOTICE_UPDATE) < 0 || key_of(found[0], "notice_update", &key) < 0)
        return NULL;
    if (!PyCallable_Check(found[1]))
        return PyErr_Format(PyExc_TypeError, "notice_update: fn must be callable, not %.100s",
                            Py_TYPE(found[1])->tp_name);
    py_notice_job_t *job = py_notice_job_new(PY_NOTICE_UPDATE, key);
    if (job == NULL)
        return NULL;
    py_moves_t moves;
    py_moves_init(&moves, BOCPY_INTO_BOARD);
    PyObject *fallback = found[2] != NULL ? found[2] : Py_None; /* borrowed */
    PyObject *result = NULL; /* owned */
    if (py_transfer_encode_moving(state, found[1], &job->function, &moves) == 0 &&
        py_transfer_encode_moving(state, fallback, &job->fallback, &moves) == 0) {
        result = post(state, job, key, (boc_payload_t){NULL, NULL});
    } else {
        py_errors_add_note("while updating noticeboard key %R", found[0]);
        py_notice_job_unref(job); /* the mutation's, and ours */
        py_notice_job_unref(job);
    }
    py_moves_end(&moves, result != NULL);
    return result;
}

/* -- waiting for mutations -------------------------------------------------------------- */

static boc_status_t wait_for_own(core_state_t *state, int64_t timeout_ns) {
    py_blocked_t blocked;
    boc_blocking_t blocking = py_blocking_for(state, &blocked);
    return boc_notice_sync(timeout_ns, &blocking);
}

static PyObject *core_notice_sync(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"timeout", NULL};
    core_state_t *state = py_state_of(module);
    PyObject *timeout = NULL; /* borrowed */
    int64_t deadline_ns;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:notice_sync", keywords, &timeout) ||
        py_wait_deadline(timeout, &deadline_ns) < 0)
        return NULL;
    if (timeout == NULL)
        deadline_ns = boc__clock_deadline_ns(INT64_C(30) * 1000 * 1000 * 1000);
    if (py_notice_thread_is_this()) {
        PyErr_SetString(PyExc_RuntimeError, "notice_sync: not inside an update, which is "
                                            "what it would wait for");
        return NULL;
    }
    if (!boc_runtime_is_running()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "notice_sync: no runtime is up, so there is nothing to wait for");
        return NULL;
    }
    int64_t left_ns =
        deadline_ns == BOC_FOREVER ? BOC_NO_TIMEOUT : deadline_ns - boc__clock_now_ns();
    boc_status_t status = wait_for_own(state, left_ns);
    if (status == BOC_OK)
        Py_RETURN_NONE;
    return status == BOC_EINTERRUPTED ? NULL : py_errors_raise(status, "notice_sync");
}

/* The write has to wait for an update of the key, or of this thread: so do we. */
static int seed_in_line(core_state_t *state, boc_key_t key, boc_payload_t value) {
    if (py_notice_thread_is_this()) {
        boc_payload_drop(&value);
        PyErr_SetString(PyExc_RuntimeError, "notice_seed: not inside an update of the same key");
        return -1;
    }
    PyObject *result = post_new(state, PY_NOTICE_WRITE, key, value); /* owned */
    if (result == NULL)
        return -1;
    boc_status_t status = wait_for_own(state, BOC_NO_TIMEOUT);
    if (status == BOC_OK) { /* nobody else has the cown, so we may look */
        boc_payload_t *payload = boc_cown_value(py_cown_native(result));
        PyObject *error = py_failure_is(payload) ? py_failure_decode(state, payload) : NULL;
        if (error != NULL)
            PyErr_SetRaisedException(error);
    }
    Py_DECREF(result);
    return PyErr_Occurred() ? -1 : 0;
}

/* Takes `value`, on failure too (then -1 with an exception). */
static int seed(core_state_t *state, boc_key_t key, boc_payload_t value) {
    if (py_runtime_ensure() < 0) {
        boc_payload_drop(&value);
        return -1;
    }
    boc_status_t status = try_write(state, key, value);
    if (status == BOC_EBUSY)
        return seed_in_line(state, key, value);
    if (status == BOC_OK)
        return 0;
    char text[BOC_NOTICE_KEY_BYTES_MAX + 1] = {0};
    if (key.size > 0)
        memcpy(text, key.bytes, key.size);
    py_notice_raise(status, PY_NOTICE_WRITE, text);
    return -1;
}

static PyObject *core_notice_seed(PyObject *module, PyObject *const *args, Py_ssize_t given,
                                  PyObject *keywords) {
    static const char *const names[] = {"key", "value"};
    core_state_t *state = py_state_of(module);
    PyObject *found[2] = {NULL}; /* borrowed */
    boc_key_t key;
    boc_payload_t value = {NULL, NULL};
    if (py_arguments_parse("notice_seed", names, 2, 2, 2, args, given, keywords, found) < 0)
        return NULL;
    if (!py_interp_is_main()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "notice_seed: only in the primary interpreter; use notice_write");
        return NULL;
    }
    if (key_of(found[0], "notice_seed", &key) < 0)
        return NULL;
    py_moves_t moves;
    py_moves_init(&moves, BOCPY_INTO_BOARD);
    int result = py_transfer_encode_moving(state, found[1], &value, &moves);
    if (result == 0)
        result = seed(state, key, value);
    py_moves_end(&moves, result == 0);
    return result == 0 ? Py_NewRef(Py_None) : NULL;
}

/* -- reading ---------------------------------------------------------------------------- */

/* One for all of a behavior; a new one elsewhere.  The updating thread is no behavior, even
 * while main runs one. */
static PyObject *snapshot(core_state_t *state) {
    return py_notice_thread_is_this() ? py_snapshot_take(state) : py_behavior_snapshot(state);
}

static PyObject *core_noticeboard(PyObject *module, PyObject *unused) {
    (void)unused;
    PyObject *mapping = snapshot(py_state_of(module)); /* owned */
    PyObject *proxy = mapping != NULL ? PyDictProxy_New(mapping) : NULL;
    Py_XDECREF(mapping);
    return proxy;
}

static PyObject *core_notice_read(PyObject *module, PyObject *const *args, Py_ssize_t given,
                                  PyObject *keywords) {
    static const char *const names[] = {"key", "default"};
    PyObject *found[2] = {NULL}; /* borrowed */
    boc_key_t key;
    if (py_arguments_parse("notice_read", names, 2, 1, 2, args, given, keywords, found) < 0 ||
        key_of(found[0], "notice_read", &key) < 0)
        return NULL;
    PyObject *mapping = snapshot(py_state_of(module)); /* owned */
    PyObject *value = mapping != NULL ? py_snapshot_read(mapping, found[0]) : NULL;
    Py_XDECREF(mapping);
    if (value != NULL || PyErr_Occurred())
        return value;
    return Py_NewRef(found[1] != NULL ? found[1] : Py_None);
}

/* -- for bocpy._runtime ----------------------------------------------------------------- */

static PyObject *core_notice_dict(PyObject *module, PyObject *unused) {
    (void)unused;
    PyObject *mapping = py_snapshot_take(py_state_of(module)); /* owned */
    PyObject *dict = mapping != NULL ? py_snapshot_dict(mapping) : NULL;
    Py_XDECREF(mapping);
    return dict;
}

static PyObject *core_notice_snapshot(PyObject *module, PyObject *unused) {
    (void)unused;
    return py_snapshot_take(py_state_of(module));
}

static PyObject *core_notice_open(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    boc_notice_open();
    Py_RETURN_NONE;
}

static PyObject *core_notice_close(PyObject *module, PyObject *unused) {
    (void)unused;
    core_state_t *state = py_state_of(module);
    core_state_t *before = py_notice_enter(state);
    boc_notice_close();
    py_notice_thread_abandon(state);
    py_notice_leave(before);
    Py_RETURN_NONE;
}

static PyObject *core_notice_end(PyObject *module, PyObject *timeout) {
    (void)module;
    int64_t deadline_ns;
    if (py_wait_deadline(timeout, &deadline_ns) < 0)
        return NULL;
    if (py_notice_thread_is_this())
        Py_RETURN_FALSE;
    boc_status_t status = py_notice_thread_end(deadline_ns);
    if (status == BOC_OK || status == BOC_ETIMEOUT)
        return PyBool_FromLong(status == BOC_OK);
    return NULL;
}

static PyObject *core_forget_notices(PyObject *module, PyObject *unused) {
    (void)unused;
    core_state_t *before = py_notice_enter(py_state_of(module));
    py_notice_thread_forget();
    boc_notice_forget_all();
    py_notice_leave(before);
    Py_RETURN_NONE;
}

#define FAST(function) ((PyCFunction)(void (*)(void))(function))

PyMethodDef py_noticeboard_functions[] = {
    {"notice_write", FAST(core_notice_write), METH_FASTCALL | METH_KEYWORDS,
     "notice_write($module, key, value)\n--\n\n"
     "Set key to value, as if pickled, for every snapshot that is taken from now on.\n\n"
     "Takes effect at once, unless an earlier update of this thread, or of the key, is not\n"
     "over: then after it. Any thread while the runtime is up.\n\n"
     "Returns:\n"
     "    A cown that holds None once the write took effect, or the error: a RuntimeError when\n"
     "    64 other keys are there.\n\n"
     "Raises:\n"
     "    RuntimeError: if no runtime is up.\n"
     "    TypeError: if the key is no str.\n"
     "    ValueError: if the key has more than 63 bytes of UTF-8, or a NUL.\n"
     "    Exception: what pickle raises, if the value cannot be sent."},
    {"notice_delete", FAST(core_notice_delete), METH_FASTCALL | METH_KEYWORDS,
     "notice_delete($module, key)\n--\n\n"
     "Remove key if it is there. Otherwise like notice_write.\n\n"
     "Raises:\n"
     "    RuntimeError: if no runtime is up.\n"
     "    TypeError: if the key is no str.\n"
     "    ValueError: if the key has more than 63 bytes of UTF-8, or a NUL."},
    {"notice_update", FAST(core_notice_update), METH_FASTCALL | METH_KEYWORDS,
     "notice_update($module, key, fn, default=None)\n--\n\n"
     "Set key to what fn returns for its present value, or for default if it is not there.\n\n"
     "The function travels like a captured variable and runs in a thread of the main\n"
     "interpreter, after all earlier mutations of this thread and of the key; nothing else\n"
     "changes the key meanwhile. If it returns REMOVED the key is removed; if it raises, nothing\n"
     "is changed. Any thread while the runtime is up.\n\n"
     "Returns:\n"
     "    A cown that holds None once the update took effect, or the exception.\n\n"
     "Raises:\n"
     "    RuntimeError: if no runtime is up.\n"
     "    TypeError: if the key is no str, or fn cannot be called.\n"
     "    ValueError: if the key has more than 63 bytes of UTF-8, or a NUL.\n"
     "    Exception: what pickle raises, if fn or default cannot be sent."},
    {"notice_sync", FAST(core_notice_sync), METH_VARARGS | METH_KEYWORDS,
     "notice_sync($module, timeout=30.0)\n--\n\n"
     "Wait until every mutation that this thread made took effect, or failed.\n\n"
     "A behavior's own snapshot stays as it is. None is no limit; a negative timeout only\n"
     "looks.\n\n"
     "Raises:\n"
     "    TimeoutError: if it takes longer.\n"
     "    RuntimeError: if no runtime is up, or inside the function of an update.\n"
     "    ValueError: if the timeout is NaN."},
    {"notice_seed", FAST(core_notice_seed), METH_FASTCALL | METH_KEYWORDS,
     "notice_seed($module, key, value)\n--\n\n"
     "Set key to value; it is there when the call returns. Starts the runtime if needed.\n\n"
     "Only in the main interpreter.\n\n"
     "Raises:\n"
     "    RuntimeError: inside a behavior, or if 64 other keys are there.\n"
     "    TypeError: if the key is no str.\n"
     "    ValueError: if the key has more than 63 bytes of UTF-8, or a NUL.\n"
     "    Exception: what pickle raises, if the value cannot be sent."},
    {"noticeboard", core_noticeboard, METH_NOARGS,
     "noticeboard($module)\n--\n\n"
     "Return all keys and values as a read-only mapping.\n\n"
     "Inside a behavior all reads see the board as it was at the first one; elsewhere each call\n"
     "sees the present state. A value is decoded when it is looked up. Any thread; empty when no\n"
     "runtime is up."},
    {"notice_read", FAST(core_notice_read), METH_FASTCALL | METH_KEYWORDS,
     "notice_read($module, key, default=None)\n--\n\n"
     "Return the value of key, or default if it is not there. See noticeboard.\n\n"
     "Raises:\n"
     "    TypeError: if the key is no str.\n"
     "    ValueError: if the key has more than 63 bytes of UTF-8, or a NUL."},
    {"_notice_dict", core_notice_dict, METH_NOARGS,
     "_notice_dict($module, /)\n--\n\nThe present state of the board as a new dict."},
    {"_notice_snapshot", core_notice_snapshot, METH_NOARGS,
     "_notice_snapshot($module, /)\n--\n\nThe present state of the board, not decoded."},
    {"_notice_open", core_notice_open, METH_NOARGS,
     "_notice_open($module, /)\n--\n\nAccept mutations."},
    {"_notice_close", core_notice_close, METH_NOARGS,
     "_notice_close($module, /)\n--\n\nClear the board and give up what waits for its turn."},
    {"_notice_end", core_notice_end, METH_O,
     "_notice_end($module, timeout, /)\n--\n\nEnd the thread of the board; False if it is busy."},
    {"_forget_notices", core_forget_notices, METH_NOARGS,
     "_forget_notices($module, /)\n--\n\nIn the child of a fork: an empty board."},
    {NULL, NULL, 0, NULL},
};
