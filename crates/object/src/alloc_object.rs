//! Making and unmaking objects: memory, header, collector.
//!
//! An instance of a class with a `__dict__` or weak references has
//! [`PREFIX`] bytes before its header: the attribute word (a shape or a dict,
//! see `shape`) and the head of its weak-reference list. Everything else
//! starts at its header.

use std::ptr::NonNull;

use abi::PyObject;

use crate::{
    AsObject, Obj, PyStruct, Ref, Result, Thread, ThreadState, Type, declare::Declared, gc,
    reference,
};

/// Bytes before the header of an object whose type has `MANAGED_DICT` or
/// `MANAGED_WEAKREF`: attribute word at -16, weak references at -8.
pub const PREFIX: usize = 16;

impl Type {
    /// Bytes before the header of an instance.
    #[inline]
    pub fn prefix(&self) -> usize {
        let managed = abi::Py_TPFLAGS_MANAGED_DICT | abi::Py_TPFLAGS_MANAGED_WEAKREF;
        if self.flags() & managed != 0 { PREFIX } else { 0 }
    }
}

/// Allocate zeroed memory for an instance of `ty` with `nitems` items and
/// `extra` bytes, with its header filled in. Not tracked yet.
pub fn alloc_raw(
    th: Thread<'_>,
    ty: &Type,
    nitems: usize,
    extra: usize,
) -> Result<NonNull<PyObject>> {
    let size = ty
        .itemsize()
        .checked_mul(nitems)
        .and_then(|items| items.checked_add(ty.basicsize() + extra))
        .and_then(|size| size.checked_add(7))
        .map(|size| size & !7);
    let Some(size) = size else { return Err(th.no_memory()) };
    let prefix = ty.prefix();
    let heap = th.heap();
    let memory = if ty.is_gc() { heap.alloc_gc(size + prefix) } else { heap.alloc(size + prefix) };
    let Some(memory) = memory else { return Err(th.no_memory()) };
    // SAFETY: freshly allocated memory of that size.
    unsafe { memory.write_bytes(0, size + prefix) };
    // SAFETY: inside the allocation.
    let object = unsafe { memory.add(prefix) }.cast::<PyObject>();
    // SAFETY: memory for an instance of `ty`.
    unsafe { reference::init_header(object, ty) };
    Ok(object)
}

/// An empty instance of `cls`, a class with attribute slots, if the heap has a
/// block at hand.
///
/// # Safety
///
/// `object.__new__` and the usual `tp_alloc` make the instances of `cls`.
#[inline(always)]
pub unsafe fn instance_at_hand(state: &ThreadState, cls: &Type) -> Option<NonNull<PyObject>> {
    let layout = crate::shape::layout(cls)?;
    let heap = state.heap;
    let slots = layout.capacity();
    let body = cls.basicsize() - size_of::<PyObject>();
    let memory = heap.alloc_gc_at_hand(PREFIX + size_of::<PyObject>() + body + slots * 8)?;
    let (word, weakrefs) =
        (memory.cast::<usize>(), memory.cast::<usize>().as_ptr().wrapping_add(1));
    // SAFETY: fresh memory that starts with the prefix.
    unsafe { word.write(layout.first_word()) };
    // SAFETY: as above.
    unsafe { weakrefs.write(0) };
    // SAFETY: as above.
    let object = unsafe { memory.add(PREFIX) }.cast::<PyObject>();
    // SAFETY: memory for an instance of `cls`.
    unsafe { reference::init_header(object, cls) };
    // SAFETY: `body` and the slots follow the header, and nulls are what they
    // start as.
    unsafe { zero_words(object.add(1).as_ptr().cast(), body.div_ceil(8) + slots) };
    // SAFETY: all fields are in place.
    unsafe { gc::track_new(heap, object) };
    Some(object)
}

/// Zero some words. PERF: they are few, and without a call of `memset` the
/// handler that makes instances needs no stack.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, reason = "the block has no instruction")]
unsafe fn zero_words(mut at: *mut usize, count: usize) {
    // SAFETY: the end of what the caller allocated.
    let end = unsafe { at.add(count) };
    while at != end {
        // SAFETY: before the end.
        unsafe { at.write(0) };
        // SAFETY: at most the end.
        at = unsafe { at.add(1) };
        #[cfg(not(miri))]
        // SAFETY: no instruction at all; the compiler sees a loop that it leaves as it is.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) at, options(nomem, nostack, preserves_flags));
        }
    }
}

