//! Failed decoding, encoding and translation: what, where and why.
//!
//! The three types share a layout. `start` and `end` are what the program
//! gave; the texts and the accessors for codecs clip them to the object.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};

use crate::{
    AsObject, Bytes, Dict, Int, IntoObject, Link, Obj, Protocol, PyStruct, Raised, Ref, Result,
    Str, Thread, Traverse, Tuple, Type, declare::TypeBuilder, own, raise,
};

use super::{
    base::{BaseException, extends, no_keywords},
    plain,
};

/// What the three types have in common.
#[repr(C)]
pub struct UnicodeFields {
    base: BaseException,
    encoding: Link,
    object: Link,
    start: Cell<isize>,
    end: Cell<isize>,
    reason: Link,
}

impl Traverse for UnicodeFields {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.base.traverse(visit);
        self.encoding.traverse(visit);
        self.object.traverse(visit);
        self.reason.traverse(visit);
    }

    fn clear(&self) {
        self.base.clear();
        self.encoding.take();
        self.object.take();
        self.reason.take();
    }
}

/// Unicode decoding error.
#[pytype(name = "UnicodeDecodeError", c_name = "_PyExc_UnicodeDecodeError", base = plain::UnicodeError, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyUnicodeErrorObject)]
pub struct UnicodeDecodeError {
    fields: UnicodeFields,
}

/// Unicode encoding error.
#[pytype(name = "UnicodeEncodeError", c_name = "_PyExc_UnicodeEncodeError", base = plain::UnicodeError, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyUnicodeErrorObject)]
pub struct UnicodeEncodeError {
    fields: UnicodeFields,
}

/// Unicode translation error.
#[pytype(name = "UnicodeTranslateError", c_name = "_PyExc_UnicodeTranslateError", base = plain::UnicodeError, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyUnicodeErrorObject)]
pub struct UnicodeTranslateError {
    fields: UnicodeFields,
}

extends!(UnicodeFields);

macro_rules! has_fields {
    ($($ty:ty),*) => { $(
        impl std::ops::Deref for $ty {
            type Target = UnicodeFields;

            fn deref(&self) -> &UnicodeFields {
                &self.fields
            }
        }
    )* };
}

has_fields!(UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError);

impl UnicodeFields {
    /// See an exception of one of the three types as such.
    pub fn of(object: Obj<'_>) -> Option<&UnicodeFields> {
        if let Some(error) = object.downcast::<UnicodeDecodeError>() {
            return Some(error);
        }
        if let Some(error) = object.downcast::<UnicodeEncodeError>() {
            return Some(error);
        }
        object.downcast::<UnicodeTranslateError>().map(|error| &error.fields)
    }

    /// What could not be converted.
    pub fn object(&self) -> Option<Ref> {
        self.object.get()
    }

    /// The name of the codec.
    pub fn encoding(&self) -> Option<Ref> {
        self.encoding.get()
    }

    /// Why.
    pub fn reason(&self) -> Option<Ref> {
        self.reason.get()
    }

    /// Set `reason`.
    pub fn set_reason(&self, reason: Obj<'_>) {
        self.reason.set(Some(reason.own()));
    }

    fn object_len(&self) -> isize {
        let Some(object) = self.object.get() else { return 0 };
        match object.obj().downcast::<Str>() {
            Some(text) => text.len() as isize,
            None => {
                object.obj().downcast::<Bytes>().map_or(0, |data| data.as_bytes().len() as isize)
            }
        }
    }

    /// `start`, clipped to the object.
    pub fn start(&self) -> isize {
        self.start.get().clamp(0, (self.object_len() - 1).max(0))
    }

    /// `end`, clipped to the object.
    pub fn end(&self) -> isize {
        let len = self.object_len();
        self.end.get().clamp(len.min(1), len)
    }

    /// Set `start`.
    pub fn set_start(&self, start: isize) {
        self.start.set(start);
    }

    /// Set `end`.
    pub fn set_end(&self, end: isize) {
        self.end.set(end);
    }

    /// The index of the only unit affected.
    fn single(&self) -> Option<isize> {
        let (start, end) = (self.start.get(), self.end.get());
        (start >= 0 && start < self.object_len() && end == start.wrapping_add(1)).then_some(start)
    }

