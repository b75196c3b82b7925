/* py_wait.h - blocking that lets other threads run and signals through.
 *
 * Only the main thread of the main interpreter handles signals.  It parks in short
 * slices, since a signal can arrive just before it parks; every other thread parks
 * once.
 */
#ifndef BOC_PY_WAIT_H
#define BOC_PY_WAIT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "platform/thread.h"

/* Park without the GIL.  BOC_OK, BOC_ETIMEOUT, or BOC_EINTERRUPTED with the exception
 * of a signal handler set. */
boc_status_t py_wait_park(boc__parker_t *parker, int64_t deadline_ns);

/* What a blocking call of main's that need not park says of the exit: the program went on. */
void py_wait_went_on(void);

/* Call `wait(timeout_ns)`, which returns a status, without the GIL, again and again
 * until it is not BOC_EINTERRUPTED, the deadline passes, or a handler raises. */
boc_status_t py_wait_call(boc_status_t (*wait)(int64_t timeout_ns), int64_t deadline_ns);

#define PY_WAIT_NOT_TOLD (-1000)

/* Whether a signal told the program to exit since the last blocking call of main's began: the
 * status, if its handler left that call with SystemExit; -SIGTERM, if SIGTERM came and had a
 * handler, whatever that did; else PY_WAIT_NOT_TOLD.  Main's GIL is held. */
int py_wait_told_to_exit(void);

/* Notice SIGTERM from now on, if it has a handler.  A handler that is set later is found by the
 * next blocking call. */
void py_wait_watch_termination(void);

/* Seconds as a Python number (None: no limit) to a deadline.  -1 with ValueError for
 * NaN, TypeError for what is no number; infinity and great values mean no limit. */
int py_wait_deadline(PyObject *timeout, int64_t *p_deadline_ns);

#endif
