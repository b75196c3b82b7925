/* py_payload.c - counted blobs and the payload kinds. */
#include "python/py_payload.h"

#include "platform/track.h"
#include "python/py_moves.h"

#include <Python.h>

#include <assert.h>

static_assert(sizeof(py_blob_t) % sizeof(void *) == 0, "the tables of a blob must be aligned");

static struct {
    _Atomic(uint64_t) next_number; /* of a definition */
} globals = {1};

/* Freeing a blob can drop the last reference of a cown, whose value is a blob, and so on:
 * a chain of any length is freed one after the other, not inside each other. */
static _Thread_local struct {
    bool is_freeing;
    py_blob_t *waiting;
} tl_blobs;

static void drop_nothing(void *data) { (void)data; }

static void drop_blob(void *data) { py_blob_unref(data); }

/* Distinct objects: their addresses are the kinds. */
const boc_payload_ops_t py_payload_none = {drop_nothing};
const boc_payload_ops_t py_payload_true = {drop_nothing};
const boc_payload_ops_t py_payload_false = {drop_nothing};
const boc_payload_ops_t py_payload_integer = {drop_nothing};
const boc_payload_ops_t py_payload_real = {drop_nothing};
const boc_payload_ops_t py_payload_blob = {drop_blob};

void py_payload_copy(boc_payload_t *to, const boc_payload_t *from) {
    assert(to != NULL && from != NULL);
    *to = *from;
    if (from->ops == &py_payload_blob)
        (void)py_blob_ref(from->data);
}

size_t py_payload_size(const boc_payload_t *payload) {
    return payload->ops == &py_payload_blob ? ((py_blob_t *)payload->data)->size : 0;
}

size_t py_blob_room(size_t size, size_t table_entries) {
    return sizeof(py_blob_t) + (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *) +
           table_entries * sizeof(void *);
}

py_blob_t *py_blob_new(size_t size, size_t table_entries) {
    py_blob_t *blob = PyMem_RawMalloc(py_blob_room(size, table_entries));
    if (blob == NULL)
        return NULL;
    memset(blob, 0, sizeof *blob);
    atomic_init(&blob->refs, 1);
    blob->size = size;
    BOC_TRACK("payload", blob);
    return blob;
}

bool py_blob_is_sole(py_blob_t *blob) {
    /* acquire: whoever gave the other references back has finished with the blob. */
    return atomic_load_explicit(&blob->refs, memory_order_acquire) == 1;
}

py_blob_t *py_blob_ref(py_blob_t *blob) {
    /* relaxed: the caller holds a reference, so nothing can be freed meanwhile. */
    atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
    return blob;
}

static void free_blob(py_blob_t *blob) {
    for (uint32_t i = 0; i < blob->cown_count; i++)
        boc_cown_unref(py_blob_cowns(blob)[i]);
    for (uint32_t i = 0; i < blob->definition_count; i++)
        py_definition_unref(py_blob_definitions(blob)[i]);
    for (uint32_t i = 0; i < blob->move_count; i++)
        py_move_unref(py_blob_moves(blob)[i]);
    PyMem_RawFree(blob);
}

void py_blob_unref(py_blob_t *blob) {
    /* acq_rel: every reader's last access comes before the free. */
    if (atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel) != 1)
        return;
    BOC_TRACK_END(blob);
    if (blob->cown_count == 0 && blob->definition_count == 0 && blob->move_count == 0) {
        PyMem_RawFree(blob);
        return;
    }
    blob->next = tl_blobs.waiting;
    tl_blobs.waiting = blob;
    if (tl_blobs.is_freeing)
        return;
    tl_blobs.is_freeing = true;
    while (tl_blobs.waiting != NULL) {
        py_blob_t *next = tl_blobs.waiting;
        tl_blobs.waiting = next->next;
        free_blob(next);
    }
    tl_blobs.is_freeing = false;
}

py_definition_t *py_definition_new(py_blob_t *body, uint64_t first_number) {
    assert(body != NULL);
    py_definition_t *definition = PyMem_RawMalloc(sizeof *definition);
    if (definition == NULL) {
        py_blob_unref(body);
        return NULL;
    }
    atomic_init(&definition->refs, 1);
    definition->first_number = first_number;
    definition->body = body;
    return definition;
}

py_definition_t *py_definition_ref(py_definition_t *definition) {
    /* relaxed: the caller holds a reference, so nothing can be freed meanwhile. */
    atomic_fetch_add_explicit(&definition->refs, 1, memory_order_relaxed);
    return definition;
}

void py_definition_unref(py_definition_t *definition) {
    /* acq_rel: every reader's last access comes before the free. */
    if (atomic_fetch_sub_explicit(&definition->refs, 1, memory_order_acq_rel) != 1)
        return;
    py_blob_unref(definition->body);
    PyMem_RawFree(definition);
}

uint64_t py_definition_numbers(uint64_t count) {
    /* relaxed: only uniqueness matters; the definition itself is published by
     * whoever hands over the payload that holds it. */
    return atomic_fetch_add_explicit(&globals.next_number, count, memory_order_relaxed);
}
