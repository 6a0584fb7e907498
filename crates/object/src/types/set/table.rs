//! The hash table of a set: the fields of `PySetObject` between the header and
//! the weak references.
//!
//! A slot is empty (null key, hash 0), deleted (the dummy key, hash -1) or
//! holds a key. The small table is inside; while a larger one is in use, its
//! place holds a bit for each slot with a key, as far as there is room.
//! Comparing keys can run Python code that changes this table; no pointer into
//! it survives a comparison unchecked.

use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    cell::{Cell, UnsafeCell},
    ptr::NonNull,
};

use abi::{PyObject, setentry};

use crate::{
    AsObject, Dict, Obj, Object, Ref, Result, Thread, Traverse, alloc::SMALL_MAX,
    exceptions::types::TypeError, protocol, protocol::compare, reference::incref, types::dict,
};

const MINSIZE: usize = 8;
/// Words of bits in place of the small table. PERF: most slots of a table are
/// empty, and a loop that looks at each goes astray at every key.
const WORDS: usize = size_of::<[setentry; MINSIZE]>() / size_of::<u64>();
/// The slots that have a bit.
const MAX_BITS: usize = WORDS * u64::BITS as usize;
const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;
const EMPTY: setentry = setentry { key: std::ptr::null_mut(), hash: 0 };

static DUMMY: u64 = 0;

/// The key of deleted slots; never dereferenced.
#[inline(always)]
fn dummy() -> *mut PyObject {
    (&raw const DUMMY).cast_mut().cast()
}

/// The table, with the hash of a frozenset and the finger of `pop`.
#[repr(C)]
pub struct Table {
    /// Used and deleted slots.
    fill: Cell<isize>,
    used: Cell<isize>,
    mask: Cell<isize>,
    table: Cell<*mut setentry>,
    /// The hash of a frozenset, -1 until computed.
    pub(super) hash: Cell<isize>,
    finger: Cell<isize>,
    small: UnsafeCell<[setentry; MINSIZE]>,
}

impl Traverse for Table {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        let mut position = 0;
        while let Some(entry) = self.peek_entry(&mut position) {
            // SAFETY: a key in the table is owned; visiting changes nothing.
            if let Some(key) = unsafe { Obj::from_raw(entry.key) } {
                visit(key);
            }
        }
    }

    fn clear(&self) {
        Table::clear(self);
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let (mut left, mut position) = (self.len(), 0);
        while left > 0
            && let Some(entry) = self.peek_entry(&mut position)
        {
            left -= 1;
            // SAFETY: the table owned the key, and nobody can reach it any more.
            drop(unsafe { Ref::<Object>::from_raw(entry.key) });
        }
        self.free(self.entries(), self.mask.get() as usize);
    }
}

/// Release the `live` keys of a table.
///
/// # Safety
///
/// The table has that many keys and nobody reads it any more.
unsafe fn release_keys(table: *const setentry, mask: usize, live: usize) {
    let (mut left, mut slot) = (live, 0);
    while left > 0 && slot <= mask {
        // SAFETY: at most the mask.
        let key = unsafe { (*table.add(slot)).key };
        slot += 1;
        if key.is_null() || key == dummy() {
            continue;
        }
        left -= 1;
        // SAFETY: the table owned the key.
        drop(unsafe { Ref::<Object>::from_raw(key) });
    }
}

/// Copy the slots of a table with references to its keys.
///
/// # Safety
///
/// Both have that many slots, `from` none that is deleted, and `to` no keys.
unsafe fn copy_slots(from: *const setentry, to: *mut setentry, slots: usize) {
    for slot in 0..slots {
        // SAFETY: the caller's promise.
        let entry = unsafe { from.add(slot).read() };
        if let Some(key) = NonNull::new(entry.key) {
            incref(key);
        }
        // SAFETY: the caller's promise.
        unsafe { to.add(slot).write(entry) };
    }
}

