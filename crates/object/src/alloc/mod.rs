//! Object memory: arena → pool → block.
//!
//! Requests of up to 512 bytes take a block from a pool of their size class
//! and domain: a load, a test and three stores, which compiled code inlines.
//! Larger ones go to the system allocator. A [`Heap`] belongs to an
//! interpreter and is only used under its GIL; there are no globals.
//! Invariant: the current pool of a class is on no list, a full pool neither,
//! and every other pool with room is on its class's list; a pool whose last
//! block is freed goes back to its arena unless it is current.

mod arena;
mod debug;
mod deferred;
mod large;
mod pool;
mod report;
#[cfg(test)]
mod tests;
mod trace;
#[cfg(any(test, feature = "zeal"))]
mod verify;

use std::{
    cell::{Cell, RefCell},
    ptr::{self, NonNull},
};

use abi::PyObject;

pub use arena::{ARENA_SIZE, ArenaStatistics, RANGE_HINT};
pub use debug::{OVERHEAD, bury, check_guards, is_freed_pointer, lay_guards};
pub use deferred::{
    Waiting, deallocate_nested, defer_dealloc, defer_own_dealloc, end_dealloc, for_base,
};
#[cfg(test)]
pub(crate) use deferred::{defer, end};
pub use pool::{CLASSES, Domain, GRANULE, POOL_SIZE, Pool, SMALL_MAX};
pub use trace::{CollectFrames, Trace, TraceFrame};

pub use large::AddressHasher;
pub(crate) use large::Large;

/// A map from addresses.
pub type AddressMap<V> =
    std::collections::HashMap<usize, V, std::hash::BuildHasherDefault<AddressHasher>>;
pub(crate) use pool::{GC_START, UNLISTED, pool_of, table_byte};

use crate::gc;
use arena::Arenas;
use pool::{PoolList, no_pool};

/// How a heap gets memory (`PYTHONMALLOC`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Everything comes from the system allocator.
    pub malloc: bool,
    /// Blocks carry guard bytes and their contents are overwritten when they
    /// are allocated (0xCD) and freed (0xDD).
    pub debug: bool,
    /// It was asked for as "mimalloc", for which our pools stand in.
    pub mimalloc: bool,
}

impl Mode {
    /// The mode of a value of `PYTHONMALLOC`, `None` if there is no such.
    pub fn from_name(name: &str) -> Option<Self> {
        let debug = name.ends_with("debug");
        let (malloc, mimalloc) = match name {
            "" | "default" | "debug" | "pymalloc" | "pymalloc_debug" => (false, false),
            "malloc" | "malloc_debug" => (true, false),
            "mimalloc" | "mimalloc_debug" => (false, true),
            _ => return None,
        };
        Some(Mode { malloc, debug, mimalloc })
    }

    /// The name as CPython's tools know it.
    pub fn name(self) -> &'static str {
        match (self.malloc, self.mimalloc, self.debug) {
            (false, false, false) => "pymalloc",
            (false, false, true) => "pymalloc_debug",
            (true, _, false) => "malloc",
            (true, _, true) => "malloc_debug",
            (false, true, false) => "mimalloc",
            (false, true, true) => "mimalloc_debug",
        }
    }
}

/// The memory of one interpreter's objects, and its collector's state.
///
/// Compiled code relies on the offset of `fast` (0).
#[repr(C)]
pub struct Heap {
    /// The current pools by domain and size class; in debug mode and while the
    /// heap is traced pools without blocks, so that every request takes the
    /// slow path.
    fast: [[Cell<*mut Pool>; CLASSES]; 2],
    /// The pools to allocate from.
    current: [[Cell<*mut Pool>; CLASSES]; 2],
    /// Frees of addresses from here…
    fast_base: Cell<usize>,
    /// …up to this many bytes on need no checks; 0 where `fast` has no blocks.
    fast_len: Cell<usize>,
    /// The range of pools, also in debug mode.
    base: *mut u8,
    len: usize,
    pub(crate) gc: gc::State,
    mode: Mode,
    lists: [[Cell<PoolList>; CLASSES]; 2],
    arenas: RefCell<Arenas>,
    pub(crate) large: RefCell<Large>,
    serial: Cell<u64>,
    /// Says of each request whether it may succeed.
    gate: Cell<Option<fn(usize) -> bool>>,
    tracing: Cell<bool>,
    traceback_limit: Cell<usize>,
    tracer: RefCell<Option<Box<trace::Tracer>>>,
    #[cfg(feature = "zeal")]
    zeal: Cell<Option<fn()>>,
}

