//! `Future`: a result that comes later, and who wants to know.
//!
//! Callbacks are handed to the loop, never called here. Everything that may run
//! Python code (the loop's methods, comparisons) works on owned references, so
//! that it may change this very future.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, IntoObject, Link, List, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, exceptions, id, raise,
    types::{self, singletons::none},
};

use super::{
    iter::FutureIter,
    state::{State, call_soon, current_loop, get_debug},
};
use crate::support::import_from;

/// Where a future stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Pending,
    Cancelled,
    Finished,
}

/// This class is *almost* compatible with concurrent.futures.Future.
///
/// Differences:
///
/// - result() and exception() do not take a timeout argument and
///   raise an exception when the future isn't done yet.
///
/// - Callbacks registered with add_done_callback() are always called
///   via the event loop's call_soon_threadsafe().
///
/// - This class is not compatible with the wait() and as_completed()
///   methods in the concurrent.futures package.
#[pytype(name = "_asyncio.Future", sig = "(*, loop=None)", flags = BASETYPE | IMMUTABLETYPE, dictoffset = dict, weaklistoffset = weaklist)]
pub(crate) struct Future {
    head: Head,
    pub(super) loop_: Link,
    first: Link,
    first_context: Link,
    callbacks: Callbacks,
    exception: Link,
    traceback: Link,
    result: Link,
    pub(super) source_traceback: Link,
    pub(super) cancel_message: Link,
    pub(super) cancelled: Link,
    /// Who waits for this, if that is one; else `awaited_by`.
    waiter: Link,
    awaited_by: Link<types::Set>,
    dict: Link<Dict>,
    weaklist: Cell<*mut abi::PyObject>,
    stage: Cell<Stage>,
    pub(super) log_traceback: Cell<bool>,
    pub(super) blocking: Cell<bool>,
}

/// Callbacks beyond the first, with their contexts.
#[derive(Default)]
pub(super) struct Callbacks(RefCell<Vec<(Ref, Ref)>>);

impl object::Traverse for Callbacks {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        let Ok(callbacks) = self.0.try_borrow() else { return };
        for (callback, context) in callbacks.iter() {
            visit(callback.obj());
            visit(context.obj());
        }
    }
    fn clear(&self) {
        let old = self.0.try_borrow_mut().map(|mut callbacks| std::mem::take(&mut *callbacks));
        drop(old);
    }
}

/// What a finished future holds.
pub(super) enum Outcome {
    Value(Ref),
    Exception(Ref),
}

impl Future {
    /// A future that was not initialised.
    pub(super) fn empty() -> Future {
        Future {
            head: Head::new(),
            loop_: Link::null(),
            first: Link::null(),
            first_context: Link::null(),
            callbacks: Callbacks::default(),
            exception: Link::null(),
            traceback: Link::null(),
            result: Link::null(),
            source_traceback: Link::null(),
            cancel_message: Link::null(),
            cancelled: Link::null(),
            waiter: Link::null(),
            awaited_by: Link::null(),
            dict: Link::null(),
            weaklist: Cell::new(std::ptr::null_mut()),
            stage: Cell::new(Stage::Pending),
            log_traceback: Cell::new(false),
            blocking: Cell::new(false),
        }
    }

    /// What `__init__` does, of tasks too.
    pub(super) fn init(&self, th: Thread<'_>, loop_: Option<Obj<'_>>) -> Result<()> {
        for link in [
            &self.loop_,
            &self.first,
            &self.first_context,
            &self.exception,
            &self.traceback,
            &self.result,
            &self.source_traceback,
            &self.cancel_message,
            &self.cancelled,
        ] {
            link.set(None);
        }
        self.waiter.set(None);
        self.awaited_by.set(None);
        let old = std::mem::take(&mut *self.callbacks.0.borrow_mut());
        drop(old);
        self.stage.set(Stage::Pending);
        self.log_traceback.set(false);
        self.blocking.set(false);
        let loop_ = match loop_.filter(|loop_| !loop_.is_none()) {
            Some(loop_) => loop_.own(),
            None => current_loop(th)?,
        };
        self.loop_.set(Some(loop_.clone()));
        if get_debug(th, loop_.obj())? {
            let extract = import_from(th, "traceback", "extract_stack")?;
            self.source_traceback.set(Some(extract.call(th, &[])?));
        }
        Ok(())
    }

