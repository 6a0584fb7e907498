//! `date`: a day of the calendar.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, CompareOp, Head, Int, IntoObject, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, id, raise,
    types::{self, bool_, singletons::not_implemented_ref},
};

use super::{
    calendar::{self, IsoError, MAX_ORDINAL, MAXYEAR, MINYEAR, Ymd},
    datetime::DateTime,
    delta::TimeDelta,
    fields::{c_int, local, required, state_bytes, timestamp_parts},
};
use crate::support;

/// date(year, month, day) --> date object
#[pytype(name = "datetime.date", flags = BASETYPE, layout = abi::PyDateTime_Date)]
pub(crate) struct Date {
    head: Head,
    hash: Cell<isize>,
    hastzinfo: Cell<i8>,
    data: [u8; 4],
}

/// The result of date.isocalendar() or datetime.isocalendar()
///
/// This object may be accessed either as a tuple of
///   ((year, week, weekday))
/// or via the object attributes as named in the above tuple.
#[pytype(name = "datetime.IsoCalendarDate", base = Tuple, itemsize = 8)]
pub(crate) struct IsoCalendarDate {
    tuple: Tuple,
}

/// The day of four bytes of state, if its month is one.
pub(super) fn unpack_date(data: [u8; 4]) -> Ymd {
    let [high, low, month, day] = data;
    Ymd { year: i32::from(high) << 8 | i32::from(low), month: month.into(), day: day.into() }
}

pub(super) fn pack_date(day: Ymd) -> [u8; 4] {
    [(day.year >> 8) as u8, day.year as u8, day.month as u8, day.day as u8]
}

/// Raise unless it is a day of the calendar.
pub(super) fn check_date(th: Thread<'_>, date: Ymd) -> Result<()> {
    let Ymd { year, month, day } = date;
    if !(MINYEAR..=MAXYEAR).contains(&year) {
        raise!(th, ValueError, "year must be in 1..9999, not {year}");
    }
    if !(1..=12).contains(&month) {
        raise!(th, ValueError, "month must be in 1..12, not {month}");
    }
    let last = calendar::days_in_month(year, month);
    if !(1..=last).contains(&day) {
        raise!(
            th,
            ValueError,
            "day {day} must be in range 1..{last} for month {month} in year {year}"
        );
    }
    Ok(())
}

pub(super) fn check_ordinal(th: Thread<'_>, ordinal: i64) -> Result<Ymd> {
    if ordinal < 1 {
        raise!(th, ValueError, "ordinal must be >= 1");
    }
    let day = Ymd::from_ordinal(ordinal.min(2_000_000_000));
    check_date(th, day)?;
    Ok(day)
}

impl Date {
    pub(super) fn alloc(th: Thread<'_>, cls: &Type, day: Ymd) -> Result<Ref> {
        let date = Date {
            head: Head::new(),
            hash: Cell::new(-1),
            hastzinfo: Cell::new(0),
            data: pack_date(day),
        };
        alloc_object::alloc(th, cls, date).map(Ref::upcast)
    }

    /// `cls(year, month, day)`.
    pub(super) fn make(th: Thread<'_>, cls: &Type, day: Ymd) -> Result<Ref> {
        if std::ptr::eq(cls, Self::type_object()) {
            check_date(th, day)?;
            return Self::alloc(th, cls, day);
        }
        let args = [day.year, day.month, day.day].map(|field| field.into_object(th));
        let [year, month, day] = args;
        cls.call(th, &[year?.obj(), month?.obj(), day?.obj()])
    }

    pub(super) fn ymd(&self) -> Ymd {
        unpack_date(self.data)
    }

    fn plus_days(&self, th: Thread<'_>, days: i64) -> Result<Ref> {
        let ordinal = self.ymd().ordinal() + days;
        if !(1..=MAX_ORDINAL).contains(&ordinal) {
            raise!(th, OverflowError, "date value out of range");
        }
        Self::make(th, self.obj().ty(), Ymd::from_ordinal(ordinal))
    }

    fn isoformat_text(&self) -> String {
        let Ymd { year, month, day } = self.ymd();
        format!("{year:04}-{month:02}-{day:02}")
    }

