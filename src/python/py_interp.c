#include "python/py_interp.h"

#include "platform/thread.h"

static struct {
    /* Creation and end take turns: CPython keeps process-wide lists that both change. */
    boc__mutex_t mutex;
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

/* This thread creates an interpreter and has the mutex. */
static _Thread_local bool is_creating;

static void begin_creation(void) {
    boc__mutex_lock(&globals.mutex);
    is_creating = true;
}

static void end_creation(void) {
    if (!is_creating)
        return;
    is_creating = false;
    boc__mutex_unlock(&globals.mutex);
}

void py_interp_notice_import(PyObject *name) {
    if (is_creating && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "site") == 0)
        end_creation();
}

PyThreadState *py_interp_create(char *reason, size_t reason_bytes) {
    const PyInterpreterConfig config = {
        .use_main_obmalloc = 0,
        .allow_fork = 0,
        .allow_exec = 0,
        .allow_threads = 1,
        .allow_daemon_threads = 0,
        .check_multi_interp_extensions = 1,
        .gil = PyInterpreterConfig_OWN_GIL,
    };
    PyThreadState *thread_state = NULL;
    begin_creation();
    PyStatus status = Py_NewInterpreterFromConfig(&thread_state, &config);
    end_creation();
    if (PyStatus_Exception(status)) {
        (void)PyOS_snprintf(reason, reason_bytes, "%s",
                            status.err_msg != NULL ? status.err_msg : "no reason given");
        return NULL;
    }
    return thread_state;
}

void py_interp_destroy(PyThreadState *thread_state) {
    /* Without a GIL, whoever has the mutex may wait for all threads that are attached. */
    Py_BEGIN_ALLOW_THREADS boc__mutex_lock(&globals.mutex);
    Py_END_ALLOW_THREADS Py_EndInterpreter(thread_state);
    boc__mutex_unlock(&globals.mutex);
}

bool py_interp_is_main(void) { return PyInterpreterState_Get() == PyInterpreterState_Main(); }

void py_interp_call_main(const char *module, const char *function, const char *first,
                         const char *second) {
    PyThreadState *own = PyEval_SaveThread();
    PyThreadState *visitor = PyThreadState_New(PyInterpreterState_Main());
    if (visitor != NULL) {
        PyEval_AcquireThread(visitor);
        PyObject *imported = PyImport_ImportModule(module); /* owned */
        PyObject *done = imported != NULL
                             ? PyObject_CallMethod(imported, function, "ss", first, second)
                             : NULL; /* owned */
        Py_XDECREF(done);
        Py_XDECREF(imported);
        PyErr_Clear();
        PyThreadState_Clear(visitor);
        PyThreadState_DeleteCurrent();
    }
    PyEval_RestoreThread(own);
}

bool py_interp_is_attached(void) {
#if PY_VERSION_HEX >= 0x030D0000
    return PyThreadState_GetUnchecked() != NULL && !Py_IsFinalizing();
#else
    return _PyThreadState_UncheckedGet() != NULL && !_Py_IsFinalizing();
#endif
}
