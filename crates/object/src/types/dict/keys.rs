//! The keys block of a dict: an index table and the entries behind it.
//!
//! The table is a power of two of `i8`, `i16`, `i32` or `i64` (by its size): an
//! entry's number, [`EMPTY`] or [`DUMMY`]. Entries are in insertion order, key
//! and value, preceded by the hash unless all keys are exact strings, which
//! carry their own. Sizes, growth and probing are CPython's, because
//! `sys.getsizeof` shows them. A block belongs to one dict; only the block
//! without entries is shared, and it is never written to.

use std::{
    alloc::{Layout, alloc, dealloc},
    cell::Cell,
    ptr::NonNull,
};

use abi::PyObject;

use crate::{Obj, Str, Thread, protocol::compare};

/// A slot that was never used.
pub(super) const EMPTY: isize = -1;
/// A slot whose entry was deleted.
const DUMMY: isize = -2;
/// The smallest table has `1 << LOG_MINSIZE` slots.
pub(super) const LOG_MINSIZE: u8 = 3;
const PERTURB_SHIFT: u32 = 5;

/// The head of a block. As large as CPython's, because its size is observable.
#[repr(C)]
struct Keys {
    _shares: u32,
    /// How many entries fewer than usual there is room for.
    short: u32,
    log2_size: u8,
    log2_index_bytes: u8,
    unicode: bool,
    /// Whether the block is one of the object pools'.
    pooled: bool,
    version: Cell<u32>,
    usable: Cell<isize>,
    nentries: Cell<usize>,
}

const HEAD: usize = size_of::<Keys>();
const _: () = assert!(HEAD == 32);

#[repr(C)]
struct EmptyBlock {
    keys: Keys,
    indices: [i8; 8],
}

// SAFETY: never written to.
unsafe impl Sync for EmptyBlock {}

static EMPTY_BLOCK: EmptyBlock = EmptyBlock {
    keys: Keys {
        _shares: 1,
        short: 0,
        log2_size: 0,
        log2_index_bytes: 3,
        unicode: true,
        pooled: false,
        version: Cell::new(0),
        usable: Cell::new(0),
        nentries: Cell::new(0),
    },
    indices: [EMPTY as i8; 8],
};

/// A pointer to a live block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Block(NonNull<Keys>);

/// An integer of the index table.
trait Index: Copy {
    fn get(self) -> isize;
}

macro_rules! index { ($($ty:ty)*) => { $(
    impl Index for $ty {
        #[inline(always)]
        fn get(self) -> isize {
            self as isize
        }
    }
)* } }
index!(i8 i16 i32 i64);

/// How many entries a table of `1 << log2_size` slots may have.
pub(super) const fn usable_fraction(log2_size: u8) -> usize {
    (1usize << log2_size << 1) / 3
}

/// The table size, at least the smallest, with at least `slots` slots.
pub(super) fn log2_for_slots(slots: usize) -> u8 {
    let slots = slots.max(1 << LOG_MINSIZE);
    (usize::BITS - (slots - 1).leading_zeros()) as u8
}

/// The table size in which `entries` entries fit.
pub(super) fn log2_for_entries(entries: usize) -> u8 {
    log2_for_slots(entries.saturating_mul(3).saturating_add(1) / 2)
}

fn log2_index_bytes(log2_size: u8) -> u8 {
    match log2_size {
        0..8 => log2_size,
        8..16 => log2_size + 1,
        16..32 => log2_size + 2,
        _ => log2_size + 3,
    }
}

/// Memory for a block, and whether it is the object pools'. PERF: small dicts
/// come and go as often as small objects.
fn allocate(layout: Layout) -> Option<(NonNull<u8>, bool)> {
    if layout.size() <= crate::alloc::SMALL_MAX && Thread::is_attached() {
        // SAFETY: attached.
        let th = unsafe { Thread::current() };
        return Some((th.heap().alloc(layout.size())?, true));
    }
    // SAFETY: the size is not zero.
    Some((NonNull::new(unsafe { alloc(layout) })?, false))
}