    /// `\x41`, `\u1234` or `\U00012345` for the character at `index`.
    fn escaped(&self, index: isize) -> String {
        let object = self.object.get();
        let text = object.as_ref().and_then(|object| object.obj().downcast::<Str>());
        match text.and_then(|text| text.get(index as usize)).unwrap_or(0) {
            c if c <= 0xff => format!("\\x{c:02x}"),
            c if c <= 0xffff => format!("\\u{c:04x}"),
            c => format!("\\U{c:08x}"),
        }
    }

    fn shown(&self, th: Thread<'_>, field: &Link) -> Result<Ref<Str>> {
        match field.get() {
            Some(value) => value.str(th),
            None => Str::new(th, ""),
        }
    }

    /// What was shown before can have run code that changed the object.
    fn check_object(&self, th: Thread<'_>, bytes: bool) -> Result<()> {
        let Some(object) = self.object.get() else {
            raise!(th, TypeError, "UnicodeError 'object' attribute is not set");
        };
        let (fine, wanted) = if bytes {
            (object.obj().downcast::<Bytes>().is_some(), "bytes")
        } else {
            (object.obj().downcast::<Str>().is_some(), "string")
        };
        if !fine {
            raise!(th, TypeError, "UnicodeError 'object' attribute must be a {wanted}");
        }
        Ok(())
    }

    /// `position 3` or `positions 3-5` with what is there.
    fn text(&self, th: Thread<'_>, verb: &str) -> Result<Ref<Str>> {
        if self.object.is_null() {
            return Str::new(th, "");
        }
        let reason = self.shown(th, &self.reason)?;
        let who = match verb {
            "translate" => String::new(),
            _ => format!("'{}' codec ", self.shown(th, &self.encoding)?),
        };
        self.check_object(th, verb == "decode")?;
        let (unit, units) =
            if verb == "decode" { ("byte", "bytes") } else { ("character", "characters") };
        let Some(index) = self.single() else {
            let (start, end) = (self.start.get(), self.end.get().wrapping_sub(1));
            return Str::from_fmt(
                th,
                format_args!("{who}can't {verb} {units} in position {start}-{end}: {reason}"),
            );
        };
        let what = if verb == "decode" {
            let object = self.object.get();
            let data = object.as_ref().and_then(|object| object.obj().downcast::<Bytes>());
            let byte = data.and_then(|data| data.as_bytes().get(index as usize).copied());
            format!("0x{:02x}", byte.unwrap_or(0))
        } else {
            format!("'{}'", self.escaped(index))
        };
        Str::from_fmt(
            th,
            format_args!("{who}can't {verb} {unit} {what} in position {index}: {reason}"),
        )
    }

    fn begin(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>, n: usize) -> Result<()> {
        no_keywords(th, self.obj().ty(), kwargs)?;
        self.set_args(own(args));
        if args.len() != n {
            let given = args.len();
            raise!(th, TypeError, "function takes exactly {n} arguments ({given} given)");
        }
        Ok(())
    }

    fn finish(&self, encoding: Option<Ref>, object: Ref, range: [isize; 2], reason: Ref) {
        self.encoding.set(encoding);
        self.object.set(Some(object));
        self.start.set(range[0]);
        self.end.set(range[1]);
        self.reason.set(Some(reason));
    }
}

// SAFETY: `repr(C)` and starts with an exception; only made as part of the three types.
unsafe impl PyStruct for UnicodeFields {
    fn type_object() -> &'static Type {
        plain::UnicodeError::type_object()
    }
}

fn str_arg(th: Thread<'_>, args: &Tuple, index: usize) -> Result<Ref> {
    let arg = args.get(index).unwrap_or(crate::types::none());
    if arg.downcast::<Str>().is_none() {
        let got = if arg.is_none() { "None" } else { arg.type_name() };
        raise!(th, TypeError, "argument {} must be str, not {got}", index + 1);
    }
    Ok(arg.own())
}

fn index_arg(th: Thread<'_>, args: &Tuple, index: usize) -> Result<isize> {
    Int::index_to_isize(th, args.get(index).unwrap_or(crate::types::none()))
}

fn members_of(builder: &mut TypeBuilder<'_>) {
    let kind = abi::_Py_T_OBJECT;
    let offset = offset_of!(UnicodeFields, encoding);
    builder.member(c"encoding", kind, offset, 0, Some(c"exception encoding"));
    let offset = offset_of!(UnicodeFields, object);
    builder.member(c"object", kind, offset, 0, Some(c"exception object"));
    let size = abi::Py_T_PYSSIZET;
    let offset = offset_of!(UnicodeFields, start);
    builder.member(c"start", size, offset, 0, Some(c"exception start"));
    builder.member(c"end", size, offset_of!(UnicodeFields, end), 0, Some(c"exception end"));
    let offset = offset_of!(UnicodeFields, reason);
    builder.member(c"reason", kind, offset, 0, Some(c"exception reason"));
}

