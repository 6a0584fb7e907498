//! What `math` needs beyond the methods of `f64`.
//!
//! Results equal CPython's bit for bit, so each function is the same sequence
//! of roundings: `erf` and `erfc` are the C library's, `gamma` and `lgamma`
//! Lanczos sums, sums and norms are error-free transformations.

use crate::BigInt;
use num_traits::{Signed, Zero};
use std::f64::consts::PI;

/// `math.erf`
pub fn erf(x: f64) -> f64 {
    pxfm::f_erf(x)
}

/// `math.erfc`
pub fn erfc(x: f64) -> f64 {
    pxfm::f_erfc(x)
}

/// `math.asinh`
pub fn asinh(x: f64) -> f64 {
    pxfm::f_asinh(x)
}

/// `math.acosh`
pub fn acosh(x: f64) -> Result<f64, MathError> {
    if x < 1.0 { Err(MathError::Domain) } else { Ok(pxfm::f_acosh(x)) }
}

/// `math.atanh`
pub fn atanh(x: f64) -> Result<f64, MathError> {
    if x.abs() >= 1.0 { Err(MathError::Domain) } else { Ok(pxfm::f_atanh(x)) }
}

/// Why a result is not a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MathError {
    /// `ValueError` (`EDOM`)
    Domain,
    /// `OverflowError: math range error` (`ERANGE`)
    Range,
}

/// Mantissa with magnitude in [0.5, 1), and exponent.
pub fn frexp(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let bits = x.to_bits();
    let biased = ((bits >> 52) & 0x7ff) as i32;
    if biased == 0 {
        let (mantissa, exponent) = frexp(x * (1u64 << 54) as f64);
        return (mantissa, exponent - 54);
    }
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), biased - 1022)
}

/// `math.ldexp`; exponents outside `i64` are to be clamped by the caller.
pub fn ldexp(x: f64, exponent: i64) -> Result<f64, MathError> {
    if x == 0.0 || !x.is_finite() {
        return Ok(x);
    }
    let result = scale(x, exponent);
    if result.is_infinite() { Err(MathError::Range) } else { Ok(result) }
}

/// `x`·2^`exponent` for finite `x`, rounded once.
fn scale(x: f64, exponent: i64) -> f64 {
    let (mantissa, shift) = frexp(x.abs());
    let bits = (mantissa * (1u64 << 53) as f64) as u64;
    let shift = exponent.saturating_add(i64::from(shift) - 53);
    crate::float_text::scale_rounded(bits, false, shift).copysign(x)
}

/// `math.modf`: fractional and integral part, both with the sign of `x`.
pub fn modf(x: f64) -> (f64, f64) {
    if x.is_infinite() {
        return (0f64.copysign(x), x);
    }
    let whole = x.trunc();
    ((x - whole).copysign(x), whole)
}

/// `math.remainder`
pub fn remainder(x: f64, y: f64) -> Result<f64, MathError> {
    if x.is_nan() || y.is_nan() {
        return Ok(x + y);
    }
    if x.is_infinite() || y == 0.0 {
        return Err(MathError::Domain);
    }
    if y.is_infinite() {
        return Ok(x);
    }
    let (x_abs, y_abs) = (x.abs(), y.abs());
    let m = x_abs % y_abs;
    // Compare m with y/2 without computing y/2, which may be inexact.
    let complement = y_abs - m;
    let r = if m < complement {
        m
    } else if m > complement {
        -complement
    } else {
        // A tie: the quotient must be even.
        m - 2.0 * ((0.5 * (x_abs - m)) % y_abs)
    };
    Ok(1f64.copysign(x) * r)
}

/// `math.fmod`
pub fn fmod(x: f64, y: f64) -> Result<f64, MathError> {
    if y.is_infinite() && x.is_finite() {
        return Ok(x);
    }
    let r = x % y;
    if r.is_nan() && !x.is_nan() && !y.is_nan() { Err(MathError::Domain) } else { Ok(r) }
}

