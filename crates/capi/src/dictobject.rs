//! `dictobject.h` and `odictobject.h`.

use std::ffi::{CStr, c_int};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Dict, List, Obj, Protocol, Ref, Result, Thread, Tuple, error,
    protocol::compare,
    raise,
    types::{self, dict::OnDuplicate},
};

use crate::{
    abstract_::{found, present},
    convert::{IntoC, c_name, lend, text_of},
};

fn checked<'a>(th: Thread<'_>, object: Option<Obj<'a>>) -> Result<&'a Dict> {
    match object.and_then(|object| object.downcast::<Dict>()) {
        Some(dict) => Ok(dict),
        None if th.is_raised() => Err(error::Raised),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyDict_New(th: Thread<'_>) -> Result<Ref<Dict>> {
    Dict::new(th)
}

#[capi]
fn _PyDict_NewPresized(th: Thread<'_>, size: isize) -> Result<Ref<Dict>> {
    Dict::with_capacity(th, size.max(0) as usize, true)
}

#[capi]
fn PyDict_Size(th: Thread<'_>, dict: Option<Obj<'_>>) -> Result<isize> {
    checked(th, dict).map(|dict| dict.len() as isize)
}

#[capi]
fn PyDict_Clear(th: Thread<'_>, dict: Option<Obj<'_>>) {
    if let Some(dict) = dict.and_then(|dict| dict.downcast::<Dict>()) {
        dict.clear(th);
    }
}

#[capi]
fn PyDict_Copy(th: Thread<'_>, dict: Option<Obj<'_>>) -> Result<Ref<Dict>> {
    checked(th, dict)?.copy(th)
}

/// The item, borrowed; errors are dropped and an exception that is set stays.
fn silently(th: Thread<'_>, lookup: impl FnOnce() -> Result<Option<Ref>>) -> *mut PyObject {
    let before = th.swap_exception(None);
    let found = lookup();
    if found.is_err() {
        (th.hooks().unraisable)(
            th,
            Some(
                "Exception ignored in PyDict_GetItem(); consider using PyDict_GetItemRef() or PyDict_GetItemWithError()",
            ),
            None,
        );
    }
    drop(th.swap_exception(before));
    found.ok().flatten().map_or(std::ptr::null_mut(), lend)
}

#[capi]
fn PyDict_GetItem(th: Thread<'_>, dict: Option<Obj<'_>>, key: Obj<'_>) -> *mut PyObject {
    match dict.and_then(|dict| dict.downcast::<Dict>()) {
        Some(dict) => silently(th, || {
            // What cannot be hashed is told of as it is, not as a key of a dict.
            let hash = match compare::hash_plain(th, key) {
                Some(hash) => hash,
                None => key.hash(th)?,
            };
            dict.get_with_hash(th, key, hash)
        }),
        None => std::ptr::null_mut(),
    }
}

#[capi]
fn PyDict_GetItemString(th: Thread<'_>, dict: Option<Obj<'_>>, key: &CStr) -> *mut PyObject {
    match dict.and_then(|dict| dict.downcast::<Dict>()) {
        Some(dict) => silently(th, || dict.get(th, text_of(th, key)?.obj())),
        None => std::ptr::null_mut(),
    }
}

#[capi]
fn PyDict_GetItemWithError(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
) -> Result<*mut PyObject> {
    let found = checked(th, dict)?.get(th, key)?;
    Ok(found.map_or(std::ptr::null_mut(), lend))
}

#[capi]
fn _PyDict_GetItemStringWithError(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: &CStr,
) -> Result<*mut PyObject> {
    let found = checked(th, dict)?.get(th, text_of(th, key)?.obj())?;
    Ok(found.map_or(std::ptr::null_mut(), lend))
}

#[capi]
fn _PyDict_GetItem_KnownHash(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
    hash: isize,
) -> Result<*mut PyObject> {
    let found = checked(th, dict)?.get_with_hash(th, key, hash)?;
    Ok(found.map_or(std::ptr::null_mut(), lend))
}

#[capi]
unsafe fn PyDict_GetItemRef(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let value = checked(th, dict).and_then(|dict| dict.get(th, key));
    // SAFETY: C passes a variable.
    unsafe { found(result, value) }
}

#[capi]
unsafe fn PyDict_GetItemStringRef(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: &CStr,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let value = checked(th, dict).and_then(|dict| dict.get(th, text_of(th, key)?.obj()));
    // SAFETY: C passes a variable.
    unsafe { found(result, value) }
}

#[capi]
fn PyDict_SetItem(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
    value: Obj<'_>,
) -> Result<()> {
    checked(th, dict)?.set(th, key, value)
}

#[capi]
fn PyDict_SetItemString(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: &CStr,
    value: Obj<'_>,
) -> Result<()> {
    checked(th, dict)?.set(th, c_name(th, key)?.obj(), value)
}

#[capi]
fn _PyDict_SetItem_KnownHash(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
    value: Obj<'_>,
    hash: isize,
) -> Result<()> {
    checked(th, dict)?.set_with_hash(th, key, hash, value)
}

#[capi]
fn _PyDict_SetItem_KnownHash_LockHeld(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
    value: Obj<'_>,
    hash: isize,
) -> Result<()> {
    checked(th, dict)?.set_with_hash(th, key, hash, value)
}

fn remove(th: Thread<'_>, dict: Option<Obj<'_>>, key: Obj<'_>) -> Result<()> {
    if checked(th, dict)?.remove(th, key)? {
        return Ok(());
    }
    Err(types::dict::key_error(th, key))
}

#[capi]
fn PyDict_DelItem(th: Thread<'_>, dict: Option<Obj<'_>>, key: Obj<'_>) -> Result<()> {
    remove(th, dict, key)
}

#[capi]
fn PyDict_DelItemString(th: Thread<'_>, dict: Option<Obj<'_>>, key: &CStr) -> Result<()> {
    remove(th, dict, text_of(th, key)?.obj())
}

#[capi]
fn PyDict_Contains(th: Thread<'_>, dict: Option<Obj<'_>>, key: Obj<'_>) -> Result<bool> {
    checked(th, dict)?.contains(th, key)
}

#[capi]
fn PyDict_ContainsString(th: Thread<'_>, dict: Option<Obj<'_>>, key: &CStr) -> Result<bool> {
    checked(th, dict)?.contains(th, text_of(th, key)?.obj())
}

#[capi]
fn PyDict_SetDefault(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
    value: Option<Obj<'_>>,
) -> Result<*mut PyObject> {
    checked(th, dict)?.setdefault(th, key, value.unwrap_or(types::none())).map(lend)
}

#[capi]
unsafe fn PyDict_SetDefaultRef(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
    value: Obj<'_>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let write = |value: Option<Ref>| {
        if !result.is_null() {
            // SAFETY: C passes null or a variable.
            unsafe { result.write(value.into_c()) };
        }
    };
    write(None);
    let dict = checked(th, dict)?;
    let before = dict.len();
    let value = dict.setdefault(th, key, value)?;
    write(Some(value));
    Ok(dict.len() == before)
}

unsafe fn pop(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Option<Obj<'_>>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    // No key is in an empty dict, not even one that cannot be hashed.
    let value = checked(th, dict)
        .and_then(|dict| if dict.is_empty() { Ok(None) } else { dict.pop(th, present(th, key)?) });
    if !result.is_null() {
        // SAFETY: C passes null or a variable.
        return unsafe { found(result, value) };
    }
    value.map(|value| value.is_some())
}

#[capi]
unsafe fn PyDict_Pop(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Option<Obj<'_>>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    // SAFETY: C passes null or a variable.
    unsafe { pop(th, dict, key, result) }
}

#[capi]
unsafe fn PyDict_PopString(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: &CStr,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let key = match text_of(th, key) {
        Ok(key) => key,
        // SAFETY: C passes null or a variable.
        Err(raised) if !result.is_null() => return unsafe { found(result, Err(raised)) },
        Err(raised) => return Err(raised),
    };
    // SAFETY: C passes null or a variable.
    unsafe { pop(th, dict, Some(key.obj()), result) }
}

#[capi]
fn _PyDict_Pop(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    key: Obj<'_>,
    default: Option<Obj<'_>>,
) -> Result {
    match (checked(th, dict)?.pop(th, key)?, default) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.own()),
        (None, None) => Err(types::dict::key_error(th, key)),
    }
}

