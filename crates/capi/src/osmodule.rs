//! `osmodule.h` and other small headers: paths, numbers as text, hashes.

use std::ffi::{CStr, c_char, c_int, c_void};

use macros::capi;
use object::{
    AsObject, Obj, Protocol, Result, Str, Thread, Type, id, protocol::path::fspath, raise, types,
};

use crate::{convert::text_of, variadic::VaList};

#[capi]
fn PyOS_FSPath(th: Thread<'_>, path: Obj<'_>) -> Result {
    fspath(th, path)
}

/// A float in the style of `repr`, `str` and `format`, in `PyMem_` memory.
#[capi]
unsafe fn PyOS_double_to_string(
    th: Thread<'_>,
    value: f64,
    format: c_char,
    precision: c_int,
    flags: c_int,
    kind: *mut c_int,
) -> Result<*mut c_char> {
    const SIGN: c_int = 1;
    const ADD_DOT_0: c_int = 2;
    const ALTERNATE: c_int = 4;
    let format = format as u8;
    if !matches!(format, b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'r')
        || (format == b'r' && precision != 0)
    {
        raise!(th, SystemError, "bad argument to internal function");
    }
    let mut text = if format == b'r' {
        let text = num::float_text::repr(value);
        if flags & ADD_DOT_0 == 0 {
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        } else {
            text
        }
    } else {
        let alternate = if flags & ALTERNATE != 0 { "#" } else { "" };
        let spec = Str::new(th, &format!("{alternate}.{precision}{}", char::from(format)))?;
        let number = object::Float::new(th, value)?;
        number.call_method(th, id!(th, "__format__"), &[spec.obj()])?.str(th)?.to_string()
    };
    if flags & ADD_DOT_0 != 0
        && value.is_finite()
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        text.push_str(".0");
    }
    if flags & SIGN != 0 && !text.starts_with('-') {
        text.insert(0, '+');
    }
    if !kind.is_null() {
        let found = if value.is_nan() {
            2
        } else if value.is_infinite() {
            1
        } else {
            0
        };
        // SAFETY: C passes a variable.
        unsafe { kind.write(found) };
    }
    let Some(block) = th.heap().alloc(text.len() + 1) else { return Err(th.no_memory()) };
    // SAFETY: the block has room for the text and its end.
    unsafe {
        block.as_ptr().copy_from_nonoverlapping(text.as_ptr(), text.len());
        block.add(text.len()).write(0);
    }
    Ok(block.as_ptr().cast())
}

#[capi]
unsafe fn PyOS_string_to_double(
    th: Thread<'_>,
    text: *const c_char,
    end: *mut *mut c_char,
    overflow: Option<Obj<'_>>,
) -> Result<f64> {
    // SAFETY: C passes a C string.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    let parse = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        let plain = !text.contains(['_', ' ']) && !text.is_empty();
        if plain { text.parse::<f64>().ok() } else { None }
    };
    let found = (1..=bytes.len()).rev().find_map(|stop| Some((stop, parse(bytes.get(..stop)?)?)));
    let Some((stop, value)) = found else {
        raise!(
            th,
            ValueError,
            "could not convert string to float: '{}'",
            String::from_utf8_lossy(bytes)
        );
    };
    if end.is_null() {
        if stop != bytes.len() {
            raise!(
                th,
                ValueError,
                "could not convert string to float: '{}'",
                String::from_utf8_lossy(bytes)
            );
        }
    } else {
        // SAFETY: inside the text; C passes a variable.
        unsafe { end.write(text.add(stop).cast_mut()) };
    }
    let digits = bytes.get(..stop).is_some_and(|part| part.iter().any(u8::is_ascii_digit));
    if value.is_infinite()
        && digits
        && let Some(class) = overflow.and_then(|class| class.downcast::<Type>())
    {
        let text = String::from_utf8_lossy(bytes);
        return Err(th.raise(class, format_args!("value too large to convert to float: '{text}'")));
    }
    Ok(value)
}

