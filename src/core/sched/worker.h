/* worker.h - one worker: its queues, and how it finds its next work.
 *
 * Where a worker's runnable work can be, in the order in which it looks:
 *   next      made runnable between two bodies; a plain field, popped at once
 *   pending   made runnable during a body, the first; thieves may take it from a
 *             worker that is stuck in a long body
 *   ring      the rest, oldest first; thieves take half
 *   inbox     from threads outside the pool; thieves take all
 *   overflow  shared by all workers; what found no place in a ring
 * Work that was placed on this worker waits in `demands` and takes turns with all that.
 * `next` and `pending` may pass the ring only BOC__NEXT_BUDGET times in a row.
 *
 * Threads   dispatch, current, run-time queries   any thread
 *           loop                                  the worker's own thread
 */
#ifndef BOC_CORE_SCHED_WORKER_H
#define BOC_CORE_SCHED_WORKER_H

#include "core/sched/demand.h"
#include "core/sched/gate.h"
#include "core/sched/idle.h"
#include "core/sched/inbox.h"
#include "core/sched/ring.h"
#include "core/sched/work.h"

#include <boc/stats.h>

#define BOC__NEXT_BUDGET 100

/* Counters of boc/stats.h; one writer each unless said otherwise. */
typedef struct boc__counters {
    _Atomic uint64_t pushed_local, dispatched_to_pending, popped_local, popped_via_steal;
    _Atomic uint64_t batch_resets, steal_attempts, steal_failures, parked;
    _Atomic uint64_t last_steal_attempt_ns, fairness_arm_fires;
    _Atomic uint64_t pushed_remote, enqueue_cas_retries; /* any thread */
    uint64_t dequeue_cas_retries;                        /* owner; copied on park */
    _Atomic uint64_t dequeue_cas_retries_shown;
} boc__counters_t;

typedef enum boc__worker_order {
    BOC__WORKER_WAIT, /* entered; the start is not decided */
    BOC__WORKER_GO,
    BOC__WORKER_END,
} boc__worker_order_t;

typedef struct boc__worker {
    /* owner thread only */
    boc__work_t *next;
    uint32_t budget; /* takes from next and pending left before the ring's turn */
    uint32_t ticks;  /* works since the last look at the shared queues */
    uint32_t random;
    unsigned index;
    bool in_body; /* dispatch goes to `pending` instead of `next` */
    bool was_woken_soon; /* the last time it slept */
    boc__tally_t tally;
    boc__counters_t counters;

    /* shared */
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic(boc__work_t *) pending;
    boc__demands_t demands;
    boc__ring_t ring;
    boc__inbox_t inbox;
    boc__idler_t idler;
    _Atomic boc__worker_order_t order;
    boc__thread_t thread;
} boc__worker_t;

/* The calling thread's worker, or NULL. */
boc__worker_t *boc__worker_current(void);
void boc__worker_set_current(boc__worker_t *worker);

void boc__worker_init(boc__worker_t *worker, unsigned index);
void boc__worker_deinit(boc__worker_t *worker);

/* Run work until the pool ends the worker. */
void boc__worker_loop(boc__worker_t *worker);

/* Make `work` runnable, from any thread.  Never fails. */
void boc__worker_dispatch(boc__work_t *work);

/* Make works runnable that are linked by `next`; one wake for all. */
void boc__worker_dispatch_list(boc__work_t *list);

/* Where work may run, besides the index of a worker. */
enum { BOC__PLACE_ANY = -1, BOC__PLACE_HOST = -2 };

/* Make `work` runnable at one place only.  An index that no worker has means any. */
void boc__worker_dispatch_to(boc__work_t *work, int place);

/* The body of the running work is over: what becomes runnable from here on until
 * the work returns is for this worker to pop next. */
static inline void boc__worker_end_body(boc__worker_t *worker) { worker->in_body = false; }

void boc__worker_copy_stats(const boc__worker_t *worker, boc_worker_stats_t *stats);
void boc__worker_reset_stats(boc__worker_t *worker);

#endif
