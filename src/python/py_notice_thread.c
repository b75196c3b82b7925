#include "python/py_notice_thread.h"

#include "platform/thread.h"
#include "python/py_errors.h"
#include "python/py_failure.h"
#include "python/py_moves.h"
#include "python/py_state.h"
#include "python/py_transfer.h"
#include "python/py_wait.h"

#include <assert.h>

/* Threads that wait for its end. */
typedef struct waiter {
    boc__parker_t parker;
    struct waiter *next;
} waiter_t;

typedef enum life {
    NONE,
    ALIVE,
    ENDED, /* to be joined */
} life_t;

static struct {
    boc__mutex_t mutex;
    boc__thread_t thread;
    boc__parker_t work;       /* the thread's; one token for any number of jobs */
    life_t life;              /* guarded by mutex, as the rest */
    bool should_end;          /* when nothing is left to do */
    py_notice_job_t *first;   /* whose turn has come; each with the mutation's reference */
    py_notice_job_t *last;
    py_notice_job_t *running; /* borrowed from the thread */
    unsigned long ident;      /* of the thread, while it runs a function; else 0 */
    waiter_t *waiters;
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

static _Thread_local bool tl_is_this;

bool py_notice_thread_is_this(void) { return tl_is_this; }

static const boc_payload_t nothing = {NULL, NULL};

/* -- running a function ----------------------------------------------------------------- */

static PyObject *argument(core_state_t *state, const py_notice_job_t *job) {
    const boc_payload_t *value = boc_update_value(job->update);
    return py_transfer_decode(state, value != NULL ? value : &job->fallback);
}

static PyObject *call(core_state_t *state, const py_notice_job_t *job) {
    PyObject *function = py_transfer_decode(state, &job->function);            /* owned */
    PyObject *value = function != NULL ? argument(state, job) : NULL;          /* owned */
    PyObject *result = value != NULL ? PyObject_CallOneArg(function, value) : NULL;
    Py_XDECREF(value);
    Py_XDECREF(function);
    return result;
}

/* How the update ends; -1 with an exception. */
static int encode(core_state_t *state, PyObject *result, boc_payload_t *p_value) {
    PyObject *removed = py_state_import(&state->removed, "bocpy", "REMOVED"); /* borrowed */
    if (removed == NULL)
        return -1;
    if (result == removed)
        return BOC_UPDATE_DELETE;
    return py_transfer_encode_for(state, result, p_value, BOCPY_INTO_BOARD) == 0 ? BOC_UPDATE_WRITE
                                                                                 : -1;
}

static void run(core_state_t *state, py_notice_job_t *job) {
    boc_payload_t value = nothing;
    PyObject *result = call(state, job); /* owned */
    int how = result != NULL ? encode(state, result, &value) : -1;
    Py_XDECREF(result);
    if (how < 0) {
        py_errors_add_note("in notice_update, key '%s'", job->key);
        job->failure = py_failure_of_raised(state);
    }
    boc_update_finish(job->update, how < 0 ? BOC_UPDATE_KEEP : (boc_update_end_t)how, value);
    assert(!PyErr_Occurred());
}

/* -- the thread ------------------------------------------------------------------------- */

/* NULL: nothing to do, and `*p_is_over` says whether there will be. */
static py_notice_job_t *begin_next(bool *p_is_over) {
    boc__mutex_lock(&globals.mutex);
    py_notice_job_t *job = globals.first;
    if (job != NULL) {
        globals.first = job->next;
        if (globals.first == NULL)
            globals.last = NULL;
        py_notice_job_ref(job);
        globals.running = job;
        globals.ident = PyThread_get_thread_ident();
    }
    *p_is_over = job == NULL && globals.should_end;
    boc__mutex_unlock(&globals.mutex);
    return job;
}

/* An interrupt that came too late must not hit the next. */
static void end_running(void) {
    boc__mutex_lock(&globals.mutex);
    globals.running = NULL;
    globals.ident = 0;
    boc__mutex_unlock(&globals.mutex);
    (void)PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), NULL);
}

static void work(core_state_t *state) {
    for (;;) {
        bool is_over;
        py_notice_job_t *job = begin_next(&is_over);
        if (job != NULL) {
            run(state, job);
            end_running();
            py_notice_job_unref(job);
        } else if (is_over) {
            return;
        } else {
            Py_BEGIN_ALLOW_THREADS(void) boc__parker_park(&globals.work, BOC_FOREVER);
            Py_END_ALLOW_THREADS
        }
    }
}

/* The runtime cannot be up without the module. */
static core_state_t *main_state(PyObject **p_module) {
    *p_module = PyImport_ImportModule("bocpy._core");
    if (*p_module == NULL)
        Py_FatalError("bocpy: the module bocpy._core is gone");
    return py_state_of(*p_module);
}

