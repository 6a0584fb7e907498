//! `Decimal`: the type of the numbers.

use std::cell::Cell;

use macros::{pymethods, pytype};
use num::decimal::{Context as Limits, Decimal as Number, Kind, Rounding, Status, condition};
use object::{
    AsObject, Float, Head, Int, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object,
    protocol::CompareOp,
    raise,
    types::{self, bool_, singletons::not_implemented_ref},
};

use super::{
    context::{Binary, Context, Unary, given, rounding_of},
    convert::{self, Operand, operand, try_operand},
    current, state, unsupported,
};

/// Construct a new Decimal object.
///
/// value can be an integer, string, tuple, or another Decimal object. If no value is
/// given, return Decimal('0'). The context does not affect the conversion and is only
/// used for conditions.
#[pytype(name = "decimal.Decimal", flags = BASETYPE, sig = "(value=\"0\", context=None)")]
pub(crate) struct Decimal {
    head: Head,
    hash: Cell<isize>,
    #[traverse(skip)]
    value: Number,
}

/// The modulus of numeric hashes, and what infinities hash to.
const HASH_MODULUS: u64 = (1 << 61) - 1;
const HASH_INFINITY: isize = 314_159;
/// Ten's inverse modulo [`HASH_MODULUS`].
const HASH_INVERSE: u64 = 2_075_258_708_292_324_556;

fn power_mod(mut base: u128, mut exponent: u64) -> u128 {
    let modulus = u128::from(HASH_MODULUS);
    let mut result = 1;
    while exponent != 0 {
        if exponent & 1 == 1 {
            result = result * base % modulus;
        }
        base = base * base % modulus;
        exponent >>= 1;
    }
    result
}

impl Decimal {
    /// A decimal.
    #[inline]
    pub(super) fn create(th: Thread<'_>, value: Number) -> Result<Ref<Decimal>> {
        alloc_object::new(th, Self::of(value))
    }

    fn create_of(th: Thread<'_>, cls: &Type, value: Number) -> Result<Ref<Decimal>> {
        alloc_object::alloc(th, cls, Self::of(value))
    }

    #[inline(always)]
    fn of(value: Number) -> Decimal {
        Decimal { head: Head::new(), hash: Cell::new(-1), value }
    }

    /// The number.
    pub(super) fn number(&self) -> &Number {
        &self.value
    }

    /// As an instance of `cls`, called with a decimal unless it is the exact type.
    fn as_instance(th: Thread<'_>, cls: &Type, value: Number) -> Result<Ref> {
        let decimal = Self::create(th, value)?;
        if std::ptr::eq(cls, Decimal::type_object()) {
            return Ok(decimal.upcast());
        }
        cls.obj().call(th, &[decimal.obj()])
    }

    fn unary(&self, th: Thread<'_>, context: Option<Obj<'_>>, operation: Unary) -> Result<Ref> {
        given(th, context)?.unary(th, &self.value, operation)
    }

    fn binary(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        context: Option<Obj<'_>>,
        operation: Binary,
    ) -> Result<Ref> {
        let context = given(th, context)?;
        context.binary(th, &self.value, &*operand(th, other)?, operation)
    }

    fn hash_number(&self, th: Thread<'_>) -> Result<isize> {
        let value = &self.value;
        match value.kind {
            Kind::SignalingNan => raise!(th, TypeError, "Cannot hash a signaling NaN value"),
            Kind::QuietNan => return Ok(types::object_::identity_hash(self.obj())),
            Kind::Infinite => {
                return Ok(if value.negative { -HASH_INFINITY } else { HASH_INFINITY });
            }
            Kind::Finite => {}
        }
        let base = if value.exponent >= 0 { 10 } else { HASH_INVERSE };
        let power = power_mod(u128::from(base), value.exponent.unsigned_abs());
        let digits = match value.coefficient.to_u64() {
            Some(small) => small % HASH_MODULUS,
            None => {
                let rest = value.coefficient.to_biguint() % HASH_MODULUS;
                rest.iter_u64_digits().next().unwrap_or(0)
            }
        };
        let hash = (u128::from(digits) * power % u128::from(HASH_MODULUS)) as isize;
        let hash = if value.negative { -hash } else { hash };
        Ok(if hash == -1 { -2 } else { hash })
    }

