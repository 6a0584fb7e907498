//! `bytesobject.h` and `bytearrayobject.h`.

use std::ffi::{CStr, c_char, c_int};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Bytes, Int, Link, List, Obj, Raised, Ref, Result, Str, Thread, Tuple, error,
    protocol::{buffer::BytesLike, iter},
    raise,
    types::{ByteArray, bytes},
};

use crate::{
    convert::{IntoC, text_of},
    unicodewriter::sized,
    variadic::VaList,
};

/// `bytes(object)` without `__bytes__`.
pub(crate) fn from_object(th: Thread<'_>, object: Obj<'_>) -> Result {
    if object.is_exact::<Bytes>() {
        return Ok(object.own());
    }
    if let Some(data) = BytesLike::try_get(th, object)? {
        return Bytes::new(th, &data).map(Ref::upcast);
    }
    let is_sequence = object.is_exact::<List>() || object.is_exact::<Tuple>();
    if object.downcast::<Str>().is_some() || (!is_sequence && object.ty().slots().tp_iter.is_none())
    {
        raise!(th, TypeError, "cannot convert '{}' object to bytes", object.type_name());
    }
    let mut data = Vec::new();
    for item in iter::collect(th, object)? {
        match u8::try_from(Int::index_to_isize(th, item.obj())?) {
            Ok(byte) => data.push(byte),
            Err(_) => raise!(th, ValueError, "bytes must be in range(0, 256)"),
        }
    }
    Bytes::new(th, &data).map(Ref::upcast)
}

