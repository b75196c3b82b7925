#include "core/cown/chain.h"

#include "platform/yield.h"

#include <assert.h>

enum {
    WAIT = 0,
    READY = 1,
    ACTIVE = 2,
    CLOSED = 3,
    WAIT_ACTIVE = 4,
    STATE_MAX = 4, /* anything above is a pointer */
};

#define ONE_READER 2u
#define WRITER_WAITS 1u

static bool is_waiting(uintptr_t status) { return status == WAIT || status == WAIT_ACTIVE; }

/* acquire (b, c): whatever the status says was written before it. */
static uintptr_t read_status(boc__slot_t *slot) {
    BOC_YIELD();
    return atomic_load_explicit(&slot->status, memory_order_acquire);
}

static void write_status(boc__slot_t *slot, uintptr_t status) {
    BOC_YIELD();
    /* release (b, c): the slot, or the reader count, before the word that shows it. */
    atomic_store_explicit(&slot->status, status, memory_order_release);
}

static bool change_status(boc__slot_t *slot, uintptr_t *p_expected, uintptr_t status) {
    BOC_YIELD();
    /* acq_rel (b, c): as write_status, and on either outcome as read_status. */
    return atomic_compare_exchange_strong_explicit(&slot->status, p_expected, status,
                                                   memory_order_acq_rel, memory_order_acquire);
}

void boc__chain_prepare(boc__slot_t *slot) { atomic_init(&slot->status, WAIT); }

static void set_waiting_active(boc__slot_t *slot) {
    /* relaxed: to everybody else it is WAIT all the same. */
    atomic_store_explicit(&slot->status, WAIT_ACTIVE, memory_order_relaxed);
}

/* -- references ---------------------------------------------------------------- */

/* A borrowed writer with nobody ahead who would leave it a reference ("reference without
 * a giver", chain.md).  The caller's is still there. */
static inline void own(boc_cown_t *cown, const boc__slot_t *slot) {
    if (boc__slot_is_borrowed(slot))
        boc_cown_ref(cown);
}

/* To the borrowed writer behind `slot`. */
static inline void pass_reference(boc_cown_t *cown, boc__slot_t *slot) {
    if (slot->cown_and_flags & BOC__SLOT_FIXED)
        boc_cown_ref(cown);
    else
        slot->cown_and_flags = 0;
}

/* -- entering ----------------------------------------------------------------- */

static void add_reader(boc_cown_t *cown) {
    BOC_YIELD();
    /* relaxed (c): published by the slot's own status. */
    (void)atomic_fetch_add_explicit(&cown->readers, ONE_READER, memory_order_relaxed);
}

/* A writer that everybody before it but running readers has left for.  True when
 * they have ended too. */
static bool wait_for_readers(boc_cown_t *cown, boc__slot_t *writer) {
    BOC_YIELD();
    /* relaxed: published by the exchange of `readers`. */
    atomic_store_explicit(&cown->next_writer, writer, memory_order_relaxed);
    BOC_YIELD();
    /* acq_rel (d): release next_writer to the last reader; acquire from it when it
     * is gone. */
    uint32_t readers = atomic_fetch_or_explicit(&cown->readers, WRITER_WAITS, memory_order_acq_rel);
    assert((readers & WRITER_WAITS) == 0);
    if (readers != 0)
        return false;
    /* relaxed: no reader runs and none can start before this writer has left. */
    atomic_store_explicit(&cown->readers, 0, memory_order_relaxed);
    atomic_store_explicit(&cown->next_writer, NULL, memory_order_relaxed);
    return true;
}

static bool enter_empty(boc_cown_t *cown, boc__slot_t *slot) {
    if (boc__slot_is_read(slot)) {
        add_reader(cown);
        return true;
    }
    BOC_YIELD();
    /* acquire (d): readers may still run when the queue is empty; no new one can
     * start, since every later request follows this slot. */
    if (atomic_load_explicit(&cown->readers, memory_order_acquire) == 0)
        return true;
    return wait_for_readers(cown, slot);
}

/* Join a running reader, or park behind it.  False: it is not ACTIVE any more,
 * and `*p_status` says what it is. */
