/* matrix_dlpack.c - the DLPack protocol (version 1.0 and the one before), both ways.
 *
 * The structures are those of the DLPack specification; a consumer calls `deleter` once, on any
 * thread, attached or not.
 */
#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_buffer.h"
#include "python_matrix/matrix_methods.h"

#include <stdint.h>

#define DL_CPU 1
#define DL_INT 0
#define DL_UINT 1
#define DL_FLOAT 2
#define DL_BOOL 6
#define DL_READ_ONLY 1u
#define DL_IS_COPY 2u

typedef struct dl_tensor {
    void *data;
    struct {
        int32_t type;
        int32_t id;
    } device;
    int32_t ndim;
    struct {
        uint8_t code;
        uint8_t bits;
        uint16_t lanes;
    } dtype;
    int64_t *shape;
    int64_t *strides; /* in elements; NULL: row after row */
    uint64_t byte_offset;
} dl_tensor_t;

typedef struct dl_managed {
    dl_tensor_t tensor;
    void *context;
    void (*deleter)(struct dl_managed *self);
} dl_managed_t;

typedef struct dl_versioned {
    struct {
        uint32_t major;
        uint32_t minor;
    } version;
    void *context;
    void (*deleter)(struct dl_versioned *self);
    uint64_t flags;
    dl_tensor_t tensor;
} dl_versioned_t;

static const char old_name[] = "dltensor";
static const char old_used[] = "used_dltensor";
static const char new_name[] = "dltensor_versioned";
static const char new_used[] = "used_dltensor_versioned";

/* ---- our memory for others ---- */

/* What a capsule points at: both forms begin where they should. */
typedef struct exported {
    union {
        dl_managed_t old;
        dl_versioned_t versioned;
    } form;
    int64_t shape[2];
    int64_t strides[2];
    matrix_block_t *block; /* one reference, one pin */
} exported_t;

static void free_exported(exported_t *exported) {
    matrix_block_unpin(exported->block);
    matrix_block_unref(exported->block); /* not lent: any thread may */
    PyMem_RawFree(exported);
}

static void delete_old(dl_managed_t *self) { free_exported(self->context); }

static void delete_versioned(dl_versioned_t *self) { free_exported(self->context); }

/* A capsule that nobody consumed. */
static void free_capsule(PyObject *capsule) {
    const char *name = PyCapsule_GetName(capsule);
    if (name == old_name || name == new_name)
        free_exported(((exported_t *)PyCapsule_GetPointer(capsule, name)));
}

/* Takes the block; it is pinned already. */
static PyObject *new_capsule(matrix_block_t *block, bool is_versioned, bool is_copy) {
    exported_t *exported = PyMem_RawCalloc(1, sizeof *exported);
    if (exported == NULL) {
        matrix_block_unpin(block);
        matrix_block_unref(block);
        return PyErr_NoMemory();
    }
    dl_tensor_t *tensor =
        is_versioned ? &exported->form.versioned.tensor : &exported->form.old.tensor;
    exported->block = block;
    exported->shape[0] = block->extents[0];
    exported->shape[1] = block->extents[1];
    exported->strides[0] = block->extents[1];
    exported->strides[1] = 1;
    tensor->data = block->data;
    tensor->device.type = DL_CPU;
    tensor->ndim = 2;
    tensor->dtype.code = DL_FLOAT;
    tensor->dtype.bits = 64;
    tensor->dtype.lanes = 1;
    tensor->shape = exported->shape;
    tensor->strides = exported->strides;
    if (is_versioned) {
        exported->form.versioned.version.major = 1;
        exported->form.versioned.context = exported;
        exported->form.versioned.deleter = delete_versioned;
        exported->form.versioned.flags = is_copy ? DL_IS_COPY : 0;
    } else {
        exported->form.old.context = exported;
        exported->form.old.deleter = delete_old;
    }
    PyObject *capsule =
        PyCapsule_New(&exported->form, is_versioned ? new_name : old_name, free_capsule);
    if (capsule == NULL)
        free_exported(exported);
    return capsule;
}

static int check_device(PyObject *device) {
    if (matrix_arg_is_none(device))
        return 0;
    int type, id;
    if (!PyTuple_Check(device) || !PyArg_ParseTuple(device, "ii", &type, &id)) {
        PyErr_SetString(PyExc_TypeError, "dl_device must be a pair of ints");
        return -1;
    }
    if (type == DL_CPU && id == 0)
        return 0;
    PyErr_SetString(PyExc_BufferError, "a matrix is in the memory of the CPU");
    return -1;
}

/* Whether max_version, a pair of ints or None, allows version 1; -1 with an exception. */
static int allows_versions(PyObject *max_version) {
    int major, minor;
    if (matrix_arg_is_none(max_version))
        return 0;
    if (!PyTuple_Check(max_version) || !PyArg_ParseTuple(max_version, "ii", &major, &minor)) {
        PyErr_SetString(PyExc_TypeError, "max_version must be a pair of ints");
        return -1;
    }
    return major >= 1;
}

