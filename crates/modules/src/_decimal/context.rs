//! `Context`: what results are rounded to, and which conditions are errors.

use std::{cell::Cell, rc::Rc};

use macros::{pymethods, pytype};
use num::decimal::{
    Context as Limits, Decimal as Number, MAX_EMAX, MAX_PREC, MIN_EMIN, Rounding, Status, condition,
};
use object::{
    AsObject, Dict, Head, Int, Obj, PyStruct, Ref, Result, Str, Thread, Tuple, Type, alloc_object,
    raise,
};

use super::{
    convert::{self, Operand},
    decimal::Decimal,
    signals::{self, Bits, INVALID, SignalDict},
    state,
};

/// A context as it comes with the module.
pub(super) struct Template {
    prec: i64,
    rounding: Rounding,
    traps: Status,
}

const USUAL_TRAPS: Status = INVALID | condition::DIVISION_BY_ZERO | condition::OVERFLOW;

pub(super) const DEFAULT: Template =
    Template { prec: 28, rounding: Rounding::HalfEven, traps: USUAL_TRAPS };
pub(super) const BASIC: Template = Template {
    prec: 9,
    rounding: Rounding::HalfUp,
    traps: USUAL_TRAPS | condition::UNDERFLOW | condition::CLAMPED,
};
pub(super) const EXTENDED: Template = Template { prec: 9, rounding: Rounding::HalfEven, traps: 0 };

const EXPONENT: i64 = 999_999;
const VALID_ROUNDINGS: &str = "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]";

/// The context affects almost all operations and controls rounding, Over/Underflow,
/// raising of exceptions and much more.
#[pytype(name = "decimal.Context", flags = BASETYPE, sig = "(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)")]
pub(crate) struct Context {
    head: Head,
    #[traverse(skip)]
    limits: Cell<Limits>,
    capitals: Cell<bool>,
    #[traverse(skip)]
    bits: Rc<Bits>,
    flags: Ref,
    traps: Ref,
}

/// A rounding mode from its name. Raises TypeError for anything else.
pub(super) fn rounding_of(th: Thread<'_>, object: Obj<'_>) -> Result<Rounding> {
    match object.downcast::<Str>().and_then(|name| Rounding::from_name(&name.to_string())) {
        Some(rounding) => Ok(rounding),
        None => raise!(th, TypeError, "{VALID_ROUNDINGS}"),
    }
}

fn integer(th: Thread<'_>, object: Obj<'_>) -> Result<i64> {
    if !Int::is_int(object) {
        raise!(th, TypeError, "an integer is required");
    }
    Int::index_to_isize(th, object).map(|value| value as i64)
}

impl Context {
    fn alloc(
        th: Thread<'_>,
        cls: &Type,
        signal_dict: Obj<'_>,
        limits: Limits,
        capitals: bool,
        (flags, traps): (Status, Status),
    ) -> Result<Ref<Context>> {
        let bits = Rc::new(Bits { flags: Cell::new(flags), traps: Cell::new(traps) });
        let context = Context {
            head: Head::new(),
            limits: Cell::new(limits),
            capitals: Cell::new(capitals),
            flags: SignalDict::create(th, signal_dict, &bits, false)?,
            traps: SignalDict::create(th, signal_dict, &bits, true)?,
            bits,
        };
        alloc_object::alloc(th, cls, context)
    }

    /// One of the contexts of the module.
    pub(super) fn template(
        th: Thread<'_>,
        signal_dict: Obj<'_>,
        template: Template,
    ) -> Result<Ref<Context>> {
        let limits = Limits {
            prec: template.prec,
            emax: EXPONENT,
            emin: -EXPONENT,
            rounding: template.rounding,
            clamp: false,
        };
        let ty = Context::type_object();
        Context::alloc(th, ty, signal_dict, limits, true, (0, template.traps))
    }

