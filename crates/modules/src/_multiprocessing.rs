//! `_multiprocessing`: semaphores that processes share.
//!
//! A recursive lock counts for the thread that holds it; a semaphore does not
//! care who gives back what another took.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ffi::CString,
};

use host::mapping::Semaphore;
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Dict, Head, IntoObject, Module, Obj, Protocol, Ref, Result, Str, Thread, Type,
    alloc_object, raise,
};

use crate::support::{check, encode_fs, os_error};

const RECURSIVE_MUTEX: i32 = 0;
const SEMAPHORE: i32 = 1;

/// Semaphore/Mutex type
#[pytype(name = "_multiprocessing.SemLock", flags = BASETYPE | IMMUTABLETYPE)]
pub(crate) struct SemLock {
    head: Head,
    #[traverse(skip)]
    semaphore: Semaphore,
    handle: u64,
    kind: i32,
    maxvalue: i32,
    name: Option<Ref<Str>>,
    count: Cell<i32>,
    owner: Cell<u64>,
}

/// How many objects use the semaphore at an address.
#[derive(Default)]
struct Open(RefCell<HashMap<usize, usize>>);

impl Drop for SemLock {
    fn drop(&mut self) {
        // SAFETY: objects are dropped on attached threads.
        let th = unsafe { Thread::current() };
        let mut open = th.interp().shared.get::<Open>().0.borrow_mut();
        let address = self.semaphore.address();
        match open.get_mut(&address) {
            Some(uses) if *uses > 1 => *uses -= 1,
            _ => drop(open.remove(&address)),
        }
        self.semaphore.close();
    }
}

fn c_name(th: Thread<'_>, name: &Str) -> Result<CString> {
    match CString::new(encode_fs(th, name)?) {
        Ok(name) => Ok(name),
        Err(_) => raise!(th, ValueError, "embedded null character"),
    }
}

impl SemLock {
    fn make(
        th: Thread<'_>,
        cls: &Type,
        semaphore: Semaphore,
        kind: i32,
        maxvalue: i32,
        name: Option<&Str>,
    ) -> Result<Ref<SemLock>> {
        let lock = SemLock {
            head: Head::new(),
            semaphore,
            handle: semaphore.address() as u64,
            kind,
            maxvalue,
            name: name.map(object::own),
            count: Cell::new(0),
            owner: Cell::new(0),
        };
        let mut open = th.interp().shared.get::<Open>().0.borrow_mut();
        *open.entry(semaphore.address()).or_default() += 1;
        drop(open);
        alloc_object::alloc(th, cls, lock)
    }

    fn held_here(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == host::signal::this_thread()
    }

    /// Take the semaphore; false when it cannot be had in time.
    fn take(&self, th: Thread<'_>, block: bool, timeout: Option<f64>) -> Result<bool> {
        if self.kind == RECURSIVE_MUTEX && self.held_here() {
            self.count.set(self.count.get() + 1);
            return Ok(true);
        }
        let deadline = timeout.filter(|_| block).map(|seconds| {
            let now = host::time::clock_ns(libc::CLOCK_REALTIME).unwrap_or(0);
            now.saturating_add((seconds.max(0.0) * 1e9).min(9e18) as i64)
        });
        let semaphore = self.semaphore;
        let mut result = semaphore.try_wait();
        while let Err(error) = &result {
            match error.raw_os_error() {
                Some(libc::EINTR) => crate::_signal::run_pending_signals(th)?,
                Some(libc::EAGAIN) if block => {}
                Some(libc::EAGAIN | libc::ETIMEDOUT) => return Ok(false),
                _ => return Err(os_error(th, error)),
            }
            if !block {
                result = semaphore.try_wait();
                continue;
            }
            result = th.allow_threads(|| semaphore.wait(deadline));
            if let Err(error) = &result
                && error.raw_os_error() == Some(libc::EAGAIN)
            {
                return Ok(false);
            }
        }
        self.count.set(self.count.get() + 1);
        self.owner.set(host::signal::this_thread());
        Ok(true)
    }
}

