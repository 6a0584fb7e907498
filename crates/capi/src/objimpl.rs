//! `objimpl.h`, `pymem.h` and `refcount.h`: memory, the collector, counts.
//!
//! Objects and `PyMem_` blocks come from the interpreter's heap, which needs the
//! GIL; `PyMem_Raw` blocks from the C library, which does not.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use abi::{PyMemAllocatorEx, PyObject};
use macros::capi;
use object::{
    Obj, Ref, Result, Thread, Type,
    alloc::OVERHEAD,
    gc, raise, reference,
    types::type_::{foreign, ready},
};

fn pointer(block: Option<NonNull<u8>>) -> *mut c_void {
    block.map_or(null_mut(), |block| block.as_ptr().cast())
}

fn allocate(th: Thread<'_>, letter: u8, size: usize) -> *mut c_void {
    if size > isize::MAX as usize {
        return null_mut();
    }
    let block = th.heap().alloc(size.max(1));
    if let Some(block) = block {
        // SAFETY: fresh from this heap.
        unsafe { th.heap().label(block, letter) };
    }
    pointer(block)
}

fn allocate_zeroed(th: Thread<'_>, letter: u8, count: usize, size: usize) -> *mut c_void {
    let Some(total) = count.checked_mul(size) else { return null_mut() };
    let block = allocate(th, letter, total);
    if !block.is_null() {
        // SAFETY: a fresh block of that size.
        unsafe { block.cast::<u8>().write_bytes(0, total.max(1)) };
    }
    block
}

unsafe fn reallocate(th: Thread<'_>, letter: u8, block: *mut c_void, size: usize) -> *mut c_void {
    if size > isize::MAX as usize {
        return null_mut();
    }
    let Some(block) = NonNull::new(block.cast::<u8>()) else {
        return allocate(th, letter, size);
    };
    // SAFETY: C passes a block of the heap.
    unsafe { th.heap().check_letter(block, letter) };
    // SAFETY: as above.
    let moved = unsafe { th.heap().realloc(block, size.max(1)) };
    if let Some(moved) = moved {
        // SAFETY: as above.
        unsafe { th.heap().label(moved, letter) };
    }
    pointer(moved)
}

unsafe fn release(th: Thread<'_>, letter: u8, block: *mut c_void) {
    if let Some(block) = NonNull::new(block.cast::<u8>()) {
        // SAFETY: C passes a block of the heap.
        unsafe { th.heap().check_letter(block, letter) };
        // SAFETY: as above.
        unsafe { th.heap().free(block) };
    }
}

/// The allocators that C code put in place of ours, by domain: raw, memory and
/// object. Calls of C code go through them; the runtime's own only ask the last
/// one whether there is memory.
static REPLACED: [AtomicPtr<PyMemAllocatorEx>; 3] = [const { AtomicPtr::new(null_mut()) }; 3];

const RAW: usize = 0;
const MEM: usize = 1;
const OBJ: usize = 2;

/// The context of our functions of a domain: its letter in debug mode.
fn label(domain: usize) -> *mut c_void {
    let letter = [b'r', b'm', b'o'].get(domain).copied().unwrap_or(b'o');
    std::ptr::without_provenance_mut(usize::from(letter))
}

/// Whether blocks have guards: `PYTHONMALLOC=debug`.
static HAS_GUARDS: AtomicBool = AtomicBool::new(false);

/// Learn of the mode of the heap, before there is any C code.
pub(crate) fn note_mode(th: Thread<'_>) {
    HAS_GUARDS.store(th.heap().mode().debug, Ordering::Relaxed);
}

/// A block of the raw domain, for C code to free.
pub(crate) fn raw_block(size: usize) -> *mut c_void {
    // SAFETY: any size will do.
    unsafe { system::malloc(label(RAW), size) }
}

fn replaced(domain: usize) -> Option<&'static PyMemAllocatorEx> {
    let found = REPLACED.get(domain)?.load(Ordering::Acquire);
    // SAFETY: null or a table that lives for ever.
    unsafe { found.as_ref() }
}

