/* What the runtime does for its host: placed behaviors, the host thread, visits. */
#include "fixture.h"

enum { WORKERS = 2, ANY = BOC_PLACE_ANY, HOST = BOC_PLACE_HOST };

static struct {
    _Atomic int ran[WORKERS + 2]; /* by place, from HOST on */
    _Atomic int dropped, freed, asked, visits[WORKERS], wakes;
    _Atomic bool is_stopped; /* for the thread that serves the queue */
    boc__parker_t parker;    /* of that thread */
} globals;

static int total_ran(void) {
    int sum = 0;
    for (int i = 0; i < WORKERS + 2; i++)
        sum += atomic_load(&globals.ran[i]);
    return sum;
}

typedef struct placed {
    int place;
    int depth; /* behaviors to schedule from inside, one after the other */
} placed_t;

static int place(void *context, boc_behavior_t *behavior, void *data) {
    (void)context, (void)behavior;
    atomic_fetch_add(&globals.asked, 1);
    return ((placed_t *)data)->place;
}
static void between(void *context, unsigned worker) {
    (void)context;
    CHECK_EQ(boc_worker_index(), (int)worker);
    BOC_YIELD();
    atomic_fetch_add(&globals.visits[worker], 1);
}
static void wake(void *context) {
    (void)context;
    atomic_fetch_add(&globals.wakes, 1);
    boc__parker_wake(&globals.parker);
}

static _Thread_local bool tl_is_host;

static bool is_right(int at) {
    if (at == HOST)
        return tl_is_host && boc_worker_index() == -1;
    return at == ANY ? boc_worker_index() >= 0 : boc_worker_index() == at;
}

static void placed_run(boc_behavior_t *behavior, void *data);
static void placed_drop(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.dropped, 1);
}
static void placed_deinit(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.freed, 1);
}
static const boc_behavior_ops_t placed_ops = {placed_run, placed_drop, placed_deinit};

static boc_behavior_t *make_placed(boc_cown_t *const *cowns, size_t count, placed_t placed) {
    return make(&placed_ops, cowns, count, BOC_WRITE, &placed, sizeof placed, BOC_BEHAVIOR_PLACED);
}

static void schedule_placed(boc_cown_t *const *cowns, size_t count, placed_t placed) {
    CHECK_EQ(boc_behavior_schedule(make_placed(cowns, count, placed)), BOC_OK);
}

static void placed_run(boc_behavior_t *behavior, void *data) {
    placed_t next = *(placed_t *)data;
    CHECK(is_right(next.place));
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++)
        ++*(int *)cown_data(behavior, i);
    BOC_YIELD();
    atomic_fetch_add(&globals.ran[next.place + 2], 1);
    if (next.depth-- > 0) {
        boc_cown_t *cown = boc_behavior_cown(behavior, 0);
        next.place = next.place + 1 < WORKERS ? next.place + 1 : HOST;
        schedule_placed(&cown, 1, next);
    }
}

static void start(unsigned workers) {
    boc_runtime_options_t options = {.worker_count = workers,
                                     .host = {.place = place, .between = between, .wake = wake}};
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
}

static void begin(unsigned workers) {
    memset(&globals, 0, sizeof globals);
    boc__parker_init(&globals.parker);
    boc__slab_restart_ids();
    start(workers);
}

static void attach(void) {
    CHECK_EQ(boc_host_attach(), BOC_OK);
    tl_is_host = true;
}

static void detach(void) {
    boc_host_detach();
    tl_is_host = false;
}

static void end(void) {
    end_runtime();
    CHECK_EQ(boc_host_waiting(), 0);
    boc__parker_deinit(&globals.parker);
}

/* -- places ---------------------------------------------------------------------- */

/* Goal: each behavior runs where it was placed, asked once, and the order of a cown holds
 * from place to place.  Method: the bodies check their thread; two cowns, behaviors over
 * one or both, and chains that go round all places. */
static void places_body(void *context) {
    (void)context;
    begin(WORKERS);
    attach();
    int counts[2] = {0, 0}, expected[2] = {0, 0};
    boc_cown_t *cowns[2] = {new_cown(&counts[0]), new_cown(&counts[1])};
    for (int i = 0; i < SCALED(400, 6); i++) {
        int depth = i % 3;
        schedule_placed(&cowns[i % 2], i % 5 == 0 && i % 2 == 0 ? 2 : 1,
                        (placed_t){i % (WORKERS + 2) - 2, depth});
        expected[i % 2] += 1 + depth;
        if (i % 5 == 0 && i % 2 == 0)
            expected[1]++;
    }
    wait_quiescent();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(counts[i], expected[i]);
        drop_cown(cowns[i]);
    }
    CHECK_EQ(globals.asked, total_ran());
    CHECK_EQ(globals.freed, total_ran());
    detach();
    end();
}
BOC_TEST(placed_behaviors_run_where_they_belong) { boc__sys_run_seeds(places_body, NULL); }

