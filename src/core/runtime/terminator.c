#include "core/runtime/terminator.h"

#include "core/sched/host_queue.h"
#include "core/sched/pool.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <stddef.h>

typedef struct waiter {
    boc__parker_t parker;
    struct waiter *next; /* guarded by globals.mutex */
} waiter_t;

static struct {
    boc__mutex_t mutex;
    waiter_t *waiters;          /* guarded by mutex */
    _Atomic uint32_t waiting;   /* length of the list; written under mutex */
    _Atomic uint32_t looking;   /* threads in on_idle that look at the workers */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

static void add_waiter(waiter_t *waiter) {
    boc__mutex_lock(&globals.mutex);
    waiter->next = globals.waiters;
    globals.waiters = waiter;
    /* seq_cst: before the counts are read; against on_idle. */
    atomic_fetch_add_explicit(&globals.waiting, 1, memory_order_seq_cst);
    boc__mutex_unlock(&globals.mutex);
}

static void remove_waiter(waiter_t *waiter) {
    boc__mutex_lock(&globals.mutex);
    waiter_t **link = &globals.waiters;
    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    /* release: our readings of the workers, to await_waiters. */
    atomic_fetch_sub_explicit(&globals.waiting, 1, memory_order_release);
    boc__mutex_unlock(&globals.mutex);
}

/* Sleep until something may have changed; the host thread does its own work first. */
static boc_status_t wait_once(boc__parker_t *parker, int64_t deadline_ns) {
    if (!boc__host_serves() || !boc__host_run_one())
        return boc__parker_park(parker, deadline_ns);
    if (deadline_ns == BOC_FOREVER || boc__clock_now_ns() < deadline_ns)
        return BOC_OK;
    return BOC_ETIMEOUT;
}

boc_status_t boc__terminator_wait(int64_t deadline_ns) {
    waiter_t waiter = {.next = NULL};
    boc__parker_init(&waiter.parker);
    add_waiter(&waiter);
    boc_status_t status = BOC_OK;
    if (boc__host_serves())
        boc__host_set_sleeper(&waiter.parker);
    while (!boc__pool_is_quiescent() && status == BOC_OK)
        status = wait_once(&waiter.parker, deadline_ns);
    /* Once more, while the workers cannot go away: removal ends that. */
    if (status == BOC_ETIMEOUT && boc__pool_is_quiescent())
        status = BOC_OK;
    if (boc__host_serves())
        boc__host_set_sleeper(NULL);
    remove_waiter(&waiter);
    boc__parker_deinit(&waiter.parker);
    return status;
}

static void wake_waiters(void) {
    boc__mutex_lock(&globals.mutex);
    for (waiter_t *waiter = globals.waiters; waiter != NULL; waiter = waiter->next)
        boc__parker_wake(&waiter->parker);
    boc__mutex_unlock(&globals.mutex);
}

void boc__terminator_on_idle(void) {
    BOC_YIELD();
    /* seq_cst: after the work was counted and the sleeper registered. */
    if (atomic_load_explicit(&globals.waiting, memory_order_seq_cst) == 0)
        return;
    BOC_YIELD();
    /* seq_cst: before the worker count is read; against await_waiters. */
    atomic_fetch_add_explicit(&globals.looking, 1, memory_order_seq_cst);
    if (boc__pool_is_quiescent())
        wake_waiters();
    BOC_YIELD();
    /* release: our readings of the workers, to await_waiters. */
    atomic_fetch_sub_explicit(&globals.looking, 1, memory_order_release);
}

void boc__terminator_await_waiters(void) {
    wake_waiters();
    /* seq_cst: after the worker count went to zero; against add_waiter and on_idle.
     * acquire: pairs with the decrements. */
    BOC_SPIN_UNTIL(atomic_load_explicit(&globals.waiting, memory_order_seq_cst) == 0);
    BOC_SPIN_UNTIL(atomic_load_explicit(&globals.looking, memory_order_seq_cst) == 0);
}
