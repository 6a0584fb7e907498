//! Functions on open files.

use macros::pymodule;
use object::{
    AsObject, Bytes, Int, IntoObject, Obj, Ref, Result, Str, Thread, args::Maybe, raise,
    types::none,
};

use crate::support::{
    Data, DirFd, Fd, Path, Writable, call, call_named, check, decode_fs, structseq::StructSeq as _,
};

/// Read with `f` into a new bytes object of at most `length` bytes.
fn read_bytes(
    th: Thread<'_>,
    length: isize,
    mut f: impl FnMut(&mut [u8]) -> std::io::Result<usize>,
) -> Result<Ref<Bytes>> {
    let Ok(length) = usize::try_from(length) else {
        return Err(object::exceptions::os_error(th, libc::EINVAL, None));
    };
    let mut data = Vec::new();
    if data.try_reserve_exact(length).is_err() {
        return Err(th.no_memory());
    }
    data.resize(length, 0);
    let n = call(th, || f(&mut data))?;
    data.truncate(n);
    Bytes::new(th, &data)
}

/// The buffers of a scattered read.
fn writables(th: Thread<'_>, function: &str, buffers: Obj<'_>) -> Result<Vec<Writable>> {
    if !object::protocol::mapping::is_sequence(buffers) {
        raise!(th, TypeError, "{function}() arg 2 must be a sequence");
    }
    let items = object::protocol::iter::collect(th, buffers)?;
    items.iter().map(|item| Writable::new(th, item.obj())).collect()
}

/// The buffers of a gathered write.
fn readables(
    th: Thread<'_>,
    function: &str,
    buffers: Obj<'_>,
) -> Result<Vec<crate::support::Buffer>> {
    if !object::protocol::mapping::is_sequence(buffers) {
        raise!(th, TypeError, "{function}() arg 2 must be a sequence");
    }
    let items = object::protocol::iter::collect(th, buffers)?;
    items.iter().map(|item| crate::support::Buffer::readable(th, item.obj())).collect()
}

