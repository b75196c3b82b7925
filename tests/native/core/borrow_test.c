/* Requests that take no reference: who keeps the cown alive? */
#include "fixture.h"

enum { COWNS = 3, PRODUCERS = 3 };
#define PER_PRODUCER SCALED(2000, 4)

static struct {
    boc_cown_t *cowns[COWNS];
    int counts[COWNS];
    _Atomic int expected[COWNS];
    _Atomic int runs, freed, values_dropped;
} globals;

static unsigned draw(unsigned *p_random, unsigned below) {
#if defined(BOC_SYSTEMATIC)
    (void)p_random;
    return (unsigned)boc__sys_random(below);
#else
    *p_random = *p_random * 1664525u + 1013904223u;
    return (*p_random >> 16) % below;
#endif
}

static void drop_value(void *data) {
    (void)data;
    atomic_fetch_add(&globals.values_dropped, 1);
}
static const boc_payload_ops_t value_ops = {drop_value};

static void begin(void) {
    begin_runtime(2);
    memset(&globals, 0, sizeof globals);
    for (int i = 0; i < COWNS; i++)
        CHECK_EQ(boc_cown_new((boc_payload_t){&globals.counts[i], &value_ops}, &globals.cowns[i]),
                 BOC_OK);
}

static void count_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++)
        if (!boc_behavior_is_duplicate(behavior, i) &&
            boc_behavior_access(behavior, i) == BOC_WRITE)
            ++*(int *)cown_data(behavior, i);
    BOC_YIELD();
    atomic_fetch_add(&globals.runs, 1);
}
static void count_freed(boc_behavior_t *behavior, void *data) {
    (void)behavior, (void)data;
    atomic_fetch_add(&globals.freed, 1);
}
static const boc_behavior_ops_t count_ops = {count_run, NULL, count_freed};

/* Borrow the cown, or give the behavior a reference. */
static void request(boc_behavior_t *behavior, size_t index, boc_cown_t *cown, boc_access_t access,
                    bool is_borrowed) {
    if (is_borrowed) {
        boc_behavior_request_borrowed(behavior, index, cown, access);
    } else {
        boc_cown_ref(cown);
        boc_behavior_request(behavior, index, cown, access);
    }
}

static boc_behavior_t *make_random(unsigned *p_random) {
    bool is_written[COWNS] = {false};
    size_t count = 1 + draw(p_random, COWNS);
    boc_behavior_t *behavior = NULL;
    CHECK_EQ(boc_behavior_new(&count_ops, count, 0, 0, &behavior), BOC_OK);
    for (size_t i = 0; i < count; i++) {
        unsigned which = draw(p_random, COWNS);
        boc_access_t access = draw(p_random, 3) == 0 ? BOC_READ : BOC_WRITE;
        request(behavior, i, globals.cowns[which], access, draw(p_random, 4) != 0);
        is_written[which] |= access == BOC_WRITE;
    }
    for (int i = 0; i < COWNS; i++)
        atomic_fetch_add(&globals.expected[i], is_written[i]);
    return behavior;
}

typedef struct producer {
    unsigned random;
} producer_t;

/* Gives its references up as soon as it has scheduled the last behavior. */
static void produce(void *context) {
    unsigned random = ((producer_t *)context)->random;
    for (int i = 0; i < PER_PRODUCER; i++) {
        boc_behavior_t *both[2] = {make_random(&random)};
        if (draw(&random, 4) != 0) {
            CHECK_EQ(boc_behavior_schedule(both[0]), BOC_OK);
        } else {
            both[1] = make_random(&random);
            CHECK_EQ(boc_batch_schedule(both, 2), BOC_OK);
        }
    }
    for (int i = 0; i < COWNS; i++)
        boc_cown_unref(globals.cowns[i]);
}

/* Goal: every cown lives as long as somebody has it or waits for it, and not longer.
 * Method: producers that keep their references no longer than they must; a reference too
 * few is caught by assertions and sanitizers, one too many by the count of values. */
