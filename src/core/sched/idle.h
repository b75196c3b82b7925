/* idle.h - who sleeps, who searches, and whom to wake.
 *
 * An eventcount with one parker per worker.  A producer publishes work and then
 * looks at `state`; a sleeper registers in `state` and then looks at the queues.
 * All four are seq_cst, so at least one of the two sees the other (Dekker):
 * docs/design/parking.md names the interleavings.
 *
 * A producer wakes one sleeper, and only when nobody searches already.  The woken
 * worker counts as searching from the moment it is chosen; the last searcher that
 * finds work wakes the next one, so a burst wakes as many as it can feed.
 *
 * Threads   notify, wake_one, wake     any thread
 *           everything with an idler   the worker that owns the idler
 */
#ifndef BOC_CORE_SCHED_IDLE_H
#define BOC_CORE_SCHED_IDLE_H

#include "platform/thread.h"
#include "platform/yield.h"

typedef struct boc__idler {
    boc__parker_t parker;
    struct boc__idler *below; /* guarded by idle.mutex */
    bool is_asleep;           /* guarded by idle.mutex; on the stack of sleepers */
    bool is_searching;        /* owner only, except that a waker sets it before the wake */
} boc__idler_t;

typedef struct boc__idle {
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic uint64_t state; /* searching << 32 | sleeping */
    _Atomic bool is_watched; /* one sleeper looks again soon; see worker.c */
    boc__mutex_t mutex;
    boc__idler_t *sleepers; /* guarded by mutex; newest first, its cache is warm */
} boc__idle_t;

void boc__idle_init(boc__idle_t *idle);
void boc__idle_deinit(boc__idle_t *idle);

/* Slow path of boc__idle_notify: wake `preferred` if it sleeps (it may be NULL),
 * else the newest sleeper. */
void boc__idle_wake_one(boc__idle_t *idle, boc__idler_t *preferred);

/* Wake `idler` if it sleeps.  Call after something that only its worker can do was
 * published with a seq_cst operation. */
void boc__idle_wake(boc__idle_t *idle, boc__idler_t *idler);

static inline uint32_t boc__idle_sleeping(uint64_t state) { return (uint32_t)state; }
static inline uint32_t boc__idle_searching(uint64_t state) { return (uint32_t)(state >> 32); }

/* Call after work was published with a seq_cst operation. */
static inline void boc__idle_notify(boc__idle_t *idle, boc__idler_t *preferred) {
    BOC_YIELD();
    /* seq_cst: after the publication, in the order that sleepers see too. */
    uint64_t state = atomic_load_explicit(&idle->state, memory_order_seq_cst);
    if (boc__idle_sleeping(state) != 0 && boc__idle_searching(state) == 0)
        boc__idle_wake_one(idle, preferred);
}

/* Become a searcher unless `limit` workers search already. */
bool boc__idle_begin_search(boc__idle_t *idle, boc__idler_t *idler, uint32_t limit);

/* Stop searching because work was found.  True when nobody searches any more:
 * the caller then notifies, since pushes were silent meanwhile. */
bool boc__idle_end_search(boc__idle_t *idle, boc__idler_t *idler);

/* Go on the stack of sleepers, not searching any more.  Afterwards the caller
 * must look at every queue once more, then park or leave. */
void boc__idle_register(boc__idle_t *idle, boc__idler_t *idler);

/* Leave the stack of sleepers.  False when a waker took us off already: then we
 * are searching, and its wake token is in the parker or about to be. */
bool boc__idle_leave(boc__idle_t *idle, boc__idler_t *idler);

/* Read `state` so that everything done before any earlier registration is
 * visible to the caller. */
void boc__idle_observe(boc__idle_t *idle);

#endif
