//! Iteration.

use crate::{
    AsObject, Int, List, Obj, Ref, Result, Str, Thread, Tuple, error,
    exceptions::types::{StopIteration, TypeError},
    id, raise,
};

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
    if !is_iterator(value.obj()) {
        raise!(th, TypeError, "iter() returned non-iterator of type '{}'", value.obj().type_name());
    }
    Ok(value)
}

/// Whether `object` has a `__next__`.
pub fn is_iterator(object: Obj<'_>) -> bool {
    let none = crate::types::type_::slot_functions::next_not_implemented as *const () as usize;
    object.ty().slots().tp_iternext.is_some_and(|slot| slot as *const () as usize != none)
}

/// `next(iterator)`; `None` when it is exhausted.
pub fn next(th: Thread<'_>, iterator: Obj<'_>) -> Result<Option<Ref>> {
    let Some(slot) = iterator.ty().slots().tp_iternext.filter(|_| is_iterator(iterator)) else {
        raise!(th, TypeError, "'{}' object is not an iterator", iterator.type_name());
    };
    // Iterators over iterators can be nested to any depth.
    th.check_stack_end()?;
    // SAFETY: the slot belongs to the iterator's type.
    let value = unsafe { slot(iterator.as_ptr()) };
    // SAFETY: a new reference or null.
    match unsafe { Ref::from_raw(value) } {
        Some(value) => Ok(Some(value)),
        None => stopped(th),
    }
}

/// An iteration under way: what `iter(object)` gave and the slot that steps it.
///
/// PERF: the slot is looked up once, as in CPython, whatever becomes of the iterator's class.
pub struct Iteration {
    iterator: Ref,
    step: abi::iternextfunc,
}

impl Iteration {
    /// Begin to iterate over `iterable`.
    pub fn new(th: Thread<'_>, iterable: Obj<'_>) -> Result<Self> {
        let iterator = iter(th, iterable)?;
        // Iterators over iterators can be nested to any depth.
        th.check_stack_end()?;
        match iterator.obj().ty().slots().tp_iternext {
            Some(step) => Ok(Iteration { iterator, step }),
            None => {
                raise!(th, TypeError, "'{}' object is not an iterator", iterator.obj().type_name())
            }
        }
    }

    /// The next item; `None` at the end.
    #[inline(always)]
    pub fn next(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        // SAFETY: the slot belongs to the iterator's type.
        let value = unsafe { (self.step)(self.iterator.as_ptr()) };
        // SAFETY: a new reference or null.
        match unsafe { Ref::from_raw(value) } {
            Some(value) => Ok(Some(value)),
            None => stopped(th),
        }
    }
}

/// After a step without an item: the end, unless something else was raised.
fn stopped(th: Thread<'_>) -> Result<Option<Ref>> {
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
    let iteration = Iteration::new(th, iterable)?;
    while let Some(item) = iteration.next(th)? {
        each(item)?;
    }
    Ok(())
}

/// All items of `iterable`.
pub fn collect(th: Thread<'_>, iterable: Obj<'_>) -> Result<Vec<Ref>> {
    let mut items = Vec::new();
    let known = match (iterable.downcast_exact::<List>(), iterable.downcast_exact::<Tuple>()) {
        // SAFETY: the copy is made before anything else runs.
        (Some(list), _) => Some(unsafe { list.items() }),
        (_, Some(tuple)) => Some(tuple.items()),
        _ => None,
    };
    if let Some(known) = known {
        if items.try_reserve_exact(known.len()).is_err() {
            return Err(th.no_memory());
        }
        items.extend(known.iter().map(|item| item.own()));
        return Ok(items);
    }
    // PERF: most iterables are short; this spares two moves.
    if items.try_reserve(8).is_err() {
        return Err(th.no_memory());
    }
    for_each(th, iterable, |item| {
        if items.try_reserve(1).is_err() {
            return Err(th.no_memory());
        }
        items.push(item);
        Ok(())
    })?;
    Ok(items)
}

/// The attribute `name` of the type of `object`, bound; instance attributes do
/// not count, as for all special methods.
pub fn lookup_special(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    let ty = object.ty();
    let Some(found) = ty.lookup(th, name).map(Obj::own) else { return Ok(None) };
    let Some(bind) = found.obj().ty().slots().tp_descr_get else { return Ok(Some(found)) };
    // SAFETY: the slot belongs to the type of the attribute.
    let bound = unsafe { bind(found.as_ptr(), object.as_ptr(), ty.as_ptr().cast()) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(bound) }.map(Some).ok_or(error::Raised)
}

/// `operator.length_hint(object, default)`.
pub fn length_hint(th: Thread<'_>, object: Obj<'_>, default: usize) -> Result<usize> {
    let ty = object.ty();
    let has_len = ty.sequence().is_some_and(|sequence| sequence.sq_length.is_some())
        || ty.mapping().is_some_and(|mapping| mapping.mp_length.is_some());
    if has_len {
        match super::mapping::len(th, object) {
            Ok(len) => return Ok(len),
            Err(raised) => th.catch(raised, TypeError())?,
        }
    }
    let Some(method) = lookup_special(th, object, id!(th, "__length_hint__"))? else {
        return Ok(default);
    };
    let hint = match super::call::call(th, method.obj(), &[], None) {
        Ok(hint) => hint,
        Err(raised) => return th.catch(raised, TypeError()).map(|()| default),
    };
    if hint.obj().is(crate::types::not_implemented()) {
        return Ok(default);
    }
    if !Int::is_int(hint.obj()) {
        let got = hint.obj().type_name();
        raise!(th, TypeError, "__length_hint__ must be an integer, not {got}");
    }
    match usize::try_from(Int::index_to_isize(th, hint.obj())?) {
        Ok(hint) => Ok(hint),
        Err(_) => raise!(th, ValueError, "__length_hint__() should return >= 0"),
    }
}
