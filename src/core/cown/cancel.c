#include "core/cown/cancel.h"

#include "core/cown/cown.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <boc/behavior.h>

enum {
    WAITING,
    STARTED, /* or its deadline had passed: it is too late to cancel */
    CANCELLED,
};

void boc__cancel_init(boc__cancel_t *cancel) {
    cancel->deadline_ns = BOC_FOREVER;
    atomic_init(&cancel->state, WAITING);
}

/* "Cancel beside start": one exchange, so that of the two exactly one wins. */
static uint32_t take_state(boc__cancel_t *cancel) {
    BOC_YIELD();
#if defined(BOC_MUTANT_LATE_CANCEL)
    uint32_t state = atomic_load_explicit(&cancel->state, memory_order_acquire);
    BOC_YIELD();
    atomic_store_explicit(&cancel->state, STARTED, memory_order_release);
    return state;
#else
    /* acquire (k): what the canceller did. */
    return atomic_exchange_explicit(&cancel->state, STARTED, memory_order_acquire);
#endif
}

boc_status_t boc__cancel_start(boc__cancel_t *cancel) {
    if (take_state(cancel) == CANCELLED)
        return BOC_ECANCELLED;
    if (cancel->deadline_ns != BOC_FOREVER && boc__clock_now_ns() >= cancel->deadline_ns)
        return BOC_ETIMEOUT;
    return BOC_OK;
}

boc_status_t boc_behavior_cancel(boc_cown_t *result) {
    if (!result->is_cancellable)
        return BOC_EINVALID;
    boc__cancel_t *cancel = (boc__cancel_t *)(void *)(result + 1);
    uint32_t state = WAITING;
    BOC_YIELD();
    /* release (k): what we did, to `drop`.  relaxed on failure: nothing is read. */
    if (atomic_compare_exchange_strong_explicit(&cancel->state, &state, CANCELLED,
                                                memory_order_release, memory_order_relaxed))
        return BOC_OK;
    return BOC_EBUSY;
}