static void thread_main(void *context) {
    (void)context;
    tl_is_this = true;
    PyThreadState *thread_state = PyThreadState_New(PyInterpreterState_Main());
    if (thread_state == NULL)
        Py_FatalError("bocpy: no memory for the thread of the noticeboard");
    PyEval_AcquireThread(thread_state);
    PyObject *module; /* owned */
    core_state_t *state = main_state(&module);
    (void)py_notice_enter(state);
    work(state);
    py_notice_leave(NULL);
    Py_DECREF(module);
    PyThreadState_Clear(thread_state);
    PyThreadState_DeleteCurrent();
    boc__mutex_lock(&globals.mutex);
    globals.life = ENDED;
    for (waiter_t *waiter = globals.waiters; waiter != NULL; waiter = waiter->next)
        boc__parker_wake(&waiter->parker);
    boc__mutex_unlock(&globals.mutex);
}

/* Under the mutex. */
static boc_status_t ensure_thread(void) {
    if (globals.life == ALIVE)
        return BOC_OK;
    if (globals.life == ENDED)
        boc__thread_join(&globals.thread); /* it has nothing left to do */
    globals.life = NONE;
    globals.should_end = false;
    boc__parker_init(&globals.work);
    boc_status_t status = boc__thread_start(&globals.thread, thread_main, NULL, "bocpy-board");
    if (status == BOC_OK)
        globals.life = ALIVE;
    return status;
}

/* -- from elsewhere --------------------------------------------------------------------- */

void py_notice_thread_push(boc_update_t *update, void *context) {
    py_notice_job_t *job = context;
    job->update = update;
    job->next = NULL;
    boc__mutex_lock(&globals.mutex);
    boc_status_t status = ensure_thread();
    if (status == BOC_OK) {
        *(globals.last != NULL ? &globals.last->next : &globals.first) = job;
        globals.last = job;
        boc__parker_wake(&globals.work);
    }
    boc__mutex_unlock(&globals.mutex);
    if (status == BOC_OK)
        return;
    core_state_t *state = py_notice_state();
    if (state != NULL) {
        py_notice_raise(status, job->kind, job->key);
        job->failure = py_failure_of_raised(state);
    }
    boc_update_finish(update, BOC_UPDATE_KEEP, nothing);
}

void py_notice_thread_abandon(core_state_t *state) {
    boc__mutex_lock(&globals.mutex);
    py_notice_job_t *waiting = globals.first, *running = globals.running;
    globals.first = globals.last = NULL;
    if (running != NULL)
        py_notice_job_ref(running);
    boc__mutex_unlock(&globals.mutex);
    if (running != NULL) {
        py_notice_job_abandon(state, running, true);
        py_notice_job_unref(running);
    }
    while (waiting != NULL) {
        py_notice_job_t *job = waiting;
        waiting = job->next;
        boc_update_finish(job->update, BOC_UPDATE_KEEP, nothing);
    }
}

static bool is_busy(void) {
    boc__mutex_lock(&globals.mutex);
    bool answer = globals.running != NULL || globals.first != NULL;
    boc__mutex_unlock(&globals.mutex);
    return answer;
}

boc_status_t py_notice_thread_end(int64_t deadline_ns) {
    waiter_t waiter;
    boc__parker_init(&waiter.parker);
    boc__mutex_lock(&globals.mutex);
    bool is_alive = globals.life == ALIVE;
    if (is_alive) {
        globals.should_end = true;
        boc__parker_wake(&globals.work);
        waiter.next = globals.waiters;
        globals.waiters = &waiter;
    }
    boc__mutex_unlock(&globals.mutex);
    boc_status_t status = is_alive ? py_wait_park(&waiter.parker, deadline_ns) : BOC_OK;
    if (status == BOC_ETIMEOUT && !is_busy()) /* on its way out, and nothing can hold it up */
        status = py_wait_park(&waiter.parker, BOC_FOREVER);
    boc__mutex_lock(&globals.mutex);
    for (waiter_t **link = &globals.waiters; *link != NULL; link = &(*link)->next)
        if (*link == &waiter) {
            *link = waiter.next;
            break;
        }
    if (globals.life == ENDED) {
        globals.life = NONE;
        boc__thread_join(&globals.thread); /* it unlocked the mutex last of all */
        boc__parker_deinit(&globals.work);
        status = status == BOC_ETIMEOUT ? BOC_OK : status;
    }
    boc__mutex_unlock(&globals.mutex);
    boc__parker_deinit(&waiter.parker);
    return status;
}

void py_notice_thread_interrupt(void) {
    boc__mutex_lock(&globals.mutex);
    unsigned long ident = globals.ident;
    if (ident != 0)
        (void)PyThreadState_SetAsyncExc(ident, PyExc_KeyboardInterrupt);
    boc__mutex_unlock(&globals.mutex);
}

void py_notice_thread_forget(void) {
    boc__mutex_init(&globals.mutex);
    globals.life = NONE;
    globals.should_end = false;
    globals.first = globals.last = globals.running = NULL;
    globals.ident = 0;
    globals.waiters = NULL;
}