/// `math.nextafter(x, y, steps=steps)`
pub fn nextafter(x: f64, y: f64, steps: u64) -> f64 {
    if steps == 0 {
        return x;
    }
    if x.is_nan() || y.is_nan() {
        return x + y;
    }
    if x == y {
        return y;
    }
    // Floats in order, −0 and 0 being one.
    let rank = |f: f64| {
        let magnitude = (f.to_bits() & (u64::MAX >> 1)) as i128;
        if f.is_sign_negative() { -magnitude } else { magnitude }
    };
    let (from, to) = (rank(x), rank(y));
    let steps = i128::from(steps);
    let reached = if from < to { (from + steps).min(to) } else { (from - steps).max(to) };
    if reached == to {
        return y;
    }
    let magnitude = f64::from_bits(reached.unsigned_abs() as u64);
    match reached {
        0 => 0f64.copysign(x),
        n if n < 0 => -magnitude,
        _ => magnitude,
    }
}

/// `math.nextafter(x, y)`, C's function: a step onto zero keeps the sign of `x`.
pub fn nextafter_once(x: f64, y: f64) -> f64 {
    let next = nextafter(x, y, 1);
    if next == 0.0 && x != 0.0 { next.copysign(x) } else { next }
}

/// `math.ulp`
pub fn ulp(x: f64) -> f64 {
    let x = x.abs();
    if !x.is_finite() {
        return x;
    }
    let above = x.next_up();
    if above.is_infinite() { x - x.next_down() } else { above - x }
}

/// `math.fma`
pub fn fma(x: f64, y: f64, z: f64) -> Result<f64, MathError> {
    let r = x.mul_add(y, z);
    if r.is_finite() {
        return Ok(r);
    }
    if r.is_nan() {
        let explained = x.is_nan() || y.is_nan() || z.is_nan();
        return if explained { Ok(r) } else { Err(MathError::Domain) };
    }
    let overflowed = x.is_finite() && y.is_finite() && z.is_finite();
    if overflowed { Err(MathError::Range) } else { Ok(r) }
}

const LANCZOS_G: f64 = 6.024_680_040_776_73;
const LANCZOS_G_MINUS_HALF: f64 = 5.524_680_040_776_73;

/// The coefficients of Lanczos' approximation for g above (as in Boost),
/// numerator and denominator, from the constant term up.
#[allow(clippy::excessive_precision, reason = "the published values")]
const LANCZOS: [(f64, f64); 13] = [
    (23531376880.410759688572007674451636754734846804940, 0.0),
    (42919803642.649098768957899047001988850926355848959, 39916800.0),
    (35711959237.355668049440185451547166705960488635843, 120543840.0),
    (17921034426.037209699919755754458931112671403265390, 150917976.0),
    (6039542586.3520280050642916443072979210699388420708, 105258076.0),
    (1439720407.3117216736632230727949123939715485786772, 45995730.0),
    (248874557.86205415651146038641322942321632125127801, 13339535.0),
    (31426415.585400194380614231628318205362874684987640, 2637558.0),
    (2876370.6289353724412254090516208496135991145378768, 357423.0),
    (186056.26539522349504029498971604569928220784236328, 32670.0),
    (8071.6720023658162106380029022722506138218516325024, 1925.0),
    (210.82427775157934587250973392071336271166969580291, 66.0),
    (2.5066282746310002701649081771338373386264310793408, 1.0),
];

fn lanczos_sum(x: f64) -> f64 {
    let (num, den) = if x < 5.0 {
        LANCZOS.iter().rev().fold((0.0, 0.0), |(n, d), c| (n * x + c.0, d * x + c.1))
    } else {
        // In powers of 1/x, which cannot overflow.
        LANCZOS.iter().fold((0.0, 0.0), |(n, d), c| (n / x + c.0, d / x + c.1))
    };
    num / den
}

/// sin(πx), accurate near integers.
fn sin_pi(x: f64) -> f64 {
    let y = x.abs() % 2.0;
    let r = match (2.0 * y).round() as i32 {
        0 => (PI * y).sin(),
        1 => (PI * (y - 0.5)).cos(),
        // Not -sin(pi*(y-1)), which would have the wrong sign at 1.
        2 => (PI * (1.0 - y)).sin(),
        3 => -(PI * (y - 1.5)).cos(),
        _ => (PI * (y - 2.0)).sin(),
    };
    1f64.copysign(x) * r
}

