//! `float`: an IEEE 754 double.

use macros::{pymethods, pytype};
use num::{bigint, complex, float_ops, float_text};

use crate::{
    AsObject, Bytes, Head, Int, Obj, PyStruct, Ref, Result, Str, Thread, ThreadState, Tuple, Type,
    alloc_object, error,
    protocol::CompareOp,
    raise, small_int,
    types::{
        self,
        int::{format, text},
        singletons::not_implemented_ref,
    },
};

/// Convert a string or number to a floating-point number, if possible.
#[pytype(name = "float", c_name = "PyFloat_Type", sig = "(x=0, /)", flags = BASETYPE | MATCH_SELF, layout = abi::PyFloatObject)]
pub struct Float {
    head: Head,
    value: f64,
}

impl Float {
    /// A new float.
    #[inline]
    pub fn new(th: Thread<'_>, value: f64) -> Result<Ref<Float>> {
        alloc_object::new(th, Float { head: Head::new(), value })
    }

    /// A new float, if there is a block for it at hand.
    #[inline(always)]
    pub fn try_new(state: &ThreadState, value: f64) -> Option<Ref<Float>> {
        alloc_object::try_new(state, Float { head: Head::new(), value })
    }

    /// A new float as an object of any type.
    #[inline]
    pub fn from_f64(th: Thread<'_>, value: f64) -> Result<Ref> {
        Self::new(th, value).map(Ref::upcast)
    }

    /// A new instance of `cls`, which is `float` or a subtype.
    pub fn new_of(th: Thread<'_>, cls: &Type, value: f64) -> Result<Ref> {
        alloc_object::alloc(th, cls, Float { head: Head::new(), value }).map(Ref::upcast)
    }

    /// The value.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Overwrite the value of a float that nobody else can see.
    ///
    /// # Safety
    ///
    /// The caller holds the only reference.
    #[inline(always)]
    pub unsafe fn set_value(&self, value: f64) {
        let place = (&raw const self.value).cast_mut();
        // SAFETY: the caller's promise.
        unsafe { place.write(value) };
    }

