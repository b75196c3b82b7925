/* matrix_away.h - long work without the GIL.
 *
 * Between _begin and _end no Python may be used, and the blocks named are pinned: other threads
 * of the interpreter can neither move them away nor change their shape.  Short work keeps the
 * GIL: to give it up costs more.
 *
 * Threads   an attached thread of the interpreter that owns the blocks.
 */
#ifndef BOC_PYTHON_MATRIX_AWAY_H
#define BOC_PYTHON_MATRIX_AWAY_H

#include "python_matrix/matrix_block.h"

#define MATRIX_AWAY_BLOCKS 4

/* Element operations from which on the GIL is released: about 30 microseconds. */
#define MATRIX_AWAY_WORK 65536.0

typedef struct matrix_away {
    PyThreadState *saved; /* NULL: the GIL was kept */
    matrix_block_t *blocks[MATRIX_AWAY_BLOCKS];
} matrix_away_t;

/* What _begin and _end do for long work. */
void matrix_away_leave(matrix_away_t *away);
void matrix_away_return(matrix_away_t *away);

/* NULL among the blocks is ignored.  All others belong to this interpreter. */
static inline void matrix_away_begin(matrix_away_t *away, double work, matrix_block_t *a,
                                     matrix_block_t *b, matrix_block_t *c, matrix_block_t *d) {
    away->saved = NULL;
    if (work < MATRIX_AWAY_WORK)
        return;
    away->blocks[0] = a;
    away->blocks[1] = b;
    away->blocks[2] = c;
    away->blocks[3] = d;
    matrix_away_leave(away);
}

static inline void matrix_away_end(matrix_away_t *away) {
    if (away->saved != NULL)
        matrix_away_return(away);
}

#endif
