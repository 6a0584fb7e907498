//! The public part of the thread state, and the small structs around it.
//!
//! The pending exception lives in `current_exception`, the handled one in
//! `exc_info`; extensions read and write both.

use core::ffi::*;

use crate::*;

layouts! {
    /// The public bytes of a thread state; private data follows them.
    pub struct PyThreadState {
        pub prev: *mut PyThreadState,
        pub next: *mut PyThreadState,
        pub interp: *mut PyInterpreterState,
        pub eval_breaker: usize,
        pub _status: c_uint,
        pub holds_gil: c_int,
        pub _whence: c_int,
        pub state: c_int,
        pub py_recursion_remaining: c_int,
        pub py_recursion_limit: c_int,
        pub recursion_headroom: c_int,
        pub tracing: c_int,
        pub what_event: c_int,
        pub current_frame: *mut _PyInterpreterFrame,
        pub c_profilefunc: Option<Py_tracefunc>,
        pub c_tracefunc: Option<Py_tracefunc>,
        pub c_profileobj: *mut PyObject,
        pub c_traceobj: *mut PyObject,
        pub current_exception: *mut PyObject,
        pub exc_info: *mut _PyErr_StackItem,
        pub dict: *mut PyObject,
        pub gilstate_counter: c_int,
        pub async_exc: *mut PyObject,
        pub thread_id: c_ulong,
        pub native_thread_id: c_ulong,
        pub delete_later: *mut PyObject,
        pub critical_section: usize,
        pub coroutine_origin_tracking_depth: c_int,
        pub async_gen_firstiter: *mut PyObject,
        pub async_gen_finalizer: *mut PyObject,
        pub context: *mut PyObject,
        pub context_ver: u64,
        pub id: u64,
        pub datastack_chunk: *mut _PyStackChunk,
        pub datastack_top: *mut *mut PyObject,
        pub datastack_limit: *mut *mut PyObject,
        pub exc_state: _PyErr_StackItem,
        pub current_executor: *mut PyObject,
        pub dict_global_version: u64,
        pub threading_local_key: *mut PyObject,
        pub threading_local_sentinel: *mut PyObject,
        pub remote_debugger_support: _PyRemoteDebuggerSupport,
        pub datastack_cached_chunk: *mut _PyStackChunk,
    }

    /// `_PyErr_StackItem`.
    #[derive(Clone, Copy)]
    pub struct _PyErr_StackItem {
        pub exc_value: *mut PyObject,
        pub previous_item: *mut _PyErr_StackItem,
    }

    /// `_PyStackChunk`.
    pub struct _PyStackChunk {
        pub previous: *mut _PyStackChunk,
        pub size: usize,
        pub top: usize,
        pub data: [*mut PyObject; 1],
    }

    /// `_PyRemoteDebuggerSupport`.
    pub struct _PyRemoteDebuggerSupport {
        pub debugger_pending_call: i32,
        pub debugger_script_path: [c_char; 512],
    }

    /// `PyMutex`.
    pub struct PyMutex {
        pub _bits: u8,
    }

    /// `Py_tss_t`.
    pub struct Py_tss_t {
        pub _is_initialized: c_int,
        pub _key: c_uint,
    }

    /// `PyMemAllocatorEx`.
    #[derive(Clone, Copy)]
    pub struct PyMemAllocatorEx {
        pub ctx: *mut c_void,
        pub malloc: Option<unsafe extern "C" fn(ctx: *mut c_void, size: usize) -> *mut c_void>,
        pub calloc: Option<unsafe extern "C" fn(ctx: *mut c_void, nelem: usize, elsize: usize) -> *mut c_void>,
        pub realloc: Option<unsafe extern "C" fn(ctx: *mut c_void, ptr: *mut c_void, new_size: usize) -> *mut c_void>,
        pub free: Option<unsafe extern "C" fn(ctx: *mut c_void, ptr: *mut c_void)>,
    }

    /// `PyObjectArenaAllocator`.
    pub struct PyObjectArenaAllocator {
        pub ctx: *mut c_void,
        pub alloc: Option<unsafe extern "C" fn(ctx: *mut c_void, size: usize) -> *mut c_void>,
        pub free: Option<unsafe extern "C" fn(ctx: *mut c_void, ptr: *mut c_void, size: usize)>,
    }

    /// `PyCompilerFlags`.
    #[derive(Clone, Copy)]
    pub struct PyCompilerFlags {
        pub cf_flags: c_int,
        pub cf_feature_version: c_int,
    }

    /// `PyInterpreterConfig`.
    #[derive(Clone, Copy)]
    pub struct PyInterpreterConfig {
        pub use_main_obmalloc: c_int,
        pub allow_fork: c_int,
        pub allow_exec: c_int,
        pub allow_threads: c_int,
        pub allow_daemon_threads: c_int,
        pub check_multi_interp_extensions: c_int,
        pub gil: c_int,
    }
}
