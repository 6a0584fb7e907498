//! `dict`: a compact, ordered hash table.
//!
//! `ma_keys` points to a block of our own design ([`keys`]): an index table and
//! the entries in insertion order. Each change of the set of keys resets the
//! block's version, so that a cache may remember an entry's position. Comparing
//! keys can run Python code that changes this very dict; no borrow of the block
//! survives a comparison, after which the search starts again if need be.

mod iter;
mod keys;
mod merge;
mod methods;
mod views;

use std::{cell::Cell, ptr::NonNull};

use macros::pytype;

use abi::PyObject;

use self::keys::{Block, Walk};
use crate::{
    AsObject, Head, Obj, Object, PyStruct, Raised, Ref, Result, Str, Thread, Traverse, Type,
    alloc_object, exceptions,
    protocol::compare,
    reference,
    watch::{self, DictEvent},
};

pub(crate) use self::iter::reduce_to_list;
pub(crate) use self::keys::same_text;
pub use self::{
    iter::{
        ItemIterator, KeyIterator, ReverseItemIterator, ReverseKeyIterator, ReverseValueIterator,
        ValueIterator,
    },
    merge::OnDuplicate,
    views::{ItemsView, KeysView, ValuesView},
};

/// dict() -> new empty dictionary
/// dict(mapping) -> new dictionary initialized from a mapping object's
///     (key, value) pairs
/// dict(iterable) -> new dictionary initialized as if via:
///     d = {}
///     for k, v in iterable:
///         d[k] = v
/// dict(**kwargs) -> new dictionary initialized with the name=value pairs
///     in the keyword argument list.  For example:  dict(one=1, two=2)
#[pytype(name = "dict", c_name = "PyDict_Type", flags = BASETYPE | DICT_SUBCLASS | MAPPING | MATCH_SELF, layout = abi::PyDictObject, traverse = manual)]
pub struct Dict {
    head: Head,
    used: Cell<isize>,
    watcher_tag: Cell<u64>,
    keys: Cell<*mut std::ffi::c_void>,
    values: Cell<*mut std::ffi::c_void>,
}

/// In `watcher_tag`, above the bits of the watchers: made for an instance.
const OF_INSTANCE: u64 = 1 << 8;

/// Per-interpreter state of dicts.
#[derive(Default)]
pub struct DictState {
    last_version: Cell<u32>,
}

impl Traverse for Dict {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        for (key, value) in self.block().pairs() {
            // SAFETY: null or owned by this dict; visiting changes nothing.
            if let Some(key) = unsafe { Obj::from_raw(key) } {
                visit(key);
            }
            // SAFETY: as above.
            if let Some(value) = unsafe { Obj::from_raw(value) } {
                visit(value);
            }
        }
    }

    fn clear(&self) {
        let block = self.block();
        self.keys.set(Block::empty().as_ptr());
        self.used.set(0);
        // SAFETY: out of the dict's reach now.
        unsafe { release(block) };
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        Traverse::clear(self);
    }
}

/// Drop the entries of a block and free it.
///
/// # Safety
///
/// Nobody else can reach the block.
unsafe fn release(block: Block) {
    for (key, value) in block.pairs() {
        // SAFETY: the block owned a reference, or null.
        drop(unsafe { Ref::<Object>::from_raw(key) });
        // SAFETY: as above.
        drop(unsafe { Ref::<Object>::from_raw(value) });
    }
    // SAFETY: the caller's promise.
    unsafe { block.free() };
}

impl Dict {
    /// The layout of an empty dict, for a subtype.
    pub fn empty() -> Dict {
        Dict {
            head: Head::new(),
            used: Cell::new(0),
            watcher_tag: Cell::new(0),
            keys: Cell::new(Block::empty().as_ptr()),
            values: Cell::new(std::ptr::null_mut()),
        }
    }

    /// A new empty dict.
    #[inline]
    pub fn new(th: Thread<'_>) -> Result<Ref<Dict>> {
        alloc_object::new_in_place(th, Self::empty())
    }

