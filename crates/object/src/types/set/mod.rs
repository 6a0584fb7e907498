//! `set` and `frozenset`: open addressing over [`Table`], which both contain.
//!
//! Order of iteration follows from CPython's probing and growth, so these are
//! kept to the letter: nine neighbours are tried before the next jump, a new key
//! takes the last deleted slot on its way, and the table grows when three fifths
//! are filled.

mod iter;
mod methods;
mod table;

use std::cell::Cell;

use macros::pytype;

pub use self::{iter::SetIterator, table::Table};
use crate::{
    AsObject, Dict, Head, Obj, PyStruct, Ref, Result, Thread, Type, alloc_object, gc, protocol,
};

/// Build an unordered collection of unique elements.
#[pytype(name = "set", c_name = "PySet_Type", sig = "(iterable=(), /)", flags = BASETYPE | MATCH_SELF, layout = abi::PySetObject, weaklistoffset = weakreflist)]
pub struct Set {
    head: Head,
    table: Table,
    weakreflist: Cell<*mut abi::PyObject>,
}

/// Build an immutable unordered collection of unique elements.
#[pytype(name = "frozenset", c_name = "PyFrozenSet_Type", sig = "(iterable=(), /)", flags = BASETYPE | MATCH_SELF, layout = abi::PySetObject, weaklistoffset = weakreflist)]
pub struct FrozenSet {
    head: Head,
    table: Table,
    weakreflist: Cell<*mut abi::PyObject>,
}

