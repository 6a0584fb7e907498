//! `cmath`: functions of complex numbers.
//!
//! Finite arguments go through formulas that avoid cancellation and overflow
//! (Kahan's "Much ado about nothing's sign bit"); for the others the values are
//! those of C's Annex G. An infinity from finite parts is an overflow.

use macros::pymodule;
use num::{
    complex::{Complex, complex},
    math as real,
};
use object::{Float, Module, Obj, Ref, Result, Thread, raise, types};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, LN_10, PI};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;
/// A quarter of the largest float.
const LARGE: f64 = f64::MAX / 4.0;
/// `ln(LARGE)`.
const LOG_LARGE: f64 = 708.396_418_532_264_1;

/// Why there is no result.
enum Failure {
    Domain,
    Range,
}

type Outcome = Result<Complex, Failure>;

fn is_finite(z: Complex) -> bool {
    z.real.is_finite() && z.imag.is_finite()
}

/// The result of a formula for finite arguments.
fn finite_result(z: Complex) -> Outcome {
    if z.real.is_infinite() || z.imag.is_infinite() { Err(Failure::Range) } else { Ok(z) }
}

fn raise_or<T>(th: Thread<'_>, outcome: Result<T, Failure>) -> Result<T> {
    match outcome {
        Ok(value) => Ok(value),
        Err(Failure::Domain) => raise!(th, ValueError, "math domain error"),
        Err(Failure::Range) => raise!(th, OverflowError, "math range error"),
    }
}

fn neg(z: Complex) -> Complex {
    complex(-z.real, -z.imag)
}

/// `i * z`.
fn times_i(z: Complex) -> Complex {
    complex(-z.imag, z.real)
}

/// `-i * z`.
fn over_i(z: Complex) -> Complex {
    complex(z.imag, -z.real)
}

fn is_large(z: Complex) -> bool {
    z.real.abs() > LARGE || z.imag.abs() > LARGE
}

/// `ln(2|z|)` of a large number.
fn log_of_double(z: Complex) -> f64 {
    (z.real / 2.0).hypot(z.imag / 2.0).ln() + LN_2 * 2.0
}

fn sqrt(z: Complex) -> Complex {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if y.is_infinite() {
            return complex(INF, y);
        }
        return match (x.is_infinite(), x > 0.0) {
            (true, true) if y.is_nan() => complex(INF, NAN),
            (true, true) => complex(INF, 0f64.copysign(y)),
            (true, false) if y.is_nan() => complex(NAN, INF),
            (true, false) => complex(0.0, INF.copysign(y)),
            _ => complex(NAN, NAN),
        };
    }
    if x == 0.0 && y == 0.0 {
        return complex(0.0, y);
    }
    let (mut ax, ay) = (x.abs(), y.abs());
    let scale = |x: f64, exponent: i64| real::ldexp(x, exponent).unwrap_or(INF);
    let s = if ax < f64::MIN_POSITIVE && ay < f64::MIN_POSITIVE {
        ax = scale(ax, 53);
        scale((ax + ax.hypot(scale(ay, 53))).sqrt(), -27)
    } else {
        ax /= 8.0;
        2.0 * (ax + ax.hypot(ay / 8.0)).sqrt()
    };
    let d = ay / (2.0 * s);
    if x >= 0.0 { complex(s, d.copysign(y)) } else { complex(d, s.copysign(y)) }
}

fn acos(z: Complex) -> Complex {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if y.is_infinite() {
            let real = match () {
                () if x.is_nan() => NAN,
                () if x == -INF => 3.0 * FRAC_PI_4,
                () if x == INF => FRAC_PI_4,
                () => FRAC_PI_2,
            };
            return complex(real, -y);
        }
        if x.is_infinite() {
            if y.is_nan() {
                return complex(NAN, INF);
            }
            return complex(if x < 0.0 { PI } else { 0.0 }, (-INF).copysign(-y));
        }
        return complex(if x == 0.0 { FRAC_PI_2 } else { NAN }, NAN);
    }
    if is_large(z) {
        return complex(y.abs().atan2(x), log_of_double(z).copysign(-y));
    }
    let s1 = sqrt(complex(1.0 - x, -y));
    let s2 = sqrt(complex(1.0 + x, y));
    complex(2.0 * s1.real.atan2(s2.real), real::asinh(s2.real * s1.imag - s2.imag * s1.real))
}