    /// The context of an IEEE interchange format.
    pub(super) fn ieee(th: Thread<'_>, bits: i64) -> Result<Ref<Context>> {
        if bits <= 0 || bits % 32 != 0 || bits > super::IEEE_MAX_BITS {
            raise!(
                th,
                ValueError,
                "argument must be a multiple of 32, with a maximum of {}",
                super::IEEE_MAX_BITS
            );
        }
        let emax = 3 * (1_i64 << (bits / 16 + 3));
        let limits = Limits {
            prec: 9 * (bits / 32) - 2,
            emax,
            emin: 1 - emax,
            rounding: Rounding::HalfEven,
            clamp: true,
        };
        let signal_dict = state(th)?.signal_dict.obj();
        Context::alloc(th, Context::type_object(), signal_dict, limits, true, (0, 0))
    }

    /// A copy.
    pub(super) fn copy(&self, th: Thread<'_>) -> Result<Ref<Context>> {
        let bits = (self.bits.flags.get(), self.bits.traps.get());
        let signal_dict = state(th)?.signal_dict.obj();
        let ty = Context::type_object();
        Context::alloc(th, ty, signal_dict, self.limits.get(), self.capitals.get(), bits)
    }

    /// A copy without flags.
    pub(super) fn copy_clean(&self, th: Thread<'_>) -> Result<Ref<Context>> {
        let copy = self.copy(th)?;
        copy.bits.flags.set(0);
        Ok(copy)
    }

    /// Precision, range and rounding.
    pub(super) fn limits(&self) -> Limits {
        self.limits.get()
    }

    /// Whether exponents are written with a capital E.
    pub(super) fn has_capitals(&self) -> bool {
        self.capitals.get()
    }

    /// Note conditions without raising.
    pub(super) fn note(&self, status: Status) {
        self.bits.flags.set(self.bits.flags.get() | status);
    }

    /// Note conditions; raises if one is trapped.
    #[inline]
    pub(super) fn settle(&self, th: Thread<'_>, status: Status) -> Result<()> {
        if status == 0 {
            return Ok(());
        }
        self.note(status);
        let trapped = status & (self.bits.traps.get() | condition::MALLOC_ERROR);
        if trapped == 0 { Ok(()) } else { Self::raise(th, trapped) }
    }

    #[cold]
    fn raise(th: Thread<'_>, trapped: Status) -> Result<()> {
        Err(state(th)?.signals.raise(th, trapped))
    }

    /// The decimal for the result of an operation that met these conditions.
    #[inline]
    pub(super) fn result(&self, th: Thread<'_>, value: Number, status: Status) -> Result<Ref> {
        self.settle(th, status)?;
        Decimal::create(th, value).map(Ref::upcast)
    }

    /// Apply an operation with one operand.
    pub(super) fn unary(&self, th: Thread<'_>, a: &Number, operation: Unary) -> Result<Ref> {
        let mut status = 0;
        let value = operation(a, &self.limits.get(), &mut status);
        self.result(th, value, status)
    }

    /// Apply an operation with two operands.
    #[inline(always)]
    pub(super) fn binary(
        &self,
        th: Thread<'_>,
        a: &Number,
        b: &Number,
        operation: impl Fn(&Number, &Number, &Limits, &mut Status) -> Number,
    ) -> Result<Ref> {
        let mut status = 0;
        let value = operation(a, b, &self.limits.get(), &mut status);
        self.result(th, value, status)
    }

    /// Quotient and remainder as a tuple.
    pub(super) fn divmod_pair(&self, th: Thread<'_>, a: &Number, b: &Number) -> Result<Ref> {
        let mut status = 0;
        let (quotient, rest) = a.divmod(b, &self.limits.get(), &mut status);
        self.settle(th, status)?;
        let quotient = Decimal::create(th, quotient)?.upcast();
        let rest = Decimal::create(th, rest)?.upcast();
        Tuple::from_array(th, [quotient, rest]).map(Ref::upcast)
    }

    /// A power, or one modulo a number.
    pub(super) fn power_of(
        &self,
        th: Thread<'_>,
        a: &Number,
        b: &Number,
        modulus: Option<&Number>,
    ) -> Result<Ref> {
        let mut status = 0;
        let limits = self.limits.get();
        let value = match modulus {
            Some(modulus) => a.pow_mod(b, modulus, &limits, &mut status),
            None => a.pow(b, &limits, &mut status),
        };
        self.result(th, value, status)
    }