    /// A new empty instance of `cls`, a subtype of `dict`.
    pub fn new_of(th: Thread<'_>, cls: &Type) -> Result<Ref<Dict>> {
        alloc_object::alloc(th, cls, Self::empty())
    }

    /// A new dict with room for `capacity` keys; `unicode` says that they will
    /// be exact strings.
    pub fn with_capacity(th: Thread<'_>, capacity: usize, unicode: bool) -> Result<Ref<Dict>> {
        let dict = Self::new(th)?;
        if capacity > keys::usable_fraction(keys::LOG_MINSIZE) {
            let log2_size = keys::log2_for_entries(capacity).min(17);
            let Some(block) = Block::new(log2_size, unicode) else { return Err(th.no_memory()) };
            dict.keys.set(block.as_ptr());
        }
        Ok(dict)
    }

    /// A new dict of `count` or fewer interned names, all different, with the
    /// values that `next` hands over until there are no more.
    pub(crate) fn from_names(
        th: Thread<'_>,
        count: usize,
        next: impl Iterator<Item = (Ref<Str>, Ref)>,
    ) -> Result<Ref<Dict>> {
        let dict = Self::new(th)?;
        if count == 0 {
            return Ok(dict);
        }
        let Some(block) = Block::exact(count) else {
            return Err(th.no_memory());
        };
        dict.keys.set(block.as_ptr());
        for (name, value) in next {
            let hash = name.hash(th);
            block.append(name.into_raw(), hash, value.into_raw());
            dict.used.set(dict.used.get() + 1);
        }
        Ok(dict)
    }

    #[inline(always)]
    fn block(&self) -> Block {
        // SAFETY: `keys` always points to the dict's block.
        unsafe { Block::from_ptr(self.keys.get()) }
    }

