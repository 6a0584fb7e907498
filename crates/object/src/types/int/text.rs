//! `int` from objects and text, and back to text.

use num::int_text;

use super::{Int, check_converted};
use crate::{
    AsObject, Bytes, Obj, Ref, Result, Str, Thread, error, protocol::Protocol, raise, small_int,
};

/// `sys.get_int_max_str_digits()`.
pub fn max_str_digits(th: Thread<'_>) -> usize {
    usize::try_from(th.interp().int_max_str_digits.get()).unwrap_or(0)
}

/// The digits of an int in `base`, with `-` before those of a negative one.
/// Decimal text obeys the limit of `sys.set_int_max_str_digits`.
pub fn to_text(th: Thread<'_>, value: Obj<'_>, base: u32) -> Result<String> {
    if let Some(value) = Int::to_i64(value) {
        let mut text = String::new();
        int_text::write_i64(&mut text, value, base);
        return Ok(text);
    }
    let limit = if base.is_power_of_two() { 0 } else { max_str_digits(th) };
    if int_text::surely_exceeds_limit(Int::bit_length(value), limit) {
        return Err(too_many_digits(th, limit));
    }
    let text = big_to_text(value, base);
    if int_text::exceeds_limit(text.trim_start_matches('-').len(), limit) {
        return Err(too_many_digits(th, limit));
    }
    Ok(text)
}

fn big_to_text(value: Obj<'_>, base: u32) -> String {
    let digits = Int::digits(value);
    let mut text = String::new();
    if base == 10 {
        if digits.negative {
            text.push('-');
        }
        if num::digits::write_decimal(digits.magnitude(), &mut text) {
            return text;
        }
    }
    int_text::big_to_text(&digits.to_bigint(), base)
}

#[cold]
fn too_many_digits(th: Thread<'_>, limit: usize) -> crate::Raised {
    error!(th, ValueError, "{}", int_text::too_many_digits_message(limit))
}

/// `repr(value)`.
pub fn repr(th: Thread<'_>, value: Obj<'_>) -> Result<Ref<Str>> {
    let Some(small) = small_int::value(value.as_ptr()) else {
        return Str::new(th, &to_text(th, value, 10)?);
    };
    Str::from_ascii(th, Decimal::of(small).digits())
}

/// The decimal digits of a machine integer. PERF: no heap buffer for the most
/// frequent numbers.
pub(crate) struct Decimal {
    buffer: [u8; 24],
    start: usize,
}

impl Decimal {
    pub(crate) fn of(value: i64) -> Self {
        let mut text = Decimal { buffer: [0; 24], start: 24 };
        let mut rest = value.unsigned_abs();
        loop {
            text.push(b'0' + (rest % 10) as u8);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            text.push(b'-');
        }
        text
    }

    #[inline(always)]
    fn push(&mut self, byte: u8) {
        self.start -= 1;
        if let Some(place) = self.buffer.get_mut(self.start) {
            *place = byte;
        }
    }

    /// With `-` before those of a negative one.
    pub(crate) fn digits(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or(&[])
    }
}

/// `bin(value)`, `oct(value)` or `hex(value)` of an int.
pub fn prefixed(th: Thread<'_>, value: Obj<'_>, base: u32) -> Result<Ref<Str>> {
    let (letter, bits) = match base {
        2 => (b'b', 1),
        8 => (b'o', 3),
        _ => (b'x', 4),
    };
    let Some(small) = Int::to_i64(value) else {
        let text = to_text(th, value, base)?;
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.as_str()),
        };
        return Str::from_fmt(th, format_args!("{sign}0{}{digits}", char::from(letter)));
    };
    let mut buffer = [b'0'; 67];
    let mut start = buffer.len();
    let mut put = |byte: u8| {
        start -= 1;
        if let Some(place) = buffer.get_mut(start) {
            *place = byte;
        }
    };
    let mut rest = small.unsigned_abs();
    loop {
        let digit = (rest & ((1 << bits) - 1)) as u8;
        put(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        rest >>= bits;
        if rest == 0 {
            break;
        }
    }
    put(letter);
    put(b'0');
    if small < 0 {
        put(b'-');
    }
    Str::from_ascii(th, buffer.get(start..).unwrap_or(&[]))
}

/// The code points of a string.
pub(crate) fn code_points(text: &Str) -> Vec<u32> {
    text.units().iter().collect()
}

/// Text with decimal digits of all scripts as ASCII ones and all whitespace
/// as spaces; other characters that are not ASCII become `?`.
pub(crate) fn to_ascii_digits(text: &Str) -> Vec<u8> {
    if let Some(ascii) = text.as_ascii() {
        return ascii.as_bytes().to_vec();
    }
    let ascii = |code: u32| match u8::try_from(code) {
        Ok(byte) if byte < 128 => byte,
        _ if text::unicode::is_space(code) => b' ',
        _ => text::unicode::decimal(code).map_or(b'?', |digit| b'0' + digit),
    };
    code_points(text).into_iter().map(ascii).collect()
}

/// The first 200 characters of a repr, as messages quote a bad literal.
pub(crate) fn short_repr(th: Thread<'_>, object: Obj<'_>) -> Result<String> {
    Ok(object.repr(th)?.to_string().chars().take(200).collect())
}