    fn one<'a>(&self, th: Thread<'_>, x: Obj<'a>) -> Result<Operand<'a>> {
        convert::operand(th, x)
    }

    fn apply1(&self, th: Thread<'_>, x: Obj<'_>, operation: Unary) -> Result<Ref> {
        let x = self.one(th, x)?;
        self.unary(th, &x, operation)
    }

    fn apply2(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>, operation: Binary) -> Result<Ref> {
        let (x, y) = (self.one(th, x)?, self.one(th, y)?);
        self.binary(th, &x, &y, operation)
    }

    fn update(&self, change: impl FnOnce(&mut Limits)) {
        let mut limits = self.limits.get();
        change(&mut limits);
        self.limits.set(limits);
    }

    fn range(
        th: Thread<'_>,
        value: Option<Obj<'_>>,
        (low, high): (i64, i64),
        message: &str,
    ) -> Result<i64> {
        let Some(value) = value else {
            raise!(th, AttributeError, "context attributes cannot be deleted");
        };
        let value = integer(th, value)?;
        if !(low..=high).contains(&value) {
            raise!(th, ValueError, "{message}");
        }
        Ok(value)
    }

    fn signal_bits(th: Thread<'_>, value: Option<Obj<'_>>) -> Result<Status> {
        match value {
            Some(value) => signals::bits_of(th, value),
            None => raise!(th, AttributeError, "context attributes cannot be deleted"),
        }
    }
}

/// An operation with one operand.
pub(super) type Unary = fn(&Number, &Limits, &mut Status) -> Number;
/// An operation with two operands.
pub(super) type Binary = fn(&Number, &Number, &Limits, &mut Status) -> Number;

