/* sample.h - run something in a process of its own, and collect what it measured.
 *
 * A fresh process starts with cold, unscattered memory and no threads, so runs do
 * not depend on each other.
 */
#ifndef BOC_BENCHMARKS_NATIVE_SAMPLE_H
#define BOC_BENCHMARKS_NATIVE_SAMPLE_H

#include <stddef.h>

typedef struct samples {
    double *values;
    size_t count, capacity;
} samples_t;

/* `measure(context, out, count)` runs in the child and fills `out`. */
typedef void (*measure_fn)(const void *context, double *out, size_t count);

/* Returns once the child has ended; a child that fails ends the program. */
void sample_in_child(measure_fn measure, const void *context, double *out, size_t count);

void samples_add(samples_t *samples, double value);
void samples_free(samples_t *samples);

/* Of at least one sample; they get sorted.  `fraction` 0 is the least, 0.5 the median. */
double samples_quantile(samples_t *samples, double fraction);
double samples_min(samples_t *samples);
double samples_median(samples_t *samples);

#endif
