/* matrix_capi.c - see matrix_capi.h and bocpy/matrix.h. */
#include "python_matrix/matrix_capi.h"

#include "python_matrix/matrix_transfer.h"
#include "python_matrix/matrix_turn.h"
#include "python_matrix/matrix_type.h"

#include <bocpy/matrix.h>

/* The type of the interpreter that calls; a new reference, NULL with an exception. */
static PyTypeObject *find_type(void) {
    PyObject *module = PyImport_ImportModule("bocpy._matrix"); /* owned */
    PyObject *type = module != NULL ? PyObject_GetAttrString(module, "Matrix") : NULL;
    Py_XDECREF(module);
    return (PyTypeObject *)type;
}

static PyObject *capi_create(Py_ssize_t rows, Py_ssize_t columns, const double *values) {
    PyTypeObject *type = find_type(); /* owned */
    if (type == NULL)
        return NULL;
    PyObject *matrix = NULL;
    if (rows < 1 || columns < 1)
        matrix_fail(type, MATRIX_SHAPE_ERROR,
                    "a matrix has at least 1 row and 1 column, not %zdx%zd", rows, columns);
    else
        matrix = matrix_wrap(type, matrix_block_new(rows, columns, values == NULL));
    if (matrix != NULL && values != NULL) {
        matrix_block_t *block = matrix_block_of(matrix);
        memcpy(block->data, values, (size_t)block->count * sizeof(double));
    }
    Py_DECREF(type);
    return matrix;
}

static int capi_check(PyObject *object) { return matrix_check(object); }

static int capi_borrow(PyObject *matrix, bocpy_matrix_view_t *view) {
    if (!matrix_check(matrix)) {
        PyErr_Format(PyExc_TypeError, "expected a Matrix, not '%.200s'", Py_TYPE(matrix)->tp_name);
        return -1;
    }
    matrix_block_t *block;
    MATRIX_BEGIN_TURN(matrix_type_of(matrix));
    block = matrix_block_of(matrix);
    if (block != NULL)
        (void)matrix_block_pin(matrix_block_ref(block));
    MATRIX_END_TURN();
    if (block == NULL)
        return -1;
    *view = (bocpy_matrix_view_t){block->data, block->extents[0], block->extents[1], block};
    return 0;
}

static void capi_give_back(bocpy_matrix_view_t *view) {
    matrix_block_t *block = view->reserved;
    *view = (bocpy_matrix_view_t){.data = NULL};
    matrix_block_unpin(block);
    matrix_block_unref(block);
}

static void *capi_data_new(Py_ssize_t rows, Py_ssize_t columns) {
    return matrix_block_new_homeless(rows, columns);
}

static void capi_data_view(void *data, bocpy_matrix_view_t *view) {
    matrix_block_t *block = data;
    *view = (bocpy_matrix_view_t){block->data, block->extents[0], block->extents[1], NULL};
}

static const bocpy_matrix_api_t table = {
    .abi = BOCPY_MATRIX_ABI,
    .size = sizeof(bocpy_matrix_api_t),
    .create = capi_create,
    .check = capi_check,
    .borrow = capi_borrow,
    .give_back = capi_give_back,
    .ops = &matrix_transfer_ops,
    .data_new = capi_data_new,
    .data_view = capi_data_view,
};

int matrix_capi_add(PyObject *module) {
    PyObject *capsule =
        PyCapsule_New((void *)(uintptr_t)&table, BOCPY_MATRIX_CAPSULE, NULL); /* owned */
    int status = capsule != NULL ? PyModule_AddObjectRef(module, "_C_API", capsule) : -1;
    Py_XDECREF(capsule);
    return status;
}
