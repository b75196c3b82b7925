/* protocol.c - everything at once, with yields injected into the protocols.
 *
 *     stress_protocol [ROUNDS]        5 rounds unless said otherwise
 *
 * Eight threads or more: three or four workers, every fourth round three for each CPU,
 * three producers, one thread that ends leases, one that waits for quiescence again and
 * again, and the main thread.  Behaviors over none to five of a dozen accounts, reads and
 * writes and duplicates at random, some with results that others consume, some leases,
 * some that schedule more from inside.  A round starts the runtime and stops it, every
 * third time while the producers are still at work; the worker threads end after some
 * rounds and are reused after the others.
 *
 * Checked: exclusion, each producer's order on each account, that every accepted
 * behavior ran or was dropped exactly once on every account, that every result was
 * seen and dropped, and that no block is left. */
#define BOC_TEST_OWN_MAIN
#include "boc_test.h"

#include "core/slab.h"
#include "platform/clock.h"
#include "platform/cpu.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <boc/boc.h>
#include <stdbool.h>

enum {
    ACCOUNTS = 12,
    PRODUCERS = 3,
    REQUESTS = 5,
    PER_PRODUCER = 1200,
    DEPTH_MAX = 2, /* of nested behaviors */
};

/* No round takes nearly as long; then it hangs. */
#define ROUND_NS ((int64_t)120 * 1000 * 1000 * 1000)

typedef struct account {
    _Atomic int readers, writers; /* inside now */
    long writes;                  /* holder only */
    int last[PRODUCERS];          /* holder only: serial of the last writer */
} account_t;

typedef struct order {
    struct order *next; /* of the leases granted */
    boc_behavior_t *behavior;
    unsigned random;
    int producer; /* -1: nested, in no order with the others */
    int serial;
    int depth;
} order_t;

static struct {
    account_t accounts[ACCOUNTS];
    boc_cown_t *cowns[ACCOUNTS];
    _Atomic long expected[ACCOUNTS]; /* writes of the behaviors accepted */
    _Atomic long accepted, done, freed, made;
    _Atomic long results_made, results_seen, results_freed;

    _Atomic(order_t *) leases; /* granted, to be ended */
    boc__parker_t lessee;
    _Atomic bool is_over, has_ended; /* of the round; of the program */
    _Atomic int producing;
    unsigned round;
} globals;

static unsigned draw(unsigned *p_random, unsigned below) {
    *p_random = *p_random * 1664525u + 1013904223u;
    return (*p_random >> 16) % below;
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

static void hold(const boc_behavior_t *behavior, const order_t *order) {
    size_t count = boc_behavior_request_count(behavior);
    for (size_t i = 0; i < count; i++)
        if (!boc_behavior_is_duplicate(behavior, i))
            enter_account(behavior, i, order);
    BOC_YIELD();
    for (size_t i = 0; i < count; i++)
        if (!boc_behavior_is_duplicate(behavior, i))
            leave_account(behavior, i, order);
    atomic_fetch_add(&globals.done, 1);
}

/* -- results ------------------------------------------------------------------------ */

static void free_result(void *data) {
    free(data);
    atomic_fetch_add(&globals.results_freed, 1);
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
    atomic_fetch_add(&globals.results_made, 1);
}

static void consume(boc_behavior_t *behavior, void *data) {
    (void)data;
    int *value = boc_cown_value(boc_behavior_cown(behavior, 0))->data;
    CHECK(value != NULL);
    CHECK_EQ((*value)++, 1);
    atomic_fetch_add(&globals.results_seen, 1);
    atomic_fetch_add(&globals.done, 1);
}

static void count_freed(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.freed, 1);
}

static const boc_behavior_ops_t consume_ops = {consume, consume, count_freed};

static void accept(void) { atomic_fetch_add(&globals.accepted, 1); }

