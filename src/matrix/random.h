/* random.h - a generator of doubles.
 *
 * xoshiro256** 1.0 (Blackman, Vigna: Scrambled linear pseudorandom number generators, ACM TOMS
 * 47(4), 2021), its state filled by SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom
 * number generators, OOPSLA 2014).  Both are in the public domain; this is our own writing.
 *
 * Eight generators take turns, so that a vector can hold a word of each: word i of the sequence is
 * the next one of generator i mod 8.  The words are drawn a batch ahead, and used one after the
 * other whatever they are drawn for.
 *
 * The state is the caller's, as is keeping two threads from drawing from it at once.  The same
 * seed and the same calls give the same numbers on every machine (normal deviates as far as the
 * C library's log agrees).
 */
#ifndef BOC_MATRIX_RANDOM_H
#define BOC_MATRIX_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { BOC__RANDOM_STREAMS = 8, BOC__RANDOM_BATCH = 256 };

typedef struct boc__random {
    uint64_t s[4][BOC__RANDOM_STREAMS]; /* s[.][k]: generator k, never all zero */
    uint64_t drawn[BOC__RANDOM_BATCH];
    size_t used; /* of `drawn`; BOC__RANDOM_BATCH: draw again */
} boc__random_t;

/* Generator k gets the words 4k to 4k+3 that SplitMix64 makes of `seed`. */
void boc__random_seed(boc__random_t *random, uint64_t seed);

/* 64 random bits. */
uint64_t boc__random_next(boc__random_t *random);

/* Fill out[0..count) with numbers from min (included) to max (excluded), which may be the
 * smaller; all are `min` if the two are equal.  What rounding puts at `max` becomes its neighbor.
 * Infinite bounds give what IEEE arithmetic makes of u * (max - min) + min. */
void boc__random_uniform(boc__random_t *random, double *out, size_t count, double min, double max);

/* Fill with mean + stddev * z, z normally distributed (Marsaglia's polar method, two from each
 * pair; an odd last one leaves its partner unused).  stddev 0: exactly `mean`. */
void boc__random_normal(boc__random_t *random, double *out, size_t count, double mean,
                        double stddev);

#endif
