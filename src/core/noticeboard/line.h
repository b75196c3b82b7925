/* line.h - mutations that are not over, and which waits for which.
 *
 * A mutation waits for the one before it of the same key, and for the one before it of the
 * same producer.  So each key and each producer has a line, and a mutation stands in two
 * lines; it has its turn when it is the first in both.
 *
 * Owns      nothing: mutations belong to the board.
 * Threads   all under the board's mutex.
 */
#ifndef BOC_CORE_NOTICEBOARD_LINE_H
#define BOC_CORE_NOTICEBOARD_LINE_H

#include "core/noticeboard/snapshot.h"
#include "platform/thread.h"

typedef enum boc__mutation_kind {
    BOC_MUTATION_WRITE,
    BOC_MUTATION_DELETE,
    BOC_MUTATION_UPDATE,
} boc__mutation_kind_t;

/* A call that waits; several when a signal handler waits inside a call that does. */
typedef struct boc__sleeper {
    boc__parker_t parker;
    struct boc__sleeper *next;
} boc__sleeper_t;

/* A mutation that waits for its turn, or an update that has it. */
struct boc_update {
    boc__mutation_kind_t kind;
    boc_notice_run_fn run;   /* of an update */
    boc_notice_done_fn done; /* or NULL */
    void *context;
    boc_status_t status;   /* once it is over */
    boc__notice_t *notice; /* owned; to be written; of an update, what the key has; or NULL */
    bool is_dismissed;     /* the board was closed; it is in no line any more */
    unsigned producer;
    unsigned waits_for;               /* 0 to 2: those before it in its lines */
    struct boc_update *next_of_key;   /* those after it, or NULL */
    struct boc_update *next_of_producer;
    struct boc_update *next_tail_of_key; /* among the last of the lines in one bucket */
    struct boc_update *next_tail_of_producer;
    struct boc_update *newer, *older; /* among all that are in the lines */
    struct boc_update *next; /* among those that have their turn, or are over */
    struct boc__sleeper *sleepers; /* the producer, while it waits until this is over */
    uint64_t hash;
    size_t key_bytes;
    char key[BOC_NOTICE_KEY_BYTES_MAX];
};

static inline boc_key_t boc__mutation_key(const boc_update_t *mutation) {
    return (boc_key_t){mutation->key, mutation->key_bytes};
}

/* The last mutation of a key, or of a producer, that is not over; NULL without. */
boc_update_t *boc__line_last_of_key(boc_key_t key, uint64_t hash);
boc_update_t *boc__line_last_of_producer(unsigned producer);

/* Go to the end of both lines; `waits_for` is set. */
void boc__line_enter(boc_update_t *mutation);

/* Leave both lines as the first in them.  Returns those whose turn has come, linked by
 * `next`. */
boc_update_t *boc__line_leave(boc_update_t *mutation);

/* Its producer need not wait for it any more. */
void boc__line_wake_sleepers(boc_update_t *mutation);

/* False when the sleeper was woken, or is being woken. */
bool boc__line_forget_sleeper(boc__sleeper_t *sleeper);

/* Take all out of the lines.  Returns those that waited for their turn, linked by `next`,
 * oldest first; the others are marked as dismissed. */
boc_update_t *boc__line_dismiss(void);

#endif
