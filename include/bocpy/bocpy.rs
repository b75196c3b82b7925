//! bocpy.rs - the C ABI of bocpy for extensions in Rust.
//!
//! The names are those of `<bocpy/bocpy.h>` beside this file, which says what each of them does,
//! owns and may be called from.  Take it as a module (`#[path = "..."] mod bocpy;`); it needs no
//! crate.  Rust 1.63 and newer, editions 2018 and 2021.
//!
//! `PyObject` and `PyTypeObject` are opaque: pointers of other bindings to CPython are cast to
//! theirs.  Not here are the header's atomics (`std::sync::atomic`), its base for types with one
//! pointer (`bocpy_box_*`, inline functions of C) and the interpreters' ids.
//!
//! Functions that bocpy calls must not unwind.
#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]

use std::os::raw::{c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

/// The types of which only pointers are passed on.
macro_rules! opaque {
    ($($name:ident),*) => {
        $(#[repr(C)]
        pub struct $name {
            _private: [u8; 0],
        })*
    };
}
opaque!(PyObject, PyThreadState, PyTypeObject);
opaque!(bocpy_body_t, bocpy_cown_t, bocpy_mutex_t, bocpy_xidata_t);

// ---- version ----

pub const BOCPY_ABI: u32 = 1;
pub const BOCPY_CAPSULE: &[u8] = b"bocpy._core._C_API\0";

pub const BOCPY_FEATURE_TYPES: u64 = 1;
pub const BOCPY_FEATURE_XIDATA: u64 = 2;
pub const BOCPY_FEATURE_COWNS: u64 = 4;
pub const BOCPY_FEATURE_BODIES: u64 = 8;
pub const BOCPY_FEATURE_MESSAGES: u64 = 16;
pub const BOCPY_FEATURE_HOOKS: u64 = 32;
pub const BOCPY_FEATURE_BOARD: u64 = 64;

pub const BOCPY_OK: c_int = 0;
pub const BOCPY_ENOMEM: c_int = 1;
pub const BOCPY_ECLOSED: c_int = 2;
pub const BOCPY_ETIMEOUT: c_int = 3;
pub const BOCPY_EFULL: c_int = 5;
pub const BOCPY_EINVALID: c_int = 7;
pub const BOCPY_ESTATE: c_int = 8;

// ---- types that move ----

pub const BOCPY_INTO_COWN: c_int = 1;
pub const BOCPY_AFTER_BODY: c_int = 2;
pub const BOCPY_INTO_CAPTURE: c_int = 3;
pub const BOCPY_INTO_RESULT: c_int = 4;
pub const BOCPY_INTO_MESSAGE: c_int = 5;
pub const BOCPY_INTO_BOARD: c_int = 6;
pub const BOCPY_BACK: c_int = 7;
pub const BOCPY_INTO_COPY: c_int = 8;
pub const BOCPY_INTO_OTHER: c_int = 9;

pub const BOCPY_TYPE_SHARED: c_uint = 1;

/// One static for each type, zero (`None`, null) where not used.
#[repr(C)]
pub struct bocpy_type_ops_t {
    pub size: usize,
    pub flags: c_uint,
    pub module: *const c_char,
    pub move_out: Option<
        unsafe extern "C" fn(
            object: *mut PyObject,
            reason: c_int,
            p_data: *mut *mut c_void,
        ) -> c_int,
    >,
    pub move_in: Option<
        unsafe extern "C" fn(kind_of: *mut PyTypeObject, data: *mut c_void) -> *mut PyObject,
    >,
    pub rollback: Option<unsafe extern "C" fn(object: *mut PyObject, data: *mut c_void)>,
    pub drop: Option<unsafe extern "C" fn(data: *mut c_void)>,
    pub copy: Option<unsafe extern "C" fn(data: *const c_void) -> *mut c_void>,
}

// A static of it never changes.
unsafe impl Sync for bocpy_type_ops_t {}

pub type bocpy_xidata_out_fn = unsafe extern "C" fn(
    tstate: *mut PyThreadState,
    object: *mut PyObject,
    xidata: *mut bocpy_xidata_t,
) -> c_int;
pub type bocpy_xidata_in_fn = unsafe extern "C" fn(xidata: *mut bocpy_xidata_t) -> *mut PyObject;

// ---- cowns and behaviors ----

pub const BOCPY_WRITE: c_int = 0;
pub const BOCPY_READ: c_int = 1;

/// The index of a body's result cown.
pub const BOCPY_RESULT: usize = usize::MAX;

pub const BOCPY_RUNTIME_ERROR: c_int = 0;
pub const BOCPY_VALUE_ERROR: c_int = 1;
pub const BOCPY_TYPE_ERROR: c_int = 2;
pub const BOCPY_MEMORY_ERROR: c_int = 3;
pub const BOCPY_OS_ERROR: c_int = 4;
pub const BOCPY_OVERFLOW_ERROR: c_int = 5;

#[repr(C)]
pub struct bocpy_argument_t {
    pub cowns: *mut PyObject,
    pub access: c_int,
}

pub type bocpy_call_fn = unsafe extern "C" fn(
    arguments: *const *mut PyObject,
    count: usize,
    context: *mut c_void,
) -> *mut PyObject;

#[repr(C)]
pub struct bocpy_request_t {
    pub cown: *mut bocpy_cown_t,
    pub access: c_int,
}

pub type bocpy_run_fn = unsafe extern "C" fn(body: *mut bocpy_body_t, context: *mut c_void);
pub type bocpy_drop_fn = unsafe extern "C" fn(context: *mut c_void);

#[repr(C)]
pub struct bocpy_worker_hooks_t {
    pub start: Option<unsafe extern "C" fn(context: *mut c_void, worker: c_int) -> c_int>,
    pub stop: Option<unsafe extern "C" fn(context: *mut c_void, worker: c_int)>,
    pub context: *mut c_void,
}

// ---- the table ----

#[repr(C)]
pub struct bocpy_api_t {
    pub abi: u32,
    pub size: u32,
    pub features: u64,
    pub version_hex: u32,
    pub version: *const c_char,
    pub type_register:
        unsafe extern "C" fn(kind_of: *mut PyTypeObject, ops: *const bocpy_type_ops_t) -> c_int,
    pub type_is_registered: unsafe extern "C" fn(kind_of: *mut PyTypeObject) -> c_int,
    pub xidata_new: unsafe extern "C" fn() -> *mut bocpy_xidata_t,
    pub xidata_init: unsafe extern "C" fn(
        xidata: *mut bocpy_xidata_t,
        object: *mut PyObject,
        data: *mut c_void,
        new_object: Option<bocpy_xidata_in_fn>,
    ),
    pub xidata_get:
        unsafe extern "C" fn(object: *mut PyObject, xidata: *mut bocpy_xidata_t) -> c_int,
    pub xidata_free: unsafe extern "C" fn(xidata: *mut bocpy_xidata_t),
    pub xidata_register:
        unsafe extern "C" fn(kind_of: *mut PyTypeObject, out: Option<bocpy_xidata_out_fn>) -> c_int,
    pub cown_new: unsafe extern "C" fn(value: *mut PyObject) -> *mut PyObject,
    pub cown_check: unsafe extern "C" fn(object: *mut PyObject) -> c_int,
    pub cown_value: unsafe extern "C" fn(cown: *mut PyObject) -> *mut PyObject,
    pub cown_set_value: unsafe extern "C" fn(cown: *mut PyObject, value: *mut PyObject) -> c_int,
    pub cown_exception: unsafe extern "C" fn(cown: *mut PyObject) -> c_int,
    pub cown_set_exception: unsafe extern "C" fn(cown: *mut PyObject, flag: c_int) -> c_int,
    pub cown_acquired: unsafe extern "C" fn(cown: *mut PyObject) -> c_int,
    pub cown_acquire: unsafe extern "C" fn(cown: *mut PyObject) -> c_int,
    pub cown_release: unsafe extern "C" fn(cown: *mut PyObject) -> c_int,
    pub cown_enter: unsafe extern "C" fn(cown: *mut PyObject) -> *mut PyObject,
    pub cown_exit: unsafe extern "C" fn(cown: *mut PyObject) -> c_int,
    pub cown_done: unsafe extern "C" fn(cown: *mut PyObject) -> c_int,
    pub cown_result: unsafe extern "C" fn(cown: *mut PyObject, timeout_s: f64) -> *mut PyObject,
    pub cown_unwrap: unsafe extern "C" fn(cown: *mut PyObject) -> *mut PyObject,
    pub cown_native: unsafe extern "C" fn(cown: *mut PyObject) -> *mut bocpy_cown_t,
    pub cown_wrap: unsafe extern "C" fn(cown: *mut bocpy_cown_t) -> *mut PyObject,
    pub cown_of_data:
        unsafe extern "C" fn(ops: *const bocpy_type_ops_t, data: *mut c_void) -> *mut bocpy_cown_t,
    pub cown_ref: unsafe extern "C" fn(cown: *mut bocpy_cown_t),
    pub cown_unref: unsafe extern "C" fn(cown: *mut bocpy_cown_t),
    pub cown_id: unsafe extern "C" fn(cown: *mut bocpy_cown_t) -> u64,
    pub when: unsafe extern "C" fn(
        arguments: *const bocpy_argument_t,
        count: usize,
        callable: *mut PyObject,
    ) -> *mut PyObject,
    pub when_call: unsafe extern "C" fn(
        arguments: *const bocpy_argument_t,
        count: usize,
        call: Option<bocpy_call_fn>,
        context: *mut c_void,
        drop: Option<bocpy_drop_fn>,
    ) -> *mut PyObject,
    pub body_schedule: unsafe extern "C" fn(
        requests: *const bocpy_request_t,
        count: usize,
        run: Option<bocpy_run_fn>,
        context: *mut c_void,
        drop: Option<bocpy_drop_fn>,
        p_result: *mut *mut bocpy_cown_t,
    ) -> c_int,
    pub body_count: unsafe extern "C" fn(body: *const bocpy_body_t) -> usize,
    pub body_cown: unsafe extern "C" fn(body: *mut bocpy_body_t, index: usize) -> *mut bocpy_cown_t,
    pub body_data: unsafe extern "C" fn(
        body: *mut bocpy_body_t,
        index: usize,
        ops: *const bocpy_type_ops_t,
    ) -> *mut c_void,
    pub body_store: unsafe extern "C" fn(
        body: *mut bocpy_body_t,
        index: usize,
        ops: *const bocpy_type_ops_t,
        data: *mut c_void,
    ) -> c_int,
    pub body_load_int:
        unsafe extern "C" fn(body: *mut bocpy_body_t, index: usize, p_value: *mut i64) -> c_int,
    pub body_load_real:
        unsafe extern "C" fn(body: *mut bocpy_body_t, index: usize, p_value: *mut f64) -> c_int,
    pub body_store_int:
        unsafe extern "C" fn(body: *mut bocpy_body_t, index: usize, value: i64) -> c_int,
    pub body_store_real:
        unsafe extern "C" fn(body: *mut bocpy_body_t, index: usize, value: f64) -> c_int,
    pub body_fail:
        unsafe extern "C" fn(body: *mut bocpy_body_t, kind: c_int, message: *const c_char),
    pub start: unsafe extern "C" fn(worker_count: c_int) -> c_int,
    pub wait: unsafe extern "C" fn(timeout_s: f64) -> c_int,
    pub quiesce: unsafe extern "C" fn(timeout_s: f64) -> c_int,
    pub scheduler_stats: unsafe extern "C" fn() -> *mut PyObject,
    pub is_running: unsafe extern "C" fn() -> c_int,
    pub worker_count: unsafe extern "C" fn() -> c_int,
    pub worker_index: unsafe extern "C" fn() -> c_int,
    pub worker_hooks: unsafe extern "C" fn(hooks: *const bocpy_worker_hooks_t) -> c_int,
    pub send:
        unsafe extern "C" fn(tag: *const c_char, contents: *mut PyObject, timeout_s: f64) -> c_int,
    pub receive: unsafe extern "C" fn(
        tags: *const *const c_char,
        count: usize,
        timeout_s: f64,
        p_index: *mut usize,
    ) -> *mut PyObject,
    pub drain: unsafe extern "C" fn(tag: *const c_char) -> c_int,
    pub send_data: unsafe extern "C" fn(
        tag: *const c_char,
        ops: *const bocpy_type_ops_t,
        data: *mut c_void,
    ) -> c_int,
    pub clock_ns: unsafe extern "C" fn() -> i64,
    pub mutex_new: unsafe extern "C" fn() -> *mut bocpy_mutex_t,
    pub mutex_free: unsafe extern "C" fn(mutex: *mut bocpy_mutex_t),
    pub mutex_lock: unsafe extern "C" fn(mutex: *mut bocpy_mutex_t),
    pub mutex_unlock: unsafe extern "C" fn(mutex: *mut bocpy_mutex_t),
    pub status_raise: unsafe extern "C" fn(status: c_int, what: *const c_char) -> c_int,
    pub notice_write:
        unsafe extern "C" fn(key: *const c_char, value: *mut PyObject) -> *mut PyObject,
    pub notice_delete: unsafe extern "C" fn(key: *const c_char) -> *mut PyObject,
    pub notice_update: unsafe extern "C" fn(
        key: *const c_char,
        function: *mut PyObject,
        fallback: *mut PyObject,
    ) -> *mut PyObject,
    pub notice_sync: unsafe extern "C" fn(timeout_s: f64) -> c_int,
    pub notice_seed: unsafe extern "C" fn(key: *const c_char, value: *mut PyObject) -> c_int,
    pub notice_read:
        unsafe extern "C" fn(key: *const c_char, fallback: *mut PyObject) -> *mut PyObject,
    pub noticeboard: unsafe extern "C" fn() -> *mut PyObject,
}

// ---- the import ----

extern "C" {
    static PyExc_ImportError: *mut PyObject;
    fn PyCapsule_GetPointer(capsule: *mut PyObject, name: *const c_char) -> *mut c_void;
    fn PyErr_SetString(kind: *mut PyObject, message: *const c_char);
    fn PyImport_ImportModule(name: *const c_char) -> *mut PyObject;
    fn PyObject_GetAttrString(object: *mut PyObject, name: *const c_char) -> *mut PyObject;
    fn Py_DecRef(object: *mut PyObject);
}

// The table is static and holds no object: any thread.
static CACHED: AtomicPtr<bocpy_api_t> = AtomicPtr::new(std::ptr::null_mut());

/// Attached.  The table, or null with `ImportError` when the installed bocpy has another
/// `BOCPY_ABI` or is older than this file.
///
/// # Safety
/// The caller has an attached thread state.
pub unsafe fn bocpy_import() -> *const bocpy_api_t {
    let cached = bocpy_imported();
    if !cached.is_null() {
        return cached;
    }
    let module = PyImport_ImportModule(b"bocpy._core\0".as_ptr().cast());
    if module.is_null() {
        return std::ptr::null();
    }
    let capsule = PyObject_GetAttrString(module, b"_C_API\0".as_ptr().cast());
    Py_DecRef(module);
    if capsule.is_null() {
        return refuse(b"the installed bocpy has no C ABI\0");
    }
    let api: *mut bocpy_api_t = PyCapsule_GetPointer(capsule, BOCPY_CAPSULE.as_ptr().cast()).cast();
    Py_DecRef(capsule);
    if api.is_null() {
        return refuse(b"bocpy._core._C_API is not the table of bocpy\0");
    }
    if (*api).abi != BOCPY_ABI {
        return refuse(b"this extension needs another ABI of bocpy\0");
    }
    if ((*api).size as usize) < std::mem::size_of::<bocpy_api_t>() {
        return refuse(b"this extension was built for a newer bocpy\0");
    }
    // release: whoever finds the table here may use it
    CACHED.store(api, Ordering::Release);
    api
}

/// Any thread.  The table if `bocpy_import` gave it before, else null.
pub fn bocpy_imported() -> *const bocpy_api_t {
    CACHED.load(Ordering::Acquire)
}

unsafe fn refuse(message: &[u8]) -> *const bocpy_api_t {
    PyErr_SetString(PyExc_ImportError, message.as_ptr().cast());
    std::ptr::null()
}
