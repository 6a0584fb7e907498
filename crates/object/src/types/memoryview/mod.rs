//! `memoryview`: a view of another object's memory.
//!
//! A [`ManagedBuffer`] holds the buffer got from the exporter and is shared by
//! all views made of one another; the last release gives it back. A view's
//! shape, strides and suboffsets follow its struct (three numbers per
//! dimension). While a view itself is exported it cannot be released. Nothing
//! may be read through a released view, and Python code can release any view,
//! so check again after calling some.

pub mod item;
mod python;
mod subscript;

use std::{
    cell::{Cell, UnsafeCell},
    ffi::CStr,
    ptr::NonNull,
};

use abi::Py_buffer;
use macros::{pymethods, pytype};

use crate::{
    Args, AsObject, Bytes, CompareOp, Head, Int, IntoObject, Link, List, Obj, Protocol, PyStruct,
    Raised, Ref, Result, Str, Thread, Traverse, Tuple, VarHead, alloc_object,
    args::Given,
    error, gc, id,
    protocol::buffer,
    raise,
    types::{bool_, bytes, singletons::not_implemented_ref, str::hash_bytes},
};

pub use item::{f64_to_half, f64_to_single, half_to_f64, single_to_f64};
pub use python::{
    BufferWrapper, buffer_method, getbuffer_from_python, release_buffer_method,
    releasebuffer_from_python,
};

const RELEASED: i32 = 1;
const C_CONTIGUOUS: i32 = 2;
const F_CONTIGUOUS: i32 = 4;
const SCALAR: i32 = 8;
const INDIRECT: i32 = 16;
const RESTRICTED: i32 = 32;
const MAX_NDIM: usize = 64;

/// The buffer that views share.
#[pytype(name = "managedbuffer", c_name = "_PyManagedBuffer_Type", layout = abi::_PyManagedBufferObject, traverse = manual)]
pub struct ManagedBuffer {
    head: Head,
    flags: Cell<i32>,
    exports: Cell<isize>,
    master: UnsafeCell<Py_buffer>,
}

impl ManagedBuffer {
    /// Get the buffer of `object` by a function of its type.
    fn new(
        th: Thread<'_>,
        object: Obj<'_>,
        flags: i32,
        get: abi::getbufferproc,
    ) -> Result<Ref<ManagedBuffer>> {
        let managed = alloc_object::new(
            th,
            ManagedBuffer {
                head: Head::new(),
                flags: Cell::new(RELEASED),
                exports: Cell::new(0),
                master: UnsafeCell::new(Py_buffer::ZERO),
            },
        )?;
        // SAFETY: nobody else has the object yet.
        let master = unsafe { &mut *managed.master.get() };
        buffer::fill_by(get, object, master, flags)?;
        managed.flags.set(0);
        Ok(managed)
    }

    fn release(&self) {
        if self.flags.get() & RELEASED == 0 {
            self.flags.set(self.flags.get() | RELEASED);
            // SAFETY: no view uses it any more.
            buffer::release(unsafe { &mut *self.master.get() });
        }
    }

    fn drop_export(&self) {
        self.exports.set(self.exports.get() - 1);
        if self.exports.get() == 0 {
            self.release();
        }
    }
}

impl Traverse for ManagedBuffer {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        // SAFETY: visiting changes nothing.
        let exporter = unsafe { (*self.master.get()).obj };
        // SAFETY: a buffer owns a reference to its exporter.
        if let Some(exporter) = unsafe { Obj::from_raw(exporter) } {
            visit(exporter);
        }
    }
    fn clear(&self) {
        self.release();
    }
}

impl Drop for ManagedBuffer {
    fn drop(&mut self) {
        self.release();
    }
}

#[pymethods]
impl ManagedBuffer {}

/// Create a new memoryview object which references the given object.
#[pytype(name = "memoryview", c_name = "PyMemoryView_Type", sig = "(object)", flags = SEQUENCE, layout = MemoryViewLayout, itemsize = 8, weaklistoffset = weaklist, traverse = manual)]
pub struct MemoryView {
    head: VarHead,
    managed: Link<ManagedBuffer>,
    hash: Cell<isize>,
    flags: Cell<i32>,
    exports: Cell<isize>,
    view: UnsafeCell<Py_buffer>,
    weaklist: Cell<*mut abi::PyObject>,
    // Shape, strides, suboffsets follow.
}

/// The part of `PyMemoryViewObject` before its array.
type MemoryViewLayout = [u8; std::mem::offset_of!(abi::PyMemoryViewObject, ob_array)];

impl Traverse for MemoryView {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.managed.traverse(visit);
    }
    fn clear(&self) {
        self.let_go();
    }
}

impl Drop for MemoryView {
    fn drop(&mut self) {
        self.exports.set(0);
        self.let_go();
    }
}

/// The number of items of a shape; `None` if it overflows.
fn product(shape: &[isize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, &extent| n.checked_mul(usize::try_from(extent).ok()?))
}

