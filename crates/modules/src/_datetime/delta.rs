//! `timedelta`: a difference, exact to the microsecond.

use std::cell::Cell;

use macros::{pymethods, pytype};
use num::{BigInt, bigint};
use object::{
    AsObject, CompareOp, Float, Head, Int, IntoObject, Obj, Protocol, PyStruct, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object,
    declare::TypeBuilder,
    raise,
    types::{bool_, singletons::not_implemented_ref},
};

/// Difference between two datetime values.
///
/// timedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)
///
/// All arguments are optional and default to 0.
/// Arguments may be integers or floats, and may be positive or negative.
#[pytype(name = "datetime.timedelta", flags = BASETYPE, layout = abi::PyDateTime_Delta)]
pub(crate) struct TimeDelta {
    head: Head,
    hash: Cell<isize>,
    days: Cell<i32>,
    seconds: Cell<i32>,
    microseconds: Cell<i32>,
}

const DAY: i128 = 86_400_000_000;

/// An int of any size that is out of range in the end.
fn too_large(th: Thread<'_>) -> object::Raised {
    object::error!(th, OverflowError, "Python int too large to convert to C int")
}

impl TimeDelta {
    /// `us` microseconds, as an instance of exactly this type.
    pub(crate) fn from_micros(th: Thread<'_>, us: i128) -> Result<Ref<TimeDelta>> {
        Self::alloc(th, Self::type_object(), us)
    }

    fn alloc(th: Thread<'_>, cls: &Type, us: i128) -> Result<Ref<TimeDelta>> {
        let Ok(days) = i32::try_from(us.div_euclid(DAY)) else { return Err(too_large(th)) };
        if days.abs() > 999_999_999 {
            raise!(th, OverflowError, "days={days}; must have magnitude <= 999999999");
        }
        let rest = us.rem_euclid(DAY) as i64;
        let delta = TimeDelta {
            head: Head::new(),
            hash: Cell::new(-1),
            days: Cell::new(days),
            seconds: Cell::new((rest / 1_000_000) as i32),
            microseconds: Cell::new((rest % 1_000_000) as i32),
        };
        alloc_object::alloc(th, cls, delta)
    }

    pub(super) fn micros(&self) -> i128 {
        i128::from(self.days.get()) * DAY
            + i128::from(self.seconds.get()) * 1_000_000
            + i128::from(self.microseconds.get())
    }

    /// The whole days, as dates are moved by.
    pub(super) fn days_only(&self) -> i64 {
        self.days.get().into()
    }

    /// `repr` without the module.
    fn parts(&self) -> String {
        let mut parts = Vec::new();
        for (name, value) in [
            ("days", self.days.get()),
            ("seconds", self.seconds.get()),
            ("microseconds", self.microseconds.get()),
        ] {
            if value != 0 {
                parts.push(format!("{name}={value}"));
            }
        }
        if parts.is_empty() { "0".to_owned() } else { parts.join(", ") }
    }
}

/// The sum of the constructor's arguments.
#[derive(Default)]
struct Sum {
    whole: i128,
    /// Fractions of microseconds.
    rest: f64,
}

impl Sum {
    fn add(&mut self, th: Thread<'_>, name: &str, value: Option<Obj<'_>>, us: i64) -> Result<()> {
        let Some(value) = value else { return Ok(()) };
        if Int::is_int(value) {
            let exact = match Int::to_i64(value) {
                Some(value) => Some(i128::from(value)),
                None => i128::try_from(Int::to_bigint(value)).ok(),
            };
            let sum = exact
                .and_then(|value| value.checked_mul(us.into()))
                .and_then(|value| value.checked_add(self.whole));
            self.whole = sum.ok_or_else(|| too_large(th))?;
            return Ok(());
        }
        let Some(float) = value.downcast::<Float>() else {
            raise!(
                th,
                TypeError,
                "unsupported type for timedelta {name} component: {}",
                value.type_name()
            );
        };
        let float = float.value();
        if float.is_nan() {
            raise!(th, ValueError, "cannot convert float NaN to integer");
        }
        if float.is_infinite() {
            raise!(th, OverflowError, "cannot convert float infinity to integer");
        }
        let whole = float.trunc();
        if whole.abs() > 1e24 {
            return Err(too_large(th));
        }
        let fraction = (float - whole) * us as f64;
        let sum = (whole as i128)
            .checked_mul(us.into())
            .and_then(|value| value.checked_add(fraction.trunc() as i128))
            .and_then(|value| value.checked_add(self.whole));
        self.whole = sum.ok_or_else(|| too_large(th))?;
        self.rest += fraction - fraction.trunc();
        Ok(())
    }

    fn total(self) -> i128 {
        let mut rounded = self.rest.round();
        if (rounded - self.rest).abs() == 0.5 {
            let odd = if self.whole & 1 == 1 { 1.0 } else { 0.0 };
            rounded = 2.0 * ((self.rest + odd) * 0.5).round() - odd;
        }
        self.whole.saturating_add(rounded as i128)
    }
}

