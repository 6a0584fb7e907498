//! Attribute access through `tp_getattro` and `tp_setattro`.

use crate::{
    Obj, Ref, Result, Str, Thread, Type, error, exceptions::types::AttributeError, raise,
    types::object_,
};

/// `getattr(object, name)`.
pub fn getattr(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Ref> {
    use crate::AsObject;
    let Some(slot) = object.ty().slots().tp_getattro else {
        raise!(th, AttributeError, "'{}' object has no attribute '{name}'", object.type_name());
    };
    // SAFETY: the slot belongs to the object's type.
    let value = unsafe { slot(object.as_ptr(), name.obj().as_ptr()) };
    // SAFETY: a slot returns a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}

/// `getattr(object, name)`, `None` when there is no such attribute.
pub fn getattr_opt(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    let slot = |ty: &Type| ty.slots().tp_getattro.map(|slot| slot as usize);
    // PERF: an exception that nobody sees costs more than the rest of `hasattr`.
    let found = if slot(object.ty()) == slot(object_::object_type()) {
        object_::generic_getattr_opt(th, object, name)
    } else {
        getattr(th, object, name).map(Some)
    };
    match found {
        Ok(value) => Ok(value),
        Err(raised) => th.catch(raised, AttributeError()).map(|()| None),
    }
}

/// `setattr(object, name, value)`; `None` deletes.
pub fn setattr(th: Thread<'_>, object: Obj<'_>, name: &Str, value: Option<Obj<'_>>) -> Result<()> {
    use crate::AsObject;
    let Some(slot) = object.ty().slots().tp_setattro else {
        let verb = if value.is_some() { "assign to" } else { "del" };
        raise!(th, TypeError, "'{}' object has no attributes ({verb} .{name})", object.type_name());
    };
    let value = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
    // SAFETY: the slot belongs to the object's type.
    let status = unsafe { slot(object.as_ptr(), name.obj().as_ptr(), value) };
    if status < 0 { Err(error::Raised) } else { Ok(()) }
}
