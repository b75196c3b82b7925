/* queue.h - unbounded FIFO of payloads in chunks; no synchronization.
 *
 * Owns the payloads in it.  A zeroed queue is empty.
 */
#ifndef BOC_CORE_MESSAGE_QUEUE_H
#define BOC_CORE_MESSAGE_QUEUE_H

#include <boc/payload.h>
#include <stdbool.h>

typedef struct boc__queue_chunk boc__queue_chunk_t;

typedef struct boc__queue {
    boc__queue_chunk_t *first;
    boc__queue_chunk_t *last;
    boc__queue_chunk_t *spare; /* an empty one, so that a short queue allocates nothing */
    unsigned head;             /* next to pop in `first` */
    unsigned tail;             /* next to fill in `last` */
    size_t length;
} boc__queue_t;

/* Take `payload`.  False without memory: the payload stays the caller's. */
bool boc__queue_push(boc__queue_t *queue, boc_payload_t payload);

/* False when empty. */
bool boc__queue_pop(boc__queue_t *queue, boc_payload_t *p_payload);

/* Drop what is in it, and its memory; calls the host.  The queue is empty afterwards. */
void boc__queue_clear(boc__queue_t *queue);

#endif
