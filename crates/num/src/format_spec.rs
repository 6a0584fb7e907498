//! The format mini-language:
//! `[[fill]align][sign][z][#][0][width][grouping][.precision[grouping]][type]`.
//!
//! [`parse`] checks what can be checked without knowing the value; the
//! `format_*` functions check the rest for their type and render. Numbers
//! come as text (digits) or machine floats, so that no object is needed here.

use crate::complex::Complex;
use crate::float_text::{self, Code, Flags};
use crate::render::{Align, Rendered};
use crate::{TooLarge, push_repeated};
use std::fmt;

/// How digits are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    #[default]
    None,
    Comma,
    Underscore,
}

/// A parsed format specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatSpec {
    pub fill: u32,
    pub align: Align,
    /// `+`, `-` or a space, if given.
    pub sign: Option<u8>,
    pub no_negative_zero: bool,
    pub alternate: bool,
    pub width: usize,
    pub grouping: Grouping,
    pub precision: Option<usize>,
    pub fraction_grouping: Grouping,
    /// The presentation type, if given.
    pub kind: Option<u32>,
}

/// Why a format specification is wrong (`ValueError`, but see [`Error::is_overflow`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// More than a type character is left over.
    Invalid,
    TooManyDigits,
    CommaAndUnderscore,
    MissingPrecision,
    PrecisionTooBig,
    CannotSpecify {
        grouping: u8,
        kind: u32,
    },
    UnknownCode(u32),
    StringSign,
    StringSpace,
    StringZ,
    StringAlternate,
    StringAlign,
    IntPrecision,
    IntZ,
    CharSign,
    CharAlternate,
    /// `OverflowError`
    CharRange,
    /// `OverflowError`
    CharNotLong,
    ComplexZeroPadding,
    ComplexAlign,
    /// `MemoryError`
    TooLarge,
}

impl From<TooLarge> for Error {
    fn from(_: TooLarge) -> Self {
        Error::TooLarge
    }
}

impl Error {
    /// `OverflowError` rather than `ValueError`.
    pub fn is_overflow(self) -> bool {
        matches!(self, Error::CharRange | Error::CharNotLong)
    }

    /// CPython's message; `spec` is the whole format specification, needed by
    /// [`Error::Invalid`].
    pub fn message(self, spec: &str, type_name: &str) -> String {
        let fixed = match self {
            Error::Invalid => {
                return format!(
                    "Invalid format specifier '{spec}' for object of type '{type_name}'"
                );
            }
            Error::UnknownCode(code) => {
                return format!(
                    "Unknown format code '{}' for object of type '{type_name}'",
                    Shown(code)
                );
            }
            Error::CannotSpecify { grouping, kind } => {
                return format!("Cannot specify '{}' with '{}'.", grouping as char, Shown(kind));
            }
            Error::TooManyDigits => "Too many decimal digits in format string",
            Error::CommaAndUnderscore => "Cannot specify both ',' and '_'.",
            Error::MissingPrecision => "Format specifier missing precision",
            Error::PrecisionTooBig => "precision too big",
            Error::StringSign => "Sign not allowed in string format specifier",
            Error::StringSpace => "Space not allowed in string format specifier",
            Error::StringZ => "Negative zero coercion (z) not allowed in string format specifier",
            Error::StringAlternate => "Alternate form (#) not allowed in string format specifier",
            Error::StringAlign => "'=' alignment not allowed in string format specifier",
            Error::IntPrecision => "Precision not allowed in integer format specifier",
            Error::IntZ => "Negative zero coercion (z) not allowed in integer format specifier",
            Error::CharSign => "Sign not allowed with integer format specifier 'c'",
            Error::CharAlternate => {
                "Alternate form (#) not allowed with integer format specifier 'c'"
            }
            Error::CharNotLong => "Python int too large to convert to C long",
            Error::CharRange => "%c arg not in range(0x110000)",
            Error::ComplexZeroPadding => "Zero padding is not allowed in complex format specifier",
            Error::ComplexAlign => "'=' alignment flag is not allowed in complex format specifier",
            Error::TooLarge => "",
        };
        fixed.to_owned()
    }
}

/// A type character in a message.
struct Shown(u32);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            33..=127 => write!(f, "{}", self.0 as u8 as char),
            code => write!(f, "\\x{code:x}"),
        }
    }
}

/// Value of an ASCII decimal digit, for [`parse`].
pub fn ascii_decimal(c: u32) -> Option<u32> {
    (48..58).contains(&c).then(|| c - 48)
}

