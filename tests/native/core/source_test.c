/* Sources: what is outside and will schedule more. */
#include "fixture.h"

typedef struct tally {
    _Atomic int *runs;
} tally_t;
static void tally_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    BOC_YIELD();
    atomic_fetch_add(((tally_t *)data)->runs, 1);
}
static const boc_behavior_ops_t tally_ops = {tally_run, NULL, NULL};

static boc_source_t *open_source(void) {
    boc_source_t *source = NULL;
    CHECK_EQ(boc_source_open(&source), BOC_OK);
    CHECK(boc_source_is_open(source));
    return source;
}

static void lonely_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    boc_source_t *source = NULL;
    CHECK_EQ(boc_source_open(&source), BOC_ECLOSED);
    begin_runtime(1);
    source = open_source();
    CHECK_EQ(boc_runtime_wait(0), BOC_ETIMEOUT);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, 0), BOC_ETIMEOUT);
    CHECK(boc_runtime_is_running());
    boc_source_close(source);
    wait_quiescent();
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(boc_source_open(&source), BOC_ECLOSED);
    end_runtime();
}
BOC_TEST(open_source_keeps_quiescence_away) { boc__sys_run_seeds(lonely_body, NULL); }

typedef struct feed {
    boc_source_t *source;
    _Atomic int *runs;
    int count;
} feed_t;

/* Between two behaviors nothing but the source keeps the runtime open. */
static void feed_and_close(void *context) {
    feed_t *feed = context;
    for (int i = 0; i < feed->count; i++) {
        schedule(&tally_ops, NULL, 0, BOC_WRITE, &(tally_t){feed->runs}, sizeof(tally_t));
        BOC_SPIN_UNTIL(atomic_load(feed->runs) > i);
    }
    boc_source_close(feed->source);
}

static void fed_body(void *context) {
    (void)context;
    begin_runtime(2);
    _Atomic int runs = 0;
    feed_t feed = {open_source(), &runs, SCALED(200, 3)};
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, feed_and_close, &feed, "feed"), BOC_OK);
    wait_quiescent();
    CHECK_EQ(runs, feed.count);
    boc__thread_join(&thread);
    end_runtime();
}
BOC_TEST(wait_ends_when_the_last_source_is_closed) { boc__sys_run_seeds(fed_body, NULL); }

/* The same for a stop that drains: what comes meanwhile is taken. */
static void drained_body(void *context) {
    (void)context;
    begin_runtime(1);
    _Atomic int runs = 0;
    feed_t feed = {open_source(), &runs, SCALED(200, 3)};
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, feed_and_close, &feed, "feed"), BOC_OK);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(runs, feed.count);
    boc__thread_join(&thread);
    end_runtime();
}
BOC_TEST(draining_stop_takes_what_sources_schedule) { boc__sys_run_seeds(drained_body, NULL); }

static void close_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    boc_source_close(*(boc_source_t **)data);
}
static const boc_behavior_ops_t close_ops = {close_run, NULL, NULL};

static void open_run(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    boc_source_t *source = open_source();
    schedule(&close_ops, NULL, 0, BOC_WRITE, &source, sizeof source);
}
static const boc_behavior_ops_t open_ops = {open_run, NULL, NULL};

static void in_bodies_body(void *context) {
    (void)context;
    begin_runtime(2);
    for (int i = 0; i < SCALED(500, 3); i++)
        schedule(&open_ops, NULL, 0, BOC_WRITE, NULL, 0);
    wait_quiescent();
    end_runtime();
}
BOC_TEST(bodies_open_and_close_sources) { boc__sys_run_seeds(in_bodies_body, NULL); }

static void dropped_body(void *context) {
    (void)context;
    begin_runtime(1);
    boc_source_t *source = open_source();
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    CHECK(!boc_source_is_open(source));
    start_workers(1); /* the next run is not kept open by a source of this one */
    wait_quiescent();
    boc_source_close(source);
    wait_quiescent();
    end_runtime();
}
BOC_TEST(stop_with_drop_closes_sources) { boc__sys_run_seeds(dropped_body, NULL); }

static void open_until_refused(void *context) {
    (void)context;
    boc_source_t *sources[4] = {NULL};
    for (int i = 0; i < SCALED(4000, 8) && boc_source_open(&sources[i % 4]) == BOC_OK; i++)
        if (sources[(i + 1) % 4] != NULL) {
            boc_source_close(sources[(i + 1) % 4]);
            sources[(i + 1) % 4] = NULL;
        }
    for (int i = 0; i < 4; i++)
        if (sources[i] != NULL && boc_source_is_open(sources[i]))
            boc_source_close(sources[i]), sources[i] = NULL;
    while (boc_runtime_is_running())
        boc__thread_yield();
    for (int i = 0; i < 4; i++)
        if (sources[i] != NULL)
            boc_source_close(sources[i]);
}

/* Goal: a stop beside threads that open and close ends, and closes what it finds. */
static void racing_stop_body(void *context) {
    (void)context;
    begin_runtime(1);
    boc__thread_t threads[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(boc__thread_start(&threads[i], open_until_refused, NULL, "opener"), BOC_OK);
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DROP, BOC_NO_TIMEOUT), BOC_OK);
    for (int i = 0; i < 2; i++)
        boc__thread_join(&threads[i]);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(stop_beside_sources_leaves_none_open) { boc__sys_run_seeds(racing_stop_body, NULL); }
