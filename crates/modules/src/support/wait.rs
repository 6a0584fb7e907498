//! Waiting for other threads: queues of sleepers, and a lock made of one.
//!
//! A [`WaitQueue`] is only touched with the GIL held, so it needs no lock of
//! its own. A sleeper stands on its own stack and is in the queue until
//! somebody takes it out: the one who wakes it, or itself when it gives up.
//! It cannot leave before it has the GIL again, so it outlives its entry.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    ptr::NonNull,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use host::futex;
use object::{Result, Thread};

/// A lock goes directly to a sleeper that waits longer than this, so that it
/// is not taken away again and again.
const PATIENCE: Duration = Duration::from_millis(1);

const ASLEEP: u32 = 0;
const AWAKE: u32 = 1;
/// Awake, and owns the lock it waited for.
const OWNER: u32 = 2;

struct Sleeper {
    word: AtomicU32,
    since: Instant,
}

/// Until when to wait.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Forever,
    /// Not at all.
    Now,
    Time(Instant),
}

impl Until {
    /// So long from now.
    pub(crate) fn after(limit: Duration) -> Until {
        if limit.is_zero() {
            return Until::Now;
        }
        Instant::now().checked_add(limit).map_or(Until::Forever, Until::Time)
    }

    /// As [`Until::after`], in nanoseconds; negative: for ever.
    pub(crate) fn after_ns(limit: i64) -> Until {
        u64::try_from(limit).map_or(Until::Forever, |ns| Until::after(Duration::from_nanos(ns)))
    }
}

/// Why [`WaitQueue::sleep`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    Woken,
    /// And was given the lock.
    Owner,
    TimedOut,
    /// A signal arrived, or nothing in particular happened.
    Interrupted,
}

/// Threads that sleep until something happens, the longest sleeper first. The
/// queue is made when the first thread has to wait: most locks never see one.
#[derive(Default)]
#[allow(clippy::box_collection, reason = "a lock without waiters is to be small")]
pub(crate) struct WaitQueue(RefCell<Option<Box<VecDeque<NonNull<Sleeper>>>>>);

impl WaitQueue {
    pub(crate) const fn new() -> Self {
        WaitQueue(RefCell::new(None))
    }

    /// Sleep once; `since` is when the thread began to wait.
    pub(crate) fn sleep(&self, th: Thread<'_>, until: Until, since: Instant) -> Wake {
        let limit = match until {
            Until::Forever => None,
            Until::Now => return Wake::TimedOut,
            Until::Time(time) => match time.checked_duration_since(Instant::now()) {
                Some(limit) if !limit.is_zero() => Some(limit),
                _ => return Wake::TimedOut,
            },
        };
        let sleeper = Sleeper { word: AtomicU32::new(ASLEEP), since };
        let entry = NonNull::from(&sleeper);
        self.0.borrow_mut().get_or_insert_default().push_back(entry);
        let wake = th.allow_threads(|| futex::wait(&sleeper.word, ASLEEP, limit));
        match sleeper.word.load(Ordering::Acquire) {
            OWNER => return Wake::Owner,
            AWAKE => return Wake::Woken,
            _ => {}
        }
        if let Some(sleepers) = &mut *self.0.borrow_mut() {
            sleepers.retain(|other| *other != entry);
        }
        match wake {
            futex::Wake::TimedOut => Wake::TimedOut,
            _ => Wake::Interrupted,
        }
    }

    /// Sleep until `done`, or until the time is over: then false. Signal
    /// handlers run in between and may raise.
    pub(crate) fn wait(
        &self,
        th: Thread<'_>,
        until: Until,
        mut done: impl FnMut() -> bool,
    ) -> Result<bool> {
        let since = Instant::now();
        loop {
            if done() {
                return Ok(true);
            }
            match self.sleep(th, until, since) {
                Wake::TimedOut => return Ok(done()),
                Wake::Interrupted => crate::_signal::run_pending_signals(th)?,
                Wake::Woken | Wake::Owner => {}
            }
        }
    }

    fn wake(sleeper: NonNull<Sleeper>, how: u32) {
        // SAFETY: a sleeper in the queue is alive, and the GIL is held.
        let word = unsafe { &sleeper.as_ref().word };
        word.store(how, Ordering::Release);
        futex::wake(word, 1);
    }

    /// Take the longest sleeper off.
    #[inline]
    fn pop(&self) -> Option<NonNull<Sleeper>> {
        self.0.borrow_mut().as_mut()?.pop_front()
    }

    /// Wake the longest sleeper.
    pub(crate) fn wake_one(&self) {
        if let Some(sleeper) = self.pop() {
            Self::wake(sleeper, AWAKE);
        }
    }

    /// Wake all.
    pub(crate) fn wake_all(&self) {
        let sleepers = std::mem::take(&mut *self.0.borrow_mut());
        for sleeper in sleepers.into_iter().flat_map(|sleepers| *sleepers) {
            Self::wake(sleeper, AWAKE);
        }
    }

    /// Forget all sleepers: the threads of the parent, in the child of a fork.
    pub(crate) fn forget(&self) {
        self.0.take();
    }
}

/// A flag that one thread at a time holds.
#[derive(Default)]
pub(crate) struct Gate {
    taken: Cell<bool>,
    queue: WaitQueue,
}

/// The right to use what a gate guards.
pub(crate) struct Held<'a>(&'a Gate);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl Gate {
    /// Wait for it, and keep it while the result lives: for state that is
    /// borrowed while other threads run.
    pub(crate) fn hold(&self, th: Thread<'_>) -> Result<Held<'_>> {
        self.take(th, Until::Forever, false)?;
        Ok(Held(self))
    }

    /// Take it; whether that worked before the time was over. With `signals`,
    /// handlers run in between and may raise.
    #[inline]
    pub(crate) fn take(&self, th: Thread<'_>, until: Until, signals: bool) -> Result<bool> {
        if !self.taken.replace(true) {
            return Ok(true);
        }
        self.take_slowly(th, until, signals)
    }

    #[cold]
    fn take_slowly(&self, th: Thread<'_>, until: Until, signals: bool) -> Result<bool> {
        let since = Instant::now();
        loop {
            let wake = self.queue.sleep(th, until, since);
            if wake == Wake::Owner || !self.taken.replace(true) {
                return Ok(true);
            }
            match wake {
                Wake::TimedOut => return Ok(false),
                Wake::Interrupted if signals => crate::_signal::run_pending_signals(th)?,
                _ => {}
            }
        }
    }

    /// Give it back; whether it was taken.
    #[inline]
    pub(crate) fn release(&self) -> bool {
        if !self.taken.get() {
            return false;
        }
        match self.queue.pop() {
            None => self.taken.set(false),
            Some(sleeper) => {
                // SAFETY: a sleeper in the queue is alive, and the GIL is held.
                let since = unsafe { sleeper.as_ref() }.since;
                let impatient = since.elapsed() > PATIENCE;
                self.taken.set(impatient);
                WaitQueue::wake(sleeper, if impatient { OWNER } else { AWAKE });
            }
        }
        true
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.taken.get()
    }

    /// Keep it as it is, with nobody waiting.
    pub(crate) fn forget_waiters(&self) {
        self.queue.forget();
    }

    /// Make it free, with nobody waiting.
    pub(crate) fn reset(&self) {
        self.queue.forget();
        self.taken.set(false);
    }
}
