/* py_lease.h - cowns held by a thread instead of a behavior.
 *
 * A lease is a behavior whose "body" is whatever the thread does between taking and
 * ending it, so it queues in order with everything that is scheduled.  A thread that
 * stops waiting abandons its lease, which then passes through the queues by itself.
 *
 * Threads   any thread with an attached thread state; end: also without.
 */
#ifndef BOC_PY_LEASE_H
#define BOC_PY_LEASE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <boc/behavior.h>
#include <stdint.h>

/* Take `cowns`, waiting for them until `deadline_ns`.  NULL with an exception:
 * KeyboardInterrupt or another from a signal handler, TimeoutError, RuntimeError. */
boc_behavior_t *py_lease_take(boc_cown_t *const *cowns, size_t count, int64_t deadline_ns,
                              const char *what);

/* Take them if nobody holds or awaits any.  BOC_EBUSY; BOC_ECLOSED; BOC_ENOMEM. */
boc_status_t py_lease_try(boc_cown_t *const *cowns, size_t count, boc_behavior_t **p_lease);

void py_lease_end(boc_behavior_t *lease);

/* Leases that the calling thread holds: it must not wait for behaviors then. */
unsigned py_lease_held(void);

/* Count the lease as one that another thread holds. */
void py_lease_give_to(boc_behavior_t *lease, unsigned long thread);

#endif
