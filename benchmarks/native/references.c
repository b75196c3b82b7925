/* references.c - promises, and cowns found by handle or by weak reference. */
#include "kit.h"
#include "workloads.h"

#include <boc/handle.h>
#include <boc/promise.h>
#include <boc/weak.h>
#include <stdlib.h>

/* -- promises ------------------------------------------------------------------ */

#define ROUND_TRIPS 500000

static void round_trip(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t round_trip_ops = {round_trip, NULL, NULL};

/* Make a promise, have a behavior wait for it, keep it: that behavior does the same. */
static void begin_round_trip(uintptr_t left) {
    static const boc_payload_t nothing = {NULL, NULL};
    boc_promise_t *promise = NULL;
    REQUIRE(boc_promise_new(&promise) == BOC_OK);
    kit_schedule_one(&round_trip_ops, boc_promise_cown(promise), BOC_WRITE, (void *)left);
    REQUIRE(boc_promise_fulfill(promise, nothing) == BOC_OK);
    boc_promise_unref(promise);
}

static void round_trip(boc_behavior_t *behavior, void *data) {
    REQUIRE(boc_cown_status(boc_behavior_cown(behavior, 0)) == BOC_OK);
    uintptr_t left = (uintptr_t)kit_word(data) - 1;
    if (left > 0)
        begin_round_trip(left);
}

static void begin_promises(void *context) {
    (void)context;
    begin_round_trip(ROUND_TRIPS);
}

double measure_promises(unsigned unused) {
    (void)unused;
    return kit_run_one(begin_promises, NULL, ROUND_TRIPS);
}

/* -- handles and weak references --------------------------------------------------- */

#define COWNS 1024
#define FOUND 1000000

typedef struct finder {
    boc_cown_t **cowns;
    boc_handle_t handles[COWNS];
    boc_weak_t *weak[COWNS];
} finder_t;

static void begin_finding(finder_t *finder) {
    finder->cowns = kit_cowns(COWNS);
    for (size_t i = 0; i < COWNS; i++) {
        REQUIRE(boc_handle_of(finder->cowns[i], &finder->handles[i]) == BOC_OK);
        finder->weak[i] = boc_weak_of(finder->cowns[i]);
    }
}

static void end_finding(finder_t *finder) {
    for (size_t i = 0; i < COWNS; i++)
        boc_weak_unref(finder->weak[i]);
    REQUIRE(kit_sum_and_drop(finder->cowns, COWNS) == 0);
}

static void resolve_all(void *context) {
    finder_t *finder = context;
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < FOUND; i++) {
        uint32_t k = kit_draw(&random, COWNS);
        boc_cown_t *cown = NULL;
        REQUIRE(boc_handle_resolve(finder->handles[k], &cown) == BOC_OK);
        REQUIRE(cown == finder->cowns[k]);
        boc_cown_unref(cown);
    }
}

static void refuse_all(void *context) {
    finder_t *finder = context;
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < FOUND; i++) {
        boc_cown_t *cown = NULL;
        boc_handle_t forged = finder->handles[kit_draw(&random, COWNS)] ^ (boc_handle_t)1 << 32;
        REQUIRE(boc_handle_resolve(forged, &cown) == BOC_EINVALID);
    }
}

static void upgrade_all(void *context) {
    finder_t *finder = context;
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < FOUND; i++) {
        uint32_t k = kit_draw(&random, COWNS);
        boc_cown_t *cown = boc_weak_try_upgrade(finder->weak[k]);
        REQUIRE(cown == finder->cowns[k]);
        boc_cown_unref(cown);
    }
}

static double find_all(kit_produce_fn find, unsigned producers) {
    static finder_t finder;
    void *contexts[2] = {&finder, &finder};
    REQUIRE(producers <= 2);
    begin_finding(&finder);
    double ns = kit_run(find, contexts, producers) / ((double)FOUND * producers);
    end_finding(&finder);
    return ns;
}

double measure_handles(unsigned producers) { return find_all(resolve_all, producers); }
double measure_forged_handles(unsigned producers) { return find_all(refuse_all, producers); }
double measure_weak_upgrades(unsigned producers) { return find_all(upgrade_all, producers); }