static bool follow_active(boc_cown_t *cown, boc__slot_t *prev, boc__slot_t *slot,
                          uintptr_t *p_status, bool *p_granted) {
    if (!change_status(prev, p_status, CLOSED))
        return false;
    /* `prev` may end and be freed from here on. */
    if (boc__slot_is_read(slot)) {
        /* "Last reader leaves early": the count may touch zero before we add to
         * it; no writer can be parked then, it would have to come after us. */
        add_reader(cown);
        *p_granted = true;
    } else {
        *p_granted = wait_for_readers(cown, slot);
    }
    return true;
}

/* Link behind `prev`, which is out of WAIT.  Afterwards prev is not touched. */
static bool follow(boc_cown_t *cown, boc__slot_t *prev, boc__slot_t *slot) {
    if (!boc__slot_is_read(prev)) {
        assert(read_status(prev) == READY);
        write_status(prev, (uintptr_t)slot); /* a writer's word only its follower changes */
        return false;
    }
    bool is_granted = false;
#if !defined(BOC_MUTANT_NO_GIVER)
    own(cown, slot);
#endif
    uintptr_t status = read_status(prev);
    for (;;) {
        assert(status == READY || status == ACTIVE);
        if (status == ACTIVE && follow_active(cown, prev, slot, &status, &is_granted))
            return is_granted;
        /* "Walker passes": a releasing writer may turn READY into ACTIVE. */
        if (status == READY && change_status(prev, &status, (uintptr_t)slot))
            return false;
    }
}

static boc__slot_t *swap_tail(boc_cown_t *cown, boc__slot_t *slot) {
    BOC_YIELD();
    /* acq_rel (a): acquire what the last holder left; release our slot to the next. */
    return atomic_exchange_explicit(&cown->tail, slot, memory_order_acq_rel);
}

static void await_open(boc__slot_t *slot) {
    BOC_SPIN_UNTIL(!is_waiting(atomic_load_explicit(&slot->status, memory_order_acquire)));
}

bool boc__chain_enter(boc__slot_t *slot) {
    boc_cown_t *cown = boc__slot_cown(slot);
    bool is_granted;
    boc__slot_t *prev = swap_tail(cown, slot);
    if (prev == NULL) {
        own(cown, slot);
        is_granted = enter_empty(cown, slot);
    } else {
        await_open(prev);
        is_granted = follow(cown, prev, slot);
    }
    if (is_granted && boc__slot_is_read(slot))
        set_waiting_active(slot);
    return is_granted;
}

void boc__chain_open(boc__slot_t *slot) {
    /* relaxed: written by this thread. */
    uintptr_t status = atomic_load_explicit(&slot->status, memory_order_relaxed);
    assert(is_waiting(status));
    write_status(slot, status == WAIT_ACTIVE ? ACTIVE : READY);
}

bool boc__chain_enter_alone(boc__slot_t *slot) {
    boc_cown_t *cown = boc__slot_cown(slot);
    bool is_read = boc__slot_is_read(slot);
    boc__slot_t *prev = swap_tail(cown, slot);
    if (prev == NULL) {
        bool is_granted;
        own(cown, slot);
        if (is_read) {
            add_reader(cown);
            is_granted = true;
        } else {
            /* acquire (d): as in enter_empty. */
            is_granted = atomic_load_explicit(&cown->readers, memory_order_acquire) == 0;
        }
        write_status(slot, is_read ? ACTIVE : READY);
        return is_granted || wait_for_readers(cown, slot);
    }
#if !defined(BOC_MUTANT_BORN_READY)
    /* "Born ready": as long as prev is in WAIT, so must we be, or a third request
     * overtakes prev's behavior in another queue and the two wait for each other. */
    await_open(prev);
#endif
    if (!is_read) {
        /* Before the link: once linked, this slot may be granted, run and freed. */
        write_status(slot, READY);
#if defined(BOC_MUTANT_BORN_READY)
        await_open(prev);
#endif
        return follow(cown, prev, slot);
    }
    /* A reader's own state depends on whether it joins, so it is written last;
     * nobody but the walker of a releasing writer can grant it before, and that
     * one waits for it to leave WAIT. */
    bool is_granted = follow(cown, prev, slot);
    write_status(slot, is_granted ? ACTIVE : READY);
    return is_granted;
}

