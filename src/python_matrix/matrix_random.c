/* matrix_random.c - uniform, normal and seed: the generator of this interpreter. */
#include "matrix/random.h"

#include "python_matrix/matrix_args.h"
#include "python_matrix/matrix_methods.h"
#include "python_matrix/matrix_new.h"
#include "python_matrix/matrix_random.h"

/* Drawn at once: even, so that normal deviates use up their pairs. */
#define CHUNK ((Py_ssize_t)65536)

struct matrix_random {
    boc__random_t generator;
};

int matrix_random_add(matrix_state_t *state) {
    state->random = PyMem_Calloc(1, sizeof *state->random);
    if (state->random == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject *os = PyImport_ImportModule("os"); /* owned */
    PyObject *bytes = os != NULL ? PyObject_CallMethod(os, "urandom", "i", 8) : NULL; /* owned */
    Py_XDECREF(os);
    if (bytes == NULL || !PyBytes_Check(bytes) || PyBytes_GET_SIZE(bytes) != 8) {
        Py_XDECREF(bytes);
        return -1;
    }
    uint64_t seed;
    memcpy(&seed, PyBytes_AS_STRING(bytes), sizeof seed);
    boc__random_seed(&state->random->generator, seed);
    Py_DECREF(bytes);
    return 0;
}

void matrix_random_clear(matrix_state_t *state) {
    PyMem_Free(state->random);
    state->random = NULL;
}

typedef void (*fill_fn)(boc__random_t *, double *, size_t, double, double);

/* Other threads of the interpreter get the GIL between the chunks, not the generator in one. */
static void fill(matrix_state_t *state, fill_fn draw, matrix_block_t *block, double first,
                 double second) {
    for (Py_ssize_t done = 0; done < block->count; done += CHUNK) {
        if (done > 0) { /* `block` is nobody else's yet */
            PyThreadState *saved = PyEval_SaveThread();
            PyEval_RestoreThread(saved);
        }
        Py_ssize_t left = block->count - done;
        draw(&state->random->generator, block->data + done, (size_t)(left < CHUNK ? left : CHUNK),
             first, second);
    }
}

static int read_number(PyObject *value, double *p_number) {
    if (value == NULL)
        return 0;
    *p_number = PyFloat_AsDouble(value);
    return *p_number == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *draw(const matrix_signature_t *signature, fill_fn draw_many, double first,
                      double second, PyObject *cls, PyObject *const *args, Py_ssize_t count,
                      PyObject *keywords) {
    PyTypeObject *type = matrix_type_of_class(cls);
    matrix_state_t *state = matrix_state_of_type(type);
    PyObject *values[3];
    if (matrix_args(signature, args, count, keywords, values) < 0 ||
        read_number(values[0], &first) < 0 || read_number(values[1], &second) < 0)
        return NULL;
    if (matrix_arg_is_none(values[2])) {
        double number;
        draw_many(&state->random->generator, &number, 1, first, second);
        return PyFloat_FromDouble(number);
    }
    Py_ssize_t rows, columns;
    if (matrix_read_size(type, values[2], &rows, &columns) < 0)
        return NULL;
    matrix_block_t *block = matrix_block_new(rows, columns, false);
    if (block != NULL)
        fill(state, draw_many, block, first, second);
    return matrix_wrap((PyTypeObject *)cls, block);
}

static PyObject *matrix_uniform(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                                PyObject *keywords) {
    static const matrix_signature_t signature = {"uniform", {"minval", "maxval", "size"}, 0, 3};
    return draw(&signature, boc__random_uniform, 0.0, 1.0, cls, args, count, keywords);
}

static PyObject *matrix_normal(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                               PyObject *keywords) {
    static const matrix_signature_t signature = {"normal", {"mean", "stddev", "size"}, 0, 3};
    return draw(&signature, boc__random_normal, 0.0, 1.0, cls, args, count, keywords);
}

static PyObject *matrix_seed(PyObject *cls, PyObject *const *args, Py_ssize_t count,
                             PyObject *keywords) {
    static const matrix_signature_t signature = {"seed", {"value"}, 1, 1};
    PyObject *values[1];
    if (matrix_args(&signature, args, count, keywords, values) < 0)
        return NULL;
    PyObject *integer = PyNumber_Index(values[0]); /* owned */
    if (integer == NULL)
        return NULL;
    unsigned long long seed = PyLong_AsUnsignedLongLongMask(integer);
    Py_DECREF(integer);
    if (seed == (unsigned long long)-1 && PyErr_Occurred())
        return NULL;
    boc__random_seed(&matrix_state_of_type(matrix_type_of_class(cls))->random->generator, seed);
    Py_RETURN_NONE;
}

PyMethodDef matrix_random_methods[] = {
    {"uniform", MATRIX_METHOD(matrix_uniform), MATRIX_KEYWORDS | METH_CLASS,
     "uniform($type, /, minval=0.0, maxval=1.0, size=None)\n--\n\n"
     "Draw numbers from minval (included) to maxval (excluded): a float, or a matrix of *size*.\n\n"
     "Each interpreter has a generator of its own; see seed(). Errors of *size* as in zeros()."},
    {"normal", MATRIX_METHOD(matrix_normal), MATRIX_KEYWORDS | METH_CLASS,
     "normal($type, /, mean=0.0, stddev=1.0, size=None)\n--\n\n"
     "Draw normally distributed numbers: a float, or a matrix of *size*.\n\n"
     "Each interpreter has a generator of its own; see seed(). Errors of *size* as in zeros()."},
    {"seed", MATRIX_METHOD(matrix_seed), MATRIX_KEYWORDS | METH_CLASS,
     "seed($type, /, value)\n--\n\n"
     "Start the generator of this interpreter anew: the same numbers follow the same int.\n\n"
     "Until then it starts from the system's entropy. TypeError if *value* is no int."},
    {NULL, NULL, 0, NULL},
};
