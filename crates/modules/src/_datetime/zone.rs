//! `tzinfo` and `timezone`, and what is asked of any `tzinfo`.

use macros::{pymethods, pytype};
use object::{
    AsObject, CompareOp, Dict, Head, Obj, Protocol, Ref, Result, Str, Thread, Traverse, Tuple,
    Type, alloc_object, id, own, raise,
    types::{bool_, none, singletons::not_implemented_ref},
};

use super::{
    calendar::{DAY_US, format_offset},
    datetime::DateTime,
    delta::TimeDelta,
};

/// Abstract base class for time zone info objects.
#[pytype(name = "datetime.tzinfo", flags = BASETYPE, layout = abi::PyDateTime_TZInfo)]
pub(crate) struct TzInfo {
    head: Head,
}

/// Fixed offset from UTC implementation of tzinfo.
#[pytype(name = "datetime.timezone", base = TzInfo, traverse = manual)]
pub(crate) struct TimeZone {
    head: Head,
    offset: Ref<TimeDelta>,
    name: Option<Ref<Str>>,
}

impl Traverse for TimeZone {
    // COMPAT: `timezone` is not known to the collector, as in CPython.
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

/// An optional argument that has to be `None` or a `tzinfo`.
pub(super) fn check_tzinfo(th: Thread<'_>, value: Option<Obj<'_>>) -> Result<Option<Ref>> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(None) };
    if value.downcast::<TzInfo>().is_none() {
        raise!(
            th,
            TypeError,
            "tzinfo argument must be None or of a tzinfo subclass, not type '{}'",
            value.type_name()
        );
    }
    Ok(Some(value.own()))
}

/// `tz.name(dt)`, a difference of less than a day or `None`.
fn ask_offset(
    th: Thread<'_>,
    tz: Option<&Ref>,
    name: &Str,
    dt: Obj<'_>,
) -> Result<Option<Ref<TimeDelta>>> {
    let Some(tz) = tz else { return Ok(None) };
    let offset = tz.call_method(th, name, &[dt])?;
    if offset.obj().is_none() {
        return Ok(None);
    }
    let Ok(offset) = offset.downcast::<TimeDelta>() else {
        let other = tz.call_method(th, name, &[dt])?;
        raise!(
            th,
            TypeError,
            "tzinfo.{name}() must return None or timedelta, not '{}'",
            other.obj().type_name()
        );
    };
    check_offset(th, &offset)?;
    Ok(Some(offset))
}

fn check_offset(th: Thread<'_>, offset: &TimeDelta) -> Result<()> {
    if offset.micros().unsigned_abs() >= DAY_US.unsigned_abs().into() {
        let text = offset.repr(th)?;
        raise!(
            th,
            ValueError,
            "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not {text}"
        );
    }
    Ok(())
}

/// `tz.utcoffset(dt)`.
pub(super) fn utcoffset(
    th: Thread<'_>,
    tz: Option<&Ref>,
    dt: Obj<'_>,
) -> Result<Option<Ref<TimeDelta>>> {
    if let Some(zone) = tz.and_then(|tz| tz.obj().downcast_exact::<TimeZone>()) {
        return Ok(Some(zone.offset.clone()));
    }
    ask_offset(th, tz, id!(th, "utcoffset"), dt)
}

/// `utcoffset` in microseconds.
pub(super) fn offset_micros(th: Thread<'_>, tz: Option<&Ref>, dt: Obj<'_>) -> Result<Option<i64>> {
    Ok(utcoffset(th, tz, dt)?.map(|offset| offset.micros() as i64))
}

/// `tz.dst(dt)`.
pub(super) fn dst(th: Thread<'_>, tz: Option<&Ref>, dt: Obj<'_>) -> Result<Option<Ref<TimeDelta>>> {
    ask_offset(th, tz, id!(th, "dst"), dt)
}

/// `tz.tzname(dt)`.
pub(super) fn tzname(th: Thread<'_>, tz: Option<&Ref>, dt: Obj<'_>) -> Result<Ref> {
    let Some(tz) = tz else { return Ok(none().own()) };
    let name = tz.call_method(th, id!(th, "tzname"), &[dt])?;
    if !name.obj().is_none() && name.obj().downcast::<Str>().is_none() {
        raise!(
            th,
            TypeError,
            "tzinfo.tzname() must return None or a string, not '{}'",
            name.obj().type_name()
        );
    }
    Ok(name)
}

/// A fixed offset; UTC's is the shared one.
pub(super) fn fixed(th: Thread<'_>, offset_us: i64, name: Option<Ref<Str>>) -> Result<Ref> {
    if offset_us == 0 && name.is_none() {
        return super::utc(th);
    }
    let offset = TimeDelta::from_micros(th, offset_us.into())?;
    new_fixed(th, offset, name)
}

/// A fixed offset that is never the shared UTC.
pub(super) fn new_fixed(
    th: Thread<'_>,
    offset: Ref<TimeDelta>,
    name: Option<Ref<Str>>,
) -> Result<Ref> {
    check_offset(th, &offset)?;
    alloc_object::new(th, TimeZone { head: Head::new(), offset, name }).map(Ref::upcast)
}

fn datetime_of<'a>(th: Thread<'_>, tz: Obj<'_>, dt: Obj<'a>) -> Result<&'a DateTime> {
    let Some(value) = dt.downcast::<DateTime>() else {
        raise!(th, TypeError, "fromutc: argument must be a datetime");
    };
    if !value.tz().is_some_and(|own| own.obj().is(tz)) {
        raise!(th, ValueError, "fromutc: dt.tzinfo is not self");
    }
    Ok(value)
}

