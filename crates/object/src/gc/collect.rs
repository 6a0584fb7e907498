//! One collection.
//!
//! The candidates are the tracked objects of the generations collected. Their
//! counts are copied aside and every reference between candidates subtracted;
//! what has a count left is referenced from outside, and what it reaches is
//! alive. The rest is unreachable: weak references are cleared, finalizers run
//! once, and if nothing was resurrected the objects clear their references to
//! each other. Invariant: from the first call into Python code on, this
//! collection owns a reference to each object that it still looks at.

use std::{
    ffi::{CStr, c_int, c_void},
    fmt::Write as _,
    time::Instant,
};

use abi::{PyObject, PyTupleObject, visitproc};

use super::{
    GENERATIONS, Hooks, Phase, Statistics, counts, debug, flag, flags_of, generation_of, is_gc,
    is_tracked, set_finalized, tracked_in, update_flags, with_generation,
};
use crate::alloc::{Heap, POOL_SIZE, Pool, UNLISTED, pool_of, table_byte};

/// What a collection found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Unreachable objects that were collected.
    pub collected: usize,
    /// Unreachable objects that cannot be collected.
    pub uncollectable: usize,
}

/// Run the collection whose threshold is passed, if any.
pub fn collect_if_due(heap: &Heap) -> Outcome {
    let state = &heap.gc;
    state.requested.set(false);
    if !state.enabled.get() || state.collecting.get() {
        return Outcome::default();
    }
    let (thresholds, counts) = (state.thresholds(), state.counts());
    for generation in (0..GENERATIONS).rev() {
        if counts[generation] <= thresholds[generation] {
            continue;
        }
        let few = state.long_lived_pending.get() < state.long_lived_total.get() / 4;
        if generation == GENERATIONS - 1 && few {
            continue;
        }
        return collect(heap, generation);
    }
    Outcome::default()
}

/// Collect `generation` and the younger ones. Does nothing while a collection
/// is going on.
pub fn collect(heap: &Heap, generation: usize) -> Outcome {
    let state = &heap.gc;
    let generation = generation.min(GENERATIONS - 1);
    if state.collecting.replace(true) {
        return Outcome::default();
    }
    state.requested.set(false);
    let hooks = state.hooks();
    (hooks.notify)(Phase::Start, generation, Outcome::default());
    let started = Instant::now();
    let debug = state.debug();
    if debug & debug::STATS != 0 {
        announce(heap, hooks, generation);
    }
    if let Some(older) = state.counts.get(generation + 1) {
        older.set(older.get() + 1);
    }
    state.counts.iter().take(generation + 1).for_each(|count| count.set(0));
    state.young.set(0);

    let outcome = match Collection::gather(heap, generation) {
        Some(collection) => collection.run(hooks, generation, debug),
        None => Outcome::default(),
    };

    if debug & debug::STATS != 0 {
        let Outcome { collected, uncollectable } = outcome;
        let elapsed = started.elapsed().as_secs_f64();
        (hooks.message)(&format!(
            "gc: done, {} unreachable, {uncollectable} uncollectable, {elapsed:.4}s elapsed\n",
            collected + uncollectable
        ));
    }
    if generation == GENERATIONS - 1 {
        (hooks.clear_free_lists)();
        heap.trim();
    }
    if let Some(cell) = state.statistics.get(generation) {
        let Statistics { collections, collected, uncollectable } = cell.get();
        cell.set(Statistics {
            collections: collections + 1,
            collected: collected + outcome.collected,
            uncollectable: uncollectable + outcome.uncollectable,
        });
    }
    (hooks.notify)(Phase::Stop, generation, outcome);
    state.collecting.set(false);
    outcome
}

fn announce(heap: &Heap, hooks: Hooks, generation: usize) {
    let mut sizes = [0_usize; GENERATIONS + 1];
    super::for_each(heap, |_, generation| sizes[usize::from(generation)] += 1);
    let [young, middle, old, frozen] = sizes;
    (hooks.message)(&format!(
        "gc: collecting generation {generation}...\n\
         gc: objects in each generation: {young} {middle} {old}\n\
         gc: objects in permanent generation: {frozen}\n"
    ));
}