fn acosh(z: Complex) -> Complex {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if y.is_infinite() {
            let angle = match () {
                () if x.is_nan() => return complex(INF, NAN),
                () if x == -INF => 3.0 * FRAC_PI_4,
                () if x == INF => FRAC_PI_4,
                () => FRAC_PI_2,
            };
            return complex(INF, angle.copysign(y));
        }
        if x.is_infinite() {
            if y.is_nan() {
                return complex(INF, NAN);
            }
            return complex(INF, (if x < 0.0 { PI } else { 0.0 }).copysign(y));
        }
        return complex(NAN, if x == 0.0 { FRAC_PI_2 } else { NAN });
    }
    if is_large(z) {
        return complex(log_of_double(z), y.atan2(x));
    }
    let s1 = sqrt(complex(x - 1.0, y));
    let s2 = sqrt(complex(x + 1.0, y));
    complex(real::asinh(s1.real * s2.real + s1.imag * s2.imag), 2.0 * s1.imag.atan2(s2.real))
}

fn asinh(z: Complex) -> Complex {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if y.is_infinite() {
            return match () {
                () if x.is_nan() => complex(INF, NAN),
                () if x.is_infinite() => complex(x, FRAC_PI_4.copysign(y)),
                () => complex(INF.copysign(x), FRAC_PI_2.copysign(y)),
            };
        }
        if x.is_infinite() {
            return complex(x, if y.is_nan() { NAN } else { 0f64.copysign(y) });
        }
        return complex(NAN, if y == 0.0 { y } else { NAN });
    }
    if is_large(z) {
        return complex(log_of_double(z).copysign(x), y.atan2(x.abs()));
    }
    let s1 = sqrt(complex(1.0 + y, -x));
    let s2 = sqrt(complex(1.0 - y, x));
    complex(
        real::asinh(s1.real * s2.imag - s2.real * s1.imag),
        y.atan2(s1.real * s2.real - s1.imag * s2.imag),
    )
}

fn atanh(z: Complex) -> Outcome {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        let zero = if x.is_nan() { 0.0 } else { 0f64.copysign(x) };
        if y.is_infinite() {
            return Ok(complex(zero, FRAC_PI_2.copysign(y)));
        }
        if x.is_infinite() {
            return Ok(complex(zero, if y.is_nan() { NAN } else { FRAC_PI_2.copysign(y) }));
        }
        return Ok(complex(if x == 0.0 { x } else { NAN }, NAN));
    }
    if x.is_sign_negative() {
        return atanh(neg(z)).map(neg);
    }
    let ay = y.abs();
    if x > LARGE.sqrt() || ay > LARGE.sqrt() {
        // 1/z is as good as exact.
        let h = (x / 2.0).hypot(y / 2.0);
        return Ok(complex(x / 4.0 / h / h, FRAC_PI_2.copysign(y)));
    }
    if x == 1.0 && ay < f64::MIN_POSITIVE.sqrt() {
        if ay == 0.0 {
            return Err(Failure::Domain);
        }
        return Ok(complex(
            -(ay.sqrt() / ay.hypot(2.0).sqrt()).ln(),
            (2f64.atan2(-ay) / 2.0).copysign(y),
        ));
    }
    let real = (4.0 * x / ((1.0 - x) * (1.0 - x) + ay * ay)).ln_1p() / 4.0;
    let imag = -(-2.0 * y).atan2((1.0 - x) * (1.0 + x) - ay * ay) / 2.0;
    Ok(complex(real, imag))
}

fn cosh(z: Complex) -> Outcome {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if y.is_infinite() && !x.is_nan() {
            return Err(Failure::Domain);
        }
        return Ok(if x.is_infinite() {
            let sign = 1f64.copysign(x);
            match () {
                () if y.is_nan() => complex(INF, NAN),
                () if y == 0.0 => complex(INF, y * sign),
                () => complex(INF.copysign(y.cos()), INF.copysign(y.sin()) * sign),
            }
        } else if x.is_nan() {
            complex(NAN, if y == 0.0 { 0.0 } else { NAN })
        } else {
            complex(NAN, if x == 0.0 { 0.0 } else { NAN })
        });
    }
    if x.abs() > LOG_LARGE {
        let less = x - 1f64.copysign(x);
        let e = std::f64::consts::E;
        return finite_result(complex(y.cos() * less.cosh() * e, y.sin() * less.sinh() * e));
    }
    finite_result(complex(y.cos() * x.cosh(), y.sin() * x.sinh()))
}

