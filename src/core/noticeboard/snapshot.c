#include "core/noticeboard/snapshot.h"

#include "core/alloc.h"
#include "core/noticeboard/seats.h"
#include "platform/yield.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

/* -- notices and pages ---------------------------------------------------------------- */

/* FNV-1a: keys are short. */
uint64_t boc__notice_hash(boc_key_t key) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ (unsigned char)key.bytes[i]) * 0x100000001b3u;
    return hash;
}

boc__notice_t *boc__notice_new(boc_key_t key, uint64_t hash, boc_payload_t value) {
    boc__notice_t *notice = boc__alloc(alignof(boc__notice_t), sizeof *notice + key.size);
    if (notice == NULL) {
        boc_payload_drop(&value);
        return NULL;
    }
    atomic_init(&notice->refs, 1);
    notice->value = value;
    notice->hash = hash;
    notice->key_bytes = key.size;
    if (key.size > 0)
        memcpy(notice->key, key.bytes, key.size);
    return notice;
}

boc__notice_t *boc__notice_ref(boc__notice_t *notice) {
    /* relaxed: the caller has a reference, or is the writer, whose snapshot has one. */
    atomic_fetch_add_explicit(&notice->refs, 1, memory_order_relaxed);
    return notice;
}

void boc__notice_unref(boc__notice_t *notice) {
    /* acq_rel (d): every last access comes before the free. */
    if (atomic_fetch_sub_explicit(&notice->refs, 1, memory_order_acq_rel) != 1)
        return;
    boc_payload_drop(&notice->value);
    boc__alloc_free(notice);
}

static void ref_page(boc__page_t *page) {
    /* relaxed: the writer's snapshot has a reference. */
    if (page != NULL)
        atomic_fetch_add_explicit(&page->refs, 1, memory_order_relaxed);
}

