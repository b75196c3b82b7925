/* matrix_pickle.c - see matrix_pickle.h.
 *
 * A pickle has a header of 24 bytes and the elements.  The header: "BOCM", the version 1, '<' or
 * '>' for the byte order of the elements, two zeros, rows and columns as little-endian unsigned
 * integers of eight bytes.  The elements are IEEE doubles, row after row.  With protocol 5 they
 * are a buffer of their own, which the pickler may keep out of band.
 *
 * An instance of a subclass is the plain matrix of its elements, its class and its state.
 */
#include "python_matrix/matrix_pickle.h"

#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_buffer.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_type.h"

#define HEADER_SIZE 24

/* ---- to bytes ---- */

static void put_number(char *at, uint64_t number) {
    for (int i = 0; i < 8; i++)
        at[i] = (char)(unsigned char)(number >> 8 * i);
}

static PyObject *header_of(const matrix_block_t *block) {
    char header[HEADER_SIZE] = {'B', 'O', 'C', 'M', 1, PY_LITTLE_ENDIAN ? '<' : '>'};
    put_number(header + 8, (uint64_t)block->extents[0]);
    put_number(header + 16, (uint64_t)block->extents[1]);
    return PyBytes_FromStringAndSize(header, HEADER_SIZE);
}

static PyObject *elements_of(PyObject *self, const matrix_block_t *block, int protocol) {
    if (protocol >= 5)
        return PyPickleBuffer_FromObject(self);
    return PyBytes_FromStringAndSize((const char *)block->data,
                                     block->count * (Py_ssize_t)sizeof(double));
}

static PyObject *reduce_plain(matrix_state_t *state, PyObject *self, const matrix_block_t *block,
                              int protocol) {
    PyObject *header = header_of(block);                                             /* owned */
    PyObject *elements = header != NULL ? elements_of(self, block, protocol) : NULL; /* owned */
    PyObject *result = NULL;
    if (elements != NULL)
        result = Py_BuildValue("O(OO)", state->unpickle, header, elements);
    Py_XDECREF(elements);
    Py_XDECREF(header);
    return result;
}

/* Always the same object, so that whoever moves its elements sees when it comes twice, and has
 * the last word on whether it may; a new reference. */
static PyObject *plain_of(PyObject *self) {
    matrix_object_t *object = (matrix_object_t *)(void *)self;
    if (object->plain == NULL) {
        matrix_block_t *block = matrix_block_of(self);
        if (block != NULL)
            object->plain = matrix_wrap(matrix_type_of(self), matrix_block_ref(block));
    }
    return Py_XNewRef(object->plain);
}

static PyObject *reduce_subclass(matrix_state_t *state, PyObject *self) {
    PyObject *plain = plain_of(self); /* owned */
    PyObject *values =
        plain != NULL ? PyObject_CallMethod(self, "__getstate__", NULL) : NULL; /* owned */
    PyObject *result = NULL;
    if (values != NULL)
        result = Py_BuildValue("O(OO)O", state->rebuild, Py_TYPE(self), plain, values);
    Py_XDECREF(values);
    Py_XDECREF(plain);
    return result;
}

static PyObject *matrix_reduce_ex(PyObject *self, PyObject *protocol) {
    PyTypeObject *type = matrix_type_of(self);
    long number = PyLong_AsLong(protocol);
    if (number == -1 && PyErr_Occurred())
        return NULL;
    matrix_state_t *state = matrix_state_of_type(type);
    if (state->unpickle == NULL || state->rebuild == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the interpreter ends");
        return NULL;
    }
    if (Py_TYPE(self) != type)
        return reduce_subclass(state, self);
    matrix_block_t *block = matrix_block_of(self);
    return block != NULL ? reduce_plain(state, self, block, (int)number) : NULL;
}

/* ---- from bytes ---- */

