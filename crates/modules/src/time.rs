//! `time`: clocks and calendar time.

use std::ffi::CString;

use host::time::Tm;
use macros::pymodule;
use object::{
    AsObject, Int, IntoObject, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id, raise,
    types,
};
use text::TextBuf;

use crate::support::{
    self, Round, check, decode_fs, now_ns, retry, seconds_to_ns,
    structseq::{Decl, StructSeq as _},
};

/// `time.struct_time`.
static STRUCT_TIME: Decl = Decl {
    name: "time.struct_time",
    doc: "The time value as returned by gmtime(), localtime(), and strptime(), and\n \
          accepted by asctime(), mktime() and strftime().  May be considered as a\n \
          sequence of 9 integers.\n\n \
          Note that several fields' values are not the same as those defined by\n \
          the C language standard for struct tm.  For example, the value of the\n \
          field tm_year is the actual year, not year - 1900.  See individual\n \
          fields' descriptions for details.",
    fields: &[
        ("tm_year", "year, for example, 1993"),
        ("tm_mon", "month of year, range [1, 12]"),
        ("tm_mday", "day of month, range [1, 31]"),
        ("tm_hour", "hours, range [0, 23]"),
        ("tm_min", "minutes, range [0, 59]"),
        ("tm_sec", "seconds, range [0, 61])"),
        ("tm_wday", "day of week, range [0, 6], Monday is 0"),
        ("tm_yday", "day of year, range [1, 366]"),
        ("tm_isdst", "1 if summer time is in effect, 0 if not, and -1 if unknown"),
        ("tm_zone", "abbreviation of timezone name"),
        ("tm_gmtoff", "offset from UTC in seconds"),
    ],
    visible: 9,
    instantiable: true,
};

fn struct_time(th: Thread<'_>, tm: &Tm) -> Result<Ref> {
    let numbers = [
        i64::from(tm.tm_year) + 1900,
        i64::from(tm.tm_mon) + 1,
        i64::from(tm.tm_mday),
        i64::from(tm.tm_hour),
        i64::from(tm.tm_min),
        i64::from(tm.tm_sec),
        i64::from((tm.tm_wday + 6) % 7),
        i64::from(tm.tm_yday) + 1,
        i64::from(tm.tm_isdst),
    ];
    let mut values = numbers.iter().map(|n| n.into_object(th)).collect::<Result<Vec<_>>>()?;
    values.push(decode_fs(th, &host::time::zone_name(tm))?.upcast());
    values.push(tm.tm_gmtoff.into_object(th)?);
    STRUCT_TIME.make(th, values)
}

