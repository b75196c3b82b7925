/* The life of the runtime: start, wait, stop, restart. */
#include "fixture.h"

#include "platform/clock.h"

typedef struct tally {
    _Atomic int *runs, *drops, *frees;
} tally_t;
static void tally_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    BOC_YIELD();
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

static void start_checks_its_arguments_and_state_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    boc_runtime_options_t options = {.worker_count = 0};
    CHECK_EQ(boc_runtime_start(&options), BOC_EINVALID);
    options.worker_count = BOC_WORKERS_MAX + 1;
    CHECK_EQ(boc_runtime_start(&options), BOC_EINVALID);
    CHECK(!boc_runtime_is_running());
    CHECK_EQ(boc_runtime_wait(0), BOC_OK);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, 0), BOC_OK);
    options.worker_count = 1;
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
    CHECK_EQ(boc_runtime_start(&options), BOC_ESTATE);
    CHECK_EQ(boc_runtime_shutdown(), BOC_ESTATE);
    CHECK_EQ(boc_runtime_worker_count(), 1);
    CHECK_EQ(boc_worker_index(), -1);
    end_runtime();
    CHECK_EQ(boc_runtime_worker_count(), 0);
}
BOC_TEST(start_checks_its_arguments_and_state) {
    boc__sys_run_seeds(start_checks_its_arguments_and_state_body, NULL);
}

static void scheduling_on_a_closed_runtime_gives_everything_back_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    _Atomic int runs = 0, drops = 0, frees = 0;
    tally_t tally = {&runs, &drops, &frees};
    boc_cown_t *cown = new_cown(NULL);
    boc_behavior_t *behavior = make(&tally_ops, &cown, 1, BOC_WRITE, &tally, sizeof tally, 0);
    CHECK_EQ(boc_behavior_schedule(behavior), BOC_ECLOSED);
    CHECK_EQ(runs + drops, 0);
    CHECK_EQ(frees, 1);
    CHECK(!boc_cown_is_busy(cown));
    drop_cown(cown);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(scheduling_on_a_closed_runtime_gives_everything_back) {
    boc__sys_run_seeds(scheduling_on_a_closed_runtime_gives_everything_back_body, NULL);
}

static void restart_body(void *context) {
    (void)context;
    begin_runtime(2);
    _Atomic int runs = 0, drops = 0, frees = 0;
    tally_t tally = {&runs, &drops, &frees};
    boc_cown_t *cown = new_cown(NULL);
    static const unsigned counts[] = {2, 1, 3, 2};
    for (size_t round = 0; round < sizeof counts / sizeof *counts; round++) {
        if (round > 0)
            start_workers(counts[round]);
        CHECK_EQ(boc_runtime_worker_count(), counts[round]);
        for (int i = 0; i < SCALED(100, 3); i++)
            schedule(&tally_ops, &cown, 1, BOC_WRITE, &tally, sizeof tally);
        CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
        CHECK_EQ(runs, (int)(round + 1) * SCALED(100, 3));
        CHECK_EQ(frees, runs);
    }
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    drop_cown(cown);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(restart_with_other_worker_counts_keeps_cowns) { boc__sys_run_seeds(restart_body, NULL); }

typedef struct gatekeeper {
    _Atomic int *is_open, *is_inside;
} gatekeeper_t;
static void gatekeeper_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    gatekeeper_t *gatekeeper = data;
    atomic_store(gatekeeper->is_inside, 1);
    BOC_SPIN_UNTIL(atomic_load(gatekeeper->is_open) != 0);
}
static const boc_behavior_ops_t gatekeeper_ops = {gatekeeper_run, NULL, NULL};

