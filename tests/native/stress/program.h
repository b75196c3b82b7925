/* program.h - random programs over accounts, and what must be true of each.
 *
 * Behaviors over none to five accounts, reads and writes and duplicates at random, some
 * with results that others consume, some leases, some that schedule more from inside;
 * some in batches, some that are cancelled, some placed on a worker or the main thread;
 * producers, and one thread that ends the leases.
 *
 * Checked: exclusion, each producer's order on each account, that every accepted
 * behavior ran or was dropped exactly once on every account, that every promise it
 * waited for was settled as planned, that every result was seen and dropped, and that no block is
 * left.
 *
 * Include in one file of a program. */
#ifndef BOC_TESTS_STRESS_PROGRAM_H
#define BOC_TESTS_STRESS_PROGRAM_H

#include "boc_test.h"

#include "core/slab.h"
#include "platform/clock.h"
#include "platform/systematic/systematic.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <boc/boc.h>
#include <stdbool.h>

#if defined(BOC_SYSTEMATIC)
enum {
    ACCOUNTS = 3,
    PRODUCERS = 2,
    REQUESTS = 4,
    PER_PRODUCER = 5,
    DEPTH_MAX = 1, /* of nested behaviors */
};
#define DROP_DELAY_NS 1000
#define PROGRAM_NS BOC_NO_TIMEOUT /* a program that hangs is reported as a deadlock */
#else
enum {
    ACCOUNTS = 12,
    PRODUCERS = 3,
    REQUESTS = 5,
    PER_PRODUCER = 1200,
    DEPTH_MAX = 2,
};
#define DROP_DELAY_NS (100 * 1000)
#define PROGRAM_NS ((int64_t)120 * 1000 * 1000 * 1000) /* then it hangs */
#endif

typedef struct account {
    _Atomic int readers, writers; /* inside now */
    long writes;                  /* holder only */
    int last[PRODUCERS];          /* holder only: serial of the last writer */
} account_t;

typedef enum fate {
    NO_PROMISE,
    KEPT,
    ABANDONED,
    KEPT_LATER, /* by another thread */
    ABANDONED_LATER,
} fate_t;

typedef struct order {
    struct order *next; /* of the leases granted */
    boc_behavior_t *behavior;
    unsigned random;
    int producer; /* -1: nested, in no order with the others */
    int serial;
    int depth;
    fate_t fate; /* of the promise that is its last request */
} order_t;

/* A promise that waits to be settled by the thread that ends leases. */
typedef struct pending {
    struct pending *next;
    boc_promise_t *promise; /* a reference */
    fate_t fate;
} pending_t;

static struct {
    account_t accounts[ACCOUNTS];
    boc_cown_t *cowns[ACCOUNTS];
    _Atomic long expected[ACCOUNTS]; /* writes of the behaviors accepted */
    _Atomic long accepted, done, freed, made;
    _Atomic long results_made, results_seen, results_freed;

    _Atomic(order_t *) leases; /* granted, to be ended */
    _Atomic(pending_t *) promises;
    boc__parker_t lessee;
    _Atomic bool is_over;
    _Atomic int producing;
    unsigned number, workers;
} program;

static unsigned draw(unsigned *p_random, unsigned below) {
#if defined(BOC_SYSTEMATIC)
    (void)p_random;
    return (unsigned)boc__sys_random(below);
#else
    *p_random = *p_random * 1664525u + 1013904223u;
    return (*p_random >> 16) % below;
#endif
}

/* -- holding accounts ------------------------------------------------------------- */

static account_t *account_of(const boc_behavior_t *behavior, size_t index) {
    return boc_cown_value(boc_behavior_cown(behavior, index))->data;
}

static bool is_write(const boc_behavior_t *behavior, size_t index) {
    return boc_behavior_access(behavior, index) == BOC_WRITE;
}