/// Put `value` into a new instance of `cls`, which is `T`'s type or a subtype.
pub fn alloc<T: Declared>(th: Thread<'_>, cls: &Type, value: T) -> Result<Ref<T>> {
    debug_assert!(cls.basicsize() != 0 && cls.is_subtype(T::type_object()), "not ready");
    if const { is_plain::<T>() } && std::ptr::eq(cls, T::type_object()) {
        return new(th, value);
    }
    let object = alloc_raw(th, cls, 0, crate::shape::inline_bytes(cls))?;
    // SAFETY: the header was filled in.
    let head = unsafe { object.read() };
    // SAFETY: the memory is at least as large as `T`, which starts with a header.
    unsafe { object.cast::<T>().write(value) };
    // SAFETY: as above; the header comes back over the placeholder in `value`.
    unsafe { object.write(head) };
    crate::shape::init_instance(th, cls, object);
    if cls.is_gc() {
        // SAFETY: all fields are in place.
        unsafe { gc::track(th.heap(), object) };
    }
    // SAFETY: the header's count is the reference we hand over.
    Ok(unsafe { Ref::from_owned(object) })
}

/// Complete an instance of a class whose fields are in place: its attribute
/// word, and the collector's knowledge of it.
pub fn finish(th: Thread<'_>, cls: &Type, object: NonNull<PyObject>) {
    crate::shape::init_instance(th, cls, object);
    if cls.is_gc() {
        // SAFETY: all fields are in place.
        unsafe { gc::track(th.heap(), object) };
    }
}

/// Whether instances of exactly `T`'s type are a `T` and nothing else.
const fn is_plain<T: Declared>() -> bool {
    let managed = abi::Py_TPFLAGS_MANAGED_DICT | abi::Py_TPFLAGS_MANAGED_WEAKREF;
    T::DECL.basicsize == size_of::<T>()
        && T::DECL.itemsize == 0
        && T::DECL.flags & (managed | abi::Py_TPFLAGS_HEAPTYPE) == 0
}

/// A new instance of exactly `T`'s type.
#[inline]
pub fn new<T: Declared>(th: Thread<'_>, value: T) -> Result<Ref<T>> {
    new_in_place(th, value)
}

/// As [`new`], inlined, for what is made all the time. PERF: fields are written
/// where they belong; copied as a whole, they are read wider than they were
/// written just before, for which processors wait.
#[inline(always)]
pub fn new_in_place<T: Declared>(th: Thread<'_>, value: T) -> Result<Ref<T>> {
    if !const { is_plain::<T>() } {
        return alloc(th, T::type_object(), value);
    }
    // PERF: size and kind are constants here; `float` allocates in a dozen instructions.
    debug_assert!(T::type_object().basicsize() != 0, "not ready");
    let heap = th.heap();
    let size = size_of::<T>();
    let memory = if T::DECL.gc { heap.alloc_gc(size) } else { heap.alloc(size) };
    let Some(memory) = memory else { return Err(th.no_memory()) };
    // SAFETY: fresh memory for a `T`.
    unsafe { memory.cast::<T>().write(value) };
    let object = memory.cast::<PyObject>();
    // SAFETY: a `T` starts with a header.
    unsafe { reference::init_static_header(object, T::type_object()) };
    if T::DECL.gc {
        // SAFETY: all fields are in place.
        unsafe { gc::track_new(heap, object) };
    }
    // SAFETY: the header's count is the reference we hand over.
    Ok(unsafe { Ref::from_owned(object) })
}

/// A new instance of exactly `T`'s plain type that the collector does not look
/// at, if the heap has a block at hand.
#[inline(always)]
pub fn try_new<T: Declared>(state: &ThreadState, value: T) -> Option<Ref<T>> {
    const { assert!(is_plain::<T>() && !T::DECL.gc) };
    let memory = state.heap.alloc_at_hand(size_of::<T>())?;
    // SAFETY: fresh memory for a `T`.
    unsafe { memory.cast::<T>().write(value) };
    let object = memory.cast::<PyObject>();
    // SAFETY: a `T` starts with a header.
    unsafe { reference::init_static_header(object, T::type_object()) };
    // SAFETY: the header's count is the reference we hand over.
    Some(unsafe { Ref::from_owned(object) })
}

