/* Noticeboard: consistent snapshots that nobody waits for, mutations in order. */
#include "fixture.h"

#include "boc_test_alloc.h"
#include "platform/clock.h"

#include <stdint.h>

enum { THREADS = 3, MS = 1000 * 1000 };

/* A payload is a number above zero; dropping counts. */
static struct {
    _Atomic int made;
    _Atomic int dropped;
    _Atomic int done[8]; /* by status */
} globals;

static void count_drop(void *data) {
    CHECK(data != NULL);
    globals.dropped++;
}
static const boc_payload_ops_t counted = {count_drop};
static const boc_payload_t nothing = {NULL, NULL};

static boc_payload_t number(int n) {
    globals.made++;
    return (boc_payload_t){(void *)(intptr_t)(n + 1), &counted};
}
static int number_of(const boc_payload_t *payload) {
    CHECK(payload != NULL && payload->ops == &counted);
    return (int)(intptr_t)payload->data - 1;
}
static boc_key_t key_of(const char *text) { return (boc_key_t){text, strlen(text)}; }

static void count_done(void *context, boc_status_t status) {
    (void)context;
    globals.done[status]++;
}

static void begin(void) {
    memset(&globals, 0, sizeof globals);
    boc_notice_open();
}
static void end(void) {
    boc_notice_close();
    boc_notice_open();
    CHECK_EQ(globals.dropped, globals.made);
}

static void set(const char *key, int n) {
    CHECK_EQ(boc_notice_write(key_of(key), number(n), NULL, NULL), BOC_OK);
}
static void erase(const char *key) { CHECK_EQ(boc_notice_delete(key_of(key), NULL, NULL), BOC_OK); }
/* The value, or -1. */
static int get(const char *key) {
    boc_snapshot_t *snapshot = boc_snapshot_take();
    const boc_payload_t *value = boc_snapshot_find(snapshot, key_of(key));
    int n = value != NULL ? number_of(value) : -1;
    boc_snapshot_unref(snapshot);
    return n;
}
static size_t size(void) {
    boc_snapshot_t *snapshot = boc_snapshot_take();
    size_t count = boc_snapshot_count(snapshot);
    boc_snapshot_unref(snapshot);
    return count;
}
static void start(boc__thread_t *thread, boc__thread_fn run, void *context) {
    CHECK_EQ(boc__thread_start(thread, run, context, "board"), BOC_OK);
}

/* Adds one; a missing key counts as 0. */
static void add_one(boc_update_t *update, void *context) {
    (void)context;
    const boc_payload_t *value = boc_update_value(update);
    boc_update_finish(update, BOC_UPDATE_WRITE, number(value != NULL ? number_of(value) + 1 : 1));
}

/* -- one thread ----------------------------------------------------------------------- */

BOC_TEST(snapshot_keeps_what_it_saw) {
    begin();
    boc_snapshot_t *empty = boc_snapshot_take();
    CHECK_EQ(boc_snapshot_count(empty), 0);
    CHECK_EQ(boc_snapshot_version(empty), 0);
    set("a", 1);
    set("b", 2);
    CHECK(!boc_snapshot_is_current(empty));
    boc_snapshot_t *first = boc_snapshot_take();
    CHECK(boc_snapshot_is_current(first));
    set("a", 3);
    erase("b");
    erase("unknown");
    set("", 4);
    boc_snapshot_t *second = boc_snapshot_take();
    CHECK(boc_snapshot_version(second) > boc_snapshot_version(first));
    CHECK_EQ(boc_snapshot_count(empty), 0);
    CHECK_EQ(boc_snapshot_count(first), 2);
    CHECK_EQ(number_of(boc_snapshot_find(first, key_of("a"))), 1);
    CHECK_EQ(number_of(boc_snapshot_find(first, key_of("b"))), 2);
    CHECK_EQ(boc_snapshot_count(second), 2);
    CHECK_EQ(number_of(boc_snapshot_find(second, key_of("a"))), 3);
    CHECK(boc_snapshot_find(second, key_of("b")) == NULL);
    CHECK_EQ(boc_snapshot_position(second, key_of("b")), SIZE_MAX);
    CHECK_EQ(boc_snapshot_position(second, key_of("")), 1);
    CHECK_EQ(number_of(boc_snapshot_value(second, 1)), 4);
    CHECK_EQ(boc_snapshot_key(second, 0).bytes[0], 'a');
    CHECK_EQ(globals.dropped, 0);
    boc_snapshot_ref(first);
    boc_snapshot_unref(first);
    boc_snapshot_unref(first);
    CHECK_EQ(globals.dropped, 2);
    boc_snapshot_unref(empty);
    boc_notice_close();
    CHECK_EQ(size(), 0);
    CHECK_EQ(number_of(boc_snapshot_find(second, key_of("a"))), 3);
    CHECK_EQ(globals.dropped, 2);
    boc_snapshot_unref(second);
    end();
}

