/* snapshot.h - an immutable state of the board, and how a reader gets hold of the present one.
 *
 *     snapshot -> pages of eight places -> notices (key and value)
 *
 * Pages and notices are counted and shared: a snapshot that differs in one notice from the
 * one before has one page of its own.
 *
 * Snapshots have small numbers, their *seats*.  One word of the process holds the seat of the
 * present snapshot, and how often it was taken since it was published; so taking it is one
 * fetch-and-add (docs/design/noticeboard.md, the letters too).
 *
 * Threads   publish, and what makes or changes a snapshot that is not published: the writer
 *           (under the board's mutex).  The rest: any thread.
 */
#ifndef BOC_CORE_NOTICEBOARD_SNAPSHOT_H
#define BOC_CORE_NOTICEBOARD_SNAPSHOT_H

#include "platform/atomic.h"

#include <boc/noticeboard.h>
#include <string.h>

enum {
    BOC__PAGE_PLACES = 8,
    BOC__PAGES = BOC_NOTICE_KEYS_MAX / BOC__PAGE_PLACES,
    BOC__INDEX_SIZE = 2 * BOC_NOTICE_KEYS_MAX, /* a power of two; half full at most */
};

/* A key with its value; immutable. */
typedef struct boc__notice {
    atomic_size_t refs;
    boc_payload_t value;
    uint64_t hash;
    size_t key_bytes;
    char key[];
} boc__notice_t;

typedef struct boc__page {
    atomic_size_t refs;
    boc__notice_t *notices[BOC__PAGE_PLACES]; /* NULL: free place */
} boc__page_t;

/* What the present snapshot's own count is higher than that of one which is not: its takes
 * are in the word, so those who gave it back may take the count below this, never to 0. */
#define BOC__PRESENT (INT64_C(1) << 62)

struct boc_snapshot {
    _Atomic(int64_t) refs;
    uint32_t seat;  /* constant while the memory lasts */
    uint32_t count; /* this and the rest: constant once published */
    uint64_t version;
    uint64_t used;                             /* a bit for each place that is taken */
    boc__page_t *pages[BOC__PAGES];            /* NULL: no notice in it */
    uint8_t order[BOC_NOTICE_KEYS_MAX];        /* places in the order of first writes */
    uint8_t index[BOC__INDEX_SIZE];            /* by hash: a place plus one; 0: end of search */
    struct boc_snapshot *next;                 /* among those that nobody uses */
};

uint64_t boc__notice_hash(boc_key_t key);

/* With one reference; takes `value`, on failure too (then NULL). */
boc__notice_t *boc__notice_new(boc_key_t key, uint64_t hash, boc_payload_t value);
boc__notice_t *boc__notice_ref(boc__notice_t *notice);
void boc__notice_unref(boc__notice_t *notice);

static inline bool boc__notice_is(const boc__notice_t *notice, boc_key_t key, uint64_t hash) {
    return notice->hash == hash && notice->key_bytes == key.size &&
           (key.size == 0 || memcmp(notice->key, key.bytes, key.size) == 0);
}

/* The place of `key`, or BOC__NO_PLACE. */
enum { BOC__NO_PLACE = BOC_NOTICE_KEYS_MAX };
unsigned boc__snapshot_place(const boc_snapshot_t *snapshot, boc_key_t key, uint64_t hash);

static inline boc__notice_t *boc__snapshot_notice(const boc_snapshot_t *snapshot, unsigned place) {
    return snapshot->pages[place / BOC__PAGE_PLACES]->notices[place % BOC__PAGE_PLACES];
}

/* The present snapshot, borrowed: it stays as long as the caller is the writer. */
boc_snapshot_t *boc__snapshot_present(void);

/* Copies of the present snapshot, not published: with `notice` at `place`, or without what is
 * there.  The reference of `notice` is taken, unless there is no memory (then NULL). */
boc_snapshot_t *boc__snapshot_with(unsigned place, boc__notice_t *notice);
boc_snapshot_t *boc__snapshot_without(unsigned place);

/* Make `snapshot`, or the empty one, the present one.  Returns the one before if nobody uses
 * it any more, to be given to `bury` without the lock; else NULL. */
boc_snapshot_t *boc__snapshot_publish(boc_snapshot_t *snapshot);
boc_snapshot_t *boc__snapshot_publish_empty(void);

/* Give back everything that `snapshot` holds, and then itself; calls the host. */
void boc__snapshot_bury(boc_snapshot_t *snapshot);

#endif
