//! The operators of ints as functions.
//!
//! Both operands are ints (see the parent module); the result is an exact int.
//! Machine arithmetic first, then digit slices, then the library's numbers
//! where those are faster.

use num::{bigint, digits};

use super::{Digits, Int};
use crate::{AsObject, Float, Obj, Ref, Result, Thread, raise, small_int};

/// From this many digits of the smaller factor on the library multiplies.
const LIBRARY_MUL: usize = 40;
/// From this many digits of the divisor on the library divides.
const LIBRARY_DIV: usize = 60;

#[inline(always)]
fn small_pair(a: Obj<'_>, b: Obj<'_>) -> Option<(i64, i64)> {
    small_int::both_in_range(a.as_ptr(), b.as_ptr())
        .then(|| (small_int::decode(a.as_ptr()), small_int::decode(b.as_ptr())))
}

/// The values of two ints of few digits: their sum fits in a machine integer.
#[inline(always)]
fn medium_pair(a: Obj<'_>, b: Obj<'_>) -> Option<(i64, i64)> {
    Some((Int::to_medium(a)?, Int::to_medium(b)?))
}

/// The values of two ints that fit in a machine word.
fn word_pair(x: &Digits<'_>, y: &Digits<'_>) -> Option<(i128, i128)> {
    let word = |digits: &Digits<'_>| digits::to_i64(digits.magnitude(), digits.negative);
    Some((word(x)?.into(), word(y)?.into()))
}

/// `a + b`.
#[inline]
pub fn add(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some((x, y)) = small_pair(a, b) {
        return Int::from_i64(th, x + y);
    }
    add_slow(th, a, b)
}

fn add_slow(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some((x, y)) = medium_pair(a, b) {
        return Int::from_i64(th, x + y);
    }
    let (x, y) = (Int::digits(a), Int::digits(b));
    if let Some((x, y)) = word_pair(&x, &y) {
        return Int::from_i128(th, x + y);
    }
    let negative = y.negative;
    add_signed(th, &x, &y, negative)
}

/// `a - b`.
#[inline]
pub fn sub(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some((x, y)) = small_pair(a, b) {
        return Int::from_i64(th, x - y);
    }
    sub_slow(th, a, b)
}

fn sub_slow(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some((x, y)) = medium_pair(a, b) {
        return Int::from_i64(th, x - y);
    }
    let (x, y) = (Int::digits(a), Int::digits(b));
    if let Some((x, y)) = word_pair(&x, &y) {
        return Int::from_i128(th, x - y);
    }
    let negative = !y.negative;
    add_signed(th, &x, &y, negative)
}

/// `x + y`, where `y` has the sign `y_negative`.
fn add_signed(th: Thread<'_>, x: &Digits<'_>, y: &Digits<'_>, y_negative: bool) -> Result<Ref> {
    let (p, q) = (x.magnitude(), y.magnitude());
    if x.negative == y_negative {
        let capacity = p.len().max(q.len()) + 1;
        return Int::build(th, capacity, x.negative, |out| digits::add(p, q, out));
    }
    if digits::compare(p, q).is_lt() {
        return Int::build(th, q.len(), y_negative, |out| digits::sub(q, p, out));
    }
    Int::build(th, p.len(), x.negative, |out| digits::sub(p, q, out))
}

/// `a * b`.
#[inline]
pub fn mul(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some((x, y)) = small_pair(a, b)
        && let Some(product) = x.checked_mul(y)
    {
        return Int::from_i64(th, product);
    }
    mul_slow(th, a, b)
}

fn mul_slow(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some((x, y)) = medium_pair(a, b)
        && let Some(product) = x.checked_mul(y)
    {
        return Int::from_i64(th, product);
    }
    let (x, y) = (Int::digits(a), Int::digits(b));
    if let Some((x, y)) = word_pair(&x, &y) {
        return Int::from_i128(th, x * y);
    }
    let (p, q) = (x.magnitude(), y.magnitude());
    if p.len().min(q.len()) < LIBRARY_MUL {
        let negative = x.negative != y.negative;
        return Int::build(th, p.len() + q.len(), negative, |out| digits::mul(p, q, out));
    }
    match bigint::mul(&x.to_bigint(), &y.to_bigint()) {
        Ok(product) => Int::from_bigint(th, &product),
        Err(_) => Err(th.no_memory()),
    }
}

