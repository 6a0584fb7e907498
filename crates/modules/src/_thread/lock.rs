//! `lock` and `RLock`.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Int, Obj, Ref, Result, Str, Thread, Traverse, Type, alloc_object, raise, types,
};

use crate::support::{
    Round, seconds_to_ns,
    wait::{Gate, Until},
};

/// The longest timeout in seconds that `acquire` takes.
pub(super) const TIMEOUT_MAX: f64 = 9_223_372_036.0;

/// How long `acquire(blocking, timeout)` may wait.
fn wait_limit(th: Thread<'_>, blocking: bool, timeout: Option<Obj<'_>>) -> Result<Until> {
    let ns = match timeout {
        // PERF: -1 is what `acquire()` means; no conversion.
        None => None,
        Some(timeout) if Int::to_i64(timeout) == Some(-1) && Int::is_int(timeout) => None,
        Some(timeout) => {
            Some(seconds_to_ns(th, timeout, Round::Up)?).filter(|ns| *ns != -1_000_000_000)
        }
    };
    match ns {
        Some(_) if !blocking => {
            raise!(th, ValueError, "can't specify a timeout for a non-blocking call")
        }
        Some(ns) if ns < 0 => {
            raise!(th, ValueError, "timeout value must be a non-negative number")
        }
        Some(ns) => Ok(Until::after_ns(ns)),
        None if blocking => Ok(Until::Forever),
        None => Ok(Until::Now),
    }
}

/// A lock object is a synchronization primitive.
#[pytype(name = "_thread.lock", sig = "()", traverse = manual, weaklistoffset = weaklist)]
pub(crate) struct Lock {
    head: Head,
    gate: Gate,
    weaklist: Cell<*mut abi::PyObject>,
}

impl Traverse for Lock {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Lock {
    pub(super) fn alloc(th: Thread<'_>) -> Result {
        let lock = Lock {
            head: Head::new(),
            gate: Gate::default(),
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        alloc_object::new(th, lock).map(Ref::upcast)
    }
}

#[pymethods]
impl Lock {
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        args: &types::Tuple,
        kwargs: Option<&object::Dict>,
    ) -> Result {
        if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
            raise!(th, TypeError, "lock() takes no keyword arguments");
        }
        if args.len() > 0 {
            raise!(th, TypeError, "lock expected 0 arguments, got {}", args.len());
        }
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
        let limit = wait_limit(th, blocking, timeout)?;
        self.gate.take(th, limit, true)
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
        self.gate.take(th, Until::Forever, true)
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
        self.gate.reset();
    }
}

/// A lock that its owner can take again.
#[pytype(name = "_thread.RLock", flags = BASETYPE, traverse = manual, weaklistoffset = weaklist)]
pub(crate) struct RLock {
    head: Head,
    gate: Gate,
    owner: Cell<u64>,
    count: Cell<usize>,
    weaklist: Cell<*mut abi::PyObject>,
}

impl Traverse for RLock {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl RLock {
    fn is_mine(&self, th: Thread<'_>) -> bool {
        self.count.get() > 0 && self.owner.get() == th.state().ident()
    }

    fn take(&self, th: Thread<'_>, until: Until) -> Result<bool> {
        if self.is_mine(th) {
            self.count.set(self.count.get() + 1);
            return Ok(true);
        }
        if !self.gate.take(th, until, true)? {
            return Ok(false);
        }
        self.owner.set(th.state().ident());
        self.count.set(1);
        Ok(true)
    }
}

#[pymethods]
impl RLock {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        args: &types::Tuple,
        kwargs: Option<&object::Dict>,
    ) -> Result {
        // COMPAT: subclasses pass what their `__init__` takes, as in test_threading.
        let _ = (args, kwargs);
        let lock = RLock {
            head: Head::new(),
            gate: Gate::default(),
            owner: Cell::new(0),
            count: Cell::new(0),
            weaklist: Cell::new(std::ptr::null_mut()),
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
        let limit = wait_limit(th, blocking, timeout)?;
        self.take(th, limit)
    }

    /// Release the lock.
    #[sig = "($self, /)"]
    fn release(&self, th: Thread<'_>) -> Result<()> {
        if !self.is_mine(th) {
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
        self.gate.is_taken()
    }

    /// Lock the lock.
    #[sig = "($self, /)"]
    fn __enter__(&self, th: Thread<'_>) -> Result<bool> {
        self.take(th, Until::Forever)
    }

    /// Release the lock.
    #[sig = "($self, /, *exc_info)"]
    fn __exit__(&self, th: Thread<'_>, exc_info: object::Args<'_>) -> Result<()> {
        let _ = exc_info;
        self.release(th)
    }

    /// For internal use by `threading.Condition`.
    #[sig = "($self, /)"]
    fn _is_owned(&self, th: Thread<'_>) -> bool {
        self.is_mine(th)
    }

    /// For internal use by reentrant collections.
    #[sig = "($self, /)"]
    fn _recursion_count(&self, th: Thread<'_>) -> usize {
        if self.is_mine(th) { self.count.get() } else { 0 }
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
    fn _acquire_restore(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        let Some(tuple) = state.downcast::<types::Tuple>() else {
            let ty = state.type_name();
            raise!(th, TypeError, "_acquire_restore() argument 1 must be 2-item tuple, not {ty}");
        };
        let [count, owner] = tuple.items() else {
            raise!(
                th,
                TypeError,
                "_acquire_restore() argument 1 must be tuple of length 2, not {}",
                tuple.len()
            );
        };
        let (count, owner) = (Int::index_to_u64(th, *count)?, Int::index_to_u64(th, *owner)?);
        self.gate.take(th, Until::Forever, false)?;
        self.count.set(count as usize);
        self.owner.set(owner);
        Ok(())
    }

    /// Make the lock usable in the child of a fork.
    #[sig = "($self, /)"]
    fn _at_fork_reinit(&self, _: Thread<'_>) {
        self.gate.reset();
        self.count.set(0);
        self.owner.set(0);
    }
}
