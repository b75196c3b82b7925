/* py_arenas.h - memory of ended interpreters that CPython 3.12.0 to 3.12.3 frees in main.
 *
 * There the first call with keywords of many functions written in C leaves a tuple of the
 * calling interpreter in a static of the function, and main frees it when it is finalized
 * (python/cpython#119213).  Memory of another interpreter's allocator is none that main can
 * free: the process aborts, after all is done.  Nothing happens on other versions.
 *
 * Threads   watch     main, before the first worker's interpreter exists
 *           forgive   main, when the process ends and all workers' interpreters have ended
 */
#ifndef BOC_PY_ARENAS_H
#define BOC_PY_ARENAS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* From now on, note where the allocators of other interpreters get their memory. */
void py_arenas_watch(void);

/* From now on, let free() ignore that memory. */
void py_arenas_forgive(void);

#endif
