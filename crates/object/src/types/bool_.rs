//! `bool`: `True` and `False`, immortal ints with fixed addresses.

use macros::{pymethods, pytype};

use crate::{AsObject, Obj, PyStruct, types::Int, types::int::IntObject};

/// Returns True when the argument is true, False otherwise.
///
/// The builtins True and False are the only two instances of the class bool.
/// The class bool is a subclass of the class int, and cannot be subclassed.
#[pytype(name = "bool", sig = "(object=False, /)", base = Int, flags = LONG_SUBCLASS, traverse = manual)]
pub struct Bool {
    int: IntObject<1>,
}

impl crate::Traverse for Bool {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(crate::Obj<'_>)) {}
}

// SAFETY: immortal and without mutable state.
unsafe impl Sync for Bool {}

static FALSE: Bool = Bool { int: IntObject::immortal(1, [0]) };
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

#[pymethods]
impl Bool {}
