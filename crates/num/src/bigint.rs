//! What Python's `int` needs of `BigInt` beyond its operators.
//!
//! Conversions to and from 30-bit digits, floats and bytes; the operations
//! whose rounding (floor), failure (zero, overflow, no inverse) or result
//! size is Python's. The operators `+ - * & | ^ !` of `BigInt` already mean
//! what Python means.

use crate::digits::{self, MASK, SHIFT};
use crate::float_text::scale_rounded;
use crate::{TooLarge, probe_memory};
use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{FromPrimitive, Signed, Zero};
use std::cmp::Ordering;
use std::fmt;

/// From 30-bit digits.
pub fn from_digits(digits: &[u32], negative: bool) -> BigInt {
    BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, magnitude(digits))
}

fn magnitude(digits: &[u32]) -> BigUint {
    let mut words = Vec::with_capacity(digits.len());
    let mut pending = 0u64;
    let mut bits = 0;
    for &digit in digits {
        pending |= u64::from(digit) << bits;
        bits += SHIFT;
        if bits >= 32 {
            words.push(pending as u32);
            pending >>= 32;
            bits -= 32;
        }
    }
    if bits > 0 {
        words.push(pending as u32);
    }
    BigUint::new(words)
}

/// How many 30-bit digits `value` has.
pub fn digit_count(value: &BigInt) -> usize {
    value.bits().div_ceil(u64::from(SHIFT)) as usize
}

/// Writes the 30-bit digits of the magnitude into `out`, which has
/// [`digit_count`] places.
pub fn write_digits(value: &BigInt, out: &mut [u32]) {
    let mut words = value.iter_u64_digits();
    let mut pending = 0u128;
    let mut bits = 0;
    for slot in out {
        if bits < SHIFT {
            pending |= u128::from(words.next().unwrap_or(0)) << bits;
            bits += 64;
        }
        *slot = pending as u32 & MASK;
        pending >>= SHIFT;
        bits -= SHIFT;
    }
}

/// The 30-bit digits of the magnitude.
pub fn to_digits(value: &BigInt) -> Vec<u32> {
    let mut digits = vec![0; digit_count(value)];
    write_digits(value, &mut digits);
    digits
}

/// `value.bit_length()`
pub fn bit_length(value: &BigInt) -> u64 {
    value.bits()
}

/// `value.bit_count()`
pub fn bit_count(value: &BigInt) -> u64 {
    value.iter_u64_digits().map(|word| u64::from(word.count_ones())).sum()
}

/// `value << count`
pub fn shl(value: &BigInt, count: u64) -> Result<BigInt, TooLarge> {
    if value.is_zero() {
        return Ok(BigInt::ZERO);
    }
    probe_memory(value.bits().checked_add(count).ok_or(TooLarge)? / 8)?;
    Ok(value << count)
}

/// `value >> count`, towards minus infinity.
pub fn shr(value: &BigInt, count: u64) -> BigInt {
    if count >= value.bits() {
        return BigInt::from(if value.is_negative() { -1 } else { 0 });
    }
    value >> count
}

/// `divmod(a, b)`; `None` for division by zero.
pub fn divmod(a: &BigInt, b: &BigInt) -> Option<(BigInt, BigInt)> {
    (!b.is_zero()).then(|| a.div_mod_floor(b))
}

/// `a // b`; `None` for division by zero.
pub fn floor_div(a: &BigInt, b: &BigInt) -> Option<BigInt> {
    (!b.is_zero()).then(|| a.div_floor(b))
}

/// `a % b`; `None` for division by zero.
pub fn rem(a: &BigInt, b: &BigInt) -> Option<BigInt> {
    (!b.is_zero()).then(|| a.mod_floor(b))
}

/// `a * b`
pub fn mul(a: &BigInt, b: &BigInt) -> Result<BigInt, TooLarge> {
    probe_memory(a.bits().saturating_add(b.bits()) / 8)?;
    Ok(a * b)
}

