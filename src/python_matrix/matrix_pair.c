/* matrix_pair.c - two operands and an axis are read, a method runs, all is given back. */
#include "python_matrix/matrix_pair.h"

#include "python_matrix/matrix_args.h"

/* Read what stands beside the matrix: numbers of any kind, but not one alone. */
static int read_other(matrix_pair_t *pair, const char *name, PyObject *value) {
    int status = matrix_operand_init(&pair->b, pair->type, value);
    if (status == 0 || (status > 0 && pair->b.is_number)) {
        PyErr_Format(PyExc_TypeError,
                     "%s: other must be a Matrix or an iterable of numbers, not '%.200s'", name,
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    return status > 0 ? 0 : -1;
}

PyObject *matrix_pair_call(const char *name, matrix_pair_fn run, PyObject *self,
                           PyObject *const *args, Py_ssize_t count, PyObject *keywords) {
    const matrix_signature_t signature = {name, {"", "axis"}, 1, 2};
    matrix_pair_t pair = {.type = matrix_type_of(self), .a = {.matrix = self}};
    PyObject *values[2];
    if (matrix_args(&signature, args, count, keywords, values) < 0 ||
        matrix_read_axis(pair.type, values[1], &pair.axis) < 0)
        return NULL;
    PyObject *result = NULL;
    if (read_other(&pair, name, values[0]) == 0 && matrix_operand_open(&pair.a) == 0 &&
        matrix_operand_open(&pair.b) == 0 && run(&pair) == 0)
        result = pair.target.result != NULL ? pair.target.result : PyFloat_FromDouble(pair.total);
    matrix_operand_deinit(&pair.b);
    return result;
}
