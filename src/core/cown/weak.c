/* A weak reference is the cown itself under another name: the count is in the cown. */
#include <boc/weak.h>

#include "core/cown/cown.h"
#include "core/slab.h"
#include "platform/yield.h"

static boc_cown_t *cown_of(boc_weak_t *weak) { return (boc_cown_t *)(void *)weak; }

static void add(boc_cown_t *cown) {
    /* relaxed: the caller has a reference, weak or not, so the count cannot reach zero. */
    uint32_t weak = atomic_fetch_add_explicit(&cown->weak, 1, memory_order_relaxed);
    assert((weak & ~BOC__COWN_WAS_WEAK) > 0 && weak < UINT32_MAX);
    (void)weak;
}

boc_weak_t *boc_weak_of(boc_cown_t *cown) {
    /* relaxed: the mark is published with the caller's reference, when it is given back. */
    if ((atomic_load_explicit(&cown->weak, memory_order_relaxed) & BOC__COWN_WAS_WEAK) == 0)
        (void)atomic_fetch_or_explicit(&cown->weak, BOC__COWN_WAS_WEAK, memory_order_relaxed);
    add(cown);
    return (boc_weak_t *)(void *)cown;
}

void boc_weak_ref(boc_weak_t *weak) { add(cown_of(weak)); }

boc_cown_t *boc_weak_try_upgrade(boc_weak_t *weak) {
    boc_cown_t *cown = cown_of(weak);
    return boc__cown_try_ref(cown) ? cown : NULL;
}

void boc_weak_unref(boc_weak_t *weak) {
    boc_cown_t *cown = cown_of(weak);
    BOC_YIELD();
    /* acq_rel (b): release our use of the block; the last one acquires all others'. */
    uint32_t count = atomic_fetch_sub_explicit(&cown->weak, 1, memory_order_acq_rel);
    assert((count & ~BOC__COWN_WAS_WEAK) > 0);
    if ((count & ~BOC__COWN_WAS_WEAK) == 1)
        boc__slab_free(cown, cown->block_class);
}
