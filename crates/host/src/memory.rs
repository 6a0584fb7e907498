//! Address space: reserve, commit, drop, and serve faults in one region.
//!
//! A reservation costs no memory and counts towards no limit but `RLIMIT_AS`.
//! A *served* region is filled on demand: when the processor faults in it, the
//! SIGSEGV handler puts a page there whose contents a function computes from
//! the address. Invariant: such a page appears complete (it is filled elsewhere
//! and moved into place), and may be dropped at any time, since a new fault
//! recreates it. All other faults go to the handler that was there before.

use std::{io, ptr::NonNull};

/// The size of a page on x86-64.
pub const PAGE_SIZE: usize = 4096;

/// Cause a fault outside of any region, to test who handles it.
pub fn fault() {
    let nowhere = std::ptr::without_provenance::<u64>(std::hint::black_box(64));
    // SAFETY: none: the point is to fault.
    std::hint::black_box(unsafe { nowhere.read_volatile() });
}

pub use backend::*;

#[cfg(not(miri))]
mod backend {
    use std::{
        cell::UnsafeCell,
        mem::MaybeUninit,
        ptr,
        sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
    };

    use super::*;

    const RESERVED: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;

    fn map(address: usize, len: usize, protection: i32, flags: i32) -> io::Result<NonNull<u8>> {
        let address = ptr::with_exposed_provenance_mut(address);
        // SAFETY: an anonymous mapping; callers pass MAP_FIXED only for
        // addresses they own.
        let mapped = unsafe { libc::mmap(address, len, protection, flags, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(mapped.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    /// Reserve `len` bytes, at `hint` if that is free.
    pub fn reserve(hint: usize, len: usize) -> io::Result<NonNull<u8>> {
        map(hint, len, libc::PROT_NONE, RESERVED)
    }

    /// Reserve `len` bytes at `address` or fail.
    pub fn reserve_at(address: usize, len: usize) -> io::Result<NonNull<u8>> {
        let flags = RESERVED | libc::MAP_FIXED_NOREPLACE;
        let mapped = map(address, len, libc::PROT_NONE, flags)?;
        if mapped.as_ptr().addr() != address {
            // A kernel before 4.17 takes the address as a hint.
            // SAFETY: mapped just above.
            unsafe { release(mapped, len) };
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(mapped)
    }

    /// Make reserved bytes readable and writable; they are zero.
    ///
    /// # Safety
    ///
    /// The bytes lie in one reservation of the caller's.
    pub unsafe fn commit(start: NonNull<u8>, len: usize) -> io::Result<()> {
        // SAFETY: the caller owns the range.
        let status = unsafe {
            libc::mprotect(start.as_ptr().cast(), len, libc::PROT_READ | libc::PROT_WRITE)
        };
        if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Give the memory of committed bytes back; they stay reserved.
    ///
    /// # Safety
    ///
    /// The bytes lie in one reservation of the caller's and nobody uses them.
    pub unsafe fn decommit(start: NonNull<u8>, len: usize) -> io::Result<()> {
        let address = start.as_ptr().expose_provenance();
        map(address, len, libc::PROT_NONE, RESERVED | libc::MAP_FIXED).map(drop)
    }

    /// Give a reservation back.
    ///
    /// # Safety
    ///
    /// The bytes are a reservation that nobody uses any more.
    pub unsafe fn release(start: NonNull<u8>, len: usize) {
        // SAFETY: the caller gives the range up. Failure leaves it mapped.
        unsafe { libc::munmap(start.as_ptr().cast(), len) };
    }

    /// How many bytes around an address to fill at once: a power of two of at least a page. Runs
    /// in a signal handler.
    pub type Granule = fn(address: usize) -> usize;

    /// Computes the contents of the `len` bytes at `address` into `memory`.
    ///
    /// It runs in a signal handler and must be async-signal-safe.
    pub type Fill = unsafe fn(memory: NonNull<u8>, address: usize, len: usize);

    static CLAIMED: AtomicBool = AtomicBool::new(false);
    static START: AtomicUsize = AtomicUsize::new(0);
    static LEN: AtomicUsize = AtomicUsize::new(0);
    static LIMIT: AtomicUsize = AtomicUsize::new(0);
    static GRANULE: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
    static FILL: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
    static PRESENT: AtomicUsize = AtomicUsize::new(0);
    static SERVED: AtomicUsize = AtomicUsize::new(0);
    static RESETS: AtomicUsize = AtomicUsize::new(0);

    /// What becomes of faults elsewhere, and of SIGSEGV sent by somebody: a
    /// handler of one argument, `SIG_DFL` or `SIG_IGN`.
    static OTHERS: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);

    /// Set what becomes of other SIGSEGVs, and tell what did so far; `None`
    /// where no region is served and the signal is free.
    pub fn set_other_faults(handler: usize) -> Option<usize> {
        (LEN.load(Ordering::SeqCst) != 0).then(|| OTHERS.swap(handler, Ordering::SeqCst))
    }

    /// What becomes of other SIGSEGVs, as in [`set_other_faults`].
    pub fn other_faults() -> Option<usize> {
        (LEN.load(Ordering::SeqCst) != 0).then(|| OTHERS.load(Ordering::SeqCst))
    }

    struct Previous(UnsafeCell<MaybeUninit<libc::sigaction>>);
    // SAFETY: written once, before the handler that reads it is installed.
    unsafe impl Sync for Previous {}
    static PREVIOUS: Previous = Previous(UnsafeCell::new(MaybeUninit::zeroed()));

    /// What the served region did so far.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct FaultStatistics {
        /// Mappings present now.
        pub present: usize,
        /// Mappings made since the start.
        pub served: usize,
        /// How often the region was dropped.
        pub resets: usize,
    }

    /// Serve faults in the reservation `start..start + len` with `fill`.
    ///
    /// `granule` says how much is filled at once, which one mapping holds. When `limit` of them are present, all are dropped before the next one, so
    /// that the kernel's limit on mappings is not reached. A process has at
    /// most one such region.
    ///
    /// # Safety
    ///
    /// The range is a reservation of the caller's, kept for ever.
    pub unsafe fn serve_faults(
        start: NonNull<u8>,
        len: usize,
        limit: usize,
        granule: Granule,
        fill: Fill,
    ) -> io::Result<()> {
        if CLAIMED.swap(true, Ordering::SeqCst) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        START.store(start.as_ptr().expose_provenance(), Ordering::SeqCst);
        LIMIT.store(limit, Ordering::SeqCst);
        GRANULE.store(granule as *mut (), Ordering::SeqCst);
        FILL.store(fill as *mut (), Ordering::SeqCst);
        // SAFETY: a null action only queries.
        let status =
            unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), PREVIOUS.0.get().cast()) };
        if status != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: all zero is a value of this plain C struct.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        LEN.store(len, Ordering::SeqCst);
        // SAFETY: the handler follows the rules for signal handlers.
        let status = unsafe { libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()) };
        if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Drop all pages of the served region.
    pub fn reset_faults() {
        let (start, len) = (START.load(Ordering::Relaxed), LEN.load(Ordering::Relaxed));
        if len != 0 && map(start, len, libc::PROT_NONE, RESERVED | libc::MAP_FIXED).is_ok() {
            PRESENT.store(0, Ordering::Relaxed);
            RESETS.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the served region did so far.
    pub fn fault_statistics() -> FaultStatistics {
        FaultStatistics {
            present: PRESENT.load(Ordering::Relaxed),
            served: SERVED.load(Ordering::Relaxed),
            resets: RESETS.load(Ordering::Relaxed),
        }
    }

    fn serve(address: usize) -> bool {
        let (granule, fill) = (GRANULE.load(Ordering::Relaxed), FILL.load(Ordering::Relaxed));
        if granule.is_null() || fill.is_null() {
            return false;
        }
        // SAFETY: only `serve_faults` stores here, and it stores a `Granule`.
        let granule: Granule = unsafe { std::mem::transmute(granule) };
        // SAFETY: only `serve_faults` stores here, and it stores a `Fill`.
        let fill: Fill = unsafe { std::mem::transmute(fill) };
        if PRESENT.load(Ordering::Relaxed) >= LIMIT.load(Ordering::Relaxed) {
            reset_faults();
        }
        let len = granule(address);
        let writable = libc::PROT_READ | libc::PROT_WRITE;
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let mut fresh = map(0, len, writable, private);
        if fresh.is_err() {
            reset_faults();
            fresh = map(0, len, writable, private);
        }
        let Ok(fresh) = fresh else { return false };
        let target = address & !(len - 1);
        // SAFETY: fresh memory of our own.
        unsafe { fill(fresh, target, len) };
        // SAFETY: replaces a part of the region, which is ours.
        let moved = unsafe {
            libc::mremap(
                fresh.as_ptr().cast(),
                len,
                len,
                libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED,
                ptr::with_exposed_provenance_mut::<libc::c_void>(target),
            )
        };
        if moved == libc::MAP_FAILED {
            // SAFETY: still the memory mapped above.
            unsafe { release(fresh, len) };
            return false;
        }
        PRESENT.fetch_add(1, Ordering::Relaxed);
        SERVED.fetch_add(1, Ordering::Relaxed);
        true
    }

    extern "C" fn on_fault(
        signal: libc::c_int,
        info: *mut libc::siginfo_t,
        context: *mut libc::c_void,
    ) {
        // SAFETY: the kernel passes a valid siginfo to SA_SIGINFO handlers.
        let code = unsafe { (*info).si_code };
        // SAFETY: as above; SIGSEGV fills the address.
        let address = unsafe { (*info).si_addr() }.addr();
        let offset = address.wrapping_sub(START.load(Ordering::Relaxed));
        if code > 0 && offset < LEN.load(Ordering::Relaxed) {
            // SAFETY: errno is thread-local and always readable.
            let errno = unsafe { *libc::__errno_location() };
            let served = serve(address);
            // SAFETY: as above; the interrupted code must find its errno.
            unsafe { *libc::__errno_location() = errno };
            if served {
                return;
            }
        }
        let others = OTHERS.load(Ordering::SeqCst);
        match others {
            libc::SIG_IGN if code <= 0 => return,
            libc::SIG_IGN => {}
            libc::SIG_DFL if code > 0 => {}
            libc::SIG_DFL => {
                // Sent, not caused: it does not come again by itself.
                // SAFETY: allowed in a signal handler.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
                // SAFETY: allowed in a signal handler.
                unsafe { libc::raise(signal) };
                return;
            }
            _ => {
                // SAFETY: only `set_other_faults` stores here.
                let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(others) };
                return handler(signal);
            }
        }
        // SAFETY: written before this handler was installed.
        let previous = unsafe { &*PREVIOUS.0.get().cast::<libc::sigaction>() };
        let handler = previous.sa_sigaction;
        if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
            // SAFETY: all zero is the default action. The fault recurs and ends
            // the process as it would have without us.
            let default: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: sigaction is async-signal-safe.
            unsafe { libc::sigaction(signal, &default, ptr::null_mut()) };
        } else if previous.sa_flags & libc::SA_SIGINFO != 0 {
            type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
            // SAFETY: SA_SIGINFO says the handler takes three arguments.
            let handler: Handler = unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        } else {
            // SAFETY: without SA_SIGINFO a handler takes the signal number.
            let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}

/// Plain aligned allocations in the place of mappings; nothing is served.
#[cfg(miri)]
mod backend {
    use std::alloc::Layout;

    use super::*;

    /// Miri clears and watches all of it.
    const LARGEST: usize = 1 << 24;

    fn layout(len: usize) -> io::Result<Layout> {
        match Layout::from_size_align(len, PAGE_SIZE) {
            Ok(layout) if len != 0 && len <= LARGEST => Ok(layout),
            _ => Err(io::ErrorKind::OutOfMemory.into()),
        }
    }

    /// Allocate `len` zeroed bytes anywhere.
    pub fn reserve(_hint: usize, len: usize) -> io::Result<NonNull<u8>> {
        // SAFETY: the layout has a size.
        let start = unsafe { std::alloc::alloc_zeroed(layout(len)?) };
        NonNull::new(start).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    /// Not available.
    pub fn reserve_at(_address: usize, _len: usize) -> io::Result<NonNull<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to do.
    ///
    /// # Safety
    ///
    /// The bytes lie in one reservation of the caller's.
    pub unsafe fn commit(_start: NonNull<u8>, _len: usize) -> io::Result<()> {
        Ok(())
    }

    /// Zero the bytes.
    ///
    /// # Safety
    ///
    /// The bytes lie in one reservation of the caller's and nobody uses them.
    pub unsafe fn decommit(start: NonNull<u8>, len: usize) -> io::Result<()> {
        // SAFETY: the caller owns the range.
        unsafe { start.as_ptr().write_bytes(0, len) };
        Ok(())
    }

    /// Give a reservation back.
    ///
    /// # Safety
    ///
    /// The bytes are a reservation that nobody uses any more.
    pub unsafe fn release(start: NonNull<u8>, len: usize) {
        if let Ok(layout) = layout(len) {
            // SAFETY: allocated by `reserve` with this layout.
            unsafe { std::alloc::dealloc(start.as_ptr(), layout) };
        }
    }

    /// How many bytes around an address to fill at once.
    pub type Granule = fn(address: usize) -> usize;

    /// Computes the contents of the `len` bytes at `address` into `memory`.
    pub type Fill = unsafe fn(memory: NonNull<u8>, address: usize, len: usize);

    /// What the served region did so far.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct FaultStatistics {
        /// Mappings present now.
        pub present: usize,
        /// Mappings made since the start.
        pub served: usize,
        /// How often the region was dropped.
        pub resets: usize,
    }

    /// Not available.
    ///
    /// # Safety
    ///
    /// The range is a reservation of the caller's, kept for ever.
    pub unsafe fn serve_faults(
        _start: NonNull<u8>,
        _len: usize,
        _limit: usize,
        _granule: Granule,
        _fill: Fill,
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to do.
    pub fn reset_faults() {}

    /// Nothing is served.
    pub fn set_other_faults(_handler: usize) -> Option<usize> {
        None
    }

    /// Nothing is served.
    pub fn other_faults() -> Option<usize> {
        None
    }

    /// All zero.
    pub fn fault_statistics() -> FaultStatistics {
        FaultStatistics::default()
    }
}