fn zero_division<T>(th: Thread<'_>) -> Result<T> {
    raise!(th, ZeroDivisionError, "division by zero")
}

/// The quotient and remainder of two ints of few digits, the divisor not zero.
#[inline]
fn medium_divmod(a: Obj<'_>, b: Obj<'_>) -> Option<(i64, i64)> {
    let (x, y) = medium_pair(a, b)?;
    let (quotient, remainder) = (x.checked_div(y)?, x.checked_rem(y)?);
    if remainder != 0 && (remainder < 0) != (y < 0) {
        return Some((quotient - 1, remainder + y));
    }
    Some((quotient, remainder))
}

/// `a // b` and `a % b` of machine integers, `b` not zero.
fn floor_pair(a: i128, b: i128) -> (i128, i128) {
    let (quotient, remainder) = (a / b, a % b);
    if remainder != 0 && (remainder < 0) != (b < 0) {
        return (quotient - 1, remainder + b);
    }
    (quotient, remainder)
}

/// `a // b`.
#[inline]
pub fn floordiv(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some((x, y)) = small_pair(a, b) {
        if y == 0 {
            return zero_division(th);
        }
        let quotient = x / y;
        return Int::from_i64(
            th,
            if x % y != 0 && (x < 0) != (y < 0) { quotient - 1 } else { quotient },
        );
    }
    if let Some((quotient, _)) = medium_divmod(a, b) {
        return Int::from_i64(th, quotient);
    }
    Ok(divmod_pair(th, a, b, true, false)?.0)
}

/// `a % b`.
#[inline]
pub fn rem(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some((x, y)) = small_pair(a, b) {
        if y == 0 {
            return zero_division(th);
        }
        let remainder = x % y;
        return Int::from_i64(
            th,
            if remainder != 0 && (remainder < 0) != (y < 0) { remainder + y } else { remainder },
        );
    }
    if let Some((_, remainder)) = medium_divmod(a, b) {
        return Int::from_i64(th, remainder);
    }
    Ok(divmod_pair(th, a, b, false, true)?.1)
}

