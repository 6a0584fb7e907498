//! `TypeVar`.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    Args, AsObject, Head, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type, alloc_object,
    declare::TypeBuilder, id, own, raise, types,
};

use super::{
    call_typing, check_variance,
    lazy::{Lazy, no_default},
    set_module, type_check, variance_repr,
};

/// Type variable.
///
/// The preferred way to construct a type variable is via the dedicated syntax
/// for generic functions, classes, and type aliases: `class Sequence[T]: ...`.
#[pytype(name = "typing.TypeVar", flags = MANAGED_DICT | MANAGED_WEAKREF)]
pub struct TypeVar {
    head: Head,
    name: Ref<Str>,
    bound: Lazy,
    constraints: Lazy,
    pub(super) default: Lazy,
    covariant: bool,
    contravariant: bool,
    infer_variance: bool,
}

impl TypeVar {
    /// A variable of the parameter syntax.
    pub(super) fn inferred(
        th: Thread<'_>,
        name: &Str,
        evaluate_bound: Option<Obj<'_>>,
        evaluate_constraints: Option<Obj<'_>>,
    ) -> Result {
        let var = TypeVar {
            head: Head::new(),
            name: own(name),
            bound: Lazy::of_function(evaluate_bound),
            constraints: Lazy::of_function(evaluate_constraints),
            default: Lazy::of_value(None),
            covariant: false,
            contravariant: false,
            infer_variance: true,
        };
        alloc_object::new(th, var).map(Ref::upcast)
    }
}

/// `alias.__parameters__.index(param)`, and `args` with the default appended
/// if it is `param`'s turn.
fn append_default(
    th: Thread<'_>,
    param: Obj<'_>,
    default: impl FnOnce() -> Result<Option<Ref>>,
    alias: Obj<'_>,
    args: &Tuple,
) -> Result<Ref<Tuple>> {
    let params = alias.getattr(th, id!(th, "__parameters__"))?;
    let mut index = None;
    for (i, known) in crate::protocol::iter::collect(th, params.obj())?.iter().enumerate() {
        if known.eq(th, param)? {
            index = Some(i);
            break;
        }
    }
    let Some(index) = index else {
        raise!(th, ValueError, "sequence.index(x): x not in sequence");
    };
    if index < args.len() {
        return Ok(own(args));
    }
    if index == args.len()
        && let Some(default) = default()?
        && !default.obj().is(no_default())
    {
        let mut args: Vec<Ref> = args.items().iter().map(|arg| arg.own()).collect();
        args.push(default);
        return Tuple::from_refs(th, args);
    }
    let alias = alias.str(th)?;
    if param.is_exact::<TypeVar>() {
        let (actual, expected) = (args.len(), index + 1);
        raise!(
            th,
            TypeError,
            "Too few arguments for {alias}; actual {actual}, expected at least {expected}"
        );
    }
    raise!(th, TypeError, "Too few arguments for {alias}")
}

#[pymethods]
impl TypeVar {
    #[allow(clippy::too_many_arguments, reason = "the parameters of typing.TypeVar")]
    #[sig = "typevar(name, *constraints, bound=None, default=NoDefault, covariant=False, contravariant=False, infer_variance=False)"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        name: &Str,
        constraints: Args<'_>,
        bound: Option<Obj<'_>>,
        default: Option<Obj<'_>>,
        covariant: bool,
        contravariant: bool,
        infer_variance: bool,
    ) -> Result {
        check_variance(th, infer_variance, covariant, contravariant)?;
        let bound = match bound.filter(|bound| !bound.is_none()) {
            Some(bound) => Some(type_check(th, bound, id!(th, "Bound must be a type."))?),
            None => None,
        };
        let constraints = match constraints {
            [] => None,
            [_] => raise!(th, TypeError, "A single constraint is not allowed"),
            _ if bound.is_some() => {
                raise!(th, TypeError, "Constraints cannot be combined with bound=...")
            }
            constraints => Some(Tuple::from_objs(th, constraints)?.upcast()),
        };
        let var = TypeVar {
            head: Head::new(),
            name: own(name),
            bound: Lazy::of_value(bound),
            constraints: Lazy::of_value(constraints),
            default: Lazy::of_value(Some(default.unwrap_or(no_default()).own())),
            covariant,
            contravariant,
            infer_variance,
        };
        let var = alloc_object::new(th, var)?.upcast();
        set_module(th, var.obj())?;
        Ok(var)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (flag, read_only) = (abi::Py_T_BOOL, abi::Py_READONLY);
        b.member(c"__name__", abi::_Py_T_OBJECT, offset_of!(TypeVar, name), read_only, None);
        b.member(c"__covariant__", flag, offset_of!(TypeVar, covariant), read_only, None);
        let contravariant = offset_of!(TypeVar, contravariant);
        b.member(c"__contravariant__", flag, contravariant, read_only, None);
        let infer = offset_of!(TypeVar, infer_variance);
        b.member(c"__infer_variance__", flag, infer, read_only, None);
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        variance_repr(th, &self.name, self.infer_variance, self.covariant, self.contravariant)
    }

    #[getter]
    fn __bound__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.bound.get(th)
    }

    #[getter]
    fn __constraints__(&self, th: Thread<'_>) -> Result {
        match self.constraints.get(th)? {
            Some(constraints) => Ok(constraints),
            None => Tuple::from_refs(th, Vec::new()).map(Ref::upcast),
        }
    }

    #[getter]
    fn __default__(&self, th: Thread<'_>) -> Result {
        Ok(self.default.get(th)?.unwrap_or_else(|| no_default().own()))
    }

    #[getter]
    fn evaluate_bound(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.bound.evaluator(th)
    }

    #[getter]
    fn evaluate_constraints(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.constraints.evaluator(th)
    }

    #[getter]
    fn evaluate_default(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.default.evaluator(th)
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        types::union::from_args(th, &[left, right])
    }

    #[sig = "($self, arg, /)"]
    fn __typing_subst__(&self, th: Thread<'_>, arg: Obj<'_>) -> Result {
        call_typing(th, id!(th, "_typevar_subst"), &[self.obj(), arg])
    }

    #[sig = "($self, alias, args, /)"]
    fn __typing_prepare_subst__(
        &self,
        th: Thread<'_>,
        alias: Obj<'_>,
        args: Obj<'_>,
    ) -> Result<Ref<Tuple>> {
        let args = Tuple::from_iterable(th, args)?;
        append_default(th, self.obj(), || self.default.get(th), alias, &args)
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, _: Thread<'_>) -> Ref<Str> {
        self.name.clone()
    }

    #[sig = "($self, /)"]
    fn has_default(&self, _: Thread<'_>) -> bool {
        self.default.is_given()
    }

    #[sig = "($self, bases, /)"]
    fn __mro_entries__(&self, th: Thread<'_>, _: Obj<'_>) -> Result {
        raise!(th, TypeError, "Cannot subclass an instance of TypeVar")
    }
}
