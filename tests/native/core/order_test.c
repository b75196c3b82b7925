/* The order of requests, and the merging of duplicates. */
#include "fixture.h"

#include "core/cown/order.h"

enum { COUNT_MAX = 200, COWNS = 60 };

static struct {
    struct boc_cown cowns[COWNS]; /* of which only the ids are used */
    boc__slot_t slots[COUNT_MAX];
    uint16_t order[COUNT_MAX];
} globals;

static void init_cowns(void) {
    for (size_t i = 0; i < COWNS; i++)
        globals.cowns[i].id = (i * 37) % COWNS + 1;
}

static void set_slot(size_t index, size_t cown, bool is_read) {
    globals.slots[index].cown_and_flags =
        (uintptr_t)&globals.cowns[cown] | (is_read ? BOC__SLOT_READ : 0);
}

static unsigned draw(unsigned *p_random, unsigned below) {
    *p_random = *p_random * 1664525u + 1013904223u;
    return (*p_random >> 16) % below;
}

/* Every cown once, in the order of keys, by a writer where there is one. */
static void check_sorted(size_t count, size_t kept) {
    bool is_kept[COUNT_MAX] = {false};
    for (size_t i = 0; i < kept; i++) {
        boc__slot_t *slot = &globals.slots[globals.order[i]];
        is_kept[globals.order[i]] = true;
        CHECK(!boc__slot_is_duplicate(slot));
        if (i > 0)
            CHECK(boc__order_key(&globals.slots[globals.order[i - 1]]) < boc__order_key(slot));
    }
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(boc__slot_is_duplicate(&globals.slots[i]), !is_kept[i]);
        if (is_kept[i])
            continue;
        bool is_represented = false;
        for (size_t k = 0; k < kept && !is_represented; k++) {
            boc__slot_t *slot = &globals.slots[globals.order[k]];
            is_represented = boc__slot_cown(slot) == boc__slot_cown(&globals.slots[i]) &&
                             (!boc__slot_is_read(slot) || boc__slot_is_read(&globals.slots[i]));
        }
        CHECK(is_represented);
    }
}

/* Counts on both sides of the change from insertion sort to heap sort. */
static void random_body(void *context) {
    (void)context;
    init_cowns();
    unsigned random = 1;
    for (size_t count = 1; count <= COUNT_MAX; count += count < 40 ? 1 : 23) {
        for (size_t i = 0; i < count; i++)
            set_slot(i, draw(&random, count % 3 == 0 ? 5 : COWNS), draw(&random, 2) == 0);
        check_sorted(count, boc__order_sort(globals.slots, count, globals.order));
    }
}
BOC_TEST(random_requests_are_sorted_and_merged) { boc__sys_run_seeds(random_body, NULL); }

static void equal_body(void *context) {
    (void)context;
    init_cowns();
    for (size_t writer = 0; writer < 50; writer++) {
        for (size_t i = 0; i < 50; i++)
            set_slot(i, 7, i != writer);
        CHECK_EQ(boc__order_sort(globals.slots, 50, globals.order), 1);
        CHECK_EQ(globals.order[0], writer);
    }
}
BOC_TEST(one_writer_stands_for_many_readers) { boc__sys_run_seeds(equal_body, NULL); }

static void distinct_body(void *context) {
    (void)context;
    init_cowns();
    for (size_t i = 0; i < COWNS; i++)
        set_slot(i, COWNS - 1 - i, true);
    CHECK_EQ(boc__order_sort(globals.slots, COWNS, globals.order), COWNS);
    check_sorted(COWNS, COWNS);
}
BOC_TEST(distinct_cowns_are_all_kept) { boc__sys_run_seeds(distinct_body, NULL); }