impl MemoryView {
    /// `memoryview(object)`.
    pub fn from_object(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<MemoryView>> {
        Self::from_object_with(th, object, abi::PyBUF_FULL_RO)
    }

    /// A view of what `object` exports for `flags`.
    pub fn from_object_with(
        th: Thread<'_>,
        object: Obj<'_>,
        flags: i32,
    ) -> Result<Ref<MemoryView>> {
        if let Some(view) = object.downcast::<MemoryView>() {
            view.check(th)?;
            view.check_restricted(th)?;
            return view.derive(th, view.view());
        }
        let Some(get) = object.ty().buffer().and_then(|buffer| buffer.bf_getbuffer) else {
            raise!(
                th,
                TypeError,
                "memoryview: a bytes-like object is required, not '{}'",
                object.type_name()
            );
        };
        let managed = ManagedBuffer::new(th, object, flags, get)?;
        // SAFETY: the master does not change while views exist.
        let master = unsafe { &*managed.master.get() };
        Self::new(th, &managed, master)
    }

    /// A view of memory that somebody else keeps alive, as
    /// `PyMemoryView_FromBuffer`.
    pub fn from_buffer(th: Thread<'_>, info: &Py_buffer) -> Result<Ref<MemoryView>> {
        if info.buf.is_null() {
            raise!(th, ValueError, "PyMemoryView_FromBuffer(): info->buf must not be NULL");
        }
        let mut master = *info;
        master.obj = std::ptr::null_mut();
        let managed = alloc_object::new(
            th,
            ManagedBuffer {
                head: Head::new(),
                flags: Cell::new(0),
                exports: Cell::new(0),
                master: UnsafeCell::new(master),
            },
        )?;
        // SAFETY: the master does not change while views exist.
        let master = unsafe { &*managed.master.get() };
        Self::new(th, &managed, master)
    }

    /// A new view of the same buffer with the layout of `source`.
    pub fn derive(&self, th: Thread<'_>, source: &Py_buffer) -> Result<Ref<MemoryView>> {
        match self.managed.get() {
            Some(managed) => Self::new(th, &managed, source),
            None => Err(self.released(th)),
        }
    }

    fn new(th: Thread<'_>, managed: &ManagedBuffer, source: &Py_buffer) -> Result<Ref<MemoryView>> {
        let ndim = usize::try_from(source.ndim).unwrap_or(0);
        let view = Self::with_dimensions(th, managed, source, ndim)?;
        let (shape, strides, suboffsets) = view.arrays_mut();
        let itemsize = source.itemsize;
        if ndim == 1 {
            let whole = if source.shape.is_null() {
                if itemsize > 0 { source.len / itemsize } else { 0 }
            } else {
                // SAFETY: one dimension.
                unsafe { *source.shape }
            };
            shape.fill(whole);
            let stride = if source.strides.is_null() {
                itemsize
            } else {
                // SAFETY: one dimension.
                unsafe { *source.strides }
            };
            strides.fill(stride);
        } else if ndim > 1 {
            // SAFETY: an exporter of several dimensions gives their shape.
            let given = unsafe { std::slice::from_raw_parts(source.shape, ndim) };
            shape.copy_from_slice(given);
            if source.strides.is_null() {
                fill_c_strides(shape, strides, itemsize);
            } else {
                // SAFETY: as the shape.
                let given = unsafe { std::slice::from_raw_parts(source.strides, ndim) };
                strides.copy_from_slice(given);
            }
        }
        if !source.suboffsets.is_null() && ndim > 0 {
            // SAFETY: as the shape.
            let given = unsafe { std::slice::from_raw_parts(source.suboffsets, ndim) };
            suboffsets.copy_from_slice(given);
        }
        view.view_mut().suboffsets = if source.suboffsets.is_null() || ndim == 0 {
            std::ptr::null_mut()
        } else {
            suboffsets.as_mut_ptr()
        };
        view.update_flags();
        Ok(view)
    }

    /// A view with room for `ndim` dimensions and everything but their layout.
    fn with_dimensions(
        th: Thread<'_>,
        managed: &ManagedBuffer,
        source: &Py_buffer,
        ndim: usize,
    ) -> Result<Ref<MemoryView>> {
        if ndim > MAX_NDIM {
            raise!(th, ValueError, "memoryview: number of dimensions must not exceed {MAX_NDIM}");
        }
        let object = alloc_object::alloc_raw(th, Self::type_object(), 3 * ndim, 0)?;
        // SAFETY: zeroed memory of a view is a valid one without a buffer.
        let view: Ref<MemoryView> = unsafe { Ref::from_owned(object) };
        view.head.set_size(3 * ndim as isize);
        view.hash.set(-1);
        managed.exports.set(managed.exports.get() + 1);
        view.managed.set(Some(crate::own(managed)));
        let (shape, strides, _) = view.arrays_mut();
        let fields = view.view_mut();
        *fields = *source;
        if fields.format.is_null() {
            fields.format = c"B".as_ptr();
        }
        fields.ndim = ndim as i32;
        fields.shape = if ndim > 0 { shape.as_mut_ptr() } else { std::ptr::null_mut() };
        fields.strides = if ndim > 0 { strides.as_mut_ptr() } else { std::ptr::null_mut() };
        fields.suboffsets = std::ptr::null_mut();
        fields.internal = std::ptr::null_mut();
        // SAFETY: all fields are in place.
        unsafe { gc::track(th.heap(), object) };
        Ok(view)
    }

    #[allow(clippy::mut_from_ref, reason = "used while nobody else has the view")]
    fn view_mut(&self) -> &mut Py_buffer {
        // SAFETY: a view's layout is set before others see it.
        unsafe { &mut *self.view.get() }
    }

    /// The layout.
    pub fn view(&self) -> &Py_buffer {
        // SAFETY: a view's layout is set before others see it.
        unsafe { &*self.view.get() }
    }

    #[allow(clippy::mut_from_ref, reason = "used while nobody else has the view")]
    fn arrays_mut(&self) -> (&mut [isize], &mut [isize], &mut [isize]) {
        let ndim = self.head.size() as usize / 3;
        // SAFETY: three numbers per dimension follow the struct.
        let first = unsafe { std::ptr::from_ref(self).add(1) }.cast::<isize>().cast_mut();
        // SAFETY: as above.
        let all = unsafe { std::slice::from_raw_parts_mut(first, 3 * ndim) };
        let (shape, rest) = all.split_at_mut(ndim);
        let (strides, suboffsets) = rest.split_at_mut(ndim);
        (shape, strides, suboffsets)
    }

    fn array(&self, which: usize) -> &[isize] {
        let ndim = self.head.size() as usize / 3;
        // SAFETY: three numbers per dimension follow the struct.
        let first = unsafe { std::ptr::from_ref(self).add(1) }.cast::<isize>();
        // SAFETY: as above.
        let all = unsafe { std::slice::from_raw_parts(first, 3 * ndim) };
        all.get(which * ndim..(which + 1) * ndim).unwrap_or_default()
    }

    fn shape(&self) -> &[isize] {
        self.array(0)
    }

    fn strides(&self) -> &[isize] {
        self.array(1)
    }

    /// Empty if there are none.
    fn suboffsets(&self) -> &[isize] {
        if self.view().suboffsets.is_null() { &[] } else { self.array(2) }
    }

    fn itemsize(&self) -> usize {
        usize::try_from(self.view().itemsize).unwrap_or(0)
    }

    /// The format, `B` if the exporter gave none.
    pub fn format_bytes(&self) -> &[u8] {
        let format = self.view().format;
        if format.is_null() {
            return b"B";
        }
        // SAFETY: the exporter keeps its format alive while it is exported.
        unsafe { CStr::from_ptr(format) }.to_bytes()
    }

    fn update_flags(&self) {
        let (shape, strides) = (self.shape(), self.strides());
        let itemsize = self.view().itemsize;
        let contiguous = |mut dimensions: Box<dyn Iterator<Item = (&isize, &isize)> + '_>| {
            let mut expected = itemsize;
            dimensions.all(|(&extent, &stride)| {
                let fits = extent <= 1 || stride == expected;
                expected = expected.wrapping_mul(extent);
                fits
            })
        };
        let empty = shape.contains(&0);
        let mut flags = self.flags.get() & (RELEASED | RESTRICTED);
        if shape.is_empty() {
            flags |= SCALAR | C_CONTIGUOUS | F_CONTIGUOUS;
        } else {
            if empty || contiguous(Box::new(shape.iter().zip(strides).rev())) {
                flags |= C_CONTIGUOUS;
            }
            if empty || contiguous(Box::new(shape.iter().zip(strides))) {
                flags |= F_CONTIGUOUS;
            }
        }
        if !self.view().suboffsets.is_null() {
            flags = flags & !(C_CONTIGUOUS | F_CONTIGUOUS) | INDIRECT;
        }
        self.flags.set(flags);
    }