/// `set` or `frozenset`.
pub(crate) trait AnySet: PyStruct {
    fn table(&self) -> &Table;
    fn new_of(th: Thread<'_>, cls: &Type) -> Result<Ref<Self>>;
}

macro_rules! any_set {
    ($($ty:ident)*) => { $(
        impl AnySet for $ty {
            #[inline(always)]
            fn table(&self) -> &Table {
                &self.table
            }

            fn new_of(th: Thread<'_>, cls: &Type) -> Result<Ref<Self>> {
                $ty::new_of(th, cls)
            }
        }

        impl $ty {
            /// A new empty set.
            pub fn new(th: Thread<'_>) -> Result<Ref<$ty>> {
                Self::new_of(th, Self::type_object())
            }

            /// A new empty instance of `cls`.
            pub fn new_of(th: Thread<'_>, cls: &Type) -> Result<Ref<$ty>> {
                if std::ptr::eq(cls, Self::type_object()) {
                    return Self::new_exact(th);
                }
                let set = alloc_object::alloc(
                    th,
                    cls,
                    $ty {
                        head: Head::new(),
                        table: Table::new(),
                        weakreflist: Cell::new(std::ptr::null_mut()),
                    },
                )?;
                set.table.settle();
                Ok(set)
            }

            /// A new empty set, filled in where it is.
            fn new_exact(th: Thread<'_>) -> Result<Ref<$ty>> {
                let object = alloc_object::alloc_items::<$ty>(th, 0)?;
                // SAFETY: the fields behind the header.
                let fields = unsafe { object.cast::<u8>().add(size_of::<Head>()) };
                // SAFETY: fresh memory for a set.
                unsafe { fields.write_bytes(0, size_of::<$ty>() - size_of::<Head>()) };
                // SAFETY: zero is a value of every field.
                let set = unsafe { object.cast::<$ty>().as_ref() };
                set.table.init();
                // SAFETY: a complete gc object.
                unsafe { gc::track(th.heap(), object) };
                // SAFETY: the header's count is the reference we hand over.
                Ok(unsafe { Ref::from_owned(object) })
            }

            /// `set(iterable)`.
            pub fn from_iterable(th: Thread<'_>, iterable: Obj<'_>) -> Result<Ref<$ty>> {
                let set = Self::new(th)?;
                set.table.update(th, iterable)?;
                Ok(set)
            }

            /// A new set of `items`.
            pub fn from_refs(th: Thread<'_>, items: &[Ref]) -> Result<Ref<$ty>> {
                let set = Self::new(th)?;
                for item in items {
                    set.table.add(th, item.obj())?;
                }
                Ok(set)
            }

            /// How many elements.
            #[inline]
            #[allow(clippy::len_without_is_empty, reason = "named after Python's len()")]
            pub fn len(&self) -> usize {
                self.table.len()
            }

            /// `key in self`.
            pub fn contains(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
                self.table.contains(th, key)
            }

            /// Whether `key` itself is an element: no set stands for its frozenset.
            pub fn contains_key(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
                self.table.contains_with_hash(th, key, Table::hash_key(th, key)?)
            }

            /// The element at or after slot `position`, which moves past it.
            #[inline]
            pub fn next_entry(&self, position: &mut usize) -> Option<Ref> {
                self.table.next_entry(position).map(|(key, _)| key)
            }

            /// The intersection with any iterable.
            pub fn intersection(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref<$ty>> {
                intersection(th, self, other)
            }

            /// Add an element to a set that nobody else has seen, or to a `set`.
            pub fn add(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
                self.table.add(th, key)
            }
        }
    )* };
}
any_set!(Set FrozenSet);

impl Set {
    /// Remove an element; whether it was there.
    pub fn discard(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        self.table.discard(th, key)
    }

    /// As [`Set::discard`], but no set stands for its frozenset.
    pub fn discard_key(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        self.table.discard_with_hash(th, key, Table::hash_key(th, key)?)
    }

    /// Remove and return some element.
    pub fn pop(&self) -> Option<Ref> {
        self.table.pop()
    }

    /// Remove all elements.
    pub fn clear(&self) {
        self.table.clear();
    }

    /// Add the items of any iterable.
    pub fn update(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        self.table.update(th, other)
    }

    /// Remove the items of any iterable.
    pub fn difference_update(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        self.table.difference_update(th, self.obj(), other)
    }

    /// Keep what is in exactly one of both.
    pub fn symmetric_difference_update(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        symmetric_difference_update(th, self, other)
    }
}

/// The keys of an exact set with their hashes, owned.
pub(crate) fn hashed_keys(object: Obj<'_>) -> Option<Vec<(Ref, isize)>> {
    if !object.is_exact::<Set>() && !object.is_exact::<FrozenSet>() {
        return None;
    }
    let (table, mut position) = (table_of(object)?, 0);
    Some(std::iter::from_fn(|| table.next_entry(&mut position)).collect())
}

/// The table of a set or frozenset.
#[inline]
pub(crate) fn table_of(object: Obj<'_>) -> Option<&Table> {
    table_of_exact(object).or_else(|| table_of_subclass(object))
}

/// The table of exactly a set or a frozenset.
#[inline(always)]
pub(crate) fn table_of_exact(object: Obj<'_>) -> Option<&Table> {
    if let Some(set) = object.downcast_exact::<Set>() {
        return Some(&set.table);
    }
    object.downcast_exact::<FrozenSet>().map(|set| &set.table)
}

#[inline(never)]
fn table_of_subclass(object: Obj<'_>) -> Option<&Table> {
    if let Some(set) = object.downcast::<FrozenSet>() {
        return Some(&set.table);
    }
    object.downcast::<Set>().map(|set| &set.table)
}

/// A copy of exactly the base type.
fn copy<S: AnySet>(th: Thread<'_>, set: &S) -> Result<Ref<S>> {
    let copy = S::new_of(th, S::type_object())?;
    copy.table().merge(th, set.table())?;
    Ok(copy)
}

/// `set & other`.
fn intersection<S: AnySet>(th: Thread<'_>, set: &S, other: Obj<'_>) -> Result<Ref<S>> {
    if set.obj().is(other) {
        return copy(th, set);
    }
    let result = S::new_of(th, S::type_object())?;
    let Some(theirs) = table_of(other) else {
        protocol::iter::for_each(th, other, |key| {
            let hash = Table::hash_key(th, key.obj())?;
            if set.table().contains_with_hash(th, key.obj(), hash)? {
                result.table().add_with_hash(th, key.obj(), hash)?;
            }
            Ok(())
        })?;
        return Ok(result);
    };
    let mine = set.table();
    let (container, items) =
        if theirs.len() > mine.len() { (theirs, mine) } else { (mine, theirs) };
    let (mut position, mut left) = (0, items.len());
    while left > 0
        && let Some(entry) = items.peek_entry(&mut position)
    {
        let (found, _kept) = container.contains_entry(th, entry)?;
        if found {
            result.table().add_absent(th, entry)?;
        }
        left -= 1;
    }
    Ok(result)
}

/// `set - other`.
fn difference<S: AnySet>(th: Thread<'_>, set: &S, other: Obj<'_>) -> Result<Ref<S>> {
    let theirs = table_of(other);
    let dict = other.downcast_exact::<Dict>();
    let other_len = theirs.map(Table::len).or(dict.map(Dict::len));
    let mine = set.table();
    if other_len.is_none_or(|other_len| mine.len() >> 2 > other_len) {
        let result = copy(th, set)?;
        result.table().difference_update(th, result.obj(), other)?;
        return Ok(result);
    }
    let result = S::new_of(th, S::type_object())?;
    let (mut position, mut left) = (0, mine.len());
    if let Some(theirs) = theirs {
        while left > 0
            && let Some(entry) = mine.peek_entry(&mut position)
        {
            let (found, _kept) = theirs.contains_entry(th, entry)?;
            if !found {
                result.table().add_absent(th, entry)?;
            }
            left -= 1;
        }
        return Ok(result);
    }
    while let Some((key, hash)) = mine.next_entry(&mut position) {
        let found = match dict {
            Some(dict) => dict.contains_with_hash(th, key.obj(), hash)?,
            None => false,
        };
        if !found {
            result.table().add_with_hash(th, key.obj(), hash)?;
        }
    }
    Ok(result)
}

/// `set ^= other`.
fn symmetric_difference_update<S: AnySet>(th: Thread<'_>, set: &S, other: Obj<'_>) -> Result<()> {
    if set.obj().is(other) {
        set.table().clear();
        return Ok(());
    }
    let mine = set.table();
    let toggle = |key: Obj<'_>, hash: isize| -> Result<()> {
        if !mine.discard_with_hash(th, key, hash)? {
            mine.add_with_hash(th, key, hash)?;
        }
        Ok(())
    };
    if let Some(dict) = other.downcast_exact::<Dict>() {
        let mut index = 0;
        while index < dict.entries() {
            if let (Some(key), Some(hash)) = (dict.key_at(index).map(Obj::own), dict.hash_at(index))
            {
                toggle(key.obj(), hash)?;
            }
            index += 1;
        }
        return Ok(());
    }
    let unique;
    let theirs = match table_of(other) {
        Some(theirs) => theirs,
        None => {
            unique = Set::from_iterable(th, other)?;
            &unique.table
        }
    };
    let mut position = 0;
    while let Some((key, hash)) = theirs.next_entry(&mut position) {
        toggle(key.obj(), hash)?;
    }
    Ok(())
}

/// `set ^ other`.
fn symmetric_difference<S: AnySet>(th: Thread<'_>, set: &S, other: Obj<'_>) -> Result<Ref<S>> {
    let result = S::new_of(th, S::type_object())?;
    result.table().update(th, other)?;
    symmetric_difference_update(th, &*result, set.obj())?;
    Ok(result)
}

/// Whether `b` has all elements of `a`.
fn is_subset(th: Thread<'_>, a: &Table, b: &Table) -> Result<bool> {
    if a.len() > b.len() {
        return Ok(false);
    }
    // PERF: small ints are at the front of a table, most of which need not be seen.
    let (mut position, mut left) = (0, a.len());
    while left > 0
        && let Some(entry) = a.peek_entry(&mut position)
    {
        if !b.contains_entry(th, entry)?.0 {
            return Ok(false);
        }
        left -= 1;
    }
    Ok(true)
}

/// Whether a set and an iterable have nothing in common.
fn is_disjoint<S: AnySet>(th: Thread<'_>, set: &S, other: Obj<'_>) -> Result<bool> {
    let mine = set.table();
    if set.obj().is(other) {
        return Ok(mine.len() == 0);
    }
    let Some(theirs) = table_of(other) else {
        let iterator = protocol::iter::iter(th, other)?;
        while let Some(key) = protocol::iter::next(th, iterator.obj())? {
            let hash = Table::hash_key(th, key.obj())?;
            if mine.contains_with_hash(th, key.obj(), hash)? {
                return Ok(false);
            }
        }
        return Ok(true);
    };
    let (container, items) =
        if theirs.len() > mine.len() { (theirs, mine) } else { (mine, theirs) };
    let mut position = 0;
    while let Some(entry) = items.peek_entry(&mut position) {
        if container.contains_entry(th, entry)?.0 {
            return Ok(false);
        }
    }
    Ok(true)
}
