/* py_template.h - what scheduling needs to know of a function, found by its code object.
 *
 * bocpy._origin.template_of describes a function once; the description hangs on the
 * code object (PyUnstable_Code_SetExtra), so that the next function with this code in
 * this namespace is scheduled without running Python.
 *
 * Threads   attached to the interpreter of `state`.
 */
#ifndef BOC_PY_TEMPLATE_H
#define BOC_PY_TEMPLATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "python/py_capture.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct core_state core_state_t;

typedef struct py_template_entry {
    int kind;         /* as in bocpy._origin: cell, global, default, keyword default */
    Py_ssize_t index; /* of a cell or default */
    PyObject *name;   /* owned */
    py_capture_t capture; /* the encoding of its last value */
} py_template_entry_t;

typedef struct py_template {
    struct py_template *next; /* the same code in another namespace or with other arguments */
    PyObject *globals;        /* owned; NULL when this template is not kept */
    PyObject *snapshot;       /* owned; gives the captures instead of `entries`, or NULL */
    Py_ssize_t arguments_min, arguments_max; /* for `when`; max -1: no limit */
    Py_ssize_t defaults;      /* number of those of the function: entries count from the first */
    uint32_t id;              /* in py_registry.h */
    uint32_t settings_epoch;  /* of the settings that travel with it */
    uint32_t entry_count;
    py_template_entry_t entries[];
} py_template_t;

/* The template of `func` for `argument_count` arguments of `when`.  NULL with an exception
 * when it cannot be a behavior.  To be given back with py_template_release. */
py_template_t *py_template_find(core_state_t *state, PyObject *func, Py_ssize_t argument_count);
void py_template_release(py_template_t *found);

/* The captured values as a tuple, for templates with `snapshot`; NULL with an exception. */
PyObject *py_template_snapshot(const py_template_t *found, PyObject *func);

/* What entry `i` captures from `func`: new reference, NULL with an exception. */
PyObject *py_template_capture(const py_template_t *found, PyObject *func, uint32_t i);

/* Ask CPython for our word in code objects. */
int py_template_init(core_state_t *state);

#endif
