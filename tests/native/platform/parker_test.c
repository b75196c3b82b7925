/* parker_test.c - the parker of this build; on Linux that is the futex. */
#include "platform/clock.h"
#include "platform/thread.h"

#include "parker_cases.h"

#include <pthread.h>
#include <signal.h>

BOC_TEST(wake_before_park_leaves_a_token) { check_wake_before_park_leaves_a_token(); }
BOC_TEST(two_wakes_leave_one_token) { check_two_wakes_leave_one_token(); }
BOC_TEST(park_times_out_but_never_early) { check_park_times_out_but_never_early(); }
BOC_TEST(park_in_the_past_only_looks) { check_park_in_the_past_only_looks(); }
BOC_TEST(threads_wake_each_other) { check_threads_wake_each_other(); }
BOC_TEST(wake_beside_the_deadline_is_kept) { check_wake_beside_the_deadline_is_kept(); }
BOC_TEST(many_wakers_never_leave_it_asleep) { check_many_wakers_never_leave_it_asleep(); }
BOC_TEST(parker_ends_while_its_waker_returns) { check_parker_ends_while_its_waker_returns(); }

#if defined(__linux__) && !defined(BOC_PARKER_CONDVAR)

static void on_signal(int signal) { (void)signal; }

typedef struct sleeper {
    boc__parker_t parker;
    int64_t deadline_ns;
    _Atomic(int) has_returned;
    boc_status_t status;
} sleeper_t;

static void *sleep_until_disturbed(void *context) {
    sleeper_t *sleeper = context;
    sleeper->status = boc__parker_park(&sleeper->parker, sleeper->deadline_ns);
    atomic_store(&sleeper->has_returned, 1);
    return NULL;
}

/* Signal the parked thread until it returns: the first may come before it sleeps. */
static void disturb(int64_t deadline_ns, int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    sleeper_t sleeper = {.deadline_ns = deadline_ns, .has_returned = 0};
    boc__parker_init(&sleeper.parker);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, sleep_until_disturbed, &sleeper) == 0);
    while (!atomic_load(&sleeper.has_returned)) {
        CHECK(pthread_kill(thread, SIGUSR1) == 0);
        boc__clock_sleep_ns(MS_NS / 4);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(sleeper.status == BOC_EINTERRUPTED);
    /* It left the parker as it was: usable, and without a token. */
    CHECK(boc__parker_park(&sleeper.parker, 0) == BOC_ETIMEOUT);
    boc__parker_deinit(&sleeper.parker);
}

BOC_TEST(signal_ends_a_park_without_a_deadline) { disturb(BOC_FOREVER, 0); }

BOC_TEST(signal_ends_a_park_with_a_deadline) {
    disturb(boc__clock_deadline_ns(3600 * 1000 * MS_NS), 0);
}

BOC_TEST(signal_whose_handler_restarts_calls_ends_a_park) { disturb(BOC_FOREVER, SA_RESTART); }

#endif
