//! `_string`: the parser of format strings, for `string.Formatter`.

use std::cell::RefCell;

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Head, IntoObject, Obj, Ref, Result, Str, Thread, Tuple, alloc_object, raise,
};
use text::format_parser::{Access, FieldName, FormatError, Key, Markup, Piece};

/// Iterates over the pieces of a format string.
#[pytype(name = "formatteriterator", flags = DISALLOW_INSTANTIATION)]
pub struct FormatterIterator {
    head: Head,
    text: Ref<Str>,
    #[traverse(skip)]
    pieces: RefCell<std::vec::IntoIter<Result<Piece, FormatError>>>,
}

fn part(th: Thread<'_>, text: &Str, range: std::ops::Range<usize>) -> Result {
    text.slice(th, range.start, range.end).map(Ref::upcast)
}

#[pymethods]
impl FormatterIterator {
    fn __iter__(&self, _: Thread<'_>) -> Result {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let piece = match self.pieces.borrow_mut().next() {
            None => return Ok(None),
            Some(Err(message)) => raise!(th, ValueError, "{message}"),
            Some(Ok(piece)) => piece,
        };
        let literal = part(th, &self.text, piece.literal)?;
        let none = || object::types::none().own();
        let parts = match piece.field {
            None => vec![literal, none(), none(), none()],
            Some(field) => {
                let conversion = match field.conversion {
                    Some(code) => Str::from_char(th, code)?.upcast(),
                    None => none(),
                };
                vec![
                    literal,
                    part(th, &self.text, field.name)?,
                    part(th, &self.text, field.format_spec)?,
                    conversion,
                ]
            }
        };
        Tuple::from_refs(th, parts).map(|tuple| Some(tuple.upcast()))
    }
}

/// Iterates over the accesses of a field name.
#[pytype(name = "fieldnameiterator", flags = DISALLOW_INSTANTIATION)]
pub struct FieldNameIterator {
    head: Head,
    text: Ref<Str>,
    #[traverse(skip)]
    accesses: RefCell<std::vec::IntoIter<Result<Access, FormatError>>>,
}

fn key_object(th: Thread<'_>, text: &Str, key: Key) -> Result {
    match key {
        Key::Index(index) => index.into_object(th),
        Key::Name(range) => part(th, text, range),
    }
}

#[pymethods]
impl FieldNameIterator {
    fn __iter__(&self, _: Thread<'_>) -> Result {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let pair = match self.accesses.borrow_mut().next() {
            None => return Ok(None),
            Some(Err(message)) => raise!(th, ValueError, "{message}"),
            Some(Ok(Access::Attribute(range))) => (true, part(th, &self.text, range)?),
            Some(Ok(Access::Item(key))) => (false, key_object(th, &self.text, key)?),
        };
        pair.into_object(th).map(Some)
    }
}

fn expect_str<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a Str> {
    match object.downcast::<Str>() {
        Some(text) => Ok(text),
        None => raise!(th, TypeError, "expected str, got {}", object.type_name()),
    }
}

/// string helper module
#[pymodule]
pub mod _string {
    use super::*;

    /// Parse the argument as a format string.
    #[sig = "(object, /)"]
    fn formatter_parser(th: Thread<'_>, object: Obj<'_>) -> Result {
        let text = expect_str(th, object)?;
        let pieces: Vec<_> = Markup::new(text.units()).collect();
        alloc_object::new(
            th,
            FormatterIterator {
                head: Head::new(),
                text: object::own(text),
                pieces: RefCell::new(pieces.into_iter()),
            },
        )
        .map(Ref::upcast)
    }

    /// Split the argument as a field name.
    #[sig = "(object, /)"]
    fn formatter_field_name_split(th: Thread<'_>, object: Obj<'_>) -> Result {
        let text = expect_str(th, object)?;
        let name = match FieldName::new(text.units(), 0..text.len()) {
            Ok(name) => name,
            Err(message) => raise!(th, ValueError, "{message}"),
        };
        let first = key_object(th, text, name.first.clone())?;
        let accesses: Vec<_> = name.collect();
        let rest = alloc_object::new(
            th,
            FieldNameIterator {
                head: Head::new(),
                text: object::own(text),
                accesses: RefCell::new(accesses.into_iter()),
            },
        )?;
        (first, rest).into_object(th)
    }

    #[exec]
    fn exec(th: Thread<'_>, _: &object::Module) -> Result<()> {
        use object::declare::Declared;
        for decl in [FormatterIterator::DECL, FieldNameIterator::DECL] {
            object::types::type_::ready(th, decl)?;
        }
        Ok(())
    }
}
