//! `FileIO`: unbuffered access to a file of the system.

use std::{cell::Cell, ffi::CString};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Int, IntoObject, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object, declare::TypeBuilder, exceptions, id, raise, types,
};

use super::{
    base::{RawIOBase, no_pickle, warn_unclosed},
    unsupported,
};
use crate::support::{Data, Writable, call, int_arg, path::fspath, path::path_bytes, retry};

/// Open a file.
///
/// The mode can be 'r' (default), 'w', 'x' or 'a' for reading,
/// writing, exclusive creation or appending.  The file will be created if it
/// doesn't exist when opened for writing or appending; it will be truncated
/// when opened for writing.  A FileExistsError will be raised if it already
/// exists when opened for creating. Opening a file for creating implies
/// writing so this mode behaves in a similar way to 'w'.Add a '+' to the mode
/// to allow simultaneous reading and writing. A custom opener can be used by
/// passing a callable as *opener*. The underlying file descriptor for the file
/// object is then obtained by calling opener with (*name*, *flags*).
/// *opener* must return an open file descriptor (passing os.open as *opener*
/// results in functionality similar to passing None).
#[pytype(name = "_io.FileIO", base = RawIOBase, sig = "(file, mode='r', closefd=True, opener=None)", flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct FileIO {
    base: RawIOBase,
    fd: Cell<i32>,
    created: Cell<bool>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    appending: Cell<bool>,
    /// -1 unknown, else a truth value.
    seekable: Cell<i8>,
    closefd: Cell<bool>,
    finalizing: Cell<i8>,
    blksize: Cell<i32>,
    /// The size when opened, to read it all at once.
    size: Cell<i64>,
}

/// From this size on, reading it all asks for the position first.
const LARGE: i64 = 1 << 16;

impl FileIO {
    /// The descriptor, or `ValueError` when closed.
    fn open_fd(&self, th: Thread<'_>) -> Result<i32> {
        match self.fd.get() {
            fd if fd >= 0 => Ok(fd),
            _ => raise!(th, ValueError, "I/O operation on closed file"),
        }
    }

    fn readable_fd(&self, th: Thread<'_>) -> Result<i32> {
        let fd = self.open_fd(th)?;
        if !self.readable.get() {
            return Err(unsupported(th, "File not open for reading"));
        }
        Ok(fd)
    }

    fn writable_fd(&self, th: Thread<'_>) -> Result<i32> {
        let fd = self.open_fd(th)?;
        if !self.writable.get() {
            return Err(unsupported(th, "File not open for writing"));
        }
        Ok(fd)
    }

    /// Read; `None` when a non-blocking file has nothing yet.
    pub(super) fn read_into(&self, th: Thread<'_>, buffer: &mut [u8]) -> Result<Option<usize>> {
        let fd = self.readable_fd(th)?;
        non_blocking(th, retry(th, || host::fs::read(fd, buffer))?)
    }

    /// Write; `None` when a non-blocking file takes nothing now.
    pub(super) fn write_from(&self, th: Thread<'_>, data: &[u8]) -> Result<Option<usize>> {
        let fd = self.writable_fd(th)?;
        non_blocking(th, retry(th, || host::fs::write(fd, data))?)
    }

    /// Move the position.
    pub(super) fn seek_to(&self, th: Thread<'_>, offset: i64, whence: i32) -> Result<i64> {
        let fd = self.open_fd(th)?;
        let result = th.allow_threads(|| host::fs::lseek(fd, offset, whence));
        if self.seekable.get() < 0 {
            self.seekable.set(i8::from(result.is_ok()));
        }
        crate::support::check(th, result)
    }

