//! `float` to text and back.
//!
//! Output is one layout routine fed with decimal digits and the position of
//! the point; the digits are the shortest that round-trip (`r`) or the exact
//! value correctly rounded to a precision (`e`, `f`, `g`). A double has at
//! most 767 significant digits and 1074 after the point, so precisions beyond
//! [`EXACT`] only add zeros, from a fallible allocation.

use crate::{TooLarge, push_repeated};
use std::fmt;

/// No double has more decimal digits than this, on either side of the point.
const EXACT: usize = 1100;

/// `Py_DTSF_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Write `+` before positive numbers.
    pub sign: bool,
    /// Write `.0` after an integral result without exponent.
    pub add_dot_0: bool,
    /// `#`: keep the point and trailing zeros.
    pub alternate: bool,
    /// `z`: a result that rounds to zero has no sign.
    pub no_negative_zero: bool,
}

/// The format codes of `PyOS_double_to_string`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Exponent,
    Fixed,
    General,
    Repr,
}

impl Code {
    /// The code for one of `eEfFgGr` and whether its output is upper case.
    pub fn from_char(c: u32) -> Option<(Self, bool)> {
        let c = u8::try_from(c).ok()?;
        Some(match c {
            b'e' | b'E' => (Code::Exponent, c == b'E'),
            b'f' | b'F' => (Code::Fixed, c == b'F'),
            b'g' | b'G' => (Code::General, c == b'G'),
            b'r' => (Code::Repr, false),
            _ => return None,
        })
    }
}

/// `repr(x)`.
pub fn repr(x: f64) -> String {
    let mut out = String::with_capacity(24);
    write_repr(&mut out, x);
    out
}

/// Appends `repr(x)`.
pub fn write_repr(out: &mut String, x: f64) {
    // PERF: json.dumps of floats; these magnitudes look alike in both worlds.
    if x == 0.0 || (1e-4..1e16).contains(&x.abs()) {
        out.push_str(zmij::Buffer::new().format_finite(x));
    } else {
        repr_part(out, x, Flags { add_dot_0: true, ..Flags::default() });
    }
}

/// Appends the shortest text of `x` under `flags`.
pub(crate) fn repr_part(out: &mut String, x: f64, flags: Flags) {
    // Without a precision the text is short: nothing to run out of.
    let _ = write(out, x, Code::Repr, 0, flags);
}

/// The most digits that a float is rendered with.
///
/// COMPAT: a little below what a C `int` holds; test_format.FormatTest.test_precision_near_int_max.
pub const MAX_PRECISION: usize = i32::MAX as usize - 1024;

/// `PyOS_double_to_string`, lower case.
pub fn to_text(x: f64, code: Code, precision: usize, flags: Flags) -> Result<String, TooLarge> {
    if precision > MAX_PRECISION {
        return Err(TooLarge);
    }
    let mut out = String::new();
    write(&mut out, x, code, precision, flags)?;
    Ok(out)
}

/// Appends [`to_text`].
pub fn write(
    out: &mut String,
    x: f64,
    code: Code,
    precision: usize,
    flags: Flags,
) -> Result<(), TooLarge> {
    if !x.is_finite() {
        if x.is_sign_negative() && !x.is_nan() {
            out.push('-');
        } else if flags.sign {
            out.push('+');
        }
        out.push_str(if x.is_nan() { "nan" } else { "inf" });
        return Ok(());
    }
    let precision = if code == Code::General { precision.max(1) } else { precision };
    let (digits, point) = match code {
        Code::Repr => shortest_digits(x.abs()),
        Code::Exponent => rounded_digits(x.abs(), precision.saturating_add(1)),
        Code::General => rounded_digits(x.abs(), precision),
        Code::Fixed => fixed_digits(x.abs(), precision),
    };
    let is_zero = digits == "0";
    if x.is_sign_negative() && !(flags.no_negative_zero && is_zero) {
        out.push('-');
    } else if flags.sign {
        out.push('+');
    }
    let point = if is_zero { 1 } else { point };
    layout(out, &digits, i64::from(point), code, precision, flags)
}

