//! `int` to text and back, in bases 2 to 36.
//!
//! Decimal text of big numbers is converted by halves, so that the work is
//! done in a few large multiplications and divisions. The limit of
//! `sys.set_int_max_str_digits` concerns bases that are not powers of two; 0
//! means no limit.

use crate::float_text::trim;
use crate::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{Signed, Zero};
use std::fmt;

/// A parsed int.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    Small(i64),
    Big(BigInt),
}

/// Why `int(text, base)` failed (`ValueError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    BadBase,
    /// `invalid literal for int() with base %d: %R` (of the original text).
    Invalid,
    TooManyDigits {
        limit: usize,
        digits: usize,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseError::BadBase => f.write_str("int() base must be >= 2 and <= 36, or 0"),
            ParseError::Invalid => f.write_str("invalid literal for int()"),
            ParseError::TooManyDigits { limit, digits } => write!(
                f,
                "Exceeds the limit ({limit} digits) for integer string conversion: value has \
                 {digits} digits; use sys.set_int_max_str_digits() to increase the limit"
            ),
        }
    }
}

/// The message when a result has more digits than the limit.
pub fn too_many_digits_message(limit: usize) -> String {
    format!(
        "Exceeds the limit ({limit} digits) for integer string conversion; \
         use sys.set_int_max_str_digits() to increase the limit"
    )
}

/// Whether a number of `digits` decimal digits is over the limit (0: none).
#[inline]
pub fn exceeds_limit(digits: usize, limit: usize) -> bool {
    limit > 0 && digits > limit
}

/// Whether a number of `bits` bits surely has more than `limit` decimal
/// digits, so that converting it would be wasted work.
#[inline]
pub fn surely_exceeds_limit(bits: u64, limit: usize) -> bool {
    // log10(2) > 0.30102; n bits mean more than (n-1)·log10(2) digits.
    limit > 0 && u128::from(bits.saturating_sub(1)) * 30_102 / 100_000 > limit as u128
}

