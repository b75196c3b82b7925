/* cown.h - a value that only the behavior holding it may touch.
 *
 * A cown ("concurrent owner", Cheeseman et al., "When Concurrency Matters:
 * Behaviour-Oriented Concurrency", OOPSLA 2023) is counted: boc_cown_new gives
 * the caller one reference, and each request of a behavior owns another.  The
 * last boc_cown_unref drops the value.
 *
 * Threads   new, ref, unref, id, holder   any thread
 *           value, status                 whoever holds the cown: the running
 *                                         behavior, or the only reference
 */
#ifndef BOC_COWN_H
#define BOC_COWN_H

#include <boc/export.h>
#include <boc/payload.h>
#include <boc/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_cown boc_cown_t;

/* Make a cown that holds `value`, which is taken, on failure too. */
BOC_API BOC_MUST_CHECK boc_status_t boc_cown_new(boc_payload_t value, boc_cown_t **p_cown);

BOC_API void boc_cown_ref(boc_cown_t *cown);
BOC_API void boc_cown_unref(boc_cown_t *cown);

/* References at this moment.  Stale at once, unless the caller knows all the others. */
BOC_API uint32_t boc_cown_ref_count(const boc_cown_t *cown);

/* Unique for the life of the process, never reused, greater than 0.  Cowns are
 * acquired in this order, so a recorded program can be replayed. */
BOC_API uint64_t boc_cown_id(const boc_cown_t *cown);

/* The value in place; stays the cown's. */
BOC_API boc_payload_t *boc_cown_value(boc_cown_t *cown);

/* Why the cown has no value, beside the value: BOC_OK at first.  A promise that fails and
 * a behavior that is dropped set it on their cown; a holder may set it, too. */
BOC_API boc_status_t boc_cown_status(const boc_cown_t *cown);
BOC_API void boc_cown_set_status(boc_cown_t *cown, boc_status_t status);

/* A word for the host: who holds the cown now.  0 at first.  Written by the
 * holder; a reader on another thread gets some recent value. */
BOC_API void boc_cown_set_holder(boc_cown_t *cown, uint32_t holder);
BOC_API uint32_t boc_cown_holder(const boc_cown_t *cown);

/* Whether a behavior holds or awaits the cown at this moment.  The answer may
 * be stale as soon as it is given, unless the caller excludes scheduling. */
BOC_API int boc_cown_is_busy(const boc_cown_t *cown);

#ifdef __cplusplus
}
#endif

#endif
