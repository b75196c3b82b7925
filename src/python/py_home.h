/* py_home.h - the way home for objects that only their own interpreter may free.
 *
 * A hand-off of xidata.h keeps the object it came from, and can be dropped by any
 * thread.  It is then left at the home of the object's interpreter, which is told to look:
 * a worker after the body that runs, or at once if it sleeps (boc_worker_notify); main at
 * the next bytecode.  Every interpreter also looks after a behavior, and when it encodes or
 * decodes such a value.
 *
 * Threads   leave, ref, unref, has_left   any thread
 *           set_worker                    the worker
 *           sweep, close                  attached to the interpreter of the home
 */
#ifndef BOC_PY_HOME_H
#define BOC_PY_HOME_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <bocpy/xidata.h>
#include <stdbool.h>

typedef struct py_home py_home_t;

/* A counted home, or NULL with MemoryError.  `is_main`: of the main interpreter. */
py_home_t *py_home_new(bool is_main);
py_home_t *py_home_ref(py_home_t *home);
void py_home_unref(py_home_t *home);

/* It is the home of this worker's interpreter, which can be told; -1: not any more. */
void py_home_set_worker(py_home_t *home, int worker);

/* Take `xidata`, which holds a reference of `home`.  When the interpreter is gone, its object is
 * gone with it. */
void py_home_leave(py_home_t *home, bocpy_xidata_t *xidata);

/* Whether something may have been left since the last sweep. */
bool py_home_has_left(py_home_t *home);

/* Free what was left. */
void py_home_sweep(py_home_t *home);

/* Sweep, and let nothing more in: the interpreter ends. */
void py_home_close(py_home_t *home);

/* Call the free callback and let go of the object, here and now. */
void py_home_free(bocpy_xidata_t *xidata);

#endif
