/* clock.h - the monotonic clock. */
#ifndef BOC_PLATFORM_CLOCK_H
#define BOC_PLATFORM_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed point; never goes back; any thread. */
int64_t boc__clock_now_ns(void);

/* The instant `timeout_ns` from now, saturating at BOC_FOREVER (thread.h).
 * A timeout of 0 or less is now. */
int64_t boc__clock_deadline_ns(int64_t timeout_ns);

/* Block the calling thread for at least `duration_ns`. */
void boc__clock_sleep_ns(int64_t duration_ns);

#if defined(BOC_SYSTEMATIC)
#include "platform/systematic/located.h"
#endif

#endif
