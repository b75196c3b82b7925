/* cancel.h - the word that decides whether a cancellable behavior starts.
 *
 * It stands between the result's cown and the header of the behavior, in one block that
 * the references of the result keep alive: who may cancel has such a reference.
 *
 * Threads   start     whoever is about to run the body, once
 *           cancel    any thread that has a reference of the result
 *
 * Ordering edge (the letter is used in cancel.c):
 *   (k) cancel -> start   what the canceller did is visible to `drop`; start -> cancel
 *                         tells a canceller only that it came too late.
 */
#ifndef BOC_CORE_COWN_CANCEL_H
#define BOC_CORE_COWN_CANCEL_H

#include "platform/atomic.h"

#include <boc/status.h>

typedef struct boc__cancel {
    int64_t deadline_ns; /* fixed once scheduled; BOC_FOREVER without */
    _Atomic uint32_t state;
} boc__cancel_t;

void boc__cancel_init(boc__cancel_t *cancel);

/* Decide that the body runs (BOC_OK), or that it never will. */
boc_status_t boc__cancel_start(boc__cancel_t *cancel);

#endif