    fn is_released(&self) -> bool {
        let managed_released =
            self.managed.get().is_none_or(|managed| managed.flags.get() & RELEASED != 0);
        self.flags.get() & RELEASED != 0 || managed_released
    }

    #[cold]
    fn released(&self, th: Thread<'_>) -> crate::Raised {
        crate::error!(th, ValueError, "operation forbidden on released memoryview object")
    }

    /// Complain if the view was released.
    pub fn check(&self, th: Thread<'_>) -> Result<()> {
        if self.is_released() { Err(self.released(th)) } else { Ok(()) }
    }

    fn check_restricted(&self, th: Thread<'_>) -> Result<()> {
        if self.flags.get() & RESTRICTED != 0 {
            raise!(th, ValueError, "cannot create new view on restricted memoryview");
        }
        Ok(())
    }

    /// Release the view, unless it is exported itself.
    fn let_go(&self) {
        if self.flags.get() & RELEASED != 0 || self.exports.get() > 0 {
            return;
        }
        self.flags.set(self.flags.get() | RELEASED);
        if let Some(managed) = self.managed.take() {
            managed.drop_export();
        }
    }

    /// `view.release()`.
    pub fn release_view(&self, th: Thread<'_>) -> Result<()> {
        if self.flags.get() & RELEASED != 0 {
            return Ok(());
        }
        let exports = self.exports.get();
        if exports > 0 {
            let plural = if exports == 1 { "" } else { "s" };
            raise!(th, BufferError, "memoryview has {exports} exported buffer{plural}");
        }
        self.let_go();
        Ok(())
    }

    /// Whether the items are one run of memory in C order.
    pub fn is_c_contiguous(&self) -> bool {
        self.flags.get() & (C_CONTIGUOUS | SCALAR) != 0
    }

