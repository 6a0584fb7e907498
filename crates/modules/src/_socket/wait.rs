//! Calls that wait: timeouts, signals, and what goes wrong.
//!
//! A socket with a timeout is non-blocking for the system; before each attempt
//! its descriptor is polled for what is left of the time. A call that a signal
//! interrupts is repeated after the handlers have run.

use std::{cell::Cell, io};

use object::{Obj, Raised, Result, Thread, raise};

use super::socket::Socket;
use crate::support::{Round, now_ns, os_error, seconds_to_ns};

/// Why a call did not succeed.
pub(crate) enum Failure {
    TimedOut,
    Error(io::Error),
}

impl Failure {
    pub(super) fn raise(self, th: Thread<'_>) -> Raised {
        match self {
            Failure::TimedOut => object::error!(th, TimeoutError, "timed out"),
            Failure::Error(error) => os_error(th, &error),
        }
    }
}

/// What to wait for before a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    Read,
    Write,
    /// A connection that was begun.
    Connect,
}

/// The time that an operation may take, begun with its first wait.
pub(crate) struct Deadline {
    timeout: i64,
    end: Cell<Option<i64>>,
}

impl Deadline {
    pub(crate) fn new(timeout: i64) -> Self {
        Deadline { timeout, end: Cell::new(None) }
    }

    /// Nanoseconds that are left; negative when the time is up.
    fn left(&self) -> i64 {
        match self.end.get() {
            Some(end) => end.saturating_sub(now_ns()),
            None => {
                self.end.set(Some(now_ns().saturating_add(self.timeout)));
                self.timeout
            }
        }
    }
}

/// A timeout for the system, rounded up.
fn millis(ns: i64) -> i32 {
    i32::try_from(ns.saturating_add(999_999) / 1_000_000).unwrap_or(i32::MAX)
}

impl Socket {
    /// Wait until the socket is ready; whether the time was up before.
    fn wait(&self, th: Thread<'_>, ready: Ready, deadline: &Deadline) -> Result<io::Result<bool>> {
        loop {
            let fd = self.fd.get();
            if fd < 0 {
                return Ok(Ok(false));
            }
            let timeout = match deadline.timeout {
                timeout if timeout < 0 => None,
                _ => match deadline.left() {
                    left if left < 0 => return Ok(Ok(true)),
                    left => Some(millis(left)),
                },
            };
            let (write, connect) = (ready != Ready::Read, ready == Ready::Connect);
            match th.allow_threads(|| host::socket::wait(fd, write, connect, timeout)) {
                Err(error) if host::call::interrupted(&error) => {
                    crate::_signal::run_pending_signals(th)?;
                }
                result => return Ok(result),
            }
        }
    }

    /// Call `f` with the descriptor when the socket is ready.
    pub(crate) fn attempt_until<T>(
        &self,
        th: Thread<'_>,
        ready: Ready,
        deadline: &Deadline,
        mut f: impl FnMut(i32) -> io::Result<T>,
    ) -> Result<Result<T, Failure>> {
        loop {
            if deadline.timeout > 0 || ready == Ready::Connect {
                match self.wait(th, ready, deadline)? {
                    Ok(true) => return Ok(Err(Failure::TimedOut)),
                    Ok(false) => {}
                    Err(error) => return Ok(Err(Failure::Error(error))),
                }
            }
            let error = loop {
                let fd = self.fd.get();
                match th.allow_threads(|| f(fd)) {
                    Ok(value) => return Ok(Ok(value)),
                    Err(error) if host::call::interrupted(&error) => {
                        crate::_signal::run_pending_signals(th)?;
                    }
                    Err(error) => break error,
                }
            };
            let again = error.raw_os_error() == Some(libc::EAGAIN);
            if !(self.timeout.get() > 0 && again) {
                return Ok(Err(Failure::Error(error)));
            }
        }
    }

    /// As [`attempt_until`](Self::attempt_until), within the socket's timeout;
    /// raises on failure.
    pub(super) fn attempt<T>(
        &self,
        th: Thread<'_>,
        ready: Ready,
        f: impl FnMut(i32) -> io::Result<T>,
    ) -> Result<T> {
        let deadline = Deadline::new(self.timeout.get());
        match self.attempt_until(th, ready, &deadline, f)? {
            Ok(value) => Ok(value),
            Err(failure) => Err(failure.raise(th)),
        }
    }
}

/// A timeout argument in nanoseconds; -1 for `None`.
pub(super) fn parse_timeout(th: Thread<'_>, timeout: Obj<'_>) -> Result<i64> {
    if timeout.is_none() {
        return Ok(-1);
    }
    let ns = seconds_to_ns(th, timeout, Round::Up)?;
    if ns < 0 {
        raise!(th, ValueError, "Timeout value out of range");
    }
    Ok(ns)
}
