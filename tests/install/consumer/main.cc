/* The same sum in C++: the functions of the headers have C linkage. */
#include <boc/boc.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>

static void check(boc_status_t status) {
    if (status != BOC_OK)
        throw std::runtime_error(boc_status_name(status));
}

static boc_behavior_t *new_addition(boc_cown_t *total, int number) {
    static const boc_behavior_ops_t ops = {
        [](boc_behavior_t *behavior, void *data) {
            boc_payload_t *value = boc_cown_value(boc_behavior_cown(behavior, 0));
            *static_cast<std::int64_t *>(value->data) += *static_cast<int *>(data);
        },
        nullptr, nullptr};
    boc_behavior_t *behavior;
    check(boc_behavior_new(&ops, 1, sizeof number, 0, &behavior));
    boc_cown_ref(total);
    boc_behavior_request(behavior, 0, total, BOC_WRITE);
    *static_cast<int *>(boc_behavior_data(behavior)) = number;
    return behavior;
}

int main() {
    static const boc_payload_ops_t ops = {
        [](void *data) { delete static_cast<std::int64_t *>(data); }};
    std::int64_t *sum = new std::int64_t(0);
    boc_runtime_options_t options = {};
    boc_cown_t *total;
    options.worker_count = 2;
    check(boc_cown_new({sum, &ops}, &total));
    check(boc_runtime_start(&options));
    for (int number = 1; number <= 100; number++)
        check(boc_behavior_schedule(new_addition(total, number)));
    check(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT));
    std::printf("total %lld\n", static_cast<long long>(*sum));
    boc_cown_unref(total);
    check(boc_runtime_shutdown());
    return boc_live_blocks() == 0 ? 0 : 1;
}
