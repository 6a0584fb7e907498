//! Looking at tracked objects, and freezing them.
//!
//! Invariant: what is returned is borrowed; the caller owns it (takes its own
//! references) before it runs anything that could free an object.

use std::{
    collections::HashSet,
    ffi::{c_int, c_void},
    hash::BuildHasherDefault,
};

use abi::PyObject;

use super::{GENERATIONS, counts, flag, generation_of, tracked_in, update_flags, with_generation};
use crate::alloc::{AddressHasher, Heap};

/// Whether the collector could track `object` (`PyObject_IS_GC`).
///
/// # Safety
///
/// `object` is null, a small int or a live object.
pub unsafe fn is_gc(object: *mut PyObject) -> bool {
    if !counts::is_in_memory(object) {
        return false;
    }
    // SAFETY: callers pass live objects.
    let ty = unsafe { counts::type_of(object) };
    // SAFETY: an object keeps its type alive.
    let (flags, is_gc) = unsafe { ((*ty).tp_flags, (*ty).tp_is_gc) };
    if flags & abi::Py_TPFLAGS_HAVE_GC == 0 {
        return false;
    }
    match is_gc {
        // SAFETY: as above.
        Some(is_gc) => unsafe { is_gc(object) != 0 },
        None => true,
    }
}

/// Call `f` with every tracked object and its generation (3 = frozen), apart
/// from objects that a collection in progress found unreachable. `f` must not
/// allocate or free objects.
pub fn for_each(heap: &Heap, mut f: impl FnMut(*mut PyObject, u8)) {
    let mut visit = |object, flags: u8| {
        if flags & flag::COLLECTING == 0 {
            f(object, generation_of(flags));
        }
    };
    for pool in heap.gc_pools() {
        // SAFETY: pools in use are live, and `f` frees nothing.
        unsafe { tracked_in(pool) }.for_each(|(object, flags)| visit(object, flags));
    }
    for entry in &heap.large.borrow().objects {
        if entry.flags.get() & flag::TRACKED != 0 {
            visit(entry.object.get().cast(), entry.flags.get());
        }
    }
}

/// `gc.get_objects(generation)`; all generations but the frozen for `None`.
pub fn objects(heap: &Heap, generation: Option<usize>) -> Vec<*mut PyObject> {
    let mut found = Vec::new();
    for_each(heap, |object, of| {
        let of = usize::from(of);
        if generation.map_or(of < GENERATIONS, |generation| generation == of) {
            found.push(object);
        }
    });
    found
}

unsafe extern "C" fn push(object: *mut PyObject, argument: *mut c_void) -> c_int {
    // SAFETY: `referents` passes its vector.
    unsafe { &mut *argument.cast::<Vec<*mut PyObject>>() }.push(object);
    0
}

/// `gc.get_referents(object)`: what its `tp_traverse` visits. Small ints may be
/// among them.
///
/// # Safety
///
/// `object` is a small int or a live object.
pub unsafe fn referents(object: *mut PyObject) -> Vec<*mut PyObject> {
    let mut found = Vec::new();
    // SAFETY: the caller's promise.
    if unsafe { is_gc(object) } {
        // SAFETY: callers pass live objects.
        let ty = unsafe { counts::type_of(object) };
        // SAFETY: an object keeps its type alive.
        if let Some(traverse) = unsafe { (*ty).tp_traverse } {
            // SAFETY: `push` gets the vector it expects.
            unsafe { traverse(object, push, (&raw mut found).cast()) };
        }
    }
    found
}

type Addresses = HashSet<usize, BuildHasherDefault<AddressHasher>>;

unsafe extern "C" fn is_target(object: *mut PyObject, argument: *mut c_void) -> c_int {
    // SAFETY: `referrers` passes its set.
    let targets = unsafe { &*argument.cast::<Addresses>() };
    c_int::from(targets.contains(&object.addr()))
}

/// `gc.get_referrers(*targets)`: the tracked objects whose `tp_traverse` visits
/// one of the targets.
pub fn referrers(heap: &Heap, targets: &[*mut PyObject]) -> Vec<*mut PyObject> {
    let mut addresses: Addresses = targets.iter().map(|target| target.addr()).collect();
    let mut found = objects(heap, None);
    found.retain(|&object| {
        // SAFETY: tracked objects are live and nothing runs meanwhile.
        let ty = unsafe { counts::type_of(object) };
        // SAFETY: an object keeps its type alive.
        let Some(traverse) = (unsafe { (*ty).tp_traverse }) else { return false };
        // SAFETY: `is_target` gets the set it expects.
        unsafe { traverse(object, is_target, (&raw mut addresses).cast()) != 0 }
    });
    found
}

fn move_all(heap: &Heap, from: impl Fn(u8) -> bool, to: u8) {
    let mut found = Vec::new();
    for_each(heap, |object, of| {
        if from(of) {
            found.push(object);
        }
    });
    for object in found {
        update_flags(heap, object, |flags| with_generation(flags, to));
    }
}

/// `gc.freeze()`: ignore all tracked objects in future collections.
pub fn freeze(heap: &Heap) {
    heap.gc.take_list(0);
    heap.gc.take_list(1);
    move_all(heap, |generation| generation != flag::FROZEN, flag::FROZEN);
    heap.gc.young.set(0);
    heap.gc.counts.iter().for_each(|count| count.set(0));
}

/// `gc.unfreeze()`: put frozen objects in the oldest generation.
pub fn unfreeze(heap: &Heap) {
    move_all(heap, |generation| generation == flag::FROZEN, GENERATIONS as u8 - 1);
}

/// `gc.get_freeze_count()`.
pub fn frozen_count(heap: &Heap) -> usize {
    let mut count = 0;
    for_each(heap, |_, generation| count += usize::from(generation == flag::FROZEN));
    count
}
