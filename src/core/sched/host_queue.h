/* host_queue.h - work for the host thread (boc/host.h).
 *
 * First in, first out, under one mutex: a host thread has work of the size of window
 * events, not of scheduler steps.  While the gate is dropping and nobody is attached,
 * there is no queue: its work goes to the workers, which drop it.
 *
 * Threads   push, flush               any thread
 *           serves, run_one, set_sleeper   the thread that asks about itself
 *
 * Ordering: everything is guarded by the mutex.  (h) The gate is set to dropping before
 * `flush` locks the mutex, and `push` reads it while it holds the mutex: a push that
 * sees the gate open comes before the flush, which finds its work.
 */
#ifndef BOC_CORE_SCHED_HOST_QUEUE_H
#define BOC_CORE_SCHED_HOST_QUEUE_H

#include "core/sched/work.h"
#include "platform/thread.h"

/* Queue `work`, and wake the host thread. */
void boc__host_push(boc__work_t *work);

/* The gate is dropping: when nobody is attached, give what waits to the workers. */
void boc__host_flush(void);

/* Whether the calling thread is the host thread. */
bool boc__host_serves(void);

/* Whether the calling thread runs a body as the host thread. */
bool boc__host_is_in_body(void);

/* On the host thread: run the oldest work.  False when there is none. */
bool boc__host_run_one(void);

/* On the host thread: the parker that a push wakes, until it is set to NULL. */
void boc__host_set_sleeper(boc__parker_t *parker);

#endif
