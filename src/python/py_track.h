/* py_track.h - where Python made what lives; in builds with BOC_TRACK_REFS only. */
#ifndef BOC_PY_TRACK_H
#define BOC_PY_TRACK_H

#include <Python.h>

/* Tell the registry (track.h) from now on which line of Python made something, and add
 * `_live_objects` to the module.  In other builds nothing. */
int py_track_add(PyObject *module);

#endif
