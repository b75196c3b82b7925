/* chain.h - the queue of requests of one cown, and how it is granted.
 *
 * An MCS queue (Mellor-Crummey and Scott, "Algorithms for Scalable
 * Synchronization on Shared-Memory Multiprocessors", 1991) whose waiters are
 * behaviors instead of spinning threads, with readers that run together.  The
 * cown's `tail` is the last slot; each slot's `status` says how far its own
 * scheduling has come or who follows.  States, steps and the named dangerous
 * interleavings: docs/design/chain.md.
 *
 * Status of a slot, one atomic word:
 *   WAIT         its behavior still enters queues (first phase of 2PL); the slot
 *                behind it must not be linked yet
 *   WAIT_ACTIVE  the same, and the slot is a reader that was granted at once
 *   READY        entered everywhere; nobody follows yet
 *   ACTIVE       a running reader; the next reader may join it
 *   CLOSED       a running reader that somebody follows already
 *   a slot       who follows (a writer behind anybody, a reader behind a slot
 *                that does not run yet)
 *
 * Threads   enter, open, link   the thread that schedules the slot's behavior
 *           follower, leave  the thread that runs and finishes it
 *
 * Ordering edges (the letters are used in chain.c):
 *   (a) leave -> enter       tail set to NULL by the last holder: the next one
 *                            sees the value it left.
 *   (b) link -> leave        the follower's slot is initialised.
 *   (c) open -> follow       a slot out of WAIT has its final reader count.
 *   (d) readers' decrement   the writer after them runs after they all ended.
 *   (e) grant                through the behavior's countdown (behavior.c).
 */
#ifndef BOC_CORE_COWN_CHAIN_H
#define BOC_CORE_COWN_CHAIN_H

#include "core/cown/cown.h"

#include <boc/behavior.h>
#include <stdbool.h>

enum {
    BOC__SLOT_READ = 1,
    BOC__SLOT_DUPLICATE = 2, /* the same cown stands in a stronger slot of the behavior */
    BOC__SLOT_BORROWED = 4, /* a writer that gets the reference of a writer ahead of it */
    BOC__SLOT_FIXED = 8,    /* keeps its reference: one block with the cown */
    BOC__SLOT_FLAGS = 15,
};

struct boc__slot {
    uintptr_t cown_and_flags;  /* fixed once the slot is in a queue */
    _Atomic uintptr_t status;
    boc_behavior_t *behavior;  /* fixed */
};

static inline boc_cown_t *boc__slot_cown(const boc__slot_t *slot) {
    return (boc_cown_t *)(slot->cown_and_flags & ~(uintptr_t)BOC__SLOT_FLAGS);
}
static inline bool boc__slot_is_read(const boc__slot_t *slot) {
    return (slot->cown_and_flags & BOC__SLOT_READ) != 0;
}
static inline bool boc__slot_is_duplicate(const boc__slot_t *slot) {
    return (slot->cown_and_flags & BOC__SLOT_DUPLICATE) != 0;
}

static inline bool boc__slot_is_borrowed(const boc__slot_t *slot) {
    return (slot->cown_and_flags & BOC__SLOT_BORROWED) != 0;
}

/* Before the slot is in a queue: give a borrowed one a reference of its own. */
static inline void boc__slot_own(boc__slot_t *slot) {
    if (boc__slot_is_borrowed(slot)) {
        boc_cown_ref(boc__slot_cown(slot));
        slot->cown_and_flags &= ~(uintptr_t)BOC__SLOT_BORROWED;
    }
}

/* A stronger slot of the behavior stands for the same cown. */
static inline void boc__slot_merge(boc__slot_t *slot) {
    boc__slot_own(slot);
    slot->cown_and_flags |= BOC__SLOT_DUPLICATE;
}

/* Bring the slot into its initial state, WAIT. */
void boc__chain_prepare(boc__slot_t *slot);

/* First phase: enter the queue of the slot's cown.  True when the cown is granted
 * at once; otherwise boc__behavior_grant is called later, on another thread,
 * maybe before this returns.  The slot stays in WAIT. */
bool boc__chain_enter(boc__slot_t *slot);

/* Second phase, after every slot of the behavior entered: let others follow. */
void boc__chain_open(boc__slot_t *slot);

/* Both phases for a behavior with this one request.  True when granted at once;
 * otherwise the slot may already be granted, run and freed when this returns. */
bool boc__chain_enter_alone(boc__slot_t *slot);

/* Put `next` behind `slot`, both for the same cown and in no queue yet. */
void boc__chain_link(boc__slot_t *slot, boc__slot_t *next);

/* First phase for a segment: `first` and what is linked behind it, to `last`, enter as
 * one.  Returns how many of them, from the first on, are granted at once; the others are
 * granted later by boc__behavior_grant, maybe before this returns.  `last` stays in WAIT;
 * the others are never opened. */
size_t boc__chain_enter_segment(boc__slot_t *first, boc__slot_t *last);

/* The only slot of a cown that nobody else can know yet: held from birth. */
void boc__chain_enter_fresh(boc__slot_t *slot);

/* Give the cown to whoever follows.  Afterwards the slot may be freed; it has no cown any
 * more when its reference went to the follower. */
void boc__chain_leave(boc__slot_t *slot);

/* A hint: `next` is granted soon, and its behavior is probably like `like`.  Reads nothing of
 * `next` (implemented by behavior.c). */
void boc__behavior_expect(const boc__slot_t *next, const boc_behavior_t *like);

/* Who stands behind the slot of a writer that has its cown, if that is known; it waits there
 * until the slot leaves. */
boc__slot_t *boc__chain_follower(boc__slot_t *slot);

/* The slot was granted (implemented by behavior.c). */
void boc__behavior_grant(boc__slot_t *slot);

#endif
