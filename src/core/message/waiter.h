/* waiter.h - a blocked thread that one of several others serves.
 *
 *     WAITING --claim--> SERVED    by whoever has something for it, once
 *     WAITING --claim--> LEFT      by the thread itself: it gives up, or helps itself
 *
 * Who claims it for SERVED writes the outcome and then wakes it; the wake is its last
 * access.  The thread takes that token before its frame goes.
 *
 * Threads   serve, wake   any thread (serve: under the lock of a mailbox that lists it)
 *           the rest      the blocked thread
 *
 * Ordering  wake -> park: the outcome is visible to the thread.
 */
#ifndef BOC_CORE_MESSAGE_WAITER_H
#define BOC_CORE_MESSAGE_WAITER_H

#include "platform/thread.h"

#include <boc/message.h>

typedef enum boc__outcome {
    BOC_OUTCOME_NONE,    /* nobody served the thread */
    BOC_OUTCOME_DONE,    /* a message was given or taken */
    BOC_OUTCOME_NO_ROOM, /* no memory for the message of a sender */
    BOC_OUTCOME_AGAIN,   /* the tag was replaced: look it up again */
} boc__outcome_t;

typedef struct boc__waiter {
    boc__parker_t parker;
    _Atomic int state;
    int64_t since_ns; /* its thread only: when it began to wait, 0: not yet in this call */
    bool has_looked;  /* its thread only: it looked for a while in this call */
    boc__outcome_t outcome; /* this and the rest: written by who serves, before the wake */
    size_t index;           /* receiver: which of its tags */
    boc_payload_t payload;  /* receiver: gets it; sender: offers it */
} boc__waiter_t;

/* The place of a waiter in the list of one mailbox; guarded by the mailbox. */
typedef struct boc__place {
    struct boc__place *next;
    struct boc__place *prev; /* NULL while in no list */
    boc__waiter_t *waiter;
    size_t index;
} boc__place_t;

void boc__waiter_init(boc__waiter_t *waiter);
void boc__waiter_deinit(boc__waiter_t *waiter);

/* False when somebody else was first. */
bool boc__waiter_serve(boc__waiter_t *waiter);
void boc__waiter_wake(boc__waiter_t *waiter);

/* False when the thread was served: take the token then. */
bool boc__waiter_leave(boc__waiter_t *waiter);
void boc__waiter_take_token(boc__waiter_t *waiter);

/* Block until served (BOC_OK, token taken), or give up: BOC_ETIMEOUT, or what
 * `blocking->after` or a signal says; or BOC_EBUSY: nothing happened, wait again.
 * With `keeps_place` that last one does not occur; a thread that is served while `after`
 * ends the call has given up, and an outcome. */
boc_status_t boc__waiter_block(boc__waiter_t *waiter, int64_t deadline_ns,
                               const boc_blocking_t *blocking, bool keeps_place);

#endif