    /// The integer nearest in a direction. Raises for specials.
    fn to_integer(&self, th: Thread<'_>, rounding: Rounding) -> Result<Ref> {
        if self.value.is_nan() {
            raise!(th, ValueError, "cannot convert NaN to integer");
        }
        if self.value.is_infinite() {
            raise!(th, OverflowError, "cannot convert Infinity to integer");
        }
        let context = current(th)?;
        let mut status = 0;
        let limits = Limits { rounding, ..Limits::MAX };
        let value = self.value.to_integral_value(&limits, &mut status);
        context.settle(th, status)?;
        convert::to_int(th, &value)
    }

    /// Round to an integer as the arguments say.
    fn to_integral_with(
        &self,
        th: Thread<'_>,
        rounding: Option<Obj<'_>>,
        context: Option<Obj<'_>>,
        operation: Unary,
    ) -> Result<Ref> {
        let context = given(th, context)?;
        let mut limits = context.limits();
        if let Some(rounding) = rounding.filter(|rounding| !rounding.is_none()) {
            limits.rounding = rounding_of(th, rounding)?;
        }
        let mut status = 0;
        let value = operation(&self.value, &limits, &mut status);
        context.result(th, value, status)
    }
}

/// Both operands, if they are decimals or ints.
fn both<'a>(
    th: Thread<'_>,
    left: Obj<'a>,
    right: Obj<'a>,
) -> Result<Option<(Operand<'a>, Operand<'a>)>> {
    let Some(a) = try_operand(th, left)? else { return Ok(None) };
    Ok(try_operand(th, right)?.map(|b| (a, b)))
}

/// PERF: for each operation by itself, so that the result of a small one is made
/// where it stays (decimal_pi, telco).
#[inline(always)]
fn arithmetic(
    th: Thread<'_>,
    left: Obj<'_>,
    right: Obj<'_>,
    operation: impl Fn(&Number, &Number, &Limits, &mut Status) -> Number,
) -> Result<Ref> {
    if let (Some(a), Some(b)) = (left.downcast::<Decimal>(), right.downcast::<Decimal>()) {
        return current(th)?.binary(th, &a.value, &b.value, operation);
    }
    match both(th, left, right)? {
        Some((a, b)) => current(th)?.binary(th, &a, &b, operation),
        None => Ok(not_implemented_ref()),
    }
}

/// The number to compare with, and by what to multiply first.
struct Comparand {
    value: Number,
    factor: Option<Number>,
}

/// What a decimal can be compared with: decimals, ints, rationals, and with
/// conditions floats and complex numbers.
fn comparand(
    th: Thread<'_>,
    other: Obj<'_>,
    is_equality: bool,
    context: &Context,
) -> Result<Option<Comparand>> {
    if let Some(number) = try_operand(th, other)? {
        return Ok(Some(Comparand { value: number.clone(), factor: None }));
    }
    let float = |value: f64| -> Result<Option<Comparand>> {
        if is_equality {
            context.note(condition::FLOAT_OPERATION);
        } else {
            context.settle(th, condition::FLOAT_OPERATION)?;
        }
        Ok(Some(Comparand { value: convert::from_f64(th, value)?, factor: None }))
    };
    if let Some(value) = other.downcast::<Float>() {
        return float(value.value());
    }
    if let Some(complex) = other.downcast::<object::types::Complex>()
        && is_equality
    {
        let value = complex.value();
        return if value.imag == 0.0 { float(value.real) } else { Ok(None) };
    }
    let rational = state(th)?.rational.obj();
    if !object::protocol::instance::is_instance(th, other, rational)? {
        return Ok(None);
    }
    let attribute = |name: &str| -> Result<Number> {
        let found = other.getattr(th, &*Str::intern(th, name)?)?;
        if !Int::is_int(found.obj()) {
            raise!(th, TypeError, "numerator and denominator must be ints");
        }
        convert::from_int(th, found.obj())
    };
    let (value, factor) = (attribute("numerator")?, attribute("denominator")?);
    Ok(Some(Comparand { value, factor: Some(factor) }))
}