    /// Whether it is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.fd.get() < 0
    }

    /// All that is left, read in as few calls as possible.
    pub(super) fn read_all(&self, th: Thread<'_>) -> Result<Option<Vec<u8>>> {
        let fd = self.readable_fd(th)?;
        let mut data: Vec<u8> = Vec::new();
        // PERF: a guess from what was known when it was opened is two system calls fewer for
        // most files; one of a large file is better for the place in it.
        let mut left = self.size.get();
        if left >= LARGE
            && let Ok(here) = th.allow_threads(|| host::fs::lseek(fd, 0, libc::SEEK_CUR))
        {
            left -= here;
        }
        let mut chunk = if left > 0 { left as usize + 1 } else { 8192 };
        loop {
            let len = data.len();
            if data.try_reserve_exact(chunk).is_err() {
                return Err(th.no_memory());
            }
            data.resize(len + chunk, 0);
            let target = data.get_mut(len..).unwrap_or_default();
            let result = retry(th, || host::fs::read(fd, target));
            let n = match result.and_then(|result| non_blocking(th, result)) {
                Ok(Some(n)) => n,
                Ok(None) => {
                    data.truncate(len);
                    return Ok(if len == 0 { None } else { Some(data) });
                }
                Err(raised) => return Err(raised),
            };
            data.truncate(len + n);
            if n == 0 {
                return Ok(Some(data));
            }
            chunk = if n < chunk { chunk - n } else { data.len().clamp(8192, 1 << 26) };
        }
    }

    /// The size of a buffer for this file.
    pub(super) fn buffer_size(&self) -> i64 {
        i64::from(self.blksize.get()).min(8 << 20).max(super::DEFAULT_BUFFER_SIZE as i64)
    }

    fn mode_text(&self) -> &'static str {
        let readable = self.readable.get();
        if self.created.get() {
            return if readable { "xb+" } else { "xb" };
        }
        if self.appending.get() {
            return if readable { "ab+" } else { "ab" };
        }
        match (readable, self.writable.get()) {
            (true, true) => "rb+",
            (true, false) => "rb",
            _ => "wb",
        }
    }

    fn close_fd(&self, th: Thread<'_>) -> Result<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        match th.allow_threads(|| host::fs::close(fd)) {
            Err(error) if !host::call::interrupted(&error) => {
                Err(crate::support::os_error(th, &error))
            }
            _ => Ok(()),
        }
    }
}

fn non_blocking(th: Thread<'_>, result: std::io::Result<usize>) -> Result<Option<usize>> {
    match result {
        Ok(n) => Ok(Some(n)),
        Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => Ok(None),
        Err(error) => Err(crate::support::os_error(th, &error)),
    }
}

/// The descriptor that is given instead of a path. A number that is none, say
/// too large, is no path either, which the caller says.
fn descriptor(th: Thread<'_>, file: Obj<'_>) -> Result<Option<i32>> {
    if !Int::is_index(file) {
        return Ok(None);
    }
    crate::support::warn_of_bool(th, file)?;
    match int_arg(th, file) {
        Ok(fd) => Ok(Some(fd)),
        Err(raised) => {
            th.clear_exception(raised);
            Ok(None)
        }
    }
}

/// The flags of a mode such as `rb+`.
fn parse_mode(th: Thread<'_>, file: &FileIO, mode: &str) -> Result<i32> {
    let bad = || {
        object::error!(
            th,
            ValueError,
            "Must have exactly one of create/read/write/append mode and at most one plus"
        )
    };
    let (mut main, mut plus, mut flags) = (false, false, 0);
    for c in mode.chars() {
        if matches!(c, 'x' | 'r' | 'w' | 'a') {
            if main {
                return Err(bad());
            }
            main = true;
        }
        match c {
            'x' => {
                file.created.set(true);
                file.writable.set(true);
                flags |= libc::O_EXCL | libc::O_CREAT;
            }
            'r' => file.readable.set(true),
            'w' => {
                file.writable.set(true);
                flags |= libc::O_CREAT | libc::O_TRUNC;
            }
            'a' => {
                file.writable.set(true);
                file.appending.set(true);
                flags |= libc::O_APPEND | libc::O_CREAT;
            }
            'b' => {}
            '+' => {
                if plus {
                    return Err(bad());
                }
                file.readable.set(true);
                file.writable.set(true);
                plus = true;
            }
            _ => raise!(th, ValueError, "invalid mode: {mode}"),
        }
    }
    if !main {
        return Err(bad());
    }
    flags |= match (file.readable.get(), file.writable.get()) {
        (true, true) => libc::O_RDWR,
        (true, false) => libc::O_RDONLY,
        _ => libc::O_WRONLY,
    };
    Ok(flags | libc::O_CLOEXEC)
}

