/* sums.c - partial sums in a fixed order, which vectors of any width can follow. */
#include "matrix/sums.h"

#include "matrix/lanes.h"

#include <stdint.h>
#include <string.h>

/* Add the upper half of the partial sums to the lower one, until one is left. */
BOC__INLINE double merge(const double lane[BOC__LANES]) {
    double half[BOC__LANES / 2], quarter[BOC__LANES / 4], pair[2];
    for (size_t k = 0; k < BOC__LANES / 2; k++)
        half[k] = lane[k] + lane[BOC__LANES / 2 + k];
    for (size_t k = 0; k < BOC__LANES / 4; k++)
        quarter[k] = half[k] + half[BOC__LANES / 4 + k];
    for (size_t k = 0; k < 2; k++)
        pair[k] = quarter[k] + quarter[2 + k];
    return pair[0] + pair[1];
}

/* `number` where the mask lets it count, else 0.0.  In bits: GCC 12 takes the wrong half of a mask
 * for a conditional expression that fills two vectors. */
BOC__INLINE double keep(double number, double mask) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    bits &= mask != 0.0 ? UINT64_MAX : 0;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* The sum of TERM, which names the element `i`, for i below `count`.  The two sums of the rest do
 * not wait for those of the lanes. */
#define SUM_ALONG(NAME, TERM)                                                                      \
    BOC__INLINE double NAME(const double *a, const double *b, size_t count) {                      \
        (void)b; /* not all terms have two operands */                                             \
        double rest[2] = {0.0, 0.0};                                                               \
        for (size_t i = count - count % BOC__LANES_HALF; i < count; i++)                           \
            rest[i % 2] += (TERM);                                                                 \
        if (count < BOC__LANES_HALF)                                                               \
            return rest[0] + rest[1];                                                              \
        double lane[BOC__LANES] = {0.0};                                                           \
        size_t start = 0;                                                                          \
        for (; count - start >= BOC__LANES; start += BOC__LANES)                                   \
            for (size_t k = 0; k < BOC__LANES; k++) {                                              \
                size_t i = start + k;                                                              \
                lane[k] += (TERM);                                                                 \
            }                                                                                      \
        if (count - start >= BOC__LANES_HALF)                                                      \
            for (size_t k = 0; k < BOC__LANES_HALF; k++) {                                         \
                size_t i = start + k;                                                              \
                lane[k] += (TERM);                                                                 \
            }                                                                                      \
        return merge(lane) + (rest[0] + rest[1]);                                                  \
    }

SUM_ALONG(along, a[i])
SUM_ALONG(along_squares, a[i] * a[i])
SUM_ALONG(along_products, a[i] * b[i])
SUM_ALONG(along_scaled, a[i] * b[0])
SUM_ALONG(along_masked, keep(a[i], b[i]))
SUM_ALONG(along_masked_squares, keep(a[i] * a[i], b[i]))

#undef SUM_ALONG

/* A term, and what the second operand is to it. */
typedef enum kind {
    ITSELF,
    SQUARE,
    MASKED,
    MASKED_SQUARE,
    PRODUCT,
    SCALED_LEFT,  /* the left operand is one number along the row */
    SCALED_RIGHT, /* the right one is */
} kind_t;

static kind_t kind_of(boc__term_t term, boc__walk_t a, boc__walk_t b, const double *mask) {
    if (term == BOC__TERM_PRODUCT) {
        assert(mask == NULL);
        return a.step == 0 ? SCALED_LEFT : b.step == 0 ? SCALED_RIGHT : PRODUCT;
    }
    if (term == BOC__TERM_SQUARE)
        return mask == NULL ? SQUARE : MASKED_SQUARE;
    return mask == NULL ? ITSELF : MASKED;
}

/* The second operand: the mask, or the first again where nothing reads it. */
static boc__walk_t second_of(boc__term_t term, boc__shape_t shape, boc__walk_t a, boc__walk_t b,
                             const double *mask) {
    if (term == BOC__TERM_PRODUCT)
        return b;
    return mask == NULL ? a : (boc__walk_t){mask, shape.columns, 1};
}