fn sinh(z: Complex) -> Outcome {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if y.is_infinite() && !x.is_nan() {
            return Err(Failure::Domain);
        }
        return Ok(if x.is_infinite() {
            match () {
                () if y.is_nan() => complex(INF, NAN),
                () if y == 0.0 => complex(x, y),
                () => complex(x.copysign(y.cos()) * 1f64.copysign(x), INF.copysign(y.sin())),
            }
        } else if x.is_nan() {
            complex(NAN, if y == 0.0 { y } else { NAN })
        } else {
            complex(if x == 0.0 { x.abs() } else { NAN }, NAN)
        });
    }
    if x.abs() > LOG_LARGE {
        let less = x - 1f64.copysign(x);
        let e = std::f64::consts::E;
        return finite_result(complex(y.cos() * less.sinh() * e, y.sin() * less.cosh() * e));
    }
    finite_result(complex(y.cos() * x.sinh(), y.sin() * x.cosh()))
}

fn tanh(z: Complex) -> Outcome {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if y.is_infinite() && x.is_finite() {
            return Err(Failure::Domain);
        }
        return Ok(if x.is_infinite() {
            let imag = match () {
                () if y == 0.0 => y,
                () if y.is_finite() => 0f64.copysign(2.0 * y.sin() * y.cos()),
                () => 0.0,
            };
            complex(1f64.copysign(x), imag)
        } else if x.is_nan() {
            complex(NAN, if y == 0.0 { y } else { NAN })
        } else {
            complex(if x == 0.0 { x } else { NAN }, NAN)
        });
    }
    if x.abs() > LOG_LARGE {
        let imag = 4.0 * y.sin() * y.cos() * (-2.0 * x.abs()).exp();
        return Ok(complex(1f64.copysign(x), imag));
    }
    let (tx, ty) = (x.tanh(), y.tan());
    let cx = 1.0 / x.cosh();
    let both = tx * ty;
    let denominator = 1.0 + both * both;
    Ok(complex(tx * (1.0 + ty * ty) / denominator, ((ty / denominator) * cx) * cx))
}

fn exp(z: Complex) -> Outcome {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if y.is_infinite() && (x.is_finite() || x == INF) {
            return Err(Failure::Domain);
        }
        return Ok(if x == INF {
            match () {
                () if y == 0.0 => complex(INF, y),
                () if y.is_finite() => complex(INF.copysign(y.cos()), INF.copysign(y.sin())),
                () => complex(INF, NAN),
            }
        } else if x == -INF {
            match () {
                () if y == 0.0 => complex(0.0, y),
                () if y.is_finite() => complex(0f64.copysign(y.cos()), 0f64.copysign(y.sin())),
                () => complex(0.0, 0.0),
            }
        } else {
            complex(NAN, if x.is_nan() && y == 0.0 { y } else { NAN })
        });
    }
    if x > LOG_LARGE {
        let less = (x - 1.0).exp();
        let e = std::f64::consts::E;
        return finite_result(complex(less * y.cos() * e, less * y.sin() * e));
    }
    let length = x.exp();
    finite_result(complex(length * y.cos(), length * y.sin()))
}

fn log(z: Complex) -> Outcome {
    let Complex { real: x, imag: y } = z;
    if !is_finite(z) {
        if !x.is_infinite() && !y.is_infinite() {
            return Ok(complex(NAN, NAN));
        }
        let angle = if x.is_nan() || y.is_nan() { NAN } else { y.atan2(x) };
        return Ok(complex(INF, angle));
    }
    let (ax, ay) = (x.abs(), y.abs());
    let length = if ax > LARGE || ay > LARGE {
        (ax / 2.0).hypot(ay / 2.0).ln() + LN_2
    } else if ax < f64::MIN_POSITIVE && ay < f64::MIN_POSITIVE {
        if ax == 0.0 && ay == 0.0 {
            return Err(Failure::Domain);
        }
        let scale = |x: f64| real::ldexp(x, 53).unwrap_or(INF);
        scale(ax).hypot(scale(ay)).ln() - 53.0 * LN_2
    } else {
        let h = ax.hypot(ay);
        if (0.71..=1.73).contains(&h) {
            let (most, least) = if ax > ay { (ax, ay) } else { (ay, ax) };
            ((most - 1.0) * (most + 1.0) + least * least).ln_1p() / 2.0
        } else {
            h.ln()
        }
    };
    Ok(complex(length, y.atan2(x)))
}

