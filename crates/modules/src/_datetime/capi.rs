//! `datetime.h`: the capsule `datetime.datetime_CAPI`, through which C code
//! gets at the types and makes values.

use std::{
    ffi::{c_int, c_void},
    ptr::null_mut,
};

use abi::{PyDateTime_CAPI, PyObject, PyTypeObject};
use object::{
    AsObject, Dict, Int, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    protocol::call, types::capsule,
};

use super::{Date, DateTime, Time, TimeDelta, TimeZone, TzInfo};

fn type_ptr(ty: &Type) -> *mut PyTypeObject {
    ty.obj().as_ptr().cast()
}

/// The capsule of an interpreter whose UTC is `utc`.
pub(super) fn capsule(th: Thread<'_>, utc: Obj<'_>) -> Result<Ref> {
    // It lives as long as the process, as do the static types.
    let table = Box::leak(Box::new(PyDateTime_CAPI {
        DateType: type_ptr(Date::type_object()),
        DateTimeType: type_ptr(DateTime::type_object()),
        TimeType: type_ptr(Time::type_object()),
        DeltaType: type_ptr(TimeDelta::type_object()),
        TZInfoType: type_ptr(TzInfo::type_object()),
        TimeZone_UTC: utc.as_ptr(),
        Date_FromDate: Some(date),
        DateTime_FromDateAndTime: Some(datetime),
        Time_FromTime: Some(time),
        Delta_FromDelta: Some(delta),
        TimeZone_FromTimeZone: Some(timezone),
        DateTime_FromTimestamp: Some(datetime_from_timestamp),
        Date_FromTimestamp: Some(date_from_timestamp),
        DateTime_FromDateAndTimeAndFold: Some(datetime_and_fold),
        Time_FromTimeAndFold: Some(time_and_fold),
    }));
    let table = std::ptr::from_mut(table).cast::<c_void>();
    capsule::new(th, table, c"datetime.datetime_CAPI".as_ptr(), None)
}

/// `ty(*numbers, zone, fold=fold)`, where the last two may be absent.
///
/// # Safety
///
/// The calling thread is attached, and the pointers are objects (`zone` may be null).
unsafe fn make(
    ty: *mut PyTypeObject,
    numbers: &[c_int],
    zone: *mut PyObject,
    fold: Option<c_int>,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let (th, ty, zone) = unsafe { (Thread::current(), Type::from_ptr(ty), Obj::from_raw(zone)) };
    let make = || {
        let mut values = Vec::with_capacity(numbers.len() + 1);
        for number in numbers {
            values.push(Int::from_i64(th, (*number).into())?);
        }
        let fold = fold.map(|fold| Int::from_i64(th, fold.into())).transpose()?;
        let mut args: Vec<Obj<'_>> = values.iter().map(|value| value.obj()).collect();
        args.extend(zone);
        let names = match &fold {
            None => None,
            Some(fold) => {
                args.push(fold.obj());
                Some(Tuple::from_objs(th, &[Str::intern(th, "fold")?.obj()])?)
            }
        };
        ty.obj().call_kw(th, &args, names.as_deref())
    };
    into_c(make())
}

fn into_c(result: Result<Ref>) -> *mut PyObject {
    result.map_or(null_mut(), Ref::into_raw)
}

unsafe extern "C" fn date(
    year: c_int,
    month: c_int,
    day: c_int,
    ty: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C calls this as the header says.
    unsafe { make(ty, &[year, month, day], null_mut(), None) }
}

unsafe extern "C" fn datetime(
    year: c_int,
    month: c_int,
    day: c_int,
    hour: c_int,
    minute: c_int,
    second: c_int,
    us: c_int,
    zone: *mut PyObject,
    ty: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C calls this as the header says.
    unsafe { make(ty, &[year, month, day, hour, minute, second, us], zone, None) }
}

unsafe extern "C" fn datetime_and_fold(
    year: c_int,
    month: c_int,
    day: c_int,
    hour: c_int,
    minute: c_int,
    second: c_int,
    us: c_int,
    zone: *mut PyObject,
    fold: c_int,
    ty: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C calls this as the header says.
    unsafe { make(ty, &[year, month, day, hour, minute, second, us], zone, Some(fold)) }
}

unsafe extern "C" fn time(
    hour: c_int,
    minute: c_int,
    second: c_int,
    us: c_int,
    zone: *mut PyObject,
    ty: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C calls this as the header says.
    unsafe { make(ty, &[hour, minute, second, us], zone, None) }
}

unsafe extern "C" fn time_and_fold(
    hour: c_int,
    minute: c_int,
    second: c_int,
    us: c_int,
    zone: *mut PyObject,
    fold: c_int,
    ty: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C calls this as the header says.
    unsafe { make(ty, &[hour, minute, second, us], zone, Some(fold)) }
}

/// Values are brought into range whatever `_normalize` is.
unsafe extern "C" fn delta(
    days: c_int,
    seconds: c_int,
    us: c_int,
    _normalize: c_int,
    ty: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C calls this as the header says.
    unsafe { make(ty, &[days, seconds, us], null_mut(), None) }
}

unsafe extern "C" fn timezone(offset: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: C calls this as the header says, on an attached thread.
    let (th, offset, name) =
        unsafe { (Thread::current(), Obj::from_raw(offset), Obj::from_raw(name)) };
    let args: Vec<Obj<'_>> = offset.into_iter().chain(name).collect();
    into_c(TimeZone::type_object().obj().call(th, &args))
}

unsafe extern "C" fn datetime_from_timestamp(
    class: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C calls this as the header says, on an attached thread.
    let (th, class, args, kwargs) = unsafe {
        (Thread::current(), Obj::from_raw(class), Obj::from_raw(args), Obj::from_raw(kwargs))
    };
    let (Some(class), Some(args)) = (class, args.and_then(|args| args.downcast::<Tuple>())) else {
        return null_mut();
    };
    let make = || {
        let method = class.getattr(th, &*Str::intern(th, "fromtimestamp")?)?;
        let kwargs = kwargs.and_then(|kwargs| kwargs.downcast::<Dict>());
        call::call_dict(th, method.obj(), args.items(), kwargs)
    };
    into_c(make())
}

unsafe extern "C" fn date_from_timestamp(
    class: *mut PyObject,
    args: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise; there are no keywords.
    unsafe { datetime_from_timestamp(class, args, null_mut()) }
}
