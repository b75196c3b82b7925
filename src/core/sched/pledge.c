#include "core/sched/pledge.h"

#include "core/sched/pool.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <assert.h>
#include <stddef.h>

#define SHARD_COUNT 8

typedef struct shard {
    _Alignas(BOC_CACHE_LINE_BYTES) boc__mutex_t mutex;
    boc__pledge_t *open; /* guarded by mutex */
} shard_t;

#define SHARD {.mutex = BOC_MUTEX_INITIALIZER}
static struct {
    shard_t shards[SHARD_COUNT]; /* by the index of the thread that opens */
} globals = {{SHARD, SHARD, SHARD, SHARD, SHARD, SHARD, SHARD, SHARD}};

/* -- opening and claiming ------------------------------------------------------ */

static void link_pledge(shard_t *shard, boc__pledge_t *pledge) {
    pledge->prev = NULL;
    pledge->next = shard->open;
    if (shard->open != NULL)
        shard->open->prev = pledge;
    shard->open = pledge;
    pledge->is_open = true;
}

static void unlink_pledge(shard_t *shard, boc__pledge_t *pledge) {
    if (pledge->prev != NULL)
        pledge->prev->next = pledge->next;
    else
        shard->open = pledge->next;
    if (pledge->next != NULL)
        pledge->next->prev = pledge->prev;
    pledge->is_open = false;
}

static void leave(const boc__worker_t *worker) {
    /* Not the worker's own tally, also on a worker: that one says how many bodies have
     * ended, to a watcher. */
    boc__gate_leave(NULL);
    /* A worker looks for waiters when it runs out of work. */
    if (worker == NULL)
        boc__pool_tell_idle();
}

void boc__pledge_leave(void) { leave(boc__worker_current()); }

boc_status_t boc__pledge_open(boc__pledge_t *pledge, const boc__pledge_ops_t *ops) {
    boc__worker_t *worker = boc__worker_current();
    boc_status_t status = boc__gate_enter(worker != NULL ? &worker->tally : NULL);
    if (status != BOC_OK) {
        /* A waiter may have seen the entry that was taken back. */
        if (worker == NULL)
            boc__pool_tell_idle();
        return status;
    }
    pledge->ops = ops;
    pledge->shard = (uint16_t)(boc__thread_index() % SHARD_COUNT);
    atomic_init(&pledge->refs, 1);
    shard_t *shard = &globals.shards[pledge->shard];
    boc__mutex_lock(&shard->mutex);
    /* "Late pledge" (a): all were claimed between our entry and here.  The mutex shows us
     * the mode that the claimer saw. */
#if defined(BOC_MUTANT_LATE_PLEDGE)
    bool is_late = false;
#else
    bool is_late = boc__gate_mode() == BOC__GATE_DROPPING;
#endif
    if (!is_late)
        link_pledge(shard, pledge);
    boc__mutex_unlock(&shard->mutex);
    if (is_late)
        leave(worker);
    return is_late ? BOC_ECLOSED : BOC_OK;
}

bool boc__pledge_claim(boc__pledge_t *pledge) {
    shard_t *shard = &globals.shards[pledge->shard];
#if defined(BOC_MUTANT_CLAIM_TWICE)
    bool was_open = pledge->is_open;
    BOC_YIELD();
    boc__mutex_lock(&shard->mutex);
    if (pledge->is_open)
        unlink_pledge(shard, pledge);
#else
    boc__mutex_lock(&shard->mutex);
    bool was_open = pledge->is_open;
    if (was_open)
        unlink_pledge(shard, pledge);
#endif
    boc__mutex_unlock(&shard->mutex);
    return was_open;
}

bool boc__pledge_is_open(boc__pledge_t *pledge) {
    shard_t *shard = &globals.shards[pledge->shard];
    boc__mutex_lock(&shard->mutex);
    bool is_open = pledge->is_open;
    boc__mutex_unlock(&shard->mutex);
    return is_open;
}

/* -- references ------------------------------------------------------------------ */

void boc__pledge_ref(boc__pledge_t *pledge) {
    /* relaxed: the caller has a reference, so the count cannot reach zero. */
    uint32_t refs = atomic_fetch_add_explicit(&pledge->refs, 1, memory_order_relaxed);
    assert(refs > 0 && refs < UINT32_MAX);
    (void)refs;
}

void boc__pledge_unref(boc__pledge_t *pledge) {
    BOC_YIELD();
    /* acq_rel (b): release our use of it; the last one acquires all others'. */
    uint32_t refs = atomic_fetch_sub_explicit(&pledge->refs, 1, memory_order_acq_rel);
    assert(refs > 0);
    if (refs == 1)
        pledge->ops->release(pledge);
}

/* Take a reference unless the last one is gone. */
static bool try_ref(boc__pledge_t *pledge) {
    BOC_YIELD();
    /* relaxed: as in boc__pledge_ref, once the count is known not to be zero. */
    uint32_t refs = atomic_load_explicit(&pledge->refs, memory_order_relaxed);
    while (refs != 0)
        if (atomic_compare_exchange_weak_explicit(&pledge->refs, &refs, refs + 1,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

/* -- stop ------------------------------------------------------------------------- */

/* "Claim beside the last unref": those whose last reference is gone are left; whoever
 * gave it back claims them next, and they are not freed before that. */
static boc__pledge_t *claim_shard(shard_t *shard, boc__pledge_t *list) {
    boc__mutex_lock(&shard->mutex);
    for (boc__pledge_t *pledge = shard->open, *next; pledge != NULL; pledge = next) {
        next = pledge->next;
        if (!try_ref(pledge))
            continue;
        unlink_pledge(shard, pledge);
        pledge->next = list;
        list = pledge;
    }
    boc__mutex_unlock(&shard->mutex);
    return list;
}

boc__pledge_t *boc__pledge_claim_all(void) {
    assert(boc__gate_mode() == BOC__GATE_DROPPING);
    boc__pledge_t *list = NULL;
    for (size_t i = 0; i < SHARD_COUNT; i++)
        list = claim_shard(&globals.shards[i], list);
    return list;
}

void boc__pledge_drop_list(boc__pledge_t *list) {
    for (boc__pledge_t *next; list != NULL; list = next) {
        next = list->next;
        list->ops->drop(list);
        boc__pledge_unref(list);
    }
}
