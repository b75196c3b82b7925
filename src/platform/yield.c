/* yield.c - polite spinning, and yields at random for stress tests. */
#include "platform/yield.h"

#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>

/* After so many yields the partner is starved, not merely preempted (it has a lower
 * real-time priority, say): get out of its way. */
#define SPIN_YIELDS 1024
#define SPIN_SLEEP_NS 50000

void boc__spin_wait(unsigned looks) {
    if (looks < BOC_SPIN_PAUSES)
        boc__cpu_pause();
    else if (looks < BOC_SPIN_PAUSES + SPIN_YIELDS)
        boc__thread_yield();
    else
        boc__clock_sleep_ns(SPIN_SLEEP_NS);
}

#if defined(BOC_INJECT)

/* One in so many points gives up the CPU, one in so many waits a little. */
#define INJECT_YIELD_ONE_IN 64u
#define INJECT_PAUSE_ONE_IN 16u
#define INJECT_PAUSES_MASK 127u

static _Thread_local uint64_t tl_random; /* 0: not seeded yet */

/* BOC_INJECT_SEED shifts every thread's sequence; the thread's number separates them. */
static uint64_t first_random(void) {
    const char *text = getenv("BOC_INJECT_SEED");
    uint64_t seed = text == NULL ? 0 : strtoull(text, NULL, 0);
    seed += ((uint64_t)boc__thread_index() + 1) * UINT64_C(0x9E3779B97F4A7C15);
    seed ^= seed >> 31;
    return seed == 0 ? 1 : seed;
}

void boc__inject_yield(void) {
    uint64_t random = tl_random == 0 ? first_random() : tl_random;
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    tl_random = random;

    unsigned draw = (unsigned)(random >> 32);
    if (draw % INJECT_YIELD_ONE_IN == 0) {
        boc__thread_yield();
    } else if (draw % INJECT_PAUSE_ONE_IN == 1) {
        for (unsigned left = (draw >> 16) & INJECT_PAUSES_MASK; left > 0; left--)
            boc__cpu_pause();
    }
}

#endif
