//! Types that C code declares: `PyType_Ready`.
//!
//! Such a type says what it has in its slots and in tables of methods, members
//! and getters; readying makes its dict and MRO and inherits the rest. The
//! tables live for ever. A static type has no room for suites of its own.

use std::{
    ffi::{CStr, c_char},
    ptr::NonNull,
};

use abi::{PyGetSetDef, PyMemberDef, PyMethodDef, PyObject, PyTypeObject};

use crate::{
    AsObject, Dict, Obj, PyStruct, Raised, Ref, Result, Str, Thread, Tuple, Type, id, protocol,
    raise,
    types::{self, descr, object_},
};

use super::{as_type, inherit, mro, ready, slot_functions};

/// The entries of a C table up to the one whose name is null.
///
/// # Safety
///
/// `table` is null or a table that ends so and lives for ever.
unsafe fn entries<T: 'static>(table: *mut T, name: fn(&T) -> *const c_char) -> &'static [T] {
    if table.is_null() {
        return &[];
    }
    let mut count = 0;
    // SAFETY: the table does not end before the entry without a name.
    while !name(unsafe { &*table.add(count) }).is_null() {
        count += 1;
    }
    // SAFETY: as many entries were just seen.
    unsafe { std::slice::from_raw_parts(table, count) }
}

/// The methods of a table.
///
/// # Safety
///
/// As [`entries`].
pub unsafe fn methods(table: *mut PyMethodDef) -> &'static [PyMethodDef] {
    // SAFETY: the caller's promise.
    unsafe { entries(table, |def| def.ml_name) }
}

/// The members of a table.
///
/// # Safety
///
/// As [`entries`].
pub unsafe fn members(table: *mut PyMemberDef) -> &'static [PyMemberDef] {
    // SAFETY: the caller's promise.
    unsafe { entries(table, |def| def.name) }
}

/// The getters of a table.
///
/// # Safety
///
/// As [`entries`].
pub unsafe fn getters(table: *mut PyGetSetDef) -> &'static [PyGetSetDef] {
    // SAFETY: the caller's promise.
    unsafe { entries(table, |def| def.name) }
}

/// The text at `text`.
///
/// # Safety
///
/// `text` is a C string that lives for ever.
pub(super) unsafe fn text(text: *const c_char) -> &'static str {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default()
}

/// `PyType_Ready`.
///
/// # Safety
///
/// `ty` is a type whose tables live for ever; nobody else uses it yet.
pub unsafe fn ready_type(th: Thread<'_>, ty: &Type) -> Result<()> {
    let flags = ty.flags();
    if flags & abi::Py_TPFLAGS_READY != 0 {
        return Ok(());
    }
    if ty.slots().tp_name.is_null() {
        raise!(th, SystemError, "Type does not define the tp_name field.");
    }
    if flags & abi::Py_TPFLAGS_HAVE_GC != 0 && ty.slots().tp_traverse.is_none() {
        raise!(
            th,
            SystemError,
            "type {} has the Py_TPFLAGS_HAVE_GC flag but has no traverse function",
            ty.full_name()
        );
    }
    // SAFETY: nobody else uses the type yet.
    let t = unsafe { &mut *ty.as_ptr() };
    set_base(th, ty, t)?;
    if !ty.is_heap() {
        t.tp_flags |= abi::Py_TPFLAGS_IMMUTABLETYPE;
        ty.obj().make_immortal();
    }
    let Some(base) = ty.base() else { raise!(th, SystemError, "a type without a base") };
    use_legacy_attributes(t);
    let dict = match ty.dict() {
        Some(dict) => crate::own(dict),
        None => Dict::new(th)?,
    };
    t.tp_dict = dict.clone().into_raw();
    let own_new = t.tp_new.is_some();
    if !own_new && !ty.is_heap() && std::ptr::eq(base, types::object_type()) {
        t.tp_flags |= abi::Py_TPFLAGS_DISALLOW_INSTANTIATION;
    }
    let may_instantiate = t.tp_flags & abi::Py_TPFLAGS_DISALLOW_INSTANTIATION == 0;
    if own_new && may_instantiate {
        let name = id!(th, "__new__");
        if dict.get_name(th, name).is_none() {
            dict.set(th, name.obj(), descr::new_function(th, ty)?.obj())?;
        }
    }
    ready::add_slot_wrappers(th, ty, &dict)?;
    // SAFETY: the caller's promise.
    unsafe { fill_dict(th, ty, &dict)? };
    inherit::from_base(ty, base);
    if !may_instantiate {
        t.tp_new = None;
    }
    if t.tp_mro.is_null() {
        t.tp_mro = mro::compute(th, ty)?.into_raw();
    }
    complete(th, ty, &dict)
}

