//! Functions on named files.

use std::io;

use macros::pymodule;
use object::{
    AsObject, Bytes, Int, List, Obj, Ref, Result, Str, Thread, Tuple, args::Maybe, exceptions,
    raise,
};

use crate::support::{
    Data, DirFd, FsPath, Path, call_named, check, decode_fs, path::Id, path::fspath, retry,
};

/// `OSError` with two file names.
fn two_names(
    th: Thread<'_>,
    from: &Path,
    to: &Path,
    f: impl FnMut() -> io::Result<()>,
) -> Result<()> {
    match retry(th, f)? {
        Ok(()) => Ok(()),
        Err(error) => Err(exceptions::os_error_with_filenames(
            th,
            error.raw_os_error().unwrap_or(0),
            from.object(),
            to.object(),
        )),
    }
}

/// Reject combinations that make no sense, as CPython words it.
pub(super) fn check_combination(
    th: Thread<'_>,
    function: &str,
    path: &FsPath,
    dir_fd: Maybe<DirFd>,
    follow_symlinks: bool,
) -> Result<()> {
    if path.fd().is_some() && dir_fd.0.is_some() {
        raise!(th, ValueError, "{function}: can't specify dir_fd without matching path");
    }
    if path.fd().is_some() && !follow_symlinks {
        raise!(th, ValueError, "{function}: cannot use fd and follow_symlinks together");
    }
    Ok(())
}

/// The error of a system that cannot change a symbolic link itself.
fn refuse_nofollow(th: Thread<'_>, function: &str, dir_fd: Maybe<DirFd>) -> Result<()> {
    if dir_fd.0.is_some() {
        raise!(th, ValueError, "{function}: cannot use dir_fd and follow_symlinks together");
    }
    raise!(th, NotImplementedError, "{function}: follow_symlinks unavailable on this platform");
}

/// A name as the kind of text that the caller's path was.
pub(super) fn name_like(th: Thread<'_>, is_bytes: bool, name: &[u8]) -> Result<Ref> {
    if is_bytes {
        return Bytes::new(th, name).map(Ref::upcast);
    }
    decode_fs(th, name).map(Ref::upcast)
}

/// A part of a device number. No device is -1, and so are its parts.
fn device_number(th: Thread<'_>, device: Obj<'_>, part: impl Fn(u64) -> u32) -> Result {
    let device = Int::index(th, device)?;
    if Int::to_i64(device.obj()) == Some(-1) {
        return Ok(device);
    }
    Int::from_i64(th, i64::from(part(Int::index_to_u64(th, device.obj())?)))
}

fn nofollow(follow_symlinks: bool) -> i32 {
    if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW }
}

fn xattr_target<'a>(
    th: Thread<'_>,
    function: &str,
    path: &'a FsPath,
    follow: bool,
) -> Result<host::fs::Target<'a>> {
    check_combination(th, function, path, Maybe(None), follow)?;
    Ok(match path.fd() {
        Some(fd) => host::fs::Target::Descriptor(fd),
        None if follow => host::fs::Target::Path(path.name()),
        None => host::fs::Target::Link(path.name()),
    })
}

/// Code points of a path argument, for functions on text only.
fn codes(th: Thread<'_>, path: Obj<'_>) -> Result<(Vec<u32>, bool)> {
    if let Some(bytes) = path.downcast::<Bytes>() {
        return Ok((bytes.as_bytes().iter().map(|b| u32::from(*b)).collect(), true));
    }
    match path.downcast::<Str>() {
        Some(string) => Ok((string.units().iter().collect(), false)),
        None => raise!(th, TypeError, "expected str or bytes, not {}", path.type_name()),
    }
}

fn from_codes(th: Thread<'_>, codes: &[u32], is_bytes: bool) -> Result<Ref> {
    if is_bytes {
        let bytes: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
        return Bytes::new(th, &bytes).map(Ref::upcast);
    }
    Str::from_code_points(th, codes).map(Ref::upcast)
}

/// The length of the root: `/`, `//` (exactly two) or nothing.
fn root_length(codes: &[u32]) -> usize {
    const SLASH: u32 = b'/' as u32;
    match codes {
        [SLASH, SLASH, SLASH, ..] => 1,
        [SLASH, SLASH, ..] => 2,
        [SLASH, ..] => 1,
        _ => 0,
    }
}