    /// `float(object)` for a C `double` argument: a float, `__float__` or `__index__`.
    #[inline]
    pub fn as_f64(th: Thread<'_>, object: Obj<'_>) -> Result<f64> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return Ok(value as f64);
        }
        if let Some(float) = object.downcast::<Float>() {
            return Ok(float.value);
        }
        match convert(th, object)? {
            Some(value) => Ok(value),
            None => raise!(th, TypeError, "must be real number, not {}", object.type_name()),
        }
    }

    /// `float(text)`; `object` is what the error shows.
    fn parse(th: Thread<'_>, bytes: &[u8], object: Obj<'_>) -> Result<f64> {
        match float_text::parse(trim(bytes)) {
            Some(value) => Ok(value),
            None => {
                use crate::Protocol;
                let shown = object.repr(th)?;
                raise!(th, ValueError, "could not convert string to float: {}", *shown)
            }
        }
    }

    /// The value of `float(object)`.
    pub fn from_object(th: Thread<'_>, object: Obj<'_>) -> Result<f64> {
        if let Some(float) = object.downcast_exact::<Float>() {
            return Ok(float.value);
        }
        if !object.is_exact::<Str>()
            && let Some(value) = convert(th, object)?
        {
            return Ok(value);
        }
        Self::from_text(th, object)
    }

    /// The number that `object` spells, text or the bytes of one.
    pub fn from_text(th: Thread<'_>, object: Obj<'_>) -> Result<f64> {
        if let Some(string) = object.downcast::<Str>() {
            return match string.as_ascii() {
                Some(ascii) => Self::parse(th, ascii.as_bytes(), object),
                None => Self::parse(th, &text::to_ascii_digits(string), object),
            };
        }
        if let Some(bytes) = object.downcast::<Bytes>() {
            return Self::parse(th, bytes.as_bytes(), object);
        }
        if let Some(result) = text::with_buffer(object, |bytes| Self::parse(th, bytes, object)) {
            return result;
        }
        raise!(
            th,
            TypeError,
            "float() argument must be a string or a real number, not '{}'",
            object.type_name()
        )
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    let is_space = |byte: u8| matches!(byte, b' ' | 0x09..=0x0d | 0x1c..=0x1f);
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// The value by `__float__`, `__index__` or because it is a float.
fn convert(th: Thread<'_>, object: Obj<'_>) -> Result<Option<f64>> {
    let number = object.ty().number();
    if let Some(slot) = number.and_then(|number| number.nb_float) {
        if Int::is_exact(object) {
            return Int::to_f64(th, object).map(Some);
        }
        // SAFETY: the slot belongs to the object's type.
        let value = unsafe { slot(object.as_ptr()) };
        // SAFETY: a new reference or null.
        let value = unsafe { Ref::<crate::Object>::from_raw(value) }.ok_or(error::Raised)?;
        if let Some(float) = value.obj().downcast_exact::<Float>() {
            return Ok(Some(float.value));
        }
        let (owner, name) = (object.type_name(), value.obj().type_name());
        let Some(float) = value.obj().downcast::<Float>() else {
            raise!(th, TypeError, "{owner}.__float__ returned non-float (type {name})");
        };
        let message = Str::from_fmt(
            th,
            format_args!(
                "{owner}.__float__ returned non-float (type {name}).  The ability to return an \
                 instance of a strict subclass of float is deprecated, and may be removed in a \
                 future version of Python."
            ),
        )?;
        let category = crate::exceptions::types::DeprecationWarning();
        (th.hooks().warn)(th, category.obj(), &message, 1)?;
        return Ok(Some(float.value));
    }
    if number.is_some_and(|number| number.nb_index.is_some()) {
        let index = Int::index_or_subclass(th, object)?;
        return Int::to_f64(th, index.obj()).map(Some);
    }
    Ok(object.downcast::<Float>().map(|float| float.value))
}

/// The value of an operand: a float or an int.
#[inline]
pub(crate) fn operand(th: Thread<'_>, object: Obj<'_>) -> Result<Option<f64>> {
    if let Some(value) = small_int::value(object.as_ptr()) {
        return Ok(Some(value as f64));
    }
    if let Some(float) = object.downcast::<Float>() {
        return Ok(Some(float.value));
    }
    if Int::is_int(object) {
        return Int::to_f64(th, object).map(Some);
    }
    Ok(None)
}

fn operands(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Option<(f64, f64)>> {
    let Some(x) = operand(th, left)? else { return Ok(None) };
    let Some(y) = operand(th, right)? else { return Ok(None) };
    Ok(Some((x, y)))
}

#[inline(always)]
fn binary(
    th: Thread<'_>,
    left: Obj<'_>,
    right: Obj<'_>,
    operation: impl FnOnce(f64, f64) -> Result<f64, float_ops::ZeroDivision>,
) -> Result<Ref> {
    let Some((x, y)) = operands(th, left, right)? else { return Ok(not_implemented_ref()) };
    match operation(x, y) {
        Ok(value) => Float::from_f64(th, value),
        Err(error) => raise!(th, ZeroDivisionError, "{error}"),
    }
}

/// `x ** y`, complex for a fractional power of a negative number.
pub fn power(th: Thread<'_>, x: f64, y: f64) -> Result<Ref> {
    match float_ops::pow(x, y) {
        Ok(value) => Float::from_f64(th, value),
        Err(float_ops::PowError::ZeroToNegative) => {
            raise!(th, ZeroDivisionError, "zero to a negative power")
        }
        Err(float_ops::PowError::Overflow) => {
            let code = Int::from_i64(th, 34)?;
            let message = Str::new(th, "Numerical result out of range")?;
            let ty = crate::exceptions::types::OverflowError();
            Err(th.raise_args(ty, &[code.obj(), message.obj()]))
        }
        Err(float_ops::PowError::Complex) => {
            types::complex::power(th, complex::complex(x, 0.0), complex::complex(y, 0.0))
        }
    }
}

/// Order of a float and a float or int, exactly; outer `None` if `other` is
/// neither, inner `None` for NaN.
fn compare_with(value: f64, other: Obj<'_>) -> Option<Option<std::cmp::Ordering>> {
    const EXACT: i64 = 1 << 53;
    if let Some(float) = other.downcast::<Float>() {
        return Some(value.partial_cmp(&float.value));
    }
    if !Int::is_int(other) {
        return None;
    }
    if let Some(int) = Int::to_i64(other)
        && (-EXACT..=EXACT).contains(&int)
    {
        return Some(value.partial_cmp(&(int as f64)));
    }
    let order = bigint::compare_f64(&Int::to_bigint(other), value);
    Some(order.map(std::cmp::Ordering::reverse))
}

/// The value as an int, by a rounding function.
fn to_int(th: Thread<'_>, value: f64) -> Result<Ref> {
    Int::from_f64(th, value)
}

#[pymethods]
impl Float {
    #[sig = "float(x=0, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, x: Option<Obj<'_>>) -> Result<Ref> {
        let exact = std::ptr::eq(cls, Float::type_object());
        let value = match x {
            None => 0.0,
            Some(x) if exact && x.is_exact::<Float>() => return Ok(x.own()),
            Some(x) => Float::from_object(th, x)?,
        };
        if exact { Float::from_f64(th, value) } else { Float::new_of(th, cls, value) }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, &float_text::repr(self.value))
    }

    fn __hash__(&self, _: Thread<'_>) -> isize {
        match num::hash::float(self.value) {
            Some(hash) => hash as isize,
            None => types::object_::identity_hash(self.obj()),
        }
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(order) = compare_with(self.value, other) else { return Ok(not_implemented_ref()) };
        let answer = match order {
            Some(order) => op.of(order),
            None => op == CompareOp::Ne,
        };
        Ok(types::bool_(answer).own())
    }

    fn __add__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, |x, y| Ok(x + y))
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, |x, y| Ok(x - y))
    }

    fn __mul__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, |x, y| Ok(x * y))
    }

    fn __truediv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, float_ops::true_div)
    }

    fn __floordiv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, float_ops::floor_div)
    }

    fn __mod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, float_ops::rem)
    }

    fn __divmod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let Some((x, y)) = operands(th, left, right)? else { return Ok(not_implemented_ref()) };
        match float_ops::divmod(x, y) {
            Ok((quotient, remainder)) => {
                let pair = vec![Float::from_f64(th, quotient)?, Float::from_f64(th, remainder)?];
                Tuple::from_refs(th, pair).map(Ref::upcast)
            }
            Err(error) => raise!(th, ZeroDivisionError, "{error}"),
        }
    }

    fn __pow__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>, modulus: Obj<'_>) -> Result<Ref> {
        if !modulus.is_none() {
            raise!(
                th,
                TypeError,
                "pow() 3rd argument not allowed unless all arguments are integers"
            );
        }
        let Some((x, y)) = operands(th, left, right)? else { return Ok(not_implemented_ref()) };
        power(th, x, y)
    }

    fn __neg__(&self, th: Thread<'_>) -> Result<Ref> {
        Float::from_f64(th, -self.value)
    }

    fn __pos__(&self, th: Thread<'_>) -> Result<Ref> {
        self.exact(th)
    }

    fn __abs__(&self, th: Thread<'_>) -> Result<Ref> {
        Float::from_f64(th, self.value.abs())
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        self.value != 0.0
    }

    fn __int__(&self, th: Thread<'_>) -> Result<Ref> {
        to_int(th, self.value)
    }

    fn __float__(&self, th: Thread<'_>) -> Result<Ref> {
        self.exact(th)
    }

    /// This float, or one of exactly that type.
    fn exact(&self, th: Thread<'_>) -> Result<Ref> {
        if self.obj().is_exact::<Float>() {
            return Ok(self.obj().own());
        }
        Float::from_f64(th, self.value)
    }

    /// Convert real number to a floating-point number.
    #[sig = "($type, number, /)"]
    #[classmethod]
    fn from_number(th: Thread<'_>, cls: &Type, number: Obj<'_>) -> Result<Ref> {
        let exact = std::ptr::eq(cls, Float::type_object());
        if exact && number.is_exact::<Float>() {
            return Ok(number.own());
        }
        let value = Float::from_f64(th, Float::as_f64(th, number)?)?;
        if exact {
            return Ok(value);
        }
        crate::protocol::call::call(th, cls.obj(), &[value.obj()], None)
    }

    /// Return self, the complex conjugate of any float.
    #[sig = "($self, /)"]
    fn conjugate(&self, th: Thread<'_>) -> Result<Ref> {
        self.exact(th)
    }

    /// Return the Integral closest to x between 0 and x.
    #[sig = "($self, /)"]
    fn __trunc__(&self, th: Thread<'_>) -> Result<Ref> {
        to_int(th, self.value)
    }

    /// Return the floor as an Integral.
    #[sig = "($self, /)"]
    fn __floor__(&self, th: Thread<'_>) -> Result<Ref> {
        to_int(th, self.value.floor())
    }

    /// Return the ceiling as an Integral.
    #[sig = "($self, /)"]
    fn __ceil__(&self, th: Thread<'_>) -> Result<Ref> {
        to_int(th, self.value.ceil())
    }

    /// Return the Integral closest to x, rounding half toward even.
    ///
    /// When an argument is passed, work like built-in round(x, ndigits).
    #[sig = "($self, ndigits=None, /)"]
    fn __round__(&self, th: Thread<'_>, ndigits: Option<Obj<'_>>) -> Result<Ref> {
        let Some(ndigits) = ndigits.filter(|ndigits| !ndigits.is_none()) else {
            return to_int(th, float_ops::round_half_even(self.value));
        };
        let ndigits = Int::index_clamped(th, ndigits)?;
        match float_ops::round(self.value, ndigits as i64) {
            Some(value) => Float::from_f64(th, value),
            None => raise!(th, OverflowError, "rounded value too large to represent"),
        }
    }

    /// Return a pair of integers, whose ratio is exactly equal to the original float.
    ///
    /// The ratio is in lowest terms and has a positive denominator.  Raise
    /// OverflowError on infinities and a ValueError on NaNs.
    ///
    /// >>> (10.0).as_integer_ratio()
    /// (10, 1)
    /// >>> (0.0).as_integer_ratio()
    /// (0, 1)
    /// >>> (-.25).as_integer_ratio()
    /// (-1, 4)
    #[sig = "($self, /)"]
    fn as_integer_ratio(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        match float_ops::as_integer_ratio(self.value) {
            Ok((numerator, denominator)) => {
                let numerator = Int::from_bigint(th, &numerator)?;
                let denominator = Int::from_bigint(th, &denominator)?;
                Tuple::from_array(th, [numerator, denominator])
            }
            Err(kind @ float_ops::NotFinite::Infinity) => {
                raise!(th, OverflowError, "{}", kind.to_ratio_message())
            }
            Err(kind) => raise!(th, ValueError, "{}", kind.to_ratio_message()),
        }
    }

    /// Create a floating-point number from a hexadecimal string.
    ///
    /// >>> float.fromhex('0x1.ffffp10')
    /// 2047.984375
    /// >>> float.fromhex('-0x1p-1074')
    /// -5e-324
    #[sig = "($type, string, /)"]
    #[classmethod]
    fn fromhex(th: Thread<'_>, cls: &Type, string: Obj<'_>) -> Result<Ref> {
        let Some(string) = string.downcast::<Str>() else {
            raise!(th, TypeError, "bad argument type for built-in operation");
        };
        let parsed = float_text::from_hex(string.to_utf8(th)?.as_bytes());
        let value = match parsed {
            Ok(value) => Float::from_f64(th, value)?,
            Err(float_text::FromHexError::Invalid) => {
                raise!(th, ValueError, "invalid hexadecimal floating-point string")
            }
            Err(float_text::FromHexError::Overflow) => {
                raise!(th, OverflowError, "hexadecimal value too large to represent as a float")
            }
        };
        if std::ptr::eq(cls, Float::type_object()) {
            return Ok(value);
        }
        crate::protocol::call::call(th, cls.obj(), &[value.obj()], None)
    }

    /// Return a hexadecimal representation of a floating-point number.
    ///
    /// >>> (-0.1).hex()
    /// '-0x1.999999999999ap-4'
    /// >>> 3.14159.hex()
    /// '0x1.921f9f01b866ep+1'
    #[sig = "($self, /)"]
    fn hex(&self, _: Thread<'_>) -> String {
        float_text::hex(self.value)
    }

    /// Return True if the float is an integer.
    #[sig = "($self, /)"]
    fn is_integer(&self, _: Thread<'_>) -> bool {
        self.value.is_finite() && self.value == self.value.floor()
    }

    #[sig = "($self, /)"]
    fn __getnewargs__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_array(th, [Float::from_f64(th, self.value)?])
    }

    /// You probably don't want to use this function.
    ///
    ///   typestr
    ///     Must be 'double' or 'float'.
    ///
    /// It exists mainly to be used in Python's test suite.
    ///
    /// This function returns whichever of 'unknown', 'IEEE, big-endian' or
    /// 'IEEE, little-endian' best describes the format of floating-point
    /// numbers used by the C type named by typestr.
    #[sig = "($type, typestr, /)"]
    #[classmethod]
    fn __getformat__(th: Thread<'_>, _cls: &Type, typestr: &Str) -> Result<&'static str> {
        if !["double", "float"].iter().any(|name| types::str_eq(typestr.obj(), name)) {
            raise!(th, ValueError, "__getformat__() argument 1 must be 'double' or 'float'");
        }
        Ok(if cfg!(target_endian = "little") { "IEEE, little-endian" } else { "IEEE, big-endian" })
    }

    /// Formats the float according to format_spec.
    #[sig = "($self, format_spec, /)"]
    fn __format__(&self, th: Thread<'_>, format_spec: &Str) -> Result<Ref<Str>> {
        format::format_float(th, self.obj(), self.value, format_spec)
    }

    /// the real part of a complex number
    #[getter]
    fn real(&self, th: Thread<'_>) -> Result<Ref> {
        self.exact(th)
    }

    /// the imaginary part of a complex number
    #[getter]
    fn imag(&self, th: Thread<'_>) -> Result<Ref> {
        Float::from_f64(th, 0.0)
    }
}
