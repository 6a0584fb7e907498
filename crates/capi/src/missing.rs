//! Functions of the API that are not written: each is there, so that libraries
//! load, and raises `NotImplementedError` with its name.
//!
//! The build script lists them: the names in `symbols.tsv` less those that this
//! crate defines. A stub loads its name and jumps to one of three functions,
//! which return what means failure for its type.

use std::ffi::{CStr, c_char, c_void};

use object::{Thread, raise};

fn raise(name: *const c_char) {
    if !Thread::is_attached() {
        return;
    }
    // SAFETY: just checked.
    let th = unsafe { Thread::current() };
    // SAFETY: a stub's own name.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    let result: object::Result<()> = (|| raise!(th, NotImplementedError, "{name}"))();
    let _ = result;
}

#[unsafe(no_mangle)]
unsafe extern "C" fn krait_missing_pointer(name: *const c_char) -> *mut c_void {
    raise(name);
    std::ptr::null_mut()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn krait_missing_status(name: *const c_char) -> i64 {
    raise(name);
    -1
}

#[unsafe(no_mangle)]
unsafe extern "C" fn krait_missing_nothing(name: *const c_char) {
    raise(name);
}

/// For functions that return a status by value: the caller says where to.
#[unsafe(no_mangle)]
unsafe extern "C" fn krait_missing_struct(out: *mut Status, name: *const c_char) -> *mut Status {
    // SAFETY: the caller's own variable.
    unsafe {
        out.write(Status { kind: 1, function: name, message: NOT_WRITTEN.as_ptr(), code: 0 })
    };
    out
}

const NOT_WRITTEN: &CStr = c"not implemented";

/// `PyStatus`: success (0), an error (1) or an exit (2).
#[repr(C)]
pub(crate) struct Status {
    kind: i32,
    function: *const c_char,
    message: *const c_char,
    code: i32,
}

impl Status {
    pub(crate) const OK: Status =
        Status { kind: 0, function: std::ptr::null(), message: std::ptr::null(), code: 0 };

    pub(crate) fn error(message: &'static CStr) -> Status {
        Status { kind: 1, message: message.as_ptr(), ..Status::OK }
    }
}

impl crate::convert::IntoC for Status {
    type C = Status;
    fn into_c(self) -> Status {
        self
    }
    fn failure() -> Status {
        Status::error(c"an exception was raised")
    }
}

include!(concat!(env!("OUT_DIR"), "/missing.rs"));
