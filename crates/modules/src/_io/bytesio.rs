//! `BytesIO`: a file in memory.
//!
//! A `bytes` that came in or went out is shared until the file is written to.
//! While somebody has an export of the memory it does not move.

use std::cell::{self, Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, Link, List, Obj, Protocol, Ref, Result, Thread, Tuple, Type,
    alloc_object, own, raise, types,
};

use super::base::BufferedIOBase;
use crate::support::{Buffer, Writable};

/// Buffered I/O implementation using an in-memory bytes buffer.
#[pytype(name = "_io.BytesIO", base = BufferedIOBase, sig = "(initial_bytes=b'')", flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct BytesIO {
    base: BufferedIOBase,
    /// `None` when closed.
    #[traverse(skip)]
    contents: RefCell<Option<Box<Contents>>>,
    position: Cell<usize>,
    exports: Cell<usize>,
}

/// The data of a file.
enum Contents {
    Shared(Ref<Bytes>),
    Own(Vec<u8>),
}

impl Contents {
    fn bytes(&self) -> &[u8] {
        match self {
            Contents::Shared(bytes) => bytes.as_bytes(),
            Contents::Own(bytes) => bytes,
        }
    }
}

impl BytesIO {
    fn open(&self, th: Thread<'_>) -> Result<()> {
        if self.is_closed(th) {
            raise!(th, ValueError, "I/O operation on closed file.");
        }
        Ok(())
    }

    /// The data; nothing of a closed file.
    fn data(&self) -> cell::Ref<'_, [u8]> {
        cell::Ref::map(self.contents.borrow(), |contents| match contents {
            Some(contents) => contents.bytes(),
            None => &[],
        })
    }

    /// Do something to data that are not shared.
    fn change<T>(
        &self,
        th: Thread<'_>,
        change: impl FnOnce(&mut Vec<u8>) -> Option<T>,
    ) -> Result<T> {
        let mut contents = self.contents.borrow_mut();
        let Some(contents) = contents.as_deref_mut() else { return Err(th.no_memory()) };
        let mut shared = None;
        if let Contents::Shared(bytes) = contents {
            let mut own = Vec::new();
            if own.try_reserve_exact(bytes.len()).is_err() {
                return Err(th.no_memory());
            }
            own.extend_from_slice(bytes.as_bytes());
            shared = Some(std::mem::replace(contents, Contents::Own(own)));
        }
        let result = match contents {
            Contents::Own(bytes) => change(bytes),
            Contents::Shared(_) => None,
        };
        // A `bytes` goes without running code.
        drop(shared);
        result.ok_or_else(|| th.no_memory())
    }

    /// The data as an object, shared if they may move.
    fn share(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        let mut contents = self.contents.borrow_mut();
        match contents.as_deref() {
            Some(Contents::Shared(bytes)) => Ok(bytes.clone()),
            Some(Contents::Own(data)) => {
                let bytes = Bytes::new(th, data)?;
                if self.exports.get() == 0 {
                    *contents = Some(Box::new(Contents::Shared(bytes.clone())));
                }
                Ok(bytes)
            }
            None => Bytes::new(th, &[]),
        }
    }

    fn assign(&self, contents: Option<Contents>) {
        let old = self.contents.replace(contents.map(Box::new));
        drop(old);
        self.position.set(0);
    }

    fn resizable(&self, th: Thread<'_>) -> Result<()> {
        if self.exports.get() > 0 {
            raise!(th, BufferError, "Existing exports of data: object cannot be re-sized");
        }
        Ok(())
    }

    /// Take up to `size` bytes from the position on.
    fn take(&self, th: Thread<'_>, size: Option<usize>) -> Result<Ref<Bytes>> {
        let data = self.data();
        let start = self.position.get().min(data.len());
        let end = size.map_or(data.len(), |size| start.saturating_add(size).min(data.len()));
        if start == 0 && end == data.len() && end > 1 {
            drop(data);
            let bytes = self.share(th)?;
            self.position.set(end);
            return Ok(bytes);
        }
        let bytes = Bytes::new(th, data.get(start..end).unwrap_or_default())?;
        if end > start {
            self.position.set(end);
        }
        Ok(bytes)
    }

    fn line(&self, th: Thread<'_>, limit: Option<usize>) -> Result<Ref<Bytes>> {
        let size = {
            let data = self.data();
            let rest = data.get(self.position.get()..).unwrap_or_default();
            let size = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
            limit.map_or(size, |limit| size.min(limit))
        };
        self.take(th, Some(size))
    }

    fn put(&self, th: Thread<'_>, bytes: &[u8]) -> Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let start = self.position.get();
        let Some(end) = start.checked_add(bytes.len()) else { return Err(th.no_memory()) };
        self.change(th, |data| {
            if end > data.len() {
                data.try_reserve(end - data.len()).ok()?;
                if start == data.len() {
                    data.extend_from_slice(bytes);
                    return Some(());
                }
                data.resize(end, 0);
            }
            data.get_mut(start..end)?.copy_from_slice(bytes);
            Some(())
        })?;
        self.position.set(end);
        Ok(bytes.len())
    }
}