/// The functions of a domain: those of C code, or ours.
macro_rules! domain {
    ($domain:ident: $malloc:ident $calloc:ident $realloc:ident $free:ident = $ours:path) => {
        #[capi]
        fn $malloc(size: usize) -> *mut c_void {
            use $ours as ours;
            match replaced($domain).and_then(|table| Some((table.malloc?, table.ctx))) {
                // SAFETY: C code's own function and context.
                Some((malloc, ctx)) => unsafe { malloc(ctx, size) },
                // SAFETY: as the domain wants: with the GIL unless it is raw.
                None => unsafe { ours::malloc(label($domain), size) },
            }
        }

        #[capi]
        fn $calloc(count: usize, size: usize) -> *mut c_void {
            use $ours as ours;
            match replaced($domain).and_then(|table| Some((table.calloc?, table.ctx))) {
                // SAFETY: C code's own function and context.
                Some((calloc, ctx)) => unsafe { calloc(ctx, count, size) },
                // SAFETY: as the domain wants: with the GIL unless it is raw.
                None => unsafe { ours::calloc(label($domain), count, size) },
            }
        }

        #[capi]
        unsafe fn $realloc(block: *mut c_void, size: usize) -> *mut c_void {
            use $ours as ours;
            match replaced($domain).and_then(|table| Some((table.realloc?, table.ctx))) {
                // SAFETY: C code's own function, context and block.
                Some((realloc, ctx)) => unsafe { realloc(ctx, block, size) },
                // SAFETY: C passes null or a block of the domain.
                None => unsafe { ours::realloc(label($domain), block, size) },
            }
        }

        #[capi]
        unsafe fn $free(block: *mut c_void) {
            use $ours as ours;
            match replaced($domain).and_then(|table| Some((table.free?, table.ctx))) {
                // SAFETY: C code's own function, context and block.
                Some((free, ctx)) => unsafe { free(ctx, block) },
                // SAFETY: C passes null or a block of the domain.
                None => unsafe { ours::free(label($domain), block) },
            }
        }
    };
}

domain!(RAW: PyMem_RawMalloc PyMem_RawCalloc PyMem_RawRealloc PyMem_RawFree = self::system);
domain!(MEM: PyMem_Malloc PyMem_Calloc PyMem_Realloc PyMem_Free = self::heap);
domain!(OBJ: PyObject_Malloc PyObject_Calloc PyObject_Realloc PyObject_Free = self::heap);

mod system {
    //! The raw domain: the C library, with guards in debug mode.

    use super::*;

    const LETTER: u8 = b'r';

    fn has_guards() -> bool {
        HAS_GUARDS.load(Ordering::Relaxed)
    }

    /// Guard a fresh block, or null, for `size` bytes of data.
    unsafe fn guard(block: *mut c_void, size: usize) -> *mut c_void {
        let Some(block) = NonNull::new(block.cast::<u8>()) else { return null_mut() };
        // SAFETY: the caller's promise.
        unsafe { object::alloc::lay_guards(block, size, LETTER, 0) }.as_ptr().cast()
    }

    pub(super) unsafe extern "C" fn malloc(_: *mut c_void, size: usize) -> *mut c_void {
        if !has_guards() {
            // SAFETY: any size will do.
            return unsafe { libc::malloc(size.max(1)) };
        }
        let Some(total) = size.checked_add(OVERHEAD) else { return null_mut() };
        // SAFETY: any size will do.
        let block = unsafe { libc::malloc(total) };
        // SAFETY: of the size that guards need.
        unsafe { guard(block, size) }
    }

    pub(super) unsafe extern "C" fn calloc(
        context: *mut c_void,
        count: usize,
        size: usize,
    ) -> *mut c_void {
        let (count, size) = if count == 0 || size == 0 { (1, 1) } else { (count, size) };
        if !has_guards() {
            // SAFETY: any size will do.
            return unsafe { libc::calloc(count, size) };
        }
        let Some(total) = count.checked_mul(size) else { return null_mut() };
        // SAFETY: any size will do.
        let block = unsafe { malloc(context, total) };
        if !block.is_null() {
            // SAFETY: fresh, and of that size.
            unsafe { block.cast::<u8>().write_bytes(0, total) };
        }
        block
    }

