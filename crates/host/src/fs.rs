//! Files and directories by descriptor and by name.
//!
//! Names are C strings, relative ones taken from the directory `dir`
//! (`AT_FDCWD` for the working directory). Nothing here retries after `EINTR`:
//! callers must look at signals first.

use std::{
    ffi::{CStr, CString},
    io,
    mem::MaybeUninit,
    ptr::NonNull,
};

use crate::call::{calls, check, check_number, values};

/// The working directory where a directory descriptor is expected.
pub const AT_FDCWD: i32 = libc::AT_FDCWD;

pub use libc::{stat as Stat, statvfs as StatVfs, timespec as TimeSpec};

values! {
    /// Open a file.
    fn open(dir: i32, path: &CStr, flags: i32, mode: u32) -> i32 = libc::openat(dir, path.as_ptr(), flags, mode);
    /// Read up to `buffer.len()` bytes.
    fn read(fd: i32, buffer: &mut [u8]) -> usize = libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len());
    /// Write, possibly not all.
    fn write(fd: i32, data: &[u8]) -> usize = libc::write(fd, data.as_ptr().cast(), data.len());
    /// Read at `offset`.
    fn pread(fd: i32, buffer: &mut [u8], offset: i64) -> usize = libc::pread(fd, buffer.as_mut_ptr().cast(), buffer.len(), offset);
    /// Write at `offset`.
    fn pwrite(fd: i32, data: &[u8], offset: i64) -> usize = libc::pwrite(fd, data.as_ptr().cast(), data.len(), offset);
    /// Move the file position.
    fn lseek(fd: i32, offset: i64, whence: i32) -> i64 = libc::lseek(fd, offset, whence);
    /// Duplicate a descriptor, not inheritable.
    fn dup(fd: i32) -> i32 = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0);
    /// An inheritable duplicate with a given number.
    fn dup2(fd: i32, to: i32) -> i32 = libc::dup2(fd, to);
    /// A duplicate with a given number.
    fn dup3(fd: i32, to: i32, flags: i32) -> i32 = libc::dup3(fd, to, flags);
    /// `fcntl` with an integer.
    fn fcntl(fd: i32, command: i32, arg: i64) -> i32 = libc::fcntl(fd, command, arg);
    /// `ioctl` with an integer.
    fn ioctl(fd: i32, request: u64, arg: i64) -> i32 = libc::ioctl(fd, request, arg);
    /// A file without a name.
    fn memfd_create(name: &CStr, flags: u32) -> i32 = libc::memfd_create(name.as_ptr(), flags);
    /// An event counter.
    fn eventfd(initial: u32, flags: i32) -> i32 = libc::eventfd(initial, flags);
}

