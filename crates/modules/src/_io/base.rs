//! The abstract bases: `_IOBase`, `_RawIOBase`, `_BufferedIOBase`, `_TextIOBase`.
//!
//! Their methods are written in terms of the object's own attributes, so that
//! classes in Python can fill in the rest. `_IOBase` remembers being closed in
//! the instance's attribute `__IOBase_closed`.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, Link, List, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    Type, alloc_object, exceptions, id, raise, types,
};

use super::unsupported;

/// The abstract base class for all I/O classes.
///
/// This class provides dummy implementations for many methods that
/// derived classes can override selectively; the default implementations
/// represent a file that cannot be read, written or seeked.
#[pytype(name = "_io._IOBase", flags = BASETYPE | IMMUTABLETYPE, dictoffset = dict, weaklistoffset = weaklist)]
pub(super) struct IOBase {
    head: Head,
    weaklist: Cell<*mut abi::PyObject>,
    dict: Link<Dict>,
}

impl IOBase {
    pub(super) fn empty() -> IOBase {
        IOBase { head: Head::new(), weaklist: Cell::new(std::ptr::null_mut()), dict: Link::null() }
    }
}

/// Raise unless the object is open.
pub(super) fn check_closed(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
    if this.getattr(th, id!(th, "closed"))?.is_true(th)? {
        raise!(th, ValueError, "I/O operation on closed file.");
    }
    Ok(())
}

fn check_can(th: Thread<'_>, this: Obj<'_>, method: &Str, what: &str) -> Result<()> {
    let answer = this.call_method(th, method, &[])?;
    if !answer.obj().is(types::bool_(true)) {
        return Err(unsupported(th, &format!("File or stream is not {what}.")));
    }
    Ok(())
}

/// `readable()`, or `UnsupportedOperation`.
pub(super) fn check_readable(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
    check_can(th, this, id!(th, "readable"), "readable")
}

/// `writable()`, or `UnsupportedOperation`.
pub(super) fn check_writable(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
    check_can(th, this, id!(th, "writable"), "writable")
}

/// `seekable()`, or `UnsupportedOperation`.
pub(super) fn check_seekable(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
    check_can(th, this, id!(th, "seekable"), "seekable")
}

fn is_marked_closed(th: Thread<'_>, this: Obj<'_>) -> Result<bool> {
    Ok(this.getattr_opt(th, id!(th, "__IOBase_closed"))?.is_some())
}

/// `_IOBase.readline`, for objects without a better one.
fn generic_readline(th: Thread<'_>, this: Obj<'_>, limit: isize) -> Result<Ref<Bytes>> {
    let peek = this.getattr_opt(th, id!(th, "peek"))?;
    let mut line: Vec<u8> = Vec::new();
    while limit < 0 || (line.len() as isize) < limit {
        let mut wanted = 1isize;
        if let Some(peek) = &peek {
            let ahead = peek.call(th, &[Int::from_i64(th, 1)?.obj()])?;
            let Some(ahead) = ahead.obj().downcast::<Bytes>() else {
                raise!(
                    th,
                    OSError,
                    "peek() should have returned a bytes object, not '{}'",
                    ahead.obj().type_name()
                );
            };
            let bytes = ahead.as_bytes();
            if !bytes.is_empty() {
                wanted = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |i| i + 1) as isize;
                if limit >= 0 {
                    wanted = wanted.min(limit - line.len() as isize);
                }
            }
        }
        let data =
            this.call_method(th, id!(th, "read"), &[Int::from_i64(th, wanted as i64)?.obj()])?;
        let Some(data) = data.obj().downcast::<Bytes>() else {
            raise!(
                th,
                OSError,
                "read() should have returned a bytes object, not '{}'",
                data.obj().type_name()
            );
        };
        if data.as_bytes().is_empty() {
            break;
        }
        line.extend_from_slice(data.as_bytes());
        if line.last() == Some(&b'\n') {
            break;
        }
    }
    Bytes::new(th, &line)
}

/// Lines of `this` until their sizes exceed `hint`.
pub(super) fn generic_readlines(
    th: Thread<'_>,
    this: Obj<'_>,
    hint: Option<isize>,
) -> Result<Ref<List>> {
    let list = List::new(th)?;
    let hint = hint.unwrap_or(-1);
    let iterator = this.iter(th)?;
    let mut total = 0isize;
    while let Some(line) = iterator.next(th)? {
        let size = line.length(th)? as isize;
        list.push(th, line)?;
        total = total.saturating_add(size);
        if hint > 0 && total > hint {
            break;
        }
    }
    Ok(list)
}