    pub(super) unsafe extern "C" fn realloc(
        context: *mut c_void,
        block: *mut c_void,
        size: usize,
    ) -> *mut c_void {
        if !has_guards() {
            // SAFETY: the caller passes null or a raw block.
            return unsafe { libc::realloc(block, size.max(1)) };
        }
        // SAFETY: any size will do.
        let moved = unsafe { malloc(context, size) };
        let (Some(from), Some(to)) =
            (NonNull::new(block.cast::<u8>()), NonNull::new(moved.cast::<u8>()))
        else {
            return moved;
        };
        // SAFETY: the caller passes a raw block.
        let (before, _) = unsafe { object::alloc::check_guards(from, LETTER) };
        // SAFETY: both have as many bytes.
        unsafe { to.copy_from_nonoverlapping(from, before.min(size)) };
        // SAFETY: as above; the old block is given up.
        unsafe { free(context, block) };
        moved
    }

    pub(super) unsafe extern "C" fn free(_: *mut c_void, block: *mut c_void) {
        let mut block = block;
        if has_guards() {
            let Some(data) = NonNull::new(block.cast::<u8>()) else { return };
            // SAFETY: the caller passes a raw block.
            let (size, _) = unsafe { object::alloc::check_guards(data, LETTER) };
            // SAFETY: just checked, and given up.
            block = unsafe { object::alloc::bury(data, size) }.as_ptr().cast();
        }
        // SAFETY: the caller passes null or a raw block.
        unsafe { libc::free(block) }
    }
}

mod heap {
    //! The other domains: the interpreter's heap, with the GIL. Who does not hold
    //! it, against the rules, takes it for the call, unless in debug mode.

    use super::*;

    #[inline(always)]
    fn with_gil<T>(function: &CStr, f: impl FnOnce(Thread<'_>) -> T) -> Option<T> {
        if Thread::is_attached() {
            // SAFETY: just checked.
            return Some(f(unsafe { Thread::current() }));
        }
        if HAS_GUARDS.load(Ordering::Relaxed) {
            let message = c"Python memory allocator called without holding the GIL";
            crate::pythonrun::fatal(Some(function), Some(message));
        }
        crate::pystate::attached(f)
    }

    pub(super) unsafe extern "C" fn malloc(context: *mut c_void, size: usize) -> *mut c_void {
        let letter = context.addr() as u8;
        with_gil(c"_PyMem_DebugMalloc", |th| allocate(th, letter, size)).unwrap_or(null_mut())
    }

    pub(super) unsafe extern "C" fn calloc(
        context: *mut c_void,
        count: usize,
        size: usize,
    ) -> *mut c_void {
        let letter = context.addr() as u8;
        with_gil(c"_PyMem_DebugCalloc", |th| allocate_zeroed(th, letter, count, size))
            .unwrap_or(null_mut())
    }

    pub(super) unsafe extern "C" fn realloc(
        context: *mut c_void,
        block: *mut c_void,
        size: usize,
    ) -> *mut c_void {
        let letter = context.addr() as u8;
        // SAFETY: C passes null or a block of the heap.
        with_gil(c"_PyMem_DebugRealloc", |th| unsafe { reallocate(th, letter, block, size) })
            .unwrap_or(null_mut())
    }

    pub(super) unsafe extern "C" fn free(context: *mut c_void, block: *mut c_void) {
        let letter = context.addr() as u8;
        // SAFETY: C passes null or a block of the heap.
        with_gil(c"_PyMem_DebugFree", |th| unsafe { release(th, letter, block) });
    }
}

/// Our functions of a domain.
fn ours(domain: usize) -> PyMemAllocatorEx {
    if domain == RAW {
        return PyMemAllocatorEx {
            ctx: label(domain),
            malloc: Some(system::malloc),
            calloc: Some(system::calloc),
            realloc: Some(system::realloc),
            free: Some(system::free),
        };
    }
    PyMemAllocatorEx {
        ctx: label(domain),
        malloc: Some(heap::malloc),
        calloc: Some(heap::calloc),
        realloc: Some(heap::realloc),
        free: Some(heap::free),
    }
}

#[capi]
unsafe fn PyMem_GetAllocator(domain: c_int, allocator: *mut PyMemAllocatorEx) {
    let domain = domain.max(0) as usize;
    let value = replaced(domain).copied().unwrap_or_else(|| ours(domain));
    // SAFETY: C passes a variable.
    unsafe { allocator.write(value) };
}

#[capi]
unsafe fn PyMem_SetAllocator(th: Thread<'_>, domain: c_int, allocator: *const PyMemAllocatorEx) {
    // SAFETY: C passes a table, which is copied.
    let table = unsafe { *allocator };
    let is_ours =
        table.malloc.map(|f| f as usize) == ours(domain.max(0) as usize).malloc.map(|f| f as usize);
    if let Some(place) = REPLACED.get(domain.max(0) as usize) {
        // Others may still use the table that was there.
        let new = if is_ours { null_mut() } else { Box::leak(Box::new(table)) };
        place.store(new, Ordering::Release);
        if domain as usize == OBJ {
            th.heap().set_gate(if is_ours { None } else { Some(has_memory) });
        }
    }
}

/// Whether the allocator that C code put in place has memory for an object.
fn has_memory(size: usize) -> bool {
    let Some(table) = replaced(OBJ) else { return true };
    let Some((malloc, free)) = table.malloc.zip(table.free) else { return true };
    // SAFETY: C code's own functions and context.
    let block = unsafe { malloc(table.ctx, size) };
    if block.is_null() {
        return false;
    }
    // SAFETY: a block of that allocator.
    unsafe { free(table.ctx, block) };
    true
}

/// The allocator of the data stack's chunks: that of Rust.
mod arena {
    use std::{
        alloc::{Layout, alloc, dealloc},
        ffi::c_void,
    };

