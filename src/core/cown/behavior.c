#include "core/cown/behavior.h"

#include "core/cown/cancel.h"
#include "core/cown/order.h"
#include "core/sched/pool.h"
#include "core/slab.h"
#include "platform/clock.h"
#include "platform/compiler.h"
#include "platform/track.h"
#include "platform/yield.h"

#include <assert.h>
#include <string.h>

enum {
    SPECIAL = BOC_BEHAVIOR_LEASE | BOC_BEHAVIOR_PLACED | BOC_BEHAVIOR_CANCELLABLE,
    ONE_GRANT = 1 << 6, /* one grant dispatches: no countdown */
};

/* -- memory ------------------------------------------------------------------- */

static bool has_result(const boc_behavior_t *behavior) {
    return (behavior->flags & BOC_BEHAVIOR_RESULT) != 0;
}

static size_t slot_count(const boc_behavior_t *behavior) {
    return (size_t)behavior->count + (has_result(behavior) ? 1 : 0);
}

/* Two requests are ordered by a comparison; more need a permutation. */
static size_t order_bytes(size_t count) {
    return count > 2 ? (count * sizeof(uint16_t) + 7) & ~(size_t)7 : 0;
}

static uint16_t *order_of(boc_behavior_t *behavior) {
    return (uint16_t *)(void *)&behavior->slots[slot_count(behavior)];
}

/* `inline` here and below: into programs that are optimised across units with the library. */
inline void *boc_behavior_data(boc_behavior_t *behavior) {
    return (char *)&behavior->slots[slot_count(behavior)] + order_bytes(behavior->count);
}

static void init_slot(boc_behavior_t *behavior, size_t index) {
    behavior->slots[index].cown_and_flags = 0;
    behavior->slots[index].behavior = behavior;
    boc__chain_prepare(&behavior->slots[index]);
}

/* Of a BOC_BEHAVIOR_CANCELLABLE. */
static boc__cancel_t *cancel_of(boc_behavior_t *behavior) {
    return (boc__cancel_t *)(void *)behavior - 1;
}

inline boc_status_t boc_behavior_new(const boc_behavior_ops_t *ops, size_t request_count,
                                     size_t data_bytes, unsigned flags,
                                     boc_behavior_t **p_behavior) {
    assert(ops != NULL && ops->run != NULL);
    assert((flags & ~(unsigned)(BOC_BEHAVIOR_RESULT | SPECIAL)) == 0);
    assert(!(flags & BOC_BEHAVIOR_LEASE) || !(flags & BOC_BEHAVIOR_PLACED));
    assert(!(flags & BOC_BEHAVIOR_CANCELLABLE) || (flags & BOC_BEHAVIOR_RESULT));
    size_t slots = request_count + ((flags & BOC_BEHAVIOR_RESULT) ? 1 : 0);
    if (slots > BOC_REQUESTS_MAX || data_bytes > BOC_BEHAVIOR_DATA_BYTES_MAX)
        return BOC_EFULL;
    size_t prefix = (flags & BOC_BEHAVIOR_RESULT) ? sizeof(boc_cown_t) : 0;
    if (flags & BOC_BEHAVIOR_CANCELLABLE)
        prefix += sizeof(boc__cancel_t);
    size_t size = prefix + sizeof(boc_behavior_t) + slots * sizeof(boc__slot_t) +
                  order_bytes(request_count) + data_bytes;
    uint8_t block_class = 0;
    char *block = boc__slab_allocate(size, &block_class);
    if (block == NULL)
        return BOC_ENOMEM;
    if (prefix > 0) {
        boc_status_t status = boc__cown_init(block, block_class);
        if (status != BOC_OK) {
            boc__slab_free(block, block_class);
            return status;
        }
    }
    boc_behavior_t *behavior = (boc_behavior_t *)(void *)(block + prefix);
    if (flags & BOC_BEHAVIOR_CANCELLABLE) {
        boc__cancel_init(cancel_of(behavior));
        ((boc_cown_t *)(void *)block)->is_cancellable = true;
    }
    behavior->ops = ops;
    atomic_init(&behavior->countdown, 0);
    behavior->count = (uint16_t)request_count;
    behavior->flags = (uint8_t)flags;
    behavior->block_class = block_class;
    for (size_t i = 0; i < slots; i++)
        init_slot(behavior, i);
    if (prefix > 0)
        behavior->slots[request_count].cown_and_flags = (uintptr_t)block;
    memset(boc_behavior_data(behavior), 0, data_bytes);
    if (prefix > 0)
        BOC_TRACK("cown", block);
    BOC_TRACK("behavior", behavior);
    *p_behavior = behavior;
    return BOC_OK;
}

