/* philosophers.c - five philosophers, five forks, no deadlock.
 *
 * A meal is a behavior that writes the two forks beside a philosopher, and schedules the next
 * meal before it ends.  Nobody thinks about the order in which forks are picked up. */
#include <boc/boc.h>

#include <stdio.h>
#include <stdlib.h>

enum { PHILOSOPHERS = 5, MEALS = 2000 };

static boc_cown_t *forks[PHILOSOPHERS]; /* written before the first meal only */

typedef struct meal {
    int philosopher;
    int left; /* meals, this one included */
} meal_t;

static void must(boc_status_t status) {
    if (status != BOC_OK) {
        fprintf(stderr, "philosophers: %s\n", boc_status_name(status));
        exit(EXIT_FAILURE);
    }
}

static void run_meal(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t meal_ops = {.run = run_meal};

static void schedule_meal(meal_t meal) {
    boc_behavior_t *behavior;
    must(boc_behavior_new(&meal_ops, 2, sizeof meal, 0, &behavior));
    for (int side = 0; side < 2; side++) {
        boc_cown_t *fork = forks[(meal.philosopher + side) % PHILOSOPHERS];
        boc_cown_ref(fork);
        boc_behavior_request(behavior, (size_t)side, fork, BOC_WRITE);
    }
    *(meal_t *)boc_behavior_data(behavior) = meal;
    must(boc_behavior_schedule(behavior));
}

static void run_meal(boc_behavior_t *behavior, void *data) {
    meal_t meal = *(meal_t *)data;
    for (size_t side = 0; side < 2; side++) {
        unsigned *uses = boc_cown_value(boc_behavior_cown(behavior, side))->data;
        ++*uses;
    }
    if (--meal.left > 0)
        schedule_meal(meal);
}

int main(void) {
    static const boc_payload_ops_t on_the_heap = {.drop = free};
    must(boc_runtime_start(&(boc_runtime_options_t){.worker_count = 4}));
    for (int i = 0; i < PHILOSOPHERS; i++) {
        unsigned *uses = calloc(1, sizeof *uses);
        if (uses == NULL)
            must(BOC_ENOMEM);
        must(boc_cown_new((boc_payload_t){uses, &on_the_heap}, &forks[i]));
    }
    for (int i = 0; i < PHILOSOPHERS; i++)
        schedule_meal((meal_t){.philosopher = i, .left = MEALS});
    must(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT));
    for (int i = 0; i < PHILOSOPHERS; i++) {
        printf("fork %d was used %u times\n", i, *(unsigned *)boc_cown_value(forks[i])->data);
        boc_cown_unref(forks[i]);
    }
    must(boc_runtime_shutdown());
    return 0;
}
