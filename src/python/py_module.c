/* py_module.c - the extension module bocpy._core: its state and its tables. */
#include "python/py_capi.h"
#include "python/py_cown.h"
#include "python/py_failure.h"
#include "python/py_hold.h"
#include "python/py_interp.h"
#include "python/py_isolation.h"
#include "python/py_live.h"
#include "python/py_main_source.h"
#include "python/py_messages.h"
#include "python/py_noticeboard.h"
#include "python/py_pickled.h"
#include "python/py_runtime.h"
#include "python/py_snapshot.h"
#include "python/py_state.h"
#include "python/py_template.h"
#include "python/py_track.h"
#include "python/py_when.h"

core_state_t *py_state_of(PyObject *module) { return PyModule_GetState(module); }

core_state_t *py_state_of_type(PyTypeObject *type) {
    if (type->tp_mro == NULL)
        return NULL; /* the interpreter ends and has taken the type apart */
    /* PyType_GetModuleState, whose checks are not for types of ours. */
    PyObject *module = ((PyHeapTypeObject *)type)->ht_module; /* borrowed */
    return module != NULL ? PyModule_GetState(module) : NULL;
}

PyObject *py_state_import(PyObject **p_cached, const char *module, const char *name) {
    if (*p_cached != NULL)
        return *p_cached;
    PyObject *imported = PyImport_ImportModule(module); /* owned */
    if (imported == NULL)
        return NULL;
    PyObject *found = PyObject_GetAttrString(imported, name); /* owned */
    Py_DECREF(imported);
    if (*p_cached == NULL)
        *p_cached = found;
    else /* the import came back here and was faster */
        Py_XDECREF(found);
    return *p_cached;
}

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#elif defined(_MSC_VER)
#define COMPILER "msvc"
#else
#define COMPILER "unknown"
#endif

/* What `python -m bocpy info` says of the build. */
static PyObject *core_build(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
#ifdef NDEBUG
    PyObject *has_asserts = Py_False;
#else
    PyObject *has_asserts = Py_True;
#endif
#if defined(BOC_TRACK_REFS)
    PyObject *tracks_refs = Py_True;
#else
    PyObject *tracks_refs = Py_False;
#endif
    return Py_BuildValue("{ss ss ss sO sO}", "type", BOCPY_BUILD_TYPE, "compiler", COMPILER,
                         "headers", PY_VERSION, "assertions", has_asserts, "tracks_refs",
                         tracks_refs);
}

static PyMethodDef value_functions[] = {
    {"_build", core_build, METH_NOARGS, "_build($module, /)\n--\n\nHow it was built."},
    {"_cown_of", core_cown_of, METH_VARARGS,
     "_cown_of($module, process, handle, /)\n--\n\nThe cown that a pickle names."},
    {"_take_failures", core_take_failures, METH_NOARGS,
     "_take_failures($module, /)\n--\n\nThe exceptions that nobody looked at."},
    {"_forget_failures", core_forget_failures, METH_NOARGS,
     "_forget_failures($module, /)\n--\n\nDrop the exceptions of dead cowns."},
    {"_is_isolated", core_is_isolated, METH_O,
     "_is_isolated($module, value, /)\n--\n\n"
     "Whether nothing but the call reaches what is mutable in the value."},
    {"_tell_main", core_tell_main, METH_O,
     "_tell_main($module, described, /)\n--\n\nKeep the source of main's module for workers."},
    {"_main_told", core_main_told, METH_NOARGS,
     "_main_told($module, /)\n--\n\nIn a worker: the source of main's module, or None."},
    {"_set_transfer", core_set_transfer, METH_O,
     "_set_transfer($module, mode, /)\n--\n\n"
     "'live', 'encode', or 'eager': which values stay live between behaviors."},
    {"_transfer_mode", core_transfer_mode, METH_NOARGS,
     "_transfer_mode($module, /)\n--\n\nWhat _set_transfer set."},
    {"_live_values", core_live_values, METH_NOARGS,
     "_live_values($module, /)\n--\n\nCounts of the values that stayed live."},
    {"_transfer_check", core_transfer_check, METH_O,
     "_transfer_check($module, value, /)\n--\n\nRaise what encoding the value raises."},
    {"_transfer_roundtrip", core_transfer_roundtrip, METH_O,
     "_transfer_roundtrip($module, value, /)\n--\n\nEncode and decode, for tests."},
    {NULL, NULL, 0, NULL},
};

