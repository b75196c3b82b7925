/* The stack that anybody pushes to and anybody empties. */
#include "fixture.h"

#include "core/sched/inbox.h"

enum { PRODUCERS = 3, PER_PRODUCER_MAX = 5000 };
#define PER_PRODUCER SCALED(PER_PRODUCER_MAX, 6)

typedef struct item {
    boc__work_t work; /* first */
    int payload;
    _Atomic int taken;
} item_t;

static struct {
    boc__inbox_t inbox;
    item_t items[PRODUCERS][PER_PRODUCER_MAX];
    _Atomic int taken;
} globals;

static void init(void) {
    memset(globals.items, 0, sizeof globals.items);
    boc__inbox_init(&globals.inbox);
    globals.taken = 0;
}

static int number_of(boc__work_t *work) {
    return (int)((item_t *)(void *)work - &globals.items[0][0]);
}

static void alone_body(void *context) {
    (void)context;
    init();
    CHECK(boc__inbox_is_empty(&globals.inbox));
    CHECK(boc__inbox_take(&globals.inbox) == NULL);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(boc__inbox_push(&globals.inbox, &globals.items[0][i].work), 0);
    CHECK(!boc__inbox_is_empty(&globals.inbox));
    boc__work_t *work = boc__inbox_take(&globals.inbox);
    for (int i = 0; i < 10; i++, work = work->next)
        CHECK_EQ(number_of(work), i);
    CHECK(work == NULL);
    CHECK(boc__inbox_is_empty(&globals.inbox));
}
BOC_TEST(take_gives_everything_oldest_first) { boc__sys_run_seeds(alone_body, NULL); }

static void produce(void *context) {
    item_t *items = context;
    for (int i = 0; i < PER_PRODUCER; i++) {
        items[i].payload = i + 1;
        (void)boc__inbox_push(&globals.inbox, &items[i].work);
    }
}

/* Take until all is taken; `last`, when there is one taker, checks the order. */
static void take_all(int *last) {
    while (atomic_load(&globals.taken) < PRODUCERS * PER_PRODUCER) {
        boc__work_t *work = boc__inbox_take(&globals.inbox);
        if (work == NULL)
            boc__thread_yield();
        for (boc__work_t *next; work != NULL; work = next) {
            next = work->next;
            int producer = number_of(work) / PER_PRODUCER_MAX;
            int serial = number_of(work) % PER_PRODUCER_MAX;
            item_t *item = &globals.items[producer][serial];
            CHECK_EQ(item->payload, serial + 1);
            CHECK_EQ(atomic_fetch_add(&item->taken, 1), 0);
            if (last != NULL) {
                CHECK_EQ(serial, last[producer] + 1);
                last[producer] = serial;
            }
            atomic_fetch_add(&globals.taken, 1);
        }
    }
}

static void take_beside(void *context) {
    (void)context;
    take_all(NULL);
}

static void race(bool has_second_taker) {
    init();
    boc__thread_t producers[PRODUCERS], taker;
    int last[PRODUCERS] = {-1, -1, -1};
    for (int i = 0; i < PRODUCERS; i++)
        CHECK_EQ(boc__thread_start(&producers[i], produce, globals.items[i], "producer"), BOC_OK);
    if (has_second_taker)
        CHECK_EQ(boc__thread_start(&taker, take_beside, NULL, "taker"), BOC_OK);
    take_all(has_second_taker ? NULL : last);
    for (int i = 0; i < PRODUCERS; i++)
        boc__thread_join(&producers[i]);
    if (has_second_taker)
        boc__thread_join(&taker);
    CHECK(boc__inbox_is_empty(&globals.inbox));
}

static void one_taker_body(void *context) {
    (void)context;
    race(false);
}
BOC_TEST(concurrent_push_keeps_each_producers_order) { boc__sys_run_seeds(one_taker_body, NULL); }

static void two_takers_body(void *context) {
    (void)context;
    race(true);
}
BOC_TEST(each_work_goes_to_one_taker) { boc__sys_run_seeds(two_takers_body, NULL); }
