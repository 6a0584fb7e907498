//! Arithmetic of `float` where it differs from the machine's.
//!
//! Division by zero is an error, `%` and `//` follow the sign of the divisor,
//! `**` has special cases that must not depend on the C library, and `round`
//! is correct in decimal.

use crate::float_text;
use num_bigint::{BigInt, Sign};
use std::fmt;

/// Division by zero (`ZeroDivisionError: division by zero`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroDivision;

impl fmt::Display for ZeroDivision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("division by zero")
    }
}

/// `x / y`.
#[inline]
pub fn true_div(x: f64, y: f64) -> Result<f64, ZeroDivision> {
    if y == 0.0 { Err(ZeroDivision) } else { Ok(x / y) }
}

/// `x % y`: the sign of the result is that of `y`.
#[inline]
pub fn rem(x: f64, y: f64) -> Result<f64, ZeroDivision> {
    if y == 0.0 {
        return Err(ZeroDivision);
    }
    let m = x % y;
    Ok(if m == 0.0 {
        0f64.copysign(y)
    } else if (y < 0.0) != (m < 0.0) {
        m + y
    } else {
        m
    })
}

/// `divmod(x, y)`.
pub fn divmod(x: f64, y: f64) -> Result<(f64, f64), ZeroDivision> {
    if y == 0.0 {
        return Err(ZeroDivision);
    }
    let mut m = x % y;
    let mut quotient = (x - m) / y;
    if m == 0.0 {
        m = 0f64.copysign(y);
    } else if (y < 0.0) != (m < 0.0) {
        m += y;
        quotient -= 1.0;
    }
    let floored = if quotient == 0.0 {
        0f64.copysign(x / y)
    } else {
        let f = quotient.floor();
        if quotient - f > 0.5 { f + 1.0 } else { f }
    };
    Ok((floored, m))
}

/// `x // y`.
#[inline]
pub fn floor_div(x: f64, y: f64) -> Result<f64, ZeroDivision> {
    divmod(x, y).map(|(quotient, _)| quotient)
}

/// Why `x ** y` is not a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowError {
    /// `ZeroDivisionError: zero to a negative power`.
    ZeroToNegative,
    /// `OverflowError: (34, 'Numerical result out of range')`.
    Overflow,
    /// The result is complex: use [`crate::complex::pow`].
    Complex,
}

/// `x ** y`.
pub fn pow(x: f64, y: f64) -> Result<f64, PowError> {
    if y == 0.0 || x == 1.0 {
        return Ok(1.0);
    }
    if x.is_nan() {
        return Ok(x);
    }
    if y.is_nan() {
        return Ok(y);
    }
    if y.is_infinite() {
        let magnitude = x.abs();
        return Ok(if magnitude == 1.0 {
            1.0
        } else if (y > 0.0) == (magnitude > 1.0) {
            y.abs()
        } else {
            0.0
        });
    }
    let y_is_odd = (y.abs() % 2.0) == 1.0;
    if x.is_infinite() {
        return Ok(match (y > 0.0, y_is_odd) {
            (true, true) => x,
            (true, false) => x.abs(),
            (false, true) => 0f64.copysign(x),
            (false, false) => 0.0,
        });
    }
    if x == 0.0 {
        if y < 0.0 {
            return Err(PowError::ZeroToNegative);
        }
        return Ok(if y_is_odd { x } else { 0.0 });
    }
    let negate = x < 0.0 && y_is_odd;
    if x < 0.0 && y != y.floor() {
        return Err(PowError::Complex);
    }
    let base = x.abs();
    if base == 1.0 {
        return Ok(if negate { -1.0 } else { 1.0 });
    }
    let result = base.powf(y);
    if result.is_infinite() {
        return Err(PowError::Overflow);
    }
    Ok(if negate { -result } else { result })
}

/// `round(x, ndigits)`; `None` if the rounded value overflows
/// (`OverflowError: rounded value too large to represent`).
pub fn round(x: f64, ndigits: i64) -> Option<f64> {
    const MAX_DIGITS: i64 = 323;
    const MIN_DIGITS: i64 = -308;
    if !x.is_finite() || x == 0.0 || ndigits > MAX_DIGITS {
        return Some(x);
    }
    if ndigits < MIN_DIGITS {
        return Some(0.0 * x);
    }
    let rounded = if ndigits >= 0 {
        parse_finite(&format!("{x:.*}", ndigits as usize))
    } else {
        round_left_of_point(x, -ndigits)
    };
    rounded.is_finite().then_some(rounded)
}

