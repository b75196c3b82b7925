/* matrix_type.c - see matrix_type.h: life, attributes and slots of Matrix. */
#include "python_matrix/matrix_type.h"

#include "python_matrix/matrix_away.h"
#include "python_matrix/matrix_buffer.h"
#include "python_matrix/matrix_compare.h"
#include "python_matrix/matrix_index.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_new.h"
#include "python_matrix/matrix_ops.h"
#include "python_matrix/matrix_text.h"
#include "python_matrix/matrix_turn.h"

#include "matrix/reduce.h"
#include "matrix/transpose.h"

#include <stddef.h>

static matrix_object_t *object_of(PyObject *matrix) { return (matrix_object_t *)(void *)matrix; }

/* ---- life ---- */

static PyObject *matrix_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    return type->tp_alloc(type, 0); /* zeroed: no block until __init__ */
}

static void matrix_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (object_of(self)->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    Py_XDECREF(object_of(self)->plain);
    matrix_block_unref(object_of(self)->block);
    type->tp_free(self);
    Py_DECREF(type);
}

static bool is_matrix_type(const PyTypeObject *type) { return type->tp_dealloc == matrix_dealloc; }

bool matrix_check(PyObject *object) {
    for (PyTypeObject *type = Py_TYPE(object); type != NULL; type = type->tp_base)
        if (is_matrix_type(type))
            return true;
    return false;
}

PyTypeObject *matrix_type_of_class(PyObject *cls) {
    PyTypeObject *type = (PyTypeObject *)cls;
    while (!is_matrix_type(type))
        type = type->tp_base;
    return type;
}

PyTypeObject *matrix_type_of(PyObject *matrix) {
    return matrix_type_of_class((PyObject *)Py_TYPE(matrix));
}

matrix_block_t *matrix_fail_block(PyObject *matrix) {
    if (object_of(matrix)->block == NULL)
        PyErr_SetString(PyExc_ValueError, "the matrix is empty: its __init__ was never called");
    else
        PyErr_SetString(PyExc_RuntimeError,
                        "the matrix is not acquired: its elements moved to a cown, a behavior or "
                        "a message; use the matrix that is received there, or a copy()");
    return NULL;
}

PyObject *matrix_wrap(PyTypeObject *type, matrix_block_t *taken) {
    PyObject *matrix = taken != NULL ? type->tp_alloc(type, 0) : NULL;
    if (matrix == NULL)
        matrix_block_unref(taken);
    else
        matrix_set_block(object_of(matrix), taken);
    return matrix;
}

matrix_block_t *matrix_block_copy(const matrix_block_t *block) {
    matrix_block_t *copy = matrix_block_new(block->extents[0], block->extents[1], false);
    if (copy != NULL)
        memcpy(copy->data, block->data, (size_t)block->count * sizeof(double));
    return copy;
}

matrix_block_t *matrix_block_copy_away(matrix_block_t *block) {
    matrix_block_t *copy = matrix_block_new(block->extents[0], block->extents[1], false);
    if (copy == NULL)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, copy, NULL, NULL);
    memcpy(copy->data, block->data, (size_t)block->count * sizeof(double));
    matrix_away_end(&away);
    return copy;
}

/* ---- attributes ---- */

static PyObject *matrix_get_extent(PyObject *self, void *which) {
    matrix_block_t *block = matrix_block_of(self);
    return block != NULL ? PyLong_FromSsize_t(block->extents[(intptr_t)which]) : NULL;
}

static PyObject *matrix_get_size(PyObject *self, void *closure) {
    matrix_block_t *block = matrix_block_of(self);
    return block != NULL ? PyLong_FromSsize_t(block->count) : NULL;
}

/* Of a matrix that moved away too. */
static PyObject *matrix_get_shape(PyObject *self, void *closure) {
    matrix_block_t *block = object_of(self)->block;
    if (block == NULL)
        return (PyObject *)matrix_block_of(self);
    Py_ssize_t rows, columns;
    matrix_block_shape(block, &rows, &columns);
    return Py_BuildValue("(nn)", rows, columns);
}

static PyObject *matrix_get_length(PyObject *self, void *closure) {
    matrix_block_t *block = matrix_block_of(self);
    if (block == NULL)
        return NULL;
    matrix_away_t away;
    matrix_away_begin(&away, (double)block->count, block, NULL, NULL, NULL);
    double length = boc__reduce_length(block->data, (size_t)block->count);
    matrix_away_end(&away);
    return PyFloat_FromDouble(length);
}

static PyObject *matrix_get_transposed(PyObject *self, void *closure) {
    return matrix_transpose(self, NULL, 0, NULL);
}

static PyObject *matrix_get_acquired(PyObject *self, void *closure) {
    const matrix_object_t *object = object_of(self);
    return PyBool_FromLong(object->block != NULL &&
                           matrix_block_owner(object->block) == object->home);
}

