//! The cycle collector.
//!
//! Objects carry no link: what the collector knows of one is a byte in the
//! table of its pool (or in the registry of large blocks), found from its
//! address. Tracking sets two bits and puts the pool on the list of pools with
//! objects of generation 0, so that a young collection looks at those pools
//! only. Invariant: a pool with tracked objects of generation 0 or 1 is on the
//! list of that generation; generation 2 has no list, a full collection looks
//! at all gc pools. A collection holds a reference to every object it found
//! unreachable while Python code runs.

mod candidates;
mod collect;
mod counts;
mod inspect;
#[cfg(test)]
mod tests;

use std::{
    cell::{Cell, UnsafeCell},
    ptr::{self, NonNull},
};

use abi::{PyObject, PyTypeObject};

use crate::alloc::{Heap, Pool, UNLISTED, pool_of, table_byte};

pub use collect::{Outcome, collect, collect_if_due};
pub use inspect::{for_each, freeze, frozen_count, is_gc, objects, referents, referrers, unfreeze};

/// The number of generations.
pub const GENERATIONS: usize = 3;

/// Bits of `gc.set_debug()`.
pub mod debug {
    /// Print statistics.
    pub const STATS: i32 = 1;
    /// Print collectable objects.
    pub const COLLECTABLE: i32 = 2;
    /// Print uncollectable objects.
    pub const UNCOLLECTABLE: i32 = 4;
    /// Keep all garbage in `gc.garbage`.
    pub const SAVEALL: i32 = 32;
}

/// The bits of a table byte.
pub(crate) mod flag {
    pub(crate) const TRACKED: u8 = 1;
    /// Two bits: the generation, 3 for frozen objects.
    pub(crate) const GENERATION: u8 = 2 | 4;
    pub(crate) const GENERATION_SHIFT: u32 = 1;
    pub(crate) const FINALIZED: u8 = 8;
    /// Found to be unreachable by the current collection.
    pub(crate) const COLLECTING: u8 = 16;
    /// The generation of frozen objects.
    pub(crate) const FROZEN: u8 = 3;
}

/// What the collector cannot do itself.
///
/// Every function may run Python code, except where noted, and reports
/// exceptions as unraisable itself.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Deallocate an object whose last reference is gone.
    pub dealloc: unsafe fn(NonNull<PyObject>),
    /// Clear all weak references to the unreachable `objects`, then call the
    /// callbacks of those references that are reachable themselves. Returns
    /// whether it called any. `is_unreachable` tells for any object; it must
    /// not be asked once Python code ran.
    pub weakref_callbacks:
        fn(objects: &[*mut PyObject], is_unreachable: &dyn Fn(*mut PyObject) -> bool) -> bool,
    /// Clear all weak references to these, which finalizers made, without
    /// calling callbacks.
    pub clear_weakrefs: fn(objects: &[*mut PyObject]),
    /// Append to `gc.garbage`; takes its own reference.
    pub append_garbage: fn(*mut PyObject),
    /// Report the exception that `tp_clear` of the object may have left set.
    pub unraisable: fn(*mut PyObject),
    /// Call `gc.callbacks`.
    pub notify: fn(Phase, generation: usize, Outcome),
    /// Write to `sys.stderr`.
    pub message: fn(&str),
    /// Empty the free lists (before a full collection; runs no Python code).
    pub clear_free_lists: fn(),
    /// Called once when a threshold is passed (runs no Python code).
    pub request: fn(),
    /// `tuple`: exact instances are untracked when all their items are.
    pub tuple_type: *mut PyTypeObject,
    /// `list`.
    pub list_type: *mut PyTypeObject,
}

/// The two calls of `gc.callbacks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before a collection.
    Start,
    /// After it.
    Stop,
}

unsafe fn dealloc_directly(object: NonNull<PyObject>) {
    // SAFETY: the last reference was just dropped.
    let ty = unsafe { counts::type_of(object.as_ptr()) };
    // SAFETY: an object keeps its type alive.
    if let Some(dealloc) = unsafe { (*ty).tp_dealloc } {
        // SAFETY: as above.
        unsafe { dealloc(object.as_ptr()) };
    }
}

impl Hooks {
    /// No weak references, no `gc` module.
    pub const NONE: Hooks = Hooks {
        dealloc: dealloc_directly,
        weakref_callbacks: |_, _| false,
        clear_weakrefs: |_| {},
        append_garbage: |object| {
            // SAFETY: the collector passes live objects; this one is leaked.
            unsafe { counts::own(object) }
        },
        unraisable: |_| {},
        notify: |_, _, _| {},
        message: |_| {},
        clear_free_lists: || {},
        request: || {},
        tuple_type: ptr::null_mut(),
        list_type: ptr::null_mut(),
    };
}

