#include "core/message/tags.h"

#include "core/alloc.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* One lock guards one shard, so that threads with different tags seldom meet. */
enum { SHARD_BITS = 4, SHARDS = 1 << SHARD_BITS, FIRST_BUCKETS = 8 };

typedef struct shard {
    boc__mutex_t mutex;
    boc__mailbox_t **buckets; /* this and the rest: guarded by mutex; NULL: `first` */
    size_t mask;              /* buckets less one */
    size_t count;
    boc__mailbox_t *first[FIRST_BUCKETS]; /* so that adding the first tag cannot fail */
    char padding[BOC_CACHE_LINE_BYTES];
} shard_t;

#define SHARD {.mutex = BOC_MUTEX_INITIALIZER, .mask = FIRST_BUCKETS - 1}
#define SHARDS_4 SHARD, SHARD, SHARD, SHARD

static struct {
    shard_t shards[SHARDS];
    atomic_size_t next_index; /* of the next tag */
} globals = {.shards = {SHARDS_4, SHARDS_4, SHARDS_4, SHARDS_4}};

/* FNV-1a: tags are short. */
uint64_t boc__tags_hash(boc_tag_t tag) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < tag.size; i++)
        hash = (hash ^ (unsigned char)tag.bytes[i]) * 0x100000001b3u;
    return hash;
}

static shard_t *shard_of(uint64_t hash) { return &globals.shards[hash >> (64 - SHARD_BITS)]; }

static boc__mailbox_t **bucket_of(shard_t *shard, uint64_t hash) {
    boc__mailbox_t **buckets = shard->buckets != NULL ? shard->buckets : shard->first;
    return &buckets[hash & shard->mask];
}

/* The functions from here to `unlock_all` need the lock of the shard. */

static boc__mailbox_t *find(shard_t *shard, boc_tag_t tag, uint64_t hash) {
    for (boc__mailbox_t *box = *bucket_of(shard, hash); box != NULL; box = box->next)
        if (boc__mailbox_has_tag(box, tag, hash))
            return box;
    return NULL;
}

/* Without memory the chains just get longer. */
static void grow(shard_t *shard) {
    size_t count = shard->mask + 1;
    boc__mailbox_t **old = shard->buckets != NULL ? shard->buckets : shard->first;
    boc__mailbox_t **buckets =
        boc__alloc(alignof(boc__mailbox_t *), 2 * count * sizeof(boc__mailbox_t *));
    if (buckets == NULL)
        return;
    memset(buckets, 0, 2 * count * sizeof(boc__mailbox_t *));
    for (size_t i = 0; i < count; i++) {
        while (old[i] != NULL) {
            boc__mailbox_t *box = old[i];
            old[i] = box->next;
            box->next = buckets[box->hash & (2 * count - 1)];
            buckets[box->hash & (2 * count - 1)] = box;
        }
    }
    boc__alloc_free(shard->buckets);
    shard->buckets = buckets;
    shard->mask = 2 * count - 1;
}

static void add(shard_t *shard, boc__mailbox_t *mailbox) {
    if (shard->count > shard->mask)
        grow(shard);
    boc__mailbox_t **bucket = bucket_of(shard, mailbox->hash);
    mailbox->next = *bucket;
    *bucket = mailbox;
    shard->count++;
}

static void lock_all(void) {
    for (int i = 0; i < SHARDS; i++)
        boc__mutex_lock(&globals.shards[i].mutex);
}

static void unlock_all(void) {
    for (int i = SHARDS - 1; i >= 0; i--)
        boc__mutex_unlock(&globals.shards[i].mutex);
}

boc__mailbox_t *boc__tags_find(boc_tag_t tag, uint64_t hash) {
    shard_t *shard = shard_of(hash);
    boc__mutex_lock(&shard->mutex);
    boc__mailbox_t *mailbox = find(shard, tag, hash);
    if (mailbox != NULL)
        boc__mailbox_ref(mailbox);
    boc__mutex_unlock(&shard->mutex);
    return mailbox;
}

boc__mailbox_t *boc__tags_get(boc_tag_t tag, uint64_t hash) {
    boc__mailbox_t *mailbox = boc__tags_find(tag, hash);
    if (mailbox != NULL)
        return mailbox;
    shard_t *shard = shard_of(hash);
    boc__mailbox_t *made = boc__mailbox_new(tag, hash);
    if (made == NULL)
        return NULL;
    boc__mutex_lock(&shard->mutex);
    mailbox = find(shard, tag, hash);
    if (mailbox == NULL) {
        mailbox = made;
        made = NULL;
        /* relaxed: only uniqueness matters. */
        mailbox->index = atomic_fetch_add_explicit(&globals.next_index, 1, memory_order_relaxed);
        add(shard, mailbox);
    }
    boc__mailbox_ref(mailbox);
    boc__mutex_unlock(&shard->mutex);
    if (made != NULL) /* another thread was faster */
        boc__mailbox_unref(made);
    return mailbox;
}

/* -- replacing -------------------------------------------------------------------------- */

#define NOT_KEPT SIZE_MAX