static int place_nowhere(void *context, boc_behavior_t *behavior, void *data) {
    (void)context, (void)behavior, (void)data;
    return 1000;
}

static void any_place_body(void *context) {
    (void)context;
    for (int has_place = 0; has_place < 2; has_place++) {
        memset(&globals, 0, sizeof globals);
        boc__slab_restart_ids();
        boc_runtime_options_t options = {.worker_count = 1};
        if (has_place)
            options.host.place = place_nowhere;
        CHECK_EQ(boc_runtime_start(&options), BOC_OK);
        schedule_placed(NULL, 0, (placed_t){ANY, 0});
        wait_quiescent();
        CHECK_EQ(globals.ran[ANY + 2], 1);
        end_runtime();
    }
}
BOC_TEST(place_that_does_not_exist_means_any) { boc__sys_run_seeds(any_place_body, NULL); }

/* A body that goes on scheduling itself at the same place until a flag is up. */
typedef struct until {
    int place;
    _Atomic int *flag;
} until_t;
static void until_run(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t until_ops = {until_run, NULL, NULL};
static void until_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    until_t again = *(until_t *)data;
    if (atomic_load(again.flag) == 0)
        CHECK_EQ(boc_behavior_schedule(make(&until_ops, NULL, 0, BOC_WRITE, &again, sizeof again,
                                            BOC_BEHAVIOR_PLACED)),
                 BOC_OK);
    BOC_YIELD();
}
static void raise_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    atomic_store(((until_t *)data)->flag, 1);
}
static const boc_behavior_ops_t raise_ops = {raise_run, NULL, NULL};

/* Goal: on one worker an endless placed chain and an endless plain one leave room for
 * each other.  Method: each runs until a behavior of the other kind has run. */
static void turns_body(void *context) {
    (void)context;
    for (int kind = 0; kind < 2; kind++) {
        begin(1);
        _Atomic int flag = 0;
        until_t chain = {kind ? 0 : ANY, &flag};
        until_t raise = {kind ? ANY : 0, &flag};
        CHECK_EQ(boc_behavior_schedule(make(&until_ops, NULL, 0, BOC_WRITE, &chain, sizeof chain,
                                            BOC_BEHAVIOR_PLACED)),
                 BOC_OK);
        CHECK_EQ(boc_behavior_schedule(make(&raise_ops, NULL, 0, BOC_WRITE, &raise, sizeof raise,
                                            BOC_BEHAVIOR_PLACED)),
                 BOC_OK);
        wait_quiescent();
        end();
    }
}
BOC_TEST(placed_and_plain_work_take_turns) { boc__sys_run_seeds(turns_body, NULL); }

/* Goal: work placed on a worker that goes to sleep at that moment is not forgotten. */
static void sleepy_body(void *context) {
    (void)context;
    begin(WORKERS);
    for (int i = 0; i < SCALED(200, 3); i++) {
        schedule_placed(NULL, 0, (placed_t){i % WORKERS, 0});
        wait_quiescent();
        CHECK_EQ(total_ran(), i + 1);
    }
    end();
}
BOC_TEST(work_placed_on_a_worker_that_goes_to_sleep_runs) { boc__sys_run_seeds(sleepy_body, NULL); }

/* -- the host thread --------------------------------------------------------------- */

static void serve(void *context) {
    (void)context;
    attach();
    while (!atomic_load(&globals.is_stopped)) {
        while (boc_host_run(2) == 2)
            continue;
        (void)boc__parker_park(&globals.parker, BOC_FOREVER);
    }
    detach();
}

/* Goal: a thread that sleeps until `wake` runs everything; others wait for it. */
static void service_body(void *context) {
    (void)context;
    begin(WORKERS);
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, serve, NULL, "host"), BOC_OK);
    int count = 0;
    boc_cown_t *cown = new_cown(&count);
    for (int i = 0; i < SCALED(300, 4); i++)
        schedule_placed(&cown, 1, (placed_t){i % 2 ? HOST : ANY, 0});
    wait_quiescent();
    CHECK_EQ(count, SCALED(300, 4));
    CHECK_EQ(globals.ran[HOST + 2], SCALED(300, 4) / 2);
    CHECK(globals.wakes > 0);
    atomic_store(&globals.is_stopped, true);
    boc__parker_wake(&globals.parker);
    boc__thread_join(&thread);
    drop_cown(cown);
    end();
}
BOC_TEST(host_thread_is_woken_for_its_work) { boc__sys_run_seeds(service_body, NULL); }

