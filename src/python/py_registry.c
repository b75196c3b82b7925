#include "python/py_registry.h"

#include "platform/thread.h"
#include "platform/track.h"
#include "python/py_payload.h"

#include <assert.h>
#include <stdlib.h>

typedef struct entry {
    boc_payload_t spec; /* a blob */
    uint64_t hash;
} entry_t;

static struct {
    boc__mutex_t mutex;
    entry_t *entries; /* guarded by mutex */
    uint32_t count;   /* guarded by mutex */
    uint32_t *slots;  /* guarded by mutex; open addressing: id + 1, or 0 */
    uint32_t mask;    /* guarded by mutex; slots - 1, and at most half are used */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash_bytes(const uint8_t *bytes, size_t size) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

static bool is_equal(const boc_payload_t *a, const boc_payload_t *b) {
    py_blob_t *left = a->data, *right = b->data;
    return left->size == right->size && left->cown_count == 0 && right->cown_count == 0 &&
           left->definition_count == 0 && right->definition_count == 0 &&
           memcmp(py_blob_bytes(left), py_blob_bytes(right), left->size) == 0;
}

static uint32_t *find_slot(uint32_t *slots, uint32_t mask, uint64_t hash,
                           const boc_payload_t *spec) {
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        uint32_t used = slots[at];
        if (used == 0)
            return &slots[at];
        const entry_t *entry = &globals.entries[used - 1];
        if (spec != NULL && entry->hash == hash && is_equal(&entry->spec, spec))
            return &slots[at];
    }
}

static boc_status_t grow(void) {
    uint32_t capacity = globals.slots == NULL ? 64 : 2 * (globals.mask + 1);
    uint32_t *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL)
        return BOC_ENOMEM;
    entry_t *entries = realloc(globals.entries, capacity / 2 * sizeof *entries);
    if (entries == NULL) {
        free(slots);
        return BOC_ENOMEM;
    }
    globals.entries = entries;
    for (uint32_t id = 0; id < globals.count; id++)
        *find_slot(slots, capacity - 1, entries[id].hash, NULL) = id + 1;
    free(globals.slots);
    globals.slots = slots;
    globals.mask = capacity - 1;
    return BOC_OK;
}

boc_status_t py_registry_add(boc_payload_t spec, uint32_t *p_id) {
    assert(spec.ops == &py_payload_blob);
    py_blob_t *blob = spec.data;
    uint64_t hash = hash_bytes(py_blob_bytes(blob), blob->size);
    boc_status_t status = BOC_OK;
    boc__mutex_lock(&globals.mutex);
    if (globals.slots == NULL || globals.count == (globals.mask + 1) / 2)
        status = grow();
    if (status == BOC_OK) {
        uint32_t *slot = find_slot(globals.slots, globals.mask, hash, &spec);
        if (*slot == 0) {
            globals.entries[globals.count++] = (entry_t){spec, hash};
            BOC_TRACK_END(blob); /* kept for good */
            spec = (boc_payload_t){NULL, NULL};
            *slot = globals.count;
        }
        *p_id = *slot - 1;
    }
    boc__mutex_unlock(&globals.mutex);
    boc_payload_drop(&spec);
    return status;
}

boc_payload_t py_registry_spec(uint32_t id) {
    boc_payload_t spec;
    boc__mutex_lock(&globals.mutex);
    assert(id < globals.count);
    py_payload_copy(&spec, &globals.entries[id].spec);
    boc__mutex_unlock(&globals.mutex);
    return spec;
}
