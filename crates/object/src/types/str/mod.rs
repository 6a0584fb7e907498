//! `str`: PEP 393 strings, 1, 2 or 4 bytes per character.
//!
//! An exact string is compact: the characters follow the header (40 bytes for
//! ASCII, 56 otherwise). Instances of subclasses are not: they point to their
//! characters. `hash` is -1 until computed; an interned string is unique.

mod builder;
pub mod codec;
pub mod format;
mod intern;
pub mod iter;
mod methods;
pub mod percent;
pub mod registry;
mod storage;
mod translate;

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    Args, CompareOp, Dict, Head, Kwargs, Obj, Protocol, PyStruct, Ref, Result, Thread, Type,
    args::Given,
    protocol::buffer,
    raise,
    types::{bool_, singletons::not_implemented_ref},
};

pub use builder::StrBuilder;
pub use intern::{interned_count, share_names};
pub use iter::{StrAsciiIterator, StrIterator};
pub(crate) use methods::limit;
pub use storage::{Width, empty, hash_bytes, init, latin1, new_unfilled};
pub use translate::translate_with;

/// str(object='') -> str
/// str(bytes_or_buffer[, encoding[, errors]]) -> str
///
/// Create a new string object from the given object. If encoding or
/// errors is specified, then the object must expose a data buffer
/// that will be decoded using the given encoding and error handler.
/// Otherwise, returns the result of object.__str__() (if defined)
/// or repr(object).
/// encoding defaults to 'utf-8'.
/// errors defaults to 'strict'.
#[pytype(name = "str", c_name = "PyUnicode_Type", flags = BASETYPE | UNICODE_SUBCLASS | MATCH_SELF, basicsize = size_of::<abi::PyUnicodeObject>(), traverse = manual)]
pub struct Str {
    head: Head,
    length: Cell<isize>,
    hash: Cell<isize>,
    /// Interned bits 0–1, kind 2–4, compact 5, ascii 6.
    state: Cell<u32>,
    // Compact: characters for ASCII; else UTF-8 length and pointer, then characters.
}

/// Whether `object` is a string of exactly that text.
pub fn str_eq(object: Obj<'_>, text: &str) -> bool {
    object.downcast::<Str>().is_some_and(|string| string.eq_str(text))
}

/// `str(object, encoding, errors)`.
fn from_object(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    encoding: Option<&str>,
    errors: Option<&str>,
) -> Result<Ref<Str>> {
    let Some(object) = object else { return Ok(Str::empty(th)) };
    if encoding.is_none() && errors.is_none() {
        return object.str(th);
    }
    if object.downcast::<Str>().is_some() {
        raise!(th, TypeError, "decoding str is not supported");
    }
    if !buffer::has_buffer(object) {
        raise!(
            th,
            TypeError,
            "decoding to str: need a bytes-like object, {} found",
            object.type_name()
        );
    }
    let encoding = encoding.unwrap_or("utf-8");
    let text = codec::decode_method(th, object, encoding, errors.unwrap_or("strict"))?;
    match text.downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(_) => raise!(th, TypeError, "decoding did not return a string"),
    }
}

#[pymethods(parts(methods))]
impl Str {
    #[parse(vectorcall)]
    #[sig = "str(object='', encoding='utf-8', errors='strict')"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        object: Option<Obj<'_>>,
        encoding: Option<Given<&str>>,
        errors: Option<Given<&str>>,
    ) -> Result {
        let (encoding, errors) = (encoding.map(|Given(x)| x), errors.map(|Given(x)| x));
        let text = from_object(th, object, encoding, errors)?;
        if std::ptr::eq(cls, Str::type_object()) {
            return Ok(text.upcast());
        }
        text.to_subclass(th, cls)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if let Some(plain) = self.as_ascii()
            && plain
                .bytes()
                .all(|byte| matches!(byte, b' '..=b'~') && byte != b'\'' && byte != b'\\')
        {
            let mut draft = storage::Draft::new(th, Width::Ascii, plain.len() + 2)?;
            draft.fill(0, u32::from('\''), 1);
            draft.put(1, self.units());
            draft.fill(plain.len() + 1, u32::from('\''), 1);
            return Ok(draft.finish());
        }
        let mut out = text::TextBuf::new();
        text::repr::repr(self.units(), &mut out);
        Str::from_buf(th, &out)
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.to_exact(th)
    }

    fn __hash__(&self, th: Thread<'_>) -> isize {
        self.hash(th)
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(other) = other.downcast::<Str>() else { return Ok(not_implemented_ref()) };
        let answer = match op {
            CompareOp::Eq => self.eq(other),
            CompareOp::Ne => !self.eq(other),
            op => op.of(self.cmp(other)),
        };
        Ok(bool_(answer).own())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        iter::iter(th, self)
    }

    fn __mod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        match left.downcast::<Str>() {
            Some(format) => percent::format(th, format, right).map(Ref::upcast),
            None => Ok(not_implemented_ref()),
        }
    }

    /// Return a formatted version of the string, using substitutions from args and kwargs.
    ///
    /// The substitutions are identified by braces ('{' and '}').
    #[sig = "($self, /, *args, **kwargs)"]
    fn format(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<Ref<Str>> {
        format::format(th, self, format::Values::Arguments(args, kwargs))
    }

    /// Return a formatted version of the string, using substitutions from mapping.
    ///
    /// The substitutions are identified by braces ('{' and '}').
    #[sig = "($self, mapping, /)"]
    fn format_map(&self, th: Thread<'_>, mapping: Obj<'_>) -> Result<Ref<Str>> {
        format::format(th, self, format::Values::Mapping(mapping))
    }

    /// Return a formatted version of the string as described by format_spec.
    #[sig = "($self, format_spec, /)"]
    fn __format__(&self, th: Thread<'_>, format_spec: &Str) -> Result<Ref<Str>> {
        format::format_str(th, self, format_spec)
    }

    /// Replace each character in the string using the given translation table.
    ///
    ///   table
    ///     Translation table, which must be a mapping of Unicode ordinals to
    ///     Unicode ordinals, strings, or None.
    ///
    /// The table must implement lookup/indexing via __getitem__, for instance a
    /// dictionary or list.  If this operation raises LookupError, the character is
    /// left untouched.  Characters mapped to None are deleted.
    #[sig = "($self, table, /)"]
    fn translate(&self, th: Thread<'_>, table: Obj<'_>) -> Result<Ref<Str>> {
        translate::translate(th, self, table)
    }

    /// Return a translation table usable for str.translate().
    ///
    /// If there is only one argument, it must be a dictionary mapping Unicode
    /// ordinals (integers) or characters to Unicode ordinals, strings or None.
    /// Character keys will be then converted to ordinals.
    /// If there are two arguments, they must be strings of equal length, and
    /// in the resulting dictionary, each character in x will be mapped to the
    /// character at the same position in y. If there is a third argument, it
    /// must be a string, whose characters will be mapped to None in the result.
    #[staticmethod]
    #[sig = "(x, y=<unrepresentable>, z=<unrepresentable>, /)"]
    fn maketrans(
        th: Thread<'_>,
        x: Obj<'_>,
        y: Option<Given<&Str>>,
        z: Option<Given<&Str>>,
    ) -> Result<Ref<Dict>> {
        translate::maketrans(th, x, y.map(|Given(y)| y), z.map(|Given(z)| z))
    }
}
