#include "calibrate.h"

#include "kit.h"
#include "platform/atomic.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>

#define OPERATIONS 500000
#define ROUND_TRIPS 5000

/* Keep the compiler from following a value through here. */
#define OPAQUE(variable) __asm__ __volatile__("" : "+r"(variable) : : "memory")

static double per_operation(int64_t began_ns, double operations) {
    return (double)(boc__clock_now_ns() - began_ns) / operations;
}

/* -- the least a behavior could cost ------------------------------------------- */

typedef struct node {
    struct node *next;
    void (*run)(struct node *node);
    uint64_t runs;
} node_t;

static void node_run(node_t *node) { node->runs++; }

static double measure_floor(void) {
    static node_t nodes[64];
    _Atomic(node_t *) tail = NULL;
    node_t *free_list = NULL;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        nodes[i] = (node_t){free_list, NULL, 0};
        free_list = &nodes[i];
    }
    void (*run)(node_t *) = node_run;
    OPAQUE(run);
    int64_t began_ns = boc__clock_now_ns();
    for (size_t i = 0; i < OPERATIONS; i++) {
        node_t *node = free_list;
        free_list = node->next;
        node->run = run;
        /* acq_rel: what an entry into a queue needs. */
        (void)atomic_exchange_explicit(&tail, node, memory_order_acq_rel);
        OPAQUE(node);
        node->run(node);
        node->next = free_list;
        free_list = node;
    }
    return per_operation(began_ns, OPERATIONS);
}

/* -- single instructions -------------------------------------------------------- */

static double measure_xadd(void) {
    static _Alignas(BOC_CACHE_LINE_BYTES) _Atomic uint64_t word;
    int64_t began_ns = boc__clock_now_ns();
    for (size_t i = 0; i < OPERATIONS; i++) /* relaxed: nobody else is there. */
        (void)atomic_fetch_add_explicit(&word, 1, memory_order_relaxed);
    return per_operation(began_ns, OPERATIONS);
}

static double measure_xchg(void) {
    static _Alignas(BOC_CACHE_LINE_BYTES) _Atomic uint64_t word;
    int64_t began_ns = boc__clock_now_ns();
    for (size_t i = 0; i < OPERATIONS; i++) /* relaxed: nobody else is there. */
        (void)atomic_exchange_explicit(&word, i, memory_order_relaxed);
    return per_operation(began_ns, OPERATIONS);
}

static double measure_malloc_free(void) {
    int64_t began_ns = boc__clock_now_ns();
    for (size_t i = 0; i < OPERATIONS; i++) {
        void *block = malloc(64);
        OPAQUE(block);
        free(block);
    }
    return per_operation(began_ns, OPERATIONS);
}

/* -- two cores --------------------------------------------------------------------- */

static struct {
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic uint32_t ball; /* even: ours */
} court;

static void await_ball(uint32_t turn) {
    /* acquire: pairs with the other side's store.  When both threads share a CPU
     * only giving it up helps. */
    for (unsigned looks = 0; atomic_load_explicit(&court.ball, memory_order_acquire) != turn;
         looks++)
        if (looks % 4096 == 4095)
            boc__thread_yield();
}

static void return_ball(uint32_t turn) {
    /* release: pairs with await_ball. */
    atomic_store_explicit(&court.ball, turn + 1, memory_order_release);
}

static void play_far_side(void *context) {
    (void)context;
    for (uint32_t turn = 1; turn < 2 * ROUND_TRIPS; turn += 2) {
        await_ball(turn);
        return_ball(turn);
    }
}

static double measure_core_to_core(void) {
    boc__thread_t thread;
    REQUIRE(boc__thread_start(&thread, play_far_side, NULL, "far side") == BOC_OK);
    int64_t began_ns = 0;
    for (uint32_t turn = 0; turn < 2 * ROUND_TRIPS; turn += 2) {
        await_ball(turn);
        if (turn == 0)
            began_ns = boc__clock_now_ns();
        return_ball(turn);
    }
    await_ball(2 * ROUND_TRIPS);
    double ns = per_operation(began_ns, ROUND_TRIPS);
    boc__thread_join(&thread);
    return ns;
}

const calibration_t calibrations[CALIBRATION_COUNT] = {
    [CALIBRATION_FLOOR] = {"floor", measure_floor},
    [CALIBRATION_XADD] = {"xadd", measure_xadd},
    [CALIBRATION_XCHG] = {"xchg", measure_xchg},
    [CALIBRATION_MALLOC_FREE_64] = {"malloc_free_64", measure_malloc_free},
    [CALIBRATION_CORE_TO_CORE] = {"core_to_core_round_trip", measure_core_to_core},
};
