/* The generator against published outputs, its deviates against their laws. */
#include "fixture.h"

#include "matrix/random.h"

/* SplitMix64 from state 0 gives these (a widely published check of implementations). */
BOC_TEST(seed_fills_the_state_by_splitmix) {
    boc__random_t random;
    boc__random_seed(&random, 0);
    CHECK(random.s[0] == UINT64_C(0xe220a8397b1dcdaf));
    CHECK(random.s[1] == UINT64_C(0x6e789e6aa1b965f4));
    CHECK(random.s[2] == UINT64_C(0x06c45d188009454f));
    CHECK(random.s[3] == UINT64_C(0xf88bb8a8724c81ec));
}

/* The state 1, 2, 3, 4 is worked out by hand: rotl(2*5, 7) * 9 = 11520, then 0, then what the
 * definition gives for the states that follow. */
BOC_TEST(next_follows_the_definition) {
    boc__random_t random = {{1, 2, 3, 4}};
    CHECK(boc__random_next(&random) == 11520);
    CHECK(boc__random_next(&random) == 0);
    CHECK(boc__random_next(&random) == 1509978240);
    CHECK(boc__random_next(&random) == UINT64_C(1215971899390074240));
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
