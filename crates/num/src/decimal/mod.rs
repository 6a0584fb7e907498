//! Decimal floating point: the General Decimal Arithmetic Specification 1.70.
//!
//! A [`Decimal`] is exact whatever the context; an operation computes its result
//! exactly, or with enough digits to round it correctly, and [`Decimal::finish`]
//! fits it into a [`Context`]. Conditions are bits that an operation adds to a
//! [`Status`]; raising them as exceptions is the caller's business. Invariant:
//! specials have exponent 0, and only NaNs among them have a coefficient.

mod arithmetic;
mod coefficient;
mod compare;
mod digitwise;
mod elementary;
mod format;
mod quotient;
mod rounding;
mod small;
mod text;
mod transform;

use crate::TooLarge;

pub use coefficient::{Coefficient, Rest};
pub use rounding::Rounding;

/// The largest precision, and the largest exponent.
pub const MAX_PREC: i64 = 999_999_999_999_999_999;
/// The largest adjusted exponent of a context.
pub const MAX_EMAX: i64 = MAX_PREC;
/// The smallest adjusted exponent of a context.
pub const MIN_EMIN: i64 = -MAX_PREC;
/// The smallest exponent.
pub const MIN_ETINY: i64 = MIN_EMIN - (MAX_PREC - 1);

/// Conditions, as bits of a [`Status`].
pub mod condition {
    /// The exponent was changed to fit.
    pub const CLAMPED: u32 = 1 << 0;
    /// A text is not a number.
    pub const CONVERSION_SYNTAX: u32 = 1 << 1;
    /// A finite number divided by zero.
    pub const DIVISION_BY_ZERO: u32 = 1 << 2;
    /// An integer quotient has too many digits.
    pub const DIVISION_IMPOSSIBLE: u32 = 1 << 3;
    /// Zero divided by zero.
    pub const DIVISION_UNDEFINED: u32 = 1 << 4;
    /// Digits that are not zero were cut off.
    pub const INEXACT: u32 = 1 << 6;
    /// The context cannot do the operation.
    pub const INVALID_CONTEXT: u32 = 1 << 7;
    /// The operation has no result.
    pub const INVALID_OPERATION: u32 = 1 << 8;
    /// There is no memory for the result.
    pub const MALLOC_ERROR: u32 = 1 << 9;
    /// A float was mixed in.
    pub const FLOAT_OPERATION: u32 = 1 << 10;
    /// The result is too large.
    pub const OVERFLOW: u32 = 1 << 11;
    /// Digits were cut off.
    pub const ROUNDED: u32 = 1 << 12;
    /// The result is below the normal range.
    pub const SUBNORMAL: u32 = 1 << 13;
    /// The result is subnormal and inexact.
    pub const UNDERFLOW: u32 = 1 << 14;
}

use condition::{
    CLAMPED, INEXACT, INVALID_OPERATION, MALLOC_ERROR, OVERFLOW, ROUNDED, SUBNORMAL, UNDERFLOW,
};

/// The conditions that operations met.
pub type Status = u32;

/// Finite, infinite or not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Finite,
    /// Infinity.
    Infinite,
    /// Not a number.
    QuietNan,
    /// Not a number, and an error to compute with.
    SignalingNan,
}

/// A decimal number: (-1)^negative · coefficient · 10^exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The sign, which zeros and specials have as well.
    pub negative: bool,
    /// What it is.
    pub kind: Kind,
    /// The digits; of a NaN the payload.
    pub coefficient: Coefficient,
    /// The weight of the last digit.
    pub exponent: i64,
}

/// Precision, range and rounding of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The most digits of a result.
    pub prec: i64,
    /// The largest adjusted exponent.
    pub emax: i64,
    /// The smallest adjusted exponent of a normal number.
    pub emin: i64,
    /// How results are rounded.
    pub rounding: Rounding,
    /// Whether large exponents are reduced by padding with zeros.
    pub clamp: bool,
}

impl Context {
    /// The context in which every decimal fits.
    pub const MAX: Context = Context {
        prec: MAX_PREC,
        emax: MAX_EMAX,
        emin: MIN_EMIN,
        rounding: Rounding::HalfEven,
        clamp: false,
    };