static uint64_t get_number(const unsigned char *at) {
    uint64_t number = 0;
    for (int i = 7; i >= 0; i--)
        number = number << 8 | at[i];
    return number;
}

/* What the header says; -1 with ValueError. */
static int read_header(const Py_buffer *header, matrix_elements_t *elements) {
    const unsigned char *bytes = header->buf;
    if (header->len != HEADER_SIZE || memcmp(bytes, "BOCM\1", 5) != 0 ||
        (bytes[5] != '<' && bytes[5] != '>')) {
        PyErr_SetString(PyExc_ValueError, "this is no pickle of a Matrix, or one of a newer bocpy");
        return -1;
    }
    uint64_t rows = get_number(bytes + 8), columns = get_number(bytes + 16);
    uint64_t limit = (uint64_t)PY_SSIZE_T_MAX / sizeof(double);
    if (rows == 0 || columns == 0 || rows > limit / columns) {
        PyErr_SetString(PyExc_ValueError, "the pickle of a Matrix says an impossible size");
        return -1;
    }
    const char format[] = {(char)bytes[5], 'd', '\0'};
    elements->rows = (Py_ssize_t)rows;
    elements->columns = (Py_ssize_t)columns;
    elements->size = (Py_ssize_t)sizeof(double);
    elements->column_step = elements->size;
    elements->row_step = elements->columns * elements->size;
    (void)matrix_elements_set_format(elements, format);
    return 0;
}

static matrix_block_t *read_pickle(const Py_buffer *header, const Py_buffer *data) {
    matrix_elements_t elements = {.data = data->buf};
    if (read_header(header, &elements) < 0)
        return NULL;
    if (data->len != elements.rows * elements.row_step) {
        PyErr_Format(PyExc_ValueError, "the pickle of a %zdx%zd Matrix has %zd bytes of elements",
                     elements.rows, elements.columns, data->len);
        return NULL;
    }
    return matrix_buffer_convert(&elements);
}

static PyObject *module_unpickle(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "_unpickle() takes a header and elements");
        return NULL;
    }
    Py_buffer header, data;
    if (PyObject_GetBuffer(args[0], &header, PyBUF_SIMPLE) < 0)
        return NULL;
    if (PyObject_GetBuffer(args[1], &data, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&header);
        return NULL;
    }
    matrix_block_t *block = read_pickle(&header, &data);
    PyBuffer_Release(&data);
    PyBuffer_Release(&header);
    return matrix_wrap(matrix_state_of_module(module)->matrix_type, block);
}

/* A new instance of the class around the elements of the plain matrix. */
static PyObject *module_rebuild(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    PyTypeObject *type = matrix_state_of_module(module)->matrix_type;
    if (count != 2 || !PyType_Check(args[0]) || !PyType_IsSubtype((PyTypeObject *)args[0], type) ||
        !matrix_check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "_rebuild() takes a subclass of Matrix and a Matrix");
        return NULL;
    }
    matrix_block_t *block = matrix_block_of(args[1]);
    if (block == NULL)
        return NULL;
    return matrix_wrap((PyTypeObject *)args[0], matrix_block_ref(block));
}

/* ---- copy ---- */

/* Do what unpickling does with the state of a subclass. */
static int set_values(PyObject *copy, PyObject *values) {
    PyObject *method;
    int status = PyObject_HasAttrString(copy, "__setstate__");
    if (status) {
        PyObject *ignored = PyObject_CallMethod(copy, "__setstate__", "O", values); /* owned */
        Py_XDECREF(ignored);
        return ignored != NULL ? 0 : -1;
    }
    PyObject *slots = NULL; /* borrowed */
    PyObject *names = values; /* borrowed */
    if (PyTuple_Check(values) && PyTuple_GET_SIZE(values) == 2) {
        names = PyTuple_GET_ITEM(values, 0);
        slots = PyTuple_GET_ITEM(values, 1);
    }
    if (names != Py_None) {
        method = PyObject_GetAttrString(copy, "__dict__"); /* owned */
        PyObject *ignored =
            method != NULL ? PyObject_CallMethod(method, "update", "O", names) : NULL; /* owned */
        Py_XDECREF(method);
        Py_XDECREF(ignored);
        if (ignored == NULL)
            return -1;
    }
    PyObject *name, *value; /* borrowed */
    Py_ssize_t position = 0;
    while (slots != NULL && PyDict_Check(slots) && PyDict_Next(slots, &position, &name, &value))
        if (PyObject_SetAttr(copy, name, value) < 0)
            return -1;
    return 0;
}

