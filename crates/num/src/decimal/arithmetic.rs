//! The four operations and what is made of them: remainders, fused
//! multiply-add, rounding to an exponent or to an integer, neighbours.

use std::cmp::Ordering;

use super::{
    Coefficient, Context, Decimal, MAX_EMAX, MIN_ETINY, Rest, Rounding, Status,
    condition::{
        CLAMPED, DIVISION_BY_ZERO, DIVISION_IMPOSSIBLE, DIVISION_UNDEFINED, INEXACT,
        INVALID_OPERATION, ROUNDED, SUBNORMAL, UNDERFLOW,
    },
    invalid, invalid_operation, nan_of, out_of_memory,
};
use crate::TooLarge;

/// The value, or the result of an operation for which there is no memory.
macro_rules! memory {
    ($value:expr, $status:expr) => {
        match $value {
            Ok(value) => value,
            Err(TooLarge) => return out_of_memory($status),
        }
    };
}
pub(super) use memory;

impl Decimal {
    /// `self + other`.
    #[inline]
    pub fn add(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        match self.small_sum(other, other.negative, context, status) {
            Some(sum) => sum,
            None => self.add_signed(other, other.negative, context, status),
        }
    }

    /// `self - other`.
    #[inline]
    pub fn sub(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        match self.small_sum(other, !other.negative, context, status) {
            Some(difference) => difference,
            None => self.add_signed(other, !other.negative, context, status),
        }
    }

    /// The sum of `self` and `other` with another sign.
    #[inline(never)]
    fn add_signed(
        &self,
        other: &Self,
        negative: bool,
        context: &Context,
        status: &mut Status,
    ) -> Self {
        if self.is_special() || other.is_special() {
            if let Some(nan) = nan_of(&[self, other], context, status) {
                return nan;
            }
            return match (self.is_infinite(), other.is_infinite()) {
                (true, true) if self.negative != negative => invalid_operation(status),
                (true, _) => self.clone(),
                _ => Decimal::infinity(negative),
            };
        }
        memory!(self.exact_sum(other, negative, context), status).finish(context, status)
    }

    /// The sum of two finite numbers, exact but for digits that can only matter
    /// by being there.
    fn exact_sum(&self, other: &Self, negative: bool, context: &Context) -> Result<Self, TooLarge> {
        let exponent = self.exponent.min(other.exponent);
        if self.coefficient.is_zero() || other.coefficient.is_zero() {
            return self.sum_with_zero(other, negative, exponent, context);
        }
        let (high, low, high_negative, low_negative) = if self.exponent >= other.exponent {
            (self, other, self.negative, negative)
        } else {
            (other, self, negative, self.negative)
        };
        let (a, b, exponent) = align(high, low, context.prec)?;
        if high_negative == low_negative {
            return Ok(Decimal::new(high_negative, a.add(&b)?, exponent));
        }
        Ok(match a.cmp(&b) {
            Ordering::Greater => Decimal::new(high_negative, a.sub(&b)?, exponent),
            Ordering::Less => Decimal::new(low_negative, b.sub(&a)?, exponent),
            Ordering::Equal => Decimal::zero(context.rounding == Rounding::Floor, exponent),
        })
    }

    fn sum_with_zero(
        &self,
        other: &Self,
        negative: bool,
        exponent: i64,
        context: &Context,
    ) -> Result<Self, TooLarge> {
        let (value, sign) = match (self.coefficient.is_zero(), other.coefficient.is_zero()) {
            (true, true) => {
                let sign = match self.negative == negative {
                    true => negative,
                    false => context.rounding == Rounding::Floor,
                };
                return Ok(Decimal::zero(sign, exponent));
            }
            (true, false) => (other, negative),
            _ => (self, self.negative),
        };
        // Zeros beyond the precision would be rounded away again.
        let room = (context.prec - value.coefficient.digits()).max(0);
        let exponent = exponent.max(value.exponent - room - 1);
        let shift = (value.exponent - exponent).max(0);
        let coefficient = value.coefficient.shift_left(shift.unsigned_abs())?;
        Ok(Decimal::new(sign, coefficient, value.exponent - shift))
    }

    /// `self * other`.
    #[inline]
    pub fn mul(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        match self.small_product(other, context, status) {
            Some(product) => product,
            None => self.product(other, context, status),
        }
    }

    #[inline(never)]
    fn product(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        match self.exact_product(other, context, status) {
            Ok(product) => product.finish(context, status),
            Err(special) => special,
        }
    }

