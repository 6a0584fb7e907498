//! Exceptions: the DB-API hierarchy, and what SQLite's codes become.

use std::ffi::{CStr, c_int};

use libsqlite3_sys as ffi;
use object::{
    AsObject, Int, Link, Module, Protocol, Raised, Ref, Result, Str, Thread, Tuple, Type,
    exceptions, id, types::type_,
};

use crate::support;

use super::{constants::RESULT_CODES, state};

/// The exception classes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Warning,
    Error,
    InterfaceError,
    DatabaseError,
    DataError,
    OperationalError,
    IntegrityError,
    InternalError,
    ProgrammingError,
    NotSupportedError,
}

use Kind::*;

/// The names of the classes and their bases, bases first.
pub(super) const CLASSES: [(Kind, &str, Option<Kind>); 10] = [
    (Warning, "Warning", None),
    (Error, "Error", None),
    (InterfaceError, "InterfaceError", Some(Error)),
    (DatabaseError, "DatabaseError", Some(Error)),
    (DataError, "DataError", Some(DatabaseError)),
    (OperationalError, "OperationalError", Some(DatabaseError)),
    (IntegrityError, "IntegrityError", Some(DatabaseError)),
    (InternalError, "InternalError", Some(DatabaseError)),
    (ProgrammingError, "ProgrammingError", Some(DatabaseError)),
    (NotSupportedError, "NotSupportedError", Some(DatabaseError)),
];

/// The class objects, by [`Kind`].
#[derive(Default)]
pub(super) struct Classes([Link; 10]);

/// Create the classes.
pub(super) fn add_classes(th: Thread<'_>, module: &Module) -> Result<()> {
    for (kind, name, base) in CLASSES {
        let base = match base {
            Some(base) => class(th, base).obj().own(),
            None => exceptions::types::Exception().obj().own(),
        };
        let full = Str::from_fmt(th, format_args!("sqlite3.{name}"))?;
        let class = support::new_exception(th, &full, &*Tuple::from_objs(th, &[base.obj()])?)?;
        module.set(th, name, class.obj())?;
        if let Some(place) = state(th).classes.0.get(kind as usize) {
            place.set(Some(class));
        }
    }
    Ok(())
}

/// A class.
pub(super) fn class(th: Thread<'_>, kind: Kind) -> &'static Type {
    let link = state(th).classes.0.get(kind as usize);
    // SAFETY: set when the module is made, and never again.
    let class = link.and_then(|link| unsafe { link.peek() });
    class.and_then(type_::as_type).unwrap_or_else(exceptions::types::Exception)
}

/// Raise an exception of the module.
pub(super) fn raise(th: Thread<'_>, kind: Kind, text: std::fmt::Arguments<'_>) -> Raised {
    th.raise(class(th, kind), text)
}

/// `ProgrammingError`.
pub(super) fn misuse(th: Thread<'_>, text: &str) -> Raised {
    raise(th, ProgrammingError, format_args!("{text}"))
}

/// What a result code becomes.
fn kind_of(code: c_int) -> Option<Kind> {
    Some(match code & 0xff {
        ffi::SQLITE_INTERNAL | ffi::SQLITE_NOTFOUND => InternalError,
        ffi::SQLITE_NOMEM => return None,
        ffi::SQLITE_ERROR
        | ffi::SQLITE_PERM
        | ffi::SQLITE_ABORT
        | ffi::SQLITE_BUSY
        | ffi::SQLITE_LOCKED
        | ffi::SQLITE_READONLY
        | ffi::SQLITE_INTERRUPT
        | ffi::SQLITE_IOERR
        | ffi::SQLITE_FULL
        | ffi::SQLITE_CANTOPEN
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_EMPTY
        | ffi::SQLITE_SCHEMA => OperationalError,
        ffi::SQLITE_TOOBIG => DataError,
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => IntegrityError,
        ffi::SQLITE_MISUSE | ffi::SQLITE_RANGE => InterfaceError,
        _ => DatabaseError,
    })
}

/// The text of a result code.
pub(super) fn code_text(code: c_int) -> String {
    // SAFETY: a static string.
    unsafe { CStr::from_ptr(ffi::sqlite3_errstr(code)) }.to_string_lossy().into_owned()
}

/// Raise what went wrong with a database last.
pub(super) fn from_db(th: Thread<'_>, db: *mut ffi::sqlite3) -> Raised {
    // SAFETY: null or an open database.
    let code = unsafe { ffi::sqlite3_errcode(db) };
    let Some(kind) = kind_of(code) else { return th.no_memory() };
    // SAFETY: as above.
    let extended = unsafe { ffi::sqlite3_extended_errcode(db) };
    // SAFETY: a string that is valid until the next call for the database.
    let text = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(db)) }.to_string_lossy().into_owned();
    let raised = raise(th, kind, format_args!("{text}"));
    match with_code(th, raised, extended) {
        Ok(raised) | Err(raised) => raised,
    }
}

/// Add the code to the exception that is set.
fn with_code(th: Thread<'_>, raised: Raised, code: c_int) -> Result<Raised> {
    let exception = th.take_exception(raised);
    let number = Int::from_i64(th, code.into())?;
    exception.setattr(th, id!(th, "sqlite_errorcode"), Some(number.obj()))?;
    let name = RESULT_CODES.iter().find(|(_, value)| *value == i64::from(code));
    let name = Str::new(th, name.map_or("unknown", |(name, _)| name))?;
    exception.setattr(th, id!(th, "sqlite_errorname"), Some(name.obj()))?;
    Ok(th.restore(exception))
}

/// Raise `raised` with `exception`, if any, as its context.
pub(super) fn chain(th: Thread<'_>, raised: Raised, exception: Option<Ref>) -> Raised {
    let Some(context) = exception else { return raised };
    let current = th.take_exception(raised);
    if let Some(base) = exceptions::BaseException::of(current.obj()) {
        base.set_context(Some(context));
    }
    th.restore(current)
}
