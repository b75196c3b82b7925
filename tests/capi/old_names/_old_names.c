/* _old_names.c - an extension that knows only the names of bocpy 0.6: a counter that moves.
 *
 * Each counter is a wrapper around a resource with one owner at a time and a count of
 * wrappers.  `count` is how often it was received. */
#include <bocpy/bocpy.h>

#ifdef Py_BUILD_CORE
#error "Py_BUILD_CORE leaked out of <bocpy/bocpy.h>"
#endif

#include <stdbool.h>
#include <stdlib.h>

typedef struct resource {
    atomic_int_least64_t refcount;
    atomic_int_least64_t count;
    atomic_int_least64_t owner;
} resource_t;

typedef struct counter {
    PyObject_HEAD resource_t *resource;
} counter_t;

typedef struct state {
    PyTypeObject *counter_type; /* owned */
} state_t;

static atomic_int_least64_t live;        /* resources */
static atomic_int_least64_t refusals;    /* producers that are to fail, from now on */
static atomic_int_least64_t rejections;  /* consumers that are to fail, from now on */

/* Who waits for the end of all resources; released by whoever clears `is_awaited`. */
static PyThread_type_lock end;
static atomic_bool is_awaited;

/* The exec slot runs on one thread of the interpreter; others look the state up. */
static thread_local state_t *tl_state;

static struct PyModuleDef module_def;

static state_t *get_state(void) {
    if (tl_state != NULL)
        return tl_state;
    PyObject *module = PyImport_ImportModule("_old_names"); /* owned */
    if (module == NULL)
        return NULL;
    tl_state = (state_t *)PyModule_GetState(module);
    Py_DECREF(module); /* sys.modules keeps it */
    return tl_state;
}

static void drop_reference(resource_t *resource) {
    if (atomic_fetch_add(&resource->refcount, -1) != 1)
        return;
    free(resource);
    if (atomic_fetch_add(&live, -1) == 1 && atomic_exchange(&is_awaited, false))
        PyThread_release_lock(end);
}

/* One of the next `n` calls that are to fail? */
static bool must_fail(atomic_int_least64_t *countdown) {
    return atomic_load(countdown) > 0 && atomic_fetch_add(countdown, -1) == 1;
}

static PyObject *new_counter(XIDATA_T *xidata) {
    resource_t *resource = (resource_t *)xidata->data;
    if (must_fail(&rejections)) {
        PyErr_SetString(PyExc_LookupError, "this consumer fails");
        return NULL;
    }
    state_t *state = get_state();
    if (state == NULL)
        return NULL;
    atomic_int_least64_t expected = BOCPY_NO_OWNER;
    if (!atomic_compare_exchange_strong(&resource->owner, &expected, bocpy_interpid())) {
        PyErr_SetString(PyExc_RuntimeError, "the counter has an owner");
        return NULL;
    }
    counter_t *counter = (counter_t *)state->counter_type->tp_alloc(state->counter_type, 0);
    if (counter == NULL) {
        atomic_store(&resource->owner, BOCPY_NO_OWNER);
        return NULL;
    }
    atomic_fetch_add(&resource->refcount, 1);
    atomic_fetch_add(&resource->count, 1);
    counter->resource = resource;
    return (PyObject *)counter;
}

XIDATA_GETDATA_FUNC(share_counter) {
    resource_t *resource = ((counter_t *)obj)->resource;
    if (must_fail(&refusals)) {
        PyErr_SetString(PyExc_LookupError, "this producer fails");
        return -1;
    }
    if (resource == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "not initialised");
        return -1;
    }
    atomic_int_least64_t expected = bocpy_interpid();
    if (!atomic_compare_exchange_strong(&resource->owner, &expected, BOCPY_NO_OWNER)) {
        PyErr_SetString(PyExc_RuntimeError, "the counter is not owned here");
        return -1;
    }
    XIDATA_INIT(xidata, tstate->interp, resource, obj, new_counter);
    return 0;
}

static PyObject *counter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    (void)kwargs;
    if (!PyArg_ParseTuple(args, ":Counter"))
        return NULL;
    resource_t *resource = (resource_t *)calloc(1, sizeof *resource);
    if (resource == NULL)
        return PyErr_NoMemory();
    counter_t *counter = (counter_t *)type->tp_alloc(type, 0);
    if (counter == NULL) {
        free(resource);
        return NULL;
    }
    atomic_store(&resource->refcount, 1);
    atomic_store(&resource->owner, bocpy_interpid());
    atomic_fetch_add(&live, 1);
    counter->resource = resource;
    return (PyObject *)counter;
}

