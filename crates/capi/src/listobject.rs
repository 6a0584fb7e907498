//! `listobject.h`.

use abi::PyObject;
use macros::capi;
use object::{AsObject, List, Obj, Ref, Result, Thread, raise, types};

use crate::convert::argument;

#[capi]
fn PyList_New(th: Thread<'_>, size: isize) -> Result<Ref<List>> {
    match usize::try_from(size) {
        Ok(size) => List::from_fn(th, size, |_| std::ptr::null_mut()),
        Err(_) => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyList_Size(th: Thread<'_>, list: Option<Obj<'_>>) -> Result<isize> {
    argument::<List>(th, list).map(|list| list.len() as isize)
}

fn item(th: Thread<'_>, list: &List, index: isize) -> Result {
    match usize::try_from(index).ok().and_then(|index| list.get(index)) {
        Some(item) => Ok(item),
        None => raise!(th, IndexError, "list index out of range"),
    }
}

#[capi]
fn PyList_GetItem(th: Thread<'_>, list: Option<Obj<'_>>, index: isize) -> Result<*mut PyObject> {
    let list = argument::<List>(th, list)?;
    match usize::try_from(index).ok().and_then(|index| list.slot(index)) {
        Some(slot) => Ok(slot.as_ptr()),
        None => raise!(th, IndexError, "list index out of range"),
    }
}

#[capi]
fn PyList_GetItemRef(th: Thread<'_>, list: Obj<'_>, index: isize) -> Result {
    match list.downcast::<List>() {
        Some(list) => item(th, list, index),
        None => raise!(th, TypeError, "expected a list"),
    }
}

/// Takes over the reference in any case.
#[capi]
fn PyList_SetItem(
    th: Thread<'_>,
    list: Option<Obj<'_>>,
    index: isize,
    value: Option<Ref>,
) -> Result<()> {
    let list = argument::<List>(th, list)?;
    match usize::try_from(index).ok().and_then(|index| list.slot(index)) {
        Some(slot) => {
            slot.set(value);
            Ok(())
        }
        None => raise!(th, IndexError, "list assignment index out of range"),
    }
}

#[capi]
fn PyList_Insert(
    th: Thread<'_>,
    list: Option<Obj<'_>>,
    index: isize,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let list = argument::<List>(th, list)?;
    let Some(value) = value else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    let length = list.len() as isize;
    let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
    list.insert(th, index as usize, value.own())
}

#[capi]
fn PyList_Append(th: Thread<'_>, list: Option<Obj<'_>>, value: Option<Obj<'_>>) -> Result<()> {
    match value {
        Some(value) => argument::<List>(th, list)?.push(th, value.own()),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

/// The part that a slice with these bounds selects.
fn bounds(length: usize, start: isize, end: isize) -> (usize, usize) {
    let start = (start.max(0) as usize).min(length);
    (start, (end.max(0) as usize).clamp(start, length))
}

#[capi]
fn PyList_GetSlice(
    th: Thread<'_>,
    list: Option<Obj<'_>>,
    start: isize,
    end: isize,
) -> Result<Ref<List>> {
    let list = argument::<List>(th, list)?;
    let (start, end) = bounds(list.len(), start, end);
    List::from_refs(th, list.to_vec().drain(start..end).collect())
}

#[capi]
fn PyList_SetSlice(
    th: Thread<'_>,
    list: Option<Obj<'_>>,
    start: isize,
    end: isize,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let list = argument::<List>(th, list)?;
    let items = match value {
        Some(value) => object::protocol::iter::collect(th, value)?,
        None => Vec::new(),
    };
    let (start, end) = bounds(list.len(), start, end);
    list.replace_range(th, start, end, items)
}

#[capi]
fn PyList_Extend(th: Thread<'_>, list: Option<Obj<'_>>, items: Obj<'_>) -> Result<()> {
    argument::<List>(th, list)?.extend(th, items)
}

#[capi]
fn PyList_Clear(th: Thread<'_>, list: Option<Obj<'_>>) -> Result<()> {
    argument::<List>(th, list).map(List::clear_items)
}

#[capi]
fn PyList_Sort(th: Thread<'_>, list: Option<Obj<'_>>) -> Result<()> {
    argument::<List>(th, list)?.sort(th)
}

#[capi]
fn PyList_Reverse(th: Thread<'_>, list: Option<Obj<'_>>) -> Result<()> {
    let list = argument::<List>(th, list)?;
    crate::modsupport::method(th, list.obj(), "reverse", &[]).map(drop)
}

#[capi]
fn PyList_AsTuple(th: Thread<'_>, list: Option<Obj<'_>>) -> Result<Ref<types::Tuple>> {
    argument::<List>(th, list)?.to_tuple(th)
}
