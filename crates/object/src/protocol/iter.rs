//! Iteration.

use crate::{AsObject, Obj, Ref, Result, Thread, error, exceptions::types::StopIteration, raise};

/// `iter(object)`.
pub fn iter(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    let slots = object.ty().slots();
    let Some(slot) = slots.tp_iter else {
        if super::mapping::is_sequence(object) {
            return crate::types::iter::sequence_iterator(th, object);
        }
        raise!(th, TypeError, "'{}' object is not iterable", object.type_name());
    };
    // SAFETY: the slot belongs to the object's type.
    let value = unsafe { slot(object.as_ptr()) };
    // SAFETY: a new reference or null.
    let value = unsafe { Ref::from_raw(value) }.ok_or(error::Raised)?;
    if value.obj().ty().slots().tp_iternext.is_none() {
        raise!(th, TypeError, "iter() returned non-iterator of type '{}'", value.obj().type_name());
    }
    Ok(value)
}

/// `next(iterator)`; `None` when it is exhausted.
pub fn next(th: Thread<'_>, iterator: Obj<'_>) -> Result<Option<Ref>> {
    let Some(slot) = iterator.ty().slots().tp_iternext else {
        raise!(th, TypeError, "'{}' object is not an iterator", iterator.type_name());
    };
    // SAFETY: the slot belongs to the iterator's type.
    let value = unsafe { slot(iterator.as_ptr()) };
    // SAFETY: a new reference or null.
    if let Some(value) = unsafe { Ref::from_raw(value) } {
        return Ok(Some(value));
    }
    if !th.is_raised() {
        return Ok(None);
    }
    th.catch(error::Raised, StopIteration()).map(|()| None)
}

/// Call `each` with every item of `iterable`.
pub fn for_each(
    th: Thread<'_>,
    iterable: Obj<'_>,
    mut each: impl FnMut(Ref) -> Result<()>,
) -> Result<()> {
    let iterator = iter(th, iterable)?;
    while let Some(item) = next(th, iterator.obj())? {
        each(item)?;
    }
    Ok(())
}

/// All items of `iterable`.
pub fn collect(th: Thread<'_>, iterable: Obj<'_>) -> Result<Vec<Ref>> {
    let mut items = Vec::new();
    for_each(th, iterable, |item| {
        if items.try_reserve(1).is_err() {
            return Err(th.no_memory());
        }
        items.push(item);
        Ok(())
    })?;
    Ok(items)
}
