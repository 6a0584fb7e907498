//! Arithmetic and text of `complex`, with 3.14's rules.
//!
//! Since 3.14 a real operand stays real in `+ - * /` (no zero imaginary part
//! is invented), and products and quotients that come out as NaN+NaNj recover
//! infinities as C's Annex G says.

use crate::float_ops::ZeroDivision;
use crate::float_text;
use std::fmt;

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Complex {
    pub real: f64,
    pub imag: f64,
}

/// Shorthand constructor.
#[inline]
pub fn complex(real: f64, imag: f64) -> Complex {
    Complex { real, imag }
}

impl Complex {
    fn is_finite(self) -> bool {
        self.real.is_finite() && self.imag.is_finite()
    }

    fn is_infinite(self) -> bool {
        self.real.is_infinite() || self.imag.is_infinite()
    }

    fn is_all_nan(self) -> bool {
        self.real.is_nan() && self.imag.is_nan()
    }

    /// Infinite parts become ±1, the others ±0: the direction of an infinity.
    fn direction(self) -> Complex {
        let unit = |x: f64| (if x.is_infinite() { 1f64 } else { 0f64 }).copysign(x);
        complex(unit(self.real), unit(self.imag))
    }

    fn nan_to_zero(self) -> Complex {
        let zeroed = |x: f64| if x.is_nan() { 0f64.copysign(x) } else { x };
        complex(zeroed(self.real), zeroed(self.imag))
    }
}

/// `a + b`
pub fn add(a: Complex, b: Complex) -> Complex {
    complex(a.real + b.real, a.imag + b.imag)
}

/// `a - b`
pub fn sub(a: Complex, b: Complex) -> Complex {
    complex(a.real - b.real, a.imag - b.imag)
}

/// `-a`
pub fn neg(a: Complex) -> Complex {
    complex(-a.real, -a.imag)
}

/// `a + b` with a real `b`
pub fn add_real(a: Complex, b: f64) -> Complex {
    complex(a.real + b, a.imag)
}

/// `a - b` with a real `b`
pub fn sub_real(a: Complex, b: f64) -> Complex {
    complex(a.real - b, a.imag)
}

/// `a - b` with a real `a`
pub fn real_sub(a: f64, b: Complex) -> Complex {
    complex(a - b.real, -b.imag)
}

/// `a * b`
pub fn mul(a: Complex, b: Complex) -> Complex {
    let (ac, bd) = (a.real * b.real, a.imag * b.imag);
    let (ad, bc) = (a.real * b.imag, a.imag * b.real);
    let product = complex(ac - bd, ad + bc);
    if !product.is_all_nan() {
        return product;
    }
    let (mut z, mut w) = (a, b);
    let mut recover = false;
    if z.is_infinite() {
        (z, w) = (z.direction(), w.nan_to_zero());
        recover = true;
    }
    if w.is_infinite() {
        (w, z) = (w.direction(), z.nan_to_zero());
        recover = true;
    }
    if !recover && [ac, bd, ad, bc].iter().any(|x| x.is_infinite()) {
        (z, w) = (z.nan_to_zero(), w.nan_to_zero());
        recover = true;
    }
    if !recover {
        return product;
    }
    complex(
        f64::INFINITY * (z.real * w.real - z.imag * w.imag),
        f64::INFINITY * (z.real * w.imag + z.imag * w.real),
    )
}

/// `a * b` with a real `b`
pub fn mul_real(a: Complex, b: f64) -> Complex {
    complex(a.real * b, a.imag * b)
}

