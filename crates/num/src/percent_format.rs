//! printf-style formatting for str and bytes.
//!
//! The parser walks the format and asks its caller ([`Arguments`]) for a
//! mapping or a `*` value at the moment CPython would, because each of these
//! may fail or run code and the first error wins. Everything that does not
//! depend on whether the text is str or bytes is here.

use crate::float_text::{self, Code, Flags as FloatFlags};
use crate::render::{Align, Rendered};
use crate::{TooLarge, push_repeated};
use std::fmt;
use std::ops::Range;

/// Format text by position: code points of a str, or bytes.
pub trait Source {
    /// The one at `index`, if there are as many.
    fn at(&self, index: usize) -> Option<u32>;

    /// Where the first `%` at or after `start` is, or the end.
    fn percent_from(&self, start: usize) -> usize {
        let mut at = start;
        while self.at(at).is_some_and(|code| code != PERCENT) {
            at += 1;
        }
        at
    }
}

macro_rules! slice_source {
    ($($unit:ty)*) => {$(
        impl Source for [$unit] {
            fn at(&self, index: usize) -> Option<u32> {
                self.get(index).map(|&unit| unit.into())
            }
        }
    )*};
}
slice_source!(u8 u16 u32);

/// What a format takes while being parsed.
pub trait Arguments {
    type Error;
    /// `%(key)`: raise `TypeError: format requires a mapping` if it is none.
    fn require_mapping(&mut self) -> Result<(), Self::Error>;
    /// Select the value under the key, which is this range of the format.
    fn select_key(&mut self, key: Range<usize>) -> Result<(), Self::Error>;
    /// The next argument as a width (`TypeError: * wants int`, or
    /// `OverflowError` beyond `Py_ssize_t`).
    fn star_width(&mut self) -> Result<isize, Self::Error>;
    /// The next argument as a precision (likewise, beyond C `int`).
    fn star_precision(&mut self) -> Result<i32, Self::Error>;
}

/// Conversion flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub left: bool,
    pub sign: bool,
    pub blank: bool,
    pub alternate: bool,
    pub zero: bool,
}

/// One conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    pub flags: Flags,
    pub width: usize,
    pub precision: Option<usize>,
    /// The conversion character.
    pub conversion: u32,
    /// Its index in the format.
    pub index: usize,
}

impl Spec {
    /// The error for a conversion that does not exist. CPython reports it
    /// after it fetched the argument.
    pub fn unsupported(&self) -> Error {
        Error::Unsupported { conversion: self.conversion, index: self.index }
    }
}

/// Why a format is wrong (`ValueError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    Incomplete,
    IncompleteKey,
    WidthTooBig,
    /// bytes say `prec too big`.
    PrecisionTooBig,
    Unsupported {
        conversion: u32,
        index: usize,
    },
}

impl Error {
    /// The message for bytes where it differs from that for str.
    pub fn bytes_message(self) -> String {
        match self {
            Error::PrecisionTooBig => "prec too big".to_owned(),
            Error::Unsupported { conversion, index } => {
                let shown = char::from_u32(conversion).unwrap_or('?');
                format!(
                    "unsupported format character '{shown}' (0x{conversion:x}) at index {index}"
                )
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::Incomplete => f.write_str("incomplete format"),
            Error::IncompleteKey => f.write_str("incomplete format key"),
            Error::WidthTooBig => f.write_str("width too big"),
            Error::PrecisionTooBig => f.write_str("precision too big"),
            Error::Unsupported { conversion, index } => {
                let shown = match conversion {
                    31..=126 => conversion as u8 as char,
                    _ => '?',
                };
                write!(
                    f,
                    "unsupported format character '{shown}' (0x{conversion:x}) at index {index}"
                )
            }
        }
    }
}

/// A failure of the format or of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure<E> {
    Format(Error),
    Arguments(E),
}

impl<E> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Failure::Format(error)
    }
}

/// A piece of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text to copy. `%%` is a piece of one `%`.
    Literal(Range<usize>),
    Conversion(Spec),
}

/// The parser: call [`Parser::next`] until `None`.
pub struct Parser<'a, S: ?Sized> {
    source: &'a S,
    at: usize,
}

const PERCENT: u32 = b'%' as u32;

impl<'a, S: Source + ?Sized> Parser<'a, S> {
    /// A parser at the start of `source`.
    pub fn new(source: &'a S) -> Self {
        Parser { source, at: 0 }
    }

    /// The next piece.
    pub fn next<A: Arguments>(
        &mut self,
        arguments: &mut A,
    ) -> Option<Result<Piece, Failure<A::Error>>> {
        let start = self.at;
        self.at = self.source.percent_from(start);
        if self.at > start {
            return Some(Ok(Piece::Literal(start..self.at)));
        }
        self.source.at(self.at)?;
        if self.source.at(self.at + 1) == Some(PERCENT) {
            self.at += 2;
            return Some(Ok(Piece::Literal(self.at - 1..self.at)));
        }
        self.at += 1;
        Some(self.conversion(arguments))
    }

    fn accept(&mut self, c: u8) -> bool {
        let found = self.source.at(self.at) == Some(c.into());
        self.at += usize::from(found);
        found
    }

