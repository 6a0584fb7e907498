//! `faulthandler`: tracebacks without the interpreter's help.
//!
//! A fatal signal writes its name to the chosen descriptor and then has its
//! default effect. SIGSEGV is left alone: small ints are filled in by its
//! handler. The descriptor is process-wide, as signal handlers are.

use std::{
    cell::RefCell,
    fmt::Write as _,
    sync::atomic::{AtomicBool, AtomicI32, Ordering},
};

use macros::pymodule;
use object::{
    AsObject, Int, Obj, Protocol, Ref, Result, Str, Thread,
    exceptions::types::{AttributeError, OSError},
    id, raise,
};

use crate::support;

static ENABLED: AtomicBool = AtomicBool::new(false);
static DESCRIPTOR: AtomicI32 = AtomicI32::new(2);

/// The file that the descriptor belongs to, kept open.
#[derive(Default)]
struct File(RefCell<Option<Ref>>);

const FATAL: [(i32, &str); 4] = [
    (libc::SIGBUS, "Fatal Python error: Bus error\n\n"),
    (libc::SIGILL, "Fatal Python error: Illegal instruction\n\n"),
    (libc::SIGFPE, "Fatal Python error: Floating-point exception\n\n"),
    (libc::SIGABRT, "Fatal Python error: Aborted\n\n"),
];

extern "C" fn on_fatal(signal: i32) {
    if let Some((_, text)) = FATAL.iter().find(|(known, _)| *known == signal) {
        // SAFETY: a static text; `write` may be called in a signal handler.
        unsafe {
            libc::write(DESCRIPTOR.load(Ordering::Relaxed), text.as_ptr().cast(), text.len())
        };
    }
    // SAFETY: allowed in a signal handler.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: allowed in a signal handler.
    unsafe { libc::raise(signal) };
}

fn install(on: bool) {
    for (signal, _) in FATAL {
        let action = if on { on_fatal as *const () as usize } else { libc::SIG_DFL };
        // SAFETY: the handler only calls what handlers may call.
        unsafe { libc::signal(signal, action) };
    }
}