/// `a / b`
pub fn div(a: Complex, b: Complex) -> Result<Complex, ZeroDivision> {
    let quotient = if b.real.abs() >= b.imag.abs() {
        if b.real == 0.0 {
            return Err(ZeroDivision);
        }
        let ratio = b.imag / b.real;
        let denominator = b.real + b.imag * ratio;
        complex((a.real + a.imag * ratio) / denominator, (a.imag - a.real * ratio) / denominator)
    } else if b.imag.abs() >= b.real.abs() {
        let ratio = b.real / b.imag;
        let denominator = b.real * ratio + b.imag;
        complex((a.real * ratio + a.imag) / denominator, (a.imag * ratio - a.real) / denominator)
    } else {
        complex(f64::NAN, f64::NAN)
    };
    if !quotient.is_all_nan() {
        return Ok(quotient);
    }
    Ok(if a.is_infinite() && b.is_finite() {
        let d = a.direction();
        complex(
            f64::INFINITY * (d.real * b.real + d.imag * b.imag),
            f64::INFINITY * (d.imag * b.real - d.real * b.imag),
        )
    } else if b.is_infinite() && a.is_finite() {
        let d = b.direction();
        complex(
            0.0 * (a.real * d.real + a.imag * d.imag),
            0.0 * (a.imag * d.real - a.real * d.imag),
        )
    } else {
        quotient
    })
}

/// `a / b` with a real `b`
pub fn div_real(a: Complex, b: f64) -> Result<Complex, ZeroDivision> {
    if b == 0.0 { Err(ZeroDivision) } else { Ok(complex(a.real / b, a.imag / b)) }
}

/// `a / b` with a real `a`
pub fn real_div(a: f64, b: Complex) -> Result<Complex, ZeroDivision> {
    let quotient = if b.real.abs() >= b.imag.abs() {
        if b.real == 0.0 {
            return Err(ZeroDivision);
        }
        let ratio = b.imag / b.real;
        let denominator = b.real + b.imag * ratio;
        complex(a / denominator, (-a * ratio) / denominator)
    } else if b.imag.abs() >= b.real.abs() {
        let ratio = b.real / b.imag;
        let denominator = b.real * ratio + b.imag;
        complex((a * ratio) / denominator, -a / denominator)
    } else {
        complex(f64::NAN, f64::NAN)
    };
    if quotient.is_all_nan() && a.is_finite() && b.is_infinite() {
        let d = b.direction();
        return Ok(complex(0.0 * (a * d.real), 0.0 * (-a * d.imag)));
    }
    Ok(quotient)
}

/// Why `a ** b` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowError {
    /// `ZeroDivisionError`
    ZeroToNegative,
    /// `OverflowError`
    Overflow,
}

impl fmt::Display for PowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PowError::ZeroToNegative => "zero to a negative or complex power",
            PowError::Overflow => "complex exponentiation",
        })
    }
}

/// `a ** b`
pub fn pow(a: Complex, b: Complex) -> Result<Complex, PowError> {
    let is_small_integer = b.imag == 0.0 && b.real == b.real.floor() && b.real.abs() <= 100.0;
    let result = if is_small_integer { pow_int(a, b.real as i32)? } else { pow_general(a, b)? };
    // COMPAT: an infinite part means overflow even when an operand was
    // infinite (test_complex.test_pow).
    if result.is_infinite() { Err(PowError::Overflow) } else { Ok(result) }
}

fn pow_int(base: Complex, exponent: i32) -> Result<Complex, PowError> {
    let mut power = complex(1.0, 0.0);
    let mut square = base;
    let n = exponent.unsigned_abs();
    let mut mask = 1u32;
    while n >= mask {
        if n & mask != 0 {
            power = mul(power, square);
        }
        mask <<= 1;
        square = mul(square, square);
    }
    if exponent > 0 {
        return Ok(power);
    }
    div(complex(1.0, 0.0), power).map_err(|_| PowError::ZeroToNegative)
}

