//! Square root, exponential, logarithms and powers, correctly rounded.
//!
//! Functions that are not algebraic are computed in binary fixed point with more
//! digits than are wanted, and again with more until the digits beyond the
//! precision show which way to round (Ziv, "Fast evaluation of elementary
//! mathematical functions with correctly rounded last bit", 1991). Logarithms
//! come from Newton's method on the exponential, whose series is summed after
//! its argument was halved a few times.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer as _;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

use super::{
    Coefficient, Context, Decimal, MAX_EMAX, Rounding, Status,
    arithmetic::memory,
    condition::{INEXACT, ROUNDED, SUBNORMAL, UNDERFLOW},
    invalid_operation, nan_of, out_of_memory,
};
use crate::TooLarge;

/// Digits beyond the precision at the first attempt.
const EXTRA: i64 = 6;
/// The largest precision of the elementary functions: their time grows with its
/// square, so that more would be an answer never.
const MAX_DIGITS: i64 = 100_000_000;

/// The most zeros at the end of a power that is taken modulo a number.
const MAX_POWER_SHIFT: i64 = 10_000_000;

/// Binary digits that `digits` decimal ones need.
fn bits_for(digits: i64) -> u64 {
    digits.unsigned_abs() * 10 / 3 + 8
}

/// A number in binary fixed point: `value / 2^bits`.
#[derive(Clone)]
struct Fixed {
    value: BigInt,
    bits: u64,
}

impl Fixed {
    /// numerator · 10^exponent.
    fn from_decimal(value: &Decimal, bits: u64) -> Fixed {
        let coefficient = BigInt::from(value.coefficient.to_biguint()) << bits;
        let ten = BigInt::from(10);
        let power = u32::try_from(value.exponent.unsigned_abs()).unwrap_or(u32::MAX);
        let scaled = match value.exponent {
            0 => coefficient,
            1.. => coefficient * ten.pow(power),
            _ => coefficient.div_floor(&ten.pow(power)),
        };
        Fixed { value: if value.negative { -scaled } else { scaled }, bits }
    }

    /// The digits of `self · 10^places`, cut off.
    fn digits(&self, places: i64) -> BigInt {
        let power = BigInt::from(10).pow(u32::try_from(places.max(0)).unwrap_or(u32::MAX));
        (&self.value * power) >> self.bits
    }
}

/// ln 10 with an error of a few units of 2^-bits: 46 artanh 1/31 + 34 artanh 1/49
/// + 20 artanh 1/161.
fn ln10(bits: u64) -> BigInt {
    let guard = bits + 16;
    let artanh = |n: u32| {
        let mut power = (BigInt::from(1) << guard) / n;
        let (square, mut sum, mut k) = (n * n, BigInt::zero(), 1_u32);
        while !power.is_zero() {
            sum += &power / k;
            power /= square;
            k += 2;
        }
        sum
    };
    (artanh(31) * 46 + artanh(49) * 34 + artanh(161) * 20) >> 16_u32
}

/// e^x for 0 <= x < 4, in fixed point.
fn exp_fixed(x: &BigInt, bits: u64) -> BigInt {
    let halvings = bits.isqrt() + 2;
    let work = bits + 2 * halvings + 16;
    let x = (x << (work - bits)) >> halvings;
    let one = BigInt::from(1) << work;
    let (mut sum, mut term, mut k) = (one.clone(), one, 1_u32);
    loop {
        term = ((term * &x) >> work) / k;
        if term.is_zero() {
            break;
        }
        sum += &term;
        k += 1;
    }
    for _ in 0..halvings {
        sum = (&sum * &sum) >> work;
    }
    sum >> (work - bits)
}

/// ln x for 1 <= x < 16, in fixed point.
fn ln_fixed(x: &BigInt, bits: u64) -> BigInt {
    let shift = bits.saturating_sub(60);
    let guess = (x >> shift).to_f64().unwrap_or(1.0) / (1_u64 << (bits - shift)) as f64;
    let mut y = BigInt::from((guess.ln() * (1_u64 << 48) as f64) as i64);
    y = if bits >= 48 { y << (bits - 48) } else { y >> (48 - bits) };
    let mut good = 44;
    while good < bits + 8 {
        // y + 2 (x - e^y) / (x + e^y) has three times the digits.
        let e = exp_fixed(&y.abs(), bits);
        let numerator = ((x - &e) << 1_u32) << bits;
        y += numerator / (x + e);
        good *= 3;
    }
    y
}

