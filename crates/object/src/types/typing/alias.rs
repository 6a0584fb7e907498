//! `TypeAliasType`: what the `type` statement makes.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Function, Head, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object, declare::TypeBuilder, own, raise, types,
};

use super::{
    caller, has_default, is_type_param, iter_unpacked, lazy::Lazy, unpack_type_var_tuples,
};

/// Type alias.
///
/// Type aliases are created through the type statement:
/// `type Alias = int`.
#[pytype(name = "typing.TypeAliasType")]
pub struct TypeAliasType {
    head: Head,
    name: Ref<Str>,
    /// Null for an alias that is not generic.
    type_params: Link<Tuple>,
    value: Lazy,
    module: Link,
}

impl TypeAliasType {
    /// The alias of a `type` statement; `compute` evaluates it.
    pub(super) fn lazy(
        th: Thread<'_>,
        name: &Str,
        type_params: Option<&Tuple>,
        compute: Obj<'_>,
    ) -> Result {
        let module = compute.downcast::<Function>().and_then(|function| function.module.get());
        let alias = TypeAliasType {
            head: Head::new(),
            name: own(name),
            type_params: Link::from_option(type_params.filter(|p| p.len() > 0).map(own)),
            value: Lazy::of_function(Some(compute)),
            module: Link::from_option(module),
        };
        alloc_object::new(th, alias).map(Ref::upcast)
    }
}

fn check_type_params(th: Thread<'_>, params: &Tuple) -> Result<()> {
    let mut default_seen = false;
    for param in params.items() {
        if !is_type_param(*param) {
            raise!(th, TypeError, "Expected a type param, got {}", &*param.repr(th)?);
        }
        if has_default(*param) {
            default_seen = true;
        } else if default_seen {
            raise!(
                th,
                TypeError,
                "non-default type parameter '{}' follows default type parameter",
                &*param.repr(th)?
            );
        }
    }
    Ok(())
}

#[pymethods]
impl TypeAliasType {
    #[sig = "typealias(name, value, *, type_params=())"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        name: &Str,
        value: Obj<'_>,
        type_params: Option<Obj<'_>>,
    ) -> Result {
        let type_params = match type_params {
            Some(params) => {
                let Some(params) = params.downcast::<Tuple>() else {
                    raise!(th, TypeError, "type_params must be a tuple");
                };
                check_type_params(th, params)?;
                (params.len() > 0).then(|| own(params))
            }
            None => None,
        };
        let alias = TypeAliasType {
            head: Head::new(),
            name: own(name),
            type_params: Link::from_option(type_params),
            value: Lazy::of_value(Some(value.own())),
            module: Link::from_option(caller(th)?),
        };
        alloc_object::new(th, alias).map(Ref::upcast)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = offset_of!(TypeAliasType, name);
        b.member(c"__name__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
    }

    fn __repr__(&self, _: Thread<'_>) -> Ref<Str> {
        self.name.clone()
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        iter_unpacked(th, self.obj())
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        types::union::or(th, left, right)
    }

    fn mp_subscript(&self, th: Thread<'_>, args: Obj<'_>) -> Result {
        if self.type_params.is_null() {
            raise!(th, TypeError, "Only generic type aliases are subscriptable");
        }
        types::generic_alias::new(th, self.obj(), args)
    }

    #[getter]
    fn __parameters__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        match self.type_params.get() {
            Some(params) => unpack_type_var_tuples(th, &params),
            None => Tuple::from_refs(th, Vec::new()),
        }
    }

    #[getter]
    fn __type_params__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        match self.type_params.get() {
            Some(params) => Ok(params),
            None => Tuple::from_refs(th, Vec::new()),
        }
    }

    #[getter]
    fn __value__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.value.get(th)
    }

    #[getter]
    fn evaluate_value(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.value.evaluator(th)
    }

    #[getter]
    fn __module__(&self, _: Thread<'_>) -> Result {
        Ok(self.module.get().unwrap_or_else(|| types::none().own()))
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, _: Thread<'_>) -> Ref<Str> {
        self.name.clone()
    }
}
