//! `select`: waiting for descriptors with `select`, `poll` and `epoll`.

use std::cell::{Cell, RefCell};

use host::poll::{EpollEvent, FD_SETSIZE, PollFd};
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Head, Int, IntoObject, List, Module, Obj, Protocol, Ref, Result, Thread, Tuple, Type,
    alloc_object, exceptions, raise,
};

use crate::support::{self, Fd, Round, as_descriptor, check, now_ns, retry, seconds_to_ns};

/// A deadline for a timeout in seconds; `None` waits for ever.
fn deadline(th: Thread<'_>, timeout: Option<Obj<'_>>) -> Result<Option<i64>> {
    match timeout.filter(|timeout| !timeout.is_none()) {
        Some(timeout) => {
            let ns = seconds_to_ns(th, timeout, Round::Up)?;
            if ns < 0 {
                return Ok(Some(i64::MIN));
            }
            Ok(Some(now_ns().saturating_add(ns)))
        }
        None => Ok(None),
    }
}

/// A timeout of `poll` is a number.
fn check_number(th: Thread<'_>, timeout: Obj<'_>) -> Result<()> {
    if Int::is_index(timeout) || timeout.downcast::<object::Float>().is_some() {
        return Ok(());
    }
    raise!(th, TypeError, "timeout must be an integer or None")
}

/// A timeout in nanoseconds must be an `int` of milliseconds for C.
fn check_millis(th: Thread<'_>, ns: i64) -> Result<()> {
    if ns.saturating_add(999_999).div_euclid(1_000_000) > i64::from(i32::MAX) {
        raise!(th, OverflowError, "timeout is too large");
    }
    Ok(())
}

/// Milliseconds until a deadline, rounded up.
fn millis(deadline: Option<i64>) -> i32 {
    match deadline {
        None => -1,
        Some(deadline) => {
            let left = deadline.saturating_sub(now_ns()).max(0);
            i32::try_from(left.saturating_add(999_999) / 1_000_000).unwrap_or(i32::MAX)
        }
    }
}

/// Descriptors of an iterable, with their objects. Asking for them may change
/// a list, which is read on from where it is.
fn descriptors(th: Thread<'_>, sequence: Obj<'_>) -> Result<Vec<(i32, Ref)>> {
    let list = match sequence.downcast::<List>() {
        Some(list) => object::own(list),
        None => match sequence.iter(th) {
            Ok(iterator) => List::from_iterable(th, iterator.obj())?,
            Err(raised) => {
                th.catch(raised, exceptions::types::TypeError())?;
                raise!(th, TypeError, "arguments 1-3 must be sequences");
            }
        },
    };
    let mut all = Vec::new();
    while let Some(item) = list.get(all.len()) {
        let fd = as_descriptor(th, item.obj())?;
        if fd >= FD_SETSIZE {
            raise!(th, ValueError, "filedescriptor out of range in select()");
        }
        if all.len() >= FD_SETSIZE as usize {
            raise!(th, ValueError, "too many file descriptors in select()");
        }
        all.push((fd, item));
    }
    Ok(all)
}

/// A C `unsigned int` without a check for overflow.
fn masked(th: Thread<'_>, mask: Obj<'_>) -> Result<u32> {
    Ok(Int::to_u64_wrapping(Int::index(th, mask)?.obj()) as u32)
}

fn event_mask(th: Thread<'_>, mask: Option<Obj<'_>>, default: u16) -> Result<u16> {
    let Some(mask) = mask else { return Ok(default) };
    let mask = Int::index(th, mask)?;
    if Int::sign(mask.obj()) < 0 {
        raise!(th, ValueError, "Cannot convert negative int");
    }
    match Int::to_u64(mask.obj()).and_then(|mask| u16::try_from(mask).ok()) {
        Some(mask) => Ok(mask),
        None => raise!(th, OverflowError, "Python int too large for C unsigned short"),
    }
}

/// A polling object.
#[pytype(name = "select.poll", flags = DISALLOW_INSTANTIATION)]
pub(crate) struct Poll {
    head: Head,
    #[traverse(skip)]
    fds: RefCell<Vec<(i32, u16)>>,
    running: Cell<bool>,
}

#[pymethods]
impl Poll {
    /// Register a file descriptor with the polling object.
    #[sig = "($self, fd, eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)"]
    fn register(&self, th: Thread<'_>, fd: Fd, eventmask: Option<Obj<'_>>) -> Result<()> {
        let default = (libc::POLLIN | libc::POLLPRI | libc::POLLOUT) as u16;
        let mask = event_mask(th, eventmask, default)?;
        let mut fds = self.fds.borrow_mut();
        match fds.iter_mut().find(|(other, _)| *other == fd.0) {
            Some(entry) => entry.1 = mask,
            None => fds.push((fd.0, mask)),
        }
        Ok(())
    }

