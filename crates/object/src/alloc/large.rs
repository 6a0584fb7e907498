//! Blocks from the system allocator: larger than a pool's, or all of them when
//! pools are turned off.
//!
//! Each block has a header of 16 bytes with its size and domain. Blocks that
//! may become tracked objects are in a registry, which knows an object by its
//! address: the block's, or 16 bytes on when the object has words before it.

use std::{
    alloc::Layout,
    cell::Cell,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ptr::NonNull,
};

use super::pool::{Domain, GRANULE};

#[repr(C, align(16))]
struct Header {
    size: usize,
    domain: Domain,
}

const HEADER: usize = size_of::<Header>();
const _: () = assert!(HEADER == GRANULE);

/// Multiplies addresses, whose low bits are zero, into well-spread hashes.
#[derive(Clone, Copy, Debug, Default)]
pub struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

/// A block that may be a tracked object.
pub(crate) struct LargeObject {
    pub(crate) block: *mut u8,
    /// The object, known once it was tracked or finalized.
    pub(crate) object: Cell<*mut u8>,
    pub(crate) flags: Cell<u8>,
    /// Its word during a collection, else 0.
    pub(crate) refs: Cell<u32>,
}

/// The blocks of a heap that are not in pools.
#[derive(Default)]
pub(crate) struct Large {
    index: HashMap<usize, u32, BuildHasherDefault<AddressHasher>>,
    pub(crate) objects: Vec<LargeObject>,
    /// The lowest and the highest address that ever was in the registry.
    lowest: usize,
    highest: usize,
    pub(crate) blocks: usize,
    pub(crate) bytes: usize,
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER)?, GRANULE).ok()
}

fn header(block: NonNull<u8>) -> *mut Header {
    block.as_ptr().wrapping_sub(HEADER).cast()
}

/// The size that a large block was asked for with.
///
/// # Safety
///
/// `block` is a large block in use.
pub(crate) unsafe fn size_of_block(block: NonNull<u8>) -> usize {
    // SAFETY: every large block follows its header.
    unsafe { (*header(block)).size }
}

impl Large {
    /// Allocate. In the gc domain, `key` bytes into the block is the address
    /// by which the registry knows it.
    pub(crate) fn alloc(&mut self, size: usize, domain: Domain, key: usize) -> Option<NonNull<u8>> {
        let layout = layout(size)?;
        if domain == Domain::Gc {
            self.index.try_reserve(1).ok()?;
            self.objects.try_reserve(1).ok()?;
        }
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { std::alloc::alloc(layout) })?;
        // SAFETY: the header is the start of the allocation.
        let block = unsafe { start.add(HEADER) };
        // SAFETY: as above, aligned to 16.
        unsafe { header(block).write(Header { size, domain }) };
        if domain == Domain::Gc {
            self.register(block.as_ptr().wrapping_add(key));
        }
        self.blocks += 1;
        self.bytes += size;
        Some(block)
    }

    /// Free a block.
    ///
    /// # Safety
    ///
    /// `block` came from `alloc` with `key` and its owner gives it up.
    pub(crate) unsafe fn free(&mut self, block: NonNull<u8>, key: usize) {
        // SAFETY: every large block follows its header.
        let (size, domain) = unsafe { ((*header(block)).size, (*header(block)).domain) };
        if domain == Domain::Gc {
            self.unregister(block.as_ptr().wrapping_add(key));
        }
        self.blocks -= 1;
        self.bytes -= size;
        if let Some(layout) = layout(size) {
            // SAFETY: allocated with this layout.
            unsafe { std::alloc::dealloc(header(block).cast(), layout) };
        }
    }

    /// Change the size of a block; on failure it stays as it is.
    ///
    /// # Safety
    ///
    /// `block` came from `alloc` with `key`; on success its owner uses only
    /// the result. A gc block is untracked.
    pub(crate) unsafe fn realloc(
        &mut self,
        block: NonNull<u8>,
        new_size: usize,
        key: usize,
    ) -> Option<NonNull<u8>> {
        let new_layout = layout(new_size)?;
        // SAFETY: every large block follows its header.
        let (size, domain) = unsafe { ((*header(block)).size, (*header(block)).domain) };
        let old_layout = layout(size)?;
        let start = header(block).cast();
        // SAFETY: allocated with the old layout; the new size is not zero.
        let start = unsafe { std::alloc::realloc(start, old_layout, new_layout.size()) };
        // SAFETY: the allocation starts with the header.
        let moved = unsafe { NonNull::new(start)?.add(HEADER) };
        // SAFETY: as above.
        unsafe { (*header(moved)).size = new_size };
        self.bytes = self.bytes - size + new_size;
        if domain == Domain::Gc && moved != block {
            self.unregister(block.as_ptr().wrapping_add(key));
            self.register(moved.as_ptr().wrapping_add(key));
        }
        Some(moved)
    }

    fn register(&mut self, block: *mut u8) {
        self.lowest = if self.highest == 0 { block.addr() } else { self.lowest.min(block.addr()) };
        self.highest = self.highest.max(block.addr());
        self.index.insert(block.addr(), self.objects.len() as u32);
        self.objects.push(LargeObject {
            block,
            object: Cell::new(block),
            flags: Cell::new(0),
            refs: Cell::new(0),
        });
    }

    fn unregister(&mut self, block: *mut u8) {
        let Some(index) = self.index.remove(&block.addr()) else { return };
        self.objects.swap_remove(index as usize);
        if let Some(moved) = self.objects.get(index as usize) {
            self.index.insert(moved.block.addr(), index);
        }
    }

    /// The addresses between which all objects in the registry are.
    pub(crate) fn range(&self) -> std::ops::RangeInclusive<usize> {
        self.lowest..=self.highest.saturating_add(GRANULE)
    }

    /// The registry's entry for the object at `object`.
    #[inline]
    pub(crate) fn find(&self, object: *mut u8) -> Option<usize> {
        let index = &self.index;
        let found =
            index.get(&object.addr()).or_else(|| index.get(&object.addr().wrapping_sub(GRANULE)));
        found.map(|&index| index as usize)
    }
}
