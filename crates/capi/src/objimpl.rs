//! `objimpl.h`, `pymem.h` and `refcount.h`: memory, the collector, counts.
//!
//! Objects and `PyMem_` blocks come from the interpreter's heap, which needs the
//! GIL; `PyMem_Raw` blocks from the C library, which does not.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};

use abi::{PyMemAllocatorEx, PyObject};
use macros::capi;
use object::{
    Obj, Ref, Result, Thread, Type, gc, raise, reference,
    types::type_::{foreign, ready},
};

fn pointer(block: Option<NonNull<u8>>) -> *mut c_void {
    block.map_or(null_mut(), |block| block.as_ptr().cast())
}

fn allocate(th: Thread<'_>, size: usize) -> *mut c_void {
    if size > isize::MAX as usize {
        return null_mut();
    }
    pointer(th.heap().alloc(size.max(1)))
}

fn allocate_zeroed(th: Thread<'_>, count: usize, size: usize) -> *mut c_void {
    let Some(total) = count.checked_mul(size) else { return null_mut() };
    let block = allocate(th, total);
    if !block.is_null() {
        // SAFETY: a fresh block of that size.
        unsafe { block.cast::<u8>().write_bytes(0, total.max(1)) };
    }
    block
}

unsafe fn reallocate(th: Thread<'_>, block: *mut c_void, size: usize) -> *mut c_void {
    if size > isize::MAX as usize {
        return null_mut();
    }
    match NonNull::new(block.cast::<u8>()) {
        // SAFETY: C passes a block of the heap.
        Some(block) => pointer(unsafe { th.heap().realloc(block, size.max(1)) }),
        None => allocate(th, size),
    }
}

unsafe fn release(th: Thread<'_>, block: *mut c_void) {
    if let Some(block) = NonNull::new(block.cast::<u8>()) {
        // SAFETY: C passes a block of the heap.
        unsafe { th.heap().free(block) };
    }
}

macro_rules! domain {
    ($malloc:ident $calloc:ident $realloc:ident $free:ident) => {
        #[capi]
        fn $malloc(th: Thread<'_>, size: usize) -> *mut c_void {
            allocate(th, size)
        }

        #[capi]
        fn $calloc(th: Thread<'_>, count: usize, size: usize) -> *mut c_void {
            allocate_zeroed(th, count, size)
        }

        #[capi]
        unsafe fn $realloc(th: Thread<'_>, block: *mut c_void, size: usize) -> *mut c_void {
            // SAFETY: C passes a block of the heap.
            unsafe { reallocate(th, block, size) }
        }

        #[capi]
        unsafe fn $free(th: Thread<'_>, block: *mut c_void) {
            // SAFETY: C passes a block of the heap.
            unsafe { release(th, block) }
        }
    };
}

domain!(PyMem_Malloc PyMem_Calloc PyMem_Realloc PyMem_Free);
domain!(PyObject_Malloc PyObject_Calloc PyObject_Realloc PyObject_Free);

#[capi]
fn PyMem_RawMalloc(size: usize) -> *mut c_void {
    // SAFETY: any size will do.
    unsafe { libc::malloc(size.max(1)) }
}

#[capi]
fn PyMem_RawCalloc(count: usize, size: usize) -> *mut c_void {
    let (count, size) = if count == 0 || size == 0 { (1, 1) } else { (count, size) };
    // SAFETY: any size will do.
    unsafe { libc::calloc(count, size) }
}

#[capi]
unsafe fn PyMem_RawRealloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: C passes null or a raw block.
    unsafe { libc::realloc(block, size.max(1)) }
}

#[capi]
unsafe fn PyMem_RawFree(block: *mut c_void) {
    // SAFETY: C passes null or a raw block.
    unsafe { libc::free(block) }
}

mod allocators {
    //! What `PyMem_GetAllocator` hands out.

    use super::*;

    pub(super) unsafe extern "C" fn malloc(raw: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: for the whole function, as the functions of the domain.
        if raw.is_null() {
            PyMem_RawMalloc(size)
        } else {
            allocate(unsafe { Thread::current() }, size)
        }
    }

    pub(super) unsafe extern "C" fn calloc(
        raw: *mut c_void,
        count: usize,
        size: usize,
    ) -> *mut c_void {
        if raw.is_null() {
            return PyMem_RawCalloc(count, size);
        }
        // SAFETY: called with the GIL, as the domain wants.
        allocate_zeroed(unsafe { Thread::current() }, count, size)
    }

