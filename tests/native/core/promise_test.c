/* Promises: cowns whose first value comes from outside. */
#include "fixture.h"

/* -- values, statuses, bodies --------------------------------------------------- */

typedef struct seen {
    _Atomic int runs, drops, frees; /* of behaviors */
    _Atomic int values;             /* dropped */
    int order[64];                  /* serials, in the order of the bodies */
    boc_status_t status;            /* of the first cown, as the last body saw it */
    void *data;
} seen_t;

typedef struct look {
    seen_t *seen;
    int serial;
} look_t;

static void look_run(boc_behavior_t *behavior, void *data) {
    look_t *look = data;
    boc_cown_t *cown = boc_behavior_cown(behavior, 0);
    look->seen->status = boc_cown_status(cown);
    look->seen->data = boc_cown_value(cown)->data;
    BOC_YIELD();
    look->seen->order[atomic_fetch_add(&look->seen->runs, 1)] = look->serial;
}
static void look_drop(boc_behavior_t *behavior, void *data) {
    look_t *look = data;
    look->seen->status = boc_cown_status(boc_behavior_cown(behavior, 0));
    atomic_fetch_add(&look->seen->drops, 1);
}
static void look_deinit(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    atomic_fetch_add(&((look_t *)data)->seen->frees, 1);
}
static const boc_behavior_ops_t look_ops = {look_run, look_drop, look_deinit};

static void value_drop(void *data) { atomic_fetch_add(&((seen_t *)data)->values, 1); }
static const boc_payload_ops_t value_ops = {value_drop};

static boc_payload_t value_of(seen_t *seen) { return (boc_payload_t){seen, &value_ops}; }
static const boc_payload_t nothing = {NULL, NULL};

static boc_promise_t *new_promise(void) {
    boc_promise_t *promise = NULL;
    CHECK_EQ(boc_promise_new(&promise), BOC_OK);
    return promise;
}

static void schedule_look(boc_promise_t *promise, seen_t *seen, int serial) {
    boc_cown_t *cown = boc_promise_cown(promise);
    schedule(&look_ops, &cown, 1, BOC_WRITE, &(look_t){seen, serial}, sizeof(look_t));
}

static void settle_on_thread(boc__thread_fn settle, void *context) {
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, settle, context, "settler"), BOC_OK);
    boc__thread_join(&thread);
}

/* -- fulfilled, failed, abandoned ------------------------------------------------- */

typedef struct deed {
    boc_promise_t *promise; /* a reference of its own */
    seen_t *seen;
    boc_status_t status; /* what the settling call said */
} deed_t;

static void fulfill(void *context) {
    deed_t *deed = context;
    deed->status = boc_promise_fulfill(deed->promise, value_of(deed->seen));
    boc_promise_unref(deed->promise);
}

