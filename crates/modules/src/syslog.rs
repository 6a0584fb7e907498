//! `syslog`: messages to the system log.
//!
//! The system keeps a pointer to the name that messages begin with, so the state
//! that all interpreters share owns it until `closelog`.

use std::{
    cell::{Cell, RefCell},
    ffi::{CString, c_char},
};

use macros::pymodule;
use object::{AsObject, Int, Module, Obj, Ref, Result, Str, Thread, raise, types};

use crate::support;

#[derive(Default)]
struct State {
    identifier: RefCell<Option<CString>>,
    is_open: Cell<bool>,
}

fn c_string(th: Thread<'_>, text: &Str) -> Result<CString> {
    match CString::new(support::encode_fs(th, text)?) {
        Ok(text) => Ok(text),
        Err(_) => raise!(th, ValueError, "embedded null character"),
    }
}

fn int(th: Thread<'_>, value: i32) -> Result<Ref> {
    Int::from_i64(th, i64::from(value))
}

/// The name of the program, for messages.
fn program(th: Thread<'_>) -> Result<Option<CString>> {
    let argv = support::import_from(th, "sys", "argv")?;
    let Some(list) = argv.obj().downcast::<object::List>() else { return Ok(None) };
    let Some(first) = list.get(0) else { return Ok(None) };
    let Some(path) = first.obj().downcast::<Str>() else { return Ok(None) };
    let path = support::encode_fs(th, path)?;
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    Ok(if name.is_empty() { None } else { CString::new(name).ok() })
}

/// The log belongs to the process: other interpreters may use it only as the main one opened it.
fn refuse_subinterpreter(th: Thread<'_>, what: &str) -> Result<()> {
    if !th.interp().is_main() {
        raise!(th, RuntimeError, "subinterpreter can't use syslog.{what}");
    }
    Ok(())
}

/// Open the log; what is not given is the default.
fn open(
    th: Thread<'_>,
    name: Option<&Str>,
    identifier: Option<CString>,
    option: i32,
    facility: i32,
) -> Result<()> {
    let state = th.interp().shared.get::<State>();
    let identifier = match identifier {
        Some(identifier) => Some(identifier),
        None => program(th)?,
    };
    crate::sys::audit_with(th, "syslog.openlog", || {
        let shown = match (name, &identifier) {
            (Some(name), _) => name.obj().own(),
            (None, Some(name)) => Str::new(th, &name.to_string_lossy())?.upcast(),
            (None, None) => types::none().own(),
        };
        Ok(vec![shown, int(th, option)?, int(th, facility)?])
    })?;
    let pointer = identifier.as_ref().map_or(std::ptr::null(), |name| name.as_ptr());
    // SAFETY: null, or a string that the state keeps.
    unsafe { libc::openlog(pointer, option, facility) };
    state.identifier.replace(identifier);
    state.is_open.set(true);
    Ok(())
}

/// An interface to the system log.
#[pymodule]
pub mod syslog {
    use super::*;

    /// Set logging options of subsequent syslog() calls.
    #[sig = "(ident=<unrepresentable>, logoption=0, facility=LOG_USER)"]
    fn openlog(
        th: Thread<'_>,
        ident: Option<&Str>,
        logoption: i32,
        facility: Option<i32>,
    ) -> Result<()> {
        refuse_subinterpreter(th, "openlog()")?;
        let identifier = ident.map(|ident| c_string(th, ident)).transpose()?;
        open(th, ident, identifier, logoption, facility.unwrap_or(libc::LOG_USER))
    }

