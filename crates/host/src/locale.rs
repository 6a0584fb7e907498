//! The locale of the process.

use std::ffi::CStr;

/// Take `LC_CTYPE` from the environment; the name of what it is then.
pub fn set_ctype_from_environment() -> Vec<u8> {
    // SAFETY: a constant name; called before there are threads.
    let mut name = unsafe { libc::setlocale(libc::LC_CTYPE, c"".as_ptr()) };
    if name.is_null() {
        // SAFETY: as above; asks for the name only.
        name = unsafe { libc::setlocale(libc::LC_CTYPE, std::ptr::null()) };
    }
    if name.is_null() {
        return b"C".to_vec();
    }
    // SAFETY: a string of the C library, copied before the next call.
    unsafe { CStr::from_ptr(name) }.to_bytes().to_vec()
}

/// The character encoding of the `LC_CTYPE` locale.
pub fn codeset() -> Vec<u8> {
    // SAFETY: the result is a static string, copied at once.
    let name = unsafe { libc::nl_langinfo(libc::CODESET) };
    if name.is_null() {
        return Vec::new();
    }
    // SAFETY: as above.
    unsafe { CStr::from_ptr(name) }.to_bytes().to_vec()
}
