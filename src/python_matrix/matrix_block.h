/* matrix_block.h - the counted memory of a matrix.
 *
 * A block belongs to one interpreter at a time, or to none while it travels.  Matrix objects
 * of several interpreters may refer to it; only those of its owner may look inside.  A pin says
 * that somebody works on the memory or has its address: a buffer, a DLPack consumer, a kernel
 * that runs without the GIL.  A pinned block does not change its owner or its shape.
 *
 * Owns its memory, or (a block made by _new_lent) calls `give_back` when it dies.
 *
 * Threads:  _ref _unref _unpin       any thread, attached or not (lent blocks: see _new_lent)
 *           _shape _new_homeless     the same
 *           everything else          an attached thread of the interpreter that owns the block
 *
 * Ordering edges (the letters are used in matrix_block.c, reasons in docs/design/matrix_memory.md):
 *   (a) leave -> arrive    the new owner sees what the old one wrote.
 *   (b) unpin -> leave     the owner sees what the holder of a pin wrote.
 *   (c) unref -> free      who frees sees that everybody else is done.
 */
#ifndef BOC_PYTHON_MATRIX_BLOCK_H
#define BOC_PYTHON_MATRIX_BLOCK_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of the elements, so that vector loads never cross a cache line. */
#define MATRIX_ALIGNMENT 64

typedef struct matrix_block matrix_block_t;

struct matrix_block {
    double *data;             /* row after row, without gaps */
    Py_ssize_t count;         /* elements; never changes */
    Py_ssize_t extents[2];    /* rows and columns; the owner's */
    Py_ssize_t strides[2];    /* in bytes; the owner's */
    _Atomic(Py_ssize_t) rows; /* equals extents[0]; what strangers may read */
    _Atomic(uint64_t) tenure; /* owner in the upper half, pins in the lower */
    _Atomic(Py_ssize_t) refs;
    void (*give_back)(void *lender); /* not NULL: the memory is lent */
    void *lender;
};

/* Memory for rows x columns elements, owned by this interpreter; one reference.  NULL with
 * ValueError, OverflowError or MemoryError.  The elements are zero if `is_zeroed`. */
matrix_block_t *matrix_block_new(Py_ssize_t rows, Py_ssize_t columns, bool is_zeroed);

/* The same, zeroed, without an owner, on any thread, attached or not; NULL without an exception. */
matrix_block_t *matrix_block_new_homeless(Py_ssize_t rows, Py_ssize_t columns);

/* Like matrix_block_new around memory of others.  The block never leaves this interpreter, and
 * `give_back` is called there, attached.  On failure nothing is given back. */
matrix_block_t *matrix_block_new_lent(double *data, Py_ssize_t rows, Py_ssize_t columns,
                                      void (*give_back)(void *), void *lender);

matrix_block_t *matrix_block_ref(matrix_block_t *block);
void matrix_block_unref(matrix_block_t *block); /* NULL is ignored */

/* The owner, as a number that no other interpreter of the process has or will have. */
static inline uint64_t matrix_block_owner(const matrix_block_t *block) {
    /* relaxed (a): who asks compares with its own number, and only a thread of its interpreter
     * makes the word say so, or stops it. */
    return atomic_load_explicit(&block->tenure, memory_order_relaxed) >> 32;
}

bool matrix_block_is_mine(const matrix_block_t *block);

/* Whether somebody else has the address: a pin, or the lender. */
bool matrix_block_is_shared(const matrix_block_t *block);

/* False if this interpreter does not own the block. */
bool matrix_block_pin(matrix_block_t *block);
void matrix_block_unpin(matrix_block_t *block);

/* Give up ownership.  False, and nothing happened, unless this interpreter owns the block and
 * nobody else has its address. */
bool matrix_block_leave(matrix_block_t *block);

/* Become the owner of a block that left another one; false if it has an owner. */
bool matrix_block_arrive(matrix_block_t *block);

/* Rows and columns as the owner last set them. */
void matrix_block_shape(const matrix_block_t *block, Py_ssize_t *p_rows, Py_ssize_t *p_columns);

/* rows * columns stays what it was, nobody else has the address. */
void matrix_block_reshape(matrix_block_t *block, Py_ssize_t rows, Py_ssize_t columns);

/* Bytes that the block takes, without what is lent to it. */
size_t matrix_block_bytes(const matrix_block_t *block);

#endif
