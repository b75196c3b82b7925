/* systematic.h - run a concurrent test under the seeded scheduler.
 *
 * With BOC_SYSTEMATIC the threads of a run are real threads of which exactly one
 * runs at a time.  At every scheduling point (BOC_YIELD, mutex, parker, clock,
 * thread start and join) the seed decides who goes on.  The same seed repeats the
 * same run.  When no thread can go on, when a run takes too many steps, or when
 * the process aborts or crashes inside a run, stderr gets the seed, what each
 * thread waits for, and the last steps.
 *
 * Without BOC_SYSTEMATIC the same names run the body once, on the calling thread,
 * so that one test source serves both builds.
 *
 * Threads:  boc__sys_run, boc__sys_run_seeds, boc__sys_step_limit
 *                            one thread, outside of runs
 *           the rest         any thread of a run; outside: see each
 */
#ifndef BOC_PLATFORM_SYSTEMATIC_SYSTEMATIC_H
#define BOC_PLATFORM_SYSTEMATIC_SYSTEMATIC_H

#include <stdbool.h>
#include <stdint.h>

#if defined(BOC_SYSTEMATIC)

/* Run `body(context)` as thread 0 of a run and return when all threads of the run
 * have ended.  Thread 0 is a new thread: thread-local state starts fresh. */
void boc__sys_run(uint64_t seed, void (*body)(void *context), void *context);

/* Run the body under many seeds: BOC_SYS_SEEDS of them (environment, 100 by
 * default) from 1 on, each in a child process, so that what the body leaves behind
 * changes no other run and is not seen by the caller; or, in this process, under
 * the one seed that BOC_SYS_SEED names.  Aborts when a run fails. */
void boc__sys_run_seeds(void (*body)(void *context), void *context);

/* A number below `below`, from the seed: for policy points.  0 outside a run. */
uint64_t boc__sys_random(uint64_t below);

/* True once in `one_in` times.  False outside a run. */
bool boc__sys_coin(uint64_t one_in);

/* A permutation of the 64-bit numbers that depends on the seed, for orders that
 * must not matter.  The identity outside a run. */
uint64_t boc__sys_scramble(uint64_t id);

/* A run that takes more steps than this is reported as a livelock.  10 million
 * unless set; 0 sets it back. */
void boc__sys_step_limit(uint64_t steps);

/* Steps of the current run, or of the last one, and a hash over all of them: equal
 * for two runs that took the same steps in the same order. */
uint64_t boc__sys_step_count(void);
uint64_t boc__sys_trace_hash(void);

#else

static inline void boc__sys_run(uint64_t seed, void (*body)(void *context), void *context) {
    (void)seed;
    body(context);
}

static inline void boc__sys_run_seeds(void (*body)(void *context), void *context) { body(context); }

static inline bool boc__sys_coin(uint64_t one_in) {
    (void)one_in;
    return false;
}

static inline uint64_t boc__sys_scramble(uint64_t id) { return id; }

#endif

#endif
