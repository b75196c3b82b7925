/* message.h - queues with names, between any threads of the process.
 *
 * A message is a payload under a tag; a tag is any string of bytes and exists from
 * its first use.  Each message is received once.  Messages of one producer under
 * one tag arrive in order.  A receiver names one or more tags and gets the first
 * message under any of them; messages under other tags are not disturbed.
 *
 * A queue holds a limited number of messages (BOC_QUEUE_CAPACITY_DEFAULT unless
 * set).  No runtime is needed.
 *
 * Threads   any thread, except where said.
 * Owns      payloads from send on, on failure too, until receive gives them away.
 */
#ifndef BOC_MESSAGE_H
#define BOC_MESSAGE_H

#include <boc/blocking.h>
#include <boc/export.h>
#include <boc/limits.h>
#include <boc/payload.h>
#include <boc/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed bytes; `bytes` may be NULL when `size` is 0. */
typedef struct boc_tag {
    const char *bytes;
    size_t size;
} boc_tag_t;

typedef struct boc_tag_stats {
    boc_tag_t tag; /* valid during the visit */
    size_t index;  /* order of assignment */
    size_t length; /* messages that wait now */
    size_t capacity;
    uint64_t pushed; /* since the tag was assigned */
    uint64_t popped; /* received; drained ones do not count */
    uint64_t push_retries; /* pushes that found the queue full or the tag replaced */
    uint64_t pop_retries;  /* receivers found here that another tag had served already */
} boc_tag_stats_t;

/* Take `payload` and queue it.  When the queue is full: BOC_EFULL for a timeout of 0,
 * otherwise wait in line for room; BOC_ETIMEOUT, never early; BOC_EINTERRUPTED when a
 * signal handler ran on this thread.  BOC_ENOMEM.  `blocking` may be NULL. */
BOC_API BOC_MUST_CHECK boc_status_t boc_message_send(boc_tag_t tag, boc_payload_t payload,
                                                     int64_t timeout_ns,
                                                     const boc_blocking_t *blocking);

/* Get a message under one of `count` tags, the earlier ones in the array first, and the
 * index of its tag: a message is not overtaken by one that was sent after it under a
 * later tag.  A timeout of 0 looks at each tag once, in order, and assigns no tag.  BOC_ETIMEOUT,
 * never early; BOC_EINTERRUPTED; BOC_EINVALID for no tags; BOC_ENOMEM.  On failure no message is
 * lost. */
BOC_API BOC_MUST_CHECK boc_status_t boc_message_receive(const boc_tag_t *tags, size_t count,
                                                        int64_t timeout_ns,
                                                        const boc_blocking_t *blocking,
                                                        size_t *p_index, boc_payload_t *p_payload);

/* Drop the messages that wait under `tag`.  Senders that wait for room come after. */
BOC_API void boc_message_drain(boc_tag_t tag);

/* Make `tags` the assigned tags and drop all messages of all tags.  Tags that stay keep
 * their counters and capacity.  Blocked threads go on waiting for the tags they named.
 * BOC_ENOMEM: nothing was changed. */
BOC_API BOC_MUST_CHECK boc_status_t boc_message_set_tags(const boc_tag_t *tags, size_t count);

/* Limit the queue of `tag`, or of every tag without a limit of its own when it is NULL.
 * Messages beyond a lower limit stay.  BOC_EINVALID unless 1 to BOC_QUEUE_CAPACITY_MAX;
 * BOC_ENOMEM. */
BOC_API BOC_MUST_CHECK boc_status_t boc_message_set_capacity(size_t capacity, const boc_tag_t *tag);

/* Call `visit` for every assigned tag.  It may use messages.  BOC_ENOMEM. */
BOC_API BOC_MUST_CHECK boc_status_t boc_message_stats(void (*visit)(void *context,
                                                                    const boc_tag_stats_t *stats),
                                                      void *context);

/* In the child of a fork, before anything else: forget all tags, messages and the
 * threads that were blocked and do not exist here. */
BOC_API void boc_message_forget_all(void);

#ifdef __cplusplus
}
#endif

#endif
