/* random.c - xoshiro256**, seeded by SplitMix64; uniform and normal deviates. */
#include "matrix/random.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

/* One step of SplitMix64: the golden ratio as increment, then a mixing of bits. */
static uint64_t split(uint64_t *state) {
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static uint64_t rotate_left(uint64_t bits, unsigned count) {
    return (bits << count) | (bits >> (64 - count));
}

/* SplitMix64 never gives zero four times in a row, so the state is a valid one. */
void boc__random_seed(boc__random_t *random, uint64_t seed) {
    for (size_t i = 0; i < 4; i++)
        random->s[i] = split(&seed);
}

uint64_t boc__random_next(boc__random_t *random) {
    uint64_t *s = random->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* From 0 (included) to 1 (excluded), a multiple of 2**-53. */
static double unit(boc__random_t *random) {
    return (double)(int64_t)(boc__random_next(random) >> 11) * 0x1.0p-53;
}

/* One number between two finite bounds.  What rounding put outside is drawn again. */
static double between(boc__random_t *random, double min, double max) {
    for (;;) {
        double u = unit(random);
        double value = u * (max - min) + min;
        if (isinf(max - min)) /* the bounds are finite, their distance is not */
            value = u * max + (1.0 - u) * min;
        if (min < max ? value >= min && value < max : value <= min && value > max)
            return value;
    }
}

void boc__random_uniform(boc__random_t *random, double *out, size_t count, double min, double max) {
    boc__random_t state = *random; /* in registers for the length of the loop */
    bool have_room = isfinite(min) && isfinite(max) && min != max;
    double distance = max - min;
    if (have_room && min < max && isfinite(distance))
        for (size_t i = 0; i < count; i++) {
            double value = unit(&state) * distance + min;
            out[i] = value < max ? value : between(&state, min, max);
        }
    else
        for (size_t i = 0; i < count; i++)
            out[i] = have_room ? between(&state, min, max) : unit(&state) * distance + min;
    *random = state;
}

/* Two deviates from a point inside the unit circle (Marsaglia, Bray: A convenient method for
 * generating normal variables, SIAM Review 6(3), 1964). */
static void normal_pair(boc__random_t *random, double pair[2]) {
    double x, y, square;
    do {
        x = 2.0 * unit(random) - 1.0;
        y = 2.0 * unit(random) - 1.0;
        square = x * x + y * y;
    } while (square >= 1.0 || square == 0.0);
    double scale = sqrt(-2.0 * log(square) / square);
    pair[0] = x * scale;
    pair[1] = y * scale;
}

void boc__random_normal(boc__random_t *random, double *out, size_t count, double mean,
                        double stddev) {
    boc__random_t state = *random;
    for (size_t i = 0; i < count; i += 2) {
        double pair[2];
        normal_pair(&state, pair);
        out[i] = mean + stddev * pair[0];
        if (i + 1 < count)
            out[i + 1] = mean + stddev * pair[1];
    }
    *random = state;
}
