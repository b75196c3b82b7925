#include "python/py_wait.h"

#include "platform/clock.h"
#include "python/py_interp.h"

#include <math.h>
#include <signal.h>

#define SLICE_NS ((int64_t)50 * 1000 * 1000)

static struct {
    int exit_status;             /* main thread only, under main's GIL; -1: none */
    _Atomic bool was_terminated; /* SIGTERM came */
    _Atomic(PyOS_sighandler_t) handler; /* of CPython, called by ours */
} globals = {.exit_status = -1};

/* A signal handler. */
static void on_terminate(int number) {
    /* relaxed: a flag that says nothing of other memory. */
    atomic_store_explicit(&globals.was_terminated, true, memory_order_relaxed);
    /* relaxed: set before the handler was installed, and never to us. */
    atomic_load_explicit(&globals.handler, memory_order_relaxed)(number);
}

void py_wait_watch_termination(void) {
    PyOS_sighandler_t handler = PyOS_getsig(SIGTERM);
    if (handler == on_terminate || handler == SIG_DFL || handler == SIG_IGN || handler == SIG_ERR)
        return;
    /* relaxed: the system call orders it. */
    atomic_store_explicit(&globals.handler, handler, memory_order_relaxed);
    (void)PyOS_setsig(SIGTERM, on_terminate);
}

int py_wait_told_to_exit(void) {
    if (globals.exit_status >= 0)
        return globals.exit_status;
    /* relaxed: see on_terminate. */
    bool was_terminated = atomic_load_explicit(&globals.was_terminated, memory_order_relaxed);
    return was_terminated ? -SIGTERM : PY_WAIT_NOT_TOLD;
}

/* What sys.exit() left in the exception, as CPython makes a status of it; a text counts as 1. */
static int status_of(PyObject *error) {
    PyObject *code = PyObject_GetAttrString(error, "code"); /* owned */
    long status = 1;
    if (code == Py_None)
        status = 0;
    else if (code != NULL && PyLong_Check(code))
        status = PyLong_AsLong(code) & 0xFF;
    Py_XDECREF(code);
    PyErr_Clear();
    return (int)status;
}

/* Run the handlers of signals that came; -1 with an exception if one raised. */
static int check_signals(bool is_main) {
    if (PyErr_CheckSignals() == 0)
        return 0;
    if (is_main && PyErr_ExceptionMatches(PyExc_SystemExit)) {
        PyObject *error = PyErr_GetRaisedException(); /* owned */
        globals.exit_status = status_of(error);
        PyErr_SetRaisedException(error); /* takes it */
    }
    return -1;
}

static void forget_exit(void) {
    globals.exit_status = -1;
    /* relaxed: see on_terminate. */
    atomic_store_explicit(&globals.was_terminated, false, memory_order_relaxed);
}

/* Another blocking call: the program went on. */
static void begin_call(bool is_main) {
    if (!is_main)
        return;
    py_wait_watch_termination();
    forget_exit();
}

void py_wait_went_on(void) {
    if (py_interp_is_main())
        forget_exit();
}

static int64_t slice_end(bool is_main, int64_t deadline_ns) {
    int64_t end = is_main ? boc__clock_deadline_ns(SLICE_NS) : BOC_FOREVER;
    return end < deadline_ns ? end : deadline_ns;
}

boc_status_t py_wait_park(boc__parker_t *parker, int64_t deadline_ns) {
    bool is_main = py_interp_is_main();
    begin_call(is_main);
    for (;;) {
        boc_status_t status;
        int64_t end_ns = slice_end(is_main, deadline_ns);
        Py_BEGIN_ALLOW_THREADS status = boc__parker_park(parker, end_ns);
        Py_END_ALLOW_THREADS if (status == BOC_OK) return BOC_OK;
        if (check_signals(is_main) < 0)
            return BOC_EINTERRUPTED;
        if (status == BOC_ETIMEOUT && end_ns == deadline_ns)
            return BOC_ETIMEOUT;
    }
}

boc_status_t py_wait_call(boc_status_t (*wait)(int64_t timeout_ns), int64_t deadline_ns) {
    bool is_main = py_interp_is_main();
    begin_call(is_main);
    for (;;) {
        boc_status_t status;
        int64_t end_ns = slice_end(is_main, deadline_ns);
        Py_BEGIN_ALLOW_THREADS status =
            wait(end_ns == BOC_FOREVER ? BOC_FOREVER : end_ns - boc__clock_now_ns());
        Py_END_ALLOW_THREADS if (check_signals(is_main) < 0) return BOC_EINTERRUPTED;
        bool is_over = end_ns == deadline_ns && boc__clock_now_ns() >= deadline_ns;
        if (status != BOC_EINTERRUPTED && (status != BOC_ETIMEOUT || is_over))
            return status;
    }
}

int py_wait_deadline(PyObject *timeout, int64_t *p_deadline_ns) {
    *p_deadline_ns = BOC_FOREVER;
    if (timeout == NULL || timeout == Py_None)
        return 0;
    double seconds = PyFloat_AsDouble(timeout);
    if (seconds == -1.0 && PyErr_Occurred())
        return -1;
    if (isnan(seconds)) {
        PyErr_SetString(PyExc_ValueError, "timeout must not be NaN");
        return -1;
    }
    if (seconds < 9e9) /* two centuries; more does not fit 64 bits of nanoseconds */
        *p_deadline_ns = boc__clock_deadline_ns(seconds > 0 ? (int64_t)ceil(seconds * 1e9) : 0);
    return 0;
}
