/* Weak references: they know whether a cown lives, and do not keep it alive. */
#include "fixture.h"

typedef struct value {
    _Atomic int drops;
    boc_weak_t *weak; /* upgraded while the value is dropped, unless NULL */
} value_t;

static void value_drop(void *data) {
    value_t *value = data;
    CHECK_EQ(atomic_fetch_add(&value->drops, 1), 0);
    if (value->weak != NULL)
        CHECK(boc_weak_try_upgrade(value->weak) == NULL);
}
static const boc_payload_ops_t value_ops = {value_drop};

static boc_cown_t *cown_of(value_t *value) {
    boc_cown_t *cown = NULL;
    CHECK_EQ(boc_cown_new((boc_payload_t){value, &value_ops}, &cown), BOC_OK);
    return cown;
}

static void life_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    value_t value = {0, NULL};
    boc_cown_t *cown = cown_of(&value);
    boc_weak_t *weak = boc_weak_of(cown);
    CHECK_EQ(boc_cown_ref_count(cown), 1);
    CHECK(boc_weak_try_upgrade(weak) == cown);
    boc_cown_unref(cown);
    boc_weak_ref(weak);
    value.weak = weak;
    boc_cown_unref(cown);
    CHECK_EQ(value.drops, 1);
    CHECK(boc_weak_try_upgrade(weak) == NULL);
    CHECK_EQ(boc__slab_live(), 1); /* the memory */
    boc_weak_unref(weak);
    CHECK(boc_weak_try_upgrade(weak) == NULL);
    boc_weak_unref(weak);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(weak_reference_ends_with_the_last_strong_one) { boc__sys_run_seeds(life_body, NULL); }

static void short_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    value_t value = {0, NULL};
    boc_cown_t *cown = cown_of(&value);
    boc_weak_unref(boc_weak_of(cown));
    CHECK_EQ(value.drops, 0);
    boc_cown_unref(cown);
    CHECK_EQ(value.drops, 1);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(weak_reference_may_go_first) { boc__sys_run_seeds(short_body, NULL); }

typedef struct racer {
    value_t *value;
    boc_weak_t *weak; /* a reference of its own */
} racer_t;

static void upgrade_often(void *context) {
    racer_t *racer = context;
    for (int i = 0; i < SCALED(500, 3); i++) {
        boc_cown_t *cown = boc_weak_try_upgrade(racer->weak);
        if (cown == NULL)
            break;
        CHECK_EQ(atomic_load(&racer->value->drops), 0);
        boc_weak_t *another = boc_weak_of(cown);
        boc_cown_unref(cown);
        boc_weak_unref(another);
    }
    boc_weak_unref(racer->weak);
}

/* Goal: an upgrade beside the last unref finds the cown alive, or not; it never comes
 * back, is dropped once, and its memory is freed once. */
static void race_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    for (int round = 0; round < SCALED(200, 1); round++) {
        value_t value = {0, NULL};
        boc_cown_t *cown = cown_of(&value);
        boc__thread_t threads[2];
        racer_t racers[2];
        for (int i = 0; i < 2; i++) {
            racers[i] = (racer_t){&value, boc_weak_of(cown)};
            CHECK_EQ(boc__thread_start(&threads[i], upgrade_often, &racers[i], "racer"), BOC_OK);
        }
        boc_cown_unref(cown);
        for (int i = 0; i < 2; i++)
            boc__thread_join(&threads[i]);
        CHECK_EQ(value.drops, 1);
        CHECK_EQ(boc__slab_live(), 0);
    }
}
BOC_TEST(upgrade_beside_the_last_unref_never_revives) { boc__sys_run_seeds(race_body, NULL); }

typedef struct node {
    boc_weak_t *parent;
    boc_cown_t *child;
    _Atomic int *drops;
} node_t;

static void node_drop(void *data) {
    node_t *node = data;
    if (node->parent != NULL)
        boc_weak_unref(node->parent);
    if (node->child != NULL)
        boc_cown_unref(node->child);
    atomic_fetch_add(node->drops, 1);
}
static const boc_payload_ops_t node_ops = {node_drop};

static void visit_parent(boc_behavior_t *behavior, void *data) {
    node_t *node = cown_data(behavior, 0);
    boc_cown_t *parent = boc_weak_try_upgrade(node->parent);
    if (parent == NULL)
        return;
    boc_cown_unref(parent);
    atomic_fetch_add(*(_Atomic int **)data, 1);
}
static const boc_behavior_ops_t visit_ops = {visit_parent, NULL, NULL};

