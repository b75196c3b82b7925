/* extremes.c - the smallest and largest of each group, and where they are. */
#include "matrix/extremes.h"

#include "matrix/lanes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { BLOCK = 64 }; /* columns taken at a time */

/* Of two candidates the smaller one, or NaN as soon as there was one. */
BOC__INLINE double lesser(double best, double x) { return (x < best) | (x != x) ? x : best; }
BOC__INLINE double greater(double best, double x) { return (x > best) | (x != x) ? x : best; }

/* Lanes begin with the last value anybody would choose, which also stands for what does not
 * count and for the missing rest of a row. */
#define ALONG(NAME, BETTER, ELEMENT)                                                               \
    BOC__INLINE double NAME(const double *a, const double *mask, size_t count, double last) {      \
        double lane[BOC__LANES];                                                                   \
        double rest[BOC__LANES];                                                                   \
        (void)mask;                                                                                \
        if (count < BOC__LANES) {                                                                  \
            double best = last;                                                                    \
            for (size_t i = 0; i < count; i++)                                                     \
                best = BETTER(best, (ELEMENT));                                                    \
            return best;                                                                           \
        }                                                                                          \
        for (size_t k = 0; k < BOC__LANES; k++)                                                    \
            lane[k] = rest[k] = last;                                                              \
        size_t whole = count - count % BOC__LANES;                                                 \
        for (size_t start = 0; start < whole; start += BOC__LANES)                                 \
            for (size_t k = 0; k < BOC__LANES; k++) {                                              \
                size_t i = start + k;                                                              \
                lane[k] = BETTER(lane[k], (ELEMENT));                                              \
            }                                                                                      \
        for (size_t i = whole; i < count; i++)                                                     \
            rest[i - whole] = (ELEMENT);                                                           \
        double best = last;                                                                        \
        for (size_t k = 0; k < BOC__LANES; k++)                                                    \
            best = BETTER(best, BETTER(lane[k], rest[k]));                                         \
        return best;                                                                               \
    }

ALONG(lesser_along, lesser, a[i])
ALONG(greater_along, greater, a[i])
ALONG(lesser_along_masked, lesser, mask[i] != 0.0 ? a[i] : last)
ALONG(greater_along_masked, greater, mask[i] != 0.0 ? a[i] : last)

#undef ALONG

static bool any_counts(const double *mask, size_t length, size_t step) {
    for (size_t i = 0; i < length; i++)
        if (mask == NULL || mask[i * step] != 0.0)
            return true;
    return false;
}

BOC__CLONES static void of_rows(bool largest, double *out, boc__shape_t shape, const double *data,
                                const double *mask, double last) {
    size_t columns = shape.columns;
    for (size_t r = 0; r < shape.rows; r++) {
        const double *a = data + r * columns;
        const double *m = mask == NULL ? NULL : mask + r * columns;
        if (m == NULL)
            out[r] =
                largest ? greater_along(a, m, columns, last) : lesser_along(a, m, columns, last);
        else
            out[r] = largest ? greater_along_masked(a, m, columns, last)
                             : lesser_along_masked(a, m, columns, last);
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
    for (size_t g = 0; g < groups; g++) {
        size_t start = by_column ? g : g * shape.columns;
        out[g] =
            place_along(largest, data + start, mask == NULL ? NULL : mask + start, length, step);
    }
}
