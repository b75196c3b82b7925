/* fixture.h - a runtime for one test, cowns with a log, and closures as bodies.
 *
 * Every protocol test is a body for boc__sys_run_seeds: with real threads it runs
 * once, under the seeded scheduler once per seed. */
#ifndef BOC_TESTS_CORE_FIXTURE_H
#define BOC_TESTS_CORE_FIXTURE_H

#include "boc_test.h"
#include "core/slab.h"
#include "platform/systematic/systematic.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <boc/boc.h>
#include <stdbool.h>

/* More work where it costs nothing: real threads, no seeds. */
#if defined(BOC_SYSTEMATIC)
#define SCALED(con, sys) (sys)
#else
#define SCALED(con, sys) (con)
#endif

static inline void start_workers(unsigned count) {
    boc_runtime_options_t options = {.worker_count = count};
    CHECK_EQ(boc_runtime_start(&options), BOC_OK);
}

static inline void begin_runtime(unsigned count) {
    boc__slab_restart_ids();
    CHECK_EQ(boc__slab_live(), 0);
    start_workers(count);
}

static inline void wait_quiescent(void) { CHECK_EQ(boc_runtime_wait(BOC_NO_TIMEOUT), BOC_OK); }

static inline void end_runtime(void) {
    CHECK_EQ(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT), BOC_OK);
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}

static inline boc_cown_t *new_cown(void *data) {
    static const boc_payload_ops_t borrowed = {NULL};
    boc_payload_t value = {NULL, &borrowed};
    boc_cown_t *cown = NULL;
    CHECK_EQ(boc_cown_new(value, &cown), BOC_OK);
    boc_cown_value(cown)->data = data;
    return cown;
}

static inline void *cown_data(const boc_behavior_t *behavior, size_t index) {
    return boc_cown_value(boc_behavior_cown(behavior, index))->data;
}

/* The data is not the cown's to drop. */
static inline void drop_cown(boc_cown_t *cown) {
    boc_cown_value(cown)->data = NULL;
    boc_cown_unref(cown);
}

/* A behavior over `count` cowns whose host data is a copy of `data`. */
static inline boc_behavior_t *make(const boc_behavior_ops_t *ops, boc_cown_t *const *cowns,
                                   size_t count, boc_access_t access, const void *data,
                                   size_t bytes, unsigned flags) {
    boc_behavior_t *behavior = NULL;
    CHECK_EQ(boc_behavior_new(ops, count, bytes, flags, &behavior), BOC_OK);
    for (size_t i = 0; i < count; i++) {
        boc_cown_ref(cowns[i]);
        boc_behavior_request(behavior, i, cowns[i], access);
    }
    if (bytes > 0)
        memcpy(boc_behavior_data(behavior), data, bytes);
    return behavior;
}

static inline void schedule(const boc_behavior_ops_t *ops, boc_cown_t *const *cowns, size_t count,
                            boc_access_t access, const void *data, size_t bytes) {
    CHECK_EQ(boc_behavior_schedule(make(ops, cowns, count, access, data, bytes, 0)), BOC_OK);
}

#endif
