/* py_freelist.h - a few dead objects of one type, kept for the next ones.
 *
 * What is kept has no reference and is not tracked by the collector; CPython counts it as
 * an object that lives, as it does with its own free lists.
 *
 * Threads   attached, of the interpreter whose list it is.  A free-threaded build keeps
 *           nothing: there several threads would take from one list.
 */
#ifndef BOC_PY_FREELIST_H
#define BOC_PY_FREELIST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

enum { PY_FREELIST_MAX = 64 };

typedef struct py_freelist {
    PyObject *objects[PY_FREELIST_MAX];
    int count;
    bool is_closed; /* the interpreter ends */
} py_freelist_t;

/* Memory of a dead object, to be initialized again; NULL without. */
static inline PyObject *py_freelist_take(py_freelist_t *list) {
    return list->count > 0 ? list->objects[--list->count] : NULL;
}

/* Take the memory of a dead, untracked object; false if the caller must free it. */
static inline bool py_freelist_keep(py_freelist_t *list, PyObject *dead) {
#ifdef Py_GIL_DISABLED
    (void)list, (void)dead;
    return false;
#else
    if (list->count == PY_FREELIST_MAX || list->is_closed)
        return false;
    list->objects[list->count++] = dead;
    return true;
#endif
}

/* Free everything; nothing is kept from now on. */
static inline void py_freelist_close(py_freelist_t *list) {
    list->is_closed = true;
    while (list->count > 0)
        PyObject_GC_Del(list->objects[--list->count]);
}

#endif
