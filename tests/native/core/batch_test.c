/* Behaviors that are scheduled as one. */
#include "fixture.h"

enum { COWNS = 3, PRODUCERS = 3, MEMBERS = 3, LOG_MAX = 16384 };
#define PER_PRODUCER SCALED(600, 2)

static unsigned draw(unsigned *p_random, unsigned below) {
#if defined(BOC_SYSTEMATIC)
    (void)p_random;
    return (unsigned)boc__sys_random(below);
#else
    *p_random = *p_random * 1664525u + 1013904223u;
    return (*p_random >> 16) % below;
#endif
}

/* -- nothing comes between ------------------------------------------------------------ */

typedef struct log {
    _Atomic int inside;
    int count;
    struct member {
        int batch, place;
    } entries[LOG_MAX];
} log_t;

static struct {
    log_t logs[COWNS];
    boc_cown_t *cowns[COWNS];
    _Atomic int runs, drops, freed;
} globals;

static void begin(void) {
    begin_runtime(2);
    memset(&globals, 0, sizeof globals);
    for (int i = 0; i < COWNS; i++)
        globals.cowns[i] = new_cown(&globals.logs[i]);
}

static void end(void) {
    for (int i = 0; i < COWNS; i++) {
        CHECK(!boc_cown_is_busy(globals.cowns[i]));
        drop_cown(globals.cowns[i]);
    }
    end_runtime();
}

static void member_run(boc_behavior_t *behavior, void *data) {
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++) {
        if (boc_behavior_is_duplicate(behavior, i))
            continue;
        log_t *log = cown_data(behavior, i);
        CHECK_EQ(atomic_fetch_add(&log->inside, 1), 0);
        CHECK(log->count < LOG_MAX);
        log->entries[log->count++] = *(struct member *)data;
        BOC_YIELD();
        CHECK_EQ(atomic_fetch_sub(&log->inside, 1), 1);
    }
    atomic_fetch_add(&globals.runs, 1);
}
static void member_drop(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.drops, 1);
}
static void member_deinit(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.freed, 1);
}
static const boc_behavior_ops_t member_ops = {member_run, member_drop, member_deinit};

/* Over `count` cowns, starting somewhere, in either direction, maybe one of them twice. */
static boc_behavior_t *make_member(unsigned *p_random, struct member member) {
    boc_cown_t *cowns[COWNS];
    size_t count = 1 + draw(p_random, COWNS);
    unsigned first = draw(p_random, COWNS), step = 1 + draw(p_random, 2);
    for (unsigned i = 0; i < count; i++)
        cowns[i] = globals.cowns[(first + i * step) % COWNS];
    if (count > 1 && draw(p_random, 4) == 0)
        cowns[1] = cowns[0];
    return make(&member_ops, cowns, count, BOC_WRITE, &member, sizeof member, 0);
}

typedef struct producer {
    int index;
    unsigned random;
} producer_t;

static void produce(void *context) {
    producer_t *producer = context;
    for (int i = 0; i < PER_PRODUCER; i++) {
        boc_behavior_t *members[MEMBERS];
        size_t count = 1 + draw(&producer->random, MEMBERS);
        for (size_t k = 0; k < count; k++)
            members[k] = make_member(&producer->random,
                                     (struct member){producer->index * 10000 + i, (int)k});
        CHECK_EQ(boc_batch_schedule(members, count), BOC_OK);
    }
}

/* Each batch is in one piece, in order, and behind the earlier ones of its producer. */
static void check_log(const log_t *log) {
    int last[PRODUCERS] = {-1, -1, -1};
    for (int i = 0; i < log->count; i++) {
        struct member entry = log->entries[i];
        int producer = entry.batch / 10000;
        bool goes_on = i > 0 && log->entries[i - 1].batch == entry.batch;
        if (goes_on)
            CHECK(entry.place > log->entries[i - 1].place);
        else
            CHECK(entry.batch > last[producer]); /* a batch came in pieces, or too late */
        last[producer] = entry.batch;
    }
}

/* Goal: no deadlock, exclusion, and nothing between the members of a batch.  Method: three
 * producers of overlapping batches beside two workers, as in behavior_test.c. */
