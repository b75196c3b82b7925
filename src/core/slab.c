#include "core/slab.h"

#include "core/alloc.h"
#include "platform/atomic.h"
#include "platform/compiler.h"
#include "platform/memory.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <assert.h>
#include <stdbool.h>

/* Large, because every free reads the header of the block's slab, and headers are one
 * slab's distance apart: few cache sets.  Only what is handed out is touched. */
#define SLAB_BYTES BOC_LARGE_PAGE_BYTES
#define HEADER_BYTES ((size_t)128) /* a block of two lines is a pair that is fetched together */
#define CLASS_BYTES ((size_t)64)
#define WINDOW_BYTES ((size_t)128 * 1024)
#define SMALL_SLABS 16 /* of a class, before large pages: what these waste is a small part */
#define CLASS_COUNT (BOC__SLAB_BLOCK_BYTES_MAX / 64)
#define OUTBOX_BLOCKS_MAX 32
#define ID_BLOCK 1024

/* Under AddressSanitizer each block is a block of its own, so that use after
 * free is seen; under the seeded scheduler too, so that a run does not depend on
 * what earlier runs left in the free lists. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1 /* clang says it so, gcc by __SANITIZE_ADDRESS__ */
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HAS_ADDRESS_SANITIZER) || defined(BOC_SYSTEMATIC)
#define PASS_THROUGH 1
#else
#define PASS_THROUGH 0
#endif

typedef struct block {
    struct block *next;
} block_t;

/* Blocks of one class on their way to one heap, newest first. */
typedef struct outbox {
    block_t *first, *last;
    struct heap *home;
    unsigned count;
} outbox_t;

typedef struct heap {
    /* owner thread only */
    block_t *free[CLASS_COUNT];
    char *fresh[CLASS_COUNT];     /* the part of the newest slab that was never handed out ... */
    char *fresh_end[CLASS_COUNT]; /* ... as far as it may be touched */
    unsigned slabs[CLASS_COUNT];
    outbox_t outboxes[CLASS_COUNT];
    uint64_t next_id, end_id;

    /* written by the owner, read by boc__slab_live */
    _Atomic size_t allocated, freed;

    struct heap *next_heap; /* all heaps; fixed once published */
    struct heap *next_idle; /* guarded by globals.lock */

    /* written by other threads */
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic(block_t *) remote[CLASS_COUNT];
} heap_t;

typedef struct slab {
    heap_t *home;
} slab_t;

static struct {
    atomic_flag lock;     /* held for a few instructions, when threads come and go */
    heap_t *idle;         /* guarded by lock */
    _Atomic(heap_t *) all;
    _Atomic uint64_t ids;
    _Atomic size_t freed; /* by threads that have no heap */
} globals = {.lock = ATOMIC_FLAG_INIT};

static _Thread_local heap_t *tl_heap BOC_TLS_STATIC;

static void lock_globals(void) {
    /* acquire: see what the previous holder did to the idle list. */
    while (atomic_flag_test_and_set_explicit(&globals.lock, memory_order_acquire))
        boc__thread_yield();
}

static void unlock_globals(void) {
    /* release: publish the idle list. */
    atomic_flag_clear_explicit(&globals.lock, memory_order_release);
}

static heap_t *take_idle_heap(void) {
    lock_globals();
    heap_t *heap = globals.idle;
    if (heap != NULL)
        globals.idle = heap->next_idle;
    unlock_globals();
    return heap;
}

static heap_t *new_heap(void) {
    heap_t *heap = boc__alloc(BOC_CACHE_LINE_BYTES, sizeof *heap);
    if (heap == NULL)
        return NULL;
    *heap = (heap_t){.next_id = 0};
    /* relaxed: heaps are only ever added, and the links before ours are read
     * under the exchange below. */
    heap_t *first = atomic_load_explicit(&globals.all, memory_order_relaxed);
    do {
        heap->next_heap = first;
        /* release: publishes next_heap to boc__slab_live. */
    } while (!atomic_compare_exchange_weak_explicit(&globals.all, &first, heap,
                                                    memory_order_release, memory_order_relaxed));
    return heap;
}

static void leave_heap(void *context) {
    heap_t *heap = context;
    boc__slab_flush();
    tl_heap = NULL;
    lock_globals();
    heap->next_idle = globals.idle;
    globals.idle = heap;
    unlock_globals();
}

/* The calling thread's heap; made, or taken over, on first use. */
BOC_COLD static heap_t *enter_heap(void) {
    heap_t *heap = take_idle_heap();
    if (heap == NULL)
        heap = new_heap();
    if (heap == NULL)
        return NULL;
    tl_heap = heap;
    if (boc__thread_at_exit(leave_heap, heap) != BOC_OK) {
        leave_heap(heap);
        return NULL;
    }
    return heap;
}

