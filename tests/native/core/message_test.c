/* Messages: each received once, in order, by a thread that sleeps until then. */
#include "fixture.h"

#include "core/alloc.h"
#include "platform/clock.h"

#include <stdint.h>

enum { PRODUCERS = 3, TAGS = 3, MESSAGES = SCALED(3000, 3), MS = 1000 * 1000 };

static const boc_tag_t names[TAGS] = {{"a", 1}, {"b", 1}, {"", 0}};
static const boc_tag_t stop = {"stop", 4};

static struct {
    _Atomic int dropped;
    _Atomic int received;
    _Atomic int seen[PRODUCERS][TAGS][MESSAGES];
} globals;

/* A payload is a number above zero; dropping counts. */
static void count_drop(void *data) {
    CHECK(data != NULL);
    globals.dropped++;
}
static const boc_payload_ops_t counted = {count_drop};
static boc_payload_t number(int n) { return (boc_payload_t){(void *)(intptr_t)(n + 1), &counted}; }
static int number_of(boc_payload_t payload) {
    CHECK(payload.ops == &counted);
    return (int)(intptr_t)payload.data - 1;
}

static void begin(void) {
    boc_message_forget_all();
    memset(&globals, 0, sizeof globals);
}

static boc_status_t try_send(boc_tag_t tag, int n) {
    return boc_message_send(tag, number(n), 0, NULL);
}
static void send(boc_tag_t tag, int n) { CHECK_EQ(try_send(tag, n), BOC_OK); }

static int receive_from(const boc_tag_t *tags, size_t count, size_t *p_index) {
    boc_payload_t payload;
    CHECK_EQ(boc_message_receive(tags, count, BOC_NO_TIMEOUT, NULL, p_index, &payload), BOC_OK);
    return number_of(payload);
}

static int receive(boc_tag_t tag) {
    size_t index = 99;
    int n = receive_from(&tag, 1, &index);
    CHECK_EQ(index, 0);
    return n;
}

static bool is_empty(boc_tag_t tag) {
    size_t index;
    boc_payload_t payload;
    boc_status_t status = boc_message_receive(&tag, 1, 0, NULL, &index, &payload);
    if (status == BOC_OK)
        boc_payload_drop(&payload);
    return status == BOC_ETIMEOUT;
}

static void end(void) {
    CHECK_EQ(boc_message_set_tags(NULL, 0), BOC_OK);
    boc_message_forget_all();
}

static void start(boc__thread_t *thread, boc__thread_fn run, void *context) {
    CHECK_EQ(boc__thread_start(thread, run, context, "messages"), BOC_OK);
}

/* -- one thread ------------------------------------------------------------------------- */

BOC_TEST(messages_arrive_in_order_and_leave_other_tags_alone) {
    begin();
    for (int i = 0; i < 200; i++) {
        send(names[0], i);
        send(names[1], 1000 + i);
    }
    for (int i = 0; i < 200; i++)
        CHECK_EQ(receive(names[1]), 1000 + i);
    size_t index;
    for (int i = 0; i < 100; i++)
        CHECK_EQ(receive_from(names, TAGS, &index), i);
    send(names[2], 7);
    for (int i = 100; i < 200; i++) {
        CHECK_EQ(receive_from(names, TAGS, &index), i);
        CHECK_EQ(index, 0);
    }
    CHECK_EQ(receive_from(names, TAGS, &index), 7);
    CHECK_EQ(index, 2);
    end();
    CHECK_EQ(globals.dropped, 0);
}

BOC_TEST(tags_are_any_bytes_and_any_number) {
    begin();
    char text[3] = {0};
    for (int i = 0; i < 5000; i++) {
        text[0] = (char)(i & 127), text[1] = (char)(i >> 7);
        send((boc_tag_t){text, 3}, i);
    }
    for (int i = 4999; i >= 0; i--) {
        text[0] = (char)(i & 127), text[1] = (char)(i >> 7);
        CHECK_EQ(receive((boc_tag_t){text, 3}), i);
    }
    CHECK(is_empty((boc_tag_t){text, 2}));
    end();
}

