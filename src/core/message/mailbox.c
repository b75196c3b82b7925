#include "core/message/mailbox.h"

#include "core/alloc.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

static struct {
    atomic_size_t capacity; /* of queues without a limit of their own */
} globals = {BOC_QUEUE_CAPACITY_DEFAULT};

/* -- lists ------------------------------------------------------------------------------ */

static void init_list(boc__place_t *list) { list->next = list->prev = list; }

static void append(boc__place_t *list, boc__place_t *place) {
    assert(place->prev == NULL);
    place->prev = list->prev;
    place->next = list;
    list->prev->next = place;
    list->prev = place;
}

static void take_off(boc__place_t *place) {
    place->prev->next = place->next;
    place->next->prev = place->prev;
    place->prev = NULL;
}

/* Take off and return the oldest that nobody served yet, now served by us; or NULL. */
static boc__place_t *serve_oldest(boc__place_t *list, uint64_t *p_retries) {
    while (list->next != list) {
        boc__place_t *place = list->next;
        take_off(place);
        if (boc__waiter_serve(place->waiter))
            return place;
        ++*p_retries;
    }
    return NULL;
}

/* Those who were served, linked by `next`; woken outside the lock. */
typedef struct served {
    boc__place_t *first;
} served_t;

static void add_served(served_t *served, boc__place_t *place, boc__outcome_t outcome) {
    place->waiter->outcome = outcome;
    place->next = served->first;
    served->first = place;
}

static void wake_all(served_t served) {
    while (served.first != NULL) {
        boc__place_t *place = served.first;
        served.first = place->next; /* before the wake: its frame may go after it */
        boc__waiter_wake(place->waiter);
    }
}

/* -- life ------------------------------------------------------------------------------- */

boc__mailbox_t *boc__mailbox_new(boc_tag_t tag, uint64_t hash) {
    if (tag.size > SIZE_MAX - sizeof(boc__mailbox_t))
        return NULL;
    boc__mailbox_t *mailbox =
        boc__alloc(alignof(boc__mailbox_t), sizeof(boc__mailbox_t) + tag.size);
    if (mailbox == NULL)
        return NULL;
    memset(mailbox, 0, sizeof *mailbox);
    atomic_init(&mailbox->refs, 1);
    atomic_init(&mailbox->is_retired, false);
    boc__handover_init(&mailbox->handover);
    boc__mutex_init(&mailbox->mutex);
    init_list(&mailbox->receivers);
    init_list(&mailbox->senders);
    mailbox->hash = hash;
    mailbox->tag_bytes = tag.size;
    if (tag.size > 0)
        memcpy(mailbox->tag, tag.bytes, tag.size);
    return mailbox;
}

boc__mailbox_t *boc__mailbox_ref(boc__mailbox_t *mailbox) {
    /* relaxed: the caller has a reference, or the lock of the table that has one. */
    atomic_fetch_add_explicit(&mailbox->refs, 1, memory_order_relaxed);
    return mailbox;
}

void boc__mailbox_unref(boc__mailbox_t *mailbox) {
    /* acq_rel: every last access comes before the free. */
    if (atomic_fetch_sub_explicit(&mailbox->refs, 1, memory_order_acq_rel) != 1)
        return;
    boc__queue_clear(&mailbox->queue);
    boc__mutex_deinit(&mailbox->mutex);
    boc__alloc_free(mailbox);
}

/* End a critical section: (d). */
static void unlock(boc__mailbox_t *mailbox) {
    bool is_plain = mailbox->queue.length == 0 && mailbox->receivers.next == &mailbox->receivers &&
                    !boc__mailbox_is_retired(mailbox);
    boc__handover_close(&mailbox->handover, !is_plain);
    boc__mutex_unlock(&mailbox->mutex);
}

/* -- sending ---------------------------------------------------------------------------- */

static size_t limit_of(const boc__mailbox_t *mailbox) {
    /* relaxed: a number on its own; a change lets senders in under our mutex afterwards. */
    return mailbox->capacity != 0 ? mailbox->capacity
                                  : atomic_load_explicit(&globals.capacity, memory_order_relaxed);
}