/// Allocate an instance of exactly `T`'s builtin type with `nitems` items
/// behind it, the header filled in and the rest not initialised. Not tracked
/// yet.
#[inline]
pub fn alloc_items<T: Declared>(th: Thread<'_>, nitems: usize) -> Result<NonNull<PyObject>> {
    let size = nitems.checked_mul(T::DECL.itemsize).and_then(|n| n.checked_add(size_of::<T>()));
    let Some(size) = size else { return Err(th.no_memory()) };
    let heap = th.heap();
    let memory = if T::DECL.gc { heap.alloc_gc(size) } else { heap.alloc(size) };
    let Some(memory) = memory else { return Err(th.no_memory()) };
    let object = memory.cast::<PyObject>();
    // SAFETY: a `T` starts with a header.
    unsafe { reference::init_static_header(object, T::type_object()) };
    Ok(object)
}

/// Tear down an instance of exactly `T`'s builtin type, if that is what
/// `object` is and nothing but its fields has to be dropped.
///
/// # Safety
///
/// `object` is dead.
#[inline(always)]
pub unsafe fn dealloc_plain<T: Declared>(th: Thread<'_>, object: *mut PyObject) -> bool {
    let managed = abi::Py_TPFLAGS_MANAGED_DICT | abi::Py_TPFLAGS_MANAGED_WEAKREF;
    let plain = T::DECL.weaklistoffset == 0
        && T::DECL.flags & (managed | abi::Py_TPFLAGS_HEAPTYPE | abi::Py_TPFLAGS_TYPE_SUBCLASS)
            == 0;
    let ty = T::type_object();
    // SAFETY: a dead object still has its header.
    if !plain || unsafe { (*object).ob_type } != ty.as_ptr() || ty.slots().tp_finalize.is_some() {
        return false;
    }
    // SAFETY: an object has an address.
    let ptr = unsafe { NonNull::new_unchecked(object) };
    let heap = th.heap();
    if T::DECL.gc {
        // SAFETY: a gc object of this heap.
        unsafe { gc::untrack(heap, ptr) };
        if crate::alloc::defer_dealloc(th, ptr) {
            return true;
        }
    }
    // SAFETY: dead, and of this layout.
    unsafe { std::ptr::drop_in_place(object.cast::<T>()) };
    // SAFETY: nothing refers to the object any more.
    unsafe { heap.free(ptr.cast()) };
    if T::DECL.gc {
        crate::alloc::end_dealloc(th);
    }
    true
}

/// The body of every builtin `tp_dealloc`: stop tracking, clear weak
/// references, drop the fields, free. Deep structures are queued, so that the
/// native stack stays shallow.
///
/// # Safety
///
/// `object` is a dead instance of the builtin type `class` or of a subtype, and
/// `drop_fields` drops what its builtin layout owns.
pub unsafe fn dealloc_with(
    th: Thread<'_>,
    object: *mut PyObject,
    class: &Type,
    is_gc: bool,
    drop_fields: unsafe fn(*mut PyObject),
) {
    let Some(ptr) = NonNull::new(object) else { return };
    // SAFETY: a dead object still has its header.
    let ty = unsafe { Type::from_ptr((*object).ob_type) };
    if is_gc || ty.is_gc() {
        // SAFETY: a gc object of this heap.
        unsafe { gc::untrack(th.heap(), ptr) };
        if crate::alloc::defer_own_dealloc(th, ptr, || class.slots().tp_dealloc) {
            return;
        }
    }
    crate::types::weakref::clear_weakrefs(th, ptr, ty);
    // SAFETY: the caller's promise.
    unsafe { drop_fields(object) };
    // SAFETY: nothing refers to the object any more.
    unsafe { free(th, ptr, ty) };
    if is_gc || ty.is_gc() {
        crate::alloc::end_dealloc(th);
    }
}

/// Give back the memory of a torn-down object. The reference to a heap type is
/// given up by the `tp_dealloc` of that type.
///
/// # Safety
///
/// `object` was allocated by [`alloc_raw`] for `ty` and its fields are dropped.
pub unsafe fn free(th: Thread<'_>, object: NonNull<PyObject>, ty: &Type) {
    // SAFETY: the prefix belongs to the same allocation.
    let memory = unsafe { object.cast::<u8>().sub(ty.prefix()) };
    // SAFETY: the caller's promise.
    unsafe { th.heap().free(memory) };
}

/// See a finished object as borrowed.
pub fn as_obj<T: PyStruct>(object: &T) -> Obj<'_> {
    object.obj()
}
