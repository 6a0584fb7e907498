//! `pybuffer.h` and `memoryobject.h`.

use std::ffi::{c_char, c_int, c_void};

use abi::Py_buffer;
use macros::capi;
use object::{AsObject, Int, Obj, Ref, Result, Thread, protocol::buffer, raise, types::MemoryView};

#[capi]
fn PyObject_CheckBuffer(object: Obj<'_>) -> bool {
    buffer::has_buffer(object)
}

#[capi]
unsafe fn PyObject_GetBuffer(
    th: Thread<'_>,
    object: Obj<'_>,
    view: *mut Py_buffer,
    flags: c_int,
) -> Result<()> {
    if flags == abi::PyBUF_READ || flags == abi::PyBUF_WRITE {
        raise!(th, SystemError, "bad argument to internal function");
    }
    // SAFETY: C passes a variable, or null as it once meant something.
    match unsafe { view.as_mut() } {
        Some(view) => buffer::fill(th, object, view, flags),
        None => raise!(th, BufferError, "PyObject_GetBuffer: view==NULL argument is obsolete"),
    }
}

#[capi]
unsafe fn PyBuffer_Release(view: *mut Py_buffer) {
    // SAFETY: C passes a view that was filled in.
    if let Some(view) = unsafe { view.as_mut() } {
        buffer::release(view);
    }
}

#[capi]
unsafe fn PyBuffer_FillInfo(
    th: Thread<'_>,
    view: *mut Py_buffer,
    exporter: Option<Obj<'_>>,
    data: *mut c_void,
    length: isize,
    readonly: c_int,
    flags: c_int,
) -> Result<()> {
    // SAFETY: C passes a variable.
    let Some(view) = (unsafe { view.as_mut() }) else {
        raise!(th, BufferError, "PyBuffer_FillInfo: view==NULL argument is obsolete");
    };
    if flags == abi::PyBUF_READ || flags == abi::PyBUF_WRITE {
        raise!(th, SystemError, "bad argument to internal function");
    }
    let start = std::ptr::NonNull::new(data.cast()).unwrap_or(std::ptr::NonNull::dangling());
    let holder = exporter.unwrap_or(object::types::none());
    buffer::fill_info(th, view, holder, start, length.max(0) as usize, readonly != 0, flags)?;
    view.buf = data;
    if exporter.is_none() {
        view.obj = std::ptr::null_mut();
    }
    Ok(())
}

/// Shape and strides of a view; none where it is flat bytes.
unsafe fn dimensions(view: &Py_buffer) -> (Vec<isize>, Vec<isize>) {
    let count = view.ndim.max(0) as usize;
    if view.shape.is_null() {
        return (vec![view.len / view.itemsize.max(1)], vec![view.itemsize]);
    }
    // SAFETY: the view has as many dimensions.
    let shape = unsafe { std::slice::from_raw_parts(view.shape, count) }.to_vec();
    if !view.strides.is_null() {
        // SAFETY: as above.
        let strides = unsafe { std::slice::from_raw_parts(view.strides, count) };
        return (shape, strides.to_vec());
    }
    let mut strides = vec![view.itemsize; count];
    for axis in (0..count.saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1] * shape[axis + 1];
    }
    (shape, strides)
}

/// Whether strides are those of packed items, the last axis first or last.
fn is_packed(shape: &[isize], strides: &[isize], itemsize: isize, fortran: bool) -> bool {
    let mut expected = itemsize;
    let axes: Vec<usize> =
        if fortran { (0..shape.len()).collect() } else { (0..shape.len()).rev().collect() };
    for axis in axes {
        if shape[axis] > 1 && strides[axis] != expected {
            return false;
        }
        expected *= shape[axis];
    }
    true
}

#[capi]
unsafe fn PyBuffer_IsContiguous(view: *const Py_buffer, order: c_char) -> bool {
    // SAFETY: C passes a view that was filled in.
    let view = unsafe { &*view };
    if !view.suboffsets.is_null() {
        return false;
    }
    // SAFETY: as above.
    let (shape, strides) = unsafe { dimensions(view) };
    if view.len == 0 {
        return true;
    }
    let packed = |fortran| is_packed(&shape, &strides, view.itemsize, fortran);
    match order as u8 {
        b'C' => packed(false),
        b'F' => packed(true),
        b'A' => packed(false) || packed(true),
        _ => false,
    }
}

#[capi]
unsafe fn PyBuffer_GetPointer(view: *const Py_buffer, indices: *const isize) -> *mut c_void {
    // SAFETY: for the whole function: C passes a view and as many indices.
    unsafe {
        let view = &*view;
        let mut at = view.buf.cast::<u8>();
        for axis in 0..view.ndim.max(0) as usize {
            at = at.offset(*view.strides.add(axis) * *indices.add(axis));
            if !view.suboffsets.is_null() && *view.suboffsets.add(axis) >= 0 {
                at = (*at.cast::<*mut u8>()).offset(*view.suboffsets.add(axis));
            }
        }
        at.cast()
    }
}

