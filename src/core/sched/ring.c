#include "core/sched/ring.h"

#include "platform/yield.h"

#include <assert.h>
#include <stddef.h>

#define MASK (BOC__RING_CAPACITY - 1)
static_assert((BOC__RING_CAPACITY & MASK) == 0, "indices wrap by masking");

void boc__ring_init(boc__ring_t *ring) {
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    for (size_t i = 0; i < BOC__RING_CAPACITY; i++)
        atomic_init(&ring->entries[i], NULL);
}

uint32_t boc__ring_room(const boc__ring_t *ring) {
    /* acquire (b): the thieves that moved the head have copied their entries. */
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    /* relaxed: only this thread writes the tail. */
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    return BOC__RING_CAPACITY - (tail - head);
}

bool boc__ring_push(boc__ring_t *ring, boc__work_t *work) {
    BOC_YIELD();
    if (boc__ring_room(ring) == 0)
        return false;
    /* relaxed: only this thread writes the tail. */
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    /* relaxed: published by the tail store. */
    atomic_store_explicit(&ring->entries[tail & MASK], work, memory_order_relaxed);
    BOC_YIELD();
    /* seq_cst (a): before this thread looks for sleepers (idle.h). */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_seq_cst);
    return true;
}

void boc__ring_push_many(boc__ring_t *ring, boc__work_t *const *works, uint32_t count) {
    assert(count <= boc__ring_room(ring));
    /* relaxed: only this thread writes the tail. */
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) /* relaxed: published by the tail store. */
        atomic_store_explicit(&ring->entries[(tail + i) & MASK], works[i], memory_order_relaxed);
    BOC_YIELD();
    /* seq_cst (a): as in push. */
    atomic_store_explicit(&ring->tail, tail + count, memory_order_seq_cst);
}

boc__work_t *boc__ring_pop(boc__ring_t *ring, uint64_t *retries) {
    BOC_YIELD();
    /* relaxed: the claim below is what counts. */
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    for (;;) {
        /* relaxed: only this thread writes the tail and the entries. */
        uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        if (head == tail)
            return NULL;
        boc__work_t *work = atomic_load_explicit(&ring->entries[head & MASK], memory_order_relaxed);
        BOC_YIELD();
        /* acq_rel (b): releases our read of the entry, and carries the thieves'. */
        if (atomic_compare_exchange_weak_explicit(&ring->head, &head, head + 1,
                                                  memory_order_acq_rel, memory_order_relaxed))
            return work;
        ++*retries;
    }
}

uint32_t boc__ring_pop_many(boc__ring_t *ring, boc__work_t **works, uint32_t count,
                            uint64_t *retries) {
    BOC_YIELD();
    /* relaxed: the claim below is what counts. */
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    for (;;) {
        /* relaxed: only this thread writes the tail and the entries. */
        uint32_t available = atomic_load_explicit(&ring->tail, memory_order_relaxed) - head;
        uint32_t taken = available < count ? available : count;
        if (taken == 0)
            return 0;
        for (uint32_t i = 0; i < taken; i++)
            works[i] =
                atomic_load_explicit(&ring->entries[(head + i) & MASK], memory_order_relaxed);
        BOC_YIELD();
        /* acq_rel (b): as in pop. */
        if (atomic_compare_exchange_weak_explicit(&ring->head, &head, head + taken,
                                                  memory_order_acq_rel, memory_order_relaxed))
            return taken;
        ++*retries;
    }
}

/* Copy half of `victim` behind the tail of `mine` and claim it.  Returns how many. */
static uint32_t grab_half(boc__ring_t *mine, uint32_t tail, boc__ring_t *victim) {
    for (;;) {
        BOC_YIELD();
        /* acquire (b): do not read entries older than this head. */
        uint32_t head = atomic_load_explicit(&victim->head, memory_order_acquire);
        /* acquire (a): the entries below are written. */
        uint32_t victim_tail = atomic_load_explicit(&victim->tail, memory_order_acquire);
        uint32_t available = victim_tail - head;
        uint32_t half = available - available / 2;
        if (half == 0)
            return 0;
        if (half > BOC__RING_CAPACITY / 2)
            continue; /* the two loads do not belong together: look again */
        for (uint32_t i = 0; i < half; i++) {
            /* relaxed: a torn copy is not claimed, since the head has moved. */
            boc__work_t *work =
                atomic_load_explicit(&victim->entries[(head + i) & MASK], memory_order_relaxed);
            /* relaxed: published by our own tail store. */
            atomic_store_explicit(&mine->entries[(tail + i) & MASK], work, memory_order_relaxed);
        }
        BOC_YIELD();
        /* acq_rel (b): releases our reads of the entries to the owner's push. */
        if (atomic_compare_exchange_strong_explicit(&victim->head, &head, head + half,
                                                    memory_order_acq_rel, memory_order_relaxed))
            return half;
    }
}

boc__work_t *boc__ring_steal(boc__ring_t *mine, boc__ring_t *victim) {
    assert(mine != victim);
    assert(boc__ring_is_empty(mine));
    /* relaxed: only this thread writes its own tail. */
    uint32_t tail = atomic_load_explicit(&mine->tail, memory_order_relaxed);
    uint32_t taken = grab_half(mine, tail, victim);
    if (taken == 0)
        return NULL;
    uint32_t kept = taken - 1;
    /* relaxed: written by this thread just now. */
    boc__work_t *work =
        atomic_load_explicit(&mine->entries[(tail + kept) & MASK], memory_order_relaxed);
    if (kept > 0) /* seq_cst (a): as in push. */
        atomic_store_explicit(&mine->tail, tail + kept, memory_order_seq_cst);
    return work;
}

bool boc__ring_is_empty(const boc__ring_t *ring) {
    BOC_YIELD();
    /* seq_cst: the sleeper's side of idle.h; see ring.h. */
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_seq_cst);
    /* acquire (b): not older than what the claims left. */
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    return head == tail;
}
