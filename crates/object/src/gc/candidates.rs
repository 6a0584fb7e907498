//! The objects that a collection looks at, with what it knows of each.
//!
//! Every 32 bytes of the pool range have a word: four flags and the count that
//! is left of the object that starts there; 0 where there is no candidate. So
//! a visit of a reference costs one look at a dense table, found from the
//! address alone. Objects outside of the pools have their word in the registry
//! of large blocks. Invariant: between collections all words are 0.

use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    ops::RangeInclusive,
    ptr::{self, NonNull},
};

use abi::{PyListObject, PyObject, PyTupleObject, visitproc};
use host::memory;

use super::{GENERATIONS, Hooks, counts, flag, generation_of, tracked_in};
use crate::{
    alloc::{Heap, Pool},
    types::type_::create::class,
};

/// Objects of gc pools are at least this far apart.
const SPACING: usize = 32;
/// The most words that are kept after a full collection.
const KEPT: usize = 1 << 18;

/// The word of a candidate: this bit, the next ones, and the count above.
const CANDIDATE: u32 = 1;
/// Found to be reachable.
const REACHABLE: u32 = 2;
/// Refers to no other candidate. PERF: half of the visits when a heap of small
/// objects is collected.
const LEAF: u32 = 4;
/// Is an exact tuple.
const TUPLE: u32 = 8;
const ONE: u32 = 16;
/// Words from here on have a count that is too large to be known, and keep it.
const STUCK: u32 = u32::MAX / ONE * ONE;

/// The words of the pool range, as far as there are pools.
pub(super) struct Words {
    first: Cell<*mut u32>,
    len: Cell<usize>,
}

impl Words {
    pub(super) const fn new() -> Self {
        Words { first: Cell::new(ptr::null_mut()), len: Cell::new(0) }
    }

    /// Have at least `len` words, all 0; `None` if there is no memory for that.
    fn reserve(&self, len: usize) -> Option<()> {
        if len <= self.len.get() {
            return Some(());
        }
        self.release();
        // Pages that are never used cost nothing; the heap may go on growing. The system allocator
        // would clear them all where it had the memory at hand, and not give it back: that was a
        // tenth of the peak of `json.loads`.
        let len = len.max(memory::PAGE_SIZE / size_of::<u32>()).checked_next_power_of_two()?;
        let bytes = len.checked_mul(size_of::<u32>())?;
        let first = memory::reserve(0, bytes).ok()?;
        self.first.set(first.as_ptr().cast());
        self.len.set(len);
        // SAFETY: the whole of what was reserved.
        if unsafe { memory::commit(first, bytes) }.is_err() {
            self.release();
            return None;
        }
        Some(())
    }

    /// Give the memory back if it is much.
    pub(super) fn trim(&self) {
        if self.len.get() > KEPT {
            self.release();
        }
    }

    fn release(&self) {
        let (first, len) = (self.first.replace(ptr::null_mut()), self.len.replace(0));
        if let Some(first) = NonNull::new(first) {
            // SAFETY: reserved with this length, and nobody uses it any more.
            unsafe { memory::release(first.cast(), len * size_of::<u32>()) };
        }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.release();
    }
}

/// The candidates of one collection.
pub(super) struct Candidates<'a> {
    heap: &'a Heap,
    hooks: Hooks,
    base: usize,
    first: *mut u32,
    len: usize,
    /// In the order of their addresses, more or less.
    pub(super) objects: Vec<*mut PyObject>,
    /// Objects to traverse; has room for every candidate.
    work: Vec<*mut PyObject>,
    /// Where large objects are.
    large: RangeInclusive<usize>,
    /// The object outside of the pools that was visited last, and its word,
    /// null if it has none. The registry does not change meanwhile.
    latest: (*mut PyObject, *mut u32),
    /// References to candidates that were seen.
    seen: u32,
}

/// What a candidate turned out to be.
pub(super) struct Settled {
    pub(super) is_reachable: bool,
    pub(super) is_tuple: bool,
}

impl<'a> Candidates<'a> {
    /// None yet; `None` if there is no memory for the words.
    pub(super) fn new(heap: &'a Heap, hooks: Hooks) -> Option<Self> {
        let (base, bytes) = heap.pool_range();
        let words = &heap.gc.words;
        words.reserve(bytes / SPACING)?;
        Some(Candidates {
            heap,
            hooks,
            base,
            first: words.first.get(),
            len: words.len.get(),
            objects: Vec::new(),
            work: Vec::new(),
            large: heap.large.borrow().range(),
            latest: (ptr::null_mut(), ptr::null_mut()),
            seen: 0,
        })
    }

