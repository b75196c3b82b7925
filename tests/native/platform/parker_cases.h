/* parker_cases.h - what every parker must do; parker_test.c and parker_condvar_test.c
 * run these against one implementation each.  Include after the platform headers. */
#ifndef BOC_TESTS_PARKER_CASES_H
#define BOC_TESTS_PARKER_CASES_H

#include "boc_test.h"

#define MS_NS INT64_C(1000000)

static void start(boc__thread_t *thread, boc__thread_fn run, void *context) {
    CHECK(boc__thread_start(thread, run, context, "test") == BOC_OK);
}

static void check_wake_before_park_leaves_a_token(void) {
    boc__parker_t parker;
    boc__parker_init(&parker);
    boc__parker_wake(&parker);
    CHECK(boc__parker_park(&parker, BOC_FOREVER) == BOC_OK);
    boc__parker_deinit(&parker);
}

static void check_two_wakes_leave_one_token(void) {
    boc__parker_t parker;
    boc__parker_init(&parker);
    boc__parker_wake(&parker);
    boc__parker_wake(&parker);
    CHECK(boc__parker_park(&parker, 0) == BOC_OK);
    CHECK(boc__parker_park(&parker, 0) == BOC_ETIMEOUT);
    boc__parker_deinit(&parker);
}

static void check_park_times_out_but_never_early(void) {
    static const int64_t timeouts_ns[] = {1, 999, 70000, 1 * MS_NS, 3 * MS_NS + 7, 11 * MS_NS};
    boc__parker_t parker;
    boc__parker_init(&parker);
    for (size_t i = 0; i < sizeof timeouts_ns / sizeof timeouts_ns[0]; i++) {
        int64_t deadline_ns = boc__clock_deadline_ns(timeouts_ns[i]);
        CHECK(boc__parker_park(&parker, deadline_ns) == BOC_ETIMEOUT);
        CHECK(boc__clock_now_ns() >= deadline_ns);
    }
    boc__parker_deinit(&parker);
}

static void check_park_in_the_past_only_looks(void) {
    boc__parker_t parker;
    boc__parker_init(&parker);
    CHECK(boc__parker_park(&parker, boc__clock_now_ns()) == BOC_ETIMEOUT);
    CHECK(boc__parker_park(&parker, 0) == BOC_ETIMEOUT);
    CHECK(boc__parker_park(&parker, -1) == BOC_ETIMEOUT);
    CHECK(boc__parker_park(&parker, INT64_MIN) == BOC_ETIMEOUT);
    boc__parker_wake(&parker);
    CHECK(boc__parker_park(&parker, INT64_MIN) == BOC_OK);
    boc__parker_deinit(&parker);
}

typedef struct rally {
    boc__parker_t parkers[2];
    int rounds;
    int64_t timeout_ns; /* BOC_FOREVER: none */
    long ball;          /* whoever holds the token owns it */
} rally_t;

static void await_token(boc__parker_t *parker, int64_t timeout_ns) {
    boc_status_t status;
    do {
        int64_t deadline_ns =
            timeout_ns == BOC_FOREVER ? BOC_FOREVER : boc__clock_deadline_ns(timeout_ns);
        status = boc__parker_park(parker, deadline_ns);
    } while (status != BOC_OK);
}

static void return_balls(void *context) {
    rally_t *rally = context;
    for (int i = 0; i < rally->rounds; i++) {
        await_token(&rally->parkers[1], rally->timeout_ns);
        rally->ball++;
        boc__parker_wake(&rally->parkers[0]);
    }
}

static void play(rally_t *rally) {
    boc__thread_t thread;
    boc__parker_init(&rally->parkers[0]);
    boc__parker_init(&rally->parkers[1]);
    start(&thread, return_balls, rally);
    for (int i = 0; i < rally->rounds; i++) {
        rally->ball++;
        boc__parker_wake(&rally->parkers[1]);
        await_token(&rally->parkers[0], rally->timeout_ns);
    }
    boc__thread_join(&thread);
    CHECK_EQ(rally->ball, 2L * rally->rounds);
    boc__parker_deinit(&rally->parkers[0]);
    boc__parker_deinit(&rally->parkers[1]);
}

/* Goal: no wake is lost, and what the waker wrote is visible (plain `ball`; the
 * thread sanitizer looks). */
static void check_threads_wake_each_other(void) {
    play(&(rally_t){.rounds = 5000, .timeout_ns = BOC_FOREVER});
}

/* Goal: a wake that meets an expiring deadline is not lost.
 * Method: deadlines about as long as a wake takes. */
static void check_wake_beside_the_deadline_is_kept(void) {
    for (int64_t timeout_ns = 100; timeout_ns < 200000; timeout_ns *= 3)
        play(&(rally_t){.rounds = 700, .timeout_ns = timeout_ns});
}

#define WAKER_COUNT 4

typedef struct pile {
    boc__parker_t parker;
    _Atomic(long) added;
} pile_t;

static void add_and_wake(void *context) {
    pile_t *pile = context;
    for (int i = 0; i < 2000; i++) {
        /* relaxed: the wake that follows releases it. */
        atomic_fetch_add_explicit(&pile->added, 1, memory_order_relaxed);
        boc__parker_wake(&pile->parker);
    }
}

/* Goal: wakes may fold into one token, but the last of them is never missed. */
static void check_many_wakers_never_leave_it_asleep(void) {
    pile_t pile = {.added = 0};
    boc__thread_t threads[WAKER_COUNT];
    boc__parker_init(&pile.parker);
    for (int i = 0; i < WAKER_COUNT; i++)
        start(&threads[i], add_and_wake, &pile);
    /* relaxed: the token acquired it. */
    while (atomic_load_explicit(&pile.added, memory_order_relaxed) < 2000L * WAKER_COUNT)
        await_token(&pile.parker, BOC_FOREVER);
    for (int i = 0; i < WAKER_COUNT; i++)
        boc__thread_join(&threads[i]);
    boc__parker_deinit(&pile.parker);
}

static void wake_it(void *context) { boc__parker_wake(context); }

/* Goal: the parker may go as soon as the token is taken. */
static void check_parker_ends_while_its_waker_returns(void) {
    for (int i = 0; i < 200; i++) {
        boc__parker_t *parker = malloc(sizeof *parker);
        boc__thread_t thread;
        CHECK(parker != NULL);
        boc__parker_init(parker);
        start(&thread, wake_it, parker);
        await_token(parker, BOC_FOREVER);
        boc__parker_deinit(parker);
        free(parker);
        boc__thread_join(&thread);
    }
}

#endif