/// `base ** exponent`
pub fn pow(base: &BigInt, exponent: u64) -> Result<BigInt, TooLarge> {
    match base.bits() {
        0 | 1 => {
            let odd = exponent % 2 == 1;
            return Ok(match base.sign() {
                _ if exponent == 0 => BigInt::from(1),
                Sign::Minus if !odd => BigInt::from(1),
                _ => base.clone(),
            });
        }
        bits => {
            let least = (bits - 1).checked_mul(exponent).ok_or(TooLarge)?;
            probe_memory(least / 8)?;
        }
    }
    // A power of two needs no multiplication.
    let zeros = base.trailing_zeros().unwrap_or(0);
    if zeros + 1 == base.bits() {
        let power = BigInt::from(1) << zeros.checked_mul(exponent).ok_or(TooLarge)?;
        return Ok(if base.is_negative() && exponent % 2 == 1 { -power } else { power });
    }
    let exponent = u32::try_from(exponent).map_err(|_| TooLarge)?;
    Ok(base.pow(exponent))
}

/// Why `pow(base, exponent, modulus)` failed (`ValueError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowModError {
    ZeroModulus,
    NotInvertible,
}

impl fmt::Display for PowModError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PowModError::ZeroModulus => "pow() 3rd argument cannot be 0",
            PowModError::NotInvertible => "base is not invertible for the given modulus",
        })
    }
}

/// `pow(base, exponent, modulus)`
pub fn pow_mod(base: &BigInt, exponent: &BigInt, modulus: &BigInt) -> Result<BigInt, PowModError> {
    if modulus.is_zero() {
        return Err(PowModError::ZeroModulus);
    }
    let positive = modulus.abs();
    if positive.bits() == 1 {
        return Ok(BigInt::ZERO);
    }
    let power = if exponent.is_negative() {
        let base = to_digits(&base.mod_floor(&positive));
        let inverse = digits::inverse(&base, &to_digits(&positive));
        let inverse = from_digits(&inverse.ok_or(PowModError::NotInvertible)?, false);
        if *exponent == BigInt::from(-1) { inverse } else { inverse.modpow(&-exponent, &positive) }
    } else {
        base.mod_floor(&positive).modpow(exponent, &positive)
    };
    Ok(if modulus.is_negative() { power.mod_floor(modulus) } else { power })
}

/// [`pow_mod`] of machine integers; `None` if the intermediate products do not
/// fit.
pub fn pow_mod_small(base: i64, exponent: i64, modulus: i64) -> Option<Result<i64, PowModError>> {
    let positive = i64::from(u32::try_from(modulus.unsigned_abs()).ok()?);
    if positive == 0 {
        return Some(Err(PowModError::ZeroModulus));
    }
    let base = base.rem_euclid(positive);
    let base = if exponent < 0 {
        match inverse(base, positive) {
            Some(inverse) => inverse,
            None => return Some(Err(PowModError::NotInvertible)),
        }
    } else {
        base
    };
    let modulus_bits = positive as u64;
    let (mut power, mut square) = (1 % modulus_bits, base as u64);
    let mut exponent = exponent.unsigned_abs();
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = power * square % modulus_bits;
        }
        square = square * square % modulus_bits;
        exponent >>= 1;
    }
    let power = power as i64;
    Some(Ok(if modulus < 0 && power > 0 { power - positive } else { power }))
}

/// The inverse of `value`, which is below `modulus`.
fn inverse(value: i64, modulus: i64) -> Option<i64> {
    let (mut r0, mut r1) = (modulus, value);
    let (mut t0, mut t1) = (0, 1);
    while r1 != 0 {
        let quotient = r0 / r1;
        (r0, r1) = (r1, r0 - quotient * r1);
        (t0, t1) = (t1, t0 - quotient * t1);
    }
    (r0 == 1).then(|| t0.rem_euclid(modulus))
}

/// `math.isqrt(value)`; `None` for negative numbers.
pub fn isqrt(value: &BigInt) -> Option<BigInt> {
    (!value.is_negative()).then(|| value.sqrt())
}

/// `math.gcd(a, b)`
pub fn gcd(a: &BigInt, b: &BigInt) -> BigInt {
    from_digits(&digits::gcd(&to_digits(a), &to_digits(b)), false)
}