static double *find_letter(PyObject *self, intptr_t place) {
    matrix_block_t *block = matrix_block_of(self);
    if (block != NULL && place >= block->count) {
        PyErr_Format(PyExc_IndexError, "a matrix of %zd element%s has no attribute '%c'",
                     block->count, block->count == 1 ? "" : "s", "xyzw"[place]);
        return NULL;
    }
    return block != NULL ? block->data + place : NULL;
}

static PyObject *matrix_get_letter(PyObject *self, void *place) {
    const double *element = find_letter(self, (intptr_t)place);
    return element != NULL ? PyFloat_FromDouble(*element) : NULL;
}

static int matrix_set_letter(PyObject *self, PyObject *value, void *place) {
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "elements of a matrix cannot be deleted");
        return -1;
    }
    double number = PyFloat_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred())
        return -1;
    double *element = find_letter(self, (intptr_t)place); /* after the code of `value` */
    if (element == NULL)
        return -1;
    *element = number;
    return 0;
}

/* NumPy lets a Matrix beside one of its arrays or scalars decide, as it does for its own. */
static PyObject *matrix_get_priority(PyObject *self, void *closure) {
    return PyFloat_FromDouble(1000.0);
}

#define GETTER(name)                                                                               \
    MATRIX_DEFINE_TURN(PyObject *, name, (PyObject * self, void *closure), (self, closure),        \
                       matrix_type_of(self))

GETTER(matrix_get_extent);
GETTER(matrix_get_size);
GETTER(matrix_get_shape);
GETTER(matrix_get_length);
GETTER(matrix_get_transposed);
GETTER(matrix_get_acquired);
GETTER(matrix_get_letter);
MATRIX_DEFINE_TURN(int, matrix_set_letter, (PyObject * self, PyObject *value, void *place),
                   (self, value, place), matrix_type_of(self));

#define LETTER(letter, place)                                                                      \
    {letter, MATRIX_TURN(matrix_get_letter), MATRIX_TURN(matrix_set_letter),                       \
     "Element " #place " in row-major order, of a matrix of any shape that has it.\n\n"            \
     "IndexError if there are fewer elements; RuntimeError if the matrix is not acquired.",        \
     (void *)(intptr_t)place}