static int core_exec(PyObject *module) {
    core_state_t *state = py_state_of(module);
    state->worker = -1;
    /* Interpreter ids are never reused; 0 says that nobody holds a cown. */
    state->holder = (uint32_t)PyInterpreterState_GetID(PyInterpreterState_Get()) + 1;
    state->home = py_home_new(py_interp_is_main());
    if (state->home == NULL)
        return -1;
    state->owned = PyDict_New();
    if (state->owned == NULL || py_transfer_state_init(module, &state->transfer) < 0 ||
        py_template_init(state) < 0 || py_cown_add_type(module, state) < 0 ||
        py_hold_add_type(module, state) < 0 || py_when_add_type(module, state) < 0 ||
        py_snapshot_add_type(module, state) < 0)
        return -1;
    if (PyModule_AddFunctions(module, py_when_functions) < 0 ||
        PyModule_AddFunctions(module, py_runtime_functions) < 0 ||
        PyModule_AddFunctions(module, py_message_functions) < 0 ||
        PyModule_AddFunctions(module, py_noticeboard_functions) < 0 ||
        PyModule_AddFunctions(module, value_functions) < 0)
        return -1;
    if (py_track_add(module) < 0 || py_capi_add(module, state) < 0)
        return -1;
    return PyModule_AddStringConstant(module, "version", BOCPY_VERSION);
}

static int core_traverse(PyObject *module, visitproc visit, void *arg) {
    core_state_t *state = py_state_of(module);
    Py_VISIT(state->cown_type);
    Py_VISIT(state->when_type);
    Py_VISIT(state->snapshot_type);
    Py_VISIT(state->removed);
    Py_VISIT(state->owned);
    Py_VISIT(state->failures);
    Py_VISIT(state->template_of);
    Py_VISIT(state->importing);
    Py_VISIT(state->look_up);
    int result = py_settings_traverse(&state->settings, visit, arg);
    if (result == 0)
        result = py_functions_traverse(&state->functions, visit, arg);
    if (result == 0)
        result = py_foreign_traverse(&state->foreign, visit, arg);
    return result != 0 ? result : py_transfer_state_traverse(&state->transfer, visit, arg);
}

static int core_clear(PyObject *module) {
    core_state_t *state = py_state_of(module);
    py_functions_clear(&state->functions);
    py_freelist_close(&state->free_cowns);
    py_freelist_close(&state->free_whens);
    Py_CLEAR(state->owned);
    Py_CLEAR(state->failures);
    Py_CLEAR(state->template_of);
    Py_CLEAR(state->importing);
    Py_CLEAR(state->look_up);
    Py_CLEAR(state->when_type);
    Py_CLEAR(state->snapshot_type);
    Py_CLEAR(state->removed);
    Py_CLEAR(state->cown_type);
    py_settings_clear(&state->settings);
    py_transfer_state_clear(&state->transfer);
    py_foreign_clear(&state->foreign);
    return 0;
}

static void core_free(void *module) {
    core_state_t *state = py_state_of(module);
    (void)core_clear(module);
    py_capi_forget(state);
    if (state->home == NULL)
        return;
    py_home_close(state->home);
    py_home_unref(state->home);
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef core_module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "bocpy._core",
    .m_size = sizeof(core_state_t),
    .m_slots = core_slots,
    .m_traverse = core_traverse,
    .m_clear = core_clear,
    .m_free = core_free,
};

PyMODINIT_FUNC PyInit__core(void); /* the import system looks it up by name */

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&core_module); }