static void waiters_body(void *context) {
    (void)context;
    begin_runtime(2);
    seen_t seen = {0};
    boc_promise_t *promise = new_promise();
    CHECK(boc_cown_is_busy(boc_promise_cown(promise)));
    for (int i = 0; i < 4; i++)
        schedule_look(promise, &seen, i);
    CHECK_EQ(boc_runtime_wait(0), BOC_ETIMEOUT);
    CHECK_EQ(seen.runs, 0);
    deed_t deed = {promise, &seen, BOC_EINVALID};
    settle_on_thread(fulfill, &deed);
    CHECK_EQ(deed.status, BOC_OK);
    wait_quiescent();
    CHECK_EQ(seen.runs, 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(seen.order[i], i);
    CHECK_EQ(seen.status, BOC_OK);
    CHECK(seen.data == &seen);
    CHECK_EQ(seen.values, 1);
    end_runtime();
}
BOC_TEST(behaviors_wait_their_turn_until_it_is_fulfilled) {
    boc__sys_run_seeds(waiters_body, NULL);
}

static void failure_body(void *context) {
    (void)context;
    begin_runtime(2);
    seen_t seen = {0};
    boc_promise_t *promise = new_promise();
    schedule_look(promise, &seen, 0);
    CHECK_EQ(boc_promise_fail(promise, BOC_OK, value_of(&seen)), BOC_EINVALID);
    CHECK_EQ(seen.values, 1);
    CHECK_EQ(boc_promise_fail(promise, BOC_ETIMEOUT, value_of(&seen)), BOC_OK);
    wait_quiescent();
    CHECK_EQ(seen.status, BOC_ETIMEOUT);
    CHECK(seen.data == &seen);
    CHECK_EQ(boc_promise_fulfill(promise, value_of(&seen)), BOC_ESTATE);
    CHECK_EQ(boc_promise_fail(promise, BOC_ENOMEM, nothing), BOC_ESTATE);
    CHECK_EQ(seen.values, 2);
    boc_promise_unref(promise);
    CHECK_EQ(seen.values, 3);
    end_runtime();
}
BOC_TEST(failure_shows_status_and_reason) { boc__sys_run_seeds(failure_body, NULL); }

static void unref(void *context) { boc_promise_unref(context); }

static void abandoned_body(void *context) {
    (void)context;
    begin_runtime(2);
    seen_t seen = {0};
    boc_promise_t *promise = new_promise();
    schedule_look(promise, &seen, 0);
    boc_promise_ref(promise);
    settle_on_thread(unref, promise);
    CHECK_EQ(boc_runtime_wait(0), BOC_ETIMEOUT);
    boc_promise_unref(promise);
    wait_quiescent();
    CHECK_EQ(seen.runs, 1);
    CHECK_EQ(seen.status, BOC_EABANDONED);
    CHECK(seen.data == NULL);
    end_runtime();
}
BOC_TEST(dropped_promise_fails_instead_of_hanging) { boc__sys_run_seeds(abandoned_body, NULL); }

/* The cown outlives its promise, and is an ordinary one then. */
static void outlived_body(void *context) {
    (void)context;
    begin_runtime(2);
    seen_t seen = {0};
    boc_promise_t *promise = new_promise();
    boc_cown_t *cown = boc_promise_cown(promise);
    boc_cown_ref(cown);
    CHECK_EQ(boc_promise_fulfill(promise, value_of(&seen)), BOC_OK);
    CHECK(!boc_cown_is_busy(cown));
    boc_promise_unref(promise);
    CHECK_EQ(boc_cown_ref_count(cown), 1);
    for (int i = 0; i < 3; i++)
        schedule(&look_ops, &cown, 1, i == 1 ? BOC_WRITE : BOC_READ, &(look_t){&seen, i},
                 sizeof(look_t));
    wait_quiescent();
    CHECK_EQ(seen.runs, 3);
    CHECK_EQ(seen.values, 0);
    boc_cown_unref(cown);
    CHECK_EQ(seen.values, 1);
    end_runtime();
}
BOC_TEST(cown_outlives_its_promise) { boc__sys_run_seeds(outlived_body, NULL); }

/* -- exactly once ------------------------------------------------------------------- */

static void fail(void *context) {
    deed_t *deed = context;
    deed->status = boc_promise_fail(deed->promise, BOC_ECLOSED, value_of(deed->seen));
    boc_promise_unref(deed->promise);
}

/* Goal: of three threads that settle, one succeeds, and the other values are dropped. */
static void once_body(void *context) {
    (void)context;
    begin_runtime(1);
    for (int round = 0; round < SCALED(300, 2); round++) {
        seen_t seen = {0};
        deed_t deeds[3];
        boc__thread_t threads[2];
        boc_promise_t *promise = new_promise();
        schedule_look(promise, &seen, 0);
        for (int i = 0; i < 3; i++) {
            boc_promise_ref(promise);
            deeds[i] = (deed_t){promise, &seen, BOC_EINVALID};
        }
        boc_promise_unref(promise);
        for (int i = 0; i < 2; i++)
            CHECK_EQ(boc__thread_start(&threads[i], i ? fail : fulfill, &deeds[i], "settler"),
                     BOC_OK);
        fulfill(&deeds[2]);
        for (int i = 0; i < 2; i++)
            boc__thread_join(&threads[i]);
        int winners = 0;
        for (int i = 0; i < 3; i++) {
            CHECK(deeds[i].status == BOC_OK || deeds[i].status == BOC_ESTATE);
            winners += deeds[i].status == BOC_OK;
        }
        CHECK_EQ(winners, 1);
        wait_quiescent();
        CHECK_EQ(seen.runs, 1);
        CHECK_EQ(seen.status, deeds[1].status == BOC_OK ? BOC_ECLOSED : BOC_OK);
        CHECK_EQ(seen.values, 3);
    }
    end_runtime();
}
BOC_TEST(promise_is_settled_once) { boc__sys_run_seeds(once_body, NULL); }

/* Goal: the last reference goes while another thread settles: one of the two does it. */
static void racing_unref_body(void *context) {
    (void)context;
    begin_runtime(1);
    seen_t seen = {0};
    boc_promise_t *promise = new_promise();
    schedule_look(promise, &seen, 0);
    boc_promise_ref(promise);
    deed_t deed = {promise, &seen, BOC_EINVALID};
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, fulfill, &deed, "settler"), BOC_OK);
    boc_promise_unref(promise);
    boc__thread_join(&thread);
    wait_quiescent();
    CHECK_EQ(deed.status, BOC_OK); /* its reference kept the promise */
    CHECK_EQ(seen.status, BOC_OK);
    CHECK_EQ(seen.values, 1);
    end_runtime();
}
BOC_TEST(reference_of_the_settler_keeps_the_promise) {
    boc__sys_run_seeds(racing_unref_body, NULL);
}

