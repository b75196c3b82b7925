#include "core/sched/overflow.h"

#include "core/slab.h"
#include "platform/yield.h"

#include <assert.h>
#include <string.h>

struct boc__overflow_chunk {
    boc__overflow_chunk_t *next;
    uint32_t count;
    uint8_t class;
    boc__work_t *works[BOC__OVERFLOW_CHUNK];
};

static_assert(sizeof(boc__overflow_chunk_t) <= BOC__SLAB_BLOCK_BYTES_MAX,
              "a chunk is a slab block");

void boc__overflow_init(boc__overflow_t *overflow) {
    boc__mutex_init(&overflow->mutex);
    overflow->first = overflow->last = NULL;
    overflow->loose_first = overflow->loose_last = NULL;
    atomic_init(&overflow->waiting, 0);
}

void boc__overflow_deinit(boc__overflow_t *overflow) {
    assert(overflow->first == NULL && overflow->loose_first == NULL);
    boc__mutex_deinit(&overflow->mutex);
}

static void add_waiting(boc__overflow_t *overflow, uint32_t change) {
    /* seq_cst: before the caller looks for sleepers (idle.h). */
    atomic_fetch_add_explicit(&overflow->waiting, change, memory_order_seq_cst);
}

static void put_loose(boc__overflow_t *overflow, boc__work_t *const *works, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        works[i]->next = NULL;
        if (overflow->loose_last != NULL)
            overflow->loose_last->next = works[i];
        else
            overflow->loose_first = works[i];
        overflow->loose_last = works[i];
    }
}

static void put_chunk(boc__overflow_t *overflow, boc__overflow_chunk_t *chunk) {
    chunk->next = NULL;
    if (overflow->last != NULL)
        overflow->last->next = chunk;
    else
        overflow->first = chunk;
    overflow->last = chunk;
}

void boc__overflow_put(boc__overflow_t *overflow, boc__work_t *const *works, uint32_t count) {
    assert(count > 0 && count <= BOC__OVERFLOW_CHUNK);
    uint8_t class = 0;
    boc__overflow_chunk_t *chunk = boc__slab_allocate(sizeof *chunk, &class);
    if (chunk != NULL) {
        chunk->class = class;
        chunk->count = count;
        memcpy(chunk->works, works, count * sizeof *works);
    }
    boc__mutex_lock(&overflow->mutex);
    if (chunk != NULL)
        put_chunk(overflow, chunk);
    else
        put_loose(overflow, works, count);
    add_waiting(overflow, chunk != NULL ? 1 : count);
    boc__mutex_unlock(&overflow->mutex);
}

static uint32_t take_loose(boc__overflow_t *overflow, boc__work_t **works) {
    uint32_t count = 0;
    while (count < BOC__OVERFLOW_CHUNK && overflow->loose_first != NULL) {
        works[count] = overflow->loose_first;
        overflow->loose_first = works[count]->next;
        count++;
    }
    if (overflow->loose_first == NULL)
        overflow->loose_last = NULL;
    return count;
}

uint32_t boc__overflow_take(boc__overflow_t *overflow, boc__work_t **works) {
    if (boc__overflow_is_empty(overflow))
        return 0;
    uint32_t count = 0;
    boc__mutex_lock(&overflow->mutex);
    boc__overflow_chunk_t *chunk = overflow->first;
    if (chunk != NULL) {
        overflow->first = chunk->next;
        if (overflow->first == NULL)
            overflow->last = NULL;
        add_waiting(overflow, 0u - 1u);
    } else {
        count = take_loose(overflow, works);
        add_waiting(overflow, 0u - count);
    }
    boc__mutex_unlock(&overflow->mutex);
    if (chunk != NULL) {
        count = chunk->count;
        memcpy(works, chunk->works, count * sizeof *works);
        boc__slab_free(chunk, chunk->class);
    }
    return count;
}

bool boc__overflow_is_empty(const boc__overflow_t *overflow) {
    BOC_YIELD();
    /* seq_cst: the sleeper's side of idle.h. */
    return atomic_load_explicit(&overflow->waiting, memory_order_seq_cst) == 0;
}
