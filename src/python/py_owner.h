/* py_owner.h - which handle of a cown owns it, and since when.
 *
 * In one interpreter at most one handle owns a cown; other handles find it by the cown's
 * address, in the frames of running behaviors and in state->owned.  When ownership ends the
 * value goes back into the cown, encoded if anybody touched it.
 *
 * Threads   any thread with an attached thread state of the handle's interpreter.
 */
#ifndef BOC_PY_OWNER_H
#define BOC_PY_OWNER_H

#include "python/py_cown.h"

#include <boc/payload.h>

/* Start and end ownership.  The end writes the value back: -1 with the exception when
 * it cannot leave the interpreter; then the cown holds a BehaviorError instead. */
void py_owner_begin(core_state_t *state, py_cown_t *cown, py_access_t access);

/* Together with other readers: a private copy of the value, which is not written back. */
void py_owner_begin_reading(py_cown_t *cown);

int py_owner_end(core_state_t *state, py_cown_t *cown);

/* The steps of the end: the value that the cown would get; -1 with the exception and a
 * BehaviorError in `p_new` when it cannot leave.  Then store or discard it. */
int py_owner_encode(core_state_t *state, py_cown_t *cown, boc_payload_t *p_new);
void py_owner_store(py_cown_t *cown, boc_payload_t value);
void py_owner_discard(boc_payload_t *value);

/* The handle through which this interpreter owns the cown; borrowed.  NULL if none does,
 * or with an exception. */
py_cown_t *py_owner_find(core_state_t *state, py_cown_t *cown);

/* The same; a free cown is then main's own while no runtime is up. */
py_cown_t *py_owner_of(core_state_t *state, py_cown_t *cown);

/* The same, NULL with RuntimeError, which says `what`. */
py_cown_t *py_owner_require(py_cown_t *cown, const char *what);

bool py_owner_is_of_another_thread(const py_cown_t *owner);

/* The handle of ours that owns `cown` directly if nobody but it and `cown`, which is
 * deallocated, refers to the native cown; taken out of the records, owned by the caller. */
py_cown_t *py_owner_forget_record(core_state_t *state, py_cown_t *cown);

/* Own the cown through this handle by a lease; wait as long as it takes, or not at all. */
int py_owner_lease(py_cown_t *cown, bool wait, const char *what);
int py_owner_unlease(py_cown_t *cown);

/* The same ownership for a cown that a lease of the caller's holds. */
int py_owner_begin_lease(core_state_t *state, py_cown_t *cown);
int py_owner_end_lease(core_state_t *state, py_cown_t *cown);

/* Enter a block on a cown that the calling thread owns already, through any handle; main
 * takes a free one while no runtime is up.  1, 0 when it does not own it, or -1 with an
 * exception.  Leaving gives -1 with the exception of a value that cannot leave. */
int py_owner_enter(core_state_t *state, py_cown_t *cown);
int py_owner_leave(core_state_t *state, py_cown_t *cown);

/* The end of a block on an owning handle. */
int py_owner_leave_block(py_cown_t *owner);

/* Before a runtime starts: take back every cown that main owns directly, unless a `with`
 * block is on it.  -1 with an exception, and nothing changed, when a value cannot be
 * encoded. */
int py_owner_take_back_all(core_state_t *state);

/* Once it has started: let the `with` blocks that are open hold their cowns. */
int py_owner_lease_blocks(core_state_t *state);

#endif
