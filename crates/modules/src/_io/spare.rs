//! Buffers of default size that a closed stream leaves to the next one.
//!
//! PERF: a server opens a stream for each request; zeroing 128 KB for it, twice
//! where the raw stream is written in Python, was half of the time that
//! `wsgiref` took for a small answer.

use std::cell::RefCell;

use object::{AsObject, Link, Ref, Result, Thread, types::ByteArray};

use super::DEFAULT_BUFFER_SIZE;

/// At most one of each kind is kept.
#[derive(Default)]
struct Spare {
    memory: RefCell<Vec<u8>>,
    array: Link,
}

/// A buffer of `size` initialised bytes.
pub(super) fn take_memory(th: Thread<'_>, size: usize) -> Result<Vec<u8>> {
    if size == DEFAULT_BUFFER_SIZE {
        let kept = th.interp().extensions.get::<Spare>().memory.take();
        if kept.len() == size {
            return Ok(kept);
        }
    }
    let mut memory = Vec::new();
    if memory.try_reserve_exact(size).is_err() {
        return Err(th.no_memory());
    }
    memory.resize(size, 0);
    Ok(memory)
}

/// Leave a buffer that is no longer used.
pub(super) fn keep_memory(th: Thread<'_>, memory: Vec<u8>) {
    if memory.len() == DEFAULT_BUFFER_SIZE {
        th.interp().extensions.get::<Spare>().memory.replace(memory);
    }
}

/// A `bytearray` of `size` bytes, for raw streams in Python to fill.
pub(super) fn take_array(th: Thread<'_>, size: usize) -> Result<Ref<ByteArray>> {
    if size == DEFAULT_BUFFER_SIZE
        && let Some(kept) = th.interp().extensions.get::<Spare>().array.take()
        && let Ok(array) = kept.downcast::<ByteArray>()
    {
        return Ok(array);
    }
    let array = ByteArray::new(th, b"")?;
    array.resize(th, size)?;
    Ok(array)
}

/// Leave an array, if nobody else has got hold of it.
pub(super) fn keep_array(th: Thread<'_>, array: Ref<ByteArray>) {
    if array.len() == DEFAULT_BUFFER_SIZE && array.obj().is_unique() && !array.is_exported() {
        th.interp().extensions.get::<Spare>().array.set(Some(array.upcast()));
    }
}
