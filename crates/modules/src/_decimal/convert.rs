//! From and to other numbers and text.

use std::{borrow::Cow, ops::Deref};

use num::{
    BigInt, BigUint,
    decimal::{Coefficient, Decimal as Number, Kind, Status, condition},
};
use object::{Float, Int, List, Obj, Ref, Result, Str, Thread, Tuple, raise};

use super::{context::Context, decimal::Decimal, unsupported};

/// A number, borrowed from a decimal or converted.
pub(super) struct Operand<'a>(Cow<'a, Number>);

impl Deref for Operand<'_> {
    type Target = Number;

    fn deref(&self) -> &Number {
        &self.0
    }
}

/// The number of a decimal or an int; `None` for anything else.
pub(super) fn try_operand<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<Option<Operand<'a>>> {
    if let Some(decimal) = object.downcast::<Decimal>() {
        return Ok(Some(Operand(Cow::Borrowed(decimal.number()))));
    }
    if Int::is_int(object) {
        return Ok(Some(Operand(Cow::Owned(from_int(th, object)?))));
    }
    Ok(None)
}

/// The number of a decimal or an int. Raises TypeError for anything else.
pub(super) fn operand<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<Operand<'a>> {
    match try_operand(th, object)? {
        Some(operand) => Ok(operand),
        None => Err(unsupported(th, object)),
    }
}

fn coefficient(th: Thread<'_>, magnitude: &BigUint) -> Result<Coefficient> {
    Coefficient::from_biguint(magnitude).map_err(|_| th.no_memory())
}

/// The number of an int.
pub(super) fn from_int(th: Thread<'_>, object: Obj<'_>) -> Result<Number> {
    if let Some(value) = Int::to_i64(object) {
        return Ok(Number::from_i64(value));
    }
    let value = Int::to_bigint(object);
    let negative = value.sign() == num::Sign::Minus;
    Ok(Number::new(negative, coefficient(th, value.magnitude())?, 0))
}

/// The exact number of a float or int. Raises TypeError for anything else.
pub(super) fn from_float(th: Thread<'_>, object: Obj<'_>) -> Result<Number> {
    if Int::is_int(object) {
        return from_int(th, object);
    }
    match object.downcast::<Float>() {
        Some(float) => from_f64(th, float.value()),
        None => raise!(th, TypeError, "argument must be int or float"),
    }
}

/// The exact number of a machine float.
pub(super) fn from_f64(th: Thread<'_>, value: f64) -> Result<Number> {
    let negative = value.is_sign_negative();
    if value.is_nan() {
        return Ok(Number { negative, ..Number::nan() });
    }
    if value.is_infinite() {
        return Ok(Number::infinity(negative));
    }
    let bits = value.to_bits();
    let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i64);
    let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
    if mantissa == 0 {
        return Ok(Number::zero(negative, 0));
    }
    let zeros = mantissa.trailing_zeros();
    let (mantissa, exponent) =
        (BigUint::from(mantissa >> zeros), exponent.max(1) - 1075 + i64::from(zeros));
    if exponent >= 0 {
        return Ok(Number::new(negative, coefficient(th, &(mantissa << exponent))?, 0));
    }
    // m / 2^k is m * 5^k / 10^k.
    let power = BigUint::from(5_u32).pow(exponent.unsigned_abs() as u32);
    Ok(Number::new(negative, coefficient(th, &(mantissa * power))?, exponent))
}

/// The ASCII form of numeric text: without white space around it, underscores,
/// and with digits of any script; `None` where that is no numeric text.
fn numeric_text(text: &Str) -> Option<String> {
    let mut ascii = String::with_capacity(text.len());
    for code in text.units().iter() {
        let byte = match code {
            0x5f => continue,
            0..0x80 => code as u8,
            _ if ::text::unicode::is_space(code) => b' ',
            _ => b'0' + ::text::unicode::decimal(code)?,
        };
        ascii.push(char::from(byte));
    }
    let trimmed =
        ascii.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\x1f']);
    Some(trimmed.to_owned())
}

/// Parse text; where it is not `strict`, white space around it and underscores
/// do not count.
fn from_text(text: &Str, strict: bool, status: &mut Status) -> Number {
    let has_extras = |code| code == 0x5f || ::text::unicode::is_space(code);
    match numeric_text(text) {
        Some(_) if strict && text.units().iter().any(has_extras) => {}
        Some(text) => return Number::parse(&text, status),
        None => {}
    }
    *status |= condition::CONVERSION_SYNTAX;
    Number::nan()
}

