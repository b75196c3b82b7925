#include "python/py_acquire.h"

#include "python/py_cown.h"
#include "python/py_lease.h"
#include "python/py_owner.h"
#include "python/py_runtime.h"
#include "python/py_state.h"

/* The threads of an interpreter share what they acquire, but not their `with` blocks. */
static bool is_block_of_another_thread(const py_cown_t *owner) {
    return py_owner_is_of_another_thread(owner) && owner->is_block;
}

PyObject *py_acquire_cown(PyObject *op, PyObject *unused) {
    (void)unused;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = py_cown_state(cown);
    py_cown_t *owner = py_owner_of(state, cown);
    if (owner != NULL && is_block_of_another_thread(owner))
        return PyErr_Format(PyExc_RuntimeError,
                            "Cown.acquire: a `with` block of another thread holds the cown");
    if (owner == NULL) {
        if (PyErr_Occurred() || py_owner_lease(cown, false, "Cown.acquire") < 0)
            return NULL;
        cown->is_block = false;
        owner = cown;
    }
    if (py_cown_decode(owner) == 0)
        Py_RETURN_NONE;
    if (owner->access == PY_LEASED) {
        PyObject *error = PyErr_GetRaisedException(); /* owned */
        (void)py_owner_unlease(owner); /* nothing was decoded, so nothing can fail */
        PyErr_SetRaisedException(error);
    }
    return NULL;
}

void py_acquire_release_all(core_state_t *state, bool by_all_threads) {
    if (PyDict_GET_SIZE(state->owned) == 0)
        return;
    PyObject *handles = PyDict_Values(state->owned); /* owned */
    for (Py_ssize_t i = 0; handles != NULL && i < PyList_GET_SIZE(handles); i++) {
        py_cown_t *cown = (py_cown_t *)PyList_GET_ITEM(handles, i); /* borrowed */
        if (cown->lease == NULL || (!by_all_threads && cown->thread != PyThread_get_thread_ident()))
            continue;
        if (py_owner_unlease(cown) < 0)
            PyErr_WriteUnraisable((PyObject *)cown);
    }
    Py_XDECREF(handles);
    PyErr_Clear();
}

PyObject *py_acquire_release(PyObject *op, PyObject *unused) {
    (void)unused;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = py_cown_state(cown);
    py_cown_t *owner = py_owner_find(state, cown);
    if (owner == NULL) {
        if (PyErr_Occurred())
            return NULL;
        uint32_t holder = boc_cown_holder(cown->native);
        if (holder == 0 || py_runtime_main_owns_all())
            Py_RETURN_NONE;
        PyErr_SetString(PyExc_RuntimeError,
                        "Cown.release: the cown is held by another interpreter");
        return NULL;
    }
    if (owner->access == PY_GRANTED) {
        PyErr_SetString(PyExc_RuntimeError,
                        "Cown.release: the behavior holds the cown until its body ends");
        return NULL;
    }
    if (owner->access == PY_DIRECT)
        Py_RETURN_NONE;
    if (owner->lease == NULL) {
        PyErr_SetString(PyExc_RuntimeError,
                        "Cown.release: the cown is held by a `with hold(...)` block");
        return NULL;
    }
    if (is_block_of_another_thread(owner))
        return PyErr_Format(PyExc_RuntimeError,
                            "Cown.release: a `with` block of another thread holds the cown");
    /* Encode first: when that fails the cown stays owned, as it was. */
    boc_payload_t value;
    if (py_owner_encode(state, owner, &value) < 0) {
        py_owner_discard(&value);
        return NULL;
    }
    py_owner_store(owner, value);
    Py_CLEAR(owner->value);
    (void)py_owner_unlease(owner);
    Py_RETURN_NONE;
}

PyObject *py_acquire_enter(PyObject *op, PyObject *unused) {
    (void)unused;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = py_cown_state(cown);
    py_cown_t *owner = py_owner_of(state, cown);
    if (owner == NULL && PyErr_Occurred())
        return NULL;
    if (owner == NULL || py_owner_is_of_another_thread(owner)) {
        bool may_wait = state->worker < 0 && py_lease_held() == 0;
        if (py_owner_lease(cown, may_wait, "with cown") < 0)
            return NULL;
        owner = cown;
    } else {
        owner->depth++;
        owner->thread = PyThread_get_thread_ident();
    }
    if (py_cown_decode(owner) == 0)
        return Py_NewRef(owner->value);
    PyObject *error = PyErr_GetRaisedException(); /* owned */
    (void)py_owner_leave_block(owner); /* nothing was decoded, so nothing can fail */
    PyErr_SetRaisedException(error);
    return NULL;
}

PyObject *py_acquire_exit(PyObject *op, PyObject *args) {
    (void)args;
    py_cown_t *cown = (py_cown_t *)op;
    py_cown_t *owner = py_owner_find(py_cown_state(cown), cown);
    if (owner == NULL && PyErr_Occurred())
        return NULL;
    if (owner != NULL && owner->depth > 0 && py_owner_leave_block(owner) < 0)
        return NULL;
    Py_RETURN_FALSE;
}