#[pymethods(parts(conversions, tests, methods))]
impl Decimal {
    #[sig = "__new__(value=\"0\", context=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        value: Option<Obj<'_>>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let context = given(th, context)?;
        let Some(value) = value else {
            return Self::create_of(th, cls, Number::zero(false, 0)).map(Ref::upcast);
        };
        if value.is_exact::<Decimal>() && std::ptr::eq(cls, Decimal::type_object()) {
            return Ok(value.own());
        }
        let mut status = 0;
        let number = convert::exact(th, value, &context, &mut status)?;
        context.settle(th, status)?;
        Self::create_of(th, cls, number).map(Ref::upcast)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<String> {
        let text = convert::to_text(th, &self.value, false, &*current(th)?)?;
        Ok(format!("Decimal('{}')", &*text))
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        convert::to_text(th, &self.value, false, &*current(th)?)
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        if self.hash.get() == -1 {
            self.hash.set(self.hash_number(th)?);
        }
        Ok(self.hash.get())
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        !self.value.is_zero()
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        if let Some(other) = other.downcast::<Decimal>()
            && let Some(order) = self.value.partial_compare(&other.value)
        {
            return Ok(bool_(op.of(order)).own());
        }
        let context = current(th)?;
        let Some(other) = comparand(th, other, is_equality, &context)? else {
            return Ok(not_implemented_ref());
        };
        let order = match &other.factor {
            None => self.value.partial_compare(&other.value),
            Some(factor) => {
                let mut status = 0;
                let scaled = self.value.mul(factor, &Limits::MAX, &mut status);
                scaled.partial_compare(&other.value)
            }
        };
        let Some(order) = order else {
            let signals = self.value.is_snan() || other.value.is_snan() || !is_equality;
            if signals {
                context.settle(th, condition::INVALID_OPERATION)?;
            }
            return Ok(bool_(op == CompareOp::Ne).own());
        };
        Ok(bool_(op.of(order)).own())
    }

    fn __neg__(&self, th: Thread<'_>) -> Result<Ref> {
        self.unary(th, None, Number::minus)
    }

    fn __pos__(&self, th: Thread<'_>) -> Result<Ref> {
        self.unary(th, None, Number::plus)
    }

    fn __abs__(&self, th: Thread<'_>) -> Result<Ref> {
        self.unary(th, None, Number::abs)
    }

    fn __add__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        arithmetic(th, left, right, Number::add)
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        arithmetic(th, left, right, Number::sub)
    }

    fn __mul__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        arithmetic(th, left, right, Number::mul)
    }

    fn __truediv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        arithmetic(th, left, right, Number::div)
    }

    fn __floordiv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        arithmetic(th, left, right, Number::div_int)
    }

    fn __mod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        arithmetic(th, left, right, Number::rem)
    }

    fn __divmod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        match both(th, left, right)? {
            Some((a, b)) => current(th)?.divmod_pair(th, &a, &b),
            None => Ok(not_implemented_ref()),
        }
    }

    fn __pow__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>, modulo: Obj<'_>) -> Result<Ref> {
        let Some((a, b)) = both(th, left, right)? else { return Ok(not_implemented_ref()) };
        let context = current(th)?;
        if modulo.is_none() {
            return context.power_of(th, &a, &b, None);
        }
        match try_operand(th, modulo)? {
            Some(modulo) => context.power_of(th, &a, &b, Some(&modulo)),
            None => Ok(not_implemented_ref()),
        }
    }

    fn __int__(&self, th: Thread<'_>) -> Result<Ref> {
        self.to_integer(th, Rounding::Down)
    }

    fn __float__(&self, th: Thread<'_>) -> Result<f64> {
        if self.value.is_nan() {
            if self.value.is_snan() {
                raise!(th, ValueError, "cannot convert signaling NaN to float");
            }
            return Ok(if self.value.negative { -f64::NAN } else { f64::NAN });
        }
        let Ok(text) = self.value.to_text(false, true) else { return Err(th.no_memory()) };
        Ok(num::float_text::parse(text.as_bytes()).unwrap_or(f64::NAN))
    }

    /// Return True, as all decimals are.
    #[getter]
    fn real(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    #[getter]
    fn imag(&self, th: Thread<'_>) -> Result<Ref<Decimal>> {
        Self::create(th, Number::zero(false, 0))
    }
}

