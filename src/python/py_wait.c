#include "python/py_wait.h"

#include "platform/clock.h"
#include "python/py_interp.h"

#include <math.h>

#define SLICE_NS ((int64_t)50 * 1000 * 1000)

static int64_t slice_end(bool is_main, int64_t deadline_ns) {
    int64_t end = is_main ? boc__clock_deadline_ns(SLICE_NS) : BOC_FOREVER;
    return end < deadline_ns ? end : deadline_ns;
}

boc_status_t py_wait_park(boc__parker_t *parker, int64_t deadline_ns) {
    bool is_main = py_interp_is_main();
    for (;;) {
        boc_status_t status;
        int64_t end_ns = slice_end(is_main, deadline_ns);
        Py_BEGIN_ALLOW_THREADS status = boc__parker_park(parker, end_ns);
        Py_END_ALLOW_THREADS if (status == BOC_OK) return BOC_OK;
        if (PyErr_CheckSignals() < 0)
            return BOC_EINTERRUPTED;
        if (status == BOC_ETIMEOUT && end_ns == deadline_ns)
            return BOC_ETIMEOUT;
    }
}

boc_status_t py_wait_call(boc_status_t (*wait)(int64_t timeout_ns), int64_t deadline_ns) {
    bool is_main = py_interp_is_main();
    for (;;) {
        boc_status_t status;
        int64_t end_ns = slice_end(is_main, deadline_ns);
        Py_BEGIN_ALLOW_THREADS status =
            wait(end_ns == BOC_FOREVER ? BOC_FOREVER : end_ns - boc__clock_now_ns());
        Py_END_ALLOW_THREADS if (PyErr_CheckSignals() < 0) return BOC_EINTERRUPTED;
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
