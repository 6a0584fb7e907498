//! The buffer protocol for Rust code: memory of another object, borrowed.
//!
//! A [`Buffer`] is released when dropped. The view stays where it is (boxed),
//! because exporters may let its pointers point into it.

use std::{ffi::c_int, ops::Deref, ptr::NonNull};

use abi::Py_buffer;

use crate::{Bytes, FromArg, Obj, Ref, Result, Thread, args::ArgContext, error, raise};

/// A buffer obtained from an object.
pub struct Buffer(Box<Py_buffer>);

impl crate::Traverse for Buffer {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        // SAFETY: null or the exporter, to which the view owns a reference.
        if let Some(exporter) = unsafe { Obj::from_raw(self.0.obj) } {
            visit(exporter);
        }
    }
}

impl Buffer {
    /// `PyObject_GetBuffer(object, flags)`.
    pub fn get(th: Thread<'_>, object: Obj<'_>, flags: c_int) -> Result<Buffer> {
        let mut view = Box::new(Py_buffer::ZERO);
        fill(th, object, &mut view, flags)?;
        Ok(Buffer(view))
    }

    /// The buffer of an object that need not have one: `None` then.
    pub fn try_get(th: Thread<'_>, object: Obj<'_>, flags: c_int) -> Result<Option<Buffer>> {
        if !has_buffer(object) {
            return Ok(None);
        }
        Self::get(th, object, flags).map(Some)
    }

    /// The fields.
    pub fn view(&self) -> &Py_buffer {
        &self.0
    }

    /// The fields, for C.
    pub fn as_mut_ptr(&mut self) -> *mut Py_buffer {
        &raw mut *self.0
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        usize::try_from(self.0.len).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a contiguous buffer. Not to be kept across code that could
    /// write to the memory.
    pub fn as_bytes(&self) -> &[u8] {
        if self.0.buf.is_null() {
            return &[];
        }
        // SAFETY: the exporter lends `len` bytes until the release.
        unsafe { std::slice::from_raw_parts(self.0.buf.cast(), self.len()) }
    }

    /// The bytes of a contiguous, writable buffer.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        if self.0.buf.is_null() || self.0.readonly != 0 {
            return &mut [];
        }
        // SAFETY: the exporter lends `len` writable bytes until the release.
        unsafe { std::slice::from_raw_parts_mut(self.0.buf.cast(), self.len()) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        release(&mut self.0);
    }
}

/// Whether `object` exports a buffer.
#[inline]
pub fn has_buffer(object: Obj<'_>) -> bool {
    object.ty().buffer().is_some_and(|buffer| buffer.bf_getbuffer.is_some())
}

/// `PyObject_GetBuffer`: fill `view` in.
pub fn fill(th: Thread<'_>, object: Obj<'_>, view: &mut Py_buffer, flags: c_int) -> Result<()> {
    let Some(get) = object.ty().buffer().and_then(|buffer| buffer.bf_getbuffer) else {
        raise!(th, TypeError, "a bytes-like object is required, not '{}'", object.type_name());
    };
    fill_by(get, object, view, flags)
}

/// Fill `view` in by a function of the type of `object` or of a base.
pub fn fill_by(
    get: abi::getbufferproc,
    object: Obj<'_>,
    view: &mut Py_buffer,
    flags: c_int,
) -> Result<()> {
    // SAFETY: the slot belongs to the object's type or a base.
    if unsafe { get(object.as_ptr(), view, flags) } < 0 {
        return Err(error::Raised);
    }
    Ok(())
}

/// `PyBuffer_Release`.
pub fn release(view: &mut Py_buffer) {
    let owner = std::mem::replace(&mut view.obj, std::ptr::null_mut());
    // SAFETY: a filled view owns a reference to its exporter.
    let Some(owner) = (unsafe { Ref::from_raw(owner) }) else { return };
    use crate::AsObject;
    let exporter = owner.obj();
    if let Some(release) = exporter.ty().buffer().and_then(|buffer| buffer.bf_releasebuffer) {
        // The exporter sees itself in the view.
        view.obj = exporter.as_ptr();
        // SAFETY: the slot belongs to the exporter's type.
        unsafe { release(exporter.as_ptr(), view) };
        view.obj = std::ptr::null_mut();
    }
}

