//! One collection.
//!
//! The candidates are the tracked objects of the generations collected. Their
//! counts are copied aside and every reference between candidates subtracted;
//! what has a count left is referenced from outside, and what it reaches is
//! alive. The rest is unreachable: weak references are cleared, finalizers run
//! once, and if nothing was resurrected the objects clear their references to
//! each other. Invariant: from the first call into Python code on, this
//! collection owns a reference to each object that it still looks at.

use std::{ffi::CStr, fmt::Write as _, time::Instant};

use abi::{PyObject, PyTupleObject};

use super::{
    GENERATIONS, Hooks, Phase, Statistics,
    candidates::{Candidates, Settled},
    counts, debug, flag, flags_of, is_gc, is_tracked, set_finalized, update_flags, with_generation,
};
use crate::alloc::{Heap, Pool, UNLISTED, pool_of};

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

    let outcome = match gather(heap, hooks, generation) {
        Some(candidates) => run(candidates, heap, generation, debug),
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
        state.words.trim();
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

/// The pools to look at for a collection of `generation`, off their lists.
fn pools_of(heap: &Heap, generation: usize) -> Vec<*mut Pool> {
    let mut pools = if generation > 0 { heap.gc.take_list(1) } else { Vec::new() };
    // A pool that is on both lists is to be looked at once.
    // SAFETY: listed pools are live.
    pools.retain(|&pool| unsafe { (*pool).list_index[0] } == UNLISTED);
    pools.append(&mut heap.gc.take_list(0));
    if generation == GENERATIONS - 1 { heap.gc_pools() } else { pools }
}

/// Find the candidates; `None` if there is no memory for that.
fn gather(heap: &Heap, hooks: Hooks, generation: usize) -> Option<Candidates<'_>> {
    let mut candidates = Candidates::new(heap, hooks)?;
    let pools = pools_of(heap, generation);
    if candidates.gather(&pools, generation).is_some() {
        return Some(candidates);
    }
    for &pool in pools.iter() {
        // SAFETY: no object was freed since the pools were listed.
        unsafe { heap.gc.forget_pool(pool) };
        // SAFETY: as above.
        unsafe { heap.gc.list_pool(pool, 0) };
        // SAFETY: as above.
        unsafe { heap.gc.list_pool(pool, 1) };
    }
    None
}

/// Collect among the candidates.
fn run(mut candidates: Candidates<'_>, heap: &Heap, generation: usize, debug: i32) -> Outcome {
    let hooks = heap.gc.hooks();
    candidates.subtract();
    candidates.mark_referenced();
    let survivors = promote(&mut candidates, heap, hooks, generation);
    account(heap, generation, survivors);
    // Objects with `tp_del`, and what they reach, are never collected.
    candidates.mark_from(has_legacy_finalizer);
    let uncollectable = candidates.take_marked();
    let unreachable = candidates.finish();
    drop(candidates);
    for &object in unreachable.iter().chain(&uncollectable) {
        // SAFETY: all are live: nothing ran since they were found.
        unsafe { counts::own(object) };
    }
    for &object in &unreachable {
        update_flags(heap, object, |flags| flags | flag::COLLECTING);
    }
    if debug & debug::COLLECTABLE != 0 {
        unreachable.iter().for_each(|&object| describe(hooks, "collectable", object));
    }
    let is_unreachable =
        |object| flags_of(heap, object).is_some_and(|flags| flags & flag::COLLECTING != 0);
    let mut ran = (hooks.weakref_callbacks)(&unreachable, &is_unreachable);
    // COMPAT: CPython finalizes in the order of creation, in which an object made by a class's code
    // comes before what it creates (asyncio's streams rely on it: their `__del__` takes the exception
    // out of a future). We do not know that order; classes first is near it.
    for by_class in [true, false] {
        for &object in &unreachable {
            if is_of_class(object) == by_class {
                ran |= finalize(heap, object);
            }
        }
    }
    let resurrected = if ran { still_unreachable(heap, hooks, &unreachable) } else { None };
    let garbage = resurrected.as_ref().unwrap_or(&unreachable);
    (hooks.clear_weakrefs)(garbage);
    let outcome = Outcome { collected: garbage.len(), uncollectable: uncollectable.len() };

    for &object in garbage {
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

/// Move all candidates to the next generation and the reachable ones out of
/// the collection. Returns how many of these stay tracked.
fn promote(candidates: &mut Candidates<'_>, heap: &Heap, hooks: Hooks, generation: usize) -> usize {
    let target = (generation + 1).min(GENERATIONS - 1) as u8;
    let mut objects = std::mem::take(&mut candidates.objects);
    let mut survivors = 0;
    let mut latest: *mut Pool = std::ptr::null_mut();
    objects.retain(|&object| {
        if target == 1 && heap.in_pools(object.cast()) && pool_of(object.cast()) != latest {
            latest = pool_of(object.cast());
            // SAFETY: nothing was freed since the pools were gathered.
            if unsafe { (*latest).list_index[1] } == UNLISTED {
                // SAFETY: as above.
                unsafe { heap.gc.list_pool(latest, 1) };
            }
        }
        let Settled { is_reachable, is_tuple } = candidates.settle(object);
        let untrack = is_reachable && is_tuple && may_untrack_tuple(heap, object, hooks);
        update_flags(heap, object, |flags| match untrack {
            true => flags & flag::FINALIZED,
            false => with_generation(flags, target),
        });
        survivors += usize::from(is_reachable && !untrack);
        !is_reachable
    });
    candidates.objects = objects;
    survivors
}

/// Update what decides when the next full collection is due.
fn account(heap: &Heap, generation: usize, survivors: usize) {
    let state = &heap.gc;
    if generation == GENERATIONS - 1 {
        state.long_lived_pending.set(0);
        state.long_lived_total.set(survivors);
    } else if generation == GENERATIONS - 2 {
        state.long_lived_pending.set(state.long_lived_pending.get() + survivors);
    }
}

/// Of the objects, those that no finalizer or callback resurrected; the flags
/// of the others say that they are not in a collection.
fn still_unreachable(
    heap: &Heap,
    hooks: Hooks,
    objects: &[*mut PyObject],
) -> Option<Vec<*mut PyObject>> {
    // Without memory to find out they live until the next collection.
    let Some(mut candidates) = Candidates::new(heap, hooks) else { return Some(Vec::new()) };
    for &object in objects {
        let flags = flags_of(heap, object).unwrap_or(0);
        if flags & flag::COLLECTING == 0 {
            continue;
        }
        // Not counting the reference of this collection.
        // SAFETY: that reference keeps it alive.
        let refs = unsafe { counts::refcnt(object) } - 1;
        if candidates.add(object, refs).is_none() {
            return Some(Vec::new());
        }
    }
    candidates.subtract();
    candidates.mark_referenced();
    for object in candidates.take_marked() {
        update_flags_if_gc(heap, object);
    }
    Some(candidates.finish())
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
