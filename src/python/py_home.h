/* py_home.h - the way home for objects that only their own interpreter may free.
 *
 * A hand-off of xidata.h keeps the object it came from, and can be dropped by any
 * thread.  It is then left at the home of the object's interpreter, which frees it when
 * it next looks: after a behavior, before a worker sleeps, when it encodes or decodes
 * such a value, in main also at the next bytecode.
 *
 * Threads   leave, ref, unref   any thread
 *           sweep, close        attached to the interpreter of the home
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

/* Take `xidata`, which holds a reference of `home`.  When the interpreter is gone, its object is
 * gone with it. */
void py_home_leave(py_home_t *home, bocpy_xidata_t *xidata);

/* Free what was left. */
void py_home_sweep(py_home_t *home);

/* Sweep, and let nothing more in: the interpreter ends. */
void py_home_close(py_home_t *home);

/* Call the free callback and let go of the object, here and now. */
void py_home_free(bocpy_xidata_t *xidata);

#endif