/// `math.gamma`
pub fn gamma(x: f64) -> Result<f64, MathError> {
    if x.is_nan() || x == f64::INFINITY {
        return Ok(x);
    }
    if x == 0.0 || x.is_infinite() {
        return Err(MathError::Domain);
    }
    if x == x.floor() {
        if x < 0.0 {
            return Err(MathError::Domain);
        }
        if x <= 23.0 {
            return Ok((1..x as u64).map(|n| n as f64).product());
        }
    }
    let magnitude = x.abs();
    if magnitude < 1e-20 {
        let r = 1.0 / x;
        return if r.is_infinite() { Err(MathError::Range) } else { Ok(r) };
    }
    if magnitude > 200.0 {
        return if x < 0.0 { Ok(0.0 / sin_pi(x)) } else { Err(MathError::Range) };
    }
    let y = magnitude + LANCZOS_G_MINUS_HALF;
    // The rounding error of that sum, for a first-order correction.
    let error = if magnitude > LANCZOS_G_MINUS_HALF {
        (y - magnitude) - LANCZOS_G_MINUS_HALF
    } else {
        (y - LANCZOS_G_MINUS_HALF) - magnitude
    };
    let z = error * LANCZOS_G / y;
    let r = if x < 0.0 {
        let mut r = -PI / sin_pi(magnitude) / magnitude * y.exp() / lanczos_sum(magnitude);
        r -= z * r;
        if magnitude < 140.0 {
            r / y.powf(magnitude - 0.5)
        } else {
            let root = y.powf(magnitude / 2.0 - 0.25);
            r / root / root
        }
    } else {
        let mut r = lanczos_sum(magnitude) / y.exp();
        r += z * r;
        if magnitude < 140.0 {
            r * y.powf(magnitude - 0.5)
        } else {
            let root = y.powf(magnitude / 2.0 - 0.25);
            r * root * root
        }
    };
    if r.is_infinite() { Err(MathError::Range) } else { Ok(r) }
}

/// `math.lgamma`
pub fn lgamma(x: f64) -> Result<f64, MathError> {
    const LN_PI: f64 = 1.144_729_885_849_400_2;
    if !x.is_finite() {
        return Ok(if x.is_nan() { x } else { f64::INFINITY });
    }
    if x == x.floor() && x <= 2.0 {
        return if x <= 0.0 { Err(MathError::Domain) } else { Ok(0.0) };
    }
    let magnitude = x.abs();
    if magnitude < 1e-20 {
        return Ok(-magnitude.ln());
    }
    let mut r = lanczos_sum(magnitude).ln() - LANCZOS_G;
    r += (magnitude - 0.5) * ((magnitude + LANCZOS_G - 0.5).ln() - 1.0);
    if x < 0.0 {
        r = LN_PI - sin_pi(magnitude).abs().ln() - magnitude.ln() - r;
    }
    if r.is_infinite() { Err(MathError::Range) } else { Ok(r) }
}

/// Why `fsum` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FsumError {
    /// `OverflowError: intermediate overflow in fsum`
    Overflow,
    /// `ValueError: -inf + inf in fsum`
    OppositeInfinities,
}

/// `math.fsum`: an exact sum, as non-overlapping partial sums of increasing
/// magnitude (Shewchuk), rounded once at the end.
#[derive(Clone, Debug, Default)]
pub struct ExactSum {
    partials: Vec<f64>,
    special: f64,
    infinities: f64,
}