fn pow_general(a: Complex, b: Complex) -> Result<Complex, PowError> {
    if b.real == 0.0 && b.imag == 0.0 {
        return Ok(complex(1.0, 0.0));
    }
    if a.real == 0.0 && a.imag == 0.0 {
        if b.imag != 0.0 || b.real < 0.0 {
            return Err(PowError::ZeroToNegative);
        }
        return Ok(complex(0.0, 0.0));
    }
    let magnitude = a.real.hypot(a.imag);
    let mut length = magnitude.powf(b.real);
    let angle = a.imag.atan2(a.real);
    let mut phase = angle * b.real;
    if b.imag != 0.0 {
        length *= (-angle * b.imag).exp();
        phase += b.imag * magnitude.ln();
    }
    if phase.is_infinite() {
        // COMPAT: cos(inf) sets EDOM, which is read as this error.
        return Err(PowError::ZeroToNegative);
    }
    Ok(complex(length * phase.cos(), length * phase.sin()))
}

/// `abs(a)`; `None` on overflow (`OverflowError: absolute value too large`).
pub fn abs(a: Complex) -> Option<f64> {
    if !a.is_finite() {
        return Some(if a.is_infinite() { f64::INFINITY } else { f64::NAN });
    }
    let length = a.real.hypot(a.imag);
    length.is_finite().then_some(length)
}

/// Hash of a complex number; NaN parts hash as `nan_hash` of the object.
pub fn hash(a: Complex, nan_hash: i64) -> i64 {
    let part = |x| crate::hash::float(x).unwrap_or(nan_hash);
    crate::hash::complex(part(a.real), part(a.imag))
}

/// `repr(a)`
pub fn repr(a: Complex) -> String {
    let flags = float_text::Flags::default();
    let mut out = String::new();
    if a.real == 0.0 && a.real.is_sign_positive() {
        float_text::repr_part(&mut out, a.imag, flags);
        out.push('j');
    } else {
        out.push('(');
        float_text::repr_part(&mut out, a.real, flags);
        float_text::repr_part(&mut out, a.imag, float_text::Flags { sign: true, ..flags });
        out.push_str("j)");
    }
    out
}

/// Why text is not a complex number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// `ValueError: could not convert string to complex: '…'` (misplaced `_`)
    Underscore,
    /// `ValueError: complex() arg is a malformed string`
    Malformed,
}

/// `complex(text)`: ASCII text with whitespace, underscores and parentheses.
pub fn parse(text: &[u8]) -> Result<Complex, ParseError> {
    let owned;
    let text = if text.contains(&b'_') {
        owned = float_text::strip_underscores(text).ok_or(ParseError::Underscore)?;
        owned.as_slice()
    } else {
        text
    };
    parse_plain(text).ok_or(ParseError::Malformed)
}

fn parse_plain(text: &[u8]) -> Option<Complex> {
    let mut s = float_text::trim(text);
    if let Some(inner) = s.strip_prefix(b"(") {
        s = float_text::trim(inner.strip_suffix(b")")?);
    }
    let (first, rest) = number_or_unit(s)?;
    match rest {
        [] if first.is_unit => None,
        [] => Some(complex(first.value, 0.0)),
        [b'j' | b'J'] => Some(complex(0.0, first.value)),
        [b'+' | b'-', ..] if !first.is_unit => {
            let (second, rest) = number_or_unit(rest)?;
            matches!(rest, [b'j' | b'J']).then_some(complex(first.value, second.value))
        }
        _ => None,
    }
}

struct Part {
    value: f64,
    /// Only a sign, or nothing: 1 if a `j` follows.
    is_unit: bool,
}

fn number_or_unit(s: &[u8]) -> Option<(Part, &[u8])> {
    if let Some((value, used)) = float_text::parse_prefix(s) {
        return Some((Part { value, is_unit: false }, s.get(used..)?));
    }
    let (value, rest) = match s {
        [b'-', rest @ ..] => (-1.0, rest),
        [b'+', rest @ ..] => (1.0, rest),
        rest => (1.0, rest),
    };
    matches!(rest, [b'j' | b'J']).then_some((Part { value, is_unit: true }, rest))
}

#[cfg(test)]
mod tests;
