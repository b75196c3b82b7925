/* baton.c - the hand-over between real threads: a futex, or mutex and condition. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* syscall */
#endif

#include "platform/systematic/baton.h"

#include <assert.h>
#include <stddef.h>

#if defined(__linux__)

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(SYS_futex_time64)
#define FUTEX_CALL SYS_futex_time64
#else
#define FUTEX_CALL SYS_futex
#endif

void boc__baton_init(boc__baton_t *baton) { atomic_init(&baton->given, 0); }

void boc__baton_deinit(boc__baton_t *baton) { (void)baton; }

void boc__baton_give(boc__baton_t *baton) {
    /* release: see the header.  The taker may be gone after this; the call below
     * uses the address only. */
    uint32_t was = atomic_exchange_explicit(&baton->given, 1, memory_order_release);
    assert(was == 0);
    (void)was;
    (void)syscall(FUTEX_CALL, &baton->given, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

void boc__baton_take(boc__baton_t *baton) {
    /* acquire: see the header. */
    while (atomic_exchange_explicit(&baton->given, 0, memory_order_acquire) == 0)
        (void)syscall(FUTEX_CALL, &baton->given, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
}

#else

#include <stdlib.h>

static void must(int error) {
    if (error != 0)
        abort();
}

void boc__baton_init(boc__baton_t *baton) {
    must(pthread_mutex_init(&baton->mutex, NULL));
    must(pthread_cond_init(&baton->was_given, NULL));
    baton->given = false;
}

void boc__baton_deinit(boc__baton_t *baton) {
    must(pthread_cond_destroy(&baton->was_given));
    must(pthread_mutex_destroy(&baton->mutex));
}

void boc__baton_give(boc__baton_t *baton) {
    must(pthread_mutex_lock(&baton->mutex));
    assert(!baton->given);
    baton->given = true;
    must(pthread_cond_signal(&baton->was_given));
    must(pthread_mutex_unlock(&baton->mutex));
}

void boc__baton_take(boc__baton_t *baton) {
    must(pthread_mutex_lock(&baton->mutex));
    while (!baton->given)
        must(pthread_cond_wait(&baton->was_given, &baton->mutex));
    baton->given = false;
    must(pthread_mutex_unlock(&baton->mutex));
}

#endif
