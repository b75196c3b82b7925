/* Who gets a cown next: what a body is told comes true. */
#include "fixture.h"

enum { COWNS = 3, PRODUCERS = 2 };
#define PER_PRODUCER SCALED(4000, 4)

/* What the last writer was told, in its cown. */
typedef struct prophecy {
    const boc_behavior_ops_t *ops; /* of the next behavior; NULL: unknown */
    bool runs_here;
    int worker;
} prophecy_t;

static struct {
    boc_cown_t *cowns[COWNS];
    prophecy_t prophecies[COWNS];
    unsigned workers;
    unsigned cowns_max; /* of a behavior */
    bool has_readers;
    bool has_results;
} globals;

static unsigned draw(unsigned *p_random, unsigned below) {
#if defined(BOC_SYSTEMATIC)
    (void)p_random;
    return (unsigned)boc__sys_random(below);
#else
    *p_random = *p_random * 1664525u + 1013904223u;
    return (*p_random >> 16) % below;
#endif
}

static void prophesied_run(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t even_ops = {prophesied_run, NULL, NULL};
static const boc_behavior_ops_t odd_ops = {prophesied_run, NULL, NULL};

/* Host data of a behavior. */
typedef struct step {
    const boc_behavior_ops_t *ops;
    unsigned random;
    unsigned children;
} step_t;

/* Over some cowns, the same one twice now and then. */
static void schedule_one_of(unsigned *p_random, unsigned children) {
    size_t count = 1 + draw(p_random, globals.cowns_max);
    step_t step = {draw(p_random, 2) == 0 ? &even_ops : &odd_ops, *p_random * 7 + 1, children};
    boc_behavior_t *behavior = NULL;
    unsigned flags = globals.has_results && draw(p_random, 2) == 0 ? BOC_BEHAVIOR_RESULT : 0;
    CHECK_EQ(boc_behavior_new(step.ops, count, sizeof step, flags, &behavior), BOC_OK);
    for (size_t i = 0; i < count; i++) {
        boc_cown_t *cown = globals.cowns[draw(p_random, COWNS)];
        bool is_read = globals.has_readers && draw(p_random, 4) == 0;
        boc_cown_ref(cown);
        boc_behavior_request(behavior, i, cown, is_read ? BOC_READ : BOC_WRITE);
    }
    memcpy(boc_behavior_data(behavior), &step, sizeof step);
    CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
}

/* Whether the behavior writes the cown of a request, through that one or a stronger one. */
static bool writes(const boc_behavior_t *behavior, size_t index) {
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++)
        if (boc_behavior_cown(behavior, i) == boc_behavior_cown(behavior, index) &&
            boc_behavior_access(behavior, i) == BOC_WRITE)
            return true;
    return false;
}

/* Nothing can be scheduled meanwhile on another cown that changes it. */
static bool is_certain(void) {
    return globals.workers == 1 || (globals.cowns_max == 1 && !globals.has_results);
}

static void check_what_came(const boc_behavior_t *behavior, const step_t *step) {
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++) {
        prophecy_t *told = cown_data(behavior, i);
        if (told->ops == NULL)
            continue;
        CHECK(told->ops == step->ops && writes(behavior, i));
        if (told->runs_here && is_certain())
            CHECK_EQ(told->worker, boc_worker_index());
        told->ops = NULL;
    }
}

static void prophesied_run(boc_behavior_t *behavior, void *data) {
    step_t *step = data;
    check_what_came(behavior, step);
    for (unsigned i = 0; i < step->children; i++)
        schedule_one_of(&step->random, 0);
    BOC_YIELD();
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++) {
        if (!writes(behavior, i))
            continue;
        prophecy_t told = {.worker = boc_worker_index()};
        told.ops = boc_behavior_heir(behavior, i, &told.runs_here);
        *(prophecy_t *)cown_data(behavior, i) = told;
    }
}

static void produce(void *context) {
    unsigned random = *(unsigned *)context;
    for (int i = 0; i < PER_PRODUCER; i++)
        schedule_one_of(&random, draw(&random, 3));
}

static void run_programs(void) {
    begin_runtime(globals.workers);
    memset(globals.prophecies, 0, sizeof globals.prophecies);
    for (int i = 0; i < COWNS; i++)
        globals.cowns[i] = new_cown(&globals.prophecies[i]);
    unsigned seeds[PRODUCERS] = {1, 2};
    boc__thread_t other;
    CHECK_EQ(boc__thread_start(&other, produce, &seeds[1], "producer"), BOC_OK);
    produce(&seeds[0]);
    boc__thread_join(&other);
    wait_quiescent();
    for (int i = 0; i < COWNS; i++) {
        CHECK(globals.prophecies[i].ops == NULL); /* nobody was announced who did not come */
        drop_cown(globals.cowns[i]);
    }
    end_runtime();
}

