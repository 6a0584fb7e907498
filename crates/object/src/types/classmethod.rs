//! `classmethod`: binds its callable to the class.

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Link, Obj, Protocol, PyStruct, Ref, Result, Thread, Type, alloc_object,
    protocol::generic, raise,
};

use super::staticmethod::wrapper_methods;

/// Convert a function to be a class method.
///
/// A class method receives the class as implicit first argument, just like an
/// instance method receives the instance.
#[pytype(name = "classmethod", c_name = "PyClassMethod_Type", sig = "(function, /)", flags = BASETYPE, dictoffset = dict)]
pub struct ClassMethod {
    head: Head,
    callable: Link,
    dict: Link<Dict>,
}

/// `classmethod(callable)` without copying attributes.
pub fn new(th: Thread<'_>, callable: Obj<'_>) -> Result<Ref> {
    let method =
        ClassMethod { head: Head::new(), callable: Link::new(callable.own()), dict: Link::null() };
    alloc_object::new(th, method).map(Ref::upcast)
}

impl ClassMethod {
    /// The wrapped callable.
    pub fn callable(&self) -> Option<Ref> {
        self.callable.get()
    }

    /// The wrapped callable, borrowed; null if there is none.
    #[inline(always)]
    pub fn callable_ptr(&self) -> *mut abi::PyObject {
        self.callable.as_ptr()
    }
}

wrapper_methods!(ClassMethod, "classmethod");

#[pymethods(parts(wrapper))]
impl ClassMethod {
    fn __get__(&self, th: Thread<'_>, instance: Option<Obj<'_>>, owner: Option<Obj<'_>>) -> Result {
        let Some(callable) = self.callable.get() else {
            raise!(th, RuntimeError, "uninitialized classmethod object");
        };
        let receiver = match (owner, instance) {
            (Some(owner), _) => owner.own(),
            (None, Some(instance)) => instance.ty().obj().own(),
            (None, None) => raise!(th, TypeError, "__get__(None, None) is invalid"),
        };
        generic::bound_method(th, callable, receiver.obj())
    }
}

/// `classmethod` as a type.
pub fn classmethod_type() -> &'static Type {
    ClassMethod::type_object()
}
