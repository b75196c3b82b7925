/* py_settings.h - notices that main changed what workers follow.
 *
 * Workers follow sys.path, sys.argv, the warning filters, the root logger's level and where
 * main prints. New values travel with the next new template (bocpy._config), so a change makes
 * every kept template old. The program changes them in place and by assignment, with no event to
 * hook: each schedule from main compares addresses and sizes instead, which costs some ten
 * nanoseconds.
 *
 * Threads   attached to main's interpreter.
 */
#ifndef BOC_PY_SETTINGS_H
#define BOC_PY_SETTINGS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct py_settings {
    PyObject *sys;       /* owned; the dict of module sys, NULL until needed */
    PyObject *warnings;  /* owned; the dict of module warnings */
    PyObject *logger;    /* owned; the dict of the root logger, NULL until logging is imported */
    PyObject *keys[7];   /* owned; the names looked up in them */
    uintptr_t seen;      /* a digest of all values */
} py_settings_t;

/* Whether anything changed since the last call.  Never fails: what cannot be read is ignored. */
bool py_settings_changed(py_settings_t *settings);

int py_settings_traverse(py_settings_t *settings, visitproc visit, void *arg);
void py_settings_clear(py_settings_t *settings);

#endif
