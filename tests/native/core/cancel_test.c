/* Behaviors that are taken back before they start. */
#include "fixture.h"

#include "platform/clock.h"

static struct {
    _Atomic int runs, drops, freed;
    _Atomic int reason; /* of the last drop */
    _Atomic int is_open, is_inside;
} globals;

static void begin(unsigned workers) {
    begin_runtime(workers);
    memset(&globals, 0, sizeof globals);
}

static void count_run(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    BOC_YIELD();
    atomic_fetch_add(&globals.runs, 1);
}
static void count_drop(boc_behavior_t *behavior, void *data) {
    (void)data;
    atomic_store(&globals.reason, boc_cown_status(boc_behavior_result(behavior)));
    atomic_fetch_add(&globals.drops, 1);
}
static void count_deinit(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.freed, 1);
}
static const boc_behavior_ops_t count_ops = {count_run, count_drop, count_deinit};

/* `*p_result` gets a reference of its own. */
static boc_behavior_t *make_cancellable(const boc_behavior_ops_t *ops, boc_cown_t *const *cowns,
                                        size_t count, unsigned flags, boc_cown_t **p_result) {
    boc_behavior_t *behavior = make(ops, cowns, count, BOC_WRITE, NULL, 0,
                                    flags | BOC_BEHAVIOR_RESULT | BOC_BEHAVIOR_CANCELLABLE);
    *p_result = boc_behavior_result(behavior);
    boc_cown_ref(*p_result);
    return behavior;
}

/* A body that keeps its cowns until it is told. */
static void keeper_run(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_store(&globals.is_inside, 1);
    BOC_SPIN_UNTIL(atomic_load(&globals.is_open) != 0);
}
static const boc_behavior_ops_t keeper_ops = {keeper_run, NULL, NULL};

static void keep(boc_cown_t *cown) {
    atomic_store(&globals.is_open, 0);
    atomic_store(&globals.is_inside, 0);
    schedule(&keeper_ops, &cown, 1, BOC_WRITE, NULL, 0);
    BOC_SPIN_UNTIL(atomic_load(&globals.is_inside) != 0);
}
static void let_go(void) { atomic_store(&globals.is_open, 1); }

/* -- order ----------------------------------------------------------------------------- */

typedef struct log {
    int count;
    int order[16];
} log_t;
static void note_run(boc_behavior_t *behavior, void *data) {
    log_t *log = cown_data(behavior, 0);
    log->order[log->count++] = *(int *)data;
}
static void note_drop(boc_behavior_t *behavior, void *data) {
    log_t *log = cown_data(behavior, 0); /* it holds the cown all the same */
    log->order[log->count++] = 100 + *(int *)data;
    CHECK_EQ(boc_cown_status(boc_behavior_result(behavior)), BOC_ECANCELLED);
}
static const boc_behavior_ops_t note_ops = {note_run, note_drop, count_deinit};

static void check_result_run(boc_behavior_t *behavior, void *data) {
    CHECK_EQ(boc_cown_status(boc_behavior_cown(behavior, 0)), *(boc_status_t *)data);
    atomic_fetch_add(&globals.runs, 1);
}
static const boc_behavior_ops_t check_result_ops = {check_result_run, NULL, NULL};

static void check_result(boc_cown_t *result, boc_status_t status) {
    schedule(&check_result_ops, &result, 1, BOC_READ, &status, sizeof status);
}

