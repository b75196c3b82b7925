#include "core/cown/cown.h"

#include "core/cown/handle.h"
#include "core/slab.h"
#include "platform/track.h"
#include "platform/yield.h"

#include <assert.h>
#include <boc/weak.h>

static inline boc_status_t init(boc_cown_t *cown, uint8_t block_class) {
    uint64_t id = boc__slab_next_id();
    if (id == 0)
        return BOC_ENOMEM;
    atomic_init(&cown->tail, NULL);
    atomic_init(&cown->next_writer, NULL);
    cown->id = id;
    cown->value = (boc_payload_t){NULL, NULL};
    atomic_init(&cown->refs, 1);
    atomic_init(&cown->readers, 0);
    atomic_init(&cown->holder, 0);
    atomic_init(&cown->handle, 0);
    atomic_init(&cown->weak, 1);
    cown->block_class = block_class;
    cown->status = BOC_OK;
    cown->is_cancellable = false;
    return BOC_OK;
}

boc_status_t boc__cown_init(void *block, uint8_t block_class) { return init(block, block_class); }

boc_status_t boc_cown_new(boc_payload_t value, boc_cown_t **p_cown) {
    uint8_t block_class = 0;
    boc_cown_t *cown = boc__slab_allocate(sizeof *cown, &block_class);
    if (cown == NULL) {
        boc_payload_drop(&value);
        return BOC_ENOMEM;
    }
    boc_status_t status = init(cown, block_class);
    if (status != BOC_OK) {
        boc__slab_free(cown, block_class);
        boc_payload_drop(&value);
        return status;
    }
    cown->value = value;
    BOC_TRACK("cown", cown);
    *p_cown = cown;
    return BOC_OK;
}

void boc_cown_ref(boc_cown_t *cown) {
    /* relaxed: the caller has a reference, so the count cannot reach zero. */
    uint32_t refs = atomic_fetch_add_explicit(&cown->refs, 1, memory_order_relaxed);
    assert(refs > 0 && refs < UINT32_MAX);
    (void)refs;
}

bool boc__cown_try_ref(boc_cown_t *cown) {
    BOC_YIELD();
    /* relaxed: as in boc_cown_ref, once the count is known not to be zero. */
    uint32_t refs = atomic_load_explicit(&cown->refs, memory_order_relaxed);
#if defined(BOC_MUTANT_REVIVAL) /* "Revival": reading and adding in two steps */
    BOC_YIELD();
    return refs != 0 && atomic_fetch_add_explicit(&cown->refs, 1, memory_order_relaxed) < refs + 99;
#else
    while (refs != 0)
        if (atomic_compare_exchange_weak_explicit(&cown->refs, &refs, refs + 1,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
#endif
}

/* The last reference is gone. */
static inline void end(boc_cown_t *cown) {
    BOC_TRACK_END(cown);
    /* relaxed: nobody else has a reference. */
    assert(atomic_load_explicit(&cown->tail, memory_order_relaxed) == NULL);
    uint32_t handle = atomic_load_explicit(&cown->handle, memory_order_relaxed);
    if (handle != 0)
        boc__handle_forget(handle);
    /* "Freed before dropped": our 1 of `weak` keeps the block meanwhile. */
    boc_payload_drop(&cown->value);
    BOC_YIELD();
    /* acquire (b): 1 is ours alone; new weak references come from others only. */
    if (atomic_load_explicit(&cown->weak, memory_order_acquire) == 1)
        boc__slab_free(cown, cown->block_class);
    else
        boc_weak_unref((boc_weak_t *)(void *)cown);
}

inline bool boc__cown_is_forgotten(const boc_cown_t *cown, const boc__slot_t *holder) {
    BOC_YIELD();
    /* acquire (a): first.  Whoever gave a reference back did the rest before: made a weak
     * reference or a handle, which both leave a trace for good, or entered the queue.  Nobody
     * can do any of it later. */
    if (atomic_load_explicit(&cown->refs, memory_order_acquire) != 1)
        return false;
    BOC_YIELD();
    /* relaxed: see above. */
    return atomic_load_explicit(&cown->weak, memory_order_relaxed) == 1 &&
           atomic_load_explicit(&cown->handle, memory_order_relaxed) == 0 &&
           atomic_load_explicit(&cown->tail, memory_order_relaxed) == holder;
}

inline void boc__cown_end_forgotten(boc_cown_t *cown) {
    /* relaxed: nobody else knows the cown. */
    atomic_store_explicit(&cown->tail, NULL, memory_order_relaxed);
    end(cown);
}

void boc_cown_unref(boc_cown_t *cown) {
    BOC_YIELD();
    /* acq_rel (a): release our use of the cown; the last one acquires all others'. */
    uint32_t refs = atomic_fetch_sub_explicit(&cown->refs, 1, memory_order_acq_rel);
    assert(refs > 0);
    if (refs == 1)
        end(cown);
}

uint32_t boc_cown_ref_count(const boc_cown_t *cown) {
    /* acquire: pairs with the release of those that gave theirs back. */
    return atomic_load_explicit(&cown->refs, memory_order_acquire);
}

uint64_t boc_cown_id(const boc_cown_t *cown) { return cown->id; }

boc_payload_t *boc_cown_value(boc_cown_t *cown) { return &cown->value; }

boc_status_t boc_cown_status(const boc_cown_t *cown) { return (boc_status_t)cown->status; }

void boc_cown_set_status(boc_cown_t *cown, boc_status_t status) { cown->status = (uint8_t)status; }

void boc_cown_set_holder(boc_cown_t *cown, uint32_t holder) {
    /* relaxed: a reader compares it with itself; its own writes it always sees. */
    atomic_store_explicit(&cown->holder, holder, memory_order_relaxed);
}

uint32_t boc_cown_holder(const boc_cown_t *cown) {
    /* relaxed: as above. */
    return atomic_load_explicit(&cown->holder, memory_order_relaxed);
}

int boc_cown_is_busy(const boc_cown_t *cown) {
    /* acquire: when it is free, what the last holder wrote is visible. */
    return atomic_load_explicit(&cown->tail, memory_order_acquire) != NULL ||
           atomic_load_explicit(&cown->readers, memory_order_acquire) != 0;
}
