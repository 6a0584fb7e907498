//! Attribute access that avoids bound methods.

use object::{AsObject, Obj, Protocol, Ref, Result, Str, Thread, Type, shape, types, types::type_};

pub(crate) use object::protocol::attr::{Method, method};

use object::protocol::attr::with_origin;

/// The address of `object.__getattribute__`'s slot.
pub(crate) fn generic_getattro() -> Option<usize> {
    object::types::object_type().slots().tp_getattro.map(|slot| slot as usize)
}

/// A special method: looked up on the type.
pub(crate) fn special(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Method>> {
    let ty = object.ty();
    let Some(found) = ty.lookup(th, name).map(Obj::own) else { return Ok(None) };
    let kind = found.obj().ty();
    if kind.flags() & abi::Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
        return Ok(Some(Method::Unbound(found)));
    }
    let Some(get) = kind.slots().tp_descr_get else { return Ok(Some(Method::Value(found))) };
    // SAFETY: the slot belongs to the descriptor's type.
    let value = unsafe { get(found.as_ptr(), object.as_ptr(), ty.obj().as_ptr()) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(object::Raised).map(|value| Some(Method::Value(value)))
}

/// `super(ty, this).name` without making the `super` object; `None` if the
/// generic way has to decide.
pub(crate) fn super_method(
    th: Thread<'_>,
    ty: &Type,
    this: Obj<'_>,
    name: &Str,
    wants_method: bool,
) -> Result<Option<Method>> {
    let start = match type_::as_type(this) {
        Some(class) if class.is_subtype(ty) => return Ok(None),
        _ => this.ty(),
    };
    if !start.is_subtype(ty) || std::ptr::eq(name, object::id!(th, "__class__")) {
        return Ok(None);
    }
    let Some(found) = start.lookup_after(th, ty, name).map(Obj::own) else { return Ok(None) };
    let kind = found.obj().ty();
    if wants_method && kind.flags() & abi::Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
        return Ok(Some(Method::Unbound(found)));
    }
    let Some(get) = kind.slots().tp_descr_get else { return Ok(Some(Method::Value(found))) };
    // SAFETY: the slot belongs to the descriptor's type.
    let value = unsafe { get(found.as_ptr(), this.as_ptr(), start.obj().as_ptr()) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(object::Raised).map(|value| Some(Method::Value(value)))
}

/// `object.name`.
#[inline(never)]
pub(crate) fn get(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Ref> {
    let ty = object.ty();
    let plain = ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0
        && ty.slots().tp_getattro.map(|slot| slot as usize) == generic_getattro();
    if plain {
        let found = ty.lookup(th, name);
        let is_data = found.is_some_and(|found| found.ty().slots().tp_descr_set.is_some());
        if !is_data {
            let found = found.map(Obj::own);
            if let Some(value) = shape::get(th, object, name)? {
                return Ok(value);
            }
            if let Some(found) = found {
                let bound = types::descr::bind(th, found.obj(), Some(object), ty);
                return bound.map_err(|_| with_origin(th, object, name));
            }
        }
    }
    object.getattr(th, name)
}