    pub(super) unsafe extern "C" fn realloc(
        raw: *mut c_void,
        block: *mut c_void,
        size: usize,
    ) -> *mut c_void {
        // SAFETY: for the whole function, as the functions of the domain.
        unsafe {
            if raw.is_null() {
                PyMem_RawRealloc(block, size)
            } else {
                reallocate(Thread::current(), block, size)
            }
        }
    }

    pub(super) unsafe extern "C" fn free(raw: *mut c_void, block: *mut c_void) {
        // SAFETY: for the whole function, as the functions of the domain.
        unsafe {
            if raw.is_null() { PyMem_RawFree(block) } else { release(Thread::current(), block) }
        }
    }
}

/// The context tells the raw domain (null) from the others.
#[capi]
unsafe fn PyMem_GetAllocator(domain: c_int, allocator: *mut PyMemAllocatorEx) {
    let ctx =
        if domain == 0 { null_mut() } else { std::ptr::without_provenance_mut(domain as usize) };
    let value = PyMemAllocatorEx {
        ctx,
        malloc: Some(allocators::malloc),
        calloc: Some(allocators::calloc),
        realloc: Some(allocators::realloc),
        free: Some(allocators::free),
    };
    // SAFETY: C passes a variable.
    unsafe { allocator.write(value) };
}

// Instances.

/// Initialise the header of memory that C code allocated.
#[capi]
unsafe fn PyObject_Init(object: *mut PyObject, ty: &Type) -> *mut PyObject {
    if let Some(object) = NonNull::new(object) {
        // SAFETY: C passes memory for an instance of the type.
        unsafe { reference::init_header(object, ty) };
    }
    object
}

#[capi]
unsafe fn PyObject_InitVar(object: *mut PyObject, ty: &Type, size: isize) -> *mut PyObject {
    // SAFETY: C passes memory for an instance of the type.
    unsafe {
        PyObject_Init(object, ty);
        (*object.cast::<abi::PyVarObject>()).ob_size = size;
    }
    object
}

fn set_size(object: Ref, size: isize) -> Ref {
    // SAFETY: a fresh instance of a type with items.
    unsafe { (*object.as_ptr().cast::<abi::PyVarObject>()).ob_size = size };
    object
}

#[capi]
fn _PyObject_New(th: Thread<'_>, ty: &Type) -> Result {
    foreign::new_instance(th, ty, 0, 0)
}

#[capi]
fn _PyObject_NewVar(th: Thread<'_>, ty: &Type, size: isize) -> Result {
    foreign::new_instance(th, ty, size.unsigned_abs(), 0).map(|object| set_size(object, size))
}

#[capi]
fn _PyObject_GC_New(th: Thread<'_>, ty: &Type) -> Result {
    foreign::new_instance(th, ty, 0, 0)
}

#[capi]
fn _PyObject_GC_NewVar(th: Thread<'_>, ty: &Type, size: isize) -> Result {
    if size < 0 {
        raise!(th, SystemError, "bad argument to internal function");
    }
    foreign::new_instance(th, ty, size as usize, 0).map(|object| set_size(object, size))
}

#[capi]
fn PyUnstable_Object_GC_NewWithExtraData(th: Thread<'_>, ty: &Type, extra: usize) -> Result {
    foreign::new_instance(th, ty, 0, extra)
}

#[capi]
unsafe fn _PyObject_GC_Resize(th: Thread<'_>, object: *mut PyObject, size: isize) -> *mut PyObject {
    let Some(ptr) = NonNull::new(object) else { return null_mut() };
    // SAFETY: C passes an object of its own that nobody else has seen.
    let ty = unsafe { Type::from_ptr((*object).ob_type) };
    let bytes = ty.basicsize() + size.unsigned_abs() * ty.itemsize() + ty.prefix();
    let bytes = bytes.next_multiple_of(8) + object::shape::inline_bytes(ty);
    // SAFETY: untracked, and the block starts at the prefix.
    let moved = unsafe { th.heap().realloc(ptr.cast::<u8>().sub(ty.prefix()), bytes) };
    let Some(moved) = moved else { return crate::pyerrors::no_memory(th) };
    // SAFETY: inside the block.
    let moved = unsafe { moved.add(ty.prefix()) }.cast::<abi::PyVarObject>();
    // SAFETY: as above.
    unsafe { (*moved.as_ptr()).ob_size = size };
    moved.cast::<PyObject>().as_ptr()
}

#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
unsafe extern "C" fn PyObject_GC_Del(object: *mut c_void) {
    // SAFETY: C passes a torn-down object.
    unsafe { ready::free_object(object) }
}

