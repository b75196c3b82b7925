/* protocol.c - everything at once, with yields injected into the protocols.
 *
 *     stress_protocol [ROUNDS]        5 rounds unless said otherwise
 *
 * Each round runs a random program (program.h) on eight threads or more: three or four
 * workers, every fourth round three for each CPU; three producers, one thread that ends
 * leases, one that waits for quiescence again and again, and the main thread.  Every
 * third round is stopped while the producers are still at work; the worker threads end
 * after some rounds and are reused after the others. */
#define BOC_TEST_OWN_MAIN
#include "boc_test.h"

#include "platform/cpu.h"
#include "program.h"

enum { WORKERS_MAX = 48 };

static struct {
    _Atomic bool has_ended;
} globals;

/* Waits through starts, stops and shutdowns. */
static void wait_often(void *context) {
    (void)context;
    unsigned random = 1;
    while (!atomic_load(&globals.has_ended)) {
        boc_status_t status = boc_runtime_wait((int64_t)draw(&random, 200) * 1000);
        CHECK(status == BOC_OK || status == BOC_ETIMEOUT || status == BOC_EINTERRUPTED);
        boc__thread_yield();
    }
}

static unsigned workers_of(unsigned round) {
    unsigned workers = round % 4 == 3 ? 3 * boc__cpu_count() : 3 + round % 2;
    return workers < WORKERS_MAX ? workers : WORKERS_MAX;
}

int main(int argc, char **argv) {
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
    boc__thread_t waiter;
    static char name[32];
    boc_tests.running = name;
    CHECK_EQ(boc__thread_start(&waiter, wait_often, NULL, "waiter"), BOC_OK);
    long done = 0;
    for (unsigned round = 0; round < rounds; round++) {
        (void)snprintf(name, sizeof name, "round %u", round);
        run_program(round, workers_of(round), round % 3 == 2);
        done += program.done;
        if (round % 5 == 4)
            CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    }
    atomic_store(&globals.has_ended, true);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    boc__thread_join(&waiter);
    CHECK_EQ(boc__slab_live(), 0);
    printf("ok %u rounds, %ld behaviors\n", rounds, done);
    return 0;
}