/// The natural logarithm of a positive number, with an error of about 2^-bits
/// times its exponent's size.
fn ln_of(value: &Decimal, bits: u64) -> BigInt {
    let adjusted = value.adjusted();
    let guard = bits + 72;
    let unit = Decimal::new(false, value.coefficient.clone(), value.exponent - adjusted);
    let m = Fixed::from_decimal(&unit, guard);
    let sum = ln_fixed(&m.value, guard) + ln10(guard) * adjusted;
    sum >> 72_u32
}

/// A result: digits, of which the last ones may be wrong, and an exponent.
struct Approximation {
    negative: bool,
    digits: BigUint,
    exponent: i64,
}

impl Approximation {
    /// The decimal that rounds like the exact result, unless the digits beyond
    /// the precision do not tell. The error is below 100 units.
    fn decide(self, prec: i64) -> Result<Option<Decimal>, TooLarge> {
        let coefficient = Coefficient::from_biguint(&self.digits)?;
        let beyond = coefficient.digits() - prec;
        if beyond < 4 {
            return Ok(None);
        }
        let tail = coefficient.low_digits(beyond.unsigned_abs()).to_biguint();
        let unit = BigUint::from(10_u32).pow(u32::try_from(beyond).unwrap_or(u32::MAX));
        let half = &unit >> 1_u32;
        let distance = |a: &BigUint, b: &BigUint| if a > b { a - b } else { b - a };
        let near = [BigUint::ZERO, half, unit]
            .iter()
            .any(|point| distance(&tail, point) < BigUint::from(100_u32));
        Ok((!near).then(|| Decimal::new(self.negative, coefficient, self.exponent)))
    }
}

/// Compute with more and more digits until the rounding is clear.
fn correctly_rounded(
    prec: i64,
    mut compute: impl FnMut(i64) -> Approximation,
) -> Result<Decimal, TooLarge> {
    let mut extra = EXTRA;
    loop {
        if let Some(result) = compute(prec + extra).decide(prec)? {
            return Ok(result);
        }
        extra *= 2;
    }
}

/// `number` with a fraction of `bits` as an approximation with `wanted` digits;
/// `size` is the weight of its first digit.
fn approximate(number: &Fixed, size: i64, wanted: i64) -> Approximation {
    let places = wanted - size;
    let digits = if places >= 0 {
        number.digits(places)
    } else {
        let power = BigInt::from(10).pow(u32::try_from(-places).unwrap_or(u32::MAX));
        (&number.value / power) >> number.bits
    };
    Approximation {
        negative: digits.is_negative(),
        digits: digits.magnitude().clone(),
        exponent: -places,
    }
}

impl Context {
    fn half_even(&self) -> Context {
        self.with_rounding(Rounding::HalfEven)
    }
}

