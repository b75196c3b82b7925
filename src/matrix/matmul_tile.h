/* matmul_tile.h - one block of the product, written for one width of vectors.  Private.
 *
 * Included once per width, with
 *   TILE          the name of the function
 *   TILE_TARGET   its attributes: the instruction set
 *   TILE_ROWS     rows of the block; rows * MATMUL_COLUMNS sums fit in the registers
 *   TILE_BYTES    the width of a vector
 *
 * out (rows x MATMUL_COLUMNS) gets, or is increased by, the product of `rows` rows of a with a
 * panel of b: `depth` rows of MATMUL_COLUMNS elements, one after the other.
 */

typedef double TILE_VECTOR __attribute__((vector_size(TILE_BYTES), aligned(8), may_alias));

#define EACH_SUM(STATEMENT)                                                                        \
    BOC__UNROLL for (size_t r = 0; r < rows; r++) {                                                \
        BOC__UNROLL for (size_t v = 0; v < VECTORS; v++) { STATEMENT; }                            \
    }

/* Always a constant number of rows, so that every sum has a register of its own. */
TILE_TARGET BOC__INLINE void TILE_BODY(const size_t rows, bool is_first, double *out,
                                       size_t out_step, const double *a, size_t a_step,
                                       const double *panel, size_t depth) {
    enum { LANES = TILE_BYTES / sizeof(double), VECTORS = MATMUL_COLUMNS / LANES };
    TILE_VECTOR sum[TILE_ROWS][VECTORS];
    if (is_first) {
        EACH_SUM(sum[r][v] = (TILE_VECTOR){0.0})
    } else {
        EACH_SUM(sum[r][v] = *(const TILE_VECTOR *)(out + r * out_step + v * LANES))
    }
    for (size_t k = 0; k < depth; k++) {
        const TILE_VECTOR *b = (const TILE_VECTOR *)(panel + k * MATMUL_COLUMNS);
        EACH_SUM(sum[r][v] += a[r * a_step + k] * b[v])
    }
    EACH_SUM(*(TILE_VECTOR *)(out + r * out_step + v * LANES) = sum[r][v])
}

#define TILE_CASE(ROWS)                                                                            \
    case ROWS:                                                                                     \
        TILE_BODY(ROWS < TILE_ROWS ? ROWS : TILE_ROWS, is_first, out, out_step, a, a_step, panel,  \
                  depth);                                                                          \
        break

TILE_TARGET static void TILE(size_t rows, bool is_first, double *out, size_t out_step,
                             const double *a, size_t a_step, const double *panel, size_t depth) {
    assert(rows >= 1 && rows <= TILE_ROWS);
    switch (rows) {
        TILE_CASE(1);
        TILE_CASE(2);
        TILE_CASE(3);
        TILE_CASE(4);
        TILE_CASE(5);
        TILE_CASE(6);
        TILE_CASE(7);
        TILE_CASE(8);
    }
}

#undef TILE_CASE
#undef EACH_SUM
#undef TILE
#undef TILE_BODY
#undef TILE_VECTOR
#undef TILE_TARGET
#undef TILE_ROWS
#undef TILE_BYTES