#[pymethods]
impl UnicodeDecodeError {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        self.begin(th, args, kwargs, 5)?;
        let encoding = str_arg(th, args, 0)?;
        let object = args.get(1).unwrap_or(crate::types::none());
        let range = [index_arg(th, args, 2)?, index_arg(th, args, 3)?];
        let reason = str_arg(th, args, 4)?;
        let object = if object.downcast::<Bytes>().is_some() {
            object.own()
        } else if object.ty().buffer().is_some_and(|buffer| buffer.bf_getbuffer.is_some()) {
            Bytes::type_object().call(th, &[object])?
        } else {
            let got = object.type_name();
            raise!(th, TypeError, "a bytes-like object is required, not '{got}'");
        };
        self.finish(Some(encoding), object, range, reason);
        Ok(())
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.text(th, "decode")
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        members_of(builder);
    }
}

#[pymethods]
impl UnicodeEncodeError {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        self.begin(th, args, kwargs, 5)?;
        let (encoding, object) = (str_arg(th, args, 0)?, str_arg(th, args, 1)?);
        let range = [index_arg(th, args, 2)?, index_arg(th, args, 3)?];
        self.finish(Some(encoding), object, range, str_arg(th, args, 4)?);
        Ok(())
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.text(th, "encode")
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        members_of(builder);
    }
}

#[pymethods]
impl UnicodeTranslateError {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        self.begin(th, args, kwargs, 4)?;
        let object = str_arg(th, args, 0)?;
        let range = [index_arg(th, args, 1)?, index_arg(th, args, 2)?];
        self.finish(None, object, range, str_arg(th, args, 3)?);
        Ok(())
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.text(th, "translate")
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        members_of(builder);
    }
}

fn make(
    th: Thread<'_>,
    ty: &Type,
    encoding: Option<&str>,
    object: Obj<'_>,
    range: std::ops::Range<usize>,
    reason: &str,
) -> Result<Ref> {
    let mut args = Vec::with_capacity(5);
    if let Some(encoding) = encoding {
        args.push(encoding.into_object(th)?);
    }
    args.push(object.own());
    args.push(range.start.into_object(th)?);
    args.push(range.end.into_object(th)?);
    args.push(reason.into_object(th)?);
    super::instantiate(th, ty, crate::args::borrow_all(&args))
}

/// A new `UnicodeDecodeError`, not raised; `object` is a bytes object.
pub fn new_decode_error(
    th: Thread<'_>,
    encoding: &str,
    object: Obj<'_>,
    range: std::ops::Range<usize>,
    reason: &str,
) -> Result<Ref> {
    make(th, UnicodeDecodeError::type_object(), Some(encoding), object, range, reason)
}

/// A new `UnicodeEncodeError`, not raised; `object` is a string.
pub fn new_encode_error(
    th: Thread<'_>,
    encoding: &str,
    object: Obj<'_>,
    range: std::ops::Range<usize>,
    reason: &str,
) -> Result<Ref> {
    make(th, UnicodeEncodeError::type_object(), Some(encoding), object, range, reason)
}

/// A new `UnicodeTranslateError`, not raised; `object` is a string.
pub fn new_translate_error(
    th: Thread<'_>,
    object: Obj<'_>,
    range: std::ops::Range<usize>,
    reason: &str,
) -> Result<Ref> {
    make(th, UnicodeTranslateError::type_object(), None, object, range, reason)
}

/// Raise `UnicodeDecodeError`.
#[cold]
pub fn unicode_decode_error(
    th: Thread<'_>,
    encoding: &str,
    object: Obj<'_>,
    range: std::ops::Range<usize>,
    reason: &str,
) -> Raised {
    match new_decode_error(th, encoding, object, range, reason) {
        Ok(exception) => super::raise_instance(th, exception),
        Err(raised) => raised,
    }
}

/// Raise `UnicodeEncodeError`.
#[cold]
pub fn unicode_encode_error(
    th: Thread<'_>,
    encoding: &str,
    object: Obj<'_>,
    range: std::ops::Range<usize>,
    reason: &str,
) -> Raised {
    match new_encode_error(th, encoding, object, range, reason) {
        Ok(exception) => super::raise_instance(th, exception),
        Err(raised) => raised,
    }
}
