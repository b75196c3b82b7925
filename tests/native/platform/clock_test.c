/* clock_test.c - the monotonic clock. */
#include "boc_test.h"

#include "platform/clock.h"
#include "platform/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define MS_NS INT64_C(1000000)

BOC_TEST(now_never_goes_back) {
    int64_t last_ns = boc__clock_now_ns();
    CHECK(last_ns > 0);
    for (int i = 0; i < 100000; i++) {
        int64_t now_ns = boc__clock_now_ns();
        CHECK(now_ns >= last_ns);
        last_ns = now_ns;
    }
}

BOC_TEST(deadline_lies_the_timeout_ahead) {
    int64_t before_ns = boc__clock_now_ns();
    int64_t deadline_ns = boc__clock_deadline_ns(5 * MS_NS);
    CHECK(deadline_ns >= before_ns + 5 * MS_NS);
    CHECK(deadline_ns <= boc__clock_now_ns() + 5 * MS_NS);
}

BOC_TEST(deadline_of_no_timeout_is_now) {
    int64_t before_ns = boc__clock_now_ns();
    static const int64_t timeouts_ns[] = {0, -1, INT64_MIN};
    for (int i = 0; i < 3; i++) {
        int64_t deadline_ns = boc__clock_deadline_ns(timeouts_ns[i]);
        CHECK(deadline_ns >= before_ns && deadline_ns <= boc__clock_now_ns());
    }
}

BOC_TEST(deadline_saturates_at_forever) {
    CHECK(boc__clock_deadline_ns(INT64_MAX) == BOC_FOREVER);
    CHECK(boc__clock_deadline_ns(INT64_MAX - 1) == BOC_FOREVER);
    CHECK(boc__clock_deadline_ns(INT64_MAX / 2) < BOC_FOREVER);
}

BOC_TEST(sleep_is_never_early) {
    static const int64_t durations_ns[] = {1, 1000, 300000, 2 * MS_NS, 12 * MS_NS};
    for (size_t i = 0; i < sizeof durations_ns / sizeof durations_ns[0]; i++) {
        int64_t before_ns = boc__clock_now_ns();
        boc__clock_sleep_ns(durations_ns[i]);
        CHECK(boc__clock_now_ns() - before_ns >= durations_ns[i]);
    }
}

BOC_TEST(sleep_for_nothing_returns) {
    boc__clock_sleep_ns(0);
    boc__clock_sleep_ns(-1);
    boc__clock_sleep_ns(INT64_MIN);
}

static void on_signal(int signal) { (void)signal; }

typedef struct nap {
    int64_t slept_ns;
    _Atomic(int) is_over;
} nap_t;

static void *take_nap(void *context) {
    nap_t *nap = context;
    int64_t before_ns = boc__clock_now_ns();
    boc__clock_sleep_ns(20 * MS_NS);
    nap->slept_ns = boc__clock_now_ns() - before_ns;
    atomic_store(&nap->is_over, 1);
    return NULL;
}

BOC_TEST(sleep_goes_on_after_a_signal) {
    struct sigaction action = {.sa_handler = on_signal};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    nap_t nap = {.is_over = 0};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, take_nap, &nap) == 0);
    while (!atomic_load(&nap.is_over)) {
        CHECK(pthread_kill(thread, SIGUSR1) == 0);
        boc__clock_sleep_ns(MS_NS);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(nap.slept_ns >= 20 * MS_NS);
}
