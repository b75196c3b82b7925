/* thread.h - threads, mutual exclusion, parking.
 *
 * Threads   boc__thread_start/join   the starter owns the boc__thread_t
 *           boc__mutex_*             short critical sections, never held while a
 *                                    thread parks or a host callback runs
 *           boc__parker_park         the parker's own thread only
 *           boc__parker_wake         any thread; leaves one token
 *
 * Ordering: unlock -> lock and wake -> park are release/acquire edges.
 */
#ifndef BOC_PLATFORM_THREAD_H
#define BOC_PLATFORM_THREAD_H

#include "platform/atomic.h"

#include <boc/status.h>
#include <stdbool.h>

#if defined(BOC_SYSTEMATIC)
#include "platform/systematic/thread_types.h"
#elif defined(_WIN32)
#include "platform/windows/thread_types.h"
#else
#include "platform/posix/thread_types.h"
#endif

typedef void (*boc__thread_fn)(void *context);

/* Start a thread that runs `run(context)`.  BOC_ETHREAD when the system refuses.
 * `name` is shown by debuggers; at most 15 bytes are kept.  `*thread` stays where
 * it is until it is joined; a thread is joined exactly once. */
BOC_MUST_CHECK boc_status_t boc__thread_start(boc__thread_t *thread, boc__thread_fn run,
                                              void *context, const char *name);
void boc__thread_join(boc__thread_t *thread);

/* Let another thread have this CPU. */
void boc__thread_yield(void);

/* A small number that no other live thread has, from 0 on; reused after exit.
 * Cheap: a thread-local read. */
unsigned boc__thread_index(void);

/* Run `run(context)` when the calling thread ends, before its index is reused.
 * BOC_THREAD_EXITS_MAX registrations per thread are possible; they run in reverse
 * order.  A thread that ends with the process (main) does not run them.
 * BOC_ENOMEM when there is no room. */
#define BOC_THREAD_EXITS_MAX 8
BOC_MUST_CHECK boc_status_t boc__thread_at_exit(boc__thread_fn run, void *context);

/* Not recursive.  BOC_MUTEX_INITIALIZER is for static storage, in place of init. */
void boc__mutex_init(boc__mutex_t *mutex);
void boc__mutex_deinit(boc__mutex_t *mutex);
void boc__mutex_lock(boc__mutex_t *mutex);
void boc__mutex_unlock(boc__mutex_t *mutex);

/* A binary token: park takes it, waiting if there is none; wake leaves it. */
#define BOC_FOREVER INT64_MAX

/* `deinit` is allowed as soon as the token of the last wake was taken: a waker
 * that is still inside boc__parker_wake no longer reads the parker. */
void boc__parker_init(boc__parker_t *parker);
void boc__parker_deinit(boc__parker_t *parker);

/* Wait for the token until `deadline_ns` (boc__clock_now_ns scale; BOC_FOREVER:
 * no limit).  BOC_OK: token taken.  BOC_ETIMEOUT: the deadline passed, never
 * early.  BOC_EINTERRUPTED: a signal handler ran on this thread (only where the
 * system tells; a caller that must see signals passes short deadlines too). */
boc_status_t boc__parker_park(boc__parker_t *parker, int64_t deadline_ns);
void boc__parker_wake(boc__parker_t *parker);

#if defined(BOC_SYSTEMATIC)
#include "platform/systematic/located.h"
#endif

#endif