BOC_TEST(full_queue_refuses_and_drops_what_it_was_given) {
    begin();
    CHECK_EQ(boc_message_set_capacity(0, NULL), BOC_EINVALID);
    CHECK_EQ(boc_message_set_capacity(2, NULL), BOC_OK);
    CHECK_EQ(boc_message_set_capacity(1, &names[1]), BOC_OK);
    send(names[0], 1);
    send(names[0], 2);
    CHECK_EQ(try_send(names[0], 3), BOC_EFULL);
    send(names[1], 1);
    CHECK_EQ(try_send(names[1], 2), BOC_EFULL);
    CHECK_EQ(globals.dropped, 2);
    CHECK_EQ(boc_message_send(names[1], number(9), MS, NULL), BOC_ETIMEOUT);
    CHECK_EQ(globals.dropped, 3);
    CHECK_EQ(receive(names[1]), 1);
    send(names[1], 5);
    boc_message_drain(names[1]);
    boc_message_drain((boc_tag_t){"unknown", 7});
    CHECK_EQ(globals.dropped, 4);
    send(names[1], 6);
    CHECK_EQ(receive(names[0]), 1);
    end();
    CHECK_EQ(globals.dropped, 6);
    for (int i = 0; i < BOC_QUEUE_CAPACITY_DEFAULT; i++)
        send(names[0], i);
    CHECK_EQ(try_send(names[0], 0), BOC_EFULL);
    end();
}

static void timeout_body(void *context) {
    (void)context;
    begin();
    size_t index;
    boc_payload_t payload;
    CHECK_EQ(boc_message_receive(NULL, 0, 0, NULL, &index, &payload), BOC_EINVALID);
    int64_t before = boc__clock_now_ns();
    for (size_t count = 1; count <= TAGS; count++)
        CHECK_EQ(boc_message_receive(names, count, 5 * MS, NULL, &index, &payload), BOC_ETIMEOUT);
    CHECK(boc__clock_now_ns() - before >= 15 * MS);
    send(names[1], 4);
    CHECK_EQ(receive_from(names, TAGS, &index), 4);
    end();
}
BOC_TEST(timeouts_are_never_early) { boc__sys_run_seeds(timeout_body, NULL); }

static boc_tag_stats_t stats_of[8];
static void keep_stats(void *context, const boc_tag_stats_t *stats) {
    CHECK_EQ(stats->index, *(size_t *)context);
    stats_of[(*(size_t *)context)++] = *stats;
}
static size_t read_stats(void) {
    size_t count = 0;
    CHECK_EQ(boc_message_stats(keep_stats, &count), BOC_OK);
    return count;
}

BOC_TEST(stats_count_and_polling_assigns_no_tag) {
    begin();
    CHECK(is_empty(names[0]));
    boc_message_drain(names[0]);
    CHECK_EQ(read_stats(), 0);
    CHECK_EQ(boc_message_set_tags((boc_tag_t[]){names[1], names[0], names[1]}, 3), BOC_OK);
    CHECK_EQ(read_stats(), 2);
    send(names[0], 1);
    send(names[0], 2);
    CHECK_EQ(receive(names[0]), 1);
    CHECK_EQ(read_stats(), 2);
    CHECK_EQ(stats_of[0].pushed, 0);
    CHECK_EQ(stats_of[1].pushed, 2);
    CHECK_EQ(stats_of[1].popped, 1);
    CHECK_EQ(stats_of[1].length, 1);
    CHECK_EQ(stats_of[1].capacity, BOC_QUEUE_CAPACITY_DEFAULT);
    CHECK_EQ(boc_message_set_tags(names, 2), BOC_OK); /* the other way round */
    CHECK_EQ(read_stats(), 2);
    CHECK_EQ(stats_of[0].pushed, 2);
    CHECK_EQ(stats_of[0].length, 0);
    CHECK_EQ(globals.dropped, 1);
    send(stop, 1);
    CHECK_EQ(read_stats(), 3);
    end();
    CHECK_EQ(read_stats(), 0);
}