/// Writes `digits` (no trailing zeros) with the point after `point` of them.
fn layout(
    out: &mut String,
    digits: &str,
    point: i64,
    code: Code,
    precision: usize,
    flags: Flags,
) -> Result<(), TooLarge> {
    let wanted = i64::try_from(precision).map_err(|_| TooLarge)?;
    let use_exponent = match code {
        Code::Exponent => true,
        Code::Fixed => false,
        Code::General => point <= -4 || point > wanted - i64::from(flags.add_dot_0),
        Code::Repr => point <= -4 || point > 16,
    };
    // `end`: how many digits, counted from the first one, must be written.
    let mut end = digits.len() as i64;
    match code {
        Code::Exponent => end = wanted.checked_add(1).ok_or(TooLarge)?,
        Code::Fixed => end = point.checked_add(wanted).ok_or(TooLarge)?,
        Code::General if flags.alternate => end = wanted,
        _ => {}
    }
    let shown_point = if use_exponent { 1 } else { point };
    let minimum = if !use_exponent && flags.add_dot_0 { shown_point + 1 } else { shown_point };
    end = end.max(minimum).max(digits.len() as i64);

    if shown_point <= 0 {
        out.push('0');
    } else {
        push_digits(out, digits, 0, shown_point)?;
    }
    if end > shown_point {
        out.push('.');
        if shown_point < 0 {
            push_repeated(out, b'0', shown_point.unsigned_abs() as usize)?;
        }
        push_digits(out, digits, shown_point.max(0), end)?;
    } else if flags.alternate {
        out.push('.');
    }
    if use_exponent {
        let exponent = point - 1;
        out.push('e');
        out.push(if exponent < 0 { '-' } else { '+' });
        let magnitude = exponent.unsigned_abs();
        if magnitude < 10 {
            out.push('0');
        }
        let _ = fmt::Write::write_fmt(out, format_args!("{magnitude}"));
    }
    Ok(())
}

/// Appends digits `from..to`, zeros where there are none.
fn push_digits(out: &mut String, digits: &str, from: i64, to: i64) -> Result<(), TooLarge> {
    let from = from as usize;
    let to = (to.max(0) as usize).max(from);
    let present = to.min(digits.len());
    out.push_str(digits.get(from..present).unwrap_or(""));
    push_repeated(out, b'0', to - present.max(from))
}

/// The shortest digits that round-trip, and the position of the point.
pub fn shortest_digits(x: f64) -> (String, i32) {
    split_digits(zmij::Buffer::new().format_finite(x))
}

/// Decimal digits without trailing zeros, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShortDigits {
    pub(crate) value: u64,
    pub(crate) length: usize,
    /// How many digits are before the point.
    pub(crate) point: i32,
}

impl ShortDigits {
    const ZERO: Self = ShortDigits { value: 0, length: 1, point: 1 };

    /// The shortest digits of a finite |x| that round-trip.
    pub(crate) fn shortest(x: f64) -> Self {
        if x == 0.0 {
            return Self::ZERO;
        }
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(x.abs());
        let (number, exponent) = text.split_once('e').unwrap_or((text, ""));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let (mut value, mut length, mut zeros) = (0u64, 0usize, 0usize);
        let (mut seen, mut whole) = (0, None);
        for byte in number.bytes() {
            match byte {
                b'.' => {
                    whole = Some(seen);
                    continue;
                }
                b'0' => zeros += usize::from(length > 0),
                digit => {
                    value = value * 10u64.pow(zeros as u32 + 1) + u64::from(digit - b'0');
                    length += zeros + 1;
                    zeros = 0;
                }
            }
            seen += 1;
        }
        // `seen` digits, of which some lead or trail as zeros.
        let leading = seen - (length + zeros) as i32;
        ShortDigits { value, length, point: whole.unwrap_or(seen) - leading + exponent }
    }

    /// `count` significant digits of a finite |x|, correctly rounded; `None` if the shortest
    /// digits do not tell.
    ///
    /// Of a normal number they differ from the exact value by less than half a unit of the 15th
    /// digit, and no decimal of fewer digits, nor a nearer one of as many, lies between the two:
    /// so both round alike, unless the shortest digits end half-way between two results.
    pub(crate) fn rounded(x: f64, count: usize) -> Option<Self> {
        if x == 0.0 {
            return Some(Self::ZERO);
        }
        if !x.is_normal() || count == 0 {
            return None;
        }
        let short = Self::shortest(x);
        let Some(excess) = short.length.checked_sub(count).filter(|&excess| excess > 0) else {
            return (count <= 15).then_some(short);
        };
        let scale = 10u64.checked_pow(excess as u32)?;
        let (mut value, rest) = (short.value / scale, short.value % scale);
        let (mut length, mut point) = (count, short.point);
        match rest.cmp(&(scale / 2)) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return None,
            std::cmp::Ordering::Greater => value += 1,
        }
        if value == 10u64.checked_pow(count as u32)? {
            (value, length, point) = (1, 1, point + 1);
        }
        while value.is_multiple_of(10) {
            value /= 10;
            length -= 1;
        }
        Some(ShortDigits { value, length, point })
    }
}

