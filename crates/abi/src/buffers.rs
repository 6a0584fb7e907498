//! The buffer protocol's structs and `memoryview`.

use core::ffi::*;

use crate::*;

layouts! {
    /// `Py_buffer`.
    #[derive(Clone, Copy)]
    pub struct Py_buffer {
        pub buf: *mut c_void,
        pub obj: *mut PyObject,
        pub len: Py_ssize_t,
        pub itemsize: Py_ssize_t,
        pub readonly: c_int,
        pub ndim: c_int,
        pub format: *const c_char,
        pub shape: *mut Py_ssize_t,
        pub strides: *mut Py_ssize_t,
        pub suboffsets: *mut Py_ssize_t,
        pub internal: *mut c_void,
    }

    /// `_PyManagedBufferObject`.
    pub struct _PyManagedBufferObject {
        pub ob_base: PyObject,
        pub flags: c_int,
        pub exports: Py_ssize_t,
        pub master: Py_buffer,
    }

    /// `PyMemoryViewObject`.
    pub struct PyMemoryViewObject {
        pub ob_base: PyVarObject,
        pub mbuf: *mut _PyManagedBufferObject,
        pub hash: Py_hash_t,
        pub flags: c_int,
        pub exports: Py_ssize_t,
        pub view: Py_buffer,
        pub weakreflist: *mut PyObject,
        pub ob_array: [Py_ssize_t; 1],
    }
}
