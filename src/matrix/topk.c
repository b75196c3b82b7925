/* topk.c - the k best so far in a heap, the worst of them on top. */
#include "matrix/topk.h"

#include <assert.h>
#include <math.h>

typedef struct heap {
    boc__topk_entry_t *entries;
    size_t count;
    bool largest;
} heap_t;

/* Whether `a` comes before `b` in the result: a total order, since places differ. */
static bool comes_before(bool largest, boc__topk_entry_t a, boc__topk_entry_t b) {
    bool a_is_nan = a.value != a.value;
    bool b_is_nan = b.value != b.value;
    if (a_is_nan != b_is_nan)
        return b_is_nan;
    if (!a_is_nan && a.value != b.value)
        return largest ? a.value > b.value : a.value < b.value;
    return a.place < b.place;
}

static void rise(heap_t *heap, size_t i) {
    boc__topk_entry_t entry = heap->entries[i];
    while (i > 0) {
        size_t parent = (i - 1) / 2;
        if (!comes_before(heap->largest, heap->entries[parent], entry))
            break;
        heap->entries[i] = heap->entries[parent];
        i = parent;
    }
    heap->entries[i] = entry;
}

/* Put `entry` where the top was, and let it sink to its place. */
static void replace_top(heap_t *heap, boc__topk_entry_t entry) {
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count &&
            comes_before(heap->largest, heap->entries[child], heap->entries[child + 1]))
            child++;
        if (!comes_before(heap->largest, entry, heap->entries[child]))
            break;
        heap->entries[i] = heap->entries[child];
        i = child;
    }
    heap->entries[i] = entry;
}

static void offer(heap_t *heap, size_t k, boc__topk_entry_t entry) {
    if (heap->count < k) {
        heap->entries[heap->count] = entry;
        rise(heap, heap->count++);
    } else if (comes_before(heap->largest, entry, heap->entries[0])) {
        replace_top(heap, entry);
    }
}

/* Take the worst again and again: what is left of the array is then in order. */
static void sort(heap_t *heap) {
    size_t count = heap->count;
    while (heap->count > 1) {
        boc__topk_entry_t worst = heap->entries[0];
        boc__topk_entry_t last = heap->entries[--heap->count];
        replace_top(heap, last);
        heap->entries[heap->count] = worst;
    }
    heap->count = count;
}

void boc__topk(bool largest, boc__axis_t axis, size_t k, double *values, double *places,
               boc__matrix_t a, const boc__matrix_t *where, boc__topk_entry_t *scratch) {
    bool by_column = axis == BOC__AXIS_COLUMNS;
    if (axis == BOC__AXIS_NONE)
        a = (boc__matrix_t){a.data, 1, a.rows * a.columns};
    size_t groups = by_column ? a.columns : a.rows;
    size_t length = by_column ? a.rows : a.columns;
    size_t step = by_column ? a.columns : 1;
    assert(k >= 1 && k <= length);
    for (size_t g = 0; g < groups; g++) {
        heap_t heap = {scratch, 0, largest};
        size_t start = by_column ? g : g * a.columns;
        for (size_t i = 0; i < length; i++)
            if (where == NULL || where->data[start + i * step] != 0.0)
                offer(&heap, k, (boc__topk_entry_t){a.data[start + i * step], i});
        sort(&heap);
        for (size_t i = 0; i < k; i++) {
            size_t to = by_column ? i * groups + g : g * k + i;
            values[to] = i < heap.count ? scratch[i].value : NAN;
            places[to] = i < heap.count ? (double)scratch[i].place : -1.0;
        }
    }
}
