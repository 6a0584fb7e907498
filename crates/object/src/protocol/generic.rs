//! Attribute access as `object` does it, and special-method lookup on types.
//!
//! Native types that override `tp_getattro` fall back on these. The lookup of
//! a special method skips the instance, as the interpreter's own does.

use crate::{
    AsObject, Dict, Obj, Protocol, Ref, Result, Str, Thread, Type, error, id, raise, types,
};

/// `object.__getattribute__(object, name)`.
pub fn generic_getattr(th: Thread<'_>, object: Obj<'_>, name: Obj<'_>) -> Result<Ref> {
    let Some(slot) = types::object_type().slots().tp_getattro else {
        raise!(th, SystemError, "object has no __getattribute__");
    };
    // SAFETY: `object`'s slot takes any object and name.
    let value = unsafe { slot(object.as_ptr(), name.as_ptr()) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}

/// `object.__setattr__(object, name, value)`; `None` deletes.
pub fn generic_setattr(
    th: Thread<'_>,
    object: Obj<'_>,
    name: Obj<'_>,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let Some(slot) = types::object_type().slots().tp_setattro else {
        raise!(th, SystemError, "object has no __setattr__");
    };
    let value = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
    // SAFETY: `object`'s slot takes any object and name.
    let status = unsafe { slot(object.as_ptr(), name.as_ptr(), value) };
    if status < 0 { Err(error::Raised) } else { Ok(()) }
}

/// `descriptor.__get__(instance, owner)`, or `descriptor` itself without one.
pub fn bind(descriptor: Ref, instance: Option<Obj<'_>>, owner: Option<&Type>) -> Result<Ref> {
    let Some(slot) = descriptor.obj().ty().slots().tp_descr_get else { return Ok(descriptor) };
    let instance = instance.map_or(std::ptr::null_mut(), Obj::as_ptr);
    let owner = owner.map_or(std::ptr::null_mut(), |ty| ty.as_ptr().cast());
    // SAFETY: the slot belongs to the descriptor's type.
    let value = unsafe { slot(descriptor.as_ptr(), instance, owner) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}

/// The special method `name` of `object`, bound; the instance is not searched.
pub fn lookup_special(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    let ty = object.ty();
    let Some(found) = ty.lookup(th, name).map(Obj::own) else { return Ok(None) };
    bind(found, Some(object), Some(ty)).map(Some)
}

/// Call the special method `name` of `object` with one argument; `None` if
/// there is no such method. Functions get `object` without being bound.
pub fn call_special(
    th: Thread<'_>,
    object: Obj<'_>,
    name: &Str,
    argument: Obj<'_>,
) -> Result<Option<Ref>> {
    let ty = object.ty();
    let Some(found) = ty.lookup(th, name).map(Obj::own) else { return Ok(None) };
    if found.obj().ty().flags() & abi::Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
        return found.call(th, &[object, argument]).map(Some);
    }
    bind(found, Some(object), Some(ty))?.call(th, &[argument]).map(Some)
}

/// Whether `object.__isabstractmethod__` is true.
pub fn is_abstract(th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
    // A `staticmethod` asks what it wraps, to any depth.
    th.check_stack_end()?;
    match super::attr::getattr_opt(th, object, id!(th, "__isabstractmethod__"))? {
        Some(value) => super::is_true(th, value.obj()),
        None => Ok(false),
    }
}

/// The `__dict__` setter of a native type with a dict: the new dict.
pub fn dict_to_assign<'a>(th: Thread<'_>, value: Option<Obj<'a>>) -> Result<&'a Dict> {
    let Some(value) = value else { raise!(th, TypeError, "cannot delete __dict__") };
    match value.downcast::<Dict>() {
        Some(dict) => Ok(dict),
        None => raise!(
            th,
            TypeError,
            "__dict__ must be set to a dictionary, not a '{}'",
            value.type_name()
        ),
    }
}

/// `name`'s value in the dict of the first class behind `after` in the MRO of `start`.
pub fn lookup_after(th: Thread<'_>, start: &Type, after: &Type, name: &Str) -> Result<Option<Ref>> {
    let Some(mro) = start.mro().map(crate::own) else { return Ok(None) };
    let bases = mro.items();
    let Some(index) = bases.iter().position(|base| base.is(after.obj())) else { return Ok(None) };
    for base in &bases[index + 1..] {
        // SAFETY: the MRO holds types.
        let base = unsafe { Type::from_obj(*base) };
        // SAFETY: `tp_dict` is null or a dict that lives as long as the type.
        let dict = unsafe { Obj::from_raw(base.slots().tp_dict) };
        // SAFETY: as above.
        let found = dict.and_then(|dict| unsafe { dict.cast::<Dict>() }.get_name(th, name));
        if let Some(found) = found {
            return Ok(Some(found.own()));
        }
    }
    Ok(None)
}

/// A bound method of any callable.
pub fn bound_method(th: Thread<'_>, callable: Ref, receiver: Obj<'_>) -> Result<Ref> {
    types::method::Method::new(th, callable.obj(), receiver).map(Ref::upcast)
}

/// What the running code finds as the builtin `name`. Runs Python code if a key
/// of the builtins does.
pub fn builtin(th: Thread<'_>, name: &Str) -> Result<Ref> {
    let current = (th.hooks().current_builtins)(th);
    let builtins = current.or_else(|| th.interp().builtins.get().map(Ref::upcast));
    let found = match builtins {
        Some(builtins) => match builtins.obj().downcast_exact::<Dict>() {
            Some(dict) => dict.get(th, name.obj())?,
            None => match super::mapping::get_item(th, builtins.obj(), name.obj()) {
                Ok(value) => Some(value),
                Err(raised) => {
                    th.catch(raised, crate::exceptions::types::KeyError())?;
                    None
                }
            },
        },
        None => None,
    };
    found.ok_or_else(|| error!(th, AttributeError, "{name}"))
}
