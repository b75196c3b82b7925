#include "core/message/recent.h"
#include "core/message/tags.h"

#include "core/alloc.h"
#include "platform/clock.h"

#include <assert.h>
#include <stdalign.h>

/* -- send ------------------------------------------------------------------------------- */

/* Wait in line at `mailbox`.  BOC_EBUSY: the tag was replaced. */
static boc_status_t send_blocking(boc__mailbox_t *mailbox, boc_payload_t payload,
                                  int64_t deadline_ns, const boc_blocking_t *blocking,
                                  bool *p_taken) {
    (void)boc__mailbox_ref(mailbox); /* it was borrowed */
    boc__waiter_t waiter = {.payload = payload};
    boc__place_t place = {.waiter = &waiter};
    boc__waiter_init(&waiter);
    boc_status_t status = BOC_EBUSY;
    boc__step_t step = boc__mailbox_push_or_list(mailbox, &place);
    if (step == BOC_STEP_LISTED) {
        status = boc__waiter_block(&waiter, deadline_ns, blocking, true);
        boc__mailbox_unlist(mailbox, &place);
        *p_taken = waiter.outcome == BOC_OUTCOME_DONE;
        if (status == BOC_OK && waiter.outcome == BOC_OUTCOME_AGAIN)
            status = BOC_EBUSY;
        else if (status == BOC_OK && waiter.outcome == BOC_OUTCOME_NO_ROOM)
            status = BOC_ENOMEM;
    } else if (step == BOC_STEP_DONE) {
        *p_taken = true;
        status = BOC_OK;
    } else if (step == BOC_STEP_NOMEM) {
        status = BOC_ENOMEM;
    }
    boc__waiter_deinit(&waiter);
    boc__mailbox_unref(mailbox);
    return status;
}

static boc_status_t send(boc_tag_t tag, boc_payload_t payload, int64_t timeout_ns,
                         const boc_blocking_t *blocking, bool *p_taken) {
    int64_t deadline_ns = 0;
    for (;;) {
        boc__mailbox_t *mailbox = boc__recent_get(tag);
        if (mailbox == NULL)
            return BOC_ENOMEM;
        boc__step_t step = boc__mailbox_push(mailbox, payload);
        boc_status_t status = BOC_EBUSY; /* for BOC_STEP_RETIRED */
        *p_taken = step == BOC_STEP_DONE;
        if (step == BOC_STEP_DONE) {
            status = BOC_OK;
        } else if (step == BOC_STEP_NOMEM) {
            status = BOC_ENOMEM;
        } else if (step == BOC_STEP_BLOCKED && timeout_ns <= 0) {
            status = BOC_EFULL;
        } else if (step == BOC_STEP_BLOCKED) {
            if (deadline_ns == 0)
                deadline_ns = boc__clock_deadline_ns(timeout_ns);
            status = send_blocking(mailbox, payload, deadline_ns, blocking, p_taken);
        }
        if (status != BOC_EBUSY)
            return status;
    }
}

boc_status_t boc_message_send(boc_tag_t tag, boc_payload_t payload, int64_t timeout_ns,
                              const boc_blocking_t *blocking) {
    bool is_taken = false;
    boc_status_t status = send(tag, payload, timeout_ns, blocking, &is_taken);
    if (!is_taken)
        boc_payload_drop(&payload);
    return status;
}

/* -- receive ---------------------------------------------------------------------------- */

enum { PLACES_ON_STACK = 8 };

/* A place of the one waiter in each mailbox that it is listed at. */
typedef struct listing {
    boc__place_t place;
    boc__mailbox_t *mailbox; /* with a reference */
} listing_t;

/* Look once.  BOC_EBUSY: nothing there. */
static boc_status_t poll(const boc_tag_t *tags, size_t count, size_t *p_index,
                         boc_payload_t *p_payload) {
    for (size_t i = 0; i < count; i++) {
        boc__step_t step;
        do {
            boc__mailbox_t *mailbox = boc__recent_find(tags[i]);
            if (mailbox == NULL)
                break;
            step = boc__mailbox_pop(mailbox, p_payload);
            if (step == BOC_STEP_DONE) {
                *p_index = i;
                return BOC_OK;
            }
        } while (step == BOC_STEP_RETIRED);
    }
    return BOC_EBUSY;
}

