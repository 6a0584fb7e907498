//! Weak references.

use std::ptr::NonNull;

use abi::PyObject;

use crate::{Thread, Type};

/// Clear the weak references to a dying object and run their callbacks.
pub fn clear_weakrefs(_: Thread<'_>, _: NonNull<PyObject>, _: &Type) {}