/* Goal: a circle with one weak link is freed while behaviors look along that link. */
static void circle_body(void *context) {
    (void)context;
    begin_runtime(2);
    _Atomic int drops = 0, visits = 0, *p_visits = &visits;
    node_t nodes[2] = {{NULL, NULL, &drops}, {NULL, NULL, &drops}};
    boc_cown_t *parent = NULL, *child = NULL;
    CHECK_EQ(boc_cown_new((boc_payload_t){&nodes[0], &node_ops}, &parent), BOC_OK);
    CHECK_EQ(boc_cown_new((boc_payload_t){&nodes[1], &node_ops}, &child), BOC_OK);
    nodes[0].child = child; /* the reference goes with it */
    nodes[1].parent = boc_weak_of(parent);
    for (int i = 0; i < 3; i++)
        schedule(&visit_ops, &child, 1, BOC_READ, &p_visits, sizeof p_visits);
    boc_cown_unref(parent);
    wait_quiescent();
    CHECK_EQ(drops, 2);
    CHECK(visits <= 3);
    end_runtime();
}
BOC_TEST(circle_with_a_weak_link_is_freed) { boc__sys_run_seeds(circle_body, NULL); }

/* The result of a behavior and the cown of a promise share a block with more. */
static void shared_block_body(void *context) {
    (void)context;
    begin_runtime(1);
    boc_promise_t *promise = NULL;
    CHECK_EQ(boc_promise_new(&promise), BOC_OK);
    boc_cown_t *cown = boc_promise_cown(promise);
    boc_weak_t *weak_promise = boc_weak_of(cown);
    boc_behavior_t *behavior = make(&visit_ops, NULL, 0, BOC_WRITE, NULL, 0, BOC_BEHAVIOR_RESULT);
    boc_weak_t *weak_result = boc_weak_of(boc_behavior_result(behavior));
    boc_behavior_free(behavior);
    boc_promise_unref(promise);
    CHECK(boc_weak_try_upgrade(weak_promise) == NULL);
    CHECK(boc_weak_try_upgrade(weak_result) == NULL);
    boc_weak_unref(weak_result);
    boc_weak_unref(weak_promise);
    end_runtime();
}
BOC_TEST(results_and_promises_have_weak_references) { boc__sys_run_seeds(shared_block_body, NULL); }

static void make_value(boc_behavior_t *behavior, void *data) {
    BOC_YIELD();
    *boc_cown_value(boc_behavior_result(behavior)) = (boc_payload_t){*(value_t **)data, &value_ops};
}
static const boc_behavior_ops_t value_behavior_ops = {make_value, NULL, NULL};

/* Now a weak reference, now a strong one, never both for long. */
static void alternate(void *context) {
    racer_t *racer = context;
    boc_weak_t *weak = racer->weak;
    for (int i = 0; i < SCALED(20, 5); i++) {
        boc_cown_t *cown = boc_weak_try_upgrade(weak);
        if (cown == NULL)
            break;
        boc_weak_unref(weak);
        BOC_YIELD();
        CHECK_EQ(atomic_load(&racer->value->drops), 0);
        weak = boc_weak_of(cown);
        CHECK_EQ(atomic_load(&racer->value->drops), 0);
        boc_cown_unref(cown);
    }
    boc_weak_unref(weak);
}

/* Goal: a behavior that ends does not take its result for forgotten while others have weak
 * references of it, whatever it sees of them. */
static void forgotten_body(void *context) {
    (void)context;
    begin_runtime(1);
    for (int round = 0; round < SCALED(200, 1); round++) {
        value_t value = {0, NULL};
        value_t *p_value = &value;
        boc_behavior_t *behavior = make(&value_behavior_ops, NULL, 0, BOC_WRITE, &p_value,
                                        sizeof p_value, BOC_BEHAVIOR_RESULT);
        racer_t racer = {&value, boc_weak_of(boc_behavior_result(behavior))};
        boc__thread_t thread;
        CHECK_EQ(boc__thread_start(&thread, alternate, &racer, "racer"), BOC_OK);
        CHECK_EQ(boc_behavior_schedule(behavior), BOC_OK);
        boc__thread_join(&thread);
        wait_quiescent();
        CHECK_EQ(value.drops, 1);
    }
    end_runtime();
}
BOC_TEST(result_with_weak_references_is_not_forgotten) { boc__sys_run_seeds(forgotten_body, NULL); }