/* Goal: an allocation that fails loses nothing.  Method: fail the n-th, for every n. */
static int allocations_left;
static boc__allocator_t failing;
static void *allocate(size_t align, size_t size) {
    return allocations_left-- > 0 ? aligned_alloc(align, (size + align - 1) & ~(align - 1)) : NULL;
}
static int run_failing(int allowed) {
    begin();
    failing = (boc__allocator_t){allocate, free};
    boc__alloc_set(&failing);
    allocations_left = allowed;
    int sent = 0, failed = 0, popped = 0;
    for (int i = 0; i < 40; i++) { /* more than a chunk */
        boc_status_t status = try_send(names[0], i);
        CHECK(status == BOC_OK || status == BOC_ENOMEM);
        sent += status == BOC_OK;
        failed += status == BOC_ENOMEM;
    }
    CHECK_EQ(globals.dropped, failed);
    failed += boc_message_set_capacity(100, &names[1]) == BOC_ENOMEM;
    failed += boc_message_set_capacity(100, NULL) == BOC_ENOMEM;
    size_t count = 0;
    failed += boc_message_stats(keep_stats, &count) == BOC_ENOMEM;
    size_t index;
    boc_payload_t payload;
    boc_tag_t many[9];
    for (int i = 0; i < 9; i++)
        many[i] = (boc_tag_t){"123456789", (size_t)i + 1};
    failed += boc_message_receive(many, 9, 1, NULL, &index, &payload) == BOC_ENOMEM;
    while (boc_message_receive(names, 1, 0, NULL, &index, &payload) == BOC_OK)
        popped++;
    CHECK_EQ(popped, sent);
    failed += boc_message_set_tags(many, 3) == BOC_ENOMEM;
    allocations_left = 1000;
    end();
    boc__alloc_set(NULL);
    return failed;
}
BOC_TEST(failed_allocations_lose_nothing) {
    int allowed = 0;
    while (run_failing(allowed) > 0)
        allowed++;
    CHECK(allowed > 15);
}

/* -- several threads -------------------------------------------------------------------- */

static void take_one(void *context) {
    size_t index;
    *(int *)context = receive_from(names, TAGS, &index);
    CHECK_EQ(index, 1);
}

/* Goal: no lost wake-up.  Method: a message beside a receiver that goes to sleep. */
static void wake_body(void *context) {
    (void)context;
    begin();
    for (int i = 0; i < SCALED(2000, 2); i++) {
        boc__thread_t thread;
        int n = -1;
        start(&thread, take_one, &n);
        send(names[1], i);
        boc__thread_join(&thread);
        CHECK_EQ(n, i);
    }
    end();
}
BOC_TEST(message_beside_a_receiver_that_goes_to_sleep_arrives) {
    boc__sys_run_seeds(wake_body, NULL);
}

static void produce(void *context) {
    int producer = *(int *)context;
    for (int i = 0; i < MESSAGES; i++)
        for (int tag = 0; tag < TAGS; tag++)
            CHECK_EQ(
                boc_message_send(names[tag], number(producer * MESSAGES + i), BOC_NO_TIMEOUT, NULL),
                BOC_OK);
}

/* Receive until told to stop; serials of each producer and tag must rise. */
static void consume(void *context) {
    (void)context;
    boc_tag_t tags[TAGS + 1] = {names[0], names[1], names[2], stop};
    int last[PRODUCERS][TAGS];
    memset(last, -1, sizeof last);
    for (;;) {
        size_t index;
        int n = receive_from(tags, TAGS + 1, &index);
        if (index == TAGS)
            return;
        int producer = n / MESSAGES, serial = n % MESSAGES;
        CHECK(serial > last[producer][index]);
        last[producer][index] = serial;
        CHECK_EQ(globals.seen[producer][index][serial]++, 0);
        globals.received++;
    }
}

