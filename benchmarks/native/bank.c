/* bank.c - behaviors over two cowns: transfers between accounts, philosophers. */
#include "kit.h"
#include "workloads.h"

#include <stdlib.h>

#define ACCOUNTS 1000
#define TRANSFERS_QUEUED 300000
#define TRANSFERS_BY_TOKENS 1000000
#define PRODUCERS_MAX 16

typedef struct bank {
    boc_cown_t **accounts;
    uint32_t count;
} bank_t;

/* Whoever chooses pairs at random and knows how many are left to do. */
typedef struct agent {
    const bank_t *bank;
    uint64_t random;
    size_t left;
    boc_cown_t *own; /* of a worker; not counted here */
} agent_t;

static bank_t new_bank(uint32_t accounts) { return (bank_t){kit_cowns(accounts), accounts}; }

static agent_t *new_agents(const bank_t *bank, size_t count, size_t left_each) {
    agent_t *agents = malloc(count * sizeof *agents);
    REQUIRE(agents != NULL);
    for (size_t i = 0; i < count; i++)
        agents[i] = (agent_t){bank, 0x9e3779b97f4a7c15u * (i + 1), left_each, NULL};
    return agents;
}

/* A transfer adds 2 to the sum of the balances. */
static void close_bank(bank_t *bank, size_t transfers) {
    REQUIRE(kit_sum_and_drop(bank->accounts, bank->count) == 2 * transfers);
}

static void schedule_transfer(const boc_behavior_ops_t *ops, agent_t *agent, void *word) {
    const bank_t *bank = agent->bank;
    uint32_t from = kit_draw(&agent->random, bank->count);
    uint32_t to = kit_draw(&agent->random, bank->count - 1);
    to += to >= from;
    kit_schedule_two(ops, bank->accounts[from], bank->accounts[to], word);
}

static void move_money(boc_behavior_t *behavior) {
    kit_add(behavior, 0, -3);
    kit_add(behavior, 1, 5);
}

/* -- queued by producers -------------------------------------------------------- */

static void transfer_run(boc_behavior_t *behavior, void *data) {
    (void)data;
    move_money(behavior);
}
static const boc_behavior_ops_t transfer_ops = {transfer_run, NULL, NULL};

static void produce_transfers(void *context) {
    agent_t *agent = context;
    for (; agent->left > 0; agent->left--)
        schedule_transfer(&transfer_ops, agent, NULL);
}

static double run_queued(uint32_t accounts, unsigned producers) {
    void *contexts[PRODUCERS_MAX];
    REQUIRE(producers <= PRODUCERS_MAX);
    bank_t bank = new_bank(accounts);
    size_t each = TRANSFERS_QUEUED / producers;
    agent_t *agents = new_agents(&bank, producers, each);
    for (unsigned i = 0; i < producers; i++)
        contexts[i] = &agents[i];
    double ns = kit_run(produce_transfers, contexts, producers) / (double)(each * producers);
    close_bank(&bank, each * producers);
    free(agents);
    return ns;
}

double measure_bank_queued(unsigned accounts) { return run_queued(accounts, 1); }
double measure_bank_producers(unsigned producers) { return run_queued(ACCOUNTS, producers); }

/* -- tokens ------------------------------------------------------------------------ */

typedef struct crowd {
    agent_t *agents;
    size_t count;
} crowd_t;

static void token_run(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t token_ops = {token_run, NULL, NULL};

static void token_run(boc_behavior_t *behavior, void *data) {
    agent_t *agent = kit_word(data);
    move_money(behavior);
    if (--agent->left > 0)
        schedule_transfer(&token_ops, agent, agent);
}

static void begin_tokens(void *context) {
    crowd_t *crowd = context;
    for (size_t i = 0; i < crowd->count; i++)
        schedule_transfer(&token_ops, &crowd->agents[i], &crowd->agents[i]);
}

static double run_tokens(uint32_t accounts, unsigned tokens) {
    bank_t bank = new_bank(accounts);
    size_t each = TRANSFERS_BY_TOKENS / tokens;
    crowd_t crowd = {new_agents(&bank, tokens, each), tokens};
    double ns = kit_run_one(begin_tokens, &crowd, each * tokens);
    close_bank(&bank, each * tokens);
    free(crowd.agents);
    return ns;
}

double measure_bank_tokens(unsigned tokens) { return run_tokens(ACCOUNTS, tokens); }
double measure_contended_pairs(unsigned tokens) { return run_tokens(16, tokens); }

/* -- workers: a step over the worker's own cown, and a transfer ----------------------- */

static void step_run(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t step_ops = {step_run, NULL, NULL};

static void step_run(boc_behavior_t *behavior, void *data) {
    agent_t *agent = kit_word(data);
    kit_add(behavior, 0, 1);
    schedule_transfer(&transfer_ops, agent, NULL);
    if (--agent->left > 0)
        kit_schedule_one(&step_ops, agent->own, BOC_WRITE, agent);
}

static void begin_workers(void *context) {
    crowd_t *crowd = context;
    for (size_t i = 0; i < crowd->count; i++)
        kit_schedule_one(&step_ops, crowd->agents[i].own, BOC_WRITE, &crowd->agents[i]);
}

double measure_bank_workers(unsigned workers) {
    bank_t bank = new_bank(ACCOUNTS);
    size_t each = TRANSFERS_BY_TOKENS / 2 / workers;
    boc_cown_t **own = kit_cowns(workers);
    crowd_t crowd = {new_agents(&bank, workers, each), workers};
    for (unsigned i = 0; i < workers; i++)
        crowd.agents[i].own = own[i];
    double ns = kit_run_one(begin_workers, &crowd, 2 * each * workers);
    REQUIRE(kit_sum_and_drop(own, workers) == each * workers);
    close_bank(&bank, each * workers);
    free(crowd.agents);
    return ns;
}

/* -- philosophers ---------------------------------------------------------------------- */

typedef struct table {
    boc_cown_t **forks;
    size_t count;
} table_t;

typedef struct philosopher {
    boc_cown_t *left, *right;
    size_t hunger;
} philosopher_t;

static void eat(boc_behavior_t *behavior, void *data);
static const boc_behavior_ops_t eat_ops = {eat, NULL, NULL};

static void eat(boc_behavior_t *behavior, void *data) {
    philosopher_t *philosopher = kit_word(data);
    kit_add(behavior, 0, 1);
    kit_add(behavior, 1, 1);
    if (--philosopher->hunger > 0)
        kit_schedule_two(&eat_ops, philosopher->left, philosopher->right, philosopher);
    else
        free(philosopher);
}

static void sit_down(void *context) {
    const table_t *table = context;
    for (size_t i = 0; i < table->count; i++) {
        philosopher_t *philosopher = malloc(sizeof *philosopher);
        REQUIRE(philosopher != NULL);
        *philosopher = (philosopher_t){table->forks[i], table->forks[(i + 1) % table->count],
                                       TRANSFERS_BY_TOKENS / table->count};
        kit_schedule_two(&eat_ops, philosopher->left, philosopher->right, philosopher);
    }
}

double measure_philosophers(unsigned count) {
    table_t table = {kit_cowns(count), count};
    size_t meals = TRANSFERS_BY_TOKENS / count * count;
    double ns = kit_run_one(sit_down, &table, meals);
    REQUIRE(kit_sum_and_drop(table.forks, count) == 2 * meals);
    return ns;
}