/// How the first characters that differ do, without their case; texts end with 0.
fn compare_without_case(a: &CStr, b: &CStr, size: usize) -> c_int {
    let bytes = |text: &CStr| {
        let text = text.to_bytes_with_nul().iter();
        text.take(size).map(u8::to_ascii_lowercase).collect::<Vec<u8>>()
    };
    let pairs = bytes(a).into_iter().zip(bytes(b));
    let mut differences = pairs.map(|(a, b)| c_int::from(a) - c_int::from(b));
    differences.find(|difference| *difference != 0).unwrap_or(0)
}

#[capi]
unsafe fn PyOS_mystricmp(a: &CStr, b: &CStr) -> c_int {
    compare_without_case(a, b, usize::MAX)
}

#[capi]
unsafe fn PyOS_mystrnicmp(a: &CStr, b: &CStr, size: isize) -> c_int {
    compare_without_case(a, b, usize::try_from(size).unwrap_or(0))
}

#[capi]
unsafe fn PyOS_strtol(text: *const c_char, end: *mut *mut c_char, base: c_int) -> i64 {
    // SAFETY: C passes a C string and a variable or null.
    unsafe { libc::strtol(text, end, base) }
}

#[capi]
unsafe fn PyOS_strtoul(text: *const c_char, end: *mut *mut c_char, base: c_int) -> u64 {
    // SAFETY: C passes a C string and a variable or null.
    unsafe { libc::strtoul(text, end, base) }
}

#[capi]
fn Py_HashPointer(pointer: *const c_void) -> isize {
    match pointer.addr().rotate_right(4) as isize {
        -1 => -2,
        hash => hash,
    }
}

#[capi]
fn _Py_HashPointer(pointer: *const c_void) -> isize {
    Py_HashPointer(pointer)
}

#[capi]
fn _Py_HashDouble(object: Obj<'_>, value: f64) -> isize {
    match num::hash::float(value) {
        Some(hash) => hash as isize,
        None => object::types::object_::identity_hash(object),
    }
}

#[capi]
unsafe fn Py_HashBuffer(th: Thread<'_>, data: *const c_void, size: isize) -> isize {
    if size <= 0 {
        return 0;
    }
    // SAFETY: C passes that many bytes.
    object::types::str::hash_bytes(th, unsafe {
        std::slice::from_raw_parts(data.cast(), size as usize)
    })
}

/// `PyHash_FuncDef`.
#[repr(C)]
struct HashFunction {
    hash: unsafe extern "C" fn(*const c_void, isize) -> isize,
    name: *const c_char,
    hash_bits: c_int,
    seed_bits: c_int,
}

// SAFETY: never written to.
unsafe impl Sync for HashFunction {}

unsafe extern "C" fn hash(data: *const c_void, size: isize) -> isize {
    // SAFETY: C passes that many bytes, on an attached thread.
    unsafe { Py_HashBuffer(Thread::current(), data, size) }
}

static HASH_FUNCTION: HashFunction =
    HashFunction { hash, name: c"siphash13".as_ptr(), hash_bits: 64, seed_bits: 128 };

#[capi]
fn PyHash_GetFuncDef() -> *const c_void {
    (&raw const HASH_FUNCTION).cast()
}

#[capi]
unsafe fn _Py_HashBytes(th: Thread<'_>, data: *const c_void, size: isize) -> isize {
    // SAFETY: C passes that many bytes.
    unsafe { Py_HashBuffer(th, data, size) }
}

#[capi]
unsafe fn Py_DecodeLocale(th: Thread<'_>, text: &CStr, size: *mut usize) -> *mut u32 {
    let Ok(decoded) = object::types::str::codec::decode_fs(th, text.to_bytes()) else {
        return std::ptr::null_mut();
    };
    let block = crate::objimpl::raw_block((decoded.len() + 1) * 4).cast::<u32>();
    if !block.is_null() {
        for (index, code) in decoded.units().iter().chain([0]).enumerate() {
            // SAFETY: inside the block.
            unsafe { block.add(index).write(code) };
        }
        if !size.is_null() {
            // SAFETY: C passes a variable.
            unsafe { size.write(decoded.len()) };
        }
    }
    block
}

