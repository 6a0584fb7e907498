//! `_zoneinfo`: time zones of the IANA database.
//!
//! Finding and reading files is left to `zoneinfo`'s Python code. [`zone`] and
//! [`rule`] tell what time holds when, without objects; the objects to show are
//! made once for each zone.

mod rule;
mod zone;

use std::cell::{Cell, OnceCell, RefCell};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Head, Int, Link, Module, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object,
    declare::TypeBuilder,
    id, own,
    protocol::{compare, iter},
    raise, types,
};

use crate::{
    _datetime::{DateTime, TimeDelta, TzInfo},
    support,
};

use self::zone::{Data, Which, Zone};

/// How many zones are kept although nobody uses them.
const STRONG_CACHE_SIZE: usize = 8;

/// The zones of exactly `ZoneInfo` that were made.
#[derive(Default)]
struct Caches {
    weak: RefCell<Option<Ref>>,
    /// The zones that were asked for last, the latest first.
    strong: RefCell<Vec<(Ref, Ref<ZoneInfo>)>>,
}

impl Caches {
    fn of<'a>(th: Thread<'a>) -> &'a Caches {
        th.interp().extensions.get::<Caches>()
    }
}

/// How a zone was made, for pickling.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Cache,
    NoCache,
    File,
}

/// What a time is like, as objects.
struct Shown {
    offset: Ref<TimeDelta>,
    saving: Ref<TimeDelta>,
    name: Ref<Str>,
}

/// A zone and what its times look like: the kinds of the file, then those of the
/// TZ string.
struct Loaded {
    zone: Zone,
    kinds: Vec<Shown>,
    rule: Vec<Shown>,
    always: Option<Which>,
}

impl Loaded {
    fn shown(&self, which: Which) -> Option<&Shown> {
        match which {
            Which::Kind(kind) => self.kinds.get(kind),
            Which::Standard => self.rule.first(),
            Which::Saving => self.rule.get(1),
        }
    }
}

#[allow(missing_docs, reason = "CPython's has no docstring")]
#[pytype(name = "zoneinfo.ZoneInfo", base = TzInfo, flags = BASETYPE | IMMUTABLETYPE, weaklistoffset = weaklist)]
pub(super) struct ZoneInfo {
    head: Head,
    weaklist: Cell<*mut abi::PyObject>,
    key: Link,
    file_repr: Link<Str>,
    source: Cell<Source>,
    #[traverse(skip)]
    loaded: OnceCell<Loaded>,
}

fn delta(th: Thread<'_>, seconds: i64) -> Result<Ref<TimeDelta>> {
    TimeDelta::from_micros(th, i128::from(seconds) * 1_000_000)
}

/// The numbers of a tuple.
fn numbers(th: Thread<'_>, object: Obj<'_>) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    for item in iter::collect(th, object)? {
        found.push(Int::index_to_i64(th, item.obj())?);
    }
    Ok(found)
}

/// A day that was counted, and seconds of the day, from 1970 on.
fn moment(th: Thread<'_>, dt: Obj<'_>) -> Result<(i64, i64, bool)> {
    if let Some(dt) = dt.downcast::<DateTime>() {
        return Ok((dt.wall_seconds(), dt.year_number().into(), dt.is_second()));
    }
    let field = |name: &Str| Int::index_to_i64(th, dt.getattr(th, name)?.obj());
    let ordinal = dt.call_method(th, id!(th, "toordinal"), &[])?;
    let days = Int::index_to_i64(th, ordinal.obj())?.saturating_sub(719_163);
    let seconds = days
        .saturating_mul(86_400)
        .saturating_add(field(id!(th, "hour"))? * 3600)
        .saturating_add(field(id!(th, "minute"))? * 60)
        .saturating_add(field(id!(th, "second"))?);
    Ok((seconds, field(id!(th, "year"))?, field(id!(th, "fold"))? != 0))
}