/// `posixpath.normpath`.
fn normalize(codes: &[u32]) -> Vec<u32> {
    let dot = u32::from(b'.');
    let root = root_length(codes);
    let mut parts: Vec<&[u32]> = Vec::new();
    for part in codes[root..].split(|code| *code == u32::from(b'/')) {
        match part {
            [] => {}
            [a] if *a == dot => {}
            [a, b] if *a == dot && *b == dot => match parts.last() {
                Some(last) if *last != [dot, dot] => drop(parts.pop()),
                None if root > 0 => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let mut result = codes[..root].to_vec();
    result.extend(parts.join(&u32::from(b'/')));
    if result.is_empty() {
        result.push(dot);
    }
    result
}

#[pymodule]
pub(super) mod functions {
    use super::*;

    /// Return the file system path representation of the object.
    ///
    /// If the object is str or bytes, then allow it to pass through as-is. If the
    /// object defines __fspath__(), then return the result of that method. All other
    /// types raise a TypeError.
    #[sig = "(path)"]
    #[name = "fspath"]
    fn fspath_(th: Thread<'_>, path: Obj<'_>) -> Result<Ref> {
        fspath(th, path)
    }

    /// Change the current working directory to the specified path.
    ///
    /// path may always be specified as a string.
    /// On some platforms, path may also be specified as an open file descriptor.
    /// If this functionality is unavailable, using it raises an exception.
    #[sig = "(path)"]
    fn chdir(th: Thread<'_>, path: FsPath) -> Result<()> {
        call_named(th, path.object(), || match path.fd() {
            Some(fd) => host::fs::fchdir(fd),
            None => host::fs::chdir(path.name()),
        })
    }

    /// Change root directory to path.
    #[sig = "(path)"]
    fn chroot(th: Thread<'_>, path: Path) -> Result<()> {
        call_named(th, path.object(), || host::fs::chroot(path.name()))
    }

    /// Return a unicode string representing the current working directory.
    #[sig = "()"]
    fn getcwd(th: Thread<'_>) -> Result<Ref<Str>> {
        let path = check(th, th.allow_threads(host::fs::getcwd))?;
        decode_fs(th, &path)
    }

    /// Return a bytes string representing the current working directory.
    #[sig = "()"]
    fn getcwdb(th: Thread<'_>) -> Result<Ref<Bytes>> {
        let path = check(th, th.allow_threads(host::fs::getcwd))?;
        Bytes::new(th, &path)
    }

    /// Use the real uid/gid to test for access to a path.
    ///
    ///   path
    ///     Path to be tested; can be string, bytes, or a path-like object.
    ///   mode
    ///     Operating-system mode bitfield.  Can be F_OK to test existence,
    ///     or the inclusive-OR of R_OK, W_OK, and X_OK.
    ///   dir_fd
    ///     If not None, it should be a file descriptor open to a directory,
    ///     and path should be relative; path will then be relative to that
    ///     directory.
    ///   effective_ids
    ///     If True, access will use the effective uid/gid instead of
    ///     the real uid/gid.
    ///   follow_symlinks
    ///     If False, and the last element of the path is a symbolic link,
    ///     access will examine the symbolic link itself instead of the file
    ///     the link points to.
    #[sig = "(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)"]
    fn access(
        th: Thread<'_>,
        path: Path,
        mode: i32,
        dir_fd: Maybe<DirFd>,
        effective_ids: bool,
        follow_symlinks: bool,
    ) -> bool {
        let flags = nofollow(follow_symlinks) | if effective_ids { libc::AT_EACCESS } else { 0 };
        let dir = DirFd::of(dir_fd);
        th.allow_threads(|| host::fs::access(dir, path.name(), mode, flags)).is_ok()
    }

    /// Change the access permissions of a file.
    ///
    ///   path
    ///     Path to be modified.  May always be specified as a str, bytes, or a path-like object.
    ///     On some platforms, path may also be specified as an open file descriptor.
    ///     If this functionality is unavailable, using it raises an exception.
    ///   mode
    ///     Operating-system mode bitfield.
    ///   dir_fd
    ///     If not None, it should be a file descriptor open to a directory,
    ///     and path should be relative; path will then be relative to that
    ///     directory.
    ///   follow_symlinks
    ///     If False, and the last element of the path is a symbolic link,
    ///     chmod will modify the symbolic link itself instead of the file
    ///     the link points to.
    #[sig = "(path, mode, *, dir_fd=None, follow_symlinks=(os.name != 'nt'))"]
    fn chmod(
        th: Thread<'_>,
        path: FsPath,
        mode: i32,
        dir_fd: Maybe<DirFd>,
        follow_symlinks: Option<Obj<'_>>,
    ) -> Result<()> {
        let follow = match follow_symlinks {
            Some(follow) => object::protocol::is_true(th, follow)?,
            None => true,
        };
        let dir = DirFd::of(dir_fd);
        let done = retry(th, || match path.fd() {
            Some(fd) => host::fs::fchmod(fd, mode as u32),
            None => host::fs::chmod(dir, path.name(), mode as u32, nofollow(follow)),
        })?;
        match done {
            Ok(()) => Ok(()),
            Err(error) if !follow && error.kind() == io::ErrorKind::Unsupported => {
                refuse_nofollow(th, "chmod", dir_fd)
            }
            Err(error) => Err(exceptions::io_error(th, &error, path.object())),
        }
    }

    /// Change the owner and group id of path to the numeric uid and gid.
    ///
    ///   path
    ///     Path to be examined; can be string, bytes, a path-like object, or open-file-descriptor int.
    ///   dir_fd
    ///     If not None, it should be a file descriptor open to a directory,
    ///     and path should be relative; path will then be relative to that
    ///     directory.
    ///   follow_symlinks
    ///     If False, and the last element of the path is a symbolic link,
    ///     stat will examine the symbolic link itself instead of the file
    ///     the link points to.
    #[sig = "(path, uid, gid, *, dir_fd=None, follow_symlinks=True)"]
    fn chown(
        th: Thread<'_>,
        path: FsPath,
        uid: Id,
        gid: Id,
        dir_fd: Maybe<DirFd>,
        follow_symlinks: bool,
    ) -> Result<()> {
        check_combination(th, "chown", &path, dir_fd, follow_symlinks)?;
        let (dir, flags) = (DirFd::of(dir_fd), nofollow(follow_symlinks));
        call_named(th, path.object(), || match path.fd() {
            Some(fd) => host::fs::fchown(fd, uid.0, gid.0),
            None => host::fs::chown(dir, path.name(), uid.0, gid.0, flags),
        })
    }

    /// Change the owner and group id of path to the numeric uid and gid.
    ///
    /// This function will not follow symbolic links.
    /// Equivalent to os.chown(path, uid, gid, follow_symlinks=False).
    #[sig = "(path, uid, gid)"]
    fn lchown(th: Thread<'_>, path: Path, uid: Id, gid: Id) -> Result<()> {
        let flags = libc::AT_SYMLINK_NOFOLLOW;
        call_named(th, path.object(), || {
            host::fs::chown(host::fs::AT_FDCWD, path.name(), uid.0, gid.0, flags)
        })
    }

    /// Create a hard link to a file.
    ///
    /// If either src_dir_fd or dst_dir_fd is not None, it should be a file
    ///   descriptor open to a directory, and the respective path string (src or dst)
    ///   should be relative; the path will then be relative to that directory.
    /// If follow_symlinks is False, and the last element of src is a symbolic
    ///   link, link will create a link to the symbolic link itself instead of the
    ///   file the link points to.
    #[sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=(os.name != 'nt'))"]
    fn link(
        th: Thread<'_>,
        src: Path,
        dst: Path,
        src_dir_fd: Maybe<DirFd>,
        dst_dir_fd: Maybe<DirFd>,
        follow_symlinks: Option<Obj<'_>>,
    ) -> Result<()> {
        let follow = match follow_symlinks {
            Some(follow) => object::protocol::is_true(th, follow)?,
            None => true,
        };
        let flags = if follow { libc::AT_SYMLINK_FOLLOW } else { 0 };
        let (from, to) = (DirFd::of(src_dir_fd), DirFd::of(dst_dir_fd));
        two_names(th, &src, &dst, || host::fs::link(from, src.name(), to, dst.name(), flags))
    }

    /// Create a symbolic link pointing to src named dst.
    ///
    /// target_is_directory is required on Windows if the target is to be
    ///   interpreted as a directory.  (On Windows, symlink requires
    ///   Windows 6.0 or greater, and raises a NotImplementedError otherwise.)
    ///   target_is_directory is ignored on non-Windows platforms.
    ///
    /// If dir_fd is not None, it should be a file descriptor open to a directory,
    ///   and path should be relative; path will then be relative to that directory.
    #[sig = "(src, dst, target_is_directory=False, *, dir_fd=None)"]
    fn symlink(
        th: Thread<'_>,
        src: Path,
        dst: Path,
        target_is_directory: bool,
        dir_fd: Maybe<DirFd>,
    ) -> Result<()> {
        let _ = target_is_directory;
        let dir = DirFd::of(dir_fd);
        two_names(th, &src, &dst, || host::fs::symlink(src.name(), dir, dst.name()))
    }

    /// Return a string representing the path to which the symbolic link points.
    ///
    /// If dir_fd is not None, it should be a file descriptor open to a directory,
    /// and path should be relative; path will then be relative to that directory.
    #[sig = "(path, *, dir_fd=None)"]
    fn readlink(th: Thread<'_>, path: Path, dir_fd: Maybe<DirFd>) -> Result<Ref> {
        let dir = DirFd::of(dir_fd);
        let target = call_named(th, path.object(), || host::fs::readlink(dir, path.name()))?;
        name_like(th, path.is_bytes(), &target)
    }

    /// Create a directory.
    ///
    /// If dir_fd is not None, it should be a file descriptor open to a directory,
    ///   and path should be relative; path will then be relative to that directory.
    ///
    /// The mode argument is ignored on Windows. Where it is used, the current umask
    /// value is first masked out.
    #[sig = "(path, mode=511, *, dir_fd=None)"]
    fn mkdir(th: Thread<'_>, path: Path, mode: i32, dir_fd: Maybe<DirFd>) -> Result<()> {
        let dir = DirFd::of(dir_fd);
        call_named(th, path.object(), || host::fs::mkdir(dir, path.name(), mode as u32))
    }

    /// Remove a directory.
    ///
    /// If dir_fd is not None, it should be a file descriptor open to a directory,
    ///   and path should be relative; path will then be relative to that directory.
    #[sig = "(path, *, dir_fd=None)"]
    fn rmdir(th: Thread<'_>, path: Path, dir_fd: Maybe<DirFd>) -> Result<()> {
        let dir = DirFd::of(dir_fd);
        call_named(th, path.object(), || host::fs::unlink(dir, path.name(), libc::AT_REMOVEDIR))
    }

    /// Remove a file (same as remove()).
    ///
    /// If dir_fd is not None, it should be a file descriptor open to a directory,
    ///   and path should be relative; path will then be relative to that directory.
    #[sig = "(path, *, dir_fd=None)"]
    fn unlink(th: Thread<'_>, path: Path, dir_fd: Maybe<DirFd>) -> Result<()> {
        let dir = DirFd::of(dir_fd);
        call_named(th, path.object(), || host::fs::unlink(dir, path.name(), 0))
    }

    /// Remove a file (same as unlink()).
    ///
    /// If dir_fd is not None, it should be a file descriptor open to a directory,
    ///   and path should be relative; path will then be relative to that directory.
    #[sig = "(path, *, dir_fd=None)"]
    fn remove(th: Thread<'_>, path: Path, dir_fd: Maybe<DirFd>) -> Result<()> {
        let dir = DirFd::of(dir_fd);
        call_named(th, path.object(), || host::fs::unlink(dir, path.name(), 0))
    }

    /// Rename a file or directory.
    ///
    /// If either src_dir_fd or dst_dir_fd is not None, it should be a file
    ///   descriptor open to a directory, and the respective path string (src or dst)
    ///   should be relative; the path will then be relative to that directory.
    #[sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)"]
    fn rename(
        th: Thread<'_>,
        src: Path,
        dst: Path,
        src_dir_fd: Maybe<DirFd>,
        dst_dir_fd: Maybe<DirFd>,
    ) -> Result<()> {
        let (from, to) = (DirFd::of(src_dir_fd), DirFd::of(dst_dir_fd));
        two_names(th, &src, &dst, || host::fs::rename(from, src.name(), to, dst.name()))
    }

    /// Rename a file or directory, overwriting the destination.
    ///
    /// If either src_dir_fd or dst_dir_fd is not None, it should be a file
    ///   descriptor open to a directory, and the respective path string (src or dst)
    ///   should be relative; the path will then be relative to that directory.
    #[sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)"]
    fn replace(
        th: Thread<'_>,
        src: Path,
        dst: Path,
        src_dir_fd: Maybe<DirFd>,
        dst_dir_fd: Maybe<DirFd>,
    ) -> Result<()> {
        let (from, to) = (DirFd::of(src_dir_fd), DirFd::of(dst_dir_fd));
        two_names(th, &src, &dst, || host::fs::rename(from, src.name(), to, dst.name()))
    }

    /// Truncate a file, specified by path, to a specific length.
    ///
    /// On some platforms, path may also be specified as an open file descriptor.
    /// If this functionality is unavailable, using it raises an exception.
    #[sig = "(path, length)"]
    fn truncate(th: Thread<'_>, path: FsPath, length: i64) -> Result<()> {
        call_named(th, path.object(), || match path.fd() {
            Some(fd) => host::fs::ftruncate(fd, length),
            None => host::fs::truncate(path.name(), length),
        })
    }

    /// Set the access and modified time of path.
    ///
    /// path may always be specified as a string.
    /// On some platforms, path may also be specified as an open file descriptor.
    ///   If this functionality is unavailable, using it raises an exception.
    ///
    /// If times is not None, it must be a tuple (atime, mtime);
    ///     atime and mtime should be expressed as float seconds since the epoch.
    /// If ns is specified, it must be a tuple (atime_ns, mtime_ns);
    ///     atime_ns and mtime_ns should be expressed as integer nanoseconds
    ///     since the epoch.
    /// If times is None and ns is unspecified, utime uses the current time.
    /// Specifying tuples for both times and ns is an error.
    #[sig = "(path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)"]
    fn utime(
        th: Thread<'_>,
        path: FsPath,
        times: Option<Obj<'_>>,
        ns: Option<Obj<'_>>,
        dir_fd: Maybe<DirFd>,
        follow_symlinks: bool,
    ) -> Result<()> {
        let times = times.filter(|times| !times.is_none());
        if times.is_some() && ns.is_some() {
            raise!(th, ValueError, "utime: you may specify either 'times' or 'ns' but not both");
        }
        let now = libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW };
        let mut spec = [now, now];
        if let Some(times) = times {
            let Some([atime, mtime]) = times.downcast::<Tuple>().map(Tuple::items) else {
                raise!(th, TypeError, "utime: 'times' must be either a tuple of two ints or None");
            };
            let floor = crate::support::Round::Floor;
            for (slot, time) in spec.iter_mut().zip([atime, mtime]) {
                let ns = crate::support::seconds_to_ns(th, *time, floor)?;
                *slot = host::time::timespec(ns);
            }
        }
        if let Some(ns) = ns {
            let Some([atime, mtime]) = ns.downcast::<Tuple>().map(Tuple::items) else {
                raise!(th, TypeError, "utime: 'ns' must be a tuple of two ints");
            };
            for (slot, time) in spec.iter_mut().zip([atime, mtime]) {
                *slot = host::time::timespec(Int::index_to_i64(th, *time)?);
            }
        }
        check_combination(th, "utime", &path, dir_fd, follow_symlinks)?;
        let (dir, flags) = (DirFd::of(dir_fd), nofollow(follow_symlinks));
        call_named(th, path.object(), || match path.fd() {
            Some(fd) => host::fs::futime(fd, &spec),
            None => host::fs::utime(dir, path.name(), &spec, flags),
        })
    }

    /// Create a "fifo" (a POSIX named pipe).
    ///
    /// If dir_fd is not None, it should be a file descriptor open to a directory,
    ///   and path should be relative; path will then be relative to that directory.
    #[sig = "(path, mode=438, *, dir_fd=None)"]
    fn mkfifo(th: Thread<'_>, path: Path, mode: i32, dir_fd: Maybe<DirFd>) -> Result<()> {
        let dir = DirFd::of(dir_fd);
        call_named(th, path.object(), || host::fs::mkfifo(dir, path.name(), mode as u32))
    }

    /// Create a node in the file system.
    ///
    /// Create a node in the file system (file, device special file or named pipe)
    /// at path.  mode specifies both the permissions to use and the
    /// type of node to be created, being combined (bitwise OR) with one of
    /// S_IFREG, S_IFCHR, S_IFBLK, and S_IFIFO.  If S_IFCHR or S_IFBLK is set on mode,
    /// device defines the newly created device special file (probably using
    /// os.makedev()).  Otherwise device is ignored.
    #[sig = "(path, mode=384, device=0, *, dir_fd=None)"]
    fn mknod(
        th: Thread<'_>,
        path: Path,
        mode: i32,
        device: u64,
        dir_fd: Maybe<DirFd>,
    ) -> Result<()> {
        let dir = DirFd::of(dir_fd);
        call_named(th, path.object(), || host::fs::mknod(dir, path.name(), mode as u32, device))
    }

    /// Extracts a device major number from a raw device number.
    #[sig = "(device, /)"]
    fn major(th: Thread<'_>, device: Obj<'_>) -> Result {
        device_number(th, device, |device| libc::major(device))
    }

    /// Extracts a device minor number from a raw device number.
    #[sig = "(device, /)"]
    fn minor(th: Thread<'_>, device: Obj<'_>) -> Result {
        device_number(th, device, |device| libc::minor(device))
    }

    /// Composes a raw device number from the major and minor device numbers.
    #[sig = "(major, minor, /)"]
    fn makedev(th: Thread<'_>, major: Obj<'_>, minor: Obj<'_>) -> Result {
        let number = |value: Obj<'_>| -> Result<u32> {
            let index = Int::index(th, value)?;
            match Int::to_i64(index.obj()) {
                Some(-1) => Ok(u32::MAX),
                Some(value) if value < 0 => {
                    raise!(th, OverflowError, "can't convert negative int to unsigned")
                }
                value => match value.and_then(|value| u32::try_from(value).ok()) {
                    Some(value) => Ok(value),
                    None => {
                        raise!(th, OverflowError, "Python int too large to convert to C dev_t")
                    }
                },
            }
        };
        let device = libc::makedev(number(major)?, number(minor)?);
        // COMPAT: no device is -1; test_posix.test_makedev.
        if device == u64::MAX { Int::from_i64(th, -1) } else { Int::from_u64(th, device) }
    }

    /// Return a list containing the names of the files in the directory.
    ///
    /// path can be specified as either str, bytes, or a path-like object.  If path is bytes,
    ///   the filenames returned will also be bytes; in all other circumstances
    ///   the filenames returned will be str.
    /// If path is None, uses the path='.'.
    /// On some platforms, path may also be specified as an open file descriptor;\
    ///   the file descriptor must refer to a directory.
    ///   If this functionality is unavailable, using it raises NotImplementedError.
    ///
    /// The list is in arbitrary order.  It does not include the special
    /// entries '.' and '..' even if they are present in the directory.
    #[sig = "(path=None)"]
    fn listdir(th: Thread<'_>, path: Maybe<FsPath>) -> Result<Ref<List>> {
        let path = path.0.unwrap_or_else(FsPath::current);
        let names = call_named(th, path.object(), || {
            let mut directory = match path.fd() {
                Some(fd) => host::fs::Directory::from_fd(fd)?,
                None => host::fs::Directory::open(path.name())?,
            };
            let mut names = Vec::new();
            while let Some(entry) = directory.read()? {
                names.push(entry.name);
            }
            Ok(names)
        })?;
        let list = List::new(th)?;
        for name in names {
            list.push(th, name_like(th, path.is_bytes(), name.as_bytes())?)?;
        }
        Ok(list)
    }

    /// Return the value of extended attribute attribute on path.
    ///
    /// path may be either a string, a path-like object, or an open file descriptor.
    /// If follow_symlinks is False, and the last element of the path is a symbolic
    ///   link, getxattr will examine the symbolic link itself instead of the file
    ///   the link points to.
    #[sig = "(path, attribute, *, follow_symlinks=True)"]
    fn getxattr(
        th: Thread<'_>,
        path: FsPath,
        attribute: Path,
        follow_symlinks: bool,
    ) -> Result<Ref<Bytes>> {
        let target = xattr_target(th, "getxattr", &path, follow_symlinks)?;
        let value = call_named(th, path.object(), || host::fs::getxattr(target, attribute.name()))?;
        Bytes::new(th, &value)
    }

    /// Set extended attribute attribute on path to value.
    ///
    /// path may be either a string, a path-like object,  or an open file descriptor.
    /// If follow_symlinks is False, and the last element of the path is a symbolic
    ///   link, setxattr will modify the symbolic link itself instead of the file
    ///   the link points to.
    #[sig = "(path, attribute, value, flags=0, *, follow_symlinks=True)"]
    fn setxattr(
        th: Thread<'_>,
        path: FsPath,
        attribute: Path,
        value: Data,
        flags: i32,
        follow_symlinks: bool,
    ) -> Result<()> {
        let target = xattr_target(th, "setxattr", &path, follow_symlinks)?;
        call_named(th, path.object(), || {
            host::fs::setxattr(target, attribute.name(), value.bytes(), flags)
        })
    }

    /// Remove extended attribute attribute on path.
    ///
    /// path may be either a string, a path-like object, or an open file descriptor.
    /// If follow_symlinks is False, and the last element of the path is a symbolic
    ///   link, removexattr will modify the symbolic link itself instead of the file
    ///   the link points to.
    #[sig = "(path, attribute, *, follow_symlinks=True)"]
    fn removexattr(
        th: Thread<'_>,
        path: FsPath,
        attribute: Path,
        follow_symlinks: bool,
    ) -> Result<()> {
        let target = xattr_target(th, "removexattr", &path, follow_symlinks)?;
        let name = attribute.name();
        call_named(th, path.object(), || match target {
            host::fs::Target::Path(path) => host::fs::removexattr(path, name),
            host::fs::Target::Link(path) => host::fs::lremovexattr(path, name),
            host::fs::Target::Descriptor(fd) => host::fs::fremovexattr(fd, name),
        })
    }

    /// Return a list of extended attributes on path.
    ///
    /// path may be either None, a string, a path-like object, or an open file descriptor.
    /// if path is None, listxattr will examine the current directory.
    /// If follow_symlinks is False, and the last element of the path is a symbolic
    ///   link, listxattr will examine the symbolic link itself instead of the file
    ///   the link points to.
    #[sig = "(path=None, *, follow_symlinks=True)"]
    fn listxattr(th: Thread<'_>, path: Maybe<FsPath>, follow_symlinks: bool) -> Result<Ref<List>> {
        let path = path.0.unwrap_or_else(FsPath::current);
        let target = xattr_target(th, "listxattr", &path, follow_symlinks)?;
        let names = call_named(th, path.object(), || host::fs::listxattr(target))?;
        let list = List::new(th)?;
        for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            list.push(th, decode_fs(th, name)?.upcast())?;
        }
        Ok(list)
    }

    /// Set the current numeric umask and return the previous umask.
    #[sig = "(mask, /)"]
    fn umask(_: Thread<'_>, mask: i32) -> u32 {
        host::fs::umask(mask as u32)
    }

    /// Normalize path, eliminating double slashes, etc.
    #[sig = "(path)"]
    fn _path_normpath(th: Thread<'_>, path: Obj<'_>) -> Result<Ref> {
        let path = fspath(th, path)?;
        let (codes, is_bytes) = codes(th, path.obj())?;
        from_codes(th, &normalize(&codes), is_bytes)
    }

    /// Split a pathname into drive, root and tail.
    ///
    /// The tail contains anything after the root.
    #[sig = "(p)"]
    fn _path_splitroot_ex(th: Thread<'_>, p: Obj<'_>) -> Result<(Ref, Ref, Ref)> {
        let path = fspath(th, p)?;
        let (codes, is_bytes) = codes(th, path.obj())?;
        let (root, tail) = codes.split_at(root_length(&codes));
        Ok((
            from_codes(th, &[], is_bytes)?,
            from_codes(th, root, is_bytes)?,
            from_codes(th, tail, is_bytes)?,
        ))
    }
}
