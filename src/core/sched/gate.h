/* gate.h - admission of work, and the count that tells when all of it is done.
 *
 * Every piece of work enters once and leaves once.  Workers count in words of
 * their own (single writer); other threads in shared shards.  "Quiescent" is
 * decided by reading all `left` counts and then all `entered` counts: `entered`
 * is raised before the work is published and `left` after everything the work
 * did, so equal sums mean that at some instant between the two readings nothing
 * was in flight (docs/design/quiescence.md).
 *
 * Threads   enter, leave        any thread
 *           fold, set, try_close   one thread at a time (a step of start or stop)
 *           is_quiescent        any thread, after boc__idle_observe
 *
 * Ordering edges (the letters are used in gate.c):
 *   (a) left store -> left load   whoever sees work leave sees all it entered.
 *   Foreign entry and the closing are seq_cst: one of the two sees the other.
 */
#ifndef BOC_CORE_SCHED_GATE_H
#define BOC_CORE_SCHED_GATE_H

#include "platform/atomic.h"

#include <boc/status.h>
#include <stdbool.h>

typedef struct boc__tally {
    _Atomic uint64_t entered, left; /* one writer */
} boc__tally_t;

typedef enum boc__gate_mode {
    BOC__GATE_CLOSED,   /* nothing enters */
    BOC__GATE_OPEN,     /* everything enters */
    BOC__GATE_DROPPING, /* nothing enters; what has not started is dropped */
    BOC__GATE_CHECKING, /* closing: entry waits for the decision */
} boc__gate_mode_t;

/* Admit one piece of work.  `tally` is the calling worker's, or NULL. */
BOC_MUST_CHECK boc_status_t boc__gate_enter(boc__tally_t *tally);

/* The same for `count` pieces, all or none. */
BOC_MUST_CHECK boc_status_t boc__gate_enter_many(boc__tally_t *tally, uint64_t count);

/* One piece of work is over. */
void boc__gate_leave(boc__tally_t *tally);

/* Keep the counts of a worker that ends. */
void boc__gate_fold(const boc__tally_t *tally);

void boc__gate_set(boc__gate_mode_t mode);
boc__gate_mode_t boc__gate_mode(void);

/* Close an open gate if nothing is in flight.  `is_quiescent` must call
 * boc__gate_is_quiescent for all workers. */
bool boc__gate_try_close(bool (*is_quiescent)(void));

/* Compare what entered with what left, in the shards and in the tallies that
 * `tally_of(0)` to `tally_of(count - 1)` give. */
bool boc__gate_is_quiescent(const boc__tally_t *(*tally_of)(size_t index), size_t count);

#endif
