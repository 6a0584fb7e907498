//! `repr` and `str` of any object.

use crate::{AsObject, Obj, Ref, Result, Str, Thread, error, raise};

/// `repr(object)`.
pub fn repr(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Str>> {
    th.check_stack(" while getting the repr of an object")?;
    let Some(slot) = object.ty().slots().tp_repr else {
        return Str::from_fmt(
            th,
            format_args!("<{} object at {:p}>", object.type_name(), object.as_ptr()),
        );
    };
    // SAFETY: the slot belongs to the object's type.
    let value = unsafe { slot(object.as_ptr()) };
    // SAFETY: a new reference or null.
    expect_str(th, unsafe { Ref::from_raw(value) }, "__repr__")
}

/// `str(object)`.
pub fn str(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Str>> {
    if let Some(text) = object.downcast_exact::<Str>() {
        return Ok(crate::own(text));
    }
    let Some(slot) = object.ty().slots().tp_str else { return repr(th, object) };
    th.check_stack(" while getting the str of an object")?;
    // SAFETY: the slot belongs to the object's type.
    let value = unsafe { slot(object.as_ptr()) };
    // SAFETY: a new reference or null.
    expect_str(th, unsafe { Ref::from_raw(value) }, "__str__")
}

fn expect_str(th: Thread<'_>, value: Option<Ref>, method: &str) -> Result<Ref<Str>> {
    match value.ok_or(error::Raised)?.downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(other) => {
            raise!(th, TypeError, "{method} returned non-string (type {})", other.obj().type_name())
        }
    }
}