/// The descriptor of `file`, by default of `sys.stderr`.
fn descriptor(th: Thread<'_>, file: Option<Obj<'_>>) -> Result<(i32, Option<Ref>)> {
    let file = match file.filter(|file| !file.is_none()) {
        Some(file) => file.own(),
        None => {
            let file = support::import_from(th, "sys", "stderr")?;
            if file.obj().is_none() {
                raise!(th, RuntimeError, "sys.stderr is None");
            }
            file
        }
    };
    if Int::is_int(file.obj()) {
        let fd = Int::to_i64(file.obj()).and_then(|fd| i32::try_from(fd).ok());
        return match fd.filter(|fd| *fd >= 0) {
            Some(fd) => Ok((fd, None)),
            None => raise!(th, ValueError, "file is not a valid file descripter"),
        };
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

fn write_all(fd: i32, text: &str) {
    // SAFETY: the text lives during the call.
    unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
}

/// The lines of a chain of frames, innermost first.
fn describe(th: Thread<'_>, frame: Ref, out: &mut String) -> Result<()> {
    const MOST: usize = 100;
    let mut frame = frame;
    for depth in 0.. {
        if depth == MOST {
            out.push_str("  ...\n");
            break;
        }
        let code = frame.getattr(th, id!(th, "f_code"))?;
        let file = code.getattr(th, id!(th, "co_filename"))?;
        let name = code.getattr(th, id!(th, "co_name"))?;
        let line = frame.getattr(th, id!(th, "f_lineno"))?;
        let text = |object: &Ref| {
            object.obj().downcast::<Str>().map_or("???".to_owned(), |text| text.to_string())
        };
        let line = Int::to_i64(line.obj()).map_or("???".to_owned(), |line| line.to_string());
        let _ = writeln!(out, "  File \"{}\", line {line} in {}", text(&file), text(&name));
        frame = frame.getattr(th, id!(th, "f_back"))?;
        if frame.obj().is_none() {
            break;
        }
    }
    Ok(())
}

fn traceback(th: Thread<'_>, all_threads: bool) -> Result<String> {
    let mut out = String::new();
    if !all_threads {
        out.push_str("Stack (most recent call first):\n");
        let frame = support::import_from(th, "sys", "_getframe")?.call(th, &[])?;
        describe(th, frame, &mut out)?;
        return Ok(out);
    }
    let frames = support::import_from(th, "sys", "_current_frames")?.call(th, &[])?;
    let here = support::import_from(th, "_thread", "get_ident")?.call(th, &[])?;
    let Some(frames) = frames.obj().downcast::<object::Dict>() else { return Ok(out) };
    for (ident, frame) in frames.items() {
        if !out.is_empty() {
            out.push('\n');
        }
        let who = if ident.eq(th, here.obj())? { "Current thread" } else { "Thread" };
        let number = Int::to_u64(ident.obj()).unwrap_or(0);
        let _ = writeln!(out, "{who} 0x{number:016x} (most recent call first):");
        describe(th, frame, &mut out)?;
    }
    Ok(out)
}

/// faulthandler module.
#[pymodule(name = "faulthandler")]
pub mod module {
    use super::*;

    /// Enable the fault handler.
    #[sig = "(file=sys.stderr, all_threads=True)"]
    fn enable(th: Thread<'_>, file: Option<Obj<'_>>, all_threads: bool) -> Result<()> {
        let _ = all_threads;
        let (fd, file) = descriptor(th, file)?;
        DESCRIPTOR.store(fd, Ordering::Relaxed);
        let old = th.interp().extensions.get::<File>().0.replace(file);
        drop(old);
        if !ENABLED.swap(true, Ordering::Relaxed) {
            install(true);
        }
        Ok(())
    }

    /// Disable the fault handler.
    #[sig = "()"]
    fn disable(th: Thread<'_>) -> bool {
        let was = ENABLED.swap(false, Ordering::Relaxed);
        if was {
            install(false);
        }
        let old = th.interp().extensions.get::<File>().0.replace(None);
        drop(old);
        was
    }

    /// Check if the handler is enabled.
    #[sig = "()"]
    fn is_enabled(_: Thread<'_>) -> bool {
        ENABLED.load(Ordering::Relaxed)
    }

    /// Dump the traceback of the current thread, or of all threads if all_threads is True, into file.
    #[sig = "(file=sys.stderr, all_threads=True)"]
    fn dump_traceback(th: Thread<'_>, file: Option<Obj<'_>>, all_threads: bool) -> Result<()> {
        let (fd, _file) = descriptor(th, file)?;
        write_all(fd, &traceback(th, all_threads)?);
        Ok(())
    }

    /// Dump the traceback of all threads after a timeout.
    #[sig = "(timeout, repeat=False, file=sys.stderr, exit=False)"]
    fn dump_traceback_later(
        th: Thread<'_>,
        timeout: f64,
        repeat: bool,
        file: Option<Obj<'_>>,
        exit: bool,
    ) -> Result<()> {
        let _ = (repeat, file, exit);
        if timeout.is_nan() || timeout <= 0.0 {
            raise!(th, ValueError, "timeout must be greater than 0");
        }
        raise!(th, NotImplementedError, "faulthandler.dump_traceback_later")
    }

    /// Cancel the previous call to dump_traceback_later().
    #[sig = "()"]
    fn cancel_dump_traceback_later(_: Thread<'_>) {}

    /// Register a handler for the signal 'signum'.
    #[sig = "(signum, file=sys.stderr, all_threads=True, chain=False)"]
    fn register(
        th: Thread<'_>,
        signum: i32,
        file: Option<Obj<'_>>,
        all_threads: bool,
        chain: bool,
    ) -> Result<()> {
        let _ = (file, all_threads, chain);
        check_signal(th, signum)?;
        raise!(th, NotImplementedError, "faulthandler.register")
    }

    /// Unregister the handler of the signal 'signum' registered by register().
    #[sig = "(signum, /)"]
    fn unregister(th: Thread<'_>, signum: i32) -> Result<bool> {
        check_signal(th, signum)?;
        Ok(false)
    }

    fn check_signal(th: Thread<'_>, signum: i32) -> Result<()> {
        if signum == libc::SIGSEGV || FATAL.iter().any(|(fatal, _)| *fatal == signum) {
            raise!(th, RuntimeError, "signal {signum} cannot be registered, use enable() instead");
        }
        if !(1..=64).contains(&signum) {
            raise!(th, ValueError, "signal number out of range");
        }
        Ok(())
    }
}
