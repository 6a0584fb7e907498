//! Where the data of a `bytes` are, and how they are made.
//!
//! Empty and one-byte objects are immortal statics. A `bytes` is filled once,
//! while nobody else has seen it.

use std::{cell::Cell, mem::MaybeUninit, ptr::NonNull};

use super::Bytes;
use crate::{
    AsObject, Obj, PyStruct, Ref, Result, Thread, Traverse, Type, VarHead, alloc_object,
    copy::copy_bytes, raise, reference, shape, types::str::hash_bytes,
};

/// An immortal `bytes` of at most one byte.
#[repr(C, align(16))]
struct StaticBytes {
    bytes: Bytes,
    data: [u8; 16],
}

// SAFETY: used only under the GIL, like every object.
unsafe impl Sync for StaticBytes {}

const fn static_bytes(length: isize, byte: u8) -> StaticBytes {
    let mut data = [0; 16];
    data[0] = byte;
    StaticBytes { bytes: Bytes { head: VarHead::immortal(length), hash: Cell::new(-1) }, data }
}

static EMPTY: StaticBytes = static_bytes(0, 0);
static ONE: [StaticBytes; 256] = {
    let mut all = [const { static_bytes(1, 0) }; 256];
    let mut i = 0;
    while i < 256 {
        all[i].data[0] = i as u8;
        i += 1;
    }
    all
};

/// Give the static objects their type, before anything else runs.
pub fn init() {
    EMPTY.bytes.head.set_static_type(Bytes::type_object());
    ONE.iter().for_each(|one| one.bytes.head.set_static_type(Bytes::type_object()));
}

/// `b''`.
pub fn empty() -> &'static Bytes {
    &EMPTY.bytes
}

/// A new object of `length` zero bytes, which nobody shares unless it is empty.
pub fn new_unfilled(th: Thread<'_>, length: usize) -> Result<Ref<Bytes>> {
    if length == 0 { Ok(crate::own(empty())) } else { Bytes::fresh(th, length, |_| {}) }
}

/// The data of an object in the making, written from the start on; what is
/// not written becomes zero.
///
/// PERF: large objects are not zeroed and then written.
pub struct Filler<'a> {
    rest: &'a mut [MaybeUninit<u8>],
}

impl<'a> Filler<'a> {
    /// For memory of a block that nobody shares.
    pub(crate) fn new(rest: &'a mut [MaybeUninit<u8>]) -> Self {
        Filler { rest }
    }

    /// No more follows.
    pub(crate) fn finish(self) {
        self.rest.fill(MaybeUninit::new(0));
    }

    /// The next `count` places, or as many as there are.
    fn take(&mut self, count: usize) -> &mut [MaybeUninit<u8>] {
        let rest = std::mem::take(&mut self.rest);
        let (taken, rest) = rest.split_at_mut(count.min(rest.len()));
        self.rest = rest;
        taken
    }

    /// Append bytes.
    #[inline]
    pub fn put(&mut self, data: &[u8]) {
        let place = self.take(data.len());
        let (to, count) = (place.as_mut_ptr().cast(), place.len());
        // SAFETY: there are at least as many bytes as places, in other memory.
        unsafe { copy_bytes(data.as_ptr(), to, count) };
    }

    /// Append a byte.
    #[inline]
    pub fn push(&mut self, byte: u8) {
        self.repeat(byte, 1);
    }

    /// Append one byte `count` times.
    pub fn repeat(&mut self, byte: u8, count: usize) {
        self.take(count).fill(MaybeUninit::new(byte));
    }

    /// Append bytes, the last one first.
    pub(crate) fn put_reversed(&mut self, data: &[u8]) {
        let place = self.take(data.len());
        let count = place.len();
        // SAFETY: there are at least as many bytes as places, in other memory.
        unsafe { copy_bytes(data.as_ptr(), place.as_mut_ptr().cast(), count) };
        // PERF: in place, as the standard library swaps whole registers.
        place.reverse();
    }

    /// Append what an iterator of known length yields.
    pub fn extend(&mut self, bytes: impl ExactSizeIterator<Item = u8>) {
        let place = self.take(bytes.len());
        place.iter_mut().zip(bytes).for_each(|(place, byte)| {
            place.write(byte);
        });
    }
}

impl Traverse for Bytes {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Bytes {
    /// A new bytes object.
    pub fn new(th: Thread<'_>, data: &[u8]) -> Result<Ref<Bytes>> {
        match *data {
            [] => Ok(crate::own(empty())),
            [byte] => Ok(crate::own(&ONE[usize::from(byte)].bytes)),
            _ => Self::unshared(th, data),
        }
    }

