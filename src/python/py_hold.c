#include "python/py_hold.h"

#include "platform/thread.h"
#include "python/py_cown.h"
#include "python/py_errors.h"
#include "python/py_lease.h"
#include "python/py_owner.h"
#include "python/py_state.h"
#include "python/py_turn.h"

typedef struct py_hold {
    PyObject_HEAD PyObject *cowns;       /* owned; tuple of the handles that were passed */
    PyObject *taken;       /* owned; list of those that `lease` holds; NULL outside `with` */
    PyObject *entered;     /* owned; list of those that the thread held before */
    boc_behavior_t *lease; /* NULL when nothing had to be taken */
} py_hold_t;

static PyObject *hold_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    core_state_t *state = py_state_of_type(type);
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "hold: no keyword arguments");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); i++) {
        PyObject *item = PyTuple_GET_ITEM(args, i); /* borrowed */
        if (!py_cown_check(state, item))
            return PyErr_Format(PyExc_TypeError,
                                "hold: every argument must be a Cown, not a %.100s",
                                Py_TYPE(item)->tp_name);
    }
    py_hold_t *hold = (py_hold_t *)type->tp_alloc(type, 0);
    if (hold != NULL)
        hold->cowns = Py_NewRef(args);
    return (PyObject *)hold;
}

/* Leave the blocks on what the thread held before.  -1 with the first exception. */
static int leave_all(core_state_t *state, PyObject *entered) {
    int result = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entered); i++) {
        PyObject *raised = PyErr_GetRaisedException(); /* owned */
        int left = py_owner_leave(state, (py_cown_t *)PyList_GET_ITEM(entered, i));
        result = left < 0 ? -1 : result;
        if (raised != NULL)
            PyErr_SetRaisedException(raised); /* the first one counts */
    }
    return result;
}

/* Sort the handles: those that this thread holds, whose blocks are entered, and the
 * others, each cown once.  Two new lists, or -1. */
static int sort_cowns(core_state_t *state, PyObject *cowns, PyObject **p_entered,
                      PyObject **p_missing) {
    PyObject *entered = PyList_New(0); /* owned */
    PyObject *missing = PyList_New(0); /* owned */
    int result = entered != NULL && missing != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(cowns); i++) {
        PyObject *handle = PyTuple_GET_ITEM(cowns, i); /* borrowed */
        if (PyList_Append(entered, handle) < 0) {
            result = -1;
            break;
        }
        int is_entered = py_owner_enter(state, (py_cown_t *)handle);
        if (is_entered == 1)
            continue;
        int is_listed = is_entered == 0 ? PySequence_Contains(missing, handle) : -1;
        if (PyList_SetSlice(entered, PyList_GET_SIZE(entered) - 1, PY_SSIZE_T_MAX, NULL) < 0 ||
            is_listed < 0 || (is_listed == 0 && PyList_Append(missing, handle) < 0))
            result = -1;
    }
    if (result < 0) {
        if (entered != NULL)
            (void)leave_all(state, entered);
        Py_CLEAR(entered);
        Py_CLEAR(missing);
    }
    *p_entered = entered;
    *p_missing = missing;
    return result;
}

