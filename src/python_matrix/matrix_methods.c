/* matrix_methods.c - see matrix_methods.h. */
#include "python_matrix/matrix_methods.h"

#include "python_matrix/matrix_turn.h"
#include "python_matrix/matrix_type.h"

#ifdef Py_GIL_DISABLED

/* ---- methods in turn: each is called by a function that knows its number ---- */

enum { METHODS_MAX = 64 };

typedef PyObject *(*keywords_fn)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

static struct {
    PyMutex mutex;                     /* of those who add */
    int count;                         /* guarded by mutex */
    PyMethodDef *methods[METHODS_MAX]; /* fixed once its function can be found */
    PyMethodDef in_turn[METHODS_MAX];  /* the same */
} globals;

static PyTypeObject *type_of(const PyMethodDef *method, PyObject *self) {
    return method->ml_flags & METH_CLASS ? matrix_type_of_class(self) : matrix_type_of(self);
}

static PyObject *call_fast(int number, PyObject *self, PyObject *const *args, Py_ssize_t count,
                           PyObject *keywords) {
    const PyMethodDef *method = globals.methods[number];
    PyObject *result;
    MATRIX_BEGIN_TURN(type_of(method, self));
    result = ((keywords_fn)(void (*)(void))method->ml_meth)(self, args, count, keywords);
    MATRIX_END_TURN();
    return result;
}

static PyObject *call_plain(int number, PyObject *self, PyObject *argument) {
    const PyMethodDef *method = globals.methods[number];
    PyObject *result;
    MATRIX_BEGIN_TURN(type_of(method, self));
    result = method->ml_meth(self, argument);
    MATRIX_END_TURN();
    return result;
}

/* The numbers are octal. */
#define EACH_OF_8(what, tens)                                                                      \
    what(tens##0) what(tens##1) what(tens##2) what(tens##3) what(tens##4) what(tens##5)            \
        what(tens##6) what(tens##7)
#define EACH(what)                                                                                 \
    EACH_OF_8(what, 00)                                                                            \
    EACH_OF_8(what, 01)                                                                            \
    EACH_OF_8(what, 02)                                                                            \
    EACH_OF_8(what, 03)                                                                            \
    EACH_OF_8(what, 04)                                                                            \
    EACH_OF_8(what, 05)                                                                            \
    EACH_OF_8(what, 06)                                                                            \
    EACH_OF_8(what, 07)

#define DEFINE(number)                                                                             \
    static PyObject *fast_##number(PyObject *self, PyObject *const *args, Py_ssize_t count,        \
                                   PyObject *keywords) {                                           \
        return call_fast(number, self, args, count, keywords);                                     \
    }                                                                                              \
    static PyObject *plain_##number(PyObject *self, PyObject *argument) {                          \
        return call_plain(number, self, argument);                                                 \
    }
#define FAST(number) fast_##number,
#define PLAIN(number) plain_##number,

EACH(DEFINE)

static const keywords_fn fast[METHODS_MAX] = {EACH(FAST)};
static const PyCFunction plain[METHODS_MAX] = {EACH(PLAIN)};

/* The method that does the same in turn: one for all interpreters. */
static PyMethodDef *in_turn(PyMethodDef *method) {
    PyMutex_Lock(&globals.mutex);
    int number = 0;
    while (number < globals.count && globals.methods[number] != method)
        number++;
    if (number == globals.count) {
        assert(number < METHODS_MAX);
        globals.methods[number] = method;
        globals.in_turn[number] = *method;
        globals.in_turn[number].ml_meth =
            method->ml_flags & METH_KEYWORDS ? MATRIX_METHOD(fast[number]) : plain[number];
        globals.count++;
    }
    PyMutex_Unlock(&globals.mutex);
    return &globals.in_turn[number];
}

#else

static PyMethodDef *in_turn(PyMethodDef *method) { return method; }

#endif

/* ---- all methods ---- */

static int add_method(PyTypeObject *type, PyObject *names, PyMethodDef *method) {
    PyObject *descriptor = method->ml_flags & METH_CLASS
                               ? PyDescr_NewClassMethod(type, method)
                               : PyDescr_NewMethod(type, method); /* owned */
    if (descriptor == NULL)
        return -1;
    int status = PyDict_SetItemString(names, method->ml_name, descriptor);
    Py_DECREF(descriptor);
    return status;
}

int matrix_methods_add(PyTypeObject *type) {
    PyMethodDef *const tables[] = {
        matrix_new_methods,    matrix_concat_methods, matrix_random_methods, matrix_ops_methods,
        matrix_unary_methods,  matrix_fused_methods,  matrix_reduce_methods, matrix_compare_methods,
        matrix_vector_methods, matrix_gather_methods, matrix_along_methods,  matrix_values_methods,
        matrix_buffer_methods, matrix_dlpack_methods, matrix_pickle_methods,
    };
    PyObject *names = PyType_GetDict(type); /* owned */
    int status = names != NULL ? 0 : -1;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && status == 0; i++)
        for (PyMethodDef *method = tables[i]; method->ml_name != NULL && status == 0; method++)
            status = add_method(type, names, in_turn(method));
    Py_XDECREF(names);
    PyType_Modified(type);
    return status;
}
