/* pool.h - the workers of the process and what they share.
 *
 * Threads are started on demand and kept until boc__pool_end; of `count` threads
 * the first `active` take work, the others are dormant.
 *
 * Threads   start, end      one thread outside the pool at a time
 *           the rest        any thread
 */
#ifndef BOC_CORE_SCHED_POOL_H
#define BOC_CORE_SCHED_POOL_H

#include "core/sched/idle.h"
#include "core/sched/overflow.h"
#include "core/sched/worker.h"

#include <boc/limits.h>
#include <boc/runtime.h>

typedef void (*boc__idle_fn)(void);

typedef struct boc__pool {
    boc__idle_t idle;
    boc__overflow_t overflow;
    _Atomic uint32_t active; /* workers that take work */
    _Atomic uint32_t count;  /* workers that have a thread */
    _Atomic uint32_t next_inbox; /* where foreign threads push; any value will do */
    _Atomic bool is_ending;
    boc__worker_t *workers[BOC_WORKERS_MAX]; /* fixed below `count` */
    boc_host_t host;                         /* fixed while there are threads */
    _Atomic(boc__idle_fn) on_idle; /* see boc__pool_tell_idle; fixed once set */
} boc__pool_t;

extern boc__pool_t boc__pool;

/* Bring the pool to `active` workers; returns once each new one has entered.
 * On failure the pool is as before. */
BOC_MUST_CHECK boc_status_t boc__pool_start(unsigned active, const boc_host_t *host,
                                            boc__idle_fn on_idle);

/* End all threads and wait for them.  Nothing may be in flight.  `await_readers`
 * returns once no thread that called boc__pool_is_quiescent before is still in it. */
void boc__pool_end(void (*await_readers)(void));

/* A worker is about to sleep, or work left from outside: somebody may be waiting
 * for quiescence.  The caller holds no lock. */
void boc__pool_tell_idle(void);

/* Admit `count` works that the calling thread is about to schedule, and the call itself if
 * the thread is no worker (`worker` is NULL): when the works have left, it may still be on
 * its way to wake somebody ("late return", quiescence.md).  boc__pool_end_call follows
 * unless the status says that nothing was admitted. */
BOC_MUST_CHECK boc_status_t boc__pool_begin_call(boc__worker_t *worker, uint64_t count);
void boc__pool_end_call(const boc__worker_t *worker);

/* All that ever entered the gate has left. */
bool boc__pool_is_quiescent(void);

#endif