/* `memo` is NULL for a shallow copy: the state is then shared. */
static PyObject *copy_object(PyObject *self, PyObject *memo) {
    matrix_block_t *block = matrix_block_of(self);
    PyObject *copy = block != NULL ? matrix_wrap(Py_TYPE(self), matrix_block_copy_away(block))
                                   : NULL; /* owned */
    if (copy == NULL || Py_TYPE(self) == matrix_type_of(self))
        return copy;
    PyObject *values = PyObject_CallMethod(self, "__getstate__", NULL); /* owned */
    if (values != NULL && memo != NULL) {
        PyObject *module = PyImport_ImportModule("copy"); /* owned */
        Py_SETREF(values, module != NULL
                              ? PyObject_CallMethod(module, "deepcopy", "OO", values, memo)
                              : NULL);
        Py_XDECREF(module);
    }
    if (values == NULL || (values != Py_None && set_values(copy, values) < 0))
        Py_CLEAR(copy);
    Py_XDECREF(values);
    return copy;
}

static PyObject *matrix_copy_shallow(PyObject *self, PyObject *ignored) {
    return copy_object(self, NULL);
}

static PyObject *matrix_copy_deep(PyObject *self, PyObject *memo) {
    return copy_object(self, memo);
}

static PyObject *matrix_sizeof(PyObject *self, PyObject *ignored) {
    const matrix_block_t *block = ((matrix_object_t *)(void *)self)->block;
    size_t size = (size_t)Py_TYPE(self)->tp_basicsize;
    if (block != NULL && matrix_block_is_mine(block))
        size += matrix_block_bytes(block);
    return PyLong_FromSize_t(size);
}

PyMethodDef matrix_pickle_methods[] = {
    {"__reduce_ex__", matrix_reduce_ex, METH_O,
     "__reduce_ex__($self, protocol, /)\n--\n\n"
     "Say how to make the matrix again, for pickle.\n\n"
     "RuntimeError if the matrix is not acquired."},
    {"__copy__", matrix_copy_shallow, METH_NOARGS, "__copy__($self, /)\n--\n\nSee copy()."},
    {"__deepcopy__", matrix_copy_deep, METH_O, "__deepcopy__($self, memo, /)\n--\n\nSee copy()."},
    {"__sizeof__", matrix_sizeof, METH_NOARGS,
     "__sizeof__($self, /)\n--\n\nThe bytes of the object and of its elements, if it has them."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef pickle_functions[] = {
    {"_unpickle", (PyCFunction)(void (*)(void))module_unpickle, METH_FASTCALL,
     "_unpickle($module, header, elements, /)\n--\n\nThe matrix of a pickle."},
    {"_rebuild", (PyCFunction)(void (*)(void))module_rebuild, METH_FASTCALL,
     "_rebuild($module, cls, matrix, /)\n--\n\nAn instance of a subclass from a pickle."},
    {NULL, NULL, 0, NULL},
};

int matrix_pickle_add(PyObject *module, matrix_state_t *state) {
    if (PyModule_AddFunctions(module, pickle_functions) < 0)
        return -1;
    state->unpickle = PyObject_GetAttrString(module, "_unpickle");
    state->rebuild = PyObject_GetAttrString(module, "_rebuild");
    return state->unpickle != NULL && state->rebuild != NULL ? 0 : -1;
}
