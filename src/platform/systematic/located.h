/* located.h - tell the scheduler from where a blocking call is made.
 *
 * Included at the end of thread.h and clock.h in systematic builds: traces and
 * deadlock reports name the caller's file and line, not ours.
 */
#ifndef BOC_PLATFORM_SYSTEMATIC_LOCATED_H
#define BOC_PLATFORM_SYSTEMATIC_LOCATED_H

/* All the declarations come before the first macro. */
#include "platform/clock.h"
#include "platform/thread.h"

/* The place of the calling thread's next scheduling point. */
void boc__sys_here(const char *file, int line);

#define boc__sys_at(call) (boc__sys_here(__FILE__, __LINE__), call)

#define boc__thread_start(thread, run, context, name)                                              \
    boc__sys_at((boc__thread_start)((thread), (run), (context), (name)))
#define boc__thread_join(thread) boc__sys_at((boc__thread_join)(thread))
#define boc__thread_yield() boc__sys_at((boc__thread_yield)())
#define boc__mutex_lock(mutex) boc__sys_at((boc__mutex_lock)(mutex))
#define boc__mutex_unlock(mutex) boc__sys_at((boc__mutex_unlock)(mutex))
#define boc__parker_park(parker, deadline_ns)                                                      \
    boc__sys_at((boc__parker_park)((parker), (deadline_ns)))
#define boc__parker_wake(parker) boc__sys_at((boc__parker_wake)(parker))
#define boc__clock_now_ns() boc__sys_at((boc__clock_now_ns)())
#define boc__clock_sleep_ns(duration_ns) boc__sys_at((boc__clock_sleep_ns)(duration_ns))

#endif
