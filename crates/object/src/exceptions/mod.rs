//! The exception hierarchy, and how exceptions are made and set.
//!
//! Raising a builtin exception allocates the instance directly: it runs no
//! Python code and works before the interpreter does. When memory is out, a
//! `MemoryError` made at start-up is raised instead.

mod attribute_errors;
mod base;
mod group;
mod import_error;
mod key_error;
mod os_error;
mod plain;
mod stop;
mod syntax_error;
mod unicode_error;

pub mod report;
pub mod suggestions;
pub mod types;

use std::cell::{Cell, RefCell};

use crate::{
    AsObject, Obj, Protocol, Raised, Ref, Result, Thread, Tuple, Type, error, raise, types::none,
};

pub use self::{
    attribute_errors::{AttributeError, NameError},
    base::{BaseException, is_exception_class},
    group::{BaseExceptionGroup, Split, new_group, prepare_reraise_star, split_by_types},
    import_error::{ImportError, set_import_error},
    key_error::KeyError,
    os_error::{OSError, io_error, os_error, os_error_with_filenames, strerror},
    stop::{StopIteration, SystemExit},
    syntax_error::SyntaxError,
    unicode_error::{
        UnicodeDecodeError, UnicodeEncodeError, UnicodeFields, UnicodeTranslateError,
        new_decode_error, new_encode_error, new_translate_error, unicode_decode_error,
        unicode_encode_error,
    },
};

/// `MemoryError`s for when no memory is left to make one.
#[derive(Default)]
struct Reserve {
    instances: RefCell<Vec<Ref>>,
    /// Handed out again and again when the others are gone.
    last: RefCell<Option<Ref>>,
    making: Cell<bool>,
}

/// How many `MemoryError`s are kept in reserve.
const RESERVED: usize = 16;

/// Make all exception types ready, after the types that every object needs.
pub fn init(th: Thread<'_>) -> Result<()> {
    for decl in types::ROWS.iter().map(|(_, decl)| decl).chain(types::OUTSIDE) {
        crate::types::type_::ready(th, decl)?;
    }
    make_exception_group(th)?;
    let reserve = th.interp().shared.get::<Reserve>();
    for index in 0..=RESERVED {
        let args = Tuple::from_refs(th, Vec::new())?;
        let instance = BaseException::alloc(th, types::MemoryError(), args)?.upcast();
        if index == 0 {
            *reserve.last.borrow_mut() = Some(instance);
        } else {
            reserve.instances.borrow_mut().push(instance);
        }
    }
    Ok(())
}

/// `ExceptionGroup` is the one builtin exception with two bases.
fn make_exception_group(th: Thread<'_>) -> Result<()> {
    let (ty, group, exception) =
        (types::ExceptionGroup(), types::BaseExceptionGroup(), types::Exception());
    let bases = Tuple::from_objs(th, &[group.obj(), exception.obj()])?;
    let order = [ty, group, exception, types::BaseException(), crate::types::object_type()];
    let mro = Tuple::from_objs(th, &order.map(|ty| ty.obj()))?;
    // SAFETY: a static type that nobody uses yet; it owns both tuples.
    unsafe {
        (*ty.as_ptr()).tp_bases = bases.into_raw();
        (*ty.as_ptr()).tp_mro = mro.into_raw();
    }
    exception.add_subclass(ty);
    Ok(())
}

/// Every exception type by name, the aliases of `OSError` included.
pub fn all() -> Vec<(&'static str, &'static Type)> {
    let mut all: Vec<_> = types::ROWS.iter().map(|(name, decl)| (*name, (decl.ty)())).collect();
    all.extend(["EnvironmentError", "IOError"].map(|alias| (alias, types::OSError())));
    all
}

/// Set an instance of `ty` with a message.
#[cold]
pub fn raise_message(th: Thread<'_>, ty: &Type, message: &str) -> Raised {
    if !is_ready(ty) {
        return Raised;
    }
    match crate::Str::new(th, message) {
        Ok(message) => raise_call(th, ty, &[message.obj()]),
        Err(raised) => raised,
    }
}

/// Set `ty(*args)`.
#[cold]
pub fn raise_call(th: Thread<'_>, ty: &Type, args: &[Obj<'_>]) -> Raised {
    if !is_ready(ty) {
        return Raised;
    }
    if args.is_empty() && std::ptr::eq(ty, types::MemoryError()) {
        return raise_memory_error(th);
    }
    match instantiate(th, ty, args) {
        Ok(exception) => raise_instance(th, exception),
        Err(raised) => raised,
    }
}

/// Set `exception`, chained to the handled one.
#[cold]
pub fn raise_instance(th: Thread<'_>, exception: Ref) -> Raised {
    if let Some(handled) = handled(th)
        && !handled.obj().is(exception.obj())
        && let Some(base) = BaseException::of(exception.obj())
    {
        forget_in_chain(handled.obj(), exception.obj());
        base.set_context(Some(handled));
    }
    th.restore(exception)
}