#[pymethods(part = conversions)]
impl Decimal {
    /// Convert a real number to a decimal number, exactly.
    ///
    /// The number is a float or an int.
    #[classmethod]
    #[sig = "($type, f, /)"]
    fn from_float(th: Thread<'_>, cls: &Type, f: Obj<'_>) -> Result<Ref> {
        let value = convert::from_float(th, f)?;
        Self::as_instance(th, cls, value)
    }

    /// Convert a real number to a decimal number, exactly.
    ///
    /// The number is a Decimal, a float or an int.
    #[classmethod]
    #[sig = "($type, number, /)"]
    fn from_number(th: Thread<'_>, cls: &Type, number: Obj<'_>) -> Result<Ref> {
        if let Some(value) = try_operand(th, number)? {
            return Self::as_instance(th, cls, value.clone());
        }
        let Some(float) = number.downcast::<Float>() else { return Err(unsupported(th, number)) };
        current(th)?.settle(th, condition::FLOAT_OPERATION)?;
        Self::as_instance(th, cls, convert::from_f64(th, float.value())?)
    }

    /// Return a pair of integers whose ratio is exactly equal to the number.
    ///
    /// The ratio is in lowest terms and with a positive denominator. Raises
    /// OverflowError on infinities and ValueError on NaNs.
    #[sig = "($self, /)"]
    fn as_integer_ratio(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let (numerator, denominator) = convert::ratio(th, &self.value)?;
        let numerator = Int::from_bigint(th, &numerator)?;
        Tuple::from_array(th, [numerator, Int::from_bigint(th, &denominator)?])
    }

    /// Return a tuple representation of the number.
    #[sig = "($self, /)"]
    fn as_tuple(&self, th: Thread<'_>) -> Result<Ref> {
        let value = &self.value;
        let exponent: Ref = match value.kind {
            Kind::Finite => Int::from_i64(th, value.exponent)?,
            Kind::Infinite => Str::new(th, "F")?.upcast(),
            Kind::QuietNan => Str::new(th, "n")?.upcast(),
            Kind::SignalingNan => Str::new(th, "N")?.upcast(),
        };
        let Ok(text) = value.coefficient.to_ascii() else { return Err(th.no_memory()) };
        let text = if value.is_nan() && value.coefficient.is_zero() { "" } else { &text };
        let digits: Result<Vec<Ref>> =
            text.bytes().map(|digit| Int::from_i64(th, i64::from(digit - b'0'))).collect();
        let digits = Tuple::from_refs(th, digits?)?;
        let sign = Int::from_i64(th, i64::from(value.negative))?;
        state(th)?.tuple.call(th, &[sign.obj(), digits.obj(), exponent.obj()])
    }

    /// Return the nearest integer, or round to a number of places.
    #[sig = "($self, ndigits=None, /)"]
    fn __round__(&self, th: Thread<'_>, ndigits: Option<Obj<'_>>) -> Result<Ref> {
        let Some(places) = ndigits.filter(|places| !places.is_none()) else {
            return self.to_integer(th, Rounding::HalfEven);
        };
        if !Int::is_int(places) {
            raise!(th, TypeError, "optional arg must be an integer");
        }
        let places = Int::index_to_isize(th, places)? as i64;
        let unit = Number::new(false, num::decimal::Coefficient::one(), places.saturating_neg());
        current(th)?.binary(th, &self.value, &unit, Number::quantize)
    }

    /// Return the integer part.
    #[sig = "($self, /)"]
    fn __trunc__(&self, th: Thread<'_>) -> Result<Ref> {
        self.to_integer(th, Rounding::Down)
    }

    /// Return the largest integer not above.
    #[sig = "($self, /)"]
    fn __floor__(&self, th: Thread<'_>) -> Result<Ref> {
        self.to_integer(th, Rounding::Floor)
    }

