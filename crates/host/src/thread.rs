//! The identity of OS threads.

/// `pthread_self` of the calling thread.
pub fn ident() -> u64 {
    crate::signal::this_thread()
}

/// The kernel's number of the calling thread.
pub fn native_id() -> u64 {
    // SAFETY: `gettid` has no preconditions.
    (unsafe { libc::gettid() }) as u64
}

/// Name the calling thread; the kernel keeps 15 bytes.
pub fn set_name(name: &str) {
    let mut bytes = [0u8; 16];
    for (slot, byte) in bytes.iter_mut().take(15).zip(name.bytes()) {
        *slot = byte;
    }
    // SAFETY: a NUL-terminated buffer of 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, bytes.as_ptr()) };
}
