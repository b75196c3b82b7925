/* thread_types.h - what a thread, a mutex and a parker are on POSIX systems.
 *
 * The fields belong to posix/thread.c and to the parker that the build chose:
 * linux/park.c (futex) or, elsewhere and with BOC_PARKER_CONDVAR, posix/park.c.
 */
#ifndef BOC_PLATFORM_POSIX_THREAD_TYPES_H
#define BOC_PLATFORM_POSIX_THREAD_TYPES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define BOC_THREAD_NAME_BYTES 16 /* with the terminator; what Linux keeps */

typedef struct boc__thread {
    pthread_t handle;
    void (*run)(void *context); /* this and the next two: read by the new thread only */
    void *context;
    char name[BOC_THREAD_NAME_BYTES];
    int kernel_id; /* on Linux; written by the new thread, read once it is joined */
} boc__thread_t;

typedef struct boc__mutex {
    pthread_mutex_t native;
} boc__mutex_t;

#define BOC_MUTEX_INITIALIZER {PTHREAD_MUTEX_INITIALIZER}

#if defined(__linux__) && !defined(BOC_PARKER_CONDVAR)

typedef struct boc__parker {
    _Atomic(uint32_t) state; /* also the futex; the states are in linux/park.c */
} boc__parker_t;

#else

typedef struct boc__parker {
    pthread_mutex_t mutex;
    pthread_cond_t token_left;
    bool has_token; /* guarded by mutex */
} boc__parker_t;

#endif

#endif
