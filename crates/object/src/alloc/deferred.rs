//! Deallocation without recursion.
//!
//! Dropping the last reference to a container deallocates it, which drops its
//! items, and so on: a list nested a million deep would overflow the native
//! stack. So each thread counts how deep it is in deallocations, and beyond a
//! limit puts objects off until the outermost one returns. Invariant: an object
//! that waits has count 0 and is untracked, so that a collection in between
//! does not see it; it is tracked again for its deallocation if it was before.

use std::{
    cell::{Cell, UnsafeCell},
    ptr::NonNull,
};

use abi::PyObject;

use super::Heap;
use crate::gc;

/// How deep deallocations may nest.
const NESTING: u32 = 50;

struct Waiting {
    object: NonNull<PyObject>,
    tracked: bool,
}

/// The deallocations that a thread is in, and those it put off.
#[derive(Default)]
pub struct DeallocQueue {
    depth: Cell<u32>,
    later: UnsafeCell<Vec<Waiting>>,
}

impl DeallocQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        DeallocQueue { depth: Cell::new(0), later: UnsafeCell::new(Vec::new()) }
    }

    /// Deallocate `object` through its type's `tp_dealloc`, now or when the
    /// outermost deallocation of this thread returns.
    ///
    /// # Safety
    ///
    /// The object's count is 0 and this is the only deallocation of it; the
    /// queue is the calling thread's, the heap its interpreter's.
    #[inline]
    pub unsafe fn dealloc(&self, heap: &Heap, object: NonNull<PyObject>) {
        let depth = self.depth.get();
        // SAFETY: the caller's promise.
        if depth < NESTING || !unsafe { self.put_off(heap, object) } {
            self.depth.set(depth + 1);
            // SAFETY: the caller's promise.
            unsafe { dealloc_now(object) };
            if depth == 0 {
                self.drain(heap);
            }
            self.depth.set(depth);
        }
    }

    /// How deep this thread is in deallocations.
    pub fn depth(&self) -> u32 {
        self.depth.get()
    }

    /// Whether the object waits now; not if there is no memory to note it.
    #[cold]
    unsafe fn put_off(&self, heap: &Heap, object: NonNull<PyObject>) -> bool {
        // SAFETY: the queue is this thread's and the borrow ends here.
        let later = unsafe { &mut *self.later.get() };
        if later.try_reserve(1).is_err() {
            return false;
        }
        let tracked = gc::is_tracked(heap, object.as_ptr());
        if tracked {
            gc::untrack(heap, object.as_ptr());
        }
        later.push(Waiting { object, tracked });
        true
    }

    fn drain(&self, heap: &Heap) {
        loop {
            // SAFETY: the queue is this thread's and the borrow ends here.
            let next = unsafe { &mut *self.later.get() }.pop();
            let Some(Waiting { object, tracked }) = next else { return };
            if tracked {
                gc::track(heap, object.as_ptr());
            }
            // SAFETY: put off when its count was 0, and not yet deallocated.
            unsafe { dealloc_now(object) };
        }
    }
}

unsafe fn dealloc_now(object: NonNull<PyObject>) {
    // SAFETY: the object still has its memory.
    let ty = unsafe { (*object.as_ptr()).ob_type };
    // SAFETY: an object keeps its type alive.
    if let Some(dealloc) = unsafe { (*ty).tp_dealloc } {
        // SAFETY: the count is 0.
        unsafe { dealloc(object.as_ptr()) };
    }
}
