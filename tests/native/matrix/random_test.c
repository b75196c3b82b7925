/* The generator against published outputs, its deviates against their laws. */
#include "fixture.h"

#include "matrix/random.h"

/* SplitMix64 from state 0 gives these (a widely published check of implementations). */
BOC_TEST(seed_fills_the_state_by_splitmix) {
    boc__random_t random;
    boc__random_seed(&random, 0);
    CHECK(random.s[0][0] == UINT64_C(0xe220a8397b1dcdaf));
    CHECK(random.s[1][0] == UINT64_C(0x6e789e6aa1b965f4));
    CHECK(random.s[2][0] == UINT64_C(0x06c45d188009454f));
    CHECK(random.s[3][0] == UINT64_C(0xf88bb8a8724c81ec));
    CHECK(random.s[0][1] == UINT64_C(0x1b39896a51a8749b));
}

/* The state 1, 2, 3, 4 is worked out by hand: rotl(2*5, 7) * 9 = 11520, then 0, then what the
 * definition gives for the states that follow. */
BOC_TEST(next_follows_the_definition) {
    const uint64_t words[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
    for (size_t k = 0; k < BOC__RANDOM_STREAMS; k++) {
        boc__random_t random;
        boc__random_seed(&random, 5);
        for (size_t word = 0; word < 4; word++)
            random.s[word][k] = word + 1;
        for (size_t i = 0; i < 4 * BOC__RANDOM_STREAMS; i++) {
            uint64_t word = boc__random_next(&random);
            CHECK(i % BOC__RANDOM_STREAMS != k || word == words[i / BOC__RANDOM_STREAMS]);
        }
    }
}

/* Goal: a deviate is the same whether it comes alone or with others, over several batches.
 * Method: pieces of all sizes, uniform and normal by turns, against one at a time. */
BOC_TEST(numbers_do_not_depend_on_how_many_are_drawn_at_once) {
    enum { COUNT = 3 * BOC__RANDOM_BATCH };
    boc__random_t together, alone;
    boc__random_seed(&together, 9);
    boc__random_seed(&alone, 9);
    boc__matrix_t out = make(1, COUNT);
    for (size_t size = 1; size <= COUNT; size = size * 2 + 1) {
        boc__random_uniform(&together, out.data, size, -2.0, 3.0);
        for (size_t i = 0; i < size; i++) {
            double one;
            boc__random_uniform(&alone, &one, 1, -2.0, 3.0);
            CHECK(same_number(one, out.data[i]));
        }
        boc__random_normal(&together, out.data, size, 1.0, 2.0);
        for (size_t i = 0; i < size; i += 2) {
            double pair[2];
            boc__random_normal(&alone, pair, i + 1 < size ? 2 : 1, 1.0, 2.0);
            CHECK(same_number(pair[0], out.data[i]));
            CHECK(i + 1 == size || same_number(pair[1], out.data[i + 1]));
        }
    }
    drop(out);
}

/* The words of known states become the deviates that exact arithmetic gives. */
BOC_TEST(uniform_is_the_upper_53_bits_of_a_word) {
    boc__random_t words, deviates;
    boc__random_seed(&words, 11);
    boc__random_seed(&deviates, 11);
    boc__matrix_t out = make(1, 1000);
    boc__random_uniform(&deviates, out.data, 1000, 0.0, 1.0);
    for (size_t i = 0; i < 1000; i++)
        CHECK(out.data[i] == ldexp((double)(boc__random_next(&words) >> 11), -53));
    drop(out);
}

BOC_TEST(same_seed_same_numbers_and_other_seed_others) {
    boc__matrix_t a = make(1, 101), b = make(1, 101);
    boc__random_t random;
    for (int normal = 0; normal <= 1; normal++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            boc__random_seed(&random, seed);
            (normal ? boc__random_normal : boc__random_uniform)(&random, a.data, 101, 0.0, 1.0);
            boc__random_seed(&random, seed);
            (normal ? boc__random_normal : boc__random_uniform)(&random, b.data, 101, 0.0, 1.0);
            check_same(a.data, b.data, 101);
            boc__random_seed(&random, seed + 1);
            (normal ? boc__random_normal : boc__random_uniform)(&random, b.data, 101, 0.0, 1.0);
            CHECK(memcmp(a.data, b.data, 101 * sizeof(double)) != 0);
        }
    }
    drop(a);
    drop(b);
}

