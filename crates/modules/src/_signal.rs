//! `_signal`: handlers in Python for signals of the system.
//!
//! The C handler only marks the signal and sets the interpreter's break flag;
//! [`run_pending_signals`] calls the Python handlers, in the main thread,
//! between two instructions or after an interrupted system call.

use std::cell::{Cell, RefCell};

use host::signal::{Action, SignalSet};
use macros::pymodule;
use object::{
    AsObject, Int, IntoObject, Link, Module, Obj, Protocol, Ref, Result, Str, Thread, exceptions,
    raise, thread::breaker, types::none,
};

use crate::support::{
    self, Round, add_ints, check, now_ns, retry, seconds_to_ns,
    structseq::{Decl, StructSeq as _},
};

const NSIG: i32 = host::signal::NSIG;

/// Handlers by signal.
struct Handlers {
    by_signal: RefCell<Vec<Link>>,
    ready: Cell<bool>,
}

impl Default for Handlers {
    fn default() -> Self {
        Handlers {
            by_signal: RefCell::new((0..NSIG).map(|_| Link::null()).collect()),
            ready: Cell::new(false),
        }
    }
}

impl Handlers {
    fn of(th: Thread<'_>) -> &'static Handlers {
        th.interp().extensions.get::<Handlers>()
    }

    fn get(&self, signal: i32) -> Option<Ref> {
        self.by_signal.borrow().get(signal as usize).and_then(Link::get)
    }

    fn replace(&self, signal: i32, handler: Option<Ref>) -> Option<Ref> {
        let list = self.by_signal.borrow();
        list.get(signal as usize).and_then(|link| link.replace(handler))
    }
}

/// The break flags of the main thread's state, for the C handler.
static MAIN_BREAKER: std::sync::atomic::AtomicPtr<std::sync::atomic::AtomicU32> =
    std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());

fn notify() {
    let flags = MAIN_BREAKER.load(std::sync::atomic::Ordering::SeqCst);
    if !flags.is_null() {
        // SAFETY: the main thread's state lives as long as the process.
        unsafe { &*flags }.fetch_or(breaker::SIGNAL, std::sync::atomic::Ordering::SeqCst);
    }
}

fn is_main_thread(th: Thread<'_>) -> bool {
    th.is_main() && th.interp().is_main()
}

/// In the child of a fork: the signals are those of the only thread.
pub(crate) fn after_fork(th: Thread<'_>) {
    host::signal::take_arrived();
    set_breaker(th);
}

fn set_breaker(th: Thread<'_>) {
    let flags = &raw const th.state().eval_breaker;
    MAIN_BREAKER.store(flags.cast_mut(), std::sync::atomic::Ordering::SeqCst);
}

/// At the end: signals have their default effect, and no handlers.
pub fn finish(th: Thread<'_>) {
    for signal in 1..NSIG {
        let old = Handlers::of(th).replace(signal, None);
        if old.is_some_and(|old| !Int::is_int(old.obj()) && !old.obj().is_none()) {
            // A signal that cannot be set keeps its handler, which only marks it.
            let _ = host::signal::set_action(signal, Action::Default);
        }
    }
}

/// `_thread.interrupt_main`.
pub(crate) fn interrupt_main(th: Thread<'_>, signum: i32) -> Result<()> {
    in_range(th, signum)?;
    // COMPAT: at the end there are no handlers, and the signal is reported as
    // ignored; test_signal.test__thread_interrupt_main.
    let ignored = Handlers::of(th).get(signum).is_some_and(|handler| Int::is_int(handler.obj()));
    if !ignored {
        host::signal::simulate(signum);
    }
    Ok(())
}

/// Call the Python handlers of the signals that have arrived.
pub fn run_pending_signals(th: Thread<'_>) -> Result<()> {
    if !host::signal::is_pending() || !is_main_thread(th) {
        return Ok(());
    }
    let mut arrived = host::signal::take_arrived();
    if let Some(errno) = host::signal::take_wakeup_error() {
        exceptions::os_error(th, errno, None);
        let context = "Exception ignored while trying to write to the signal wakeup fd";
        (th.hooks().unraisable)(th, Some(context), None);
    }
    for signal in (1..64).chain([64]) {
        let bit = 1 << (signal as u64 & 63);
        if arrived & bit == 0 {
            continue;
        }
        arrived &= !bit;
        let handler = Handlers::of(th).get(signal);
        let handler = handler.filter(|handler| !Int::is_int(handler.obj()));
        let Some(handler) = handler.filter(|handler| !handler.obj().is_none()) else {
            object::error!(th, OSError, "Signal {signal} ignored due to race condition");
            let context = "Exception ignored while calling signal handler";
            (th.hooks().unraisable)(th, Some(context), None);
            continue;
        };
        let number = signal.into_object(th)?;
        let frame = current_frame(th);
        if let Err(raised) = handler.call(th, &[number.obj(), frame.obj()]) {
            for signal in (1..=64).filter(|signal| arrived >> (*signal as u64 & 63) & 1 == 1) {
                host::signal::simulate(signal);
            }
            return Err(raised);
        }
    }
    Ok(())
}

