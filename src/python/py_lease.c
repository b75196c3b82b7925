#include "python/py_lease.h"

#include "platform/clock.h"
#include "platform/thread.h"
#include "python/py_errors.h"
#include "python/py_wait.h"

#include <assert.h>

/* How long a thread looks for its lease before it parks, and after how many looks it offers
 * its CPU to others. */
#define SPIN_NS 10000
#define LOOKS_PER_YIELD 4

/* AWAITED -> GRANTED by the runtime, or AWAITED -> ABANDONED by the thread. */
enum { AWAITED, GRANTED, ABANDONED };

typedef struct lease {
    boc__parker_t parker;
    _Atomic int state;
    unsigned long thread; /* guarded by globals.mutex; who must not wait */
    struct lease *next;   /* guarded by globals.mutex */
} lease_t;

/* Another thread may end a lease than took it, so nobody can count its own. */
static struct {
    boc__mutex_t mutex;
    lease_t *held; /* guarded by mutex */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

static void hold(lease_t *lease) {
    boc__mutex_lock(&globals.mutex);
    lease->thread = PyThread_get_thread_ident();
    lease->next = globals.held;
    globals.held = lease;
    boc__mutex_unlock(&globals.mutex);
}

static void let_go(lease_t *lease) {
    boc__mutex_lock(&globals.mutex);
    lease_t **link = &globals.held;
    while (*link != lease) {
        assert(*link != NULL);
        link = &(*link)->next;
    }
    *link = lease->next;
    boc__mutex_unlock(&globals.mutex);
}

static void lease_granted(boc_behavior_t *behavior, void *data) {
    lease_t *lease = data;
    int expected = AWAITED;
    /* acq_rel: the grant's edges reach the thread through the parker or its next look. */
    if (atomic_compare_exchange_strong_explicit(&lease->state, &expected, GRANTED,
                                                memory_order_acq_rel, memory_order_acquire))
        boc__parker_wake(&lease->parker);
    else
        boc_behavior_finish(behavior); /* abandoned: pass it on */
}

static void lease_deinit(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    boc__parker_deinit(&((lease_t *)data)->parker);
}

static const boc_behavior_ops_t lease_ops = {lease_granted, NULL, lease_deinit};

static boc_status_t schedule(boc_cown_t *const *cowns, size_t count, boc_behavior_t **p_lease) {
    boc_status_t status =
        boc_behavior_new(&lease_ops, count, sizeof(lease_t), BOC_BEHAVIOR_LEASE, p_lease);
    if (status != BOC_OK)
        return status;
    lease_t *lease = boc_behavior_data(*p_lease);
    boc__parker_init(&lease->parker);
    atomic_init(&lease->state, AWAITED);
    for (size_t i = 0; i < count; i++) {
        boc_cown_ref(cowns[i]);
        boc_behavior_request(*p_lease, i, cowns[i], BOC_WRITE);
    }
    /* A lease cannot be over before we end or abandon it. */
    return boc_behavior_schedule(*p_lease);
}

/* False when the grant came first. */
static bool abandon(lease_t *lease) {
    int expected = AWAITED;
    /* acq_rel: after this the lease is not ours to touch; or the grant is ours. */
    return atomic_compare_exchange_strong_explicit(&lease->state, &expected, ABANDONED,
                                                   memory_order_acq_rel, memory_order_acquire);
}

/* The granting thread wakes the parker last: take its token before the lease can go. */
static void take_token(lease_t *lease) {
    while (boc__parker_park(&lease->parker, BOC_FOREVER) != BOC_OK)
        continue;
}

boc_status_t py_lease_try(boc_cown_t *const *cowns, size_t count, boc_behavior_t **p_lease) {
    boc_status_t status = schedule(cowns, count, p_lease);
    if (status != BOC_OK)
        return status;
    lease_t *lease = boc_behavior_data(*p_lease);
    if (abandon(lease))
        return BOC_EBUSY;
    take_token(lease);
    hold(lease);
    return BOC_OK;
}

static bool is_awaited(lease_t *lease) {
    /* relaxed: a hint; the token is taken in any case. */
    return atomic_load_explicit(&lease->state, memory_order_relaxed) == AWAITED;
}

/* A short behavior ends sooner than this thread can fall asleep and be woken. */
static void spin(lease_t *lease) {
    int64_t end_ns = boc__clock_deadline_ns(SPIN_NS);
    do {
        for (int i = 0; i < LOOKS_PER_YIELD; i++) {
            if (!is_awaited(lease))
                return;
            boc__cpu_pause();
        }
        boc__thread_yield(); /* perhaps the worker waits for this very CPU */
    } while (boc__clock_now_ns() < end_ns);
}

static boc_status_t await_grant(lease_t *lease, int64_t deadline_ns) {
    if (is_awaited(lease)) {
        Py_BEGIN_ALLOW_THREADS spin(lease);
        Py_END_ALLOW_THREADS
    }
    if (is_awaited(lease))
        return py_wait_park(&lease->parker, deadline_ns);
    py_wait_went_on();
    take_token(lease);
    return BOC_OK;
}

boc_behavior_t *py_lease_take(boc_cown_t *const *cowns, size_t count, int64_t deadline_ns,
                              const char *what) {
    boc_behavior_t *behavior = NULL;
    boc_status_t status = schedule(cowns, count, &behavior);
    if (status != BOC_OK) {
        py_errors_raise(status, what);
        return NULL;
    }
    lease_t *lease = boc_behavior_data(behavior);
    status = await_grant(lease, deadline_ns);
    if (status == BOC_OK) {
        hold(lease);
        return behavior;
    }
    if (!abandon(lease)) {
        take_token(lease);
        boc_behavior_finish(behavior);
    }
    if (status == BOC_ETIMEOUT)
        py_errors_raise(status, what);
    return NULL; /* interrupted: the signal handler's exception is set */
}

void py_lease_end(boc_behavior_t *lease) {
    let_go(boc_behavior_data(lease));
    boc_behavior_finish(lease);
}

unsigned py_lease_held(void) {
    unsigned long thread = PyThread_get_thread_ident();
    unsigned count = 0;
    boc__mutex_lock(&globals.mutex);
    for (const lease_t *lease = globals.held; lease != NULL; lease = lease->next)
        count += lease->thread == thread;
    boc__mutex_unlock(&globals.mutex);
    return count;
}

void py_lease_give_to(boc_behavior_t *lease, unsigned long thread) {
    boc__mutex_lock(&globals.mutex);
    ((lease_t *)boc_behavior_data(lease))->thread = thread;
    boc__mutex_unlock(&globals.mutex);
}
