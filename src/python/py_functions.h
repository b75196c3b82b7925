/* py_functions.h - bodies as function objects, made once per interpreter.
 *
 * A template (py_registry.h) becomes a function when its first behavior runs in an
 * interpreter.  Each call puts the captures where the function expects them.
 *
 * Threads   the thread that runs behaviors in the interpreter.
 */
#ifndef BOC_PY_FUNCTIONS_H
#define BOC_PY_FUNCTIONS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

typedef struct core_state core_state_t;

/* Where one capture goes; the references are those of `install`. */
typedef struct py_place {
    long kind;
    PyObject *where, *key; /* borrowed */
} py_place_t;

/* One body in one interpreter; all NULL when it has to be made (again). */
typedef struct py_function {
    PyObject *callable; /* owned; NULL when `install` makes it from the captures */
    PyObject *install;  /* owned; tuple of (kind, where, key), or a callable */
    py_place_t *places; /* owned; what the tuple says, NULL without captures */
} py_function_t;

typedef struct py_functions {
    py_function_t *entries; /* by template id */
    uint32_t count;
} py_functions_t;

/* Call the body `id` with `argument_count` arguments and these captures.  `arguments`
 * has room for the captures behind the arguments, and one free place before them.
 * New reference, or NULL with an exception. */
PyObject *py_functions_call(core_state_t *state, uint32_t id, PyObject **arguments,
                            size_t argument_count, PyObject *const *captures, size_t capture_count);

/* Tell the exception that is set which body it left: its name, and where the function
 * that was scheduled stands.  Nothing happens without either. */
void py_functions_note_site(core_state_t *state, uint32_t id);

int py_functions_traverse(py_functions_t *functions, visitproc visit, void *arg);
void py_functions_clear(py_functions_t *functions);

#endif
