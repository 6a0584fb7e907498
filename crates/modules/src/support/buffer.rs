//! Borrowed memory of bytes-like objects.
//!
//! A [`Buffer`] holds an export of the buffer protocol and gives it back when
//! dropped. While it lives, its owner cannot move or free the memory, but other
//! code may change the contents: read through [`Buffer::bytes`] at once.

use std::mem::MaybeUninit;

use object::{
    AsObject, Bytes, FromArg, Obj, Raised, Ref, Result, Thread, args::ArgContext,
    error::Raised as E, own, raise,
};

/// An export of one-dimensional contiguous bytes.
pub(crate) struct Buffer {
    start: *mut u8,
    len: usize,
    owner: Owner,
}

/// What keeps the memory.
enum Owner {
    /// An exact `bytes`, whose memory needs no export.
    Bytes(#[allow(dead_code, reason = "owned, not read")] Ref<Bytes>),
    Export(Box<abi::Py_buffer>),
}

impl Buffer {
    /// Export the memory of `object`, to read it.
    pub(crate) fn readable(th: Thread<'_>, object: Obj<'_>) -> Result<Buffer> {
        Self::export(th, object, 0)
    }

    fn export(th: Thread<'_>, object: Obj<'_>, flags: i32) -> Result<Buffer> {
        if flags == 0
            && let Some(bytes) = object.downcast_exact::<Bytes>()
        {
            let memory = bytes.as_bytes();
            let (start, len) = (memory.as_ptr().cast_mut(), memory.len());
            return Ok(Buffer { start, len, owner: Owner::Bytes(own(bytes)) });
        }
        let Some(get) = object.ty().buffer().and_then(|buffer| buffer.bf_getbuffer) else {
            raise!(th, TypeError, "a bytes-like object is required, not '{}'", object.type_name());
        };
        // SAFETY: integers and pointers.
        let mut view: Box<abi::Py_buffer> =
            Box::new(unsafe { MaybeUninit::zeroed().assume_init() });
        // SAFETY: the slot belongs to the object's type; `view` is room for the answer.
        if unsafe { get(object.as_ptr(), &mut *view, flags) } < 0 {
            return Err(E);
        }
        let (start, len) = (view.buf.cast(), usize::try_from(view.len).unwrap_or(0));
        let len = if view.buf.is_null() { 0 } else { len };
        Ok(Buffer { start, len, owner: Owner::Export(view) })
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: an export of `len` contiguous bytes.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }

    /// How many bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Owner::Export(view) = &mut self.owner else { return };
        // SAFETY: null or the reference that the export owns.
        let Some(owner) = (unsafe { Ref::from_raw(view.obj) }) else { return };
        let release = owner.obj().ty().buffer().and_then(|buffer| buffer.bf_releasebuffer);
        if let Some(release) = release {
            // SAFETY: the slot belongs to the exporter's type.
            unsafe { release(owner.as_ptr(), &mut **view) };
        }
        view.obj = std::ptr::null_mut();
    }
}

/// A bytes-like argument.
pub(crate) struct Data(Buffer);

impl std::ops::Deref for Data {
    type Target = Buffer;
    fn deref(&self) -> &Buffer {
        &self.0
    }
}

impl FromArg<'_> for Data {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        Buffer::readable(th, arg).map(Data)
    }
}

/// A bytes-like argument that is written to.
pub(crate) struct Writable(Buffer);

impl Writable {
    /// Export the memory of `object`, to change it.
    pub(crate) fn new(th: Thread<'_>, object: Obj<'_>) -> Result<Writable> {
        Buffer::export(th, object, abi::PyBUF_WRITABLE).map(Writable)
    }

    /// How many bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes. Nobody else looks at them while no Python code runs.
    #[allow(clippy::mut_from_ref, reason = "the memory belongs to the exporter")]
    pub(crate) fn bytes_mut(&self) -> &mut [u8] {
        if self.0.len == 0 {
            return &mut [];
        }
        // SAFETY: a writable export of `len` contiguous bytes.
        unsafe { std::slice::from_raw_parts_mut(self.0.start, self.0.len) }
    }

    /// Copy what fits, from memory that may overlap; how much.
    pub(crate) fn copy_from(&self, source: std::ops::Range<*const u8>) -> usize {
        let length = (source.end.addr() - source.start.addr()).min(self.len());
        if length > 0 {
            // SAFETY: a writable export of at least `length` bytes; the source is as long.
            unsafe { source.start.copy_to(self.0.start, length) };
        }
        length
    }
}

impl FromArg<'_> for Writable {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, context: ArgContext) -> Result<Self> {
        match Writable::new(th, arg) {
            Ok(buffer) => Ok(buffer),
            Err(raised) => {
                if !th.exception_matches(object::exceptions::types::BufferError())
                    && !th.exception_matches(object::exceptions::types::TypeError())
                {
                    return Err(raised);
                }
                th.clear_exception(raised);
                let _: Raised = raised;
                Err(context.bad(th, "read-write bytes-like object", arg))
            }
        }
    }
}