/* Short rows are many: the compiler sees how short they are. */
#define EACH_ROW_OF(SUM, LEFT, RIGHT, COUNT)                                                       \
    for (size_t r = 0; r < shape.rows; r++) {                                                      \
        const double *left = a.data + r * a.row_step;                                              \
        const double *right = b.data + r * b.row_step;                                             \
        (void)right;                                                                               \
        out[r] = SUM(LEFT, RIGHT, COUNT);                                                          \
    }

#define EACH_ROW(SUM, LEFT, RIGHT)                                                                 \
    if (shape.columns == 2)                                                                        \
        EACH_ROW_OF(SUM, LEFT, RIGHT, 2)                                                           \
    else if (shape.columns == 3)                                                                   \
        EACH_ROW_OF(SUM, LEFT, RIGHT, 3)                                                           \
    else if (shape.columns == 4)                                                                   \
        EACH_ROW_OF(SUM, LEFT, RIGHT, 4)                                                           \
    else                                                                                           \
        EACH_ROW_OF(SUM, LEFT, RIGHT, shape.columns)                                               \
    break

BOC__INLINE void short_sums(double *restrict out, const double *terms, size_t rows,
                            const size_t columns) {
    for (size_t r = 0; r < rows; r++)
        out[r] = along(terms + r * columns, NULL, columns);
}

/* Products of many short rows: multiplied as one long row, a buffer at a time, then summed. */
BOC__INLINE void short_products(double *restrict out, boc__shape_t shape, const double *left,
                                const double *right) {
    enum { ROWS = 64 };
    double products[ROWS * 4];
    for (size_t row = 0; row < shape.rows; row += ROWS) {
        size_t rows = shape.rows - row < ROWS ? shape.rows - row : ROWS;
        for (size_t i = 0; i < rows * shape.columns; i++)
            products[i] = left[row * shape.columns + i] * right[row * shape.columns + i];
        if (shape.columns == 2)
            short_sums(out + row, products, rows, 2);
        else if (shape.columns == 3)
            short_sums(out + row, products, rows, 3);
        else
            short_sums(out + row, products, rows, shape.columns);
    }
}

BOC__CLONES static void rows_of(kind_t kind, double *restrict out, boc__shape_t shape,
                                boc__walk_t a, boc__walk_t b) {
    switch (kind) {
    case ITSELF:
        EACH_ROW(along, left, right);
    case SQUARE:
        EACH_ROW(along_squares, left, right);
    case MASKED:
        EACH_ROW(along_masked, left, right);
    case MASKED_SQUARE:
        EACH_ROW(along_masked_squares, left, right);
    case PRODUCT:
        if (shape.columns <= 4 && a.row_step == shape.columns && b.row_step == shape.columns) {
            short_products(out, shape, a.data, b.data);
            break;
        }
        EACH_ROW(along_products, left, right);
    case SCALED_LEFT:
        EACH_ROW(along_scaled, right, left);
    case SCALED_RIGHT:
        EACH_ROW(along_scaled, left, right);
    }
}

#undef EACH_ROW_OF
#undef EACH_ROW

void boc__sums_rows(boc__term_t term, double *out, boc__shape_t shape, boc__walk_t a, boc__walk_t b,
                    const double *mask) {
    rows_of(kind_of(term, a, b, mask), out, shape, a, second_of(term, shape, a, b, mask));
}

/* Down the columns: the partial sums of a block of columns stay in the nearest cache, or in
 * registers where the compiler knows how many there are. */
#define EACH_CELL(COUNT, TERM)                                                                     \
    {                                                                                              \
        double sum[BOC__SUMS_BLOCK] = {0.0};                                                       \
        for (size_t r = 0; r < rows; r++) {                                                        \
            const double *left = a.data + r * a.row_step;                                          \
            const double *right = b.data + r * b.row_step;                                         \
            (void)right; /* not all terms have two operands */                                     \
            for (size_t i = 0; i < (COUNT); i++)                                                   \
                sum[i] += (TERM);                                                                  \
        }                                                                                          \
        memcpy(out, sum, (COUNT) * sizeof(double));                                                \
    }