/// `count` significant digits, correctly rounded.
fn rounded_digits(x: f64, count: usize) -> (String, i32) {
    split_digits(&format!("{x:.*e}", count.clamp(1, EXACT) - 1))
}

/// `precision` digits after the point, correctly rounded.
fn fixed_digits(x: f64, precision: usize) -> (String, i32) {
    split_digits(&format!("{x:.*}", precision.min(EXACT)))
}

/// All digits of the exact value.
pub(crate) fn exact_digits(x: f64) -> (String, i32) {
    rounded_digits(x, EXACT)
}

/// Significant digits and position of the point of plain decimal text;
/// zero is ("0", 1).
fn split_digits(text: &str) -> (String, i32) {
    let (number, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut digits = String::with_capacity(whole.len() + fraction.len());
    digits.push_str(whole);
    digits.push_str(fraction);
    let leading = digits.bytes().take_while(|&b| b == b'0').count();
    let significant = digits.get(leading..).unwrap_or("").trim_end_matches('0');
    if significant.is_empty() {
        return ("0".to_owned(), 1);
    }
    (significant.to_owned(), whole.len() as i32 + exponent - leading as i32)
}

/// ASCII whitespace as `str.strip` sees it (with VT and the separators).
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d | 0x1c..=0x1f)
}

pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_space(*first) {
            break;
        }
        text = rest;
    }
    while let [rest @ .., last] = text {
        if !is_space(*last) {
            break;
        }
        text = rest;
    }
    text
}

/// Removes underscores, each of which must stand between two digits.
pub fn strip_underscores(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve(text.len()).ok()?;
    let mut previous = 0u8;
    for &byte in text {
        if byte == b'_' {
            if !previous.is_ascii_digit() {
                return None;
            }
        } else {
            if previous == b'_' && !byte.is_ascii_digit() {
                return None;
            }
            out.push(byte);
        }
        previous = byte;
    }
    (previous != b'_').then_some(out)
}

/// `float(text)` for ASCII text without surrounding whitespace; `None` is
/// `ValueError: could not convert string to float: …`.
pub fn parse(text: &[u8]) -> Option<f64> {
    if text.contains(&b'_') {
        let plain = strip_underscores(text)?;
        return parse_whole(&plain);
    }
    parse_whole(text)
}

fn parse_whole(text: &[u8]) -> Option<f64> {
    let (value, used) = parse_prefix(text)?;
    (used == text.len()).then_some(value)
}

/// The value of digits with an optional `-`, fraction and exponent, and nothing else.
pub fn parse_decimal(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The longest prefix that is a number (no underscores, no whitespace), and
/// its length.
pub fn parse_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let at = |i: usize| text.get(i).copied().unwrap_or(0);
    let run = |mut i: usize| {
        while at(i).is_ascii_digit() {
            i += 1;
        }
        i
    };
    let negative = at(0) == b'-';
    let start = usize::from(negative || at(0) == b'+');
    let signed = |x: f64| if negative { -x } else { x };
    let word =
        |w: &[u8]| text.get(start..start + w.len()).is_some_and(|t| t.eq_ignore_ascii_case(w));
    if at(start).is_ascii_alphabetic() {
        let names =
            [(&b"infinity"[..], f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)];
        let (name, value) = names.into_iter().find(|(name, _)| word(name))?;
        return Some((signed(value), start + name.len()));
    }
    let mut end = run(start);
    let mut count = end - start;
    if at(end) == b'.' {
        let fraction_end = run(end + 1);
        count += fraction_end - end - 1;
        end = fraction_end;
    }
    if count == 0 {
        return None;
    }
    if matches!(at(end), b'e' | b'E') {
        let digits = end + 1 + usize::from(matches!(at(end + 1), b'+' | b'-'));
        let exponent_end = run(digits);
        if exponent_end > digits {
            end = exponent_end;
        }
    }
    let value = std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()?;
    Some((value, end))
}

/// `x.hex()`.
pub fn hex(x: f64) -> String {
    if !x.is_finite() {
        return to_text(x, Code::Repr, 0, Flags::default()).unwrap_or_default();
    }
    let sign = if x.is_sign_negative() { "-" } else { "" };
    if x == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = x.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let biased = ((bits >> 52) & 0x7ff) as i32;
    let (lead, exponent) = if biased == 0 { (0, -1022) } else { (1, biased - 1023) };
    format!("{sign}0x{lead}.{fraction:013x}p{exponent:+}")
}