/// Parse `text`; `literal` is the object to show if it is no number.
fn parse(th: Thread<'_>, text: &[u8], base: u32, literal: Obj<'_>) -> Result<Ref> {
    match int_text::parse(text, base, max_str_digits(th)) {
        Ok(parsed) => Int::from_parsed(th, parsed),
        Err(int_text::ParseError::Invalid) => {
            let shown = short_repr(th, literal)?;
            raise!(th, ValueError, "invalid literal for int() with base {base}: {shown}")
        }
        Err(error) => raise!(th, ValueError, "{error}"),
    }
}

/// `int(text, base)`.
pub fn from_str(th: Thread<'_>, text: &Str, base: u32) -> Result<Ref> {
    match text.as_ascii() {
        Some(ascii) => parse(th, ascii.as_bytes(), base, text.obj()),
        None => parse(th, &to_ascii_digits(text), base, text.obj()),
    }
}

/// `int(text, base)` for bytes.
pub fn from_bytes(th: Thread<'_>, text: &[u8], base: u32) -> Result<Ref> {
    let shown = text.get(..200).unwrap_or(text);
    match int_text::parse(text, base, max_str_digits(th)) {
        Ok(parsed) => Int::from_parsed(th, parsed),
        Err(_) => {
            let literal = Bytes::new(th, shown)?;
            parse(th, text, base, literal.obj())
        }
    }
}

/// Call `read` with the bytes of an object that has a buffer; `None` if it has none.
pub(crate) fn with_buffer<T>(
    object: Obj<'_>,
    read: impl FnOnce(&[u8]) -> Result<T>,
) -> Option<Result<T>> {
    let get = object.ty().buffer()?.bf_getbuffer?;
    let release = object.ty().buffer()?.bf_releasebuffer;
    let mut view = std::mem::MaybeUninit::<abi::Py_buffer>::zeroed();
    // SAFETY: the slot belongs to the object's type; the view is to be filled in.
    if unsafe { get(object.as_ptr(), view.as_mut_ptr(), abi::PyBUF_SIMPLE) } < 0 {
        return Some(Err(error::Raised));
    }
    // SAFETY: filled in.
    let mut view = unsafe { view.assume_init() };
    let bytes = if view.len <= 0 || view.buf.is_null() {
        &[]
    } else {
        // SAFETY: a simple buffer is `len` contiguous bytes.
        unsafe { std::slice::from_raw_parts(view.buf.cast::<u8>(), view.len as usize) }
    };
    let result = read(bytes);
    if let Some(release) = release {
        // SAFETY: pairs with `get`.
        unsafe { release(object.as_ptr(), &raw mut view) };
    }
    // SAFETY: the exporter put a reference to itself into the view.
    drop(unsafe { Ref::<crate::Object>::from_raw(view.obj) });
    Some(result)
}

/// `int(object)`.
pub fn from_object(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    if Int::is_exact(object) {
        return Ok(object.own());
    }
    if let Some(number) = object.ty().number() {
        if let Some(slot) = number.nb_int {
            // SAFETY: the slot belongs to the object's type.
            let value = unsafe { slot(object.as_ptr()) };
            // SAFETY: a new reference or null.
            let value = unsafe { Ref::from_raw(value) }.ok_or(error::Raised)?;
            let value = check_converted(th, value, "__int__")?;
            return Int::exact(th, value.obj());
        }
        if number.nb_index.is_some() {
            return Int::index(th, object);
        }
    }
    if let Some(text) = object.downcast::<Str>() {
        return from_str(th, text, 10);
    }
    if let Some(bytes) = object.downcast::<Bytes>() {
        return from_bytes(th, bytes.as_bytes(), 10);
    }
    if let Some(result) = with_buffer(object, |bytes| from_bytes(th, bytes, 10)) {
        return result;
    }
    raise!(
        th,
        TypeError,
        "int() argument must be a string, a bytes-like object or a real number, not '{}'",
        object.type_name()
    )
}

/// `int(object, base)`.
pub fn from_object_in_base(th: Thread<'_>, object: Obj<'_>, base: Obj<'_>) -> Result<Ref> {
    let base = Int::index_clamped(th, base)?;
    if base != 0 && !(2..=36).contains(&base) {
        raise!(th, ValueError, "int() base must be >= 2 and <= 36, or 0");
    }
    let base = base as u32;
    if let Some(text) = object.downcast::<Str>() {
        return from_str(th, text, base);
    }
    if let Some(bytes) = object.downcast::<Bytes>() {
        return from_bytes(th, bytes.as_bytes(), base);
    }
    if is_bytearray(object)
        && let Some(result) = with_buffer(object, |bytes| from_bytes(th, bytes, base))
    {
        return result;
    }
    raise!(th, TypeError, "int() can't convert non-string with explicit base")
}

fn is_bytearray(object: Obj<'_>) -> bool {
    let ty = object.ty();
    ty.full_name() == "bytearray"
        || ty.mro().is_some_and(|mro| {
            mro.items().iter().any(|base| {
                crate::types::type_::as_type(*base)
                    .is_some_and(|base| base.full_name() == "bytearray")
            })
        })
}