struct Reader<'a> {
    rest: &'a [u32],
    decimal: fn(u32) -> Option<u32>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u32> {
        self.rest.first().copied()
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or(&[]);
    }

    fn accept(&mut self, c: u8) -> bool {
        let found = self.peek() == Some(c.into());
        if found {
            self.skip();
        }
        found
    }

    fn number(&mut self) -> Result<Option<usize>, Error> {
        let mut value = None;
        while let Some(digit) = self.peek().and_then(self.decimal) {
            let grown = value.unwrap_or(0usize).checked_mul(10);
            let grown = grown.and_then(|v| v.checked_add(digit as usize));
            let fits = grown.filter(|&v| v <= isize::MAX as usize);
            value = Some(fits.ok_or(Error::TooManyDigits)?);
            self.skip();
        }
        Ok(value)
    }

    fn grouping(&mut self) -> Result<Grouping, Error> {
        let comma = self.accept(b',');
        let underscore = self.accept(b'_');
        if underscore && (comma || self.peek() == Some(b','.into())) {
            return Err(Error::CommaAndUnderscore);
        }
        Ok(match (comma, underscore) {
            (true, _) => Grouping::Comma,
            (_, true) => Grouping::Underscore,
            _ => Grouping::None,
        })
    }
}

fn align_of(c: u32) -> Option<Align> {
    Some(match u8::try_from(c).ok()? {
        b'<' => Align::Left,
        b'>' => Align::Right,
        b'^' => Align::Center,
        b'=' => Align::AfterSign,
        _ => return None,
    })
}

/// Parses a specification given as code points. `default_align` is
/// `Align::Left` for str, else `Align::Right`; `default_kind` is the type that
/// error messages assume where none is given (`s` for str, `d` for int, else
/// none); `decimal` gives the value of a decimal digit.
pub fn parse(
    spec: &[u32],
    default_align: Align,
    default_kind: Option<u8>,
    decimal: fn(u32) -> Option<u32>,
) -> Result<FormatSpec, Error> {
    let mut reader = Reader { rest: spec, decimal };
    let mut fill = None;
    let mut align = None;
    match *spec {
        [c, a, ..] if align_of(a).is_some() => {
            (fill, align) = (Some(c), align_of(a));
            reader.rest = spec.get(2..).unwrap_or(&[]);
        }
        [a, ..] if align_of(a).is_some() => {
            align = align_of(a);
            reader.skip();
        }
        _ => {}
    }
    let sign = [b' ', b'+', b'-'].into_iter().find(|&c| reader.accept(c));
    let no_negative_zero = reader.accept(b'z');
    let alternate = reader.accept(b'#');
    if fill.is_none() && reader.accept(b'0') {
        fill = Some(b'0'.into());
        if align.is_none() && default_align == Align::Right {
            align = Some(Align::AfterSign);
        }
    }
    let width = reader.number()?.unwrap_or(0);
    let grouping = reader.grouping()?;
    let mut precision = None;
    let mut fraction_grouping = Grouping::None;
    if reader.accept(b'.') {
        precision = reader.number()?;
        fraction_grouping = reader.grouping()?;
        if precision.is_none() && fraction_grouping == Grouping::None {
            return Err(Error::MissingPrecision);
        }
    }
    let given = match *reader.rest {
        [] => None,
        [kind] => Some(kind),
        _ => return Err(Error::Invalid),
    };
    let kind = given.or(default_kind.map(u32::from));
    check_grouping(grouping, fraction_grouping, kind)?;
    Ok(FormatSpec {
        fill: fill.unwrap_or(b' '.into()),
        align: align.unwrap_or(default_align),
        sign,
        no_negative_zero,
        alternate,
        width,
        grouping,
        precision,
        fraction_grouping,
        kind,
    })
}

fn check_grouping(whole: Grouping, fraction: Grouping, kind: Option<u32>) -> Result<(), Error> {
    let Some(kind) = kind else { return Ok(()) };
    let ascii = u8::try_from(kind).unwrap_or(0);
    let refuse = |grouping| {
        let grouping = if grouping == Grouping::Comma { b',' } else { b'_' };
        Err(Error::CannotSpecify { grouping, kind })
    };
    let allowed = match whole {
        Grouping::None => true,
        Grouping::Comma => b"defgEG%F".contains(&ascii),
        Grouping::Underscore => b"defgEG%FboxX".contains(&ascii),
    };
    if !allowed {
        return refuse(whole);
    }
    if fraction != Grouping::None && ascii == b'n' {
        return refuse(fraction);
    }
    Ok(())
}

