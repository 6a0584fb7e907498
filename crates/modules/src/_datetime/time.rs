//! `time`: a time of day, with or without a time zone.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, CompareOp, Head, Int, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Traverse, Tuple, Type, alloc_object, id, raise,
    types::{self, bool_, none, singletons::not_implemented_ref},
};

use super::{
    calendar::{self, Hms, TimeError, Ymd},
    date::{invalid_isoformat, isoformat_argument, set, struct_time, wrap_strftime},
    delta::TimeDelta,
    fields::{c_int, state_bytes},
    zone,
};
use crate::support;

/// time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object
///
/// All arguments are optional. tzinfo may be None, or an instance of
/// a tzinfo subclass. The remaining arguments may be ints.
#[pytype(name = "datetime.time", flags = BASETYPE, layout = abi::PyDateTime_Time, traverse = manual)]
pub(crate) struct Time {
    head: Head,
    hash: Cell<isize>,
    hastzinfo: Cell<i8>,
    data: [u8; 6],
    fold: Cell<u8>,
    tzinfo: Link,
}

impl Traverse for Time {
    // COMPAT: `time` is not known to the collector, as in CPython.
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

pub(super) fn pack_clock(time: Hms) -> [u8; 6] {
    let us = time.us;
    [
        time.hour as u8,
        time.minute as u8,
        time.second as u8,
        (us >> 16) as u8,
        (us >> 8) as u8,
        us as u8,
    ]
}

pub(super) fn unpack_clock(data: [u8; 6]) -> Hms {
    let [hour, minute, second, a, b, c] = data.map(i32::from);
    Hms { hour, minute, second, us: a << 16 | b << 8 | c }
}

/// Raise unless it is a time of day.
pub(super) fn check_clock(th: Thread<'_>, time: Hms, fold: i32) -> Result<()> {
    for (name, value, most) in [
        ("hour", time.hour, 23),
        ("minute", time.minute, 59),
        ("second", time.second, 59),
        ("microsecond", time.us, 999_999),
    ] {
        if !(0..=most).contains(&value) {
            raise!(th, ValueError, "{name} must be in 0..{most}, not {value}");
        }
    }
    if !(0..=1).contains(&fold) {
        raise!(th, ValueError, "fold must be either 0 or 1, not {fold}");
    }
    Ok(())
}

/// The fields of a time as arguments, all optional.
#[derive(Clone, Copy, Default)]
pub(super) struct ClockArgs<'a> {
    pub(super) hour: Option<Obj<'a>>,
    pub(super) minute: Option<Obj<'a>>,
    pub(super) second: Option<Obj<'a>>,
    pub(super) us: Option<Obj<'a>>,
}

impl ClockArgs<'_> {
    /// `time` with the given fields replaced.
    pub(super) fn over(self, th: Thread<'_>, mut time: Hms) -> Result<Hms> {
        set(th, &mut time.hour, self.hour)?;
        set(th, &mut time.minute, self.minute)?;
        set(th, &mut time.second, self.second)?;
        set(th, &mut time.us, self.us)?;
        Ok(time)
    }
}

/// Raise the right error for the text of a time that is none.
pub(super) fn time_error(th: Thread<'_>, text: &Str, error: TimeError) -> object::Raised {
    match error {
        TimeError::Malformed => invalid_isoformat(th, text),
        TimeError::After24 => object::error!(
            th,
            ValueError,
            "minute, second, and microsecond must be 0 when hour is 24"
        ),
        TimeError::Offset(parts) => match check_clock(th, parts, 0) {
            Err(raised) => raised,
            Ok(()) => invalid_isoformat(th, text),
        },
    }
}

impl Time {
    pub(super) fn alloc(
        th: Thread<'_>,
        cls: &Type,
        time: Hms,
        fold: i32,
        tz: Option<Ref>,
    ) -> Result<Ref> {
        let time = Time {
            head: Head::new(),
            hash: Cell::new(-1),
            hastzinfo: Cell::new(i8::from(tz.is_some())),
            data: pack_clock(time),
            fold: Cell::new(fold as u8),
            tzinfo: link(tz),
        };
        alloc_object::alloc(th, cls, time).map(Ref::upcast)
    }

