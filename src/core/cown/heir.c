/* heir.c - who gets a cown next, and whether the present worker runs it next.
 *
 * The last behavior that a worker dispatches while it gives cowns back goes into its `next`, which
 * nobody steals; see worker.h.
 */
#include "core/cown/behavior.h"
#include "core/sched/pool.h"

#include <assert.h>

/* Of the requests, and of the result. */
static size_t slot_count(const boc_behavior_t *behavior) {
    return (size_t)behavior->count + ((behavior->flags & BOC_BEHAVIOR_RESULT) ? 1 : 0);
}

/* The slot of the request's cown that is in the queue; NULL if it only reads. */
static boc__slot_t *writing_slot(boc_behavior_t *behavior, size_t index) {
    boc__slot_t *slot = &behavior->slots[index];
    if (boc__slot_is_duplicate(slot)) {
        boc_cown_t *cown = boc__slot_cown(slot);
        slot = behavior->slots;
        while (boc__slot_is_duplicate(slot) || boc__slot_cown(slot) != cown)
            slot++;
    }
    assert(slot < behavior->slots + behavior->count);
    return boc__slot_is_read(slot) ? NULL : slot;
}

/* NULL for a reader: others may read with it. */
static boc_behavior_t *follower_of(boc__slot_t *slot) {
    if (boc__slot_is_duplicate(slot) || boc__slot_is_read(slot))
        return NULL;
    boc__slot_t *next = boc__chain_follower(slot);
    return next != NULL ? next->behavior : NULL;
}

/* Whether nothing is missing to `heir` but what `behavior` holds. */
static bool gets_the_rest_from(boc_behavior_t *heir, boc_behavior_t *behavior) {
    BOC_YIELD();
    /* relaxed: it only falls, and not below what we give.  A behavior that one grant dispatches
     * has no countdown. */
    uint32_t missing = atomic_load_explicit(&heir->countdown, memory_order_relaxed);
    if (missing == 0)
        return true;
    uint32_t given = 0;
    size_t count = slot_count(behavior);
    for (size_t i = 0; i < count; i++)
        given += follower_of(&behavior->slots[i]) == heir;
    return missing == given;
}

/* Whether `heir` is what the releases of `behavior` dispatch last: each puts the one before it
 * where others may steal it. */
static bool is_last_dispatched(const boc_behavior_t *heir, boc_behavior_t *behavior) {
    for (size_t i = slot_count(behavior); i-- > 0;) {
        boc__slot_t *slot = &behavior->slots[i];
        if (boc__slot_is_duplicate(slot))
            continue;
        if (boc__slot_is_read(slot))
            return false; /* it may let a writer go that no slot of ours knows */
        const boc__slot_t *next = boc__chain_follower(slot);
        if (next == NULL || (next->behavior->flags & BOC_BEHAVIOR_LEASE))
            continue;
        /* A reader may have others behind it, which are let go with it. */
        return next->behavior == heir && !boc__slot_is_read(next);
    }
    return false;
}

static bool runs_here(boc_behavior_t *heir, boc_behavior_t *behavior) {
    const boc__worker_t *worker = boc__worker_current();
    if (worker == NULL)
        return false;
    /* relaxed: fixed while work is in flight. */
    if (atomic_load_explicit(&boc__pool.active, memory_order_relaxed) == 1)
        return true; /* sooner or later; there is no other */
    return worker->budget > 0 && gets_the_rest_from(heir, behavior) &&
           is_last_dispatched(heir, behavior);
}

const boc_behavior_ops_t *boc_behavior_heir(boc_behavior_t *behavior, size_t index,
                                            bool *p_runs_here) {
    assert(index < behavior->count);
    boc__slot_t *slot = writing_slot(behavior, index);
    /* acquire (b), in boc__chain_follower: the follower's slot and its behavior.  It lives as
     * long as it waits for us. */
    boc__slot_t *next = slot != NULL ? boc__chain_follower(slot) : NULL;
    if (next == NULL || boc__slot_is_read(next) ||
        (next->behavior->flags & (BOC_BEHAVIOR_LEASE | BOC_BEHAVIOR_PLACED)) != 0)
        return NULL;
    *p_runs_here = runs_here(next->behavior, behavior);
    return next->behavior->ops;
}