/// Whole seconds of a time argument; now if omitted.
fn seconds(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<i64> {
    let Some(object) = object.filter(|object| !object.is_none()) else {
        return Ok(check(th, host::time::clock_ns(libc::CLOCK_REALTIME))?.div_euclid(1_000_000_000));
    };
    let range = || object::error!(th, OverflowError, "timestamp out of range for platform time_t");
    if let Some(float) = object.downcast::<types::Float>() {
        let value = float.value();
        if value.is_nan() {
            raise!(th, ValueError, "Invalid value NaN (not a number)");
        }
        let floor = value.floor();
        if !(-9.2e18..9.2e18).contains(&floor) {
            return Err(range());
        }
        return Ok(floor as i64);
    }
    let index = Int::index(th, object)?;
    Int::to_i64(index.obj()).ok_or_else(range)
}

fn calendar(th: Thread<'_>, result: std::io::Result<Tm>) -> Result<Tm> {
    match result {
        Ok(tm) => Ok(tm),
        Err(error) => {
            if error.raw_os_error() == Some(libc::EOVERFLOW) {
                raise!(th, OverflowError, "timestamp out of range for platform time_t");
            }
            Err(support::os_error(th, &error))
        }
    }
}

/// A time tuple as the C library's structure.
fn tm_of(th: Thread<'_>, object: Obj<'_>, function: &str) -> Result<(Tm, Option<CString>)> {
    let Some(tuple) = object.downcast::<Tuple>() else {
        raise!(th, TypeError, "Tuple or struct_time argument required");
    };
    let [year, month, day, hour, minute, second, weekday, yearday, dst] = tuple.items() else {
        raise!(th, TypeError, "{function}(): illegal time tuple argument");
    };
    let int = |object: &Obj<'_>| support::int_arg(th, *object);
    let mut tm = host::time::empty();
    let year = int(year)?;
    let Some(year) = year.checked_sub(1900) else {
        raise!(th, OverflowError, "year out of range");
    };
    tm.tm_year = year;
    tm.tm_mon = int(month)?.wrapping_sub(1);
    tm.tm_mday = int(day)?;
    tm.tm_hour = int(hour)?;
    tm.tm_min = int(minute)?;
    tm.tm_sec = int(second)?;
    tm.tm_wday = int(weekday)?.wrapping_add(1).wrapping_rem(7);
    tm.tm_yday = int(yearday)?.wrapping_sub(1);
    tm.tm_isdst = int(dst)?;
    let mut zone = None;
    if std::ptr::eq(object.ty(), &*STRUCT_TIME.ty(th)?) {
        let offset = object.getattr(th, id!(th, "tm_gmtoff"))?;
        if !offset.obj().is_none() {
            tm.tm_gmtoff = Int::index_to_i64(th, offset.obj())?;
        }
        let name = object.getattr(th, id!(th, "tm_zone"))?;
        if let Some(name) = name.obj().downcast::<Str>() {
            zone = CString::new(support::encode_fs(th, name)?).ok();
        }
    }
    Ok((tm, zone))
}

/// Reject values that `strftime` and `asctime` cannot show; zeros mean ones.
/// `strftime` of a format without NULs and surrogates.
fn format_time(th: Thread<'_>, format: &Str, tm: &Tm) -> Result<Ref<Str>> {
    let bytes = support::encode_fs(th, format)?;
    if bytes.is_empty() {
        return Ok(Str::empty(th));
    }
    // A final space tells an empty result from a failure.
    let format = CString::new([bytes.as_slice(), b" "].concat()).unwrap_or_default();
    let limit = 256 * format.as_bytes().len() + 1024;
    let Some(text) = host::time::format(&format, tm, limit) else {
        return Err(th.no_memory());
    };
    decode_fs(th, text.get(..text.len().saturating_sub(1)).unwrap_or_default())
}

fn check_ranges(th: Thread<'_>, tm: &mut Tm) -> Result<()> {
    if tm.tm_mon == -1 {
        tm.tm_mon = 0;
    } else if !(0..=11).contains(&tm.tm_mon) {
        raise!(th, ValueError, "month out of range");
    }
    if tm.tm_mday == 0 {
        tm.tm_mday = 1;
    } else if !(1..=31).contains(&tm.tm_mday) {
        raise!(th, ValueError, "day of month out of range");
    }
    if !(0..=23).contains(&tm.tm_hour) {
        raise!(th, ValueError, "hour out of range");
    }
    if !(0..=59).contains(&tm.tm_min) {
        raise!(th, ValueError, "minute out of range");
    }
    if !(0..=61).contains(&tm.tm_sec) {
        raise!(th, ValueError, "seconds out of range");
    }
    if tm.tm_wday < 0 {
        raise!(th, ValueError, "day of week out of range");
    }
    if tm.tm_yday == -1 {
        tm.tm_yday = 0;
    } else if !(0..=365).contains(&tm.tm_yday) {
        raise!(th, ValueError, "day of year out of range");
    }
    Ok(())
}

fn asctime_text(tm: &Tm) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!(
        "{} {}{:3} {:02}:{:02}:{:02} {}",
        DAYS.get(tm.tm_wday as usize).unwrap_or(&"???"),
        MONTHS.get(tm.tm_mon as usize).unwrap_or(&"???"),
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        i64::from(tm.tm_year) + 1900
    )
}