/// `sys._getframe()`, or `None`.
fn current_frame(th: Thread<'_>) -> Ref {
    let frame = support::import_from(th, "sys", "_getframe").and_then(|f| f.call(th, &[]));
    match frame {
        Ok(frame) => frame,
        Err(raised) => {
            th.clear_exception(raised);
            none().own()
        }
    }
}

/// Signal numbers of an iterable.
pub(crate) fn signal_list(th: Thread<'_>, iterable: Obj<'_>) -> Result<Vec<i32>> {
    let mut signals = Vec::new();
    for item in object::protocol::iter::collect(th, iterable)? {
        let index = Int::index(th, item.obj())?;
        match Int::to_i64(index.obj()) {
            Some(signal) if (1..i64::from(NSIG)).contains(&signal) => signals.push(signal as i32),
            _ => {
                let text = index.repr(th)?;
                raise!(th, ValueError, "signal number {text} out of range [1; {}]", NSIG - 1);
            }
        }
    }
    Ok(signals)
}

fn set_object(th: Thread<'_>, set: SignalSet) -> Result<Ref> {
    let signals = set.iter().map(|signal| signal.into_object(th)).collect::<Result<Vec<_>>>()?;
    let list = object::List::from_refs(th, signals)?;
    support::import_from(th, "builtins", "set")?.call(th, &[list.obj()])
}

fn in_range(th: Thread<'_>, signal: i32) -> Result<()> {
    if !(1..NSIG).contains(&signal) {
        raise!(th, ValueError, "signal number out of range");
    }
    Ok(())
}

/// Install the handlers that a program starts with.
fn install(th: Thread<'_>, module: &Module) -> Result<()> {
    let handlers = Handlers::of(th);
    set_breaker(th);
    host::signal::set_notifier(notify);
    note_actions(th)?;
    if host::signal::action(libc::SIGINT).is_ok_and(|action| action == Action::Default) {
        let handler = module.dict(th)?.get_str(th, "default_int_handler")?;
        check(th, host::signal::set_action(libc::SIGINT, Action::Mark))?;
        handlers.replace(libc::SIGINT, handler);
    }
    handlers.ready.set(true);
    Ok(())
}

/// Find out what signals do.
fn note_actions(th: Thread<'_>) -> Result<()> {
    let handlers = Handlers::of(th);
    let (default, ignore) = (0i32.into_object(th)?, 1i32.into_object(th)?);
    for signal in 1..NSIG {
        let handler = match host::signal::action(signal) {
            Ok(Action::Default) => Some(default.clone()),
            Ok(Action::Ignore) => Some(ignore.clone()),
            _ => None,
        };
        handlers.replace(signal, handler);
    }
    Ok(())
}

static SIGINFO: Decl = Decl {
    name: "signal.struct_siginfo",
    doc: "struct_siginfo: Result from sigwaitinfo or sigtimedwait.\n\n\
          This object may be accessed either as a tuple of\n\
          (si_signo, si_code, si_errno, si_pid, si_uid, si_status, si_band),\n\
          or via the attributes si_signo, si_code, and so on.",
    fields: &[
        ("si_signo", "signal number"),
        ("si_code", "signal code"),
        ("si_errno", "errno associated with this signal"),
        ("si_pid", "sending process ID"),
        ("si_uid", "real user ID of sending process"),
        ("si_status", "exit value or signal"),
        ("si_band", "band event for SIGPOLL"),
    ],
    visible: 7,
    instantiable: true,
};