    /// A new object of `length` bytes that `fill` gets zeroed.
    pub fn build(
        th: Thread<'_>,
        length: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Ref<Bytes>> {
        Self::try_build(th, length, |data| {
            fill(data);
            Ok(())
        })
    }

    /// As [`Bytes::build`], for a `fill` that can fail.
    pub fn try_build(
        th: Thread<'_>,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<()>,
    ) -> Result<Ref<Bytes>> {
        let bytes = new_unfilled(th, length)?;
        let data = bytes.data_ptr();
        // SAFETY: initialised, and nobody else has the object.
        fill(unsafe { std::slice::from_raw_parts_mut(data.as_ptr(), length) })?;
        if length == 1 {
            return Self::new(th, bytes.as_bytes());
        }
        Ok(bytes)
    }

    /// A new object of these bytes, also for a single one or none.
    pub fn unshared(th: Thread<'_>, data: &[u8]) -> Result<Ref<Bytes>> {
        Self::fresh(th, data.len(), |out| out.put(data))
    }

    /// A new object of `length` bytes that `fill` writes; those of one byte are shared.
    pub fn assemble(
        th: Thread<'_>,
        length: usize,
        fill: impl FnOnce(&mut Filler<'_>),
    ) -> Result<Ref<Bytes>> {
        if length == 0 {
            return Ok(crate::own(empty()));
        }
        let bytes = Self::fresh(th, length, fill)?;
        if length == 1 { Self::new(th, bytes.as_bytes()) } else { Ok(bytes) }
    }

    fn fresh(
        th: Thread<'_>,
        length: usize,
        fill: impl FnOnce(&mut Filler<'_>),
    ) -> Result<Ref<Bytes>> {
        if length > isize::MAX as usize - size_of::<Bytes>() - 1 {
            raise!(th, OverflowError, "byte string is too large");
        }
        let memory = th.heap().alloc(size_of::<Bytes>() + length + 1);
        let Some(memory) = memory else { return Err(th.no_memory()) };
        let object = memory.cast::<abi::PyObject>();
        // SAFETY: memory for a bytes object.
        unsafe { reference::init_static_header(object, Self::type_object()) };
        // SAFETY: the header is in place; the other fields are written next.
        let bytes = unsafe { memory.cast::<Bytes>().as_ref() };
        bytes.head.set_size(length as isize);
        bytes.hash.set(-1);
        // SAFETY: behind the struct, inside the block.
        let data = unsafe { memory.add(size_of::<Bytes>()) };
        // SAFETY: room for the data and a NUL, in a block that is new.
        let rest: &mut [MaybeUninit<u8>] =
            unsafe { std::slice::from_raw_parts_mut(data.as_ptr().cast(), length + 1) };
        let Some((end, rest)) = rest.split_last_mut() else { return Err(th.no_memory()) };
        end.write(0);
        let mut filler = Filler::new(rest);
        fill(&mut filler);
        filler.finish();
        // SAFETY: the header's count is this reference.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// A new instance of `cls`, `bytes` or a subclass.
    pub fn new_in(th: Thread<'_>, cls: &Type, data: &[u8]) -> Result<Ref> {
        if std::ptr::eq(cls, Self::type_object()) {
            return Self::new(th, data).map(Ref::upcast);
        }
        let object = alloc_object::alloc_raw(th, cls, data.len(), shape::inline_bytes(cls))?;
        // SAFETY: memory for an instance of a subtype of `bytes`.
        let bytes = unsafe { object.cast::<Bytes>().as_ref() };
        bytes.head.set_size(data.len() as isize);
        bytes.hash.set(-1);
        // SAFETY: behind the struct; zeroed, so the NUL is there.
        let to = unsafe { object.cast::<u8>().add(size_of::<Bytes>()) };
        // SAFETY: room for that many bytes.
        unsafe { to.as_ptr().copy_from_nonoverlapping(data.as_ptr(), data.len()) };
        alloc_object::finish(th, cls, object);
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// This object if it is exactly a `bytes`, else a copy that is.
    pub fn to_exact(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        if self.obj().is_exact::<Bytes>() {
            return Ok(crate::own(self));
        }
        Self::new(th, self.as_bytes())
    }

    /// How many bytes.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "named after Python's len()")]
    pub fn len(&self) -> usize {
        self.head.size() as usize
    }

    /// The data.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the data follow the struct.
        let data = unsafe { std::ptr::from_ref(self).add(1) };
        // SAFETY: `ob_size` bytes.
        unsafe { std::slice::from_raw_parts(data.cast(), self.len()) }
    }

    /// Where the data are, for C.
    #[inline]
    pub fn data_ptr(&self) -> NonNull<u8> {
        NonNull::from(self.as_bytes()).cast()
    }

    /// `hash(self)`, cached: that of the `str` with the same storage.
    pub fn hash(&self, th: Thread<'_>) -> isize {
        let mut hash = self.hash.get();
        if hash == -1 {
            hash = hash_bytes(th, self.as_bytes());
            self.hash.set(hash);
        }
        hash
    }
}
