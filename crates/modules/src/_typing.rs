//! `_typing`: the objects of `typing` that the interpreter knows.

use macros::pymodule;
use object::{
    AsObject, Module, Obj, PyStruct, Ref, Result, Thread,
    types::{typing, union::Union},
};

/// Primitives and accelerators for the typing module.
#[pymodule(name = "_typing")]
pub mod module {
    use super::*;

    #[sig = "(x, /)"]
    fn _idfunc(_: Thread<'_>, x: Obj<'_>) -> Ref {
        x.own()
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.set(th, "TypeVar", typing::TypeVar::type_object().obj())?;
        module.set(th, "TypeVarTuple", typing::TypeVarTuple::type_object().obj())?;
        module.set(th, "ParamSpec", typing::ParamSpec::type_object().obj())?;
        module.set(th, "ParamSpecArgs", typing::ParamSpecArgs::type_object().obj())?;
        module.set(th, "ParamSpecKwargs", typing::ParamSpecKwargs::type_object().obj())?;
        module.set(th, "Generic", typing::Generic::type_object().obj())?;
        module.set(th, "TypeAliasType", typing::TypeAliasType::type_object().obj())?;
        module.set(th, "Union", Union::type_object().obj())?;
        module.set(th, "NoDefault", typing::no_default())
    }
}