/// `a / b` rounded half to even; `b` is not zero.
fn divide_nearest(a: &BigInt, b: &BigInt) -> BigInt {
    let Some((quotient, rest)) = bigint::divmod(a, b) else { return BigInt::from(0) };
    let twice: BigInt = rest * 2;
    // The remainder has the sign of the divisor.
    let order = if b.sign() == num_bigint::Sign::Minus { b.cmp(&twice) } else { twice.cmp(b) };
    let up = match order {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient.bit(0),
        std::cmp::Ordering::Less => false,
    };
    if up { quotient + 1 } else { quotient }
}

fn from_big(th: Thread<'_>, us: BigInt) -> Result<Ref> {
    match i128::try_from(us) {
        Ok(us) => TimeDelta::from_micros(th, us).map(Ref::upcast),
        Err(_) => Err(too_large(th)),
    }
}

/// `float.as_integer_ratio()`, which a subclass may answer otherwise.
fn ratio(th: Thread<'_>, float: &Float) -> Result<(BigInt, BigInt)> {
    if float.obj().is_exact::<Float>() {
        return exact_ratio(th, float.value());
    }
    let ratio = float.obj().call_method(th, &*Str::intern(th, "as_integer_ratio")?, &[])?;
    let Some(pair) = ratio.obj().downcast::<Tuple>() else {
        raise!(
            th,
            TypeError,
            "unexpected return type from as_integer_ratio(): expected tuple, not '{}'",
            ratio.obj().type_name()
        );
    };
    match pair.items() {
        [top, bottom] if Int::is_int(*top) && Int::is_int(*bottom) => {
            Ok((Int::to_bigint(*top), Int::to_bigint(*bottom)))
        }
        [_, _] => raise!(th, TypeError, "non-integer arguments in division"),
        _ => raise!(th, ValueError, "as_integer_ratio() must return a 2-tuple"),
    }
}

fn exact_ratio(th: Thread<'_>, value: f64) -> Result<(BigInt, BigInt)> {
    if value.is_nan() {
        raise!(th, ValueError, "cannot convert NaN to integer ratio");
    }
    if value.is_infinite() {
        raise!(th, OverflowError, "cannot convert Infinity to integer ratio");
    }
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
    let shift = exponent.max(1) - 1075;
    let mut top = BigInt::from(mantissa);
    if value < 0.0 {
        top = -top;
    }
    if shift >= 0 {
        return Ok((top << shift as u32, BigInt::from(1)));
    }
    Ok((top, BigInt::from(1) << shift.unsigned_abs()))
}

fn zero_division(th: Thread<'_>) -> object::Raised {
    object::error!(th, ZeroDivisionError, "division by zero")
}

fn both<'a>(a: Obj<'a>, b: Obj<'a>) -> Option<(i128, i128)> {
    Some((a.downcast::<TimeDelta>()?.micros(), b.downcast::<TimeDelta>()?.micros()))
}