    /// Modify an already registered file descriptor.
    #[sig = "($self, fd, eventmask, /)"]
    fn modify(&self, th: Thread<'_>, fd: Fd, eventmask: Obj<'_>) -> Result<()> {
        let mask = event_mask(th, Some(eventmask), 0)?;
        match self.fds.borrow_mut().iter_mut().find(|(other, _)| *other == fd.0) {
            Some(entry) => {
                entry.1 = mask;
                Ok(())
            }
            None => Err(exceptions::os_error(th, libc::ENOENT, None)),
        }
    }

    /// Remove a file descriptor being tracked by the polling object.
    #[sig = "($self, fd, /)"]
    fn unregister(&self, th: Thread<'_>, fd: Fd) -> Result<()> {
        let mut fds = self.fds.borrow_mut();
        match fds.iter().position(|(other, _)| *other == fd.0) {
            Some(index) => {
                fds.remove(index);
                Ok(())
            }
            None => {
                drop(fds);
                Err(exceptions::key_error(th, fd.0.into_object(th)?.obj()))
            }
        }
    }

    /// Polls the set of registered file descriptors.
    ///
    /// Returns a list containing any descriptors that have events or errors to
    /// report, as a list of (fd, event) 2-tuples.
    #[sig = "($self, timeout=None, /)"]
    fn poll(&self, th: Thread<'_>, timeout: Option<Obj<'_>>) -> Result<Ref<List>> {
        let deadline = match timeout.filter(|timeout| !timeout.is_none()) {
            Some(timeout) => {
                check_number(th, timeout)?;
                let ns = support::number_to_ns(th, timeout, 1_000_000, Round::Up)?;
                check_millis(th, ns)?;
                (ns >= 0).then(|| now_ns().saturating_add(ns))
            }
            None => None,
        };
        if self.running.replace(true) {
            raise!(th, RuntimeError, "concurrent poll() invocation");
        }
        let mut fds: Vec<PollFd> = self
            .fds
            .borrow()
            .iter()
            .map(|(fd, mask)| PollFd { fd: *fd, events: *mask as i16, revents: 0 })
            .collect();
        let result = retry(th, || host::poll::poll(&mut fds, millis(deadline)));
        self.running.set(false);
        check(th, result?)?;
        let list = List::new(th)?;
        for entry in fds.iter().filter(|entry| entry.revents != 0) {
            let events = i32::from(entry.revents as u16);
            list.push(th, (entry.fd, events).into_object(th)?)?;
        }
        Ok(list)
    }
}

/// Returns an epolling object.
///
///   sizehint
///     The expected number of events to be registered.  It must be positive,
///     or -1 to use the default.  It is only used on older systems where
///     epoll_create1() is not available; otherwise it has no effect.
///   flags
///     Deprecated and completely ignored.  However, when supplied, its value
///     must be 0 or select.EPOLL_CLOEXEC, otherwise OSError is raised.
#[pytype(name = "select.epoll", sig = "(sizehint=-1, flags=0)")]
pub(crate) struct Epoll {
    head: Head,
    fd: Cell<i32>,
}

impl Epoll {
    fn open(&self, th: Thread<'_>) -> Result<i32> {
        match self.fd.get() {
            fd if fd >= 0 => Ok(fd),
            _ => raise!(th, ValueError, "I/O operation on closed epoll object"),
        }
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        let fd = self.fd.replace(-1);
        if fd >= 0 {
            let _ = host::fs::close(fd);
        }
    }
}

#[pymethods]
impl Epoll {
    #[sig = "epoll(sizehint=-1, flags=0)"]
    fn __new__(th: Thread<'_>, cls: &Type, sizehint: i32, flags: i32) -> Result<Ref<Epoll>> {
        if sizehint != -1 && sizehint <= 0 {
            raise!(th, ValueError, "negative sizehint");
        }
        if flags != 0 && flags != libc::EPOLL_CLOEXEC {
            raise!(th, OSError, "invalid flags");
        }
        let fd = check(th, host::poll::epoll_create(libc::EPOLL_CLOEXEC))?;
        alloc_object::alloc(th, cls, Epoll { head: Head::new(), fd: Cell::new(fd) })
    }

    /// Create an epoll object from a given control fd.
    #[sig = "($type, fd, /)"]
    #[classmethod]
    fn fromfd(th: Thread<'_>, cls: &Type, fd: i32) -> Result<Ref<Epoll>> {
        alloc_object::alloc(th, cls, Epoll { head: Head::new(), fd: Cell::new(fd) })
    }

