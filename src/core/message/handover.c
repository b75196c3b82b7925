#include "core/message/handover.h"

#include "core/message/patience.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <assert.h>

enum { IDLE, CALLING, FILLING, FULL, REFUSED };

/* A caller looks for a round, then gives the CPU away after each: that is all that helps where its
 * partner waits for this very CPU.  Not before, since the answer of one that runs on another comes
 * within the first round, and would have to wait for the system call.  Away for this long: somebody
 * else ran here. */
#define LOOKS_PER_ROUND 64
#define AWAY_NS 1000

void boc__handover_init(boc__handover_t *handover) {
    atomic_init(&handover->state, IDLE);
    atomic_init(&handover->is_closed, false);
    atomic_init(&handover->given, 0);
    handover->payload = (boc_payload_t){NULL, NULL};
}

void boc__handover_forget(boc__handover_t *handover) {
    /* acquire (a): as if taken. */
    if (atomic_load_explicit(&handover->state, memory_order_acquire) == FULL)
        boc_payload_drop(&handover->payload);
    /* relaxed: nothing else runs. */
    atomic_store_explicit(&handover->state, IDLE, memory_order_relaxed);
}

void boc__handover_close(boc__handover_t *handover, bool is_closed) {
    BOC_YIELD();
    /* relaxed, both: a hint.  The load spares the line of those who call. */
    if (atomic_load_explicit(&handover->is_closed, memory_order_relaxed) != is_closed)
        atomic_store_explicit(&handover->is_closed, is_closed, memory_order_relaxed);
}

/* -- giving ----------------------------------------------------------------------------- */

static bool is_calling(boc__handover_t *handover) {
    BOC_YIELD();
#if !defined(BOC_MUTANT_OVERTAKEN_MESSAGE) /* the fault: past those that wait in a queue */
    if (boc__handover_is_closed(handover))
        return false;
#endif
    /* relaxed: a hint; the exchange that follows decides. */
    return atomic_load_explicit(&handover->state, memory_order_relaxed) == CALLING;
}

/* While the place is ours. */
static void add_given(boc__handover_t *handover, uint64_t number) {
    /* relaxed, both: one thread at a time writes it, those that read want a number. */
    uint64_t given = atomic_load_explicit(&handover->given, memory_order_relaxed);
    atomic_store_explicit(&handover->given, given + number, memory_order_relaxed);
}

bool boc__handover_give(boc__handover_t *handover, boc_payload_t payload) {
    int state = CALLING;
    if (!is_calling(handover))
        return false;
    BOC_YIELD();
    /* acquire (b).  relaxed on failure: nothing is read then. */
    if (!atomic_compare_exchange_strong_explicit(&handover->state, &state, FILLING,
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    handover->payload = payload;
    add_given(handover, 1);
    BOC_YIELD();
    state = FILLING;
    /* release (a).  relaxed on failure: the receiver wrote nothing. */
    if (atomic_compare_exchange_strong_explicit(&handover->state, &state, FULL,
                                                memory_order_release, memory_order_relaxed))
        return true;
    assert(state == REFUSED);
    add_given(handover, (uint64_t)-1);
    /* release (b). */
    atomic_store_explicit(&handover->state, IDLE, memory_order_release);
    return false;
}

/* -- calling ---------------------------------------------------------------------------- */

typedef enum look { LOOK_NOTHING, LOOK_FULL, LOOK_CLOSED } look_t;

static look_t look(boc__handover_t *handover) {
    BOC_YIELD();
    /* relaxed: a hint; `take` acquires. */
    if (atomic_load_explicit(&handover->state, memory_order_relaxed) == FULL)
        return LOOK_FULL;
    return boc__handover_is_closed(handover) ? LOOK_CLOSED : LOOK_NOTHING;
}

static look_t look_for_a_round(boc__handover_t *handover, int looks) {
    look_t seen = look(handover);
    for (int i = 1; i < looks && seen == LOOK_NOTHING; i++) {
        boc__cpu_pause();
        seen = look(handover);
    }
    return seen;
}

#if defined(BOC_SYSTEMATIC)
static void look_for_a_while(boc__handover_t *handover, int64_t limit_ns, int64_t deadline_ns,
                             int64_t *p_since_ns) {
    (void)limit_ns, (void)deadline_ns, (void)p_since_ns;
    (void)look_for_a_round(handover, 2);
}
#else
static void look_for_a_while(boc__handover_t *handover, int64_t limit_ns, int64_t deadline_ns,
                             int64_t *p_since_ns) {
    if (boc__patience_sleeps_at_once()) {
        *p_since_ns = boc__clock_now_ns();
        return;
    }
    int64_t end_ns = 0;
    bool yields_at_once = boc__patience_yields_at_once(), was_away = false;
    int looks = yields_at_once ? 1 : LOOKS_PER_ROUND;
    while (look_for_a_round(handover, looks) == LOOK_NOTHING) {
        int64_t now_ns = boc__clock_now_ns();
        if (*p_since_ns == 0) { /* the first round is so short that it does not count */
            int64_t patience_ns = boc__patience_ns();
            *p_since_ns = now_ns;
            end_ns = now_ns + (patience_ns < limit_ns ? patience_ns : limit_ns);
        }
        if (now_ns >= end_ns || now_ns >= deadline_ns)
            return;
        boc__thread_yield();
        was_away = boc__clock_now_ns() - now_ns >= AWAY_NS;
        looks = LOOKS_PER_ROUND;
    }
    if (was_away != yields_at_once)
        boc__patience_yield_at_once(was_away);
}
#endif

/* False: a message is there. */
static bool withdraw(boc__handover_t *handover) {
    int state = CALLING;
    BOC_YIELD();
#if defined(BOC_MUTANT_CARELESS_CALLER)
    /* the fault: leaves whatever came meanwhile */
    atomic_store_explicit(&handover->state, IDLE, memory_order_relaxed);
    return true;
#endif
    /* relaxed: the caller did not touch the payload; as exchanges, these continue what others
     * released (b). */
    if (atomic_compare_exchange_strong_explicit(&handover->state, &state, IDLE,
                                                memory_order_relaxed, memory_order_relaxed))
        return true;
    BOC_YIELD();
    /* relaxed: the same. */
    return state == FILLING &&
           atomic_compare_exchange_strong_explicit(&handover->state, &state, REFUSED,
                                                   memory_order_relaxed, memory_order_relaxed);
}

static boc_payload_t take(boc__handover_t *handover) {
    /* acquire (a). */
    int state = atomic_load_explicit(&handover->state, memory_order_acquire);
    assert(state == FULL);
    (void)state;
    boc_payload_t payload = handover->payload;
    /* release (b). */
    atomic_store_explicit(&handover->state, IDLE, memory_order_release);
    return payload;
}

bool boc__handover_call(boc__handover_t *handover, int64_t limit_ns, int64_t deadline_ns,
                        int64_t *p_since_ns, boc_payload_t *p_payload) {
    int state = IDLE;
    *p_since_ns = 0;
    BOC_YIELD();
    /* relaxed: the payload is not touched; as an exchange it continues what others
     * released (b). */
    if (!atomic_compare_exchange_strong_explicit(&handover->state, &state, CALLING,
                                                 memory_order_relaxed, memory_order_relaxed))
        return false;
    look_for_a_while(handover, limit_ns, deadline_ns, p_since_ns);
    /* relaxed: see `look`. */
    if (atomic_load_explicit(&handover->state, memory_order_relaxed) != FULL && withdraw(handover))
        return false;
    boc__patience_learn(true);
    *p_payload = take(handover);
    return true;
}
