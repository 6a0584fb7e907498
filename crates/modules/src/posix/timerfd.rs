//! `timerfd`: timers that are descriptors.

use host::time::TimerSpec;
use macros::pymodule;
use object::{Obj, Result, Thread};

use crate::support::{Fd, Round, check, seconds_to_ns};

fn seconds(spec: TimerSpec) -> (f64, f64) {
    (spec.next as f64 / 1e9, spec.interval as f64 / 1e9)
}

fn to_ns(th: Thread<'_>, value: Option<Obj<'_>>) -> Result<i64> {
    value.map_or(Ok(0), |value| seconds_to_ns(th, value, Round::Floor))
}

#[pymodule]
pub(super) mod functions {
    use super::*;

    /// Create and return a timer file descriptor.
    ///
    ///   clockid
    ///     A valid clock ID constant as timer file descriptor.
    ///   flags
    ///     0 or a bit mask of os.TFD_NONBLOCK or os.TFD_CLOEXEC.
    #[sig = "(clockid, /, *, flags=TFD_CLOEXEC)"]
    fn timerfd_create(th: Thread<'_>, clockid: i32, flags: Option<i32>) -> Result<i32> {
        let flags = flags.unwrap_or(0) | libc::TFD_CLOEXEC;
        check(th, th.allow_threads(|| host::time::timerfd_create(clockid, flags)))
    }

    /// Alter a timer file descriptor's internal timer in seconds.
    #[sig = "(fd, /, *, flags=0, initial=0.0, interval=0.0)"]
    fn timerfd_settime(
        th: Thread<'_>,
        fd: Fd,
        flags: Option<i32>,
        initial: Option<Obj<'_>>,
        interval: Option<Obj<'_>>,
    ) -> Result<(f64, f64)> {
        let new = TimerSpec { next: to_ns(th, initial)?, interval: to_ns(th, interval)? };
        let flags = flags.unwrap_or(0);
        let old = th.allow_threads(|| host::time::timerfd_settime(fd.0, flags, new));
        check(th, old).map(seconds)
    }

    /// Alter a timer file descriptor's internal timer in nanoseconds.
    #[sig = "(fd, /, *, flags=0, initial=0, interval=0)"]
    fn timerfd_settime_ns(
        th: Thread<'_>,
        fd: Fd,
        flags: Option<i32>,
        initial: Option<i64>,
        interval: Option<i64>,
    ) -> Result<(i64, i64)> {
        let new = TimerSpec { next: initial.unwrap_or(0), interval: interval.unwrap_or(0) };
        let flags = flags.unwrap_or(0);
        let old = th.allow_threads(|| host::time::timerfd_settime(fd.0, flags, new));
        check(th, old).map(|old| (old.next, old.interval))
    }

    /// Return a tuple of a timer file descriptor's (interval, next expiration) in float seconds.
    #[sig = "(fd, /)"]
    fn timerfd_gettime(th: Thread<'_>, fd: Fd) -> Result<(f64, f64)> {
        check(th, th.allow_threads(|| host::time::timerfd_gettime(fd.0))).map(seconds)
    }

    /// Return a tuple of a timer file descriptor's (interval, next expiration) in nanoseconds.
    #[sig = "(fd, /)"]
    fn timerfd_gettime_ns(th: Thread<'_>, fd: Fd) -> Result<(i64, i64)> {
        let now = check(th, th.allow_threads(|| host::time::timerfd_gettime(fd.0)))?;
        Ok((now.next, now.interval))
    }
}
