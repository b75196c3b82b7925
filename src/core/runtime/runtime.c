#include <boc/runtime.h>

#include "core/runtime/terminator.h"
#include "core/sched/host_queue.h"
#include "core/sched/pledge.h"
#include "core/sched/pool.h"
#include "core/slab.h"
#include "platform/clock.h"
#include "platform/yield.h"

#include <boc/stats.h>

/* Who holds the runtime still. */
typedef enum transition {
    NONE,
    STEP, /* of a stop: soon over; the others wait */
    LONG, /* start or shutdown: a second one is refused */
} transition_t;

static struct {
    _Atomic bool is_running;
    _Atomic uint64_t run; /* how many starts there were; written by the holder */
    _Atomic transition_t transition;
} globals;

/* Otherwise `*p_holder` says who is in the way. */
static bool try_transition(transition_t transition, transition_t *p_holder) {
    *p_holder = NONE;
    /* acquire: what the previous transition left.  relaxed on failure: nothing is read. */
    return atomic_compare_exchange_strong_explicit(&globals.transition, p_holder, transition,
                                                   memory_order_acquire, memory_order_relaxed);
}

static bool begin_transition(void) {
    bool has_begun = false;
    transition_t holder;
    BOC_SPIN_UNTIL((has_begun = try_transition(LONG, &holder)) || holder == LONG);
    return has_begun;
}

static boc_status_t end_transition(boc_status_t status) {
    BOC_YIELD();
    /* release: pairs with try_transition. */
    atomic_store_explicit(&globals.transition, NONE, memory_order_release);
    return status;
}

bool boc_runtime_is_running(void) {
    /* acquire: the pool is up when this says so. */
    return atomic_load_explicit(&globals.is_running, memory_order_acquire);
}

static void set_running(bool is_running) {
    /* release: pairs with boc_runtime_is_running. */
    atomic_store_explicit(&globals.is_running, is_running, memory_order_release);
}

boc_status_t boc_runtime_start(const boc_runtime_options_t *options) {
    if (options->worker_count < 1 || options->worker_count > BOC_WORKERS_MAX)
        return BOC_EINVALID;
    if (boc__worker_current() != NULL)
        return BOC_ESTATE;
    if (!begin_transition())
        return BOC_EBUSY;
    if (boc_runtime_is_running())
        return end_transition(BOC_ESTATE);
    boc_status_t status =
        boc__pool_start(options->worker_count, &options->host, boc__terminator_on_idle);
    if (status == BOC_OK) {
        boc__gate_set(BOC__GATE_OPEN);
        /* relaxed: published by the next store. */
        atomic_fetch_add_explicit(&globals.run, 1, memory_order_relaxed);
        set_running(true);
    }
    return end_transition(status);
}

/* Inside a body, which cannot wait for its own end. */
static bool is_in_flight(void) { return boc__worker_current() != NULL || boc__host_is_in_body(); }

boc_status_t boc_runtime_wait(int64_t timeout_ns) {
    if (is_in_flight())
        return BOC_ESTATE;
    if (!boc_runtime_is_running())
        return BOC_OK;
    return boc__terminator_wait(boc__clock_deadline_ns(timeout_ns));
}

static uint64_t current_run(void) {
    /* relaxed: compared with an earlier value of itself. */
    return atomic_load_explicit(&globals.run, memory_order_relaxed);
}

/* The run that a stop was called for has not ended: a later start makes another. */
static bool is_still(uint64_t run) { return boc_runtime_is_running() && current_run() == run; }

/* Begin a step of a stop; the steps of several threads are short and take turns.  False
 * when the run has ended. */
static bool begin_step(uint64_t run) {
    bool has_begun = false;
    transition_t holder;
    BOC_SPIN_UNTIL(!is_still(run) || (has_begun = try_transition(STEP, &holder)));
    if (has_begun && !is_still(run)) {
        (void)end_transition(BOC_OK);
        return false;
    }
    return has_begun;
}

/* Close the gate unless something entered meanwhile. */
static bool close_if_quiescent(void) {
    /* Once dropping has begun there is no way back to draining. */
    if (boc__gate_mode() != BOC__GATE_DROPPING)
        return boc__gate_try_close(boc__pool_is_quiescent);
    if (!boc__pool_is_quiescent())
        return false;
    boc__gate_set(BOC__GATE_CLOSED);
    return true;
}

boc_status_t boc_runtime_stop(boc_stop_mode_t mode, int64_t timeout_ns) {
    if (is_in_flight())
        return BOC_ESTATE;
    int64_t deadline_ns = boc__clock_deadline_ns(timeout_ns);
    uint64_t run = current_run();
    if (mode == BOC_STOP_DROP && begin_step(run)) {
        boc__gate_set(BOC__GATE_DROPPING);
        boc__host_flush();
        /* Within the step, so that none of the "next run" is claimed (promises.md): they
         * keep this run open until they are dropped, which may call the host. */
        boc__pledge_t *pledges = boc__pledge_claim_all();
        (void)end_transition(BOC_OK);
        boc__pledge_drop_list(pledges);
    }
    while (is_still(run)) {
        boc_status_t status = boc__terminator_wait(deadline_ns);
        if (status != BOC_OK)
            return is_still(run) ? status : BOC_OK;
        if (!begin_step(run))
            break;
        bool is_closed = close_if_quiescent();
        if (is_closed)
            set_running(false);
        (void)end_transition(BOC_OK);
        if (is_closed)
            break;
    }
    return BOC_OK;
}

boc_status_t boc_runtime_shutdown(void) {
    if (boc__worker_current() != NULL)
        return BOC_ESTATE;
    if (!begin_transition())
        return BOC_EBUSY;
    if (boc_runtime_is_running())
        return end_transition(BOC_ESTATE);
    boc__pool_end(boc__terminator_await_waiters);
    return end_transition(BOC_OK);
}

unsigned boc_runtime_worker_count(void) {
    if (!boc_runtime_is_running())
        return 0;
    /* relaxed: fixed while the runtime runs. */
    return atomic_load_explicit(&boc__pool.active, memory_order_relaxed);
}

int boc_worker_index(void) {
    boc__worker_t *worker = boc__worker_current();
    return worker != NULL ? (int)worker->index : -1;
}

size_t boc_runtime_stats(boc_worker_stats_t *stats, size_t capacity) {
    /* relaxed: changes only while the runtime starts or ends. */
    size_t count = atomic_load_explicit(&boc__pool.active, memory_order_relaxed);
    for (size_t i = 0; i < count && i < capacity; i++)
        boc__worker_copy_stats(boc__pool.workers[i], &stats[i]);
    return count;
}

size_t boc_live_blocks(void) { return boc__slab_live(); }
