//! Exceptions as the interpreter sees them: raising, matching, tracebacks,
//! groups. Fields are read through the public layout.
#![allow(unsafe_op_in_unsafe_fn, reason = "fields of live exception objects")]

use abi::PyBaseExceptionObject;
use object::{
    AsObject, Obj, Protocol, Raised, Ref, Result, Thread, Tuple, Type, error, exceptions::types,
    id, raise,
};

use crate::word::{own_raw, raw};

/// Whether `object` is an exception.
pub(crate) fn is_exception(object: Obj<'_>) -> bool {
    object.ty().flags() & abi::Py_TPFLAGS_BASE_EXC_SUBCLASS != 0
}

/// See `object` as an exception class.
pub(crate) fn as_class(object: Obj<'_>) -> Option<&Type> {
    object.downcast::<Type>().filter(|ty| ty.flags() & abi::Py_TPFLAGS_BASE_EXC_SUBCLASS != 0)
}

fn fields(exception: Obj<'_>) -> *mut PyBaseExceptionObject {
    exception.as_ptr().cast()
}

/// `__traceback__`.
pub fn traceback(exception: Obj<'_>) -> Option<Ref> {
    // SAFETY: an exception; the field owns its value.
    unsafe { own_raw((*fields(exception)).traceback) }
}

/// Set `__traceback__`.
pub fn set_traceback(exception: Obj<'_>, traceback: Option<Ref>) {
    // SAFETY: an exception; the field owns its value.
    let old = unsafe {
        let field = &mut (*fields(exception)).traceback;
        Ref::from_raw(std::mem::replace(field, raw(traceback)))
    };
    drop(old);
}

/// `__context__`.
pub fn context(exception: Obj<'_>) -> Option<Ref> {
    // SAFETY: an exception; the field owns its value.
    unsafe { own_raw((*fields(exception)).context) }
}

/// Set `__context__`.
pub fn set_context(exception: Obj<'_>, context: Option<Ref>) {
    // SAFETY: an exception; the field owns its value.
    let old = unsafe {
        let field = &mut (*fields(exception)).context;
        Ref::from_raw(std::mem::replace(field, raw(context)))
    };
    drop(old);
}

/// Set `__cause__`, and with it `__suppress_context__`.
pub fn set_cause(exception: Obj<'_>, cause: Option<Ref>) {
    // SAFETY: an exception; the field owns its value.
    let old = unsafe {
        let this = fields(exception);
        (*this).suppress_context = 1;
        Ref::from_raw(std::mem::replace(&mut (*this).cause, raw(cause)))
    };
    drop(old);
}

/// The value of a `StopIteration`.
pub(crate) fn stop_value(exception: Obj<'_>) -> Ref {
    // SAFETY: a StopIteration; the field owns its value.
    let value =
        unsafe { own_raw((*exception.as_ptr().cast::<abi::PyStopIterationObject>()).value) };
    value.unwrap_or_else(|| object::types::none().own())
}

/// An exception object from what `raise` got: a class is called.
fn instance(th: Thread<'_>, object: Obj<'_>) -> Result<Option<Ref>> {
    if let Some(class) = as_class(object) {
        let value = object.call(th, &[])?;
        if !is_exception(value.obj()) {
            raise!(
                th,
                TypeError,
                "calling {} should have returned an instance of BaseException, not {}",
                class.obj().repr(th)?,
                value.obj().ty().obj().repr(th)?
            );
        }
        return Ok(Some(value));
    }
    Ok(is_exception(object).then(|| object.own()))
}

/// `raise object` and `raise object from cause`.
#[inline(never)]
pub(crate) fn raise(th: Thread<'_>, object: Obj<'_>, cause: Option<Obj<'_>>) -> Result<()> {
    let Some(exception) = instance(th, object)? else {
        raise!(th, TypeError, "exceptions must derive from BaseException");
    };
    if let Some(cause) = cause {
        let fixed = if cause.is_none() {
            None
        } else {
            match instance(th, cause)? {
                Some(cause) => Some(cause),
                None => raise!(th, TypeError, "exception causes must derive from BaseException"),
            }
        };
        set_cause(exception.obj(), fixed);
    }
    Err(set_raised(th, exception))
}