#[pymethods]
impl TimeDelta {
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    #[sig = "__new__(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        days: Option<Obj<'_>>,
        seconds: Option<Obj<'_>>,
        microseconds: Option<Obj<'_>>,
        milliseconds: Option<Obj<'_>>,
        minutes: Option<Obj<'_>>,
        hours: Option<Obj<'_>>,
        weeks: Option<Obj<'_>>,
    ) -> Result<Ref<TimeDelta>> {
        let mut sum = Sum::default();
        sum.add(th, "microseconds", microseconds, 1)?;
        sum.add(th, "milliseconds", milliseconds, 1000)?;
        sum.add(th, "seconds", seconds, 1_000_000)?;
        sum.add(th, "minutes", minutes, 60_000_000)?;
        sum.add(th, "hours", hours, 3_600_000_000)?;
        sum.add(th, "days", days, DAY as i64)?;
        sum.add(th, "weeks", weeks, 7 * DAY as i64)?;
        Self::alloc(th, cls, sum.total())
    }

    #[declare]
    fn declare_members(b: &mut TypeBuilder<'_>) {
        for (name, offset) in [
            (c"days", std::mem::offset_of!(TimeDelta, days)),
            (c"seconds", std::mem::offset_of!(TimeDelta, seconds)),
            (c"microseconds", std::mem::offset_of!(TimeDelta, microseconds)),
        ] {
            b.member(name, abi::Py_T_INT, offset, abi::Py_READONLY, None);
        }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<String> {
        let _ = th;
        Ok(format!("{}({})", self.obj().ty().full_name(), self.parts()))
    }

    fn __str__(&self, _: Thread<'_>) -> String {
        let (days, seconds, us) = (self.days.get(), self.seconds.get(), self.microseconds.get());
        let mut text = String::new();
        if days != 0 {
            text += &format!("{days} day{}, ", if days.abs() == 1 { "" } else { "s" });
        }
        text += &format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if us != 0 {
            text += &format!(".{us:06}");
        }
        text
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        if self.hash.get() == -1 {
            let state =
                (self.days.get(), self.seconds.get(), self.microseconds.get()).into_object(th)?;
            self.hash.set(state.hash(th)?);
        }
        Ok(self.hash.get())
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Ref {
        match other.downcast::<TimeDelta>() {
            Some(other) => bool_(op.of(self.micros().cmp(&other.micros()))).own(),
            None => not_implemented_ref(),
        }
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        self.micros() != 0
    }

    fn __neg__(&self, th: Thread<'_>) -> Result<Ref<TimeDelta>> {
        Self::from_micros(th, -self.micros())
    }

    fn __pos__(&self, th: Thread<'_>) -> Result<Ref<TimeDelta>> {
        Self::from_micros(th, self.micros())
    }

    fn __abs__(&self, th: Thread<'_>) -> Result<Ref<TimeDelta>> {
        Self::from_micros(th, self.micros().abs())
    }

    fn __add__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        match both(left, right) {
            Some((a, b)) => Self::from_micros(th, a + b).map(Ref::upcast),
            None => Ok(not_implemented_ref()),
        }
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        match both(left, right) {
            Some((a, b)) => Self::from_micros(th, a - b).map(Ref::upcast),
            None => Ok(not_implemented_ref()),
        }
    }

    fn __mul__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let (delta, factor) = match (left.downcast::<TimeDelta>(), right.downcast::<TimeDelta>()) {
            (Some(delta), _) => (delta, right),
            (None, Some(delta)) => (delta, left),
            (None, None) => return Ok(not_implemented_ref()),
        };
        let us = delta.micros();
        if Int::is_int(factor) {
            if let Some(product) = Int::to_i64(factor).and_then(|n| us.checked_mul(n.into())) {
                return Self::from_micros(th, product).map(Ref::upcast);
            }
            return from_big(th, BigInt::from(us) * Int::to_bigint(factor));
        }
        let Some(factor) = factor.downcast::<Float>() else { return Ok(not_implemented_ref()) };
        let (top, bottom) = ratio(th, factor)?;
        if bottom == BigInt::from(0) {
            return Err(zero_division(th));
        }
        from_big(th, divide_nearest(&(top * us), &bottom))
    }

    fn __truediv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let Some(delta) = left.downcast::<TimeDelta>() else { return Ok(not_implemented_ref()) };
        let us = delta.micros();
        if let Some(other) = right.downcast::<TimeDelta>() {
            return match bigint::true_div(&us.into(), &other.micros().into()) {
                Ok(quotient) => quotient.into_object(th),
                Err(_) => Err(zero_division(th)),
            };
        }
        if Int::is_int(right) {
            if !Int::is_nonzero(right) {
                return Err(zero_division(th));
            }
            return from_big(th, divide_nearest(&us.into(), &Int::to_bigint(right)));
        }
        let Some(divisor) = right.downcast::<Float>() else { return Ok(not_implemented_ref()) };
        let (top, bottom) = ratio(th, divisor)?;
        if top == BigInt::from(0) {
            return Err(zero_division(th));
        }
        from_big(th, divide_nearest(&(bottom * us), &top))
    }

    fn __floordiv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        if let Some((a, b)) = both(left, right) {
            if b == 0 {
                return Err(zero_division(th));
            }
            return Int::from_i128(th, floor_div(a, b));
        }
        let Some(delta) = left.downcast::<TimeDelta>() else { return Ok(not_implemented_ref()) };
        if !Int::is_int(right) {
            return Ok(not_implemented_ref());
        }
        match bigint::floor_div(&delta.micros().into(), &Int::to_bigint(right)) {
            Some(quotient) => from_big(th, quotient),
            None => Err(zero_division(th)),
        }
    }

    fn __mod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        match both(left, right) {
            Some((_, 0)) => Err(zero_division(th)),
            Some((a, b)) => Self::from_micros(th, a - floor_div(a, b) * b).map(Ref::upcast),
            None => Ok(not_implemented_ref()),
        }
    }

    fn __divmod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let Some((a, b)) = both(left, right) else { return Ok(not_implemented_ref()) };
        if b == 0 {
            return Err(zero_division(th));
        }
        let quotient = floor_div(a, b);
        let rest = Self::from_micros(th, a - quotient * b)?;
        (Int::from_i128(th, quotient)?, rest).into_object(th)
    }

    /// Total seconds in the duration.
    #[sig = "($self, /)"]
    fn total_seconds(&self, _: Thread<'_>) -> f64 {
        bigint::true_div(&self.micros().into(), &BigInt::from(1_000_000)).unwrap_or(0.0)
    }

    /// __reduce__() -> (cls, state)
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let state =
            (self.days.get(), self.seconds.get(), self.microseconds.get()).into_object(th)?;
        Tuple::from_array(th, [self.obj().ty().obj().own(), state])
    }
}

fn floor_div(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}
