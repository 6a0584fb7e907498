//! `_thread`: locks, thread identity and thread-local data.
//!
//! Starting threads is not there yet: `start_new_thread` and
//! `start_joinable_thread` raise `NotImplementedError`.

use std::{
    cell::Cell,
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Dict, Float, Head, Int, Link, Module, Obj, Protocol, Ref, Result, Str, Thread,
    Traverse, Type, alloc_object, exceptions, id, raise, types,
};

/// The longest timeout in seconds that `acquire` takes.
const TIMEOUT_MAX: f64 = 9_223_372_036.0;

/// This module provides primitive operations to write multi-threaded programs.
#[pymodule]
pub mod _thread {
    use super::*;

    /// Create a new lock object.
    #[sig = "()"]
    fn allocate_lock(th: Thread<'_>) -> Result {
        Lock::alloc(th)
    }

    /// An obsolete synonym of allocate_lock().
    #[sig = "()"]
    fn allocate(th: Thread<'_>) -> Result {
        Lock::alloc(th)
    }

    /// Return a non-zero integer that uniquely identifies the current thread.
    #[sig = "()"]
    fn get_ident(_: Thread<'_>) -> u64 {
        host::thread::ident()
    }

    /// Return the identity of the thread as assigned by the OS.
    #[sig = "()"]
    fn get_native_id(_: Thread<'_>) -> u64 {
        host::thread::native_id()
    }

    /// Internal only. Return the ident of the main thread.
    #[sig = "()"]
    fn _get_main_thread_ident(_: Thread<'_>) -> u64 {
        host::thread::ident()
    }

    /// Return whether the current interpreter is the main interpreter.
    #[sig = "()"]
    fn _is_main_interpreter(_: Thread<'_>) -> bool {
        true
    }

    /// Return True if daemon threads are allowed in the current interpreter.
    #[sig = "()"]
    fn daemon_threads_allowed(_: Thread<'_>) -> bool {
        true
    }

    /// Return the number of currently running Python threads.
    #[sig = "()"]
    fn _count(_: Thread<'_>) -> i32 {
        0
    }