/// A size argument: negative and omitted mean all.
fn limit(size: Option<isize>) -> Option<usize> {
    size.and_then(|size| usize::try_from(size).ok())
}

#[pymethods]
impl BytesIO {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<BytesIO>> {
        let file = BytesIO {
            base: BufferedIOBase::empty(),
            contents: RefCell::new(Some(Box::new(Contents::Own(Vec::new())))),
            position: Cell::new(0),
            exports: Cell::new(0),
        };
        alloc_object::alloc(th, cls, file)
    }

    #[sig = "BytesIO(initial_bytes=b'')"]
    fn __init__(&self, th: Thread<'_>, initial_bytes: Option<Obj<'_>>) -> Result<()> {
        self.resizable(th)?;
        let Some(initial) = initial_bytes.filter(|initial| !initial.is_none()) else {
            // What is closed stays closed.
            self.assign((!self.is_closed(th)).then(|| Contents::Own(Vec::new())));
            return Ok(());
        };
        if let Some(bytes) = initial.downcast_exact::<Bytes>() {
            self.assign(Some(Contents::Shared(own(bytes))));
            return Ok(());
        }
        self.assign(Some(Contents::Own(Vec::new())));
        self.write(th, initial)?;
        self.position.set(0);
        Ok(())
    }

    /// Returns True if the IO object can be read.
    #[sig = "($self, /)"]
    fn readable(&self, th: Thread<'_>) -> Result<bool> {
        self.open(th).map(|()| true)
    }

    /// Returns True if the IO object can be written.
    #[sig = "($self, /)"]
    fn writable(&self, th: Thread<'_>) -> Result<bool> {
        self.open(th).map(|()| true)
    }

    /// Returns True if the IO object can be seeked.
    #[sig = "($self, /)"]
    fn seekable(&self, th: Thread<'_>) -> Result<bool> {
        self.open(th).map(|()| true)
    }

    /// Does nothing.
    #[sig = "($self, /)"]
    fn flush(&self, th: Thread<'_>) -> Result<()> {
        self.open(th)
    }

    /// Always returns False.
    ///
    /// BytesIO objects are not connected to a TTY-like device.
    #[sig = "($self, /)"]
    fn isatty(&self, th: Thread<'_>) -> Result<bool> {
        self.open(th).map(|()| false)
    }

    /// Current file position, an integer.
    #[sig = "($self, /)"]
    fn tell(&self, th: Thread<'_>) -> Result<usize> {
        self.open(th)?;
        Ok(self.position.get())
    }

