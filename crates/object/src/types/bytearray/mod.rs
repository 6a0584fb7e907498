//! `bytearray`: bytes that can be changed.
//!
//! The data are `ob_size` bytes from `start` on, inside a block of `alloc`
//! bytes at `block` (null for none), with a NUL behind them. Removing from the
//! front moves `start` only. While buffers are exported the size cannot change,
//! so a slice of the data stays valid as long as a buffer of it is held; other
//! borrows must not outlive a call that can run Python code.

mod methods;

use std::{cell::Cell, ptr::NonNull};

use macros::{pymethods, pytype};
use text::split::Side;

use crate::{
    AsObject, Bytes, CompareOp, List, Obj, Protocol, Ref, Result, Str, Thread, Traverse, Tuple,
    Type, VarHead, alloc_object,
    args::Given,
    protocol::{
        buffer::{self, BytesLike},
        index::{Bound, Selection},
    },
    raise,
    types::{
        bool_,
        bytes::Filler,
        bytes::iter::ByteArrayIterator,
        bytes::shared::{self, ByteString, Contents, Fill, byte_string_methods},
        singletons::not_implemented_ref,
    },
};

/// bytearray(iterable_of_ints) -> bytearray
/// bytearray(string, encoding[, errors]) -> bytearray
/// bytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer
/// bytearray(int) -> bytes array of size given by the parameter initialized with null bytes
/// bytearray() -> empty bytes array
///
/// Construct a mutable bytearray object from:
///   - an iterable yielding integers in range(256)
///   - a text string encoded using the specified encoding
///   - a bytes or a buffer object
///   - any object implementing the buffer API.
///   - an integer
#[pytype(name = "bytearray", c_name = "PyByteArray_Type", flags = BASETYPE | MATCH_SELF, layout = abi::PyByteArrayObject, traverse = manual)]
pub struct ByteArray {
    head: VarHead,
    alloc: Cell<isize>,
    block: Cell<*mut u8>,
    start: Cell<*mut u8>,
    exports: Cell<isize>,
}

impl Traverse for ByteArray {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Drop for ByteArray {
    fn drop(&mut self) {
        // SAFETY: objects die on attached threads.
        let th = unsafe { Thread::current() };
        if let Some(block) = NonNull::new(self.block.get()) {
            // SAFETY: the block is ours.
            unsafe { th.heap().free(block) };
        }
    }
}

impl ByteString for ByteArray {
    const NAME: &'static str = "bytearray";

    fn data(&self) -> &[u8] {
        match NonNull::new(self.start.get()) {
            // SAFETY: `ob_size` initialised bytes.
            Some(start) => unsafe {
                std::slice::from_raw_parts(start.as_ptr(), self.head.size() as usize)
            },
            None => &[],
        }
    }

    fn make(th: Thread<'_>, data: &[u8]) -> Result {
        ByteArray::new(th, data).map(Ref::upcast)
    }

    fn assemble(th: Thread<'_>, size: usize, fill: impl FnOnce(&mut Filler<'_>)) -> Result {
        let array = Self::empty_in(th, <Self as crate::PyStruct>::type_object())?;
        array.resize(th, size)?;
        if let Some(start) = NonNull::new(array.start.get()) {
            // SAFETY: `ob_size` bytes of an object that nobody shares.
            let rest = unsafe { std::slice::from_raw_parts_mut(start.as_ptr().cast(), size) };
            let mut filler = Filler::new(rest);
            fill(&mut filler);
            filler.finish();
        }
        Ok(array.upcast())
    }

    fn unchanged(&self, th: Thread<'_>) -> Result {
        Self::make(th, self.data())
    }
}

byte_string_methods!(ByteArray);

impl ByteArray {
    /// A new bytearray.
    pub fn new(th: Thread<'_>, data: &[u8]) -> Result<Ref<ByteArray>> {
        let array = Self::empty_in(th, <Self as crate::PyStruct>::type_object())?;
        array.resize(th, data.len())?;
        array.write(0, data);
        Ok(array)
    }

    fn empty_in(th: Thread<'_>, cls: &Type) -> Result<Ref<ByteArray>> {
        alloc_object::alloc(
            th,
            cls,
            ByteArray {
                head: VarHead::new(0),
                alloc: Cell::new(0),
                block: Cell::new(std::ptr::null_mut()),
                start: Cell::new(std::ptr::null_mut()),
                exports: Cell::new(0),
            },
        )
        .inspect(|array| array.head.set_size(0))
    }

    /// How many bytes.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "named after Python's len()")]
    pub fn len(&self) -> usize {
        self.head.size() as usize
    }

    /// The data. Not to be kept across code that could resize the array.
    pub fn as_bytes(&self) -> &[u8] {
        self.data()
    }

    /// Copy `data` to position `at`; what does not fit is left out.
    pub(crate) fn write(&self, at: usize, data: &[u8]) {
        let room = self.len().saturating_sub(at);
        let count = data.len().min(room);
        if count > 0 {
            // SAFETY: `at + count` is at most the size; `copy` allows overlap.
            unsafe { self.start.get().add(at).copy_from(data.as_ptr(), count) };
        }
    }