/// What `__del__` of every file does: close it, and report what goes wrong.
fn finalize(th: Thread<'_>, this: Obj<'_>) {
    if this.is_exact::<super::bytesio::BytesIO>() || this.is_exact::<super::stringio::StringIO>() {
        // Files in memory have nothing to close.
        return;
    }
    let closed = match this.getattr_opt(th, id!(th, "closed")) {
        Ok(Some(closed)) => closed.is_true(th),
        Ok(None) => Ok(true),
        Err(raised) => Err(raised),
    };
    match closed {
        Ok(true) => return,
        Ok(false) => {}
        Err(raised) => {
            th.clear_exception(raised);
            return;
        }
    }
    if let Err(raised) = this.setattr(th, id!(th, "_finalizing"), Some(types::bool_(true))) {
        th.clear_exception(raised);
    }
    if this.call_method(th, id!(th, "close"), &[]).is_err() {
        (th.hooks().unraisable)(th, Some("Exception ignored while finalizing file"), Some(this));
    }
}

#[pymethods]
impl IOBase {
    #[hidden]
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<IOBase>> {
        alloc_object::alloc(th, cls, IOBase::empty())
    }

    /// Change the stream position to the given byte offset.
    #[parse(keywords)]
    #[sig = "($self, offset, whence=os.SEEK_SET, /)"]
    fn seek(&self, th: Thread<'_>, offset: Obj<'_>, whence: Option<Obj<'_>>) -> Result<()> {
        let _ = (offset, whence);
        Err(unsupported(th, "seek"))
    }

    /// Return current stream position.
    #[sig = "($self, /)"]
    fn tell(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        let (zero, one) = (Int::from_i64(th, 0)?, Int::from_i64(th, 1)?);
        this.call_method(th, id!(th, "seek"), &[zero.obj(), one.obj()])
    }

    /// Truncate file to size bytes.
    ///
    /// File pointer is left unchanged. Size defaults to the current IO position
    /// as reported by tell(). Return the new size.
    #[parse(keywords)]
    #[sig = "($self, size=None, /)"]
    fn truncate(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<()> {
        let _ = size;
        Err(unsupported(th, "truncate"))
    }

    /// Flush write buffers, if applicable.
    ///
    /// This is not implemented for read-only and non-blocking streams.
    #[sig = "($self, /)"]
    fn flush(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        if is_marked_closed(th, this)? {
            raise!(th, ValueError, "I/O operation on closed file.");
        }
        Ok(())
    }

    /// Flush and close the IO object.
    ///
    /// This method has no effect if the file is already closed.
    #[sig = "($self, /)"]
    fn close(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        if is_marked_closed(th, this)? {
            return Ok(());
        }
        let flushed = this.call_method(th, id!(th, "flush"), &[]);
        let error = match flushed {
            Ok(_) => None,
            Err(raised) => Some(th.take_exception(raised)),
        };
        let marked = this.setattr(th, id!(th, "__IOBase_closed"), Some(types::bool_(true)));
        match error {
            Some(error) => {
                if let Err(raised) = marked {
                    th.clear_exception(raised);
                }
                Err(th.restore(error))
            }
            None => marked,
        }
    }

    /// Return whether object supports random access.
    ///
    /// If False, seek(), tell() and truncate() will raise OSError.
    /// This method may need to do a test seek().
    #[sig = "($self, /)"]
    fn seekable(&self, _: Thread<'_>) -> bool {
        false
    }

    /// Return whether object was opened for reading.
    ///
    /// If False, read() will raise OSError.
    #[sig = "($self, /)"]
    fn readable(&self, _: Thread<'_>) -> bool {
        false
    }

    /// Return whether object was opened for writing.
    ///
    /// If False, write() will raise OSError.
    #[sig = "($self, /)"]
    fn writable(&self, _: Thread<'_>) -> bool {
        false
    }

    #[sig = "($self, /)"]
    fn _checkClosed(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        check_closed(th, this)
    }

    #[sig = "($self, /)"]
    fn _checkSeekable(th: Thread<'_>, this: Obj<'_>) -> Result<bool> {
        check_seekable(th, this).map(|()| true)
    }

    #[sig = "($self, /)"]
    fn _checkReadable(th: Thread<'_>, this: Obj<'_>) -> Result<bool> {
        check_readable(th, this).map(|()| true)
    }

    #[sig = "($self, /)"]
    fn _checkWritable(th: Thread<'_>, this: Obj<'_>) -> Result<bool> {
        check_writable(th, this).map(|()| true)
    }

    /// Return underlying file descriptor if one exists.
    ///
    /// Raise OSError if the IO object does not use a file descriptor.
    #[parse(keywords)]
    #[sig = "($self, /)"]
    fn fileno(&self, th: Thread<'_>) -> Result<()> {
        Err(unsupported(th, "fileno"))
    }

    /// Return whether this is an 'interactive' stream.
    ///
    /// Return False if it can't be determined.
    #[sig = "($self, /)"]
    fn isatty(th: Thread<'_>, this: Obj<'_>) -> Result<bool> {
        check_closed(th, this)?;
        Ok(false)
    }

    #[sig = "($self, /)"]
    fn __enter__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        check_closed(th, this)?;
        Ok(this.own())
    }