#[pymethods(parts(attributes, numbers, tests))]
impl Context {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        args: &Tuple,
        kwargs: Option<&Dict>,
    ) -> Result<Ref<Context>> {
        let _ = (args, kwargs);
        let state = state(th)?;
        let default = &state.default;
        let bits = (0, default.bits.traps.get());
        Context::alloc(
            th,
            cls,
            state.signal_dict.obj(),
            default.limits(),
            default.has_capitals(),
            bits,
        )
    }

    #[sig = "__init__($self, /, prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)"]
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    fn __init__(
        &self,
        th: Thread<'_>,
        prec: Option<Obj<'_>>,
        rounding: Option<Obj<'_>>,
        Emin: Option<Obj<'_>>,
        Emax: Option<Obj<'_>>,
        capitals: Option<Obj<'_>>,
        clamp: Option<Obj<'_>>,
        flags: Option<Obj<'_>>,
        traps: Option<Obj<'_>>,
    ) -> Result<()> {
        let given = |value: Option<Obj<'_>>| value.is_some_and(|value| !value.is_none());
        if given(prec) {
            self.set_prec(th, prec)?;
        }
        if given(rounding) {
            self.set_rounding(th, rounding)?;
        }
        if given(Emin) {
            self.set_emin(th, Emin)?;
        }
        if given(Emax) {
            self.set_emax(th, Emax)?;
        }
        if given(capitals) {
            self.set_capitals(th, capitals)?;
        }
        if given(clamp) {
            self.set_clamp(th, clamp)?;
        }
        if let Some(flags) = flags.filter(|flags| !flags.is_none()) {
            self.bits.flags.set(signals::bits_of_list(th, flags)?);
        }
        if let Some(traps) = traps.filter(|traps| !traps.is_none()) {
            self.bits.traps.set(signals::bits_of_list(th, traps)?);
        }
        Ok(())
    }

    fn __repr__(&self, _: Thread<'_>) -> String {
        let limits = self.limits.get();
        format!(
            "Context(prec={}, rounding={}, Emin={}, Emax={}, capitals={}, clamp={}, flags=[{}], traps=[{}])",
            limits.prec,
            limits.rounding.name(),
            limits.emin,
            limits.emax,
            i32::from(self.capitals.get()),
            i32::from(limits.clamp),
            signals::names(self.bits.flags.get()),
            signals::names(self.bits.traps.get())
        )
    }

    /// Return a copy that pickle can make again.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let limits = self.limits.get();
        let signals = &state(th)?.signals;
        let int = |value: i64| Int::from_i64(th, value);
        let args = [
            int(limits.prec)?,
            Str::intern(th, limits.rounding.name())?.upcast(),
            int(limits.emin)?,
            int(limits.emax)?,
            int(i64::from(self.capitals.get()))?,
            int(i64::from(limits.clamp))?,
            signals.list(th, self.bits.flags.get())?.upcast(),
            signals.list(th, self.bits.traps.get())?.upcast(),
        ];
        let args = Tuple::from_array(th, args)?.upcast();
        Tuple::from_array(th, [self.obj().ty().obj().own(), args])
    }

    /// Return a duplicate of the context.
    #[sig = "($self, /)"]
    #[name = "copy"]
    fn copy_method(&self, th: Thread<'_>) -> Result<Ref<Context>> {
        self.copy(th)
    }

    /// Return a duplicate of the context.
    #[sig = "($self, /)"]
    fn __copy__(&self, th: Thread<'_>) -> Result<Ref<Context>> {
        self.copy(th)
    }

    /// Reset all flags to False.
    #[sig = "($self, /)"]
    fn clear_flags(&self, _: Thread<'_>) {
        self.bits.flags.set(0);
    }

    /// Set all traps to False.
    #[sig = "($self, /)"]
    fn clear_traps(&self, _: Thread<'_>) {
        self.bits.traps.set(0);
    }

    /// Return the smallest exponent of a result: Emin - prec + 1.
    #[sig = "($self, /)"]
    fn Etiny(&self, _: Thread<'_>) -> i64 {
        self.limits.get().etiny()
    }

    /// Return the largest exponent of a result with all digits: Emax - prec + 1.
    #[sig = "($self, /)"]
    fn Etop(&self, _: Thread<'_>) -> i64 {
        self.limits.get().etop()
    }

    /// Return the base of the numbers, 10.
    #[sig = "($self, /)"]
    fn radix(&self, th: Thread<'_>) -> Result<Ref<Decimal>> {
        Decimal::create(th, Number::from_i64(10))
    }

    /// Create a new Decimal from num, rounded as the context says.
    #[sig = "($self, num=\"0\", /)"]
    fn create_decimal(&self, th: Thread<'_>, num: Option<Obj<'_>>) -> Result<Ref> {
        let mut status = 0;
        let value = match num {
            None => Number::zero(false, 0),
            Some(num) => convert::rounded(th, num, self, &mut status)?,
        };
        self.result(th, value, status)
    }

    /// Create a new Decimal from a float or int, rounded as the context says.
    #[sig = "($self, f, /)"]
    fn create_decimal_from_float(&self, th: Thread<'_>, f: Obj<'_>) -> Result<Ref> {
        let mut status = 0;
        let value = convert::from_float(th, f)?.finish(&self.limits.get(), &mut status);
        self.result(th, value, status)
    }
}

#[pymethods(part = attributes)]
impl Context {
    #[getter]
    fn prec(&self, _: Thread<'_>) -> i64 {
        self.limits.get().prec
    }

    #[setter(prec)]
    fn set_prec(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let range = (1, MAX_PREC);
        let prec = Self::range(th, value, range, "valid range for prec is [1, MAX_PREC]")?;
        self.update(|limits| limits.prec = prec);
        Ok(())
    }

    #[getter]
    fn rounding(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::intern(th, self.limits.get().rounding.name())
    }

