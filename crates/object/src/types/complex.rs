//! `complex`: a pair of doubles.
//!
//! A real operand stays real in mixed arithmetic, as 3.14 wants it.

use macros::{pymethods, pytype};
use num::complex::{self as ops, Complex as Value, complex};

use crate::{
    AsObject, Float, Head, Int, Obj, PyStruct, Ref, Result, Str, Thread, Tuple, Type, alloc_object,
    args::{Args, Kwargs, Param, Signature, Style},
    id,
    protocol::{CompareOp, Protocol},
    raise,
    types::{
        self,
        float::operand,
        int::{format, text},
        singletons::not_implemented_ref,
    },
};

/// Create a complex number from a string or numbers.
///
/// If a string is given, parse it as a complex number.
/// If a single number is given, convert it to a complex number.
/// If the 'real' or 'imag' arguments are given, create a complex number
/// with the specified real and imaginary components.
#[pytype(name = "complex", c_name = "PyComplex_Type", sig = "(real=0, imag=0)", flags = BASETYPE, layout = abi::PyComplexObject)]
pub struct Complex {
    head: Head,
    real: f64,
    imag: f64,
}

impl Complex {
    /// A new complex number.
    pub fn new(th: Thread<'_>, value: Value) -> Result<Ref<Complex>> {
        let Value { real, imag } = value;
        alloc_object::new(th, Complex { head: Head::new(), real, imag })
    }

    /// A new instance of `cls`, which is `complex` or a subtype.
    pub fn new_of(th: Thread<'_>, cls: &Type, value: Value) -> Result<Ref> {
        let Value { real, imag } = value;
        alloc_object::alloc(th, cls, Complex { head: Head::new(), real, imag }).map(Ref::upcast)
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> Value {
        complex(self.real, self.imag)
    }

    /// The value of a number as `PyComplex_AsCComplex` sees it.
    pub fn from_object(th: Thread<'_>, object: Obj<'_>) -> Result<Value> {
        match by_method(th, object)? {
            Some(value) => Ok(value),
            None => Ok(complex(Float::as_f64(th, object)?, 0.0)),
        }
    }
}

/// The value of a complex number or of what `__complex__` returns.
fn by_method(th: Thread<'_>, object: Obj<'_>) -> Result<Option<Value>> {
    if let Some(value) = object.downcast::<Complex>() {
        return Ok(Some(value.value()));
    }
    if object.is_exact::<Float>() || Int::is_exact(object) || object.is_exact::<Str>() {
        return Ok(None);
    }
    let name = id!(th, "__complex__");
    let Some(method) = crate::protocol::generic::lookup_special(th, object, name)? else {
        return Ok(None);
    };
    let value = method.call(th, &[])?;
    let kind = value.obj().type_name();
    let Some(number) = value.obj().downcast::<Complex>() else {
        raise!(th, TypeError, "__complex__ returned non-complex (type {kind})");
    };
    if !value.obj().is_exact::<Complex>() {
        let message = Str::from_fmt(
            th,
            format_args!(
                "__complex__ returned non-complex (type {kind}).  The ability to return an \
                 instance of a strict subclass of complex is deprecated, and may be removed in a \
                 future version of Python."
            ),
        )?;
        warn(th, &message)?;
    }
    Ok(Some(number.value()))
}

fn warn(th: Thread<'_>, message: &Str) -> Result<()> {
    let category = crate::exceptions::types::DeprecationWarning();
    (th.hooks().warn)(th, category.obj(), message, 1)
}

fn has_float(object: Obj<'_>) -> bool {
    object
        .ty()
        .number()
        .is_some_and(|number| number.nb_float.is_some() || number.nb_index.is_some())
}

/// `complex(text)`.
fn parse(th: Thread<'_>, string: &Str) -> Result<Value> {
    let parsed = match string.as_ascii() {
        Some(ascii) => ops::parse(ascii.as_bytes()),
        None => ops::parse(&text::to_ascii_digits(string)),
    };
    match parsed {
        Ok(value) => Ok(value),
        Err(ops::ParseError::Underscore) => {
            let shown = string.repr(th)?;
            raise!(th, ValueError, "could not convert string to complex: {}", *shown)
        }
        Err(ops::ParseError::Malformed) => {
            raise!(th, ValueError, "complex() arg is a malformed string")
        }
    }
}

/// `complex(number)`.
fn from_one(th: Thread<'_>, number: Obj<'_>) -> Result<Value> {
    if let Some(string) = number.downcast::<Str>() {
        return parse(th, string);
    }
    if let Some(value) = by_method(th, number)? {
        return Ok(value);
    }
    if has_float(number) {
        return Ok(complex(Float::as_f64(th, number)?, 0.0));
    }
    let kind = number.type_name();
    raise!(th, TypeError, "complex() argument must be a string or a number, not {kind}")
}

fn not_real(which: &str, object: Obj<'_>) -> String {
    format!("complex() argument '{which}' must be a real number, not {}", object.type_name())
}

/// `complex(real, imag)`, one of which may be missing.
fn from_parts(th: Thread<'_>, real: Option<Obj<'_>>, imag: Option<Obj<'_>>) -> Result<Value> {
    let whole = real.map_or(Ok(None), |real| by_method(th, real))?;
    let is_number = |object: Obj<'_>| has_float(object) && object.downcast::<Str>().is_none();
    if let Some(real) = real
        && whole.is_none()
        && !is_number(real)
    {
        raise!(th, TypeError, "{}", not_real("real", real));
    }
    let turned = imag.and_then(|imag| imag.downcast::<Complex>()).map(Complex::value);
    if let Some(imag) = imag
        && turned.is_none()
        && !is_number(imag)
    {
        raise!(th, TypeError, "{}", not_real("imag", imag));
    }
    let part = |which, object: Option<Obj<'_>>, complex_value: Option<Value>| {
        let Some(object) = object else { return Ok(complex(0.0, 0.0)) };
        let Some(value) = complex_value else {
            return Ok(complex(Float::as_f64(th, object)?, 0.0));
        };
        warn(th, &*Str::new(th, &not_real(which, object))?)?;
        Ok(value)
    };
    let first = part("real", real, whole)?;
    let second = part("imag", imag, turned)?;
    let mut value = complex(first.real, second.real);
    // A zero that was not given is not added: it would change the sign of one that was.
    if turned.is_some() {
        value.real -= second.imag;
    }
    if whole.is_some() {
        value.imag = if imag.is_some() { value.imag + first.imag } else { first.imag };
    }
    Ok(value)
}