/* Goal: all places of the index and of the pages.  Method: fill, change and empty the board
 * in another order, and compare with an array each time. */
BOC_TEST(every_key_is_found_while_others_come_and_go) {
    begin();
    int values[BOC_NOTICE_KEYS_MAX];
    char text[8];
    memset(values, -1, sizeof values);
    for (int step = 0; step < 3000; step++) {
        int i = (step * 37 + step / 50) % BOC_NOTICE_KEYS_MAX;
        snprintf(text, sizeof text, "key%d", i);
        if (step % 5 == 4) {
            erase(text);
            values[i] = -1;
        } else {
            set(text, step);
            values[i] = step;
        }
        size_t present = 0;
        for (int k = 0; k < BOC_NOTICE_KEYS_MAX; k++) {
            snprintf(text, sizeof text, "key%d", k);
            CHECK_EQ(get(text), values[k]);
            present += values[k] >= 0;
        }
        CHECK_EQ(size(), present);
    }
    end();
}

BOC_TEST(keys_have_limits) {
    begin();
    char text[BOC_NOTICE_KEY_BYTES_MAX + 1];
    memset(text, 'x', sizeof text);
    boc_key_t longest = {text, BOC_NOTICE_KEY_BYTES_MAX}, longer = {text, sizeof text};
    CHECK_EQ(boc_notice_write(longer, number(1), count_done, NULL), BOC_EINVALID);
    CHECK_EQ(boc_notice_try_write(longer, number(1)), BOC_EINVALID);
    CHECK_EQ(boc_notice_delete(longer, count_done, NULL), BOC_EINVALID);
    CHECK_EQ(boc_notice_try_delete(longer), BOC_EINVALID);
    CHECK_EQ(boc_notice_update(longer, add_one, count_done, NULL), BOC_EINVALID);
    CHECK_EQ(globals.dropped, 2);
    CHECK_EQ(boc_notice_try_write(longest, number(2)), BOC_OK);
    for (int i = 1; i < BOC_NOTICE_KEYS_MAX; i++) {
        text[0] = (char)i;
        CHECK_EQ(boc_notice_try_write(longest, number(i)), BOC_OK);
    }
    CHECK_EQ(boc_notice_try_write(key_of("one more"), number(1)), BOC_EFULL);
    CHECK_EQ(boc_notice_write(key_of("one more"), number(1), count_done, NULL), BOC_OK);
    CHECK_EQ(globals.done[BOC_EFULL], 1);
    CHECK_EQ(size(), BOC_NOTICE_KEYS_MAX);
    CHECK_EQ(boc_notice_write(longest, number(9), count_done, NULL), BOC_OK);
    CHECK_EQ(boc_notice_delete(longest, count_done, NULL), BOC_OK);
    CHECK_EQ(boc_notice_write(key_of("one more"), number(5), count_done, NULL), BOC_OK);
    CHECK_EQ(globals.done[BOC_OK], 3);
    CHECK_EQ(get("one more"), 5);
    end();
}

/* -- updates and turns ---------------------------------------------------------------- */

/* Leaves the update to whoever looks at `context`. */
static void hand_over(boc_update_t *update, void *context) { *(boc_update_t **)context = update; }

