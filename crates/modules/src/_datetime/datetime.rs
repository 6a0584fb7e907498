//! `datetime`: a date and a time of day, with or without a time zone.
//!
//! The first bytes are those of a `date`, so that a `date`'s methods work on
//! it. Arithmetic goes through one number: the microseconds since ordinal 0.

use std::{borrow::Cow, cell::Cell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, CompareOp, Head, Int, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Traverse, Tuple, Type, alloc_object, id, own, raise,
    types::{self, bool_, none, singletons::not_implemented_ref},
};

use super::{
    calendar::{self, DAY_US, EPOCH, Hms, MAX_ORDINAL, Ymd},
    date::{
        Date, check_date, ctime_text, invalid_isoformat, isoformat_argument, pack_date, set,
        struct_time, unpack_date,
    },
    delta::TimeDelta,
    fields::{
        c_int, local, local_seconds, local_to_seconds, required, state_bytes, timestamp_parts,
        to_seconds, universal,
    },
    time::{
        ClockArgs, Time, check_clock, link, pack_clock, state_tzinfo, time_error, unpack_clock,
    },
    zone,
};
use crate::support;

/// datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])
///
/// The year, month and day arguments are required. tzinfo may be None, or an
/// instance of a tzinfo subclass. The remaining arguments may be ints.
#[pytype(name = "datetime.datetime", base = Date, flags = BASETYPE, layout = abi::PyDateTime_DateTime, traverse = manual)]
pub(crate) struct DateTime {
    head: Head,
    hash: Cell<isize>,
    hastzinfo: Cell<i8>,
    date: [u8; 4],
    time: [u8; 6],
    fold: Cell<u8>,
    tzinfo: Link,
}

impl Traverse for DateTime {
    // COMPAT: `datetime` is not known to the collector, as in CPython.
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

/// Date, time and fold.
#[derive(Clone, Copy)]
struct Fields {
    day: Ymd,
    time: Hms,
    fold: i32,
}

impl DateTime {
    fn alloc(th: Thread<'_>, cls: &Type, fields: Fields, tz: Option<Ref>) -> Result<Ref> {
        let value = DateTime {
            head: Head::new(),
            hash: Cell::new(-1),
            hastzinfo: Cell::new(i8::from(tz.is_some())),
            date: pack_date(fields.day),
            time: pack_clock(fields.time),
            fold: Cell::new(fields.fold as u8),
            tzinfo: link(tz),
        };
        alloc_object::alloc(th, cls, value).map(Ref::upcast)
    }

    /// `cls(year, …, tzinfo)` with `fold` set.
    fn make(th: Thread<'_>, cls: &Type, fields: Fields, tz: Option<Ref>) -> Result<Ref> {
        if std::ptr::eq(cls, Self::type_object()) {
            check_date(th, fields.day)?;
            check_clock(th, fields.time, fields.fold)?;
            return Self::alloc(th, cls, fields, tz);
        }
        let Fields { day, time, fold } = fields;
        let mut args = Vec::with_capacity(8);
        for field in [day.year, day.month, day.day, time.hour, time.minute, time.second, time.us] {
            args.push(Int::from_i64(th, field.into())?);
        }
        args.push(tz.unwrap_or_else(|| none().own()));
        let made = cls.call(th, object::args::borrow_all(&args))?;
        if let Some(value) = made.obj().downcast::<DateTime>() {
            value.fold.set(fold as u8);
        }
        Ok(made)
    }

    fn day(&self) -> Ymd {
        unpack_date(self.date)
    }

    pub(super) fn clock(&self) -> Hms {
        unpack_clock(self.time)
    }

    pub(crate) fn tz(&self) -> Option<Ref> {
        self.tzinfo.get().filter(|tz| !tz.obj().is_none())
    }

    pub(crate) fn year_number(&self) -> i32 {
        self.day().year
    }

    /// Seconds from 1970 on, by the clock on the wall.
    pub(crate) fn wall_seconds(&self) -> i64 {
        self.micros().div_euclid(1_000_000) - EPOCH
    }

    /// Whether it is the second time that the clock shows it.
    pub(crate) fn is_second(&self) -> bool {
        self.fold.get() != 0
    }

    /// Say so of a value that nobody has seen yet.
    pub(crate) fn set_second(&self) {
        self.fold.set(1);
    }

