//! Decimals and the format mini-language.

use super::{Coefficient, Context, Decimal, Kind, Rounding};
use crate::{
    TooLarge,
    format_spec::{self, Error, FormatSpec, Grouping, Locale},
    render::{Align, Rendered},
};

/// The parts of a formatted number.
struct Parts {
    whole: String,
    fraction: String,
    exponent: i64,
}

impl Decimal {
    /// Format; numbers are rounded as `context` says. `locale` is for the type `n`.
    pub fn format(
        &self,
        spec: &FormatSpec,
        context: &Context,
        capitals: bool,
        locale: &Locale,
    ) -> Result<Rendered, Error> {
        let kind = match spec.kind.map(u8::try_from) {
            None if capitals => b'G',
            None => b'g',
            Some(Ok(kind)) if b"eEfFgGn%".contains(&kind) => kind,
            Some(_) => return Err(Error::Invalid),
        };
        let sign = |negative: bool| match (negative, spec.sign) {
            (true, _) => "-".to_owned(),
            (false, Some(sign @ (b'+' | b' '))) => char::from(sign).to_string(),
            _ => String::new(),
        };
        let pad = |head: String, body: String| {
            Rendered::pad(head, body, spec.width, spec.align, spec.fill)
        };
        if self.is_special() {
            let mut body = self.copy_abs().to_text(false, true)?;
            if kind == b'%' {
                body.push('%');
            }
            let zero_padded = spec.align == Align::AfterSign && spec.fill == u32::from(b'0');
            let (align, fill) =
                if zero_padded { (Align::Right, u32::from(b' ')) } else { (spec.align, spec.fill) };
            return Ok(Rendered::pad(sign(self.negative), body, spec.width, align, fill));
        }
        let fixed;
        let locale = match (kind, spec.grouping) {
            (b'n', _) => locale,
            (_, grouping) => {
                fixed = Locale::fixed(grouping, 3);
                &fixed
            }
        };
        let value = self.rounded_for(kind, spec.precision, context.rounding)?;
        let negative = value.negative && !(spec.no_negative_zero && value.is_zero());
        let parts = value.parts(kind, spec.precision)?;
        let head = sign(negative);
        let mut tail = String::new();
        if !parts.fraction.is_empty() || spec.alternate {
            tail += &locale.decimal_point;
            tail += &grouped_fraction(&parts.fraction, spec.fraction_grouping);
        }
        if parts.exponent != 0 || matches!(kind, b'e' | b'E') {
            tail.push(if kind.is_ascii_uppercase() { 'E' } else { 'e' });
            tail += &format!("{:+}", parts.exponent);
        }
        if kind == b'%' {
            tail.push('%');
        }
        let zero_padded = spec.align == Align::AfterSign && spec.fill == u32::from(b'0');
        let least = if zero_padded {
            spec.width.saturating_sub(head.len() + tail.chars().count())
        } else {
            0
        };
        let body = format_spec::group(&parts.whole, least, locale)? + &tail;
        Ok(pad(head, body))
    }

    /// The number with as many digits as the presentation asks for.
    fn rounded_for(
        &self,
        kind: u8,
        precision: Option<usize>,
        rounding: Rounding,
    ) -> Result<Self, TooLarge> {
        let mut value = self.clone();
        if kind == b'%' {
            value.exponent += 2;
        }
        if let Some(precision) = precision {
            let precision = i64::try_from(precision).map_err(|_| TooLarge)?;
            value = match kind {
                b'e' | b'E' => value.with_digits(precision + 1, rounding)?,
                b'f' | b'F' | b'%' => value.rescale(-precision, rounding)?.0,
                _ if value.coefficient.digits() > precision => {
                    value.with_digits(precision.max(1), rounding)?
                }
                _ => value,
            };
        }
        if value.is_zero() && value.exponent > 0 && matches!(kind, b'f' | b'F' | b'%') {
            value.exponent = 0;
        }
        Ok(value)
    }

    /// Round to a number of digits, or extend with zeros to it.
    fn with_digits(&self, digits: i64, rounding: Rounding) -> Result<Self, TooLarge> {
        if self.coefficient.is_zero() {
            return Ok(self.clone());
        }
        let exponent = self.adjusted() + 1 - digits;
        let (value, _) = self.rescale(exponent, rounding)?;
        if value.coefficient.digits() <= digits {
            return Ok(value);
        }
        // 9.99 became 10.0.
        Ok(value.rescale(exponent + 1, rounding)?.0)
    }

    fn parts(&self, kind: u8, precision: Option<usize>) -> Result<Parts, TooLarge> {
        let digits = self.coefficient.to_ascii()?;
        let length = digits.len() as i64;
        let left = self.exponent + length;
        let point = match kind {
            b'e' | b'E' => match precision {
                Some(precision) if self.coefficient.is_zero() => 1 - precision as i64,
                _ => 1,
            },
            b'f' | b'F' | b'%' => left,
            _ if self.exponent <= 0 && left > -6 => left,
            _ => 1,
        };
        let zeros = |count: i64| -> Result<String, TooLarge> {
            let mut text = String::new();
            let count = usize::try_from(count).map_err(|_| TooLarge)?;
            crate::push_repeated(&mut text, b'0', count)?;
            Ok(text)
        };
        let (whole, fraction) = if point < 0 {
            ("0".to_owned(), zeros(-point)? + &digits)
        } else if point >= length {
            (digits + &zeros(point - length)?, String::new())
        } else {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
            let whole = if whole.is_empty() { "0" } else { whole };
            (whole.to_owned(), fraction.to_owned())
        };
        Ok(Parts { whole, fraction, exponent: left - point })
    }

    /// An infinity, or a NaN with a payload.
    pub fn special(kind: Kind, negative: bool, coefficient: Coefficient) -> Self {
        Decimal { negative, kind, coefficient, exponent: 0 }
    }
}

/// Separators between groups of three digits after the point.
fn grouped_fraction(digits: &str, grouping: Grouping) -> String {
    let separator = match grouping {
        Grouping::None => return digits.to_owned(),
        Grouping::Comma => ',',
        Grouping::Underscore => '_',
    };
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && index % 3 == 0 {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}