impl Block {
    /// The block of dicts that never had a key.
    #[inline(always)]
    pub(super) fn empty() -> Block {
        Block(NonNull::from(&EMPTY_BLOCK).cast())
    }

    #[inline(always)]
    pub(super) fn is_empty_block(self) -> bool {
        self == Block::empty()
    }

    /// A block at an address made by [`Block::as_ptr`].
    ///
    /// # Safety
    ///
    /// The address is that of a live block.
    #[inline(always)]
    pub(super) unsafe fn from_ptr(ptr: *mut std::ffi::c_void) -> Block {
        // SAFETY: the caller's promise.
        Block(unsafe { NonNull::new_unchecked(ptr.cast()) })
    }

    #[inline(always)]
    pub(super) fn as_ptr(self) -> *mut std::ffi::c_void {
        self.0.as_ptr().cast()
    }

    /// A block with `1 << log2_size` free slots; `None` when memory is out.
    pub(super) fn new(log2_size: u8, unicode: bool) -> Option<Block> {
        Self::with_room(log2_size, unicode, 0)
    }

    /// A block for exactly `entries` string keys, for a dict that will rather be
    /// read than changed.
    pub(super) fn exact(entries: usize) -> Option<Block> {
        let log2_size = log2_for_entries(entries);
        let short = usable_fraction(log2_size).saturating_sub(entries);
        Self::with_room(log2_size, true, u32::try_from(short).ok()?)
    }

    fn with_room(log2_size: u8, unicode: bool, short: u32) -> Option<Block> {
        let layout = Self::layout_of(log2_size, unicode, short)?;
        let (memory, pooled) = allocate(layout)?;
        let keys = Keys {
            _shares: 1,
            short,
            log2_size,
            log2_index_bytes: log2_index_bytes(log2_size),
            unicode,
            pooled,
            version: Cell::new(0),
            usable: Cell::new((usable_fraction(log2_size) - short as usize) as isize),
            nentries: Cell::new(0),
        };
        // SAFETY: the memory starts with the head.
        unsafe { memory.cast::<Keys>().write(keys) };
        // SAFETY: the index table follows the head.
        unsafe { memory.add(HEAD).write_bytes(EMPTY as u8, 1 << log2_index_bytes(log2_size)) };
        Some(Block(memory.cast()))
    }

    fn layout_of(log2_size: u8, unicode: bool, short: u32) -> Option<Layout> {
        if log2_size > 48 {
            return None;
        }
        let stride = if unicode { 16 } else { 24 };
        let table = 1usize << log2_index_bytes(log2_size);
        let entries = usable_fraction(log2_size) - short as usize;
        Layout::from_size_align(HEAD + table + entries * stride, 16).ok()
    }

    /// Give back the memory, not the references.
    ///
    /// # Safety
    ///
    /// Nobody uses the block any more.
    pub(super) unsafe fn free(self) {
        if self.is_empty_block() {
            return;
        }
        let head = self.head();
        if head.pooled {
            // SAFETY: dicts die on attached threads.
            let th = unsafe { Thread::current() };
            // SAFETY: allocated by the pools.
            unsafe { th.heap().free(self.0.cast()) };
        } else if let Some(layout) = Self::layout_of(head.log2_size, head.unicode, head.short) {
            // SAFETY: allocated by `new` with this layout.
            unsafe { dealloc(self.0.as_ptr().cast(), layout) };
        }
    }

    /// Bytes of the block, as `__sizeof__` counts them; the empty one is free.
    pub(super) fn size(self) -> usize {
        if self.is_empty_block() {
            return 0;
        }
        let head = self.head();
        Self::layout_of(head.log2_size, head.unicode, head.short).map_or(0, |layout| layout.size())
    }

    #[inline(always)]
    fn head<'a>(self) -> &'a Keys {
        // SAFETY: a live block.
        unsafe { self.0.as_ref() }
    }

    /// Whether there is less room than usual.
    pub(super) fn is_short(self) -> bool {
        self.head().short > 0
    }

    /// Whether all keys are exact strings.
    #[inline(always)]
    pub(super) fn is_unicode(self) -> bool {
        self.head().unicode
    }