/// `PyBuffer_FillInfo`: a view of `len` contiguous bytes at `buf`.
pub fn fill_info(
    th: Thread<'_>,
    view: &mut Py_buffer,
    exporter: Obj<'_>,
    buf: NonNull<u8>,
    len: usize,
    readonly: bool,
    flags: c_int,
) -> Result<()> {
    if flags == abi::PyBUF_READ || flags == abi::PyBUF_WRITE {
        raise!(th, SystemError, "bad argument to internal function");
    }
    if flags & abi::PyBUF_WRITABLE == abi::PyBUF_WRITABLE && readonly {
        raise!(th, BufferError, "Object is not writable.");
    }
    view.obj = exporter.own().into_raw();
    view.buf = buf.as_ptr().cast();
    view.len = len as isize;
    view.readonly = c_int::from(readonly);
    view.itemsize = 1;
    view.format = std::ptr::null();
    if flags & abi::PyBUF_FORMAT == abi::PyBUF_FORMAT {
        view.format = c"B".as_ptr();
    }
    view.ndim = 1;
    view.shape = std::ptr::null_mut();
    if flags & abi::PyBUF_ND == abi::PyBUF_ND {
        view.shape = &raw mut view.len;
    }
    view.strides = std::ptr::null_mut();
    if flags & abi::PyBUF_STRIDES == abi::PyBUF_STRIDES {
        view.strides = &raw mut view.itemsize;
    }
    view.suboffsets = std::ptr::null_mut();
    view.internal = std::ptr::null_mut();
    Ok(())
}

/// The contiguous bytes of an object, as an argument.
pub enum BytesLike<'a> {
    /// A `bytes`, which cannot change.
    Bytes(&'a Bytes),
    Buffer(Buffer),
}

impl<'a> BytesLike<'a> {
    /// The bytes of `object`; `TypeError` if it has no buffer.
    pub fn get(th: Thread<'_>, object: Obj<'a>) -> Result<Self> {
        match object.downcast_exact::<Bytes>() {
            Some(bytes) => Ok(BytesLike::Bytes(bytes)),
            None => Buffer::get(th, object, abi::PyBUF_SIMPLE).map(BytesLike::Buffer),
        }
    }

    /// As [`BytesLike::get`], `None` if `object` has no buffer.
    pub fn try_get(th: Thread<'_>, object: Obj<'a>) -> Result<Option<Self>> {
        if !has_buffer(object) {
            return Ok(None);
        }
        Self::get(th, object).map(Some)
    }
}

impl Deref for BytesLike<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            BytesLike::Bytes(bytes) => bytes.as_bytes(),
            BytesLike::Buffer(buffer) => buffer.as_bytes(),
        }
    }
}

impl<'a> FromArg<'a> for BytesLike<'a> {
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, _: ArgContext) -> Result<Self> {
        Self::get(th, arg)
    }
}

impl<'a> FromArg<'a> for Option<BytesLike<'a>> {
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, _: ArgContext) -> Result<Self> {
        if arg.is_none() {
            return Ok(None);
        }
        BytesLike::get(th, arg).map(Some)
    }
}

/// A writable contiguous buffer, as an argument.
pub struct WritableBuffer(pub Buffer);

impl<'a> FromArg<'a> for WritableBuffer {
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self> {
        if has_buffer(arg) {
            match Buffer::get(th, arg, abi::PyBUF_WRITABLE) {
                Ok(buffer) => return Ok(WritableBuffer(buffer)),
                Err(raised) => th.clear_exception(raised),
            }
        }
        Err(context.bad(th, "read-write bytes-like object", arg))
    }
}