static void mark_all(void) {
    for (int i = 0; i < SHARDS; i++)
        for (size_t bucket = 0; bucket <= globals.shards[i].mask; bucket++)
            for (boc__mailbox_t *box = *bucket_of(&globals.shards[i], bucket); box != NULL;
                 box = box->next)
                box->index = NOT_KEPT;
}

/* Take out what `mark_all` marked and nobody assigned since. */
static boc__mailbox_t *sweep(void) {
    boc__mailbox_t *gone = NULL;
    for (int i = 0; i < SHARDS; i++) {
        shard_t *shard = &globals.shards[i];
        for (size_t bucket = 0; bucket <= shard->mask; bucket++) {
            boc__mailbox_t **link = bucket_of(shard, bucket);
            while (*link != NULL) {
                boc__mailbox_t *box = *link;
                if (box->index != NOT_KEPT) {
                    link = &box->next;
                    continue;
                }
                *link = box->next;
                box->next = gone;
                gone = box;
                shard->count--;
            }
        }
    }
    return gone;
}

/* Assign `made`, or the mailbox that has its tag; the one not used is left in `*p_made`. */
static bool assign(boc__mailbox_t **p_made, size_t index) {
    boc__mailbox_t *made = *p_made;
    shard_t *shard = shard_of(made->hash);
    boc__mailbox_t *found = find(shard, boc__mailbox_tag(made), made->hash);
    if (found == NULL) {
        add(shard, made);
        *p_made = NULL;
        found = made;
    } else if (found->index != NOT_KEPT) {
        return false; /* named twice */
    }
    found->index = index;
    return true;
}

static boc__mailbox_t **make_all(const boc_tag_t *tags, size_t count) {
    if (count > SIZE_MAX / sizeof(boc__mailbox_t *) - 1)
        return NULL;
    boc__mailbox_t **made =
        boc__alloc(alignof(boc__mailbox_t *), (count + 1) * sizeof(boc__mailbox_t *));
    for (size_t i = 0; made != NULL && i < count; i++) {
        made[i] = boc__mailbox_new(tags[i], boc__tags_hash(tags[i]));
        if (made[i] != NULL)
            continue;
        while (i > 0)
            boc__mailbox_unref(made[--i]);
        boc__alloc_free(made);
        made = NULL;
    }
    return made;
}

boc_status_t boc__tags_replace(const boc_tag_t *tags, size_t count, boc__mailbox_t **p_gone) {
    boc__mailbox_t **made = make_all(tags, count);
    if (made == NULL)
        return BOC_ENOMEM;
    lock_all();
    mark_all();
    size_t next_index = 0;
    for (size_t i = 0; i < count; i++)
        next_index += assign(&made[i], next_index);
    *p_gone = sweep();
    /* relaxed: only uniqueness matters, and we have all locks. */
    atomic_store_explicit(&globals.next_index, next_index, memory_order_relaxed);
    unlock_all();
    for (size_t i = 0; i < count; i++)
        if (made[i] != NULL)
            boc__mailbox_unref(made[i]);
    boc__alloc_free(made);
    return BOC_OK;
}

/* -- listing ---------------------------------------------------------------------------- */

static int by_index(const void *left, const void *right) {
    const boc__mailbox_t *a = *(boc__mailbox_t *const *)left;
    const boc__mailbox_t *b = *(boc__mailbox_t *const *)right;
    return (a->index > b->index) - (a->index < b->index);
}

boc_status_t boc__tags_list(boc__mailbox_t ***p_list, size_t *p_count) {
    lock_all();
    size_t count = 0;
    for (int i = 0; i < SHARDS; i++)
        count += globals.shards[i].count;
    boc__mailbox_t **list =
        boc__alloc(alignof(boc__mailbox_t *), (count + 1) * sizeof(boc__mailbox_t *));
    size_t filled = 0;
    for (int i = 0; list != NULL && i < SHARDS; i++)
        for (size_t bucket = 0; bucket <= globals.shards[i].mask; bucket++)
            for (boc__mailbox_t *box = *bucket_of(&globals.shards[i], bucket); box != NULL;
                 box = box->next)
                list[filled++] = boc__mailbox_ref(box);
    assert(list == NULL || filled == count);
    if (list != NULL)
        qsort(list, count, sizeof(boc__mailbox_t *), by_index);
    unlock_all();
    *p_list = list;
    *p_count = count;
    return list != NULL ? BOC_OK : BOC_ENOMEM;
}

boc__mailbox_t *boc__tags_forget(void) {
    for (int i = 0; i < SHARDS; i++)
        boc__mutex_init(&globals.shards[i].mutex);
    mark_all();
    boc__mailbox_t *gone = sweep();
    for (int i = 0; i < SHARDS; i++) {
        boc__alloc_free(globals.shards[i].buckets);
        globals.shards[i].buckets = NULL;
        globals.shards[i].mask = FIRST_BUCKETS - 1;
    }
    /* relaxed: nothing else runs. */
    atomic_store_explicit(&globals.next_index, 0, memory_order_relaxed);
    return gone;
}
