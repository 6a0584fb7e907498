//! `isinstance` and `issubclass`.
//!
//! The `real_*` functions are what `type` does; the others first ask the
//! class's `__instancecheck__` or `__subclasscheck__`. Anything with a tuple
//! `__bases__` passes for a class.

use crate::{
    AsObject, Obj, Protocol, PyStruct, Ref, Result, Thread, Tuple, Type, id, own, raise, small_int,
    types::{self, union::Union},
};

use super::generic::call_special;

const INSTANCE_ERROR: &str = "isinstance() arg 2 must be a type, a tuple of types, or a union";
const SUBCLASS_ERROR: &str = "issubclass() arg 2 must be a class, a tuple of classes, or a union";

/// `isinstance(object, cls)`.
pub fn is_instance(th: Thread<'_>, object: Obj<'_>, cls: Obj<'_>) -> Result<bool> {
    if object.ty().obj().is(cls) {
        return Ok(true);
    }
    if cls.ty().obj().is(Type::type_object().obj()) {
        return real_is_instance(th, object, cls);
    }
    let union = cls.downcast_exact::<Union>().map(Union::args);
    if let Some(classes) = union.or_else(|| cls.downcast::<Tuple>().map(own)) {
        th.check_stack(" in __instancecheck__")?;
        for cls in classes.items() {
            if is_instance(th, object, *cls)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    th.check_stack(" in __instancecheck__")?;
    if let Some(answer) = call_special(th, cls, id!(th, "__instancecheck__"), object)? {
        return answer.is_true(th);
    }
    real_is_instance(th, object, cls)
}

/// `issubclass(derived, cls)`.
pub fn is_subclass(th: Thread<'_>, derived: Obj<'_>, cls: Obj<'_>) -> Result<bool> {
    if cls.ty().obj().is(Type::type_object().obj()) {
        return if derived.is(cls) { Ok(true) } else { real_is_subclass(th, derived, cls) };
    }
    let union = cls.downcast_exact::<Union>().map(Union::args);
    if let Some(classes) = union.or_else(|| cls.downcast::<Tuple>().map(own)) {
        th.check_stack(" in __subclasscheck__")?;
        for cls in classes.items() {
            if is_subclass(th, derived, *cls)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    th.check_stack(" in __subclasscheck__")?;
    if let Some(answer) = call_special(th, cls, id!(th, "__subclasscheck__"), derived)? {
        return answer.is_true(th);
    }
    real_is_subclass(th, derived, cls)
}

/// `type.__instancecheck__(cls, object)`.
pub fn real_is_instance(th: Thread<'_>, object: Obj<'_>, cls: Obj<'_>) -> Result<bool> {
    if let Some(cls) = cls.downcast::<Type>() {
        if object.ty().is_subtype(cls) {
            return Ok(true);
        }
        if tells_its_class(th, object) {
            return Ok(false);
        }
        let claimed = object.getattr_opt(th, id!(th, "__class__"))?;
        return Ok(claimed.is_some_and(|claimed| {
            let claimed = claimed.obj().downcast::<Type>();
            claimed.is_some_and(|ty| !std::ptr::eq(ty, object.ty()) && ty.is_subtype(cls))
        }));
    }
    check_class(th, cls, INSTANCE_ERROR)?;
    match object.getattr_opt(th, id!(th, "__class__"))? {
        Some(claimed) => abstract_is_subclass(th, claimed, cls),
        None => Ok(false),
    }
}

/// Whether the `__class__` of an object is certainly its type.
fn tells_its_class(th: Thread<'_>, object: Obj<'_>) -> bool {
    if small_int::in_range(object.as_ptr()) {
        return true;
    }
    let (ty, base) = (object.ty(), types::object_type());
    let slot = |ty: &Type| ty.slots().tp_getattro.map(|slot| slot as usize);
    let attribute = |ty: &Type| ty.lookup(th, id!(th, "__class__")).map(Obj::as_ptr);
    slot(ty) == slot(base) && attribute(ty) == attribute(base)
}

/// `type.__subclasscheck__(cls, derived)`.
pub fn real_is_subclass(th: Thread<'_>, derived: Obj<'_>, cls: Obj<'_>) -> Result<bool> {
    if let (Some(derived), Some(cls)) = (derived.downcast::<Type>(), cls.downcast::<Type>()) {
        return Ok(derived.is_subtype(cls));
    }
    check_class(th, derived, "issubclass() arg 1 must be a class")?;
    check_class(th, cls, SUBCLASS_ERROR)?;
    abstract_is_subclass(th, derived.own(), cls)
}

/// `object.__bases__` if it is a tuple.
fn bases_of(th: Thread<'_>, object: Obj<'_>) -> Result<Option<Ref<Tuple>>> {
    let bases = object.getattr_opt(th, id!(th, "__bases__"))?;
    Ok(bases.and_then(|bases| bases.downcast::<Tuple>().ok()))
}

fn check_class(th: Thread<'_>, object: Obj<'_>, message: &str) -> Result<()> {
    if bases_of(th, object)?.is_none() {
        raise!(th, TypeError, "{message}");
    }
    Ok(())
}

/// Search `cls` among `derived` and its `__bases__`, recursively.
fn abstract_is_subclass(th: Thread<'_>, mut derived: Ref, cls: Obj<'_>) -> Result<bool> {
    loop {
        if derived.obj().is(cls) {
            return Ok(true);
        }
        let Some(bases) = bases_of(th, derived.obj())? else { return Ok(false) };
        match bases.items() {
            [] => return Ok(false),
            [base] => derived = base.own(),
            several => {
                th.check_stack(" in __issubclass__")?;
                for base in several {
                    if abstract_is_subclass(th, base.own(), cls)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
        }
    }
}
