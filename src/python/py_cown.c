#include "python/py_cown.h"

#include "python/py_behavior.h"
#include "python/py_errors.h"
#include "python/py_failure.h"
#include "python/py_lease.h"
#include "python/py_pickled.h"
#include "python/py_runtime.h"
#include "python/py_state.h"
#include "python/py_wait.h"

#include "platform/thread.h"

#include <assert.h>
#include <stddef.h>

/* -- handles --------------------------------------------------------------------- */

static core_state_t *state_of(py_cown_t *cown) { return py_state_of_type(Py_TYPE(cown)); }

bool py_cown_check(core_state_t *state, PyObject *object) {
    return PyObject_TypeCheck(object, state->cown_type);
}

boc_cown_t *py_cown_native(PyObject *handle) { return ((py_cown_t *)handle)->native; }

static py_cown_t *new_handle(PyTypeObject *type, boc_cown_t *taken) {
    py_cown_t *cown = (py_cown_t *)type->tp_alloc(type, 0);
    if (cown == NULL)
        boc_cown_unref(taken);
    else
        cown->native = taken;
    return cown;
}

PyObject *py_cown_wrap(core_state_t *state, boc_cown_t *taken) {
    py_cown_t *cown = new_handle(state->cown_type, taken);
    if (cown != NULL)
        cown->is_received = state->frame != NULL;
    return (PyObject *)cown;
}

/* -- ownership --------------------------------------------------------------------- */

static PyObject *key_of(py_cown_t *cown) { return PyLong_FromVoidPtr(cown->native); }

void py_cown_own(core_state_t *state, py_cown_t *cown, py_access_t access) {
    assert(cown->access == PY_NOT_OWNED && cown->value == NULL);
    cown->access = (uint8_t)access;
    cown->is_assigned = cown->is_exception = false;
    boc_cown_set_holder(cown->native, state->holder);
}

