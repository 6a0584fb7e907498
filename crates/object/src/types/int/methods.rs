//! The methods of `int`.

use macros::pymethods;

use super::{Int, arithmetic, format, text};
use crate::{
    AsObject, Bytes, Obj, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    protocol::CompareOp,
    raise,
    types::{self, singletons::not_implemented_ref},
};

type Operation = fn(Thread<'_>, Obj<'_>, Obj<'_>) -> Result<Ref>;

#[inline(always)]
fn binary(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>, operation: Operation) -> Result<Ref> {
    if !Int::is_int(left) || !Int::is_int(right) {
        return Ok(not_implemented_ref());
    }
    operation(th, left, right)
}

#[pymethods]
impl Int {
    #[parse(vectorcall)]
    #[sig = "int(x=0, /, base=10)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        x: Option<Obj<'_>>,
        base: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let value = match (x, base) {
            (None, None) => Int::from_i64(th, 0)?,
            (None, Some(_)) => raise!(th, TypeError, "int() missing string argument"),
            (Some(x), None) => text::from_object(th, x)?,
            (Some(x), Some(base)) => text::from_object_in_base(th, x, base)?,
        };
        if std::ptr::eq(cls, Int::type_object()) {
            return Ok(value);
        }
        Int::new_of(th, cls, value.obj())
    }

    fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
        text::repr(th, this)
    }

    fn __hash__(_: Thread<'_>, this: Obj<'_>) -> isize {
        Int::hash(this)
    }

    fn tp_richcompare(_: Thread<'_>, this: Obj<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        if !Int::is_int(this) || !Int::is_int(other) {
            return Ok(not_implemented_ref());
        }
        Ok(types::bool_(op.of(Int::compare(this, other))).own())
    }

    fn __add__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::add)
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::sub)
    }

    fn __mul__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::mul)
    }

    fn __mod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::rem)
    }

    fn __floordiv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::floordiv)
    }

    fn __divmod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, |th, left, right| {
            let (quotient, remainder) = arithmetic::divmod(th, left, right)?;
            Tuple::from_array(th, [quotient, remainder]).map(Ref::upcast)
        })
    }

    fn __truediv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, |th, left, right| {
            crate::Float::new(th, arithmetic::truediv(th, left, right)?).map(Ref::upcast)
        })
    }

    fn __pow__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>, modulus: Obj<'_>) -> Result<Ref> {
        if modulus.is_none() {
            return binary(th, left, right, arithmetic::pow);
        }
        if !Int::is_int(left) || !Int::is_int(right) || !Int::is_int(modulus) {
            return Ok(not_implemented_ref());
        }
        arithmetic::pow_mod(th, left, right, modulus)
    }

    fn __lshift__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::lshift)
    }

    fn __rshift__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::rshift)
    }

    fn __and__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::and)
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::or)
    }

    fn __xor__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        binary(th, left, right, arithmetic::xor)
    }

    fn __neg__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        arithmetic::neg(th, this)
    }

    fn __pos__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    fn __abs__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        arithmetic::abs(th, this)
    }

    fn __invert__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        arithmetic::invert(th, this)
    }

    fn __bool__(_: Thread<'_>, this: Obj<'_>) -> bool {
        Int::is_nonzero(this)
    }

    fn __int__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    fn __index__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    fn __float__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        arithmetic::float(th, this)
    }

    /// Returns self, the complex conjugate of any int.
    #[sig = "($self, /)"]
    fn conjugate(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    /// Number of bits necessary to represent self in binary.
    ///
    /// >>> bin(37)
    /// '0b100101'
    /// >>> (37).bit_length()
    /// 6
    #[sig = "($self, /)"]
    #[name = "bit_length"]
    fn bit_length_python(_: Thread<'_>, this: Obj<'_>) -> u64 {
        Int::bit_length(this)
    }

    /// Number of ones in the binary representation of the absolute value of self.
    ///
    /// Also known as the population count.
    ///
    /// >>> bin(13)
    /// '0b1101'
    /// >>> (13).bit_count()
    /// 3
    #[sig = "($self, /)"]
    fn bit_count(_: Thread<'_>, this: Obj<'_>) -> u64 {
        if let Some(value) = Int::to_i64(this) {
            return value.unsigned_abs().count_ones().into();
        }
        Int::digits(this).magnitude().iter().map(|digit| u64::from(digit.count_ones())).sum()
    }

    /// Return an array of bytes representing an integer.
    ///
    ///   length
    ///     Length of bytes object to use.  An OverflowError is raised if the
    ///     integer is not representable with the given number of bytes.  Default
    ///     is length 1.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is 'big',
    ///     the most significant byte is at the beginning of the byte array.  If
    ///     byteorder is 'little', the most significant byte is at the end of the
    ///     byte array.  To request the native byte order of the host system, use
    ///     sys.byteorder as the byte order value.  Default is to use 'big'.
    ///   signed
    ///     Determines whether two's complement is used to represent the integer.
    ///     If signed is False and a negative integer is given, an OverflowError
    ///     is raised.
    #[sig = "($self, /, length=1, byteorder='big', *, signed=False)"]
    #[name = "to_bytes"]
    fn to_bytes_python(
        th: Thread<'_>,
        this: Obj<'_>,
        length: isize,
        byteorder: Option<&Str>,
        signed: bool,
    ) -> Result<Ref<Bytes>> {
        Int::to_bytes_method(th, this, length, byteorder, signed)
    }

    /// Return the integer represented by the given array of bytes.
    ///
    ///   bytes
    ///     Holds the array of bytes to convert.  The argument must either
    ///     support the buffer protocol or be an iterable object producing bytes.
    ///     Bytes and bytearray are examples of built-in objects that support the
    ///     buffer protocol.
    ///   byteorder
    ///     The byte order used to represent the integer, as for to_bytes.
    ///   signed
    ///     Indicates whether two's complement is used to represent the integer.
    #[sig = "($type, /, bytes, byteorder='big', *, signed=False)"]
    #[classmethod]
    #[name = "from_bytes"]
    fn from_bytes_python(
        th: Thread<'_>,
        cls: &Type,
        bytes: Obj<'_>,
        byteorder: Option<crate::args::Given<&Str>>,
        signed: bool,
    ) -> Result<Ref> {
        let byteorder = byteorder.map(|crate::args::Given(order)| order);
        let value = Int::from_bytes_method(th, bytes, byteorder, signed)?;
        if std::ptr::eq(cls, Int::type_object()) {
            return Ok(value);
        }
        crate::protocol::call::call(th, cls.obj(), &[value.obj()], None)
    }

    /// Return a pair of integers, whose ratio is equal to the original int.
    ///
    /// The ratio is in lowest terms and has a positive denominator.
    ///
    /// >>> (10).as_integer_ratio()
    /// (10, 1)
    /// >>> (-3).as_integer_ratio()
    /// (-3, 1)
    /// >>> (0).as_integer_ratio()
    /// (0, 1)
    #[sig = "($self, /)"]
    fn as_integer_ratio(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_array(th, [Int::exact(th, this)?, Int::from_i64(th, 1)?])
    }

    /// Returns True. Exists for duck type compatibility with float.is_integer.
    #[sig = "($self, /)"]
    fn is_integer(_: Thread<'_>, _this: Obj<'_>) -> bool {
        true
    }

    /// Truncating an Integral returns itself.
    #[sig = "($self, /)"]
    fn __trunc__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    /// Flooring an Integral returns itself.
    #[sig = "($self, /)"]
    fn __floor__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    /// Ceiling of an Integral returns itself.
    #[sig = "($self, /)"]
    fn __ceil__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    /// Rounding an Integral returns itself.
    ///
    /// Rounding with an ndigits argument also returns an integer.
    #[sig = "($self, ndigits=None, /)"]
    fn __round__(th: Thread<'_>, this: Obj<'_>, ndigits: Option<Obj<'_>>) -> Result<Ref> {
        match ndigits {
            Some(ndigits) if !ndigits.is_none() => {
                let ndigits = Int::index(th, ndigits)?;
                arithmetic::round(th, this, ndigits.obj())
            }
            _ => Int::exact(th, this),
        }
    }

    #[sig = "($self, /)"]
    fn __getnewargs__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_array(th, [Int::exact(th, this)?])
    }

    /// Convert to a string according to format_spec.
    #[sig = "($self, format_spec, /)"]
    fn __format__(th: Thread<'_>, this: Obj<'_>, format_spec: &Str) -> Result<Ref<Str>> {
        format::format_int(th, this, format_spec)
    }

    /// Returns size in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(_: Thread<'_>, this: Obj<'_>) -> usize {
        Int::size_in_memory(this)
    }

    /// the real part of a complex number
    #[getter]
    fn real(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    /// the imaginary part of a complex number
    #[getter]
    fn imag(th: Thread<'_>, _this: Obj<'_>) -> Result<Ref> {
        Int::from_i64(th, 0)
    }

    /// the numerator of a rational number in lowest terms
    #[getter]
    fn numerator(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Int::exact(th, this)
    }

    /// the denominator of a rational number in lowest terms
    #[getter]
    fn denominator(th: Thread<'_>, _this: Obj<'_>) -> Result<Ref> {
        Int::from_i64(th, 1)
    }
}
