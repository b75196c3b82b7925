/* costs.h - what is not a rate: memory, waking, idling, starting. */
#ifndef BOC_BENCHMARKS_NATIVE_COSTS_H
#define BOC_BENCHMARKS_NATIVE_COSTS_H

#include <stddef.h>

/* Resident bytes per live cown, per queued behavior over one cown, and over two. */
enum { MEMORY_COWN, MEMORY_BEHAVIOR_1, MEMORY_BEHAVIOR_2, MEMORY_COUNT };

/* One event for a pool that is parked, from a thread outside it. */
enum {
    IDLE_WAKE_P50_US,    /* from before the call to the first line of the body */
    IDLE_WAKE_P90_US,
    IDLE_CALL_P50_US,    /* the scheduling call, which wakes a worker */
    IDLE_CPU_US,         /* CPU time of the process per event, the caller's share included */
    IDLE_CALLER_CPU_US,  /* of that: sleeping and scheduling, on the caller's thread */
    IDLE_COUNT,
};

/* An empty runtime. */
enum {
    START_STOP_COLD_MS, /* start, stop and shutdown: threads are made and joined */
    START_STOP_WARM_MS, /* start and stop of a pool whose threads sleep */
    START_STOP_COUNT,
};

/* Each runs in a fresh process, without a runtime; `context` is an unsigned number
 * of workers. */
void measure_memory(const void *context, double *out, size_t count);
void measure_idle(const void *context, double *out, size_t count);
void measure_start_stop(const void *context, double *out, size_t count);

#endif
