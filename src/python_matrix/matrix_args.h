/* matrix_args.h - arguments of a vectorcall, by position and by name. */
#ifndef BOC_PYTHON_MATRIX_ARGS_H
#define BOC_PYTHON_MATRIX_ARGS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#define MATRIX_ARGS_MAX 6

typedef struct matrix_signature {
    const char *function;
    const char *names[MATRIX_ARGS_MAX + 1]; /* "" is positional only */
    int required;                           /* the first ones */
    int positional;                         /* the first ones; the rest are keyword only */
} matrix_signature_t;

/* Store borrowed references, NULL for what is absent, in `values`, one per name.  -1 with
 * TypeError. */
int matrix_args(const matrix_signature_t *signature, PyObject *const *args, Py_ssize_t count,
                PyObject *keywords, PyObject **values);

/* The same for a tuple and a dict or NULL, as tp_init gets them. */
int matrix_args_of_tuple(const matrix_signature_t *signature, PyObject *args, PyObject *keywords,
                         PyObject **values);

/* An absent argument and None mean the same. */
static inline bool matrix_arg_is_none(const PyObject *value) {
    return value == NULL || value == Py_None;
}

/* The truth of a flag that may be absent; -1 with an exception. */
int matrix_arg_flag(PyObject *value);

#endif