static void pieces_body(void *context) {
    (void)context;
    begin();
    producer_t producers[PRODUCERS];
    boc__thread_t threads[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = (producer_t){i, (unsigned)i * 77 + 1};
    for (int i = 1; i < PRODUCERS; i++)
        CHECK_EQ(boc__thread_start(&threads[i], produce, &producers[i], "producer"), BOC_OK);
    produce(&producers[0]);
    for (int i = 1; i < PRODUCERS; i++)
        boc__thread_join(&threads[i]);
    wait_quiescent();
    for (int i = 0; i < COWNS; i++)
        check_log(&globals.logs[i]);
    CHECK_EQ(globals.runs, globals.freed);
    end();
}
BOC_TEST(nothing_comes_between_the_members_of_a_batch) { boc__sys_run_seeds(pieces_body, NULL); }

/* -- readers ----------------------------------------------------------------------------- */

typedef struct guarded {
    _Atomic int readers, writers; /* inside now */
    int stamp;                    /* the batch of the last writer */
    int writes;
} guarded_t;

typedef struct visit {
    int batch;
    bool sees_own; /* a writer of the same batch is right before */
    int *expected; /* the producer's count of writes */
} visit_t;

static void visit_run(boc_behavior_t *behavior, void *data) {
    visit_t *visit = data;
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++) {
        guarded_t *guarded = cown_data(behavior, i);
        bool is_read = boc_behavior_access(behavior, i) == BOC_READ;
        if (is_read) {
            atomic_fetch_add(&guarded->readers, 1);
            CHECK_EQ(atomic_load(&guarded->writers), 0);
        } else {
            CHECK_EQ(atomic_fetch_add(&guarded->writers, 1), 0);
            CHECK_EQ(atomic_load(&guarded->readers), 0);
        }
        if (visit->sees_own)
            CHECK_EQ(guarded->stamp, visit->batch);
        BOC_YIELD();
        if (is_read) {
            CHECK_EQ(atomic_load(&guarded->writers), 0);
            atomic_fetch_sub(&guarded->readers, 1);
        } else {
            guarded->stamp = visit->batch;
            guarded->writes++;
            CHECK_EQ(atomic_fetch_sub(&guarded->writers, 1), 1);
        }
    }
    atomic_fetch_add(&globals.runs, 1);
}
static const boc_behavior_ops_t visit_ops = {visit_run, NULL, member_deinit};

typedef struct traffic {
    boc_cown_t *cowns[2];
    producer_t producer;
    int writes; /* by us, over all cowns */
} traffic_t;

/* Batches over one cown, or two, of reads and writes at random. */
static void produce_mixed(void *context) {
    traffic_t *traffic = context;
    unsigned *p_random = &traffic->producer.random;
    for (int i = 0; i < SCALED(1500, 4); i++) {
        boc_behavior_t *members[5];
        int batch = traffic->producer.index * 10000 + i;
        size_t count = 1 + draw(p_random, 5), width = 1 + draw(p_random, 2);
        unsigned first = draw(p_random, 2);
        boc_cown_t *cowns[2] = {traffic->cowns[first], traffic->cowns[!first]};
        bool has_written = false;
        for (size_t k = 0; k < count; k++) {
            boc_access_t access = draw(p_random, 3) == 0 ? BOC_WRITE : BOC_READ;
            visit_t visit = {batch, has_written, &traffic->writes};
            members[k] = make(&visit_ops, cowns, width, access, &visit, sizeof visit, 0);
            if (access == BOC_WRITE) {
                has_written = true;
                traffic->writes += (int)width;
            }
        }
        CHECK_EQ(boc_batch_schedule(members, count), BOC_OK);
    }
}

/* Goal: segments of readers and writers, entered behind everything that can be there:
 * nobody, writers, readers that run, readers that wait.  A member that comes after a writer
 * of its own batch sees that one's stamp. */
