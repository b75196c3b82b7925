/* The protocol of cowns and behaviors, seen through the public API. */
#include "fixture.h"

/* -- exclusion and order over one cown ---------------------------------------- */

typedef struct log {
    _Atomic int inside; /* bodies that hold the cown now */
    int count;
    int order[4096];
} log_t;

typedef struct step {
    int serial;
} step_t;

static void enter_alone(log_t *log) {
    CHECK_EQ(atomic_fetch_add(&log->inside, 1), 0);
    BOC_YIELD();
}

static void leave_alone(log_t *log) {
    BOC_YIELD();
    CHECK_EQ(atomic_fetch_sub(&log->inside, 1), 1);
}

static void append_run(boc_behavior_t *behavior, void *data) {
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++)
        enter_alone(cown_data(behavior, i));
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++) {
        log_t *log = cown_data(behavior, i);
        log->order[log->count++] = ((step_t *)data)->serial;
    }
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++)
        leave_alone(cown_data(behavior, i));
}
static const boc_behavior_ops_t append_ops = {append_run, NULL, NULL};

static void one_cown_body(void *context) {
    (void)context;
    enum { COUNT = SCALED(4000, 12) };
    begin_runtime(2);
    static log_t log;
    memset(&log, 0, sizeof log);
    boc_cown_t *cown = new_cown(&log);
    for (int i = 0; i < COUNT; i++)
        schedule(&append_ops, &cown, 1, BOC_WRITE, &(step_t){i}, sizeof(step_t));
    wait_quiescent();
    CHECK_EQ(log.count, COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(log.order[i], i);
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(one_cown_runs_in_schedule_order) { boc__sys_run_seeds(one_cown_body, NULL); }

/* -- several cowns, several producers ------------------------------------------ */

enum { COWNS = 3, PRODUCERS = 3 };
#define PER_PRODUCER SCALED(1200, 3)

typedef struct shared {
    log_t logs[COWNS];
    boc_cown_t *cowns[COWNS];
} shared_t;

typedef struct producer {
    shared_t *shared;
    int index;
    unsigned random;
} producer_t;

static unsigned draw(producer_t *producer, unsigned below) {
#if defined(BOC_SYSTEMATIC)
    (void)producer;
    return (unsigned)boc__sys_random(below);
#else
    producer->random = producer->random * 1664525u + 1013904223u;
    return (producer->random >> 16) % below;
#endif
}

/* One, two or three cowns in any order. */
static void produce(void *context) {
    producer_t *producer = context;
    shared_t *shared = producer->shared;
    for (int i = 0; i < PER_PRODUCER; i++) {
        unsigned first = draw(producer, COWNS);
        unsigned second = (first + 1 + draw(producer, COWNS - 1)) % COWNS;
        boc_cown_t *cowns[COWNS] = {shared->cowns[first], shared->cowns[second],
                                    shared->cowns[COWNS - first - second]};
        schedule(&append_ops, cowns, 1 + draw(producer, 3), BOC_WRITE,
                 &(step_t){producer->index * 10000 + i}, sizeof(step_t));
    }
}

/* Goal: no deadlock, exclusion, and each producer's order on each cown.
 * Method: three producers, one of them the main thread, and two workers: at least
 * three threads enter queues, which the "born ready" trap needs to show. */
static void overlapping_body(void *context) {
    (void)context;
    begin_runtime(2);
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    for (int i = 0; i < COWNS; i++)
        shared.cowns[i] = new_cown(&shared.logs[i]);
    producer_t producers[PRODUCERS];
    boc__thread_t threads[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = (producer_t){&shared, i, (unsigned)i * 77 + 1};
    for (int i = 1; i < PRODUCERS; i++)
        CHECK_EQ(boc__thread_start(&threads[i], produce, &producers[i], "producer"), BOC_OK);
    produce(&producers[0]);
    for (int i = 1; i < PRODUCERS; i++)
        boc__thread_join(&threads[i]);
    wait_quiescent();
    for (int i = 0; i < COWNS; i++) {
        int last[PRODUCERS] = {-1, -1, -1};
        for (int k = 0; k < shared.logs[i].count; k++) {
            int producer = shared.logs[i].order[k] / 10000;
            CHECK(shared.logs[i].order[k] % 10000 > last[producer]);
            last[producer] = shared.logs[i].order[k] % 10000;
        }
        drop_cown(shared.cowns[i]);
    }
    end_runtime();
}
BOC_TEST(overlapping_requests_do_not_deadlock) { boc__sys_run_seeds(overlapping_body, NULL); }

/* -- readers -------------------------------------------------------------------- */

typedef struct guarded {
    _Atomic int readers, writers; /* inside now */
    _Atomic int most_readers;
    int version; /* writers change it, readers see it still */
} guarded_t;

static void read_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    guarded_t *guarded = cown_data(behavior, 0);
    int readers = atomic_fetch_add(&guarded->readers, 1) + 1;
    if (readers > atomic_load(&guarded->most_readers))
        atomic_store(&guarded->most_readers, readers);
    int version = guarded->version;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(atomic_load(&guarded->writers), 0);
        BOC_YIELD();
    }
    CHECK_EQ(guarded->version, version);
    atomic_fetch_sub(&guarded->readers, 1);
}
static const boc_behavior_ops_t read_ops = {read_run, NULL, NULL};

static void write_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    guarded_t *guarded = cown_data(behavior, 0);
    CHECK_EQ(atomic_fetch_add(&guarded->writers, 1), 0);
    BOC_YIELD();
    CHECK_EQ(atomic_load(&guarded->readers), 0);
    guarded->version++;
    CHECK_EQ(atomic_fetch_sub(&guarded->writers, 1), 1);
}
static const boc_behavior_ops_t write_ops = {write_run, NULL, NULL};