/// The digits of `math.lcm(a, b)`, of theirs.
pub fn lcm(a: &[u32], b: &[u32]) -> Vec<u32> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let divisor = from_digits(&digits::gcd(a, b), false);
    to_digits(&(from_digits(a, false) / divisor * from_digits(b, false)))
}

/// The top 64 bits of the magnitude, the exponent of their last bit, and
/// whether anything follows.
fn top_bits(value: &BigInt) -> (u64, i64, bool) {
    let bits = value.bits();
    if bits <= 64 {
        return (value.iter_u64_digits().next().unwrap_or(0), 0, false);
    }
    let cut = bits - 64;
    let word = (cut / 64) as usize;
    let offset = (cut % 64) as u32;
    let mut words = value.iter_u64_digits().skip(word);
    let low = words.next().unwrap_or(0);
    let top = match words.next() {
        Some(high) if offset > 0 => low >> offset | high << (64 - offset),
        _ => low,
    };
    (top, cut as i64, value.trailing_zeros().is_some_and(|zeros| zeros < cut))
}

/// `float(value)`, half to even; `None` on overflow
/// (`OverflowError: int too large to convert to float`).
pub fn to_f64(value: &BigInt) -> Option<f64> {
    let (top, exponent, sticky) = top_bits(value);
    let result = scale_rounded(top, sticky, exponent);
    let signed = if value.is_negative() { -result } else { result };
    result.is_finite().then_some(signed)
}

/// Mantissa in [0.5, 1) (with the sign) and exponent of `value`.
pub fn frexp(value: &BigInt) -> (f64, i64) {
    if value.is_zero() {
        return (0.0, 0);
    }
    let (top, exponent, sticky) = top_bits(value);
    let (mantissa, extra) = crate::math::frexp(scale_rounded(top, sticky, 0));
    let signed = if value.is_negative() { -mantissa } else { mantissa };
    (signed, exponent + i64::from(extra))
}

/// The integral part of a finite float.
pub fn from_f64(value: f64) -> Option<BigInt> {
    BigInt::from_f64(value)
}

/// Why `a / b` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrueDivError {
    /// `ZeroDivisionError`
    Zero,
    /// `OverflowError`
    Overflow,
}

impl fmt::Display for TrueDivError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrueDivError::Zero => "division by zero",
            TrueDivError::Overflow => "integer division result too large for a float",
        })
    }
}

/// `a / b`, correctly rounded.
pub fn true_div(a: &BigInt, b: &BigInt) -> Result<f64, TrueDivError> {
    if b.is_zero() {
        return Err(TrueDivError::Zero);
    }
    let sign = if a.is_negative() != b.is_negative() { -1.0 } else { 1.0 };
    if a.is_zero() {
        return Ok(0f64.copysign(sign));
    }
    let difference = a.bits() as i64 - b.bits() as i64;
    if difference > 1025 {
        return Err(TrueDivError::Overflow);
    }
    if difference < -1100 {
        return Ok(0f64.copysign(sign));
    }
    // The quotient gets 63 or 64 bits.
    let shift = 63 - difference;
    let (quotient, remainder) = if shift >= 0 {
        (a.magnitude() << shift.unsigned_abs()).div_rem(b.magnitude())
    } else {
        a.magnitude().div_rem(&(b.magnitude() << shift.unsigned_abs()))
    };
    let top = quotient.iter_u64_digits().next().unwrap_or(0);
    let result = scale_rounded(top, !remainder.is_zero(), -shift);
    if result.is_infinite() { Err(TrueDivError::Overflow) } else { Ok(result.copysign(sign)) }
}

/// Compares exactly; `None` for NaN.
pub fn compare_f64(a: &BigInt, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    if b.is_infinite() {
        return Some(if b > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let whole = b.trunc();
    let order = a.cmp(&from_f64(whole)?);
    Some(order.then_with(|| whole.partial_cmp(&b).unwrap_or(Ordering::Equal)))
}

#[cfg(test)]
mod tests;
