//! Comparison: by value, with NaNs, and the total order.

use std::cmp::Ordering;

use super::{Context, Decimal, Kind, Status, condition::INVALID_OPERATION, nan_of};

fn number(order: Ordering) -> Decimal {
    Decimal::from_i64(order as i64)
}

impl Decimal {
    /// The order of two values; `None` if one is a NaN.
    pub fn partial_compare(&self, other: &Self) -> Option<Ordering> {
        if self.is_nan() || other.is_nan() {
            return None;
        }
        let sign = |value: &Decimal| match (value.is_zero(), value.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let by_sign = sign(self).cmp(&sign(other));
        if by_sign != Ordering::Equal || sign(self) == 0 {
            return Some(by_sign);
        }
        let magnitude = self.compare_magnitude(other);
        Some(if self.negative { magnitude.reverse() } else { magnitude })
    }

    /// The order of the magnitudes of two numbers.
    fn compare_magnitude(&self, other: &Self) -> Ordering {
        match (self.is_infinite(), other.is_infinite()) {
            (false, false) => {}
            (a, b) => return a.cmp(&b),
        }
        if self.is_zero() || other.is_zero() {
            return other.is_zero().cmp(&self.is_zero());
        }
        let by_weight = self.adjusted().cmp(&other.adjusted());
        if by_weight != Ordering::Equal {
            return by_weight;
        }
        let shift = (self.exponent - other.exponent).unsigned_abs();
        // The numbers have as many digits more as the exponent is smaller, so
        // the one with fewer can be extended to the other's length.
        let shifted = |value: &Decimal| value.coefficient.shift_left(shift);
        let result = if self.exponent >= other.exponent {
            shifted(self).map(|a| a.cmp(&other.coefficient))
        } else {
            shifted(other).map(|b| self.coefficient.cmp(&b))
        };
        result.unwrap_or(Ordering::Equal)
    }

    /// -1, 0 or 1; a NaN if one operand is.
    pub fn compare(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        match self.partial_compare(other) {
            Some(order) => number(order),
            None => nan_of(&[self, other], context, status).unwrap_or_else(Decimal::nan),
        }
    }

    /// As `compare`, where every NaN is an error.
    pub fn compare_signal(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        if self.is_nan() || other.is_nan() {
            *status |= INVALID_OPERATION;
        }
        self.compare(other, context, status)
    }

    /// The order of representations, in which no two differ and are equal.
    pub fn compare_total(&self, other: &Self) -> Ordering {
        if self.negative != other.negative {
            return other.negative.cmp(&self.negative);
        }
        let magnitude = self.compare_total_magnitude(other);
        if self.negative { magnitude.reverse() } else { magnitude }
    }

    /// [`Self::compare_total`] without signs.
    pub fn compare_total_magnitude(&self, other: &Self) -> Ordering {
        let rank = |value: &Decimal| match value.kind {
            Kind::Finite => 0,
            Kind::Infinite => 1,
            Kind::SignalingNan => 2,
            Kind::QuietNan => 3,
        };
        let by_kind = rank(self).cmp(&rank(other));
        if by_kind != Ordering::Equal {
            return by_kind;
        }
        match self.kind {
            Kind::Infinite => Ordering::Equal,
            Kind::Finite => {
                self.compare_magnitude(other).then_with(|| self.exponent.cmp(&other.exponent))
            }
            Kind::QuietNan | Kind::SignalingNan => self.coefficient.cmp(&other.coefficient),
        }
    }

    /// The larger of two numbers; a quiet NaN is missing data.
    pub fn max(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        self.select(other, context, status, Decimal::partial_compare, Ordering::Greater)
    }

    /// The smaller of two numbers.
    pub fn min(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        self.select(other, context, status, Decimal::partial_compare, Ordering::Less)
    }

    /// The number of the larger magnitude.
    pub fn max_mag(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        self.select(other, context, status, by_magnitude, Ordering::Greater)
    }

    /// The number of the smaller magnitude.
    pub fn min_mag(&self, other: &Self, context: &Context, status: &mut Status) -> Self {
        self.select(other, context, status, by_magnitude, Ordering::Less)
    }

    fn select(
        &self,
        other: &Self,
        context: &Context,
        status: &mut Status,
        compare: fn(&Self, &Self) -> Option<Ordering>,
        wanted: Ordering,
    ) -> Self {
        let chosen = match (self.kind, other.kind) {
            (Kind::QuietNan, kind) if !other.is_nan() || kind == Kind::Finite => other,
            (kind, Kind::QuietNan) if !self.is_nan() || kind == Kind::Finite => self,
            _ => {
                if let Some(nan) = nan_of(&[self, other], context, status) {
                    return nan;
                }
                let order = compare(self, other).unwrap_or(Ordering::Equal);
                let order = order.then_with(|| self.compare_total(other));
                if order == wanted || order == Ordering::Equal { self } else { other }
            }
        };
        chosen.clone().finish(context, status)
    }

    /// Whether two numbers have the same exponent, or are both infinite or NaN.
    pub fn same_quantum(&self, other: &Self) -> bool {
        if self.is_special() || other.is_special() {
            return self.is_nan() && other.is_nan() || self.is_infinite() && other.is_infinite();
        }
        self.exponent == other.exponent
    }

    /// The class of a number, as the specification names them.
    pub fn number_class(&self, context: &Context) -> &'static str {
        let names = match self.kind {
            Kind::QuietNan => return "NaN",
            Kind::SignalingNan => return "sNaN",
            Kind::Infinite => ["+Infinity", "-Infinity"],
            Kind::Finite if self.is_zero() => ["+Zero", "-Zero"],
            Kind::Finite if self.is_subnormal(context) => ["+Subnormal", "-Subnormal"],
            Kind::Finite => ["+Normal", "-Normal"],
        };
        names[usize::from(self.negative)]
    }
}

fn by_magnitude(a: &Decimal, b: &Decimal) -> Option<Ordering> {
    Some(a.compare_magnitude(b))
}