/// Counts of a pool's objects, which are at least two granules apart.
const SIDE: usize = POOL_SIZE / 32;

struct Collection<'a> {
    heap: &'a Heap,
    /// The candidates.
    objects: Vec<*mut PyObject>,
    pools: Vec<*mut Pool>,
    /// The counts, `SIDE` for each of `pools`.
    sides: Vec<u32>,
    /// Objects to traverse; has room for every candidate.
    work: Vec<*mut PyObject>,
}

impl<'a> Collection<'a> {
    fn new(heap: &'a Heap) -> Self {
        let (objects, work) = (Vec::new(), Vec::new());
        Collection { heap, objects, pools: Vec::new(), sides: Vec::new(), work }
    }

    /// Find the candidates; `None` if there is no memory for that.
    fn gather(heap: &'a Heap, generation: usize) -> Option<Self> {
        let mut this = Collection::new(heap);
        let full = generation == GENERATIONS - 1;
        let mut pools = if generation > 0 { heap.gc.take_list(1) } else { Vec::new() };
        // A pool that is on both lists is to be looked at once.
        // SAFETY: listed pools are live.
        pools.retain(|&pool| unsafe { (*pool).list_index[0] } == UNLISTED);
        pools.append(&mut heap.gc.take_list(0));
        if full {
            pools = heap.gc_pools();
        }
        if this.gather_from(&pools, generation).is_some() {
            return Some(this);
        }
        for &pool in pools.iter() {
            // SAFETY: no object was freed since the pools were listed.
            unsafe { heap.gc.forget_pool(pool) };
            // SAFETY: as above.
            unsafe { heap.gc.list_pool(pool, 0) };
            // SAFETY: as above.
            unsafe { heap.gc.list_pool(pool, 1) };
        }
        for &object in &this.objects {
            update_flags(heap, object, |flags| flags & !flag::COLLECTING);
        }
        None
    }

