/* The run queue of one owner and its thieves. */
#include "fixture.h"

#include "core/sched/ring.h"

enum { WORKS_MAX = 20000 };

typedef struct item {
    boc__work_t work; /* first */
    int payload;      /* written before the push, read by whoever gets it */
    _Atomic int taken;
} item_t;

static struct {
    boc__ring_t ring, others[2];
    item_t items[WORKS_MAX];
    _Atomic int taken;
    _Atomic bool is_over;
} globals;

static void init(void) {
    memset(globals.items, 0, sizeof globals.items);
    boc__ring_init(&globals.ring);
    for (int i = 0; i < 2; i++)
        boc__ring_init(&globals.others[i]);
    globals.taken = 0;
    globals.is_over = false;
}

static int number_of(boc__work_t *work) { return (int)((item_t *)(void *)work - globals.items); }

static void push(int number) { CHECK(boc__ring_push(&globals.ring, &globals.items[number].work)); }

static void check_pop(boc__ring_t *ring, int number) {
    uint64_t retries = 0;
    boc__work_t *work = boc__ring_pop(ring, &retries);
    CHECK(work != NULL);
    CHECK_EQ(number_of(work), number);
}

static bool is_exhausted(boc__ring_t *ring) {
    uint64_t retries = 0;
    return boc__ring_pop(ring, &retries) == NULL && boc__ring_is_empty(ring);
}

static void alone_body(void *context) {
    (void)context;
    init();
    CHECK(is_exhausted(&globals.ring));
    for (int round = 0; round < 5; round++) { /* the indices wrap */
        CHECK_EQ(boc__ring_room(&globals.ring), BOC__RING_CAPACITY);
        for (int i = 0; i < BOC__RING_CAPACITY; i++) {
            push(i);
            CHECK(!boc__ring_is_empty(&globals.ring));
        }
        CHECK(!boc__ring_push(&globals.ring, &globals.items[BOC__RING_CAPACITY].work));
        CHECK_EQ(boc__ring_room(&globals.ring), 0);
        for (int i = 0; i < 100; i++)
            check_pop(&globals.ring, i);
        CHECK_EQ(boc__ring_room(&globals.ring), 100);
        for (int i = 100; i < BOC__RING_CAPACITY; i++)
            check_pop(&globals.ring, i);
        CHECK(is_exhausted(&globals.ring));
    }
}
BOC_TEST(owner_alone_gets_its_works_in_order_up_to_capacity) {
    boc__sys_run_seeds(alone_body, NULL);
}

static void many_body(void *context) {
    (void)context;
    init();
    boc__work_t *works[BOC__RING_CAPACITY];
    uint64_t retries = 0;
    for (int i = 0; i < BOC__RING_CAPACITY; i++)
        works[i] = &globals.items[i].work;
    CHECK_EQ(boc__ring_pop_many(&globals.ring, works, 5, &retries), 0);
    for (int round = 0; round < 5; round++) { /* the indices wrap */
        boc__ring_push_many(&globals.ring, works, 0);
        boc__ring_push_many(&globals.ring, works, 100);
        boc__ring_push_many(&globals.ring, works + 100, BOC__RING_CAPACITY - 100);
        CHECK_EQ(boc__ring_room(&globals.ring), 0);
        boc__work_t *popped[BOC__RING_CAPACITY];
        check_pop(&globals.ring, 0);
        CHECK_EQ(boc__ring_pop_many(&globals.ring, popped, 99, &retries), 99);
        for (int i = 0; i < 99; i++)
            CHECK_EQ(number_of(popped[i]), i + 1);
        CHECK_EQ(boc__ring_pop_many(&globals.ring, popped, BOC__RING_CAPACITY, &retries),
                 BOC__RING_CAPACITY - 100);
        CHECK_EQ(number_of(popped[0]), 100);
        CHECK(is_exhausted(&globals.ring));
    }
}
BOC_TEST(several_at_once_keep_their_order) { boc__sys_run_seeds(many_body, NULL); }

static void steal_body(void *context) {
    (void)context;
    init();
    CHECK(boc__ring_steal(&globals.others[0], &globals.ring) == NULL);
    static const int counts[] = {1, 2, 3, 10, BOC__RING_CAPACITY};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        int count = counts[k], half = count - count / 2;
        for (int i = 0; i < count; i++)
            push(i);
        boc__work_t *work = boc__ring_steal(&globals.others[0], &globals.ring);
        CHECK_EQ(number_of(work), half - 1);
        for (int i = 0; i < half - 1; i++)
            check_pop(&globals.others[0], i);
        CHECK(is_exhausted(&globals.others[0]));
        for (int i = half; i < count; i++)
            check_pop(&globals.ring, i);
        CHECK(is_exhausted(&globals.ring));
    }
}
BOC_TEST(thief_takes_the_older_half_rounded_up) { boc__sys_run_seeds(steal_body, NULL); }

static void take(boc__work_t *work) {
    item_t *item = (item_t *)(void *)work;
    CHECK_EQ(item->payload, number_of(work) + 1);
    CHECK_EQ(atomic_fetch_add(&item->taken, 1), 0);
    atomic_fetch_add(&globals.taken, 1);
}

static void thieve(void *context) {
    boc__ring_t *mine = context;
    uint64_t retries = 0;
    while (!atomic_load(&globals.is_over)) {
        boc__work_t *work = boc__ring_steal(mine, &globals.ring);
        if (work == NULL)
            boc__thread_yield();
        for (; work != NULL; work = boc__ring_pop(mine, &retries))
            take(work);
    }
}

static void push_or_take(int number) {
    globals.items[number].payload = number + 1;
    if (!boc__ring_push(&globals.ring, &globals.items[number].work))
        take(&globals.items[number].work);
}

static int push_burst(int first, int count) {
    boc__work_t *works[8];
    if (boc__ring_room(&globals.ring) < (uint32_t)count) {
        push_or_take(first);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        globals.items[first + i].payload = first + i + 1;
        works[i] = &globals.items[first + i].work;
    }
    boc__ring_push_many(&globals.ring, works, (uint32_t)count);
    return count;
}

/* Goal: no work lost, none taken twice, its payload visible.
 * Method: an owner that pushes and pops in bursts, and two thieves. */
static void thieves_body(void *context) {
    (void)context;
    init();
    boc__thread_t thieves[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(boc__thread_start(&thieves[i], thieve, &globals.others[i], "thief"), BOC_OK);
    const int count = SCALED(WORKS_MAX, 40);
    uint64_t retries = 0;
    for (int i = 0; i < count;) {
        if (i % 5 == 0)
            i += push_burst(i, count - i < 7 ? count - i : 7);
        else
            push_or_take(i++);
        boc__work_t *works[3];
        uint32_t popped = boc__ring_pop_many(&globals.ring, works, (uint32_t)i % 4, &retries);
        while (popped > 0)
            take(works[--popped]);
        boc__work_t *work = i % 3 == 0 ? boc__ring_pop(&globals.ring, &retries) : NULL;
        if (work != NULL)
            take(work);
    }
    for (boc__work_t *work; (work = boc__ring_pop(&globals.ring, &retries)) != NULL;)
        take(work);
    BOC_SPIN_UNTIL(atomic_load(&globals.taken) == count);
    atomic_store(&globals.is_over, true);
    for (int i = 0; i < 2; i++)
        boc__thread_join(&thieves[i]);
    CHECK(is_exhausted(&globals.ring));
}
BOC_TEST(each_work_goes_to_the_owner_or_one_thief) { boc__sys_run_seeds(thieves_body, NULL); }
