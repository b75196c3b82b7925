/* mailbox.h - one tag: its messages, and the threads that wait at it.
 *
 * The invariants that docs/design/messages.md builds on, whenever `mutex` is free:
 *   (a) a receiver in the list that nobody served yet: the queue is empty
 *   (b) a sender in the list that nobody served yet: the queue is full
 *   (c) a retired mailbox has no messages, and its lists are empty
 *   (d) `handover` is open: not retired, the queue is empty, and no receiver is in the list
 *
 * Owns      its queue; one reference belongs to the table of tags while it is there.
 * Threads   any thread that has a reference.  Payloads are dropped outside the lock.
 */
#ifndef BOC_CORE_MESSAGE_MAILBOX_H
#define BOC_CORE_MESSAGE_MAILBOX_H

#include "core/message/handover.h"
#include "core/message/queue.h"
#include "core/message/waiter.h"

#include <stdalign.h>
#include <string.h>

/* Three groups that do not share a line: what two threads that answer each other write, what is
 * written under the lock, and what is only read. */
typedef struct boc__mailbox {
    alignas(BOC_CACHE_LINE_BYTES) boc__handover_t handover;
    alignas(BOC_CACHE_LINE_BYTES) boc__mutex_t mutex;
    boc__queue_t queue;     /* this to `pop_retries`: guarded by mutex */
    boc__place_t receivers; /* ring of those that wait, oldest first */
    boc__place_t senders;
    size_t capacity; /* 0: the default */
    uint64_t pushed;
    uint64_t popped;
    uint64_t push_retries;
    uint64_t pop_retries;
    atomic_size_t refs;
    alignas(BOC_CACHE_LINE_BYTES) struct boc__mailbox *next; /* this, `index`: by the table */
    size_t index;
    _Atomic(bool) is_retired; /* written under mutex */
    uint64_t hash; /* this and the rest: constant */
    size_t tag_bytes;
    char tag[];
} boc__mailbox_t;

typedef enum boc__step {
    BOC_STEP_DONE,    /* sent or received */
    BOC_STEP_LISTED,  /* the waiter is in the list now */
    BOC_STEP_BLOCKED, /* nothing to receive or no room, and no waiter was given */
    BOC_STEP_SERVED,  /* the waiter was served at another tag meanwhile */
    BOC_STEP_RETIRED, /* look the tag up again */
    BOC_STEP_NOMEM,
} boc__step_t;

/* With one reference; NULL without memory. */
boc__mailbox_t *boc__mailbox_new(boc_tag_t tag, uint64_t hash);
boc__mailbox_t *boc__mailbox_ref(boc__mailbox_t *mailbox);
void boc__mailbox_unref(boc__mailbox_t *mailbox);

static inline boc_tag_t boc__mailbox_tag(const boc__mailbox_t *mailbox) {
    return (boc_tag_t){mailbox->tag, mailbox->tag_bytes};
}

static inline bool boc__mailbox_has_tag(const boc__mailbox_t *mailbox, boc_tag_t tag,
                                        uint64_t hash) {
    return mailbox->hash == hash && mailbox->tag_bytes == tag.size &&
           (tag.size == 0 || memcmp(mailbox->tag, tag.bytes, tag.size) == 0);
}

static inline bool boc__mailbox_is_retired(boc__mailbox_t *mailbox) {
    /* relaxed: who does not see it yet is told under the lock. */
    return atomic_load_explicit(&mailbox->is_retired, memory_order_relaxed);
}

/* Give `payload` to a receiver or to the queue; it is taken on BOC_STEP_DONE only. */
boc__step_t boc__mailbox_push(boc__mailbox_t *mailbox, boc_payload_t payload);

/* The same with the waiter's payload; list it when there is no room. */
boc__step_t boc__mailbox_push_or_list(boc__mailbox_t *mailbox, boc__place_t *place);

boc__step_t boc__mailbox_pop(boc__mailbox_t *mailbox, boc_payload_t *p_payload);

/* The same for a waiter that may be listed elsewhere; list it here when there is nothing.
 * BOC_STEP_DONE: the waiter has left, and its payload and index are set. */
boc__step_t boc__mailbox_pop_or_list(boc__mailbox_t *mailbox, boc__place_t *place);

/* Take `place` off the list, if it is still there. */
void boc__mailbox_unlist(boc__mailbox_t *mailbox, boc__place_t *place);

/* Drop the messages; then let senders in. */
void boc__mailbox_drain(boc__mailbox_t *mailbox);

/* Drop the messages and send every waiting thread to look the tag up again. */
void boc__mailbox_retire(boc__mailbox_t *mailbox);

/* Forget the waiting threads. */
void boc__mailbox_forget(boc__mailbox_t *mailbox);

void boc__mailbox_set_capacity(boc__mailbox_t *mailbox, size_t capacity);

/* Let waiting senders in as far as there is room: the default has changed. */
void boc__mailbox_admit(boc__mailbox_t *mailbox);
/* Returns the old one. */
size_t boc__mailbox_set_default_capacity(size_t capacity);

void boc__mailbox_read_stats(boc__mailbox_t *mailbox, boc_tag_stats_t *stats);

#endif
