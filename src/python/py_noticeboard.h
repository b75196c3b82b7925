/* py_noticeboard.h - the noticeboard's functions.
 *
 * Threads   any thread with an attached thread state.
 */
#ifndef BOC_PY_NOTICEBOARD_H
#define BOC_PY_NOTICEBOARD_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyMethodDef py_noticeboard_functions[];

#endif
