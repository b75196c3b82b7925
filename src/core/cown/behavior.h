/* behavior.h - a behavior in memory: one block, one cache line for one cown.
 *
 *     [result cown  [cancel]]  header  slots: requests, then the result's  [order]  [host data]
 *
 * With a result the block starts with the result cown, whose references keep the
 * whole block alive; the behavior owns one of them.
 *
 * `countdown` starts at the number of requests plus one.  Whoever brings it to
 * zero dispatches the behavior; the extra one is the scheduling thread's, so that
 * the body cannot start while the slots are still being opened.  A behavior with
 * one request needs no countdown: the one grant dispatches it.
 */
#ifndef BOC_CORE_COWN_BEHAVIOR_H
#define BOC_CORE_COWN_BEHAVIOR_H

#include "core/cown/chain.h"
#include "core/sched/work.h"

#include <assert.h>

struct boc_behavior {
    boc__work_t work; /* first: a work is a behavior */
    const boc_behavior_ops_t *ops;
    _Atomic uint32_t countdown;
    uint16_t count; /* requests, the result not counted */
    uint8_t flags;  /* BOC_BEHAVIOR_* and those of behavior.c; fixed once scheduled */
    uint8_t block_class;
    boc__slot_t slots[];
};

/* Let the result's cown wait for the behavior, if there is one. */
void boc__behavior_hold_result(boc_behavior_t *behavior);

/* Count `grants`.  When they were the last: what is now to be dispatched, or NULL when
 * that was done here. */
boc__work_t *boc__behavior_resolve(boc_behavior_t *behavior, uint32_t grants);

static_assert(sizeof(struct boc_behavior) + sizeof(boc__slot_t) + sizeof(void *) <=
                  BOC_CACHE_LINE_BYTES,
              "one request and one word of host data fit a cache line");

#endif
