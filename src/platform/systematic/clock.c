/* clock.c - the virtual clock of a systematic run. */
#include "platform/clock.h"

#include "platform/systematic/scheduler.h"

#undef boc__clock_now_ns
#undef boc__clock_sleep_ns

int64_t boc__clock_now_ns(void) { return boc__sys_now_ns(); }

int64_t boc__clock_deadline_ns(int64_t timeout_ns) {
    int64_t now_ns = boc__sys_now_ns();
    if (timeout_ns <= 0)
        return now_ns;
    return timeout_ns > BOC_FOREVER - now_ns ? BOC_FOREVER : now_ns + timeout_ns;
}

void boc__clock_sleep_ns(int64_t duration_ns) {
    boc__sys_sleep_until(boc__clock_deadline_ns(duration_ns));
}
