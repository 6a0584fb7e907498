//! The exceptions being handled: the chain of `exc_info` items.
//!
//! The thread has one item, and each running generator puts its own on top.
//! `sys.exception()` is the topmost item that holds something.
#![allow(unsafe_op_in_unsafe_fn, reason = "the items belong to this thread")]

use abi::_PyErr_StackItem;
use object::{Ref, Thread, ThreadState};

use crate::{frame::public, word};

/// The item that handlers change.
#[inline(always)]
pub(crate) unsafe fn top(state: &ThreadState) -> *mut _PyErr_StackItem {
    let public = public(state);
    if (*public).exc_info.is_null() {
        (*public).exc_info = &raw mut (*public).exc_state;
    }
    (*public).exc_info
}

/// Put `item` on top.
#[inline(always)]
pub(crate) unsafe fn push(state: &ThreadState, item: *mut _PyErr_StackItem) {
    (*item).previous_item = top(state);
    (*public(state)).exc_info = item;
}

/// Remove `item`, the topmost.
#[inline(always)]
pub(crate) unsafe fn pop(state: &ThreadState, item: *mut _PyErr_StackItem) {
    (*public(state)).exc_info = (*item).previous_item;
    (*item).previous_item = std::ptr::null_mut();
}

/// `sys.exception()`.
pub fn handled(th: Thread<'_>) -> Option<Ref> {
    handled_in(th.state())
}

/// `sys.exception()` of a thread.
pub fn handled_in(state: &ThreadState) -> Option<Ref> {
    // SAFETY: the chain ends at the thread's own item.
    unsafe {
        let mut item = top(state);
        while !item.is_null() {
            let value = (*item).exc_value;
            if !value.is_null() && value != object::types::none().as_ptr() {
                return word::own_raw(value);
            }
            item = (*item).previous_item;
        }
    }
    None
}

/// Replace the exception that the innermost handler handles.
pub fn set_handled(th: Thread<'_>, exception: Option<Ref>) {
    // SAFETY: the item owns its value.
    let old = unsafe {
        let item = top(th.state());
        Ref::from_raw(std::mem::replace(&mut (*item).exc_value, word::raw(exception)))
    };
    drop(old);
}
