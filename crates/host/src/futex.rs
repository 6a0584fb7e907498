//! Sleeping until another thread changes a word.
//!
//! The kernel compares the word and goes to sleep in one step, so a change made
//! before the call is never missed.

use std::{sync::atomic::AtomicU32, time::Duration};

/// Why [`wait`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Somebody called [`wake`], or the word had another value at once.
    Woken,
    /// The time is over.
    TimedOut,
    /// A signal handler ran.
    Interrupted,
}

/// Sleep while `word` is `expected`, for at most `limit`.
pub fn wait(word: &AtomicU32, expected: u32, limit: Option<Duration>) -> Wake {
    let time = limit.map(|limit| libc::timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(limit.subsec_nanos()),
    });
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word and the time live during the call.
    let status =
        unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, expected, time) };
    if status == 0 {
        return Wake::Woken;
    }
    match std::io::Error::last_os_error().raw_os_error() {
        Some(libc::ETIMEDOUT) => Wake::TimedOut,
        Some(libc::EINTR) => Wake::Interrupted,
        _ => Wake::Woken,
    }
}

/// Wake up to `count` threads that sleep on `word`, the longest sleeper first.
pub fn wake(word: &AtomicU32, count: i32) {
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: only the address is used.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, count) };
}