#[pymethods]
impl FileIO {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<FileIO>> {
        let file = FileIO {
            base: RawIOBase::empty(),
            fd: Cell::new(-1),
            created: Cell::new(false),
            readable: Cell::new(false),
            writable: Cell::new(false),
            appending: Cell::new(false),
            seekable: Cell::new(-1),
            closefd: Cell::new(true),
            finalizing: Cell::new(0),
            blksize: Cell::new(super::DEFAULT_BUFFER_SIZE as i32),
            size: Cell::new(-1),
        };
        alloc_object::alloc(th, cls, file)
    }

    #[sig = "FileIO(file, mode='r', closefd=True, opener=None)"]
    fn __init__(
        th: Thread<'_>,
        this: Obj<'_>,
        file: Obj<'_>,
        mode: &str,
        closefd: bool,
        opener: Option<Obj<'_>>,
    ) -> Result<()> {
        let Some(slf) = this.downcast::<FileIO>() else {
            raise!(th, TypeError, "not a FileIO");
        };
        if slf.fd.get() >= 0 {
            if slf.closefd.get() {
                slf.close_fd(th)?;
            } else {
                slf.fd.set(-1);
            }
        }
        let mut fd = -1;
        let mut name = None;
        if let Some(number) = descriptor(th, file)? {
            fd = number;
            if fd < 0 {
                raise!(th, ValueError, "negative file descriptor");
            }
        } else {
            let path = fspath(th, file)?;
            let (bytes, _) = path_bytes(th, path.obj())?;
            let Ok(path) = CString::new(bytes) else {
                raise!(th, ValueError, "embedded null byte");
            };
            name = Some(path);
        }
        for flag in [&slf.created, &slf.readable, &slf.writable, &slf.appending] {
            flag.set(false);
        }
        slf.seekable.set(-1);
        let flags = parse_mode(th, slf, mode)?;
        slf.closefd.set(closefd);
        crate::sys::audit_with(th, "open", || {
            Ok(vec![file.own(), Str::new(th, mode)?.upcast(), flags.into_object(th)?])
        })?;
        let mut owned = false;
        if let Some(name) = &name {
            if !closefd {
                raise!(th, ValueError, "Cannot use closefd=False with file name");
            }
            match opener.filter(|opener| !opener.is_none()) {
                Some(opener) => {
                    let value = opener.call(th, &[file, flags.into_object(th)?.obj()])?;
                    if !Int::is_int(value.obj()) {
                        raise!(th, TypeError, "expected integer from opener");
                    }
                    fd = int_arg(th, value.obj())?;
                    if fd < 0 {
                        raise!(th, ValueError, "opener returned {fd}");
                    }
                    crate::support::check(th, host::fs::set_inheritable(fd, false))?;
                }
                None => {
                    fd = crate::support::call_named(th, Some(file), || {
                        host::fs::open(host::fs::AT_FDCWD, name, flags, 0o666)
                    })?;
                }
            }
            owned = true;
        }
        let fail = |raised| {
            if owned {
                let _ = host::fs::close(fd);
            }
            slf.fd.set(-1);
            Err(raised)
        };
        match th.allow_threads(|| host::fs::fstat(fd)) {
            Ok(stat) => {
                if stat.st_mode & libc::S_IFMT == libc::S_IFDIR {
                    return fail(exceptions::os_error(th, libc::EISDIR, Some(file)));
                }
                if stat.st_blksize > 1 {
                    slf.blksize.set(i32::try_from(stat.st_blksize).unwrap_or(i32::MAX));
                }
                slf.size.set(stat.st_size);
            }
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => {
                return fail(exceptions::io_error(th, &error, None));
            }
            Err(_) => {}
        }
        slf.fd.set(fd);
        if let Err(raised) = this.setattr(th, id!(th, "name"), Some(file)) {
            return fail(raised);
        }
        if slf.appending.get() {
            // A pipe has no end to go to.
            let end = th.allow_threads(|| host::fs::lseek(fd, 0, libc::SEEK_END));
            slf.seekable.set(i8::from(end.is_ok()));
            if let Err(error) = end
                && error.raw_os_error() != Some(libc::ESPIPE)
            {
                return fail(crate::support::os_error(th, &error));
            }
        }
        Ok(())
    }