    fn fold_value(&self) -> i32 {
        self.fold.get().into()
    }

    fn fields(&self) -> Fields {
        Fields { day: self.day(), time: self.clock(), fold: self.fold_value() }
    }

    /// Microseconds since ordinal 0, by the clock on the wall.
    fn micros(&self) -> i64 {
        self.day().ordinal() * DAY_US + self.clock().micros()
    }

    fn of_micros(th: Thread<'_>, cls: &Type, us: i128, tz: Option<Ref>) -> Result<Ref> {
        // Years that do not fit have ordinals that do not either.
        let us = i64::try_from(us).unwrap_or(i64::MIN);
        let ordinal = us.div_euclid(DAY_US);
        if !(1..=MAX_ORDINAL).contains(&ordinal) {
            raise!(th, OverflowError, "date value out of range");
        }
        let fields = Fields {
            day: Ymd::from_ordinal(ordinal),
            time: Hms::from_micros(us.rem_euclid(DAY_US)),
            fold: 0,
        };
        Self::make(th, cls, fields, tz)
    }

    /// The wall clock `us` microseconds later, in the same zone.
    pub(crate) fn plus(&self, th: Thread<'_>, us: i128) -> Result<Ref> {
        Self::of_micros(th, self.obj().ty(), i128::from(self.micros()) + us, self.tz())
    }

    fn offset(&self, th: Thread<'_>) -> Result<Option<i64>> {
        zone::offset_micros(th, self.tz().as_ref(), self.obj())
    }

    /// Whether the offset depends on `fold`, so that equality does not hold.
    fn is_problematic(&self, th: Thread<'_>, offset: Option<i64>) -> Result<bool> {
        let flipped = Fields { fold: 1 - self.fold_value(), ..self.fields() };
        let flipped = Self::alloc(th, Self::type_object(), flipped, self.tz())?;
        Ok(zone::offset_micros(th, self.tz().as_ref(), flipped.obj())? != offset)
    }

    /// A moment of POSIX time in local time or, given a zone, in it.
    fn from_posix(
        th: Thread<'_>,
        cls: &Type,
        seconds: i64,
        us: i32,
        tz: Option<Ref>,
    ) -> Result<Ref> {
        if let Some(tz) = tz {
            let (day, time) = universal(th, seconds)?;
            let fields = Fields { day, time: Hms { us, ..time }, fold: 0 };
            let value = Self::make(th, cls, fields, Some(tz.clone()))?;
            return tz.call_method(th, id!(th, "fromutc"), &[value.obj()]);
        }
        let (day, time, ..) = local(th, seconds)?;
        let mut fold = 0;
        let here = to_seconds(day, time);
        let moment = seconds + EPOCH;
        // The day before the calendar's first has no local time to compare with.
        if moment > 2 * 86_400 {
            let transition = here - local_seconds(th, moment - 86_400)? - 86_400;
            if transition < 0 && local_seconds(th, moment + transition)? == here {
                fold = 1;
            }
        }
        Self::make(th, cls, Fields { day, time: Hms { us, ..time }, fold }, None)
    }

    fn utc_from_posix(th: Thread<'_>, cls: &Type, seconds: i64, us: i32) -> Result<Ref> {
        let (day, time) = universal(th, seconds)?;
        Self::make(th, cls, Fields { day, time: Hms { us, ..time }, fold: 0 }, None)
    }

    /// POSIX seconds of a naive datetime in local time.
    fn local_posix(&self, th: Thread<'_>) -> Result<i64> {
        let seconds = to_seconds(self.day(), self.clock());
        Ok(local_to_seconds(th, seconds, self.fold_value() != 0)? - EPOCH)
    }

    /// The zone of the machine at a naive datetime. Where the clock was put
    /// forward, the first of two readings is that after the change (PEP 495).
    fn local_zone(&self, th: Thread<'_>) -> Result<Ref> {
        let seconds = to_seconds(self.day(), self.clock());
        let fold = self.fold_value() != 0;
        let moment = local_to_seconds(th, seconds, fold)?;
        let other = local_to_seconds(th, seconds, !fold)?;
        let in_gap = other != moment && (other > moment) == fold;
        local_zone(th, if in_gap { other } else { moment } - EPOCH)
    }

