#include "core/message/recent.h"

#include "core/message/tags.h"
#include "platform/compiler.h"

#include <string.h>

enum { RECENT = 8 };

static _Thread_local struct {
    boc__mailbox_t *mailboxes[RECENT]; /* by hash; each with a reference */
    bool ends_with_thread;             /* `at_exit` is registered */
} tl_recent BOC_TLS_STATIC;

void boc__recent_forget(void) {
    for (int i = 0; i < RECENT; i++) {
        boc__mailbox_t *mailbox = tl_recent.mailboxes[i];
        tl_recent.mailboxes[i] = NULL;
        if (mailbox != NULL)
            boc__mailbox_unref(mailbox);
    }
}

static void at_exit(void *unused) {
    (void)unused;
    tl_recent.ends_with_thread = false;
    boc__recent_forget();
}

/* Take `found`, or NULL.  Returned as it is; NULL when the thread's end would not be seen. */
static boc__mailbox_t *remember(boc__mailbox_t **p_place, boc__mailbox_t *found) {
    if (found == NULL)
        return NULL;
    if (!tl_recent.ends_with_thread && boc__thread_at_exit(at_exit, NULL) != BOC_OK) {
        boc__mailbox_unref(found);
        return NULL;
    }
    tl_recent.ends_with_thread = true;
    boc__mailbox_t *old = *p_place;
    *p_place = found;
    if (old != NULL)
        boc__mailbox_unref(old);
    return found;
}

static boc__mailbox_t **place_of(uint64_t hash) {
    return &tl_recent.mailboxes[(hash ^ hash >> 32) % RECENT];
}

static bool is_it(boc__mailbox_t *mailbox, boc_tag_t tag, uint64_t hash) {
    return mailbox != NULL && boc__mailbox_has_tag(mailbox, tag, hash) &&
           !boc__mailbox_is_retired(mailbox);
}

boc__mailbox_t *boc__recent_find(boc_tag_t tag) {
    uint64_t hash = boc__tags_hash(tag);
    boc__mailbox_t **place = place_of(hash);
    return is_it(*place, tag, hash) ? *place : remember(place, boc__tags_find(tag, hash));
}

boc__mailbox_t *boc__recent_get(boc_tag_t tag) {
    uint64_t hash = boc__tags_hash(tag);
    boc__mailbox_t **place = place_of(hash);
    return is_it(*place, tag, hash) ? *place : remember(place, boc__tags_get(tag, hash));
}
