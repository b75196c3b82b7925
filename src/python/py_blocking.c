#include "python/py_blocking.h"

#include "python/py_interp.h"
#include "python/py_state.h"

/* Signals and interrupts of other threads are looked at this often: well below the 100 ms
 * within which Ctrl-C has to be answered. */
#define SLICE_NS ((int64_t)75 * 1000 * 1000)

static void before_blocking(void *context) {
    ((py_blocked_t *)context)->thread_state = PyEval_SaveThread();
}

/* An exception that another thread set for this one (a body that is to end) is raised by
 * bytecode only. */
static int run_bytecode(void) {
    PyObject *globals = PyDict_New(); /* owned */
    PyObject *code =
        globals != NULL ? Py_CompileString("None", "<blocking>", Py_eval_input) : NULL; /* owned */
    PyObject *result = code != NULL ? PyEval_EvalCode(code, globals, globals) : NULL; /* owned */
    int status = result != NULL ? 0 : -1;
    Py_XDECREF(result);
    Py_XDECREF(code);
    Py_XDECREF(globals);
    return status;
}

static boc_status_t after_blocking(void *context, bool is_over) {
    py_blocked_t *blocked = context;
    PyEval_RestoreThread(blocked->thread_state);
    if (is_over)
        return BOC_OK;
    if (PyErr_CheckSignals() < 0 || (blocked->is_worker && run_bytecode() < 0))
        return BOC_EINTERRUPTED;
    return BOC_OK;
}

boc_blocking_t py_blocking_for(const core_state_t *state, py_blocked_t *blocked) {
    *blocked = (py_blocked_t){.is_worker = state->worker >= 0};
    bool needs_looks = blocked->is_worker || py_interp_is_main();
    return (boc_blocking_t){
        .before = before_blocking,
        .after = after_blocking,
        .context = blocked,
        .slice_ns = needs_looks ? SLICE_NS : BOC_NO_TIMEOUT,
    };
}