    /// Disable all I/O operations.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        self.resizable(th)?;
        self.assign(None);
        Ok(())
    }

    #[getter]
    #[name = "closed"]
    fn is_closed(&self, _: Thread<'_>) -> bool {
        self.contents.borrow().is_none()
    }

    /// Retrieve the entire contents of the BytesIO object.
    #[sig = "($self, /)"]
    fn getvalue(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        self.open(th)?;
        self.share(th)
    }

    /// Get a read-write view over the contents of the BytesIO object.
    #[parse(keywords)]
    #[sig = "($self, /)"]
    fn getbuffer(&self, th: Thread<'_>) -> Result<Ref> {
        self.open(th)?;
        let buffer = alloc_object::new(
            th,
            BytesIOBuffer { head: Head::new(), source: Link::new(own(self)) },
        )?;
        crate::support::import_from(th, "builtins", "memoryview")?.call(th, &[buffer.obj()])
    }

    /// Read at most size bytes, returned as a bytes object.
    ///
    /// If the size argument is negative, read until EOF is reached.
    /// Return an empty bytes object at EOF.
    #[sig = "($self, size=-1, /)"]
    fn read(&self, th: Thread<'_>, size: Option<isize>) -> Result<Ref<Bytes>> {
        self.open(th)?;
        self.take(th, limit(size))
    }

    /// Read at most size bytes, returned as a bytes object.
    ///
    /// If the size argument is negative or omitted, read until EOF is reached.
    /// Return an empty bytes object at EOF.
    #[sig = "($self, size=-1, /)"]
    fn read1(&self, th: Thread<'_>, size: Option<isize>) -> Result<Ref<Bytes>> {
        self.open(th)?;
        self.take(th, limit(size))
    }

    /// Next line from the file, as a bytes object.
    ///
    /// Retain newline.  A non-negative size argument limits the maximum
    /// number of bytes to return (an incomplete line may be returned then).
    /// Return an empty bytes object at EOF.
    #[sig = "($self, size=-1, /)"]
    fn readline(&self, th: Thread<'_>, size: Option<isize>) -> Result<Ref<Bytes>> {
        self.open(th)?;
        self.line(th, limit(size))
    }

    /// List of bytes objects, each a line from the file.
    ///
    /// Call readline() repeatedly and return a list of the lines so read.
    /// The optional size argument, if given, is an approximate bound on the
    /// total number of bytes in the lines returned.
    #[sig = "($self, size=None, /)"]
    fn readlines(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<Ref<List>> {
        self.open(th)?;
        let size = match size.filter(|size| !size.is_none()) {
            Some(size) if !Int::is_index(size) => {
                let given = size.type_name();
                raise!(th, TypeError, "integer argument expected, got '{given}'")
            }
            Some(size) => Some(Int::index_to_isize(th, size)?),
            None => None,
        };
        let list = List::new(th)?;
        let mut total = 0;
        loop {
            let line = self.line(th, None)?;
            let len = line.len();
            if len == 0 {
                return Ok(list);
            }
            list.push(th, line.upcast())?;
            total += len;
            if limit(size).is_some_and(|limit| limit > 0 && total >= limit) {
                return Ok(list);
            }
        }
    }

    /// Read bytes into buffer.
    ///
    /// Returns number of bytes read (0 for EOF), or None if the object
    /// is set not to block and has no data to read.
    #[sig = "($self, buffer, /)"]
    fn readinto(&self, th: Thread<'_>, buffer: Writable) -> Result<usize> {
        self.open(th)?;
        let data = self.data();
        let rest = data.get(self.position.get()..).unwrap_or_default();
        let n = buffer.copy_from(rest.as_ptr_range());
        self.position.set(self.position.get() + n);
        Ok(n)
    }

    /// Truncate the file to at most size bytes.
    ///
    /// Size defaults to the current file position, as returned by tell().
    /// The current file position is unchanged.  Returns the new size.
    #[sig = "($self, size=None, /)"]
    fn truncate(&self, th: Thread<'_>, size: Option<isize>) -> Result<usize> {
        self.open(th)?;
        self.resizable(th)?;
        let size = match size {
            None => self.position.get(),
            Some(size) => match usize::try_from(size) {
                Ok(size) => size,
                Err(_) => raise!(th, ValueError, "negative size value {size}"),
            },
        };
        self.open(th)?;
        if size < self.data().len() {
            self.change(th, |data| {
                data.truncate(size);
                Some(())
            })?;
        }
        Ok(size)
    }

    /// Change stream position.
    ///
    /// Seek to byte offset pos relative to position indicated by whence:
    ///      0  Start of stream (the default).  pos should be >= 0;
    ///      1  Current position - pos may be negative;
    ///      2  End of stream - pos usually negative.
    /// Returns the new absolute position.
    #[sig = "($self, pos, whence=0, /)"]
    fn seek(&self, th: Thread<'_>, pos: isize, whence: i32) -> Result<usize> {
        self.open(th)?;
        let base = match whence {
            0 if pos < 0 => raise!(th, ValueError, "negative seek value {pos}"),
            0 => 0,
            1 => self.position.get(),
            2 => self.data().len(),
            _ => {
                raise!(th, ValueError, "invalid whence ({whence}, should be 0, 1 or 2)")
            }
        };
        let Some(position) = (base as isize).checked_add(pos) else {
            raise!(th, OverflowError, "new position too large");
        };
        self.position.set(position.max(0) as usize);
        Ok(self.position.get())
    }

    /// Write bytes to file.
    ///
    /// Return the number of bytes written.
    #[sig = "($self, b, /)"]
    fn write(&self, th: Thread<'_>, b: Obj<'_>) -> Result<usize> {
        self.open(th)?;
        self.resizable(th)?;
        if let Some(bytes) = b.downcast_exact::<Bytes>() {
            return self.put(th, bytes.as_bytes());
        }
        let buffer = Buffer::readable(th, b)?;
        self.open(th)?;
        // Getting at the data may have run code.
        self.resizable(th)?;
        self.put(th, buffer.bytes())
    }

    /// Write lines to the file.
    ///
    /// Note that newlines are not added.  lines can be any iterable object
    /// producing bytes-like objects. This is equivalent to calling write() for
    /// each element.
    #[sig = "($self, lines, /)"]
    fn writelines(&self, th: Thread<'_>, lines: Obj<'_>) -> Result<()> {
        self.open(th)?;
        let iterator = lines.iter(th)?;
        while let Some(line) = iterator.next(th)? {
            self.write(th, line.obj())?;
        }
        Ok(())
    }

    #[sig = "($self, /)"]
    fn __getstate__(th: Thread<'_>, this: Obj<'_>) -> Result<(Ref, usize, Ref)> {
        let Some(slf) = this.downcast::<BytesIO>() else { return Err(th.no_memory()) };
        let value = slf.getvalue(th)?.upcast();
        let dict = types::object_::instance_dict(th, this)?;
        let dict = match dict {
            Some(dict) if !dict.is_empty() => dict.copy(th)?.upcast(),
            _ => types::none().own(),
        };
        Ok((value, slf.position.get(), dict))
    }

    #[sig = "($self, state, /)"]
    fn __setstate__(th: Thread<'_>, this: Obj<'_>, state: Obj<'_>) -> Result<()> {
        let Some(slf) = this.downcast::<BytesIO>() else { return Ok(()) };
        let Some([value, position, dict]) = state.downcast::<Tuple>().map(Tuple::items) else {
            raise!(
                th,
                TypeError,
                "{}.__setstate__ argument should be 3-tuple, got {}",
                this.ty().full_name(),
                state.type_name()
            );
        };
        slf.resizable(th)?;
        slf.open(th)?;
        slf.assign(Some(Contents::Own(Vec::new())));
        slf.write(th, *value)?;
        if !Int::is_int(*position) {
            raise!(
                th,
                TypeError,
                "second item of state must be an integer, not {}",
                position.type_name()
            );
        }
        match usize::try_from(Int::index_to_isize(th, *position)?) {
            Ok(position) => slf.position.set(position),
            Err(_) => raise!(th, ValueError, "position value cannot be negative"),
        }
        set_state_dict(th, this, *dict, "third")
    }

    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        let data = match self.contents.borrow().as_deref() {
            Some(Contents::Own(bytes)) => bytes.capacity(),
            // The file's own, if nobody else has it.
            Some(Contents::Shared(bytes)) if bytes.obj().is_unique() => {
                size_of::<Bytes>() + bytes.len() + 1
            }
            _ => 0,
        };
        size_of::<BytesIO>() + data
    }

    fn __iter__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        if let Some(slf) = this.downcast::<BytesIO>() {
            slf.open(th)?;
        }
        Ok(this.own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref<Bytes>>> {
        self.open(th)?;
        let line = self.line(th, None)?;
        Ok((line.len() > 0).then_some(line))
    }
}