    /// Wait for all non-daemon threads (other than the calling thread) to stop.
    #[sig = "()"]
    fn _shutdown(_: Thread<'_>) {}

    /// Set the name of the current thread.
    #[sig = "(name)"]
    fn set_name(th: Thread<'_>, name: &Str) -> Result<()> {
        host::thread::set_name(name.to_utf8(th)?);
        Ok(())
    }

    /// Simulate the effect of a signal arriving which interrupts the main thread.
    #[sig = "(signum=2, /)"]
    fn interrupt_main(th: Thread<'_>, signum: i32) -> Result<()> {
        let module = vm::import::import_module(th, id!(th, "_signal"))?;
        let number = Int::from_i64(th, i64::from(signum))?;
        module.call_method(th, id!(th, "raise_signal"), &[number.obj()]).map(drop)
    }

    /// Return the thread stack size used when creating new threads.
    #[parse(tuple)]
    #[sig = "(size=0, /)"]
    fn stack_size(th: Thread<'_>, size: isize) -> Result<isize> {
        if size < 0 {
            raise!(th, ValueError, "size must be 0 or a positive value");
        }
        Ok(0)
    }

    /// Exit the current thread.
    #[sig = "()"]
    fn exit(th: Thread<'_>) -> Result<()> {
        raise!(th, SystemExit)
    }

    /// Start a new thread and return its identifier.
    #[sig = "(function, args, kwargs=None, /)"]
    fn start_new_thread(
        th: Thread<'_>,
        function: Obj<'_>,
        args: Obj<'_>,
        kwargs: Option<Obj<'_>>,
    ) -> Result<()> {
        let _ = (function, args, kwargs);
        raise!(th, NotImplementedError, "_thread.start_new_thread")
    }

    /// For internal use only: start a new thread.
    #[sig = "(function, handle=None, daemon=True)"]
    fn start_joinable_thread(
        th: Thread<'_>,
        function: Obj<'_>,
        handle: Option<Obj<'_>>,
        daemon: bool,
    ) -> Result<()> {
        let _ = (function, handle, daemon);
        raise!(th, NotImplementedError, "_thread.start_joinable_thread")
    }

    /// Internal only. Make a thread handle for threads not spawned by the module.
    #[sig = "(ident, /)"]
    fn _make_thread_handle(th: Thread<'_>, ident: u64) -> Result {
        alloc_object::new(
            th,
            ThreadHandle { head: Head::new(), ident: Cell::new(ident), done: Cell::new(false) },
        )
        .map(Ref::upcast)
    }

    /// Handle uncaught Thread.run() exception.
    #[sig = "(exc_info, /)"]
    fn _excepthook(th: Thread<'_>, exc_info: Obj<'_>) -> Result<()> {
        let value = exc_info.getattr(th, id!(th, "exc_value"))?;
        if value.obj().ty().is_subtype(exceptions::types::SystemExit()) {
            return Ok(());
        }
        let module = vm::import::import_module(th, id!(th, "sys"))?;
        let class = value.obj().ty();
        let traceback = value.getattr(th, id!(th, "__traceback__"))?;
        module
            .call_method(th, id!(th, "excepthook"), &[class.obj(), value.obj(), traceback.obj()])
            .map(drop)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Lock>(th)?;
        module.add_type::<RLock>(th)?;
        module.add_type::<Local>(th)?;
        module.add_type::<ThreadHandle>(th)?;
        let lock = module.dict(th)?.get(th, id!(th, "lock").obj())?;
        if let Some(lock) = lock {
            module.set(th, "LockType", lock.obj())?;
        }
        module.set(th, "error", exceptions::types::RuntimeError().obj())?;
        module.set(th, "TIMEOUT_MAX", Float::new(th, TIMEOUT_MAX)?.obj())?;
        module.set(th, "_NAME_MAXLEN", Int::from_i64(th, 15)?.obj())
    }
}

/// How long `acquire(blocking, timeout)` may wait: `None` = for ever.
fn wait_limit(th: Thread<'_>, blocking: bool, timeout: f64) -> Result<Option<Duration>> {
    if !blocking {
        if timeout != -1.0 {
            raise!(th, ValueError, "can't specify a timeout for a non-blocking call");
        }
        return Ok(Some(Duration::ZERO));
    }
    if timeout == -1.0 {
        return Ok(None);
    }
    if timeout < 0.0 {
        raise!(th, ValueError, "timeout value must be a non-negative number");
    }
    if timeout > TIMEOUT_MAX {
        raise!(th, OverflowError, "timeout value is too large");
    }
    Ok(Some(Duration::from_secs_f64(timeout)))
}

/// A flag that threads wait for.
#[derive(Default)]
struct Gate {
    taken: Mutex<bool>,
    released: Condvar,
}

impl Gate {
    /// Take it within `limit`; whether that worked.
    fn take(&self, th: Thread<'_>, limit: Option<Duration>) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !*taken {
            *taken = true;
            return true;
        }
        drop(taken);
        if limit == Some(Duration::ZERO) {
            return false;
        }
        th.allow_threads(|| self.wait(limit))
    }

    fn wait(&self, limit: Option<Duration>) -> bool {
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            match deadline {
                None => taken = self.released.wait(taken).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let now = Instant::now();
                    if now >= deadline {
                        return false;
                    }
                    let waited = self.released.wait_timeout(taken, deadline - now);
                    taken = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
        *taken = true;
        true
    }

    /// Give it back; whether it was taken.
    fn release(&self) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let was = std::mem::replace(&mut *taken, false);
        drop(taken);
        self.released.notify_one();
        was
    }

