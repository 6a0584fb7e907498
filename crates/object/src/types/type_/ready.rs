//! Making builtin types work: from a declaration to slots, dict and MRO.

use std::{ffi::CStr, ptr::NonNull};

use crate::{
    AsObject, Dict, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    declare::{Binding, Entry, TypeBuilder, TypeDecl},
    id, reference,
    slots::{ROWS, Suite, Wrap},
    types::descr,
};

use super::{inherit, mro};

/// Make all builtin types ready.
pub fn init(th: Thread<'_>) -> Result<()> {
    crate::types::singletons::init();
    crate::types::bool_::init();
    crate::types::typing::init();
    let declarations = crate::types::builtin_types();
    for decl in &declarations {
        set_header(decl);
    }
    for decl in declarations {
        ready(th, decl)?;
    }
    crate::types::template::init(th)?;
    crate::exceptions::init(th)
}

/// Give a static type its own type and name, so that instances can be made
/// before it is ready.
fn set_header(decl: &TypeDecl) {
    let ty = (decl.ty)();
    // SAFETY: start-up is single-threaded, or the type has no user yet.
    let t = unsafe { &mut *ty.as_ptr() };
    if !t.tp_name.is_null() {
        return;
    }
    t.ob_base.ob_base.ob_refcnt = reference::IMMORTAL;
    t.ob_base.ob_base.ob_type = (decl.metaclass)().as_ptr();
    t.tp_name = decl.name.as_ptr();
    t.tp_basicsize = decl.basicsize as isize;
    t.tp_itemsize = decl.itemsize as isize;
    t.tp_dictoffset = decl.dictoffset;
    t.tp_weaklistoffset = decl.weaklistoffset;
    if std::ptr::eq(ty, Type::type_object()) {
        // A class needs no other dict than its own, so metaclasses add none.
        t.tp_dictoffset = std::mem::offset_of!(abi::PyTypeObject, tp_dict) as isize;
        t.tp_weaklistoffset = std::mem::offset_of!(abi::PyTypeObject, tp_weaklist) as isize;
    }
    t.tp_vectorcall_offset = decl.vectorcall_offset;
    if std::ptr::eq(ty, Type::type_object()) {
        t.tp_vectorcall_offset = std::mem::offset_of!(abi::PyTypeObject, tp_vectorcall) as isize;
        t.tp_is_gc = Some(is_heap_type);
    }
    t.tp_flags = decl.flags
        | abi::Py_TPFLAGS_IMMUTABLETYPE
        | abi::_Py_TPFLAGS_STATIC_BUILTIN
        | if t.tp_vectorcall_offset != 0 { abi::Py_TPFLAGS_HAVE_VECTORCALL } else { 0 };
    t.tp_dealloc = Some(decl.dealloc);
    if decl.gc {
        t.tp_flags |= abi::Py_TPFLAGS_HAVE_GC;
        t.tp_traverse = Some(decl.traverse);
        t.tp_clear = Some(decl.clear);
    }
    t.tp_free = Some(free_object);
    t.tp_alloc = Some(generic_alloc);
}

/// `tp_is_gc` of types: those that C code declares live for ever.
unsafe extern "C" fn is_heap_type(ty: *mut abi::PyObject) -> i32 {
    // SAFETY: slots are called with instances of their type.
    i32::from(unsafe { Type::from_ptr(ty.cast()) }.is_heap())
}

/// `tp_free` of every type made here, and `PyObject_GC_Del`.
///
/// # Safety
///
/// `object` is null or a torn-down object that was allocated for its type.
pub unsafe extern "C" fn free_object(object: *mut std::ffi::c_void) {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    if let Some(object) = NonNull::new(object.cast::<abi::PyObject>()) {
        // SAFETY: a torn-down object still has its header.
        let ty = unsafe { Type::from_ptr((*object.as_ptr()).ob_type) };
        if ty.is_gc() {
            // SAFETY: a gc object of this heap.
            unsafe { crate::gc::untrack(th.heap(), object) };
        }
        // SAFETY: the prefix belongs to the same allocation.
        unsafe { th.heap().free(object.cast::<u8>().sub(ty.prefix())) };
    }
}