/* Put the value, if anybody touched it, where other interpreters can read it. */
static int write_back(core_state_t *state, py_cown_t *cown, boc_payload_t *p_new) {
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
    if (!cown->is_assigned && present->ops != &py_payload_blob && !py_failure_is(present))
        return 0; /* None, bool, int, float: cannot have changed */
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
static void discard(boc_payload_t *value) {
    if (py_failure_is(value))
        py_failure_mark_seen(value);
    boc_payload_drop(value);
}

static void replace_value(py_cown_t *cown, boc_payload_t value) {
    boc_payload_t *present = boc_cown_value(cown->native);
    if (present->data == value.data && present->ops == value.ops)
        return;
    boc_payload_t old = *present;
    *present = value;
    boc_payload_drop(&old);
}

int py_cown_disown(core_state_t *state, py_cown_t *cown) {
    assert(cown->access != PY_NOT_OWNED);
    boc_payload_t value;
    int result = write_back(state, cown, &value);
    replace_value(cown, value);
    cown->access = PY_NOT_OWNED;
    boc_cown_set_holder(cown->native, 0);
    Py_CLEAR(cown->value);
    return result;
}

/* The handle through which this interpreter owns the cown; borrowed, NULL without. */
static py_cown_t *find_owner(core_state_t *state, py_cown_t *cown) {
    if (cown->access != PY_NOT_OWNED)
        return cown;
    if (boc_cown_holder(cown->native) != state->holder)
        return NULL;
    py_cown_t *owner = py_behavior_find_handle(state, cown->native);
    if (owner != NULL)
        return owner;
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
    py_cown_t *record = new_handle(state->cown_type, cown->native); /* owned */
    if (record == NULL)
        return NULL;
    int result = remember_owner(state, record);
    if (result == 0)
        py_cown_own(state, record, PY_DIRECT);
    Py_DECREF(record); /* now the dict's */
    return result == 0 ? record : NULL;
}

/* The handle of ours that owns `cown` directly if nobody but it and `cown`, which is
 * deallocated, refers to the native cown; taken out of the dict. */
static py_cown_t *let_record_go(core_state_t *state, py_cown_t *cown) {
    if (state == NULL || state->owned == NULL || cown->access != PY_NOT_OWNED ||
        boc_cown_holder(cown->native) != state->holder || boc_cown_ref_count(cown->native) != 2)
        return NULL;
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    PyObject *key = key_of(cown);                  /* owned */
    PyObject *record =
        key != NULL ? PyDict_GetItemWithError(state->owned, key) : NULL; /* borrowed */
    if (record != NULL && ((py_cown_t *)record)->access == PY_DIRECT) {
        Py_INCREF(record);
        forget_owner(state, cown);
    } else {
        record = NULL;
    }
    Py_XDECREF(key);
    PyErr_SetRaisedException(raised);
    return (py_cown_t *)record;
}

/* The owning handle, or NULL with RuntimeError. */
static py_cown_t *require_owner(py_cown_t *cown, const char *what) {
    core_state_t *state = state_of(cown);
    py_cown_t *owner = find_owner(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        owner = own_directly(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        PyErr_Format(PyExc_RuntimeError,
                     "%s: the cown is not acquired here; schedule a behavior on it with "
                     "@when, use `with cown`, or call wait() first",
                     what);
    return owner;
}

static bool is_of_another_thread(const py_cown_t *owner) {
    return owner->access == PY_LEASED && owner->thread != PyThread_get_thread_ident();
}

int py_cown_enter_owned(core_state_t *state, py_cown_t *cown) {
    py_cown_t *owner = find_owner(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        owner = own_directly(state, cown);
    if (owner == NULL || is_of_another_thread(owner))
        return PyErr_Occurred() ? -1 : 0;
    owner->depth++;
    owner->thread = PyThread_get_thread_ident();
    return 1;
}

int py_cown_own_leased(core_state_t *state, py_cown_t *cown) {
    if (remember_owner(state, cown) < 0)
        return -1;
    py_cown_own(state, cown, PY_LEASED);
    cown->thread = PyThread_get_thread_ident();
    cown->depth = 1;
    cown->is_block = true;
    return 0;
}

int py_cown_disown_leased(core_state_t *state, py_cown_t *cown) {
    Py_INCREF(cown); /* owned here while the dict lets go */
    forget_owner(state, cown);
    int result = py_cown_disown(state, cown);
    Py_DECREF(cown);
    return result;
}

int py_cown_take_back_all(core_state_t *state) {
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
        if (!is_idle_record(cown) || write_back(state, cown, &values[done]) == 0)
            continue;
        discard(&values[done]);
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
            replace_value(cown, values[i]);
            cown->access = PY_NOT_OWNED;
            boc_cown_set_holder(cown->native, 0);
            forget_owner(state, cown);
            Py_CLEAR(cown->value);
        } else if (values[i].data != present->data || values[i].ops != present->ops) {
            discard(&values[i]);
        }
    }
    PyMem_Free(values);
    py_moves_end(&moves, result == 0);
    Py_DECREF(handles);
    return result;
}

int py_cown_lease_blocks(core_state_t *state) {
    PyObject *handles = PyDict_Values(state->owned); /* owned */
    int result = handles != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(handles); i++) {
        py_cown_t *cown = (py_cown_t *)PyList_GET_ITEM(handles, i); /* borrowed */
        if (cown->access != PY_DIRECT || cown->depth == 0)
            continue;
        cown->lease = py_lease_take(&cown->native, 1, BOC_FOREVER, "with cown");
        if (cown->lease == NULL) {
            PyObject *error = PyErr_GetRaisedException(); /* owned */
            if (py_cown_disown_leased(state, cown) < 0)
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

/* -- construction and end ------------------------------------------------------------- */

static PyObject *cown_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"value", NULL};
    PyObject *value; /* borrowed */
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Cown", keywords, &value))
        return NULL;
    core_state_t *state = py_state_of_type(type);
    if (state->frame != NULL && py_cown_check(state, value) && ((py_cown_t *)value)->is_received) {
        boc_cown_ref(py_cown_native(value));
        return (PyObject *)new_handle(type, py_cown_native(value));
    }
    boc_payload_t payload = {NULL, NULL};
    boc_cown_t *native = NULL;
    boc_status_t status = BOC_OK;
    py_moves_t moves;
    py_moves_init(&moves, BOCPY_INTO_COWN);
    bool is_encoded = py_transfer_encode_moving(state, value, &payload, &moves) == 0;
    if (is_encoded)
        status = boc_cown_new(payload, &native);
    py_moves_end(&moves, native != NULL);
    if (!is_encoded)
        return NULL;
    if (status != BOC_OK)
        return py_errors_raise(status, "Cown");
    return (PyObject *)new_handle(type, native);
}

static int cown_traverse(PyObject *op, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((py_cown_t *)op)->value);
    return 0;
}

static int cown_clear(PyObject *op) {
    Py_CLEAR(((py_cown_t *)op)->value);
    return 0;
}

/* A handle that owns is referenced by its frame or state->owned, so what is deallocated
 * here owns nothing any more, unless it is a record that is let go or the interpreter
 * ends.  A value can hold cowns whose records go with it, so it goes last. */
static void cown_dealloc(PyObject *op) {
    py_cown_t *cown = (py_cown_t *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    if (cown->weak_list != NULL)
        PyObject_ClearWeakRefs(op);
    py_cown_t *record = let_record_go(py_state_of_type(type), cown); /* owned */
    PyObject *value = cown->value;                                   /* owned */
    if (cown->lease != NULL)
        py_lease_end(cown->lease);
    boc_cown_unref(cown->native);
    type->tp_free(op);
    Py_XDECREF(record);
    Py_XDECREF(value);
    Py_DECREF(type);
}

/* -- value and exception ------------------------------------------------------------------ */

static int decode_value(core_state_t *state, py_cown_t *owner) {
    if (owner->value != NULL)
        return 0;
    boc_payload_t *payload = boc_cown_value(owner->native);
    if (payload->ops == NULL)
        owner->value = Py_NewRef(Py_None);
    else if (py_failure_is(payload))
        owner->value = py_failure_decode(state, payload);
    else
        owner->value = py_transfer_take(state, payload);
    owner->is_exception = py_failure_is(payload);
    return owner->value != NULL ? 0 : -1;
}

int py_cown_decode_early(py_cown_t *cown) {
    boc_payload_t *payload = boc_cown_value(cown->native);
    if (payload->ops != &py_payload_blob || !((py_blob_t *)payload->data)->runs_code)
        return 0;
    return decode_value(state_of(cown), cown);
}

static PyObject *cown_get_value(PyObject *op, void *closure) {
    (void)closure;
    py_cown_t *owner = (py_cown_t *)op;
    if (owner->value != NULL)
        return Py_NewRef(owner->value);
    owner = require_owner(owner, "Cown.value");
    if (owner == NULL || decode_value(state_of(owner), owner) < 0)
        return NULL;
    return Py_NewRef(owner->value);
}

static int cown_set_value(PyObject *op, PyObject *value, void *closure) {
    (void)closure;
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "Cown.value cannot be deleted");
        return -1;
    }
    py_cown_t *owner = (py_cown_t *)op;
    if (owner->access == PY_NOT_OWNED && (owner = require_owner(owner, "Cown.value")) == NULL)
        return -1;
    owner->is_assigned = true;
    owner->is_exception = false;
    Py_XSETREF(owner->value, Py_NewRef(value));
    return 0;
}

