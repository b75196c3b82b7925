/* A promise is the holder of a new cown, without a behavior: it shares the cown's block,
 * has the first slot of its queue, and leaves it like a writer. */
#include <boc/promise.h>

#include "core/cown/chain.h"
#include "core/sched/pledge.h"
#include "core/slab.h"
#include "platform/track.h"

#include <assert.h>

struct boc_promise {
    boc_cown_t cown; /* first: the block is the cown's; the promise owns one reference */
    boc__pledge_t pledge; /* open: unsettled */
    boc__slot_t slot;     /* in the cown's queue while unsettled */
};

static boc_promise_t *promise_of(boc__pledge_t *pledge) {
    return (boc_promise_t *)(void *)((char *)pledge - offsetof(boc_promise_t, pledge));
}

boc_cown_t *boc_promise_cown(const boc_promise_t *promise) { return (boc_cown_t *)&promise->cown; }

void boc_promise_ref(boc_promise_t *promise) { boc__pledge_ref(&promise->pledge); }
void boc_promise_unref(boc_promise_t *promise) { boc__pledge_unref(&promise->pledge); }

/* The caller has claimed the pledge, and so holds the cown. */
static void settle(boc_promise_t *promise, boc_status_t status, boc_payload_t value) {
    promise->cown.value = value;
    boc_cown_set_status(&promise->cown, status);
    boc__chain_leave(&promise->slot);
    boc__pledge_leave();
}

static const boc_payload_t nothing = {NULL, NULL};

static void drop(boc__pledge_t *pledge) { settle(promise_of(pledge), BOC_ECLOSED, nothing); }

static void release(boc__pledge_t *pledge) {
    boc_promise_t *promise = promise_of(pledge);
    if (boc__pledge_claim(pledge))
        settle(promise, BOC_EABANDONED, nothing);
    boc_cown_unref(&promise->cown);
}

static const boc__pledge_ops_t pledge_ops = {drop, release};

boc_status_t boc_promise_new(boc_promise_t **p_promise) {
    uint8_t block_class = 0;
    boc_promise_t *promise = boc__slab_allocate(sizeof *promise, &block_class);
    if (promise == NULL)
        return BOC_ENOMEM;
    boc_status_t status = boc__cown_init(promise, block_class);
    if (status != BOC_OK) {
        boc__slab_free(promise, block_class);
        return status;
    }
    promise->slot.cown_and_flags = (uintptr_t)&promise->cown;
    promise->slot.behavior = NULL; /* it is never granted */
    boc__chain_enter_fresh(&promise->slot);
    status = boc__pledge_open(&promise->pledge, &pledge_ops);
    if (status != BOC_OK) {
        boc__slab_free(promise, block_class);
        return status;
    }
    BOC_TRACK("cown", &promise->cown);
    *p_promise = promise;
    return BOC_OK;
}

static boc_status_t try_settle(boc_promise_t *promise, boc_status_t status, boc_payload_t value) {
    if (boc__pledge_claim(&promise->pledge)) {
        settle(promise, status, value);
        return BOC_OK;
    }
    boc_payload_drop(&value);
    return BOC_ESTATE;
}

boc_status_t boc_promise_fulfill(boc_promise_t *promise, boc_payload_t value) {
    return try_settle(promise, BOC_OK, value);
}

boc_status_t boc_promise_fail(boc_promise_t *promise, boc_status_t status, boc_payload_t reason) {
    if (status != BOC_OK)
        return try_settle(promise, status, reason);
    boc_payload_drop(&reason);
    return BOC_EINVALID;
}
