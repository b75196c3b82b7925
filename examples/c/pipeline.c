/* pipeline.c - blocks of samples go through three stages; the stages share a table.
 *
 * Each block is a cown, and its stages follow each other because each writes or reads that
 * cown.  All blocks read the table, so they run at the same time; once, the table is written:
 * blocks scheduled before that use the old one, blocks scheduled after it use the new one. */
#include <boc/boc.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS = 64, SAMPLES = 256, LEVELS = 16 };

typedef struct block {
    unsigned number;
    unsigned samples[SAMPLES];
} block_t;

static const boc_payload_ops_t on_the_heap = {.drop = free};

static void must(boc_status_t status) {
    if (status != BOC_OK) {
        fprintf(stderr, "pipeline: %s\n", boc_status_name(status));
        exit(EXIT_FAILURE);
    }
}

static void *value_of(boc_behavior_t *behavior, size_t index) {
    return boc_cown_value(boc_behavior_cown(behavior, index))->data;
}

/* -- the stages -------------------------------------------------------------------- */

static void fill(boc_behavior_t *behavior, void *data) { /* writes a block */
    block_t *block = value_of(behavior, 0);
    (void)data;
    for (unsigned i = 0; i < SAMPLES; i++)
        block->samples[i] = (block->number * 7 + i * 3) % LEVELS;
}

static void convert(boc_behavior_t *behavior, void *data) { /* writes a block, reads the table */
    block_t *block = value_of(behavior, 0);
    const unsigned *table = value_of(behavior, 1);
    (void)data;
    for (unsigned i = 0; i < SAMPLES; i++)
        block->samples[i] = table[block->samples[i]];
}

static void collect(boc_behavior_t *behavior, void *data) { /* reads a block, writes the sum */
    const block_t *block = value_of(behavior, 0);
    uint64_t *sum = value_of(behavior, 1);
    (void)data;
    for (unsigned i = 0; i < SAMPLES; i++)
        *sum += block->samples[i];
}

static void double_table(boc_behavior_t *behavior, void *data) { /* writes the table */
    unsigned *table = value_of(behavior, 0);
    (void)data;
    for (unsigned i = 0; i < LEVELS; i++)
        table[i] *= 2;
}

static const boc_behavior_ops_t fill_ops = {.run = fill};
static const boc_behavior_ops_t convert_ops = {.run = convert};
static const boc_behavior_ops_t collect_ops = {.run = collect};
static const boc_behavior_ops_t double_ops = {.run = double_table};

/* -- the program ------------------------------------------------------------------- */

static boc_cown_t *new_cown(size_t count, size_t size) {
    boc_cown_t *cown;
    void *value = calloc(count, size);
    if (value == NULL)
        must(BOC_ENOMEM);
    must(boc_cown_new((boc_payload_t){value, &on_the_heap}, &cown));
    return cown;
}

/* Schedule a stage over one cown, or two: the second is NULL when there is only one. */
static void schedule(const boc_behavior_ops_t *ops, boc_cown_t *first, boc_access_t first_access,
                     boc_cown_t *second, boc_access_t second_access) {
    boc_behavior_t *behavior;
    must(boc_behavior_new(ops, second != NULL ? 2 : 1, 0, 0, &behavior));
    boc_cown_ref(first);
    boc_behavior_request(behavior, 0, first, first_access);
    if (second != NULL) {
        boc_cown_ref(second);
        boc_behavior_request(behavior, 1, second, second_access);
    }
    must(boc_behavior_schedule(behavior));
}

int main(void) {
    must(boc_runtime_start(&(boc_runtime_options_t){.worker_count = 4}));
    boc_cown_t *table = new_cown(LEVELS, sizeof(unsigned));
    boc_cown_t *sums[2] = {new_cown(1, sizeof(uint64_t)), new_cown(1, sizeof(uint64_t))};
    for (unsigned i = 0; i < LEVELS; i++) /* nobody else knows the cown yet */
        ((unsigned *)boc_cown_value(table)->data)[i] = i * i;
    for (unsigned number = 0; number < 2 * BLOCKS; number++) {
        if (number == BLOCKS)
            schedule(&double_ops, table, BOC_WRITE, NULL, BOC_WRITE);
        boc_cown_t *block = new_cown(1, sizeof(block_t));
        ((block_t *)boc_cown_value(block)->data)->number = number % BLOCKS;
        schedule(&fill_ops, block, BOC_WRITE, NULL, BOC_WRITE);
        schedule(&convert_ops, block, BOC_WRITE, table, BOC_READ);
        schedule(&collect_ops, block, BOC_READ, sums[number / BLOCKS], BOC_WRITE);
        boc_cown_unref(block); /* its last stage frees it */
    }
    must(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT));
    for (int i = 0; i < 2; i++) {
        printf("%s table: %llu\n", i == 0 ? "old" : "new",
               (unsigned long long)*(uint64_t *)boc_cown_value(sums[i])->data);
        boc_cown_unref(sums[i]);
    }
    boc_cown_unref(table);
    must(boc_runtime_shutdown());
    return 0;
}