/// What `complex()` takes.
static PARTS: Signature = Signature {
    name: "complex",
    params: &[Param { name: "real", required: false }, Param { name: "imag", required: false }],
    positional_only: 0,
    positional: 2,
    var_positional: false,
    var_keyword: false,
    style: Style::Clinic,
};

/// What an operand is.
enum Operand {
    Real(f64),
    Complex(Value),
}

impl Operand {
    fn of(th: Thread<'_>, object: Obj<'_>) -> Result<Option<Operand>> {
        if let Some(value) = object.downcast::<Complex>() {
            return Ok(Some(Operand::Complex(value.value())));
        }
        Ok(operand(th, object)?.map(Operand::Real))
    }

    fn pair(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Option<(Operand, Operand)>> {
        let Some(x) = Operand::of(th, a)? else { return Ok(None) };
        let Some(y) = Operand::of(th, b)? else { return Ok(None) };
        Ok(Some((x, y)))
    }

    fn value(self) -> Value {
        match self {
            Operand::Real(x) => complex(x, 0.0),
            Operand::Complex(value) => value,
        }
    }
}

/// `x ** y`.
pub fn power(th: Thread<'_>, x: Value, y: Value) -> Result<Ref> {
    match ops::pow(x, y) {
        Ok(value) => Complex::new(th, value).map(Ref::upcast),
        Err(error @ ops::PowError::ZeroToNegative) => raise!(th, ZeroDivisionError, "{error}"),
        Err(error @ ops::PowError::Overflow) => raise!(th, OverflowError, "{error}"),
    }
}

#[pymethods]
impl Complex {
    #[sig = "complex(real=0, imag=0)"]
    #[parse(forward)]
    fn __new__(th: Thread<'_>, cls: &Type, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<Ref> {
        let exact = std::ptr::eq(cls, Complex::type_object());
        let value = if let [number] = args
            && kwargs.is_empty()
        {
            if exact && number.is_exact::<Complex>() {
                return Ok(number.own());
            }
            from_one(th, *number)?
        } else {
            let [real, imag] = kwargs.match_with::<2>(th, &PARTS, args)?.slots;
            from_parts(th, real, imag)?
        };
        if exact {
            return Complex::new(th, value).map(Ref::upcast);
        }
        Complex::new_of(th, cls, value)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, &ops::repr(self.value()))
    }

    fn __hash__(&self, _: Thread<'_>) -> isize {
        ops::hash(self.value(), types::object_::identity_hash(self.obj()) as i64) as isize
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let equal = match op {
            CompareOp::Eq | CompareOp::Ne => {
                if let Some(other) = other.downcast::<Complex>() {
                    self.real == other.real && self.imag == other.imag
                } else if Int::is_int(other) || other.downcast::<Float>().is_some() {
                    if self.imag == 0.0 {
                        let real = Float::new(th, self.real)?;
                        crate::protocol::compare::eq(th, real.obj(), other)?
                    } else {
                        false
                    }
                } else {
                    return Ok(not_implemented_ref());
                }
            }
            _ => return Ok(not_implemented_ref()),
        };
        Ok(types::bool_(equal == (op == CompareOp::Eq)).own())
    }

