/* slab.h - small blocks for cowns and behaviors, freed by any thread.
 *
 * Each thread has a heap: slabs of one large page, cut into blocks of one size class
 * as they are needed, and a free list per class that only its thread touches.  A
 * block freed by another thread travels home: it is collected in the freeing
 * thread's outbox and pushed in batches onto the remote list of the heap it came
 * from (the idea of mimalloc and snmalloc: Leijen, Zorn, de Moura, "Mimalloc: Free
 * List Sharding in Action", 2019; Lietar et al., "snmalloc: A Message Passing
 * Allocator", 2019).
 * A heap whose thread ended waits for the next thread that needs one.
 *
 * Slabs are never given back to the system while the process runs.
 *
 * Threads   boc__slab_allocate, boc__slab_free, boc__slab_flush   any thread
 *           boc__slab_restart_ids, boc__slab_live                 when nothing else runs
 *
 * Ordering edges (the letters are used in slab.c):
 *   (a) remote push -> remote drain   the owner may write the block again.
 */
#ifndef BOC_CORE_SLAB_H
#define BOC_CORE_SLAB_H

#include <stddef.h>
#include <stdint.h>

/* Blocks above this size come from the allocator of alloc.h. */
#define BOC__SLAB_BLOCK_BYTES_MAX 1024

/* Class of a block that did not come from a slab. */
#define BOC__SLAB_LARGE 0xff

/* A block of at least `size` bytes, aligned to a cache line, not cleared, and in
 * `*p_class` what boc__slab_free wants back.  NULL when memory is out. */
void *boc__slab_allocate(size_t size, uint8_t *p_class);

void boc__slab_free(void *block, uint8_t class);

/* Send the blocks in the calling thread's outbox home.  Before a long sleep. */
void boc__slab_flush(void);

/* Unique numbers for cowns, handed out in blocks per thread; 0 when memory for
 * the thread's heap is out. */
uint64_t boc__slab_next_id(void);

/* Number from 1 again, so that a seed replays alone as it ran among others.  For
 * tests, while there are no cowns. */
void boc__slab_restart_ids(void);

/* Blocks allocated and not freed, process-wide.  For tests. */
size_t boc__slab_live(void);

#endif