fn offset(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Option<i64>> {
    match object {
        Some(object) if !object.is_none() => Int::index_to_i64(th, object).map(Some),
        _ => Ok(None),
    }
}

#[pymodule]
pub(super) mod functions {
    use super::*;

    /// Open a file for low level IO.  Returns a file descriptor (integer).
    ///
    /// If dir_fd is not None, it should be a file descriptor open to a directory,
    ///   and path should be relative; path will then be relative to that directory.
    #[sig = "(path, flags, mode=511, *, dir_fd=None)"]
    fn open(
        th: Thread<'_>,
        path: Path,
        flags: i32,
        mode: i32,
        dir_fd: Maybe<DirFd>,
    ) -> Result<i32> {
        let flags = flags | libc::O_CLOEXEC;
        let dir = DirFd::of(dir_fd);
        crate::sys::audit_with(th, "open", || {
            let name = path.object().unwrap_or(none());
            Ok(vec![name.own(), none().own(), Int::from_i64(th, i64::from(flags))?])
        })?;
        call_named(th, path.object(), || host::fs::open(dir, path.name(), flags, mode as u32))
    }

    /// Close a file descriptor.
    #[sig = "(fd)"]
    fn close(th: Thread<'_>, fd: i32) -> Result<()> {
        match th.allow_threads(|| host::fs::close(fd)) {
            Err(error) if !host::call::interrupted(&error) => {
                Err(crate::support::os_error(th, &error))
            }
            _ => Ok(()),
        }
    }

    /// Closes all file descriptors in [fd_low, fd_high), ignoring errors.
    #[sig = "(fd_low, fd_high, /)"]
    fn closerange(th: Thread<'_>, low: i32, high: i32) {
        th.allow_threads(|| host::fs::close_range(low, high));
    }

    /// Read from a file descriptor.  Returns a bytes object.
    #[sig = "(fd, length, /)"]
    fn read(th: Thread<'_>, fd: i32, length: isize) -> Result<Ref<Bytes>> {
        read_bytes(th, length, |buffer| host::fs::read(fd, buffer))
    }

    /// Read into a buffer object from a file descriptor.
    ///
    /// The buffer should be mutable and bytes-like. On success, returns the number of
    /// bytes read. Less bytes may be read than the size of the buffer. The underlying
    /// system call will be retried when interrupted by a signal, unless the signal
    /// handler raises an exception. Other errors will not be retried and an error will
    /// be raised.
    ///
    /// Returns 0 if *fd* is at end of file or if the provided *buffer* has length 0
    /// (which can be used to check for errors without reading data). Never returns
    /// negative.
    #[sig = "(fd, buffer, /)"]
    fn readinto(th: Thread<'_>, fd: i32, buffer: Writable) -> Result<usize> {
        call(th, || host::fs::read(fd, buffer.bytes_mut()))
    }

    /// Write a bytes object to a file descriptor.
    #[sig = "(fd, data, /)"]
    fn write(th: Thread<'_>, fd: i32, data: Data) -> Result<usize> {
        call(th, || host::fs::write(fd, data.bytes()))
    }

    /// Read a number of bytes from a file descriptor starting at a particular offset.
    ///
    /// Read length bytes from file descriptor fd, starting at offset bytes from
    /// the beginning of the file.  The file offset remains unchanged.
    #[sig = "(fd, length, offset, /)"]
    fn pread(th: Thread<'_>, fd: i32, length: isize, offset: i64) -> Result<Ref<Bytes>> {
        read_bytes(th, length, |buffer| host::fs::pread(fd, buffer, offset))
    }

    /// Write bytes to a file descriptor starting at a particular offset.
    ///
    /// Write buffer to fd, starting at offset bytes from the beginning of
    /// the file.  Returns the number of bytes written.  Does not change the
    /// current file offset.
    #[sig = "(fd, buffer, offset, /)"]
    fn pwrite(th: Thread<'_>, fd: i32, buffer: Data, offset: i64) -> Result<usize> {
        call(th, || host::fs::pwrite(fd, buffer.bytes(), offset))
    }

    /// Read from a file descriptor fd into an iterable of buffers.
    ///
    /// The buffers should be mutable buffers accepting bytes.
    /// readv will transfer data into each buffer until it is full
    /// and then move on to the next buffer in the sequence to hold
    /// the rest of the data.
    #[sig = "(fd, buffers, /)"]
    fn readv(th: Thread<'_>, fd: i32, buffers: Obj<'_>) -> Result<usize> {
        let buffers = writables(th, "readv", buffers)?;
        call(th, || {
            let mut slices: Vec<_> =
                buffers.iter().map(|b| std::io::IoSliceMut::new(b.bytes_mut())).collect();
            host::fs::read_vectored(fd, &mut slices)
        })
    }

    /// Reads from a file descriptor into a number of mutable bytes-like objects.
    #[sig = "(fd, buffers, offset, flags=0, /)"]
    fn preadv(th: Thread<'_>, fd: i32, buffers: Obj<'_>, offset: i64, flags: i32) -> Result<usize> {
        let buffers = writables(th, "preadv", buffers)?;
        call(th, || {
            let mut slices: Vec<_> =
                buffers.iter().map(|b| std::io::IoSliceMut::new(b.bytes_mut())).collect();
            host::fs::pread_vectored(fd, &mut slices, offset, flags)
        })
    }

    /// Iterate over buffers, and write the contents of each to a file descriptor.
    #[sig = "(fd, buffers, /)"]
    fn writev(th: Thread<'_>, fd: i32, buffers: Obj<'_>) -> Result<usize> {
        let buffers = readables(th, "writev", buffers)?;
        call(th, || {
            let slices: Vec<_> = buffers.iter().map(|b| std::io::IoSlice::new(b.bytes())).collect();
            host::fs::write_vectored(fd, &slices)
        })
    }

    /// Writes the bytes-like objects buffers to a file descriptor at a position.
    #[sig = "(fd, buffers, offset, flags=0, /)"]
    fn pwritev(
        th: Thread<'_>,
        fd: i32,
        buffers: Obj<'_>,
        offset: i64,
        flags: i32,
    ) -> Result<usize> {
        let buffers = readables(th, "pwritev", buffers)?;
        call(th, || {
            let slices: Vec<_> = buffers.iter().map(|b| std::io::IoSlice::new(b.bytes())).collect();
            host::fs::pwrite_vectored(fd, &slices, offset, flags)
        })
    }

    /// Set the position of a file descriptor.  Return the new position.
    #[sig = "(fd, position, whence, /)"]
    fn lseek(th: Thread<'_>, fd: i32, position: i64, whence: i32) -> Result<i64> {
        check(th, th.allow_threads(|| host::fs::lseek(fd, position, whence)))
    }

    /// Return a duplicate of a file descriptor.
    #[sig = "(fd, /)"]
    fn dup(th: Thread<'_>, fd: i32) -> Result<i32> {
        check(th, host::fs::dup(fd))
    }

    /// Duplicate file descriptor.
    #[sig = "(fd, fd2, inheritable=True)"]
    fn dup2(th: Thread<'_>, fd: i32, fd2: i32, inheritable: bool) -> Result<i32> {
        if fd < 0 || fd2 < 0 {
            return Err(object::exceptions::os_error(th, libc::EBADF, None));
        }
        if inheritable {
            return check(th, th.allow_threads(|| host::fs::dup2(fd, fd2)));
        }
        if fd == fd2 {
            check(th, host::fs::dup2(fd, fd2))?;
            check(th, host::fs::set_inheritable(fd2, false))?;
            return Ok(fd2);
        }
        check(th, th.allow_threads(|| host::fs::dup3(fd, fd2, libc::O_CLOEXEC)))
    }

    /// Create a pipe.
    ///
    /// Returns a tuple of two file descriptors:
    ///   (read_fd, write_fd)
    #[sig = "()"]
    fn pipe(th: Thread<'_>) -> Result<(i32, i32)> {
        check(th, host::fs::pipe2(libc::O_CLOEXEC))
    }

    /// Create a pipe with flags set atomically.
    ///
    /// Returns a tuple of two file descriptors:
    ///   (read_fd, write_fd)
    ///
    /// flags can be constructed by ORing together one or more of these values:
    /// O_NONBLOCK, O_CLOEXEC.
    #[sig = "(flags, /)"]
    fn pipe2(th: Thread<'_>, flags: i32) -> Result<(i32, i32)> {
        check(th, host::fs::pipe2(flags))
    }

    /// Force write of fd to disk.
    #[sig = "(fd)"]
    fn fsync(th: Thread<'_>, fd: Fd) -> Result<()> {
        call(th, || host::fs::fsync(fd.0))
    }

    /// Force write of fd to disk without forcing update of metadata.
    #[sig = "(fd)"]
    fn fdatasync(th: Thread<'_>, fd: Fd) -> Result<()> {
        call(th, || host::fs::fdatasync(fd.0))
    }

    /// Force write of everything to disk.
    #[sig = "()"]
    fn sync(th: Thread<'_>) {
        th.allow_threads(host::fs::sync);
    }

    /// Truncate a file, specified by file descriptor, to a specific length.
    #[sig = "(fd, length, /)"]
    fn ftruncate(th: Thread<'_>, fd: i32, length: i64) -> Result<()> {
        call(th, || host::fs::ftruncate(fd, length))
    }

    /// Change the access permissions of the file given by file descriptor.
    ///
    ///   fd
    ///     The file descriptor of the file to be modified.
    ///   mode
    ///     Operating-system mode bitfield.
    ///     Be careful when using number literals for *mode*. The conventional UNIX notation for
    ///     numeric modes uses an octal base, which needs to be indicated with a ``0o`` prefix in
    ///     Python.
    ///
    /// Equivalent to os.chmod(fd, mode).
    #[sig = "(fd, mode)"]
    fn fchmod(th: Thread<'_>, fd: i32, mode: i32) -> Result<()> {
        call(th, || host::fs::fchmod(fd, mode as u32))
    }

    /// Change the owner and group id of the file specified by file descriptor.
    ///
    /// Equivalent to os.chown(fd, uid, gid).
    #[sig = "(fd, uid, gid)"]
    fn fchown(
        th: Thread<'_>,
        fd: i32,
        uid: crate::support::path::Id,
        gid: crate::support::path::Id,
    ) -> Result<()> {
        call(th, || host::fs::fchown(fd, uid.0, gid.0))
    }

    /// Change to the directory of the given file descriptor.
    ///
    /// fd must be opened on a directory, not a file.
    /// Equivalent to os.chdir(fd).
    #[sig = "(fd)"]
    fn fchdir(th: Thread<'_>, fd: Fd) -> Result<()> {
        call(th, || host::fs::fchdir(fd.0))
    }

    /// Return True if the fd is connected to a terminal.
    ///
    /// Return True if the file descriptor is an open file descriptor
    /// connected to the slave end of a terminal.
    #[sig = "(fd, /)"]
    fn isatty(_: Thread<'_>, fd: i32) -> bool {
        host::terminal::isatty(fd)
    }

    /// Return the name of the terminal device connected to 'fd'.
    #[sig = "(fd, /)"]
    fn ttyname(th: Thread<'_>, fd: i32) -> Result<Ref<Str>> {
        let name = check(th, host::terminal::ttyname(fd))?;
        decode_fs(th, &name)
    }

    /// Return the name of the controlling terminal for this process.
    #[sig = "()"]
    fn ctermid(th: Thread<'_>) -> Result<Ref<Str>> {
        decode_fs(th, &host::process::terminal_name())
    }

    /// Get the close-on-exe flag of the specified file descriptor.
    #[sig = "(fd, /)"]
    fn get_inheritable(th: Thread<'_>, fd: i32) -> Result<bool> {
        check(th, host::fs::is_inheritable(fd))
    }

    /// Set the inheritable flag of the specified file descriptor.
    #[sig = "(fd, inheritable, /)"]
    fn set_inheritable(th: Thread<'_>, fd: i32, inheritable: bool) -> Result<()> {
        check(th, host::fs::set_inheritable(fd, inheritable))
    }

    /// Get the blocking mode of the file descriptor.
    ///
    /// Return False if the O_NONBLOCK flag is set, True if the flag is cleared.
    #[sig = "(fd, /)"]
    fn get_blocking(th: Thread<'_>, fd: i32) -> Result<bool> {
        check(th, host::fs::is_blocking(fd))
    }

    /// Set the blocking mode of the specified file descriptor.
    ///
    /// Set the O_NONBLOCK flag if blocking is False,
    /// clear the O_NONBLOCK flag otherwise.
    #[sig = "(fd, blocking, /)"]
    fn set_blocking(th: Thread<'_>, fd: i32, blocking: bool) -> Result<()> {
        check(th, host::fs::set_blocking(fd, blocking))
    }

    /// Copy count bytes from file descriptor in_fd to file descriptor out_fd.
    #[sig = "(out_fd, in_fd, offset, count)"]
    fn sendfile(
        th: Thread<'_>,
        out_fd: i32,
        in_fd: i32,
        offset: Option<Obj<'_>>,
        count: isize,
    ) -> Result<usize> {
        let offset = super::offset(th, offset)?;
        call(th, || host::fs::sendfile(out_fd, in_fd, offset, count as usize))
    }

    /// Copy count bytes from one file descriptor to another.
    ///
    ///   src
    ///     Source file descriptor.
    ///   dst
    ///     Destination file descriptor.
    ///   count
    ///     Number of bytes to copy.
    ///   offset_src
    ///     Starting offset in src.
    ///   offset_dst
    ///     Starting offset in dst.
    ///
    /// If offset_src is None, then src is read from the current position;
    /// respectively for offset_dst.
    #[sig = "(src, dst, count, offset_src=None, offset_dst=None)"]
    fn copy_file_range(
        th: Thread<'_>,
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<Obj<'_>>,
        offset_dst: Option<Obj<'_>>,
    ) -> Result<usize> {
        let Ok(count) = usize::try_from(count) else {
            raise!(th, ValueError, "negative value for 'count' not allowed");
        };
        let (a, b) = (super::offset(th, offset_src)?, super::offset(th, offset_dst)?);
        call(th, || host::fs::copy_file_range(src, dst, count, a, b))
    }

    /// Transfer count bytes from one pipe to a descriptor or vice versa.
    ///
    ///   src
    ///     Source file descriptor.
    ///   dst
    ///     Destination file descriptor.
    ///   count
    ///     Number of bytes to copy.
    ///   offset_src
    ///     Starting offset in src.
    ///   offset_dst
    ///     Starting offset in dst.
    ///   flags
    ///     Flags to modify the semantics of the call.
    ///
    /// If offset_src is None, then src is read from the current position;
    /// respectively for offset_dst. The offset associated to the file
    /// descriptor that refers to a pipe must be None.
    #[sig = "(src, dst, count, offset_src=None, offset_dst=None, flags=0)"]
    fn splice(
        th: Thread<'_>,
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<Obj<'_>>,
        offset_dst: Option<Obj<'_>>,
        flags: u32,
    ) -> Result<usize> {
        let Ok(count) = usize::try_from(count) else {
            raise!(th, ValueError, "negative value for 'count' not allowed");
        };
        let (a, b) = (super::offset(th, offset_src)?, super::offset(th, offset_dst)?);
        call(th, || host::fs::splice(src, dst, count, a, b, flags))
    }

    /// Announce an intention to access data in a specific pattern.
    #[sig = "(fd, offset, length, advice, /)"]
    fn posix_fadvise(th: Thread<'_>, fd: i32, offset: i64, length: i64, advice: i32) -> Result<()> {
        call(th, || host::fs::fadvise(fd, offset, length, advice))
    }

    /// Ensure a file has allocated at least a particular number of bytes on disk.
    ///
    /// Ensure that the file specified by fd encompasses a range of bytes
    /// starting at offset bytes from the beginning and continuing for length bytes.
    #[sig = "(fd, offset, length, /)"]
    fn posix_fallocate(th: Thread<'_>, fd: i32, offset: i64, length: i64) -> Result<()> {
        call(th, || host::fs::fallocate(fd, offset, length))
    }

    /// Apply, test or remove a POSIX lock on an open file descriptor.
    #[sig = "(fd, command, length, /)"]
    fn lockf(th: Thread<'_>, fd: i32, command: i32, length: i64) -> Result<()> {
        call(th, || host::fs::lockf(fd, command, length))
    }

    /// Create an anonymous file in memory.
    #[sig = "(name, flags=MFD_CLOEXEC)"]
    fn memfd_create(th: Thread<'_>, name: Path, flags: Option<u32>) -> Result<i32> {
        let flags = flags.unwrap_or(libc::MFD_CLOEXEC);
        check(th, host::fs::memfd_create(name.name(), flags))
    }

    /// Creates and returns an event notification file descriptor.
    #[sig = "(initval, flags=EFD_CLOEXEC)"]
    fn eventfd(th: Thread<'_>, initval: u32, flags: Option<i32>) -> Result<i32> {
        check(th, host::fs::eventfd(initval, flags.unwrap_or(libc::EFD_CLOEXEC)))
    }

    /// Read eventfd value
    #[sig = "(fd)"]
    fn eventfd_read(th: Thread<'_>, fd: Fd) -> Result<u64> {
        let mut value = [0u8; 8];
        call(th, || host::fs::read(fd.0, &mut value))?;
        Ok(u64::from_ne_bytes(value))
    }

    /// Write eventfd value.
    #[sig = "(fd, value)"]
    fn eventfd_write(th: Thread<'_>, fd: Fd, value: u64) -> Result<()> {
        call(th, || host::fs::write(fd.0, &value.to_ne_bytes())).map(drop)
    }

    /// Return the associated encoding of a terminal, or None.
    #[sig = "(fd)"]
    fn device_encoding(th: Thread<'_>, fd: i32) -> Result<Ref> {
        if host::terminal::isatty(fd) { "UTF-8".into_object(th) } else { Ok(none().own()) }
    }

    /// Return the size of the terminal window as (columns, lines).
    ///
    /// The optional argument fd (default standard output) specifies
    /// which file descriptor should be queried.
    ///
    /// If the file descriptor is not connected to a terminal, an OSError
    /// is thrown.
    ///
    /// This function will only be defined if an implementation is
    /// available for this system.
    ///
    /// shutil.get_terminal_size is the high-level function which should
    /// normally be used, os.get_terminal_size is the low-level implementation.
    #[sig = "(fd=<unrepresentable>, /)"]
    fn get_terminal_size(th: Thread<'_>, fd: Option<i32>) -> Result<Ref> {
        let (rows, columns) = check(th, host::terminal::window_size(fd.unwrap_or(1)))?;
        let values = vec![columns.into_object(th)?, rows.into_object(th)?];
        crate::posix::stat::TERMINAL_SIZE.make(th, values)
    }

    /// Return the process group associated with the terminal specified by fd.
    #[sig = "(fd, /)"]
    fn tcgetpgrp(th: Thread<'_>, fd: i32) -> Result<i32> {
        check(th, host::terminal::tcgetpgrp(fd))
    }

    /// Set the process group associated with the terminal specified by fd.
    #[sig = "(fd, pgid, /)"]
    fn tcsetpgrp(th: Thread<'_>, fd: i32, pgid: i32) -> Result<()> {
        check(th, host::terminal::tcsetpgrp(fd, pgid))
    }

    /// Open a pseudo-terminal.
    ///
    /// Return a tuple of (master_fd, slave_fd) containing open file descriptors
    /// for both the master and slave ends.
    #[sig = "()"]
    fn openpty(th: Thread<'_>) -> Result<(i32, i32)> {
        let (master, slave) = check(th, host::terminal::openpty())?;
        check(th, host::fs::set_inheritable(master, false))?;
        check(th, host::fs::set_inheritable(slave, false))?;
        Ok((master, slave))
    }

    /// Open and return a file descriptor for a master pseudo-terminal device.
    #[sig = "(oflag, /)"]
    fn posix_openpt(th: Thread<'_>, oflag: i32) -> Result<i32> {
        check(th, host::terminal::openpt(oflag | libc::O_CLOEXEC))
    }

    /// Grant access to the slave pseudo-terminal device.
    #[sig = "(fd, /)"]
    fn grantpt(th: Thread<'_>, fd: Fd) -> Result<()> {
        check(th, host::terminal::grantpt(fd.0))
    }

    /// Unlock a pseudo-terminal master/slave pair.
    #[sig = "(fd, /)"]
    fn unlockpt(th: Thread<'_>, fd: Fd) -> Result<()> {
        check(th, host::terminal::unlockpt(fd.0))
    }

    /// Return the name of the slave pseudo-terminal device.
    #[sig = "(fd, /)"]
    fn ptsname(th: Thread<'_>, fd: Fd) -> Result<Ref<Str>> {
        let name = check(th, host::terminal::ptsname(fd.0))?;
        decode_fs(th, &name)
    }

    /// Prepare the tty of which fd is a file descriptor for a new login session.
    #[sig = "(fd, /)"]
    fn login_tty(th: Thread<'_>, fd: Fd) -> Result<()> {
        check(th, host::terminal::login_tty(fd.0))
    }
}
