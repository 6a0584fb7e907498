//! `Task`: a coroutine that is driven by a loop.
//!
//! A step resumes the coroutine until it yields a future, whose completion
//! schedules the next step. A task never holds the loop's attention otherwise.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, IntoObject, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object, exceptions, id, own, raise,
    types::{self, singletons::none},
};
use vm::generator::{Sent, iter_send, iter_throw};

use super::{
    future::{Future, Outcome, invalid_state},
    state::{self, State, Tasks, call_soon, exact_future, loop_of, name_text},
};
use crate::{_contextvars::Context, support::import_from};

/// A coroutine wrapped in a Future.
#[pytype(name = "_asyncio.Task", base = Future, sig = "(coro, *, loop=None, name=None, context=None, eager_start=False)", flags = BASETYPE | IMMUTABLETYPE)]
pub(crate) struct Task {
    base: Future,
    waiting_for: Link,
    coro: Link,
    /// A `str`, or the number of an unnamed task.
    name: Link,
    context: Link,
    must_cancel: Cell<bool>,
    log_destroy_pending: Cell<bool>,
    cancels: Cell<i64>,
    /// The place in the list of tasks.
    pub(super) index: Cell<usize>,
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.index.get() != usize::MAX {
            // SAFETY: objects are dropped on attached threads.
            let th = unsafe { Thread::current() };
            Tasks::of(th).unregister(self);
        }
    }
}

/// A callback that makes a task's next step.
#[pytype(name = "_asyncio.TaskStepMethWrapper", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(super) struct Step {
    head: Head,
    task: Link<Task>,
    exception: Link,
}

#[pymethods]
impl Step {
    #[declare]
    fn members(builder: &mut object::declare::TypeBuilder<'_>) {
        builder.ty().tp_call = Some(step_call);
    }

    #[getter]
    fn __self__(&self, _: Thread<'_>) -> Option<Ref> {
        self.task.get().map(Ref::upcast)
    }

    #[getter]
    fn __qualname__(&self, th: Thread<'_>) -> Result {
        match self.task.get() {
            Some(task) => task.get_coro(th)?.getattr(th, id!(th, "__qualname__")),
            None => Ok(none().own()),
        }
    }
}

unsafe extern "C" fn step_call(
    this: *mut abi::PyObject,
    args: *mut abi::PyObject,
    kwargs: *mut abi::PyObject,
) -> *mut abi::PyObject {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the receiver outlives the call.
    let this = unsafe { th.argument(this) };
    // SAFETY: a tuple that outlives the call.
    let args = unsafe { th.argument(args) };
    // SAFETY: null or a dict that outlives the call.
    let kwargs = unsafe { Obj::from_raw(kwargs) };
    let call = || -> Result {
        if kwargs.and_then(|kwargs| kwargs.downcast::<Dict>()).is_some_and(|kw| !kw.is_empty()) {
            raise!(th, TypeError, "function takes no keyword arguments");
        }
        if args.downcast::<Tuple>().is_some_and(|args| args.len() > 0) {
            raise!(th, TypeError, "function takes no positional arguments");
        }
        match this.downcast::<Step>().and_then(|step| Some((step.task.get()?, &step.exception))) {
            Some((task, exception)) => task.step(th, exception.get()),
            None => Ok(none().own()),
        }
    };
    call().map_or(std::ptr::null_mut(), Ref::into_raw)
}

impl Task {
    /// Have the loop make the next step.
    fn step_soon(&self, th: Thread<'_>, exception: Option<Ref>) -> Result<()> {
        let step = Step {
            head: Head::new(),
            task: Link::new(own(self)),
            exception: Link::from_option(exception),
        };
        let step = alloc_object::new(th, step)?.upcast();
        let loop_ = self.base.the_loop(th)?;
        call_soon(th, &loop_, &step, None, self.context.get().as_ref())
    }

    /// The next step fails with a `RuntimeError`.
    fn fail_soon(&self, th: Thread<'_>, message: &str) -> Result<()> {
        let class = exceptions::types::RuntimeError();
        let error = exceptions::instantiate(th, class, &[Str::new(th, message)?.obj()])?;
        self.step_soon(th, Some(error))
    }

