//! `math`: functions of real numbers.
//!
//! What needs more than a method of `f64` is in `num::math`. A NaN that no
//! argument explains is a `ValueError`, an infinity an `OverflowError`.

use macros::pymodule;
use num::{
    bigint, digits,
    math::{self as algorithms, ExactSum, FsumError, LogBase, MathError, SumProduct},
};
use object::{
    Args, AsObject, Float, Int, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple,
    error, id, protocol, raise, types,
};

#[cold]
fn range_error(th: Thread<'_>) -> Raised {
    error!(th, OverflowError, "math range error")
}

#[cold]
fn domain_error(th: Thread<'_>) -> Raised {
    error!(th, ValueError, "math domain error")
}

/// The error "expected …, got x".
#[cold]
fn expected(th: Thread<'_>, what: &str, x: f64) -> Raised {
    error!(th, ValueError, "expected {what}, got {}", num::float_text::repr(x))
}

const FINITE: &str = "a finite input";
const UNIT: &str = "a number in range from -1 up to 1";
const NONINTEGER: &str = "a noninteger or positive integer";

/// `result` of a function of `x` that cannot overflow.
fn bounded(th: Thread<'_>, x: f64, result: f64, domain: &str) -> Result<f64> {
    if result.is_nan() && !x.is_nan() || result.is_infinite() && x.is_finite() {
        return Err(expected(th, domain, x));
    }
    Ok(result)
}

/// `result` of a function of `x` that is defined everywhere but may overflow.
fn growing(th: Thread<'_>, x: f64, result: f64) -> Result<f64> {
    if result.is_infinite() && x.is_finite() {
        return Err(range_error(th));
    }
    Ok(result)
}

fn with_domain(
    th: Thread<'_>,
    x: f64,
    result: Result<f64, MathError>,
    domain: &str,
) -> Result<f64> {
    match result {
        Ok(value) => Ok(value),
        Err(MathError::Domain) => Err(expected(th, domain, x)),
        Err(MathError::Range) => Err(range_error(th)),
    }
}

fn plain(th: Thread<'_>, result: Result<f64, MathError>) -> Result<f64> {
    match result {
        Ok(value) => Ok(value),
        Err(MathError::Domain) => Err(domain_error(th)),
        Err(MathError::Range) => Err(range_error(th)),
    }
}

/// Call the method `name` of the type of an object, if it has one.
fn special(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    match object::protocol::generic::lookup_special(th, object, name)? {
        Some(method) => method.call(th, &[]).map(Some),
        None => Ok(None),
    }
}

/// A logarithm, of an int of any size or a float.
fn logarithm(th: Thread<'_>, x: Obj<'_>, base: LogBase) -> Result<f64> {
    if Int::is_int(x) {
        return match algorithms::log_int(&Int::to_bigint(x), base) {
            Ok(value) => Ok(value),
            Err(_) => raise!(th, ValueError, "expected a positive input"),
        };
    }
    let value = Float::as_f64(th, x)?;
    with_domain(th, value, algorithms::log(value, base), "a positive input")
}

/// A non-negative count that fits a machine integer.
fn non_negative(th: Thread<'_>, value: Obj<'_>, name: &str) -> Result<()> {
    if Int::sign(value) < 0 {
        raise!(th, ValueError, "{name} must be a non-negative integer");
    }
    Ok(())
}

fn factorial_of(th: Thread<'_>, n: Obj<'_>) -> Result<Ref> {
    let n = Int::index(th, n)?;
    if Int::sign(n.obj()) < 0 {
        raise!(th, ValueError, "factorial() not defined for negative values");
    }
    match Int::to_i64(n.obj()) {
        Some(n @ 0..=20) => Int::from_i64(th, (2..=n).product()),
        Some(n) => Int::from_bigint(th, &algorithms::factorial(n.unsigned_abs())),
        None => raise!(th, OverflowError, "factorial() argument should not exceed {}", i64::MAX),
    }
}