    pub(super) fn is_pending(&self) -> bool {
        self.stage.get() == Stage::Pending
    }

    /// The loop, or `RuntimeError` before `__init__`.
    pub(super) fn the_loop(&self, th: Thread<'_>) -> Result {
        match self.loop_.get() {
            Some(loop_) => Ok(loop_),
            None => raise!(th, RuntimeError, "{} object is not initialized.", self.kind()),
        }
    }

    fn kind(&self) -> &'static str {
        if self.obj().ty().is_subtype(<super::task::Task as object::PyStruct>::type_object()) {
            "Task"
        } else {
            "Future"
        }
    }

    /// The error of `del future.name`.
    pub(super) fn cannot_delete(&self, th: Thread<'_>, name: &str) -> Raised {
        let class = self.obj().ty().full_name();
        object::error!(
            th,
            AttributeError,
            "attribute '{name}' of '{class}' objects cannot be deleted"
        )
    }

    fn schedule_callbacks(&self, th: Thread<'_>) -> Result<()> {
        let loop_ = self.the_loop(th)?;
        if let Some(callback) = self.first.take() {
            let context = self.first_context.take();
            call_soon(th, &loop_, &callback, Some(self.obj()), context.as_ref())?;
        }
        let callbacks = std::mem::take(&mut *self.callbacks.0.borrow_mut());
        for (callback, context) in &callbacks {
            call_soon(th, &loop_, callback, Some(self.obj()), Some(context))?;
        }
        Ok(())
    }

    pub(super) fn finish(&self, th: Thread<'_>, result: Obj<'_>) -> Result<()> {
        self.the_loop(th)?;
        if !self.is_pending() {
            return Err(invalid_state(th, "invalid state"));
        }
        self.result.set(Some(result.own()));
        self.stage.set(Stage::Finished);
        self.schedule_callbacks(th)
    }

    pub(super) fn fail(&self, th: Thread<'_>, exception: Obj<'_>) -> Result<()> {
        self.the_loop(th)?;
        if !self.is_pending() {
            return Err(invalid_state(th, "invalid state"));
        }
        let mut value = exception.own();
        if exceptions::is_exception_class(exception) {
            value = exception.call(th, &[])?;
        }
        if exceptions::BaseException::of(value.obj()).is_none() {
            raise!(th, TypeError, "invalid exception object");
        }
        if value.obj().ty().is_subtype(exceptions::types::StopIteration()) {
            value = stop_iteration_inside(th, value)?;
        }
        let traceback = exceptions::BaseException::of(value.obj()).and_then(|e| e.traceback());
        self.traceback.set(traceback);
        self.exception.set(Some(value));
        self.stage.set(Stage::Finished);
        self.schedule_callbacks(th)?;
        self.log_traceback.set(true);
        Ok(())
    }

    /// `cancel`; whether it was pending.
    pub(super) fn cancel_with(&self, th: Thread<'_>, message: Option<Obj<'_>>) -> Result<bool> {
        self.the_loop(th)?;
        self.log_traceback.set(false);
        if !self.is_pending() {
            return Ok(false);
        }
        self.stage.set(Stage::Cancelled);
        self.cancel_message.set(message.map(Obj::own));
        self.schedule_callbacks(th)?;
        Ok(true)
    }

    /// A `CancelledError` for this future.
    pub(super) fn cancelled_error(&self, th: Thread<'_>) -> Result {
        if let Some(exception) = self.cancelled.take() {
            return Ok(exception);
        }
        let class = State::of(th).cancelled_error(th)?;
        match self.cancel_message.get().filter(|message| !message.obj().is_none()) {
            Some(message) => class.call(th, &[message.obj()]),
            None => class.call(th, &[]),
        }
    }

    fn raise_cancelled(&self, th: Thread<'_>) -> Raised {
        match self.cancelled_error(th) {
            Ok(exception) => th.raise_object(exception),
            Err(raised) => raised,
        }
    }

    /// What it holds; raises when it is cancelled or not done.
    pub(super) fn outcome(&self, th: Thread<'_>) -> Result<Outcome> {
        match self.stage.get() {
            Stage::Cancelled => Err(self.raise_cancelled(th)),
            Stage::Pending => Err(invalid_state(th, "Result is not set.")),
            Stage::Finished => {
                self.log_traceback.set(false);
                let Some(exception) = self.exception.get() else {
                    let value = self.result.get();
                    return Ok(Outcome::Value(value.unwrap_or_else(|| none().own())));
                };
                if let Some(base) = exceptions::BaseException::of(exception.obj()) {
                    base.set_traceback(self.traceback.take());
                }
                Ok(Outcome::Exception(exception))
            }
        }
    }

    pub(super) fn get_result(&self, th: Thread<'_>) -> Result {
        match self.outcome(th)? {
            Outcome::Value(value) => Ok(value),
            Outcome::Exception(exception) => Err(th.raise_object(exception)),
        }
    }

    pub(super) fn add_callback(&self, th: Thread<'_>, callback: Ref, context: Ref) -> Result<()> {
        let Some(loop_) = self.loop_.get() else {
            raise!(th, RuntimeError, "uninitialized {} object", self.kind());
        };
        if !self.is_pending() {
            return call_soon(th, &loop_, &callback, Some(self.obj()), Some(&context));
        }
        if self.first.is_null() && self.callbacks.0.borrow().is_empty() {
            self.first.set(Some(callback));
            self.first_context.set(Some(context));
        } else {
            self.callbacks.0.borrow_mut().push((callback, context));
        }
        Ok(())
    }

    /// Remember that `waiter` waits for this. PERF: `bench/echo.py`; a second
    /// one is rare, and only then there is a set.
    pub(super) fn add_waiter(&self, th: Thread<'_>, waiter: Obj<'_>) -> Result<()> {
        let set = match (self.awaited_by.get(), self.waiter.get()) {
            (Some(set), _) => set,
            (None, None) => {
                self.waiter.set(Some(waiter.own()));
                return Ok(());
            }
            (None, Some(first)) if first.obj().is(waiter) => return Ok(()),
            (None, Some(first)) => {
                let set = types::Set::new(th)?;
                set.add(th, first.obj())?;
                self.awaited_by.set(Some(set.clone()));
                self.waiter.set(None);
                set
            }
        };
        set.add(th, waiter).map(drop)
    }

    pub(super) fn discard_waiter(&self, th: Thread<'_>, waiter: Obj<'_>) -> Result<()> {
        if let Some(set) = self.awaited_by.get() {
            return set.discard(th, waiter).map(drop);
        }
        if self.waiter.get().is_some_and(|known| known.obj().is(waiter)) {
            self.waiter.set(None);
        }
        Ok(())
    }

    /// Report an exception that nobody asked for.
    pub(super) fn report_unretrieved(&self, th: Thread<'_>) {
        if !self.log_traceback.replace(false) {
            return;
        }
        let Some(exception) = self.exception.get() else { return };
        let message = format!("{} exception was never retrieved", self.obj().ty().name());
        let context = || -> Result<Ref<Dict>> {
            let context = Dict::new(th)?;
            context.set(th, id!(th, "message").obj(), Str::new(th, &message)?.obj())?;
            context.set(th, id!(th, "exception").obj(), exception.obj())?;
            context.set(th, id!(th, "future").obj(), self.obj())?;
            Ok(context)
        };
        self.report(th, context());
    }

    /// Give the loop's exception handler a context.
    pub(super) fn report(&self, th: Thread<'_>, context: Result<Ref<Dict>>) {
        let (Ok(context), Some(loop_)) = (context, self.loop_.get()) else {
            (th.hooks().unraisable)(th, None, Some(self.obj()));
            return;
        };
        let name = id!(th, "source_traceback");
        let added = match self.source_traceback.get() {
            Some(stack) => context.set(th, name.obj(), stack.obj()),
            None => Ok(()),
        };
        let called = added.and_then(|()| loop_.getattr(th, id!(th, "call_exception_handler")));
        match called {
            Ok(handler) => {
                if handler.call(th, &[context.obj()]).is_err() {
                    let text = match handler.repr(th) {
                        Ok(text) => text.to_string(),
                        Err(raised) => {
                            th.clear_exception(raised);
                            String::new()
                        }
                    };
                    let text = format!("Exception ignored while calling asyncio function {text}");
                    (th.hooks().unraisable)(th, Some(&text), None);
                }
            }
            Err(_) => (th.hooks().unraisable)(th, None, Some(self.obj())),
        }
    }
}

