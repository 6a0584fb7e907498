//! Shapes: where the attributes of an instance are.
//!
//! An instance of a class with a `__dict__` keeps its attributes in slots
//! behind its builtin layout, in the order in which they were first assigned.
//! Its attribute word (16 bytes before the header) points to the [`Shape`]
//! that names them, or, tagged with bit 0, to the `dict` that took over when
//! somebody asked for `__dict__` or the slots ran out; null means no attribute.

use std::ptr::NonNull;

use abi::PyObject;

use crate::{Thread, Type};

/// Bytes of attribute slots behind an instance of `cls`.
pub fn inline_bytes(_: &Type) -> usize {
    0
}

/// Give a fresh instance its first shape.
pub fn init_instance(_: Thread<'_>, _: &Type, _: NonNull<PyObject>) {}