    fn __add__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let Some(pair) = Operand::pair(th, left, right)? else { return Ok(not_implemented_ref()) };
        let value = match pair {
            (Operand::Complex(a), Operand::Real(b)) => ops::add_real(a, b),
            (Operand::Real(a), Operand::Complex(b)) => ops::add_real(b, a),
            (a, b) => ops::add(a.value(), b.value()),
        };
        Complex::new(th, value).map(Ref::upcast)
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let Some(pair) = Operand::pair(th, left, right)? else { return Ok(not_implemented_ref()) };
        let value = match pair {
            (Operand::Complex(a), Operand::Real(b)) => ops::sub_real(a, b),
            (Operand::Real(a), Operand::Complex(b)) => ops::real_sub(a, b),
            (a, b) => ops::sub(a.value(), b.value()),
        };
        Complex::new(th, value).map(Ref::upcast)
    }

    fn __mul__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let Some(pair) = Operand::pair(th, left, right)? else { return Ok(not_implemented_ref()) };
        let value = match pair {
            (Operand::Complex(a), Operand::Real(b)) => ops::mul_real(a, b),
            (Operand::Real(a), Operand::Complex(b)) => ops::mul_real(b, a),
            (a, b) => ops::mul(a.value(), b.value()),
        };
        Complex::new(th, value).map(Ref::upcast)
    }

    fn __truediv__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let Some(pair) = Operand::pair(th, left, right)? else { return Ok(not_implemented_ref()) };
        let value = match pair {
            (Operand::Complex(a), Operand::Real(b)) => ops::div_real(a, b),
            (Operand::Real(a), Operand::Complex(b)) => ops::real_div(a, b),
            (a, b) => ops::div(a.value(), b.value()),
        };
        match value {
            Ok(value) => Complex::new(th, value).map(Ref::upcast),
            Err(error) => raise!(th, ZeroDivisionError, "{error}"),
        }
    }

    fn __pow__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>, modulus: Obj<'_>) -> Result<Ref> {
        let Some((x, y)) = Operand::pair(th, left, right)? else {
            return Ok(not_implemented_ref());
        };
        if !modulus.is_none() {
            raise!(th, ValueError, "complex modulo");
        }
        power(th, x.value(), y.value())
    }

    fn __neg__(&self, th: Thread<'_>) -> Result<Ref> {
        Complex::new(th, ops::neg(self.value())).map(Ref::upcast)
    }

    fn __pos__(&self, th: Thread<'_>) -> Result<Ref> {
        self.exact(th)
    }

    fn __abs__(&self, th: Thread<'_>) -> Result<f64> {
        match ops::abs(self.value()) {
            Some(length) => Ok(length),
            None => raise!(th, OverflowError, "absolute value too large"),
        }
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        self.real != 0.0 || self.imag != 0.0
    }

    fn exact(&self, th: Thread<'_>) -> Result<Ref> {
        if self.obj().is_exact::<Complex>() {
            return Ok(self.obj().own());
        }
        Complex::new(th, self.value()).map(Ref::upcast)
    }

    /// Convert number to a complex floating-point number.
    #[sig = "($type, number, /)"]
    #[classmethod]
    fn from_number(th: Thread<'_>, cls: &Type, number: Obj<'_>) -> Result<Ref> {
        let exact = std::ptr::eq(cls, Complex::type_object());
        if exact && number.is_exact::<Complex>() {
            return Ok(number.own());
        }
        let value = Complex::from_object(th, number)?;
        let value = Complex::new(th, value)?;
        if exact {
            return Ok(value.upcast());
        }
        crate::protocol::call::call(th, cls.obj(), &[value.obj()], None)
    }

    /// Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j.
    #[sig = "($self, /)"]
    fn conjugate(&self, th: Thread<'_>) -> Result<Ref> {
        Complex::new(th, complex(self.real, -self.imag)).map(Ref::upcast)
    }

    /// Convert this value to exact type complex.
    #[sig = "($self, /)"]
    fn __complex__(&self, th: Thread<'_>) -> Result<Ref> {
        self.exact(th)
    }

    #[sig = "($self, /)"]
    fn __getnewargs__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_array(th, [Float::from_f64(th, self.real)?, Float::from_f64(th, self.imag)?])
    }

    /// Convert to a string according to format_spec.
    #[sig = "($self, format_spec, /)"]
    fn __format__(&self, th: Thread<'_>, format_spec: &Str) -> Result<Ref<Str>> {
        if format_spec.len() == 0 {
            return crate::protocol::text::str(th, self.obj());
        }
        let name = self.obj().short_type_name();
        let parsed = format::parse_spec(th, format_spec, None, name)?;
        let locale = num::format_spec::Locale::default();
        let rendered = num::format_spec::format_complex(&parsed, self.value(), &locale);
        format::finish(th, rendered, format_spec, name)
    }

    #[declare]
    fn members(builder: &mut crate::declare::TypeBuilder<'_>) {
        builder.member(
            c"real",
            abi::Py_T_DOUBLE,
            std::mem::offset_of!(Complex, real),
            abi::Py_READONLY,
            Some(c"the real part of a complex number"),
        );
        builder.member(
            c"imag",
            abi::Py_T_DOUBLE,
            std::mem::offset_of!(Complex, imag),
            abi::Py_READONLY,
            Some(c"the imaginary part of a complex number"),
        );
    }
}
