/* batches.c - behaviors scheduled together, and behaviors taken back. */
#include "kit.h"
#include "workloads.h"

#include "platform/atomic.h"

#define BURST 500000
#define CANCELLED 300000
#define MEMBERS_MAX 64
#define COWNS 1000

/* -- batches of behaviors over one cown each -------------------------------------- */

typedef struct fan {
    boc_cown_t **cowns;
    size_t members; /* of a batch */
} fan_t;

static void count_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    kit_add(behavior, 0, 1);
}
static const boc_behavior_ops_t count_ops = {count_run, NULL, NULL};

static void produce_batches(void *context) {
    const fan_t *fan = context;
    boc_behavior_t *members[MEMBERS_MAX];
    size_t at = 0;
    for (size_t done = 0; done + fan->members <= BURST; done += fan->members) {
        for (size_t i = 0; i < fan->members; i++) {
            members[i] = kit_new(&count_ops, 1, NULL);
            kit_request(members[i], 0, fan->cowns[at], BOC_WRITE);
            at = at + 1 < COWNS ? at + 1 : 0;
        }
        REQUIRE(boc_batch_schedule(members, fan->members) == BOC_OK);
    }
}

double measure_batches(unsigned members) {
    fan_t fan = {kit_cowns(COWNS), members};
    size_t behaviors = BURST / members * members;
    double ns = kit_run_one(produce_batches, &fan, behaviors);
    REQUIRE(kit_sum_and_drop(fan.cowns, COWNS) == behaviors);
    return ns;
}

/* -- cancelled ---------------------------------------------------------------------- */

static _Atomic size_t ended;

static void end_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    (void)data;
    /* relaxed: read when everything is over. */
    atomic_fetch_add_explicit(&ended, 1, memory_order_relaxed);
}
static const boc_behavior_ops_t cancelled_ops = {end_run, end_run, NULL};

static void produce_cancelled(void *context) {
    for (size_t i = 0; i < CANCELLED; i++) {
        boc_behavior_t *behavior = NULL;
        REQUIRE(boc_behavior_new(&cancelled_ops, 1, sizeof(void *),
                                 BOC_BEHAVIOR_RESULT | BOC_BEHAVIOR_CANCELLABLE,
                                 &behavior) == BOC_OK);
        kit_request(behavior, 0, context, BOC_WRITE);
        boc_cown_t *result = boc_behavior_result(behavior);
        boc_cown_ref(result);
        kit_schedule(behavior);
        boc_status_t status = boc_behavior_cancel(result);
        REQUIRE(status == BOC_OK || status == BOC_EBUSY);
        boc_cown_unref(result);
    }
}

double measure_cancel(unsigned unused) {
    (void)unused;
    boc_cown_t *cown = kit_cown();
    double ns = kit_run_one(produce_cancelled, cown, CANCELLED);
    REQUIRE(atomic_load_explicit(&ended, memory_order_relaxed) == CANCELLED);
    boc_cown_unref(cown);
    return ns;
}