    /// Close the epoll control file descriptor.
    ///
    /// Further operations on the epoll object will raise an exception.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        check(th, th.allow_threads(|| host::fs::close(fd)))
    }

    /// Return the epoll control file descriptor.
    #[sig = "($self, /)"]
    fn fileno(&self, th: Thread<'_>) -> Result<i32> {
        self.open(th)
    }

    /// True if the epoll handler is closed
    #[getter]
    fn closed(&self, _: Thread<'_>) -> bool {
        self.fd.get() < 0
    }

    /// Registers a new fd or raises an OSError if the fd is already registered.
    ///
    ///   fd
    ///     the target file descriptor of the operation
    ///   eventmask
    ///     a bit set composed of the various EPOLL constants
    ///
    /// The epoll interface supports all file descriptors that support poll.
    #[sig = "($self, /, fd, eventmask=select.EPOLLIN|select.EPOLLPRI|select.EPOLLOUT)"]
    fn register(&self, th: Thread<'_>, fd: Fd, eventmask: Option<Obj<'_>>) -> Result<()> {
        let default = (libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT) as u32;
        let mask = eventmask.map_or(Ok(default), |mask| masked(th, mask))?;
        let epoll = self.open(th)?;
        check(th, host::poll::epoll_control(epoll, libc::EPOLL_CTL_ADD, fd.0, mask))
    }

    /// Modify event mask for a registered file descriptor.
    #[sig = "($self, /, fd, eventmask)"]
    fn modify(&self, th: Thread<'_>, fd: Fd, eventmask: Obj<'_>) -> Result<()> {
        let mask = masked(th, eventmask)?;
        let epoll = self.open(th)?;
        check(th, host::poll::epoll_control(epoll, libc::EPOLL_CTL_MOD, fd.0, mask))
    }

    /// Remove a registered file descriptor from the epoll object.
    #[sig = "($self, /, fd)"]
    fn unregister(&self, th: Thread<'_>, fd: Fd) -> Result<()> {
        let epoll = self.open(th)?;
        check(th, host::poll::epoll_control(epoll, libc::EPOLL_CTL_DEL, fd.0, 0))
    }

    /// Wait for events on the epoll file descriptor.
    ///
    ///   timeout
    ///     the maximum time to wait in seconds (as float);
    ///     a timeout of None or -1 makes poll wait indefinitely
    ///   maxevents
    ///     the maximum number of events returned; -1 means no limit
    ///
    /// Returns a list containing any descriptors that have events to report,
    /// as a list of (fd, events) 2-tuples.
    #[sig = "($self, /, timeout=None, maxevents=-1)"]
    fn poll(&self, th: Thread<'_>, timeout: Option<Obj<'_>>, maxevents: i32) -> Result<Ref<List>> {
        let epoll = self.open(th)?;
        if let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) {
            check_number(th, timeout)?;
            check_millis(th, seconds_to_ns(th, timeout, Round::Up)?)?;
        }
        let deadline = deadline(th, timeout)?.filter(|deadline| *deadline != i64::MIN);
        let count = match maxevents {
            -1 => FD_SETSIZE - 1,
            count if count < 1 => {
                raise!(th, ValueError, "maxevents must be greater than 0, got {count}")
            }
            count => count.min(1 << 20),
        };
        let mut events = vec![EpollEvent { events: 0, u64: 0 }; count as usize];
        let ready = retry(th, || host::poll::epoll_wait(epoll, &mut events, millis(deadline)))?;
        let ready = check(th, ready)?;
        let list = List::new(th)?;
        for event in events.iter().take(ready) {
            let (fd, mask) = (event.u64 as i32, event.events);
            list.push(th, (fd, mask).into_object(th)?)?;
        }
        Ok(list)
    }

    #[sig = "($self, /)"]
    fn __enter__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        if let Some(epoll) = this.downcast::<Epoll>() {
            epoll.open(th)?;
        }
        Ok(this.own())
    }

    #[sig = "($self, exc_type=None, exc_value=None, exc_tb=None, /)"]
    fn __exit__(
        &self,
        th: Thread<'_>,
        exc_type: Option<Obj<'_>>,
        exc_value: Option<Obj<'_>>,
        exc_tb: Option<Obj<'_>>,
    ) -> Result<()> {
        let _ = (exc_type, exc_value, exc_tb);
        self.close(th)
    }
}

/// This module supports asynchronous I/O on multiple file descriptors.
///
/// *** IMPORTANT NOTICE ***
/// On Windows, only sockets are supported; on Unix, all file descriptors.
#[pymodule]
pub mod select {
    use super::*;

