/* bank.c - transfers between accounts, and audits that see none of them half done.
 *
 * Each account is a cown.  A transfer is a behavior that writes two of them; transfers over
 * different accounts run at the same time.  An audit reads all accounts: it runs after the
 * transfers scheduled before it and before those scheduled after it. */
#include <boc/boc.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { ACCOUNTS = 16, TRANSFERS = 10000, AUDITS = 4, OPENING = 1000 };

typedef struct account {
    int64_t balance;
    unsigned refused; /* transfers that it could not pay for */
} account_t;

static void must(boc_status_t status) {
    if (status != BOC_OK) {
        fprintf(stderr, "bank: %s\n", boc_status_name(status));
        exit(EXIT_FAILURE);
    }
}

static account_t *account_of(boc_behavior_t *behavior, size_t index) {
    return boc_cown_value(boc_behavior_cown(behavior, index))->data;
}

/* -- the behaviors ----------------------------------------------------------------- */

static void run_transfer(boc_behavior_t *behavior, void *data) {
    account_t *from = account_of(behavior, 0);
    account_t *to = account_of(behavior, 1);
    int64_t amount = *(int64_t *)data;
    if (from->balance < amount) {
        from->refused++;
        return;
    }
    from->balance -= amount;
    to->balance += amount;
}

static void run_audit(boc_behavior_t *behavior, void *data) {
    int64_t *total = *(int64_t **)data;
    for (size_t i = 0; i < boc_behavior_request_count(behavior); i++)
        *total += account_of(behavior, i)->balance;
}

static const boc_behavior_ops_t transfer_ops = {.run = run_transfer};
static const boc_behavior_ops_t audit_ops = {.run = run_audit};

/* A behavior owns a reference of each cown that it requests. */
static void request(boc_behavior_t *behavior, size_t index, boc_cown_t *cown, boc_access_t access) {
    boc_cown_ref(cown);
    boc_behavior_request(behavior, index, cown, access);
}

static void transfer(boc_cown_t *from, boc_cown_t *to, int64_t amount) {
    boc_behavior_t *behavior;
    must(boc_behavior_new(&transfer_ops, 2, sizeof amount, 0, &behavior));
    request(behavior, 0, from, BOC_WRITE);
    request(behavior, 1, to, BOC_WRITE);
    *(int64_t *)boc_behavior_data(behavior) = amount;
    must(boc_behavior_schedule(behavior));
}

static void audit(boc_cown_t **accounts, int64_t *total) {
    boc_behavior_t *behavior;
    must(boc_behavior_new(&audit_ops, ACCOUNTS, sizeof total, 0, &behavior));
    for (size_t i = 0; i < ACCOUNTS; i++)
        request(behavior, i, accounts[i], BOC_READ);
    *(int64_t **)boc_behavior_data(behavior) = total;
    must(boc_behavior_schedule(behavior));
}

/* -- the program ------------------------------------------------------------------- */

static boc_cown_t *new_account(void) {
    static const boc_payload_ops_t on_the_heap = {.drop = free};
    account_t *account = calloc(1, sizeof *account);
    if (account == NULL)
        must(BOC_ENOMEM);
    account->balance = OPENING;
    boc_cown_t *cown;
    must(boc_cown_new((boc_payload_t){account, &on_the_heap}, &cown));
    return cown;
}

static unsigned next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

int main(void) {
    boc_cown_t *accounts[ACCOUNTS];
    int64_t totals[AUDITS] = {0};
    uint32_t seed = 1;
    must(boc_runtime_start(&(boc_runtime_options_t){.worker_count = 4}));
    for (size_t i = 0; i < ACCOUNTS; i++)
        accounts[i] = new_account();
    for (int i = 0; i < TRANSFERS; i++) {
        size_t from = next_random(&seed) % ACCOUNTS;
        size_t to = (from + 1 + next_random(&seed) % (ACCOUNTS - 1)) % ACCOUNTS;
        transfer(accounts[from], accounts[to], next_random(&seed) % 500);
        if (i % (TRANSFERS / AUDITS) == TRANSFERS / AUDITS / 2)
            audit(accounts, &totals[i / (TRANSFERS / AUDITS)]);
    }
    /* Everything that was scheduled runs; then the accounts are ours alone. */
    must(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT));
    unsigned refused = 0;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        refused += ((account_t *)boc_cown_value(accounts[i])->data)->refused;
        boc_cown_unref(accounts[i]);
    }
    for (int i = 0; i < AUDITS; i++)
        printf("audit %d: %lld\n", i + 1, (long long)totals[i]);
    printf("transfers: %d, refused: %u\n", TRANSFERS, refused);
    must(boc_runtime_shutdown());
    return 0;
}
