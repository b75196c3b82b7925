#include <boc/batch.h>

#include "core/alloc.h"
#include "core/cown/behavior.h"
#include "core/cown/order.h"
#include "core/sched/pool.h"

#include <assert.h>
#include <stdlib.h>

enum {
    SMALL = 16,         /* requests, and behaviors, that need no allocation */
    INSERTION_MAX = 32, /* insertion sort wins up to here */
};

/* One request; sorted by cown, then by behavior. */
typedef struct entry {
    uint64_t key;
    boc__slot_t *slot;
    uint32_t place; /* of its behavior in the array */
} entry_t;

typedef struct batch {
    boc_behavior_t *const *behaviors;
    size_t count;
    entry_t *entries;
    size_t entry_count;
    uint32_t *granted; /* per behavior: grants that this thread got, and 1 */
    entry_t small_entries[SMALL];
    uint32_t small_granted[SMALL];
    void *block; /* when it is not small */
} batch_t;

/* -- memory ---------------------------------------------------------------------- */

static boc_status_t make_room(batch_t *batch) {
    size_t requests = 0;
    for (size_t i = 0; i < batch->count; i++)
        requests += batch->behaviors[i]->count;
    batch->entries = batch->small_entries;
    batch->granted = batch->small_granted;
    batch->block = NULL;
    if (requests <= SMALL && batch->count <= SMALL)
        return BOC_OK;
    if (batch->count > UINT32_MAX || requests > SIZE_MAX / (2 * sizeof(entry_t)))
        return BOC_ENOMEM;
    batch->block =
        boc__alloc(_Alignof(entry_t), requests * sizeof(entry_t) + batch->count * sizeof(uint32_t));
    if (batch->block == NULL)
        return BOC_ENOMEM;
    batch->entries = batch->block;
    batch->granted = (uint32_t *)(void *)(batch->entries + requests);
    return BOC_OK;
}

/* -- order ------------------------------------------------------------------------- */

/* By cown, behavior, strength and address: no two are equal. */
static int compare(const void *a, const void *b) {
    const entry_t *left = a, *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    if (left->place != right->place)
        return left->place < right->place ? -1 : 1;
    bool is_read = boc__slot_is_read(left->slot);
    if (is_read != boc__slot_is_read(right->slot))
        return is_read ? 1 : -1;
    return (left->slot > right->slot) - (left->slot < right->slot);
}

static void sort(entry_t *entries, size_t count) {
    if (count > INSERTION_MAX) {
        qsort(entries, count, sizeof *entries, compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        entry_t moving = entries[i];
        size_t at = i;
        for (; at > 0 && compare(&moving, &entries[at - 1]) < 0; at--)
            entries[at] = entries[at - 1];
        entries[at] = moving;
    }
}

/* Mark all but the strongest request of a behavior for one cown, and let them go. */
static size_t merge_duplicates(const batch_t *batch, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        entry_t entry = batch->entries[i];
        if (kept > 0 && batch->entries[kept - 1].key == entry.key &&
            batch->entries[kept - 1].place == entry.place) {
            boc__slot_merge(entry.slot);
            /* relaxed: nobody knows the behavior yet. */
            atomic_fetch_sub_explicit(&batch->behaviors[entry.place]->countdown, 1,
                                      memory_order_relaxed);
        } else {
            batch->entries[kept++] = entry;
        }
    }
    return kept;
}

static void collect(batch_t *batch) {
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        boc_behavior_t *behavior = batch->behaviors[i];
        boc__behavior_hold_result(behavior);
        batch->granted[i] = 1; /* our own */
        /* relaxed: published by the entry into the first queue. */
        atomic_store_explicit(&behavior->countdown, (uint32_t)behavior->count + 1,
                              memory_order_relaxed);
        for (size_t k = 0; k < behavior->count; k++) {
            boc__slot_t *slot = &behavior->slots[k];
            boc__slot_own(slot);
            batch->entries[count++] = (entry_t){boc__order_key(slot), slot, (uint32_t)i};
        }
    }
    sort(batch->entries, count);
    batch->entry_count = merge_duplicates(batch, count);
}

/* -- entering ------------------------------------------------------------------------ */

/* One past the segment that starts at `first`: the requests for one cown. */
static size_t end_of_segment(const batch_t *batch, size_t first) {
    size_t end = first + 1;
    while (end < batch->entry_count && batch->entries[end].key == batch->entries[first].key)
        end++;
    return end;
}

static void enter_all(const batch_t *batch) {
    for (size_t first = 0, end; first < batch->entry_count; first = end) {
        end = end_of_segment(batch, first);
        for (size_t i = first; i + 1 < end; i++)
            boc__chain_link(batch->entries[i].slot, batch->entries[i + 1].slot);
        boc__slot_t *last = batch->entries[end - 1].slot;
        size_t granted = boc__chain_enter_segment(batch->entries[first].slot, last);
        for (size_t i = first; i < first + granted; i++)
            batch->granted[batch->entries[i].place]++;
#if defined(BOC_MUTANT_OPEN_SEGMENT)
        boc__chain_open(last);
#endif
    }
}

/* Only now, after the last queue was entered ("segment left open", batch.md). */
static void open_all(const batch_t *batch) {
#if defined(BOC_MUTANT_OPEN_SEGMENT)
    (void)batch;
#else
    for (size_t first = 0, end; first < batch->entry_count; first = end) {
        end = end_of_segment(batch, first);
        boc__chain_open(batch->entries[end - 1].slot);
    }
#endif
}

/* Every behavior is still ours: no countdown reaches zero before its turn here. */
static void resolve_all(const batch_t *batch) {
    boc__work_t *first = NULL, **link = &first;
    for (size_t i = 0; i < batch->count; i++) {
        boc__work_t *work = boc__behavior_resolve(batch->behaviors[i], batch->granted[i]);
        if (work == NULL)
            continue;
        *link = work;
        link = &work->next;
    }
    *link = NULL;
    if (first != NULL)
        boc__worker_dispatch_list(first);
}

#if defined(BOC_MUTANT_TORN_BATCH)
static boc_status_t schedule_torn(boc_behavior_t *const *behaviors, size_t count) {
    boc_status_t status = BOC_OK;
    for (size_t i = 0; i < count; i++) {
        boc_status_t one = boc_behavior_schedule(behaviors[i]);
        status = status == BOC_OK ? one : status;
    }
    return status;
}
#endif

boc_status_t boc_batch_schedule(boc_behavior_t *const *behaviors, size_t count) {
#if defined(BOC_MUTANT_TORN_BATCH)
    return schedule_torn(behaviors, count);
#endif
    if (count == 0)
        return BOC_OK;
    batch_t batch;
    batch.behaviors = behaviors;
    batch.count = count;
    boc__worker_t *worker = boc__worker_current();
    boc_status_t status = make_room(&batch);
    if (status == BOC_OK)
        status = boc__pool_begin_call(worker, count);
    if (status == BOC_OK) {
        collect(&batch);
        enter_all(&batch);
        open_all(&batch);
        resolve_all(&batch);
        boc__pool_end_call(worker);
    } else {
        for (size_t i = 0; i < count; i++)
            boc_behavior_free(behaviors[i]);
    }
    boc__alloc_free(batch.block);
    return status;
}