static boc_behavior_t *take(core_state_t *state, PyObject *missing) {
    Py_ssize_t count = PyList_GET_SIZE(missing);
    boc_cown_t **natives = PyMem_Calloc((size_t)count + 1, sizeof *natives);
    if (natives == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        natives[i] = py_cown_native(PyList_GET_ITEM(missing, i));
    boc_behavior_t *lease = NULL;
    if (state->worker < 0 && py_lease_held() == 0) {
        lease = py_lease_take(natives, (size_t)count, BOC_FOREVER, "hold");
    } else {
        boc_status_t status = py_lease_try(natives, (size_t)count, &lease);
        if (status == BOC_EBUSY)
            PyErr_SetString(PyExc_RuntimeError,
                            "hold: a cown is held or awaited by others, and a behavior, or a "
                            "thread that holds a cown, must not wait");
        else if (status != BOC_OK)
            py_errors_raise(status, "hold");
        if (status != BOC_OK)
            lease = NULL;
    }
    PyMem_Free(natives);
    return lease;
}

/* End the ownership of the first `count` handles and the lease.  -1 with the first
 * exception; every cown is given back all the same. */
static int give_back(core_state_t *state, PyObject *taken, Py_ssize_t count,
                     boc_behavior_t *lease) {
    PyObject *first = NULL; /* owned */
    for (Py_ssize_t i = 0; i < count; i++) {
        if (py_owner_end_lease(state, (py_cown_t *)PyList_GET_ITEM(taken, i)) == 0)
            continue;
        PyObject *error = PyErr_GetRaisedException(); /* owned */
        if (first == NULL)
            first = Py_NewRef(error);
        Py_DECREF(error);
    }
    py_lease_end(lease);
    if (first == NULL)
        return 0;
    PyErr_SetRaisedException(first);
    return -1;
}

static PyObject *list_values(PyObject *cowns) {
    PyObject *values = PyTuple_New(PyTuple_GET_SIZE(cowns)); /* owned */
    for (Py_ssize_t i = 0; values != NULL && i < PyTuple_GET_SIZE(cowns); i++) {
        PyObject *value = PyObject_GetAttrString(PyTuple_GET_ITEM(cowns, i), "value"); /* owned */
        if (value == NULL)
            Py_CLEAR(values);
        else
            PyTuple_SET_ITEM(values, i, value);
    }
    return values;
}

static int own_all(core_state_t *state, py_hold_t *hold, PyObject *missing) {
    if (PyList_GET_SIZE(missing) == 0)
        return 0;
    boc_behavior_t *lease = take(state, missing);
    if (lease == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(missing); i++) {
        if (py_owner_begin_lease(state, (py_cown_t *)PyList_GET_ITEM(missing, i)) == 0)
            continue;
        PyObject *error = PyErr_GetRaisedException(); /* owned */
        if (give_back(state, missing, i, lease) < 0)
            PyErr_Clear(); /* nothing was decoded yet */
        PyErr_SetRaisedException(error);
        return -1;
    }
    hold->lease = lease;
    return 0;
}

static int let_go(core_state_t *state, py_hold_t *hold) {
    PyObject *taken = hold->taken;     /* owned */
    PyObject *entered = hold->entered; /* owned */
    boc_behavior_t *lease = hold->lease;
    hold->taken = hold->entered = NULL;
    hold->lease = NULL;
    int result;
    PY_BEGIN_TURN(state->cown_type);
    result = lease != NULL ? give_back(state, taken, PyList_GET_SIZE(taken), lease) : 0;
    if (leave_all(state, entered) < 0)
        result = -1;
    PY_END_TURN();
    Py_XDECREF(entered);
    Py_XDECREF(taken);
    return result;
}

static int enter(core_state_t *state, py_hold_t *hold) {
    PyObject *entered, *missing; /* owned */
    if (sort_cowns(state, hold->cowns, &entered, &missing) < 0)
        return -1;
    if (own_all(state, hold, missing) < 0) {
        (void)leave_all(state, entered);
        Py_DECREF(entered);
        Py_DECREF(missing);
        return -1;
    }
    hold->taken = missing;
    hold->entered = entered;
    return 0;
}

static PyObject *hold_enter(PyObject *op, PyObject *unused) {
    (void)unused;
    py_hold_t *hold = (py_hold_t *)op;
    core_state_t *state = py_state_of_type(Py_TYPE(op));
    if (hold->taken != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "hold: already entered; make another one");
        return NULL;
    }
    int result;
    PY_BEGIN_TURN(state->cown_type);
    result = enter(state, hold);
    PY_END_TURN();
    if (result < 0)
        return NULL;
    PyObject *values = list_values(hold->cowns); /* owned */
    if (values == NULL) {
        PyObject *error = PyErr_GetRaisedException(); /* owned */
        if (let_go(state, hold) < 0)
            PyErr_Clear();
        PyErr_SetRaisedException(error);
    }
    return values;
}

static PyObject *hold_exit(PyObject *op, PyObject *args) {
    (void)args;
    py_hold_t *hold = (py_hold_t *)op;
    if (hold->taken != NULL && let_go(py_state_of_type(Py_TYPE(op)), hold) < 0)
        return NULL;
    Py_RETURN_FALSE;
}

static int hold_traverse(PyObject *op, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((py_hold_t *)op)->cowns);
    Py_VISIT(((py_hold_t *)op)->taken);
    Py_VISIT(((py_hold_t *)op)->entered);
    return 0;
}

static int hold_clear(PyObject *op) {
    Py_CLEAR(((py_hold_t *)op)->cowns);
    return 0;
}

static void hold_dealloc(PyObject *op) {
    py_hold_t *hold = (py_hold_t *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    if (hold->taken != NULL) { /* entered by hand and never left */
        PyObject *raised = PyErr_GetRaisedException(); /* owned */
        if (let_go(py_state_of_type(type), hold) < 0)
            PyErr_WriteUnraisable(op);
        PyErr_SetRaisedException(raised);
    }
    (void)hold_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMethodDef hold_methods[] = {
    {"__enter__", hold_enter, METH_NOARGS, NULL},
    {"__exit__", hold_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot hold_slots[] = {
    {Py_tp_doc,
     "hold(*cowns)\n--\n\n"
     "Hold several cowns at once in a ``with`` block, which gets their values.\n\n"
     "Outside behaviors the block queues, in order with what is scheduled, and waits\n"
     "until it has all of them; inside a behavior it never waits. Any thread.\n\n"
     "Raises:\n"
     "    TypeError: if an argument is no Cown.\n"
     "    RuntimeError: on entry, if it would have to wait where waiting is not allowed.\n"
     "    KeyboardInterrupt: if Ctrl-C comes while it waits."},
    {Py_tp_new, hold_new},
    {Py_tp_traverse, hold_traverse},
    {Py_tp_clear, hold_clear},
    {Py_tp_dealloc, hold_dealloc},
    {Py_tp_methods, hold_methods},
    {0, NULL},
};

static PyType_Spec hold_spec = {
    .name = "bocpy.hold",
    .basicsize = sizeof(py_hold_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = hold_slots,
};

int py_hold_add_type(PyObject *module, core_state_t *state) {
    (void)state;
    PyObject *type = PyType_FromModuleAndSpec(module, &hold_spec, NULL); /* owned */
    int result = type != NULL ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return result;
}