static void fan(int producers, int consumers, size_t capacity) {
    begin();
    CHECK_EQ(boc_message_set_capacity(capacity, NULL), BOC_OK);
    boc__thread_t threads[2 * PRODUCERS];
    int numbers[PRODUCERS];
    for (int i = 0; i < consumers; i++)
        start(&threads[PRODUCERS + i], consume, NULL);
    for (int i = 0; i < producers; i++) {
        numbers[i] = i;
        start(&threads[i], produce, &numbers[i]);
    }
    for (int i = 0; i < producers; i++)
        boc__thread_join(&threads[i]);
    for (int i = 0; i < consumers; i++)
        CHECK_EQ(boc_message_send(stop, number(0), BOC_NO_TIMEOUT, NULL), BOC_OK);
    for (int i = 0; i < consumers; i++)
        boc__thread_join(&threads[PRODUCERS + i]);
    CHECK_EQ(globals.received, producers * TAGS * MESSAGES);
    CHECK_EQ(globals.dropped, 0);
    end();
}

static void many_body(void *context) {
    (void)context;
    fan(2, 2, BOC_QUEUE_CAPACITY_DEFAULT);
}
BOC_TEST(every_message_is_received_once_in_its_producers_order) {
    boc__sys_run_seeds(many_body, NULL);
}

static void bounded_body(void *context) {
    (void)context;
    fan(PRODUCERS, 1, 1);
    fan(2, 2, 2);
}
BOC_TEST(senders_wait_for_room_and_lose_nothing) { boc__sys_run_seeds(bounded_body, NULL); }

static void send_many(void *context) {
    (void)context;
    for (int i = 0; i < MESSAGES; i++)
        CHECK_EQ(boc_message_send(names[0], number(i), BOC_NO_TIMEOUT, NULL), BOC_OK);
}

static void receive_until_stop(void *context) {
    (void)context;
    boc_tag_t tags[] = {names[0], stop};
    int last = -1;
    for (;;) {
        size_t index;
        int n = receive_from(tags, 2, &index);
        if (index == 1)
            return;
        CHECK(n > last);
        last = n;
        globals.received++;
    }
}

/* Goal: what is drained is not received, and the rest is.  The queue is short, so senders
 * wait when it is drained.  `context`: whether tags are replaced instead. */
static void drain_body(void *context) {
    begin();
    if (context == NULL)
        CHECK_EQ(boc_message_set_capacity(2, NULL), BOC_OK);
    boc__thread_t sender, receiver;
    start(&sender, send_many, NULL);
    start(&receiver, receive_until_stop, NULL);
    for (int i = 0; i < SCALED(500, 2); i++) {
        boc_tag_t kept[] = {names[i % 2], stop};
        if (context == NULL)
            boc_message_drain(names[0]);
        else
            CHECK_EQ(boc_message_set_tags(kept, 2), BOC_OK);
    }
    boc__thread_join(&sender);
    send(stop, 0);
    boc__thread_join(&receiver);
    CHECK_EQ(globals.received + globals.dropped, MESSAGES);
    CHECK(is_empty(names[0]));
    end();
}
BOC_TEST(drain_beside_send_and_receive_takes_each_message_once) {
    boc__sys_run_seeds(drain_body, NULL);
}
BOC_TEST(replaced_tags_beside_send_and_receive_lose_only_what_waits) {
    boc__sys_run_seeds(drain_body, &globals);
}

/* Goal: blocked threads look their tags up again.  Method: replace the tags while one
 * waits for a message and one for room. */
