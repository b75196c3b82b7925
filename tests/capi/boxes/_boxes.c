/* _boxes.c - three types that move, whose callbacks fail on demand.
 *
 *     Box      moves; can be copied; its buffer can be exported
 *     Loner    moves; cannot be copied
 *     Frozen   shared: one memory for all its objects in all interpreters */
#include <bocpy/bocpy.h>

#include <stdlib.h>
#include <string.h>

/* The memory of every type. */
typedef struct memory {
    atomic_int_least64_t refs; /* of Frozen */
    size_t size;
    char bytes[];
} memory_t;

typedef struct state {
    PyTypeObject *types[3]; /* owned */
} state_t;

static atomic_int_least64_t live;

/* How many calls of each callback succeed before one fails; -1: all. */
static atomic_int_least64_t fuse_out = -1, fuse_in = -1, fuse_copy = -1;
static atomic_int_least64_t last_reason;

static bool burns(atomic_int_least64_t *fuse) {
    return atomic_load(fuse) >= 0 && atomic_fetch_add(fuse, -1) == 0;
}

static memory_t *memory_new(const char *bytes, size_t size) {
    memory_t *memory = malloc(sizeof *memory + size);
    if (memory == NULL)
        return NULL;
    atomic_init(&memory->refs, 1);
    memory->size = size;
    memcpy(memory->bytes, bytes, size);
    atomic_fetch_add(&live, 1);
    return memory;
}

static void memory_drop(void *data) {
    free(data);
    atomic_fetch_add(&live, -1);
}

static void *memory_copy(const void *data) {
    const memory_t *memory = data;
    if (burns(&fuse_copy))
        return NULL; /* no memory: the caller says so */
    return memory_new(memory->bytes, memory->size);
}

static void shared_drop(void *data) {
    if (atomic_fetch_add(&((memory_t *)data)->refs, -1) == 1)
        memory_drop(data);
}

/* -- moving -------------------------------------------------------------------------------- */

static int fail_out(int reason) {
    atomic_store(&last_reason, reason);
    if (!burns(&fuse_out))
        return 0;
    PyErr_SetString(PyExc_LookupError, "move_out fails");
    return -1;
}

static int box_move_out(PyObject *object, int reason, void **p_data) {
    if (fail_out(reason) < 0)
        return -1;
    return bocpy_box_move_or_copy(object, reason, p_data, memory_copy);
}

static int loner_move_out(PyObject *object, int reason, void **p_data) {
    return fail_out(reason) < 0 ? -1 : bocpy_box_move_out(object, reason, p_data);
}

static PyObject *move_in(PyTypeObject *type, void *data) {
    if (burns(&fuse_in)) {
        PyErr_SetString(PyExc_LookupError, "move_in fails");
        return NULL;
    }
    return bocpy_box_move_in(type, data);
}

static int frozen_move_out(PyObject *object, int reason, void **p_data) {
    *p_data = fail_out(reason) < 0 ? NULL : bocpy_box_data(object);
    if (*p_data == NULL)
        return -1;
    atomic_fetch_add(&((memory_t *)*p_data)->refs, 1);
    return 0;
}

static PyObject *frozen_move_in(PyTypeObject *type, void *data) {
    PyObject *object = move_in(type, data);
    if (object != NULL)
        atomic_fetch_add(&((memory_t *)data)->refs, 1);
    return object;
}

static const bocpy_type_ops_t box_ops = {
    .size = sizeof(bocpy_type_ops_t),
    .move_out = box_move_out,
    .move_in = move_in,
    .rollback = bocpy_box_rollback,
    .drop = memory_drop,
    .copy = memory_copy,
};

static const bocpy_type_ops_t loner_ops = {
    .size = sizeof(bocpy_type_ops_t),
    .move_out = loner_move_out,
    .move_in = move_in,
    .rollback = bocpy_box_rollback,
    .drop = memory_drop,
};

static const bocpy_type_ops_t frozen_ops = {
    .size = sizeof(bocpy_type_ops_t),
    .flags = BOCPY_TYPE_SHARED,
    .move_out = frozen_move_out,
    .move_in = frozen_move_in,
    .drop = shared_drop,
};

/* -- objects --------------------------------------------------------------------------------- */

static PyObject *box_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    const char *bytes;
    Py_ssize_t size;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "y#", &bytes, &size))
        return NULL;
    memory_t *memory = memory_new(bytes, (size_t)size);
    if (memory == NULL)
        return PyErr_NoMemory();
    PyObject *box = bocpy_box_move_in(type, memory);
    if (box == NULL)
        memory_drop(memory);
    return box;
}

