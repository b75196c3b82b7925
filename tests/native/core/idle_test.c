/* Who sleeps, who searches, and whom a producer wakes. */
#include "fixture.h"

#include "core/sched/idle.h"
#include "core/sched/inbox.h"

enum { SLEEPERS = 3, ITEMS_MAX = 3000 };

static struct {
    boc__idle_t idle;
    boc__idler_t idlers[SLEEPERS];
    boc__inbox_t inbox;
    boc__work_t items[ITEMS_MAX];
    _Atomic int taken;
    _Atomic bool is_over;
} globals;

static void init(void) {
    boc__idle_init(&globals.idle);
    memset(globals.idlers, 0, sizeof globals.idlers);
    for (int i = 0; i < SLEEPERS; i++)
        boc__parker_init(&globals.idlers[i].parker);
    boc__inbox_init(&globals.inbox);
    globals.taken = 0;
    globals.is_over = false;
}

static void deinit(void) {
    for (int i = 0; i < SLEEPERS; i++)
        boc__parker_deinit(&globals.idlers[i].parker);
    boc__idle_deinit(&globals.idle);
}

static bool was_woken(int sleeper) {
    return boc__parker_park(&globals.idlers[sleeper].parker, 0) == BOC_OK;
}
static void lie_down(int sleeper) { boc__idle_register(&globals.idle, &globals.idlers[sleeper]); }
static bool get_up(int sleeper) { return boc__idle_leave(&globals.idle, &globals.idlers[sleeper]); }
static bool begin_search(int sleeper, uint32_t limit) {
    return boc__idle_begin_search(&globals.idle, &globals.idlers[sleeper], limit);
}
static bool end_search(int sleeper) {
    return boc__idle_end_search(&globals.idle, &globals.idlers[sleeper]);
}
static void notify(boc__idler_t *preferred) { boc__idle_notify(&globals.idle, preferred); }

static void check_state(uint32_t sleeping, uint32_t searching) {
    uint64_t state = atomic_load(&globals.idle.state);
    CHECK_EQ(boc__idle_sleeping(state), sleeping);
    CHECK_EQ(boc__idle_searching(state), searching);
}

static void newest_body(void *context) {
    (void)context;
    init();
    notify(NULL);
    for (int i = 0; i < SLEEPERS; i++)
        lie_down(i);
    check_state(SLEEPERS, 0);
    notify(NULL);
    check_state(SLEEPERS - 1, 1);
    CHECK(was_woken(SLEEPERS - 1));
    CHECK(!was_woken(0) && !was_woken(1));
    CHECK(!get_up(SLEEPERS - 1)); /* the waker took it off */
    CHECK(end_search(SLEEPERS - 1));
    CHECK(!end_search(SLEEPERS - 1));
    check_state(SLEEPERS - 1, 0);
    CHECK(get_up(0));
    CHECK(get_up(1));
    check_state(0, 0);
    notify(NULL);
    CHECK(!was_woken(0) && !was_woken(1));
    deinit();
}
BOC_TEST(notify_wakes_the_newest_sleeper_only) { boc__sys_run_seeds(newest_body, NULL); }

static void preferred_body(void *context) {
    (void)context;
    init();
    for (int i = 0; i < SLEEPERS; i++)
        lie_down(i);
    notify(&globals.idlers[1]);
    CHECK(was_woken(1));
    CHECK(end_search(1));
    notify(&globals.idlers[1]); /* it is awake now */
    CHECK(was_woken(2));
    CHECK(!was_woken(1));
    CHECK(end_search(2));
    CHECK(get_up(0));
    deinit();
}
BOC_TEST(notify_wakes_the_preferred_sleeper) { boc__sys_run_seeds(preferred_body, NULL); }

static void searching_body(void *context) {
    (void)context;
    init();
    lie_down(0);
    CHECK(begin_search(1, 2));
    CHECK(begin_search(1, 2)); /* already: not counted twice */
    check_state(1, 1);
    CHECK(begin_search(2, 2));
    notify(NULL);
    CHECK(!was_woken(0));
    CHECK(!end_search(2));
    notify(NULL);
    CHECK(!was_woken(0));
    CHECK(end_search(1)); /* the last: has to notify */
    notify(NULL);
    CHECK(was_woken(0));
    CHECK(end_search(0));
    deinit();
}
BOC_TEST(nobody_is_woken_while_somebody_searches) { boc__sys_run_seeds(searching_body, NULL); }

static void limit_body(void *context) {
    (void)context;
    init();
    CHECK(begin_search(0, 1));
    CHECK(!begin_search(1, 1));
    lie_down(0); /* gives up the search */
    check_state(1, 0);
    CHECK(begin_search(1, 1));
    CHECK(get_up(0));
    CHECK(end_search(1));
    check_state(0, 0);
    deinit();
}
BOC_TEST(searchers_are_limited) { boc__sys_run_seeds(limit_body, NULL); }

/* -- the whole protocol ------------------------------------------------------------- */

static boc__work_t *look(boc__idler_t *idler) {
    (void)boc__idle_begin_search(&globals.idle, idler, 2);
    boc__work_t *list = boc__inbox_take(&globals.inbox);
    if (list != NULL && boc__idle_end_search(&globals.idle, idler))
        notify(NULL);
    return list;
}

static void consume(void *context) {
    boc__idler_t *idler = context;
    while (!atomic_load(&globals.is_over)) {
        boc__work_t *list = look(idler);
        for (; list != NULL; list = list->next)
            atomic_fetch_add(&globals.taken, 1);
        boc__idle_register(&globals.idle, idler);
        if (boc__inbox_is_empty(&globals.inbox) && !atomic_load(&globals.is_over))
            (void)boc__parker_park(&idler->parker, BOC_FOREVER);
        (void)boc__idle_leave(&globals.idle, idler);
    }
    (void)boc__idle_end_search(&globals.idle, idler);
}

static void produce(void *context) {
    boc__work_t *items = context;
    for (int i = 0; i < SCALED(ITEMS_MAX / 2, 4); i++) {
        (void)boc__inbox_push(&globals.inbox, &items[i]);
        notify(NULL);
    }
}

/* Goal: no wake-up is lost: whatever is pushed is taken.
 * Method: sleepers without deadlines; a lost one would never end. */
static void wakeups_body(void *context) {
    (void)context;
    init();
    boc__thread_t consumers[SLEEPERS], producer;
    for (int i = 0; i < SLEEPERS; i++)
        CHECK_EQ(boc__thread_start(&consumers[i], consume, &globals.idlers[i], "consumer"), BOC_OK);
    CHECK_EQ(boc__thread_start(&producer, produce, &globals.items[ITEMS_MAX / 2], "producer"),
             BOC_OK);
    produce(&globals.items[0]);
    BOC_SPIN_UNTIL(atomic_load(&globals.taken) == 2 * SCALED(ITEMS_MAX / 2, 4));
    atomic_store(&globals.is_over, true);
    for (int i = 0; i < SLEEPERS; i++)
        boc__parker_wake(&globals.idlers[i].parker);
    boc__thread_join(&producer);
    for (int i = 0; i < SLEEPERS; i++)
        boc__thread_join(&consumers[i]);
    check_state(0, 0);
    deinit();
}
BOC_TEST(everything_that_is_pushed_is_taken) { boc__sys_run_seeds(wakeups_body, NULL); }
