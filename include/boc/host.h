/* host.h - what the runtime calls in the program around it, and the thread of its own
 * that this program may put at the runtime's service.
 *
 * A behavior made with BOC_BEHAVIOR_PLACED runs where the host says: on one worker, on
 * the host thread, or anywhere.  What goes to the host thread waits in a queue until
 * that thread calls boc_host_run, boc_runtime_wait or boc_runtime_stop.  Behaviors of
 * one place run in the order in which they became ready.
 *
 * Threads   boc_host_attach           any thread but a worker; it becomes the host thread
 *           boc_host_detach, _run     the host thread
 *           boc_host_waiting          any thread
 *           boc_worker_notify         any thread, but not while the runtime is shut down
 */
#ifndef BOC_HOST_H
#define BOC_HOST_H

#include <boc/behavior.h>
#include <boc/export.h>
#include <boc/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Answers of `place`, besides the index of a worker. */
enum {
    BOC_PLACE_ANY = -1,  /* any worker; so is an index that no worker has */
    BOC_PLACE_HOST = -2, /* the host thread */
};

/* What the runtime calls; each may be NULL. */
typedef struct boc_host {
    /* First call on a new worker thread; anything but BOC_OK makes the start fail. */
    boc_status_t (*worker_enter)(void *context, unsigned worker);
    /* Last call on a worker thread that entered. */
    void (*worker_leave)(void *context, unsigned worker);
    /* Around every sleep of a worker; must not schedule behaviors. */
    void (*before_park)(void *context, unsigned worker);
    void (*after_park)(void *context, unsigned worker);
    void *context;
    /* Where a BOC_BEHAVIOR_PLACED runs.  Asked once, when its cowns were granted, on the
     * thread that granted the last one, which may be inside the release of another
     * behavior: must not block, schedule or touch the values of cowns.  NULL: anywhere. */
    int (*place)(void *context, boc_behavior_t *behavior, void *data);
    /* Called on a worker, between two bodies or while it has none, after
     * boc_worker_notify; must not schedule behaviors. */
    void (*between)(void *context, unsigned worker);
    /* The host queue has work and had none.  Called on any thread; must not block.  A
     * call may come late, when the work was done meanwhile. */
    void (*wake)(void *context);
} boc_host_t;

/* Make the calling thread the host thread, until boc_host_detach.  From now on
 * boc_runtime_wait and boc_runtime_stop, called on it, run what is in the host queue.
 * BOC_EBUSY: there is one.  BOC_ESTATE: the caller is a worker. */
BOC_API BOC_MUST_CHECK boc_status_t boc_host_attach(void);

/* Nothing is lost: the queue keeps what it has for the next host thread.  Until there
 * is one, boc_runtime_wait waits, and BOC_STOP_DROP has the workers drop it.  Not from
 * inside a body. */
BOC_API void boc_host_detach(void);

/* Run at most `limit` behaviors of the host queue, oldest first; how many it were.  Less
 * than `limit`: the queue was empty, and `wake` tells when it is not.  May be called
 * from inside such a body. */
BOC_API size_t boc_host_run(size_t limit);

/* Behaviors in the host queue at this moment. */
BOC_API size_t boc_host_waiting(void);

/* Have the host's `between` called on `worker` at the next chance: after the body that
 * runs, or at once if it sleeps.  Several requests may share one call; the call comes
 * after everything that the caller did before.  BOC_EINVALID: no such worker. */
BOC_API BOC_MUST_CHECK boc_status_t boc_worker_notify(unsigned worker);

#ifdef __cplusplus
}
#endif

#endif