/* List the waiter at `tags[i]`, or serve it there. */
static boc__step_t list_at(listing_t *listing, boc_tag_t tag, size_t i, boc__waiter_t *waiter) {
    for (;;) {
        listing->place = (boc__place_t){.waiter = waiter, .index = i};
        listing->mailbox = boc__recent_get(tag);
        if (listing->mailbox == NULL)
            return BOC_STEP_NOMEM;
        (void)boc__mailbox_ref(listing->mailbox);
        boc__step_t step = boc__mailbox_pop_or_list(listing->mailbox, &listing->place);
        if (step == BOC_STEP_LISTED)
            return step;
        boc__mailbox_unref(listing->mailbox);
        if (step != BOC_STEP_RETIRED)
            return step;
    }
}

static void unlist_all(listing_t *listings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        boc__mailbox_unlist(listings[i].mailbox, &listings[i].place);
        boc__mailbox_unref(listings[i].mailbox);
    }
}

/* List the waiter at every tag and wait once.  BOC_EBUSY: again. */
static boc_status_t wait_once(const boc_tag_t *tags, size_t count, int64_t deadline_ns,
                              const boc_blocking_t *blocking, listing_t *listings,
                              boc__waiter_t *waiter) {
    boc__step_t step = BOC_STEP_LISTED;
    size_t listed = 0;
    while (listed < count && step == BOC_STEP_LISTED) {
        step = list_at(&listings[listed], tags[listed], listed, waiter);
        listed += step == BOC_STEP_LISTED;
    }
    boc_status_t status = BOC_OK;
    if (step == BOC_STEP_LISTED)
        status = boc__waiter_block(waiter, deadline_ns, blocking, false);
    else if (step == BOC_STEP_NOMEM && boc__waiter_leave(waiter))
        status = BOC_ENOMEM;
    else if (step != BOC_STEP_DONE)
        boc__waiter_take_token(waiter);
    unlist_all(listings, listed);
    if (step == BOC_STEP_DONE)
        return BOC_OK;
    return status == BOC_OK && waiter->outcome == BOC_OUTCOME_AGAIN ? BOC_EBUSY : status;
}

/* `since_ns`: when the thread began to wait, if it did; else 0. */
static boc_status_t receive_blocking(const boc_tag_t *tags, size_t count, int64_t deadline_ns,
                                     int64_t since_ns, const boc_blocking_t *blocking,
                                     size_t *p_index, boc_payload_t *p_payload) {
    listing_t on_stack[PLACES_ON_STACK];
    listing_t *listings = on_stack;
    if (count > SIZE_MAX / sizeof(listing_t))
        return BOC_ENOMEM;
    if (count > PLACES_ON_STACK)
        listings = boc__alloc(alignof(listing_t), count * sizeof(listing_t));
    if (listings == NULL)
        return BOC_ENOMEM;
    boc_status_t status;
    boc__waiter_t waiter = {.since_ns = since_ns, .has_looked = since_ns != 0};
    do {
        boc__waiter_init(&waiter);
        status = wait_once(tags, count, deadline_ns, blocking, listings, &waiter);
        if (status == BOC_OK) {
            *p_index = waiter.index;
            *p_payload = waiter.payload;
        }
        boc__waiter_deinit(&waiter);
    } while (status == BOC_EBUSY);
    if (listings != on_stack)
        boc__alloc_free(listings);
    return status;
}