/// Why text is not a hexadecimal float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromHexError {
    /// `ValueError`
    Invalid,
    /// `OverflowError`
    Overflow,
}

impl fmt::Display for FromHexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FromHexError::Invalid => "invalid hexadecimal floating-point string",
            FromHexError::Overflow => "hexadecimal value too large to represent as a float",
        })
    }
}

/// `float.fromhex(text)`, surrounding whitespace allowed.
pub fn from_hex(text: &[u8]) -> Result<f64, FromHexError> {
    let s = trim(text);
    let (negative, s) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let signed = |x: f64| if negative { -x } else { x };
    if s.eq_ignore_ascii_case(b"inf") || s.eq_ignore_ascii_case(b"infinity") {
        return Ok(signed(f64::INFINITY));
    }
    if s.eq_ignore_ascii_case(b"nan") {
        return Ok(signed(f64::NAN));
    }
    let s = match s {
        [b'0', b'x' | b'X', rest @ ..] => rest,
        rest => rest,
    };
    let (value, rest) = hex_magnitude(s)?;
    if rest.is_empty() { Ok(signed(value)) } else { Err(FromHexError::Invalid) }
}

/// Value of a prefix `digits[.digits][p[sign]digits]`, and what follows it.
fn hex_magnitude(s: &[u8]) -> Result<(f64, &[u8]), FromHexError> {
    // 16 significant hex digits hold 61 bits at least; the rest is sticky.
    let mut mantissa = 0u64;
    let mut sticky = false;
    let mut dropped = 0i64;
    let mut after_point = None::<i64>;
    let mut count = 0usize;
    let mut rest = s;
    while let [byte, tail @ ..] = rest {
        if let Some(digit) = (*byte as char).to_digit(16) {
            count += 1;
            after_point = after_point.map(|n| n + 1);
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
            } else {
                sticky |= digit != 0;
                dropped += 1;
            }
        } else if *byte == b'.' && after_point.is_none() {
            after_point = Some(0);
        } else {
            break;
        }
        rest = tail;
    }
    if count == 0 {
        return Err(FromHexError::Invalid);
    }
    let mut exponent = 0;
    if let [b'p' | b'P', tail @ ..] = rest {
        (exponent, rest) = decimal_exponent(tail).ok_or(FromHexError::Invalid)?;
    }
    if mantissa == 0 {
        return Ok((0.0, rest));
    }
    let scale = exponent.saturating_add((dropped - after_point.unwrap_or(0)).saturating_mul(4));
    let value = scale_rounded(mantissa, sticky, scale);
    if value.is_infinite() { Err(FromHexError::Overflow) } else { Ok((value, rest)) }
}

/// A prefix `[sign]digits`, saturating, and what follows it.
fn decimal_exponent(s: &[u8]) -> Option<(i64, &[u8])> {
    let (negative, mut rest) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if !rest.first()?.is_ascii_digit() {
        return None;
    }
    let mut value = 0i64;
    while let [byte @ b'0'..=b'9', tail @ ..] = rest {
        value = value.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
        rest = tail;
    }
    Some((if negative { -value } else { value }, rest))
}

/// `mantissa`·2^`scale` (plus a little, if `sticky`), rounded once, half to even.
pub(crate) fn scale_rounded(mantissa: u64, sticky: bool, scale: i64) -> f64 {
    let zeros = mantissa.leading_zeros();
    if zeros == 64 {
        return 0.0;
    }
    let mantissa = mantissa << zeros;
    // The value is mantissa · 2^scale with the top bit worth 2^top.
    let scale = scale.saturating_sub(i64::from(zeros));
    let top = scale.saturating_add(63);
    if top > 1023 {
        return f64::INFINITY;
    }
    if top < -1075 {
        return 0.0;
    }
    // Bits kept: 53 for normal numbers, fewer below 2^-1022.
    let kept = if top >= -1022 { 53 } else { 53 - (-1022 - top) };
    let cut = (64 - kept) as u32;
    let (quotient, rest) =
        if cut == 64 { (0, mantissa) } else { (mantissa >> cut, mantissa << (64 - cut)) };
    const HALF: u64 = 1 << 63;
    let round_up = rest > HALF || (rest == HALF && (sticky || quotient & 1 == 1));
    let quotient = quotient + u64::from(round_up);
    // A carry out of the fraction moves into the exponent, as it should.
    let bits = if top >= -1022 { (((top + 1022) as u64) << 52) + quotient } else { quotient };
    f64::from_bits(bits)
}

#[cfg(test)]
mod tests;