/* -- in bodies, with other cowns ------------------------------------------------------ */

typedef struct link {
    boc_promise_t *promise; /* taken by the body */
    seen_t *seen;
} link_t;

static void link_run(boc_behavior_t *behavior, void *data) {
    link_t *link = data;
    CHECK_EQ(boc_cown_status(boc_behavior_cown(behavior, 0)), BOC_OK);
    atomic_fetch_add(&link->seen->runs, 1);
    if (link->promise == NULL)
        return;
    boc_payload_t *value = boc_cown_value(boc_behavior_cown(behavior, 0));
    CHECK_EQ(boc_promise_fulfill(link->promise, *value), BOC_OK);
    *value = nothing;
    boc_promise_unref(link->promise);
}
static const boc_behavior_ops_t link_ops = {link_run, NULL, NULL};

/* A value handed from promise to promise by bodies on workers, each waiting for two. */
static void relay_body(void *context) {
    (void)context;
    enum { LENGTH = SCALED(200, 4) };
    begin_runtime(2);
    seen_t seen = {0};
    boc_cown_t *shared = new_cown(NULL);
    boc_promise_t *first = new_promise(), *promise = first;
    boc_promise_ref(first);
    for (int i = 0; i < LENGTH; i++) {
        boc_promise_t *next = i + 1 < LENGTH ? new_promise() : NULL;
        boc_cown_t *cowns[2] = {boc_promise_cown(promise), shared};
        schedule(&link_ops, cowns, 2, BOC_WRITE, &(link_t){next, &seen}, sizeof(link_t));
        promise = next;
    }
    boc_promise_unref(first); /* the second reference remains */
    CHECK_EQ(boc_promise_fulfill(first, value_of(&seen)), BOC_OK);
    boc_promise_unref(first);
    wait_quiescent();
    CHECK_EQ(seen.runs, LENGTH);
    CHECK_EQ(seen.values, 1);
    drop_cown(shared);
    end_runtime();
}
BOC_TEST(bodies_fulfill_promises_of_bodies) { boc__sys_run_seeds(relay_body, NULL); }

static void schedule_beside(void *context) {
    deed_t *deed = context;
    for (int i = 0; i < SCALED(40, 3); i++) {
        boc_cown_t *cown = boc_promise_cown(deed->promise);
        schedule(&look_ops, &cown, 1, i % 2 ? BOC_WRITE : BOC_READ, &(look_t){deed->seen, i},
                 sizeof(look_t));
    }
}

/* Goal: readers and writers that come while the promise is settled find it before or
 * after, and none is lost. */
static void crowd_body(void *context) {
    (void)context;
    begin_runtime(2);
    seen_t seen = {0};
    boc_promise_t *promise = new_promise();
    boc_promise_ref(promise);
    deed_t deed = {promise, &seen, BOC_EINVALID}, crowd = deed;
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, fulfill, &deed, "settler"), BOC_OK);
    schedule_beside(&crowd);
    boc__thread_join(&thread);
    wait_quiescent();
    CHECK_EQ(seen.runs, SCALED(40, 3));
    boc_promise_unref(promise);
    end_runtime();
}
BOC_TEST(behaviors_scheduled_beside_the_settling_run) { boc__sys_run_seeds(crowd_body, NULL); }

/* -- stop -------------------------------------------------------------------------------- */

static void closed_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    boc_promise_t *promise = NULL;
    CHECK_EQ(boc_promise_new(&promise), BOC_ECLOSED);
    begin_runtime(1);
    promise = new_promise();
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, 0), BOC_ETIMEOUT);
    CHECK_EQ(boc_promise_fulfill(promise, nothing), BOC_OK);
    boc_promise_unref(promise);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(boc_promise_new(&promise), BOC_ECLOSED);
    end_runtime();
}
BOC_TEST(closed_runtime_takes_no_promise) { boc__sys_run_seeds(closed_body, NULL); }