    /// Close the file.
    ///
    /// A closed file cannot be used for further I/O operations.  close() may be
    /// called more than once without error.
    #[parse(keywords)]
    #[sig = "($self, /)"]
    fn close(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        let Some(slf) = this.downcast::<FileIO>() else { return Ok(types::none().own()) };
        let closed = super::base_close(th, this);
        if !slf.closefd.get() {
            slf.fd.set(-1);
            return closed;
        }
        let error = match &closed {
            Ok(_) => None,
            Err(raised) => Some(th.take_exception(*raised)),
        };
        if slf.finalizing.get() != 0 && slf.fd.get() >= 0 {
            warn_unclosed(th, this)?;
        }
        let result = slf.close_fd(th);
        match error {
            Some(error) => {
                if let Err(raised) = result {
                    th.clear_exception(raised);
                }
                Err(th.restore(error))
            }
            None => result.and(closed),
        }
    }

    /// True if file supports random-access.
    #[sig = "($self, /)"]
    fn seekable(&self, th: Thread<'_>) -> Result<bool> {
        let fd = self.open_fd(th)?;
        if self.seekable.get() < 0 {
            let result = th.allow_threads(|| host::fs::lseek(fd, 0, libc::SEEK_CUR));
            self.seekable.set(i8::from(result.is_ok()));
        }
        Ok(self.seekable.get() == 1)
    }

    /// True if file was opened in a read mode.
    #[sig = "($self, /)"]
    fn readable(&self, th: Thread<'_>) -> Result<bool> {
        self.open_fd(th)?;
        Ok(self.readable.get())
    }

    /// True if file was opened in a write mode.
    #[sig = "($self, /)"]
    fn writable(&self, th: Thread<'_>) -> Result<bool> {
        self.open_fd(th)?;
        Ok(self.writable.get())
    }

    /// Return the underlying file descriptor (an integer).
    #[sig = "($self, /)"]
    fn fileno(&self, th: Thread<'_>) -> Result<i32> {
        self.open_fd(th)
    }

    /// True if the file is connected to a TTY device.
    #[sig = "($self, /)"]
    fn isatty(&self, th: Thread<'_>) -> Result<bool> {
        let fd = self.open_fd(th)?;
        Ok(th.allow_threads(|| host::terminal::isatty(fd)))
    }

    /// Cheap test right after opening: a regular file is no terminal.
    #[sig = "($self, /)"]
    fn _isatty_open_only(&self, th: Thread<'_>) -> Result<bool> {
        let fd = self.open_fd(th)?;
        Ok(self.size.get() <= 0 && th.allow_threads(|| host::terminal::isatty(fd)))
    }

    #[sig = "($self, source, /)"]
    fn _dealloc_warn(&self, th: Thread<'_>, source: Obj<'_>) -> Result<()> {
        if self.fd.get() >= 0 && self.closefd.get() {
            warn_unclosed(th, source)?;
        }
        Ok(())
    }

    /// Same as RawIOBase.readinto().
    #[parse(keywords)]
    #[sig = "($self, buffer, /)"]
    fn readinto(&self, th: Thread<'_>, buffer: Writable) -> Result<Option<usize>> {
        self.read_into(th, buffer.bytes_mut())
    }

    /// Read all data from the file, returned as bytes.
    ///
    /// Reads until either there is an error or read() returns size 0
    /// (indicating EOF). If the file is already at EOF, returns an
    /// empty bytes object.
    ///
    /// On success, returns a bytes object. If no data is available in
    /// non-blocking mode, returns None.
    #[sig = "($self, /)"]
    fn readall(&self, th: Thread<'_>) -> Result<Option<Ref<Bytes>>> {
        self.read_all(th)?.map(|data| Bytes::new(th, &data)).transpose()
    }

    /// Read at most size bytes, returned as bytes.
    ///
    /// If size is less than 0, read all bytes in the file making multiple read calls.
    /// See ``FileIO.readall``.
    ///
    /// Attempts to make only one system call, retrying only per PEP 475 (EINTR). This
    /// means less data may be returned than requested.
    ///
    /// In non-blocking mode, returns None if no data is available. Return an empty
    /// bytes object at EOF.
    #[parse(keywords)]
    #[sig = "($self, size=-1, /)"]
    fn read(&self, th: Thread<'_>, size: Option<isize>) -> Result<Option<Ref<Bytes>>> {
        self.readable_fd(th)?;
        let Ok(size) = usize::try_from(size.unwrap_or(-1)) else { return self.readall(th) };
        let mut data = Vec::new();
        if data.try_reserve_exact(size).is_err() {
            return Err(th.no_memory());
        }
        data.resize(size, 0);
        let Some(n) = self.read_into(th, &mut data)? else { return Ok(None) };
        Bytes::new(th, data.get(..n).unwrap_or_default()).map(Some)
    }