/// `gc.get_stats()` of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Collections.
    pub collections: usize,
    /// Objects collected.
    pub collected: usize,
    /// Objects found that cannot be collected.
    pub uncollectable: usize,
}

/// The collector's state, part of the heap.
pub struct State {
    /// Objects tracked less objects untracked since the last collection.
    young: Cell<u32>,
    /// `young` above this requests a collection; `u32::MAX` when disabled.
    limit: Cell<u32>,
    requested: Cell<bool>,
    enabled: Cell<bool>,
    collecting: Cell<bool>,
    debug: Cell<i32>,
    thresholds: [Cell<i32>; GENERATIONS],
    /// Collections of the next younger generation, for generations 1 and 2.
    counts: [Cell<i32>; GENERATIONS],
    long_lived_total: Cell<usize>,
    long_lived_pending: Cell<usize>,
    statistics: [Cell<Statistics>; GENERATIONS],
    lists: [UnsafeCell<Vec<*mut Pool>>; 2],
    hooks: Cell<Hooks>,
    words: candidates::Words,
}

impl State {
    /// Enabled, with CPython's thresholds.
    pub(crate) fn new() -> Self {
        State {
            young: Cell::new(0),
            limit: Cell::new(2000),
            requested: Cell::new(false),
            enabled: Cell::new(true),
            collecting: Cell::new(false),
            debug: Cell::new(0),
            thresholds: [Cell::new(2000), Cell::new(10), Cell::new(10)],
            counts: [const { Cell::new(0) }; GENERATIONS],
            long_lived_total: Cell::new(0),
            long_lived_pending: Cell::new(0),
            statistics: [const {
                Cell::new(Statistics { collections: 0, collected: 0, uncollectable: 0 })
            }; GENERATIONS],
            lists: [const { UnsafeCell::new(Vec::new()) }; 2],
            hooks: Cell::new(Hooks::NONE),
            words: candidates::Words::new(),
        }
    }

    /// What the collector calls.
    pub fn hooks(&self) -> Hooks {
        self.hooks.get()
    }

    /// Set what the collector calls. A request that the hooks before these took is made again by
    /// the next object.
    pub fn set_hooks(&self, hooks: Hooks) {
        self.hooks.set(hooks);
        self.requested.set(false);
    }

    /// `gc.isenabled()`.
    pub fn is_enabled(&self) -> bool {
        self.enabled.get()
    }

    /// `gc.enable()`, `gc.disable()`.
    pub fn set_enabled(&self, enabled: bool) {
        self.enabled.set(enabled);
        self.update_limit();
    }

    /// Whether a collection is going on.
    pub fn is_collecting(&self) -> bool {
        self.collecting.get()
    }

    /// Whether a threshold was passed since the last collection.
    #[inline]
    pub fn is_requested(&self) -> bool {
        self.requested.get()
    }

    /// `gc.get_debug()`.
    pub fn debug(&self) -> i32 {
        self.debug.get()
    }

    /// `gc.set_debug()`.
    pub fn set_debug(&self, flags: i32) {
        self.debug.set(flags);
    }

    /// `gc.get_threshold()`.
    pub fn thresholds(&self) -> [i32; GENERATIONS] {
        [0, 1, 2].map(|generation: usize| self.thresholds[generation].get())
    }

    /// `gc.set_threshold()`; a first threshold of 0 turns collection off.
    pub fn set_thresholds(&self, thresholds: [i32; GENERATIONS]) {
        for (cell, threshold) in self.thresholds.iter().zip(thresholds) {
            cell.set(threshold);
        }
        self.update_limit();
    }

    /// `gc.get_count()`.
    pub fn counts(&self) -> [i32; GENERATIONS] {
        let young = i32::try_from(self.young.get()).unwrap_or(i32::MAX);
        [young, self.counts[1].get(), self.counts[2].get()]
    }

    /// `gc.get_stats()`.
    pub fn statistics(&self) -> [Statistics; GENERATIONS] {
        [0, 1, 2].map(|generation: usize| self.statistics[generation].get())
    }

    fn update_limit(&self) {
        let limit = match u32::try_from(self.thresholds[0].get()) {
            Ok(threshold) if self.enabled.get() && threshold > 0 => threshold,
            _ => u32::MAX,
        };
        self.limit.set(limit);
        if limit == u32::MAX {
            self.requested.set(false);
        }
    }

    /// Ask the current thread to collect, and again whenever as many young objects have come on
    /// top: the thread that was asked may block or end before it gets to it.
    #[cold]
    fn request(&self) {
        if self.collecting.get() {
            return;
        }
        let again = self.young.get().is_multiple_of(self.limit.get().max(1));
        if !self.requested.replace(true) || again {
            (self.hooks.get().request)();
        }
    }

