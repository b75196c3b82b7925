/* park.c - the parker over one futex word.
 *
 *   EMPTY  -> PARKED   park, nothing there: the thread sleeps on the word
 *   EMPTY  -> TOKEN    wake
 *   PARKED -> TOKEN    wake, and the only transition that needs a system call
 *   TOKEN  -> EMPTY    park takes the token
 *   PARKED -> EMPTY    park gives up: deadline or signal
 *
 * Only the parker's thread leaves TOKEN, only it enters PARKED.
 *
 * Ordering edge (a): wake -> park; what the waker wrote is visible to the thread
 * that takes the token.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* syscall */
#endif

#include "platform/thread.h"

#include "platform/yield.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

/* Machines with a 32-bit long have a second call that takes 64-bit times. */
#if defined(SYS_futex_time64)
#define FUTEX_CALL SYS_futex_time64
#else
#define FUTEX_CALL SYS_futex
#endif

enum { EMPTY, TOKEN, PARKED };

typedef struct kernel_time {
    int64_t seconds;
    int64_t nanoseconds;
} kernel_time_t;

_Static_assert(sizeof(_Atomic(uint32_t)) == 4, "a futex is a plain 32-bit word");

/* Sleep while the word is PARKED.  0, ETIMEDOUT, EINTR, or EAGAIN: it was not.
 * BOC_FOREVER goes to the kernel as a very late time and not as "none": a sleep
 * without a time is restarted after a signal handler that asked for it. */
static int futex_wait(_Atomic(uint32_t) *word, int64_t deadline_ns) {
    if (deadline_ns < 0)
        deadline_ns = 0;
    kernel_time_t until = {deadline_ns / NS_PER_S, deadline_ns % NS_PER_S};
    long result = syscall(FUTEX_CALL, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, PARKED, &until,
                          NULL, FUTEX_BITSET_MATCH_ANY);
    return result == 0 ? 0 : errno;
}

static void futex_wake_one(_Atomic(uint32_t) *word) {
    (void)syscall(FUTEX_CALL, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

void boc__parker_init(boc__parker_t *parker) { atomic_init(&parker->state, EMPTY); }

void boc__parker_deinit(boc__parker_t *parker) {
    /* relaxed: the parker's own thread, or one that was told of its end, is here. */
    assert(atomic_load_explicit(&parker->state, memory_order_relaxed) != PARKED);
    (void)parker;
}

static boc_status_t take_token(boc__parker_t *parker) {
    /* acquire (a).  An exchange, so that a wake between is not overwritten unseen. */
    uint32_t was = atomic_exchange_explicit(&parker->state, EMPTY, memory_order_acquire);
    assert(was == TOKEN);
    (void)was;
    return BOC_OK;
}

boc_status_t boc__parker_park(boc__parker_t *parker, int64_t deadline_ns) {
    uint32_t seen = EMPTY;
    BOC_YIELD();
    /* relaxed: nothing is published by going to sleep, and the token is taken below. */
    if (!atomic_compare_exchange_strong_explicit(&parker->state, &seen, PARKED,
                                                 memory_order_relaxed, memory_order_relaxed))
        return take_token(parker);
    for (;;) {
        BOC_YIELD();
        int error = futex_wait(&parker->state, deadline_ns);
        if (error == ETIMEDOUT || error == EINTR) {
            seen = PARKED;
            /* relaxed: on success nobody woke us, and there is nothing to see. */
            if (atomic_compare_exchange_strong_explicit(&parker->state, &seen, EMPTY,
                                                        memory_order_relaxed, memory_order_relaxed))
                return error == EINTR ? BOC_EINTERRUPTED : BOC_ETIMEOUT;
            return take_token(parker);
        }
        if (error != 0 && error != EAGAIN) {
            fprintf(stderr, "boc: futex: %s\n", strerror(error));
            abort();
        }
        /* relaxed: only a hint to end the loop; take_token acquires. */
        if (atomic_load_explicit(&parker->state, memory_order_relaxed) == TOKEN)
            return take_token(parker);
    }
}

void boc__parker_wake(boc__parker_t *parker) {
    BOC_YIELD();
    /* release (a).  After this the parker may be gone: the call below uses its
     * address only, and at worst wakes a stranger who looks and sleeps again. */
    if (atomic_exchange_explicit(&parker->state, TOKEN, memory_order_release) == PARKED)
        futex_wake_one(&parker->state);
}