/* Inside a body of the host thread: no waiting, but more of the queue may run. */
static void inside_run(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    CHECK_EQ(boc_runtime_wait(0), BOC_ESTATE);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, 0), BOC_ESTATE);
    CHECK_EQ(boc_host_run(1), 1);
    CHECK_EQ(boc_runtime_wait(0), BOC_ESTATE);
    CHECK(is_right(HOST));
}
static const boc_behavior_ops_t inside_ops = {inside_run, NULL, placed_deinit};

static void rules_body(void *context) {
    (void)context;
    begin(1);
    attach();
    CHECK_EQ(boc_host_attach(), BOC_EBUSY);
    CHECK_EQ(boc_host_run(SIZE_MAX), 0);
    placed_t at = {HOST, 0};
    CHECK_EQ(boc_behavior_schedule(
                 make(&inside_ops, NULL, 0, BOC_WRITE, &at, sizeof at, BOC_BEHAVIOR_PLACED)),
             BOC_OK);
    for (int i = 0; i < 3; i++)
        schedule_placed(NULL, 0, at);
    CHECK_EQ(boc_host_waiting(), 4);
    CHECK_EQ(globals.wakes, 1);
    CHECK_EQ(boc_host_run(1), 1); /* the first, and one from inside it */
    CHECK_EQ(boc_host_waiting(), 2);
    CHECK_EQ(boc_host_run(SIZE_MAX), 2);
    CHECK_EQ(boc_host_waiting(), 0);
    schedule_placed(NULL, 0, at);
    CHECK_EQ(globals.wakes, 2);
    detach(); /* the next host thread goes on */
    CHECK_EQ(boc_runtime_wait(0), BOC_ETIMEOUT);
    attach();
    wait_quiescent();
    CHECK_EQ(globals.ran[HOST + 2], 4);
    detach();
    end();
}
BOC_TEST(host_queue_is_served_in_order_and_may_change_hands) {
    boc__sys_run_seeds(rules_body, NULL);
}

/* Goal: a wait on the host thread that is over in time ends although its work does not. */
static void endless_body(void *context) {
    (void)context;
    begin(1);
    attach();
    _Atomic int flag = 0;
    until_t chain = {HOST, &flag};
    CHECK_EQ(boc_behavior_schedule(
                 make(&until_ops, NULL, 0, BOC_WRITE, &chain, sizeof chain, BOC_BEHAVIOR_PLACED)),
             BOC_OK);
    CHECK_EQ(boc_runtime_wait(1000), BOC_ETIMEOUT);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, 1000), BOC_ETIMEOUT);
    CHECK(boc_runtime_is_running());
    atomic_store(&flag, 1);
    end();
    detach();
}
BOC_TEST(wait_on_the_host_thread_keeps_its_time) { boc__sys_run_seeds(endless_body, NULL); }

/* -- stop --------------------------------------------------------------------------- */

static void produce_until_closed(void *context) {
    int *p_made = context;
    boc_cown_t *cown;
    static int ignored; /* written by bodies that hold the cown */
    cown = new_cown(&ignored);
    for (int i = 0; i < SCALED(5000, 10); i++) {
        boc_behavior_t *behavior = make_placed(&cown, 1, (placed_t){i % (WORKERS + 2) - 2, i % 2});
        ++*p_made;
        if (boc_behavior_schedule(behavior) != BOC_OK)
            break;
    }
    drop_cown(cown);
}

/* No place is known here: while dropping without a host thread, its work is dropped by
 * workers. */
static int place_softly(void *context, boc_behavior_t *behavior, void *data) {
    return place(context, behavior, data);
}
static void soft_run(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t soft_ops = {soft_run, placed_drop, placed_deinit};
static void soft_run(boc_behavior_t *behavior, void *data) {
    placed_t next = *(placed_t *)data;
    (void)behavior;
    CHECK(is_right(next.place));
    atomic_fetch_add(&globals.ran[next.place + 2], 1);
}

/* Goal: a stop under load that drops, with and without a host thread, ends and loses
 * nothing.  Method: another thread schedules to all places until it is refused. */
static void drop_body(void *context) {
    bool has_host = context != NULL;
    begin(WORKERS);
    if (has_host)
        attach();
    int made = 0;
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, produce_until_closed, &made, "load"), BOC_OK);
    BOC_SPIN_UNTIL(total_ran() > 0 || boc_host_waiting() > 0);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    boc__thread_join(&thread);
    CHECK(globals.freed >= made);
    CHECK(total_ran() + globals.dropped <= globals.freed);
    CHECK(globals.dropped == 0 || globals.freed > 0);
    if (has_host)
        detach();
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
    CHECK_EQ(boc_host_waiting(), 0);
    boc__parker_deinit(&globals.parker);
}
BOC_TEST(stop_with_drop_under_load_serves_the_host_queue) {
    static int yes;
    boc__sys_run_seeds(drop_body, &yes);
}
BOC_TEST(stop_with_drop_needs_no_host_thread) { boc__sys_run_seeds(drop_body, NULL); }

