//! Checking a heap against its invariants, for tests and the zeal build.

use super::{
    Heap, POOL_SIZE, SMALL_MAX,
    pool::{Domain, GC_START, GRANULE, Pool},
};
use crate::gc::flag;

impl Heap {
    /// Check pools and tables; the answer says what is wrong.
    pub fn verify(&self) -> Result<(), String> {
        let arenas = self.arenas.borrow();
        for pool in (0..arenas.count()).flat_map(|index| arenas.pools(index, false)) {
            // SAFETY: pools in use are live.
            let header = unsafe { &*pool };
            verify_pool(pool, header).map_err(|what| format!("pool {pool:p}: {what}"))?;
        }
        Ok(())
    }
}

fn verify_pool(pool: *mut Pool, header: &Pool) -> Result<(), String> {
    let size = usize::from(header.block_size);
    if size != usize::from(header.class) * GRANULE || !(1..=SMALL_MAX).contains(&size) {
        return Err(format!("class {} has blocks of {size} bytes", header.class));
    }
    let start = Pool::start(header.domain);
    let mut is_free = [false; POOL_SIZE / GRANULE];
    let mut free = header.free;
    let mut count = 0;
    while !free.is_null() {
        let offset = free.addr().wrapping_sub(pool.addr());
        if offset < start || offset > POOL_SIZE - size || !(offset - start).is_multiple_of(size) {
            return Err(format!("free list leads to {free:p}"));
        }
        let index = (offset - start) / size;
        if index >= usize::from(header.carved()) || std::mem::replace(&mut is_free[index], true) {
            return Err(format!("free list is damaged at {free:p}"));
        }
        count += 1;
        // SAFETY: a block of this pool, which begins with the next one's address.
        free = unsafe { free.cast::<*mut u8>().read() };
    }
    if count + header.used != header.carved() {
        return Err(format!("{count} blocks free, {} used", header.used));
    }
    if header.domain == Domain::Raw {
        return Ok(());
    }
    for granule in GC_START / GRANULE..POOL_SIZE / GRANULE {
        // SAFETY: the table is the start of the pool.
        let flags = unsafe { pool.cast::<u8>().add(granule).read() };
        let block = (granule * GRANULE - start) / size;
        let dead = block >= usize::from(header.carved()) || is_free[block];
        if flags & flag::TRACKED != 0 && dead {
            return Err(format!("free block {block} is tracked"));
        }
    }
    Ok(())
}
