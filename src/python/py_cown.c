#include "python/py_cown.h"

#include "python/py_acquire.h"
#include "python/py_behavior.h"
#include "python/py_errors.h"
#include "python/py_failure.h"
#include "python/py_lease.h"
#include "python/py_live.h"
#include "python/py_owner.h"
#include "python/py_pickled.h"
#include "python/py_result.h"
#include "python/py_runtime.h"
#include "python/py_state.h"
#include "python/py_turn.h"

#include <stddef.h>

/* -- handles --------------------------------------------------------------------- */

core_state_t *py_cown_state(py_cown_t *cown) { return py_state_of_type(Py_TYPE(cown)); }

bool py_cown_check(core_state_t *state, PyObject *object) {
    return PyObject_TypeCheck(object, state->cown_type);
}

boc_cown_t *py_cown_native(PyObject *handle) { return ((py_cown_t *)handle)->native; }

/* A zeroed handle, not tracked yet; it owns no value. */
static py_cown_t *allocate(core_state_t *state) {
    PyObject *op = py_freelist_take(&state->free_cowns);
    if (op != NULL)
        op = PyObject_Init(op, state->cown_type);
    else
        op = (PyObject *)PyObject_GC_New(py_cown_t, state->cown_type);
    if (op != NULL)
        memset((char *)op + sizeof(PyObject), 0, sizeof(py_cown_t) - sizeof(PyObject));
    return (py_cown_t *)op;
}

static py_cown_t *new_handle(core_state_t *state, boc_cown_t *taken) {
    py_cown_t *cown = allocate(state);
    if (cown == NULL) {
        boc_cown_unref(taken);
        return NULL;
    }
    cown->native = taken;
    return cown;
}

/* The collector need not know a handle that nothing leads on from. */
static void hold_value(py_cown_t *cown, PyObject *owned) {
    cown->value = owned;
    if (owned == NULL || cown->is_tracked || !PyObject_IS_GC(owned))
        return;
    cown->is_tracked = true;
    PyObject_GC_Track((PyObject *)cown);
}

PyObject *py_cown_wrap(core_state_t *state, boc_cown_t *taken) {
    py_cown_t *cown = new_handle(state, taken);
    if (cown != NULL)
        cown->is_received = state->frame != NULL;
    return (PyObject *)cown;
}

py_cown_t *py_cown_lend(core_state_t *state, boc_cown_t *native) {
    py_cown_t *cown = allocate(state);
    if (cown == NULL)
        return NULL;
    cown->native = native;
    cown->is_received = true;
#ifdef Py_GIL_DISABLED
    boc_cown_ref(native); /* nobody can tell whether a reference of the handle is the last */
#else
    cown->is_borrowed = true;
#endif
    return cown;
}

void py_cown_let_go(py_cown_t *lent) {
    if (lent->is_borrowed && Py_REFCNT(lent) > 1) {
        boc_cown_ref(lent->native);
        lent->is_borrowed = false;
    }
    Py_DECREF(lent);
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
        return (PyObject *)new_handle(state, py_cown_native(value));
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
    return (PyObject *)new_handle(state, native);
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
    core_state_t *state = py_state_of_type(type); /* NULL when the interpreter ends */
    if (cown->is_tracked)
        PyObject_GC_UnTrack(op);
    if (cown->weak_list != NULL)
        PyObject_ClearWeakRefs(op);
    py_cown_t *record = py_owner_forget_record(state, cown); /* owned */
    PyObject *value = cown->value;                           /* owned */
    if (cown->lease != NULL)
        py_lease_end(cown->lease);
    if (!cown->is_borrowed)
        boc_cown_unref(cown->native);
    if (state == NULL || !py_freelist_keep(&state->free_cowns, op))
        PyObject_GC_Del(op);
    Py_XDECREF(record);
    Py_XDECREF(value);
    Py_DECREF(type);
}

/* -- value and exception ------------------------------------------------------------------ */

int py_cown_decode(py_cown_t *owner) {
    if (owner->value != NULL)
        return 0;
    core_state_t *state = py_cown_state(owner);
    boc_payload_t *payload = boc_cown_value(owner->native);
    if (py_live_is(payload)) {
        hold_value(owner, py_live_take(payload));
        owner->is_assigned = true; /* the payload says nothing of it any more */
        return 0;
    }
    PyObject *value; /* owned */
    if (payload->ops == NULL)
        value = Py_NewRef(Py_None);
    else if (py_failure_is(payload))
        value = py_failure_decode(state, payload);
    else
        value = owner->is_reader ? py_transfer_decode(state, payload)
                                 : py_transfer_take(state, payload);
    if (value != NULL && owner->value != NULL) { /* another thread did so meanwhile */
        Py_DECREF(value);
        return 0;
    }
    hold_value(owner, value);
    owner->is_exception = py_failure_is(payload);
    return owner->value != NULL ? 0 : -1;
}

