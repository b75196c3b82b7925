/* matrix_key.c - see matrix_key.h. */
#include "python_matrix/matrix_key.h"

#include <assert.h>

static_assert(sizeof(size_t) == sizeof(Py_ssize_t), "a place takes the room of its index");

/* ---- as written ---- */

static int read_index(PyObject *value, Py_ssize_t *p_index) {
    if (matrix_read_small(value, p_index))
        return 0;
    *p_index = PyNumber_AsSsize_t(value, PyExc_OverflowError);
    return *p_index == -1 && PyErr_Occurred() ? -1 : 0;
}

/* Make room for `count` indices. */
static int make_room(matrix_part_t *part, Py_ssize_t count) {
    if (count == 0) {
        PyErr_SetString(PyExc_IndexError, "the list of indices is empty");
        return -1;
    }
    PyMem_Free(part->indices);
    part->index_count = count;
    part->indices = PyMem_New(Py_ssize_t, (size_t)count);
    if (part->indices != NULL)
        return 0;
    PyErr_NoMemory();
    return -1;
}

/* Read a list or tuple of small ints as it stands: no code of users can change it meanwhile.
 * 0 if something else is in it. */
static int read_small(matrix_part_t *part, PyObject *items) {
    if (!PyList_CheckExact(items) && !PyTuple_CheckExact(items))
        return 0;
    if (make_room(part, PySequence_Fast_GET_SIZE(items)) < 0)
        return -1;
    PyObject **item = PySequence_Fast_ITEMS(items);
    for (Py_ssize_t i = 0; i < part->index_count; i++)
        if (!matrix_read_small(item[i], &part->indices[i]))
            return 0;
    return 1;
}

int matrix_part_init_list(matrix_part_t *part, PyObject *iterable) {
    part->kind = MATRIX_PART_LIST;
    int small = read_small(part, iterable);
    if (small != 0)
        return small > 0 ? 0 : -1;
    PyObject *items = PySequence_Tuple(iterable); /* owned; nobody else changes it */
    if (items == NULL)
        return -1;
    int status = make_room(part, PyTuple_GET_SIZE(items));
    for (Py_ssize_t i = 0; status == 0 && i < part->index_count; i++)
        status = read_index(PyTuple_GET_ITEM(items, i), &part->indices[i]);
    Py_DECREF(items);
    return status;
}

static bool is_bare(PyObject *slice) {
    PySliceObject *parts = (PySliceObject *)slice;
    return parts->start == Py_None && parts->stop == Py_None && parts->step == Py_None;
}

static int init_part(matrix_part_t *part, PyObject *written) {
    if (PySlice_Check(written)) {
        part->kind = MATRIX_PART_SLICE;
        part->is_all = is_bare(written);
        return PySlice_Unpack(written, &part->start, &part->stop, &part->step);
    }
    if (PyList_Check(written))
        return matrix_part_init_list(part, written);
    if (!PyIndex_Check(written)) {
        PyErr_Format(PyExc_TypeError,
                     "a matrix is indexed by integers, slices and lists of integers, not '%.200s'",
                     Py_TYPE(written)->tp_name);
        return -1;
    }
    part->kind = MATRIX_PART_INT;
    return read_index(written, &part->start);
}

static void init_all(matrix_part_t *part) {
    *part = (matrix_part_t){
        .kind = MATRIX_PART_SLICE, .is_all = true, .start = 0, .stop = PY_SSIZE_T_MAX, .step = 1};
}

static int check_list(const matrix_part_t *list, const matrix_part_t *other) {
    if (list->kind != MATRIX_PART_LIST || other->is_all)
        return 0;
    PyErr_SetString(PyExc_IndexError, "beside a list of indices there can only be a bare ':'");
    return -1;
}

int matrix_key_init(matrix_key_t *key, PyTypeObject *type, PyObject *written) {
    *key = (matrix_key_t){.is_pair = PyTuple_Check(written)};
    if (!key->is_pair) {
        init_all(&key->columns);
        return init_part(&key->rows, written);
    }
    if (PyTuple_GET_SIZE(written) != 2) {
        matrix_fail(type, MATRIX_KEY_ERROR, "an index has 1 or 2 parts, not %zd",
                    PyTuple_GET_SIZE(written));
        return -1;
    }
    if (init_part(&key->rows, PyTuple_GET_ITEM(written, 0)) < 0 ||
        init_part(&key->columns, PyTuple_GET_ITEM(written, 1)) < 0)
        return -1;
    return check_list(&key->rows, &key->columns) < 0 ? -1 : check_list(&key->columns, &key->rows);
}

/* ---- places ---- */

static int fit_index(Py_ssize_t index, size_t length, const char *name, size_t *p_place) {
    if (boc__index_wrap(index, length, p_place) == BOC__MATRIX_OK)
        return 0;
    PyErr_Format(PyExc_IndexError, "%s index %zd is out of range for %zu %s%s", name, index, length,
                 name, length == 1 ? "" : "s");
    return -1;
}

static int fit_slice(matrix_part_t *part, size_t length, const char *name) {
    Py_ssize_t start = part->start, stop = part->stop;
    Py_ssize_t count = PySlice_AdjustIndices((Py_ssize_t)length, &start, &stop, part->step);
    if (count == 0) {
        PyErr_Format(PyExc_IndexError, "the slice selects no %s of %zu", name, length);
        return -1;
    }
    part->span = (boc__span_t){(size_t)start, count == 1 ? 0 : part->step, (size_t)count};
    return 0;
}

int matrix_part_fit(matrix_part_t *part, size_t length, const char *name) {
    switch (part->kind) {
    case MATRIX_PART_INT:
        part->span = (boc__span_t){0, 0, 1};
        return fit_index(part->start, length, name, &part->span.start);
    case MATRIX_PART_SLICE:
        return fit_slice(part, length, name);
    default:
        part->places = (size_t *)part->indices; /* one at a time, from the same cell */
        for (Py_ssize_t i = 0; i < part->index_count; i++)
            if ((size_t)part->indices[i] >= length && /* else it is its place */
                fit_index(part->indices[i], length, name, &part->places[i]) < 0)
                return -1;
        return 0;
    }
}

int matrix_key_fit(matrix_key_t *key, boc__shape_t shape) {
    return matrix_part_fit(&key->rows, shape.rows, "row") < 0
               ? -1
               : matrix_part_fit(&key->columns, shape.columns, "column");
}

void matrix_part_deinit(matrix_part_t *part) { PyMem_Free(part->indices); }

void matrix_key_deinit(matrix_key_t *key) {
    matrix_part_deinit(&key->rows);
    matrix_part_deinit(&key->columns);
}
