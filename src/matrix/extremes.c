/* extremes.c - the smallest and largest of each group, and where they are. */
#include "matrix/extremes.h"

#include "matrix/lanes.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 64 }; /* columns taken at a time */

/* Of two candidates the smaller one, or NaN as soon as there was one. */
BOC__INLINE double lesser(double best, double x) { return (x < best) | (x != x) ? x : best; }
BOC__INLINE double greater(double best, double x) { return (x > best) | (x != x) ? x : best; }

enum { RUN_LENGTH = 16 }; /* from this length on, a run is looked at in vectors */

typedef double (*run_fn)(const double *a, size_t count, int64_t flip, bool *p_nan);

#if defined(__GNUC__)

#define RUN run_narrow
#define RUN_TARGET
#define RUN_BYTES 16
#define RUN_NUMBERS narrow_t
#define RUN_BITS narrow_bits_t
#include "matrix/extremes_run.h"

#if defined(__x86_64__)

#define RUN run_avx2
#define RUN_TARGET __attribute__((target("avx2")))
#define RUN_BYTES 32
#define RUN_NUMBERS avx2_t
#define RUN_BITS avx2_bits_t
#include "matrix/extremes_run.h"

#define RUN run_avx512
#define RUN_TARGET __attribute__((target("avx512f")))
#define RUN_BYTES 64
#define RUN_NUMBERS avx512_t
#define RUN_BITS avx512_bits_t
#include "matrix/extremes_run.h"

static run_fn choose_run(void) {
    if (__builtin_cpu_supports("avx512f"))
        return run_avx512;
    return __builtin_cpu_supports("avx2") ? run_avx2 : run_narrow;
}

#else

static run_fn choose_run(void) { return run_narrow; }

#endif

#else

static run_fn choose_run(void) { return NULL; }

#endif

static double negated(double x, bool largest) { return largest ? -x : x; }

/* The best number of a run, NaN passed over, and whether there was one. */
static double best_of_run(run_fn run, bool largest, const double *a, size_t count, bool *p_nan) {
    if (run != NULL && count >= RUN_LENGTH)
        return negated(run(a, count, largest ? INT64_MIN : 0, p_nan), largest);
    double best = INFINITY;
    *p_nan = false;
    for (size_t i = 0; i < count; i++) {
        double x = negated(a[i], largest);
        best = x < best ? x : best;
        *p_nan |= x != x;
    }
    return negated(best, largest);
}

static bool any_counts(const double *mask, size_t length, size_t step) {
    for (size_t i = 0; i < length; i++)
        if (mask == NULL || mask[i * step] != 0.0)
            return true;
    return false;
}

static void of_rows(bool largest, double *out, boc__shape_t shape, const double *data,
                    const double *mask, double last) {
    size_t columns = shape.columns;
    run_fn run = choose_run();
    for (size_t r = 0; r < shape.rows; r++) {
        const double *a = data + r * columns;
        bool has_nan = false;
        if (mask == NULL) {
            double best = best_of_run(run, largest, a, columns, &has_nan);
            out[r] = has_nan ? NAN : best;
            continue;
        }
        double best = last;
        for (size_t c = 0; c < columns; c++) {
            double x = mask[r * columns + c] != 0.0 ? a[c] : last;
            best = largest ? greater(best, x) : lesser(best, x);
        }
        out[r] = best;
    }
}

#define EACH_CELL(BETTER, ELEMENT)                                                                 \
    for (size_t r = 0; r < shape.rows; r++) {                                                      \
        const double *a = data + r * shape.columns;                                                \
        const double *m = mask + r * shape.columns;                                                \
        (void)m;                                                                                   \
        for (size_t i = 0; i < count; i++)                                                         \
            best[i] = BETTER(best[i], (ELEMENT));                                                  \
    }

