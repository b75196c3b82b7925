#include "core/sched/worker.h"

#include "core/sched/host_queue.h"
#include "core/sched/pool.h"
#include "core/slab.h"
#include "platform/clock.h"
#include "platform/compiler.h"
#include "platform/yield.h"

#include <assert.h>
#include <string.h>

#if defined(BOC_SYSTEMATIC)
#include "platform/systematic/systematic.h"
#endif

/* Works between two looks at the inbox and the overflow queue. */
#define FAIRNESS_TICKS 61

/* Looks at all queues, with a short pause after each, before a worker sleeps.  A thread that
 * waits for each of its behaviors sends the next one sooner than a wake takes: a worker that was
 * woken soon looks longer the next time, while all others sleep, and neither of the two sleeps. */
#define SEARCH_ROUNDS 4
#if defined(BOC_SYSTEMATIC)
#define SEARCH_ROUNDS_LONG SEARCH_ROUNDS
#else
#define SEARCH_ROUNDS_LONG 32
#endif
#define SOON_NS 50000
#define SEARCH_PAUSES 16

/* A body that keeps its worker this long is long: others may take its `pending`. */
#define LONG_BODY_NS 50000
#define WATCH_NS_MAX 800000

/* Works of a list that are pushed at a time. */
#define HANDFUL 32

/* Foreign pushes in a row that go to one inbox. */
#define INBOX_RUN 32

static _Thread_local boc__worker_t *tl_worker BOC_TLS_STATIC;

boc__worker_t *boc__worker_current(void) { return tl_worker; }
void boc__worker_set_current(boc__worker_t *worker) { tl_worker = worker; }

