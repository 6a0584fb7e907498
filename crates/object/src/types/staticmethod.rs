//! `staticmethod` and what it shares with `classmethod`.
//!
//! Both wrap a callable, copy its name and docstring into their own dict when
//! made from Python, and forward `__annotations__` and `__annotate__`, kept in
//! that dict once they were read.

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object, id, protocol::call::call_tuple, raise, types,
};

/// Convert a function to be a static method.
///
/// A static method does not receive an implicit first argument. It can be
/// called on the class as well as on an instance.
#[pytype(name = "staticmethod", c_name = "PyStaticMethod_Type", sig = "(function, /)", flags = BASETYPE, dictoffset = dict)]
pub struct StaticMethod {
    head: Head,
    callable: Link,
    dict: Link<Dict>,
}

/// `staticmethod(callable)` without copying attributes.
pub fn new(th: Thread<'_>, callable: Obj<'_>) -> Result<Ref> {
    let method =
        StaticMethod { head: Head::new(), callable: Link::new(callable.own()), dict: Link::null() };
    alloc_object::new(th, method).map(Ref::upcast)
}

impl StaticMethod {
    /// The wrapped callable.
    pub fn callable(&self) -> Option<Ref> {
        self.callable.get()
    }
}

/// Copy what `functools.wraps` would to a wrapper just made.
pub(super) fn copy_attributes(th: Thread<'_>, wrapper: Obj<'_>, wrapped: Obj<'_>) -> Result<()> {
    let names =
        [id!(th, "__module__"), id!(th, "__name__"), id!(th, "__qualname__"), id!(th, "__doc__")];
    for name in names {
        if let Some(value) = wrapped.getattr_opt(th, name)? {
            wrapper.setattr(th, name, Some(value.obj()))?;
        }
    }
    Ok(())
}

/// The dict of a wrapper, made when needed.
pub(super) fn dict_of(th: Thread<'_>, dict: &Link<Dict>) -> Result<Ref<Dict>> {
    if let Some(dict) = dict.get() {
        return Ok(dict);
    }
    let new = Dict::new(th)?;
    dict.set(Some(new.clone()));
    Ok(new)
}

/// An attribute of the wrapped callable, kept in the wrapper's dict.
pub(super) fn forwarded(
    th: Thread<'_>,
    dict: &Link<Dict>,
    wrapped: &Link,
    name: &Str,
) -> Result<Ref> {
    let dict = dict_of(th, dict)?;
    if let Some(value) = dict.get(th, name.obj())? {
        return Ok(value);
    }
    let value = wrapped.get().unwrap_or_else(|| types::none().own()).getattr(th, name)?;
    dict.set(th, name.obj(), value.obj())?;
    Ok(value)
}

/// Assign or delete a forwarded attribute in the wrapper's dict.
pub(super) fn set_forwarded(
    th: Thread<'_>,
    wrapper: Obj<'_>,
    dict: &Link<Dict>,
    name: &Str,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let dict = dict_of(th, dict)?;
    match value {
        Some(value) => dict.set(th, name.obj(), value),
        None if dict.remove(th, name.obj())? => Ok(()),
        None => {
            raise!(th, AttributeError, "'{}' object has no attribute '{name}'", wrapper.type_name())
        }
    }
}

/// The one argument of `staticmethod()` and `classmethod()`.
pub(super) fn one_callable<'a>(
    th: Thread<'_>,
    name: &str,
    args: &'a Tuple,
    kwargs: Option<&Dict>,
) -> Result<Obj<'a>> {
    if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
        raise!(th, TypeError, "{name}() takes no keyword arguments");
    }
    match args.items() {
        [callable] => Ok(*callable),
        items => raise!(th, TypeError, "{name} expected 1 argument, got {}", items.len()),
    }
}

