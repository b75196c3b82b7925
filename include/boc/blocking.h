/* blocking.h - time limits, and what a host does around a call that blocks. */
#ifndef BOC_BLOCKING_H
#define BOC_BLOCKING_H

#include <boc/status.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* No time limit, where a timeout in nanoseconds is taken. */
#define BOC_NO_TIMEOUT INT64_MAX

/* Called on the thread that blocks; neither function may call into what blocks. */
typedef struct boc_blocking {
    /* The thread is about to block. */
    void (*before)(void *context);
    /* It woke up.  `is_over`: the call succeeds and the result is ignored.  Otherwise
     * anything but BOC_OK ends the call with that status: nothing was received, and
     * nothing sent unless room came at that very moment. */
    boc_status_t (*after)(void *context, bool is_over);
    void *context;
    int64_t slice_ns; /* wake up at least this often; BOC_NO_TIMEOUT: only when needed */
    /* How long the thread may look for what it waits for before `before` is called, since
     * nobody needs what that gives up; 0: not at all. */
    int64_t look_ns;
} boc_blocking_t;

#ifdef __cplusplus
}
#endif

#endif