static void enter_account(const boc_behavior_t *behavior, size_t index, const order_t *order) {
    account_t *account = account_of(behavior, index);
    if (is_write(behavior, index)) {
        CHECK_EQ(atomic_fetch_add(&account->writers, 1), 0);
        CHECK_EQ(atomic_load(&account->readers), 0);
    } else {
        atomic_fetch_add(&account->readers, 1);
        CHECK_EQ(atomic_load(&account->writers), 0);
    }
    if (order->producer >= 0)
        CHECK(order->serial > account->last[order->producer]);
}

static void leave_account(const boc_behavior_t *behavior, size_t index, const order_t *order) {
    account_t *account = account_of(behavior, index);
    if (is_write(behavior, index)) {
        account->writes++;
        if (order->producer >= 0)
            account->last[order->producer] = order->serial;
        CHECK_EQ(atomic_load(&account->readers), 0);
        CHECK_EQ(atomic_fetch_sub(&account->writers, 1), 1);
    } else {
        CHECK_EQ(atomic_load(&account->writers), 0);
        atomic_fetch_sub(&account->readers, 1);
    }
}

/* Settled as planned, or dropped by a stop. */
static void check_promise(const boc_behavior_t *behavior, size_t index, fate_t fate) {
    boc_status_t status = boc_cown_status(boc_behavior_cown(behavior, index));
    bool is_kept = fate == KEPT || fate == KEPT_LATER;
    CHECK(status == BOC_ECLOSED || status == (is_kept ? BOC_OK : BOC_EABANDONED));
}

static void hold(const boc_behavior_t *behavior, const order_t *order) {
    size_t count = boc_behavior_request_count(behavior);
    if (order->fate != NO_PROMISE)
        check_promise(behavior, --count, order->fate);
    for (size_t i = 0; i < count; i++)
        if (!boc_behavior_is_duplicate(behavior, i))
            enter_account(behavior, i, order);
    BOC_YIELD();
    for (size_t i = 0; i < count; i++)
        if (!boc_behavior_is_duplicate(behavior, i))
            leave_account(behavior, i, order);
    atomic_fetch_add(&program.done, 1);
}

/* -- results ------------------------------------------------------------------------ */

static void free_result(void *data) {
    free(data);
    atomic_fetch_add(&program.results_freed, 1);
}
static const boc_payload_ops_t result_ops = {free_result};

static void give_result(boc_behavior_t *behavior) {
    boc_cown_t *result = boc_behavior_result(behavior);
    if (result == NULL)
        return;
    int *value = malloc(sizeof *value);
    CHECK(value != NULL);
    *value = 1;
    *boc_cown_value(result) = (boc_payload_t){value, &result_ops};
    atomic_fetch_add(&program.results_made, 1);
}

static void consume(boc_behavior_t *behavior, void *data) {
    (void)data;
    int *value = boc_cown_value(boc_behavior_cown(behavior, 0))->data;
    CHECK(value != NULL);
    CHECK_EQ((*value)++, 1);
    atomic_fetch_add(&program.results_seen, 1);
    atomic_fetch_add(&program.done, 1);
}

static void count_freed(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&program.freed, 1);
}

static const boc_behavior_ops_t consume_ops = {consume, consume, count_freed};

static void accept(void) { atomic_fetch_add(&program.accepted, 1); }

/* `result` is taken; it has been given a value before anybody else gets it. */
static bool schedule_consumer(boc_cown_t *result) {
    boc_behavior_t *behavior = NULL;
    CHECK_EQ(boc_behavior_new(&consume_ops, 1, 0, 0, &behavior), BOC_OK);
    atomic_fetch_add(&program.made, 1);
    boc_behavior_request(behavior, 0, result, BOC_WRITE);
    if (boc_behavior_schedule(behavior) != BOC_OK)
        return false;
    accept();
    return true;
}

/* -- behaviors ------------------------------------------------------------------------ */

static bool schedule_random(order_t order);

