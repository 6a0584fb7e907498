//! The replacement fields of `str.format`.
//!
//! [`Markup`] walks a format string as `_string.formatter_parser` does, [`FieldName`]
//! a field name as `_string.formatter_field_name_split` does. All parts are ranges
//! of the text given. Formatting, recursion and its limit are the caller's.

use core::ops::Range;

use crate::{Units, unicode};

/// Why a format string is malformed: the message of the `ValueError`.
pub type FormatError = &'static str;

/// Literal text and the field that follows it, if any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    pub literal: Range<usize>,
    pub field: Option<Field>,
}

/// A replacement field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub name: Range<usize>,
    /// The character after `!`.
    pub conversion: Option<u32>,
    pub format_spec: Range<usize>,
    /// The format specification contains fields itself.
    pub needs_expanding: bool,
}

/// Iterates over the pieces of `text[position..end]`.
#[derive(Clone, Debug)]
pub struct Markup<'a> {
    text: Units<'a>,
    position: usize,
    end: usize,
}

const OPEN: u32 = '{' as u32;
const CLOSE: u32 = '}' as u32;

impl<'a> Markup<'a> {
    /// Walk the whole text.
    pub fn new(text: Units<'a>) -> Self {
        Markup::within(text, 0..text.len())
    }

    /// Walk a part of the text, such as a format specification.
    pub fn within(text: Units<'a>, range: Range<usize>) -> Self {
        Markup { text, position: range.start, end: range.end.min(text.len()) }
    }

    fn peek(&self) -> Option<u32> {
        if self.position < self.end { self.text.get(self.position) } else { None }
    }

    fn read(&mut self) -> Option<u32> {
        let code = self.peek()?;
        self.position += 1;
        Some(code)
    }

    fn piece(&mut self) -> Result<Piece, FormatError> {
        let start = self.position;
        let rest = self.text.slice(start, self.end);
        let length = match rest {
            Units::Ucs1(bytes) => bytes.iter().position(|byte| matches!(byte, b'{' | b'}')),
            _ => rest.iter().position(|code| matches!(code, OPEN | CLOSE)),
        };
        self.position = start + length.unwrap_or(rest.len());
        let Some(brace) = self.read() else {
            return Ok(Piece { literal: start..self.position, field: None });
        };
        match (brace, self.peek()) {
            (brace, next) if next == Some(brace) => {
                let literal = start..self.position;
                self.position += 1;
                return Ok(Piece { literal, field: None });
            }
            (CLOSE, _) => return Err("Single '}' encountered in format string"),
            (_, None) => return Err("Single '{' encountered in format string"),
            _ => {}
        }
        let literal = start..self.position - 1;
        Ok(Piece { literal, field: Some(self.field()?) })
    }

    fn field(&mut self) -> Result<Field, FormatError> {
        let start = self.position;
        let terminator = loop {
            match self.read().and_then(char::from_u32) {
                None if self.position >= self.end => {
                    return Err("expected '}' before end of string");
                }
                Some('{') => return Err("unexpected '{' in field name"),
                Some('[') => {
                    while self.peek().is_some_and(|code| code != u32::from(']')) {
                        self.position += 1;
                    }
                }
                Some(terminator @ ('}' | ':' | '!')) => break terminator,
                _ => {}
            }
        };
        let name = start..self.position - 1;
        let empty = self.position..self.position;
        let mut field =
            Field { name, conversion: None, format_spec: empty, needs_expanding: false };
        if terminator == '}' {
            return Ok(field);
        }
        if terminator == '!' {
            let Some(conversion) = self.read() else {
                return Err("end of string while looking for conversion specifier");
            };
            field.conversion = Some(conversion);
            match self.read() {
                Some(CLOSE) => return Ok(field),
                Some(code) if code != u32::from(':') => {
                    return Err("expected ':' after conversion specifier");
                }
                _ => {}
            }
        }
        let start = self.position;
        let mut depth = 1usize;
        while let Some(code) = self.read() {
            match code {
                OPEN => {
                    field.needs_expanding = true;
                    depth += 1;
                }
                CLOSE if depth == 1 => {
                    field.format_spec = start..self.position - 1;
                    return Ok(field);
                }
                CLOSE => depth -= 1,
                _ => {}
            }
        }
        Err("unmatched '{' in format spec")
    }
}

impl Iterator for Markup<'_> {
    type Item = Result<Piece, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.end {
            return None;
        }
        let piece = self.piece();
        if piece.is_err() {
            self.position = self.end;
        }
        Some(piece)
    }
}

/// A part of a field name: a number or a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Key {
    Index(usize),
    Name(Range<usize>),
}

/// What follows the first part of a field name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Access {
    /// `.name`
    Attribute(Range<usize>),
    /// `[key]`
    Item(Key),
}

