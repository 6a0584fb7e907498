//! A pool: 16 KiB of blocks of one size class and one domain.
//!
//! The header is at the start of the pool, so masking a block's address finds
//! it. In a gc pool the first KiB is a table with one byte per 16 bytes of the
//! pool, indexed by an object's address; the header occupies the bytes whose
//! granules it covers itself, so the two never meet. Invariant: `used` counts
//! the blocks handed out, `carved` those that were ever on the free list.

use std::ptr::{self, NonNull};

/// The size and alignment of a pool.
pub const POOL_SIZE: usize = 1 << 14;
/// Addresses are multiples of this.
pub const GRANULE: usize = 16;
/// Requests above this go to the system allocator.
pub const SMALL_MAX: usize = 512;
/// Size class `c` serves up to `16 * c` bytes; class 0 is unused.
pub const CLASSES: usize = SMALL_MAX / GRANULE + 1;
/// Where the table of a gc pool ends and its blocks start.
pub(crate) const GC_START: usize = POOL_SIZE / GRANULE;
const RAW_START: usize = 64;
/// `Pool::notify` when no free needs attention.
const NEVER: u16 = u16::MAX;
/// `Pool::list_index` when not on that list.
pub(crate) const UNLISTED: u32 = u32::MAX;

/// What a pool's blocks are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Domain {
    /// Memory that the collector does not look at.
    Raw = 0,
    /// Objects that may be tracked.
    Gc = 1,
}

/// The header of a pool. Compiled code relies on the offset of `free` (0) and
/// of `used` (8).
#[repr(C)]
pub struct Pool {
    /// The first free block; each holds the address of the next.
    pub(crate) free: *mut u8,
    /// Blocks handed out.
    pub(crate) used: u16,
    /// The value of `used` at which a free takes the slow path.
    notify: u16,
    pub(crate) capacity: u16,
    carved: u16,
    pub(crate) block_size: u16,
    pub(crate) class: u8,
    pub(crate) domain: Domain,
    /// Linked into the list of its class's pools with room.
    linked: bool,
    next: *mut Pool,
    previous: *mut Pool,
    /// Where this pool is in the lists of pools with objects of generation 0
    /// and 1.
    pub(crate) list_index: [u32; 2],
}

const _: () = assert!(size_of::<Pool>() <= RAW_START);
const _: () = assert!(std::mem::offset_of!(Pool, used) == 8);

/// A pool without blocks: allocating from it takes the slow path.
pub(crate) struct NoPool(Pool);
// SAFETY: never written to, as it never has a free block.
unsafe impl Sync for NoPool {}

static NO_POOL: NoPool = NoPool(Pool {
    free: ptr::null_mut(),
    used: 0,
    notify: NEVER,
    capacity: 0,
    carved: 0,
    block_size: 0,
    class: 0,
    domain: Domain::Raw,
    linked: false,
    next: ptr::null_mut(),
    previous: ptr::null_mut(),
    list_index: [UNLISTED; 2],
});

/// The pool without blocks.
pub(crate) fn no_pool() -> *mut Pool {
    (&raw const NO_POOL.0).cast_mut()
}

/// The pool around an address in the pool range.
#[inline(always)]
pub(crate) fn pool_of(address: *mut u8) -> *mut Pool {
    address.map_addr(|address| address & !(POOL_SIZE - 1)).cast()
}

/// The table byte of the object at `object`, which lies in a gc pool.
#[inline(always)]
pub(crate) fn table_byte(object: *mut u8) -> *mut u8 {
    let offset = object.addr() & (POOL_SIZE - 1);
    pool_of(object).cast::<u8>().wrapping_add(offset / GRANULE)
}

impl Pool {
    /// Turn 16 KiB of committed memory into a pool.
    ///
    /// # Safety
    ///
    /// `pool` is the aligned start of memory that nobody uses.
    pub(crate) unsafe fn format(pool: *mut Pool, class: u8, domain: Domain) {
        let block_size = u16::from(class) * GRANULE as u16;
        let start = Self::start(domain);
        if domain == Domain::Gc {
            // SAFETY: the table is the start of the pool's memory.
            unsafe { pool.cast::<u8>().write_bytes(0, GC_START) };
        }
        let header = Pool {
            free: ptr::null_mut(),
            used: 0,
            notify: NEVER,
            capacity: ((POOL_SIZE - start) / usize::from(block_size)) as u16,
            carved: 0,
            block_size,
            class,
            domain,
            linked: false,
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
            list_index: [UNLISTED; 2],
        };
        // SAFETY: the pool's memory is ours and large enough.
        unsafe { pool.write(header) };
    }

    /// Where blocks start in a pool.
    pub(crate) const fn start(domain: Domain) -> usize {
        match domain {
            Domain::Raw => RAW_START,
            Domain::Gc => GC_START,
        }
    }