    #[sig = "($self, /, *args)"]
    fn __exit__(th: Thread<'_>, this: Obj<'_>, _: object::Args<'_>) -> Result<Ref> {
        this.call_method(th, id!(th, "close"), &[])
    }

    /// Read and return a line from the stream.
    ///
    /// If size is specified, at most size bytes will be read.
    ///
    /// The line terminator is always b'\n' for binary files; for text
    /// files, the newlines argument to open can be used to select the line
    /// terminator(s) recognized.
    #[sig = "($self, size=-1, /)"]
    fn readline(th: Thread<'_>, this: Obj<'_>, size: Option<isize>) -> Result<Ref<Bytes>> {
        generic_readline(th, this, size.unwrap_or(-1))
    }

    /// Return a list of lines from the stream.
    ///
    /// hint can be specified to control the number of lines read: no more
    /// lines will be read if the total size (in bytes/characters) of all
    /// lines so far exceeds hint.
    #[sig = "($self, hint=-1, /)"]
    fn readlines(th: Thread<'_>, this: Obj<'_>, hint: Option<isize>) -> Result<Ref<List>> {
        generic_readlines(th, this, hint)
    }

    /// Write a list of lines to stream.
    ///
    /// Line separators are not added, so it is usual for each of the
    /// lines provided to have a line separator at the end.
    #[sig = "($self, lines, /)"]
    fn writelines(th: Thread<'_>, this: Obj<'_>, lines: Obj<'_>) -> Result<()> {
        check_closed(th, this)?;
        let iterator = lines.iter(th)?;
        while let Some(line) = iterator.next(th)? {
            this.call_method(th, id!(th, "write"), &[line.obj()])?;
        }
        Ok(())
    }

    #[getter]
    fn closed(th: Thread<'_>, this: Obj<'_>) -> Result<bool> {
        is_marked_closed(th, this)
    }

    #[getter]
    fn __dict__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        match types::object_::instance_dict(th, this)? {
            Some(dict) => Ok(dict.upcast()),
            None => Dict::new(th).map(Ref::upcast),
        }
    }

    fn __iter__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        check_closed(th, this)?;
        Ok(this.own())
    }

    fn __next__(th: Thread<'_>, this: Obj<'_>) -> Result<Option<Ref>> {
        let line = this.call_method(th, id!(th, "readline"), &[])?;
        Ok((line.length(th)? > 0).then_some(line))
    }

    fn __del__(th: Thread<'_>, this: Obj<'_>) {
        finalize(th, this);
    }
}

/// Base class for raw binary I/O.
#[pytype(name = "_io._RawIOBase", base = IOBase, flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct RawIOBase {
    base: IOBase,
}

impl RawIOBase {
    pub(super) fn empty() -> RawIOBase {
        RawIOBase { base: IOBase::empty() }
    }
}

#[pymethods]
impl RawIOBase {
    #[hidden]
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<RawIOBase>> {
        alloc_object::alloc(th, cls, RawIOBase::empty())
    }

