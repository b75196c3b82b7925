/* promise.c - values that come from a thread the runtime does not know.
 *
 * A thermometer is read by a thread of its own.  Each reading is promised first, so that what
 * will be done with it can be scheduled at once, in order; nobody waits.  The last reading never
 * comes: the thread drops its promise, and the behavior that waits is told so. */
#include <boc/boc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { READINGS = 5 };

static void must(boc_status_t status) {
    if (status != BOC_OK) {
        fprintf(stderr, "promise: %s\n", boc_status_name(status));
        exit(EXIT_FAILURE);
    }
}

/* -- the foreign thread ------------------------------------------------------------ */

static void *read_thermometer(void *argument) {
    static const boc_payload_ops_t on_the_heap = {.drop = free};
    boc_promise_t **promises = argument;
    /* The last one first: what is done with the readings stays in order all the same. */
    for (int i = READINGS - 1; i >= 0; i--) {
        if (i < READINGS - 1) {
            int *degrees = malloc(sizeof *degrees);
            if (degrees == NULL)
                must(BOC_ENOMEM);
            *degrees = 20 + i;
            must(boc_promise_fulfill(promises[i], (boc_payload_t){degrees, &on_the_heap}));
        }
        boc_promise_unref(promises[i]);
    }
    return NULL;
}

/* -- the behavior ------------------------------------------------------------------ */

typedef struct log {
    int count;
    int sum;
} log_t;

static void run_record(boc_behavior_t *behavior, void *data) {
    boc_cown_t *reading = boc_behavior_cown(behavior, 0);
    log_t *log = boc_cown_value(boc_behavior_cown(behavior, 1))->data;
    (void)data;
    if (boc_cown_status(reading) != BOC_OK) {
        printf("no reading: %s\n", boc_status_name(boc_cown_status(reading)));
        return;
    }
    int degrees = *(int *)boc_cown_value(reading)->data;
    log->count++;
    log->sum += degrees;
    printf("%d degrees, %.1f on average\n", degrees, (double)log->sum / log->count);
}

static const boc_behavior_ops_t record_ops = {.run = run_record};

static void schedule_record(boc_cown_t *reading, boc_cown_t *log) {
    boc_behavior_t *behavior;
    must(boc_behavior_new(&record_ops, 2, 0, 0, &behavior));
    boc_cown_ref(reading);
    boc_behavior_request(behavior, 0, reading, BOC_READ);
    boc_cown_ref(log);
    boc_behavior_request(behavior, 1, log, BOC_WRITE);
    must(boc_behavior_schedule(behavior));
}

/* -- the program ------------------------------------------------------------------- */

static void keep(void *data) { (void)data; }

int main(void) {
    static log_t entries;
    static const boc_payload_ops_t not_owned = {.drop = keep};
    boc_promise_t *promises[READINGS];
    boc_cown_t *log;
    pthread_t thermometer;
    must(boc_runtime_start(&(boc_runtime_options_t){.worker_count = 2}));
    must(boc_cown_new((boc_payload_t){&entries, &not_owned}, &log));
    for (int i = 0; i < READINGS; i++) {
        must(boc_promise_new(&promises[i]));
        schedule_record(boc_promise_cown(promises[i]), log);
    }
    if (pthread_create(&thermometer, NULL, read_thermometer, promises) != 0)
        must(BOC_ETHREAD);
    /* Waits for the promises too: they are work that is not done. */
    must(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT));
    pthread_join(thermometer, NULL);
    boc_cown_unref(log);
    must(boc_runtime_shutdown());
    return 0;
}