/// Rounds to a multiple of 10^`places`, `places` > 0.
fn round_left_of_point(x: f64, places: i64) -> f64 {
    let (digits, point) = float_text::exact_digits(x.abs());
    let kept = i64::from(point) - places;
    let zero = 0f64.copysign(x);
    if kept < 0 {
        return zero;
    }
    if kept == 0 {
        // Half of the unit or less rounds to zero, which is even.
        return if digits.as_str() > "5" {
            parse_finite(&format!("1e{places}")).copysign(x)
        } else {
            zero
        };
    }
    parse_finite(&format!("{x:.*e}", kept as usize - 1))
}

fn parse_finite(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// `round(x)` with ties to even, still as a float.
#[inline]
pub fn round_half_even(x: f64) -> f64 {
    x.round_ties_even()
}

/// Why a float has no integer counterpart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFinite {
    /// `OverflowError`
    Infinity,
    /// `ValueError`
    Nan,
}

impl NotFinite {
    /// `Some` for infinities and NaN.
    pub fn of(x: f64) -> Option<Self> {
        if x.is_finite() {
            None
        } else {
            Some(if x.is_nan() { NotFinite::Nan } else { NotFinite::Infinity })
        }
    }

    /// The message of `int(x)`.
    pub fn to_int_message(self) -> &'static str {
        match self {
            NotFinite::Infinity => "cannot convert float infinity to integer",
            NotFinite::Nan => "cannot convert float NaN to integer",
        }
    }

    /// The message of `x.as_integer_ratio()`.
    pub fn to_ratio_message(self) -> &'static str {
        match self {
            NotFinite::Infinity => "cannot convert Infinity to integer ratio",
            NotFinite::Nan => "cannot convert NaN to integer ratio",
        }
    }
}

/// The pair of ints, in lowest terms, whose ratio is exactly `x`.
pub fn as_integer_ratio(x: f64) -> Result<(BigInt, BigInt), NotFinite> {
    if let Some(error) = NotFinite::of(x) {
        return Err(error);
    }
    if x == 0.0 {
        return Ok((BigInt::ZERO, BigInt::from(1)));
    }
    let (mantissa, exponent) = crate::math::frexp(x.abs());
    let scaled = (mantissa * (1u64 << 53) as f64) as u64;
    let zeros = scaled.trailing_zeros();
    let exponent = exponent - 53 + zeros as i32;
    let sign = if x < 0.0 { Sign::Minus } else { Sign::Plus };
    let numerator = BigInt::from_biguint(sign, (scaled >> zeros).into());
    let one = BigInt::from(1);
    Ok(if exponent >= 0 {
        (numerator << exponent, one)
    } else {
        (numerator, one << exponent.unsigned_abs())
    })
}

/// Neumaier's compensated sum, as used by `sum()` over floats.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompensatedSum {
    hi: f64,
    lo: f64,
}

impl CompensatedSum {
    /// Starts from `start`.
    pub fn new(start: f64) -> Self {
        CompensatedSum { hi: start, lo: 0.0 }
    }

    /// Adds a float.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let total = self.hi + x;
        if self.hi.abs() >= x.abs() {
            self.lo += (self.hi - total) + x;
        } else {
            self.lo += (x - total) + self.hi;
        }
        self.hi = total;
    }

    /// Adds an int's value without compensation, as `sum()` does.
    #[inline]
    pub fn add_plain(&mut self, x: f64) {
        self.hi += x;
    }

    /// The rounded sum.
    #[inline]
    pub fn value(self) -> f64 {
        if self.lo != 0.0 && self.lo.is_finite() { self.hi + self.lo } else { self.hi }
    }
}

/// `x` as an exact int, truncated.
pub fn trunc_to_int(x: f64) -> Result<BigInt, NotFinite> {
    match NotFinite::of(x) {
        Some(error) => Err(error),
        None => Ok(crate::bigint::from_f64(x).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
