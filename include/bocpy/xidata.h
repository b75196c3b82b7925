/* xidata.h - the names of bocpy 0.6 for types that move, over the table of bocpy.h.
 *
 * A producer callback claims the resource of an object and fills in a hand-off with
 * XIDATA_INIT; the receiver's new_object builds a wrapper around `data`.  The hand-off
 * keeps the producer's object alive until it is released, in the interpreter that made
 * it, and may be received any number of times: new_object decides whether it lets that
 * happen.  When another part of the same value cannot travel, new_object is called in
 * the producer's own interpreter, so that the resource is owned there again.
 *
 * These are our own hand-offs: CPython's cross-interpreter data is not involved, and a
 * type registered only there is pickled.  New code registers bocpy_type_ops_t instead.
 *
 * Threads   attached; XIDATA_REGISTERCLASS from the exec slot of the type's module.
 */
#ifndef BOCPY_XIDATA_H
#define BOCPY_XIDATA_H

#include <bocpy/bocpy.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bocpy_xidata {
    void *data;    /* the resource, for new_object */
    PyObject *obj; /* owned; the object it came from */
    int64_t interpid;
    bocpy_xidata_in_fn new_object;
    void (*free)(void *data);
    void *reserved[2]; /* bocpy's */
};

#define XIDATA_T bocpy_xidata_t

/* The head of a producer callback. */
#define XIDATA_GETDATA_FUNC(name)                                                                  \
    static int name(PyThreadState *tstate, PyObject *obj, XIDATA_T *xidata)

/* A zeroed hand-off, or NULL with an exception. */
static inline XIDATA_T *bocpy__xidata_new(void) {
    const bocpy_api_t *api = bocpy_import();
    return api != NULL ? api->xidata_new() : NULL;
}

/* Fill in a fresh hand-off, in the interpreter that owns `data`; takes a reference of obj. */
static inline void bocpy__xidata_init(XIDATA_T *xidata, PyObject *obj, void *data,
                                      bocpy_xidata_in_fn new_object) {
    const bocpy_api_t *api = bocpy_imported();
    if (api == NULL) { /* registered by another source file of the extension */
        PyObject *raised = PyErr_GetRaisedException(); /* owned */
        api = bocpy_import(); /* cannot fail: it did not there */
        PyErr_SetRaisedException(raised);
    }
    if (api != NULL)
        api->xidata_init(xidata, obj, data, new_object);
}

/* Run the producer callback of value's type. */
static inline int bocpy__xidata_get(PyObject *value, XIDATA_T *xidata) {
    const bocpy_api_t *api = bocpy_import();
    return api != NULL ? api->xidata_get(value, xidata) : -1;
}

/* Release what the hand-off holds, and itself. */
static inline void bocpy__xidata_free(XIDATA_T *xidata) {
    const bocpy_api_t *api = bocpy_imported();
    if (api != NULL)
        api->xidata_free(xidata);
}

static inline int bocpy__xidata_register(PyTypeObject *type, bocpy_xidata_out_fn out) {
    const bocpy_api_t *api = bocpy_import();
    return api != NULL ? api->xidata_register(type, out) : -1;
}

#define XIDATA_NEW() bocpy__xidata_new()
#define XIDATA_INIT(xidata, interp, data, obj, new_object)                                         \
    ((void)(interp), bocpy__xidata_init((xidata), (obj), (data), (new_object)))
#define XIDATA_SET_FREE(xidata, fn) ((void)((xidata)->free = (fn)))
#define XIDATA_GETXIDATA(value, xidata) bocpy__xidata_get((value), (xidata))
#define XIDATA_NEWOBJECT(xidata) ((xidata)->new_object(xidata))
#define XIDATA_FREE(xidata) bocpy__xidata_free(xidata)
#define XIDATA_REGISTERCLASS(type, cb) bocpy__xidata_register((type), (cb))

/* Attached.  Whether a producer is registered for the object's type. */
static inline bool xidata_supported(PyObject *obj) {
    const bocpy_api_t *api = bocpy_import();
    if (api == NULL)
        PyErr_Clear();
    return api != NULL && api->type_is_registered(Py_TYPE(obj)) != 0;
}

#ifdef __cplusplus
}
#endif

#endif
