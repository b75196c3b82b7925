#include "python/py_home.h"

#include "platform/atomic.h"
#include "platform/thread.h"

#include <assert.h>
#include <boc/host.h>

enum { HOME, NEXT }; /* what `reserved` of a hand-off holds */

struct py_home {
    atomic_size_t refs;
    _Atomic(bool) has_left; /* a hint: something was left since the last sweep */
    bool is_main;
    int worker;           /* guarded by mutex; whose interpreter it is, -1: no worker's */
    bool is_told;         /* guarded by mutex; a visit to what was left is due */
    bool is_closed;       /* guarded by mutex */
    bocpy_xidata_t *left; /* guarded by mutex */
    boc__mutex_t mutex;
};

py_home_t *py_home_new(bool is_main) {
    py_home_t *home = PyMem_RawCalloc(1, sizeof *home);
    if (home == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    atomic_init(&home->refs, 1);
    home->is_main = is_main;
    home->worker = -1;
    boc__mutex_init(&home->mutex);
    return home;
}

py_home_t *py_home_ref(py_home_t *home) {
    /* relaxed: the caller holds a reference, so nothing can be freed meanwhile. */
    atomic_fetch_add_explicit(&home->refs, 1, memory_order_relaxed);
    return home;
}

void py_home_unref(py_home_t *home) {
    /* acq_rel: every user's last access comes before the free. */
    if (atomic_fetch_sub_explicit(&home->refs, 1, memory_order_acq_rel) != 1)
        return;
    assert(home->left == NULL);
    boc__mutex_deinit(&home->mutex);
    PyMem_RawFree(home);
}

void py_home_free(bocpy_xidata_t *xidata) {
    py_home_t *home = xidata->reserved[HOME];
    if (xidata->free != NULL && xidata->data != NULL)
        xidata->free(xidata->data);
    Py_XDECREF(xidata->obj);
    PyMem_RawFree(xidata);
    if (home != NULL)
        py_home_unref(home);
}

/* A pending call of the main interpreter. */
static int sweep_main(void *arg) {
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    py_home_sweep(arg);
    py_home_unref(arg);
    PyErr_SetRaisedException(raised);
    return 0;
}

/* Have the interpreter look: it may sleep for ever.  False: nobody can be told, or too many
 * calls are pending.  Under the mutex, so that the worker exists: it forgets its home first. */
static bool tell(py_home_t *home) {
    if (home->worker >= 0)
        return boc_worker_notify((unsigned)home->worker) == BOC_OK;
    if (!home->is_main)
        return false;
    if (Py_AddPendingCall(sweep_main, py_home_ref(home)) == 0)
        return true;
    py_home_unref(home); /* not the last: what was left holds another */
    return false;
}

void py_home_set_worker(py_home_t *home, int worker) {
    boc__mutex_lock(&home->mutex);
    home->worker = worker;
    boc__mutex_unlock(&home->mutex);
}

void py_home_leave(py_home_t *home, bocpy_xidata_t *xidata) {
    assert(xidata->reserved[HOME] == home);
    boc__mutex_lock(&home->mutex);
    bool is_closed = home->is_closed;
    if (!is_closed) {
        xidata->reserved[NEXT] = home->left;
        home->left = xidata;
        /* release: not needed for the list, which the mutex guards; it keeps the hint behind
         * it, and the call of `tell` comes after both. */
        atomic_store_explicit(&home->has_left, true, memory_order_release);
        home->is_told = home->is_told || tell(home);
    }
    boc__mutex_unlock(&home->mutex);
    if (is_closed) {
        xidata->obj = NULL; /* it went with its interpreter */
        py_home_free(xidata);
    }
}

static void sweep(py_home_t *home, bool closes) {
    boc__mutex_lock(&home->mutex);
    bocpy_xidata_t *left = home->left;
    home->left = NULL;
    home->is_told = false;
    home->is_closed = home->is_closed || closes;
    boc__mutex_unlock(&home->mutex);
    while (left != NULL) {
        bocpy_xidata_t *next = left->reserved[NEXT];
        py_home_free(left);
        left = next;
    }
}

bool py_home_has_left(py_home_t *home) {
    /* relaxed: a hint; what it missed is freed at the next look.  The one that whoever left
     * something asked for comes after the store. */
    return atomic_load_explicit(&home->has_left, memory_order_relaxed);
}

void py_home_sweep(py_home_t *home) {
    if (!py_home_has_left(home))
        return;
    /* relaxed: before the list is taken under the mutex, so that no later entry is missed. */
    atomic_store_explicit(&home->has_left, false, memory_order_relaxed);
    sweep(home, false);
}

void py_home_close(py_home_t *home) { sweep(home, true); }