calls! {
    /// Close a descriptor.
    fn close(fd: i32) = libc::close(fd);
    /// Write a file's data and metadata to the disk.
    fn fsync(fd: i32) = libc::fsync(fd);
    /// Write a file's data to the disk.
    fn fdatasync(fd: i32) = libc::fdatasync(fd);
    /// Set a file's size.
    fn ftruncate(fd: i32, size: i64) = libc::ftruncate(fd, size);
    /// Set a file's size.
    fn truncate(path: &CStr, size: i64) = libc::truncate(path.as_ptr(), size);
    /// Create a directory.
    fn mkdir(dir: i32, path: &CStr, mode: u32) = libc::mkdirat(dir, path.as_ptr(), mode);
    /// Remove a file, or a directory with `AT_REMOVEDIR`.
    fn unlink(dir: i32, path: &CStr, flags: i32) = libc::unlinkat(dir, path.as_ptr(), flags);
    /// Rename, replacing the target.
    fn rename(from_dir: i32, from: &CStr, to_dir: i32, to: &CStr) = libc::renameat(from_dir, from.as_ptr(), to_dir, to.as_ptr());
    /// Make a hard link.
    fn link(from_dir: i32, from: &CStr, to_dir: i32, to: &CStr, flags: i32) = libc::linkat(from_dir, from.as_ptr(), to_dir, to.as_ptr(), flags);
    /// Make a symbolic link.
    fn symlink(target: &CStr, dir: i32, path: &CStr) = libc::symlinkat(target.as_ptr(), dir, path.as_ptr());
    /// Change permissions.
    fn chmod(dir: i32, path: &CStr, mode: u32, flags: i32) = libc::fchmodat(dir, path.as_ptr(), mode, flags);
    /// Change permissions.
    fn fchmod(fd: i32, mode: u32) = libc::fchmod(fd, mode);
    /// Change the owner.
    fn chown(dir: i32, path: &CStr, uid: u32, gid: u32, flags: i32) = libc::fchownat(dir, path.as_ptr(), uid, gid, flags);
    /// Change the owner.
    fn fchown(fd: i32, uid: u32, gid: u32) = libc::fchown(fd, uid, gid);
    /// Change access and modification time.
    fn utime(dir: i32, path: &CStr, times: &[TimeSpec; 2], flags: i32) = libc::utimensat(dir, path.as_ptr(), times.as_ptr(), flags);
    /// Change access and modification time.
    fn futime(fd: i32, times: &[TimeSpec; 2]) = libc::futimens(fd, times.as_ptr());
    /// Whether an access is allowed.
    fn access(dir: i32, path: &CStr, mode: i32, flags: i32) = libc::faccessat(dir, path.as_ptr(), mode, flags);
    /// Make a named pipe.
    fn mkfifo(dir: i32, path: &CStr, mode: u32) = libc::mkfifoat(dir, path.as_ptr(), mode);
    /// Make a device or file node.
    fn mknod(dir: i32, path: &CStr, mode: u32, device: u64) = libc::mknodat(dir, path.as_ptr(), mode, device);
    /// Change the working directory.
    fn chdir(path: &CStr) = libc::chdir(path.as_ptr());
    /// Change the working directory.
    fn fchdir(fd: i32) = libc::fchdir(fd);
    /// Change the root directory.
    fn chroot(path: &CStr) = libc::chroot(path.as_ptr());
    /// Lock a section of a file.
    fn lockf(fd: i32, command: i32, length: i64) = libc::lockf(fd, command, length);
    /// Lock a file.
    fn flock(fd: i32, operation: i32) = libc::flock(fd, operation);
    /// Remove an extended attribute.
    fn removexattr(path: &CStr, name: &CStr) = libc::removexattr(path.as_ptr(), name.as_ptr());
    /// Remove an extended attribute of a link.
    fn lremovexattr(path: &CStr, name: &CStr) = libc::lremovexattr(path.as_ptr(), name.as_ptr());
    /// Remove an extended attribute.
    fn fremovexattr(fd: i32, name: &CStr) = libc::fremovexattr(fd, name.as_ptr());
}

/// Announce how a file will be read.
pub fn fadvise(fd: i32, offset: i64, length: i64, advice: i32) -> io::Result<()> {
    // SAFETY: plain values.
    check_number(unsafe { libc::posix_fadvise(fd, offset, length, advice) })
}

/// Make sure that there is room on the disk.
pub fn fallocate(fd: i32, offset: i64, length: i64) -> io::Result<()> {
    // SAFETY: plain values.
    check_number(unsafe { libc::posix_fallocate(fd, offset, length) })
}

