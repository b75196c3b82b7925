/* workloads.h - the rows of the table. */
#ifndef BOC_BENCHMARKS_NATIVE_WORKLOADS_H
#define BOC_BENCHMARKS_NATIVE_WORKLOADS_H

#include <stddef.h>

/* Nanoseconds per behavior; the runtime is up.  What `parameter` means is the
 * workload's business. */
typedef double (*workload_fn)(unsigned parameter);

typedef struct workload {
    const char *name;
    workload_fn measure;
    unsigned parameter;
    double target[2]; /* in multiples of xadd at 1 and 2 threads; 0: there is none */
} workload_t;

extern const workload_t workloads[];
extern const size_t workload_count;

/* Rows run with as many threads as CPUs, twice and four times as many. */
extern const workload_t crowded_workloads[];
extern const size_t crowded_workload_count;

double measure_chains(unsigned chains);      /* chains.c */
double measure_ring(unsigned tokens);
double measure_ping_pong(unsigned unused);
double measure_tasks(unsigned unused);       /* bursts.c */
double measure_fan_out(unsigned cowns);
double measure_contended(unsigned producers);
double measure_fresh_cown(unsigned unused);
double measure_reads(unsigned write_every);
double measure_cown_new(unsigned unused);
double measure_bank_queued(unsigned accounts); /* bank.c */
double measure_bank_producers(unsigned producers);
double measure_bank_tokens(unsigned tokens);
double measure_bank_workers(unsigned workers);
double measure_contended_pairs(unsigned tokens);
double measure_philosophers(unsigned count);
double measure_batches(unsigned members);    /* batches.c */
double measure_cancel(unsigned unused);
double measure_groups(unsigned cowns_each);  /* groups.c */
double measure_fork_join(unsigned n);
double measure_promises(unsigned unused);    /* references.c */
double measure_handles(unsigned producers);
double measure_forged_handles(unsigned producers);
double measure_weak_upgrades(unsigned producers);
double measure_messages(unsigned is_receiving); /* messages.c */
double measure_message_ping_pong(unsigned unused);
double measure_message_fan_in(unsigned producers);
double measure_board_read(unsigned threads);
double measure_board_write(unsigned threads);
double measure_board_update(unsigned threads);

#endif
