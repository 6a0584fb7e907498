//! Arenas: 1 MiB of 64 pools each, in one reserved range of addresses.
//!
//! An arena is committed when a pool of it is first wanted, and given back to
//! the system when its last pool is. Pools come from the lowest arena that has
//! one, so that high arenas empty; a few empty ones are kept, since committing
//! costs a page fault per 4 KiB. Invariant: bit *i* of `free` says that pool
//! *i* is unformatted; an uncommitted arena has all bits set.

use std::{cmp, ptr::NonNull};

use host::memory;

use super::pool::{Domain, POOL_SIZE, Pool};
use crate::small_int;

/// The size and alignment of an arena.
pub const ARENA_SIZE: usize = 1 << 20;
const POOLS: usize = ARENA_SIZE / POOL_SIZE;
/// Where the range of the first heap is, if the system agrees. PERF: an address
/// below 2³⁹ is a small int as `id()`, which deepcopy and pickle make many of.
pub const RANGE_HINT: usize = 1 << 38;
const RANGE_SHIFTS: [u32; 7] = [38, 36, 34, 32, 30, 26, 24];
/// The part of the committed arenas that may stay empty.
const SPARE_PART: usize = 4;

const _: () = assert!(POOLS == u64::BITS as usize);

struct Arena {
    free: u64,
    gc: u64,
    committed: bool,
}

/// All arenas of a heap.
pub(crate) struct Arenas {
    reserved: Option<(NonNull<u8>, usize)>,
    base: *mut u8,
    len: usize,
    arenas: Vec<Arena>,
    /// No arena below this index has a free pool.
    lowest: usize,
    empty: usize,
    /// The most that were committed since the last trim.
    peak: usize,
    highest: usize,
    committed: usize,
    commits: usize,
}

/// Numbers for `sys._debugmallocstats`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArenaStatistics {
    /// Arenas committed now.
    pub committed: usize,
    /// The most that ever were.
    pub peak: usize,
    /// How often one was committed.
    pub commits: usize,
    /// Free pools in committed arenas.
    pub free_pools: usize,
}

impl Arenas {
    /// Reserve a range. If the system refuses any, no pool can be made and all
    /// memory comes from the system allocator.
    pub(crate) fn new() -> Self {
        let reserved = reserve();
        let (base, len) = match reserved {
            Some((start, len)) => {
                let skip = start.as_ptr().align_offset(ARENA_SIZE);
                (start.as_ptr().wrapping_add(skip), (len - skip) & !(ARENA_SIZE - 1))
            }
            None => (std::ptr::null_mut(), 0),
        };
        Arenas {
            reserved,
            base,
            len,
            arenas: Vec::new(),
            lowest: 0,
            empty: 0,
            peak: 0,
            highest: 0,
            committed: 0,
            commits: 0,
        }
    }

    /// The range that pools lie in.
    pub(crate) fn range(&self) -> (*mut u8, usize) {
        (self.base, self.len)
    }

    /// Make a pool.
    pub(crate) fn acquire(&mut self, class: u8, domain: Domain) -> Option<*mut Pool> {
        while self.arenas.get(self.lowest).is_some_and(|arena| arena.free == 0) {
            self.lowest += 1;
        }
        let index = self.lowest;
        if index == self.arenas.len() {
            if (index + 1) * ARENA_SIZE > self.len || self.arenas.try_reserve(1).is_err() {
                return None;
            }
            self.arenas.push(Arena { free: u64::MAX, gc: 0, committed: false });
        }
        let start = self.base.wrapping_add(index * ARENA_SIZE);
        let arena = self.arenas.get_mut(index)?;
        if !arena.committed {
            // SAFETY: one whole arena of our reservation.
            unsafe { memory::commit(NonNull::new(start)?, ARENA_SIZE) }.ok()?;
            arena.committed = true;
            self.committed += 1;
            self.commits += 1;
            self.peak = cmp::max(self.peak, self.committed);
            self.highest = cmp::max(self.highest, self.committed);
        } else if arena.free == u64::MAX {
            self.empty -= 1;
        }
        let slot = arena.free.trailing_zeros();
        arena.free &= !(1 << slot);
        if domain == Domain::Gc {
            arena.gc |= 1 << slot;
        }
        let pool = start.wrapping_add(slot as usize * POOL_SIZE).cast::<Pool>();
        // SAFETY: committed, and its bit said that nobody uses it.
        unsafe { Pool::format(pool, class, domain) };
        Some(pool)
    }

