//! Object memory.

use std::ptr::NonNull;

use abi::PyObject;

use crate::Thread;

/// The heap of one interpreter.
#[derive(Default)]
pub struct Heap;

impl Heap {
    /// Memory for an object without references.
    pub fn alloc(&self, size: usize) -> Option<NonNull<u8>> {
        let layout = std::alloc::Layout::from_size_align(size + 16, 16).ok()?;
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { std::alloc::alloc(layout) })?;
        // SAFETY: inside the allocation.
        unsafe { base.cast::<usize>().write(size) };
        // SAFETY: inside the allocation.
        Some(unsafe { base.add(16) })
    }

    /// Memory for an object that the collector may track.
    pub fn alloc_gc(&self, size: usize) -> Option<NonNull<u8>> {
        self.alloc(size)
    }

    /// Give memory back.
    ///
    /// # Safety
    ///
    /// `ptr` came from this heap and is unused.
    pub unsafe fn free(&self, ptr: NonNull<u8>) {
        // SAFETY: `alloc` put the size there.
        let base = unsafe { ptr.sub(16) };
        // SAFETY: as above.
        let size = unsafe { base.cast::<usize>().read() };
        // SAFETY: the layout was valid when allocated.
        let layout = unsafe { std::alloc::Layout::from_size_align_unchecked(size + 16, 16) };
        // SAFETY: allocated with this layout.
        unsafe { std::alloc::dealloc(base.as_ptr(), layout) };
    }
}

/// Put off the deallocation of `object` if too many are nested.
pub fn defer_dealloc(_: Thread<'_>, _: NonNull<PyObject>) -> bool {
    false
}

/// Leave a deallocation; the outermost does those put off.
pub fn end_dealloc(_: Thread<'_>) {}