    /// Return the smallest integer not below.
    #[sig = "($self, /)"]
    fn __ceil__(&self, th: Thread<'_>) -> Result<Ref> {
        self.to_integer(th, Rounding::Ceiling)
    }

    /// Return the number as a complex one.
    #[sig = "($self, /)"]
    fn __complex__(&self, th: Thread<'_>) -> Result<Ref> {
        let value = num::complex::Complex { real: self.__float__(th)?, imag: 0.0 };
        object::types::Complex::new(th, value).map(Ref::upcast)
    }

    /// Format as the specification says.
    #[sig = "($self, fmtarg, override=None, /)"]
    fn __format__(
        &self,
        th: Thread<'_>,
        fmtarg: Obj<'_>,
        override_: Option<Obj<'_>>,
    ) -> Result<Ref<Str>> {
        super::formatting::format(th, &self.value, fmtarg, override_)
    }

    /// Return the arguments that make the number again.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let text = self.__str__(th)?.upcast();
        let args = Tuple::from_array(th, [text])?.upcast();
        Tuple::from_array(th, [self.obj().ty().obj().own(), args])
    }

    /// Return the number itself.
    #[sig = "($self, /)"]
    fn __copy__(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    /// Return the number itself.
    #[sig = "($self, object, /)"]
    fn __deepcopy__(&self, _: Thread<'_>, object: Obj<'_>) -> Ref {
        let _ = object;
        self.obj().own()
    }

    /// Return the size of the number in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        size_of::<Decimal>() + self.value.coefficient.heap_bytes()
    }

    /// Convert to an engineering-type string: exponents are multiples of 3.
    #[sig = "($self, /, context=None)"]
    fn to_eng_string(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref<Str>> {
        convert::to_text(th, &self.value, true, &*given(th, context)?)
    }
}

#[pymethods(part = tests)]
impl Decimal {
    /// Return True: all numbers are canonical.
    #[sig = "($self, /)"]
    fn is_canonical(&self, _: Thread<'_>) -> bool {
        true
    }

    /// Return True if the argument is a finite number, and False otherwise.
    #[sig = "($self, /)"]
    fn is_finite(&self, _: Thread<'_>) -> bool {
        self.value.is_finite()
    }

    /// Return True if the argument is infinite, and False otherwise.
    #[sig = "($self, /)"]
    fn is_infinite(&self, _: Thread<'_>) -> bool {
        self.value.is_infinite()
    }

    /// Return True if the argument is a (quiet or signaling) NaN.
    #[sig = "($self, /)"]
    fn is_nan(&self, _: Thread<'_>) -> bool {
        self.value.is_nan()
    }

    /// Return True if the argument is a quiet NaN, and False otherwise.
    #[sig = "($self, /)"]
    fn is_qnan(&self, _: Thread<'_>) -> bool {
        self.value.is_nan() && !self.value.is_snan()
    }

    /// Return True if the argument is a signaling NaN, and False otherwise.
    #[sig = "($self, /)"]
    fn is_snan(&self, _: Thread<'_>) -> bool {
        self.value.is_snan()
    }

    /// Return True if the argument has a negative sign, and False otherwise.
    #[sig = "($self, /)"]
    fn is_signed(&self, _: Thread<'_>) -> bool {
        self.value.negative
    }

    /// Return True if the argument is a zero, and False otherwise.
    #[sig = "($self, /)"]
    fn is_zero(&self, _: Thread<'_>) -> bool {
        self.value.is_zero()
    }