/// Set an exception with the handled one as its context; cycles are broken.
pub(crate) fn set_raised(th: Thread<'_>, exception: Ref) -> Raised {
    if let Some(handled) = crate::exc_state::handled(th)
        && !handled.obj().is(exception.obj())
    {
        let mut link = handled.clone();
        let (mut slow, mut step) = (handled.clone(), false);
        while let Some(next) = context(link.obj()) {
            if next.obj().is(exception.obj()) {
                set_context(link.obj(), None);
                break;
            }
            link = next;
            if link.obj().is(slow.obj()) {
                break;
            }
            if step && let Some(next) = context(slow.obj()) {
                slow = next;
            }
            step = !step;
        }
        set_context(exception.obj(), Some(handled));
    }
    th.restore(exception)
}

/// Whether an exception is an instance of `kind`, a class or tuple of classes.
pub(crate) fn matches(exception: Obj<'_>, kind: Obj<'_>) -> bool {
    match kind.downcast::<Tuple>() {
        Some(tuple) => tuple.items().iter().any(|item| matches(exception, *item)),
        None => kind.downcast::<Type>().is_some_and(|ty| exception.ty().is_subtype(ty)),
    }
}

/// `except*`: the rest and the match; None stands for nothing.
pub(crate) fn group_match(th: Thread<'_>, exception: Obj<'_>, kind: Obj<'_>) -> Result<(Ref, Ref)> {
    let none = || object::types::none().own();
    if exception.is_none() {
        return Ok((none(), none()));
    }
    let group = types::BaseExceptionGroup();
    if matches(exception, kind) {
        if exception.ty().is_subtype(group) {
            return Ok((none(), exception.own()));
        }
        let wrapped = wrap_in_group(th, exception)?;
        set_traceback(wrapped.obj(), crate::traceback::here(th)?);
        return Ok((none(), wrapped));
    }
    if !exception.ty().is_subtype(group) {
        return Ok((exception.own(), none()));
    }
    let pair = exception.call_method(th, id!(th, "split"), &[kind])?;
    let Some(tuple) = pair.obj().downcast::<Tuple>() else {
        raise!(
            th,
            TypeError,
            "{}.split must return a tuple, not {}",
            exception.type_name(),
            pair.obj().type_name()
        );
    };
    let (Some(matched), Some(rest)) = (tuple.get(0), tuple.get(1)) else {
        raise!(
            th,
            TypeError,
            "{}.split must return a 2-tuple, got tuple of size {}",
            exception.type_name(),
            tuple.len()
        );
    };
    Ok((rest.own(), matched.own()))
}

/// `ExceptionGroup("", [exception])`.
fn wrap_in_group(th: Thread<'_>, exception: Obj<'_>) -> Result<Ref> {
    let exceptions = Tuple::from_array(th, [exception.own()])?;
    let text = object::Str::new(th, "")?;
    types::BaseExceptionGroup().obj().call(th, &[text.obj(), exceptions.obj()])
}

/// The end of a `try` with `except*`: what to raise of the exceptions raised
/// by its handlers and the unhandled rest; None for nothing.
pub(crate) fn prepare_reraise_star(
    th: Thread<'_>,
    original: Obj<'_>,
    exceptions: Obj<'_>,
) -> Result<Ref> {
    let Some(list) = exceptions.downcast::<object::List>() else {
        raise!(th, SystemError, "except* without a list");
    };
    let items: Vec<Ref> =
        (0..list.len()).filter_map(|i| list.get(i)).filter(|item| !item.obj().is_none()).collect();
    if items.is_empty() {
        return Ok(object::types::none().own());
    }
    if !original.ty().is_subtype(types::BaseExceptionGroup()) {
        // A naked exception was wrapped: at most one item, raise it as it is.
        return Ok(items.into_iter().next().unwrap_or_else(|| object::types::none().own()));
    }
    let (mut raised, mut reraised) = (Vec::new(), Vec::new());
    for item in items {
        if same_metadata(item.obj(), original) { reraised.push(item) } else { raised.push(item) }
    }
    let mut projected = None;
    if !reraised.is_empty() {
        let keep = object::List::from_refs(th, reraised)?;
        projected = project(th, original, &keep)?;
    }
    if raised.is_empty() {
        return Ok(projected.unwrap_or_else(|| object::types::none().own()));
    }
    raised.extend(projected);
    if raised.len() == 1 {
        return Ok(raised.swap_remove(0));
    }
    let list = object::List::from_refs(th, raised)?;
    let text = object::Str::new(th, "")?;
    types::BaseExceptionGroup().obj().call(th, &[text.obj(), list.obj()])
}

