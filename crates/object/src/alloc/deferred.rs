//! Deallocation without recursion.
//!
//! Dropping the last reference to a container deallocates it, which drops its
//! items, and so on: a list nested a million deep would overflow the native
//! stack. So each thread counts how deep it is in deallocations of containers,
//! and beyond a limit puts objects off until the outermost one ends. Invariant:
//! an object that waits has count 0 and is untracked, so that a collection in
//! between does not see it; weak references to it answer that it is gone.

use std::{
    cell::{Cell, RefCell},
    ptr::NonNull,
};

use abi::{PyObject, destructor};

use crate::{Thread, gc, reference};

/// How deep deallocations may nest.
const NESTING: u32 = 50;

/// Begin the deallocation of a container, or put it off if too many are
/// nested: then the answer is true, and `tp_dealloc` returns at once and is
/// called again later. Otherwise [`end_dealloc`] ends it. The object must be
/// untracked.
#[inline]
pub fn defer_dealloc(th: Thread<'_>, object: NonNull<PyObject>) -> bool {
    let state = th.state();
    defer(&state.dealloc_depth, &state.dealloc_later, object)
}

/// As [`defer_dealloc`], for the function `own` of a type that can have subtypes.
/// A subtype of C code calls it from within its own `tp_dealloc`, which has torn
/// down half of the object: this is not put off, or else both would run again.
#[inline]
pub fn defer_own_dealloc(
    th: Thread<'_>,
    object: NonNull<PyObject>,
    own: impl FnOnce() -> Option<destructor>,
) -> bool {
    let state = th.state();
    if state.dealloc_depth.get() >= NESTING && slot_of(object) != own().map(destructor_address) {
        state.dealloc_depth.set(state.dealloc_depth.get() + 1);
        return false;
    }
    defer_dealloc(th, object)
}

fn destructor_address(function: destructor) -> usize {
    function as usize
}

/// The address of the `tp_dealloc` of the object's type.
fn slot_of(object: NonNull<PyObject>) -> Option<usize> {
    // SAFETY: a dead object still has its header.
    let ty = unsafe { (*object.as_ptr()).ob_type };
    // SAFETY: an object keeps its type alive.
    unsafe { (*ty).tp_dealloc }.map(destructor_address)
}

/// Deallocate what the collector looks at and C code gave up: nested objects of
/// C code have no `tp_dealloc` of ours between them that would put them off.
///
/// # Safety
///
/// The count of the object has just become zero.
pub unsafe fn deallocate_nested(th: Thread<'_>, object: NonNull<PyObject>) {
    let state = th.state();
    if state.dealloc_depth.get() >= NESTING {
        // SAFETY: a gc object of this heap.
        unsafe { gc::untrack(th.heap(), object) };
    }
    if defer_dealloc(th, object) {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe { reference::deallocate(object) };
    end_dealloc(th);
}

/// Run the `tp_dealloc` of a base as a part of the deallocation that was begun
/// for the same object: it is not put off.
#[inline]
pub fn for_base(th: Thread<'_>, dealloc: impl FnOnce()) {
    let depth = &th.state().dealloc_depth;
    depth.set(depth.get().saturating_sub(1));
    dealloc();
    depth.set(depth.get() + 1);
}

/// End a deallocation that [`defer_dealloc`] began; the outermost does those
/// put off.
#[inline]
pub fn end_dealloc(th: Thread<'_>) {
    let state = th.state();
    end(&state.dealloc_depth, &state.dealloc_later, reference::deallocate);
}

#[inline]
pub(crate) fn defer(
    depth: &Cell<u32>,
    later: &RefCell<Vec<NonNull<PyObject>>>,
    object: NonNull<PyObject>,
) -> bool {
    if depth.get() >= NESTING && put_off(later, object) {
        return true;
    }
    depth.set(depth.get() + 1);
    false
}

/// Whether the object waits now; not if there is no memory to note it.
#[cold]
fn put_off(later: &RefCell<Vec<NonNull<PyObject>>>, object: NonNull<PyObject>) -> bool {
    let mut later = later.borrow_mut();
    if later.try_reserve(1).is_err() {
        return false;
    }
    later.push(object);
    true
}

#[inline]
pub(crate) fn end(
    depth: &Cell<u32>,
    later: &RefCell<Vec<NonNull<PyObject>>>,
    dealloc: unsafe fn(NonNull<PyObject>),
) {
    if depth.get() == 1 && later.try_borrow().is_ok_and(|later| !later.is_empty()) {
        drain(later, dealloc);
    }
    depth.set(depth.get() - 1);
}

#[cold]
fn drain(later: &RefCell<Vec<NonNull<PyObject>>>, dealloc: unsafe fn(NonNull<PyObject>)) {
    loop {
        let next = later.borrow_mut().pop();
        let Some(object) = next else { return };
        // SAFETY: put off when its count was 0, and not yet deallocated.
        unsafe { dealloc(object) };
    }
}
