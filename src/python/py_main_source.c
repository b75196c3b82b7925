#include "python/py_main_source.h"

#include "platform/thread.h"
#include "platform/track.h"
#include "python/py_interp.h"
#include "python/py_payload.h"
#include "python/py_state.h"

static struct {
    boc__mutex_t mutex;
    boc_payload_t told; /* guarded by mutex; kept as long as the process */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

PyObject *core_tell_main(PyObject *module, PyObject *described) {
    boc_payload_t encoded = {NULL, NULL};
    if (py_transfer_encode(py_state_of(module), described, &encoded) < 0)
        return NULL;
    BOC_TRACK_END(encoded.data); /* never a leak */
    boc__mutex_lock(&globals.mutex);
    boc_payload_t old = globals.told;
    globals.told = encoded;
    boc__mutex_unlock(&globals.mutex);
    boc_payload_drop(&old);
    Py_RETURN_NONE;
}

static boc_payload_t copy_told(void) {
    boc_payload_t copy;
    boc__mutex_lock(&globals.mutex);
    py_payload_copy(&copy, &globals.told);
    boc__mutex_unlock(&globals.mutex);
    return copy;
}

PyObject *core_main_told(PyObject *module, PyObject *unused) {
    (void)unused;
    core_state_t *state = py_state_of(module);
    boc_payload_t told = copy_told();
    if (told.ops == NULL && state->worker >= 0) {
        /* No behavior of Python code came from main yet: one of C code asks. */
        py_interp_call_main("bocpy._config", "tell_main", "", "");
        told = copy_told();
    }
    if (told.ops == NULL)
        Py_RETURN_NONE;
    PyObject *described = py_transfer_decode(state, &told); /* owned */
    boc_payload_drop(&told);
    return described;
}
