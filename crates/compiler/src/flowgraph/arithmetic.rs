//! Python's operators on constants.
//!
//! None means "not folded": the operation raises, or its result would be too
//! large. Limits are those of CPython, so that the same code comes out.

use bytecode::{ConstStr, Constant};
use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;

use bytecode::Op;

const MAX_INT_BITS: u64 = 128;
const MAX_COLLECTION_SIZE: usize = 256;
const MAX_STR_SIZE: usize = 4096;
const MAX_TOTAL_ITEMS: i64 = 1024;

/// `BINARY_OP` arguments.
mod nb {
    pub(super) const ADD: i32 = 0;
    pub(super) const AND: i32 = 1;
    pub(super) const FLOOR_DIVIDE: i32 = 2;
    pub(super) const LSHIFT: i32 = 3;
    pub(super) const MULTIPLY: i32 = 5;
    pub(super) const REMAINDER: i32 = 6;
    pub(super) const OR: i32 = 7;
    pub(super) const POWER: i32 = 8;
    pub(super) const RSHIFT: i32 = 9;
    pub(super) const SUBTRACT: i32 = 10;
    pub(super) const TRUE_DIVIDE: i32 = 11;
    pub(super) const XOR: i32 = 12;
    pub(super) const SUBSCR: i32 = 26;
}

/// `bool(value)`.
pub(super) fn is_true(value: &Constant) -> bool {
    match value {
        Constant::None => false,
        Constant::Ellipsis | Constant::Slice(_) | Constant::Code(_) => true,
        Constant::Bool(value) => *value,
        Constant::Int(value) => value.sign() != Sign::NoSign,
        Constant::Float(value) => *value != 0.0,
        Constant::Complex(real, imag) => *real != 0.0 || *imag != 0.0,
        Constant::Str(text) => !text.is_empty(),
        Constant::Bytes(bytes) => !bytes.is_empty(),
        Constant::Tuple(items) | Constant::FrozenSet(items) => !items.is_empty(),
    }
}

/// The items that differ from all before them, as a set keeps them.
pub(super) fn distinct(items: Vec<Constant>) -> Vec<Constant> {
    let mut kept: Vec<Constant> = Vec::with_capacity(items.len());
    for item in items {
        if !kept.iter().any(|other| equal(other, &item)) {
            kept.push(item);
        }
    }
    kept
}

