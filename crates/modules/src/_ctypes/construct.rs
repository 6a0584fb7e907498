//! Instances over memory that exists: at an address, in a buffer, in a library.

use object::{
    AsObject, Int, Obj, Protocol, Ref, Result, Thread, id,
    protocol::buffer::BytesLike,
    raise,
    types::{MemoryView, memoryview},
};

use super::{data::CData, info::concrete, library};

/// `cls.from_address(value)`.
pub(super) fn from_address(th: Thread<'_>, class: Obj<'_>, value: Obj<'_>) -> Result {
    if !Int::is_int(value) {
        raise!(th, TypeError, "integer expected");
    }
    let address = address_of(th, value)?;
    CData::at_address(th, class, address).map(Ref::upcast)
}

/// An int as an address, as `PyLong_AsVoidPtr` reads it.
pub(super) fn address_of(th: Thread<'_>, value: Obj<'_>) -> Result<usize> {
    let index = Int::index_or_subclass(th, value)?;
    if let Some(address) = Int::to_u64(index.obj()) {
        return Ok(address as usize);
    }
    match Int::to_i64(index.obj()) {
        Some(address) => Ok(address as usize),
        None if Int::sign(index.obj()) < 0 => {
            raise!(th, OverflowError, "Python int too large to convert to C long")
        }
        None => {
            raise!(th, OverflowError, "Python int too large to convert to C unsigned long")
        }
    }
}

/// Check that a value of `size` bytes fits behind `offset`.
fn check_room(th: Thread<'_>, size: usize, len: usize, offset: isize) -> Result<usize> {
    let Ok(offset) = usize::try_from(offset) else {
        raise!(th, ValueError, "offset cannot be negative");
    };
    if len.checked_sub(offset).is_none_or(|room| size > room) {
        let least = size.saturating_add(offset);
        raise!(th, ValueError, "Buffer size too small ({len} instead of at least {least} bytes)");
    }
    Ok(offset)
}

/// `cls.from_buffer(object, offset)`.
pub(super) fn from_buffer(
    th: Thread<'_>,
    class: Obj<'_>,
    object: Obj<'_>,
    offset: isize,
) -> Result {
    let size = concrete(th, class)?.size.get();
    let view = MemoryView::from_object(th, object)?;
    let buffer = view.view();
    if buffer.readonly != 0 {
        raise!(th, TypeError, "underlying buffer is not writable");
    }
    if !view.is_c_contiguous() {
        raise!(th, TypeError, "underlying buffer is not C contiguous");
    }
    let len = usize::try_from(buffer.len).unwrap_or(0);
    let start = buffer.buf.expose_provenance();
    let offset = check_room(th, size, len, offset)?;
    super::audit(th, "ctypes.cdata/buffer", &[&start, &len, &offset])?;
    let data = CData::at_address(th, class, start.wrapping_add(offset))?;
    data.keep(th, -1, view.upcast())?;
    Ok(data.upcast())
}

/// `cls.from_buffer_copy(object, offset)`.
pub(super) fn from_buffer_copy(
    th: Thread<'_>,
    class: Obj<'_>,
    object: Obj<'_>,
    offset: isize,
) -> Result {
    let buffer = BytesLike::get(th, object)?;
    let size = concrete(th, class)?.size.get();
    let offset = check_room(th, size, buffer.len(), offset)?;
    let start = buffer.as_ptr().expose_provenance();
    super::audit(th, "ctypes.cdata/buffer", &[&start, &buffer.len(), &offset])?;
    let data = CData::new(th, class)?;
    if let Some(bytes) = buffer.get(offset..offset + size) {
        // SAFETY: a new instance has room for its type.
        unsafe { data.ptr().copy_from(bytes.as_ptr(), size) };
    }
    Ok(data.upcast())
}

/// `cls.in_dll(dll, name)`.
pub(super) fn in_dll(th: Thread<'_>, class: Obj<'_>, dll: Obj<'_>, name: &str) -> Result {
    super::audit(th, "ctypes.dlsym", &[&dll, &name])?;
    let handle = library::handle_of(th, dll)?;
    match library::find(th, handle, name)? {
        Ok(address) => CData::at_address(th, class, address).map(Ref::upcast),
        Err(Some(message)) => raise!(th, ValueError, "{message}"),
        Err(None) => raise!(th, ValueError, "symbol '{name}' not found"),
    }
}

/// `memoryview_at(ptr, size, readonly)`.
pub(super) fn view_of(th: Thread<'_>, address: usize, size: isize, readonly: i32) -> Result {
    super::audit(th, "ctypes.memoryview_at", &[&address, &size, &readonly])?;
    if size < 0 {
        raise!(th, ValueError, "memoryview_at: size is negative (or overflowed): {size}");
    }
    let mut view = abi::Py_buffer::ZERO;
    view.buf = std::ptr::with_exposed_provenance_mut(address);
    view.len = size;
    view.readonly = i32::from(readonly != 0);
    view.itemsize = 1;
    view.format = c"B".as_ptr();
    view.ndim = 1;
    memoryview::MemoryView::from_buffer(th, &view).map(Ref::upcast)
}

/// The name that callbacks and errors show of `_handle`.
pub(super) fn handle_attribute(th: Thread<'_>, dll: Obj<'_>) -> Result {
    dll.getattr(th, id!(th, "_handle"))
}