/// A table of empty slots. PERF: small ones come and go as often as objects.
fn allocate(th: Thread<'_>, slots: usize) -> Result<*mut setentry> {
    let Ok(layout) = Layout::array::<setentry>(slots) else { return Err(th.no_memory()) };
    let memory = if layout.size() <= SMALL_MAX {
        let Some(memory) = th.heap().alloc(layout.size()) else { return Err(th.no_memory()) };
        // SAFETY: fresh memory of that size.
        unsafe { memory.write_bytes(0, layout.size()) };
        memory.as_ptr()
    } else {
        // SAFETY: the size is not zero.
        unsafe { alloc_zeroed(layout) }
    };
    if memory.is_null() { Err(th.no_memory()) } else { Ok(memory.cast()) }
}

/// [`compare::eq_plain`] of a key in a table and another.
#[inline]
fn plainly_equal(known: *mut PyObject, key: *mut PyObject) -> Option<bool> {
    // SAFETY: a key in the table, with a hash that deleted slots do not have,
    // and one that somebody looks for: both are live.
    let (known, key) = unsafe { (Obj::from_raw(known)?, Obj::from_raw(key)?) };
    compare::eq_plain(known, key)
}

/// The slot behind those that are looked at in a row from `start` on.
///
/// PERF: half-open ranges are one test a step; those with their end are two.
#[inline(always)]
fn run_end(start: usize, mask: usize) -> usize {
    if start + LINEAR_PROBES <= mask { start + LINEAR_PROBES + 1 } else { start + 1 }
}

/// What a search finds.
enum Slot {
    /// The key is there.
    Active(usize),
    /// It is not; it would go into this empty slot.
    Unused(usize),
    /// It is not; it would go into this deleted slot.
    Deleted(usize),
}

impl Table {
    /// An empty table, to be [settled](Table::settle) once it is in place.
    pub(super) fn new() -> Table {
        Table {
            fill: Cell::new(0),
            used: Cell::new(0),
            mask: Cell::new(MINSIZE as isize - 1),
            table: Cell::new(std::ptr::null_mut()),
            hash: Cell::new(-1),
            finger: Cell::new(0),
            small: UnsafeCell::new([EMPTY; MINSIZE]),
        }
    }

    /// Make an empty table of one whose bytes are all zero, in place.
    #[inline]
    pub(super) fn init(&self) {
        self.mask.set(MINSIZE as isize - 1);
        self.hash.set(-1);
        self.settle();
    }

    fn small(&self) -> *mut setentry {
        self.small.get().cast()
    }

    /// Point to the small table, whose address is final now.
    pub(super) fn settle(&self) {
        self.table.set(self.small());
    }

    #[inline(always)]
    fn entries(&self) -> *mut setentry {
        let table = self.table.get();
        if table.is_null() { self.small() } else { table }
    }

    /// The bits of the slots, if they have some.
    #[inline(always)]
    fn bits(&self) -> Option<&[Cell<u64>; WORDS]> {
        let slots = self.mask.get() as usize + 1;
        if slots <= MINSIZE || slots > MAX_BITS {
            return None;
        }
        // SAFETY: the small table is not in use, and any bytes are bits.
        Some(unsafe { &*self.small.get().cast::<[Cell<u64>; WORDS]>() })
    }

    /// Note that a slot got a key.
    #[inline(always)]
    fn mark(&self, slot: usize) {
        if let Some(word) = self.bits().and_then(|bits| bits.get(slot / 64)) {
            word.set(word.get() | 1 << (slot % 64));
        }
    }

    /// Note that a slot lost its key.
    #[inline(always)]
    fn unmark(&self, slot: usize) {
        if let Some(word) = self.bits().and_then(|bits| bits.get(slot / 64)) {
            word.set(word.get() & !(1 << (slot % 64)));
        }
    }

