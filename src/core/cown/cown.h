/* cown.h - the cown itself: one cache line.
 *
 * `tail`, `next_writer` and `readers` belong to the protocol of chain.h; `refs` and
 * `weak` to that of docs/design/references.md.
 *
 * Ordering edges (the letters are used in cown.c and weak.c):
 *   (a) unref -> last unref         everybody's use of the value ends before it is dropped.
 *   (b) weak unref -> last of all   everybody's use of the block ends before it is freed.
 */
#ifndef BOC_CORE_COWN_COWN_H
#define BOC_CORE_COWN_COWN_H

#include "platform/atomic.h"

#include <assert.h>
#include <boc/cown.h>
#include <stdbool.h>

typedef struct boc__slot boc__slot_t;

struct boc_cown {
    _Alignas(BOC_CACHE_LINE_BYTES) _Atomic(boc__slot_t *) tail; /* last request, or NULL */
    _Atomic(boc__slot_t *) next_writer; /* a writer that waits for the running readers */
    uint64_t id;                        /* fixed */
    boc_payload_t value;                /* holder only */
    _Atomic uint32_t refs;
    _Atomic uint32_t readers; /* 2 * running readers + (a writer waits for them) */
    _Atomic uint32_t holder;  /* the host's word */
    _Atomic uint32_t handle;  /* index in the table of handle.h, 0 without */
    _Atomic uint32_t weak;    /* weak references, plus 1 while `refs` is not 0; WAS_WEAK */
    uint8_t block_class;      /* fixed; of the block that starts with this cown */
    uint8_t status;           /* holder only; a boc_status_t */
    bool is_cancellable;      /* fixed; a boc__cancel_t follows (cancel.h) */
};

static_assert(sizeof(struct boc_cown) == BOC_CACHE_LINE_BYTES, "a cown is one cache line");

/* Make a cown at the start of `block`, which it then owns: the block is freed
 * with it.  One reference, empty value.  BOC_ENOMEM: no id could be had. */
BOC_MUST_CHECK boc_status_t boc__cown_init(void *block, uint8_t block_class);

/* Set in `weak` by the first weak reference, for good. */
#define BOC__COWN_WAS_WEAK (UINT32_C(1) << 31)

/* Whether the caller, which holds the cown through `holder` and has one reference, is the last
 * that knows it: nobody can find it, enter its queue or take a reference any more. */
bool boc__cown_is_forgotten(const boc_cown_t *cown, const boc__slot_t *holder);

/* Give such a cown and its last reference back in one step, without leaving its queue. */
void boc__cown_end_forgotten(boc_cown_t *cown);

/* Take a reference unless the last one is gone.  Something else keeps the block. */
bool boc__cown_try_ref(boc_cown_t *cown);

#endif