fn same_metadata(a: Obj<'_>, b: Obj<'_>) -> bool {
    if !is_exception(a) || !is_exception(b) {
        return false;
    }
    // SAFETY: both are exceptions.
    unsafe {
        let (a, b) = (&*fields(a), &*fields(b));
        a.notes == b.notes
            && a.traceback == b.traceback
            && a.cause == b.cause
            && a.context == b.context
    }
}

/// The leaves of a group, by identity.
fn leaves(th: Thread<'_>, exception: Obj<'_>, into: &mut Vec<usize>) -> Result<()> {
    if !exception.ty().is_subtype(types::BaseExceptionGroup()) {
        into.push(exception.as_ptr().addr());
        return Ok(());
    }
    th.check_stack(" in exception_group_projection")?;
    let inner = exception.getattr(th, id!(th, "exceptions"))?;
    if let Some(tuple) = inner.obj().downcast::<Tuple>() {
        for item in tuple.items() {
            leaves(th, *item, into)?;
        }
    }
    Ok(())
}

/// The part of `original` whose leaves occur in the groups of `keep`.
fn project(th: Thread<'_>, original: Obj<'_>, keep: &object::List) -> Result<Option<Ref>> {
    let mut wanted = Vec::new();
    for i in 0..keep.len() {
        if let Some(item) = keep.get(i) {
            leaves(th, item.obj(), &mut wanted)?;
        }
    }
    subgroup(th, original, &wanted)
}

fn subgroup(th: Thread<'_>, exception: Obj<'_>, wanted: &[usize]) -> Result<Option<Ref>> {
    if !exception.ty().is_subtype(types::BaseExceptionGroup()) {
        let found = wanted.contains(&exception.as_ptr().addr());
        return Ok(found.then(|| exception.own()));
    }
    th.check_stack(" in exception_group_projection")?;
    let inner = exception.getattr(th, id!(th, "exceptions"))?;
    let mut kept = Vec::new();
    let mut all = true;
    if let Some(tuple) = inner.obj().downcast::<Tuple>() {
        for item in tuple.items() {
            match subgroup(th, *item, wanted)? {
                Some(part) => {
                    all &= part.obj().is(*item);
                    kept.push(part);
                }
                None => all = false,
            }
        }
    }
    if all {
        return Ok(Some(exception.own()));
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let list = object::List::from_refs(th, kept)?;
    let derived = exception.call_method(th, id!(th, "derive"), &[list.obj()])?;
    if !is_exception(derived.obj()) {
        return Err(error!(th, TypeError, "derive must return an instance of BaseExceptionGroup"));
    }
    set_traceback(derived.obj(), traceback(exception));
    set_context(derived.obj(), context(exception));
    // SAFETY: both are exceptions.
    unsafe {
        if let Some(cause) = own_raw((*fields(exception)).cause) {
            set_cause(derived.obj(), Some(cause));
        }
        (*fields(derived.obj())).suppress_context = (*fields(exception)).suppress_context;
        if let Some(notes) = own_raw((*fields(exception)).notes) {
            let notes =
                object::List::from_refs(th, object::protocol::iter::collect(th, notes.obj())?)?;
            derived.setattr(th, id!(th, "__notes__"), Some(notes.obj()))?;
        }
    }
    Ok(Some(derived))
}

/// Turn an exception that leaves a generator: `StopIteration` (and in
/// asynchronous ones `StopAsyncIteration`) becomes `RuntimeError` (PEP 479).
pub(crate) fn stop_iteration_error(th: Thread<'_>, flags: i32, exception: Obj<'_>) -> Result<Ref> {
    let is_async = flags & abi::CO_ASYNC_GENERATOR != 0;
    let text = if exception.ty().is_subtype(types::StopIteration()) {
        if is_async {
            "async generator raised StopIteration"
        } else if flags & abi::CO_COROUTINE != 0 {
            "coroutine raised StopIteration"
        } else {
            "generator raised StopIteration"
        }
    } else if is_async && exception.ty().is_subtype(types::StopAsyncIteration()) {
        "async generator raised StopAsyncIteration"
    } else {
        return Ok(exception.own());
    };
    let message = object::Str::new(th, text)?;
    let error = types::RuntimeError().obj().call(th, &[message.obj()])?;
    set_cause(error.obj(), Some(exception.own()));
    set_context(error.obj(), Some(exception.own()));
    Ok(error)
}
