//! `object.h`: attributes, comparison, text; types are in `typeobject`.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::NonNull;

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Bytes, Dict, Int, Obj, Protocol, Ref, Result, Str, Thread, Type, error, id,
    protocol::{self, CompareOp, compare, generic},
    raise, shape,
    types::{self, object_, weakref},
};

use crate::{
    abstract_::{found, optional_attribute, present, quietly},
    convert::c_name,
};

fn name_of<'a>(th: Thread<'_>, name: Obj<'a>) -> Result<&'a Str> {
    object_::expect_name(th, name)
}

#[capi]
fn PyObject_GetAttr(th: Thread<'_>, object: Option<Obj<'_>>, name: Obj<'_>) -> Result {
    present(th, object)?.getattr(th, name_of(th, name)?)
}

#[capi]
fn PyObject_GetAttrString(th: Thread<'_>, object: Option<Obj<'_>>, name: &CStr) -> Result {
    present(th, object)?.getattr(th, &*c_name(th, name)?)
}

#[capi]
unsafe fn PyObject_GetOptionalAttr(
    th: Thread<'_>,
    object: Obj<'_>,
    name: Obj<'_>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let value = name_of(th, name).and_then(|name| optional_attribute(th, object, name));
    // SAFETY: C passes a variable.
    unsafe { found(result, value) }
}

#[capi]
unsafe fn PyObject_GetOptionalAttrString(
    th: Thread<'_>,
    object: Obj<'_>,
    name: &CStr,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let value = c_name(th, name).and_then(|name| optional_attribute(th, object, &name));
    // SAFETY: C passes a variable.
    unsafe { found(result, value) }
}

#[capi]
fn PyObject_SetAttr(
    th: Thread<'_>,
    object: Obj<'_>,
    name: Obj<'_>,
    value: Option<Obj<'_>>,
) -> Result<()> {
    object.setattr(th, &object_::interned(th, name_of(th, name)?), value)
}

#[capi]
fn PyObject_SetAttrString(
    th: Thread<'_>,
    object: Obj<'_>,
    name: &CStr,
    value: Option<Obj<'_>>,
) -> Result<()> {
    object.setattr(th, &*c_name(th, name)?, value)
}

#[capi]
fn PyObject_DelAttr(th: Thread<'_>, object: Obj<'_>, name: Obj<'_>) -> Result<()> {
    object.setattr(th, &object_::interned(th, name_of(th, name)?), None)
}

#[capi]
fn PyObject_DelAttrString(th: Thread<'_>, object: Obj<'_>, name: &CStr) -> Result<()> {
    object.setattr(th, &*c_name(th, name)?, None)
}

#[capi]
fn PyObject_HasAttrWithError(th: Thread<'_>, object: Obj<'_>, name: Obj<'_>) -> Result<bool> {
    optional_attribute(th, object, name_of(th, name)?).map(|value| value.is_some())
}

#[capi]
fn PyObject_HasAttrStringWithError(th: Thread<'_>, object: Obj<'_>, name: &CStr) -> Result<bool> {
    optional_attribute(th, object, &*c_name(th, name)?).map(|value| value.is_some())
}

#[capi]
fn PyObject_HasAttr(th: Thread<'_>, object: Obj<'_>, name: Obj<'_>) -> bool {
    let answer = PyObject_HasAttrWithError(th, object, name);
    quietly(
        th,
        answer,
        "Exception ignored in PyObject_HasAttr(); consider using PyObject_HasAttrWithError(), PyObject_GetOptionalAttr() or PyObject_GetAttr()",
    )
}

#[capi]
fn PyObject_HasAttrString(th: Thread<'_>, object: Obj<'_>, name: &CStr) -> bool {
    let answer = PyObject_HasAttrStringWithError(th, object, name);
    quietly(
        th,
        answer,
        "Exception ignored in PyObject_HasAttrString(); consider using PyObject_HasAttrStringWithError(), PyObject_GetOptionalAttrString() or PyObject_GetAttrString()",
    )
}

#[capi]
fn PyObject_GenericGetAttr(th: Thread<'_>, object: Obj<'_>, name: Obj<'_>) -> Result {
    generic::generic_getattr(th, object, name)
}

#[capi]
fn PyObject_GenericSetAttr(
    th: Thread<'_>,
    object: Obj<'_>,
    name: Obj<'_>,
    value: Option<Obj<'_>>,
) -> Result<()> {
    generic::generic_setattr(th, object, name, value)
}

/// As `PyObject_GenericGetAttr`, with a dict to look into instead of the object's.
#[capi]
fn _PyObject_GenericGetAttrWithDict(
    th: Thread<'_>,
    object: Obj<'_>,
    name: Obj<'_>,
    dict: Option<Obj<'_>>,
    suppress: c_int,
) -> Result<Option<Ref>> {
    if let Some(dict) = dict.and_then(|dict| dict.downcast::<Dict>())
        && let Some(value) = dict.get(th, name)?
    {
        return Ok(Some(value));
    }
    if suppress != 0 {
        return object_::generic_getattr_opt(th, object, name_of(th, name)?);
    }
    generic::generic_getattr(th, object, name).map(Some)
}