macro_rules! wrapper_methods {
    ($ty:ident, $name:literal) => {
        #[macros::pymethods(part = wrapper)]
        impl $ty {
            fn __new__(
                th: $crate::Thread<'_>,
                cls: &$crate::Type,
                _: &$crate::Tuple,
                _: Option<&$crate::Dict>,
            ) -> $crate::Result {
                let method = $ty {
                    head: $crate::Head::new(),
                    callable: $crate::Link::new($crate::types::none().own()),
                    dict: $crate::Link::null(),
                };
                $crate::alloc_object::alloc(th, cls, method).map($crate::Ref::upcast)
            }

            fn __init__(
                &self,
                th: $crate::Thread<'_>,
                args: &$crate::Tuple,
                kwargs: Option<&$crate::Dict>,
            ) -> $crate::Result<()> {
                let callable = $crate::types::staticmethod::one_callable(th, $name, args, kwargs)?;
                self.callable.set(Some(callable.own()));
                $crate::types::staticmethod::copy_attributes(th, self.obj(), callable)
            }

            fn __repr__(&self, th: $crate::Thread<'_>) -> $crate::Result<$crate::Ref<$crate::Str>> {
                let Some(callable) = self.callable.get() else {
                    return $crate::Str::new(th, concat!("<", $name, "(<NULL>)>"));
                };
                let text = callable.repr(th)?;
                $crate::Str::from_fmt(th, format_args!(concat!("<", $name, "({})>"), &*text))
            }

            #[declare]
            fn members(b: &mut $crate::declare::TypeBuilder<'_>) {
                let offset = std::mem::offset_of!($ty, callable);
                b.member(c"__func__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
                b.member(c"__wrapped__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
            }

            #[getter(__isabstractmethod__)]
            fn is_abstract(&self, th: $crate::Thread<'_>) -> $crate::Result<bool> {
                match self.callable.get() {
                    Some(callable) => $crate::protocol::generic::is_abstract(th, callable.obj()),
                    None => Ok(false),
                }
            }

            #[getter(__dict__)]
            fn dict(&self, th: $crate::Thread<'_>) -> $crate::Result<$crate::Ref<$crate::Dict>> {
                $crate::types::staticmethod::dict_of(th, &self.dict)
            }

            #[setter(__dict__)]
            fn set_dict(
                &self,
                th: $crate::Thread<'_>,
                value: Option<$crate::Obj<'_>>,
            ) -> $crate::Result<()> {
                let dict = $crate::protocol::generic::dict_to_assign(th, value)?;
                self.dict.set(Some($crate::own(dict)));
                Ok(())
            }

            #[getter(__annotations__)]
            fn annotations(&self, th: $crate::Thread<'_>) -> $crate::Result {
                let name = $crate::id!(th, "__annotations__");
                $crate::types::staticmethod::forwarded(th, &self.dict, &self.callable, name)
            }

            #[setter(__annotations__)]
            fn set_annotations(
                &self,
                th: $crate::Thread<'_>,
                value: Option<$crate::Obj<'_>>,
            ) -> $crate::Result<()> {
                let name = $crate::id!(th, "__annotations__");
                $crate::types::staticmethod::set_forwarded(th, self.obj(), &self.dict, name, value)
            }

            #[getter(__annotate__)]
            fn annotate(&self, th: $crate::Thread<'_>) -> $crate::Result {
                let name = $crate::id!(th, "__annotate__");
                $crate::types::staticmethod::forwarded(th, &self.dict, &self.callable, name)
            }

            #[setter(__annotate__)]
            fn set_annotate(
                &self,
                th: $crate::Thread<'_>,
                value: Option<$crate::Obj<'_>>,
            ) -> $crate::Result<()> {
                let name = $crate::id!(th, "__annotate__");
                $crate::types::staticmethod::set_forwarded(th, self.obj(), &self.dict, name, value)
            }

            /// See PEP 585.
            #[classmethod]
            #[sig = "($type, object, /)"]
            fn __class_getitem__(
                th: $crate::Thread<'_>,
                cls: &$crate::Type,
                object: $crate::Obj<'_>,
            ) -> $crate::Result {
                $crate::types::generic_alias::new(th, cls.obj(), object)
            }
        }
    };
}
pub(super) use wrapper_methods;

wrapper_methods!(StaticMethod, "staticmethod");

#[pymethods(parts(wrapper))]
impl StaticMethod {
    fn __get__(&self, th: Thread<'_>, _: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        match self.callable.get() {
            Some(callable) => Ok(callable),
            None => raise!(th, RuntimeError, "uninitialized staticmethod object"),
        }
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let Some(callable) = self.callable.get() else {
            raise!(th, RuntimeError, "uninitialized staticmethod object");
        };
        call_tuple(th, callable.obj(), args, kwargs)
    }
}

/// `staticmethod` as a type.
pub fn staticmethod_type() -> &'static Type {
    StaticMethod::type_object()
}
