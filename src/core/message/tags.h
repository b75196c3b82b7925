/* tags.h - the table of assigned tags: from a string of bytes to its mailbox.
 *
 * A tag stays until boc__tags_replace leaves it out.  Found mailboxes are returned with
 * a reference; one that was left out meanwhile says so itself (BOC_STEP_RETIRED).
 *
 * Owns      one reference of each mailbox in it.
 * Threads   any thread; forget: see boc_message_forget_all.
 */
#ifndef BOC_CORE_MESSAGE_TAGS_H
#define BOC_CORE_MESSAGE_TAGS_H

#include "core/message/mailbox.h"

uint64_t boc__tags_hash(boc_tag_t tag);

/* NULL when the tag is not assigned. */
boc__mailbox_t *boc__tags_find(boc_tag_t tag, uint64_t hash);

/* Assign the tag unless it is; NULL without memory. */
boc__mailbox_t *boc__tags_get(boc_tag_t tag, uint64_t hash);

/* Assign exactly `tags`; mailboxes of tags that stay are kept.  Those that go are given
 * to the caller, linked by `next`.  BOC_ENOMEM: nothing was changed. */
boc_status_t boc__tags_replace(const boc_tag_t *tags, size_t count, boc__mailbox_t **p_gone);

/* All mailboxes in the order of their index, each with a reference, in an array for
 * boc__alloc_free. */
boc_status_t boc__tags_list(boc__mailbox_t ***p_list, size_t *p_count);

/* Take every mailbox out, without regard to locks; linked by `next`. */
boc__mailbox_t *boc__tags_forget(void);

#endif
