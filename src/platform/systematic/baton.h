/* baton.h - hands the right to run from one real thread to another.
 *
 * Each thread has a baton of its own.  Only its thread takes it; it is given by
 * the thread that runs, at most once between two takes.
 *
 * Ordering: give -> take is a release/acquire edge, the only one that the seeded
 * scheduler and everything under it rely on.
 */
#ifndef BOC_PLATFORM_SYSTEMATIC_BATON_H
#define BOC_PLATFORM_SYSTEMATIC_BATON_H

#include <stdatomic.h>
#include <stdint.h>

#if !defined(__linux__)
#include <pthread.h>
#include <stdbool.h>
#endif

typedef struct boc__baton {
#if defined(__linux__)
    _Atomic(uint32_t) given; /* also the futex */
#else
    pthread_mutex_t mutex;
    pthread_cond_t was_given;
    bool given; /* guarded by mutex */
#endif
} boc__baton_t;

void boc__baton_init(boc__baton_t *baton);
void boc__baton_deinit(boc__baton_t *baton);
void boc__baton_give(boc__baton_t *baton);
void boc__baton_take(boc__baton_t *baton);

#endif