#[capi]
unsafe fn PyDict_Next(
    dict: Option<Obj<'_>>,
    position: *mut isize,
    key: *mut *mut PyObject,
    value: *mut *mut PyObject,
) -> bool {
    let Some(dict) = dict.and_then(|dict| dict.downcast::<Dict>()) else { return false };
    // SAFETY: C passes a variable.
    let mut at = unsafe { *position }.max(0) as usize;
    let Some((found_key, found_value)) = dict.next_entry(&mut at) else { return false };
    // SAFETY: C passes variables or null.
    unsafe {
        position.write(at as isize);
        if !key.is_null() {
            key.write(lend(found_key));
        }
        if !value.is_null() {
            value.write(lend(found_value));
        }
    }
    true
}

#[capi]
fn PyDict_Keys(th: Thread<'_>, dict: Option<Obj<'_>>) -> Result<Ref<List>> {
    List::from_refs(th, checked(th, dict)?.keys())
}

#[capi]
fn PyDict_Values(th: Thread<'_>, dict: Option<Obj<'_>>) -> Result<Ref<List>> {
    List::from_refs(th, checked(th, dict)?.values())
}

#[capi]
fn PyDict_Items(th: Thread<'_>, dict: Option<Obj<'_>>) -> Result<Ref<List>> {
    let pairs = checked(th, dict)?.items().into_iter();
    let items: Result<Vec<Ref>> =
        pairs.map(|(key, value)| Tuple::from_array(th, [key, value]).map(Ref::upcast)).collect();
    List::from_refs(th, items?)
}