/* Goal: a host thread that leaves while the runtime drops hands its queue to the workers. */
static void stop_dropping(void *context) {
    (void)context;
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
}
static void leave_body(void *context) {
    (void)context;
    memset(&globals, 0, sizeof globals);
    boc__slab_restart_ids();
    boc_runtime_options_t options = {.worker_count = 1, .host = {.place = place_softly}};
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
    attach();
    placed_t at = {HOST, 0};
    for (int i = 0; i < 3; i++)
        CHECK_EQ(boc_behavior_schedule(
                     make(&soft_ops, NULL, 0, BOC_WRITE, &at, sizeof at, BOC_BEHAVIOR_PLACED)),
                 BOC_OK);
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, stop_dropping, NULL, "stop"), BOC_OK);
    CHECK_EQ(boc_host_run(1), 1);
    BOC_YIELD();
    detach();
    boc__thread_join(&thread);
    CHECK_EQ(total_ran() + globals.dropped, 3);
    CHECK_EQ(globals.freed, 3);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(host_thread_may_leave_while_the_runtime_drops) { boc__sys_run_seeds(leave_body, NULL); }

/* -- visits -------------------------------------------------------------------------- */

typedef struct gatekeeper {
    _Atomic int *is_open, *worker;
} gatekeeper_t;
static void gatekeeper_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    gatekeeper_t *gatekeeper = data;
    atomic_store(gatekeeper->worker, boc_worker_index());
    BOC_SPIN_UNTIL(atomic_load(gatekeeper->is_open) != 0);
}
static const boc_behavior_ops_t gatekeeper_ops = {gatekeeper_run, NULL, NULL};

/* Goal: a notified worker is visited: one that sleeps, one that goes to sleep, and one in
 * a body after that body. */
static void visits_body(void *context) {
    (void)context;
    begin(WORKERS);
    CHECK_EQ(boc_worker_notify(WORKERS), BOC_EINVALID);
    for (int i = 0; i < SCALED(100, 3); i++) {
        int worker = i % WORKERS, before = atomic_load(&globals.visits[worker]);
        schedule_placed(NULL, 0, (placed_t){ANY, 0});
        CHECK_EQ(boc_worker_notify((unsigned)worker), BOC_OK);
        BOC_SPIN_UNTIL(atomic_load(&globals.visits[worker]) > before);
    }
    _Atomic int is_open = 0, at = -1;
    gatekeeper_t gatekeeper = {&is_open, &at};
    schedule(&gatekeeper_ops, NULL, 0, BOC_WRITE, &gatekeeper, sizeof gatekeeper);
    BOC_SPIN_UNTIL(atomic_load(&at) >= 0);
    int before = atomic_load(&globals.visits[at]);
    CHECK_EQ(boc_worker_notify((unsigned)at), BOC_OK);
    CHECK_EQ(boc_worker_notify((unsigned)at), BOC_OK);
    CHECK_EQ(globals.visits[at], before);
    atomic_store(&is_open, 1);
    BOC_SPIN_UNTIL(atomic_load(&globals.visits[at]) > before);
    end();
    CHECK_EQ(boc_worker_notify(0), BOC_EINVALID);
}
BOC_TEST(notified_worker_is_visited_between_bodies) { boc__sys_run_seeds(visits_body, NULL); }

static void notify_last(void *context) {
    (void)context;
    for (int i = 0; i < SCALED(1000, 4); i++) {
        int before = atomic_load(&globals.visits[WORKERS - 1]);
        CHECK_EQ(boc_worker_notify(WORKERS - 1), BOC_OK);
        BOC_SPIN_UNTIL(atomic_load(&globals.visits[WORKERS - 1]) > before);
    }
}

/* Goal: a worker that a smaller start left over is visited, also while it becomes one or
 * is wanted again. */
static void dormant_body(void *context) {
    (void)context;
    begin(WORKERS);
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, notify_last, NULL, "notifier"), BOC_OK);
    for (unsigned i = 0; i < SCALED(21, 3); i++) { /* the last one leaves it over */
        CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_FOREVER), BOC_OK);
        start(i % 2 == 0 ? WORKERS - 1 : WORKERS);
        schedule_placed(NULL, 0, (placed_t){ANY, 0});
    }
    boc__thread_join(&thread);
    end();
}
BOC_TEST(notified_worker_is_visited_while_it_is_not_wanted) {
    boc__sys_run_seeds(dormant_body, NULL);
}
