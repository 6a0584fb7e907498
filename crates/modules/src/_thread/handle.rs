//! Handles: starting threads, and waiting for their end.
//!
//! A handle is shared by the program and the thread. All changes of its state
//! happen with the GIL held; a thread says that it is done as the last thing
//! before it gives up its state. Whoever joins first also waits for the thread
//! of the system to be gone.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    ptr::NonNull,
};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Obj, Raised, Ref, Result, Str, Thread, ThreadState, Traverse, Tuple,
    alloc_object, exceptions, protocol::call::call_tuple, raise,
};

use super::local;
use crate::support::{
    Round, seconds_to_ns,
    wait::{Until, WaitQueue},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    NotStarted,
    /// The thread runs, or is about to.
    Running,
    Done,
}

/// How the thread of the system is disposed of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum System {
    /// There is none, or it is not ours.
    Foreign,
    Joinable,
    /// Somebody is joining it.
    Joining,
    Joined,
}

/// A handle to join a thread.
#[pytype(name = "_thread._ThreadHandle", traverse = manual)]
pub(crate) struct ThreadHandle {
    head: Head,
    ident: Cell<u64>,
    state: Cell<State>,
    system: Cell<System>,
    ended: WaitQueue,
}

impl Traverse for ThreadHandle {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Drop for ThreadHandle {
    fn drop(&mut self) {
        if self.system.get() == System::Joinable {
            host::thread::detach(self.ident.get());
        }
        // SAFETY: objects are dropped on attached threads.
        let th = unsafe { Thread::current() };
        threads(th).handles.borrow_mut().remove(&std::ptr::from_ref(self).cast_mut());
    }
}

/// What this module keeps of an interpreter's threads.
#[derive(Default)]
pub(super) struct Threads {
    /// Threads that run, the main thread and foreign ones excepted.
    pub(super) count: Cell<usize>,
    /// Those to be waited for at the end.
    waited_for: RefCell<Vec<Ref<ThreadHandle>>>,
    /// All handles that live, for the child of a fork.
    handles: RefCell<HashSet<*mut ThreadHandle>>,
    pub(super) stack_size: Cell<usize>,
}

pub(super) fn threads(th: Thread<'_>) -> &'static Threads {
    th.interp().extensions.get::<Threads>()
}

/// Stacks are mapped without being used: as large as recursion may want.
const DEFAULT_STACK: usize = 16 << 20;
/// The least that native code can do with.
const LEAST_STACK: usize = 1 << 20;
/// What is kept below the limit of recursion.
const STACK_RESERVE: usize = 256 * 1024;

/// What a new thread is told.
struct Start {
    state: &'static ThreadState,
    stack: usize,
    function: NonNull<abi::PyObject>,
    args: NonNull<abi::PyObject>,
    kwargs: Option<NonNull<abi::PyObject>>,
    handle: NonNull<abi::PyObject>,
}

// SAFETY: the references are used by the new thread with the GIL held, and
// given up by the old one.
unsafe impl Send for Start {}

impl Start {
    /// The references that were handed over.
    fn take(self) -> (Ref, Ref<Tuple>, Option<Ref<Dict>>, Ref<ThreadHandle>) {
        // SAFETY: `into_raw` made each of them, and nobody else takes them.
        unsafe {
            (
                Ref::from_owned(self.function),
                Ref::from_owned(self.args),
                self.kwargs.map(|kwargs| Ref::from_owned(kwargs)),
                Ref::from_owned(self.handle),
            )
        }
    }
}

fn raw<T>(object: Ref<T>) -> Result<NonNull<abi::PyObject>> {
    NonNull::new(object.into_raw()).ok_or(Raised)
}

impl ThreadHandle {
    pub(super) fn create(th: Thread<'_>) -> Result<Ref<ThreadHandle>> {
        let handle = ThreadHandle {
            head: Head::new(),
            ident: Cell::new(0),
            state: Cell::new(State::NotStarted),
            system: Cell::new(System::Foreign),
            ended: WaitQueue::new(),
        };
        let handle = alloc_object::new(th, handle)?;
        threads(th).handles.borrow_mut().insert(std::ptr::from_ref(&*handle).cast_mut());
        Ok(handle)
    }

    /// The handle of a thread that runs already.
    pub(super) fn of_ident(th: Thread<'_>, ident: u64) -> Result<Ref<ThreadHandle>> {
        let handle = ThreadHandle::create(th)?;
        handle.ident.set(ident);
        handle.state.set(State::Running);
        Ok(handle)
    }

    pub(super) fn ident_value(&self) -> u64 {
        self.ident.get()
    }

    /// Start a thread that calls `function(*args, **kwargs)`.
    pub(super) fn start(
        th: Thread<'_>,
        handle: &Ref<ThreadHandle>,
        function: Obj<'_>,
        args: &Tuple,
        kwargs: Option<&Dict>,
        daemon: bool,
    ) -> Result<()> {
        if !vm::interpreters::config(th).allow_threads {
            raise!(th, RuntimeError, "thread is not supported for isolated subinterpreters");
        }
        if th.interp().is_finalizing() {
            raise!(th, PythonFinalizationError, "can't create new thread at interpreter shutdown");
        }
        if handle.state.get() != State::NotStarted {
            raise!(th, RuntimeError, "thread already started");
        }
        let state = th.interp().add_thread();
        let threads = threads(th);
        let wanted = match threads.stack_size.get() {
            0 => DEFAULT_STACK,
            size => size.max(LEAST_STACK),
        };
        let start = Start {
            state,
            stack: wanted - STACK_RESERVE,
            function: raw(function.own())?,
            args: raw(object::own(args))?,
            kwargs: kwargs.map(|kwargs| raw(object::own(kwargs))).transpose()?,
            handle: raw(handle.clone())?,
        };
        handle.state.set(State::Running);
        if !daemon {
            threads.waited_for.borrow_mut().push(handle.clone());
        }
        threads.count.set(threads.count.get() + 1);
        let references = (start.function, start.args, start.kwargs, start.handle);
        match host::thread::spawn(wanted, Box::new(move || run(start))) {
            Ok(ident) => {
                handle.ident.set(ident);
                handle.system.set(System::Joinable);
                Ok(())
            }
            Err(_) => {
                let (function, args, kwargs, owned) = references;
                let start = Start { state, stack: 0, function, args, kwargs, handle: owned };
                drop(start.take());
                th.interp().retire_thread(state);
                handle.state.set(State::NotStarted);
                handle.forget(th);
                raise!(th, RuntimeError, "can't start new thread");
            }
        }
    }

    /// Take the handle off the lists.
    fn forget(&self, th: Thread<'_>) {
        let threads = threads(th);
        threads.count.set(threads.count.get().saturating_sub(1));
        let mut list = threads.waited_for.borrow_mut();
        let index = list.iter().position(|other| other.obj().is(self.obj()));
        let old = index.map(|index| list.swap_remove(index));
        drop(list);
        drop(old);
    }

    fn set_ended(&self) {
        self.state.set(State::Done);
        self.ended.wake_all();
    }

    /// Wait for the end; false if the time was over first.
    pub(super) fn wait(&self, th: Thread<'_>, until: Until) -> Result<()> {
        if self.state.get() == State::NotStarted {
            raise!(th, RuntimeError, "thread not started");
        }
        let is_done = || self.state.get() == State::Done;
        if !is_done() {
            if self.ident.get() == host::thread::ident() {
                raise!(th, RuntimeError, "Cannot join current thread");
            }
            if th.interp().is_finalizing() {
                raise!(th, PythonFinalizationError, "cannot join thread at interpreter shutdown");
            }
        }
        if !self.ended.wait(th, until, is_done)? {
            return Ok(());
        }
        self.join_system(th)
    }

    /// Wait for the thread of the system, which has nothing left to do.
    fn join_system(&self, th: Thread<'_>) -> Result<()> {
        let settled = || !matches!(self.system.get(), System::Joining);
        self.ended.wait(th, Until::Forever, settled)?;
        if self.system.get() == System::Joinable && self.ident.get() != host::thread::ident() {
            self.system.set(System::Joining);
            let ident = self.ident.get();
            th.allow_threads(|| host::thread::join(ident));
            self.system.set(System::Joined);
            self.ended.wake_all();
        }
        Ok(())
    }
}

/// The life of a thread.
fn run(start: Start) {
    let state = start.state;
    // SAFETY: the state was made for this thread.
    let th = unsafe { Thread::begin(state, start.stack) };
    let (function, args, kwargs, handle) = start.take();
    handle.ident.set(host::thread::ident());
    let result = call_tuple(th, function.obj(), &args, kwargs.as_deref());
    match result {
        Ok(value) => drop(value),
        Err(raised) if th.exception_matches(exceptions::types::SystemExit()) => {
            th.clear_exception(raised)
        }
        Err(_) => {
            let shown = crate::support::shown(th, function.obj());
            let context = format!("Exception ignored in thread started by {shown}");
            (th.hooks().unraisable)(th, Some(&context), None);
        }
    }
    drop((function, args, kwargs));
    local::end_thread(th);
    th.clear_state();
    local::end_thread(th);
    // SAFETY: no frame is left.
    unsafe { vm::end_thread(th) };
    handle.forget(th);
    handle.set_ended();
    drop(handle);
    // SAFETY: all is released.
    unsafe { th.end() };
}

/// Wait for the threads that are no daemons.
pub(super) fn shutdown(th: Thread<'_>) -> Result<()> {
    loop {
        let me = host::thread::ident();
        let next = {
            let list = threads(th).waited_for.borrow();
            list.iter().find(|handle| handle.ident.get() != me).cloned()
        };
        match next {
            Some(handle) => handle.wait(th, Until::Forever)?,
            None => return Ok(()),
        }
    }
}

/// In the child of a fork: the other threads are gone.
pub(super) fn after_fork(th: Thread<'_>) {
    let threads = threads(th);
    let me = host::thread::ident();
    let waited_for = std::mem::take(&mut *threads.waited_for.borrow_mut());
    for handle in threads.handles.borrow().iter() {
        // SAFETY: a handle takes itself off the list before it goes.
        let Some(handle) = (unsafe { handle.as_ref() }) else { continue };
        handle.ended.forget();
        handle.system.set(System::Foreign);
        if handle.state.get() == State::Running && handle.ident.get() != me {
            handle.state.set(State::Done);
        }
    }
    threads.count.set(0);
    drop(waited_for);
}

#[pymethods]
impl ThreadHandle {
    #[sig = "_ThreadHandle()"]
    fn __new__(th: Thread<'_>, _: &object::Type) -> Result {
        ThreadHandle::create(th).map(Ref::upcast)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::from_fmt(
            th,
            format_args!("<{} object: ident={}>", self.obj().ty().full_name(), self.ident.get()),
        )
    }

    #[getter]
    fn ident(&self, _: Thread<'_>) -> u64 {
        self.ident.get()
    }

    /// Whether the thread has ended.
    #[sig = "($self, /)"]
    fn is_done(&self, _: Thread<'_>) -> bool {
        self.state.get() == State::Done
    }

    /// Wait for the thread to end.
    #[no_signature]
    #[sig = "($self, timeout=None, /)"]
    fn join(&self, th: Thread<'_>, timeout: Option<Obj<'_>>) -> Result<()> {
        let ns = match timeout {
            Some(timeout) if !timeout.is_none() => seconds_to_ns(th, timeout, Round::Up)?,
            _ => -1,
        };
        self.wait(th, Until::after_ns(ns))
    }

    /// Mark the thread as ended.
    #[sig = "($self, /)"]
    fn _set_done(&self, th: Thread<'_>) -> Result<()> {
        if self.state.get() == State::NotStarted {
            raise!(th, RuntimeError, "thread not started");
        }
        self.set_ended();
        Ok(())
    }
}