/// Python's `==`.
fn equal(a: &Constant, b: &Constant) -> bool {
    if let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) {
        return a.equal(&b);
    }
    match (a, b) {
        (Constant::Tuple(a), Constant::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Constant::FrozenSet(a), Constant::FrozenSet(b)) => {
            a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

pub(super) fn unary(op: Op, operand: &Constant) -> Option<Constant> {
    if op == Op::UNARY_NOT {
        return Some(Constant::Bool(!is_true(operand)));
    }
    if op == Op::UNARY_INVERT && matches!(operand, Constant::Bool(_)) {
        // It is deprecated, which is to be seen when it is executed.
        return None;
    }
    let number = Number::of(operand)?;
    let result = match (op, number) {
        (Op::UNARY_NEGATIVE, Number::Int(value)) => Constant::Int(-value),
        (Op::UNARY_NEGATIVE, Number::Float(value)) => Constant::Float(-value),
        (Op::UNARY_NEGATIVE, Number::Complex(value)) => Constant::Complex(-value.0, -value.1),
        (Op::UNARY_INVERT, Number::Int(value)) => Constant::Int(!value),
        (Op::CALL_INTRINSIC_1, number) => number.into(),
        _ => return None,
    };
    Some(result)
}

pub(super) fn binary(op: i32, left: &Constant, right: &Constant) -> Option<Constant> {
    match op {
        nb::SUBSCR => return subscript(left, right),
        nb::ADD => {
            if let Some(result) = concatenate(left, right) {
                return Some(result);
            }
        }
        nb::MULTIPLY => {
            if let Some(result) = repeat(left, right).or_else(|| repeat(right, left)) {
                return Some(result);
            }
        }
        nb::AND | nb::OR | nb::XOR => {
            if let (Constant::Bool(left), Constant::Bool(right)) = (left, right) {
                return Some(Constant::Bool(match op {
                    nb::AND => left & right,
                    nb::OR => left | right,
                    _ => left ^ right,
                }));
            }
        }
        _ => {}
    }
    match (Number::of(left)?, Number::of(right)?) {
        (Number::Int(left), Number::Int(right)) => int_binary(op, &left, &right),
        (left @ Number::Complex(_), right) | (left, right @ Number::Complex(_)) => {
            complex_binary(op, left, right)
        }
        (left, right) => float_binary(op, left.to_float()?, right.to_float()?),
    }
}

fn concatenate(left: &Constant, right: &Constant) -> Option<Constant> {
    Some(match (left, right) {
        (Constant::Str(a), Constant::Str(b)) => {
            Constant::Str(ConstStr::from_bytes([a.as_bytes(), b.as_bytes()].concat())?)
        }
        (Constant::Bytes(a), Constant::Bytes(b)) => {
            Constant::Bytes([&a[..], &b[..]].concat().into())
        }
        (Constant::Tuple(a), Constant::Tuple(b)) => {
            Constant::Tuple([&a[..], &b[..]].concat().into())
        }
        _ => return None,
    })
}

fn repeat(sequence: &Constant, times: &Constant) -> Option<Constant> {
    let Number::Int(times) = Number::of(times)? else { return None };
    let (size, limit) = match sequence {
        Constant::Str(text) => (text.len(), MAX_STR_SIZE),
        Constant::Bytes(bytes) => (bytes.len(), MAX_STR_SIZE),
        Constant::Tuple(items) => (items.len(), MAX_COLLECTION_SIZE),
        _ => return None,
    };
    let times = match size {
        // Any count will do that fits an index.
        0 => times.to_isize().map(|_| 0)?,
        _ => times.to_usize().filter(|times| *times <= limit / size)?,
    };
    Some(match sequence {
        Constant::Str(text) => Constant::Str(ConstStr::from_bytes(text.as_bytes().repeat(times))?),
        Constant::Bytes(bytes) => Constant::Bytes(bytes.repeat(times).into()),
        Constant::Tuple(items) => {
            if times > 0 && size > 0 {
                total_items_left(sequence, MAX_TOTAL_ITEMS / times as i64)?;
            }
            Constant::Tuple((0..times).flat_map(|_| items.iter().cloned()).collect())
        }
        _ => return None,
    })
}

/// What remains of `limit` after the items of nested tuples are taken off.
fn total_items_left(value: &Constant, limit: i64) -> Option<i64> {
    let Constant::Tuple(items) = value else { return Some(limit) };
    let mut limit = limit - items.len() as i64;
    if limit < 0 {
        return None;
    }
    for item in items {
        limit = total_items_left(item, limit)?;
    }
    Some(limit)
}

fn subscript(container: &Constant, index: &Constant) -> Option<Constant> {
    if let Constant::Slice(parts) = index {
        return slice(container, parts);
    }
    let Number::Int(index) = Number::of(index)? else { return None };
    let index = index.to_i64()?;
    let at = |length: usize| {
        let index = if index < 0 { index.checked_add(length as i64)? } else { index };
        usize::try_from(index).ok().filter(|index| *index < length)
    };
    Some(match container {
        Constant::Str(text) => {
            let point = text.code_points().nth(at(text.len())?)?;
            Constant::Str(ConstStr::from_code_points([point]))
        }
        Constant::Bytes(bytes) => Constant::from(i64::from(*bytes.get(at(bytes.len())?)?)),
        Constant::Tuple(items) => items.get(at(items.len())?)?.clone(),
        _ => return None,
    })
}

fn slice(container: &Constant, parts: &[Constant; 3]) -> Option<Constant> {
    Some(match container {
        Constant::Str(text) => {
            let points: Vec<u32> = text.code_points().collect();
            Constant::Str(ConstStr::from_code_points(slice_items(&points, parts)?))
        }
        Constant::Bytes(bytes) => Constant::Bytes(slice_items(bytes, parts)?.into()),
        Constant::Tuple(items) => Constant::Tuple(slice_items(items, parts)?.into()),
        _ => return None,
    })
}

fn slice_items<T: Clone>(items: &[T], parts: &[Constant; 3]) -> Option<Vec<T>> {
    let part = |part: &Constant| match part {
        Constant::None => Some(None),
        other => match Number::of(other)? {
            // Beyond any length is as good as infinite.
            Number::Int(value) => Some(Some(value.to_i64().unwrap_or(match value.sign() {
                Sign::Minus => i64::MIN / 2,
                _ => i64::MAX / 2,
            }))),
            _ => None,
        },
    };
    let [start, stop, step] = [part(&parts[0])?, part(&parts[1])?, part(&parts[2])?];
    let length = items.len() as i64;
    let step = step.unwrap_or(1);
    if step == 0 {
        return None;
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |value: i64| {
        if value < 0 { value.saturating_add(length).max(low) } else { value.min(high) }
    };
    let start = start.map_or(if step > 0 { low } else { high }, clamp);
    let stop = stop.map_or(if step > 0 { high } else { low }, clamp);
    let mut result = Vec::new();
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        result.push(items.get(usize::try_from(at).ok()?)?.clone());
        at = at.saturating_add(step);
    }
    Some(result)
}

type Complex = (f64, f64);

enum Number {
    Int(BigInt),
    Float(f64),
    Complex(Complex),
}

impl Number {
    fn of(value: &Constant) -> Option<Number> {
        Some(match value {
            Constant::Bool(value) => Number::Int(BigInt::from(u8::from(*value))),
            Constant::Int(value) => Number::Int(value.clone()),
            Constant::Float(value) => Number::Float(*value),
            Constant::Complex(real, imag) => Number::Complex((*real, *imag)),
            _ => return None,
        })
    }

    /// The value as a float, unless it is too large.
    fn to_float(&self) -> Option<f64> {
        match self {
            Number::Int(value) => value.to_f64().filter(|value| value.is_finite()),
            Number::Float(value) => Some(*value),
            Number::Complex(_) => None,
        }
    }

    fn equal(&self, other: &Number) -> bool {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a == b,
            (Number::Float(a), Number::Float(b)) => a == b,
            (Number::Complex(a), Number::Complex(b)) => a == b,
            (Number::Complex((real, imag)), real_number)
            | (real_number, Number::Complex((real, imag))) => {
                *imag == 0.0 && Number::Float(*real).equal(real_number)
            }
            (Number::Int(int), Number::Float(float)) | (Number::Float(float), Number::Int(int)) => {
                // Exact: an int beyond 2**53 may round to an unequal float.
                float.is_finite()
                    && float.fract() == 0.0
                    && num_traits::FromPrimitive::from_f64(*float)
                        .is_some_and(|exact: BigInt| exact == *int)
            }
        }
    }
}

impl From<Number> for Constant {
    fn from(number: Number) -> Constant {
        match number {
            Number::Int(value) => Constant::Int(value),
            Number::Float(value) => Constant::Float(value),
            Number::Complex((real, imag)) => Constant::Complex(real, imag),
        }
    }
}

fn int_binary(op: i32, left: &BigInt, right: &BigInt) -> Option<Constant> {
    let is_zero = |value: &BigInt| value.sign() == Sign::NoSign;
    let result = match op {
        nb::ADD => left + right,
        nb::SUBTRACT => left - right,
        nb::MULTIPLY => {
            if !is_zero(left) && !is_zero(right) && left.bits() + right.bits() > MAX_INT_BITS {
                return None;
            }
            left * right
        }
        nb::FLOOR_DIVIDE => floor_divide(left, right)?.0,
        nb::REMAINDER => floor_divide(left, right)?.1,
        nb::TRUE_DIVIDE => return true_divide(left, right).map(Constant::Float),
        nb::POWER => {
            if right.sign() == Sign::Minus {
                return float_binary(
                    op,
                    Number::Int(left.clone()).to_float()?,
                    Number::Int(right.clone()).to_float()?,
                );
            }
            let exponent = match is_zero(left) {
                true => u32::from(!is_zero(right)),
                false => right.to_u32()?,
            };
            if exponent > 0 && !is_zero(left) && left.bits() > MAX_INT_BITS / u64::from(exponent) {
                return None;
            }
            left.pow(exponent)
        }
        nb::LSHIFT => {
            if right.sign() == Sign::Minus {
                return None;
            }
            if is_zero(left) {
                return Some(Constant::Int(BigInt::ZERO));
            }
            let shift = right.to_u64().filter(|shift| *shift <= MAX_INT_BITS)?;
            if !is_zero(right) && left.bits() > MAX_INT_BITS - shift {
                return None;
            }
            left << shift
        }
        nb::RSHIFT => {
            if right.sign() == Sign::Minus {
                return None;
            }
            match right.to_u64().filter(|shift| *shift <= left.bits()) {
                Some(shift) => left >> shift,
                None if left.sign() == Sign::Minus => BigInt::from(-1),
                None => BigInt::ZERO,
            }
        }
        nb::AND => left & right,
        nb::OR => left | right,
        nb::XOR => left ^ right,
        _ => return None,
    };
    Some(Constant::Int(result))
}

fn floor_divide(left: &BigInt, right: &BigInt) -> Option<(BigInt, BigInt)> {
    let quotient = left.checked_div(right)?;
    let remainder = left - &quotient * right;
    if remainder.sign() != Sign::NoSign && (remainder.sign() != right.sign()) {
        return Some((quotient - 1, remainder + right));
    }
    Some((quotient, remainder))
}

/// The quotient, rounded once.
fn true_divide(left: &BigInt, right: &BigInt) -> Option<f64> {
    const EXACT: u64 = 53;
    if right.sign() == Sign::NoSign {
        return None;
    }
    if left.bits() <= EXACT && right.bits() <= EXACT {
        return Some(left.to_f64()? / right.to_f64()?);
    }
    // Scale so that the quotient has bits to spare; the last one is made odd
    // where there is a remainder, which is then rounded correctly.
    let shift = 66 + right.bits() as i64 - left.bits() as i64;
    let (numerator, denominator) = match shift >= 0 {
        true => (left << shift, right.clone()),
        false => (left.clone(), right << -shift),
    };
    let quotient = &numerator / &denominator;
    let exact = &quotient * &denominator == numerator;
    let quotient = if exact { quotient } else { quotient | BigInt::from(1) };
    let mut result = quotient.to_f64()?;
    let mut shift = shift;
    while shift > 0 {
        let step = shift.min(1000);
        result /= 2f64.powi(step as i32);
        shift -= step;
    }
    while shift < 0 {
        let step = (-shift).min(1000);
        result *= 2f64.powi(step as i32);
        shift += step;
    }
    // A subnormal result would have been rounded twice.
    (result.is_normal() || left.sign() == Sign::NoSign).then_some(result)
}

fn float_binary(op: i32, left: f64, right: f64) -> Option<Constant> {
    let result = match op {
        nb::ADD => left + right,
        nb::SUBTRACT => left - right,
        nb::MULTIPLY => left * right,
        nb::TRUE_DIVIDE if right != 0.0 => left / right,
        nb::FLOOR_DIVIDE => float_divmod(left, right)?.0,
        nb::REMAINDER => float_divmod(left, right)?.1,
        nb::POWER => return float_power(left, right),
        _ => return None,
    };
    Some(Constant::Float(result))
}

fn float_divmod(left: f64, right: f64) -> Option<(f64, f64)> {
    if right == 0.0 {
        return None;
    }
    let mut remainder = left % right;
    let mut quotient = (left - remainder) / right;
    if remainder == 0.0 {
        remainder = 0f64.copysign(right);
    } else if (right < 0.0) != (remainder < 0.0) {
        remainder += right;
        quotient -= 1.0;
    }
    let floor = if quotient == 0.0 {
        0f64.copysign(left / right)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    };
    Some((floor, remainder))
}

fn float_power(left: f64, right: f64) -> Option<Constant> {
    if left == 0.0 && right < 0.0 {
        return None;
    }
    if left < 0.0 && left.is_finite() && right.is_finite() && right.fract() != 0.0 {
        return complex_power((left, 0.0), (right, 0.0));
    }
    let result = left.powf(right);
    if result.is_infinite() && left.is_finite() && right.is_finite() {
        return None;
    }
    Some(Constant::Float(result))
}

fn complex_binary(op: i32, left: Number, right: Number) -> Option<Constant> {
    let result = match (op, left, right) {
        (nb::ADD, Number::Complex(a), Number::Complex(b)) => (a.0 + b.0, a.1 + b.1),
        (nb::ADD, Number::Complex(a), b) | (nb::ADD, b, Number::Complex(a)) => {
            (a.0 + b.to_float()?, a.1)
        }
        (nb::SUBTRACT, Number::Complex(a), Number::Complex(b)) => (a.0 - b.0, a.1 - b.1),
        (nb::SUBTRACT, Number::Complex(a), b) => (a.0 - b.to_float()?, a.1),
        (nb::SUBTRACT, a, Number::Complex(b)) => (a.to_float()? - b.0, -b.1),
        (nb::MULTIPLY, Number::Complex(a), Number::Complex(b)) => complex_product(a, b),
        (nb::MULTIPLY, Number::Complex(a), b) | (nb::MULTIPLY, b, Number::Complex(a)) => {
            let b = b.to_float()?;
            (a.0 * b, a.1 * b)
        }
        (nb::TRUE_DIVIDE, Number::Complex(a), Number::Complex(b)) => complex_quotient(a, b)?,
        (nb::TRUE_DIVIDE, Number::Complex(a), b) => {
            let b = b.to_float().filter(|b| *b != 0.0)?;
            (a.0 / b, a.1 / b)
        }
        (nb::TRUE_DIVIDE, a, Number::Complex(b)) => real_by_complex(a.to_float()?, b)?,
        (nb::POWER, a, b) => {
            let complex = |number: Number| match number {
                Number::Complex(value) => Some(value),
                real => Some((real.to_float()?, 0.0)),
            };
            return complex_power(complex(a)?, complex(b)?);
        }
        _ => return None,
    };
    Some(Constant::Complex(result.0, result.1))
}

/// C's product: an infinite operand gives an infinite result (Annex G).
fn complex_product(a: Complex, b: Complex) -> Complex {
    let (mut a, mut b) = (a, b);
    let (ac, bd, ad, bc) = (a.0 * b.0, a.1 * b.1, a.0 * b.1, a.1 * b.0);
    let result = (ac - bd, ad + bc);
    if !result.0.is_nan() || !result.1.is_nan() {
        return result;
    }
    let unit = |part: f64| if part.is_infinite() { 1f64 } else { 0.0 }.copysign(part);
    let no_nan = |part: f64| if part.is_nan() { 0f64.copysign(part) } else { part };
    let mut recalculate = false;
    if a.0.is_infinite() || a.1.is_infinite() {
        a = (unit(a.0), unit(a.1));
        b = (no_nan(b.0), no_nan(b.1));
        recalculate = true;
    }
    if b.0.is_infinite() || b.1.is_infinite() {
        b = (unit(b.0), unit(b.1));
        a = (no_nan(a.0), no_nan(a.1));
        recalculate = true;
    }
    if !recalculate && [ac, bd, ad, bc].iter().any(|part| part.is_infinite()) {
        a = (no_nan(a.0), no_nan(a.1));
        b = (no_nan(b.0), no_nan(b.1));
        recalculate = true;
    }
    if recalculate {
        return (f64::INFINITY * (a.0 * b.0 - a.1 * b.1), f64::INFINITY * (a.0 * b.1 + a.1 * b.0));
    }
    result
}

/// The quotient by scaling with the larger part of the divisor.
fn complex_quotient(a: Complex, b: Complex) -> Option<Complex> {
    let mut result = if b.0.abs() >= b.1.abs() {
        if b.0 == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let scale = b.0 + b.1 * ratio;
        ((a.0 + a.1 * ratio) / scale, (a.1 - a.0 * ratio) / scale)
    } else if b.1.abs() >= b.0.abs() {
        let ratio = b.0 / b.1;
        let scale = b.0 * ratio + b.1;
        ((a.0 * ratio + a.1) / scale, (a.1 * ratio - a.0) / scale)
    } else {
        (f64::NAN, f64::NAN)
    };
    if result.0.is_nan() && result.1.is_nan() {
        let unit = |part: f64| if part.is_infinite() { 1f64 } else { 0.0 }.copysign(part);
        if (a.0.is_infinite() || a.1.is_infinite()) && b.0.is_finite() && b.1.is_finite() {
            let (x, y) = (unit(a.0), unit(a.1));
            result = (f64::INFINITY * (x * b.0 + y * b.1), f64::INFINITY * (y * b.0 - x * b.1));
        } else if (b.0.is_infinite() || b.1.is_infinite()) && a.0.is_finite() && a.1.is_finite() {
            let (x, y) = (unit(b.0), unit(b.1));
            result = (0.0 * (a.0 * x + a.1 * y), 0.0 * (a.1 * x - a.0 * y));
        }
    }
    Some(result)
}

fn real_by_complex(a: f64, b: Complex) -> Option<Complex> {
    let mut result = if b.0.abs() >= b.1.abs() {
        if b.0 == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let scale = b.0 + b.1 * ratio;
        (a / scale, (-a * ratio) / scale)
    } else if b.1.abs() >= b.0.abs() {
        let ratio = b.0 / b.1;
        let scale = b.0 * ratio + b.1;
        ((a * ratio) / scale, -a / scale)
    } else {
        (f64::NAN, f64::NAN)
    };
    if result.0.is_nan()
        && result.1.is_nan()
        && a.is_finite()
        && (b.0.is_infinite() || b.1.is_infinite())
    {
        let unit = |part: f64| if part.is_infinite() { 1f64 } else { 0.0 }.copysign(part);
        result = (0.0 * (a * unit(b.0)), 0.0 * (-a * unit(b.1)));
    }
    Some(result)
}

fn complex_power(base: Complex, exponent: Complex) -> Option<Constant> {
    let result =
        if exponent.1 == 0.0 && exponent.0 == exponent.0.floor() && exponent.0.abs() <= 100.0 {
            let power = complex_int_power(base, exponent.0.abs() as u32);
            match exponent.0 > 0.0 {
                true => power,
                false => complex_quotient((1.0, 0.0), power)?,
            }
        } else if exponent == (0.0, 0.0) {
            (1.0, 0.0)
        } else if base == (0.0, 0.0) {
            if exponent.1 != 0.0 || exponent.0 < 0.0 {
                return None;
            }
            (0.0, 0.0)
        } else {
            let size = base.0.hypot(base.1);
            let angle = base.1.atan2(base.0);
            let mut length = size.powf(exponent.0);
            let mut phase = angle * exponent.0;
            if exponent.1 != 0.0 {
                length *= (-angle * exponent.1).exp();
                phase += exponent.1 * size.ln();
            }
            if phase.is_infinite() {
                return None;
            }
            (length * phase.cos(), length * phase.sin())
        };
    let overflows = result.0.is_infinite() || result.1.is_infinite();
    (!overflows).then_some(Constant::Complex(result.0, result.1))
}

fn complex_int_power(base: Complex, exponent: u32) -> Complex {
    let mut result = (1.0, 0.0);
    let mut power = base;
    let mut rest = exponent;
    while rest > 0 {
        if rest & 1 != 0 {
            result = complex_product(result, power);
        }
        rest >>= 1;
        power = complex_product(power, power);
    }
    result
}
