//! What belongs to an interpreter or a thread: the running loop, the current
//! tasks, all tasks, and functions of asyncio's Python part.
//!
//! Tasks are listed by address without a reference; a task leaves the list
//! when its memory goes. One whose count is zero is being torn down.

use std::{
    cell::{Cell, RefCell},
    ptr::NonNull,
};

use object::{
    AsObject, Link, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, id, raise,
    types::{self, singletons::none},
};

use super::{future::Future, task::Task};
use crate::support::import_from;

/// Per interpreter.
#[derive(Default)]
pub(super) struct State {
    cancelled_error: Cached,
    future_repr: Cached,
    iscoroutine: Cached,
    context_names: Cached,
    cancel_names: Cached,
    pub(super) wakeup: Cell<Option<&'static abi::PyMethodDef>>,
    /// For the names of tasks.
    counter: Cell<u64>,
    tasks: RefCell<Vec<NonNull<Task>>>,
    /// The loops that run and their current tasks.
    current: RefCell<Vec<(Ref, Option<Ref>)>>,
    /// Tasks of other classes: a `WeakSet` and a set.
    foreign: Cached,
    eager: Cached,
}

/// A reference that is made on first use.
struct Cached(Link);

impl Default for Cached {
    fn default() -> Self {
        Cached(Link::null())
    }
}

impl Cached {
    fn get(&self, make: impl FnOnce() -> Result) -> Result {
        if let Some(value) = self.0.get() {
            return Ok(value);
        }
        let value = make()?;
        self.0.set(Some(value.clone()));
        Ok(value)
    }
}

/// The running loop of a thread.
struct Running(Link);

impl Default for Running {
    fn default() -> Self {
        Running(Link::null())
    }
}

impl State {
    pub(super) fn of(th: Thread<'_>) -> &State {
        th.interp().extensions.get::<State>()
    }

    pub(super) fn cancelled_error(&self, th: Thread<'_>) -> Result {
        self.cancelled_error.get(|| import_from(th, "asyncio.exceptions", "CancelledError"))
    }

    pub(super) fn future_repr(&self, th: Thread<'_>) -> Result {
        self.future_repr.get(|| import_from(th, "asyncio.base_futures", "_future_repr"))
    }

    pub(super) fn iscoroutine(&self, th: Thread<'_>) -> Result {
        self.iscoroutine.get(|| import_from(th, "asyncio.coroutines", "iscoroutine"))
    }

    /// `("context",)`
    fn context_names(&self, th: Thread<'_>) -> Result {
        self.context_names
            .get(|| Tuple::from_objs(th, &[id!(th, "context").obj()]).map(Ref::upcast))
    }

    /// `("msg",)`
    fn cancel_names(&self, th: Thread<'_>) -> Result {
        self.cancel_names.get(|| Tuple::from_objs(th, &[id!(th, "msg").obj()]).map(Ref::upcast))
    }

    pub(super) fn next_number(&self) -> u64 {
        let next = self.counter.get() + 1;
        self.counter.set(next);
        next
    }

    /// List a task; nothing if it is listed.
    pub(super) fn register(&self, task: &Task) {
        if task.index.get() != usize::MAX {
            return;
        }
        let mut tasks = self.tasks.borrow_mut();
        task.index.set(tasks.len());
        tasks.push(NonNull::from(task));
    }

    pub(super) fn unregister(&self, task: &Task) {
        let index = task.index.replace(usize::MAX);
        let mut tasks = self.tasks.borrow_mut();
        if index >= tasks.len() {
            return;
        }
        tasks.swap_remove(index);
        if let Some(moved) = tasks.get(index) {
            // SAFETY: listed tasks are alive: their `Drop` takes them out.
            unsafe { moved.as_ref() }.index.set(index);
        }
    }

    /// The listed tasks that are not being torn down.
    fn listed(&self) -> Vec<Ref> {
        self.tasks
            .borrow()
            .iter()
            .filter_map(|task| {
                // SAFETY: listed tasks are alive: their `Drop` takes them out.
                let task = unsafe { task.as_ref() }.obj();
                (task.refcount() > 0).then(|| task.own())
            })
            .collect()
    }