/* Under the lock.  DONE: the payload went to the queue, or to `*p_receiver`. */
static boc__step_t push(boc__mailbox_t *mailbox, boc_payload_t payload, boc__place_t **p_receiver) {
    *p_receiver = NULL;
    if (boc__mailbox_is_retired(mailbox))
        return BOC_STEP_RETIRED;
    boc__place_t *place = serve_oldest(&mailbox->receivers, &mailbox->pop_retries);
    if (place != NULL) {
        assert(mailbox->queue.length == 0); /* (a) */
        place->waiter->outcome = BOC_OUTCOME_DONE;
        place->waiter->payload = payload;
        place->waiter->index = place->index;
        *p_receiver = place;
        mailbox->popped++;
    } else if (mailbox->queue.length >= limit_of(mailbox)) {
        mailbox->push_retries++;
        return BOC_STEP_BLOCKED;
    } else if (!boc__queue_push(&mailbox->queue, payload)) {
        return BOC_STEP_NOMEM;
    }
    mailbox->pushed++;
    return BOC_STEP_DONE;
}

boc__step_t boc__mailbox_push(boc__mailbox_t *mailbox, boc_payload_t payload) {
    boc__place_t *receiver;
    if (boc__handover_give(&mailbox->handover, payload))
        return BOC_STEP_DONE;
    boc__mutex_lock(&mailbox->mutex);
    boc__step_t step = push(mailbox, payload, &receiver);
    unlock(mailbox);
    if (receiver != NULL)
        boc__waiter_wake(receiver->waiter);
    return step;
}

boc__step_t boc__mailbox_push_or_list(boc__mailbox_t *mailbox, boc__place_t *place) {
    boc__place_t *receiver;
    boc__mutex_lock(&mailbox->mutex);
    boc__step_t step = push(mailbox, place->waiter->payload, &receiver);
    if (step == BOC_STEP_BLOCKED) {
        append(&mailbox->senders, place);
        step = BOC_STEP_LISTED;
    }
    unlock(mailbox);
    if (receiver != NULL)
        boc__waiter_wake(receiver->waiter);
    return step;
}

/* Under the lock: move the messages of waiting senders into the queue. */
static served_t admit(boc__mailbox_t *mailbox) {
    served_t served = {NULL};
    while (mailbox->queue.length < limit_of(mailbox)) {
        boc__place_t *place = serve_oldest(&mailbox->senders, &mailbox->push_retries);
        if (place == NULL)
            break;
        bool is_pushed = boc__queue_push(&mailbox->queue, place->waiter->payload);
        mailbox->pushed += is_pushed;
        add_served(&served, place, is_pushed ? BOC_OUTCOME_DONE : BOC_OUTCOME_NO_ROOM);
    }
    return served;
}

/* -- receiving -------------------------------------------------------------------------- */

boc__step_t boc__mailbox_pop(boc__mailbox_t *mailbox, boc_payload_t *p_payload) {
    served_t served = {NULL};
    if (!boc__handover_is_closed(&mailbox->handover))
        return BOC_STEP_BLOCKED; /* (d) */
    boc__mutex_lock(&mailbox->mutex);
    boc__step_t step = boc__mailbox_is_retired(mailbox) ? BOC_STEP_RETIRED : BOC_STEP_BLOCKED;
    if (boc__queue_pop(&mailbox->queue, p_payload)) {
        mailbox->popped++;
        served = admit(mailbox);
        step = BOC_STEP_DONE;
    }
    unlock(mailbox);
    wake_all(served);
    return step;
}

/* Under the lock. */
static boc__step_t pop_or_list(boc__mailbox_t *mailbox, boc__place_t *place, served_t *served) {
    if (boc__mailbox_is_retired(mailbox))
        return BOC_STEP_RETIRED;
#if defined(BOC_MUTANT_LOST_MESSAGE)
    bool is_empty = true; /* the fault: sleeps without another look */
#else
    bool is_empty = mailbox->queue.length == 0;
#endif
    if (!is_empty) {
        if (!boc__waiter_leave(place->waiter))
            return BOC_STEP_SERVED;
        (void)boc__queue_pop(&mailbox->queue, &place->waiter->payload);
        place->waiter->index = place->index;
        mailbox->popped++;
        *served = admit(mailbox);
        return BOC_STEP_DONE;
    }
    append(&mailbox->receivers, place);
    return BOC_STEP_LISTED;
}

