//! `stat` and its relatives, and the struct sequences of the module.

use macros::pymodule;
use object::{Float, Int, IntoObject, Module, Ref, Result, Thread, args::Maybe};

use crate::support::{
    DirFd, Fd, FsPath, Path, call, call_named,
    structseq::{Decl, StructSeq as _},
};

use super::paths::check_combination;

/// `os.stat_result`.
pub(crate) static STAT_RESULT: Decl = Decl {
    name: "os.stat_result",
    doc: "stat_result: Result from stat, fstat, or lstat.\n\n\
          This object may be accessed either as a tuple of\n  \
          (mode, ino, dev, nlink, uid, gid, size, atime, mtime, ctime)\n\
          or via the attributes st_mode, st_ino, st_dev, st_nlink, and so on.\n\n\
          Posix/windows: If your platform supports st_blksize, st_blocks, st_rdev,\n\
          or st_flags, they are available as attributes only.\n\n\
          See os.stat for more information.",
    fields: &[
        ("st_mode", "protection bits"),
        ("st_ino", "inode"),
        ("st_dev", "device"),
        ("st_nlink", "number of hard links"),
        ("st_uid", "user ID of owner"),
        ("st_gid", "group ID of owner"),
        ("st_size", "total size, in bytes"),
        ("", ""),
        ("", ""),
        ("", ""),
        ("st_atime", "time of last access"),
        ("st_mtime", "time of last modification"),
        ("st_ctime", "time of last change"),
        ("st_atime_ns", "time of last access in nanoseconds"),
        ("st_mtime_ns", "time of last modification in nanoseconds"),
        ("st_ctime_ns", "time of last change in nanoseconds"),
        ("st_blksize", "blocksize for filesystem I/O"),
        ("st_blocks", "number of blocks allocated"),
        ("st_rdev", "device type (if inode device)"),
    ],
    visible: 10,
    instantiable: true,
};

/// `os.statvfs_result`.
static STATVFS_RESULT: Decl = Decl {
    name: "os.statvfs_result",
    doc: "statvfs_result: Result from statvfs or fstatvfs.\n\n\
          This object may be accessed either as a tuple of\n  \
          (bsize, frsize, blocks, bfree, bavail, files, ffree, favail, flag, namemax),\n\
          or via the attributes f_bsize, f_frsize, f_blocks, f_bfree, and so on.\n\n\
          See os.statvfs for more information.",
    fields: &[
        ("f_bsize", ""),
        ("f_frsize", ""),
        ("f_blocks", ""),
        ("f_bfree", ""),
        ("f_bavail", ""),
        ("f_files", ""),
        ("f_ffree", ""),
        ("f_favail", ""),
        ("f_flag", ""),
        ("f_namemax", ""),
        ("f_fsid", ""),
    ],
    visible: 10,
    instantiable: true,
};

/// `os.terminal_size`.
pub(crate) static TERMINAL_SIZE: Decl = Decl {
    name: "os.terminal_size",
    doc: "A tuple of (columns, lines) for holding terminal window size",
    fields: &[
        ("columns", "width of the terminal window in characters"),
        ("lines", "height of the terminal window in characters"),
    ],
    visible: 2,
    instantiable: true,
};

/// A `stat_result`.
pub(crate) fn stat_result(th: Thread<'_>, stat: &host::fs::Stat) -> Result<Ref> {
    let times = [
        (stat.st_atime, stat.st_atime_nsec),
        (stat.st_mtime, stat.st_mtime_nsec),
        (stat.st_ctime, stat.st_ctime_nsec),
    ];
    let mut values = vec![
        stat.st_mode.into_object(th)?,
        stat.st_ino.into_object(th)?,
        stat.st_dev.into_object(th)?,
        stat.st_nlink.into_object(th)?,
        stat.st_uid.into_object(th)?,
        stat.st_gid.into_object(th)?,
        stat.st_size.into_object(th)?,
    ];
    for (seconds, _) in times {
        values.push(seconds.into_object(th)?);
    }
    for (seconds, ns) in times {
        values.push(Float::new(th, seconds as f64 + 1e-9 * ns as f64)?.upcast());
    }
    for (seconds, ns) in times {
        let total = i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        values.push(Int::from_i128(th, total)?);
    }
    values.push(stat.st_blksize.into_object(th)?);
    values.push(stat.st_blocks.into_object(th)?);
    values.push(stat.st_rdev.into_object(th)?);
    STAT_RESULT.make(th, values)
}

