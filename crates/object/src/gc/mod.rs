//! The cycle collector.

use std::ptr::NonNull;

use abi::PyObject;

use crate::alloc::Heap;

/// Let the collector see `object`.
///
/// # Safety
///
/// `object` was allocated with `alloc_gc` and its fields are in place.
pub unsafe fn track(_: &Heap, _: NonNull<PyObject>) {}

/// Hide `object` from the collector.
///
/// # Safety
///
/// `object` was allocated with `alloc_gc`.
pub unsafe fn untrack(_: &Heap, _: NonNull<PyObject>) {}
