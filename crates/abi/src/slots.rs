//! The types of slot functions and C functions, and the scalar types.

use core::ffi::{c_char, c_int, c_void};

use crate::{Py_buffer, PyFrameObject, PyObject, PyTypeObject};

/// `Py_ssize_t`.
pub type Py_ssize_t = isize;
/// `Py_hash_t`.
pub type Py_hash_t = isize;
/// `Py_uhash_t`.
pub type Py_uhash_t = usize;
/// One 30-bit digit of an `int`.
pub type digit = u32;
/// `Py_UCS1`.
pub type Py_UCS1 = u8;
/// `Py_UCS2`.
pub type Py_UCS2 = u16;
/// `Py_UCS4`.
pub type Py_UCS4 = u32;

/// An interpreter, opaque to C.
#[repr(C)]
pub struct PyInterpreterState {
    _private: [u8; 0],
}

/// What `am_send` answers.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PySendResult {
    /// The generator returned.
    PYGEN_RETURN = 0,
    /// The generator raised.
    PYGEN_ERROR = -1,
    /// The generator yielded.
    PYGEN_NEXT = 1,
}

macro_rules! functions {
    ($($name:ident($($arg:ty),*) $(-> $ret:ty)?;)*) => {
        $(#[doc = concat!("`", stringify!($name), "`.")]
        pub type $name = unsafe extern "C" fn($($arg),*) $(-> $ret)?;)*
    };
}

functions! {
    unaryfunc(*mut PyObject) -> *mut PyObject;
    binaryfunc(*mut PyObject, *mut PyObject) -> *mut PyObject;
    ternaryfunc(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
    inquiry(*mut PyObject) -> c_int;
    lenfunc(*mut PyObject) -> Py_ssize_t;
    ssizeargfunc(*mut PyObject, Py_ssize_t) -> *mut PyObject;
    ssizeobjargproc(*mut PyObject, Py_ssize_t, *mut PyObject) -> c_int;
    objobjproc(*mut PyObject, *mut PyObject) -> c_int;
    objobjargproc(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;
    visitproc(*mut PyObject, *mut c_void) -> c_int;
    traverseproc(*mut PyObject, visitproc, *mut c_void) -> c_int;
    freefunc(*mut c_void);
    destructor(*mut PyObject);
    getattrfunc(*mut PyObject, *mut c_char) -> *mut PyObject;
    getattrofunc(*mut PyObject, *mut PyObject) -> *mut PyObject;
    setattrfunc(*mut PyObject, *mut c_char, *mut PyObject) -> c_int;
    setattrofunc(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;
    reprfunc(*mut PyObject) -> *mut PyObject;
    hashfunc(*mut PyObject) -> Py_hash_t;
    richcmpfunc(*mut PyObject, *mut PyObject, c_int) -> *mut PyObject;
    getiterfunc(*mut PyObject) -> *mut PyObject;
    iternextfunc(*mut PyObject) -> *mut PyObject;
    descrgetfunc(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
    descrsetfunc(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;
    initproc(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;
    newfunc(*mut PyTypeObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
    allocfunc(*mut PyTypeObject, Py_ssize_t) -> *mut PyObject;
    vectorcallfunc(*mut PyObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject;
    sendfunc(*mut PyObject, *mut PyObject, *mut *mut PyObject) -> PySendResult;
    getbufferproc(*mut PyObject, *mut Py_buffer, c_int) -> c_int;
    releasebufferproc(*mut PyObject, *mut Py_buffer);
    getter(*mut PyObject, *mut c_void) -> *mut PyObject;
    setter(*mut PyObject, *mut PyObject, *mut c_void) -> c_int;
    wrapperfunc(*mut PyObject, *mut PyObject, *mut c_void) -> *mut PyObject;
    wrapperfunc_kwds(*mut PyObject, *mut PyObject, *mut c_void, *mut PyObject) -> *mut PyObject;
    PyCFunction(*mut PyObject, *mut PyObject) -> *mut PyObject;
    PyCFunctionWithKeywords(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
    PyCFunctionFast(*mut PyObject, *const *mut PyObject, Py_ssize_t) -> *mut PyObject;
    PyCFunctionFastWithKeywords(*mut PyObject, *const *mut PyObject, Py_ssize_t, *mut PyObject) -> *mut PyObject;
    PyCMethod(*mut PyObject, *mut PyTypeObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject;
    PyCapsule_Destructor(*mut PyObject);
    Py_tracefunc(*mut PyObject, *mut PyFrameObject, c_int, *mut PyObject) -> c_int;
    PyModInitFunction() -> *mut PyObject;
}