#[pymethods]
impl SemLock {
    #[sig = "SemLock(kind, value, maxvalue, name, unlink)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        kind: i32,
        value: i32,
        maxvalue: i32,
        name: &Str,
        unlink: bool,
    ) -> Result<Ref<SemLock>> {
        if kind != RECURSIVE_MUTEX && kind != SEMAPHORE {
            raise!(th, ValueError, "unrecognized kind");
        }
        let c_name = c_name(th, name)?;
        let semaphore = check(th, Semaphore::create(&c_name, value as u32))?;
        if unlink && let Err(error) = host::mapping::sem_unlink(&c_name) {
            semaphore.close();
            return Err(os_error(th, &error));
        }
        SemLock::make(th, cls, semaphore, kind, maxvalue, (!unlink).then_some(name))
    }

    #[declare]
    fn members(b: &mut object::declare::TypeBuilder<'_>) {
        use std::mem::offset_of;
        let readonly = abi::Py_READONLY;
        b.member(c"handle", abi::Py_T_ULONGLONG, offset_of!(SemLock, handle), readonly, None);
        b.member(c"kind", abi::Py_T_INT, offset_of!(SemLock, kind), readonly, None);
        b.member(c"maxvalue", abi::Py_T_INT, offset_of!(SemLock, maxvalue), readonly, None);
        b.member(c"name", abi::_Py_T_OBJECT, offset_of!(SemLock, name), readonly, None);
    }

    /// Acquire the semaphore/lock.
    #[sig = "($self, /, block=True, timeout=None)"]
    fn acquire(
        &self,
        th: Thread<'_>,
        block: Option<Obj<'_>>,
        timeout: Option<Obj<'_>>,
    ) -> Result<bool> {
        let block = block.map_or(Ok(true), |block| block.is_true(th))?;
        let timeout = match timeout.filter(|timeout| !timeout.is_none()) {
            Some(timeout) => Some(object::protocol::as_f64(th, timeout)?),
            None => None,
        };
        self.take(th, block, timeout)
    }

    /// Release the semaphore/lock.
    #[sig = "($self, /)"]
    fn release(&self, th: Thread<'_>) -> Result<()> {
        if self.kind == RECURSIVE_MUTEX {
            if !self.held_here() {
                raise!(th, AssertionError, "attempt to release recursive lock not owned by thread");
            }
            if self.count.get() > 1 {
                self.count.set(self.count.get() - 1);
                return Ok(());
            }
        } else if check(th, self.semaphore.value())? >= self.maxvalue {
            raise!(th, ValueError, "semaphore or lock released too many times");
        }
        check(th, self.semaphore.post())?;
        self.count.set(self.count.get() - 1);
        Ok(())
    }

    #[classmethod]
    #[sig = "($type, handle, kind, maxvalue, name, /)"]
    fn _rebuild(
        th: Thread<'_>,
        cls: &Type,
        handle: u64,
        kind: i32,
        maxvalue: i32,
        name: Option<&Str>,
    ) -> Result<Ref<SemLock>> {
        let semaphore = match name {
            Some(name) => check(th, Semaphore::open(&c_name(th, name)?))?,
            None => {
                let open = th.interp().shared.get::<Open>();
                if !open.0.borrow().contains_key(&(handle as usize)) {
                    raise!(th, ValueError, "not the handle of an open semaphore");
                }
                // SAFETY: open, in this process or in the one it was forked from.
                unsafe { Semaphore::from_address(handle as usize) }
            }
        };
        SemLock::make(th, cls, semaphore, kind, maxvalue, name)
    }

    /// Num of `acquire()`s minus num of `release()`s for this process.
    #[sig = "($self, /)"]
    fn _count(&self, _: Thread<'_>) -> i32 {
        self.count.get()
    }

    /// Whether the lock is owned by this thread.
    #[sig = "($self, /)"]
    fn _is_mine(&self, _: Thread<'_>) -> bool {
        self.held_here()
    }

    /// Get the value of the semaphore.
    #[sig = "($self, /)"]
    fn _get_value(&self, th: Thread<'_>) -> Result<i32> {
        Ok(check(th, self.semaphore.value())?.max(0))
    }

    /// Return whether semaphore has value zero.
    #[sig = "($self, /)"]
    fn _is_zero(&self, th: Thread<'_>) -> Result<bool> {
        Ok(check(th, self.semaphore.value())? == 0)
    }

    /// Rezero the net acquisition count after fork().
    #[sig = "($self, /)"]
    fn _after_fork(&self, _: Thread<'_>) {
        self.count.set(0);
    }

    /// Enter the semaphore/lock.
    #[sig = "($self, /)"]
    fn __enter__(&self, th: Thread<'_>) -> Result<bool> {
        self.take(th, true, None)
    }

    /// Exit the semaphore/lock.
    #[sig = "($self, exc_type=None, exc_value=None, exc_tb=None, /)"]
    fn __exit__(
        &self,
        th: Thread<'_>,
        exc_type: Option<Obj<'_>>,
        exc_value: Option<Obj<'_>>,
        exc_tb: Option<Obj<'_>>,
    ) -> Result<()> {
        let _ = (exc_type, exc_value, exc_tb);
        self.release(th)
    }
}

#[pymodule]
pub mod _multiprocessing {
    use super::*;

    #[sig = "(name, /)"]
    fn sem_unlink(th: Thread<'_>, name: &Str) -> Result<()> {
        let name = c_name(th, name)?;
        check(th, host::mapping::sem_unlink(&name))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<SemLock>(th)?;
        let limit = ("SEM_VALUE_MAX", i32::MAX.into_object(th)?);
        let class = <SemLock as object::PyStruct>::type_object();
        crate::support::set_attributes(th, class, &[limit])?;
        let flags = Dict::new(th)?;
        for name in ["HAVE_SEM_OPEN", "HAVE_SEM_TIMEDWAIT"] {
            flags.set(th, Str::intern(th, name)?.obj(), 1.into_object(th)?.obj())?;
        }
        module.set(th, "flags", flags.obj())
    }
}