#define EACH_COLUMN(TERM)                                                                          \
    if (count == 1)                                                                                \
        EACH_CELL(1, TERM)                                                                         \
    else if (count == 2)                                                                           \
        EACH_CELL(2, TERM)                                                                         \
    else if (count == 3)                                                                           \
        EACH_CELL(3, TERM)                                                                         \
    else if (count == 4)                                                                           \
        EACH_CELL(4, TERM)                                                                         \
    else                                                                                           \
        EACH_CELL(count, TERM)                                                                     \
    break

BOC__CLONES static void columns_of(kind_t kind, double *out, size_t rows, size_t count,
                                   boc__walk_t a, boc__walk_t b) {
    switch (kind) {
    case ITSELF:
        EACH_COLUMN(left[i]);
    case SQUARE:
        EACH_COLUMN(left[i] * left[i]);
    case MASKED:
        EACH_COLUMN(keep(left[i], right[i]));
    case MASKED_SQUARE:
        EACH_COLUMN(keep(left[i] * left[i], right[i]));
    case PRODUCT:
        EACH_COLUMN(left[i] * right[i]);
    case SCALED_LEFT:
        EACH_COLUMN(left[0] * right[i]);
    case SCALED_RIGHT:
        EACH_COLUMN(left[i] * right[0]);
    }
}

#undef EACH_COLUMN
#undef EACH_CELL

void boc__sums_columns(boc__term_t term, double *out, boc__shape_t shape, size_t first,
                       size_t count, boc__walk_t a, boc__walk_t b, const double *mask) {
    assert(count <= BOC__SUMS_BLOCK && first + count <= shape.columns);
    kind_t kind = kind_of(term, a, b, mask);
    b = second_of(term, shape, a, b, mask);
    a.data += first * a.step;
    b.data += first * b.step;
    columns_of(kind, out, shape.rows, count, a, b);
}

double boc__sums_squares(const double *data, size_t count) {
    if (count < BOC__LANES_HALF) /* not worth the way to the wide vectors */
        return along_squares(data, NULL, count);
    double sum;
    boc__walk_t row = {data, count, 1};
    rows_of(SQUARE, &sum, (boc__shape_t){1, count}, row, row);
    return sum;
}

/* Products are collected in row-major order, a buffer at a time, so that each goes to the partial
 * sum of its place although rows may end anywhere. */
double boc__sums_products(boc__shape_t shape, boc__walk_t a, boc__walk_t b) {
    if (shape.rows == 1 || (a.row_step == shape.columns * a.step &&
                            b.row_step == shape.columns * b.step && a.step != 0 && b.step != 0)) {
        double sum = 0.0;
        boc__shape_t all = {1, shape.rows * shape.columns};
        boc__sums_rows(BOC__TERM_PRODUCT, &sum, all, a, b, NULL);
        return sum;
    }
    double lane[BOC__LANES] = {0.0};
    double buffer[BOC__LANES];
    double rest[2] = {0.0, 0.0};
    size_t used = 0;
    for (size_t r = 0; r < shape.rows; r++) {
        const double *left = a.data + r * a.row_step;
        const double *right = b.data + r * b.row_step;
        for (size_t c = 0; c < shape.columns; c++) {
            buffer[used++] = left[c * a.step] * right[c * b.step];
            if (used < BOC__LANES)
                continue;
            for (size_t k = 0; k < BOC__LANES; k++)
                lane[k] += buffer[k];
            used = 0;
        }
    }
    size_t whole = used - used % BOC__LANES_HALF;
    for (size_t k = 0; k < whole; k++)
        lane[k] += buffer[k];
    for (size_t k = whole; k < used; k++)
        rest[k % 2] += buffer[k];
    return merge(lane) + (rest[0] + rest[1]);
}