/// The last item of a pickled state: the instance's attributes.
pub(super) fn set_state_dict(
    th: Thread<'_>,
    this: Obj<'_>,
    dict: Obj<'_>,
    which: &str,
) -> Result<()> {
    if dict.is_none() {
        return Ok(());
    }
    let Some(dict) = dict.downcast::<Dict>() else {
        raise!(th, TypeError, "{which} item of state should be a dict, got a {}", dict.type_name());
    };
    for (key, value) in dict.items() {
        if let Some(name) = key.obj().downcast::<object::Str>() {
            this.setattr(th, name, Some(value.obj()))?;
        }
    }
    Ok(())
}

/// What the view of `BytesIO.getbuffer()` exports from.
#[pytype(name = "_io._BytesIOBuffer", flags = IMMUTABLETYPE | DISALLOW_INSTANTIATION)]
pub(super) struct BytesIOBuffer {
    head: Head,
    source: Link<BytesIO>,
}

#[pymethods]
impl BytesIOBuffer {
    fn bf_getbuffer(
        th: Thread<'_>,
        this: Obj<'_>,
        view: &mut abi::Py_buffer,
        flags: i32,
    ) -> Result<()> {
        let Some(source) = this.downcast::<BytesIOBuffer>().and_then(|b| b.source.get()) else {
            raise!(th, BufferError, "no memory to export");
        };
        let (start, length) = source.change(th, |data| Some((data.as_mut_ptr(), data.len())))?;
        view.buf = start.cast();
        view.len = length as isize;
        view.itemsize = 1;
        view.readonly = 0;
        view.ndim = 1;
        let with = |flag: u32| flags as u32 & flag == flag;
        view.format = if with(abi::PyBUF_FORMAT as u32) { c"B".as_ptr() } else { std::ptr::null() };
        view.shape =
            if with(abi::PyBUF_ND as u32) { &raw mut view.len } else { std::ptr::null_mut() };
        view.strides = if with(abi::PyBUF_STRIDES as u32) {
            &raw mut view.itemsize
        } else {
            std::ptr::null_mut()
        };
        view.suboffsets = std::ptr::null_mut();
        view.internal = std::ptr::null_mut();
        view.obj = this.own().into_raw();
        source.exports.set(source.exports.get() + 1);
        Ok(())
    }

    fn bf_releasebuffer(&self, _: Thread<'_>, _: &mut abi::Py_buffer) {
        if let Some(source) = self.source.get() {
            source.exports.set(source.exports.get().saturating_sub(1));
        }
    }
}
