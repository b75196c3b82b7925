#include "core/sched/gate.h"

#include "platform/thread.h"
#include "platform/yield.h"

#include <assert.h>

#if defined(BOC_SYSTEMATIC)
#define SHARD_COUNT 2 /* each look is a scheduling point */
#else
#define SHARD_COUNT 16
#endif

typedef struct shard {
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic uint64_t entered;
    _Atomic uint64_t left;
} shard_t;

static struct {
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic boc__gate_mode_t mode;
    shard_t shards[SHARD_COUNT]; /* of threads outside the pool, by thread index */
} globals;

static shard_t *shard_of_thread(void) { return &globals.shards[boc__thread_index() % SHARD_COUNT]; }

static boc_status_t enter_foreign(uint64_t count) {
    shard_t *shard = shard_of_thread();
    for (;;) {
        BOC_YIELD();
        /* seq_cst: before the look at the mode; against try_close. */
        atomic_fetch_add_explicit(&shard->entered, count, memory_order_seq_cst);
        BOC_YIELD();
        /* seq_cst: after the count. */
        boc__gate_mode_t mode = atomic_load_explicit(&globals.mode, memory_order_seq_cst);
        if (mode == BOC__GATE_OPEN)
            return BOC_OK;
        /* seq_cst: takes the entry back; nothing was published. */
        atomic_fetch_add_explicit(&shard->left, count, memory_order_seq_cst);
        if (mode != BOC__GATE_CHECKING)
            return BOC_ECLOSED;
        BOC_SPIN_UNTIL(boc__gate_mode() != BOC__GATE_CHECKING);
    }
}

static inline boc_status_t enter(boc__tally_t *tally, uint64_t count) {
    if (tally == NULL)
        return enter_foreign(count);
    /* A worker enters from inside a body, so work is in flight and no check can
     * succeed; from a host's callback before or after all work, it is refused. */
    boc__gate_mode_t mode = boc__gate_mode();
    if (mode == BOC__GATE_DROPPING || mode == BOC__GATE_CLOSED)
        return BOC_ECLOSED;
    /* relaxed: single writer; published by the leave of the running work (a). */
    uint64_t entered = atomic_load_explicit(&tally->entered, memory_order_relaxed);
    atomic_store_explicit(&tally->entered, entered + count, memory_order_relaxed);
    return BOC_OK;
}

boc_status_t boc__gate_enter(boc__tally_t *tally) { return enter(tally, 1); }

boc_status_t boc__gate_enter_many(boc__tally_t *tally, uint64_t count) {
    return enter(tally, count);
}

void boc__gate_leave(boc__tally_t *tally) {
    BOC_YIELD();
    if (tally == NULL) {
        /* seq_cst (a): before the caller looks for waiters. */
        atomic_fetch_add_explicit(&shard_of_thread()->left, 1, memory_order_seq_cst);
        return;
    }
    /* relaxed: single writer. */
    uint64_t left = atomic_load_explicit(&tally->left, memory_order_relaxed);
    /* release (a): everything the work did, its entries included. */
    atomic_store_explicit(&tally->left, left + 1, memory_order_release);
}

void boc__gate_fold(const boc__tally_t *tally) {
    shard_t *shard = shard_of_thread();
    /* relaxed: the worker is joined; waiters find equal sums before and after. */
    uint64_t entered = atomic_load_explicit(&tally->entered, memory_order_relaxed);
    uint64_t left = atomic_load_explicit(&tally->left, memory_order_relaxed);
    atomic_fetch_add_explicit(&shard->entered, entered, memory_order_relaxed);
    atomic_fetch_add_explicit(&shard->left, left, memory_order_relaxed);
}

void boc__gate_set(boc__gate_mode_t mode) {
    BOC_YIELD();
    /* seq_cst: against enter_foreign. */
    atomic_store_explicit(&globals.mode, mode, memory_order_seq_cst);
}

boc__gate_mode_t boc__gate_mode(void) {
    /* relaxed: a worker that sees an older mode acts as if it had come earlier. */
    return atomic_load_explicit(&globals.mode, memory_order_relaxed);
}

bool boc__gate_try_close(bool (*is_quiescent)(void)) {
    assert(boc__gate_mode() == BOC__GATE_OPEN);
    boc__gate_set(BOC__GATE_CHECKING);
    bool is_closed = is_quiescent();
    boc__gate_set(is_closed ? BOC__GATE_CLOSED : BOC__GATE_OPEN);
    return is_closed;
}

bool boc__gate_is_quiescent(const boc__tally_t *(*tally_of)(size_t index), size_t count) {
    uint64_t left = 0, entered = 0;
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        BOC_YIELD();
        /* seq_cst (a): against boc__gate_leave of foreign threads. */
        left += atomic_load_explicit(&globals.shards[i].left, memory_order_seq_cst);
    }
    for (size_t i = 0; i < count; i++) {
        BOC_YIELD();
        /* acquire (a): see what the finished work entered. */
        left += atomic_load_explicit(&tally_of(i)->left, memory_order_acquire);
    }
    for (size_t i = 0; i < count; i++) {
        BOC_YIELD();
        /* relaxed: at least as new as what (a) showed. */
        entered += atomic_load_explicit(&tally_of(i)->entered, memory_order_relaxed);
    }
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        BOC_YIELD();
        /* seq_cst: against enter_foreign while the gate is checking. */
        entered += atomic_load_explicit(&globals.shards[i].entered, memory_order_seq_cst);
    }
    return left == entered;
}
