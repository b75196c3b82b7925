#include "kit.h"

#include "platform/atomic.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct producer {
    kit_produce_fn produce;
    void *context;
} producer_t;

static struct {
    _Atomic int64_t began_ns; /* of the first producer; 0 before */
    int64_t cpu_began_ns;     /* written by the first producer */
    double cpu_share;         /* main thread only */
} globals;

void kit_fail(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: expected %s\n", file, line, condition);
    abort();
}

void kit_start(unsigned workers) {
    boc_runtime_options_t options = {.worker_count = workers};
    REQUIRE(boc_runtime_start(&options) == BOC_OK);
}

void kit_stop(void) {
    REQUIRE(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT) == BOC_OK);
    REQUIRE(boc_runtime_shutdown() == BOC_OK);
}

static int64_t cpu_now_ns(void) {
    struct timespec time;
    REQUIRE(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

double kit_cpu_share(void) { return globals.cpu_share; }

static void produce_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    producer_t *producer = data;
    int64_t nobody = 0;
    /* relaxed: numbers for the main thread, which reads them after the wait. */
    if (atomic_compare_exchange_strong_explicit(&globals.began_ns, &nobody, boc__clock_now_ns(),
                                                memory_order_relaxed, memory_order_relaxed))
        globals.cpu_began_ns = cpu_now_ns();
    producer->produce(producer->context);
}
static const boc_behavior_ops_t produce_ops = {produce_run, NULL, NULL};

double kit_run(kit_produce_fn produce, void *const *contexts, size_t count) {
    /* relaxed: no producer was scheduled yet. */
    atomic_store_explicit(&globals.began_ns, 0, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        boc_behavior_t *behavior = NULL;
        REQUIRE(boc_behavior_new(&produce_ops, 0, sizeof(producer_t), 0, &behavior) == BOC_OK);
        *(producer_t *)boc_behavior_data(behavior) = (producer_t){produce, contexts[i]};
        kit_schedule(behavior);
    }
    REQUIRE(boc_runtime_wait(BOC_NO_TIMEOUT) == BOC_OK);
    int64_t ended_ns = boc__clock_now_ns();
    /* relaxed: everything is over. */
    int64_t began_ns = atomic_load_explicit(&globals.began_ns, memory_order_relaxed);
    double ns = (double)(ended_ns - began_ns);
    globals.cpu_share = (double)(cpu_now_ns() - globals.cpu_began_ns) / ns;
    return ns;
}

double kit_run_one(kit_produce_fn produce, void *context, size_t behaviors) {
    return kit_run(produce, &context, 1) / (double)behaviors;
}

double kit_time(kit_produce_fn work, void *context) {
    int64_t cpu_began_ns = cpu_now_ns(), began_ns = boc__clock_now_ns();
    work(context);
    double ns = (double)(boc__clock_now_ns() - began_ns);
    globals.cpu_share = (double)(cpu_now_ns() - cpu_began_ns) / ns;
    return ns;
}

static void forget(void *data) { (void)data; }

boc_cown_t *kit_cown(void) {
    static const boc_payload_ops_t number = {forget};
    boc_cown_t *cown = NULL;
    REQUIRE(boc_cown_new((boc_payload_t){NULL, &number}, &cown) == BOC_OK);
    return cown;
}

boc_cown_t **kit_cowns(size_t count) {
    boc_cown_t **cowns = malloc(count * sizeof(boc_cown_t *));
    REQUIRE(cowns != NULL);
    for (size_t i = 0; i < count; i++)
        cowns[i] = kit_cown();
    return cowns;
}

uint64_t kit_sum_and_drop(boc_cown_t **cowns, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (uint64_t)(intptr_t)boc_cown_value(cowns[i])->data;
        boc_cown_unref(cowns[i]);
    }
    free(cowns);
    return sum;
}
