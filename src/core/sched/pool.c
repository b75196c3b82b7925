#include "core/sched/pool.h"

#include "core/alloc.h"
#include "core/slab.h"
#include "platform/yield.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

boc__pool_t boc__pool;

/* How one start learns that its new workers have entered. */
typedef struct launch {
    boc__mutex_t mutex;
    boc__parker_t parker; /* of the starting thread */
    unsigned missing;     /* guarded by mutex */
    boc_status_t status;  /* guarded by mutex; of the first that failed */
} launch_t;

static struct {
    launch_t launch; /* of the start in progress; there is one at a time */
} globals;

static void report_entered(boc_status_t status) {
    launch_t *launch = &globals.launch;
    boc__mutex_lock(&launch->mutex);
    if (launch->status == BOC_OK)
        launch->status = status;
    bool is_last = --launch->missing == 0;
    boc__mutex_unlock(&launch->mutex);
    if (is_last)
        boc__parker_wake(&launch->parker);
}

static boc__worker_order_t await_order(boc__worker_t *worker) {
    for (;;) {
        /* acquire: what the starter published before the order. */
        boc__worker_order_t order = atomic_load_explicit(&worker->order, memory_order_acquire);
        if (order != BOC__WORKER_WAIT)
            return order;
        (void)boc__parker_park(&worker->idler.parker, BOC_FOREVER);
    }
}

static void give_order(boc__worker_t *worker, boc__worker_order_t order) {
    /* release: pairs with await_order. */
    atomic_store_explicit(&worker->order, order, memory_order_release);
    boc__parker_wake(&worker->idler.parker);
}

static void thread_main(void *context) {
    boc__worker_t *worker = context;
    const boc_host_t *host = &boc__pool.host;
    boc__worker_set_current(worker);
    boc_status_t status = BOC_OK;
    if (host->worker_enter != NULL)
        status = host->worker_enter(host->context, worker->index);
    report_entered(status);
    if (await_order(worker) == BOC__WORKER_GO)
        boc__worker_loop(worker);
    if (status == BOC_OK && host->worker_leave != NULL)
        host->worker_leave(host->context, worker->index);
    boc__worker_set_current(NULL);
    boc__slab_flush();
}

static boc_status_t add_worker(unsigned index) {
    boc__worker_t *worker = boc__alloc(BOC_CACHE_LINE_BYTES, sizeof *worker);
    if (worker == NULL)
        return BOC_ENOMEM;
    boc__worker_init(worker, index);
    boc__pool.workers[index] = worker;
    char name[16];
    (void)snprintf(name, sizeof name, "boc-%u", index % 10000);
    boc_status_t status = boc__thread_start(&worker->thread, thread_main, worker, name);
    if (status != BOC_OK) {
        boc__worker_deinit(worker);
        boc__alloc_free(worker);
    }
    return status;
}

static void remove_worker(unsigned index) {
    boc__worker_t *worker = boc__pool.workers[index];
    boc__thread_join(&worker->thread);
    boc__worker_deinit(worker);
    boc__alloc_free(worker);
    boc__pool.workers[index] = NULL;
}

/* Start threads for the workers from `first` to `last`; all or none. */
static boc_status_t launch_workers(unsigned first, unsigned last) {
    launch_t *launch = &globals.launch;
    boc__mutex_init(&launch->mutex);
    boc__parker_init(&launch->parker);
    launch->missing = 1; /* ourselves, so that nobody is last before all are started */
    launch->status = BOC_OK;
    unsigned end = first;
    boc_status_t status = BOC_OK;
    while (end < last && status == BOC_OK) {
        boc__mutex_lock(&launch->mutex);
        launch->missing++;
        boc__mutex_unlock(&launch->mutex);
        status = add_worker(end);
        if (status == BOC_OK)
            end++;
        else
            report_entered(status);
    }
    report_entered(BOC_OK);
    for (bool is_done = false; !is_done;) {
        (void)boc__parker_park(&launch->parker, BOC_FOREVER);
        boc__mutex_lock(&launch->mutex);
        is_done = launch->missing == 0;
        boc__mutex_unlock(&launch->mutex);
    }
    status = launch->status;
    boc__parker_deinit(&launch->parker);
    boc__mutex_deinit(&launch->mutex);
    if (status != BOC_OK) {
        for (unsigned i = first; i < end; i++)
            give_order(boc__pool.workers[i], BOC__WORKER_END);
        for (unsigned i = first; i < end; i++)
            remove_worker(i);
    }
    return status;
}

