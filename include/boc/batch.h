/* batch.h - several behaviors that are scheduled as one.
 *
 *     boc_behavior_t *both[2] = {debit, credit};
 *     status = boc_batch_schedule(both, 2);
 *
 * Order: on every cown the behaviors of a batch follow one another, in the order of the
 * array, and no behavior of anybody else comes between them.  It is the order of their
 * requests: behaviors of a batch that share no cown run in parallel, and a batch is not
 * one transaction; a behavior over other cowns may run between two of its members.
 *
 * A member may request the result of an earlier one.
 *
 * A batch is also the cheapest way to schedule many behaviors at once: it enters the
 * queue of each cown once, and wakes one worker.
 */
#ifndef BOC_BATCH_H
#define BOC_BATCH_H

#include <boc/behavior.h>
#include <boc/export.h>
#include <boc/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Schedule `count` different behaviors, all or none, once all their requests are filled
 * in.  They are taken, on failure too (then their cowns are given back and `deinit` is
 * called for each); the array stays the caller's.  From any thread.  BOC_ECLOSED: the
 * runtime is not running; BOC_ENOMEM. */
BOC_API BOC_MUST_CHECK boc_status_t boc_batch_schedule(boc_behavior_t *const *behaviors,
                                                       size_t count);

#ifdef __cplusplus
}
#endif

#endif
