#include "python/py_foreign.h"

#include "platform/thread.h"
#include "python/py_state.h"

#include <assert.h>
#include <string.h>

static struct {
    boc__mutex_t mutex;            /* of those who add */
    _Atomic(py_foreign_t *) known; /* a list that only grows */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

/* -- one interpreter's types --------------------------------------------------------------- */

static size_t count_of(const py_foreign_state_t *types) {
    /* acquire: the entries below the count, see add_entry. */
    return atomic_load_explicit(&types->count, memory_order_acquire);
}

const py_foreign_t *py_foreign_find_in(const py_foreign_state_t *types, const PyTypeObject *type) {
    for (size_t i = 0, count = count_of(types); i < count; i++)
        if (types->entries[i].type == type)
            return types->entries[i].foreign;
    return NULL;
}

static PyTypeObject *type_of(const py_foreign_state_t *types, const py_foreign_t *foreign) {
    /* The last one: a module that was imported anew made a new type. */
    for (size_t i = count_of(types); i > 0; i--)
        if (types->entries[i - 1].foreign == foreign)
            return types->entries[i - 1].type;
    return NULL;
}

static int add_entry(py_foreign_state_t *types, PyTypeObject *type, const py_foreign_t *foreign) {
    size_t count = count_of(types);
    if (count == PY_FOREIGN_MAX) {
        PyErr_Format(PyExc_RuntimeError, "more than %d types that move in one interpreter",
                     PY_FOREIGN_MAX);
        return -1;
    }
    types->entries[count].type = (PyTypeObject *)Py_NewRef((PyObject *)type);
    types->entries[count].foreign = foreign;
    /* release: the entry, to count_of. */
    atomic_store_explicit(&types->count, count + 1, memory_order_release);
    return 0;
}

int py_foreign_traverse(py_foreign_state_t *types, visitproc visit, void *arg) {
    for (size_t i = 0, count = count_of(types); i < count; i++)
        Py_VISIT(types->entries[i].type);
    return 0;
}

void py_foreign_clear(py_foreign_state_t *types) {
    size_t count = count_of(types);
    /* relaxed: the interpreter ends, nobody else looks. */
    atomic_store_explicit(&types->count, 0, memory_order_relaxed);
    for (size_t i = 0; i < count; i++)
        Py_CLEAR(types->entries[i].type);
}

PyTypeObject *py_foreign_type(core_state_t *state, const py_foreign_t *foreign) {
    PyTypeObject *type = type_of(&state->foreign, foreign);
    if (type != NULL)
        return type;
    PyObject *module = PyImport_ImportModule(foreign->module); /* owned */
    if (module == NULL)
        return NULL;
    Py_DECREF(module);
    type = type_of(&state->foreign, foreign);
    if (type == NULL)
        PyErr_Format(PyExc_RuntimeError,
                     "importing %s did not register its type in this interpreter: the exec slot "
                     "of the module must do it each time",
                     foreign->module);
    return type;
}

/* -- registering --------------------------------------------------------------------------- */

static bool is_complete(const bocpy_type_ops_t *ops) {
    if (ops->move_out == NULL || ops->move_in == NULL || ops->drop == NULL)
        return false;
    return ops->rollback != NULL || (ops->flags & BOCPY_TYPE_SHARED) != 0;
}

/* As many fields as both sides know; 0 beyond. */
static int copy_ops(const bocpy_type_ops_t *ops, bocpy_type_ops_t *copy) {
    *copy = (bocpy_type_ops_t){0};
    if (ops->size < offsetof(bocpy_type_ops_t, drop) + sizeof ops->drop) {
        PyErr_SetString(PyExc_TypeError, "type_register: ops->size is not the size of the struct");
        return -1;
    }
    memcpy(copy, ops, ops->size < sizeof *copy ? ops->size : sizeof *copy);
    if (is_complete(copy))
        return 0;
    PyErr_SetString(PyExc_TypeError,
                    "type_register: move_out, move_in, drop and, unless the type is shared, "
                    "rollback are needed");
    return -1;
}

static py_foreign_t *new_foreign(const bocpy_type_ops_t *ops, bocpy_xidata_out_fn out,
                                 const void *key, const char *module) {
    size_t size = strlen(module) + 1;
    py_foreign_t *foreign = PyMem_RawCalloc(1, sizeof *foreign + size);
    if (foreign == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    foreign->key = key;
    foreign->ops = *ops;
    foreign->out = out;
    memcpy(foreign->module, module, size);
    return foreign;
}

static py_foreign_t *find_key(const void *key) {
    /* acquire: the registration, from settle. */
    py_foreign_t *found = atomic_load_explicit(&globals.known, memory_order_acquire);
    while (found != NULL && found->key != key)
        found = found->next;
    return found;
}

const py_foreign_t *py_foreign_known(const bocpy_type_ops_t *ops) { return find_key(ops); }

/* The registration with this key; `taken` becomes it unless there is one. */
static const py_foreign_t *settle(py_foreign_t *taken) {
    boc__mutex_lock(&globals.mutex);
    py_foreign_t *found = find_key(taken->key);
    if (found == NULL) {
        /* relaxed: only the holder of the mutex writes. */
        taken->next = atomic_load_explicit(&globals.known, memory_order_relaxed);
        /* release: the registration, to find_key. */
        atomic_store_explicit(&globals.known, taken, memory_order_release);
        found = taken;
        taken = NULL;
    }
    boc__mutex_unlock(&globals.mutex);
    PyMem_RawFree(taken);
    return found;
}

int py_foreign_register(core_state_t *state, PyTypeObject *type, const bocpy_type_ops_t *ops,
                        bocpy_xidata_out_fn out) {
    /* A function's address in an object pointer: what POSIX and Windows guarantee. */
    const void *key = ops != NULL ? (const void *)ops : (const void *)(uintptr_t)out;
    const py_foreign_t *present = py_foreign_find_in(&state->foreign, type);
    if (present != NULL && present->key == key)
        return 0;
    if (present != NULL) {
        PyErr_Format(PyExc_TypeError, "type_register: %.200s is registered with other functions",
                     type->tp_name);
        return -1;
    }
    bocpy_type_ops_t copy = {0};
    if (ops != NULL && copy_ops(ops, &copy) < 0)
        return -1;
    PyObject *module = NULL; /* owned */
    const char *name = copy.module;
    if (name == NULL) {
        module = PyObject_GetAttrString((PyObject *)type, "__module__");
        name = module != NULL ? PyUnicode_AsUTF8(module) : NULL;
    }
    py_foreign_t *fresh = name != NULL ? new_foreign(&copy, out, key, name) : NULL;
    Py_XDECREF(module);
    return fresh != NULL ? add_entry(&state->foreign, type, settle(fresh)) : -1;
}