boc_status_t boc_message_receive(const boc_tag_t *tags, size_t count, int64_t timeout_ns,
                                 const boc_blocking_t *blocking, size_t *p_index,
                                 boc_payload_t *p_payload) {
    assert(p_index != NULL && p_payload != NULL);
    if (count == 0)
        return BOC_EINVALID;
    if (timeout_ns <= 0)
        return poll(tags, count, p_index, p_payload) == BOC_OK ? BOC_OK : BOC_ETIMEOUT;
    /* A thread that is listed at the earlier tags while it looks at a later one overlooks
     * nothing ("Overtaken by a later tag"), so only the first is tried without. */
    boc__mailbox_t *mailbox = boc__recent_get(tags[0]);
    if (mailbox == NULL)
        return BOC_ENOMEM;
    *p_index = 0;
    if (boc__mailbox_pop(mailbox, p_payload) == BOC_STEP_DONE)
        return BOC_OK;
    int64_t deadline_ns = boc__clock_deadline_ns(timeout_ns);
    int64_t look_ns = blocking != NULL ? blocking->look_ns : BOC_NO_TIMEOUT;
    int64_t since_ns = 0;
    if (count == 1 && look_ns > 0 &&
        boc__handover_call(&mailbox->handover, look_ns, deadline_ns, &since_ns, p_payload))
        return BOC_OK;
    return receive_blocking(tags, count, deadline_ns, since_ns, blocking, p_index, p_payload);
}

/* -- the rest --------------------------------------------------------------------------- */

void boc_message_drain(boc_tag_t tag) {
    boc__mailbox_t *mailbox = boc__tags_find(tag, boc__tags_hash(tag));
    if (mailbox == NULL)
        return;
    boc__mailbox_drain(mailbox);
    boc__mailbox_unref(mailbox);
}

boc_status_t boc_message_set_tags(const boc_tag_t *tags, size_t count) {
    boc__mailbox_t *gone = NULL;
    boc_status_t status = boc__tags_replace(tags, count, &gone);
    if (status != BOC_OK)
        return status;
    while (gone != NULL) {
        boc__mailbox_t *mailbox = gone;
        gone = mailbox->next;
        boc__mailbox_retire(mailbox);
        boc__mailbox_unref(mailbox);
    }
    for (size_t i = 0; i < count; i++)
        boc_message_drain(tags[i]);
    return BOC_OK;
}

boc_status_t boc_message_set_capacity(size_t capacity, const boc_tag_t *tag) {
    if (capacity < 1 || capacity > BOC_QUEUE_CAPACITY_MAX)
        return BOC_EINVALID;
    if (tag != NULL) {
        boc__mailbox_t *mailbox = boc__tags_get(*tag, boc__tags_hash(*tag));
        if (mailbox == NULL)
            return BOC_ENOMEM;
        boc__mailbox_set_capacity(mailbox, capacity);
        boc__mailbox_unref(mailbox);
        return BOC_OK;
    }
    /* First: a tag that the list misses has the new limit from its start. */
    size_t old = boc__mailbox_set_default_capacity(capacity);
    boc__mailbox_t **list;
    size_t count;
    boc_status_t status = boc__tags_list(&list, &count);
    if (status != BOC_OK) {
        (void)boc__mailbox_set_default_capacity(old);
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        boc__mailbox_admit(list[i]);
        boc__mailbox_unref(list[i]);
    }
    boc__alloc_free(list);
    return BOC_OK;
}

boc_status_t boc_message_stats(void (*visit)(void *context, const boc_tag_stats_t *stats),
                               void *context) {
    boc__mailbox_t **list;
    size_t count;
    boc_status_t status = boc__tags_list(&list, &count);
    if (status != BOC_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        boc_tag_stats_t stats;
        boc__mailbox_read_stats(list[i], &stats);
        stats.index = i;
        visit(context, &stats);
        boc__mailbox_unref(list[i]);
    }
    boc__alloc_free(list);
    return BOC_OK;
}

void boc_message_forget_all(void) {
    boc__recent_forget();
    boc__mailbox_t *gone = boc__tags_forget();
    while (gone != NULL) {
        boc__mailbox_t *mailbox = gone;
        gone = mailbox->next;
        boc__mailbox_forget(mailbox);
        boc__mailbox_drain(mailbox);
        boc__mailbox_unref(mailbox);
    }
    (void)boc__mailbox_set_default_capacity(BOC_QUEUE_CAPACITY_DEFAULT);
}
