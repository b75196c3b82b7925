#include "python/py_pickled.h"

#include "platform/thread.h"
#include "python/py_cown.h"
#include "python/py_errors.h"
#include "python/py_state.h"

#include <boc/handle.h>
#include <string.h>

#define PROCESS_BYTES 16

static struct {
    boc__mutex_t mutex;
    bool is_known;                /* guarded by mutex */
    char process[PROCESS_BYTES]; /* guarded by mutex; random, so that nobody guesses it */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

/* What tells this process from every other; new bytes. */
static PyObject *process_name(void) {
    PyObject *os = PyImport_ImportModule("os"); /* owned */
    PyObject *drawn =
        os != NULL ? PyObject_CallMethod(os, "urandom", "i", PROCESS_BYTES) : NULL; /* owned */
    Py_XDECREF(os);
    if (drawn == NULL || PyBytes_Size(drawn) != PROCESS_BYTES) {
        Py_XDECREF(drawn);
        return NULL;
    }
    char name[PROCESS_BYTES];
    boc__mutex_lock(&globals.mutex);
    if (!globals.is_known)
        memcpy(globals.process, PyBytes_AS_STRING(drawn), PROCESS_BYTES);
    globals.is_known = true;
    memcpy(name, globals.process, PROCESS_BYTES);
    boc__mutex_unlock(&globals.mutex);
    Py_DECREF(drawn);
    return PyBytes_FromStringAndSize(name, PROCESS_BYTES);
}

PyObject *py_pickled_reduce(PyObject *cown) {
    boc_handle_t handle = 0;
    boc_status_t status = boc_handle_of(py_cown_native(cown), &handle);
    if (status != BOC_OK)
        return py_errors_raise(status, "Cown.__reduce__");
    PyObject *module = PyType_GetModule(Py_TYPE(cown)); /* borrowed */
    PyObject *load = module != NULL ? PyObject_GetAttrString(module, "_cown_of") : NULL; /* owned */
    PyObject *process = load != NULL ? process_name() : NULL; /* owned */
    PyObject *result = NULL; /* owned */
    if (process != NULL)
        result = Py_BuildValue("O(OK)", load, process, (unsigned long long)handle);
    Py_XDECREF(process);
    Py_XDECREF(load);
    return result;
}

static bool is_this_process(const char *name, Py_ssize_t size) {
    boc__mutex_lock(&globals.mutex);
    bool is_same = globals.is_known && size == PROCESS_BYTES &&
                   memcmp(name, globals.process, PROCESS_BYTES) == 0;
    boc__mutex_unlock(&globals.mutex);
    return is_same;
}

PyObject *core_cown_of(PyObject *module, PyObject *args) {
    const char *process; /* borrowed */
    Py_ssize_t size;
    unsigned long long handle;
    if (!PyArg_ParseTuple(args, "y#K:_cown_of", &process, &size, &handle))
        return NULL;
    if (!is_this_process(process, size)) {
        PyErr_SetString(PyExc_RuntimeError,
                        "a pickled Cown can be loaded only in the process that pickled it");
        return NULL;
    }
    boc_cown_t *native = NULL;
    if (boc_handle_resolve(handle, &native) != BOC_OK) {
        PyErr_SetString(PyExc_RuntimeError, "the Cown of this pickle does not exist any more");
        return NULL;
    }
    return py_cown_wrap(py_state_of(module), native);
}
