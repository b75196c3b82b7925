/* overflow.h - shared queue of work that found no place in a ring.
 *
 * First in, first out, in chunks of up to 126 pointers that move under one lock
 * each: walking a linked list of cold works for every batch would cost more than
 * the works.  When no chunk can be allocated the works are linked one by one, and
 * taken once there are no chunks.
 *
 * Threads   put, take, is_empty   any thread
 *           init, deinit          while nobody else uses the queue
 *
 * Ordering: everything is guarded by the mutex; `waiting` is also read without it,
 * seq_cst, for the sleeper protocol of idle.h.
 */
#ifndef BOC_CORE_SCHED_OVERFLOW_H
#define BOC_CORE_SCHED_OVERFLOW_H

#include "core/sched/work.h"
#include "platform/thread.h"

#define BOC__OVERFLOW_CHUNK 126

typedef struct boc__overflow_chunk boc__overflow_chunk_t;

typedef struct boc__overflow {
    boc__mutex_t mutex;
    boc__overflow_chunk_t *first; /* guarded by mutex; oldest */
    boc__overflow_chunk_t *last;  /* guarded by mutex */
    boc__work_t *loose_first;     /* guarded by mutex; works without a chunk */
    boc__work_t *loose_last;      /* guarded by mutex */
    _Atomic uint32_t waiting;     /* chunks and loose works; written under mutex */
} boc__overflow_t;

void boc__overflow_init(boc__overflow_t *overflow);
void boc__overflow_deinit(boc__overflow_t *overflow);

/* Append `count` (1 to BOC__OVERFLOW_CHUNK) works.  Never fails. */
void boc__overflow_put(boc__overflow_t *overflow, boc__work_t *const *works, uint32_t count);

/* Move the oldest works, at most BOC__OVERFLOW_CHUNK, to `works`; how many. */
uint32_t boc__overflow_take(boc__overflow_t *overflow, boc__work_t **works);

bool boc__overflow_is_empty(const boc__overflow_t *overflow);

#endif
