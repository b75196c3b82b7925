/* Blocks for cowns and behaviors: local, remote, adopted, large. */
#include "fixture.h"

#include "boc_test_alloc.h" /* and alloc.h */

enum { BLOCKS = 300 };

typedef struct held {
    unsigned char *block;
    size_t size;
    uint8_t class;
} held_t;

static held_t allocate(size_t size) {
    held_t held = {NULL, size, 0};
    held.block = boc__slab_allocate(size, &held.class);
    CHECK(held.block != NULL);
    CHECK_EQ((uintptr_t)held.block % BOC_CACHE_LINE_BYTES, 0);
    memset(held.block, (int)(size % 251), size);
    return held;
}

static void release(held_t held) {
    for (size_t i = 0; i < held.size; i++)
        CHECK_EQ(held.block[i], held.size % 251);
    boc__slab_free(held.block, held.class);
}

static void sizes_body(void *context) {
    (void)context;
    static held_t held[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        held[i] = allocate(1 + i * 7); /* beyond BOC__SLAB_BLOCK_BYTES_MAX, too */
    held_t large = allocate(1000 * 1000);
    CHECK_EQ(large.class, BOC__SLAB_LARGE);
    CHECK_EQ(boc__slab_live(), BLOCKS + 1);
    release(large);
    for (size_t i = 0; i < BLOCKS; i++)
        release(held[i]);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(blocks_of_all_sizes_are_aligned_and_apart) { boc__sys_run_seeds(sizes_body, NULL); }

/* -- between threads ------------------------------------------------------------- */

enum { THREADS = 3, BOXES = 8 };

static struct {
    _Atomic(held_t *) boxes[BOXES];
    _Atomic unsigned turn;
} exchange;

static unsigned draw(unsigned *p_random, unsigned below) {
    *p_random = *p_random * 1664525u + 1013904223u;
    return (*p_random >> 16) % below;
}

/* `held[0]` is a block, `held[1]` has the class of `held` itself. */
static void release_both(held_t *held) {
    if (held == NULL)
        return;
    release(held[0]);
    boc__slab_free(held, held[1].class);
}

/* Put blocks into random boxes and free what was in them: mostly blocks of others. */
static void trade(void *context) {
    unsigned random = *(unsigned *)context * 31 + 7;
    for (int i = 0; i < SCALED(20000, 10); i++) {
        uint8_t class = 0;
        held_t *held = boc__slab_allocate(2 * sizeof *held, &class);
        CHECK(held != NULL);
        held[0] = allocate(1 + draw(&random, draw(&random, 20) == 0 ? 3000 : 200));
        held[1].class = class;
        release_both(atomic_exchange(&exchange.boxes[draw(&random, BOXES)], held));
    }
}

static void trade_body(void *context) {
    (void)context;
    boc__thread_t threads[THREADS];
    unsigned numbers[THREADS];
    for (int round = 0; round < 2; round++) { /* the second round adopts heaps */
        for (unsigned i = 0; i < THREADS; i++) {
            numbers[i] = i;
            CHECK_EQ(boc__thread_start(&threads[i], trade, &numbers[i], "trader"), BOC_OK);
        }
        for (int i = 0; i < THREADS; i++)
            boc__thread_join(&threads[i]);
    }
    for (int i = 0; i < BOXES; i++)
        release_both(atomic_exchange(&exchange.boxes[i], NULL));
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(blocks_freed_by_other_threads_stay_whole) { boc__sys_run_seeds(trade_body, NULL); }

static void draw_ids(void *context) {
    uint64_t *ids = context;
    for (int i = 0; i < 1500; i++)
        CHECK((ids[i] = boc__slab_next_id()) != 0);
}

static void ids_body(void *context) {
    (void)context;
    static uint64_t ids[2][1500];
    static bool seen[1024 * 8];
    boc__slab_restart_ids();
    memset(seen, 0, sizeof seen);
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, draw_ids, ids[1], "ids"), BOC_OK);
    draw_ids(ids[0]);
    boc__thread_join(&thread);
    for (int i = 0; i < 3000; i++) {
        uint64_t id = ids[i / 1500][i % 1500];
        CHECK(id < sizeof seen && !seen[id]);
        seen[id] = true;
    }
    boc__slab_restart_ids();
    CHECK_EQ(boc__slab_next_id(), 1);
}
BOC_TEST(ids_are_unique_until_they_are_restarted) { boc__sys_run_seeds(ids_body, NULL); }

/* -- reuse: not where every block comes from the allocator (slab.c) --------------------- */

#if !defined(__SANITIZE_ADDRESS__) && !defined(BOC_SYSTEMATIC)

enum { SIZE = 700, HELD_MAX = 4000 };

static void *refuse(size_t align, size_t size) {
    (void)align, (void)size;
    return NULL;
}
static const boc__allocator_t no_memory = {refuse, free};

/* Take memory away, and from the calling thread every free block of the size. */
static size_t begin_shortage(held_t *held) {
    boc__alloc_set(&no_memory);
    size_t count = 0;
    for (held_t next = {NULL, SIZE, 0};
         (next.block = boc__slab_allocate(SIZE, &next.class)) != NULL; count++) {
        CHECK(count < HELD_MAX);
        memset(next.block, SIZE % 251, SIZE);
        held[count] = next;
    }
    return count;
}

static void check_exhausted(void) {
    uint8_t class = 0;
    CHECK(boc__slab_allocate(SIZE, &class) == NULL);
}

BOC_TEST(owner_gets_its_last_block_back_first) {
    held_t held = allocate(SIZE);
    release(held);
    held_t again = allocate(SIZE);
    CHECK(again.block == held.block);
    release(again);
}

typedef struct remote {
    held_t *held;
    size_t count;
    bool ends; /* or flushes and waits */
    boc__parker_t *done, *end;
} remote_t;

static void wait_for(boc__parker_t *parker) {
    while (boc__parker_park(parker, BOC_FOREVER) != BOC_OK)
        continue;
}

static void free_remotely(void *context) {
    remote_t *remote = context;
    for (size_t i = 0; i < remote->count; i++)
        release(remote->held[i]);
    if (remote->ends)
        return;
    boc__slab_flush();
    boc__parker_wake(remote->done);
    wait_for(remote->end);
}

static void do_nothing(void *context) {
    uint8_t class = 0;
    void *block = boc__slab_allocate(SIZE, &class);
    CHECK(block != NULL);
    boc__slab_free(block, class);
    (void)context;
}

/* What another thread frees is all that this one can allocate, and it can. */
static void check_return_of(size_t count, bool ends, bool has_heap) {
    static held_t held[HELD_MAX];
    boc__parker_t done, end;
    boc__thread_t thread;
    boc__parker_init(&done);
    boc__parker_init(&end);
    held[0] = allocate(SIZE);
    release(held[0]); /* at least one slab */
    if (has_heap) {   /* left behind for the thread below */
        CHECK_EQ(boc__thread_start(&thread, do_nothing, NULL, "first"), BOC_OK);
        boc__thread_join(&thread);
    }
    size_t total = begin_shortage(held);
    CHECK(total >= count);
    remote_t remote = {held, count, ends, &done, &end};
    CHECK_EQ(boc__thread_start(&thread, free_remotely, &remote, "remote"), BOC_OK);
    if (ends)
        boc__thread_join(&thread);
    else
        wait_for(&done);
    for (size_t i = 0; i < count; i++)
        held[i] = allocate(SIZE);
    check_exhausted();
    if (!ends) {
        boc__parker_wake(&end);
        boc__thread_join(&thread);
    }
    boc__alloc_set(NULL);
    for (size_t i = 0; i < total; i++)
        release(held[i]);
    boc__parker_deinit(&done);
    boc__parker_deinit(&end);
    CHECK_EQ(boc__slab_live(), 0);
}

BOC_TEST(blocks_come_home_when_the_outbox_is_full) { check_return_of(64, false, true); }
BOC_TEST(blocks_come_home_with_a_flush) { check_return_of(3, false, true); }
BOC_TEST(blocks_come_home_when_the_thread_ends) { check_return_of(5, true, true); }
BOC_TEST(blocks_come_home_from_a_thread_without_memory) { check_return_of(5, false, false); }

static void allocate_some(void *context) {
    held_t *held = context;
    for (int i = 0; i < 10; i++)
        held[i] = allocate(SIZE);
}

/* A thread that comes later has the heap of one that is gone, with what was freed
 * into it meanwhile. */
BOC_TEST(heap_of_an_ended_thread_is_adopted) {
    static held_t held[10];
    boc__thread_t thread;
    release(allocate(SIZE)); /* this thread has a heap of its own */
    boc_test_alloc_begin();
    CHECK_EQ(boc__thread_start(&thread, allocate_some, held, "first"), BOC_OK);
    boc__thread_join(&thread);
    for (int i = 0; i < 10; i++)
        release(held[i]);
    boc__slab_flush();
    long calls = boc_test_alloc_calls();
    for (int round = 0; round < 20; round++) {
        CHECK_EQ(boc__thread_start(&thread, allocate_some, held, "later"), BOC_OK);
        boc__thread_join(&thread);
        for (int i = 0; i < 10; i++)
            release(held[i]);
        boc__slab_flush();
    }
    CHECK_EQ(boc_test_alloc_calls(), calls);
    boc__alloc_set(NULL);
    CHECK_EQ(boc__slab_live(), 0);
}

#endif