/// Read a file through `zoneinfo._common.load_data`.
fn load(th: Thread<'_>, file: Obj<'_>) -> Result<Loaded> {
    let load = support::import_from(th, "zoneinfo._common", "load_data")?;
    let parts = iter::collect(th, load.call(th, &[file])?.obj())?;
    let [kinds, moments, offsets, are_saving, names, rule] = parts.as_slice() else {
        raise!(th, TypeError, "load_data() returned {} things, not 6", parts.len());
    };
    let data = Data {
        kinds: numbers(th, kinds.obj())?.into_iter().map(|kind| kind as usize).collect(),
        moments: numbers(th, moments.obj())?,
        offsets: numbers(th, offsets.obj())?,
        are_saving: numbers(th, are_saving.obj())?.into_iter().map(|is| is != 0).collect(),
    };
    let (kinds, count) = (&data.kinds, data.offsets.len());
    if kinds.len() != data.moments.len() || kinds.iter().any(|kind| *kind >= count) {
        raise!(th, ValueError, "Invalid transition index found while reading TZif");
    }
    let rule = match rule.obj().downcast::<Bytes>().filter(|text| !text.as_bytes().is_empty()) {
        Some(text) => match rule::parse(text.as_bytes()) {
            Ok(rule) => Some(rule),
            Err(trouble) => raise!(th, ValueError, "{trouble} {}", &*text.repr(th)?),
        },
        None if count == 0 => raise!(th, ValueError, "No time zone information found."),
        None => None,
    };
    show(th, Zone::new(data, rule), &iter::collect(th, names.obj())?)
}

/// Make the objects that a zone shows.
fn show(th: Thread<'_>, zone: Zone, names: &[Ref]) -> Result<Loaded> {
    let mut kinds = Vec::new();
    for (kind, (name, saving)) in names.iter().zip(&zone.savings).enumerate() {
        let Some(name) = name.obj().downcast::<Str>() else {
            raise!(th, TypeError, "an abbreviation must be str, not {}", name.obj().type_name());
        };
        let offset = delta(th, zone.offset(Which::Kind(kind)))?;
        kinds.push(Shown { offset, saving: delta(th, *saving)?, name: own(name) });
    }
    let mut rule = Vec::new();
    if let Some(string) = &zone.rule {
        let saving = string.saving.as_ref().map(|saving| (&saving.time, saving.difference));
        for (time, difference) in std::iter::once((&string.standard, 0)).chain(saving) {
            let name = Str::new(th, &time.name)?;
            let offset = delta(th, time.offset)?;
            rule.push(Shown { offset, saving: delta(th, difference)?, name });
        }
    }
    let always = zone.always(|kind, string| {
        let name = kinds.get(kind).map(|shown| shown.name.to_string());
        let is_plain = zone.savings.get(kind) == Some(&0);
        let offset = zone.offset(Which::Kind(kind));
        is_plain && offset == string.standard.offset && name.as_ref() == Some(&string.standard.name)
    });
    Ok(Loaded { zone, kinds, rule, always })
}

impl ZoneInfo {
    fn alloc(th: Thread<'_>, cls: &Type, source: Source) -> Result<Ref<ZoneInfo>> {
        let zone = ZoneInfo {
            head: Head::new(),
            weaklist: Cell::new(std::ptr::null_mut()),
            key: Link::null(),
            file_repr: Link::null(),
            source: Cell::new(source),
            loaded: OnceCell::new(),
        };
        alloc_object::alloc(th, cls, zone)
    }