int py_cown_decode_early(py_cown_t *cown) {
    boc_payload_t *payload = boc_cown_value(cown->native);
    if (payload->ops != &py_payload_blob || !((py_blob_t *)payload->data)->runs_code)
        return 0;
    return py_cown_decode(cown);
}

static PyObject *cown_get_value(PyObject *op, void *closure) {
    (void)closure;
    py_cown_t *owner = (py_cown_t *)op;
    if (owner->value != NULL)
        return Py_NewRef(owner->value);
    if (owner->access == PY_NOT_OWNED && (owner = py_owner_require(owner, "Cown.value")) == NULL)
        return NULL;
    return py_cown_decode(owner) == 0 ? Py_NewRef(owner->value) : NULL;
}

static int cown_set_value(PyObject *op, PyObject *value, void *closure) {
    (void)closure;
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "Cown.value cannot be deleted");
        return -1;
    }
    py_cown_t *owner = (py_cown_t *)op;
    if (owner->access == PY_NOT_OWNED && (owner = py_owner_require(owner, "Cown.value")) == NULL)
        return -1;
    if (owner->is_reader) {
        PyErr_SetString(PyExc_RuntimeError, "Cown.value: this behavior only reads the cown");
        return -1;
    }
    owner->is_assigned = true;
    owner->is_exception = false;
    PyObject *old = owner->value; /* owned */
    hold_value(owner, Py_NewRef(value));
    Py_XDECREF(old);
    return 0;
}

static PyObject *cown_get_exception(PyObject *op, void *closure) {
    (void)closure;
    py_cown_t *owner = py_owner_require((py_cown_t *)op, "Cown.exception");
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
    py_cown_t *owner = py_owner_require((py_cown_t *)op, "Cown.exception");
    if (owner == NULL || py_cown_decode(owner) < 0)
        return -1;
    if (owner->is_reader) {
        PyErr_SetString(PyExc_RuntimeError, "Cown.exception: this behavior only reads the cown");
        return -1;
    }
    owner->is_assigned = true;
    owner->is_exception = is_exception != 0;
    return 0;
}