    /// Add the tracked objects of the pools, and of large blocks, up to
    /// `generation`; `None` if there is no memory for that.
    pub(super) fn gather(&mut self, pools: &[*mut Pool], generation: usize) -> Option<()> {
        if generation == GENERATIONS - 1 {
            // Most are candidates: a copy for each doubling would be much memory in vain.
            // SAFETY: pools in arenas are live.
            let used = pools.iter().map(|&pool| usize::from(unsafe { (*pool).used })).sum();
            self.objects.try_reserve_exact(used).ok()?;
            self.work.try_reserve_exact(used).ok()?;
        }
        for &pool in pools {
            // SAFETY: pools on lists and in arenas are live, and nothing is
            // freed while we gather.
            for (object, flags) in unsafe { tracked_in(pool) } {
                if usize::from(generation_of(flags)) <= generation {
                    // SAFETY: a tracked object is live.
                    self.add(object, unsafe { counts::refcnt(object) })?;
                }
            }
        }
        let mut large = Vec::new();
        for entry in &self.heap.large.borrow().objects {
            let tracked = entry.flags.get() & flag::TRACKED != 0;
            if tracked && usize::from(generation_of(entry.flags.get())) <= generation {
                large.try_reserve(1).ok()?;
                large.push(entry.object.get().cast::<PyObject>());
            }
        }
        for object in large {
            // SAFETY: a tracked object is live.
            self.add(object, unsafe { counts::refcnt(object) })?;
        }
        Some(())
    }

    /// Make an object a candidate with the count `refs`.
    #[inline]
    pub(super) fn add(&mut self, object: *mut PyObject, refs: u32) -> Option<()> {
        if self.objects.len() == self.objects.capacity() {
            self.objects.try_reserve(1).ok()?;
            let room = self.objects.capacity() - self.work.len();
            self.work.try_reserve(room).ok()?;
        }
        self.objects.push(object);
        // The largest counts are those of immortal objects.
        let count = refs.min(STUCK / ONE);
        self.with_word(object, |word| *word = (count * ONE) | CANDIDATE);
        Some(())
    }

    /// Call `f` with the word of an object that may be a candidate.
    #[inline(always)]
    fn with_word(&mut self, object: *mut PyObject, f: impl FnOnce(&mut u32)) {
        let index = object.addr().wrapping_sub(self.base) / SPACING;
        if index >= self.len {
            // PERF: small ints, static objects, the type of the last instance.
            if object != self.latest.0 {
                if !self.large.contains(&object.addr()) {
                    return;
                }
                self.find_large_word(object);
            }
            // SAFETY: null or the word in the registry.
            if let Some(word) = unsafe { self.latest.1.as_mut() } {
                f(word);
            }
            return;
        }
        // SAFETY: below the number of words, which are this collection's.
        f(unsafe { &mut *self.first.add(index) });
    }

    #[cold]
    fn find_large_word(&mut self, object: *mut PyObject) {
        let large = self.heap.large.borrow();
        let entry = large.find(object.cast()).and_then(|index| large.objects.get(index));
        self.latest = (object, entry.map_or(ptr::null_mut(), |entry| entry.refs.as_ptr()));
    }

    /// What a candidate is; one that was found to be reachable is none any more.
    #[inline]
    pub(super) fn settle(&mut self, object: *mut PyObject) -> Settled {
        let mut settled = Settled { is_reachable: false, is_tuple: false };
        self.with_word(object, |word| {
            settled.is_reachable = *word & REACHABLE != 0;
            settled.is_tuple = *word & TUPLE != 0;
            if settled.is_reachable {
                *word = 0;
            }
        });
        settled
    }

    /// An object is no candidate any more.
    fn forget(&mut self, object: *mut PyObject) {
        self.with_word(object, |word| *word = 0);
    }

