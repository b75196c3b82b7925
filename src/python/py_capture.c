#include "python/py_capture.h"

#include "python/py_errors.h"
#include "python/py_payload.h"
#include "python/py_transfer.h"

/* Below this, encoding again costs less than asking. */
#define SHARED_BYTES_MIN 512

#define LARGE_BYTES_MIN (64 * 1024)
#define LARGE_COUNT_MAX 100

/* Deeper values count as mutable. */
#define DEPTH_MAX 16

static bool is_immutable(PyObject *value, int depth) {
    if (value == Py_None || PyBool_Check(value) || PyLong_CheckExact(value) ||
        PyFloat_CheckExact(value) || PyComplex_CheckExact(value) || PyUnicode_CheckExact(value) ||
        PyBytes_CheckExact(value))
        return true;
    if (depth == DEPTH_MAX)
        return false;
    if (PyTuple_CheckExact(value)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); i++)
            if (!is_immutable(PyTuple_GET_ITEM(value, i), depth + 1))
                return false;
        return true;
    }
    if (!PyFrozenSet_CheckExact(value))
        return false;
    PyObject *items = PySequence_Tuple(value); /* owned */
    bool answer = items != NULL && is_immutable(items, depth + 1);
    if (items == NULL)
        PyErr_Clear();
    Py_XDECREF(items);
    return answer;
}

static int warn(PyObject *name, size_t size) {
    return PyErr_WarnFormat(
        PyExc_RuntimeWarning, 1,
        "captured variable '%U' of %zu KiB can change, so it is copied at every "
        "@when, more than %d times by now; keep it in a cown or publish it "
        "with notice_seed",
        name, size / 1024, LARGE_COUNT_MAX);
}

int py_capture_encode(core_state_t *state, py_capture_t *capture, PyObject *value, PyObject *name,
                      boc_payload_t *out, py_moves_t *moves) {
    if (capture->value == value) {
        py_payload_copy(out, &capture->payload);
        return 0;
    }
    if (py_transfer_encode_moving(state, value, out, moves) < 0) {
        py_errors_add_note("while capturing variable '%U' of a behavior", name);
        return -1;
    }
    size_t size = py_payload_size(out);
    if (size < SHARED_BYTES_MIN)
        return 0;
    if (is_immutable(value, 0)) {
        py_capture_clear(capture);
        capture->value = Py_NewRef(value);
        py_payload_copy(&capture->payload, out);
        return 0;
    }
    if (size < LARGE_BYTES_MIN || ++capture->large_count != LARGE_COUNT_MAX + 1)
        return 0;
    return warn(name, size);
}

void py_capture_clear(py_capture_t *capture) {
    if (capture->value == NULL)
        return;
    boc_payload_drop(&capture->payload);
    Py_CLEAR(capture->value);
}
