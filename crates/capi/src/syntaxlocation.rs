//! `pyerrors.h`: where a `SyntaxError` is.

use std::ffi::{CStr, c_int};

use macros::capi;
use object::{AsObject, Int, Obj, Protocol, Ref, Result, Str, Thread, types};

use crate::modsupport::function;

/// Line `line` of a file, if it can be read.
fn line_of(th: Thread<'_>, filename: Obj<'_>, line: c_int) -> Option<Ref> {
    let found = Int::from_i64(th, i64::from(line))
        .and_then(|line| function(th, "linecache", "getline", &[filename, line.obj()]));
    match found {
        Ok(text) if text.obj().downcast::<Str>().is_some_and(|text| text.len() > 0) => Some(text),
        Ok(_) => None,
        Err(raised) => {
            th.clear_exception(raised);
            None
        }
    }
}

/// Complete the exception that is set; what fails leaves an attribute out.
fn locate(
    th: Thread<'_>,
    filename: Option<Obj<'_>>,
    (line, column): (c_int, c_int),
    (end_line, end_column): (c_int, c_int),
) {
    let Some(exception) = th.swap_exception(None) else { return };
    let set = |name: &str, value: Result<Ref>, always: bool| {
        let set = || -> Result<()> {
            let name = Str::intern(th, name)?;
            if always || exception.obj().getattr_opt(th, &name)?.is_none() {
                exception.obj().setattr(th, &name, Some(value?.obj()))?;
            }
            Ok(())
        };
        if let Err(raised) = set() {
            th.clear_exception(raised);
        }
    };
    let none = || Ok(types::none().own());
    let number = |value: c_int| Int::from_i64(th, i64::from(value));
    let at = |value: c_int| if value >= 0 { number(value) } else { none() };
    set("lineno", number(line), true);
    set("offset", at(column), true);
    set("end_lineno", at(end_line), true);
    set("end_offset", at(end_column), true);
    if let Some(filename) = filename {
        set("filename", Ok(filename.own()), true);
        set("text", line_of(th, filename, line).map_or_else(none, Ok), true);
    }
    if !std::ptr::eq(exception.obj().ty(), object::exceptions::types::SyntaxError()) {
        set("msg", exception.obj().str(th).map(Ref::upcast), false);
        set("print_file_and_line", none(), false);
    }
    drop(th.swap_exception(Some(exception)));
}

#[capi]
fn PyErr_SyntaxLocationObject(
    th: Thread<'_>,
    filename: Option<Obj<'_>>,
    line: c_int,
    column: c_int,
) {
    locate(th, filename, (line, column), (line, -1));
}

#[capi]
fn PyErr_RangedSyntaxLocationObject(
    th: Thread<'_>,
    filename: Option<Obj<'_>>,
    line: c_int,
    column: c_int,
    end_line: c_int,
    end_column: c_int,
) {
    locate(th, filename, (line, column), (end_line, end_column));
}

#[capi]
fn PyErr_SyntaxLocationEx(th: Thread<'_>, filename: Option<&CStr>, line: c_int, column: c_int) {
    let saved = th.swap_exception(None);
    let decoded = filename.map(|filename| types::str::codec::decode_fs(th, filename.to_bytes()));
    drop(th.swap_exception(saved));
    let filename = decoded.and_then(Result::ok);
    locate(th, filename.as_ref().map(|name| name.obj()), (line, column), (line, -1));
}

#[capi]
fn PyErr_SyntaxLocation(th: Thread<'_>, filename: Option<&CStr>, line: c_int) {
    PyErr_SyntaxLocationEx(th, filename, line, -1);
}

#[capi]
fn PyErr_ProgramTextObject(th: Thread<'_>, filename: Option<Obj<'_>>, line: c_int) -> Option<Ref> {
    filename.filter(|_| line > 0).and_then(|filename| line_of(th, filename, line))
}

#[capi]
fn PyErr_ProgramText(th: Thread<'_>, filename: Option<&CStr>, line: c_int) -> Option<Ref> {
    let decoded = types::str::codec::decode_fs(th, filename?.to_bytes());
    match decoded {
        Ok(filename) => PyErr_ProgramTextObject(th, Some(filename.obj()), line),
        Err(raised) => {
            th.clear_exception(raised);
            None
        }
    }
}