    #[inline(always)]
    pub(super) fn log2_size(self) -> u8 {
        self.head().log2_size
    }

    #[inline(always)]
    pub(super) fn usable(self) -> isize {
        self.head().usable.get()
    }

    #[inline(always)]
    pub(super) fn nentries(self) -> usize {
        self.head().nentries.get()
    }

    pub(super) fn set_nentries(self, nentries: usize) {
        self.head().nentries.set(nentries);
    }

    #[inline(always)]
    pub(super) fn version(self) -> u32 {
        self.head().version.get()
    }

    /// Must not be called on the empty block.
    #[inline(always)]
    pub(super) fn set_version(self, version: u32) {
        self.head().version.set(version);
    }

    #[inline(always)]
    pub(super) fn mask(self) -> usize {
        (1 << self.head().log2_size) - 1
    }

    #[inline(always)]
    fn indices(self) -> *mut u8 {
        // SAFETY: the table follows the head.
        unsafe { self.0.as_ptr().cast::<u8>().add(HEAD) }
    }

    /// The number in `slot`.
    #[inline(always)]
    pub(super) fn index(self, slot: usize) -> isize {
        match self.head().log2_size {
            // SAFETY: `slot` is masked by the caller.
            0..8 => unsafe { self.indices().cast::<i8>().add(slot).read() }.get(),
            // SAFETY: as above.
            8..16 => unsafe { self.indices().cast::<i16>().add(slot).read() }.get(),
            // SAFETY: as above.
            16..32 => unsafe { self.indices().cast::<i32>().add(slot).read() }.get(),
            // SAFETY: as above.
            _ => unsafe { self.indices().cast::<i64>().add(slot).read() }.get(),
        }
    }

    #[inline(always)]
    fn set_index(self, slot: usize, index: isize) {
        match self.head().log2_size {
            // SAFETY: `slot` is masked by the caller.
            0..8 => unsafe { self.indices().cast::<i8>().add(slot).write(index as i8) },
            // SAFETY: as above.
            8..16 => unsafe { self.indices().cast::<i16>().add(slot).write(index as i16) },
            // SAFETY: as above.
            16..32 => unsafe { self.indices().cast::<i32>().add(slot).write(index as i32) },
            // SAFETY: as above.
            _ => unsafe { self.indices().cast::<i64>().add(slot).write(index as i64) },
        }
    }

    /// Where entry `index` keeps its key; the value is behind it.
    #[inline(always)]
    fn key_slot(self, index: usize) -> *mut *mut PyObject {
        let head = self.head();
        let offset = HEAD
            + (1 << head.log2_index_bytes)
            + if head.unicode { index * 16 } else { index * 24 + 8 };
        // SAFETY: the entries follow the table.
        unsafe { self.0.as_ptr().cast::<u8>().add(offset).cast() }
    }

    /// Key and value of every entry in order, null where one was deleted. PERF:
    /// for whole blocks; the place of an entry is not computed anew.
    #[inline(always)]
    pub(super) fn pairs(self) -> impl Iterator<Item = (*mut PyObject, *mut PyObject)> {
        let stride = if self.is_unicode() { 2 } else { 3 };
        let first = self.key_slot(0);
        (0..self.nentries()).map(move |index| {
            // SAFETY: an entry below `nentries` is initialised.
            let key = unsafe { first.add(index * stride) };
            // SAFETY: as above.
            unsafe { (key.read(), key.add(1).read()) }
        })
    }

    /// The key of entry `index`, null if it was deleted.
    ///
    /// `index` must be below `nentries`, here and below.
    #[inline(always)]
    pub(super) fn key(self, index: usize) -> *mut PyObject {
        // SAFETY: an entry below `nentries` is initialised.
        unsafe { self.key_slot(index).read() }
    }

    /// The distance of the value of entry `index` from the block, in words.
    pub(super) fn value_place(self, index: usize) -> usize {
        (self.key_slot(index).addr() - self.0.as_ptr().addr()) / 8 + 1
    }