static void counter_dealloc(PyObject *op) {
    PyTypeObject *type = Py_TYPE(op);
    if (((counter_t *)op)->resource != NULL)
        drop_reference(((counter_t *)op)->resource);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *counter_count(PyObject *op, void *closure) {
    resource_t *resource = ((counter_t *)op)->resource;
    (void)closure;
    if (atomic_load(&resource->owner) != bocpy_interpid()) {
        PyErr_SetString(PyExc_RuntimeError, "the counter is not owned here");
        return NULL;
    }
    return PyLong_FromLongLong(atomic_load(&resource->count));
}

static PyObject *counter_address(PyObject *op, void *closure) {
    (void)closure;
    return PyLong_FromVoidPtr(((counter_t *)op)->resource);
}

static PyObject *counter_refcount(PyObject *op, void *closure) {
    (void)closure;
    return PyLong_FromLongLong(atomic_load(&((counter_t *)op)->resource->refcount));
}

static PyGetSetDef counter_getset[] = {
    {"count", counter_count, NULL, NULL, NULL},
    {"address", counter_address, NULL, NULL, NULL},
    {"refcount", counter_refcount, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot counter_slots[] = {
    {Py_tp_new, (void *)counter_new},
    {Py_tp_dealloc, (void *)counter_dealloc},
    {Py_tp_getset, counter_getset},
    {0, NULL},
};

static PyType_Spec counter_spec = {
    .name = "_old_names.Counter",
    .basicsize = sizeof(counter_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = counter_slots,
};

/* -- what the tests ask -------------------------------------------------------------------- */

static PyObject *live_resources(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyLong_FromLongLong(atomic_load(&live));
}

/* Wait until no resource is alive, at most so many seconds; whether that is so. */
static PyObject *await_end(PyObject *module, PyObject *args) {
    double seconds;
    bool was_released = false;
    (void)module;
    if (!PyArg_ParseTuple(args, "d", &seconds) || Py_MakePendingCalls() < 0)
        return NULL; /* main frees what came home in a pending call */
    if (end == NULL && (end = PyThread_allocate_lock()) != NULL)
        (void)PyThread_acquire_lock(end, WAIT_LOCK);
    if (end == NULL)
        return PyErr_NoMemory();
    atomic_store(&is_awaited, true);
    /* After the store: whoever ends the last resource later sees it. */
    if (atomic_load(&live) > 0) {
        Py_BEGIN_ALLOW_THREADS was_released =
            PyThread_acquire_lock_timed(end, (PY_TIMEOUT_T)(seconds * 1e6), 0) != 0;
        Py_END_ALLOW_THREADS
    }
    if (!was_released && !atomic_exchange(&is_awaited, false))
        (void)PyThread_acquire_lock(end, WAIT_LOCK); /* it ended just now */
    return PyBool_FromLong(atomic_load(&live) == 0);
}

static PyObject *fail_after(PyObject *module, PyObject *args) {
    long long producers, consumers;
    (void)module;
    if (!PyArg_ParseTuple(args, "LL", &producers, &consumers))
        return NULL;
    atomic_store(&refusals, producers);
    atomic_store(&rejections, consumers);
    Py_RETURN_NONE;
}

static PyObject *by_hand(PyObject *module, PyObject *value) {
    (void)module;
    if (!xidata_supported(value)) {
        PyErr_SetString(PyExc_TypeError, "not supported");
        return NULL;
    }
    XIDATA_T *xidata = XIDATA_NEW();
    if (xidata == NULL)
        return NULL;
    PyObject *object = NULL; /* owned */
    if (XIDATA_GETXIDATA(value, xidata) == 0)
        object = XIDATA_NEWOBJECT(xidata);
    XIDATA_FREE(xidata);
    return object;
}

static PyObject *identities(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return Py_BuildValue("LLL", (long long)bocpy_interpid(), (long long)bocpy_main_interpid(),
                         (long long)BOCPY_NO_OWNER);
}

static PyMethodDef methods[] = {
    {"live", live_resources, METH_NOARGS, NULL},    {"await_end", await_end, METH_VARARGS, NULL},
    {"fail_after", fail_after, METH_VARARGS, NULL}, {"by_hand", by_hand, METH_O, NULL},
    {"identities", identities, METH_NOARGS, NULL},  {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module) {
    state_t *state = (state_t *)PyModule_GetState(module);
    state->counter_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &counter_spec, NULL);
    if (state->counter_type == NULL || PyModule_AddType(module, state->counter_type) < 0)
        return -1;
    tl_state = state;
    return XIDATA_REGISTERCLASS(state->counter_type, share_counter);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    Py_VISIT(((state_t *)PyModule_GetState(module))->counter_type);
    return 0;
}

static int module_clear(PyObject *module) {
    Py_CLEAR(((state_t *)PyModule_GetState(module))->counter_type);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module_def = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_old_names",
    .m_size = sizeof(state_t),
    .m_methods = methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__old_names(void) { return PyModuleDef_Init(&module_def); }
