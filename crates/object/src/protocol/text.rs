//! `repr` and `str` of any object.

use crate::{AsObject, Obj, Protocol, Ref, Result, Str, Thread, error, id, raise};

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

/// `ascii(object)`.
pub fn ascii(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Str>> {
    let text = repr(th, object)?;
    if text.is_ascii() {
        return Ok(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for code in text.units() {
        match u8::try_from(code) {
            Ok(byte) if byte.is_ascii() => out.push(byte),
            _ => ::text::codecs::handlers::put_backslash(&mut out, code),
        }
    }
    Str::from_ascii(th, &out)
}

/// `format(object, spec)`.
pub fn format(th: Thread<'_>, object: Obj<'_>, spec: &Str) -> Result<Ref<Str>> {
    if spec.len() == 0 {
        if let Some(text) = object.downcast_exact::<Str>() {
            return Ok(crate::own(text));
        }
        if crate::Int::is_int(object) && object.is_exact::<crate::Int>() {
            return repr(th, object);
        }
    }
    // PERF: the builtin types' own methods, without finding and binding them.
    if let Some(text) = object.downcast_exact::<Str>() {
        return crate::types::str::format::format_str(th, text, spec);
    }
    if crate::Int::is_exact(object) {
        return crate::types::int::format::format_int(th, object, spec);
    }
    if let Some(value) = object.downcast_exact::<crate::Float>() {
        return crate::types::int::format::format_float(th, object, value.value(), spec);
    }
    let ty = object.ty();
    let Some(method) = ty.lookup(th, id!(th, "__format__")).map(Obj::own) else {
        raise!(th, TypeError, "Type {} doesn't define __format__", object.type_name());
    };
    let result = match method.obj().ty().slots().tp_descr_get {
        Some(get) => {
            // SAFETY: the slot belongs to the descriptor's type.
            let bound = unsafe { get(method.as_ptr(), object.as_ptr(), ty.obj().as_ptr()) };
            // SAFETY: a new reference or null.
            let bound = unsafe { Ref::from_raw(bound) }.ok_or(error::Raised)?;
            bound.call(th, &[spec.obj()])?
        }
        None => method.call(th, &[spec.obj()])?,
    };
    match result.downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(other) => {
            raise!(th, TypeError, "__format__ must return a str, not {}", other.obj().type_name())
        }
    }
}

/// `format(object, spec)` for an f-string field; no `spec` is an empty one.
pub fn format_value(th: Thread<'_>, object: Obj<'_>, spec: Option<Obj<'_>>) -> Result<Ref<Str>> {
    match spec {
        None => format(th, object, crate::types::str::empty()),
        Some(spec) => match spec.downcast::<Str>() {
            Some(spec) => format(th, object, spec),
            None => raise!(
                th,
                SystemError,
                "Format specifier must be a string, not {}",
                spec.type_name()
            ),
        },
    }
}