#[capi]
fn PyBytes_FromObject(th: Thread<'_>, object: Option<Obj<'_>>) -> Result {
    match object {
        Some(object) => from_object(th, object),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
unsafe fn PyBytes_FromStringAndSize(
    th: Thread<'_>,
    data: *const c_char,
    size: isize,
) -> Result<Ref<Bytes>> {
    let Ok(length) = usize::try_from(size) else {
        raise!(th, SystemError, "Negative size passed to PyBytes_FromStringAndSize");
    };
    if data.is_null() {
        return bytes::new_unfilled(th, length);
    }
    // SAFETY: C passes that many bytes.
    Bytes::new(th, unsafe { sized(data, size) })
}

#[capi]
fn PyBytes_FromString(th: Thread<'_>, text: &CStr) -> Result<Ref<Bytes>> {
    Bytes::new(th, text.to_bytes())
}

fn checked<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a Bytes> {
    match object.downcast::<Bytes>() {
        Some(bytes) => Ok(bytes),
        None => raise!(th, TypeError, "expected bytes, {} found", object.type_name()),
    }
}

#[capi]
fn PyBytes_Size(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
    checked(th, object).map(|bytes| bytes.len() as isize)
}

#[capi]
fn PyBytes_AsString(th: Thread<'_>, object: Obj<'_>) -> Result<*mut c_char> {
    checked(th, object).map(|bytes| bytes.data_ptr().as_ptr().cast())
}

#[capi]
unsafe fn PyBytes_AsStringAndSize(
    th: Thread<'_>,
    object: Obj<'_>,
    data: *mut *mut c_char,
    size: *mut isize,
) -> Result<()> {
    if data.is_null() {
        raise!(th, SystemError, "bad argument to internal function");
    }
    let bytes = checked(th, object)?;
    if size.is_null() {
        if bytes.as_bytes().contains(&0) {
            raise!(th, ValueError, "embedded null byte");
        }
    } else {
        // SAFETY: C passes a variable.
        unsafe { size.write(bytes.len() as isize) };
    }
    // SAFETY: as above.
    unsafe { data.write(bytes.data_ptr().as_ptr().cast()) };
    Ok(())
}

#[capi]
fn PyBytes_Repr(th: Thread<'_>, object: Obj<'_>, smart_quotes: c_int) -> Result<Ref<Str>> {
    let shown = Bytes::repr_of(th, checked(th, object)?.as_bytes())?;
    if smart_quotes == 0
        && let text = shown.to_string()
        && let Some(inside) = text.strip_prefix("b\"").and_then(|text| text.strip_suffix('"'))
    {
        // Single quotes whatever is inside; double ones were chosen because there is none.
        return Str::new(th, &format!("b'{}'", inside.replace('\'', "\\'")));
    }
    Ok(shown)
}

/// Decode the escapes of a bytes literal.
#[capi]
unsafe fn PyBytes_DecodeEscape(
    th: Thread<'_>,
    data: *const c_char,
    size: isize,
    errors: Option<&CStr>,
    _unicode: isize,
    _recode_encoding: *const c_char,
) -> Result {
    if size >= isize::MAX - size_of::<abi::PyBytesObject>() as isize {
        raise!(th, OverflowError, "byte string is too large");
    }
    // SAFETY: C passes that many bytes, or null and none.
    let bytes = Bytes::new(th, if size <= 0 { b"" } else { unsafe { sized(data, size) } })?;
    let errors = text_of(th, errors.unwrap_or(c"strict"))?;
    let args = [bytes.obj(), errors.obj()];
    let pair = crate::modsupport::function(th, "_codecs", "escape_decode", &args)?;
    match pair.obj().downcast::<Tuple>().and_then(|pair| pair.get(0)) {
        Some(decoded) => Ok(decoded.own()),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

/// What of two objects is not a plain buffer cannot be joined.
fn no_buffers(th: Thread<'_>, raised: Raised, left: Obj<'_>, right: Obj<'_>) -> Raised {
    th.clear_exception(raised);
    error!(th, TypeError, "can't concat {} to {}", right.type_name(), left.type_name())
}

/// Append to the object in a variable, which becomes null on failure.
unsafe fn concat(th: Thread<'_>, variable: *mut *mut PyObject, right: Option<Obj<'_>>) {
    // SAFETY: C passes a variable that owns an object or is null.
    let link = unsafe { &*variable.cast::<Link>() };
    let (Some(left), Some(right)) = (link.take(), right) else { return };
    let parts = BytesLike::get(th, left.obj()).and_then(|a| Ok((a, BytesLike::get(th, right)?)));
    let joined = match parts {
        Ok((a, b)) => Bytes::build(th, a.len() + b.len(), |to| {
            let (first, second) = to.split_at_mut(a.len());
            first.copy_from_slice(&a);
            second.copy_from_slice(&b);
        }),
        Err(raised) => Err(no_buffers(th, raised, left.obj(), right)),
    };
    link.set(joined.ok().map(Ref::upcast));
}

#[capi]
unsafe fn PyBytes_Concat(th: Thread<'_>, variable: *mut *mut PyObject, right: Option<Obj<'_>>) {
    // SAFETY: C passes a variable.
    unsafe { concat(th, variable, right) }
}

#[capi]
unsafe fn PyBytes_ConcatAndDel(th: Thread<'_>, variable: *mut *mut PyObject, right: Option<Ref>) {
    // SAFETY: C passes a variable.
    unsafe { concat(th, variable, right.as_ref().map(|right| right.obj())) }
}

#[capi]
fn PyBytes_Join(th: Thread<'_>, separator: Obj<'_>, items: Obj<'_>) -> Result {
    checked(th, separator)?;
    crate::modsupport::method(th, separator, "join", &[items])
}

/// Change the size of a fresh object: a copy takes its place.
#[capi]
unsafe fn _PyBytes_Resize(th: Thread<'_>, variable: *mut *mut PyObject, size: isize) -> Result<()> {
    // SAFETY: C passes a variable that owns a bytes object.
    let link = unsafe { &*variable.cast::<Link>() };
    let Some(old) = link.take() else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    let (Some(bytes), Ok(size)) = (old.obj().downcast::<Bytes>(), usize::try_from(size)) else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    if bytes.len() == size {
        link.set(Some(old));
        return Ok(());
    }
    let new = bytes::new_unfilled(th, size)?;
    let count = size.min(bytes.len());
    // SAFETY: fresh memory of at least that size.
    unsafe { new.data_ptr().as_ptr().copy_from_nonoverlapping(bytes.as_bytes().as_ptr(), count) };
    link.set(Some(new.upcast()));
    Ok(())
}

/// `PyBytes_FromFormatV`: `printf` for bytes.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
pub(crate) unsafe extern "C" fn PyBytes_FromFormatV(
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: C calls the API on attached threads, with arguments that fit the format.
    let th = unsafe { Thread::current() };
    // SAFETY: as above.
    let bytes = unsafe { crate::unicode_format::expand_bytes(th, format, &mut *va) };
    bytes.and_then(|bytes| Bytes::new(th, &bytes)).into_c()
}

#[capi]
unsafe fn PyByteArray_FromStringAndSize(
    th: Thread<'_>,
    data: *const c_char,
    size: isize,
) -> Result<Ref<ByteArray>> {
    let Ok(length) = usize::try_from(size) else {
        raise!(th, SystemError, "Negative size passed to PyByteArray_FromStringAndSize");
    };
    if data.is_null() {
        let array = ByteArray::new(th, b"")?;
        array.resize(th, length)?;
        return Ok(array);
    }
    // SAFETY: C passes that many bytes.
    ByteArray::new(th, unsafe { sized(data, size) })
}

#[capi]
fn PyByteArray_FromObject(th: Thread<'_>, object: Obj<'_>) -> Result {
    use object::{Protocol, PyStruct};
    ByteArray::type_object().obj().call(th, &[object])
}

#[capi]
fn PyByteArray_Concat(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref<ByteArray>> {
    match BytesLike::get(th, a).and_then(|left| Ok((left, BytesLike::get(th, b)?))) {
        Ok((left, right)) => ByteArray::new(th, &[&*left, &*right].concat()),
        Err(raised) => Err(no_buffers(th, raised, a, b)),
    }
}

#[capi]
fn PyByteArray_Size(object: Obj<'_>) -> isize {
    object.downcast::<ByteArray>().map_or(-1, |array| array.len() as isize)
}

#[capi]
fn PyByteArray_AsString(object: Obj<'_>) -> *mut c_char {
    object.downcast::<ByteArray>().map_or(std::ptr::null_mut(), |array| match array.as_bytes() {
        // There need not be a block.
        [] => c"".as_ptr().cast_mut(),
        bytes => bytes.as_ptr().cast_mut().cast(),
    })
}

#[capi]
fn PyByteArray_Resize(th: Thread<'_>, object: Obj<'_>, size: isize) -> Result<()> {
    match (object.downcast::<ByteArray>(), usize::try_from(size)) {
        (Some(array), Ok(size)) => array.resize(th, size),
        (_, Err(_)) => raise!(th, ValueError, "Can only resize to positive sizes, got {size}"),
        _ => raise!(th, SystemError, "bad argument to internal function"),
    }
}
