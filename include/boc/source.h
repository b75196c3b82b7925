/* source.h - something outside that will schedule more behaviors.
 *
 *     status = boc_source_open(&source);     before the thread, timer or callback starts
 *     ... it schedules behaviors, from any thread, while nothing else is in flight ...
 *     boc_source_close(source);              when it will schedule no more
 *
 * boc_runtime_wait returns when nothing is in flight *and* no source is open.  Without
 * one, a thread that waits for input between two behaviors finds the runtime stopped.
 *
 * Stop        BOC_STOP_DRAIN waits for open sources as it waits for behaviors, and what
 *             they schedule meanwhile is run.  BOC_STOP_DROP does not wait for them: it
 *             closes all, and refuses what they schedule from then on (BOC_ECLOSED).
 *             A source is given back by boc_source_close all the same.
 *
 * Owns      The opener owns the source until boc_source_close, which frees it.
 * Threads   any thread; close may be called by another thread than open, once.
 *
 * Ordering: whoever sees boc_runtime_wait return sees everything that behaviors
 * scheduled before boc_source_close have done.
 */
#ifndef BOC_SOURCE_H
#define BOC_SOURCE_H

#include <boc/export.h>
#include <boc/status.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_source boc_source_t;

/* BOC_ECLOSED: the runtime is not running; BOC_ENOMEM. */
BOC_API BOC_MUST_CHECK boc_status_t boc_source_open(boc_source_t **p_source);

/* Whether the source still keeps the runtime open: false after a stop has dropped it,
 * when its owner may as well go home.  Stale at once if true. */
BOC_API bool boc_source_is_open(const boc_source_t *source);

BOC_API void boc_source_close(boc_source_t *source);

#ifdef __cplusplus
}
#endif

#endif
