/* matrix_methods.h - the methods of Matrix: a table for each unit. */
#ifndef BOC_PYTHON_MATRIX_METHODS_H
#define BOC_PYTHON_MATRIX_METHODS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define MATRIX_METHOD(function) (PyCFunction)(void (*)(void))(function)
#define MATRIX_KEYWORDS (METH_FASTCALL | METH_KEYWORDS)

extern PyMethodDef matrix_new_methods[];
extern PyMethodDef matrix_concat_methods[];
extern PyMethodDef matrix_random_methods[];
extern PyMethodDef matrix_ops_methods[];
extern PyMethodDef matrix_unary_methods[];
extern PyMethodDef matrix_fused_methods[];
extern PyMethodDef matrix_reduce_methods[];
extern PyMethodDef matrix_compare_methods[];
extern PyMethodDef matrix_vector_methods[];
extern PyMethodDef matrix_gather_methods[];
extern PyMethodDef matrix_along_methods[];
extern PyMethodDef matrix_values_methods[];
extern PyMethodDef matrix_buffer_methods[];
extern PyMethodDef matrix_dlpack_methods[];
extern PyMethodDef matrix_pickle_methods[];

/* Add all of them to the type, which nobody uses yet. */
int matrix_methods_add(PyTypeObject *type);

/* The method transpose and the attribute T. */
PyObject *matrix_transpose(PyObject *self, PyObject *const *args, Py_ssize_t count,
                           PyObject *keywords);

#endif