    #[sig = "($self, size=-1, /)"]
    fn read(th: Thread<'_>, this: Obj<'_>, size: isize) -> Result<Ref> {
        if size < 0 {
            return this.call_method(th, id!(th, "readall"), &[]);
        }
        let buffer = super::spare::take_array(th, size as usize)?;
        let count = this.call_method(th, id!(th, "readinto"), &[buffer.obj()])?;
        if count.obj().is_none() {
            return Ok(count);
        }
        let n = Int::index_to_isize(th, count.obj())?;
        let bytes = buffer.as_bytes();
        match usize::try_from(n).ok().and_then(|n| bytes.get(..n)) {
            Some(bytes) => Bytes::new(th, bytes).map(Ref::upcast),
            None => {
                raise!(th, ValueError, "readinto returned {n} outside buffer size {}", bytes.len())
            }
        }
    }

    /// Read until EOF, using multiple read() call.
    #[sig = "($self, /)"]
    fn readall(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        let mut all: Vec<u8> = Vec::new();
        let size = Int::from_i64(th, super::DEFAULT_BUFFER_SIZE as i64)?;
        loop {
            let data = this.call_method(th, id!(th, "read"), &[size.obj()])?;
            if data.obj().is_none() {
                if all.is_empty() {
                    return Ok(data);
                }
                break;
            }
            let Some(bytes) = data.obj().downcast::<Bytes>() else {
                raise!(th, TypeError, "read() should return bytes");
            };
            if bytes.as_bytes().is_empty() {
                break;
            }
            if all.try_reserve(bytes.len()).is_err() {
                return Err(th.no_memory());
            }
            all.extend_from_slice(bytes.as_bytes());
        }
        Bytes::new(th, &all).map(Ref::upcast)
    }

    #[sig = "($self, buffer, /)"]
    fn readinto(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result<()> {
        let _ = buffer;
        raise!(th, NotImplementedError)
    }

    #[sig = "($self, b, /)"]
    fn write(&self, th: Thread<'_>, b: Obj<'_>) -> Result<()> {
        let _ = b;
        raise!(th, NotImplementedError)
    }
}

/// Base class for buffered IO objects.
///
/// The main difference with RawIOBase is that the read() method
/// supports omitting the size argument, and does not have a default
/// implementation that defers to readinto().
///
/// In addition, read(), readinto() and write() may raise
/// BlockingIOError if the underlying raw stream is in non-blocking
/// mode and not ready; unlike their raw counterparts, they will never
/// return None.
///
/// A typical implementation should not inherit from a RawIOBase
/// implementation, but wrap one.
#[pytype(name = "_io._BufferedIOBase", base = IOBase, flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct BufferedIOBase {
    base: IOBase,
}

impl BufferedIOBase {
    pub(super) fn empty() -> BufferedIOBase {
        BufferedIOBase { base: IOBase::empty() }
    }
}

/// `readinto` by way of `read` or `read1`.
fn readinto_by(
    th: Thread<'_>,
    this: Obj<'_>,
    buffer: &crate::support::Writable,
    name: &Str,
) -> Result<usize> {
    let size = Int::from_i64(th, buffer.len() as i64)?;
    let data = this.call_method(th, name, &[size.obj()])?;
    let Some(bytes) = data.obj().downcast::<Bytes>() else {
        raise!(th, TypeError, "read() should return bytes");
    };
    let n = bytes.len();
    match buffer.bytes_mut().get_mut(..n) {
        Some(target) => target.copy_from_slice(bytes.as_bytes()),
        None => raise!(
            th,
            ValueError,
            "read() returned too much data: {} bytes requested, {n} returned",
            buffer.len()
        ),
    }
    Ok(n)
}

