/* patience.h - how long a thread looks before it sleeps.
 *
 * Two threads that answer each other need much: if one has fallen asleep, its wake takes longer
 * than the other looks at first, which then falls asleep as well, and so on.  So who was served
 * soon the last time looks for about as long as a wake takes, and everybody else for a moment.
 *
 * Threads   any thread, for itself
 */
#ifndef BOC_CORE_MESSAGE_PATIENCE_H
#define BOC_CORE_MESSAGE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

int64_t boc__patience_ns(void);

/* Whether the thread was served, and soon, the last time it waited. */
void boc__patience_learn(bool was_soon);
/* The same, from when it began to wait. */
void boc__patience_learn_from(int64_t since_ns, bool was_served);

/* Whether the message came, the last time, when the thread had given its CPU to another: its
 * partner seems to wait for that CPU. */
bool boc__patience_yields_at_once(void);
void boc__patience_yield_at_once(bool yields);

/* Now and then, in a thread that yields at once: sleep instead.  Two threads that keep giving
 * each other one CPU look too busy to be moved, also when another is idle; a thread that is woken
 * is put there. */
bool boc__patience_sleeps_at_once(void);

#endif