/// The coordinates of a point.
fn coordinates(th: Thread<'_>, point: Obj<'_>) -> Result<Vec<Ref>> {
    match point.downcast::<Tuple>() {
        Some(tuple) => Ok(tuple.items().iter().map(|item| item.own()).collect()),
        None => protocol::iter::collect(th, point),
    }
}

fn add(th: Thread<'_>, a: &Ref, b: &Ref) -> Result<Ref> {
    protocol::number::binary(th, protocol::number::ADD, a.obj(), b.obj())
}

/// The sum of products: machine ints as long as they fit, then floats in
/// triple precision, then whatever `*` and `+` say.
struct Products {
    total: Ref,
    ints: Option<i64>,
    ints_used: bool,
    floats: Option<SumProduct>,
    floats_used: bool,
}

impl Products {
    fn flush_ints(&mut self, th: Thread<'_>) -> Result<()> {
        let Some(sum) = self.ints.take() else { return Ok(()) };
        if self.ints_used {
            self.total = add(th, &self.total, &Int::from_i64(th, sum)?)?;
        }
        Ok(())
    }

    fn flush_floats(&mut self, th: Thread<'_>) -> Result<()> {
        let Some(sum) = self.floats.take() else { return Ok(()) };
        if self.floats_used {
            self.total = add(th, &self.total, &Float::from_f64(th, sum.value())?)?;
        }
        Ok(())
    }

    fn push(&mut self, th: Thread<'_>, p: &Ref, q: &Ref) -> Result<()> {
        if let Some(sum) = self.ints {
            if Int::is_exact(p.obj())
                && Int::is_exact(q.obj())
                && let (Some(x), Some(y)) = (Int::to_i64(p.obj()), Int::to_i64(q.obj()))
                && let Some(sum) = x.checked_mul(y).and_then(|product| sum.checked_add(product))
            {
                self.ints = Some(sum);
                self.ints_used = true;
                return Ok(());
            }
            self.flush_ints(th)?;
        }
        if let Some(sum) = self.floats {
            let one_float = p.obj().is_exact::<Float>() || q.obj().is_exact::<Float>();
            if one_float && let (Some(x), Some(y)) = (as_float(p.obj()), as_float(q.obj())) {
                let mut next = sum;
                next.add(x, y);
                if next.value().is_finite() {
                    self.floats = Some(next);
                    self.floats_used = true;
                    return Ok(());
                }
            }
            self.flush_floats(th)?;
        }
        let product = protocol::number::binary(th, protocol::number::MULTIPLY, p.obj(), q.obj())?;
        self.total = add(th, &self.total, &product)?;
        Ok(())
    }
}

fn as_float(object: Obj<'_>) -> Option<f64> {
    if let Some(float) = object.downcast_exact::<Float>() {
        return Some(float.value());
    }
    if !Int::is_exact(object) && !object.is_exact::<types::Bool>() {
        return None;
    }
    bigint::to_f64(&Int::to_bigint(object))
}

/// Fold the integers with a function.
fn fold(
    th: Thread<'_>,
    integers: Args<'_>,
    start: u64,
    machine: fn(u64, u64) -> Option<u64>,
    big: fn(&[u32], &[u32]) -> Vec<u32>,
) -> Result<Ref> {
    let mut small = Some(start);
    let mut total = Vec::new();
    for integer in integers {
        let value = Int::index(th, *integer)?;
        if let (Some(sum), Some(value)) = (small, Int::to_i64(value.obj()))
            && let Some(next) = machine(sum, value.unsigned_abs())
        {
            small = Some(next);
            continue;
        }
        if let Some(sum) = small.take() {
            let (digits, len) = digits::from_u64(sum);
            total.extend(digits.iter().take(len));
        }
        total = big(&total, Int::digits(value.obj()).magnitude());
    }
    match small {
        Some(sum) => Int::from_u64(th, sum),
        None => Int::from_digits(th, &total, false),
    }
}

