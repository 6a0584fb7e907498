//! Attribute access through `tp_getattro` and `tp_setattro`.

use crate::{
    Obj, PyStruct, Ref, Result, Str, Thread, Type, error,
    exceptions::{self, types::AttributeError},
    raise, shape,
    types::{module::Module, object_, type_::as_type},
};

/// What a method lookup found.
pub enum Method {
    /// A function to be called with the object in front.
    Unbound(Ref),
    /// Anything else, to be called as it is.
    Value(Ref),
}

/// `object.name`, about to be called.
#[inline(never)]
pub fn method(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Method> {
    let ty = object.ty();
    let as_value = || getattr(th, object, name).map(Method::Value);
    let is_generic =
        ty.slots().tp_getattro.is_some_and(|slot| is_slot(slot, object_::object_type()));
    if !is_generic || !name.is_interned() {
        return as_value();
    }
    let Some(found) = ty.lookup(th, name).map(Obj::own) else { return as_value() };
    if crate::AsObject::obj(&found).ty().flags() & abi::Py_TPFLAGS_METHOD_DESCRIPTOR == 0 {
        return as_value();
    }
    if ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        if let Some(value) = shape::get(th, object, name)? {
            return Ok(Method::Value(value));
        }
    } else if ty.slots().tp_dictoffset != 0 && !lacks(th, object, name) {
        return as_value();
    }
    Ok(Method::Unbound(found))
}

/// Whether an object with a dict of its own (files, partials, ordered dicts) surely
/// has no `name` in it. PERF: their methods are called without a bound method.
fn lacks(th: Thread<'_>, object: Obj<'_>, name: &Str) -> bool {
    let offset = object.ty().slots().tp_dictoffset;
    if offset <= 0 || offset % align_of::<usize>() as isize != 0 {
        return false;
    }
    // SAFETY: the type says that there is a dict or null.
    let dict = unsafe { object.as_ptr().byte_offset(offset).cast::<*mut abi::PyObject>().read() };
    // SAFETY: the object owns its dict, and looking up a string runs no code.
    let dict = unsafe { Obj::from_raw(dict) };
    dict.is_none_or(|dict| {
        dict.downcast_exact::<crate::Dict>()
            .is_some_and(|dict| dict.is_unicode_keys() && dict.get_name(th, name).is_none())
    })
}

/// `getattr(object, name)`.
pub fn getattr(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Ref> {
    use crate::AsObject;
    let Some(slot) = object.ty().slots().tp_getattro else {
        raise!(th, AttributeError, "'{}' object has no attribute '{name}'", object.type_name());
    };
    // SAFETY: the slot belongs to the object's type.
    let value = unsafe { slot(object.as_ptr(), name.obj().as_ptr()) };
    // SAFETY: a slot returns a new reference or null.
    match unsafe { Ref::from_raw(value) } {
        Some(value) => Ok(value),
        None => Err(with_origin(th, object, name)),
    }
}

/// Note in an `AttributeError` what was looked for, if it does not know.
#[cold]
pub fn with_origin(th: Thread<'_>, object: Obj<'_>, name: &Str) -> error::Raised {
    use crate::AsObject;
    if let Some(exception) = th.exception()
        && let Some(error) = exception.obj().downcast::<exceptions::AttributeError>()
    {
        error.set_origin(object, name.obj());
    }
    error::Raised
}

/// `getattr(object, name)`, `None` when there is no such attribute.
pub fn getattr_opt(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    let found = match object.ty().slots().tp_getattro {
        // PERF: no exception is made for what is missing; `hasattr` is ten times as fast.
        Some(slot) if is_slot(slot, object_::object_type()) => {
            object_::generic_getattr_opt(th, object, name)
        }
        Some(slot) if is_slot(slot, Type::type_object()) => match as_type(object) {
            Some(ty) => ty.get_attribute_opt(th, name),
            None => getattr(th, object, name).map(Some),
        },
        Some(slot) if is_slot(slot, Module::type_object()) => match object.downcast::<Module>() {
            Some(module) => module.attribute_opt(th, name),
            None => getattr(th, object, name).map(Some),
        },
        _ => getattr(th, object, name).map(Some),
    };
    match found {
        Ok(found) => Ok(found),
        // COMPAT: a getter of C code that fails and does not say why has nothing.
        Err(_) if !th.is_raised() => Ok(None),
        Err(raised) => th.catch(raised, AttributeError()).map(|()| None),
    }
}

fn is_slot(slot: abi::getattrofunc, of: &Type) -> bool {
    of.slots().tp_getattro.is_some_and(|known| known as usize == slot as usize)
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