    #[setter(rounding)]
    fn set_rounding(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, AttributeError, "context attributes cannot be deleted");
        };
        let rounding = rounding_of(th, value)?;
        self.update(|limits| limits.rounding = rounding);
        Ok(())
    }

    #[getter]
    #[name = "Emin"]
    fn emin(&self, _: Thread<'_>) -> i64 {
        self.limits.get().emin
    }

    #[setter(Emin)]
    fn set_emin(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let range = (MIN_EMIN, 0);
        let emin = Self::range(th, value, range, "valid range for Emin is [MIN_EMIN, 0]")?;
        self.update(|limits| limits.emin = emin);
        Ok(())
    }

    #[getter]
    #[name = "Emax"]
    fn emax(&self, _: Thread<'_>) -> i64 {
        self.limits.get().emax
    }

    #[setter(Emax)]
    fn set_emax(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let range = (0, MAX_EMAX);
        let emax = Self::range(th, value, range, "valid range for Emax is [0, MAX_EMAX]")?;
        self.update(|limits| limits.emax = emax);
        Ok(())
    }

    #[getter]
    fn capitals(&self, _: Thread<'_>) -> i32 {
        i32::from(self.capitals.get())
    }

    #[setter(capitals)]
    fn set_capitals(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let message = "valid values for capitals are 0 or 1";
        self.capitals.set(Self::range(th, value, (0, 1), message)? == 1);
        Ok(())
    }

    #[getter]
    fn clamp(&self, _: Thread<'_>) -> i32 {
        i32::from(self.limits.get().clamp)
    }

    #[setter(clamp)]
    fn set_clamp(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let clamp = Self::range(th, value, (0, 1), "valid values for clamp are 0 or 1")?;
        self.update(|limits| limits.clamp = clamp == 1);
        Ok(())
    }

    #[getter]
    fn flags(&self, _: Thread<'_>) -> Ref {
        self.flags.clone()
    }

    #[setter(flags)]
    fn set_flags(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.bits.flags.set(Self::signal_bits(th, value)?);
        Ok(())
    }

    #[getter]
    fn traps(&self, _: Thread<'_>) -> Ref {
        self.traps.clone()
    }

    #[setter(traps)]
    fn set_traps(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.bits.traps.set(Self::signal_bits(th, value)?);
        Ok(())
    }
}