    /// Overwrite the selected bytes, as many as `data` has.
    pub(crate) fn write_selected(&self, selection: &Selection, data: &[u8]) {
        let Ok(start) = usize::try_from(selection.start) else { return };
        if self.len() == 0 {
            return;
        }
        // SAFETY: the data of this array, which nobody else looks at meanwhile.
        let all = unsafe { std::slice::from_raw_parts_mut(self.start.get(), self.len()) };
        let step = selection.step.unsigned_abs().max(1);
        // PERF: one place after the other; sieves do little else.
        if selection.step > 0 {
            let places = all.get_mut(start..).unwrap_or_default();
            places.iter_mut().step_by(step).zip(data).for_each(|(place, byte)| *place = *byte);
        } else {
            let places = all.get_mut(..=start).unwrap_or_default();
            let places = places.iter_mut().rev().step_by(step);
            places.zip(data).for_each(|(place, byte)| *place = *byte);
        }
    }

    /// Move `count` bytes from position `from` to `to`.
    fn shift(&self, from: usize, to: usize, count: usize) {
        if count > 0 && from.max(to) + count <= self.len() {
            // SAFETY: both ranges are inside the data.
            unsafe { self.start.get().add(to).copy_from(self.start.get().add(from), count) };
        }
    }

    /// Whether a buffer of it is in use.
    pub fn is_exported(&self) -> bool {
        self.exports.get() > 0
    }

    /// Whether the size may change now.
    fn check_resizable(&self, th: Thread<'_>) -> Result<()> {
        if self.is_exported() {
            raise!(th, BufferError, "Existing exports of data: object cannot be re-sized");
        }
        Ok(())
    }

    /// Change the size; new bytes are undefined but initialised.
    pub fn resize(&self, th: Thread<'_>, size: usize) -> Result<()> {
        let old = self.len();
        if size == old {
            return Ok(());
        }
        self.check_resizable(th)?;
        let offset = self.start.get().addr() - self.block.get().addr();
        let room = self.alloc.get() as usize;
        // COMPAT: CPython's growth, which `__alloc__` shows; test_bytes.
        let alloc = if size.checked_add(offset + 1).is_some_and(|end| end <= room) {
            if size >= room / 2 {
                return self.set_len(size);
            }
            Some(size + 1)
        } else if (size as f64) <= room as f64 * 1.125 {
            size.checked_add((size >> 3) + if size < 9 { 3 } else { 6 })
        } else {
            size.checked_add(1)
        };
        let Some(alloc) = alloc.filter(|&alloc| isize::try_from(alloc).is_ok()) else {
            return Err(th.no_memory());
        };
        let block = match NonNull::new(self.block.get()) {
            // SAFETY: the block is ours and nobody sees into it.
            Some(block) if offset == 0 => unsafe { th.heap().realloc(block, alloc) },
            _ => th.heap().alloc(alloc),
        };
        let Some(block) = block else { return Err(th.no_memory()) };
        if offset != 0 || self.block.get().is_null() {
            let kept = old.min(size);
            if kept > 0 {
                // SAFETY: both blocks have at least that many bytes.
                unsafe { block.as_ptr().copy_from_nonoverlapping(self.start.get(), kept) };
            }
            if let Some(old_block) = NonNull::new(self.block.get()) {
                // SAFETY: replaced by the new block.
                unsafe { th.heap().free(old_block) };
            }
        }
        if size > old {
            // SAFETY: inside the new block.
            unsafe { block.add(old.min(size)).write_bytes(0, size - old) };
        }
        self.block.set(block.as_ptr());
        self.start.set(block.as_ptr());
        self.alloc.set(alloc as isize);
        self.set_len(size)
    }

    /// Set the size to one the block has room for.
    fn set_len(&self, size: usize) -> Result<()> {
        let old = self.len();
        if size > old {
            // SAFETY: the caller knows that there is room.
            unsafe { self.start.get().add(old).write_bytes(0, size - old) };
        }
        self.head.set_size(size as isize);
        // SAFETY: room for the NUL is part of every size computed.
        unsafe { self.start.get().add(size).write(0) };
        Ok(())
    }

    /// Replace `start..end` by `data`, which is not part of this array.
    pub(crate) fn splice(
        &self,
        th: Thread<'_>,
        start: usize,
        end: usize,
        data: &[u8],
    ) -> Result<()> {
        let old = self.len();
        let end = end.min(old);
        let start = start.min(end);
        let removed = end - start;
        if data.len() < removed {
            self.check_resizable(th)?;
            let shrink = removed - data.len();
            if start == 0 {
                // SAFETY: `shrink` is at most the size.
                self.start.set(unsafe { self.start.get().add(shrink) });
                self.head.set_size((old - shrink) as isize);
                // What is left may be much less than the block.
                let keep = self.len();
                if keep + 1 < self.alloc.get() as usize / 2 {
                    self.head.set_size(keep as isize + 1);
                    self.resize(th, keep)?;
                }
            } else {
                self.shift(end, end - shrink, old - end);
                self.resize(th, old - shrink)?;
            }
        } else if data.len() > removed {
            let growth = data.len() - removed;
            let Some(size) = old.checked_add(growth) else { return Err(th.no_memory()) };
            self.resize(th, size)?;
            self.shift(end, end + growth, old - end);
        }
        self.write(start, data);
        Ok(())
    }
}

