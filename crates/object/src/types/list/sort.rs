//! `list.sort`: keys, a look at their types, and the right comparison.
//!
//! The list is empty while it is sorted, so Python code that a comparison runs
//! cannot see or change the items. Keys of one builtin type are compared
//! without calls, by Rust's stable sort; all others by [`super::merge`], which
//! can be left with an error at any comparison and always leaves a permutation.

use std::{cmp::Ordering, ptr::NonNull};

use abi::PyObject;

use crate::{
    AsObject, CompareOp, Float, Obj, Protocol, Raised, Ref, Result, Str, Thread, Type,
    protocol::{compare, number},
    raise, small_int,
    types::{none, not_implemented, tuple::Tuple},
};

use super::{List, Storage, merge};

/// An item on its way to its place.
pub(super) trait Entry: Copy {
    /// What decides about its place.
    fn key(&self) -> Obj<'_>;
}

/// An item that is its own key; the storage that was taken out owns it.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Plain(NonNull<PyObject>);

/// An item with its key; somebody else owns both.
#[derive(Clone, Copy)]
struct Keyed {
    key: NonNull<PyObject>,
    item: NonNull<PyObject>,
}

impl Entry for Plain {
    #[inline(always)]
    fn key(&self) -> Obj<'_> {
        // SAFETY: owned elsewhere while the sort runs.
        unsafe { Obj::from_ptr(self.0) }
    }
}

impl Entry for Keyed {
    #[inline(always)]
    fn key(&self) -> Obj<'_> {
        // SAFETY: owned elsewhere while the sort runs.
        unsafe { Obj::from_ptr(self.key) }
    }
}

/// What all keys have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    SmallInts,
    Floats,
    Strings,
    /// Of one type with its own comparison.
    Same,
    Mixed,
}

fn kind_of<'a>(mut keys: impl Iterator<Item = Obj<'a>>) -> Kind {
    let Some(first) = keys.next() else { return Kind::Mixed };
    let is_number =
        |key: Obj<'_>| key.downcast_exact::<Float>().is_some_and(|f| !f.value().is_nan());
    if small_int::in_range(first.as_ptr()) {
        let mut kind = Kind::SmallInts;
        for key in keys {
            if !small_int::in_range(key.as_ptr()) {
                if !std::ptr::eq(key.ty(), first.ty()) {
                    return Kind::Mixed;
                }
                kind = Kind::Same;
            }
        }
        return kind;
    }
    if is_number(first) {
        return if keys.all(is_number) { Kind::Floats } else { Kind::Mixed };
    }
    if first.is_exact::<Str>() {
        return if keys.all(|key| key.is_exact::<Str>()) { Kind::Strings } else { Kind::Mixed };
    }
    let ty = first.ty();
    if keys.all(|key| std::ptr::eq(key.ty(), ty)) { Kind::Same } else { Kind::Mixed }
}

impl Kind {
    /// The order of two keys of a kind that needs no calls.
    #[inline(always)]
    fn order(self, a: Obj<'_>, b: Obj<'_>) -> Ordering {
        match self {
            // The addresses of small ints are in the order of the numbers.
            Kind::SmallInts => a.as_ptr().addr().cmp(&b.as_ptr().addr()),
            Kind::Floats => match (a.downcast_exact::<Float>(), b.downcast_exact::<Float>()) {
                (Some(a), Some(b)) => a.value().partial_cmp(&b.value()).unwrap_or(Ordering::Equal),
                _ => Ordering::Equal,
            },
            Kind::Strings => match (a.downcast_exact::<Str>(), b.downcast_exact::<Str>()) {
                (Some(a), Some(b)) => Str::cmp(a, b),
                _ => Ordering::Equal,
            },
            Kind::Same | Kind::Mixed => Ordering::Equal,
        }
    }

    fn needs_no_calls(self) -> bool {
        !matches!(self, Kind::Same | Kind::Mixed)
    }
}

/// `a < b`.
fn less(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
    let value = compare::rich_compare(th, a, b, CompareOp::Lt)?;
    number::is_true(th, value.obj())
}

/// `a < b` for two objects of the type `ty`.
fn less_same(th: Thread<'_>, ty: &Type, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
    let Some(slot) = ty.slots().tp_richcompare else { return less(th, a, b) };
    // A comparison can change the class of an instance.
    if !std::ptr::eq(a.ty(), ty) || !std::ptr::eq(b.ty(), ty) {
        return less(th, a, b);
    }
    // SAFETY: the slot belongs to the type of both.
    let value = unsafe { slot(a.as_ptr(), b.as_ptr(), CompareOp::Lt as i32) };
    // SAFETY: a new reference or null.
    let value = unsafe { Ref::from_raw(value) }.ok_or(Raised)?;
    if value.obj().is(not_implemented()) {
        return less(th, a, b);
    }
    number::is_true(th, value.obj())
}

/// The first items, if all keys are tuples that have one.
fn first_items<'a, T: Entry>(entries: &'a [T]) -> Option<Kind> {
    let first = |entry: &'a T| entry.key().downcast_exact::<Tuple>().and_then(|t| t.get(0));
    if !entries.iter().all(|entry| first(entry).is_some()) {
        return None;
    }
    let kind = kind_of(entries.iter().filter_map(first));
    kind.needs_no_calls().then_some(kind)
}