BOC_TEST(uniform_stays_below_its_upper_bound) {
    const double bounds[][2] = {
        {0.0, 1.0},        {5.0, 10.0},   {10.0, 5.0},     {-1.0, 1e-300}, {1.0, 1.0 + 0x1.0p-52},
        {-1e308, 1.7e308}, {0.0, 5e-324}, {-0x1.0p52, 0.3}};
    boc__random_t random;
    boc__random_seed(&random, 7);
    boc__matrix_t out = make(1, 20000);
    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
        double min = bounds[b][0], max = bounds[b][1];
        boc__random_uniform(&random, out.data, 20000, min, max);
        for (size_t i = 0; i < 20000; i++)
            CHECK(min < max ? out.data[i] >= min && out.data[i] < max
                            : out.data[i] <= min && out.data[i] > max);
    }
    boc__random_uniform(&random, out.data, 10, 3.0, 3.0);
    for (size_t i = 0; i < 10; i++)
        CHECK(out.data[i] == 3.0);
    boc__random_uniform(&random, out.data, 10, 0.0, INFINITY);
    for (size_t i = 0; i < 10; i++)
        CHECK(out.data[i] == INFINITY || isnan(out.data[i]));
    drop(out);
}

/* Goal: no bit of the 53 is stuck.  Method: each is set in about half of 4096 draws. */
BOC_TEST(uniform_has_53_bits) {
    boc__random_t random;
    boc__random_seed(&random, 42);
    boc__matrix_t out = make(1, 4096);
    boc__random_uniform(&random, out.data, 4096, 0.0, 1.0);
    for (int bit = 0; bit < 53; bit++) {
        size_t set = 0;
        for (size_t i = 0; i < 4096; i++)
            set += ((uint64_t)(out.data[i] * 0x1.0p53) >> bit) & 1;
        CHECK(set > 2048 - 250 && set < 2048 + 250);
    }
    drop(out);
}

/* Goal: mean, variance, third and fourth moment, and the tail beyond two deviations.
 * Method: a fixed seed; bounds of five standard errors. */
BOC_TEST(normal_has_the_moments_of_its_law) {
    enum { COUNT = 200000 };
    boc__random_t random;
    boc__random_seed(&random, 1);
    boc__matrix_t out = make(1, COUNT);
    boc__random_normal(&random, out.data, COUNT, 0.0, 1.0);
    double m[5] = {0};
    size_t beyond = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double x = out.data[i];
        m[1] += x;
        m[2] += x * x;
        m[3] += x * x * x;
        m[4] += x * x * x * x;
        beyond += fabs(x) > 2.0;
    }
    double error = sqrt(1.0 / COUNT);
    CHECK(fabs(m[1] / COUNT) < 5 * error);
    CHECK(fabs(m[2] / COUNT - 1.0) < 5 * error * sqrt(2.0));
    CHECK(fabs(m[3] / COUNT) < 5 * error * sqrt(15.0));
    CHECK(fabs(m[4] / COUNT - 3.0) < 5 * error * sqrt(96.0));
    CHECK(fabs((double)beyond / COUNT - 0.0455003) < 5 * error * sqrt(0.0455));
    drop(out);
}

BOC_TEST(normal_without_deviation_is_the_mean) {
    boc__random_t random;
    boc__random_seed(&random, 3);
    boc__matrix_t out = make(1, 7);
    boc__random_normal(&random, out.data, 7, 2.5, 0.0);
    for (size_t i = 0; i < 7; i++)
        CHECK(out.data[i] == 2.5);
    boc__random_normal(&random, out.data, 7, 0.0, -1.0);
    for (size_t i = 0; i < 7; i++)
        CHECK(isfinite(out.data[i]));
    drop(out);
}