static boc_update_t *update_later(const char *key) {
    boc_update_t *update = NULL;
    CHECK_EQ(boc_notice_update(key_of(key), hand_over, count_done, &update), BOC_OK);
    CHECK(update != NULL);
    return update;
}

BOC_TEST(update_computes_from_the_present_value) {
    begin();
    for (int i = 0; i < 5; i++)
        CHECK_EQ(boc_notice_update(key_of("n"), add_one, count_done, NULL), BOC_OK);
    CHECK_EQ(get("n"), 5);
    boc_update_t *update = update_later("n");
    CHECK_EQ(number_of(boc_update_value(update)), 5);
    boc_update_finish(update, BOC_UPDATE_KEEP, nothing);
    CHECK_EQ(get("n"), 5);
    boc_update_finish(update_later("n"), BOC_UPDATE_DELETE, nothing);
    CHECK_EQ(get("n"), -1);
    CHECK(boc_update_value(update = update_later("n")) == NULL);
    boc_update_finish(update, BOC_UPDATE_KEEP, nothing);
    CHECK_EQ(globals.done[BOC_OK], 8);
    end();
}

static void other_producer(void *context) {
    (void)context;
    set("free", 7);
    CHECK_EQ(get("free"), 7);
    CHECK_EQ(boc_notice_try_write(key_of("busy"), number(8)), BOC_EBUSY);
    globals.made--; /* it stayed ours */
    CHECK_EQ(boc_notice_try_delete(key_of("busy")), BOC_EBUSY);
    CHECK_EQ(boc_notice_write(key_of("busy"), number(9), count_done, NULL), BOC_OK);
    CHECK_EQ(boc_notice_sync(0, NULL), BOC_ETIMEOUT);
    CHECK_EQ(boc_notice_delete(key_of("free"), count_done, NULL), BOC_OK);
    CHECK_EQ(get("free"), 7);
}

/* Goal: what is behind an update waits, and nothing else.  Method: keep one waiting. */
static void turns_body(void *context) {
    (void)context;
    begin();
    set("busy", 1);
    boc_update_t *update = update_later("busy");
    set("mine", 2); /* the same producer */
    CHECK_EQ(get("mine"), -1);
    boc__thread_t thread;
    start(&thread, other_producer, NULL);
    boc__thread_join(&thread);
    CHECK_EQ(get("busy"), 1);
    CHECK_EQ(boc_notice_sync(MS, NULL), BOC_ETIMEOUT);
    boc_update_finish(update, BOC_UPDATE_WRITE, number(5));
    CHECK_EQ(get("busy"), 9);
    CHECK_EQ(get("mine"), 2);
    CHECK_EQ(get("free"), -1);
    CHECK_EQ(globals.done[BOC_OK], 3);
    CHECK_EQ(boc_notice_sync(0, NULL), BOC_OK);
    end();
}
BOC_TEST(only_the_same_key_and_the_same_producer_wait) { boc__sys_run_seeds(turns_body, NULL); }

/* Each update makes the next one ready inside its own `run`: that must not recurse. */
BOC_TEST(a_long_line_of_updates_needs_no_stack) {
    begin();
    boc_update_t *first = update_later("n");
    for (int i = 0; i < SCALED(200000, 500); i++)
        CHECK_EQ(boc_notice_update(key_of("n"), add_one, NULL, NULL), BOC_OK);
    boc_update_finish(first, BOC_UPDATE_KEEP, nothing);
    CHECK_EQ(get("n"), SCALED(200000, 500));
    end();
}