static void unref_page(boc__page_t *page) {
    /* acq_rel (d): every last access comes before the free. */
    if (page == NULL || atomic_fetch_sub_explicit(&page->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < BOC__PAGE_PLACES; i++)
        if (page->notices[i] != NULL)
            boc__notice_unref(page->notices[i]);
    boc__alloc_free(page);
}

/* A page like `old`, which may be NULL, but with `taken` (or NULL) at `at`. */
static boc__page_t *copy_page(const boc__page_t *old, unsigned at, boc__notice_t *taken) {
    boc__page_t *page = boc__alloc(alignof(boc__page_t), sizeof *page);
    if (page == NULL)
        return NULL;
    atomic_init(&page->refs, 1);
    for (unsigned i = 0; i < BOC__PAGE_PLACES; i++) {
        boc__notice_t *notice = old != NULL ? old->notices[i] : NULL;
        if (i == at)
            page->notices[i] = taken;
        else
            page->notices[i] = notice != NULL ? boc__notice_ref(notice) : NULL;
    }
    return page;
}

/* -- the index ------------------------------------------------------------------------ */

static void index_place(boc_snapshot_t *snapshot, unsigned place, uint64_t hash) {
    size_t at = hash % BOC__INDEX_SIZE;
    while (snapshot->index[at] != 0)
        at = (at + 1) % BOC__INDEX_SIZE;
    snapshot->index[at] = (uint8_t)(place + 1);
}

unsigned boc__snapshot_place(const boc_snapshot_t *snapshot, boc_key_t key, uint64_t hash) {
    for (size_t at = hash % BOC__INDEX_SIZE; snapshot->index[at] != 0;
         at = (at + 1) % BOC__INDEX_SIZE) {
        unsigned place = snapshot->index[at] - 1u;
        if (boc__notice_is(boc__snapshot_notice(snapshot, place), key, hash))
            return place;
    }
    return BOC__NO_PLACE;
}

/* -- making the next ------------------------------------------------------------------ */

/* Sharing all pages with the present one. */
static boc_snapshot_t *copy_present(void) {
    const boc_snapshot_t *present = boc__snapshot_present();
    boc_snapshot_t *copy = boc__seats_get();
    if (copy == NULL)
        return NULL;
    copy->count = present->count;
    copy->version = 0; /* until it is published */
    copy->used = present->used;
    memcpy(copy->pages, present->pages, sizeof copy->pages);
    memcpy(copy->order, present->order, sizeof copy->order);
    memcpy(copy->index, present->index, sizeof copy->index);
    for (int i = 0; i < BOC__PAGES; i++)
        ref_page(copy->pages[i]);
    return copy;
}

/* Put a copy of the page of `place` into `copy`; false without memory. */
static bool set_notice(boc_snapshot_t *copy, unsigned place, boc__notice_t *taken) {
    boc__page_t **p_page = &copy->pages[place / BOC__PAGE_PLACES];
    boc__page_t *page = copy_page(*p_page, place % BOC__PAGE_PLACES, taken);
    if (page == NULL)
        return false;
    unref_page(*p_page); /* the present snapshot has another reference */
    *p_page = page;
    return true;
}

/* A copy that was never published. */
static void discard(boc_snapshot_t *copy) {
    for (int i = 0; i < BOC__PAGES; i++)
        unref_page(copy->pages[i]); /* the present snapshot has another reference */
    boc__seats_put(copy);
}

boc_snapshot_t *boc__snapshot_with(unsigned place, boc__notice_t *notice) {
    boc_snapshot_t *copy = copy_present();
    if (copy != NULL && !set_notice(copy, place, notice)) {
        discard(copy);
        copy = NULL;
    }
    if (copy == NULL)
        return NULL;
    if ((copy->used & (uint64_t)1 << place) == 0) {
        copy->used |= (uint64_t)1 << place;
        copy->order[copy->count++] = (uint8_t)place;
        index_place(copy, place, notice->hash);
    }
    return copy;
}

boc_snapshot_t *boc__snapshot_without(unsigned place) {
    boc_snapshot_t *copy = copy_present();
    if (copy != NULL && !set_notice(copy, place, NULL)) {
        discard(copy);
        copy = NULL;
    }
    if (copy == NULL)
        return NULL;
    copy->used &= ~((uint64_t)1 << place);
    memset(copy->index, 0, sizeof copy->index);
    uint32_t count = 0;
    for (uint32_t i = 0; i < copy->count; i++) {
        uint8_t other = copy->order[i];
        if (other == place)
            continue;
        copy->order[count++] = other;
        index_place(copy, other, boc__snapshot_notice(copy, other)->hash);
    }
    copy->count = count;
    return copy;
}

void boc__snapshot_bury(boc_snapshot_t *snapshot) {
    if (snapshot == NULL)
        return;
    for (int i = 0; i < BOC__PAGES; i++) {
        unref_page(snapshot->pages[i]);
        snapshot->pages[i] = NULL;
    }
    boc__seats_put(snapshot);
}

/* -- reading -------------------------------------------------------------------------- */

uint64_t boc_snapshot_version(const boc_snapshot_t *snapshot) { return snapshot->version; }

size_t boc_snapshot_count(const boc_snapshot_t *snapshot) { return snapshot->count; }

static const boc__notice_t *notice_at(const boc_snapshot_t *snapshot, size_t position) {
    assert(position < snapshot->count);
    return boc__snapshot_notice(snapshot, snapshot->order[position]);
}

boc_key_t boc_snapshot_key(const boc_snapshot_t *snapshot, size_t position) {
    const boc__notice_t *notice = notice_at(snapshot, position);
    return (boc_key_t){notice->key, notice->key_bytes};
}

const boc_payload_t *boc_snapshot_value(const boc_snapshot_t *snapshot, size_t position) {
    return &notice_at(snapshot, position)->value;
}

size_t boc_snapshot_position(const boc_snapshot_t *snapshot, boc_key_t key) {
    unsigned place = boc__snapshot_place(snapshot, key, boc__notice_hash(key));
    if (place == BOC__NO_PLACE)
        return SIZE_MAX;
    const uint8_t *found = memchr(snapshot->order, (int)place, snapshot->count);
    assert(found != NULL);
    return (size_t)(found - snapshot->order);
}

const boc_payload_t *boc_snapshot_find(const boc_snapshot_t *snapshot, boc_key_t key) {
    unsigned place = boc__snapshot_place(snapshot, key, boc__notice_hash(key));
    return place != BOC__NO_PLACE ? &boc__snapshot_notice(snapshot, place)->value : NULL;
}