    /// The product of finite numbers; `Err` is the result for others.
    fn exact_product(
        &self,
        other: &Self,
        context: &Context,
        status: &mut Status,
    ) -> Result<Self, Self> {
        let negative = self.negative != other.negative;
        if self.is_special() || other.is_special() {
            if let Some(nan) = nan_of(&[self, other], context, status) {
                return Err(nan);
            }
            if self.is_zero() || other.is_zero() {
                return Err(invalid_operation(status));
            }
            return Err(Decimal::infinity(negative));
        }
        match self.coefficient.mul(&other.coefficient) {
            Ok(product) => Ok(Decimal::new(negative, product, self.exponent + other.exponent)),
            Err(TooLarge) => Err(out_of_memory(status)),
        }
    }

    /// `self * other + third`, rounded once.
    pub fn fma(&self, other: &Self, third: &Self, context: &Context, status: &mut Status) -> Self {
        let operands = [self, other, third];
        if (self.is_nan() || other.is_nan())
            && let Some(nan) = nan_of(&operands, context, status)
        {
            return nan;
        }
        match self.exact_product(other, context, status) {
            Ok(product) => product.add(third, context, status),
            Err(special) if special.is_nan() => special,
            Err(infinity) => infinity.add(third, context, status),
        }
    }

    /// `self / other`.
    #[inline]
    pub fn div(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        match self.small_quotient(other, context, status) {
            Some(quotient) => quotient,
            None => self.divide(other, context, status),
        }
    }

    #[inline(never)]
    fn divide(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        let negative = self.negative != other.negative;
        if self.is_special() || other.is_special() {
            if let Some(nan) = nan_of(&[self, other], context, status) {
                return nan;
            }
            return match (self.is_infinite(), other.is_infinite()) {
                (true, true) => invalid_operation(status),
                (true, false) => Decimal::infinity(negative),
                _ => {
                    *status |= CLAMPED;
                    Decimal::zero(negative, context.etiny())
                }
            };
        }
        if other.coefficient.is_zero() {
            if self.coefficient.is_zero() {
                return invalid(status, DIVISION_UNDEFINED);
            }
            *status |= DIVISION_BY_ZERO;
            return Decimal::infinity(negative);
        }
        let ideal = self.exponent - other.exponent;
        if self.coefficient.is_zero() {
            return Decimal::zero(negative, ideal).finish(context, status);
        }
        let quotient = match self.quotient(other, context.prec) {
            Ok((quotient, _)) => Ok(quotient),
            // The digits of such a precision have no room, but those of an exact quotient may:
            // if 1 / b ends, it has no more than four digits for each of b's.
            Err(TooLarge) => {
                let digits = self.coefficient.digits() + 4 * other.coefficient.digits();
                match self.quotient(other, digits) {
                    Ok((quotient, true)) => Ok(quotient),
                    _ => Err(TooLarge),
                }
            }
        };
        let quotient = memory!(quotient, status);
        Decimal { negative, ..quotient }.finish(context, status)
    }

    /// The quotient of numbers that are not zero, with at least `prec + 1` digits; and whether it
    /// is exact.
    fn quotient(&self, other: &Self, prec: i64) -> Result<(Self, bool), TooLarge> {
        let ideal = self.exponent - other.exponent;
        let shift = other.coefficient.digits() - self.coefficient.digits() + prec + 1;
        let amount = shift.unsigned_abs();
        let (mut quotient, rest) = if shift >= 0 {
            self.coefficient.shift_left(amount)?.div_rem(&other.coefficient)?
        } else {
            self.coefficient.div_rem(&other.coefficient.shift_left(amount)?)?
        };
        let mut exponent = ideal - shift;
        let is_exact = rest.is_zero();
        if !is_exact {
            // A digit that cannot be mistaken for the end of an exact result.
            if matches!(quotient.last_digit(), 0 | 5) {
                quotient.increment();
            }
        } else if exponent < ideal {
            let zeros = quotient.trailing_zeros().min(ideal - exponent);
            quotient = quotient.shift_right(zeros.unsigned_abs()).0;
            exponent += zeros;
        }
        Ok((Decimal::new(false, quotient, exponent), is_exact))
    }

