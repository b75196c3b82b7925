/* The end of the pool beside threads that are still in a call. */
#include "fixture.h"

#include "core/alloc.h"

#include <stdalign.h>

/* -- memory that is not given back, so that a write after its end shows ------------- */

#if defined(BOC_SYSTEMATIC) /* where blocks come from the allocator one by one */

enum { PATTERN = 0xDD };

typedef struct kept {
    alignas(64) struct kept *next; /* of those released */
    size_t size;
    alignas(64) unsigned char bytes[];
} kept_t;

static _Atomic(kept_t *) released;

static void *keep_allocate(size_t align, size_t size) {
    CHECK(align <= 64);
    kept_t *kept = aligned_alloc(64, (sizeof *kept + size + 63) & ~(size_t)63);
    CHECK(kept != NULL);
    kept->size = size;
    return kept->bytes;
}

static void keep_release(void *block) {
    kept_t *kept = (kept_t *)(void *)((char *)block - offsetof(kept_t, bytes));
    memset(kept->bytes, PATTERN, kept->size);
    kept->next = atomic_load(&released);
    while (!atomic_compare_exchange_weak(&released, &kept->next, kept))
        continue;
}

static const boc__allocator_t keeping = {keep_allocate, keep_release};

static void check_released(void) {
    for (kept_t *kept = atomic_exchange(&released, NULL), *next; kept != NULL; kept = next) {
        next = kept->next;
        int written_after_end = 0;
        for (size_t i = 0; i < kept->size; i++)
            written_after_end += kept->bytes[i] != PATTERN;
        CHECK_EQ(written_after_end, 0);
        free(kept);
    }
}

static void begin_keeping(void) { boc__alloc_set(&keeping); }

#else

static void begin_keeping(void) {}
static void check_released(void) {}

#endif

/* -- calls that return late ------------------------------------------------------------ */

typedef struct tally {
    _Atomic int *frees;
    bool is_batch;
} tally_t;

static void do_nothing(boc_behavior_t *behavior, void *data) { (void)behavior, (void)data; }
static void count_free(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    atomic_fetch_add(((tally_t *)data)->frees, 1);
}
static const boc_behavior_ops_t count_ops = {do_nothing, NULL, count_free};

static void schedule_once(void *context) {
    tally_t *tally = context;
    boc_behavior_t *behavior = make(&count_ops, NULL, 0, BOC_WRITE, tally, sizeof *tally, 0);
    if (tally->is_batch)
        CHECK_EQ(boc_batch_schedule(&behavior, 1), BOC_OK);
    else
        CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
}

/* Goal: the pool does not end under the hands of a thread that schedules, although what
 * it scheduled is over already ("late return").  Method: nobody waits for the thread. */
static void late_body(void *context) {
    begin_keeping();
    for (int round = 0; round < SCALED(200, 1); round++) {
        begin_runtime(2);
        _Atomic int frees = 0;
        tally_t tally = {&frees, context != NULL};
        boc__thread_t thread;
        CHECK_EQ(boc__thread_start(&thread, schedule_once, &tally, "late"), BOC_OK);
        BOC_SPIN_UNTIL(atomic_load(&frees) == 1);
        CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
        CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
        boc__thread_join(&thread);
        CHECK_EQ(boc__slab_live(), 0);
    }
    check_released();
}
BOC_TEST(schedule_that_returns_late_survives_shutdown) { boc__sys_run_seeds(late_body, NULL); }
BOC_TEST(batch_that_returns_late_survives_shutdown) {
    static int yes;
    boc__sys_run_seeds(late_body, &yes);
}

/* The same for what a promise and a source do last. */
static void keep_promise(void *context) {
    boc_promise_t *promise = *(boc_promise_t **)context;
    CHECK_EQ(boc_promise_fulfill(promise, (boc_payload_t){NULL, NULL}), BOC_OK);
    boc_promise_unref(promise);
}

static void late_promise_body(void *context) {
    (void)context;
    begin_keeping();
    for (int round = 0; round < SCALED(200, 1); round++) {
        begin_runtime(2);
        _Atomic int frees = 0;
        tally_t tally = {&frees, false};
        boc_promise_t *promise = NULL;
        boc__thread_t thread;
        CHECK_EQ(boc_promise_new(&promise), BOC_OK);
        boc_cown_t *cown = boc_promise_cown(promise);
        schedule(&count_ops, &cown, 1, BOC_WRITE, &tally, sizeof tally);
        CHECK_EQ(boc__thread_start(&thread, keep_promise, &promise, "late"), BOC_OK);
        CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
        CHECK_EQ(frees, 1);
        CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
        boc__thread_join(&thread);
        CHECK_EQ(boc__slab_live(), 0);
    }
    check_released();
}
BOC_TEST(promise_that_is_kept_late_survives_shutdown) {
    boc__sys_run_seeds(late_promise_body, NULL);
}
