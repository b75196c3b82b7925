/* random.c - eight xoshiro256**, seeded by SplitMix64; uniform and normal deviates. */
#include "matrix/random.h"

#include "matrix/lanes.h"

#include <math.h>
#include <string.h>

/* One step of SplitMix64: the golden ratio as increment, then a mixing of bits. */
static uint64_t split(uint64_t *state) {
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* SplitMix64 never gives zero four times in a row, so the states are valid ones. */
void boc__random_seed(boc__random_t *random, uint64_t seed) {
    for (size_t k = 0; k < BOC__RANDOM_STREAMS; k++)
        for (size_t word = 0; word < 4; word++)
            random->s[word][k] = split(&seed);
    random->used = BOC__RANDOM_BATCH;
}

/* A word of each of some generators; where there are no vectors, of one. */
#if defined(__GNUC__)
typedef uint64_t words_t __attribute__((vector_size(BOC__RANDOM_STREAMS * sizeof(uint64_t))));
#else
typedef uint64_t words_t;
#endif
enum { TOGETHER = sizeof(words_t) / sizeof(uint64_t) };

#define ROTATE_LEFT(bits, count) ((bits) << (count) | (bits) >> (64 - (count)))

BOC__CLONES static void refill(boc__random_t *random) {
    for (size_t k = 0; k < BOC__RANDOM_STREAMS; k += TOGETHER) {
        words_t s[4], result;
        for (size_t word = 0; word < 4; word++)
            memcpy(&s[word], &random->s[word][k], sizeof result);
        for (size_t i = k; i < BOC__RANDOM_BATCH; i += BOC__RANDOM_STREAMS) {
            words_t product = s[1] * 5, shifted = s[1] << 17;
            result = ROTATE_LEFT(product, 7) * 9;
            memcpy(&random->drawn[i], &result, sizeof result);
            s[2] ^= s[0];
            s[3] ^= s[1];
            s[1] ^= s[2];
            s[0] ^= s[3];
            s[2] ^= shifted;
            s[3] = ROTATE_LEFT(s[3], 45);
        }
        for (size_t word = 0; word < 4; word++)
            memcpy(&random->s[word][k], &s[word], sizeof result);
    }
    random->used = 0;
}

#undef ROTATE_LEFT

BOC__INLINE uint64_t next(boc__random_t *random) {
    if (random->used == BOC__RANDOM_BATCH)
        refill(random);
    return random->drawn[random->used++];
}

uint64_t boc__random_next(boc__random_t *random) { return next(random); }

/* From 0 (included) to 1 (excluded), a multiple of 2**-53: the upper 53 bits, whose halves become
 * the mantissas of doubles.  Every step is exact, and vectors of any width can take it. */
BOC__INLINE double unit(uint64_t bits) {
    uint64_t high_bits = (bits >> 43) | UINT64_C(0x4530000000000000); /* 2**84 + 2**32 * half */
    uint64_t low_bits = (bits >> 11 & UINT32_MAX) | UINT64_C(0x4330000000000000); /* 2**52 + half */
    double high, low;
    memcpy(&high, &high_bits, sizeof high);
    memcpy(&low, &low_bits, sizeof low);
    return (high - 0x1.00000001p84 + low) * 0x1.0p-53;
}

/* What uniform deviates are made with. */
typedef struct range {
    double min, max;
    double distance;
    double lowest, highest; /* the bounds of what comes out */
} range_t;

static range_t range_of(double min, double max) {
    range_t range = {min, max, max - min, -INFINITY, INFINITY};
    if (isfinite(min) && isfinite(max) && min != max) {
        double last = nextafter(max, min);
        range.lowest = min < last ? min : last;
        range.highest = min < last ? last : min;
    }
    return range;
}

BOC__INLINE double clamp(double x, const range_t *range) {
    x = x < range->lowest ? range->lowest : x;
    return x > range->highest ? range->highest : x;
}

BOC__CLONES static void uniforms(double *restrict out, const uint64_t *restrict bits, size_t count,
                                 const range_t *given) {
    const range_t range = *given;
    if (isinf(range.distance) && isfinite(range.min) && isfinite(range.max))
        for (size_t i = 0; i < count; i++) {
            double u = unit(bits[i]);
            out[i] = clamp(u * range.max + (1.0 - u) * range.min, &range);
        }
    else
        for (size_t i = 0; i < count; i++)
            out[i] = clamp(unit(bits[i]) * range.distance + range.min, &range);
}

void boc__random_uniform(boc__random_t *random, double *out, size_t count, double min, double max) {
    range_t range = range_of(min, max);
    while (count > 0) {
        if (random->used == BOC__RANDOM_BATCH)
            refill(random);
        size_t left = BOC__RANDOM_BATCH - random->used;
        size_t taken = count < left ? count : left;
        uniforms(out, random->drawn + random->used, taken, &range);
        random->used += taken;
        out += taken;
        count -= taken;
    }
}

/* Points of the square around the origin that lie inside the unit circle, but for the origin. */
typedef struct points {
    double x[BOC__RANDOM_BATCH / 2], y[BOC__RANDOM_BATCH / 2];
    double square[BOC__RANDOM_BATCH / 2]; /* of the distance to the origin */
} points_t;

/* What is outside is overwritten by the next. */
static void draw_points(boc__random_t *random, points_t *points, size_t wanted) {
    size_t count = 0;
    while (count < wanted) {
        double x = 2.0 * unit(next(random)) - 1.0;
        double y = 2.0 * unit(next(random)) - 1.0;
        double square = x * x + y * y;
        points->x[count] = x;
        points->y[count] = y;
        points->square[count] = square;
        count += (square < 1.0) & (square > 0.0);
    }
}

/* Each point gives two deviates (Marsaglia, Bray: A convenient method for generating normal
 * variables, SIAM Review 6(3), 1964). */
void boc__random_normal(boc__random_t *random, double *out, size_t count, double mean,
                        double stddev) {
    points_t points;
    for (size_t done = 0; done < count;) {
        size_t wanted = (count - done + 1) / 2;
        wanted = wanted < BOC__RANDOM_BATCH / 2 ? wanted : BOC__RANDOM_BATCH / 2;
        draw_points(random, &points, wanted);
        for (size_t i = 0; i < wanted; i++) {
            double square = points.square[i];
            double scale = sqrt(-2.0 * log(square) / square);
            out[done++] = mean + stddev * (points.x[i] * scale);
            if (done < count)
                out[done++] = mean + stddev * (points.y[i] * scale);
        }
    }
}