/* -- entering as a segment ------------------------------------------------------ */

static boc__slot_t *linked_behind(boc__slot_t *slot) {
    /* relaxed: written by this thread. */
    return (boc__slot_t *)atomic_load_explicit(&slot->status, memory_order_relaxed);
}

void boc__chain_link(boc__slot_t *slot, boc__slot_t *next) {
    /* relaxed (b): published by the entry of the segment. */
    atomic_store_explicit(&slot->status, (uintptr_t)next, memory_order_relaxed);
}

/* Readers at the head of a segment run at once; a writer among those behind them parks.
 * Nobody else knows a slot of the segment yet but the last. */
static size_t start_readers(boc_cown_t *cown, boc__slot_t *first, boc__slot_t *last) {
    size_t count = 1;
    boc__slot_t *slot = first, *next = NULL;
    for (; slot != last && boc__slot_is_read(next = linked_behind(slot)); slot = next, count++)
        /* relaxed: to us, who started it, and to its behavior, through the grant. */
        atomic_store_explicit(&slot->status, CLOSED, memory_order_relaxed);
    BOC_YIELD();
    /* relaxed (c): published by the slot's status, and by the exchange of (d). */
    (void)atomic_fetch_add_explicit(&cown->readers, (uint32_t)count * ONE_READER,
                                    memory_order_relaxed);
    if (slot == last) {
        set_waiting_active(last);
    } else {
        /* relaxed: as above. */
        atomic_store_explicit(&slot->status, CLOSED, memory_order_relaxed);
        bool is_granted = wait_for_readers(cown, next);
        assert(!is_granted); /* our readers cannot end before we let them start */
        (void)is_granted;
    }
    return count;
}

static size_t start_segment(boc_cown_t *cown, boc__slot_t *first, boc__slot_t *last) {
    if (boc__slot_is_read(first))
        return start_readers(cown, first, last);
    BOC_YIELD();
    /* acquire (d): as in enter_empty. */
    if (atomic_load_explicit(&cown->readers, memory_order_acquire) == 0)
        return 1;
    return wait_for_readers(cown, first) ? 1 : 0;
}

size_t boc__chain_enter_segment(boc__slot_t *first, boc__slot_t *last) {
    boc_cown_t *cown = boc__slot_cown(first);
    assert(boc__slot_cown(last) == cown && !boc__slot_is_borrowed(first));
    boc__slot_t *prev = swap_tail(cown, last);
    if (prev == NULL)
        return start_segment(cown, first, last);
    await_open(prev);
    if (!boc__slot_is_read(prev)) {
        write_status(prev, (uintptr_t)first); /* as in follow */
        return 0;
    }
    uintptr_t status = read_status(prev);
    for (;;) {
        assert(status == READY || status == ACTIVE);
        if (status == ACTIVE && change_status(prev, &status, CLOSED))
            return start_segment(cown, first, last);
        if (status == READY && change_status(prev, &status, (uintptr_t)first))
            return 0;
    }
}

void boc__chain_enter_fresh(boc__slot_t *slot) {
    slot->cown_and_flags |= BOC__SLOT_FIXED;
    /* relaxed: the cown is published later, with everything else in it. */
    atomic_store_explicit(&slot->status, READY, memory_order_relaxed);
    atomic_store_explicit(&boc__slot_cown(slot)->tail, slot, memory_order_relaxed);
}

/* -- leaving ------------------------------------------------------------------ */

boc__slot_t *boc__chain_follower(boc__slot_t *slot) {
    assert(!boc__slot_is_read(slot) && !boc__slot_is_duplicate(slot));
    uintptr_t status = read_status(slot);
    return status > STATE_MAX ? (boc__slot_t *)status : NULL;
}

static bool empty_queue(boc_cown_t *cown, boc__slot_t *slot) {
    BOC_YIELD();
    boc__slot_t *expected = slot;
    /* release (a): the value, to whoever enters the empty queue.  relaxed on
     * failure: the follower's link is awaited next. */
    return atomic_compare_exchange_strong_explicit(&cown->tail, &expected, NULL,
                                                   memory_order_release, memory_order_relaxed);
}