fn clock(th: Thread<'_>, clock: i32) -> Result<i64> {
    check(th, host::time::clock_ns(clock))
}

fn as_seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

/// Bind `timezone`, `altzone`, `daylight` and `tzname`.
fn set_zone(th: Thread<'_>, module: &Module) -> Result<()> {
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    let now = seconds(th, None)?;
    let january = now / YEAR * YEAR;
    let zone = |time: i64| -> Result<(i64, Vec<u8>)> {
        let tm = calendar(th, host::time::local(time))?;
        Ok((-tm.tm_gmtoff, host::time::zone_name(&tm)))
    };
    let (winter, winter_name) = zone(january)?;
    let (summer, summer_name) = zone(january + YEAR / 2)?;
    let (standard, other) = if winter < summer {
        // The southern hemisphere.
        ((summer, summer_name), (winter, winter_name))
    } else {
        ((winter, winter_name), (summer, summer_name))
    };
    let daylight = i64::from(standard.0 != other.0);
    let ints = [("timezone", standard.0), ("altzone", other.0), ("daylight", daylight)];
    support::add_ints(th, module, &ints)?;
    let names = (decode_fs(th, &standard.1)?, decode_fs(th, &other.1)?).into_object(th)?;
    module.set(th, "tzname", names.obj())
}

/// This module provides various functions to manipulate time values.
///
/// There are two standard representations of time.  One is the number
/// of seconds since the Epoch, in UTC (a.k.a. GMT).  It may be an integer
/// or a floating-point number (to represent fractions of seconds).
/// The epoch is the point where the time starts, the return value of time.gmtime(0).
/// It is January 1, 1970, 00:00:00 (UTC) on all platforms.
///
/// The other representation is a tuple of 9 integers giving local time.
#[pymodule]
pub mod time {
    use super::*;

    /// Return the current time in seconds since the Epoch.
    ///
    /// Fractions of a second may be present if the system clock provides them.
    #[sig = "()"]
    fn time(th: Thread<'_>) -> Result<f64> {
        clock(th, libc::CLOCK_REALTIME).map(as_seconds)
    }

    /// Return the current time in nanoseconds since the Epoch.
    #[sig = "()"]
    fn time_ns(th: Thread<'_>) -> Result<i64> {
        clock(th, libc::CLOCK_REALTIME)
    }

    /// Monotonic clock, cannot go backward.
    #[sig = "()"]
    fn monotonic(th: Thread<'_>) -> Result<f64> {
        clock(th, libc::CLOCK_MONOTONIC).map(as_seconds)
    }

    /// Monotonic clock, cannot go backward, as nanoseconds.
    #[sig = "()"]
    fn monotonic_ns(th: Thread<'_>) -> Result<i64> {
        clock(th, libc::CLOCK_MONOTONIC)
    }

    /// Performance counter for benchmarking.
    #[sig = "()"]
    fn perf_counter(th: Thread<'_>) -> Result<f64> {
        clock(th, libc::CLOCK_MONOTONIC).map(as_seconds)
    }

    /// Performance counter for benchmarking as nanoseconds.
    #[sig = "()"]
    fn perf_counter_ns(th: Thread<'_>) -> Result<i64> {
        clock(th, libc::CLOCK_MONOTONIC)
    }

    /// Process time for profiling: sum of the kernel and user-space CPU time.
    #[sig = "()"]
    fn process_time(th: Thread<'_>) -> Result<f64> {
        clock(th, libc::CLOCK_PROCESS_CPUTIME_ID).map(as_seconds)
    }

    /// Process time for profiling as nanoseconds:
    /// sum of the kernel and user-space CPU time.
    #[sig = "()"]
    fn process_time_ns(th: Thread<'_>) -> Result<i64> {
        clock(th, libc::CLOCK_PROCESS_CPUTIME_ID)
    }

