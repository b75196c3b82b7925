/* bocpy.h - the C ABI of bocpy for other extensions.
 *
 * A table of functions, fetched once with bocpy_import() from a capsule of the
 * installed package.  It is append-only: an extension built against this header works
 * with every bocpy whose table has the same BOCPY_ABI and is at least as long.
 * Nothing is linked, and no private CPython function is used.  C11 and C++17;
 * CPython 3.12 and newer.
 *
 *     static int module_exec(PyObject *module) {
 *         const bocpy_api_t *api = bocpy_import();
 *         if (api == NULL)
 *             return -1;
 *         PyTypeObject *type = ...;
 *         return api->type_register(type, &my_ops);
 *     }
 *
 * Include it before system headers.  "Attached" below means: with an attached thread
 * state (the GIL held), in any interpreter, on any thread.  Functions that return int
 * give 0, or -1 with an exception, unless they say otherwise.
 *
 * A type that moves.  Its objects hold memory that no interpreter owns, and one object
 * at a time may use it.  The type is registered in the exec slot of its module, in every
 * interpreter that imports the module; workers import it by themselves.  Then its
 * instances travel as values of cowns, captures, results, messages and noticeboard
 * entries, alone or anywhere inside of other values, by pointer:
 *
 *     move_out   takes the memory out of an object, which is empty from then on;
 *                its other methods must raise RuntimeError ("moved").
 *     move_in    makes an object around the memory, in the interpreter that receives it.
 *     rollback   puts the memory back into the object it was taken from, because
 *                something else in the same value or call could not travel.
 *     drop       frees memory that nobody received.
 *     copy       makes an independent copy of the memory, for values that are read more
 *                than once: noticeboard entries, result() of a cown that others use too,
 *                exceptions, classes and functions by value.  Without it such a read
 *                raises TypeError.
 *
 * move_out may refuse by raising (BufferError while a buffer is exported): the object
 * keeps its memory, and everything that moved before it in the same value is rolled
 * back.  Or it may store a copy and leave the object as it is; `reason` tells what is
 * asked for, see BOCPY_AFTER_BODY.
 */
#ifndef BOCPY_BOCPY_H
#define BOCPY_BOCPY_H

#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if PY_VERSION_HEX < 0x030C0000
#error "bocpy needs CPython 3.12 or newer"
#endif

/* ---- atomics and thread storage: the names of C11, in C++ and MSVC as well ----
 *
 * Sequentially consistent; any thread.  MSVC without C11 atomics gets the four functions
 * from bocpy_msvc.c, see bocpy.get_sources(). */

#ifdef __cplusplus
#include <atomic>
using std::atomic_compare_exchange_strong;
using std::atomic_fetch_add;
using std::atomic_int_least64_t;
using std::atomic_load;
using std::atomic_store;
#define BOCPY__CACHED(type) std::atomic<type>
#elif defined(_MSC_VER) && defined(__STDC_NO_ATOMICS__)
#define BOCPY__MSVC_ATOMICS 1
typedef volatile int_least64_t atomic_int_least64_t;
int_least64_t atomic_load(atomic_int_least64_t *ptr);
void atomic_store(atomic_int_least64_t *ptr, int_least64_t value);
int_least64_t atomic_fetch_add(atomic_int_least64_t *ptr, int_least64_t value);
bool atomic_compare_exchange_strong(atomic_int_least64_t *ptr, atomic_int_least64_t *expected,
                                    int_least64_t desired);
#else
#include <stdatomic.h>
#define BOCPY__CACHED(type) _Atomic(type)
#endif

