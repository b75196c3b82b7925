/* Every allocation fails once: the caller gets a status, nothing leaks, nothing stays held. */
#include "fixture.h"

#include "boc_test_alloc.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 2, COWNS = 3, FAN = SCALED(600, 300) };

/* Blocks come from the allocator one by one (slab.c): what is left is exactly known. */
#if defined(__SANITIZE_ADDRESS__) || defined(BOC_SYSTEMATIC)
#define IS_EXACT 1
#else
#define IS_EXACT 0
#endif

static struct {
    _Atomic int made, runs, freed;       /* behaviors */
    _Atomic int values_made, values_dropped;
} globals;

/* The only failure there may be.  True when it was none. */
static bool went_well(boc_status_t status) {
    if (status == BOC_OK)
        return true;
    CHECK_EQ(status, BOC_ENOMEM);
    CHECK(boc_test_alloc_failed());
    return false;
}

static void count_run(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.runs, 1);
}
static void count_freed(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.freed, 1);
}
static const boc_behavior_ops_t count_ops = {count_run, NULL, count_freed};

static boc_status_t schedule_over(const boc_behavior_ops_t *ops, boc_cown_t *const *cowns,
                                  size_t count, unsigned flags) {
    boc_behavior_t *behavior = NULL;
    boc_status_t status = boc_behavior_new(ops, count, 24, flags, &behavior);
    if (status != BOC_OK)
        return status;
    atomic_fetch_add(&globals.made, 1);
    for (size_t i = 0; i < count; i++) {
        boc_cown_ref(cowns[i]);
        boc_behavior_request(behavior, i, cowns[i], i % 2 ? BOC_READ : BOC_WRITE);
    }
    return boc_behavior_schedule(behavior);
}

/* More from one body than fits a ring. */
static void fan_out(boc_behavior_t *behavior, void *data) {
    (void)data;
    for (int i = 0; i < FAN; i++)
        (void)went_well(schedule_over(&count_ops, NULL, 0, 0));
    boc_cown_t *cown = boc_behavior_cown(behavior, 0);
    (void)went_well(schedule_over(&count_ops, &cown, 1, 0));
    atomic_fetch_add(&globals.runs, 1);
}
static const boc_behavior_ops_t fan_ops = {fan_out, NULL, count_freed};

static void drop_value(void *data) {
    (void)data;
    atomic_fetch_add(&globals.values_dropped, 1);
}
static const boc_payload_ops_t value_ops = {drop_value};

static boc_cown_t *try_cown(void) {
    static int value;
    boc_cown_t *cown = NULL;
    atomic_fetch_add(&globals.values_made, 1);
    boc_status_t status = boc_cown_new((boc_payload_t){&value, &value_ops}, &cown);
    return went_well(status) ? cown : NULL;
}

/* So that each worker has a heap, and may fail to get it. */
static boc_status_t enter(void *context, unsigned worker) {
    (void)context, (void)worker;
    uint8_t class = 0;
    void *block = boc__slab_allocate(100, &class);
    if (block == NULL)
        return BOC_ENOMEM;
    boc__slab_free(block, class);
    return BOC_OK;
}

static void start(void) {
    const boc_runtime_options_t options = {.worker_count = WORKERS,
                                           .host = {.worker_enter = enter}};
    if (!went_well(boc_runtime_start(&options)))
        CHECK_EQ(boc_runtime_start(&options), BOC_OK); /* nothing is left of the first try */
}

/* A promise that cannot be made leaves nothing that a wait would wait for. */
static void use_pledges(void) {
    boc_source_t *source = NULL;
    boc_promise_t *promise = NULL;
    static int value;
    if (went_well(boc_source_open(&source)))
        boc_source_close(source);
    if (!went_well(boc_promise_new(&promise)))
        return;
    boc_cown_t *cown = boc_promise_cown(promise);
    boc_weak_t *weak = boc_weak_of(cown);
    (void)went_well(schedule_over(&count_ops, &cown, 1, 0));
    atomic_fetch_add(&globals.values_made, 1);
    CHECK_EQ(boc_promise_fulfill(promise, (boc_payload_t){&value, &value_ops}), BOC_OK);
    boc_promise_unref(promise);
    boc_weak_unref(weak);
}