static void one_cown_each_body(void *context) {
    (void)context;
    globals.workers = 2;
    globals.cowns_max = 1;
    globals.has_readers = globals.has_results = false;
    run_programs();
}

/* Goal: the heir is the next behavior on the cown, a writer, and on this worker if that was said.
 * Method: random programs of nested behaviors; each checks what the one before it was told. */
BOC_TEST(heir_comes_next_and_where_it_was_said) { boc__sys_run_seeds(one_cown_each_body, NULL); }

static void many_cowns_body(void *context) {
    globals.workers = 2;
    globals.cowns_max = 3;
    globals.has_readers = *(bool *)context;
    globals.has_results = true;
    run_programs();
}
BOC_TEST(heir_over_several_cowns_comes_next) {
    boc__sys_run_seeds(many_cowns_body, &(bool){false});
}
BOC_TEST(heir_among_readers_is_a_writer) { boc__sys_run_seeds(many_cowns_body, &(bool){true}); }

static void one_worker_body(void *context) {
    (void)context;
    globals.workers = 1;
    globals.cowns_max = 3;
    globals.has_readers = globals.has_results = true;
    run_programs();
}
BOC_TEST(heir_on_the_only_worker_stays_there) { boc__sys_run_seeds(one_worker_body, NULL); }

/* -- a chain ----------------------------------------------------------------------------------- */

typedef struct link {
    int left;
} link_t;

static void link_run(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t link_ops = {link_run, NULL, NULL};

static void link_run(boc_behavior_t *behavior, void *data) {
    link_t next = {((link_t *)data)->left - 1};
    boc_cown_t *cown = boc_behavior_cown(behavior, 0);
    bool runs_here = false;
    CHECK(boc_behavior_heir(behavior, 0, &runs_here) == NULL);
    if (next.left == 0)
        return;
    schedule(&link_ops, &cown, 1, BOC_WRITE, &next, sizeof next);
    CHECK(boc_behavior_heir(behavior, 0, &runs_here) == &link_ops);
    CHECK(runs_here);
}

static void chain_body(void *context) {
    (void)context;
    begin_runtime(2);
    boc_cown_t *cown = new_cown(NULL);
    schedule(&link_ops, &cown, 1, BOC_WRITE, &(link_t){50}, sizeof(link_t));
    wait_quiescent();
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(heir_of_a_link_is_known_as_soon_as_it_is_scheduled) {
    boc__sys_run_seeds(chain_body, NULL);
}

/* -- leases ------------------------------------------------------------------------------------ */

typedef struct lease {
    boc__parker_t *granted;
} lease_t;

static void lease_run(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    boc__parker_wake(((lease_t *)data)->granted);
}
static const boc_behavior_ops_t lease_ops = {lease_run, NULL, NULL};

static struct {
    boc__parker_t begun, go;
} gate;

static void before_lease_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    bool runs_here = false;
    boc__parker_wake(&gate.begun);
    CHECK_EQ(boc__parker_park(&gate.go, BOC_FOREVER), BOC_OK);
    CHECK(boc_behavior_heir(behavior, 0, &runs_here) == NULL);
}
static const boc_behavior_ops_t before_lease_ops = {before_lease_run, NULL, NULL};

static void lease_body(void *context) {
    (void)context;
    begin_runtime(2);
    boc_cown_t *cown = new_cown(NULL);
    boc__parker_t granted;
    boc__parker_init(&granted);
    boc__parker_init(&gate.begun);
    boc__parker_init(&gate.go);
    schedule(&before_lease_ops, &cown, 1, BOC_WRITE, NULL, 0);
    CHECK_EQ(boc__parker_park(&gate.begun, BOC_FOREVER), BOC_OK);
    boc_behavior_t *lease = make(&lease_ops, &cown, 1, BOC_WRITE, &(lease_t){&granted},
                                 sizeof(lease_t), BOC_BEHAVIOR_LEASE);
    CHECK_EQ(boc_behavior_schedule(lease), BOC_OK);
    boc__parker_wake(&gate.go);
    CHECK_EQ(boc__parker_park(&granted, BOC_FOREVER), BOC_OK);
    boc_behavior_finish(lease);
    wait_quiescent();
    boc__parker_deinit(&granted);
    boc__parker_deinit(&gate.begun);
    boc__parker_deinit(&gate.go);
    drop_cown(cown);
    end_runtime();
}
BOC_TEST(heir_is_no_lease) { boc__sys_run_seeds(lease_body, NULL); }
