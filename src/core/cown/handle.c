#include "core/cown/handle.h"

#include "core/alloc.h"
#include "core/cown/cown.h"
#include "platform/thread.h"

#include <assert.h>
#include <string.h>

#define FIRST_CAPACITY 64
#define CAPACITY_MAX (UINT32_C(1) << 30)

typedef struct entry {
    boc_cown_t *cown;    /* NULL: free */
    uint32_t generation; /* of the present or next handle */
    uint32_t next_free;  /* of a free entry: the next one; 0: none */
} entry_t;

static struct {
    boc__mutex_t mutex;
    entry_t *entries;    /* guarded by mutex; entry 0 is never used */
    uint32_t count;      /* guarded by mutex; entries that were ever used */
    uint32_t capacity;   /* guarded by mutex */
    uint32_t first_free; /* guarded by mutex */
} globals = {.mutex = BOC_MUTEX_INITIALIZER, .count = 1};

static boc_status_t grow(void) {
    uint32_t capacity = globals.capacity == 0 ? FIRST_CAPACITY : 2 * globals.capacity;
    if (capacity > CAPACITY_MAX)
        return BOC_EFULL;
    entry_t *entries = boc__alloc(BOC_CACHE_LINE_BYTES, capacity * sizeof *entries);
    if (entries == NULL)
        return BOC_ENOMEM;
    if (globals.entries != NULL)
        memcpy(entries, globals.entries, globals.count * sizeof *entries);
    boc__alloc_free(globals.entries);
    globals.entries = entries;
    globals.capacity = capacity;
    return BOC_OK;
}

static boc_status_t take_entry(uint32_t *p_index) {
    if (globals.first_free != 0) {
        *p_index = globals.first_free;
        globals.first_free = globals.entries[*p_index].next_free;
        return BOC_OK;
    }
    if (globals.count >= globals.capacity) {
        boc_status_t status = grow();
        if (status != BOC_OK)
            return status;
    }
    *p_index = globals.count++;
    globals.entries[*p_index] = (entry_t){.generation = 1};
    return BOC_OK;
}

static boc_handle_t handle_at(uint32_t index) {
    return (boc_handle_t)globals.entries[index].generation << 32 | index;
}

boc_status_t boc_handle_of(boc_cown_t *cown, boc_handle_t *p_handle) {
    boc_status_t status = BOC_OK;
    boc__mutex_lock(&globals.mutex);
    /* relaxed: written under this lock only. */
    uint32_t index = atomic_load_explicit(&cown->handle, memory_order_relaxed);
    if (index == 0) {
        status = take_entry(&index);
        if (status == BOC_OK) {
            globals.entries[index].cown = cown;
            /* relaxed: the caller's reference keeps boc_cown_unref away meanwhile. */
            atomic_store_explicit(&cown->handle, index, memory_order_relaxed);
        }
    }
    if (status == BOC_OK)
        *p_handle = handle_at(index);
    boc__mutex_unlock(&globals.mutex);
    return status;
}

boc_status_t boc_handle_resolve(boc_handle_t handle, boc_cown_t **p_cown) {
    uint32_t index = (uint32_t)handle;
    boc_status_t status = BOC_EINVALID;
    boc__mutex_lock(&globals.mutex);
    if (index != 0 && index < globals.count && handle_at(index) == handle) {
        boc_cown_t *cown = globals.entries[index].cown;
        if (cown != NULL && boc__cown_try_ref(cown)) {
            *p_cown = cown;
            status = BOC_OK;
        }
    }
    boc__mutex_unlock(&globals.mutex);
    return status;
}

void boc__handle_forget(uint32_t index) {
    boc__mutex_lock(&globals.mutex);
    assert(index != 0 && index < globals.count);
    entry_t *entry = &globals.entries[index];
    entry->cown = NULL;
    if (++entry->generation != 0) { /* after four billion cowns the place is given up */
        entry->next_free = globals.first_free;
        globals.first_free = index;
    }
    boc__mutex_unlock(&globals.mutex);
}
