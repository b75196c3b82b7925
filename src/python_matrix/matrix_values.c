/* matrix_values.c - values(): the elements one after the other, made when they are asked for. */
#include "python_matrix/matrix_values.h"

#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_turn.h"
#include "python_matrix/matrix_type.h"

typedef struct values_object {
    PyObject_HEAD PyObject *matrix; /* owned; NULL at the end */
    Py_ssize_t next;
} values_object_t;

static values_object_t *values_of(PyObject *self) { return (values_object_t *)(void *)self; }

static int values_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(values_of(self)->matrix);
    return 0;
}

static int values_clear(PyObject *self) {
    Py_CLEAR(values_of(self)->matrix);
    return 0;
}

static void values_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)values_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *values_next(PyObject *self) {
    values_object_t *values = values_of(self);
    if (values->matrix == NULL)
        return NULL;
    const matrix_block_t *block = matrix_block_of(values->matrix);
    if (block == NULL)
        return NULL;
    if (values->next < block->count)
        return PyFloat_FromDouble(block->data[values->next++]);
    Py_CLEAR(values->matrix);
    return NULL;
}

static PyObject *values_length_hint(PyObject *self, PyObject *ignored) {
    values_object_t *values = values_of(self);
    Py_ssize_t left = 0;
    if (values->matrix != NULL) {
        const matrix_block_t *block = matrix_block_of(values->matrix);
        if (block == NULL)
            return NULL;
        left = block->count > values->next ? block->count - values->next : 0;
    }
    return PyLong_FromSsize_t(left);
}

#ifdef Py_GIL_DISABLED
/* The type Matrix; once the interpreter has let go of that, anything: nobody else is there. */
static PyTypeObject *type_of(PyObject *self) {
    PyTypeObject *type = matrix_state_of_type(Py_TYPE(self))->matrix_type;
    return type != NULL ? type : Py_TYPE(self);
}
#endif

MATRIX_DEFINE_TURN(PyObject *, values_next, (PyObject * self), (self), type_of(self));
MATRIX_DEFINE_TURN(PyObject *, values_length_hint, (PyObject * self, PyObject *ignored),
                   (self, ignored), type_of(self));

static PyMethodDef values_methods[] = {
    {"__length_hint__", MATRIX_TURN(values_length_hint), METH_NOARGS,
     "How many elements are left."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot values_slots[] = {
    {Py_tp_doc, (void *)"What Matrix.values() returns: an iterator over all elements."},
    {Py_tp_dealloc, values_dealloc},
    {Py_tp_traverse, values_traverse},
    {Py_tp_clear, values_clear},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, MATRIX_TURN(values_next)},
    {Py_tp_methods, values_methods},
    {0, NULL},
};

static PyType_Spec values_spec = {
    .name = "bocpy._matrix.MatrixValues",
    .basicsize = sizeof(values_object_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = values_slots,
};

int matrix_values_add(PyObject *module, matrix_state_t *state) {
    state->values_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &values_spec, NULL);
    return state->values_type != NULL ? 0 : -1;
}

static PyObject *matrix_values(PyObject *self, PyObject *ignored) {
    if (matrix_block_of(self) == NULL)
        return NULL;
    PyTypeObject *type = matrix_state_of_type(matrix_type_of(self))->values_type;
    if (type == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the interpreter ends");
        return NULL;
    }
    values_object_t *values = PyObject_GC_New(values_object_t, type);
    if (values == NULL)
        return NULL;
    values->matrix = Py_NewRef(self);
    values->next = 0;
    PyObject_GC_Track((PyObject *)values);
    return (PyObject *)values;
}

PyMethodDef matrix_values_methods[] = {
    {"values", matrix_values, METH_NOARGS,
     "values($self, /)\n--\n\n"
     "Return an iterator over all elements, floats in row-major order.\n\n"
     "RuntimeError, then or while iterating, if the matrix is not acquired."},
    {NULL, NULL, 0, NULL},
};
