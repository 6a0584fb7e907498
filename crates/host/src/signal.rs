//! Signals: an async-signal-safe handler that leaves a mark and wakes readers.
//!
//! [`arrived`] holds one bit per signal; the handler sets it, calls the
//! notifier (which must be async-signal-safe: it sets the interpreter's break
//! flag) and writes the number to the wake-up descriptor.

use std::{
    io,
    sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering},
};

use crate::{
    call::{calls, check, check_number},
    fs::zeroed,
    time::timespec,
};

/// One more than the highest signal.
pub const NSIG: i32 = 65;

static ARRIVED: AtomicU64 = AtomicU64::new(0);
static NOTIFIER: AtomicUsize = AtomicUsize::new(0);
static WAKEUP: AtomicI32 = AtomicI32::new(-1);
static WAKEUP_ERRNO: AtomicI32 = AtomicI32::new(0);
static WARN_FULL: AtomicBool = AtomicBool::new(true);

calls! {
    /// Send a signal to this thread.
    fn raise(signal: i32) = libc::raise(signal);
}

/// What a signal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Default,
    Ignore,
    /// Mark it as arrived.
    Mark,
    /// Something that was not set here.
    Foreign,
}

extern "C" fn mark(signal: i32) {
    // SAFETY: errno is thread-local; a handler must not change it.
    let errno = unsafe { *libc::__errno_location() };
    ARRIVED.fetch_or(1 << (signal as u64 & 63), Ordering::SeqCst);
    let notifier = NOTIFIER.load(Ordering::SeqCst);
    if notifier != 0 {
        // SAFETY: only `set_notifier` stores here, a function of this type.
        let notifier = unsafe { std::mem::transmute::<usize, fn()>(notifier) };
        notifier();
    }
    let fd = WAKEUP.load(Ordering::SeqCst);
    if fd != -1 {
        let byte = signal as u8;
        // SAFETY: one byte.
        let status = unsafe { libc::write(fd, (&raw const byte).cast(), 1) };
        if status < 0 {
            // SAFETY: errno is thread-local.
            let error = unsafe { *libc::__errno_location() };
            if WARN_FULL.load(Ordering::SeqCst) || error != libc::EAGAIN {
                WAKEUP_ERRNO.store(error, Ordering::SeqCst);
            }
        }
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Call `notifier` in the handler; it must be async-signal-safe.
pub fn set_notifier(notifier: fn()) {
    NOTIFIER.store(notifier as usize, Ordering::SeqCst);
}

/// Take the signals that have arrived, one bit each (64 is bit 0).
pub fn take_arrived() -> u64 {
    ARRIVED.swap(0, Ordering::SeqCst)
}

/// Whether a signal waits to be looked at.
pub fn is_pending() -> bool {
    ARRIVED.load(Ordering::Relaxed) != 0
}

/// Mark a signal as arrived, as if it had been sent.
pub fn simulate(signal: i32) {
    mark(signal);
}

/// The error of a failed write to the wake-up descriptor since the last call.
pub fn take_wakeup_error() -> Option<i32> {
    match WAKEUP_ERRNO.swap(0, Ordering::SeqCst) {
        0 => None,
        errno => Some(errno),
    }
}

/// Write signal numbers to `fd` (-1: nowhere); the old descriptor.
pub fn set_wakeup(fd: i32, warn_full: bool) -> i32 {
    WARN_FULL.store(warn_full, Ordering::SeqCst);
    WAKEUP.swap(fd, Ordering::SeqCst)
}

/// Set what a signal does.
pub fn set_action(signal: i32, action: Action) -> io::Result<()> {
    let handler = match action {
        Action::Default | Action::Foreign => libc::SIG_DFL,
        Action::Ignore => libc::SIG_IGN,
        Action::Mark => mark as extern "C" fn(i32) as usize,
    };
    set_handler(signal, handler, false).map(drop)
}

/// Have a signal call `handler`, which follows the rules for handlers, during
/// which the signal may come again with `again`; the old handler.
pub fn install(signal: i32, handler: extern "C" fn(i32), again: bool) -> io::Result<usize> {
    set_handler(signal, handler as usize, again)
}

/// Put back what [`install`] replaced.
pub fn restore(signal: i32, handler: usize) -> io::Result<()> {
    set_handler(signal, handler, false).map(drop)
}

fn set_handler(signal: i32, handler: usize, again: bool) -> io::Result<usize> {
    if signal == libc::SIGSEGV
        && let Some(old) = crate::memory::set_other_faults(handler)
    {
        return Ok(old);
    }
    let mut new: libc::sigaction = zeroed();
    new.sa_sigaction = handler;
    if handler != libc::SIG_DFL && handler != libc::SIG_IGN {
        new.sa_flags = libc::SA_ONSTACK | if again { libc::SA_NODEFER } else { 0 };
    }
    let mut old: libc::sigaction = zeroed();
    // SAFETY: complete structures.
    check(unsafe { libc::sigaction(signal, &new, &mut old) })?;
    Ok(old.sa_sigaction)
}

/// What a signal does.
pub fn action(signal: i32) -> io::Result<Action> {
    let mut old: libc::sigaction = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::sigaction(signal, std::ptr::null(), &mut old) })?;
    let others = if signal == libc::SIGSEGV { crate::memory::other_faults() } else { None };
    Ok(match others.unwrap_or(old.sa_sigaction) {
        libc::SIG_DFL => Action::Default,
        libc::SIG_IGN => Action::Ignore,
        handler if handler == mark as extern "C" fn(i32) as usize => Action::Mark,
        _ => Action::Foreign,
    })
}