#[capi]
unsafe fn PyBuffer_FillContiguousStrides(
    ndims: c_int,
    shape: *mut isize,
    strides: *mut isize,
    itemsize: c_int,
    order: c_char,
) {
    let count = ndims.max(0) as usize;
    let mut size = itemsize as isize;
    for step in 0..count {
        let axis = if order as u8 == b'F' { step } else { count - 1 - step };
        // SAFETY: C passes that many of both.
        unsafe {
            strides.add(axis).write(size);
            size *= *shape.add(axis);
        }
    }
}

#[capi]
fn PyBuffer_SizeFromFormat(th: Thread<'_>, format: &std::ffi::CStr) -> Result<isize> {
    let format = crate::convert::text_of(th, format)?;
    let size = crate::modsupport::function(th, "struct", "calcsize", &[format.obj()])?;
    Int::index_to_isize(th, size.obj())
}

/// Visit the items of a view in the order of packed items.
unsafe fn each_item(view: &Py_buffer, fortran: bool, mut visit: impl FnMut(usize, *mut u8)) {
    // SAFETY: for the whole function: C passes a view that was filled in.
    unsafe {
        let (shape, strides) = dimensions(view);
        let total: isize = shape.iter().product();
        let mut indices = vec![0isize; shape.len()];
        for number in 0..total.max(0) as usize {
            let mut at = view.buf.cast::<u8>();
            for axis in 0..shape.len() {
                at = at.offset(strides[axis] * indices[axis]);
                if !view.suboffsets.is_null() && *view.suboffsets.add(axis) >= 0 {
                    at = (*at.cast::<*mut u8>()).offset(*view.suboffsets.add(axis));
                }
            }
            visit(number, at);
            for step in 0..shape.len() {
                let axis = if fortran { step } else { shape.len() - 1 - step };
                indices[axis] += 1;
                if indices[axis] < shape[axis] {
                    break;
                }
                indices[axis] = 0;
            }
        }
    }
}

#[capi]
unsafe fn PyBuffer_ToContiguous(
    th: Thread<'_>,
    to: *mut c_void,
    view: *const Py_buffer,
    length: isize,
    order: c_char,
) -> Result<()> {
    // SAFETY: C passes a view that was filled in.
    let view = unsafe { &*view };
    if length != view.len {
        raise!(th, ValueError, "PyBuffer_ToContiguous: len != view->len");
    }
    // SAFETY: C passes room for the items.
    unsafe { pack(view, to.cast(), order) };
    Ok(())
}

/// Copy the items of a view; memory that is in order already stays as it is.
///
/// # Safety
///
/// The view was filled in, and there is room for its items.
unsafe fn pack(view: &Py_buffer, to: *mut u8, order: c_char) {
    // SAFETY: the caller's promise.
    if unsafe { PyBuffer_IsContiguous(view, order) } {
        // SAFETY: as above; nothing but the items is in the memory.
        unsafe { to.copy_from_nonoverlapping(view.buf.cast(), view.len.max(0) as usize) };
        return;
    }
    let size = view.itemsize.max(0) as usize;
    let copy = |number: usize, at: *mut u8| {
        // SAFETY: the caller's promise.
        unsafe { to.add(number * size).copy_from_nonoverlapping(at, size) };
    };
    // SAFETY: the caller's promise.
    unsafe { each_item(view, order as u8 == b'F', copy) };
}

/// A view of a packed copy of the items, which keeps shape and format. The
/// format is behind the items, as that of the view may not live as long.
fn packed_copy(th: Thread<'_>, source: &MemoryView, order: c_char) -> Result<Ref<MemoryView>> {
    let view = source.view();
    let length = view.len.max(0) as usize;
    let mut bytes = vec![0; length];
    // SAFETY: a view that was filled in, and room for it.
    unsafe { pack(view, bytes.as_mut_ptr(), order) };
    bytes.extend_from_slice(source.format_bytes());
    bytes.push(0);
    let bytes = object::Bytes::new(th, &bytes)?;
    let whole = MemoryView::from_object(th, bytes.obj())?;
    // SAFETY: as above.
    let (mut shape, _) = unsafe { dimensions(view) };
    let mut strides = vec![0; shape.len()];
    let (lengths, steps) = (shape.as_mut_ptr(), strides.as_mut_ptr());
    let itemsize = view.itemsize as c_int;
    // SAFETY: both have as many entries as there are dimensions.
    unsafe { PyBuffer_FillContiguousStrides(view.ndim, lengths, steps, itemsize, order) };
    let mut layout = *whole.view();
    layout.len = view.len;
    layout.itemsize = view.itemsize;
    layout.format = whole.view().buf.cast::<c_char>().wrapping_add(length);
    (layout.ndim, layout.shape, layout.strides) = (view.ndim, lengths, steps);
    whole.derive(th, &layout)
}