    /// Wait until one or more file descriptors are ready for some kind of I/O.
    ///
    /// The first three arguments are iterables of file descriptors to be waited for:
    /// rlist -- wait until ready for reading
    /// wlist -- wait until ready for writing
    /// xlist -- wait for an "exceptional condition"
    /// If only one kind of condition is required, pass [] for the other lists.
    ///
    /// A file descriptor is either a socket or file object, or a small integer
    /// gotten from a fileno() method call on one of those.
    ///
    /// The optional 4th argument specifies a timeout in seconds; it may be
    /// a floating-point number to specify fractions of seconds.  If it is absent
    /// or None, the call will never time out.
    ///
    /// The return value is a tuple of three lists corresponding to the first three
    /// arguments; each contains the subset of the corresponding file descriptors
    /// that are ready.
    #[sig = "(rlist, wlist, xlist, timeout=None, /)"]
    #[name = "select"]
    fn select_(
        th: Thread<'_>,
        rlist: Obj<'_>,
        wlist: Obj<'_>,
        xlist: Obj<'_>,
        timeout: Option<Obj<'_>>,
    ) -> Result<Ref> {
        if let Some(timeout) = timeout.filter(|timeout| !timeout.is_none())
            && !Int::is_index(timeout)
            && timeout.downcast::<object::Float>().is_none()
        {
            raise!(th, TypeError, "timeout must be a float or None");
        }
        let deadline = super::deadline(th, timeout)?;
        if deadline == Some(i64::MIN) {
            raise!(th, ValueError, "timeout must be non-negative");
        }
        let lists = [descriptors(th, rlist)?, descriptors(th, wlist)?, descriptors(th, xlist)?];
        let fds = lists.each_ref().map(|list| list.iter().map(|(fd, _)| *fd).collect::<Vec<_>>());
        let limit = fds.iter().flatten().max().map_or(0, |max| max + 1);
        let mut sets = fds.each_ref().map(|fds| host::poll::fd_set(fds));
        let result = retry(th, || {
            sets = fds.each_ref().map(|fds| host::poll::fd_set(fds));
            let left = deadline.map(|deadline| deadline.saturating_sub(now_ns()).max(0));
            let [read, write, except] = &mut sets;
            host::poll::select(limit, [read, write, except], left)
        })?;
        let count = check(th, result)?;
        let mut results = Vec::new();
        for (list, set) in lists.iter().zip(&sets) {
            let ready = list
                .iter()
                .filter(|(fd, _)| count > 0 && host::poll::is_set(*fd, set))
                .map(|(_, object)| object.clone())
                .collect();
            results.push(List::from_refs(th, ready)?.upcast());
        }
        Tuple::from_refs(th, results).map(Ref::upcast)
    }

    /// Returns a polling object.
    ///
    /// This object supports registering and unregistering file descriptors, and then
    /// polling them for I/O events.
    #[sig = "()"]
    fn poll(th: Thread<'_>) -> Result<Ref<Poll>> {
        let poll = Poll { head: Head::new(), fds: RefCell::default(), running: Cell::new(false) };
        alloc_object::new(th, poll)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        support::add_ints(th, module, CONSTANTS)?;
        module.set(th, "error", exceptions::types::OSError().obj())?;
        object::types::type_::ready(th, <Poll as object::declare::Declared>::DECL)?;
        module.add_type::<Epoll>(th)?;
        Ok(())
    }
}

/// Integer constants of the module.
static CONSTANTS: &[(&str, i64)] = &[
    ("EPOLLERR", 8),
    ("EPOLLET", 2147483648),
    ("EPOLLEXCLUSIVE", 268435456),
    ("EPOLLHUP", 16),
    ("EPOLLIN", 1),
    ("EPOLLMSG", 1024),
    ("EPOLLONESHOT", 1073741824),
    ("EPOLLOUT", 4),
    ("EPOLLPRI", 2),
    ("EPOLLRDBAND", 128),
    ("EPOLLRDHUP", 8192),
    ("EPOLLRDNORM", 64),
    ("EPOLLWAKEUP", 536870912),
    ("EPOLLWRBAND", 512),
    ("EPOLLWRNORM", 256),
    ("EPOLL_CLOEXEC", 524288),
    ("PIPE_BUF", 4096),
    ("POLLERR", 8),
    ("POLLHUP", 16),
    ("POLLIN", 1),
    ("POLLMSG", 1024),
    ("POLLNVAL", 32),
    ("POLLOUT", 4),
    ("POLLPRI", 2),
    ("POLLRDBAND", 128),
    ("POLLRDHUP", 8192),
    ("POLLRDNORM", 64),
    ("POLLWRBAND", 512),
    ("POLLWRNORM", 256),
];
