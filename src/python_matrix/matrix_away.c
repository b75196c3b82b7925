/* matrix_away.c - see matrix_away.h. */
#include "python_matrix/matrix_away.h"

#include <assert.h>

void matrix_away_begin(matrix_away_t *away, double work, matrix_block_t *a, matrix_block_t *b,
                       matrix_block_t *c, matrix_block_t *d) {
    away->saved = NULL;
    if (work < MATRIX_AWAY_WORK)
        return;
    matrix_block_t *blocks[MATRIX_AWAY_BLOCKS] = {a, b, c, d};
    for (int i = 0; i < MATRIX_AWAY_BLOCKS; i++) {
        away->blocks[i] = blocks[i];
        if (blocks[i] == NULL)
            continue;
        bool is_mine = matrix_block_pin(matrix_block_ref(blocks[i]));
        assert(is_mine);
        (void)is_mine;
    }
    away->saved = PyEval_SaveThread();
}

void matrix_away_end(matrix_away_t *away) {
    if (away->saved == NULL)
        return;
    PyEval_RestoreThread(away->saved);
    for (int i = 0; i < MATRIX_AWAY_BLOCKS; i++) {
        if (away->blocks[i] == NULL)
            continue;
        matrix_block_unpin(away->blocks[i]);
        matrix_block_unref(away->blocks[i]);
    }
}
