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
#define BOCPY_FEATURE_TYPES 1u     /* type_register and what belongs to it */
#define BOCPY_FEATURE_XIDATA 2u    /* the names of <bocpy/xidata.h> */
#define BOCPY_FEATURE_COWNS 4u     /* cowns, behaviors with Python objects, the runtime */
#define BOCPY_FEATURE_BODIES 8u    /* bodies that run without the GIL */
#define BOCPY_FEATURE_MESSAGES 16u /* messages */
#define BOCPY_FEATURE_HOOKS 32u    /* worker_hooks */
#define BOCPY_FEATURE_BOARD 64u    /* the noticeboard */

/* What functions return that need no thread state; status_raise turns it into an exception. */
enum {
    BOCPY_OK = 0,
    BOCPY_ENOMEM = 1,
    BOCPY_ECLOSED = 2,  /* the runtime is not running */
    BOCPY_ETIMEOUT = 3,
    BOCPY_EFULL = 5,    /* a queue is full, or too many requests */
    BOCPY_EINVALID = 7, /* an argument, or the kind of a value */
    BOCPY_ESTATE = 8    /* not allowed here: a store through read access */
};

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

/* ---- cowns and behaviors ---- */

/* A cown itself, for any thread, with or without a thread state; counted.  A Python Cown is a
 * handle of one. */
typedef struct bocpy_cown bocpy_cown_t;

enum {
    BOCPY_WRITE = 0, /* alone */
    BOCPY_READ = 1   /* together with other readers: what changes is not kept */
};

/* An argument of a behavior whose body uses Python: a Cown, or a list or tuple of them. */
typedef struct bocpy_argument {
    PyObject *cowns; /* borrowed */
    int access;
} bocpy_argument_t;

/* A body in C that uses Python.  Attached to a worker's interpreter, which may not be the one
 * that scheduled it.  Gets one Cown, or list of Cowns, per argument, and gives a new reference
 * of the result, or NULL with an exception. */
typedef PyObject *(*bocpy_call_fn)(PyObject *const *arguments, size_t count, void *context);

/* A request of a behavior whose body does not use Python. */
typedef struct bocpy_request {
    bocpy_cown_t *cown; /* borrowed */
    int access;
} bocpy_request_t;

/* A running body that does not use Python. */
typedef struct bocpy_body bocpy_body_t;

/* Runs on a worker without a thread state: the only functions of the table it may call are
 * those marked "any thread".  Consecutive bodies of this kind run in one release of the GIL. */
typedef void (*bocpy_run_fn)(bocpy_body_t *body, void *context);

/* Frees a context: called once, on any thread, also when the behavior could not be scheduled or
 * was dropped.  Must not use Python.  NULL: nothing to free. */
typedef void (*bocpy_drop_fn)(void *context);

/* The index of a body's result cown. */
#define BOCPY_RESULT ((size_t)-1)

/* Exceptions that body_fail can make. */
enum {
    BOCPY_RUNTIME_ERROR = 0,
    BOCPY_VALUE_ERROR = 1,
    BOCPY_TYPE_ERROR = 2,
    BOCPY_MEMORY_ERROR = 3,
    BOCPY_OS_ERROR = 4,
    BOCPY_OVERFLOW_ERROR = 5
};

/* Called attached to a worker's interpreter: `start` once before it runs another behavior,
 * `stop` before the interpreter ends (exit, fork, start(fresh=True); not wait(), which keeps it).
 * An exception of `start` is printed. */
typedef struct bocpy_worker_hooks {
    int (*start)(void *context, int worker); /* may be NULL */
    void (*stop)(void *context, int worker); /* may be NULL */
    void *context;
} bocpy_worker_hooks_t;

