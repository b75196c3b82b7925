/* behavior.h - a body that runs once, when it alone owns its cowns.
 *
 *     boc_behavior_t *transfer;
 *     status = boc_behavior_new(&transfer_ops, 2, sizeof(int), 0, &transfer);
 *     boc_cown_ref(a), boc_behavior_request(transfer, 0, a, BOC_WRITE);
 *     boc_cown_ref(b), boc_behavior_request(transfer, 1, b, BOC_WRITE);
 *     *(int *)boc_behavior_data(transfer) = 10;
 *     status = boc_behavior_schedule(transfer);
 *
 * Order: two behaviors that share a cown, at least one of them writing, run in
 * the order in which they were scheduled.  Readers of a cown run together.
 * There is no deadlock: cowns are claimed by two-phase locking in id order.
 */
#ifndef BOC_BEHAVIOR_H
#define BOC_BEHAVIOR_H

#include <boc/cown.h>
#include <boc/export.h>
#include <boc/limits.h>
#include <boc/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_behavior boc_behavior_t;

typedef struct boc_behavior_ops {
    /* The body.  Runs on a worker, or where it was placed, and owns every requested cown until it
     * returns.  `data` is the behavior's host area. */
    void (*run)(boc_behavior_t *behavior, void *data);
    /* Runs instead of the body when the behavior may not start any more; owns the cowns
     * all the same.  The status of its result says why: the runtime was stopped
     * (BOC_ECLOSED), it was cancelled (BOC_ECANCELLED), or its deadline had passed
     * (BOC_ETIMEOUT).  NULL: nothing to do. */
    void (*drop)(boc_behavior_t *behavior, void *data);
    /* The last call, after the cowns were given back, also when the behavior
     * was never scheduled.  NULL: nothing to free. */
    void (*deinit)(boc_behavior_t *behavior, void *data);
} boc_behavior_ops_t;

typedef enum boc_access {
    BOC_WRITE = 0, /* alone */
    BOC_READ = 1, /* together with other readers; the value must not change */
} boc_access_t;

enum {
    /* The behavior has a result cown, which it holds from the moment it is scheduled:
     * whoever requests the cown, which must not happen earlier, runs after it. */
    BOC_BEHAVIOR_RESULT = 1 << 0,
    /* `run` only announces that the cowns were granted: it is called on the
     * thread that granted the last one, must not block, and the cowns stay held
     * until boc_behavior_finish. */
    BOC_BEHAVIOR_LEASE = 1 << 1,
    /* The host's `place` says where the body runs (boc/host.h).  Not for leases. */
    BOC_BEHAVIOR_PLACED = 1 << 2,
    /* The behavior may be cancelled through its result, and may have a deadline for
     * starting.  Only with BOC_BEHAVIOR_RESULT. */
    BOC_BEHAVIOR_CANCELLABLE = 1 << 3,
};

/* Make a behavior with room for `request_count` requests and `data_bytes` bytes
 * (zeroed, 8-byte aligned) of host data.  `ops` must outlive it.
 * BOC_EFULL: more requests or bytes than boc/limits.h allows. */
BOC_API BOC_MUST_CHECK boc_status_t boc_behavior_new(const boc_behavior_ops_t *ops,
                                                     size_t request_count, size_t data_bytes,
                                                     unsigned flags, boc_behavior_t **p_behavior);

/* Fill in request `index`.  The caller's reference of `cown` is taken.  The same
 * cown may be requested several times; the strongest access counts. */
BOC_API void boc_behavior_request(boc_behavior_t *behavior, size_t index, boc_cown_t *cown,
                                  boc_access_t access);

/* The same, but the caller keeps its reference, which must last until the behavior was
 * scheduled or freed.  Cheaper than boc_cown_ref and a request: a writer that enters
 * behind another writer gets that one's reference. */
BOC_API void boc_behavior_request_borrowed(boc_behavior_t *behavior, size_t index, boc_cown_t *cown,
                                           boc_access_t access);

/* Schedule the behavior once all its requests are filled in.  It is taken, on
 * failure too (then its cowns are given back and `deinit` is called).  From any
 * thread.  BOC_ECLOSED: the runtime is not running. */
BOC_API BOC_MUST_CHECK boc_status_t boc_behavior_schedule(boc_behavior_t *behavior);

/* Start the body within `timeout_ns` from now, or drop it with BOC_ETIMEOUT: never while
 * there is time left, and never a body that starts later.  It is decided when the
 * behavior has its cowns and its turn on a thread, so a result that failed may become
 * readable later than the deadline.  Before it is scheduled; BOC_BEHAVIOR_CANCELLABLE
 * only. */
BOC_API void boc_behavior_start_within(boc_behavior_t *behavior, int64_t timeout_ns);

/* Cancel the behavior whose result `result` is.  BOC_OK: its body never runs; `drop` runs
 * instead, in its turn, with its cowns, and the order of all other behaviors stays.
 * BOC_EBUSY: it has started, or is over, or was cancelled before.  BOC_EINVALID:
 * `result` is no result of a BOC_BEHAVIOR_CANCELLABLE.  From any thread, at any time
 * while the caller has a reference of `result`; what it did before is visible to `drop`. */
BOC_API BOC_MUST_CHECK boc_status_t boc_behavior_cancel(boc_cown_t *result);

/* Free a behavior that was never scheduled. */
BOC_API void boc_behavior_free(boc_behavior_t *behavior);

/* End a BOC_BEHAVIOR_LEASE whose `run` was called.  From any thread, once. */
BOC_API void boc_behavior_finish(boc_behavior_t *behavior);

BOC_API void *boc_behavior_data(boc_behavior_t *behavior);
BOC_API size_t boc_behavior_request_count(const boc_behavior_t *behavior);

/* The cown of request `index`, borrowed from the behavior. */
BOC_API boc_cown_t *boc_behavior_cown(const boc_behavior_t *behavior, size_t index);
BOC_API boc_access_t boc_behavior_access(const boc_behavior_t *behavior, size_t index);

/* Whether another request of the behavior stands for the same cown, at least as
 * strongly.  Known once the behavior is scheduled. */
BOC_API int boc_behavior_is_duplicate(const boc_behavior_t *behavior, size_t index);

/* The result cown, borrowed; NULL without BOC_BEHAVIOR_RESULT. */
BOC_API boc_cown_t *boc_behavior_result(const boc_behavior_t *behavior);

/* The same with a new reference, which is the caller's.  Only before the behavior is scheduled
 * and while no other thread knows the cown; cheaper than boc_cown_ref. */
BOC_API boc_cown_t *boc_behavior_keep_result(boc_behavior_t *behavior);

/* Inside `run` or `drop` of `behavior`: the ops of the behavior that gets the cown of request
 * `index` next, to tell whose it is; NULL unless that one is known already, writes, and is no
 * lease and not placed.  Its own `run` or `drop` comes whatever happens.  `*p_runs_here`, set
 * unless NULL is returned: the calling worker goes on with it when `behavior` has ended, or is
 * the only one, so that what was left in the worker's own memory is found there.  A forecast:
 * what others schedule meanwhile on another cown of `behavior` can push it aside, for any
 * worker to take. */
BOC_API const boc_behavior_ops_t *boc_behavior_heir(boc_behavior_t *behavior, size_t index,
                                                    bool *p_runs_here);

#ifdef __cplusplus
}
#endif

#endif
