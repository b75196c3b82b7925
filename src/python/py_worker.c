#include "python/py_worker.h"

#include "platform/compiler.h"
#include "platform/thread.h"
#include "platform/track.h"
#include "python/py_interp.h"
#include "python/py_live.h"
#include "python/py_payload.h"
#include "python/py_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A waiting thread asks for a worker's GIL after this long; main's own is 5 ms. */
#define SWITCH_INTERVAL_S 1e-4

/* What extensions want to be told about workers. */
#define HOOKS_MAX 32

static struct {
    boc__mutex_t mutex;            /* of those who add */
    _Atomic unsigned count;        /* entries below it never change */
    const bocpy_worker_hooks_t *entries[HOOKS_MAX];
} hooks = {.mutex = BOC_MUTEX_INITIALIZER};

static struct {
    boc__mutex_t mutex;
    char *path;            /* guarded by mutex; entries of sys.path, each with its NUL */
    size_t path_bytes;     /* guarded by mutex */
    boc_payload_t config;  /* guarded by mutex */
    char trouble[512];     /* guarded by mutex while workers start */
    _Atomic uint32_t generation; /* of the configuration; workers compare */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

/* What others need to reach a running body. */
typedef struct worker_record {
    PyInterpreterState *interpreter; /* guarded by globals.mutex; NULL: not reachable */
    core_state_t *state;             /* fixed while there are visitors */
    unsigned long thread;            /* guarded by globals.mutex */
    unsigned visitors;               /* guarded by globals.mutex; threads attached to it */
    _Atomic bool was_interrupted;    /* an exception was left for the thread */
} worker_record_t;

static worker_record_t records[BOC_WORKERS_MAX];

static _Thread_local struct {
    PyThreadState *thread_state;
    core_state_t *state;
    PyObject *module; /* owned; keeps `state` */
    uint32_t generation;
    unsigned hooks_run; /* how many of the hooks were started here */
    bool is_detached;   /* C bodies run: the GIL is free */
    bool has_printed;   /* Python bodies have run since the streams were flushed */
} tl_worker BOC_TLS_STATIC;

core_state_t *py_worker_state(void) {
    assert(tl_worker.state != NULL);
    return tl_worker.state;
}

/* -- with and without the GIL ---------------------------------------------------------------- */

void py_worker_detach(void) {
    if (tl_worker.is_detached)
        return;
    tl_worker.is_detached = true;
    (void)PyEval_SaveThread();
}

bool py_worker_attach(void) {
    if (!tl_worker.is_detached)
        return false;
    PyEval_RestoreThread(tl_worker.thread_state);
    tl_worker.is_detached = false;
    return true;
}

static void renew(void);

/* -- hooks of extensions ----------------------------------------------------------------------- */

int py_worker_add_hooks(const bocpy_worker_hooks_t *added) {
    int status = BOCPY_OK;
    boc__mutex_lock(&hooks.mutex);
    /* relaxed: only the holder of the mutex writes. */
    unsigned count = atomic_load_explicit(&hooks.count, memory_order_relaxed);
    unsigned i = 0;
    while (i < count && hooks.entries[i] != added)
        i++;
    if (i == HOOKS_MAX) {
        status = BOCPY_EFULL;
    } else if (i == count) {
        hooks.entries[count] = added;
        /* release: the entry, to py_worker_run_hooks. */
        atomic_store_explicit(&hooks.count, count + 1, memory_order_release);
    }
    boc__mutex_unlock(&hooks.mutex);
    return status;
}

void py_worker_run_hooks(void) {
    /* acquire: the entries below it. */
    unsigned count = atomic_load_explicit(&hooks.count, memory_order_acquire);
    while (tl_worker.hooks_run < count) {
        const bocpy_worker_hooks_t *next = hooks.entries[tl_worker.hooks_run++];
        if (next->start != NULL && next->start(next->context, tl_worker.state->worker) < 0)
            PyErr_WriteUnraisable(NULL);
    }
}

core_state_t *py_worker_begin(void) {
    (void)py_worker_attach();
    tl_worker.has_printed = true;
    renew();
    py_worker_run_hooks();
    return py_worker_state();
}

static bool has_news(void) {
    /* relaxed, both: who acts on it looks again, with acquire. */
    return tl_worker.generation !=
               atomic_load_explicit(&globals.generation, memory_order_relaxed) ||
           tl_worker.hooks_run < atomic_load_explicit(&hooks.count, memory_order_relaxed);
}

void py_worker_begin_detached(void) {
    if (has_news()) {
        (void)py_worker_attach();
        renew();
        py_worker_run_hooks();
    }
    py_worker_detach();
}

static void stop_hooks(void) {
    while (tl_worker.hooks_run > 0) {
        const bocpy_worker_hooks_t *last = hooks.entries[--tl_worker.hooks_run];
        if (last->stop != NULL)
            last->stop(last->context, tl_worker.state->worker);
        PyErr_Clear();
    }
}

const char *py_worker_trouble(void) { return globals.trouble; }

/* -- in main ------------------------------------------------------------------------- */

static char *flatten(PyObject *path, size_t *p_bytes) {
    char *flat = NULL;
    size_t bytes = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(path); i++) {
        PyObject *encoded; /* owned */
        if (!PyUnicode_FSConverter(PyList_GET_ITEM(path, i), &encoded)) {
            PyErr_Clear(); /* what main cannot use as a path either */
            continue;
        }
        size_t size = (size_t)PyBytes_GET_SIZE(encoded) + 1;
        char *grown = realloc(flat, bytes + size);
        if (grown == NULL) {
            Py_DECREF(encoded);
            free(flat);
            PyErr_NoMemory();
            return NULL;
        }
        flat = grown;
        memcpy(flat + bytes, PyBytes_AS_STRING(encoded), size);
        bytes += size;
        Py_DECREF(encoded);
    }
    *p_bytes = bytes;
    return flat != NULL ? flat : calloc(1, 1);
}