/* Mutual exclusion for bodies without Python. */
typedef struct bocpy_mutex bocpy_mutex_t;

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

    /* -- cowns, by their handles.  Attached; objects returned are new references, NULL with an
     * exception.  Each does what the method of Cown with this name does, and raises the same. */
    PyObject *(*cown_new)(PyObject *value);
    int (*cown_check)(PyObject *object); /* 1 or 0 */
    PyObject *(*cown_value)(PyObject *cown);
    int (*cown_set_value)(PyObject *cown, PyObject *value);
    int (*cown_exception)(PyObject *cown); /* 1, 0, or -1 */
    int (*cown_set_exception)(PyObject *cown, int flag);
    int (*cown_acquired)(PyObject *cown); /* 1, 0, or -1 */
    int (*cown_acquire)(PyObject *cown);
    int (*cown_release)(PyObject *cown);
    PyObject *(*cown_enter)(PyObject *cown); /* `with cown`: the value */
    int (*cown_exit)(PyObject *cown);        /* its end */
    int (*cown_done)(PyObject *cown);        /* 1, 0, or -1 */
    /* Waits; a negative timeout is no limit. */
    PyObject *(*cown_result)(PyObject *cown, double timeout_s);
    PyObject *(*cown_unwrap)(PyObject *cown);

    /* -- cowns themselves */
    bocpy_cown_t *(*cown_native)(PyObject *cown); /* attached; borrowed, NULL with TypeError */
    PyObject *(*cown_wrap)(bocpy_cown_t *cown);   /* attached; a new handle */
    /* Any thread.  A cown whose value is an object of the type with these ops, which must be
     * registered somewhere in the process; takes `data`, on failure too.  NULL without memory. */
    bocpy_cown_t *(*cown_of_data)(const bocpy_type_ops_t *ops, void *data);
    void (*cown_ref)(bocpy_cown_t *cown);     /* any thread */
    void (*cown_unref)(bocpy_cown_t *cown);   /* any thread */
    uint64_t (*cown_id)(bocpy_cown_t *cown);  /* any thread; never reused */

    /* -- behaviors with Python.  Attached.  Start the runtime in main if none is up, as `when`
     * does.  The result cown, or NULL with an exception; then nothing was scheduled. */
    /* `callable` as if decorated with when(*arguments); what is no function is captured. */
    PyObject *(*when)(const bocpy_argument_t *arguments, size_t count, PyObject *callable);
    /* Takes `context`, on failure too. */
    PyObject *(*when_call)(const bocpy_argument_t *arguments, size_t count, bocpy_call_fn call,
                           void *context, bocpy_drop_fn drop);

    /* -- behaviors without Python */
    /* Any thread.  Schedule `run`; the runtime must be up.  Takes `context`, on failure too.
     * `*p_result`, if wanted, becomes a reference of a result cown: None unless the body stores
     * something.  A group is a number of requests in a row.  BOCPY_ECLOSED, BOCPY_ENOMEM,
     * BOCPY_EFULL, BOCPY_EINVALID. */
    int (*body_schedule)(const bocpy_request_t *requests, size_t count, bocpy_run_fn run,
                         void *context, bocpy_drop_fn drop, bocpy_cown_t **p_result);
    /* The rest inside `run` only, on its thread. */
    size_t (*body_count)(const bocpy_body_t *body);
    bocpy_cown_t *(*body_cown)(bocpy_body_t *body, size_t index); /* borrowed */
    /* The memory of the value if that is one object of the type with these ops, in place; not to
     * be changed with read access.  NULL: it is something else. */
    void *(*body_data)(bocpy_body_t *body, size_t index, const bocpy_type_ops_t *ops);
    /* Replace the value; takes `data`, on failure too.  BOCPY_ESTATE with read access. */
    int (*body_store)(bocpy_body_t *body, size_t index, const bocpy_type_ops_t *ops, void *data);
    /* The value as a number.  BOCPY_EINVALID: it is something else. */
    int (*body_load_int)(bocpy_body_t *body, size_t index, int64_t *p_value);
    int (*body_load_real)(bocpy_body_t *body, size_t index, double *p_value);
    int (*body_store_int)(bocpy_body_t *body, size_t index, int64_t value);
    int (*body_store_real)(bocpy_body_t *body, size_t index, double value);
    /* Let the result hold an exception once the body returns; the first call counts.  Without a
     * result cown it is logged. */
    void (*body_fail)(bocpy_body_t *body, int kind, const char *message);

    /* -- the runtime.  Attached, main interpreter, outside behaviors; 0, or -1 with the exception
     * of the Python function of this name.  A negative timeout is no limit. */
    int (*start)(int worker_count); /* 0: the default */
    int (*wait)(double timeout_s);
    int (*quiesce)(double timeout_s);
    PyObject *(*scheduler_stats)(void);
    int (*is_running)(void); /* any thread */
    int (*worker_count)(void); /* any thread; 0 when none is up */
    int (*worker_index)(void); /* any thread; -1: not a worker */
    /* Any thread.  Workers that run already are included.  For the life of the process, a second
     * time is ignored; `hooks` is not copied.  BOCPY_EFULL after 32. */
    int (*worker_hooks)(const bocpy_worker_hooks_t *hooks);

    /* -- messages.  Attached.  As the Python functions of these names. */
    /* A timeout of 0 raises RuntimeError when the queue is full, a negative one is no limit. */
    int (*send)(const char *tag, PyObject *contents, double timeout_s);
    /* The contents, and the index of their tag; TimeoutError when the time is over. */
    PyObject *(*receive)(const char *const *tags, size_t count, double timeout_s, size_t *p_index);
    int (*drain)(const char *tag);
    /* Any thread, never waits.  Takes `data`, on failure too.  BOCPY_EFULL, BOCPY_ENOMEM. */
    int (*send_data)(const char *tag, const bocpy_type_ops_t *ops, void *data);

    /* -- help for bodies without Python.  Any thread. */
    int64_t (*clock_ns)(void); /* monotonic */
    bocpy_mutex_t *(*mutex_new)(void); /* NULL without memory */
    void (*mutex_free)(bocpy_mutex_t *mutex);
    void (*mutex_lock)(bocpy_mutex_t *mutex); /* not recursive; for a few instructions */
    void (*mutex_unlock)(bocpy_mutex_t *mutex);
    /* Attached.  Raise the exception for a status other than BOCPY_OK; returns -1. */
    int (*status_raise)(int status, const char *what);

    /* -- the noticeboard.  Attached.  As the Python functions of these names; the first three
     * give the Cown of their result. */
    PyObject *(*notice_write)(const char *key, PyObject *value);
    PyObject *(*notice_delete)(const char *key);
    PyObject *(*notice_update)(const char *key, PyObject *function, PyObject *fallback);
    int (*notice_sync)(double timeout_s);
    int (*notice_seed)(const char *key, PyObject *value);
    PyObject *(*notice_read)(const char *key, PyObject *fallback);
    PyObject *(*noticeboard)(void);
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
    Py_ssize_t pins; /* exported buffers and other uses by pointer */
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

/* A move_in. */
static inline PyObject *bocpy_box_move_in(PyTypeObject *type, void *data) {
#ifdef Py_LIMITED_API
    allocfunc allocate = (allocfunc)(uintptr_t)PyType_GetSlot(type, Py_tp_alloc);
    PyObject *object = allocate(type, 0);
#else
    PyObject *object = type->tp_alloc(type, 0);
#endif
    if (object != NULL)
        ((bocpy_box_t *)(void *)object)->data = data;
    return object;
}

/* A rollback. */
static inline void bocpy_box_rollback(PyObject *object, void *data) {
    ((bocpy_box_t *)(void *)object)->data = data;
}

#ifdef __cplusplus
}
#endif

#include <bocpy/xidata.h>

#endif