/* `result` is taken; it has been given a value before anybody else gets it. */
static bool schedule_consumer(boc_cown_t *result) {
    boc_behavior_t *behavior = NULL;
    CHECK_EQ(boc_behavior_new(&consume_ops, 1, 0, 0, &behavior), BOC_OK);
    atomic_fetch_add(&globals.made, 1);
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
    order->next = atomic_load(&globals.leases);
    while (!atomic_compare_exchange_weak(&globals.leases, &order->next, order))
        continue;
    boc__parker_wake(&globals.lessee);
}
static const boc_behavior_ops_t lease_ops = {grant_lease, NULL, count_freed};

static void end_leases(void *context) {
    (void)context;
    while (!atomic_load(&globals.is_over)) {
        (void)boc__parker_park(&globals.lessee, BOC_FOREVER);
        order_t *order = atomic_exchange(&globals.leases, NULL);
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
        accounts[i] = draw(p_random, draw(p_random, 2) ? ACCOUNTS : 3); /* some are hot */
        accesses[i] = draw(p_random, 3) < reads ? BOC_READ : BOC_WRITE;
        if (accesses[i] == BOC_WRITE)
            is_written[accounts[i]] = true;
    }
    return count;
}

static boc_behavior_t *make_random(order_t *order, bool *is_written, bool has_result) {
    unsigned accounts[REQUESTS];
    boc_access_t accesses[REQUESTS];
    size_t count = choose_requests(&order->random, accounts, accesses, is_written);
    bool is_lease = draw(&order->random, 12) == 0;
    unsigned flags = (has_result ? (unsigned)BOC_BEHAVIOR_RESULT : 0) |
                     (is_lease ? (unsigned)BOC_BEHAVIOR_LEASE : 0);
    boc_behavior_t *behavior = NULL;
    CHECK_EQ(boc_behavior_new(is_lease ? &lease_ops : &plain_ops, count, sizeof *order, flags,
                              &behavior),
             BOC_OK);
    atomic_fetch_add(&globals.made, 1);
    for (size_t i = 0; i < count; i++) {
        boc_cown_ref(globals.cowns[accounts[i]]);
        boc_behavior_request(behavior, i, globals.cowns[accounts[i]], accesses[i]);
    }
    return behavior;
}

/* False when the runtime refuses it. */
static bool schedule_random(order_t order) {
    bool is_written[ACCOUNTS] = {false};
    bool has_result = draw(&order.random, 6) == 0;
    boc_behavior_t *behavior = make_random(&order, is_written, has_result);
    boc_cown_t *result = boc_behavior_result(behavior);
    if (result != NULL)
        boc_cown_ref(result);
    memcpy(boc_behavior_data(behavior), &order, sizeof order);
    if (boc_behavior_schedule(behavior) != BOC_OK) {
        if (result != NULL)
            boc_cown_unref(result);
        return false;
    }
    accept();
    for (size_t i = 0; i < ACCOUNTS; i++)
        atomic_fetch_add(&globals.expected[i], is_written[i]);
    return result == NULL || schedule_consumer(result);
}

static void produce(void *context) {
    int producer = *(int *)context;
    unsigned random = globals.round * 7919u + (unsigned)producer * 104729u + 1;
    for (int serial = 1; serial <= PER_PRODUCER; serial++) {
        (void)draw(&random, 2);
        if (!schedule_random((order_t){.random = random, .producer = producer, .serial = serial}))
            break;
    }
    atomic_fetch_sub(&globals.producing, 1);
}

/* Waits through starts, stops and shutdowns. */
static void wait_often(void *context) {
    (void)context;
    unsigned random = 1;
    while (!atomic_load(&globals.has_ended)) {
        boc_status_t status = boc_runtime_wait((int64_t)draw(&random, 200) * 1000);
        CHECK(status == BOC_OK || status == BOC_ETIMEOUT || status == BOC_EINTERRUPTED);
        boc__thread_yield();
    }
}

/* -- rounds ------------------------------------------------------------------------------ */