/// The pieces of a scattered read or gathered write.
pub fn read_vectored(fd: i32, buffers: &mut [io::IoSliceMut<'_>]) -> io::Result<usize> {
    // SAFETY: `IoSliceMut` has the layout of `iovec`.
    check(unsafe { libc::readv(fd, buffers.as_mut_ptr().cast(), buffers.len() as i32) })
        .map(|n| n as usize)
}

/// Write several buffers.
pub fn write_vectored(fd: i32, buffers: &[io::IoSlice<'_>]) -> io::Result<usize> {
    // SAFETY: `IoSlice` has the layout of `iovec`.
    check(unsafe { libc::writev(fd, buffers.as_ptr().cast(), buffers.len() as i32) })
        .map(|n| n as usize)
}

/// Read several buffers at `offset`.
pub fn pread_vectored(
    fd: i32,
    buffers: &mut [io::IoSliceMut<'_>],
    offset: i64,
    flags: i32,
) -> io::Result<usize> {
    let (ptr, len) = (buffers.as_mut_ptr().cast(), buffers.len() as i32);
    // SAFETY: `IoSliceMut` has the layout of `iovec`.
    check(unsafe { libc::preadv2(fd, ptr, len, offset, flags) }).map(|n| n as usize)
}

/// Write several buffers at `offset`.
pub fn pwrite_vectored(
    fd: i32,
    buffers: &[io::IoSlice<'_>],
    offset: i64,
    flags: i32,
) -> io::Result<usize> {
    let (ptr, len) = (buffers.as_ptr().cast(), buffers.len() as i32);
    // SAFETY: `IoSlice` has the layout of `iovec`.
    check(unsafe { libc::pwritev2(fd, ptr, len, offset, flags) }).map(|n| n as usize)
}

/// `fcntl` with a structure, which may be changed.
pub fn fcntl_buffer(fd: i32, command: i32, data: &mut [u8]) -> io::Result<i32> {
    // SAFETY: the caller's buffer is at least as large as the commands' structures.
    check(unsafe { libc::fcntl(fd, command, data.as_mut_ptr()) })
}

/// `ioctl` with a structure, which may be changed.
///
/// # Safety
///
/// `data` is as large as the request wants it.
pub unsafe fn ioctl_buffer(fd: i32, request: u64, data: *mut u8) -> io::Result<i32> {
    // SAFETY: the caller's promise.
    check(unsafe { libc::ioctl(fd, request, data) })
}

/// A record lock of `fcntl`.
pub fn lock_record(
    fd: i32,
    command: i32,
    kind: i32,
    start: i64,
    length: i64,
    whence: i32,
) -> io::Result<()> {
    let mut lock: libc::flock = zeroed();
    lock.l_type = kind as i16;
    lock.l_whence = whence as i16;
    lock.l_start = start;
    lock.l_len = length;
    // SAFETY: a complete lock description.
    check(unsafe { libc::fcntl(fd, command, &raw mut lock) }).map(drop)
}

/// A C struct of integers, all zero.
pub(crate) fn zeroed<T: Copy>() -> T {
    // SAFETY: used for C structs of integers, arrays and pointers only.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Facts about an open file.
pub fn fstat(fd: i32) -> io::Result<Stat> {
    let mut stat = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::fstat(fd, &mut stat) })?;
    Ok(stat)
}

/// Facts about a named file.
pub fn stat(dir: i32, path: &CStr, flags: i32) -> io::Result<Stat> {
    let mut stat = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::fstatat(dir, path.as_ptr(), &mut stat, flags) })?;
    Ok(stat)
}

/// Facts about a file system.
pub fn statvfs(path: &CStr) -> io::Result<StatVfs> {
    let mut stat = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::statvfs(path.as_ptr(), &mut stat) })?;
    Ok(stat)
}

/// Facts about a file system.
pub fn fstatvfs(fd: i32) -> io::Result<StatVfs> {
    let mut stat = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::fstatvfs(fd, &mut stat) })?;
    Ok(stat)
}

/// What a symbolic link says.
pub fn readlink(dir: i32, path: &CStr) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0u8; 4096];
    loop {
        let (ptr, size) = (buffer.as_mut_ptr().cast(), buffer.len());
        // SAFETY: the buffer has that size.
        let n = check(unsafe { libc::readlinkat(dir, path.as_ptr(), ptr, size) })? as usize;
        if n < size {
            buffer.truncate(n);
            return Ok(buffer);
        }
        buffer.resize(size * 2, 0);
    }
}

/// The working directory.
pub fn getcwd() -> io::Result<Vec<u8>> {
    let mut buffer = vec![0u8; 4096];
    loop {
        // SAFETY: the buffer has that size.
        if !unsafe { libc::getcwd(buffer.as_mut_ptr().cast(), buffer.len()) }.is_null() {
            let end = buffer.iter().position(|b| *b == 0).unwrap_or(buffer.len());
            buffer.truncate(end);
            return Ok(buffer);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::ERANGE) {
            return Err(error);
        }
        buffer.resize(buffer.len() * 2, 0);
    }
}

/// A pipe: its reading and its writing end.
pub fn pipe2(flags: i32) -> io::Result<(i32, i32)> {
    let mut fds = [0; 2];
    // SAFETY: room for two descriptors.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), flags) })?;
    Ok((fds[0], fds[1]))
}

/// Set or clear close-on-exec.
pub fn set_inheritable(fd: i32, inheritable: bool) -> io::Result<()> {
    let flags = fcntl(fd, libc::F_GETFD, 0)?;
    let new = if inheritable { flags & !libc::FD_CLOEXEC } else { flags | libc::FD_CLOEXEC };
    if new != flags {
        fcntl(fd, libc::F_SETFD, i64::from(new))?;
    }
    Ok(())
}