    /// The memory of a contiguous view.
    pub fn memory(&self) -> &[u8] {
        let view = self.view();
        if view.buf.is_null() || view.len <= 0 {
            return &[];
        }
        // SAFETY: a contiguous view is `len` bytes at `buf`.
        unsafe { std::slice::from_raw_parts(view.buf.cast(), view.len as usize) }
    }

    /// Call `each` with the address of every item, in C order.
    fn for_each_item(&self, mut each: impl FnMut(*mut u8) -> Result<()>) -> Result<()> {
        self.walk(0, self.view().buf.cast(), &mut each)
    }

    fn walk(
        &self,
        dimension: usize,
        base: *mut u8,
        each: &mut dyn FnMut(*mut u8) -> Result<()>,
    ) -> Result<()> {
        let (Some(&extent), Some(&stride)) =
            (self.shape().get(dimension), self.strides().get(dimension))
        else {
            return each(base);
        };
        for i in 0..extent {
            self.walk(dimension + 1, self.step(dimension, base, i * stride), each)?;
        }
        Ok(())
    }

    /// The address `offset` bytes into a dimension.
    fn step(&self, dimension: usize, base: *mut u8, offset: isize) -> *mut u8 {
        let address = base.wrapping_offset(offset);
        match self.suboffsets().get(dimension) {
            // SAFETY: an indirect dimension holds pointers.
            Some(&suboffset) if suboffset >= 0 => unsafe {
                address.cast::<*mut u8>().read_unaligned().wrapping_offset(suboffset)
            },
            _ => address,
        }
    }

    /// All bytes in C order.
    pub fn to_vec(&self, th: Thread<'_>) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        if out.try_reserve_exact(usize::try_from(self.view().len).unwrap_or(0)).is_err() {
            return Err(th.no_memory());
        }
        if self.is_c_contiguous() {
            out.extend_from_slice(self.memory());
            return Ok(out);
        }
        let size = self.itemsize();
        self.for_each_item(|address| {
            // SAFETY: an item of the view.
            out.extend_from_slice(unsafe { std::slice::from_raw_parts(address, size) });
            Ok(())
        })?;
        Ok(out)
    }

    /// The format of items that can be read and written.
    fn native_format(&self, th: Thread<'_>) -> Result<u8> {
        if let Some(format) = item::native(self.format_bytes()) {
            return Ok(format);
        }
        let format = String::from_utf8_lossy(self.format_bytes());
        raise!(th, NotImplementedError, "memoryview: unsupported format {format}")
    }

    /// The value of the item at `address`.
    fn unpack(&self, th: Thread<'_>, address: *mut u8) -> Result {
        self.unpack_as(th, self.native_format(th)?, address)
    }

    /// The value of the item at `address`, of the view's format.
    #[inline]
    fn unpack_as(&self, th: Thread<'_>, format: u8, address: *mut u8) -> Result {
        // SAFETY: an item of the view.
        item::unpack(th, format, unsafe { std::slice::from_raw_parts(address, self.itemsize()) })
    }

    fn list_of(&self, th: Thread<'_>, format: u8, dimension: usize, base: *mut u8) -> Result {
        let (Some(&extent), Some(&stride)) =
            (self.shape().get(dimension), self.strides().get(dimension))
        else {
            return self.unpack_as(th, format, base);
        };
        let list = List::with_capacity(th, usize::try_from(extent).unwrap_or(0))?;
        let is_last = dimension + 1 == self.shape().len();
        for i in 0..extent {
            let address = self.step(dimension, base, i * stride);
            // PERF: as in the call, but without looking at the shape for each item.
            list.push(
                th,
                if is_last {
                    self.unpack_as(th, format, address)?
                } else {
                    self.list_of(th, format, dimension + 1, address)?
                },
            )?;
        }
        Ok(list.upcast())
    }

    fn numbers(th: Thread<'_>, numbers: &[isize]) -> Result<Ref<Tuple>> {
        let numbers: Result<Vec<Ref>> = numbers.iter().map(|n| (*n).into_object(th)).collect();
        Tuple::from_refs(th, numbers?)
    }

    fn len_checked(&self, th: Thread<'_>) -> Result<usize> {
        self.check(th)?;
        match self.shape().first() {
            Some(&extent) => Ok(usize::try_from(extent).unwrap_or(0)),
            None => raise!(th, TypeError, "0-dim memory has no length"),
        }
    }

    /// A function that reads items as values to compare: of any format that
    /// module `struct` knows.
    fn reader(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if item::native(self.format_bytes()).is_some() {
            return Ok(None);
        }
        let module = (th.hooks().import_module)(th, id!(th, "struct"))?;
        let format = Bytes::new(th, self.format_bytes())?;
        let unpacker = module.call_method(th, id!(th, "Struct"), &[format.obj()])?;
        unpacker.getattr(th, id!(th, "unpack")).map(Some)
    }

    fn read(&self, th: Thread<'_>, reader: Option<&Ref>, address: *mut u8) -> Result {
        let Some(reader) = reader else { return self.unpack(th, address) };
        // SAFETY: an item of the view.
        let data = unsafe { std::slice::from_raw_parts(address, self.itemsize()) };
        let data = Bytes::new(th, data)?;
        let values = reader.call(th, &[data.obj()])?;
        let single = values.obj().downcast::<Tuple>().filter(|values| values.len() == 1);
        match single.and_then(|values| values.get(0)) {
            Some(value) => Ok(value.own()),
            None => Ok(values),
        }
    }

    /// Whether both views have equal shapes and items; `Ok(false)` also where
    /// a format is unknown.
    fn equals(&self, th: Thread<'_>, other: &MemoryView) -> Result<bool> {
        if self.shape() != other.shape() {
            return Ok(false);
        }
        let (a, b) = (item::native(self.format_bytes()), item::native(other.format_bytes()));
        if a == b
            && a.is_some_and(|format| !matches!(format, b'f' | b'd' | b'e' | b'F' | b'D' | b'?'))
            && self.is_c_contiguous()
            && other.is_c_contiguous()
        {
            return Ok(self.memory() == other.memory());
        }
        let readers = (|| Ok((self.reader(th)?, other.reader(th)?)))();
        let (read_a, read_b) = match readers {
            Ok(readers) => readers,
            Err(raised) => {
                th.clear_exception(raised);
                return Ok(false);
            }
        };
        let mut left = Vec::new();
        self.for_each_item(|address| {
            left.push(address);
            Ok(())
        })?;
        let mut right = Vec::new();
        other.for_each_item(|address| {
            right.push(address);
            Ok(())
        })?;
        for (a, b) in left.into_iter().zip(right) {
            let (a, b) = (self.read(th, read_a.as_ref(), a)?, other.read(th, read_b.as_ref(), b)?);
            let same = a.compare(th, b.obj(), CompareOp::Eq)?.is_true(th)?;
            if !same {
                return Ok(false);
            }
            self.check(th)?;
            other.check(th)?;
        }
        Ok(true)
    }
}

