//! `dlopen` and its family, for Python.

use std::ffi::CString;

use object::{AsObject, Bytes, Int, List, Obj, Ref, Result, Str, Thread, raise};

use crate::support::{self, path::fspath};

use super::construct::{address_of, handle_attribute};

/// What the linker answered.
type Found = std::result::Result<usize, Option<String>>;

/// A name for the linker.
pub(super) fn c_name(th: Thread<'_>, name: &str) -> Result<CString> {
    match CString::new(name) {
        Ok(name) => Ok(name),
        Err(_) => raise!(th, ValueError, "embedded null character"),
    }
}

/// `dll._handle`.
pub(super) fn handle_of(th: Thread<'_>, dll: Obj<'_>) -> Result<usize> {
    let handle = handle_attribute(th, dll)?;
    if !Int::is_int(handle.obj()) {
        raise!(th, TypeError, "the _handle attribute of the second argument must be an integer");
    }
    match address_of(th, handle.obj()) {
        Ok(handle) => Ok(handle),
        Err(raised) => {
            th.clear_exception(raised);
            raise!(th, ValueError, "could not convert the _handle attribute to a pointer")
        }
    }
}

/// The address of `name`.
pub(super) fn find(th: Thread<'_>, handle: usize, name: &str) -> Result<Found> {
    let name = c_name(th, name)?;
    // SAFETY: the program says that it is a handle.
    Ok(unsafe { host::library::symbol(handle, &name) })
}

/// A path as the linker wants it.
fn file_name(th: Thread<'_>, name: Obj<'_>) -> Result<CString> {
    let path = fspath(th, name)?;
    let bytes = match path.obj().downcast::<Bytes>() {
        Some(bytes) => bytes.as_bytes().to_vec(),
        None => match path.obj().downcast::<Str>() {
            Some(text) => support::encode_fs(th, text)?,
            None => Vec::new(),
        },
    };
    match CString::new(bytes) {
        Ok(name) => Ok(name),
        Err(_) => raise!(th, ValueError, "embedded null byte"),
    }
}

/// `dlopen(name, flag)`.
pub(super) fn open(th: Thread<'_>, name: Obj<'_>, mode: i32) -> Result<Ref> {
    let path = if name.is_none() { None } else { Some(file_name(th, name)?) };
    super::audit(th, "ctypes.dlopen", &[&name])?;
    match host::library::open(path.as_deref(), mode | libc::RTLD_NOW) {
        Ok(handle) => Int::from_usize(th, handle),
        Err(message) => raise!(th, OSError, "{message}"),
    }
}

/// `dlclose(handle)`.
pub(super) fn close(th: Thread<'_>, handle: Obj<'_>) -> Result<()> {
    let handle = pointer_argument(th, handle)?;
    // SAFETY: the program says that it is a handle.
    match unsafe { host::library::close(handle) } {
        Ok(()) => Ok(()),
        Err(message) => raise!(th, OSError, "{message}"),
    }
}

/// `dlsym(handle, name)`.
pub(super) fn symbol(th: Thread<'_>, handle: Obj<'_>, name: &str) -> Result<Ref> {
    let address = pointer_argument(th, handle)?;
    super::audit(th, "ctypes.dlsym/handle", &[&handle, &name])?;
    match find(th, address, name)? {
        Ok(address) => Int::from_usize(th, address),
        Err(Some(message)) => raise!(th, OSError, "{message}"),
        Err(None) => raise!(th, OSError, "symbol '{name}' not found"),
    }
}

/// An int argument that is an address.
pub(super) fn pointer_argument(th: Thread<'_>, value: Obj<'_>) -> Result<usize> {
    if !Int::is_int(value) {
        raise!(th, TypeError, "an integer is required");
    }
    address_of(th, value)
}

/// `dllist()`.
pub(super) fn loaded(th: Thread<'_>) -> Result<Ref<List>> {
    let mut names = Vec::new();
    for name in host::library::loaded() {
        names.push(support::decode_fs(th, name.to_bytes())?.upcast());
    }
    List::from_refs(th, names)
}

/// The name of a function: text or bytes.
pub(super) fn function_name(th: Thread<'_>, name: Obj<'_>) -> Result<String> {
    if let Some(name) = name.downcast::<Bytes>() {
        return Ok(String::from_utf8_lossy(name.as_bytes()).into_owned());
    }
    match name.downcast::<Str>() {
        Some(name) => name.to_utf8(th).map(str::to_owned),
        None => raise!(th, TypeError, "function name must be string, bytes object or integer"),
    }
}
