#include "report.h"

#include "kit.h"

#include <stdio.h>

/* -- names ------------------------------------------------------------------------- */

static const char *const memory_names[MEMORY_COUNT] = {
    [MEMORY_COWN] = "cown_bytes",
    [MEMORY_BEHAVIOR_1] = "behavior_1_cown_bytes",
    [MEMORY_BEHAVIOR_2] = "behavior_2_cowns_bytes",
};
static const char *const idle_names[IDLE_COUNT] = {
    [IDLE_WAKE_P50_US] = "wake_p50_us",
    [IDLE_WAKE_P90_US] = "wake_p90_us",
    [IDLE_CALL_P50_US] = "waking_call_p50_us",
    [IDLE_CPU_US] = "cpu_per_event_us",
    [IDLE_CALLER_CPU_US] = "cpu_per_event_caller_us",
};
static const char *const start_stop_names[START_STOP_COUNT] = {
    [START_STOP_COLD_MS] = "start_stop_ms",
    [START_STOP_WARM_MS] = "start_stop_warm_ms",
};

/* What one behavior, event or start may cost; 0: no target. */
static const double memory_targets[MEMORY_COUNT] = {[MEMORY_BEHAVIOR_1] = 66};
static const double idle_targets[IDLE_COUNT] = {[IDLE_WAKE_P50_US] = 50, [IDLE_CPU_US] = 50};
static const double start_stop_targets[START_STOP_COUNT] = {[START_STOP_COLD_MS] = 0.3};

#define CONTENDED_RATIO 2.5 /* contended_pairs at 2 threads to 1 */
#define CROWDED_RATIO 1.5   /* twice as many threads as CPUs to as many */

/* The processor's name in `name`. */
static void read_cpu_name(char *name, size_t bytes) {
    (void)snprintf(name, bytes, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (file == NULL)
        return;
    char line[512];
    while (fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            line[strcspn(line, "\n\"\\")] = '\0';
            (void)snprintf(name, bytes, "%s", colon + 1 + strspn(colon + 1, " "));
            break;
        }
    }
    (void)fclose(file);
}

static const char *verdict(double value, double target) {
    return target <= 0 ? "" : value <= target ? "met" : "missed";
}

static row_t *find_row(row_t *rows, size_t count, const char *name, unsigned threads) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].workload->name, name) == 0 && rows[i].threads == threads)
            return &rows[i];
    return NULL;
}

/* -- the table ------------------------------------------------------------------------ */

static void print_target(double value, double target) {
    if (target > 0)
        printf("  %6.4g %s", target, verdict(value, target));
}

static void print_row(row_t *row, double xadd) {
    double min = samples_min(&row->ns), median = samples_median(&row->ns);
    printf("%-18s %7u %9.1f %9.1f %9.1f %8.1f", row->workload->name, row->threads, min, median,
           samples_min(&row->cpu_ns), min / xadd);
    if (row->threads >= 1 && row->threads <= 2)
        print_target(min / xadd, row->workload->target[row->threads - 1]);
    printf("\n");
}

static void print_costs(const char *const *names, const double *targets, samples_t *samples,
                        size_t count, unsigned threads) {
    for (size_t i = 0; i < count; i++) {
        double median = samples_median(&samples[i]);
        printf("%-26s %7u %9.2f %9.2f", names[i], threads, samples_min(&samples[i]), median);
        print_target(median, targets[i]);
        printf("\n");
    }
}

static void print_ratio(const char *text, row_t *more, row_t *less, double target) {
    if (more == NULL || less == NULL)
        return;
    double ratio = samples_min(&more->ns) / samples_min(&less->ns);
    printf("%-18s %-24s %6.2f", more->workload->name, text, ratio);
    print_target(ratio, target);
    printf("\n");
}

static void print_ratios(report_t *report) {
    print_ratio("2 threads to 1", find_row(report->rows, report->row_count, "contended_pairs", 2),
                find_row(report->rows, report->row_count, "contended_pairs", 1), CONTENDED_RATIO);
    for (size_t i = 0; i < report->crowded_count; i++) {
        row_t *base = &report->crowded[i];
        const char *name = base->workload->name;
        if (base->threads != report->cpus)
            continue;
        print_ratio("threads = 2 x CPUs",
                    find_row(report->crowded, report->crowded_count, name, 2 * report->cpus), base,
                    CROWDED_RATIO);
        print_ratio("threads = 4 x CPUs",
                    find_row(report->crowded, report->crowded_count, name, 4 * report->cpus), base,
                    0);
    }
}