/// The argument of a complex number.
fn angle(z: Complex) -> f64 {
    if z.real.is_nan() || z.imag.is_nan() { NAN } else { z.imag.atan2(z.real) }
}

fn length(z: Complex) -> Result<f64, Failure> {
    num::complex::abs(z).ok_or(Failure::Range)
}

fn rect_of(r: f64, phi: f64) -> Outcome {
    if r.is_finite() && phi.is_finite() {
        return Ok(complex(r * phi.cos(), r * phi.sin()));
    }
    if phi.is_infinite() && r != 0.0 && !r.is_nan() {
        return Err(Failure::Domain);
    }
    if r.is_infinite() && phi.is_finite() {
        if phi == 0.0 {
            return Ok(complex(r, phi * 1f64.copysign(r)));
        }
        let sign = 1f64.copysign(r);
        return Ok(complex(INF.copysign(phi.cos()) * sign, INF.copysign(phi.sin()) * sign));
    }
    Ok(match () {
        () if r == 0.0 => complex(0.0, 0.0),
        () if r.is_infinite() => complex(INF, NAN),
        () if r.is_nan() && phi == 0.0 => complex(NAN, 0.0),
        () => complex(NAN, NAN),
    })
}

/// The argument as a complex number.
fn arg(th: Thread<'_>, z: Obj<'_>) -> Result<Complex> {
    types::Complex::from_object(th, z)
}

fn result(th: Thread<'_>, outcome: Outcome) -> Result<Ref> {
    types::Complex::new(th, raise_or(th, outcome)?).map(Ref::upcast)
}

/// This module provides access to mathematical functions for complex
/// numbers.
#[pymodule]
pub mod cmath {
    use super::*;

