/* kit.h - what every workload needs: a runtime, a clock, short ways to schedule.
 *
 * A workload is a function that runs in a process of its own, with the runtime up:
 * it makes its cowns, hands its producers to kit_run, checks the outcome and
 * returns nanoseconds per behavior.  Producers are behaviors too: everything is
 * scheduled from inside the pool.
 *
 * Threads   kit_begin_clock, the inline functions   any thread
 *           the rest                                the main thread
 */
#ifndef BOC_BENCHMARKS_NATIVE_KIT_H
#define BOC_BENCHMARKS_NATIVE_KIT_H

#include <boc/boc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Print what was expected and abort; survives NDEBUG. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            kit_fail(__FILE__, __LINE__, #condition);                                              \
    } while (0)

_Noreturn void kit_fail(const char *file, int line, const char *condition);

void kit_start(unsigned workers);
void kit_stop(void);

typedef void (*kit_produce_fn)(void *context);

/* Schedule one behavior without cowns per context, each of which calls
 * `produce(context)`, and wait until nothing is in flight.  Nanoseconds from the
 * start of the first producer to the end of the wait.  Once per process. */
double kit_run(kit_produce_fn produce, void *const *contexts, size_t count);

/* kit_run with one producer, per behavior. */
double kit_run_one(kit_produce_fn produce, void *context, size_t behaviors);

/* The same for work that is no behavior: nanoseconds of `work(context)`, on this thread. */
double kit_time(kit_produce_fn work, void *context);

/* CPU time of all threads over the stretch that was timed last, as a part of it: what a
 * busy machine does not distort. */
double kit_cpu_share(void);

/* A cown whose value counts from 0. */
boc_cown_t *kit_cown(void);
boc_cown_t **kit_cowns(size_t count);

/* Add up what the cowns counted, and drop them. */
uint64_t kit_sum_and_drop(boc_cown_t **cowns, size_t count);

static inline void kit_add(boc_behavior_t *behavior, size_t index, intptr_t change) {
    boc_payload_t *value = boc_cown_value(boc_behavior_cown(behavior, index));
    value->data = (void *)((intptr_t)value->data + change);
}

/* xorshift64 (Marsaglia, "Xorshift RNGs", 2003); `*state` is not 0. */
static inline uint32_t kit_draw(uint64_t *state, uint32_t below) {
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return (uint32_t)(((x >> 32) * below) >> 32);
}

/* A behavior whose host data is `word`, without its requests. */
static inline boc_behavior_t *kit_new(const boc_behavior_ops_t *ops, size_t count, void *word) {
    boc_behavior_t *behavior = NULL;
    REQUIRE(boc_behavior_new(ops, count, sizeof word, 0, &behavior) == BOC_OK);
    *(void **)boc_behavior_data(behavior) = word;
    return behavior;
}

static inline void kit_request(boc_behavior_t *behavior, size_t index, boc_cown_t *cown,
                               boc_access_t access) {
    boc_behavior_request_borrowed(behavior, index, cown, access);
}

static inline void kit_schedule(boc_behavior_t *behavior) {
    REQUIRE(boc_behavior_schedule(behavior) == BOC_OK);
}

static inline void kit_schedule_task(const boc_behavior_ops_t *ops, void *word) {
    kit_schedule(kit_new(ops, 0, word));
}

static inline void kit_schedule_one(const boc_behavior_ops_t *ops, boc_cown_t *cown,
                                    boc_access_t access, void *word) {
    boc_behavior_t *behavior = kit_new(ops, 1, word);
    kit_request(behavior, 0, cown, access);
    kit_schedule(behavior);
}

static inline void kit_schedule_two(const boc_behavior_ops_t *ops, boc_cown_t *first,
                                    boc_cown_t *second, void *word) {
    boc_behavior_t *behavior = kit_new(ops, 2, word);
    kit_request(behavior, 0, first, BOC_WRITE);
    kit_request(behavior, 1, second, BOC_WRITE);
    kit_schedule(behavior);
}

/* The host data as the word that kit_new put there. */
static inline void *kit_word(void *data) { return *(void **)data; }

#endif
