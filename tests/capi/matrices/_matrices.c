/* _matrices.c - an extension that makes, borrows and computes on matrices of bocpy. */
#include <bocpy/matrix.h>

static const bocpy_api_t *bocpy;
static const bocpy_matrix_api_t *api;

static PyObject *create(PyObject *module, PyObject *args) {
    Py_ssize_t rows, columns;
    (void)module;
    if (!PyArg_ParseTuple(args, "nn", &rows, &columns))
        return NULL;
    return api->create(rows, columns, NULL);
}

static PyObject *identity(PyObject *module, PyObject *ignored) {
    const double values[] = {1, 0, 0, 1};
    (void)module, (void)ignored;
    return api->create(2, 2, values);
}

static PyObject *check(PyObject *module, PyObject *object) {
    (void)module;
    return PyBool_FromLong(api->check(object));
}

/* Double every element, without the GIL; call `between`, if it is not None, while borrowed. */
static PyObject *twice(PyObject *module, PyObject *args) {
    PyObject *matrix, *between, *result = NULL; /* borrowed but the result */
    bocpy_matrix_view_t view;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &matrix, &between) || api->borrow(matrix, &view) < 0)
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    for (Py_ssize_t i = 0; i < view.rows * view.columns; i++)
        view.data[i] *= 2;
    Py_END_ALLOW_THREADS;
    result = between != Py_None ? PyObject_CallNoArgs(between) : Py_NewRef(Py_None);
    api->give_back(&view);
    return result;
}

/* A body without Python: add 1 to each element of the first cown, store a new 1x2 in the second. */
static void add_one(bocpy_body_t *body, void *context) {
    bocpy_matrix_view_t view;
    (void)context;
    void *data = bocpy->body_data(body, 0, api->ops);
    if (data == NULL) {
        bocpy->body_fail(body, BOCPY_TYPE_ERROR, "no matrix");
        return;
    }
    api->data_view(data, &view);
    for (Py_ssize_t i = 0; i < view.rows * view.columns; i++)
        view.data[i] += 1;
    data = api->data_new(1, 2);
    if (data == NULL)
        return;
    api->data_view(data, &view);
    view.data[1] = 5;
    (void)bocpy->body_store(body, 1, api->ops, data);
}

static PyObject *schedule(PyObject *module, PyObject *args) {
    PyObject *first, *second; /* borrowed */
    bocpy_cown_t *result;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &first, &second))
        return NULL;
    bocpy_request_t requests[] = {{bocpy->cown_native(first), BOCPY_WRITE},
                                  {bocpy->cown_native(second), BOCPY_WRITE}};
    if (requests[0].cown == NULL || requests[1].cown == NULL)
        return NULL;
    int status = bocpy->body_schedule(requests, 2, add_one, NULL, NULL, &result);
    if (status != BOCPY_OK) {
        bocpy->status_raise(status, "schedule");
        return NULL;
    }
    PyObject *handle = bocpy->cown_wrap(result);
    bocpy->cown_unref(result);
    return handle;
}

static PyObject *impossible(PyObject *module, PyObject *ignored) {
    (void)module, (void)ignored;
    return PyBool_FromLong(api->data_new(0, 1) == NULL && api->data_new(1, -1) == NULL &&
                           api->data_new(PY_SSIZE_T_MAX, PY_SSIZE_T_MAX) == NULL);
}

static PyMethodDef functions[] = {
    {"create", create, METH_VARARGS, NULL},
    {"identity", identity, METH_NOARGS, NULL},
    {"check", check, METH_O, NULL},
    {"twice", twice, METH_VARARGS, NULL},
    {"schedule", schedule, METH_VARARGS, NULL},
    {"impossible", impossible, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module) {
    (void)module;
    bocpy = bocpy_import();
    api = bocpy != NULL ? bocpy_matrix_import() : NULL;
    return api != NULL ? 0 : -1;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_matrices",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__matrices(void);

PyMODINIT_FUNC PyInit__matrices(void) { return PyModuleDef_Init(&definition); }