    /// Put a page's worth of never-used blocks on the free list. Returns
    /// whether there was one.
    pub(crate) fn carve(&mut self, base: *mut u8) -> bool {
        let size = usize::from(self.block_size);
        let count = (4096 / size).min(usize::from(self.capacity - self.carved));
        if count == 0 {
            return false;
        }
        let first = Self::start(self.domain) + usize::from(self.carved) * size;
        let mut next = self.free;
        for index in (0..count).rev() {
            let block = base.wrapping_add(first + index * size);
            // SAFETY: `capacity` blocks fit in the pool, this one is unused.
            unsafe { block.cast::<*mut u8>().write(next) };
            next = block;
        }
        self.free = next;
        self.carved += count as u16;
        true
    }

    /// The number of blocks that were ever on the free list.
    #[cfg(any(test, feature = "zeal"))]
    pub(crate) fn carved(&self) -> u16 {
        self.carved
    }

    /// Whether a request can be served without another pool.
    pub(crate) fn has_room(&self) -> bool {
        !self.free.is_null() || self.carved < self.capacity
    }

    /// No free of a block of this pool needs attention.
    pub(crate) fn notify_never(&mut self) {
        self.notify = NEVER;
    }

    /// The next free of a block of this (full) pool needs attention.
    pub(crate) fn notify_first_free(&mut self) {
        self.notify = self.used.saturating_sub(1);
    }

    /// The free of the last used block needs attention.
    pub(crate) fn notify_empty(&mut self) {
        self.notify = 0;
    }

    /// Take a block, if the free list has one.
    ///
    /// # Safety
    ///
    /// `pool` is a pool of the calling heap, or the pool without blocks.
    #[inline(always)]
    pub(crate) unsafe fn pop(pool: *mut Pool) -> Option<NonNull<u8>> {
        // SAFETY: pools outlive their use by the heap.
        let block = NonNull::new(unsafe { (*pool).free })?;
        // SAFETY: a free block starts with the address of the next.
        let next = unsafe { block.cast::<*mut u8>().read() };
        // SAFETY: as above; not the static pool, which has no block.
        unsafe { (*pool).free = next };
        // SAFETY: as above.
        unsafe { (*pool).used += 1 };
        Some(block)
    }

    /// Give a block back. Returns whether the pool needs attention.
    ///
    /// # Safety
    ///
    /// `block` is a used block of `pool`, given up by its owner.
    #[inline(always)]
    pub(crate) unsafe fn push(pool: *mut Pool, block: NonNull<u8>) -> bool {
        // SAFETY: the pool holds a used block, so it exists.
        let pool = unsafe { &mut *pool };
        // SAFETY: nobody uses the block any more.
        unsafe { block.cast::<*mut u8>().write(pool.free) };
        pool.free = block.as_ptr();
        pool.used -= 1;
        pool.used == pool.notify
    }

    /// As [`Pool::push`], unless the pool would need attention: then nothing is
    /// done. Returns whether the block was given back.
    ///
    /// # Safety
    ///
    /// As of [`Pool::push`].
    #[inline(always)]
    pub(crate) unsafe fn push_plain(pool: *mut Pool, block: NonNull<u8>) -> bool {
        // SAFETY: the pool holds a used block, so it exists.
        let pool = unsafe { &mut *pool };
        let used = pool.used - 1;
        if used == pool.notify {
            return false;
        }
        // SAFETY: nobody uses the block any more.
        unsafe { block.cast::<*mut u8>().write(pool.free) };
        pool.free = block.as_ptr();
        pool.used = used;
        true
    }
}

/// The pools of one class and domain that have room, apart from the current.
#[derive(Clone, Copy)]
pub(crate) struct PoolList(*mut Pool);

impl PoolList {
    pub(crate) const EMPTY: Self = PoolList(ptr::null_mut());

    /// Add a pool.
    ///
    /// # Safety
    ///
    /// `pool` is a live pool on no such list; all pools on the list are live.
    pub(crate) unsafe fn push(&mut self, pool: *mut Pool) {
        // SAFETY: the caller says it is live.
        let header = unsafe { &mut *pool };
        header.next = self.0;
        header.previous = ptr::null_mut();
        header.linked = true;
        header.notify_empty();
        if !self.0.is_null() {
            // SAFETY: pools on the list are live.
            unsafe { (*self.0).previous = pool };
        }
        self.0 = pool;
    }

    /// Remove a pool if it is on this list.
    ///
    /// # Safety
    ///
    /// `pool` is a live pool on this list or on none.
    pub(crate) unsafe fn remove(&mut self, pool: *mut Pool) {
        // SAFETY: the caller says it is live.
        let header = unsafe { &mut *pool };
        if !header.linked {
            return;
        }
        header.linked = false;
        if header.previous.is_null() {
            self.0 = header.next;
        } else {
            // SAFETY: neighbours on the list are live.
            unsafe { (*header.previous).next = header.next };
        }
        if !header.next.is_null() {
            // SAFETY: neighbours on the list are live.
            unsafe { (*header.next).previous = header.previous };
        }
    }

    /// Take any pool.
    ///
    /// # Safety
    ///
    /// All pools on the list are live.
    pub(crate) unsafe fn pop(&mut self) -> Option<*mut Pool> {
        let pool = self.0;
        if pool.is_null() {
            return None;
        }
        // SAFETY: it is on this list.
        unsafe { self.remove(pool) };
        Some(pool)
    }
}