/// `InvalidStateError`.
pub(super) fn invalid_state(th: Thread<'_>, message: &str) -> Raised {
    let made = import_from(th, "asyncio.exceptions", "InvalidStateError")
        .and_then(|class| class.call(th, &[Str::new(th, message)?.obj()]));
    match made {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// The `RuntimeError` that stands for a `StopIteration`.
fn stop_iteration_inside(th: Thread<'_>, cause: Ref) -> Result {
    let text = "StopIteration interacts badly with generators and cannot be raised into a Future";
    let class = exceptions::types::RuntimeError();
    let error = exceptions::instantiate(th, class, &[Str::new(th, text)?.obj()])?;
    if let Some(base) = exceptions::BaseException::of(error.obj()) {
        base.set_cause(Some(cause.clone()));
        base.set_context(Some(cause));
    }
    Ok(error)
}

fn or_none(link: &Link) -> Ref {
    link.get().unwrap_or_else(|| none().own())
}

/// What a call of `Future` makes. PERF: `bench/echo.py`; neither a tuple nor a dict
/// is made for `Future(loop=loop)`.
fn make(
    th: Thread<'_>,
    ty: &Type,
    args: &[Obj<'_>],
    names: &[Obj<'_>],
    values: &[Obj<'_>],
) -> Result {
    let future = alloc_object::alloc(th, ty, Future::empty())?;
    match (args, names, values) {
        ([], [], []) => future.init(th, None)?,
        ([], [name], [value]) if types::str_eq(*name, "loop") => future.init(th, Some(*value))?,
        _ => {
            // Wrong arguments: `__init__` says what is wrong.
            let names = Tuple::from_objs(th, names)?;
            let all: Vec<Obj<'_>> = args.iter().chain(values).copied().collect();
            future.call_method_kw(th, id!(th, "__init__"), &all, Some(&names))?;
        }
    }
    Ok(future.upcast())
}

#[pymethods]
impl Future {
    fn __new__(th: Thread<'_>, cls: &Type, _: &types::Tuple, _: Option<&Dict>) -> Result {
        alloc_object::alloc(th, cls, Future::empty()).map(Ref::upcast)
    }

    #[declare]
    fn calls(builder: &mut object::declare::TypeBuilder<'_>) {
        builder.vectorcall(make);
    }

    #[sig = "Future(*, loop=None)"]
    fn __init__(th: Thread<'_>, this: Obj<'_>, r#loop: Option<Obj<'_>>) -> Result<()> {
        match this.downcast::<Future>() {
            Some(future) => future.init(th, r#loop),
            None => raise!(th, TypeError, "not a Future"),
        }
    }

    fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result {
        let function = State::of(th).future_repr(th)?;
        function.call(th, &[this])
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        self.the_loop(th)?;
        FutureIter::new(th, self.obj()).map(Ref::upcast)
    }

    fn __await__(&self, th: Thread<'_>) -> Result<Ref> {
        self.the_loop(th)?;
        FutureIter::new(th, self.obj()).map(Ref::upcast)
    }

    fn __del__(&self, th: Thread<'_>) -> Result<()> {
        let saved = th.swap_exception(None);
        self.report_unretrieved(th);
        th.swap_exception(saved);
        Ok(())
    }

    /// Return the result this future represents.
    ///
    /// If the future has been cancelled, raises CancelledError.  If the
    /// future's result isn't yet available, raises InvalidStateError.  If
    /// the future is done and has an exception set, this exception is raised.
    #[sig = "($self, /)"]
    fn result(&self, th: Thread<'_>) -> Result {
        if self.loop_.is_null() {
            return Err(invalid_state(th, "Future object is not initialized."));
        }
        self.get_result(th)
    }

    /// Return the exception that was set on this future.
    ///
    /// The exception (or None if no exception was set) is returned only if
    /// the future is done.  If the future has been cancelled, raises
    /// CancelledError.  If the future isn't done yet, raises
    /// InvalidStateError.
    #[sig = "($self, /)"]
    fn exception(&self, th: Thread<'_>) -> Result {
        if self.loop_.is_null() {
            return Err(invalid_state(th, "Future object is not initialized."));
        }
        match self.stage.get() {
            Stage::Cancelled => Err(self.raise_cancelled(th)),
            Stage::Pending => Err(invalid_state(th, "Exception is not set.")),
            Stage::Finished => {
                let Some(exception) = self.exception.get() else { return Ok(none().own()) };
                self.log_traceback.set(false);
                Ok(exception)
            }
        }
    }

    /// Mark the future done and set its result.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[sig = "($self, result, /)"]
    fn set_result(&self, th: Thread<'_>, result: Obj<'_>) -> Result<()> {
        self.finish(th, result)
    }

    /// Mark the future done and set an exception.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[sig = "($self, exception, /)"]
    fn set_exception(&self, th: Thread<'_>, exception: Obj<'_>) -> Result<()> {
        self.fail(th, exception)
    }

    /// Add a callback to be run when the future becomes done.
    ///
    /// The callback is called with a single argument - the future object. If
    /// the future is already done when this is called, the callback is
    /// scheduled with call_soon.
    #[sig = "($self, fn, /, *, context=<unrepresentable>)"]
    fn add_done_callback(
        &self,
        th: Thread<'_>,
        r#fn: Obj<'_>,
        context: Option<Obj<'_>>,
    ) -> Result<()> {
        let context = match context {
            Some(context) => context.own(),
            None => crate::_contextvars::copy_current(th)?.upcast(),
        };
        self.add_callback(th, r#fn.own(), context)
    }

    /// Remove all instances of a callback from the "call when done" list.
    ///
    /// Returns the number of callbacks removed.
    #[sig = "($self, fn, /)"]
    fn remove_done_callback(&self, th: Thread<'_>, r#fn: Obj<'_>) -> Result<usize> {
        self.the_loop(th)?;
        let equals = |callback: &Ref| object::protocol::compare::eq(th, callback.obj(), r#fn);
        let mut removed = 0;
        if let Some(first) = self.first.get()
            && equals(&first)?
        {
            removed += 1;
            self.first.set(None);
            self.first_context.set(None);
        }
        let before = self.callbacks.0.borrow().clone();
        let mut keep = Vec::new();
        for entry in before {
            if equals(&entry.0)? {
                removed += 1;
            } else {
                keep.push(entry);
            }
        }
        // Comparing may have added callbacks or taken them all.
        let old = {
            let mut callbacks = self.callbacks.0.borrow_mut();
            if callbacks.is_empty() { keep } else { std::mem::replace(&mut *callbacks, keep) }
        };
        drop(old);
        Ok(removed)
    }

    /// Cancel the future and schedule callbacks.
    ///
    /// If the future is already done or cancelled, return False.  Otherwise,
    /// change the future's state to cancelled, schedule the callbacks and
    /// return True.
    #[sig = "($self, /, msg=None)"]
    fn cancel(&self, th: Thread<'_>, msg: Option<Obj<'_>>) -> Result<bool> {
        self.cancel_with(th, msg)
    }

    /// Return True if the future was cancelled.
    #[sig = "($self, /)"]
    fn cancelled(&self, _: Thread<'_>) -> bool {
        !self.loop_.is_null() && self.stage.get() == Stage::Cancelled
    }

    /// Return True if the future is done.
    ///
    /// Done means either that a result / exception are available, or that the
    /// future was cancelled.
    #[sig = "($self, /)"]
    fn done(&self, _: Thread<'_>) -> bool {
        !self.loop_.is_null() && !self.is_pending()
    }

    /// Return the event loop the Future is bound to.
    #[sig = "($self, /)"]
    fn get_loop(&self, th: Thread<'_>) -> Result {
        self.the_loop(th)
    }

    /// Create the CancelledError to raise if the Future is cancelled.
    ///
    /// This should only be called once when handling a cancellation since
    /// it erases the context exception value.
    #[sig = "($self, /)"]
    fn _make_cancelled_error(&self, th: Thread<'_>) -> Result {
        self.cancelled_error(th)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }

    #[getter]
    fn _state(&self, th: Thread<'_>) -> Result {
        self.the_loop(th)?;
        let name = match self.stage.get() {
            Stage::Pending => id!(th, "PENDING"),
            Stage::Cancelled => id!(th, "CANCELLED"),
            Stage::Finished => id!(th, "FINISHED"),
        };
        Ok(name.obj().own())
    }

    #[getter]
    fn _asyncio_future_blocking(&self, _: Thread<'_>) -> bool {
        !self.loop_.is_null() && self.blocking.get()
    }

    #[setter]
    fn set__asyncio_future_blocking(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.the_loop(th)?;
        let Some(value) = value else {
            return Err(self.cannot_delete(th, "_asyncio_future_blocking"));
        };
        self.blocking.set(value.is_true(th)?);
        Ok(())
    }

    #[getter]
    fn _loop(&self, _: Thread<'_>) -> Ref {
        or_none(&self.loop_)
    }

    #[getter]
    fn _callbacks(&self, th: Thread<'_>) -> Result {
        self.the_loop(th)?;
        let list = List::new(th)?;
        if let (Some(first), context) = (self.first.get(), self.first_context.get()) {
            list.push(th, (first, context).into_object(th)?)?;
        }
        let rest = self.callbacks.0.borrow().clone();
        for entry in rest {
            list.push(th, entry.into_object(th)?)?;
        }
        if list.len() == 0 { Ok(none().own()) } else { Ok(list.upcast()) }
    }

    #[getter]
    fn _result(&self, th: Thread<'_>) -> Result {
        self.the_loop(th)?;
        Ok(or_none(&self.result))
    }

    #[getter]
    fn _exception(&self, th: Thread<'_>) -> Result {
        self.the_loop(th)?;
        Ok(or_none(&self.exception))
    }

    #[getter]
    fn _log_traceback(&self, th: Thread<'_>) -> Result<bool> {
        self.the_loop(th)?;
        Ok(self.log_traceback.get())
    }

    #[setter]
    fn set__log_traceback(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            return Err(self.cannot_delete(th, "_log_traceback"));
        };
        if value.is_true(th)? {
            raise!(th, ValueError, "_log_traceback can only be set to False");
        }
        self.log_traceback.set(false);
        Ok(())
    }

    #[getter]
    fn _source_traceback(&self, _: Thread<'_>) -> Ref {
        or_none(&self.source_traceback)
    }

    #[getter]
    fn _cancel_message(&self, _: Thread<'_>) -> Ref {
        or_none(&self.cancel_message)
    }

    #[setter]
    fn set__cancel_message(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            return Err(self.cannot_delete(th, "_cancel_message"));
        };
        self.cancel_message.set(Some(value.own()));
        Ok(())
    }

    #[getter]
    fn _asyncio_awaited_by(&self, th: Thread<'_>) -> Result {
        let waiters = match (self.waiter.get(), self.awaited_by.get()) {
            (Some(waiter), _) => Tuple::from_array(th, [waiter])?.upcast(),
            (None, Some(set)) if set.len() > 0 => set.upcast(),
            _ => return Ok(none().own()),
        };
        types::FrozenSet::from_iterable(th, waiters.obj()).map(Ref::upcast)
    }
}