fn fill_c_strides(shape: &[isize], strides: &mut [isize], itemsize: isize) {
    let mut stride = itemsize;
    for (place, extent) in strides.iter_mut().zip(shape).rev() {
        *place = stride;
        stride = stride.wrapping_mul(*extent);
    }
}

#[pymethods(parts(subscripts))]
impl MemoryView {
    #[sig = "memoryview(object)"]
    fn __new__(th: Thread<'_>, _: &crate::Type, object: Obj<'_>) -> Result<Ref<MemoryView>> {
        Self::from_object(th, object)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let address = self.obj().as_ptr();
        if self.flags.get() & RELEASED != 0 {
            return Str::from_fmt(th, format_args!("<released memory at {address:p}>"));
        }
        Str::from_fmt(th, format_args!("<memory at {address:p}>"))
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        if self.hash.get() != -1 {
            return Ok(self.hash.get());
        }
        self.check(th)?;
        if self.view().readonly == 0 {
            raise!(th, ValueError, "cannot hash writable memoryview object");
        }
        if !matches!(item::native(self.format_bytes()), Some(b'B' | b'b' | b'c')) {
            raise!(th, ValueError, "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
        }
        // SAFETY: a buffer owns a reference to its exporter.
        if let Some(exporter) = unsafe { Obj::from_raw(self.view().obj) } {
            let exporter = exporter.own();
            // Keep the memory while Python code runs.
            self.exports.set(self.exports.get() + 1);
            let hash = exporter.hash(th);
            self.exports.set(self.exports.get() - 1);
            hash?;
        }
        let hash = hash_bytes(th, &self.to_vec(th)?);
        self.hash.set(hash);
        Ok(hash)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented_ref());
        }
        let answer = |equal: bool| Ok(bool_(equal == (op == CompareOp::Eq)).own());
        if self.is_released() {
            return answer(other.is(self.obj()));
        }
        let temporary;
        let other = match other.downcast::<MemoryView>() {
            Some(view) => {
                if view.is_released() {
                    return answer(other.is(self.obj()));
                }
                view
            }
            None => {
                if !buffer::has_buffer(other) {
                    return Ok(not_implemented_ref());
                }
                match Self::from_object(th, other) {
                    Ok(view) => temporary = view,
                    Err(raised) => {
                        th.clear_exception(raised);
                        return Ok(not_implemented_ref());
                    }
                }
                &temporary
            }
        };
        // Keep both memories while Python code runs.
        self.exports.set(self.exports.get() + 1);
        other.exports.set(other.exports.get() + 1);
        let equal = self.equals(th, other);
        other.exports.set(other.exports.get() - 1);
        self.exports.set(self.exports.get() - 1);
        answer(equal?)
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        self.check(th)?;
        match self.shape().len() {
            0 => raise!(th, TypeError, "invalid indexing of 0-dim memory"),
            1 => {}
            _ => raise!(th, NotImplementedError, "multi-dimensional sub-views are not implemented"),
        }
        let format = self.native_format(th)?;
        alloc_object::new(
            th,
            MemoryIterator {
                head: Head::new(),
                index: Cell::new(0),
                view: Link::new(crate::own(self)),
                length: Cell::new(self.shape().first().copied().unwrap_or(0)),
                format: Cell::new(format.into()),
            },
        )
        .map(Ref::upcast)
    }

    fn bf_getbuffer(&self, th: Thread<'_>, view: &mut Py_buffer, flags: i32) -> Result<()> {
        self.check(th)?;
        self.check_restricted(th)?;
        let base = self.view();
        let has = |flag: i32| flags & flag == flag;
        let own = self.flags.get();
        *view = *base;
        view.obj = std::ptr::null_mut();
        if has(abi::PyBUF_WRITABLE) && base.readonly != 0 {
            raise!(th, BufferError, "memoryview: underlying buffer is not writable");
        }
        if !has(abi::PyBUF_FORMAT) {
            view.format = std::ptr::null();
        }
        if has(abi::PyBUF_C_CONTIGUOUS) && !self.is_c_contiguous() {
            raise!(th, BufferError, "memoryview: underlying buffer is not C-contiguous");
        }
        if has(abi::PyBUF_F_CONTIGUOUS) && own & (F_CONTIGUOUS | SCALAR) == 0 {
            raise!(th, BufferError, "memoryview: underlying buffer is not Fortran contiguous");
        }
        if has(abi::PyBUF_ANY_CONTIGUOUS) && own & (C_CONTIGUOUS | F_CONTIGUOUS | SCALAR) == 0 {
            raise!(th, BufferError, "memoryview: underlying buffer is not contiguous");
        }
        if !has(abi::PyBUF_INDIRECT) && own & INDIRECT != 0 {
            raise!(th, BufferError, "memoryview: underlying buffer requires suboffsets");
        }
        if !has(abi::PyBUF_STRIDES) {
            if !self.is_c_contiguous() {
                raise!(th, BufferError, "memoryview: underlying buffer is not C-contiguous");
            }
            view.strides = std::ptr::null_mut();
        }
        if !has(abi::PyBUF_ND) {
            if !view.format.is_null() {
                raise!(
                    th,
                    BufferError,
                    "memoryview: cannot cast to unsigned bytes if the format flag is present"
                );
            }
            view.ndim = 1;
            view.shape = std::ptr::null_mut();
        }
        view.obj = self.obj().own().into_raw();
        self.exports.set(self.exports.get() + 1);
        Ok(())
    }

    fn bf_releasebuffer(&self, _: Thread<'_>, _: &mut Py_buffer) -> Result<()> {
        self.exports.set(self.exports.get() - 1);
        Ok(())
    }

    /// Release the underlying buffer exposed by the memoryview object.
    #[sig = "($self, /)"]
    fn release(&self, th: Thread<'_>) -> Result<()> {
        self.release_view(th)
    }

    /// Return the data in the buffer as a byte string.
    ///
    /// Order can be {'C', 'F', 'A'}. When order is 'C' or None, the data of the
    /// original array is converted to C order. For multi-dimensional arrays, 'A'
    /// returns an exact copy of the physical memory if the array is Fortran
    /// contiguous, and 'F' converts to Fortran order.
    #[sig = "($self, /, order='C')"]
    fn tobytes(&self, th: Thread<'_>, order: Option<&str>) -> Result<Ref<Bytes>> {
        self.check(th)?;
        let fortran = match order {
            None | Some("C") => false,
            Some("F") => true,
            Some("A") => self.flags.get() & (C_CONTIGUOUS | F_CONTIGUOUS) == F_CONTIGUOUS,
            Some(_) => raise!(th, ValueError, "order must be 'C', 'F' or 'A'"),
        };
        let fortran = fortran && self.shape().len() > 1;
        if !fortran && self.is_c_contiguous() {
            return Bytes::new(th, self.memory());
        }
        let data = self.to_vec(th)?;
        if !fortran {
            return Bytes::new(th, &data);
        }
        let (shape, size) = (self.shape(), self.itemsize());
        Bytes::build(th, data.len(), |out| {
            let mut index = vec![0isize; shape.len()];
            for place in out.chunks_exact_mut(size.max(1)) {
                let linear =
                    index.iter().zip(shape).fold(0, |at, (&i, &extent)| at * extent + i) as usize;
                if let Some(item) = data.get(linear * size..(linear + 1) * size) {
                    place.copy_from_slice(item);
                }
                for (i, &extent) in index.iter_mut().zip(shape) {
                    *i += 1;
                    if *i < extent {
                        break;
                    }
                    *i = 0;
                }
            }
        })
    }

    /// Return the data in the buffer as a str of hexadecimal numbers.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// >>> data = memoryview(b'\x01\xab\xff')
    /// >>> data.hex()
    /// '01abff'
    /// >>> data.hex('-')
    /// '01-ab-ff'
    /// >>> data.hex('-', 2)
    /// '01-abff'
    /// >>> data.hex('-', -2)
    /// '01ab-ff'
    #[sig = "($self, /, sep=<unrepresentable>, bytes_per_sep=1)"]
    fn hex(
        &self,
        th: Thread<'_>,
        sep: Option<Given<Obj<'_>>>,
        bytes_per_sep: i32,
    ) -> Result<Ref<Str>> {
        self.check(th)?;
        let data = self.to_vec(th)?;
        // COMPAT: a separator's `__len__` must not release the view
        // (test_memoryview, test_hex_use_after_free).
        self.exports.set(self.exports.get() + 1);
        let text = bytes::hex(th, &data, sep.map(|Given(sep)| sep), bytes_per_sep);
        self.exports.set(self.exports.get() - 1);
        text
    }

    /// Return the data in the buffer as a list of elements.
    #[sig = "($self, /)"]
    fn tolist(&self, th: Thread<'_>) -> Result {
        self.check(th)?;
        let format = self.native_format(th)?;
        self.list_of(th, format, 0, self.view().buf.cast())
    }

    /// Cast a memoryview to a new format or shape.
    #[sig = "($self, /, format, shape=<unrepresentable>)"]
    fn cast(&self, th: Thread<'_>, format: &Str, shape: Option<Given<Obj<'_>>>) -> Result {
        self.check(th)?;
        self.check_restricted(th)?;
        self.cast_to(th, format, shape.map(|Given(shape)| shape))
    }

    /// Return a readonly version of the memoryview.
    #[sig = "($self, /)"]
    fn toreadonly(&self, th: Thread<'_>) -> Result<Ref<MemoryView>> {
        self.check(th)?;
        self.check_restricted(th)?;
        let view = self.derive(th, self.view())?;
        view.view_mut().readonly = 1;
        Ok(view)
    }

    /// Create a new memoryview object which references the given object.
    #[classmethod]
    #[sig = "($type, /, object, flags)"]
    fn _from_flags(
        th: Thread<'_>,
        _: &crate::Type,
        object: Obj<'_>,
        flags: i32,
    ) -> Result<Ref<MemoryView>> {
        Self::from_object_with(th, object, flags)
    }

    #[sig = "($self, /)"]
    fn __enter__(&self, th: Thread<'_>) -> Result {
        self.check(th)?;
        Ok(self.obj().own())
    }

    /// Release the underlying buffer exposed by the memoryview object.
    #[sig = "($self, /, *exc_info)"]
    fn __exit__(&self, th: Thread<'_>, _: Args<'_>) -> Result<()> {
        self.release_view(th)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &crate::Type, object: Obj<'_>) -> Result {
        let types = (th.hooks().import_module)(th, id!(th, "types"))?;
        types.call_method(th, id!(th, "GenericAlias"), &[cls.obj(), object])
    }

    /// The underlying object of the memoryview.
    #[getter(obj)]
    fn get_obj(&self, th: Thread<'_>) -> Result {
        self.check(th)?;
        // SAFETY: a buffer owns a reference to its exporter.
        match unsafe { Obj::from_raw(self.view().obj) } {
            Some(exporter) => Ok(exporter.own()),
            None => Ok(crate::types::none().own()),
        }
    }

    /// The amount of space in bytes that the array would use in
    /// a contiguous representation.
    #[getter]
    fn nbytes(&self, th: Thread<'_>) -> Result<isize> {
        self.check(th)?;
        Ok(self.view().len)
    }

    /// A bool indicating whether the memory is read only.
    #[getter]
    fn readonly(&self, th: Thread<'_>) -> Result<bool> {
        self.check(th)?;
        Ok(self.view().readonly != 0)
    }

    /// The size in bytes of each element of the memoryview.
    #[getter(itemsize)]
    fn get_itemsize(&self, th: Thread<'_>) -> Result<isize> {
        self.check(th)?;
        Ok(self.view().itemsize)
    }

    /// A string containing the format (in struct module style)
    /// for each element in the view.
    #[getter]
    fn format(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.check(th)?;
        Str::from_wtf8(th, self.format_bytes())
    }

    /// An integer indicating how many dimensions of a multi-dimensional
    /// array the memory represents.
    #[getter]
    fn ndim(&self, th: Thread<'_>) -> Result<usize> {
        self.check(th)?;
        Ok(self.shape().len())
    }

    /// A tuple of ndim integers giving the shape of the memory
    /// as an N-dimensional array.
    #[getter(shape)]
    fn get_shape(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        self.check(th)?;
        Self::numbers(th, self.shape())
    }

    /// A tuple of ndim integers giving the size in bytes to access
    /// each element for each dimension of the array.
    #[getter(strides)]
    fn get_strides(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        self.check(th)?;
        Self::numbers(th, self.strides())
    }

    /// A tuple of integers used internally for PIL-style arrays.
    #[getter(suboffsets)]
    fn get_suboffsets(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        self.check(th)?;
        Self::numbers(th, self.suboffsets())
    }

    /// A bool indicating whether the memory is C contiguous.
    #[getter]
    fn c_contiguous(&self, th: Thread<'_>) -> Result<bool> {
        self.check(th)?;
        Ok(self.is_c_contiguous())
    }

    /// A bool indicating whether the memory is Fortran contiguous.
    #[getter]
    fn f_contiguous(&self, th: Thread<'_>) -> Result<bool> {
        self.check(th)?;
        Ok(self.flags.get() & (F_CONTIGUOUS | SCALAR) != 0)
    }

    /// A bool indicating whether the memory is contiguous.
    #[getter]
    fn contiguous(&self, th: Thread<'_>) -> Result<bool> {
        self.check(th)?;
        Ok(self.flags.get() & (C_CONTIGUOUS | F_CONTIGUOUS | SCALAR) != 0)
    }
}

