/* fibonacci.c - fork and join: each call is a behavior, each result a promise.
 *
 * fib(n) promises two smaller results, schedules the behaviors that will keep these promises,
 * and a third that waits for both.  No worker ever blocks: a behavior that waits is memory. */
#include <boc/boc.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALL = 10 }; /* not worth two behaviors */

typedef struct call {
    unsigned n;
    boc_promise_t *result; /* a reference that the behavior owns */
} call_t;

static void must(boc_status_t status) {
    if (status != BOC_OK) {
        fprintf(stderr, "fibonacci: %s\n", boc_status_name(status));
        exit(EXIT_FAILURE);
    }
}

static uint64_t fibonacci(unsigned n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

/* Keep the promise with a number on the heap. */
static void fulfill(boc_promise_t *promise, uint64_t number) {
    static const boc_payload_ops_t on_the_heap = {.drop = free};
    uint64_t *value = malloc(sizeof *value);
    if (value == NULL)
        must(BOC_ENOMEM);
    *value = number;
    must(boc_promise_fulfill(promise, (boc_payload_t){value, &on_the_heap}));
}

static void forget_result(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    boc_promise_unref(((call_t *)data)->result);
}

static void run_join(boc_behavior_t *behavior, void *data) {
    uint64_t sum = 0;
    for (size_t i = 0; i < 2; i++)
        sum += *(uint64_t *)boc_cown_value(boc_behavior_cown(behavior, i))->data;
    fulfill(((call_t *)data)->result, sum);
}

static void run_call(boc_behavior_t *behavior, void *data);

static const boc_behavior_ops_t join_ops = {.run = run_join, .deinit = forget_result};
static const boc_behavior_ops_t call_ops = {.run = run_call, .deinit = forget_result};

/* Schedule fib(n); the result is promised. */
static boc_promise_t *schedule_call(unsigned n) {
    boc_promise_t *result;
    boc_behavior_t *behavior;
    must(boc_promise_new(&result));
    must(boc_behavior_new(&call_ops, 0, sizeof(call_t), 0, &behavior));
    boc_promise_ref(result);
    *(call_t *)boc_behavior_data(behavior) = (call_t){n, result};
    must(boc_behavior_schedule(behavior));
    return result;
}

static void run_call(boc_behavior_t *behavior, void *data) {
    call_t *call = data;
    (void)behavior;
    if (call->n < SMALL) {
        fulfill(call->result, fibonacci(call->n));
        return;
    }
    boc_behavior_t *join;
    must(boc_behavior_new(&join_ops, 2, sizeof(call_t), 0, &join));
    for (unsigned i = 0; i < 2; i++) {
        boc_promise_t *part = schedule_call(call->n - 1 - i);
        boc_cown_ref(boc_promise_cown(part));
        boc_behavior_request(join, i, boc_promise_cown(part), BOC_READ);
        boc_promise_unref(part); /* the call that keeps it has its own reference */
    }
    boc_promise_ref(call->result);
    *(call_t *)boc_behavior_data(join) = *call;
    must(boc_behavior_schedule(join));
}

int main(int argc, char **argv) {
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;
    must(boc_runtime_start(&(boc_runtime_options_t){.worker_count = 4}));
    boc_promise_t *result = schedule_call(n);
    must(boc_runtime_wait(BOC_NO_TIMEOUT));
    printf("fib(%u) = %llu\n", n,
           (unsigned long long)*(uint64_t *)boc_cown_value(boc_promise_cown(result))->data);
    boc_promise_unref(result);
    must(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT));
    must(boc_runtime_shutdown());
    return 0;
}