typedef struct traffic {
    boc_cown_t *cowns[2];
    producer_t random;
    int writes;
} traffic_t;

/* Reads and writes of one cown, and of two, at random. */
static void produce_mixed(void *context) {
    traffic_t *traffic = context;
    for (int i = 0; i < SCALED(3000, 6); i++) {
        unsigned kind = draw(&traffic->random, 6);
        boc_cown_t *first = traffic->cowns[kind & 1];
        boc_cown_t *pair[2] = {first, traffic->cowns[~kind & 1]};
        if (kind < 2) {
            traffic->writes++;
            schedule(&write_ops, &first, 1, BOC_WRITE, NULL, 0);
        } else if (kind < 4) {
            schedule(&read_ops, &first, 1, BOC_READ, NULL, 0);
        } else {
            schedule(&read_ops, pair, 2, BOC_READ, NULL, 0);
        }
    }
}

static void readers_body(void *context) {
    (void)context;
    begin_runtime(2);
    guarded_t guarded[2];
    memset(guarded, 0, sizeof guarded);
    traffic_t traffic[2];
    for (int i = 0; i < 2; i++)
        traffic[i] = (traffic_t){.random = {NULL, i, (unsigned)i + 5}};
    for (int i = 0; i < 2; i++)
        traffic[0].cowns[i] = traffic[1].cowns[i] = new_cown(&guarded[i]);
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, produce_mixed, &traffic[1], "mixed"), BOC_OK);
    produce_mixed(&traffic[0]);
    boc__thread_join(&thread);
    wait_quiescent();
    CHECK_EQ(guarded[0].version + guarded[1].version, traffic[0].writes + traffic[1].writes);
    for (int i = 0; i < 2; i++) {
        CHECK(!boc_cown_is_busy(traffic[0].cowns[i]));
        drop_cown(traffic[0].cowns[i]);
    }
    end_runtime();
}
BOC_TEST(writers_exclude_readers) { boc__sys_run_seeds(readers_body, NULL); }

static void meet_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    guarded_t *guarded = cown_data(behavior, 0);
    atomic_fetch_add(&guarded->readers, 1);
    BOC_SPIN_UNTIL(atomic_load(&guarded->readers) >= 2);
}
static const boc_behavior_ops_t meet_ops = {meet_run, NULL, NULL};

