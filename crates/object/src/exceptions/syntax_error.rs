//! `SyntaxError`: where in the source.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Int, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    declare::TypeBuilder, own, protocol, raise,
};

use super::base::{BaseException, extends, no_keywords, or_none};
use super::plain;

/// Invalid syntax.
#[pytype(name = "SyntaxError", c_name = "_PyExc_SyntaxError", base = plain::Exception, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PySyntaxErrorObject)]
pub struct SyntaxError {
    base: BaseException,
    msg: Link,
    filename: Link,
    lineno: Link,
    offset: Link,
    end_lineno: Link,
    end_offset: Link,
    text: Link,
    print_file_and_line: Link,
    metadata: Link,
}

extends!(SyntaxError);

impl SyntaxError {
    /// `msg`.
    pub fn msg(&self) -> Option<Ref> {
        self.msg.get()
    }

    /// `filename`.
    pub fn filename(&self) -> Option<Ref> {
        self.filename.get()
    }

    /// `lineno`, if it is a number.
    pub fn lineno(&self) -> Option<i64> {
        Int::to_i64(self.lineno.get()?.obj())
    }

    /// `offset`, if it is a number.
    pub fn offset(&self) -> Option<i64> {
        Int::to_i64(self.offset.get()?.obj())
    }

    /// `end_offset`, if it is a number.
    pub fn end_offset(&self) -> Option<i64> {
        Int::to_i64(self.end_offset.get()?.obj())
    }

    /// `end_lineno`, if it is a number.
    pub fn end_lineno(&self) -> Option<i64> {
        Int::to_i64(self.end_lineno.get()?.obj())
    }

    /// The source line.
    pub fn text(&self) -> Option<Ref> {
        self.text.get()
    }

    /// Set the file name, as the compiler learns it late.
    pub fn set_filename(&self, filename: Obj<'_>) {
        self.filename.set(Some(filename.own()));
    }
}

#[pymethods]
impl SyntaxError {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        no_keywords(th, self.obj().ty(), kwargs)?;
        self.set_args(own(args));
        let Some(msg) = args.get(0) else { return Ok(()) };
        self.msg.set(Some(msg.own()));
        let [_, details] = args.items() else { return Ok(()) };
        let details = protocol::iter::collect(th, *details)?;
        let given = details.len();
        if given < 4 {
            raise!(th, TypeError, "function takes at least 4 arguments ({given} given)");
        }
        if given > 7 {
            raise!(th, TypeError, "function takes at most 7 arguments ({given} given)");
        }
        let fields = [
            &self.filename,
            &self.lineno,
            &self.offset,
            &self.text,
            &self.end_lineno,
            &self.end_offset,
            &self.metadata,
        ];
        for (index, field) in fields.iter().enumerate() {
            field.set(details.get(index).cloned());
        }
        if !self.end_lineno.is_null() && self.end_offset.is_null() {
            raise!(th, TypeError, "end_offset must be provided when end_lineno is provided");
        }
        Ok(())
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let msg = or_none(self.msg.get()).str(th)?;
        let filename = match self.filename.get() {
            Some(filename) => match filename.downcast::<Str>() {
                Ok(filename) => {
                    let full = filename.to_string();
                    Some(full.rsplit('/').next().unwrap_or(&full).to_owned())
                }
                Err(_) => None,
            },
            None => None,
        };
        let lineno = match self.lineno.get() {
            Some(lineno) if lineno.obj().is_exact::<Int>() => Some(lineno.str(th)?),
            _ => None,
        };
        match (filename, lineno) {
            (Some(filename), Some(lineno)) => {
                Str::from_fmt(th, format_args!("{msg} ({filename}, line {lineno})"))
            }
            (Some(filename), None) => Str::from_fmt(th, format_args!("{msg} ({filename})")),
            (None, Some(lineno)) => Str::from_fmt(th, format_args!("{msg} (line {lineno})")),
            (None, None) => Ok(msg),
        }
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let kind = abi::_Py_T_OBJECT;
        let mut member = |name, offset, doc| builder.member(name, kind, offset, 0, Some(doc));
        member(c"msg", offset_of!(SyntaxError, msg), c"exception msg");
        member(c"filename", offset_of!(SyntaxError, filename), c"exception filename");
        member(c"lineno", offset_of!(SyntaxError, lineno), c"exception lineno");
        member(c"offset", offset_of!(SyntaxError, offset), c"exception offset");
        member(c"text", offset_of!(SyntaxError, text), c"exception text");
        member(c"end_lineno", offset_of!(SyntaxError, end_lineno), c"exception end lineno");
        member(c"end_offset", offset_of!(SyntaxError, end_offset), c"exception end offset");
        let print = offset_of!(SyntaxError, print_file_and_line);
        member(c"print_file_and_line", print, c"exception print_file_and_line");
        let metadata = offset_of!(SyntaxError, metadata);
        member(c"_metadata", metadata, c"exception private metadata");
    }
}
