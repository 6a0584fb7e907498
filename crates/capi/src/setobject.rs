//! `setobject.h` and `sliceobject.h`.

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Int, Obj, Ref, Result, Thread, error, raise,
    types::{self, FrozenSet, Set, Slice},
};

#[capi]
fn PySet_New(th: Thread<'_>, items: Option<Obj<'_>>) -> Result<Ref<Set>> {
    match items {
        Some(items) => Set::from_iterable(th, items),
        None => Set::new(th),
    }
}

#[capi]
fn PyFrozenSet_New(th: Thread<'_>, items: Option<Obj<'_>>) -> Result<Ref<FrozenSet>> {
    match items {
        Some(items) => match items.downcast_exact::<FrozenSet>() {
            Some(set) => Ok(object::own(set)),
            None => FrozenSet::from_iterable(th, items),
        },
        None => FrozenSet::new(th),
    }
}

#[cold]
fn bad(th: Thread<'_>) -> error::Raised {
    error!(th, SystemError, "bad argument to internal function")
}

fn mutable<'a>(th: Thread<'_>, set: Obj<'a>) -> Result<&'a Set> {
    set.downcast::<Set>().ok_or_else(|| bad(th))
}

#[capi]
fn PySet_Size(th: Thread<'_>, set: Obj<'_>) -> Result<isize> {
    match (set.downcast::<Set>(), set.downcast::<FrozenSet>()) {
        (Some(set), _) => Ok(set.len() as isize),
        (_, Some(set)) => Ok(set.len() as isize),
        _ => Err(bad(th)),
    }
}

#[capi]
fn PySet_Contains(th: Thread<'_>, set: Obj<'_>, key: Obj<'_>) -> Result<bool> {
    match (set.downcast::<Set>(), set.downcast::<FrozenSet>()) {
        (Some(set), _) => set.contains_key(th, key),
        (_, Some(set)) => set.contains_key(th, key),
        _ => Err(bad(th)),
    }
}

/// A frozenset that nobody has seen yet may still be filled.
#[capi]
fn PySet_Add(th: Thread<'_>, set: Obj<'_>, key: Obj<'_>) -> Result<()> {
    match (set.downcast::<Set>(), set.downcast::<FrozenSet>()) {
        (Some(set), _) => set.add(th, key).map(drop),
        (_, Some(frozen)) if set.is_unique() => frozen.add(th, key).map(drop),
        _ => Err(bad(th)),
    }
}

#[capi]
fn PySet_Discard(th: Thread<'_>, set: Obj<'_>, key: Obj<'_>) -> Result<bool> {
    mutable(th, set)?.discard_key(th, key)
}

#[capi]
fn PySet_Pop(th: Thread<'_>, set: Obj<'_>) -> Result {
    match mutable(th, set)?.pop() {
        Some(key) => Ok(key),
        None => raise!(th, KeyError, "pop from an empty set"),
    }
}

#[capi]
fn PySet_Clear(th: Thread<'_>, set: Obj<'_>) -> Result<()> {
    mutable(th, set).map(Set::clear)
}

#[capi]
unsafe fn _PySet_NextEntry(
    set: Obj<'_>,
    position: *mut isize,
    key: *mut *mut PyObject,
    hash: *mut isize,
) -> bool {
    // SAFETY: C passes variables.
    let mut at = unsafe { *position }.max(0) as usize;
    let next = match (set.downcast::<Set>(), set.downcast::<FrozenSet>()) {
        (Some(set), _) => set.next_entry(&mut at),
        (_, Some(set)) => set.next_entry(&mut at),
        _ => None,
    };
    let Some(found) = next else { return false };
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    let value = object::Protocol::hash(&found, th).unwrap_or(-1);
    // SAFETY: C passes variables.
    unsafe {
        position.write(at as isize);
        key.write(crate::convert::lend(found));
        hash.write(value);
    }
    true
}

#[capi]
unsafe fn _PySet_Update(th: Thread<'_>, set: Obj<'_>, items: Obj<'_>) -> Result<()> {
    mutable(th, set)?.update(th, items)
}

#[capi]
fn PySlice_New(
    th: Thread<'_>,
    start: Option<Obj<'_>>,
    stop: Option<Obj<'_>>,
    step: Option<Obj<'_>>,
) -> Result<Ref<Slice>> {
    let none = types::none();
    Slice::new(th, start.unwrap_or(none), stop.unwrap_or(none), step.unwrap_or(none))
}