/// How a locale groups digits, as `localeconv()` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale {
    pub decimal_point: String,
    pub thousands_separator: String,
    /// Group sizes from the point leftwards; the last one repeats, unless it
    /// is `CHAR_MAX` (127) or more, which ends grouping.
    pub grouping: Vec<u8>,
}

impl Default for Locale {
    fn default() -> Self {
        Locale {
            decimal_point: ".".to_owned(),
            thousands_separator: String::new(),
            grouping: Vec::new(),
        }
    }
}

impl Locale {
    pub(crate) fn fixed(grouping: Grouping, size: u8) -> Self {
        let (separator, sizes) = match grouping {
            Grouping::None => ("", vec![]),
            Grouping::Comma => (",", vec![size]),
            Grouping::Underscore => ("_", vec![size]),
        };
        Locale { thousands_separator: separator.to_owned(), grouping: sizes, ..Locale::default() }
    }
}

/// `digits` with separators, after adding leading zeros until the result has
/// at least `min_width` code points.
pub(crate) fn group(digits: &str, min_width: usize, locale: &Locale) -> Result<String, TooLarge> {
    let separator_width = locale.thousands_separator.chars().count();
    let mut sizes = locale.grouping.iter().copied();
    let mut last = 0usize;
    let mut left = digits.len();
    let mut wanted = min_width;
    // Groups from the right: (leading zeros, digits), until nothing is wanted.
    let mut groups: Vec<(usize, usize)> = Vec::new();
    groups.try_reserve(min_width.saturating_sub(digits.len()) / 2 + 2).map_err(|_| TooLarge)?;
    loop {
        last = match sizes.next() {
            Some(0) => last,
            Some(size) if size >= 127 => 0,
            Some(size) => size.into(),
            None => last,
        };
        let room = if last == 0 { usize::MAX } else { last };
        if !groups.is_empty() {
            wanted = wanted.saturating_sub(separator_width);
        }
        // Every group has at least one digit, the first even for "".
        let needed = left.max(wanted).max(usize::from(groups.is_empty() && !digits.is_empty()));
        let take = room.min(needed.max(usize::from(!groups.is_empty())));
        let present = take.min(left);
        groups.push((take - present, present));
        left -= present;
        wanted = wanted.saturating_sub(take);
        if left == 0 && wanted == 0 {
            break;
        }
        if take == 0 {
            break;
        }
    }
    let mut out = String::new();
    let mut at = 0;
    for (i, &(zeros, present)) in groups.iter().rev().enumerate() {
        if i > 0 {
            out.try_reserve(locale.thousands_separator.len()).map_err(|_| TooLarge)?;
            out.push_str(&locale.thousands_separator);
        }
        push_repeated(&mut out, b'0', zeros)?;
        out.push_str(digits.get(at..at + present).unwrap_or(""));
        at += present;
    }
    Ok(out)
}

/// The parts of a number's text.
struct Number<'a> {
    negative: bool,
    prefix: &'a str,
    digits: &'a str,
    /// Digits after the point, without it.
    fraction: &'a str,
    has_point: bool,
    /// Exponent, `%`, or the whole of `inf` and `nan`.
    rest: &'a str,
}

fn render_number(
    spec: &FormatSpec,
    number: &Number<'_>,
    locale: &Locale,
) -> Result<Rendered, TooLarge> {
    let mut head = String::new();
    match (number.negative, spec.sign) {
        (true, _) => head.push('-'),
        (false, Some(b'+')) => head.push('+'),
        (false, Some(b' ')) => head.push(' '),
        _ => {}
    }
    head.push_str(number.prefix);
    let mut tail = String::new();
    if number.has_point {
        tail.push_str(&locale.decimal_point);
    }
    push_fraction(&mut tail, number.fraction, spec.fraction_grouping)?;
    tail.push_str(number.rest);
    let zero_padded = spec.fill == b'0'.into() && spec.align == Align::AfterSign;
    let mut body = if number.digits.is_empty() {
        String::new()
    } else {
        let others = head.chars().count() + tail.chars().count();
        let min_width = if zero_padded { spec.width.saturating_sub(others) } else { 0 };
        group(number.digits, min_width, locale)?
    };
    body.try_reserve(tail.len()).map_err(|_| TooLarge)?;
    body.push_str(&tail);
    Ok(Rendered::pad(head, body, spec.width, spec.align, spec.fill))
}

