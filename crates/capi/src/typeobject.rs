//! The functions of `object.h` about types.

use std::ffi::{c_int, c_ulong, c_void};

use abi::{PyObject, PyType_Spec, PyTypeObject};
use macros::capi;
use object::{
    Dict, Module, Obj, Ref, Result, Str, Thread, Tuple, Type, id, raise,
    types::type_::{as_type, attrs, foreign, ready, spec},
};

use crate::convert::lend;

#[capi]
unsafe fn PyType_Ready(th: Thread<'_>, ty: &Type) -> Result<()> {
    // SAFETY: C passes a type whose tables live for ever.
    unsafe { foreign::ready_type(th, ty) }
}

#[capi]
unsafe fn PyType_FromSpec(th: Thread<'_>, spec: *const PyType_Spec) -> Result<Ref<Type>> {
    // SAFETY: C passes a spec.
    unsafe { spec::from_spec(th, None, None, &*spec, None) }
}

#[capi]
unsafe fn PyType_FromSpecWithBases(
    th: Thread<'_>,
    spec: *const PyType_Spec,
    bases: Option<Obj<'_>>,
) -> Result<Ref<Type>> {
    // SAFETY: C passes a spec.
    unsafe { spec::from_spec(th, None, None, &*spec, bases) }
}

#[capi]
unsafe fn PyType_FromModuleAndSpec(
    th: Thread<'_>,
    module: Option<Obj<'_>>,
    spec: *const PyType_Spec,
    bases: Option<Obj<'_>>,
) -> Result<Ref<Type>> {
    // SAFETY: C passes a spec.
    unsafe { spec::from_spec(th, None, module, &*spec, bases) }
}

#[capi]
unsafe fn PyType_FromMetaclass(
    th: Thread<'_>,
    meta: Option<&Type>,
    module: Option<Obj<'_>>,
    spec: *const PyType_Spec,
    bases: Option<Obj<'_>>,
) -> Result<Ref<Type>> {
    // SAFETY: C passes a spec.
    unsafe { spec::from_spec(th, meta, module, &*spec, bases) }
}

#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
unsafe extern "C" fn PyType_GenericAlloc(ty: *mut PyTypeObject, nitems: isize) -> *mut PyObject {
    // SAFETY: C passes a live type.
    unsafe { ready::generic_alloc(ty, nitems) }
}

#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
unsafe extern "C" fn PyType_GenericNew(
    ty: *mut PyTypeObject,
    _args: *mut PyObject,
    _kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes a live type.
    match unsafe { (*ty).tp_alloc } {
        // SAFETY: the slot of the type.
        Some(alloc) => unsafe { alloc(ty, 0) },
        None => std::ptr::null_mut(),
    }
}

#[capi]
fn PyType_GetFlags(ty: &Type) -> c_ulong {
    ty.flags()
}

#[capi]
fn PyType_IsSubtype(a: &Type, b: &Type) -> bool {
    a.is_subtype(b)
}

#[capi]
fn PyType_Modified(th: Thread<'_>, ty: &Type) {
    ty.modified(th);
}

#[capi]
fn PyType_ClearCache(th: Thread<'_>) -> u32 {
    th.interp().type_cache.clear();
    0
}

#[capi]
fn PyType_GetSlot(th: Thread<'_>, ty: &Type, slot: c_int) -> Result<*mut c_void> {
    match spec::slot(ty, slot) {
        Some(value) => Ok(value),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyType_GetName(th: Thread<'_>, ty: &Type) -> Result<Ref<Str>> {
    attrs::name(th, ty)
}

#[capi]
fn PyType_GetQualName(th: Thread<'_>, ty: &Type) -> Result<Ref<Str>> {
    attrs::qualname(th, ty)
}

#[capi]
fn PyType_GetFullyQualifiedName(th: Thread<'_>, ty: &Type) -> Result<Ref<Str>> {
    Str::new(th, &ty.shown_name(th)?)
}

#[capi]
fn PyType_GetModuleName(th: Thread<'_>, ty: &Type) -> Result {
    ty.get_attribute(th, id!(th, "__module__"))
}

#[capi]
fn PyType_GetDict(ty: &Type) -> Option<Ref<Dict>> {
    ty.dict().map(object::own)
}

/// `ht_module`.
fn module_of(ty: &Type) -> Option<Obj<'_>> {
    // SAFETY: null or an object that the type owns.
    ty.heap().and_then(|heap| unsafe { Obj::from_raw(heap.ht_module) })
}

#[capi]
fn PyType_GetModule<'a>(th: Thread<'_>, ty: &'a Type) -> Result<Obj<'a>> {
    if !ty.is_heap() {
        raise!(th, TypeError, "PyType_GetModule: Type '{}' is not a heap type", ty.full_name());
    }
    match module_of(ty) {
        Some(module) => Ok(module),
        None => raise!(
            th,
            TypeError,
            "PyType_GetModule: Type '{}' has no associated module",
            ty.full_name()
        ),
    }
}

#[capi]
fn PyType_GetModuleState(th: Thread<'_>, ty: &Type) -> Result<*mut c_void> {
    let module = PyType_GetModule(th, ty)?;
    Ok(module.downcast::<Module>().map_or(std::ptr::null_mut(), Module::state))
}

#[capi]
fn PyType_GetModuleByDef<'a>(
    th: Thread<'_>,
    ty: &'a Type,
    def: *mut abi::PyModuleDef,
) -> Result<Obj<'a>> {
    for class in ty.mro().map(Tuple::items).unwrap_or_default() {
        let module = as_type(*class).and_then(module_of);
        let is_it = module.and_then(|module| module.downcast::<Module>());
        if let (Some(module), true) = (module, is_it.is_some_and(|module| module.def() == def)) {
            return Ok(module);
        }
    }
    raise!(
        th,
        TypeError,
        "PyType_GetModuleByDef: No superclass of '{}' has the given module",
        ty.full_name()
    )
}