BOC_TEST(closing_ends_what_waits_and_refuses_the_rest) {
    begin();
    set("a", 1);
    boc_update_t *update = update_later("a");
    CHECK_EQ(boc_notice_write(key_of("a"), number(2), count_done, NULL), BOC_OK);
    CHECK_EQ(boc_notice_update(key_of("b"), add_one, count_done, NULL), BOC_OK);
    boc_notice_close();
    CHECK_EQ(globals.done[BOC_ECLOSED], 2);
    CHECK_EQ(boc_notice_sync(0, NULL), BOC_OK);
    CHECK_EQ(boc_notice_write(key_of("a"), number(2), count_done, NULL), BOC_ECLOSED);
    CHECK_EQ(boc_notice_try_write(key_of("a"), number(2)), BOC_ECLOSED);
    CHECK_EQ(boc_notice_delete(key_of("a"), count_done, NULL), BOC_ECLOSED);
    CHECK_EQ(boc_notice_update(key_of("a"), add_one, count_done, NULL), BOC_ECLOSED);
    boc_notice_open();
    set("a", 6);
    CHECK_EQ(number_of(boc_update_value(update)), 1);
    boc_update_finish(update, BOC_UPDATE_WRITE, number(7));
    CHECK_EQ(globals.done[BOC_ECLOSED], 3);
    CHECK_EQ(get("a"), 6);
    update = update_later("a");
    set("a", 8);
    boc_notice_forget_all();
    CHECK_EQ(size(), 0);
    set("a", 9);
    boc_update_finish(update, BOC_UPDATE_KEEP, nothing);
    CHECK_EQ(get("a"), 9);
    end();
}

/* -- several threads ------------------------------------------------------------------ */

enum { WRITES = SCALED(20000, 4) };
static const char *const pair[] = {"left", "middle", "right"};

/* Writes equal numbers under all keys of `pair`, last first. */
static void write_pairs(void *context) {
    _Atomic int *stop = context;
    for (int i = 1; i <= WRITES; i++)
        for (int k = 2; k >= 0; k--)
            set(pair[k], i);
    *stop = 1;
}

/* Goal: a snapshot is a state that the writer published.  Method: in each such state the
 * numbers do not fall from left to right, and differ by one at most. */
static void snapshot_body(void *context) {
    (void)context;
    begin();
    for (int k = 2; k >= 0; k--)
        set(pair[k], 0);
    _Atomic int stop = 0;
    boc__thread_t writer;
    start(&writer, write_pairs, &stop);
    uint64_t version = 0;
    for (int looks = 0; stop == 0 || looks < 2; looks++) {
        boc_snapshot_t *snapshot = boc_snapshot_take();
        int seen[3];
        for (int k = 0; k < 3; k++)
            seen[k] = number_of(boc_snapshot_find(snapshot, key_of(pair[k])));
        CHECK(seen[0] <= seen[1] && seen[1] <= seen[2] && seen[2] - seen[0] <= 1);
        CHECK(boc_snapshot_version(snapshot) >= version);
        version = boc_snapshot_version(snapshot);
        boc_snapshot_unref(snapshot);
    }
    boc__thread_join(&writer);
    end();
}
BOC_TEST(snapshot_during_a_write_is_one_that_was_published) {
    boc__sys_run_seeds(snapshot_body, NULL);
}

enum { TAKES = SCALED(20000, 6), HELD = 100 };
/* Takes and keeps snapshots, some for long; ends with none. */
static void take_and_keep(void *context) {
    (void)context;
    boc_snapshot_t *held[HELD] = {NULL};
    for (int i = 0; i < TAKES; i++) {
        boc_snapshot_t **place = &held[i * i % HELD];
        if (*place != NULL)
            boc_snapshot_unref(*place);
        *place = boc_snapshot_take();
        const boc_payload_t *value = boc_snapshot_find(*place, key_of("k"));
        if (value != NULL)
            CHECK(number_of(value) >= 0);
    }
    for (int i = 0; i < HELD; i++)
        if (held[i] != NULL)
            boc_snapshot_unref(held[i]);
}

/* Goal: every snapshot is freed once, when its last reader is gone, and not before.  Method:
 * readers that overlap, writes beside them; blocks and drops are counted. */
static void reclaim_body(void *context) {
    (void)context;
    begin();
    boc__thread_t readers[THREADS];
    for (int i = 0; i < THREADS; i++)
        start(&readers[i], take_and_keep, NULL);
    for (int i = 0; i < SCALED(20000, 5); i++) {
        set("k", i);
        if (i % 4 == 3)
            erase("k");
        if (i % 1000 == 2)
            boc_notice_close(), boc_notice_open();
    }
    for (int i = 0; i < THREADS; i++)
        boc__thread_join(&readers[i]);
    end();
}
BOC_TEST(every_snapshot_is_freed_once_after_its_last_reader) {
    boc__sys_run_seeds(reclaim_body, NULL);
}