/* More than fits without an allocation; all of them or none. */
static void use_batch(boc_cown_t *const *cowns) {
    enum { MEMBERS = 20 };
    boc_behavior_t *members[MEMBERS];
    int count = 0;
    for (; count < MEMBERS; count++) {
        size_t width = (size_t)count % (COWNS + 1);
        unsigned flags = count % 5 ? 0u : BOC_BEHAVIOR_RESULT | BOC_BEHAVIOR_CANCELLABLE;
        if (!went_well(boc_behavior_new(&count_ops, width, 24, flags, &members[count])))
            break;
        for (size_t i = 0; i < width; i++) {
            boc_cown_ref(cowns[i]);
            boc_behavior_request(members[count], i, cowns[i], i % 2 ? BOC_READ : BOC_WRITE);
        }
    }
    atomic_fetch_add(&globals.made, count);
    if (went_well(boc_batch_schedule(members, (size_t)count)))
        return;
    atomic_fetch_sub(&globals.made, count);
    CHECK(atomic_fetch_sub(&globals.freed, count) >= count);
}

/* All that can fail, and then the same cowns once more, where nothing fails.  Returns
 * whether something did. */
static bool use_runtime(bool has_fan) {
    boc_cown_t *cowns[COWNS];
    start();
    for (int i = 0; i < COWNS; i++)
        if ((cowns[i] = try_cown()) == NULL)
            CHECK((cowns[i] = try_cown()) != NULL);
    for (size_t count = 0; count <= COWNS; count++) {
        (void)went_well(schedule_over(&count_ops, cowns, count, 0));
        (void)went_well(schedule_over(&count_ops, cowns, count, BOC_BEHAVIOR_RESULT));
    }
    use_pledges();
    use_batch(cowns);
    if (has_fan)
        (void)went_well(schedule_over(&fan_ops, cowns, 2, 0));
    wait_quiescent();
    bool has_failed = boc_test_alloc_failed();
    boc_test_alloc_fail_at(0);
    int before = atomic_load(&globals.runs);
    for (size_t count = 1; count <= COWNS; count++)
        CHECK_EQ(schedule_over(&count_ops, cowns, count, 0), BOC_OK);
    wait_quiescent();
    CHECK_EQ(globals.runs, before + COWNS);
    for (int i = 0; i < COWNS; i++) {
        CHECK(!boc_cown_is_busy(cowns[i]));
        boc_cown_unref(cowns[i]);
    }
    CHECK_EQ(globals.values_dropped, globals.values_made);
    CHECK_EQ(globals.runs, globals.made);
    CHECK_EQ(globals.freed, globals.made);
    end_runtime();
    return has_failed;
}

/* Make allocation `n` of a process that has allocated nothing yet fail.  Returns whether
 * there were so many. */
static bool fail_once(long n) {
    boc__slab_restart_ids();
    memset(&globals, 0, sizeof globals);
    boc_test_alloc_begin();
    boc_test_alloc_fail_at(n);
    bool has_failed = use_runtime(true);
    (void)use_runtime(false); /* each thread has a heap now, if it got none before */
    CHECK_EQ(boc__slab_live(), 0);
    if (IS_EXACT) /* the heaps, which wait for other threads */
        CHECK_EQ(boc_test_alloc_live(), WORKERS + 1);
    boc__alloc_set(NULL);
    return has_failed;
}

#if defined(BOC_SYSTEMATIC)

/* Each seed is a process of its own; most failures are chosen among the early ones,
 * which are all different. */
static void one_failure_body(void *context) {
    (void)context;
    (void)fail_once(1 + (long)boc__sys_random(boc__sys_coin(2) ? 25 : FAN + 40));
}
static void fail_each(void) { boc__sys_run_seeds(one_failure_body, NULL); }

#else

enum { EXIT_FAILED = 40, EXIT_NOTHING_FAILED = 41 };

static int fail_in_child(long n) {
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(fail_once(n) ? EXIT_FAILED : EXIT_NOTHING_FAILED);
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void fail_each(void) {
    long n = 1;
    int status;
    while ((status = fail_in_child(n)) == EXIT_FAILED)
        n++;
    if (status != EXIT_NOTHING_FAILED)
        fprintf(stderr, "when allocation %ld fails\n", n);
    CHECK_EQ(status, EXIT_NOTHING_FAILED);
    CHECK(n > WORKERS + 5);
    printf("%ld allocations failed in turn\n", n - 1);
}

#endif

BOC_TEST(each_allocation_may_fail) { fail_each(); }