#[capi]
unsafe fn PyType_GetBaseByToken(
    th: Thread<'_>,
    ty: Obj<'_>,
    token: *mut c_void,
    result: *mut *mut PyObject,
) -> Result<bool> {
    if !result.is_null() {
        // SAFETY: C passes null or a variable.
        unsafe { result.write(std::ptr::null_mut()) };
    }
    if token.is_null() {
        raise!(th, SystemError, "PyType_GetBaseByToken called with token=NULL");
    }
    let Some(ty) = as_type(ty) else {
        raise!(th, TypeError, "expected a type, got a '{}' object", ty.ty().shown_name(th)?);
    };
    let Some(class) = with_token(ty, token) else { return Ok(false) };
    if !result.is_null() {
        // SAFETY: as above.
        unsafe { result.write(object::own(class).into_raw()) };
    }
    Ok(true)
}

/// The first class with that token: of the MRO, or of the bases as long as a
/// type has none.
fn with_token(ty: &Type, token: *mut c_void) -> Option<&Type> {
    let has_token = |class: &Type| class.heap().is_some_and(|heap| heap.ht_token == token);
    if let Some(mro) = ty.mro() {
        return mro.items().iter().filter_map(|class| as_type(*class)).find(|it| has_token(it));
    }
    if has_token(ty) {
        return Some(ty);
    }
    let bases = ty.bases().map(Tuple::items).unwrap_or_default();
    bases.iter().filter_map(|class| as_type(*class)).find_map(|class| with_token(class, token))
}

#[capi]
fn PyObject_GetTypeData(object: Obj<'_>, class: &Type) -> *mut c_void {
    // SAFETY: the part of the class is inside the object.
    unsafe { object.as_ptr().cast::<u8>().add(spec::data_offset(class)) }.cast()
}

#[capi]
fn PyType_GetTypeDataSize(class: &Type) -> isize {
    class.basicsize().saturating_sub(spec::data_offset(class)) as isize
}

#[capi]
fn PyObject_GetItemData(th: Thread<'_>, object: Obj<'_>) -> Result<*mut c_void> {
    let ty = object.ty();
    if ty.flags() & abi::Py_TPFLAGS_ITEMS_AT_END == 0 {
        raise!(th, TypeError, "type '{}' does not have Py_TPFLAGS_ITEMS_AT_END", ty.full_name());
    }
    // SAFETY: the items are at the end of the object.
    Ok(unsafe { object.as_ptr().cast::<u8>().add(ty.basicsize()) }.cast())
}

#[capi]
fn PyType_Freeze(th: Thread<'_>, ty: &Type) -> Result<()> {
    for class in ty.mro().map(Tuple::items).unwrap_or_default().iter().skip(1) {
        if let Some(class) = as_type(*class)
            && class.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE == 0
        {
            raise!(
                th,
                TypeError,
                "Creating immutable type {} from mutable base {}",
                ty.qualified_name(th)?,
                class.qualified_name(th)?
            );
        }
    }
    // SAFETY: a live type under the GIL.
    unsafe { (*ty.as_ptr()).tp_flags |= abi::Py_TPFLAGS_IMMUTABLETYPE };
    ty.modified(th);
    Ok(())
}

#[capi]
fn PyType_SUPPORTS_WEAKREFS(ty: &Type) -> bool {
    ty.slots().tp_weaklistoffset != 0 || ty.flags() & abi::Py_TPFLAGS_MANAGED_WEAKREF != 0
}

#[capi]
fn _PyType_Lookup(th: Thread<'_>, ty: &Type, name: Obj<'_>) -> *mut PyObject {
    let found = name.downcast::<Str>().and_then(|name| ty.lookup(th, name));
    found.map_or(std::ptr::null_mut(), |found| lend(found.own()))
}

#[capi]
fn _PyType_LookupRef(th: Thread<'_>, ty: &Type, name: Obj<'_>) -> Option<Ref> {
    name.downcast::<Str>().and_then(|name| ty.lookup(th, name)).map(Obj::own)
}

#[capi]
fn _PyType_Name(ty: &Type) -> *const std::ffi::c_char {
    let (full, name) = (ty.slots().tp_name, ty.name());
    // SAFETY: the name is the end of `tp_name`.
    unsafe { full.add(ty.full_name().len() - name.len()) }
}

#[capi]
fn PyUnstable_Type_AssignVersionTag(th: Thread<'_>, ty: &Type) -> bool {
    ty.version(th).is_some()
}

#[capi]
fn _PyObject_LookupSpecial(th: Thread<'_>, object: Obj<'_>, name: Obj<'_>) -> Result<Option<Ref>> {
    match name.downcast::<Str>() {
        Some(name) => object::protocol::generic::lookup_special(th, object, name),
        None => Ok(None),
    }
}
