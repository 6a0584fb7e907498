//! `PyUnicode_FromFormat`: `printf` with objects.
//!
//! A directive is parsed into a [`Directive`], its argument is fetched and
//! rendered, and the text is cut to the precision and padded to the width.

use std::ffi::{CStr, c_char, c_int, c_void};

use abi::PyObject;
use object::{Obj, Protocol, Ref, Result, Str, StrBuilder, Thread, Type, raise};

use crate::{convert::IntoC, variadic::VaList};

/// How long an integer argument is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Int,
    Long,
}

struct Directive {
    zero: bool,
    left: bool,
    alternate: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// The letter that says the length: 0 for none, `L` for two of `l`.
    modifier: u8,
    length: Length,
    conversion: u8,
}

/// The bytes of a format that are left.
struct Format<'a>(&'a [u8]);

impl Format<'_> {
    fn peek(&self) -> u8 {
        self.0.first().copied().unwrap_or(0)
    }

    fn take(&mut self) -> u8 {
        let byte = self.peek();
        self.0 = self.0.get(1..).unwrap_or_default();
        byte
    }

    fn number(&mut self) -> Option<usize> {
        let mut value = None;
        while self.peek().is_ascii_digit() {
            let digit = usize::from(self.take() - b'0');
            value = Some(value.unwrap_or(0usize).saturating_mul(10).saturating_add(digit));
        }
        value
    }

    /// # Safety
    ///
    /// The caller of the C function passed what the format says.
    unsafe fn directive(&mut self, va: &mut VaList) -> Directive {
        let mut directive = Directive {
            zero: false,
            left: false,
            alternate: false,
            width: None,
            precision: None,
            modifier: 0,
            length: Length::Int,
            conversion: 0,
        };
        loop {
            match self.peek() {
                b'0' => directive.zero = true,
                b'-' => directive.left = true,
                b'#' => directive.alternate = true,
                _ => break,
            }
            self.take();
        }
        if self.peek() == b'*' {
            self.take();
            // SAFETY: the caller's promise.
            let width = unsafe { va.next::<c_int>() };
            directive.left |= width < 0;
            directive.width = Some(width.unsigned_abs() as usize);
        } else {
            directive.width = self.number();
        }
        if self.peek() == b'.' {
            self.take();
            directive.precision = if self.peek() == b'*' {
                self.take();
                // SAFETY: the caller's promise.
                usize::try_from(unsafe { va.next::<c_int>() }).ok()
            } else {
                Some(self.number().unwrap_or(0))
            };
        }
        if matches!(self.peek(), b'l' | b'z' | b't' | b'j') {
            directive.modifier = self.take();
            directive.length = Length::Long;
            if directive.modifier == b'l' && self.peek() == b'l' {
                directive.modifier = self.take().to_ascii_uppercase();
            }
        }
        directive.conversion = self.take();
        directive
    }
}

impl Directive {
    /// Whether what the directive says goes together.
    fn is_valid(&self) -> bool {
        match self.conversion {
            b'd' | b'i' | b'u' | b'x' | b'X' | b'o' => true,
            b'c' | b'p' => self.modifier == 0 && self.width.is_none() && self.precision.is_none(),
            b's' | b'V' => matches!(self.modifier, 0 | b'l'),
            _ => self.modifier == 0,
        }
    }
}