    /// syslog([priority=LOG_INFO,] message)
    /// Send the string message to the system logger.
    #[sig = "(*args)"]
    fn syslog(th: Thread<'_>, args: &[Obj<'_>]) -> Result<()> {
        let (priority, message) = match args {
            [message] => (libc::LOG_INFO, *message),
            [priority, message] => (support::int_arg(th, *priority)?, *message),
            _ => raise!(th, TypeError, "syslog.syslog requires 1 to 2 arguments"),
        };
        let Some(message) = message.downcast::<Str>() else {
            raise!(
                th,
                TypeError,
                "syslog() argument {} must be str, not {}",
                args.len(),
                message.type_name()
            );
        };
        let audited = || Ok(vec![int(th, priority)?, message.obj().own()]);
        crate::sys::audit_with(th, "syslog.syslog", audited)?;
        let message = c_string(th, message)?;
        if !th.interp().shared.get::<State>().is_open.get() {
            refuse_subinterpreter(
                th,
                "syslog() until the syslog is opened by the main interpreter",
            )?;
            open(th, None, None, 0, libc::LOG_USER)?;
        }
        th.allow_threads(|| {
            let format: *const c_char = c"%s".as_ptr();
            // SAFETY: a format that takes the one string that follows.
            unsafe { libc::syslog(priority, format, message.as_ptr()) }
        });
        Ok(())
    }

    /// Reset the syslog module values and call the system library closelog().
    #[sig = "(/)"]
    fn closelog(th: Thread<'_>) -> Result<()> {
        refuse_subinterpreter(th, "closelog()")?;
        crate::sys::audit(th, "syslog.closelog", &[])?;
        let state = th.interp().shared.get::<State>();
        if state.is_open.replace(false) {
            // SAFETY: no arguments.
            unsafe { libc::closelog() };
            state.identifier.replace(None);
        }
        Ok(())
    }

    /// Set the priority mask to maskpri and return the previous mask value.
    #[sig = "(maskpri, /)"]
    fn setlogmask(th: Thread<'_>, maskpri: i32) -> Result<i32> {
        crate::sys::audit_with(th, "syslog.setlogmask", || Ok(vec![int(th, maskpri)?]))?;
        // SAFETY: an integer.
        Ok(unsafe { libc::setlogmask(maskpri) })
    }

    /// Calculates the mask for the individual priority pri.
    #[sig = "(pri, /)"]
    #[name = "LOG_MASK"]
    fn log_mask(_: Thread<'_>, pri: i64) -> i64 {
        1i64.wrapping_shl(pri as u32)
    }

    /// Calculates the mask for all priorities up to and including pri.
    #[sig = "(pri, /)"]
    #[name = "LOG_UPTO"]
    fn log_upto(_: Thread<'_>, pri: i64) -> i64 {
        1i64.wrapping_shl(pri as u32 + 1).wrapping_sub(1)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        support::add_ints(th, module, CONSTANTS)
    }
}

const CONSTANTS: &[(&str, i64)] = &[
    ("LOG_EMERG", 0),
    ("LOG_ALERT", 1),
    ("LOG_CRIT", 2),
    ("LOG_ERR", 3),
    ("LOG_WARNING", 4),
    ("LOG_NOTICE", 5),
    ("LOG_INFO", 6),
    ("LOG_DEBUG", 7),
    ("LOG_PID", 1),
    ("LOG_CONS", 2),
    ("LOG_ODELAY", 4),
    ("LOG_NDELAY", 8),
    ("LOG_NOWAIT", 16),
    ("LOG_PERROR", 32),
    ("LOG_KERN", 0),
    ("LOG_USER", 8),
    ("LOG_MAIL", 16),
    ("LOG_DAEMON", 24),
    ("LOG_AUTH", 32),
    ("LOG_SYSLOG", 40),
    ("LOG_LPR", 48),
    ("LOG_NEWS", 56),
    ("LOG_UUCP", 64),
    ("LOG_CRON", 72),
    ("LOG_AUTHPRIV", 80),
    ("LOG_FTP", 88),
    ("LOG_LOCAL0", 128),
    ("LOG_LOCAL1", 136),
    ("LOG_LOCAL2", 144),
    ("LOG_LOCAL3", 152),
    ("LOG_LOCAL4", 160),
    ("LOG_LOCAL5", 168),
    ("LOG_LOCAL6", 176),
    ("LOG_LOCAL7", 184),
];