#[pymethods(part = numbers)]
impl Context {
    /// Return the absolute value of x.
    #[sig = "($self, x, /)"]
    fn abs(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::abs)
    }

    /// Return e ** x.
    #[sig = "($self, x, /)"]
    fn exp(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::exp)
    }

    /// Return the natural (base e) logarithm of x.
    #[sig = "($self, x, /)"]
    fn ln(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::ln)
    }

    /// Return the base 10 logarithm of x.
    #[sig = "($self, x, /)"]
    fn log10(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::log10)
    }

    /// Return the exponent of the magnitude of x's most significant digit.
    #[sig = "($self, x, /)"]
    fn logb(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::logb)
    }

    /// Invert all digits of x.
    #[sig = "($self, x, /)"]
    fn logical_invert(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::logical_invert)
    }

    /// Return -x, rounded.
    #[sig = "($self, x, /)"]
    fn minus(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::minus)
    }

    /// Return the largest representable number smaller than x.
    #[sig = "($self, x, /)"]
    fn next_minus(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::next_minus)
    }

    /// Return the smallest representable number larger than x.
    #[sig = "($self, x, /)"]
    fn next_plus(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::next_plus)
    }

    /// Reduce x to its simplest form.
    #[sig = "($self, x, /)"]
    fn normalize(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::normalize)
    }

    /// Return +x, rounded.
    #[sig = "($self, x, /)"]
    fn plus(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::plus)
    }

    /// Return the square root of x.
    #[sig = "($self, x, /)"]
    fn sqrt(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::sqrt)
    }

    /// Round to an integer, signaling Inexact and Rounded.
    #[sig = "($self, x, /)"]
    fn to_integral_exact(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::to_integral_exact)
    }

    /// Round to an integer.
    #[sig = "($self, x, /)"]
    fn to_integral_value(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::to_integral_value)
    }

    /// Round to an integer.
    #[sig = "($self, x, /)"]
    fn to_integral(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.apply1(th, x, Number::to_integral_value)
    }

    /// Return the sum of x and y.
    #[sig = "($self, x, y, /)"]
    fn add(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::add)
    }

    /// Compare x and y numerically.
    #[sig = "($self, x, y, /)"]
    fn compare(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::compare)
    }

    /// Compare x and y numerically; all NaNs signal.
    #[sig = "($self, x, y, /)"]
    fn compare_signal(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::compare_signal)
    }

    /// Return x divided by y.
    #[sig = "($self, x, y, /)"]
    fn divide(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::div)
    }

    /// Return x divided by y, truncated to an integer.
    #[sig = "($self, x, y, /)"]
    fn divide_int(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::div_int)
    }

    /// Digit-wise and of x and y.
    #[sig = "($self, x, y, /)"]
    fn logical_and(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::logical_and)
    }

    /// Digit-wise or of x and y.
    #[sig = "($self, x, y, /)"]
    fn logical_or(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::logical_or)
    }

    /// Digit-wise xor of x and y.
    #[sig = "($self, x, y, /)"]
    fn logical_xor(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::logical_xor)
    }

    /// Compare the values numerically and return the maximum.
    #[sig = "($self, x, y, /)"]
    fn max(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::max)
    }

    /// Compare the values numerically with their sign ignored.
    #[sig = "($self, x, y, /)"]
    fn max_mag(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::max_mag)
    }

    /// Compare the values numerically and return the minimum.
    #[sig = "($self, x, y, /)"]
    fn min(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::min)
    }

    /// Compare the values numerically with their sign ignored.
    #[sig = "($self, x, y, /)"]
    fn min_mag(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::min_mag)
    }

    /// Return the product of x and y.
    #[sig = "($self, x, y, /)"]
    fn multiply(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::mul)
    }

    /// Return the number closest to x in the direction of y.
    #[sig = "($self, x, y, /)"]
    fn next_toward(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::next_toward)
    }

    /// Return a value equal to x (rounded), having the exponent of y.
    #[sig = "($self, x, y, /)"]
    fn quantize(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::quantize)
    }

    /// Return the remainder from dividing x by y; its sign is that of x.
    #[sig = "($self, x, y, /)"]
    fn remainder(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::rem)
    }

    /// Return x - y * n, where n is the integer nearest to x / y.
    #[sig = "($self, x, y, /)"]
    fn remainder_near(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::rem_near)
    }

    /// Return a copy of x, rotated by y places.
    #[sig = "($self, x, y, /)"]
    fn rotate(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::rotate)
    }

    /// Return x with its exponent changed by y.
    #[sig = "($self, x, y, /)"]
    fn scaleb(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::scaleb)
    }

    /// Return a copy of x, shifted by y places.
    #[sig = "($self, x, y, /)"]
    fn shift(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::shift)
    }

    /// Return the difference of x and y.
    #[sig = "($self, x, y, /)"]
    fn subtract(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        self.apply2(th, x, y, Number::sub)
    }

    /// Return quotient and remainder of the division x / y.
    #[sig = "($self, x, y, /)"]
    fn divmod(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        let (x, y) = (self.one(th, x)?, self.one(th, y)?);
        self.divmod_pair(th, &x, &y)
    }

    /// Return x multiplied by y, plus z, rounded once.
    #[sig = "($self, x, y, z, /)"]
    fn fma(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>, z: Obj<'_>) -> Result<Ref> {
        let (x, y, z) = (self.one(th, x)?, self.one(th, y)?, self.one(th, z)?);
        let mut status = 0;
        let value = x.fma(&y, &z, &self.limits.get(), &mut status);
        self.result(th, value, status)
    }

    /// Compute a**b, or (a**b) % modulo if that is given.
    #[sig = "($self, /, a, b, modulo=None)"]
    fn power(
        &self,
        th: Thread<'_>,
        a: Obj<'_>,
        b: Obj<'_>,
        modulo: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let (a, b) = (self.one(th, a)?, self.one(th, b)?);
        let modulo = modulo.filter(|modulo| !modulo.is_none());
        let modulo = modulo.map(|modulo| self.one(th, modulo)).transpose()?;
        self.power_of(th, &a, &b, modulo.as_deref())
    }

    /// Fit x into the context.
    #[sig = "($self, object, /)"]
    fn _apply(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        let mut status = 0;
        let value = self.one(th, object)?.clone().finish(&self.limits.get(), &mut status);
        self.result(th, value, status)
    }
}

