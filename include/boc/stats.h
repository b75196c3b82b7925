/* stats.h - what each worker did since the runtime was started. */
#ifndef BOC_STATS_H
#define BOC_STATS_H

#include <boc/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_worker_stats {
    uint64_t worker_index;
    uint64_t pushed_local;          /* dispatched by the worker into its own queue */
    uint64_t dispatched_to_pending; /* dispatched by the worker into its empty next slot */
    uint64_t pushed_remote;         /* from a thread that is no worker, or placed here */
    uint64_t popped_local;          /* taken from the worker's own slots and queues */
    uint64_t popped_via_steal;      /* taken from another worker */
    uint64_t enqueue_cas_retries;   /* pushes into the inbox that had to try again */
    uint64_t dequeue_cas_retries;   /* pops from the ring that had to try again */
    uint64_t batch_resets;          /* the next-slot budget was used up */
    uint64_t steal_attempts;
    uint64_t steal_failures;
    uint64_t parked;
    uint64_t last_steal_attempt_ns; /* monotonic; 0 when there was none */
    uint64_t fairness_arm_fires;    /* periodic looks at the shared queues */
} boc_worker_stats_t;

/* Copy the counters of up to `capacity` workers; returns how many the runtime
 * has, or had when it was stopped.  A recent value each, not one instant; any thread,
 * but not while the runtime is started or shut down. */
BOC_API size_t boc_runtime_stats(boc_worker_stats_t *stats, size_t capacity);

/* Cowns and behaviors that exist in the process.  Exact when nothing else runs. */
BOC_API size_t boc_live_blocks(void);

#ifdef __cplusplus
}
#endif

#endif
