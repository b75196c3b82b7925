/* seats.h - the memory of snapshots, and their numbers.
 *
 * A snapshot gets its seat with its memory, and keeps it until the memory is freed: so
 * whoever holds a reference may look the seat up at any time.  Memory that nobody uses is
 * kept, a little of it, for the next snapshot.
 *
 * Owns      the memory of all snapshots but the empty one.
 * Threads   of, put   any thread
 *           the rest  the writer
 */
#ifndef BOC_CORE_NOTICEBOARD_SEATS_H
#define BOC_CORE_NOTICEBOARD_SEATS_H

#include "core/noticeboard/snapshot.h"

/* The empty snapshot: seat 0, always there. */
extern boc_snapshot_t boc__seats_empty;

/* Whose seat it is; the caller has a reference, or knows that somebody has. */
boc_snapshot_t *boc__seats_of(uint32_t seat);

/* Memory for a snapshot, of which only the seat is set; NULL without memory. */
boc_snapshot_t *boc__seats_get(void);

/* Give the memory of `snapshot`, which holds nothing, back to be used again. */
void boc__seats_put(boc_snapshot_t *snapshot);

/* Free all memory that was given back. */
void boc__seats_trim(void);

#endif