    /// Thread time for profiling: sum of the kernel and user-space CPU time.
    #[sig = "()"]
    fn thread_time(th: Thread<'_>) -> Result<f64> {
        clock(th, libc::CLOCK_THREAD_CPUTIME_ID).map(as_seconds)
    }

    /// Thread time for profiling as nanoseconds:
    /// sum of the kernel and user-space CPU time.
    #[sig = "()"]
    fn thread_time_ns(th: Thread<'_>) -> Result<i64> {
        clock(th, libc::CLOCK_THREAD_CPUTIME_ID)
    }

    /// Return the time of the specified clock clk_id as a float.
    #[sig = "(clk_id, /)"]
    fn clock_gettime(th: Thread<'_>, clk_id: i32) -> Result<f64> {
        clock(th, clk_id).map(as_seconds)
    }

    /// Return the time of the specified clock clk_id as nanoseconds (int).
    #[sig = "(clk_id, /)"]
    fn clock_gettime_ns(th: Thread<'_>, clk_id: i32) -> Result<i64> {
        clock(th, clk_id)
    }

    /// clock_getres(clk_id) -> floating-point number
    ///
    /// Return the resolution (precision) of the specified clock clk_id.
    #[parse(tuple)]
    #[no_signature]
    #[sig = "(clk_id, /)"]
    fn clock_getres(th: Thread<'_>, clk_id: i32) -> Result<f64> {
        check(th, host::time::clock_resolution_ns(clk_id)).map(as_seconds)
    }

    /// clock_settime(clk_id, time)
    ///
    /// Set the time of the specified clock clk_id.
    #[parse(tuple)]
    #[no_signature]
    #[sig = "(clk_id, time, /)"]
    fn clock_settime(th: Thread<'_>, clk_id: i32, time: Obj<'_>) -> Result<()> {
        let ns = seconds_to_ns(th, time, Round::Floor)?;
        check(th, host::time::set_clock_ns(clk_id, ns))
    }

    /// clock_settime_ns(clk_id, time)
    ///
    /// Set the time of the specified clock clk_id with nanoseconds.
    #[parse(tuple)]
    #[no_signature]
    #[sig = "(clk_id, time, /)"]
    fn clock_settime_ns(th: Thread<'_>, clk_id: i32, time: i64) -> Result<()> {
        check(th, host::time::set_clock_ns(clk_id, time))
    }

    /// pthread_getcpuclockid(thread_id) -> int
    ///
    /// Return the clk_id of a thread's CPU time clock.
    #[parse(tuple)]
    #[no_signature]
    #[sig = "(thread_id, /)"]
    fn pthread_getcpuclockid(th: Thread<'_>, thread_id: u64) -> Result<i32> {
        check(th, host::time::thread_cpu_clock(thread_id))
    }

    /// Delay execution for a given number of seconds.  The argument may be
    /// a floating-point number for subsecond precision.
    #[sig = "(object, /)"]
    fn sleep(th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        crate::sys::audit(th, "time.sleep", &[object])?;
        let ns = seconds_to_ns(th, object, Round::Up)?;
        if ns < 0 {
            raise!(th, ValueError, "sleep length must be non-negative");
        }
        let deadline = now_ns().saturating_add(ns);
        match retry(th, || host::time::sleep_until(deadline))? {
            Ok(()) => Ok(()),
            Err(error) => Err(support::os_error(th, &error)),
        }
    }

    /// localtime([seconds]) -> struct_time
    ///
    /// Convert seconds since the Epoch to a time tuple expressing local time.
    ///
    /// When 'seconds' is not passed in, convert the current time instead.
    #[no_signature]
    #[sig = "(seconds=None, /)"]
    fn localtime(th: Thread<'_>, seconds: Option<Obj<'_>>) -> Result<Ref> {
        let seconds = super::seconds(th, seconds)?;
        struct_time(th, &calendar(th, host::time::local(seconds))?)
    }