/* Goal: a cancelled behavior is dropped in its turn; those around it keep their order. */
static void order_body(void *context) {
    (void)context;
    begin(2);
    log_t log = {0, {0}};
    boc_cown_t *cown = new_cown(&log), *results[4];
    keep(cown);
    for (int i = 0; i < 4; i++) {
        boc_behavior_t *behavior = make(&note_ops, &cown, 1, BOC_WRITE, &i, sizeof i,
                                        BOC_BEHAVIOR_RESULT | BOC_BEHAVIOR_CANCELLABLE);
        results[i] = boc_behavior_result(behavior);
        boc_cown_ref(results[i]);
        CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
    }
    for (int i = 1; i < 3; i++) {
        CHECK_EQ(boc_behavior_cancel(results[i]), BOC_OK);
        CHECK_EQ(boc_behavior_cancel(results[i]), BOC_EBUSY);
        CHECK(boc_cown_is_busy(results[i]));
    }
    for (int i = 0; i < 4; i++)
        check_result(results[i], i == 1 || i == 2 ? BOC_ECANCELLED : BOC_OK);
    let_go();
    wait_quiescent();
    static const int expected[4] = {0, 101, 102, 3};
    CHECK_EQ(log.count, 4);
    CHECK_EQ(globals.runs, 4);
    CHECK_EQ(globals.freed, 4);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(log.order[i], expected[i]);
        CHECK_EQ(boc_behavior_cancel(results[i]), BOC_EBUSY); /* it is over */
        boc_cown_unref(results[i]);
    }
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(cancelled_behavior_keeps_the_order_of_others) { boc__sys_run_seeds(order_body, NULL); }

/* -- the race --------------------------------------------------------------------------- */

static void cancel_from_afar(void *context) {
    boc_status_t status = boc_behavior_cancel(context);
    CHECK(status == BOC_OK || status == BOC_EBUSY);
    if (status == BOC_OK)
        atomic_fetch_add(&globals.reason, 1);
}
static void silent_drop(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.drops, 1);
}
static const boc_behavior_ops_t race_ops = {count_run, silent_drop, count_deinit};

/* Goal: a cancel that succeeds means that the body never runs, and one that fails that it
 * does.  Method: two threads cancel while workers start. */
static void race_body(void *context) {
    (void)context;
    begin(2);
    for (int i = 0; i < SCALED(100, 1); i++) {
        boc_cown_t *result;
        boc__thread_t thread;
        boc_behavior_t *behavior = make_cancellable(&race_ops, NULL, 0, 0, &result);
        CHECK_EQ(boc__thread_start(&thread, cancel_from_afar, result, "cancel"), BOC_OK);
        CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
        cancel_from_afar(result);
        boc__thread_join(&thread);
        wait_quiescent();
        int cancelled = atomic_load(&globals.reason);
        CHECK_EQ(cancelled, globals.drops);
        CHECK_EQ(globals.runs, i + 1 - cancelled);
        CHECK_EQ(globals.freed, i + 1);
        boc_cown_unref(result);
    }
    end_runtime();
}
BOC_TEST(cancel_beside_start_is_decided_once) { boc__sys_run_seeds(race_body, NULL); }

/* -- what can be cancelled --------------------------------------------------------------- */

static void rules_body(void *context) {
    (void)context;
    begin(1);
    boc_cown_t *plain = new_cown(NULL), *result;
    CHECK_EQ(boc_behavior_cancel(plain), BOC_EINVALID);
    boc_behavior_t *behavior = make(&count_ops, NULL, 0, BOC_WRITE, NULL, 0, BOC_BEHAVIOR_RESULT);
    CHECK_EQ(boc_behavior_cancel(boc_behavior_result(behavior)), BOC_EINVALID);
    boc_behavior_free(behavior);
    /* Before it is scheduled, and never scheduled. */
    behavior = make_cancellable(&count_ops, &plain, 1, 0, &result);
    CHECK_EQ(boc_behavior_cancel(result), BOC_OK);
    CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
    wait_quiescent();
    CHECK_EQ(globals.drops, 1);
    CHECK_EQ(globals.reason, BOC_ECANCELLED);
    CHECK_EQ(boc_cown_status(result), BOC_ECANCELLED);
    boc_cown_unref(result);
    behavior = make_cancellable(&count_ops, &plain, 1, 0, &result);
    boc_behavior_free(behavior);
    CHECK_EQ(boc_behavior_cancel(result), BOC_OK); /* which changes nothing any more */
    boc_cown_unref(result);
    CHECK_EQ(globals.runs, 0);
    CHECK_EQ(globals.freed, 3);
    drop_cown(plain);
    end_runtime();
}
BOC_TEST(cancel_before_scheduling_and_of_others) { boc__sys_run_seeds(rules_body, NULL); }

