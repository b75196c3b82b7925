/* boc_test_alloc.h - an allocator for tests: counts blocks, fails when told to.
 *
 * It replaces the runtime's allocator between begin and end, which belong to the main
 * thread while no other thread uses the runtime.  Allocation and release are counted
 * from any thread.  New memory is filled with a pattern, so that a field read before it
 * was set shows.  Include after boc_test.h, in one file of the program. */
#ifndef BOC_TEST_ALLOC_H
#define BOC_TEST_ALLOC_H

#include "core/alloc.h"

#include "boc_test.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* All relaxed: each is a plain count, read when the threads that changed it are joined. */
static struct {
    _Atomic(long) calls;   /* allocations asked for since begin */
    _Atomic(long) live;    /* blocks given out and not released */
    _Atomic(long) fail_at; /* the value of calls that fails; 0: none */
    _Atomic(bool) failed;  /* that call has come */
} boc_test_memory;

static void *boc_test_allocate(size_t align, size_t size) {
    /* relaxed: counts, see above. */
    long call = atomic_fetch_add_explicit(&boc_test_memory.calls, 1, memory_order_relaxed) + 1;
    if (call == atomic_load_explicit(&boc_test_memory.fail_at, memory_order_relaxed)) {
        atomic_store_explicit(&boc_test_memory.failed, true, memory_order_relaxed);
        return NULL;
    }
    if (align < sizeof(void *))
        align = sizeof(void *);
    size = (size + align - 1) / align * align; /* what aligned_alloc asks for */
    void *block = aligned_alloc(align, size == 0 ? align : size);
    if (block == NULL)
        return NULL;
    memset(block, 0xA5, size);
    atomic_fetch_add_explicit(&boc_test_memory.live, 1, memory_order_relaxed);
    return block;
}

static void boc_test_release(void *block) {
    if (block == NULL)
        return;
    /* relaxed: a count, see above. */
    atomic_fetch_sub_explicit(&boc_test_memory.live, 1, memory_order_relaxed);
    free(block);
}

/* Blocks given out since begin and not released. */
static inline long boc_test_alloc_live(void) {
    return atomic_load_explicit(&boc_test_memory.live, memory_order_relaxed);
}

/* Allocations asked for since begin or the last fail_at. */
static inline long boc_test_alloc_calls(void) {
    return atomic_load_explicit(&boc_test_memory.calls, memory_order_relaxed);
}

/* Did the allocation that fail_at chose come? */
static inline bool boc_test_alloc_failed(void) {
    return atomic_load_explicit(&boc_test_memory.failed, memory_order_relaxed);
}

/* Let the n-th allocation from now on fail, and only that one; 0: none. */
static inline void boc_test_alloc_fail_at(long n) {
    atomic_store_explicit(&boc_test_memory.calls, 0, memory_order_relaxed);
    atomic_store_explicit(&boc_test_memory.failed, false, memory_order_relaxed);
    atomic_store_explicit(&boc_test_memory.fail_at, n, memory_order_relaxed);
}

static inline void boc_test_alloc_begin(void) {
    static const boc__allocator_t allocator = {boc_test_allocate, boc_test_release};
    atomic_store_explicit(&boc_test_memory.live, 0, memory_order_relaxed);
    boc_test_alloc_fail_at(0);
    boc__alloc_set(&allocator);
}

/* Give the system's allocator back; every block must have been released. */
static inline void boc_test_alloc_end(void) {
    CHECK_EQ(boc_test_alloc_live(), 0);
    boc__alloc_set(NULL);
}

/* Run `run` once for each of its allocations, which fails, until all succeed; nothing may
 * leak in any round.  Returns how many allocations were made to fail.  `run` sees a
 * failure as the status of what it calls, and must clean up after itself either way. */
static inline long boc_test_alloc_sweep(void (*run)(void)) {
    long n = 0;
    boc_test_alloc_begin();
    do {
        boc_test_alloc_fail_at(++n);
        run();
        if (boc_test_alloc_live() != 0)
            fprintf(stderr, "leak when allocation %ld fails\n", n);
        CHECK_EQ(boc_test_alloc_live(), 0);
    } while (boc_test_alloc_failed());
    boc_test_alloc_end();
    return n - 1;
}

#endif
