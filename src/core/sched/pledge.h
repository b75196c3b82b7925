/* pledge.h - what keeps the runtime open besides behaviors: promises and sources.
 *
 * A pledge is open until it is claimed, once: by its owner, who then does what was
 * pledged, or by a stop that drops everything, which claims all.  While it is open, and
 * until its claimer has called boc__pledge_leave, the gate counts it like a behavior
 * (docs/design/promises.md).
 *
 * Pledges are counted.  The last reference releases the pledge, which may claim it then.
 *
 * Threads   claim_all     one thread at a time (a step of a stop)
 *           the rest      any thread, holding no lock
 *
 * Ordering edges (the letters are used in pledge.c):
 *   (a) mode -> shard mutex -> open   a pledge that is opened after the claim of all
 *                                     sees that the gate is dropping.
 *   (b) unref -> release              everybody's use of the pledge ends before it does.
 *   (c) open -> claim                 through the shard's mutex, and through whatever
 *                                     told the claimer of the pledge.
 */
#ifndef BOC_CORE_SCHED_PLEDGE_H
#define BOC_CORE_SCHED_PLEDGE_H

#include "platform/atomic.h"

#include <boc/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct boc__pledge boc__pledge_t;

typedef struct boc__pledge_ops {
    /* A stop claimed it: end it, boc__pledge_leave included. */
    void (*drop)(boc__pledge_t *pledge);
    /* The last reference is gone: claim and end it if it is open still, and free it. */
    void (*release)(boc__pledge_t *pledge);
} boc__pledge_ops_t;

struct boc__pledge {
    const boc__pledge_ops_t *ops; /* fixed */
    boc__pledge_t *next, *prev;   /* guarded by the shard's mutex while open; then the stop's */
    _Atomic uint32_t refs;
    uint16_t shard; /* fixed once open */
    bool is_open;   /* guarded by the shard's mutex */
};

/* Open `pledge`, with one reference.  BOC_ECLOSED: it was not opened, and is not counted. */
BOC_MUST_CHECK boc_status_t boc__pledge_open(boc__pledge_t *pledge, const boc__pledge_ops_t *ops);

/* True for one caller. */
bool boc__pledge_claim(boc__pledge_t *pledge);

bool boc__pledge_is_open(boc__pledge_t *pledge);

/* The claimer did what was pledged: the gate counts it no more. */
void boc__pledge_leave(void);

void boc__pledge_ref(boc__pledge_t *pledge);
void boc__pledge_unref(boc__pledge_t *pledge);

/* Claim what is open.  The gate is dropping already.  The caller drops the list, soon. */
boc__pledge_t *boc__pledge_claim_all(void);
void boc__pledge_drop_list(boc__pledge_t *list);

#endif