/* Goal: a drop lets the running body end and drops everything behind it. */
static void drop_body(void *context) {
    (void)context;
    begin_runtime(2);
    _Atomic int runs = 0, drops = 0, frees = 0, is_open = 0, is_inside = 0;
    tally_t tally = {&runs, &drops, &frees};
    gatekeeper_t gatekeeper = {&is_open, &is_inside};
    boc_cown_t *cown = new_cown(NULL);
    schedule(&gatekeeper_ops, &cown, 1, BOC_WRITE, &gatekeeper, sizeof gatekeeper);
    for (int i = 0; i < 5; i++)
        schedule(&tally_ops, &cown, 1, BOC_WRITE, &tally, sizeof tally);
    BOC_SPIN_UNTIL(atomic_load(&is_inside) != 0);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, 0), BOC_ETIMEOUT);
    CHECK(boc_runtime_is_running());
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, 0), BOC_ETIMEOUT);
    boc_behavior_t *late = make(&tally_ops, &cown, 1, BOC_WRITE, &tally, sizeof tally, 0);
    CHECK_EQ(boc_behavior_schedule(late), BOC_ECLOSED);
    atomic_store(&is_open, 1);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(runs, 0);
    CHECK_EQ(drops, 5);
    CHECK_EQ(frees, 6);
    start_workers(2);
    schedule(&tally_ops, &cown, 1, BOC_WRITE, &tally, sizeof tally);
    wait_quiescent();
    CHECK_EQ(runs, 1);
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(stop_with_drop_runs_no_further_body) { boc__sys_run_seeds(drop_body, NULL); }

/* Goal: stop under load from another thread; each behavior runs, is dropped, or is refused. */
static void produce_until_closed(void *context) {
    tally_t *tally = context;
    boc_cown_t *cown = new_cown(NULL);
    int accepted = 0;
    for (int i = 0; i < SCALED(20000, 12); i++) {
        boc_behavior_t *behavior = make(&tally_ops, &cown, 1, BOC_WRITE, tally, sizeof *tally, 0);
        if (boc_behavior_schedule(behavior) != BOC_OK)
            break;
        accepted++;
    }
    drop_cown(cown);
    atomic_fetch_add(tally->frees, -accepted - 1);
}

static void stop_under_load_body(void *context) {
    (void)context;
    begin_runtime(2);
    _Atomic int runs = 0, drops = 0, frees = 0;
    tally_t tally = {&runs, &drops, &frees};
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, produce_until_closed, &tally, "load"), BOC_OK);
    BOC_SPIN_UNTIL(atomic_load(&runs) > 0);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    boc__thread_join(&thread);
    /* The refused one was freed too, unless all of them were accepted. */
    CHECK(frees == 0 || frees == -1);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(stop_under_load_loses_nothing) { boc__sys_run_seeds(stop_under_load_body, NULL); }

static void wait_with_timeout_is_never_early_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    begin_runtime(1);
    _Atomic int is_open = 0, is_inside = 0;
    gatekeeper_t gatekeeper = {&is_open, &is_inside};
    schedule(&gatekeeper_ops, NULL, 0, BOC_WRITE, &gatekeeper, sizeof gatekeeper);
    int64_t before = boc__clock_now_ns();
    CHECK_EQ(boc_runtime_wait(20 * 1000 * 1000), BOC_ETIMEOUT);
    CHECK(boc__clock_now_ns() - before >= 20 * 1000 * 1000);
    atomic_store(&is_open, 1);
    end_runtime();
}
BOC_TEST(wait_with_timeout_is_never_early) {
    boc__sys_run_seeds(wait_with_timeout_is_never_early_body, NULL);
}

static boc_status_t refuse_second(void *context, unsigned worker) {
    (void)context;
    return worker == 1 ? BOC_ETHREAD : BOC_OK;
}
static void count_leave(void *context, unsigned worker) {
    (void)worker;
    atomic_fetch_add((_Atomic int *)context, 1);
}

static void failed_start_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    _Atomic int left = 0;
    boc_runtime_options_t options = {
        .worker_count = 3,
        .host = {.worker_enter = refuse_second, .worker_leave = count_leave, .context = &left}};
    CHECK_EQ(boc_runtime_start(&options), BOC_ETHREAD);
    CHECK_EQ(left, 2);
    CHECK(!boc_runtime_is_running());
    options.worker_count = 1;
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
    end_runtime();
    CHECK_EQ(left, 3);
}
BOC_TEST(start_fails_when_one_worker_cannot_enter) { boc__sys_run_seeds(failed_start_body, NULL); }

typedef struct attempts {
    tally_t tally;
    int accepted, accepted_late; /* before and after the first refusal */
} attempts_t;

static void attempt(void *context) {
    attempts_t *attempts = context;
    bool was_refused = false;
    for (int i = 0; i < SCALED(20000, 8); i++) {
        boc_behavior_t *behavior =
            make(&tally_ops, NULL, 0, BOC_WRITE, &attempts->tally, sizeof attempts->tally, 0);
        if (boc_behavior_schedule(behavior) != BOC_OK)
            was_refused = true;
        else if (was_refused)
            attempts->accepted_late++;
        else
            attempts->accepted++;
    }
}