impl Decimal {
    /// The square root.
    pub fn sqrt(&self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self], context, status) {
            return nan;
        }
        let ideal = self.exponent.div_euclid(2);
        if self.is_zero() {
            return Decimal::zero(self.negative, ideal).finish(context, status);
        }
        if self.negative {
            return invalid_operation(status);
        }
        if self.is_infinite() {
            return self.clone();
        }
        let (root, exact) = memory!(self.root(context.prec + 1, ideal), status);
        let mut root = root;
        if !exact && matches!(root.coefficient.last_digit(), 0 | 5) {
            root.coefficient.increment();
        }
        root.finish(&context.half_even(), status)
    }

    /// The square root with at least `prec` digits, cut off, and whether it is
    /// exact; then its exponent is as near to `ideal` as can be.
    fn root(&self, prec: i64, ideal: i64) -> Result<(Self, bool), TooLarge> {
        let odd = self.exponent.rem_euclid(2);
        let digits = self.coefficient.digits() + odd;
        // A root has half as many digits; shift by an even number.
        let shift = 2 * (prec - (digits + 1) / 2).max(0);
        let number = self.coefficient.shift_left((shift + odd).unsigned_abs())?.to_biguint();
        let root = number.sqrt();
        let exact = &root * &root == number;
        let mut coefficient = Coefficient::from_biguint(&root)?;
        let mut exponent = ideal - shift / 2;
        if exact {
            let zeros = coefficient.trailing_zeros().min(ideal - exponent).max(0);
            coefficient = coefficient.shift_right(zeros.unsigned_abs()).0;
            exponent += zeros;
        }
        Ok((Decimal::new(false, coefficient, exponent), exact))
    }

    /// e to the power of `self`.
    pub fn exp(&self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self], context, status) {
            return nan;
        }
        if self.is_infinite() {
            return if self.negative { Decimal::zero(false, 0) } else { self.clone() };
        }
        if self.is_zero() {
            return Decimal::from_i64(1);
        }
        if context.prec > MAX_DIGITS {
            return out_of_memory(status);
        }
        let context = context.half_even();
        let result = memory!(self.exp_digits(&context), status);
        *status |= INEXACT | ROUNDED;
        result.finish(&context, status)
    }

    /// e to the power of `self`, not zero, so that it rounds correctly.
    fn exp_digits(&self, context: &Context) -> Result<Self, TooLarge> {
        if self.adjusted() > 18 {
            // Far beyond every exponent.
            let exponent = if self.negative { -4 } else { 2 } * MAX_EMAX;
            return Ok(Decimal::new(false, Coefficient::one(), exponent));
        }
        if self.adjusted() < -context.prec - 2 {
            return near_one(self.negative, context.prec);
        }
        correctly_rounded(context.prec, |wanted| self.exp_approximation(wanted))
    }

    fn exp_approximation(&self, wanted: i64) -> Approximation {
        let bits = bits_for(wanted + self.adjusted().max(0) + 4);
        let x = Fixed::from_decimal(self, bits);
        let ln10 = ln10(bits);
        let (power, rest) = x.value.div_mod_floor(&ln10);
        let power = power.to_i64().unwrap_or(0);
        let mantissa = Fixed { value: exp_fixed(&rest, bits), bits };
        let mut result = approximate(&mantissa, 1, wanted);
        result.exponent += power;
        result
    }

    /// The natural logarithm.
    pub fn ln(&self, context: &Context, status: &mut Status) -> Self {
        if let Err(result) = self.check_logarithm(context, status) {
            return result;
        }
        if self.partial_compare(&Decimal::from_i64(1)) == Some(Ordering::Equal) {
            return Decimal::zero(false, 0);
        }
        let size = self.logarithm_size();
        let compute = |wanted: i64| {
            let bits = bits_for(wanted - size + 4);
            approximate(&Fixed { value: ln_of(self, bits), bits }, size, wanted)
        };
        let result = memory!(correctly_rounded(context.prec, compute), status);
        *status |= INEXACT | ROUNDED;
        result.finish(&context.half_even(), status)
    }

    /// The logarithm to base ten.
    pub fn log10(&self, context: &Context, status: &mut Status) -> Self {
        if let Err(result) = self.check_logarithm(context, status) {
            return result;
        }
        let context = context.half_even();
        let zeros = self.coefficient.trailing_zeros();
        if self.coefficient.shift_right(zeros.unsigned_abs()).0 == Coefficient::one() {
            return Decimal::from_i64(self.exponent + zeros).finish(&context, status);
        }
        let size = self.logarithm_size();
        let compute = |wanted: i64| {
            let bits = bits_for(wanted - size + 8);
            let value = (ln_of(self, bits) << bits) / ln10(bits);
            approximate(&Fixed { value, bits }, size, wanted)
        };
        let result = memory!(correctly_rounded(context.prec, compute), status);
        *status |= INEXACT | ROUNDED;
        result.finish(&context, status)
    }

    /// The results of logarithms that need no computation, as `Err`.
    fn check_logarithm(&self, context: &Context, status: &mut Status) -> Result<(), Self> {
        if let Some(nan) = nan_of(&[self], context, status) {
            return Err(nan);
        }
        if self.is_zero() {
            return Err(Decimal::infinity(true));
        }
        if self.negative {
            return Err(invalid_operation(status));
        }
        if self.is_infinite() {
            return Err(self.clone());
        }
        if context.prec > MAX_DIGITS {
            return Err(out_of_memory(status));
        }
        Ok(())
    }

    /// A lower bound of the weight of the first digit of a logarithm, that is
    /// small for arguments near one.
    fn logarithm_size(&self) -> i64 {
        let mut conditions = 0;
        let one = Decimal::from_i64(1);
        let wide = Context { prec: self.coefficient.digits() + 2, ..Context::MAX };
        let adjusted = self.adjusted();
        if !(-1..=0).contains(&adjusted) {
            let digits = adjusted.unsigned_abs().max(1).ilog10();
            return i64::from(digits) - 1;
        }
        let distance = self.sub(&one, &wide, &mut conditions);
        (distance.adjusted() - 1).min(0)
    }

    /// `self` to the power of `other`.
    pub fn pow(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self, other], context, status) {
            return nan;
        }
        let is_odd = other.is_odd_integer();
        let negative = self.negative && is_odd;
        if other.is_zero() {
            if self.is_zero() {
                return invalid_operation(status);
            }
            return Decimal::from_i64(1);
        }
        if self.negative && !self.is_zero() && !other.is_integer() && other.is_finite() {
            return invalid_operation(status);
        }
        if self.is_zero() || self.is_infinite() {
            if self.negative && other.is_infinite() && !self.is_zero() {
                return invalid_operation(status);
            }
            let vanishes = self.is_zero() != other.negative;
            return if vanishes { Decimal::zero(negative, 0) } else { Decimal::infinity(negative) };
        }
        if other.is_infinite() {
            return self.infinite_power(other, context, status);
        }
        let base = self.copy_abs();
        if base.partial_compare(&Decimal::from_i64(1)) == Some(Ordering::Equal) {
            return base.power_of_one(other, negative, context, status);
        }
        match memory!(base.finite_power(other, context), status) {
            (result, true) if other.is_integer() => {
                Decimal { negative, ..result }.finish(context, status)
            }
            (result, true) => result.padded(context, status),
            (result, false) => {
                *status |= INEXACT | ROUNDED;
                let result = Decimal { negative, ..result };
                result.finish(context, status)
            }
        }
    }

    /// An exact result of a power that counts as inexact: with all digits.
    fn padded(self, context: &Context, status: &mut Status) -> Self {
        let zeros = (context.prec + 1 - self.coefficient.digits()).max(0);
        let coefficient = memory!(self.coefficient.shift_left(zeros.unsigned_abs()), status);
        let result = Decimal::new(self.negative, coefficient, self.exponent - zeros);
        let result = result.finish(context, status);
        *status |= INEXACT | ROUNDED;
        if *status & SUBNORMAL != 0 {
            *status |= UNDERFLOW;
        }
        result
    }

    fn is_odd_integer(&self) -> bool {
        self.is_integer()
            && !self.is_zero()
            && self.exponent <= 0
            && self.coefficient.digit(self.exponent.unsigned_abs()) % 2 == 1
    }

    fn infinite_power(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        if self.negative {
            return invalid_operation(status);
        }
        match self.partial_compare(&Decimal::from_i64(1)) {
            Some(Ordering::Equal) | None => {
                *status |= INEXACT | ROUNDED;
                ones(context.prec).unwrap_or_else(|TooLarge| out_of_memory(status))
            }
            Some(order) if (order == Ordering::Greater) != other.negative => {
                Decimal::infinity(false)
            }
            Some(_) => Decimal::zero(false, 0),
        }
    }

    /// One, written with digits after the point or not, to a power.
    fn power_of_one(
        &self,
        other: &Self,
        negative: bool,
        context: &Context,
        status: &mut Status,
    ) -> Self {
        if other.is_integer() && !other.negative {
            let times = other.to_i64_saturating();
            let exponent = self.exponent.saturating_mul(times).max(1 - context.prec);
            let cut = exponent > self.exponent.saturating_mul(times);
            if cut {
                *status |= ROUNDED;
            }
            let digits = Coefficient::one().shift_left(exponent.min(0).unsigned_abs());
            return Decimal::new(negative, memory!(digits, status), exponent.min(0));
        }
        if other.is_integer() {
            return Decimal::new(negative, Coefficient::one(), 0);
        }
        *status |= INEXACT | ROUNDED;
        let one = memory!(ones(context.prec), status);
        Decimal { negative, ..one }
    }

    /// The value of an integer, as far as it fits.
    fn to_i64_saturating(&self) -> i64 {
        let zeros = self.exponent.max(0);
        if self.adjusted() > 18 {
            return if self.negative { i64::MIN } else { i64::MAX };
        }
        let whole = match self.exponent {
            0.. => self.coefficient.shift_left(zeros.unsigned_abs()).unwrap_or_default(),
            _ => self.coefficient.shift_right(self.exponent.unsigned_abs()).0,
        };
        let value = whole.to_u64().and_then(|value| i64::try_from(value).ok()).unwrap_or(i64::MAX);
        if self.negative { -value } else { value }
    }

    /// A positive number other than one to a finite power that is not zero; and
    /// whether that is exact.
    fn finite_power(&self, other: &Self, context: &Context) -> Result<(Self, bool), TooLarge> {
        if let Some(exact) = self.exact_power(other, context)? {
            return Ok((exact, true));
        }
        if context.prec > MAX_DIGITS {
            return Err(TooLarge);
        }
        // The weight of the result's first digit, roughly: other * log10(self).
        let log = self.log10_estimate();
        let size = log * other.to_f64_estimate();
        if size.abs() > 4.0 * context.emax.max(-context.emin).max(context.prec) as f64 + 100.0 {
            let exponent = if size > 0.0 { 2 } else { -3 } * context.emax.max(-context.emin);
            return Ok((Decimal::new(false, Coefficient::one(), exponent), false));
        }
        if size.abs() < 10_f64.powi(-(context.prec.min(300) as i32) - 3) && context.prec < 290 {
            return Ok((near_one(size < 0.0, context.prec)?, false));
        }
        let compute = |wanted: i64| {
            let digits = wanted + size.abs().log10().max(0.0) as i64 + 8;
            let bits = bits_for(digits);
            let ln_bits = bits + bits_for(other.adjusted().max(0) + 4);
            let ln = Fixed { value: ln_of(self, ln_bits), bits: ln_bits };
            let power = BigInt::from(10).pow(exponent_size(other));
            let signed = BigInt::from(other.coefficient.to_biguint());
            let signed = if other.negative { -signed } else { signed };
            let product = match other.exponent {
                0.. => ln.value * signed * power,
                _ => (ln.value * signed).div_floor(&power),
            };
            let product = product >> (ln_bits - bits);
            let (tens, rest) = product.div_mod_floor(&ln10(bits));
            let mantissa = Fixed { value: exp_fixed(&rest, bits), bits };
            let mut result = approximate(&mantissa, 1, wanted);
            result.exponent += tens.to_i64().unwrap_or(0);
            result
        };
        Ok((correctly_rounded(context.prec, compute)?, false))
    }

    fn log10_estimate(&self) -> f64 {
        let digits = self.coefficient.digits();
        let cut = (digits - 17).max(0);
        let lead = self.coefficient.shift_right(cut.unsigned_abs()).0.to_u64().unwrap_or(1);
        let exponent = self.exponent + cut;
        // Near one the logarithm is the distance.
        let adjusted = self.adjusted();
        if (-1..=0).contains(&adjusted) {
            let mut conditions = 0;
            let wide = Context { prec: digits + 2, ..Context::MAX };
            let distance = self.sub(&Decimal::from_i64(1), &wide, &mut conditions);
            let distance = distance.to_f64_estimate();
            if distance.abs() < 1e-3 {
                return distance * std::f64::consts::LOG10_E;
            }
        }
        (lead as f64).log10() + exponent as f64
    }

    fn to_f64_estimate(&self) -> f64 {
        let cut = (self.coefficient.digits() - 17).max(0);
        let lead = self.coefficient.shift_right(cut.unsigned_abs()).0.to_u64().unwrap_or(1);
        let exponent = i32::try_from(self.exponent + cut).unwrap_or(if self.exponent > 0 {
            i32::MAX
        } else {
            i32::MIN
        });
        let value = lead as f64 * 10_f64.powi(exponent);
        if self.negative { -value } else { value }
    }

    /// The power, if it is exact within the precision (or has few digits more,
    /// which are to be rounded); `self` is positive and not one.
    fn exact_power(&self, other: &Self, context: &Context) -> Result<Option<Self>, TooLarge> {
        let zeros = self.coefficient.trailing_zeros();
        let base = self.coefficient.shift_right(zeros.unsigned_abs()).0;
        let base_exponent = self.exponent + zeros;
        // other = numerator / denominator in lowest terms.
        let (numerator, denominator) = other.as_ratio(4 * context.prec + 64)?;
        let (Some(times), Some(root)) = (numerator, denominator) else { return Ok(None) };
        if base == Coefficient::one() {
            let exponent = base_exponent.saturating_mul(times);
            if exponent % root != 0 {
                return Ok(None);
            }
            let exponent = (exponent / root).clamp(-8 * super::MAX_EMAX, 8 * super::MAX_EMAX);
            return self
                .with_ideal_exponent(Coefficient::one(), exponent, other, context)
                .map(Some);
        }
        if base_exponent % root != 0 {
            return Ok(None);
        }
        let Some(rooted) = integer_root(&base.to_biguint(), root) else { return Ok(None) };
        let count = times.unsigned_abs();
        let exponent = (base_exponent / root).saturating_mul(times);
        if times > 0 {
            let size = (rooted.bits() as f64 - 1.0) * count as f64 * std::f64::consts::LOG10_2;
            if size > (context.prec + 2) as f64 {
                return Ok(None);
            }
            let power = rooted.pow(u32::try_from(count).unwrap_or(u32::MAX));
            let power = Coefficient::from_biguint(&power)?;
            return self.with_ideal_exponent(power, exponent, other, context).map(Some);
        }
        // 1 / rooted^count is finite only for powers of two or of five.
        let Some((partner, steps)) = decimal_inverse(&rooted) else { return Ok(None) };
        let steps = steps.saturating_mul(count);
        if steps as f64 * f64::from(partner).log10() > (context.prec + 2) as f64 {
            return Ok(None);
        }
        let power = BigUint::from(partner).pow(u32::try_from(steps).unwrap_or(u32::MAX));
        let power = Coefficient::from_biguint(&power)?;
        let exponent = exponent - i64::try_from(steps).unwrap_or(i64::MAX);
        Ok(Some(Decimal::new(false, power, exponent)))
    }

    /// An exact power with zeros at its end, as repeated multiplication gives.
    fn with_ideal_exponent(
        &self,
        coefficient: Coefficient,
        exponent: i64,
        other: &Self,
        context: &Context,
    ) -> Result<Self, TooLarge> {
        if !other.is_integer() || other.negative {
            return Ok(Decimal::new(false, coefficient, exponent));
        }
        let ideal = self.exponent.saturating_mul(other.to_i64_saturating());
        // One zero too many, where there are more, shows that it was rounded.
        let room = (context.prec + 1 - coefficient.digits()).max(0);
        let zeros = exponent.saturating_sub(ideal).clamp(0, room);
        let coefficient = coefficient.shift_left(zeros.unsigned_abs())?;
        Ok(Decimal::new(false, coefficient, exponent - zeros))
    }

    /// Numerator and denominator in lowest terms, where they are not too large.
    fn as_ratio(&self, limit: i64) -> Result<(Option<i64>, Option<i64>), TooLarge> {
        if self.exponent >= 0 || self.is_integer() {
            let value = self.to_i64_saturating();
            return Ok((Some(value), Some(1)));
        }
        let zeros = self.coefficient.trailing_zeros();
        let coefficient = self.coefficient.shift_right(zeros.unsigned_abs()).0;
        let places = -(self.exponent + zeros);
        if places > 18 {
            return Ok((None, None));
        }
        let Some(numerator) = coefficient.to_u64().and_then(|value| i64::try_from(value).ok())
        else {
            return Ok((None, None));
        };
        let denominator = 10_i64.pow(u32::try_from(places).unwrap_or(0));
        let common = numerator.gcd(&denominator);
        let (numerator, denominator) = (numerator / common, denominator / common);
        if denominator > limit {
            return Ok((None, None));
        }
        Ok((Some(if self.negative { -numerator } else { numerator }), Some(denominator)))
    }

    /// The number with its exponent, if positive, taken for zero.
    fn without_shift(&self) -> Self {
        Decimal { exponent: self.exponent.min(0), ..self.clone() }
    }

    /// The magnitude of an integer.
    fn to_natural(&self) -> Result<BigUint, TooLarge> {
        Ok(match self.exponent {
            0.. => self.coefficient.shift_left(self.exponent.unsigned_abs())?.to_biguint(),
            _ => self.coefficient.shift_right(self.exponent.unsigned_abs()).0.to_biguint(),
        })
    }

    /// `self ** other % modulus` for integers.
    pub fn pow_mod(
        &self,
        other: &Self,
        modulus: &Self,
        context: &Context,
        status: &mut Status,
    ) -> Self {
        if let Some(nan) = nan_of(&[self, other, modulus], context, status) {
            return nan;
        }
        let operands = [self, other, modulus];
        if operands.iter().any(|operand| !operand.is_integer())
            || other.negative && !other.is_zero()
            || modulus.is_zero()
            || self.is_zero() && other.is_zero()
        {
            return invalid_operation(status);
        }
        if modulus.adjusted() >= context.prec {
            return invalid_operation(status);
        }
        if other.exponent > MAX_POWER_SHIFT {
            return out_of_memory(status);
        }
        let modulus = memory!(modulus.to_natural(), status);
        let ten = BigUint::from(10_u32);
        // The base and the power may end with more zeros than could be stored.
        let shift = BigUint::from(self.exponent.max(0).unsigned_abs());
        let base =
            memory!(self.without_shift().to_natural(), status) * ten.modpow(&shift, &modulus);
        let power = memory!(other.without_shift().to_natural(), status);
        let mut result = base.modpow(&power, &modulus);
        for _ in 0..other.exponent.max(0) {
            result = result.modpow(&ten, &modulus);
        }
        let negative = self.negative && other.is_odd_integer();
        let coefficient = memory!(Coefficient::from_biguint(&result), status);
        Decimal::new(negative, coefficient, 0).finish(context, status)
    }
}

