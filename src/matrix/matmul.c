/* matmul.c - panels of b, packed; tiles of the result, summed in registers.
 *
 * For one cell k always ascends: within a tile by the loop, from block to block because the sums
 * so far are what the next tile begins with.  Vectors lie along the columns of the result, so
 * each lane is one cell and no sum is ever split.
 */
#include "matrix/matmul.h"

#include "matrix/lanes.h"

#include <assert.h>
#include <string.h>

enum {
    MATMUL_COLUMNS = 8, /* columns of a panel and of a tile */
    MATMUL_DEPTH = 512, /* rows of a panel: 32 KiB with the above, in the nearest cache */
    MATMUL_ROWS = 128,  /* rows of a that stay in the second cache: 512 KiB */
};

typedef void (*tile_fn)(size_t rows, bool is_first, double *out, size_t out_step, const double *a,
                        size_t a_step, const double *panel, size_t depth);

typedef struct tiler {
    tile_fn run;
    size_t rows_max;
} tiler_t;

#if defined(__GNUC__)

#define TILE tile_narrow
#define TILE_BODY tile_narrow_body
#define TILE_VECTOR narrow_t
#define TILE_TARGET
#define TILE_ROWS 2
#define TILE_BYTES 16
#include "matrix/matmul_tile.h"

#if defined(__x86_64__)

#define TILE tile_avx2
#define TILE_BODY tile_avx2_body
#define TILE_VECTOR avx2_t
#define TILE_TARGET __attribute__((target("avx2")))
#define TILE_ROWS 4
#define TILE_BYTES 32
#include "matrix/matmul_tile.h"

#define TILE tile_avx512
#define TILE_BODY tile_avx512_body
#define TILE_VECTOR avx512_t
#define TILE_TARGET __attribute__((target("avx512f")))
#define TILE_ROWS 8
#define TILE_BYTES 64
#include "matrix/matmul_tile.h"

static tiler_t choose_tiler(void) {
    if (__builtin_cpu_supports("avx512f"))
        return (tiler_t){tile_avx512, 8};
    if (__builtin_cpu_supports("avx2"))
        return (tiler_t){tile_avx2, 4};
    return (tiler_t){tile_narrow, 2};
}

#else

static tiler_t choose_tiler(void) { return (tiler_t){tile_narrow, 2}; }

#endif

#else

static void tile_plain(size_t rows, bool is_first, double *out, size_t out_step, const double *a,
                       size_t a_step, const double *panel, size_t depth) {
    for (size_t r = 0; r < rows; r++) {
        double sum[MATMUL_COLUMNS] = {0.0};
        if (!is_first)
            memcpy(sum, out + r * out_step, sizeof sum);
        for (size_t k = 0; k < depth; k++)
            for (size_t c = 0; c < MATMUL_COLUMNS; c++)
                sum[c] += a[r * a_step + k] * panel[k * MATMUL_COLUMNS + c];
        memcpy(out + r * out_step, sum, sizeof sum);
    }
}

static tiler_t choose_tiler(void) { return (tiler_t){tile_plain, 1}; }

#endif

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Copy `depth` rows of up to MATMUL_COLUMNS columns of b, filled up with zeros. */
static void pack(double *panel, const double *b, size_t b_step, size_t depth, size_t columns) {
    if (columns == MATMUL_COLUMNS) {
        for (size_t k = 0; k < depth; k++)
            memcpy(panel + k * MATMUL_COLUMNS, b + k * b_step, MATMUL_COLUMNS * sizeof(double));
        return;
    }
    memset(panel, 0, depth * MATMUL_COLUMNS * sizeof(double));
    for (size_t k = 0; k < depth; k++)
        memcpy(panel + k * MATMUL_COLUMNS, b + k * b_step, columns * sizeof(double));
}

/* A tile at the right edge, which is narrower than a panel: through a block beside it. */
static void tile_at_edge(tiler_t tiler, size_t rows, size_t columns, bool is_first, double *out,
                         size_t out_step, const double *a, size_t a_step, const double *panel,
                         size_t depth) {
    double block[8 * MATMUL_COLUMNS] = {0.0};
    assert(rows <= 8);
    for (size_t r = 0; r < rows && !is_first; r++)
        memcpy(block + r * MATMUL_COLUMNS, out + r * out_step, columns * sizeof(double));
    tiler.run(rows, is_first, block, MATMUL_COLUMNS, a, a_step, panel, depth);
    for (size_t r = 0; r < rows; r++)
        memcpy(out + r * out_step, block + r * MATMUL_COLUMNS, columns * sizeof(double));
}

/* Rows row..row_end of the result, one panel of columns wide, for one block of k. */
static void column_of_tiles(tiler_t tiler, boc__matrix_t out, boc__matrix_t a, size_t row,
                            size_t row_end, size_t column, size_t k, const double *panel,
                            size_t depth) {
    size_t columns = smaller(MATMUL_COLUMNS, out.columns - column);
    for (; row < row_end; row += tiler.rows_max) {
        size_t rows = smaller(tiler.rows_max, row_end - row);
        double *to = out.data + row * out.columns + column;
        const double *from = a.data + row * a.columns + k;
        if (columns == MATMUL_COLUMNS)
            tiler.run(rows, k == 0, to, out.columns, from, a.columns, panel, depth);
        else
            tile_at_edge(tiler, rows, columns, k == 0, to, out.columns, from, a.columns, panel,
                         depth);
    }
}

void boc__matmul(boc__matrix_t out, boc__matrix_t a, boc__matrix_t b) {
    assert(a.columns == b.rows && out.rows == a.rows && out.columns == b.columns);
    double panel[MATMUL_DEPTH * MATMUL_COLUMNS];
    tiler_t tiler = choose_tiler();
    if (a.columns == 0)
        boc__matrix_fill(out, 0.0);
    for (size_t k = 0; k < a.columns; k += MATMUL_DEPTH) {
        size_t depth = smaller(MATMUL_DEPTH, a.columns - k);
        for (size_t row = 0; row < out.rows; row += MATMUL_ROWS) {
            size_t row_end = smaller(row + MATMUL_ROWS, out.rows);
            for (size_t column = 0; column < out.columns; column += MATMUL_COLUMNS) {
                pack(panel, b.data + k * b.columns + column, b.columns, depth,
                     smaller(MATMUL_COLUMNS, out.columns - column));
                column_of_tiles(tiler, out, a, row, row_end, column, k, panel, depth);
            }
        }
    }
}