BOC__CLONES static void of_columns(bool largest, bool is_masked, double *out, boc__shape_t shape,
                                   size_t count, const double *data, const double *mask,
                                   double last) {
    double best[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        best[i] = last;
    if (is_masked && largest)
        EACH_CELL(greater, m[i] != 0.0 ? a[i] : last)
    else if (is_masked)
        EACH_CELL(lesser, m[i] != 0.0 ? a[i] : last)
    else if (largest)
        EACH_CELL(greater, a[i])
    else
        EACH_CELL(lesser, a[i])
    memcpy(out, best, count * sizeof(double));
}

#undef EACH_CELL

void boc__extremes(bool largest, bool by_column, double *out, boc__shape_t shape,
                   const double *data, const double *mask) {
    const double last = largest ? -INFINITY : INFINITY;
    size_t groups = by_column ? shape.columns : shape.rows;
    if (!by_column) {
        of_rows(largest, out, shape, data, mask, last);
    } else {
        for (size_t c = 0; c < shape.columns; c += BLOCK) {
            size_t count = shape.columns - c < BLOCK ? shape.columns - c : BLOCK;
            of_columns(largest, mask != NULL, out + c, shape, count, data + c,
                       (mask == NULL ? data : mask) + c, last);
        }
    }
    /* Nobody was chosen, or all had the last value. */
    for (size_t g = 0; g < groups; g++) {
        size_t start = by_column ? g : g * shape.columns;
        if (out[g] == last &&
            !any_counts(mask == NULL ? NULL : mask + start, by_column ? shape.rows : shape.columns,
                        by_column ? shape.columns : 1))
            out[g] = NAN;
    }
}

static double place_along(bool largest, const double *a, const double *mask, size_t length,
                          size_t step) {
    size_t i = 0;
    if (mask != NULL)
        while (i < length && mask[i * step] == 0.0)
            i++;
    if (i == length)
        return -1.0;
    size_t place = i;
    double best = a[i * step];
    for (i++; i < length; i++) {
        double x = a[i * step];
        bool is_better = largest ? x > best : x < best;
        if (is_better && (mask == NULL || mask[i * step] != 0.0)) {
            best = x;
            place = i;
        }
    }
    return (double)place;
}

/* The first place that has the number `best`, which one has. */
static size_t find(const double *a, double best) {
    size_t i = 0;
    while (a[i] != best)
        i++;
    return i;
}

/* A whole row without a mask: what the best number is, then where it comes first. */
static double place_in_row(run_fn run, bool largest, const double *a, size_t length) {
    if (length == 0)
        return -1.0;
    if (a[0] != a[0])
        return 0.0;
    bool has_nan = false;
    return (double)find(a, best_of_run(run, largest, a, length, &has_nan));
}

/* Row by row, so that memory is read in order; the first row is the first choice. */
BOC__CLONES static void places_down(bool largest, double *out, boc__shape_t shape, size_t count,
                                    const double *data) {
    double best[BLOCK];
    double place[BLOCK] = {0.0};
    memcpy(best, data, count * sizeof(double));
    for (size_t r = 1; r < shape.rows; r++) {
        const double *a = data + r * shape.columns;
        for (size_t i = 0; i < count; i++) {
            bool is_better = largest ? a[i] > best[i] : a[i] < best[i];
            best[i] = is_better ? a[i] : best[i];
            place[i] = is_better ? (double)r : place[i];
        }
    }
    memcpy(out, place, count * sizeof(double));
}

void boc__extremes_places(bool largest, bool by_column, double *out, boc__shape_t shape,
                          const double *data, const double *mask) {
    size_t groups = by_column ? shape.columns : shape.rows;
    size_t length = by_column ? shape.rows : shape.columns;
    size_t step = by_column ? shape.columns : 1;
    if (by_column && mask == NULL && length != 0) {
        for (size_t c = 0; c < shape.columns; c += BLOCK)
            places_down(largest, out + c, shape,
                        shape.columns - c < BLOCK ? shape.columns - c : BLOCK, data + c);
        return;
    }
    run_fn run = choose_run();
    for (size_t g = 0; g < groups; g++) {
        size_t start = by_column ? g : g * shape.columns;
        if (mask == NULL && !by_column)
            out[g] = place_in_row(run, largest, data + start, length);
        else
            out[g] = place_along(largest, data + start, mask == NULL ? NULL : mask + start, length,
                                 step);
    }
}