static void send_two(void *context) {
    (void)context;
    CHECK_EQ(boc_message_send(names[0], number(1), BOC_NO_TIMEOUT, NULL), BOC_OK);
    CHECK_EQ(boc_message_send(names[0], number(2), BOC_NO_TIMEOUT, NULL), BOC_OK);
}
static void replace_body(void *context) {
    (void)context;
    begin();
    CHECK_EQ(boc_message_set_capacity(1, NULL), BOC_OK);
    boc__thread_t receiver, sender;
    int n = -1;
    start(&receiver, take_one, &n);
    CHECK_EQ(boc_message_set_tags(NULL, 0), BOC_OK);
    CHECK_EQ(boc_message_set_tags(names, 1), BOC_OK);
    send(names[1], 5);
    boc__thread_join(&receiver);
    CHECK_EQ(n, 5);

    start(&sender, send_two, NULL);
    CHECK_EQ(boc_message_set_tags(&names[1], 1), BOC_OK);
    CHECK_EQ(boc_message_set_tags(names, 1), BOC_OK);
    while (!is_empty(names[0]) || globals.dropped < 2)
        boc__thread_yield();
    boc__thread_join(&sender);
    CHECK_EQ(globals.dropped, 2);
    end();
}
/* The same for one that calls; what it gets was sent after its tag had gone and come back. */
static void take_called(void *context) { *(int *)context = receive(names[1]); }
static void replace_called_body(void *context) {
    (void)context;
    begin();
    for (int i = 0; i < SCALED(500, 2); i++) {
        boc__thread_t receiver;
        int n = -1;
        start(&receiver, take_called, &n);
        CHECK_EQ(boc_message_set_tags(NULL, 0), BOC_OK);
        CHECK_EQ(boc_message_set_tags(&names[1], 1), BOC_OK);
        send(names[1], 5);
        boc__thread_join(&receiver);
        CHECK_EQ(n, 5);
        CHECK_EQ(read_stats(), 1);
        CHECK_EQ(stats_of[0].pushed, 1);
    }
    end();
}
BOC_TEST(caller_survives_replaced_tags) { boc__sys_run_seeds(replace_called_body, NULL); }
BOC_TEST(threads_that_wait_survive_replaced_tags) { boc__sys_run_seeds(replace_body, NULL); }

/* Goal: a timeout beside the message: it is received or still there, never both. */
static void receive_timed_from(const boc_tag_t *tags, size_t count, void *context) {
    size_t index;
    boc_payload_t payload;
    *(boc_status_t *)context = boc_message_receive(tags, count, MS / 10, NULL, &index, &payload);
    if (*(boc_status_t *)context == BOC_OK)
        CHECK_EQ(number_of(payload), 3);
    else
        CHECK_EQ(*(boc_status_t *)context, BOC_ETIMEOUT);
}
static void receive_timed(void *context) { receive_timed_from(names, TAGS, context); }
static void call_timed(void *context) { receive_timed_from(&names[1], 1, context); }
static void timed_body(void *context) {
    boc__thread_fn receiver = context == NULL ? receive_timed : call_timed;
    begin();
    for (int i = 0; i < SCALED(500, 2); i++) {
        boc__thread_t first, second;
        boc_status_t got[2];
        start(&first, receiver, &got[0]);
        start(&second, receiver, &got[1]);
        boc__clock_sleep_ns(MS / 10);
        send(names[1], 3);
        boc__thread_join(&first);
        boc__thread_join(&second);
        CHECK_EQ((got[0] == BOC_OK) + (got[1] == BOC_OK) + !is_empty(names[1]), 1);
    }
    end();
}
BOC_TEST(timeout_beside_a_message_keeps_it_once) { boc__sys_run_seeds(timed_body, NULL); }
BOC_TEST(caller_that_gives_up_beside_a_message_keeps_it_once) {
    boc__sys_run_seeds(timed_body, &globals);
}