impl MemoryView {
    fn cast_to(&self, th: Thread<'_>, format: &Str, shape: Option<Obj<'_>>) -> Result {
        let extents = match shape {
            None => None,
            Some(shape) => Some(shape_of(th, shape)?),
        };
        if let Some(extents) = &extents
            && self.shape().len() != 1
            && extents.len() != 1
        {
            raise!(th, TypeError, "memoryview: cast must be 1D -> ND or ND -> 1D");
        }
        if !self.is_c_contiguous() {
            raise!(th, TypeError, "memoryview: casts are restricted to C-contiguous views");
        }
        if (extents.is_some() || self.shape().len() != 1) && self.shape().contains(&0) {
            raise!(th, TypeError, "memoryview: cannot cast view with zeros in shape or strides");
        }
        let text = format.to_string();
        let Some(to) = item::native(text.as_bytes()) else {
            raise!(
                th,
                ValueError,
                "memoryview: destination format must be a native single character format prefixed with an optional '@'"
            );
        };
        let is_byte = |format: u8| matches!(format, b'b' | b'B' | b'c');
        if !item::native(self.format_bytes()).is_some_and(is_byte) && !is_byte(to) {
            raise!(th, TypeError, "memoryview: cannot cast between two non-byte formats");
        }
        let size = item::size_of_native(to).unwrap_or(1) as isize;
        let length = self.view().len;
        if length % size != 0 {
            raise!(th, TypeError, "memoryview: length is not a multiple of itemsize");
        }
        let extents = match extents {
            Some(extents) => {
                let bytes = product(&extents).and_then(|n| n.checked_mul(size as usize));
                let Some(bytes) = bytes.and_then(|bytes| isize::try_from(bytes).ok()) else {
                    return Err(too_large_shape(th));
                };
                if bytes != length {
                    raise!(th, TypeError, "memoryview: product(shape) * itemsize != buffer size");
                }
                extents
            }
            None => vec![length / size],
        };
        let Some(managed) = self.managed.get() else { return Err(self.released(th)) };
        let view = Self::with_dimensions(th, &managed, self.view(), extents.len())?;
        let fields = view.view_mut();
        fields.format = static_format(&text);
        fields.itemsize = size;
        let (shape, strides, _) = view.arrays_mut();
        shape.copy_from_slice(&extents);
        fill_c_strides(shape, strides, size);
        view.update_flags();
        Ok(view.upcast())
    }
}