static void owners_body(void *context) {
    (void)context;
    begin();
    producer_t producers[PRODUCERS];
    boc__thread_t threads[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = (producer_t){(unsigned)i * 77 + 1};
    for (int i = 1; i < PRODUCERS; i++)
        for (int k = 0; k < COWNS; k++)
            boc_cown_ref(globals.cowns[k]);
    for (int i = 1; i < PRODUCERS; i++)
        CHECK_EQ(boc__thread_start(&threads[i], produce, &producers[i], "producer"), BOC_OK);
    produce(&producers[0]);
    for (int i = 1; i < PRODUCERS; i++)
        boc__thread_join(&threads[i]);
    wait_quiescent();
    CHECK_EQ(globals.values_dropped, COWNS);
    CHECK_EQ(globals.freed, globals.runs);
    for (int i = 0; i < COWNS; i++)
        CHECK_EQ(globals.counts[i], globals.expected[i]);
    end_runtime();
}
BOC_TEST(borrowed_cowns_live_as_long_as_they_are_needed) { boc__sys_run_seeds(owners_body, NULL); }

/* A chain that never has a reference but the one that is handed on. */
static void step_run(boc_behavior_t *behavior, void *data) {
    int left = *(int *)data - 1;
    boc_cown_t *cown = boc_behavior_cown(behavior, 0);
    ++*(int *)boc_cown_value(cown)->data;
    CHECK_EQ(boc_cown_ref_count(cown), 1);
    static const boc_behavior_ops_t step_ops = {step_run, NULL, count_freed};
    if (left == 0)
        return;
    boc_behavior_t *next = NULL;
    CHECK_EQ(boc_behavior_new(&step_ops, 1, sizeof left, 0, &next), BOC_OK);
    boc_behavior_request_borrowed(next, 0, cown, BOC_WRITE);
    *(int *)boc_behavior_data(next) = left;
    CHECK_EQ(boc_behavior_schedule(next), BOC_OK);
}
static const boc_behavior_ops_t first_ops = {step_run, NULL, count_freed};

static void chain_body(void *context) {
    (void)context;
    begin();
    int steps = SCALED(1000, 5);
    boc_behavior_t *first = NULL;
    CHECK_EQ(boc_behavior_new(&first_ops, 1, sizeof steps, 0, &first), BOC_OK);
    boc_behavior_request(first, 0, globals.cowns[0], BOC_WRITE); /* our only reference */
    *(int *)boc_behavior_data(first) = steps;
    CHECK_EQ(boc_behavior_schedule(first), BOC_OK);
    wait_quiescent();
    CHECK_EQ(globals.counts[0], steps);
    CHECK_EQ(globals.values_dropped, 1);
    for (int i = 1; i < COWNS; i++)
        boc_cown_unref(globals.cowns[i]);
    end_runtime();
}
BOC_TEST(chain_hands_one_reference_on) { boc__sys_run_seeds(chain_body, NULL); }

static void value_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    *boc_cown_value(boc_behavior_result(behavior)) =
        (boc_payload_t){&globals.counts[0], &value_ops};
}
static const boc_behavior_ops_t value_behavior_ops = {value_run, NULL, count_freed};

/* Values that cowns share are not touched. */
static void look_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    CHECK(cown_data(behavior, 0) == &globals.counts[0]);
    atomic_fetch_add(&globals.runs, 1);
}
static const boc_behavior_ops_t look_ops = {look_run, NULL, count_freed};

/* Goal: a result and a promise, which are one block with what holds them first, are not
 * handed on with their reference. */
static void fixed_body(void *context) {
    (void)context;
    begin();
    for (int i = 0; i < SCALED(200, 2); i++) {
        boc_behavior_t *first = NULL, *second = NULL;
        CHECK_EQ(boc_behavior_new(&value_behavior_ops, 0, 0, BOC_BEHAVIOR_RESULT, &first), BOC_OK);
        boc_cown_t *result = boc_behavior_keep_result(first);
        CHECK(result == boc_behavior_result(first));
        CHECK_EQ(boc_cown_ref_count(result), 2);
        CHECK_EQ(boc_behavior_schedule(first), BOC_OK);
        for (int k = 0; k < 2; k++) {
            CHECK_EQ(boc_behavior_new(&look_ops, 1, 0, 0, &second), BOC_OK);
            request(second, 0, result, BOC_WRITE, true);
            CHECK_EQ(boc_behavior_schedule(second), BOC_OK);
        }
        boc_cown_unref(result);
        boc_promise_t *promise;
        CHECK_EQ(boc_promise_new(&promise), BOC_OK);
        CHECK_EQ(boc_behavior_new(&look_ops, 1, 0, 0, &second), BOC_OK);
        request(second, 0, boc_promise_cown(promise), BOC_WRITE, true);
        CHECK_EQ(boc_behavior_schedule(second), BOC_OK);
        CHECK_EQ(boc_promise_fulfill(promise, (boc_payload_t){&globals.counts[0], &value_ops}),
                 BOC_OK);
        boc_promise_unref(promise);
    }
    wait_quiescent();
    CHECK_EQ(globals.values_dropped, 2 * SCALED(200, 2));
    for (int i = 0; i < COWNS; i++)
        boc_cown_unref(globals.cowns[i]);
    end_runtime();
}
BOC_TEST(results_and_promises_keep_their_own_reference) { boc__sys_run_seeds(fixed_body, NULL); }

/* What is refused or never scheduled has taken nothing. */
static void refused_body(void *context) {
    (void)context;
    begin();
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
    boc_behavior_t *behaviors[2] = {NULL};
    for (int way = 0; way < 3; way++) {
        for (int i = 0; i < 2; i++) {
            CHECK_EQ(boc_behavior_new(&count_ops, 3, 0, 0, &behaviors[i]), BOC_OK);
            request(behaviors[i], 0, globals.cowns[0], BOC_WRITE, true);
            request(behaviors[i], 1, globals.cowns[0], BOC_READ, true);
            request(behaviors[i], 2, globals.cowns[1], BOC_WRITE, i == 0);
        }
        if (way == 0)
            CHECK_EQ(boc_batch_schedule(behaviors, 2), BOC_ECLOSED);
        for (int i = 0; way > 0 && i < 2; i++)
            if (way == 1)
                CHECK_EQ(boc_behavior_schedule(behaviors[i]), BOC_ECLOSED);
            else
                boc_behavior_free(behaviors[i]);
        for (int i = 0; i < COWNS; i++)
            CHECK_EQ(boc_cown_ref_count(globals.cowns[i]), 1);
    }
    for (int i = 0; i < COWNS; i++)
        boc_cown_unref(globals.cowns[i]);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(refused_behavior_gives_no_borrowed_reference_back) {
    boc__sys_run_seeds(refused_body, NULL);
}