/// Whether system calls are restarted after a signal.
pub fn set_interrupt(signal: i32, interrupt: bool) -> io::Result<()> {
    let mut action: libc::sigaction = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::sigaction(signal, std::ptr::null(), &mut action) })?;
    if interrupt {
        action.sa_flags &= !libc::SA_RESTART;
    } else {
        action.sa_flags |= libc::SA_RESTART;
    }
    // SAFETY: a complete structure.
    check(unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) }).map(drop)
}

/// Set the alarm; the seconds that were left.
pub fn alarm(seconds: u32) -> u32 {
    // SAFETY: plain values.
    unsafe { libc::alarm(seconds) }
}

/// Wait for a signal.
pub fn pause() {
    // SAFETY: no arguments.
    unsafe { libc::pause() };
}

fn timeval(us: i64) -> libc::timeval {
    libc::timeval { tv_sec: us.div_euclid(1_000_000), tv_usec: us.rem_euclid(1_000_000) }
}

fn micros(time: libc::timeval) -> i64 {
    time.tv_sec * 1_000_000 + time.tv_usec
}

/// Set a timer (microseconds until and between); the old values.
pub fn set_timer(which: i32, value_us: i64, interval_us: i64) -> io::Result<(i64, i64)> {
    let new = libc::itimerval { it_interval: timeval(interval_us), it_value: timeval(value_us) };
    let mut old: libc::itimerval = zeroed();
    // SAFETY: complete structures.
    check(unsafe { libc::syscall(libc::SYS_setitimer, which, &raw const new, &raw mut old) })?;
    Ok((micros(old.it_value), micros(old.it_interval)))
}

/// A timer's values in microseconds.
pub fn timer(which: i32) -> io::Result<(i64, i64)> {
    let mut old: libc::itimerval = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::syscall(libc::SYS_getitimer, which, &raw mut old) })?;
    Ok((micros(old.it_value), micros(old.it_interval)))
}

/// A set of signals.
#[derive(Clone, Copy)]
pub struct SignalSet(libc::sigset_t);

impl SignalSet {
    /// The set of these signals; those out of range are left out.
    pub fn new(signals: impl IntoIterator<Item = i32>) -> Self {
        let mut set = SignalSet(zeroed());
        for signal in signals {
            // SAFETY: a complete set.
            unsafe { libc::sigaddset(&mut set.0, signal) };
        }
        set
    }

    /// All signals that programs may use.
    pub fn full() -> Self {
        let mut set = SignalSet(zeroed());
        // SAFETY: a complete set.
        unsafe { libc::sigfillset(&mut set.0) };
        set
    }

    /// The signals in the set.
    pub fn iter(&self) -> impl Iterator<Item = i32> {
        // SAFETY: a complete set.
        (1..NSIG).filter(|signal| unsafe { libc::sigismember(&self.0, *signal) } == 1)
    }
}

/// Change this thread's signal mask; the old one.
pub fn mask_signals(how: i32, set: &SignalSet) -> io::Result<SignalSet> {
    let mut old = SignalSet(zeroed());
    // SAFETY: complete sets.
    check_number(unsafe { libc::pthread_sigmask(how, &set.0, &mut old.0) })?;
    Ok(old)
}

/// Signals that wait to be unblocked.
pub fn pending() -> io::Result<SignalSet> {
    let mut set = SignalSet(zeroed());
    // SAFETY: room for the answer.
    check(unsafe { libc::sigpending(&mut set.0) })?;
    Ok(set)
}

/// Wait for a signal of the set.
pub fn wait(set: &SignalSet) -> io::Result<i32> {
    let mut signal = 0;
    // SAFETY: a complete set.
    check_number(unsafe { libc::sigwait(&set.0, &mut signal) })?;
    Ok(signal)
}

/// The facts of a signal: signo, code, errno, pid, uid, status, band.
pub struct Info {
    pub signo: i32,
    pub code: i32,
    pub errno: i32,
    pub pid: i32,
    pub uid: u32,
    pub status: i32,
    pub band: i64,
}

/// Wait for a signal of the set, for at most so many nanoseconds.
pub fn wait_info(set: &SignalSet, timeout_ns: Option<i64>) -> io::Result<Info> {
    let mut info: libc::siginfo_t = zeroed();
    let time = timeout_ns.map(timespec);
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: a complete set, room for the answer, null or a complete time.
    check(unsafe { libc::sigtimedwait(&set.0, &mut info, time) })?;
    // SAFETY: fields of a union of integers.
    let (pid, uid, status) = unsafe { (info.si_pid(), info.si_uid(), info.si_status()) };
    // SAFETY: the union starts at offset 16 and is larger than a long.
    let band = unsafe { (&raw const info).cast::<i64>().add(2).read() };
    let (signo, code, errno) = (info.si_signo, info.si_code, info.si_errno);
    Ok(Info { signo, code, errno, pid, uid, status, band })
}

/// The thread that calls.
pub fn this_thread() -> u64 {
    // SAFETY: no arguments.
    unsafe { libc::pthread_self() }
}

/// Send a signal to a thread.
pub fn kill_thread(thread: u64, signal: i32) -> io::Result<()> {
    // SAFETY: an unknown thread is the program's mistake, as in C.
    check_number(unsafe { libc::pthread_kill(thread, signal) })
}

/// Send a signal through a process descriptor.
pub fn pidfd_send(pidfd: i32, signal: i32, flags: u32) -> io::Result<()> {
    let null = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: no information is passed.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, null, flags) })
        .map(drop)
}

/// The name of a signal for people.
pub fn describe(signal: i32) -> Option<String> {
    // SAFETY: callers hold the GIL; the text is copied at once.
    let text = unsafe { libc::strsignal(signal) };
    if text.is_null() {
        return None;
    }
    // SAFETY: a C string.
    let text = unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().into_owned();
    (!text.starts_with("Unknown signal")).then_some(text)
}
