/* groups.c - behaviors over three cowns and more. */
#include "kit.h"
#include "workloads.h"

#include <stdlib.h>

/* -- queued, over random groups ------------------------------------------------ */

#define COWNS 1000
#define REQUESTS 800000
#define GROUP_MAX 32

typedef struct groups {
    boc_cown_t **cowns;
    unsigned size;
    size_t left;
} groups_t;

static void group_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++)
        kit_add(behavior, i, 1);
}
static const boc_behavior_ops_t group_ops = {group_run, NULL, NULL};

/* Distinct cowns in no order: Floyd's sampling over a small group. */
static void draw_group(uint64_t *random, uint32_t *group, unsigned size) {
    for (unsigned i = 0; i < size; i++) {
        uint32_t last = COWNS - size + i;
        uint32_t drawn = kit_draw(random, last + 1);
        for (unsigned k = 0; k < i; k++)
            if (group[k] == drawn)
                drawn = last;
        group[i] = drawn;
    }
}

static void produce_groups(void *context) {
    groups_t *groups = context;
    uint64_t random = 0x9e3779b97f4a7c15u;
    uint32_t group[GROUP_MAX];
    for (size_t left = groups->left; left > 0; left--) {
        draw_group(&random, group, groups->size);
        boc_behavior_t *behavior = kit_new(&group_ops, groups->size, NULL);
        for (unsigned i = 0; i < groups->size; i++)
            kit_request(behavior, i, groups->cowns[group[i]], BOC_WRITE);
        kit_schedule(behavior);
    }
}

double measure_groups(unsigned cowns_each) {
    REQUIRE(cowns_each <= GROUP_MAX);
    groups_t groups = {kit_cowns(COWNS), cowns_each, REQUESTS / cowns_each};
    double ns = kit_run_one(produce_groups, &groups, groups.left);
    REQUIRE(kit_sum_and_drop(groups.cowns, COWNS) == groups.left * cowns_each);
    return ns;
}

/* -- fork and join ------------------------------------------------------------------ */

static void leaf_run(boc_behavior_t *behavior, void *data) {
    kit_add(behavior, 0, (intptr_t)kit_word(data));
}
static const boc_behavior_ops_t leaf_ops = {leaf_run, NULL, NULL};

static void join_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    for (size_t i = 1; i <= 2; i++)
        kit_add(behavior, 0, (intptr_t)boc_cown_value(boc_behavior_cown(behavior, i))->data);
}
static const boc_behavior_ops_t join_ops = {join_run, NULL, NULL};

/* One behavior and one cown per call of the recursion; the cown is the caller's. */
static boc_cown_t *fork_fibonacci(unsigned n) {
    boc_cown_t *result = kit_cown();
    if (n < 2) {
        kit_schedule_one(&leaf_ops, result, BOC_WRITE, (void *)(uintptr_t)n);
        return result;
    }
    boc_behavior_t *join = kit_new(&join_ops, 3, NULL);
    kit_request(join, 0, result, BOC_WRITE);
    boc_behavior_request(join, 1, fork_fibonacci(n - 1), BOC_WRITE);
    boc_behavior_request(join, 2, fork_fibonacci(n - 2), BOC_WRITE);
    kit_schedule(join);
    return result;
}

typedef struct fork_join {
    unsigned n;
    boc_cown_t *result;
} fork_join_t;

static void produce_fork_join(void *context) {
    fork_join_t *fork_join = context;
    fork_join->result = fork_fibonacci(fork_join->n);
}

double measure_fork_join(unsigned n) {
    fork_join_t fork_join = {n, NULL};
    uintptr_t fibonacci = 0, next = 1; /* of n, n + 1 */
    for (unsigned i = 0; i < n; i++) {
        uintptr_t sum = fibonacci + next;
        fibonacci = next;
        next = sum;
    }
    double ns = kit_run_one(produce_fork_join, &fork_join, 2 * next - 1);
    REQUIRE((uintptr_t)boc_cown_value(fork_join.result)->data == fibonacci);
    boc_cown_unref(fork_join.result);
    return ns;
}
