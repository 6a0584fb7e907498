//! `pycapsule.h`.

use std::ffi::{CStr, c_char, c_int, c_void};

use macros::capi;
use object::{
    AsObject, Obj, Protocol, Result, Str, Thread, raise,
    types::{
        self,
        capsule::{self, Capsule},
    },
};

use crate::convert::lossy;

#[capi]
fn PyCapsule_New(
    th: Thread<'_>,
    pointer: *mut c_void,
    name: *const c_char,
    destructor: Option<abi::PyCapsule_Destructor>,
) -> Result {
    capsule::new(th, pointer, name, destructor)
}

#[capi]
fn _PyCapsule_SetTraverse(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    traverse: Option<abi::traverseproc>,
    clear: Option<abi::inquiry>,
) -> Result<()> {
    checked(th, object, "_PyCapsule_SetTraverse")?.set_traverse(th, traverse, clear);
    Ok(())
}

/// The capsule; its pointer tells a living one.
fn checked<'a>(th: Thread<'_>, object: Option<Obj<'a>>, function: &str) -> Result<&'a Capsule> {
    match object.and_then(capsule::as_capsule).filter(|capsule| !capsule.pointer.get().is_null()) {
        Some(capsule) => Ok(capsule),
        None => raise!(th, ValueError, "{function} called with invalid PyCapsule object"),
    }
}

#[capi]
unsafe fn PyCapsule_GetPointer(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    name: *const c_char,
) -> Result<*mut c_void> {
    let capsule = checked(th, object, "PyCapsule_GetPointer")?;
    // SAFETY: C passes null or a C string.
    if !unsafe { capsule.has_name(name) } {
        raise!(th, ValueError, "PyCapsule_GetPointer called with incorrect name");
    }
    Ok(capsule.pointer.get())
}

#[capi]
fn PyCapsule_GetName(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<*const c_char> {
    checked(th, object, "PyCapsule_GetName").map(|capsule| capsule.name.get())
}

#[capi]
fn PyCapsule_GetContext(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<*mut c_void> {
    checked(th, object, "PyCapsule_GetContext").map(|capsule| capsule.context.get())
}

#[capi]
fn PyCapsule_GetDestructor(th: Thread<'_>, object: Option<Obj<'_>>) -> *mut c_void {
    match checked(th, object, "PyCapsule_GetDestructor") {
        Ok(capsule) => capsule.destructor.get().map_or(std::ptr::null_mut(), |f| f as *mut c_void),
        Err(_) => std::ptr::null_mut(),
    }
}

#[capi]
unsafe fn PyCapsule_IsValid(object: Option<Obj<'_>>, name: *const c_char) -> bool {
    object.and_then(capsule::as_capsule).is_some_and(|capsule| {
        // SAFETY: C passes null or a C string.
        !capsule.pointer.get().is_null() && unsafe { capsule.has_name(name) }
    })
}

#[capi]
fn PyCapsule_SetPointer(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    pointer: *mut c_void,
) -> Result<()> {
    if pointer.is_null() {
        raise!(th, ValueError, "PyCapsule_SetPointer called with null pointer");
    }
    checked(th, object, "PyCapsule_SetPointer").map(|capsule| capsule.pointer.set(pointer))
}

#[capi]
fn PyCapsule_SetName(th: Thread<'_>, object: Option<Obj<'_>>, name: *const c_char) -> Result<()> {
    checked(th, object, "PyCapsule_SetName").map(|capsule| capsule.name.set(name))
}

#[capi]
fn PyCapsule_SetContext(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    context: *mut c_void,
) -> Result<()> {
    checked(th, object, "PyCapsule_SetContext").map(|capsule| capsule.context.set(context))
}

#[capi]
fn PyCapsule_SetDestructor(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    destructor: Option<abi::PyCapsule_Destructor>,
) -> Result<()> {
    checked(th, object, "PyCapsule_SetDestructor").map(|capsule| capsule.destructor.set(destructor))
}

/// The pointer of the capsule at `module.attribute…`.
#[capi]
fn PyCapsule_Import(th: Thread<'_>, name: &CStr, _no_block: c_int) -> Result<*mut c_void> {
    let mut parts = name.to_bytes().split(|byte| *byte == b'.');
    let part_name = |part: &[u8]| types::str::codec::decode(th, part, "utf-8", "strict");
    let module = parts.next().unwrap_or_default();
    let mut found = match part_name(module)
        .and_then(|name| vm::import::import_module(th, &*Str::intern(th, &name.to_string())?))
    {
        Ok(found) => found,
        Err(raised) => {
            th.clear_exception(raised);
            let module = String::from_utf8_lossy(module);
            raise!(th, ImportError, "PyCapsule_Import could not import module \"{module}\"")
        }
    };
    for part in parts {
        found = found.getattr(th, &*part_name(part)?)?;
    }
    match capsule::as_capsule(found.obj()) {
        // SAFETY: a C string.
        Some(capsule) if unsafe { capsule.has_name(name.as_ptr()) } => Ok(capsule.pointer.get()),
        _ => raise!(th, AttributeError, "PyCapsule_Import \"{}\" is not valid", lossy(name)),
    }
}