    /// One step as the current task.
    fn step(&self, th: Thread<'_>, exception: Option<Ref>) -> Result {
        let this = own(self);
        let loop_ = this.base.the_loop(th)?;
        state::enter(th, loop_.obj(), this.obj())?;
        let result = this.step_inner(th, exception);
        let Err(raised) = result else {
            state::leave(th, loop_.obj(), this.obj())?;
            return Ok(none().own());
        };
        let error = th.take_exception(raised);
        if let Err(raised) = state::leave(th, loop_.obj(), this.obj()) {
            th.clear_exception(raised);
        }
        Err(th.restore(error))
    }

    fn step_inner(&self, th: Thread<'_>, mut exception: Option<Ref>) -> Result<()> {
        if !self.base.is_pending() {
            let shown = match &exception {
                Some(exception) => exception.repr(th)?.to_string(),
                None => String::new(),
            };
            let text = format!("__step(): already done: {} {shown}", &*self.obj().repr(th)?);
            return Err(invalid_state(th, &text));
        }
        if self.must_cancel.get() {
            let class = State::of(th).cancelled_error(th)?;
            let is_cancel = match &exception {
                Some(exception) => exceptions::matches(exception.obj(), class.obj()),
                None => false,
            };
            if !is_cancel {
                exception = Some(self.base.cancelled_error(th)?);
            }
            self.must_cancel.set(false);
        }
        self.waiting_for.set(None);
        let Some(coro) = self.coro.get() else {
            raise!(th, RuntimeError, "uninitialized Task object");
        };
        let sent = match exception {
            None => iter_send(th, coro.obj(), none()),
            Some(exception) => iter_throw(th, coro.obj(), exception.obj()),
        };
        match sent {
            Ok(Sent::Yielded(awaited)) => self.wait_for(th, awaited),
            Ok(Sent::Returned(value)) if self.must_cancel.replace(false) => {
                let _ = value;
                let message = self.base.cancel_message.get();
                self.base.cancel_with(th, message.as_ref().map(AsObject::obj)).map(drop)
            }
            Ok(Sent::Returned(value)) => self.base.finish(th, value.obj()),
            Err(raised) => self.failed(th, th.take_exception(raised)),
        }
    }

    /// The coroutine has raised.
    fn failed(&self, th: Thread<'_>, exception: Ref) -> Result<()> {
        let class = State::of(th).cancelled_error(th)?;
        if exceptions::matches(exception.obj(), class.obj()) {
            self.base.cancelled.set(Some(exception));
            return self.base.cancel_with(th, None).map(drop);
        }
        self.base.fail(th, exception.obj())?;
        let ty = exception.obj().ty();
        let fatal = [exceptions::types::KeyboardInterrupt(), exceptions::types::SystemExit()];
        if fatal.iter().any(|fatal| ty.is_subtype(fatal)) {
            return Err(th.restore(exception));
        }
        Ok(())
    }