    /// Put a pool on the list of a generation.
    ///
    /// # Safety
    ///
    /// `pool` is a live gc pool.
    #[cold]
    unsafe fn list_pool(&self, pool: *mut Pool, generation: usize) {
        let Some(list) = self.lists.get(generation) else { return };
        // SAFETY: the borrow ends in this function, which calls nothing that
        // uses the lists.
        let list = unsafe { &mut *list.get() };
        if list.try_reserve(1).is_err() {
            // Until a later object lists it, only full collections see the pool.
            return;
        }
        // SAFETY: live.
        unsafe { (*pool).list_index[generation] = list.len() as u32 };
        list.push(pool);
    }

    /// Take a pool off the lists before its memory goes.
    ///
    /// # Safety
    ///
    /// `pool` is live.
    pub(crate) unsafe fn forget_pool(&self, pool: *mut Pool) {
        for (generation, list) in self.lists.iter().enumerate() {
            // SAFETY: as in `list_pool`.
            let list = unsafe { &mut *list.get() };
            // SAFETY: live.
            let index = unsafe { (*pool).list_index[generation] };
            if index == UNLISTED {
                continue;
            }
            list.swap_remove(index as usize);
            if let Some(&moved) = list.get(index as usize) {
                // SAFETY: listed pools are live.
                unsafe { (*moved).list_index[generation] = index };
            }
            // SAFETY: live.
            unsafe { (*pool).list_index[generation] = UNLISTED };
        }
    }

    /// Empty the list of a generation.
    fn take_list(&self, generation: usize) -> Vec<*mut Pool> {
        let Some(list) = self.lists.get(generation) else { return Vec::new() };
        // SAFETY: as in `list_pool`.
        let pools = std::mem::take(unsafe { &mut *list.get() });
        for &pool in &pools {
            // SAFETY: listed pools are live.
            unsafe { (*pool).list_index[generation] = UNLISTED };
        }
        pools
    }
}

impl Heap {
    /// The collector's state.
    #[inline(always)]
    pub fn gc(&self) -> &State {
        &self.gc
    }
}

/// What the collector knows of `object`; `None` if it is not in the gc domain
/// of this heap (which includes small ints and static objects).
#[inline]
pub(crate) fn flags_of(heap: &Heap, object: *mut PyObject) -> Option<u8> {
    if heap.in_pools(object.cast()) {
        // SAFETY: an object in a pool keeps it alive.
        if unsafe { (*pool_of(object.cast())).domain } != crate::alloc::Domain::Gc {
            return None;
        }
        // SAFETY: the table of a gc pool.
        return Some(unsafe { *table_byte(object.cast()) });
    }
    if !counts::is_in_memory(object) {
        return None;
    }
    let large = heap.large.borrow();
    large
        .find(object.cast())
        .and_then(|index| large.objects.get(index))
        .map(|entry| entry.flags.get())
}

/// Change what the collector knows of `object`.
#[inline]
fn update_flags(heap: &Heap, object: *mut PyObject, change: impl FnOnce(u8) -> u8) {
    if heap.in_pools(object.cast()) {
        let byte = table_byte(object.cast());
        // SAFETY: callers pass objects of gc pools, whose table this is.
        unsafe { *byte = change(*byte) };
        return;
    }
    let large = heap.large.borrow();
    if let Some(entry) = large.find(object.cast()).and_then(|index| large.objects.get(index)) {
        entry.object.set(object.cast());
        entry.flags.set(change(entry.flags.get()));
    }
}

/// Start tracking an object. Nothing happens if it is tracked already.
///
/// # Safety
///
/// `object` came from [`Heap::alloc_gc`] of this heap, at the start of its
/// block or 16 bytes on, and its `tp_traverse` may be called from now on.
#[inline(always)]
pub unsafe fn track(heap: &Heap, object: NonNull<PyObject>) {
    let object = object.as_ptr();
    if !heap.in_pools(object.cast()) {
        return track_large(heap, object);
    }
    debug_assert!(is_in_gc_pool(object));
    let byte = table_byte(object.cast());
    // SAFETY: an object of the gc domain in a pool has a table byte.
    let flags = unsafe { *byte };
    if flags & flag::TRACKED != 0 {
        return;
    }
    // SAFETY: as above.
    unsafe { *byte = flags & flag::FINALIZED | flag::TRACKED };
    let pool = pool_of(object.cast());
    // SAFETY: the object keeps its pool alive.
    if unsafe { (*pool).list_index[0] } == UNLISTED {
        // SAFETY: as above.
        unsafe { heap.gc.list_pool(pool, 0) };
    }
    count_young(heap);
}