int py_worker_prepare(PyObject *path, boc_payload_t config) {
    size_t bytes = 0;
    char *flat = flatten(path, &bytes);
    if (flat == NULL) {
        boc_payload_drop(&config);
        return -1;
    }
    boc__mutex_lock(&globals.mutex);
    char *old_path = globals.path;
    boc_payload_t old_config = globals.config;
    globals.path = flat;
    globals.path_bytes = bytes;
    globals.config = config;
    BOC_TRACK_END(config.data); /* there is always one; never a leak */
    globals.trouble[0] = '\0';
    boc__mutex_unlock(&globals.mutex);
    free(old_path);
    boc_payload_drop(&old_config);
    return 0;
}

void py_worker_renew_all(void) {
    /* release: the configuration, to renew. */
    atomic_fetch_add_explicit(&globals.generation, 1, memory_order_release);
}

/* -- on the worker ------------------------------------------------------------------------ */

static PyObject *unflatten(void) {
    PyObject *path = PyList_New(0); /* owned */
    boc__mutex_lock(&globals.mutex);
    for (size_t at = 0; path != NULL && at < globals.path_bytes;
         at += strlen(globals.path + at) + 1) {
        PyObject *entry = PyUnicode_DecodeFSDefault(globals.path + at); /* owned */
        if (entry == NULL || PyList_Append(path, entry) < 0)
            Py_CLEAR(path);
        Py_XDECREF(entry);
    }
    boc__mutex_unlock(&globals.mutex);
    return path;
}

static boc_payload_t copy_config(void) {
    boc_payload_t config;
    boc__mutex_lock(&globals.mutex);
    py_payload_copy(&config, &globals.config);
    boc__mutex_unlock(&globals.mutex);
    return config;
}

