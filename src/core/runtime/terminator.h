/* terminator.h - threads that wait until nothing is in flight.
 *
 * A waiter registers and then looks at the counts; a worker that is about to
 * sleep has counted its last work and then looks for waiters.  One of the two
 * sees the other (docs/design/quiescence.md).
 *
 * Threads   wait       any thread but a worker
 *           on_idle    any thread, holding no lock
 */
#ifndef BOC_CORE_RUNTIME_TERMINATOR_H
#define BOC_CORE_RUNTIME_TERMINATOR_H

#include <boc/status.h>
#include <stdint.h>

/* BOC_OK: nothing was in flight at some instant during the call. */
BOC_MUST_CHECK boc_status_t boc__terminator_wait(int64_t deadline_ns);

/* Wake the waiters if nothing is in flight. */
void boc__terminator_on_idle(void);

/* Return when nobody looks at the workers any more; their count is zero already. */
void boc__terminator_await_waiters(void);

#endif
