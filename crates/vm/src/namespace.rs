//! Looking up, binding and unbinding names in namespaces of any kind.

use std::fmt;

use object::{
    AsObject, Dict, Obj, Protocol, Raised, Ref, Result, Str, Thread, Type, error, id, protocol,
    raise,
};

use crate::frame::Frame;

/// Raise a name error that carries the name.
#[cold]
#[inline(never)]
pub(crate) fn unbound(th: Thread<'_>, ty: &Type, text: fmt::Arguments<'_>, name: &Str) -> Raised {
    let raised = th.raise(ty, text);
    // COMPAT: an UnboundLocalError has no name.
    if !std::ptr::eq(ty, object::exceptions::types::NameError()) {
        return raised;
    }
    let exception = th.take_exception(raised);
    let set = exception.setattr(th, id!(th, "name"), Some(name.obj()));
    if let Err(raised) = set {
        th.clear_exception(raised);
    }
    th.restore(exception)
}

#[cold]
#[inline(never)]
pub(crate) fn not_defined(th: Thread<'_>, name: &Str) -> Raised {
    let ty = object::exceptions::types::NameError();
    unbound(th, ty, format_args!("name '{name}' is not defined"), name)
}

/// `mapping[name]`, `None` for a missing key.
pub(crate) fn mapping_get(th: Thread<'_>, mapping: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    if let Some(dict) = mapping.downcast_exact::<Dict>() {
        return dict.get(th, name.obj());
    }
    match protocol::mapping::get_item(th, mapping, name.obj()) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => {
            th.catch(raised, object::exceptions::types::KeyError())?;
            Ok(None)
        }
    }
}

/// A global or builtin variable of a frame.
#[inline(never)]
pub(crate) fn global(th: Thread<'_>, frame: *mut Frame, name: &Str) -> Result<Ref> {
    // SAFETY: the running frame; globals are a dict, builtins any mapping.
    let (globals, builtins) = unsafe { (Frame::globals(frame), Frame::builtins(frame)) };
    if let Some(value) = globals.get_name(th, name) {
        return Ok(value.own());
    }
    if let Some(value) = mapping_get(th, globals.obj(), name)? {
        return Ok(value);
    }
    match mapping_get(th, builtins, name)? {
        Some(value) => Ok(value),
        None => Err(not_defined(th, name)),
    }
}

/// The local namespace, which module and class bodies have.
pub(crate) fn locals<'a>(th: Thread<'_>, frame: *mut Frame, doing: &str) -> Result<Obj<'a>> {
    // SAFETY: the frame owns its namespace for as long as it runs.
    match unsafe { Obj::from_raw((*frame).locals) } {
        Some(locals) => Ok(locals),
        None => raise!(th, SystemError, "no locals {doing}"),
    }
}

/// A name of a module or class body.
#[inline(never)]
pub(crate) fn name(th: Thread<'_>, frame: *mut Frame, name: &Str) -> Result<Ref> {
    let locals = match locals(th, frame, "") {
        Ok(locals) => locals,
        Err(raised) => {
            th.clear_exception(raised);
            return Err(error!(th, SystemError, "no locals when loading {name}"));
        }
    };
    if let Some(value) = mapping_get(th, locals, name)? {
        return Ok(value);
    }
    global(th, frame, name)
}

/// Bind a name of a module or class body.
#[inline(never)]
pub(crate) fn store(th: Thread<'_>, frame: *mut Frame, name: &Str, value: Obj<'_>) -> Result<()> {
    // SAFETY: the frame owns its namespace for as long as it runs.
    let Some(locals) = (unsafe { Obj::from_raw((*frame).locals) }) else {
        raise!(th, SystemError, "no locals found when storing {name}");
    };
    match locals.downcast_exact::<Dict>() {
        Some(dict) => dict.set(th, name.obj(), value),
        None => locals.set_item(th, name.obj(), Some(value)),
    }
}

/// Unbind a name of a module or class body.
#[inline(never)]
pub(crate) fn delete(th: Thread<'_>, frame: *mut Frame, name: &Str) -> Result<()> {
    // SAFETY: the frame owns its namespace for as long as it runs.
    let Some(locals) = (unsafe { Obj::from_raw((*frame).locals) }) else {
        raise!(th, SystemError, "no locals when deleting {name}");
    };
    if let Err(raised) = locals.set_item(th, name.obj(), None) {
        th.catch(raised, object::exceptions::types::KeyError())?;
        return Err(not_defined(th, name));
    }
    Ok(())
}

/// Unbind a global variable.
#[inline(never)]
pub(crate) fn delete_global(th: Thread<'_>, frame: *mut Frame, name: &Str) -> Result<()> {
    // SAFETY: the running frame.
    let globals = unsafe { Frame::globals(frame) };
    if globals.remove(th, name.obj())? { Ok(()) } else { Err(not_defined(th, name)) }
}

/// Bind a global variable.
#[inline(never)]
pub(crate) fn store_global(
    th: Thread<'_>,
    frame: *mut Frame,
    name: &Str,
    value: Obj<'_>,
) -> Result<()> {
    // SAFETY: the running frame.
    unsafe { Frame::globals(frame) }.set(th, name.obj(), value)
}
