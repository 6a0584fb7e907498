//! The machinery below `faulthandler`: what signal handlers and the watchdog do.
//!
//! Signal handlers belong to the process, so their settings are statics, all
//! of them atomic. The handlers only call what handlers may call.

use std::{
    ffi::CStr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use object::{Interpreter, Thread, ThreadState, thread::breaker};
use vm::dump::{Out, write_all_tracebacks, write_traceback};

pub(super) static ENABLED: AtomicBool = AtomicBool::new(false);
static DESCRIPTOR: AtomicI32 = AtomicI32::new(2);
static ALL_THREADS: AtomicBool = AtomicBool::new(true);
static C_STACK: AtomicBool = AtomicBool::new(true);
static INTERPRETER: AtomicPtr<Interpreter> = AtomicPtr::new(std::ptr::null_mut());

/// Fatal signals, and how they are called.
pub(super) const FATAL: [(i32, &str); 5] = [
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];

fn interpreter() -> Option<&'static Interpreter> {
    // SAFETY: only `remember` stores here; interpreters live for ever.
    unsafe { INTERPRETER.load(Ordering::Acquire).as_ref() }
}

/// Note whose threads are to be shown.
pub(super) fn remember(th: Thread<'_>) {
    INTERPRETER.store(std::ptr::from_ref(th.interp()).cast_mut(), Ordering::Release);
}

/// The state of the calling thread, attached or not.
fn this_state(interp: &'static Interpreter) -> Option<&'static ThreadState> {
    let me = host::thread::ident();
    interp.all_threads().find(|state| state.ident() == me)
}

/// Write the traceback of the calling thread, or of all.
pub(super) fn write(fd: i32, all_threads: bool) {
    let Some(interp) = interpreter() else { return };
    if all_threads {
        write_all_tracebacks(fd, interp, host::thread::ident());
    } else if let Some(state) = this_state(interp) {
        write_traceback(fd, state);
    }
}

/// Turn the handlers of fatal signals on.
pub(super) fn enable(fd: i32, all_threads: bool, c_stack: bool) {
    DESCRIPTOR.store(fd, Ordering::Relaxed);
    ALL_THREADS.store(all_threads, Ordering::Relaxed);
    C_STACK.store(c_stack, Ordering::Relaxed);
    if c_stack {
        // The first call loads a library, which a handler must not do.
        host::backtrace::prepare();
    }
    if ENABLED.swap(true, Ordering::Relaxed) {
        return;
    }
    for (signal, _) in FATAL {
        // A signal that cannot be caught is not reported, and that is all.
        let _ = host::signal::install(signal, on_fatal, false);
    }
}

/// Turn them off; whether they were on.
pub(super) fn disable() -> bool {
    let was = ENABLED.swap(false, Ordering::Relaxed);
    if was {
        for (signal, _) in FATAL {
            let _ = host::signal::set_action(signal, host::signal::Action::Default);
        }
    }
    was
}

extern "C" fn on_fatal(signal: i32) {
    let fd = DESCRIPTOR.load(Ordering::Relaxed);
    let name = FATAL.iter().find(|(known, _)| *known == signal).map_or("", |(_, name)| *name);
    {
        let mut out = Out::new(fd);
        out.bytes(b"Fatal Python error: ");
        out.bytes(name.as_bytes());
        out.bytes(b"\n\n");
    }
    write(fd, ALL_THREADS.load(Ordering::Relaxed));
    if Thread::is_attached() {
        // SAFETY: just checked.
        write_extension_modules(unsafe { Thread::current() }, fd);
    }
    if C_STACK.load(Ordering::Relaxed) {
        Out::new(fd).bytes(b"\n");
        write_c_stack(fd);
    }
    let _ = host::signal::set_action(signal, host::signal::Action::Default);
    // Delivered when this handler returns.
    let _ = host::signal::raise(signal);
}

/// End the process from a new thread, as a native library might.
pub(super) fn fatal_error_in_thread() -> std::io::Result<u64> {
    let end = || {
        {
            let mut out = Out::new(2);
            out.bytes(b"Fatal Python error: faulthandler_fatal_error_thread: in new thread\n");
            out.bytes(b"Python runtime state: initialized\n\n");
        }
        if let Some(interp) = interpreter() {
            write_all_tracebacks(2, interp, 0);
        }
        std::process::abort()
    };
    host::thread::spawn(1 << 20, Box::new(end))
}

/// The native frames of the calling thread.
pub(super) fn write_c_stack(fd: i32) {
    let mut out = Out::new(fd);
    out.bytes(b"Current thread's C stack trace (most recent call first):\n");
    host::backtrace::walk(|address, place| {
        out.bytes(b"  Binary file \"");
        out.bytes(place.file.map_or(b"<unknown>", CStr::to_bytes));
        out.bytes(b"\"");
        if place.file.is_some() {
            let (base, symbol) = match (place.symbol, place.symbol_address) {
                (Some(symbol), from) if from != 0 => (from, symbol.to_bytes()),
                _ => (place.file_address, b"".as_slice()),
            };
            out.bytes(b", at ");
            out.bytes(symbol);
            out.bytes(if address >= base { b"+0x" } else { b"-0x" });
            out.hex(address.abs_diff(base) as u64, 1);
        }
        out.bytes(b" [0x");
        out.hex(address as u64, 1);
        out.bytes(b"]\n");
        out.flush();
    });
}

/// The native modules that are not of the standard library.
pub fn write_extension_modules(th: Thread<'_>, fd: i32) {
    let names = super::extension_modules(th);
    if names.is_empty() {
        return;
    }
    let mut out = Out::new(fd);
    out.bytes(b"\nExtension modules: ");
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.bytes(b", ");
        }
        out.bytes(name.as_bytes());
    }
    out.bytes(b" (total: ");
    out.decimal(names.len() as u64);
    out.bytes(b")\n");
}