boc__step_t boc__mailbox_pop_or_list(boc__mailbox_t *mailbox, boc__place_t *place) {
    served_t served = {NULL};
    boc__mutex_lock(&mailbox->mutex);
    boc__step_t step = pop_or_list(mailbox, place, &served);
    unlock(mailbox);
    wake_all(served);
    return step;
}

void boc__mailbox_unlist(boc__mailbox_t *mailbox, boc__place_t *place) {
    boc__mutex_lock(&mailbox->mutex);
    if (place->prev != NULL)
        take_off(place);
    unlock(mailbox);
}

/* -- the rest --------------------------------------------------------------------------- */

/* Under the lock. */
static boc__queue_t take_messages(boc__mailbox_t *mailbox) {
    boc__queue_t messages = mailbox->queue;
    mailbox->queue = (boc__queue_t){.first = NULL};
    return messages;
}

void boc__mailbox_drain(boc__mailbox_t *mailbox) {
    boc__mutex_lock(&mailbox->mutex);
    boc__queue_t messages = take_messages(mailbox);
    served_t served = admit(mailbox);
    unlock(mailbox);
    wake_all(served);
    boc__queue_clear(&messages);
}

static void dismiss(boc__place_t *list, served_t *served, uint64_t *p_retries) {
    boc__place_t *place;
    while ((place = serve_oldest(list, p_retries)) != NULL)
        add_served(served, place, BOC_OUTCOME_AGAIN);
}

void boc__mailbox_retire(boc__mailbox_t *mailbox) {
    served_t served = {NULL};
    boc__mutex_lock(&mailbox->mutex);
    /* relaxed: told under the lock to those who do not see it. */
    atomic_store_explicit(&mailbox->is_retired, true, memory_order_relaxed);
    boc__queue_t messages = take_messages(mailbox);
    dismiss(&mailbox->receivers, &served, &mailbox->pop_retries);
    dismiss(&mailbox->senders, &served, &mailbox->push_retries);
    unlock(mailbox);
    wake_all(served);
    boc__queue_clear(&messages);
}

void boc__mailbox_forget(boc__mailbox_t *mailbox) {
    boc__mutex_init(&mailbox->mutex); /* its owner may be a thread that does not exist here */
    boc__handover_forget(&mailbox->handover);
    init_list(&mailbox->receivers);
    init_list(&mailbox->senders);
}

void boc__mailbox_set_capacity(boc__mailbox_t *mailbox, size_t capacity) {
    boc__mutex_lock(&mailbox->mutex);
    mailbox->capacity = capacity;
    served_t served = admit(mailbox);
    unlock(mailbox);
    wake_all(served);
}

void boc__mailbox_admit(boc__mailbox_t *mailbox) {
    boc__mutex_lock(&mailbox->mutex);
    served_t served = admit(mailbox);
    unlock(mailbox);
    wake_all(served);
}

size_t boc__mailbox_set_default_capacity(size_t capacity) {
    /* relaxed: see limit_of. */
    return atomic_exchange_explicit(&globals.capacity, capacity, memory_order_relaxed);
}

void boc__mailbox_read_stats(boc__mailbox_t *mailbox, boc_tag_stats_t *stats) {
    boc__mutex_lock(&mailbox->mutex);
    /* relaxed: a number on its own. */
    uint64_t given = atomic_load_explicit(&mailbox->handover.given, memory_order_relaxed);
    *stats = (boc_tag_stats_t){
        .tag = boc__mailbox_tag(mailbox),
        .length = mailbox->queue.length,
        .capacity = limit_of(mailbox),
        .pushed = mailbox->pushed + given,
        .popped = mailbox->popped + given,
        .push_retries = mailbox->push_retries,
        .pop_retries = mailbox->pop_retries,
    };
    unlock(mailbox);
}