/// Whether instances of `ty` can be made: exceptions cannot be reported while
/// the first types are made.
fn is_ready(ty: &Type) -> bool {
    ty.basicsize() >= size_of::<BaseException>()
}

fn raise_memory_error(th: Thread<'_>) -> Raised {
    let reserve = th.interp().shared.get::<Reserve>();
    if !reserve.making.replace(true) {
        let made = instantiate(th, types::MemoryError(), &[]);
        reserve.making.set(false);
        return match made {
            Ok(exception) => raise_instance(th, exception),
            Err(raised) => raised,
        };
    }
    let spare = reserve.instances.borrow_mut().pop().or_else(|| reserve.last.borrow().clone());
    match spare {
        Some(exception) => th.restore(exception),
        None => Raised,
    }
}

/// The exception being handled by the innermost `except` that is active.
pub fn handled(th: Thread<'_>) -> Option<Ref> {
    // SAFETY: only this thread touches its state.
    let mut item = unsafe { (*th.state().public.get()).exc_info };
    while !item.is_null() {
        // SAFETY: items live as long as they are linked.
        let (value, previous) = unsafe { ((*item).exc_value, (*item).previous_item) };
        // SAFETY: an item owns its exception.
        if let Some(value) = unsafe { Obj::from_raw(value) }
            && !value.is_none()
        {
            return Some(value.own());
        }
        item = previous;
    }
    None
}

/// Cut `exception` out of the context chain of `handled`, so that chaining the
/// two makes no cycle.
fn forget_in_chain(handled: Obj<'_>, exception: Obj<'_>) {
    let mut current = handled.own();
    // Follows at half the speed: both meet if the chain has a cycle already.
    let (mut slow, mut odd) = (handled.own(), false);
    loop {
        let Some(base) = BaseException::of(current.obj()) else { return };
        let Some(context) = base.context() else { return };
        if context.obj().is(exception) {
            base.set_context(None);
            return;
        }
        current = context;
        if current.obj().is(slow.obj()) {
            return;
        }
        if odd && let Some(next) = BaseException::of(slow.obj()).and_then(BaseException::context) {
            slow = next;
        }
        odd = !odd;
    }
}

/// Whether `__new__` and `__init__` of `ty` are `BaseException`'s.
fn is_direct(ty: &Type) -> bool {
    let (slots, base) = (ty.slots(), base::base_type().slots());
    !ty.is_heap()
        && slots.tp_new.map(|f| f as usize) == base.tp_new.map(|f| f as usize)
        && slots.tp_init.map(|f| f as usize) == base.tp_init.map(|f| f as usize)
}

/// `ty(*args)` for an exception class; builtin ones run no Python code.
pub fn instantiate(th: Thread<'_>, ty: &Type, args: &[Obj<'_>]) -> Result<Ref> {
    if !ty.is_heap() {
        let args = Tuple::from_objs(th, args)?;
        if is_direct(ty) {
            return BaseException::alloc(th, ty, args).map(Ref::upcast);
        }
        return create(th, ty, &args);
    }
    let exception = ty.call(th, args)?;
    if BaseException::of(exception.obj()).is_none() {
        raise!(
            th,
            TypeError,
            "calling {} should have returned an instance of BaseException, not {}",
            ty.repr(th)?,
            exception.obj().ty().repr(th)?
        );
    }
    Ok(exception)
}

/// `tp_new`, then `tp_init`, of a static type.
fn create(th: Thread<'_>, ty: &Type, args: &Tuple) -> Result<Ref> {
    let Some(new) = ty.slots().tp_new else {
        raise!(th, TypeError, "cannot create '{}' instances", ty.full_name());
    };
    let none = std::ptr::null_mut();
    // SAFETY: the slot belongs to the type.
    let object = unsafe { new(ty.as_ptr(), args.obj().as_ptr(), none) };
    // SAFETY: a new reference or null.
    let object = unsafe { Ref::from_raw(object) }.ok_or(error::Raised)?;
    if let Some(init) = object.obj().ty().slots().tp_init {
        // SAFETY: the slot belongs to the object's type.
        let status = unsafe { init(object.as_ptr(), args.obj().as_ptr(), none) };
        if status < 0 {
            return Err(Raised);
        }
    }
    Ok(object)
}

