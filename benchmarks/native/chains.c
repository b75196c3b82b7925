/* chains.c - behaviors that schedule the next one: few in flight, nothing waits. */
#include "kit.h"
#include "workloads.h"

#include <stdlib.h>

#define STEPS 2000000

/* -- each on its own cown ---------------------------------------------------- */

typedef struct chains {
    boc_cown_t **cowns;
    size_t count;
    uintptr_t steps_each;
} chains_t;

static void chain_step(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t chain_ops = {chain_step, NULL, NULL};

static void chain_step(boc_behavior_t *behavior, void *data) {
    uintptr_t left = (uintptr_t)kit_word(data) - 1;
    kit_add(behavior, 0, 1);
    if (left > 0)
        kit_schedule_one(&chain_ops, boc_behavior_cown(behavior, 0), BOC_WRITE, (void *)left);
}

static void begin_chains(void *context) {
    chains_t *chains = context;
    for (size_t i = 0; i < chains->count; i++)
        kit_schedule_one(&chain_ops, chains->cowns[i], BOC_WRITE, (void *)chains->steps_each);
}

double measure_chains(unsigned count) {
    chains_t chains = {kit_cowns(count), count, STEPS / count};
    size_t steps = chains.steps_each * count;
    double ns = kit_run_one(begin_chains, &chains, steps);
    REQUIRE(kit_sum_and_drop(chains.cowns, count) == steps);
    return ns;
}

/* -- around a ring of cowns ---------------------------------------------------- */

typedef struct ring {
    boc_cown_t **cowns;
    size_t size;
    size_t token_count;
    uintptr_t steps_each;
} ring_t;

typedef struct token {
    const ring_t *ring;
    size_t at;
    uintptr_t left;
} token_t;

static void ring_step(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t ring_ops = {ring_step, NULL, NULL};

static void ring_step(boc_behavior_t *behavior, void *data) {
    token_t *token = kit_word(data);
    kit_add(behavior, 0, 1);
    if (--token->left == 0) {
        free(token);
        return;
    }
    token->at = token->at + 1 < token->ring->size ? token->at + 1 : 0;
    kit_schedule_one(&ring_ops, token->ring->cowns[token->at], BOC_WRITE, token);
}

static void begin_ring(void *context) {
    const ring_t *ring = context;
    for (size_t i = 0; i < ring->token_count; i++) {
        token_t *token = malloc(sizeof *token);
        REQUIRE(token != NULL);
        *token = (token_t){ring, i * ring->size / ring->token_count, ring->steps_each};
        kit_schedule_one(&ring_ops, ring->cowns[token->at], BOC_WRITE, token);
    }
}

static double run_ring(size_t size, size_t tokens) {
    ring_t ring = {kit_cowns(size), size, tokens, STEPS / tokens};
    size_t steps = ring.steps_each * tokens;
    double ns = kit_run_one(begin_ring, &ring, steps);
    REQUIRE(kit_sum_and_drop(ring.cowns, size) == steps);
    return ns;
}

double measure_ring(unsigned tokens) { return run_ring(100, tokens); }

double measure_ping_pong(unsigned unused) {
    (void)unused;
    return run_ring(2, 1);
}
