/* alloc.h - where the runtime's memory comes from.
 *
 * One replaceable pair of functions, so that tests can count blocks and make
 * any allocation fail.
 *
 * Threads   boc__alloc_set    while no other thread uses the runtime
 *           the rest          any thread
 */
#ifndef BOC_CORE_ALLOC_H
#define BOC_CORE_ALLOC_H

#include <stddef.h>

typedef struct boc__allocator {
    /* A block of `size` bytes aligned to `align` (a power of two), or NULL. */
    void *(*allocate)(size_t align, size_t size);
    void (*release)(void *block);
} boc__allocator_t;

/* NULL restores the system's allocator.  `allocator` must stay valid. */
void boc__alloc_set(const boc__allocator_t *allocator);

/* NULL on failure.  The memory is not cleared. */
void *boc__alloc(size_t align, size_t size);

/* Freeing NULL does nothing. */
void boc__alloc_free(void *block);

#endif