    /// Return True if the argument is a normal finite non-zero number.
    #[sig = "($self, /, context=None)"]
    fn is_normal(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<bool> {
        Ok(self.value.is_normal(&given(th, context)?.limits()))
    }

    /// Return True if the argument is subnormal, and False otherwise.
    #[sig = "($self, /, context=None)"]
    fn is_subnormal(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<bool> {
        Ok(self.value.is_subnormal(&given(th, context)?.limits()))
    }

    /// Return a string describing the class of the operand.
    #[sig = "($self, /, context=None)"]
    fn number_class(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<&'static str> {
        Ok(self.value.number_class(&given(th, context)?.limits()))
    }

    /// Return the adjusted exponent: the weight of the first digit.
    #[sig = "($self, /)"]
    fn adjusted(&self, _: Thread<'_>) -> i64 {
        self.value.adjusted()
    }

    /// Return the number itself, which is canonical.
    #[sig = "($self, /)"]
    fn canonical(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    /// Return the number itself.
    #[sig = "($self, /)"]
    fn conjugate(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    /// Return Decimal(10), the base of the numbers.
    #[sig = "($self, /)"]
    fn radix(&self, th: Thread<'_>) -> Result<Ref<Decimal>> {
        Self::create(th, Number::from_i64(10))
    }

    /// Return the absolute value, whatever the context.
    #[sig = "($self, /)"]
    fn copy_abs(&self, th: Thread<'_>) -> Result<Ref<Decimal>> {
        Self::create(th, self.value.copy_abs())
    }

    /// Return the negation, whatever the context.
    #[sig = "($self, /)"]
    fn copy_negate(&self, th: Thread<'_>) -> Result<Ref<Decimal>> {
        Self::create(th, self.value.copy_negate())
    }

    /// Return a copy with the sign of the second operand.
    #[sig = "($self, /, other, context=None)"]
    fn copy_sign(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref<Decimal>> {
        given(th, context)?;
        let negative = operand(th, other)?.negative;
        Self::create(th, Number { negative, ..self.value.clone() })
    }

    /// Compare using the abstract representation, in which no two numbers are equal.
    #[sig = "($self, /, other, context=None)"]
    fn compare_total(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref<Decimal>> {
        given(th, context)?;
        let order = self.value.compare_total(&*operand(th, other)?);
        Self::create(th, Number::from_i64(order as i64))
    }

    /// Compare using the abstract representation with the signs ignored.
    #[sig = "($self, /, other, context=None)"]
    fn compare_total_mag(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref<Decimal>> {
        given(th, context)?;
        let order = self.value.compare_total_magnitude(&*operand(th, other)?);
        Self::create(th, Number::from_i64(order as i64))
    }

    /// Test whether self and other have the same exponent or both are NaN.
    #[sig = "($self, /, other, context=None)"]
    fn same_quantum(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        context: Option<Obj<'_>>,
    ) -> Result<bool> {
        given(th, context)?;
        Ok(self.value.same_quantum(&*operand(th, other)?))
    }
}

#[pymethods(part = methods)]
impl Decimal {
    /// Return the value of the (natural) exponential function e**x.
    #[sig = "($self, /, context=None)"]
    fn exp(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::exp)
    }

    /// Return the natural (base e) logarithm of the operand.
    #[sig = "($self, /, context=None)"]
    fn ln(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::ln)
    }

    /// Return the base ten logarithm of the operand.
    #[sig = "($self, /, context=None)"]
    fn log10(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::log10)
    }

    /// Return the adjusted exponent of the operand as a Decimal.
    #[sig = "($self, /, context=None)"]
    fn logb(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::logb)
    }

    /// Return the digit-wise inversion of the (logical) operand.
    #[sig = "($self, /, context=None)"]
    fn logical_invert(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::logical_invert)
    }

    /// Return the largest representable number smaller than the operand.
    #[sig = "($self, /, context=None)"]
    fn next_minus(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::next_minus)
    }

    /// Return the smallest representable number larger than the operand.
    #[sig = "($self, /, context=None)"]
    fn next_plus(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::next_plus)
    }

