/* py_pickling.h - what encoding leaves to Python: bocpy._pickling, on slow paths only. */
#ifndef BOC_PY_PICKLING_H
#define BOC_PY_PICKLING_H

#include "python/py_transfer.h"

/* Call a function of the module; `second` may be NULL.  A new reference. */
PyObject *py_pickling_call(core_state_t *state, const char *name, PyObject *first,
                           PyObject *second);

/* Whether other interpreters find `object`, which `path` gives in `module` here, by its
 * name: 1, 0, -1 with an exception. */
int py_pickling_travels(core_state_t *state, PyObject *object, PyObject *module, PyObject *path);

/* Raise what pickle raises for `object`, which cannot travel.  Always -1. */
int py_pickling_refuse(core_state_t *state, PyObject *object);

/* A capsule that holds a reference, taken on failure too; and what it holds, borrowed. */
PyObject *py_pickling_capsule(py_definition_t *taken);
py_definition_t *py_pickling_definition(PyObject *capsule);

#endif