    /// The coroutine has yielded.
    fn wait_for(&self, th: Thread<'_>, awaited: Ref) -> Result<()> {
        let shown =
            |th| -> Result<(Ref<Str>, Ref<Str>)> { Ok((self.obj().repr(th)?, awaited.repr(th)?)) };
        if awaited.obj().is(self.obj()) {
            let text = format!("Task cannot await on itself: {}", &*self.obj().repr(th)?);
            return self.fail_soon(th, &text);
        }
        let native = exact_future(awaited.obj());
        let blocking = match native {
            Some(future) => Some(future.blocking.get()),
            None if awaited.obj().is_none() => return self.step_soon(th, None),
            None => {
                let name = id!(th, "_asyncio_future_blocking");
                match awaited.getattr_opt(th, name)?.filter(|value| !value.obj().is_none()) {
                    Some(value) => Some(value.is_true(th)?),
                    None => None,
                }
            }
        };
        let Some(blocking) = blocking else {
            let (task, what) = shown(th)?;
            let text = if awaited.obj().type_name() == "generator" {
                format!(
                    "yield was used instead of yield from for generator in task {} with {}",
                    &*task, &*what
                )
            } else {
                format!("Task got bad yield: {}", &*what)
            };
            return self.fail_soon(th, &text);
        };
        let (mine, theirs) = (self.base.the_loop(th)?, loop_of(th, awaited.obj())?);
        if !mine.obj().is(theirs.obj()) {
            let (task, what) = shown(th)?;
            let text =
                format!("Task {} got Future {} attached to a different loop", &*task, &*what);
            return self.fail_soon(th, &text);
        }
        if !blocking {
            let (task, what) = shown(th)?;
            let text =
                format!("yield was used instead of yield from in task {} with {}", &*task, &*what);
            return self.fail_soon(th, &text);
        }
        let wakeup = wakeup(th, self)?;
        let context = self.context.get().unwrap_or_else(|| none().own());
        if let Some(waited) = awaited.obj().downcast::<Future>() {
            waited.add_waiter(th, self.obj())?;
        }
        match native {
            Some(future) => {
                future.blocking.set(false);
                future.add_callback(th, wakeup, context)?;
            }
            None => {
                let name = id!(th, "_asyncio_future_blocking");
                awaited.setattr(th, name, Some(types::bool_(false)))?;
                let method = awaited.getattr(th, id!(th, "add_done_callback"))?;
                let names = Tuple::from_objs(th, &[id!(th, "context").obj()])?;
                method.call_kw(th, &[wakeup.obj(), context.obj()], Some(&names))?;
            }
        }
        self.waiting_for.set(Some(awaited.clone()));
        if self.must_cancel.get() {
            let message = self.base.cancel_message.get().unwrap_or_else(|| none().own());
            if state::cancel(th, awaited.obj(), message.obj())? {
                self.must_cancel.set(false);
            }
        }
        Ok(())
    }

    /// What the task waits for is done.
    fn wake(&self, th: Thread<'_>, future: Obj<'_>) -> Result {
        if let Some(waited) = future.downcast::<Future>() {
            waited.discard_waiter(th, self.obj())?;
        }
        let outcome = match exact_future(future) {
            Some(future) => future.outcome(th),
            None => future.call_method(th, id!(th, "result"), &[]).map(Outcome::Value),
        };
        match outcome {
            Ok(Outcome::Value(_)) => self.step(th, None),
            Ok(Outcome::Exception(exception)) => self.step(th, Some(exception)),
            Err(raised) => {
                let exception = th.take_exception(raised);
                self.step(th, Some(exception))
            }
        }
    }

    /// Run the first step at once.
    fn start_now(&self, th: Thread<'_>) -> Result<()> {
        let loop_ = self.base.the_loop(th)?;
        let before = state::swap(th, loop_.obj(), self.obj())?;
        Tasks::of(th).register(self);
        let context = self.context.get();
        let context = context.as_ref().and_then(|context| context.obj().downcast::<Context>());
        let mut result = match context {
            Some(context) => crate::_contextvars::enter(th, context),
            None => Err(object::error!(th, TypeError, "an instance of Context was expected")),
        };
        let entered = result.is_ok();
        if entered {
            result = self.step_inner(th, None);
        }
        let pending = result.err().map(|raised| th.take_exception(raised));
        let swapped = state::swap(th, loop_.obj(), before.obj());
        Tasks::of(th).unregister(self);
        if let Some(context) = context.filter(|_| entered) {
            crate::_contextvars::exit(th, context)?;
        }
        if self.base.is_pending() {
            Tasks::of(th).register(self);
        } else {
            self.coro.set(None);
        }
        match pending {
            Some(exception) => Err(th.restore(exception)),
            None => swapped.map(drop),
        }
    }
}

/// The callback that wakes `task`: a builtin method, as messages show it.
fn wakeup(th: Thread<'_>, task: &Task) -> Result {
    let state = State::of(th);
    let def = state.wakeup.get().unwrap_or_else(|| {
        let def = object::declare::one_fn(c"task_wakeup", c"", |th, this, future| -> Result {
            match this.downcast::<Task>() {
                Some(task) => own(task).wake(th, future),
                None => Ok(none().own()),
            }
        });
        state.wakeup.set(Some(def));
        def
    });
    types::builtin_function::new(th, def, Some(task.obj()), None).map(Ref::upcast)
}

fn check_coroutine(th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
    if object.is_exact::<vm::generator::Coroutine>() {
        return Ok(true);
    }
    State::of(th).iscoroutine(th)?.call(th, &[object])?.is_true(th)
}