/// Whether a child process gets this descriptor.
pub fn is_inheritable(fd: i32) -> io::Result<bool> {
    Ok(fcntl(fd, libc::F_GETFD, 0)? & libc::FD_CLOEXEC == 0)
}

/// Set or clear `O_NONBLOCK`.
pub fn set_blocking(fd: i32, blocking: bool) -> io::Result<()> {
    let flags = fcntl(fd, libc::F_GETFL, 0)?;
    let new = if blocking { flags & !libc::O_NONBLOCK } else { flags | libc::O_NONBLOCK };
    if new != flags {
        fcntl(fd, libc::F_SETFL, i64::from(new))?;
    }
    Ok(())
}

/// Whether reading waits.
pub fn is_blocking(fd: i32) -> io::Result<bool> {
    Ok(fcntl(fd, libc::F_GETFL, 0)? & libc::O_NONBLOCK == 0)
}

/// Close the descriptors `low..high`, ignoring errors.
pub fn close_range(low: i32, high: i32) {
    if low >= high || high <= 0 {
        return;
    }
    let first = low.max(0) as u32;
    // SAFETY: plain values.
    let status = unsafe { libc::syscall(libc::SYS_close_range, first, (high - 1) as u32, 0) };
    if status == 0 {
        return;
    }
    for fd in low.max(0)..high {
        // SAFETY: plain values.
        unsafe { libc::close(fd) };
    }
}

/// Copy `count` bytes between descriptors; with an offset the position of `input` stays.
pub fn sendfile(out: i32, input: i32, offset: Option<i64>, count: usize) -> io::Result<usize> {
    let mut position = offset.unwrap_or(0);
    let pointer = if offset.is_some() { &raw mut position } else { std::ptr::null_mut() };
    // SAFETY: null or an offset.
    check(unsafe { libc::sendfile(out, input, pointer, count) }).map(|n| n as usize)
}

/// Copy between files inside the kernel.
pub fn copy_file_range(
    from: i32,
    to: i32,
    count: usize,
    from_offset: Option<i64>,
    to_offset: Option<i64>,
) -> io::Result<usize> {
    let (mut a, mut b) = (from_offset.unwrap_or(0), to_offset.unwrap_or(0));
    let a = if from_offset.is_some() { &raw mut a } else { std::ptr::null_mut() };
    let b = if to_offset.is_some() { &raw mut b } else { std::ptr::null_mut() };
    // SAFETY: null or offsets.
    check(unsafe { libc::copy_file_range(from, a, to, b, count, 0) }).map(|n| n as usize)
}

/// Move data between a pipe and a descriptor.
pub fn splice(
    from: i32,
    to: i32,
    count: usize,
    from_offset: Option<i64>,
    to_offset: Option<i64>,
    flags: u32,
) -> io::Result<usize> {
    let (mut a, mut b) = (from_offset.unwrap_or(0), to_offset.unwrap_or(0));
    let a = if from_offset.is_some() { &raw mut a } else { std::ptr::null_mut() };
    let b = if to_offset.is_some() { &raw mut b } else { std::ptr::null_mut() };
    // SAFETY: null or offsets.
    check(unsafe { libc::splice(from, a, to, b, count, flags) }).map(|n| n as usize)
}

/// A file by name or by descriptor, for extended attributes.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    Path(&'a CStr),
    Link(&'a CStr),
    Descriptor(i32),
}

/// The value of an extended attribute.
pub fn getxattr(target: Target<'_>, name: &CStr) -> io::Result<Vec<u8>> {
    grow(|ptr, size| match target {
        // SAFETY: the buffer has that size.
        Target::Path(path) => unsafe {
            libc::getxattr(path.as_ptr(), name.as_ptr(), ptr.cast(), size)
        },
        // SAFETY: as above.
        Target::Link(path) => unsafe {
            libc::lgetxattr(path.as_ptr(), name.as_ptr(), ptr.cast(), size)
        },
        // SAFETY: as above.
        Target::Descriptor(fd) => unsafe { libc::fgetxattr(fd, name.as_ptr(), ptr.cast(), size) },
    })
}