    fn replaced(
        &self,
        th: Thread<'_>,
        year: Option<Obj<'_>>,
        month: Option<Obj<'_>>,
        day: Option<Obj<'_>>,
    ) -> Result<Ref> {
        let mut date = self.ymd();
        set(th, &mut date.year, year)?;
        set(th, &mut date.month, month)?;
        set(th, &mut date.day, day)?;
        Self::make(th, self.obj().ty(), date)
    }
}

/// Replace a field by an argument, if given.
pub(super) fn set(th: Thread<'_>, field: &mut i32, value: Option<Obj<'_>>) -> Result<()> {
    if let Some(value) = value {
        *field = c_int(th, value)?;
    }
    Ok(())
}

/// The `%`-escapes that `time.strftime` does not know, then `time.strftime`.
pub(super) fn wrap_strftime(
    th: Thread<'_>,
    object: Obj<'_>,
    format: &Str,
    timetuple: Ref,
    zone_of: Obj<'_>,
    year: i32,
    us: Option<i32>,
) -> Result<Ref> {
    let mut codes = Vec::with_capacity(format.len());
    let put = |codes: &mut Vec<u32>, text: &str| codes.extend(text.chars().map(u32::from));
    let code_at = |index: usize| format.get(index).and_then(char::from_u32);
    let mut index = 0;
    while index < format.len() {
        let code = format.get(index).unwrap_or(0);
        index += 1;
        if code != u32::from('%') || index >= format.len() {
            codes.push(code);
            continue;
        }
        let directive = code_at(index);
        index += 1;
        match directive {
            Some('z') => put(&mut codes, &offset_text(th, object, zone_of, "")?),
            Some(':') if code_at(index) == Some('z') => {
                index += 1;
                put(&mut codes, &offset_text(th, object, zone_of, ":")?);
            }
            Some('Z') if zone_of.is_none() => {}
            Some('Z') => {
                let name = object.call_method(th, id!(th, "tzname"), &[])?;
                if !name.obj().is_none() {
                    let name = escaped(th, name.obj())?;
                    codes.extend((0..name.len()).filter_map(|index| name.get(index)));
                }
            }
            Some('f') => put(&mut codes, &format!("{:06}", us.unwrap_or(0))),
            Some('Y') if year < 1000 => put(&mut codes, &format!("{year:04}")),
            Some('G') if year < 1000 => {
                let iso = object.call_method(th, id!(th, "isocalendar"), &[])?;
                let first = iso.get_item(th, Int::from_i64(th, 0)?.obj())?;
                let year = Int::to_i64(first.obj()).unwrap_or(0);
                put(&mut codes, &format!("{year:04}"));
            }
            Some('C') if year < 1000 => put(&mut codes, &format!("{:02}", year / 100)),
            Some('F') if year < 1000 => put(&mut codes, &format!("{year:04}-%m-%d")),
            _ => {
                codes.push(code);
                codes.extend(format.get(index - 1));
            }
        }
    }
    let format = Str::from_code_points(th, &codes)?;
    let strftime = support::import_from(th, "time", "strftime")?;
    strftime.call(th, &[format.obj(), timetuple.obj()])
}

/// The name of a zone with its percent signs doubled, as it goes into a format.
fn escaped(th: Thread<'_>, name: Obj<'_>) -> Result<Ref<Str>> {
    let signs = [Str::new(th, "%")?, Str::new(th, "%%")?];
    let escaped = name.call_method(th, id!(th, "replace"), &[signs[0].obj(), signs[1].obj()])?;
    match escaped.downcast::<Str>() {
        Ok(escaped) => Ok(escaped),
        Err(_) => raise!(th, TypeError, "tzname.replace() did not return a string"),
    }
}

fn offset_text(th: Thread<'_>, object: Obj<'_>, zone: Obj<'_>, separator: &str) -> Result<String> {
    if zone.is_none() {
        return Ok(String::new());
    }
    let offset = object.call_method(th, id!(th, "utcoffset"), &[])?;
    Ok(match offset.obj().downcast::<TimeDelta>() {
        Some(offset) => calendar::format_offset(offset.micros() as i64, separator),
        None => String::new(),
    })
}

