#include <boc/runtime.h>

#include "core/runtime/terminator.h"
#include "core/sched/pool.h"
#include "core/slab.h"
#include "platform/clock.h"
#include "platform/yield.h"

#include <boc/stats.h>

static struct {
    _Atomic bool is_running;
    atomic_flag transition; /* held by start, stop and shutdown */
} globals = {.transition = ATOMIC_FLAG_INIT};

static bool begin_transition(void) {
    BOC_YIELD();
    /* acquire: what the previous transition left. */
    return !atomic_flag_test_and_set_explicit(&globals.transition, memory_order_acquire);
}

static boc_status_t end_transition(boc_status_t status) {
    BOC_YIELD();
    /* release: pairs with begin_transition. */
    atomic_flag_clear_explicit(&globals.transition, memory_order_release);
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
        set_running(true);
    }
    return end_transition(status);
}

boc_status_t boc_runtime_wait(int64_t timeout_ns) {
    if (boc__worker_current() != NULL)
        return BOC_ESTATE;
    if (!boc_runtime_is_running())
        return BOC_OK;
    return boc__terminator_wait(boc__clock_deadline_ns(timeout_ns));
}

/* Begin a step of stop; the steps of several threads are short and take turns.  False
 * when there is nothing to stop. */
static bool begin_step(void) {
    bool has_begun = false;
    BOC_SPIN_UNTIL(!boc_runtime_is_running() || (has_begun = begin_transition()));
    if (has_begun && !boc_runtime_is_running()) {
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
    if (boc__worker_current() != NULL)
        return BOC_ESTATE;
    int64_t deadline_ns = boc__clock_deadline_ns(timeout_ns);
    if (mode == BOC_STOP_DROP && begin_step()) {
        boc__gate_set(BOC__GATE_DROPPING);
        (void)end_transition(BOC_OK);
    }
    while (boc_runtime_is_running()) {
        boc_status_t status = boc__terminator_wait(deadline_ns);
        if (status != BOC_OK)
            return status;
        if (!begin_step())
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
