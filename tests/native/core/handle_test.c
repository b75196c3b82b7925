/* Handles of cowns: references that leave as data. */
#include "fixture.h"

#include "boc_test_alloc.h"

static void one_handle_body(void *context) {
    (void)context;
    boc_cown_t *cown = new_cown(NULL), *again = NULL;
    boc_handle_t first = 0, second = 0;
    CHECK_EQ(boc_handle_of(cown, &first), BOC_OK);
    CHECK_EQ(boc_handle_of(cown, &second), BOC_OK);
    CHECK(first != 0 && first == second);
    CHECK_EQ(boc_handle_resolve(first, &again), BOC_OK);
    CHECK(again == cown);
    drop_cown(cown);
    CHECK_EQ(boc_handle_resolve(first, &cown), BOC_OK); /* `again` keeps it alive */
    boc_cown_unref(cown);
    boc_cown_unref(again);
    CHECK_EQ(boc_handle_resolve(first, &again), BOC_EINVALID);
    /* The place is used again, for another handle. */
    cown = new_cown(NULL);
    CHECK_EQ(boc_handle_of(cown, &second), BOC_OK);
    CHECK(second != first);
    CHECK_EQ(boc_handle_resolve(first, &again), BOC_EINVALID);
    drop_cown(cown);
}
BOC_TEST(handle_of_a_dead_cown_is_refused) { boc__sys_run_seeds(one_handle_body, NULL); }

static void forged_body(void *context) {
    (void)context;
    boc_cown_t *cowns[8], *found = NULL;
    boc_handle_t handles[8];
    for (int i = 0; i < 8; i++) {
        cowns[i] = new_cown(NULL);
        CHECK_EQ(boc_handle_of(cowns[i], &handles[i]), BOC_OK);
    }
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < SCALED(200000, 100); i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        bool is_real = false;
        for (int k = 0; k < 8; k++)
            is_real |= random == handles[k];
        CHECK_EQ(boc_handle_resolve(random, &found), is_real ? BOC_OK : BOC_EINVALID);
    }
    CHECK_EQ(boc_handle_resolve(0, &found), BOC_EINVALID);
    for (int i = 0; i < 8; i++)
        drop_cown(cowns[i]);
}
BOC_TEST(forged_handles_are_refused) { boc__sys_run_seeds(forged_body, NULL); }

/* Goal: without room for the table there is no handle, and everything goes on. */
static void no_memory_body(void *context) {
    (void)context;
    enum { COWNS = 130 }; /* the table grows twice */
    boc_cown_t *cowns[COWNS], *found = NULL;
    boc_handle_t handles[COWNS];
    for (int i = 0; i < COWNS; i++)
        cowns[i] = new_cown(NULL);
    boc_test_alloc_begin();
    int failures = 0;
    for (int i = 0; i < COWNS; i++) {
        boc_test_alloc_fail_at(1);
        boc_status_t status = boc_handle_of(cowns[i], &handles[i]);
        if (status != BOC_OK) {
            CHECK_EQ(status, BOC_ENOMEM);
            failures++;
            CHECK_EQ(boc_handle_of(cowns[i], &handles[i]), BOC_OK);
        }
        for (int k = 0; k <= i; k += 1 + i / 8) {
            CHECK_EQ(boc_handle_resolve(handles[k], &found), BOC_OK);
            CHECK(found == cowns[k]);
            boc_cown_unref(found);
        }
    }
    CHECK(failures >= 1);
    boc__alloc_set(NULL);
    for (int i = 0; i < COWNS; i++)
        drop_cown(cowns[i]);
}
BOC_TEST(handle_that_finds_no_room_is_an_error) { boc__sys_run_seeds(no_memory_body, NULL); }

typedef struct racer {
    boc_handle_t handle;
    int resolved;
} racer_t;

static void resolve_all(void *context) {
    racer_t *racer = context;
    for (int i = 0; i < SCALED(2000, 3); i++) {
        boc_cown_t *cown = NULL;
        if (boc_handle_resolve(racer->handle, &cown) != BOC_OK)
            return;
        racer->resolved++;
        boc_cown_unref(cown);
    }
}

/* Goal: a cown that dies while its handle is resolved is found whole or not at all. */
static void race_body(void *context) {
    (void)context;
    racer_t racer = {0, 0};
    boc_cown_t *cown = new_cown(NULL);
    CHECK_EQ(boc_handle_of(cown, &racer.handle), BOC_OK);
    boc__thread_t thread;
    CHECK_EQ(boc__thread_start(&thread, resolve_all, &racer, "racer"), BOC_OK);
    BOC_YIELD();
    boc_cown_unref(cown);
    boc__thread_join(&thread);
    CHECK_EQ(boc_handle_resolve(racer.handle, &cown), BOC_EINVALID);
}
BOC_TEST(resolving_races_with_death) { boc__sys_run_seeds(race_body, NULL); }
