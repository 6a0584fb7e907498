//! Clocks, calendar time and sleeping.

use std::{ffi::CStr, io};

use crate::{
    call::{check, check_number},
    fs::zeroed,
};

/// The broken-down time of the C library.
pub use libc::tm as Tm;

/// Nanoseconds of a clock.
pub fn clock_ns(clock: i32) -> io::Result<i64> {
    let mut time: libc::timespec = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::clock_gettime(clock, &mut time) })?;
    Ok(time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec))
}

/// The resolution of a clock in nanoseconds.
pub fn clock_resolution_ns(clock: i32) -> io::Result<i64> {
    let mut time: libc::timespec = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::clock_getres(clock, &mut time) })?;
    Ok(time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec))
}

/// Set a clock.
pub fn set_clock_ns(clock: i32, ns: i64) -> io::Result<()> {
    let time = timespec(ns);
    // SAFETY: a complete structure.
    check(unsafe { libc::clock_settime(clock, &time) }).map(drop)
}

/// The CPU clock of a thread.
pub fn thread_cpu_clock(thread: u64) -> io::Result<i32> {
    let mut clock = 0;
    // SAFETY: room for the answer; an unknown thread is the program's mistake.
    check_number(unsafe { libc::pthread_getcpuclockid(thread, &mut clock) })?;
    Ok(clock)
}

/// Nanoseconds as a `timespec`.
pub fn timespec(ns: i64) -> libc::timespec {
    libc::timespec { tv_sec: ns.div_euclid(1_000_000_000), tv_nsec: ns.rem_euclid(1_000_000_000) }
}

/// Sleep until a time of the monotonic clock; `EINTR` when a signal arrives.
pub fn sleep_until(deadline_ns: i64) -> io::Result<()> {
    let time = timespec(deadline_ns);
    // SAFETY: a complete structure, no remainder wanted.
    check_number(unsafe {
        libc::clock_nanosleep(
            libc::CLOCK_MONOTONIC,
            libc::TIMER_ABSTIME,
            &time,
            std::ptr::null_mut(),
        )
    })
}

/// Local calendar time.
pub fn local(seconds: i64) -> io::Result<Tm> {
    let mut tm = zeroed();
    // SAFETY: room for the answer.
    let result = unsafe { libc::localtime_r(&seconds, &mut tm) };
    if result.is_null() { Err(overflow()) } else { Ok(tm) }
}

/// Universal calendar time.
pub fn universal(seconds: i64) -> io::Result<Tm> {
    let mut tm = zeroed();
    // SAFETY: room for the answer.
    let result = unsafe { libc::gmtime_r(&seconds, &mut tm) };
    if result.is_null() { Err(overflow()) } else { Ok(tm) }
}

fn overflow() -> io::Error {
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(0) {
        return io::Error::from_raw_os_error(libc::EINVAL);
    }
    error
}

/// Seconds since the epoch of a local time, which is normalised; `None` if out of range.
pub fn make(tm: &mut Tm) -> Option<i64> {
    tm.tm_wday = -1;
    // SAFETY: a complete structure.
    let seconds = unsafe { libc::mktime(tm) };
    (seconds != -1 || tm.tm_wday != -1).then_some(seconds)
}

/// A `Tm` of zeros.
pub fn empty() -> Tm {
    zeroed()
}

/// The name of a time's zone.
pub fn zone_name(tm: &Tm) -> Vec<u8> {
    if tm.tm_zone.is_null() {
        return Vec::new();
    }
    // SAFETY: the C library's string, valid until the zone changes.
    unsafe { CStr::from_ptr(tm.tm_zone) }.to_bytes().to_vec()
}

/// Re-read `TZ`.
pub fn tzset() {
    unsafe extern "C" {
        fn tzset();
    }
    // SAFETY: no arguments.
    unsafe { tzset() };
}

/// Format a time in the C locale's terms; `None` when it does not fit in `limit` bytes.
pub fn format(format: &CStr, tm: &Tm, limit: usize) -> Option<Vec<u8>> {
    let mut size = 256;
    while size <= limit {
        let mut buffer = vec![0u8; size];
        // SAFETY: the buffer has that size.
        let n = unsafe { libc::strftime(buffer.as_mut_ptr().cast(), size, format.as_ptr(), tm) };
        if n > 0 {
            buffer.truncate(n);
            return Some(buffer);
        }
        size *= 4;
    }
    None
}

/// When a timer goes off next and how often after that, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct TimerSpec {
    pub next: i64,
    pub interval: i64,
}

impl TimerSpec {
    fn to_c(self) -> libc::itimerspec {
        let time = |ns: i64| libc::timespec {
            tv_sec: ns.div_euclid(1_000_000_000),
            tv_nsec: ns.rem_euclid(1_000_000_000),
        };
        libc::itimerspec { it_interval: time(self.interval), it_value: time(self.next) }
    }

    fn from_c(spec: &libc::itimerspec) -> Self {
        let ns = |time: &libc::timespec| {
            time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
        };
        TimerSpec { next: ns(&spec.it_value), interval: ns(&spec.it_interval) }
    }
}

/// A timer as a descriptor.
pub fn timerfd_create(clock: i32, flags: i32) -> io::Result<i32> {
    // SAFETY: plain values.
    check(unsafe { libc::timerfd_create(clock, flags) })
}

/// Set a timer; what was set before.
pub fn timerfd_settime(fd: i32, flags: i32, new: TimerSpec) -> io::Result<TimerSpec> {
    let (new, mut old) = (new.to_c(), TimerSpec { next: 0, interval: 0 }.to_c());
    // SAFETY: complete structures.
    check(unsafe { libc::timerfd_settime(fd, flags, &new, &mut old) })?;
    Ok(TimerSpec::from_c(&old))
}

/// How a timer is set.
pub fn timerfd_gettime(fd: i32) -> io::Result<TimerSpec> {
    let mut now = TimerSpec { next: 0, interval: 0 }.to_c();
    // SAFETY: room for the answer.
    check(unsafe { libc::timerfd_gettime(fd, &mut now) })?;
    Ok(TimerSpec::from_c(&now))
}
