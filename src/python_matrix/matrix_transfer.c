/* matrix_transfer.c - see matrix_transfer.h: how a block leaves one interpreter for another. */
#include "python_matrix/matrix_transfer.h"

#include "python_matrix/matrix_turn.h"
#include "python_matrix/matrix_type.h"

static matrix_block_t *block_of(PyObject *matrix) {
    return ((matrix_object_t *)(void *)matrix)->block;
}

/* A copy that is ready to travel; NULL with an exception. */
static matrix_block_t *copy_for_others(const matrix_block_t *block) {
    matrix_block_t *copy = matrix_block_copy(block);
    if (copy != NULL)
        (void)matrix_block_leave(copy); /* nobody else knows it */
    return copy;
}

/* Nobody can be told any more that the value is in use, or nobody needs to be: the memory stays
 * with who has its address. */
static bool is_better_copied(int reason) {
    return reason == BOCPY_AFTER_BODY || reason == BOCPY_INTO_RESULT || reason == BOCPY_INTO_COPY ||
           reason == BOCPY_BACK;
}

static int transfer_out(PyObject *object, int reason, void **p_data) {
    matrix_block_t *block = matrix_block_of(object);
    if (block == NULL)
        return -1;
    if (matrix_block_leave(block)) {
        *p_data = matrix_block_ref(block);
        return 0;
    }
    if (is_better_copied(reason)) {
        *p_data = copy_for_others(block);
        return *p_data != NULL ? 0 : -1;
    }
    PyErr_SetString(PyExc_BufferError,
                    block->give_back != NULL
                        ? "the matrix lies in the memory of another object and cannot move; "
                          "use its copy()"
                        : "the matrix cannot move while its memory is exported: release the "
                          "buffers and arrays that share it, or use its copy()");
    return -1;
}

static PyObject *transfer_in(PyTypeObject *type, void *data) {
    matrix_block_t *block = data;
    if (!matrix_block_arrive(block)) {
        PyErr_SetString(PyExc_RuntimeError, "the matrix was received already");
        return NULL;
    }
    PyObject *matrix = matrix_wrap(type, matrix_block_ref(block));
    if (matrix == NULL)
        (void)matrix_block_leave(block); /* the reference is still the caller's */
    else
        matrix_block_unref(block);
    return matrix;
}

static void transfer_back(PyObject *object, void *data) {
    matrix_block_t *block = data;
    if (block == block_of(object))
        (void)matrix_block_arrive(block);
    matrix_block_unref(block);
}

MATRIX_DEFINE_TURN(int, transfer_out, (PyObject * object, int reason, void **p_data),
                   (object, reason, p_data), matrix_type_of(object));

static void transfer_drop(void *data) { matrix_block_unref(data); }

static void *transfer_copy(const void *data) { return copy_for_others(data); }

const bocpy_type_ops_t matrix_transfer_ops = {
    .size = sizeof(bocpy_type_ops_t),
    .module = "bocpy._matrix",
    .move_out = MATRIX_TURN(transfer_out),
    .move_in = transfer_in,
    .rollback = transfer_back,
    .drop = transfer_drop,
    .copy = transfer_copy,
};

int matrix_transfer_add(matrix_state_t *state) {
    const bocpy_api_t *api = bocpy_import();
    return api != NULL ? api->type_register(state->matrix_type, &matrix_transfer_ops) : -1;
}