/// What follows once base and MRO are known: inheritance and registration.
fn complete(th: Thread<'_>, ty: &Type, dict: &Dict) -> Result<()> {
    let order = ty.mro().map(|mro| mro.items().to_vec()).unwrap_or_default();
    for base in order.iter().skip(1).filter_map(|base| as_type(*base)) {
        inherit::slots(th, ty, base);
    }
    if let Some(base) = ty.base() {
        inherit::share_suites(ty, base);
    }
    // SAFETY: nobody else uses the type yet.
    let t = unsafe { &mut *ty.as_ptr() };
    if t.tp_hash.is_none() && dict.get_name(th, id!(th, "__hash__")).is_none() {
        t.tp_hash = Some(slot_functions::hash_not_implemented);
        dict.set(th, id!(th, "__hash__").obj(), types::none())?;
    }
    t.tp_flags |= abi::Py_TPFLAGS_READY;
    for base in ty.bases().into_iter().flat_map(Tuple::items).filter_map(|base| as_type(*base)) {
        base.add_subclass(ty);
    }
    Ok(())
}

/// `tp_base`, `tp_bases` and the metatype, where C code left them out.
fn set_base(th: Thread<'_>, ty: &Type, t: &mut PyTypeObject) -> Result<()> {
    if t.tp_base.is_null() {
        t.tp_base = crate::own(object_::object_type()).into_raw().cast();
    } else if !ty.is_heap() {
        // A static type holds its base for ever.
        // SAFETY: C code set a live type.
        std::mem::forget(crate::own(unsafe { Type::from_ptr(t.tp_base) }));
    }
    // SAFETY: set just now or by C code.
    let base = unsafe { Type::from_ptr(t.tp_base) };
    if base.flags() & abi::Py_TPFLAGS_READY == 0 {
        // SAFETY: static types of C code may come in any order.
        unsafe { ready_type(th, base)? };
    }
    if t.ob_base.ob_base.ob_type.is_null() {
        t.ob_base.ob_base.ob_type = base.obj().ty().as_ptr();
    }
    if t.tp_bases.is_null() {
        t.tp_bases = Tuple::from_objs(th, &[base.obj()])?.into_raw();
    }
    Ok(())
}

/// Methods, members, getters, `__doc__`.
///
/// # Safety
///
/// As [`ready_type`].
unsafe fn fill_dict(th: Thread<'_>, ty: &Type, dict: &Dict) -> Result<()> {
    let t = ty.slots();
    // SAFETY: the caller's promise.
    for def in unsafe { methods(t.tp_methods) } {
        // SAFETY: as above.
        let name = Str::intern(th, unsafe { text(def.ml_name) })?;
        if def.ml_flags & abi::METH_COEXIST == 0 && dict.get_name(th, &name).is_some() {
            continue;
        }
        let value = if def.ml_flags & abi::METH_CLASS != 0 {
            descr::classmethod_descriptor(th, ty, def)?
        } else if def.ml_flags & abi::METH_STATIC != 0 {
            descr::static_function(th, ty, def)?
        } else {
            descr::method_descriptor(th, ty, def)?
        };
        dict.set(th, name.obj(), value.obj())?;
    }
    // SAFETY: the caller's promise.
    for def in unsafe { members(t.tp_members) } {
        // SAFETY: as above.
        let name = Str::intern(th, unsafe { text(def.name) })?;
        if dict.get_name(th, &name).is_none() {
            dict.set(th, name.obj(), descr::member_descriptor(th, ty, def)?.obj())?;
        }
    }
    // SAFETY: the caller's promise.
    for def in unsafe { getters(t.tp_getset) } {
        // SAFETY: as above.
        let name = Str::intern(th, unsafe { text(def.name) })?;
        if dict.get_name(th, &name).is_none() {
            dict.set(th, name.obj(), descr::getset_from_def(th, ty, def)?.obj())?;
        }
    }
    let key = id!(th, "__doc__");
    if dict.get_name(th, key).is_none() {
        let doc: Ref = if t.tp_doc.is_null() {
            types::none().own()
        } else {
            // SAFETY: a doc string of C code.
            Str::new(th, descr::doc_after_signature(unsafe { text(t.tp_doc) }))?.upcast()
        };
        dict.set(th, key.obj(), doc.obj())?;
    }
    Ok(())
}

