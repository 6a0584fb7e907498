//! Decimals as text.

use super::{
    Coefficient, Context, Decimal, Kind, MAX_EMAX, MAX_PREC, MIN_EMIN, MIN_ETINY, Status,
    condition::{CLAMPED, CONVERSION_SYNTAX, INEXACT, INVALID_OPERATION, ROUNDED},
    invalid, out_of_memory,
};
use crate::{TooLarge, push_repeated};

impl Decimal {
    /// Parse ASCII text (sign, digits, point, exponent, or the name of a
    /// special), exactly. Anything else meets `CONVERSION_SYNTAX`.
    pub fn parse(text: &str, status: &mut Status) -> Self {
        let (negative, rest) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let parsed = match rest.first() {
            Some(b'0'..=b'9' | b'.') => parse_finite(rest),
            _ => parse_special(rest),
        };
        match parsed {
            Some(Ok(value)) => Decimal { negative, ..value },
            Some(Err(TooLarge)) => out_of_memory(status),
            None => invalid(status, CONVERSION_SYNTAX),
        }
    }

    /// Report what does not fit into any context: a conversion that is exact.
    pub fn finish_exact(self, status: &mut Status) -> Self {
        let mut conditions = 0;
        let digits = self.coefficient.digits();
        let value = self.finish(&Context::MAX, &mut conditions);
        let changed = INEXACT | ROUNDED | CLAMPED;
        if conditions & changed != 0 || digits > MAX_PREC {
            return invalid(status, INVALID_OPERATION);
        }
        value
    }

    /// `str(self)`, or with `engineering` exponents that are multiples of three.
    pub fn to_text(&self, engineering: bool, capitals: bool) -> Result<String, TooLarge> {
        let sign = if self.negative { "-" } else { "" };
        let name = match self.kind {
            Kind::Infinite => return Ok(format!("{sign}Infinity")),
            Kind::QuietNan => "NaN",
            Kind::SignalingNan => "sNaN",
            Kind::Finite => return self.finite_text(sign, engineering, capitals),
        };
        let payload =
            if self.coefficient.is_zero() { String::new() } else { self.coefficient.to_ascii()? };
        Ok(format!("{sign}{name}{payload}"))
    }

    fn finite_text(
        &self,
        sign: &str,
        engineering: bool,
        capitals: bool,
    ) -> Result<String, TooLarge> {
        let digits = self.coefficient.to_ascii()?;
        let length = digits.len() as i64;
        // How many digits stand before the point, without and with an exponent.
        let left = self.exponent + length;
        let point = if self.exponent <= 0 && left > -6 {
            left
        } else if !engineering {
            1
        } else if self.coefficient.is_zero() {
            (left + 1).rem_euclid(3) - 1
        } else {
            (left - 1).rem_euclid(3) + 1
        };
        let mut text = String::with_capacity(digits.len() + 16);
        text.push_str(sign);
        let zeros = |text: &mut String, count: i64| {
            push_repeated(text, b'0', usize::try_from(count).unwrap_or(0))
        };
        if point <= 0 {
            text.push_str("0.");
            zeros(&mut text, -point)?;
            text.push_str(&digits);
        } else if point >= length {
            text.push_str(&digits);
            zeros(&mut text, point - length)?;
        } else {
            let (whole, part) = digits.split_at(usize::try_from(point).unwrap_or(0));
            text.push_str(whole);
            text.push('.');
            text.push_str(part);
        }
        if left != point {
            text.push(if capitals { 'E' } else { 'e' });
            text += &format!("{:+}", left - point);
        }
        Ok(text)
    }
}

fn parse_special(text: &[u8]) -> Option<Result<Decimal, TooLarge>> {
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_slice(), b"inf" | b"infinity") {
        return Some(Ok(Decimal::infinity(false)));
    }
    let (kind, payload) = match lower.as_slice() {
        [b's', b'n', b'a', b'n', payload @ ..] => (Kind::SignalingNan, payload),
        [b'n', b'a', b'n', payload @ ..] => (Kind::QuietNan, payload),
        _ => return None,
    };
    let coefficient = match Coefficient::parse(payload)? {
        Ok(coefficient) => coefficient,
        Err(error) => return Some(Err(error)),
    };
    Some(Ok(Decimal { kind, coefficient, ..Decimal::nan() }))
}

fn parse_finite(text: &[u8]) -> Option<Result<Decimal, TooLarge>> {
    let mark = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match mark {
        Some(index) => {
            let (mantissa, rest) = text.split_at(index);
            (mantissa, parse_exponent(rest.get(1..).unwrap_or_default())?)
        }
        None => (text, 0),
    };
    let point = mantissa.iter().position(|byte| *byte == b'.');
    let (digits, places): (std::borrow::Cow<'_, [u8]>, usize) = match point {
        Some(index) => {
            let (whole, part) = mantissa.split_at(index);
            let part = part.get(1..).unwrap_or_default();
            ([whole, part].concat().into(), part.len())
        }
        None => (mantissa.into(), 0),
    };
    if digits.is_empty() {
        return None;
    }
    let coefficient = match Coefficient::parse(&digits)? {
        Ok(coefficient) => coefficient,
        Err(error) => return Some(Err(error)),
    };
    let exponent = exponent.saturating_sub(i64::try_from(places).unwrap_or(i64::MAX));
    // Further out no context can tell the difference.
    let exponent = exponent.clamp(MIN_ETINY + MIN_EMIN, MAX_EMAX + MAX_EMAX);
    Some(Ok(Decimal::new(false, coefficient, exponent)))
}

/// An exponent, as far as its magnitude matters.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, digit| {
        value.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
    });
    let value = value.min(4 * MAX_EMAX);
    Some(if negative { -value } else { value })
}