fn push_fraction(out: &mut String, digits: &str, grouping: Grouping) -> Result<(), TooLarge> {
    let separator = match grouping {
        Grouping::None => {
            out.try_reserve(digits.len()).map_err(|_| TooLarge)?;
            out.push_str(digits);
            return Ok(());
        }
        Grouping::Comma => ',',
        Grouping::Underscore => '_',
    };
    out.try_reserve(digits.len() + digits.len() / 3).map_err(|_| TooLarge)?;
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && i % 3 == 0 {
            out.push(separator);
        }
        out.push(digit);
    }
    Ok(())
}

/// How an int is to be formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntKind {
    /// As digits in this base, upper case if asked: [`format_int`].
    Digits { base: u32, upper: bool },
    /// As a character: [`format_char`].
    Char,
    /// Converted to float: [`format_float`].
    Float,
}

/// What the specification asks for an int.
pub fn int_kind(spec: &FormatSpec) -> Result<IntKind, Error> {
    let code = spec.kind.unwrap_or(b'd'.into());
    let digits = |base, upper| Ok(IntKind::Digits { base, upper });
    let kind = match u8::try_from(code).unwrap_or(0) {
        b'd' | b'n' => digits(10, false),
        b'b' => digits(2, false),
        b'o' => digits(8, false),
        b'x' => digits(16, false),
        b'X' => digits(16, true),
        b'c' => Ok(IntKind::Char),
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%' => return Ok(IntKind::Float),
        _ => return Err(Error::UnknownCode(code)),
    };
    if spec.precision.is_some() {
        return Err(Error::IntPrecision);
    }
    if spec.no_negative_zero {
        return Err(Error::IntZ);
    }
    if kind == Ok(IntKind::Char) {
        if spec.sign.is_some() {
            return Err(Error::CharSign);
        }
        if spec.alternate {
            return Err(Error::CharAlternate);
        }
    }
    kind
}

/// Formats an int: sign, and digits of the magnitude in the base that
/// [`int_kind`] said. `locale` is used by type `n`.
pub fn format_int(
    spec: &FormatSpec,
    negative: bool,
    digits: &str,
    locale: &Locale,
) -> Result<Rendered, Error> {
    let IntKind::Digits { base, upper } = int_kind(spec)? else {
        return Err(Error::UnknownCode(spec.kind.unwrap_or(b'd'.into())));
    };
    let prefix = match (spec.alternate, base, upper) {
        (true, 2, _) => "0b",
        (true, 8, _) => "0o",
        (true, 16, false) => "0x",
        (true, 16, true) => "0X",
        _ => "",
    };
    let uppercase;
    let digits = if upper {
        uppercase = digits.to_ascii_uppercase();
        &uppercase
    } else {
        digits
    };
    let number = Number { negative, prefix, digits, fraction: "", has_point: false, rest: "" };
    let fixed;
    let locale = if spec.kind == Some(b'n'.into()) {
        locale
    } else {
        fixed = Locale::fixed(spec.grouping, if base == 10 { 3 } else { 4 });
        &fixed
    };
    Ok(render_number(spec, &number, locale)?)
}

/// Formats an int with type `c`; `code` is its value if it fits. The code
/// point comes back beside the padding, as it may be a surrogate: the text is
/// `left` fills, the code point, `right` fills.
pub fn format_char(spec: &FormatSpec, code: Option<i64>) -> Result<(u32, Rendered), Error> {
    let code = u32::try_from(code.ok_or(Error::CharNotLong)?).unwrap_or(u32::MAX);
    if code > 0x10_ffff {
        return Err(Error::CharRange);
    }
    let (left, inner, right) = crate::render::padding(1, spec.width, spec.align);
    let rendered = Rendered {
        left: left + inner,
        head: String::new(),
        inner: 0,
        body: String::new(),
        right,
        fill: spec.fill,
    };
    Ok((code, rendered))
}