boc_status_t boc__pool_start(unsigned active, const boc_host_t *host, boc__idle_fn on_idle) {
    assert(active >= 1 && active <= BOC_WORKERS_MAX);
    boc__pool_t *pool = &boc__pool;
    /* relaxed: only starts and ends change it, and there is one at a time. */
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);
    if (count == 0) {
        boc__idle_init(&pool->idle);
        boc__overflow_init(&pool->overflow);
        /* relaxed: read by threads that are started later. */
        atomic_store_explicit(&pool->is_ending, false, memory_order_relaxed);
        pool->host = *host;
        /* relaxed: always the same function. */
        atomic_store_explicit(&pool->on_idle, on_idle, memory_order_relaxed);
    }
    if (active > count) {
        boc_status_t status = launch_workers(count, active);
        if (status != BOC_OK) {
            if (count == 0) {
                boc__overflow_deinit(&pool->overflow);
                boc__idle_deinit(&pool->idle);
            }
            return status;
        }
    }
    /* release: publishes the worker pointers to thieves. */
    if (active > count)
        atomic_store_explicit(&pool->count, active, memory_order_release);
    /* seq_cst: between a demand and a worker that lies dormant ("dormant worker", host.md).
     * A worker that sees an older value looks again before it sleeps, and is woken below. */
    uint32_t before = atomic_exchange_explicit(&pool->active, active, memory_order_seq_cst);
    for (unsigned i = count; i < active; i++)
        give_order(pool->workers[i], BOC__WORKER_GO);
    for (unsigned i = 0; i < count; i++) {
        boc__worker_reset_stats(pool->workers[i]);
        if ((i < before) != (i < active))
            boc__parker_wake(&pool->workers[i]->idler.parker);
    }
    return BOC_OK;
}

void boc__pool_end(void (*await_readers)(void)) {
    boc__pool_t *pool = &boc__pool;
    assert(boc__pool_is_quiescent());
    /* relaxed: as in start. */
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);
    if (count == 0)
        return;
    /* release: pairs with the workers' acquire; the wake alone would do. */
    atomic_store_explicit(&pool->is_ending, true, memory_order_release);
    for (unsigned i = 0; i < count; i++)
        boc__parker_wake(&pool->workers[i]->idler.parker);
    /* A worker looks at its neighbours until the end: free nobody before all are joined. */
    for (unsigned i = 0; i < count; i++)
        boc__thread_join(&pool->workers[i]->thread);
    /* seq_cst: before the look for readers in await_readers. */
    atomic_store_explicit(&pool->count, 0, memory_order_seq_cst);
    await_readers();
    for (unsigned i = 0; i < count; i++) {
        boc__gate_fold(&pool->workers[i]->tally);
        boc__worker_deinit(pool->workers[i]);
        boc__alloc_free(pool->workers[i]);
        pool->workers[i] = NULL;
    }
    atomic_store_explicit(&pool->active, 0, memory_order_relaxed);
    boc__overflow_deinit(&pool->overflow);
    boc__idle_deinit(&pool->idle);
}

void boc__pool_tell_idle(void) {
    /* relaxed: as in start.  NULL: there was no start yet, and there are no waiters. */
    boc__idle_fn on_idle = atomic_load_explicit(&boc__pool.on_idle, memory_order_relaxed);
    if (on_idle != NULL)
        on_idle();
}

boc_status_t boc__pool_begin_call(boc__worker_t *worker, uint64_t count) {
    if (worker != NULL)
        return boc__gate_enter_many(&worker->tally, count);
#if defined(BOC_MUTANT_LATE_RETURN)
    boc_status_t status = boc__gate_enter_many(NULL, count);
#else
    boc_status_t status = boc__gate_enter_many(NULL, count + 1);
#endif
    if (status != BOC_OK)
        boc__pool_tell_idle(); /* a waiter may have seen the entry that was taken back */
    return status;
}

void boc__pool_end_call(const boc__worker_t *worker) {
#if !defined(BOC_MUTANT_LATE_RETURN)
    if (worker == NULL) {
        boc__gate_leave(NULL);
        boc__pool_tell_idle();
    }
#else
    (void)worker;
#endif
}

static const boc__tally_t *tally_of(size_t index) { return &boc__pool.workers[index]->tally; }

bool boc__pool_is_quiescent(void) {
    boc__pool_t *pool = &boc__pool;
    /* seq_cst: after the caller registered as a waiter; against boc__pool_end.
     * acquire: the worker pointers. */
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_seq_cst);
    if (count == 0)
        return true; /* the pool does not end before all work has left */
    boc__idle_observe(&pool->idle);
    return boc__gate_is_quiescent(tally_of, count);
}