static void update_many(void *context) {
    for (int i = 0; i < SCALED(3000, 2); i++) {
        CHECK_EQ(boc_notice_update(key_of("sum"), add_one, count_done, NULL), BOC_OK);
        CHECK_EQ(boc_notice_update(key_of(context), add_one, count_done, NULL), BOC_OK);
    }
    CHECK_EQ(boc_notice_sync(BOC_NO_TIMEOUT, NULL), BOC_OK);
    CHECK_EQ(get(context), SCALED(3000, 2));
}
static void contention_body(void *context) {
    (void)context;
    begin();
    static char names[THREADS][2] = {"0", "1", "2"};
    boc__thread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        start(&threads[i], update_many, names[i]);
    for (int i = 0; i < THREADS; i++)
        boc__thread_join(&threads[i]);
    CHECK_EQ(get("sum"), THREADS * SCALED(3000, 2));
    CHECK_EQ(globals.done[BOC_OK], 2 * THREADS * SCALED(3000, 2));
    end();
}
BOC_TEST(updates_of_several_threads_lose_nothing) { boc__sys_run_seeds(contention_body, NULL); }

/* A mutation behind somebody else's update, then a wait for it. */
static void write_and_sync(void *context) {
    (void)context;
    set("k", 2);
    CHECK_EQ(boc_notice_sync(BOC_NO_TIMEOUT, NULL), BOC_OK);
    CHECK_EQ(get("k"), 2);
}
/* Goal: no lost wake-up.  Method: an update ends beside a thread that goes to sleep. */
static void sync_body(void *context) {
    (void)context;
    begin();
    for (int i = 0; i < SCALED(2000, 2); i++) {
        boc__thread_t thread;
        boc_update_t *update = update_later("k");
        start(&thread, write_and_sync, NULL);
        boc__thread_yield();
        boc_update_finish(update, BOC_UPDATE_WRITE, number(1));
        boc__thread_join(&thread);
    }
    end();
}
BOC_TEST(end_beside_a_thread_that_goes_to_sleep_wakes_it) { boc__sys_run_seeds(sync_body, NULL); }

static void sync_timed(void *context) {
    boc_status_t status = boc_notice_write(key_of("k"), number(2), NULL, NULL);
    CHECK(status == BOC_OK || status == BOC_ECLOSED);
    status = boc_notice_sync(MS / 10, NULL);
    CHECK(status == BOC_OK || status == BOC_ETIMEOUT);
    *(boc_status_t *)context = status;
}
/* The same beside a timeout, and beside a board that is closed. */
static void timed_body(void *context) {
    begin();
    for (int i = 0; i < SCALED(500, 2); i++) {
        boc__thread_t thread;
        boc_status_t status;
        boc_update_t *update = update_later("k");
        start(&thread, sync_timed, &status);
        boc__clock_sleep_ns(MS / 10);
        if (context != NULL)
            boc_notice_close(), boc_notice_open();
        boc_update_finish(update, BOC_UPDATE_WRITE, number(1));
        boc__thread_join(&thread);
        CHECK_EQ(boc_notice_sync(0, NULL), BOC_OK);
        if (context == NULL)
            CHECK_EQ(get("k"), 2);
    }
    end();
}
BOC_TEST(timeout_beside_the_end_is_one_or_the_other) { boc__sys_run_seeds(timed_body, NULL); }
BOC_TEST(close_beside_a_sleeping_thread_wakes_it) { boc__sys_run_seeds(timed_body, &globals); }

