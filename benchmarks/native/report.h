/* report.h - everything that was measured, as a table and as JSON. */
#ifndef BOC_BENCHMARKS_NATIVE_REPORT_H
#define BOC_BENCHMARKS_NATIVE_REPORT_H

#include "calibrate.h"
#include "costs.h"
#include "sample.h"
#include "workloads.h"

#define ROWS_MAX 256
#define THREAD_COUNTS_MAX 8

typedef struct row {
    const workload_t *workload;
    unsigned threads;
    samples_t ns;     /* per behavior, one per run */
    samples_t cpu_ns; /* the same of CPU time, all threads together */
} row_t;

typedef struct cost {
    unsigned threads;
    samples_t memory[MEMORY_COUNT];
    samples_t idle[IDLE_COUNT];
    samples_t start_stop[START_STOP_COUNT];
} cost_t;

typedef struct report {
    unsigned cpus;
    samples_t calibration[CALIBRATION_COUNT];
    row_t rows[ROWS_MAX];
    size_t row_count;
    row_t crowded[ROWS_MAX]; /* more threads than CPUs */
    size_t crowded_count;
    cost_t costs[THREAD_COUNTS_MAX];
    size_t cost_count;
} report_t;

void report_print(report_t *report);

/* Fails the program when the file cannot be written. */
void report_write_json(report_t *report, const char *path);

#endif
