/* matrix_buffer.c - see matrix_buffer.h. */
#include "python_matrix/matrix_buffer.h"

#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_methods.h"

#include <assert.h>

/* ---- our memory for others ---- */

static char element_format[] = "d";

int matrix_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    view->obj = NULL;
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return -1;
    if ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && block->extents[0] > 1 &&
        block->extents[1] > 1) {
        PyErr_SetString(PyExc_BufferError, "a matrix lies in memory row after row");
        return -1;
    }
    bool is_mine = matrix_block_pin(block);
    assert(is_mine);
    (void)is_mine;
    *view = (Py_buffer){
        .buf = block->data,
        .obj = Py_NewRef(self),
        .len = block->count * (Py_ssize_t)sizeof(double),
        .itemsize = (Py_ssize_t)sizeof(double),
        .ndim = 2,
        .format = flags & PyBUF_FORMAT ? element_format : NULL,
        .shape = flags & PyBUF_ND ? block->extents : NULL,
        .strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? block->strides : NULL,
        /* The object may get another block, or its block another owner, before the release. */
        .internal = matrix_block_ref(block),
    };
    return 0;
}

void matrix_releasebuffer(PyObject *self, Py_buffer *view) {
    matrix_block_t *block = view->internal;
    matrix_block_unpin(block);
    matrix_block_unref(block);
}

/* ---- the memory of others for us ---- */

/* Whether `view` has one or two dimensions of real numbers. */
static bool describe(const Py_buffer *view, matrix_elements_t *elements, bool *p_is_flat) {
    if (view->ndim < 1 || view->ndim > 2 || view->shape == NULL || view->strides == NULL ||
        view->suboffsets != NULL)
        return false;
    bool is_flat = view->ndim == 1;
    *p_is_flat = is_flat;
    *elements = (matrix_elements_t){
        .data = view->buf,
        .rows = is_flat ? 1 : view->shape[0],
        .columns = view->shape[is_flat ? 0 : 1],
        .row_step = is_flat ? 0 : view->strides[0],
        .column_step = view->strides[is_flat ? 0 : 1],
        .size = view->itemsize,
    };
    return matrix_elements_set_format(elements, view->format);
}

bool matrix_buffer_has_elements(PyObject *object) {
    if (!PyObject_CheckBuffer(object))
        return false;
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) < 0) {
        PyErr_Clear();
        return false;
    }
    bool has_elements = view.ndim > 0;
    PyBuffer_Release(&view);
    return has_elements;
}

matrix_block_t *matrix_buffer_convert(const matrix_elements_t *elements) {
    matrix_block_t *block = matrix_block_new(elements->rows, elements->columns, false);
    if (block == NULL)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, NULL, NULL, NULL);
    matrix_elements_read(elements, block->data);
    matrix_away_end(&away);
    return block;
}

int matrix_buffer_read(PyTypeObject *type, PyObject *object, matrix_block_t **p_block,
                       bool *p_is_flat) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) < 0)
        return -1;
    matrix_elements_t elements;
    int status = 0;
    if (describe(&view, &elements, p_is_flat)) {
        status = -1;
        if (elements.rows < 1 || elements.columns < 1)
            matrix_fail(type, MATRIX_SHAPE_ERROR, "an empty buffer is no matrix");
        else if ((*p_block = matrix_buffer_convert(&elements)) != NULL)
            status = 1;
    }
    PyBuffer_Release(&view);
    return status;
}

void matrix_buffer_refuse(PyObject *object, const char *reason) {
    PyErr_Format(PyExc_BufferError,
                 "the memory of this '%.200s' cannot be shared: %s; pass copy=True",
                 Py_TYPE(object)->tp_name, reason);
}

/* `lender` is a Py_buffer that PyMem allocated. */
static void give_buffer_back(void *lender) {
    PyBuffer_Release(lender);
    PyMem_Free(lender);
}

static matrix_block_t *share_view(PyTypeObject *type, PyObject *object, Py_buffer *view) {
    matrix_elements_t elements;
    bool is_flat;
    bool is_described = describe(view, &elements, &is_flat);
    if (is_described && (elements.rows < 1 || elements.columns < 1)) {
        matrix_fail(type, MATRIX_SHAPE_ERROR, "an empty buffer is no matrix");
        return NULL;
    }
    if (!is_described || !matrix_elements_is_ours(&elements)) {
        matrix_buffer_refuse(object, "it does not hold rows of aligned floats of 64 bits");
        return NULL;
    }
    return matrix_block_new_lent(view->buf, elements.rows, elements.columns, give_buffer_back,
                                 view);
}

static matrix_block_t *share_buffer(PyTypeObject *type, PyObject *object) {
    Py_buffer *view = PyMem_Malloc(sizeof *view); /* owned, or the block's */
    if (view == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (PyObject_GetBuffer(object, view, PyBUF_FULL) < 0) {
        PyMem_Free(view);
        if (PyErr_ExceptionMatches(PyExc_BufferError) || PyErr_ExceptionMatches(PyExc_ValueError)) {
            PyErr_Clear();
            matrix_buffer_refuse(object, "it cannot be written");
        }
        return NULL;
    }
    matrix_block_t *block = share_view(type, object, view);
    if (block == NULL) {
        PyBuffer_Release(view);
        PyMem_Free(view);
    }
    return block;
}

static PyObject *matrix_from_buffer(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                                    PyObject *keywords) {
    static const matrix_signature_t signature = {"from_buffer", {"", "copy"}, 1, 1};
    PyTypeObject *type = matrix_type_of_class(cls);
    PyObject *values[2];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    int is_copy = matrix_arg_flag(values[1]);
    if (is_copy < 0)
        return NULL;
    if (!is_copy)
        return matrix_wrap((PyTypeObject *)cls, share_buffer(type, values[0]));
    matrix_block_t *block = NULL;
    bool is_flat;
    int status = matrix_buffer_read(type, values[0], &block, &is_flat);
    if (status == 0)
        PyErr_Format(PyExc_TypeError,
                     "from_buffer: the buffer of this '%.200s' has no real numbers in one or two "
                     "dimensions",
                     Py_TYPE(values[0])->tp_name);
    return matrix_wrap((PyTypeObject *)cls, block);
}

PyMethodDef matrix_buffer_methods[] = {
    {"from_buffer", MATRIX_METHOD(matrix_from_buffer), MATRIX_KEYWORDS | METH_CLASS,
     "from_buffer($type, buffer, /, *, copy=False)\n--\n\n"
     "Return a matrix over the memory of an object with the buffer protocol.\n\n"
     "N numbers become 1xN; RxC stays. Both see what the other writes; such a matrix cannot\n"
     "move to another interpreter (take its copy()). With *copy* the matrix is independent, and\n"
     "the numbers may be of any size, signed or not, in any byte order and any layout.\n\n"
     "Raises:\n"
     "    BufferError: the memory is read-only, or no rows of floats of 64 bits.\n"
     "    ValueError: the buffer is empty.\n"
     "    TypeError: no buffer, or, with *copy*, none of real numbers."},
    {NULL, NULL, 0, NULL},
};