fn mode(overwrite: c_int) -> OnDuplicate {
    match overwrite {
        0 => OnDuplicate::Keep,
        1 => OnDuplicate::Override,
        _ => OnDuplicate::Raise,
    }
}

#[capi]
fn PyDict_Merge(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    other: Option<Obj<'_>>,
    overwrite: c_int,
) -> Result<()> {
    match other {
        Some(other) => checked(th, dict)?.merge(th, other, mode(overwrite)),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyDict_Update(th: Thread<'_>, dict: Option<Obj<'_>>, other: Option<Obj<'_>>) -> Result<()> {
    PyDict_Merge(th, dict, other, 1)
}

#[capi]
fn PyDict_MergeFromSeq2(
    th: Thread<'_>,
    dict: Option<Obj<'_>>,
    pairs: Obj<'_>,
    overwrite: c_int,
) -> Result<()> {
    checked(th, dict)?.merge_pairs(th, pairs, mode(c_int::from(overwrite != 0)))
}

#[capi]
fn PyODict_New(th: Thread<'_>) -> Result {
    crate::modsupport::function(th, "collections", "OrderedDict", &[])
}

#[capi]
fn PyODict_SetItem(th: Thread<'_>, dict: Obj<'_>, key: Obj<'_>, value: Obj<'_>) -> Result<()> {
    object::protocol::mapping::set_item(th, dict, key, Some(value))
}

#[capi]
fn PyODict_DelItem(th: Thread<'_>, dict: Obj<'_>, key: Obj<'_>) -> Result<()> {
    object::protocol::mapping::set_item(th, dict, key, None)
}

#[capi]
fn PyDictProxy_New(th: Thread<'_>, mapping: Obj<'_>) -> Result {
    // Lists and tuples can be indexed as well.
    let sequence = mapping.downcast::<List>().is_some() || mapping.downcast::<Tuple>().is_some();
    if sequence || mapping.ty().mapping().is_none_or(|slots| slots.mp_subscript.is_none()) {
        raise!(
            th,
            TypeError,
            "mappingproxy() argument must be a mapping, not {}",
            mapping.type_name()
        );
    }
    types::mappingproxy::new(th, mapping)
}
