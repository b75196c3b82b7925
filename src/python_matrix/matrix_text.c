/* matrix_text.c - see matrix_text.h. */
#include "python_matrix/matrix_text.h"

#include <math.h>
#include <stdio.h>

/* str() shows this many elements.  Of more, it shows EDGE rows and columns at each end where there
 * are over LINES_MAX. */
#define SHOWN_MAX 1000
#define LINES_MAX 12
#define EDGE 4

/* The longest "%g": sign, six digits, point, e, sign, three digits. */
#define CELL_SIZE 24

typedef struct text {
    char *data; /* owned */
    size_t size;
    size_t capacity;
} text_t;

static int append(text_t *text, const char *data, size_t size) {
    if (text->capacity - text->size < size) {
        size_t capacity = text->capacity * 2 + size + 64;
        char *grown = PyMem_Realloc(text->data, capacity);
        if (grown == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        text->data = grown;
        text->capacity = capacity;
    }
    memcpy(text->data + text->size, data, size);
    text->size += size;
    return 0;
}

static PyObject *finish(text_t *text, int status) {
    PyObject *result = NULL;
    if (status == 0)
        result = PyUnicode_DecodeUTF8(text->data, (Py_ssize_t)text->size, NULL);
    PyMem_Free(text->data);
    return result;
}

static bool is_away(PyObject *self) {
    const matrix_block_t *block = ((matrix_object_t *)(void *)self)->block;
    return block == NULL || !matrix_block_is_mine(block);
}

/* ---- repr ---- */

static int append_exact(text_t *text, double value) {
    if (isnan(value))
        return append(text, "float('nan')", 12);
    if (isinf(value))
        return value > 0 ? append(text, "float('inf')", 12) : append(text, "float('-inf')", 13);
    char *digits = PyOS_double_to_string(value, 'r', 0, Py_DTSF_ADD_DOT_0, NULL); /* owned */
    if (digits == NULL)
        return -1;
    int status = append(text, digits, strlen(digits));
    PyMem_Free(digits);
    return status;
}

static PyObject *name_of(PyObject *self) { return PyType_GetName(Py_TYPE(self)); }

PyObject *matrix_repr(PyObject *self) {
    PyObject *name = name_of(self); /* owned */
    if (name == NULL)
        return NULL;
    if (is_away(self)) {
        PyObject *short_text = PyUnicode_FromFormat("%U(<not acquired>)", name);
        Py_DECREF(name);
        return short_text;
    }
    const matrix_block_t *block = matrix_block_of(self);
    PyObject *head = PyUnicode_FromFormat("%U(%zd, %zd, [", name, block->extents[0],
                                          block->extents[1]); /* owned */
    Py_DECREF(name);
    if (head == NULL)
        return NULL;
    text_t text = {.data = NULL};
    Py_ssize_t head_size;
    const char *head_data = PyUnicode_AsUTF8AndSize(head, &head_size); /* borrowed */
    int status = head_data != NULL ? append(&text, head_data, (size_t)head_size) : -1;
    for (Py_ssize_t i = 0; i < block->count && status == 0; i++) {
        if (i > 0)
            status = append(&text, ", ", 2);
        if (status == 0)
            status = append_exact(&text, block->data[i]);
    }
    if (status == 0)
        status = append(&text, "])", 2);
    Py_DECREF(head);
    return finish(&text, status);
}

/* ---- str ---- */

/* The places of one dimension that are shown, with -1 for those left out; returns how many. */
static int choose_shown(Py_ssize_t length, bool is_large, Py_ssize_t *places) {
    int count = 0;
    if (!is_large || length <= LINES_MAX) {
        for (Py_ssize_t i = 0; i < length; i++)
            places[count++] = i;
        return count;
    }
    for (Py_ssize_t i = 0; i < EDGE; i++)
        places[count++] = i;
    places[count++] = -1;
    for (Py_ssize_t i = length - EDGE; i < length; i++)
        places[count++] = i;
    return count;
}

static int write_cell(char *cell, const matrix_block_t *block, Py_ssize_t row, Py_ssize_t column) {
    if (column < 0)
        return snprintf(cell, CELL_SIZE, "...");
    double value = block->data[row * block->extents[1] + column];
    if (isnan(value)) /* some C libraries show its sign */
        return snprintf(cell, CELL_SIZE, "nan");
    /* Not snprintf: its decimal point is the locale's. */
    char *digits = PyOS_double_to_string(value, 'g', 6, 0, NULL); /* owned */
    if (digits == NULL)
        return -1;
    int size = snprintf(cell, CELL_SIZE, "%s", digits);
    PyMem_Free(digits);
    return size;
}

static int append_row(text_t *text, const matrix_block_t *block, Py_ssize_t row,
                      const Py_ssize_t *columns, int count, int width) {
    char cell[CELL_SIZE], padded[CELL_SIZE + 8];
    if (row < 0)
        return append(text, "...", 3);
    int status = append(text, "[", 1);
    for (int i = 0; i < count && status == 0; i++) {
        if (write_cell(cell, block, row, columns[i]) < 0)
            return -1;
        int size = columns[i] < 0 ? snprintf(padded, sizeof padded, "%s", cell)
                                  : snprintf(padded, sizeof padded, "%*s", width, cell);
        if (i > 0)
            status = append(text, " ", 1);
        if (status == 0)
            status = append(text, padded, (size_t)size);
    }
    return status == 0 ? append(text, "]", 1) : -1;
}

PyObject *matrix_str(PyObject *self) {
    if (is_away(self))
        return PyUnicode_FromString("<not acquired>");
    const matrix_block_t *block = matrix_block_of(self);
    Py_ssize_t rows[SHOWN_MAX], columns[SHOWN_MAX];
    bool is_large = block->count > SHOWN_MAX;
    int row_count = choose_shown(block->extents[0], is_large, rows);
    int column_count = choose_shown(block->extents[1], is_large, columns);
    char cell[CELL_SIZE];
    int width = 0;
    for (int r = 0; r < row_count; r++) {
        for (int c = 0; c < column_count && rows[r] >= 0; c++) {
            int size = write_cell(cell, block, rows[r], columns[c]);
            if (size < 0)
                return NULL;
            if (size > width && columns[c] >= 0)
                width = size;
        }
    }
    text_t text = {.data = NULL};
    int status = append(&text, "[", 1);
    for (int r = 0; r < row_count && status == 0; r++) {
        if (r > 0)
            status = append(&text, "\n ", 2);
        if (status == 0)
            status = append_row(&text, block, rows[r], columns, column_count, width);
    }
    if (status == 0)
        status = append(&text, "]", 1);
    return finish(&text, status);
}
