/* thread_types.h - what a thread, a mutex and a parker are to the seeded scheduler.
 *
 * Only one thread runs at a time, so plain fields are enough.  They belong to
 * systematic/thread.c; scheduler.c reads them to see who can go on.
 */
#ifndef BOC_PLATFORM_SYSTEMATIC_THREAD_TYPES_H
#define BOC_PLATFORM_SYSTEMATIC_THREAD_TYPES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct boc__sys_thread boc__sys_thread_t;

typedef struct boc__thread {
    boc__sys_thread_t *native;
} boc__thread_t;

typedef struct boc__mutex {
    bool is_locked;
    unsigned owner_id; /* this and the place: for reports, while locked */
    const char *file;
    int line;
} boc__mutex_t;

#define BOC_MUTEX_INITIALIZER {.is_locked = false}

typedef struct boc__parker {
    bool has_token;
} boc__parker_t;

#endif
