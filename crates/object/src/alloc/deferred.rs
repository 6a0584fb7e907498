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

use crate::{AsObject, Object, Ref, Thread, Type, gc, reference};

/// How deep deallocations may nest.
const NESTING: u32 = 50;

/// The objects of a thread whose deallocation was put off.
#[derive(Default)]
pub struct Waiting {
    /// Whether there are any.
    some: Cell<bool>,
    /// Those whose `tp_dealloc` returned at once.
    whole: RefCell<Vec<NonNull<PyObject>>>,
    /// Those whose `tp_dealloc` has torn down its part, and how a base goes on. The
    /// reference to the type is there because that `tp_dealloc` may give up the object's.
    parts: RefCell<Vec<Part>>,
}

type Part = (NonNull<PyObject>, destructor, Ref<Object>);

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
/// down half of the object: only the other half is put off.
#[inline]
pub fn defer_own_dealloc(
    th: Thread<'_>,
    object: NonNull<PyObject>,
    own: impl FnOnce() -> Option<destructor>,
) -> bool {
    let state = th.state();
    if state.dealloc_depth.get() >= NESTING {
        let own = own();
        if let Some(part) = own
            && slot_of(object) != own.map(destructor_address)
        {
            return state.dealloc_later.put_off_part(&state.dealloc_depth, object, part);
        }
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
pub(crate) fn defer(depth: &Cell<u32>, later: &Waiting, object: NonNull<PyObject>) -> bool {
    if depth.get() >= NESTING && later.put_off(&later.whole, object) {
        return true;
    }
    depth.set(depth.get() + 1);
    false
}

impl Waiting {
    /// Whether something waits now; not if there is no memory to note it.
    #[cold]
    fn put_off<T>(&self, list: &RefCell<Vec<T>>, waiting: T) -> bool {
        let mut list = list.borrow_mut();
        if list.try_reserve(1).is_err() {
            return false;
        }
        list.push(waiting);
        self.some.set(true);
        true
    }

    #[cold]
    fn put_off_part(&self, depth: &Cell<u32>, object: NonNull<PyObject>, part: destructor) -> bool {
        // SAFETY: a dead object still has its header, and its type lives.
        let ty = unsafe { Type::from_ptr((*object.as_ptr()).ob_type) };
        let waits = self.put_off(&self.parts, (object, part, ty.obj().own()));
        if !waits {
            depth.set(depth.get() + 1);
        }
        waits
    }

    /// Deallocate what waits, and what is put off meanwhile.
    #[cold]
    fn drain(&self, dealloc: unsafe fn(NonNull<PyObject>)) {
        while self.some.replace(false) {
            while let Some(object) = pop(&self.whole) {
                // SAFETY: put off when its count was 0, and not yet deallocated.
                unsafe { dealloc(object) };
            }
            while let Some((object, part, _type)) = pop(&self.parts) {
                // SAFETY: put off when the part of a subtype was torn down, and not this one.
                unsafe { part(object.as_ptr()) };
            }
        }
    }
}

fn pop<T>(list: &RefCell<Vec<T>>) -> Option<T> {
    list.borrow_mut().pop()
}

#[inline]
pub(crate) fn end(depth: &Cell<u32>, later: &Waiting, dealloc: unsafe fn(NonNull<PyObject>)) {
    if depth.get() == 1 && later.some.get() {
        later.drain(dealloc);
    }
    depth.set(depth.get() - 1);
}