/// The text of UTF-8 bytes; what is not becomes U+FFFD, but for the beginning of a
/// character that the precision cut off.
fn from_bytes(th: Thread<'_>, bytes: &[u8], precision: Option<usize>) -> Result<Ref<Str>> {
    let mut text = String::new();
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        let invalid = chunk.invalid();
        let is_cut = chunks.peek().is_none()
            && precision == Some(bytes.len())
            && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        if !invalid.is_empty() && !is_cut {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Str::new(th, &text)
}

/// A C string of at most `precision` bytes, which then need not end.
///
/// # Safety
///
/// `text` is such a string.
unsafe fn c_bytes<'a>(text: *const c_char, precision: Option<usize>) -> &'a [u8] {
    let Some(most) = precision else {
        // SAFETY: the caller's promise.
        return unsafe { CStr::from_ptr(text) }.to_bytes();
    };
    // SAFETY: reads up to the end or the limit.
    let length = unsafe { libc::strnlen(text, most) };
    // SAFETY: as many bytes are there.
    unsafe { std::slice::from_raw_parts(text.cast(), length) }
}

/// The text of `wchar_t`s.
///
/// # Safety
///
/// As [`c_bytes`].
unsafe fn wide(th: Thread<'_>, text: *const u32, precision: Option<usize>) -> Result<Ref<Str>> {
    let mut length = 0;
    // SAFETY: the caller's promise.
    while precision.is_none_or(|most| length < most) && unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: as many were just read.
    crate::unicodeobject::from_wide(th, unsafe { std::slice::from_raw_parts(text, length) })
}

/// Digits of an integer, zeros before them up to the precision.
fn integer(directive: &Directive, magnitude: u64, negative: bool) -> String {
    let digits = match directive.conversion {
        b'x' => format!("{magnitude:x}"),
        b'X' => format!("{magnitude:X}"),
        b'o' => format!("{magnitude:o}"),
        _ => magnitude.to_string(),
    };
    let sign = if negative { "-" } else { "" };
    let mut least = directive.precision.unwrap_or(0);
    if directive.zero && !directive.left {
        least = least.max(directive.width.unwrap_or(0).saturating_sub(sign.len()));
    }
    format!("{sign}{digits:0>least$}")
}

/// `%T` and `%N`: the name of a type with its module.
fn type_name(th: Thread<'_>, ty: &Type, directive: &Directive) -> Result<Ref<Str>> {
    let name = ty.qualified_name(th)?;
    let module = ty.module_name(th)?;
    match module.filter(|module| directive.alternate && name.starts_with(&format!("{module}."))) {
        Some(module) => {
            let rest = name.get(module.len() + 1..).unwrap_or_default();
            Str::from_fmt(th, format_args!("{module}:{rest}"))
        }
        None => Str::new(th, &name),
    }
}

/// Fetch and render the argument of a directive.
///
/// # Safety
///
/// The caller of the C function passed what the format says.
unsafe fn render(th: Thread<'_>, directive: &mut Directive, va: &mut VaList) -> Result<Ref<Str>> {
    // SAFETY: for the whole function, the caller's promise.
    unsafe {
        let object = |va: &mut VaList| Obj::from_raw(va.pointer::<PyObject>());
        let required = |th: Thread<'_>, found: Option<Obj<'static>>| match found {
            Some(object) => Ok(object),
            None => raise!(th, SystemError, "null argument to internal routine"),
        };
        Ok(match directive.conversion {
            b'd' | b'i' => {
                let value = match directive.length {
                    Length::Int => i64::from(va.next::<c_int>()),
                    Length::Long => va.next::<i64>(),
                };
                Str::new(th, &integer(directive, value.unsigned_abs(), value < 0))?
            }
            b'u' | b'x' | b'X' | b'o' => {
                let value = match directive.length {
                    Length::Int => u64::from(va.next::<u32>()),
                    Length::Long => va.next::<u64>(),
                };
                Str::new(th, &integer(directive, value, false))?
            }
            b'c' => {
                let code = va.next::<c_int>();
                match u32::try_from(code) {
                    Ok(code) if code <= 0x10_ffff => Str::from_char(th, code)?,
                    _ => raise!(th, OverflowError, "character argument not in range(0x110000)"),
                }
            }
            b'p' => Str::from_fmt(th, format_args!("0x{:x}", va.pointer::<c_void>().addr()))?,
            b's' => {
                let text = va.pointer::<c_char>();
                if text.is_null() {
                    Str::new(th, "(null)")?
                } else if directive.length == Length::Long {
                    wide(th, text.cast(), directive.precision)?
                } else {
                    from_bytes(th, c_bytes(text, directive.precision), directive.precision)?
                }
            }
            b'V' => {
                let (first, text) = (object(va), va.pointer::<c_char>());
                match first {
                    Some(first) => first.str(th)?,
                    None if directive.length == Length::Long => {
                        wide(th, text.cast(), directive.precision)?
                    }
                    None => {
                        from_bytes(th, c_bytes(text, directive.precision), directive.precision)?
                    }
                }
            }
            b'U' | b'S' => required(th, object(va))?.str(th)?,
            b'R' => required(th, object(va))?.repr(th)?,
            b'A' => object::protocol::text::ascii(th, required(th, object(va))?)?,
            b'T' => type_name(th, required(th, object(va))?.ty(), directive)?,
            b'N' => {
                let given = required(th, object(va))?;
                match given.downcast::<Type>() {
                    Some(ty) => type_name(th, ty, directive)?,
                    None => raise!(th, TypeError, "%N argument must be a type"),
                }
            }
            _ => raise!(th, SystemError, "invalid format string"),
        })
    }
}

/// The text of a format and its arguments.
///
/// # Safety
///
/// `format` is a C string, and the list holds what it says.
pub(crate) unsafe fn expand(
    th: Thread<'_>,
    format: *const c_char,
    va: &mut VaList,
) -> Result<Ref<Str>> {
    // SAFETY: the caller's promise.
    let mut rest = Format(unsafe { CStr::from_ptr(format) }.to_bytes());
    let mut out = StrBuilder::new();
    while !rest.0.is_empty() {
        let plain = rest.0.iter().position(|byte| *byte == b'%').unwrap_or(rest.0.len());
        let (text, tail) = rest.0.split_at(plain);
        if !text.is_ascii() {
            raise!(
                th,
                ValueError,
                "PyUnicode_FromFormatV() expects an ASCII-encoded format string, got a non-ASCII byte: 0x{:02x}",
                text.iter().copied().find(|byte| !byte.is_ascii()).unwrap_or(0)
            );
        }
        out.push_str(th, &String::from_utf8_lossy(text))?;
        rest.0 = tail;
        if rest.0.is_empty() {
            break;
        }
        rest.take();
        if rest.peek() == b'%' {
            out.push(th, u32::from(rest.take()))?;
            continue;
        }
        // SAFETY: the caller's promise.
        let mut directive = unsafe { rest.directive(va) };
        if !b"diuxXocpsVUSRATN".contains(&directive.conversion) || !directive.is_valid() {
            let text = String::from_utf8_lossy(tail);
            raise!(th, SystemError, "invalid format string: {text}");
        }
        // SAFETY: the caller's promise.
        let text = unsafe { render(th, &mut directive, va)? };
        let is_text =
            !matches!(directive.conversion, b'd' | b'i' | b'u' | b'x' | b'X' | b'o' | b'c' | b'p');
        let text = match directive.precision {
            Some(most) if is_text && text.len() > most => text.slice(th, 0, most)?,
            _ => text,
        };
        let padding = directive.width.unwrap_or(0).saturating_sub(text.len());
        if !directive.left {
            out.push_repeated(th, u32::from(b' '), padding)?;
        }
        out.push_obj(th, &text)?;
        if directive.left {
            out.push_repeated(th, u32::from(b' '), padding)?;
        }
    }
    out.finish(th)
}

/// The bytes of a format and its arguments, which knows less than text: widths
/// mean nothing, and an unknown directive ends it.
///
/// # Safety
///
/// As [`expand`].
pub(crate) unsafe fn expand_bytes(
    th: Thread<'_>,
    format: *const c_char,
    va: &mut VaList,
) -> Result<Vec<u8>> {
    // SAFETY: the caller's promise.
    let mut rest = Format(unsafe { CStr::from_ptr(format) }.to_bytes());
    let mut out = Vec::new();
    while let Some(plain) = rest.0.iter().position(|byte| *byte == b'%') {
        let (text, tail) = rest.0.split_at(plain);
        out.extend_from_slice(text);
        rest.0 = tail;
        rest.take();
        // SAFETY: the caller's promise.
        let mut directive = unsafe { rest.directive(va) };
        directive.width = None;
        match directive.conversion {
            b'%' => out.push(b'%'),
            b'c' => {
                // SAFETY: the caller's promise.
                let Ok(byte) = u8::try_from(unsafe { va.next::<c_int>() }) else {
                    raise!(
                        th,
                        OverflowError,
                        "PyBytes_FromFormatV(): %c format expects an integer in range [0; 255]"
                    );
                };
                out.push(byte);
            }
            b's' => {
                // SAFETY: the caller's promise.
                let text = unsafe { c_bytes(va.pointer::<c_char>(), directive.precision) };
                out.extend_from_slice(text);
            }
            b'd' | b'i' | b'u' | b'x' | b'p' => {
                // SAFETY: the caller's promise.
                let text = unsafe { render(th, &mut directive, va)? };
                out.extend_from_slice(text.to_utf8(th)?.as_bytes());
            }
            _ => {
                rest.0 = tail;
                break;
            }
        }
    }
    out.extend_from_slice(rest.0);
    Ok(out)
}

/// `PyUnicode_FromFormatV`.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
pub(crate) unsafe extern "C" fn PyUnicode_FromFormatV(
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: C calls the API on attached threads, with arguments that fit the format.
    unsafe { expand(Thread::current(), format, &mut *va) }.into_c()
}

/// `PyUnicodeWriter_Format`.
pub(crate) unsafe extern "C" fn writer_format(
    writer: *mut crate::unicodewriter::Writer,
    format: *const c_char,
    va: *mut VaList,
) -> c_int {
    // SAFETY: as above.
    let th = unsafe { Thread::current() };
    // SAFETY: as above.
    let text = unsafe { expand(th, format, &mut *va) };
    // SAFETY: C passes a writer that it made.
    text.and_then(|text| unsafe { &mut *writer }.push(th, &text)).into_c()
}