static void run_plain(boc_behavior_t *behavior, void *data) {
    order_t *order = data;
    hold(behavior, order);
    if (order->depth < DEPTH_MAX && draw(&order->random, 3) == 0)
        for (unsigned left = 1 + draw(&order->random, 2); left > 0; left--) {
            (void)draw(&order->random, 2);
            (void)schedule_random((order_t){
                .random = order->random * 31 + left, .producer = -1, .depth = order->depth + 1});
        }
    give_result(behavior);
}

static void drop_plain(boc_behavior_t *behavior, void *data) {
    hold(behavior, data);
    give_result(behavior);
}

static const boc_behavior_ops_t plain_ops = {run_plain, drop_plain, count_freed};

static void grant_lease(boc_behavior_t *behavior, void *data) {
    order_t *order = data;
    order->behavior = behavior;
    order->next = atomic_load(&program.leases);
    while (!atomic_compare_exchange_weak(&program.leases, &order->next, order))
        continue;
    boc__parker_wake(&program.lessee);
}
static const boc_behavior_ops_t lease_ops = {grant_lease, drop_plain, count_freed};

static void settle(boc_promise_t *promise, fate_t fate) {
    if (fate == KEPT || fate == KEPT_LATER) {
        boc_status_t status = boc_promise_fulfill(promise, (boc_payload_t){NULL, NULL});
        CHECK(status == BOC_OK || status == BOC_ESTATE);
    }
    boc_promise_unref(promise);
}

static void settle_promises(void) {
    pending_t *pending = atomic_exchange(&program.promises, NULL);
    for (pending_t *next; pending != NULL; pending = next) {
        next = pending->next;
        settle(pending->promise, pending->fate);
        free(pending);
    }
}

static void end_leases(void *context) {
    (void)context;
    bool is_over = false;
    while (!is_over) {
        (void)boc__parker_park(&program.lessee, BOC_FOREVER);
        is_over = atomic_load(&program.is_over);
        settle_promises();
        order_t *order = atomic_exchange(&program.leases, NULL);
        for (order_t *next; order != NULL; order = next) {
            boc_behavior_t *behavior = order->behavior;
            next = order->next;
            hold(behavior, order);
            give_result(behavior);
            boc_behavior_finish(behavior);
        }
    }
}

/* Which accounts, and how: the strongest access of each counts. */
static size_t choose_requests(unsigned *p_random, unsigned *accounts, boc_access_t *accesses,
                              bool *is_written) {
    size_t count = draw(p_random, REQUESTS + 1);
    unsigned reads = draw(p_random, 4); /* in three requests */
    for (size_t i = 0; i < count; i++) {
        accounts[i] = draw(p_random, draw(p_random, 2) ? ACCOUNTS : 3u); /* some are hot */
        accesses[i] = draw(p_random, 3) < reads ? BOC_READ : BOC_WRITE;
        if (accesses[i] == BOC_WRITE)
            is_written[accounts[i]] = true;
    }
    return count;
}

/* NULL when there is none, or the runtime takes no more. */
static boc_promise_t *make_promise(order_t *order) {
    boc_promise_t *promise = NULL;
    if (draw(&order->random, 8) != 0 || boc_promise_new(&promise) != BOC_OK)
        return NULL;
    order->fate = (fate_t)(KEPT + draw(&order->random, 4));
    return promise;
}

/* The behavior was scheduled, or refused. */
static void give_promise(boc_promise_t *promise, fate_t fate) {
    if (fate == KEPT || fate == ABANDONED) {
        settle(promise, fate);
        return;
    }
    pending_t *pending = malloc(sizeof *pending);
    CHECK(pending != NULL);
    *pending = (pending_t){atomic_load(&program.promises), promise, fate};
    while (!atomic_compare_exchange_weak(&program.promises, &pending->next, pending))
        continue;
    boc__parker_wake(&program.lessee);
}

