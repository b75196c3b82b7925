#include "python/py_owner.h"

#include "python/py_behavior.h"
#include "python/py_errors.h"
#include "python/py_failure.h"
#include "python/py_lease.h"
#include "python/py_runtime.h"
#include "python/py_state.h"
#include "python/py_turn.h"

#include "platform/thread.h"

#include <assert.h>

/* -- beginning and end ---------------------------------------------------------------- */

void py_owner_begin(core_state_t *state, py_cown_t *cown, py_access_t access) {
    assert(cown->access == PY_NOT_OWNED && cown->value == NULL);
    cown->access = (uint8_t)access;
    cown->is_assigned = cown->is_exception = false;
    boc_cown_set_holder(cown->native, state->holder);
}

void py_owner_begin_reading(py_cown_t *cown) {
    assert(cown->access == PY_NOT_OWNED && cown->value == NULL);
    cown->access = PY_GRANTED;
    cown->is_assigned = cown->is_exception = false;
    cown->is_reader = true; /* the holder word is for one holder */
}

/* Nobody can change such a value, so what it was decoded from is still right. */
static bool is_immutable(PyObject *value) {
    return PyBytes_CheckExact(value) || PyUnicode_CheckExact(value) || PyLong_CheckExact(value) ||
           PyComplex_CheckExact(value);
}

/* Put the value, if anybody touched it, where other interpreters can read it. */
int py_owner_encode(core_state_t *state, py_cown_t *cown, boc_payload_t *p_new) {
    boc_payload_t *present = boc_cown_value(cown->native);
    *p_new = *present;
    if (cown->value == NULL)
        return 0;
    if (cown->is_exception) {
        if (!cown->is_assigned && py_failure_is(present))
            return 0;
        *p_new = py_failure_new(state, cown->value);
        return 0;
    }
    if (!cown->is_assigned && !py_failure_is(present) &&
        (present->ops != &py_payload_blob || is_immutable(cown->value)))
        return 0; /* None, bool, int, float, str and the like: cannot have changed */
    *p_new = (boc_payload_t){NULL, NULL};
    int left = state->ending != NULL
                   ? py_transfer_encode_moving(state, cown->value, p_new, state->ending)
                   : py_transfer_encode_for(state, cown->value, p_new, BOCPY_AFTER_BODY);
    if (left == 0)
        return 0;
    PyObject *error = PyErr_GetRaisedException(); /* owned */
    *p_new = py_behavior_stranded(state, cown->value, error);
    PyErr_SetRaisedException(error);
    return -1;
}

/* Drop a value that was not stored. */
void py_owner_discard(boc_payload_t *value) {
    if (py_failure_is(value))
        py_failure_mark_seen(value);
    boc_payload_drop(value);
}

void py_owner_store(py_cown_t *cown, boc_payload_t value) {
    boc_payload_t *present = boc_cown_value(cown->native);
    if (present->data == value.data && present->ops == value.ops)
        return;
    boc_payload_t old = *present;
    *present = value;
    boc_payload_drop(&old);
}

int py_owner_end(core_state_t *state, py_cown_t *cown) {
    assert(cown->access != PY_NOT_OWNED);
    if (cown->is_reader) {
        cown->access = PY_NOT_OWNED;
        cown->is_reader = false;
        Py_CLEAR(cown->value);
        return 0;
    }
    boc_payload_t value;
    int result = py_owner_encode(state, cown, &value);
    py_owner_store(cown, value);
    cown->access = PY_NOT_OWNED;
    boc_cown_set_holder(cown->native, 0);
    Py_CLEAR(cown->value);
    return result;
}

/* -- the handle that owns -------------------------------------------------------------- */

static PyObject *key_of(py_cown_t *cown) { return PyLong_FromVoidPtr(cown->native); }

/* The handle through which this interpreter owns the cown; borrowed, NULL without. */
py_cown_t *py_owner_find(core_state_t *state, py_cown_t *cown) {
    if (cown->access != PY_NOT_OWNED)
        return cown;
    py_cown_t *owner = py_behavior_find_handle(state, cown->native); /* a reader is no holder */
    if (owner != NULL)
        return owner;
    if (boc_cown_holder(cown->native) != state->holder)
        return NULL;
    PyObject *key = key_of(cown); /* owned */
    if (key == NULL)
        return NULL;
    owner = (py_cown_t *)PyDict_GetItemWithError(state->owned, key); /* borrowed */
    Py_DECREF(key);
    return owner;
}

static int remember_owner(core_state_t *state, py_cown_t *cown) {
    PyObject *key = key_of(cown); /* owned */
    int result = key != NULL ? PyDict_SetItem(state->owned, key, (PyObject *)cown) : -1;
    Py_XDECREF(key);
    return result;
}