    /// The first slot from `slot` on that holds a key.
    #[inline(always)]
    fn next_used(&self, mut slot: usize) -> Option<usize> {
        let mask = self.mask.get() as usize;
        if let Some(bits) = self.bits() {
            let mut at = slot / 64;
            let mut word = bits.get(at)?.get() & (u64::MAX << (slot % 64));
            while word == 0 {
                at += 1;
                if at > mask / 64 {
                    return None;
                }
                word = bits.get(at)?.get();
            }
            return Some(at * 64 + word.trailing_zeros() as usize);
        }
        let table = self.entries();
        while slot <= mask {
            // SAFETY: at most the mask.
            let key = unsafe { (*table.add(slot)).key };
            if !key.is_null() && key != dummy() {
                return Some(slot);
            }
            slot += 1;
        }
        None
    }

    #[inline(always)]
    fn entry(&self, slot: usize) -> setentry {
        // SAFETY: `slot` is at most the mask.
        unsafe { self.entries().add(slot).read() }
    }

    #[inline(always)]
    fn set_entry(&self, slot: usize, entry: setentry) {
        // SAFETY: `slot` is at most the mask.
        unsafe { self.entries().add(slot).write(entry) };
    }

    /// The key in a slot, null if there is none.
    fn live_key(&self, slot: usize) -> *mut PyObject {
        let key = self.entry(slot).key;
        if key == dummy() { std::ptr::null_mut() } else { key }
    }