    /// How many entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.used.get() as usize
    }

    /// Whether there are no entries.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.used.get() == 0
    }

    /// Whether all keys are (and were) exact strings.
    #[inline]
    pub fn is_unicode_keys(&self) -> bool {
        self.block().is_unicode()
    }

    /// `hash(key)`; an unhashable key gets the message of dicts.
    #[inline]
    pub fn hash_key(th: Thread<'_>, key: Obj<'_>) -> Result<isize> {
        if let Some(hash) = compare::hash_plain(th, key) {
            return Ok(hash);
        }
        match compare::hash(th, key) {
            Ok(hash) => Ok(hash),
            Err(raised) => Err(unhashable(th, raised, key, "a dict key")),
        }
    }

    /// The entry of `key`. Runs Python code unless the key is a string or int.
    #[inline]
    fn find(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Option<usize>> {
        let block = self.block();
        if block.is_unicode() && key.is_exact::<Str>() {
            // SAFETY: as checked.
            return Ok(unsafe { block.find_str(key.as_ptr(), hash) });
        }
        // SAFETY: a live key.
        match unsafe { block.find_plain(key.as_ptr(), hash) } {
            Ok(found) => Ok(found),
            Err(()) => self.find_general(th, key, hash),
        }
    }

    #[inline(never)]
    fn find_general(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Option<usize>> {
        'restart: loop {
            let block = self.block();
            let mut walk = Walk::new(block, hash);
            loop {
                let Ok(found) = walk.current() else { return Ok(None) };
                let Some(index) = found else {
                    walk.advance();
                    continue;
                };
                let candidate = block.key(index);
                if candidate == key.as_ptr() {
                    return Ok(Some(index));
                }
                if block.hash(index) == hash {
                    // SAFETY: an indexed entry has a key, which we own from here on.
                    let candidate = unsafe { th.argument(candidate) }.own();
                    if let Some(equal) = compare::eq_plain(candidate.obj(), key) {
                        if equal {
                            return Ok(Some(index));
                        }
                    } else {
                        let equal = compare::eq(th, candidate.obj(), key)?;
                        if !walk.unchanged(self.block(), index, candidate.as_ptr()) {
                            continue 'restart;
                        }
                        if equal {
                            return Ok(Some(index));
                        }
                    }
                }
                walk.advance();
            }
        }
    }

    /// `self.get(key)`.
    #[inline]
    pub fn get(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Option<Ref>> {
        let hash = Self::hash_key(th, key)?;
        self.get_with_hash(th, key, hash)
    }

    /// `self.get(key)` for a key of known hash.
    #[inline]
    pub fn get_with_hash(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Option<Ref>> {
        Ok(self.find(th, key, hash)?.and_then(|index| self.value_at(index)).map(Obj::own))
    }

    /// `self.get(key)`, borrowed from the dict: valid until it changes.
    #[inline]
    pub fn get_opt_borrowed(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Option<Obj<'_>>> {
        let hash = Self::hash_key(th, key)?;
        Ok(self.find(th, key, hash)?.and_then(|index| self.value_at(index)))
    }

    /// `key in self`.
    #[inline]
    pub fn contains(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        let hash = Self::hash_key(th, key)?;
        Ok(self.find(th, key, hash)?.is_some())
    }

    /// `key in self` for a key of known hash.
    pub fn contains_with_hash(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<bool> {
        Ok(self.find(th, key, hash)?.is_some())
    }

    /// The value of a text key.
    pub fn get_str(&self, th: Thread<'_>, key: &str) -> Result<Option<Ref>> {
        if self.is_empty() {
            return Ok(None);
        }
        let key = Str::new(th, key)?;
        self.get(th, key.obj())
    }

    /// The value of an exact, preferably interned string key: runs no Python
    /// code, cannot fail, and the result is borrowed from the dict. (In a dict
    /// that also has keys of other types than `str`, those are not asked.)
    #[inline]
    pub fn get_name(&self, th: Thread<'_>, name: &Str) -> Option<Obj<'_>> {
        self.find_name_index(th, name).and_then(|index| self.value_at(index))
    }

    /// The entry of an exact string key, see [`Dict::get_name`].
    #[inline]
    pub fn find_name_index(&self, th: Thread<'_>, name: &Str) -> Option<usize> {
        let key = name.obj();
        let hash = name.hash(th);
        let block = self.block();
        if block.is_unicode() {
            // SAFETY: an exact string in a block of strings.
            return unsafe { block.find_str(key.as_ptr(), hash) };
        }
        let mut walk = Walk::new(block, hash);
        while let Ok(found) = walk.current() {
            if let Some(index) = found
                && block.hash(index) == hash
            {
                // SAFETY: an indexed entry has a key.
                let candidate = unsafe { th.argument(block.key(index)) };
                if candidate.is(key)
                    || keys::both_exact_str(candidate, key)
                        // SAFETY: as checked.
                        && unsafe { same_text(candidate.as_ptr(), key.as_ptr()) }
                {
                    return Some(index);
                }
            }
            walk.advance();
        }
        None
    }

    /// The value of entry `index`, borrowed from the dict; `None` if it was
    /// deleted or there is no such entry.
    #[inline(always)]
    pub fn value_at(&self, index: usize) -> Option<Obj<'_>> {
        let block = self.block();
        if index >= block.nentries() {
            return None;
        }
        // SAFETY: null or owned by this dict.
        unsafe { Obj::from_raw(block.value(index)) }
    }

    /// Where the value of entry `index` is, for [`Dict::value_at_place`].
    pub fn value_place(&self, index: usize) -> Option<u16> {
        self.value_at(index)?;
        u16::try_from(self.block().value_place(index)).ok()
    }

    /// The value at a place, `None` if it was deleted. PERF: half of what
    /// `LOAD_GLOBAL` did was to find the entry.
    ///
    /// # Safety
    ///
    /// [`Dict::value_place`] told the place when the keys had the version that
    /// they have now, which is not 0.
    #[inline(always)]
    pub unsafe fn value_at_place(&self, place: u16) -> Option<Obj<'_>> {
        // SAFETY: the keys are where they were then.
        let value = unsafe { self.block().value_at_place(usize::from(place)) };
        // SAFETY: null or owned by this dict.
        unsafe { Obj::from_raw(value) }
    }

    /// The key of entry `index`, borrowed from the dict.
    #[inline]
    pub fn key_at(&self, index: usize) -> Option<Obj<'_>> {
        let block = self.block();
        if index >= block.nentries() {
            return None;
        }
        // SAFETY: null or owned by this dict.
        unsafe { Obj::from_raw(block.key(index)) }
    }

    /// The stored hash of the key of entry `index`.
    pub fn hash_at(&self, index: usize) -> Option<isize> {
        self.key_at(index).map(|_| self.block().hash(index))
    }

    /// Key and value of entry `index`; `None` if it was deleted or is beyond
    /// [`Dict::entries`].
    #[inline]
    pub fn entry(&self, index: usize) -> Option<(Ref, Ref)> {
        let block = self.block();
        if index >= block.nentries() {
            return None;
        }
        let (key, value) = block.pair(index);
        // SAFETY: null or owned by this dict.
        let (key, value) = unsafe { (Obj::from_raw(key)?, Obj::from_raw(value)?) };
        Some((key.own(), value.own()))
    }

    /// How many entries there are, deleted ones included.
    #[inline]
    pub fn entries(&self) -> usize {
        self.block().nentries()
    }

    /// Replace the value of entry `index`, found by [`Dict::find_name_index`];
    /// false if there is no such entry.
    #[inline]
    pub fn set_value_at(&self, th: Thread<'_>, index: usize, value: Ref) -> bool {
        if self.value_at(index).is_none() {
            return false;
        }
        if self.is_watched() && !self.tell_of_value(th, index, value.obj()) {
            return false;
        }
        self.replace_value(index, value);
        true
    }

    /// Exchange the value of a live entry and release the old one.
    #[inline]
    fn replace_value(&self, index: usize, value: Ref) {
        let block = self.block();
        let old = block.value(index);
        block.set_value(index, value.into_raw());
        // SAFETY: the block owned the old value.
        drop(unsafe { Ref::<Object>::from_raw(old) });
    }

    /// The first entry at or after `position`, which moves past it. Insertion
    /// order; entries added meanwhile are seen, a resize may skip some.
    #[inline]
    pub fn next_entry(&self, position: &mut usize) -> Option<(Ref, Ref)> {
        while *position < self.entries() {
            let index = *position;
            *position += 1;
            if let Some(entry) = self.entry(index) {
                return Some(entry);
            }
        }
        None
    }

    /// `self[key] = value`.
    #[inline]
    pub fn set(&self, th: Thread<'_>, key: Obj<'_>, value: Obj<'_>) -> Result<()> {
        let hash = Self::hash_key(th, key)?;
        self.set_with_hash(th, key, hash, value)
    }

    /// `self[key] = value` for a key of known hash.
    pub fn set_with_hash(
        &self,
        th: Thread<'_>,
        key: Obj<'_>,
        hash: isize,
        value: Obj<'_>,
    ) -> Result<()> {
        match self.find(th, key, hash)? {
            Some(index) if !self.is_watched() || self.tell_of_value(th, index, value) => {
                self.replace_value(index, value.own());
                Ok(())
            }
            // A watcher changed the dict.
            Some(_) => match self.find(th, key, hash)? {
                Some(index) => {
                    self.replace_value(index, value.own());
                    Ok(())
                }
                None => self.insert_new(th, key, hash, value),
            },
            None => self.insert_new(th, key, hash, value),
        }
    }

    /// `self[key] = value`, taking over both references.
    #[inline]
    pub fn set_refs(&self, th: Thread<'_>, key: Ref, value: Ref) -> Result<()> {
        let hash = Self::hash_key(th, key.obj())?;
        match self.find(th, key.obj(), hash)? {
            Some(index) if !self.is_watched() => {
                self.replace_value(index, value);
                Ok(())
            }
            Some(_) => self.set_with_hash(th, key.obj(), hash, value.obj()),
            None => self.insert_refs(th, key, hash, value),
        }
    }

    /// `self[key] = value` for a text key, which is interned.
    pub fn set_str(&self, th: Thread<'_>, key: &str, value: Obj<'_>) -> Result<()> {
        let key = Str::intern(th, key)?;
        self.set(th, key.obj(), value)
    }

    /// `self[name] = value`.
    pub fn set_name(&self, th: Thread<'_>, name: &Str, value: Obj<'_>) -> Result<()> {
        self.set(th, name.obj(), value)
    }

    /// Add an entry for a key that is not there.
    #[inline]
    fn insert_new(&self, th: Thread<'_>, key: Obj<'_>, hash: isize, value: Obj<'_>) -> Result<()> {
        self.insert_refs(th, key.own(), hash, value.own())
    }

    fn insert_refs(&self, th: Thread<'_>, key: Ref, hash: isize, value: Ref) -> Result<()> {
        if self.is_watched() {
            self.notify(th, DictEvent::Added, Some(key.obj()), Some(value.obj()));
            if let Some(index) = self.find(th, key.obj(), hash)? {
                self.replace_value(index, value);
                return Ok(());
            }
        }
        let unicode = key.obj().is_exact::<Str>();
        let mut block = self.block();
        if block.usable() <= 0 || block.is_unicode() && !unicode {
            block = self.grow(th, unicode)?;
        }
        block.set_version(0);
        block.append(key.into_raw(), hash, value.into_raw());
        self.used.set(self.used.get() + 1);
        Ok(())
    }

    #[cold]
    fn grow(&self, th: Thread<'_>, unicode: bool) -> Result<Block> {
        let old = self.block();
        if old.is_empty_block() {
            let Some(block) = Block::new(keys::LOG_MINSIZE, unicode) else {
                return Err(th.no_memory());
            };
            self.keys.set(block.as_ptr());
            return Ok(block);
        }
        self.resize(th, keys::log2_for_slots(self.len() * 3), unicode)
    }

    /// Move the entries to a block of that size.
    fn resize(&self, th: Thread<'_>, log2_size: u8, unicode: bool) -> Result<Block> {
        let old = self.block();
        let Some(block) = Block::new(log2_size, unicode && old.is_unicode()) else {
            return Err(th.no_memory());
        };
        old.move_entries(block);
        self.keys.set(block.as_ptr());
        // SAFETY: its references moved on.
        unsafe { old.free() };
        Ok(block)
    }

    /// Remove `key`; whether it was there.
    pub fn remove(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        Ok(self.pop(th, key)?.is_some())
    }

    /// Remove `key` and return its value.
    pub fn pop(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Option<Ref>> {
        let hash = Self::hash_key(th, key)?;
        self.pop_with_hash(th, key, hash)
    }

    /// Remove a key of known hash and return its value.
    pub fn pop_with_hash(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Option<Ref>> {
        Ok(self.pop_entry(th, key, hash)?.map(|(_, value)| value))
    }

    /// Remove a key of known hash; the key that was stored and its value.
    pub fn pop_entry(
        &self,
        th: Thread<'_>,
        key: Obj<'_>,
        hash: isize,
    ) -> Result<Option<(Ref, Ref)>> {
        let mut found = self.find(th, key, hash)?;
        if found.is_some() && self.is_watched() {
            self.notify(th, DictEvent::Deleted, Some(key), None);
            found = self.find(th, key, hash)?;
        }
        Ok(found.and_then(|index| self.delete_entry(index, hash)))
    }

    /// The key that is stored for one that equals it.
    pub fn stored_key(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Option<Ref>> {
        Ok(self.find(th, key, hash)?.and_then(|index| self.key_at(index)).map(Obj::own))
    }

    /// Take a live entry out.
    fn delete_entry(&self, index: usize, hash: isize) -> Option<(Ref, Ref)> {
        let block = self.block();
        let (key, value) = (block.key(index), block.value(index));
        block.delete_index(hash, index);
        block.blank(index);
        block.set_version(0);
        self.used.set(self.used.get() - 1);
        // SAFETY: the block owned both.
        let (key, value) = unsafe { (Ref::from_raw(key), Ref::from_raw(value)) };
        Some((key?, value?))
    }

    /// `self.popitem()`: the last entry, `None` if there is none.
    pub fn popitem(&self, th: Thread<'_>) -> Option<(Ref, Ref)> {
        if self.is_watched()
            && let Some(key) = self.keys().pop()
        {
            self.notify(th, DictEvent::Deleted, Some(key.obj()), None);
        }
        if self.is_empty() {
            return None;
        }
        let mut block = self.block();
        if block.is_short() {
            // Made to be read; who takes entries out will put others in.
            match self.resize(th, block.log2_size(), true) {
                Ok(roomy) => block = roomy,
                Err(raised) => th.clear_exception(raised),
            }
        }
        let index = (0..block.nentries()).rev().find(|&index| !block.key(index).is_null())?;
        let entry = self.delete_entry(index, block.hash(index));
        block.set_nentries(index);
        entry
    }

    /// `self.setdefault(key, default)`.
    pub fn setdefault(&self, th: Thread<'_>, key: Obj<'_>, default: Obj<'_>) -> Result<Ref> {
        let hash = Self::hash_key(th, key)?;
        if let Some(index) = self.find(th, key, hash)?
            && let Some(value) = self.value_at(index)
        {
            return Ok(value.own());
        }
        self.insert_new(th, key, hash, default)?;
        Ok(default.own())
    }

    /// `self.clear()`.
    pub fn clear(&self, th: Thread<'_>) {
        if self.block().is_empty_block() {
            return;
        }
        if self.is_watched() {
            self.notify(th, DictEvent::Cleared, None, None);
        }
        Traverse::clear(self);
    }

    /// A new dict with the same entries.
    pub fn copy(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let copy = Self::new(th)?;
        if self.is_empty() {
            return Ok(copy);
        }
        if !self.iterates_plainly() {
            copy.merge(th, self.obj(), OnDuplicate::Override)?;
            return Ok(copy);
        }
        let block = self.block();
        if self.len() >= block.nentries() * 2 / 3 {
            copy.clone_block(th, self)?;
        } else {
            copy.merge_dict(th, self, OnDuplicate::Override)?;
        }
        Ok(copy)
    }

    /// Take over a copy of `other`'s block; `self` is empty.
    fn clone_block(&self, th: Thread<'_>, other: &Dict) -> Result<()> {
        let Some(block) = other.block().clone_bytes() else { return Err(th.no_memory()) };
        for (key, value) in block.pairs() {
            if let (Some(key), Some(value)) = (NonNull::new(key), NonNull::new(value)) {
                reference::incref(key);
                reference::incref(value);
            }
        }
        let old = self.block();
        self.keys.set(block.as_ptr());
        self.used.set(other.used.get());
        // SAFETY: an empty dict's block has no references.
        unsafe { old.free() };
        Ok(())
    }

    /// Keys and values in order; good until other code runs.
    pub(crate) fn live(&self) -> impl Iterator<Item = (Obj<'_>, Obj<'_>)> {
        self.block().pairs().filter_map(|(key, value)| {
            // SAFETY: null or owned by this dict.
            unsafe { Some((Obj::from_raw(key)?, Obj::from_raw(value)?)) }
        })
    }

    /// The keys.
    pub fn keys(&self) -> Vec<Ref> {
        (0..self.entries()).filter_map(|index| self.key_at(index)).map(Obj::own).collect()
    }

    /// The values.
    pub fn values(&self) -> Vec<Ref> {
        (0..self.entries()).filter_map(|index| self.value_at(index)).map(Obj::own).collect()
    }

    /// The pairs.
    pub fn items(&self) -> Vec<(Ref, Ref)> {
        (0..self.entries()).filter_map(|index| self.entry(index)).collect()
    }

    /// The version of the set of keys, assigned on demand: as long as it is
    /// the same, so are the positions of all keys. Values may change. 0 means
    /// that there is none (an empty dict, or no more numbers).
    pub fn keys_version(&self, th: Thread<'_>) -> u32 {
        let block = self.block();
        if block.version() != 0 || block.is_empty_block() {
            return block.version();
        }
        let next = next_keys_version(th);
        if next != 0 {
            th.interp().shared.get::<DictState>().last_version.set(next);
        }
        block.set_version(next);
        next
    }

    /// The version if one is assigned, else 0: what a cache compares with.
    #[inline(always)]
    pub fn current_keys_version(&self) -> u32 {
        self.block().version()
    }

    /// Bytes, as `__sizeof__` counts them, for an instance of `basicsize`.
    pub fn size_in_memory(&self) -> usize {
        let block = self.block();
        // COMPAT: an instance's dict without entries counts the one word that its
        // instance has for it; test_sys.SizeofTest.test_objecttypes.
        let word =
            if block.is_empty_block() && self.is_of_instance() { size_of::<usize>() } else { 0 };
        self.obj().ty().basicsize() + block.size() + word
    }

    /// The slots of the index table; none while there was never a key.
    pub fn count_slots(&self) -> usize {
        let block = self.block();
        if block.is_empty_block() { 0 } else { 1 << block.log2_size() }
    }

    /// Say that the dict was made for an instance's `__dict__`.
    pub(crate) fn mark_of_instance(&self) {
        self.watcher_tag.set(self.watcher_tag.get() | OF_INSTANCE);
    }

    fn is_of_instance(&self) -> bool {
        self.watcher_tag.get() & OF_INSTANCE != 0
    }

    #[inline(always)]
    pub(crate) fn is_watched(&self) -> bool {
        self.watcher_tag.get() & 0xff != 0
    }

    /// Tell the watchers that a live entry gets a value; whether it is still the
    /// entry of the same key.
    #[cold]
    fn tell_of_value(&self, th: Thread<'_>, index: usize, value: Obj<'_>) -> bool {
        let Some(key) = self.key_at(index).map(Obj::own) else { return false };
        // COMPAT: the attributes of an instance are told of again and again;
        // test_capi.test_watchers.TestDictWatchers.test_object_dict.
        let is_same = self.value_at(index).is_some_and(|old| old.is(value));
        if is_same && !self.is_of_instance() {
            return true;
        }
        self.notify(th, DictEvent::Modified, Some(key.obj()), Some(value));
        self.key_at(index).is_some_and(|now| now.is(key.obj()))
    }

    /// Set or clear bit `id` of the dict's watchers.
    pub fn set_watched(&self, id: u8, watched: bool) {
        let bit = 1u64 << (id & 7);
        let tag = self.watcher_tag.get();
        self.watcher_tag.set(if watched { tag | bit } else { tag & !bit });
    }

    #[cold]
    pub(crate) fn notify(
        &self,
        th: Thread<'_>,
        event: DictEvent,
        key: Option<Obj<'_>>,
        value: Option<Obj<'_>>,
    ) {
        watch::dict(th, self.watcher_tag.get() as u8, event, self, key, value);
    }
}

/// Turn "unhashable type" into the message of the container: `cannot use 'list'
/// as a dict key (unhashable type: 'list')`.
#[cold]
pub fn unhashable(th: Thread<'_>, raised: Raised, key: Obj<'_>, role: &str) -> Raised {
    let exception = th.take_exception(raised);
    let type_error = exceptions::types::TypeError();
    if !std::ptr::eq(exception.obj().ty(), type_error) {
        return th.restore(exception);
    }
    let Ok(text) = crate::protocol::text::str(th, exception.obj()) else { return Raised };
    let Ok(name) = key.ty().shown_name(th) else { return Raised };
    th.raise(type_error, format_args!("cannot use '{name}' as {role} ({})", *text))
}

/// A `KeyError` that carries `key`.
#[cold]
pub fn key_error(th: Thread<'_>, key: Obj<'_>) -> Raised {
    th.raise_args(exceptions::types::KeyError(), &[key])
}

/// The version of the next set of keys that gets one; 0 when they are used up.
pub fn next_keys_version(th: Thread<'_>) -> u32 {
    th.interp().shared.get::<DictState>().last_version.get().wrapping_add(1)
}

/// The type `dict`.
pub fn dict_type() -> &'static Type {
    Dict::type_object()
}

/// See a raw pointer from C as a dict.
///
/// # Safety
///
/// `ptr` is a live dict that outlives `'a`.
pub unsafe fn from_raw<'a>(ptr: *mut PyObject) -> &'a Dict {
    // SAFETY: the caller's promise.
    unsafe { &*ptr.cast::<Dict>() }
}
