//! `instancemethod`: a callable of any kind that binds like a function.

use abi::PyObject;
use macros::{capi, pymethods, pytype};
use object::{
    AsObject, Dict, Head, Link, Obj, Ref, Result, Thread, Tuple, Type, alloc_object,
    declare::Declared, protocol::call, raise, types,
};

/// Bind a function to a class.
#[pytype(name = "instancemethod", c_name = "PyInstanceMethod_Type")]
struct InstanceMethod {
    head: Head,
    function: Link,
}

/// Make the type ready, which C code may use before it makes an instance.
pub(crate) fn ready(th: Thread<'_>) -> Result<()> {
    types::type_::ready(th, InstanceMethod::DECL).map(drop)
}

fn new(th: Thread<'_>, function: Obj<'_>) -> Result<Ref<InstanceMethod>> {
    alloc_object::new(th, InstanceMethod { head: Head::new(), function: Link::new(function.own()) })
}

#[pymethods]
impl InstanceMethod {
    #[sig = "instancemethod(function, /)"]
    fn __new__(th: Thread<'_>, _: &Type, function: Obj<'_>) -> Result<Ref> {
        if !object::protocol::call::is_callable(function) {
            raise!(th, TypeError, "first argument must be callable");
        }
        new(th, function).map(Ref::upcast)
    }

    fn __get__(&self, th: Thread<'_>, object: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        let Some(function) = self.function.get() else { return Ok(types::none().own()) };
        match object {
            Some(object) => types::method::Method::new(th, function.obj(), object).map(Ref::upcast),
            None => Ok(function),
        }
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let Some(function) = self.function.get() else { return Ok(types::none().own()) };
        call::call_dict(th, function.obj(), args.items(), kwargs)
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        let name = types::object_::expect_name(th, name)?;
        match (types::object_::generic_getattr_opt(th, self.obj(), name)?, self.function.get()) {
            (Some(found), _) => Ok(found),
            (None, Some(function)) => object::protocol::attr::getattr(th, function.obj(), name),
            (None, None) => Ok(types::none().own()),
        }
    }

    #[getter]
    fn __func__(&self, _: Thread<'_>) -> Option<Ref> {
        self.function.get()
    }
}

#[capi]
fn PyInstanceMethod_New(th: Thread<'_>, function: Obj<'_>) -> Result<Ref<InstanceMethod>> {
    ready(th)?;
    new(th, function)
}

#[capi]
fn PyInstanceMethod_Function(th: Thread<'_>, object: Obj<'_>) -> Result<*mut PyObject> {
    match object.downcast::<InstanceMethod>() {
        Some(method) => Ok(method.function.as_ptr()),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}