    /// The value at a place, null if it was deleted.
    ///
    /// # Safety
    ///
    /// `value_place` told the place of an entry of a block like this one.
    #[inline(always)]
    pub(super) unsafe fn value_at_place(self, place: usize) -> *mut PyObject {
        // SAFETY: the caller's promise.
        unsafe { self.0.as_ptr().cast::<*mut PyObject>().add(place).read() }
    }

    /// The value of entry `index`, null if it was deleted.
    #[inline(always)]
    pub(super) fn value(self, index: usize) -> *mut PyObject {
        // SAFETY: an entry below `nentries` is initialised.
        unsafe { self.key_slot(index).add(1).read() }
    }

    /// Key and value of entry `index`, null if it was deleted.
    #[inline(always)]
    pub(super) fn pair(self, index: usize) -> (*mut PyObject, *mut PyObject) {
        let slot = self.key_slot(index);
        // SAFETY: an entry below `nentries` is initialised; the value follows the key.
        unsafe { (slot.read(), slot.add(1).read()) }
    }

    #[inline(always)]
    pub(super) fn set_value(self, index: usize, value: *mut PyObject) {
        // SAFETY: an entry of this block.
        unsafe { self.key_slot(index).add(1).write(value) };
    }

    /// The hash of the key of a live entry.
    #[inline(always)]
    pub(super) fn hash(self, index: usize) -> isize {
        if self.is_unicode() {
            // SAFETY: a string that the block owns.
            return unsafe { cached_hash(self.key(index)) };
        }
        // SAFETY: a general entry has its hash before the key.
        unsafe { self.key_slot(index).sub(1).cast::<isize>().read() }
    }

    /// Mark entry `index` as deleted, the references being the caller's.
    pub(super) fn blank(self, index: usize) {
        // SAFETY: an entry of this block.
        unsafe { self.key_slot(index).write(std::ptr::null_mut()) };
        self.set_value(index, std::ptr::null_mut());
    }

