//! Copying bytes, of which there are mostly few.
//!
//! PERF: pieces of a split text have some five characters; the C library's
//! function takes as long to be called and to choose its way as they take to move.

/// Copy `count` bytes.
///
/// # Safety
///
/// `from` and `to` are valid for that many bytes and do not overlap.
#[inline(always)]
pub(crate) unsafe fn copy_bytes(from: *const u8, to: *mut u8, count: usize) {
    /// Copy the first and the last `N` bytes of between `N` and `2 * N`.
    ///
    /// # Safety
    ///
    /// As for the whole.
    #[inline(always)]
    unsafe fn ends<const N: usize>(from: *const u8, to: *mut u8, count: usize) {
        // SAFETY: there are at least `N` bytes.
        let head = unsafe { from.cast::<[u8; N]>().read_unaligned() };
        // SAFETY: as above, counted from the end.
        let tail = unsafe { from.add(count - N).cast::<[u8; N]>().read_unaligned() };
        // SAFETY: as for reading.
        unsafe { to.cast::<[u8; N]>().write_unaligned(head) };
        // SAFETY: as for reading.
        unsafe { to.add(count - N).cast::<[u8; N]>().write_unaligned(tail) };
    }
    match count {
        // SAFETY: the caller's promise.
        17.. => unsafe { from.copy_to_nonoverlapping(to, count) },
        // SAFETY: the caller's promise.
        8..=16 => unsafe { ends::<8>(from, to, count) },
        // SAFETY: the caller's promise.
        4..=7 => unsafe { ends::<4>(from, to, count) },
        // SAFETY: the caller's promise.
        2..=3 => unsafe { ends::<2>(from, to, count) },
        // SAFETY: the caller's promise.
        1 => unsafe { to.write(*from) },
        0 => {}
    }
}

/// Copy `from` to the beginning of `to`, which has room for it.
#[inline(always)]
pub(crate) fn copy_slice(to: &mut [u8], from: &[u8]) {
    let count = from.len().min(to.len());
    // SAFETY: both have that many bytes, and one of them is borrowed alone.
    unsafe { copy_bytes(from.as_ptr(), to.as_mut_ptr(), count) };
}