/* Goal: nothing is refused before the runtime is closed for good.
 * Method: two threads schedule while this one drains; the check whether all is done
 * meets their entries and is given up, or wins. */
static void refusal_body(void *context) {
    (void)context;
    begin_runtime(1);
    _Atomic int runs = 0, drops = 0, frees = 0;
    attempts_t attempts[2];
    boc__thread_t threads[2];
    for (int i = 0; i < 2; i++) {
        attempts[i] = (attempts_t){{&runs, &drops, &frees}, 0, 0};
        CHECK_EQ(boc__thread_start(&threads[i], attempt, &attempts[i], "attempt"), BOC_OK);
    }
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
    for (int i = 0; i < 2; i++) {
        boc__thread_join(&threads[i]);
        CHECK_EQ(attempts[i].accepted_late, 0);
    }
    CHECK_EQ(runs, attempts[0].accepted + attempts[1].accepted);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(refusal_is_final) { boc__sys_run_seeds(refusal_body, NULL); }

static void stop_too(void *context) {
    CHECK_EQ(boc_runtime_stop(*(boc_stop_mode_t *)context, BOC_NO_TIMEOUT), BOC_OK);
    CHECK(!boc_runtime_is_running());
}

/* Goal: stops from two threads, in both modes, all return when the runtime is down. */
static void two_stops_body(void *context) {
    (void)context;
    begin_runtime(2);
    _Atomic int runs = 0, drops = 0, frees = 0;
    tally_t tally = {&runs, &drops, &frees};
    for (int round = 0; round < SCALED(100, 4); round++) {
        boc_stop_mode_t modes[2] = {(boc_stop_mode_t)(round & 1),
                                    (boc_stop_mode_t)(round >> 1 & 1)};
        if (round > 0)
            start_workers(2);
        for (int i = 0; i < 3; i++)
            schedule(&tally_ops, NULL, 0, BOC_WRITE, &tally, sizeof tally);
        boc__thread_t thread;
        CHECK_EQ(boc__thread_start(&thread, stop_too, &modes[0], "stop"), BOC_OK);
        stop_too(&modes[1]);
        boc__thread_join(&thread);
        CHECK_EQ(frees, 3 * (round + 1));
        CHECK_EQ(runs + drops, frees);
    }
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(stops_from_two_threads_both_succeed) { boc__sys_run_seeds(two_stops_body, NULL); }

static void stop_by_drop(void *context) {
    (void)context;
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
}

static bool is_refused(tally_t *tally) {
    return boc_behavior_schedule(make(&tally_ops, NULL, 0, BOC_WRITE, tally, sizeof *tally, 0)) !=
           BOC_OK;
}

/* Goal: a stop ends the run that it was called for, not the next one, and is no obstacle
 * to its start.  Method: another thread is known to be in its stop when new work is
 * refused; this one stops, too, and starts again. */
static void late_stop_body(void *context) {
    (void)context;
    for (int round = 0; round < SCALED(100, 2); round++) {
        begin_runtime(1);
        boc__thread_t thread;
        _Atomic int runs = 0, drops = 0, frees = 0, is_open = 0, is_inside = 0;
        tally_t tally = {&runs, &drops, &frees};
        gatekeeper_t gatekeeper = {&is_open, &is_inside};
        schedule(&gatekeeper_ops, NULL, 0, BOC_WRITE, &gatekeeper, sizeof gatekeeper);
        BOC_SPIN_UNTIL(atomic_load(&is_inside) != 0);
        CHECK_EQ(boc__thread_start(&thread, stop_by_drop, NULL, "stop"), BOC_OK);
        while (!is_refused(&tally))
            boc__thread_yield();
        atomic_store(&is_open, 1);
        stop_by_drop(NULL);
        start_workers(1);
        CHECK(!is_refused(&tally));
        boc__thread_join(&thread);
        CHECK(!is_refused(&tally));
        end_runtime();
    }
}
BOC_TEST(late_stop_leaves_the_next_run_alone) { boc__sys_run_seeds(late_stop_body, NULL); }

/* -- waiting beside the end of the threads ---------------------------------------- */

static void wait_briefly(void *context) {
    (void)context;
    for (int i = 0; i < SCALED(200, 3); i++) {
        boc_status_t status = boc_runtime_wait(1000);
        CHECK(status == BOC_OK || status == BOC_ETIMEOUT);
    }
}

/* Goal: a waiter that gives up does not look at workers that are gone. */
static void timeouts_body(void *context) {
    (void)context;
    begin_runtime(1);
    _Atomic int runs = 0, drops = 0, frees = 0;
    tally_t tally = {&runs, &drops, &frees};
    boc__thread_t waiter;
    CHECK_EQ(boc__thread_start(&waiter, wait_briefly, NULL, "waiter"), BOC_OK);
    for (int round = 0; round < SCALED(20, 2); round++) {
        if (round > 0)
            start_workers(1);
        for (int i = 0; i < 2; i++)
            schedule(&tally_ops, NULL, 0, BOC_WRITE, &tally, sizeof tally);
        CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
        CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    }
    boc__thread_join(&waiter);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(waits_that_time_out_survive_shutdown) { boc__sys_run_seeds(timeouts_body, NULL); }

typedef struct lease {
    _Atomic(boc_behavior_t *) granted;
} lease_t;
static void grant(boc_behavior_t *behavior, void *data) {
    atomic_store(&(*(lease_t **)data)->granted, behavior);
}
static const boc_behavior_ops_t grant_ops = {grant, NULL, NULL};

static void finish_lease(void *context) {
    lease_t *lease = context;
    BOC_SPIN_UNTIL(atomic_load(&lease->granted) != NULL);
    boc_behavior_finish(atomic_load(&lease->granted));
}

static void wait_again(void *context) {
    (void)context;
    for (int i = 0; i < SCALED(50, 2); i++)
        wait_quiescent();
}

/* Goal: the thread that ends the last lease looks for waiters, but not at workers that
 * are gone by then.  Method: one waits, one ends the lease, one ends the workers. */
static void last_lease_body(void *context) {
    (void)context;
    begin_runtime(1);
    lease_t lease = {NULL}, *p_lease = &lease;
    boc__thread_t finisher, waiter;
    boc_behavior_t *behavior = NULL;
    CHECK_EQ(boc_behavior_new(&grant_ops, 0, sizeof p_lease, BOC_BEHAVIOR_LEASE, &behavior),
             BOC_OK);
    memcpy(boc_behavior_data(behavior), &p_lease, sizeof p_lease);
    CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
    CHECK_EQ(boc__thread_start(&finisher, finish_lease, &lease, "finisher"), BOC_OK);
    CHECK_EQ(boc__thread_start(&waiter, wait_again, NULL, "waiter"), BOC_OK);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    boc__thread_join(&finisher);
    boc__thread_join(&waiter);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(end_of_the_last_lease_survives_shutdown) { boc__sys_run_seeds(last_lease_body, NULL); }

/* -- scheduling where no behavior may be ------------------------------------------- */

typedef struct intruder {
    _Atomic int refused;
} intruder_t;

static void intrude(intruder_t *intruder) {
    boc_behavior_t *behavior = NULL;
    _Atomic int runs = 0, drops = 0, frees = 0;
    tally_t tally = {&runs, &drops, &frees};
    behavior = make(&tally_ops, NULL, 0, BOC_WRITE, &tally, sizeof tally, 0);
    CHECK_EQ(boc_behavior_schedule(behavior), BOC_ECLOSED);
    CHECK_EQ(frees, 1);
    atomic_fetch_add(&intruder->refused, 1);
}
static boc_status_t intrude_enter(void *context, unsigned worker) {
    (void)worker;
    intrude(context);
    return BOC_OK;
}
static void intrude_leave(void *context, unsigned worker) {
    (void)worker;
    intrude(context);
}

/* Goal: what a host callback schedules before or after all behaviors is refused. */
static void callbacks_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    intruder_t intruder = {0};
    boc_runtime_options_t options = {.worker_count = 2,
                                     .host = {.worker_enter = intrude_enter,
                                              .worker_leave = intrude_leave,
                                              .context = &intruder}};
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
    CHECK_EQ(intruder.refused, 2);
    wait_quiescent();
    end_runtime();
    CHECK_EQ(intruder.refused, 4);
}
BOC_TEST(scheduling_from_enter_and_leave_is_refused) { boc__sys_run_seeds(callbacks_body, NULL); }
