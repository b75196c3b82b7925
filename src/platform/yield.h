/* yield.h - the points at which another thread may get in between.
 *
 * BOC_YIELD() stands before or after every access to shared memory of a
 * protocol.  What it does depends on the build:
 *
 *   normal            nothing
 *   BOC_INJECT        gives up the CPU at random (stress tests)
 *   BOC_SYSTEMATIC    the seeded scheduler may switch to another thread
 *
 * BOC_SPIN_UNTIL(condition) waits for another thread that is about to act.  It
 * pauses at most BOC_SPIN_PAUSES times, then yields the CPU between looks, so a
 * preempted partner gets to run (a spin without bound costs 15 to 25 times when
 * there are more threads than CPUs).  In systematic builds it blocks the thread
 * until some other thread made a step; nobody runnable is a deadlock.
 */
#ifndef BOC_PLATFORM_YIELD_H
#define BOC_PLATFORM_YIELD_H

#include "platform/atomic.h"

#define BOC_SPIN_PAUSES 64

#if defined(BOC_SYSTEMATIC)

void boc__sys_yield_at(const char *file, int line);
void boc__sys_spin_at(const char *file, int line);

/* A scheduling point; counts as progress.  The trace shows where it is. */
#define boc__sys_yield() boc__sys_yield_at(__FILE__, __LINE__)
/* A spinning thread is about to look at its condition. */
void boc__sys_look(void);
/* It found nothing: it can do no more until another thread made progress since. */
#define boc__sys_spin() boc__sys_spin_at(__FILE__, __LINE__)

#define BOC_YIELD() boc__sys_yield()
#define BOC_SPIN_UNTIL(condition)                                                                  \
    do {                                                                                           \
        boc__sys_yield();                                                                          \
        for (boc__sys_look(); !(condition); boc__sys_look())                                       \
            boc__sys_spin();                                                                       \
    } while (0)

#else

/* Spin politely: the n-th look at a condition that is not yet true. */
void boc__spin_wait(unsigned looks);

#if defined(BOC_INJECT)
void boc__inject_yield(void);
#define BOC_YIELD() boc__inject_yield()
#else
#define BOC_YIELD() ((void)0)
#endif

#define BOC_SPIN_UNTIL(condition)                                                                  \
    do {                                                                                           \
        BOC_YIELD();                                                                               \
        for (unsigned boc__looks = 0; !(condition); boc__looks++)                                  \
            boc__spin_wait(boc__looks);                                                            \
    } while (0)

#endif

#endif