/* Call bocpy._worker.boot with main's configuration. */
static int boot(core_state_t *state) {
    PyObject *config = NULL; /* owned */
    PyObject *module = NULL; /* owned */
    PyObject *done = NULL; /* owned */
    boc_payload_t encoded = copy_config();
    config = py_transfer_decode(state, &encoded);
    boc_payload_drop(&encoded);
    if (config != NULL)
        module = PyImport_ImportModule("bocpy._worker");
    if (module != NULL)
        done = PyObject_CallMethod(module, "boot", "O", config);
    Py_XDECREF(module);
    Py_XDECREF(config);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

static int set_up(unsigned worker) {
    PyObject *path = unflatten(); /* owned */
    if (path == NULL || PySys_SetObject("path", path) < 0) {
        Py_XDECREF(path);
        return -1;
    }
    Py_DECREF(path);
    PyObject *sys = PyImport_ImportModule("sys"); /* owned */
    PyObject *done = sys != NULL
                         ? PyObject_CallMethod(sys, "setswitchinterval", "d", SWITCH_INTERVAL_S)
                         : NULL; /* owned */
    Py_XDECREF(done);
    Py_XDECREF(sys);
    if (done == NULL)
        return -1;
    tl_worker.module = PyImport_ImportModule("bocpy._core");
    if (tl_worker.module == NULL)
        return -1;
    tl_worker.state = py_state_of(tl_worker.module);
    tl_worker.state->worker = (int)worker;
    /* acquire: see py_worker_renew_all. */
    tl_worker.generation = atomic_load_explicit(&globals.generation, memory_order_acquire);
    return boot(tl_worker.state);
}

static void note_trouble(const char *text) {
    boc__mutex_lock(&globals.mutex);
    (void)PyOS_snprintf(globals.trouble, sizeof globals.trouble, "%s", text);
    boc__mutex_unlock(&globals.mutex);
}

static void note_raised(void) {
    PyObject *error = PyErr_GetRaisedException(); /* owned */
    PyObject *text = PyUnicode_FromFormat("%s: %S", Py_TYPE(error)->tp_name, error); /* owned */
    const char *utf8 = text != NULL ? PyUnicode_AsUTF8(text) : NULL;
    note_trouble(utf8 != NULL ? utf8 : Py_TYPE(error)->tp_name);
    PyErr_Clear();
    Py_XDECREF(text);
    Py_DECREF(error);
}

static void end_interpreter(void) {
    if (tl_worker.state != NULL) {
        py_functions_clear(&tl_worker.state->functions);
        tl_worker.state = NULL;
    }
    Py_CLEAR(tl_worker.module);
    py_interp_destroy(tl_worker.thread_state);
    tl_worker.thread_state = NULL;
}

static boc_status_t worker_enter(void *context, unsigned worker) {
    (void)context;
    char reason[256];
    tl_worker.thread_state = py_interp_create(reason, sizeof reason);
    if (tl_worker.thread_state == NULL) {
        note_trouble(reason);
        return BOC_ETHREAD;
    }
    if (set_up(worker) == 0) {
        boc__mutex_lock(&globals.mutex);
        records[worker].interpreter = PyInterpreterState_Get();
        records[worker].state = tl_worker.state;
        records[worker].thread = PyThread_get_thread_ident();
        boc__mutex_unlock(&globals.mutex);
        py_home_set_worker(tl_worker.state->home, (int)worker);
        py_worker_run_hooks();
        tl_worker.has_printed = true; /* perhaps, while it was set up */
        /* It sleeps until all have entered; one that imports an extension module without a GIL
         * waits for every thread that is attached. */
        py_worker_detach();
        return BOC_OK;
    }
    note_raised();
    end_interpreter();
    return BOC_ETHREAD;
}

static void close_to_visitors(unsigned worker) {
    worker_record_t *record = &records[worker];
    for (bool has_visitors = true; has_visitors;) {
        boc__mutex_lock(&globals.mutex);
        record->interpreter = NULL;
        has_visitors = record->visitors > 0;
        boc__mutex_unlock(&globals.mutex);
        if (has_visitors) {
            Py_BEGIN_ALLOW_THREADS /* so that they can leave */
            boc__thread_yield();
            Py_END_ALLOW_THREADS
        }
    }
}

static void worker_leave(void *context, unsigned worker) {
    (void)context;
    (void)py_worker_attach();
    stop_hooks();
    close_to_visitors(worker);
    py_home_set_worker(tl_worker.state->home, -1); /* its interpreter frees the rest as it ends */
    end_interpreter();
}

/* -- interrupting bodies ---------------------------------------------------------------- */

/* On a thread of its own: attaching waits for the body to reach bytecode. */
static void visit(void *context) {
    worker_record_t *record = context;
    boc__mutex_lock(&globals.mutex);
    PyInterpreterState *interpreter = record->interpreter;
    unsigned long thread = record->thread;
    if (interpreter != NULL)
        record->visitors++;
    boc__mutex_unlock(&globals.mutex);
    if (interpreter == NULL)
        return;
    PyThreadState *visitor = PyThreadState_New(interpreter);
    if (visitor != NULL) {
        PyEval_AcquireThread(visitor);
        if (record->state->frame != NULL) {
            /* release: pairs with py_worker_forget_interrupt. */
            atomic_store_explicit(&record->was_interrupted, true, memory_order_release);
            (void)PyThreadState_SetAsyncExc(thread, PyExc_KeyboardInterrupt);
        }
        PyThreadState_Clear(visitor);
        PyThreadState_DeleteCurrent();
    }
    boc__mutex_lock(&globals.mutex);
    record->visitors--;
    boc__mutex_unlock(&globals.mutex);
}

void py_worker_interrupt_all(void) {
    unsigned count = boc_runtime_worker_count();
    for (unsigned i = 0; i < count; i++)
        (void)PyThread_start_new_thread(visit, &records[i]);
}

bool py_worker_forget_interrupt(void) {
    worker_record_t *record = &records[tl_worker.state->worker];
    /* acquire: see visit; relaxed would do for the look. */
    if (!atomic_load_explicit(&record->was_interrupted, memory_order_acquire))
        return false;
    /* relaxed: the GIL orders it against visitors. */
    atomic_store_explicit(&record->was_interrupted, false, memory_order_relaxed);
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    (void)PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), NULL);
    PyErr_SetRaisedException(raised);
    return true;
}