/* A queue is a linked list of cold blocks.  While the granted behavior runs, the one
 * behind it can travel. */
static inline void grant(boc__slot_t *slot) {
    /* relaxed: a hint; what the word points at is not read here. */
    uintptr_t status = atomic_load_explicit(&slot->status, memory_order_relaxed);
    if (status > STATE_MAX)
        boc__behavior_expect((const boc__slot_t *)status, slot->behavior);
    boc__behavior_grant(slot);
}

/* The releasing writer walks the readers behind it.  `readers` is written before
 * the last of them is opened to others, and nobody is granted before the walk is
 * over: a granted reader may end, and its slot be freed, at once. */
static void grant_readers(boc_cown_t *cown, boc__slot_t *first) {
    uint32_t count = 0;
    for (boc__slot_t *slot = first;;) {
        count++;
        await_open(slot); /* "Walk meets WAIT": its scheduler has not come to READY */
        uintptr_t status = read_status(slot);
        if (status == READY) {
            /* relaxed (c): published by the change to ACTIVE. */
            atomic_store_explicit(&cown->readers, count * ONE_READER, memory_order_relaxed);
            if (change_status(slot, &status, ACTIVE))
                break;
        }
        assert(status > STATE_MAX);
        boc__slot_t *next = (boc__slot_t *)status;
        if (!boc__slot_is_read(next)) {
            /* relaxed (d): published by the grants below. */
            atomic_store_explicit(&cown->next_writer, next, memory_order_relaxed);
            atomic_store_explicit(&cown->readers, count * ONE_READER + WRITER_WAITS,
                                  memory_order_relaxed);
            break;
        }
        slot = next;
    }
    for (boc__slot_t *slot = first; count > 0; count--) {
        /* relaxed: read during the walk already; fixed unless it is the last. */
        uintptr_t next = atomic_load_explicit(&slot->status, memory_order_relaxed);
        grant(slot);
        slot = (boc__slot_t *)next;
    }
}

static void leave_writer(boc_cown_t *cown, boc__slot_t *slot) {
    uintptr_t status = read_status(slot);
    if (status == READY) {
        if (empty_queue(cown, slot))
            return;
        /* Somebody has swapped the tail and is about to link. */
        BOC_SPIN_UNTIL((status = atomic_load_explicit(&slot->status, memory_order_acquire)) !=
                       READY);
    }
    assert(status > STATE_MAX);
    boc__slot_t *next = (boc__slot_t *)status;
    if (boc__slot_is_read(next)) {
        grant_readers(cown, next);
    } else {
        if (boc__slot_is_borrowed(next))
            pass_reference(cown, slot);
        grant(next);
    }
}

static void leave_reader(boc_cown_t *cown, boc__slot_t *slot) {
    /* Somebody who entered behind us is about to close us: stay until then. */
    if (read_status(slot) == ACTIVE && !empty_queue(cown, slot))
        BOC_SPIN_UNTIL(atomic_load_explicit(&slot->status, memory_order_acquire) != ACTIVE);
    BOC_YIELD();
    /* acq_rel (d): release our reading; the last one acquires all of it, and the
     * parked writer. */
    uint32_t readers = atomic_fetch_sub_explicit(&cown->readers, ONE_READER, memory_order_acq_rel);
    assert(readers >= ONE_READER);
    if (readers != ONE_READER + WRITER_WAITS)
        return;
    /* relaxed: the parked writer is alone now, and granted below. */
    boc__slot_t *writer = atomic_load_explicit(&cown->next_writer, memory_order_relaxed);
    atomic_store_explicit(&cown->next_writer, NULL, memory_order_relaxed);
    atomic_store_explicit(&cown->readers, 0, memory_order_relaxed);
    grant(writer);
}

/* `inline`: into the loop over the slots of a behavior, when optimised across units. */
inline void boc__chain_leave(boc__slot_t *slot) {
    assert(!boc__slot_is_duplicate(slot));
    boc_cown_t *cown = boc__slot_cown(slot);
    if (boc__slot_is_read(slot))
        leave_reader(cown, slot);
    else
        leave_writer(cown, slot);
}