#[capi]
unsafe fn PyBuffer_FromContiguous(
    view: *const Py_buffer,
    from: *const c_void,
    length: isize,
    order: c_char,
) -> c_int {
    // SAFETY: C passes a view that was filled in.
    let view = unsafe { &*view };
    let size = view.itemsize.max(1) as usize;
    let count = length.clamp(0, view.len) as usize / size;
    // SAFETY: C passes that many items.
    unsafe {
        each_item(view, order as u8 == b'F', |number, at| {
            if number < count {
                at.copy_from_nonoverlapping(from.cast::<u8>().add(number * size), size);
            }
        });
    }
    0
}

#[capi]
fn PyMemoryView_FromObject(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<MemoryView>> {
    MemoryView::from_object(th, object)
}

#[capi]
unsafe fn PyMemoryView_FromBuffer(
    th: Thread<'_>,
    view: *const Py_buffer,
) -> Result<Ref<MemoryView>> {
    // SAFETY: C passes a view that was filled in.
    let view = unsafe { &*view };
    if view.buf.is_null() {
        raise!(th, ValueError, "PyMemoryView_FromBuffer(): info->buf must not be NULL");
    }
    MemoryView::from_buffer(th, view)
}

#[capi]
fn PyMemoryView_FromMemory(
    th: Thread<'_>,
    memory: *mut c_char,
    size: isize,
    flags: c_int,
) -> Result<Ref<MemoryView>> {
    let mut view = Py_buffer::ZERO;
    view.buf = memory.cast();
    view.len = size;
    view.itemsize = 1;
    view.readonly = c_int::from(flags != abi::PyBUF_WRITE);
    view.ndim = 1;
    view.format = c"B".as_ptr();
    let (mut shape, mut stride) = (size, 1isize);
    view.shape = &raw mut shape;
    view.strides = &raw mut stride;
    MemoryView::from_buffer(th, &view)
}

#[capi]
fn PyMemoryView_GetContiguous(
    th: Thread<'_>,
    object: Obj<'_>,
    kind: c_int,
    order: c_char,
) -> Result<Ref<MemoryView>> {
    let found = MemoryView::from_object(th, object)?;
    let readonly = found.view().readonly != 0;
    if kind == abi::PyBUF_WRITE && readonly {
        raise!(th, BufferError, "underlying buffer is not writable");
    }
    // SAFETY: a view that was filled in.
    if unsafe { PyBuffer_IsContiguous(found.view(), order) } {
        return Ok(found);
    }
    if kind == abi::PyBUF_WRITE {
        raise!(
            th,
            BufferError,
            "writable contiguous buffer requested for a non-contiguous object."
        );
    }
    packed_copy(th, &found, order)
}

#[capi]
fn PyPickleBuffer_FromObject(th: Thread<'_>, object: Obj<'_>) -> Result {
    crate::modsupport::function(th, "pickle", "PickleBuffer", &[object])
}

#[capi]
fn PyPickleBuffer_Release(th: Thread<'_>, object: Obj<'_>) -> Result<()> {
    crate::modsupport::method(th, object, "release", &[]).map(drop)
}

// The buffer protocol of Python 2, for code built against old headers.

/// The bytes of an object, which lend their address beyond the view.
fn old_buffer(th: Thread<'_>, object: Obj<'_>, flags: c_int) -> Result<(*mut c_void, isize)> {
    // SAFETY: a view of zeros is an empty one.
    let mut view: Py_buffer = unsafe { std::mem::zeroed() };
    buffer::fill(th, object, &mut view, flags)?;
    let found = (view.buf, view.len);
    buffer::release(&mut view);
    Ok(found)
}

macro_rules! old_buffers {
    ($($name:ident $flags:expr;)*) => { $(
        #[capi]
        unsafe fn $name(
            th: Thread<'_>,
            object: Obj<'_>,
            data: *mut *mut c_void,
            size: *mut isize,
        ) -> Result<()> {
            let (start, length) = old_buffer(th, object, $flags)?;
            // SAFETY: C passes two variables.
            unsafe {
                data.write(start);
                size.write(length);
            }
            Ok(())
        }
    )* };
}

old_buffers! {
    PyObject_AsReadBuffer abi::PyBUF_SIMPLE;
    PyObject_AsCharBuffer abi::PyBUF_SIMPLE;
    PyObject_AsWriteBuffer abi::PyBUF_WRITABLE;
}

#[capi]
fn PyObject_CheckReadBuffer(th: Thread<'_>, object: Obj<'_>) -> bool {
    match old_buffer(th, object, abi::PyBUF_SIMPLE) {
        Ok(_) => true,
        Err(raised) => {
            th.clear_exception(raised);
            false
        }
    }
}
