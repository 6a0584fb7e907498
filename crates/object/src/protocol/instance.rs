//! `isinstance` and `issubclass`.
use crate::{Obj, Result, Thread, types::type_::as_type};
/// `isinstance` without hooks.
pub fn real_is_instance(_: Thread<'_>, object: Obj<'_>, class: Obj<'_>) -> Result<bool> {
    Ok(as_type(class).is_some_and(|class| object.ty().is_subtype(class)))
}
/// `issubclass` without hooks.
pub fn real_is_subclass(_: Thread<'_>, sub: Obj<'_>, class: Obj<'_>) -> Result<bool> {
    Ok(as_type(sub).is_some_and(|sub| as_type(class).is_some_and(|class| sub.is_subtype(class))))
}