    /// Return the arc cosine of z.
    #[sig = "(z, /)"]
    #[name = "acos"]
    fn acos_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, Ok(acos(arg(th, z)?)))
    }

    /// Return the inverse hyperbolic cosine of z.
    #[sig = "(z, /)"]
    #[name = "acosh"]
    fn acosh_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, Ok(acosh(arg(th, z)?)))
    }

    /// Return the arc sine of z.
    #[sig = "(z, /)"]
    #[name = "asin"]
    fn asin_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, Ok(over_i(asinh(times_i(arg(th, z)?)))))
    }

    /// Return the inverse hyperbolic sine of z.
    #[sig = "(z, /)"]
    #[name = "asinh"]
    fn asinh_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, Ok(asinh(arg(th, z)?)))
    }

    /// Return the arc tangent of z.
    #[sig = "(z, /)"]
    #[name = "atan"]
    fn atan_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, atanh(times_i(arg(th, z)?)).map(over_i))
    }

    /// Return the inverse hyperbolic tangent of z.
    #[sig = "(z, /)"]
    #[name = "atanh"]
    fn atanh_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, atanh(arg(th, z)?))
    }

    /// Return the cosine of z.
    #[sig = "(z, /)"]
    #[name = "cos"]
    fn cos_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, cosh(times_i(arg(th, z)?)))
    }

    /// Return the hyperbolic cosine of z.
    #[sig = "(z, /)"]
    #[name = "cosh"]
    fn cosh_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, cosh(arg(th, z)?))
    }

    /// Return the exponential value e**z.
    #[sig = "(z, /)"]
    #[name = "exp"]
    fn exp_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, exp(arg(th, z)?))
    }

    /// Determine whether two complex numbers are close in value.
    ///
    ///   rel_tol
    ///     maximum difference for being considered "close", relative to the
    ///     magnitude of the input values
    ///   abs_tol
    ///     maximum difference for being considered "close", regardless of the
    ///     magnitude of the input values
    ///
    /// Return True if a is close in value to b, and False otherwise.
    ///
    /// -inf, inf and NaN behave similarly to the IEEE 754 Standard. That is, NaN is
    /// not close to anything, even itself. inf and -inf are only close to themselves.
    #[sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)"]
    fn isclose(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, rel_tol: f64, abs_tol: f64) -> Result<bool> {
        let (a, b) = (arg(th, a)?, arg(th, b)?);
        if rel_tol < 0.0 || abs_tol < 0.0 {
            raise!(th, ValueError, "tolerances must be non-negative");
        }
        if a == b {
            return Ok(true);
        }
        if [a.real, a.imag, b.real, b.imag].iter().any(|part| part.is_infinite()) {
            return Ok(false);
        }
        let size = |z: Complex| z.real.hypot(z.imag);
        let difference = size(num::complex::sub(a, b));
        Ok(difference <= rel_tol * size(b)
            || difference <= rel_tol * size(a)
            || difference <= abs_tol)
    }

    /// Return True if both the real and imaginary parts of z are finite, else False.
    #[sig = "(z, /)"]
    fn isfinite(th: Thread<'_>, z: Obj<'_>) -> Result<bool> {
        Ok(is_finite(arg(th, z)?))
    }

    /// Checks if the real or imaginary part of z is infinite.
    #[sig = "(z, /)"]
    fn isinf(th: Thread<'_>, z: Obj<'_>) -> Result<bool> {
        let z = arg(th, z)?;
        Ok(z.real.is_infinite() || z.imag.is_infinite())
    }

    /// Checks if the real or imaginary part of z not a number (NaN).
    #[sig = "(z, /)"]
    fn isnan(th: Thread<'_>, z: Obj<'_>) -> Result<bool> {
        let z = arg(th, z)?;
        Ok(z.real.is_nan() || z.imag.is_nan())
    }

    /// log(z[, base]) -> the logarithm of z to the given base.
    ///
    /// If the base is not specified, returns the natural logarithm (base e) of z.
    #[sig = "(z, base=<unrepresentable>, /)"]
    #[name = "log"]
    fn log_python(th: Thread<'_>, z: Obj<'_>, base: Option<Obj<'_>>) -> Result<Ref> {
        let z = arg(th, z)?;
        let Some(base) = base else { return result(th, log(z)) };
        let base = arg(th, base)?;
        let (numerator, denominator) = (raise_or(th, log(z))?, raise_or(th, log(base))?);
        let quotient = num::complex::div(numerator, denominator).map_err(|_| Failure::Domain);
        result(th, quotient)
    }

    /// Return the base-10 logarithm of z.
    #[sig = "(z, /)"]
    fn log10(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        let z = arg(th, z)?;
        result(th, log(z).map(|z| complex(z.real / LN_10, z.imag / LN_10)))
    }

    /// Return argument, also known as the phase angle, of a complex.
    #[sig = "(z, /)"]
    fn phase(th: Thread<'_>, z: Obj<'_>) -> Result<f64> {
        Ok(angle(arg(th, z)?))
    }

    /// Convert a complex from rectangular coordinates to polar coordinates.
    ///
    /// r is the distance from 0 and phi the phase angle.
    #[sig = "(z, /)"]
    fn polar(th: Thread<'_>, z: Obj<'_>) -> Result<(f64, f64)> {
        let z = arg(th, z)?;
        Ok((raise_or(th, length(z))?, angle(z)))
    }

    /// Convert from polar coordinates to rectangular coordinates.
    #[sig = "(r, phi, /)"]
    fn rect(th: Thread<'_>, r: f64, phi: f64) -> Result<Ref> {
        result(th, rect_of(r, phi))
    }

    /// Return the sine of z.
    #[sig = "(z, /)"]
    #[name = "sin"]
    fn sin_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, sinh(times_i(arg(th, z)?)).map(over_i))
    }

    /// Return the hyperbolic sine of z.
    #[sig = "(z, /)"]
    #[name = "sinh"]
    fn sinh_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, sinh(arg(th, z)?))
    }

    /// Return the square root of z.
    #[sig = "(z, /)"]
    #[name = "sqrt"]
    fn sqrt_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, Ok(sqrt(arg(th, z)?)))
    }

    /// Return the tangent of z.
    #[sig = "(z, /)"]
    #[name = "tan"]
    fn tan_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, tanh(times_i(arg(th, z)?)).map(over_i))
    }

    /// Return the hyperbolic tangent of z.
    #[sig = "(z, /)"]
    #[name = "tanh"]
    fn tanh_python(th: Thread<'_>, z: Obj<'_>) -> Result<Ref> {
        result(th, tanh(arg(th, z)?))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        use object::AsObject;
        let reals = [
            ("pi", PI),
            ("e", std::f64::consts::E),
            ("tau", std::f64::consts::TAU),
            ("inf", INF),
            ("nan", NAN),
        ];
        for (name, value) in reals {
            module.set(th, name, Float::from_f64(th, value)?.obj())?;
        }
        for (name, value) in [("infj", INF), ("nanj", NAN)] {
            let value = types::Complex::new(th, complex(0.0, value))?;
            module.set(th, name, value.obj())?;
        }
        Ok(())
    }
}
