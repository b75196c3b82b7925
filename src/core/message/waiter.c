#include "core/message/waiter.h"

#include "core/message/patience.h"
#include "platform/clock.h"
#include "platform/yield.h"

#include <assert.h>

enum { WAITING, SERVED, LEFT };

/* After so many looks it gives the CPU away, which is all that helps where the partner waits for
 * this very CPU. */
#define LOOKS_PER_YIELD 16

void boc__waiter_init(boc__waiter_t *waiter) {
    boc__parker_init(&waiter->parker);
    atomic_init(&waiter->state, WAITING);
    waiter->outcome = BOC_OUTCOME_NONE;
}

void boc__waiter_deinit(boc__waiter_t *waiter) { boc__parker_deinit(&waiter->parker); }

static bool claim(boc__waiter_t *waiter, int state) {
    BOC_YIELD();
    int expected = WAITING;
    /* relaxed: only one may win.  What the winner writes is published by its wake, or by
     * the lock of the mailbox, not here. */
    return atomic_compare_exchange_strong_explicit(&waiter->state, &expected, state,
                                                   memory_order_relaxed, memory_order_relaxed);
}

bool boc__waiter_serve(boc__waiter_t *waiter) { return claim(waiter, SERVED); }

bool boc__waiter_leave(boc__waiter_t *waiter) { return claim(waiter, LEFT); }

void boc__waiter_wake(boc__waiter_t *waiter) { boc__parker_wake(&waiter->parker); }

void boc__waiter_take_token(boc__waiter_t *waiter) {
    while (boc__parker_park(&waiter->parker, BOC_FOREVER) != BOC_OK)
        continue;
}

#if !defined(BOC_SYSTEMATIC)
static bool is_waiting(boc__waiter_t *waiter) {
    /* relaxed: a hint; the token is taken in any case. */
    return atomic_load_explicit(&waiter->state, memory_order_relaxed) == WAITING;
}

static void spin(boc__waiter_t *waiter) {
    int64_t end_ns = waiter->since_ns + boc__patience_ns();
    do {
        for (int i = 0; i < LOOKS_PER_YIELD; i++) {
            if (!is_waiting(waiter))
                return;
            boc__cpu_pause();
        }
        boc__thread_yield();
    } while (boc__clock_now_ns() < end_ns);
}
#endif

/* Look for a while, the first time, then sleep. */
static boc_status_t spin_then_park(boc__waiter_t *waiter, int64_t deadline_ns) {
#if defined(BOC_SYSTEMATIC)
    return boc__parker_park(&waiter->parker, deadline_ns);
#else
    if (!waiter->has_looked) {
        waiter->has_looked = true;
        if (waiter->since_ns == 0)
            waiter->since_ns = boc__clock_now_ns();
        spin(waiter);
    }
    boc_status_t status = boc__parker_park(&waiter->parker, deadline_ns);
    boc__patience_learn_from(waiter->since_ns, status == BOC_OK);
    return status;
#endif
}

static boc_status_t block_plainly(boc__waiter_t *waiter, int64_t deadline_ns) {
    boc_status_t status = spin_then_park(waiter, deadline_ns);
    if (status == BOC_OK || boc__waiter_leave(waiter))
        return status;
    boc__waiter_take_token(waiter);
    return BOC_OK;
}

/* Once, up to the end of a slice. */
static boc_status_t park_slice(boc__waiter_t *waiter, int64_t end_ns,
                               const boc_blocking_t *blocking) {
    blocking->before(blocking->context);
    return spin_then_park(waiter, end_ns);
}

static int64_t slice_end(const boc_blocking_t *blocking, int64_t deadline_ns) {
    if (blocking->slice_ns == BOC_FOREVER)
        return deadline_ns;
    int64_t end_ns = boc__clock_deadline_ns(blocking->slice_ns);
    return end_ns < deadline_ns ? end_ns : deadline_ns;
}

/* The host's `after` may end the call: a receiver leaves before, so that no message is
 * on its way to it then. */
static boc_status_t block_for_receiver(boc__waiter_t *waiter, int64_t deadline_ns,
                                       const boc_blocking_t *blocking) {
    int64_t end_ns = slice_end(blocking, deadline_ns);
    boc_status_t parked = park_slice(waiter, end_ns, blocking);
    if (parked != BOC_OK && !boc__waiter_leave(waiter)) {
        boc__waiter_take_token(waiter);
        parked = BOC_OK;
    }
    boc_status_t after = blocking->after(blocking->context, parked == BOC_OK);
    if (parked == BOC_OK)
        return BOC_OK;
    if (after != BOC_OK)
        return after;
    return parked == BOC_ETIMEOUT && end_ns == deadline_ns ? BOC_ETIMEOUT : BOC_EBUSY;
}

static boc_status_t block_for_sender(boc__waiter_t *waiter, int64_t deadline_ns,
                                     const boc_blocking_t *blocking) {
    for (;;) {
        int64_t end_ns = slice_end(blocking, deadline_ns);
        boc_status_t parked = park_slice(waiter, end_ns, blocking);
        boc_status_t after = blocking->after(blocking->context, parked == BOC_OK);
        if (parked == BOC_OK)
            return BOC_OK;
        bool is_over = parked == BOC_ETIMEOUT && end_ns == deadline_ns;
        if (after == BOC_OK && !is_over)
            continue;
        if (boc__waiter_leave(waiter))
            return after != BOC_OK ? after : BOC_ETIMEOUT;
        boc__waiter_take_token(waiter);
        return after;
    }
}

boc_status_t boc__waiter_block(boc__waiter_t *waiter, int64_t deadline_ns,
                               const boc_blocking_t *blocking, bool keeps_place) {
    assert(waiter != NULL);
    if (blocking == NULL)
        return block_plainly(waiter, deadline_ns);
    return keeps_place ? block_for_sender(waiter, deadline_ns, blocking)
                       : block_for_receiver(waiter, deadline_ns, blocking);
}