    /// Write buffer b to file, return number of bytes written.
    ///
    /// Only makes one system call, so not all of the data may be written.
    /// The number of bytes actually written is returned.  In non-blocking mode,
    /// returns None if the write would block.
    #[parse(keywords)]
    #[sig = "($self, b, /)"]
    fn write(&self, th: Thread<'_>, b: Data) -> Result<Option<usize>> {
        self.write_from(th, b.bytes())
    }

    /// Move to new file position and return the file position.
    ///
    /// Argument offset is a byte count.  Optional argument whence defaults to
    /// SEEK_SET or 0 (offset from start of file, offset should be >= 0); other values
    /// are SEEK_CUR or 1 (move relative to current position, positive or negative),
    /// and SEEK_END or 2 (move relative to end of file, usually negative, although
    /// many platforms allow seeking beyond the end of a file).
    ///
    /// Note that not all file objects are seekable.
    #[sig = "($self, pos, whence=0, /)"]
    fn seek(&self, th: Thread<'_>, pos: Obj<'_>, whence: i32) -> Result<i64> {
        self.open_fd(th)?;
        if pos.is_exact::<types::Float>() {
            raise!(th, TypeError, "an integer is required");
        }
        self.seek_to(th, Int::index_to_i64(th, pos)?, whence)
    }

    /// Current file position.
    ///
    /// Can raise OSError for non seekable files.
    #[sig = "($self, /)"]
    fn tell(&self, th: Thread<'_>) -> Result<i64> {
        self.seek_to(th, 0, libc::SEEK_CUR)
    }

    /// Truncate the file to at most size bytes and return the truncated size.
    ///
    /// Size defaults to the current file position, as returned by tell().
    /// The current file position is changed to the value of size.
    #[parse(keywords)]
    #[sig = "($self, size=None, /)"]
    fn truncate(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<i64> {
        let fd = self.writable_fd(th)?;
        let size = match size.filter(|size| !size.is_none()) {
            Some(size) => Int::index_to_i64(th, size)?,
            None => self.seek_to(th, 0, libc::SEEK_CUR)?,
        };
        call(th, || host::fs::ftruncate(fd, size))?;
        self.size.set(size);
        Ok(size)
    }

    #[sig = "($self, /)"]
    fn __getstate__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        no_pickle(th, this)
    }

    fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
        let Some(slf) = this.downcast::<FileIO>() else { return Str::new(th, "") };
        let class = this.ty().full_name();
        if slf.fd.get() < 0 {
            return Str::from_fmt(th, format_args!("<{class} [closed]>"));
        }
        let (mode, closefd) = (slf.mode_text(), if slf.closefd.get() { "True" } else { "False" });
        match this.getattr_opt(th, id!(th, "name"))? {
            None => {
                let fd = slf.fd.get();
                Str::from_fmt(th, format_args!("<{class} fd={fd} mode='{mode}' closefd={closefd}>"))
            }
            Some(name) => {
                let name = name.repr(th)?;
                Str::from_fmt(
                    th,
                    format_args!("<{class} name={name} mode='{mode}' closefd={closefd}>"),
                )
            }
        }
    }

    /// True if the file is closed
    #[getter]
    fn closed(&self, _: Thread<'_>) -> bool {
        self.is_closed()
    }

    /// True if the file descriptor will be closed by close().
    #[getter]
    #[name = "closefd"]
    fn get_closefd(&self, _: Thread<'_>) -> bool {
        self.closefd.get()
    }

    /// String giving the file mode
    #[getter]
    fn mode(&self, _: Thread<'_>) -> &'static str {
        self.mode_text()
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        use std::mem::offset_of;
        builder.member(c"_finalizing", abi::Py_T_BOOL, offset_of!(FileIO, finalizing), 0, None);
        let read_only = abi::Py_READONLY;
        builder.member(c"_blksize", abi::Py_T_INT, offset_of!(FileIO, blksize), read_only, None);
    }
}