static PyObject *cown_get_acquired(PyObject *op, void *closure) {
    (void)closure;
    py_cown_t *cown = (py_cown_t *)op;
    core_state_t *state = py_cown_state(cown);
    bool is_owned = py_owner_find(state, cown) != NULL;
    if (!is_owned && PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(is_owned ||
                           (py_runtime_main_owns_all() && !boc_cown_is_busy(cown->native)));
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
    py_cown_t *owner = py_owner_of(py_cown_state(cown), cown);
    if (owner == NULL) {
        PyErr_Clear();
        return PyUnicode_FromFormat("<Cown %llu, not acquired>",
                                    (unsigned long long)boc_cown_id(cown->native));
    }
    if (py_cown_decode(owner) < 0)
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
    py_cown_t *copy = new_handle(py_cown_state((py_cown_t *)op), py_cown_native(op));
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

/* -- in turn ---------------------------------------------------------------------------- */

#define GETTER(name) PY_DEFINE_TURN(PyObject *, name, (PyObject * op, void *closure), (op, closure))
#define SETTER(name)                                                                               \
    PY_DEFINE_TURN(int, name, (PyObject * op, PyObject * value, void *closure),                    \
                   (op, value, closure))
#define METHOD(name)                                                                               \
    PY_DEFINE_TURN(PyObject *, name, (PyObject * op, PyObject * argument), (op, argument))

GETTER(cown_get_value);
SETTER(cown_set_value);
GETTER(cown_get_exception);
SETTER(cown_set_exception);
GETTER(cown_get_acquired);
METHOD(py_acquire_cown);
METHOD(py_acquire_release);
METHOD(py_acquire_enter);
METHOD(py_acquire_exit);
METHOD(py_result_unwrap);
PY_DEFINE_TURN(PyObject *, py_result_wait, (PyObject * op, PyObject *args, PyObject *kwargs),
               (op, args, kwargs));
PY_DEFINE_TURN(PyObject *, cown_repr, (PyObject * op), (op));

static PyMethodDef cown_methods[] = {
    {"acquire", PY_TURN(py_acquire_cown), METH_NOARGS,
     "acquire($self, /)\n--\n\n"
     "Take the cown for this interpreter; never waits.\n\n"
     "Raises:\n    RuntimeError: if a behavior or another interpreter holds or awaits it."},
    {"release", PY_TURN(py_acquire_release), METH_NOARGS,
     "release($self, /)\n--\n\n"
     "Give an acquired cown back. Nothing happens if it is free.\n\n"
     "Raises:\n    RuntimeError: if another interpreter or the running behavior holds it.\n"
     "    Exception: what pickle raises, if the value cannot leave the interpreter; the cown\n"
     "        then stays acquired."},
    {"done", py_result_done, METH_NOARGS,
     "done($self, /)\n--\n\nWhether the behavior whose result this is has finished."},
    {"result", (PyCFunction)(void (*)(void))PY_TURN(py_result_wait), METH_VARARGS | METH_KEYWORDS,
     "result($self, /, timeout=None)\n--\n\n"
     "Wait until everything scheduled on this cown has run, and return its value.\n\n"
     "Args:\n    timeout: seconds to wait; None for no limit.\n\n"
     "Raises:\n    TimeoutError: if it takes longer.\n"
     "    RuntimeError: inside a behavior, or if this thread holds a cown.\n"
     "    BaseException: the exception that the cown holds."},
    {"unwrap", PY_TURN(py_result_unwrap), METH_NOARGS,
     "unwrap($self, /)\n--\n\n"
     "Take the value out, or raise the exception that the cown holds; it then holds None.\n\n"
     "Raises:\n    RuntimeError: if a behavior on this cown has not finished."},
    {"__enter__", PY_TURN(py_acquire_enter), METH_NOARGS, NULL},
    {"__exit__", PY_TURN(py_acquire_exit), METH_VARARGS, NULL},
    {"__copy__", cown_copy, METH_NOARGS, NULL},
    {"__deepcopy__", cown_copy, METH_O, NULL},
    {"__reduce__", cown_reduce, METH_NOARGS, NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef cown_getset[] = {
    {"value", PY_TURN(cown_get_value), PY_TURN(cown_set_value),
     "The value. Only while this interpreter holds the cown: in a behavior on it, inside\n"
     "``with cown``, or in main while no runtime is up.",
     NULL},
    {"exception", PY_TURN(cown_get_exception), PY_TURN(cown_set_exception),
     "Whether the value is an exception that escaped from a behavior.", NULL},
    {"acquired", PY_TURN(cown_get_acquired), NULL, "Whether this interpreter holds the cown.",
     NULL},
    {"impl", cown_get_impl, NULL, "The handle itself.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef cown_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(py_cown_t, weak_list), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

/* CPython looks a descriptor of this kind up in the type each time, and that costs more than
 * most values; `value` is what behaviors use. */
static inline bool is_value(PyObject *name) {
    static const char text[] = "value";
    return PyUnicode_GET_LENGTH(name) == sizeof text - 1 && PyUnicode_IS_COMPACT_ASCII(name) &&
           memcmp(PyUnicode_DATA(name), text, sizeof text - 1) == 0;
}

static PyObject *cown_getattro(PyObject *op, PyObject *name) {
    return is_value(name) ? PY_TURN(cown_get_value)(op, NULL) : PyObject_GenericGetAttr(op, name);
}

static int cown_setattro(PyObject *op, PyObject *name, PyObject *value) {
    return is_value(name) ? PY_TURN(cown_set_value)(op, value, NULL)
                          : PyObject_GenericSetAttr(op, name, value);
}

static PyType_Slot cown_slots[] = {
    {Py_tp_doc,
     "Cown(value)\n--\n\n"
     "A value that only the behavior holding it may touch.\n\n"
     "Behaviors are scheduled on cowns with ``when``. The value is encoded at once, so later\n"
     "changes of the object that was passed do not reach the cown.\n\n"
     "Raises:\n    Exception: what pickle raises, if the value cannot leave the interpreter."},
    {Py_tp_new, cown_new},
    {Py_tp_getattro, cown_getattro},
    {Py_tp_setattro, cown_setattro},
    {Py_tp_traverse, cown_traverse},
    {Py_tp_clear, cown_clear},
    {Py_tp_dealloc, cown_dealloc},
    {Py_tp_richcompare, cown_richcompare},
    {Py_tp_hash, cown_hash},
    {Py_tp_repr, PY_TURN(cown_repr)},
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