#[pymethods]
impl BufferedIOBase {
    #[hidden]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&Dict>,
    ) -> Result<Ref<BufferedIOBase>> {
        alloc_object::alloc(th, cls, BufferedIOBase::empty())
    }

    /// Disconnect this buffer from its underlying raw stream and return it.
    ///
    /// After the raw stream has been detached, the buffer is in an unusable
    /// state.
    #[parse(keywords)]
    #[sig = "($self, /)"]
    fn detach(&self, th: Thread<'_>) -> Result<()> {
        Err(unsupported(th, "detach"))
    }

    /// Read and return up to n bytes.
    ///
    /// If the size argument is omitted, None, or negative, read and
    /// return all data until EOF.
    #[parse(keywords)]
    #[sig = "($self, size=-1, /)"]
    fn read(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<()> {
        let _ = size;
        Err(unsupported(th, "read"))
    }

    /// Read and return up to size bytes, with at most one read() call to the underlying raw stream.
    #[parse(keywords)]
    #[sig = "($self, size=-1, /)"]
    fn read1(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<()> {
        let _ = size;
        Err(unsupported(th, "read1"))
    }

    #[sig = "($self, buffer, /)"]
    fn readinto(th: Thread<'_>, this: Obj<'_>, buffer: crate::support::Writable) -> Result<usize> {
        readinto_by(th, this, &buffer, id!(th, "read"))
    }

    #[sig = "($self, buffer, /)"]
    fn readinto1(th: Thread<'_>, this: Obj<'_>, buffer: crate::support::Writable) -> Result<usize> {
        readinto_by(th, this, &buffer, id!(th, "read1"))
    }

    /// Write buffer b to the IO stream.
    ///
    /// Return the number of bytes written, which is always
    /// the length of b in bytes.
    ///
    /// Raise BlockingIOError if the buffer is full and the
    /// underlying raw stream cannot accept more data at the moment.
    #[parse(keywords)]
    #[sig = "($self, b, /)"]
    fn write(&self, th: Thread<'_>, b: Obj<'_>) -> Result<()> {
        let _ = b;
        Err(unsupported(th, "write"))
    }
}

/// Base class for text I/O.
///
/// This class provides a character and line based interface to stream
/// I/O. There is no readinto method because Python's character strings
/// are immutable.
#[pytype(name = "_io._TextIOBase", base = IOBase, flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct TextIOBase {
    base: IOBase,
}

impl TextIOBase {
    pub(super) fn empty() -> TextIOBase {
        TextIOBase { base: IOBase::empty() }
    }
}

#[pymethods]
impl TextIOBase {
    #[hidden]
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<TextIOBase>> {
        alloc_object::alloc(th, cls, TextIOBase::empty())
    }

    /// Separate the underlying buffer from the TextIOBase and return it.
    ///
    /// After the underlying buffer has been detached, the TextIO is in an unusable state.
    #[parse(keywords)]
    #[sig = "($self, /)"]
    fn detach(&self, th: Thread<'_>) -> Result<()> {
        Err(unsupported(th, "detach"))
    }

    /// Read at most size characters from stream.
    ///
    /// Read from underlying buffer until we have size characters or we hit EOF.
    /// If size is negative or omitted, read until EOF.
    #[parse(keywords)]
    #[sig = "($self, size=-1, /)"]
    fn read(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<()> {
        let _ = size;
        Err(unsupported(th, "read"))
    }

    /// Read until newline or EOF.
    ///
    /// Return an empty string if EOF is hit immediately.
    /// If size is specified, at most size characters will be read.
    #[parse(keywords)]
    #[sig = "($self, size=-1, /)"]
    fn readline(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<()> {
        let _ = size;
        Err(unsupported(th, "readline"))
    }

    /// Write string s to stream.
    ///
    /// Return the number of characters written
    /// (which is always equal to the length of the string).
    #[parse(keywords)]
    #[sig = "($self, s, /)"]
    fn write(&self, th: Thread<'_>, s: Obj<'_>) -> Result<()> {
        let _ = s;
        Err(unsupported(th, "write"))
    }

    /// Encoding of the text stream.
    ///
    /// Subclasses should override.
    #[getter]
    fn encoding(&self, _: Thread<'_>) {}

    /// Line endings translated so far.
    ///
    /// Only line endings translated during reading are considered.
    ///
    /// Subclasses should override.
    #[getter]
    fn newlines(&self, _: Thread<'_>) {}

    /// The error setting of the decoder or encoder.
    ///
    /// Subclasses should override.
    #[getter]
    fn errors(&self, _: Thread<'_>) {}
}

/// `TypeError`: files cannot be pickled.
pub(super) fn no_pickle(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
    raise!(th, TypeError, "cannot pickle '{}' instances", this.short_type_name())
}

/// `ResourceWarning` for a file that was not closed.
pub(super) fn warn_unclosed(th: Thread<'_>, source: Obj<'_>) -> Result<()> {
    let saved = th.swap_exception(None);
    let text = source.repr(th).map(|repr| format!("unclosed file {repr}"));
    let category = exceptions::types::ResourceWarning();
    let warned = text.and_then(|text| crate::support::warn_about(th, category, &text, source));
    if let Err(raised) = warned {
        if th.exception_matches(exceptions::types::Warning()) {
            let context = "Exception ignored while finalizing file";
            (th.hooks().unraisable)(th, Some(context), Some(source));
        } else {
            th.clear_exception(raised);
        }
    }
    th.swap_exception(saved);
    Ok(())
}