/* A stop that drops, and a cancel: the reason is right. */
static void stop_body(void *context) {
    (void)context;
    begin(2);
    boc_cown_t *cown = new_cown(NULL), *results[2];
    keep(cown);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(boc_behavior_schedule(make_cancellable(&count_ops, &cown, 1, 0, &results[i])),
                 BOC_OK);
    CHECK_EQ(boc_behavior_cancel(results[0]), BOC_OK);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, 0), BOC_ETIMEOUT);
    let_go();
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(boc_cown_status(results[0]), BOC_ECANCELLED);
    CHECK_EQ(boc_cown_status(results[1]), BOC_ECLOSED);
    CHECK_EQ(globals.runs, 0);
    CHECK_EQ(globals.drops, 2);
    for (int i = 0; i < 2; i++)
        boc_cown_unref(results[i]);
    drop_cown(cown);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(stop_and_cancel_give_their_own_reasons) { boc__sys_run_seeds(stop_body, NULL); }

static void batch_body(void *context) {
    (void)context;
    begin(2);
    boc_cown_t *cown = new_cown(NULL), *results[3];
    boc_behavior_t *members[3];
    keep(cown);
    for (int i = 0; i < 3; i++)
        members[i] = make_cancellable(&count_ops, &cown, 1, 0, &results[i]);
    CHECK_EQ(boc_batch_schedule(members, 3), BOC_OK);
    CHECK_EQ(boc_behavior_cancel(results[1]), BOC_OK);
    let_go();
    wait_quiescent();
    CHECK_EQ(globals.runs, 2);
    CHECK_EQ(globals.drops, 1);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(boc_cown_status(results[i]), i == 1 ? BOC_ECANCELLED : BOC_OK);
        boc_cown_unref(results[i]);
    }
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(member_of_a_batch_may_be_cancelled) { boc__sys_run_seeds(batch_body, NULL); }

/* -- deadlines ---------------------------------------------------------------------------- */

#define LIMIT_NS ((int64_t)3 * 1000 * 1000)

static void timed_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    CHECK(boc__clock_now_ns() >= *(int64_t *)data);
    atomic_fetch_add(&globals.runs, 1);
}
/* `data`: when it was given its time. */
static void timed_drop(boc_behavior_t *behavior, void *data) {
    CHECK_EQ(boc_cown_status(boc_behavior_result(behavior)), BOC_ETIMEOUT);
    CHECK(boc__clock_now_ns() - *(int64_t *)data >= LIMIT_NS);
    atomic_fetch_add(&globals.drops, 1);
}
static const boc_behavior_ops_t timed_ops = {timed_run, timed_drop, count_deinit};

static void schedule_timed(boc_cown_t *cown, int64_t timeout_ns) {
    int64_t now_ns = boc__clock_now_ns();
    boc_behavior_t *behavior = make(&timed_ops, &cown, 1, BOC_WRITE, &now_ns, sizeof now_ns,
                                    BOC_BEHAVIOR_RESULT | BOC_BEHAVIOR_CANCELLABLE);
    boc_behavior_start_within(behavior, timeout_ns);
    CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
}

/* Goal: a body starts within its time or not at all, and is never given up early. */
static void deadline_body(void *context) {
    (void)context;
    begin(2);
    boc_cown_t *cown = new_cown(NULL);
    keep(cown);
    int64_t before_ns = boc__clock_now_ns();
    schedule_timed(cown, LIMIT_NS);
    schedule_timed(cown, (int64_t)3600 * 1000 * 1000 * 1000);
    schedule_timed(cown, BOC_NO_TIMEOUT);
    while (boc__clock_now_ns() - before_ns < 2 * LIMIT_NS)
        boc__clock_sleep_ns(LIMIT_NS / 3);
    let_go();
    wait_quiescent();
    CHECK_EQ(globals.runs, 2);
    CHECK_EQ(globals.drops, 1);
    /* No hurry, and nobody in the way: it runs unless the machine took its time, and
     * timed_drop would see an early end. */
    for (int i = 0; i < SCALED(20, 2); i++)
        schedule_timed(cown, LIMIT_NS);
    wait_quiescent();
    CHECK_EQ(globals.runs + globals.drops, 3 + SCALED(20, 2));
    CHECK_EQ(globals.freed, 3 + SCALED(20, 2));
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(body_starts_within_its_time_or_never) { boc__sys_run_seeds(deadline_body, NULL); }

static void no_time_body(void *context) {
    (void)context;
    begin(1);
    boc_cown_t *result;
    boc_behavior_t *behavior = make_cancellable(&count_ops, NULL, 0, 0, &result);
    boc_behavior_start_within(behavior, 0);
    CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
    wait_quiescent();
    CHECK_EQ(globals.drops, 1);
    CHECK_EQ(globals.reason, BOC_ETIMEOUT);
    CHECK_EQ(boc_behavior_cancel(result), BOC_EBUSY);
    boc_cown_unref(result);
    end_runtime();
}
BOC_TEST(no_time_at_all_has_passed_at_once) { boc__sys_run_seeds(no_time_body, NULL); }

/* -- leases and places ---------------------------------------------------------------------- */

static void lease_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    atomic_fetch_add(&globals.runs, 1);
    boc_behavior_finish(behavior);
}
static const boc_behavior_ops_t lease_ops = {lease_run, count_drop, count_deinit};