    /// Integer quotient and remainder of finite numbers, the divisor not zero.
    /// `None` if the quotient has more digits than the precision.
    fn divide_integer(
        &self,
        other: &Self,
        context: &Context,
    ) -> Result<Option<(Coefficient, Self)>, TooLarge> {
        let ideal = self.exponent.min(other.exponent);
        let distance = self.adjusted() - other.adjusted();
        if self.coefficient.is_zero() || distance <= -2 {
            let mut rest = self.clone();
            if rest.coefficient.is_zero() {
                rest.exponent = ideal;
            } else if rest.exponent > ideal {
                // Only as many zeros as fit into the precision.
                let room = (context.prec - rest.coefficient.digits()).max(0);
                let shift = (rest.exponent - ideal).min(room + 1);
                rest.coefficient = rest.coefficient.shift_left(shift.unsigned_abs())?;
                rest.exponent -= shift;
            }
            return Ok(Some((Coefficient::zero(), rest)));
        }
        if distance > context.prec {
            return Ok(None);
        }
        let a = self.coefficient.shift_left((self.exponent - ideal).unsigned_abs())?;
        let b = other.coefficient.shift_left((other.exponent - ideal).unsigned_abs())?;
        let (quotient, rest) = a.div_rem(&b)?;
        if quotient.digits() > context.prec {
            return Ok(None);
        }
        Ok(Some((quotient, Decimal::new(self.negative, rest, ideal))))
    }

    /// Integer quotient and remainder: `//` and `%` in one.
    pub fn divmod(&self, other: &Self, context: &Context, status: &mut Status) -> (Self, Self) {
        let negative = self.negative != other.negative;
        if let Some(nan) = nan_of(&[self, other], context, status) {
            return (nan.clone(), nan);
        }
        if self.is_infinite() {
            let rest = invalid_operation(status);
            let quotient =
                if other.is_infinite() { Decimal::nan() } else { Decimal::infinity(negative) };
            return (quotient, rest);
        }
        if other.is_infinite() {
            let rest = self.clone().finish(context, status);
            return (Decimal::zero(negative, 0), rest);
        }
        if other.coefficient.is_zero() {
            if self.coefficient.is_zero() {
                let nan = invalid(status, DIVISION_UNDEFINED);
                return (nan.clone(), nan);
            }
            *status |= DIVISION_BY_ZERO | INVALID_OPERATION;
            return (Decimal::infinity(negative), Decimal::nan());
        }
        match self.divide_integer(other, context) {
            Ok(Some((quotient, rest))) => {
                let quotient = Decimal::new(negative, quotient, 0);
                (quotient.finish(context, status), rest.finish(context, status))
            }
            Ok(None) => {
                let nan = invalid(status, DIVISION_IMPOSSIBLE);
                (nan.clone(), nan)
            }
            Err(TooLarge) => {
                let nan = out_of_memory(status);
                (nan.clone(), nan)
            }
        }
    }

