/* The shared queue of chunks, and its way out when memory is short. */
#include "fixture.h"

#include "core/alloc.h"
#include "core/sched/overflow.h"

enum { THREADS = 3, PER_THREAD_MAX = 8000 };
#define PER_THREAD SCALED(PER_THREAD_MAX, 5 * BOC__OVERFLOW_CHUNK)

typedef struct item {
    boc__work_t work; /* first */
    _Atomic int taken;
} item_t;

static struct {
    boc__overflow_t overflow;
    item_t items[THREADS * PER_THREAD_MAX];
    _Atomic int taken;
} globals;

static void init(void) {
    memset(globals.items, 0, sizeof globals.items);
    boc__overflow_init(&globals.overflow);
    globals.taken = 0;
}

static int number_of(boc__work_t *work) { return (int)((item_t *)(void *)work - globals.items); }

static void put(int first, uint32_t count) {
    boc__work_t *works[BOC__OVERFLOW_CHUNK];
    for (uint32_t i = 0; i < count; i++)
        works[i] = &globals.items[first + (int)i].work;
    boc__overflow_put(&globals.overflow, works, count);
}

static void check_take(int first, uint32_t count) {
    boc__work_t *works[BOC__OVERFLOW_CHUNK];
    CHECK_EQ(boc__overflow_take(&globals.overflow, works), count);
    for (uint32_t i = 0; i < count; i++)
        CHECK_EQ(number_of(works[i]), first + (int)i);
}

static void chunks_body(void *context) {
    (void)context;
    init();
    CHECK(boc__overflow_is_empty(&globals.overflow));
    check_take(0, 0);
    put(0, 1);
    put(1, BOC__OVERFLOW_CHUNK);
    put(1 + BOC__OVERFLOW_CHUNK, 5);
    CHECK(!boc__overflow_is_empty(&globals.overflow));
    check_take(0, 1);
    check_take(1, BOC__OVERFLOW_CHUNK);
    check_take(1 + BOC__OVERFLOW_CHUNK, 5);
    CHECK(boc__overflow_is_empty(&globals.overflow));
    check_take(0, 0);
    boc__overflow_deinit(&globals.overflow);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(chunks_come_back_in_order) { boc__sys_run_seeds(chunks_body, NULL); }

/* -- no memory ------------------------------------------------------------------ */

static void *refuse(size_t align, size_t size) {
    (void)align, (void)size;
    return NULL;
}
static const boc__allocator_t no_memory = {refuse, free};

typedef struct hoard {
    struct hoard *next;
    uint8_t class;
} hoard_t;

/* Take away all memory, what the slabs still have included. */
static hoard_t *begin_shortage(void) {
    uint8_t class = 0;
    void *first = boc__slab_allocate(BOC__SLAB_BLOCK_BYTES_MAX, &class); /* makes the heap */
    CHECK(first != NULL);
    boc__slab_free(first, class);
    boc__alloc_set(&no_memory);
    hoard_t *hoard = NULL;
    for (hoard_t *more; (more = boc__slab_allocate(BOC__SLAB_BLOCK_BYTES_MAX, &class)) != NULL;) {
        *more = (hoard_t){hoard, class};
        hoard = more;
    }
    return hoard;
}

static void end_shortage(hoard_t *hoard) {
    boc__alloc_set(NULL);
    for (hoard_t *next; hoard != NULL; hoard = next) {
        next = hoard->next;
        boc__slab_free(hoard, hoard->class);
    }
    CHECK_EQ(boc__slab_live(), 0);
}

static void loose_body(void *context) {
    (void)context;
    init();
    hoard_t *hoard = begin_shortage();
    put(0, 100);
    put(100, 100);
    check_take(0, BOC__OVERFLOW_CHUNK);
    put(200, 1);
    check_take(BOC__OVERFLOW_CHUNK, 201 - BOC__OVERFLOW_CHUNK);
    CHECK(boc__overflow_is_empty(&globals.overflow));
    put(0, 2);
    end_shortage(hoard);
    put(2, 3); /* in a chunk again; chunks go first */
    check_take(2, 3);
    check_take(0, 2);
    check_take(0, 0);
    CHECK(boc__overflow_is_empty(&globals.overflow));
    boc__overflow_deinit(&globals.overflow);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(works_are_kept_when_no_chunk_can_be_had) { boc__sys_run_seeds(loose_body, NULL); }

/* -- several threads --------------------------------------------------------------- */

static void take_some(void) {
    boc__work_t *works[BOC__OVERFLOW_CHUNK];
    uint32_t count = boc__overflow_take(&globals.overflow, works);
    for (uint32_t i = 0; i < count; i++)
        CHECK_EQ(atomic_fetch_add(&globals.items[number_of(works[i])].taken, 1), 0);
    atomic_fetch_add(&globals.taken, (int)count);
}

static void put_and_take(void *context) {
    int first = *(int *)context;
    for (int i = 0; i < PER_THREAD;) {
        int count = 1 + i * 7 % BOC__OVERFLOW_CHUNK;
        if (count > PER_THREAD - i)
            count = PER_THREAD - i;
        put(first + i, (uint32_t)count);
        i += count;
        take_some();
    }
}

static void race(void) {
    init();
    boc__thread_t threads[THREADS];
    int firsts[THREADS];
    for (int i = 0; i < THREADS; i++) {
        firsts[i] = i * PER_THREAD_MAX;
        CHECK_EQ(boc__thread_start(&threads[i], put_and_take, &firsts[i], "both"), BOC_OK);
    }
    for (int i = 0; i < THREADS; i++)
        boc__thread_join(&threads[i]);
    while (!boc__overflow_is_empty(&globals.overflow))
        take_some();
    CHECK_EQ(globals.taken, THREADS * PER_THREAD);
    boc__overflow_deinit(&globals.overflow);
    CHECK_EQ(boc__slab_live(), 0);
}

static void threads_body(void *context) {
    (void)context;
    race();
}
BOC_TEST(each_work_is_taken_once) { boc__sys_run_seeds(threads_body, NULL); }

/* relaxed: a coin. */
static _Atomic unsigned calls;
static void *refuse_often(size_t align, size_t size) {
    if (atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) % 3 != 0)
        return NULL;
    return aligned_alloc(align, (size + align - 1) & ~(align - 1));
}
static const boc__allocator_t little_memory = {refuse_often, free};

static void little_memory_body(void *context) {
    (void)context;
    boc__alloc_set(&little_memory);
    race();
    boc__alloc_set(NULL);
}
BOC_TEST(each_work_is_taken_once_when_memory_is_short) {
    boc__sys_run_seeds(little_memory_body, NULL);
}
