/* noticeboard.h - named values that everybody reads and nobody waits for.
 *
 * One board in a process: up to BOC_NOTICE_KEYS_MAX keys, each with a payload.  A reader
 * takes a snapshot, which never changes and is one state that the board had; taking and
 * reading it never blocks and takes no lock.
 *
 *     boc_snapshot_t *snapshot = boc_snapshot_take();
 *     const boc_payload_t *limit = boc_snapshot_find(snapshot, (boc_key_t){"limit", 5});
 *     ...
 *     boc_snapshot_unref(snapshot);
 *
 * Mutations (write, delete, update) are atomic, one after the other.  Those of one thread
 * take effect in the order in which it made them, and so do those of one key; a mutation
 * waits for nothing else.  Writes and deletes that need not wait take effect at once, in
 * the call.  An update gets its turn, computes for as long as it needs, and finishes on
 * any thread; until then it keeps the key to itself.
 *
 * No runtime is needed.
 *
 * Threads   any thread, except where said.
 * Owns      payloads from write or finish on, on failure too, until the last snapshot with
 *           them is gone.  Their `drop` is called on any thread, never under a lock.
 * Ordering  a snapshot sees all that happened before the writes in it; a mutation is in
 *           every snapshot that is taken after its call returned or `done` was called.
 */
#ifndef BOC_NOTICEBOARD_H
#define BOC_NOTICEBOARD_H

#include <boc/blocking.h>
#include <boc/export.h>
#include <boc/limits.h>
#include <boc/payload.h>
#include <boc/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed bytes, BOC_NOTICE_KEY_BYTES_MAX at most; `bytes` may be NULL when `size` is 0. */
typedef struct boc_key {
    const char *bytes;
    size_t size;
} boc_key_t;

/* -- reading -------------------------------------------------------------------------- */

/* What the board was at one moment; immutable and counted. */
typedef struct boc_snapshot boc_snapshot_t;

/* The present state, with one reference for the caller.  Never NULL, never blocks. */
BOC_API boc_snapshot_t *boc_snapshot_take(void);

BOC_API void boc_snapshot_ref(boc_snapshot_t *snapshot);
BOC_API void boc_snapshot_unref(boc_snapshot_t *snapshot);

/* Whether no mutation took effect since. */
BOC_API bool boc_snapshot_is_current(const boc_snapshot_t *snapshot);

/* Counts the mutations; 0 for a board that was never written to, or was closed. */
BOC_API uint64_t boc_snapshot_version(const boc_snapshot_t *snapshot);

BOC_API size_t boc_snapshot_count(const boc_snapshot_t *snapshot);

/* The key at `position`, below the count, in the order of first writes, and its value,
 * both borrowed from the snapshot. */
BOC_API boc_key_t boc_snapshot_key(const boc_snapshot_t *snapshot, size_t position);
BOC_API const boc_payload_t *boc_snapshot_value(const boc_snapshot_t *snapshot, size_t position);

/* Where `key` is, or SIZE_MAX. */
BOC_API size_t boc_snapshot_position(const boc_snapshot_t *snapshot, boc_key_t key);

/* Its value, borrowed, or NULL. */
BOC_API const boc_payload_t *boc_snapshot_find(const boc_snapshot_t *snapshot, boc_key_t key);

/* -- mutations ------------------------------------------------------------------------ */

/* A mutation is over, and how: BOC_OK; BOC_EFULL, for a key that does not fit any more, and
 * BOC_ENOMEM: nothing was changed; BOC_ECLOSED: the board was closed first.  Called once for
 * each mutation that was accepted, on any thread, perhaps before the call that made it
 * returns.  May use the board, but not wait for it. */
typedef void (*boc_notice_done_fn)(void *context, boc_status_t status);

/* Set `key` to `value`, which is taken.  BOC_OK: accepted.  BOC_EINVALID: the key is too long;
 * BOC_ENOMEM; BOC_ECLOSED: refused, and `done`, which may be NULL, is not called. */
BOC_API BOC_MUST_CHECK boc_status_t boc_notice_write(boc_key_t key, boc_payload_t value,
                                                     boc_notice_done_fn done, void *context);

/* Remove `key` if it is there. */
BOC_API BOC_MUST_CHECK boc_status_t boc_notice_delete(boc_key_t key, boc_notice_done_fn done,
                                                      void *context);

/* The same two, but only if they take effect in this call: BOC_EBUSY when they would have to
 * wait; then the value stays the caller's.  BOC_EFULL too: nothing was changed. */
BOC_API BOC_MUST_CHECK boc_status_t boc_notice_try_write(boc_key_t key, boc_payload_t value);
BOC_API BOC_MUST_CHECK boc_status_t boc_notice_try_delete(boc_key_t key);

/* An update whose turn has come. */
typedef struct boc_update boc_update_t;

/* It may finish before it returns, or hand the update over to another thread.  Must not
 * block: it is called by whoever made way for it. */
typedef void (*boc_notice_run_fn)(boc_update_t *update, void *context);

/* Replace the value of `key` by what is computed from it.  When all earlier mutations of this
 * thread and of the key are over, `run` is called; boc_update_finish ends the turn. */
BOC_API BOC_MUST_CHECK boc_status_t boc_notice_update(boc_key_t key, boc_notice_run_fn run,
                                                      boc_notice_done_fn done, void *context);

/* The value, borrowed from the update; NULL when the key is not there. */
BOC_API const boc_payload_t *boc_update_value(const boc_update_t *update);

typedef enum boc_update_end {
    BOC_UPDATE_KEEP,   /* change nothing */
    BOC_UPDATE_WRITE,  /* `value` is the new one */
    BOC_UPDATE_DELETE, /* remove the key */
} boc_update_end_t;

/* End the turn, once, on any thread; `done` is called before it returns.  `value` is taken,
 * and is empty unless BOC_UPDATE_WRITE. */
BOC_API void boc_update_finish(boc_update_t *update, boc_update_end_t end, boc_payload_t value);

/* Wait until all mutations are over that this thread made.  BOC_ETIMEOUT, never early; a
 * timeout of 0 only looks; BOC_EINTERRUPTED when a signal handler ran on this thread.
 * `blocking` may be NULL. */
BOC_API BOC_MUST_CHECK boc_status_t boc_notice_sync(int64_t timeout_ns,
                                                    const boc_blocking_t *blocking);

/* -- the board itself ----------------------------------------------------------------- */

/* Remove all keys and refuse mutations until the board is opened again.  Those that wait for
 * their turn are over with BOC_ECLOSED; so is an update that has its turn, once it finishes. */
BOC_API void boc_notice_close(void);

/* The board is open at first.  What remains of an update from before changes nothing. */
BOC_API void boc_notice_open(void);

/* In the child of a fork, before anything else: make the board as at first, and forget the
 * updates whose turn it is on threads that do not exist here. */
BOC_API void boc_notice_forget_all(void);

#ifdef __cplusplus
}
#endif

#endif
