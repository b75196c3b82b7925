/* transpose.c - block by block, so that both sides stay in the cache. */
#include "matrix/transpose.h"

#include "matrix/lanes.h"

#include <assert.h>

enum { BLOCK = 16 }; /* two cache lines in either direction */

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

BOC__CLONES static void turn(double *out, const double *a, size_t rows, size_t columns) {
    for (size_t row = 0; row < rows; row += BLOCK) {
        size_t row_end = smaller(row + BLOCK, rows);
        for (size_t column = 0; column < columns; column += BLOCK) {
            size_t column_end = smaller(column + BLOCK, columns);
            for (size_t c = column; c < column_end; c++)
                BOC__INDEPENDENT
            for (size_t r = row; r < row_end; r++)
                out[c * rows + r] = a[r * columns + c];
        }
    }
}

void boc__transpose(boc__matrix_t out, boc__matrix_t a) {
    assert(out.rows == a.columns && out.columns == a.rows);
    if (a.rows == 1 || a.columns == 1)
        boc__matrix_copy(out, a);
    else
        turn(out.data, a.data, a.rows, a.columns);
}

static bool lies_the_same(boc__shape_t shape) { return shape.rows == 1 || shape.columns == 1; }

size_t boc__transpose_scratch(boc__shape_t shape) {
    if (lies_the_same(shape) || shape.rows == shape.columns)
        return 0;
    return shape.rows * shape.columns;
}

/* Exchange the elements over the diagonal. */
static void flip(double *a, size_t size) {
    for (size_t row = 0; row < size; row += BLOCK)
        for (size_t column = row; column < size; column += BLOCK)
            for (size_t r = row; r < smaller(row + BLOCK, size); r++)
                for (size_t c = row == column ? r + 1 : column; c < smaller(column + BLOCK, size);
                     c++) {
                    double above = a[r * size + c];
                    a[r * size + c] = a[c * size + r];
                    a[c * size + r] = above;
                }
}

void boc__transpose_in_place(boc__matrix_t *a, double *scratch) {
    boc__shape_t shape = boc__matrix_shape(*a);
    size_t rows = a->rows;
    if (!lies_the_same(shape)) {
        if (shape.rows == shape.columns) {
            flip(a->data, shape.rows);
        } else {
            assert(scratch != NULL);
            boc__matrix_t copy = {scratch, a->rows, a->columns};
            boc__matrix_copy(copy, *a);
            turn(a->data, scratch, a->rows, a->columns);
        }
    }
    a->rows = a->columns;
    a->columns = rows;
}