#[capi]
fn _PySlice_FromIndices(th: Thread<'_>, start: isize, stop: isize) -> Result<Ref<Slice>> {
    let (start, stop) = (Int::from_i64(th, start as i64)?, Int::from_i64(th, stop as i64)?);
    Slice::new(th, start.obj(), stop.obj(), types::none())
}

fn slice<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a Slice> {
    object.downcast::<Slice>().ok_or_else(|| bad(th))
}

#[capi]
unsafe fn PySlice_Unpack(
    th: Thread<'_>,
    object: Obj<'_>,
    start: *mut isize,
    stop: *mut isize,
    step: *mut isize,
) -> Result<()> {
    let unpacked = slice(th, object)?.unpack(th)?;
    // SAFETY: C passes variables.
    unsafe {
        start.write(unpacked.start);
        stop.write(unpacked.stop);
        step.write(unpacked.step);
    }
    Ok(())
}

/// Bounds as a sequence of `length` items has them; how many are selected.
unsafe fn adjust(length: isize, start: *mut isize, stop: *mut isize, step: isize) -> isize {
    // SAFETY: for the whole function: C passes variables.
    unsafe {
        for bound in [start, stop] {
            if *bound < 0 {
                *bound += length;
                if *bound < 0 {
                    *bound = if step < 0 { -1 } else { 0 };
                }
            } else if *bound >= length {
                *bound = if step < 0 { length - 1 } else { length };
            }
        }
        match step {
            step if step < 0 && *stop < *start => (*start - *stop - 1) / -step + 1,
            step if step > 0 && *start < *stop => (*stop - *start - 1) / step + 1,
            _ => 0,
        }
    }
}

#[capi]
unsafe fn PySlice_AdjustIndices(
    length: isize,
    start: *mut isize,
    stop: *mut isize,
    step: isize,
) -> isize {
    // SAFETY: C passes variables.
    unsafe { adjust(length, start, stop, step) }
}

#[capi]
unsafe fn PySlice_GetIndicesEx(
    th: Thread<'_>,
    object: Obj<'_>,
    length: isize,
    start: *mut isize,
    stop: *mut isize,
    step: *mut isize,
    count: *mut isize,
) -> Result<()> {
    // SAFETY: C passes variables.
    unsafe {
        PySlice_Unpack(th, object, start, stop, step)?;
        count.write(adjust(length, start, stop, *step));
    }
    Ok(())
}

#[capi]
unsafe fn PySlice_GetIndices(
    th: Thread<'_>,
    object: Obj<'_>,
    length: isize,
    start: *mut isize,
    stop: *mut isize,
    step: *mut isize,
) -> Result<()> {
    let parts = slice(th, object)?;
    // Fails without an exception, and objects with `__index__` are not ints here.
    let plain = |part: Obj<'_>| match Int::to_i64(part) {
        Some(value) if Int::is_int(part) => Ok(value as isize),
        _ => Err(error::Raised),
    };
    let bound = |part: Obj<'_>, default: isize| {
        if part.is_none() {
            return Ok(default);
        }
        let value = plain(part)?;
        Ok(if value < 0 { value + length } else { value })
    };
    let by = if parts.step().is_none() { 1 } else { plain(parts.step())? };
    let first = bound(parts.start(), if by < 0 { length - 1 } else { 0 })?;
    let last = bound(parts.stop(), if by < 0 { -1 } else { length })?;
    // SAFETY: C passes variables.
    unsafe {
        start.write(first);
        stop.write(last);
        step.write(by);
    }
    if last > length || first >= length || by == 0 { Err(error::Raised) } else { Ok(()) }
}

#[capi]
unsafe fn _PySlice_GetLongIndices(
    th: Thread<'_>,
    object: Obj<'_>,
    length: Obj<'_>,
    start: *mut *mut PyObject,
    stop: *mut *mut PyObject,
    step: *mut *mut PyObject,
) -> Result<()> {
    let [first, last, by] = slice(th, object)?.long_indices(th, length)?;
    // SAFETY: C passes variables.
    unsafe {
        start.write(first.into_raw());
        stop.write(last.into_raw());
        step.write(by.into_raw());
    }
    Ok(())
}
