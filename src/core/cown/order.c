#include "core/cown/order.h"

#include <assert.h>

/* Insertion sort wins on the few requests that behaviors have. */
#define INSERTION_MAX 32

static bool is_before(const boc__slot_t *slots, uint16_t a, uint16_t b) {
    uint64_t key_a = boc__order_key(&slots[a]);
    uint64_t key_b = boc__order_key(&slots[b]);
    if (key_a != key_b)
        return key_a < key_b;
    bool read_a = boc__slot_is_read(&slots[a]);
    bool read_b = boc__slot_is_read(&slots[b]);
    return read_a != read_b ? read_b : a < b;
}

static void insertion_sort(const boc__slot_t *slots, uint16_t *order, size_t count) {
    for (size_t i = 1; i < count; i++) {
        uint16_t moving = order[i];
        size_t at = i;
        for (; at > 0 && is_before(slots, moving, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = moving;
    }
}

static void sift_down(const boc__slot_t *slots, uint16_t *order, size_t root, size_t count) {
    uint16_t moving = order[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && is_before(slots, order[child], order[child + 1]))
            child++;
        if (!is_before(slots, moving, order[child]))
            break;
        order[root] = order[child];
    }
    order[root] = moving;
}

/* In place and never quadratic, for behaviors over hundreds of cowns. */
static void heap_sort(const boc__slot_t *slots, uint16_t *order, size_t count) {
    for (size_t i = count / 2; i-- > 0;)
        sift_down(slots, order, i, count);
    for (size_t end = count - 1; end > 0; end--) {
        uint16_t largest = order[0];
        order[0] = order[end];
        order[end] = largest;
        sift_down(slots, order, 0, end);
    }
}

size_t boc__order_sort(boc__slot_t *slots, size_t count, uint16_t *order) {
    assert(count > 0 && count <= UINT16_MAX);
    for (size_t i = 0; i < count; i++)
        order[i] = (uint16_t)i;
    if (count <= INSERTION_MAX)
        insertion_sort(slots, order, count);
    else
        heap_sort(slots, order, count);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        boc__slot_t *slot = &slots[order[i]];
        if (boc__slot_cown(slot) == boc__slot_cown(&slots[order[kept - 1]]))
            boc__slot_merge(slot);
        else
            order[kept++] = order[i];
    }
    return kept;
}
