//! Numbers under simple formats, written into a buffer on the stack.
//!
//! Most formats of real programs are like `d`, `5d`, `02x`, `,`, `.2f` and `.3g`.
//! They are served here without allocation and exactly as `format_spec` and
//! `percent_format` would; `None` sends the caller there.
//! PERF: `"{:.2f}".format(x)` was six times as slow through the general way.

use crate::float_text::ShortDigits;
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

    /// Put digits in front, the last `fraction` of them after a point.
    fn push_split(&mut self, value: u64, fraction: usize) {
        let scale = 10u64.pow(fraction as u32);
        if fraction > 0 {
            self.push_decimal(value % scale, fraction);
            self.push(b'.');
        }
        self.push_decimal(value / scale, 1);
    }

    /// Put digits in front without exponent, with at least `least` of them after the point.
    fn push_plain(&mut self, digits: ShortDigits, least: usize) {
        let fraction = digits.length as i32 - digits.point;
        if digits.point <= 0 {
            self.push_decimal(digits.value, fraction.unsigned_abs() as usize);
            self.push(b'.');
            self.push(b'0');
        } else if fraction > 0 {
            self.push_split(digits.value, fraction as usize);
        } else {
            if least > 0 {
                self.push_decimal(0, least);
                self.push(b'.');
            }
            self.push_decimal(digits.value * 10u64.pow(fraction.unsigned_abs()), 1);
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

/// `format(value, spec)`; every type but `n`.
pub fn float(value: f64, spec: &FormatSpec) -> Option<Text> {
    if spec.grouping != Grouping::None {
        return None;
    }
    let style = Style::of_spec(spec)?;
    let precision = spec.precision.unwrap_or(6);
    let Some(kind) = spec.kind else {
        return match spec.precision {
            Some(precision) => significant(value, Form::Plain(precision), b'e', &style),
            None => significant(value, Form::Shortest, b'e', &style),
        };
    };
    match u8::try_from(kind).ok()? {
        b'f' | b'F' => fixed(value, precision, None, &style),
        b'%' => fixed(value * 100.0, precision, Some(b'%'), &style),
        kind => significant(value, Form::of_kind(kind, precision)?, exponent_letter(kind), &style),
    }
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
    let (style, precision) = (Style::of_percent(spec)?, spec.precision.unwrap_or(6));
    match u8::try_from(spec.conversion).ok()? {
        b'f' | b'F' => fixed(value, precision, None, &style),
        kind => significant(value, Form::of_kind(kind, precision)?, exponent_letter(kind), &style),
    }
}

/// How many digits of a float are shown, and when with an exponent.
#[derive(Clone, Copy)]
enum Form {
    /// `e`: so many digits after the point.
    Exponent(usize),
    /// `g`: at most so many digits.
    General(usize),
    /// A precision without a type: like `g`, but never like an int.
    Plain(usize),
    /// Nothing: like `repr`.
    Shortest,
}

impl Form {
    fn of_kind(kind: u8, precision: usize) -> Option<Self> {
        match kind {
            b'e' | b'E' => Some(Form::Exponent(precision)),
            b'g' | b'G' => Some(Form::General(precision)),
            _ => None,
        }
    }
}

fn exponent_letter(kind: u8) -> u8 {
    if kind.is_ascii_uppercase() { b'E' } else { b'e' }
}

/// A float of which so many digits are wanted.
fn significant(value: f64, form: Form, letter: u8, style: &Style) -> Option<Text> {
    if !value.is_finite() {
        return None;
    }
    let count = match form {
        Form::Exponent(precision) => precision.checked_add(1)?,
        Form::General(precision) | Form::Plain(precision) => precision.max(1),
        Form::Shortest => MAX_PRECISION,
    };
    if count > MAX_PRECISION {
        return None;
    }
    let digits = match form {
        Form::Shortest => ShortDigits::shortest(value),
        _ => ShortDigits::rounded(value, count)?,
    };
    let highest = match form {
        Form::Exponent(_) => None,
        Form::General(_) => Some(count as i32),
        Form::Plain(_) => Some(count as i32 - 1),
        Form::Shortest => Some(16),
    };
    let mut text = Text::new();
    if highest.is_some_and(|highest| -4 < digits.point && digits.point <= highest) {
        let is_int = matches!(form, Form::General(_));
        text.push_plain(digits, if is_int { 0 } else { 1 });
    } else {
        let exponent = digits.point - 1;
        text.push_decimal(exponent.unsigned_abs().into(), 2);
        text.push(if exponent < 0 { b'-' } else { b'+' });
        text.push(letter);
        let wanted = if matches!(form, Form::Exponent(_)) { count } else { digits.length };
        let value = digits.value * 10u64.pow(wanted.saturating_sub(digits.length) as u32);
        text.push_split(value, wanted - 1);
    }
    text.finish(value.is_sign_negative(), style);
    Some(text)
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
            1e22,
            1e16,
            9999999999999998.0,
            123456789.0,
            0.0001,
            0.00012345,
            99999.95,
            999999.5,
            1.7976931348623157e308,
            2.2250738585072014e-308,
            100.0,
            12.5,
            -0.00010000000000000002,
        ];
        let formats = [
            "f", ".0f", ".1f", ".2f", "10.3f", "<10.2f", "^+9.1f", "08.2f", ".15f", " .17f", "%",
            "7.1%", "e", ".0e", "10.3e", ".15E", "g", ".1g", ".3g", "12.10G", ".16g", ".17g", "",
            "12", ".0", ".1", ".4", "<9.12", "+.3g",
        ];
        for value in values {
            for format in formats {
                let spec = spec(format);
                let general = format_spec::format_float(&spec, value, &Locale::default());
                let general = general.ok().and_then(|text| text.text().ok()).flatten();
                let quick = shown(float(value, &spec));
                // A hundred times the largest value has too many digits.
                let is_left = quick.is_none() && (format.ends_with(['%', 'f']) && value >= 1e15);
                // Nor do the shortest digits always tell how the exact ones are rounded.
                let is_unknown = quick.is_none() && !format.ends_with(['%', 'f']);
                assert!(is_left || is_unknown || quick == general, "{value:?} {format} {quick:?}");
            }
        }
        assert!(float(1e19, &spec("f")).is_none());
        assert!(float(f64::NAN, &spec("f")).is_none());
        assert!(float(1.0, &spec("200f")).is_none());
    }

    #[test]
    fn most_floats_take_the_quick_way() {
        for (value, format, text) in [
            (3.14259, "g", "3.14259"),
            (3.14259, "10.3e", " 3.143e+00"),
            (1e22, "", "1e+22"),
            (100.0, "8", "   100.0"),
            (1234567.0, "g", "1.23457e+06"),
            (0.1, ".15g", "0.1"),
            (2.0 / 3.0, ".4", "0.6667"),
        ] {
            assert_eq!(shown(float(value, &spec(format))).as_deref(), Some(text));
        }
        // Half-way between two results as the shortest digits have it.
        assert!(float(2.675, &spec(".3g")).is_none());
        assert!(float(5e-324, &spec(".3g")).is_none());
    }

    #[test]
    fn random_floats_round_as_exact_digits_do() {
        let mut seed = 88172645463325252u64;
        for _ in 0..20_000 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let value = f64::from_bits(seed);
            for format in ["", ".3g", ".8e", ".15g", ".16e", ".1", "g"] {
                let spec = spec(format);
                let general = format_spec::format_float(&spec, value, &Locale::default());
                let general = general.ok().and_then(|text| text.text().ok()).flatten();
                let quick = shown(float(value, &spec));
                assert!(quick.is_none() || quick == general, "{value:?} {format} {quick:?}");
            }
        }
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