    fn iso(&self, th: Thread<'_>, separator: char, timespec: &str) -> Result<String> {
        let Ymd { year, month, day } = self.day();
        let Some(time) = calendar::format_clock(self.clock(), timespec) else {
            raise!(th, ValueError, "Unknown timespec value");
        };
        let mut text = format!("{year:04}-{month:02}-{day:02}{separator}{time}");
        if let Some(offset) = self.offset(th)? {
            text += &calendar::format_offset(offset, ":");
        }
        Ok(text)
    }

    fn state(&self, th: Thread<'_>, with_fold: bool) -> Result<Ref<Tuple>> {
        let mut date = self.date;
        if with_fold && self.fold.get() != 0 {
            date[2] |= 0x80;
        }
        let data = [&date[..], &self.time[..]].concat();
        let mut items = vec![Bytes::new(th, &data)?.upcast()];
        items.extend(self.tz());
        let state = Tuple::from_refs(th, items)?.upcast();
        Tuple::from_array(th, [self.obj().ty().obj().own(), state])
    }

    fn replaced(
        &self,
        th: Thread<'_>,
        date: [Option<Obj<'_>>; 3],
        time: ClockArgs<'_>,
        tzinfo: Option<Obj<'_>>,
        fold: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let mut fields = self.fields();
        set(th, &mut fields.day.year, date[0])?;
        set(th, &mut fields.day.month, date[1])?;
        set(th, &mut fields.day.day, date[2])?;
        fields.time = time.over(th, fields.time)?;
        set(th, &mut fields.fold, fold)?;
        if !(0..=1).contains(&fields.fold) {
            raise!(th, ValueError, "fold must be either 0 or 1, not {}", fields.fold);
        }
        let tz = match tzinfo {
            Some(_) => zone::check_tzinfo(th, tzinfo)?,
            None => self.tz(),
        };
        Self::make(th, self.obj().ty(), fields, tz)
    }
}

/// The zone of the machine at a moment.
fn local_zone(th: Thread<'_>, posix: i64) -> Result<Ref> {
    let (.., offset, name) = local(th, posix)?;
    let offset = TimeDelta::from_micros(th, i128::from(offset) * 1_000_000)?;
    zone::new_fixed(th, offset, Some(name))
}

fn now_parts(th: Thread<'_>) -> Result<(i64, i32)> {
    match host::time::clock_ns(0) {
        Ok(ns) => {
            let us = ns.div_euclid(1000);
            Ok((us.div_euclid(1_000_000), us.rem_euclid(1_000_000) as i32))
        }
        Err(error) => Err(support::os_error(th, &error)),
    }
}

fn deprecated(th: Thread<'_>, name: &str, instead: &str) -> Result<()> {
    let text = format!(
        "datetime.datetime.{name}() is deprecated and scheduled for removal in a future version. Use timezone-aware objects to represent datetimes in UTC: {instead}."
    );
    support::warn(th, object::exceptions::types::DeprecationWarning(), &text, 1)
}

#[pymethods(parts(making, replacing))]
impl DateTime {
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    #[sig = "datetime(year=None, month=None, day=None, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        year: Option<Obj<'_>>,
        month: Option<Obj<'_>>,
        day: Option<Obj<'_>>,
        hour: Option<Obj<'_>>,
        minute: Option<Obj<'_>>,
        second: Option<Obj<'_>>,
        microsecond: Option<Obj<'_>>,
        tzinfo: Option<Obj<'_>>,
        fold: Option<Obj<'_>>,
    ) -> Result<Ref> {
        if let (Some(state), None) = (year, day)
            && let Some(data) = state_bytes::<10>(th, state, "datetime")?
        {
            let [a, b, month_and_fold, d, time @ ..] = data;
            if matches!(month_and_fold & 0x7f, 1..=12) {
                let fields = Fields {
                    day: unpack_date([a, b, month_and_fold & 0x7f, d]),
                    time: unpack_clock(time),
                    fold: i32::from(month_and_fold >> 7),
                };
                return Self::alloc(th, cls, fields, state_tzinfo(th, month.or(tzinfo))?);
            }
        }
        let day = Ymd {
            year: required(th, year, "year", 1)?,
            month: required(th, month, "month", 2)?,
            day: required(th, day, "day", 3)?,
        };
        let args = ClockArgs { hour, minute, second, us: microsecond };
        let time = args.over(th, Hms::default())?;
        let fold = fold.map_or(Ok(0), |fold| c_int(th, fold))?;
        check_date(th, day)?;
        check_clock(th, time, fold)?;
        let tz = zone::check_tzinfo(th, tzinfo)?;
        Self::alloc(th, cls, Fields { day, time, fold }, tz)
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
        let (Ymd { year, month, day }, Hms { hour, minute, second, us }) =
            (self.day(), self.clock());
        let class = self.obj().ty().full_name();
        let mut text = format!("{class}({year}, {month}, {day}, {hour}, {minute}");
        if second != 0 || us != 0 {
            text += &format!(", {second}");
        }
        if us != 0 {
            text += &format!(", {us}");
        }
        if self.fold_value() != 0 {
            text += ", fold=1";
        }
        if let Some(tz) = self.tz() {
            text += &format!(", tzinfo={}", tz.repr(th)?);
        }
        Ok(text + ")")
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref> {
        let space = Str::new(th, " ")?;
        self.obj().call_method(th, id!(th, "isoformat"), &[space.obj()])
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        if self.hash.get() != -1 {
            return Ok(self.hash.get());
        }
        let offset = if self.fold_value() == 0 {
            self.offset(th)?
        } else {
            let first = Self::alloc(
                th,
                Self::type_object(),
                Fields { fold: 0, ..self.fields() },
                self.tz(),
            )?;
            zone::offset_micros(th, self.tz().as_ref(), first.obj())?
        };
        let hash = match offset {
            None => types::str::hash_bytes(th, &[&self.date[..], &self.time[..]].concat()),
            Some(offset) => {
                TimeDelta::from_micros(th, (self.micros() - offset).into())?.hash(th)?
            }
        };
        self.hash.set(hash);
        Ok(hash)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<DateTime>() else { return Ok(not_implemented_ref()) };
        let plain = (self.date, self.time).cmp(&(other.date, other.time));
        if self.tzinfo.as_ptr() == other.tzinfo.as_ptr() {
            return Ok(bool_(op.of(plain)).own());
        }
        let (a, b) = (self.offset(th)?, other.offset(th)?);
        let order = match (a, b) {
            _ if a == b => plain,
            (Some(a), Some(b)) => (self.micros() - a).cmp(&(other.micros() - b)),
            _ if op == CompareOp::Eq => return Ok(bool_(false).own()),
            _ if op == CompareOp::Ne => return Ok(bool_(true).own()),
            _ => raise!(th, TypeError, "can't compare offset-naive and offset-aware datetimes"),
        };
        if matches!(op, CompareOp::Eq | CompareOp::Ne)
            && order.is_eq()
            && (self.is_problematic(th, a)? || other.is_problematic(th, b)?)
        {
            return Ok(bool_(op == CompareOp::Ne).own());
        }
        Ok(bool_(op.of(order)).own())
    }

    fn __add__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let (value, delta) = match (left.downcast::<DateTime>(), right.downcast::<DateTime>()) {
            (Some(value), None) => (value, right),
            (None, Some(value)) => (value, left),
            _ => return Ok(not_implemented_ref()),
        };
        match delta.downcast::<TimeDelta>() {
            Some(delta) => value.plus(th, delta.micros()),
            None => Ok(not_implemented_ref()),
        }
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let Some(value) = left.downcast::<DateTime>() else { return Ok(not_implemented_ref()) };
        if let Some(delta) = right.downcast::<TimeDelta>() {
            return value.plus(th, -delta.micros());
        }
        let Some(other) = right.downcast::<DateTime>() else { return Ok(not_implemented_ref()) };
        let mut us = i128::from(value.micros()) - i128::from(other.micros());
        if value.tzinfo.as_ptr() != other.tzinfo.as_ptr() {
            match (value.offset(th)?, other.offset(th)?) {
                (Some(a), Some(b)) => us += i128::from(b) - i128::from(a),
                (None, None) => {}
                _ => {
                    raise!(th, TypeError, "can't subtract offset-naive and offset-aware datetimes")
                }
            }
        }
        TimeDelta::from_micros(th, us).map(Ref::upcast)
    }

