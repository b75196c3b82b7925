/* promise.h - a cown whose first value comes from outside.
 *
 *     boc_promise_t *promise;
 *     status = boc_promise_new(&promise);
 *     boc_cown_t *cown = boc_promise_cown(promise);
 *     ... behaviors that request the cown are scheduled; they wait ...
 *     status = boc_promise_fulfill(promise, value);     (some thread, some day)
 *     boc_promise_unref(promise);
 *
 * The cown is held from birth.  Behaviors that request it are scheduled as usual, take
 * their turn in its queue, and do not start until the promise is *settled*: fulfilled with
 * a value, or failed with a status, which they find by boc_cown_status.  It is settled
 * exactly once; who comes late is told so.
 *
 * Dropped     A promise whose last reference is given back unsettled fails with
 *             BOC_EABANDONED: nobody waits for somebody who is gone.
 * Quiescence  An unsettled promise counts like a behavior that runs: boc_runtime_wait
 *             waits for it, and so does boc_runtime_stop with BOC_STOP_DRAIN.
 *             BOC_STOP_DROP fails all unsettled promises with BOC_ECLOSED.
 *
 * Owns      Promises are counted; boc_promise_new gives the caller one reference, and
 *           each thread that may settle the promise should have its own.  The promise
 *           has a reference of its cown until its own last reference is gone.
 * Threads   any thread, worker or not, inside bodies and outside.  Behaviors that become
 *           runnable are handed to the workers; `run` of a lease is called at once, on
 *           the thread that settles.
 *
 * Ordering: whatever happened before the promise was settled happens before the bodies
 * of the behaviors that waited for it.
 */
#ifndef BOC_PROMISE_H
#define BOC_PROMISE_H

#include <boc/cown.h>
#include <boc/export.h>
#include <boc/payload.h>
#include <boc/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_promise boc_promise_t;

/* Make a promise and its cown.  BOC_ECLOSED: the runtime is not running; BOC_ENOMEM. */
BOC_API BOC_MUST_CHECK boc_status_t boc_promise_new(boc_promise_t **p_promise);

/* The cown, borrowed from the promise.  Take a reference to keep it longer. */
BOC_API boc_cown_t *boc_promise_cown(const boc_promise_t *promise);

BOC_API void boc_promise_ref(boc_promise_t *promise);

/* Give a reference back.  The last one makes an unsettled promise fail. */
BOC_API void boc_promise_unref(boc_promise_t *promise);

/* Give the cown `value`, which is taken, on failure too.  BOC_ESTATE: the promise was
 * settled before, or a stop has dropped it. */
BOC_API BOC_MUST_CHECK boc_status_t boc_promise_fulfill(boc_promise_t *promise,
                                                        boc_payload_t value);

/* Settle without a value: boc_cown_status will say `status`, and `reason`, which may be
 * empty and is taken, on failure too, takes the value's place.  BOC_EINVALID: `status` is
 * BOC_OK; BOC_ESTATE: as above. */
BOC_API BOC_MUST_CHECK boc_status_t boc_promise_fail(boc_promise_t *promise, boc_status_t status,
                                                     boc_payload_t reason);

#ifdef __cplusplus
}
#endif

#endif