static void forget_owner(core_state_t *state, py_cown_t *cown) {
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    PyObject *key = key_of(cown);                  /* owned */
    if (key == NULL || PyDict_DelItem(state->owned, key) < 0)
        PyErr_Clear();
    Py_XDECREF(key);
    PyErr_SetRaisedException(raised);
}

static bool is_idle_record(const py_cown_t *cown) {
    return cown->access == PY_DIRECT && cown->depth == 0;
}

/* Drop the records to which nothing else refers: the last reference was in a value, so
 * no handle was there to see it go.  Now and then, so that it costs nothing each time. */
static int sweep_records(core_state_t *state) {
    if (PyDict_GET_SIZE(state->owned) < state->owned_limit)
        return 0;
    PyObject *handles = PyDict_Values(state->owned); /* owned */
    if (handles == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(handles); i++) {
        py_cown_t *cown = (py_cown_t *)PyList_GET_ITEM(handles, i); /* borrowed */
        if (is_idle_record(cown) && boc_cown_ref_count(cown->native) == 1)
            forget_owner(state, cown);
    }
    state->owned_limit = Py_MAX(32, 2 * PyDict_GET_SIZE(state->owned));
    Py_DECREF(handles); /* last: values may run code when they die */
    return 0;
}

/* While no runtime is up, main owns whatever it touches, through a handle of our own: it
 * ends with the last of the user's handles, see let_record_go, or soon after. */
static py_cown_t *own_directly(core_state_t *state, py_cown_t *cown) {
    if (!py_runtime_main_owns_all() || state->is_starting || boc_cown_is_busy(cown->native))
        return NULL;
    if (sweep_records(state) < 0)
        return NULL;
    boc_cown_ref(cown->native);
    py_cown_t *record = (py_cown_t *)py_cown_wrap(state, cown->native); /* owned */
    if (record == NULL)
        return NULL;
    int result = remember_owner(state, record);
    if (result == 0)
        py_owner_begin(state, record, PY_DIRECT);
    Py_DECREF(record); /* now the dict's */
    return result == 0 ? record : NULL;
}

/* The handle of ours that owns `cown` directly if nobody but it and `cown`, which is
 * deallocated, refers to the native cown; taken out of the dict. */
py_cown_t *py_owner_forget_record(core_state_t *state, py_cown_t *cown) {
    if (state == NULL || state->owned == NULL || cown->access != PY_NOT_OWNED ||
        boc_cown_holder(cown->native) != state->holder || boc_cown_ref_count(cown->native) != 2)
        return NULL;
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    PyObject *key = key_of(cown);                  /* owned */
    PyObject *record;                              /* borrowed, then owned */
    PY_BEGIN_TURN(state->cown_type);
    record = key != NULL ? PyDict_GetItemWithError(state->owned, key) : NULL;
    if (record != NULL && ((py_cown_t *)record)->access == PY_DIRECT) {
        Py_INCREF(record);
        forget_owner(state, cown);
    } else {
        record = NULL;
    }
    PY_END_TURN();
    Py_XDECREF(key);
    PyErr_SetRaisedException(raised);
    return (py_cown_t *)record;
}