typedef struct host {
    int before, after, limit;
} host_t;
static void count_before(void *context) { ((host_t *)context)->before++; }
static boc_status_t count_after(void *context, bool is_over) {
    host_t *host = context;
    CHECK_EQ(host->before, ++host->after);
    return !is_over && host->after >= host->limit ? BOC_EINTERRUPTED : BOC_OK;
}
BOC_TEST(host_may_end_a_wait) {
    begin();
    boc_update_t *update = update_later("k");
    host_t host = {.limit = 3};
    boc_blocking_t blocking = {count_before, count_after, &host, MS / 10, 0};
    CHECK_EQ(boc_notice_sync(BOC_NO_TIMEOUT, &blocking), BOC_EINTERRUPTED);
    CHECK_EQ(host.after, 3);
    host = (host_t){.limit = 100};
    CHECK_EQ(boc_notice_sync(MS, &blocking), BOC_ETIMEOUT);
    boc_update_finish(update, BOC_UPDATE_KEEP, nothing);
    end();
}

/* Goal: the writes of one thread are seen in order by every reader. */
static void write_in_order(void *context) {
    (void)context;
    for (int i = 1; i <= WRITES; i++) {
        set("first", i);
        if (i % 3 == 0)
            CHECK_EQ(boc_notice_update(key_of("first"), add_one, NULL, NULL), BOC_OK);
        set("second", i);
    }
}
static void order_body(void *context) {
    (void)context;
    begin();
    set("first", 0), set("second", 0);
    boc__thread_t thread;
    start(&thread, write_in_order, NULL);
    for (int seen = 0; seen < WRITES;) {
        boc_snapshot_t *snapshot = boc_snapshot_take();
        int first = number_of(boc_snapshot_find(snapshot, key_of("first")));
        int second = number_of(boc_snapshot_find(snapshot, key_of("second")));
        CHECK(first >= second && first <= second + 2 && second >= seen);
        seen = second;
        boc_snapshot_unref(snapshot);
        boc__thread_yield();
    }
    boc__thread_join(&thread);
    end();
}
BOC_TEST(writes_of_one_thread_are_seen_in_order) { boc__sys_run_seeds(order_body, NULL); }

/* -- memory --------------------------------------------------------------------------- */

/* Goal: without memory nothing changes and nothing is lost.  Method: fail the n-th. */
static void sweep_body(void) {
    begin();
    int expected = -1;
    for (int i = 0; i < 3; i++) {
        boc_status_t status = boc_notice_try_write(key_of("k"), number(i));
        CHECK(status == BOC_OK || status == BOC_ENOMEM);
        expected = status == BOC_OK ? i : expected;
        CHECK_EQ(get("k"), expected);
    }
    boc_snapshot_t *held[80]; /* more than a row of seats */
    for (int i = 0; i < 80; i++) {
        held[i] = boc_snapshot_take();
        boc_status_t status = boc_notice_write(key_of("k"), number(i), count_done, NULL);
        expected = status == BOC_OK ? i : expected;
        CHECK_EQ(get("k"), expected);
    }
    for (int i = 0; i < 80; i++)
        boc_snapshot_unref(held[i]);
    boc_update_t *update = NULL;
    boc_status_t status = boc_notice_update(key_of("k"), hand_over, count_done, &update);
    CHECK_EQ(status == BOC_OK, update != NULL);
    bool is_set = boc_notice_write(key_of("l"), number(8), count_done, NULL) == BOC_OK;
    bool is_erased = boc_notice_delete(key_of("l"), count_done, NULL) == BOC_OK;
    int failed = globals.done[BOC_ENOMEM];
    if (update != NULL)
        boc_update_finish(update, BOC_UPDATE_WRITE, number(9));
    failed = globals.done[BOC_ENOMEM] - failed;
    CHECK(failed <= 1);
    if (failed == 0) {
        CHECK_EQ(get("k"), update != NULL ? 9 : expected);
        CHECK_EQ(get("l"), is_set && !is_erased ? 8 : -1);
    }
    end();
}
BOC_TEST(without_memory_nothing_is_changed) {
    /* The rows of seats stay once they are made. */
    boc_snapshot_t *held[80];
    for (int i = 0; i < 80; i++) {
        held[i] = boc_snapshot_take();
        CHECK_EQ(boc_notice_write(key_of("k"), nothing, NULL, NULL), BOC_OK);
    }
    for (int i = 0; i < 80; i++)
        boc_snapshot_unref(held[i]);
    boc_notice_close();
    CHECK(boc_test_alloc_sweep(sweep_body) > 100);
}