#[pymethods]
impl Task {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        let task = Task {
            base: Future::empty(),
            waiting_for: Link::null(),
            coro: Link::null(),
            name: Link::null(),
            context: Link::null(),
            must_cancel: Cell::new(false),
            log_destroy_pending: Cell::new(false),
            cancels: Cell::new(0),
            index: Cell::new(usize::MAX),
        };
        alloc_object::alloc(th, cls, task).map(Ref::upcast)
    }

    #[sig = "Task(coro, *, loop=None, name=None, context=None, eager_start=False)"]
    fn __init__(
        th: Thread<'_>,
        this: Obj<'_>,
        coro: Obj<'_>,
        r#loop: Option<Obj<'_>>,
        name: Option<Obj<'_>>,
        context: Option<Obj<'_>>,
        eager_start: bool,
    ) -> Result<()> {
        let Some(slf) = this.downcast::<Task>() else { raise!(th, TypeError, "not a Task") };
        slf.base.init(th, r#loop)?;
        if !check_coroutine(th, coro)? {
            slf.log_destroy_pending.set(false);
            raise!(th, TypeError, "a coroutine was expected, got {}", &*coro.repr(th)?);
        }
        let context = match context.filter(|context| !context.is_none()) {
            Some(context) => context.own(),
            None => crate::_contextvars::copy_current(th)?.upcast(),
        };
        slf.context.set(Some(context));
        slf.waiting_for.set(None);
        slf.must_cancel.set(false);
        slf.log_destroy_pending.set(true);
        slf.cancels.set(0);
        slf.coro.set(Some(coro.own()));
        let name = match name.filter(|name| !name.is_none()) {
            Some(name) => name_text(th, name)?,
            None => State::of(th).next_number().into_object(th)?,
        };
        slf.name.set(Some(name));
        if eager_start {
            let loop_ = slf.base.the_loop(th)?;
            if loop_.call_method(th, id!(th, "is_running"), &[])?.is_true(th)? {
                return slf.start_now(th);
            }
        }
        slf.step_soon(th, None)?;
        Tasks::of(th).register(slf);
        Ok(())
    }

    fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result {
        import_from(th, "asyncio.base_tasks", "_task_repr")?.call(th, &[this])
    }

    fn __del__(&self, th: Thread<'_>) -> Result<()> {
        let saved = th.swap_exception(None);
        if self.base.is_pending() && self.log_destroy_pending.get() {
            let context = || -> Result<Ref<Dict>> {
                let context = Dict::new(th)?;
                context.set(th, id!(th, "task").obj(), self.obj())?;
                let message = Str::new(th, "Task was destroyed but it is pending!")?;
                context.set(th, id!(th, "message").obj(), message.obj())?;
                Ok(context)
            };
            if !self.base.loop_.is_null() {
                self.base.report(th, context());
            }
        }
        self.base.report_unretrieved(th);
        th.swap_exception(saved);
        Ok(())
    }

    /// Request that this task cancel itself.
    ///
    /// This arranges for a CancelledError to be thrown into the
    /// wrapped coroutine on the next cycle through the event loop.
    /// The coroutine then has a chance to clean up or even deny
    /// the request using try/except/finally.
    ///
    /// Unlike Future.cancel, this does not guarantee that the
    /// task will be cancelled: the exception might be caught and
    /// acted upon, delaying cancellation of the task or preventing
    /// cancellation completely.  The task may also return a value or
    /// raise a different exception.
    #[sig = "($self, /, msg=None)"]
    fn cancel(&self, th: Thread<'_>, msg: Option<Obj<'_>>) -> Result<bool> {
        self.base.log_traceback.set(false);
        if !self.base.is_pending() {
            return Ok(false);
        }
        self.cancels.set(self.cancels.get() + 1);
        let message = msg.unwrap_or(none());
        if let Some(waiting) = self.waiting_for.get()
            && state::cancel(th, waiting.obj(), message)?
        {
            return Ok(true);
        }
        self.must_cancel.set(true);
        self.base.cancel_message.set(Some(message.own()));
        Ok(true)
    }

    /// Return the count of the task's cancellation requests.
    ///
    /// This count is incremented when .cancel() is called
    /// and may be decremented using .uncancel().
    #[sig = "($self, /)"]
    fn cancelling(&self, _: Thread<'_>) -> i64 {
        self.cancels.get()
    }

    /// Decrement the task's count of cancellation requests.
    ///
    /// This should be used by tasks that catch CancelledError
    /// and wish to continue indefinitely until they are cancelled again.
    ///
    /// Returns the remaining number of cancellation requests.
    #[sig = "($self, /)"]
    fn uncancel(&self, _: Thread<'_>) -> i64 {
        if self.cancels.get() > 0 {
            self.cancels.set(self.cancels.get() - 1);
            if self.cancels.get() == 0 {
                self.must_cancel.set(false);
            }
        }
        self.cancels.get()
    }

    /// Return the list of stack frames for this task's coroutine.
    ///
    /// If the coroutine is not done, this returns the stack where it is
    /// suspended.  If the coroutine has completed successfully or was
    /// cancelled, this returns an empty list.  If the coroutine was
    /// terminated by an exception, this returns the list of traceback
    /// frames.
    #[sig = "($self, /, *, limit=None)"]
    fn get_stack(th: Thread<'_>, this: Obj<'_>, limit: Option<Obj<'_>>) -> Result {
        let function = import_from(th, "asyncio.base_tasks", "_task_get_stack")?;
        function.call(th, &[this, limit.unwrap_or(none())])
    }

    /// Print the stack or traceback for this task's coroutine.
    ///
    /// This produces output similar to that of the traceback module,
    /// for the frames retrieved by get_stack().
    #[sig = "($self, /, *, limit=None, file=None)"]
    fn print_stack(
        th: Thread<'_>,
        this: Obj<'_>,
        limit: Option<Obj<'_>>,
        file: Option<Obj<'_>>,
    ) -> Result {
        let function = import_from(th, "asyncio.base_tasks", "_task_print_stack")?;
        function.call(th, &[this, limit.unwrap_or(none()), file.unwrap_or(none())])
    }

    #[sig = "($self, result, /)"]
    fn set_result(&self, th: Thread<'_>, result: Obj<'_>) -> Result<()> {
        let _ = result;
        raise!(th, RuntimeError, "Task does not support set_result operation")
    }

    #[sig = "($self, exception, /)"]
    fn set_exception(&self, th: Thread<'_>, exception: Obj<'_>) -> Result<()> {
        let _ = exception;
        raise!(th, RuntimeError, "Task does not support set_exception operation")
    }

    #[sig = "($self, /)"]
    fn get_coro(&self, _: Thread<'_>) -> Result {
        Ok(self.coro.get().unwrap_or_else(|| none().own()))
    }

    #[sig = "($self, /)"]
    fn get_context(&self, _: Thread<'_>) -> Ref {
        self.context.get().unwrap_or_else(|| none().own())
    }

    #[sig = "($self, /)"]
    fn get_name(&self, th: Thread<'_>) -> Result {
        let Some(name) = self.name.get() else { return Ok(none().own()) };
        if !object::Int::is_exact(name.obj()) {
            return Ok(name);
        }
        let text = Str::from_fmt(th, format_args!("Task-{}", &*name.str(th)?))?.upcast();
        self.name.set(Some(text.clone()));
        Ok(text)
    }

    #[sig = "($self, value, /)"]
    fn set_name(&self, th: Thread<'_>, value: Obj<'_>) -> Result<()> {
        self.name.set(Some(name_text(th, value)?));
        Ok(())
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }

    #[getter]
    fn _log_destroy_pending(&self, _: Thread<'_>) -> bool {
        self.log_destroy_pending.get()
    }

    #[setter]
    fn set__log_destroy_pending(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            return Err(self.base.cannot_delete(th, "_log_destroy_pending"));
        };
        self.log_destroy_pending.set(value.is_true(th)?);
        Ok(())
    }

    #[getter]
    fn _must_cancel(&self, _: Thread<'_>) -> bool {
        self.must_cancel.get()
    }

    #[getter]
    fn _coro(&self, th: Thread<'_>) -> Result {
        self.get_coro(th)
    }

    #[getter]
    fn _fut_waiter(&self, _: Thread<'_>) -> Ref {
        self.waiting_for.get().unwrap_or_else(|| none().own())
    }
}
