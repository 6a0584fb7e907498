//! `_asyncio`: futures and tasks, the running loop, who runs and who waits.
//!
//! The loop itself is asyncio's Python code; these types call its `call_soon`.

mod future;
mod iter;
mod state;
mod task;

use macros::pymodule;
use object::{
    AsObject, Module, Obj, Ref, Result, Thread,
    types::{Set, singletons::none},
};

use self::{future::Future, task::Task};

/// Accelerator module for asyncio
#[pymodule]
pub mod _asyncio {
    use super::*;

    /// Return the running event loop or None.
    ///
    /// This is a low-level function intended to be used by event loops.
    /// This function is thread-specific.
    #[sig = "()"]
    fn _get_running_loop(th: Thread<'_>) -> Ref {
        state::running(th).unwrap_or_else(|| none().own())
    }

    /// Set the running event loop.
    ///
    /// This is a low-level function intended to be used by event loops.
    /// This function is thread-specific.
    #[sig = "(loop, /)"]
    fn _set_running_loop(th: Thread<'_>, r#loop: Obj<'_>) {
        state::set_running(th, (!r#loop.is_none()).then(|| r#loop.own()));
    }

    /// Return an asyncio event loop.
    ///
    /// When called from a coroutine or a callback (e.g. scheduled with
    /// call_soon or similar API), this function will always return the
    /// running event loop.
    ///
    /// If there is no running event loop set, the function will return
    /// the result of `get_event_loop_policy().get_event_loop()` call.
    #[sig = "()"]
    fn get_event_loop(th: Thread<'_>) -> Result {
        state::current_loop(th)
    }

    /// Return the running event loop.  Raise a RuntimeError if there is none.
    ///
    /// This function is thread-specific.
    #[sig = "()"]
    fn get_running_loop(th: Thread<'_>) -> Result {
        state::running(th).ok_or_else(|| state::no_running_loop(th))
    }

    /// Register a new task in asyncio as executed by loop.
    ///
    /// Returns None.
    #[sig = "(task)"]
    fn _register_task(th: Thread<'_>, task: Obj<'_>) -> Result<()> {
        state::register_any(th, task)
    }

    /// Register a new task in asyncio as executed by loop.
    ///
    /// Returns None.
    #[sig = "(task)"]
    fn _register_eager_task(th: Thread<'_>, task: Obj<'_>) -> Result<()> {
        state::register_eager(th, task, true)
    }

    /// Unregister a task.
    ///
    /// Returns None.
    #[sig = "(task)"]
    fn _unregister_task(th: Thread<'_>, task: Obj<'_>) -> Result<()> {
        state::unregister_any(th, task)
    }

    /// Unregister a task.
    ///
    /// Returns None.
    #[sig = "(task)"]
    fn _unregister_eager_task(th: Thread<'_>, task: Obj<'_>) -> Result<()> {
        state::register_eager(th, task, false)
    }

    /// Enter into task execution or resume suspended task.
    ///
    /// Task belongs to loop.
    ///
    /// Returns None.
    #[sig = "(loop, task)"]
    fn _enter_task(th: Thread<'_>, r#loop: Obj<'_>, task: Obj<'_>) -> Result<()> {
        state::enter(th, r#loop, task)
    }

    /// Leave task execution or suspend a task.
    ///
    /// Task belongs to loop.
    ///
    /// Returns None.
    #[sig = "(loop, task)"]
    fn _leave_task(th: Thread<'_>, r#loop: Obj<'_>, task: Obj<'_>) -> Result<()> {
        state::leave(th, r#loop, task)
    }

    /// Temporarily swap in the supplied task and return the original one (or None).
    ///
    /// This is intended for use during eager coroutine execution.
    #[sig = "(loop, task)"]
    fn _swap_current_task(th: Thread<'_>, r#loop: Obj<'_>, task: Obj<'_>) -> Result {
        state::swap(th, r#loop, task)
    }

    /// Return a currently executed task.
    #[sig = "(loop=None)"]
    fn current_task(th: Thread<'_>, r#loop: Option<Obj<'_>>) -> Result {
        let running = match r#loop.filter(|loop_| !loop_.is_none()) {
            Some(loop_) => loop_.own(),
            None => state::running(th).ok_or_else(|| state::no_running_loop(th))?,
        };
        Ok(state::current_task(th, running.obj()).unwrap_or_else(|| none().own()))
    }

    /// Return a set of all tasks for the loop.
    #[sig = "(loop=None)"]
    fn all_tasks(th: Thread<'_>, r#loop: Option<Obj<'_>>) -> Result<Ref<Set>> {
        let loop_ = match r#loop.filter(|loop_| !loop_.is_none()) {
            Some(loop_) => loop_.own(),
            None => state::running(th).ok_or_else(|| state::no_running_loop(th))?,
        };
        state::all_tasks(th, loop_.obj())
    }

    /// Record that `fut` is awaited on by `waiter`.
    #[sig = "(fut, waiter, /)"]
    fn future_add_to_awaited_by(th: Thread<'_>, fut: Obj<'_>, waiter: Obj<'_>) -> Result<()> {
        match (fut.downcast::<Future>(), waiter.downcast::<Future>()) {
            (Some(future), Some(_)) => future.add_waiter(th, waiter),
            _ => Ok(()),
        }
    }

    /// Forget that `fut` is awaited on by `waiter`.
    #[sig = "(fut, waiter, /)"]
    fn future_discard_from_awaited_by(th: Thread<'_>, fut: Obj<'_>, waiter: Obj<'_>) -> Result<()> {
        match (fut.downcast::<Future>(), waiter.downcast::<Future>()) {
            (Some(future), Some(_)) => future.discard_waiter(th, waiter),
            _ => Ok(()),
        }
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let ready = object::types::type_::ready;
        ready(th, <iter::FutureIter as object::declare::Declared>::DECL)?;
        module.add_type::<Future>(th)?;
        module.add_type::<Task>(th)?;
        ready(th, <task::Step as object::declare::Declared>::DECL).map(drop)
    }
}