void report_print(report_t *report) {
    char cpu[256];
    read_cpu_name(cpu, sizeof cpu);
    printf("%s, %u CPUs; targets hold on an AMD EPYC Milan\n\n", cpu, report->cpus);
    printf("%-26s %9s %9s\n", "calibration", "min ns", "median ns");
    for (size_t i = 0; i < CALIBRATION_COUNT; i++)
        printf("%-26s %9.2f %9.2f\n", calibrations[i].name, samples_min(&report->calibration[i]),
               samples_median(&report->calibration[i]));
    double xadd = samples_min(&report->calibration[CALIBRATION_XADD]);
    printf("\n%-18s %7s %9s %9s %9s %8s  target\n", "ns per behavior", "threads", "min", "median",
           "CPU min", "xadds");
    for (size_t i = 0; i < report->row_count; i++)
        print_row(&report->rows[i], xadd);
    if (report->crowded_count > 0)
        printf("\nmore threads than CPUs\n");
    for (size_t i = 0; i < report->crowded_count; i++)
        print_row(&report->crowded[i], xadd);
    printf("\n");
    print_ratios(report);
    if (report->cost_count > 0)
        printf("\n%-26s %7s %9s %9s  target\n", "costs", "threads", "min", "median");
    for (size_t i = 0; i < report->cost_count; i++) {
        cost_t *cost = &report->costs[i];
        print_costs(memory_names, memory_targets, cost->memory, MEMORY_COUNT, cost->threads);
        print_costs(idle_names, idle_targets, cost->idle, IDLE_COUNT, cost->threads);
        print_costs(start_stop_names, start_stop_targets, cost->start_stop, START_STOP_COUNT,
                    cost->threads);
    }
}

/* -- JSON ------------------------------------------------------------------------------- */

static void write_rows(FILE *file, const char *key, row_t *rows, size_t count, double xadd) {
    fprintf(file, "  \"%s\": [", key);
    for (size_t i = 0; i < count; i++) {
        double min = samples_min(&rows[i].ns);
        fprintf(file,
                "%s\n    {\"name\": \"%s\", \"threads\": %u, \"min_ns\": %.3f, "
                "\"median_ns\": %.3f, \"cpu_min_ns\": %.3f, \"runs\": %zu, \"xadds\": %.2f}",
                i > 0 ? "," : "", rows[i].workload->name, rows[i].threads, min,
                samples_median(&rows[i].ns), samples_min(&rows[i].cpu_ns), rows[i].ns.count,
                min / xadd);
    }
    fprintf(file, "\n  ],\n");
}

static void write_costs(FILE *file, const char *const *names, samples_t *samples, size_t count) {
    for (size_t i = 0; i < count; i++)
        fprintf(file, ", \"%s\": %.3f", names[i], samples_median(&samples[i]));
}

void report_write_json(report_t *report, const char *path) {
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    char cpu[256];
    read_cpu_name(cpu, sizeof cpu);
    double xadd = samples_min(&report->calibration[CALIBRATION_XADD]);
    fprintf(file, "{\n  \"cpu\": \"%s\",\n  \"cpus\": %u,\n  \"calibration\": {\n", cpu,
            report->cpus);
    for (size_t i = 0; i < CALIBRATION_COUNT; i++)
        fprintf(file, "    \"%s\": {\"min_ns\": %.3f, \"median_ns\": %.3f}%s\n",
                calibrations[i].name, samples_min(&report->calibration[i]),
                samples_median(&report->calibration[i]), i + 1 < CALIBRATION_COUNT ? "," : "");
    fprintf(file, "  },\n");
    write_rows(file, "rows", report->rows, report->row_count, xadd);
    write_rows(file, "crowded", report->crowded, report->crowded_count, xadd);
    fprintf(file, "  \"costs\": [");
    for (size_t i = 0; i < report->cost_count; i++) {
        cost_t *cost = &report->costs[i];
        fprintf(file, "%s\n    {\"threads\": %u", i > 0 ? "," : "", cost->threads);
        write_costs(file, memory_names, cost->memory, MEMORY_COUNT);
        write_costs(file, idle_names, cost->idle, IDLE_COUNT);
        write_costs(file, start_stop_names, cost->start_stop, START_STOP_COUNT);
        fprintf(file, "}");
    }
    fprintf(file, "\n  ]\n}\n");
    REQUIRE(fclose(file) == 0);
}
