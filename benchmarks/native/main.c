/* main.c - run every workload many times, interleaved, each time in a fresh process.
 *
 *     bench_native [--quick] [--runs N] [--threads 1,2] [--only ROW,ROW] [--json FILE]
 *
 * A round runs every calibration and every row once, so that slow minutes of the
 * machine fall on all of them.
 */
#include "kit.h"
#include "platform/cpu.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

#define RUNS 20
#define RUNS_QUICK 3
#define COST_RUNS 3

typedef struct options {
    unsigned runs;
    unsigned threads[THREAD_COUNTS_MAX];
    size_t thread_counts;
    const char *only; /* rows by name, separated by commas; NULL: all, and the costs */
    const char *json;
} options_t;

static report_t report;

/* -- options -------------------------------------------------------------------------- */

_Noreturn static void explain(void) {
    fprintf(stderr, "usage: bench_native [--quick] [--runs N] [--threads 1,2] [--only ROW,ROW] "
                    "[--json FILE]\n");
    exit(2);
}

static void parse_threads(options_t *options, const char *list) {
    options->thread_counts = 0;
    for (const char *at = list; *at != '\0';) {
        char *end;
        unsigned long threads = strtoul(at, &end, 10);
        if (end == at || threads < 1 || threads > BOC_WORKERS_MAX ||
            options->thread_counts == THREAD_COUNTS_MAX)
            explain();
        options->threads[options->thread_counts++] = (unsigned)threads;
        at = *end == ',' ? end + 1 : end;
    }
}

static options_t parse(int argc, char **argv) {
    options_t options = {RUNS, {1, 2}, 2, NULL, NULL};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            options.runs = RUNS_QUICK;
            continue;
        }
        if (i + 1 == argc)
            explain();
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--runs") == 0)
            options.runs = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--threads") == 0)
            parse_threads(&options, value);
        else if (strcmp(argv[i], "--only") == 0)
            options.only = value;
        else if (strcmp(argv[i], "--json") == 0)
            options.json = value;
        else
            explain();
        i++;
    }
    if (options.runs == 0 || options.thread_counts == 0)
        explain();
    return options;
}

static bool is_wanted(const char *only, const char *name) {
    size_t length = strlen(name);
    for (const char *at = only; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return only == NULL;
}

/* -- one sample of each kind -------------------------------------------------------- */

static void calibrate_in_child(const void *context, double *out, size_t count) {
    (void)count;
    *out = ((const calibration_t *)context)->measure();
}

static void run_in_child(const void *context, double *out, size_t count) {
    REQUIRE(count == 2);
    const row_t *row = context;
    kit_start(row->threads);
    out[0] = row->workload->measure(row->workload->parameter);
    kit_stop();
    out[1] = out[0] * kit_cpu_share();
}

static void sample_calibrations(void) {
    for (size_t i = 0; i < CALIBRATION_COUNT; i++) {
        double ns;
        sample_in_child(calibrate_in_child, &calibrations[i], &ns, 1);
        samples_add(&report.calibration[i], ns);
    }
}

static void sample_rows(row_t *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double ns[2];
        sample_in_child(run_in_child, &rows[i], ns, 2);
        samples_add(&rows[i].ns, ns[0]);
        samples_add(&rows[i].cpu_ns, ns[1]);
    }
}

static void sample_cost(measure_fn measure, unsigned threads, samples_t *samples, size_t count) {
    double values[IDLE_COUNT];
    REQUIRE(count <= IDLE_COUNT);
    sample_in_child(measure, &threads, values, count);
    for (size_t i = 0; i < count; i++)
        samples_add(&samples[i], values[i]);
}

static void sample_costs(void) {
    for (size_t i = 0; i < report.cost_count; i++) {
        cost_t *cost = &report.costs[i];
        sample_cost(measure_memory, cost->threads, cost->memory, MEMORY_COUNT);
        sample_cost(measure_idle, cost->threads, cost->idle, IDLE_COUNT);
        sample_cost(measure_start_stop, cost->threads, cost->start_stop, START_STOP_COUNT);
    }
}

/* -- all of them ------------------------------------------------------------------------ */

static void add_row(row_t *rows, size_t *count, const workload_t *workload, unsigned threads) {
    REQUIRE(*count < ROWS_MAX);
    rows[(*count)++] = (row_t){workload, threads, {NULL, 0, 0}, {NULL, 0, 0}};
}

static void plan(const options_t *options) {
    report.cpus = boc__cpu_count();
    for (size_t i = 0; i < workload_count; i++)
        for (size_t k = 0; k < options->thread_counts; k++)
            if (is_wanted(options->only, workloads[i].name))
                add_row(report.rows, &report.row_count, &workloads[i], options->threads[k]);
    if (options->only != NULL)
        return;
    for (size_t i = 0; i < crowded_workload_count; i++)
        for (unsigned factor = 1; factor <= 4; factor *= 2)
            add_row(report.crowded, &report.crowded_count, &crowded_workloads[i],
                    factor * report.cpus);
    for (size_t k = 0; k < options->thread_counts; k++)
        report.costs[report.cost_count++].threads = options->threads[k];
}

int main(int argc, char **argv) {
    options_t options = parse(argc, argv);
    plan(&options);
    for (unsigned run = 0; run < options.runs; run++) {
        sample_calibrations();
        sample_rows(report.rows, report.row_count);
        sample_rows(report.crowded, report.crowded_count);
        if (run < COST_RUNS)
            sample_costs();
    }
    report_print(&report);
    if (options.json != NULL)
        report_write_json(&report, options.json);
    return 0;
}