    /// Normalize the number by stripping trailing zeros.
    #[sig = "($self, /, context=None)"]
    fn normalize(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::normalize)
    }

    /// Return the square root of the argument to full precision.
    #[sig = "($self, /, context=None)"]
    fn sqrt(&self, th: Thread<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.unary(th, context, Number::sqrt)
    }

    /// Compare self to other: -1, 0, 1 or a NaN.
    #[sig = "($self, /, other, context=None)"]
    fn compare(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::compare)
    }

    /// As compare(), except that all NaNs signal.
    #[sig = "($self, /, other, context=None)"]
    fn compare_signal(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.binary(th, other, context, Number::compare_signal)
    }

    /// Return the digit-wise 'and' of the two (logical) operands.
    #[sig = "($self, /, other, context=None)"]
    fn logical_and(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::logical_and)
    }

    /// Return the digit-wise 'or' of the two (logical) operands.
    #[sig = "($self, /, other, context=None)"]
    fn logical_or(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::logical_or)
    }

    /// Return the digit-wise 'exclusive or' of the two (logical) operands.
    #[sig = "($self, /, other, context=None)"]
    fn logical_xor(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::logical_xor)
    }

    /// Maximum of self and other; a quiet NaN gives way to a number.
    #[sig = "($self, /, other, context=None)"]
    fn max(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::max)
    }

    /// As max(), but the comparison is done using the absolute values.
    #[sig = "($self, /, other, context=None)"]
    fn max_mag(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::max_mag)
    }

    /// Minimum of self and other; a quiet NaN gives way to a number.
    #[sig = "($self, /, other, context=None)"]
    fn min(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::min)
    }

    /// As min(), but the comparison is done using the absolute values.
    #[sig = "($self, /, other, context=None)"]
    fn min_mag(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::min_mag)
    }

    /// Return the number closest to self in the direction of other.
    #[sig = "($self, /, other, context=None)"]
    fn next_toward(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::next_toward)
    }

    /// Return the remainder from dividing self by other, nearest to zero.
    #[sig = "($self, /, other, context=None)"]
    fn remainder_near(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.binary(th, other, context, Number::rem_near)
    }

    /// Return the result of rotating the digits by other places.
    #[sig = "($self, /, other, context=None)"]
    fn rotate(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::rotate)
    }

    /// Return the number with the exponent adjusted by other.
    #[sig = "($self, /, other, context=None)"]
    fn scaleb(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::scaleb)
    }

    /// Return the result of shifting the digits by other places.
    #[sig = "($self, /, other, context=None)"]
    fn shift(&self, th: Thread<'_>, other: Obj<'_>, context: Option<Obj<'_>>) -> Result<Ref> {
        self.binary(th, other, context, Number::shift)
    }

    /// Fused multiply-add: self*other+third with no rounding of the product.
    #[sig = "($self, /, other, third, context=None)"]
    fn fma(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        third: Obj<'_>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let context = given(th, context)?;
        let (other, third) = (operand(th, other)?, operand(th, third)?);
        let mut status = 0;
        let value = self.value.fma(&other, &third, &context.limits(), &mut status);
        context.result(th, value, status)
    }

    /// Quantize *self* so its exponent is the same as that of *exp*.
    #[sig = "($self, /, exp, rounding=None, context=None)"]
    fn quantize(
        &self,
        th: Thread<'_>,
        exp: Obj<'_>,
        rounding: Option<Obj<'_>>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let context = given(th, context)?;
        let mut limits = context.limits();
        if let Some(rounding) = rounding.filter(|rounding| !rounding.is_none()) {
            limits.rounding = rounding_of(th, rounding)?;
        }
        let exp = operand(th, exp)?;
        let mut status = 0;
        let value = self.value.quantize(&exp, &limits, &mut status);
        context.result(th, value, status)
    }

    /// Round to the nearest integer, signaling Inexact or Rounded.
    #[sig = "($self, /, rounding=None, context=None)"]
    fn to_integral_exact(
        &self,
        th: Thread<'_>,
        rounding: Option<Obj<'_>>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.to_integral_with(th, rounding, context, Number::to_integral_exact)
    }

    /// Round to the nearest integer without signaling Inexact or Rounded.
    #[sig = "($self, /, rounding=None, context=None)"]
    fn to_integral_value(
        &self,
        th: Thread<'_>,
        rounding: Option<Obj<'_>>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.to_integral_with(th, rounding, context, Number::to_integral_value)
    }

    /// Identical to the to_integral_value() method.
    #[sig = "($self, /, rounding=None, context=None)"]
    fn to_integral(
        &self,
        th: Thread<'_>,
        rounding: Option<Obj<'_>>,
        context: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.to_integral_with(th, rounding, context, Number::to_integral_value)
    }
}