/* Two readers can only end when they run together. */
static void meeting_body(void *context) {
    (void)context;
    begin_runtime(2);
    guarded_t guarded;
    memset(&guarded, 0, sizeof guarded);
    boc_cown_t *cown = new_cown(&guarded);
    schedule(&meet_ops, &cown, 1, BOC_READ, NULL, 0);
    schedule(&meet_ops, &cown, 1, BOC_READ, NULL, 0);
    wait_quiescent();
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(readers_of_one_cown_run_together) { boc__sys_run_seeds(meeting_body, NULL); }

/* Goal: the cascade writer, readers, writer, each waiting for the one before. */
static void cascade_body(void *context) {
    (void)context;
    begin_runtime(3);
    static log_t log;
    memset(&log, 0, sizeof log);
    guarded_t guarded;
    memset(&guarded, 0, sizeof guarded);
    boc_cown_t *cown = new_cown(&guarded);
    for (int round = 0; round < SCALED(500, 2); round++) {
        schedule(&write_ops, &cown, 1, BOC_WRITE, NULL, 0);
        schedule(&read_ops, &cown, 1, BOC_READ, NULL, 0);
        schedule(&read_ops, &cown, 1, BOC_READ, NULL, 0);
        schedule(&read_ops, &cown, 1, BOC_READ, NULL, 0);
        schedule(&write_ops, &cown, 1, BOC_WRITE, NULL, 0);
    }
    wait_quiescent();
    CHECK_EQ(guarded.version, 2 * SCALED(500, 2));
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(cascade_of_writer_readers_writer_ends) { boc__sys_run_seeds(cascade_body, NULL); }

/* -- duplicates, many cowns, none ------------------------------------------------- */

static void duplicates_body(void *context) {
    (void)context;
    begin_runtime(2);
    static log_t logs[2];
    memset(logs, 0, sizeof logs);
    boc_cown_t *a = new_cown(&logs[0]), *b = new_cown(&logs[1]);
    boc_behavior_t *pair = NULL, *triple = NULL;
    static const boc_behavior_ops_t nothing = {write_run, NULL, NULL};
    (void)nothing;
    guarded_t guarded;
    memset(&guarded, 0, sizeof guarded);
    boc_cown_t *c = new_cown(&guarded);
    /* A read and a write of the same cown make a write, whichever comes first. */
    for (int first = 0; first < 2; first++) {
        CHECK_EQ(boc_behavior_new(&write_ops, 2, 0, 0, &pair), BOC_OK);
        boc_cown_ref(c), boc_behavior_request(pair, 0, c, first ? BOC_READ : BOC_WRITE);
        boc_cown_ref(c), boc_behavior_request(pair, 1, c, first ? BOC_WRITE : BOC_READ);
        CHECK_EQ(boc_behavior_schedule(pair), BOC_OK);
        schedule(&read_ops, &c, 1, BOC_READ, NULL, 0);
    }
    CHECK_EQ(boc_behavior_new(&write_ops, 4, 0, 0, &triple), BOC_OK);
    boc_cown_t *const cowns[4] = {c, a, c, b};
    for (size_t i = 0; i < 4; i++) {
        boc_cown_ref(cowns[i]);
        boc_behavior_request(triple, i, cowns[i], i == 2 ? BOC_WRITE : BOC_READ);
    }
    CHECK_EQ(boc_behavior_schedule(triple), BOC_OK);
    wait_quiescent();
    CHECK_EQ(guarded.version, 3);
    drop_cown(a);
    drop_cown(b);
    drop_cown(c);
    end_runtime();
}
BOC_TEST(duplicate_requests_merge_into_the_strongest) { boc__sys_run_seeds(duplicates_body, NULL); }

static void wide_body(void *context) {
    (void)context;
    enum { WIDTH = 70 };
    begin_runtime(2);
    static log_t logs[WIDTH];
    memset(logs, 0, sizeof logs);
    boc_cown_t *cowns[WIDTH], *reversed[WIDTH];
    for (int i = 0; i < WIDTH; i++)
        cowns[i] = reversed[WIDTH - 1 - i] = new_cown(&logs[i]);
    for (int i = 0; i < SCALED(40, 1); i++) {
        schedule(&append_ops, cowns, WIDTH, BOC_WRITE, &(step_t){2 * i}, sizeof(step_t));
        schedule(&append_ops, reversed, WIDTH, BOC_WRITE, &(step_t){2 * i + 1}, sizeof(step_t));
    }
    wait_quiescent();
    for (int i = 0; i < WIDTH; i++) {
        CHECK_EQ(logs[i].count, 2 * SCALED(40, 1));
        for (int k = 0; k < logs[i].count; k++)
            CHECK_EQ(logs[i].order[k], k);
        drop_cown(cowns[i]);
    }
    end_runtime();
}
BOC_TEST(seventy_cowns_at_once_are_granted_in_order) { boc__sys_run_seeds(wide_body, NULL); }

typedef struct tally {
    _Atomic int *runs, *drops, *frees;
} tally_t;
static void tally_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    atomic_fetch_add(((tally_t *)data)->runs, 1);
}
static void tally_drop(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    atomic_fetch_add(((tally_t *)data)->drops, 1);
}
static void tally_deinit(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    atomic_fetch_add(((tally_t *)data)->frees, 1);
}
static const boc_behavior_ops_t tally_ops = {tally_run, tally_drop, tally_deinit};

static void no_cowns_body(void *context) {
    (void)context;
    begin_runtime(2);
    _Atomic int runs = 0, drops = 0, frees = 0;
    tally_t tally = {&runs, &drops, &frees};
    for (int i = 0; i < SCALED(1000, 8); i++)
        schedule(&tally_ops, NULL, 0, BOC_WRITE, &tally, sizeof tally);
    wait_quiescent();
    CHECK_EQ(runs, SCALED(1000, 8));
    CHECK_EQ(frees, SCALED(1000, 8));
    CHECK_EQ(drops, 0);
    end_runtime();
}
BOC_TEST(behaviors_without_cowns_run) { boc__sys_run_seeds(no_cowns_body, NULL); }

/* -- results -------------------------------------------------------------------------- */

static void produce_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    log_t *log = cown_data(behavior, 0);
    BOC_YIELD();
    boc_cown_value(boc_behavior_result(behavior))->data = &log->order[log->count++];
}
static const boc_behavior_ops_t produce_ops = {produce_run, NULL, NULL};

