#include "core/sched/inbox.h"

#include "platform/yield.h"

#include <assert.h>
#include <stddef.h>

void boc__inbox_init(boc__inbox_t *inbox) { atomic_init(&inbox->newest, NULL); }

unsigned boc__inbox_push(boc__inbox_t *inbox, boc__work_t *work) {
    return boc__inbox_push_list(inbox, work, work);
}

unsigned boc__inbox_push_list(boc__inbox_t *inbox, boc__work_t *first, boc__work_t *oldest) {
    assert(first != NULL && oldest != NULL);
    unsigned retries = 0;
    BOC_YIELD();
    /* relaxed: nothing is read through it. */
    boc__work_t *newest = atomic_load_explicit(&inbox->newest, memory_order_relaxed);
    for (;;) {
        oldest->next = newest;
        BOC_YIELD();
        /* seq_cst (a): publishes the work, and comes before the caller looks for
         * sleepers (idle.h).  relaxed on failure: as above. */
        if (atomic_compare_exchange_weak_explicit(&inbox->newest, &newest, first,
                                                  memory_order_seq_cst, memory_order_relaxed))
            return retries;
        retries++;
    }
}

boc__work_t *boc__inbox_take(boc__inbox_t *inbox) {
    BOC_YIELD();
    /* relaxed: spares the exchange when there is nothing; a push that is missed
     * here is found by the sleeper's check. */
    if (atomic_load_explicit(&inbox->newest, memory_order_relaxed) == NULL)
        return NULL;
    /* acquire (a): pairs with every push of the list. */
    boc__work_t *work = atomic_exchange_explicit(&inbox->newest, NULL, memory_order_acquire);
    boc__work_t *oldest = NULL;
    while (work != NULL) {
        boc__work_t *next = work->next;
        work->next = oldest;
        oldest = work;
        work = next;
    }
    return oldest;
}

bool boc__inbox_is_empty(const boc__inbox_t *inbox) {
    BOC_YIELD();
    /* seq_cst: the sleeper's side of idle.h. */
    return atomic_load_explicit(&inbox->newest, memory_order_seq_cst) == NULL;
}