py_cown_t *py_owner_of(core_state_t *state, py_cown_t *cown) {
    py_cown_t *owner = py_owner_find(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        owner = own_directly(state, cown);
    return owner;
}

py_cown_t *py_owner_require(py_cown_t *cown, const char *what) {
    core_state_t *state = py_cown_state(cown);
    py_cown_t *owner = py_owner_of(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        PyErr_Format(PyExc_RuntimeError,
                     "%s: the cown is not acquired here; schedule a behavior on it with "
                     "@when, use `with cown`, or call wait() first",
                     what);
    return owner;
}

/* -- leases and blocks ------------------------------------------------------------------- */

int py_owner_begin_lease(core_state_t *state, py_cown_t *cown) {
    if (remember_owner(state, cown) < 0)
        return -1;
    py_owner_begin(state, cown, PY_LEASED);
    cown->thread = PyThread_get_thread_ident();
    cown->depth = 1;
    cown->is_block = true;
    return 0;
}

int py_owner_end_lease(core_state_t *state, py_cown_t *cown) {
    Py_INCREF(cown); /* owned here while the dict lets go */
    forget_owner(state, cown);
    int result = py_owner_end(state, cown);
    Py_DECREF(cown);
    return result;
}

/* Own the cown through this handle; `wait` as long as it takes, or not at all. */
int py_owner_lease(py_cown_t *cown, bool wait, const char *what) {
    core_state_t *state = py_cown_state(cown);
    boc_behavior_t *lease = NULL;
    if (wait) {
        lease = py_lease_take(&cown->native, 1, BOC_FOREVER, what);
        if (lease == NULL)
            return -1;
    } else {
        boc_status_t status = py_lease_try(&cown->native, 1, &lease);
        if (status == BOC_EBUSY) {
            PyErr_Format(PyExc_RuntimeError, "%s: a behavior holds or awaits the cown", what);
            return -1;
        }
        if (status != BOC_OK) {
            py_errors_raise(status, what);
            return -1;
        }
    }
    if (py_owner_begin_lease(state, cown) < 0) {
        py_lease_end(lease);
        return -1;
    }
    cown->lease = lease;
    return 0;
}

int py_owner_unlease(py_cown_t *cown) {
    boc_behavior_t *lease = cown->lease;
    cown->lease = NULL;
    Py_INCREF(cown);
    int result = py_owner_end_lease(py_cown_state(cown), cown);
    py_lease_end(lease);
    Py_DECREF(cown);
    return result;
}

bool py_owner_is_of_another_thread(const py_cown_t *owner) {
    return owner->access == PY_LEASED && owner->thread != PyThread_get_thread_ident();
}

int py_owner_enter(core_state_t *state, py_cown_t *cown) {
    py_cown_t *owner = py_owner_of(state, cown);
    if (owner == NULL || py_owner_is_of_another_thread(owner))
        return PyErr_Occurred() ? -1 : 0;
    owner->depth++;
    owner->thread = PyThread_get_thread_ident();
    return 1;
}

/* The end of a `with` block: -1 with the exception of the value that cannot leave. */
int py_owner_leave_block(py_cown_t *owner) {
    assert(owner->depth > 0);
    return --owner->depth == 0 && owner->access == PY_LEASED ? py_owner_unlease(owner) : 0;
}

int py_owner_leave(core_state_t *state, py_cown_t *cown) {
    py_cown_t *owner = py_owner_find(state, cown);
    if (owner == NULL)
        return PyErr_Occurred() ? -1 : 0;
    return owner->depth > 0 ? py_owner_leave_block(owner) : 0;
}

/* -- when a runtime starts ------------------------------------------------------------------ */

int py_owner_take_back_all(core_state_t *state) {
    PyObject *handles = PyDict_Values(state->owned); /* owned */
    if (handles == NULL)
        return -1;
    Py_ssize_t count = PyList_GET_SIZE(handles), done = 0;
    boc_payload_t *values = PyMem_Calloc((size_t)count + 1, sizeof *values);
    if (values == NULL)
        PyErr_NoMemory();
    py_moves_t moves;
    py_moves_init(&moves, BOCPY_INTO_COWN);
    state->ending = &moves;
    for (; values != NULL && done < count; done++) {
        py_cown_t *cown = (py_cown_t *)PyList_GET_ITEM(handles, done); /* borrowed */
        if (!is_idle_record(cown) || py_owner_encode(state, cown, &values[done]) == 0)
            continue;
        py_owner_discard(&values[done]);
        break;
    }
    state->ending = NULL;
    int result = values != NULL && done == count ? 0 : -1;
    for (Py_ssize_t i = 0; i < done; i++) {
        py_cown_t *cown = (py_cown_t *)PyList_GET_ITEM(handles, i); /* borrowed */
        if (!is_idle_record(cown))
            continue;
        const boc_payload_t *present = boc_cown_value(cown->native);
        if (result == 0) {
            py_owner_store(cown, values[i]);
            cown->access = PY_NOT_OWNED;
            boc_cown_set_holder(cown->native, 0);
            forget_owner(state, cown);
            Py_CLEAR(cown->value);
        } else if (values[i].data != present->data || values[i].ops != present->ops) {
            py_owner_discard(&values[i]);
        }
    }
    PyMem_Free(values);
    py_moves_end(&moves, result == 0);
    Py_DECREF(handles);
    return result;
}

int py_owner_lease_blocks(core_state_t *state) {
    PyObject *handles = PyDict_Values(state->owned); /* owned */
    int result = handles != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(handles); i++) {
        py_cown_t *cown = (py_cown_t *)PyList_GET_ITEM(handles, i); /* borrowed */
        if (cown->access != PY_DIRECT || cown->depth == 0)
            continue;
        cown->lease = py_lease_take(&cown->native, 1, BOC_FOREVER, "with cown");
        if (cown->lease == NULL) {
            PyObject *error = PyErr_GetRaisedException(); /* owned */
            if (py_owner_end_lease(state, cown) < 0)
                PyErr_Clear(); /* the cown itself says what happened to its value */
            PyErr_SetRaisedException(error);
            result = -1;
            continue;
        }
        py_lease_give_to(cown->lease, cown->thread);
        cown->access = PY_LEASED;
    }
    Py_XDECREF(handles);
    return result;
}