    fn conversion<A: Arguments>(&mut self, arguments: &mut A) -> Result<Piece, Failure<A::Error>> {
        if self.source.at(self.at) == Some(b'('.into()) {
            arguments.require_mapping().map_err(Failure::Arguments)?;
            let key = self.key()?;
            arguments.select_key(key).map_err(Failure::Arguments)?;
        }
        let flags = self.flags();
        let mut spec = Spec { flags, width: 0, precision: None, conversion: 0, index: 0 };
        if self.accept(b'*') {
            let width = arguments.star_width().map_err(Failure::Arguments)?;
            spec.flags.left |= width < 0;
            spec.width = width.unsigned_abs();
        } else {
            let width = self.number(isize::MAX as usize).map_err(|()| Error::WidthTooBig)?;
            spec.width = width.unwrap_or(0);
        }
        if self.accept(b'.') {
            spec.precision = if self.accept(b'*') {
                let precision = arguments.star_precision().map_err(Failure::Arguments)?;
                Some(usize::try_from(precision).unwrap_or(0))
            } else {
                let most = i32::MAX as usize;
                let number = self.number(most).map_err(|()| Error::PrecisionTooBig)?;
                Some(number.unwrap_or(0))
            };
        }
        // One C length modifier is accepted and means nothing.
        let _ = self.accept(b'h') || self.accept(b'l') || self.accept(b'L');
        spec.index = self.at;
        spec.conversion = self.source.at(self.at).ok_or(Error::Incomplete)?;
        self.at += 1;
        Ok(Piece::Conversion(spec))
    }

    /// A key with balanced parentheses.
    fn key(&mut self) -> Result<Range<usize>, Error> {
        let start = self.at + 1;
        let mut depth = 0usize;
        while let Some(c) = self.source.at(self.at) {
            self.at += 1;
            if c == b'('.into() {
                depth += 1;
            } else if c == b')'.into() {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Ok(start..self.at - 1);
                }
            }
        }
        Err(Error::IncompleteKey)
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(c) = self.source.at(self.at) {
            match u8::try_from(c) {
                Ok(b'-') => flags.left = true,
                Ok(b'+') => flags.sign = true,
                Ok(b' ') => flags.blank = true,
                Ok(b'#') => flags.alternate = true,
                Ok(b'0') => flags.zero = true,
                _ => break,
            }
            self.at += 1;
        }
        flags
    }

    fn number(&mut self, most: usize) -> Result<Option<usize>, ()> {
        let mut value = None;
        while let Some(c) = self.source.at(self.at).filter(|c| (48..58).contains(c)) {
            let digit = (c - 48) as usize;
            let grown = value.unwrap_or(0usize).checked_mul(10).and_then(|v| v.checked_add(digit));
            value = Some(grown.filter(|&v| v <= most).ok_or(())?);
            self.at += 1;
        }
        Ok(value)
    }
}

/// The base of an integer conversion (`d i u o x X`).
pub fn int_base(conversion: u32) -> Option<u32> {
    match u8::try_from(conversion).ok()? {
        b'd' | b'i' | b'u' => Some(10),
        b'o' => Some(8),
        b'x' | b'X' => Some(16),
        _ => None,
    }
}

/// Renders an int: its sign, and the digits of its magnitude in
/// [`int_base`], lower case.
pub fn format_int(spec: &Spec, negative: bool, digits: &str) -> Result<Rendered, TooLarge> {
    let mut prefix = "";
    if spec.flags.alternate {
        prefix = match u8::try_from(spec.conversion) {
            Ok(b'o') => "0o",
            Ok(b'x') => "0x",
            Ok(b'X') => "0X",
            _ => "",
        };
    }
    let mut body = String::new();
    let zeros = spec.precision.unwrap_or(0).saturating_sub(digits.len());
    push_repeated(&mut body, b'0', zeros)?;
    body.push_str(digits);
    if spec.conversion == b'X'.into() {
        body.make_ascii_uppercase();
    }
    Ok(pad_number(spec, negative, prefix, body))
}

/// Renders a float for `e E f F g G`.
pub fn format_float(spec: &Spec, x: f64) -> Result<Rendered, TooLarge> {
    let (code, upper) = Code::from_char(spec.conversion).unwrap_or((Code::General, false));
    let flags = FloatFlags { alternate: spec.flags.alternate, ..FloatFlags::default() };
    let mut text = float_text::to_text(x, code, spec.precision.unwrap_or(6), flags)?;
    if upper {
        text.make_ascii_uppercase();
    }
    let negative = text.starts_with('-');
    let body = if negative { text.split_off(1) } else { text };
    Ok(pad_number(spec, negative, "", body))
}

fn pad_number(spec: &Spec, negative: bool, prefix: &str, body: String) -> Rendered {
    let mut head = String::new();
    if negative {
        head.push('-');
    } else if spec.flags.sign {
        head.push('+');
    } else if spec.flags.blank {
        head.push(' ');
    }
    head.push_str(prefix);
    let (align, fill) = match (spec.flags.left, spec.flags.zero) {
        (true, _) => (Align::Left, b' '),
        (false, true) => (Align::AfterSign, b'0'),
        (false, false) => (Align::Right, b' '),
    };
    Rendered::pad(head, body, spec.width, align, fill.into())
}

/// For `c r s a`: how many of `length` units to keep, and the spaces around
/// (`left`, `right`). The precision does not concern `c`.
pub fn format_text(spec: &Spec, length: usize) -> (usize, usize, usize) {
    let kept = match spec.precision {
        Some(precision) if spec.conversion != b'c'.into() => precision.min(length),
        _ => length,
    };
    let align = if spec.flags.left { Align::Left } else { Align::Right };
    let (left, _, right) = crate::render::padding(kept, spec.width, align);
    (kept, left, right)
}

#[cfg(test)]
mod tests;
