//! Length, subscription, membership: mappings and sequences.

use crate::exceptions::types::IndexError;
use crate::{AsObject, Int, Obj, Ref, Result, Thread, error, raise};

/// Whether `object[0]` can work as a sequence's.
pub fn is_sequence(object: Obj<'_>) -> bool {
    let ty = object.ty();
    ty.flags() & abi::Py_TPFLAGS_DICT_SUBCLASS == 0
        && ty.sequence().is_some_and(|sequence| sequence.sq_item.is_some())
}

/// Whether `object[key]` works as a mapping's.
pub fn is_mapping(object: Obj<'_>) -> bool {
    object.ty().mapping().is_some_and(|mapping| mapping.mp_subscript.is_some())
}

/// `len(object)`.
pub fn len(th: Thread<'_>, object: Obj<'_>) -> Result<usize> {
    let ty = object.ty();
    let slot = ty
        .sequence()
        .and_then(|sequence| sequence.sq_length)
        .or_else(|| ty.mapping().and_then(|mapping| mapping.mp_length));
    let Some(slot) = slot else {
        raise!(th, TypeError, "object of type '{}' has no len()", object.type_name());
    };
    // SAFETY: the slot belongs to the object's type.
    usize::try_from(unsafe { slot(object.as_ptr()) }).map_err(|_| error::Raised)
}

/// `object[key]`.
pub fn get_item(th: Thread<'_>, object: Obj<'_>, key: Obj<'_>) -> Result<Ref> {
    let ty = object.ty();
    if let Some(slot) = ty.mapping().and_then(|mapping| mapping.mp_subscript) {
        // SAFETY: the slot belongs to the object's type.
        let value = unsafe { slot(object.as_ptr(), key.as_ptr()) };
        // SAFETY: a new reference or null.
        return unsafe { Ref::from_raw(value) }.ok_or(error::Raised);
    }
    if ty.sequence().is_some_and(|sequence| sequence.sq_item.is_some()) {
        if !Int::is_index(key) {
            raise!(th, TypeError, "sequence index must be integer, not '{}'", key.type_name());
        }
        let index = Int::as_index(th, key, IndexError())?;
        return sequence_item(th, object, index);
    }
    crate::types::type_::class_getitem(th, object, key)
}

/// `object[index]` through `sq_item`, a negative index counted from the end.
pub fn sequence_item(th: Thread<'_>, object: Obj<'_>, mut index: isize) -> Result<Ref> {
    let sequence = object.ty().sequence();
    let Some(slot) = sequence.and_then(|sequence| sequence.sq_item) else {
        raise!(th, TypeError, "'{}' object does not support indexing", object.type_name());
    };
    if index < 0 && sequence.is_some_and(|sequence| sequence.sq_length.is_some()) {
        index += len(th, object)? as isize;
    }
    // SAFETY: the slot belongs to the object's type.
    let value = unsafe { slot(object.as_ptr(), index) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}

/// `object[key] = value`; `None` deletes.
pub fn set_item(
    th: Thread<'_>,
    object: Obj<'_>,
    key: Obj<'_>,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let ty = object.ty();
    let raw = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
    let what = if value.is_some() { "assignment" } else { "deletion" };
    if let Some(slot) = ty.mapping().and_then(|mapping| mapping.mp_ass_subscript) {
        // SAFETY: the slot belongs to the object's type.
        let status = unsafe { slot(object.as_ptr(), key.as_ptr(), raw) };
        return if status < 0 { Err(error::Raised) } else { Ok(()) };
    }
    if let Some(sequence) = ty.sequence()
        && let Some(slot) = sequence.sq_ass_item
    {
        if !Int::is_index(key) {
            raise!(th, TypeError, "sequence index must be integer, not '{}'", key.type_name());
        }
        let mut index = Int::as_index(th, key, IndexError())?;
        if index < 0 && sequence.sq_length.is_some() {
            index += len(th, object)? as isize;
        }
        // SAFETY: the slot belongs to the object's type.
        let status = unsafe { slot(object.as_ptr(), index, raw) };
        return if status < 0 { Err(error::Raised) } else { Ok(()) };
    }
    // COMPAT: CPython words it differently where `PySequence_DelItem` is asked.
    let by_index = value.is_none() && ty.sequence().is_some() && Int::is_index(key);
    let does_not = if by_index { "doesn't" } else { "does not" };
    raise!(th, TypeError, "'{}' object {does_not} support item {what}", object.type_name())
}

/// `item in container`.
pub fn contains(th: Thread<'_>, container: Obj<'_>, item: Obj<'_>) -> Result<bool> {
    if let Some(slot) = container.ty().sequence().and_then(|sequence| sequence.sq_contains) {
        // SAFETY: the slot belongs to the container's type.
        return match unsafe { slot(container.as_ptr(), item.as_ptr()) } {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(error::Raised),
        };
    }
    contains_by_iteration(th, container, item)
}

/// `item in container` by comparing what iterating yields.
pub fn contains_by_iteration(th: Thread<'_>, container: Obj<'_>, item: Obj<'_>) -> Result<bool> {
    if container.ty().slots().tp_iter.is_none() && !is_sequence(container) {
        raise!(
            th,
            TypeError,
            "argument of type '{}' is not a container or iterable",
            container.type_name()
        );
    }
    let iterator = super::iter::iter(th, container)?;
    while let Some(candidate) = super::iter::next(th, iterator.obj())? {
        if super::compare::eq(th, candidate.obj(), item)? {
            return Ok(true);
        }
    }
    Ok(false)
}