    fn is_taken(&self) -> bool {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock object is a synchronization primitive.
#[pytype(name = "_thread.lock", traverse = manual)]
pub struct Lock {
    head: Head,
    gate: Gate,
}

impl Traverse for Lock {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Lock {
    fn alloc(th: Thread<'_>) -> Result {
        alloc_object::new(th, Lock { head: Head::new(), gate: Gate::default() }).map(Ref::upcast)
    }
}

#[pymethods]
impl Lock {
    #[sig = "lock()"]
    fn __new__(th: Thread<'_>, _: &Type) -> Result {
        Lock::alloc(th)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let state = if self.gate.is_taken() { "locked" } else { "unlocked" };
        Str::from_fmt(
            th,
            format_args!("<{state} _thread.lock object at {:p}>", self.obj().as_ptr()),
        )
    }

    /// Lock the lock; whether it could be acquired.
    #[sig = "($self, /, blocking=True, timeout=-1)"]
    fn acquire(&self, th: Thread<'_>, blocking: bool, timeout: Option<Obj<'_>>) -> Result<bool> {
        let limit = wait_limit(th, blocking, seconds(th, timeout)?)?;
        Ok(self.gate.take(th, limit))
    }

    /// An obsolete synonym of acquire().
    #[sig = "($self, /, blocking=True, timeout=-1)"]
    fn acquire_lock(
        &self,
        th: Thread<'_>,
        blocking: bool,
        timeout: Option<Obj<'_>>,
    ) -> Result<bool> {
        self.acquire(th, blocking, timeout)
    }

    /// Release the lock.
    #[sig = "($self, /)"]
    fn release(&self, th: Thread<'_>) -> Result<()> {
        if !self.gate.release() {
            raise!(th, RuntimeError, "release unlocked lock");
        }
        Ok(())
    }

    /// An obsolete synonym of release().
    #[sig = "($self, /)"]
    fn release_lock(&self, th: Thread<'_>) -> Result<()> {
        self.release(th)
    }

    /// Return whether the lock is in the locked state.
    #[sig = "($self, /)"]
    fn locked(&self, _: Thread<'_>) -> bool {
        self.gate.is_taken()
    }

    /// An obsolete synonym of locked().
    #[sig = "($self, /)"]
    fn locked_lock(&self, _: Thread<'_>) -> bool {
        self.gate.is_taken()
    }

    /// Lock the lock.
    #[sig = "($self, /)"]
    fn __enter__(&self, th: Thread<'_>) -> Result<bool> {
        Ok(self.gate.take(th, None))
    }

    /// Release the lock.
    #[sig = "($self, /, *exc_info)"]
    fn __exit__(&self, th: Thread<'_>, exc_info: object::Args<'_>) -> Result<()> {
        let _ = exc_info;
        self.release(th)
    }

    /// Make the lock usable in the child of a fork.
    #[sig = "($self, /)"]
    fn _at_fork_reinit(&self, _: Thread<'_>) {
        self.gate.release();
    }
}

/// Whether an omitted timeout means for ever.
fn seconds(th: Thread<'_>, timeout: Option<Obj<'_>>) -> Result<f64> {
    timeout.map_or(Ok(-1.0), |timeout| Float::as_f64(th, timeout))
}

/// A lock that its owner can take again.
#[pytype(name = "_thread.RLock", flags = BASETYPE, traverse = manual)]
pub struct RLock {
    head: Head,
    gate: Gate,
    owner: Cell<u64>,
    count: Cell<usize>,
}

impl Traverse for RLock {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl RLock {
    fn is_mine(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == host::thread::ident()
    }

    fn take(&self, th: Thread<'_>, limit: Option<Duration>) -> bool {
        if self.is_mine() {
            self.count.set(self.count.get() + 1);
            return true;
        }
        if !self.gate.take(th, limit) {
            return false;
        }
        self.owner.set(host::thread::ident());
        self.count.set(1);
        true
    }
}

#[pymethods]
impl RLock {
    #[sig = "RLock()"]
    fn __new__(th: Thread<'_>, cls: &Type) -> Result {
        let lock = RLock {
            head: Head::new(),
            gate: Gate::default(),
            owner: Cell::new(0),
            count: Cell::new(0),
        };
        alloc_object::alloc(th, cls, lock).map(Ref::upcast)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let state = if self.count.get() > 0 { "locked" } else { "unlocked" };
        Str::from_fmt(
            th,
            format_args!(
                "<{state} {} object owner={} count={} at {:p}>",
                self.obj().ty().full_name(),
                self.owner.get(),
                self.count.get(),
                self.obj().as_ptr()
            ),
        )
    }

    /// Lock the lock.
    #[sig = "($self, /, blocking=True, timeout=-1)"]
    fn acquire(&self, th: Thread<'_>, blocking: bool, timeout: Option<Obj<'_>>) -> Result<bool> {
        let limit = wait_limit(th, blocking, seconds(th, timeout)?)?;
        Ok(self.take(th, limit))
    }

    /// Release the lock.
    #[sig = "($self, /)"]
    fn release(&self, th: Thread<'_>) -> Result<()> {
        if !self.is_mine() {
            raise!(th, RuntimeError, "cannot release un-acquired lock");
        }
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 {
            self.owner.set(0);
            self.gate.release();
        }
        Ok(())
    }

    /// Return whether the lock is locked.
    #[sig = "($self, /)"]
    fn locked(&self, _: Thread<'_>) -> bool {
        self.count.get() > 0
    }

    /// Lock the lock.
    #[sig = "($self, /)"]
    fn __enter__(&self, th: Thread<'_>) -> Result<bool> {
        Ok(self.take(th, None))
    }

    /// Release the lock.
    #[sig = "($self, /, *exc_info)"]
    fn __exit__(&self, th: Thread<'_>, exc_info: object::Args<'_>) -> Result<()> {
        let _ = exc_info;
        self.release(th)
    }

    /// For internal use by `threading.Condition`.
    #[sig = "($self, /)"]
    fn _is_owned(&self, _: Thread<'_>) -> bool {
        self.is_mine()
    }

    /// For internal use by reentrant collections.
    #[sig = "($self, /)"]
    fn _recursion_count(&self, _: Thread<'_>) -> usize {
        if self.is_mine() { self.count.get() } else { 0 }
    }

    /// For internal use by `threading.Condition`.
    #[sig = "($self, /)"]
    fn _release_save(&self, th: Thread<'_>) -> Result<(usize, u64)> {
        if self.count.get() == 0 {
            raise!(th, RuntimeError, "cannot release un-acquired lock");
        }
        let saved = (self.count.replace(0), self.owner.replace(0));
        self.gate.release();
        Ok(saved)
    }

    /// For internal use by `threading.Condition`.
    #[parse(tuple)]
    #[sig = "($self, state, /)"]
    fn _acquire_restore(&self, th: Thread<'_>, state: &types::Tuple) -> Result<()> {
        let [count, owner] = state.items() else {
            raise!(th, TypeError, "_acquire_restore() takes a tuple of two items");
        };
        let (count, owner) = (Int::index_to_u64(th, *count)?, Int::index_to_u64(th, *owner)?);
        self.gate.take(th, None);
        self.count.set(count as usize);
        self.owner.set(owner);
        Ok(())
    }

    /// Make the lock usable in the child of a fork.
    #[sig = "($self, /)"]
    fn _at_fork_reinit(&self, _: Thread<'_>) {
        self.gate.release();
        self.count.set(0);
        self.owner.set(0);
    }
}

/// Thread-local data.
#[pytype(name = "_thread._local", flags = BASETYPE)]
pub struct Local {
    head: Head,
    dict: Link<Dict>,
}

#[pymethods]
impl Local {
    fn __new__(th: Thread<'_>, cls: &Type, args: &types::Tuple, kwargs: Option<&Dict>) -> Result {
        let overrides = cls.slots().tp_init.map(|f| f as usize)
            != types::object_type().slots().tp_init.map(|f| f as usize);
        if !overrides && (args.len() > 0 || kwargs.is_some_and(|kwargs| kwargs.len() > 0)) {
            raise!(th, TypeError, "Initialization arguments are not supported");
        }
        let local = Local { head: Head::new(), dict: Link::new(Dict::new(th)?) };
        alloc_object::alloc(th, cls, local).map(Ref::upcast)
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        let Some(dict) = self.dict.get() else { return Err(th.no_memory()) };
        if types::str_eq(name, "__dict__") {
            return Ok(dict.upcast());
        }
        if let Some(value) = dict.get(th, name)? {
            return Ok(value);
        }
        types::object_::generic_getattr_obj(th, self.obj(), name)
    }

    fn tp_setattro(&self, th: Thread<'_>, name: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if types::str_eq(name, "__dict__") {
            raise!(
                th,
                AttributeError,
                "'{}' object attribute '__dict__' is read-only",
                self.obj().type_name()
            );
        }
        let Some(dict) = self.dict.get() else { return Err(th.no_memory()) };
        match value {
            Some(value) => dict.set(th, name, value),
            None if dict.remove(th, name)? => Ok(()),
            None => Err(types::object_::no_attribute(
                th,
                self.obj(),
                types::object_::expect_name(th, name)?,
            )),
        }
    }
}

/// A handle to join a thread.
#[pytype(name = "_thread._ThreadHandle")]
pub struct ThreadHandle {
    head: Head,
    ident: Cell<u64>,
    done: Cell<bool>,
}

#[pymethods]
impl ThreadHandle {
    #[sig = "_ThreadHandle()"]
    fn __new__(th: Thread<'_>, _: &Type) -> Result {
        let handle =
            ThreadHandle { head: Head::new(), ident: Cell::new(0), done: Cell::new(false) };
        alloc_object::new(th, handle).map(Ref::upcast)
    }

    #[getter]
    fn ident(&self, _: Thread<'_>) -> u64 {
        self.ident.get()
    }

    /// Whether the thread has ended.
    #[sig = "($self, /)"]
    fn is_done(&self, _: Thread<'_>) -> bool {
        self.done.get()
    }

    /// Wait for the thread to end.
    #[sig = "($self, timeout=None, /)"]
    fn join(&self, th: Thread<'_>, timeout: Option<Obj<'_>>) -> Result<()> {
        let _ = timeout;
        if self.ident.get() == 0 {
            raise!(th, RuntimeError, "thread not started");
        }
        Ok(())
    }

    /// Mark the thread as ended.
    #[sig = "($self, /)"]
    fn _set_done(&self, _: Thread<'_>) {
        self.done.set(true);
    }
}
