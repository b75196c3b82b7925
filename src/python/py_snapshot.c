#include "python/py_snapshot.h"

#include "python/py_state.h"
#include "python/py_transfer.h"

#include <boc/noticeboard.h>

typedef struct py_snapshot {
    PyObject_VAR_HEAD boc_snapshot_t *native; /* one counted reference */
    PyObject *values[];                       /* owned; by position, NULL until decoded */
} py_snapshot_t;

/* -- reading ---------------------------------------------------------------------------- */

PyObject *py_snapshot_take(core_state_t *state) {
    boc_snapshot_t *native = boc_snapshot_take();
    Py_ssize_t count = (Py_ssize_t)boc_snapshot_count(native);
    PyTypeObject *type = state->snapshot_type;
    py_snapshot_t *snapshot = (py_snapshot_t *)type->tp_alloc(type, count); /* zeroed */
    if (snapshot == NULL) {
        boc_snapshot_unref(native);
        return NULL;
    }
    snapshot->native = native;
    return (PyObject *)snapshot;
}

static PyObject *value_at(py_snapshot_t *snapshot, size_t position) {
    if (snapshot->values[position] == NULL) {
        core_state_t *state = py_state_of_type(Py_TYPE(snapshot));
        PyObject *value =
            py_transfer_decode(state, boc_snapshot_value(snapshot->native, position)); /* owned */
        if (value == NULL)
            return NULL;
        if (snapshot->values[position] == NULL)
            snapshot->values[position] = value;
        else /* decoding ran code that read the key */
            Py_DECREF(value);
    }
    return Py_NewRef(snapshot->values[position]);
}

/* Where `key` is; SIZE_MAX without, and with an exception if it cannot be one. */
static size_t position_of(py_snapshot_t *snapshot, PyObject *key) {
    if (!PyUnicode_Check(key))
        return SIZE_MAX; /* as in a dict of strings */
    Py_ssize_t size;
    const char *bytes = PyUnicode_AsUTF8AndSize(key, &size);
    if (bytes == NULL) {
        if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            PyErr_Clear(); /* no key has lone surrogates */
        return SIZE_MAX;
    }
    return boc_snapshot_position(snapshot->native, (boc_key_t){bytes, (size_t)size});
}

PyObject *py_snapshot_read(PyObject *op, PyObject *key) {
    size_t position = position_of((py_snapshot_t *)op, key);
    return position != SIZE_MAX ? value_at((py_snapshot_t *)op, position) : NULL;
}

static PyObject *key_at(py_snapshot_t *snapshot, size_t position) {
    boc_key_t key = boc_snapshot_key(snapshot->native, position);
    return PyUnicode_DecodeUTF8(key.bytes, (Py_ssize_t)key.size, NULL);
}