    /// A new zone of a key, from the file that is found for it.
    fn of_key(th: Thread<'_>, cls: &Type, key: Obj<'_>) -> Result<Ref<ZoneInfo>> {
        let find = support::import_from(th, "zoneinfo._tzpath", "find_tzfile")?;
        let path = find.call(th, &[key])?;
        let file = if path.obj().is_none() {
            support::import_from(th, "zoneinfo._common", "load_tzdata")?.call(th, &[key])?
        } else {
            let mode = Str::new(th, "rb")?;
            support::import_from(th, "io", "open")?.call(th, &[path.obj(), mode.obj()])?
        };
        let loaded = load(th, file.obj());
        let saved = if loaded.is_err() { th.swap_exception(None) } else { None };
        let closed = file.call_method(th, id!(th, "close"), &[]);
        if saved.is_some() {
            drop(th.swap_exception(saved));
        }
        let (loaded, _) = (loaded?, closed?);
        let zone = Self::alloc(th, cls, Source::NoCache)?;
        zone.key.set(Some(key.own()));
        let _ = zone.loaded.set(loaded);
        Ok(zone)
    }

    fn loaded(&self, th: Thread<'_>) -> Result<&Loaded> {
        match self.loaded.get() {
            Some(loaded) => Ok(loaded),
            None => raise!(th, ValueError, "No time zone information found."),
        }
    }

    /// What holds at a time; `None` for no time in a zone that changes.
    fn find(&self, th: Thread<'_>, dt: Obj<'_>) -> Result<Option<&Shown>> {
        let loaded = self.loaded(th)?;
        if dt.is_none() {
            return Ok(loaded.always.and_then(|which| loaded.shown(which)));
        }
        let (moment, year, fold) = moment(th, dt)?;
        let which = loaded.zone.at_local(moment, year, fold);
        Ok(which.and_then(|which| loaded.shown(which)))
    }

    /// The weak cache of a class: subclasses have their own.
    fn weak_cache(th: Thread<'_>, cls: &Type) -> Result<Ref> {
        if !std::ptr::eq(cls, Self::type_object()) {
            return cls.getattr(th, id!(th, "_weak_cache"));
        }
        let caches = Caches::of(th);
        if let Some(cache) = caches.weak.borrow().clone() {
            return Ok(cache);
        }
        let cache = support::import_from(th, "weakref", "WeakValueDictionary")?.call(th, &[])?;
        caches.weak.replace(Some(cache.clone()));
        Ok(cache)
    }

    /// What a weak cache gave, if it is a zone.
    fn checked(th: Thread<'_>, found: Ref, cls: &Type, key: Obj<'_>) -> Result<Ref<ZoneInfo>> {
        if let Some(zone) = found.obj().downcast::<ZoneInfo>() {
            return Ok(own(zone));
        }
        raise!(
            th,
            RuntimeError,
            "Unexpected instance of {} in {} weak cache for key {}",
            found.obj().ty().full_name(),
            cls.full_name(),
            &*key.repr(th)?
        )
    }

    /// The position of a key in the strong cache, which may change meanwhile.
    fn strong(th: Thread<'_>, key: Obj<'_>) -> Result<Option<Ref<ZoneInfo>>> {
        let entries = Caches::of(th).strong.borrow().clone();
        for (known, zone) in entries {
            if compare::eq(th, known.obj(), key)? {
                return Ok(Some(zone));
            }
        }
        Ok(None)
    }

    /// Note that a zone was asked for.
    fn keep(th: Thread<'_>, key: Obj<'_>, zone: &Ref<ZoneInfo>) {
        let mut dropped = Vec::new();
        let mut strong = Caches::of(th).strong.borrow_mut();
        if let Some(at) = strong.iter().position(|(_, kept)| kept.obj().is(zone.obj())) {
            dropped.push(strong.remove(at));
        }
        strong.insert(0, (key.own(), zone.clone()));
        if strong.len() > STRONG_CACHE_SIZE {
            dropped.extend(strong.pop());
        }
        drop(strong);
        drop(dropped);
    }

    fn forget(th: Thread<'_>, key: Obj<'_>) -> Result<()> {
        let Some(zone) = Self::strong(th, key)? else { return Ok(()) };
        let dropped = {
            let mut strong = Caches::of(th).strong.borrow_mut();
            let at = strong.iter().position(|(_, kept)| kept.obj().is(zone.obj()));
            at.map(|at| strong.remove(at))
        };
        drop(dropped);
        Ok(())
    }

