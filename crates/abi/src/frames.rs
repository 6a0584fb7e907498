//! Frames, tracebacks and the generator family.
//!
//! Extensions write `f_back` and `f_lineno`; the interpreter frame is private
//! but for a handful of fields that greenlet reads.

use core::ffi::*;

use crate::*;

layouts! {
    /// `PyFrameObject`.
    pub struct PyFrameObject {
        pub ob_base: PyObject,
        pub f_back: *mut PyFrameObject,
        pub f_frame: *mut _PyInterpreterFrame,
        pub f_trace: *mut PyObject,
        pub f_lineno: c_int,
        pub f_trace_lines: c_char,
        pub f_trace_opcodes: c_char,
        pub f_extra_locals: *mut PyObject,
        pub f_locals_cache: *mut PyObject,
        pub f_overwritten_fast_locals: *mut PyObject,
        pub _f_frame_data: [*mut PyObject; 1],
    }

    /// `PyTracebackObject`.
    pub struct PyTracebackObject {
        pub ob_base: PyObject,
        pub tb_next: *mut PyTracebackObject,
        pub tb_frame: *mut PyFrameObject,
        pub tb_lasti: c_int,
        pub tb_lineno: c_int,
    }

    /// `PyFrameLocalsProxyObject`.
    pub struct PyFrameLocalsProxyObject {
        pub ob_base: PyObject,
        pub frame: *mut PyFrameObject,
    }

    /// `_PyInterpreterFrame`.
    pub struct _PyInterpreterFrame {
        pub f_executable: _PyStackRef,
        pub previous: *mut _PyInterpreterFrame,
        pub f_funcobj: _PyStackRef,
        pub f_globals: *mut PyObject,
        pub f_builtins: *mut PyObject,
        pub f_locals: *mut PyObject,
        pub frame_obj: *mut PyFrameObject,
        pub instr_ptr: *mut u16,
        pub stackpointer: *mut _PyStackRef,
        pub return_offset: u16,
        pub owner: c_char,
        pub visited: u8,
        pub localsplus: [_PyStackRef; 1],
    }

    /// `_PyStackRef`.
    #[derive(Clone, Copy)]
    pub struct _PyStackRef {
        pub bits: usize,
    }

    /// `PyGenObject`.
    pub struct PyGenObject {
        pub ob_base: PyObject,
        pub gi_weakreflist: *mut PyObject,
        pub gi_name: *mut PyObject,
        pub gi_qualname: *mut PyObject,
        pub gi_exc_state: _PyErr_StackItem,
        pub gi_origin_or_finalizer: *mut PyObject,
        pub gi_hooks_inited: c_char,
        pub gi_closed: c_char,
        pub gi_running_async: c_char,
        pub gi_frame_state: i8,
        pub gi_iframe: _PyInterpreterFrame,
    }

    /// `PyCoroObject`.
    pub struct PyCoroObject {
        pub ob_base: PyObject,
        pub cr_weakreflist: *mut PyObject,
        pub cr_name: *mut PyObject,
        pub cr_qualname: *mut PyObject,
        pub cr_exc_state: _PyErr_StackItem,
        pub cr_origin_or_finalizer: *mut PyObject,
        pub cr_hooks_inited: c_char,
        pub cr_closed: c_char,
        pub cr_running_async: c_char,
        pub cr_frame_state: i8,
        pub cr_iframe: _PyInterpreterFrame,
    }

    /// `PyAsyncGenObject`.
    pub struct PyAsyncGenObject {
        pub ob_base: PyObject,
        pub ag_weakreflist: *mut PyObject,
        pub ag_name: *mut PyObject,
        pub ag_qualname: *mut PyObject,
        pub ag_exc_state: _PyErr_StackItem,
        pub ag_origin_or_finalizer: *mut PyObject,
        pub ag_hooks_inited: c_char,
        pub ag_closed: c_char,
        pub ag_running_async: c_char,
        pub ag_frame_state: i8,
        pub ag_iframe: _PyInterpreterFrame,
    }
}
