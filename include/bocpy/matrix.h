/* matrix.h - bocpy.Matrix for other extensions.
 *
 * A second table beside the one of bocpy.h, in a capsule of bocpy._matrix, fetched with
 * bocpy_matrix_import().  It is append-only and has a version of its own.
 *
 *     const bocpy_matrix_api_t *api = bocpy_matrix_import();
 *     bocpy_matrix_view_t view;
 *     if (api == NULL || api->borrow(object, &view) < 0)
 *         return NULL;
 *     for (Py_ssize_t i = 0; i < view.rows * view.columns; i++)
 *         view.data[i] *= 2;
 *     api->give_back(&view);
 *
 * Element (r, c) is data[r * columns + c].  "Attached" means: with an attached thread state, in
 * any interpreter, on any thread.
 */
#ifndef BOCPY_MATRIX_H
#define BOCPY_MATRIX_H

#include <bocpy/bocpy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when something that was there changes; additions make the table longer. */
#define BOCPY_MATRIX_ABI 1

#define BOCPY_MATRIX_CAPSULE "bocpy._matrix._C_API"

/* The elements of a matrix, between borrow and give_back. */
typedef struct bocpy_matrix_view {
    double *data; /* borrowed; may be written */
    Py_ssize_t rows;
    Py_ssize_t columns;
    void *reserved; /* the provider's */
} bocpy_matrix_view_t;

typedef struct bocpy_matrix_api {
    uint32_t abi;  /* BOCPY_MATRIX_ABI of the provider; equals the header's */
    uint32_t size; /* of the provider's table, at least the header's */

    /* -- attached; NULL or -1 with an exception */

    /* A new matrix of zeros, or of the rows * columns `values`, which are copied. */
    PyObject *(*create)(Py_ssize_t rows, Py_ssize_t columns, const double *values);
    /* 1 for a Matrix or an instance of a subclass, else 0; no exception. */
    int (*check)(PyObject *object);
    /* The elements of a matrix.  Until give_back it neither moves nor changes its shape, as while
     * a buffer is exported, so the GIL may be released in between.  TypeError; RuntimeError when
     * it is not acquired. */
    int (*borrow)(PyObject *matrix, bocpy_matrix_view_t *view);
    /* Once for each borrow, attached to the same interpreter; the object may be gone. */
    void (*give_back)(bocpy_matrix_view_t *view);

    /* -- for bodies that do not use Python: any thread, with or without a thread state */

    /* What body_data, body_store, cown_of_data and send_data of bocpy.h are called with. */
    const bocpy_type_ops_t *ops;
    /* The memory of a new matrix of zeros for them; NULL when rows or columns are below 1 or
     * there is no memory.  ops->drop frees it. */
    void *(*data_new)(Py_ssize_t rows, Py_ssize_t columns);
    /* The elements of what body_data returned, valid as long as that is; nothing to give back. */
    void (*data_view)(void *data, bocpy_matrix_view_t *view);
} bocpy_matrix_api_t;

/* Attached.  The table, or NULL with ImportError when the installed bocpy has another
 * BOCPY_MATRIX_ABI or is older than this header. */
static inline const bocpy_matrix_api_t *bocpy_matrix_import(void) {
    PyObject *module = PyImport_ImportModule("bocpy._matrix"); /* owned */
    if (module == NULL)
        return NULL;
    PyObject *capsule = PyObject_GetAttrString(module, "_C_API"); /* owned */
    Py_DECREF(module);
    const bocpy_matrix_api_t *api = NULL;
    if (capsule != NULL)
        api = (const bocpy_matrix_api_t *)PyCapsule_GetPointer(capsule, BOCPY_MATRIX_CAPSULE);
    Py_XDECREF(capsule);
    if (api == NULL) {
        PyErr_SetString(PyExc_ImportError, "the installed bocpy has no C ABI for matrices");
        return NULL;
    }
    if (api->abi == BOCPY_MATRIX_ABI && api->size >= sizeof(bocpy_matrix_api_t))
        return api;
    PyErr_Format(PyExc_ImportError,
                 "this extension needs ABI %d of bocpy.Matrix and a table of %u bytes; the "
                 "installed one is %u with %u",
                 BOCPY_MATRIX_ABI, (unsigned)sizeof(bocpy_matrix_api_t), (unsigned)api->abi,
                 (unsigned)api->size);
    return NULL;
}

#ifdef __cplusplus
}
#endif

#endif
