//! Calls: vectorcall where the callee has it, `tp_call` otherwise.

use super::attr::Method;
use crate::{
    AsObject, Dict, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, Type,
    args::{Few, SplitKwargs},
    error, id, raise,
};

/// Call with `args` = positional arguments, then the values of `kwnames`.
pub fn call(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: &[Obj<'_>],
    kwnames: Option<&Tuple>,
) -> Result<Ref> {
    let ty = callable.ty();
    if let Some(vectorcall) = vectorcall_of(callable, ty) {
        // Native code may call native code to any depth.
        th.check_stack_end()?;
        return call_pointer(callable, vectorcall, args, kwnames);
    }
    if let Some(class) = callable.downcast::<Type>()
        && class.is_made_by_python()
    {
        th.check_stack(" while calling a Python object")?;
        return class.instantiate_by_new(th, args, kwnames);
    }
    let (args, kwargs) = packed(th, args, kwnames)?;
    call_tuple(th, callable, &args, kwargs.as_deref())
}

/// `args` = positional arguments, then the values of `kwnames`, as a tuple and a dict, if there are
/// names.
pub fn packed(
    th: Thread<'_>,
    args: &[Obj<'_>],
    kwnames: Option<&Tuple>,
) -> Result<(Ref<Tuple>, Option<Ref<Dict>>)> {
    let names = kwnames.map_or(&[][..], Tuple::items);
    let (positional, values) = args.split_at(args.len() - names.len());
    let tuple = Tuple::from_objs(th, positional)?;
    if names.is_empty() {
        return Ok((tuple, None));
    }
    let dict = Dict::new(th)?;
    for (name, value) in names.iter().zip(values) {
        dict.set(th, *name, *value)?;
    }
    Ok((tuple, Some(dict)))
}

#[inline]
fn call_pointer(
    callable: Obj<'_>,
    vectorcall: abi::vectorcallfunc,
    args: &[Obj<'_>],
    kwnames: Option<&Tuple>,
) -> Result<Ref> {
    let nargs = args.len() - kwnames.map_or(0, Tuple::len);
    let kwnames = kwnames.map_or(std::ptr::null_mut(), |names| names.obj().as_ptr());
    // SAFETY: the callee's own vectorcall with live arguments.
    let value = unsafe { vectorcall(callable.as_ptr(), args.as_ptr().cast(), nargs, kwnames) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}

/// `callable(*args, **kwargs)` with the arguments already packed.
pub fn call_tuple(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: &Tuple,
    kwargs: Option<&Dict>,
) -> Result<Ref> {
    let ty = callable.ty();
    let Some(slot) = ty.slots().tp_call else {
        return Err(not_callable(th, callable)?);
    };
    th.check_stack(" while calling a Python object")?;
    let kwargs = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
    // SAFETY: the slot belongs to the callee's type.
    let value = unsafe { slot(callable.as_ptr(), args.obj().as_ptr(), kwargs) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}

/// The vectorcall function of an object, if its type has one.
#[inline]
pub fn vectorcall_of(callable: Obj<'_>, ty: &Type) -> Option<abi::vectorcallfunc> {
    if ty.flags() & abi::Py_TPFLAGS_HAVE_VECTORCALL == 0 {
        return None;
    }
    let offset = ty.slots().tp_vectorcall_offset;
    // SAFETY: the type says that a vectorcall pointer is there.
    unsafe { callable.as_ptr().byte_offset(offset).cast::<Option<abi::vectorcallfunc>>().read() }
}

/// `object.name(*args)`, the values of `kwnames` behind the positional
/// arguments. PERF: `bench/echo.py`; a method of the class is not bound first.
pub fn call_method(
    th: Thread<'_>,
    object: Obj<'_>,
    name: &Str,
    args: &[Obj<'_>],
    kwnames: Option<&Tuple>,
) -> Result<Ref> {
    match super::attr::method(th, object, name)? {
        Method::Value(method) => call(th, method.obj(), args, kwnames),
        Method::Unbound(function) => call_with(th, function.obj(), object, args, kwnames),
    }
}

/// Call with `first` in front of the arguments.
pub fn call_with(
    th: Thread<'_>,
    callable: Obj<'_>,
    first: Obj<'_>,
    args: &[Obj<'_>],
    kwnames: Option<&Tuple>,
) -> Result<Ref> {
    call(th, callable, &with_first(th, first, args)?, kwnames)
}

/// The arguments with one more in front.
#[inline]
fn with_first<'a>(th: Thread<'_>, first: Obj<'a>, args: &[Obj<'a>]) -> Result<Few<Obj<'a>>> {
    let mut all = Few::new();
    if all.try_reserve_exact(args.len() + 1).is_err() {
        return Err(th.no_memory());
    }
    all.push(first);
    all.extend_from_slice(args);
    Ok(all)
}

/// [`call_dict`] with `first` in front of the arguments.
pub fn call_dict_with(
    th: Thread<'_>,
    callable: Obj<'_>,
    first: Obj<'_>,
    args: &[Obj<'_>],
    kwargs: Option<&Dict>,
) -> Result<Ref> {
    call_dict(th, callable, &with_first(th, first, args)?, kwargs)
}

/// A builtin type whose instances are called without a tuple of arguments.
pub trait Vectorcall: crate::PyStruct {
    /// Call the instance: positional arguments, then the values of `names`.
    fn call(&self, th: Thread<'_>, args: &[Obj<'_>], names: Option<&Tuple>) -> Result<Ref>;
}

/// The vectorcall function of a type's instances.
///
/// # Safety
///
/// The vectorcall protocol, with an instance of `T` as the callable.
pub unsafe extern "C" fn vectorcall<T: Vectorcall>(
    callable: *mut abi::PyObject,
    args: *const *mut abi::PyObject,
    nargsf: usize,
    kwnames: *mut abi::PyObject,
) -> *mut abi::PyObject {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the caller's promise; who calls keeps the callable alive.
    let this = unsafe { th.argument(callable).cast::<T>() };
    // SAFETY: null or a tuple that outlives the call.
    let names = unsafe { Obj::from_raw(kwnames).map(|names| names.cast::<Tuple>()) };
    let count = (nargsf & !abi::PY_VECTORCALL_ARGUMENTS_OFFSET) + names.map_or(0, Tuple::len);
    // SAFETY: the vectorcall protocol.
    let args = unsafe { crate::reference::objects(args, count) };
    T::call(this, th, args, names).map_or(std::ptr::null_mut(), Ref::into_raw)
}

/// `callable(*args, **kwargs)` with the keyword arguments in a dict.
pub fn call_dict(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: &[Obj<'_>],
    kwargs: Option<&Dict>,
) -> Result<Ref> {
    let Some(kwargs) = kwargs.filter(|kwargs| kwargs.len() > 0) else {
        return call(th, callable, args, None);
    };
    let Some(vectorcall) = vectorcall_of(callable, callable.ty()) else {
        let args = Tuple::from_objs(th, args)?;
        return call_tuple(th, callable, &args, Some(kwargs));
    };
    call_vector(th, callable, vectorcall, args, Some(kwargs))
}

/// Call a vectorcall function of an object, the keyword arguments in a dict.
pub fn call_vector(
    th: Thread<'_>,
    callable: Obj<'_>,
    vectorcall: abi::vectorcallfunc,
    args: &[Obj<'_>],
    kwargs: Option<&Dict>,
) -> Result<Ref> {
    let Some(kwargs) = kwargs.filter(|kwargs| kwargs.len() > 0) else {
        return call_pointer(callable, vectorcall, args, None);
    };
    let keywords = SplitKwargs::new(Some(kwargs));
    if keywords.names().iter().any(|name| name.downcast::<Str>().is_none()) {
        raise!(th, TypeError, "keywords must be strings");
    }
    let names = Tuple::from_objs(th, keywords.names())?;
    let all: Few<Obj<'_>> = args.iter().chain(keywords.values()).copied().collect();
    call_pointer(callable, vectorcall, &all, Some(&names))
}

/// The error for calling what is not callable; for a module that holds a
/// function of its name, with the hint to call that one.
#[cold]
fn not_callable(th: Thread<'_>, callable: Obj<'_>) -> Result<Raised> {
    if callable.downcast::<Module>().is_some()
        && let Some(name) = callable.getattr_opt(th, id!(th, "__name__"))?
        && let Some(name) = name.obj().downcast::<Str>()
        && let Some(inner) = callable.getattr_opt(th, name)?
        && is_callable(inner.obj())
    {
        return Ok(error!(
            th,
            TypeError,
            "'{}' object is not callable. Did you mean: '{name}.{name}(...)'?",
            callable.type_name()
        ));
    }
    Ok(error!(th, TypeError, "'{}' object is not callable", callable.type_name()))
}

/// `callable(object)`.
pub fn is_callable(object: Obj<'_>) -> bool {
    object.ty().slots().tp_call.is_some()
}
