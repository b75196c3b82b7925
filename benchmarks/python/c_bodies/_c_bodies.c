/* _c_bodies.c - what a behavior costs whose body is C code without the GIL. */
#include <bocpy/bocpy.h>

#include <stdlib.h>

static const bocpy_api_t *api; /* the table is static: one for all interpreters */

typedef struct number {
    int64_t value;
} number_t;

static void *number_copy(const void *data) {
    number_t *copy = (number_t *)malloc(sizeof *copy);
    if (copy != NULL)
        *copy = *(const number_t *)data;
    return copy;
}

static const bocpy_type_ops_t number_ops = {
    .size = sizeof(bocpy_type_ops_t),
    .move_out = bocpy_box_move_out,
    .move_in = bocpy_box_move_in,
    .rollback = bocpy_box_rollback,
    .drop = free,
    .copy = number_copy,
};

static PyObject *number_value(PyObject *op, void *closure) {
    number_t *number = (number_t *)bocpy_box_data(op);
    (void)closure;
    return number != NULL ? PyLong_FromLongLong(number->value) : NULL;
}

static PyObject *number_increment(PyObject *op, PyObject *unused) {
    number_t *number = (number_t *)bocpy_box_data(op);
    (void)unused;
    return number != NULL ? PyLong_FromLongLong(++number->value) : NULL;
}

static void number_dealloc(PyObject *op) {
    PyTypeObject *type = Py_TYPE(op);
    free(((bocpy_box_t *)(void *)op)->data);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyGetSetDef number_getset[] = {
    {"value", number_value, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef number_methods[] = {
    {"increment", number_increment, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot number_slots[] = {
    {Py_tp_dealloc, (void *)number_dealloc},
    {Py_tp_getset, number_getset},
    {Py_tp_methods, number_methods},
    {0, NULL},
};

static PyType_Spec number_spec = {
    .name = "_c_bodies.Number",
    .basicsize = (int)sizeof(bocpy_box_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = number_slots,
};

/* Each step schedules the next one on the same cown, as the row chain_self of libboc does. */
static void chain_step(bocpy_body_t *body, void *context) {
    uintptr_t left = (uintptr_t)context - 1;
    number_t *number = (number_t *)api->body_data(body, 0, &number_ops);
    number->value++;
    bocpy_request_t request = {api->body_cown(body, 0), BOCPY_WRITE};
    if (left > 0 &&
        api->body_schedule(&request, 1, chain_step, (void *)left, NULL, NULL) != BOCPY_OK)
        abort();
}

static PyObject *chain(PyObject *module, PyObject *args) {
    PyObject *cown; /* borrowed */
    Py_ssize_t steps;
    (void)module;
    if (!PyArg_ParseTuple(args, "On", &cown, &steps))
        return NULL;
    bocpy_request_t request = {api->cown_native(cown), BOCPY_WRITE};
    if (request.cown == NULL)
        return NULL;
    int64_t began = api->clock_ns();
    int status = api->body_schedule(&request, 1, chain_step, (void *)(uintptr_t)steps, NULL, NULL);
    if (status != BOCPY_OK) {
        api->status_raise(status, "chain");
        return NULL;
    }
    if (api->quiesce(-1) < 0)
        return NULL;
    return PyFloat_FromDouble((double)(api->clock_ns() - began) / (double)steps);
}

static void one_step(bocpy_body_t *body, void *context) {
    (void)context;
    ((number_t *)api->body_data(body, 0, &number_ops))->value++;
}

/* Schedule one body in C. */
static PyObject *step(PyObject *module, PyObject *cown) {
    (void)module;
    bocpy_request_t request = {api->cown_native(cown), BOCPY_WRITE};
    if (request.cown == NULL)
        return NULL;
    int status = api->body_schedule(&request, 1, one_step, NULL, NULL, NULL);
    if (status != BOCPY_OK) {
        api->status_raise(status, "step");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *number_cown(PyObject *module, PyObject *unused) {
    number_t zero = {0};
    (void)module, (void)unused;
    void *data = number_copy(&zero);
    bocpy_cown_t *cown = data != NULL ? api->cown_of_data(&number_ops, data) : NULL;
    if (cown == NULL)
        return PyErr_NoMemory();
    PyObject *handle = api->cown_wrap(cown);
    api->cown_unref(cown);
    return handle;
}

static PyMethodDef functions[] = {
    {"chain", chain, METH_VARARGS, "chain(cown, steps): nanoseconds per step."},
    {"step", step, METH_O, "step(cown): schedule one body in C."},
    {"cown", number_cown, METH_NOARGS, "A Cown of a Number."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module) {
    api = bocpy_import();
    if (api == NULL)
        return -1;
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &number_spec, NULL);
    int result = type != NULL ? api->type_register(type, &number_ops) : -1;
    Py_XDECREF((PyObject *)type); /* the registration keeps it */
    return result;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_c_bodies",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__c_bodies(void) { return PyModuleDef_Init(&module_definition); }
