#include "core/sched/demand.h"

#include "core/sched/pool.h"
#include "platform/compiler.h"

#include <assert.h>
#include <boc/host.h>

void boc__demands_init(boc__demands_t *demands) {
    atomic_init(&demands->bits, 0);
    demands->had_turn = false;
    demands->placed = NULL;
    boc__inbox_init(&demands->inbox);
}

static void wake(boc__worker_t *worker) {
    boc__idle_wake(&boc__pool.idle, &worker->idler);
    BOC_YIELD();
    /* seq_cst: after the bit was set ("dormant worker", host.md). */
    if (worker->index >= atomic_load_explicit(&boc__pool.active, memory_order_seq_cst))
        boc__parker_wake(&worker->idler.parker);
}

static void demand(boc__worker_t *worker, uint32_t bit) {
    BOC_YIELD();
    /* seq_cst (p): before the look for the sleeper; releases what we did. */
    uint32_t before = atomic_fetch_or_explicit(&worker->demands.bits, bit, memory_order_seq_cst);
    /* "Two demands": who set the bit wakes the worker, which clears it when it takes. */
    if ((before & bit) == 0 && worker != boc__worker_current())
        wake(worker);
}

void boc__demand_place(boc__worker_t *worker, boc__work_t *work) {
    (void)boc__inbox_push(&worker->demands.inbox, work);
    demand(worker, BOC__DEMAND_PLACED);
}

bool boc__demands_are_met_for_sleep(boc__demands_t *demands) {
    BOC_YIELD();
    /* seq_cst: after the registration; the sleeper's side of host.md. */
    return atomic_load_explicit(&demands->bits, memory_order_seq_cst) == 0;
}

static void keep_demand(boc__demands_t *demands) {
    BOC_YIELD();
    /* relaxed: for this thread's own next look. */
    (void)atomic_fetch_or_explicit(&demands->bits, BOC__DEMAND_PLACED, memory_order_relaxed);
}

/* What was pushed, oldest first. */
static void refill(boc__worker_t *worker) {
    boc__demands_t *demands = &worker->demands;
    uint64_t count = 0;
    if (demands->placed != NULL)
        return;
    demands->placed = boc__inbox_take(&demands->inbox);
    for (boc__work_t *work = demands->placed; work != NULL; work = work->next)
        count++;
    /* relaxed: a statistic. */
    atomic_fetch_add_explicit(&worker->counters.pushed_remote, count, memory_order_relaxed);
}

static void visit(boc__worker_t *worker, uint32_t bits) {
    const boc_host_t *host = &boc__pool.host;
    if ((bits & BOC__DEMAND_BETWEEN) != 0 && host->between != NULL)
        host->between(host->context, worker->index);
}

bool boc__demands_take_visit(boc__worker_t *worker) {
    boc__demands_t *demands = &worker->demands;
    if (boc__demands_are_met_for_sleep(demands))
        return false;
    BOC_YIELD();
    /* acquire (p): as in boc__demands_take. */
    uint32_t bits = atomic_fetch_and_explicit(&demands->bits, ~(uint32_t)BOC__DEMAND_BETWEEN,
                                              memory_order_acquire);
    visit(worker, bits);
    return (bits & BOC__DEMAND_BETWEEN) != 0;
}

BOC_COLD boc__work_t *boc__demands_take(boc__worker_t *worker) {
    boc__demands_t *demands = &worker->demands;
    BOC_YIELD();
    /* acquire (p): pairs with every demand that set one of the bits. */
    uint32_t bits = atomic_exchange_explicit(&demands->bits, 0, memory_order_acquire);
    visit(worker, bits);
    if ((bits & BOC__DEMAND_PLACED) == 0)
        return NULL;
    refill(worker);
    boc__work_t *work = NULL;
    demands->had_turn = !demands->had_turn && demands->placed != NULL;
    if (demands->had_turn) {
        work = demands->placed;
        demands->placed = work->next;
    }
    /* "Older push": work that came while `placed` was not empty is in the inbox still,
     * and the exchange has cleared its demand. */
    if (demands->placed != NULL || !boc__inbox_is_empty(&demands->inbox))
        keep_demand(demands);
    return work;
}

boc_status_t boc_worker_notify(unsigned index) {
    /* acquire: the worker pointers. */
    if (index >= atomic_load_explicit(&boc__pool.count, memory_order_acquire))
        return BOC_EINVALID;
    demand(boc__pool.workers[index], BOC__DEMAND_BETWEEN);
    return BOC_OK;
}