/* Drop the references of the slots and of the captures. */
static inline void drop_parts(boc_behavior_t *behavior) {
    BOC_TRACK_END(behavior);
    for (size_t i = 0; i < behavior->count; i++) {
        boc_cown_t *cown = boc__slot_cown(&behavior->slots[i]);
        if (cown != NULL)
            boc_cown_unref(cown);
    }
    if (behavior->ops->deinit != NULL)
        behavior->ops->deinit(behavior, boc_behavior_data(behavior));
}

/* The same, then the memory. */
static void free_behavior(boc_behavior_t *behavior) {
    boc_cown_t *result = boc_behavior_result(behavior);
    drop_parts(behavior);
    if (result != NULL)
        boc_cown_unref(result); /* the block is the result's */
    else
        boc__slab_free(behavior, behavior->block_class);
}

void boc_behavior_free(boc_behavior_t *behavior) {
    for (size_t i = 0; i < behavior->count; i++)
        if (boc__slot_is_borrowed(&behavior->slots[i]))
            behavior->slots[i].cown_and_flags = 0; /* it never got a reference */
    free_behavior(behavior);
}

void boc_behavior_start_within(boc_behavior_t *behavior, int64_t timeout_ns) {
    assert(behavior->flags & BOC_BEHAVIOR_CANCELLABLE);
    cancel_of(behavior)->deadline_ns = boc__clock_deadline_ns(timeout_ns);
}

/* -- parts --------------------------------------------------------------------- */

void boc_behavior_request(boc_behavior_t *behavior, size_t index, boc_cown_t *cown,
                          boc_access_t access) {
    assert(index < behavior->count && cown != NULL);
    boc__slot_t *slot = &behavior->slots[index];
    assert(slot->cown_and_flags == 0);
    slot->cown_and_flags = (uintptr_t)cown | (access == BOC_READ ? BOC__SLOT_READ : 0);
}

void boc_behavior_request_borrowed(boc_behavior_t *behavior, size_t index, boc_cown_t *cown,
                                   boc_access_t access) {
    boc_behavior_request(behavior, index, cown, access);
    if (access == BOC_READ)
        boc_cown_ref(cown);
    else
        behavior->slots[index].cown_and_flags |= BOC__SLOT_BORROWED;
}

size_t boc_behavior_request_count(const boc_behavior_t *behavior) { return behavior->count; }

boc_cown_t *boc_behavior_cown(const boc_behavior_t *behavior, size_t index) {
    assert(index < behavior->count);
    return boc__slot_cown(&behavior->slots[index]);
}

boc_access_t boc_behavior_access(const boc_behavior_t *behavior, size_t index) {
    assert(index < behavior->count);
    return boc__slot_is_read(&behavior->slots[index]) ? BOC_READ : BOC_WRITE;
}

int boc_behavior_is_duplicate(const boc_behavior_t *behavior, size_t index) {
    assert(index < behavior->count);
    return boc__slot_is_duplicate(&behavior->slots[index]);
}

boc_cown_t *boc_behavior_result(const boc_behavior_t *behavior) {
    return has_result(behavior) ? boc__slot_cown(&behavior->slots[behavior->count]) : NULL;
}

boc_cown_t *boc_behavior_keep_result(boc_behavior_t *behavior) {
    boc_cown_t *result = boc_behavior_result(behavior);
    assert(result != NULL);
    /* relaxed, in two steps: nobody else knows the cown yet. */
    uint32_t refs = atomic_load_explicit(&result->refs, memory_order_relaxed);
    atomic_store_explicit(&result->refs, refs + 1, memory_order_relaxed);
    return result;
}

/* -- running ------------------------------------------------------------------- */

/* Give everything back.  All cowns first: destructors may take their time. */
static inline void finish(boc_behavior_t *behavior) {
    boc__slot_t *held = has_result(behavior) ? &behavior->slots[behavior->count] : NULL;
    boc_cown_t *result = held != NULL ? boc__slot_cown(held) : NULL;
    for (size_t i = 0; i < behavior->count; i++)
        if (!boc__slot_is_duplicate(&behavior->slots[i]))
            boc__chain_leave(&behavior->slots[i]);
    if (result != NULL && boc__cown_is_forgotten(result, held)) {
        drop_parts(behavior);
        boc__cown_end_forgotten(result);
        return;
    }
    if (result != NULL)
        boc__chain_leave(held);
    free_behavior(behavior);
}