/// `PyType_GenericAlloc`.
///
/// # Safety
///
/// `ty` is a live type.
pub unsafe extern "C" fn generic_alloc(
    ty: *mut abi::PyTypeObject,
    nitems: isize,
) -> *mut abi::PyObject {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: a live type.
    let ty = unsafe { Type::from_ptr(ty) };
    let extra = if ty.itemsize() != 0 { ty.itemsize() } else { 0 };
    let extra = extra + crate::shape::inline_bytes(ty);
    let Ok(object) = crate::alloc_object::alloc_raw(th, ty, nitems as usize, extra) else {
        return std::ptr::null_mut();
    };
    if ty.itemsize() != 0 {
        // SAFETY: an instance with items starts with its length.
        unsafe { (*object.cast::<abi::PyVarObject>().as_ptr()).ob_size = nitems };
    }
    crate::shape::init_instance(th, ty, object);
    if ty.is_gc() {
        // SAFETY: zeroed fields are valid for traversal.
        unsafe { crate::gc::track(th.heap(), object) };
    }
    object.as_ptr()
}

/// Make the type of a declaration work, if it does not yet.
pub fn ready(th: Thread<'_>, decl: &'static TypeDecl) -> Result<&'static Type> {
    let ty = (decl.ty)();
    if ty.flags() & abi::Py_TPFLAGS_READY != 0 {
        return Ok(ty);
    }
    set_header(decl);
    let base = (decl.base)();
    let is_object = std::ptr::eq(ty, crate::types::object_type());
    // SAFETY: a static type that nobody else uses yet.
    let mut builder = unsafe { TypeBuilder::new(th, ty) };
    (decl.declare)(&mut builder);
    let entries = std::mem::take(&mut builder.entries);
    let (direct, hides_new) = (builder.direct, builder.hides_new);
    // SAFETY: a static type that nobody else uses yet.
    let t = unsafe { &mut *ty.as_ptr() };
    let bases = if is_object {
        Tuple::from_refs(th, Vec::new())?
    } else {
        t.tp_base = base.as_ptr();
        Tuple::from_objs(th, &[base.obj()])?
    };
    t.tp_bases = bases.into_raw();
    t.tp_dict = Dict::new(th)?.into_raw();
    if let Some(doc) = decl.doc {
        t.tp_doc = doc.as_ptr();
    }
    if !is_object {
        // The MRO of a builtin type follows single inheritance.
        inherit::from_base(ty, base);
        // SAFETY: as above.
        unsafe { (*ty.as_ptr()).tp_mro = mro::compute(th, ty)?.into_raw() };
    } else {
        t.tp_mro = Tuple::from_objs(th, &[ty.obj()])?.into_raw();
    }
    fill_dict(th, ty, decl, entries, hides_new)?;
    if !is_object {
        let mro = ty.mro().map(|mro| mro.items().to_vec()).unwrap_or_default();
        for base in &mro[1..] {
            // SAFETY: the MRO holds types.
            inherit::slots(th, ty, unsafe { Type::from_obj(*base) });
        }
        base.add_subclass(ty);
    }
    let init = |ty: &Type| ty.slots().tp_init.map(|init| init as usize);
    if ty.slots().tp_vectorcall.is_none() && init(ty) == init(crate::types::object_type()) {
        // SAFETY: as above.
        unsafe { (*ty.as_ptr()).tp_vectorcall = direct };
    }
    // SAFETY: as above.
    unsafe { (*ty.as_ptr()).tp_flags |= abi::Py_TPFLAGS_READY };
    Ok(ty)
}

/// Put wrappers for the type's own slots, its methods, getters and members
/// into its dict.
fn fill_dict(
    th: Thread<'_>,
    ty: &'static Type,
    decl: &TypeDecl,
    entries: Vec<Entry>,
    hides_new: bool,
) -> Result<()> {
    let Some(dict) = ty.dict() else { return Err(th.no_memory()) };
    if ty.slots().tp_new.is_some() && has_own_new(ty) && !hides_new {
        let new = descr::new_function(th, ty)?;
        dict.set(th, id!(th, "__new__").obj(), new.obj())?;
    }
    add_slot_wrappers(th, ty, dict)?;
    for entry in entries {
        let (name, value) = match entry {
            Entry::Method(def, binding) => {
                // SAFETY: a name declared by the macros.
                let name = unsafe { CStr::from_ptr(def.ml_name) };
                let value = match binding {
                    Binding::Method | Binding::Coexist => descr::method_descriptor(th, ty, def)?,
                    Binding::Class => descr::classmethod_descriptor(th, ty, def)?,
                    Binding::Static => descr::static_function(th, ty, def)?,
                };
                (name, value)
            }
            Entry::GetSet { name, doc, get, set } => {
                (name, descr::getset_descriptor(th, ty, name, doc, get, set)?)
            }
            Entry::Member(def) => {
                // SAFETY: a name declared by the macros.
                let name = unsafe { CStr::from_ptr(def.name) };
                (name, descr::member_descriptor(th, ty, def)?)
            }
        };
        let name = Str::intern(th, name.to_str().unwrap_or_default())?;
        dict.set(th, name.obj(), value.obj())?;
    }
    if let Some(module) = module_in_dict(ty) {
        let key = id!(th, "__module__");
        if dict.get_name(th, key).is_none() {
            dict.set(th, key.obj(), Str::intern(th, module)?.obj())?;
        }
    }
    if dict.get_name(th, id!(th, "__doc__")).is_none() {
        let doc: Ref = match decl.doc {
            Some(doc) => {
                let text = doc.to_str().unwrap_or_default();
                Str::new(th, descr::doc_after_signature(text))?.upcast()
            }
            None => crate::types::none().own(),
        };
        dict.set(th, id!(th, "__doc__").obj(), doc.obj())?;
    }
    if ty.slots().tp_hash.is_none()
        && ty.slots().tp_richcompare.is_some()
        && dict.get_name(th, id!(th, "__hash__")).is_none()
    {
        // SAFETY: a static type that nobody else uses yet.
        unsafe { (*ty.as_ptr()).tp_hash = Some(super::slot_functions::hash_not_implemented) };
        dict.set(th, id!(th, "__hash__").obj(), crate::types::none())?;
    }
    Ok(())
}