    fn gather_from(&mut self, pools: &[*mut Pool], generation: usize) -> Option<()> {
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
            let tracked = entry.flags & flag::TRACKED != 0;
            if tracked && usize::from(generation_of(entry.flags)) <= generation {
                large.try_reserve(1).ok()?;
                large.push(entry.object.cast::<PyObject>());
            }
        }
        for object in large {
            // SAFETY: a tracked object is live.
            self.add(object, unsafe { counts::refcnt(object) })?;
        }
        Some(())
    }

    /// Make a tracked object a candidate with the count `refs`.
    fn add(&mut self, object: *mut PyObject, refs: u32) -> Option<()> {
        self.objects.try_reserve(1).ok()?;
        let room = self.objects.capacity() - self.work.len();
        self.work.try_reserve(room).ok()?;
        if self.heap.in_pools(object.cast()) {
            let pool = pool_of(object.cast());
            // SAFETY: the object keeps its pool alive.
            if unsafe { (*pool).side } == UNLISTED {
                self.pools.try_reserve(1).ok()?;
                self.sides.try_reserve(SIDE).ok()?;
                // SAFETY: as above.
                unsafe { (*pool).side = self.pools.len() as u32 };
                self.pools.push(pool);
                self.sides.resize(self.sides.len() + SIDE, 0);
            }
        }
        self.objects.push(object);
        self.visit(object, |flags, count| {
            *flags = *flags & !flag::REACHABLE | flag::COLLECTING;
            *count = refs;
        });
        Some(())
    }

    /// Call `f` with flags and count of a possible candidate.
    #[inline(always)]
    fn visit(&mut self, object: *mut PyObject, f: impl FnOnce(&mut u8, &mut u32)) {
        if !self.heap.in_pools(object.cast()) {
            return self.visit_large(object, f);
        }
        let pool = pool_of(object.cast());
        // SAFETY: a referenced object is live, and so is its pool. Pools of
        // other memory are never in a collection.
        let side = unsafe { (*pool).side };
        if side == UNLISTED {
            return;
        }
        let index = side as usize * SIDE + (object.addr() & (POOL_SIZE - 1)) / 32;
        if let Some(count) = self.sides.get_mut(index) {
            // SAFETY: the table of a gc pool, which nobody else looks at now.
            f(unsafe { &mut *table_byte(object.cast()) }, count);
        }
    }

    #[cold]
    fn visit_large(&mut self, object: *mut PyObject, f: impl FnOnce(&mut u8, &mut u32)) {
        let mut large = self.heap.large.borrow_mut();
        if large.objects.is_empty() || !counts::is_in_memory(object) {
            return;
        }
        let index = large.find(object.cast());
        if let Some(entry) = index.and_then(|index| large.objects.get_mut(index)) {
            f(&mut entry.flags, &mut entry.refs);
        }
    }

    fn traverse(&mut self, object: *mut PyObject, visit: visitproc) {
        // SAFETY: candidates are live.
        let ty = unsafe { counts::type_of(object) };
        // SAFETY: an object keeps its type alive.
        if let Some(traverse) = unsafe { (*ty).tp_traverse } {
            let argument = (&raw mut *self).cast::<c_void>();
            // SAFETY: `visit` is one of the functions below and gets `self`.
            unsafe { traverse(object, visit, argument) };
        }
    }

    /// Subtract the references between candidates.
    fn subtract(&mut self) {
        for index in 0..self.objects.len() {
            self.traverse(self.objects[index], subtract_reference);
        }
    }

    /// Mark what the candidates selected by `is_root` reach, and those.
    fn mark(&mut self, is_root: impl Fn(*mut PyObject, u32) -> bool) {
        for index in 0..self.objects.len() {
            let object = self.objects[index];
            let mut new = false;
            self.visit(object, |flags, count| {
                new = *flags & flag::REACHABLE == 0 && is_root(object, *count);
                if new {
                    *flags |= flag::REACHABLE;
                }
            });
            if new {
                self.work.push(object);
            }
            while let Some(object) = self.work.pop() {
                self.traverse(object, reach);
            }
        }
    }

    /// Remove the candidates that are marked from the collection; their flags
    /// become `settle(object, flags)`.
    fn take_marked(
        &mut self,
        mut settle: impl FnMut(*mut PyObject, u8) -> u8,
    ) -> Vec<*mut PyObject> {
        let objects = std::mem::take(&mut self.objects);
        let mut marked = Vec::new();
        let mut rest = Vec::new();
        for object in objects {
            let mut is_marked = false;
            self.visit(object, |flags, _| {
                is_marked = *flags & flag::REACHABLE != 0;
                if is_marked {
                    *flags = settle(object, *flags & !(flag::REACHABLE | flag::COLLECTING));
                }
            });
            if is_marked { marked.push(object) } else { rest.push(object) }
        }
        self.objects = rest;
        marked
    }

    /// Forget the counts.
    fn drop_sides(&mut self) {
        for pool in self.pools.drain(..) {
            // SAFETY: no pool was freed since it was added.
            unsafe { (*pool).side = UNLISTED };
        }
        self.sides = Vec::new();
    }

    fn run(mut self, hooks: Hooks, generation: usize, debug: i32) -> Outcome {
        self.subtract();
        self.mark(|_, count| count > 0);
        let survivors = self.promote(hooks, generation);
        self.account(generation, survivors);
        // Objects with `tp_del`, and what they reach, are never collected.
        self.mark(|object, _| has_legacy_finalizer(object));
        let uncollectable = self.take_marked(|_, flags| flags);
        self.drop_sides();

        let unreachable = std::mem::take(&mut self.objects);
        for &object in unreachable.iter().chain(&uncollectable) {
            // SAFETY: all are live: nothing ran since they were found.
            unsafe { counts::own(object) };
        }
        if debug & debug::COLLECTABLE != 0 {
            unreachable.iter().for_each(|&object| describe(hooks, "collectable", object));
        }
        let heap = self.heap;
        let is_unreachable =
            |object| flags_of(heap, object).is_some_and(|flags| flags & flag::COLLECTING != 0);
        let mut ran = (hooks.weakref_callbacks)(&unreachable, &is_unreachable);
        // COMPAT: CPython finalizes in the order of creation, in which an object made by a class's
        // code comes before what it creates (asyncio's streams rely on it: their `__del__` takes
        // the exception out of a future). We do not know that order; classes first is near it.
        for by_class in [true, false] {
            for &object in &unreachable {
                if is_of_class(object) == by_class {
                    ran |= finalize(heap, object);
                }
            }
        }
        let garbage = if ran { self.still_unreachable(&unreachable) } else { unreachable.clone() };
        (hooks.clear_weakrefs)(&garbage);
        let outcome = Outcome { collected: garbage.len(), uncollectable: uncollectable.len() };

        for &object in &garbage {
            delete(heap, hooks, object, debug);
        }
        for &object in &unreachable {
            update_flags_if_gc(heap, object);
        }
        for &object in &uncollectable {
            if debug & debug::UNCOLLECTABLE != 0 {
                describe(hooks, "uncollectable", object);
            }
            if debug & debug::SAVEALL != 0 || has_legacy_finalizer(object) {
                (hooks.append_garbage)(object);
            }
        }
        for &object in unreachable.iter().chain(&uncollectable) {
            // SAFETY: the reference taken above.
            unsafe { counts::release(object, hooks.dealloc) };
        }
        outcome
    }

    /// Move all candidates to the next generation and the reachable ones out
    /// of the collection. Returns how many of these stay tracked.
    fn promote(&mut self, hooks: Hooks, generation: usize) -> usize {
        let target = (generation + 1).min(GENERATIONS - 1) as u8;
        for index in 0..self.objects.len() {
            let object = self.objects[index];
            self.visit(object, |flags, _| *flags = with_generation(*flags, target));
        }
        if target == 1 {
            for &pool in &self.pools {
                // SAFETY: nothing was freed since the pools were gathered.
                if unsafe { (*pool).list_index[1] } == UNLISTED {
                    // SAFETY: as above.
                    unsafe { self.heap.gc.list_pool(pool, 1) };
                }
            }
        }
        let survivors = self.take_marked(|_, flags| flags);
        let mut untracked = 0;
        if !hooks.tuple_type.is_null() {
            for &object in &survivors {
                // SAFETY: survivors are live.
                let is_tuple = unsafe { counts::type_of(object) } == hooks.tuple_type;
                if is_tuple && may_untrack_tuple(self.heap, object, hooks) {
                    update_flags(self.heap, object, |flags| flags & flag::FINALIZED);
                    untracked += 1;
                }
            }
        }
        survivors.len() - untracked
    }

    /// Update what decides when the next full collection is due.
    fn account(&self, generation: usize, survivors: usize) {
        let state = &self.heap.gc;
        if generation == GENERATIONS - 1 {
            state.long_lived_pending.set(0);
            state.long_lived_total.set(survivors);
        } else if generation == GENERATIONS - 2 {
            state.long_lived_pending.set(state.long_lived_pending.get() + survivors);
        }
    }

    /// Of the objects, those that no finalizer or callback resurrected.
    fn still_unreachable(mut self, objects: &[*mut PyObject]) -> Vec<*mut PyObject> {
        for &object in objects {
            let flags = flags_of(self.heap, object).unwrap_or(0);
            if flags & flag::COLLECTING == 0 {
                continue;
            }
            // Not counting the reference of this collection.
            // SAFETY: that reference keeps it alive.
            let refs = unsafe { counts::refcnt(object) } - 1;
            if self.add(object, refs).is_none() {
                // No memory to find out: they live until the next collection.
                self.drop_sides();
                return Vec::new();
            }
        }
        self.subtract();
        self.mark(|_, count| count > 0);
        self.take_marked(|_, flags| flags);
        self.drop_sides();
        std::mem::take(&mut self.objects)
    }
}

