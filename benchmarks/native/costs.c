#include "costs.h"

#include "kit.h"
#include "platform/atomic.h"
#include "platform/clock.h"
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MEMORY_THINGS 1000000
#define EVENTS 150
#define EVENT_PAUSE_NS 3000000
#define STARTS 30

/* -- memory ---------------------------------------------------------------------- */

/* Resident bytes now; the peak where the system does not tell. */
static double resident_bytes(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        int fields = fscanf(file, "%*d %ld", &pages);
        (void)fclose(file);
        if (fields == 1)
            return (double)pages * (double)sysconf(_SC_PAGESIZE);
    }
    struct rusage usage;
    REQUIRE(getrusage(RUSAGE_SELF, &usage) == 0);
    return (double)usage.ru_maxrss * 1024;
}

typedef struct queueing {
    boc_cown_t *first, *second;
    size_t requests; /* per behavior */
    double bytes;
} queueing_t;

static void nothing_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    (void)data;
}
static const boc_behavior_ops_t nothing_ops = {nothing_run, NULL, NULL};

/* Everything queues behind this body, which holds the first cown. */
static void queue_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    queueing_t *queueing = kit_word(data);
    double before = resident_bytes();
    for (size_t i = 0; i < MEMORY_THINGS; i++) {
        if (queueing->requests == 1)
            kit_schedule_one(&nothing_ops, queueing->first, BOC_WRITE, NULL);
        else
            kit_schedule_two(&nothing_ops, queueing->first, queueing->second, NULL);
    }
    queueing->bytes = (resident_bytes() - before) / MEMORY_THINGS;
}
static const boc_behavior_ops_t queue_ops = {queue_run, NULL, NULL};

static double bytes_per_behavior(size_t requests) {
    queueing_t queueing = {kit_cown(), kit_cown(), requests, 0};
    kit_schedule_one(&queue_ops, queueing.first, BOC_WRITE, &queueing);
    REQUIRE(boc_runtime_wait(BOC_NO_TIMEOUT) == BOC_OK);
    boc_cown_unref(queueing.first);
    boc_cown_unref(queueing.second);
    return queueing.bytes;
}

static double bytes_per_cown(void) {
    static boc_cown_t *cowns[MEMORY_THINGS];
    for (size_t i = 0; i < MEMORY_THINGS; i++) /* the array is not what we measure */
        *(boc_cown_t *volatile *)&cowns[i] = NULL;
    double before = resident_bytes();
    for (size_t i = 0; i < MEMORY_THINGS; i++)
        cowns[i] = kit_cown();
    double bytes = (resident_bytes() - before) / MEMORY_THINGS;
    for (size_t i = 0; i < MEMORY_THINGS; i++)
        boc_cown_unref(cowns[i]);
    return bytes;
}

void measure_memory(const void *context, double *out, size_t count) {
    REQUIRE(count == MEMORY_COUNT);
    kit_start(*(const unsigned *)context);
    /* Cowns are made on this thread and behaviors on a worker: each from a heap of
     * its own, whose free lists are empty.  One and two cowns differ in block size. */
    out[MEMORY_COWN] = bytes_per_cown();
    out[MEMORY_BEHAVIOR_1] = bytes_per_behavior(1);
    out[MEMORY_BEHAVIOR_2] = bytes_per_behavior(2);
    kit_stop();
}

/* -- a parked pool ------------------------------------------------------------------ */

typedef struct event {
    _Atomic int64_t ran_ns;
} event_t;

static void event_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    event_t *event = kit_word(data);
    /* relaxed: the caller reads it after a wait for quiescence. */
    atomic_store_explicit(&event->ran_ns, boc__clock_now_ns(), memory_order_relaxed);
}
static const boc_behavior_ops_t event_ops = {event_run, NULL, NULL};

static double cpu_us(clockid_t clock) {
    struct timespec time;
    REQUIRE(clock_gettime(clock, &time) == 0);
    return 1e6 * (double)time.tv_sec + (double)time.tv_nsec / 1e3;
}

void measure_idle(const void *context, double *out, size_t count) {
    REQUIRE(count == IDLE_COUNT);
    kit_start(*(const unsigned *)context);
    boc_cown_t *cown = kit_cown();
    static event_t events[EVENTS];
    samples_t wakes = {NULL, 0, 0}, calls = {NULL, 0, 0};
    double scheduled_ns[EVENTS];
    boc__clock_sleep_ns(10 * EVENT_PAUSE_NS);
    double own_before_us = cpu_us(CLOCK_THREAD_CPUTIME_ID);
    double all_before_us = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < EVENTS; i++) {
        boc__clock_sleep_ns(EVENT_PAUSE_NS);
        int64_t began_ns = boc__clock_now_ns();
        kit_schedule_one(&event_ops, cown, BOC_WRITE, &events[i]);
        samples_add(&calls, (double)(boc__clock_now_ns() - began_ns) / 1e3);
        scheduled_ns[i] = (double)began_ns;
    }
    boc__clock_sleep_ns(EVENT_PAUSE_NS);
    double own_us = cpu_us(CLOCK_THREAD_CPUTIME_ID) - own_before_us;
    double all_us = cpu_us(CLOCK_PROCESS_CPUTIME_ID) - all_before_us;
    REQUIRE(boc_runtime_wait(BOC_NO_TIMEOUT) == BOC_OK);
    for (size_t i = 0; i < EVENTS; i++) {
        /* relaxed: as in event_run. */
        int64_t ran_ns = atomic_load_explicit(&events[i].ran_ns, memory_order_relaxed);
        samples_add(&wakes, ((double)ran_ns - scheduled_ns[i]) / 1e3);
    }
    out[IDLE_WAKE_P50_US] = samples_quantile(&wakes, 0.5);
    out[IDLE_WAKE_P90_US] = samples_quantile(&wakes, 0.9);
    out[IDLE_CALL_P50_US] = samples_quantile(&calls, 0.5);
    out[IDLE_CPU_US] = all_us / EVENTS;
    out[IDLE_CALLER_CPU_US] = own_us / EVENTS;
    samples_free(&wakes);
    samples_free(&calls);
    boc_cown_unref(cown);
    kit_stop();
}

/* -- start and stop -------------------------------------------------------------------- */

void measure_start_stop(const void *context, double *out, size_t count) {
    REQUIRE(count == START_STOP_COUNT);
    unsigned workers = *(const unsigned *)context;
    samples_t cold = {NULL, 0, 0}, warm = {NULL, 0, 0};
    for (int i = 0; i < STARTS; i++) {
        int64_t began_ns = boc__clock_now_ns();
        kit_start(workers);
        kit_stop();
        samples_add(&cold, (double)(boc__clock_now_ns() - began_ns) / 1e6);
    }
    kit_start(workers);
    REQUIRE(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT) == BOC_OK);
    for (int i = 0; i < STARTS; i++) {
        int64_t began_ns = boc__clock_now_ns();
        kit_start(workers);
        REQUIRE(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT) == BOC_OK);
        samples_add(&warm, (double)(boc__clock_now_ns() - began_ns) / 1e6);
    }
    REQUIRE(boc_runtime_shutdown() == BOC_OK);
    out[START_STOP_COLD_MS] = samples_median(&cold);
    out[START_STOP_WARM_MS] = samples_median(&warm);
    samples_free(&cold);
    samples_free(&warm);
}