impl ExactSum {
    /// Adds a term.
    pub fn add(&mut self, term: f64) -> Result<(), FsumError> {
        let mut x = term;
        let mut kept = 0;
        for i in 0..self.partials.len() {
            let mut y = self.partials.get(i).copied().unwrap_or(0.0);
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let sum = two_sum_fast(x, y);
            if sum.lo != 0.0 {
                if let Some(slot) = self.partials.get_mut(kept) {
                    *slot = sum.lo;
                }
                kept += 1;
            }
            x = sum.hi;
        }
        self.partials.truncate(kept);
        if x != 0.0 {
            if x.is_finite() {
                self.partials.push(x);
                return Ok(());
            }
            if term.is_finite() {
                return Err(FsumError::Overflow);
            }
            if term.is_infinite() {
                self.infinities += term;
            }
            self.special += term;
            self.partials.clear();
        }
        Ok(())
    }

    /// The correctly rounded sum.
    pub fn value(&self) -> Result<f64, FsumError> {
        if self.special != 0.0 {
            if self.infinities.is_nan() {
                return Err(FsumError::OppositeInfinities);
            }
            return Ok(self.special);
        }
        let mut rest = self.partials.iter().rev().copied();
        let Some(mut hi) = rest.next() else { return Ok(0.0) };
        while let Some(y) = rest.next() {
            let sum = two_sum_fast(hi, y);
            hi = sum.hi;
            if sum.lo != 0.0 {
                // Half-even across more than one partial.
                if let Some(below) = rest.next()
                    && ((sum.lo < 0.0 && below < 0.0) || (sum.lo > 0.0 && below > 0.0))
                {
                    let y = sum.lo * 2.0;
                    let x = hi + y;
                    if y == x - hi {
                        hi = x;
                    }
                }
                break;
            }
        }
        Ok(hi)
    }
}

/// An unevaluated sum of two floats.
#[derive(Clone, Copy)]
struct Double {
    hi: f64,
    lo: f64,
}

/// `a + b` exactly, if |a| ≥ |b|.
fn two_sum_fast(a: f64, b: f64) -> Double {
    let hi = a + b;
    Double { hi, lo: b - (hi - a) }
}

/// `a + b` exactly.
fn two_sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    let z = hi - a;
    Double { hi, lo: (a - (hi - z)) + (b - z) }
}

/// `a * b` exactly.
fn two_product(a: f64, b: f64) -> Double {
    let hi = a * b;
    Double { hi, lo: a.mul_add(b, -hi) }
}

/// Length of a vector: `math.hypot(*v)`, and `math.dist` of the differences.
/// Squares are summed exactly enough, and the root is corrected once.
pub fn vector_norm(vector: &[f64]) -> f64 {
    let mut max = 0f64;
    let mut found_nan = false;
    for x in vector {
        found_nan |= x.is_nan();
        max = max.max(x.abs());
    }
    if max.is_infinite() {
        return max;
    }
    if found_nan {
        return f64::NAN;
    }
    if max == 0.0 || vector.len() <= 1 {
        return max;
    }
    let (_, exponent) = frexp(max);
    if exponent < -1023 {
        // All subnormal: 2^-exponent would overflow.
        return f64::MIN_POSITIVE
            * scaled_norm(vector, 1.0 / f64::MIN_POSITIVE, max / f64::MIN_POSITIVE);
    }
    scaled_norm(vector, 1.0, max)
}

fn scaled_norm(vector: &[f64], factor: f64, max: f64) -> f64 {
    let scale = scale(1.0, -i64::from(frexp(max).1));
    // Starting from 1 keeps the sum larger than every addend.
    let mut sum = 1.0;
    let mut product_errors = 0.0;
    let mut sum_errors = 0.0;
    let mut accumulate = |square: Double| {
        let total = Double { hi: sum + square.hi, lo: (sum - (sum + square.hi)) + square.hi };
        sum = total.hi;
        product_errors += square.lo;
        sum_errors += total.lo;
        sum - 1.0 + (product_errors + sum_errors)
    };
    let mut total = 0.0;
    for x in vector {
        let x = x * factor * scale;
        total = accumulate(two_product(x, x));
    }
    let root = total.sqrt();
    let residue = accumulate(two_product(-root, root));
    (root + residue / (2.0 * root)) / scale
}