/// The number for `as_tuple()`'s parts.
fn from_tuple(th: Thread<'_>, parts: &Tuple) -> Result<Number> {
    let [sign, digits, exponent] = parts.items() else {
        raise!(th, ValueError, "argument must be a sequence of length 3");
    };
    let sign = match Int::is_int(*sign).then(|| Int::to_i64(*sign)).flatten() {
        Some(sign @ 0..=1) => sign == 1,
        _ => raise!(th, ValueError, "sign must be an integer with the value 0 or 1"),
    };
    let kind = match exponent.downcast::<Str>() {
        None => None,
        Some(name) => Some(match name.to_string().as_str() {
            "F" => Kind::Infinite,
            "n" => Kind::QuietNan,
            "N" => Kind::SignalingNan,
            _ => raise!(
                th,
                ValueError,
                "string argument in the third position must be 'F', 'n' or 'N'"
            ),
        }),
    };
    let power = match kind {
        Some(_) => 0,
        None if Int::is_int(*exponent) => Int::index_to_isize(th, *exponent)? as i64,
        None => raise!(th, ValueError, "exponent must be an integer"),
    };
    let digits = match digits.downcast::<Tuple>() {
        Some(digits) => object::own(digits),
        None if digits.downcast::<List>().is_some() => Tuple::from_iterable(th, *digits)?,
        None => raise!(th, ValueError, "coefficient must be a tuple of digits"),
    };
    if kind == Some(Kind::Infinite) {
        return Ok(Number::infinity(sign));
    }
    let mut text = Vec::with_capacity(digits.len());
    for digit in digits.items() {
        match Int::is_int(*digit).then(|| Int::to_i64(*digit)).flatten() {
            Some(digit @ 0..=9) => text.push(b'0' + digit as u8),
            _ => raise!(th, ValueError, "coefficient must be a tuple of digits"),
        }
    }
    let Some(Ok(coefficient)) = Coefficient::parse(&text) else { return Err(th.no_memory()) };
    if let Some(kind) = kind {
        return Ok(Number::special(kind, sign, coefficient));
    }
    let limit = 4 * num::decimal::MAX_EMAX;
    Ok(Number::new(sign, coefficient, power.clamp(-limit, limit)))
}

/// Convert what `Decimal` takes, without rounding; what it meets is in `status`.
fn convert(
    th: Thread<'_>,
    object: Obj<'_>,
    strict: bool,
    context: &Context,
    status: &mut Status,
) -> Result<Number> {
    if let Some(text) = object.downcast::<Str>() {
        return Ok(from_text(text, strict, status));
    }
    if let Some(number) = try_operand(th, object)? {
        return Ok(number.clone());
    }
    if object.downcast::<List>().is_some() || object.downcast::<Tuple>().is_some() {
        let parts = Tuple::from_iterable(th, object)?;
        return from_tuple(th, &parts);
    }
    if let Some(float) = object.downcast::<Float>() {
        context.settle(th, condition::FLOAT_OPERATION)?;
        return from_f64(th, float.value());
    }
    Err(unsupported(th, object))
}

/// The number that `Decimal(object)` is, exactly.
pub(super) fn exact(
    th: Thread<'_>,
    object: Obj<'_>,
    context: &Context,
    status: &mut Status,
) -> Result<Number> {
    Ok(convert(th, object, false, context, status)?.finish_exact(status))
}

/// The number that `context.create_decimal(object)` is.
pub(super) fn rounded(
    th: Thread<'_>,
    object: Obj<'_>,
    context: &Context,
    status: &mut Status,
) -> Result<Number> {
    let limits = context.limits();
    let value = convert(th, object, true, context, status)?;
    let room = limits.prec - i64::from(limits.clamp);
    if value.is_nan() && value.coefficient.digits() > room {
        *status |= condition::CONVERSION_SYNTAX;
        return Ok(Number::nan());
    }
    Ok(value.finish(&limits, status))
}

/// `str(value)`, or its engineering form.
pub(super) fn to_text(
    th: Thread<'_>,
    value: &Number,
    engineering: bool,
    context: &Context,
) -> Result<Ref<Str>> {
    match value.to_text(engineering, context.has_capitals()) {
        Ok(text) => Str::new(th, &text),
        Err(_) => Err(th.no_memory()),
    }
}

/// Numerator of an integral number.
pub(super) fn to_bigint(th: Thread<'_>, value: &Number) -> Result<BigInt> {
    let coefficient = match value.exponent {
        0.. => value
            .coefficient
            .shift_left(value.exponent.unsigned_abs())
            .map_err(|_| th.no_memory())?,
        _ => value.coefficient.shift_right(value.exponent.unsigned_abs()).0,
    };
    let magnitude = BigInt::from(coefficient.to_biguint());
    Ok(if value.negative { -magnitude } else { magnitude })
}

/// The int of an integral number.
pub(super) fn to_int(th: Thread<'_>, value: &Number) -> Result<Ref> {
    if value.exponent == 0
        && let Some(small) = value.coefficient.to_u64().and_then(|v| i64::try_from(v).ok())
    {
        return Int::from_i64(th, if value.negative { -small } else { small });
    }
    Int::from_bigint(th, &to_bigint(th, value)?)
}

/// Numerator and denominator in lowest terms. Raises for specials.
pub(super) fn ratio(th: Thread<'_>, value: &Number) -> Result<(BigInt, BigInt)> {
    if value.is_nan() {
        raise!(th, ValueError, "cannot convert NaN to integer ratio");
    }
    if value.is_infinite() {
        raise!(th, OverflowError, "cannot convert Infinity to integer ratio");
    }
    if value.exponent >= 0 || value.is_zero() {
        return Ok((to_bigint(th, value)?, BigInt::from(1)));
    }
    let zeros = value.coefficient.trailing_zeros().min(-value.exponent);
    let coefficient = value.coefficient.shift_right(zeros.unsigned_abs()).0;
    let places = -(value.exponent + zeros);
    let Ok(places) = u32::try_from(places) else { return Err(th.no_memory()) };
    let numerator = BigInt::from(coefficient.to_biguint());
    let denominator = BigInt::from(10).pow(places);
    let common = num::bigint::gcd(&numerator, &denominator);
    let numerator = if value.negative { -numerator } else { numerator };
    Ok((numerator / &common, denominator / common))
}