static void readers_body(void *context) {
    (void)context;
    begin_runtime(2);
    memset(&globals, 0, sizeof globals);
    guarded_t guarded[2];
    memset(guarded, 0, sizeof guarded);
    traffic_t traffic[3];
    boc__thread_t threads[3];
    for (int i = 0; i < 3; i++)
        traffic[i] = (traffic_t){.producer = {i, (unsigned)i + 5}};
    for (int i = 0; i < 2; i++)
        traffic[0].cowns[i] = traffic[1].cowns[i] = traffic[2].cowns[i] = new_cown(&guarded[i]);
    for (int i = 1; i < 3; i++)
        CHECK_EQ(boc__thread_start(&threads[i], produce_mixed, &traffic[i], "mixed"), BOC_OK);
    produce_mixed(&traffic[0]);
    for (int i = 1; i < 3; i++)
        boc__thread_join(&threads[i]);
    wait_quiescent();
    CHECK_EQ(guarded[0].writes + guarded[1].writes,
             traffic[0].writes + traffic[1].writes + traffic[2].writes);
    for (int i = 0; i < 2; i++) {
        CHECK(!boc_cown_is_busy(traffic[0].cowns[i]));
        drop_cown(traffic[0].cowns[i]);
    }
    end_runtime();
}
BOC_TEST(readers_and_writers_of_a_batch_keep_their_order) {
    boc__sys_run_seeds(readers_body, NULL);
}

static void meet_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    guarded_t *guarded = cown_data(behavior, 0);
    atomic_fetch_add(&guarded->readers, 1);
    BOC_SPIN_UNTIL(atomic_load(&guarded->readers) >= 2);
}
static const boc_behavior_ops_t meet_ops = {meet_run, NULL, NULL};

static void meeting_body(void *context) {
    (void)context;
    begin_runtime(2);
    guarded_t guarded;
    memset(&guarded, 0, sizeof guarded);
    boc_cown_t *cown = new_cown(&guarded);
    boc_behavior_t *both[2];
    for (int i = 0; i < 2; i++)
        both[i] = make(&meet_ops, &cown, 1, BOC_READ, NULL, 0, 0);
    CHECK_EQ(boc_batch_schedule(both, 2), BOC_OK);
    wait_quiescent();
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(readers_of_a_batch_run_together) { boc__sys_run_seeds(meeting_body, NULL); }

/* -- members of every kind ----------------------------------------------------------------- */

static void bulk_body(void *context) {
    (void)context;
    enum { BULK = SCALED(700, 40) };
    begin();
    boc_behavior_t *bulk[BULK];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < BULK; i++)
            bulk[i] = make(&member_ops, globals.cowns, (size_t)i % (COWNS + 1), BOC_WRITE,
                           &(struct member){round, i}, sizeof(struct member), 0);
        CHECK_EQ(boc_batch_schedule(bulk, BULK), BOC_OK);
    }
    wait_quiescent();
    CHECK_EQ(globals.runs, 2 * BULK);
    CHECK_EQ(globals.freed, 2 * BULK);
    for (int i = 0; i < COWNS; i++)
        check_log(&globals.logs[i]);
    end();
}
BOC_TEST(many_behaviors_are_scheduled_at_once) { boc__sys_run_seeds(bulk_body, NULL); }

/* From a worker: more than its ring holds. */
static void nested_run(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    enum { NESTED = SCALED(600, 5) };
    boc_behavior_t *members[NESTED];
    for (int i = 0; i < NESTED; i++)
        members[i] = make(&member_ops, globals.cowns, i % 2 ? 1 : 0, BOC_WRITE,
                          &(struct member){0, i}, sizeof(struct member), 0);
    CHECK_EQ(boc_batch_schedule(members, NESTED), BOC_OK);
}
static const boc_behavior_ops_t nested_ops = {nested_run, NULL, NULL};
static void nested_body(void *context) {
    (void)context;
    begin();
    schedule(&nested_ops, NULL, 0, BOC_WRITE, NULL, 0);
    wait_quiescent();
    CHECK_EQ(globals.runs, SCALED(600, 5));
    check_log(&globals.logs[0]);
    end();
}
BOC_TEST(body_may_schedule_a_batch) { boc__sys_run_seeds(nested_body, NULL); }

static void produce_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    BOC_YIELD();
    boc_cown_value(boc_behavior_result(behavior))->data = &globals;
}
static const boc_behavior_ops_t produce_ops = {produce_run, NULL, member_deinit};
static void consume_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    CHECK(cown_data(behavior, 1) == &globals);
    boc_cown_value(boc_behavior_cown(behavior, 1))->data = NULL;
    atomic_fetch_add(&globals.runs, 1);
}
static const boc_behavior_ops_t consume_ops = {consume_run, NULL, member_deinit};