static PyObject *matrix_dlpack(PyObject *self, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords) {
    static const matrix_signature_t signature = {
        "__dlpack__", {"stream", "max_version", "dl_device", "copy"}, 0, 0};
    PyObject *values[4];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    if (!matrix_arg_is_none(values[0])) {
        PyErr_SetString(PyExc_BufferError, "a matrix has no stream");
        return NULL;
    }
    int is_versioned = allows_versions(values[1]);
    int is_copy = matrix_arg_is_none(values[3]) ? 0 : PyObject_IsTrue(values[3]);
    if (is_versioned < 0 || is_copy < 0 || check_device(values[2]) < 0)
        return NULL;
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    if (block->give_back != NULL && !is_copy) {
        PyErr_SetString(PyExc_BufferError, "the matrix is made over the memory of something else: "
                                           "export that, or a copy()");
        return NULL;
    }
    block = is_copy ? matrix_block_copy_away(block) : matrix_block_ref(block);
    if (block == NULL)
        return NULL;
    (void)matrix_block_pin(block);
    return new_capsule(block, is_versioned != 0, is_copy != 0);
}

static PyObject *matrix_dlpack_device(PyObject *self, PyObject *ignored) {
    return Py_BuildValue("(ii)", DL_CPU, 0);
}

/* ---- the memory of others for us ---- */

/* What give_back gets: one of the two. */
typedef struct imported {
    dl_managed_t *old;
    dl_versioned_t *versioned;
} imported_t;

static void delete_imported(const imported_t *imported) {
    if (imported->old != NULL && imported->old->deleter != NULL)
        imported->old->deleter(imported->old);
    if (imported->versioned != NULL && imported->versioned->deleter != NULL)
        imported->versioned->deleter(imported->versioned);
}

static void give_tensor_back(void *lender) {
    delete_imported(lender);
    PyMem_Free(lender);
}

static bool describe(const dl_tensor_t *tensor, matrix_elements_t *elements) {
    if (tensor->ndim < 1 || tensor->ndim > 2 || tensor->dtype.lanes != 1 ||
        tensor->dtype.bits % 8 != 0)
        return false;
    bool is_flat = tensor->ndim == 1;
    uint8_t code = tensor->dtype.code;
    Py_ssize_t size = tensor->dtype.bits / 8;
    Py_ssize_t columns = (Py_ssize_t)tensor->shape[is_flat ? 0 : 1];
    const int64_t *strides = tensor->strides;
    *elements = (matrix_elements_t){
        .data = (const char *)tensor->data + tensor->byte_offset,
        .rows = is_flat ? 1 : (Py_ssize_t)tensor->shape[0],
        .columns = columns,
        .row_step = is_flat ? 0 : (strides != NULL ? (Py_ssize_t)strides[0] : columns) * size,
        .column_step = (strides != NULL ? (Py_ssize_t)strides[is_flat ? 0 : 1] : 1) * size,
        .kind = code == DL_FLOAT  ? MATRIX_FLOATING
                : code == DL_INT  ? MATRIX_SIGNED
                : code == DL_UINT ? MATRIX_UNSIGNED
                : code == DL_BOOL ? MATRIX_BOOLEAN
                                  : MATRIX_NO_NUMBER,
        .size = size,
    };
    return matrix_elements_is_readable(elements);
}

/* The capsule of an object, whose memory is the CPU's; a new reference. */
static PyObject *ask_for_capsule(PyObject *object) {
    PyObject *device = PyObject_CallMethod(object, "__dlpack_device__", NULL); /* owned */
    if (device == NULL)
        return NULL;
    int type, id;
    int is_pair = PyTuple_Check(device) && PyArg_ParseTuple(device, "ii", &type, &id);
    Py_DECREF(device);
    if (!is_pair || type != DL_CPU) {
        PyErr_Clear();
        PyErr_SetString(PyExc_BufferError, "the tensor is not in the memory of the CPU");
        return NULL;
    }
    PyObject *method = PyObject_GetAttrString(object, "__dlpack__");   /* owned */
    PyObject *arguments = method != NULL ? PyTuple_New(0) : NULL;      /* owned */
    PyObject *keywords = arguments != NULL ? Py_BuildValue("{s(ii)}", "max_version", 1, 0) : NULL;
    PyObject *capsule = keywords != NULL ? PyObject_Call(method, arguments, keywords) : NULL;
    if (capsule == NULL && keywords != NULL && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear(); /* it is older than version 1 */
        capsule = PyObject_CallNoArgs(method);
    }
    Py_XDECREF(keywords);
    Py_XDECREF(arguments);
    Py_XDECREF(method);
    return capsule;
}