/// `divmod(a, b)`.
pub fn divmod(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<(Ref, Ref)> {
    divmod_pair(th, a, b, true, true)
}

/// Quotient and remainder; one that is not wanted may be 0.
fn divmod_pair(
    th: Thread<'_>,
    a: Obj<'_>,
    b: Obj<'_>,
    want_quotient: bool,
    want_remainder: bool,
) -> Result<(Ref, Ref)> {
    let (x, y) = (Int::digits(a), Int::digits(b));
    let (p, q) = (x.magnitude(), y.magnitude());
    if q.is_empty() {
        return zero_division(th);
    }
    if let Some((x, y)) = word_pair(&x, &y) {
        let (quotient, remainder) = floor_pair(x, y);
        return Ok((Int::from_i128(th, quotient)?, Int::from_i128(th, remainder)?));
    }
    let zero = || Int::from_i64(th, 0);
    if !want_remainder
        && x.negative == y.negative
        && let Some(quotient) = digits::quick_quotient(p, q)
    {
        return Ok((Int::from_u64(th, quotient)?, zero()?));
    }
    if q.len() < LIBRARY_DIV || p.len() < q.len() + LIBRARY_DIV {
        return divide_digits(th, &x, &y, want_quotient, want_remainder);
    }
    let (x, y) = (x.to_bigint(), y.to_bigint());
    let Some((quotient, remainder)) = bigint::divmod(&x, &y) else { return zero_division(th) };
    let quotient = if want_quotient { Int::from_bigint(th, &quotient)? } else { zero()? };
    let remainder = if want_remainder { Int::from_bigint(th, &remainder)? } else { zero()? };
    Ok((quotient, remainder))
}

/// As [`divmod_pair`], by long division; the divisor is not zero.
fn divide_digits(
    th: Thread<'_>,
    x: &Digits<'_>,
    y: &Digits<'_>,
    want_quotient: bool,
    want_remainder: bool,
) -> Result<(Ref, Ref)> {
    const NEAR: usize = 40;
    let (p, q) = (x.magnitude(), y.magnitude());
    let opposite = x.negative != y.negative;
    let zero = || Int::from_i64(th, 0);
    if let [divisor] = q {
        let mut rest = 0;
        let quotient = if want_quotient {
            Int::build(th, p.len() + 1, opposite, |out| {
                let (len, below) = digits::div_rem_small(p, *divisor, out).unwrap_or((0, 0));
                rest = below;
                if opposite && rest != 0 { digits::increment(out) } else { len }
            })?
        } else {
            rest = digits::rem_small(p, *divisor).unwrap_or(0);
            zero()?
        };
        let rest = i64::from(if opposite && rest != 0 { divisor - rest } else { rest });
        return Ok((quotient, Int::from_i64(th, if y.negative { -rest } else { rest })?));
    }
    if !want_quotient && !opposite {
        let divide = |out: &mut [u32]| digits::div_rem_into(p, q, None, out);
        let fill = |out: &mut [u32]| divide(out).map_or(0, |(_, len)| len);
        return Ok((zero()?, Int::build(th, q.len(), y.negative, fill)?));
    }
    let (mut near, mut far) = ([0; NEAR], Vec::new());
    let rest = match near.get_mut(..q.len()) {
        Some(near) => near,
        None => {
            far.resize(q.len(), 0);
            &mut far
        }
    };
    let mut divide =
        |quotient: Option<&mut [u32]>| digits::div_rem_into(p, q, quotient, rest).unwrap_or((0, 0));
    let mut rest_len = 0;
    let quotient = if want_quotient {
        // One more if the remainder takes the sign of the divisor.
        let capacity = p.len().saturating_sub(q.len()) + 1 + usize::from(opposite);
        Int::build(th, capacity, opposite, |out| {
            let (len, below) = divide(Some(out));
            rest_len = below;
            if opposite && below != 0 { digits::increment(out) } else { len }
        })?
    } else {
        rest_len = divide(None).1;
        zero()?
    };
    let rest = rest.get(..rest_len).unwrap_or(&[]);
    let remainder = if !want_remainder {
        zero()?
    } else if opposite && !rest.is_empty() {
        Int::build(th, q.len(), y.negative, |out| digits::sub(q, rest, out))?
    } else {
        Int::from_digits(th, rest, y.negative)?
    };
    Ok((quotient, remainder))
}

/// `a / b`, correctly rounded.
pub fn truediv(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<f64> {
    const EXACT: i64 = 1 << 53;
    if let (Some(x), Some(y)) = (Int::to_i64(a), Int::to_i64(b)) {
        if y == 0 {
            return zero_division(th);
        }
        if (-EXACT..=EXACT).contains(&x) && (-EXACT..=EXACT).contains(&y) {
            return Ok(x as f64 / y as f64);
        }
    }
    match bigint::true_div(&Int::to_bigint(a), &Int::to_bigint(b)) {
        Ok(quotient) => Ok(quotient),
        Err(error @ bigint::TrueDivError::Zero) => raise!(th, ZeroDivisionError, "{error}"),
        Err(error) => raise!(th, OverflowError, "{error}"),
    }
}

/// `a ** b`; a negative exponent makes a float.
pub fn pow(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if Int::sign(b) < 0 {
        let (x, y) = (Int::to_f64(th, a)?, Int::to_f64(th, b)?);
        return crate::types::float::power(th, x, y);
    }
    if let (Some(base), Some(exponent)) = (Int::to_i64(a), Int::to_i64(b))
        && let Ok(exponent) = u32::try_from(exponent)
        && let Some(power) = base.checked_pow(exponent)
    {
        return Int::from_i64(th, power);
    }
    let base = Int::to_bigint(a);
    let Some(exponent) = Int::to_u64(b) else {
        // Only powers of -1, 0 and 1 fit in memory.
        let odd = Int::digits(b).magnitude().first().is_some_and(|digit| digit & 1 == 1);
        return match Int::to_i64(a) {
            Some(-1) => Int::from_i64(th, if odd { -1 } else { 1 }),
            Some(value @ (0 | 1)) => Int::from_i64(th, value),
            _ => Err(th.no_memory()),
        };
    };
    match bigint::pow(&base, exponent) {
        Ok(power) => Int::from_bigint(th, &power),
        Err(_) => Err(th.no_memory()),
    }
}

/// `pow(a, b, modulus)`.
pub fn pow_mod(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, modulus: Obj<'_>) -> Result<Ref> {
    if let (Some(base), Some(exponent), Some(modulus)) =
        (Int::to_i64(a), Int::to_i64(b), Int::to_i64(modulus))
        && let Some(power) = bigint::pow_mod_small(base, exponent, modulus)
    {
        return match power {
            Ok(power) => Int::from_i64(th, power),
            Err(error) => raise!(th, ValueError, "{error}"),
        };
    }
    match bigint::pow_mod(&Int::to_bigint(a), &Int::to_bigint(b), &Int::to_bigint(modulus)) {
        Ok(power) => Int::from_bigint(th, &power),
        Err(error) => raise!(th, ValueError, "{error}"),
    }
}

/// The shift count: `None` if it is beyond any machine integer.
fn shift_count(th: Thread<'_>, count: Obj<'_>) -> Result<Option<u64>> {
    if Int::sign(count) < 0 {
        raise!(th, ValueError, "negative shift count");
    }
    Ok(Int::to_u64(count))
}

/// `a << b`.
pub fn lshift(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    let count = shift_count(th, b)?;
    if Int::sign(a) == 0 {
        return Int::from_i64(th, 0);
    }
    let Some(count) = count.filter(|count| *count <= i64::MAX as u64) else {
        raise!(th, OverflowError, "too many digits in integer");
    };
    if let Some(value) = Int::to_i64(a)
        && count < 64
    {
        let shifted = value << count;
        if shifted >> count == value {
            return Int::from_i64(th, shifted);
        }
        return Int::from_i128(th, i128::from(value) << count);
    }
    let value = Int::digits(a);
    let magnitude = value.magnitude();
    let Some(capacity) = (count / 30 + 1).checked_add(magnitude.len() as u64) else {
        return Err(th.no_memory());
    };
    Int::build(th, capacity as usize, value.negative, |out| digits::shl(magnitude, count, out))
}

/// `a >> b`.
pub fn rshift(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    let count = shift_count(th, b)?.unwrap_or(u64::MAX);
    if let Some(value) = Int::to_i64(a) {
        return Int::from_i64(th, value >> count.min(63));
    }
    let value = Int::digits(a);
    let magnitude = value.magnitude();
    let words = (count / 30).min(magnitude.len() as u64) as usize;
    let mut lost = false;
    let shifted = Int::build(th, magnitude.len() - words, value.negative, |out| {
        let (len, inexact) = digits::shr(magnitude, count, out);
        lost = inexact;
        len
    })?;
    if lost && value.negative {
        let one = Int::from_i64(th, 1)?;
        return sub(th, shifted.obj(), one.obj());
    }
    Ok(shifted)
}

/// A bitwise operation of two ints, at least one of them large.
fn bitwise_slow(
    th: Thread<'_>,
    x: &Digits<'_>,
    y: &Digits<'_>,
    op: impl Fn(u32, u32) -> u32,
) -> Result<Ref> {
    let (p, q) = (x.magnitude(), y.magnitude());
    let negative = op(u32::from(x.negative), u32::from(y.negative)) & 1 == 1;
    let capacity = p.len().max(q.len()) + 1;
    Int::build(th, capacity, negative, |out| {
        digits::bitwise((p, x.negative), (q, y.negative), op, out).0
    })
}

macro_rules! bitwise {
    ($($(#[$doc:meta])* $name:ident $op:tt;)*) => { $(
        $(#[$doc])*
        #[inline]
        pub fn $name(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
            if let (Some(x), Some(y)) = (Int::to_i64(a), Int::to_i64(b)) {
                return Int::from_i64(th, x $op y);
            }
            let (x, y) = (Int::digits(a), Int::digits(b));
            bitwise_slow(th, &x, &y, |x, y| x $op y)
        }
    )* };
}

/// `a & b`. PERF: of a mask of a machine word's size, only the low digits count.
#[inline]
pub fn and(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    let (mask, other) = match (Int::to_i64(a), Int::to_i64(b)) {
        (Some(x), Some(y)) => return Int::from_i64(th, x & y),
        (Some(mask), None) => (mask, b),
        (None, Some(mask)) => (mask, a),
        (None, None) => (-1, b),
    };
    if mask >= 0 {
        let other = Int::digits(other);
        let low = digits::low_bits(other.magnitude(), other.negative) as i64;
        return Int::from_i64(th, low & mask);
    }
    let (x, y) = (Int::digits(a), Int::digits(b));
    bitwise_slow(th, &x, &y, |x, y| x & y)
}

bitwise! {
    /// `a | b`.
    or |;
    /// `a ^ b`.
    xor ^;
}

/// `-a`.
pub fn neg(th: Thread<'_>, a: Obj<'_>) -> Result<Ref> {
    match Int::to_i64(a) {
        Some(value) => Int::from_i128(th, -i128::from(value)),
        None => {
            let value = Int::digits(a);
            Int::from_digits(th, value.magnitude(), !value.negative)
        }
    }
}

/// `abs(a)`.
pub fn abs(th: Thread<'_>, a: Obj<'_>) -> Result<Ref> {
    if Int::sign(a) < 0 { neg(th, a) } else { Int::exact(th, a) }
}

/// `~a`.
pub fn invert(th: Thread<'_>, a: Obj<'_>) -> Result<Ref> {
    match Int::to_i64(a) {
        Some(value) => Int::from_i64(th, !value),
        None => Int::from_bigint(th, &!Int::to_bigint(a)),
    }
}

/// `round(a, ndigits)`: for a negative `ndigits` the nearest multiple of a
/// power of ten, ties to even.
pub fn round(th: Thread<'_>, a: Obj<'_>, ndigits: Obj<'_>) -> Result<Ref> {
    if Int::sign(ndigits) >= 0 {
        return Int::exact(th, a);
    }
    let places = Int::to_i64(ndigits).map_or(u64::MAX, i64::unsigned_abs);
    // 10**places is more than twice a number of fewer bits than places * 3.
    if places > Int::bit_length(a) / 3 + 1 {
        return Int::from_i64(th, 0);
    }
    if let Some(rounded) = Int::to_i64(a).and_then(|value| round_small(value, places)) {
        return Int::from_i64(th, rounded);
    }
    let unit = match bigint::pow(&10.into(), places) {
        Ok(unit) => unit,
        Err(_) => return Err(th.no_memory()),
    };
    let value = Int::to_bigint(a);
    let Some((quotient, remainder)) = bigint::divmod(&value, &unit) else {
        return zero_division(th);
    };
    let twice = &remainder * 2;
    let is_odd = bigint::to_digits(&quotient).first().is_some_and(|digit| digit & 1 == 1);
    let up = twice > unit || twice == unit && is_odd;
    let down = value - &remainder;
    Int::from_bigint(th, &if up { down + unit } else { down })
}

/// The multiple of `10**places` next to `value`, ties to even; `None` if one of
/// them may not fit.
fn round_small(value: i64, places: u64) -> Option<i64> {
    let unit = 10i64.checked_pow(u32::try_from(places).ok().filter(|&places| places < 18)?)?;
    let (quotient, remainder) = (value.div_euclid(unit), value.rem_euclid(unit));
    let up = remainder * 2 > unit || remainder * 2 == unit && quotient & 1 == 1;
    (quotient + i64::from(up)).checked_mul(unit)
}

/// `float(a)` as an object.
pub fn float(th: Thread<'_>, a: Obj<'_>) -> Result<Ref> {
    Float::new(th, Int::to_f64(th, a)?).map(|value| value.obj().own())
}