/* Goal: leases that nobody wants any more are given up, however many in a row. */
static void leases_body(void *context) {
    (void)context;
    enum { LEASES = SCALED(50000, 5) };
    begin(2);
    boc_cown_t *cown = new_cown(NULL);
    boc_cown_t **results = malloc(LEASES * sizeof(boc_cown_t *));
    CHECK(results != NULL);
    keep(cown);
    for (int i = 0; i < LEASES; i++) {
        boc_behavior_t *lease =
            make_cancellable(&lease_ops, &cown, 1, BOC_BEHAVIOR_LEASE, &results[i]);
        if (i % 2)
            boc_behavior_start_within(lease, 0);
        CHECK_EQ(boc_behavior_schedule(lease), BOC_OK);
        if (i % 2 == 0)
            CHECK_EQ(boc_behavior_cancel(results[i]), BOC_OK);
    }
    boc_cown_t *result;
    boc_behavior_t *wanted = make_cancellable(&lease_ops, &cown, 1, BOC_BEHAVIOR_LEASE, &result);
    CHECK_EQ(boc_behavior_schedule(wanted), BOC_OK);
    let_go();
    wait_quiescent();
    CHECK_EQ(globals.runs, 1);
    CHECK_EQ(globals.drops, LEASES);
    CHECK_EQ(globals.freed, LEASES + 1);
    for (int i = 0; i < LEASES; i++) {
        CHECK_EQ(boc_cown_status(results[i]), i % 2 ? BOC_ETIMEOUT : BOC_ECANCELLED);
        boc_cown_unref(results[i]);
    }
    CHECK_EQ(boc_cown_status(result), BOC_OK);
    CHECK_EQ(boc_behavior_cancel(result), BOC_EBUSY);
    boc_cown_unref(result);
    free(results);
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(leases_are_cancelled_however_many) { boc__sys_run_seeds(leases_body, NULL); }

static int place_on_host(void *context, boc_behavior_t *behavior, void *data) {
    (void)context, (void)behavior, (void)data;
    return BOC_PLACE_HOST;
}

static void place_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    memset(&globals, 0, sizeof globals);
    boc_runtime_options_t options = {.worker_count = 1, .host = {.place = place_on_host}};
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
    CHECK_EQ(boc_host_attach(), BOC_OK);
    boc_cown_t *results[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(boc_behavior_schedule(
                     make_cancellable(&count_ops, NULL, 0, BOC_BEHAVIOR_PLACED, &results[i])),
                 BOC_OK);
    /* In the host queue already, and still not too late. */
    CHECK_EQ(boc_host_waiting(), 2);
    CHECK_EQ(boc_behavior_cancel(results[1]), BOC_OK);
    CHECK_EQ(boc_host_run(2), 2);
    CHECK_EQ(globals.runs, 1);
    CHECK_EQ(globals.drops, 1);
    for (int i = 0; i < 2; i++)
        boc_cown_unref(results[i]);
    boc_host_detach();
    end_runtime();
}
BOC_TEST(placed_behavior_may_be_cancelled_until_it_starts) { boc__sys_run_seeds(place_body, NULL); }
