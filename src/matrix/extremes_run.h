/* extremes_run.h - the minimum of a run, written for one width of vectors.  Private.
 *
 * Included once per width, with
 *   RUN          the name of the function
 *   RUN_TARGET   its attributes: the instruction set
 *   RUN_BYTES    the width of a vector
 *   RUN_NUMBERS, RUN_BITS   names for its types
 *
 * The least number of a run of RUN_LENGTH or more, NaN passed over (infinity if there is no
 * other), and whether there was a NaN.  With `flip` the sign bit the run is negated: the answer is
 * then minus the greatest.  Lane i mod RUN_LENGTH gets element i, whatever the width; the last
 * RUN_LENGTH elements are looked at once more instead of a rest.
 */

typedef double RUN_NUMBERS __attribute__((vector_size(RUN_BYTES), aligned(8), may_alias));
typedef int64_t RUN_BITS __attribute__((vector_size(RUN_BYTES), aligned(8), may_alias));

#define EACH_VECTOR(COUNT, STATEMENT)                                                              \
    BOC__UNROLL for (size_t v = 0; v < (COUNT); v++) { STATEMENT; }

/* Of two candidates the lesser one. */
#define CHOOSE(BEST, X)                                                                            \
    RUN_BITS better = (X) < (BEST);                                                                \
    (BEST) = (RUN_NUMBERS)(((RUN_BITS)(X) & better) | ((RUN_BITS)(BEST) & ~better))

#define LOOK(START)                                                                                \
    EACH_VECTOR(VECTORS, RUN_BITS bits = *(const RUN_BITS *)(a + (START) + v * LANES) ^ flips;     \
                RUN_NUMBERS x = (RUN_NUMBERS)bits; CHOOSE(best[v], x); nans[v] |= x != x)

/* The upper half of twice COUNT vectors to the lower one. */
#define FOLD(COUNT)                                                                                \
    EACH_VECTOR(COUNT, CHOOSE(best[v], best[v + (COUNT)]); nans[v] |= nans[v + (COUNT)])

RUN_TARGET static double RUN(const double *a, size_t count, int64_t flip, bool *p_nan) {
    enum { LANES = RUN_BYTES / sizeof(double), VECTORS = RUN_LENGTH / LANES };
    assert(count >= RUN_LENGTH);
    RUN_BITS flips = (RUN_BITS){0} + flip;
    RUN_NUMBERS best[VECTORS];
    RUN_BITS nans[VECTORS];
    EACH_VECTOR(VECTORS, best[v] = (RUN_NUMBERS){0.0} + (double)INFINITY; nans[v] = (RUN_BITS){0})
    for (size_t start = 0; start + RUN_LENGTH <= count; start += RUN_LENGTH)
        LOOK(start)
    if (count % RUN_LENGTH != 0)
        LOOK(count - RUN_LENGTH)
    if (VECTORS > 4)
        FOLD(4)
    if (VECTORS > 2)
        FOLD(2)
    FOLD(1)
    double lane[LANES];
    *(RUN_NUMBERS *)lane = best[0];
    int64_t nan = 0;
    for (size_t i = 0; i < LANES; i++)
        nan |= nans[0][i];
    *p_nan = nan != 0;
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            lane[i] = lane[i + half] < lane[i] ? lane[i + half] : lane[i];
    return lane[0];
}

#undef FOLD
#undef LOOK
#undef CHOOSE
#undef EACH_VECTOR
#undef RUN
#undef RUN_TARGET
#undef RUN_BYTES
#undef RUN_NUMBERS
#undef RUN_BITS
