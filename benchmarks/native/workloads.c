#include "workloads.h"

const workload_t workloads[] = {
    {"chain_self", measure_chains, 1, {6, 0}},
    {"chain_queued", measure_fan_out, 1, {10, 0}},
    {"tasks", measure_tasks, 0, {0, 0}},
    {"fanout_1000", measure_fan_out, 1000, {22, 0}},
    {"fanout_100k", measure_fan_out, 100000, {0, 0}},
    {"fresh_cown", measure_fresh_cown, 0, {0, 0}},
    {"chains_64", measure_chains, 64, {0, 5}},
    {"chains_1000", measure_chains, 1000, {0, 0}},
    {"bank_queued", measure_bank_queued, 1000, {65, 0}},
    {"bank_queued_16", measure_bank_queued, 16, {0, 0}},
    {"bank_2_producers", measure_bank_producers, 2, {0, 0}},
    {"bank_tokens_16", measure_bank_tokens, 16, {24, 0}},
    {"bank_tokens_256", measure_bank_tokens, 256, {0, 0}},
    {"bank_workers_36", measure_bank_workers, 36, {0, 0}},
    {"ring_1", measure_ring, 1, {8, 0}},
    {"ring_16", measure_ring, 16, {0, 0}},
    {"ping_pong", measure_ping_pong, 0, {0, 0}},
    {"contended_1", measure_contended, 2, {0, 0}},
    {"contended_pairs", measure_contended_pairs, 16, {0, 48}},
    {"philosophers_50", measure_philosophers, 50, {0, 0}},
    {"reads", measure_reads, 0, {17, 0}},
    {"reads_90_10", measure_reads, 10, {0, 0}},
    {"fork_join_23", measure_fork_join, 23, {0, 0}},
    {"cowns_4", measure_groups, 4, {0, 0}},
    {"cowns_8", measure_groups, 8, {160, 0}},
    {"cowns_32", measure_groups, 32, {0, 0}},
    {"cown_new", measure_cown_new, 0, {0, 0}},
    {"promise_round_trip", measure_promises, 0, {0, 0}},
    {"handle_resolve", measure_handles, 1, {0, 0}},
    {"handle_resolve_2", measure_handles, 2, {0, 0}},
    {"handle_forged", measure_forged_handles, 1, {0, 0}},
    {"weak_upgrade", measure_weak_upgrades, 1, {0, 0}},
    {"weak_upgrade_2", measure_weak_upgrades, 2, {0, 0}},
};
const size_t workload_count = sizeof workloads / sizeof workloads[0];

const workload_t crowded_workloads[] = {
    {"contended_pairs", measure_contended_pairs, 16, {0, 0}},
    {"bank_tokens_16", measure_bank_tokens, 16, {0, 0}},
    {"bank_queued", measure_bank_queued, 1000, {0, 0}},
    {"bank_4_producers", measure_bank_producers, 4, {0, 0}},
    {"chains_64", measure_chains, 64, {0, 0}},
};
const size_t crowded_workload_count = sizeof crowded_workloads / sizeof crowded_workloads[0];
