#include "python/py_template.h"

#include "python/py_errors.h"
#include "python/py_registry.h"
#include "python/py_state.h"

enum { FROM_CELL, FROM_GLOBAL, FROM_DEFAULT, FROM_KEYWORD };

static void free_template(py_template_t *template) {
    for (uint32_t i = 0; i < template->entry_count; i++) {
        py_capture_clear(&template->entries[i].capture);
        Py_XDECREF(template->entries[i].name);
    }
    Py_XDECREF(template->snapshot);
    Py_XDECREF(template->globals);
    PyMem_Free(template);
}

/* The code object dies, with the GIL of its interpreter. */
static void free_kept(void *extra) {
    for (py_template_t *template = extra, *next; template != NULL; template = next) {
        next = template->next;
        free_template(template);
    }
}

int py_template_init(core_state_t *state) {
    state->code_index = PyUnstable_Eval_RequestCodeExtraIndex(free_kept);
    return 0; /* -1: the places are used up; then every template is made anew */
}

/* -- kept templates ------------------------------------------------------------------- */

static Py_ssize_t count_defaults(PyFunctionObject *function) {
    return function->func_defaults != NULL ? PyTuple_GET_SIZE(function->func_defaults) : 0;
}

static bool fits(const core_state_t *state, const py_template_t *template,
                 PyFunctionObject *function, Py_ssize_t argument_count) {
    return template->globals == function->func_globals &&
           template->settings_epoch == state->settings_epoch &&
           template->defaults == count_defaults(function) &&
           template->arguments_min <= argument_count &&
           (template->arguments_max < 0 || argument_count <= template->arguments_max);
}

static py_template_t *find_kept(core_state_t *state, PyObject *func, Py_ssize_t argument_count) {
    PyFunctionObject *function = (PyFunctionObject *)func;
    void *extra = NULL;
    if (state->code_index < 0 ||
        (function->func_dict != NULL && PyDict_GET_SIZE(function->func_dict)))
        return NULL; /* attributes make it another kind of callable */
    if (PyUnstable_Code_GetExtra(function->func_code, state->code_index, &extra) < 0) {
        PyErr_Clear();
        return NULL;
    }
    for (py_template_t *template = extra; template != NULL; template = template->next)
        if (fits(state, template, function, argument_count))
            return template;
    return NULL;
}

/* Only the namespace of a module that can be found by name is kept: one that lives for
 * this code alone would never be collected. */
static bool is_lasting(PyObject *globals) {
    PyObject *name = PyDict_GetItemString(globals, "__name__"); /* borrowed */
    if (name == NULL || !PyUnicode_Check(name))
        return false;
    PyObject *module = PyImport_GetModule(name); /* owned */
    bool is_same = module != NULL && PyModule_Check(module) && PyModule_GetDict(module) == globals;
    Py_XDECREF(module);
    PyErr_Clear();
    return is_same;
}

static void keep(core_state_t *state, PyObject *func, py_template_t *template) {
    PyFunctionObject *function = (PyFunctionObject *)func;
    PyObject *code = function->func_code; /* borrowed */
    void *extra = NULL;
    template->defaults = count_defaults(function);
    if (state->code_index < 0 || template->snapshot != NULL || !is_lasting(function->func_globals))
        return;
    if (PyUnstable_Code_GetExtra(code, state->code_index, &extra) < 0 ||
        (extra == NULL && PyUnstable_Code_SetExtra(code, state->code_index, template) < 0)) {
        PyErr_Clear();
        return;
    }
    if (extra != NULL) { /* setting would free the first: it stays, the new one follows */
        py_template_t *first = extra;
        template->next = first->next;
        first->next = template;
    }
    template->globals = Py_NewRef(function->func_globals);
}

/* -- new templates --------------------------------------------------------------------- */

static py_template_t *allocate(PyObject *plan) {
    Py_ssize_t count = PyTuple_Check(plan) ? PyTuple_GET_SIZE(plan) : 0;
    py_template_t *template =
        PyMem_Calloc(1, sizeof *template + (size_t)count * sizeof *template->entries);
    if (template == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (!PyTuple_Check(plan)) {
        template->snapshot = Py_NewRef(plan);
        return template;
    }
    template->entry_count = (uint32_t)count;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GET_ITEM(plan, i); /* borrowed */
        PyObject *key, *name;                       /* borrowed */
        py_template_entry_t *entry = &template->entries[i];
        if (!PyArg_ParseTuple(item, "iOU", &entry->kind, &key, &name)) {
            free_template(template);
            return NULL;
        }
        entry->name = Py_NewRef(name);
        entry->index = PyLong_Check(key) ? PyLong_AsSsize_t(key) : 0;
    }
    return template;
}

