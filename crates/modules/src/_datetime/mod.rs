//! `_datetime`: dates, times and differences.
//!
//! [`calendar`] computes without objects; each type has a file. Values are
//! immutable, so fields are read without care for re-entrancy.

mod calendar;
mod capi;
mod date;
mod datetime;
mod delta;
mod fields;
mod time;
mod zone;

use macros::pymodule;
use object::{
    AsObject, Int, Link, Module, Obj, PyStruct, Ref, Result, Thread, Type, declare::Declared,
    types::type_,
};

use self::{
    calendar::{DAY_US, MAXYEAR, MINYEAR},
    date::{Date, IsoCalendarDate},
    time::Time,
    zone::TimeZone,
};
pub(crate) use self::{datetime::DateTime, delta::TimeDelta, zone::TzInfo};

/// The one UTC.
#[derive(Default)]
struct Shared(Utc);

struct Utc(Link);

impl Default for Utc {
    fn default() -> Self {
        Utc(Link::null())
    }
}

/// `timezone.utc`.
fn utc(th: Thread<'_>) -> Result<Ref> {
    let shared = &th.interp().shared.get::<Shared>().0.0;
    if let Some(utc) = shared.get() {
        return Ok(utc);
    }
    let utc = zone::new_fixed(th, TimeDelta::from_micros(th, 0)?, None)?;
    shared.set(Some(utc.clone()));
    Ok(utc)
}

/// Fast implementation of the datetime module.
#[pymodule(name = "_datetime")]
pub mod module {
    use super::*;

    fn call(th: Thread<'_>, ty: &Type, args: &[i64]) -> Result<Ref> {
        let mut items = Vec::with_capacity(args.len());
        for arg in args {
            items.push(Int::from_i64(th, *arg)?);
        }
        use object::Protocol;
        let args: Vec<Obj<'_>> = items.iter().map(|item| item.obj()).collect();
        ty.call(th, &args)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Date>(th)?;
        module.add_type::<TimeDelta>(th)?;
        module.add_type::<TzInfo>(th)?;
        module.add_type::<Time>(th)?;
        module.add_type::<DateTime>(th)?;
        module.add_type::<TimeZone>(th)?;
        type_::ready(th, <IsoCalendarDate as Declared>::DECL)?;
        let delta = |us: i128| TimeDelta::from_micros(th, us).map(Ref::upcast);
        let day = i128::from(DAY_US);
        let most = 1_000_000_000 * day - 1;
        crate::support::set_attributes(
            th,
            TimeDelta::type_object(),
            &[
                ("min", delta(-999_999_999 * day)?),
                ("max", delta(most)?),
                ("resolution", delta(1)?),
            ],
        )?;
        let ty = Date::type_object();
        crate::support::set_attributes(
            th,
            ty,
            &[
                ("min", call(th, ty, &[1, 1, 1])?),
                ("max", call(th, ty, &[9999, 12, 31])?),
                ("resolution", delta(day)?),
            ],
        )?;
        let ty = Time::type_object();
        crate::support::set_attributes(
            th,
            ty,
            &[
                ("min", call(th, ty, &[0, 0])?),
                ("max", call(th, ty, &[23, 59, 59, 999_999])?),
                ("resolution", delta(1)?),
            ],
        )?;
        let ty = DateTime::type_object();
        crate::support::set_attributes(
            th,
            ty,
            &[
                ("min", call(th, ty, &[1, 1, 1])?),
                ("max", call(th, ty, &[9999, 12, 31, 23, 59, 59, 999_999])?),
                ("resolution", delta(1)?),
            ],
        )?;
        let utc = utc(th)?;
        let minute = 60_000_000;
        crate::support::set_attributes(
            th,
            TimeZone::type_object(),
            &[
                ("utc", utc.clone()),
                ("min", zone::fixed(th, minute - DAY_US, None)?),
                ("max", zone::fixed(th, DAY_US - minute, None)?),
            ],
        )?;
        module.set(th, "UTC", utc.obj())?;
        module.set(th, "datetime_CAPI", capi::capsule(th, utc.obj())?.obj())?;
        module.set(th, "MINYEAR", Int::from_i64(th, MINYEAR.into())?.obj())?;
        module.set(th, "MAXYEAR", Int::from_i64(th, MAXYEAR.into())?.obj())
    }
}