    /// Take a pool back whose blocks are all free.
    pub(crate) fn release(&mut self, pool: *mut Pool) {
        let offset = pool.addr() - self.base.addr();
        let (index, slot) = (offset / ARENA_SIZE, offset % ARENA_SIZE / POOL_SIZE);
        let Some(arena) = self.arenas.get_mut(index) else { return };
        arena.free |= 1 << slot;
        arena.gc &= !(1 << slot);
        self.lowest = cmp::min(self.lowest, index);
        if arena.free != u64::MAX {
            return;
        }
        self.empty += 1;
        if self.empty > 1 + self.peak / SPARE_PART {
            self.decommit(index);
        }
    }

    /// Give all empty arenas but one back.
    pub(crate) fn trim(&mut self) {
        self.peak = self.committed;
        for index in (0..self.arenas.len()).rev() {
            if self.empty <= 1 {
                return;
            }
            let arena = self.arenas.get(index);
            if arena.is_some_and(|arena| arena.committed && arena.free == u64::MAX) {
                self.decommit(index);
            }
        }
    }

    fn decommit(&mut self, index: usize) {
        let start = NonNull::new(self.base.wrapping_add(index * ARENA_SIZE));
        let (Some(arena), Some(start)) = (self.arenas.get_mut(index), start) else { return };
        // SAFETY: callers chose an arena of ours without a used pool.
        if unsafe { memory::decommit(start, ARENA_SIZE) }.is_ok() {
            arena.committed = false;
            self.committed -= 1;
            self.empty -= 1;
        }
    }

    /// How many arenas there are; indices for [`Arenas::pools`].
    pub(crate) fn count(&self) -> usize {
        self.arenas.len()
    }

    /// The pools in use of one arena, all or only those for gc objects.
    pub(crate) fn pools(&self, index: usize, gc_only: bool) -> impl Iterator<Item = *mut Pool> {
        let mut bits = match self.arenas.get(index) {
            Some(arena) if gc_only => arena.gc,
            Some(arena) => !arena.free,
            None => 0,
        };
        let start = self.base.wrapping_add(index * ARENA_SIZE);
        std::iter::from_fn(move || {
            if bits == 0 {
                return None;
            }
            let slot = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            Some(start.wrapping_add(slot * POOL_SIZE).cast())
        })
    }

    pub(crate) fn statistics(&self) -> ArenaStatistics {
        let committed = self.arenas.iter().filter(|arena| arena.committed);
        ArenaStatistics {
            committed: self.committed,
            peak: self.highest,
            commits: self.commits,
            free_pools: committed.map(|arena| arena.free.count_ones() as usize).sum(),
        }
    }
}

impl Drop for Arenas {
    fn drop(&mut self) {
        if let Some((start, len)) = self.reserved {
            // SAFETY: the heap is gone, so nobody uses its memory.
            unsafe { memory::release(start, len) };
        }
    }
}

/// Reserve the largest range that the system allows; where it limits the
/// address space, not more than half of it.
fn reserve() -> Option<(NonNull<u8>, usize)> {
    let mut found = RANGE_SHIFTS.iter().enumerate().find_map(|(step, &shift)| {
        Some((step, memory::reserve(RANGE_HINT, 1 << shift).ok()?, 1_usize << shift))
    })?;
    if found.0 != 0 {
        let half = found.2 / 2;
        // SAFETY: reserved just above.
        unsafe { memory::release(found.1, found.2) };
        found = (found.0, memory::reserve(RANGE_HINT, half).ok()?, half);
    }
    let (_, start, len) = found;
    let last = start.as_ptr().wrapping_add(len - 1);
    if small_int::in_range(start.as_ptr().cast()) || small_int::in_range(last.cast()) {
        // SAFETY: reserved just above.
        unsafe { memory::release(start, len) };
        return None;
    }
    Some((start, len))
}