/// `tp_getattr` and `tp_setattr`, which take C strings, stand behind their
/// successors.
fn use_legacy_attributes(t: &mut PyTypeObject) {
    if t.tp_getattr.is_some() && t.tp_getattro.is_none() {
        t.tp_getattro = Some(getattr_by_c_string);
    }
    if t.tp_setattr.is_some() && t.tp_setattro.is_none() {
        t.tp_setattro = Some(setattr_by_c_string);
    }
}

fn c_name(th: Thread<'_>, name: Obj<'_>) -> Result<std::ffi::CString> {
    super::create::c_name(th, object_::expect_name(th, name)?)
}

unsafe extern "C" fn getattr_by_c_string(
    object: *mut PyObject,
    name: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called on an attached thread with live objects.
    let (th, this, name) = unsafe {
        (Thread::current(), Thread::current().argument(object), Thread::current().argument(name))
    };
    let (Some(get), Ok(name)) = (this.ty().slots().tp_getattr, c_name(th, name)) else {
        return std::ptr::null_mut();
    };
    // SAFETY: the slot belongs to the object's type.
    unsafe { get(object, name.as_ptr().cast_mut()) }
}

unsafe extern "C" fn setattr_by_c_string(
    object: *mut PyObject,
    name: *mut PyObject,
    value: *mut PyObject,
) -> i32 {
    // SAFETY: called on an attached thread with live objects.
    let (th, this, name) = unsafe {
        (Thread::current(), Thread::current().argument(object), Thread::current().argument(name))
    };
    let (Some(set), Ok(name)) = (this.ty().slots().tp_setattr, c_name(th, name)) else {
        return -1;
    };
    // SAFETY: the slot belongs to the object's type.
    unsafe { set(object, name.as_ptr().cast_mut(), value) }
}

/// An instance of `ty` with room for `nitems` items, as C code initialises it:
/// `PyObject_New` and its like. Not tracked.
pub fn new_instance(th: Thread<'_>, ty: &Type, nitems: usize, extra: usize) -> Result<Ref> {
    let extra = extra + crate::shape::inline_bytes(ty);
    let object = crate::alloc_object::alloc_raw(th, ty, nitems, extra)?;
    crate::shape::init_instance(th, ty, object);
    // SAFETY: the header's count is the reference we hand over.
    Ok(unsafe { Ref::from_owned(object) })
}

/// `PyObject_CallFinalizerFromDealloc`: an error if the object lives again.
///
/// # Safety
///
/// The count of `object` is zero and nothing is torn down yet.
pub unsafe fn finalize_from_dealloc(th: Thread<'_>, object: NonNull<PyObject>) -> Result<()> {
    // SAFETY: a dead object still has its header.
    let ty = unsafe { Type::from_ptr((*object.as_ptr()).ob_type) };
    // SAFETY: the caller's promise.
    if unsafe { super::create::finalize(th, object, ty) } { Ok(()) } else { Err(Raised) }
}

/// `PyObject_CallFinalizer`.
pub fn call_finalizer(th: Thread<'_>, object: Obj<'_>) {
    let ty = object.ty();
    let Some(finalizer) = ty.slots().tp_finalize else { return };
    if ty.is_gc() && crate::gc::is_finalized(th.heap(), object.as_ptr()) {
        return;
    }
    // SAFETY: the slot belongs to the object's type.
    unsafe { finalizer(object.as_ptr()) };
    if ty.is_gc() {
        crate::gc::set_finalized(th.heap(), object.as_ptr());
    }
}

/// The items of `object` that are iterated, for tables given as any sequence.
pub(super) fn types_of(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Tuple>> {
    match object.downcast::<Tuple>() {
        Some(tuple) => Ok(crate::own(tuple)),
        None if object.downcast::<Type>().is_some() => Tuple::from_objs(th, &[object]),
        None => Tuple::from_refs(th, protocol::iter::collect(th, object)?),
    }
}

/// Whether `ty` is the type of types itself.
pub(super) fn is_type_type(ty: &Type) -> bool {
    std::ptr::eq(ty, Type::type_object())
}
