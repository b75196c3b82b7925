/* py_capture.h - encodes one captured variable, once for as long as its value stays.
 *
 * An immutable value of some size is encoded once; later schedules share the encoding while the
 * variable holds the same object. A large value that can change must be encoded each time: after a
 * hundred times a RuntimeWarning names it, once.
 *
 * Owns      the last value and its encoding.
 * Threads   attached to the interpreter of the template.
 */
#ifndef BOC_PY_CAPTURE_H
#define BOC_PY_CAPTURE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "python/py_moves.h"

#include <boc/payload.h>
#include <stdint.h>

typedef struct core_state core_state_t;

typedef struct py_capture {
    PyObject *value;       /* owned; immutable, or NULL */
    boc_payload_t payload; /* its encoding */
    uint32_t large_count;  /* times that a large value was encoded that can change */
} py_capture_t;

/* 0, or -1 with the exception that pickle would raise, or the warning as an exception.  `out` is
 * the caller's in any case, as are the moves. */
int py_capture_encode(core_state_t *state, py_capture_t *capture, PyObject *value, PyObject *name,
                      boc_payload_t *out, py_moves_t *moves);

void py_capture_clear(py_capture_t *capture);

#endif