    /// Return date object with same year, month and day.
    #[sig = "($self, /)"]
    fn date(&self, th: Thread<'_>) -> Result<Ref> {
        Date::alloc(th, Date::type_object(), self.day())
    }

    /// Return time object with same time but with tzinfo=None.
    #[sig = "($self, /)"]
    fn time(&self, th: Thread<'_>) -> Result<Ref> {
        Time::alloc(th, Time::type_object(), self.clock(), self.fold_value(), None)
    }

    /// Return time object with same time and tzinfo.
    #[sig = "($self, /)"]
    fn timetz(&self, th: Thread<'_>) -> Result<Ref> {
        Time::alloc(th, Time::type_object(), self.clock(), self.fold_value(), self.tz())
    }

    /// Return ctime() style string.
    #[sig = "($self, /)"]
    fn ctime(&self, _: Thread<'_>) -> String {
        ctime_text(self.day(), self.clock())
    }

    /// Return time tuple, compatible with time.localtime().
    #[sig = "($self, /)"]
    fn timetuple(&self, th: Thread<'_>) -> Result<Ref> {
        let isdst = match zone::dst(th, self.tz().as_ref(), self.obj())? {
            None => -1,
            Some(saving) => i32::from(saving.micros() != 0),
        };
        struct_time(th, self.day(), self.clock(), isdst)
    }

