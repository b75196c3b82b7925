#include "python/py_when.h"

#include "python/py_behavior.h"
#include "python/py_errors.h"
#include "python/py_interp.h"
#include "python/py_runtime.h"
#include "python/py_state.h"
#include "python/py_template.h"

#include "platform/atomic.h"

#include <stddef.h>

/* What when(...) returns: the checked arguments, waiting for a function. */
typedef struct py_when {
    PyObject_VAR_HEAD vectorcallfunc vectorcall;
    uint64_t reads;        /* bit i: the behavior only reads argument i */
    size_t requests;       /* cowns in all arguments together */
    bool has_groups;       /* some argument is a tuple */
    PyObject *arguments[]; /* owned; each a Cown or a tuple of them */
} py_when_t;

/* -- arguments ---------------------------------------------------------------------------- */

static PyObject *check_group(core_state_t *state, PyObject *group) {
    PyObject *cowns = PySequence_Tuple(group); /* owned; a copy of a list */
    for (Py_ssize_t i = 0; cowns != NULL && i < PyTuple_GET_SIZE(cowns); i++) {
        PyObject *item = PyTuple_GET_ITEM(cowns, i); /* borrowed */
        if (py_cown_check(state, item))
            continue;
        PyErr_Format(PyExc_TypeError, "when: item %zd of a group is a %.100s, not a Cown", i,
                     Py_TYPE(item)->tp_name);
        Py_CLEAR(cowns);
    }
    return cowns;
}

static PyObject *check_argument(core_state_t *state, py_when_t *when, PyObject *argument) {
    if (py_cown_check(state, argument)) {
        /* Its queue is entered soon, and a worker may have used it last. */
        boc__cpu_prefetch_for_write(py_cown_native(argument));
        when->requests++;
        return Py_NewRef(argument);
    }
    if (PyList_Check(argument) || PyTuple_Check(argument)) {
        PyObject *cowns = check_group(state, argument); /* owned */
        when->requests += cowns != NULL ? (size_t)PyTuple_GET_SIZE(cowns) : 0;
        when->has_groups = true;
        return cowns;
    }
    PyErr_Format(PyExc_TypeError,
                 "when: every argument must be a Cown, or a list or tuple of them, not a %.100s",
                 Py_TYPE(argument)->tp_name);
    return NULL;
}

/* Borrowed: `when` keeps the handle, and is kept by the call. */
static void request(boc_behavior_t *behavior, size_t index, PyObject *handle, boc_access_t access) {
    boc_behavior_request_borrowed(behavior, index, py_cown_native(handle), access);
}

static void fill_requests(const py_when_t *when, boc_behavior_t *behavior) {
    uint32_t *lengths = py_behavior_lengths(behavior);
    size_t at = 0;
    for (Py_ssize_t i = 0; i < Py_SIZE(when); i++) {
        PyObject *argument = when->arguments[i]; /* borrowed */
        boc_access_t access = i < 64 && (when->reads >> i & 1) != 0 ? BOC_READ : BOC_WRITE;
        if (!PyTuple_Check(argument)) {
            request(behavior, at++, argument, access);
            if (lengths != NULL)
                lengths[i] = PY_SINGLE;
            continue;
        }
        lengths[i] = (uint32_t)PyTuple_GET_SIZE(argument);
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(argument); k++)
            request(behavior, at++, PyTuple_GET_ITEM(argument, k), access);
    }
}

/* -- captures ------------------------------------------------------------------------------- */

static int encode_captures(core_state_t *state, py_template_t *template, PyObject *func,
                           PyObject *values, boc_payload_t *captures, py_moves_t *moves) {
    if (values != NULL) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); i++)
            if (py_transfer_encode_moving(state, PyTuple_GET_ITEM(values, i), &captures[i], moves) <
                0)
                return -1;
        return 0;
    }
    for (uint32_t i = 0; i < template->entry_count; i++) {
        py_template_entry_t *entry = &template->entries[i];
        PyObject *value = py_template_capture(template, func, i); /* owned */
        int done = value != NULL ? py_capture_encode(state, &entry->capture, value, entry->name,
                                                     &captures[i], moves)
                                 : -1;
        Py_XDECREF(value);
        if (done < 0)
            return -1;
    }
    return 0;
}

/* -- scheduling ---------------------------------------------------------------------------------
 */