    /// The smallest exponent of a result.
    pub fn etiny(&self) -> i64 {
        self.emin - (self.prec - 1)
    }

    /// The largest exponent of a result with all digits.
    pub fn etop(&self) -> i64 {
        self.emax - (self.prec - 1)
    }

    fn with_rounding(self, rounding: Rounding) -> Self {
        Context { rounding, ..self }
    }
}

impl Decimal {
    /// A finite number.
    pub fn new(negative: bool, coefficient: Coefficient, exponent: i64) -> Self {
        Decimal { negative, kind: Kind::Finite, coefficient, exponent }
    }

    /// Plus or minus zero with an exponent.
    pub fn zero(negative: bool, exponent: i64) -> Self {
        Decimal::new(negative, Coefficient::zero(), exponent)
    }

    /// Plus or minus infinity.
    pub fn infinity(negative: bool) -> Self {
        Decimal { kind: Kind::Infinite, ..Decimal::zero(negative, 0) }
    }

    /// A NaN without payload.
    pub fn nan() -> Self {
        Decimal { kind: Kind::QuietNan, ..Decimal::zero(false, 0) }
    }

    /// The number of a machine integer.
    pub fn from_i64(value: i64) -> Self {
        Decimal::new(value < 0, Coefficient::from(value.unsigned_abs()), 0)
    }

