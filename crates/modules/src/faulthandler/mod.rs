//! `faulthandler`: tracebacks without the interpreter's help.
//!
//! On a fatal signal, after a timeout, on a signal of the program's choice, or
//! at once. This file is what Python sees; [`fault`] does the work.

pub(crate) mod fault;

pub use fault::write_extension_modules;

use std::{cell::RefCell, collections::HashMap, time::Duration};

use macros::pymodule;
use object::{
    AsObject, Int, Module, Obj, Protocol, Ref, Result, Str, Thread,
    exceptions::types::{AttributeError, OSError},
    id, raise,
};

use crate::support::{self, Round, seconds_to_ns};

/// The files that are in use, kept open.
#[derive(Default)]
struct Files {
    enabled: RefCell<Option<Ref>>,
    later: RefCell<Option<Ref>>,
    by_signal: RefCell<HashMap<i32, Option<Ref>>>,
}

fn files(th: Thread<'_>) -> &'static Files {
    th.interp().extensions.get::<Files>()
}

/// The descriptor of `file`, by default of `sys.stderr`.
fn descriptor(th: Thread<'_>, file: Option<Obj<'_>>) -> Result<(i32, Option<Ref>)> {
    let file = match file.filter(|file| !file.is_none()) {
        Some(file) => file.own(),
        None => match crate::builtins::sys_attribute(th, id!(th, "stderr"))? {
            None => raise!(th, RuntimeError, "unable to get sys.stderr"),
            Some(file) if file.obj().is_none() => raise!(th, RuntimeError, "sys.stderr is None"),
            Some(file) => file,
        },
    };
    if Int::is_int(file.obj()) {
        let fd = support::int_arg(th, file.obj())?;
        if fd < 0 {
            raise!(th, ValueError, "file is not a valid file descriptor");
        }
        return Ok((fd, None));
    }
    let fd = file.call_method(th, id!(th, "fileno"), &[])?;
    let fd = Int::to_i64(fd.obj()).and_then(|fd| i32::try_from(fd).ok()).filter(|fd| *fd >= 0);
    let Some(fd) = fd else {
        raise!(th, RuntimeError, "file.fileno() is not a valid file descriptor");
    };
    if let Err(raised) = file.call_method(th, id!(th, "flush"), &[]) {
        if !th.exception_matches(OSError()) && !th.exception_matches(AttributeError()) {
            return Err(raised);
        }
        th.clear_exception(raised);
    }
    Ok((fd, Some(file)))
}

/// The names of native modules that are not of the standard library.
fn extension_modules(th: Thread<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let (Some(sys), Some(modules)) = (th.interp().sys_dict.get(), th.interp().modules.get()) else {
        return names;
    };
    let known = sys.get_str(th, "stdlib_module_names").ok().flatten();
    let inventory = vm::lifecycle::Inventory::of(th);
    let mut position = 0;
    while let Some((name, module)) = modules.next_entry(&mut position) {
        let Some(text) = name.obj().downcast::<Str>().map(Str::to_string) else { continue };
        let Some(module) = module.obj().downcast::<Module>() else { continue };
        let native = !module.def().is_null() || inventory.builtin(&text).is_some();
        let is_known = |known: &Ref| {
            object::protocol::mapping::contains(th, known.obj(), name.obj()).unwrap_or(true)
        };
        // The runtime's own module belongs to its standard library.
        if native && text != "_krait" && !known.as_ref().is_some_and(is_known) {
            names.push(text);
        }
    }
    names
}

/// `Timeout (0:00:01.500000)!`
fn heading(us: i64) -> String {
    let (seconds, us) = (us / 1_000_000, us % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match us {
        0 => format!("Timeout ({hours}:{minutes:02}:{seconds:02})!\n"),
        us => format!("Timeout ({hours}:{minutes:02}:{seconds:02}.{us:06})!\n"),
    }
}

fn check_signal(th: Thread<'_>, signum: i32) -> Result<()> {
    if fault::FATAL.iter().any(|(fatal, _)| *fatal == signum) {
        raise!(th, RuntimeError, "signal {signum} cannot be registered, use enable() instead");
    }
    if !(1..=64).contains(&signum) {
        raise!(th, ValueError, "signal number out of range");
    }
    Ok(())
}

/// faulthandler module.
#[pymodule(name = "faulthandler")]
pub mod module {
    use super::*;

    /// Enable the fault handler.
    #[sig = "(file=sys.stderr, all_threads=True, c_stack=True)"]
    fn enable(
        th: Thread<'_>,
        file: Option<Obj<'_>>,
        all_threads: bool,
        c_stack: bool,
    ) -> Result<()> {
        let (fd, file) = descriptor(th, file)?;
        fault::remember(th);
        drop(files(th).enabled.replace(file));
        fault::enable(fd, all_threads, c_stack);
        Ok(())
    }

    /// Disable the fault handler.
    #[sig = "()"]
    fn disable(th: Thread<'_>) -> bool {
        let was = fault::disable();
        drop(files(th).enabled.replace(None));
        was
    }

    /// Check if the handler is enabled.
    #[sig = "()"]
    fn is_enabled(_: Thread<'_>) -> bool {
        fault::ENABLED.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Dump the traceback of the current thread, or of all threads if all_threads is True, into file.
    #[sig = "(file=sys.stderr, all_threads=True)"]
    fn dump_traceback(th: Thread<'_>, file: Option<Obj<'_>>, all_threads: bool) -> Result<()> {
        let (fd, _file) = descriptor(th, file)?;
        fault::remember(th);
        fault::write(fd, all_threads);
        Ok(())
    }

    /// Dump the C stack of the current thread.
    #[sig = "(file=sys.stderr)"]
    fn dump_c_stack(th: Thread<'_>, file: Option<Obj<'_>>) -> Result<()> {
        let (fd, _file) = descriptor(th, file)?;
        fault::write_c_stack(fd);
        Ok(())
    }

    /// Dump the traceback of all threads in timeout seconds,
    /// or each timeout seconds if repeat is True. If exit is True, call
    /// _exit(1) which is not safe.
    #[sig = "(timeout, repeat=False, file=sys.stderr, exit=False)"]
    fn dump_traceback_later(
        th: Thread<'_>,
        timeout: Obj<'_>,
        repeat: bool,
        file: Option<Obj<'_>>,
        exit: bool,
    ) -> Result<()> {
        let ns = seconds_to_ns(th, timeout, Round::Ceiling)?;
        let us = ns.saturating_add(999).div_euclid(1000);
        if us <= 0 {
            raise!(th, ValueError, "timeout must be greater than 0");
        }
        let (fd, file) = descriptor(th, file)?;
        fault::remember(th);
        fault::stop_watchdog(th);
        drop(files(th).later.replace(file));
        let timeout = Duration::from_micros(us as u64);
        let watch = fault::Watch { timeout, repeat, exit, fd, heading: heading(us) };
        if fault::start_watchdog(watch).is_err() {
            raise!(th, RuntimeError, "unable to start watchdog thread");
        }
        Ok(())
    }

    /// Cancel the previous call to dump_traceback_later().
    #[sig = "()"]
    fn cancel_dump_traceback_later(th: Thread<'_>) {
        fault::stop_watchdog(th);
        drop(files(th).later.replace(None));
    }

    /// Register a handler for the signal 'signum': dump the traceback of the
    /// current thread, or of all threads if all_threads is True, into file.
    #[sig = "(signum, file=sys.stderr, all_threads=True, chain=False)"]
    fn register(
        th: Thread<'_>,
        signum: i32,
        file: Option<Obj<'_>>,
        all_threads: bool,
        chain: bool,
    ) -> Result<()> {
        check_signal(th, signum)?;
        let (fd, file) = descriptor(th, file)?;
        fault::remember(th);
        support::check(th, fault::register(signum, fd, all_threads, chain))?;
        let old = files(th).by_signal.borrow_mut().insert(signum, file);
        drop(old);
        Ok(())
    }

    /// Unregister the handler of the signal 'signum' registered by register().
    #[sig = "(signum, /)"]
    fn unregister(th: Thread<'_>, signum: i32) -> Result<bool> {
        check_signal(th, signum)?;
        let was = fault::unregister(signum);
        let old = files(th).by_signal.borrow_mut().remove(&signum);
        drop(old);
        Ok(was)
    }

    /// Raise a SIGSEGV signal.
    #[sig = "(release_gil=False, /)"]
    fn _sigsegv(th: Thread<'_>, release_gil: bool) -> Result<()> {
        raise_signal(th, libc::SIGSEGV, release_gil)
    }

    /// Read from NULL.
    #[sig = "()"]
    fn _read_null(_: Thread<'_>) {
        host::memory::fault();
    }

    /// Call Py_FatalError() in a new C thread.
    #[sig = "()"]
    fn _fatal_error_c_thread(th: Thread<'_>) -> Result<()> {
        fault::remember(th);
        support::check(th, fault::fatal_error_in_thread())?;
        th.allow_threads(|| std::thread::sleep(Duration::from_secs(60)));
        Ok(())
    }

    /// Raise a SIGABRT signal.
    #[sig = "()"]
    fn _sigabrt(_: Thread<'_>) {
        std::process::abort()
    }

    /// Raise a SIGFPE signal.
    #[sig = "()"]
    fn _sigfpe(th: Thread<'_>) -> Result<()> {
        raise_signal(th, libc::SIGFPE, false)
    }

    /// Recursive call to raise a stack overflow.
    #[sig = "()"]
    fn _stack_overflow(th: Thread<'_>) -> Result<()> {
        raise_signal(th, libc::SIGSEGV, false)
    }

    fn raise_signal(th: Thread<'_>, signal: i32, release_gil: bool) -> Result<()> {
        let result = if release_gil {
            th.allow_threads(|| host::signal::raise(signal))
        } else {
            host::signal::raise(signal)
        };
        support::check(th, result)
    }
}
