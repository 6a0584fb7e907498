//! Inheritance of slots, flags and offsets from base types.

use std::mem::{offset_of, size_of};

use abi::{
    PyAsyncMethods, PyBufferProcs, PyHeapTypeObject, PyMappingMethods, PyNumberMethods,
    PySequenceMethods, PyTypeObject,
};

use crate::{Thread, Type, id};

/// Suites that are arrays of function pointers, by where `PyTypeObject` points
/// to them and where `PyHeapTypeObject` has room for them.
const SUITES: &[(usize, usize, usize)] = &[
    (
        offset_of!(PyTypeObject, tp_as_number),
        offset_of!(PyHeapTypeObject, as_number),
        size_of::<PyNumberMethods>(),
    ),
    (
        offset_of!(PyTypeObject, tp_as_sequence),
        offset_of!(PyHeapTypeObject, as_sequence),
        size_of::<PySequenceMethods>(),
    ),
    (
        offset_of!(PyTypeObject, tp_as_mapping),
        offset_of!(PyHeapTypeObject, as_mapping),
        size_of::<PyMappingMethods>(),
    ),
    (
        offset_of!(PyTypeObject, tp_as_async),
        offset_of!(PyHeapTypeObject, as_async),
        size_of::<PyAsyncMethods>(),
    ),
    (
        offset_of!(PyTypeObject, tp_as_buffer),
        offset_of!(PyHeapTypeObject, as_buffer),
        size_of::<PyBufferProcs>(),
    ),
];

/// Slots of the type itself that are inherited one by one.
const SINGLE: &[usize] = &[
    offset_of!(PyTypeObject, tp_repr),
    offset_of!(PyTypeObject, tp_call),
    offset_of!(PyTypeObject, tp_str),
    offset_of!(PyTypeObject, tp_iter),
    offset_of!(PyTypeObject, tp_iternext),
    offset_of!(PyTypeObject, tp_descr_get),
    offset_of!(PyTypeObject, tp_descr_set),
    offset_of!(PyTypeObject, tp_init),
    offset_of!(PyTypeObject, tp_alloc),
    offset_of!(PyTypeObject, tp_finalize),
    offset_of!(PyTypeObject, tp_del),
    offset_of!(PyTypeObject, tp_is_gc),
    offset_of!(PyTypeObject, tp_dealloc),
    offset_of!(PyTypeObject, tp_getattro),
    offset_of!(PyTypeObject, tp_setattro),
    offset_of!(PyTypeObject, tp_getattr),
    offset_of!(PyTypeObject, tp_setattr),
];

/// Copy the word at `offset` from `base` if `ty` has none.
///
/// # Safety
///
/// Both are tables of nullable words that reach beyond `offset`.
unsafe fn copy_word(ty: *mut u8, base: *const u8, offset: usize) {
    // SAFETY: the caller's promise.
    let (to, from) = unsafe { (ty.add(offset).cast::<usize>(), base.add(offset).cast::<usize>()) };
    // SAFETY: as above.
    unsafe {
        if *to == 0 {
            *to = *from;
        }
    }
}

/// Inherit what depends on `tp_base` alone: sizes, offsets, flags.
pub fn from_base(ty: &Type, base: &Type) {
    // SAFETY: a type that is being made ready, under the GIL.
    let (t, b) = unsafe { (&mut *ty.as_ptr(), &*base.as_ptr()) };
    let gc = abi::Py_TPFLAGS_HAVE_GC;
    if t.tp_flags & gc == 0
        && b.tp_flags & gc != 0
        && t.tp_traverse.is_none()
        && t.tp_clear.is_none()
    {
        t.tp_flags |= gc;
        t.tp_traverse = b.tp_traverse;
        t.tp_clear = b.tp_clear;
    }
    if t.tp_basicsize == 0 {
        t.tp_basicsize = b.tp_basicsize;
    }
    if t.tp_itemsize == 0 {
        t.tp_itemsize = b.tp_itemsize;
    }
    if t.tp_weaklistoffset == 0 {
        t.tp_weaklistoffset = b.tp_weaklistoffset;
    }
    if t.tp_dictoffset == 0 {
        t.tp_dictoffset = b.tp_dictoffset;
    }
    if t.tp_vectorcall_offset == 0 {
        t.tp_vectorcall_offset = b.tp_vectorcall_offset;
    }
    let inherited = abi::Py_TPFLAGS_LONG_SUBCLASS
        | abi::Py_TPFLAGS_LIST_SUBCLASS
        | abi::Py_TPFLAGS_TUPLE_SUBCLASS
        | abi::Py_TPFLAGS_BYTES_SUBCLASS
        | abi::Py_TPFLAGS_UNICODE_SUBCLASS
        | abi::Py_TPFLAGS_DICT_SUBCLASS
        | abi::Py_TPFLAGS_BASE_EXC_SUBCLASS
        | abi::Py_TPFLAGS_TYPE_SUBCLASS
        | abi::_Py_TPFLAGS_MATCH_SELF
        | abi::Py_TPFLAGS_ITEMS_AT_END
        | abi::Py_TPFLAGS_MANAGED_DICT
        | abi::Py_TPFLAGS_MANAGED_WEAKREF;
    t.tp_flags |= b.tp_flags & inherited;
    if t.tp_new.is_none() && (ty.is_heap() || !std::ptr::eq(base, crate::types::object_type())) {
        t.tp_new = b.tp_new;
    }
}