static PyObject *submit(core_state_t *state, boc_behavior_t *behavior) {
    boc_cown_t *result = boc_behavior_keep_result(behavior);
    boc_cown_set_holder(result, PY_HOLDER_PRODUCER);
    PyObject *handle = py_cown_wrap(state, result); /* owned */
    if (handle == NULL) {
        boc_behavior_free(behavior);
        return NULL;
    }
    ((py_cown_t *)handle)->is_received = false; /* made here */
    boc_status_t status = boc_behavior_schedule(behavior);
    if (status == BOC_OK)
        return handle;
    Py_DECREF(handle);
    if (status == BOC_ECLOSED) {
        PyErr_SetString(PyExc_RuntimeError, "when: the runtime is shutting down");
        return NULL;
    }
    return py_errors_raise(status, "when");
}

static PyObject *schedule(core_state_t *state, const py_when_t *when, PyObject *func) {
    PyObject *values = NULL; /* owned */
    PyObject *result = NULL; /* owned */
    boc_behavior_t *behavior = NULL;
    py_moves_t moves;

    py_template_t *template = py_template_find(state, func, Py_SIZE(when));
    if (template == NULL)
        return NULL;
    py_moves_init(&moves, BOCPY_INTO_CAPTURE);
    if (template->snapshot != NULL) {
        values = py_template_snapshot(template, func);
        if (values == NULL)
            goto done;
    }
    size_t captures = values != NULL ? (size_t)PyTuple_GET_SIZE(values) : template->entry_count;
    boc_status_t status = py_behavior_new(template->id, when->requests, (size_t)Py_SIZE(when),
                                          captures, when->has_groups, &behavior);
    if (status != BOC_OK) {
        py_errors_raise(status, "when");
        goto done;
    }
    fill_requests(when, behavior);
    py_call_t *call = boc_behavior_data(behavior);
    if (encode_captures(state, template, func, values, call->captures, &moves) < 0) {
        boc_behavior_free(behavior);
        goto done;
    }
    result = submit(state, behavior);
done:
    py_moves_end(&moves, result != NULL);
    Py_XDECREF(values);
    py_template_release(template);
    return result;
}

/* 1 while this thread imports a module for its definitions only. */
static int is_importing(core_state_t *state) {
    if (state->worker < 0)
        return 0;
    if (py_state_import(&state->importing, "bocpy._worker", "importing") == NULL)
        return -1;
    if (PyDict_GET_SIZE(state->importing) == 0)
        return 0;
    PyObject *ident = PyLong_FromUnsignedLong(PyThread_get_thread_ident()); /* owned */
    int is_here = ident != NULL ? PyDict_Contains(state->importing, ident) : -1;
    Py_XDECREF(ident);
    return is_here;
}

/* What a module-level behavior yields while a worker imports its module. */
static PyObject *inert_result(core_state_t *state) {
    return PyObject_CallOneArg((PyObject *)state->cown_type, Py_None);
}

static PyObject *when_vectorcall(PyObject *op, PyObject *const *args, size_t nargsf,
                                 PyObject *kwnames) {
    if (PyVectorcall_NARGS(nargsf) != 1 || (kwnames != NULL && PyTuple_GET_SIZE(kwnames) > 0)) {
        PyErr_SetString(PyExc_TypeError, "when(...) takes the function to run, and nothing else");
        return NULL;
    }
    core_state_t *state = py_state_of_type(Py_TYPE(op));
    int importing = is_importing(state);
    if (importing != 0)
        return importing > 0 ? inert_result(state) : NULL;
    if (state->worker < 0 && py_runtime_ensure() < 0)
        return NULL;
    return schedule(state, (py_when_t *)op, args[0]);
}

static py_when_t *allocate(core_state_t *state, Py_ssize_t count) {
    PyObject *op = count == 1 ? py_freelist_take(&state->free_whens) : NULL;
    if (op != NULL)
        return (py_when_t *)PyObject_InitVar((PyVarObject *)op, state->when_type, count);
    return PyObject_GC_NewVar(py_when_t, state->when_type, count);
}

static PyObject *make_when(core_state_t *state, PyObject *const *args, Py_ssize_t count) {
    py_when_t *when = allocate(state, count);
    if (when == NULL)
        return NULL;
    when->vectorcall = when_vectorcall;
    when->reads = 0;
    when->requests = 0;
    when->has_groups = false;
    for (Py_ssize_t i = 0; i < count; i++) {
        when->arguments[i] = check_argument(state, when, args[i]);
        if (when->arguments[i] == NULL) {
            Py_SET_SIZE(when, i);
            Py_DECREF(when);
            return NULL;
        }
    }
    PyObject_GC_Track(when);
    return (PyObject *)when;
}

static PyObject *core_when(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    return make_when(py_state_of(module), args, count);
}

/* -- for other extensions ------------------------------------------------------------------- */