/// The first characters as a number, in the same order where two differ.
fn text_start(key: Obj<'_>) -> u64 {
    let Some(text) = key.downcast_exact::<Str>() else { return 0 };
    let mut start = [0; 8];
    if let Some(ascii) = text.as_ascii() {
        start.iter_mut().zip(ascii.as_bytes()).for_each(|(to, from)| *to = *from);
        return u64::from_be_bytes(start);
    }
    for (to, code) in start.iter_mut().zip(text.units().iter()) {
        *to = u8::try_from(code).unwrap_or(u8::MAX);
        // Behind a character that may stand for a larger one nothing counts.
        if *to == u8::MAX {
            break;
        }
    }
    u64::from_be_bytes(start)
}

/// Sort with what decides most comparisons beside each entry. PERF: sorting
/// strings and floats takes half the time of looking at the objects.
fn sort_cached<T: Entry, K: Copy>(
    th: Thread<'_>,
    entries: &mut [T],
    cache: impl Fn(Obj<'_>) -> K,
    order: impl Fn(&(K, T), &(K, T)) -> Ordering,
) -> Result<()> {
    let mut cached = Vec::new();
    if cached.try_reserve_exact(entries.len()).is_err() {
        return Err(th.no_memory());
    }
    cached.extend(entries.iter().map(|entry| (cache(entry.key()), *entry)));
    cached.sort_by(order);
    entries.iter_mut().zip(cached).for_each(|(entry, (_, sorted))| *entry = sorted);
    Ok(())
}

fn sort_entries<T: Entry>(th: Thread<'_>, entries: &mut [T]) -> Result<()> {
    let kind = kind_of(entries.iter().map(Entry::key));
    if kind.needs_no_calls() {
        // The sort allocates as much and cannot report a failure.
        let mut room: Vec<T> = Vec::new();
        if room.try_reserve_exact(entries.len()).is_err() {
            return Err(th.no_memory());
        }
        drop(room);
        return match kind {
            Kind::SmallInts => {
                entries.sort_by_key(|entry| entry.key().as_ptr().addr());
                Ok(())
            }
            Kind::Floats => {
                let value = |key: Obj<'_>| key.downcast_exact::<Float>().map_or(0.0, Float::value);
                sort_cached(th, entries, value, |a, b| {
                    a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal)
                })
            }
            _ => sort_cached(th, entries, text_start, |a, b| {
                a.0.cmp(&b.0).then_with(|| Kind::Strings.order(a.1.key(), b.1.key()))
            }),
        };
    }
    if kind == Kind::Mixed {
        return merge::sort(th, entries, |a: &T, b: &T| less(th, a.key(), b.key()));
    }
    if let Some(kind) = first_items(entries) {
        return merge::sort(th, entries, |a: &T, b: &T| {
            if let (Some(x), Some(y)) =
                (a.key().downcast_exact::<Tuple>(), b.key().downcast_exact::<Tuple>())
                && let (Some(first), Some(second)) = (x.get(0), y.get(0))
            {
                let order = kind.order(first, second);
                if order.is_ne() {
                    return Ok(order.is_lt());
                }
                if let Some(answer) = compare::compare_tuples(x, y, CompareOp::Lt) {
                    return Ok(answer);
                }
            }
            less(th, a.key(), b.key())
        });
    }
    let Some(ty) = entries.first().map(|entry| entry.key().ty() as *const Type) else {
        return Ok(());
    };
    // SAFETY: the first entry's key was alive; a class is kept while it is used below.
    let ty = unsafe { &*ty };
    let _alive = crate::own(ty);
    merge::sort(th, entries, |a: &T, b: &T| less_same(th, ty, a.key(), b.key()))
}

impl Storage {
    fn entries(&mut self) -> &mut [Plain] {
        if self.size <= 0 {
            return &mut [];
        }
        // SAFETY: the first `size` slots are non-null.
        unsafe { std::slice::from_raw_parts_mut(self.items.cast(), self.size as usize) }
    }

    /// Sort by the values of `key`.
    fn sort_keyed(&mut self, th: Thread<'_>, key: Obj<'_>) -> Result<()> {
        let items = self.entries();
        let (mut keys, mut entries) = (Vec::<Ref>::new(), Vec::<Keyed>::new());
        if keys.try_reserve_exact(items.len()).is_err()
            || entries.try_reserve_exact(items.len()).is_err()
        {
            return Err(th.no_memory());
        }
        for item in items.iter() {
            let value = key.call(th, &[item.key()])?;
            let address = value.obj().as_ptr();
            keys.push(value);
            entries.extend(NonNull::new(address).map(|key| Keyed { key, item: item.0 }));
        }
        let result = sort_entries(th, &mut entries);
        // Also after an error: the entries are a permutation of the items.
        for (slot, entry) in items.iter_mut().zip(&entries) {
            slot.0 = entry.item;
        }
        result
    }
}

impl List {
    /// `sort(key=key, reverse=reverse)`.
    pub fn sort_by(&self, th: Thread<'_>, key: Option<Obj<'_>>, reverse: bool) -> Result<()> {
        let mut storage = self.take_storage();
        self.allocated.set(-1);
        // Reversing before and after keeps equal items in order.
        if reverse {
            storage.entries().reverse();
        }
        let result = match key.filter(|key| !key.is(none())) {
            Some(key) => storage.sort_keyed(th, key),
            None => sort_entries(th, storage.entries()),
        };
        if reverse {
            storage.entries().reverse();
        }
        let modified = self.allocated.get() != -1;
        let meanwhile = self.put_storage(storage);
        drop(meanwhile);
        result?;
        if modified {
            raise!(th, ValueError, "list modified during sort");
        }
        Ok(())
    }
}
