#include "core/message/queue.h"

#include "core/alloc.h"

#include <assert.h>
#include <stdalign.h>

enum { CHUNK_ITEMS = 31 };

struct boc__queue_chunk {
    boc__queue_chunk_t *next;
    boc_payload_t items[CHUNK_ITEMS];
};

static boc__queue_chunk_t *take_chunk(boc__queue_t *queue) {
    boc__queue_chunk_t *chunk = queue->spare;
    queue->spare = NULL;
    if (chunk == NULL)
        chunk = boc__alloc(alignof(boc__queue_chunk_t), sizeof *chunk);
    if (chunk != NULL)
        chunk->next = NULL;
    return chunk;
}

bool boc__queue_push(boc__queue_t *queue, boc_payload_t payload) {
    if (queue->last == NULL || queue->tail == CHUNK_ITEMS) {
        boc__queue_chunk_t *chunk = take_chunk(queue);
        if (chunk == NULL)
            return false;
        if (queue->last != NULL) {
            queue->last->next = chunk;
        } else {
            queue->first = chunk;
            queue->head = 0;
        }
        queue->last = chunk;
        queue->tail = 0;
    }
    queue->last->items[queue->tail++] = payload;
    queue->length++;
    return true;
}

bool boc__queue_pop(boc__queue_t *queue, boc_payload_t *p_payload) {
    if (queue->length == 0)
        return false;
    assert(queue->first != NULL && queue->head < CHUNK_ITEMS);
    *p_payload = queue->first->items[queue->head++];
    queue->length--;
    if (queue->length == 0) { /* start the only chunk again */
        assert(queue->first == queue->last);
        queue->head = queue->tail = 0;
    } else if (queue->head == CHUNK_ITEMS) {
        boc__queue_chunk_t *empty = queue->first;
        queue->first = empty->next;
        queue->head = 0;
        if (queue->spare == NULL)
            queue->spare = empty;
        else
            boc__alloc_free(empty);
    }
    return true;
}

void boc__queue_clear(boc__queue_t *queue) {
    boc_payload_t payload;
    while (boc__queue_pop(queue, &payload))
        boc_payload_drop(&payload);
    boc__alloc_free(queue->first);
    boc__alloc_free(queue->spare);
    *queue = (boc__queue_t){.first = NULL};
}