    /// `cls(hour, …, tzinfo)` with `fold` set.
    fn make(th: Thread<'_>, cls: &Type, time: Hms, fold: i32, tz: Option<Ref>) -> Result<Ref> {
        if std::ptr::eq(cls, Self::type_object()) {
            check_clock(th, time, fold)?;
            return Self::alloc(th, cls, time, fold, tz);
        }
        let mut args = Vec::with_capacity(5);
        for field in [time.hour, time.minute, time.second, time.us] {
            args.push(Int::from_i64(th, field.into())?);
        }
        args.push(tz.unwrap_or_else(|| none().own()));
        let made = cls.call(th, object::args::borrow_all(&args))?;
        if let Some(time) = made.obj().downcast::<Time>() {
            time.fold.set(fold as u8);
        }
        Ok(made)
    }

    pub(super) fn clock(&self) -> Hms {
        unpack_clock(self.data)
    }

    pub(super) fn tz(&self) -> Option<Ref> {
        self.tzinfo.get().filter(|tz| !tz.obj().is_none())
    }

    pub(super) fn fold_value(&self) -> i32 {
        self.fold.get().into()
    }

    fn offset(&self, th: Thread<'_>) -> Result<Option<i64>> {
        zone::offset_micros(th, self.tz().as_ref(), none())
    }

    fn iso(&self, th: Thread<'_>, timespec: &str) -> Result<String> {
        let Some(mut text) = calendar::format_clock(self.clock(), timespec) else {
            raise!(th, ValueError, "Unknown timespec value");
        };
        if let Some(offset) = self.offset(th)? {
            text += &calendar::format_offset(offset, ":");
        }
        Ok(text)
    }

    fn replaced(
        &self,
        th: Thread<'_>,
        args: ClockArgs<'_>,
        tzinfo: Option<Obj<'_>>,
        fold: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let time = args.over(th, self.clock())?;
        let tz = match tzinfo {
            Some(_) => zone::check_tzinfo(th, tzinfo)?,
            None => self.tz(),
        };
        let mut new_fold = self.fold_value();
        set(th, &mut new_fold, fold)?;
        if !(0..=1).contains(&new_fold) {
            raise!(th, ValueError, "fold must be either 0 or 1, not {new_fold}");
        }
        Self::make(th, self.obj().ty(), time, new_fold, tz)
    }

    fn state(&self, th: Thread<'_>, with_fold: bool) -> Result<Ref<Tuple>> {
        let mut data = self.data;
        if with_fold && self.fold.get() != 0 {
            data[0] |= 0x80;
        }
        let mut items = vec![Bytes::new(th, &data)?.upcast()];
        items.extend(self.tz());
        let state = Tuple::from_refs(th, items)?.upcast();
        Tuple::from_array(th, [self.obj().ty().obj().own(), state])
    }
}

/// A zone as a field, which C code reads when `hastzinfo` is set.
pub(super) fn link(tz: Option<Ref>) -> Link {
    Link::new(tz.unwrap_or_else(|| none().own()))
}

/// The tzinfo that comes with a pickled state.
pub(super) fn state_tzinfo(th: Thread<'_>, tz: Option<Obj<'_>>) -> Result<Option<Ref>> {
    let Some(tz) = tz.filter(|tz| !tz.is_none()) else { return Ok(None) };
    if tz.downcast::<zone::TzInfo>().is_none() {
        raise!(th, TypeError, "bad tzinfo state arg");
    }
    Ok(Some(tz.own()))
}

