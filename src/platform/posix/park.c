/* park.c - the parker over a mutex and a condition, for systems without a futex.
 *
 * The deadline is on the monotonic clock.  Systems whose conditions know only the
 * wall clock (macOS) wait relative to now and look at the clock again.  A signal
 * does not end a wait here.
 */
#if defined(__APPLE__)
#define _DARWIN_C_SOURCE /* pthread_cond_timedwait_relative_np */
#elif !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* pthread_condattr_setclock */
#endif

#include "platform/thread.h"

#include "platform/clock.h"
#include "platform/yield.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

static void must(int error, const char *what) {
    if (error == 0)
        return;
    fprintf(stderr, "boc: parker %s: %s\n", what, strerror(error));
    abort();
}

static struct timespec to_timespec(int64_t time_ns) {
    return (struct timespec){.tv_sec = (time_t)(time_ns / NS_PER_S),
                             .tv_nsec = (long)(time_ns % NS_PER_S)};
}

void boc__parker_init(boc__parker_t *parker) {
    pthread_condattr_t attributes;
    must(pthread_mutex_init(&parker->mutex, NULL), "init");
    must(pthread_condattr_init(&attributes), "init");
#if !defined(__APPLE__)
    must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "clock");
#endif
    must(pthread_cond_init(&parker->token_left, &attributes), "init");
    must(pthread_condattr_destroy(&attributes), "init");
    parker->has_token = false;
}

void boc__parker_deinit(boc__parker_t *parker) {
    /* The last waker may be between its signal and its unlock: let it finish. */
    must(pthread_mutex_lock(&parker->mutex), "lock");
    must(pthread_mutex_unlock(&parker->mutex), "unlock");
    must(pthread_cond_destroy(&parker->token_left), "deinit");
    must(pthread_mutex_destroy(&parker->mutex), "deinit");
}

/* 0 or ETIMEDOUT; either can be untrue, the caller looks again. */
static int wait_until(boc__parker_t *parker, int64_t deadline_ns) {
    if (deadline_ns == BOC_FOREVER)
        return pthread_cond_wait(&parker->token_left, &parker->mutex);
#if defined(__APPLE__)
    int64_t left_ns = deadline_ns - boc__clock_now_ns();
    struct timespec left = to_timespec(left_ns > 0 ? left_ns : 0);
    return pthread_cond_timedwait_relative_np(&parker->token_left, &parker->mutex, &left);
#else
    struct timespec until = to_timespec(deadline_ns > 0 ? deadline_ns : 0);
    return pthread_cond_timedwait(&parker->token_left, &parker->mutex, &until);
#endif
}

boc_status_t boc__parker_park(boc__parker_t *parker, int64_t deadline_ns) {
    boc_status_t status = BOC_OK;
    BOC_YIELD();
    must(pthread_mutex_lock(&parker->mutex), "lock");
    while (!parker->has_token) {
        int error = wait_until(parker, deadline_ns);
        if (error != 0 && error != ETIMEDOUT)
            must(error, "wait");
        if (error == ETIMEDOUT && !parker->has_token && boc__clock_now_ns() >= deadline_ns) {
            status = BOC_ETIMEOUT;
            break;
        }
    }
    if (status == BOC_OK)
        parker->has_token = false;
    must(pthread_mutex_unlock(&parker->mutex), "unlock");
    return status;
}

void boc__parker_wake(boc__parker_t *parker) {
    BOC_YIELD();
    must(pthread_mutex_lock(&parker->mutex), "lock");
    parker->has_token = true;
    must(pthread_cond_signal(&parker->token_left), "signal");
    must(pthread_mutex_unlock(&parker->mutex), "unlock");
}
