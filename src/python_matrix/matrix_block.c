/* matrix_block.c - see matrix_block.h. */
#include "python_matrix/matrix_block.h"

#include <assert.h>

#define NOBODY UINT32_MAX

static_assert(MATRIX_ALIGNMENT >= sizeof(double), "elements are aligned");

/* Ids of interpreters count up from 0 and are never reused. */
static uint64_t my_tenure(void) {
    int64_t id = PyInterpreterState_GetID(PyInterpreterState_Get());
    assert(id >= 0 && id < NOBODY);
    return (uint64_t)id << 32;
}

static void set_up(matrix_block_t *block, double *data, Py_ssize_t rows, Py_ssize_t columns,
                   uint64_t tenure) {
    block->data = data;
    block->count = rows * columns;
    block->extents[0] = rows;
    block->extents[1] = columns;
    block->strides[0] = columns * (Py_ssize_t)sizeof(double);
    block->strides[1] = (Py_ssize_t)sizeof(double);
    atomic_init(&block->rows, rows);
    atomic_init(&block->tenure, tenure);
    atomic_init(&block->refs, 1);
    block->give_back = NULL;
    block->lender = NULL;
}

static bool is_possible(Py_ssize_t rows, Py_ssize_t columns) {
    assert(rows > 0 && columns > 0);
    Py_ssize_t limit = PY_SSIZE_T_MAX - (Py_ssize_t)sizeof(matrix_block_t) - MATRIX_ALIGNMENT;
    return columns <= limit / (Py_ssize_t)sizeof(double) / rows;
}

/* The shape is possible.  NULL without an exception. */
static matrix_block_t *allocate(Py_ssize_t rows, Py_ssize_t columns, bool is_zeroed,
                                uint64_t tenure) {
    size_t room =
        sizeof(matrix_block_t) + MATRIX_ALIGNMENT + (size_t)rows * (size_t)columns * sizeof(double);
    matrix_block_t *block = is_zeroed ? PyMem_RawCalloc(1, room) : PyMem_RawMalloc(room);
    if (block == NULL)
        return NULL;
    uintptr_t first = (uintptr_t)(block + 1) + MATRIX_ALIGNMENT - 1;
    set_up(block, (double *)(first / MATRIX_ALIGNMENT * MATRIX_ALIGNMENT), rows, columns, tenure);
    return block;
}

matrix_block_t *matrix_block_new(Py_ssize_t rows, Py_ssize_t columns, bool is_zeroed) {
    if (!is_possible(rows, columns)) {
        PyErr_Format(PyExc_OverflowError, "a %zdx%zd matrix does not fit into memory", rows,
                     columns);
        return NULL;
    }
    matrix_block_t *block = allocate(rows, columns, is_zeroed, my_tenure());
    if (block == NULL)
        PyErr_NoMemory();
    return block;
}

matrix_block_t *matrix_block_new_homeless(Py_ssize_t rows, Py_ssize_t columns) {
    if (rows < 1 || columns < 1 || !is_possible(rows, columns))
        return NULL;
    return allocate(rows, columns, true, (uint64_t)NOBODY << 32);
}

matrix_block_t *matrix_block_new_lent(double *data, Py_ssize_t rows, Py_ssize_t columns,
                                      void (*give_back)(void *), void *lender) {
    assert(data != NULL && give_back != NULL);
    matrix_block_t *block = PyMem_RawMalloc(sizeof *block);
    if (block == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    set_up(block, data, rows, columns, my_tenure());
    block->give_back = give_back;
    block->lender = lender;
    return block;
}

matrix_block_t *matrix_block_ref(matrix_block_t *block) {
    /* relaxed (c): who has a reference may make another; nothing is read through it yet. */
    Py_ssize_t before = atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
    assert(before > 0);
    (void)before;
    return block;
}

void matrix_block_unref(matrix_block_t *block) {
    if (block == NULL)
        return;
    /* acq_rel (c): release what we did with the block, and see what all others did before. */
    Py_ssize_t before = atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    if (block->give_back != NULL)
        block->give_back(block->lender);
    PyMem_RawFree(block);
}

bool matrix_block_is_mine(const matrix_block_t *block) {
    return matrix_block_owner(block) == my_tenure() >> 32;
}

bool matrix_block_is_shared(const matrix_block_t *block) {
    /* acquire (b): once no pin is left, what its holder wrote is ours to read and overwrite. */
    uint64_t tenure = atomic_load_explicit(&block->tenure, memory_order_acquire);
    return (uint32_t)tenure != 0 || block->give_back != NULL;
}

bool matrix_block_pin(matrix_block_t *block) {
    uint64_t mine = my_tenure();
    /* relaxed (b): the owner pins, and needs nothing from other pins. */
    uint64_t tenure = atomic_load_explicit(&block->tenure, memory_order_relaxed);
    do {
        if (tenure >> 32 != mine >> 32)
            return false;
        assert((uint32_t)tenure < UINT32_MAX);
    } while (!atomic_compare_exchange_weak_explicit(&block->tenure, &tenure, tenure + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

void matrix_block_unpin(matrix_block_t *block) {
    /* release (b): what was written under the pin is there when the block leaves. */
    uint64_t before = atomic_fetch_sub_explicit(&block->tenure, 1, memory_order_release);
    assert((uint32_t)before > 0);
    (void)before;
}

bool matrix_block_leave(matrix_block_t *block) {
    if (block->give_back != NULL)
        return false;
    uint64_t expected = my_tenure();
    /* acq_rel (a) (b): publish our writes, after those made under pins.
     * relaxed on failure: nothing is done then. */
    return atomic_compare_exchange_strong_explicit(&block->tenure, &expected,
                                                   (uint64_t)NOBODY << 32, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

bool matrix_block_arrive(matrix_block_t *block) {
    uint64_t expected = (uint64_t)NOBODY << 32;
    /* acquire (a): see what the last owner wrote.  relaxed on failure: it is not ours. */
    return atomic_compare_exchange_strong_explicit(&block->tenure, &expected, my_tenure(),
                                                   memory_order_acquire, memory_order_relaxed);
}

void matrix_block_shape(const matrix_block_t *block, Py_ssize_t *p_rows, Py_ssize_t *p_columns) {
    /* relaxed: one word, from which the other extent follows; no element is read. */
    *p_rows = atomic_load_explicit(&block->rows, memory_order_relaxed);
    *p_columns = block->count / *p_rows;
}

void matrix_block_reshape(matrix_block_t *block, Py_ssize_t rows, Py_ssize_t columns) {
    assert(rows * columns == block->count);
    assert(matrix_block_is_mine(block) && !matrix_block_is_shared(block));
    block->extents[0] = rows;
    block->extents[1] = columns;
    block->strides[0] = columns * (Py_ssize_t)sizeof(double);
    /* relaxed: see matrix_block_shape. */
    atomic_store_explicit(&block->rows, rows, memory_order_relaxed);
}

size_t matrix_block_bytes(const matrix_block_t *block) {
    if (block->give_back != NULL)
        return sizeof *block;
    return sizeof *block + MATRIX_ALIGNMENT + (size_t)block->count * sizeof(double);
}
