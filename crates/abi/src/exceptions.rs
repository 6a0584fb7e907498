//! The exception objects.
//!
//! Each starts with the fields of [`PyBaseExceptionObject`], repeated as C does.

use core::ffi::*;

use crate::*;

layouts! {
    /// `PyBaseExceptionObject`.
    pub struct PyBaseExceptionObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
    }

    /// `PyBaseExceptionGroupObject`.
    pub struct PyBaseExceptionGroupObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub msg: *mut PyObject,
        pub excs: *mut PyObject,
        pub excs_str: *mut PyObject,
    }

    /// `PySyntaxErrorObject`.
    pub struct PySyntaxErrorObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub msg: *mut PyObject,
        pub filename: *mut PyObject,
        pub lineno: *mut PyObject,
        pub offset: *mut PyObject,
        pub end_lineno: *mut PyObject,
        pub end_offset: *mut PyObject,
        pub text: *mut PyObject,
        pub print_file_and_line: *mut PyObject,
        pub metadata: *mut PyObject,
    }

    /// `PyImportErrorObject`.
    pub struct PyImportErrorObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub msg: *mut PyObject,
        pub name: *mut PyObject,
        pub path: *mut PyObject,
        pub name_from: *mut PyObject,
    }

    /// `PyUnicodeErrorObject`.
    pub struct PyUnicodeErrorObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub encoding: *mut PyObject,
        pub object: *mut PyObject,
        pub start: Py_ssize_t,
        pub end: Py_ssize_t,
        pub reason: *mut PyObject,
    }

    /// `PySystemExitObject`.
    pub struct PySystemExitObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub code: *mut PyObject,
    }

    /// `PyOSErrorObject`.
    pub struct PyOSErrorObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub myerrno: *mut PyObject,
        pub strerror: *mut PyObject,
        pub filename: *mut PyObject,
        pub filename2: *mut PyObject,
        pub written: Py_ssize_t,
    }

    /// `PyStopIterationObject`.
    pub struct PyStopIterationObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub value: *mut PyObject,
    }

    /// `PyNameErrorObject`.
    pub struct PyNameErrorObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub name: *mut PyObject,
    }

    /// `PyAttributeErrorObject`.
    pub struct PyAttributeErrorObject {
        pub ob_base: PyObject,
        pub dict: *mut PyObject,
        pub args: *mut PyObject,
        pub notes: *mut PyObject,
        pub traceback: *mut PyObject,
        pub context: *mut PyObject,
        pub cause: *mut PyObject,
        pub suppress_context: c_char,
        pub obj: *mut PyObject,
        pub name: *mut PyObject,
    }
}
