/* ring.h - bounded queue of one owner from which thieves take half.
 *
 * First in, first out for everybody.  The owner pushes at the tail; owner and
 * thieves take from the head, thieves half of what is there, straight into
 * their own ring (the run queue of the Go scheduler).  Indices only grow; a
 * thief copies first and then claims by moving the head, so a copy that the
 * owner overwrote meanwhile is never claimed.
 *
 * Threads   push, pop, room   the owner; push_many and pop_many too
 *           steal             the owner of `mine`, any other ring as `victim`
 *           is_empty          any thread
 *
 * Ordering edges (the letters are used in ring.c):
 *   (a) tail store -> tail load   entries below the tail are written.
 *   (b) head claim -> head load   a claimed place may be written again.
 *   The tail store and the load in is_empty are seq_cst: they are one side of
 *   the sleeper protocol of idle.h.
 */
#ifndef BOC_CORE_SCHED_RING_H
#define BOC_CORE_SCHED_RING_H

#include "core/sched/work.h"
#include "platform/atomic.h"

#include <stdbool.h>

#define BOC__RING_CAPACITY 256

typedef struct boc__ring {
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic uint32_t head; /* next to take; everybody */
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic uint32_t tail; /* next to write; owner writes */
    _Atomic(boc__work_t *) entries[BOC__RING_CAPACITY];
} boc__ring_t;

void boc__ring_init(boc__ring_t *ring);

/* False when the ring is full. */
bool boc__ring_push(boc__ring_t *ring, boc__work_t *work);

/* At most boc__ring_room works, for the price of one. */
void boc__ring_push_many(boc__ring_t *ring, boc__work_t *const *works, uint32_t count);

/* The oldest entry, or NULL.  Adds failed claims to `*retries`. */
boc__work_t *boc__ring_pop(boc__ring_t *ring, uint64_t *retries);

/* The oldest entries, at most `count`, for the price of one; how many. */
uint32_t boc__ring_pop_many(boc__ring_t *ring, boc__work_t **works, uint32_t count,
                            uint64_t *retries);

/* Free places; at least that many pushes succeed. */
uint32_t boc__ring_room(const boc__ring_t *ring);

/* Move half of `victim`, rounded up, into the empty ring `mine`; the newest of
 * them is returned instead of being moved.  NULL when there was nothing. */
boc__work_t *boc__ring_steal(boc__ring_t *mine, boc__ring_t *victim);

bool boc__ring_is_empty(const boc__ring_t *ring);

#endif
