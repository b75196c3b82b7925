/* Two increments of a counter.  In two steps, one that reads and one that writes, an update
 * can be lost; in one step it cannot. */
#include <boc/boc.h>

#include <stdio.h>
#include <stdlib.h>

static boc_cown_t *counter;

static void must(int condition) {
    if (!condition)
        abort();
}

static void schedule(const boc_behavior_ops_t *ops, boc_access_t access, int number) {
    boc_behavior_t *behavior;
    must(boc_behavior_new(ops, 1, sizeof number, 0, &behavior) == BOC_OK);
    boc_cown_ref(counter);
    boc_behavior_request(behavior, 0, counter, access);
    *(int *)boc_behavior_data(behavior) = number;
    must(boc_behavior_schedule(behavior) == BOC_OK);
}

static int *value_of(boc_behavior_t *behavior) {
    return boc_cown_value(boc_behavior_cown(behavior, 0))->data;
}

static void run_set(boc_behavior_t *behavior, void *data) { *value_of(behavior) = *(int *)data; }
static const boc_behavior_ops_t set_ops = {.run = run_set};

static void run_get(boc_behavior_t *behavior, void *data) {
    (void)data;
    schedule(&set_ops, BOC_WRITE, *value_of(behavior) + 1);
}
static const boc_behavior_ops_t get_ops = {.run = run_get};

static void run_add(boc_behavior_t *behavior, void *data) { *value_of(behavior) += *(int *)data; }
static const boc_behavior_ops_t add_ops = {.run = run_add};

static void keep(void *data) { (void)data; }

static void test(void *context) {
    static const boc_payload_ops_t not_owned = {keep};
    static int value;
    (void)context;
    value = 0;
    must(boc_runtime_start(&(boc_runtime_options_t){.worker_count = 2}) == BOC_OK);
    must(boc_cown_new((boc_payload_t){&value, &not_owned}, &counter) == BOC_OK);
    for (int i = 0; i < 2; i++) {
#ifdef IN_ONE_STEP
        schedule(&add_ops, BOC_WRITE, 1);
        (void)get_ops;
#else
        schedule(&get_ops, BOC_READ, 0);
        (void)add_ops;
#endif
    }
    must(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT) == BOC_OK);
    must(boc_runtime_shutdown() == BOC_OK);
    boc_cown_unref(counter);
    must(value == 2);
}

int main(void) {
    boc_seeds_run(test, NULL);
    puts("kept");
    return 0;
}