/// As [`track`], of an object that was just allocated.
///
/// # Safety
///
/// As [`track`], and the object was never tracked.
#[inline(always)]
pub unsafe fn track_new(heap: &Heap, object: NonNull<PyObject>) {
    let object = object.as_ptr();
    if !heap.in_pools(object.cast()) {
        return track_large(heap, object);
    }
    debug_assert!(is_in_gc_pool(object));
    // SAFETY: an object of the gc domain in a pool has a table byte.
    unsafe { *table_byte(object.cast()) = flag::TRACKED };
    let pool = pool_of(object.cast());
    // SAFETY: the object keeps its pool alive.
    if unsafe { (*pool).list_index[0] } == UNLISTED {
        // SAFETY: as above.
        unsafe { heap.gc.list_pool(pool, 0) };
    }
    count_young(heap);
}

fn is_in_gc_pool(object: *mut PyObject) -> bool {
    // SAFETY: callers pass objects in pools, which they keep alive.
    unsafe { (*pool_of(object.cast())).domain == crate::alloc::Domain::Gc }
}

#[inline(always)]
fn count_young(heap: &Heap) {
    let young = heap.gc.young.get() + 1;
    heap.gc.young.set(young);
    if young > heap.gc.limit.get() {
        heap.gc.request();
    }
}

#[cold]
fn track_large(heap: &Heap, object: *mut PyObject) {
    let mut added = false;
    update_flags(heap, object, |flags| {
        added = flags & flag::TRACKED == 0;
        if added { flags & flag::FINALIZED | flag::TRACKED } else { flags }
    });
    if added {
        count_young(heap);
    }
}

/// Stop tracking an object. Nothing happens if it is not tracked.
///
/// # Safety
///
/// As for [`track`], but its fields need not be in place.
#[inline(always)]
pub unsafe fn untrack(heap: &Heap, object: NonNull<PyObject>) {
    let object = object.as_ptr();
    if !heap.in_pools(object.cast()) {
        return untrack_large(heap, object);
    }
    let byte = table_byte(object.cast());
    // SAFETY: an object of the gc domain in a pool has a table byte.
    let flags = unsafe { *byte };
    debug_assert!(is_in_gc_pool(object));
    // SAFETY: as above.
    unsafe { *byte = flags & flag::FINALIZED };
    let was_tracked = u32::from(flags & flag::TRACKED);
    heap.gc.young.set(heap.gc.young.get().saturating_sub(was_tracked));
}

#[cold]
fn untrack_large(heap: &Heap, object: *mut PyObject) {
    update_flags(heap, object, |flags| {
        let was_tracked = u32::from(flags & flag::TRACKED);
        heap.gc.young.set(heap.gc.young.get().saturating_sub(was_tracked));
        flags & flag::FINALIZED
    });
}

/// `gc.is_tracked()`; false for objects outside the gc domain.
#[inline]
pub fn is_tracked(heap: &Heap, object: *mut PyObject) -> bool {
    flags_of(heap, object).is_some_and(|flags| flags & flag::TRACKED != 0)
}

/// `gc.is_finalized()`: whether `tp_finalize` was called.
#[inline]
pub fn is_finalized(heap: &Heap, object: *mut PyObject) -> bool {
    flags_of(heap, object).is_some_and(|flags| flags & flag::FINALIZED != 0)
}

/// Note that `tp_finalize` was called on an object.
#[inline]
pub fn set_finalized(heap: &Heap, object: *mut PyObject) {
    if flags_of(heap, object).is_some() {
        update_flags(heap, object, |flags| flags | flag::FINALIZED);
    }
}

/// The generation of table flags.
fn generation_of(flags: u8) -> u8 {
    (flags & flag::GENERATION) >> flag::GENERATION_SHIFT
}

fn with_generation(flags: u8, generation: u8) -> u8 {
    flags & !flag::GENERATION | generation << flag::GENERATION_SHIFT
}

/// The tracked objects of a gc pool.
///
/// # Safety
///
/// `pool` is a live gc pool, and stays so while the iterator is used.
unsafe fn tracked_in(pool: *mut Pool) -> impl Iterator<Item = (*mut PyObject, u8)> {
    use crate::alloc::{GC_START, GRANULE, POOL_SIZE};
    const WORD: usize = size_of::<u64>();
    const TRACKED: u64 = u64::from_ne_bytes([flag::TRACKED; WORD]);
    let base = pool.cast::<u8>();
    let words = GC_START / GRANULE / WORD..POOL_SIZE / GRANULE / WORD;
    words.flat_map(move |index| {
        let word = base.wrapping_add(index * WORD).cast::<u64>();
        // SAFETY: the table is 16 KiB / 16 bytes from the start of the pool.
        let word = unsafe { word.read() };
        let mut bits = word & TRACKED;
        std::iter::from_fn(move || {
            if bits == 0 {
                return None;
            }
            let byte = bits.trailing_zeros() as usize / 8;
            bits &= bits - 1;
            let object = base.wrapping_add((index * WORD + byte) * GRANULE);
            Some((object.cast(), word.to_ne_bytes()[byte]))
        })
    })
}