fn missing(th: Thread<'_>, name: &str) -> Result<Ref> {
    raise!(th, NotImplementedError, "a tzinfo subclass must implement {name}()")
}

#[pymethods]
impl TzInfo {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<TzInfo>> {
        alloc_object::alloc(th, cls, TzInfo { head: Head::new() })
    }

    /// datetime -> string name of time zone.
    #[sig = "($self, object, /)"]
    fn tzname(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        let _ = object;
        missing(th, "tzname")
    }

    /// datetime -> timedelta showing offset from UTC, negative values indicating West of UTC
    #[sig = "($self, object, /)"]
    fn utcoffset(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        let _ = object;
        missing(th, "utcoffset")
    }

    /// datetime -> DST offset as timedelta positive east of UTC.
    #[sig = "($self, object, /)"]
    fn dst(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        let _ = object;
        missing(th, "dst")
    }

    /// datetime in UTC -> datetime in local time.
    #[sig = "($self, object, /)"]
    fn fromutc(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        let dt = datetime_of(th, self.obj(), object)?;
        let tz = self.obj().own();
        let Some(offset) = ask_offset(th, Some(&tz), id!(th, "utcoffset"), object)? else {
            raise!(th, ValueError, "fromutc: non-None utcoffset() result required");
        };
        let Some(saving) = dst(th, Some(&tz), object)? else {
            raise!(th, ValueError, "fromutc: non-None dst() result required");
        };
        let standard = dt.plus(th, offset.micros() - saving.micros())?;
        let Some(saving) = dst(th, Some(&tz), standard.obj())? else {
            raise!(th, ValueError, "fromutc: tz.dst() gave inconsistent results; cannot convert");
        };
        match standard.obj().downcast::<DateTime>() {
            Some(standard) if saving.micros() != 0 => standard.plus(th, saving.micros()),
            _ => Ok(standard),
        }
    }

    /// -> (cls, state)
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let args = match self.obj().getattr_opt(th, id!(th, "__getinitargs__"))? {
            Some(method) => method.call(th, &[])?,
            None => object::types::empty_tuple().upcast(),
        };
        let state = self.obj().call_method(th, id!(th, "__getstate__"), &[])?;
        Tuple::from_array(th, [self.obj().ty().obj().own(), args, state])
    }
}

fn check_dt(th: Thread<'_>, name: &str, dt: Obj<'_>) -> Result<()> {
    if dt.is_none() || dt.downcast::<DateTime>().is_some() {
        return Ok(());
    }
    raise!(
        th,
        TypeError,
        "{name}(dt) argument must be a datetime instance or None, not {}",
        dt.type_name()
    )
}

impl TimeZone {
    fn is_utc(&self, th: Thread<'_>) -> Result<bool> {
        Ok(super::utc(th)?.obj().is(self.obj()))
    }

    fn text(&self) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None if self.offset.micros() == 0 => "UTC".to_owned(),
            None => format!("UTC{}", format_offset(self.offset.micros() as i64, ":")),
        }
    }
}

#[pymethods]
impl TimeZone {
    #[sig = "timezone(offset, name=None)"]
    fn __new__(th: Thread<'_>, _cls: &Type, offset: Obj<'_>, name: Option<Obj<'_>>) -> Result<Ref> {
        let Some(offset) = offset.downcast::<TimeDelta>() else {
            raise!(
                th,
                TypeError,
                "timezone() argument 1 must be datetime.timedelta, not {}",
                offset.type_name()
            );
        };
        let Some(name) = name else {
            if offset.micros() == 0 {
                return super::utc(th);
            }
            return new_fixed(th, own(offset), None);
        };
        match name.downcast::<Str>() {
            Some(name) => new_fixed(th, own(offset), Some(own(name))),
            None => raise!(
                th,
                TypeError,
                "timezone() argument 2 must be str, not {}",
                if name.is_none() { "None" } else { name.type_name() }
            ),
        }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<String> {
        let class = self.obj().ty().full_name();
        if self.is_utc(th)? {
            return Ok("datetime.timezone.utc".to_owned());
        }
        let offset = self.offset.repr(th)?;
        Ok(match &self.name {
            Some(name) => format!("{class}({offset}, {})", name.repr(th)?),
            None => format!("{class}({offset})"),
        })
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => Str::new(th, &self.text()),
        }
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        self.offset.hash(th)
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Ref {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return not_implemented_ref();
        }
        match other.downcast::<TimeZone>() {
            Some(other) => {
                let same = self.offset.micros() == other.offset.micros();
                bool_(same == (op == CompareOp::Eq)).own()
            }
            None => not_implemented_ref(),
        }
    }

    /// If name is specified when timezone is created, returns the name.  Otherwise returns offset as 'UTC(+|-)HH:MM'.
    #[sig = "($self, object, /)"]
    fn tzname(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Str>> {
        check_dt(th, "tzname", object)?;
        self.__str__(th)
    }

    /// Return fixed offset.
    #[sig = "($self, object, /)"]
    fn utcoffset(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Ref<TimeDelta>> {
        check_dt(th, "utcoffset", object)?;
        Ok(self.offset.clone())
    }

    /// Return None.
    #[sig = "($self, object, /)"]
    fn dst(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        check_dt(th, "dst", object)
    }

    /// datetime in UTC -> datetime in local time.
    #[sig = "($self, object, /)"]
    fn fromutc(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        datetime_of(th, self.obj(), object)?.plus(th, self.offset.micros())
    }

    /// pickle support
    #[sig = "($self, /)"]
    fn __getinitargs__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let mut items = vec![self.offset.clone().upcast()];
        items.extend(self.name.clone().map(Ref::upcast));
        Tuple::from_refs(th, items)
    }
}