    /// Write an entry behind the others. The block must have room, and the
    /// empty block has none. Takes over both references.
    #[inline]
    pub(super) fn append(self, key: *mut PyObject, hash: isize, value: *mut PyObject) {
        let head = self.head();
        let index = head.nentries.get();
        let mask = self.mask();
        let mut perturb = hash as usize;
        let mut slot = hash as usize & mask;
        while self.index(slot) >= 0 {
            perturb >>= PERTURB_SHIFT;
            slot = slot.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
        self.set_index(slot, index as isize);
        self.write_entry(index, key, hash, value);
        head.nentries.set(index + 1);
        head.usable.set(head.usable.get() - 1);
    }

    #[inline(always)]
    fn write_entry(self, index: usize, key: *mut PyObject, hash: isize, value: *mut PyObject) {
        let place = self.key_slot(index);
        if !self.is_unicode() {
            // SAFETY: a general entry has its hash before the key.
            unsafe { place.sub(1).cast::<isize>().write(hash) };
        }
        // SAFETY: there is room for the entry.
        unsafe { place.write(key) };
        // SAFETY: as above.
        unsafe { place.add(1).write(value) };
    }

    /// Replace the slot that holds entry `index` by a dummy.
    pub(super) fn delete_index(self, hash: isize, index: usize) {
        let mask = self.mask();
        let mut perturb = hash as usize;
        let mut slot = hash as usize & mask;
        loop {
            match self.index(slot) {
                EMPTY => return,
                found if found == index as isize => return self.set_index(slot, DUMMY),
                _ => {}
            }
            perturb >>= PERTURB_SHIFT;
            slot = slot.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }

    /// Move the live entries to `to`, which has room; this block then owns
    /// nothing.
    pub(super) fn move_entries(self, to: Block) {
        for index in 0..self.nentries() {
            let key = self.key(index);
            if !key.is_null() {
                to.append(key, self.hash(index), self.value(index));
            }
        }
    }

    /// A copy of the bytes, with the usual room; the references are not counted yet.
    pub(super) fn clone_bytes(self) -> Option<Block> {
        let head = self.head();
        let layout = Self::layout_of(head.log2_size, head.unicode, 0)?;
        let (memory, pooled) = allocate(layout)?;
        let stride = if head.unicode { 16 } else { 24 };
        let used = HEAD + (1 << head.log2_index_bytes) + self.nentries() * stride;
        // SAFETY: both have at least `used` bytes, which are initialised here.
        unsafe { memory.copy_from_nonoverlapping(self.0.cast(), used) };
        // SAFETY: a copy of a block.
        unsafe { (*memory.cast::<Keys>().as_ptr()).pooled = pooled };
        // SAFETY: as above.
        unsafe { (*memory.cast::<Keys>().as_ptr()).short = 0 };
        let block = Block(memory.cast());
        let usable = &block.head().usable;
        usable.set(usable.get() + head.short as isize);
        block.set_version(0);
        Some(block)
    }

    /// Probe the slots of `hash` until `test` accepts an entry.
    #[inline(always)]
    fn probe<I: Index>(self, hash: isize, test: impl Fn(usize) -> bool) -> Option<usize> {
        let table = self.indices().cast::<I>();
        let mask = self.mask();
        let mut perturb = hash as usize;
        let mut slot = hash as usize & mask;
        loop {
            // SAFETY: `slot` is masked.
            let index = unsafe { table.add(slot).read() }.get();
            if index >= 0 {
                if test(index as usize) {
                    return Some(index as usize);
                }
            } else if index == EMPTY {
                return None;
            }
            perturb >>= PERTURB_SHIFT;
            slot = slot.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }

    /// Look for a key without asking another one whether it is equal; `Err` if
    /// one has to be asked.
    ///
    /// # Safety
    ///
    /// `key` is a live object of that hash.
    #[inline]
    pub(super) unsafe fn find_plain(
        self,
        key: *mut PyObject,
        hash: isize,
    ) -> Result<Option<usize>, ()> {
        let ask = Cell::new(false);
        let test = |index: usize| {
            let candidate = self.key(index);
            if candidate == key {
                return true;
            }
            if self.hash(index) != hash {
                return false;
            }
            // SAFETY: both are live, and nothing runs meanwhile.
            let equal = unsafe { eq_plain(candidate, key) };
            ask.set(equal.is_none());
            equal != Some(false)
        };
        let found = match self.head().log2_size {
            0..8 => self.probe::<i8>(hash, test),
            8..16 => self.probe::<i16>(hash, test),
            16..32 => self.probe::<i32>(hash, test),
            _ => self.probe::<i64>(hash, test),
        };
        if ask.get() { Err(()) } else { Ok(found) }
    }

    /// Look for an exact string in a block of strings. Runs no Python code.
    ///
    /// # Safety
    ///
    /// `key` is an exact string of that hash, and the block is unicode.
    #[inline]
    pub(super) unsafe fn find_str(self, key: *mut PyObject, hash: isize) -> Option<usize> {
        let test = |index: usize| {
            let candidate = self.key(index);
            // SAFETY: keys of a unicode block are exact strings; deleted
            // entries are in no slot.
            candidate == key
                || unsafe { cached_hash(candidate) } == hash && unsafe { same_text(candidate, key) }
        };
        match self.head().log2_size {
            0..8 => self.probe::<i8>(hash, test),
            8..16 => self.probe::<i16>(hash, test),
            16..32 => self.probe::<i32>(hash, test),
            _ => self.probe::<i64>(hash, test),
        }
    }
}

/// A walk over the slots of a hash that survives Python code: it knows the
/// block it is about and whether it is still the same.
pub(super) struct Walk {
    block: Block,
    log2_size: u8,
    slot: usize,
    perturb: usize,
}

impl Walk {
    pub(super) fn new(block: Block, hash: isize) -> Walk {
        let slot = hash as usize & block.mask();
        Walk { block, log2_size: block.log2_size(), slot, perturb: hash as usize }
    }

    /// The entry at the present slot: `Err(())` at the end.
    pub(super) fn current(&self) -> Result<Option<usize>, ()> {
        match self.block.index(self.slot) {
            EMPTY => Err(()),
            index if index >= 0 => Ok(Some(index as usize)),
            _ => Ok(None),
        }
    }

    pub(super) fn advance(&mut self) {
        self.perturb >>= PERTURB_SHIFT;
        let next = self.slot.wrapping_mul(5).wrapping_add(self.perturb).wrapping_add(1);
        self.slot = next & self.block.mask();
    }

    /// Whether `block` is the one walked and still has `key` at entry `index`.
    pub(super) fn unchanged(&self, block: Block, index: usize, key: *mut PyObject) -> bool {
        block == self.block
            && block.log2_size() == self.log2_size
            && index < block.nentries()
            && block.key(index) == key
    }
}

/// The hash that a string caches, -1 if none.
///
/// # Safety
///
/// `string` is a live `str`.
#[inline(always)]
pub(super) unsafe fn cached_hash(string: *mut PyObject) -> isize {
    // SAFETY: the caller's promise.
    unsafe { (*string.cast::<abi::PyASCIIObject>()).hash }
}

/// Whether two strings have the same characters.
///
/// # Safety
///
/// Both are live strings.
#[inline]
pub(crate) unsafe fn same_text(a: *mut PyObject, b: *mut PyObject) -> bool {
    // SAFETY: the caller's promise.
    let (a, b) = unsafe { (&*a.cast::<Str>(), &*b.cast::<Str>()) };
    a.eq(b)
}

/// [`compare::eq_plain`] of a key and another.
///
/// # Safety
///
/// Both are live objects.
#[inline]
unsafe fn eq_plain(a: *mut PyObject, b: *mut PyObject) -> Option<bool> {
    // SAFETY: the caller's promise.
    let (a, b) = unsafe { (Obj::from_raw(a)?, Obj::from_raw(b)?) };
    compare::eq_plain(a, b)
}

/// Whether two objects are exact strings.
#[inline]
pub(super) fn both_exact_str(a: Obj<'_>, b: Obj<'_>) -> bool {
    a.is_exact::<Str>() && b.is_exact::<Str>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::small_int;

    fn fake(value: usize) -> *mut PyObject {
        std::ptr::without_provenance_mut(small_int::ZERO + value * 32)
    }

    fn find(block: Block, key: *mut PyObject, hash: isize) -> Option<usize> {
        let mut walk = Walk::new(block, hash);
        while let Ok(found) = walk.current() {
            if let Some(index) = found
                && block.key(index) == key
            {
                return Some(index);
            }
            walk.advance();
        }
        None
    }

    #[test]
    fn entries_are_found_after_growth_and_deletion() {
        for log2_size in [3, 7, 8, 12, 16] {
            let block = Block::new(log2_size, false).expect("memory");
            let count = usable_fraction(log2_size);
            for i in 0..count {
                assert!(block.usable() > 0);
                block.append(fake(i), (i % 50) as isize, fake(i + 1));
            }
            assert_eq!(block.usable(), 0);
            for i in (0..count).step_by(97) {
                assert_eq!(find(block, fake(i), (i % 50) as isize), Some(i));
                assert_eq!(block.value(i), fake(i + 1));
                block.delete_index((i % 50) as isize, i);
                block.blank(i);
                assert_eq!(find(block, fake(i), (i % 50) as isize), None);
            }
            let larger = Block::new(log2_size + 1, false).expect("memory");
            block.move_entries(larger);
            assert_eq!(larger.key(0), fake(1));
            assert_eq!(find(larger, fake(2), 2), Some(1));
            // SAFETY: not used again; small ints are not counted.
            unsafe { (block.free(), larger.free()) };
        }
    }

    #[test]
    fn sizes_are_those_of_cpython() {
        let size = |entries, unicode| {
            Block::new(log2_for_entries(entries), unicode).map(|block| 64 + block.size())
        };
        assert_eq!(size(5, false), Some(224));
        assert_eq!(size(5, true), Some(184));
        assert_eq!(size(6, false), Some(352));
        assert_eq!(size(11, true), Some(464));
        assert_eq!(size(22, false), Some(1168));
        assert_eq!(log2_for_slots(3), 3);
        assert_eq!(log2_for_slots(9), 4);
        assert_eq!(log2_for_slots(16), 4);
    }
}
