//! Functions of the API that are not written: each is there, so that libraries
//! load, and raises `NotImplementedError` with its name.
//!
//! The build script lists them: the names in `symbols.tsv` less those that this
//! crate defines. A stub loads its name and jumps to one of three functions,
//! which return what means failure for its type.

use std::ffi::{CStr, c_char, c_void};

use object::{Thread, raise};

fn raise(name: *const c_char) {
    // SAFETY: C calls the API on attached threads.
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

include!(concat!(env!("OUT_DIR"), "/missing.rs"));