impl Default for Heap {
    fn default() -> Self {
        Self::new(Mode::default())
    }
}

impl Heap {
    /// An empty heap.
    pub fn new(mode: Mode) -> Self {
        let arenas = Arenas::new();
        let (base, len) = arenas.range();
        let base_address = base.expose_provenance();
        Heap {
            fast: [const { [const { Cell::new(ptr::null_mut()) }; CLASSES] }; 2],
            current: [const { [const { Cell::new(ptr::null_mut()) }; CLASSES] }; 2],
            fast_base: Cell::new(base_address),
            fast_len: Cell::new(if mode.debug { 0 } else { len }),
            base,
            len,
            gc: gc::State::new(),
            mode,
            lists: [const { [const { Cell::new(PoolList::EMPTY) }; CLASSES] }; 2],
            arenas: RefCell::new(arenas),
            large: RefCell::new(Large::default()),
            serial: Cell::new(0),
            gate: Cell::new(None),
            tracing: Cell::new(false),
            traceback_limit: Cell::new(1),
            tracer: RefCell::new(None),
            #[cfg(feature = "zeal")]
            zeal: Cell::new(None),
        }
        .with_empty_pools()
    }

    fn with_empty_pools(self) -> Self {
        for pool in self.fast.iter().chain(&self.current).flatten() {
            pool.set(no_pool());
        }
        self
    }

    /// How this heap gets memory.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Call `hook` at every allocation of a gc object.
    #[cfg(feature = "zeal")]
    pub fn set_zeal(&self, hook: Option<fn()>) {
        self.zeal.set(hook);
    }

    /// Allocate `size` bytes, aligned to 16, for something the collector does
    /// not look at.
    #[inline(always)]
    pub fn alloc(&self, size: usize) -> Option<NonNull<u8>> {
        match self.pop(size, Domain::Raw) {
            Some(block) => Some(block),
            None => self.alloc_slow(size, Domain::Raw),
        }
    }

    /// As [`Heap::alloc`], if the current pool has a free block.
    #[inline(always)]
    pub fn alloc_at_hand(&self, size: usize) -> Option<NonNull<u8>> {
        self.pop(size, Domain::Raw)
    }

    /// Allocate `size` bytes, aligned to 16, for an object that may be
    /// tracked. The object starts at the block or 16 bytes into it, and is
    /// neither tracked nor finalized.
    #[inline(always)]
    pub fn alloc_gc(&self, size: usize) -> Option<NonNull<u8>> {
        #[cfg(feature = "zeal")]
        if let Some(hook) = self.zeal.get() {
            hook();
        }
        match self.pop(size, Domain::Gc) {
            Some(block) => {
                // SAFETY: a block of a gc pool has at least two table bytes.
                unsafe { clear_flags(block.as_ptr()) };
                Some(block)
            }
            None => self.alloc_slow(size, Domain::Gc),
        }
    }

    /// As [`Heap::alloc_gc`], if the current pool has a free block.
    #[inline(always)]
    pub fn alloc_gc_at_hand(&self, size: usize) -> Option<NonNull<u8>> {
        if cfg!(feature = "zeal") {
            return None;
        }
        let block = self.pop(size, Domain::Gc)?;
        // SAFETY: a block of a gc pool has at least two table bytes.
        unsafe { clear_flags(block.as_ptr()) };
        Some(block)
    }

    #[inline(always)]
    fn pop(&self, size: usize, domain: Domain) -> Option<NonNull<u8>> {
        let pools = &self.fast[domain as usize];
        let pool = pools.get(size.checked_add(GRANULE - 1)? / GRANULE)?.get();
        // SAFETY: a pool of this heap or the one without blocks.
        unsafe { Pool::pop(pool) }
    }

    #[cold]
    fn alloc_slow(&self, size: usize, domain: Domain) -> Option<NonNull<u8>> {
        if size > isize::MAX as usize {
            return None;
        }
        if !self.admits(size) {
            return None;
        }
        let block = match self.mode.debug {
            true => self.debug_alloc(size, domain),
            false => self.alloc_block(size, domain, 0),
        }?;
        if self.tracing.get() {
            self.trace_alloc(block, size);
        }
        Some(block)
    }

