//! `fcntl`: control of open files.

use macros::pymodule;
use object::{Bytes, Int, IntoObject, Module, Obj, Ref, Result, Str, Thread, raise};

use crate::support::{Buffer, Fd, Writable, call, encode_fs};

/// The largest structure that is copied.
const LIMIT: usize = 1024;

/// The bytes of a `str` or bytes-like argument, in a buffer large enough for any answer.
fn structure(th: Thread<'_>, function: &str, arg: Obj<'_>) -> Result<(Vec<u8>, usize)> {
    let mut data = match arg.downcast::<Str>() {
        Some(text) => encode_fs(th, text)?,
        None => Buffer::readable(th, arg)?.bytes().to_vec(),
    };
    let len = data.len();
    if len > LIMIT {
        raise!(th, ValueError, "{function} argument 3 is too long");
    }
    data.resize(LIMIT + 8, 0);
    Ok((data, len))
}

fn index(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<i64> {
    match object {
        Some(object) => Int::index_to_i64(th, object),
        None => Ok(0),
    }
}

/// This module performs file control and I/O control on file
/// descriptors.  It is an interface to the fcntl() and ioctl() Unix
/// routines.  File descriptors can be obtained with the fileno() method of
/// a file or socket object.
#[pymodule]
pub mod fcntl {
    use super::*;

    /// Perform the operation `cmd` on file descriptor fd.
    ///
    /// The values used for `cmd` are operating system dependent, and are available
    /// as constants in the fcntl module, using the same names as used in
    /// the relevant C header files.  The argument arg is optional, and
    /// defaults to 0; it may be an integer, a bytes-like object or a string.
    #[sig = "(fd, cmd, arg=0, /)"]
    #[name = "fcntl"]
    fn fcntl_(th: Thread<'_>, fd: Fd, cmd: i32, arg: Option<Obj<'_>>) -> Result<Ref> {
        match arg {
            Some(arg) if !Int::is_index(arg) => {
                let (mut data, len) = structure(th, "fcntl", arg)?;
                call(th, || host::fs::fcntl_buffer(fd.0, cmd, &mut data))?;
                Bytes::new(th, data.get(..len).unwrap_or_default()).map(Ref::upcast)
            }
            arg => {
                let arg = i64::from(index(th, arg)? as u32 as i32);
                call(th, || host::fs::fcntl(fd.0, cmd, arg))?.into_object(th)
            }
        }
    }

    /// Perform the operation request on file descriptor fd.
    ///
    /// The values used for request are operating system dependent, and are available
    /// as constants in the fcntl or termios library modules, using the same names as
    /// used in the relevant C header files.
    #[sig = "(fd, request, arg=0, mutate_flag=True, /)"]
    fn ioctl(
        th: Thread<'_>,
        fd: Fd,
        request: Obj<'_>,
        arg: Option<Obj<'_>>,
        mutate_flag: bool,
    ) -> Result<Ref> {
        let request = Int::index_to_i64(th, request)? as u64;
        let Some(arg) = arg.filter(|arg| !Int::is_index(*arg)) else {
            let arg = index(th, arg)?;
            return call(th, || host::fs::ioctl(fd.0, request, arg))?.into_object(th);
        };
        if mutate_flag && arg.downcast::<Str>().is_none() {
            match Writable::new(th, arg) {
                Ok(target) => {
                    let len = target.len();
                    let mut data = target.bytes_mut().to_vec();
                    data.resize(len.max(LIMIT) + 8, 0);
                    let result = call(th, || {
                        // SAFETY: as large as any structure the requests know, and the program's length.
                        unsafe { host::fs::ioctl_buffer(fd.0, request, data.as_mut_ptr()) }
                    })?;
                    for (to, from) in target.bytes_mut().iter_mut().zip(&data) {
                        *to = *from;
                    }
                    return result.into_object(th);
                }
                Err(raised) => th.clear_exception(raised),
            }
        }
        let (mut data, len) = structure(th, "ioctl", arg)?;
        call(th, || {
            // SAFETY: as large as any structure the requests know, and the program's length.
            unsafe { host::fs::ioctl_buffer(fd.0, request, data.as_mut_ptr()) }
        })?;
        Bytes::new(th, data.get(..len).unwrap_or_default()).map(Ref::upcast)
    }

    /// Perform the lock operation `operation` on file descriptor `fd`.
    ///
    /// See the Unix manual page for flock(2) for details (On some systems, this
    /// function is emulated using fcntl()).
    #[sig = "(fd, operation, /)"]
    fn flock(th: Thread<'_>, fd: Fd, operation: i32) -> Result<()> {
        call(th, || host::fs::flock(fd.0, operation))
    }

    /// A wrapper around the fcntl() locking calls.
    ///
    /// `fd` is the file descriptor of the file to lock or unlock, and operation is one
    /// of the following values:
    ///
    ///     LOCK_UN - unlock
    ///     LOCK_SH - acquire a shared lock
    ///     LOCK_EX - acquire an exclusive lock
    #[sig = "(fd, cmd, len=0, start=0, whence=0, /)"]
    fn lockf(
        th: Thread<'_>,
        fd: Fd,
        cmd: i32,
        len: Option<Obj<'_>>,
        start: Option<Obj<'_>>,
        whence: i32,
    ) -> Result<()> {
        let kind = match cmd {
            libc::LOCK_UN => libc::F_UNLCK,
            cmd if cmd & libc::LOCK_SH != 0 => libc::F_RDLCK,
            cmd if cmd & libc::LOCK_EX != 0 => libc::F_WRLCK,
            _ => raise!(th, ValueError, "unrecognized lockf argument"),
        };
        let (len, start) = (index(th, len)?, index(th, start)?);
        let wait = if cmd & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
        call(th, || host::fs::lock_record(fd.0, wait, kind as i32, start, len, whence))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        crate::support::add_ints(th, module, CONSTANTS)
    }
}

/// Integer constants of the module.
static CONSTANTS: &[(&str, i64)] = &[
    ("DN_ACCESS", 1),
    ("DN_ATTRIB", 32),
    ("DN_CREATE", 4),
    ("DN_DELETE", 8),
    ("DN_MODIFY", 2),
    ("DN_MULTISHOT", 2147483648),
    ("DN_RENAME", 16),
    ("FASYNC", 8192),
    ("FD_CLOEXEC", 1),
    ("FICLONE", 1074041865),
    ("FICLONERANGE", 1075876877),
    ("F_ADD_SEALS", 1033),
    ("F_DUPFD", 0),
    ("F_DUPFD_CLOEXEC", 1030),
    ("F_DUPFD_QUERY", 1027),
    ("F_EXLCK", 4),
    ("F_GETFD", 1),
    ("F_GETFL", 3),
    ("F_GETLEASE", 1025),
    ("F_GETLK", 5),
    ("F_GETLK64", 5),
    ("F_GETOWN", 9),
    ("F_GETOWN_EX", 16),
    ("F_GETPIPE_SZ", 1032),
    ("F_GETSIG", 11),
    ("F_GET_FILE_RW_HINT", 1037),
    ("F_GET_RW_HINT", 1035),
    ("F_GET_SEALS", 1034),
    ("F_NOTIFY", 1026),
    ("F_OFD_GETLK", 36),
    ("F_OFD_SETLK", 37),
    ("F_OFD_SETLKW", 38),
    ("F_OWNER_PGRP", 2),
    ("F_OWNER_PID", 1),
    ("F_OWNER_TID", 0),
    ("F_RDLCK", 0),
    ("F_SEAL_FUTURE_WRITE", 16),
    ("F_SEAL_GROW", 4),
    ("F_SEAL_SEAL", 1),
    ("F_SEAL_SHRINK", 2),
    ("F_SEAL_WRITE", 8),
    ("F_SETFD", 2),
    ("F_SETFL", 4),
    ("F_SETLEASE", 1024),
    ("F_SETLK", 6),
    ("F_SETLK64", 6),
    ("F_SETLKW", 7),
    ("F_SETLKW64", 7),
    ("F_SETOWN", 8),
    ("F_SETOWN_EX", 15),
    ("F_SETPIPE_SZ", 1031),
    ("F_SETSIG", 10),
    ("F_SET_FILE_RW_HINT", 1038),
    ("F_SET_RW_HINT", 1036),
    ("F_SHLCK", 8),
    ("F_UNLCK", 2),
    ("F_WRLCK", 1),
    ("LOCK_EX", 2),
    ("LOCK_MAND", 32),
    ("LOCK_NB", 4),
    ("LOCK_READ", 64),
    ("LOCK_RW", 192),
    ("LOCK_SH", 1),
    ("LOCK_UN", 8),
    ("LOCK_WRITE", 128),
    ("RWH_WRITE_LIFE_EXTREME", 5),
    ("RWH_WRITE_LIFE_LONG", 4),
    ("RWH_WRITE_LIFE_MEDIUM", 3),
    ("RWH_WRITE_LIFE_NONE", 1),
    ("RWH_WRITE_LIFE_NOT_SET", 0),
    ("RWH_WRITE_LIFE_SHORT", 2),
];