static void consume_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    int *produced = cown_data(behavior, 0);
    CHECK(produced != NULL);
    *produced = 7;
    boc_cown_value(boc_behavior_cown(behavior, 0))->data = NULL;
}
static const boc_behavior_ops_t consume_ops = {consume_run, NULL, NULL};

static void result_body(void *context) {
    (void)context;
    begin_runtime(2);
    static log_t log;
    memset(&log, 0, sizeof log);
    boc_cown_t *cown = new_cown(&log);
    for (int i = 0; i < SCALED(500, 3); i++) {
        boc_behavior_t *producer =
            make(&produce_ops, &cown, 1, BOC_WRITE, NULL, 0, BOC_BEHAVIOR_RESULT);
        boc_cown_t *result = boc_behavior_result(producer);
        CHECK(result != NULL);
        boc_cown_ref(result);
        CHECK_EQ(boc_behavior_schedule(producer), BOC_OK);
        schedule(&consume_ops, &result, 1, BOC_WRITE, NULL, 0);
        boc_cown_unref(result);
    }
    wait_quiescent();
    for (int i = 0; i < SCALED(500, 3); i++)
        CHECK_EQ(log.order[i], 7);
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(result_is_held_until_its_producer_ends) { boc__sys_run_seeds(result_body, NULL); }

/* -- leases ----------------------------------------------------------------------------- */

typedef struct lease {
    boc__parker_t *parker;
} lease_t;
static void lease_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    boc__parker_wake(((lease_t *)data)->parker);
}
static const boc_behavior_ops_t lease_ops = {lease_run, NULL, NULL};