fn gcd_u64(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// This module provides access to the mathematical functions
/// defined by the C standard.
#[pymodule]
pub mod math {
    use super::*;

    /// Return the arc cosine (measured in radians) of x.
    ///
    /// The result is between 0 and pi.
    #[sig = "(x, /)"]
    fn acos(th: Thread<'_>, x: f64) -> Result<f64> {
        bounded(th, x, x.acos(), UNIT)
    }

    /// Return the inverse hyperbolic cosine of x.
    #[sig = "(x, /)"]
    fn acosh(th: Thread<'_>, x: f64) -> Result<f64> {
        with_domain(th, x, algorithms::acosh(x), "argument value not less than 1")
    }

    /// Return the arc sine (measured in radians) of x.
    ///
    /// The result is between -pi/2 and pi/2.
    #[sig = "(x, /)"]
    fn asin(th: Thread<'_>, x: f64) -> Result<f64> {
        bounded(th, x, x.asin(), UNIT)
    }

    /// Return the inverse hyperbolic sine of x.
    #[sig = "(x, /)"]
    fn asinh(_: Thread<'_>, x: f64) -> f64 {
        algorithms::asinh(x)
    }

    /// Return the arc tangent (measured in radians) of x.
    ///
    /// The result is between -pi/2 and pi/2.
    #[sig = "(x, /)"]
    fn atan(_: Thread<'_>, x: f64) -> f64 {
        x.atan()
    }

    /// Return the arc tangent (measured in radians) of y/x.
    ///
    /// Unlike atan(y/x), the signs of both x and y are considered.
    #[sig = "(y, x, /)"]
    fn atan2(_: Thread<'_>, y: f64, x: f64) -> f64 {
        y.atan2(x)
    }

    /// Return the inverse hyperbolic tangent of x.
    #[sig = "(x, /)"]
    fn atanh(th: Thread<'_>, x: f64) -> Result<f64> {
        with_domain(th, x, algorithms::atanh(x), "a number between -1 and 1")
    }

    /// Return the cube root of x.
    #[sig = "(x, /)"]
    fn cbrt(_: Thread<'_>, x: f64) -> f64 {
        host::libm::cbrt(x)
    }

    /// Return the ceiling of x as an Integral.
    ///
    /// This is the smallest integer >= x.
    #[sig = "(x, /)"]
    fn ceil(th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        if Int::is_exact(x) {
            return Ok(x.own());
        }
        if !x.is_exact::<Float>()
            && let Some(value) = special(th, x, id!(th, "__ceil__"))?
        {
            return Ok(value);
        }
        Int::from_f64(th, Float::as_f64(th, x)?.ceil())
    }

    /// Number of ways to choose k items from n items without repetition and without order.
    ///
    /// Evaluates to n! / (k! * (n - k)!) when k <= n and evaluates
    /// to zero when k > n.
    ///
    /// Also called the binomial coefficient because it is equivalent
    /// to the coefficient of k-th term in polynomial expansion of the
    /// expression (1 + x)**n.
    ///
    /// Raises TypeError if either of the arguments are not integers.
    /// Raises ValueError if either of the arguments are negative.
    #[sig = "(n, k, /)"]
    fn comb(th: Thread<'_>, n: Obj<'_>, k: Obj<'_>) -> Result<Ref> {
        let (n, k) = (Int::index(th, n)?, Int::index(th, k)?);
        if let (Some(n), Some(k)) = (Int::to_u64(n.obj()), Int::to_u64(k.obj()))
            && let Some(value) = algorithms::comb_u64(n, k)
        {
            return Int::from_u64(th, value);
        }
        non_negative(th, n.obj(), "n")?;
        non_negative(th, k.obj(), "k")?;
        let (n, k) = (Int::to_bigint(n.obj()), Int::to_bigint(k.obj()));
        if k > n {
            return Int::from_i64(th, 0);
        }
        let rest = &n - &k;
        let least = if rest < k { rest } else { k };
        match i64::try_from(&least) {
            Ok(k) => Int::from_bigint(th, &algorithms::comb(&n, k.unsigned_abs())),
            Err(_) => raise!(th, OverflowError, "min(n - k, k) must not exceed {}", i64::MAX),
        }
    }

    /// Return a float with the magnitude (absolute value) of x but the sign of y.
    ///
    /// On platforms that support signed zeros, copysign(1.0, -0.0)
    /// returns -1.0.
    #[sig = "(x, y, /)"]
    fn copysign(_: Thread<'_>, x: f64, y: f64) -> f64 {
        x.copysign(y)
    }

    /// Return the cosine of x (measured in radians).
    #[sig = "(x, /)"]
    fn cos(th: Thread<'_>, x: f64) -> Result<f64> {
        bounded(th, x, x.cos(), FINITE)
    }

    /// Return the hyperbolic cosine of x.
    #[sig = "(x, /)"]
    fn cosh(th: Thread<'_>, x: f64) -> Result<f64> {
        growing(th, x, x.cosh())
    }

    /// Convert angle x from radians to degrees.
    #[sig = "(x, /)"]
    fn degrees(_: Thread<'_>, x: f64) -> f64 {
        x * (180.0 / std::f64::consts::PI)
    }

    /// Return the Euclidean distance between two points p and q.
    ///
    /// The points should be specified as sequences (or iterables) of
    /// coordinates.  Both inputs must have the same dimension.
    ///
    /// Roughly equivalent to:
    ///     sqrt(sum((px - qx) ** 2.0 for px, qx in zip(p, q)))
    #[sig = "(p, q, /)"]
    fn dist(th: Thread<'_>, p: Obj<'_>, q: Obj<'_>) -> Result<f64> {
        let (p, q) = (coordinates(th, p)?, coordinates(th, q)?);
        if p.len() != q.len() {
            raise!(th, ValueError, "both points must have the same number of dimensions");
        }
        let mut differences = Vec::with_capacity(p.len());
        for (x, y) in p.iter().zip(&q) {
            let (x, y) = (Float::as_f64(th, x.obj())?, Float::as_f64(th, y.obj())?);
            differences.push((x - y).abs());
        }
        Ok(algorithms::vector_norm(&differences))
    }

    /// Error function at x.
    #[sig = "(x, /)"]
    fn erf(_: Thread<'_>, x: f64) -> f64 {
        algorithms::erf(x)
    }

    /// Complementary error function at x.
    #[sig = "(x, /)"]
    fn erfc(_: Thread<'_>, x: f64) -> f64 {
        algorithms::erfc(x)
    }

    /// Return e raised to the power of x.
    #[sig = "(x, /)"]
    fn exp(th: Thread<'_>, x: f64) -> Result<f64> {
        growing(th, x, x.exp())
    }

    /// Return 2 raised to the power of x.
    #[sig = "(x, /)"]
    fn exp2(th: Thread<'_>, x: f64) -> Result<f64> {
        growing(th, x, x.exp2())
    }

    /// Return exp(x)-1.
    ///
    /// This function avoids the loss of precision involved in the direct
    /// evaluation of exp(x)-1 for small x.
    #[sig = "(x, /)"]
    fn expm1(th: Thread<'_>, x: f64) -> Result<f64> {
        growing(th, x, x.exp_m1())
    }

    /// Return the absolute value of the float x.
    #[sig = "(x, /)"]
    fn fabs(_: Thread<'_>, x: f64) -> f64 {
        x.abs()
    }

    /// Find n!.
    #[sig = "(n, /)"]
    fn factorial(th: Thread<'_>, n: Obj<'_>) -> Result<Ref> {
        factorial_of(th, n)
    }

    /// Return the floor of x as an Integral.
    ///
    /// This is the largest integer <= x.
    #[sig = "(x, /)"]
    fn floor(th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        if Int::is_exact(x) {
            return Ok(x.own());
        }
        if !x.is_exact::<Float>()
            && let Some(value) = special(th, x, id!(th, "__floor__"))?
        {
            return Ok(value);
        }
        Int::from_f64(th, Float::as_f64(th, x)?.floor())
    }

    /// Fused multiply-add operation.
    ///
    /// Compute (x * y) + z with a single round.
    #[sig = "(x, y, z, /)"]
    fn fma(th: Thread<'_>, x: f64, y: f64, z: f64) -> Result<f64> {
        match algorithms::fma(x, y, z) {
            Ok(value) => Ok(value),
            Err(MathError::Domain) => raise!(th, ValueError, "invalid operation in fma"),
            Err(MathError::Range) => raise!(th, OverflowError, "overflow in fma"),
        }
    }

    /// Return fmod(x, y), according to platform C.
    ///
    /// x % y may differ.
    #[sig = "(x, y, /)"]
    fn fmod(th: Thread<'_>, x: f64, y: f64) -> Result<f64> {
        plain(th, algorithms::fmod(x, y))
    }

    /// Return the mantissa and exponent of x, as pair (m, e).
    ///
    /// m is a float and e is an int, such that x = m * 2.**e.
    /// If x is 0, m and e are both 0.  Else 0.5 <= abs(m) < 1.0.
    #[sig = "(x, /)"]
    fn frexp(_: Thread<'_>, x: f64) -> (f64, i32) {
        algorithms::frexp(x)
    }

    /// Return an accurate floating-point sum of values in the iterable seq.
    ///
    /// Assumes IEEE-754 floating-point arithmetic.
    #[sig = "(seq, /)"]
    fn fsum(th: Thread<'_>, seq: Obj<'_>) -> Result<f64> {
        let failed = |failure| match failure {
            FsumError::Overflow => error!(th, OverflowError, "intermediate overflow in fsum"),
            FsumError::OppositeInfinities => error!(th, ValueError, "-inf + inf in fsum"),
        };
        let mut sum = ExactSum::default();
        protocol::iter::for_each(th, seq, |item| {
            sum.add(Float::as_f64(th, item.obj())?).map_err(failed)
        })?;
        sum.value().map_err(failed)
    }

    /// Gamma function at x.
    #[sig = "(x, /)"]
    fn gamma(th: Thread<'_>, x: f64) -> Result<f64> {
        with_domain(th, x, algorithms::gamma(x), NONINTEGER)
    }

    /// Greatest Common Divisor.
    #[sig = "($module, /, *integers)"]
    fn gcd(th: Thread<'_>, _module: &Module, integers: Args<'_>) -> Result<Ref> {
        fold(th, integers, 0, |a, b| Some(gcd_u64(a, b)), digits::gcd)
    }

    /// Multidimensional Euclidean distance from the origin to a point.
    ///
    /// Roughly equivalent to:
    ///     sqrt(sum(x**2 for x in coordinates))
    #[sig = "($module, /, *coordinates)"]
    fn hypot(th: Thread<'_>, _module: &Module, coordinates: Args<'_>) -> Result<f64> {
        let mut vector = Vec::with_capacity(coordinates.len());
        for coordinate in coordinates {
            vector.push(Float::as_f64(th, *coordinate)?);
        }
        Ok(algorithms::vector_norm(&vector))
    }

    /// Determine whether two floating-point numbers are close in value.
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
    /// -inf, inf and NaN behave similarly to the IEEE 754 Standard.  That
    /// is, NaN is not close to anything, even itself.  inf and -inf are
    /// only close to themselves.
    #[sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)"]
    fn isclose(th: Thread<'_>, a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> Result<bool> {
        if rel_tol < 0.0 || abs_tol < 0.0 {
            raise!(th, ValueError, "tolerances must be non-negative");
        }
        if a == b {
            return Ok(true);
        }
        if a.is_infinite() || b.is_infinite() {
            return Ok(false);
        }
        let difference = (b - a).abs();
        Ok(difference <= (rel_tol * b).abs()
            || difference <= (rel_tol * a).abs()
            || difference <= abs_tol)
    }

    /// Return True if x is neither an infinity nor a NaN, and False otherwise.
    #[sig = "(x, /)"]
    fn isfinite(_: Thread<'_>, x: f64) -> bool {
        x.is_finite()
    }

    /// Return True if x is a positive or negative infinity, and False otherwise.
    #[sig = "(x, /)"]
    fn isinf(_: Thread<'_>, x: f64) -> bool {
        x.is_infinite()
    }

    /// Return True if x is a NaN (not a number), and False otherwise.
    #[sig = "(x, /)"]
    fn isnan(_: Thread<'_>, x: f64) -> bool {
        x.is_nan()
    }

    /// Return the integer part of the square root of the input.
    #[sig = "(n, /)"]
    fn isqrt(th: Thread<'_>, n: Obj<'_>) -> Result<Ref> {
        let n = Int::index(th, n)?;
        if let Some(n) = Int::to_u64(n.obj()) {
            return Int::from_u64(th, n.isqrt());
        }
        match bigint::isqrt(&Int::to_bigint(n.obj())) {
            Some(root) => Int::from_bigint(th, &root),
            None => raise!(th, ValueError, "isqrt() argument must be nonnegative"),
        }
    }

    /// Least Common Multiple.
    #[sig = "($module, /, *integers)"]
    fn lcm(th: Thread<'_>, _module: &Module, integers: Args<'_>) -> Result<Ref> {
        let machine = |a: u64, b: u64| match gcd_u64(a, b) {
            0 => Some(0),
            divisor => (a / divisor).checked_mul(b),
        };
        fold(th, integers, 1, machine, bigint::lcm)
    }

    /// Return x * (2**i).
    ///
    /// This is essentially the inverse of frexp().
    #[sig = "(x, i, /)"]
    fn ldexp(th: Thread<'_>, x: f64, i: Obj<'_>) -> Result<f64> {
        if !Int::is_int(i) {
            raise!(th, TypeError, "Expected an int as second argument to ldexp.");
        }
        let exponent = Int::to_i64(i).unwrap_or(if Int::sign(i) < 0 { i64::MIN } else { i64::MAX });
        plain(th, algorithms::ldexp(x, exponent.clamp(-100_000, 100_000)))
    }

    /// Natural logarithm of absolute value of Gamma function at x.
    #[sig = "(x, /)"]
    fn lgamma(th: Thread<'_>, x: f64) -> Result<f64> {
        with_domain(th, x, algorithms::lgamma(x), NONINTEGER)
    }

    /// log(x, [base=math.e])
    /// Return the logarithm of x to the given base.
    ///
    /// If the base is not specified, returns the natural logarithm (base e) of x.
    #[no_signature]
    #[sig = "(*args)"]
    fn log(th: Thread<'_>, args: Args<'_>) -> Result<f64> {
        match args {
            [x] => logarithm(th, *x, LogBase::E),
            [x, base] => {
                let (numerator, denominator) =
                    (logarithm(th, *x, LogBase::E)?, logarithm(th, *base, LogBase::E)?);
                if denominator == 0.0 {
                    raise!(th, ZeroDivisionError, "division by zero");
                }
                Ok(numerator / denominator)
            }
            [] => raise!(th, TypeError, "log expected at least 1 argument, got 0"),
            _ => raise!(th, TypeError, "log expected at most 2 arguments, got {}", args.len()),
        }
    }

    /// Return the base 10 logarithm of x.
    #[sig = "(x, /)"]
    fn log10(th: Thread<'_>, x: Obj<'_>) -> Result<f64> {
        logarithm(th, x, LogBase::Ten)
    }

    /// Return the natural logarithm of 1+x (base e).
    ///
    /// The result is computed in a way which is accurate for x near zero.
    #[sig = "(x, /)"]
    fn log1p(th: Thread<'_>, x: f64) -> Result<f64> {
        if x <= -1.0 {
            let shown = num::float_text::repr(x);
            raise!(th, ValueError, "expected argument value > -1, got {shown}");
        }
        // The sign of a zero stays.
        Ok(if x == 0.0 { x } else { x.ln_1p() })
    }

    /// Return the base 2 logarithm of x.
    #[sig = "(x, /)"]
    fn log2(th: Thread<'_>, x: Obj<'_>) -> Result<f64> {
        logarithm(th, x, LogBase::Two)
    }

    /// Return the fractional and integer parts of x.
    ///
    /// Both results carry the sign of x and are floats.
    #[sig = "(x, /)"]
    fn modf(_: Thread<'_>, x: f64) -> (f64, f64) {
        algorithms::modf(x)
    }

    /// Return the floating-point value the given number of steps after x towards y.
    ///
    /// If steps is not specified or is None, it defaults to 1.
    ///
    /// Raises a TypeError, if x or y is not a double, or if steps is not an integer.
    /// Raises ValueError if steps is negative.
    #[sig = "(x, y, /, *, steps=None)"]
    fn nextafter(th: Thread<'_>, x: f64, y: f64, steps: Option<Obj<'_>>) -> Result<f64> {
        let Some(steps) = steps.filter(|steps| !steps.is_none()) else {
            return Ok(algorithms::nextafter_once(x, y));
        };
        let steps = Int::index(th, steps)?;
        non_negative(th, steps.obj(), "steps")?;
        Ok(algorithms::nextafter(x, y, Int::to_u64(steps.obj()).unwrap_or(u64::MAX)))
    }

    /// Number of ways to choose k items from n items without repetition and with order.
    ///
    /// Evaluates to n! / (n - k)! when k <= n and evaluates
    /// to zero when k > n.
    ///
    /// If k is not specified or is None, then k defaults to n
    /// and the function returns n!.
    ///
    /// Raises TypeError if either of the arguments are not integers.
    /// Raises ValueError if either of the arguments are negative.
    #[sig = "(n, k=None, /)"]
    fn perm(th: Thread<'_>, n: Obj<'_>, k: Option<Obj<'_>>) -> Result<Ref> {
        let Some(k) = k.filter(|k| !k.is_none()) else { return factorial_of(th, n) };
        let (n, k) = (Int::index(th, n)?, Int::index(th, k)?);
        non_negative(th, n.obj(), "n")?;
        non_negative(th, k.obj(), "k")?;
        if let (Some(n), Some(k)) = (Int::to_u64(n.obj()), Int::to_u64(k.obj()))
            && let Some(value) = algorithms::perm_u64(n, k)
        {
            return Int::from_u64(th, value);
        }
        if Int::compare(n.obj(), k.obj()).is_lt() {
            return Int::from_i64(th, 0);
        }
        match Int::to_i64(k.obj()) {
            Some(k) => {
                let value = algorithms::perm(&Int::to_bigint(n.obj()), k.unsigned_abs());
                Int::from_bigint(th, &value)
            }
            None => raise!(th, OverflowError, "k must not exceed {}", i64::MAX),
        }
    }

    /// Return x**y (x to the power of y).
    #[sig = "(x, y, /)"]
    #[name = "pow"]
    fn power(th: Thread<'_>, x: f64, y: f64) -> Result<f64> {
        let result = x.powf(y);
        if x.is_finite() && y.is_finite() {
            if result.is_nan() || result.is_infinite() && x == 0.0 {
                return Err(domain_error(th));
            }
            return growing(th, x, result);
        }
        Ok(result)
    }

    /// Calculate the product of all the elements in the input iterable.
    ///
    /// The default start value for the product is 1.
    ///
    /// When the iterable is empty, return the start value.  This function is
    /// intended specifically for use with numeric values and may reject
    /// non-numeric types.
    #[sig = "(iterable, /, *, start=1)"]
    fn prod(th: Thread<'_>, iterable: Obj<'_>, start: Option<Obj<'_>>) -> Result<Ref> {
        let mut product = match start {
            Some(start) => start.own(),
            None => Int::from_i64(th, 1)?,
        };
        protocol::iter::for_each(th, iterable, |item| {
            let multiply = protocol::number::MULTIPLY;
            product = protocol::number::binary(th, multiply, product.obj(), item.obj())?;
            Ok(())
        })?;
        Ok(product)
    }

    /// Convert angle x from degrees to radians.
    #[sig = "(x, /)"]
    fn radians(_: Thread<'_>, x: f64) -> f64 {
        x * (std::f64::consts::PI / 180.0)
    }

    /// Difference between x and the closest integer multiple of y.
    ///
    /// Return x - n*y where n*y is the closest integer multiple of y.
    /// In the case where x is exactly halfway between two multiples of
    /// y, the nearest even value of n is used. The result is always exact.
    #[sig = "(x, y, /)"]
    fn remainder(th: Thread<'_>, x: f64, y: f64) -> Result<f64> {
        plain(th, algorithms::remainder(x, y))
    }

    /// Return the sine of x (measured in radians).
    #[sig = "(x, /)"]
    fn sin(th: Thread<'_>, x: f64) -> Result<f64> {
        bounded(th, x, x.sin(), FINITE)
    }

    /// Return the hyperbolic sine of x.
    #[sig = "(x, /)"]
    fn sinh(th: Thread<'_>, x: f64) -> Result<f64> {
        growing(th, x, x.sinh())
    }

    /// Return the square root of x.
    #[sig = "(x, /)"]
    fn sqrt(th: Thread<'_>, x: f64) -> Result<f64> {
        bounded(th, x, x.sqrt(), "a nonnegative input")
    }

    /// Return the sum of products of values from two iterables p and q.
    ///
    /// Roughly equivalent to:
    ///
    ///     sum(map(operator.mul, p, q, strict=True))
    ///
    /// For float and mixed int/float inputs, the intermediate products
    /// and sums are computed with extended precision.
    #[sig = "(p, q, /)"]
    fn sumprod(th: Thread<'_>, p: Obj<'_>, q: Obj<'_>) -> Result<Ref> {
        let (p, q) = (p.iter(th)?, q.iter(th)?);
        let mut products = Products {
            total: Int::from_i64(th, 0)?,
            ints: Some(0),
            ints_used: false,
            floats: Some(SumProduct::default()),
            floats_used: false,
        };
        loop {
            let (x, y) = (p.next(th)?, q.next(th)?);
            match (x, y) {
                (Some(x), Some(y)) => products.push(th, &x, &y)?,
                (None, None) => break,
                _ => raise!(th, ValueError, "Inputs are not the same length"),
            }
        }
        products.flush_ints(th)?;
        products.flush_floats(th)?;
        Ok(products.total)
    }

    /// Return the tangent of x (measured in radians).
    #[sig = "(x, /)"]
    fn tan(th: Thread<'_>, x: f64) -> Result<f64> {
        bounded(th, x, x.tan(), FINITE)
    }

    /// Return the hyperbolic tangent of x.
    #[sig = "(x, /)"]
    fn tanh(_: Thread<'_>, x: f64) -> f64 {
        x.tanh()
    }

    /// Truncates the Real x to the nearest Integral toward 0.
    ///
    /// Uses the __trunc__ magic method.
    #[sig = "(x, /)"]
    fn trunc(th: Thread<'_>, x: Obj<'_>) -> Result<Ref> {
        if let Some(float) = x.downcast_exact::<Float>() {
            return Int::from_f64(th, float.value());
        }
        match special(th, x, id!(th, "__trunc__"))? {
            Some(value) => Ok(value),
            None => {
                raise!(th, TypeError, "type {} doesn't define __trunc__ method", x.type_name())
            }
        }
    }

    /// Return the value of the least significant bit of the float x.
    #[sig = "(x, /)"]
    fn ulp(_: Thread<'_>, x: f64) -> f64 {
        algorithms::ulp(x)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let constants = [
            ("pi", std::f64::consts::PI),
            ("e", std::f64::consts::E),
            ("tau", std::f64::consts::TAU),
            ("inf", f64::INFINITY),
            ("nan", f64::NAN),
        ];
        for (name, value) in constants {
            module.set(th, name, Float::from_f64(th, value)?.obj())?;
        }
        Ok(())
    }
}
