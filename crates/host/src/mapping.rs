//! Memory mappings of files, and shared memory and semaphores by name.

use std::{ffi::CStr, io};

use crate::call::{calls, check, values};

/// A mapping: where it is and how many bytes it has.
///
/// The memory may be cut off by whoever changes the file's size; touching it
/// then kills the process, as everywhere.
pub struct Mapping {
    start: *mut u8,
    len: usize,
}

impl Mapping {
    /// Map `len` bytes of a file from `offset` on.
    pub fn new(len: usize, protection: i32, flags: i32, fd: i32, offset: i64) -> io::Result<Self> {
        let null = std::ptr::null_mut();
        // SAFETY: the system chooses an address that is free.
        let start = unsafe { libc::mmap(null, len, protection, flags, fd, offset) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Mapping { start: start.cast(), len })
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The first byte.
    pub fn start(&self) -> *mut u8 {
        self.start
    }

    /// Change the size; the memory may move.
    pub fn resize(&mut self, len: usize) -> io::Result<()> {
        // SAFETY: the mapping is ours, and `&mut` says that nobody looks at it.
        let start = unsafe { libc::mremap(self.start.cast(), self.len, len, libc::MREMAP_MAYMOVE) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        (self.start, self.len) = (start.cast(), len);
        Ok(())
    }

    /// Write changes to the file.
    pub fn flush(&self, offset: usize, len: usize) -> io::Result<()> {
        let start = self.start.wrapping_add(offset).cast();
        // SAFETY: the system checks the range.
        check(unsafe { libc::msync(start, len, libc::MS_SYNC) }).map(drop)
    }

    /// Advise the system.
    pub fn advise(&self, offset: usize, len: usize, advice: i32) -> io::Result<()> {
        let start = self.start.wrapping_add(offset).cast();
        // SAFETY: the range is inside the mapping.
        check(unsafe { libc::madvise(start, len, advice) }).map(drop)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

/// Let the system take back the pages that lie within `bytes`; they come back
/// from the program's file when they are read again.
///
/// # Safety
///
/// The bytes are constants of the program, in memory that nobody ever writes to.
pub unsafe fn leave_constants(bytes: &'static [u8]) {
    // SAFETY: always sound.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    let range = bytes.as_ptr_range();
    let skipped = (range.start as usize).next_multiple_of(page) - range.start as usize;
    let count = bytes.len().saturating_sub(skipped) / page * page;
    let start = range.start.wrapping_add(skipped);
    if count > 0 {
        // SAFETY: whole pages that hold nothing but the constants.
        unsafe { libc::madvise(start.cast_mut().cast(), count, libc::MADV_DONTNEED) };
    }
}

values! {
    /// Open shared memory.
    fn shm_open(name: &CStr, flags: i32, mode: u32) -> i32 = libc::shm_open(name.as_ptr(), flags, mode);
}

calls! {
    /// Remove the name of shared memory.
    fn shm_unlink(name: &CStr) = libc::shm_unlink(name.as_ptr());
    /// Remove the name of a semaphore.
    fn sem_unlink(name: &CStr) = libc::sem_unlink(name.as_ptr());
}

/// A named semaphore.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Semaphore(*mut libc::sem_t);

impl Semaphore {
    /// Make a semaphore that does not exist.
    pub fn create(name: &CStr, value: u32) -> io::Result<Semaphore> {
        let flags = libc::O_CREAT | libc::O_EXCL;
        // SAFETY: a string, and the arguments that the flags ask for.
        Self::checked(unsafe { libc::sem_open(name.as_ptr(), flags, 0o600, value) })
    }

    /// Open a semaphore that exists.
    pub fn open(name: &CStr) -> io::Result<Semaphore> {
        // SAFETY: a string.
        Self::checked(unsafe { libc::sem_open(name.as_ptr(), 0) })
    }

    fn checked(semaphore: *mut libc::sem_t) -> io::Result<Semaphore> {
        if semaphore == libc::SEM_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Semaphore(semaphore))
    }

    /// The address, by which a forked process finds it.
    pub fn address(self) -> usize {
        self.0.addr()
    }

    /// The semaphore at an address.
    ///
    /// # Safety
    ///
    /// The address came from [`address`](Self::address) of one that is open.
    pub unsafe fn from_address(address: usize) -> Semaphore {
        Semaphore(std::ptr::with_exposed_provenance_mut(address))
    }

    /// Its value.
    pub fn value(self) -> io::Result<i32> {
        let mut value = 0;
        // SAFETY: an open semaphore, and room for the answer.
        check(unsafe { libc::sem_getvalue(self.0, &mut value) })?;
        Ok(value)
    }

    /// Take one if there is one; `EAGAIN` otherwise.
    pub fn try_wait(self) -> io::Result<()> {
        // SAFETY: an open semaphore.
        check(unsafe { libc::sem_trywait(self.0) }).map(drop)
    }

    /// Take one, waiting until `deadline` (nanoseconds of the clock).
    pub fn wait(self, deadline: Option<i64>) -> io::Result<()> {
        let status = match deadline {
            None => {
                // SAFETY: an open semaphore.
                unsafe { libc::sem_wait(self.0) }
            }
            Some(ns) => {
                let time = libc::timespec {
                    tv_sec: ns.div_euclid(1_000_000_000),
                    tv_nsec: ns.rem_euclid(1_000_000_000),
                };
                // SAFETY: an open semaphore and a complete structure.
                unsafe { libc::sem_timedwait(self.0, &time) }
            }
        };
        check(status).map(drop)
    }

    /// Give one back.
    pub fn post(self) -> io::Result<()> {
        // SAFETY: an open semaphore.
        check(unsafe { libc::sem_post(self.0) }).map(drop)
    }

    /// Close it in this process.
    pub fn close(self) {
        // SAFETY: an open semaphore that is not used afterwards.
        unsafe { libc::sem_close(self.0) };
    }
}