#[capi]
unsafe fn PyObject_GenericGetDict(
    th: Thread<'_>,
    object: Obj<'_>,
    _closure: *mut c_void,
) -> Result<Ref<Dict>> {
    match object_::instance_dict(th, object)? {
        Some(dict) => Ok(dict),
        None => raise!(th, AttributeError, "This object has no __dict__"),
    }
}

#[capi]
unsafe fn PyObject_GenericSetDict(
    th: Thread<'_>,
    object: Obj<'_>,
    value: Option<Obj<'_>>,
    _closure: *mut c_void,
) -> Result<()> {
    if value.is_none() {
        raise!(th, TypeError, "cannot delete __dict__");
    }
    object_::set_instance_dict(th, object, value)
}

#[capi]
fn _PyObject_GetDictPtr(object: Obj<'_>) -> *mut *mut PyObject {
    object_::dict_pointer(object)
}

#[capi]
fn _PyObject_FunctionStr(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Str>> {
    let Some(qualname) = optional_attribute(th, object, id!(th, "__qualname__"))? else {
        return object.str(th);
    };
    let module = optional_attribute(th, object, id!(th, "__module__"))?;
    match module.filter(|module| !module.obj().is_none()) {
        Some(module) if !types::str_eq(module.obj(), "builtins") => {
            Str::from_fmt(th, format_args!("{}.{}()", module.str(th)?, qualname.str(th)?))
        }
        _ => Str::from_fmt(th, format_args!("{}()", qualname.str(th)?)),
    }
}

#[capi]
fn PyObject_Repr(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<Str>> {
    match object {
        Some(object) => object.repr(th),
        None => Str::new(th, "<NULL>"),
    }
}

#[capi]
fn PyObject_Str(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<Str>> {
    match object {
        Some(object) => object.str(th),
        None => Str::new(th, "<NULL>"),
    }
}

#[capi]
fn PyObject_ASCII(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<Str>> {
    match object {
        Some(object) => protocol::text::ascii(th, object),
        None => Str::new(th, "<NULL>"),
    }
}

#[capi]
fn PyObject_Bytes(th: Thread<'_>, object: Option<Obj<'_>>) -> Result {
    let Some(object) = object else { return Bytes::new(th, b"<NULL>").map(Ref::upcast) };
    if object.is_exact::<Bytes>() {
        return Ok(object.own());
    }
    if let Some(function) = generic::lookup_special(th, object, id!(th, "__bytes__"))? {
        let value = function.call(th, &[])?;
        if value.obj().downcast::<Bytes>().is_none() {
            raise!(
                th,
                TypeError,
                "__bytes__ returned non-bytes (type {})",
                value.obj().type_name()
            );
        }
        return Ok(value);
    }
    crate::bytesobject::from_object(th, object)
}

#[capi]
fn PyObject_Hash(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
    object.hash(th)
}

#[capi]
fn PyObject_HashNotImplemented(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
    raise!(th, TypeError, "unhashable type: '{}'", object.type_name())
}

#[capi]
fn PyObject_GenericHash(object: Obj<'_>) -> isize {
    object_::identity_hash(object)
}

#[capi]
fn PyObject_IsTrue(th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
    object.is_true(th)
}

#[capi]
fn PyObject_Not(th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
    object.is_true(th).map(|value| !value)
}

fn operator(th: Thread<'_>, op: c_int) -> Result<CompareOp> {
    const ALL: [CompareOp; 6] =
        [CompareOp::Lt, CompareOp::Le, CompareOp::Eq, CompareOp::Ne, CompareOp::Gt, CompareOp::Ge];
    match usize::try_from(op).ok().and_then(|op| ALL.get(op)) {
        Some(op) => Ok(*op),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyObject_RichCompare(
    th: Thread<'_>,
    a: Option<Obj<'_>>,
    b: Option<Obj<'_>>,
    op: c_int,
) -> Result {
    let (Some(a), Some(b)) = (a, b) else {
        if th.is_raised() {
            return Err(error::Raised);
        }
        raise!(th, SystemError, "bad argument to internal function");
    };
    compare::rich_compare(th, a, b, operator(th, op)?)
}

#[capi]
fn PyObject_RichCompareBool(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, op: c_int) -> Result<bool> {
    compare::rich_compare_bool(th, a, b, operator(th, op)?)
}

#[capi]
fn PyObject_SelfIter(object: Obj<'_>) -> Ref {
    object.own()
}

#[capi]
fn PyCallable_Check(object: Option<Obj<'_>>) -> bool {
    object.is_some_and(protocol::call::is_callable)
}

#[capi]
unsafe fn PyObject_ClearWeakRefs(th: Thread<'_>, object: *mut PyObject) {
    if let Some(object) = NonNull::new(object) {
        // SAFETY: a dead object still has its header.
        let ty = unsafe { Type::from_ptr((*object.as_ptr()).ob_type) };
        weakref::clear_weakrefs(th, object, ty);
    }
}

#[capi]
unsafe fn PyUnstable_Object_ClearWeakRefsNoCallbacks(object: *mut PyObject) {
    if !object.is_null() {
        weakref::gc_clear(&[object]);
    }
}

#[capi]
unsafe fn PyObject_CallFinalizer(th: Thread<'_>, object: Obj<'_>) {
    types::type_::foreign::call_finalizer(th, object);
}

#[capi]
unsafe fn PyObject_CallFinalizerFromDealloc(th: Thread<'_>, object: *mut PyObject) -> Result<()> {
    match NonNull::new(object) {
        // SAFETY: C calls it from a `tp_dealloc`.
        Some(object) => unsafe { types::type_::foreign::finalize_from_dealloc(th, object) },
        None => Ok(()),
    }
}

#[capi]
unsafe fn PyObject_VisitManagedDict(
    object: Obj<'_>,
    visit: Option<abi::visitproc>,
    arg: *mut c_void,
) -> c_int {
    let Some(visit) = visit else { return 0 };
    if object.ty().flags() & abi::Py_TPFLAGS_MANAGED_DICT == 0 {
        return 0;
    }
    let mut stopped = 0;
    shape::traverse(object, &mut |found| {
        if stopped == 0 {
            // SAFETY: the collector's own function and argument.
            stopped = unsafe { visit(found.as_ptr(), arg) };
        }
    });
    stopped
}

#[capi]
fn PyObject_ClearManagedDict(object: Obj<'_>) {
    if object.ty().flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        shape::clear(object);
    }
}

/// The constants of `Py_GetConstant`, by number.
fn constant(th: Thread<'_>, id: u32) -> Result<Ref> {
    Ok(match id {
        0 => types::none().own(),
        1 => types::bool_(false).own(),
        2 => types::bool_(true).own(),
        3 => types::ellipsis().own(),
        4 => types::not_implemented().own(),
        5 => Int::from_i64(th, 0)?,
        6 => Int::from_i64(th, 1)?,
        7 => Str::empty(th).upcast(),
        8 => Bytes::new(th, b"")?.upcast(),
        9 => types::empty_tuple().upcast(),
        _ => raise!(th, SystemError, "bad argument to internal function"),
    })
}

#[capi]
fn Py_GetConstant(th: Thread<'_>, id: u32) -> Result {
    constant(th, id)
}

/// All of them are immortal.
#[capi]
fn Py_GetConstantBorrowed(th: Thread<'_>, id: u32) -> Result {
    constant(th, id)
}

#[capi]
fn Py_Is(a: Obj<'_>, b: Obj<'_>) -> bool {
    a.is(b)
}

#[capi]
fn Py_IsNone(object: Obj<'_>) -> bool {
    object.is_none()
}

#[capi]
fn Py_IsTrue(object: Obj<'_>) -> bool {
    object.is(types::bool_(true))
}

#[capi]
fn Py_IsFalse(object: Obj<'_>) -> bool {
    object.is(types::bool_(false))
}

#[capi]
fn PyBool_FromLong(value: i64) -> Ref {
    types::bool_(value != 0).own()
}

#[capi]
fn Py_TYPE(object: Obj<'static>) -> Option<&'static Type> {
    Some(object.ty())
}

#[capi]
fn Py_ReprEnter(th: Thread<'_>, object: Obj<'_>) -> bool {
    types::repr_guard::enter(th, object).map(std::mem::forget).is_none()
}

#[capi]
fn Py_ReprLeave(th: Thread<'_>, object: Obj<'_>) {
    types::repr_guard::leave(th, object);
}

#[capi]
fn PyUnstable_IsImmortal(object: Obj<'_>) -> bool {
    object.refcount() >= object::reference::IMMORTAL as usize
}

/// There is nothing to enable: the GIL protects counts.
#[capi]
fn PyUnstable_Object_EnableDeferredRefcount(_object: Obj<'_>) -> c_int {
    0
}

#[capi]
fn PyUnstable_Object_IsUniquelyReferenced(object: Obj<'_>) -> bool {
    object.is_unique()
}

#[capi]
fn PyUnstable_EnableTryIncRef(_object: Obj<'_>) {}

#[capi]
fn PyUnstable_TryIncRef(object: Obj<'_>) -> bool {
    if object.refcount() == 0 {
        return false;
    }
    std::mem::forget(object.own());
    true
}
