/* demand.h - what one worker is wanted for, and nobody else.
 *
 * A demand is a bit in a word of the worker, which looks at it between two works and
 * before it sleeps: a visit to the host's `between`, or work that is placed on this
 * worker and that nobody may steal.
 *
 * Threads   demand, place         any thread
 *           the rest              the worker's own thread
 *
 * Ordering edges (the letters are used in demand.c):
 *   (p) demand -> take   the worker sees what was done before the demand, placed
 *                        work included.
 *   The demand and the sleeper's last look are seq_cst: docs/design/host.md.
 */
#ifndef BOC_CORE_SCHED_DEMAND_H
#define BOC_CORE_SCHED_DEMAND_H

#include "core/sched/inbox.h"
#include "platform/yield.h"

struct boc__worker;

enum {
    BOC__DEMAND_BETWEEN = 1, /* call the host's `between` */
    BOC__DEMAND_PLACED = 2,  /* there is placed work */
};

typedef struct boc__demands {
    _Atomic uint32_t bits;
    bool had_turn;       /* owner only: the last work was a placed one */
    boc__work_t *placed; /* owner only: taken from the inbox, oldest first */
    boc__inbox_t inbox;
} boc__demands_t;

void boc__demands_init(boc__demands_t *demands);

/* Run `work` on `worker` and nowhere else. */
void boc__demand_place(struct boc__worker *worker, boc__work_t *work);

static inline bool boc__demands_are_met(boc__demands_t *demands) {
    BOC_YIELD();
    /* relaxed: a demand that is missed here is seen after the next body, or by the
     * last look before sleep. */
    return atomic_load_explicit(&demands->bits, memory_order_relaxed) == 0;
}

/* The last look of a sleeper that has registered. */
bool boc__demands_are_met_for_sleep(boc__demands_t *demands);

/* Answer the demand of a visit only, as a worker does that takes no work.  False when there
 * was none. */
bool boc__demands_take_visit(struct boc__worker *worker);

/* Answer the demands.  Returns placed work, or NULL when there is none or others are to
 * have a turn first: then the demand stays. */
boc__work_t *boc__demands_take(struct boc__worker *worker);

#endif
