//! The collector's access to object headers and counts.

use std::ptr::NonNull;

use abi::{PyObject, PyTypeObject};

use crate::small_int;

/// Whether `object` is a real object in memory: not null, not a small int.
#[inline(always)]
pub(super) fn is_in_memory(object: *mut PyObject) -> bool {
    !object.is_null() && !small_int::in_range(object)
}

/// The count.
///
/// # Safety
///
/// `object` is a live object in memory.
#[inline(always)]
pub(super) unsafe fn refcnt(object: *mut PyObject) -> u32 {
    // SAFETY: a live object has a header.
    unsafe { (*object).ob_refcnt }
}

/// Whether `object` is never counted.
///
/// # Safety
///
/// `object` is a live object in memory.
#[inline(always)]
pub(super) unsafe fn is_immortal(object: *mut PyObject) -> bool {
    // SAFETY: the caller's promise.
    unsafe { refcnt(object) >= abi::_Py_IMMORTAL_MINIMUM_REFCNT }
}

/// The type.
///
/// # Safety
///
/// `object` is a live object in memory.
#[inline(always)]
pub(super) unsafe fn type_of(object: *mut PyObject) -> *mut PyTypeObject {
    // SAFETY: a live object has a header.
    unsafe { (*object).ob_type }
}

/// Add a reference.
///
/// # Safety
///
/// `object` is a live object in memory.
#[inline(always)]
pub(super) unsafe fn own(object: *mut PyObject) {
    // SAFETY: the caller's promise.
    if !unsafe { is_immortal(object) } {
        // SAFETY: as above.
        unsafe { (*object).ob_refcnt += 1 };
    }
}

/// Drop a reference; `dealloc` is called with the object if it was the last.
///
/// # Safety
///
/// `object` is a live object in memory and the reference is the caller's.
#[inline(always)]
pub(super) unsafe fn release(object: *mut PyObject, dealloc: unsafe fn(NonNull<PyObject>)) {
    // SAFETY: the caller's promise.
    if unsafe { is_immortal(object) } {
        return;
    }
    // SAFETY: as above.
    let count = unsafe { refcnt(object) } - 1;
    // SAFETY: as above.
    unsafe { (*object).ob_refcnt = count };
    if count == 0
        && let Some(object) = NonNull::new(object)
    {
        // SAFETY: that was the last reference.
        unsafe { dealloc(object) };
    }
}