    /// The zone of a key, made if there is none.
    fn cached(th: Thread<'_>, cls: &Type, key: Obj<'_>) -> Result<Ref<ZoneInfo>> {
        let is_exact = std::ptr::eq(cls, Self::type_object());
        if is_exact && let Some(zone) = Self::strong(th, key)? {
            Self::keep(th, key, &zone);
            return Ok(zone);
        }
        let cache = Self::weak_cache(th, cls)?;
        let found = cache.call_method(th, id!(th, "get"), &[key, types::none()])?;
        let zone = if found.obj().is_none() {
            let new = Self::of_key(th, cls, key)?;
            new.source.set(Source::Cache);
            let kept = cache.call_method(th, id!(th, "setdefault"), &[key, new.obj()])?;
            Self::checked(th, kept, cls, key)?
        } else {
            Self::checked(th, found, cls, key)?
        };
        if is_exact {
            Self::keep(th, key, &zone);
        }
        Ok(zone)
    }
}

#[pymethods]
impl ZoneInfo {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let key = std::mem::offset_of!(ZoneInfo, key);
        b.member(c"key", abi::_Py_T_OBJECT, key, abi::Py_READONLY, None);
    }

    #[sig = "ZoneInfo(key)"]
    fn __new__(th: Thread<'_>, cls: &Type, key: Obj<'_>) -> Result<Ref<ZoneInfo>> {
        ZoneInfo::cached(th, cls, key)
    }

    /// Function to initialize subclasses.
    #[classmethod]
    #[sig = "($type, /, *args, **kwargs)"]
    #[parse(forward)]
    fn __init_subclass__(
        th: Thread<'_>,
        cls: &Type,
        _: object::Args<'_>,
        _: object::Kwargs<'_>,
    ) -> Result<()> {
        let cache = support::import_from(th, "weakref", "WeakValueDictionary")?.call(th, &[])?;
        cls.setattr(th, id!(th, "_weak_cache"), Some(cache.obj()))
    }

    /// Clear the ZoneInfo cache.
    #[classmethod]
    #[sig = "($type, /, *, only_keys=None)"]
    fn clear_cache(th: Thread<'_>, cls: &Type, only_keys: Option<Obj<'_>>) -> Result<()> {
        let cache = Self::weak_cache(th, cls)?;
        let is_exact = std::ptr::eq(cls, Self::type_object());
        let Some(keys) = only_keys.filter(|keys| !keys.is_none()) else {
            cache.call_method(th, id!(th, "clear"), &[])?;
            if is_exact {
                drop(Caches::of(th).strong.take());
            }
            return Ok(());
        };
        iter::for_each(th, keys, |key| {
            cache.call_method(th, id!(th, "pop"), &[key.obj(), types::none()])?;
            if is_exact { Self::forget(th, key.obj()) } else { Ok(()) }
        })
    }

    /// Get a new instance of ZoneInfo, bypassing the cache.
    #[classmethod]
    #[sig = "($type, /, key)"]
    fn no_cache(th: Thread<'_>, cls: &Type, key: Obj<'_>) -> Result<Ref<ZoneInfo>> {
        Self::of_key(th, cls, key)
    }

    /// Create a ZoneInfo file from a file object.
    #[classmethod]
    #[sig = "($type, file_obj, /, key=None)"]
    fn from_file(
        th: Thread<'_>,
        cls: &Type,
        file_obj: Obj<'_>,
        key: Option<Obj<'_>>,
    ) -> Result<Ref<ZoneInfo>> {
        let shown = file_obj.repr(th)?;
        let loaded = load(th, file_obj)?;
        let zone = Self::alloc(th, cls, Source::File)?;
        zone.key.set(key.filter(|key| !key.is_none()).map(Obj::own));
        zone.file_repr.set(Some(shown));
        let _ = zone.loaded.set(loaded);
        Ok(zone)
    }

    /// Retrieve a timedelta representing the UTC offset in a zone at the given datetime.
    #[sig = "($self, dt, /)"]
    fn utcoffset(&self, th: Thread<'_>, dt: Obj<'_>) -> Result<Option<Ref<TimeDelta>>> {
        Ok(self.find(th, dt)?.map(|shown| shown.offset.clone()))
    }

    /// Retrieve a timedelta representing the amount of DST applied in a zone at the given datetime.
    #[sig = "($self, dt, /)"]
    fn dst(&self, th: Thread<'_>, dt: Obj<'_>) -> Result<Option<Ref<TimeDelta>>> {
        Ok(self.find(th, dt)?.map(|shown| shown.saving.clone()))
    }

    /// Retrieve a string containing the abbreviation for the time zone that applies in a zone at a given datetime.
    #[sig = "($self, dt, /)"]
    fn tzname(&self, th: Thread<'_>, dt: Obj<'_>) -> Result<Option<Ref<Str>>> {
        Ok(self.find(th, dt)?.map(|shown| shown.name.clone()))
    }

    /// Given a datetime with local time in UTC, retrieve an adjusted datetime in local time.
    #[sig = "($self, object, /)"]
    fn fromutc(&self, th: Thread<'_>, object: Obj<'_>) -> Result {
        let Some(dt) = object.downcast::<DateTime>() else {
            raise!(th, TypeError, "fromutc: argument must be a datetime");
        };
        if !dt.tz().is_some_and(|tz| tz.obj().is(self.obj())) {
            raise!(th, ValueError, "fromutc: dt.tzinfo is not self");
        }
        let zone = &self.loaded(th)?.zone;
        let found = zone.at_utc(dt.wall_seconds(), dt.year_number().into());
        let Some((which, fold)) = found else {
            raise!(th, ValueError, "No time zone information found.");
        };
        let local = dt.plus(th, i128::from(zone.offset(which)) * 1_000_000)?;
        if fold && let Some(local) = local.obj().downcast::<DateTime>() {
            local.set_second();
        }
        Ok(local)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<String> {
        let class = self.obj().ty().full_name();
        match (self.key.get(), self.file_repr.get()) {
            (Some(key), _) => Ok(format!("{class}(key={})", &*key.repr(th)?)),
            (None, Some(file)) => Ok(format!("{class}.from_file({file})")),
            (None, None) => Ok(class.to_owned()),
        }
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        match self.key.get() {
            Some(key) => key.str(th),
            None => self.obj().repr(th),
        }
    }

    /// Function for serialization with the pickle protocol.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        if self.source.get() == Source::File {
            let class = support::import_from(th, "pickle", "PicklingError")?;
            let message = Str::new(th, "Cannot pickle a ZoneInfo file from a file stream.")?;
            return Err(th.raise_object(class.call(th, &[message.obj()])?));
        }
        let unpickle = self.obj().ty().getattr(th, id!(th, "_unpickle"))?;
        let key = self.key.get().unwrap_or_else(|| types::none().own());
        let from_cache = Int::from_i64(th, i64::from(self.source.get() == Source::Cache))?;
        let arguments = Tuple::from_array(th, [key, from_cache])?;
        Tuple::from_array(th, [unpickle, arguments.upcast()])
    }

    /// Private method used in unpickling.
    #[classmethod]
    #[sig = "($type, key, from_cache, /)"]
    fn _unpickle(th: Thread<'_>, cls: &Type, key: Obj<'_>, from_cache: bool) -> Result {
        if from_cache {
            return cls.call(th, &[key]);
        }
        cls.call_method(th, id!(th, "no_cache"), &[key])
    }
}

/// Implementation of the zoneinfo module in native code
#[pymodule]
pub mod _zoneinfo {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        // The base class is that of `datetime`.
        support::import(th, "_datetime")?;
        module.add_type::<ZoneInfo>(th)
    }
}