/// Formats a float (or an int as float); `locale` is used by type `n`.
pub fn format_float(spec: &FormatSpec, x: f64, locale: &Locale) -> Result<Rendered, Error> {
    let mut code = spec.kind.unwrap_or(0);
    let mut flags = Flags {
        alternate: spec.alternate,
        no_negative_zero: spec.no_negative_zero,
        ..Flags::default()
    };
    let mut value = x;
    let mut default_precision = 6;
    let percent = code == b'%'.into();
    match u8::try_from(code).unwrap_or(b'?') {
        0 if spec.kind.is_none() => {
            flags.add_dot_0 = true;
            default_precision = 0;
            code = b'r'.into();
        }
        b'n' => code = b'g'.into(),
        b'%' => {
            value *= 100.0;
            code = b'f'.into();
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {}
        _ => return Err(Error::UnknownCode(code)),
    }
    let precision = match spec.precision {
        None => default_precision,
        Some(_) if code == b'r'.into() => {
            code = b'g'.into();
            spec.precision.unwrap_or(0)
        }
        Some(precision) => precision,
    };
    if precision > float_text::MAX_PRECISION {
        return Err(Error::PrecisionTooBig);
    }
    let (code, upper) = Code::from_char(code).ok_or(Error::UnknownCode(code))?;
    let mut text = float_text::to_text(value, code, precision, flags)?;
    if upper {
        text.make_ascii_uppercase();
    }
    if percent {
        text.push('%');
    }
    let number = split_number(&text);
    let fixed;
    let locale = if spec.kind == Some(b'n'.into()) {
        locale
    } else {
        fixed = Locale::fixed(spec.grouping, 3);
        &fixed
    };
    Ok(render_number(spec, &number, locale)?)
}

fn split_number(text: &str) -> Number<'_> {
    let negative = text.starts_with('-');
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let run = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(run(text));
    match rest.strip_prefix('.') {
        Some(after) => {
            let (fraction, rest) = after.split_at(run(after));
            Number { negative, prefix: "", digits, fraction, has_point: true, rest }
        }
        None => Number { negative, prefix: "", digits, fraction: "", has_point: false, rest },
    }
}

/// Formats a complex number; `locale` is used by type `n`.
pub fn format_complex(spec: &FormatSpec, z: Complex, locale: &Locale) -> Result<Rendered, Error> {
    let given = spec.kind;
    let code = match given.map(|kind| u8::try_from(kind).unwrap_or(b'?')) {
        None if spec.precision.is_some() => b'g',
        None => b'r',
        Some(b'n') => b'g',
        Some(c @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G')) => c,
        Some(_) => return Err(Error::UnknownCode(given.unwrap_or(0))),
    };
    if spec.fill == b'0'.into() {
        return Err(Error::ComplexZeroPadding);
    }
    if spec.align == Align::AfterSign {
        return Err(Error::ComplexAlign);
    }
    let precision = spec.precision.unwrap_or(if code == b'r' { 0 } else { 6 });
    if precision > float_text::MAX_PRECISION {
        return Err(Error::PrecisionTooBig);
    }
    let flags = Flags {
        alternate: spec.alternate,
        no_negative_zero: spec.no_negative_zero,
        ..Flags::default()
    };
    let (code, upper) = Code::from_char(code.into()).ok_or(Error::UnknownCode(code.into()))?;
    let fixed;
    let locale = if given == Some(b'n'.into()) {
        locale
    } else {
        fixed = Locale::fixed(spec.grouping, 3);
        &fixed
    };
    let part = |x: f64, sign: Option<u8>| -> Result<String, Error> {
        let mut text = float_text::to_text(x, code, precision, flags)?;
        if upper {
            text.make_ascii_uppercase();
        }
        let unpadded = FormatSpec { width: 0, sign, ..*spec };
        let rendered = render_number(&unpadded, &split_number(&text), locale)?;
        Ok(rendered.head + &rendered.body)
    };
    let only_imag = given.is_none() && z.real == 0.0 && z.real.is_sign_positive();
    let parentheses = given.is_none() && !only_imag;
    let mut body = String::new();
    if parentheses {
        body.push('(');
    }
    if only_imag {
        body.push_str(&part(z.imag, spec.sign)?);
    } else {
        body.push_str(&part(z.real, spec.sign)?);
        body.push_str(&part(z.imag, Some(b'+'))?);
    }
    body.push('j');
    if parentheses {
        body.push(')');
    }
    Ok(Rendered::pad(String::new(), body, spec.width, spec.align, spec.fill))
}

/// How to format a str of `length` code points: how many of them to keep, and
/// the padding around (`left`, `right`).
pub fn format_str(spec: &FormatSpec, length: usize) -> Result<(usize, usize, usize), Error> {
    match spec.kind {
        None => {}
        Some(kind) if kind == b's'.into() => {}
        Some(kind) => return Err(Error::UnknownCode(kind)),
    }
    match spec.sign {
        Some(b' ') => return Err(Error::StringSpace),
        Some(_) => return Err(Error::StringSign),
        None => {}
    }
    if spec.no_negative_zero {
        return Err(Error::StringZ);
    }
    if spec.alternate {
        return Err(Error::StringAlternate);
    }
    if spec.align == Align::AfterSign {
        return Err(Error::StringAlign);
    }
    let kept = spec.precision.map_or(length, |precision| precision.min(length));
    let (left, _, right) = crate::render::padding(kept, spec.width, spec.align);
    Ok((kept, left, right))
}

#[cfg(test)]
mod tests;