static boc_behavior_t *make_random(order_t *order, boc_promise_t *promise, bool *is_written,
                                   bool has_result) {
    unsigned accounts[REQUESTS];
    boc_access_t accesses[REQUESTS];
    size_t count = choose_requests(&order->random, accounts, accesses, is_written);
    bool is_lease = draw(&order->random, 12) == 0;
    unsigned flags = is_lease                       ? BOC_BEHAVIOR_LEASE
                     : draw(&order->random, 4) == 0 ? BOC_BEHAVIOR_PLACED
                                                    : 0;
    if (has_result)
        flags |= BOC_BEHAVIOR_RESULT | (draw(&order->random, 2) ? BOC_BEHAVIOR_CANCELLABLE : 0);
    boc_behavior_t *behavior = NULL;
    CHECK_EQ(boc_behavior_new(is_lease ? &lease_ops : &plain_ops, count + (promise != NULL),
                              sizeof *order, flags, &behavior),
             BOC_OK);
    atomic_fetch_add(&program.made, 1);
    if (promise != NULL) {
        boc_cown_ref(boc_promise_cown(promise));
        boc_behavior_request(behavior, count, boc_promise_cown(promise), BOC_WRITE);
    }
    for (size_t i = 0; i < count; i++) {
        boc_cown_t *cown = program.cowns[accounts[i]];
        if (draw(&order->random, 2) == 0) {
            boc_behavior_request_borrowed(behavior, i, cown, accesses[i]);
        } else {
            boc_cown_ref(cown);
            boc_behavior_request(behavior, i, cown, accesses[i]);
        }
    }
    return behavior;
}

/* Alone, or as the second of a batch whose first is in no order with the others; that
 * one's writes are added to `first_written`. */
static boc_status_t schedule_somehow(boc_behavior_t *behavior, order_t order, bool *first_written) {
    if (draw(&order.random, 4) != 0)
        return boc_behavior_schedule(behavior);
    order_t first = {.random = order.random, .producer = -1, .depth = DEPTH_MAX};
    boc_behavior_t *both[2] = {make_random(&first, NULL, first_written, false), behavior};
    memcpy(boc_behavior_data(both[0]), &first, sizeof first);
    boc_status_t status = boc_batch_schedule(both, 2);
    if (status == BOC_OK)
        accept();
    return status;
}

static bool schedule_with(order_t order, boc_promise_t *promise) {
    bool is_written[ACCOUNTS] = {false}, first_written[ACCOUNTS] = {false};
    bool has_result = draw(&order.random, 6) == 0;
    boc_behavior_t *behavior = make_random(&order, promise, is_written, has_result);
    boc_cown_t *result = boc_behavior_result(behavior);
    if (result != NULL)
        boc_cown_ref(result);
    memcpy(boc_behavior_data(behavior), &order, sizeof order);
    if (schedule_somehow(behavior, order, first_written) != BOC_OK) {
        if (result != NULL)
            boc_cown_unref(result);
        return false;
    }
    accept();
    for (size_t i = 0; i < ACCOUNTS; i++)
        atomic_fetch_add(&program.expected[i], is_written[i] + first_written[i]);
    if (result != NULL && draw(&order.random, 2) == 0) {
        boc_status_t status = boc_behavior_cancel(result); /* it is dropped, or it is not */
        CHECK(status == BOC_OK || status == BOC_EBUSY || status == BOC_EINVALID);
    }
    return result == NULL || schedule_consumer(result);
}

/* False when the runtime refuses it. */
static bool schedule_random(order_t order) {
    boc_promise_t *promise = make_promise(&order);
    bool is_accepted = schedule_with(order, promise);
    if (promise != NULL)
        give_promise(promise, order.fate);
    return is_accepted;
}

static void produce(void *context) {
    int producer = *(int *)context;
    unsigned random = program.number * 7919u + (unsigned)producer * 104729u + 1;
    for (int serial = 1; serial <= PER_PRODUCER; serial++) {
        (void)draw(&random, 2);
        if (!schedule_random((order_t){.random = random, .producer = producer, .serial = serial}))
            break;
    }
    atomic_fetch_sub(&program.producing, 1);
}