#[pymethods(parts(shared, methods))]
impl ByteArray {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&crate::Dict>,
    ) -> Result<Ref<ByteArray>> {
        Self::empty_in(th, cls)
    }

    #[sig = "bytearray(source=b'', encoding='utf-8', errors='strict')"]
    fn __init__(
        &self,
        th: Thread<'_>,
        source: Option<Given<Obj<'_>>>,
        encoding: Option<Given<&str>>,
        errors: Option<Given<&str>>,
    ) -> Result<()> {
        let (encoding, errors) = (encoding.map(|Given(x)| x), errors.map(|Given(x)| x));
        if self.len() > 0 {
            self.resize(th, 0)?;
        }
        let source = source.map(|Given(source)| source);
        match shared::construct(th, source, encoding, errors, false)? {
            Contents::Bytes(bytes) => {
                self.resize(th, bytes.len())?;
                self.write(0, bytes.as_bytes());
            }
            Contents::Zeros(size) => self.resize(th, size)?,
            Contents::Iterator(iterator) => {
                let filled = self.push_all(th, iterator.obj());
                if filled.is_err() {
                    self.resize(th, 0)?;
                }
                return filled;
            }
        }
        Ok(())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let data = self.data();
        let has = |quote: u8| data.contains(&quote);
        let quote = if has(b'\'') && !has(b'"') { b'"' } else { b'\'' };
        let mut out = Vec::new();
        if out.try_reserve(data.len().saturating_add(24)).is_err() {
            return Err(th.no_memory());
        }
        out.extend(self.obj().short_type_name().bytes());
        out.extend([b'(', b'b', quote]);
        for &byte in data {
            // COMPAT: a single quote is escaped also between double ones.
            match byte {
                b'\'' | b'\\' => out.extend([b'\\', byte]),
                b'\t' => out.extend(b"\\t"),
                b'\n' => out.extend(b"\\n"),
                b'\r' => out.extend(b"\\r"),
                b' '..=b'~' => out.push(byte),
                _ => text::codecs::handlers::put_backslash(&mut out, byte.into()),
            }
        }
        out.extend([quote, b')']);
        match std::str::from_utf8(&out) {
            Ok(text) => Str::new(th, text),
            Err(_) => Str::from_wtf8(th, &out),
        }
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        shared::bytes_warning(th, "str() on a bytearray instance")?;
        self.repr(th)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        if other.downcast::<Str>().is_some() {
            if matches!(op, CompareOp::Eq | CompareOp::Ne) {
                shared::bytes_warning(th, "Comparison between bytearray and string")?;
            }
            return Ok(not_implemented_ref());
        }
        let other = match BytesLike::try_get(th, other) {
            Ok(Some(other)) => other,
            Ok(None) => return Ok(not_implemented_ref()),
            Err(raised) => {
                th.clear_exception(raised);
                return Ok(not_implemented_ref());
            }
        };
        let (a, b) = (self.data(), &*other);
        let answer = match op {
            CompareOp::Eq => a == b,
            CompareOp::Ne => a != b,
            op => op.of(a.cmp(b)),
        };
        Ok(bool_(answer).own())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        ByteArrayIterator::new(th, self)
    }

    fn bf_getbuffer(&self, th: Thread<'_>, view: &mut abi::Py_buffer, flags: i32) -> Result<()> {
        let data =
            NonNull::new(self.start.get()).unwrap_or(crate::types::bytes::empty().data_ptr());
        buffer::fill_info(th, view, self.obj(), data, self.len(), false, flags)?;
        self.exports.set(self.exports.get() + 1);
        Ok(())
    }

    fn bf_releasebuffer(&self, _: Thread<'_>, _: &mut abi::Py_buffer) -> Result<()> {
        self.exports.set(self.exports.get() - 1);
        Ok(())
    }

    /// Create a bytearray object from a string of hexadecimal numbers.
    ///
    /// Spaces between two numbers are accepted.
    /// Example: bytearray.fromhex('B9 01EF') -> bytearray(b'\\xb9\\x01\\xef')
    #[classmethod]
    #[sig = "($type, string, /)"]
    fn fromhex(th: Thread<'_>, cls: &Type, string: Obj<'_>) -> Result {
        let bytes = shared::fromhex(th, string)?;
        if std::ptr::eq(cls, <ByteArray as crate::PyStruct>::type_object()) {
            return Self::make(th, &bytes);
        }
        let bytes = Bytes::new(th, &bytes)?;
        cls.call(th, &[bytes.obj()])
    }
}
