/* matrix_type.h - the type Matrix: an object around a block.
 *
 * An object refers to one block from __init__ on.  The block may be somebody else's by now:
 * matrix_block_of finds out.  A block that it returned stays where it is until Python code runs
 * or the GIL is released; then call it again, or see matrix_away.h.
 *
 * Threads   any attached thread of the interpreter that the objects belong to.
 */
#ifndef BOC_PYTHON_MATRIX_TYPE_H
#define BOC_PYTHON_MATRIX_TYPE_H

#include "python_matrix/matrix_block.h"
#include "python_matrix/matrix_state.h"

#include "matrix/matrix.h"

#include <assert.h>

typedef struct matrix_object {
    PyObject_HEAD matrix_block_t *block; /* one reference; NULL before __init__ */
    uint64_t home; /* our interpreter, as matrix_block_owner says it; set with `block` */
    PyObject *weakrefs;
    PyObject *plain; /* owned; of a subclass: the Matrix that travels for it, NULL until asked */
} matrix_object_t;

/* Create the type and add it to the module. */
int matrix_type_add(PyObject *module, matrix_state_t *state);

/* Whether `object` is a Matrix or an instance of a subclass. */
bool matrix_check(PyObject *object);

/* The type Matrix itself, borrowed, of which `matrix` is an instance. */
PyTypeObject *matrix_type_of(PyObject *matrix);

/* The same for a class: Matrix or a subclass. */
PyTypeObject *matrix_type_of_class(PyObject *cls);

/* Let the object refer to a block of this interpreter; takes the block. */
static inline void matrix_set_block(matrix_object_t *object, matrix_block_t *taken) {
    assert(matrix_block_is_mine(taken));
    object->block = taken;
    object->home = matrix_block_owner(taken);
}

/* Say why there is no block to work on; always NULL. */
matrix_block_t *matrix_fail_block(PyObject *matrix);

/* The block, borrowed, which this interpreter owns; NULL with RuntimeError when it moved away,
 * with ValueError before __init__. */
static inline matrix_block_t *matrix_block_of(PyObject *matrix) {
    const matrix_object_t *object = (matrix_object_t *)(void *)matrix;
    if (object->block != NULL && matrix_block_owner(object->block) == object->home)
        return object->block;
    return matrix_fail_block(matrix);
}

/* A new object of `type`, a Matrix or a subclass, around a block; takes the block, on failure
 * too and if it is NULL (with an exception). */
PyObject *matrix_wrap(PyTypeObject *type, matrix_block_t *taken);

static inline boc__matrix_t matrix_view(const matrix_block_t *block) {
    return (boc__matrix_t){block->data, (size_t)block->extents[0], (size_t)block->extents[1]};
}

static inline boc__shape_t matrix_shape_of(const matrix_block_t *block) {
    return (boc__shape_t){(size_t)block->extents[0], (size_t)block->extents[1]};
}

/* A new block with the same elements; NULL with an exception. */
matrix_block_t *matrix_block_copy(const matrix_block_t *block);

/* The same, perhaps away from the GIL: no other block that was found before is sure afterwards. */
matrix_block_t *matrix_block_copy_away(matrix_block_t *block);

#endif