static int register_spec(core_state_t *state, PyObject *spec, uint32_t *p_id) {
    boc_payload_t payload = {NULL, NULL};
    if (py_transfer_encode(state, spec, &payload) < 0)
        return -1;
    boc_status_t status = py_registry_add(payload, p_id);
    if (status == BOC_OK)
        return 0;
    py_errors_raise(status, "when");
    return -1;
}

static py_template_t *describe(core_state_t *state, PyObject *func, Py_ssize_t argument_count) {
    PyObject *count = NULL;     /* owned */
    PyObject *described = NULL; /* owned */
    py_template_t *template = NULL;
    PyObject *spec, *plan; /* borrowed */
    Py_ssize_t least, most;

    if (py_state_import(&state->template_of, "bocpy._origin", "template_of") == NULL)
        return NULL;
    count = PyLong_FromSsize_t(argument_count);
    if (count == NULL)
        return NULL;
    described = PyObject_CallFunctionObjArgs(state->template_of, func, count, NULL);
    if (described == NULL || !PyArg_ParseTuple(described, "OO(nn)", &spec, &plan, &least, &most))
        goto done;
    template = allocate(plan);
    if (template == NULL)
        goto done;
    template->arguments_min = least;
    template->arguments_max = most;
    template->settings_epoch = state->settings_epoch;
    if (register_spec(state, spec, &template->id) < 0) {
        free_template(template);
        template = NULL;
    }
done:
    Py_XDECREF(described);
    Py_XDECREF(count);
    return template;
}

py_template_t *py_template_find(core_state_t *state, PyObject *func, Py_ssize_t argument_count) {
    if (state->worker < 0 && py_settings_changed(&state->settings))
        state->settings_epoch++;
    bool is_function = PyFunction_Check(func);
    py_template_t *template = is_function ? find_kept(state, func, argument_count) : NULL;
    if (template != NULL)
        return template;
    template = describe(state, func, argument_count);
    if (template != NULL && is_function)
        keep(state, func, template);
    return template;
}

void py_template_release(py_template_t *found) {
    if (found->globals == NULL)
        free_template(found);
}

/* -- captures ------------------------------------------------------------------------------ */

PyObject *py_template_snapshot(const py_template_t *found, PyObject *func) {
    PyObject *values = PyObject_CallOneArg(found->snapshot, func); /* owned */
    if (values != NULL && !PyTuple_Check(values)) {
        PyErr_SetString(PyExc_SystemError, "a snapshot of captures must be a tuple");
        Py_CLEAR(values);
    }
    return values;
}

static PyObject *item_of(PyObject *tuple, Py_ssize_t index) {
    if (tuple == NULL || index >= PyTuple_GET_SIZE(tuple))
        return NULL;
    return Py_NewRef(PyTuple_GET_ITEM(tuple, index));
}

PyObject *py_template_capture(const py_template_t *found, PyObject *func, uint32_t i) {
    PyFunctionObject *function = (PyFunctionObject *)func;
    const py_template_entry_t *entry = &found->entries[i];
    PyObject *value = NULL; /* owned */
    PyObject *cell;         /* owned */
    switch (entry->kind) {
    case FROM_CELL:
        cell = item_of(function->func_closure, entry->index);
        value = cell != NULL ? PyCell_Get(cell) : NULL;
        Py_XDECREF(cell);
        break;
    case FROM_GLOBAL:
        value = Py_XNewRef(PyDict_GetItemWithError(function->func_globals, entry->name));
        break;
    case FROM_DEFAULT:
        value = item_of(function->func_defaults, entry->index);
        break;
    case FROM_KEYWORD:
        if (function->func_kwdefaults != NULL)
            value = Py_XNewRef(PyDict_GetItemWithError(function->func_kwdefaults, entry->name));
        break;
    default:
        PyErr_SetString(PyExc_SystemError, "unknown kind of capture");
    }
    if (value == NULL && !PyErr_Occurred())
        PyErr_Format(PyExc_NameError, "captured variable '%U' of behavior '%U' has no value",
                     entry->name, function->func_qualname);
    return value;
}
