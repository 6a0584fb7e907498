//! The runtime objects of type parameter syntax, exported by `_typing`.
//!
//! Bounds, constraints, defaults and alias values are evaluated when asked
//! for, by functions that the compiler made, and then kept. What is written in
//! Python stays there: substitution calls functions of the module `typing`.

mod alias;
mod generic;
mod lazy;
mod param_spec;
mod type_var;
mod type_var_tuple;

use crate::{AsObject, Function, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id, raise};

pub use self::{
    alias::TypeAliasType,
    generic::Generic,
    lazy::{ConstEvaluator, NoDefaultType, init, no_default},
    param_spec::{ParamSpec, ParamSpecArgs, ParamSpecKwargs},
    type_var::TypeVar,
    type_var_tuple::TypeVarTuple,
};

/// `typing.name(*args)`.
pub(crate) fn call_typing(th: Thread<'_>, name: &Str, args: &[Obj<'_>]) -> Result {
    let typing = (th.hooks().import_module)(th, id!(th, "typing"))?;
    typing.getattr(th, name)?.call(th, args)
}

/// `typing._type_check(object, message)`.
fn type_check(th: Thread<'_>, object: Obj<'_>, message: &Str) -> Result {
    call_typing(th, id!(th, "_type_check"), &[object, message.obj()])
}

/// `typing.Unpack[object]`.
fn unpack(th: Thread<'_>, object: Obj<'_>) -> Result {
    let typing = (th.hooks().import_module)(th, id!(th, "typing"))?;
    typing.getattr(th, id!(th, "Unpack"))?.get_item(th, object)
}

/// `iter((typing.Unpack[object],))`.
fn iter_unpacked(th: Thread<'_>, object: Obj<'_>) -> Result {
    Tuple::from_array(th, [unpack(th, object)?])?.iter(th)
}

/// Parameters with each type variable tuple unpacked.
fn unpack_type_var_tuples(th: Thread<'_>, params: &Tuple) -> Result<Ref<Tuple>> {
    let mut unpacked = Vec::new();
    for param in params.items() {
        unpacked.push(match param.is_exact::<TypeVarTuple>() {
            true => unpack(th, *param)?,
            false => param.own(),
        });
    }
    Tuple::from_refs(th, unpacked)
}

/// The name of the calling module.
fn caller(th: Thread<'_>) -> Result<Option<Ref>> {
    match (th.hooks().current_globals)(th) {
        Some(globals) => globals.get(th, id!(th, "__name__").obj()),
        None => Ok(None),
    }
}

/// Record the calling module in the instance.
fn set_module(th: Thread<'_>, object: Obj<'_>) -> Result<()> {
    let module = caller(th)?.unwrap_or_else(|| crate::types::none().own());
    object.setattr(th, id!(th, "__module__"), Some(module.obj()))
}

/// How a variable shows its variance.
fn variance_repr(
    th: Thread<'_>,
    name: &Str,
    infer: bool,
    covariant: bool,
    contravariant: bool,
) -> Result<Ref<Str>> {
    let sign = match (infer, covariant, contravariant) {
        (true, _, _) => "",
        (_, true, _) => "+",
        (_, _, true) => "-",
        _ => "~",
    };
    Str::from_fmt(th, format_args!("{sign}{name}"))
}

fn check_variance(th: Thread<'_>, infer: bool, covariant: bool, contravariant: bool) -> Result<()> {
    if covariant && contravariant {
        raise!(th, ValueError, "Bivariant types are not supported.");
    }
    if infer && (covariant || contravariant) {
        raise!(th, ValueError, "Variance cannot be specified with infer_variance.");
    }
    Ok(())
}

/// `INTRINSIC_TYPEVAR`.
pub fn typevar(th: Thread<'_>, name: &Str) -> Result {
    TypeVar::inferred(th, name, None, None)
}

/// `INTRINSIC_TYPEVAR_WITH_BOUND`.
pub fn typevar_with_bound(th: Thread<'_>, name: &Str, evaluate: Obj<'_>) -> Result {
    TypeVar::inferred(th, name, Some(evaluate), None)
}

/// `INTRINSIC_TYPEVAR_WITH_CONSTRAINTS`.
pub fn typevar_with_constraints(th: Thread<'_>, name: &Str, evaluate: Obj<'_>) -> Result {
    TypeVar::inferred(th, name, None, Some(evaluate))
}

/// `INTRINSIC_PARAMSPEC`.
pub fn paramspec(th: Thread<'_>, name: &Str) -> Result {
    ParamSpec::inferred(th, name)
}

/// `INTRINSIC_TYPEVARTUPLE`.
pub fn typevartuple(th: Thread<'_>, name: &Str) -> Result {
    TypeVarTuple::inferred(th, name)
}

/// `INTRINSIC_TYPEALIAS`: `args` are name, type parameters and the function
/// that computes the value.
pub fn typealias(th: Thread<'_>, args: &Tuple) -> Result {
    let [name, params, compute] = args.items() else {
        raise!(th, SystemError, "bad arguments of a type alias");
    };
    let Some(name) = name.downcast::<Str>() else {
        raise!(th, SystemError, "bad name of a type alias");
    };
    TypeAliasType::lazy(th, name, params.downcast::<Tuple>(), *compute)
}

/// `INTRINSIC_SUBSCRIPT_GENERIC`: `Generic[params]`.
pub fn subscript_generic(th: Thread<'_>, params: Obj<'_>) -> Result {
    let Some(params) = params.downcast::<Tuple>() else {
        raise!(th, SystemError, "type parameters are no tuple");
    };
    let params = unpack_type_var_tuples(th, params)?;
    let generic = <Generic as crate::PyStruct>::type_object();
    call_typing(th, id!(th, "_GenericAlias"), &[generic.obj(), params.obj()])
}

/// `INTRINSIC_SET_TYPEPARAM_DEFAULT`.
pub fn set_typeparam_default(th: Thread<'_>, param: Obj<'_>, evaluate: Obj<'_>) -> Result {
    let lazy = if let Some(var) = param.downcast_exact::<TypeVar>() {
        &var.default
    } else if let Some(spec) = param.downcast_exact::<ParamSpec>() {
        &spec.default
    } else if let Some(tuple) = param.downcast_exact::<TypeVarTuple>() {
        &tuple.default
    } else {
        raise!(th, TypeError, "Expected a type param, got {}", &*param.repr(th)?);
    };
    lazy.set_evaluate(evaluate);
    Ok(param.own())
}

/// `INTRINSIC_SET_FUNCTION_TYPE_PARAMS`.
pub fn set_function_type_params(th: Thread<'_>, function: Obj<'_>, params: Obj<'_>) -> Result {
    let Some(target) = function.downcast::<Function>() else {
        raise!(th, SystemError, "type parameters of a '{}'", function.type_name());
    };
    target.type_params.set(Some(params.own()));
    Ok(function.own())
}

/// Whether `object` is one of the three kinds of type parameter.
fn is_type_param(object: Obj<'_>) -> bool {
    object.is_exact::<TypeVar>()
        || object.is_exact::<ParamSpec>()
        || object.is_exact::<TypeVarTuple>()
}

/// Whether a type parameter has a default.
fn has_default(param: Obj<'_>) -> bool {
    if let Some(var) = param.downcast_exact::<TypeVar>() {
        return var.default.is_given();
    }
    if let Some(spec) = param.downcast_exact::<ParamSpec>() {
        return spec.default.is_given();
    }
    param.downcast_exact::<TypeVarTuple>().is_some_and(|tuple| tuple.default.is_given())
}
