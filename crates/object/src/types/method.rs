//! `method`: a callable bound to an instance.

use std::cell::Cell;

use macros::{pymethods, pytype};

use abi::PyObject;

use crate::{
    AsObject, CompareOp, Dict, Head, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object, id, protocol, raise, types,
};

/// Create a bound instance method object.
#[pytype(name = "method", c_name = "PyMethod_Type", sig = "(function, instance, /)", flags = HAVE_VECTORCALL, layout = abi::PyMethodObject, weaklistoffset = weakreflist, vectorcall = vectorcall)]
pub struct Method {
    head: Head,
    pub func: Link,
    pub this: Link,
    pub weakreflist: Cell<*mut PyObject>,
    pub vectorcall: Cell<Option<abi::vectorcallfunc>>,
}

impl Method {
    /// `func` bound to `this`.
    pub fn new(th: Thread<'_>, func: Obj<'_>, this: Obj<'_>) -> Result<Ref<Method>> {
        alloc_object::new_in_place(
            th,
            Method {
                head: Head::new(),
                func: Link::new(func.own()),
                this: Link::new(this.own()),
                weakreflist: Cell::new(std::ptr::null_mut()),
                vectorcall: Cell::new(Some(vectorcall)),
            },
        )
    }

    fn parts(&self) -> (Ref, Ref) {
        let none = || types::none().own();
        (self.func.get().unwrap_or_else(none), self.this.get().unwrap_or_else(none))
    }
}

/// Call the function with the instance in front of the arguments.
unsafe extern "C" fn vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the callable is a method.
    let (func, this) = unsafe { th.argument(callable).cast::<Method>() }.parts();
    let nargs = nargsf & !abi::PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: null or a tuple.
    let names = unsafe { Obj::from_raw(kwnames).map(|names| names.cast::<Tuple>()) };
    let total = nargs + names.map_or(0, Tuple::len);
    let function = protocol::call::vectorcall_of(func.obj(), func.obj().ty());
    if let Some(function) = function
        && nargsf & abi::PY_VECTORCALL_ARGUMENTS_OFFSET != 0
    {
        // SAFETY: the flag lets us use the word before the arguments.
        let first = unsafe { args.sub(1) }.cast_mut();
        // SAFETY: as above.
        let saved = unsafe { std::mem::replace(&mut *first, this.as_ptr()) };
        // SAFETY: the callee's own vectorcall with live arguments.
        let value = unsafe { function(func.as_ptr(), first, nargs + 1, kwnames) };
        // SAFETY: as above.
        unsafe { *first = saved };
        return value;
    }
    // SAFETY: the vectorcall protocol.
    let args = unsafe { crate::reference::objects(args, total) };
    match protocol::call::call_with(th, func.obj(), this.obj(), args, names) {
        Ok(value) => value.into_raw(),
        Err(_) => std::ptr::null_mut(),
    }
}

#[pymethods]
impl Method {
    #[declare]
    fn members(builder: &mut crate::declare::TypeBuilder<'_>) {
        builder.member(
            c"__func__",
            abi::Py_T_OBJECT_EX,
            std::mem::offset_of!(Method, func),
            abi::Py_READONLY,
            Some(c"the function (or other callable) implementing a method"),
        );
        builder.member(
            c"__self__",
            abi::Py_T_OBJECT_EX,
            std::mem::offset_of!(Method, this),
            abi::Py_READONLY,
            Some(c"the instance to which a method is bound"),
        );
    }

    #[sig = "method(function, instance, /)"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        function: Obj<'_>,
        instance: Obj<'_>,
    ) -> Result<Ref<Method>> {
        if function.ty().slots().tp_call.is_none() {
            raise!(th, TypeError, "first argument must be callable");
        }
        if instance.is_none() {
            raise!(th, TypeError, "instance must not be None");
        }
        Self::new(th, function, instance)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
        let (func, this) = self.parts();
        let mut all = vec![this];
        all.extend(args.items().iter().map(|item| item.own()));
        let all = Tuple::from_refs(th, all)?;
        protocol::call::call_tuple(th, func.obj(), &all, kwargs)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let (func, this) = self.parts();
        let name = match func.getattr_opt(th, id!(th, "__qualname__"))? {
            Some(name) => Some(name),
            None => func.getattr_opt(th, id!(th, "__name__"))?,
        };
        let name = name.as_ref().and_then(|name| name.obj().downcast::<Str>());
        let this = this.repr(th)?;
        match name {
            Some(name) => Str::from_fmt(th, format_args!("<bound method {name} of {}>", &*this)),
            None => Str::from_fmt(th, format_args!("<bound method ? of {}>", &*this)),
        }
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<Method>() else {
            return Ok(types::not_implemented().own());
        };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(types::not_implemented().own());
        }
        let ((func, this), (other_func, other_this)) = (self.parts(), other.parts());
        let same = protocol::compare::eq(th, func.obj(), other_func.obj())?
            && this.obj().is(other_this.obj());
        Ok(types::bool_(same == (op == CompareOp::Eq)).own())
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        let (func, this) = self.parts();
        Ok(types::object_::identity_hash(this.obj()) ^ func.hash(th)?)
    }

    fn __get__(
        _: Thread<'_>,
        this: Obj<'_>,
        _: Option<Obj<'_>>,
        _: Option<Obj<'_>>,
    ) -> Result<Ref> {
        Ok(this.own())
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result<Ref> {
        let Some(name) = name.downcast::<Str>() else {
            raise!(th, TypeError, "attribute name must be string, not '{}'", name.type_name());
        };
        let ty = self.obj().ty();
        if let Some(descriptor) = ty.lookup(th, name).map(Obj::own) {
            let Some(get) = descriptor.obj().ty().slots().tp_descr_get else {
                return Ok(descriptor);
            };
            // SAFETY: the slot belongs to the descriptor's type.
            let value = unsafe { get(descriptor.as_ptr(), self.obj().as_ptr(), ty.obj().as_ptr()) };
            // SAFETY: a new reference or null.
            return unsafe { Ref::from_raw(value) }.ok_or(crate::Raised);
        }
        self.parts().0.getattr(th, name)
    }

    /// The function's documentation.
    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result<Ref> {
        self.parts().0.getattr(th, id!(th, "__doc__"))
    }

    /// Helper for pickle.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let (func, this) = self.parts();
        let builtins = (th.hooks().import_module)(th, id!(th, "builtins"))?;
        let getattr = builtins.getattr(th, id!(th, "getattr"))?;
        let name = func.getattr(th, id!(th, "__name__"))?;
        let args = Tuple::from_array(th, [this, name])?;
        Tuple::from_array(th, [getattr, args.upcast()]).map(Ref::upcast)
    }
}
