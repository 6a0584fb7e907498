//! Numbers under simple formats, written into a buffer on the stack.
//!
//! Most formats of real programs are like `d`, `5d`, `02x`, `,` and `.2f`.
//! They are served here without allocation and exactly as `format_spec` and
//! `percent_format` would; `None` sends the caller there.
//! PERF: `"{:.2f}".format(x)` was six times as slow through the general way.

use crate::format_spec::{FormatSpec, Grouping, IntKind};
use crate::percent_format;
use crate::render::{Align, padding};

const CAPACITY: usize = 128;
/// 10 to this power times a double's mantissa fits 128 bits.
const MAX_PRECISION: usize = 17;

/// A short ASCII text.
pub struct Text {
    bytes: [u8; CAPACITY],
    start: usize,
}

impl Text {
    fn new() -> Self {
        Text { bytes: [b' '; CAPACITY], start: CAPACITY }
    }

    /// The characters.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Put a character in front.
    #[inline]
    fn push(&mut self, byte: u8) {
        if let Some(start) = self.start.checked_sub(1)
            && let Some(place) = self.bytes.get_mut(start)
        {
            *place = byte;
            self.start = start;
        }
    }

    /// Put the last `count` decimal digits in front, or all if there are more.
    fn push_decimal(&mut self, mut value: u64, mut count: usize) {
        while value != 0 || count != 0 {
            self.push(b'0' + (value % 10) as u8);
            value /= 10;
            count = count.saturating_sub(1);
        }
    }

    fn push_digits(&mut self, mut value: u64, base: u32, upper: bool) {
        let letter = if upper { b'A' } else { b'a' };
        let base = u64::from(base.max(2));
        loop {
            let digit = (value % base) as u8;
            self.push(if digit < 10 { b'0' + digit } else { letter + (digit - 10) });
            value /= base;
            if value == 0 {
                return;
            }
        }
    }

    fn push_grouped(&mut self, mut value: u64, separator: u8) {
        while value >= 1000 {
            self.push_decimal(value % 1000, 3);
            self.push(separator);
            value /= 1000;
        }
        self.push_decimal(value, 1);
    }

    /// Sign and padding.
    fn finish(&mut self, negative: bool, style: &Style) {
        let sign = if negative { Some(b'-') } else { style.sign };
        let length = CAPACITY - self.start + usize::from(sign.is_some());
        let (left, inner, right) = padding(length, style.width, style.align);
        (0..inner).for_each(|_| self.push(style.fill));
        if let Some(sign) = sign {
            self.push(sign);
        }
        if right > 0 {
            let end = CAPACITY - right;
            self.bytes.copy_within(self.start.., self.start.saturating_sub(right));
            self.start = self.start.saturating_sub(right);
            self.bytes.get_mut(end..).unwrap_or_default().fill(style.fill);
        }
        (0..left).for_each(|_| self.push(style.fill));
    }
}

/// How a number is decorated.
struct Style {
    width: usize,
    align: Align,
    fill: u8,
    /// Before numbers that are not negative.
    sign: Option<u8>,
}

impl Style {
    /// `None` if it might not fit.
    fn new(width: usize, align: Align, fill: u32, sign: Option<u8>) -> Option<Self> {
        let fill = u8::try_from(fill).ok().filter(u8::is_ascii)?;
        (width < CAPACITY / 2).then_some(Style { width, align, fill, sign })
    }

    fn of_spec(spec: &FormatSpec) -> Option<Self> {
        let plain =
            !spec.alternate && !spec.no_negative_zero && spec.fraction_grouping == Grouping::None;
        let sign = spec.sign.filter(|&sign| sign != b'-');
        if plain { Self::new(spec.width, spec.align, spec.fill, sign) } else { None }
    }

    fn of_percent(spec: &percent_format::Spec) -> Option<Self> {
        let flags = spec.flags;
        let (align, fill) = match (flags.left, flags.zero) {
            (true, _) => (Align::Left, b' '),
            (false, true) => (Align::AfterSign, b'0'),
            (false, false) => (Align::Right, b' '),
        };
        let sign = if flags.sign { Some(b'+') } else { flags.blank.then_some(b' ') };
        if flags.alternate { None } else { Self::new(spec.width, align, fill.into(), sign) }
    }
}

/// `format(value, spec)`; `kind` is what `int_kind` says of the specification.
pub fn int(value: i64, kind: IntKind, spec: &FormatSpec) -> Option<Text> {
    let IntKind::Digits { base, upper } = kind else { return None };
    let style = Style::of_spec(spec)?;
    let mut text = Text::new();
    match spec.grouping {
        _ if spec.kind == Some(b'n'.into()) => return None,
        Grouping::None => text.push_digits(value.unsigned_abs(), base, upper),
        _ if base != 10 || style.align == Align::AfterSign => return None,
        Grouping::Comma => text.push_grouped(value.unsigned_abs(), b','),
        Grouping::Underscore => text.push_grouped(value.unsigned_abs(), b'_'),
    }
    text.finish(value < 0, &style);
    Some(text)
}

/// `format(value, spec)` for the types `f` and `%`.
pub fn float(value: f64, spec: &FormatSpec) -> Option<Text> {
    let (value, suffix) = match spec.kind.and_then(|kind| u8::try_from(kind).ok()) {
        Some(b'f' | b'F') => (value, None),
        Some(b'%') => (value * 100.0, Some(b'%')),
        _ => return None,
    };
    if spec.grouping != Grouping::None {
        return None;
    }
    fixed(value, spec.precision.unwrap_or(6), suffix, &Style::of_spec(spec)?)
}