    /// Return UTC time tuple, compatible with time.localtime().
    #[sig = "($self, /)"]
    fn utctimetuple(&self, th: Thread<'_>) -> Result<Ref> {
        let us = self.micros() - self.offset(th)?.unwrap_or(0);
        let ordinal = us.div_euclid(DAY_US);
        if !(1..=MAX_ORDINAL).contains(&ordinal) {
            raise!(th, OverflowError, "date value out of range");
        }
        let time = Hms::from_micros(us.rem_euclid(DAY_US));
        struct_time(th, Ymd::from_ordinal(ordinal), time, 0)
    }

    /// Return POSIX timestamp as float.
    #[sig = "($self, /)"]
    fn timestamp(&self, th: Thread<'_>) -> Result<f64> {
        let us = match self.tz() {
            Some(_) => {
                let offset = self.offset(th)?.unwrap_or(0);
                self.micros() - offset - EPOCH * 1_000_000
            }
            None => {
                let seconds = self.local_posix(th)?;
                return Ok(seconds as f64 + f64::from(self.clock().us) / 1e6);
            }
        };
        let exact = num::bigint::true_div(&us.into(), &1_000_000.into());
        Ok(exact.unwrap_or(0.0))
    }

    /// Return self.tzinfo.utcoffset(self).
    #[sig = "($self, /)"]
    fn utcoffset(&self, th: Thread<'_>) -> Result<Option<Ref<TimeDelta>>> {
        zone::utcoffset(th, self.tz().as_ref(), self.obj())
    }

    /// Return self.tzinfo.tzname(self).
    #[sig = "($self, /)"]
    fn tzname(&self, th: Thread<'_>) -> Result<Ref> {
        zone::tzname(th, self.tz().as_ref(), self.obj())
    }

    /// Return self.tzinfo.dst(self).
    #[sig = "($self, /)"]
    fn dst(&self, th: Thread<'_>) -> Result<Option<Ref<TimeDelta>>> {
        zone::dst(th, self.tz().as_ref(), self.obj())
    }

    /// [sep] -> string in ISO 8601 format, YYYY-MM-DDT[HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].
    #[sig = "($self, /, sep='T', timespec='auto')"]
    fn isoformat(
        &self,
        th: Thread<'_>,
        sep: Option<Obj<'_>>,
        timespec: Option<&Str>,
    ) -> Result<Ref<Str>> {
        let separator = match sep {
            None => 'T',
            Some(sep) => {
                let Some(text) = sep.downcast::<Str>() else {
                    raise!(
                        th,
                        TypeError,
                        "isoformat() argument 1 must be a unicode character, not {}",
                        if sep.is_none() { "None" } else { sep.type_name() }
                    );
                };
                if text.len() != 1 {
                    raise!(
                        th,
                        TypeError,
                        "isoformat() argument 1 must be a unicode character, not a string of length {}",
                        text.len()
                    );
                }
                match text.get(0).and_then(char::from_u32) {
                    Some(code) => code,
                    None => {
                        // A surrogate is no `char`: put it where the mark was.
                        let timespec =
                            timespec.map_or(Ok("auto"), |timespec| timespec.to_utf8(th))?;
                        let iso = Str::new(th, &self.iso(th, 'T', timespec)?)?;
                        let mark = Str::new(th, "T")?;
                        return iso.replaced(th, &mark, text, 1);
                    }
                }
            }
        };
        let timespec = timespec.map_or(Ok("auto"), |timespec| timespec.to_utf8(th))?;
        Str::new(th, &self.iso(th, separator, timespec)?)
    }