/// `int(text, base)` for ASCII text; surrounding whitespace is skipped.
pub fn parse(text: &[u8], base: u32, limit: usize) -> Result<Parsed, ParseError> {
    if base == 1 || base > 36 {
        return Err(ParseError::BadBase);
    }
    let (negative, rest) = match trim(text) {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let prefix_base = match rest {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 0,
    };
    let mut digits = rest;
    let mut only_zeros = false;
    let mut radix = base;
    if base == 0 {
        radix = if prefix_base != 0 { prefix_base } else { 10 };
        only_zeros = prefix_base == 0 && rest.first() == Some(&b'0');
    }
    if prefix_base == radix {
        digits = rest.get(2..).unwrap_or(&[]);
        digits = digits.strip_prefix(b"_").unwrap_or(digits);
    }
    let parsed = parse_digits(digits, radix, negative, limit)?;
    if only_zeros && parsed != Parsed::Small(0) {
        return Err(ParseError::Invalid);
    }
    Ok(parsed)
}

fn parse_digits(
    text: &[u8],
    radix: u32,
    negative: bool,
    limit: usize,
) -> Result<Parsed, ParseError> {
    // PERF: most ints have a few digits and no underscore.
    if text.len() <= 12 && !text.is_empty() {
        let mut value = 0i64;
        let plain = text.iter().all(|&byte| match (byte as char).to_digit(radix) {
            Some(digit) => {
                value = value.wrapping_mul(i64::from(radix)) + i64::from(digit);
                true
            }
            None => false,
        });
        if plain && !exceeds_limit(text.len(), if radix.is_power_of_two() { 0 } else { limit }) {
            return Ok(Parsed::Small(if negative { -value } else { value }));
        }
    }
    if radix == 10
        && text.len() <= LEAF
        && text.iter().all(u8::is_ascii_digit)
        && !text.is_empty()
        && !exceeds_limit(text.len(), limit)
    {
        return Ok(signed(decimal_leaf(text), negative));
    }
    let mut values = Vec::with_capacity(text.len());
    let mut previous = b'_';
    for &byte in text {
        if byte == b'_' {
            if previous == b'_' {
                return Err(ParseError::Invalid);
            }
        } else {
            let digit = (byte as char).to_digit(radix).ok_or(ParseError::Invalid)?;
            values.push(digit as u8);
        }
        previous = byte;
    }
    if previous == b'_' {
        return Err(ParseError::Invalid);
    }
    if !radix.is_power_of_two() && exceeds_limit(values.len(), limit) {
        return Err(ParseError::TooManyDigits { limit, digits: values.len() });
    }
    Ok(signed(from_digit_values(&values, radix), negative))
}

fn signed(magnitude: BigUint, negative: bool) -> Parsed {
    let sign = if negative { Sign::Minus } else { Sign::Plus };
    let value = BigInt::from_biguint(sign, magnitude);
    match i64::try_from(&value) {
        Ok(small) => Parsed::Small(small),
        Err(_) => Parsed::Big(value),
    }
}

/// The value of a few decimal digits. PERF: a machine word's worth of them at a time; ints of a
/// hundred digits are read in half the time.
fn decimal_leaf(text: &[u8]) -> BigUint {
    const STEP: usize = 19;
    let word = |digits: &[u8]| {
        digits.iter().fold(0u64, |value, &byte| value * 10 + u64::from(byte.wrapping_sub(b'0')))
    };
    let (first, steps) = text.split_at(text.len() % STEP);
    let mut limbs = Vec::with_capacity(text.len() / STEP + 1);
    limbs.push(word(first));
    for digits in steps.chunks_exact(STEP) {
        let mut carry = u128::from(word(digits));
        for limb in &mut limbs {
            carry += u128::from(*limb) * u128::from(10u64.pow(STEP as u32));
            *limb = carry as u64;
            carry >>= 64;
        }
        if carry != 0 {
            limbs.push(carry as u64);
        }
    }
    BigUint::new(limbs.iter().flat_map(|&limb| [limb as u32, (limb >> 32) as u32]).collect())
}

/// Digits below this length are converted directly.
const LEAF: usize = 512;

fn from_digit_values(values: &[u8], radix: u32) -> BigUint {
    let direct = |values: &[u8]| BigUint::from_radix_be(values, radix).unwrap_or_default();
    if values.len() <= LEAF || radix.is_power_of_two() {
        return direct(values);
    }
    let powers = powers_of(radix, LEAF, |len| len >= values.len());
    fn join(
        values: &[u8],
        powers: &[(usize, BigUint)],
        direct: &impl Fn(&[u8]) -> BigUint,
    ) -> BigUint {
        let Some(((len, power), smaller)) = powers.split_last() else {
            return direct(values);
        };
        let Some((high, low)) = values.split_at_checked(values.len().saturating_sub(*len)) else {
            return direct(values);
        };
        if high.is_empty() {
            return join(low, smaller, direct);
        }
        join(high, smaller, direct) * power + join(low, smaller, direct)
    }
    join(values, &powers, &direct)
}

/// `radix` to the powers `leaf`, 2·`leaf`, 4·`leaf`… until `done`.
fn powers_of(radix: u32, leaf: usize, done: impl Fn(usize) -> bool) -> Vec<(usize, BigUint)> {
    let mut len = leaf;
    let mut power = BigUint::from(radix).pow(leaf as u32);
    let mut powers = Vec::new();
    while !done(len) {
        let next = &power * &power;
        powers.push((len, power));
        power = next;
        len = len.saturating_mul(2);
    }
    powers
}

/// Appends a machine int in `base` (2 to 36, else 10), lower case.
pub fn write_i64(out: &mut String, value: i64, base: u32) {
    if value < 0 {
        out.push('-');
    }
    write_u64(out, value.unsigned_abs(), base);
}

/// Appends an unsigned machine int in `base` (2 to 36, else 10), lower case.
pub fn write_u64(out: &mut String, mut value: u64, base: u32) {
    use fmt::Write;
    let base = if (2..=36).contains(&base) { base } else { 10 };
    if base == 10 {
        let _ = write!(out, "{value}");
        return;
    }
    let mut buffer = [b'0'; 64];
    let mut used = 0;
    for slot in buffer.iter_mut().rev() {
        let digit = char::from_digit((value % u64::from(base)) as u32, base).unwrap_or('0');
        *slot = digit as u8;
        used += 1;
        value /= u64::from(base);
        if value == 0 {
            break;
        }
    }
    out.extend(buffer.iter().skip(64 - used).map(|&byte| byte as char));
}

/// Text of a big int in `base` (2 to 36, else 10), lower case, with `-`.
pub fn big_to_text(value: &BigInt, base: u32) -> String {
    let base = if (2..=36).contains(&base) { base } else { 10 };
    let mut out = String::new();
    if value.is_negative() {
        out.push('-');
    }
    let bits_per_digit = f64::from(base).log2();
    let digits = (value.bits() as f64 / bits_per_digit) as usize;
    if base.is_power_of_two() || digits < 2 * SPLIT_LEAF {
        out.push_str(&value.magnitude().to_str_radix(base));
        return out;
    }
    let powers = powers_of(base, SPLIT_LEAF, |len| len > digits);
    split(&mut out, value.magnitude(), &powers, base, 0);
    out
}

/// Below this many digits the library's conversion is faster.
const SPLIT_LEAF: usize = 1024;

fn split(out: &mut String, value: &BigUint, powers: &[(usize, BigUint)], base: u32, width: usize) {
    let Some(((len, power), smaller)) = powers.split_last() else {
        let text = value.to_str_radix(base);
        let text = if value.is_zero() { "" } else { text.as_str() };
        out.extend(std::iter::repeat_n('0', width.saturating_sub(text.len())));
        out.push_str(text);
        return;
    };
    let (high, low) = value.div_rem(power);
    if width == 0 && high.is_zero() {
        return split(out, &low, smaller, base, 0);
    }
    split(out, &high, smaller, base, width.saturating_sub(*len));
    split(out, &low, smaller, base, *len);
}

#[cfg(test)]
mod tests;
