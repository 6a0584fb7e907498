//! `complexobject.h`: `complex`, and its arithmetic on plain C values.
//!
//! What cannot be computed is told by `errno`, as of a function of libm.

use abi::Py_complex;
use macros::capi;
use num::complex::{self as arithmetic, Complex, PowError};
use object::{Obj, Ref, Result, Thread, types};

use crate::abstract_::present;

fn from_c(value: Py_complex) -> Complex {
    Complex { real: value.real, imag: value.imag }
}

fn to_c(value: Complex) -> Py_complex {
    Py_complex { real: value.real, imag: value.imag }
}

/// A value; zero or infinity with `errno` set.
fn checked(result: std::result::Result<Complex, i32>) -> Py_complex {
    match result {
        Ok(value) => to_c(value),
        Err(errno) => {
            host::call::set_errno(errno);
            let value = if errno == libc::ERANGE { f64::INFINITY } else { 0.0 };
            Py_complex { real: value, imag: value }
        }
    }
}

#[capi]
fn PyComplex_FromDoubles(th: Thread<'_>, real: f64, imag: f64) -> Result<Ref<types::Complex>> {
    types::Complex::new(th, Complex { real, imag })
}

#[capi]
fn PyComplex_FromCComplex(th: Thread<'_>, value: Py_complex) -> Result<Ref<types::Complex>> {
    types::Complex::new(th, from_c(value))
}

#[capi]
fn PyComplex_AsCComplex(th: Thread<'_>, object: Option<Obj<'_>>) -> Py_complex {
    match present(th, object).and_then(|object| types::Complex::from_object(th, object)) {
        Ok(value) => to_c(value),
        Err(_) => Py_complex { real: -1.0, imag: 0.0 },
    }
}

#[capi]
fn PyComplex_RealAsDouble(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<f64> {
    types::Complex::from_object(th, present(th, object)?).map(|value| value.real)
}

#[capi]
fn PyComplex_ImagAsDouble(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<f64> {
    types::Complex::from_object(th, present(th, object)?).map(|value| value.imag)
}

macro_rules! operations {
    ($($name:ident($($arg:ident: $ty:ty),*) = $body:expr;)*) => { $(
        #[capi]
        fn $name($($arg: $ty),*) -> Py_complex {
            checked($body)
        }
    )* };
}

operations! {
    _Py_c_sum(a: Py_complex, b: Py_complex) = Ok(arithmetic::add(from_c(a), from_c(b)));
    _Py_cr_sum(a: Py_complex, b: f64) = Ok(arithmetic::add_real(from_c(a), b));
    _Py_c_diff(a: Py_complex, b: Py_complex) = Ok(arithmetic::sub(from_c(a), from_c(b)));
    _Py_cr_diff(a: Py_complex, b: f64) = Ok(arithmetic::sub_real(from_c(a), b));
    _Py_rc_diff(a: f64, b: Py_complex) = Ok(arithmetic::real_sub(a, from_c(b)));
    _Py_c_neg(a: Py_complex) = Ok(arithmetic::neg(from_c(a)));
    _Py_c_prod(a: Py_complex, b: Py_complex) = Ok(arithmetic::mul(from_c(a), from_c(b)));
    _Py_cr_prod(a: Py_complex, b: f64) = Ok(arithmetic::mul_real(from_c(a), b));
    _Py_c_quot(a: Py_complex, b: Py_complex) =
        arithmetic::div(from_c(a), from_c(b)).map_err(|_| libc::EDOM);
    _Py_cr_quot(a: Py_complex, b: f64) =
        arithmetic::div_real(from_c(a), b).map_err(|_| libc::EDOM);
    _Py_rc_quot(a: f64, b: Py_complex) =
        arithmetic::real_div(a, from_c(b)).map_err(|_| libc::EDOM);
    _Py_c_pow(a: Py_complex, b: Py_complex) =
        arithmetic::pow(from_c(a), from_c(b)).map_err(|error| match error {
            PowError::ZeroToNegative => libc::EDOM,
            PowError::Overflow => libc::ERANGE,
        });
}

/// Sets `errno` whatever it finds.
#[capi]
fn _Py_c_abs(value: Py_complex) -> f64 {
    let found = arithmetic::abs(from_c(value));
    host::call::set_errno(if found.is_some() { 0 } else { libc::ERANGE });
    found.unwrap_or(f64::INFINITY)
}