static void dropped_body(void *context) {
    (void)context;
    begin_runtime(2);
    seen_t seen[3] = {{0}};
    boc_promise_t *promises[3];
    for (int i = 0; i < 3; i++) {
        promises[i] = new_promise();
        schedule_look(promises[i], &seen[i], i);
    }
    CHECK_EQ(boc_promise_fulfill(promises[1], value_of(&seen[1])), BOC_OK);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(seen[1].runs + seen[1].drops, 1);
    CHECK_EQ(seen[1].status, BOC_OK);
    for (int i = 0; i < 3; i += 2) {
        CHECK_EQ(seen[i].drops, 1);
        CHECK_EQ(seen[i].status, BOC_ECLOSED);
        CHECK_EQ(boc_promise_fulfill(promises[i], value_of(&seen[i])), BOC_ESTATE);
        CHECK_EQ(seen[i].values, 1);
        CHECK(!boc_cown_is_busy(boc_promise_cown(promises[i])));
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(seen[i].frees, 1);
        boc_promise_unref(promises[i]);
    }
    CHECK_EQ(seen[1].values, 1);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(stop_with_drop_fails_unsettled_promises) { boc__sys_run_seeds(dropped_body, NULL); }

static void count_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    atomic_fetch_add(&((look_t *)data)->seen->runs, 1);
}
static const boc_behavior_ops_t count_ops = {count_run, count_run, look_deinit};

/* A promise and a behavior that waits for it; false when the runtime takes no more. */
static bool try_promise(seen_t *seen, boc_promise_t **p_promise) {
    if (boc_promise_new(p_promise) != BOC_OK)
        return false;
    boc_cown_t *cown = boc_promise_cown(*p_promise);
    boc_behavior_t *behavior =
        make(&count_ops, &cown, 1, BOC_WRITE, &(look_t){seen, 0}, sizeof(look_t), 0);
    boc_status_t status = boc_behavior_schedule(behavior);
    CHECK(status == BOC_OK || status == BOC_ECLOSED);
    return true;
}

static void produce_promises(void *context) {
    seen_t *seen = context;
    boc_promise_t *promise = NULL;
    for (int i = 0; i < SCALED(2000, 3) && try_promise(seen, &promise); i++) {
        if (i % 3 == 0) {
            boc_status_t status = boc_promise_fulfill(promise, value_of(seen));
            CHECK(status == BOC_OK || status == BOC_ESTATE);
        }
        boc_promise_unref(promise);
    }
}

typedef struct keeper {
    boc_promise_t *kept; /* the last one, which nobody settles; may be NULL */
    seen_t *seen;
} keeper_t;

static void keep_promises(void *context) {
    keeper_t *keeper = context;
    boc_promise_t *promise = NULL;
    for (int i = 0; i < SCALED(2000, 2) && try_promise(keeper->seen, &promise); i++) {
        if (keeper->kept != NULL)
            boc_promise_unref(keeper->kept);
        keeper->kept = promise;
    }
}

/* Goal: a stop ends whatever others open, settle and give back meanwhile; none is open
 * for ever ("late pledge"), none is settled twice. */
static void racing_stop_body(void *context) {
    (void)context;
    begin_runtime(1);
    seen_t seen = {0};
    keeper_t keeper = {NULL, &seen};
    boc__thread_t threads[2];
    CHECK_EQ(boc__thread_start(&threads[0], keep_promises, &keeper, "keeper"), BOC_OK);
    CHECK_EQ(boc__thread_start(&threads[1], produce_promises, &seen, "producer"), BOC_OK);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    for (int i = 0; i < 2; i++)
        boc__thread_join(&threads[i]);
    if (keeper.kept != NULL) {
        CHECK_EQ(boc_promise_fulfill(keeper.kept, nothing), BOC_ESTATE);
        boc_promise_unref(keeper.kept);
    }
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(stop_beside_promises_leaves_none_open) { boc__sys_run_seeds(racing_stop_body, NULL); }

/* The result of a behavior that was dropped says so. */
static void dropped_result_body(void *context) {
    (void)context;
    begin_runtime(1);
    seen_t seen = {0};
    boc_promise_t *promise = new_promise();
    boc_cown_t *cown = boc_promise_cown(promise);
    boc_behavior_t *behavior = make(&look_ops, &cown, 1, BOC_WRITE, &(look_t){&seen, 0},
                                    sizeof(look_t), BOC_BEHAVIOR_RESULT);
    boc_cown_t *result = boc_behavior_result(behavior);
    boc_cown_ref(result);
    CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(seen.drops, 1);
    CHECK_EQ(boc_cown_status(result), BOC_ECLOSED);
    boc_cown_unref(result);
    boc_promise_unref(promise);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(result_of_a_dropped_behavior_says_so) { boc__sys_run_seeds(dropped_result_body, NULL); }
