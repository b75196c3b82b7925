/* recent.h - the tags that a thread used last, so that it finds their mailboxes without a lock.
 *
 * Owns      a few references per thread, until it ends; the thread that ends with the process
 *           keeps its.  A mailbox that left the table is forgotten when it is looked for.
 * Threads   any thread, for itself
 */
#ifndef BOC_CORE_MESSAGE_RECENT_H
#define BOC_CORE_MESSAGE_RECENT_H

#include "core/message/mailbox.h"

/* Borrowed: it lasts until the thread calls one of these again, so the caller takes a reference
 * before code of the host runs.  `find`: NULL when the tag is not assigned; `get` assigns it,
 * NULL without memory. */
boc__mailbox_t *boc__recent_find(boc_tag_t tag);
boc__mailbox_t *boc__recent_get(boc_tag_t tag);

/* The calling thread has used nothing. */
void boc__recent_forget(void);

#endif