#[pymethods(part = tests)]
impl Context {
    /// Return True if x is finite, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_finite(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.is_finite())
    }

    /// Return True if x is infinite, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_infinite(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.is_infinite())
    }

    /// Return True if x is a qNaN or sNaN, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_nan(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.is_nan())
    }

    /// Return True if x is a normal number, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_normal(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.is_normal(&self.limits.get()))
    }

    /// Return True if x is a quiet NaN, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_qnan(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.is_nan() && !x.is_snan())
    }

    /// Return True if x is negative, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_signed(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.negative)
    }

    /// Return True if x is a signaling NaN, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_snan(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.is_snan())
    }

    /// Return True if x is subnormal, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_subnormal(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.is_subnormal(&self.limits.get()))
    }

    /// Return True if x is a zero, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_zero(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        let x = self.one(th, x)?;
        Ok(x.is_zero())
    }

    /// Return an indication of the class of x.
    #[sig = "($self, x, /)"]
    fn number_class(&self, th: Thread<'_>, x: Obj<'_>) -> Result<&'static str> {
        let x = self.one(th, x)?;
        Ok(x.number_class(&self.limits.get()))
    }

    /// Return True if x is canonical, False otherwise.
    #[sig = "($self, x, /)"]
    fn is_canonical(&self, th: Thread<'_>, x: Obj<'_>) -> Result<bool> {
        decimal_only(th, x)?;
        Ok(true)
    }

    /// Return a new instance of x.
    #[sig = "($self, x, /)"]
    fn canonical(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        decimal_only(th, x)?;
        Ok(x.own())
    }

    /// Compare x and y using their abstract representation.
    #[sig = "($self, x, y, /)"]
    fn compare_total(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        let (x, y) = (self.one(th, x)?, self.one(th, y)?);
        self.result(th, Number::from_i64(x.compare_total(&y) as i64), 0)
    }

    /// Compare x and y using their abstract representation with sign ignored.
    #[sig = "($self, x, y, /)"]
    fn compare_total_mag(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        let (x, y) = (self.one(th, x)?, self.one(th, y)?);
        self.result(th, Number::from_i64(x.compare_total_magnitude(&y) as i64), 0)
    }

    /// Return a copy of x with the sign set to 0.
    #[sig = "($self, x, /)"]
    fn copy_abs(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.result(th, self.one(th, x)?.copy_abs(), 0)
    }

    /// Return a copy of x.
    #[sig = "($self, x, /)"]
    fn copy_decimal(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        if x.is_exact::<Decimal>() {
            return Ok(x.own());
        }
        self.result(th, self.one(th, x)?.clone(), 0)
    }

    /// Return a copy of x with the sign inverted.
    #[sig = "($self, x, /)"]
    fn copy_negate(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        self.result(th, self.one(th, x)?.copy_negate(), 0)
    }

    /// Copy the sign from y to x.
    #[sig = "($self, x, y, /)"]
    fn copy_sign(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<Ref> {
        let (x, y) = (self.one(th, x)?, self.one(th, y)?);
        self.result(th, Number { negative: y.negative, ..x.clone() }, 0)
    }

    /// Return True if the two operands have the same exponent.
    #[sig = "($self, x, y, /)"]
    fn same_quantum(&self, th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result<bool> {
        let (x, y) = (self.one(th, x)?, self.one(th, y)?);
        Ok(x.same_quantum(&y))
    }

    /// Convert a number to a string using scientific notation.
    #[sig = "($self, x, /)"]
    fn to_sci_string(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref<Str>> {
        let x = self.one(th, x)?;
        convert::to_text(th, &x, false, self)
    }

    /// Convert a number to a string, using engineering notation.
    #[sig = "($self, x, /)"]
    fn to_eng_string(&self, th: Thread<'_>, x: Obj<'_>) -> Result<Ref<Str>> {
        let x = self.one(th, x)?;
        convert::to_text(th, &x, true, self)
    }
}

/// Raise TypeError for anything but a decimal.
fn decimal_only(th: Thread<'_>, x: Obj<'_>) -> Result<()> {
    if x.downcast::<Decimal>().is_none() {
        raise!(th, TypeError, "argument must be a Decimal");
    }
    Ok(())
}

/// The context that an optional argument names, else the current one.
pub(super) fn given(th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref<Context>> {
    match context.filter(|context| !context.is_none()) {
        None => super::current(th),
        Some(context) => match context.downcast::<Context>() {
            Some(context) => Ok(object::own(context)),
            None => raise!(th, TypeError, "optional argument must be a context"),
        },
    }
}