    /// Call `visit` for every reference that an object has; `each` is the same
    /// without the detour through C, and for some in a row to the same object.
    /// Whether it is an exact tuple.
    #[inline(always)]
    fn references(
        &mut self,
        object: *mut PyObject,
        each: impl Fn(&mut Self, *mut PyObject, u32),
        visit: visitproc,
    ) -> bool {
        // SAFETY: candidates are live.
        let ty = unsafe { counts::type_of(object) };
        let is_tuple = ty == self.hooks.tuple_type;
        // PERF: most references are in lists and tuples.
        let (items, size) = if ty == self.hooks.list_type {
            let list = object.cast::<PyListObject>();
            // SAFETY: the layout of the type.
            unsafe { ((*list).ob_item, (*list).ob_base.ob_size) }
        } else if is_tuple {
            let tuple = object.cast::<PyTupleObject>();
            // SAFETY: the layout of the type.
            unsafe { ((&raw mut (*tuple).ob_item).cast(), (*tuple).ob_base.ob_size) }
        } else {
            // SAFETY: an object keeps its type alive.
            let mut traverse = unsafe { (*ty).tp_traverse };
            if class::is_instance_traverse(traverse) {
                let show = |part: *mut PyObject| {
                    if counts::is_in_memory(part) {
                        each(self, part, 1);
                    }
                };
                // SAFETY: a live instance of a class with this slot.
                traverse = unsafe { class::show_instance(object, show) };
            }
            if let Some(traverse) = traverse {
                let argument = (&raw mut *self).cast::<c_void>();
                // SAFETY: `visit` is one of the functions below and gets `self`.
                unsafe { traverse(object, visit, argument) };
            }
            return false;
        };
        let (mut latest, mut times) = (ptr::null_mut(), 0_u32);
        for index in 0..usize::try_from(size).unwrap_or(0) {
            // SAFETY: as many items as the size says; a new object's may be null.
            let item = unsafe { items.add(index).read() };
            if item == latest {
                times = times.saturating_add(1);
                continue;
            }
            if counts::is_in_memory(latest) {
                each(self, latest, times);
            }
            (latest, times) = (item, 1);
        }
        if counts::is_in_memory(latest) {
            each(self, latest, times);
        }
        is_tuple
    }

    #[inline(always)]
    fn subtract_some(&mut self, object: *mut PyObject, times: u32) {
        let mut seen = 0;
        self.with_word(object, |word| {
            seen = *word & CANDIDATE;
            if *word < STUCK {
                *word -= times.min(*word / ONE) * ONE;
            }
        });
        self.seen |= seen;
    }

    #[inline(always)]
    fn reach(&mut self, object: *mut PyObject, _: u32) {
        let mut new = false;
        self.with_word(object, |word| {
            if *word & (CANDIDATE | REACHABLE) == CANDIDATE {
                *word |= REACHABLE;
                new = *word & LEAF == 0;
            }
        });
        if new {
            self.work.push(object);
        }
    }

    /// Subtract the references between candidates.
    pub(super) fn subtract(&mut self) {
        for index in 0..self.objects.len() {
            let object = self.objects[index];
            self.seen = 0;
            let is_tuple = self.references(object, Self::subtract_some, subtract_reference);
            let leaf = if self.seen == 0 { LEAF } else { 0 };
            let kind = leaf | if is_tuple { TUPLE } else { 0 };
            if kind != 0 {
                self.with_word(object, |word| *word |= kind);
            }
        }
    }

    /// Mark the candidates that have a count left, and what they reach.
    pub(super) fn mark_referenced(&mut self) {
        self.mark(|_, word| word >= ONE);
    }

    /// Mark the candidates that `is_root` selects, and what they reach.
    pub(super) fn mark_from(&mut self, is_root: impl Fn(*mut PyObject) -> bool) {
        self.mark(|object, _| is_root(object));
    }

    fn mark(&mut self, is_root: impl Fn(*mut PyObject, u32) -> bool) {
        for index in 0..self.objects.len() {
            let object = self.objects[index];
            let mut new = false;
            self.with_word(object, |word| {
                if *word & REACHABLE == 0 && is_root(object, *word) {
                    *word |= REACHABLE;
                    new = *word & LEAF == 0;
                }
            });
            if new {
                self.references(object, Self::reach, reach_reference);
            }
            while let Some(object) = self.work.pop() {
                self.references(object, Self::reach, reach_reference);
            }
        }
    }

    /// Take the marked candidates out, in order.
    pub(super) fn take_marked(&mut self) -> Vec<*mut PyObject> {
        let objects = std::mem::take(&mut self.objects);
        let (marked, rest) =
            objects.into_iter().partition(|&object| self.settle(object).is_reachable);
        self.objects = rest;
        marked
    }

    /// Take what is left; the words are 0 again.
    pub(super) fn finish(&mut self) -> Vec<*mut PyObject> {
        let objects = std::mem::take(&mut self.objects);
        for &object in &objects {
            self.forget(object);
        }
        objects
    }
}

impl Drop for Candidates<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}

unsafe extern "C" fn subtract_reference(object: *mut PyObject, argument: *mut c_void) -> c_int {
    // SAFETY: `references` passes the candidates, which it does not use meanwhile.
    unsafe { &mut *argument.cast::<Candidates<'_>>() }.subtract_some(object, 1);
    0
}

unsafe extern "C" fn reach_reference(object: *mut PyObject, argument: *mut c_void) -> c_int {
    // SAFETY: `references` passes the candidates, which it does not use meanwhile.
    unsafe { &mut *argument.cast::<Candidates<'_>>() }.reach(object, 1);
    0
}
