/* py_settings.h - notices that main changed what workers follow.
 *
 * Workers follow sys.path, sys.argv, the warning filters, the root logger's level and where
 * main prints. New values travel with the next new template (bocpy._config), so a change makes
 * every kept template old. A dict watcher (PyDict_Watch) notices what is assigned; lists that
 * the program changes in place have no event to hook: each schedule from main compares the
 * addresses of their items, which costs some nanoseconds.
 *
 * Threads   attached to main's interpreter.
 */
#ifndef BOC_PY_SETTINGS_H
#define BOC_PY_SETTINGS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

enum { PY_SETTINGS_LISTS = 3 };

typedef struct py_settings {
    PyObject *sys;       /* owned; the dict of module sys, NULL until needed */
    PyObject *warnings;  /* owned; the dict of module warnings */
    PyObject *logger;    /* owned; the dict of the root logger, NULL until logging is imported */
    PyObject *keys[7];   /* owned; the names looked up in them */
    PyObject *lists[PY_SETTINGS_LISTS]; /* owned; sys.path, sys.argv, warnings.filters */
    int watcher;         /* of the dicts, -1 without; valid once `warnings` is known */
    uintptr_t values;    /* a digest of what the dicts hold */
    uintptr_t seen;      /* a digest of everything */
} py_settings_t;

/* Whether anything changed since the last call.  Never fails: what cannot be read is ignored. */
bool py_settings_changed(py_settings_t *settings);

int py_settings_traverse(py_settings_t *settings, visitproc visit, void *arg);
void py_settings_clear(py_settings_t *settings);

#endif
