/* Adds up 1 to 100 in a cown. */
#include <boc/boc.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add(boc_behavior_t *behavior, void *data) {
    boc_cown_t *total = boc_behavior_cown(behavior, 0);
    *(int64_t *)boc_cown_value(total)->data += *(int *)data;
}

static const boc_behavior_ops_t add_ops = {add, NULL, NULL};

static void keep(void *data) { (void)data; }

static const boc_payload_ops_t static_ops = {keep};

static boc_status_t schedule_add(boc_cown_t *total, int number) {
    boc_behavior_t *behavior;
    boc_status_t status = boc_behavior_new(&add_ops, 1, sizeof number, 0, &behavior);
    if (status != BOC_OK)
        return status;
    boc_cown_ref(total);
    boc_behavior_request(behavior, 0, total, BOC_WRITE);
    *(int *)boc_behavior_data(behavior) = number;
    return boc_behavior_schedule(behavior);
}

/* Headers and library are of one version. */
static int is_one_version(void) {
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", BOC_VERSION_MAJOR, BOC_VERSION_MINOR,
             BOC_VERSION_PATCH);
    return strcmp(text, boc_version()) == 0;
}

int main(void) {
    static int64_t sum;
    boc_payload_t value = {&sum, &static_ops};
    boc_runtime_options_t options = {.worker_count = 2};
    boc_cown_t *total;
    boc_status_t status = boc_runtime_start(&options);
    if (status == BOC_OK)
        status = boc_cown_new(value, &total);
    for (int number = 1; number <= 100 && status == BOC_OK; number++)
        status = schedule_add(total, number);
    if (status == BOC_OK)
        status = boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT);
    if (status != BOC_OK) {
        fprintf(stderr, "%s\n", boc_status_name(status));
        return 1;
    }
    boc_cown_unref(total);
    if (boc_runtime_shutdown() != BOC_OK || boc_live_blocks() != 0 || !is_one_version())
        return 1;
    printf("total %" PRId64 "\n", sum);
    return 0;
}