/// `math.sumprod` over floats: a dot product in triple precision.
#[derive(Clone, Copy, Debug, Default)]
pub struct SumProduct {
    hi: f64,
    lo: f64,
    tiny: f64,
}

impl SumProduct {
    /// Adds `x * y`.
    pub fn add(&mut self, x: f64, y: f64) {
        let product = two_product(x, y);
        let sum = two_sum(self.hi, product.hi);
        let r1 = two_sum(self.lo, product.lo);
        let r2 = two_sum(r1.hi, sum.lo);
        *self = SumProduct { hi: sum.hi, lo: r2.hi, tiny: self.tiny + r1.lo + r2.lo };
    }

    /// The sum; not finite means: start again with plain arithmetic.
    pub fn value(self) -> f64 {
        let last = two_sum(self.lo, self.hi);
        self.tiny + last.lo + last.hi
    }
}

/// A logarithm's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogBase {
    E,
    Two,
    Ten,
}

impl LogBase {
    fn of(self, x: f64) -> f64 {
        match self {
            LogBase::E => x.ln(),
            LogBase::Two => x.log2(),
            LogBase::Ten => x.log10(),
        }
    }
}

/// `math.log`, `log2` or `log10` of a float.
pub fn log(x: f64, base: LogBase) -> Result<f64, MathError> {
    if x > 0.0 || x.is_nan() { Ok(base.of(x)) } else { Err(MathError::Domain) }
}

/// Logarithm of an int of any size.
pub fn log_int(value: &BigInt, base: LogBase) -> Result<f64, MathError> {
    if !value.is_positive() {
        return Err(MathError::Domain);
    }
    if let Some(x) = crate::bigint::to_f64(value) {
        return log(x, base);
    }
    let (mantissa, exponent) = crate::bigint::frexp(value);
    Ok(base.of(mantissa) + base.of(2.0) * exponent as f64)
}

/// `math.comb(n, k)` if every intermediate fits a machine word.
pub fn comb_u64(n: u64, k: u64) -> Option<u64> {
    if k > n {
        return Some(0);
    }
    let k = k.min(n - k);
    let mut result = 1u64;
    for i in 0..k {
        result = result.checked_mul(n - i)? / (i + 1);
    }
    Some(result)
}

/// `math.perm(n, k)` if it fits a machine word.
pub fn perm_u64(n: u64, k: u64) -> Option<u64> {
    if k > n {
        return Some(0);
    }
    let mut result = 1u64;
    for i in 0..k {
        result = result.checked_mul(n - i)?;
    }
    Some(result)
}

/// `math.perm(n, k)`: a product by halves.
pub fn perm(n: &BigInt, k: u64) -> BigInt {
    if n < &BigInt::from(k) {
        return BigInt::ZERO;
    }
    falling(n, 0, k)
}

fn falling(n: &BigInt, from: u64, to: u64) -> BigInt {
    match (to.saturating_sub(from), u64::try_from(n)) {
        (0, _) => BigInt::from(1),
        (count, Ok(n)) if count <= 128 => words_product(n - to + 1..=n - from),
        (count, _) if count <= 16 => (from..to).map(|i| n - i).product(),
        (count, _) => {
            let middle = from + count / 2;
            falling(n, from, middle) * falling(n, middle, to)
        }
    }
}

/// The product of machine integers: as many as fit a word at a time.
fn words_product(factors: impl Iterator<Item = u64>) -> BigInt {
    let (mut product, mut word) = (num_bigint::BigUint::from(1u32), 1u64);
    for factor in factors {
        match word.checked_mul(factor) {
            Some(larger) => word = larger,
            None => {
                product *= word;
                word = factor;
            }
        }
    }
    BigInt::from(product * word)
}

/// `math.factorial(n)`
pub fn factorial(n: u64) -> BigInt {
    perm(&BigInt::from(n), n)
}

/// `math.comb(n, k)`, with `k` already the smaller of k and n−k.
pub fn comb(n: &BigInt, k: u64) -> BigInt {
    let numerator = perm(n, k);
    if numerator.is_zero() { numerator } else { numerator / factorial(k) }
}

#[cfg(test)]
mod tests;
