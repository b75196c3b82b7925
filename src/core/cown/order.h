/* order.h - the one order in which all behaviors enter queues.
 *
 * By cown id, so that a recorded program can be replayed; systematic builds
 * permute the ids by the seed, so that every order gets its turn.
 */
#ifndef BOC_CORE_COWN_ORDER_H
#define BOC_CORE_COWN_ORDER_H

#include "core/cown/chain.h"

#if defined(BOC_SYSTEMATIC)
#include "platform/systematic/systematic.h"
#endif

static inline uint64_t boc__order_key(const boc__slot_t *slot) {
    uint64_t id = boc__slot_cown(slot)->id;
#if defined(BOC_SYSTEMATIC)
    return boc__sys_scramble(id);
#else
    return id;
#endif
}

/* Sort the indices of `slots` by key into `order` and mark duplicates, keeping a
 * writer where there is one.  The slots that remain come first in `order`; their
 * number is returned. */
size_t boc__order_sort(boc__slot_t *slots, size_t count, uint16_t *order);

#endif
