//! Operations on digits: logical operations on 0s and 1s, shifting, rotating.

use super::{
    Coefficient, Context, Decimal, Status, arithmetic::memory, condition::DIVISION_BY_ZERO,
    invalid_operation, nan_of, out_of_memory,
};
use crate::TooLarge;

impl Decimal {
    /// Whether this is a finite number without sign and exponent, of 0s and 1s.
    fn is_logical(&self) -> bool {
        self.is_finite()
            && !self.negative
            && self.exponent == 0
            && (0..self.coefficient.digits()).all(|n| self.coefficient.digit(n.unsigned_abs()) < 2)
    }

    fn logical(
        &self,
        other: &Self,
        context: &Context,
        status: &mut Status,
        combine: fn(u64, u64) -> u64,
    ) -> Self {
        if !self.is_logical() || !other.is_logical() {
            return invalid_operation(status);
        }
        let digits = self.coefficient.digits().max(other.coefficient.digits()).min(context.prec);
        self.combined(other, digits, status, combine)
    }

    fn combined(
        &self,
        other: &Self,
        digits: i64,
        status: &mut Status,
        combine: fn(u64, u64) -> u64,
    ) -> Self {
        let mut text = Vec::new();
        if usize::try_from(digits).map_or(true, |digits| text.try_reserve(digits).is_err()) {
            return out_of_memory(status);
        }
        for n in (0..digits.unsigned_abs()).rev() {
            let digit = combine(self.coefficient.digit(n), other.coefficient.digit(n));
            text.push(b'0' + (digit & 1) as u8);
        }
        let parsed = Coefficient::parse(&text).unwrap_or(Ok(Coefficient::zero()));
        Decimal::new(false, memory!(parsed, status), 0)
    }

    /// Digit-wise and.
    pub fn logical_and(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        self.logical(other, context, status, |a, b| a & b)
    }

    /// Digit-wise or.
    pub fn logical_or(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        self.logical(other, context, status, |a, b| a | b)
    }

    /// Digit-wise exclusive or.
    pub fn logical_xor(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        self.logical(other, context, status, |a, b| a ^ b)
    }

    /// Invert all digits of the precision.
    pub fn logical_invert(&self, context: &Context, status: &mut Status) -> Self {
        if !self.is_logical() {
            return invalid_operation(status);
        }
        self.combined(self, context.prec, status, |a, _| 1 - a)
    }

    /// The operands of a shift or rotation that change something, or its result.
    fn shift_amount(
        &self,
        other: &Self,
        context: &Context,
        status: &mut Status,
    ) -> Result<i64, Self> {
        if let Some(nan) = nan_of(&[self, other], context, status) {
            return Err(nan);
        }
        let Some(amount) = other.small_integer(context.prec) else {
            return Err(invalid_operation(status));
        };
        if self.is_infinite() {
            return Err(self.clone());
        }
        Ok(amount)
    }

    /// Shift digits to the left, or to the right for a negative amount.
    pub fn shift(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        let amount = match self.shift_amount(other, context, status) {
            Ok(amount) => amount,
            Err(result) => return result,
        };
        let prec = context.prec.unsigned_abs();
        let coefficient = if amount < 0 {
            self.coefficient.low_digits(prec).shift_right(amount.unsigned_abs()).0
        } else {
            let kept = self.coefficient.low_digits(prec - amount.unsigned_abs());
            memory!(kept.shift_left(amount.unsigned_abs()), status)
        };
        Decimal { coefficient, ..self.clone() }
    }

    /// Rotate the digits of the precision.
    pub fn rotate(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        let amount = match self.shift_amount(other, context, status) {
            Ok(amount) => amount,
            Err(result) => return result,
        };
        let prec = context.prec.unsigned_abs();
        let left = if amount < 0 { context.prec + amount } else { amount }.unsigned_abs();
        let digits = self.coefficient.low_digits(prec);
        let (high, _) = digits.shift_right(prec - left);
        let low = memory!(digits.low_digits(prec - left).shift_left(left), status);
        let coefficient = memory!(low.add(&high), status);
        Decimal { coefficient, ..self.clone() }
    }

    /// The adjusted exponent as a number.
    pub fn logb(&self, context: &Context, status: &mut Status) -> Self {
        if let Some(nan) = nan_of(&[self], context, status) {
            return nan;
        }
        if self.is_infinite() {
            return Decimal::infinity(false);
        }
        if self.is_zero() {
            *status |= DIVISION_BY_ZERO;
            return Decimal::infinity(true);
        }
        Decimal::from_i64(self.adjusted()).finish(context, status)
    }
}