// Warnings.

/// `warnings.warn(message, category, stacklevel)`.
pub(crate) fn warn(
    th: Thread<'_>,
    category: Option<Obj<'_>>,
    message: &Str,
    level: isize,
) -> Result<()> {
    let default = object::exceptions::types::RuntimeWarning().obj();
    (th.hooks().warn)(th, category.unwrap_or(default), message, level)
}

#[capi]
fn PyErr_WarnEx(
    th: Thread<'_>,
    category: Option<Obj<'_>>,
    text: &CStr,
    level: isize,
) -> Result<()> {
    warn(th, category, &*text_of(th, text)?, level)
}

fn warn_explicit(
    th: Thread<'_>,
    category: Option<Obj<'_>>,
    message: Obj<'_>,
    filename: Obj<'_>,
    line: c_int,
    module: Option<Obj<'_>>,
    registry: Option<Obj<'_>>,
) -> Result<()> {
    let none = object::types::none();
    let default = object::exceptions::types::RuntimeWarning().obj();
    let line = object::Int::from_i64(th, i64::from(line))?;
    let args = [
        message,
        category.unwrap_or(default),
        filename,
        line.obj(),
        module.unwrap_or(none),
        registry.unwrap_or(none),
    ];
    crate::modsupport::function(th, "_warnings", "warn_explicit", &args).map(drop)
}

#[capi]
fn PyErr_WarnExplicitObject(
    th: Thread<'_>,
    category: Option<Obj<'_>>,
    message: Obj<'_>,
    filename: Obj<'_>,
    line: c_int,
    module: Option<Obj<'_>>,
    registry: Option<Obj<'_>>,
) -> Result<()> {
    warn_explicit(th, category, message, filename, line, module, registry)
}

/// `PyErr_WarnExplicitFormat`, with all arguments in the list: there are as many
/// before the format's as there are registers.
pub(crate) unsafe extern "C" fn warn_explicit_format(va: *mut VaList) -> c_int {
    // SAFETY: for the whole function: C calls the API on attached threads and passes
    // what the header says, then what the format says.
    unsafe {
        let (th, va) = (Thread::current(), &mut *va);
        let category = Obj::from_raw(va.pointer());
        let filename = va.pointer::<c_char>();
        let line = va.next::<c_int>();
        let module = va.pointer::<c_char>();
        let registry = Obj::from_raw(va.pointer());
        let format = va.pointer::<c_char>();
        let mut warn = || -> Result<()> {
            let text = crate::unicode_format::expand(th, format, va)?;
            let filename = types::str::codec::decode_fs(th, CStr::from_ptr(filename).to_bytes())?;
            let module = match module.is_null() {
                true => None,
                false => Some(text_of(th, CStr::from_ptr(module))?),
            };
            let module = module.as_ref().map(|module| module.obj());
            warn_explicit(th, category, text.obj(), filename.obj(), line, module, registry)
        };
        crate::convert::IntoC::into_c(warn())
    }
}

#[capi]
fn PyErr_WarnExplicit(
    th: Thread<'_>,
    category: Option<Obj<'_>>,
    text: &CStr,
    filename: &CStr,
    line: c_int,
    module: Option<&CStr>,
    registry: Option<Obj<'_>>,
) -> Result<()> {
    let (text, filename) = (text_of(th, text)?, text_of(th, filename)?);
    let module = module.map(|module| text_of(th, module)).transpose()?;
    let module = module.as_ref().map(|module| module.obj());
    warn_explicit(th, category, text.obj(), filename.obj(), line, module, registry)
}
