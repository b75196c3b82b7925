/* matrix_target.c - see matrix_target.h. */
#include "python_matrix/matrix_target.h"

#include "python_matrix/matrix_args.h"

int matrix_target_init(matrix_target_t *target, PyObject *self, PyObject *out, PyObject *in_place) {
    *target = (matrix_target_t){.out = NULL};
    int is_in_place = matrix_arg_flag(in_place);
    if (is_in_place < 0)
        return -1;
    if (matrix_arg_is_none(out)) {
        target->out = is_in_place ? self : NULL;
        return 0;
    }
    if (is_in_place) {
        PyErr_SetString(PyExc_ValueError, "out and in_place are mutually exclusive");
        return -1;
    }
    if (!matrix_check(out)) {
        PyErr_Format(PyExc_TypeError, "out must be a Matrix, not '%.200s'", Py_TYPE(out)->tp_name);
        return -1;
    }
    target->out = out;
    return 0;
}

int matrix_target_open(matrix_target_t *target, PyTypeObject *type, boc__shape_t shape) {
    if (target->out == NULL) {
        target->block = matrix_block_new((Py_ssize_t)shape.rows, (Py_ssize_t)shape.columns, false);
        target->result = matrix_wrap(type, target->block);
        if (target->result == NULL)
            return -1;
        target->view = matrix_view(target->block);
        return 0;
    }
    target->block = matrix_block_of(target->out);
    if (target->block == NULL)
        return -1;
    target->view = matrix_view(target->block);
    if (!boc__shape_equal(matrix_shape_of(target->block), shape)) {
        matrix_fail(type, MATRIX_SHAPE_ERROR, "out shape %zux%zu does not match result %zux%zu",
                    target->view.rows, target->view.columns, shape.rows, shape.columns);
        return -1;
    }
    target->result = Py_NewRef(target->out);
    return 0;
}