/* The same for a sender that waits for room. */
static void send_timed(void *context) {
    *(boc_status_t *)context = boc_message_send(names[0], number(2), MS / 10, NULL);
}
static void timed_send_body(void *context) {
    (void)context;
    begin();
    CHECK_EQ(boc_message_set_capacity(1, NULL), BOC_OK);
    for (int i = 0; i < SCALED(500, 2); i++) {
        boc__thread_t thread;
        boc_status_t sent;
        send(names[0], 1);
        globals.dropped = 0;
        start(&thread, send_timed, &sent);
        boc__clock_sleep_ns(MS / 10);
        CHECK_EQ(receive(names[0]), 1);
        boc__thread_join(&thread);
        CHECK(sent == BOC_OK || sent == BOC_ETIMEOUT);
        CHECK_EQ(globals.dropped, sent == BOC_ETIMEOUT);
        CHECK_EQ(!is_empty(names[0]), sent == BOC_OK);
    }
    end();
}
BOC_TEST(timeout_beside_room_sends_once_or_not_at_all) {
    boc__sys_run_seeds(timed_send_body, NULL);
}

/* Goal: a stop that was sent last is received last.  Method: a receiver that looks at two
 * tags while both are sent to. */
static void send_and_stop(void *context) {
    (void)context;
    send(names[0], 1);
    send(stop, 2);
}
static void overtake_body(void *context) {
    (void)context;
    begin();
    for (int i = 0; i < SCALED(2000, 2); i++) {
        boc__thread_t thread;
        boc_tag_t tags[] = {names[0], stop};
        size_t index;
        start(&thread, send_and_stop, NULL);
        CHECK_EQ(receive_from(tags, 2, &index), 1);
        CHECK_EQ(receive_from(tags, 2, &index), 2);
        boc__thread_join(&thread);
    }
    end();
}
BOC_TEST(message_is_not_overtaken_by_a_later_one_of_a_later_tag) {
    boc__sys_run_seeds(overtake_body, NULL);
}

/* -- one tag: handed over without a lock ------------------------------------------------- */

enum { ANSWERS = SCALED(20000, 3) };

static void answer(void *context) {
    (void)context;
    for (int i = 0; i < ANSWERS; i++) {
        CHECK_EQ(receive(names[0]), 2 * i);
        send(names[1], 2 * i + 1);
    }
}

/* Goal: a message that finds a caller is received, once.  Method: two threads that answer each
 * other call, leave and sleep at every point. */
static void answer_body(void *context) {
    (void)context;
    begin();
    boc__thread_t thread;
    start(&thread, answer, NULL);
    for (int i = 0; i < ANSWERS; i++) {
        send(names[0], 2 * i);
        CHECK_EQ(receive(names[1]), 2 * i + 1);
    }
    boc__thread_join(&thread);
    CHECK_EQ(read_stats(), 2);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(stats_of[i].pushed, ANSWERS);
        CHECK_EQ(stats_of[i].popped, ANSWERS);
    }
    end();
    CHECK_EQ(globals.dropped, 0);
}
BOC_TEST(threads_that_answer_each_other_get_every_message) {
    boc__sys_run_seeds(answer_body, NULL);
}

static void send_in_order(void *context) {
    (void)context;
    for (int i = 0; i < ANSWERS; i++)
        CHECK_EQ(boc_message_send(names[0], number(i), BOC_NO_TIMEOUT, NULL), BOC_OK);
}

/* Goal: a message that is handed over does not overtake one that waits in the queue. */
static void ordered_body(void *context) {
    (void)context;
    begin();
    boc__thread_t thread;
    start(&thread, send_in_order, NULL);
    for (int i = 0; i < ANSWERS; i++)
        CHECK_EQ(receive(names[0]), i);
    boc__thread_join(&thread);
    end();
}
BOC_TEST(messages_of_one_tag_are_received_in_order) { boc__sys_run_seeds(ordered_body, NULL); }