/* With the access of each argument. */
static py_when_t *new_when(core_state_t *state, const bocpy_argument_t *arguments, size_t count) {
    PyObject **cowns = PyMem_Calloc(count + 1, sizeof *cowns);
    py_when_t *when = NULL; /* owned */
    if (cowns == NULL)
        PyErr_NoMemory();
    for (size_t i = 0; cowns != NULL && i < count; i++)
        cowns[i] = arguments[i].cowns;
    if (cowns != NULL)
        when = (py_when_t *)make_when(state, cowns, (Py_ssize_t)count);
    PyMem_Free(cowns);
    for (size_t i = 0; when != NULL && i < count; i++) {
        if (arguments[i].access == BOCPY_READ && i < 64) {
            when->reads |= UINT64_C(1) << i;
        } else if (arguments[i].access != BOCPY_WRITE) {
            PyErr_Format(PyExc_ValueError, "when: access %d of argument %zu is not possible",
                         arguments[i].access, i);
            Py_CLEAR(when);
        }
    }
    return when;
}

PyObject *py_when_schedule(core_state_t *state, const bocpy_argument_t *arguments, size_t count,
                           PyObject *func) {
    py_when_t *when = new_when(state, arguments, count); /* owned */
    PyObject *result =
        when != NULL ? when_vectorcall((PyObject *)when, &func, 1, NULL) : NULL; /* owned */
    Py_XDECREF(when);
    return result;
}

static PyObject *schedule_native(core_state_t *state, const py_when_t *when, bocpy_call_fn call,
                                 void *context, bocpy_drop_fn drop) {
    boc_behavior_t *behavior = NULL;
    boc_status_t status = py_behavior_new_native(
        call, context, drop, when->requests, (size_t)Py_SIZE(when), when->has_groups, &behavior);
    if (status != BOC_OK)
        return py_errors_raise(status, "when_call");
    fill_requests(when, behavior);
    return submit(state, behavior);
}

PyObject *py_when_schedule_native(core_state_t *state, const bocpy_argument_t *arguments,
                                  size_t count, bocpy_call_fn call, void *context,
                                  bocpy_drop_fn drop) {
    py_when_t *when = new_when(state, arguments, count); /* owned */
    bool is_up = when != NULL && (state->worker >= 0 || py_runtime_ensure() == 0);
    if (!is_up && drop != NULL)
        drop(context);
    PyObject *result = is_up ? schedule_native(state, when, call, context, drop) : NULL; /* owned */
    Py_XDECREF(when);
    return result;
}

/* -- the decorator's type
 * --------------------------------------------------------------------------- */

static int when_traverse(PyObject *op, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(op));
    for (Py_ssize_t i = 0; i < Py_SIZE(op); i++)
        Py_VISIT(((py_when_t *)op)->arguments[i]);
    return 0;
}

static void when_dealloc(PyObject *op) {
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    for (Py_ssize_t i = 0; i < Py_SIZE(op); i++)
        Py_DECREF(((py_when_t *)op)->arguments[i]);
    core_state_t *state = py_state_of_type(type); /* NULL when the interpreter ends */
    if (state == NULL || Py_SIZE(op) != 1 || !py_freelist_keep(&state->free_whens, op))
        PyObject_GC_Del(op);
    Py_DECREF(type);
}

static PyMemberDef when_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(py_when_t, vectorcall), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot when_slots[] = {
    {Py_tp_traverse, when_traverse},
    {Py_tp_dealloc, when_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, when_members},
    {0, NULL},
};

static PyType_Spec when_spec = {
    .name = "bocpy._core.when_decorator",
    .basicsize = offsetof(py_when_t, arguments),
    .itemsize = sizeof(PyObject *),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = when_slots,
};

int py_when_add_type(PyObject *module, core_state_t *state) {
    state->when_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &when_spec, NULL);
    return state->when_type != NULL ? 0 : -1;
}

PyMethodDef py_when_functions[] = {
    {"when", (PyCFunction)(void (*)(void))core_when, METH_FASTCALL,
     "when($module, /, *cowns)\n--\n\n"
     "Schedule the decorated function to run once, when it alone owns *cowns*.\n\n"
     "Each argument is a Cown, which the function gets as a Cown, or a list or tuple of\n"
     "Cowns, which it gets as a list. The decorated name becomes a new Cown that will hold\n"
     "what the function returns, or the exception that escapes it. May be used from any\n"
     "thread of the main interpreter and inside behaviors; starts the runtime if none is up.\n\n"
     "Raises:\n"
     "    TypeError: if an argument is no cown, or the function's parameters do not fit.\n"
     "    SyntaxError: if the function is asynchronous, a generator, or decorated above.\n"
     "    NameError: if the function uses a name that nothing defines.\n"
     "    RuntimeError: if the runtime is shutting down.\n"
     "    Exception: what pickle raises, if a captured variable cannot travel."},
    {NULL, NULL, 0, NULL},
};