    fn foreign(&self, th: Thread<'_>) -> Result {
        self.foreign.get(|| import_from(th, "weakref", "WeakSet")?.call(th, &[]))
    }

    fn eager(&self, th: Thread<'_>) -> Result {
        self.eager.get(|| types::Set::new(th).map(Ref::upcast))
    }
}

/// The running loop of this thread.
pub(super) fn running(th: Thread<'_>) -> Option<Ref> {
    th.state().extensions.get::<Running>().0.get()
}

pub(super) fn set_running(th: Thread<'_>, loop_: Option<Ref>) {
    let state = State::of(th);
    let old = th.state().extensions.get::<Running>().0.replace(loop_.clone());
    let removed = {
        let mut current = state.current.borrow_mut();
        let index = old
            .as_ref()
            .and_then(|old| current.iter().position(|(other, _)| other.obj().is(old.obj())));
        let removed = index.map(|index| current.swap_remove(index));
        if let Some(loop_) = loop_ {
            current.push((loop_, None));
        }
        removed
    };
    drop(removed);
    drop(old);
}

pub(super) fn no_running_loop(th: Thread<'_>) -> Raised {
    object::error!(th, RuntimeError, "no running event loop")
}

/// The running loop, else what the policy gives.
pub(super) fn current_loop(th: Thread<'_>) -> Result {
    if let Some(loop_) = running(th) {
        return Ok(loop_);
    }
    let policy = import_from(th, "asyncio.events", "_get_event_loop_policy")?.call(th, &[])?;
    policy.call_method(th, id!(th, "get_event_loop"), &[])
}

fn check_running(th: Thread<'_>, loop_: Obj<'_>) -> Result<()> {
    if running(th).is_some_and(|running| running.obj().is(loop_)) {
        return Ok(());
    }
    raise!(th, RuntimeError, "loop {} is not the running loop", &*loop_.repr(th)?)
}

/// Replace the current task of a loop that runs.
fn replace_current(th: Thread<'_>, loop_: Obj<'_>, task: Option<Ref>) -> Option<Ref> {
    let mut current = State::of(th).current.borrow_mut();
    let entry = current.iter_mut().find(|(other, _)| other.obj().is(loop_))?;
    std::mem::replace(&mut entry.1, task)
}

pub(super) fn current_task(th: Thread<'_>, loop_: Obj<'_>) -> Option<Ref> {
    let current = State::of(th).current.borrow();
    current.iter().find(|(other, _)| other.obj().is(loop_))?.1.clone()
}

pub(super) fn enter(th: Thread<'_>, loop_: Obj<'_>, task: Obj<'_>) -> Result<()> {
    check_running(th, loop_)?;
    if let Some(other) = current_task(th, loop_) {
        raise!(
            th,
            RuntimeError,
            "Cannot enter into task {} while another task {} is being executed.",
            &*task.repr(th)?,
            &*other.repr(th)?
        );
    }
    drop(replace_current(th, loop_, Some(task.own())));
    Ok(())
}

pub(super) fn leave(th: Thread<'_>, loop_: Obj<'_>, task: Obj<'_>) -> Result<()> {
    check_running(th, loop_)?;
    let current = current_task(th, loop_);
    if !current.as_ref().is_some_and(|current| current.obj().is(task)) {
        let current = current.unwrap_or_else(|| none().own());
        raise!(
            th,
            RuntimeError,
            "Invalid attempt to leave task {} while task {} is entered.",
            &*task.repr(th)?,
            &*current.repr(th)?
        );
    }
    drop(replace_current(th, loop_, None));
    Ok(())
}

pub(super) fn swap(th: Thread<'_>, loop_: Obj<'_>, task: Obj<'_>) -> Result {
    check_running(th, loop_)?;
    let task = (!task.is_none()).then(|| task.own());
    Ok(replace_current(th, loop_, task).unwrap_or_else(|| none().own()))
}

/// `loop.get_debug()`
pub(super) fn get_debug(th: Thread<'_>, loop_: Obj<'_>) -> Result<bool> {
    loop_.call_method(th, id!(th, "get_debug"), &[])?.is_true(th)
}

