/* py_pickled.h - cowns in pickles that users make.
 *
 * Such a pickle holds no reference: it names the process and a checked handle
 * (boc/handle.h), and loading it fails once the cown is dead.  Values that the
 * runtime itself carries hold references instead (py_transfer.h).
 *
 * Threads   any thread with an attached thread state.
 */
#ifndef BOC_PY_PICKLED_H
#define BOC_PY_PICKLED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* What Cown.__reduce__ returns. */
PyObject *py_pickled_reduce(PyObject *cown);

/* _core._cown_of(process, handle, /) */
PyObject *core_cown_of(PyObject *module, PyObject *args);

#endif
