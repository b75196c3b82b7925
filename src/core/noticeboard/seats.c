#include "core/noticeboard/seats.h"

#include "core/alloc.h"
#include "platform/yield.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

/* Row r of the table has FIRST_ROW << r seats, so that it can grow and nothing in it moves. */
enum { FIRST_ROW = 64, ROWS = 26 };

/* The address of the snapshot; of a seat whose memory was freed: the next such seat, doubled,
 * plus one. */
typedef _Atomic(uintptr_t) seat_t;

enum { NO_SEAT = 0 }; /* it is the empty snapshot's, so no other gets it */

boc_snapshot_t boc__seats_empty = {.refs = BOC__PRESENT + 1}; /* never goes */

static struct {
    seat_t first[FIRST_ROW];
    _Atomic(seat_t *) rows[ROWS];       /* but the first; once made they stay */
    _Atomic(boc_snapshot_t *) returned; /* stack of memory that nobody uses */
    boc_snapshot_t *spare;              /* this and the rest: writer only; once `returned` */
    uint32_t freed;                     /* list of seats without memory */
    uint32_t next;                      /* from here on no seat was ever used */
} globals = {.next = 1};

/* NULL: the row of the seat is not there yet. */
static seat_t *find(uint32_t seat) {
    uint32_t size = FIRST_ROW;
    int row = 0;
    for (; seat >= size; row++) {
        seat -= size;
        size *= 2;
    }
    /* relaxed (a): made before any snapshot in it was published. */
    seat_t *seats =
        row == 0 ? globals.first : atomic_load_explicit(&globals.rows[row], memory_order_relaxed);
    return seats != NULL ? &seats[seat] : NULL;
}

boc_snapshot_t *boc__seats_of(uint32_t seat) {
    if (seat == NO_SEAT)
        return &boc__seats_empty;
    /* relaxed (a): written before the snapshot was published. */
    return (boc_snapshot_t *)atomic_load_explicit(find(seat), memory_order_relaxed);
}

/* Make the row that begins with `seat`. */
static bool add_row(uint32_t seat) {
    uint32_t size = FIRST_ROW;
    int row = 0;
    for (uint32_t begin = 0; begin != seat; row++) {
        begin += size;
        size *= 2;
    }
    if (row == ROWS)
        return false;
    seat_t *seats = boc__alloc(alignof(seat_t), size * sizeof(seat_t));
    if (seats == NULL)
        return false;
    for (uint32_t i = 0; i < size; i++)
        atomic_init(&seats[i], 0);
    /* relaxed (a): published with the first snapshot in it. */
    atomic_store_explicit(&globals.rows[row], seats, memory_order_relaxed);
    return true;
}

static uint32_t take_seat(void) {
    uint32_t seat = globals.freed;
    if (seat != NO_SEAT) {
        /* relaxed: the writer wrote it. */
        uintptr_t next = atomic_load_explicit(find(seat), memory_order_relaxed);
        globals.freed = (uint32_t)(next >> 1);
        return seat;
    }
    if (find(globals.next) == NULL && !add_row(globals.next))
        return NO_SEAT;
    return globals.next++;
}

static void leave_seat(uint32_t seat) {
    /* relaxed: only the writer reads the seat before it is published again. */
    atomic_store_explicit(find(seat), (uintptr_t)globals.freed << 1 | 1, memory_order_relaxed);
    globals.freed = seat;
}

static boc_snapshot_t *make(void) {
    boc_snapshot_t *snapshot = boc__alloc(alignof(boc_snapshot_t), sizeof *snapshot);
    if (snapshot == NULL)
        return NULL;
    snapshot->seat = take_seat();
    if (snapshot->seat == NO_SEAT) {
        boc__alloc_free(snapshot);
        return NULL;
    }
    /* relaxed (a): published with the snapshot. */
    atomic_store_explicit(find(snapshot->seat), (uintptr_t)snapshot, memory_order_relaxed);
    return snapshot;
}

static void collect(void) {
    BOC_YIELD();
    /* acquire (d): whoever returned the memory is done with it. */
    if (globals.spare == NULL)
        globals.spare = atomic_exchange_explicit(&globals.returned, NULL, memory_order_acquire);
}

boc_snapshot_t *boc__seats_get(void) {
    collect();
    boc_snapshot_t *snapshot = globals.spare;
    if (snapshot == NULL)
        return make();
    globals.spare = snapshot->next;
    return snapshot;
}

void boc__seats_put(boc_snapshot_t *snapshot) {
    assert(snapshot != &boc__seats_empty);
    BOC_YIELD();
    /* relaxed: nothing is read through it. */
    snapshot->next = atomic_load_explicit(&globals.returned, memory_order_relaxed);
    /* release (d): our last use of the memory.  Only all are taken at once, so a value that
     * comes back means the same. */
    while (!atomic_compare_exchange_weak_explicit(&globals.returned, &snapshot->next, snapshot,
                                                  memory_order_release, memory_order_relaxed))
        BOC_YIELD();
}

void boc__seats_trim(void) {
    for (;;) {
        collect();
        boc_snapshot_t *snapshot = globals.spare;
        if (snapshot == NULL)
            return;
        globals.spare = snapshot->next;
        leave_seat(snapshot->seat);
        boc__alloc_free(snapshot);
    }
}
