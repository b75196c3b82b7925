/* py_state.h - what one interpreter's copy of the module keeps.
 *
 * Each interpreter that imports bocpy._core has one core_state_t, the module's state.
 * Objects in it belong to that interpreter.  A unit with state of its own declares
 * the struct in its own header.
 *
 * Threads   any thread with an attached thread state of that interpreter.
 */
#ifndef BOC_PY_STATE_H
#define BOC_PY_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "python/py_foreign.h"
#include "python/py_freelist.h"
#include "python/py_functions.h"
#include "python/py_home.h"
#include "python/py_settings.h"
#include "python/py_transfer.h"

typedef struct py_activation py_activation_t; /* see py_behavior.c */

struct core_state {
    PyTypeObject *cown_type;
    PyTypeObject *when_type;      /* what when(...) returns */
    py_freelist_t free_cowns;     /* dead handles */
    py_freelist_t free_whens;     /* dead decorators of one argument */
    PyTypeObject *snapshot_type;  /* of the noticeboard */
    PyObject *removed;            /* bocpy.REMOVED, NULL until needed */
    PyObject *owned;              /* dict: address of a cown -> the handle that owns it here */
    Py_ssize_t owned_limit;       /* size of `owned` at which records of the dead are let go */
    bool is_starting;             /* a thread of main starts the runtime: nobody owns directly */
    PyObject *failures;           /* module bocpy._failures, NULL until needed */
    PyObject *template_of;        /* bocpy._origin.template_of, NULL until needed */
    PyObject *importing;          /* bocpy._worker.importing: threads that import a module */
    PyObject *look_up;            /* bocpy._worker.look_up, NULL until needed */
    Py_ssize_t code_index;        /* of our word in code objects, -1 without */
    uint32_t holder;              /* what a cown's holder word says when we own it */
    int worker;                   /* index of the worker this interpreter is for, or -1 */
    py_activation_t *frame;            /* the behavior that runs here, NULL without */
    py_moves_t *ending;           /* of cowns that are given back together, or NULL */
    py_functions_t functions;     /* bodies made in this interpreter, by template */
    py_settings_t settings;       /* of main, as last seen */
    uint32_t settings_epoch;      /* counts their changes; older templates are not used */
    py_transfer_state_t transfer;
    py_foreign_state_t foreign;
    py_home_t *home;              /* counted; see py_home.h */
};

core_state_t *py_state_of(PyObject *module);

/* The state of the interpreter's module, found through a type of ours. */
core_state_t *py_state_of_type(PyTypeObject *type);

/* Import `module` and get `name`, once: `*p_cached` keeps it. Borrowed; NULL with an exception. */
PyObject *py_state_import(PyObject **p_cached, const char *module, const char *name);

#endif