/// A field name: its first part, then an iterator over the accesses.
#[derive(Clone, Debug)]
pub struct FieldName<'a> {
    text: Units<'a>,
    /// The first part; an empty name asks for automatic numbering.
    pub first: Key,
    position: usize,
    end: usize,
}

fn is_access(code: u32) -> bool {
    code == u32::from('.') || code == u32::from('[')
}

impl<'a> FieldName<'a> {
    /// Split the name in `range` of the text.
    pub fn new(text: Units<'a>, range: Range<usize>) -> Result<Self, FormatError> {
        let name = text.slice(range.start, range.end);
        let length = name.iter().position(is_access).unwrap_or(name.len());
        let position = range.start + length;
        let first = key(text, range.start..position)?;
        Ok(FieldName { text, first, position, end: range.end.min(text.len()) })
    }

    /// Where the accesses start.
    pub fn rest(&self) -> Range<usize> {
        self.position..self.end
    }

    fn access(&mut self) -> Result<Access, FormatError> {
        let rest = self.text.slice(self.position + 1, self.end);
        let start = self.position + 1;
        let access = match self.text.get(self.position).and_then(char::from_u32) {
            Some('.') => {
                let length = rest.iter().position(is_access).unwrap_or(rest.len());
                self.position = start + length;
                Access::Attribute(start..start + length)
            }
            Some('[') => {
                let length = rest.iter().position(|code| code == u32::from(']'));
                let Some(length) = length else { return Err("Missing ']' in format string") };
                self.position = start + length + 1;
                Access::Item(key(self.text, start..start + length)?)
            }
            _ => return Err("Only '.' or '[' may follow ']' in format field specifier"),
        };
        match &access {
            Access::Attribute(name) | Access::Item(Key::Name(name)) if name.is_empty() => {
                Err("Empty attribute in format string")
            }
            _ => Ok(access),
        }
    }
}

impl Iterator for FieldName<'_> {
    type Item = Result<Access, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.end {
            return None;
        }
        let access = self.access();
        if access.is_err() {
            self.position = self.end;
        }
        Some(access)
    }
}

fn key(text: Units<'_>, range: Range<usize>) -> Result<Key, FormatError> {
    if range.is_empty() {
        return Ok(Key::Name(range));
    }
    let mut value = 0usize;
    for code in text.slice(range.start, range.end) {
        let Some(digit) = unicode::decimal(code) else { return Ok(Key::Name(range)) };
        let next = value.checked_mul(10).and_then(|v| v.checked_add(usize::from(digit)));
        let Some(next) = next.filter(|&v| isize::try_from(v).is_ok()) else {
            return Err("Too many decimal digits in format string");
        };
        value = next;
    }
    Ok(Key::Index(value))
}

/// Automatic against manual numbering of fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AutoNumber {
    /// `None` until the first numbered field; then whether numbering is automatic.
    automatic: Option<bool>,
    next: usize,
}

impl AutoNumber {
    /// The positional argument a first part asks for; `None` for a keyword.
    pub fn resolve(&mut self, first: &Key) -> Result<Option<usize>, FormatError> {
        let (automatic, index) = match first {
            Key::Index(index) => (false, *index),
            Key::Name(name) if name.is_empty() => (true, self.next),
            Key::Name(_) => return Ok(None),
        };
        match (*self.automatic.get_or_insert(automatic), automatic) {
            (false, true) => {
                Err("cannot switch from manual field specification to automatic field numbering")
            }
            (true, false) => {
                Err("cannot switch from automatic field numbering to manual field specification")
            }
            _ => {
                self.next += usize::from(automatic);
                Ok(Some(index))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextBuf;

    fn last_error(text: &str) -> Option<FormatError> {
        Markup::new(TextBuf::from(text).as_units()).find_map(Result::err)
    }

    #[test]
    fn malformed_fields_have_cpythons_messages() {
        assert_eq!(last_error("a}"), Some("Single '}' encountered in format string"));
        assert_eq!(last_error("{"), Some("Single '{' encountered in format string"));
        assert_eq!(last_error("{a"), Some("expected '}' before end of string"));
        assert_eq!(last_error("{!rx}"), Some("expected ':' after conversion specifier"));
        assert_eq!(last_error("{a[}]!r:{w}}{{"), None);
    }

    #[test]
    fn a_field_name_splits_into_accesses() {
        let text = TextBuf::from("0.name[12][key]");
        let name = FieldName::new(text.as_units(), 0..15).unwrap();
        assert_eq!(name.first, Key::Index(0));
        let accesses: Result<Vec<_>, _> = name.collect();
        let expected = vec![
            Access::Attribute(2..6),
            Access::Item(Key::Index(12)),
            Access::Item(Key::Name(11..14)),
        ];
        assert_eq!(accesses, Ok(expected));
    }
}