#[pymethods]
impl Time {
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    #[sig = "time(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        hour: Option<Obj<'_>>,
        minute: Option<Obj<'_>>,
        second: Option<Obj<'_>>,
        microsecond: Option<Obj<'_>>,
        tzinfo: Option<Obj<'_>>,
        fold: Option<Obj<'_>>,
    ) -> Result<Ref> {
        if let (Some(state), None) = (hour, second)
            && let Some(mut data) = state_bytes::<6>(th, state, "time")?
            && data[0] & 0x7f < 24
        {
            let fold = i32::from(data[0] >> 7);
            data[0] &= 0x7f;
            let tz = state_tzinfo(th, minute.or(tzinfo))?;
            return Self::alloc(th, cls, unpack_clock(data), fold, tz);
        }
        let args = ClockArgs { hour, minute, second, us: microsecond };
        let time = args.over(th, Hms::default())?;
        let fold = fold.map_or(Ok(0), |fold| c_int(th, fold))?;
        check_clock(th, time, fold)?;
        let tz = zone::check_tzinfo(th, tzinfo)?;
        Self::alloc(th, cls, time, fold, tz)
    }

    #[getter]
    fn hour(&self, _: Thread<'_>) -> i32 {
        self.clock().hour
    }

    #[getter]
    fn minute(&self, _: Thread<'_>) -> i32 {
        self.clock().minute
    }

    #[getter]
    fn second(&self, _: Thread<'_>) -> i32 {
        self.clock().second
    }

    #[getter]
    fn microsecond(&self, _: Thread<'_>) -> i32 {
        self.clock().us
    }

    #[getter]
    fn tzinfo(&self, _: Thread<'_>) -> Option<Ref> {
        self.tz()
    }

    #[getter]
    fn fold(&self, _: Thread<'_>) -> i32 {
        self.fold_value()
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<String> {
        let Hms { hour, minute, second, us } = self.clock();
        let mut text = format!("{}({hour}, {minute}", self.obj().ty().full_name());
        if second != 0 || us != 0 {
            text += &format!(", {second}");
        }
        if us != 0 {
            text += &format!(", {us}");
        }
        if let Some(tz) = self.tz() {
            text += &format!(", tzinfo={}", tz.repr(th)?);
        }
        if self.fold_value() != 0 {
            text += ", fold=1";
        }
        Ok(text + ")")
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref> {
        self.obj().call_method(th, id!(th, "isoformat"), &[])
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        if self.hash.get() == -1 {
            let hash = match self.offset(th)? {
                None => types::str::hash_bytes(th, &self.data),
                Some(0) => types::str::hash_bytes(th, &self.data),
                Some(offset) => {
                    let micros = self.clock().micros() - offset;
                    // Equal times have the same data in UTC.
                    if (0..86_400_000_000).contains(&micros) {
                        let data = pack_clock(Hms::from_micros(micros));
                        types::str::hash_bytes(th, &data)
                    } else {
                        TimeDelta::from_micros(th, micros.into())?.hash(th)?
                    }
                }
            };
            self.hash.set(hash);
        }
        Ok(self.hash.get())
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<Time>() else { return Ok(not_implemented_ref()) };
        let same_zone = self.tzinfo.as_ptr() == other.tzinfo.as_ptr();
        let (a, b) = if same_zone { (None, None) } else { (self.offset(th)?, other.offset(th)?) };
        let order = match (a, b) {
            _ if a == b => self.data.cmp(&other.data),
            (Some(a), Some(b)) => (self.clock().micros() - a).cmp(&(other.clock().micros() - b)),
            _ if op == CompareOp::Eq => return Ok(bool_(false).own()),
            _ if op == CompareOp::Ne => return Ok(bool_(true).own()),
            _ => raise!(th, TypeError, "can't compare offset-naive and offset-aware times"),
        };
        Ok(bool_(op.of(order)).own())
    }

    /// string, format -> new time parsed from a string (like time.strptime()).
    #[classmethod]
    #[parse(tuple)]
    #[sig = "($type, string, format, /)"]
    fn strptime(th: Thread<'_>, cls: &Type, string: &Str, format: &Str) -> Result<Ref> {
        let parse = support::import_from(th, "_strptime", "_strptime_datetime_time")?;
        parse.call(th, &[cls.obj(), string.obj(), format.obj()])
    }

    /// string -> time from a string in ISO 8601 format
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn fromisoformat(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        let text = isoformat_argument(th, object)?;
        let Some(ascii) = text.as_ascii() else { return Err(invalid_isoformat(th, text)) };
        let bytes = ascii.as_bytes();
        let bytes = bytes.strip_prefix(b"T").unwrap_or(bytes);
        let parsed = match calendar::parse_time(bytes) {
            Ok(parsed) => parsed,
            Err(error) => return Err(time_error(th, text, error)),
        };
        let tz = parsed.offset.map(|offset| zone::fixed(th, offset, None)).transpose()?;
        Self::make(th, cls, parsed.clock, 0, tz)
    }

    /// Return the time formatted according to ISO.
    ///
    /// The full format is 'HH:MM:SS.mmmmmm+zz:zz'.  By default, the fractional
    /// part is omitted if self.microsecond == 0.
    #[sig = "($self, /, timespec='auto')"]
    fn isoformat(&self, th: Thread<'_>, timespec: Option<&Str>) -> Result<String> {
        let timespec = timespec.map_or(Ok("auto"), |timespec| timespec.to_utf8(th))?;
        self.iso(th, timespec)
    }

    /// format -> strftime() style string.
    #[sig = "($self, format)"]
    fn strftime(&self, th: Thread<'_>, format: &Str) -> Result<Ref> {
        let day = Ymd { year: 1900, month: 1, day: 1 };
        let tuple = struct_time(th, day, self.clock(), -1)?;
        let zone = self.tz().unwrap_or_else(|| none().own());
        let us = Some(self.clock().us);
        wrap_strftime(th, self.obj(), format, tuple, zone.obj(), 1900, us)
    }

    /// Formats self with strftime.
    #[parse(tuple)]
    #[sig = "($self, format, /)"]
    fn __format__(&self, th: Thread<'_>, format: &Str) -> Result<Ref> {
        if format.len() == 0 {
            return self.obj().str(th).map(Ref::upcast);
        }
        self.obj().call_method(th, id!(th, "strftime"), &[format.obj()])
    }

    /// Return self.tzinfo.utcoffset(self).
    #[sig = "($self, /)"]
    fn utcoffset(&self, th: Thread<'_>) -> Result<Option<Ref<TimeDelta>>> {
        zone::utcoffset(th, self.tz().as_ref(), none())
    }

    /// Return self.tzinfo.tzname(self).
    #[sig = "($self, /)"]
    fn tzname(&self, th: Thread<'_>) -> Result<Ref> {
        zone::tzname(th, self.tz().as_ref(), none())
    }

    /// Return self.tzinfo.dst(self).
    #[sig = "($self, /)"]
    fn dst(&self, th: Thread<'_>) -> Result<Option<Ref<TimeDelta>>> {
        zone::dst(th, self.tz().as_ref(), none())
    }

    /// Return time with new specified fields.
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    #[sig = "($self, /, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"]
    fn replace(
        &self,
        th: Thread<'_>,
        hour: Option<Obj<'_>>,
        minute: Option<Obj<'_>>,
        second: Option<Obj<'_>>,
        microsecond: Option<Obj<'_>>,
        tzinfo: Option<Obj<'_>>,
        fold: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.replaced(th, ClockArgs { hour, minute, second, us: microsecond }, tzinfo, fold)
    }

    /// The same as replace().
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    #[sig = "($self, /, *, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, fold=unchanged)"]
    fn __replace__(
        &self,
        th: Thread<'_>,
        hour: Option<Obj<'_>>,
        minute: Option<Obj<'_>>,
        second: Option<Obj<'_>>,
        microsecond: Option<Obj<'_>>,
        tzinfo: Option<Obj<'_>>,
        fold: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.replaced(th, ClockArgs { hour, minute, second, us: microsecond }, tzinfo, fold)
    }

    /// __reduce_ex__(proto) -> (cls, state)
    #[parse(tuple)]
    #[sig = "($self, proto, /)"]
    fn __reduce_ex__(&self, th: Thread<'_>, proto: i32) -> Result<Ref<Tuple>> {
        self.state(th, proto > 3)
    }

    /// __reduce__() -> (cls, state)
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        self.state(th, false)
    }
}
