//! `MemoryBIO`: a pipe in memory.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{Bytes, Dict, Head, Ref, Result, Thread, Tuple, Type, alloc_object, raise};

use super::errors;
use crate::support::Data;

/// Bytes that were written, less those that were read.
#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    start: usize,
}

impl Queue {
    fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start >= self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > self.bytes.len() / 2 {
            // What is left is moved at most as often as what was read.
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }
}

#[pytype(name = "_ssl.MemoryBIO", flags = IMMUTABLETYPE)]
pub(crate) struct MemoryBio {
    head: Head,
    #[traverse(skip)]
    queue: RefCell<Queue>,
    ended: Cell<bool>,
}

impl MemoryBio {
    /// Move up to `count` bytes to `out`: how many.
    pub(super) fn take(&self, count: usize, out: &mut Vec<u8>) -> usize {
        let mut queue = self.queue.borrow_mut();
        let taken = count.min(queue.pending().len());
        out.extend(queue.pending().get(..taken).unwrap_or_default());
        queue.consume(taken);
        taken
    }

    /// Append bytes.
    pub(super) fn put(&self, th: Thread<'_>, bytes: &[u8]) -> Result<()> {
        let mut queue = self.queue.borrow_mut();
        if queue.bytes.try_reserve(bytes.len()).is_err() {
            return Err(th.no_memory());
        }
        queue.bytes.extend(bytes);
        Ok(())
    }

    /// Append records that nobody else needs.
    pub(super) fn put_records(&self, th: Thread<'_>, records: Vec<u8>) -> Result<()> {
        let mut queue = self.queue.borrow_mut();
        if queue.pending().is_empty() {
            *queue = Queue { bytes: records, start: 0 };
            return Ok(());
        }
        drop(queue);
        self.put(th, &records)
    }

    /// Whether nothing will be written any more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }
}

#[pymethods]
impl MemoryBio {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        args: &Tuple,
        kwargs: Option<&Dict>,
    ) -> Result<Ref<MemoryBio>> {
        if kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            raise!(th, TypeError, "MemoryBIO() takes no keyword arguments");
        }
        if !args.items().is_empty() {
            raise!(th, TypeError, "MemoryBIO() takes no positional arguments");
        }
        let (queue, ended) = (RefCell::default(), Cell::new(false));
        alloc_object::alloc(th, cls, MemoryBio { head: Head::new(), queue, ended })
    }

    /// The number of bytes pending in the memory BIO.
    #[getter]
    fn pending(&self, _: Thread<'_>) -> usize {
        self.queue.borrow().pending().len()
    }

    /// Whether the memory BIO is at EOF.
    #[getter]
    fn eof(&self, _: Thread<'_>) -> bool {
        self.ended.get() && self.queue.borrow().pending().is_empty()
    }

    /// Read up to size bytes from the memory BIO.
    ///
    /// If size is not specified, read the entire buffer.
    /// If the return value is an empty bytes instance, this means either
    /// EOF or that no data is available. Use the "eof" property to
    /// distinguish between the two.
    #[sig = "($self, size=-1, /)"]
    fn read(&self, th: Thread<'_>, size: Option<i32>) -> Result<Ref<Bytes>> {
        let mut queue = self.queue.borrow_mut();
        let pending = queue.pending();
        let wanted = usize::try_from(size.unwrap_or(-1)).unwrap_or(usize::MAX);
        let bytes = pending.get(..wanted).unwrap_or(pending);
        let result = Bytes::new(th, bytes)?;
        let count = bytes.len();
        queue.consume(count);
        Ok(result)
    }

    /// Writes the bytes b into the memory BIO.
    ///
    /// Returns the number of bytes written.
    #[sig = "($self, b, /)"]
    fn write(&self, th: Thread<'_>, b: Data) -> Result<usize> {
        if self.ended.get() {
            return Err(errors::bare(th, "cannot write() after write_eof()"));
        }
        self.put(th, b.bytes())?;
        Ok(b.len())
    }

    /// Write an EOF marker to the memory BIO.
    ///
    /// When all data has been read, the "eof" property will be True.
    #[sig = "($self, /)"]
    fn write_eof(&self, _: Thread<'_>) {
        self.ended.set(true);
    }
}