/* Whatever a body printed without a newline becomes visible before the worker sleeps. */
static void flush_stream(const char *name) {
    PyObject *stream = PySys_GetObject(name); /* borrowed */
    if (stream == NULL || stream == Py_None)
        return;
    Py_INCREF(stream);
    PyObject *done = PyObject_CallMethod(stream, "flush", NULL); /* owned */
    if (done == NULL)
        PyErr_Clear();
    Py_XDECREF(done);
    Py_DECREF(stream);
}

static void before_park(void *context, unsigned worker) {
    (void)context, (void)worker;
    if (tl_worker.is_detached && !tl_worker.has_printed)
        return; /* only C bodies ran since the last time */
    (void)py_worker_attach();
    flush_stream("stdout");
    flush_stream("stderr");
    tl_worker.has_printed = false;
    py_live_sweep(tl_worker.state);
    py_worker_detach();
}

/* When the worker wakes, or else before its next behavior: it may not have slept between two
 * runs. */
static void renew(void) {
    /* acquire: the configuration. */
    uint32_t generation = atomic_load_explicit(&globals.generation, memory_order_acquire);
    if (generation == tl_worker.generation)
        return;
    tl_worker.generation = generation;
    py_functions_clear(&tl_worker.state->functions);
    if (boot(tl_worker.state) < 0)
        PyErr_WriteUnraisable(NULL);
}

static void after_park(void *context, unsigned worker) {
    (void)context, (void)worker;
    (void)py_worker_attach();
    renew();
    py_worker_run_hooks();
}

/* Something was left at home (py_home_leave). */
static void between(void *context, unsigned worker) {
    (void)context, (void)worker;
    if (!py_home_has_left(tl_worker.state->home))
        return; /* freed after a body */
    (void)py_worker_attach();
    py_home_sweep(tl_worker.state->home);
}

const boc_host_t py_worker_host = {
    .worker_enter = worker_enter,
    .worker_leave = worker_leave,
    .before_park = before_park,
    .after_park = after_park,
    .between = between,
};
