/* py_track.c - files and lines for the registry of what lives. */
#include "python/py_track.h"

#include "platform/track.h"

#if defined(BOC_TRACK_REFS)

#if PY_VERSION_HEX < 0x030D0000
#define PyThreadState_GetUnchecked _PyThreadState_UncheckedGet
#endif

/* "file:line" of the innermost Python frame of the calling thread. */
static bool site_of_caller(char *site) {
    PyFrameObject *frame = PyThreadState_GetUnchecked() != NULL ? PyEval_GetFrame() : NULL;
    if (frame == NULL)
        return false;
    PyObject *error = PyErr_GetRaisedException(); /* owned; not ours to lose */
    PyCodeObject *code = PyFrame_GetCode(frame);  /* owned */
    const char *file = PyUnicode_AsUTF8(code->co_filename);
    if (file != NULL)
        PyOS_snprintf(site, BOC_TRACK_SITE_BYTES, "%s:%d", file, PyFrame_GetLineNumber(frame));
    Py_DECREF(code);
    PyErr_SetRaisedException(error);
    return file != NULL;
}

static PyObject *core_live_objects(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    size_t capacity = boc__track_counts(NULL, 0) + 64; /* others may be made meanwhile */
    boc__track_count_t *counts = PyMem_Calloc(capacity, sizeof *counts);
    if (counts == NULL)
        return PyErr_NoMemory();
    size_t found = boc__track_counts(counts, capacity);
    PyObject *list = PyList_New(0); /* owned */
    for (size_t i = 0; list != NULL && i < found && i < capacity; i++) {
        PyObject *item = Py_BuildValue("(ssn)", counts[i].kind, counts[i].site,
                                       (Py_ssize_t)counts[i].live); /* owned */
        if (item == NULL || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    PyMem_Free(counts);
    return list;
}

static PyMethodDef functions[] = {
    {"_live_objects", core_live_objects, METH_NOARGS,
     "_live_objects($module, /)\n--\n\n"
     "(kind, file:line, count) of what lives in the process, sorted."},
    {NULL, NULL, 0, NULL},
};

int py_track_add(PyObject *module) {
    boc__track_set_site(site_of_caller);
    return PyModule_AddFunctions(module, functions);
}

#else

int py_track_add(PyObject *module) {
    (void)module;
    return 0;
}

#endif
