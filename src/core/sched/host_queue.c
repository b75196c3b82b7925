#include "core/sched/host_queue.h"

#include "core/sched/gate.h"
#include "core/sched/pool.h"

#include <assert.h>
#include <boc/host.h>

static struct {
    boc__mutex_t mutex;
    boc__work_t *first;     /* guarded by mutex; oldest */
    boc__work_t *last;      /* guarded by mutex */
    size_t length;          /* guarded by mutex */
    bool is_attached;       /* guarded by mutex */
    boc__parker_t *sleeper; /* guarded by mutex; of the host thread while it waits */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

static _Thread_local struct {
    bool is_attached;
    unsigned depth; /* bodies of the host queue on this thread's stack */
} tl_host;

bool boc__host_serves(void) { return tl_host.is_attached; }
bool boc__host_is_in_body(void) { return tl_host.depth > 0; }

/* Guarded by the mutex.  Whether it was the only one. */
static bool append(boc__work_t *work) {
    bool was_empty = globals.first == NULL;
    work->next = NULL;
    if (was_empty)
        globals.first = work;
    else
        globals.last->next = work;
    globals.last = work;
    globals.length++;
    return was_empty;
}

/* Guarded by the mutex. */
static bool is_for_workers(void) {
    return !globals.is_attached && boc__gate_mode() == BOC__GATE_DROPPING;
}

void boc__host_push(boc__work_t *work) {
    /* Copied while our work is in flight: afterwards the pool may end. */
    void (*wake)(void *context) = boc__pool.host.wake;
    void *context = boc__pool.host.context;
    bool was_empty = false;
    boc__mutex_lock(&globals.mutex);
    bool is_refused = is_for_workers(); /* (h) */
    if (!is_refused) {
        was_empty = append(work);
        if (globals.sleeper != NULL)
            boc__parker_wake(globals.sleeper);
    }
    boc__mutex_unlock(&globals.mutex);
    if (is_refused)
        boc__worker_dispatch(work);
    else if (was_empty && wake != NULL)
        wake(context);
}

void boc__host_flush(void) {
    boc__work_t *list = NULL;
    boc__mutex_lock(&globals.mutex);
    if (is_for_workers()) { /* (h) */
        list = globals.first;
        globals.first = globals.last = NULL;
        globals.length = 0;
    }
    boc__mutex_unlock(&globals.mutex);
    for (boc__work_t *next; list != NULL; list = next) {
        next = list->next;
        boc__worker_dispatch(list);
    }
}

bool boc__host_run_one(void) {
    assert(tl_host.is_attached);
    boc__mutex_lock(&globals.mutex);
    boc__work_t *work = globals.first;
    if (work != NULL) {
        globals.first = work->next;
        globals.length--;
    }
    boc__mutex_unlock(&globals.mutex);
    if (work == NULL)
        return false;
    tl_host.depth++;
    work->run(work);
    tl_host.depth--;
    return true;
}

void boc__host_set_sleeper(boc__parker_t *parker) {
    assert(tl_host.is_attached);
    boc__mutex_lock(&globals.mutex);
    globals.sleeper = parker;
    boc__mutex_unlock(&globals.mutex);
}

/* -- the public side ------------------------------------------------------------ */

boc_status_t boc_host_attach(void) {
    if (boc__worker_current() != NULL)
        return BOC_ESTATE;
    boc__mutex_lock(&globals.mutex);
    bool is_free = !globals.is_attached;
    globals.is_attached = true;
    boc__mutex_unlock(&globals.mutex);
    if (!is_free)
        return BOC_EBUSY;
    tl_host.is_attached = true;
    return BOC_OK;
}

void boc_host_detach(void) {
    assert(tl_host.is_attached && tl_host.depth == 0);
    tl_host.is_attached = false;
    boc__mutex_lock(&globals.mutex);
    globals.is_attached = false;
    boc__mutex_unlock(&globals.mutex);
    boc__host_flush();
}

size_t boc_host_run(size_t limit) {
    size_t count = 0;
    while (count < limit && boc__host_run_one())
        count++;
    return count;
}

size_t boc_host_waiting(void) {
    boc__mutex_lock(&globals.mutex);
    size_t length = globals.length;
    boc__mutex_unlock(&globals.mutex);
    return length;
}