#[capi]
unsafe fn PyObject_GC_Track(th: Thread<'_>, object: *mut PyObject) {
    if let Some(object) = NonNull::new(object)
        // SAFETY: a live object.
        && unsafe { gc::is_gc(object.as_ptr()) }
    {
        // SAFETY: C says that its fields are in place.
        unsafe { gc::track(th.heap(), object) };
    }
}

#[capi]
unsafe fn PyObject_GC_UnTrack(th: Thread<'_>, object: *mut PyObject) {
    if let Some(object) = NonNull::new(object)
        && gc::is_tracked(th.heap(), object.as_ptr())
    {
        // SAFETY: a tracked object.
        unsafe { gc::untrack(th.heap(), object) };
    }
}

#[capi]
unsafe fn PyObject_GC_IsTracked(th: Thread<'_>, object: *mut PyObject) -> bool {
    gc::is_tracked(th.heap(), object)
}

#[capi]
unsafe fn PyObject_GC_IsFinalized(th: Thread<'_>, object: *mut PyObject) -> bool {
    gc::is_finalized(th.heap(), object)
}

#[capi]
unsafe fn PyObject_IS_GC(object: *mut PyObject) -> bool {
    // SAFETY: C passes a live object.
    unsafe { gc::is_gc(object) }
}

#[capi]
fn PyGC_Collect(th: Thread<'_>) -> isize {
    if !th.heap().gc().is_enabled() {
        return 0;
    }
    vm::collect::collect(th, 2)
}

#[capi]
fn PyGC_Enable(th: Thread<'_>) -> bool {
    let before = th.heap().gc().is_enabled();
    th.heap().gc().set_enabled(true);
    before
}

#[capi]
fn PyGC_Disable(th: Thread<'_>) -> bool {
    let before = th.heap().gc().is_enabled();
    th.heap().gc().set_enabled(false);
    before
}

#[capi]
fn PyGC_IsEnabled(th: Thread<'_>) -> bool {
    th.heap().gc().is_enabled()
}

#[capi]
unsafe fn PyUnstable_GC_VisitObjects(
    th: Thread<'_>,
    callback: Option<unsafe extern "C" fn(*mut PyObject, *mut c_void) -> c_int>,
    arg: *mut c_void,
) {
    let Some(callback) = callback else { return };
    let was_enabled = th.heap().gc().is_enabled();
    th.heap().gc().set_enabled(false);
    for object in gc::objects(th.heap(), None) {
        // SAFETY: no collection frees the objects meanwhile.
        if unsafe { callback(object, arg) } == 0 {
            break;
        }
    }
    th.heap().gc().set_enabled(was_enabled);
}

// Counts.

#[capi]
fn Py_IncRef(object: Option<Obj<'_>>) {
    if let Some(object) = object {
        std::mem::forget(object.own());
    }
}

#[capi]
fn Py_DecRef(object: Option<Ref>) {
    drop(object);
}

#[capi]
fn _Py_IncRef(object: Obj<'_>) {
    std::mem::forget(object.own());
}

#[capi]
fn _Py_DecRef(object: Option<Ref>) {
    drop(object);
}

#[capi]
fn Py_NewRef(object: Obj<'_>) -> Ref {
    object.own()
}

#[capi]
fn Py_XNewRef(object: Option<Obj<'_>>) -> Option<Ref> {
    object.map(Obj::own)
}

#[capi]
fn Py_REFCNT(object: Obj<'_>) -> isize {
    object.refcount() as isize
}

#[capi]
unsafe fn _Py_SetRefcnt(object: *mut PyObject, count: isize) {
    // SAFETY: C passes a live object.
    unsafe { reference::set_count(object, count) };
}

#[capi]
unsafe fn _Py_Dealloc(object: *mut PyObject) {
    if let Some(object) = NonNull::new(object) {
        // SAFETY: C passes an object whose count has become zero.
        unsafe { reference::deallocate(object) };
    }
}

#[capi]
unsafe fn _Py_NewReference(object: *mut PyObject) {
    // SAFETY: C passes an object in the making.
    unsafe { reference::set_count(object, 1) };
}

#[capi]
unsafe fn _Py_ResurrectReference(object: *mut PyObject) {
    // SAFETY: C passes an object in the making.
    unsafe { reference::set_count(object, 1) };
}

#[capi]
unsafe fn PyObject_GET_WEAKREFS_LISTPTR(object: Obj<'_>) -> *mut *mut PyObject {
    object::types::weakref::list_pointer(object)
}
