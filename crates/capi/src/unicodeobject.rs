//! `unicodeobject.h`: making strings, their characters, and methods.
//!
//! C code fills a string that it made with `PyUnicode_New` before anybody else
//! sees it; the storage is PEP 393's, as the headers' macros read it.

use std::ffi::{CStr, c_char, c_int, c_void};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Bytes, Int, Link, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, error,
    raise,
    types::{
        self,
        str::{Width, codec},
    },
};
use text::units::Units;

use crate::{
    convert::{lossy, text_of},
    modsupport::method,
    unicodewriter::sized,
};

/// The string, or the error for another object.
pub(crate) fn string<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a Str> {
    match object.downcast::<Str>() {
        Some(text) => Ok(text),
        None => raise!(th, TypeError, "must be str, not {}", object.type_name()),
    }
}

/// As [`string`], for functions whose argument cannot be another object.
fn checked<'a>(th: Thread<'_>, object: Option<Obj<'a>>) -> Result<&'a Str> {
    match object.and_then(|object| object.downcast::<Str>()) {
        Some(text) => Ok(text),
        None => raise!(th, TypeError, "bad argument type for built-in operation"),
    }
}

/// As [`checked`], for what only C code's own mistake can be.
fn internal<'a>(th: Thread<'_>, object: Option<Obj<'a>>) -> Result<&'a Str> {
    match object.and_then(|object| object.downcast::<Str>()) {
        Some(text) => Ok(text),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

/// UTF-8 that lives as long as the string.
pub(crate) fn utf8<'a>(th: Thread<'_>, text: &'a Str) -> Result<&'a [u8]> {
    text.to_utf8(th).map(str::as_bytes)
}

/// The code points of `wchar_t`s, up to the end if `size` is negative.
///
/// # Safety
///
/// `text` is that long, or ends with 0.
pub(crate) unsafe fn wide<'a>(text: *const u32, size: isize) -> &'a [u32] {
    let length = usize::try_from(size).unwrap_or_else(|_| {
        let mut length = 0;
        // SAFETY: the caller's promise.
        while unsafe { *text.add(length) } != 0 {
            length += 1;
        }
        length
    });
    if length == 0 {
        return &[];
    }
    // SAFETY: as many are there.
    unsafe { std::slice::from_raw_parts(text, length) }
}

/// `chr(code)`.
pub(crate) fn from_ordinal(th: Thread<'_>, code: c_int) -> Result<Ref> {
    match u32::try_from(code) {
        Ok(code) if code <= 0x10_ffff => Str::from_char(th, code).map(Ref::upcast),
        _ => raise!(th, ValueError, "chr() arg not in range(0x110000)"),
    }
}

// Making strings.

#[capi]
fn PyUnicode_New(th: Thread<'_>, size: isize, max: u32) -> Result<Ref<Str>> {
    if size == 0 {
        return Ok(Str::empty(th));
    }
    if max > 0x10_ffff {
        raise!(th, SystemError, "invalid maximum character passed to PyUnicode_New");
    }
    match usize::try_from(size) {
        Ok(size) => types::str::new_unfilled(th, size, max),
        Err(_) => raise!(th, SystemError, "Negative size passed to PyUnicode_New"),
    }
}

#[capi]
fn PyUnicode_FromString(th: Thread<'_>, text: &CStr) -> Result<Ref<Str>> {
    codec::decode(th, text.to_bytes(), "utf-8", "strict")
}

#[capi]
unsafe fn PyUnicode_FromStringAndSize(
    th: Thread<'_>,
    text: *const c_char,
    size: isize,
) -> Result<Ref<Str>> {
    if size < 0 {
        raise!(th, SystemError, "Negative size passed to PyUnicode_FromStringAndSize");
    }
    if text.is_null() {
        if size == 0 {
            return Ok(Str::empty(th));
        }
        raise!(
            th,
            SystemError,
            "NULL string with positive size with NULL passed to PyUnicode_FromStringAndSize"
        );
    }
    if size as usize > isize::MAX as usize - size_of::<abi::PyUnicodeObject>() {
        return Err(th.no_memory());
    }
    // SAFETY: C passes that many bytes.
    codec::decode(th, unsafe { sized(text, size) }, "utf-8", "strict")
}

/// The characters of a buffer of 1, 2 or 4 bytes each.
unsafe fn units<'a>(kind: c_int, data: *const c_void, size: usize) -> Option<Units<'a>> {
    if size == 0 {
        // Null will do.
        return matches!(kind, 1 | 2 | 4).then_some(Units::Ucs1(&[]));
    }
    // SAFETY: for the whole function: C passes that many characters.
    unsafe {
        Some(match kind {
            1 => Units::Ucs1(std::slice::from_raw_parts(data.cast(), size)),
            2 => Units::Ucs2(std::slice::from_raw_parts(data.cast(), size)),
            4 => Units::Ucs4(std::slice::from_raw_parts(data.cast(), size)),
            _ => return None,
        })
    }
}

#[capi]
unsafe fn PyUnicode_FromKindAndData(
    th: Thread<'_>,
    kind: c_int,
    data: *const c_void,
    size: isize,
) -> Result<Ref<Str>> {
    let Ok(size) = usize::try_from(size) else { raise!(th, ValueError, "size must be positive") };
    // SAFETY: C passes that many characters.
    match unsafe { units(kind, data, size) } {
        Some(Units::Ucs4([code])) => Str::from_char(th, *code),
        Some(units) => Str::from_units(th, units),
        None => raise!(th, SystemError, "invalid kind"),
    }
}

#[capi]
unsafe fn PyUnicode_FromWideChar(
    th: Thread<'_>,
    text: *const u32,
    size: isize,
) -> Result<Ref<Str>> {
    if text.is_null() {
        if size == 0 {
            return Ok(Str::empty(th));
        }
        raise!(th, SystemError, "bad argument to internal function");
    }
    if size < -1 {
        raise!(th, SystemError, "bad argument to internal function");
    }
    // SAFETY: C passes that many characters.
    from_wide(th, unsafe { wide(text, size) })
}

/// The text of `wchar_t`s, which may be no characters.
pub(crate) fn from_wide(th: Thread<'_>, codes: &[u32]) -> Result<Ref<Str>> {
    if let Some(code) = codes.iter().find(|code| **code > 0x10_ffff) {
        raise!(th, ValueError, "character U+{code:x} is not in range [U+0000; U+10ffff]");
    }
    Str::from_code_points(th, codes)
}

#[capi]
fn PyUnicode_FromOrdinal(th: Thread<'_>, code: c_int) -> Result {
    from_ordinal(th, code)
}

#[capi]
fn PyUnicode_FromObject(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Str>> {
    match object.downcast::<Str>() {
        Some(text) => text.to_exact(th),
        None => {
            raise!(th, TypeError, "Can't convert '{}' object to str implicitly", object.type_name())
        }
    }
}

fn name_or(name: Option<&CStr>, default: &str) -> String {
    name.map_or_else(|| default.to_owned(), |name| lossy(name).into_owned())
}

#[capi]
fn PyUnicode_FromEncodedObject(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
) -> Result {
    let object = match object {
        Some(object) => object,
        None => raise!(th, SystemError, "bad argument to internal function"),
    };
    if object.downcast::<Str>().is_some() {
        raise!(th, TypeError, "decoding str is not supported");
    }
    if !object::protocol::buffer::has_buffer(object) {
        raise!(
            th,
            TypeError,
            "decoding to str: need a bytes-like object, {} found",
            object.type_name()
        );
    }
    codec::decode_method(th, object, &name_or(encoding, "utf-8"), &name_or(errors, "strict"))
}

#[capi]
fn PyUnicode_InternFromString(th: Thread<'_>, text: &CStr) -> Result<Ref<Str>> {
    let text = PyUnicode_FromString(th, text)?;
    Ok(Str::intern_ref(th, text))
}

/// Replace a reference to a string by the interned one.
unsafe fn intern(th: Thread<'_>, variable: *mut *mut PyObject) {
    // SAFETY: C passes a variable that owns a string or is null.
    let link = unsafe { &*variable.cast::<Link>() };
    if let Some(text) = link.take() {
        match text.downcast::<Str>() {
            Ok(text) if text.obj().is_exact::<Str>() => {
                link.set(Some(Str::intern_ref(th, text).upcast()));
            }
            Ok(text) => link.set(Some(text.upcast())),
            Err(other) => link.set(Some(other)),
        }
    }
}

#[capi]
unsafe fn PyUnicode_InternInPlace(th: Thread<'_>, variable: *mut *mut PyObject) {
    // SAFETY: C passes a variable that owns a string or is null.
    unsafe { intern(th, variable) }
}

#[capi]
unsafe fn PyUnicode_InternImmortal(th: Thread<'_>, variable: *mut *mut PyObject) {
    // SAFETY: C passes a variable that owns a string or is null.
    unsafe { intern(th, variable) }
}

#[capi]
unsafe fn _PyUnicode_InternMortal(th: Thread<'_>, variable: *mut *mut PyObject) {
    // SAFETY: C passes a variable that owns a string or is null.
    unsafe { intern(th, variable) }
}

#[capi]
unsafe fn _PyUnicode_InternImmortal(th: Thread<'_>, variable: *mut *mut PyObject) {
    // SAFETY: C passes a variable that owns a string or is null.
    unsafe { intern(th, variable) }
}

// Characters.

#[capi]
fn PyUnicode_GetLength(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    checked(th, object).map(|text| text.len() as isize)
}

#[capi]
fn PyUnicode_ReadChar(th: Thread<'_>, object: Option<Obj<'_>>, index: isize) -> Result<u32> {
    let text = checked(th, object)?;
    match usize::try_from(index).ok().and_then(|index| text.get(index)) {
        Some(code) => Ok(code),
        None => raise!(th, IndexError, "string index out of range"),
    }
}

/// Whether C code may still change a string.
fn modifiable(th: Thread<'_>, text: &Str) -> Result<()> {
    if !text.obj().is_unique() || !text.obj().is_exact::<Str>() || text.is_interned() {
        raise!(th, SystemError, "Cannot modify a string currently used");
    }
    Ok(())
}

/// Write one character.
fn put(text: &Str, index: usize, code: u32) {
    let data = text.data().cast_mut();
    // SAFETY: the caller checked the index, and nobody else sees the string.
    unsafe {
        match text.width().bytes() {
            1 => data.add(index).write(code as u8),
            2 => data.cast::<u16>().add(index).write(code as u16),
            _ => data.cast::<u32>().add(index).write(code),
        }
    }
}

/// The largest character that fits.
fn most(text: &Str) -> u32 {
    match text.width() {
        Width::Ascii => 0x7f,
        width if width.bytes() == 1 => 0xff,
        width if width.bytes() == 2 => 0xffff,
        _ => 0x10_ffff,
    }
}

#[capi]
fn PyUnicode_WriteChar(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    index: isize,
    code: u32,
) -> Result<()> {
    let text = checked(th, object)?;
    let Some(index) = usize::try_from(index).ok().filter(|index| *index < text.len()) else {
        raise!(th, IndexError, "string index out of range");
    };
    modifiable(th, text)?;
    if code > most(text) {
        raise!(th, ValueError, "character out of range");
    }
    put(text, index, code);
    Ok(())
}

#[capi]
fn PyUnicode_Fill(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    start: isize,
    length: isize,
    code: u32,
) -> Result<isize> {
    let text = internal(th, object)?;
    modifiable(th, text)?;
    let Ok(start) = usize::try_from(start) else {
        raise!(th, IndexError, "string index out of range");
    };
    if code > most(text) {
        raise!(th, ValueError, "fill character is bigger than the string maximum character");
    }
    let end = text.len().min(start.saturating_add(length.max(0) as usize));
    for index in start..end {
        put(text, index, code);
    }
    Ok(end.saturating_sub(start) as isize)
}

#[capi]
fn PyUnicode_CopyCharacters(
    th: Thread<'_>,
    to: Option<Obj<'_>>,
    to_start: isize,
    from: Option<Obj<'_>>,
    from_start: isize,
    count: isize,
) -> Result<isize> {
    let (from, to) = (internal(th, from)?, internal(th, to)?);
    let (Ok(to_start), Ok(from_start)) = (usize::try_from(to_start), usize::try_from(from_start))
    else {
        raise!(th, IndexError, "string index out of range");
    };
    if to_start > to.len() || from_start > from.len() {
        raise!(th, IndexError, "string index out of range");
    }
    let Ok(count) = usize::try_from(count) else {
        raise!(th, SystemError, "how_many cannot be negative");
    };
    let count = count.min(from.len() - from_start);
    if to_start + count > to.len() {
        raise!(
            th,
            SystemError,
            "Cannot write {count} characters at {to_start} in a string of {} characters",
            to.len()
        );
    }
    if count == 0 {
        return Ok(0);
    }
    modifiable(th, to)?;
    for offset in 0..count {
        let code = from.get(from_start + offset).unwrap_or(0);
        if code > most(to) {
            raise!(
                th,
                SystemError,
                "Cannot copy {} characters into a string of {} characters",
                "wide",
                "narrow"
            );
        }
        put(to, to_start + offset, code);
    }
    Ok(count as isize)
}

#[capi]
unsafe fn PyUnicode_Resize(
    th: Thread<'_>,
    variable: *mut *mut PyObject,
    length: isize,
) -> Result<()> {
    // SAFETY: C passes null or a variable that owns a string.
    let link = unsafe { variable.cast::<Link>().as_ref() };
    let Some((link, old)) = link.and_then(|link| Some((link, link.get()?))) else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    let (Some(text), Ok(length)) = (old.obj().downcast::<Str>(), usize::try_from(length)) else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    if text.len() == length {
        return Ok(());
    }
    let new = types::str::new_unfilled(th, length, most(text))?;
    for index in 0..length.min(text.len()) {
        put(&new, index, text.get(index).unwrap_or(0));
    }
    link.set(Some(new.upcast()));
    Ok(())
}

#[capi]
unsafe fn PyUnicode_AsUCS4(
    th: Thread<'_>,
    object: Obj<'_>,
    buffer: *mut u32,
    size: isize,
    copy_null: c_int,
) -> Result<*mut u32> {
    let text = string(th, object)?;
    if (size as usize) < text.len() + usize::from(copy_null != 0) {
        raise!(th, SystemError, "string is longer than the buffer");
    }
    for (index, code) in text.units().iter().enumerate() {
        // SAFETY: C passes that much room.
        unsafe { buffer.add(index).write(code) };
    }
    if copy_null != 0 {
        // SAFETY: as above.
        unsafe { buffer.add(text.len()).write(0) };
    }
    Ok(buffer)
}

/// The characters in a block of `PyMem_`, 0 at the end.
fn copied(th: Thread<'_>, text: &Str) -> Result<*mut u32> {
    let Some(block) = th.heap().alloc((text.len() + 1) * 4) else { return Err(th.no_memory()) };
    let block = block.as_ptr().cast::<u32>();
    for (index, code) in text.units().iter().chain([0]).enumerate() {
        // SAFETY: the block has room for the characters and the end.
        unsafe { block.add(index).write(code) };
    }
    Ok(block)
}

#[capi]
fn PyUnicode_AsUCS4Copy(th: Thread<'_>, object: Obj<'_>) -> Result<*mut u32> {
    copied(th, string(th, object)?)
}

#[capi]
unsafe fn PyUnicode_AsWideCharString(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    size: *mut isize,
) -> Result<*mut u32> {
    let Some(object) = object else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    let text = checked(th, Some(object))?;
    if size.is_null() {
        if text.units().iter().any(|code| code == 0) {
            raise!(th, ValueError, "embedded null character");
        }
    } else {
        // SAFETY: C passes a variable.
        unsafe { size.write(text.len() as isize) };
    }
    copied(th, text)
}

#[capi]
unsafe fn PyUnicode_AsWideChar(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    buffer: *mut u32,
    size: isize,
) -> Result<isize> {
    let Some(object) = object else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    let text = checked(th, Some(object))?;
    if buffer.is_null() {
        return Ok(text.len() as isize + 1);
    }
    let size = size.max(0) as usize;
    for (index, code) in text.units().iter().chain([0]).take(size).enumerate() {
        // SAFETY: C passes that much room.
        unsafe { buffer.add(index).write(code) };
    }
    Ok(text.len().min(size) as isize)
}

#[capi]
unsafe fn PyUnicode_AsUTF8AndSize(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    size: *mut isize,
) -> Result<*const c_char> {
    let bytes = checked(th, object).and_then(|text| utf8(th, text));
    if !size.is_null() {
        let length = bytes.as_ref().map_or(-1, |bytes| bytes.len() as isize);
        // SAFETY: C passes a variable.
        unsafe { size.write(length) };
    }
    bytes.map(|bytes| bytes.as_ptr().cast())
}

#[capi]
pub(crate) fn PyUnicode_AsUTF8(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<*const c_char> {
    checked(th, object).and_then(|text| utf8(th, text)).map(|bytes| bytes.as_ptr().cast())
}

// Codecs.

macro_rules! encoders {
    ($($name:ident $encoding:literal;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<Bytes>> {
            codec::encode(th, checked(th, object)?, $encoding, "strict")
        }
    )* };
}

encoders! {
    PyUnicode_AsUTF8String "utf-8";
    PyUnicode_AsUTF16String "utf-16";
    PyUnicode_AsUTF32String "utf-32";
    PyUnicode_AsASCIIString "ascii";
    PyUnicode_AsLatin1String "latin-1";
    PyUnicode_AsUnicodeEscapeString "unicode_escape";
    PyUnicode_AsRawUnicodeEscapeString "raw_unicode_escape";
}

macro_rules! decoders {
    ($($name:ident $encoding:literal;)*) => { $(
        #[capi]
        unsafe fn $name(
            th: Thread<'_>,
            text: *const c_char,
            size: isize,
            errors: Option<&CStr>,
        ) -> Result<Ref<Str>> {
            // SAFETY: C passes that many bytes.
            codec::decode(th, unsafe { sized(text, size.max(0)) }, $encoding, &name_or(errors, "strict"))
        }
    )* };
}

decoders! {
    PyUnicode_DecodeUTF8 "utf-8";
    PyUnicode_DecodeUTF7 "utf-7";
    PyUnicode_DecodeASCII "ascii";
    PyUnicode_DecodeLatin1 "latin-1";
    PyUnicode_DecodeUnicodeEscape "unicode_escape";
    PyUnicode_DecodeRawUnicodeEscape "raw_unicode_escape";
}

macro_rules! ordered_decoders {
    ($($name:ident $stateful:ident $native:literal $little:literal $big:literal $unit:literal;)*) => { $(
        #[capi]
        unsafe fn $name(
            th: Thread<'_>,
            text: *const c_char,
            size: isize,
            errors: Option<&CStr>,
            order: *mut c_int,
        ) -> Result<Ref<Str>> {
            // SAFETY: C passes that many bytes, and a variable or null.
            unsafe { $stateful(th, text, size, errors, order, std::ptr::null_mut()) }
        }

        #[capi]
        unsafe fn $stateful(
            th: Thread<'_>,
            text: *const c_char,
            size: isize,
            errors: Option<&CStr>,
            order: *mut c_int,
            consumed: *mut isize,
        ) -> Result<Ref<Str>> {
            // SAFETY: C passes that many bytes.
            let bytes = unsafe { sized(text, size.max(0)) };
            // SAFETY: C passes a variable or null.
            let asked = if order.is_null() { 0 } else { unsafe { order.read() } };
            let mark = |bytes: &[u8]| match bytes {
                [0xff, 0xfe, ..] if $unit == 2 => -1,
                [0xfe, 0xff, ..] if $unit == 2 => 1,
                [0xff, 0xfe, 0, 0, ..] if $unit == 4 => -1,
                [0, 0, 0xfe, 0xff, ..] if $unit == 4 => 1,
                _ => 0,
            };
            let encoding = match asked {
                0 => $native,
                asked if asked < 0 => $little,
                _ => $big,
            };
            if asked == 0 && !order.is_null() {
                // SAFETY: as above.
                unsafe { order.write(mark(bytes)) };
            }
            let errors = name_or(errors, "strict");
            // SAFETY: as above.
            stateful(th, bytes, encoding, &errors, unsafe { consumed.as_mut() })
        }
    )* };
}

ordered_decoders! {
    PyUnicode_DecodeUTF16 PyUnicode_DecodeUTF16Stateful "utf-16" "utf-16-le" "utf-16-be" 2;
    PyUnicode_DecodeUTF32 PyUnicode_DecodeUTF32Stateful "utf-32" "utf-32-le" "utf-32-be" 4;
}

#[capi]
unsafe fn PyUnicode_DecodeUTF7Stateful(
    th: Thread<'_>,
    text: *const c_char,
    size: isize,
    errors: Option<&CStr>,
    consumed: *mut isize,
) -> Result<Ref<Str>> {
    // SAFETY: C passes that many bytes.
    let bytes = unsafe { sized(text, size.max(0)) };
    let errors = name_or(errors, "strict");
    // SAFETY: C passes a variable or null.
    stateful(th, bytes, "utf-7", &errors, unsafe { consumed.as_mut() })
}

/// Decode all bytes or, if the caller wants to know how many were used, what is complete of them.
pub(crate) fn stateful(
    th: Thread<'_>,
    bytes: &[u8],
    encoding: &str,
    errors: &str,
    consumed: Option<&mut isize>,
) -> Result<Ref<Str>> {
    let Some(consumed) = consumed else { return codec::decode(th, bytes, encoding, errors) };
    let (text, used) = partial(th, bytes, encoding, errors)?;
    *consumed = used;
    Ok(text)
}

/// Decode what is complete: the text, and how many bytes it was.
fn partial(
    th: Thread<'_>,
    bytes: &[u8],
    encoding: &str,
    errors: &str,
) -> Result<(Ref<Str>, isize)> {
    let function = format!("{}_decode", encoding.replace('-', "_"));
    let (data, errors) = (Bytes::new(th, bytes)?, Str::new(th, errors)?);
    let args = [data.obj(), errors.obj(), types::bool_(false)];
    let pair = crate::modsupport::function(th, "_codecs", &function, &args)?;
    let pair = object::protocol::iter::collect(th, pair.obj())?;
    match pair.as_slice() {
        [text, used] => {
            let used = Int::index_to_isize(th, used.obj())?;
            Ok((object::own(string(th, text.obj())?), used))
        }
        _ => raise!(th, TypeError, "decoder must return a tuple (object,integer)"),
    }
}

#[capi]
unsafe fn PyUnicode_DecodeUTF8Stateful(
    th: Thread<'_>,
    text: *const c_char,
    size: isize,
    errors: Option<&CStr>,
    consumed: *mut isize,
) -> Result<Ref<Str>> {
    // SAFETY: C passes that many bytes.
    let bytes = unsafe { sized(text, size.max(0)) };
    let errors = name_or(errors, "strict");
    // SAFETY: C passes a variable or null.
    stateful(th, bytes, "utf-8", &errors, unsafe { consumed.as_mut() })
}

#[capi]
unsafe fn PyUnicode_Decode(
    th: Thread<'_>,
    text: *const c_char,
    size: isize,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
) -> Result<Ref<Str>> {
    // SAFETY: C passes that many bytes.
    let bytes = unsafe { sized(text, size.max(0)) };
    codec::decode(th, bytes, &name_or(encoding, "utf-8"), &name_or(errors, "strict"))
}

#[capi]
fn PyUnicode_AsEncodedString(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
) -> Result<Ref<Bytes>> {
    let text = checked(th, object)?;
    codec::encode(th, text, &name_or(encoding, "utf-8"), &name_or(errors, "strict"))
}

#[capi]
unsafe fn PyUnicode_DecodeFSDefaultAndSize(
    th: Thread<'_>,
    text: *const c_char,
    size: isize,
) -> Result<Ref<Str>> {
    // SAFETY: C passes that many bytes.
    codec::decode_fs(th, unsafe { sized(text, size.max(0)) })
}

#[capi]
fn PyUnicode_DecodeFSDefault(th: Thread<'_>, text: &CStr) -> Result<Ref<Str>> {
    codec::decode_fs(th, text.to_bytes())
}

#[capi]
fn PyUnicode_EncodeFSDefault(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<Bytes>> {
    codec::encode_fs(th, checked(th, object)?)
}

fn locale_errors(th: Thread<'_>, errors: Option<&CStr>) -> Result<String> {
    let errors = name_or(errors, "strict");
    if errors != "strict" && errors != "surrogateescape" {
        raise!(th, ValueError, "unsupported error handler");
    }
    Ok(errors)
}

#[capi]
unsafe fn PyUnicode_DecodeLocaleAndSize(
    th: Thread<'_>,
    text: *const c_char,
    size: isize,
    errors: Option<&CStr>,
) -> Result<Ref<Str>> {
    // SAFETY: C passes that many bytes.
    let bytes = unsafe { sized(text, size.max(0)) };
    if bytes.contains(&0) {
        raise!(th, ValueError, "embedded null byte");
    }
    codec::decode(th, bytes, "utf-8", &locale_errors(th, errors)?)
}

#[capi]
fn PyUnicode_DecodeLocale(th: Thread<'_>, text: &CStr, errors: Option<&CStr>) -> Result<Ref<Str>> {
    codec::decode(th, text.to_bytes(), "utf-8", &locale_errors(th, errors)?)
}

#[capi]
fn PyUnicode_EncodeLocale(
    th: Thread<'_>,
    object: Obj<'_>,
    errors: Option<&CStr>,
) -> Result<Ref<Bytes>> {
    let text = string(th, object)?;
    if text.units().iter().any(|code| code == 0) {
        raise!(th, ValueError, "embedded null character");
    }
    codec::encode(th, text, "utf-8", &locale_errors(th, errors)?)
}

/// A path in `variable`, converted; null releases what is there.
unsafe fn path_converter(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    variable: *mut *mut PyObject,
    to_bytes: bool,
) -> c_int {
    const CLEANUP_SUPPORTED: c_int = 0x20000;
    let Some(object) = object else {
        // SAFETY: C passes a variable that owns what it holds.
        unsafe { &*variable.cast::<Link>() }.set(None);
        return 1;
    };
    let converted = object::protocol::path::fspath(th, object).and_then(|path| {
        match (path.obj().downcast::<Str>(), path.obj().downcast::<Bytes>()) {
            (Some(text), _) if to_bytes => codec::encode_fs(th, text).map(Ref::upcast),
            (_, Some(bytes)) if !to_bytes => {
                codec::decode_fs(th, bytes.as_bytes()).map(Ref::upcast)
            }
            _ => Ok(path),
        }
    });
    let nulls = |path: &Ref| match (path.obj().downcast::<Str>(), path.obj().downcast::<Bytes>()) {
        (Some(text), _) => text.units().iter().any(|code| code == 0),
        (_, Some(bytes)) => bytes.as_bytes().contains(&0),
        _ => false,
    };
    match converted {
        Ok(path) if nulls(&path) => {
            let what = if to_bytes { "byte" } else { "character" };
            let _ = object::error!(th, ValueError, "embedded null {what}");
            0
        }
        Ok(path) => {
            // SAFETY: C passes a variable.
            unsafe { variable.write(path.into_raw()) };
            CLEANUP_SUPPORTED
        }
        Err(_) => 0,
    }
}

#[capi]
unsafe fn PyUnicode_FSConverter(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    variable: *mut *mut PyObject,
) -> c_int {
    // SAFETY: C passes a variable.
    unsafe { path_converter(th, object, variable, true) }
}

#[capi]
unsafe fn PyUnicode_FSDecoder(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    variable: *mut *mut PyObject,
) -> c_int {
    // SAFETY: C passes a variable.
    unsafe { path_converter(th, object, variable, false) }
}

#[capi]
fn PyUnicode_GetDefaultEncoding() -> *const c_char {
    c"utf-8".as_ptr()
}

// Methods.

#[capi]
fn PyUnicode_Concat(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref<Str>> {
    let Some(left) = a.downcast::<Str>() else {
        raise!(th, TypeError, "must be str, not {}", a.type_name());
    };
    let Some(right) = b.downcast::<Str>() else {
        raise!(th, TypeError, "can only concatenate str (not \"{}\") to str", b.type_name());
    };
    left.concat(th, right)
}

/// Append to the string in a variable, which becomes null on failure.
unsafe fn append(th: Thread<'_>, variable: *mut *mut PyObject, right: Option<Obj<'_>>) {
    // SAFETY: C passes a variable that owns a string or is null.
    let link = unsafe { &*variable.cast::<Link>() };
    let Some(left) = link.take() else {
        if !th.is_raised() {
            let _ = object::error!(th, SystemError, "bad argument to internal function");
        }
        return;
    };
    let joined =
        match (left.obj().downcast::<Str>(), right.and_then(|right| right.downcast::<Str>())) {
            (Some(left), Some(right)) => left.concat(th, right),
            _ if th.is_raised() => return,
            _ => {
                let _ = object::error!(th, SystemError, "bad argument to internal function");
                return;
            }
        };
    link.set(joined.ok().map(Ref::upcast));
}

#[capi]
unsafe fn PyUnicode_Append(th: Thread<'_>, variable: *mut *mut PyObject, right: Option<Obj<'_>>) {
    // SAFETY: C passes a variable.
    unsafe { append(th, variable, right) }
}

#[capi]
unsafe fn PyUnicode_AppendAndDel(th: Thread<'_>, variable: *mut *mut PyObject, right: Option<Ref>) {
    // SAFETY: C passes a variable.
    unsafe { append(th, variable, right.as_ref().map(|right| right.obj())) }
}

#[capi]
fn PyUnicode_Compare(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<c_int> {
    match (a.downcast::<Str>(), b.downcast::<Str>()) {
        (Some(a), Some(b)) => Ok(a.cmp(b) as c_int),
        _ => raise!(th, TypeError, "Can't compare {} and {}", a.type_name(), b.type_name()),
    }
}

#[capi]
fn PyUnicode_CompareWithASCIIString(object: Obj<'_>, text: &CStr) -> c_int {
    let Some(string) = object.downcast::<Str>() else { return -1 };
    let right = text.to_bytes().iter().map(|byte| u32::from(*byte));
    string.units().iter().cmp(right) as c_int
}

#[capi]
fn PyUnicode_Equal(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
    match (a.downcast::<Str>(), b.downcast::<Str>()) {
        (Some(a), Some(b)) => Ok(a.eq(b)),
        (None, _) => raise!(th, TypeError, "first argument must be str, not {}", a.type_name()),
        _ => raise!(th, TypeError, "second argument must be str, not {}", b.type_name()),
    }
}

#[capi]
unsafe fn PyUnicode_EqualToUTF8AndSize(object: Obj<'_>, text: *const c_char, size: isize) -> bool {
    // What is longer than the text is not read.
    let most = object.downcast::<Str>().map_or(0, |text| text.len().saturating_mul(4));
    if size < 0 || size as usize > most {
        return false;
    }
    // SAFETY: C passes that many bytes.
    let bytes = unsafe { sized(text, size) };
    match (object.downcast::<Str>(), std::str::from_utf8(bytes)) {
        (Some(string), Ok(text)) => string.eq_str(text),
        _ => false,
    }
}

#[capi]
fn PyUnicode_EqualToUTF8(object: Obj<'_>, text: &CStr) -> bool {
    match (object.downcast::<Str>(), text.to_str()) {
        (Some(string), Ok(text)) => string.eq_str(text),
        _ => false,
    }
}

#[capi]
fn _PyUnicode_Equal(a: Obj<'_>, b: Obj<'_>) -> bool {
    matches!((a.downcast::<Str>(), b.downcast::<Str>()), (Some(a), Some(b)) if a.eq(b))
}

#[capi]
fn _PyUnicode_EqualToASCIIString(object: Obj<'_>, text: &CStr) -> bool {
    PyUnicode_CompareWithASCIIString(object, text) == 0
}

#[capi]
fn PyUnicode_RichCompare(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, op: c_int) -> Result {
    let (Some(left), Some(right)) = (a.downcast::<Str>(), b.downcast::<Str>()) else {
        return Ok(types::not_implemented().own());
    };
    let order = left.cmp(right);
    let answer = match op {
        0 => order.is_lt(),
        1 => order.is_le(),
        2 => order.is_eq(),
        3 => order.is_ne(),
        4 => order.is_gt(),
        5 => order.is_ge(),
        _ => raise!(th, SystemError, "bad argument to internal function"),
    };
    Ok(types::bool_(answer).own())
}

#[capi]
fn PyUnicode_Contains(th: Thread<'_>, container: Obj<'_>, part: Obj<'_>) -> Result<bool> {
    let Some(part) = part.downcast::<Str>() else {
        raise!(
            th,
            TypeError,
            "'in <string>' requires string as left operand, not {}",
            part.type_name()
        );
    };
    Ok(string(th, container)?.contains(part))
}

#[capi]
fn PyUnicode_Substring(
    th: Thread<'_>,
    object: Obj<'_>,
    start: isize,
    end: isize,
) -> Result<Ref<Str>> {
    let text = string(th, object)?;
    let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else {
        raise!(th, IndexError, "string index out of range");
    };
    let end = end.min(text.len());
    if start >= end { Ok(Str::empty(th)) } else { text.slice(th, start, end) }
}

#[capi]
fn PyUnicode_Format(
    th: Thread<'_>,
    format: Option<Obj<'_>>,
    args: Option<Obj<'_>>,
) -> Result<Ref<Str>> {
    let (Some(format), Some(args)) = (format, args) else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    types::str::percent::format(th, string(th, format)?, args)
}

#[capi]
fn PyUnicode_Join(th: Thread<'_>, separator: Option<Obj<'_>>, items: Obj<'_>) -> Result<Ref<Str>> {
    let separator = match separator {
        Some(separator) => match separator.downcast::<Str>() {
            Some(separator) => object::own(separator),
            None => raise!(
                th,
                TypeError,
                "separator: expected str instance, {} found",
                separator.type_name()
            ),
        },
        None => Str::new(th, " ")?,
    };
    let items = match object::protocol::iter::collect(th, items) {
        Ok(items) => items,
        Err(raised) => {
            th.catch(raised, object::exceptions::types::TypeError())?;
            raise!(th, TypeError, "can only join an iterable");
        }
    };
    separator.join_items(th, object::args::borrow_all(&items))
}

fn number(th: Thread<'_>, value: isize) -> Result<Ref> {
    Int::from_i64(th, value as i64)
}

#[capi]
fn PyUnicode_Split(
    th: Thread<'_>,
    object: Obj<'_>,
    separator: Option<Obj<'_>>,
    most: isize,
) -> Result {
    let most = number(th, most)?;
    string(th, object)?;
    method(th, object, "split", &[separator.unwrap_or(types::none()), most.obj()])
}

#[capi]
fn PyUnicode_RSplit(
    th: Thread<'_>,
    object: Obj<'_>,
    separator: Option<Obj<'_>>,
    most: isize,
) -> Result {
    let most = number(th, most)?;
    string(th, object)?;
    method(th, object, "rsplit", &[separator.unwrap_or(types::none()), most.obj()])
}

#[capi]
fn PyUnicode_Splitlines(th: Thread<'_>, object: Obj<'_>, keep_ends: c_int) -> Result {
    string(th, object)?;
    method(th, object, "splitlines", &[types::bool_(keep_ends != 0)])
}

#[capi]
fn PyUnicode_Partition(th: Thread<'_>, object: Obj<'_>, separator: Obj<'_>) -> Result {
    string(th, object)?;
    method(th, object, "partition", &[separator])
}

#[capi]
fn PyUnicode_RPartition(th: Thread<'_>, object: Obj<'_>, separator: Obj<'_>) -> Result {
    string(th, object)?;
    method(th, object, "rpartition", &[separator])
}

#[capi]
fn PyUnicode_Replace(
    th: Thread<'_>,
    object: Obj<'_>,
    old: Obj<'_>,
    new: Obj<'_>,
    most: isize,
) -> Result<Ref<Str>> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    string(th, object)?.replaced(th, string(th, old)?, string(th, new)?, most)
}

#[capi]
fn PyUnicode_Translate(
    th: Thread<'_>,
    object: Obj<'_>,
    table: Option<Obj<'_>>,
    errors: Option<&CStr>,
) -> Result<Ref<Str>> {
    let text = string(th, object)?;
    let Some(table) = table else {
        raise!(th, TypeError, "bad argument type for built-in operation");
    };
    types::str::translate_with(th, text, table, &errors.map_or("strict".into(), lossy))
}

#[capi]
fn PyUnicode_Find(
    th: Thread<'_>,
    object: Obj<'_>,
    part: Obj<'_>,
    start: isize,
    end: isize,
    direction: c_int,
) -> isize {
    let (Ok(text), Ok(part)) = (string(th, object), string(th, part)) else { return -2 };
    let bound = |value| Some(object::protocol::index::Bound(value));
    let found = text.position(part, bound(start), bound(end), direction < 0);
    found.map_or(-1, |found| found as isize)
}

#[capi]
fn PyUnicode_FindChar(
    th: Thread<'_>,
    object: Obj<'_>,
    code: u32,
    start: isize,
    end: isize,
    direction: c_int,
) -> isize {
    let Ok(text) = string(th, object) else { return -2 };
    if code > u32::from(char::MAX) {
        return -1;
    }
    let Ok(part) = Str::from_char(th, code) else { return -2 };
    let bound = |value| Some(object::protocol::index::Bound(value));
    let found = text.position(&part, bound(start), bound(end), direction < 0);
    found.map_or(-1, |found| found as isize)
}

#[capi]
fn PyUnicode_Count(
    th: Thread<'_>,
    object: Obj<'_>,
    part: Obj<'_>,
    start: isize,
    end: isize,
) -> Result<isize> {
    string(th, object)?;
    string(th, part)?;
    let (start, end) = (number(th, start)?, number(th, end)?);
    let count = method(th, object, "count", &[part, start.obj(), end.obj()])?;
    Int::index_to_isize(th, count.obj())
}

#[capi]
fn PyUnicode_Tailmatch(
    th: Thread<'_>,
    object: Obj<'_>,
    part: Obj<'_>,
    start: isize,
    end: isize,
    direction: c_int,
) -> Result<isize> {
    string(th, object)?;
    string(th, part)?;
    let (start, end) = (number(th, start)?, number(th, end)?);
    let name = if direction > 0 { "endswith" } else { "startswith" };
    let found = method(th, object, name, &[part, start.obj(), end.obj()])?.is_true(th)?;
    Ok(isize::from(found))
}

#[capi]
fn PyUnicode_IsIdentifier(object: Obj<'_>) -> bool {
    object.downcast::<Str>().is_some_and(|string| text::titles::is_identifier(string.units()))
}

#[capi]
fn PyUnicode_BuildEncodingMap(th: Thread<'_>, map: Obj<'_>) -> Result {
    crate::modsupport::function(th, "_codecs", "charmap_build", &[map])
}

/// The first of what a codec function returns.
fn first_of(th: Thread<'_>, pair: Ref) -> Result {
    let pair = object::protocol::iter::collect(th, pair.obj())?;
    match pair.into_iter().next() {
        Some(first) => Ok(first),
        None => raise!(th, TypeError, "decoder must return a tuple (object,integer)"),
    }
}

#[capi]
unsafe fn PyUnicode_DecodeCharmap(
    th: Thread<'_>,
    text: *const c_char,
    size: isize,
    map: Option<Obj<'_>>,
    errors: Option<&CStr>,
) -> Result {
    // SAFETY: C passes that many bytes.
    let data = Bytes::new(th, unsafe { sized(text, size.max(0)) })?;
    let errors = Str::new(th, &name_or(errors, "strict"))?;
    let args = [data.obj(), errors.obj(), map.unwrap_or(types::none())];
    first_of(th, crate::modsupport::function(th, "_codecs", "charmap_decode", &args)?)
}

#[capi]
fn PyUnicode_AsCharmapString(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    map: Option<Obj<'_>>,
) -> Result {
    let text = checked(th, object)?;
    let Some(map) = map else { return Err(bad_argument(th)) };
    let errors = Str::new(th, "strict")?;
    let args = [text.obj(), errors.obj(), map];
    first_of(th, crate::modsupport::function(th, "_codecs", "charmap_encode", &args)?)
}

#[capi]
fn PyUnicode_KIND(object: Obj<'_>) -> c_int {
    object.downcast::<Str>().map_or(0, |text| text.width().bytes() as c_int)
}

#[capi]
fn PyUnicode_DATA(object: Obj<'_>) -> *mut c_void {
    object.downcast::<Str>().map_or(std::ptr::null_mut(), |text| text.data().cast_mut().cast())
}

#[capi]
fn PyUnicode_GetSize(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    PyUnicode_GetLength(th, object)
}

// Properties of characters.

macro_rules! predicates {
    ($($name:ident $test:path;)*) => { $(
        #[capi]
        fn $name(code: u32) -> bool {
            $test(code)
        }
    )* };
}

predicates! {
    _PyUnicode_IsAlpha text::unicode::is_alpha;
    _PyUnicode_IsDecimalDigit text::unicode::is_decimal;
    _PyUnicode_IsDigit text::unicode::is_digit;
    _PyUnicode_IsNumeric text::unicode::is_numeric;
    _PyUnicode_IsLowercase text::unicode::is_lower;
    _PyUnicode_IsUppercase text::unicode::is_upper;
    _PyUnicode_IsTitlecase text::unicode::is_title;
    _PyUnicode_IsWhitespace text::unicode::is_space;
    _PyUnicode_IsPrintable text::unicode::is_printable;
    _PyUnicode_IsLinebreak text::unicode::is_linebreak;
}

#[capi]
fn _PyUnicode_ToLowercase(code: u32) -> u32 {
    text::unicode::simple_lower(code)
}

#[capi]
fn _PyUnicode_ToUppercase(code: u32) -> u32 {
    text::unicode::simple_upper(code)
}

#[capi]
fn _PyUnicode_ToTitlecase(code: u32) -> u32 {
    text::unicode::simple_title(code)
}

#[capi]
fn _PyUnicode_ToDecimalDigit(code: u32) -> c_int {
    text::unicode::decimal(code).map_or(-1, c_int::from)
}

#[capi]
fn _PyUnicode_ToDigit(code: u32) -> c_int {
    text::unicode::Database::Current.digit(code).map_or(-1, c_int::from)
}

#[capi]
fn _PyUnicode_ToNumeric(code: u32) -> f64 {
    text::unicode::Database::Current.numeric(code).unwrap_or(-1.0)
}

/// The error of `PyErr_BadArgument`.
fn bad_argument(th: Thread<'_>) -> Raised {
    error!(th, TypeError, "bad argument type for built-in operation")
}

/// The codec functions of `codecs.h` that take a name.
#[capi]
fn PyCodec_KnownEncoding(th: Thread<'_>, encoding: &CStr) -> bool {
    match types::str::registry::lookup(th, &lossy(encoding)) {
        Ok(_) => true,
        Err(raised) => {
            th.clear_exception(raised);
            false
        }
    }
}

#[capi]
fn PyCodec_Register(th: Thread<'_>, search: Obj<'_>) -> Result<()> {
    crate::modsupport::function(th, "_codecs", "register", &[search]).map(drop)
}

#[capi]
fn PyCodec_Unregister(th: Thread<'_>, search: Obj<'_>) -> Result<()> {
    crate::modsupport::function(th, "_codecs", "unregister", &[search]).map(drop)
}

fn with_codec(
    th: Thread<'_>,
    function: &str,
    object: Option<Obj<'_>>,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
) -> Result {
    let Some(object) = object else { return Err(bad_argument(th)) };
    let encoding = text_of(th, encoding.ok_or_else(|| bad_argument(th))?)?;
    let errors = Str::new(th, &name_or(errors, "strict"))?;
    crate::modsupport::function(th, "_codecs", function, &[object, encoding.obj(), errors.obj()])
}

#[capi]
fn PyCodec_Encode(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
) -> Result {
    with_codec(th, "encode", object, encoding, errors)
}

#[capi]
fn PyCodec_Decode(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
) -> Result {
    with_codec(th, "decode", object, encoding, errors)
}

macro_rules! codec_parts {
    ($($name:ident $index:literal;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, encoding: Option<&CStr>) -> Result {
            let found = registered(th, encoding)?;
            match found.get($index) {
                Some(part) => Ok(part.own()),
                None => raise!(th, TypeError, "codec search functions must return 4-tuples"),
            }
        }
    )* };
}

codec_parts! {
    PyCodec_Encoder 0;
    PyCodec_Decoder 1;
}

/// What is registered for an encoding.
fn registered(th: Thread<'_>, encoding: Option<&CStr>) -> Result<Ref<Tuple>> {
    let encoding = encoding.ok_or_else(|| bad_argument(th))?;
    types::str::registry::lookup(th, &lossy(encoding))
}

/// A part of a codec, called with a stream or nothing, and the errors.
fn make_with(
    th: Thread<'_>,
    encoding: Option<&CStr>,
    part: &str,
    stream: Option<Obj<'_>>,
    errors: Option<&CStr>,
) -> Result {
    let found = registered(th, encoding)?;
    let maker = found.getattr(th, &*Str::intern(th, part)?)?;
    let errors = errors.map(|errors| text_of(th, errors)).transpose()?;
    let args: Vec<Obj<'_>> =
        stream.into_iter().chain(errors.as_ref().map(|errors| errors.obj())).collect();
    maker.call(th, &args)
}

#[capi]
fn PyCodec_IncrementalEncoder(
    th: Thread<'_>,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
) -> Result {
    make_with(th, encoding, "incrementalencoder", None, errors)
}

#[capi]
fn PyCodec_IncrementalDecoder(
    th: Thread<'_>,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
) -> Result {
    make_with(th, encoding, "incrementaldecoder", None, errors)
}

#[capi]
fn PyCodec_StreamReader(
    th: Thread<'_>,
    encoding: Option<&CStr>,
    stream: Obj<'_>,
    errors: Option<&CStr>,
) -> Result {
    make_with(th, encoding, "streamreader", Some(stream), errors)
}

#[capi]
fn PyCodec_StreamWriter(
    th: Thread<'_>,
    encoding: Option<&CStr>,
    stream: Obj<'_>,
    errors: Option<&CStr>,
) -> Result {
    make_with(th, encoding, "streamwriter", Some(stream), errors)
}

#[capi]
fn PyCodec_RegisterError(th: Thread<'_>, name: &CStr, handler: Obj<'_>) -> Result<()> {
    if !object::protocol::call::is_callable(handler) {
        raise!(th, TypeError, "handler must be callable");
    }
    types::str::registry::register_error(th, &lossy(name), handler);
    Ok(())
}

#[capi]
fn PyCodec_LookupError(th: Thread<'_>, name: Option<&CStr>) -> Result {
    types::str::registry::lookup_error(th, &name_or(name, "strict"))
}

macro_rules! error_handlers {
    ($($function:ident $name:literal;)*) => { $(
        #[capi]
        fn $function(th: Thread<'_>, exception: Obj<'_>) -> Result {
            types::str::registry::lookup_error(th, $name)?.call(th, &[exception])
        }
    )* };
}

error_handlers! {
    PyCodec_StrictErrors "strict";
    PyCodec_IgnoreErrors "ignore";
    PyCodec_ReplaceErrors "replace";
    PyCodec_XMLCharRefReplaceErrors "xmlcharrefreplace";
    PyCodec_BackslashReplaceErrors "backslashreplace";
    PyCodec_NameReplaceErrors "namereplace";
}