/// Ten's power in a number's exponent, for numbers of a reasonable size.
fn exponent_size(value: &Decimal) -> u32 {
    u32::try_from(value.exponent.unsigned_abs()).unwrap_or(u32::MAX)
}

/// One with all digits of the precision.
fn ones(prec: i64) -> Result<Decimal, TooLarge> {
    let digits = Coefficient::one().shift_left((prec - 1).unsigned_abs())?;
    Ok(Decimal::new(false, digits, 1 - prec))
}

/// A number just below or above one, which rounds to it.
fn near_one(below: bool, prec: i64) -> Result<Decimal, TooLarge> {
    let mut coefficient = Coefficient::one().shift_left((prec + 2).unsigned_abs())?;
    if below {
        coefficient.decrement();
    } else {
        coefficient.increment();
    }
    Ok(Decimal::new(false, coefficient, -prec - 2))
}

/// The exact integer root, if there is one.
fn integer_root(value: &BigUint, root: i64) -> Option<BigUint> {
    let degree = u32::try_from(root).ok()?;
    if degree == 1 {
        return Some(value.clone());
    }
    let found = value.nth_root(degree);
    (found.pow(degree) == *value).then_some(found)
}

/// For a power of two or five, the other of the two and the power.
fn decimal_inverse(value: &BigUint) -> Option<(u32, u64)> {
    let twos = value.trailing_zeros().unwrap_or(0);
    if *value == BigUint::from(1_u32) << twos {
        return Some((5, twos));
    }
    let (mut rest, mut fives) = (value.clone(), 0);
    loop {
        let (quotient, remainder) = rest.div_rem(&BigUint::from(5_u32));
        if !remainder.is_zero() {
            break;
        }
        rest = quotient;
        fives += 1;
    }
    (rest == BigUint::from(1_u32)).then_some((2, fives))
}