/// `loop.call_soon(callback[, arg], context=context)`
pub(super) fn call_soon(
    th: Thread<'_>,
    loop_: &Ref,
    callback: &Ref,
    arg: Option<Obj<'_>>,
    context: Option<&Ref>,
) -> Result<()> {
    let names = match context {
        Some(_) => Some(State::of(th).context_names(th)?),
        None => None,
    };
    let names = names.as_ref().and_then(|names| names.obj().downcast::<Tuple>());
    let callback = callback.obj();
    let call = |args: &[Obj<'_>]| loop_.call_method_kw(th, id!(th, "call_soon"), args, names);
    let called = match (arg, context) {
        (Some(arg), Some(context)) => call(&[callback, arg, context.obj()]),
        (Some(arg), None) => call(&[callback, arg]),
        (None, Some(context)) => call(&[callback, context.obj()]),
        (None, None) => call(&[callback]),
    };
    called.map(drop)
}

/// `future.cancel(msg=message)`
pub(super) fn cancel(th: Thread<'_>, future: Obj<'_>, message: Obj<'_>) -> Result<bool> {
    let names = State::of(th).cancel_names(th)?;
    let names = names.obj().downcast::<Tuple>();
    future.call_method_kw(th, id!(th, "cancel"), &[message], names)?.is_true(th)
}

/// The loop of anything like a future.
pub(super) fn loop_of(th: Thread<'_>, future: Obj<'_>) -> Result {
    if let Some(future) = exact_future(future) {
        return future.the_loop(th);
    }
    if let Some(method) = future.getattr_opt(th, id!(th, "get_loop"))? {
        return method.call(th, &[]);
    }
    future.getattr(th, id!(th, "_loop"))
}

/// A future or task of exactly these classes.
pub(super) fn exact_future(object: Obj<'_>) -> Option<&Future> {
    match object.is_exact::<Future>() || object.is_exact::<Task>() {
        true => object.downcast::<Future>(),
        false => None,
    }
}

pub(super) fn register_any(th: Thread<'_>, task: Obj<'_>) -> Result<()> {
    match task.downcast::<Task>() {
        Some(task) => State::of(th).register(task),
        None => {
            let set = State::of(th).foreign(th)?;
            set.call_method(th, id!(th, "add"), &[task])?;
        }
    }
    Ok(())
}

pub(super) fn unregister_any(th: Thread<'_>, task: Obj<'_>) -> Result<()> {
    match task.downcast::<Task>() {
        Some(task) => State::of(th).unregister(task),
        None => {
            let set = State::of(th).foreign(th)?;
            set.call_method(th, id!(th, "discard"), &[task])?;
        }
    }
    Ok(())
}

pub(super) fn register_eager(th: Thread<'_>, task: Obj<'_>, add: bool) -> Result<()> {
    let set = State::of(th).eager(th)?;
    let name = if add { id!(th, "add") } else { id!(th, "discard") };
    set.call_method(th, name, &[task]).map(drop)
}

/// The tasks of a loop that are not done.
pub(super) fn all_tasks(th: Thread<'_>, loop_: Obj<'_>) -> Result<Ref<types::Set>> {
    let state = State::of(th);
    let set = types::Set::new(th)?;
    for task in state.listed() {
        if let Some(future) = task.obj().downcast::<Future>()
            && future.is_pending()
            && future.loop_.get().is_some_and(|other| other.obj().is(loop_))
        {
            set.add(th, task.obj())?;
        }
    }
    for other in [state.foreign.0.get(), state.eager.0.get()].into_iter().flatten() {
        for task in object::protocol::iter::collect(th, other.obj())? {
            let done = task.obj().call_method(th, id!(th, "done"), &[])?.is_true(th)?;
            if !done && loop_of(th, task.obj())?.obj().is(loop_) {
                set.add(th, task.obj())?;
            }
        }
    }
    Ok(set)
}

/// `str(name)`, as exact text.
pub(super) fn name_text(th: Thread<'_>, name: Obj<'_>) -> Result<Ref> {
    if name.is_exact::<Str>() {
        return Ok(name.own());
    }
    name.str(th).map(Ref::upcast)
}
