#include "python/py_runtime.h"

#include "platform/cpu.h"
#include "python/py_acquire.h"
#include "python/py_arenas.h"
#include "python/py_cown.h"
#include "python/py_errors.h"
#include "python/py_interp.h"
#include "python/py_lease.h"
#include "python/py_notice_thread.h"
#include "python/py_owner.h"
#include "python/py_payload.h"
#include "python/py_state.h"
#include "python/py_wait.h"
#include "python/py_worker.h"

#include <boc/runtime.h>
#include <boc/stats.h>

/* How many signals may come before a function of ours that must run has begun. */
#define SIGNALS_MAX 100

bool py_runtime_main_owns_all(void) { return !boc_runtime_is_running() && py_interp_is_main(); }

/* Set once, when main's last drain begins: threads of main schedule no more. */
static _Atomic bool is_ending;

/* Set while a thread of main forks: the others wait for it in ensure_started. */
static _Atomic bool is_forking;

int py_runtime_ensure(void) {
    /* relaxed: nothing is read under it; who comes too early is drained. */
    if (atomic_load_explicit(&is_ending, memory_order_relaxed)) {
        PyErr_SetString(PyExc_RuntimeError, "when: the interpreter is shutting down");
        return -1;
    }
    /* relaxed: whoever sees the runtime up too late is refused by its gate. */
    if (boc_runtime_is_running() && !atomic_load_explicit(&is_forking, memory_order_relaxed))
        return 0;
    PyObject *module = PyImport_ImportModule("bocpy._runtime"); /* owned */
    PyObject *done =
        module != NULL ? PyObject_CallMethod(module, "ensure_started", NULL) : NULL; /* owned */
    Py_XDECREF(module);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* -- start ---------------------------------------------------------------------------- */

static unsigned start_count; /* read by start_unlocked, set under main's GIL */

static boc_status_t start_unlocked(int64_t timeout_ns) {
    (void)timeout_ns;
    boc_runtime_options_t options = {.worker_count = start_count, .host = py_worker_host};
    return boc_runtime_start(&options);
}

static int start_workers(core_state_t *state, PyObject *path, PyObject *config) {
    boc_payload_t encoded = {NULL, NULL};
    if (py_owner_take_back_all(state) < 0 || py_transfer_encode(state, config, &encoded) < 0 ||
        py_worker_prepare(path, encoded) < 0)
        return -1;
    py_worker_renew_all();
    boc_status_t status;
    Py_BEGIN_ALLOW_THREADS status = start_unlocked(0);
    Py_END_ALLOW_THREADS if (status == BOC_OK) return py_owner_lease_blocks(state);
    if (py_worker_trouble()[0] != '\0')
        PyErr_Format(PyExc_RuntimeError, "a worker could not start: %s", py_worker_trouble());
    else
        py_errors_raise(status, "start");
    return -1;
}

static PyObject *core_start(PyObject *module, PyObject *args) {
    core_state_t *state = py_state_of(module);
    PyObject *path, *config; /* borrowed */
    if (!PyArg_ParseTuple(args, "IO!O:_start", &start_count, &PyList_Type, &path, &config))
        return NULL;
    if (state->is_starting) {
        PyErr_SetString(PyExc_RuntimeError, "start: this thread is starting the runtime");
        return NULL;
    }
    py_wait_watch_termination();
    py_arenas_watch();
    state->is_starting = true;
    int result = start_workers(state, path, config);
    state->is_starting = false;
    return result == 0 ? Py_NewRef(Py_None) : NULL;
}

/* -- waiting and stopping ------------------------------------------------------------------ */

static boc_status_t stop_draining(int64_t timeout_ns) {
    return boc_runtime_stop(BOC_STOP_DRAIN, timeout_ns);
}

static boc_status_t stop_dropping(int64_t timeout_ns) {
    return boc_runtime_stop(BOC_STOP_DROP, timeout_ns);
}

/* None waits for ever.  True when the state was reached, False at the deadline. */
static PyObject *wait_for(PyObject *timeout, boc_status_t (*wait)(int64_t), const char *what) {
    int64_t deadline_ns;
    if (py_wait_deadline(timeout, &deadline_ns) < 0)
        return NULL;
    if (boc_worker_index() >= 0 || !py_interp_is_main())
        return PyErr_Format(PyExc_RuntimeError, "%s: not inside a behavior", what);
    if (py_lease_held() > 0)
        return PyErr_Format(PyExc_RuntimeError, "%s: this thread holds a cown", what);
    if (py_notice_thread_is_this())
        return PyErr_Format(PyExc_RuntimeError, "%s: not inside an update of the noticeboard",
                            what);
    boc_status_t status = py_wait_call(wait, deadline_ns);
    if (status == BOC_OK || status == BOC_ETIMEOUT)
        return PyBool_FromLong(status == BOC_OK);
    return PyErr_Occurred() ? NULL : py_errors_raise(status, what);
}

static PyObject *core_quiesce(PyObject *module, PyObject *timeout) {
    (void)module;
    return wait_for(timeout, boc_runtime_wait, "quiesce");
}

static PyObject *core_stop(PyObject *module, PyObject *timeout) {
    (void)module;
    return wait_for(timeout, stop_draining, "wait");
}

static PyObject *core_drop(PyObject *module, PyObject *timeout) {
    (void)module;
    return wait_for(timeout, stop_dropping, "stop");
}

static PyObject *core_shutdown(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    boc_status_t status;
    Py_BEGIN_ALLOW_THREADS status = boc_runtime_shutdown();
    Py_END_ALLOW_THREADS if (status != BOC_OK) return py_errors_raise(status, "shutdown");
    /* relaxed: set by this thread. */
    if (atomic_load_explicit(&is_ending, memory_order_relaxed))
        py_arenas_forgive();
    Py_RETURN_NONE;
}

static PyObject *core_set_forking(PyObject *module, PyObject *value) {
    (void)module;
    /* relaxed: see py_runtime_ensure. */
    atomic_store_explicit(&is_forking, value == Py_True, memory_order_relaxed);
    Py_RETURN_NONE;
}

static PyObject *core_begin_end(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    /* relaxed: see py_runtime_ensure. */
    atomic_store_explicit(&is_ending, true, memory_order_relaxed);
    Py_RETURN_NONE;
}

static PyObject *core_told_to_exit(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    int status = py_wait_told_to_exit();
    return status != PY_WAIT_NOT_TOLD ? PyLong_FromLong(status) : Py_NewRef(Py_None);
}

/* What CPython prints goes through sys.excepthook: the caller has replaced that. */
static PyObject *core_print_interrupt(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    PyErr_PrintEx(0);
    Py_RETURN_NONE;
}

static PyObject *core_release_all(PyObject *module, PyObject *unused) {
    (void)unused;
    py_acquire_release_all(py_state_of(module), true);
    Py_RETURN_NONE;
}

static PyObject *core_is_holding(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyBool_FromLong(py_lease_held() > 0);
}

static PyObject *core_interrupt(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    py_worker_interrupt_all();
    py_notice_thread_interrupt();
    Py_RETURN_NONE;
}

/* The strings belong to the caller's interpreter, which waits meanwhile. */
static PyObject *core_load_in_main(PyObject *module, PyObject *args) {
    const char *name, *path;
    if (!PyArg_ParseTuple(args, "ss:_load_in_main", &name, &path))
        return NULL;
    if (py_state_of(module)->worker < 0) {
        PyErr_SetString(PyExc_RuntimeError, "_load_in_main: only in a worker");
        return NULL;
    }
    py_interp_call_main("bocpy._extensions", "load", name, path);
    Py_RETURN_NONE;
}

/* -- fork ------------------------------------------------------------------------------- */

/* Behaviors in flight would be lost in the child, and CPython cannot fork beside their
 * interpreters: refuse. */
static int audit_fork(void) {
    if (!boc_runtime_is_running() || boc_worker_index() >= 0 || boc_runtime_wait(0) == BOC_OK)
        return 0;
    PyErr_SetString(PyExc_RuntimeError,
                    "fork: behaviors are in flight; call wait() or quiesce() before forking");
    return -1;
}

/* Runs for every audit event, so it looks at the first byte. */
static int audit(const char *event, PyObject *args, void *context) {
    (void)context;
    if (event[0] == 'o')
        return strcmp(event, "os.fork") == 0 || strcmp(event, "os.forkpty") == 0 ? audit_fork() : 0;
    if (event[0] == 'i' && strcmp(event, "import") == 0 && PyTuple_GET_SIZE(args) > 0)
        py_interp_notice_import(PyTuple_GET_ITEM(args, 0));
    return 0;
}

static PyObject *core_hook_audits(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    if (PySys_AddAuditHook(audit, NULL) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* -- questions ------------------------------------------------------------------------------- */

static PyObject *core_is_running(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyBool_FromLong(boc_runtime_is_running());
}

static PyObject *core_worker_count(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyLong_FromUnsignedLong(boc_runtime_worker_count());
}

static PyObject *core_worker_index(PyObject *module, PyObject *unused) {
    (void)unused;
    return PyLong_FromLong(py_state_of(module)->worker);
}

static PyObject *core_is_worker(PyObject *module, PyObject *unused) {
    (void)unused;
    return PyBool_FromLong(py_state_of(module)->worker >= 0);
}

static PyObject *core_is_main(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyBool_FromLong(py_interp_is_main());
}

static PyObject *core_cpu_counts(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return Py_BuildValue("II", boc__cpu_physical_count(), boc__cpu_count());
}

static PyObject *stats_dict(const boc_worker_stats_t *stats) {
    return Py_BuildValue("{sK sK sK sK sK sK sK sK sK sK sK sK sK sK}", "worker_index",
                         (unsigned long long)stats->worker_index, "pushed_local",
                         (unsigned long long)stats->pushed_local, "dispatched_to_pending",
                         (unsigned long long)stats->dispatched_to_pending, "pushed_remote",
                         (unsigned long long)stats->pushed_remote, "popped_local",
                         (unsigned long long)stats->popped_local, "popped_via_steal",
                         (unsigned long long)stats->popped_via_steal, "enqueue_cas_retries",
                         (unsigned long long)stats->enqueue_cas_retries, "dequeue_cas_retries",
                         (unsigned long long)stats->dequeue_cas_retries, "batch_resets",
                         (unsigned long long)stats->batch_resets, "steal_attempts",
                         (unsigned long long)stats->steal_attempts, "steal_failures",
                         (unsigned long long)stats->steal_failures, "parked",
                         (unsigned long long)stats->parked, "last_steal_attempt_ns",
                         (unsigned long long)stats->last_steal_attempt_ns, "fairness_arm_fires",
                         (unsigned long long)stats->fairness_arm_fires);
}

static PyObject *core_last_stats(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    size_t count = boc_runtime_stats(NULL, 0);
    boc_worker_stats_t *stats = PyMem_Calloc(count + 1, sizeof *stats);
    if (stats == NULL)
        return PyErr_NoMemory();
    size_t filled = boc_runtime_stats(stats, count);
    filled = filled < count ? filled : count;
    PyObject *list = PyList_New(0); /* owned */
    for (size_t i = 0; list != NULL && i < filled; i++) {
        PyObject *dict = stats_dict(&stats[i]); /* owned */
        if (dict == NULL || PyList_Append(list, dict) < 0)
            Py_CLEAR(list);
        Py_XDECREF(dict);
    }
    PyMem_Free(stats);
    return list;
}

static PyObject *core_scheduler_stats(PyObject *module, PyObject *unused) {
    return boc_runtime_is_running() ? core_last_stats(module, unused) : PyList_New(0);
}

static PyObject *core_native_live(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyLong_FromSize_t(boc_live_blocks());
}

/* What a signal's handler raises can come between the call and the first line of `function`, where
 * no Python code can catch it. */
static PyObject *core_insist(PyObject *module, PyObject *function) {
    (void)module;
    PyObject *error = Py_NewRef(Py_None); /* owned */
    PyObject *result = PyObject_CallOneArg(function, error); /* owned */
    for (int signals = 0; result == NULL && signals < SIGNALS_MAX; signals++) {
        Py_SETREF(error, PyErr_GetRaisedException());
        result = PyObject_CallOneArg(function, error);
    }
    Py_DECREF(error);
    return result;
}

PyMethodDef py_runtime_functions[] = {
    {"_start", core_start, METH_VARARGS,
     "_start($module, worker_count, path, config, /)\n--\n\nStart the workers."},
    {"_quiesce", core_quiesce, METH_O,
     "_quiesce($module, timeout, /)\n--\n\nWait until nothing is in flight."},
    {"_stop", core_stop, METH_O, "_stop($module, timeout, /)\n--\n\nDrain and close."},
    {"_drop", core_drop, METH_O, "_drop($module, timeout, /)\n--\n\nDrop and close."},
    {"_insist", core_insist, METH_O,
     "_insist($module, function, /)\n--\n\n"
     "Call function(None); when that raises, function(error), some times."},
    {"_shutdown", core_shutdown, METH_NOARGS,
     "_shutdown($module, /)\n--\n\nEnd the workers' threads and interpreters."},
    {"_set_forking", core_set_forking, METH_O,
     "_set_forking($module, value, /)\n--\n\nLet threads that schedule ask Python first."},
    {"_begin_end", core_begin_end, METH_NOARGS,
     "_begin_end($module, /)\n--\n\nLet no thread of main schedule any more."},
    {"_told_to_exit", core_told_to_exit, METH_NOARGS,
     "_told_to_exit($module, /)\n--\n\n"
     "The status with which a signal handler left a blocking call, minus the number of a signal\n"
     "that came otherwise, or None."},
    {"_print_interrupt", core_print_interrupt, METH_NOARGS,
     "_print_interrupt($module, /)\n--\n\nDo what CPython does with Ctrl-C that nobody caught."},
    {"_release_all", core_release_all, METH_NOARGS,
     "_release_all($module, /)\n--\n\nGive back every cown that main acquired."},
    {"_is_holding", core_is_holding, METH_NOARGS,
     "_is_holding($module, /)\n--\n\nWhether this thread holds a cown."},
    {"_interrupt", core_interrupt, METH_NOARGS,
     "_interrupt($module, /)\n--\n\nRaise KeyboardInterrupt in the bodies that run."},
    {"_load_in_main", core_load_in_main, METH_VARARGS,
     "_load_in_main($module, name, path, /)\n--\n\n"
     "In a worker: let the main interpreter load an extension module first."},
    {"_hook_audits", core_hook_audits, METH_NOARGS,
     "_hook_audits($module, /)\n--\n\n"
     "Refuse os.fork while behaviors are in flight; see interpreters being made."},
    {"is_running", core_is_running, METH_NOARGS,
     "is_running($module, /)\n--\n\nWhether a runtime is up."},
    {"worker_count", core_worker_count, METH_NOARGS,
     "worker_count($module, /)\n--\n\nWorkers of the runtime; 0 when none is up."},
    {"worker_index", core_worker_index, METH_NOARGS,
     "worker_index($module, /)\n--\n\nIndex of this interpreter's worker, or -1."},
    {"is_worker", core_is_worker, METH_NOARGS,
     "is_worker($module, /)\n--\n\nWhether this interpreter is a worker's."},
    {"_is_main", core_is_main, METH_NOARGS,
     "_is_main($module, /)\n--\n\nWhether this is the main interpreter."},
    {"_cpu_counts", core_cpu_counts, METH_NOARGS,
     "_cpu_counts($module, /)\n--\n\n"
     "(physical cores, logical CPUs) that this process may use; 0 for unknown."},
    {"_last_stats", core_last_stats, METH_NOARGS,
     "_last_stats($module, /)\n--\n\nThe same, also after the runtime was stopped."},
    {"_native_live", core_native_live, METH_NOARGS,
     "_native_live($module, /)\n--\n\n"
     "Cowns and behaviors that exist in the process. Exact while no worker runs a body."},
    {"scheduler_stats", core_scheduler_stats, METH_NOARGS,
     "scheduler_stats($module, /)\n--\n\n"
     "One dict of counters per worker since the runtime was started; empty when none is up."},
    {NULL, NULL, 0, NULL},
};
