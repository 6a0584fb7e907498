//! `socketmodule.h`: the capsule `_socket.CAPI`, through which C code gets at
//! the type and the exceptions.

use std::ffi::{c_int, c_void};

use abi::{PyObject, PyTypeObject};
use object::{AsObject, PyStruct, Ref, Result, Thread, exceptions, types::capsule};

use super::Socket;

/// `PySocketModule_APIObject`.
#[repr(C)]
#[allow(non_snake_case, reason = "named as in C")]
struct Table {
    Sock_Type: *mut PyTypeObject,
    error: *mut PyObject,
    timeout_error: *mut PyObject,
}

unsafe extern "C" fn traverse(
    capsule: *mut PyObject,
    visit: abi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: set for the capsule of this file alone, whose table lives for ever.
    let table = unsafe {
        let capsule = &*capsule.cast::<capsule::Capsule>();
        &*capsule.pointer.get().cast::<Table>()
    };
    // SAFETY: the collector's own function and argument.
    unsafe { visit(table.Sock_Type.cast(), arg) }
}

/// The capsule.
pub(super) fn capsule(th: Thread<'_>) -> Result<Ref> {
    // It lives as long as the process, as do the types.
    let table = Box::leak(Box::new(Table {
        Sock_Type: Socket::type_object().obj().as_ptr().cast(),
        error: exceptions::types::OSError().obj().as_ptr(),
        timeout_error: exceptions::types::TimeoutError().obj().as_ptr(),
    }));
    let pointer = std::ptr::from_mut(table).cast::<c_void>();
    let capsule = capsule::new(th, pointer, c"_socket.CAPI".as_ptr(), None)?;
    if let Some(inner) = capsule::as_capsule(capsule.obj()) {
        inner.set_traverse(th, Some(traverse), None);
    }
    Ok(capsule)
}