fn siginfo(th: Thread<'_>, info: &host::signal::Info) -> Result<Ref> {
    let values = vec![
        info.signo.into_object(th)?,
        info.code.into_object(th)?,
        info.errno.into_object(th)?,
        info.pid.into_object(th)?,
        info.uid.into_object(th)?,
        info.status.into_object(th)?,
        info.band.into_object(th)?,
    ];
    SIGINFO.make(th, values)
}

fn micros(th: Thread<'_>, seconds: Obj<'_>) -> Result<i64> {
    let ns = seconds_to_ns(th, seconds, Round::Ceiling)?;
    Ok(if ns > 0 { ns.saturating_add(999) / 1000 } else { ns / 1000 })
}

fn itimer_error(th: Thread<'_>, error: &std::io::Error) -> object::Raised {
    let make = || {
        let class = support::import_from(th, "_signal", "ItimerError")?;
        let errno = error.raw_os_error().unwrap_or(0);
        let text = exceptions::strerror(errno).into_object(th)?;
        class.call(th, &[errno.into_object(th)?.obj(), text.obj()])
    };
    match make() {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// This module provides mechanisms to use signal handlers in Python.
#[pymodule]
pub(crate) mod _signal {
    use super::*;

    /// The default handler for SIGINT installed by Python.
    ///
    /// It raises KeyboardInterrupt.
    #[sig = "(signalnum, frame, /)"]
    fn default_int_handler(th: Thread<'_>, signalnum: i32, frame: Obj<'_>) -> Result<()> {
        let _ = (signalnum, frame);
        raise!(th, KeyboardInterrupt)
    }

    /// Arrange for SIGALRM to arrive after the given number of seconds.
    #[sig = "(seconds, /)"]
    fn alarm(_: Thread<'_>, seconds: i32) -> u32 {
        host::signal::alarm(seconds as u32)
    }

    /// Wait until a signal arrives.
    #[sig = "()"]
    fn pause(th: Thread<'_>) -> Result<()> {
        th.allow_threads(host::signal::pause);
        run_pending_signals(th)
    }

    /// Send a signal to the executing process.
    #[sig = "(signalnum, /)"]
    fn raise_signal(th: Thread<'_>, signalnum: i32) -> Result<()> {
        check(th, th.allow_threads(|| host::signal::raise(signalnum)))?;
        run_pending_signals(th)
    }

    /// Set the action for the given signal.
    ///
    /// The action can be SIG_DFL, SIG_IGN, or a callable Python object.
    /// The previous action is returned.  See getsignal() for possible return values.
    ///
    /// *** IMPORTANT NOTICE ***
    /// A signal handler function is called with two arguments:
    /// the first is the signal number, the second is the interrupted stack frame.
    #[sig = "(signalnum, handler, /)"]
    fn signal(th: Thread<'_>, signalnum: i32, handler: Obj<'_>) -> Result<Ref> {
        if !is_main_thread(th) {
            raise!(th, ValueError, "signal only works in main thread of the main interpreter");
        }
        in_range(th, signalnum)?;
        let action = if object::protocol::call::is_callable(handler) {
            Action::Mark
        } else {
            match Int::to_i64(handler) {
                Some(0) if Int::is_int(handler) => Action::Default,
                Some(1) if Int::is_int(handler) => Action::Ignore,
                _ => raise!(
                    th,
                    TypeError,
                    "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object"
                ),
            }
        };
        run_pending_signals(th)?;
        check(th, host::signal::set_action(signalnum, action))?;
        let old = Handlers::of(th).replace(signalnum, Some(handler.own()));
        Ok(old.unwrap_or_else(|| none().own()))
    }

    /// Return the current action for the given signal.
    ///
    /// The return value can be:
    ///   SIG_IGN -- if the signal is being ignored
    ///   SIG_DFL -- if the default action for the signal is in effect
    ///   None    -- if an unknown handler is in effect
    ///   anything else -- the callable Python object used as a handler
    #[sig = "(signalnum, /)"]
    fn getsignal(th: Thread<'_>, signalnum: i32) -> Result<Option<Ref>> {
        in_range(th, signalnum)?;
        Ok(Handlers::of(th).get(signalnum))
    }

    /// Return the system description of the given signal.
    ///
    /// Returns the description of signal *signalnum*, such as "Interrupt"
    /// for :const:`SIGINT`. Returns :const:`None` if *signalnum* has no
    /// description. Raises :exc:`ValueError` if *signalnum* is invalid.
    #[sig = "(signalnum, /)"]
    fn strsignal(th: Thread<'_>, signalnum: i32) -> Result<Option<String>> {
        in_range(th, signalnum)?;
        Ok(host::signal::describe(signalnum))
    }

    /// Change system call restart behaviour.
    ///
    /// If flag is False, system calls will be restarted when interrupted by
    /// signal sig, else system calls will be interrupted.
    #[sig = "(signalnum, flag, /)"]
    fn siginterrupt(th: Thread<'_>, signalnum: i32, flag: i32) -> Result<()> {
        in_range(th, signalnum)?;
        check(th, host::signal::set_interrupt(signalnum, flag != 0))
    }

    /// Sets the fd to be written to (with the signal number) when a signal comes in.
    ///
    /// A library can use this to wakeup select or poll.
    /// The previous fd or -1 is returned.
    ///
    /// The fd must be non-blocking.
    #[sig = "(fd, /, *, warn_on_full_buffer=True)"]
    fn set_wakeup_fd(th: Thread<'_>, fd: i32, warn_on_full_buffer: bool) -> Result<i32> {
        if !is_main_thread(th) {
            raise!(
                th,
                ValueError,
                "set_wakeup_fd only works in main thread of the main interpreter"
            );
        }
        if fd != -1 {
            check(th, host::fs::fstat(fd))?;
            if check(th, host::fs::is_blocking(fd))? {
                raise!(th, ValueError, "the fd {fd} must be in non-blocking mode");
            }
        }
        Ok(host::signal::set_wakeup(fd, warn_on_full_buffer))
    }

    /// Sets given itimer (one of ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF).
    ///
    /// The timer will fire after value seconds and after that every interval seconds.
    /// The itimer can be cleared by setting seconds to zero.
    ///
    /// Returns old values as a tuple: (delay, interval).
    #[sig = "(which, seconds, interval=0.0, /)"]
    fn setitimer(
        th: Thread<'_>,
        which: i32,
        seconds: Obj<'_>,
        interval: Option<Obj<'_>>,
    ) -> Result<(f64, f64)> {
        let value = micros(th, seconds)?;
        let interval = interval.map_or(Ok(0), |interval| micros(th, interval))?;
        match host::signal::set_timer(which, value, interval) {
            Ok((value, interval)) => Ok((value as f64 / 1e6, interval as f64 / 1e6)),
            Err(error) => Err(itimer_error(th, &error)),
        }
    }

    /// Returns current value of given itimer.
    #[sig = "(which, /)"]
    fn getitimer(th: Thread<'_>, which: i32) -> Result<(f64, f64)> {
        match host::signal::timer(which) {
            Ok((value, interval)) => Ok((value as f64 / 1e6, interval as f64 / 1e6)),
            Err(error) => Err(itimer_error(th, &error)),
        }
    }

    /// Fetch and/or change the signal mask of the calling thread.
    #[sig = "(how, mask, /)"]
    fn pthread_sigmask(th: Thread<'_>, how: i32, mask: Obj<'_>) -> Result<Ref> {
        let set = SignalSet::new(signal_list(th, mask)?);
        let old = check(th, host::signal::mask_signals(how, &set))?;
        run_pending_signals(th)?;
        set_object(th, old)
    }

    /// Examine pending signals.
    ///
    /// Returns a set of signal numbers that are pending for delivery to
    /// the calling thread.
    #[sig = "()"]
    fn sigpending(th: Thread<'_>) -> Result<Ref> {
        let set = check(th, host::signal::pending())?;
        set_object(th, set)
    }

    /// Wait for a signal.
    ///
    /// Suspend execution of the calling thread until the delivery of one of the
    /// signals specified in the signal set sigset.  The function accepts the signal
    /// and returns the signal number.
    #[sig = "(sigset, /)"]
    fn sigwait(th: Thread<'_>, sigset: Obj<'_>) -> Result<i32> {
        let set = SignalSet::new(signal_list(th, sigset)?);
        check(th, th.allow_threads(|| host::signal::wait(&set)))
    }

    /// Wait synchronously until one of the signals in *sigset* is delivered.
    ///
    /// Returns a struct_siginfo containing information about the signal.
    #[sig = "(sigset, /)"]
    fn sigwaitinfo(th: Thread<'_>, sigset: Obj<'_>) -> Result<Ref> {
        let set = SignalSet::new(signal_list(th, sigset)?);
        let info = support::call(th, || host::signal::wait_info(&set, None))?;
        siginfo(th, &info)
    }

    /// Like sigwaitinfo(), but with a timeout.
    ///
    /// The timeout is specified in seconds, rounded up to nanoseconds.
    #[sig = "(sigset, timeout, /)"]
    fn sigtimedwait(th: Thread<'_>, sigset: Obj<'_>, timeout: Obj<'_>) -> Result<Option<Ref>> {
        let set = SignalSet::new(signal_list(th, sigset)?);
        let timeout = seconds_to_ns(th, timeout, Round::Up)?;
        if timeout < 0 {
            raise!(th, ValueError, "timeout must be non-negative");
        }
        let deadline = now_ns().saturating_add(timeout);
        let result = retry(th, || {
            let left = deadline.saturating_sub(now_ns()).max(0);
            host::signal::wait_info(&set, Some(left))
        })?;
        match result {
            Ok(info) => siginfo(th, &info).map(Some),
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => Ok(None),
            Err(error) => Err(support::os_error(th, &error)),
        }
    }

    /// Send a signal to a thread.
    #[sig = "(thread_id, signalnum, /)"]
    fn pthread_kill(th: Thread<'_>, thread_id: u64, signalnum: i32) -> Result<()> {
        check(th, host::signal::kill_thread(thread_id, signalnum))?;
        run_pending_signals(th)
    }

    /// Send a signal to a process referred to by a pid file descriptor.
    #[sig = "(pidfd, signalnum, siginfo=None, flags=0, /)"]
    fn pidfd_send_signal(
        th: Thread<'_>,
        pidfd: i32,
        signalnum: i32,
        siginfo: Option<Obj<'_>>,
        flags: i32,
    ) -> Result<()> {
        if siginfo.is_some_and(|info| !info.is_none()) {
            raise!(th, TypeError, "siginfo must be None");
        }
        check(th, host::signal::pidfd_send(pidfd, signalnum, flags as u32))
    }

    /// Return a set of valid signal numbers on this platform.
    ///
    /// The signal numbers returned by this function can be safely passed to
    /// functions like `pthread_kill`.
    #[sig = "()"]
    fn valid_signals(th: Thread<'_>) -> Result<Ref> {
        set_object(th, SignalSet::full())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        add_ints(th, module, CONSTANTS)?;
        SIGINFO.add_to(th, module)?;
        let class = {
            let name = Str::new(th, "signal.ItimerError")?;
            let bases = object::Tuple::from_objs(th, &[exceptions::types::OSError().obj()])?;
            support::new_exception(th, &name, &bases)?
        };
        module.set(th, "ItimerError", class.obj())?;
        if th.interp().is_main() { install(th, module) } else { note_actions(th) }
    }
}

/// Signal numbers and other constants.
static CONSTANTS: &[(&str, i64)] = &[
    ("ITIMER_PROF", 2),
    ("ITIMER_REAL", 0),
    ("ITIMER_VIRTUAL", 1),
    ("NSIG", 65),
    ("SIGABRT", 6),
    ("SIGALRM", 14),
    ("SIGBUS", 7),
    ("SIGCHLD", 17),
    ("SIGCLD", 17),
    ("SIGCONT", 18),
    ("SIGFPE", 8),
    ("SIGHUP", 1),
    ("SIGILL", 4),
    ("SIGINT", 2),
    ("SIGIO", 29),
    ("SIGIOT", 6),
    ("SIGKILL", 9),
    ("SIGPIPE", 13),
    ("SIGPOLL", 29),
    ("SIGPROF", 27),
    ("SIGPWR", 30),
    ("SIGQUIT", 3),
    ("SIGRTMAX", 64),
    ("SIGRTMIN", 34),
    ("SIGSEGV", 11),
    ("SIGSTKFLT", 16),
    ("SIGSTOP", 19),
    ("SIGSYS", 31),
    ("SIGTERM", 15),
    ("SIGTRAP", 5),
    ("SIGTSTP", 20),
    ("SIGTTIN", 21),
    ("SIGTTOU", 22),
    ("SIGURG", 23),
    ("SIGUSR1", 10),
    ("SIGUSR2", 12),
    ("SIGVTALRM", 26),
    ("SIGWINCH", 28),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
    ("SIG_BLOCK", 0),
    ("SIG_DFL", 0),
    ("SIG_IGN", 1),
    ("SIG_SETMASK", 2),
    ("SIG_UNBLOCK", 1),
];
