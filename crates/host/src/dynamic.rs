//! Shared libraries: opening them and finding their symbols.

use std::{
    ffi::{CStr, CString, c_void},
    io,
    ptr::NonNull,
};

/// `RTLD_NOW`, what extension modules are opened with.
pub const NOW: i32 = libc::RTLD_NOW;

/// A library that stays open for good: objects hold pointers into it.
#[derive(Clone, Copy)]
pub struct Library(NonNull<c_void>);

/// What `dlerror` says.
fn last_error() -> io::Error {
    // SAFETY: the text belongs to the calling thread until its next call.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return io::Error::other("unknown dlopen() error");
    }
    // SAFETY: a C string.
    io::Error::other(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

impl Library {
    /// Open the library at `path`; its initialisers run.
    pub fn open(path: &CStr, flags: i32) -> io::Result<Library> {
        // SAFETY: a C string; what the initialisers do is the library's affair.
        let handle = unsafe { libc::dlopen(path.as_ptr(), flags) };
        NonNull::new(handle).map(Library).ok_or_else(last_error)
    }

    /// The address of a symbol.
    pub fn symbol(self, name: &str) -> Option<NonNull<c_void>> {
        let name = CString::new(name).ok()?;
        // SAFETY: the library is open.
        NonNull::new(unsafe { libc::dlsym(self.0.as_ptr(), name.as_ptr()) })
    }
}
