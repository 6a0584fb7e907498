//! Taking turns: one thread at a time reads from a connection, and one writes.
//!
//! The wait is without the GIL. A signal handler that asks for a turn which its
//! own thread has is refused.

use std::{
    cell::Cell,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

use object::{Result, Thread, raise};

#[derive(Default)]
pub(super) struct Turn {
    mutex: Mutex<()>,
    owner: Cell<u64>,
}

/// A turn; it ends when this is dropped.
pub(super) struct Taken<'a> {
    turn: &'a Turn,
    _guard: MutexGuard<'a, ()>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.turn.owner.set(0);
    }
}

impl Turn {
    /// Wait for the turn.
    pub(super) fn take(&self, th: Thread<'_>) -> Result<Taken<'_>> {
        if let Some(taken) = self.try_take(th)? {
            return Ok(taken);
        }
        let guard = th.allow_threads(|| self.mutex.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(self.begin(th, guard))
    }

    /// Take the turn if no other thread has it.
    pub(super) fn try_take(&self, th: Thread<'_>) -> Result<Option<Taken<'_>>> {
        if self.owner.get() == th.state().ident() {
            raise!(th, RuntimeError, "reentrant call of an SSL connection");
        }
        Ok(match self.mutex.try_lock() {
            Ok(guard) => Some(self.begin(th, guard)),
            Err(TryLockError::Poisoned(poisoned)) => Some(self.begin(th, poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    fn begin<'a>(&'a self, th: Thread<'_>, guard: MutexGuard<'a, ()>) -> Taken<'a> {
        self.owner.set(th.state().ident());
        Taken { turn: self, _guard: guard }
    }
}
