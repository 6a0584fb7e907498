//! Numbers of at most two words, computed with as machine integers.
//!
//! PERF: most operations of most programs end here (decimal_pi, telco). What is
//! not as usual, namely zeros, specials, results at the limits of the exponent,
//! and contexts that clamp, is `None` and left to the operations on words.

use super::{
    Coefficient, Context, Decimal, Rest, Rounding, Status,
    coefficient::{BASE, Divider, POWERS, WIDTH, split},
    condition::{INEXACT, ROUNDED},
};

/// A magnitude below 10³⁸ that is not zero, with sign and exponent.
#[derive(Clone, Copy)]
pub(super) struct Small {
    pub(super) negative: bool,
    pub(super) value: u128,
    pub(super) exponent: i64,
}

const DIGITS: usize = 2 * WIDTH;

const WIDE_POWERS: [u128; DIGITS + 1] = {
    let mut powers = [1; DIGITS + 1];
    let mut i = 1;
    while i <= DIGITS {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Division by 10ⁿ, which is shifted by this many bits.
const DIVIDERS: [(Divider, u32); WIDTH + 1] = {
    let mut dividers = [(Divider::new(1 << 63), 63); WIDTH + 1];
    let mut i = 0;
    while i <= WIDTH {
        let shift = POWERS[i].leading_zeros();
        dividers[i] = (Divider::new(POWERS[i] << shift), shift);
        i += 1;
    }
    dividers
};

/// The number of decimal digits of a value below 10³⁸ that is not zero.
#[inline]
fn digits(value: u128) -> i64 {
    // 1233 / 4096 is a little more than log₁₀ 2.
    let least = (((128 - value.leading_zeros()) * 1233) >> 12) as usize;
    match WIDE_POWERS.get(least) {
        Some(power) if value >= *power => least as i64 + 1,
        _ => least as i64,
    }
}

/// `value / 10ⁿ` and the remainder; `n` is below 38.
#[inline]
fn divide(value: u128, n: usize) -> (u128, u128) {
    if let (Some(unit), Ok(value)) = (POWERS.get(n), u64::try_from(value)) {
        return (u128::from(value / unit), u128::from(value % unit));
    }
    if let Some((divider, shift)) = DIVIDERS.get(n) {
        let top = value.checked_shr(128 - shift).unwrap_or(0);
        let rest = value << shift;
        let (high, carry) = divider.div_rem(top << 64 | rest >> 64);
        let (low, rest) = divider.div_rem(u128::from(carry) << 64 | u128::from(rest as u64));
        return (u128::from(high) << 64 | u128::from(low), u128::from(rest >> shift));
    }
    let (high, low) = split(value);
    let unit = POWERS.get(n - WIDTH).copied().unwrap_or(BASE);
    let rest = u128::from(high % unit) * u128::from(BASE) + u128::from(low);
    (u128::from(high / unit), rest)
}

/// `value / 10ⁿ`, rounded, and whether it was exact; `n` is below 38.
#[inline(never)]
fn cut_off(value: u128, n: usize, rounding: Rounding, negative: bool) -> Option<(u128, bool)> {
    let (quotient, cut) = divide(value, n);
    if cut == 0 {
        return Some((quotient, true));
    }
    let half = WIDE_POWERS.get(n)? / 2;
    let rest = match cut.cmp(&half) {
        std::cmp::Ordering::Less => Rest::Below,
        std::cmp::Ordering::Equal => Rest::Half,
        std::cmp::Ordering::Greater => Rest::Above,
    };
    let away = rounding.is_away(rest, || (quotient % 10) as u64, negative);
    Some((quotient + u128::from(away), false))
}

impl Small {
    #[inline]
    fn decimal(self) -> Decimal {
        Decimal::new(self.negative, Coefficient::from_u128(self.value), self.exponent)
    }

    /// Fit into a context.
    #[inline(always)]
    fn finish(mut self, context: &Context, status: &mut Status) -> Option<Decimal> {
        let digits = digits(self.value);
        let adjusted = self.exponent + digits - 1;
        if !(context.emin..context.emax).contains(&adjusted) || context.clamp || self.value == 0 {
            return None;
        }
        if digits > context.prec {
            let cut = digits - context.prec;
            let (kept, exact) = cut_off(self.value, cut as usize, context.rounding, self.negative)?;
            self.value = kept;
            self.exponent += cut;
            if kept == *WIDE_POWERS.get(context.prec as usize)? {
                self.value = kept / 10;
                self.exponent += 1;
            }
            *status |= if exact { ROUNDED } else { ROUNDED | INEXACT };
        }
        Some(self.decimal())
    }
}

impl Decimal {
    /// As a small number, if it is one.
    #[inline]
    fn as_small(&self) -> Option<Small> {
        let value = self.coefficient.small()?;
        let is_usual = value != 0 && self.is_finite();
        is_usual.then_some(Small { negative: self.negative, value, exponent: self.exponent })
    }

    /// The sum of `self` and `other` with another sign.
    #[inline]
    pub(super) fn small_sum(
        &self,
        other: &Self,
        negative: bool,
        context: &Context,
        status: &mut Status,
    ) -> Option<Decimal> {
        let (mut a, mut b) = (self.as_small()?, other.as_small()?);
        b.negative = negative;
        if a.exponent < b.exponent {
            (a, b) = (b, a);
        }
        let shift = usize::try_from(a.exponent - b.exponent).ok()?;
        let end = *WIDE_POWERS.get(DIGITS)?;
        if shift != 0 {
            let factor = u128::from(*POWERS.get(shift)?);
            a.value = a.value.checked_mul(factor).filter(|value| *value < end)?;
            a.exponent = b.exponent;
        }
        let sum = if a.negative == b.negative {
            let value = a.value + b.value;
            if value >= end {
                return None;
            }
            Small { value, ..a }
        } else if a.value >= b.value {
            Small { value: a.value - b.value, ..a }
        } else {
            Small { value: b.value - a.value, ..b }
        };
        sum.finish(context, status)
    }

    /// `self * other`.
    #[inline]
    pub(super) fn small_product(
        &self,
        other: &Self,
        context: &Context,
        status: &mut Status,
    ) -> Option<Decimal> {
        let (a, b) = (self.as_small()?, other.as_small()?);
        let value = match (u64::try_from(a.value), u64::try_from(b.value)) {
            (Ok(a), Ok(b)) => u128::from(a) * u128::from(b),
            _ => a.value.checked_mul(b.value)?,
        };
        if value >= *WIDE_POWERS.get(DIGITS)? {
            return None;
        }
        let exponent = a.exponent + b.exponent;
        Small { negative: a.negative != b.negative, value, exponent }.finish(context, status)
    }

    /// `self / other`.
    #[inline]
    pub(super) fn small_quotient(
        &self,
        other: &Self,
        context: &Context,
        status: &mut Status,
    ) -> Option<Decimal> {
        let (a, b) = (self.as_small()?, other.as_small()?);
        // One digit more than the precision.
        let shift = digits(b.value) - digits(a.value) + context.prec + 1;
        let factor = WIDE_POWERS.get(usize::try_from(shift).ok()?)?;
        let dividend = a.value.checked_mul(*factor)?;
        if dividend >= *WIDE_POWERS.get(DIGITS)? {
            return None;
        }
        let (mut value, rest) = match (u64::try_from(dividend), u64::try_from(b.value)) {
            (Ok(a), Ok(b)) => (u128::from(a / b), u128::from(a % b)),
            _ => {
                let quotient = dividend / b.value;
                (quotient, dividend - quotient * b.value)
            }
        };
        let ideal = a.exponent - b.exponent;
        let mut exponent = ideal - shift;
        if rest != 0 {
            // A digit that cannot be mistaken for the end of an exact result.
            value += u128::from(matches!(value % 10, 0 | 5));
        } else {
            while exponent < ideal && value % 10 == 0 {
                value /= 10;
                exponent += 1;
            }
        }
        Small { negative: a.negative != b.negative, value, exponent }.finish(context, status)
    }

    /// `self` with another exponent.
    #[inline]
    pub(super) fn small_quantized(
        &self,
        exponent: i64,
        context: &Context,
        status: &mut Status,
    ) -> Option<Decimal> {
        let mut small = self.as_small()?;
        let mut conditions = 0;
        let cut = exponent - self.exponent;
        if cut > 0 {
            let cut = usize::try_from(cut).ok().filter(|cut| *cut < DIGITS)?;
            let (kept, exact) = cut_off(small.value, cut, context.rounding, small.negative)?;
            small.value = kept;
            conditions = if exact { ROUNDED } else { ROUNDED | INEXACT };
        } else {
            small.value = self.coefficient.small_shifted(cut.unsigned_abs())?;
        }
        small.exponent = exponent;
        if small.value == 0 || digits(small.value) > context.prec {
            return None;
        }
        let result = small.finish(context, &mut conditions)?;
        *status |= conditions;
        Some(result)
    }
}
