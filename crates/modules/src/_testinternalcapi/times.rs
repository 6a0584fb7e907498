//! Conversions between units of time, with the rounding asked for.

use object::{AsObject, Float, Int, Obj, Result, Thread, error, raise};

use crate::support::{self, Round};

/// Nanoseconds.
pub(super) const SECOND: i64 = 1_000_000_000;

/// `_PyTime_round_t`.
pub(super) fn round(th: Thread<'_>, number: i32) -> Result<Round> {
    match number {
        0 => Ok(Round::Floor),
        1 => Ok(Round::Ceiling),
        2 => Ok(Round::HalfEven),
        3 => Ok(Round::Up),
        _ => raise!(th, ValueError, "invalid rounding"),
    }
}

/// Nanoseconds given as an `int`.
fn nanoseconds(th: Thread<'_>, t: Obj<'_>) -> Result<i64> {
    if !Int::is_int(t) {
        raise!(th, TypeError, "expect int, got {}", t.type_name());
    }
    match Int::to_i64(t) {
        Some(ns) => Ok(ns),
        None => raise!(th, OverflowError, "timestamp out of range for C PyTime_t"),
    }
}

/// Nanoseconds in units of `unit` nanoseconds.
pub(super) fn in_units(th: Thread<'_>, t: Obj<'_>, unit: i64, number: i32) -> Result<i64> {
    Ok(round(th, number)?.divide(nanoseconds(th, t)?, unit))
}

/// Nanoseconds as seconds and microseconds.
pub(super) fn timeval(th: Thread<'_>, t: Obj<'_>, number: i32) -> Result<(i64, i64)> {
    let us = in_units(th, t, 1000, number)?;
    Ok((us.div_euclid(1_000_000), us.rem_euclid(1_000_000)))
}

/// Nanoseconds as seconds and nanoseconds.
pub(super) fn timespec(th: Thread<'_>, t: Obj<'_>) -> Result<(i64, i64)> {
    let ns = nanoseconds(th, t)?;
    Ok((ns.div_euclid(SECOND), ns.rem_euclid(SECOND)))
}

/// A Python number; what is no `float` must be an integer.
enum Number {
    Float(f64),
    Int(i64),
}

fn number(th: Thread<'_>, object: Obj<'_>) -> Result<Number> {
    if let Some(float) = object.downcast::<Float>() {
        if float.value().is_nan() {
            raise!(th, ValueError, "Invalid value NaN (not a number)");
        }
        return Ok(Number::Float(float.value()));
    }
    if !Int::is_index(object) {
        raise!(th, TypeError, "argument must be int or float, not {}", object.type_name());
    }
    let index = Int::index(th, object)?;
    match Int::to_i64(index.obj()) {
        Some(seconds) => Ok(Number::Int(seconds)),
        None => Err(out_of_range(th)),
    }
}

fn out_of_range(th: Thread<'_>) -> object::Raised {
    error!(th, OverflowError, "timestamp out of range for platform time_t")
}

fn to_seconds(th: Thread<'_>, seconds: f64) -> Result<i64> {
    match support::whole(seconds) {
        Some(seconds) => Ok(seconds),
        None => Err(out_of_range(th)),
    }
}

/// A Python number as whole seconds.
pub(super) fn whole_seconds(th: Thread<'_>, object: Obj<'_>, rounding: i32) -> Result<i64> {
    let round = round(th, rounding)?;
    match number(th, object)? {
        Number::Float(seconds) => to_seconds(th, round.apply(seconds)),
        Number::Int(seconds) => Ok(seconds),
    }
}

/// A Python number of seconds as seconds and parts, of which a second has `parts`.
pub(super) fn split(
    th: Thread<'_>,
    object: Obj<'_>,
    parts: i64,
    rounding: i32,
) -> Result<(i64, i64)> {
    let round = round(th, rounding)?;
    let seconds = match number(th, object)? {
        Number::Int(seconds) => return Ok((seconds, 0)),
        Number::Float(seconds) => seconds,
    };
    let (mut whole, parts) = (seconds.trunc(), parts as f64);
    let mut rest = round.apply((seconds - whole) * parts);
    if rest >= parts {
        rest -= parts;
        whole += 1.0;
    } else if rest < 0.0 {
        rest += parts;
        whole -= 1.0;
    }
    Ok((to_seconds(th, whole)?, rest as i64))
}