/* -- the whole ------------------------------------------------------------------------ */

/* Anywhere, on the main thread, or on a worker. */
static int place(void *context, boc_behavior_t *behavior, void *data) {
    (void)context, (void)behavior;
    return (int)(((order_t *)data)->random % (program.workers + 2)) + BOC_PLACE_HOST;
}

static void begin_program(unsigned workers) {
    memset(program.accounts, 0, sizeof program.accounts);
    program.accepted = program.done = program.freed = program.made = 0;
    program.results_made = program.results_seen = program.results_freed = 0;
    program.is_over = false;
    program.producing = PRODUCERS;
    for (int i = 0; i < ACCOUNTS; i++) {
        static const boc_payload_ops_t borrowed = {NULL};
        program.expected[i] = 0;
        CHECK_EQ(boc_cown_new((boc_payload_t){NULL, &borrowed}, &program.cowns[i]), BOC_OK);
        boc_cown_value(program.cowns[i])->data = &program.accounts[i];
    }
    boc__parker_init(&program.lessee);
    program.workers = workers;
    CHECK_EQ(boc_host_attach(), BOC_OK);
    boc_runtime_options_t options = {.worker_count = workers, .host = {.place = place}};
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
}

static void check_program(void) {
    boc_host_detach();
    CHECK_EQ(program.done, program.accepted);
    CHECK_EQ(program.freed, program.made);
    CHECK_EQ(program.results_freed, program.results_made);
    CHECK(program.results_seen <= program.results_made);
    for (int i = 0; i < ACCOUNTS; i++) {
        CHECK_EQ(program.accounts[i].writes, program.expected[i]);
        CHECK(!boc_cown_is_busy(program.cowns[i]));
        boc_cown_value(program.cowns[i])->data = NULL;
        boc_cown_unref(program.cowns[i]);
    }
}

static void stop(boc_stop_mode_t mode) {
    boc_status_t status = boc_runtime_stop(mode, PROGRAM_NS);
    CHECK_EQ(status, BOC_OK);
}

static void join_producers(boc__thread_t *producers) {
#if !defined(BOC_SYSTEMATIC)
    int64_t deadline_ns = boc__clock_deadline_ns(PROGRAM_NS);
    while (atomic_load(&program.producing) > 0) {
        CHECK(boc__clock_now_ns() < deadline_ns); /* else: deadlock of the producers */
        boc__clock_sleep_ns(200 * 1000);
    }
#endif
    for (int i = 0; i < PRODUCERS; i++)
        boc__thread_join(&producers[i]);
}

/* Start the runtime, run program `number`, stop.  `is_dropped`: while it runs. */
static void run_program(unsigned number, unsigned workers, bool is_dropped) {
    static int numbers[PRODUCERS];
    boc__thread_t lessee, producers[PRODUCERS];
    program.number = number;
    begin_program(workers);
    CHECK_EQ(boc__thread_start(&lessee, end_leases, NULL, "lessee"), BOC_OK);
    for (int i = 0; i < PRODUCERS; i++) {
        numbers[i] = i;
        CHECK_EQ(boc__thread_start(&producers[i], produce, &numbers[i], "producer"), BOC_OK);
    }
    if (is_dropped) {
        boc__clock_sleep_ns((int64_t)draw(&number, 40) * DROP_DELAY_NS);
        stop(BOC_STOP_DROP);
    }
    join_producers(producers);
    CHECK_EQ(boc_runtime_wait(PROGRAM_NS), BOC_OK);
    stop(BOC_STOP_DRAIN);
    atomic_store(&program.is_over, true);
    boc__parker_wake(&program.lessee);
    boc__thread_join(&lessee);
    check_program();
    boc__parker_deinit(&program.lessee);
    CHECK_EQ(boc__slab_live(), 0);
}

#endif
