//! Waiting for descriptors: `select`, `poll`, `epoll`.

use std::io;

use crate::{
    call::{check, values},
    fs::zeroed,
};

pub use libc::{epoll_event as EpollEvent, fd_set as FdSet, pollfd as PollFd};

/// How many descriptors fit in an [`FdSet`].
pub const FD_SETSIZE: i32 = libc::FD_SETSIZE as i32;

values! {
    /// Make an epoll instance.
    fn epoll_create(flags: i32) -> i32 = libc::epoll_create1(flags);
    /// Wait; the timeout is in milliseconds, -1 for none.
    fn poll(fds: &mut [PollFd], timeout: i32) -> usize = libc::poll(fds.as_mut_ptr(), fds.len() as u64, timeout);
    /// Wait; the timeout is in milliseconds, -1 for none.
    fn epoll_wait(epoll: i32, events: &mut [EpollEvent], timeout: i32) -> usize = libc::epoll_wait(epoll, events.as_mut_ptr(), events.len() as i32, timeout);
}

/// Change what an epoll instance waits for.
pub fn epoll_control(epoll: i32, operation: i32, fd: i32, events: u32) -> io::Result<()> {
    let mut event = EpollEvent { events, u64: fd as u64 };
    // SAFETY: a complete structure.
    check(unsafe { libc::epoll_ctl(epoll, operation, fd, &mut event) }).map(drop)
}

/// A set of descriptors below [`FD_SETSIZE`].
pub fn fd_set(fds: &[i32]) -> FdSet {
    let mut set: FdSet = zeroed();
    for fd in fds.iter().filter(|fd| (0..FD_SETSIZE).contains(*fd)) {
        // SAFETY: in range.
        unsafe { libc::FD_SET(*fd, &mut set) };
    }
    set
}

/// Whether a descriptor is in a set.
pub fn is_set(fd: i32, set: &FdSet) -> bool {
    // SAFETY: in range.
    (0..FD_SETSIZE).contains(&fd) && unsafe { libc::FD_ISSET(fd, set) }
}

/// Wait for the sets, which then hold what is ready.
pub fn select(limit: i32, sets: [&mut FdSet; 3], timeout_ns: Option<i64>) -> io::Result<i32> {
    let [read, write, except] = sets;
    let mut time = timeout_ns.map(|ns| libc::timeval {
        tv_sec: ns.div_euclid(1_000_000_000),
        tv_usec: (ns.rem_euclid(1_000_000_000) + 999) / 1000,
    });
    if let Some(time) = &mut time
        && time.tv_usec >= 1_000_000
    {
        time.tv_sec += 1;
        time.tv_usec -= 1_000_000;
    }
    let time = time.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut);
    // SAFETY: complete sets; the time is null or complete.
    check(unsafe { libc::select(limit, read, write, except, time) })
}
