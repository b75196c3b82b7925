/* matrix_methods.c - see matrix_methods.h. */
#include "python_matrix/matrix_methods.h"

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
            status = add_method(type, names, method);
    Py_XDECREF(names);
    PyType_Modified(type);
    return status;
}