    /// gmtime([seconds]) -> struct_time
    ///
    /// Convert seconds since the Epoch to a time tuple expressing UTC (a.k.a.
    /// GMT).  When 'seconds' is not passed in, convert the current time instead.
    ///
    /// If the platform supports the tm_gmtoff and tm_zone, they are available as
    /// attributes only.
    #[no_signature]
    #[sig = "(seconds=None, /)"]
    fn gmtime(th: Thread<'_>, seconds: Option<Obj<'_>>) -> Result<Ref> {
        let seconds = super::seconds(th, seconds)?;
        let mut tm = calendar(th, host::time::universal(seconds))?;
        tm.tm_zone = c"GMT".as_ptr();
        struct_time(th, &tm)
    }

    /// asctime([time_tuple]) -> string
    ///
    /// Convert a time tuple to a string, e.g. 'Sat Jun 06 16:26:11 1998'.
    /// When the time tuple is not present, current time as returned by localtime()
    /// is used.
    #[no_signature]
    #[sig = "(tuple=None, /)"]
    fn asctime(th: Thread<'_>, tuple: Option<Obj<'_>>) -> Result<String> {
        let mut tm = match tuple {
            Some(tuple) => tm_of(th, tuple, "asctime")?.0,
            None => calendar(th, host::time::local(super::seconds(th, None)?))?,
        };
        check_ranges(th, &mut tm)?;
        Ok(asctime_text(&tm))
    }

    /// ctime([seconds]) -> string
    ///
    /// Convert a time in seconds since the Epoch to a string in local time.
    /// This is equivalent to asctime(localtime(seconds)). When the time tuple is
    /// not present, current time as returned by localtime() is used.
    #[no_signature]
    #[sig = "(seconds=None, /)"]
    fn ctime(th: Thread<'_>, seconds: Option<Obj<'_>>) -> Result<String> {
        let seconds = super::seconds(th, seconds)?;
        Ok(asctime_text(&calendar(th, host::time::local(seconds))?))
    }

    /// Convert a time tuple in local time to seconds since the Epoch.
    /// Note that mktime(gmtime(0)) will not generally return zero for most
    /// time zones; instead the returned value will either be equal to that
    /// of the timezone or altzone attributes on the time module.
    #[sig = "(object, /)"]
    fn mktime(th: Thread<'_>, object: Obj<'_>) -> Result<f64> {
        let (mut tm, _) = tm_of(th, object, "mktime")?;
        match host::time::make(&mut tm) {
            Some(seconds) => Ok(seconds as f64),
            None => raise!(th, OverflowError, "mktime argument out of range"),
        }
    }

    /// strftime(format[, time_tuple]) -> string
    ///
    /// Convert a time tuple to a string according to a format specification.
    /// See the library reference manual for formatting codes. When the time tuple
    /// is not present, current time as returned by localtime() is used.
    #[no_signature]
    #[sig = "(format, tuple=None, /)"]
    fn strftime(th: Thread<'_>, format: &Str, tuple: Option<Obj<'_>>) -> Result<Ref<Str>> {
        let (mut tm, zone) = match tuple {
            Some(tuple) => tm_of(th, tuple, "strftime")?,
            None => (calendar(th, host::time::local(super::seconds(th, None)?))?, None),
        };
        check_ranges(th, &mut tm)?;
        tm.tm_isdst = tm.tm_isdst.clamp(-1, 1);
        if let Some(zone) = &zone {
            tm.tm_zone = zone.as_ptr();
        }
        let mut out = TextBuf::new();
        let codes: Vec<u32> = format.units().iter().collect();
        // What a C format cannot hold stays as it is.
        let is_foreign = |code: &u32| *code == 0 || (0xD800..0xE000).contains(code);
        for piece in codes.split_inclusive(is_foreign) {
            let (plain, foreign) = match piece.split_last() {
                Some((last, plain)) if is_foreign(last) => (plain, Some(*last)),
                _ => (piece, None),
            };
            let mut plain_text = TextBuf::new();
            plain_text.extend_codes(plain.iter().copied());
            let plain = Str::from_buf(th, &plain_text)?;
            out.extend(format_time(th, &plain, &tm)?.units());
            out.extend_codes(foreign);
        }
        Str::from_buf(th, &out)
    }