PyObject *py_snapshot_dict(PyObject *op) {
    py_snapshot_t *snapshot = (py_snapshot_t *)op;
    PyObject *dict = PyDict_New(); /* owned */
    for (size_t i = 0; dict != NULL && i < (size_t)Py_SIZE(op); i++) {
        PyObject *key = key_at(snapshot, i);                              /* owned */
        PyObject *value = key != NULL ? value_at(snapshot, i) : NULL;     /* owned */
        if (value == NULL || PyDict_SetItem(dict, key, value) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(value);
        Py_XDECREF(key);
    }
    return dict;
}

/* -- the mapping ------------------------------------------------------------------------ */

static Py_ssize_t snapshot_length(PyObject *op) { return Py_SIZE(op); }

static PyObject *snapshot_subscript(PyObject *op, PyObject *key) {
    PyObject *value = py_snapshot_read(op, key); /* owned */
    if (value == NULL && !PyErr_Occurred())
        PyErr_SetObject(PyExc_KeyError, key);
    return value;
}

static int snapshot_contains(PyObject *op, PyObject *key) {
    if (position_of((py_snapshot_t *)op, key) != SIZE_MAX)
        return 1;
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *snapshot_get(PyObject *op, PyObject *const *args, Py_ssize_t count) {
    if (count < 1 || count > 2)
        return PyErr_Format(PyExc_TypeError, "get expected 1 or 2 arguments, got %zd", count);
    PyObject *value = py_snapshot_read(op, args[0]); /* owned */
    if (value != NULL || PyErr_Occurred())
        return value;
    return Py_NewRef(count == 2 ? args[1] : Py_None);
}

static PyObject *key_list(PyObject *op) {
    PyObject *keys = PyList_New(Py_SIZE(op)); /* owned */
    for (Py_ssize_t i = 0; keys != NULL && i < Py_SIZE(op); i++) {
        PyObject *key = key_at((py_snapshot_t *)op, (size_t)i); /* owned */
        if (key == NULL)
            Py_CLEAR(keys);
        else
            PyList_SET_ITEM(keys, i, key);
    }
    return keys;
}

static PyObject *snapshot_iter(PyObject *op) {
    PyObject *keys = key_list(op); /* owned */
    PyObject *iterator = keys != NULL ? PyObject_GetIter(keys) : NULL;
    Py_XDECREF(keys);
    return iterator;
}

static PyObject *snapshot_reversed(PyObject *op, PyObject *unused) {
    (void)unused;
    PyObject *keys = key_list(op); /* owned */
    PyObject *iterator = keys != NULL && PyList_Reverse(keys) == 0 ? PyObject_GetIter(keys) : NULL;
    Py_XDECREF(keys);
    return iterator;
}

/* KeysView, ValuesView or ItemsView: they look values up one by one. */
static PyObject *view(PyObject *op, const char *name) {
    PyObject *module = PyImport_ImportModule("collections.abc"); /* owned */
    PyObject *result = module != NULL ? PyObject_CallMethod(module, name, "O", op) : NULL;
    Py_XDECREF(module);
    return result;
}

static PyObject *snapshot_keys(PyObject *op, PyObject *unused) {
    (void)unused;
    return view(op, "KeysView");
}

static PyObject *snapshot_values(PyObject *op, PyObject *unused) {
    (void)unused;
    return view(op, "ValuesView");
}

static PyObject *snapshot_items(PyObject *op, PyObject *unused) {
    (void)unused;
    return view(op, "ItemsView");
}

static PyObject *snapshot_copy(PyObject *op, PyObject *unused) {
    (void)unused;
    return py_snapshot_dict(op);
}

/* A dict equal to `object` if that is a mapping of ours, else itself; a new reference. */
static PyObject *plain(core_state_t *state, PyObject *object) {
    return Py_IS_TYPE(object, state->snapshot_type) ? py_snapshot_dict(object) : Py_NewRef(object);
}

typedef PyObject *(*binary_fn)(PyObject *left, PyObject *right, int operation);

static PyObject *compare(PyObject *left, PyObject *right, int operation) {
    return PyObject_RichCompare(left, right, operation);
}

static PyObject *unite(PyObject *left, PyObject *right, int operation) {
    (void)operation;
    return PyNumber_Or(left, right);
}

/* As if both were dicts. */
static PyObject *apply(core_state_t *state, binary_fn function, PyObject *left, PyObject *right,
                       int operation) {
    PyObject *result = NULL;                                                   /* owned */
    PyObject *plain_left = plain(state, left);                                 /* owned */
    PyObject *plain_right = plain_left != NULL ? plain(state, right) : NULL;   /* owned */
    if (plain_right != NULL)
        result = function(plain_left, plain_right, operation);
    Py_XDECREF(plain_right);
    Py_XDECREF(plain_left);
    return result;
}

static PyObject *snapshot_richcompare(PyObject *op, PyObject *other, int operation) {
    core_state_t *state = py_state_of_type(Py_TYPE(op));
    if (state == NULL || (operation != Py_EQ && operation != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    return apply(state, compare, op, other, operation);
}

/* One of the two is a snapshot; which one, the type must say. */
static PyObject *snapshot_or(PyObject *left, PyObject *right) {
    PyTypeObject *type =
        Py_TYPE(left)->tp_as_number != NULL && Py_TYPE(left)->tp_as_number->nb_or == snapshot_or
            ? Py_TYPE(left)
            : Py_TYPE(right);
    core_state_t *state = py_state_of_type(type);
    if (state == NULL)
        Py_RETURN_NOTIMPLEMENTED;
    return apply(state, unite, left, right, 0);
}

static PyObject *snapshot_repr(PyObject *op) {
    PyObject *dict = py_snapshot_dict(op); /* owned */
    PyObject *text = dict != NULL ? PyObject_Repr(dict) : NULL;
    Py_XDECREF(dict);
    return text;
}

/* -- the type --------------------------------------------------------------------------- */

static int snapshot_traverse(PyObject *op, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(op));
    for (Py_ssize_t i = 0; i < Py_SIZE(op); i++)
        Py_VISIT(((py_snapshot_t *)op)->values[i]);
    return 0;
}

static int snapshot_clear(PyObject *op) {
    for (Py_ssize_t i = 0; i < Py_SIZE(op); i++)
        Py_CLEAR(((py_snapshot_t *)op)->values[i]);
    return 0;
}

static void snapshot_dealloc(PyObject *op) {
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    (void)snapshot_clear(op);
    if (((py_snapshot_t *)op)->native != NULL)
        boc_snapshot_unref(((py_snapshot_t *)op)->native);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMethodDef snapshot_methods[] = {
    {"get", (PyCFunction)(void (*)(void))snapshot_get, METH_FASTCALL, NULL},
    {"keys", snapshot_keys, METH_NOARGS, NULL},
    {"values", snapshot_values, METH_NOARGS, NULL},
    {"items", snapshot_items, METH_NOARGS, NULL},
    {"copy", snapshot_copy, METH_NOARGS, NULL},
    {"__reversed__", snapshot_reversed, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot snapshot_slots[] = {
    {Py_tp_doc, "What the noticeboard was at one moment."},
    {Py_tp_traverse, snapshot_traverse},
    {Py_tp_clear, snapshot_clear},
    {Py_tp_dealloc, snapshot_dealloc},
    {Py_tp_methods, snapshot_methods},
    {Py_tp_iter, snapshot_iter},
    {Py_tp_repr, snapshot_repr},
    {Py_tp_richcompare, snapshot_richcompare},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_mp_length, snapshot_length},
    {Py_mp_subscript, snapshot_subscript},
    {Py_sq_contains, snapshot_contains},
    {Py_nb_or, snapshot_or},
    {0, NULL},
};

static PyType_Spec snapshot_spec = {
    .name = "bocpy._core._Snapshot",
    .basicsize = sizeof(py_snapshot_t),
    .itemsize = sizeof(PyObject *),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = snapshot_slots,
};

int py_snapshot_add_type(PyObject *module, core_state_t *state) {
    state->snapshot_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &snapshot_spec, NULL);
    return state->snapshot_type != NULL ? 0 : -1;
}
