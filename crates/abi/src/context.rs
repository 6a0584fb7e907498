//! Context variables.

use core::ffi::*;

use crate::*;

layouts! {
    /// `PyContext`.
    pub struct PyContext {
        pub ob_base: PyObject,
        pub ctx_prev: *mut PyContext,
        pub ctx_vars: *mut PyObject,
        pub ctx_weakreflist: *mut PyObject,
        pub ctx_entered: c_int,
    }

    /// `PyContextVar`.
    pub struct PyContextVar {
        pub ob_base: PyObject,
        pub var_name: *mut PyObject,
        pub var_default: *mut PyObject,
        pub var_cached: *mut PyObject,
        pub var_cached_tsid: u64,
        pub var_cached_tsver: u64,
        pub var_hash: Py_hash_t,
    }

    /// `PyContextToken`.
    pub struct PyContextToken {
        pub ob_base: PyObject,
        pub tok_ctx: *mut PyContext,
        pub tok_var: *mut PyContextVar,
        pub tok_oldval: *mut PyObject,
        pub tok_used: c_int,
    }
}
