//! `PyUnicodeWriter` (PEP 756's successor): a string that is built in pieces.

use std::ffi::{CStr, c_char};

use macros::capi;
use object::{AsObject, Obj, Protocol, Ref, Result, Str, StrBuilder, Thread, raise};

use crate::convert::lossy;

/// A string in the making.
pub(crate) struct Writer(StrBuilder);

impl Writer {
    pub(crate) fn push(&mut self, th: Thread<'_>, text: &Str) -> Result<()> {
        // The allocator that C code put in place may refuse it.
        if !th.heap().admits(text.len()) {
            return Err(th.no_memory());
        }
        self.0.push_obj(th, text)
    }
}

/// The bytes of a text, up to its end if `size` is negative.
///
/// # Safety
///
/// `text` is that long, or a C string.
pub(crate) unsafe fn sized<'a>(text: *const c_char, size: isize) -> &'a [u8] {
    match usize::try_from(size) {
        Ok(0) => &[],
        // SAFETY: the caller's promise.
        Ok(size) => unsafe { std::slice::from_raw_parts(text.cast(), size) },
        // SAFETY: the caller's promise.
        Err(_) => unsafe { CStr::from_ptr(text) }.to_bytes(),
    }
}

#[capi]
fn PyUnicodeWriter_Create(th: Thread<'_>, length: isize) -> Result<*mut Writer> {
    if length < 0 {
        raise!(th, ValueError, "length must be positive");
    }
    let builder = StrBuilder::with_capacity(th, length as usize)?;
    Ok(Box::into_raw(Box::new(Writer(builder))))
}

#[capi]
unsafe fn PyUnicodeWriter_Discard(writer: *mut Writer) {
    if !writer.is_null() {
        // SAFETY: made by `PyUnicodeWriter_Create`.
        drop(unsafe { Box::from_raw(writer) });
    }
}

#[capi]
unsafe fn PyUnicodeWriter_Finish(th: Thread<'_>, writer: *mut Writer) -> Result<Ref<Str>> {
    // SAFETY: made by `PyUnicodeWriter_Create`.
    unsafe { Box::from_raw(writer) }.0.finish(th)
}

#[capi]
unsafe fn PyUnicodeWriter_WriteChar(th: Thread<'_>, writer: *mut Writer, code: u32) -> Result<()> {
    if code > 0x10_ffff {
        raise!(th, ValueError, "character must be in range(0x110000)");
    }
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.0.push(th, code)
}

#[capi]
unsafe fn PyUnicodeWriter_WriteUTF8(
    th: Thread<'_>,
    writer: *mut Writer,
    text: *const c_char,
    size: isize,
) -> Result<()> {
    // SAFETY: C passes a text of that size.
    let text =
        object::types::str::codec::decode(th, unsafe { sized(text, size) }, "utf-8", "strict")?;
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.push(th, &text)
}

/// Append UTF-8, of which the end may be missing if the caller asks how much was used.
#[capi]
unsafe fn PyUnicodeWriter_DecodeUTF8Stateful(
    th: Thread<'_>,
    writer: *mut Writer,
    text: *const c_char,
    size: isize,
    errors: Option<&CStr>,
    consumed: *mut isize,
) -> Result<()> {
    // SAFETY: C passes a variable or null.
    let mut consumed = unsafe { consumed.as_mut() };
    if let Some(consumed) = &mut consumed {
        **consumed = 0;
    }
    // SAFETY: C passes a text of that size.
    let bytes = unsafe { sized(text, size) };
    let errors = errors.map_or("strict".into(), lossy);
    let mut used = 0;
    let wanted = consumed.is_some().then_some(&mut used);
    let text = crate::unicodeobject::stateful(th, bytes, "utf-8", &errors, wanted)?;
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.push(th, &text)?;
    if let Some(consumed) = consumed {
        *consumed = used;
    }
    Ok(())
}

#[capi]
unsafe fn PyUnicodeWriter_WriteASCII(
    th: Thread<'_>,
    writer: *mut Writer,
    text: *const c_char,
    size: isize,
) -> Result<()> {
    // SAFETY: C passes a text of that size.
    let text = String::from_utf8_lossy(unsafe { sized(text, size) });
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.0.push_str(th, &text)
}

#[capi]
unsafe fn _PyUnicodeWriter_WriteLatin1String(
    th: Thread<'_>,
    writer: *mut Writer,
    text: *const c_char,
    size: isize,
) -> Result<()> {
    // SAFETY: C passes a text of that size.
    let text = Str::from_units(th, text::units::Units::Ucs1(unsafe { sized(text, size) }))?;
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.push(th, &text)
}

#[capi]
unsafe fn PyUnicodeWriter_WriteWideChar(
    th: Thread<'_>,
    writer: *mut Writer,
    text: *const u32,
    size: isize,
) -> Result<()> {
    // SAFETY: C passes a text of that size.
    let codes = unsafe { crate::unicodeobject::wide(text, size) };
    let text = crate::unicodeobject::from_wide(th, codes)?;
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.push(th, &text)
}

#[capi]
unsafe fn PyUnicodeWriter_WriteUCS4(
    th: Thread<'_>,
    writer: *mut Writer,
    text: *const u32,
    size: isize,
) -> Result<()> {
    if size < 0 {
        raise!(th, ValueError, "size must be positive");
    }
    // C code may have it at any address.
    let codes: Vec<u32> = (0..size as usize)
        // SAFETY: C passes a text of that size.
        .map(|index| unsafe { text.add(index).read_unaligned() })
        .collect();
    let text = Str::from_code_points(th, &codes)?;
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.push(th, &text)
}

#[capi]
unsafe fn PyUnicodeWriter_WriteStr(
    th: Thread<'_>,
    writer: *mut Writer,
    object: Obj<'_>,
) -> Result<()> {
    let text = object.str(th)?;
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.push(th, &text)
}

#[capi]
unsafe fn PyUnicodeWriter_WriteRepr(
    th: Thread<'_>,
    writer: *mut Writer,
    object: Option<Obj<'_>>,
) -> Result<()> {
    let text = match object {
        Some(object) => object.repr(th)?,
        None => Str::new(th, "<NULL>")?,
    };
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.push(th, &text)
}

#[capi]
unsafe fn PyUnicodeWriter_WriteSubstring(
    th: Thread<'_>,
    writer: *mut Writer,
    object: Obj<'_>,
    start: isize,
    end: isize,
) -> Result<()> {
    let Some(text) = object.downcast::<Str>() else {
        raise!(th, TypeError, "expect str, not {}", object.obj().type_name());
    };
    let length = text.len();
    let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else {
        raise!(th, ValueError, "start must be positive");
    };
    if start > length {
        raise!(th, ValueError, "start must be positive");
    }
    let part = text.slice(th, start, end.min(length))?;
    // SAFETY: C passes a writer that it made.
    unsafe { &mut *writer }.push(th, &part)
}
