//! Debug mode (`PYTHONMALLOC=debug`): guard bytes around every block.
//!
//! A block is laid out as size (8 bytes), domain (1), 7 × 0xFD, data,
//! 8 × 0xFD, serial number (8). Data is 0xCD when new and 0xDD when freed.
//! Every free and resize checks the guards and ends the process on damage, as
//! in CPython: after a write out of bounds nothing can be relied on.

use std::ptr::NonNull;

use super::{Domain, Heap};

const BEFORE: usize = 16;
const AFTER: usize = 16;
const CLEAN: u8 = 0xCD;
const DEAD: u8 = 0xDD;
const GUARD: [u8; 8] = [0xFD; 8];

impl Heap {
    pub(super) fn debug_alloc(&self, size: usize, domain: Domain) -> Option<NonNull<u8>> {
        let total = size.checked_add(BEFORE + AFTER)?;
        let block = self.alloc_block(total, domain, BEFORE)?;
        self.serial.set(self.serial.get() + 1);
        let mut head = GUARD;
        head[0] = domain as u8;
        // SAFETY: `total` bytes are ours.
        unsafe { block.cast::<[u8; 8]>().write(size.to_be_bytes()) };
        // SAFETY: as above.
        unsafe { block.add(8).cast::<[u8; 8]>().write(head) };
        // SAFETY: as above.
        let data = unsafe { block.add(BEFORE) };
        // SAFETY: as above.
        unsafe { data.write_bytes(CLEAN, size) };
        // SAFETY: as above.
        let tail = unsafe { data.add(size) };
        // SAFETY: as above.
        unsafe { tail.cast::<[u8; 8]>().write_unaligned(GUARD) };
        let serial = self.serial.get().to_be_bytes();
        // SAFETY: as above.
        unsafe { tail.add(8).cast::<[u8; 8]>().write_unaligned(serial) };
        Some(data)
    }

    /// Check the guards; returns size and domain.
    pub(super) unsafe fn debug_check(&self, data: NonNull<u8>) -> (usize, Domain) {
        // SAFETY: data follows its guards.
        let block = unsafe { data.sub(BEFORE) };
        // SAFETY: as above.
        let size = usize::from_be_bytes(unsafe { block.cast::<[u8; 8]>().read() });
        // SAFETY: as above.
        let head = unsafe { block.add(8).cast::<[u8; 8]>().read() };
        let domain = match head[0] {
            0 => Domain::Raw,
            1 => Domain::Gc,
            _ => damaged(data, size, "bad ID"),
        };
        if head[1..] != GUARD[1..] {
            damaged(data, size, "bad leading pad byte");
        }
        // SAFETY: the guards before it are whole, so the size is as well.
        let tail = unsafe { data.add(size).cast::<[u8; 8]>().read_unaligned() };
        if tail != GUARD {
            damaged(data, size, "bad trailing pad byte");
        }
        (size, domain)
    }

    pub(super) unsafe fn debug_free(&self, data: NonNull<u8>) {
        // SAFETY: the caller's promise.
        let (size, _) = unsafe { self.debug_check(data) };
        // SAFETY: data follows its guards.
        let block = unsafe { data.sub(BEFORE) };
        // SAFETY: the whole block is given up.
        unsafe { block.write_bytes(DEAD, BEFORE + size + AFTER) };
        // SAFETY: as above.
        unsafe { self.free_block(block, BEFORE) };
    }
}

#[cold]
fn damaged(data: NonNull<u8>, size: usize, what: &str) -> ! {
    eprintln!("Debug memory block at address p={data:p}: {size} bytes originally requested");
    eprintln!("Fatal Python error: _PyMem_DebugRawFree: {what}");
    std::process::abort();
}
