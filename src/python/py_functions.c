#include "python/py_functions.h"

#include "python/py_errors.h"
#include "python/py_registry.h"
#include "python/py_state.h"

/* What an entry of `install` says; the numbers are those of bocpy._origin. */
enum { IN_CELL, IN_GLOBAL, AS_ARGUMENT, AS_KEYWORD };

/* References of a cell that nobody but us keeps: the function's closure and `install`. */
#define OWN_CELL_REFERENCES 2

static py_function_t *grow_to(py_functions_t *functions, uint32_t id) {
    if (id >= functions->count) {
        uint32_t count = id + 1 < 2 * functions->count ? 2 * functions->count : id + 1;
        py_function_t *entries = PyMem_Realloc(functions->entries, count * sizeof *entries);
        if (entries == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        for (uint32_t i = functions->count; i < count; i++)
            entries[i] = (py_function_t){NULL, NULL, NULL};
        functions->entries = entries;
        functions->count = count;
    }
    return &functions->entries[id];
}

static void forget(py_function_t *function) {
    PyMem_Free(function->places);
    function->places = NULL;
    Py_CLEAR(function->callable);
    Py_CLEAR(function->install);
}

/* Read the tuples once, not at each call. */
static int read_places(py_function_t *function) {
    Py_ssize_t count = PyTuple_GET_SIZE(function->install);
    if (count == 0)
        return 0;
    function->places = PyMem_Calloc((size_t)count, sizeof *function->places);
    if (function->places == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        py_place_t *place = &function->places[i];
        PyObject *entry = PyTuple_GET_ITEM(function->install, i); /* borrowed */
        if (!PyArg_ParseTuple(entry, "lOO", &place->kind, &place->where, &place->key))
            return -1;
    }
    return 0;
}

/* Build the body from its spec; what `*p_made` gets is owned. */
static int materialize(core_state_t *state, uint32_t id, py_function_t *p_made) {
    PyObject *spec = NULL;        /* owned */
    PyObject *materializer = NULL; /* owned */
    PyObject *made = NULL;        /* owned */
    int result = -1;

    boc_payload_t payload = py_registry_spec(id);
    spec = py_transfer_decode(state, &payload);
    boc_payload_drop(&payload);
    if (spec == NULL || py_state_import(&materializer, "bocpy._worker", "materialize") == NULL)
        goto done;
    made = PyObject_CallOneArg(materializer, spec);
    if (made == NULL)
        goto done;
    if (!PyTuple_Check(made) || PyTuple_GET_SIZE(made) != 2) {
        PyErr_SetString(PyExc_SystemError, "bocpy._worker.materialize: expected a pair");
        goto done;
    }
    PyObject *callable = PyTuple_GET_ITEM(made, 0); /* borrowed */
    p_made->callable = callable == Py_None ? NULL : Py_NewRef(callable);
    p_made->install = Py_NewRef(PyTuple_GET_ITEM(made, 1));
    result = p_made->callable != NULL ? read_places(p_made) : 0;
    if (result < 0)
        forget(p_made);
done:
    Py_XDECREF(made);
    Py_XDECREF(materializer);
    Py_XDECREF(spec);
    return result;
}

/* The call under way: captures that travel as arguments. */
typedef struct call {
    PyObject **arguments;
    size_t positional;
    PyObject *keywords[16]; /* borrowed from `install` */
    PyObject *keyword_values[16]; /* borrowed from the captures */
    size_t keyword_count;
} call_t;

/* PyCell_Set, inlined where no other thread can see the cell meanwhile. */
static void set_cell(PyObject *cell, PyObject *value) {
#ifdef Py_GIL_DISABLED
    (void)PyCell_Set(cell, value);
#else
    PyObject *old = PyCell_GET(cell); /* owned, once it is replaced */
    PyCell_SET(cell, Py_XNewRef(value));
    Py_XDECREF(old);
#endif
}

static int install_one(call_t *call, const py_place_t *place, PyObject *value) {
    switch (place->kind) {
    case IN_CELL:
        set_cell(place->where, value);
        return 0;
    case IN_GLOBAL:
        return PyDict_SetItem(place->where, place->key, value);
    case AS_ARGUMENT:
        call->arguments[call->positional++] = value;
        return 0;
    case AS_KEYWORD:
        if (call->keyword_count == Py_ARRAY_LENGTH(call->keywords)) {
            PyErr_SetString(PyExc_TypeError, "a behavior takes at most 16 keyword-only captures");
            return -1;
        }
        call->keywords[call->keyword_count] = place->key;
        call->keyword_values[call->keyword_count++] = value;
        return 0;
    default:
        PyErr_SetString(PyExc_SystemError, "unknown kind of capture");
        return -1;
    }
}

static PyObject *call_with_keywords(PyObject *callable, call_t *call) {
    PyObject *names = PyTuple_New((Py_ssize_t)call->keyword_count); /* owned */
    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < call->keyword_count; i++) {
        PyTuple_SET_ITEM(names, (Py_ssize_t)i, Py_NewRef(call->keywords[i]));
        call->arguments[call->positional + i] = call->keyword_values[i];
    }
    PyObject *result = PyObject_Vectorcall(
        callable, call->arguments, call->positional | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
    Py_DECREF(names);
    return result;
}

/* Empty the cells.  False when user code kept one, so that the function must not be
 * used again. */
static bool empty_cells(const py_place_t *places, size_t count) {
    bool are_ours = true;
    for (size_t i = 0; i < count; i++) {
        PyObject *cell = places[i].where; /* borrowed */
        if (places[i].kind != IN_CELL)
            continue;
        if (Py_REFCNT(cell) > OWN_CELL_REFERENCES)
            are_ours = false; /* an inner function lives on: its variable stays */
        else
            set_cell(cell, NULL);
    }
    return are_ours;
}

static PyObject *call_installed(py_function_t *made, PyObject **arguments, size_t argument_count,
                                PyObject *const *captures, size_t capture_count) {
    call_t call; /* the tables are filled up to `keyword_count` */
    call.arguments = arguments;
    call.positional = argument_count;
    call.keyword_count = 0;
    size_t installed = 0;
    PyObject *result = NULL;
    while (installed < capture_count) {
        const py_place_t *place = &made->places[installed];
        if (install_one(&call, place, captures[installed++]) < 0)
            goto done;
    }
    result = call.keyword_count > 0
                 ? call_with_keywords(made->callable, &call)
                 : PyObject_Vectorcall(made->callable, arguments,
                                       call.positional | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
done:
    if (!empty_cells(made->places, installed))
        forget(made);
    return result;
}

/* A body that is made anew from its captures at each call. */
static PyObject *call_computed(PyObject *install, PyObject **arguments, size_t argument_count,
                               PyObject *const *captures, size_t capture_count) {
    PyObject *values = PyTuple_New((Py_ssize_t)capture_count); /* owned */
    if (values == NULL)
        return NULL;
    for (size_t i = 0; i < capture_count; i++)
        PyTuple_SET_ITEM(values, (Py_ssize_t)i, Py_NewRef(captures[i]));
    PyObject *callable = PyObject_CallOneArg(install, values); /* owned */
    Py_DECREF(values);
    if (callable == NULL)
        return NULL;
    PyObject *result = PyObject_Vectorcall(callable, arguments,
                                           argument_count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(callable);
    return result;
}

PyObject *py_functions_call(core_state_t *state, uint32_t id, PyObject **arguments,
                            size_t argument_count, PyObject *const *captures,
                            size_t capture_count) {
    py_function_t *kept = grow_to(&state->functions, id);
    if (kept == NULL)
        return NULL;
    /* Taken out for the call: user code may come back here and move the table. */
    py_function_t made = *kept; /* owned */
    *kept = (py_function_t){NULL, NULL, NULL};
    PyObject *result = NULL;
    if (made.install == NULL && materialize(state, id, &made) < 0)
        goto done;
    if (made.callable == NULL)
        result = call_computed(made.install, arguments, argument_count, captures, capture_count);
    else if ((size_t)PyTuple_GET_SIZE(made.install) != capture_count)
        PyErr_SetString(PyExc_SystemError, "a behavior and its template do not match");
    else
        result = call_installed(&made, arguments, argument_count, captures, capture_count);
done:
    kept = &state->functions.entries[id];
    if (kept->install == NULL && made.install != NULL)
        *kept = made;
    else
        forget(&made);
    return result;
}

void py_functions_note_site(core_state_t *state, uint32_t id) {
    if (!PyErr_Occurred() || id >= state->functions.count)
        return;
    PyObject *callable = state->functions.entries[id].callable; /* borrowed */
    if (callable == NULL || !PyFunction_Check(callable))
        return;
    PyFunctionObject *function = (PyFunctionObject *)callable;
    PyCodeObject *code = (PyCodeObject *)function->func_code;
    py_errors_add_note("in behavior '%U', scheduled by the decorator at %U:%d",
                       function->func_qualname, code->co_filename, code->co_firstlineno);
}

int py_functions_traverse(py_functions_t *functions, visitproc visit, void *arg) {
    for (uint32_t i = 0; i < functions->count; i++) {
        Py_VISIT(functions->entries[i].callable);
        Py_VISIT(functions->entries[i].install);
    }
    return 0;
}

void py_functions_clear(py_functions_t *functions) {
    py_function_t *entries = functions->entries;
    uint32_t count = functions->count;
    *functions = (py_functions_t){NULL, 0};
    for (uint32_t i = 0; i < count; i++)
        forget(&entries[i]);
    PyMem_Free(entries);
}