static void receive_half(void *context) {
    (void)context;
    int last[2] = {-1, -1};
    for (int i = 0; i < ANSWERS; i++) {
        int n = receive(names[0]), producer = n / ANSWERS;
        CHECK(n > last[producer]);
        last[producer] = n;
        globals.received++;
    }
}
static void send_half(void *context) {
    for (int i = 0; i < ANSWERS; i++)
        CHECK_EQ(
            boc_message_send(names[0], number(*(int *)context * ANSWERS + i), BOC_NO_TIMEOUT, NULL),
            BOC_OK);
}

/* Goal: many may use the one place. */
static void crowd_body(void *context) {
    (void)context;
    begin();
    boc__thread_t threads[4];
    int numbers[] = {0, 1};
    for (int i = 0; i < 2; i++) {
        start(&threads[i], receive_half, NULL);
        start(&threads[2 + i], send_half, &numbers[i]);
    }
    for (int i = 0; i < 4; i++)
        boc__thread_join(&threads[i]);
    CHECK_EQ(globals.received, 2 * ANSWERS);
    end();
}
BOC_TEST(callers_beside_each_other_get_each_message_once) { boc__sys_run_seeds(crowd_body, NULL); }

/* -- the host's part -------------------------------------------------------------------- */

typedef struct host {
    int before, after, limit;
    bool was_over;
} host_t;
static void count_before(void *context) { ((host_t *)context)->before++; }
static boc_status_t count_after(void *context, bool is_over) {
    host_t *host = context;
    host->after++;
    host->was_over = is_over;
    CHECK_EQ(host->before, host->after);
    return host->after >= host->limit ? BOC_EINTERRUPTED : BOC_OK;
}

static void receive_hosted_from(const boc_tag_t *tags, size_t count, int64_t look_ns,
                                boc_status_t *p_status) {
    host_t host = {.limit = 3};
    boc_blocking_t blocking = {count_before, count_after, &host, MS / 10, look_ns};
    size_t index;
    boc_payload_t payload;
    boc_status_t status =
        boc_message_receive(tags, count, BOC_NO_TIMEOUT, &blocking, &index, &payload);
    CHECK(status == BOC_OK || status == BOC_EINTERRUPTED);
    CHECK(status == BOC_OK ? host.after == 0 || host.was_over || host.after < 3 : !host.was_over);
    *p_status = status;
}
static void receive_hosted(void *context) { receive_hosted_from(names, TAGS, 0, context); }
static void receive_hosted_calling(void *context) {
    receive_hosted_from(&names[1], 1, MS / 10, context);
}
static void send_hosted(void *context) {
    host_t host = {.limit = 3};
    boc_blocking_t blocking = {count_before, count_after, &host, MS / 10, 0};
    *(boc_status_t *)context = boc_message_send(names[0], number(2), BOC_NO_TIMEOUT, &blocking);
}

static void hosted_body(void *context) {
    (void)context;
    begin();
    CHECK_EQ(boc_message_set_capacity(1, NULL), BOC_OK);
    for (int i = 0; i < SCALED(300, 2); i++) {
        boc__thread_t thread;
        boc_status_t status;
        start(&thread, i % 2 == 0 ? receive_hosted : receive_hosted_calling, &status);
        boc__clock_sleep_ns(MS / 4);
        send(names[1], 3);
        boc__thread_join(&thread);
        CHECK_EQ((status == BOC_OK) + !is_empty(names[1]), 1);

        send(names[0], 1);
        globals.dropped = 0;
        start(&thread, send_hosted, &status);
        boc__clock_sleep_ns(MS / 4);
        CHECK_EQ(receive(names[0]), 1);
        boc__thread_join(&thread);
        int arrived = !is_empty(names[0]);
        CHECK_EQ(globals.dropped, 1); /* by is_empty, or because it was not sent */
        CHECK(status == BOC_EINTERRUPTED || arrived);
    }
    end();
}
BOC_TEST(host_that_ends_a_wait_loses_no_message) { boc__sys_run_seeds(hosted_body, NULL); }