/// Inherit the slots that `ty` leaves empty from `base`, a type of its MRO.
pub fn slots(th: Thread<'_>, ty: &Type, base: &Type) {
    let (t, b) = (ty.as_ptr().cast::<u8>(), base.as_ptr().cast::<u8>());
    for &(pointer, room, size) in SUITES {
        // SAFETY: inside `PyTypeObject`.
        let from = unsafe { *b.add(pointer).cast::<*const u8>() };
        if from.is_null() {
            continue;
        }
        // SAFETY: inside `PyTypeObject`.
        let to = unsafe { &mut *t.add(pointer).cast::<*mut u8>() };
        if to.is_null() && ty.flags() & abi::_Py_TPFLAGS_STATIC_BUILTIN == 0 {
            // A type of C code has no room of its own. That it says to be a heap type
            // means nothing: Cython says so of static ones while they are made ready.
            continue;
        }
        if to.is_null() {
            // SAFETY: our own types have room for the suites.
            *to = unsafe { t.add(room) };
        }
        for offset in (0..size).step_by(size_of::<usize>()) {
            // SAFETY: both suites have `size` bytes of nullable words.
            unsafe { copy_word(*to, from, offset) };
        }
    }
    // SAFETY: a type that is being made ready, under the GIL.
    let (tt, bb) = unsafe { (&mut *ty.as_ptr(), &*base.as_ptr()) };
    if tt.tp_richcompare.is_none() && tt.tp_hash.is_none() && !overrides_hash(th, ty) {
        tt.tp_richcompare = bb.tp_richcompare;
        tt.tp_hash = bb.tp_hash;
    }
    if tt.tp_call.is_none() && !ty.is_heap() {
        let vectorcall = abi::Py_TPFLAGS_HAVE_VECTORCALL;
        tt.tp_flags |= bb.tp_flags & vectorcall;
    }
    if !ty.is_heap() || tt.tp_flags & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 {
        let method = abi::Py_TPFLAGS_METHOD_DESCRIPTOR;
        if tt.tp_descr_get.is_none() && bb.tp_flags & method != 0 {
            tt.tp_flags |= method;
        }
    }
    for &offset in SINGLE {
        // SAFETY: inside `PyTypeObject`.
        unsafe { copy_word(t, b, offset) };
    }
    if tt.tp_free.is_none() {
        tt.tp_free = bb.tp_free;
    }
    let patterns = abi::Py_TPFLAGS_SEQUENCE | abi::Py_TPFLAGS_MAPPING;
    if tt.tp_flags & patterns == 0 {
        tt.tp_flags |= bb.tp_flags & patterns;
    }
}

/// Let a type of C code share those suites of `tp_base` that it does not have.
pub(super) fn share_suites(ty: &Type, base: &Type) {
    let (t, b) = (ty.as_ptr().cast::<u8>(), base.as_ptr().cast::<u8>());
    for &(pointer, ..) in SUITES {
        // SAFETY: inside `PyTypeObject`.
        unsafe { copy_word(t, b, pointer) };
    }
}

fn overrides_hash(th: Thread<'_>, ty: &Type) -> bool {
    ty.dict().is_some_and(|dict| {
        dict.get_name(th, id!(th, "__eq__")).is_some()
            || dict.get_name(th, id!(th, "__hash__")).is_some()
    })
}
