//! `ParamSpec` with its `args` and `kwargs`.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Head, Link, Obj, Protocol, Ref, Result, Str, Thread, Type, alloc_object,
    declare::TypeBuilder,
    id, own,
    protocol::{CompareOp, compare},
    raise,
    types::{self, singletons::not_implemented_ref},
};

use super::{
    call_typing, check_variance,
    lazy::{Lazy, no_default},
    set_module, variance_repr,
};

/// Parameter specification variable.
///
/// The preferred way to construct a parameter specification is via the
/// dedicated syntax for generic functions, classes, and type aliases, where
/// the use of '**' creates a parameter specification.
#[pytype(name = "typing.ParamSpec", flags = MANAGED_DICT | MANAGED_WEAKREF)]
pub struct ParamSpec {
    head: Head,
    name: Ref<Str>,
    bound: Link,
    pub(super) default: Lazy,
    covariant: bool,
    contravariant: bool,
    infer_variance: bool,
}

impl ParamSpec {
    /// A parameter specification of the parameter syntax.
    pub(super) fn inferred(th: Thread<'_>, name: &Str) -> Result {
        let spec = ParamSpec {
            head: Head::new(),
            name: own(name),
            bound: Link::null(),
            default: Lazy::of_value(None),
            covariant: false,
            contravariant: false,
            infer_variance: true,
        };
        alloc_object::new(th, spec).map(Ref::upcast)
    }
}

#[pymethods]
impl ParamSpec {
    #[allow(clippy::too_many_arguments, reason = "the parameters of typing.ParamSpec")]
    #[sig = "paramspec(name, *, bound=None, default=NoDefault, covariant=False, contravariant=False, infer_variance=False)"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        name: &Str,
        bound: Option<Obj<'_>>,
        default: Option<Obj<'_>>,
        covariant: bool,
        contravariant: bool,
        infer_variance: bool,
    ) -> Result {
        check_variance(th, infer_variance, covariant, contravariant)?;
        let bound = bound.filter(|bound| !bound.is_none()).map(Obj::own);
        let spec = ParamSpec {
            head: Head::new(),
            name: own(name),
            bound: Link::from_option(bound),
            default: Lazy::of_value(Some(default.unwrap_or(no_default()).own())),
            covariant,
            contravariant,
            infer_variance,
        };
        let spec = alloc_object::new(th, spec)?.upcast();
        set_module(th, spec.obj())?;
        Ok(spec)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (flag, read_only) = (abi::Py_T_BOOL, abi::Py_READONLY);
        b.member(c"__name__", abi::_Py_T_OBJECT, offset_of!(ParamSpec, name), read_only, None);
        b.member(c"__bound__", abi::_Py_T_OBJECT, offset_of!(ParamSpec, bound), read_only, None);
        b.member(c"__covariant__", flag, offset_of!(ParamSpec, covariant), read_only, None);
        let contravariant = offset_of!(ParamSpec, contravariant);
        b.member(c"__contravariant__", flag, contravariant, read_only, None);
        let infer = offset_of!(ParamSpec, infer_variance);
        b.member(c"__infer_variance__", flag, infer, read_only, None);
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        variance_repr(th, &self.name, self.infer_variance, self.covariant, self.contravariant)
    }

    /// Represents positional arguments.
    #[getter(args)]
    fn get_args(&self, th: Thread<'_>) -> Result {
        let args = ParamSpecArgs { head: Head::new(), origin: self.obj().own() };
        alloc_object::new(th, args).map(Ref::upcast)
    }

    /// Represents keyword arguments.
    #[getter(kwargs)]
    fn get_kwargs(&self, th: Thread<'_>) -> Result {
        let kwargs = ParamSpecKwargs { head: Head::new(), origin: self.obj().own() };
        alloc_object::new(th, kwargs).map(Ref::upcast)
    }

    /// The default value for this ParamSpec.
    #[getter]
    fn __default__(&self, th: Thread<'_>) -> Result {
        Ok(self.default.get(th)?.unwrap_or_else(|| no_default().own()))
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
        call_typing(th, id!(th, "_paramspec_subst"), &[self.obj(), arg])
    }

    #[sig = "($self, alias, args, /)"]
    fn __typing_prepare_subst__(&self, th: Thread<'_>, alias: Obj<'_>, args: Obj<'_>) -> Result {
        call_typing(th, id!(th, "_paramspec_prepare_subst"), &[self.obj(), alias, args])
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
        raise!(th, TypeError, "Cannot subclass an instance of ParamSpec")
    }
}

/// The args for a ParamSpec object.
///
/// Given a ParamSpec object P, P.args returns an instance of ParamSpecArgs.
#[pytype(name = "typing.ParamSpecArgs", flags = MANAGED_WEAKREF)]
pub struct ParamSpecArgs {
    head: Head,
    origin: Ref,
}

/// The kwargs for a ParamSpec object.
///
/// Given a ParamSpec object P, P.kwargs returns an instance of ParamSpecKwargs.
#[pytype(name = "typing.ParamSpecKwargs", flags = MANAGED_WEAKREF)]
pub struct ParamSpecKwargs {
    head: Head,
    origin: Ref,
}

macro_rules! attribute_of_spec {
    ($ty:ident, $sig:literal, $attribute:literal) => {
        #[pymethods]
        impl $ty {
            #[sig = $sig]
            fn __new__(th: Thread<'_>, _: &Type, origin: Obj<'_>) -> Result {
                alloc_object::new(th, $ty { head: Head::new(), origin: origin.own() })
                    .map(Ref::upcast)
            }

            #[declare]
            fn members(b: &mut TypeBuilder<'_>) {
                let offset = offset_of!($ty, origin);
                b.member(c"__origin__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
            }

            fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
                match self.origin.obj().downcast_exact::<ParamSpec>() {
                    Some(spec) => Str::from_fmt(th, format_args!("{}.{}", &*spec.name, $attribute)),
                    None => {
                        let origin = self.origin.repr(th)?;
                        Str::from_fmt(th, format_args!("{}.{}", &*origin, $attribute))
                    }
                }
            }

            fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
                let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
                match other.downcast_exact::<$ty>().filter(|_| is_equality) {
                    Some(other) => {
                        compare::rich_compare(th, self.origin.obj(), other.origin.obj(), op)
                    }
                    None => Ok(not_implemented_ref()),
                }
            }

            #[sig = "($self, bases, /)"]
            fn __mro_entries__(&self, th: Thread<'_>, _: Obj<'_>) -> Result {
                raise!(th, TypeError, "Cannot subclass an instance of {}", stringify!($ty))
            }
        }
    };
}

attribute_of_spec!(ParamSpecArgs, "paramspecargs(origin)", "args");
attribute_of_spec!(ParamSpecKwargs, "paramspeckwargs(origin)", "kwargs");
