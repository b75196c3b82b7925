/* matrix_elements.h - numbers of any size and byte order in the memory of others.
 *
 * Owns nothing.  Threads: any.
 */
#ifndef BOC_PYTHON_MATRIX_ELEMENTS_H
#define BOC_PYTHON_MATRIX_ELEMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

typedef enum matrix_number_kind {
    MATRIX_NO_NUMBER,
    MATRIX_SIGNED,
    MATRIX_UNSIGNED,
    MATRIX_FLOATING,
    MATRIX_BOOLEAN,
} matrix_number_kind_t;

typedef struct matrix_elements {
    const char *data;
    Py_ssize_t rows, columns;
    Py_ssize_t row_step, column_step; /* in bytes; may be negative */
    matrix_number_kind_t kind;
    Py_ssize_t size; /* of a number, in bytes */
    bool is_swapped; /* its bytes are in the other order than this machine's */
} matrix_elements_t;

/* Set kind and is_swapped by a format of the struct module and `size`; false if it is not one
 * real number that we can read. */
bool matrix_elements_set_format(matrix_elements_t *elements, const char *format);

/* Whether these kinds and sizes can be read. */
bool matrix_elements_is_readable(const matrix_elements_t *elements);

/* Whether the elements are doubles of this machine, aligned, row after row without gaps. */
bool matrix_elements_is_ours(const matrix_elements_t *elements);

/* Convert all into `out`, row after row. */
void matrix_elements_read(const matrix_elements_t *elements, double *out);

#endif
