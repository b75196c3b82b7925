/* messages.c - messages and the noticeboard; threads of their own, since a body that waits
 * keeps a worker. */
#include "kit.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "workloads.h"

#include <stdio.h>

#define THREADS_MAX 9

static const boc_payload_t nothing = {NULL, NULL};

/* -- threads ------------------------------------------------------------------------ */

typedef struct crew {
    void (*run)(void *crew);
    unsigned threads;
    _Atomic(unsigned) next; /* of the thread that starts; each takes one */
} crew_t;

static void start_and_join(void *context) {
    crew_t *crew = context;
    boc__thread_t thread[THREADS_MAX];
    for (unsigned i = 0; i < crew->threads; i++)
        REQUIRE(boc__thread_start(&thread[i], crew->run, crew, "bench") == BOC_OK);
    for (unsigned i = 0; i < crew->threads; i++)
        boc__thread_join(&thread[i]);
}

/* Nanoseconds until `threads` threads have run `run`, for each of `things`. */
static double run_crew(void (*run)(void *crew), unsigned threads, size_t things) {
    crew_t crew = {run, threads, 0};
    REQUIRE(threads <= THREADS_MAX);
    return kit_time(start_and_join, &crew) / (double)things;
}

static unsigned take_number(crew_t *crew) {
    /* relaxed: only uniqueness matters. */
    return atomic_fetch_add_explicit(&crew->next, 1, memory_order_relaxed);
}

/* -- messages ----------------------------------------------------------------------- */

#define BATCH 10000 /* below the capacity of a queue */
#define BATCHES 200
#define MESSAGES 400000
#define TURNS 100000

static const boc_tag_t ping = {"ping", 4}, pong = {"pong", 4};

static void send_one(boc_tag_t tag) {
    REQUIRE(boc_message_send(tag, nothing, BOC_NO_TIMEOUT, NULL) == BOC_OK);
}

static void receive_one(boc_tag_t tag) {
    size_t index;
    boc_payload_t payload;
    REQUIRE(boc_message_receive(&tag, 1, BOC_NO_TIMEOUT, NULL, &index, &payload) == BOC_OK);
}

static void send_all(void *unused) {
    (void)unused;
    for (int i = 0; i < BATCH; i++)
        send_one(ping);
}

static void receive_all(void *unused) {
    (void)unused;
    for (int i = 0; i < BATCH; i++)
        receive_one(ping);
}

double measure_messages(unsigned is_receiving) {
    double ns = 0;
    for (int batch = 0; batch < BATCHES; batch++) {
        if (is_receiving) {
            send_all(NULL);
            ns += kit_time(receive_all, NULL);
        } else {
            ns += kit_time(send_all, NULL);
            receive_all(NULL);
        }
    }
    return ns / ((double)BATCH * BATCHES);
}

static void play(void *context) {
    bool serves = take_number(context) == 0;
    for (int i = 0; i < TURNS; i++) {
        if (serves)
            send_one(ping);
        receive_one(serves ? pong : ping);
        if (!serves)
            send_one(pong);
    }
}

double measure_message_ping_pong(unsigned unused) {
    (void)unused;
    return run_crew(play, 2, 2 * TURNS);
}

static void fan_in(void *context) {
    crew_t *crew = context;
    int each = MESSAGES / (int)(crew->threads - 1);
    if (take_number(crew) > 0) {
        for (int i = 0; i < each; i++)
            send_one(ping);
        return;
    }
    for (int i = 0; i < each * (int)(crew->threads - 1); i++)
        receive_one(ping);
}

double measure_message_fan_in(unsigned producers) {
    return run_crew(fan_in, producers + 1, MESSAGES);
}

/* -- the noticeboard ---------------------------------------------------------------- */

#define KEYS 64
#define LOOKS 2000000
#define WRITES 200000

static char names[KEYS][8];

static boc_key_t key_of(unsigned number) {
    return (boc_key_t){names[number], strlen(names[number])};
}

static void fill_board(void) {
    for (unsigned i = 0; i < KEYS; i++) {
        (void)snprintf(names[i], sizeof names[i], "key%u", i);
        REQUIRE(boc_notice_write(key_of(i), nothing, NULL, NULL) == BOC_OK);
    }
}

static void look(void *context) {
    crew_t *crew = context;
    for (unsigned i = 0; i < LOOKS / crew->threads; i++) {
        boc_snapshot_t *snapshot = boc_snapshot_take();
        REQUIRE(boc_snapshot_find(snapshot, key_of(i % KEYS)) != NULL);
        boc_snapshot_unref(snapshot);
    }
}

double measure_board_read(unsigned threads) {
    fill_board();
    return run_crew(look, threads, LOOKS);
}

static void write_keys(void *context) {
    crew_t *crew = context;
    unsigned mine = take_number(crew);
    for (unsigned i = 0; i < WRITES / crew->threads; i++)
        REQUIRE(boc_notice_write(key_of(mine), nothing, NULL, NULL) == BOC_OK);
}

double measure_board_write(unsigned threads) {
    fill_board();
    return run_crew(write_keys, threads, WRITES);
}

static void keep(boc_update_t *update, void *context) {
    (void)context;
    boc_update_finish(update, BOC_UPDATE_WRITE, nothing);
}

static void update_one_key(void *context) {
    crew_t *crew = context;
    for (unsigned i = 0; i < WRITES / crew->threads; i++)
        REQUIRE(boc_notice_update(key_of(7), keep, NULL, NULL) == BOC_OK);
    REQUIRE(boc_notice_sync(BOC_NO_TIMEOUT, NULL) == BOC_OK);
}

double measure_board_update(unsigned threads) {
    fill_board();
    return run_crew(update_one_key, threads, WRITES);
}
