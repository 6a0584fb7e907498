//! `bool`: `True` and `False`, immortal ints with fixed addresses.

use macros::{pymethods, pytype};

use crate::{
    AsObject, Obj, PyStruct, Ref, Result, Str, Thread, Type, id, own,
    protocol::Protocol,
    types::{
        Int,
        int::{IntObject, arithmetic},
        singletons::not_implemented_ref,
    },
};

/// Returns True when the argument is true, False otherwise.
/// The builtins True and False are the only two instances of the class bool.
/// The class bool is a subclass of the class int, and cannot be subclassed.
#[pytype(name = "bool", c_name = "PyBool_Type", sig = "(object=False, /)", base = Int, flags = LONG_SUBCLASS, basicsize = 24, itemsize = 4, traverse = manual)]
pub struct Bool {
    int: IntObject<1>,
}

impl crate::Traverse for Bool {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(crate::Obj<'_>)) {}
}

// SAFETY: immortal and without mutable state.
unsafe impl Sync for Bool {}

#[unsafe(export_name = "_Py_FalseStruct")]
static FALSE: Bool = Bool { int: IntObject::immortal(1, [0]) };
#[unsafe(export_name = "_Py_TrueStruct")]
static TRUE: Bool = Bool { int: IntObject::immortal(1 << 3, [1]) };

/// `True` or `False`.
#[inline(always)]
pub fn bool_(value: bool) -> Obj<'static> {
    if value { TRUE.obj() } else { FALSE.obj() }
}

/// Give the two their type, before anything else runs.
pub fn init() {
    TRUE.int.head().set_static_type(Bool::type_object());
    FALSE.int.head().set_static_type(Bool::type_object());
}

/// The value, if the object is one of the two.
#[inline]
pub fn bool_value(object: Obj<'_>) -> Option<bool> {
    if object.is(bool_(true)) {
        return Some(true);
    }
    object.is(bool_(false)).then_some(false)
}

/// A bitwise operator: bool if both operands are, else int's.
#[inline]
fn bitwise(
    th: Thread<'_>,
    left: Obj<'_>,
    right: Obj<'_>,
    bools: fn(bool, bool) -> bool,
    ints: fn(Thread<'_>, Obj<'_>, Obj<'_>) -> Result<Ref>,
) -> Result<Ref> {
    if let (Some(x), Some(y)) = (bool_value(left), bool_value(right)) {
        return Ok(bool_(bools(x, y)).own());
    }
    if !Int::is_int(left) || !Int::is_int(right) {
        return Ok(not_implemented_ref());
    }
    ints(th, left, right)
}

#[pymethods]
impl Bool {
    #[sig = "bool(object=False, /)"]
    fn __new__(th: Thread<'_>, _cls: &Type, object: Option<Obj<'_>>) -> Result<Ref> {
        let value = match object {
            Some(object) => Protocol::is_true(&object, th)?,
            None => false,
        };
        Ok(bool_(value).own())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = if self.obj().is(bool_(true)) { id!(th, "True") } else { id!(th, "False") };
        Ok(own(name))
    }

    fn __invert__(&self, th: Thread<'_>) -> Result<Ref> {
        let message = Str::new(
            th,
            "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This \
             returns the bitwise inversion of the underlying int object and is usually not what \
             you expect from negating a bool. Use the 'not' operator for boolean negation or \
             ~int(x) if you really want the bitwise inversion of the underlying int.",
        )?;
        let category = crate::exceptions::types::DeprecationWarning();
        (th.hooks().warn)(th, category.obj(), &message, 1)?;
        arithmetic::invert(th, self.obj())
    }

    fn __and__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        bitwise(th, left, right, |x, y| x & y, arithmetic::and)
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        bitwise(th, left, right, |x, y| x | y, arithmetic::or)
    }

    fn __xor__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        bitwise(th, left, right, |x, y| x ^ y, arithmetic::xor)
    }
}
