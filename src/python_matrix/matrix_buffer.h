/* matrix_buffer.h - the buffer protocol, both ways. */
#ifndef BOC_PYTHON_MATRIX_BUFFER_H
#define BOC_PYTHON_MATRIX_BUFFER_H

#include "python_matrix/matrix_elements.h"
#include "python_matrix/matrix_type.h"

int matrix_getbuffer(PyObject *self, Py_buffer *view, int flags);
void matrix_releasebuffer(PyObject *self, Py_buffer *view);

/* Whether the object exports memory of at least one dimension. */
bool matrix_buffer_has_elements(PyObject *object);

/* Copy a buffer of one or two dimensions with real numbers into a new block.  1; 0 without an
 * exception if the buffer is of another kind; -1 with one.  One dimension makes a row, which
 * *p_is_flat tells. */
int matrix_buffer_read(PyTypeObject *type, PyObject *object, matrix_block_t **p_block,
                       bool *p_is_flat);

/* Convert elements, in memory that stays, into a new block; NULL with an exception.  May be away
 * from the GIL. */
matrix_block_t *matrix_buffer_convert(const matrix_elements_t *elements);

/* What an argument `copy` of False asks for when the memory cannot be shared; sets BufferError. */
void matrix_buffer_refuse(PyObject *object, const char *reason);

#endif
