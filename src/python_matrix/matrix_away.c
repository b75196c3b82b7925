/* matrix_away.c - see matrix_away.h. */
#include "python_matrix/matrix_away.h"

#include <assert.h>

void matrix_away_leave(matrix_away_t *away) {
    for (int i = 0; i < MATRIX_AWAY_BLOCKS; i++) {
        if (away->blocks[i] == NULL)
            continue;
        bool is_mine = matrix_block_pin(matrix_block_ref(away->blocks[i]));
        assert(is_mine);
        (void)is_mine;
    }
    away->saved = PyEval_SaveThread();
}

void matrix_away_return(matrix_away_t *away) {
    PyEval_RestoreThread(away->saved);
    for (int i = 0; i < MATRIX_AWAY_BLOCKS; i++) {
        if (away->blocks[i] == NULL)
            continue;
        matrix_block_unpin(away->blocks[i]);
        matrix_block_unref(away->blocks[i]);
    }
}