/// An integer conversion of `%`, in the base of its character.
pub fn percent_int(value: i64, base: u32, spec: &percent_format::Spec) -> Option<Text> {
    if spec.precision.is_some() {
        return None;
    }
    let style = Style::of_percent(spec)?;
    let mut text = Text::new();
    text.push_digits(value.unsigned_abs(), base, spec.conversion == b'X'.into());
    text.finish(value < 0, &style);
    Some(text)
}

/// A float conversion of `%`.
pub fn percent_float(value: f64, spec: &percent_format::Spec) -> Option<Text> {
    let is_fixed = spec.conversion == b'f'.into() || spec.conversion == b'F'.into();
    let style = if is_fixed { Style::of_percent(spec)? } else { return None };
    fixed(value, spec.precision.unwrap_or(6), None, &style)
}

fn fixed(value: f64, precision: usize, suffix: Option<u8>, style: &Style) -> Option<Text> {
    let (whole, fraction) = fixed_parts(value, precision)?;
    let mut text = Text::new();
    if let Some(suffix) = suffix {
        text.push(suffix);
    }
    if precision > 0 {
        text.push_decimal(fraction, precision);
        text.push(b'.');
    }
    text.push_decimal(whole, 1);
    text.finish(value.is_sign_negative(), style);
    Some(text)
}

/// The digits before and after the point of |x|, rounded half to even.
fn fixed_parts(x: f64, precision: usize) -> Option<(u64, u64)> {
    if precision > MAX_PRECISION || !x.is_finite() {
        return None;
    }
    let biased = (x.to_bits() >> 52 & 0x7ff) as i32;
    let stored = x.to_bits() & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if biased == 0 { (stored, -1074) } else { (stored | 1 << 52, biased - 1075) };
    if exponent >= 0 {
        return (exponent <= 10).then(|| (mantissa << exponent, 0));
    }
    let shift = exponent.unsigned_abs();
    let (mut whole, rest) =
        if shift < 64 { (mantissa >> shift, mantissa & ((1 << shift) - 1)) } else { (0, mantissa) };
    let scale = 10u64.pow(precision as u32);
    let product = u128::from(rest) * u128::from(scale);
    if shift >= 127 {
        // The product has at most 110 bits: less than a half.
        return Some((whole, 0));
    }
    let mut fraction = (product >> shift) as u64;
    let remainder = product & ((1 << shift) - 1);
    let half = 1u128 << (shift - 1);
    let is_odd = if precision == 0 { whole & 1 } else { fraction & 1 } == 1;
    if remainder > half || remainder == half && is_odd {
        fraction += 1;
        if fraction == scale {
            (whole, fraction) = (whole + 1, 0);
        }
    }
    Some((whole, fraction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format_spec::{self, Locale, ascii_decimal};

    fn spec(text: &str) -> FormatSpec {
        let codes: Vec<u32> = text.chars().map(u32::from).collect();
        format_spec::parse(&codes, Align::Right, None, ascii_decimal).expect(text)
    }

    fn shown(text: Option<Text>) -> Option<String> {
        text.map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned())
    }

    #[test]
    fn floats_agree_with_the_general_way() {
        let values = [
            0.0,
            -0.0,
            0.5,
            1.5,
            2.5,
            -2.5,
            0.125,
            0.375,
            1e-5,
            1e-300,
            5e-324,
            0.1,
            2.675,
            9.995,
            99.9999999,
            123456.789,
            -1e15,
            1e18,
            4503599627370497.5,
            0.05,
            0.95,
            1.0 / 3.0,
        ];
        let formats = [
            "f", ".0f", ".1f", ".2f", "10.3f", "<10.2f", "^+9.1f", "08.2f", ".15f", " .17f", "%",
            "7.1%",
        ];
        for value in values {
            for format in formats {
                let spec = spec(format);
                let general = format_spec::format_float(&spec, value, &Locale::default());
                let general = general.ok().and_then(|text| text.text().ok()).flatten();
                let quick = shown(float(value, &spec));
                // A hundred times the largest value has too many digits.
                let is_left = quick.is_none() && format.ends_with('%') && value >= 1e18;
                assert!(is_left || quick == general, "{value:?} {format} {quick:?}");
            }
        }
        assert!(float(1e19, &spec("f")).is_none());
        assert!(float(f64::NAN, &spec("f")).is_none());
        assert!(float(1.0, &spec("200f")).is_none());
    }

    #[test]
    fn ints_agree_with_the_general_way() {
        let formats =
            ["d", "5d", "<7d", "^9d", "05d", "x", "X", "08b", "o", ",", "20,d", "*<12_d", "+d"];
        for value in [0, 1, -1, 999, 1000, -123_456_789, i64::MAX, i64::MIN] {
            for format in formats {
                let spec = spec(format);
                let kind = format_spec::int_kind(&spec).expect(format);
                let IntKind::Digits { base, .. } = kind else { continue };
                let mut digits = String::new();
                crate::int_text::write_u64(&mut digits, value.unsigned_abs(), base);
                let general =
                    format_spec::format_int(&spec, value < 0, &digits, &Locale::default());
                let general = general.ok().and_then(|text| text.text().ok()).flatten();
                assert_eq!(shown(int(value, kind, &spec)), general, "{value} {format}");
            }
        }
    }
}