    /// How many elements.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.used.get() as usize
    }

    /// Bytes of the table beyond the object itself.
    pub(super) fn extra_size(&self) -> usize {
        if self.entries() == self.small() {
            return 0;
        }
        (self.mask.get() as usize + 1) * size_of::<setentry>()
    }

    /// `hash(key)`; an unhashable key gets the message of sets.
    #[inline]
    pub(super) fn hash_key(th: Thread<'_>, key: Obj<'_>) -> Result<isize> {
        if let Some(hash) = compare::hash_plain(th, key) {
            return Ok(hash);
        }
        match compare::hash(th, key) {
            Ok(hash) => Ok(hash),
            Err(raised) => Err(dict::unhashable(th, raised, key, "a set element")),
        }
    }

    /// `hash(key)` where a set stands for the equal frozenset.
    fn hash_key_or_set(th: Thread<'_>, key: Obj<'_>) -> Result<isize> {
        match Self::hash_key(th, key) {
            Ok(hash) => Ok(hash),
            Err(raised) => match key.downcast::<super::Set>() {
                Some(set) => {
                    th.catch(raised, TypeError())?;
                    Ok(set.table.compute_hash())
                }
                None => Err(raised),
            },
        }
    }

    /// Look for a key; `None` if another key has to be asked.
    #[inline(always)]
    fn find_plain(&self, key: *mut PyObject, hash: isize) -> Option<Slot> {
        let (table, mask) = (self.entries(), self.mask.get() as usize);
        let mut perturb = hash as usize;
        let mut start = hash as usize & mask;
        // SAFETY: `start` is at most the mask.
        let first = unsafe { (*table.add(start)).key };
        if first == key {
            return Some(Slot::Active(start));
        }
        if first.is_null() {
            return Some(Slot::Unused(start));
        }
        let mut deleted = None;
        loop {
            for slot in start..run_end(start, mask) {
                // SAFETY: `slot` is at most the mask.
                let entry = unsafe { &*table.add(slot) };
                if entry.key == key {
                    return Some(Slot::Active(slot));
                }
                if entry.key.is_null() {
                    return Some(deleted.map_or(Slot::Unused(slot), Slot::Deleted));
                }
                if entry.hash == -1 {
                    deleted = Some(slot);
                } else if entry.hash == hash && plainly_equal(entry.key, key)? {
                    return Some(Slot::Active(slot));
                }
            }
            perturb >>= PERTURB_SHIFT;
            start = start.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb) & mask;
        }
    }

    /// Whether a key is there; `None` if another key has to be asked.
    #[inline]
    fn contains_plain(&self, key: *mut PyObject, hash: isize) -> Option<bool> {
        self.find_plain(key, hash).map(|slot| matches!(slot, Slot::Active(_)))
    }

    /// Whether the key of an entry of another table is there; with a reference
    /// to the key if other code ran, which may have removed it.
    #[inline]
    pub(super) fn contains_entry(
        &self,
        th: Thread<'_>,
        entry: setentry,
    ) -> Result<(bool, Option<Ref>)> {
        if let Some(found) = self.contains_plain(entry.key, entry.hash) {
            return Ok((found, None));
        }
        // SAFETY: a live key, which we own from here on.
        let key = unsafe { th.argument(entry.key) }.own();
        let found = self.find(th, key.obj(), entry.hash)?;
        Ok((matches!(found, Slot::Active(_)), Some(key)))
    }

    /// Add the key of an entry, not there yet, to a table without deleted slots.
    pub(super) fn add_absent(&self, th: Thread<'_>, entry: setentry) -> Result<()> {
        if let Some(key) = NonNull::new(entry.key) {
            incref(key);
        }
        let slot = Self::insert_clean(self.entries(), self.mask.get() as usize, entry);
        self.mark(slot);
        self.added(th)
    }

    /// After an empty slot was filled.
    #[inline]
    fn added(&self, th: Thread<'_>) -> Result<()> {
        self.fill.set(self.fill.get() + 1);
        self.used.set(self.used.get() + 1);
        if (self.fill.get() * 5) < self.mask.get() * 3 {
            return Ok(());
        }
        let used = self.len();
        self.resize(th, if used > 50_000 { used * 2 } else { used * 4 })
    }

    /// Look for a key.
    #[inline]
    fn find(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Slot> {
        match self.find_plain(key.as_ptr(), hash) {
            Some(slot) => Ok(slot),
            None => self.find_asking(th, key, hash),
        }
    }

    /// Look for a key by asking those of its hash whether they are equal.
    fn find_asking(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Slot> {
        'restart: loop {
            let (table, mask) = (self.entries(), self.mask.get() as usize);
            let mut perturb = hash as usize;
            let mut start = hash as usize & mask;
            let mut deleted = None;
            loop {
                for slot in start..run_end(start, mask) {
                    // SAFETY: `slot` is at most the mask, and the table is this one's
                    // until other code runs, after which the search starts again.
                    let entry = unsafe { table.add(slot).read() };
                    if entry.key.is_null() {
                        return Ok(deleted.map_or(Slot::Unused(slot), Slot::Deleted));
                    }
                    if entry.hash != hash {
                        if entry.hash == -1 {
                            deleted = Some(slot);
                        }
                        continue;
                    }
                    if entry.key == key.as_ptr() {
                        return Ok(Slot::Active(slot));
                    }
                    match plainly_equal(entry.key, key.as_ptr()) {
                        Some(true) => return Ok(Slot::Active(slot)),
                        Some(false) => continue,
                        None => {}
                    }
                    // SAFETY: neither null nor the dummy, so a key that we own from here on.
                    let candidate = unsafe { th.argument(entry.key) }.own();
                    let equal = compare::eq(th, candidate.obj(), key)?;
                    let unchanged = self.entries() == table
                        && self.mask.get() as usize == mask
                        && self.entry(slot).key == candidate.as_ptr()
                        && deleted.is_none_or(|slot| self.entry(slot).key == dummy());
                    if !unchanged {
                        continue 'restart;
                    }
                    if equal {
                        return Ok(Slot::Active(slot));
                    }
                }
                perturb >>= PERTURB_SHIFT;
                start = start.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb) & mask;
            }
        }
    }

    /// Add a key; whether it is new.
    pub(super) fn add(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        let hash = Self::hash_key(th, key)?;
        self.add_with_hash(th, key, hash)
    }

    /// Add a key of known hash; whether it is new.
    pub(super) fn add_with_hash(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<bool> {
        let slot = match self.find(th, key, hash)? {
            Slot::Active(_) => return Ok(false),
            Slot::Deleted(slot) => {
                self.used.set(self.used.get() + 1);
                self.set_entry(slot, setentry { key: key.own().into_raw(), hash });
                self.mark(slot);
                return Ok(true);
            }
            Slot::Unused(slot) => slot,
        };
        self.set_entry(slot, setentry { key: key.own().into_raw(), hash });
        self.mark(slot);
        self.added(th).map(|()| true)
    }

    /// Put a key that is not there into a table without deleted slots, and tell
    /// where.
    fn insert_clean(table: *mut setentry, mask: usize, entry: setentry) -> usize {
        let mut perturb = entry.hash as usize;
        let mut start = entry.hash as usize & mask;
        loop {
            for slot in start..run_end(start, mask) {
                // SAFETY: `slot` is at most the mask.
                let place = unsafe { table.add(slot) };
                // SAFETY: inside the table.
                if unsafe { (*place).key }.is_null() {
                    // SAFETY: inside the table.
                    unsafe { place.write(entry) };
                    return slot;
                }
            }
            perturb >>= PERTURB_SHIFT;
            start = start.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb) & mask;
        }
    }

    /// Make room for more than `wanted` keys.
    fn resize(&self, th: Thread<'_>, wanted: usize) -> Result<()> {
        let mut slots = MINSIZE;
        while slots <= wanted {
            slots <<= 1;
        }
        let (old, old_mask) = (self.entries(), self.mask.get() as usize);
        let copy;
        let (source, table) = if slots > MINSIZE {
            (old.cast_const(), allocate(th, slots)?)
        } else if old != self.small() {
            // SAFETY: nobody looks at the small table while another is in use.
            unsafe { *self.small.get() = [EMPTY; MINSIZE] };
            (old.cast_const(), self.small())
        } else {
            if self.fill == self.used {
                return Ok(());
            }
            // SAFETY: the small table; nobody else looks at it.
            copy = unsafe { self.small.get().replace([EMPTY; MINSIZE]) };
            (copy.as_ptr(), self.small())
        };
        let mut bits = [0; WORDS];
        for slot in 0..=old_mask {
            // SAFETY: inside the old table or its copy.
            let entry = unsafe { source.add(slot).read() };
            if !entry.key.is_null() && entry.key != dummy() {
                let slot = Self::insert_clean(table, slots - 1, entry);
                if let Some(word) = bits.get_mut(slot / 64) {
                    *word |= 1 << (slot % 64);
                }
            }
        }
        self.table.set(table);
        self.mask.set(slots as isize - 1);
        self.set_bits(&bits);
        self.fill.set(self.used.get());
        self.free(old, old_mask);
        Ok(())
    }

    /// Say anew which slots hold keys, if they have bits.
    fn set_bits(&self, bits: &[u64; WORDS]) {
        for (word, bits) in self.bits().into_iter().flatten().zip(bits) {
            word.set(*bits);
        }
    }

    fn free(&self, table: *mut setentry, mask: usize) {
        let Some(memory) = NonNull::new(table).filter(|_| table != self.small()) else { return };
        let Ok(layout) = Layout::array::<setentry>(mask + 1) else { return };
        if layout.size() <= SMALL_MAX {
            // SAFETY: sets die and change on attached threads.
            let th = unsafe { Thread::current() };
            // SAFETY: allocated by `allocate` from the pools.
            unsafe { th.heap().free(memory.cast()) };
        } else {
            // SAFETY: allocated by `allocate` with this layout.
            unsafe { dealloc(table.cast(), layout) };
        }
    }

    /// `key in self`.
    pub(super) fn contains(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        let hash = Self::hash_key_or_set(th, key)?;
        self.contains_with_hash(th, key, hash)
    }

    /// `key in self` for a key of known hash.
    #[inline]
    pub(super) fn contains_with_hash(
        &self,
        th: Thread<'_>,
        key: Obj<'_>,
        hash: isize,
    ) -> Result<bool> {
        self.find(th, key, hash).map(|slot| matches!(slot, Slot::Active(_)))
    }

    /// Remove a key; whether it was there.
    pub(super) fn discard(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        let hash = Self::hash_key_or_set(th, key)?;
        self.discard_with_hash(th, key, hash)
    }

    /// Remove a key of known hash; whether it was there.
    pub(super) fn discard_with_hash(
        &self,
        th: Thread<'_>,
        key: Obj<'_>,
        hash: isize,
    ) -> Result<bool> {
        match self.find(th, key, hash)? {
            Slot::Active(slot) => {
                drop(self.take(slot));
                Ok(true)
            }
            Slot::Unused(_) | Slot::Deleted(_) => Ok(false),
        }
    }

    /// Take the key out of a slot.
    fn take(&self, slot: usize) -> Option<Ref> {
        let key = self.live_key(slot);
        self.set_entry(slot, setentry { key: dummy(), hash: -1 });
        self.unmark(slot);
        self.used.set(self.used.get() - 1);
        // SAFETY: the table owned the key.
        unsafe { Ref::from_raw(key) }
    }

    /// Remove and return some key.
    pub(super) fn pop(&self) -> Option<Ref> {
        if self.len() == 0 {
            return None;
        }
        let mask = self.mask.get() as usize;
        let mut slot = self.finger.get() as usize & mask;
        while self.live_key(slot).is_null() {
            slot = (slot + 1) & mask;
        }
        self.finger.set(slot as isize + 1);
        self.take(slot)
    }

    /// Remove all keys.
    pub(super) fn clear(&self) {
        if self.fill.get() == 0 && self.entries() == self.small() {
            return;
        }
        let (table, mask, live) = (self.entries(), self.mask.get() as usize, self.len());
        // SAFETY: the small table; nobody else looks at it.
        let copy = unsafe { self.small.get().replace([EMPTY; MINSIZE]) };
        let source = if table == self.small() { copy.as_ptr() } else { table.cast_const() };
        self.settle();
        self.mask.set(MINSIZE as isize - 1);
        self.fill.set(0);
        self.used.set(0);
        self.hash.set(-1);
        // SAFETY: the old table or its copy, out of reach now.
        unsafe { release_keys(source, mask, live) };
        self.free(table, mask);
    }

    /// Exchange the contents of two tables.
    pub(super) fn swap(&self, other: &Table) {
        self.fill.swap(&other.fill);
        self.used.swap(&other.used);
        self.mask.swap(&other.mask);
        let (mine, theirs) = (self.entries(), other.entries());
        self.table.set(if theirs == other.small() { self.small() } else { theirs });
        other.table.set(if mine == self.small() { other.small() } else { mine });
        // SAFETY: two different tables, which nobody else looks at.
        unsafe { std::ptr::swap(self.small.get(), other.small.get()) };
        self.hash.set(-1);
        other.hash.set(-1);
    }

    /// The key at or after slot `position`, which moves past it, and its hash.
    #[inline]
    pub(super) fn next_entry(&self, position: &mut usize) -> Option<(Ref, isize)> {
        let entry = self.peek_entry(position)?;
        // SAFETY: a key in the table is owned.
        unsafe { Obj::from_raw(entry.key) }.map(|key| (key.own(), entry.hash))
    }

    /// The entry at or after slot `position`, which moves past it. Its key is
    /// the table's: good until other code runs.
    #[inline]
    pub(super) fn peek_entry(&self, position: &mut usize) -> Option<setentry> {
        let slot = self.next_used(*position)?;
        *position = slot + 1;
        Some(self.entry(slot))
    }

    /// The keys; good until other code runs.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Obj<'_>> {
        let mut position = 0;
        std::iter::from_fn(move || {
            let entry = self.peek_entry(&mut position)?;
            // SAFETY: a key in the table is owned.
            unsafe { Obj::from_raw(entry.key) }
        })
    }

    /// Add the keys of another table.
    pub(super) fn merge(&self, th: Thread<'_>, other: &Table) -> Result<()> {
        if std::ptr::eq(self, other) || other.len() == 0 {
            return Ok(());
        }
        if (self.fill.get() + other.used.get()) * 5 >= self.mask.get() * 3 {
            self.resize(th, (self.len() + other.len()) * 2)?;
        }
        if self.fill.get() == 0 {
            let slots = other.mask.get() as usize + 1;
            if self.mask == other.mask && other.fill == other.used {
                // SAFETY: two tables of one size; neither has deleted slots.
                unsafe { copy_slots(other.entries(), self.entries(), slots) };
                if let Some(bits) = other.bits() {
                    self.set_bits(&bits.each_ref().map(Cell::get));
                }
            } else {
                let (table, mask) = (self.entries(), self.mask.get() as usize);
                let mut position = 0;
                while let Some(entry) = other.peek_entry(&mut position) {
                    if let Some(key) = NonNull::new(entry.key) {
                        incref(key);
                    }
                    self.mark(Self::insert_clean(table, mask, entry));
                }
            }
            self.fill.set(other.used.get());
            self.used.set(other.used.get());
            return Ok(());
        }
        let mut position = 0;
        while let Some(entry) = other.peek_entry(&mut position) {
            match self.contains_plain(entry.key, entry.hash) {
                Some(true) => {}
                Some(false) if self.fill == self.used => self.add_absent(th, entry)?,
                _ => {
                    // SAFETY: a live key, which we own from here on.
                    let key = unsafe { th.argument(entry.key) }.own();
                    self.add_with_hash(th, key.obj(), entry.hash)?;
                }
            }
        }
        Ok(())
    }

    /// Add the items of any iterable.
    pub(super) fn update(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        if let Some(other) = super::table_of(other) {
            return self.merge(th, other);
        }
        if let Some(dict) = other.downcast_exact::<Dict>() {
            let len = dict.len();
            if (self.fill.get() + len as isize) * 5 >= self.mask.get() * 3 {
                self.resize(th, (self.len() + len) * 2)?;
            }
            let mut index = 0;
            while index < dict.entries() {
                if let (Some(key), Some(hash)) =
                    (dict.key_at(index).map(Obj::own), dict.hash_at(index))
                {
                    self.add_with_hash(th, key.obj(), hash)?;
                }
                index += 1;
            }
            return Ok(());
        }
        protocol::iter::for_each(th, other, |key| self.add(th, key.obj()).map(drop))
    }

    /// Remove the items of any iterable. `this` is the set of this table.
    pub(super) fn difference_update(
        &self,
        th: Thread<'_>,
        this: Obj<'_>,
        other: Obj<'_>,
    ) -> Result<()> {
        if this.is(other) {
            self.clear();
            return Ok(());
        }
        match super::table_of(other) {
            // Cheaper to look for our few keys there.
            Some(theirs) if theirs.len() >> 3 > self.len() => {
                let mut position = 0;
                while let Some((key, hash)) = self.next_entry(&mut position) {
                    if theirs.contains_with_hash(th, key.obj(), hash)? {
                        self.discard_with_hash(th, key.obj(), hash)?;
                    }
                }
            }
            Some(theirs) => {
                let mut position = 0;
                while let Some((key, hash)) = theirs.next_entry(&mut position) {
                    self.discard_with_hash(th, key.obj(), hash)?;
                }
            }
            None => protocol::iter::for_each(th, other, |key| {
                let hash = Self::hash_key(th, key.obj())?;
                self.discard_with_hash(th, key.obj(), hash).map(drop)
            })?,
        }
        // Too many deleted slots: make the table tidy.
        if self.fill.get() - self.used.get() <= self.mask.get() / 4 {
            return Ok(());
        }
        let used = self.len();
        self.resize(th, if used > 50_000 { used * 2 } else { used * 4 })
    }

    /// The hash of the frozenset with these elements.
    pub(super) fn compute_hash(&self) -> isize {
        let mut hasher = num::hash::FrozensetHasher::default();
        let mut position = 0;
        while let Some(entry) = self.peek_entry(&mut position) {
            hasher.push(entry.hash as i64);
        }
        hasher.finish(self.len()) as isize
    }
}
