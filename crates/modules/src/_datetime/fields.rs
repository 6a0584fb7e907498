//! Arguments of constructors, and the clock of the machine.

use object::{Bytes, Float, Int, Obj, Ref, Result, Str, Thread, exceptions, raise};

use super::calendar::{EPOCH, Hms, MAXYEAR, MINYEAR, Ymd};

/// A C `int` argument.
pub(super) fn c_int(th: Thread<'_>, value: Obj<'_>) -> Result<i32> {
    let value = Int::index_to_i64(th, value)?;
    match i32::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) if value < 0 => {
            raise!(th, OverflowError, "signed integer is less than minimum")
        }
        Err(_) => raise!(th, OverflowError, "signed integer is greater than maximum"),
    }
}

/// A required C `int` argument.
pub(super) fn required(
    th: Thread<'_>,
    value: Option<Obj<'_>>,
    name: &str,
    position: usize,
) -> Result<i32> {
    match value {
        Some(value) => c_int(th, value),
        None => {
            raise!(th, TypeError, "function missing required argument '{name}' (pos {position})")
        }
    }
}

/// A pickled state of `N` bytes; Python 2 wrote it as text.
pub(super) fn state_bytes<const N: usize>(
    th: Thread<'_>,
    state: Obj<'_>,
    type_name: &str,
) -> Result<Option<[u8; N]>> {
    if let Some(bytes) = state.downcast::<Bytes>() {
        return Ok(bytes.as_bytes().try_into().ok());
    }
    let Some(text) = state.downcast::<Str>() else { return Ok(None) };
    if text.len() != N {
        return Ok(None);
    }
    let mut data = [0; N];
    for (index, byte) in data.iter_mut().enumerate() {
        match u8::try_from(text.get(index).unwrap_or(0)) {
            Ok(code) => *byte = code,
            Err(_) => raise!(
                th,
                ValueError,
                "Failed to encode latin1 string when unpickling a {type_name} object. pickle.load(data, encoding='latin1') is assumed."
            ),
        }
    }
    Ok(Some(data))
}

/// Seconds and microseconds of a timestamp, rounded half to even.
pub(super) fn timestamp_parts(th: Thread<'_>, value: Obj<'_>) -> Result<(i64, i32)> {
    let Some(float) = value.downcast::<Float>() else {
        let index = Int::index(th, value)?;
        use object::AsObject;
        return match Int::to_i64(index.obj()) {
            Some(seconds) => Ok((seconds, 0)),
            None => raise!(th, OverflowError, "timestamp out of range for platform time_t"),
        };
    };
    let value = float.value();
    if value.is_nan() {
        raise!(th, ValueError, "Invalid value NaN (not a number)");
    }
    let mut whole = value.trunc();
    let mut us = ((value - whole) * 1e6).round_ties_even();
    if us >= 1e6 {
        us -= 1e6;
        whole += 1.0;
    } else if us < 0.0 {
        us += 1e6;
        whole -= 1.0;
    }
    if !(-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&whole) {
        raise!(th, OverflowError, "timestamp out of range for platform time_t");
    }
    Ok((whole as i64, us as i32))
}

fn check_year(th: Thread<'_>, year: i64) -> Result<()> {
    if !(i64::from(MINYEAR)..=i64::from(MAXYEAR)).contains(&year) {
        raise!(th, ValueError, "year must be in 1..9999, not {year}");
    }
    Ok(())
}

/// Local date and time of POSIX seconds, offset from UTC and name of the zone.
pub(super) fn local(th: Thread<'_>, seconds: i64) -> Result<(Ymd, Hms, i64, Ref<Str>)> {
    let tm = match host::time::local(seconds) {
        Ok(tm) => tm,
        Err(error) => return Err(exceptions::io_error(th, &error, None)),
    };
    check_year(th, i64::from(tm.tm_year) + 1900)?;
    let day = Ymd { year: tm.tm_year + 1900, month: tm.tm_mon + 1, day: tm.tm_mday };
    let time = Hms { hour: tm.tm_hour, minute: tm.tm_min, second: tm.tm_sec.min(59), us: 0 };
    let zone = Str::from_wtf8(th, &host::time::zone_name(&tm))?;
    Ok((day, time, tm.tm_gmtoff, zone))
}

/// UTC date and time of POSIX seconds.
pub(super) fn universal(th: Thread<'_>, seconds: i64) -> Result<(Ymd, Hms)> {
    let tm = match host::time::universal(seconds) {
        Ok(tm) => tm,
        Err(error) => return Err(exceptions::io_error(th, &error, None)),
    };
    check_year(th, i64::from(tm.tm_year) + 1900)?;
    let day = Ymd { year: tm.tm_year + 1900, month: tm.tm_mon + 1, day: tm.tm_mday };
    Ok((day, Hms { hour: tm.tm_hour, minute: tm.tm_min, second: tm.tm_sec.min(59), us: 0 }))
}

/// Seconds since the day with ordinal 0.
pub(super) fn to_seconds(day: Ymd, time: Hms) -> i64 {
    day.ordinal() * 86_400 + time.micros() / 1_000_000
}

/// Local seconds of universal seconds, both since the day with ordinal 0.
pub(super) fn local_seconds(th: Thread<'_>, seconds: i64) -> Result<i64> {
    let (day, time, ..) = local(th, seconds - EPOCH)?;
    Ok(to_seconds(day, time))
}

/// Universal seconds of local ones; `fold` says which of two.
pub(super) fn local_to_seconds(th: Thread<'_>, t: i64, fold: bool) -> Result<i64> {
    const MOST: i64 = 86_400;
    let a = local_seconds(th, t)? - t;
    let first = t - a;
    let t1 = local_seconds(th, first)?;
    let mut b = t1 - first;
    if t1 == t {
        // One solution; look for another on the other side of a change.
        let probe = if fold { first + MOST } else { first - MOST };
        b = local_seconds(th, probe)? - probe;
        if a == b {
            return Ok(first);
        }
    }
    let second = t - b;
    if local_seconds(th, second)? == t {
        return Ok(second);
    }
    if t1 == t {
        return Ok(first);
    }
    // A gap: nothing is `t`.
    Ok(if fold { first.min(second) } else { first.max(second) })
}