/// `time.struct_time` of the fields.
pub(super) fn struct_time(
    th: Thread<'_>,
    day: Ymd,
    time: calendar::Hms,
    isdst: i32,
) -> Result<Ref> {
    let fields = [
        day.year,
        day.month,
        day.day,
        time.hour,
        time.minute,
        time.second,
        day.weekday(),
        day.yearday(),
        isdst,
    ];
    let mut items = Vec::with_capacity(fields.len());
    for field in fields {
        items.push(field.into_object(th)?);
    }
    let tuple = Tuple::from_refs(th, items)?;
    support::import_from(th, "time", "struct_time")?.call(th, &[tuple.obj()])
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn ctime_text(day: Ymd, time: calendar::Hms) -> String {
    let weekday = DAYS.get(day.weekday() as usize).unwrap_or(&"");
    let month = MONTHS.get((day.month - 1).max(0) as usize).unwrap_or(&"");
    format!(
        "{weekday} {month} {:2} {:02}:{:02}:{:02} {:04}",
        day.day, time.hour, time.minute, time.second, day.year
    )
}

pub(super) fn isocalendar_of(th: Thread<'_>, day: Ymd) -> Result<Ref> {
    let (year, week, weekday) = day.isocalendar();
    let items = vec![year.into_object(th)?, week.into_object(th)?, weekday.into_object(th)?];
    Tuple::fill(th, IsoCalendarDate::type_object(), items).map(Ref::upcast)
}

pub(super) fn invalid_isoformat(th: Thread<'_>, text: &Str) -> object::Raised {
    match text.repr(th) {
        Ok(text) => object::error!(th, ValueError, "Invalid isoformat string: {text}"),
        Err(raised) => raised,
    }
}

pub(super) fn isoformat_argument<'a>(th: Thread<'_>, text: Obj<'a>) -> Result<&'a Str> {
    match text.downcast::<Str>() {
        Some(text) => Ok(text),
        None => raise!(th, TypeError, "fromisoformat: argument must be str"),
    }
}

#[pymethods]
impl Date {
    #[sig = "date(year=None, month=None, day=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        year: Option<Obj<'_>>,
        month: Option<Obj<'_>>,
        day: Option<Obj<'_>>,
    ) -> Result<Ref> {
        if let (Some(state), None, None) = (year, month, day)
            && let Some(data) = state_bytes::<4>(th, state, "date")?
            && let [_, _, 1..=12, _] = data
        {
            return Self::alloc(th, cls, unpack_date(data));
        }
        let date = Ymd {
            year: required(th, year, "year", 1)?,
            month: required(th, month, "month", 2)?,
            day: required(th, day, "day", 3)?,
        };
        check_date(th, date)?;
        Self::alloc(th, cls, date)
    }

    #[getter]
    fn year(&self, _: Thread<'_>) -> i32 {
        self.ymd().year
    }

    #[getter]
    fn month(&self, _: Thread<'_>) -> i32 {
        self.ymd().month
    }

    #[getter]
    fn day(&self, _: Thread<'_>) -> i32 {
        self.ymd().day
    }

    fn __repr__(&self, _: Thread<'_>) -> String {
        let Ymd { year, month, day } = self.ymd();
        format!("{}({year}, {month}, {day})", self.obj().ty().full_name())
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref> {
        self.obj().call_method(th, id!(th, "isoformat"), &[])
    }

    fn __hash__(&self, th: Thread<'_>) -> isize {
        if self.hash.get() == -1 {
            self.hash.set(types::str::hash_bytes(th, &self.data));
        }
        self.hash.get()
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Ref {
        match other.downcast::<Date>() {
            Some(date) if other.downcast::<DateTime>().is_none() => {
                bool_(op.of(self.data.cmp(&date.data))).own()
            }
            _ => not_implemented_ref(),
        }
    }

    fn __add__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        if left.downcast::<DateTime>().is_some() || right.downcast::<DateTime>().is_some() {
            return Ok(not_implemented_ref());
        }
        let (date, delta) = match (left.downcast::<Date>(), right.downcast::<Date>()) {
            (Some(date), _) => (date, right),
            (_, Some(date)) => (date, left),
            _ => return Ok(not_implemented_ref()),
        };
        match delta.downcast::<TimeDelta>() {
            Some(delta) => date.plus_days(th, delta.days_only()),
            None => Ok(not_implemented_ref()),
        }
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        if left.downcast::<DateTime>().is_some() || right.downcast::<DateTime>().is_some() {
            return Ok(not_implemented_ref());
        }
        let Some(date) = left.downcast::<Date>() else { return Ok(not_implemented_ref()) };
        if let Some(other) = right.downcast::<Date>() {
            let days = date.ymd().ordinal() - other.ymd().ordinal();
            let us = i128::from(days) * i128::from(calendar::DAY_US);
            return TimeDelta::from_micros(th, us).map(Ref::upcast);
        }
        match right.downcast::<TimeDelta>() {
            Some(delta) => date.plus_days(th, -delta.days_only()),
            None => Ok(not_implemented_ref()),
        }
    }

    /// Create a date from a POSIX timestamp.
    #[classmethod]
    #[sig = "($type, timestamp, /)"]
    fn fromtimestamp(th: Thread<'_>, cls: &Type, timestamp: Obj<'_>) -> Result<Ref> {
        let (seconds, _) = timestamp_parts(th, timestamp)?;
        let (day, ..) = local(th, seconds)?;
        Self::make(th, cls, day)
    }

    /// Current date or datetime:  same as self.__class__.fromtimestamp(time.time()).
    #[classmethod]
    #[sig = "($type, /)"]
    fn today(th: Thread<'_>, cls: &Type) -> Result<Ref> {
        let now = support::import_from(th, "time", "time")?.call(th, &[])?;
        cls.obj().call_method(th, id!(th, "fromtimestamp"), &[now.obj()])
    }

    /// int -> date corresponding to a proleptic Gregorian ordinal.
    #[classmethod]
    #[parse(tuple)]
    #[sig = "($type, ordinal, /)"]
    fn fromordinal(th: Thread<'_>, cls: &Type, ordinal: Obj<'_>) -> Result<Ref> {
        let day = check_ordinal(th, c_int(th, ordinal)?.into())?;
        Self::make(th, cls, day)
    }

    /// str -> Construct a date from a string in ISO 8601 format.
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn fromisoformat(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        let text = isoformat_argument(th, object)?;
        match text.as_ascii().and_then(|text| calendar::parse_date(text.as_bytes())) {
            Some(day) => Self::make(th, cls, day),
            None => Err(invalid_isoformat(th, text)),
        }
    }

    /// int, int, int -> Construct a date from the ISO year, week number and weekday.
    #[classmethod]
    #[sig = "($type, year, week, day)"]
    fn fromisocalendar(
        th: Thread<'_>,
        cls: &Type,
        year: Obj<'_>,
        week: Obj<'_>,
        day: Obj<'_>,
    ) -> Result<Ref> {
        let component = |value| match c_int(th, value) {
            Err(raised) if th.exception_matches(object::exceptions::types::OverflowError()) => {
                th.clear_exception(raised);
                raise!(th, ValueError, "ISO calendar component out of range")
            }
            component => component,
        };
        let (year, week, day) = (component(year)?, component(week)?, component(day)?);
        match calendar::from_isocalendar(year, week, day) {
            Ok(date) => Self::make(th, cls, date),
            Err(IsoError::Year) => {
                raise!(th, ValueError, "year must be in 1..9999, not {year}")
            }
            Err(IsoError::Week) => raise!(th, ValueError, "Invalid week: {week}"),
            Err(IsoError::Day) => {
                raise!(th, ValueError, "Invalid weekday: {day} (range is [1, 7])")
            }
        }
    }

    /// string, format -> new date parsed from a string (like time.strptime()).
    #[classmethod]
    #[parse(tuple)]
    #[sig = "($type, string, format, /)"]
    fn strptime(th: Thread<'_>, cls: &Type, string: &Str, format: &Str) -> Result<Ref> {
        let parse = support::import_from(th, "_strptime", "_strptime_datetime_date")?;
        parse.call(th, &[cls.obj(), string.obj(), format.obj()])
    }

    /// Return ctime() style string.
    #[sig = "($self, /)"]
    fn ctime(&self, _: Thread<'_>) -> String {
        ctime_text(self.ymd(), calendar::Hms::default())
    }

    /// format -> strftime() style string.
    #[sig = "($self, format)"]
    fn strftime(&self, th: Thread<'_>, format: Obj<'_>) -> Result<Ref> {
        let Some(format) = format.downcast::<Str>() else {
            raise!(th, TypeError, "strftime() argument 1 must be str, not {}", format.type_name());
        };
        let tuple = self.obj().call_method(th, id!(th, "timetuple"), &[])?;
        let (zone, us) = match self.obj().downcast::<DateTime>() {
            Some(dt) => (dt.tz(), Some(dt.clock().us)),
            None => (None, None),
        };
        let zone = zone.unwrap_or_else(|| types::none().own());
        wrap_strftime(th, self.obj(), format, tuple, zone.obj(), self.ymd().year, us)
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

    /// Return string in ISO 8601 format, YYYY-MM-DD.
    #[sig = "($self, /)"]
    fn isoformat(&self, _: Thread<'_>) -> String {
        self.isoformat_text()
    }

    /// Return the day of the week represented by the date.
    ///
    /// Monday == 1 ... Sunday == 7
    #[sig = "($self, /)"]
    fn isoweekday(&self, _: Thread<'_>) -> i32 {
        self.ymd().weekday() + 1
    }

    /// Return a named tuple containing ISO year, week number, and weekday.
    #[sig = "($self, /)"]
    fn isocalendar(&self, th: Thread<'_>) -> Result<Ref> {
        isocalendar_of(th, self.ymd())
    }

    /// Return time tuple, compatible with time.localtime().
    #[sig = "($self, /)"]
    fn timetuple(&self, th: Thread<'_>) -> Result<Ref> {
        struct_time(th, self.ymd(), calendar::Hms::default(), -1)
    }

    /// Return proleptic Gregorian ordinal.  January 1 of year 1 is day 1.
    #[sig = "($self, /)"]
    fn toordinal(&self, _: Thread<'_>) -> i64 {
        self.ymd().ordinal()
    }

    /// Return the day of the week represented by the date.
    ///
    /// Monday == 0 ... Sunday == 6
    #[sig = "($self, /)"]
    fn weekday(&self, _: Thread<'_>) -> i32 {
        self.ymd().weekday()
    }

    /// Return date with new specified fields.
    #[sig = "($self, /, year=unchanged, month=unchanged, day=unchanged)"]
    fn replace(
        &self,
        th: Thread<'_>,
        year: Option<Obj<'_>>,
        month: Option<Obj<'_>>,
        day: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.replaced(th, year, month, day)
    }

    /// The same as replace().
    #[sig = "($self, /, *, year=unchanged, month=unchanged, day=unchanged)"]
    fn __replace__(
        &self,
        th: Thread<'_>,
        year: Option<Obj<'_>>,
        month: Option<Obj<'_>>,
        day: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.replaced(th, year, month, day)
    }

    /// __reduce__() -> (cls, state)
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let state = object::Bytes::new(th, &self.data)?.upcast();
        let state = Tuple::from_array(th, [state])?.upcast();
        Tuple::from_array(th, [self.obj().ty().obj().own(), state])
    }
}

fn iso_item(th: Thread<'_>, this: Obj<'_>, index: usize) -> Result<Ref> {
    match this.downcast::<Tuple>().and_then(|tuple| tuple.get(index)) {
        Some(item) => Ok(item.own()),
        None => raise!(th, IndexError, "tuple index out of range"),
    }
}

#[pymethods]
impl IsoCalendarDate {
    #[sig = "IsoCalendarDate(year, week, weekday)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        year: Ref,
        week: Ref,
        weekday: Ref,
    ) -> Result<Ref<Tuple>> {
        Tuple::fill(th, cls, vec![year, week, weekday])
    }

    fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result<String> {
        let (year, week) = (iso_item(th, this, 0)?.repr(th)?, iso_item(th, this, 1)?.repr(th)?);
        let day = iso_item(th, this, 2)?.repr(th)?;
        Ok(format!("{}(year={year}, week={week}, weekday={day})", this.ty().full_name()))
    }

    #[getter]
    fn year(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        iso_item(th, this, 0)
    }

    #[getter]
    fn week(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        iso_item(th, this, 1)
    }

    #[getter]
    fn weekday(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        iso_item(th, this, 2)
    }

    /// A plain tuple, for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Tuple>> {
        let items = [iso_item(th, this, 0)?, iso_item(th, this, 1)?, iso_item(th, this, 2)?];
        let plain = Tuple::from_array(th, items)?.upcast();
        let args = Tuple::from_array(th, [plain])?.upcast();
        Tuple::from_array(th, [Tuple::type_object().obj().own(), args])
    }
}