    /// `self // other`, cut off towards zero.
    pub fn div_int(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        let negative = self.negative != other.negative;
        if let Some(nan) = nan_of(&[self, other], context, status) {
            return nan;
        }
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) => return invalid_operation(status),
            (true, false) => return Decimal::infinity(negative),
            (false, true) => return Decimal::zero(negative, 0),
            _ => {}
        }
        if other.coefficient.is_zero() && !self.coefficient.is_zero() {
            *status |= DIVISION_BY_ZERO;
            return Decimal::infinity(negative);
        }
        let mut conditions = 0;
        let (quotient, _) = self.divmod(other, context, &mut conditions);
        // What rounding the remainder met is not of interest.
        *status |= conditions & !(ROUNDED | INEXACT | SUBNORMAL | UNDERFLOW | CLAMPED);
        quotient
    }

    /// `self % other`, with the sign of `self`.
    pub fn rem(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self, other], context, status) {
            return nan;
        }
        if other.is_zero() && self.is_finite() {
            let why = if self.is_zero() { DIVISION_UNDEFINED } else { INVALID_OPERATION };
            return invalid(status, why);
        }
        if self.is_infinite() {
            return invalid_operation(status);
        }
        self.divmod(other, context, status).1
    }

    /// The remainder for the integer nearest to the quotient.
    pub fn rem_near(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self, other], context, status) {
            return nan;
        }
        if self.is_infinite() {
            return invalid_operation(status);
        }
        if other.is_infinite() {
            return self.clone().finish(context, status);
        }
        if other.is_zero() {
            let why = if self.is_zero() { DIVISION_UNDEFINED } else { INVALID_OPERATION };
            return invalid(status, why);
        }
        let found = memory!(self.divide_integer(other, context), status);
        let Some((mut quotient, mut rest)) = found else {
            return invalid(status, DIVISION_IMPOSSIBLE);
        };
        let zero_sign = self.negative;
        let ideal = rest.exponent.min(other.exponent);
        if !rest.coefficient.is_zero() && self.adjusted() - other.adjusted() > -2 {
            let a = memory!(
                rest.coefficient.shift_left((rest.exponent - ideal).unsigned_abs()),
                status
            );
            let b = memory!(
                other.coefficient.shift_left((other.exponent - ideal).unsigned_abs()),
                status
            );
            let other_side = memory!(b.sub(&a), status);
            let nearer = match a.cmp(&other_side) {
                Ordering::Less => false,
                Ordering::Equal => quotient.is_odd(),
                Ordering::Greater => true,
            };
            if nearer {
                rest = Decimal::new(!rest.negative, other_side, ideal);
                quotient.increment();
            }
        }
        if quotient.digits() > context.prec {
            return invalid(status, DIVISION_IMPOSSIBLE);
        }
        if rest.coefficient.is_zero() {
            rest.negative = zero_sign;
        }
        rest.finish(context, status)
    }

    /// `+self`: rounded, and zero without sign.
    pub fn plus(&self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self], context, status) {
            return nan;
        }
        let mut value = self.clone();
        if value.is_zero() {
            value.negative = value.negative && context.rounding == Rounding::Floor;
        }
        value.finish(context, status)
    }

    /// `-self`: rounded, and zero without sign.
    pub fn minus(&self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self], context, status) {
            return nan;
        }
        self.copy_negate().plus(context, status)
    }

    /// `abs(self)`, rounded.
    pub fn abs(&self, context: &Context, status: &mut Status) -> Self {
        if self.negative { self.minus(context, status) } else { self.plus(context, status) }
    }

    /// The number with another exponent, rounded if that is larger.
    pub(super) fn rescale(
        &self,
        exponent: i64,
        rounding: Rounding,
    ) -> Result<(Self, Rest), TooLarge> {
        let shift = exponent - self.exponent;
        if shift <= 0 || self.coefficient.is_zero() {
            let coefficient = self.coefficient.shift_left(shift.unsigned_abs())?;
            return Ok((Decimal::new(self.negative, coefficient, exponent), Rest::Zero));
        }
        let (mut kept, rest) = self.coefficient.shift_right(shift.unsigned_abs());
        if rounding.is_away(rest, || kept.last_digit(), self.negative) {
            kept.increment();
        }
        Ok((Decimal::new(self.negative, kept, exponent), rest))
    }

    /// `self` with the exponent of `other`.
    pub fn quantize(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        if self.is_special() || other.is_special() {
            if let Some(nan) = nan_of(&[self, other], context, status) {
                return nan;
            }
            if self.is_infinite() && other.is_infinite() {
                return self.clone();
            }
            return invalid_operation(status);
        }
        let exponent = other.exponent;
        if let Some(value) = self.small_quantized(exponent, context, status) {
            return value;
        }
        if exponent < context.etiny() || exponent > context.emax {
            return invalid_operation(status);
        }
        if self.coefficient.is_zero() {
            return Decimal::zero(self.negative, exponent).finish(context, status);
        }
        let adjusted = self.adjusted();
        if adjusted > context.emax || adjusted - exponent + 1 > context.prec {
            return invalid_operation(status);
        }
        let (value, rest) = memory!(self.rescale(exponent, context.rounding), status);
        if value.adjusted() > context.emax || value.coefficient.digits() > context.prec {
            return invalid_operation(status);
        }
        if exponent > self.exponent {
            *status |= ROUNDED | if rest == Rest::Zero { 0 } else { INEXACT };
        }
        if value.is_subnormal(context) {
            *status |= SUBNORMAL;
        }
        let mut conditions = 0;
        let value = value.finish(context, &mut conditions);
        *status |= conditions & !UNDERFLOW;
        value
    }

    /// Round to an integer, and tell whether digits were cut off.
    pub fn to_integral_exact(&self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self], context, status) {
            return nan;
        }
        if self.is_infinite() || self.exponent >= 0 {
            return self.clone();
        }
        if self.coefficient.is_zero() {
            return Decimal::zero(self.negative, 0);
        }
        let (value, rest) = memory!(self.rescale(0, context.rounding), status);
        *status |= ROUNDED | if rest == Rest::Zero { 0 } else { INEXACT };
        value
    }

    /// Round to an integer.
    pub fn to_integral_value(&self, context: &Context, status: &mut Status) -> Self {
        let mut conditions = 0;
        let value = self.to_integral_exact(context, &mut conditions);
        *status |= conditions & !(ROUNDED | INEXACT);
        value
    }

    /// Without trailing zeros.
    pub fn normalize(&self, context: &Context, status: &mut Status) -> Self {
        let value = self.plus_keeping_sign(context, status);
        if value.is_special() {
            return value;
        }
        if value.coefficient.is_zero() {
            return Decimal::zero(value.negative, 0);
        }
        let top = if context.clamp { context.etop() } else { context.emax };
        let zeros = value.coefficient.trailing_zeros().min((top - value.exponent).max(0));
        let coefficient = value.coefficient.shift_right(zeros.unsigned_abs()).0;
        Decimal::new(value.negative, coefficient, value.exponent + zeros)
    }

    fn plus_keeping_sign(&self, context: &Context, status: &mut Status) -> Self {
        match nan_of(&[self], context, status) {
            Some(nan) => nan,
            None => self.clone().finish(context, status),
        }
    }

    /// The largest representable number below.
    pub fn next_minus(&self, context: &Context, status: &mut Status) -> Self {
        self.neighbour(true, context, status)
    }

    /// The smallest representable number above.
    pub fn next_plus(&self, context: &Context, status: &mut Status) -> Self {
        self.neighbour(false, context, status)
    }

    fn neighbour(&self, below: bool, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self], context, status) {
            return nan;
        }
        if self.is_infinite() {
            if self.negative == below {
                return self.clone();
            }
            return Decimal::largest(self.negative, context, status);
        }
        let rounding = if below { Rounding::Floor } else { Rounding::Ceiling };
        let context = context.with_rounding(rounding);
        let mut conditions = 0;
        let value = self.clone().finish(&context, &mut conditions);
        if conditions & INEXACT != 0 {
            return value;
        }
        let tiny = Decimal::new(below, Coefficient::one(), MIN_ETINY - 1);
        let sum = value.add(&tiny, &context, &mut conditions);
        *status |= conditions & super::condition::MALLOC_ERROR;
        sum
    }

    /// The representable number next to `self` in the direction of `other`.
    pub fn next_toward(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self, other], context, status) {
            return nan;
        }
        let value = match self.partial_compare(other) {
            Some(Ordering::Equal) | None => {
                return Decimal { negative: other.negative, ..self.clone() };
            }
            Some(Ordering::Less) => self.next_plus(context, status),
            Some(Ordering::Greater) => self.next_minus(context, status),
        };
        if value.is_infinite() {
            *status |= super::condition::OVERFLOW | ROUNDED | INEXACT;
        } else if value.adjusted() < context.emin {
            *status |= UNDERFLOW | SUBNORMAL | ROUNDED | INEXACT;
            if value.is_zero() {
                *status |= CLAMPED;
            }
        }
        value
    }

    /// `self` times ten to the power of `other`, an integer.
    pub fn scaleb(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self, other], context, status) {
            return nan;
        }
        let limit = 2 * (context.emax + context.prec);
        let Some(shift) = other.small_integer(limit) else { return invalid_operation(status) };
        if self.is_infinite() {
            return self.clone();
        }
        let exponent = self.exponent.saturating_add(shift);
        let exponent = exponent.clamp(MIN_ETINY - MAX_EMAX, 2 * MAX_EMAX);
        Decimal { exponent, ..self.clone() }.finish(context, status)
    }

    /// The value of an integer with exponent 0 and at most the magnitude `limit`.
    pub(super) fn small_integer(&self, limit: i64) -> Option<i64> {
        if self.is_special() || self.exponent != 0 {
            return None;
        }
        let value = self.coefficient.to_u64().and_then(|value| i64::try_from(value).ok())?;
        (value <= limit).then_some(if self.negative { -value } else { value })
    }
}

/// The coefficients of two numbers that are not zero at a common exponent. A
/// number too small to reach the digits that matter is replaced by a tiny one.
fn align(
    high: &Decimal,
    low: &Decimal,
    prec: i64,
) -> Result<(Coefficient, Coefficient, i64), TooLarge> {
    let high_digits = high.coefficient.digits();
    let least = high.exponent + (-1_i64).min(high_digits - prec - 2);
    let (b, exponent) = if low.adjusted() < least {
        (Coefficient::one(), least)
    } else {
        (low.coefficient.clone(), low.exponent)
    };
    let a = high.coefficient.shift_left((high.exponent - exponent).unsigned_abs())?;
    Ok((a, b, exponent))
}