/* Goal: a member may request the result of an earlier one, and their common cown, too. */
static void results_body(void *context) {
    (void)context;
    begin();
    for (int i = 0; i < SCALED(200, 3); i++) {
        boc_behavior_t *both[2];
        both[0] = make(&produce_ops, globals.cowns, 1, BOC_WRITE, NULL, 0, BOC_BEHAVIOR_RESULT);
        boc_cown_t *cowns[2] = {globals.cowns[0], boc_behavior_result(both[0])};
        both[1] = make(&consume_ops, cowns, 2, BOC_WRITE, NULL, 0, 0);
        CHECK_EQ(boc_batch_schedule(both, 2), BOC_OK);
    }
    wait_quiescent();
    CHECK_EQ(globals.runs, SCALED(200, 3));
    CHECK_EQ(globals.freed, 2 * globals.runs);
    end();
}
BOC_TEST(member_may_request_the_result_of_an_earlier_one) {
    boc__sys_run_seeds(results_body, NULL);
}

static void lease_run(boc_behavior_t *behavior, void *data) {
    atomic_store(*(_Atomic(boc_behavior_t *) **)data, behavior);
}
static const boc_behavior_ops_t lease_ops = {lease_run, NULL, member_deinit};

/* Goal: a lease in the middle holds up those behind it. */
static void lease_body(void *context) {
    (void)context;
    begin();
    _Atomic(boc_behavior_t *) granted = NULL;
    _Atomic(boc_behavior_t *) *p_granted = &granted;
    boc_behavior_t *members[3];
    for (int i = 0; i < 3; i++)
        members[i] = i == 1 ? make(&lease_ops, globals.cowns, 1, BOC_WRITE, &p_granted,
                                   sizeof p_granted, BOC_BEHAVIOR_LEASE)
                            : make(&member_ops, globals.cowns, 1, BOC_WRITE, &(struct member){0, i},
                                   sizeof(struct member), 0);
    CHECK_EQ(boc_batch_schedule(members, 3), BOC_OK);
    BOC_SPIN_UNTIL(atomic_load(&granted) != NULL);
    CHECK_EQ(globals.logs[0].count, 1);
    boc_behavior_finish(atomic_load(&granted));
    wait_quiescent();
    CHECK_EQ(globals.logs[0].count, 2);
    CHECK_EQ(globals.freed, 3);
    end();
}
BOC_TEST(lease_in_a_batch_keeps_its_place) { boc__sys_run_seeds(lease_body, NULL); }

/* -- refusal and stop ----------------------------------------------------------------------- */

static void refused_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    memset(&globals, 0, sizeof globals);
    boc_cown_t *cown = new_cown(NULL);
    boc_behavior_t *members[20];
    for (int i = 0; i < 20; i++)
        members[i] = make(&member_ops, &cown, 1, BOC_WRITE, &(struct member){0, i},
                          sizeof(struct member), 0);
    CHECK_EQ(boc_batch_schedule(members, 0), BOC_OK);
    CHECK_EQ(boc_batch_schedule(members, 20), BOC_ECLOSED);
    CHECK_EQ(globals.freed, 20);
    CHECK_EQ(globals.runs + globals.drops, 0);
    CHECK(!boc_cown_is_busy(cown));
    drop_cown(cown);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(batch_on_a_closed_runtime_gives_everything_back) {
    boc__sys_run_seeds(refused_body, NULL);
}

static void produce_until_closed(void *context) {
    int *p_made = context;
    unsigned random = 3;
    for (int i = 0; i < SCALED(5000, 8); i++) {
        boc_behavior_t *members[MEMBERS];
        for (int k = 0; k < MEMBERS; k++)
            members[k] = make_member(&random, (struct member){i, k});
        *p_made += MEMBERS;
        if (boc_batch_schedule(members, MEMBERS) != BOC_OK)
            break;
    }
}

/* Goal: a stop under load accepts or refuses batches as a whole. */
static void stop_body(void *context) {
    (void)context;
    begin();
    int made = 0;
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, produce_until_closed, &made, "load"), BOC_OK);
    BOC_SPIN_UNTIL(atomic_load(&globals.runs) > 0);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    boc__thread_join(&thread);
    CHECK_EQ(globals.freed, made);
    int refused = made - globals.runs - globals.drops;
    CHECK(refused == 0 || refused == MEMBERS);
    for (int i = 0; i < COWNS; i++)
        drop_cown(globals.cowns[i]);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(stop_under_load_takes_batches_as_a_whole) { boc__sys_run_seeds(stop_body, NULL); }