BOC_COLD static void drop(boc_behavior_t *behavior, boc_status_t reason) {
    if (has_result(behavior))
        boc_cown_set_status(boc_behavior_result(behavior), reason);
    if (behavior->ops->drop != NULL)
        behavior->ops->drop(behavior, boc_behavior_data(behavior));
}

static void execute(boc__work_t *work) {
    boc_behavior_t *behavior = (boc_behavior_t *)(void *)work;
    boc__worker_t *worker = boc__worker_current();
    if (boc__gate_mode() != BOC__GATE_DROPPING)
        behavior->ops->run(behavior, boc_behavior_data(behavior));
    else
        drop(behavior, BOC_ECLOSED);
    boc__worker_end_body(worker);
    finish(behavior);
    boc__gate_leave(&worker->tally);
}

/* On any thread: a worker, the host thread, or whoever ends a lease. */
BOC_COLD static void finish_anywhere(boc_behavior_t *behavior) {
    boc__worker_t *worker = boc__worker_current();
    finish(behavior);
    boc__gate_leave(worker != NULL ? &worker->tally : NULL);
    if (worker == NULL)
        boc__pool_tell_idle();
}

void boc_behavior_finish(boc_behavior_t *behavior) {
    assert(behavior->flags & BOC_BEHAVIOR_LEASE);
    finish_anywhere(behavior);
}

static void end_special(boc_behavior_t *behavior) {
    boc__worker_t *worker = boc__worker_current();
    if (worker != NULL)
        boc__worker_end_body(worker);
    finish_anywhere(behavior);
}

/* Whether the body may start; otherwise why not. */
static boc_status_t start(boc_behavior_t *behavior) {
    boc_status_t status = BOC_OK;
    if (behavior->flags & BOC_BEHAVIOR_CANCELLABLE)
        status = boc__cancel_start(cancel_of(behavior));
    if (status == BOC_OK && boc__gate_mode() == BOC__GATE_DROPPING)
        status = BOC_ECLOSED;
    return status;
}

/* What is placed or cancellable; on the host thread, or a worker. */
BOC_COLD static void execute_special(boc__work_t *work) {
    boc_behavior_t *behavior = (boc_behavior_t *)(void *)work;
    boc_status_t status = start(behavior);
    if (status == BOC_OK)
        behavior->ops->run(behavior, boc_behavior_data(behavior));
    else
        drop(behavior, status);
    end_special(behavior);
}

/* A lease that was cancelled or came too late. */
BOC_COLD static void execute_drop(boc__work_t *work) {
    boc_behavior_t *behavior = (boc_behavior_t *)(void *)work;
    drop(behavior, boc_cown_status(boc_behavior_result(behavior)));
    end_special(behavior);
}

BOC_COLD static void grant_lease(boc_behavior_t *behavior) {
    if (behavior->flags & BOC_BEHAVIOR_CANCELLABLE) {
        boc_status_t status = boc__cancel_start(cancel_of(behavior));
        if (status != BOC_OK) {
            /* Not from here: we may be inside a release, which must not go deeper. */
            boc_cown_set_status(boc_behavior_result(behavior), status);
            behavior->work.run = execute_drop;
            boc__worker_dispatch(&behavior->work);
            return;
        }
    }
    behavior->ops->run(behavior, boc_behavior_data(behavior));
}

static int place_of(boc_behavior_t *behavior) {
    const boc_host_t *host = &boc__pool.host;
    return host->place != NULL ? host->place(host->context, behavior, boc_behavior_data(behavior))
                               : BOC_PLACE_ANY;
}

BOC_COLD static void dispatch_special(boc_behavior_t *behavior) {
    if (behavior->flags & BOC_BEHAVIOR_LEASE) {
        grant_lease(behavior);
        return;
    }
    behavior->work.run = execute_special;
    if (behavior->flags & BOC_BEHAVIOR_PLACED)
        boc__worker_dispatch_to(&behavior->work, place_of(behavior));
    else
        boc__worker_dispatch(&behavior->work);
}

static void dispatch(boc_behavior_t *behavior) {
    if (behavior->flags & SPECIAL) {
        dispatch_special(behavior);
        return;
    }
    behavior->work.run = execute;
    boc__worker_dispatch(&behavior->work);
}

