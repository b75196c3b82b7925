#include "core/message/patience.h"

#include "platform/clock.h"
#include "platform/compiler.h"

#define SHORT_NS 10000
#define LONG_NS 100000
#define SOON_NS 100000
#define YIELDS_PER_SLEEP 64

static _Thread_local bool tl_was_soon BOC_TLS_STATIC, tl_yields BOC_TLS_STATIC;
static _Thread_local unsigned tl_yield_count BOC_TLS_STATIC;

int64_t boc__patience_ns(void) { return tl_was_soon ? LONG_NS : SHORT_NS; }

void boc__patience_learn(bool was_soon) { tl_was_soon = was_soon; }

void boc__patience_learn_from(int64_t since_ns, bool was_served) {
    tl_was_soon = was_served && boc__clock_now_ns() - since_ns < SOON_NS;
}

bool boc__patience_yields_at_once(void) { return tl_yields; }

void boc__patience_yield_at_once(bool yields) { tl_yields = yields; }

bool boc__patience_sleeps_at_once(void) {
    return tl_yields && ++tl_yield_count % YIELDS_PER_SLEEP == 0;
}