    /// Whether a request of so many bytes may succeed, as who decides says: also for
    /// memory that does not come from this heap.
    pub fn admits(&self, size: usize) -> bool {
        let Some(gate) = self.gate.take() else { return true };
        // Its own requests are not asked about.
        let open = gate(size);
        self.gate.set(Some(gate));
        open
    }

    /// Let a function say of each request whether it may succeed; `None`: all may.
    pub fn set_gate(&self, gate: Option<fn(usize) -> bool>) {
        self.gate.set(gate);
        match gate {
            Some(_) => self.close_fast_paths(),
            None => self.open_fast_paths(),
        }
    }

    /// Make every request take the slow path.
    fn close_fast_paths(&self) {
        self.fast.iter().flatten().for_each(|pool| pool.set(no_pool()));
        self.fast_len.set(0);
    }

    /// Undo [`Self::close_fast_paths`], unless something else asks for it.
    fn open_fast_paths(&self) {
        if self.mode.debug || self.tracing.get() || self.gate.get().is_some() {
            return;
        }
        for (fast, current) in self.fast.iter().flatten().zip(self.current.iter().flatten()) {
            fast.set(current.get());
        }
        self.fast_len.set(self.len);
    }

    /// Allocate a block without guards; `key` as for [`Large::alloc`].
    fn alloc_block(&self, size: usize, domain: Domain, key: usize) -> Option<NonNull<u8>> {
        if size <= SMALL_MAX
            && !self.mode.malloc
            && let Some(block) = self.refill(size, domain)
        {
            if domain == Domain::Gc {
                // SAFETY: the block and its table bytes are ours.
                unsafe { clear_flags(block.as_ptr().wrapping_add(key)) };
            }
            return Some(block);
        }
        self.large.borrow_mut().alloc(size.max(1), domain, key)
    }

    /// Find or make a pool with room and take a block from it.
    fn refill(&self, size: usize, domain: Domain) -> Option<NonNull<u8>> {
        // A gc object has at least two granules, which share no table byte
        // with a neighbour.
        let least = if domain == Domain::Gc { 2 } else { 1 };
        let class = size.div_ceil(GRANULE).max(least);
        let current = self.current.get(domain as usize)?.get(class)?;
        let pool = current.get();
        if pool != no_pool() {
            // SAFETY: a current pool is live, and no other borrow of it is.
            let header = unsafe { &mut *pool };
            if header.has_room() {
                if header.free.is_null() {
                    header.carve(pool.cast());
                }
                // SAFETY: a pool of this heap.
                return unsafe { Pool::pop(pool) };
            }
            header.notify_first_free();
        }
        let next = self.take_listed(class, domain);
        let next = next.or_else(|| self.arenas.borrow_mut().acquire(class as u8, domain));
        let Some(next) = next else {
            self.set_current(class, domain, no_pool());
            return None;
        };
        // SAFETY: listed pools and new ones are live.
        let header = unsafe { &mut *next };
        header.notify_never();
        if header.free.is_null() {
            header.carve(next.cast());
        }
        self.set_current(class, domain, next);
        // SAFETY: a pool of this heap.
        unsafe { Pool::pop(next) }
    }

    fn set_current(&self, class: usize, domain: Domain, pool: *mut Pool) {
        if let Some(current) = self.current[domain as usize].get(class) {
            current.set(pool);
        }
        if self.fast_len.get() != 0
            && let Some(fast) = self.fast[domain as usize].get(class)
        {
            fast.set(pool);
        }
    }

    fn take_listed(&self, class: usize, domain: Domain) -> Option<*mut Pool> {
        let cell = self.lists.get(domain as usize)?.get(class)?;
        let mut list = cell.get();
        // SAFETY: listed pools are live.
        let pool = unsafe { list.pop() };
        cell.set(list);
        pool
    }

    /// Free a block of either domain.
    ///
    /// # Safety
    ///
    /// `block` is a block of this heap that its owner gives up.
    #[inline(always)]
    pub unsafe fn free(&self, block: NonNull<u8>) {
        let offset = block.as_ptr().addr().wrapping_sub(self.fast_base.get());
        if offset >= self.fast_len.get() {
            // SAFETY: the caller's promise.
            return unsafe { self.free_slow(block) };
        }
        let pool = pool_of(block.as_ptr());
        // SAFETY: the block is in a pool and the caller gives it up.
        if unsafe { Pool::push(pool, block) } {
            self.attend(pool);
        }
    }