static inline void bump(_Atomic uint64_t *counter, uint64_t by) {
    /* relaxed: one writer; readers want a recent value only. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

void boc__worker_init(boc__worker_t *worker, unsigned index) {
    memset(worker, 0, sizeof *worker);
    worker->index = index;
    worker->budget = BOC__NEXT_BUDGET;
    worker->random = index * 2654435761u + 1;
    atomic_init(&worker->pending, NULL);
    boc__demands_init(&worker->demands);
    atomic_init(&worker->order, BOC__WORKER_WAIT);
    boc__ring_init(&worker->ring);
    boc__inbox_init(&worker->inbox);
    boc__parker_init(&worker->idler.parker);
}

void boc__worker_deinit(boc__worker_t *worker) {
    assert(worker->next == NULL && !worker->idler.is_asleep);
    assert(worker->demands.placed == NULL);
    boc__parker_deinit(&worker->idler.parker);
}

/* -- dispatch --------------------------------------------------------------- */

static void spill(boc__worker_t *worker) {
    boc__work_t *works[BOC__OVERFLOW_CHUNK];
    uint32_t count = boc__ring_pop_many(&worker->ring, works, BOC__OVERFLOW_CHUNK,
                                        &worker->counters.dequeue_cas_retries);
    if (count > 0)
        boc__overflow_put(&boc__pool.overflow, works, count);
}

static void push_ring(boc__worker_t *worker, boc__work_t *work) {
    while (!boc__ring_push(&worker->ring, work))
        spill(worker);
}

/* `pending` is left alone by thieves while bodies are short, so a watcher that
 * looks again soon makes the wake-up unnecessary. */
static void notify_pending(void) {
    BOC_YIELD();
    /* seq_cst: after `pending` was written; the watcher clears the flag before it
     * looks at `pending` for the last time (parking.md, "watcher leaves"). */
    if (!atomic_load_explicit(&boc__pool.idle.is_watched, memory_order_seq_cst))
        boc__idle_notify(&boc__pool.idle, NULL);
}

/* The only worker: nobody takes its `pending`.  A watcher of an earlier, larger pool does not
 * either, since works have left since it looked. */
static bool is_alone(void) {
    /* relaxed: fixed while work is in flight. */
    return atomic_load_explicit(&boc__pool.active, memory_order_relaxed) == 1;
}

static void dispatch_in_body(boc__worker_t *worker, boc__work_t *work) {
    BOC_YIELD();
    /* relaxed: only this thread writes anything but NULL. */
    if (atomic_load_explicit(&worker->pending, memory_order_relaxed) == NULL) {
        bump(&worker->counters.dispatched_to_pending, 1);
        if (is_alone()) {
            /* relaxed: for this thread. */
            atomic_store_explicit(&worker->pending, work, memory_order_relaxed);
            return;
        }
        BOC_YIELD();
        /* seq_cst: publishes the work, to thieves too, before the look for sleepers. */
        atomic_store_explicit(&worker->pending, work, memory_order_seq_cst);
        notify_pending();
    } else {
        bump(&worker->counters.pushed_local, 1);
        push_ring(worker, work);
        boc__idle_notify(&boc__pool.idle, NULL);
    }
}

static void dispatch_between_bodies(boc__worker_t *worker, boc__work_t *work) {
    boc__work_t *displaced = worker->next;
    worker->next = work;
    if (displaced == NULL) {
        bump(&worker->counters.dispatched_to_pending, 1);
    } else {
        bump(&worker->counters.pushed_local, 1);
        push_ring(worker, displaced);
        boc__idle_notify(&boc__pool.idle, NULL);
    }
}

static void dispatch_foreign(boc__work_t *newest, boc__work_t *oldest) {
    boc__pool_t *pool = &boc__pool;
    /* relaxed: any active worker will do, and some worker always is. */
    uint32_t turn = atomic_load_explicit(&pool->next_inbox, memory_order_relaxed);
    atomic_store_explicit(&pool->next_inbox, turn + 1, memory_order_relaxed);
    uint32_t active = atomic_load_explicit(&pool->active, memory_order_relaxed);
    assert(active > 0);
    boc__worker_t *worker = pool->workers[turn / INBOX_RUN % active];
    unsigned retries = boc__inbox_push_list(&worker->inbox, newest, oldest);
    if (retries > 0) /* relaxed: a statistic. */
        atomic_fetch_add_explicit(&worker->counters.enqueue_cas_retries, retries,
                                  memory_order_relaxed);
    boc__idle_notify(&pool->idle, &worker->idler);
}

void boc__worker_dispatch(boc__work_t *work) {
    assert(work != NULL);
    boc__worker_t *worker = tl_worker;
    if (worker == NULL)
        dispatch_foreign(work, work);
    else if (worker->in_body)
        dispatch_in_body(worker, work);
    else
        dispatch_between_bodies(worker, work);
}

/* Into the ring, oldest first, a handful for the price of one. */
static void push_ring_list(boc__worker_t *worker, boc__work_t *list) {
    while (list != NULL) {
        boc__work_t *works[HANDFUL];
        uint32_t count = 0;
        for (; list != NULL && count < HANDFUL; list = list->next)
            works[count++] = list;
        bump(&worker->counters.pushed_local, count);
        while (boc__ring_room(&worker->ring) < count)
            spill(worker);
        boc__ring_push_many(&worker->ring, works, count);
    }
}

static boc__work_t *reverse(boc__work_t *list) {
    boc__work_t *reversed = NULL;
    for (boc__work_t *next; list != NULL; list = next) {
        next = list->next;
        list->next = reversed;
        reversed = list;
    }
    return reversed;
}

void boc__worker_dispatch_list(boc__work_t *list) {
    assert(list != NULL);
    boc__worker_t *worker = tl_worker;
    if (worker == NULL) {
        boc__work_t *oldest = list;
        dispatch_foreign(reverse(list), oldest);
        return;
    }
    boc__work_t *rest = list->next;
    if (rest != NULL)
        push_ring_list(worker, rest);
    boc__worker_dispatch(list);
    if (rest != NULL)
        boc__idle_notify(&boc__pool.idle, NULL);
}

void boc__worker_dispatch_to(boc__work_t *work, int place) {
    assert(work != NULL);
    /* relaxed: fixed while work is in flight. */
    uint32_t active = atomic_load_explicit(&boc__pool.active, memory_order_relaxed);
    if (place == BOC__PLACE_HOST)
        boc__host_push(work);
    else if (place >= 0 && (uint32_t)place < active)
        boc__demand_place(boc__pool.workers[place], work);
    else
        boc__worker_dispatch(work);
}

/* -- the worker's own queues -------------------------------------------------- */

/* Works that move from one queue to another are nowhere for a moment, and a
 * sleeper that looked then saw nothing ("work in transit", parking.md). */
static void notify_moved(uint64_t count) {
    if (count > 0)
        boc__idle_notify(&boc__pool.idle, NULL);
}

/* Queue a linked list of works and return the first of them. */
static boc__work_t *accept_list(boc__worker_t *worker, boc__worker_t *from, boc__work_t *list) {
    uint64_t count = 1;
    for (boc__work_t *work = list->next, *next; work != NULL; work = next, count++) {
        next = work->next;
        push_ring(worker, work);
    }
    notify_moved(count - 1);
    /* relaxed: a statistic; here so that the pushing threads do not pay for it. */
    atomic_fetch_add_explicit(&from->counters.pushed_remote, count, memory_order_relaxed);
    return list;
}

static boc__work_t *take_inbox(boc__worker_t *worker, boc__worker_t *from) {
    boc__work_t *list = boc__inbox_take(&from->inbox);
    return list != NULL ? accept_list(worker, from, list) : NULL;
}

static boc__work_t *take_overflow(boc__worker_t *worker) {
    if (boc__ring_room(&worker->ring) < BOC__OVERFLOW_CHUNK)
        return NULL;
    boc__work_t *works[BOC__OVERFLOW_CHUNK];
    uint32_t count = boc__overflow_take(&boc__pool.overflow, works);
    if (count == 0)
        return NULL;
    if (count > 1)
        boc__ring_push_many(&worker->ring, works + 1, count - 1);
    notify_moved(count - 1);
    return works[0];
}

static boc__work_t *take_pending(boc__worker_t *worker) {
    BOC_YIELD();
    /* relaxed: spares the exchange; only this thread writes anything but NULL. */
    boc__work_t *work = atomic_load_explicit(&worker->pending, memory_order_relaxed);
    if (work == NULL)
        return NULL;
    if (is_alone()) {
        /* relaxed: as in dispatch_in_body. */
        atomic_store_explicit(&worker->pending, NULL, memory_order_relaxed);
        return work;
    }
    /* acquire: a thief that took it leaves NULL; ours needs no edge. */
    return atomic_exchange_explicit(&worker->pending, NULL, memory_order_acquire);
}

static boc__work_t *pop_ring(boc__worker_t *worker) {
    return boc__ring_pop(&worker->ring, &worker->counters.dequeue_cas_retries);
}

/* Let whatever waits behind `next` have a turn: `next` goes to the back. */
static boc__work_t *reset_budget(boc__worker_t *worker) {
    worker->budget = BOC__NEXT_BUDGET;
    boc__work_t *work = pop_ring(worker);
    if (work == NULL)
        work = take_inbox(worker, worker);
    if (work == NULL)
        work = take_overflow(worker);
    if (work == NULL && worker->next != NULL)
        work = take_pending(worker);
    if (work == NULL)
        return NULL;
    bump(&worker->counters.batch_resets, 1);
    if (worker->next != NULL) {
        push_ring(worker, worker->next);
        worker->next = NULL;
        boc__idle_notify(&boc__pool.idle, NULL);
    }
    return work;
}

/* Periodically look at the shared queues although the own ring is not empty. */
static boc__work_t *fairness_arm(boc__worker_t *worker) {
    worker->ticks = 0;
    bump(&worker->counters.fairness_arm_fires, 1);
    boc__work_t *work = take_inbox(worker, worker);
    return work != NULL ? work : take_overflow(worker);
}

static boc__work_t *pop_next(boc__worker_t *worker) {
    boc__work_t *work = worker->next;
    worker->next = NULL;
    if (work == NULL)
        work = take_pending(worker);
    if (work != NULL && worker->budget > 0)
        worker->budget--;
    return work;
}

static boc__work_t *pop_local(boc__worker_t *worker) {
    boc__work_t *work;
    if (worker->budget == 0 && (work = reset_budget(worker)) != NULL)
        return work;
    if ((work = pop_next(worker)) != NULL)
        return work;
    worker->budget = BOC__NEXT_BUDGET;
    if (++worker->ticks >= FAIRNESS_TICKS && (work = fairness_arm(worker)) != NULL)
        return work;
    if ((work = pop_ring(worker)) != NULL)
        return work;
    if ((work = take_inbox(worker, worker)) != NULL)
        return work;
    return take_overflow(worker);
}

/* -- stealing ------------------------------------------------------------------ */

static uint32_t draw(boc__worker_t *worker, uint32_t below) {
#if defined(BOC_SYSTEMATIC)
    (void)worker;
    return (uint32_t)boc__sys_random(below);
#else
    /* xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
    uint32_t x = worker->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    worker->random = x;
    return x % below;
#endif
}

static boc__work_t *steal_from(boc__worker_t *worker, boc__worker_t *victim) {
    boc__work_t *work = boc__ring_steal(&worker->ring, &victim->ring);
    return work != NULL ? work : take_inbox(worker, victim);
}

static boc__work_t *steal(boc__worker_t *worker) {
    /* acquire: the worker pointers. */
    uint32_t count = atomic_load_explicit(&boc__pool.count, memory_order_acquire);
    if (count < 2)
        return NULL;
    bump(&worker->counters.steal_attempts, 1);
    /* relaxed: a statistic. */
    atomic_store_explicit(&worker->counters.last_steal_attempt_ns, (uint64_t)boc__clock_now_ns(),
                          memory_order_relaxed);
    uint32_t start = draw(worker, count);
    for (uint32_t i = 0; i < count; i++) {
        boc__worker_t *victim = boc__pool.workers[(start + i) % count];
        if (victim == worker)
            continue;
        boc__work_t *work = steal_from(worker, victim);
        if (work != NULL) {
            bump(&worker->counters.popped_via_steal, 1);
            return work;
        }
    }
    bump(&worker->counters.steal_failures, 1);
    return NULL;
}

static void pause_search(void) {
    for (int i = 0; i < SEARCH_PAUSES; i++)
        boc__cpu_pause();
}

static boc__work_t *look_at_home(boc__worker_t *worker) {
    boc__work_t *work = pop_local(worker);
    if (work != NULL)
        bump(&worker->counters.popped_local, 1);
    return work;
}

static boc__work_t *look_everywhere(boc__worker_t *worker) {
    boc__work_t *work = look_at_home(worker);
    return work != NULL ? work : steal(worker);
}

/* What can be seen of the queues by one who has just stopped to be told. */
typedef enum sight {
    SEE_NOTHING,
    SEE_PENDING, /* only work that its worker will pop after the present body */
    SEE_WORK,
} sight_t;

static sight_t look_at_queues(void) {
    sight_t sight = SEE_NOTHING;
    if (!boc__overflow_is_empty(&boc__pool.overflow))
        return SEE_WORK;
    /* acquire: the worker pointers. */
    uint32_t count = atomic_load_explicit(&boc__pool.count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        boc__worker_t *other = boc__pool.workers[i];
        if (!boc__ring_is_empty(&other->ring) || !boc__inbox_is_empty(&other->inbox))
            return SEE_WORK;
        BOC_YIELD();
        /* seq_cst: the sleeper's side of idle.h. */
        if (atomic_load_explicit(&other->pending, memory_order_seq_cst) != NULL)
            sight = SEE_PENDING;
    }
    return sight;
}

/* It was woken soon, and all others sleep. */
static bool expects_work(const boc__worker_t *worker, uint32_t active) {
    if (!worker->was_woken_soon)
        return false;
    /* relaxed: economy only. */
    uint64_t state = atomic_load_explicit(&boc__pool.idle.state, memory_order_relaxed);
    return boc__idle_sleeping(state) + 1 >= active;
}

/* Before all looks but the first.  False after the last. */
static bool searches_on(const boc__worker_t *worker, int round, uint32_t active) {
    if (round > 0 && expects_work(worker, active)) {
        boc__thread_yield(); /* perhaps whoever sends the work needs this very CPU */
        return round < SEARCH_ROUNDS_LONG;
    }
    if (round > 0)
        pause_search();
    return round < SEARCH_ROUNDS;
}

/* Search for a few microseconds, unless half of the workers do that already. */
static boc__work_t *search(boc__worker_t *worker) {
    /* relaxed: economy only. */
    uint32_t active = atomic_load_explicit(&boc__pool.active, memory_order_relaxed);
    if (!boc__idle_begin_search(&boc__pool.idle, &worker->idler, (active + 1) / 2))
        return look_at_home(worker);
    boc__work_t *work = NULL;
    for (int round = 0; work == NULL && searches_on(worker, round, active); round++)
        work = look_everywhere(worker);
    /* Pushes were silent while we searched: if there is more than we found, somebody else is to
     * get it.  A wake for nothing would take a CPU from those who have work. */
    if (work != NULL && boc__idle_end_search(&boc__pool.idle, &worker->idler) &&
        look_at_queues() != SEE_NOTHING)
        boc__idle_notify(&boc__pool.idle, NULL);
    return work;
}

/* -- sleeping ------------------------------------------------------------------ */

#if !defined(BOC_MUTANT_LOST_WAKEUP)
/* What a sleeper finds when it looks once more after registering. */
static sight_t look_around(boc__worker_t *worker) {
#if !defined(BOC_MUTANT_LOST_DEMAND)
    if (!boc__demands_are_met_for_sleep(&worker->demands))
        return SEE_WORK;
#else
    (void)worker;
#endif
    return look_at_queues();
}
#endif

/* What the watcher remembers of one worker between two looks. */
typedef struct observed {
    boc__work_t *pending;
    uint64_t left;
} observed_t;

static observed_t observe(boc__worker_t *worker) {
    BOC_YIELD();
    observed_t seen;
    /* relaxed: two equal readings of `left` say that no body ended between them;
     * the work itself is taken by an exchange. */
    seen.pending = atomic_load_explicit(&worker->pending, memory_order_relaxed);
    seen.left = atomic_load_explicit(&worker->tally.left, memory_order_relaxed);
    return seen;
}

static boc__worker_t *find_pending(boc__worker_t *worker, observed_t *p_seen) {
    /* acquire: the worker pointers. */
    uint32_t count = atomic_load_explicit(&boc__pool.count, memory_order_acquire);
    uint32_t start = draw(worker, count); /* not always the same one first */
    for (uint32_t i = 0; i < count; i++) {
        boc__worker_t *victim = boc__pool.workers[(start + i) % count];
        *p_seen = observe(victim);
        if (p_seen->pending != NULL)
            return victim;
    }
    return NULL;
}

static bool become_watcher(void) {
    bool is_watched = false;
    BOC_YIELD();
    /* seq_cst: before the looks at `pending`; one watcher at a time. */
    return atomic_compare_exchange_strong_explicit(&boc__pool.idle.is_watched, &is_watched, true,
                                                   memory_order_seq_cst, memory_order_seq_cst);
}

static void end_watch(void) {
    BOC_YIELD();
    /* seq_cst: before the last look at `pending` (parking.md, "watcher leaves"). */
    atomic_store_explicit(&boc__pool.idle.is_watched, false, memory_order_seq_cst);
}

static boc_status_t park(boc__worker_t *worker, int64_t deadline_ns) {
    const boc_host_t *host = &boc__pool.host;
    bump(&worker->counters.parked, 1);
    if (host->before_park != NULL)
        host->before_park(host->context, worker->index);
    boc_status_t status = boc__parker_park(&worker->idler.parker, deadline_ns);
    if (host->after_park != NULL)
        host->after_park(host->context, worker->index);
    return status;
}

/* Sleep in short turns while some worker has work pending; take it when its
 * worker ends no body during a whole turn.  At most one worker does this. */
static boc__work_t *watch(boc__worker_t *worker) {
    int64_t turn_ns = LONG_BODY_NS;
    observed_t before;
    for (;;) {
        boc__worker_t *victim = find_pending(worker, &before);
        if (victim == NULL)
            return NULL;
        if (park(worker, boc__clock_deadline_ns(turn_ns)) != BOC_ETIMEOUT)
            return NULL; /* woken for other work */
        observed_t now = observe(victim);
        if (now.pending != NULL && now.left == before.left) {
            /* acquire: pairs with the store of dispatch_in_body. */
            boc__work_t *work =
                atomic_exchange_explicit(&victim->pending, NULL, memory_order_acquire);
            if (work != NULL)
                return work;
        }
        if (turn_ns < WATCH_NS_MAX)
            turn_ns *= 2;
    }
}

/* Register as a sleeper, look once more, and sleep.  Returns work only when a
 * watch found some; otherwise the caller looks again. */
static boc__work_t *sleep_once(boc__worker_t *worker) {
    boc__idle_t *idle = &boc__pool.idle;
    boc__work_t *work = NULL;
    boc__slab_flush();
    /* relaxed: a statistic. */
    atomic_store_explicit(&worker->counters.dequeue_cas_retries_shown,
                          worker->counters.dequeue_cas_retries, memory_order_relaxed);
    boc__idle_register(idle, &worker->idler);
    boc__pool_tell_idle();
#if defined(BOC_MUTANT_LOST_WAKEUP)
    sight_t sight = SEE_NOTHING;
#else
    sight_t sight = look_around(worker);
#endif
    if (sight == SEE_PENDING && become_watcher()) {
        work = watch(worker);
        end_watch();
    } else if (sight != SEE_WORK) {
        /* acquire: set before the wake; the token makes it visible anyway. */
        if (!atomic_load_explicit(&boc__pool.is_ending, memory_order_acquire)) {
            int64_t soon_ns = boc__clock_deadline_ns(SOON_NS);
            (void)park(worker, BOC_FOREVER);
            worker->was_woken_soon = boc__clock_now_ns() < soon_ns;
        }
    }
    (void)boc__idle_leave(idle, &worker->idler);
    if (work != NULL) {
        bump(&worker->counters.popped_via_steal, 1);
        (void)boc__idle_end_search(idle, &worker->idler);
        /* Somebody else must watch now ("watcher leaves"). */
        boc__idle_notify(idle, NULL);
    }
    return work;
}

static bool is_ending(void) {
    /* acquire: pairs with boc__pool_end. */
    return atomic_load_explicit(&boc__pool.is_ending, memory_order_acquire);
}

static bool is_dormant(boc__worker_t *worker) {
    /* seq_cst: before the look at the demands ("dormant worker", host.md).  boc__pool_start
     * wakes us after changing it. */
    return worker->index >= atomic_load_explicit(&boc__pool.active, memory_order_seq_cst);
}

/* Wait, outside the stack of sleepers, until the worker is wanted again.  Visits come still. */
static void lie_dormant(boc__worker_t *worker) {
    boc__idle_t *idle = &boc__pool.idle;
    boc__slab_flush();
    /* Its last body may have been the last of all: a moment among the sleepers lets
     * the waiters know, as in sleep_once. */
    boc__idle_register(idle, &worker->idler);
    boc__pool_tell_idle();
    (void)boc__idle_leave(idle, &worker->idler);
    /* Others may count on us: we were woken for work, or searched for it, or saw it
     * as a sleeper, and go without. */
    (void)boc__idle_end_search(idle, &worker->idler);
    boc__idle_notify(idle, NULL);
    while (is_dormant(worker) && !is_ending())
        if (!boc__demands_take_visit(worker))
            (void)park(worker, BOC_FOREVER);
}

/* Answer what only this worker can, and when that is no work, or others have their turn,
 * look at home.  Not as a searcher: pushes would be silent while the host's `between`
 * takes its time. */
BOC_COLD static boc__work_t *attend(boc__worker_t *worker) {
    if (boc__idle_end_search(&boc__pool.idle, &worker->idler))
        boc__idle_notify(&boc__pool.idle, NULL);
    boc__work_t *work = boc__demands_take(worker);
    if (work == NULL)
        return look_at_home(worker);
    bump(&worker->counters.popped_local, 1);
    return work;
}

/* The next work, or NULL when the pool ends. */
static boc__work_t *find_work(boc__worker_t *worker) {
    boc__work_t *work = NULL;
    while (work == NULL) {
        if (is_dormant(worker) && !is_ending())
            lie_dormant(worker);
        if (!boc__demands_are_met(&worker->demands) && (work = attend(worker)) != NULL)
            return work;
        work = search(worker);
        if (work == NULL && is_ending())
            break;
        if (work == NULL)
            work = sleep_once(worker);
    }
    if (work == NULL)
        (void)boc__idle_end_search(&boc__pool.idle, &worker->idler);
    return work;
}

void boc__worker_loop(boc__worker_t *worker) {
    assert(tl_worker == worker);
    for (;;) {
        boc__work_t *work =
            boc__demands_are_met(&worker->demands) ? look_at_home(worker) : attend(worker);
        if (work == NULL && (work = find_work(worker)) == NULL)
            return;
        worker->in_body = true;
        work->run(work);
        worker->in_body = false;
    }
}

/* -- statistics ------------------------------------------------------------------ */

void boc__worker_copy_stats(const boc__worker_t *worker, boc_worker_stats_t *stats) {
    const boc__counters_t *counters = &worker->counters;
/* relaxed: a recent value of each, as promised. */
#define COPY(field) .field = atomic_load_explicit(&counters->field, memory_order_relaxed)
    *stats = (boc_worker_stats_t){
        .worker_index = worker->index,
        COPY(pushed_local),
        COPY(dispatched_to_pending),
        COPY(pushed_remote),
        COPY(popped_local),
        COPY(popped_via_steal),
        COPY(enqueue_cas_retries),
        .dequeue_cas_retries =
            atomic_load_explicit(&counters->dequeue_cas_retries_shown, memory_order_relaxed),
        COPY(batch_resets),
        COPY(steal_attempts),
        COPY(steal_failures),
        COPY(parked),
        COPY(last_steal_attempt_ns),
        COPY(fairness_arm_fires),
    };
#undef COPY
}

void boc__worker_reset_stats(boc__worker_t *worker) {
    boc__counters_t *counters = &worker->counters;
    _Atomic uint64_t *const fields[] = {
        &counters->pushed_local,          &counters->dispatched_to_pending,
        &counters->popped_local,          &counters->popped_via_steal,
        &counters->batch_resets,          &counters->steal_attempts,
        &counters->steal_failures,        &counters->parked,
        &counters->last_steal_attempt_ns, &counters->fairness_arm_fires,
        &counters->pushed_remote,         &counters->enqueue_cas_retries,
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) /* relaxed: statistics. */
        atomic_store_explicit(fields[i], 0, memory_order_relaxed);
}