    /// strptime(string[, format]) -> struct_time
    ///
    /// Parse a string to a time tuple according to a format specification.
    /// See the library reference manual for formatting codes (same as
    /// strftime()).
    #[no_signature]
    #[sig = "(string, format=<unrepresentable>, /)"]
    fn strptime(th: Thread<'_>, string: Obj<'_>, format: Option<Obj<'_>>) -> Result<Ref> {
        let parse = support::import_from(th, "_strptime", "_strptime_time")?;
        match format {
            Some(format) => parse.call(th, &[string, format]),
            None => parse.call(th, &[string]),
        }
    }

    /// Initialize, or reinitialize, the local timezone to the value stored in
    /// os.environ['TZ']. The TZ environment variable should be specified in
    /// standard Unix timezone format as documented in the tzset man page
    /// (eg. 'US/Eastern', 'Europe/Amsterdam'). Unknown timezones will silently
    /// fall back to UTC. If the TZ environment variable is not set, the local
    /// timezone is set to the systems best guess of wallclock time.
    #[sig = "($module)"]
    fn tzset(th: Thread<'_>, module: &Module) -> Result<()> {
        host::time::tzset();
        set_zone(th, module)
    }

    /// get_clock_info(name: str) -> dict
    ///
    /// Get information of the specified clock.
    #[parse(tuple)]
    #[no_signature]
    #[sig = "(name, /)"]
    fn get_clock_info(th: Thread<'_>, name: &str) -> Result<Ref> {
        let (implementation, clock, monotonic, adjustable) = match name {
            "time" => ("clock_gettime(CLOCK_REALTIME)", libc::CLOCK_REALTIME, false, true),
            "monotonic" | "perf_counter" => {
                ("clock_gettime(CLOCK_MONOTONIC)", libc::CLOCK_MONOTONIC, true, false)
            }
            "process_time" => (
                "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)",
                libc::CLOCK_PROCESS_CPUTIME_ID,
                true,
                false,
            ),
            "thread_time" => (
                "clock_gettime(CLOCK_THREAD_CPUTIME_ID)",
                libc::CLOCK_THREAD_CPUTIME_ID,
                true,
                false,
            ),
            _ => raise!(th, ValueError, "unknown clock"),
        };
        let resolution = as_seconds(check(th, host::time::clock_resolution_ns(clock))?);
        let namespace = support::import_from(th, "sys", "implementation")?.obj().ty().obj().own();
        let info = namespace.call(th, &[])?;
        let fields = [
            ("implementation", implementation.into_object(th)?),
            ("monotonic", monotonic.into_object(th)?),
            ("adjustable", adjustable.into_object(th)?),
            ("resolution", resolution.into_object(th)?),
        ];
        for (name, value) in fields {
            let name = Str::intern(th, name)?;
            info.setattr(th, &name, Some(value.obj()))?;
        }
        Ok(info)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        STRUCT_TIME.add_to(th, module)?;
        support::add_ints(
            th,
            module,
            &[
                ("CLOCK_BOOTTIME", 7),
                ("CLOCK_MONOTONIC", 1),
                ("CLOCK_MONOTONIC_RAW", 4),
                ("CLOCK_PROCESS_CPUTIME_ID", 2),
                ("CLOCK_REALTIME", 0),
                ("CLOCK_TAI", 11),
                ("CLOCK_THREAD_CPUTIME_ID", 3),
                ("_STRUCT_TM_ITEMS", 11),
            ],
        )?;
        host::time::tzset();
        set_zone(th, module)
    }
}