    /// As [`Heap::free`], if that takes no more than to put the block on the
    /// list of its pool; otherwise nothing is done.
    ///
    /// # Safety
    ///
    /// As of [`Heap::free`].
    #[inline(always)]
    pub unsafe fn free_at_hand(&self, block: NonNull<u8>) -> bool {
        let offset = block.as_ptr().addr().wrapping_sub(self.fast_base.get());
        if offset >= self.fast_len.get() {
            return false;
        }
        let pool = pool_of(block.as_ptr());
        // SAFETY: the block is in a pool and the caller gives it up.
        unsafe { Pool::push_plain(pool, block) }
    }

    /// Free the block of a gc object, which stops being tracked.
    ///
    /// # Safety
    ///
    /// `block` came from [`Heap::alloc_gc`] and its owner gives it up.
    #[inline(always)]
    pub unsafe fn free_gc(&self, block: NonNull<u8>) {
        if self.in_pools(block.as_ptr()) {
            // SAFETY: a block of a gc pool.
            unsafe { clear_flags(block.as_ptr()) };
        }
        // SAFETY: the caller's promise.
        unsafe { self.free(block) };
    }

    /// A pool became empty, or a full one got a free block.
    #[cold]
    fn attend(&self, pool: *mut Pool) {
        // SAFETY: its last block was just freed, so it is live.
        let (used, class, domain) = unsafe { ((*pool).used, (*pool).class, (*pool).domain) };
        let Some(cell) = self.lists.get(domain as usize).and_then(|l| l.get(usize::from(class)))
        else {
            return;
        };
        let mut list = cell.get();
        if used == 0 {
            // SAFETY: live, and on this list or none.
            unsafe { list.remove(pool) };
            cell.set(list);
            self.release(pool);
        } else {
            // SAFETY: live, and on no list as it was full.
            unsafe { list.push(pool) };
            cell.set(list);
        }
    }

    fn release(&self, pool: *mut Pool) {
        // SAFETY: live until the arena takes it.
        unsafe { self.gc.forget_pool(pool) };
        self.arenas.borrow_mut().release(pool);
    }

    #[cold]
    unsafe fn free_slow(&self, block: NonNull<u8>) {
        if self.tracing.get() {
            self.trace_free(block);
        }
        if self.mode.debug {
            // SAFETY: the caller's promise.
            return unsafe { self.debug_free(block) };
        }
        // SAFETY: the caller's promise.
        unsafe { self.free_block(block, 0) };
    }

    /// Free a block without guards.
    unsafe fn free_block(&self, block: NonNull<u8>, key: usize) {
        if !self.in_pools(block.as_ptr()) {
            // SAFETY: not in a pool, so a large block.
            return unsafe { self.large.borrow_mut().free(block, key) };
        }
        let pool = pool_of(block.as_ptr());
        // SAFETY: the block is in a pool and the caller gives it up.
        if unsafe { Pool::push(pool, block) } {
            self.attend(pool);
        }
    }

