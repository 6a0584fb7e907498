//! The lock that a thread holds while it runs Python code or touches objects.
//!
//! Taking and giving it is one atomic instruction each while nobody waits. A
//! thread that waits sleeps for the switch interval, then sets
//! [`breaker::GIL_REQUEST`] for the holder, which gives the lock away and stays
//! aside until another thread has had it, so that nobody starves. Invariant:
//! `holder` is the last thread that took the lock; thread states are recycled
//! and never freed, so that it may be asked at any time. Once the interpreter
//! ends, only the thread that ends it gets the lock; others sleep for ever.

use std::{
    ptr,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
    time::Duration,
};

use host::futex::{self, Wake};

use crate::{ThreadState, thread::breaker};

const FREE: u32 = 0;
const HELD: u32 = 1;

/// See the module.
pub struct Gil {
    word: AtomicU32,
    /// Threads that wait for the lock.
    waiting: AtomicU32,
    /// How often the holder changed.
    switches: AtomicU32,
    /// Threads that stay aside until it changes.
    aside: AtomicU32,
    holder: AtomicPtr<ThreadState>,
    interval_us: AtomicU32,
    /// The thread that ends the interpreter.
    finalizing: AtomicPtr<ThreadState>,
}

impl Default for Gil {
    fn default() -> Self {
        Gil {
            word: AtomicU32::new(FREE),
            waiting: AtomicU32::new(0),
            switches: AtomicU32::new(0),
            aside: AtomicU32::new(0),
            holder: AtomicPtr::new(ptr::null_mut()),
            interval_us: AtomicU32::new(5000),
            finalizing: AtomicPtr::new(ptr::null_mut()),
        }
    }
}

impl Gil {
    /// Take the lock for the thread of `state`.
    #[inline]
    pub(crate) fn acquire(&self, state: &ThreadState) {
        if !self.try_take() {
            self.wait();
        }
        let me = ptr::from_ref(state).cast_mut();
        if self.holder.load(Ordering::Relaxed) != me {
            self.took_over(state);
        }
        let finalizing = self.finalizing.load(Ordering::Relaxed);
        if !finalizing.is_null() && finalizing != me {
            self.hang();
        }
    }

    /// Give the lock back.
    #[inline]
    pub(crate) fn release(&self) {
        // Sequentially consistent: the look at `waiting` must not come first.
        self.word.swap(FREE, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) != 0 {
            futex::wake(&self.word, 1);
        }
    }

    #[inline]
    fn try_take(&self) -> bool {
        self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Look for the lock a little while. PERF: threads that wake each other take
    /// turns with it every few microseconds; falling asleep and being woken costs
    /// more (`time_condition` of bench/concurrency.py).
    fn spin(&self) -> bool {
        const TURNS: u32 = 200;
        (0..TURNS).any(|_| {
            std::hint::spin_loop();
            self.word.load(Ordering::Relaxed) == FREE && self.try_take()
        })
    }

    #[cold]
    fn wait(&self) {
        if self.spin() {
            return;
        }
        let interval = Duration::from_micros(u64::from(self.interval_us.load(Ordering::Relaxed)));
        self.waiting.fetch_add(1, Ordering::SeqCst);
        while !self.try_take() {
            let switches = self.switches.load(Ordering::Relaxed);
            let wake = futex::wait(&self.word, HELD, Some(interval));
            if wake == Wake::TimedOut && self.switches.load(Ordering::Relaxed) == switches {
                self.ask_holder(breaker::GIL_REQUEST);
            }
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Set a bit of the holder's evaluation breaker.
    pub(crate) fn ask_holder(&self, bit: u32) {
        // SAFETY: thread states are never freed.
        if let Some(holder) = unsafe { self.holder.load(Ordering::SeqCst).as_ref() } {
            holder.eval_breaker.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Note who holds the lock now, and tell it what its interpreter was asked. Either
    /// who asks sees the new holder, or the holder what was asked.
    fn set_holder(&self, state: &ThreadState) {
        self.holder.store(ptr::from_ref(state).cast_mut(), Ordering::SeqCst);
        let asked = state.interp.threads.asked();
        if asked != 0 {
            state.eval_breaker.fetch_or(asked, Ordering::Relaxed);
        }
    }

    #[cold]
    fn took_over(&self, state: &ThreadState) {
        self.set_holder(state);
        self.switches.fetch_add(1, Ordering::SeqCst);
        if self.aside.load(Ordering::SeqCst) != 0 {
            futex::wake(&self.switches, i32::MAX);
        }
        let finalizing = state.interp.finalizing.get();
        if !finalizing.is_null() && !ptr::eq(finalizing, state) {
            self.hang();
        }
    }

    /// The interpreter of the calling thread is no more.
    #[cold]
    fn hang(&self) -> ! {
        self.release();
        host::thread::hang()
    }

    /// Note that the thread that holds the lock goes on with another state.
    pub(crate) fn pass_to(&self, state: &ThreadState) {
        self.set_holder(state);
    }

    /// Let somebody else have the lock, if anybody waits for it.
    pub(crate) fn yield_to_others(&self, state: &ThreadState) {
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return;
        }
        let interval = Duration::from_micros(u64::from(self.interval_us.load(Ordering::Relaxed)));
        let seen = self.switches.load(Ordering::SeqCst);
        self.release();
        self.aside.fetch_add(1, Ordering::SeqCst);
        while self.switches.load(Ordering::SeqCst) == seen
            && self.waiting.load(Ordering::SeqCst) != 0
        {
            futex::wait(&self.switches, seen, Some(interval));
        }
        self.aside.fetch_sub(1, Ordering::SeqCst);
        self.acquire(state);
    }

    /// `sys.getswitchinterval()` in microseconds.
    pub fn interval_us(&self) -> u32 {
        self.interval_us.load(Ordering::Relaxed)
    }

    /// `sys.setswitchinterval()`.
    pub fn set_interval_us(&self, interval: u32) {
        self.interval_us.store(interval.max(1), Ordering::Relaxed);
    }

    /// From now on only the thread of `state`, which holds the lock, gets it.
    pub fn set_finalizing(&self, state: &ThreadState) {
        self.finalizing.store(ptr::from_ref(state).cast_mut(), Ordering::Relaxed);
    }

    /// Whether the interpreter is ending.
    pub fn is_finalizing(&self) -> bool {
        !self.finalizing.load(Ordering::Relaxed).is_null()
    }

    /// In the child of a fork: the calling thread holds the lock and is alone.
    pub(crate) fn after_fork(&self, state: &ThreadState) {
        self.word.store(HELD, Ordering::SeqCst);
        self.waiting.store(0, Ordering::SeqCst);
        self.aside.store(0, Ordering::SeqCst);
        self.holder.store(ptr::from_ref(state).cast_mut(), Ordering::SeqCst);
    }
}
