# capi.pxd - the C ABI of bocpy for Cython: `from bocpy.capi cimport bocpy_import, bocpy_api_t`.
#
# The names are those of <bocpy/bocpy.h>, which says what each of them does, owns and may be called
# from.  Needs Cython 3.1 or newer, and include_dirs=[bocpy.get_include()] to compile.  Objects are
# `object` where a function takes or gives whole references, and an exception is raised as usual.
# What the header marks "any thread" is nogil here.
#
# A body is C code that a worker runs: a `noexcept nogil` function, for body_schedule.  One that
# uses objects (when_call) would meet the constants of the interpreter that imported the module,
# so in Cython such bodies are Python functions of a plain module, given to `when`.
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int64_t, int_least64_t, uint32_t, uint64_t


cdef extern from "<Python.h>":
    ctypedef struct PyThreadState


cdef extern from "<bocpy/bocpy.h>":
    # -- atomics
    ctypedef struct atomic_int_least64_t
    int_least64_t atomic_load(atomic_int_least64_t *ptr) noexcept nogil
    void atomic_store(atomic_int_least64_t *ptr, int_least64_t value) noexcept nogil
    int_least64_t atomic_fetch_add(
        atomic_int_least64_t *ptr, int_least64_t value) noexcept nogil
    bint atomic_compare_exchange_strong(
        atomic_int_least64_t *ptr, int_least64_t *expected, int_least64_t desired) noexcept nogil

    # -- version
    const int BOCPY_ABI
    const char *BOCPY_CAPSULE
    const uint64_t BOCPY_FEATURE_TYPES
    const uint64_t BOCPY_FEATURE_XIDATA
    const uint64_t BOCPY_FEATURE_COWNS
    const uint64_t BOCPY_FEATURE_BODIES
    const uint64_t BOCPY_FEATURE_MESSAGES
    const uint64_t BOCPY_FEATURE_HOOKS
    const uint64_t BOCPY_FEATURE_BOARD

    enum:
        BOCPY_OK
        BOCPY_ENOMEM
        BOCPY_ECLOSED
        BOCPY_ETIMEOUT
        BOCPY_EFULL
        BOCPY_EINVALID
        BOCPY_ESTATE

    # -- types that move
    enum:
        BOCPY_INTO_COWN
        BOCPY_AFTER_BODY
        BOCPY_INTO_CAPTURE
        BOCPY_INTO_RESULT
        BOCPY_INTO_MESSAGE
        BOCPY_INTO_BOARD
        BOCPY_BACK
        BOCPY_INTO_COPY
        BOCPY_INTO_OTHER

    enum:
        BOCPY_TYPE_SHARED

    ctypedef struct bocpy_type_ops_t:
        size_t size
        unsigned int flags
        const char *module
        int (*move_out)(PyObject *object, int reason, void **p_data) except -1
        PyObject *(*move_in)(PyTypeObject *type, void *data) except NULL
        void (*rollback)(PyObject *object, void *data) noexcept
        void (*drop)(void *data) noexcept nogil
        void *(*copy)(const void *data) noexcept

    ctypedef struct bocpy_xidata_t
    ctypedef int (*bocpy_xidata_out_fn)(PyThreadState *, PyObject *, bocpy_xidata_t *) except -1
    ctypedef PyObject *(*bocpy_xidata_in_fn)(bocpy_xidata_t *) except NULL

    # -- cowns and behaviors
    ctypedef struct bocpy_cown_t

    enum:
        BOCPY_WRITE
        BOCPY_READ

    ctypedef struct bocpy_argument_t:
        PyObject *cowns
        int access

    ctypedef PyObject *(*bocpy_call_fn)(
        PyObject *const *arguments, size_t count, void *context) except NULL

    ctypedef struct bocpy_request_t:
        bocpy_cown_t *cown
        int access

    ctypedef struct bocpy_body_t
    ctypedef void (*bocpy_run_fn)(bocpy_body_t *body, void *context) noexcept nogil
    ctypedef void (*bocpy_drop_fn)(void *context) noexcept nogil

    const size_t BOCPY_RESULT

    enum:
        BOCPY_RUNTIME_ERROR
        BOCPY_VALUE_ERROR
        BOCPY_TYPE_ERROR
        BOCPY_MEMORY_ERROR
        BOCPY_OS_ERROR
        BOCPY_OVERFLOW_ERROR

    ctypedef struct bocpy_worker_hooks_t:
        int (*start)(void *context, int worker) except -1
        void (*stop)(void *context, int worker) noexcept
        void *context

    ctypedef struct bocpy_mutex_t

    # -- the table
    ctypedef struct bocpy_api_t:
        uint32_t abi
        uint32_t size
        uint64_t features
        uint32_t version_hex
        const char *version

        int (*type_register)(PyTypeObject *type, const bocpy_type_ops_t *ops) except -1
        int (*type_is_registered)(PyTypeObject *type) noexcept

        bocpy_xidata_t *(*xidata_new)() except NULL
        void (*xidata_init)(
            bocpy_xidata_t *xidata, PyObject *object, void *data,
            bocpy_xidata_in_fn new_object) noexcept
        int (*xidata_get)(PyObject *object, bocpy_xidata_t *xidata) except -1
        void (*xidata_free)(bocpy_xidata_t *xidata) noexcept
        int (*xidata_register)(PyTypeObject *type, bocpy_xidata_out_fn out) except -1

        object (*cown_new)(object value)
        bint (*cown_check)(object object) noexcept
        object (*cown_value)(object cown)
        int (*cown_set_value)(object cown, object value) except -1
        int (*cown_exception)(object cown) except -1
        int (*cown_set_exception)(object cown, int flag) except -1
        int (*cown_acquired)(object cown) except -1
        int (*cown_acquire)(object cown) except -1
        int (*cown_release)(object cown) except -1
        object (*cown_enter)(object cown)
        int (*cown_exit)(object cown) except -1
        int (*cown_done)(object cown) except -1
        object (*cown_result)(object cown, double timeout_s)
        object (*cown_unwrap)(object cown)

        bocpy_cown_t *(*cown_native)(object cown) except NULL
        object (*cown_wrap)(bocpy_cown_t *cown)
        bocpy_cown_t *(*cown_of_data)(const bocpy_type_ops_t *ops, void *data) noexcept nogil
        void (*cown_ref)(bocpy_cown_t *cown) noexcept nogil
        void (*cown_unref)(bocpy_cown_t *cown) noexcept nogil
        uint64_t (*cown_id)(bocpy_cown_t *cown) noexcept nogil

        object (*when)(const bocpy_argument_t *arguments, size_t count, object callable)
        object (*when_call)(
            const bocpy_argument_t *arguments, size_t count, bocpy_call_fn call, void *context,
            bocpy_drop_fn drop)

        int (*body_schedule)(
            const bocpy_request_t *requests, size_t count, bocpy_run_fn run, void *context,
            bocpy_drop_fn drop, bocpy_cown_t **p_result) noexcept nogil
        size_t (*body_count)(const bocpy_body_t *body) noexcept nogil
        bocpy_cown_t *(*body_cown)(bocpy_body_t *body, size_t index) noexcept nogil
        void *(*body_data)(
            bocpy_body_t *body, size_t index, const bocpy_type_ops_t *ops) noexcept nogil
        int (*body_store)(
            bocpy_body_t *body, size_t index, const bocpy_type_ops_t *ops,
            void *data) noexcept nogil
        int (*body_load_int)(bocpy_body_t *body, size_t index, int64_t *p_value) noexcept nogil
        int (*body_load_real)(bocpy_body_t *body, size_t index, double *p_value) noexcept nogil
        int (*body_store_int)(bocpy_body_t *body, size_t index, int64_t value) noexcept nogil
        int (*body_store_real)(bocpy_body_t *body, size_t index, double value) noexcept nogil
        void (*body_fail)(bocpy_body_t *body, int kind, const char *message) noexcept nogil

        int (*start)(int worker_count) except -1
        int (*wait)(double timeout_s) except -1
        int (*quiesce)(double timeout_s) except -1
        object (*scheduler_stats)()
        int (*is_running)() noexcept nogil
        int (*worker_count)() noexcept nogil
        int (*worker_index)() noexcept nogil
        int (*worker_hooks)(const bocpy_worker_hooks_t *hooks) noexcept nogil

        int (*send)(const char *tag, object contents, double timeout_s) except -1
        object (*receive)(
            const char *const *tags, size_t count, double timeout_s, size_t *p_index)
        int (*drain)(const char *tag) except -1
        int (*send_data)(
            const char *tag, const bocpy_type_ops_t *ops, void *data) noexcept nogil

        int64_t (*clock_ns)() noexcept nogil
        bocpy_mutex_t *(*mutex_new)() noexcept nogil
        void (*mutex_free)(bocpy_mutex_t *mutex) noexcept nogil
        void (*mutex_lock)(bocpy_mutex_t *mutex) noexcept nogil
        void (*mutex_unlock)(bocpy_mutex_t *mutex) noexcept nogil
        int (*status_raise)(int status, const char *what) except -1

        object (*notice_write)(const char *key, object value)
        object (*notice_delete)(const char *key)
        object (*notice_update)(const char *key, object function, object fallback)
        int (*notice_sync)(double timeout_s) except -1
        int (*notice_seed)(const char *key, object value) except -1
        object (*notice_read)(const char *key, object fallback)
        object (*noticeboard)()

    const bocpy_api_t *bocpy_import() except NULL
    const bocpy_api_t *bocpy_imported() noexcept nogil

    # -- interpreters
    const int BOCPY_NO_OWNER
    int_least64_t bocpy_interpid() noexcept
    int_least64_t bocpy_main_interpid() noexcept

    # -- a base for types that move
    ctypedef struct bocpy_box_t:
        void *data
        Py_ssize_t pins

    void *bocpy_box_data(PyObject *object) except NULL
    int bocpy_box_move_out(PyObject *object, int reason, void **p_data) except -1
    int bocpy_box_move_or_copy(
        PyObject *object, int reason, void **p_data,
        void *(*copy)(const void *data) noexcept) except -1
    PyObject *bocpy_box_move_in(PyTypeObject *type, void *data) except NULL
    void bocpy_box_rollback(PyObject *object, void *data) noexcept