/* Take the tensor out of the capsule; NULL with an exception. */
static const dl_tensor_t *take_tensor(PyObject *capsule, imported_t *imported, bool *p_read_only) {
    *p_read_only = false;
    if (PyCapsule_IsValid(capsule, new_name)) {
        dl_versioned_t *versioned = PyCapsule_GetPointer(capsule, new_name);
        if (versioned->version.major != 1) {
            PyErr_SetString(PyExc_BufferError, "the tensor has an unknown version of DLPack");
            return NULL;
        }
        if (PyCapsule_SetName(capsule, new_used) < 0)
            return NULL;
        imported->versioned = versioned;
        *p_read_only = (versioned->flags & DL_READ_ONLY) != 0;
        return &versioned->tensor;
    }
    if (!PyCapsule_IsValid(capsule, old_name)) {
        PyErr_SetString(PyExc_TypeError, "__dlpack__() returned no unused DLPack capsule");
        return NULL;
    }
    dl_managed_t *old = PyCapsule_GetPointer(capsule, old_name);
    if (PyCapsule_SetName(capsule, old_used) < 0)
        return NULL;
    imported->old = old;
    return &old->tensor;
}

/* The tensor, in a copy or with its lender, which it takes then. */
static matrix_block_t *block_of_tensor(PyTypeObject *type, PyObject *object,
                                       const dl_tensor_t *tensor, imported_t *imported,
                                       bool is_read_only, bool is_copy) {
    matrix_elements_t elements;
    if (!describe(tensor, &elements)) {
        PyErr_SetString(PyExc_BufferError,
                        "the tensor has no real numbers in one or two dimensions");
        return NULL;
    }
    if (elements.rows < 1 || elements.columns < 1) {
        matrix_fail(type, MATRIX_SHAPE_ERROR, "an empty tensor is no matrix");
        return NULL;
    }
    if (is_copy)
        return matrix_buffer_convert(&elements);
    if (is_read_only || !matrix_elements_is_ours(&elements)) {
        matrix_buffer_refuse(object, is_read_only
                                         ? "it cannot be written"
                                         : "it does not hold rows of aligned floats of 64 bits");
        return NULL;
    }
    return matrix_block_new_lent((double *)(uintptr_t)elements.data, elements.rows,
                                 elements.columns, give_tensor_back, imported);
}

static PyObject *matrix_from_dlpack(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                                    PyObject *keywords) {
    static const matrix_signature_t signature = {"from_dlpack", {"", "copy"}, 1, 1};
    PyObject *values[2];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    int is_copy = matrix_arg_flag(values[1]);
    PyObject *capsule = is_copy >= 0 ? ask_for_capsule(values[0]) : NULL; /* owned */
    if (capsule == NULL)
        return NULL;
    imported_t *imported = PyMem_Calloc(1, sizeof *imported); /* owned, or the block's */
    bool is_read_only;
    const dl_tensor_t *tensor =
        imported != NULL ? take_tensor(capsule, imported, &is_read_only) : NULL;
    if (imported == NULL)
        PyErr_NoMemory();
    matrix_block_t *block = NULL;
    if (tensor != NULL)
        block = block_of_tensor(matrix_type_of_class(cls), values[0], tensor, imported,
                                is_read_only, is_copy > 0);
    if (imported != NULL && (block == NULL || block->give_back == NULL)) {
        delete_imported(imported);
        PyMem_Free(imported);
    }
    Py_DECREF(capsule);
    return matrix_wrap((PyTypeObject *)cls, block);
}

PyMethodDef matrix_dlpack_methods[] = {
    {"__dlpack__", MATRIX_METHOD(matrix_dlpack), MATRIX_KEYWORDS,
     "__dlpack__($self, /, *, stream=None, max_version=None, dl_device=None, copy=None)\n--\n\n"
     "Export the memory as a DLPack capsule, for from_dlpack() of other libraries.\n\n"
     "BufferError for another device or a stream; RuntimeError if the matrix is not acquired."},
    {"__dlpack_device__", matrix_dlpack_device, METH_NOARGS,
     "__dlpack_device__($self, /)\n--\n\nThe CPU: (1, 0)."},
    {"from_dlpack", MATRIX_METHOD(matrix_from_dlpack), MATRIX_KEYWORDS | METH_CLASS,
     "from_dlpack($type, tensor, /, *, copy=False)\n--\n\n"
     "Return a matrix over the memory of a tensor of another library; see from_buffer().\n\n"
     "Raises:\n"
     "    BufferError: the memory cannot be shared.\n"
     "    ValueError: the tensor is empty.\n"
     "    AttributeError: the object does not know DLPack."},
    {NULL, NULL, 0, NULL},
};