/// `tp_vectorcall` of the types whose instances hold nothing but arguments.
///
/// # Safety
///
/// The vectorcall protocol; `ty` is a type for which `is_direct`.
unsafe extern "C" fn vectorcall(
    ty: *mut abi::PyObject,
    args: *const *mut abi::PyObject,
    nargsf: usize,
    kwnames: *mut abi::PyObject,
) -> *mut abi::PyObject {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the type itself is the callable.
    let ty = unsafe { Type::from_ptr(ty.cast()) };
    // SAFETY: null or a tuple.
    if !unsafe { crate::declare::keyword_names(kwnames) }.is_empty() {
        let _ = error!(th, TypeError, "{}() takes no keyword arguments", ty.full_name());
        return std::ptr::null_mut();
    }
    // SAFETY: the vectorcall protocol.
    let args = unsafe { crate::reference::objects(args, nargsf & !(1 << 63)) };
    let made = Tuple::from_objs(th, args).and_then(|args| BaseException::alloc(th, ty, args));
    made.map_or(std::ptr::null_mut(), Ref::into_raw)
}

/// Whether `exception`, an instance or a class, is caught by `classes`, a
/// class or a tuple of such (which may be nested).
pub fn matches(exception: Obj<'_>, classes: Obj<'_>) -> bool {
    if let Some(classes) = classes.downcast::<Tuple>() {
        return classes.items().iter().any(|class| matches(exception, *class));
    }
    let class = match exception.downcast::<Type>() {
        Some(class) if is_exception_class(exception) => class,
        _ if BaseException::of(exception).is_some() => exception.ty(),
        _ => return exception.is(classes),
    };
    match classes.downcast::<Type>() {
        Some(wanted) if is_exception_class(classes) => class.is_subtype(wanted),
        _ => class.obj().is(classes),
    }
}

/// The exception that `raise object` raises: an instance as it is, or an
/// instance of the class.
pub fn normalize(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    if let Some(class) = object.downcast::<Type>()
        && is_exception_class(object)
    {
        return instantiate(th, class, &[]);
    }
    if BaseException::of(object).is_some() {
        return Ok(object.own());
    }
    raise!(th, TypeError, "exceptions must derive from BaseException")
}

/// `raise object` or `raise object from cause`.
#[cold]
pub fn raise_from(th: Thread<'_>, object: Obj<'_>, cause: Option<Obj<'_>>) -> Raised {
    let exception = match normalize(th, object) {
        Ok(exception) => exception,
        Err(raised) => return raised,
    };
    if let (Some(cause), Some(base)) = (cause, BaseException::of(exception.obj())) {
        let cause = match cause.downcast::<Type>() {
            Some(class) if is_exception_class(cause) => match instantiate(th, class, &[]) {
                Ok(cause) => Some(cause),
                Err(raised) => return raised,
            },
            _ if BaseException::of(cause).is_some() => Some(cause.own()),
            _ if cause.is_none() => None,
            _ => return error!(th, TypeError, "exception causes must derive from BaseException"),
        };
        base.set_cause(cause);
    }
    raise_instance(th, exception)
}

/// Raise `KeyError(key)`: a tuple key stays one argument.
#[cold]
pub fn key_error(th: Thread<'_>, key: Obj<'_>) -> Raised {
    raise_call(th, types::KeyError(), &[key])
}

/// Raise `StopIteration(value)`, without an argument for `None`.
#[cold]
pub fn stop_iteration(th: Thread<'_>, value: Obj<'_>) -> Raised {
    if value.is(none()) {
        return raise_call(th, types::StopIteration(), &[]);
    }
    match StopIteration::new(th, value.own()) {
        Ok(exception) => raise_instance(th, exception.upcast()),
        Err(raised) => raised,
    }
}

/// The `value` of the `StopIteration` that is set, which is cleared; `None`
/// when nothing is set. Any other exception is passed on.
pub fn fetch_stop_iteration(th: Thread<'_>) -> Result<Ref> {
    let Some(exception) = th.swap_exception(None) else { return Ok(none().own()) };
    if let Some(stop) = exception.obj().downcast::<StopIteration>() {
        return Ok(stop.value());
    }
    Err(th.restore(exception))
}

/// Raise `AttributeError` with the object and name that suggestions need.
#[cold]
pub fn attribute_error(
    th: Thread<'_>,
    object: Obj<'_>,
    name: Obj<'_>,
    message: std::fmt::Arguments<'_>,
) -> Raised {
    let raised = th.raise(types::AttributeError(), message);
    if let Some(exception) = th.exception()
        && let Some(error) = exception.obj().downcast::<AttributeError>()
    {
        error.set_origin(object, name);
    }
    raised
}

/// Raise `NameError` (or a subclass) with the name that suggestions need.
#[cold]
pub fn name_error(
    th: Thread<'_>,
    ty: &Type,
    name: Obj<'_>,
    message: std::fmt::Arguments<'_>,
) -> Raised {
    let raised = th.raise(ty, message);
    if let Some(exception) = th.exception()
        && let Some(error) = exception.obj().downcast::<NameError>()
    {
        error.set_name(name);
    }
    raised
}
