/* runtime.h - the one runtime of the process: its workers and their life.
 *
 *     down --start--> running --stop--> down --shutdown--> (no threads)
 *
 * Workers are threads of a pool that survives stop: the next start wakes them.
 * boc_runtime_shutdown ends them.
 *
 * Threads   start, shutdown   any thread but a worker; one at a time (a second
 *                             caller gets BOC_EBUSY)
 *           stop, wait        any thread but a worker, several at once
 *           the rest          any thread
 */
#ifndef BOC_RUNTIME_H
#define BOC_RUNTIME_H

#include <boc/blocking.h>
#include <boc/export.h>
#include <boc/host.h>
#include <boc/limits.h>
#include <boc/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_runtime_options {
    unsigned worker_count; /* 1 to BOC_WORKERS_MAX */
    boc_host_t host;       /* must stay the same until shutdown */
} boc_runtime_options_t;

typedef enum boc_stop_mode {
    /* Run everything that was scheduled first. */
    BOC_STOP_DRAIN,
    /* Bodies that run finish; every other behavior is dropped, and promises and sources
     * with them (boc/promise.h, boc/source.h). */
    BOC_STOP_DROP,
} boc_stop_mode_t;

/* Start `worker_count` workers; returns once each has entered.  When one fails
 * to, all that are new are ended again and its status is returned.
 * BOC_ESTATE: already running, or called on a worker. */
BOC_API BOC_MUST_CHECK boc_status_t boc_runtime_start(const boc_runtime_options_t *options);

/* Wait until no behavior is scheduled or running, no promise unsettled and no source
 * open, at most `timeout_ns`.
 * BOC_ETIMEOUT; BOC_EINTERRUPTED when a signal handler ran on this thread;
 * BOC_ESTATE on a worker or inside a body of the host thread.  Not running counts as
 * quiescent. */
BOC_API BOC_MUST_CHECK boc_status_t boc_runtime_wait(int64_t timeout_ns);

/* Close the runtime and wait, at most `timeout_ns`, until it is quiescent; then
 * workers sleep.  BOC_ESTATE as for wait.  BOC_STOP_DRAIN that times out or is interrupted leaves
 * the runtime open again; BOC_STOP_DROP leaves it closed, to be called again. */
BOC_API BOC_MUST_CHECK boc_status_t boc_runtime_stop(boc_stop_mode_t mode, int64_t timeout_ns);

/* End the worker threads of a stopped runtime and wait for them.
 * BOC_ESTATE while it runs. */
BOC_API BOC_MUST_CHECK boc_status_t boc_runtime_shutdown(void);

BOC_API bool boc_runtime_is_running(void);

/* Workers of the running runtime; 0 when it is down. */
BOC_API unsigned boc_runtime_worker_count(void);

/* Index of the calling worker thread, or -1. */
BOC_API int boc_worker_index(void);

#ifdef __cplusplus
}
#endif

#endif
