/* clock.c - the monotonic clock of POSIX. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* clock_gettime, nanosleep */
#endif

#include "platform/clock.h"

#include "platform/thread.h" /* BOC_FOREVER */

#include <assert.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

int64_t boc__clock_now_ns(void) {
    struct timespec now;
    int error = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(error == 0);
    (void)error;
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t boc__clock_deadline_ns(int64_t timeout_ns) {
    if (timeout_ns == BOC_FOREVER)
        return BOC_FOREVER;
    int64_t now_ns = boc__clock_now_ns();
    if (timeout_ns <= 0)
        return now_ns;
    return timeout_ns > BOC_FOREVER - now_ns ? BOC_FOREVER : now_ns + timeout_ns;
}

void boc__clock_sleep_ns(int64_t duration_ns) {
    int64_t deadline_ns = boc__clock_deadline_ns(duration_ns);
    for (;;) {
        int64_t left_ns = deadline_ns - boc__clock_now_ns();
        if (left_ns <= 0)
            return;
        /* A signal or a coarse timer can end it early: look at the clock again. */
        struct timespec left = {.tv_sec = (time_t)(left_ns / NS_PER_S),
                                .tv_nsec = (long)(left_ns % NS_PER_S)};
        (void)nanosleep(&left, NULL);
    }
}
