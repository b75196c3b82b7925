#include "core/noticeboard/line.h"

#include <assert.h>
#include <string.h>

enum { BUCKETS = 64 };

/* The last of each line, by hash; guarded by the board's mutex. */
static struct {
    boc_update_t *by_key[BUCKETS];
    boc_update_t *by_producer[BUCKETS];
    boc_update_t *oldest, *newest; /* of all */
} globals;

static boc_update_t **key_bucket(uint64_t hash) { return &globals.by_key[hash % BUCKETS]; }

static boc_update_t **producer_bucket(unsigned producer) {
    return &globals.by_producer[producer % BUCKETS];
}

/* Where the last of the line hangs in its bucket; what it points at is NULL without one. */
static boc_update_t **find_key(boc_key_t key, uint64_t hash) {
    boc_update_t **link = key_bucket(hash);
    while (*link != NULL && ((*link)->hash != hash || (*link)->key_bytes != key.size ||
                             (key.size > 0 && memcmp((*link)->key, key.bytes, key.size) != 0)))
        link = &(*link)->next_tail_of_key;
    return link;
}

static boc_update_t **find_producer(unsigned producer) {
    boc_update_t **link = producer_bucket(producer);
    while (*link != NULL && (*link)->producer != producer)
        link = &(*link)->next_tail_of_producer;
    return link;
}

boc_update_t *boc__line_last_of_key(boc_key_t key, uint64_t hash) { return *find_key(key, hash); }

boc_update_t *boc__line_last_of_producer(unsigned producer) { return *find_producer(producer); }

void boc__line_enter(boc_update_t *mutation) {
    boc_update_t **of_key = find_key(boc__mutation_key(mutation), mutation->hash);
    boc_update_t **of_producer = find_producer(mutation->producer);
    boc_update_t *before_of_key = *of_key, *before_of_producer = *of_producer;
    mutation->waits_for =
        (before_of_key != NULL ? 1u : 0u) + (before_of_producer != NULL ? 1u : 0u);
    mutation->next_of_key = mutation->next_of_producer = NULL;
    mutation->next_tail_of_key = mutation->next_tail_of_producer = NULL;
    if (before_of_key != NULL) {
        before_of_key->next_of_key = mutation;
        mutation->next_tail_of_key = before_of_key->next_tail_of_key;
    }
    if (before_of_producer != NULL) {
        before_of_producer->next_of_producer = mutation;
        mutation->next_tail_of_producer = before_of_producer->next_tail_of_producer;
    }
    *of_key = mutation;
    *of_producer = mutation;
    mutation->newer = NULL;
    mutation->older = globals.newest;
    *(globals.newest != NULL ? &globals.newest->newer : &globals.oldest) = mutation;
    globals.newest = mutation;
}

/* One fewer before it; `p_ready` gets it when it was the last. */
static void make_way(boc_update_t *mutation, boc_update_t **p_ready) {
    assert(mutation->waits_for > 0);
    if (--mutation->waits_for > 0)
        return;
    mutation->next = *p_ready;
    *p_ready = mutation;
}

/* If nobody is behind it, it is the last of its line and hangs in the bucket. */
static void unhang(boc_update_t *mutation) {
    if (mutation->next_of_key == NULL) {
        boc_update_t **link = find_key(boc__mutation_key(mutation), mutation->hash);
        assert(*link == mutation);
        *link = mutation->next_tail_of_key;
    }
    if (mutation->next_of_producer == NULL) {
        boc_update_t **link = find_producer(mutation->producer);
        assert(*link == mutation);
        *link = mutation->next_tail_of_producer;
    }
}

boc_update_t *boc__line_leave(boc_update_t *mutation) {
    assert(mutation->waits_for == 0);
    boc_update_t *ready = NULL;
    unhang(mutation);
    *(mutation->older != NULL ? &mutation->older->newer : &globals.oldest) = mutation->newer;
    *(mutation->newer != NULL ? &mutation->newer->older : &globals.newest) = mutation->older;
    if (mutation->next_of_producer != NULL)
        make_way(mutation->next_of_producer, &ready);
    if (mutation->next_of_key != NULL)
        make_way(mutation->next_of_key, &ready);
    return ready;
}

void boc__line_wake_sleepers(boc_update_t *mutation) {
    while (mutation->sleepers != NULL) {
        boc__sleeper_t *sleeper = mutation->sleepers;
        mutation->sleepers = sleeper->next;
#if !defined(BOC_MUTANT_LOST_NOTICE)
        boc__parker_wake(&sleeper->parker); /* the last access: its frame may go now */
#endif
    }
}

bool boc__line_forget_sleeper(boc__sleeper_t *sleeper) {
    for (boc_update_t *mutation = globals.oldest; mutation != NULL; mutation = mutation->newer)
        for (boc__sleeper_t **link = &mutation->sleepers; *link != NULL; link = &(*link)->next)
            if (*link == sleeper) {
                *link = sleeper->next;
                return true;
            }
    return false;
}

boc_update_t *boc__line_dismiss(void) {
    boc_update_t *waiting = NULL;
    while (globals.newest != NULL) {
        boc_update_t *mutation = globals.newest;
        globals.newest = mutation->older;
        if (mutation->waits_for == 0) {
            mutation->is_dismissed = true;
            boc__line_wake_sleepers(mutation);
            continue;
        }
        mutation->next = waiting;
        waiting = mutation;
    }
    memset(&globals, 0, sizeof globals);
    return waiting;
}