static inline heap_t *heap_of_thread(void) {
    heap_t *heap = tl_heap;
    return heap != NULL ? heap : enter_heap();
}

static slab_t *slab_of(block_t *block) {
    return (slab_t *)((uintptr_t)block & ~(uintptr_t)(SLAB_BYTES - 1));
}

static void count(_Atomic size_t *counter) {
    /* relaxed: written by this thread alone, read when nothing else runs. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* The blocks that other threads sent home, as the new free list. */
static block_t *take_remote(heap_t *heap, unsigned class) {
    /* relaxed: only a hint; the exchange below acquires. */
    if (atomic_load_explicit(&heap->remote[class], memory_order_relaxed) == NULL)
        return NULL;
    /* acquire (a): the freeing threads are done with these blocks. */
    return atomic_exchange_explicit(&heap->remote[class], NULL, memory_order_acquire);
}

/* Take `block`, the first of the free list.  The next one was perhaps last used on another
 * CPU: its lines can travel until it is wanted. */
static inline void unlink_first(heap_t *heap, unsigned class, block_t *block) {
    block_t *next = block->next;
    heap->free[class] = next;
    boc__cpu_prefetch_for_write(next);
    if (class >= 1)
        boc__cpu_prefetch_for_write((const char *)next + BOC_CACHE_LINE_BYTES);
    if (class >= 2)
        boc__cpu_prefetch_for_write((const char *)next + 2 * BOC_CACHE_LINE_BYTES);
}

static size_t block_bytes(unsigned class) { return ((size_t)class + 1) * CLASS_BYTES; }

/* Let the heap cut `bytes` more of its newest slab: whole blocks, at most what it has. */
static void widen(heap_t *heap, unsigned class, slab_t *slab, size_t bytes) {
    size_t size = block_bytes(class);
    char *end = (char *)slab + HEADER_BYTES + (SLAB_BYTES - HEADER_BYTES) / size * size;
    size_t left = (size_t)(end - heap->fresh[class]);
    heap->fresh_end[class] = heap->fresh[class] + (bytes < left ? bytes / size * size : left);
}

/* The next part of the newest slab; false if there is none.  Its pages come at once, which
 * is cheaper than one by one, and wastes less than a large page. */
static bool open_window(heap_t *heap, unsigned class) {
    char *from = heap->fresh[class];
    if (from == NULL)
        return false;
    slab_t *slab = slab_of((block_t *)(void *)(from - 1)); /* `from` may be its end */
    widen(heap, class, slab, WINDOW_BYTES);
    if (heap->fresh_end[class] == from)
        return false;
    boc__memory_populate(from, (size_t)(heap->fresh_end[class] - from));
    return true;
}

static bool new_slab(heap_t *heap, unsigned class) {
    slab_t *slab = boc__alloc(SLAB_BYTES, SLAB_BYTES);
    if (slab == NULL)
        return false;
    /* Whoever needs a second slab has bursts; the first costs what is used of it. */
    unsigned number = heap->slabs[class]++;
    bool is_windowed = number > 0 && number < SMALL_SLABS;
    if (number >= SMALL_SLABS)
        boc__memory_prefer_large_pages(slab, SLAB_BYTES);
    slab->home = heap;
    heap->fresh[class] = (char *)slab + HEADER_BYTES;
    if (is_windowed)
        (void)open_window(heap, class);
    else
        widen(heap, class, slab, SLAB_BYTES);
    return true;
}

static bool refill(heap_t *heap, unsigned class) {
    return open_window(heap, class) || new_slab(heap, class);
}

/* The free list of the class is empty: what others sent home, else the next block of
 * the newest slab, lowest address first. */
BOC_OUTLINE static block_t *take_more(heap_t *heap, unsigned class) {
    block_t *block = take_remote(heap, class);
    if (block != NULL) {
        unlink_first(heap, class, block);
        return block;
    }
    if (heap->fresh[class] == heap->fresh_end[class] && !refill(heap, class))
        return NULL;
    block = (block_t *)(void *)heap->fresh[class];
    heap->fresh[class] += block_bytes(class);
    return block;
}

BOC_COLD static void *allocate_large(heap_t *heap, size_t size, uint8_t *p_class) {
    void *large = boc__alloc(BOC_CACHE_LINE_BYTES, size);
    if (large == NULL)
        return NULL;
    *p_class = BOC__SLAB_LARGE;
    count(&heap->allocated);
    return large;
}

void *boc__slab_allocate(size_t size, uint8_t *p_class) {
    assert(size > 0);
    heap_t *heap = heap_of_thread();
    if (heap == NULL)
        return NULL;
    if (PASS_THROUGH || size > BOC__SLAB_BLOCK_BYTES_MAX)
        return allocate_large(heap, size, p_class);
    unsigned class = (unsigned)((size - 1) / CLASS_BYTES);
    block_t *block = heap->free[class];
    if (block != NULL)
        unlink_first(heap, class, block);
    else if ((block = take_more(heap, class)) == NULL)
        return NULL;
    count(&heap->allocated);
    *p_class = (uint8_t)class;
    return block;
}

static void send_home(outbox_t *outbox, unsigned class) {
    _Atomic(block_t *) *remote = &outbox->home->remote[class];
    BOC_YIELD();
    /* relaxed: the push below does not read through `first`. */
    block_t *first = atomic_load_explicit(remote, memory_order_relaxed);
    do {
        outbox->last->next = first;
        /* release (a): our last use of the blocks comes before the owner's next. */
    } while (!atomic_compare_exchange_weak_explicit(remote, &first, outbox->first,
                                                    memory_order_release, memory_order_relaxed));
    outbox->count = 0;
}

void boc__slab_flush(void) {
    heap_t *heap = tl_heap;
    for (unsigned i = 0; heap != NULL && i < CLASS_COUNT; i++)
        if (heap->outboxes[i].count > 0)
            send_home(&heap->outboxes[i], i);
}

BOC_OUTLINE static void free_remote(outbox_t *outbox, unsigned class, heap_t *home,
                                    block_t *block) {
    if (outbox->count > 0 && outbox->home != home)
        send_home(outbox, class);
    if (outbox->count == 0) {
        outbox->home = home;
        outbox->last = block;
        block->next = NULL;
    } else {
        block->next = outbox->first;
    }
    outbox->first = block;
    if (++outbox->count == OUTBOX_BLOCKS_MAX)
        send_home(outbox, class);
}

/* A thread that cannot get a heap still frees: block by block. */
static void free_without_heap(block_t *block, unsigned class) {
    outbox_t passing = {block, block, slab_of(block)->home, 1};
    send_home(&passing, class);
}

/* A large block, or a thread without a heap. */
BOC_COLD static void free_specially(heap_t *heap, void *memory, uint8_t class) {
    if (heap != NULL)
        count(&heap->freed);
    else /* relaxed: read when nothing else runs. */
        atomic_fetch_add_explicit(&globals.freed, 1, memory_order_relaxed);
    if (class == BOC__SLAB_LARGE)
        boc__alloc_free(memory);
    else
        free_without_heap(memory, class);
}

void boc__slab_free(void *memory, uint8_t class) {
    heap_t *heap = heap_of_thread();
    if (heap == NULL || class == BOC__SLAB_LARGE) {
        free_specially(heap, memory, class);
        return;
    }
    count(&heap->freed);
    block_t *block = memory;
    heap_t *home = slab_of(block)->home;
    if (home == heap) {
        block->next = heap->free[class];
        heap->free[class] = block;
    } else {
        free_remote(&heap->outboxes[class], class, home, block);
    }
}

uint64_t boc__slab_next_id(void) {
    heap_t *heap = heap_of_thread();
    if (heap == NULL)
        return 0;
    if (heap->next_id == heap->end_id) {
        /* relaxed: only uniqueness matters. */
        heap->next_id = 1 + atomic_fetch_add_explicit(&globals.ids, ID_BLOCK, memory_order_relaxed);
        heap->end_id = heap->next_id + ID_BLOCK;
    }
    return heap->next_id++;
}

void boc__slab_restart_ids(void) {
    /* relaxed: the caller says that nothing else runs. */
    atomic_store_explicit(&globals.ids, 0, memory_order_relaxed);
    heap_t *heap = atomic_load_explicit(&globals.all, memory_order_relaxed);
    for (; heap != NULL; heap = heap->next_heap)
        heap->next_id = heap->end_id = 0;
}

size_t boc__slab_live(void) {
    /* relaxed: the caller says that nothing else runs. */
    size_t live = 0 - atomic_load_explicit(&globals.freed, memory_order_relaxed);
    /* acquire: see the next_heap links. */
    heap_t *heap = atomic_load_explicit(&globals.all, memory_order_acquire);
    for (; heap != NULL; heap = heap->next_heap) {
        /* relaxed: as above. */
        live += atomic_load_explicit(&heap->allocated, memory_order_relaxed);
        live -= atomic_load_explicit(&heap->freed, memory_order_relaxed);
    }
    return live;
}
