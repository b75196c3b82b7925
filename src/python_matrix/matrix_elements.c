/* matrix_elements.c - see matrix_elements.h. */
#include "python_matrix/matrix_elements.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static matrix_number_kind_t kind_of(char code) {
    switch (code) {
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
        return MATRIX_SIGNED;
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
        return MATRIX_UNSIGNED;
    case 'e':
    case 'f':
    case 'd':
        return MATRIX_FLOATING;
    case '?':
        return MATRIX_BOOLEAN;
    default:
        return MATRIX_NO_NUMBER;
    }
}

bool matrix_elements_is_readable(const matrix_elements_t *elements) {
    Py_ssize_t size = elements->size;
    switch (elements->kind) {
    case MATRIX_SIGNED:
    case MATRIX_UNSIGNED:
        return size == 1 || size == 2 || size == 4 || size == 8;
    case MATRIX_FLOATING:
        return size == 2 || size == 4 || size == 8;
    case MATRIX_BOOLEAN:
        return size == 1;
    default:
        return false;
    }
}

bool matrix_elements_set_format(matrix_elements_t *elements, const char *format) {
    elements->is_swapped = false;
    if (format == NULL)
        format = "B"; /* what the protocol says */
    switch (*format) {
    case '<':
        elements->is_swapped = PY_BIG_ENDIAN;
        format++;
        break;
    case '>':
    case '!':
        elements->is_swapped = PY_LITTLE_ENDIAN;
        format++;
        break;
    case '@':
    case '=':
        format++;
        break;
    default:
        break;
    }
    elements->kind = *format != '\0' && format[1] == '\0' ? kind_of(*format) : MATRIX_NO_NUMBER;
    return matrix_elements_is_readable(elements);
}

bool matrix_elements_is_ours(const matrix_elements_t *elements) {
    Py_ssize_t size = (Py_ssize_t)sizeof(double);
    return elements->kind == MATRIX_FLOATING && elements->size == size && !elements->is_swapped &&
           (uintptr_t)elements->data % _Alignof(double) == 0 &&
           (elements->columns == 1 || elements->column_step == size) &&
           (elements->rows == 1 || elements->row_step == elements->columns * size);
}

static double read_integer(uint64_t bits, Py_ssize_t size, bool is_signed) {
    if (!is_signed)
        return (double)bits;
    unsigned unused = 64 - 8 * (unsigned)size;
    uint64_t sign = UINT64_C(1) << 63;
    uint64_t high = bits << unused; /* the number's sign is the word's */
    if ((high & sign) == 0)
        return (double)bits;
    uint64_t magnitude = (~bits + 1) & (UINT64_MAX >> unused);
    return -(double)magnitude;
}

static double read_one(const matrix_elements_t *elements, const char *at) {
    unsigned char bytes[8] = {0};
    Py_ssize_t size = elements->size;
    for (Py_ssize_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)at[elements->is_swapped ? size - 1 - i : i];
    if (elements->kind == MATRIX_FLOATING) {
        const char *native = (const char *)bytes;
        if (size == 2)
            return PyFloat_Unpack2(native, PY_LITTLE_ENDIAN);
        if (size == 4) {
            float number;
            memcpy(&number, bytes, sizeof number);
            return (double)number;
        }
        double number;
        memcpy(&number, bytes, sizeof number);
        return number;
    }
    if (elements->kind == MATRIX_BOOLEAN)
        return bytes[0] != 0 ? 1.0 : 0.0;
    uint64_t bits = 0;
    for (Py_ssize_t i = 0; i < size; i++)
        bits = bits << 8 | bytes[PY_BIG_ENDIAN ? i : size - 1 - i];
    return read_integer(bits, size, elements->kind == MATRIX_SIGNED);
}

void matrix_elements_read(const matrix_elements_t *elements, double *out) {
    assert(matrix_elements_is_readable(elements));
    if (matrix_elements_is_ours(elements)) {
        memcpy(out, elements->data, (size_t)(elements->rows * elements->columns) * sizeof(double));
        return;
    }
    for (Py_ssize_t row = 0; row < elements->rows; row++) {
        const char *at = elements->data + row * elements->row_step;
        for (Py_ssize_t column = 0; column < elements->columns; column++)
            *out++ = read_one(elements, at + column * elements->column_step);
    }
}