static void box_dealloc(PyObject *op) {
    PyTypeObject *type = Py_TYPE(op);
    if (((bocpy_box_t *)op)->data != NULL)
        shared_drop(((bocpy_box_t *)op)->data); /* without sharing the count is 1 */
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *box_bytes(PyObject *op, void *closure) {
    memory_t *memory = bocpy_box_data(op);
    (void)closure;
    return memory != NULL ? PyBytes_FromStringAndSize(memory->bytes, (Py_ssize_t)memory->size)
                          : NULL;
}

static PyObject *box_address(PyObject *op, void *closure) {
    void *memory = bocpy_box_data(op);
    (void)closure;
    return memory != NULL ? PyLong_FromVoidPtr(memory) : NULL;
}

static int box_getbuffer(PyObject *op, Py_buffer *view, int flags) {
    memory_t *memory = bocpy_box_data(op);
    if (memory == NULL ||
        PyBuffer_FillInfo(view, op, memory->bytes, (Py_ssize_t)memory->size, 0, flags) < 0)
        return -1;
    ((bocpy_box_t *)op)->pins++;
    return 0;
}

static void box_releasebuffer(PyObject *op, Py_buffer *view) {
    (void)view;
    ((bocpy_box_t *)op)->pins--;
}

static PyGetSetDef box_getset[] = {
    {"bytes", box_bytes, NULL, NULL, NULL},
    {"address", box_address, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot box_slots[] = {
    {Py_tp_new, (void *)box_new},
    {Py_tp_dealloc, (void *)box_dealloc},
    {Py_tp_getset, box_getset},
    {Py_bf_getbuffer, (void *)box_getbuffer},
    {Py_bf_releasebuffer, (void *)box_releasebuffer},
    {0, NULL},
};

static PyType_Spec specs[3] = {
    {"_boxes.Box", sizeof(bocpy_box_t), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, box_slots},
    {"_boxes.Loner", sizeof(bocpy_box_t), 0, Py_TPFLAGS_DEFAULT, box_slots},
    {"_boxes.Frozen", sizeof(bocpy_box_t), 0, Py_TPFLAGS_DEFAULT, box_slots},
};

static const bocpy_type_ops_t *const all_ops[3] = {&box_ops, &loner_ops, &frozen_ops};

/* -- the module -------------------------------------------------------------------------------- */

static PyObject *module_live(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyLong_FromLongLong(atomic_load(&live));
}

static PyObject *module_reason(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyLong_FromLongLong(atomic_load(&last_reason));
}

static PyObject *module_fuses(PyObject *module, PyObject *args) {
    long long out, in, copy;
    (void)module;
    if (!PyArg_ParseTuple(args, "LLL", &out, &in, &copy))
        return NULL;
    atomic_store(&fuse_out, out);
    atomic_store(&fuse_in, in);
    atomic_store(&fuse_copy, copy);
    Py_RETURN_NONE;
}

/* register(type, what): what a wrong call of type_register raises. */
static PyObject *module_register(PyObject *module, PyObject *args) {
    static const bocpy_type_ops_t empty = {.size = sizeof(bocpy_type_ops_t)};
    static const bocpy_type_ops_t tiny = {.size = 8};
    const bocpy_type_ops_t *choices[] = {&empty, &tiny, &loner_ops, &box_ops};
    PyTypeObject *type;
    int what;
    (void)module;
    const bocpy_api_t *api = bocpy_import();
    if (api == NULL || !PyArg_ParseTuple(args, "O!i", &PyType_Type, &type, &what) ||
        api->type_register(type, choices[what & 3]) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* fits(abi, size_change): None, or the ImportError of a table like that. */
static PyObject *module_fits(PyObject *module, PyObject *args) {
    int abi, change;
    (void)module;
    const bocpy_api_t *api = bocpy_import();
    if (api == NULL || !PyArg_ParseTuple(args, "ii", &abi, &change))
        return NULL;
    bocpy_api_t other = *api;
    other.abi = (uint32_t)abi;
    other.size = (uint32_t)((int)sizeof other + change);
    if (!bocpy__fits(&other))
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"live", module_live, METH_NOARGS, NULL},    {"reason", module_reason, METH_NOARGS, NULL},
    {"fuses", module_fuses, METH_VARARGS, NULL}, {"register", module_register, METH_VARARGS, NULL},
    {"fits", module_fits, METH_VARARGS, NULL},   {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module) {
    state_t *state = PyModule_GetState(module);
    const bocpy_api_t *api = bocpy_import();
    if (api == NULL)
        return -1;
    for (int i = 0; i < 3; i++) {
        state->types[i] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &specs[i], NULL);
        if (state->types[i] == NULL || PyModule_AddType(module, state->types[i]) < 0 ||
            api->type_register(state->types[i], all_ops[i]) < 0)
            return -1;
    }
    return 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    state_t *state = PyModule_GetState(module);
    for (int i = 0; i < 3; i++)
        Py_VISIT(state->types[i]);
    return 0;
}

static int module_clear(PyObject *module) {
    state_t *state = PyModule_GetState(module);
    for (int i = 0; i < 3; i++)
        Py_CLEAR(state->types[i]);
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
    .m_name = "_boxes",
    .m_size = sizeof(state_t),
    .m_methods = methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__boxes(void) { return PyModuleDef_Init(&module_def); }
