/* inbox.h - unbounded stack that anybody pushes to and anybody empties.
 *
 * Work that comes from threads outside the pool lands here.  A push is one
 * compare-and-swap, a take one exchange for everything, so there is no ABA.  The
 * taken list is turned around: first in, first out within one take.
 *
 * Threads   all functions: any thread.
 *
 * Ordering edges (the letters are used in inbox.c):
 *   (a) push -> take   the taker sees the work.
 *   The push and is_empty are seq_cst for the sleeper protocol of idle.h.
 */
#ifndef BOC_CORE_SCHED_INBOX_H
#define BOC_CORE_SCHED_INBOX_H

#include "core/sched/work.h"
#include "platform/atomic.h"

#include <stdbool.h>

typedef struct boc__inbox {
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic(boc__work_t *) newest;
} boc__inbox_t;

void boc__inbox_init(boc__inbox_t *inbox);

/* Returns how often the push had to be tried again. */
unsigned boc__inbox_push(boc__inbox_t *inbox, boc__work_t *work);

/* Push works that are linked from `newest` to `oldest`. */
unsigned boc__inbox_push_list(boc__inbox_t *inbox, boc__work_t *newest, boc__work_t *oldest);

/* Everything, oldest first, linked by `next`; NULL when empty. */
boc__work_t *boc__inbox_take(boc__inbox_t *inbox);

bool boc__inbox_is_empty(const boc__inbox_t *inbox);

#endif