/// The module that instances show too.
///
/// COMPAT: CPython's heap types have `__module__` in their dict, its static
/// types, which are few outside `builtins`, do not.
pub(super) fn module_in_dict(ty: &Type) -> Option<&str> {
    if ty.is_heap() {
        return None;
    }
    const STATIC: [&str; 4] =
        ["collections.OrderedDict", "typing.Union", "pickle.PickleBuffer", "_io.BlockingIOError"];
    const STATIC_MODULES: [&str; 5] =
        ["datetime", "weakref", "contextvars", "_contextvars", "string.templatelib"];
    let name = ty.full_name();
    let (module, _) = name.rsplit_once('.')?;
    (!STATIC.contains(&name) && !STATIC_MODULES.contains(&module)).then_some(module)
}

/// Whether `object.__new__` makes instances of a native type by its `tp_new`.
pub(super) fn hides_new(th: Thread<'_>, ty: &Type) -> bool {
    let shown = || ty.dict().is_some_and(|dict| dict.get_name(th, id!(th, "__new__")).is_some());
    ty.slots().tp_new.is_some() && has_own_new(ty) && !shown()
}

/// Whether `tp_new` is the type's own and not its base's.
pub(super) fn has_own_new(ty: &Type) -> bool {
    match ty.base() {
        Some(base) => {
            ty.slots().tp_new.map(|f| f as usize) != base.slots().tp_new.map(|f| f as usize)
        }
        None => true,
    }
}

/// The address of the slot of `row` in `ty`, null if the suite is missing.
pub fn slot_address(ty: &Type, row: &crate::slots::Row) -> *mut usize {
    let slots = ty.slots();
    let table: *mut u8 = match row.suite {
        Suite::Type => ty.as_ptr().cast(),
        Suite::Number => slots.tp_as_number.cast(),
        Suite::Sequence => slots.tp_as_sequence.cast(),
        Suite::Mapping => slots.tp_as_mapping.cast(),
        Suite::Async => slots.tp_as_async.cast(),
        Suite::Buffer => slots.tp_as_buffer.cast(),
    };
    if table.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the offset is inside the table.
    unsafe { table.add(row.offset).cast() }
}

/// The function in the slot of `row`, 0 if empty.
pub fn slot_value(ty: &Type, row: &crate::slots::Row) -> usize {
    let slot = slot_address(ty, row);
    // SAFETY: null or a slot of the type.
    if slot.is_null() { 0 } else { unsafe { *slot } }
}

pub(super) fn add_slot_wrappers(th: Thread<'_>, ty: &Type, dict: &Dict) -> Result<()> {
    for row in ROWS {
        if matches!(row.wrap, Wrap::New | Wrap::GetAttr) {
            continue;
        }
        let function = slot_value(ty, row);
        if function == 0 {
            continue;
        }
        let name = Str::intern(th, row.dunder)?;
        if dict.get_name(th, &name).is_some() {
            continue;
        }
        if row.dunder == "__hash__"
            && function == super::slot_functions::hash_not_implemented as *const () as usize
        {
            dict.set(th, name.obj(), crate::types::none())?;
            continue;
        }
        let wrapper = descr::slot_wrapper(th, ty, row, function)?;
        dict.set(th, name.obj(), wrapper.obj())?;
    }
    Ok(())
}
