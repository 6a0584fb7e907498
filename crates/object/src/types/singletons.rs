//! `None`, `NotImplemented` and `Ellipsis`: immortal objects with fixed addresses.

use macros::{pymethods, pytype};

use crate::{
    AsObject, CompareOp, Head, IntoObject, Obj, PyStruct, Ref, Result, Str, Thread, Type, id, raise,
};

/// The type of the None singleton.
#[pytype(name = "NoneType", c_name = "_PyNone_Type", sig = "()")]
pub struct NoneType {
    head: Head,
}

/// The type of the NotImplemented singleton.
#[pytype(name = "NotImplementedType", c_name = "_PyNotImplemented_Type", sig = "()")]
pub struct NotImplementedType {
    head: Head,
}

/// The type of the Ellipsis singleton.
#[pytype(name = "ellipsis", c_name = "PyEllipsis_Type", sig = "()")]
pub struct EllipsisType {
    head: Head,
}

// SAFETY: the one instance is immortal and has no mutable state.
unsafe impl Sync for NoneType {}
// SAFETY: as above.
unsafe impl Sync for NotImplementedType {}
// SAFETY: as above.
unsafe impl Sync for EllipsisType {}

#[unsafe(export_name = "_Py_NoneStruct")]
static NONE: NoneType = NoneType { head: Head::immortal() };
#[unsafe(export_name = "_Py_NotImplementedStruct")]
static NOT_IMPLEMENTED: NotImplementedType = NotImplementedType { head: Head::immortal() };
#[unsafe(export_name = "_Py_EllipsisObject")]
static ELLIPSIS: EllipsisType = EllipsisType { head: Head::immortal() };

/// `None`.
#[inline(always)]
pub fn none() -> Obj<'static> {
    NONE.obj()
}

/// `NotImplemented`.
#[inline(always)]
pub fn not_implemented() -> Obj<'static> {
    NOT_IMPLEMENTED.obj()
}

/// `Ellipsis`.
#[inline(always)]
pub fn ellipsis() -> Obj<'static> {
    ELLIPSIS.obj()
}

/// Give the singletons their types, before anything else runs.
pub fn init() {
    NONE.head.set_static_type(NoneType::type_object());
    NOT_IMPLEMENTED.head.set_static_type(NotImplementedType::type_object());
    ELLIPSIS.head.set_static_type(EllipsisType::type_object());
    super::str::init();
    super::bytes::init();
}

/// A slot that does not know how: `Ok(not_implemented_ref())`.
pub fn not_implemented_ref() -> Ref {
    not_implemented().own()
}

#[pymethods]
impl NoneType {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "None")
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        false
    }

    fn __hash__(&self, _: Thread<'_>) -> isize {
        0xfca8_6420
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        Ok(match op {
            CompareOp::Eq if other.is_none() => crate::types::bool_(true).own(),
            CompareOp::Ne if other.is_none() => crate::types::bool_(false).own(),
            _ => not_implemented_ref(),
        })
    }

    #[sig = "NoneType()"]
    fn __new__(_: Thread<'_>, _: &Type) -> Result {
        Ok(none().own())
    }
}

#[pymethods]
impl NotImplementedType {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "NotImplemented")
    }

    fn __bool__(&self, th: Thread<'_>) -> Result<bool> {
        raise!(th, TypeError, "NotImplemented should not be used in a boolean context")
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        id!(th, "NotImplemented").obj().own().into_object(th)
    }

    #[sig = "NotImplementedType()"]
    fn __new__(_: Thread<'_>, _: &Type) -> Result {
        Ok(not_implemented_ref())
    }
}

#[pymethods]
impl EllipsisType {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "Ellipsis")
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        id!(th, "Ellipsis").obj().own().into_object(th)
    }

    #[sig = "ellipsis()"]
    fn __new__(_: Thread<'_>, _: &Type) -> Result {
        Ok(ellipsis().own())
    }
}

/// Whether `object` is `NotImplemented`.
pub fn is_not_implemented(object: Obj<'_>) -> bool {
    object.is(not_implemented())
}
