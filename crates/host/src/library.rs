//! Shared libraries: load, look up, unload, list.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr::null,
};

/// What the dynamic linker says of its last failure.
fn last_error() -> Option<String> {
    // SAFETY: `dlerror` has no preconditions.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return None;
    }
    // SAFETY: a C string until the next call of the linker by this thread.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

fn failure() -> String {
    last_error().unwrap_or_else(|| "dlopen error".to_owned())
}

/// Load a library; `None` is the program itself.
pub fn open(name: Option<&CStr>, mode: c_int) -> Result<usize, String> {
    let name = name.map_or(null(), CStr::as_ptr);
    // SAFETY: null or a C string. A library's constructors may do anything.
    let handle = unsafe { libc::dlopen(name, mode) };
    if handle.is_null() { Err(failure()) } else { Ok(handle.expose_provenance()) }
}

/// The address of a symbol; the error is `None` if the linker has nothing to say.
///
/// # Safety
///
/// `handle` came from [`open`], or is null.
pub unsafe fn symbol(handle: usize, name: &CStr) -> Result<usize, Option<String>> {
    last_error();
    // SAFETY: the caller's promise.
    let address = unsafe { libc::dlsym(as_handle(handle), name.as_ptr()) };
    if address.is_null() { Err(last_error()) } else { Ok(address.expose_provenance()) }
}

/// Unload a library.
///
/// # Safety
///
/// `handle` came from [`open`], and nobody uses the library any more.
pub unsafe fn close(handle: usize) -> Result<(), String> {
    // SAFETY: the caller's promise.
    if unsafe { libc::dlclose(as_handle(handle)) } == 0 { Ok(()) } else { Err(failure()) }
}

fn as_handle(handle: usize) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(handle)
}

/// The names of the libraries that are loaded, the program's own (empty) first.
pub fn loaded() -> Vec<CString> {
    unsafe extern "C" fn note(
        info: *mut libc::dl_phdr_info,
        _: libc::size_t,
        names: *mut c_void,
    ) -> c_int {
        // SAFETY: the linker passes a description that lives for the call.
        let name: *const c_char = unsafe { (*info).dlpi_name };
        // SAFETY: what `loaded` passed.
        let names = unsafe { &mut *names.cast::<Vec<CString>>() };
        if !name.is_null() {
            // SAFETY: a C string of the linker's.
            names.push(unsafe { CStr::from_ptr(name) }.to_owned());
        }
        0
    }
    let mut names = Vec::new();
    // SAFETY: the callback gets the list, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut names).cast()) };
    names
}