/// A C string of a native format that lives for ever.
fn static_format(format: &str) -> *const std::ffi::c_char {
    const PLAIN: [&CStr; 17] = [
        c"c", c"b", c"B", c"?", c"h", c"H", c"e", c"i", c"I", c"f", c"l", c"L", c"q", c"Q", c"n",
        c"N", c"d",
    ];
    const NATIVE: [&CStr; 20] = [
        c"@c", c"@b", c"@B", c"@?", c"@h", c"@H", c"@e", c"@i", c"@I", c"@f", c"@l", c"@L", c"@q",
        c"@Q", c"@n", c"@N", c"@d", c"@P", c"@F", c"@D",
    ];
    const MORE: [&CStr; 3] = [c"P", c"F", c"D"];
    let all = PLAIN.iter().chain(&NATIVE).chain(&MORE);
    let mut found = all.filter(|known| known.to_bytes() == format.as_bytes());
    found.next().map_or(c"B".as_ptr(), |known| known.as_ptr())
}

fn shape_of(th: Thread<'_>, shape: Obj<'_>) -> Result<Vec<isize>> {
    let items: Vec<Ref> = if let Some(tuple) = shape.downcast::<Tuple>() {
        tuple.items().iter().map(|item| item.own()).collect()
    } else if let Some(list) = shape.downcast::<List>() {
        (0..list.len()).filter_map(|i| list.get(i)).collect()
    } else {
        raise!(th, TypeError, "shape must be a list or a tuple");
    };
    if items.len() > MAX_NDIM {
        raise!(th, ValueError, "memoryview: number of dimensions must not exceed {MAX_NDIM}");
    }
    let mut extents = Vec::new();
    for item in items {
        if !Int::is_int(item.obj()) {
            raise!(th, TypeError, "memoryview.cast(): elements of shape must be integers");
        }
        let extent = Int::index_to_isize(th, item.obj())?;
        if extent <= 0 {
            raise!(th, ValueError, "memoryview.cast(): elements of shape must be integers > 0");
        }
        extents.push(extent);
    }
    if product(&extents).is_none() {
        return Err(too_large_shape(th));
    }
    Ok(extents)
}

#[cold]
fn too_large_shape(th: Thread<'_>) -> Raised {
    error!(th, ValueError, "memoryview.cast(): product(shape) > SSIZE_MAX")
}

/// Iterates over the items of a one-dimensional view.
#[pytype(name = "memory_iterator")]
pub struct MemoryIterator {
    head: Head,
    index: Cell<isize>,
    view: Link<MemoryView>,
    length: Cell<isize>,
    format: Cell<u64>,
}

#[pymethods]
impl MemoryIterator {
    fn __iter__(&self, _: Thread<'_>) -> Result {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(view) = self.view.get() else { return Ok(None) };
        let index = self.index.get();
        if index >= self.length.get() {
            self.view.take();
            return Ok(None);
        }
        view.check(th)?;
        self.index.set(index + 1);
        let stride = view.strides().first().copied().unwrap_or(0);
        let address = view.step(0, view.view().buf.cast(), index * stride);
        view.unpack_as(th, self.format.get() as u8, address).map(Some)
    }
}

/// The first byte of a view, for C.
pub fn data_ptr(view: &MemoryView) -> Option<NonNull<u8>> {
    NonNull::new(view.view().buf.cast())
}