    /// tz -> convert to local time in new timezone tz
    #[sig = "($self, /, tz=None)"]
    fn astimezone(&self, th: Thread<'_>, tz: Option<Obj<'_>>) -> Result<Ref> {
        let target = zone::check_tzinfo(th, tz)?;
        let own_zone = match self.tz() {
            Some(own_zone) => own_zone,
            None => self.local_zone(th)?,
        };
        if target.as_ref().is_some_and(|target| target.obj().is(own_zone.obj())) {
            return Ok(own(self).upcast());
        }
        let offset = match zone::offset_micros(th, Some(&own_zone), self.obj())? {
            Some(offset) => offset,
            None => {
                let local_zone = self.local_zone(th)?;
                zone::offset_micros(th, Some(&local_zone), self.obj())?.unwrap_or(0)
            }
        };
        let us = self.micros() - offset;
        let target = match target {
            Some(target) => target,
            None => local_zone(th, us.div_euclid(1_000_000) - EPOCH)?,
        };
        let value = Self::of_micros(th, self.obj().ty(), us.into(), Some(target.clone()))?;
        target.call_method(th, id!(th, "fromutc"), &[value.obj()])
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

#[pymethods(part = making)]
impl DateTime {
    /// Returns new datetime object representing current time local to tz.
    ///
    /// If no tz is specified, uses local timezone.
    #[classmethod]
    #[sig = "($type, /, tz=None)"]
    fn now(th: Thread<'_>, cls: &Type, tz: Option<Obj<'_>>) -> Result<Ref> {
        let tz = zone::check_tzinfo(th, tz)?;
        let (seconds, us) = now_parts(th)?;
        Self::from_posix(th, cls, seconds, us, tz)
    }

    /// Return a new datetime representing UTC day and time.
    #[classmethod]
    #[sig = "($type, /)"]
    fn utcnow(th: Thread<'_>, cls: &Type) -> Result<Ref> {
        deprecated(th, "utcnow", "datetime.datetime.now(datetime.UTC)")?;
        let (seconds, us) = now_parts(th)?;
        Self::utc_from_posix(th, cls, seconds, us)
    }

    /// timestamp[, tz] -> tz's local time from POSIX timestamp.
    #[classmethod]
    #[sig = "($type, timestamp, tz=None)"]
    fn fromtimestamp(
        th: Thread<'_>,
        cls: &Type,
        timestamp: Obj<'_>,
        tz: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let tz = zone::check_tzinfo(th, tz)?;
        let (seconds, us) = timestamp_parts(th, timestamp)?;
        Self::from_posix(th, cls, seconds, us, tz)
    }

    /// Construct a naive UTC datetime from a POSIX timestamp.
    #[classmethod]
    #[parse(tuple)]
    #[sig = "($type, timestamp, /)"]
    fn utcfromtimestamp(th: Thread<'_>, cls: &Type, timestamp: Obj<'_>) -> Result<Ref> {
        deprecated(
            th,
            "utcfromtimestamp",
            "datetime.datetime.fromtimestamp(timestamp, datetime.UTC)",
        )?;
        let (seconds, us) = timestamp_parts(th, timestamp)?;
        Self::utc_from_posix(th, cls, seconds, us)
    }

    /// string, format -> new datetime parsed from a string (like time.strptime()).
    #[classmethod]
    #[parse(tuple)]
    #[sig = "($type, string, format, /)"]
    fn strptime(th: Thread<'_>, cls: &Type, string: &Str, format: &Str) -> Result<Ref> {
        let parse = support::import_from(th, "_strptime", "_strptime_datetime_datetime")?;
        parse.call(th, &[cls.obj(), string.obj(), format.obj()])
    }

    /// date, time -> datetime with same date and time fields
    #[classmethod]
    #[sig = "($type, date, time, tzinfo=None)"]
    fn combine(
        th: Thread<'_>,
        cls: &Type,
        date: Obj<'_>,
        time: Obj<'_>,
        tzinfo: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let Some(day) = date.downcast::<Date>() else {
            raise!(
                th,
                TypeError,
                "combine() argument 1 must be datetime.date, not {}",
                date.type_name()
            );
        };
        let Some(time) = time.downcast::<Time>() else {
            raise!(
                th,
                TypeError,
                "combine() argument 2 must be datetime.time, not {}",
                time.type_name()
            );
        };
        let tz = match tzinfo {
            Some(_) => zone::check_tzinfo(th, tzinfo)?,
            None => time.tz(),
        };
        let fields = Fields { day: day.ymd(), time: time.clock(), fold: time.fold_value() };
        Self::make(th, cls, fields, tz)
    }

    /// string -> datetime from a string in most ISO 8601 formats
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn fromisoformat(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        let text = isoformat_argument(th, object)?;
        // PERF: no text of a time is longer than this, most are ASCII.
        let (mut room, long) = ([0; 48], text.units().iter());
        let long: Vec<u32> = if text.len() > room.len() { long.collect() } else { Vec::new() };
        room.iter_mut().zip(text.units()).for_each(|(place, code)| *place = code);
        let codes = room.get(..text.len()).unwrap_or(&long);
        let invalid = || invalid_isoformat(th, text);
        let Some(end) = calendar::date_length(codes) else { return Err(invalid()) };
        let ascii = |start: usize, end: usize| -> Option<Cow<'_, [u8]>> {
            if let Some(ascii) = text.as_ascii() {
                return ascii.as_bytes().get(start..end).map(Cow::Borrowed);
            }
            let byte = |code: &u32| u8::try_from(*code).ok().filter(u8::is_ascii);
            codes.get(start..end)?.iter().map(byte).collect::<Option<_>>().map(Cow::Owned)
        };
        let day = ascii(0, end).and_then(|date| calendar::parse_date(&date));
        let Some(mut day) = day else { return Err(invalid()) };
        let (mut time, mut tz) = (Hms::default(), None);
        if codes.len() > end {
            let Some(rest) = ascii(end + 1, codes.len()) else { return Err(invalid()) };
            if rest.is_empty() {
                return Err(invalid());
            }
            let parsed = match calendar::parse_time(&rest) {
                Ok(parsed) => parsed,
                Err(error) => return Err(time_error(th, text, error)),
            };
            time = parsed.clock;
            tz = parsed.offset.map(|offset| zone::fixed(th, offset, None)).transpose()?;
            if parsed.next_day {
                check_date(th, day)?;
                day = Ymd::from_ordinal(day.ordinal() + 1);
            }
        }
        Self::make(th, cls, Fields { day, time, fold: 0 }, tz)
    }
}

#[pymethods(part = replacing)]
impl DateTime {
    /// Return datetime with new specified fields.
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    #[sig = "($self, /, year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"]
    fn replace(
        &self,
        th: Thread<'_>,
        year: Option<Obj<'_>>,
        month: Option<Obj<'_>>,
        day: Option<Obj<'_>>,
        hour: Option<Obj<'_>>,
        minute: Option<Obj<'_>>,
        second: Option<Obj<'_>>,
        microsecond: Option<Obj<'_>>,
        tzinfo: Option<Obj<'_>>,
        fold: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let time = ClockArgs { hour, minute, second, us: microsecond };
        self.replaced(th, [year, month, day], time, tzinfo, fold)
    }

    /// The same as replace().
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    #[sig = "($self, /, *, year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, fold=unchanged)"]
    fn __replace__(
        &self,
        th: Thread<'_>,
        year: Option<Obj<'_>>,
        month: Option<Obj<'_>>,
        day: Option<Obj<'_>>,
        hour: Option<Obj<'_>>,
        minute: Option<Obj<'_>>,
        second: Option<Obj<'_>>,
        microsecond: Option<Obj<'_>>,
        tzinfo: Option<Obj<'_>>,
        fold: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let time = ClockArgs { hour, minute, second, us: microsecond };
        self.replaced(th, [year, month, day], time, tzinfo, fold)
    }
}
