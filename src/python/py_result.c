#include "python/py_result.h"

#include "python/py_cown.h"
#include "python/py_failure.h"
#include "python/py_lease.h"
#include "python/py_owner.h"
#include "python/py_state.h"
#include "python/py_wait.h"

PyObject *py_result_done(PyObject *op, PyObject *unused) {
    (void)unused;
    return PyBool_FromLong(boc_cown_holder(((py_cown_t *)op)->native) != PY_HOLDER_PRODUCER);
}

static PyObject *raise_or_give(py_cown_t *owner) {
    if (py_cown_decode(owner) < 0)
        return NULL;
    if (owner->is_exception && PyExceptionInstance_Check(owner->value)) {
        PyErr_SetRaisedException(Py_NewRef(owner->value));
        return NULL;
    }
    return Py_NewRef(owner->value);
}

PyObject *py_result_wait(PyObject *op, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"timeout", NULL};
    PyObject *timeout = Py_None; /* borrowed */
    int64_t deadline_ns;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:result", keywords, &timeout) ||
        py_wait_deadline(timeout, &deadline_ns) < 0)
        return NULL;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = py_cown_state(cown);
    py_cown_t *owner = py_owner_of(state, cown);
    if (owner != NULL)
        return raise_or_give(owner);
    if (PyErr_Occurred())
        return NULL;
    if (state->worker >= 0 || py_lease_held() > 0) {
        PyErr_SetString(PyExc_RuntimeError,
                        "Cown.result: a behavior, and a thread that holds a cown, must not wait; "
                        "schedule a behavior on the result instead");
        return NULL;
    }
    boc_behavior_t *lease = py_lease_take(&cown->native, 1, deadline_ns, "Cown.result");
    if (lease == NULL)
        return NULL;
    boc_payload_t *payload = boc_cown_value(cown->native);
    PyObject *result = NULL; /* owned */
    if (py_failure_is(payload)) {
        PyObject *error = py_failure_decode(state, payload); /* owned */
        if (error != NULL)
            PyErr_SetRaisedException(error);
    } else {
        result = payload->ops != NULL ? py_transfer_decode(state, payload) : Py_NewRef(Py_None);
    }
    py_lease_end(lease);
    return result;
}

PyObject *py_result_unwrap(PyObject *op, PyObject *unused) {
    (void)unused;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = py_cown_state(cown);
    py_cown_t *owner = py_owner_of(state, cown);
    if (owner != NULL && owner->access == PY_GRANTED)
        return PyErr_Format(PyExc_RuntimeError,
                            "Cown.unwrap: the behavior that holds this cown is still in flight");
    bool is_leased_here = false;
    if (owner == NULL && !PyErr_Occurred()) {
        is_leased_here = py_owner_lease(cown, false, "Cown.unwrap") == 0;
        owner = is_leased_here ? cown : NULL;
        if (!is_leased_here) {
            PyErr_Clear();
            PyErr_SetString(PyExc_RuntimeError,
                            "Cown.unwrap: a behavior on this cown is still in flight");
        }
    }
    if (owner == NULL)
        return NULL;
    PyObject *result = raise_or_give(owner); /* owned */
    if (owner->value != NULL) {
        owner->is_assigned = true;
        owner->is_exception = false;
        Py_SETREF(owner->value, Py_NewRef(Py_None));
    }
    if (is_leased_here) {
        PyObject *error = PyErr_GetRaisedException(); /* owned */
        (void)py_owner_unlease(owner); /* None can always be written back */
        PyErr_SetRaisedException(error);
    }
    return result;
}