static PyObject *cown_get_exception(PyObject *op, void *closure) {
    (void)closure;
    py_cown_t *owner = require_owner((py_cown_t *)op, "Cown.exception");
    if (owner == NULL)
        return NULL;
    if (owner->value != NULL)
        return PyBool_FromLong(owner->is_exception);
    boc_payload_t *payload = boc_cown_value(owner->native);
    if (!py_failure_is(payload))
        Py_RETURN_FALSE;
    py_failure_mark_seen(payload);
    Py_RETURN_TRUE;
}

static int cown_set_exception(PyObject *op, PyObject *flag, void *closure) {
    (void)closure;
    if (flag == NULL) {
        PyErr_SetString(PyExc_AttributeError, "Cown.exception cannot be deleted");
        return -1;
    }
    int is_exception = PyObject_IsTrue(flag);
    if (is_exception < 0)
        return -1;
    py_cown_t *owner = require_owner((py_cown_t *)op, "Cown.exception");
    if (owner == NULL || decode_value(state_of(owner), owner) < 0)
        return -1;
    owner->is_assigned = true;
    owner->is_exception = is_exception != 0;
    return 0;
}

static PyObject *cown_get_acquired(PyObject *op, void *closure) {
    (void)closure;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = state_of(cown);
    bool is_owned = find_owner(state, cown) != NULL;
    if (!is_owned && PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(is_owned ||
                           (py_runtime_main_owns_all() && !boc_cown_is_busy(cown->native)));
}

/* -- acquire, release, with ------------------------------------------------------------------ */

/* Own the cown through this handle; `wait` as long as it takes, or not at all. */
static int lease_cown(py_cown_t *cown, bool wait, const char *what) {
    core_state_t *state = state_of(cown);
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
    if (py_cown_own_leased(state, cown) < 0) {
        py_lease_end(lease);
        return -1;
    }
    cown->lease = lease;
    return 0;
}

static int unlease(py_cown_t *cown) {
    boc_behavior_t *lease = cown->lease;
    cown->lease = NULL;
    Py_INCREF(cown);
    int result = py_cown_disown_leased(state_of(cown), cown);
    py_lease_end(lease);
    Py_DECREF(cown);
    return result;
}

/* The threads of an interpreter share what they acquire, but not their `with` blocks. */
static bool is_block_of_another_thread(const py_cown_t *owner) {
    return is_of_another_thread(owner) && owner->is_block;
}

static PyObject *cown_acquire(PyObject *op, PyObject *unused) {
    (void)unused;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = state_of(cown);
    py_cown_t *owner = find_owner(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        owner = own_directly(state, cown);
    if (owner != NULL && is_block_of_another_thread(owner))
        return PyErr_Format(PyExc_RuntimeError,
                            "Cown.acquire: a `with` block of another thread holds the cown");
    if (owner == NULL) {
        if (PyErr_Occurred() || lease_cown(cown, false, "Cown.acquire") < 0)
            return NULL;
        cown->is_block = false;
        owner = cown;
    }
    if (decode_value(state, owner) == 0)
        Py_RETURN_NONE;
    if (owner->access == PY_LEASED) {
        PyObject *error = PyErr_GetRaisedException(); /* owned */
        (void)unlease(owner); /* nothing was decoded, so nothing can fail */
        PyErr_SetRaisedException(error);
    }
    return NULL;
}

void py_cown_release_all(core_state_t *state, bool by_all_threads) {
    if (PyDict_GET_SIZE(state->owned) == 0)
        return;
    PyObject *handles = PyDict_Values(state->owned); /* owned */
    for (Py_ssize_t i = 0; handles != NULL && i < PyList_GET_SIZE(handles); i++) {
        py_cown_t *cown = (py_cown_t *)PyList_GET_ITEM(handles, i); /* borrowed */
        if (cown->lease == NULL || (!by_all_threads && cown->thread != PyThread_get_thread_ident()))
            continue;
        if (unlease(cown) < 0)
            PyErr_WriteUnraisable((PyObject *)cown);
    }
    Py_XDECREF(handles);
    PyErr_Clear();
}

static PyObject *cown_release(PyObject *op, PyObject *unused) {
    (void)unused;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = state_of(cown);
    py_cown_t *owner = find_owner(state, cown);
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
    if (write_back(state, owner, &value) < 0) {
        discard(&value);
        return NULL;
    }
    replace_value(owner, value);
    Py_CLEAR(owner->value);
    (void)unlease(owner);
    Py_RETURN_NONE;
}

/* The end of a `with` block: -1 with the exception of the value that cannot leave. */
static int leave_block(py_cown_t *owner) {
    assert(owner->depth > 0);
    return --owner->depth == 0 && owner->access == PY_LEASED ? unlease(owner) : 0;
}

int py_cown_leave_owned(core_state_t *state, py_cown_t *cown) {
    py_cown_t *owner = find_owner(state, cown);
    if (owner == NULL)
        return PyErr_Occurred() ? -1 : 0;
    return owner->depth > 0 ? leave_block(owner) : 0;
}

static PyObject *cown_enter(PyObject *op, PyObject *unused) {
    (void)unused;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = state_of(cown);
    py_cown_t *owner = find_owner(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        owner = own_directly(state, cown);
    if (owner == NULL && PyErr_Occurred())
        return NULL;
    if (owner == NULL || is_of_another_thread(owner)) {
        bool may_wait = state->worker < 0 && py_lease_held() == 0;
        if (lease_cown(cown, may_wait, "with cown") < 0)
            return NULL;
        owner = cown;
    } else {
        owner->depth++;
        owner->thread = PyThread_get_thread_ident();
    }
    if (decode_value(state, owner) == 0)
        return Py_NewRef(owner->value);
    PyObject *error = PyErr_GetRaisedException(); /* owned */
    (void)leave_block(owner); /* nothing was decoded, so nothing can fail */
    PyErr_SetRaisedException(error);
    return NULL;
}

static PyObject *cown_exit(PyObject *op, PyObject *args) {
    (void)args;
    py_cown_t *cown = (py_cown_t *)op;
    py_cown_t *owner = find_owner(state_of(cown), cown);
    if (owner == NULL && PyErr_Occurred())
        return NULL;
    if (owner != NULL && owner->depth > 0 && leave_block(owner) < 0)
        return NULL;
    Py_RETURN_FALSE;
}

/* -- results ------------------------------------------------------------------------------------
 */

static PyObject *cown_done(PyObject *op, PyObject *unused) {
    (void)unused;
    return PyBool_FromLong(boc_cown_holder(((py_cown_t *)op)->native) != PY_HOLDER_PRODUCER);
}

static PyObject *raise_or_give(py_cown_t *owner) {
    core_state_t *state = state_of(owner);
    if (decode_value(state, owner) < 0)
        return NULL;
    if (owner->is_exception && PyExceptionInstance_Check(owner->value)) {
        PyErr_SetRaisedException(Py_NewRef(owner->value));
        return NULL;
    }
    return Py_NewRef(owner->value);
}

static PyObject *cown_result(PyObject *op, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"timeout", NULL};
    PyObject *timeout = Py_None; /* borrowed */
    int64_t deadline_ns;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:result", keywords, &timeout) ||
        py_wait_deadline(timeout, &deadline_ns) < 0)
        return NULL;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = state_of(cown);
    py_cown_t *owner = find_owner(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        owner = own_directly(state, cown);
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

static PyObject *cown_unwrap(PyObject *op, PyObject *unused) {
    (void)unused;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = state_of(cown);
    py_cown_t *owner = find_owner(state, cown);
    if (owner == NULL && !PyErr_Occurred())
        owner = own_directly(state, cown);
    if (owner != NULL && owner->access == PY_GRANTED)
        return PyErr_Format(PyExc_RuntimeError,
                            "Cown.unwrap: the behavior that holds this cown is still in flight");
    bool is_leased_here = false;
    if (owner == NULL && !PyErr_Occurred()) {
        is_leased_here = lease_cown(cown, false, "Cown.unwrap") == 0;
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
        (void)unlease(owner); /* None can always be written back */
        PyErr_SetRaisedException(error);
    }
    return result;
}

/* -- identity, order, text ------------------------------------------------------------------------
 */

static PyObject *cown_richcompare(PyObject *op, PyObject *other, int operation) {
    core_state_t *state = py_state_of_type(Py_TYPE(op));
    if (state == NULL || !py_cown_check(state, other))
        Py_RETURN_NOTIMPLEMENTED;
    boc_cown_t *left = py_cown_native(op), *right = py_cown_native(other);
    switch (operation) {
    case Py_EQ:
        return PyBool_FromLong(left == right);
    case Py_NE:
        return PyBool_FromLong(left != right);
    case Py_LT:
        return PyBool_FromLong(boc_cown_id(left) < boc_cown_id(right));
    case Py_GT:
        return PyBool_FromLong(boc_cown_id(left) > boc_cown_id(right));
    default:
        Py_RETURN_NOTIMPLEMENTED;
    }
}

static Py_hash_t cown_hash(PyObject *op) {
    return (Py_hash_t)(boc_cown_id(py_cown_native(op)) * 2654435761u & (size_t)PY_SSIZE_T_MAX);
}

static PyObject *cown_repr(PyObject *op) {
    py_cown_t *cown = (py_cown_t *)op;
    py_cown_t *owner = find_owner(state_of(cown), cown);
    if (owner == NULL && !PyErr_Occurred())
        owner = own_directly(state_of(cown), cown);
    if (owner == NULL) {
        PyErr_Clear();
        return PyUnicode_FromFormat("<Cown %llu, not acquired>",
                                    (unsigned long long)boc_cown_id(cown->native));
    }
    if (decode_value(state_of(owner), owner) < 0)
        return NULL;
    int status = Py_ReprEnter(op);
    if (status != 0)
        return status > 0 ? PyUnicode_FromString("<Cown ...>") : NULL;
    PyObject *text = PyUnicode_FromFormat(
        "<Cown %llu: %R>", (unsigned long long)boc_cown_id(cown->native), owner->value);
    Py_ReprLeave(op);
    return text;
}

static PyObject *cown_copy(PyObject *op, PyObject *unused) {
    (void)unused;
    boc_cown_ref(py_cown_native(op));
    py_cown_t *copy = new_handle(Py_TYPE(op), py_cown_native(op));
    if (copy != NULL)
        copy->is_received = ((py_cown_t *)op)->is_received;
    return (PyObject *)copy;
}

static PyObject *cown_reduce(PyObject *op, PyObject *unused) {
    (void)unused;
    return py_pickled_reduce(op);
}

static PyObject *cown_get_impl(PyObject *op, void *closure) {
    (void)closure;
    return Py_NewRef(op);
}

static PyMethodDef cown_methods[] = {
    {"acquire", cown_acquire, METH_NOARGS,
     "acquire($self, /)\n--\n\n"
     "Take the cown for this interpreter; never waits.\n\n"
     "Raises:\n    RuntimeError: if a behavior or another interpreter holds or awaits it."},
    {"release", cown_release, METH_NOARGS,
     "release($self, /)\n--\n\n"
     "Give an acquired cown back. Nothing happens if it is free.\n\n"
     "Raises:\n    RuntimeError: if another interpreter or the running behavior holds it.\n"
     "    Exception: what pickle raises, if the value cannot leave the interpreter; the cown\n"
     "        then stays acquired."},
    {"done", cown_done, METH_NOARGS,
     "done($self, /)\n--\n\nWhether the behavior whose result this is has finished."},
    {"result", (PyCFunction)(void (*)(void))cown_result, METH_VARARGS | METH_KEYWORDS,
     "result($self, /, timeout=None)\n--\n\n"
     "Wait until everything scheduled on this cown has run, and return its value.\n\n"
     "Args:\n    timeout: seconds to wait; None for no limit.\n\n"
     "Raises:\n    TimeoutError: if it takes longer.\n"
     "    RuntimeError: inside a behavior, or if this thread holds a cown.\n"
     "    BaseException: the exception that the cown holds."},
    {"unwrap", cown_unwrap, METH_NOARGS,
     "unwrap($self, /)\n--\n\n"
     "Take the value out, or raise the exception that the cown holds; it then holds None.\n\n"
     "Raises:\n    RuntimeError: if a behavior on this cown has not finished."},
    {"__enter__", cown_enter, METH_NOARGS, NULL},
    {"__exit__", cown_exit, METH_VARARGS, NULL},
    {"__copy__", cown_copy, METH_NOARGS, NULL},
    {"__deepcopy__", cown_copy, METH_O, NULL},
    {"__reduce__", cown_reduce, METH_NOARGS, NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef cown_getset[] = {
    {"value", cown_get_value, cown_set_value,
     "The value. Only while this interpreter holds the cown: in a behavior on it, inside\n"
     "``with cown``, or in main while no runtime is up.",
     NULL},
    {"exception", cown_get_exception, cown_set_exception,
     "Whether the value is an exception that escaped from a behavior.", NULL},
    {"acquired", cown_get_acquired, NULL, "Whether this interpreter holds the cown.", NULL},
    {"impl", cown_get_impl, NULL, "The handle itself.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef cown_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(py_cown_t, weak_list), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot cown_slots[] = {
    {Py_tp_doc,
     "Cown(value)\n--\n\n"
     "A value that only the behavior holding it may touch.\n\n"
     "Behaviors are scheduled on cowns with ``when``. The value is encoded at once, so later\n"
     "changes of the object that was passed do not reach the cown.\n\n"
     "Raises:\n    Exception: what pickle raises, if the value cannot leave the interpreter."},
    {Py_tp_new, cown_new},
    {Py_tp_traverse, cown_traverse},
    {Py_tp_clear, cown_clear},
    {Py_tp_dealloc, cown_dealloc},
    {Py_tp_richcompare, cown_richcompare},
    {Py_tp_hash, cown_hash},
    {Py_tp_repr, cown_repr},
    {Py_tp_methods, cown_methods},
    {Py_tp_getset, cown_getset},
    {Py_tp_members, cown_members},
    {0, NULL},
};

static PyType_Spec cown_spec = {
    .name = "bocpy.Cown",
    .basicsize = sizeof(py_cown_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = cown_slots,
};

int py_cown_add_type(PyObject *module, core_state_t *state) {
    state->cown_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &cown_spec, NULL);
    return state->cown_type != NULL ? PyModule_AddType(module, state->cown_type) : -1;
}
