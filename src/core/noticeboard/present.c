/* present.c - the word that says which snapshot is the present one. */
#include "core/noticeboard/seats.h"
#include "platform/yield.h"

#include <assert.h>

/* The word: the seat above, below how often it was taken since it was published or folded.
 * Builds for tests fold at once. */
#define SEAT_SHIFT 32
#define TAKES_MASK UINT64_C(0xffffffff)
#if defined(BOC_SYSTEMATIC) || defined(BOC_INJECT)
#define FOLD_AT 2
#else
#define FOLD_AT (UINT64_C(1) << 31)
#endif

static struct {
    _Atomic(uint64_t) word;
    uint64_t version; /* writer only */
} globals;

static uint32_t seat_of(uint64_t word) { return (uint32_t)(word >> SEAT_SHIFT); }

/* Move the takes from the word to the snapshot's own count; the caller has taken it. */
static void fold(boc_snapshot_t *snapshot, uint64_t word) {
    do {
        int64_t takes = (int64_t)(word & TAKES_MASK);
        BOC_YIELD();
        /* relaxed: before the exchange that takes them off the word, see below; until then
         * the count is too high, which keeps the snapshot. */
        atomic_fetch_add_explicit(&snapshot->refs, takes, memory_order_relaxed);
        BOC_YIELD();
        /* release (b): our addition is before whoever sees the word without the takes.
         * relaxed on failure: the word is compared only. */
        if (atomic_compare_exchange_strong_explicit(&globals.word, &word, word & ~TAKES_MASK,
                                                    memory_order_release, memory_order_relaxed))
            return;
        BOC_YIELD();
        /* relaxed: our own reference remains, so it cannot be the last. */
        atomic_fetch_sub_explicit(&snapshot->refs, takes, memory_order_relaxed);
    } while (seat_of(word) == snapshot->seat && (word & TAKES_MASK) >= FOLD_AT);
}

boc_snapshot_t *boc_snapshot_take(void) {
    BOC_YIELD();
    /* acquire (a): what the writer wrote before it published the seat. */
    uint64_t word = atomic_fetch_add_explicit(&globals.word, 1, memory_order_acquire) + 1;
    boc_snapshot_t *snapshot = boc__seats_of(seat_of(word));
    if ((word & TAKES_MASK) >= FOLD_AT)
        fold(snapshot, word);
    return snapshot;
}

void boc_snapshot_ref(boc_snapshot_t *snapshot) {
    /* relaxed: the caller has a reference. */
    atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
}

void boc_snapshot_unref(boc_snapshot_t *snapshot) {
    BOC_YIELD();
    /* acq_rel (c): every last access comes before the burial. */
    if (atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) == 1)
        boc__snapshot_bury(snapshot);
}

bool boc_snapshot_is_current(const boc_snapshot_t *snapshot) {
    BOC_YIELD();
    /* acquire: whoever sees that it is not finds the newer one.  The caller's reference keeps
     * the seat from being given to another. */
    return seat_of(atomic_load_explicit(&globals.word, memory_order_acquire)) == snapshot->seat;
}

boc_snapshot_t *boc__snapshot_present(void) {
    /* relaxed: only the writer changes the seat. */
    return boc__seats_of(seat_of(atomic_load_explicit(&globals.word, memory_order_relaxed)));
}

/* Put `seat` into the word; the one before, if nobody uses it any more. */
static boc_snapshot_t *replace(uint32_t seat) {
    BOC_YIELD();
    /* acq_rel: (a) release what is in the new snapshot; (b) acquire the additions of those
     * who folded. */
    uint64_t word =
        atomic_exchange_explicit(&globals.word, (uint64_t)seat << SEAT_SHIFT, memory_order_acq_rel);
    boc_snapshot_t *before = boc__seats_of(seat_of(word));
    int64_t change = (int64_t)(word & TAKES_MASK) - BOC__PRESENT;
    BOC_YIELD();
    /* acq_rel (c): every last access comes before the burial. */
    int64_t refs = atomic_fetch_add_explicit(&before->refs, change, memory_order_acq_rel) + change;
    assert(refs >= 0);
    return refs == 0 ? before : NULL;
}

boc_snapshot_t *boc__snapshot_publish(boc_snapshot_t *snapshot) {
    assert(snapshot != &boc__seats_empty);
    snapshot->version = ++globals.version;
    /* relaxed (a): published by the exchange. */
    atomic_store_explicit(&snapshot->refs, BOC__PRESENT, memory_order_relaxed);
    return replace(snapshot->seat);
}

boc_snapshot_t *boc__snapshot_publish_empty(void) {
    if (boc__snapshot_present() == &boc__seats_empty)
        return NULL;
    /* relaxed (a): published by the exchange.  Readers from before may still have it. */
    atomic_fetch_add_explicit(&boc__seats_empty.refs, BOC__PRESENT, memory_order_relaxed);
    return replace(boc__seats_empty.seat);
}