/// The names of the extended attributes, NUL after each.
pub fn listxattr(target: Target<'_>) -> io::Result<Vec<u8>> {
    grow(|ptr, size| match target {
        // SAFETY: the buffer has that size.
        Target::Path(path) => unsafe { libc::listxattr(path.as_ptr(), ptr.cast(), size) },
        // SAFETY: as above.
        Target::Link(path) => unsafe { libc::llistxattr(path.as_ptr(), ptr.cast(), size) },
        // SAFETY: as above.
        Target::Descriptor(fd) => unsafe { libc::flistxattr(fd, ptr.cast(), size) },
    })
}

/// Set an extended attribute.
pub fn setxattr(target: Target<'_>, name: &CStr, value: &[u8], flags: i32) -> io::Result<()> {
    let (ptr, size) = (value.as_ptr().cast(), value.len());
    check(match target {
        // SAFETY: the value has that size.
        Target::Path(path) => unsafe {
            libc::setxattr(path.as_ptr(), name.as_ptr(), ptr, size, flags)
        },
        // SAFETY: as above.
        Target::Link(path) => unsafe {
            libc::lsetxattr(path.as_ptr(), name.as_ptr(), ptr, size, flags)
        },
        // SAFETY: as above.
        Target::Descriptor(fd) => unsafe { libc::fsetxattr(fd, name.as_ptr(), ptr, size, flags) },
    })
    .map(drop)
}

fn grow(mut call: impl FnMut(*mut u8, usize) -> isize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0u8; 256];
    loop {
        match check(call(buffer.as_mut_ptr(), buffer.len())) {
            Ok(n) => {
                buffer.truncate(n as usize);
                return Ok(buffer);
            }
            Err(error) if error.raw_os_error() == Some(libc::ERANGE) && buffer.len() < 1 << 17 => {
                let size = buffer.len() * 8;
                buffer.resize(size, 0);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Set the file mode creation mask; the old one.
pub fn umask(mask: u32) -> u32 {
    // SAFETY: plain values.
    unsafe { libc::umask(mask) }
}

/// Write everything to the disks.
pub fn sync() {
    // SAFETY: no arguments.
    unsafe { libc::sync() }
}

/// An entry of a directory.
pub struct Entry {
    pub name: CString,
    pub inode: u64,
    /// `DT_*`.
    pub kind: u8,
}

/// An open directory.
pub struct Directory(NonNull<libc::DIR>);

impl Directory {
    /// Open by name.
    pub fn open(path: &CStr) -> io::Result<Directory> {
        // SAFETY: a C string.
        let dir = unsafe { libc::opendir(path.as_ptr()) };
        NonNull::new(dir).map(Directory).ok_or_else(io::Error::last_os_error)
    }

    /// Read the directory behind `fd` from its start; `fd` stays open.
    pub fn from_fd(fd: i32) -> io::Result<Directory> {
        let own = dup(fd)?;
        // SAFETY: a descriptor that the directory takes over.
        match NonNull::new(unsafe { libc::fdopendir(own) }) {
            Some(dir) => {
                // SAFETY: an open directory.
                unsafe { libc::rewinddir(dir.as_ptr()) };
                Ok(Directory(dir))
            }
            None => {
                let error = io::Error::last_os_error();
                let _ = close(own);
                Err(error)
            }
        }
    }

    /// The next entry but `.` and `..`; `None` at the end.
    pub fn read(&mut self) -> io::Result<Option<Entry>> {
        loop {
            // SAFETY: errno is thread-local.
            unsafe { *libc::__errno_location() = 0 };
            // SAFETY: an open directory, used by one caller at a time.
            let Some(entry) = NonNull::new(unsafe { libc::readdir(self.0.as_ptr()) }) else {
                let error = io::Error::last_os_error();
                return if error.raw_os_error() == Some(0) { Ok(None) } else { Err(error) };
            };
            // SAFETY: valid until the next call.
            let entry = unsafe { entry.as_ref() };
            // SAFETY: a NUL-terminated name.
            let name = unsafe { CStr::from_ptr(entry.d_name.as_ptr()) };
            if name == c"." || name == c".." {
                continue;
            }
            return Ok(Some(Entry {
                name: name.to_owned(),
                inode: entry.d_ino,
                kind: entry.d_type,
            }));
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: ours alone.
        unsafe { libc::closedir(self.0.as_ptr()) };
    }
}
