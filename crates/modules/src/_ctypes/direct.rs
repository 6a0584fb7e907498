//! C functions whose addresses `ctypes` calls like any other: `memmove`,
//! `string_at`, `cast`. They run with the GIL held.

use std::ffi::{c_int, c_void};

use object::{AsObject, Bytes, Obj, Protocol, Raised, Ref, Result, Thread, raise};

use super::{
    code,
    construct::view_of,
    data::CData,
    info::{FunctionType, PointerType, class_name, is_class_of},
    simple::simple_code,
};

/// The functions by the names of their addresses.
pub(super) const ADDRESSES: [(&str, fn() -> usize); 6] = [
    ("_memmove_addr", || libc::memmove as *const () as usize),
    ("_memset_addr", || libc::memset as *const () as usize),
    ("_string_at_addr", || string_at as *const () as usize),
    ("_cast_addr", || cast as *const () as usize),
    ("_wstring_at_addr", || wstring_at as *const () as usize),
    ("_memoryview_at_addr", || memoryview_at as *const () as usize),
];

fn raw(result: Result) -> *mut abi::PyObject {
    match result {
        Ok(value) => value.into_raw(),
        Err(Raised) => std::ptr::null_mut(),
    }
}

unsafe extern "C" fn string_at(ptr: *const u8, size: c_int) -> *mut abi::PyObject {
    // SAFETY: called through `PYFUNCTYPE`, with the GIL held.
    let th = unsafe { Thread::current() };
    raw(bytes_at(th, ptr.expose_provenance(), size as isize))
}

fn bytes_at(th: Thread<'_>, address: usize, size: isize) -> Result {
    super::audit(th, "ctypes.string_at", &[&address, &size])?;
    if size == -1 {
        // SAFETY: the program says that a C string is there.
        return unsafe { code::c_bytes(th, address) }.map(Ref::upcast);
    }
    let Ok(size) = usize::try_from(size) else {
        raise!(th, SystemError, "Negative size passed to PyBytes_FromStringAndSize");
    };
    if size == 0 {
        return Bytes::new(th, &[]).map(Ref::upcast);
    }
    let start = std::ptr::with_exposed_provenance::<u8>(address);
    // SAFETY: the program says that so many bytes are there.
    Bytes::new(th, unsafe { std::slice::from_raw_parts(start, size) }).map(Ref::upcast)
}

unsafe extern "C" fn wstring_at(ptr: *const u32, size: c_int) -> *mut abi::PyObject {
    // SAFETY: called through `PYFUNCTYPE`, with the GIL held.
    let th = unsafe { Thread::current() };
    raw(wide_string_at(th, ptr.expose_provenance(), size as isize))
}

fn wide_string_at(th: Thread<'_>, address: usize, size: isize) -> Result {
    super::audit(th, "ctypes.wstring_at", &[&address, &size])?;
    if size < -1 {
        raise!(th, SystemError, "Negative size passed to PyUnicode_New");
    }
    // SAFETY: the program says that a wide string is there.
    unsafe { code::wide_at(th, address, usize::try_from(size).ok()) }.map(Ref::upcast)
}

unsafe extern "C" fn memoryview_at(
    ptr: *mut c_void,
    size: isize,
    readonly: c_int,
) -> *mut abi::PyObject {
    // SAFETY: called through `PYFUNCTYPE`, with the GIL held.
    let th = unsafe { Thread::current() };
    raw(view_of(th, ptr.expose_provenance(), size, readonly))
}

unsafe extern "C" fn cast(
    ptr: *mut c_void,
    source: *mut abi::PyObject,
    class: *mut abi::PyObject,
) -> *mut abi::PyObject {
    // SAFETY: called through `PYFUNCTYPE`, with the GIL held and live objects.
    let th = unsafe { Thread::current() };
    // SAFETY: as above.
    let (source, class) = unsafe { (Obj::from_raw(source), Obj::from_raw(class)) };
    match (source, class) {
        (Some(source), Some(class)) => raw(cast_to(th, ptr.expose_provenance(), source, class)),
        _ => raw(Err(object::error!(th, ValueError, "PyObject is NULL"))),
    }
}

fn cast_to(th: Thread<'_>, address: usize, source: Obj<'_>, class: Obj<'_>) -> Result {
    let is_pointer = is_class_of::<PointerType>(class)
        || is_class_of::<FunctionType>(class)
        || matches!(simple_code(class), Some(b's' | b'P' | b'z' | b'Z' | b'O'));
    if !is_pointer {
        if !is_class_of::<super::CType>(class) {
            raise!(th, TypeError, "cast() argument 2 must be a pointer type");
        }
        raise!(
            th,
            TypeError,
            "cast() argument 2 must be a pointer type, not {}",
            class_name(class)
        );
    }
    let result = class.call(th, &[])?;
    let Some(pointer) = result.obj().downcast::<CData>() else {
        raise!(th, TypeError, "cast() argument 2 must be a pointer type");
    };
    if let Some(source) = source.downcast::<CData>() {
        pointer.share_objects(th, source)?;
    }
    pointer.set_pointer(address);
    Ok(result)
}