#if !defined(__cplusplus) && !defined(thread_local) &&                                             \
    !(defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#ifdef _MSC_VER
#define thread_local __declspec(thread)
#else
#define thread_local _Thread_local
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version ---- */

/* Raised when something that was there changes; additions make the table longer. */
#define BOCPY_ABI 1

#define BOCPY_CAPSULE "bocpy._core._C_API"

/* Bits of bocpy_api_t.features. */
#define BOCPY_FEATURE_TYPES 1u  /* type_register and what belongs to it */
#define BOCPY_FEATURE_XIDATA 2u /* the names of <bocpy/xidata.h> */

/* ---- types that move ---- */

/* What move_out is called for. */
enum {
    BOCPY_INTO_COWN = 1,    /* Cown(value), assigned or stored directly */
    BOCPY_AFTER_BODY = 2,   /* the end of a body, of `with` or of release(): a body cannot be
                           * told any more that its value is in use, so a type with exported
                           * memory had better store a copy here than refuse */
    BOCPY_INTO_CAPTURE = 3, /* a captured variable of a behavior */
    BOCPY_INTO_RESULT = 4,  /* what a body returned */
    BOCPY_INTO_MESSAGE = 5,
    BOCPY_INTO_BOARD = 6, /* a noticeboard entry */
    BOCPY_BACK = 7,       /* reading a value failed: undo the move_in of its other parts */
    BOCPY_INTO_COPY = 8,  /* `copy` and `rollback` follow at once: the object keeps its memory */
    BOCPY_INTO_OTHER = 9
};

/* Bits of bocpy_type_ops_t.flags. */
enum {
    /* The memory is counted and nobody changes it (frozen): move_out gives one more reference
     * and leaves the object as it is, move_in takes a reference of its own and may be called
     * any number of times, drop gives one back.  `copy` and `rollback` are not used. */
    BOCPY_TYPE_SHARED = 1
};

/* One static struct for each type; its address is the identity of the type across
 * interpreters.  Zero what is not used. */
typedef struct bocpy_type_ops {
    size_t size; /* sizeof(bocpy_type_ops_t) */
    unsigned flags;
    /* What to import so that the type is registered; NULL: the type's __module__. */
    const char *module;
    /* Attached to the object's interpreter.  Store the memory in `*p_data` (not NULL) and
     * return 0, or return -1 with an exception, the object unchanged. */
    int (*move_out)(PyObject *object, int reason, void **p_data);
    /* Attached to the receiving interpreter, in which `type` is registered.  A new reference;
     * or NULL with an exception, and `data` is still the caller's. */
    PyObject *(*move_in)(PyTypeObject *type, void *data);
    /* Attached to the object's interpreter, perhaps with an exception set aside.  Takes
     * `data`, which came out of `object`; cannot fail. */
    void (*rollback)(PyObject *object, void *data);
    /* On any thread, with or without a thread state: must not use Python. */
    void (*drop)(void *data);
    /* Attached to the interpreter that reads; several threads at once.  NULL, with or without
     * an exception, when memory is out.  Optional. */
    void *(*copy)(const void *data);
} bocpy_type_ops_t;

/* A hand-off of <bocpy/xidata.h>. */
typedef struct bocpy_xidata bocpy_xidata_t;
typedef int (*bocpy_xidata_out_fn)(PyThreadState *, PyObject *, bocpy_xidata_t *);
typedef PyObject *(*bocpy_xidata_in_fn)(bocpy_xidata_t *);

/* ---- the table ---- */

typedef struct bocpy_api {
    uint32_t abi;  /* BOCPY_ABI of the provider; equals the header's */
    uint32_t size; /* of the provider's table, at least the header's */
    uint64_t features;
    uint32_t version_hex; /* major, minor, patch in a byte each: 0x000F00 is 0.15.0 */
    const char *version;

    /* Attached.  Register `type` in this interpreter; again with the same ops is no error.
     * TypeError for incomplete ops, or a type that has others. */
    int (*type_register)(PyTypeObject *type, const bocpy_type_ops_t *ops);
    /* Attached.  1 if instances of exactly `type` move, else 0; no exception. */
    int (*type_is_registered)(PyTypeObject *type);

    /* See <bocpy/xidata.h>. */
    bocpy_xidata_t *(*xidata_new)(void);
    void (*xidata_init)(bocpy_xidata_t *xidata, PyObject *object, void *data,
                        bocpy_xidata_in_fn new_object);
    int (*xidata_get)(PyObject *object, bocpy_xidata_t *xidata);
    void (*xidata_free)(bocpy_xidata_t *xidata);
    int (*xidata_register)(PyTypeObject *type, bocpy_xidata_out_fn out);
} bocpy_api_t;

#ifdef BOCPY__CACHED
typedef BOCPY__CACHED(const bocpy_api_t *) bocpy__cached_t;
#else
typedef const bocpy_api_t *volatile bocpy__cached_t;
#endif

static inline bocpy__cached_t *bocpy__cached(void) {
    static bocpy__cached_t cached; /* the table is static and holds no object: any thread */
    return &cached;
}

/* Whether `api` can serve this header; 0 leaves ImportError. */
static inline int bocpy__fits(const bocpy_api_t *api) {
    if (api->abi != BOCPY_ABI)
        PyErr_Format(PyExc_ImportError, "this extension needs ABI %d of bocpy, which has ABI %u",
                     BOCPY_ABI, (unsigned)api->abi);
    else if (api->size < sizeof(bocpy_api_t))
        PyErr_Format(PyExc_ImportError,
                     "this extension was built for a newer bocpy: a table of %u bytes, not %u",
                     (unsigned)sizeof(bocpy_api_t), (unsigned)api->size);
    else
        return 1;
    return 0;
}

/* Attached.  The table, or NULL with ImportError when the installed bocpy has another
 * BOCPY_ABI or is older than this header. */
static inline const bocpy_api_t *bocpy_import(void) {
    const bocpy_api_t *api = *bocpy__cached();
    if (api != NULL)
        return api;
    PyObject *module = PyImport_ImportModule("bocpy._core"); /* owned */
    PyObject *capsule =
        module != NULL ? PyObject_GetAttrString(module, "_C_API") : NULL; /* owned */
    Py_XDECREF(module);
    if (capsule == NULL) {
        if (module != NULL)
            PyErr_SetString(PyExc_ImportError, "the installed bocpy has no C ABI");
        return NULL;
    }
    api = (const bocpy_api_t *)PyCapsule_GetPointer(capsule, BOCPY_CAPSULE);
    Py_DECREF(capsule);
    if (api == NULL)
        PyErr_SetString(PyExc_ImportError, "bocpy._core._C_API is not the table of bocpy");
    if (api == NULL || !bocpy__fits(api))
        return NULL;
    *bocpy__cached() = api;
    return api;
}

/* The table if bocpy_import() gave it to this source file before, else NULL.  Any thread. */
static inline const bocpy_api_t *bocpy_imported(void) { return *bocpy__cached(); }

/* ---- interpreters ---- */

/* Of memory that no interpreter owns; never an interpreter's id. */
#define BOCPY_NO_OWNER (-2)

/* Attached.  The id of the running interpreter. */
static inline int_least64_t bocpy_interpid(void) {
    return (int_least64_t)PyInterpreterState_GetID(PyInterpreterState_Get());
}

/* Attached.  The id of the main interpreter, whichever runs. */
static inline int_least64_t bocpy_main_interpid(void) {
#ifdef Py_LIMITED_API
    return 0; /* the first interpreter of the process */
#else
    return (int_least64_t)PyInterpreterState_GetID(PyInterpreterState_Main());
#endif
}

/* ---- a base for types that move ----
 *
 * For the common case: an object with one pointer.  Begin the instance struct with
 * bocpy_box_t, set `data`, and use the functions as move_out, move_in and rollback.
 * Count exports in `pins`: a pinned object refuses to move with BufferError.  A type whose
 * objects can be exported calls bocpy_box_move_or_copy from its move_out: at the end of a
 * body the value is copied then, and the exporter keeps the old memory. */

typedef struct bocpy_box {
    PyObject_HEAD void *data; /* owned; NULL: moved away, or never there */
    Py_ssize_t pins;          /* exported buffers and other uses by pointer */
} bocpy_box_t;

/* Attached.  The memory, or NULL with RuntimeError when it was moved. */
static inline void *bocpy_box_data(PyObject *object) {
    void *data = ((bocpy_box_t *)(void *)object)->data;
    if (data == NULL)
        PyErr_Format(PyExc_RuntimeError,
                     "the object %R of this interpreter is empty: its content moved to a cown, "
                     "behavior or message, or was never there",
                     (PyObject *)Py_TYPE(object));
    return data;
}

/* A move_out. */
static inline int bocpy_box_move_out(PyObject *object, int reason, void **p_data) {
    bocpy_box_t *box = (bocpy_box_t *)(void *)object;
    if (box->pins > 0 && reason != BOCPY_INTO_COPY) {
        PyErr_SetString(PyExc_BufferError, "the object cannot move while it is exported");
        return -1;
    }
    *p_data = bocpy_box_data(object);
    if (*p_data == NULL)
        return -1;
    box->data = NULL;
    return 0;
}

/* The body of a move_out of a type with `copy`, as in bocpy_type_ops_t. */
static inline int bocpy_box_move_or_copy(PyObject *object, int reason, void **p_data,
                                         void *(*copy)(const void *data)) {
    bocpy_box_t *box = (bocpy_box_t *)(void *)object;
    if (box->pins == 0 || box->data == NULL || reason != BOCPY_AFTER_BODY)
        return bocpy_box_move_out(object, reason, p_data);
    *p_data = copy(box->data);
    if (*p_data == NULL && !PyErr_Occurred())
        PyErr_NoMemory();
    return *p_data != NULL ? 0 : -1;
}

#ifndef Py_LIMITED_API
/* A move_in. */
static inline PyObject *bocpy_box_move_in(PyTypeObject *type, void *data) {
    PyObject *object = type->tp_alloc(type, 0);
    if (object != NULL)
        ((bocpy_box_t *)(void *)object)->data = data;
    return object;
}
#endif

/* A rollback. */
static inline void bocpy_box_rollback(PyObject *object, void *data) {
    ((bocpy_box_t *)(void *)object)->data = data;
}

#ifdef __cplusplus
}
#endif

#include <bocpy/xidata.h>

#endif
