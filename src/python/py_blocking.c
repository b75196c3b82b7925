#include "python/py_blocking.h"

#include "python/py_interp.h"
#include "python/py_state.h"

/* Signals and interrupts of other threads are looked at this often: well below the 100 ms
 * within which Ctrl-C has to be answered. */
#define SLICE_NS ((int64_t)75 * 1000 * 1000)

static void before_blocking(void *context) {
    ((py_blocked_t *)context)->thread_state = PyEval_SaveThread();
}

/* How long a thread that is the only one of its interpreter may keep the GIL while it looks; less
 * than another that comes up would notice. */
#define LOOK_NS ((int64_t)100 * 1000)

static bool is_only_thread(void) {
    PyThreadState *own = PyThreadState_Get();
    return PyInterpreterState_ThreadHead(PyThreadState_GetInterpreter(own)) == own &&
           PyThreadState_Next(own) == NULL;
}

/* An exception that another thread set for this one (a body that is to end) is raised by
 * bytecode only. */
static int run_bytecode(core_state_t *state) {
    PyObject *look_up = py_state_import(&state->look_up, "bocpy._worker", "look_up"); /* borrowed */
    PyObject *result = look_up != NULL ? PyObject_CallNoArgs(look_up) : NULL; /* owned */
    Py_XDECREF(result);
    return result != NULL ? 0 : -1;
}

static boc_status_t after_blocking(void *context, bool is_over) {
    py_blocked_t *blocked = context;
    PyEval_RestoreThread(blocked->thread_state);
    if (is_over)
        return BOC_OK;
    if (PyErr_CheckSignals() < 0 || (blocked->worker != NULL && run_bytecode(blocked->worker) < 0))
        return BOC_EINTERRUPTED;
    return BOC_OK;
}

/* 1 if `threading` says that this is main's first thread, which alone runs signal handlers; -1
 * with an exception. */
static int is_first_thread(PyObject *threading) {
    PyObject *thread = PyObject_CallMethod(threading, "main_thread", NULL); /* owned */
    PyObject *ident = thread != NULL ? PyObject_GetAttrString(thread, "ident") : NULL; /* owned */
    unsigned long first = ident != NULL ? PyLong_AsUnsignedLong(ident) : (unsigned long)-1;
    Py_XDECREF(ident);
    Py_XDECREF(thread);
    return PyErr_Occurred() ? -1 : first == PyThread_get_thread_ident();
}

/* Whether signal handlers may run in this thread of main.  Only yes is remembered: a fork makes
 * another thread the first. */
static bool may_handle_signals(void) {
    static _Thread_local bool tl_may;
    if (tl_may)
        return true;
    PyObject *name = PyUnicode_InternFromString("threading"); /* owned */
    PyObject *threading = name != NULL ? PyImport_GetModule(name) : NULL; /* owned */
    tl_may = threading == NULL || is_first_thread(threading) != 0;
    PyErr_Clear();
    Py_XDECREF(threading);
    Py_XDECREF(name);
    return tl_may;
}

boc_blocking_t py_blocking_for(core_state_t *state, py_blocked_t *blocked) {
    *blocked = (py_blocked_t){.worker = state->worker >= 0 ? state : NULL};
    bool needs_looks = blocked->worker != NULL || (py_interp_is_main() && may_handle_signals());
    return (boc_blocking_t){
        .before = before_blocking,
        .after = after_blocking,
        .context = blocked,
        .slice_ns = needs_looks ? SLICE_NS : BOC_NO_TIMEOUT,
        .look_ns = is_only_thread() ? LOOK_NS : 0,
    };
}
