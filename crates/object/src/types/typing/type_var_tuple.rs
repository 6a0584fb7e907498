//! `TypeVarTuple`.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Head, Obj, Ref, Result, Str, Thread, Type, alloc_object, declare::TypeBuilder, id,
    own, raise,
};

use super::{
    call_typing, iter_unpacked,
    lazy::{Lazy, no_default},
    set_module,
};

/// Type variable tuple. A specialized form of type variable that enables
/// variadic generics.
#[pytype(name = "typing.TypeVarTuple", flags = MANAGED_DICT | MANAGED_WEAKREF)]
pub struct TypeVarTuple {
    head: Head,
    name: Ref<Str>,
    pub(super) default: Lazy,
}

impl TypeVarTuple {
    /// A type variable tuple of the parameter syntax.
    pub(super) fn inferred(th: Thread<'_>, name: &Str) -> Result {
        let tuple =
            TypeVarTuple { head: Head::new(), name: own(name), default: Lazy::of_value(None) };
        alloc_object::new(th, tuple).map(Ref::upcast)
    }
}

#[pymethods]
impl TypeVarTuple {
    #[sig = "typevartuple(name, *, default=NoDefault)"]
    fn __new__(th: Thread<'_>, _: &Type, name: &Str, default: Option<Obj<'_>>) -> Result {
        let default = Lazy::of_value(Some(default.unwrap_or(no_default()).own()));
        let tuple = TypeVarTuple { head: Head::new(), name: own(name), default };
        let tuple = alloc_object::new(th, tuple)?.upcast();
        set_module(th, tuple.obj())?;
        Ok(tuple)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = offset_of!(TypeVarTuple, name);
        b.member(c"__name__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
    }

    fn __repr__(&self, _: Thread<'_>) -> Ref<Str> {
        self.name.clone()
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        iter_unpacked(th, self.obj())
    }

    /// The default value for this TypeVarTuple.
    #[getter]
    fn __default__(&self, th: Thread<'_>) -> Result {
        Ok(self.default.get(th)?.unwrap_or_else(|| no_default().own()))
    }

    #[getter]
    fn evaluate_default(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.default.evaluator(th)
    }

    #[sig = "($self, arg, /)"]
    fn __typing_subst__(&self, th: Thread<'_>, _: Obj<'_>) -> Result {
        raise!(th, TypeError, "Substitution of bare TypeVarTuple is not supported")
    }

    #[sig = "($self, alias, args, /)"]
    fn __typing_prepare_subst__(&self, th: Thread<'_>, alias: Obj<'_>, args: Obj<'_>) -> Result {
        call_typing(th, id!(th, "_typevartuple_prepare_subst"), &[self.obj(), alias, args])
    }

    #[sig = "($self, /)"]
    fn has_default(&self, _: Thread<'_>) -> bool {
        self.default.is_given()
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, _: Thread<'_>) -> Ref<Str> {
        self.name.clone()
    }

    #[sig = "($self, bases, /)"]
    fn __mro_entries__(&self, th: Thread<'_>, _: Obj<'_>) -> Result {
        raise!(th, TypeError, "Cannot subclass an instance of TypeVarTuple")
    }
}