static PyGetSetDef matrix_attributes[] = {
    {"rows", MATRIX_TURN(matrix_get_extent), NULL,
     "The number of rows. RuntimeError if the matrix is not acquired.", (void *)(intptr_t)0},
    {"columns", MATRIX_TURN(matrix_get_extent), NULL,
     "The number of columns. RuntimeError if the matrix is not acquired.", (void *)(intptr_t)1},
    {"shape", MATRIX_TURN(matrix_get_shape), NULL,
     "(rows, columns), also of a matrix that moved away.", NULL},
    {"size", MATRIX_TURN(matrix_get_size), NULL,
     "The number of elements. RuntimeError if the matrix is not acquired.", NULL},
    {"length", MATRIX_TURN(matrix_get_length), NULL,
     "The root of the sum of all squares, a float. RuntimeError if the matrix is not acquired.",
     NULL},
    {"T", MATRIX_TURN(matrix_get_transposed), NULL,
     "A new CxR matrix: the columns as rows. RuntimeError if the matrix is not acquired.", NULL},
    {"acquired", MATRIX_TURN(matrix_get_acquired), NULL,
     "Whether the elements are this interpreter's. False once the matrix moved to a cown, a\n"
     "behavior or a message, until it is back.",
     NULL},
    LETTER("x", 0),
    LETTER("y", 1),
    LETTER("z", 2),
    LETTER("w", 3),
    {"__array_priority__", matrix_get_priority, NULL,
     "NumPy's operators leave the result to Matrix.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef matrix_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(matrix_object_t, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

/* float() and int() would take the buffer for text otherwise. */
static PyObject *matrix_refuse_number(PyObject *self) {
    PyErr_Format(PyExc_TypeError, "a '%.200s' is not a number; take an element of it",
                 Py_TYPE(self)->tp_name);
    return NULL;
}

/* ---- the type ---- */

PyDoc_STRVAR(matrix_doc,
             "Matrix(rows, columns, values=None)\n--\n\n"
             "A dense matrix of floats that moves between interpreters by pointer.\n\n"
             "*values* is None for zeros, a number for all elements, or rows*columns numbers in\n"
             "row-major order. A number is whatever float() takes but text.\n\n"
             "Raises:\n"
             "    ValueError: rows or columns below 1.\n"
             "    TypeError: another count of values, or one that is no number.\n"
             "    OverflowError: a number or a size that is too large.");

/* ---- slots in turn ---- */

#ifdef Py_GIL_DISABLED
/* One of the two is a Matrix. */
static PyTypeObject *type_of_either(PyObject *left, PyObject *right) {
    return matrix_type_of(matrix_check(left) ? left : right);
}
#endif

#define ONE(name)                                                                                  \
    MATRIX_DEFINE_TURN(PyObject *, name, (PyObject * self), (self), matrix_type_of(self))
#define TWO(name)                                                                                  \
    MATRIX_DEFINE_TURN(PyObject *, name, (PyObject * left, PyObject * right), (left, right),       \
                       type_of_either(left, right))

TWO(matrix_nb_add);
TWO(matrix_nb_subtract);
TWO(matrix_nb_multiply);
TWO(matrix_nb_divide);
TWO(matrix_nb_matmul);
TWO(matrix_nb_inplace_add);
TWO(matrix_nb_inplace_subtract);
TWO(matrix_nb_inplace_multiply);
TWO(matrix_nb_inplace_divide);
ONE(matrix_nb_negative);
ONE(matrix_nb_absolute);
ONE(matrix_repr);
ONE(matrix_str);
ONE(matrix_iter);
MATRIX_DEFINE_TURN(int, matrix_init, (PyObject * self, PyObject *args, PyObject *keywords),
                   (self, args, keywords), matrix_type_of(self));
MATRIX_DEFINE_TURN(PyObject *, matrix_richcompare, (PyObject * self, PyObject *other, int op),
                   (self, other, op), matrix_type_of(self));
MATRIX_DEFINE_TURN(Py_ssize_t, matrix_length, (PyObject * self), (self), matrix_type_of(self));
MATRIX_DEFINE_TURN(PyObject *, matrix_item, (PyObject * self, Py_ssize_t index), (self, index),
                   matrix_type_of(self));
MATRIX_DEFINE_TURN(PyObject *, matrix_subscript, (PyObject * self, PyObject *written),
                   (self, written), matrix_type_of(self));
MATRIX_DEFINE_TURN(int, matrix_assign, (PyObject * self, PyObject *written, PyObject *value),
                   (self, written, value), matrix_type_of(self));
MATRIX_DEFINE_TURN(int, matrix_getbuffer, (PyObject * self, Py_buffer *view, int flags),
                   (self, view, flags), matrix_type_of(self));
MATRIX_DEFINE_TURN(PyObject *, matrix_vectorcall,
                   (PyObject * type, PyObject *const *args, size_t count, PyObject *keywords),
                   (type, args, count, keywords), matrix_type_of_class(type));

static PyType_Slot matrix_slots[] = {
    {Py_tp_doc, (void *)matrix_doc},
    {Py_tp_new, matrix_new},
    {Py_tp_init, MATRIX_TURN(matrix_init)},
    {Py_tp_dealloc, matrix_dealloc},
    {Py_tp_getset, matrix_attributes},
    {Py_tp_members, matrix_members},
    {Py_tp_repr, MATRIX_TURN(matrix_repr)},
    {Py_tp_str, MATRIX_TURN(matrix_str)},
    {Py_tp_richcompare, MATRIX_TURN(matrix_richcompare)},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_nb_add, MATRIX_TURN(matrix_nb_add)},
    {Py_nb_subtract, MATRIX_TURN(matrix_nb_subtract)},
    {Py_nb_multiply, MATRIX_TURN(matrix_nb_multiply)},
    {Py_nb_true_divide, MATRIX_TURN(matrix_nb_divide)},
    {Py_nb_matrix_multiply, MATRIX_TURN(matrix_nb_matmul)},
    {Py_nb_inplace_add, MATRIX_TURN(matrix_nb_inplace_add)},
    {Py_nb_inplace_subtract, MATRIX_TURN(matrix_nb_inplace_subtract)},
    {Py_nb_inplace_multiply, MATRIX_TURN(matrix_nb_inplace_multiply)},
    {Py_nb_inplace_true_divide, MATRIX_TURN(matrix_nb_inplace_divide)},
    {Py_nb_negative, MATRIX_TURN(matrix_nb_negative)},
    {Py_nb_absolute, MATRIX_TURN(matrix_nb_absolute)},
    {Py_nb_float, matrix_refuse_number},
    {Py_nb_int, matrix_refuse_number},
    {Py_tp_iter, MATRIX_TURN(matrix_iter)},
    {Py_sq_length, MATRIX_TURN(matrix_length)},
    {Py_sq_item, MATRIX_TURN(matrix_item)},
    {Py_mp_length, MATRIX_TURN(matrix_length)},
    {Py_mp_subscript, MATRIX_TURN(matrix_subscript)},
    {Py_mp_ass_subscript, MATRIX_TURN(matrix_assign)},
    {Py_bf_getbuffer, MATRIX_TURN(matrix_getbuffer)},
    {Py_bf_releasebuffer, matrix_releasebuffer},
    {0, NULL},
};

static PyType_Spec matrix_spec = {
    .name = "bocpy.Matrix",
    .basicsize = sizeof(matrix_object_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = matrix_slots,
};

int matrix_type_add(PyObject *module, matrix_state_t *state) {
    state->matrix_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &matrix_spec, NULL);
    if (state->matrix_type == NULL || matrix_methods_add(state->matrix_type) < 0)
        return -1;
    state->matrix_type->tp_vectorcall = MATRIX_TURN(matrix_vectorcall);
    return PyModule_AddObjectRef(module, "Matrix", (PyObject *)state->matrix_type);
}
