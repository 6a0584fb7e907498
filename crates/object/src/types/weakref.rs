//! Weak references.

use std::ptr::NonNull;

use abi::PyObject;

use crate::{Obj, Ref, Thread, Type};

/// Clear the weak references to a dying object and run their callbacks.
pub fn clear_weakrefs(_: Thread<'_>, _: NonNull<PyObject>, _: &Type) {}

/// The first weak reference to `object`.
pub fn first(_: Obj<'_>) -> Option<Ref> {
    None
}