unsafe extern "C" fn subtract_reference(object: *mut PyObject, argument: *mut c_void) -> c_int {
    // SAFETY: `traverse` passes the collection, which it does not use meanwhile.
    let collection = unsafe { &mut *argument.cast::<Collection<'_>>() };
    collection.visit(object, |flags, count| {
        if *flags & flag::COLLECTING != 0 {
            *count = count.saturating_sub(1);
        }
    });
    0
}

unsafe extern "C" fn reach(object: *mut PyObject, argument: *mut c_void) -> c_int {
    // SAFETY: `traverse` passes the collection, which it does not use meanwhile.
    let collection = unsafe { &mut *argument.cast::<Collection<'_>>() };
    let mut new = false;
    collection.visit(object, |flags, _| {
        new = *flags & (flag::COLLECTING | flag::REACHABLE) == flag::COLLECTING;
        if new {
            *flags |= flag::REACHABLE;
        }
    });
    if new {
        collection.work.push(object);
    }
    0
}

fn has_legacy_finalizer(object: *mut PyObject) -> bool {
    // SAFETY: candidates are live.
    let ty = unsafe { counts::type_of(object) };
    // SAFETY: an object keeps its type alive.
    unsafe { (*ty).tp_del }.is_some()
}

/// Whether the type of the object is a class statement's (or `type()`'s, or an extension's heap type).
fn is_of_class(object: *mut PyObject) -> bool {
    // SAFETY: the collection owns a reference.
    let ty = unsafe { counts::type_of(object) };
    // SAFETY: an object keeps its type alive.
    unsafe { (*ty).tp_flags & abi::Py_TPFLAGS_HEAPTYPE != 0 }
}

/// Call `tp_finalize` unless that was done. Returns whether it was now.
fn finalize(heap: &Heap, object: *mut PyObject) -> bool {
    let Some(flags) = flags_of(heap, object) else { return false };
    if flags & flag::FINALIZED != 0 || flags & flag::TRACKED == 0 {
        return false;
    }
    // SAFETY: the collection owns a reference.
    let ty = unsafe { counts::type_of(object) };
    // SAFETY: an object keeps its type alive.
    let Some(finalize) = (unsafe { (*ty).tp_finalize }) else { return false };
    set_finalized(heap, object);
    // SAFETY: as above.
    unsafe { finalize(object) };
    true
}

/// Make an unreachable object give its references up.
fn delete(heap: &Heap, hooks: Hooks, object: *mut PyObject, debug: i32) {
    if debug & debug::SAVEALL != 0 {
        return (hooks.append_garbage)(object);
    }
    if !is_tracked(heap, object) {
        return;
    }
    // SAFETY: the collection owns a reference.
    let ty = unsafe { counts::type_of(object) };
    // SAFETY: an object keeps its type alive.
    if let Some(clear) = unsafe { (*ty).tp_clear } {
        // SAFETY: as above.
        unsafe { clear(object) };
        (hooks.unraisable)(object);
    }
}

fn update_flags_if_gc(heap: &Heap, object: *mut PyObject) {
    if flags_of(heap, object).is_some() {
        update_flags(heap, object, |flags| flags & !flag::COLLECTING);
    }
}

/// Whether nothing in the tuple can be part of a cycle.
fn may_untrack_tuple(heap: &Heap, object: *mut PyObject, hooks: Hooks) -> bool {
    let tuple = object.cast::<PyTupleObject>();
    // SAFETY: the caller checked the type.
    let size = unsafe { (*tuple).ob_base.ob_size };
    // SAFETY: as above.
    let items = unsafe { &raw const (*tuple).ob_item }.cast::<*mut PyObject>();
    (0..usize::try_from(size).unwrap_or(0)).all(|index| {
        // SAFETY: a tuple has `ob_size` items.
        let item = unsafe { items.add(index).read() };
        if item.is_null() {
            return false;
        }
        // SAFETY: the item of a live tuple is alive.
        if !unsafe { is_gc(item) } {
            return true;
        }
        // SAFETY: a small int was excluded.
        let is_tuple = unsafe { counts::type_of(item) } == hooks.tuple_type;
        is_tuple && !is_tracked(heap, item)
    })
}

fn describe(hooks: Hooks, what: &str, object: *mut PyObject) {
    // SAFETY: candidates are live.
    let ty = unsafe { counts::type_of(object) };
    // SAFETY: an object keeps its type alive.
    let name = unsafe { (*ty).tp_name };
    let name = if name.is_null() {
        "?".into()
    } else {
        // SAFETY: a type's name is a C string.
        unsafe { CStr::from_ptr(name) }.to_string_lossy()
    };
    let mut text = String::new();
    let _ = writeln!(text, "gc: {what} <{name} {object:p}>");
    (hooks.message)(&text);
}
