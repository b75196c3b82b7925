#include "core/sched/idle.h"

#include <assert.h>
#include <stddef.h>

#define ONE_SLEEPING ((uint64_t)1)
#define ONE_SEARCHING ((uint64_t)1 << 32)

void boc__idle_init(boc__idle_t *idle) {
    atomic_init(&idle->state, 0);
    atomic_init(&idle->is_watched, false);
    boc__mutex_init(&idle->mutex);
    idle->sleepers = NULL;
}

void boc__idle_deinit(boc__idle_t *idle) {
    assert(idle->sleepers == NULL);
    boc__mutex_deinit(&idle->mutex);
}

/* All changes of `state` are seq_cst: they take part in the Dekker protocol. */
static uint64_t change(boc__idle_t *idle, uint64_t difference) {
    BOC_YIELD();
    return atomic_fetch_add_explicit(&idle->state, difference, memory_order_seq_cst);
}

/* Take `idler` off the stack; guarded by the mutex. */
static void unlink_sleeper(boc__idle_t *idle, boc__idler_t *idler) {
    boc__idler_t **link = &idle->sleepers;
    while (*link != idler)
        link = &(*link)->below;
    *link = idler->below;
    idler->is_asleep = false;
}

/* From asleep to searching; guarded by the mutex. */
static void choose(boc__idle_t *idle, boc__idler_t *idler) {
    unlink_sleeper(idle, idler);
    idler->is_searching = true;
    (void)change(idle, ONE_SEARCHING - ONE_SLEEPING);
}

void boc__idle_wake_one(boc__idle_t *idle, boc__idler_t *preferred) {
    boc__mutex_lock(&idle->mutex);
    boc__idler_t *chosen = preferred != NULL && preferred->is_asleep ? preferred : idle->sleepers;
    if (chosen != NULL)
        choose(idle, chosen);
    boc__mutex_unlock(&idle->mutex);
    if (chosen != NULL)
        boc__parker_wake(&chosen->parker);
}

void boc__idle_wake(boc__idle_t *idle, boc__idler_t *idler) {
    BOC_YIELD();
    /* seq_cst: after the publication, in the order that sleepers see too. */
    if (boc__idle_sleeping(atomic_load_explicit(&idle->state, memory_order_seq_cst)) == 0)
        return;
    boc__mutex_lock(&idle->mutex);
    bool is_chosen = idler->is_asleep;
    if (is_chosen)
        choose(idle, idler);
    boc__mutex_unlock(&idle->mutex);
    if (is_chosen)
        boc__parker_wake(&idler->parker);
}

bool boc__idle_begin_search(boc__idle_t *idle, boc__idler_t *idler, uint32_t limit) {
    if (idler->is_searching)
        return true;
    /* relaxed: the limit is a matter of economy only. */
    uint64_t state = atomic_load_explicit(&idle->state, memory_order_relaxed);
    if (boc__idle_searching(state) >= limit)
        return false;
    (void)change(idle, ONE_SEARCHING);
    idler->is_searching = true;
    return true;
}

bool boc__idle_end_search(boc__idle_t *idle, boc__idler_t *idler) {
    if (!idler->is_searching)
        return false;
    idler->is_searching = false;
    return boc__idle_searching(change(idle, 0u - ONE_SEARCHING)) == 1;
}

void boc__idle_register(boc__idle_t *idle, boc__idler_t *idler) {
    assert(!idler->is_asleep);
    boc__mutex_lock(&idle->mutex);
    idler->below = idle->sleepers;
    idle->sleepers = idler;
    idler->is_asleep = true;
    (void)change(idle, idler->is_searching ? ONE_SLEEPING - ONE_SEARCHING : ONE_SLEEPING);
    idler->is_searching = false;
    boc__mutex_unlock(&idle->mutex);
}

bool boc__idle_leave(boc__idle_t *idle, boc__idler_t *idler) {
    boc__mutex_lock(&idle->mutex);
    bool was_asleep = idler->is_asleep;
    if (was_asleep) {
        unlink_sleeper(idle, idler);
        (void)change(idle, 0u - ONE_SLEEPING);
    }
    boc__mutex_unlock(&idle->mutex);
    return was_asleep;
}

void boc__idle_observe(boc__idle_t *idle) {
    /* seq_cst: acquires from every registration before it in the total order. */
    (void)atomic_load_explicit(&idle->state, memory_order_seq_cst);
}