static void begin_round(void) {
    memset(globals.accounts, 0, sizeof globals.accounts);
    globals.accepted = globals.done = globals.freed = globals.made = 0;
    globals.results_made = globals.results_seen = globals.results_freed = 0;
    globals.is_over = false;
    globals.producing = PRODUCERS;
    for (int i = 0; i < ACCOUNTS; i++) {
        static const boc_payload_ops_t borrowed = {NULL};
        globals.expected[i] = 0;
        CHECK_EQ(boc_cown_new((boc_payload_t){NULL, &borrowed}, &globals.cowns[i]), BOC_OK);
        boc_cown_value(globals.cowns[i])->data = &globals.accounts[i];
    }
    unsigned workers = globals.round % 4 == 3 ? 3 * boc__cpu_count() : 3 + globals.round % 2;
    boc_runtime_options_t options = {.worker_count = workers > 48 ? 48 : workers};
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
}

static void check_round(void) {
    CHECK_EQ(globals.done, globals.accepted);
    CHECK_EQ(globals.freed, globals.made);
    CHECK_EQ(globals.results_freed, globals.results_made);
    CHECK(globals.results_seen <= globals.results_made);
    for (int i = 0; i < ACCOUNTS; i++) {
        CHECK_EQ(globals.accounts[i].writes, globals.expected[i]);
        CHECK(!boc_cown_is_busy(globals.cowns[i]));
        boc_cown_value(globals.cowns[i])->data = NULL;
        boc_cown_unref(globals.cowns[i]);
    }
}

static void stop(boc_stop_mode_t mode) {
    boc_status_t status = boc_runtime_stop(mode, ROUND_NS);
    CHECK_EQ(status, BOC_OK);
}

static void join_producers(boc__thread_t *producers) {
    int64_t deadline_ns = boc__clock_deadline_ns(ROUND_NS);
    while (atomic_load(&globals.producing) > 0) {
        CHECK(boc__clock_now_ns() < deadline_ns); /* else: deadlock of the producers */
        boc__clock_sleep_ns(200 * 1000);
    }
    for (int i = 0; i < PRODUCERS; i++)
        boc__thread_join(&producers[i]);
}

static void run_round(void) {
    static int numbers[PRODUCERS];
    boc__thread_t lessee, producers[PRODUCERS];
    begin_round();
    CHECK_EQ(boc__thread_start(&lessee, end_leases, NULL, "lessee"), BOC_OK);
    for (int i = 0; i < PRODUCERS; i++) {
        numbers[i] = i;
        CHECK_EQ(boc__thread_start(&producers[i], produce, &numbers[i], "producer"), BOC_OK);
    }
    if (globals.round % 3 == 2) {
        boc__clock_sleep_ns((int64_t)(globals.round % 40) * 100 * 1000);
        stop(BOC_STOP_DROP);
    }
    join_producers(producers);
    CHECK_EQ(boc_runtime_wait(ROUND_NS), BOC_OK);
    stop(BOC_STOP_DRAIN);
    atomic_store(&globals.is_over, true);
    boc__parker_wake(&globals.lessee);
    boc__thread_join(&lessee);
    check_round();
    CHECK_EQ(boc__slab_live(), 0);
    if (globals.round % 5 == 4)
        CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
}

int main(int argc, char **argv) {
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
    boc__thread_t waiter;
    static char name[32];
    boc_tests.running = name;
    boc__parker_init(&globals.lessee);
    CHECK_EQ(boc__thread_start(&waiter, wait_often, NULL, "waiter"), BOC_OK);
    long done = 0;
    for (globals.round = 0; globals.round < rounds; globals.round++) {
        (void)snprintf(name, sizeof name, "round %u", globals.round);
        run_round();
        done += globals.done;
    }
    atomic_store(&globals.has_ended, true);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    boc__thread_join(&waiter);
    boc__parker_deinit(&globals.lessee);
    CHECK_EQ(boc__slab_live(), 0);
    printf("ok %u rounds, %ld behaviors\n", rounds, done);
    return 0;
}
