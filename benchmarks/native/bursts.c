/* bursts.c - producers that schedule everything at once: many in flight. */
#include "kit.h"
#include "workloads.h"

#include "platform/atomic.h"

#include <stdlib.h>

#define BURST 500000
#define BURST_FRESH 300000
#define PRODUCERS_MAX 16

/* -- no cown ------------------------------------------------------------------ */

static void task_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    (void)data;
}
static const boc_behavior_ops_t task_ops = {task_run, NULL, NULL};

static void produce_tasks(void *context) {
    for (size_t i = 0; i < BURST; i++)
        kit_schedule_task(&task_ops, context);
}

double measure_tasks(unsigned unused) {
    (void)unused;
    return kit_run_one(produce_tasks, NULL, BURST);
}

/* -- one cown each ------------------------------------------------------------- */

typedef struct fan {
    boc_cown_t **cowns;
    size_t cown_count;
    size_t behaviors;
    unsigned write_every; /* for reads: 0 is never */
} fan_t;

static void count_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    kit_add(behavior, 0, 1);
}
static const boc_behavior_ops_t count_ops = {count_run, NULL, NULL};

static void produce_fan(void *context) {
    fan_t *fan = context;
    for (size_t i = 0, at = 0; i < fan->behaviors; i++, at = at + 1 < fan->cown_count ? at + 1 : 0)
        kit_schedule_one(&count_ops, fan->cowns[at], BOC_WRITE, NULL);
}

double measure_fan_out(unsigned cowns) {
    fan_t fan = {kit_cowns(cowns), cowns, BURST, 0};
    double ns = kit_run_one(produce_fan, &fan, BURST);
    REQUIRE(kit_sum_and_drop(fan.cowns, cowns) == BURST);
    return ns;
}

double measure_contended(unsigned producers) {
    void *contexts[PRODUCERS_MAX];
    REQUIRE(producers <= PRODUCERS_MAX);
    fan_t fan = {kit_cowns(1), 1, BURST / producers, 0};
    for (unsigned i = 0; i < producers; i++)
        contexts[i] = &fan;
    size_t behaviors = fan.behaviors * producers;
    double ns = kit_run(produce_fan, contexts, producers) / (double)behaviors;
    REQUIRE(kit_sum_and_drop(fan.cowns, 1) == behaviors);
    return ns;
}

static void produce_fresh(void *context) {
    (void)context;
    for (size_t i = 0; i < BURST_FRESH; i++) {
        boc_behavior_t *behavior = kit_new(&count_ops, 1, NULL);
        boc_behavior_request(behavior, 0, kit_cown(), BOC_WRITE); /* the only reference */
        kit_schedule(behavior);
    }
}

double measure_fresh_cown(unsigned unused) {
    (void)unused;
    return kit_run_one(produce_fresh, NULL, BURST_FRESH);
}

/* -- readers --------------------------------------------------------------------- */

static void read_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    REQUIRE((intptr_t)boc_cown_value(boc_behavior_cown(behavior, 0))->data >= 0);
}
static const boc_behavior_ops_t read_ops = {read_run, NULL, NULL};

static void produce_reads(void *context) {
    fan_t *fan = context;
    unsigned until_write = fan->write_every;
    for (size_t i = 0; i < fan->behaviors; i++) {
        if (until_write != 1) {
            kit_schedule_one(&read_ops, fan->cowns[0], BOC_READ, NULL);
            until_write -= until_write > 0;
        } else {
            kit_schedule_one(&count_ops, fan->cowns[0], BOC_WRITE, NULL);
            until_write = fan->write_every;
        }
    }
}

double measure_reads(unsigned write_every) {
    fan_t fan = {kit_cowns(1), 1, BURST, write_every};
    double ns = kit_run_one(produce_reads, &fan, BURST);
    size_t writes = write_every > 0 ? BURST / write_every : 0;
    REQUIRE(kit_sum_and_drop(fan.cowns, 1) == writes);
    return ns;
}

/* -- cowns alone ------------------------------------------------------------------- */

#define COWNS_MADE 2000000

static void produce_cowns(void *context) {
    (void)context;
    for (size_t i = 0; i < COWNS_MADE; i++)
        boc_cown_unref(kit_cown());
}

double measure_cown_new(unsigned unused) {
    (void)unused;
    return kit_run_one(produce_cowns, NULL, COWNS_MADE);
}
