//! `tupleobject.h`.

use std::ptr::NonNull;

use abi::PyObject;
use macros::capi;
use object::{AsObject, Link, Obj, Ref, Result, Thread, Tuple, error, gc, raise};

use crate::{
    convert::{IntoC, argument},
    variadic::VaList,
};

#[capi]
fn PyTuple_New(th: Thread<'_>, size: isize) -> Result<Ref<Tuple>> {
    match usize::try_from(size) {
        Ok(size) => Tuple::from_fn(th, size, |_| None),
        Err(_) => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyTuple_Size(th: Thread<'_>, tuple: Option<Obj<'_>>) -> Result<isize> {
    argument::<Tuple>(th, tuple).map(|tuple| tuple.len() as isize)
}

/// Where item `index` is.
fn place(th: Thread<'_>, tuple: &Tuple, index: isize, message: &str) -> Result<*mut *mut PyObject> {
    match usize::try_from(index).ok().filter(|index| *index < tuple.len()) {
        // SAFETY: inside the items.
        Some(index) => Ok(unsafe { tuple.items_ptr().cast_mut().add(index) }),
        None => raise!(th, IndexError, "{message}"),
    }
}

#[capi]
fn PyTuple_GetItem(th: Thread<'_>, tuple: Option<Obj<'_>>, index: isize) -> Result<*mut PyObject> {
    let place = place(th, argument::<Tuple>(th, tuple)?, index, "tuple index out of range")?;
    // SAFETY: an item, which may be null in a tuple that C code fills.
    Ok(unsafe { *place })
}

/// Takes over the reference in any case.
#[capi]
fn PyTuple_SetItem(
    th: Thread<'_>,
    tuple: Option<Obj<'_>>,
    index: isize,
    value: Option<Ref>,
) -> Result<()> {
    let tuple = argument::<Tuple>(th, tuple)?;
    if !tuple.obj().is_unique() {
        raise!(th, SystemError, "bad argument to internal function");
    }
    let place = place(th, tuple, index, "tuple assignment index out of range")?;
    // SAFETY: an item is null or a reference of the tuple.
    unsafe { &*place.cast::<Link>() }.set(value);
    Ok(())
}

#[capi]
fn PyTuple_GetSlice(
    th: Thread<'_>,
    tuple: Option<Obj<'_>>,
    start: isize,
    end: isize,
) -> Result<Ref<Tuple>> {
    let tuple = argument::<Tuple>(th, tuple)?;
    let start = (start.max(0) as usize).min(tuple.len());
    tuple.slice(th, start, (end.max(0) as usize).clamp(start, tuple.len()))
}

/// The tuple, if nobody else sees it; the empty one belongs to all.
fn resizable(object: Obj<'_>) -> Option<&Tuple> {
    object.downcast::<Tuple>().filter(|tuple| tuple.len() == 0 || object.is_unique())
}

#[capi]
unsafe fn _PyTuple_Resize(th: Thread<'_>, variable: *mut *mut PyObject, size: isize) -> Result<()> {
    // SAFETY: C passes a variable that owns a tuple.
    let link = unsafe { &*variable.cast::<Link>() };
    let old = link.take();
    let (Some(tuple), Ok(size)) =
        (old.as_ref().and_then(|old| resizable(old.obj())), usize::try_from(size))
    else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    if tuple.len() == size {
        link.set(old);
        return Ok(());
    }
    let new = Tuple::from_fn(th, size, |_| None)?;
    for index in 0..size.min(tuple.len()) {
        // SAFETY: inside the items of both.
        unsafe {
            let item = Obj::from_raw(*tuple.items_ptr().add(index)).map(Obj::own);
            new.items_ptr().cast_mut().add(index).write(item.into_c());
        }
    }
    link.set(Some(new.upcast()));
    Ok(())
}

#[capi]
unsafe fn _PyTuple_FromArray(
    th: Thread<'_>,
    items: *const *mut PyObject,
    size: isize,
) -> Result<Ref<Tuple>> {
    // SAFETY: C passes that many objects.
    Tuple::from_objs(th, unsafe { object::reference::objects(items, size.max(0) as usize) })
}

/// `PyTuple_Pack` with a list.
pub(crate) unsafe extern "C" fn pack(size: isize, va: *mut VaList) -> *mut PyObject {
    // SAFETY: for the whole function: C passes that many objects.
    unsafe {
        let th = Thread::current();
        let Ok(size) = usize::try_from(size) else {
            let _ = error!(th, SystemError, "bad argument to internal function");
            return std::ptr::null_mut();
        };
        let made = Tuple::from_fn(th, size, |_| {
            Obj::from_raw((*va).pointer()).map(|item| item.own().into_raw())
        });
        if let Ok(tuple) = &made
            && size > 0
            && !tuple.items().iter().any(|item| may_be_tracked(th, *item))
        {
            // No cycle goes through it.
            gc::untrack(th.heap(), NonNull::new_unchecked(tuple.as_ptr()));
        }
        made.into_c()
    }
}

/// Whether the collector may have to look at an object.
fn may_be_tracked(th: Thread<'_>, object: Obj<'_>) -> bool {
    object.ty().is_gc()
        && (!object.is_exact::<Tuple>() || gc::is_tracked(th.heap(), object.as_ptr()))
}
