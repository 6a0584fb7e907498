//! `object`: the base of all types.

use macros::{pymethods, pytype};

use crate::{Head, Obj, PyStruct, Thread, Type};

/// The base class of the class hierarchy.
///
/// When called, it accepts no arguments and returns a new featureless
/// instance that has no instance attributes and cannot be given any.
#[pytype(name = "object", sig = "()", flags = BASETYPE, layout = abi::PyObject)]
pub struct BaseObject {
    head: Head,
}

/// `object` as a type.
#[inline(always)]
pub fn object_type() -> &'static Type {
    BaseObject::type_object()
}

#[pymethods]
impl BaseObject {
    fn __hash__(_: Thread<'_>, this: Obj<'_>) -> isize {
        identity_hash(this)
    }
}

/// The hash of an object by identity: its address, the low bits rotated away.
pub fn identity_hash(object: Obj<'_>) -> isize {
    (object.as_ptr() as usize).rotate_right(4) as isize
}