    /// Change the size of a block, keeping its domain. On failure the block
    /// stays as it is. A gc object must be untracked.
    ///
    /// # Safety
    ///
    /// `block` is a block of this heap; on success its owner uses only the
    /// result.
    pub unsafe fn realloc(&self, block: NonNull<u8>, new_size: usize) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise.
        let moved = unsafe { self.resize(block, new_size) }?;
        if self.tracing.get() {
            self.trace_free(block);
            self.trace_alloc(moved, new_size);
        }
        Some(moved)
    }

    /// [`Self::realloc`] without tracing what stays in place.
    unsafe fn resize(&self, block: NonNull<u8>, new_size: usize) -> Option<NonNull<u8>> {
        if new_size > isize::MAX as usize {
            return None;
        }
        let (old_size, domain) = if self.mode.debug {
            // SAFETY: the caller's promise.
            unsafe { self.debug_check(block) }
        } else if self.in_pools(block.as_ptr()) {
            let pool = pool_of(block.as_ptr());
            // SAFETY: the block is in use, so its pool is live.
            let (size, domain) = unsafe { (usize::from((*pool).block_size), (*pool).domain) };
            if new_size <= size && new_size > size / 4 * 3 {
                return Some(block);
            }
            (size, domain)
        } else {
            if new_size > SMALL_MAX || self.mode.malloc {
                // SAFETY: a large block; the caller uses only the result.
                return unsafe { self.large.borrow_mut().realloc(block, new_size.max(1), 0) };
            }
            // SAFETY: a large block.
            (unsafe { large::size_of_block(block) }, Domain::Raw)
        };
        let moved = match domain {
            Domain::Raw => self.alloc(new_size),
            Domain::Gc => self.alloc_slow(new_size, Domain::Gc),
        }?;
        // SAFETY: both blocks have at least this many bytes.
        unsafe { moved.copy_from_nonoverlapping(block, old_size.min(new_size)) };
        // SAFETY: the caller gives the old block up.
        unsafe { self.free(block) };
        Some(moved)
    }

    /// Whether `address` is in the range of pools.
    #[inline(always)]
    pub(crate) fn in_pools(&self, address: *mut u8) -> bool {
        address.addr().wrapping_sub(self.base.addr()) < self.len
    }

    /// The pools of gc objects.
    pub(crate) fn gc_pools(&self) -> Vec<*mut Pool> {
        let arenas = self.arenas.borrow();
        (0..arenas.count()).flat_map(|index| arenas.pools(index, true)).collect()
    }

    /// Where the pools are: from this address on, this many bytes.
    pub(crate) fn pool_range(&self) -> (usize, usize) {
        (self.base.addr(), self.arenas.borrow().count() * ARENA_SIZE)
    }

    /// Give memory back to the system that is only kept to be reused.
    pub fn trim(&self) {
        for domain in [Domain::Raw, Domain::Gc] {
            for (class, current) in self.current[domain as usize].iter().enumerate() {
                let pool = current.get();
                // SAFETY: a current pool is live.
                if pool != no_pool() && unsafe { (*pool).used } == 0 {
                    self.set_current(class, domain, no_pool());
                    self.release(pool);
                }
            }
        }
        self.arenas.borrow_mut().trim();
    }

    /// Blocks in use.
    pub fn allocated_blocks(&self) -> usize {
        let in_pools: usize = self.class_statistics().iter().map(|class| class.used).sum();
        in_pools + self.large.borrow().blocks
    }

    /// The number and the bytes of the blocks outside pools.
    pub fn large_blocks(&self) -> (usize, usize) {
        let large = self.large.borrow();
        (large.blocks, large.bytes)
    }

    /// Arenas, now and ever.
    pub fn arena_statistics(&self) -> ArenaStatistics {
        self.arenas.borrow().statistics()
    }

    /// One row for each size class and domain that has pools.
    pub fn class_statistics(&self) -> Vec<ClassStatistics> {
        let mut rows = vec![ClassStatistics::default(); 2 * CLASSES];
        let arenas = self.arenas.borrow();
        for pool in (0..arenas.count()).flat_map(|index| arenas.pools(index, false)) {
            // SAFETY: pools in use are live.
            let header = unsafe { &*pool };
            let index = header.domain as usize * CLASSES + usize::from(header.class);
            if let Some(row) = rows.get_mut(index) {
                row.block_size = usize::from(header.block_size);
                row.gc = header.domain == Domain::Gc;
                row.pools += 1;
                row.used += usize::from(header.used);
                row.free += usize::from(header.capacity - header.used);
            }
        }
        rows.retain(|row| row.pools != 0);
        rows
    }

    /// Whether `object` is an object of this heap's gc domain.
    pub fn is_gc_block(&self, object: *mut PyObject) -> bool {
        gc::flags_of(self, object).is_some()
    }
}

/// Blocks of one size class and domain.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClassStatistics {
    /// The size of a block.
    pub block_size: usize,
    /// Whether they are for gc objects.
    pub gc: bool,
    /// The number of pools.
    pub pools: usize,
    /// Blocks in use.
    pub used: usize,
    /// Blocks free in these pools.
    pub free: usize,
}

/// Forget what the table says about the object at `block` or 16 bytes on.
///
/// # Safety
///
/// `block` is a block of a gc pool, in which no block is smaller than 32 bytes.
#[inline(always)]
unsafe fn clear_flags(block: *mut u8) {
    // SAFETY: both bytes belong to the block.
    unsafe { table_byte(block).cast::<u16>().write_unaligned(0) };
}