/* Count `grants` (e of chain.h: the body runs after everything before any grant). */
static inline bool count_down(boc_behavior_t *behavior, uint32_t grants) {
    BOC_YIELD();
    /* acquire (e): when we are the last, the others' decrements are before us. */
    if (atomic_load_explicit(&behavior->countdown, memory_order_acquire) != grants) {
        BOC_YIELD();
        /* acq_rel (e): release what we did; the last one acquires it all. */
        return atomic_fetch_sub_explicit(&behavior->countdown, grants, memory_order_acq_rel) ==
               grants;
    }
    return true;
}

static void resolve(boc_behavior_t *behavior, uint32_t grants) {
    if (count_down(behavior, grants))
        dispatch(behavior);
}

boc__work_t *boc__behavior_resolve(boc_behavior_t *behavior, uint32_t grants) {
    if (!count_down(behavior, grants))
        return NULL;
    if (behavior->flags & SPECIAL) {
        dispatch_special(behavior);
        return NULL;
    }
    behavior->work.run = execute;
    return &behavior->work;
}

/* The line of the slot, and the lines around it of a block that starts with a result. */
inline void boc__behavior_expect(const boc__slot_t *next, const boc_behavior_t *like) {
    boc__cpu_prefetch_for_write(next);
    if (!has_result(like))
        return;
    boc__cpu_prefetch_for_write((const char *)next - BOC_CACHE_LINE_BYTES);
    boc__cpu_prefetch_for_write((const char *)next + BOC_CACHE_LINE_BYTES);
}

void boc__behavior_grant(boc__slot_t *slot) {
    boc_behavior_t *behavior = slot->behavior;
    if (behavior->flags & ONE_GRANT)
        dispatch(behavior);
    else
        resolve(behavior, 1);
}

/* -- scheduling ----------------------------------------------------------------- */

static void schedule_one(boc_behavior_t *behavior, boc__slot_t *slot) {
    behavior->flags |= ONE_GRANT;
    if (boc__chain_enter_alone(slot))
        dispatch(behavior);
}

static void schedule_two(boc_behavior_t *behavior) {
    boc__slot_t *first = &behavior->slots[0];
    boc__slot_t *second = &behavior->slots[1];
    if (boc__slot_cown(first) == boc__slot_cown(second)) {
        boc__slot_t *weaker = boc__slot_is_read(first) ? first : second;
        boc__slot_merge(weaker);
        schedule_one(behavior, weaker == first ? second : first);
        return;
    }
    if (boc__order_key(second) < boc__order_key(first)) {
        boc__slot_t *swapped = first;
        first = second;
        second = swapped;
    }
    /* relaxed: published by the entry into the first queue. */
    atomic_store_explicit(&behavior->countdown, 3, memory_order_relaxed);
    uint32_t granted = 1; /* our own */
    granted += boc__chain_enter(first);
    granted += boc__chain_enter(second);
    boc__chain_open(first);
    boc__chain_open(second);
    resolve(behavior, granted);
}

static void schedule_many(boc_behavior_t *behavior) {
    uint16_t *order = order_of(behavior);
    size_t count = boc__order_sort(behavior->slots, behavior->count, order);
    if (count == 1) {
        schedule_one(behavior, &behavior->slots[order[0]]);
        return;
    }
    /* relaxed: published by the entry into the first queue. */
    atomic_store_explicit(&behavior->countdown, (uint32_t)count + 1, memory_order_relaxed);
    uint32_t granted = 1; /* our own */
    for (size_t i = 0; i < count; i++)
        granted += boc__chain_enter(&behavior->slots[order[i]]);
    for (size_t i = 0; i < count; i++)
        boc__chain_open(&behavior->slots[order[i]]);
    resolve(behavior, granted);
}

void boc__behavior_hold_result(boc_behavior_t *behavior) {
    if (has_result(behavior))
        boc__chain_enter_fresh(&behavior->slots[behavior->count]);
}

boc_status_t boc_behavior_schedule(boc_behavior_t *behavior) {
    boc__worker_t *worker = boc__worker_current();
    boc_status_t status = boc__pool_begin_call(worker, 1);
    if (status != BOC_OK) {
        boc_behavior_free(behavior);
        return status;
    }
    boc__behavior_hold_result(behavior);
    switch (behavior->count) {
    case 0:
        dispatch(behavior);
        break;
    case 1:
        schedule_one(behavior, &behavior->slots[0]);
        break;
    case 2:
        schedule_two(behavior);
        break;
    default:
        schedule_many(behavior);
    }
    boc__pool_end_call(worker);
    return BOC_OK;
}