static void lease_body(void *context) {
    (void)context;
    begin_runtime(2);
    static log_t log;
    memset(&log, 0, sizeof log);
    boc_cown_t *cown = new_cown(&log);
    boc__parker_t parker;
    boc__parker_init(&parker);
    for (int i = 0; i < SCALED(300, 3); i++) {
        schedule(&append_ops, &cown, 1, BOC_WRITE, &(step_t){3 * i}, sizeof(step_t));
        boc_behavior_t *lease = make(&lease_ops, &cown, 1, BOC_WRITE, &(lease_t){&parker},
                                     sizeof(lease_t), BOC_BEHAVIOR_LEASE);
        CHECK_EQ(boc_behavior_schedule(lease), BOC_OK);
        schedule(&append_ops, &cown, 1, BOC_WRITE, &(step_t){3 * i + 2}, sizeof(step_t));
        while (boc__parker_park(&parker, BOC_FOREVER) != BOC_OK)
            continue;
        enter_alone(&log); /* this thread holds the cown now */
        CHECK_EQ(log.count, 3 * i + 1);
        log.order[log.count++] = 3 * i + 1;
        CHECK_EQ(boc_runtime_wait(0), BOC_ETIMEOUT);
        leave_alone(&log);
        boc_behavior_finish(lease);
    }
    wait_quiescent();
    for (int i = 0; i < log.count; i++)
        CHECK_EQ(log.order[i], i);
    CHECK_EQ(log.count, 3 * SCALED(300, 3));
    boc__parker_deinit(&parker);
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(lease_holds_its_cowns_until_finished) { boc__sys_run_seeds(lease_body, NULL); }

/* -- nesting ------------------------------------------------------------------------------ */

typedef struct countdown {
    int left;
    boc_cown_t *cown;
} countdown_t;
static void countdown_run(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t countdown_ops = {countdown_run, NULL, NULL};
static void countdown_run(boc_behavior_t *behavior, void *data) {
    countdown_t next = *(countdown_t *)data;
    log_t *log = cown_data(behavior, 0);
    log->count++;
    if (next.left-- > 0)
        schedule(&countdown_ops, &next.cown, 1, BOC_WRITE, &next, sizeof next);
}

static void chains_body(void *context) {
    (void)context;
    enum { CHAINS = 4 };
    begin_runtime(2);
    static log_t logs[CHAINS];
    memset(logs, 0, sizeof logs);
    boc_cown_t *cowns[CHAINS];
    int length = SCALED(3000, 5);
    for (int i = 0; i < CHAINS; i++) {
        cowns[i] = new_cown(&logs[i]);
        countdown_t start = {length, cowns[i]};
        schedule(&countdown_ops, &cowns[i], 1, BOC_WRITE, &start, sizeof start);
    }
    wait_quiescent();
    for (int i = 0; i < CHAINS; i++) {
        CHECK_EQ(logs[i].count, length + 1);
        drop_cown(cowns[i]);
    }
    end_runtime();
}
BOC_TEST(quiescence_includes_nested_behaviors) { boc__sys_run_seeds(chains_body, NULL); }

typedef struct stuck {
    boc_cown_t *free_cown;
    _Atomic int *flag;
} stuck_t;
static void raise_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    atomic_store(((stuck_t *)data)->flag, 1);
}
static const boc_behavior_ops_t raise_ops = {raise_run, NULL, NULL};
static void stuck_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    stuck_t *stuck = data;
    schedule(&raise_ops, &stuck->free_cown, 1, BOC_WRITE, stuck, sizeof *stuck);
    BOC_SPIN_UNTIL(atomic_load(stuck->flag) != 0);
}
static const boc_behavior_ops_t stuck_ops = {stuck_run, NULL, NULL};

/* Goal: what becomes runnable during a long body runs elsewhere meanwhile.
 * Method: the body waits for it. */
static void long_body_body(void *context) {
    (void)context;
    begin_runtime(2);
    static log_t logs[2];
    memset(logs, 0, sizeof logs);
    boc_cown_t *held = new_cown(&logs[0]), *other = new_cown(&logs[1]);
    _Atomic int flag = 0;
    stuck_t stuck = {other, &flag};
    schedule(&stuck_ops, &held, 1, BOC_WRITE, &stuck, sizeof stuck);
    wait_quiescent();
    CHECK_EQ(flag, 1);
    drop_cown(held);
    drop_cown(other);
    end_runtime();
}
BOC_TEST(work_behind_a_long_body_is_taken_by_another_worker) {
    boc__sys_run_seeds(long_body_body, NULL);
}

/* A body that waits until another behavior, which it schedules, has ended. */
typedef struct dependency {
    _Atomic int *own_flag, *awaited;
    struct dependency *inner; /* NULL: nothing to schedule */
} dependency_t;
static void depend_run(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t depend_ops = {depend_run, NULL, NULL};
static void depend_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    dependency_t *dependency = data;
    if (dependency->inner != NULL)
        schedule(&depend_ops, NULL, 0, BOC_WRITE, dependency->inner, sizeof(dependency_t));
    if (dependency->awaited != NULL)
        BOC_SPIN_UNTIL(atomic_load(dependency->awaited) != 0);
    atomic_store(dependency->own_flag, 1);
}

/* Goal: while the watcher of long bodies runs what it took, somebody else watches.
 * Method: two long bodies, each with one pending; the first pending body is long, too,
 * until the second has run. */
static void watchers_body(void *context) {
    (void)context;
    begin_runtime(4);
    _Atomic int first = 0, second = 0, inner_first = 0, inner_second = 0;
    dependency_t inner[2] = {{&inner_first, &inner_second, NULL}, {&inner_second, NULL, NULL}};
    dependency_t outer[2] = {{&first, &inner_first, &inner[0]}, {&second, &inner_first, &inner[1]}};
    for (int i = 0; i < 2; i++)
        schedule(&depend_ops, NULL, 0, BOC_WRITE, &outer[i], sizeof outer[i]);
    wait_quiescent();
    CHECK_EQ(first + second, 2);
    end_runtime();
}
BOC_TEST(work_behind_a_second_long_body_is_taken_too) { boc__sys_run_seeds(watchers_body, NULL); }