    pub(super) unsafe extern "C" fn allocate(_: *mut c_void, size: usize) -> *mut c_void {
        match Layout::from_size_align(size.max(1), 16) {
            // SAFETY: not empty.
            Ok(layout) => unsafe { alloc(layout) }.cast(),
            Err(_) => std::ptr::null_mut(),
        }
    }

    pub(super) unsafe extern "C" fn free(_: *mut c_void, block: *mut c_void, size: usize) {
        if let Ok(layout) = Layout::from_size_align(size.max(1), 16) {
            // SAFETY: C passes a block of that size.
            unsafe { dealloc(block.cast(), layout) };
        }
    }
}

#[capi]
unsafe fn PyObject_GetArenaAllocator(allocator: *mut abi::PyObjectArenaAllocator) {
    let ours = abi::PyObjectArenaAllocator {
        ctx: null_mut(),
        alloc: Some(arena::allocate),
        free: Some(arena::free),
    };
    // SAFETY: C passes a variable.
    unsafe { allocator.write(ours) };
}

/// Our allocators check their blocks by `PYTHONMALLOC=debug` alone.
#[capi]
fn PyMem_SetupDebugHooks() {}

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
    /// The generation of objects that `gc.freeze` took out of the others.
    const FROZEN: usize = 3;
    let frozen = gc::objects(th.heap(), Some(FROZEN));
    for object in gc::objects(th.heap(), None).into_iter().chain(frozen) {
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
fn _Py_SetImmortal(object: Obj<'_>) {
    object.make_immortal();
}

/// Whether nobody but the running instruction has the object, so that it may be
/// changed in place.
#[capi]
fn PyUnstable_Object_IsUniqueReferencedTemporary(th: Thread<'_>, object: Obj<'_>) -> bool {
    vm::is_temporary(th, object)
}

#[capi]
unsafe fn _Py_Dealloc(object: *mut PyObject) {
    let Some(object) = NonNull::new(object) else { return };
    // SAFETY: a dead object still has its header.
    let ty = unsafe { (*object.as_ptr()).ob_type };
    // SAFETY: an object keeps its type alive.
    if unsafe { (*ty).tp_flags } & abi::Py_TPFLAGS_HAVE_GC != 0 {
        // SAFETY: C passes an object whose count has become zero.
        unsafe { object::alloc::deallocate_nested(Thread::current(), object) };
    } else {
        // SAFETY: as above.
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