fn statvfs_result(th: Thread<'_>, stat: &host::fs::StatVfs) -> Result<Ref> {
    let values = [
        stat.f_bsize,
        stat.f_frsize,
        stat.f_blocks,
        stat.f_bfree,
        stat.f_bavail,
        stat.f_files,
        stat.f_ffree,
        stat.f_favail,
        stat.f_flag,
        stat.f_namemax,
        stat.f_fsid,
    ];
    let values = values.iter().map(|value| value.into_object(th)).collect::<Result<Vec<_>>>()?;
    STATVFS_RESULT.make(th, values)
}

/// `os.stat` of a path or descriptor.
pub(super) fn do_stat(
    th: Thread<'_>,
    function: &str,
    path: &FsPath,
    dir_fd: Maybe<DirFd>,
    follow_symlinks: bool,
) -> Result<Ref> {
    check_combination(th, function, path, dir_fd, follow_symlinks)?;
    let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    let dir = DirFd::of(dir_fd);
    let stat = call_named(th, path.object(), || match path.fd() {
        Some(fd) => host::fs::fstat(fd),
        None => host::fs::stat(dir, path.name(), flags),
    })?;
    stat_result(th, &stat)
}

#[pymodule]
pub(super) mod functions {
    use super::*;

    /// Perform a stat system call on the given path.
    ///
    ///   path
    ///     Path to be examined; can be string, bytes, a path-like object or
    ///     open-file-descriptor int.
    ///   dir_fd
    ///     If not None, it should be a file descriptor open to a directory,
    ///     and path should be a relative string; path will then be relative to
    ///     that directory.
    ///   follow_symlinks
    ///     If False, and the last element of the path is a symbolic link,
    ///     stat will examine the symbolic link itself instead of the file
    ///     the link points to.
    ///
    /// dir_fd and follow_symlinks may not be implemented
    ///   on your platform.  If they are unavailable, using them will raise a
    ///   NotImplementedError.
    ///
    /// It's an error to use dir_fd or follow_symlinks when specifying path as
    ///   an open file descriptor.
    #[sig = "(path, *, dir_fd=None, follow_symlinks=True)"]
    fn stat(
        th: Thread<'_>,
        path: FsPath,
        dir_fd: Maybe<DirFd>,
        follow_symlinks: bool,
    ) -> Result<Ref> {
        do_stat(th, "stat", &path, dir_fd, follow_symlinks)
    }

    /// Perform a stat system call on the given path, without following symbolic links.
    ///
    /// Like stat(), but do not follow symbolic links.
    /// Equivalent to stat(path, follow_symlinks=False).
    #[sig = "(path, *, dir_fd=None)"]
    fn lstat(th: Thread<'_>, path: Path, dir_fd: Maybe<DirFd>) -> Result<Ref> {
        let (dir, flags) = (DirFd::of(dir_fd), libc::AT_SYMLINK_NOFOLLOW);
        let stat = call_named(th, path.object(), || host::fs::stat(dir, path.name(), flags))?;
        stat_result(th, &stat)
    }

    /// Perform a stat system call on the given file descriptor.
    ///
    /// Like stat(), but for an open file descriptor.
    /// Equivalent to os.stat(fd).
    #[sig = "(fd)"]
    fn fstat(th: Thread<'_>, fd: i32) -> Result<Ref> {
        let stat = call(th, || host::fs::fstat(fd))?;
        stat_result(th, &stat)
    }

    /// Perform a statvfs system call on the given path.
    ///
    /// path may always be specified as a string.
    /// On some platforms, path may also be specified as an open file descriptor.
    ///   If this functionality is unavailable, using it raises an exception.
    #[sig = "(path)"]
    fn statvfs(th: Thread<'_>, path: FsPath) -> Result<Ref> {
        let stat = call_named(th, path.object(), || match path.fd() {
            Some(fd) => host::fs::fstatvfs(fd),
            None => host::fs::statvfs(path.name()),
        })?;
        statvfs_result(th, &stat)
    }

    /// Perform an fstatvfs system call on the given fd.
    ///
    /// Equivalent to statvfs(fd).
    #[sig = "(fd, /)"]
    fn fstatvfs(th: Thread<'_>, fd: Fd) -> Result<Ref> {
        let stat = call(th, || host::fs::fstatvfs(fd.0))?;
        statvfs_result(th, &stat)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        for decl in [&STAT_RESULT, &STATVFS_RESULT, &TERMINAL_SIZE] {
            decl.add_to(th, module)?;
        }
        Ok(())
    }
}
