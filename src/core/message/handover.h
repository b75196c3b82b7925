/* handover.h - one place, in which a sender puts a message for a thread that looks for it.
 *
 * Going to sleep and being woken takes many times longer than a message needs from one CPU to
 * another, and so do two locks.  A thread that waits for an answer therefore *calls* for a
 * moment before it sleeps, and one sender fills the place, without a lock:
 *
 *     IDLE    -> CALLING   a receiver
 *     CALLING -> FILLING   a sender, which has the place now
 *     FILLING -> FULL      that sender; the receiver has it
 *     FULL    -> IDLE      that receiver, with the message
 *     CALLING -> IDLE      that receiver: nobody came
 *     FILLING -> REFUSED   that receiver: it does not wait for a sender that was stopped
 *     REFUSED -> IDLE      that sender, which keeps its message
 *
 * Who finds the place in use does without it.  Nobody sleeps at it.
 *
 * Owns      the message between FILLING and IDLE.
 * Threads   any thread
 *
 * Ordering edges (the letters are used in handover.c):
 *   (a) give -> call: the payload is visible to the receiver.
 *   (b) leaving IDLE behind -> give: the last user of `payload` has finished with it.
 */
#ifndef BOC_CORE_MESSAGE_HANDOVER_H
#define BOC_CORE_MESSAGE_HANDOVER_H

#include "platform/atomic.h"

#include <boc/payload.h>
#include <stdbool.h>

typedef struct boc__handover {
    _Atomic(int) state;
    /* The owner of the place says that there is more to do than this: give and call fail. */
    _Atomic(bool) is_closed;
    boc_payload_t payload;  /* whose the place is */
    _Atomic(uint64_t) given; /* written by who has the place */
} boc__handover_t;

void boc__handover_init(boc__handover_t *handover);

/* In the child of a fork: drop what is there, and forget who called. */
void boc__handover_forget(boc__handover_t *handover);

/* Any number of times; callers that look notice. */
void boc__handover_close(boc__handover_t *handover, bool is_closed);

static inline bool boc__handover_is_closed(boc__handover_t *handover) {
    /* relaxed: a hint for those who looked before; who closed it himself sees it. */
    return atomic_load_explicit(&handover->is_closed, memory_order_relaxed);
}

/* Give `payload` to a thread that calls; false: none does, and the payload is the caller's. */
bool boc__handover_give(boc__handover_t *handover, boc_payload_t payload);

/* Call until a message comes, the place is closed, or the patience of this thread (patience.h)
 * or `end_ns` is over.  `*p_since_ns` is when the call began, 0 on success. */
bool boc__handover_call(boc__handover_t *handover, int64_t limit_ns, int64_t deadline_ns,
                        int64_t *p_since_ns, boc_payload_t *p_payload);

#endif
