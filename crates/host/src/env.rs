//! Environment variables of the process.

use std::{
    ffi::{CStr, c_char},
    io,
};

use crate::call::calls;

calls! {
    /// Set a variable.
    fn set(name: &CStr, value: &CStr) = libc::setenv(name.as_ptr(), value.as_ptr(), 1);
    /// Remove a variable.
    fn unset(name: &CStr) = libc::unsetenv(name.as_ptr());
}

/// All variables, as `NAME=value`.
pub fn all() -> Vec<Vec<u8>> {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    let mut all = Vec::new();
    // SAFETY: the C library's variable; callers hold the GIL.
    let mut next = unsafe { environ };
    // SAFETY: a null-terminated array of C strings.
    while !next.is_null() && !unsafe { *next }.is_null() {
        // SAFETY: as above.
        all.push(unsafe { CStr::from_ptr(*next) }.to_bytes().to_vec());
        // SAFETY: as above.
        next = unsafe { next.add(1) };
    }
    all
}

/// A variable.
pub fn get(name: &CStr) -> io::Result<Option<Vec<u8>>> {
    // SAFETY: a C string.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return Ok(None);
    }
    // SAFETY: the environment's string, copied at once.
    Ok(Some(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec()))
}