    /// Whether this is a number.
    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }

    /// Whether this is an infinity or a NaN.
    pub fn is_special(&self) -> bool {
        self.kind != Kind::Finite
    }

    /// Whether this is an infinity.
    pub fn is_infinite(&self) -> bool {
        self.kind == Kind::Infinite
    }

    /// Whether this is a NaN of either kind.
    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::QuietNan | Kind::SignalingNan)
    }

    /// Whether this is a signaling NaN.
    pub fn is_snan(&self) -> bool {
        self.kind == Kind::SignalingNan
    }

    /// Whether this is a zero.
    pub fn is_zero(&self) -> bool {
        self.is_finite() && self.coefficient.is_zero()
    }

    /// Whether this is finite and an integer.
    pub fn is_integer(&self) -> bool {
        self.is_finite()
            && (self.exponent >= 0
                || self.coefficient.is_zero()
                || self.coefficient.trailing_zeros() >= -self.exponent)
    }

    /// The weight of the first digit; 0 for specials.
    pub fn adjusted(&self) -> i64 {
        if self.is_special() { 0 } else { self.exponent + self.coefficient.digits() - 1 }
    }

    /// Whether this is finite, not zero and below the normal range of `context`.
    pub fn is_subnormal(&self, context: &Context) -> bool {
        self.is_finite() && !self.is_zero() && self.adjusted() < context.emin
    }

    /// Whether this is finite, not zero and not below the normal range.
    pub fn is_normal(&self, context: &Context) -> bool {
        self.is_finite() && !self.is_zero() && self.adjusted() >= context.emin
    }

    /// The number without its sign.
    pub fn copy_abs(&self) -> Self {
        Decimal { negative: false, ..self.clone() }
    }

    /// The number with the other sign.
    pub fn copy_negate(&self) -> Self {
        Decimal { negative: !self.negative, ..self.clone() }
    }

    /// Fit into a context: round, detect overflow and underflow, clamp.
    pub fn finish(self, context: &Context, status: &mut Status) -> Self {
        match self.kind {
            Kind::Infinite => self,
            Kind::QuietNan | Kind::SignalingNan => self.finish_nan(context),
            Kind::Finite if self.coefficient.is_zero() => self.finish_zero(context, status),
            Kind::Finite => self.finish_finite(context, status),
        }
    }

    fn finish_nan(mut self, context: &Context) -> Self {
        let room = context.prec - i64::from(context.clamp);
        if self.coefficient.digits() > room {
            self.coefficient = self.coefficient.low_digits(room.unsigned_abs());
        }
        self
    }

    fn finish_zero(mut self, context: &Context, status: &mut Status) -> Self {
        let top = if context.clamp { context.etop() } else { context.emax };
        let exponent = self.exponent.max(context.etiny()).min(top);
        if exponent != self.exponent {
            *status |= CLAMPED;
            self.exponent = exponent;
        }
        self
    }

    fn finish_finite(mut self, context: &Context, status: &mut Status) -> Self {
        let digits = self.coefficient.digits();
        let adjusted = self.exponent + digits - 1;
        // PERF: most results fit as they are.
        if digits <= context.prec
            && (context.emin..=context.emax).contains(&adjusted)
            && !context.clamp
        {
            return self;
        }
        let (etiny, etop) = (context.etiny(), context.etop());
        let mut least = digits + self.exponent - context.prec;
        if least > etop {
            return Self::overflow(self.negative, context, status);
        }
        let subnormal = adjusted < context.emin;
        if subnormal {
            least = etiny;
        }
        if self.exponent < least {
            let cut = least - self.exponent;
            let changed = self.cut_off(cut, context.rounding);
            if self.coefficient.digits() > context.prec {
                self.coefficient = self.coefficient.shift_right(1).0;
                self.exponent += 1;
                if self.exponent > etop {
                    return Self::overflow(self.negative, context, status);
                }
            }
            *status |= ROUNDED;
            if changed {
                *status |= INEXACT | if subnormal { UNDERFLOW } else { 0 };
            }
            if self.coefficient.is_zero() {
                *status |= CLAMPED;
            }
        }
        if subnormal {
            *status |= SUBNORMAL;
        }
        if context.clamp && self.exponent > etop && !self.coefficient.is_zero() {
            let shift = (self.exponent - etop).unsigned_abs();
            match self.coefficient.shift_left(shift) {
                Ok(padded) => self.coefficient = padded,
                Err(TooLarge) => return out_of_memory(status),
            }
            self.exponent = etop;
            *status |= CLAMPED;
        }
        self
    }

    /// Cut off `digits` digits and round; whether that changed the value.
    fn cut_off(&mut self, digits: i64, rounding: Rounding) -> bool {
        let (mut kept, rest) = self.coefficient.shift_right(digits.unsigned_abs());
        if rounding.is_away(rest, || kept.last_digit(), self.negative) {
            kept.increment();
        }
        self.coefficient = kept;
        self.exponent += digits;
        rest != Rest::Zero
    }

    /// The result of an operation whose result is too large.
    fn overflow(negative: bool, context: &Context, status: &mut Status) -> Self {
        *status |= OVERFLOW | INEXACT | ROUNDED;
        if context.rounding.overflows_to_infinity(negative) {
            return Decimal::infinity(negative);
        }
        Decimal::largest(negative, context, status)
    }

    /// The finite number of the largest magnitude.
    fn largest(negative: bool, context: &Context, status: &mut Status) -> Self {
        match Coefficient::nines(context.prec.unsigned_abs()) {
            Ok(nines) => Decimal::new(negative, nines, context.etop()),
            Err(TooLarge) => out_of_memory(status),
        }
    }
}

/// The result of an operation that has none.
fn invalid(status: &mut Status, why: u32) -> Decimal {
    *status |= why;
    Decimal::nan()
}

/// The result of an operation that is not defined for its operands.
fn invalid_operation(status: &mut Status) -> Decimal {
    invalid(status, INVALID_OPERATION)
}

/// The result of an operation for which there is no memory.
fn out_of_memory(status: &mut Status) -> Decimal {
    invalid(status, MALLOC_ERROR)
}

/// The result if one of the operands is a NaN: the first signaling one, else the
/// first, quieted.
fn nan_of(operands: &[&Decimal], context: &Context, status: &mut Status) -> Option<Decimal> {
    let signaling = operands.iter().find(|operand| operand.is_snan());
    if signaling.is_some() {
        *status |= INVALID_OPERATION;
    }
    let found = signaling.or_else(|| operands.iter().find(|operand| operand.is_nan()))?;
    let quiet = Decimal { kind: Kind::QuietNan, ..(*found).clone() };
    Some(quiet.finish(context, status))
}

#[cfg(test)]
mod tests;