/// `dump_traceback_later` under way; 0 in `STOP` while it runs.
static STOP: AtomicU32 = AtomicU32::new(0);
static WATCHDOG: Mutex<Option<u64>> = Mutex::new(None);

/// What the watchdog is to do.
pub(super) struct Watch {
    pub(super) timeout: Duration,
    pub(super) repeat: bool,
    pub(super) exit: bool,
    pub(super) fd: i32,
    pub(super) heading: String,
}

/// Start the watchdog. Another one must have been stopped.
pub(super) fn start_watchdog(watch: Watch) -> std::io::Result<()> {
    let mut running = WATCHDOG.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    STOP.store(0, Ordering::SeqCst);
    *running = Some(host::thread::spawn(1 << 20, Box::new(move || watch_over(&watch)))?);
    Ok(())
}

/// Stop the watchdog, if there is one, and wait until it is gone.
pub(super) fn stop_watchdog(th: Thread<'_>) {
    let running = WATCHDOG.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    if let Some(thread) = running {
        STOP.store(1, Ordering::SeqCst);
        host::futex::wake(&STOP, 1);
        th.allow_threads(|| host::thread::join(thread));
    }
}

/// In the child of a fork there is no watchdog.
pub(crate) fn after_fork() {
    let mut running = WATCHDOG.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *running = None;
}

fn watch_over(watch: &Watch) {
    let all = host::signal::SignalSet::full();
    let _ = host::signal::mask_signals(libc::SIG_BLOCK, &all);
    loop {
        let end = Instant::now() + watch.timeout;
        while STOP.load(Ordering::SeqCst) == 0 {
            let Some(left) = end.checked_duration_since(Instant::now()) else { break };
            host::futex::wait(&STOP, 0, Some(left));
        }
        if STOP.load(Ordering::SeqCst) != 0 {
            return;
        }
        let Some(interp) = interpreter() else { return };
        // A thread that runs notes where it is when it is asked to.
        for state in interp.all_threads() {
            state.eval_breaker.fetch_or(breaker::GIL_REQUEST, Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_millis(2));
        {
            let mut out = Out::new(watch.fd);
            out.bytes(watch.heading.as_bytes());
        }
        write_all_tracebacks(watch.fd, interp, 0);
        if watch.exit {
            host::process::exit_now(1);
        }
        if !watch.repeat {
            return;
        }
    }
}

/// What `register` set up for one signal.
struct Registered {
    on: AtomicBool,
    fd: AtomicI32,
    all_threads: AtomicBool,
    chain: AtomicBool,
    /// The handler that was there before.
    previous: AtomicUsize,
}

static REGISTERED: [Registered; 65] = [const {
    Registered {
        on: AtomicBool::new(false),
        fd: AtomicI32::new(2),
        all_threads: AtomicBool::new(false),
        chain: AtomicBool::new(false),
        previous: AtomicUsize::new(libc::SIG_DFL),
    }
}; 65];

/// Write tracebacks when `signal` arrives.
pub(super) fn register(
    signal: i32,
    fd: i32,
    all_threads: bool,
    chain: bool,
) -> std::io::Result<()> {
    let Some(entry) = REGISTERED.get(signal as usize) else { return Ok(()) };
    entry.fd.store(fd, Ordering::Relaxed);
    entry.all_threads.store(all_threads, Ordering::Relaxed);
    entry.chain.store(chain, Ordering::Relaxed);
    if !entry.on.load(Ordering::Relaxed) {
        let previous = host::signal::install(signal, on_user, chain)?;
        entry.previous.store(previous, Ordering::Relaxed);
        entry.on.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// Undo [`register`]; whether there was something to undo.
pub(super) fn unregister(signal: i32) -> bool {
    let Some(entry) = REGISTERED.get(signal as usize) else { return false };
    let was = entry.on.swap(false, Ordering::Relaxed);
    if was {
        let _ = host::signal::restore(signal, entry.previous.load(Ordering::Relaxed));
    }
    was
}

extern "C" fn on_user(signal: i32) {
    let Some(entry) = REGISTERED.get(signal as usize) else { return };
    if !entry.on.load(Ordering::Relaxed) {
        return;
    }
    let errno = std::io::Error::last_os_error();
    write(entry.fd.load(Ordering::Relaxed), entry.all_threads.load(Ordering::Relaxed));
    if entry.chain.load(Ordering::Relaxed) {
        let previous = entry.previous.load(Ordering::Relaxed);
        let _ = host::signal::restore(signal, previous);
        let _ = host::signal::raise(signal);
        let _ = host::signal::install(signal, on_user, true);
    }
    host::call::set_errno(errno.raw_os_error().unwrap_or(0));
}
